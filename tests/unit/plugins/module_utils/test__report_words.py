# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of a report: complete in both languages, and recorded sentences told in the language of the page."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS, next_step_of, sentence_of
from ansible_collections.lineops.runbook.plugins.module_utils._report_text import (
    duration,
    natural_key,
    shortened,
    visible,
)
from ansible_collections.lineops.runbook.plugins.module_utils._report_words import WORDS, Words

HOST = "line3-hmi1"


def test_every_word_is_there_in_both_languages_with_the_same_places_to_fill() -> None:
    places = {key: [set(re.findall(r"\{\w+\}", text)) for text in both] for key, both in WORDS.items()}
    assert [key for key, both in WORDS.items() if not all(text.strip() for text in both)] == []
    assert [key for key, (english, german) in places.items() if english != german] == []


def test_every_finding_with_a_next_step_has_it_in_german() -> None:
    """A page in German would end in English where it matters most."""
    assert [code for code, row in FINDINGS.items() if bool(row.next_step) != bool(row.next_step_de)] == []
    wrong = [code for code, row in FINDINGS.items() if ("{host}" in row.next_step_de) != ("{host}" in row.next_step)]
    assert wrong == []


@pytest.mark.parametrize("code", sorted(FINDINGS))
@pytest.mark.parametrize("recorded_in", ["en", "de"])
@pytest.mark.parametrize("names", [
    {"plc": "Press", "camera": "cam1", "host": HOST, "detail": ""},
    {"plc": "Press", "camera": "cam1, gate and 3 more", "host": HOST, "detail": "AMS port 851; not seen"},
    {"plc": "{{ 1/0 }} {host}", "camera": "{plc}", "host": "{plc}", "detail": ""},
])  # fmt: skip
def test_recorded_sentence_is_told_in_the_language_of_the_page(code: str, recorded_in: str, names: t.Any) -> None:
    recorded = sentence_of(code, recorded_in, **names)
    assert {language: Words(language).sentence(code, recorded) for language in ("en", "de")} == {
        language: sentence_of(code, language, **names) for language in ("en", "de")
    }  # fmt: skip


@pytest.mark.parametrize(("code", "recorded"), [
    ("plc.route_missing", "Someone wrote something else."), ("x.unknown", "A sentence."),
    ("plc.silent", "The PLC " + "x" * 5000 + " accepts connections but answers nothing."),
    # Is "(old)" part of the PLC's name or of the detail? Told as recorded rather than guessed.
    ("plc.link_stale", sentence_of("plc.link_stale", "en", plc="Press (old)", host=HOST, detail="a (b) c")),
])  # fmt: skip
def test_what_is_not_recognised_is_not_guessed(code: str, recorded: str) -> None:
    assert Words("de").sentence(code, recorded) == ""


def test_next_step_is_translated_only_if_it_is_the_one_of_the_table() -> None:
    recorded = next_step_of("plc.route_missing", host=HOST)
    german = "Die Route zu line3-hmi1 in TwinCAT XAE auf der Engineering-Seite eintragen (SYSTEM > Routes)."
    assert Words("de").next_step("plc.route_missing", recorded, HOST) == german
    assert Words("de").next_step("plc.route_missing", "", HOST) == german
    assert Words("en").next_step("plc.route_missing", recorded, HOST) == recorded
    assert Words("de").next_step("plc.route_missing", "Look at the route table by hand.", HOST) == ""
    assert Words("de").next_step("run.failed", "Read the failed task above.", HOST).startswith("Den gescheiterten Task")


def test_values_are_filled_in_once() -> None:
    assert Words("en")("remark.chain", path="{line}", count=2, line=7).startswith("{line}: lines that do not fit")


@pytest.mark.parametrize(("seconds", "english", "german"), [
    (0.0, "0.0 s", "0,0 s"), (15.14, "15.1 s", "15,1 s"), (59.4, "59.4 s", "59,4 s"), (59.6, "1 min", "1 min"),
    (61.0, "1 min 1 s", "1 min 1 s"), (3599.6, "1 h", "1 h"), (7260.0, "2 h 1 min", "2 h 1 min"),
    (90000.0, "1 d 1 h", "1 d 1 h"), (None, "", ""),
])  # fmt: skip
def test_durations_have_the_units_that_matter(seconds: t.Any, english: str, german: str) -> None:
    assert [duration(seconds, language).replace("\u00a0", " ") for language in ("en", "de")] == [english, german]


@pytest.mark.parametrize(("text", "seen"), [
    ("a\u202eb\u2066c", "a[U+202E]b[U+2066]c"), ("a\nb\tc\r", "a\u21b5b\u21e5c\u240d"), ("\x1b[31m", "[U+001B][31m"),
    ("\ud800", "[U+D800]"), ("a\u200bb\ufeff", "a[U+200B]b[U+FEFF]"), ("Grüße \u05d0 \u4e2d e\u0301", "Grüße \u05d0 \u4e2d e\u0301"),
])  # fmt: skip
def test_what_is_invisible_is_spelled_out_and_letters_stay(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_cut_text_tells_its_length() -> None:
    assert shortened("x" * 300, "characters", 5) == "xxxxx\u2026 [300 characters]"
    assert shortened("xxxxx", "characters", 5) == "xxxxx"


def test_line_2_comes_before_line_10() -> None:
    assert sorted(["line10", "line2", "", "a\u00b2", "line2b", "10"], key=natural_key) == [
        "", "10", "a\u00b2", "line2", "line2b", "line10",
    ]  # fmt: skip
