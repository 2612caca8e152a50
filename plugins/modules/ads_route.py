#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ads_route
short_description: The ADS route from a PLC back to its supervisor
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Makes sure that the PLC O(ams_net_id) has a route for the NetId of the supervisor, O(local_ams_net_id).
  - The supervisor tests the route first and adds it only if the test ran into its time-out, which is what a missing
    route looks like. The answer of the add is not believed; a second test proves it.
  - Adding makes O(local_ams_net_id) the supervisor's own NetId for good, so a different one is refused unless
    O(allow_net_id_change) is set.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
  - lineops.runbook.plc
attributes:
  check_mode:
    support: full
    details:
      - The route is really tested, nothing is added.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  via:
    description:
      - Who talks to the PLC. V(supervisor) uses the supervisor's API.
    type: str
    choices: [supervisor]
    default: supervisor
  state:
    description:
      - What is wanted.
    type: str
    choices: [present]
    default: present
  route_name:
    description:
      - Name of the route in the PLC.
    type: str
    required: true
  local_ams_net_id:
    description:
      - NetId the route is for, the supervisor's own.
    type: str
    required: true
  local_ip:
    description:
      - Address the PLC uses to reach the supervisor.
    type: str
    required: true
  plc_username:
    description:
      - User on the PLC. The supervisor sends it to the PLC in clear text over UDP.
    type: str
  plc_password:
    description:
      - Password on the PLC. The supervisor sends it to the PLC in clear text over UDP.
    type: str
  tested:
    description:
      - Result of a route test made just before, if nothing changed since. It is not repeated.
    type: dict
  allow_net_id_change:
    description:
      - Whether the supervisor may get another NetId than it has. This strands routes made for the old one.
    type: bool
    default: false
seealso:
  - module: lineops.runbook.plc_connection
"""

EXAMPLES = r"""
- name: Make sure the PLC knows the way back to line3-hmi1
  lineops.runbook.ads_route:
    url: http://10.30.0.11:5000
    operator_key: "{{ lineops_secrets.line3.operator_key }}"
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    ams_port: 851
    route_name: line3-hmi1
    local_ams_net_id: 10.30.0.11.1.1
    local_ip: 10.30.0.11
    plc_username: "{{ lineops_secrets.line3.plc_username }}"
    plc_password: "{{ lineops_secrets.line3.plc_password }}"
"""

RETURN = r"""
requested:
  description: State asked for.
  returned: always
  type: str
  sample: present
original:
  description: State found, V(present) or V(absent).
  returned: always
  type: str
reached:
  description: State at the end, as the last test proved it.
  returned: always
  type: str
verified:
  description: Whether a route test proved the state reached.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
answer:
  description: What the add said, V(accepted), V(rejected) or V(unanswered); empty if nothing was added.
  returned: always
  type: str
test:
  description: The last route test.
  returned: always
  type: dict
original_test:
  description: The route test before anything was added.
  returned: always
  type: dict
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
calls:
  description: Every call made, with time, status, seconds and request id.
  returned: always
  type: list
  elements: str
supervisor_seconds:
  description: Sum of the supervisor's own answer times.
  returned: always
  type: float
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._args import (
    PLC_SPEC, SUPERVISOR_SPEC, calls_of, client_of, test_route,
)
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    **PLC_SPEC,
    "via": {"type": "str", "choices": ["supervisor"], "default": "supervisor"},
    "state": {"type": "str", "choices": ["present"], "default": "present"},
    "route_name": {"type": "str", "required": True},
    "local_ams_net_id": {"type": "str", "required": True},
    "local_ip": {"type": "str", "required": True},
    "plc_username": {"type": "str", "no_log": True},
    "plc_password": {"type": "str", "no_log": True},
    "tested": {"type": "dict"},
    "allow_net_id_change": {"type": "bool", "default": False},
}


def _refuse_net_id_change(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> None:
    """Stop before an add that would give the supervisor another NetId (quirk 9)."""
    own = client.route_status().body.get("local_ams_net_id")
    if own != params["local_ams_net_id"] and not params["allow_net_id_change"]:
        raise LineopsError(
            "route.net_id_differs",
            f"The supervisor's own NetId is {own}, the inventory says {params['local_ams_net_id']}; nothing was added.",
            "Correct lineops_plcs[].route.local_ams_net_id, or set allow_net_id_change.")


def _add(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> str:
    """Ask for the route; the answer is a claim (quirk 9) and only sorted, not believed."""
    if not (params["plc_username"] and params["plc_password"]):
        raise LineopsError(
            "route.no_credentials", "The route is missing and no PLC user and password are given to add it.",
            "Put plc_username and plc_password into lineops_secrets.")
    reply = client.route_add(
        params["ams_net_id"], params["ip_address"], params["local_ams_net_id"], params["local_ip"],
        params["route_name"], params["plc_username"], params["plc_password"])
    if reply.ok:
        return "accepted"
    return "unanswered" if "timed out" in reply.error_text else "rejected"


_ADD_FAILURES = {
    "accepted": ("route.not_taken", "The supervisor says the route was added, but the PLC does not let it in."),
    "rejected": ("route.rejected", "The PLC refused to add the route."),
    "unanswered": ("route.unanswered", "The PLC did not answer the request for a route (UDP 48899)."),
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Test, add if the test timed out, test again."""
    with client_of(params) as client:
        first = test = params["tested"] or test_route(client, params)
        change = Change("present", "present" if first["success"] else "absent")
        answer = ""

        def said() -> dict[str, t.Any]:
            return {"original_test": first, "test": test, "answer": answer, **calls_of(client)}

        if first["success"]:
            return change.result(verified=True, **said())
        try:
            if "(1861)" not in first["error"]:
                raise LineopsError(
                    "route.not_missing", f"The route test failed for another reason than a missing route: {first['error']}")
            _refuse_net_id_change(client, params)
            if check_mode:
                return change.result(changed=True, reached="present", **said())
            answer = _add(client, params)
            test = test_route(client, params)
            if not test["success"]:
                raise LineopsError(*_ADD_FAILURES[answer])
        except LineopsError as error:
            # Only a test that timed out again shows that the PLC did not take what the supervisor says it did.
            perhaps_added = answer == "accepted" and "(1861)" not in test["error"]
            raise change.failed(error, changed=perhaps_added, **said()) from error
        return change.result(changed=True, reached="present", verified=True, **said())


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
