# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.modules import journal
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import HostAction


class ActionModule(HostAction):
    """Runs the module of the same name on the host."""

    noun = journal

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Append or list; without required a failure is only told."""
        result = super().run(tmp, task_vars)
        if result.get("failure") and not self.params()["required"]:
            result["failed"] = False
        return result
