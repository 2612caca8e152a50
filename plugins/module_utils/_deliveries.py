# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still to be told of the cases in a journal, and how it is recorded (docs/tickets.md). Pure. Private to this collection.

What is due is what happened less what was told: nothing but the journal remembers it, so that any later run finds what was not sent.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._cases import ESCALATED, PHASE, cases_of
from ._report_entries import Facts, text_of, texts
from ._timestamps import ms_of

TICKET = "ticket"
#: What is older is not told any more: a new ticket system must not get the incidents of a year.
TOO_OLD_MS = 7 * 24 * 3600 * 1000


def deliveries(
    entries: t.Iterable[t.Any], *, now: str, ticket: t.Any = None, notify: t.Any = None, most: t.Any = 3,
) -> list[Facts]:
    """Return what is still to be told, of the newest cases first: what (ticket or level), incident, of (the incident of the step), to, place.

    entries: of one host; ticket: lineops_ticket; notify: lineops_notify; most: cases that are told at once, so that a dead server
    holds up no run for long.
    """
    due: list[Facts] = []
    for case in reversed(cases_of(entries)):
        mine = []
        step = due_ticket(case, now) if ticket and _is_wanted(case, ticket) else None
        if step:
            mine.append({"what": TICKET, "of": step["incident"], "to": "", "place": 0})
        for level, given in sorted(notify.items()) if isinstance(notify, Mapping) else ():
            for name, place in targets_of(given).items():
                step = due_level(case, level, name, now)
                mine += [{"what": level, "of": step["incident"], "to": name, "place": place}] if step else []
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


def targets_of(given: t.Any) -> dict[str, int]:
    """Return the names of the targets of a level, each with its place in the list: the kind, and host or address.

    Never the path of a webhook, which may be secret; so it does not travel through what Ansible shows with -v either.
    """
    found: dict[str, int] = {}
    for place, target in enumerate(given if isinstance(given, (list, tuple)) else ()):
        if not isinstance(target, Mapping):
            continue
        url = text_of(target.get("webhook"))
        name = f"webhook {origin_of(url)}" if url else f"email {', '.join(texts(target.get('email')))}"
        alike = sum(known.split(" (")[0] == name for known in found)
        found[f"{name} ({alike + 1})" if alike else name] = place
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


def _is_wanted(case: Facts, ticket: t.Any) -> bool:
    """Say whether a case gets a ticket; what automation healed by itself may be left out."""
    return ticket.get("healed", True) is not False or any(step["state"] == ESCALATED for step in case["steps"])


def _is_told(case: Facts, what: str, step: Facts) -> bool:
    return any((told.get("what"), told.get("key")) == (what, step["key"]) for told in case["told"])


def _is_old(step: Facts, now: str) -> bool:
    at, today = ms_of(step["at"]), ms_of(now)
    return at is not None and today is not None and today - at > TOO_OLD_MS
