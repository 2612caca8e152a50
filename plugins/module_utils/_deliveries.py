# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody outside must learn of incidents, and what of it was told, from the journal alone (docs/tickets.md). Pure.

A case is one problem for the outside: the incidents of a host and playbook that follow one another, each within a day, without
one that ends well. So a run that tries again adds to a ticket instead of opening another one, and what is not sent is found
again by any later run: nothing but the journal remembers it. Private to this collection.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._escalation import LEVELS
from ._incidents import FRESH_MS
from ._report_entries import Entry, Facts, facts_of, text_of, texts, when
from ._report_rules import ENDINGS, is_ending
from ._timestamps import ms_of

#: Phase and events of the entries that say what was told.
PHASE, DELIVERED, NOT_DELIVERED = "deliver", "delivered", "not_delivered"
#: The phases whose entries are needed here.
PHASES = ("close", "escalate", PHASE)
TICKET = "ticket"
ESCALATED, HEALED, CLOSED = "escalated", "healed", "closed"
#: What is older is not told any more: a new ticket system must not get the incidents of a year.
TOO_OLD_MS = 7 * 24 * 3600 * 1000
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


def deliveries(
    entries: t.Iterable[t.Any], *, now: str, ticket: t.Any = None, notify: t.Any = None, most: t.Any = 3,
) -> list[Facts]:
    """Return what is still to be told, of the newest cases first: what (ticket or level), incident, of (the incident of the step), to, target.

    entries: of one host; ticket: lineops_ticket; notify: lineops_notify; most: cases that are told at once, so that a dead server
    holds up no run for long.
    """
    due: list[Facts] = []
    for case in reversed(cases_of(entries)):
        mine = []
        step = due_ticket(case, now) if ticket and _is_wanted(case, ticket) else None
        if step:
            mine.append({"what": TICKET, "of": step["incident"], "to": "", "target": {}})
        for level, given in sorted(notify.items()) if isinstance(notify, Mapping) else ():
            for name, target in targets_of(given).items():
                step = due_level(case, level, name, now)
                mine += [{"what": level, "of": step["incident"], "to": name, "target": target}] if step else []
        due += [{"incident": case["case"], **one} for one in mine]
        if len({one["incident"] for one in due}) >= int(most):  # text, from Jinja on ansible-core 2.18
            break
    return due


def delivery_notes(results: t.Iterable[t.Any]) -> list[str]:
    """Return a sentence for each that could not be told. results: of ticket and notification, with the item of deliveries they were for."""
    failed = [one for one in results if isinstance(one, Mapping) and not one.get("skipped") and "sentence" not in one]
    return [
        f"{'TICKET NOT SENT' if what == TICKET else f'{what} NOT TOLD'}: {why} The next run tries it again."
        for one in failed
        for what in [text_of((one.get("item") or {}).get("what"))]
        for why in [text_of((one.get("failure") or {}).get("message") or one.get("msg"))]
    ]


def _is_wanted(case: Facts, ticket: t.Any) -> bool:
    """Say whether a case gets a ticket; what automation healed by itself may be left out."""
    return ticket.get("healed", True) is not False or any(step["state"] == ESCALATED for step in case["steps"])


def due_ticket(case: Facts, now: str) -> Facts | None:
    """Return the step that the ticket of a case must still learn; None if it knows the last one, or that is old.

    Only the last step: it tells the course before, too.
    """
    step = case["steps"][-1]
    return None if _is_told(case, TICKET, step) or _is_old(step, now) else step


def due_level(case: Facts, level: str, name: str, now: str) -> Facts | None:
    """Return the step by which a level was reached, if this target of it does not know that; None once the case is solved."""
    if case["steps"][-1]["state"] != ESCALATED:
        return None
    reached = (step for step in case["steps"] if step["level"] == level)
    return next((step for step in reached if not _is_told(case, f"{level} {name}", step) and not _is_old(step, now)), None)


def targets_of(given: t.Any) -> dict[str, Facts]:
    """Return the targets of a level by name: kind and host or address, never the path of a webhook, which may be secret."""
    found: dict[str, Facts] = {}
    for target in given if isinstance(given, (list, tuple)) else ():
        if not isinstance(target, Mapping):
            continue
        url = text_of(target.get("webhook"))
        name = f"webhook {origin_of(url)}" if url else f"email {', '.join(texts(target.get('email')))}"
        alike = sum(known.split(" (")[0] == name for known in found)
        found[f"{name} ({alike + 1})" if alike else name] = dict(target)
    return found


def origin_of(url: str) -> str:
    """Return host and port of a URL, all of it that may be shown."""
    return url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1]


def record(case: Facts, step: Facts, what: str, to: str, **details: t.Any) -> Facts:
    """Return the start of an entry for the journal; what: "ticket", or the level and name of whom a message was for."""
    return {
        "phase": PHASE, "incident": step["incident"], "target": what,
        "details": {"what": what, "to": to, "key": step["key"], "case": case["case"], **details},
    }


def ticket_known(case: Facts) -> Facts:
    """Return number and url of the ticket of a case as it was recorded last; {} where none was."""
    known = [told for told in case["told"] if told.get("what") == TICKET and told.get("number")]
    return {name: known[-1].get(name) for name in ("number", "url", "to")} if known else {}


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
    case["last"] = ms_of(when(entry)) if ms_of(when(entry)) is not None else case["last"]
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


def _is_told(case: Facts, what: str, step: Facts) -> bool:
    return any((told.get("what"), told.get("key")) == (what, step["key"]) for told in case["told"])


def _is_old(step: Facts, now: str) -> bool:
    at, today = ms_of(step["at"]), ms_of(now)
    return at is not None and today is not None and today - at > TOO_OLD_MS


def _once(entries: t.Iterable[t.Any]) -> t.Iterator[Entry]:
    """Yield each entry once: those of the running incident are read twice, and an entry that was not written has no hash."""
    seen: set[str] = set()
    for entry in entries:
        mark = text_of(entry.get("hash")) if isinstance(entry, Mapping) else None
        if mark is None or mark and mark in seen:
            continue
        seen.add(mark)
        yield entry
