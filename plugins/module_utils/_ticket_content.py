# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ticket or a message says, as data: docs/schemas/delivery.schema.json. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ._report_entries import Entry, Facts, facts_of, text_of
from ._report_text import shortened

#: Goes up when a field changes its meaning or goes away.
VERSION = 1
#: Severity -> priority, unless the closing checklist names one.
PRIORITIES = {"SEV-1": "critical", "SEV-2": "high", "SEV-3": "medium"}
#: What the closing checklist leaves to be done, or says why not.
FOLLOW_UPS = ("monitoring_gap", "issue", "postmortem")
_LONGEST, _MOST = 1000, 50


def content_of(kind: str, case: Facts, step: Facts, report: Facts, entries: t.Sequence[Entry]) -> Facts:
    """Return what to tell of a step of a case.

    kind: "ticket" or "notification"; report: _report_rules.incident_report of the step's incident; entries: of that incident.
    """
    told = [*(other["severity"] for other in case["steps"]), report["severity"]["code"]]
    severity = min((code for code in told if code in PRIORITIES), default="")
    first = case["steps"][0]
    opened = report["times"]["opened"] if step["incident"] == case["incidents"][0] else ""
    return {
        "v": VERSION, "kind": kind, "key": step["key"], "state": step["state"], "level": step["level"],
        "incident": case["case"], "incidents": case["incidents"][-_MOST:],
        "host": _cut(case["host"]), "line": _cut(case["line"]), "playbook": case["playbook"],
        "runner": _cut(", ".join(report["runners"])), "opened_at": opened or first["at"], "at": step["at"],
        "severity": severity, "rule": _cut(report["severity"]["rule"]),
        "priority": _cut(_priority(entries)) or PRIORITIES.get(severity, "medium"),
        # A ticket keeps its title: what was wrong first, not that it is healed or closed.
        "finding": {"code": _cut(first["finding"]), "sentence": _cut(first["sentence"])},
        "sentence": _cut(step["sentence"]),
        "next": {
            "level": step["level"], "contact": _cut(report["next"]["contact"]),
            "step": _cut(report["next"]["step"]) if step["level"] else ""},
        "actions": [
            {name: _cut(action[name]) for name in ("action", "target", "state")} for action in report["actions"][:_MOST]],
        "proof": [_cut(words) for words in report["proof"]["words"][:_MOST]] if report["proof"]["verified"] else [],
        "times": {name: report["times"][name] for name in ("detect_s", "acknowledge_s", "recover_s")},
        "course": [
            {name: _cut(other[name]) for name in ("state", "level", "incident", "at", "sentence")} for other in case["steps"][-_MOST:]],
        "follow_ups": _follow_ups(report),
    }


def _follow_ups(report: Facts) -> list[Facts]:
    """Return what was told of them when the incident was closed; [] before."""
    if not report["result"]["closed"]:
        return []
    parts = [part for item in report["closing"]["items"] for part in item["parts"] if part["name"] in FOLLOW_UPS]
    return [
        {"item": part["name"], "value": _cut(part["value"]), "none": _cut(part["reason"])}
        for part in parts if part["value"] or part["reason"]
    ]


def _priority(entries: t.Sequence[Entry]) -> str:
    """Return the priority that a person gave when closing; "" where nobody did."""
    issues = [facts_of(entry).get("issue") for entry in entries if entry.get("event") == "closed"]
    return text_of(issues[-1].get("priority")) if issues and isinstance(issues[-1], dict) else ""


def _cut(value: t.Any) -> str:
    return shortened(text_of(value), "characters", _LONGEST)
