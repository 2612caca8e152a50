# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases: what people call one problem, made of the incidents in a journal (docs/tickets.md). Pure. Private to this collection.

A case is the incidents of a host and playbook that follow one another, each within a day, without one that ends well. So a run that
tries again adds to a ticket instead of opening another one.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._escalation import LEVELS
from ._incidents import FRESH_MS
from ._report_entries import Entry, Facts, facts_of, text_of, when
from ._report_rules import ENDINGS, is_ending
from ._timestamps import ms_of

#: Phase and events of the entries that say what was told.
PHASE, DELIVERED, NOT_DELIVERED = "deliver", "delivered", "not_delivered"
#: What somebody must learn.
ESCALATED, HEALED, CLOSED = "escalated", "healed", "closed"
#: The time of day in the id of an incident.
_SECONDS = re.compile(r"(-\d{8})T\d{6}")


def cases_of(entries: t.Iterable[t.Any]) -> list[Facts]:
    """Return the cases in journals, in the order they began.

    Each has case (the id of its first incident), host, line, playbook, incidents, told (details of what was delivered), tried (of
    what was not) and steps: what somebody must learn, each with key, state, level, incident, finding, severity, sentence and at.
    """
    made: list[Facts] = []
    by_incident: dict[tuple[str, str], Facts] = {}
    unsolved: dict[tuple[str, str], Facts] = {}
    for entry in _once(entries):
        incident, host, playbook = (text_of(entry.get(name)) for name in ("incident", "host", "playbook"))
        case = by_incident.get((host, incident))
        if entry.get("phase") == PHASE:
            if case and entry.get("event") in (DELIVERED, NOT_DELIVERED):
                case["told" if entry["event"] == DELIVERED else "tried"].append(facts_of(entry))
            continue
        state = _state_of(entry)
        if not incident or not state:
            continue
        problem = (host, playbook)
        if case is None and state != CLOSED:
            case = _continued(unsolved.get(problem), entry, state)
        if case is None:
            if entry.get("event") == "healthy":
                continue
            case = _case(entry)
            made.append(case)
        by_incident[host, incident] = case
        _add(case, entry, state)
        if state == ESCALATED:
            unsolved[problem] = case
        else:
            unsolved = {key: other for key, other in unsolved.items() if other is not case}
    return made


def _state_of(entry: Entry) -> str:
    if entry.get("event") == "closed":
        return CLOSED
    if not is_ending(entry):
        return ""
    return HEALED if ENDINGS[entry["event"]] else ESCALATED


def _case(entry: Entry) -> Facts:
    return {
        "case": _name_of(entry), **{name: text_of(entry.get(name)) for name in ("host", "line", "playbook")},
        "incidents": [], "steps": [], "told": [], "tried": [], "last": None,
    }


def _name_of(entry: Entry) -> str:
    """Return what a case is called: its first incident. Where no journal holds that (SSH is down, the disk is full), the next run knows
    nothing of it and would open a ticket of its own; so all of a day are called the same, and the receiver knows them again.
    """
    incident, playbook = (text_of(entry.get(name)) for name in ("incident", "playbook"))
    return incident if entry.get("hash") else _SECONDS.sub(lambda found: f"{found.group(1)}-unwritten-{playbook}", incident)


def _continued(case: Facts | None, entry: Entry, state: str) -> Facts | None:
    """Return the unsolved case that an ending goes on with; what was silent for a day is another one, unless this solves it."""
    if case is None or state == HEALED:
        return case
    last, now = case["last"], ms_of(when(entry))
    return None if last is not None and now is not None and now - last > FRESH_MS else case


def _add(case: Facts, entry: Entry, state: str) -> None:
    """Add what is new with an entry: an end, or a level that was not reached before."""
    incident, facts = text_of(entry.get("incident")), facts_of(entry)
    if incident not in case["incidents"]:
        case["incidents"].append(incident)
    at = ms_of(when(entry))
    case["last"] = case["last"] if at is None else at
    level = _level_in(facts) if state == ESCALATED else ""
    known = {step["key"] for step in case["steps"]}
    reached = max((step["level"] for step in case["steps"]), default="")
    key = f"{case['case']}/{state}{'-' if level else ''}{level}"
    ended = bool(case["steps"]) and case["steps"][-1]["state"] == CLOSED
    if key in known or (state == ESCALATED and level <= reached) or (state == HEALED and ended):
        return
    case["steps"].append({
        "key": key, "state": state, "level": level, "incident": incident, "at": text_of(when(entry)),
        "finding": text_of(entry.get("finding")), "severity": text_of(entry.get("severity")), "sentence": text_of(entry.get("message")),
    })


def _level_in(facts: Facts) -> str:
    level = text_of(facts.get("level"))
    return level if level in LEVELS else LEVELS[0]


def _once(entries: t.Iterable[t.Any]) -> t.Iterator[Entry]:
    """Yield each entry once: those of the running incident are read twice, and an entry that was not written has no hash."""
    seen: set[str] = set()
    for entry in entries:
        mark = text_of(entry.get("hash")) if isinstance(entry, Mapping) else None
        if mark is None or mark and mark in seen:
            continue
        seen.add(mark)
        yield entry
