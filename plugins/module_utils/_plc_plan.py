# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B, plan: which steps a finding asks for, in the order of DESIGN §7.4. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

#: Order for the PLC: disconnect, then the route (test, add, test), then connect, then the write test (quirk 4).
#: Step -> signals that make it unnecessary, since the state it would bring about was just seen.
_STEPS: dict[str, dict[str, str]] = {
    "disconnect": {"flag": "disconnected"},
    "route": {"test": "ok"},
    "connect": {},
    "write_test": {},
    "namespaces": {},
}

#: The findings Playbook B heals; every other one is escalated with its evidence and gets no useless action.
HEALABLE = ("plc.route_missing", "plc.link_stale", "plc.target_differs")

_TITLES = {
    "disconnect": "disconnect from the PLC",
    "route": "add the ADS route if it is missing",
    "connect": "connect to the PLC",
    "write_test": "write test",
    "namespaces": "write test of each namespace",
    "controller_route": "add a temporary route for the controller",
}


def plan(finding: t.Mapping[str, t.Any], plc: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the ordered steps that heal a finding, each with its undo; [] where nothing here helps.

    finding: result of diagnose; plc: the active entry of lineops_plcs.
    """
    if finding["code"] not in HEALABLE:
        return []
    return [
        step(name, plc)
        for name, needless in _STEPS.items()
        if not any(finding["signals"].get(signal) == value for signal, value in needless.items())
        and not (name == "namespaces" and not namespace_tests(plc))
    ]


def step(name: str, plc: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one step: name, title, plc and the undos to journal before it is done.

    undo.must is true for what may not stay as it is when a run is interrupted; the next run finishes it first. A PLC
    left disconnected needs no such mark: the next diagnosis sees it and connects.
    """
    return {
        "name": name, "title": _TITLES[name], "plc": plc["id"],
        "undos": [{**undo, "plc": plc["id"]} for undo in _UNDOS[name](plc)],
    }


def namespace_tests(plc: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the namespaces that are probed by a write: those that declare what to write and what to put back."""
    return [
        {"name": entry["probe_variable"], "test_value": entry["test_value"], "rest_value": entry["rest_value"]}
        for entry in plc.get("namespaces") or []
        if "test_value" in entry and "rest_value" in entry
    ]


def _rest_of(variable: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"do": "write_rest", "must": True, "variable": variable.get("name"), "value": variable.get("rest_value")}


_UNDOS: dict[str, t.Callable[[t.Mapping[str, t.Any]], list[dict[str, t.Any]]]] = {
    "controller_route": lambda plc: [{"do": "remove_controller_route", "must": True}],
    "disconnect": lambda plc: [{"do": "connect", "must": False}],
    "route": lambda plc: [{"do": "remove_route", "must": False, "route": (plc.get("route") or {}).get("name")}],
    "connect": lambda plc: [{"do": "disconnect", "must": False}],
    "write_test": lambda plc: [_rest_of(plc.get("test_variable") or {})],
    "namespaces": lambda plc: [_rest_of(variable) for variable in namespace_tests(plc)],
}
