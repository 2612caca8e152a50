# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes a person can make or a machine can be in, as one plain sentence each."""

from __future__ import annotations


class LabError(Exception):
    """The lab command cannot do what was asked; the text is one plain sentence."""
