#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ads_route
short_description: Routes in the ADS router of a TwinCAT PLC
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Makes sure that the PLC O(ams_net_id) has a route, or has none, for the NetId O(local_ams_net_id). That is the NetId of
    whoever wants to talk to the PLC, most often a supervisor, not the PLC's own.
  - O(via=supervisor) lets the supervisor do it. It tests the route first and adds it only if the test ran into its time-out,
    which is what a missing route looks like. The answer of the add is not believed; a second test proves it. Adding makes
    O(local_ams_net_id) the supervisor's own NetId for good, so a different one is refused unless
    O(allow_net_id_change) is set.
  - O(via=direct) reads and changes the PLC's route list itself, from the controller. It needs a route for the
    controller. Without one, RV(first_contact) is true, and the route asked for is added over UDP with O(plc_username)
    and O(plc_password).
  - Where the controller's own route has to be corrected, it is added over UDP first. What is wrong is only deleted once
    that has worked, so that a wrong password costs no route. The controller's own route is always deleted last.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor_and_ads
  - lineops.runbook.supervisor
  - lineops.runbook.plc
  - lineops.runbook.controller_ads
attributes:
  check_mode:
    support: full
    details:
      - The route is really tested, or the list really read; nothing is added or deleted.
      - Without a route for the controller the list cannot be read. Then C(changed) is only true for the controller's own
        route, and RV(remark) says so.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - With O(via=direct) only where the device can list its routes. Where it cannot, V(absent) deletes the controller's
        own route, or one asked for by name alone, by O(route_name); RV(verified) is then false.
options:
  url:
    description:
      - Address of the supervisor, for example V(http://10.30.0.11:5000). Needed for O(via=supervisor).
    type: str
    required: false
  via:
    description:
      - Who talks to the PLC.
    type: str
    choices: [supervisor, direct]
    default: supervisor
  state:
    description:
      - V(present) and V(absent) are about one route.
      - V(exclusive) deletes every route whose NetId is not in O(keep). Only with O(via=direct).
    type: str
    choices: [present, absent, exclusive]
    default: present
  route_name:
    description:
      - Name of the route in the PLC, at most 31 characters.
      - With V(absent), what to delete if O(local_ams_net_id) is not given, or if the PLC cannot list its routes.
    type: str
  local_ams_net_id:
    description:
      - NetId the route is for.
    type: str
  local_ip:
    description:
      - Address under which the PLC reaches that NetId.
    type: str
  temporary:
    description:
      - Whether the route is gone after a restart of the PLC. Only with O(via=direct).
    type: bool
    default: false
  replace_conflicting:
    description:
      - Whether other routes with the same address, name or NetId are deleted. TwinCAT may let one shadow the other.
    type: bool
    default: false
  keep:
    description:
      - NetIds that O(state=exclusive) keeps. The NetIds of all supervisors of the inventory at this PLC must be among them.
    type: list
    elements: str
    default: []
  plc_username:
    description:
      - User on the PLC. It is sent to the PLC in clear text over UDP.
    type: str
  plc_password:
    description:
      - Password on the PLC. It is sent to the PLC in clear text over UDP.
    type: str
  tested:
    description:
      - Result of a route test made just before, if nothing changed since. It is not repeated. Only with O(via=supervisor).
    type: dict
  allow_net_id_change:
    description:
      - Whether the supervisor may get another NetId than it has. This strands routes made for the old one.
    type: bool
    default: false
seealso:
  - module: lineops.runbook.ads_route_info
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

- name: The same on the PLC itself, corrected if name or address differ
  lineops.runbook.ads_route:
    via: direct
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    controller_ip: 10.30.0.5
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
  description:
    - State found. V(present) or V(absent) with O(via=supervisor), the route or null with O(via=direct), all routes with
      O(state=exclusive).
  returned: always
  type: raw
reached:
  description: State at the end, told like RV(original).
  returned: always
  type: raw
verified:
  description: Whether a route test or the list proved the state reached.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
answer:
  description: What the add said, V(accepted), V(rejected) or V(unanswered); empty if nothing was added.
  returned: with O(via=supervisor)
  type: str
test:
  description: The last route test.
  returned: with O(via=supervisor)
  type: dict
original_test:
  description: The route test before anything was added.
  returned: with O(via=supervisor)
  type: dict
conflicts:
  description: Other routes with the same address, name or NetId.
  returned: with O(via=direct)
  type: list
  elements: dict
first_contact:
  description:
    - Whether the PLC had no usable route for the controller, so that its list could not be read first.
  returned: with O(via=direct)
  type: bool
remark:
  description: What makes the answer less than certain, empty if nothing does.
  returned: with O(via=direct)
  type: str
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
calls:
  description: Every call made, with time, status, seconds and request id.
  returned: with O(via=supervisor)
  type: list
  elements: str
supervisor_seconds:
  description: Sum of the supervisor's own answer times.
  returned: with O(via=supervisor)
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

from ansible_collections.lineops.runbook.plugins.module_utils import _route_direct, _route_via_supervisor
from ansible_collections.lineops.runbook.plugins.module_utils._ads_lock import one_at_a_time
from ansible_collections.lineops.runbook.plugins.module_utils._args import CONTROLLER_SPEC, PLC_SPEC, SUPERVISOR_SPEC
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    **PLC_SPEC,
    **CONTROLLER_SPEC,
    "url": {"type": "str"},
    "via": {"type": "str", "choices": ["supervisor", "direct"], "default": "supervisor"},
    "state": {"type": "str", "choices": ["present", "absent", "exclusive"], "default": "present"},
    "route_name": {"type": "str"},
    "local_ams_net_id": {"type": "str"},
    "local_ip": {"type": "str"},
    "temporary": {"type": "bool", "default": False},
    "replace_conflicting": {"type": "bool", "default": False},
    "keep": {"type": "list", "elements": "str", "default": []},
    "plc_username": {"type": "str", "no_log": True},
    "plc_password": {"type": "str", "no_log": True},
    "tested": {"type": "dict"},
    "allow_net_id_change": {"type": "bool", "default": False},
}
REQUIRED_IF = [
    ("via", "supervisor", ["url"]),
    ("state", "present", ["route_name", "local_ams_net_id", "local_ip"]),
    ("state", "absent", ["route_name", "local_ams_net_id"], True),
    ("state", "exclusive", ["keep"]),
]

_WORK = {
    ("supervisor", "present"): _route_via_supervisor.present,
    ("direct", "present"): _route_direct.present,
    ("direct", "absent"): _route_direct.absent,
    ("direct", "exclusive"): _route_direct.exclusive,
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Hand over to whoever talks to the PLC."""
    work = _WORK.get((params["via"], params["state"]))
    if work is None:
        raise LineopsError(
            "route.via", f"The supervisor cannot make a route {params['state']}.", "Use via: direct from the controller.")
    if params["via"] == "supervisor":
        return work(params, check_mode)
    with one_at_a_time(params["ip_address"]):
        return work(params, check_mode)


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF)


if __name__ == "__main__":
    main()
