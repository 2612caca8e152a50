# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a report of any kind in any format from journal entries. Pure. Private to this collection."""

from __future__ import annotations

import json
import re
import typing as t

from ._errors import LineopsError
from ._report_checklist_document import checklist_page
from ._report_document import incident_page
from ._report_entries import Entry, Facts, plain, text_of
from ._report_html import html_page
from ._report_markdown import markdown
from ._report_photos import photos_of, without_content
from ._report_plant_document import index_page, shift_page
from ._report_plant_rules import index_report, outside_of, reports_of, shift_report
from ._report_rules import UNREADABLE, Clock, Undos
from ._report_teller import Shown

#: Format -> ending of its file.
FORMATS = {"html": "html", "markdown": "md", "json": "json"}

#: An incident id that may be the name of a file; what the pages of plant, shift and checklist are called is theirs.
_PLAIN = re.compile(r"(?!index\Z|shift-[0-9]{8}T[0-9]{4}Z-|checklist-of-)[A-Za-z0-9][A-Za-z0-9._-]{0,149}")


class ShowingClock(Clock, t.Protocol):
    """What a report needs to know of time."""

    def shown(self, text: t.Any) -> str:
        """Return a time for people."""

    def text(self, seconds: float) -> str:
        """Return seconds since 1970 as the journal writes times."""


def made_report(
    kind: str,
    entries: t.Sequence[t.Any],
    *,
    clock: ShowingClock,
    undos: Undos,
    contacts: t.Mapping[str, t.Any],
    incident: str | None,
    window: tuple[float | None, float | None],
    broken: t.Sequence[Facts],
    pictures: t.Sequence[t.Any] = (),
) -> Facts:
    """Return the report as data, the JSON form of docs/schemas/incident_report.schema.json.

    window: begin and end in seconds since 1970, for index and shift; broken: {path, line} where a chain does not hold;
    pictures: what _report_photos.photos_of takes, for an incident.
    """
    known = [_entry_of(entry) for entry in entries]
    options: dict[str, t.Any] = {"clock": clock, "undos": undos, "contacts": contacts}
    if kind == "incident":
        report = _the_one(reports_of(known, **options), incident)
        lost = outside_of([entry for entry in known if entry.get("event") == UNREADABLE])
        photos, left_out = photos_of(pictures)
        report.update(outside=lost["outside"], remarks=report["remarks"] + lost["remarks"] + left_out, pictures=photos)
    else:
        begin, end = ("" if at is None else clock.text(at) for at in window)
        report = (index_report if kind == "index" else shift_report)(known, window=window, **options)
        report["window"] = {"since": begin, "until": end}
    report["remarks"] += [{"code": "chain", **where} for where in broken]
    return report


def checklist_report(checklist: t.Mapping[str, t.Any]) -> Facts:
    """Return a checklist as a report.

    checklist: what the filter checklist_plant returns.
    """
    made = plain(checklist)
    missing = [name for name in ("at", "counts", "hosts", "lines", "severities", "steps") if name not in made]
    if missing:
        raise LineopsError(
            "report.checklist", f"checklist has no {', '.join(missing)}.", "Give it what the filter checklist_plant returns.")
    return {"kind": "checklist", **made, "remarks": []}


def file_stem(report: Facts) -> str:
    """Return the name of the report's files without its ending."""
    if report["kind"] == "checklist":
        # One page for each line, that of the last look; the pages of many looks would only fill the disk.
        lines = report["lines"]
        return f"checklist-of-{lines[0] if len(lines) == 1 and _PLAIN.fullmatch(lines[0]) else 'plant'}"
    if report["kind"] == "index":
        return "index"
    if report["kind"] == "shift":
        return "shift-" + "-".join(
            re.sub(r":..\..*|[-:]", "", report["window"][name]) + "Z" for name in ("since", "until")
        )
    if not _PLAIN.fullmatch(report["incident"]):
        raise LineopsError(
            "report.incident_id",
            f"The incident id {report['incident'][:100]!r} cannot be the name of a file.",
            "Letters, digits, dot, dash and underscore are taken, up to 150.",
        )
    return report["incident"]


def written_as(
    form: str, report: Facts, *, language: str, clock: ShowingClock, plant: str = "", there: t.Iterable[str] = ()
) -> bytes:
    """Return the report in one format; there: names in its directory, for links to the reports that exist."""
    if form == "json":
        known = {"pictures": without_content(report["pictures"])} if "pictures" in report else {}
        text = json.dumps({**report, **known, "plant": plant}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        # A lone surrogate has no UTF-8; escaped it is the JSON that it came from.
        return text.encode("utf-8", "backslashreplace")
    options: dict[str, t.Any] = {"language": language, "shown": t.cast(Shown, clock.shown), "plant": plant}
    if report["kind"] == "incident":
        page = incident_page(report, **options)
    elif report["kind"] == "checklist":
        page = checklist_page(report, **options)
    else:
        files = frozenset(there)

        def href(incident: str) -> str:
            name = f"{incident}.{FORMATS[form]}"
            return name if _PLAIN.fullmatch(incident) and name in files else ""

        page = (index_page if report["kind"] == "index" else shift_page)(report, href=href, **options)
    return (html_page if form == "html" else markdown)(page).encode("utf-8", "replace")


def summary(report: Facts) -> Facts:
    """Return what stands at the top, for the result of a task."""
    if report["kind"] == "incident":
        names = (
            "incident",
            "host",
            "line",
            "playbook",
            "result",
            "severity",
            "finding",
            "next",
            "times",
            "superseded_by",
        )
        return {name: report[name] for name in names}
    if report["kind"] == "checklist":
        return {name: report[name] for name in ("at", "lines", "counts", "severities")}
    rows = (
        report["incidents"]
        if report["kind"] == "index"
        else [row for line in report["lines"] for row in line["incidents"]]
    )
    return {
        "counts": report["counts"],
        "incidents": [row["incident"] for row in rows],
        "needs_person": [row["incident"] for row in report["needs_person"]],
    }


def _entry_of(raw: t.Any) -> Entry:
    """What is no mapping at all is kept as a line that cannot be read."""
    value = plain(raw)
    return value if isinstance(value, dict) else {"event": UNREADABLE, "message": text_of(value)}


def _the_one(reports: t.Sequence[Facts], incident: str | None) -> Facts:
    names = [report["incident"] for report in reports]
    known = (
        f"The journal knows {', '.join(name[:100] for name in names[-5:])}{' and others' if len(names) > 5 else ''}."
        if names
        else ""
    )
    if incident is None and len(reports) == 1:
        return reports[0]
    if incident is None:
        raise LineopsError(
            "report.which_incident",
            f"The entries belong to {len(names)} incidents; incident must say which one is meant."
            if names
            else "There is no entry of any incident, so there is nothing to report.",
            known,
        )
    if incident not in names:
        raise LineopsError("report.unknown_incident", f"No entry belongs to the incident {incident[:100]}.", known)
    return reports[names.index(incident)]
