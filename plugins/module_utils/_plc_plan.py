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
}

#: The findings Playbook B heals; every other one is escalated with its evidence and gets no useless action.
HEALABLE = ("plc.route_missing", "plc.link_stale")

_TITLES = {
    "disconnect": "disconnect from the PLC",
    "route": "add the ADS route if it is missing",
    "connect": "connect to the PLC",
    "write_test": "write test",
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
    ]


def step(name: str, plc: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return one step: name, title, plc and the undo to journal before it is done.

    undo.must is true for what may not stay as it is when a run is interrupted; the next run finishes it first. A PLC
    left disconnected needs no such mark: the next diagnosis sees it and connects.
    """
    return {"name": name, "title": _TITLES[name], "plc": plc["id"], "undo": {**_undo(name, plc), "plc": plc["id"]}}


def _undo(name: str, plc: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    variable = plc.get("test_variable") or {}
    undos: dict[str, dict[str, t.Any]] = {
        "disconnect": {"do": "connect", "must": False},
        "route": {"do": "remove_route", "must": False, "route": (plc.get("route") or {}).get("name")},
        "connect": {"do": "disconnect", "must": False},
        "write_test": {
            "do": "write_rest", "must": True, "variable": variable.get("name"), "value": variable.get("rest_value")},
    }
    return undos[name]
