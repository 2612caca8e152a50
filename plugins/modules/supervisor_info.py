#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: supervisor_info
short_description: What a supervisor says of itself, its PLC and its streams
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Reads status, SLO, streams, service, versions, admin log, PLC configuration and route status of a supervisor in one task.
  - Never fails because the supervisor does not answer. What could not be observed is named in RV(not_observed).
  - What is said here are claims. V(connected) is a flag of the supervisor and proves nothing about the PLC.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
options:
  gather_subset:
    description:
      - What to ask for.
      - V(route_test) asks the supervisor to reach O(plcs) over ADS. Its counters move, and it blocks other ADS work of
        the supervisor for two minutes if the address drops packets, so look at the path first.
      - V(log_excerpt), V(log_chain) and V(slo_detail) are for the checklist, V(restart_errors) for streams that hang. They are
        asked for by name only.
      - V(keys) and V(clock) are for the preflight. V(keys) sends a route test that names no PLC, with the operator key and
        without one. It does nothing, but a refused key leaves a line in the supervisor's log.
    type: list
    elements: str
    choices:
      - status
      - slo
      - streams
      - versions
      - service
      - logs
      - plc_config
      - route_status
      - route_test
      - log_excerpt
      - restart_errors
      - log_chain
      - slo_detail
      - keys
      - clock
    default: [status, slo, streams, versions, service, logs, plc_config, route_status]
  plcs:
    description:
      - The PLCs for V(route_test).
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Name under which the result is returned.
        type: str
        required: true
      ip_address:
        description: IPv4 address of the PLC.
        type: str
        required: true
      ams_net_id:
        description: AMS NetId of the PLC.
        type: str
        required: true
      ams_port:
        description: AMS port of the runtime. It is always sent, since the supervisor's own default is wrong for TC3.
        type: int
        default: 851
  log_limit:
    description:
      - How many rows of the admin log to return, 1 to 500; for V(log_excerpt) of each kind.
    type: int
    default: 50
  wait_s:
    description:
      - Seconds to let pass before the first question, at most 3600; for a state that must hold for a while before it counts.
    type: float
    default: 0
  answer_within_s:
    description:
      - Seconds within which a supervisor that does not answer is asked again, such as one that is starting.
    type: float
    default: 0
seealso:
  - module: lineops.runbook.ads_probe
"""

EXAMPLES = r"""
- name: Ask a supervisor how it is
  lineops.runbook.supervisor_info:
    url: "{{ lineops_supervisor_url }}"
    admin_key: "{{ lineops_secrets[lineops_line].admin_key }}"
  register: supervisor

- name: Let the supervisor test its route to the PLC
  lineops.runbook.supervisor_info:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    gather_subset: [route_test]
    plcs:
      - id: plc_001
        ip_address: 10.30.0.21
        ams_net_id: 10.30.0.21.1.1
        ams_port: 851
"""

RETURN = r"""
status:
  description: PLC flag, and per circuit breaker its state and how many calls it rejected, as the supervisor says them.
  returned: when observed
  type: dict
  sample: {plc_connected: true, breakers: {"plc:plc_001:write": closed}, rejected: {"plc:plc_001:write": 0}}
slo:
  description: SLO status and names of its alerts. Failed tests of one's own count too.
  returned: when observed
  type: dict
  sample: {status: ok, alerts: []}
streams:
  description: Streams by camera, redacted.
  returned: when observed
  type: dict
versions:
  description: API versions.
  returned: when observed
  type: dict
service:
  description: Process id, arguments, container flag.
  returned: when observed
  type: dict
logs:
  description: Newest rows of the admin log.
  returned: when observed
  type: list
  elements: dict
plc_config:
  description: Stored PLC entries and the live connect target.
  returned: when observed
  type: dict
route_status:
  description: The supervisor's own AMS NetId and whether it has an ADS library.
  returned: when observed
  type: dict
route_test:
  description: Per PLC id, whether the supervisor reached it, and the words of its error.
  returned: when asked for and observed
  type: dict
  sample: {plc_001: {success: false, error: "ADSError: timeout elapsed (1861). ", elapsed_s: 5.1}}
log_excerpt:
  description:
    - Restarts, stream trouble and who did what, of the admin log, each newest first.
    - Stream trouble and audits are looked for in the newest 500 rows, restarts by the supervisor in ten times
      O(log_limit).
  returned: when asked for and observed
  type: dict
  sample:
    restarts: [{at: "2026-11-23T03:33:40+00:00", id: 19, level: WARNING, module: ServiceManager, message: RESTART}]
    streams: []
    audits:
      - at: "2026-11-23T03:33:39+00:00"
        id: 16
        action: service_restart_scheduled
        actor: anna
        request_id: line3-20261123T033300-line3-hmi1-1
        details: {delay_seconds: 1}
    rows_seen: 21
    oldest_seen_at: "2026-11-23T03:33:14+00:00"
restart_errors:
  description: Restarts that were refused or failed, of the admin log, newest first. Stream trouble is not among them.
  returned: when asked for and observed
  type: list
  elements: dict
  sample: [{at: "2026-11-23T03:33:40+00:00", id: 19, level: WARNING, module: ServiceManager, message: Restart failed}]
log_chain:
  description:
    - Whether the admin log's hash chain holds. C(verdict) is V(ok), V(retention), V(tampering_suspected) or
      V(not_observed).
    - V(retention) is what removed oldest rows look like, whoever removed them. The links of the rows behind them hold.
  returned: when asked for and observed
  type: dict
  sample: {verdict: retention, checked: 1, broken_at_id: 14, oldest_id: 14, linked_rows: 100}
slo_detail:
  description: SLO status with alerts, measured values and targets, to tell the share of one's own calls apart.
  returned: when asked for and observed
  type: dict
  sample:
    status: degraded
    alerts: [{name: api_availability_below_target, severity: critical, value: 0.98, target: 0.995}]
    api: {window_seconds: 3600, total_requests: 100, errors_5xx: 2, availability_ratio: 0.98, p95_latency_ms: 12.5}
    streams: {active_streams: 1, running_streams: 1, health_ratio: 1.0}
    targets: {api_availability_ratio: 0.995, api_p95_latency_ms: 500.0, stream_health_ratio: 0.99}
keys:
  description:
    - Whether each key is taken. C(answer) is V(accepted), V(refused) or V(missing). C(why) is V(level) for a level that is too
      low, V(expired), V(disabled), V(wrong), V(missing), or empty where the supervisor's words are not known.
    - Where C(none) is V(accepted), the supervisor asks for no key, and a key that is accepted proves nothing.
  returned: when asked for and observed
  type: dict
  sample:
    operator: {answer: accepted, why: ""}
    admin: {answer: refused, why: level}
    none: {answer: refused, why: missing}
clock:
  description: The supervisor's own time, when it was asked for, and how long the answer took.
  returned: when asked for and observed
  type: dict
  sample: {told: "2026-11-23T03:46:24.820519Z", asked_at: "2026-11-23T03:46:24.812+00:00", elapsed_s: 0.012}
not_observed:
  description: Per subset, the failure that kept it from being observed.
  returned: always
  type: dict
  sample: {logs: {code: supervisor.key_missing, message: No admin key is given., hint: ""}}
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
  description: Vantage point of the look.
  returned: always
  type: str
"""

import time
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._args import ADDRESS_SPEC, SUPERVISOR_SPEC, calls_of, client_of
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor_subsets import ON_REQUEST, SUBSETS, observe

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "gather_subset": {
        "type": "list", "elements": "str", "choices": list(SUBSETS),
        "default": [name for name in SUBSETS if name not in ON_REQUEST],
    },
    "plcs": {
        "type": "list", "elements": "dict", "default": [],
        "options": {"id": {"type": "str", "required": True}, **ADDRESS_SPEC},
    },
    "log_limit": {"type": "int", "default": 50},
    "wait_s": {"type": "float", "default": 0},
    "answer_within_s": {"type": "float", "default": 0},
}
LONGEST_WAIT_S = 3600.0
_POLL_S = 1.0


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Ask for the subsets in order; name what was not observed and why."""
    for name in ("wait_s", "answer_within_s"):
        if not 0 <= params[name] <= LONGEST_WAIT_S:
            raise LineopsError("supervisor.wait", f"{name} is {params[name]}; expected 0 to {LONGEST_WAIT_S:.0f}.")
    time.sleep(params["wait_s"])
    ends = time.monotonic() + params["answer_within_s"]
    with client_of(params) as client:
        observed, not_observed = observe(client, params["gather_subset"], params)
        while not observed and time.monotonic() < ends:
            time.sleep(_POLL_S)
            observed, not_observed = observe(client, params["gather_subset"], params)
        return {
            "changed": False, "observed_at": utc_now(), "not_observed": not_observed, **observed, **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
