#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: The lease of a host, so that runs that collide see each other
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - One run at a time works on a host. Its lease is a file in O(state_dir), changed as a whole or not at all, on the
    host or on the state host, so that runs from a shell, AWX, CI and event rules see the same one.
  - A lease ends by itself 120 seconds after it was last renewed, or 60 seconds after O(deadline_s) if that is later.
    The clock of the machine that keeps O(state_dir) decides.
  - An expired lease is taken over, and so is that of a process of the same controller that has ended. The incident of
    the holder before is returned, so that it is continued and not repeated.
  - A host that is busy is no failure of the task unless O(required) is set. Look at RV(held).
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_rails
  - lineops.runbook.state_dir
attributes:
  check_mode:
    support: full
    details:
      - Nothing is taken or given back. The result says who holds the host, and in RV(busy) whether it would be refused.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Held again, a lease is renewed. It is no setting of the plant, so C(changed) stays false.
options:
  host:
    description:
      - Inventory host whose lease is meant.
    type: str
    required: true
  state:
    description:
      - V(held) takes the lease, or renews it.
      - V(released) gives it back. Another's is left alone, and one that is gone is no failure.
      - V(looked) says who holds it.
    type: str
    choices: [held, released, looked]
    default: held
  lease_id:
    description:
      - RV(lease_id) of the lease that this run took. With it, a lease that was lost meanwhile is not taken anew; the
        code of RV(failure) is C(lease.lost).
      - Without it, the lease is known by the process of the run.
    type: str
  deadline_s:
    description:
      - Seconds that the next action may take, at most 3600.
    type: float
    default: 60
  incident:
    description:
      - Incident that the lease is taken for.
    type: str
  line:
    description:
      - Line of the host.
    type: str
  purpose:
    description:
      - What the run is about to do, in a few words.
    type: str
  runner:
    description:
      - Who runs this, for example V(awx-17).
    type: str
  busy:
    description:
      - What a run does when another one holds the host. V(fail) and V(skip) are for the role to act upon; the task
        returns the same for both.
      - V(wait) asks again until the lease is free or O(wait_s) are over.
    type: str
    choices: [fail, skip, wait]
    default: fail
  wait_s:
    description:
      - Seconds to wait with O(busy=wait).
    type: float
    default: 300
  journal_since:
    description:
      - Time of the oldest entry of the journal on O(host) to return in RV(history), for O(state=held). Whoever takes a host
        needs to know what was done there and what was left. Without it the journal is not read.
    type: str
  required:
    description:
      - Whether the task fails when the lease cannot be held, because the host is busy or cannot be reached, or its
        state directory cannot be used. With V(false) it only says so in RV(failure).
    type: bool
    default: false
  owner:
    description:
      - The process that holds the lease. Set by the action plugin; what a task gives here is not used.
    type: dict
    suboptions:
      controller:
        description: Boot and process id name space.
        type: str
      pid:
        description: Process id of the run.
        type: int
      started:
        description: When that process was started, in ticks since boot.
        type: int
      node:
        description: Name of the machine.
        type: str
  holder_gone:
    description:
      - The lease whose holder's process has ended. Set by the action plugin; what a task gives here is not used.
    type: str
"""

EXAMPLES = r"""
- name: Hold the host
  lineops.runbook.lease:
    state_dir: /var/lib/lineops
    host: line3-hmi1
    incident: line3-20260101T020304-line3-hmi1
    line: line3
    purpose: Playbook B
    runner: shell-anna
  register: my_lease

- name: Hold it for another action that may take two minutes
  lineops.runbook.lease:
    state_dir: /var/lib/lineops
    host: line3-hmi1
    lease_id: "{{ my_lease.lease_id }}"
    deadline_s: 120
    required: true

- name: Give it back
  lineops.runbook.lease:
    state_dir: /var/lib/lineops
    host: line3-hmi1
    lease_id: "{{ my_lease.lease_id }}"
    state: released
"""

RETURN = r"""
held:
  description: Whether this run holds the lease.
  returned: always
  type: bool
host:
  description: The host.
  returned: always
  type: str
lease_id:
  description: What to give for O(lease_id) from now on; null unless RV(held).
  returned: always
  type: str
incident:
  description: Incident of the lease. After a takeover it is the one of the holder before. Null unless RV(held).
  returned: always
  type: str
holder:
  description: Who holds the lease, or held it until RV(until); null if nobody does.
  returned: always
  type: dict
  sample: {runner: shell-anna, incident: line3-20260101T020304-line3-hmi1, line: line3, purpose: Playbook B,
           owner: {controller: "6f1ef19f:4026531836", pid: 812, started: 91234, node: ops1},
           since: "2026-01-01T02:03:04.000Z", lease_id: 5d1c4a7700e2b9f1}
until:
  description: UTC time at which the lease ends unless it is renewed.
  returned: always
  type: str
expired:
  description: Whether that time is over, for O(state=looked) and in check mode.
  returned: always
  type: bool
taken_over:
  description: Whose lease was taken over and why (V(expired), V(holder_dead) or V(unreadable)); null if nobody's was.
  returned: always
  type: dict
  sample: {reason: holder_dead, incident: line3-20260101T020304-line3-hmi1, from: shell-anna,
           since: "2026-01-01T02:03:04.000Z"}
busy:
  description: Who works on the host so that this run may not; null if nobody does.
  returned: always
  type: dict
  sample: {runner: shell-anna, incident: line3-20260101T020304-line3-hmi1, until: "2026-01-01T02:05:04.000Z",
           message: line3-hmi1 is held by shell-anna on ops1 until then.}
history:
  description:
    - C(entries) and C(open_undos) as M(lineops.runbook.journal) returns them for O(host); or C(failure) if the journal cannot be
      read.
  returned: with O(journal_since), unless RV(busy)
  type: dict
released:
  description: Whether a lease was given back.
  returned: always
  type: bool
message:
  description: All of it in one sentence.
  returned: always
  type: str
failure:
  description: Code, message and hint. C(lease.busy) and C(lease.lost) are those of a lease that another run holds.
  returned: on failure
  type: dict
  sample: {code: lease.busy, message: line3-hmi1 is held by shell-anna., hint: Wait until then.}
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.module_utils._lease import Leases
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

CLAIM = ("lease_id", "incident", "line", "purpose", "runner", "holder_gone")
ARGUMENT_SPEC: dict[str, t.Any] = {
    "state_dir": {"type": "path", "required": True},
    "host": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["held", "released", "looked"], "default": "held"},
    **{name: {"type": "str"} for name in CLAIM},
    "deadline_s": {"type": "float", "default": 60},
    "busy": {"type": "str", "choices": ["fail", "skip", "wait"], "default": "fail"},
    "wait_s": {"type": "float", "default": 300},
    "journal_since": {"type": "str"},
    "required": {"type": "bool", "default": False},
    "owner": {
        "type": "dict",
        "options": {
            "controller": {"type": "str"}, "pid": {"type": "int"}, "started": {"type": "int"}, "node": {"type": "str"},
        },
    },
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Hold, give back or look."""
    try:
        result = _asked(Leases(params["state_dir"]), params, check_mode)
    except LineopsError as error:
        error.details["result"] = _history(params)
        raise
    return {"changed": False, **result, **({} if result["busy"] else _history(params))}


def _asked(leases: Leases, params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    host, claim = params["host"], {name: params[name] for name in (*CLAIM, "owner")}
    if check_mode or params["state"] == "looked":
        return leases.look(host, claim)
    if params["state"] == "released":
        return leases.release(host, claim)
    return leases.hold(host, claim, params["deadline_s"])


def _history(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Read the journal, also where no lease can be written; one that cannot be read keeps nobody from the lease."""
    if params["state"] != "held" or params["journal_since"] is None:
        return {}
    try:
        return {"history": Journal(params["state_dir"]).history(params["host"], since=params["journal_since"])}
    except LineopsError as error:
        return {"history": {"failure": error.as_failure()}}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
