#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: What a plant host itself sees of its supervisor and of the path to the PLC
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Finds the supervisor's process, the addresses it listens on and whether it answers there.
  - Shows the supervisor's TCP connection to the PLC in the socket table and asks the PLC who it is over UDP 48899.
  - Opens no TCP connection to the PLC. From a supervisor's address only the supervisor may do that.
  - When the host cannot be reached, the task succeeds and says so in RV(failure). SSH down with the API up is an answer.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
options:
  url:
    description:
      - Address of the supervisor as the inventory has it.
    type: str
    required: true
  supervisor_dir:
    description:
      - Working directory of the supervisor, used to find a process that listens elsewhere.
    type: path
  plc:
    description:
      - The PLC whose path is looked at.
    type: dict
    suboptions:
      ip_address:
        description: IPv4 address of the PLC.
        type: str
        required: true
      ams_net_id:
        description:
          - Its AMS NetId. A supervisor connects to the first four numbers of it. Where these are not O(plc.ip_address), the same
            is looked at for that address, and told as C(net_id_address).
        type: str
      local_ip:
        description: Address of the host to ask from.
        type: str
  timeout:
    description:
      - Seconds to wait for each answer. Two datagrams are sent.
    type: float
    default: 0.75
notes:
  - Needs the Python library C(psutil) on the host. What it could not see is named in RV(not_observed).
"""

EXAMPLES = r"""
- name: Let the host look at its own supervisor and PLC
  lineops.runbook.host_info:
    url: http://10.30.0.11:5000
    supervisor_dir: /opt/supervisor
    plc: {ip_address: 10.30.0.21, ams_net_id: 10.30.0.21.1.1, local_ip: 10.30.0.11}
"""

RETURN = r"""
supervisor:
  description: The supervisor's process.
  returned: when observed
  type: dict
  sample: {pid: 812, state: sleeping, listens: ["0.0.0.0:5000"], api: answers}
plc:
  description: The path to the PLC.
  returned: when asked for and observed
  type: dict
  sample: {tcp: none, identity: {ams_net_id: 10.30.0.99.1.1}, net_id_address: {ip_address: 10.30.0.99, tcp: none, identity: null}}
not_observed:
  description: What could not be seen.
  returned: when observed
  type: list
  elements: str
failure:
  description: Why nothing could be observed at all.
  returned: when the host could not be asked
  type: dict
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
from ansible_collections.lineops.runbook.plugins.module_utils._host import look
from ansible_collections.lineops.runbook.plugins.module_utils._journal import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "supervisor_dir": {"type": "path"},
    "plc": {
        "type": "dict",
        "options": {"ip_address": {"type": "str", "required": True}, "ams_net_id": {"type": "str"}, "local_ip": {"type": "str"}},
    },
    "timeout": {"type": "float", "default": 0.75},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Look; what keeps us from looking is an answer too."""
    result: dict[str, t.Any] = {"changed": False, "observed_at": utc_now()}
    try:
        return {**result, **look(params["url"], params["supervisor_dir"], params["plc"], timeout=params["timeout"])}
    except LineopsError as error:
        return {**result, "failure": error.as_failure()}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
