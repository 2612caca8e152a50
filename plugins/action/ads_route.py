# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._route_rules import check_keep, supervisors_at
from ansible_collections.lineops.runbook.plugins.modules import ads_route
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """Runs the module of the same name in the controller's process; an exclusive list must keep the supervisors."""

    noun = ads_route

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Look into the inventory before routes are purged, then do it."""
        params = self.params()
        if params["state"] == "exclusive":
            plcs = _plcs_of_hosts(task_vars.get("hostvars") or {})
            check_keep(params["keep"], supervisors_at(params["ip_address"], params["ams_net_id"], plcs))
        return super().act(task_vars)


def _plcs_of_hosts(hostvars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return lineops_plcs of every host of the inventory that has it, whatever -l says."""
    plcs = {}
    for host in hostvars:
        if "lineops_plcs" in hostvars[host]:
            try:
                plcs[host] = hostvars[host]["lineops_plcs"]
            except AnsibleError as error:
                raise LineopsError(
                    "inventory.mistakes", f"lineops_plcs of {host} cannot be evaluated; nothing was deleted.",
                    "Run inventory_check.") from error
    return plcs
