#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plc_write_test
short_description: Write the declared test variable of a PLC and put it back
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Proves that commands reach the PLC, by writing O(test_value) and then O(rest_value) through the supervisor.
  - Only the variable declared in the inventory is written. It must be known to the supervisor and the supervisor's
    write breaker must be closed, else nothing is written.
  - The value before cannot be known, since reads through the supervisor show the last written value. The rest value
    comes from the inventory.
  - The rest value is written back also when the test write fails. SIGINT, SIGTERM and SIGHUP wait until that is done.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
attributes:
  check_mode:
    support: full
    details:
      - Checks the breaker and the variable, writes nothing and says that the write path is not proven.
  diff_mode:
    support: full
    details:
      - The variable is as it was afterwards, so before and after are equal unless it could not be put back.
  idempotent:
    support: full
    details:
      - A test variable that is written and put back is no change of the plant.
options:
  plc_id:
    description:
      - Id of the PLC in the supervisor.
    type: str
    default: plc_001
  variable:
    description:
      - Name of the declared test variable.
    type: str
    required: true
  test_value:
    description:
      - Value to write for a moment. Not needed for O(state=at_rest).
    type: raw
  rest_value:
    description:
      - Value to put back.
    type: raw
    required: true
  state:
    description:
      - V(tested) writes the test value and puts the rest value back.
      - V(at_rest) writes the rest value only. It finishes what an interrupted run left.
    type: str
    choices: [tested, at_rest]
    default: tested
"""

EXAMPLES = r"""
- name: Prove that commands reach the PLC
  lineops.runbook.plc_write_test:
    url: http://10.30.0.11:5000
    operator_key: "{{ lineops_secrets.line3.operator_key }}"
    variable: MAIN.bOpsTest
    test_value: true
    rest_value: false
"""

RETURN = r"""
requested:
  description: State asked for.
  returned: always
  type: str
original:
  description: Always null, the value before cannot be known.
  returned: always
  type: raw
reached:
  description: The value the variable was left with, or null if that is not known.
  returned: always
  type: raw
proven:
  description: Whether the write path works; null if nothing was written.
  returned: always
  type: bool
verified:
  description: Whether every write was confirmed.
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

import os
import signal
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.lineops.runbook.plugins.module_utils._args import (
    SUPERVISOR_SPEC, body_of, calls_of, client_of, mapping_in, mappings_in,
)
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change, perhaps_done
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "plc_id": {"type": "str", "default": "plc_001"},
    "variable": {"type": "str", "required": True},
    "test_value": {"type": "raw"},
    "rest_value": {"type": "raw", "required": True},
    "state": {"type": "str", "choices": ["tested", "at_rest"], "default": "tested"},
}


@dataclass(frozen=True)
class _Write:
    """What became of one write: taken (None: not known), and why there was no answer."""

    taken: t.Optional[bool]
    error: t.Optional[LineopsError] = None


@contextmanager
def _signals_wait() -> t.Iterator[None]:
    """Hold signals back until the rest value is written; Ansible's workers would just end (DESIGN §3).

    The write under way is not broken off: the supervisor could carry it out after the one that puts the value back.
    """
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, lambda number, frame: held.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for number in held[:1]:
            os.kill(os.getpid(), number)


def _refuse_unsafe(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> None:
    """Write nothing while the breaker is not closed or the symbol is unknown: a probe could wedge it (quirk 8)."""
    breaker = mapping_in(body_of(client.system_status()), "circuit_breakers", f"plc:{params['plc_id']}:write")
    state = breaker.get("state", "closed")
    if state != "closed":
        raise LineopsError(
            "plc.write_breaker", f"The supervisor's write breaker is {state}; nothing was written.",
            "Wait 30 s after the last failed write, or restart the supervisor.")
    known = mappings_in(body_of(client.search_variable(params["variable"])), "variables")
    if params["variable"] not in [symbol.get("name") for symbol in known]:
        raise LineopsError(
            "plc.symbol_unknown", f"The supervisor does not know the variable {params['variable']}; nothing was written.",
            "Correct test_variable.name in lineops_plcs.")


def _write(client: SupervisorClient, params: t.Mapping[str, t.Any], value: t.Any) -> _Write:
    try:
        return _Write(client.write(params["variable"], value, params["plc_id"]).ok)
    except LineopsError as error:
        return _Write(None if perhaps_done(error) else False, error)


def _test_and_rest(client: SupervisorClient, params: t.Mapping[str, t.Any]) -> tuple[_Write, _Write]:
    """Write the test value and put the rest value back whatever happens."""
    with _signals_wait():
        try:
            test = _write(client, params, params["test_value"])
        finally:
            rest = _write(client, params, params["rest_value"])
    return test, rest


def _failure(test: _Write, rest: _Write, params: t.Mapping[str, t.Any]) -> LineopsError | None:
    """Return what went wrong, the value that was left in the PLC before all else; None if nothing did."""
    if test.taken is not False and not rest.taken:
        why = f" ({rest.error.message})" if rest.error else ""
        return LineopsError(
            "plc.not_at_rest",
            f"The test variable {params['variable']} could not be put back to {params['rest_value']!r}{why}.",
            "Put it to rest by hand, or run again: the next run does it first.")
    if test.taken:
        return None
    return test.error or LineopsError("plc.write_failed", "The supervisor could not write the test variable.")


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Look first, then write."""
    if params["state"] == "tested" and params["test_value"] is None:
        raise LineopsError("plc.no_test_value", "test_value is missing.")
    with client_of(params) as client:
        change = Change(params["state"], None)
        try:
            _refuse_unsafe(client, params)
        except LineopsError as error:
            raise change.failed(error, proven=None, **calls_of(client)) from error
        if check_mode:
            return change.result(proven=None, msg="Write path not proven: check mode.", **calls_of(client))
        if params["state"] == "at_rest":
            test = rest = _write(client, params, params["rest_value"])
        else:
            test, rest = _test_and_rest(client, params)
        reached = params["rest_value"] if rest.taken else None
        error = _failure(test, rest, params)
        if error is None:
            return change.result(proven=True, verified=True, reached=reached, **calls_of(client))
        raise change.failed(
            error, proven=None if test.error or rest.error else False, reached=reached,
            changed=error.code == "plc.not_at_rest" and params["state"] == "tested", **calls_of(client))


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
