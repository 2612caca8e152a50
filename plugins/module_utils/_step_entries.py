# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal keeps of a diagnosis, a plan and its steps, in every playbook. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ._actions import target_of
from ._plc_signals import part

#: What of a finding the journal keeps, so that a report can be written from it alone.
_FINDING_DETAILS = ("rule", "owner", "next_step", "verdict", "evidence", "counter_checks", "also", "cameras")
#: What the journal tells beside an open undo.
_NOT_UNDO = ("incident", "begun_at", "action", "target")


def step_entries(
    step_done: t.Mapping[str, t.Any], event: str, result: t.Mapping[str, t.Any] | None = None
) -> list[dict[str, t.Any]]:
    """Return the journal entries of a step, one for each of its undos.

    event: begin, done, failed or undone; result: of the step's module, for what was reached. A step of the phase undo
    takes something back, so what it has done is undone. An undo with a target of its own is told by that, and by the
    result of the module's call for it, where a step calls its module for one after the other.
    """
    return [_entry_of(step_done, undo, event, result or {}) for undo in step_done["undos"]]


def _entry_of(
    step_done: t.Mapping[str, t.Any], undo: t.Mapping[str, t.Any], event: str, result: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    takes_back = step_done.get("phase") == "undo"
    own = _own_result(undo, result) if undo.get("target") else None
    if own is not None:
        result, event = own, "failed" if own.get("failure") else "done"
    told = {name: result.get(name) for name in ("original", "latency_s")}
    code = (result.get("failure") or {}).get("code") if event == "failed" else None
    told.update({"details": {"code": code}} if code else {})  # some codes say that surely nothing was sent (_budget)
    return {
        "phase": "undo" if takes_back else "open" if event == "undone" else "act",
        "event": "undone" if takes_back and event == "done" else event,
        "action": step_done["name"], "plc": step_done.get("plc"), "target": undo.get("target") or target_of(step_done),
        "undo": {name: value for name, value in undo.items() if name not in _NOT_UNDO},
        "message": result.get("msg"), **told, "at": result.get("observed_at"),
        # What is undone is where its undo says, without a result of its own.
        "reached": _reached(step_done, result) if event != "undone" else undo.get("value"),
    }


def _own_result(undo: t.Mapping[str, t.Any], result: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any] | None:
    """Return the result of a call of the step's module that was about the undo's target; None if there is none."""
    calls = [part(call) for call in result.get("results") or []]
    return next((call for call in calls if f"stream:{part(call, 'item').get('camera')}" == undo["target"]), None)


def _reached(step_done: t.Mapping[str, t.Any], result: t.Mapping[str, t.Any]) -> t.Any:
    """Return what a step reached; a step may say it in a word where its module returns nothing, such as no route."""
    reached = result.get("reached")
    return step_done.get("reached") if reached is None and result and not result.get("failed") else reached


def plan_entries(
    finding: t.Mapping[str, t.Any], steps: t.Sequence[t.Mapping[str, t.Any]],
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (), at: str | None = None,
) -> list[dict[str, t.Any]]:
    """Return the journal entries of a diagnosis: the finding, the plan if there is one, and what the guard rails refused.

    at: when that was, since they are written with the first action.
    """
    details = {name: finding[name] for name in _FINDING_DETAILS if name in finding}
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
