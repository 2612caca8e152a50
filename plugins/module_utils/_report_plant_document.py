# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The index of a plant and the page of a shift: first who is needed now, then what happened. Pure. Private."""

from __future__ import annotations

import typing as t

from ._report_blocks import Badge, Banner, Inline, Link, Page, Paragraph, Section, Strong, Table
from ._report_document import actions_table, outside, recurrence, remarks
from ._report_entries import text_of
from ._report_plant_rules import COUNTED
from ._report_rules import TIMES
from ._report_teller import TONES, Shown, Teller

Report = t.Mapping[str, t.Any]
#: Incident -> file of its report; "" where there is none.
Href = t.Callable[[str], str]


def index_page(report: Report, *, language: str, shown: Shown, href: Href, plant: str = "") -> Page:
    """Return the page of a plant."""
    tell = Teller(language, shown, report["last_entry"])
    words = tell.words
    rows = report["incidents"]
    incidents: t.Any = Paragraph(words("incidents.none"))
    if rows:
        incidents = _incidents(rows, tell, href)
    sections = (
        *remarks(report, tell),
        *_people(report["needs_person"], tell, href),
        Section(words("incidents"), (incidents,)),
        _means(report, tell),
        outside(report, tell),
    )
    return Page(
        _title(words("title.index"), tell.data(plant).text),
        language,
        _banner(report, tell, words("title.index"), plant),
        tuple(s for s in sections if s),
    )


def shift_page(report: Report, *, language: str, shown: Shown, href: Href, plant: str = "") -> Page:
    """Return the page of a shift."""
    tell = Teller(language, shown, report["window"]["since"])
    words = tell.words
    sections = (
        *remarks(report, tell),
        *_people(report["needs_person"], tell, href),
        *(_line(row, tell, href) for row in report["lines"]),
        *(() if report["lines"] else (Paragraph(words("incidents.none")),)),
        outside(report, tell),
    )
    return Page(
        _title(words("title.shift"), tell.data(plant).text),
        language,
        _banner(report, tell, words("title.shift"), plant),
        tuple(s for s in sections if s),
    )


def _title(title: str, plant: str) -> str:
    return f"{title} \u2013 {plant}" if plant else title


def _banner(report: Report, tell: Teller, title: str, plant: str) -> Banner:
    words = tell.words
    needed = report["needs_person"]
    badges = (
        Badge(words("person.count", count=len(needed)), "bad") if needed else Badge(words("person.nobody"), "good"),
    )
    facts: list[tuple[str, Inline]] = []
    since, until = report["window"]["since"], report["window"]["until"]
    if since or until:
        facts.append(
            (
                words("window"),
                (
                    tell.moment(since) if since else "\u2026",
                    f" {words('until')} ",
                    tell.moment(until) if until else "\u2026",
                ),
            )
        )
    facts.append((words("last_entry"), tell.moment(report["last_entry"]) if report["last_entry"] else "\u2013"))
    return Banner(
        "bad" if needed else "good",
        _title(title, tell.data(plant).text),
        badges,
        _counted(report["counts"], tell),
        "",
        (),
        tuple(facts),
    )


def _counted(counts: Report, tell: Teller) -> Inline:
    told = [f"{tell.words('incidents')}: {counts['all']}"]
    told += [f"{tell.result(code).text}: {counts[code]}" for code in COUNTED if counts[code]]
    return " \u00b7 ".join(told)


def _people(rows: t.Sequence[Report], tell: Teller, href: Href) -> list[Section]:
    """Who has to do what, the most severe first."""
    if not rows:
        return []
    words = tell.words
    ordered = sorted(rows, key=lambda row: (row["severity"]["code"] or "SEV-9", row["times"]["opened"]))
    table = tuple(
        (
            (_severity(row, tell), " ", tell.data(row["host"])),
            (
                tell.sentence(row["finding"]["code"], row["finding"]["sentence"]),
                " ",
                tell.result(row["result"]["code"]),
            ),
            _paragraphs(tell.todo(row)),
            _link(row, tell, href),
        )
        for row in ordered
    )
    header = (words("host"), words("finding"), words("next"), words("incident"))
    return [Section(words("person.title"), (Table(words("person.title"), header, table, titled=True),))]


def _paragraphs(parts: t.Sequence[Inline]) -> Inline:
    return tuple(piece for part in parts for piece in (" ", part))[1:]


def _severity(row: Report, tell: Teller) -> Inline:
    code = row["severity"]["code"]
    return Badge(code, {"SEV-1": "bad", "SEV-2": "warn"}.get(code, "plain")) if code else "\u2013"


def _link(row: Report, tell: Teller, href: Href) -> Inline:
    target = href(row["incident"])
    name = tell.data(row["incident"]).text
    return Link(name, target) if target else tell.id(row["incident"])


def _incidents(rows: t.Sequence[Report], tell: Teller, href: Href, of_line: str = "") -> Table:
    """The table of a whole plant, with its times; or of one line, which is then named in the caption."""
    words = tell.words
    measures = () if of_line else TIMES
    header = (
        words("opened"),
        *(() if of_line else (words("line"),)),
        words("host"),
        words("severity"),
        words("finding"),
        words("result"),
        *(words(f"short.{name}") for name in measures),
        words("recurrence"),
        words("incident"),
    )
    return Table(
        _of_line(words("incidents"), of_line),
        header,
        tuple(
            (
                tell.short_moment(row["times"]["opened"], with_day=True),
                *(() if of_line else (tell.data(row["line"]),)),
                tell.data(row["host"]),
                _severity(row, tell),
                tell.sentence(row["finding"]["code"], row["finding"]["sentence"]),
                _result(row, tell),
                *(tell.duration(row["times"][name]) for name in measures),
                recurrence(row["recurrence"], tell) if row["recurrence"]["count"] else "\u2013",
                _link(row, tell, href),
            )
            for row in rows
        ),
        wide=True,
        titled=not of_line,
    )


def _result(row: Report, tell: Teller) -> Inline:
    words = tell.words
    code = row["result"]["code"]
    extra: list[Inline] = [Badge(words.known("result", code), TONES[code])]
    if row["result"]["closed"]:
        extra.append(f" {words('closed')}")
    if row["superseded_by"] and row["next"]["needed"]:
        extra.append(f" {words('settled_later')}")
    return tuple(extra)


def _means(report: Report, tell: Teller) -> Section:
    words = tell.words
    rows = []
    for name in TIMES:
        mean = report["means"][name]
        rows.append(
            (
                words(f"short.{name}"),
                tell.duration(mean["seconds"]),
                words("mean.of", count=mean["of"]),
                words(f"definition.{name}"),
            )
        )
    header = (words("measure"), words("duration"), words("counts"), words("definition"))
    return Section(
        words("times"), (Paragraph(words("definition.mean")), Table(words("times"), header, tuple(rows), titled=True))
    )


def _of_line(caption: str, line: str) -> str:
    """Each table of a page has a caption of its own, for those who hear the page."""
    return f"{caption} \u2013 {line}" if line else caption


def _line(row: Report, tell: Teller, href: Href) -> Section:
    """One line in one night."""
    words = tell.words
    title = f"{words('line')} {tell.data(row['line']).text}" if row["line"] else words("line.none")
    blocks: list[t.Any] = []
    if row["needs_person"]:
        hosts = ", ".join(dict.fromkeys(text_of(incident["host"]) for incident in row["needs_person"]))
        blocks.append(Paragraph((Strong(f"{words('person.title')}: "), tell.data(hosts)), "warn"))
    if not row["incidents"]:
        blocks.append(Paragraph(words("nothing_done")))
        return Section(title, tuple(blocks))
    blocks += [Paragraph(_counted(row["counts"], tell)), _incidents(row["incidents"], tell, href, of_line=title)]
    if row["actions"]:
        table = actions_table(row["actions"], tell, caption=_of_line(words("actions"), title), with_host=True)
        blocks.append(Section(f"{words('actions')}: {len(row['actions'])}", (table,), folded=True, level=3))
    else:
        blocks.append(Paragraph(words("actions.none")))
    return Section(title, tuple(blocks))
