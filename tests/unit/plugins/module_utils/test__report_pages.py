# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of a report: text of the plant as it is, one language, and the whole story in order."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._report_text import LIMIT, visible
from ansible_collections.lineops.runbook.plugins.module_utils._report_words import WORDS
from ansible_collections.lineops.runbook.tests.unit.helpers import incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import CONTACTS, Incident
from ansible_collections.lineops.runbook.tests.unit.helpers.pages import HtmlPage, MarkdownPage, page_of

HOSTILE = [
    "{{ 1/0 }}", "{% set x = 1 %}{# no #}", "<script>alert(1)</script>", "</style></bdi><img src=x onerror=alert(1)>",
    "<!-- never closed", "a | b || c", "\\| \\", "`code` ``two``", "``` fence", "line1\nline2\r\n# heading\n\n- item",
    "[link](http://evil.example/)", "![i](http://evil.example/x.png)", "http://evil.example/ www.evil.example",
    "mailto:a@evil.example", "&lt;b&gt; &amp; &#x202e;", "* * *", "---", "- [ ] x", "+ x", "1. one", "2) two", "> quote",
    "=====", "# heading", "~~~", "~~gone~~", "$x^2$", "**bold** _it_ __it__", "' onmouseover='x", '" onclick="x',
    "\u202egnp.exe\u202c", "\x00\x1b[31mred", "\ud800 half", "\u2028", "  two  blanks  ", "<https://evil.example>",
    "x" * 10_000, "[" * 500, "`" * 300, "é\u0301 \U0001f600 \u05d0\u05d1",
]  # fmt: skip
TAGS = {
    "a", "b", "bdi", "body", "caption", "circle", "code", "dd", "desc", "details", "div", "dl", "dt", "h1", "h2", "h3", "head",
    "header", "html", "li", "link", "main", "meta", "p", "rect", "section", "span", "strong", "style", "summary", "svg", "table",
    "tbody", "td", "text", "th", "thead", "time", "title", "tr", "ul", "wbr",
}  # fmt: skip
FOREIGN = {"html_inline", "html_block", "image", "link_open", "fence", "code_block", "s_open", "blockquote_open", "hr"}


def spoiled(text: str) -> Incident:
    """An incident with this text wherever the plant may put one."""
    incident = incidents.interrupted()
    incident.add(0.1, "plan", "refused", message=text, action=text, target=text, details={"guard": text, "code": text})
    incident.add(0.1, "act", "begin", action=text, target=text, original=text, undo={"do": text, text: text})
    incident.add(
        0.1, "act", "failed", action=text, target=text, reached=text, undo={"do": text, text: text}, message=text
    )
    observation = {name: text for name in ("signal", "call", "value", "observed_from", "at", "verdict")}
    incident.add(0.1, "diagnose", "finding", finding=text, severity="SEV-1", message=text, details={
        "rule": text, "owner": text, "next_step": text, "verdict": text, "evidence": [observation],
        "counter_checks": [observation], "refuted": [{"code": text, "counter_checks": [observation]}],
        "also": [{"code": text, "sentence": text}],
    })  # fmt: skip
    incident.add(0.1, text, text, message=text)
    incident.add(0.1, "verify", "not_verified", message=text, details={"proof": [text], "signals": {text: text}})
    incident.add(0.1, "escalate", "unresolved", finding=text, message=text, details={
        "level": text, "contact": text, "next_step": text})  # fmt: skip
    incident.add(0.1, "close", "closed", details={"ticket": text, "issue": {"none": text}})
    for entry in incident.entries:
        entry.update(host=text, line=text, playbook=text, runner=text, run=text, plc=text)
    return incident


def without_blanks(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("kind", ["incident", "index", "shift"])
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_html_shows_any_text_as_it_is_and_nothing_becomes_markup(text: str, kind: str) -> None:
    page = HtmlPage(page_of(spoiled(text).entries, "html", kind, plant=text))
    assert page.mistakes == []
    assert {tag for tag, dummy in page.tags} <= TAGS
    assert [name for dummy, attributes in page.tags for name in attributes if name.startswith("on")] == []
    assert without_blanks(visible(text[:LIMIT])) in without_blanks(page.text)
    assert not re.search("[\x00-\x08\x0b-\x1f\u2028-\u202e\ud800-\udfff]", page.text)


@pytest.mark.parametrize("kind", ["incident", "index", "shift"])
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_markdown_shows_any_text_as_it_is_and_nothing_becomes_markup(text: str, kind: str) -> None:
    source = page_of(spoiled(text).entries, "markdown", kind, plant=text)
    page = MarkdownPage(source)
    assert FOREIGN & set(page.kinds) - {"blockquote_open"} == set()
    assert without_blanks(visible(text[:LIMIT])) in without_blanks("\n".join(page.texts))
    # A bar would make one cell more, which Markdown leaves out.
    tables = re.findall(r"(?:^\|.*\n)+", source, flags=re.MULTILINE)
    bars = [{re.sub(r"\\.", "", line).count("|") for line in table.splitlines()} for table in tables]
    assert bars and [count for count in bars if len(count) != 1] == []
    assert len({table for table, dummy in page.columns}) == len(page.columns)
    plain = MarkdownPage(page_of(spoiled("plain").entries, "markdown", kind, plant="plain"))
    assert page.kinds.count("table_open") == plain.kinds.count("table_open")
    assert page.kinds.count("heading_open") == plain.kinds.count("heading_open")
    assert page.kinds.count("list_item_open") == plain.kinds.count("list_item_open")
    assert not re.search(r"(?<![`\w])(https?:|mailto:|www\.)", re.sub(r"`[^`]*`", "", source))


@given(text=st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_no_text_breaks_a_page(text: str) -> None:
    entries = spoiled(text).entries
    page = HtmlPage(page_of(entries, "html"))
    assert page.mistakes == [] and {tag for tag, dummy in page.tags} <= TAGS
    assert without_blanks(visible(text)) in without_blanks(page.text)
    seen = MarkdownPage(page_of(entries, "markdown"))
    assert FOREIGN & set(seen.kinds) - {"blockquote_open"} == set()
    assert without_blanks(visible(text)) in without_blanks("\n".join(seen.texts))


def test_long_name_is_cut_in_the_story_and_whole_in_the_list_of_entries() -> None:
    name = "Press " + "x" * 9_994
    incident = incidents.healed()
    incident.entries[0]["message"] = name
    incident.entries[0].pop("details")
    page = HtmlPage(page_of(incident.entries, "html"))
    timeline, everything = page.tables[0], page.tables[-1]
    assert timeline[1][2].endswith("x\u2026 [10000 characters]") and len(timeline[1][2]) < 400
    assert everything[1][3] == name


# --- language --------------------------------------------------------------------------------------------------------

MADE = [
    incidents.healed, incidents.escalated, incidents.interrupted, incidents.refused, incidents.healthy, incidents.taken_over,
]  # fmt: skip
#: Words that are the same in both languages, or stand inside data.
SHARED = {en for en, de in WORDS.values() if en == de} | {"closed"}


def labels(page: HtmlPage) -> set[str]:
    return {cell.strip() for table in page.tables[:-1] for row in table for cell in row}


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("run_language", ["en", "de"])
def test_no_page_is_half_translated(make: t.Any, run_language: str) -> None:
    """Whatever language the run wrote its sentences in."""
    entries = make(language=run_language).entries
    german = HtmlPage(page_of(entries, "html", language="de", contacts=CONTACTS))
    english = HtmlPage(page_of(entries, "html", language="en", contacts=CONTACTS))
    pairs = [pair for pair in WORDS.values() if pair[0] not in SHARED and "{" not in pair[0]]
    assert labels(german) & {en for en, dummy in pairs} - {de for dummy, de in pairs} == set()
    assert labels(english) & {de for dummy, de in pairs} - {en for en, dummy in pairs} == set()
    story = german.text[: german.text.index("Alle Einträge des Journals")]
    assert not re.search(r"\b(The|the|is|of|what|was|has|and|not)\b", story.replace("the supervisor itself", ""))
    assert "PLC Press" in german.text and "PLC Press" in english.text


@pytest.mark.parametrize("kind", ["index", "shift"])
def test_no_page_of_a_plant_is_half_translated(kind: str) -> None:
    german = HtmlPage(page_of(incidents.night(), "html", kind, language="de"))
    assert not re.search(r"\b(The|the|is|of|what|was|has|and|not)\b", german.text)


# --- what is told, in which order ------------------------------------------------------------------------------------


def test_page_of_an_escalated_incident_begins_with_what_a_tired_person_needs() -> None:
    text = page_of(incidents.escalated().entries, "markdown", language="de", contacts=CONTACTS)
    assert text.startswith(
        "# line3-hmi1\n\n"
        "**NICHT BEHOBEN** · **SEV-1 – Produktionsausfall** · ein Mensch muss handeln\n\n"
        "Die PLC Press ist im Netz, aber ihr TwinCAT-Router weist Verbindungen ab.\n\n"
        "## Was jetzt zu tun ist\n\n"
        "Das TwinCAT-Symbol auf der PLC ansehen: die Laufzeit steht, startet gerade, oder Port 48898 ist zu.\n\n"
        "**Anrufen** L1 Betrieb: Operations, shift phone 100\n"
    )


def test_headings_go_from_the_first_screen_over_the_story_to_the_proof() -> None:
    text = page_of(incidents.refused().closed().entries, "markdown")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == [
        "What to do now", "Timeline", "Proof", "Findings and counter-checks", "Actions", "Refused by guard rails", "Escalation",
        "Saved evidence", "Closing checklist", "Times", "All entries of the journal (7)",
    ]  # fmt: skip


def test_page_of_a_shift_goes_from_who_is_needed_over_the_lines() -> None:
    night = incidents.night()
    text = page_of([*night, {"event": "begin"}], "markdown", "shift", language="de", window=(0.0, 2e9), plant="Hamburg")
    assert text.startswith("# Was die Automatik getan hat – Hamburg\n\n**Incidents, die einen Menschen brauchen: 3**\n")
    assert re.findall(r"^##+ (.*)$", text, flags=re.MULTILINE) == [
        "Braucht jetzt einen Menschen", "Linie line1", "Linie line2", "Linie line3", "Maßnahmen: 15", "Linie line10",
        "Maßnahmen: 9", "Zeilen und Einträge außerhalb jedes Incidents (1)",
    ]  # fmt: skip


def test_page_of_a_plant_has_its_figures() -> None:
    text = page_of(incidents.night(), "markdown", "index", plant="Hamburg").replace("\u00a0", " ")
    assert "| MTTR | 45 min 18 s | mean of 4 |" in text
    assert "healed before 2×, last 1 h 57 min before" in text
    assert text.count("settled by a later run") == 1


def test_refused_run_says_how_the_guard_rail_is_lifted() -> None:
    text = page_of(incidents.refused().entries, "markdown")
    assert "Ask who works on this line. When the work is done, set lineops\\_freeze to false" in text


def test_interrupted_incident_says_so_on_top_and_names_what_is_left() -> None:
    text = page_of(incidents.interrupted().entries, "markdown")
    assert "**NOT FINISHED**" in text.splitlines()[2]
    assert "> This incident has no end in the journal" in text
    assert "> Left as it was, still to be taken back (the next run does that first): write the rest value" in text
    assert "MAIN.bOpsTest" in text


def test_settled_incident_asks_nobody_for_anything() -> None:
    first, second = incidents.escalated(), incidents.healthy(begun=incidents.BEGUN.replace(hour=5))
    text = page_of([*first.entries, *second.entries], "markdown", incident=first.name)
    assert "Nothing: a later run on this host settled it." in text and second.name in text
    assert "**Call**" not in text


def test_picture_shows_failure_actions_and_recovery_and_says_it_in_words() -> None:
    page = HtmlPage(page_of(incidents.healed().entries, "html"))
    marks = [
        attributes["class"] for tag, attributes in page.tags if tag == "svg" and "mark" in (attributes["class"] or "")
    ]
    assert marks[0] == "mark failure" and marks[-1] == "mark recovery" and "mark action" in marks
    ids = {attributes["id"] for tag, attributes in page.tags if tag in ("title", "desc") and attributes}
    picture = next(attributes for tag, attributes in page.tags if tag == "svg")
    assert picture["role"] == "img" and set(str(picture["aria-labelledby"]).split()) == ids
    assert (
        "\u2715 failure +5.3\u00a0s: Fault named" in page.text and "\u2713 recovery +17.3\u00a0s: Proven" in page.text
    )


def test_a_pause_of_hours_does_not_hide_the_work() -> None:
    page = HtmlPage(page_of(incidents.taken_over().entries, "html"))
    widths = [float(str(a["width"]).rstrip("%")) for tag, a in page.tags if tag == "rect" and a.get("class") == "bar"]
    assert max(widths) > 15 and "pause, drawn shorter" in page.text


def test_long_story_shows_beginning_and_end_and_the_rest_at_the_end_of_the_page() -> None:
    incident = incidents.interrupted()
    for number in range(10_000):
        incident.add(0.01, "act", "levitated" if number % 2 else "begin", action="connect", message=f"message {number}")
    page = HtmlPage(page_of(incident.entries, "html"))
    timeline, everything = page.tables[0], page.tables[-1]
    total = len(incident.entries)
    assert (len(timeline), len(everything)) == (202, total + 1)
    assert [row[2] for row in timeline if row[0] == "\u2026"] == [f"{total - 200} more entries: see all entries below"]
    assert everything[-1][3] == "message 9999"
    assert sum(tag == "circle" for tag, dummy in page.tags) < 100


def test_links_lead_only_to_reports_that_are_there() -> None:
    night = incidents.night()
    name = next(entry["incident"] for entry in night if entry["host"] == "line2-hmi2")
    page = HtmlPage(page_of(night, "html", "index", there=[f"{name}.html", "index.html"]))
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} == {f"{name}.html"}
    assert f"[{name}]({name}.md)" in page_of(night, "markdown", "index", there=[f"{name}.md"])


def test_file_is_one_page_that_may_load_and_run_nothing() -> None:
    text = page_of(incidents.healed().entries, "html", language="de")
    page = HtmlPage(text)
    policy = next(attributes for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes)
    assert str(policy["content"]).startswith("default-src 'none';")
    assert ("html", {"lang": "de"}) in page.tags
    references = [
        value for dummy, attributes in page.tags for name, value in attributes.items() if name in ("href", "src", "action")
    ]  # fmt: skip
    assert references == ["data:,"]
    assert not re.search(r"url\(|@import|https?:", text)
