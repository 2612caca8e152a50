# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.lineops.runbook.plugins.modules import result_files
from ansible_collections.lineops.runbook.plugins.plugin_utils._outgoing import OutgoingAction


class ActionModule(OutgoingAction):
    """Writes the result of a run on the controller."""

    noun = result_files
