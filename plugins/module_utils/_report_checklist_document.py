# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The standard checklist as a page: first who needs attention and what to do, then the seven steps. Pure. Private.

The sentences were told when the hosts were looked at (see _checklist); the page puts them in order.
"""

from __future__ import annotations

import typing as t

from ._checklist import ATTENTION, OK, SEVERITIES, UNSEEN, counted, shown_state
from ._checklist_steps import missing_words
from ._checklist_words import Tell
from ._report_blocks import Badge, Banner, Bullets, Code, Facts, Inline, Page, Paragraph, Section, Strong, Table
from ._report_entries import text_of
from ._report_teller import Shown, Teller

Report = t.Mapping[str, t.Any]

#: Our own sentences are not cut; what a plant says in them was cut before.
_WHOLE = 4000
_TONES = {OK: "good", ATTENTION: "warn", UNSEEN: "plain"}
_SEVERITY_TONES = dict(zip(SEVERITIES, ("bad", "warn", "plain")))


def checklist_page(report: Report, *, language: str, shown: Shown, plant: str = "") -> Page:
    """Return the page of a checklist; shown: writes a time for people."""
    tell, words = Tell(language), Teller(language, shown, report["at"])
    worst_first = list(reversed(report["hosts"]))
    line = f" {report['lines'][0]}" if len(report["lines"]) == 1 else ""
    title = f"{tell('page')}{line}" + (f" \u2013 {plant}" if plant else "")
    sections = (
        Paragraph(tell("page.read_only")), _hosts(worst_first, tell, words), _steps(report["steps"], tell, words),
        *(_host(row, tell, words) for row in worst_first))
    return Page(title, language, _banner(report, worst_first, title, tell, words), sections)


def _banner(report: Report, rows: t.Sequence[Report], title: str, tell: Tell, words: Teller) -> Banner:
    severity = min((one["severity"] for one in report["severities"] if one["severity"]), default="")
    troubled = [row for row in rows if row["state"] != OK]
    state = ATTENTION if any(row["state"] == ATTENTION for row in rows) else UNSEEN if troubled or not rows else OK
    badge = Badge(severity, _SEVERITY_TONES[severity]) if severity else Badge(
        tell("page.good") if state == OK else tell(f"state.{state}"), _TONES[state])
    told = [words.data(one["sentence"], _WHOLE).text for one in report["severities"] if one["severity"]]
    facts: list[tuple[str, Inline]] = [
        (words.words("time"), words.moment(report["at"])), (words.words("scope"), _scope(report, words)),
        (tell("page.count"), counted(report["counts"], tell))]
    if troubled and not told:
        told = [f"{row['host']}: {words.data(row['sentence'], _WHOLE).text}" for row in troubled[:3]]
    to_do = tuple(_todo(row, words) for row in troubled if row["severity"])
    tone = _SEVERITY_TONES.get(severity, _TONES[state])
    sentence = " ".join(told) or tell("page.good")
    return Banner(tone, words.data(title).text, (badge,), sentence, words.words("next"), to_do, tuple(facts))


def _todo(row: Report, words: Teller) -> Inline:
    """What a host with a severity asks for first, and whom to call."""
    told = (Strong(words.data(f"{row['host']}: ").text), words.data(_first(row), _WHOLE))
    if row["plan"] or not row["contact"]:
        return told
    return (*told, f" {words.words('call')} ", words.level(row["owner"]), ": ", words.data(row["contact"]), ".")


def _first(row: Report) -> str:
    """Return what a host asks for first."""
    step = row["steps"][4]
    return step["notes"][0]["text"] if step["state"] == ATTENTION else ""


def _scope(report: Report, words: Teller) -> Inline:
    names = ", ".join(row["host"] for row in sorted(report["hosts"], key=lambda row: text_of(row["host"])))
    return words.data(names, _WHOLE)


def _badge(row: Report, tell: Tell) -> Badge:
    tone = _SEVERITY_TONES.get(row["severity"], _TONES[row["state"]])
    return Badge(shown_state(row, tell), tone)


def _hosts(rows: t.Sequence[Report], tell: Tell, words: Teller) -> Section:
    header = (words.words("host"), tell("page.state"), tell("page.what"), tell("page.todo"))
    table = tuple(
        (words.data(row["host"]), _badge(row, tell), words.data(row["sentence"], _WHOLE),
         words.data(_first(row), _WHOLE) if _first(row) else "\u2013")
        for row in rows)
    return Section(tell("page.hosts"), (Table(tell("page.hosts"), header, table, titled=True),))


def _steps(steps: t.Sequence[Report], tell: Tell, words: Teller) -> Section:
    return Section(tell("page.steps"), tuple(
        Section(f"{step['number']} {step['title']}", (_told(step, tell, words),), level=3) for step in steps))


def _told(step: Report, tell: Tell, words: Teller) -> t.Any:
    """What several hosts say in the same words stands here once."""
    if not step["told"]:
        return Paragraph(words.data(step["summary"], _WHOLE))
    return Bullets(tuple(
        (_state(group["state"], tell), " ", Strong(words.data(", ".join(group["hosts"]), _WHOLE).text), ": ",
         words.data(group["sentence"], _WHOLE))
        for group in step["told"]))


def _state(state: str, tell: Tell) -> Badge:
    return Badge(tell(f"state.{state}"), _TONES[state])


def _host(row: Report, tell: Tell, words: Teller) -> Section:
    """All of one host: the seven steps, then the counter-checks and the incidents in full."""
    header = (tell("page.step"), tell("page.state"), tell("page.what"))
    title = tell("page.details", host=words.data(row["host"]).text)
    blocks: list[t.Any] = [Table(title, header, tuple(
        (f"{step['number']} {tell('title.' + str(step['number']))}", _state(step["state"], tell),
         words.data(step["sentence"], _WHOLE))
        for step in row["steps"]), titled=True)]
    diagnosis = row["diagnosis"]
    if diagnosis:
        blocks += _diagnosis(diagnosis, tell, words)
    if row["incidents"]:
        blocks.append(_incidents(row["incidents"], tell, words))
    return Section(title, tuple(blocks), folded=True)


def _incidents(incidents: t.Sequence[Report], tell: Tell, words: Teller) -> Table:
    header = (*(words.words(name) for name in ("incident", "opened", "severity", "finding")), tell("page.missing"))
    return Table(tell("title.7"), header, tuple(
        (words.id(one["incident"]), words.moment(one["since"]), words.value(one["severity"]), words.value(one["finding"]),
         missing_words(one["missing"], tell))
        for one in incidents))


def _diagnosis(diagnosis: Report, tell: Tell, words: Teller) -> list[t.Any]:
    header = tuple(words.words(name) for name in ("call_made", "value", "time", "vantage", "verdict"))
    checks = tuple(
        (words.code(check.get("call")), words.code(check.get("value")), words.short_moment(check.get("at")),
         words.data(check.get("observed_from")), words.of("verdict", check.get("verdict")))
        for check in diagnosis.get("counter_checks") or [])
    facts: list[tuple[str, Inline]] = [
        (words.words("finding"), Code(words.data(diagnosis.get("code")).text)),
        (words.words("verdict"), words.of("verdict", diagnosis.get("verdict")))]
    if diagnosis.get("rule") and diagnosis.get("severity"):
        facts.append((words.words("severity"), words.data(f"{diagnosis['severity']}: {diagnosis['rule']}")))
    blocks: list[t.Any] = [Facts(tuple(facts))]
    blocks.append(
        Table(words.words("counter_checks"), header, checks) if checks else Paragraph(tell("verdict.open")))
    fallen = [words.data(one.get("code")) for one in diagnosis.get("refuted") or []]
    return blocks + ([Paragraph(f"{tell('page.refuted')}:"), Bullets(tuple(fallen))] if fallen else [])
