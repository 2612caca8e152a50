#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plc_config
short_description: A PLC in the inventory, in the supervisor's store and as its live target
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Shows side by side what the inventory wants, what the supervisor has stored for the PLC and what it really connects to.
    These are three things. The store is not what connect uses.
  - With O(state=corrected) the stored entry is corrected, by merging the wanted fields into the whole entry, since the
    supervisor replaces an entry wholesale. This needs the admin key. The live target is not touched, it changes with
    the next connect, see M(lineops.runbook.plc_connection).
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
    support: full
options:
  state:
    description:
      - V(compared) only looks.
    type: str
    choices: [compared, corrected]
    default: compared
  runtime_type:
    description:
      - TwinCAT generation of the PLC. It is compared only if it is given, and only where the supervisor tells it. It does with
        the live target, but stored entries usually do not have it; none gets one by a correction.
    type: str
    choices: [TC2, TC3]
"""

EXAMPLES = r"""
- name: Is the supervisor set up for the PLC of the inventory
  lineops.runbook.plc_config:
    url: http://10.30.0.11:5000
    plc_id: plc_001
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    ams_port: 851
    runtime_type: TC3
  register: config

- name: Correct what it has stored
  lineops.runbook.plc_config:
    url: http://10.30.0.11:5000
    admin_key: "{{ lineops_secrets.line3.admin_key }}"
    plc_id: plc_001
    ip_address: 10.30.0.21
    ams_net_id: 10.30.0.21.1.1
    ams_port: 851
    state: corrected
"""

RETURN = r"""
differences:
  description:
    - One row per field that is not as wanted. C(stored) or C(target) is left out where the supervisor does not tell the field.
  returned: always
  type: list
  elements: dict
  sample: [{field: ams_port, wanted: 851, stored: 801, target: 851}]
stored:
  description: Whether the stored entry is the V(same) as wanted, V(differs) or is V(missing).
  returned: always
  type: str
target:
  description: Whether the live target is the V(same) as wanted or V(differs); null if the supervisor does not tell it.
  returned: always
  type: str
requested:
  description: State asked for.
  returned: always
  type: str
original:
  description: The stored entry found, null if there is none.
  returned: always
  type: dict
reached:
  description: The stored entry at the end.
  returned: always
  type: dict
verified:
  description: Whether the stored entry was read back as wanted.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
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
    PLC_SPEC, SUPERVISOR_SPEC, body_of, calls_of, client_of, mapping_in,
)
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._plc_config_rules import agreement, differences, merged
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    **PLC_SPEC,
    "state": {"type": "str", "choices": ["compared", "corrected"], "default": "compared"},
    "runtime_type": {"type": "str", "choices": ["TC2", "TC3"]},
}


def _stored(client: SupervisorClient, plc_id: str) -> dict[str, t.Any] | None:
    """The stored entry, None if there is none; a supervisor that fails has not told that there is none."""
    return mapping_in(body_of(client.plc_config()), "plc_configs", plc_id) or None


def _whole(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The entry to store: all that admin/plcs has, with the wanted fields merged in, since a POST replaces it."""
    return merged(mapping_in(body_of(client.admin_plcs()), "plcs", params["plc_id"]), params)


def _correct(client: SupervisorClient, params: t.Mapping[str, t.Any], change: Change, before: t.Any) -> None:
    """Store the whole entry and read it back; neither a success nor a failure answer proves anything here (quirk 10)."""
    entry = _whole(client, params)
    reply = change.command(lambda: client.store_plc(params["plc_id"], entry))
    stored = _stored(client, params["plc_id"])
    change.note(changed=stored != before, reached=stored)
    if differences(params, stored or {}, None):
        raise LineopsError(
            "plc.config_not_stored", f"The supervisor did not store the entry {params['plc_id']}. {reply.error_text}".strip())


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Compare, and correct on request."""
    with client_of(params) as client:
        stored = _stored(client, params["plc_id"])
        change = Change(params["state"], stored)
        told = client.debug_target()
        target = told.body if told.ok else None
        rows = differences(params, stored or {}, target)
        said = {
            "differences": rows,
            "stored": agreement(rows, "stored", stored) or "missing",
            "target": agreement(rows, "target", target),
        }
        if params["state"] == "compared" or said["stored"] == "same":
            return change.result(verified=True, **said, **calls_of(client))
        try:
            if check_mode:
                return change.result(changed=True, reached=_whole(client, params), **said, **calls_of(client))
            _correct(client, params, change, stored)
        except LineopsError as error:
            raise change.failed(error, **said, **calls_of(client)) from error
        return change.result(verified=True, **said, **calls_of(client))


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
