# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts know an incident, and the one sentence where none does."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._incident_search import incident_search

FIRST, SECOND, OTHER = "line3-20261123T100000-line3-hmi1", "line3-20261123T110000-line3-hmi1", "line2-20261123T100000-line2-hmi1"


def journal(*ids: t.Any) -> dict[str, t.Any]:
    return {"entries": [{"event": "opened", "incident": name} for name in ids]}


KNOWN = {"line3-hmi1": journal(FIRST, SECOND), "line2-hmi1": journal(OTHER), "line3-hmi2": journal(FIRST)}
UNREAD = {"failure": {"code": "journal.broken", "message": "Line 7 of the journal /x is not readable."}}


def test_all_hosts_that_know_it() -> None:
    assert incident_search(KNOWN, incident=FIRST) == {"hosts": ["line3-hmi1", "line3-hmi2"], "sentence": ""}


@pytest.mark.parametrize(
    ("known", "asked", "sentence"),
    [
        (KNOWN, "line3-20261123T110000-line3-hmi", f"The journals of line3-hmi1, line2-hmi1, line3-hmi2 know no incident "
         f"'line3-20261123T110000-line3-hmi'; nearest: {SECOND}, {FIRST}, {OTHER}."),
        (KNOWN, None, f"Which incident is meant? Expected -e incident=ID; newest: {OTHER}, {SECOND}, {FIRST}."),
        (KNOWN, "", f"Which incident is meant? Expected -e incident=ID; newest: {OTHER}, {SECOND}, {FIRST}."),
        (KNOWN, [FIRST], f"incident is ['{FIRST}']; expected one id; newest: {OTHER}, {SECOND}, {FIRST}."),
        (KNOWN, {FIRST: 1}, f"incident is {{'{FIRST}': 1}}; expected one id; newest: {OTHER}, {SECOND}, {FIRST}."),
        ({"h1": journal()}, "x", "The journals of h1 know no incident 'x', and none at all."),
        ({"h1": journal()}, None, "Which incident is meant? Expected -e incident=ID."),
        ({"h1": journal(SECOND), "h2": UNREAD}, FIRST, f"The journals of h1 know no incident '{FIRST}'; nearest: {SECOND}; not read: "
         "h2 (Line 7 of the journal /x is not readable)."),
        ({"h2": UNREAD, "h3": {}, "h4": None}, FIRST,
         "No journal could be read; not read: h2 (Line 7 of the journal /x is not readable), h3 (?), h4 (?)."),
        ({"h1": journal(SECOND)}, "{{ 1/0 }}", f"The journals of h1 know no incident '{{{{ 1/0 }}}}'; nearest: {SECOND}."),
        ({"h1": journal(None, 5, "")}, "x" * 500, f"The journals of h1 know no incident '{'x' * 99}…, and none at all."),
    ],
)  # fmt: skip
def test_one_sentence_where_nobody_knows_it(known: t.Any, asked: t.Any, sentence: str) -> None:
    assert incident_search(known, incident=asked) == {"hosts": [], "sentence": sentence}


def test_in_german() -> None:
    assert incident_search({"h1": journal(SECOND)}, incident="x", language="de")["sentence"] == (
        f"Die Journale von h1 kennen keinen Vorfall 'x'; am nächsten: {SECOND}.")


@given(st.text(), st.lists(st.text(max_size=40), max_size=5))
def test_a_host_or_a_sentence(asked: str, ids: list[str]) -> None:
    told = incident_search({"h1": journal(*ids)}, incident=asked)
    assert (told["hosts"] == ["h1"]) == (asked in ids and asked != "") == (told["sentence"] == "")
    assert "\n" not in told["sentence"] or any("\n" in name for name in ids)
