# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the journal entries of many incidents to the index of a plant and to the page of a shift. Pure. Private."""

from __future__ import annotations

import typing as t

from ._report_entries import Entry, Facts, first, when
from ._report_rules import INTERRUPTED, TIMES, UNREADABLE, VERSION, Clock, Undos, incident_report
from ._report_text import natural_key

Window = t.Tuple[t.Optional[float], t.Optional[float]]

COUNTED = ("healthy", "healed", "unresolved", "refused", "failed", INTERRUPTED)


def by_incident(entries: t.Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return the entries of each incident, in the order given; what belongs to none is under ""."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(first([entry], "incident"), []).append(entry)
    return groups


def reports_of(
    entries: t.Sequence[Entry], *, clock: Clock, undos: Undos, contacts: t.Mapping[str, t.Any] | None = None
) -> list[Facts]:
    """Return the reports of all incidents, oldest first, with recurrence and by what each was superseded."""
    groups = by_incident(entries)
    reports = [
        incident_report(group, clock=clock, undos=undos, contacts=contacts) for name, group in groups.items() if name
    ]
    reports.sort(key=lambda report: (clock.seconds(report["times"]["opened"]) or 0.0, report["incident"]))
    _tell_recurrence(reports, clock)
    _tell_what_came_later(reports)
    return reports


def index_report(
    entries: t.Sequence[Entry],
    *,
    clock: Clock,
    undos: Undos,
    contacts: t.Mapping[str, t.Any] | None = None,
    window: Window = (None, None),
) -> Facts:
    """Return the index of a plant: a row for each incident with an entry in the window, newest first, and the means."""
    everything = reports_of(entries, clock=clock, undos=undos, contacts=contacts)
    rows = [_row(report) for report in everything if _is_within(report, window, clock)]
    return {
        "kind": "index",
        "version": VERSION,
        "counts": _counts(rows),
        "means": {name: _mean([row["times"][name] for row in rows]) for name in TIMES},
        "needs_person": [row for row in rows if row["needs_person"]],
        "incidents": rows[::-1],
        "last_entry": _last_time(entries, clock),
        **outside_of(entries),
    }


def shift_report(
    entries: t.Sequence[Entry],
    *,
    clock: Clock,
    undos: Undos,
    contacts: t.Mapping[str, t.Any] | None = None,
    window: Window = (None, None),
) -> Facts:
    """Return what automation did in a window, for each line that the journals know, and who is needed now.

    Who is needed now is told from all entries, also those before and after the window.
    """
    everything = reports_of(entries, clock=clock, undos=undos, contacts=contacts)
    lines: dict[str, list[Facts]] = {}
    for report in everything:
        lines.setdefault(report["line"], []).append(report)
    rows = []
    for line in sorted(lines, key=natural_key):
        shown = [report for report in lines[line] if _is_within(report, window, clock)]
        rows.append(
            {
                "line": line,
                "counts": _counts(shown),
                "incidents": [_row(report) for report in shown],
                "actions": [
                    {"incident": report["incident"], "host": report["host"], **action}
                    for report in shown
                    for action in report["actions"]
                    if _is_in(clock.seconds(action["began_at"] or action["ended_at"]), window)
                ],
                "needs_person": [_row(report) for report in lines[line] if _needs_person(report)],
            }
        )
    return {
        "kind": "shift",
        "version": VERSION,
        "counts": _counts([incident for row in rows for incident in row["incidents"]]),
        "needs_person": [incident for row in rows for incident in row["needs_person"]],
        "lines": rows,
        "last_entry": _last_time(entries, clock),
        **outside_of(entries),
    }


def _row(report: Facts) -> Facts:
    """Return what index and shift page tell of an incident."""
    names = (
        "incident",
        "host",
        "line",
        "playbook",
        "check",
        "result",
        "severity",
        "finding",
        "next",
        "times",
        "recurrence",
        "superseded_by",
        "remarks",
    )
    return {
        **{name: report[name] for name in names},
        "actions": len(report["actions"]),
        "needs_person": _needs_person(report),
    }


def _needs_person(report: Facts) -> bool:
    return report["next"]["needed"] and not report["superseded_by"]


def _tell_recurrence(reports: t.Sequence[Facts], clock: Clock) -> None:
    """How often the same finding was healed on the same host before, and how long ago last."""
    healed: dict[tuple[str, str], list[Facts]] = {}
    for report in reports:
        earlier = healed.setdefault((report["host"], report["finding"]["code"]), [])
        report["recurrence"] = {"count": len(earlier), "previous": "", "since_s": None}
        if earlier:
            now, then = (clock.seconds(one["times"]["opened"]) for one in (report, earlier[-1]))
            since = None if now is None or then is None else max(0.0, round(now - then, 3))
            report["recurrence"].update(previous=earlier[-1]["incident"], since_s=since)
        if report["result"]["code"] == "healed":
            earlier.append(report)


def _tell_what_came_later(reports: t.Sequence[Facts]) -> None:
    """A later incident of host and playbook settles an earlier one if it ended well; an interrupted one in any case."""
    later: dict[tuple[str, str], tuple[str, str]] = {}
    for report in reversed(reports):
        key = (report["host"], report["playbook"])
        resolved, newest = later.get(key, ("", ""))
        report["superseded_by"] = newest if report["result"]["code"] == INTERRUPTED else resolved
        if not report["check"]:
            later[key] = (report["incident"] if report["result"]["resolved"] else resolved, report["incident"])


def _is_in(at: float | None, window: Window) -> bool:
    since, until = window
    return at is not None and (since is None or at >= since) and (until is None or at < until)


def _is_within(report: Facts, window: Window, clock: Clock) -> bool:
    """Say whether an incident has an entry in the window; without a readable time it is shown rather than lost."""
    times = [clock.seconds(when(item["entry"])) for item in report["timeline"]]
    known = [at for at in times if at is not None]
    return not known or any(_is_in(at, window) for at in known)


def _counts(reports: t.Sequence[Facts]) -> Facts:
    counts = {code: sum(report["result"]["code"] == code for report in reports) for code in COUNTED}
    return {"all": len(reports), **counts}


def _mean(values: t.Sequence[float | None]) -> Facts:
    known = [value for value in values if value is not None]
    return {"seconds": round(sum(known) / len(known), 3) if known else None, "of": len(known)}


def _last_time(entries: t.Sequence[Entry], clock: Clock) -> str:
    timed = [(at, when(entry)) for entry in entries if (at := clock.seconds(when(entry))) is not None]
    return max(timed)[1] if timed else ""


def outside_of(entries: t.Sequence[Entry]) -> Facts:
    """Return what belongs to no incident, as it is, and what there is to say about that."""
    stray = [dict(entry) for entry in entries if not entry.get("incident")]
    unreadable = sum(entry.get("event") == UNREADABLE for entry in stray)
    remarks = [
        ("unreadable", {"count": unreadable}, unreadable > 0),
        ("no_incident", {"count": len(stray) - unreadable}, len(stray) > unreadable),
    ]
    return {"outside": stray, "remarks": [{"code": code, **facts} for code, facts, holds in remarks if holds]}
