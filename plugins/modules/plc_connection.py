#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plc_connection
short_description: The supervisor's connection to its PLC
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Connects, disconnects or reconnects a supervisor and its PLC.
  - A supervisor says connected as soon as TCP is open, whoever answers there. Therefore V(connected) and
    V(reconnected) are reached only when a route test on the same AMS port succeeds afterwards.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
  - lineops.runbook.plc
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - V(reconnected) connects anew on every run.
options:
  state:
    description:
      - What is wanted.
    type: str
    choices: [connected, disconnected, reconnected]
    default: connected
  runtime_type:
    description:
      - TwinCAT generation of the runtime.
    type: str
    choices: [TC2, TC3]
    default: TC3
seealso:
  - module: lineops.runbook.plc_write_test
"""

EXAMPLES = r"""
- name: Connect the supervisor to its PLC
  lineops.runbook.plc_connection:
    url: http://10.30.0.11:5000
    operator_key: "{{ lineops_secrets.line3.operator_key }}"
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    runtime_type: TC3
    state: connected
"""

RETURN = r"""
requested:
  description: State asked for.
  returned: always
  type: str
original:
  description: State by the supervisor's flag before, V(connected) or V(disconnected); null if it could not be read.
  returned: always
  type: str
reached:
  description: State at the end; null where a failure left it unknown.
  returned: always
  type: str
verified:
  description: Whether a route test proved it. A disconnect is proven by the flag alone.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
test:
  description: The last route test, empty if none was needed.
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

from ansible_collections.lineops.runbook.plugins.module_utils._args import (
    PLC_SPEC, SUPERVISOR_SPEC, body_of, calls_of, client_of, mapping_in, test_route,
)
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    **PLC_SPEC,
    "state": {"type": "str", "choices": ["connected", "disconnected", "reconnected"], "default": "connected"},
    "runtime_type": {"type": "str", "choices": ["TC2", "TC3"], "default": "TC3"},
}


def _flag(client: SupervisorClient) -> str:
    status = body_of(client.system_status())
    return "connected" if mapping_in(status, "plc").get("connected") is True else "disconnected"


def _has_target(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> bool:
    """Compare the live target, which is not what plc/config shows (quirk 10); ip_address is unused there (quirk 3)."""
    target = client.debug_target().body
    return (target.get("plc_ams_net_id"), target.get("plc_ams_port")) == (params["ams_net_id"], params["ams_port"])


def _disconnected(client: SupervisorClient, change: Change, check_mode: bool, flag: str) -> dict[str, t.Any]:
    if flag == "disconnected":
        return change.result(verified=True)
    if not check_mode:
        change.command(client.disconnect)
        flag = _flag(client)
        if flag != "disconnected":
            raise LineopsError("plc.still_connected", "The supervisor still says connected after the disconnect.")
    return change.result(changed=True, reached="disconnected", verified=not check_mode)


def _connected(
    client: SupervisorClient, change: Change, check_mode: bool, flag: str, params: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    if params["state"] == "connected" and flag == "connected" and _has_target(client, params):
        test = test_route(client, params)
        if test["success"]:
            return change.result(verified=True, test=test)
    if check_mode:
        return change.result(changed=True, reached="connected")
    target = (params["ams_net_id"], params["runtime_type"], params["ams_port"], params["ip_address"])
    reply = change.command(lambda: client.connect(*target))
    if not reply.ok:
        raise LineopsError("plc.connect_refused", f"The supervisor could not connect: {reply.error_text}")
    test = test_route(client, params)
    if not test["success"]:
        change.note(test=test)
        raise LineopsError(
            "plc.connect_unproven", f"The supervisor says connected, but its route test fails: {test['error']}")
    return change.result(changed=True, reached="connected", verified=True, test=test)


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Bring the connection to the state asked for."""
    with client_of(params) as client:
        change = Change(params["state"], None)
        change.note(test={})
        try:
            flag = _flag(client)
            change.note(original=flag, reached=flag)
            if params["state"] == "disconnected":
                result = _disconnected(client, change, check_mode, flag)
            else:
                result = _connected(client, change, check_mode, flag, params)
        except LineopsError as error:
            raise change.failed(error, **calls_of(client)) from error
        return {**result, **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
