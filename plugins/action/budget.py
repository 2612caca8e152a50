# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.modules import budget
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import HostAction


class ActionModule(HostAction):
    """Counts on the host; where that cannot be reached, counts here what the audit log tells."""

    noun = budget

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Count."""
        try:
            return super().act(task_vars)
        except LineopsError as error:
            return budget.result_of(self.params(), None, error)
