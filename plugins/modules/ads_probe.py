#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ads_probe
short_description: Tell why a TwinCAT PLC does not answer
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Asks a PLC who it is (UDP 48899) and reads its device info over ADS (TCP 48898), both from the controller.
  - Tells an open path, a missing route, a refusal, dropped packets, a wrong AMS port, a wrong NetId and silence apart.
  - A TwinCAT router keeps one connection per client address, so the probe uses the controller's own address and one
    connection, and only one probe per PLC runs at a time on a controller.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
  - lineops.runbook.attributes.actiongroup_ads
  - lineops.runbook.plc
  - lineops.runbook.controller_ads
options:
  connect_timeout:
    description:
      - Seconds to wait for the TCP connection.
    type: float
    default: 1.0
  symbols:
    description:
      - Symbols of the runtime to try to read, one per namespace. Needs a route for the controller.
    type: list
    elements: str
    default: []
  interlock:
    description:
      - Variable that says whether the line may be touched. Its value is read from the runtime O(ams_port).
    type: dict
    suboptions:
      variable:
        description: Symbol of the variable.
        type: str
        required: true
      safe_value:
        description: Value that means safe.
        type: raw
        required: true
  udp_timeout:
    description:
      - Seconds to wait for the answer to a datagram, of which two are sent.
    type: float
    default: 0.75
notes:
  - Runs on the controller only. Never probe from a supervisor's own address, that ends the supervisor's connection.
"""

EXAMPLES = r"""
- name: Look at the PLC from the controller
  lineops.runbook.ads_probe:
    plc_id: plc_001
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    ams_port: 851
    controller_ip: 10.30.0.5
  register: plc
"""

RETURN = r"""
probe:
  description: Outcome of the ADS read, in one word and in one sentence.
  returned: always
  type: dict
  sample: {outcome: closed, sentence: "The router closed the connection.", latency_s: 0.004}
states:
  description: ADS state of TwinCAT itself and of the runtime O(ams_port), null where not observed, V(ABSENT) for a
    runtime that is not there. Empty without a route for the controller.
  returned: always
  type: dict
  sample: {system: RUN, runtime: RUN}
symbols:
  description: Per symbol, whether it can be read; null where not observed. Empty without a route for the controller.
  returned: always
  type: dict
  sample: {MAIN.bOpsTest: true}
interlock:
  description:
    - The interlock's variable, its value, and whether that is the safe one. V(safe) is null with a reason where the value
      was not observed, which counts as unsafe.
  returned: with O(interlock)
  type: dict
  sample: {variable: MAIN.bSafeToRestart, value: true, safe: true, reason: ""}
identity:
  description: What the PLC says of itself over UDP, or null if it did not answer.
  returned: always
  type: dict
  sample: {ams_net_id: 10.30.0.21.1.1, host_name: CX-123456, twincat_version: 3.1.4024}
net_id_address:
  description: The address that a supervisor connects to, the first four numbers of the NetId, and what answers there over UDP.
  returned: when that is not O(ip_address)
  type: dict
  sample: {ip_address: 10.30.0.99, identity: null}
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point of the look.
  returned: always
  type: str
"""

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from ansible_collections.lineops.runbook.plugins.module_utils._ads_frames import connect_address
from ansible_collections.lineops.runbook.plugins.module_utils._ads_lock import one_at_a_time
from ansible_collections.lineops.runbook.plugins.module_utils._ads_symbols import value_of
from ansible_collections.lineops.runbook.plugins.module_utils._ads_wire import ProbeResult, identify, probe
from ansible_collections.lineops.runbook.plugins.module_utils._ads_router import SYSTEM_SERVICE, Router
from ansible_collections.lineops.runbook.plugins.module_utils._args import CONTROLLER_SPEC, PLC_SPEC
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    **PLC_SPEC,
    **CONTROLLER_SPEC,
    "connect_timeout": {"type": "float", "default": 1.0},
    "symbols": {"type": "list", "elements": "str", "default": []},
    "interlock": {
        "type": "dict",
        "options": {"variable": {"type": "str", "required": True}, "safe_value": {"type": "raw", "required": True}},
    },
    "udp_timeout": {"type": "float", "default": 0.75},
}


def _ask(params: t.Mapping[str, t.Any]) -> ProbeResult:
    return probe(
        params["ip_address"], params["ams_net_id"], params["ams_port"], local_ip=params["controller_ip"],
        local_ams_net_id=params["controller_ams_net_id"], connect_timeout=params["connect_timeout"],
        timeout=params["ads_timeout"])


def _addresses(params: t.Mapping[str, t.Any]) -> list[str]:
    """Where to ask who is there: at the PLC's address, and where a supervisor connects to if not there (quirk 3)."""
    ip, connects_to = params["ip_address"], connect_address(params["ams_net_id"])
    return [ip] if connects_to in (None, ip) else [ip, connects_to]


def _who(params: t.Mapping[str, t.Any], ip: str) -> dict[str, t.Any] | None:
    identity = identify(ip, local_ip=params["controller_ip"], timeout=params["udp_timeout"])
    return asdict(identity) if identity else None


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Identify over UDP and read the device info; a closed connection is tried once more (another client's turn)."""
    with one_at_a_time(params["ip_address"]), ThreadPoolExecutor(max_workers=2) as side:
        asked = [(ip, side.submit(_who, params, ip)) for ip in _addresses(params)]
        answer = _ask(params)
        if answer.outcome == "closed":
            answer = _ask(params)
        (dummy, identity), *elsewhere = [(ip, future.result()) for ip, future in asked]
        inside = _look_inside(params) if answer.outcome in _HAS_ROUTE else _nothing_inside(params, answer.sentence)
    told = {"net_id_address": {"ip_address": ip, "identity": who} for ip, who in elsewhere}
    return {"changed": False, "observed_at": utc_now(), "probe": asdict(answer), "identity": identity, **told, **inside}


#: Outcomes of a probe that had a route and an answer: more can be asked.
_HAS_ROUTE = ("ok", "port_unknown", "ads_error")
#: AMS header error 6: no such AMS port; a PLC in CONFIG has no runtime ports.
_PORT_UNKNOWN = 6


def _nothing_inside(params: t.Mapping[str, t.Any], reason: str) -> dict[str, t.Any]:
    interlock = params["interlock"]
    told = {"interlock": _interlock(interlock["variable"], reason=reason)} if interlock else {}
    return {"states": {}, "symbols": {}, **told}


def _interlock(variable: str, value: t.Any = None, safe: bool | None = None, reason: str = "") -> dict[str, t.Any]:
    return {"variable": variable, "value": value, "safe": safe, "reason": reason}


def _look_inside(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """States, symbols and interlock over one more connection; what cannot be had is None."""
    states: dict[str, t.Any] = {"system": None, "runtime": None}
    symbols: dict[str, t.Any] = dict.fromkeys(params["symbols"])
    told = _nothing_inside(params, "The PLC did not answer to the end.")
    try:
        with Router(
            params["ip_address"], params["ams_net_id"], local_ip=params["controller_ip"],
            local_ams_net_id=params["controller_ams_net_id"], connect_timeout=params["connect_timeout"],
            timeout=params["ads_timeout"],
        ) as router:
            if params["interlock"]:
                told["interlock"] = _asked(router, params["ams_port"], params["interlock"])
            for name, port in (("system", SYSTEM_SERVICE), ("runtime", params["ams_port"])):
                states[name] = _state(router, port)
            for symbol in params["symbols"]:
                symbols[symbol] = router.is_readable(params["ams_port"], symbol)
    except AdsError:
        pass
    return {**told, "states": states, "symbols": symbols}


def _asked(router: Router, ams_port: int, interlock: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Read the interlock; whatever keeps its value from being known is the reason, never a safe one."""
    variable = interlock["variable"]
    try:
        value = value_of(*router.read(ams_port, variable))
    except AdsError as error:
        return _interlock(variable, reason=error.message)
    return _interlock(variable, value, value == interlock["safe_value"])


def _state(router: Router, ams_port: int) -> str | None:
    try:
        return router.state(ams_port)
    except AdsError as error:
        if error.code != "ads.code":
            raise
        return "ABSENT" if error.details.get("ads_error") == _PORT_UNKNOWN else None


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
