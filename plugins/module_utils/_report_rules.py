# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the journal entries of one incident to the report that every format shows. Pure. Private to this collection.

Nothing is taken from anywhere but the entries. What is missing, broken or unknown is kept and named in `remarks`.
"""

from __future__ import annotations

import re
import typing as t

from ._closing import CLOSING_ITEMS
from ._outcome import RESULTS
from ._report_actions import actions_of
from ._report_entries import Entry, Facts, facts_of, first, first_time, mappings, number_of, text_of, texts, when

#: Of the JSON form, docs/schemas/incident_report.schema.json. It goes up when a field changes its meaning or goes away.
VERSION = 1

#: How an incident may end -> whether that needs nobody. What --check planned, and a run that found the host busy, is
#: never in a journal.
ENDINGS = {result.lower(): resolved for result, resolved in RESULTS.items() if result not in ("PLANNED", "BUSY")}
#: The times of an incident whose means are MTTD, MTTA and MTTR.
TIMES = ("detect_s", "acknowledge_s", "recover_s")
#: An incident without one of these was interrupted, or is still going.
INTERRUPTED = "interrupted"

PHASES = ("open", "observe", "diagnose", "plan", "act", "verify", "close", "escalate", "undo", "deliver")
EVENTS = (
    "opened",
    "continued",
    "evidence",
    "finding",
    "planned",
    "refused",
    "begin",
    "done",
    "failed",
    "undone",
    "verified",
    "not_verified",
    "closed",
    "delivered",
    "not_delivered",
    *ENDINGS,
)
#: What stands for a line of a journal that cannot be read; made by whoever reads the journal, never by a run.
UNREADABLE = "unreadable"

_SEVERITY = re.compile(r"SEV-[1-9]")
_RULE = re.compile(r"\(rule ([A-Z]+\.[A-Z]?[0-9]+)\)")


class Clock(t.Protocol):
    """What these rules need to know of time."""

    def seconds(self, text: t.Any) -> float | None:
        """Return the seconds since 1970 of a journal's time; None where it is none."""


Undos = t.Callable[[t.Sequence[Entry], str], t.List[t.Dict[str, t.Any]]]


def incident_report(
    entries: t.Sequence[Entry], *, clock: Clock, undos: Undos, contacts: t.Mapping[str, t.Any] | None = None
) -> Facts:
    """Return the report of one incident.

    entries: all of that incident, in the order of the journal; undos: says what of them must still be taken back on a
    host (_journal_rules.open_undos); contacts: level -> whom to call, where the journal does not say it.
    """
    seconds = [clock.seconds(when(entry)) for entry in entries]
    offsets, backwards = _offsets(seconds)
    findings = [_finding(entry) for entry in entries if entry.get("event") == "finding"]
    result = _result(entries, offsets)
    finding = _main_finding(findings, result, entries)
    refusals = [_refusal(entry) for entry in entries if entry.get("event") == "refused" and not is_ending(entry)]
    closing = closing_of(entries)
    left = _left(entries, undos)
    report = {
        "kind": "incident",
        "version": VERSION,
        **_identity(entries),
        "result": result,
        "severity": _severity(entries, findings),
        "finding": finding,
        "next": _next(entries, result, finding, refusals, closing, contacts or {}),
        "times": _times(entries, offsets, result, seconds),
        "phases": _phases(entries, offsets, result),
        "findings": findings,
        "actions": actions_of(entries),
        "comparison": _comparison(entries, findings),
        "proof": _proof(entries),
        "refusals": refusals,
        "plan": [
            step
            for entry in entries
            if entry.get("event") == "planned"
            for step in mappings(facts_of(entry).get("steps"))
        ],
        "evidence": [_evidence(entry) for entry in entries if entry.get("event") == "evidence"],
        "escalation": _escalation(entries),
        "left": left,
        "closing": closing,
        "timeline": [
            {"n": number, "offset_s": offset, "known": _is_known(entry), "entry": dict(entry)}
            for number, (entry, offset) in enumerate(zip(entries, offsets), start=1)
        ],
    }
    report["remarks"] = _remarks(report, backwards, seconds) + _noted(entries)
    return report


def is_ending(entry: Entry) -> bool:
    """Say whether an entry ends a run; "refused" and "failed" are events of other phases, too."""
    return entry.get("phase") in ("close", "escalate") and text_of(entry.get("event")) in ENDINGS


def rule_of(words: t.Any) -> str:
    """Return the id of a severity rule from "words (rule B.E1)"; "" where there is none."""
    found = _RULE.search(text_of(words))
    return found.group(1) if found else ""


def _identity(entries: t.Sequence[Entry]) -> Facts:
    opened = next((facts_of(entry) for entry in entries if entry.get("event") == "opened"), {})
    scope = opened.get("scope")
    return {
        "incident": first(entries, "incident"),
        "host": first(entries, "host"),
        "line": first(entries, "line"),
        "playbook": first(entries, "playbook"),
        "scope": texts(scope),
        "check": opened.get("check") is True,
        "runs": texts([entry.get("run") for entry in entries]),
        "runners": texts([entry.get("runner") for entry in entries]),
    }


def _is_known(entry: Entry) -> bool:
    return entry.get("event") in EVENTS and entry.get("phase") in PHASES


def _offsets(seconds: t.Sequence[float | None]) -> tuple[list[float], float]:
    """Return for each entry the seconds since the first, never going back, and how much the clock went back in all."""
    offsets, backwards, at, before = [], 0.0, 0.0, None
    for now in seconds:
        if now is not None and before is not None:
            at += max(0.0, now - before)
            backwards += max(0.0, before - now)
        before = before if now is None else now
        offsets.append(round(at, 3))
    return offsets, round(backwards, 3)


def _result(entries: t.Sequence[Entry], offsets: t.Sequence[float]) -> Facts:
    """The last ending counts; an incident that was taken up again after it has none yet."""
    ending = None
    for number, entry in enumerate(entries):
        if is_ending(entry):
            ending = number
        elif entry.get("event") in ("opened", "continued") and entry.get("phase") == "open":
            ending = None
    closed = any(entry.get("event") == "closed" for entry in entries)
    if ending is None:
        return {
            "code": INTERRUPTED,
            "resolved": False,
            "closed": closed,
            "finding": "",
            "sentence": "",
            "at": "",
            "seconds": None,
        }
    entry = entries[ending]
    latency = number_of(entry.get("latency_s"))
    return {
        "code": entry["event"],
        "resolved": ENDINGS[entry["event"]],
        "closed": closed,
        "finding": text_of(entry.get("finding")),
        "sentence": text_of(entry.get("message")),
        "at": text_of(when(entry)),
        "seconds": offsets[ending] if latency is None else round(latency, 3),
    }


def _severity(entries: t.Sequence[Entry], findings: t.Sequence[Facts]) -> Facts:
    """The highest that was ever told: a severity is never silently lowered (DESIGN §3)."""
    told = [found.group() for entry in entries if (found := _SEVERITY.search(text_of(entry.get("severity"))))]
    if not told:
        return {"code": "", "rule": "", "rule_id": "", "told": []}
    highest = min(told)
    rule = next((finding["rule"] for finding in findings if highest in finding["severity"] and finding["rule"]), "")
    return {"code": highest, "rule": rule, "rule_id": rule_of(rule), "told": list(dict.fromkeys(told))}


def _observation(raw: Entry) -> Facts:
    names = ("signal", "call", "value", "observed_from", "at", "verdict")
    known = {name: text_of(raw.get(name)) for name in names}
    if not any(known.values()):  # not what was agreed: shown as it is
        known["value"] = text_of(raw.get("value", dict(raw)))
    return known


def _finding(entry: Entry) -> Facts:
    facts = facts_of(entry)
    refuted = [
        {
            "code": text_of(item.get("code", item.get("value"))),
            "counter_checks": [_observation(check) for check in mappings(item.get("counter_checks"))],
        }
        for item in mappings(facts.get("refuted"))
    ]
    return {
        "code": text_of(entry.get("finding")),
        "sentence": text_of(entry.get("message")),
        "at": text_of(when(entry)),
        "severity": text_of(entry.get("severity")),
        "rule": text_of(facts.get("rule")),
        "owner": text_of(facts.get("owner")),
        "next_step": text_of(facts.get("next_step")),
        "verdict": text_of(facts.get("verdict")),
        "evidence": [_observation(item) for item in mappings(facts.get("evidence"))],
        "counter_checks": [_observation(item) for item in mappings(facts.get("counter_checks"))],
        "refuted": refuted,
        "also": [
            {"code": text_of(item.get("code", item.get("value"))), "sentence": text_of(item.get("sentence"))}
            for item in mappings(facts.get("also"))
        ],
    }


def _main_finding(findings: t.Sequence[Facts], result: Facts, entries: t.Sequence[Entry]) -> Facts:
    """What the incident was about: what its end tells, else what was found last."""
    if result["finding"]:
        return {"code": result["finding"], "sentence": result["sentence"]}
    if findings:
        return {name: findings[-1][name] for name in ("code", "sentence")}
    return {"code": first(reversed(entries), "finding"), "sentence": ""}


def _refusal(entry: Entry) -> Facts:
    facts = facts_of(entry)
    return {
        "guard": text_of(facts.get("guard")),
        "code": text_of(facts.get("code")),
        "action": text_of(entry.get("action")),
        "target": text_of(entry.get("target")),
        "message": text_of(entry.get("message")),
        "at": text_of(when(entry)),
    }


def _next(
    entries: t.Sequence[Entry],
    result: Facts,
    finding: Facts,
    refusals: t.Sequence[Facts],
    closing: Facts,
    contacts: t.Mapping[str, t.Any],
) -> Facts:
    """Who has to do what: from the escalation, else from the finding; the next run takes an interrupted one up."""
    escalation = _escalation(entries) or {}
    found = next((facts_of(entry) for entry in reversed(entries) if entry.get("event") == "finding"), {})
    level = text_of(escalation.get("level") or found.get("owner"))
    needed = not result["resolved"] and not result["closed"]
    if needed and not level:
        level = "L1"
    kind = "nothing"
    if needed:
        kind = INTERRUPTED if result["code"] == INTERRUPTED else "step"
    elif not closing["complete"] and result["code"] != "healthy":
        kind = "close"
    return {
        "kind": kind,
        "needed": needed,
        "level": level if needed else "",
        "contact": (escalation.get("contact") or _contact(contacts.get(level))) if needed else "",
        "step": text_of(escalation.get("next_step") or found.get("next_step")) if needed else "",
        "finding": finding["code"] if needed else "",
        "guard": refusals[-1]["guard"] if needed and refusals else "",
    }


def _escalation(entries: t.Sequence[Entry]) -> Facts | None:
    entry = next((entry for entry in reversed(entries) if entry.get("phase") == "escalate"), None)
    if entry is None:
        return None
    facts = facts_of(entry)
    return {
        "level": text_of(facts.get("level")),
        "contact": _contact(facts.get("contact")),
        "next_step": text_of(facts.get("next_step")),
        "finding": text_of(entry.get("finding")),
        "at": text_of(when(entry)),
    }


def _contact(value: t.Any) -> str:
    """A contact may be text or a mapping such as {name, phone}."""
    return ", ".join(map(text_of, value.values())) if isinstance(value, dict) else text_of(value)


def _at_of(entries: t.Sequence[Entry], offsets: t.Sequence[float], *events: str) -> float | None:
    return next((offset for entry, offset in zip(entries, offsets) if entry.get("event") in events), None)


def _times(
    entries: t.Sequence[Entry], offsets: t.Sequence[float], result: Facts, seconds: t.Sequence[float | None]
) -> Facts:
    """From the opening on: detect to the finding, acknowledge to the first action or refusal, recover to the proof."""
    timed = any(at is not None for at in seconds)
    acknowledged = _at_of(entries, offsets, "begin", "refused")
    if acknowledged is None and not result["resolved"]:
        acknowledged = next(
            (offset for entry, offset in zip(entries, offsets) if entry.get("phase") == "escalate"), None
        )
    end = _end_of_run(entries)
    return {
        "opened": first_time(entries),
        "last_entry": first_time(reversed(entries)),
        "detect_s": _at_of(entries, offsets, "finding") if timed else None,
        "acknowledge_s": acknowledged if timed and result["code"] != "healthy" else None,
        "recover_s": result["seconds"] if result["code"] == "healed" else None,
        "run_s": offsets[end] if timed else None,
    }


def _end_of_run(entries: t.Sequence[Entry]) -> int:
    """Index of the last entry that a recovery run wrote; closing or undoing days later is no part of the run."""
    last = len(entries) - 1
    ending = next((number for number in range(last, -1, -1) if is_ending(entries[number])), None)
    later = [number for number, entry in enumerate(entries) if entry.get("event") == "continued"]
    return last if ending is None or (later and later[-1] > ending) else ending


def _phases(entries: t.Sequence[Entry], offsets: t.Sequence[float], result: Facts) -> list[Facts]:
    """The stretches of the run. An entry is written when its work is done, so the time before it belongs to its phase.

    Where another run took over, the time before that is a "pause": nobody worked.
    """
    stretches: list[Facts] = []
    before = 0.0
    for entry, offset in list(zip(entries, offsets))[: _end_of_run(entries) + 1]:
        phase = "pause" if entry.get("event") == "continued" else text_of(entry.get("phase")) or "?"
        if not stretches or stretches[-1]["phase"] != phase:
            stretches.append({"phase": phase, "from_s": before, "to_s": offset, "entries": 0})
        stretches[-1]["to_s"] = before = offset
        stretches[-1]["entries"] += 1
    return stretches


def _comparison(entries: t.Sequence[Entry], findings: t.Sequence[Facts]) -> list[Facts]:
    """Each signal before (as the findings saw it first) and after (as it was verified last)."""
    before: dict[str, str] = {}
    for finding in findings:
        for seen in (*finding["evidence"], *finding["counter_checks"]):
            if seen["signal"]:
                before.setdefault(seen["signal"], seen["value"])
    after: dict[str, str] = {}
    for entry in entries:
        signals = facts_of(entry).get("signals")
        if entry.get("event") in ("verified", "not_verified") and isinstance(signals, dict):
            after.update({text_of(name): text_of(value) for name, value in signals.items()})
    return [
        {"signal": name, "before": before.get(name, ""), "after": after.get(name, "")} for name in {**before, **after}
    ]


def _proof(entries: t.Sequence[Entry]) -> Facts:
    entry = next((entry for entry in reversed(entries) if entry.get("event") in ("verified", "not_verified")), {})
    words = facts_of(entry).get("proof")
    return {
        "verified": entry["event"] == "verified" if entry else None,
        "at": text_of(when(entry)),
        "words": texts(words),
        "message": text_of(entry.get("message")),
    }


def _evidence(entry: Entry) -> Facts:
    facts = facts_of(entry)
    missing = facts.get("not_collected")
    return {
        "archive": text_of(facts.get("archive")),
        "sha256": text_of(facts.get("sha256")),
        "files": number_of(facts.get("files")),
        "not_collected": texts(missing),
        "at": text_of(when(entry)),
    }


def closing_of(entries: t.Sequence[Entry]) -> Facts:
    """Return the items of the closing checklist: done, "none" with a reason, or open. What was told last counts."""
    told: dict[str, t.Any] = {}
    at = ""
    for entry in entries:
        if entry.get("event") == "closed":
            told.update(facts_of(entry))
            at = text_of(when(entry))
    items = []
    for item, names in CLOSING_ITEMS:
        parts = [{"name": name, **_closing_part(told.get(name))} for name in names]
        items.append({"id": item, "done": all(part["value"] or part["reason"] for part in parts), "parts": parts})
    return {"complete": all(item["done"] for item in items), "at": at, "items": items}


def _closing_part(value: t.Any) -> dict[str, str]:
    if isinstance(value, dict) and set(value) == {"none"}:
        return {"value": "", "reason": text_of(value["none"]).strip()}
    if isinstance(value, dict):
        value = ", ".join(text_of(part) for part in value.values() if part)
    return {"value": text_of(value).strip(), "reason": ""}


def _left(entries: t.Sequence[Entry], undos: Undos) -> list[Facts]:
    hosts = texts([entry.get("host") for entry in entries])
    readable = [entry for entry in entries if _is_undo(entry.get("undo"))]
    return [{"undo": undo} for host in hosts for undo in undos(readable, host)]


def _is_undo(value: t.Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("do"), str)


def _noted(entries: t.Sequence[Entry]) -> list[Facts]:
    """What the runs said beside their results, such as that the journal could not be written."""
    notes = texts([note for entry in entries if is_ending(entry) for note in texts(facts_of(entry).get("notes"))])
    return [{"code": "noted", "note": note} for note in notes]


def _remarks(report: Facts, backwards: float, seconds: t.Sequence[float | None]) -> list[Facts]:
    """What a reader must know before believing the rest."""
    unknown = [item["n"] for item in report["timeline"] if not item["known"]]
    without_time = sum(at is None for at in seconds)
    told = report["severity"]["told"]
    remarks = [
        ("incomplete", {}, report["result"]["code"] == INTERRUPTED),
        ("check", {}, report["check"]),
        ("left", {"count": len(report["left"])}, bool(report["left"])),
        ("clock_back", {"seconds": backwards}, backwards > 0),
        ("without_time", {"count": without_time}, without_time > 0),
        ("unknown_entries", {"count": len(unknown), "entries": unknown[:20]}, bool(unknown)),
        ("severity_changed", {"told": told}, len(told) > 1),
    ]
    return [{"code": code, **facts} for code, facts, holds in remarks if holds]
