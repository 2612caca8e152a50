# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._lease import answer
from ansible_collections.lineops.runbook.plugins.modules import lease
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import RecordAction
from ansible_collections.lineops.runbook.plugins.plugin_utils._run_owner import is_gone, owner_of_this_run

POLL_S = 2.0
LONGEST_WAIT_S = 86400.0


class ActionModule(RecordAction):
    """Runs the module of the same name on the host; says who we are, and looks whether a holder from here is gone."""

    noun = lease

    def nothing(self, params: t.Mapping[str, t.Any], failure: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the answer of a lease that is not held; who is busy is told by the host."""
        return answer(params["host"], None, failure["message"])

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Ask, and with busy: wait ask again until it is free or the time is over."""
        params = self.params()
        if not 0 <= params["wait_s"] <= LONGEST_WAIT_S:
            raise LineopsError("lease.wait", f"wait_s is {params['wait_s']}; expected 0 to {LONGEST_WAIT_S:.0f}.")
        give_up = time.monotonic() + params["wait_s"]
        while True:
            result = self._asked(task_vars)
            left_s = give_up - time.monotonic()
            if params["busy"] != "wait" or (result.get("failure") or {}).get("code") != "lease.busy" or left_s <= 0:
                return result
            time.sleep(min(POLL_S, left_s))

    def _asked(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Ask the host once, and once more if the holder was a process of this controller that has ended."""
        owner = owner_of_this_run()
        result = self.on_host(task_vars, owner=owner, holder_gone=None)
        holder = result.get("holder") or {}
        if result.get("busy") and is_gone(holder.get("owner")):
            result = self.on_host(task_vars, owner=owner, holder_gone=holder["lease_id"])
        return result
