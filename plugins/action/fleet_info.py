# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._fleet import unseen
from ansible_collections.lineops.runbook.plugins.module_utils._redact import scrub, secrets_in
from ansible_collections.lineops.runbook.plugins.modules import fleet_info
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import RunbookAction
from ansible_collections.lineops.runbook.plugins.plugin_utils._fleet_targets import fleet_of
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import secrets_among


class ActionModule(RunbookAction):
    """Asks the supervisors of the inventory, or those given, from the controller's process."""

    noun = fleet_info

    def other_secrets(self, task_vars: dict[str, t.Any]) -> t.Any:
        """Keys from the inventory are no options of the task."""
        return secrets_among(self._templar, task_vars)

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Find out whom to ask, then ask."""
        params = self.params()
        if params["targets"] is not None:
            return fleet_info.run(params, self._task.check_mode)
        subsets = params["gather_subset"]
        fleet = fleet_of(task_vars, params["hosts"], with_keys="service" in subsets)
        known = {host: unseen(subsets, error) for host, error in fleet.refused.items()}
        result = fleet_info.run({**params, "targets": fleet.targets}, self._task.check_mode, known)
        return scrub(result, secrets_in(fleet.keys))
