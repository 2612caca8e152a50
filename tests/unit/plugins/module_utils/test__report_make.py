# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON form keeps what its schema promises, whatever the journal holds; names of files are plain."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal import FIELDS
from ansible_collections.lineops.runbook.plugins.module_utils._report_make import FORMATS, file_stem, written_as
from ansible_collections.lineops.runbook.plugins.module_utils._report_rules import EVENTS, PHASES
from ansible_collections.lineops.runbook.tests.unit.helpers import incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.pages import CLOCK, HtmlPage, page_of, report_of
from ansible_collections.lineops.runbook.tests.unit.helpers.photos import photo

SCHEMA_FILE = Path(__file__).resolve().parents[4] / "docs/schemas/incident_report.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
MADE = [
    incidents.healed, incidents.escalated, incidents.interrupted, incidents.refused, incidents.healthy, incidents.taken_over,
]  # fmt: skip


def closed(schema: t.Any) -> t.Any:
    """The schema with nothing allowed that it does not name: what we write is all documented."""
    schema = copy.deepcopy(schema)
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object":
                node["additionalProperties"] = False
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return schema


STRICT = Draft202012Validator(closed(SCHEMA))


def problems(entries: t.Sequence[t.Any], kind: str = "incident", **options: t.Any) -> list[str]:
    document = json.loads(page_of(entries, "json", kind, **options), parse_constant=pytest.fail)
    branch = {"$ref": f"#/$defs/{kind}", "$defs": STRICT.schema["$defs"]}
    assert Draft202012Validator(SCHEMA).is_valid(document)
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(branch).iter_errors(document)]


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("make", MADE)
def test_every_incident_is_as_the_schema_says(make: t.Any) -> None:
    assert problems(make().entries) == []
    assert problems(make().closed().entries) == []


def test_pictures_and_what_is_left_out_of_them_are_as_the_schema_says() -> None:
    wrong = [photo(content=b"no"), photo(moment=""), photo(content=b"x" * 70000), None]
    assert problems(incidents.healed().entries, pictures=[*[photo()] * 17, *wrong]) == []


@pytest.mark.parametrize("kind", ["index", "shift"])
def test_every_page_of_a_plant_is_as_the_schema_says(kind: str) -> None:
    stray = [{"event": "begin"}, "not an entry", None]
    broken = [{"path": "/j", "count": 1, "line": 7}]
    assert problems([*incidents.night(), *stray], kind, window=(1.0, 2e9), broken=broken, plant="Hamburg") == []
    assert problems([], kind) == []


@pytest.mark.parametrize("change", [
    {"version": 2}, {"result": {}}, {"kind": "other"}, {"timeline": None}, {"severity": {"code": "SEV-X"}},
])  # fmt: skip
def test_schema_sees_mistakes(change: dict[str, t.Any]) -> None:
    document = json.loads(page_of(incidents.healed().entries, "json"))
    assert not Draft202012Validator(SCHEMA).is_valid({**document, **change})


def test_language_changes_no_byte_of_the_json() -> None:
    entries = incidents.healed().entries
    assert page_of(entries, "json", language="en") == page_of(entries, "json", language="de")


# --- any journal at all ----------------------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(["SEV-1", "SEV-9", "2026-11-24T02:13:24Z"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)), max_leaves=5
)  # fmt: skip
DETAILS = st.dictionaries(
    st.sampled_from(["scope", "evidence", "counter_checks", "refuted", "also", "steps", "guard", "proof", "signals", "level", "contact",
                     "next_step", "from", "since", "files", "archive", "not_collected", "ticket", "issue", "rule", "verdict"]),
    VALUES, max_size=4)  # fmt: skip
ENTRY = st.fixed_dictionaries(
    {"incident": st.sampled_from(["i-1", "i-2"])},
    optional={
        "phase": st.one_of(st.sampled_from(PHASES), VALUES), "event": st.one_of(st.sampled_from(EVENTS), VALUES),
        "details": st.one_of(DETAILS, VALUES), "ts": st.one_of(st.datetimes().map(lambda at: at.isoformat() + "Z"), VALUES),
        **{name: VALUES for name in (*FIELDS, "target") if name not in ("incident", "phase", "event")},
    },
)  # fmt: skip


@example(entries=[{"incident": "i-1", "phase": "close", "event": "busy"}])  # a result of runs that is in no journal
@given(entries=st.lists(st.one_of(ENTRY, ENTRY, ENTRY, VALUES), max_size=8))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_journal_breaks_a_report_and_every_entry_is_in_it(entries: list[t.Any]) -> None:
    names = {
        entry["incident"] for entry in entries if isinstance(entry, dict) and entry.get("incident") in ("i-1", "i-2")
    }
    for kind in ("index", "shift"):
        assert problems(entries, kind) == []
        assert HtmlPage(page_of(entries, "html", kind, language="de")).mistakes == []
        page_of(entries, "markdown", kind)
    for name in names:
        assert problems(entries, incident=name) == []
        assert HtmlPage(page_of(entries, "html", incident=name)).mistakes == []
        page_of(entries, "markdown", incident=name)
        told = len(report_of(entries, incident=name)["timeline"])
        assert told == sum(isinstance(entry, dict) and entry.get("incident") == name for entry in entries)
    outside = len(report_of(entries, "index")["outside"])
    inside = [entry for entry in entries if isinstance(entry, dict) and entry.get("incident")]
    assert outside == len(entries) - len(inside)


@pytest.mark.parametrize(
    "undo", [{"do": ["x"], "must": True}, {"must": True}, "write_rest", ["write_rest"], {"do": "write_rest", "must": 1}]
)
def test_undo_of_another_shape_breaks_nothing(undo: t.Any) -> None:
    entries = incidents.interrupted().entries
    entries[-1]["undo"] = undo
    assert problems(entries) == []
    page_of(entries, "html"), page_of(entries, "markdown")


# --- which incident, which file --------------------------------------------------------------------------------------


def fails(code: str, entries: t.Sequence[t.Any], **options: t.Any) -> LineopsError:
    with pytest.raises(LineopsError) as caught:
        file_stem(report_of(entries, **options))
    assert caught.value.code == code and caught.value.message.endswith(".") and "\n" not in caught.value.message
    return caught.value


def test_unknown_incident_is_told_in_one_sentence_with_those_that_are_known() -> None:
    error = fails("report.unknown_incident", incidents.night(), incident="line9-x")
    assert error.message == "No entry belongs to the incident line9-x."
    assert "line3-20261124T020000-line3-hmi2 and others" in error.hint


def test_entries_of_several_incidents_need_a_name_and_no_entries_make_no_report() -> None:
    assert "10 incidents" in fails("report.which_incident", incidents.night()).message
    assert "nothing to report" in fails("report.which_incident", []).message
    assert "nothing to report" in fails("report.which_incident", [{"event": "begin"}]).message


@pytest.mark.parametrize("name", [
    "../../etc/passwd", "a/b", ".hidden", "-rf", "a b", "a\nb", "x" * 151, "index", "shift-20261123T1700Z-x", "a\x00", "é", "{{ 1/0 }}",
])  # fmt: skip
def test_id_that_is_no_plain_name_becomes_no_file(name: str) -> None:
    incident = incidents.healed()
    for entry in incident.entries:
        entry["incident"] = name
    fails("report.incident_id", incident.entries)
    # It stands in the index all the same, without a link.
    page = HtmlPage(page_of(incident.entries, "html", "index", there=[f"{name}.html"]))
    assert [tag for tag, dummy in page.tags if tag == "a"] == []


def test_names_of_files() -> None:
    night = incidents.night()
    window = (CLOCK.instant("2026-11-23T18:00", "since"), CLOCK.instant("2026-11-24T06:00", "until"))
    assert file_stem(report_of(incidents.healed().entries)) == "line3-20261124T021324-line3-hmi1"
    assert file_stem(report_of(night, "index")) == "index"
    assert file_stem(report_of(night, "shift", window=window)) == "shift-20261123T1700Z-20261124T0500Z"


def test_json_gives_back_what_the_journal_held() -> None:
    """Half a character, an end of the world, and names that JSON has no letters for."""
    entries = incidents.healed().entries
    entries[0]["details"] = {"\ud800": "\udfff", "\u202e": [1e308, True, None], "\x00": "\u2028"}
    document = json.loads(page_of(entries, "json"))
    assert [item["entry"] for item in document["timeline"]] == entries


def test_the_same_entries_give_the_same_bytes() -> None:
    for form in FORMATS:
        reports = [report_of(incidents.night(), "shift", window=(1.0, 2e9)) for dummy in range(2)]
        first, second = (written_as(form, report, language="de", clock=CLOCK) for report in reports)
        assert first == second
