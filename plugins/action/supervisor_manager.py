# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.modules import supervisor_manager
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import HostAction
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import secrets_among


class ActionModule(HostAction):
    """Runs the module of the same name on the host."""

    noun = supervisor_manager

    def other_secrets(self, task_vars: dict[str, t.Any]) -> t.Any:
        """Words of a command and texts of the host may hold a key; their own redaction is the first net."""
        return secrets_among(self._templar, task_vars)
