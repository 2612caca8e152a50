# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where the rails keep what runs share."""

    DOCUMENTATION = r"""
options:
  state_dir:
    description:
      - Directory of leases, journal and evidence. Made with mode 0750 when needed; a link or a directory that everybody
        may write to is refused.
    type: path
    required: true
"""
