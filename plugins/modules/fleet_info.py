#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_info
short_description: How any number of supervisors are, asked at once
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Asks many supervisors concurrently in one task and returns a short summary of each, and totals. Use C(run_once).
  - Never fails because a supervisor does not answer. What was not observed is named per host, with the cause.
  - A host that does not answer keeps no other host waiting, and nothing goes on beyond O(deadline_s).
  - What is said here are claims of the supervisors. C(plc_connected) is a flag and proves nothing about the PLC.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
options:
  targets:
    description:
      - The supervisors to ask. Without it they are taken from the inventory, see O(hosts).
    type: list
    elements: dict
    suboptions:
      host:
        description: Name under which the result is returned.
        type: str
        required: true
      url:
        description: Address of the supervisor, for example V(http://10.30.0.11:5000).
        type: str
        required: true
      admin_key:
        description: API key of level admin. Only V(service) of O(gather_subset) needs it.
        type: str
      cameras:
        description:
          - Cameras that should run whatever the supervisor says. After a restart it knows of no stream.
        type: list
        elements: str
        default: []
  hosts:
    description:
      - Names of inventory hosts to ask, also outside C(-l).
      - Each is asked at its C(lineops_supervisor_url), with the key that C(lineops_secrets) has for the host or its
        line. Its cameras with C(core) true are expected to run.
      - Without it, all hosts with a C(lineops_supervisor_url) in the lines of the play's hosts are asked, also those
        outside C(-l). A line is the inventory group that C(lineops_line) names.
      - A host whose C(lineops_run_from) is V(host) is not asked, since its supervisor listens on its own loopback.
      - A host whose variables cannot be used is told, the others are asked.
    type: list
    elements: str
  gather_subset:
    description:
      - What to ask each supervisor for, one call each. V(service) needs the admin key.
    type: list
    elements: str
    choices: [status, slo, streams, service, versions]
    default: [status, slo, streams]
  connect_timeout:
    description:
      - Seconds to wait for the TCP connection to a supervisor. A host that drops packets takes as long.
    type: float
    default: 2.0
  read_timeout:
    description:
      - Seconds to wait for an answer. After one that did not come, that supervisor is asked for nothing more.
    type: float
    default: 5.0
  deadline_s:
    description:
      - Seconds for the whole task. What has not answered by then is told as not observed.
      - Only the resolving of names cannot be stopped. It is left behind when the time is up.
    type: float
    default: 15.0
  threads:
    description:
      - How many supervisors are asked at a time. Those that take long do not count.
    type: int
    default: 16
  incident:
    description:
      - Incident id. It is sent as first part of C(X-Request-ID), so that the supervisors' own logs tell the same story.
    type: str
    default: ""
  runner:
    description:
      - Who runs this, sent as C(X-Admin-User).
    type: str
    default: ""
  validate_certs:
    description:
      - Whether to check the certificates of https addresses.
    type: bool
    default: true
notes:
  - Runs in the controller's process, without a connection to any host.
  - Needs the Python library C(requests) there.
seealso:
  - module: lineops.runbook.supervisor_info
"""

EXAMPLES = r"""
- name: Ask all supervisors of the lines of this play
  lineops.runbook.fleet_info:
  run_once: true
  register: fleet

- name: Ask for pids too, of two hosts that need not be in the play
  lineops.runbook.fleet_info:
    hosts: [line1-hmi1, line2-hmi1]
    gather_subset: [status, service]
    deadline_s: 5
  run_once: true

- name: Ask supervisors that are in no inventory
  lineops.runbook.fleet_info:
    targets:
      - host: spare
        url: http://10.30.0.11:5000
        cameras: [cam1]
  run_once: true
"""

RETURN = r"""
hosts:
  description:
    - By host, whether it answers and a few facts of each subset. A fact that is not there was not observed.
    - C(not_observed) has the failure per subset, C(latency_s) the seconds the host took for all of them.
    - Of long lists of names the first ten are shown. Counts are always whole.
  returned: success
  type: dict
  sample:
    line1-hmi1:
      answers: true
      plc_connected: true
      breakers_not_closed: []
      slo: degraded
      alerts: [api_availability_below_target]
      streams: {running: 1, expected: 2, not_running: [cam2]}
      service: {pid: 812, container: false}
      api_version: 1
      not_observed: {}
      latency_s: 0.021
    line1-hmi2:
      answers: false
      not_observed:
        status: {code: supervisor.timeout, message: "http://10.30.1.12:5000 did not accept a connection within 2 s.",
                 hint: "Host off, address wrong, or a firewall drops packets."}
      latency_s: 2.004
totals:
  description:
    - Counts over all hosts. Those of subsets that were not asked for are left out.
    - C(not_observed) says of how many hosts a subset is unknown, so that they are counted neither as good nor as bad.
  returned: success
  type: dict
  sample: {hosts: 2, answering: 1, not_answering: [line1-hmi2], plc_connected: 1, slo_degraded: 1, streams_running: 1,
           streams_expected: 2, not_observed: {status: 1, slo: 1, streams: 1}}
took_s:
  description: Seconds for asking all of them.
  returned: success
  type: float
observed_at:
  description: UTC time when the asking began.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import time
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._fleet import ask_fleet
from ansible_collections.lineops.runbook.plugins.module_utils._fleet_rules import SUBSETS, totals_of
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    "targets": {
        "type": "list", "elements": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "url": {"type": "str", "required": True},
            "admin_key": {"type": "str", "no_log": True},
            "cameras": {"type": "list", "elements": "str", "default": []},
        },
    },
    "hosts": {"type": "list", "elements": "str"},
    "gather_subset": {
        "type": "list", "elements": "str", "choices": list(SUBSETS), "default": ["status", "slo", "streams"],
    },
    "connect_timeout": {"type": "float", "default": 2.0},
    "read_timeout": {"type": "float", "default": 5.0},
    "deadline_s": {"type": "float", "default": 15.0},
    "threads": {"type": "int", "default": 16},
    "incident": {"type": "str", "default": ""},
    "runner": {"type": "str", "default": ""},
    "validate_certs": {"type": "bool", "default": True},
}  # fmt: skip
MUTUALLY_EXCLUSIVE = [("targets", "hosts")]


def run(
    params: t.Mapping[str, t.Any], check_mode: bool, known: t.Mapping[str, dict[str, t.Any]] | None = None
) -> dict[str, t.Any]:
    """Ask all targets; known: summaries of hosts that cannot be asked at all."""
    for name in ("connect_timeout", "read_timeout", "deadline_s", "threads"):
        if not params[name] > 0:
            raise LineopsError("fleet.option", f"{name} is {params[name]:g}; expected more than 0.")
    names = [target["host"] for target in params["targets"] or ()]
    for name in names:
        if names.count(name) > 1:
            raise LineopsError("fleet.option", f"targets names {name} more than once.")
    result: dict[str, t.Any] = {"changed": False, "observed_at": utc_now()}
    began = time.monotonic()
    hosts = {**ask_fleet(params["targets"] or (), params), **(known or {})}
    took_s = round(time.monotonic() - began, 3)
    return {**result, "hosts": hosts, "totals": totals_of(hosts, params["gather_subset"]), "took_s": took_s}


def main() -> None:
    """Run on the host; it knows no inventory."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC, mutually_exclusive=MUTUALLY_EXCLUSIVE)


if __name__ == "__main__":
    main()
