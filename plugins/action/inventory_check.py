# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._inventory import (
    check_host, check_limit, check_secrets, check_state_host, host_secrets,
)
from ansible_collections.lineops.runbook.plugins.module_utils._inventory_delivery import check_delivery
from ansible_collections.lineops.runbook.plugins.module_utils._run_variables import RUN_VARIABLES, check_run
from ansible_collections.lineops.runbook.plugins.modules import inventory_check
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import RunbookAction
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import secrets_among

# Secrets are checked by themselves; what people write of an incident is no template, and no part of the contract.
NOT_EVALUATED = ("lineops_secrets", "lineops_closing")


class ActionModule(RunbookAction):
    """Reads the contract variables of the current host and checks them; contacts nobody."""

    noun = inventory_check

    def other_secrets(self, task_vars: dict[str, t.Any]) -> t.Any:
        """Secrets never appear in a sentence; scrubbing is the second net."""
        return secrets_among(self._templar, task_vars)

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Check contract, secrets and limit."""
        host = task_vars["inventory_hostname"]
        variables, broken = self._contract(task_vars)
        found, warnings = check_host(variables)
        found += check_run(variables)
        # What cannot be evaluated is not missing.
        mistakes = [*broken.values(), *(mistake for mistake in found if mistake.split(" ")[0] not in broken)]
        secrets, line = secrets_among(self._templar, task_vars), variables.get("lineops_line")
        mistakes += check_secrets(secrets, host, line)
        mistakes += check_state_host(variables.get("lineops_state_host"), self._hosts(task_vars))
        mistakes += check_limit(task_vars.get("ansible_limit"), {*task_vars.get("groups", {}), *self._hosts(task_vars)})
        of_tickets = check_delivery(variables, host_secrets(secrets, host, line))
        result = {"changed": False, "mistakes": mistakes, "delivery_mistakes": of_tickets, "warnings_found": warnings}
        if (mistakes or of_tickets) and self.params()["fail"]:
            raise LineopsError("inventory.mistakes", " ".join([*mistakes, *of_tickets]), result=result)
        return result

    def _hosts(self, task_vars: dict[str, t.Any]) -> set[str]:
        return {host for hosts in task_vars.get("groups", {}).values() for host in hosts}

    def _contract(self, task_vars: dict[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, str]]:
        """Return the templated contract variables, and by name a sentence for each that cannot be templated."""
        variables, broken = {}, {}
        for name in sorted(name for name in task_vars if _is_checked(name)):
            try:
                variables[name] = self._templar.template(task_vars[name])
            except AnsibleError as error:
                broken[name] = f"{name} cannot be evaluated: {str(error).splitlines()[0].rstrip('.')}."
        return variables, broken


def _is_checked(name: str) -> bool:
    return name in RUN_VARIABLES or name.startswith("lineops_") and name not in NOT_EVALUATED
