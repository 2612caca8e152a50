# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B, plan: which steps a finding asks for, in the order of DESIGN §7.4. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ._actions import target_of

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


def step_entries(
    step_done: t.Mapping[str, t.Any], event: str, result: t.Mapping[str, t.Any] | None = None
) -> list[dict[str, t.Any]]:
    """Return the journal entries of a step, one for each of its undos.

    event: begin, done, failed or undone; result: of the step's module, for what was reached. A step of the phase undo
    takes something back, so what it has done is undone.
    """
    takes_back = step_done.get("phase") == "undo"
    told_as = "undone" if takes_back and event == "done" else event
    told = {name: (result or {}).get(name) for name in ("original", "latency_s")}
    code = ((result or {}).get("failure") or {}).get("code") if event == "failed" else None
    told.update({"details": {"code": code}} if code else {})  # some codes say that surely nothing was sent (_budget)
    return [
        {
            "phase": "undo" if takes_back else "open" if event == "undone" else "act", "event": told_as,
            "action": step_done["name"], "plc": step_done.get("plc"), "target": target_of(step_done),
            "undo": {name: value for name, value in undo.items() if name not in _NOT_UNDO},
            "message": (result or {}).get("msg"), **told,
            "at": (result or {}).get("observed_at"),
            # What is undone is where its undo says, without a result of its own.
            "reached": _reached(step_done, result or {}) if event != "undone" else undo.get("value"),
        }
        for undo in step_done["undos"]
    ]


def _reached(step_done: t.Mapping[str, t.Any], result: t.Mapping[str, t.Any]) -> t.Any:
    """Return what a step reached; a step may say it in a word where its module returns nothing, such as no route."""
    reached = result.get("reached")
    return step_done.get("reached") if reached is None and result and not result.get("failed") else reached


#: What of a finding the journal keeps, so that a report can be written from it alone.
_FINDING_DETAILS = ("rule", "owner", "next_step", "verdict", "evidence", "counter_checks", "also")


def plan_entries(
    finding: t.Mapping[str, t.Any], steps: t.Sequence[t.Mapping[str, t.Any]],
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (), at: str | None = None,
) -> list[dict[str, t.Any]]:
    """Return the journal entries of a diagnosis: the finding, the plan if there is one, and what the guard rails refused.

    at: when that was, since they are written with the first action.
    """
    details = {name: finding[name] for name in _FINDING_DETAILS}
    details["refuted"] = [fallen["code"] for fallen in finding["refuted"]]
    entries: list[dict[str, t.Any]] = [{
        "phase": "diagnose", "event": "finding", "finding": finding["code"], "severity": finding["severity"],
        "message": finding["sentence"], "details": details,
    }]
    if steps:
        titles = [{name: one[name] for name in ("name", "title")} for one in steps]
        entries.append({"phase": "plan", "event": "planned", "details": {"steps": titles}})
    entries += [
        {"phase": "plan", "event": "refused", "message": refusal["sentence"],
         "details": {"guard": refusal["guard"], "code": refusal["code"]}}
        for refusal in refusals
    ]
    return [{"at": at, **entry} for entry in entries]


def namespace_tests(plc: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the namespaces that are probed by a write: those that declare what to write and what to put back."""
    return [
        {"name": entry["probe_variable"], "test_value": entry["test_value"], "rest_value": entry["rest_value"]}
        for entry in plc.get("namespaces") or []
        if "test_value" in entry and "rest_value" in entry
    ]


def _rest_of(variable: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"do": "write_rest", "must": True, "variable": variable.get("name"), "value": variable.get("rest_value")}


#: What the journal tells beside an open undo.
_NOT_UNDO = ("incident", "begun_at", "action")

_UNDOS: dict[str, t.Callable[[t.Mapping[str, t.Any]], list[dict[str, t.Any]]]] = {
    "controller_route": lambda plc: [{"do": "remove_controller_route", "must": True}],
    "disconnect": lambda plc: [{"do": "connect", "must": False}],
    "route": lambda plc: [{"do": "remove_route", "must": False, "route": (plc.get("route") or {}).get("name")}],
    "connect": lambda plc: [{"do": "disconnect", "must": False}],
    "write_test": lambda plc: [_rest_of(plc.get("test_variable") or {})],
    "namespaces": lambda plc: [_rest_of(variable) for variable in namespace_tests(plc)],
}
