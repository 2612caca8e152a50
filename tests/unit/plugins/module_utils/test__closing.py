# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Closing an incident: one table of what is open and how it is said, and what of the plant speaks against it."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._closing import closing, read_closing
from ansible_collections.lineops.runbook.plugins.module_utils._journal import FIELDS
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock
from ansible_collections.lineops.runbook.plugins.module_utils._report_rules import incident_report
from ansible_collections.lineops.runbook.plugins.module_utils._undo_plan import undo_plan
from ansible_collections.lineops.runbook.tests.unit.helpers.course import FIRST, HOST, NOW, PLC, SECOND, Course

COMPLETE: dict[str, t.Any] = {
    "ticket": "OPS-1204", "reproduction": "Delete the route of line3-hmi1 in TwinCAT XAE, then read a variable.",
    "countermeasure": "Playbook B added the route again.", "monitoring_gap": {"none": "the alert came within a minute"},
    "postmortem": {"type": "runbook", "ref": "docs/routes.md"}, "issue": {"ref": "PLC-77", "priority": "high"},
}  # fmt: skip
REASON = "a real reason, in a few words"
REF, TEXT = "a reference such as OPS-1204", "a text of a few words"
ISSUE = "{ref: a reference such as OPS-1204, priority: a priority such as high} or {none: reason}"
POSTMORTEM = "{type: issue, pr or runbook, ref: a reference such as OPS-1204} or {none: reason}"
ITEMS = {
    "ticket": "AB.1", "reproduction": "AB.2", "countermeasure": "AB.2", "monitoring_gap": "AB.3", "issue": "AB.4",
    "postmortem": "CL.7",
}  # fmt: skip
GONE = object()

# field, value -> what is said of it, after "lineops_closing."
WRONG: list[tuple[str, t.Any, list[str]]] = [
    ("ticket", GONE, [f"ticket is missing; expected {REF} or {{none: reason}}."]),
    ("ticket", None, [f"ticket is missing; expected {REF} or {{none: reason}}."]),
    ("ticket", "", [f"ticket is ''; expected {REF} or {{none: reason}}."]),
    ("ticket", " N/A ", [f"ticket is ' N/A '; expected {REF} or {{none: reason}}."]),
    ("ticket", "none", [f"ticket is 'none'; expected {REF} or {{none: reason}}."]),
    ("ticket", "---", [f"ticket is '---'; expected {REF} or {{none: reason}}."]),
    ("ticket", True, [f"ticket is True; expected {REF} or {{none: reason}}."]),
    ("ticket", 47.5, [f"ticket is 47.5; expected {REF} or {{none: reason}}."]),
    ("ticket", ["OPS-1"], [f"ticket is ['OPS-1']; expected {REF} or {{none: reason}}."]),
    ("ticket", {}, [f"ticket is {{}}; expected {REF} or {{none: reason}}."]),
    ("ticket", {"none": "n/a"}, [f"ticket.none is 'n/a'; expected {REASON}."]),
    ("ticket", {"none": "not needed"}, [f"ticket.none is 'not needed'; expected {REASON}."]),
    ("ticket", {"none": "kein Grund."}, [f"ticket.none is 'kein Grund.'; expected {REASON}."]),
    ("ticket", {"none": "xxxxxxxxxxxx"}, [f"ticket.none is 'xxxxxxxxxxxx'; expected {REASON}."]),
    ("ticket", {"none": None}, [f"ticket.none is missing; expected {REASON}."]),
    ("ticket", {"none": {"none": "deep"}}, [f"ticket.none is {{'none': 'deep'}}; expected {REASON}."]),
    ("ticket", {"none": "the desk has no ticket system", "ref": 1}, ["ticket has none and other keys; expected one or the other."]),
    ("reproduction", "yes", [f"reproduction is 'yes'; expected {TEXT} or {{none: reason}}."]),
    ("reproduction", "x" * 5001, [f"reproduction is '{'x' * 99}…; expected {TEXT} or {{none: reason}}."]),
    ("reproduction", "as before " * 600, ["reproduction has 6000 characters; expected at most 5000."]),
    ("countermeasure", 5, [f"countermeasure is 5; expected {TEXT} or {{none: reason}}."]),
    ("monitoring_gap", "later", ["monitoring_gap is 'later'; expected the follow-up task or its reference or {none: reason}."]),
    ("issue", "PLC-77", [f"issue is 'PLC-77'; expected {ISSUE}."]),
    ("issue", {"ref": "PLC-77"}, ["issue.priority is missing; expected a priority such as high."]),
    ("issue", {"ref": "", "priority": "TBD"}, [
        f"issue.ref is ''; expected {REF}.", "issue.priority is 'TBD'; expected a priority such as high."]),
    ("issue", {"ref": "PLC-77", "priority": "high", "prio": 1}, ["issue.prio is not known; expected ref, priority."]),
    ("postmortem", {"type": "wiki", "ref": "x1"}, ["postmortem.type is 'wiki'; expected issue, pr or runbook."]),
    ("postmortem", {"type": ["pr"], "ref": "x1"}, ["postmortem.type is ['pr']; expected issue, pr or runbook."]),
    ("postmortem", 3, [f"postmortem is 3; expected {POSTMORTEM}."]),
    ("accepted_as_is", "", [f"accepted_as_is is ''; expected {REASON}."]),
    ("accepted_as_is", None, [f"accepted_as_is is missing; expected {REASON}."]),
    ("tiket", "x", [
        "tiket is not known; expected ticket, reproduction, countermeasure, monitoring_gap, issue, postmortem, accepted_as_is."]),
    (5, "x", [
        "5 is not known; expected ticket, reproduction, countermeasure, monitoring_gap, issue, postmortem, accepted_as_is."]),
]  # fmt: skip
GOOD: list[tuple[str, t.Any, t.Any]] = [
    ("ticket", 4711, "4711"),
    ("ticket", "https://tickets.example/4711 ", "https://tickets.example/4711"),
    ("ticket", {"none": "the desk has no ticket system"}, {"none": "the desk has no ticket system"}),
    ("monitoring_gap", "OPS-1205", "OPS-1205"),
    ("monitoring_gap", "No alarm for a lost route: OPS-1205", "No alarm for a lost route: OPS-1205"),
    ("reproduction", "{{ 1/0 }} and <script>alert(1)</script> {% raw %}", "{{ 1/0 }} and <script>alert(1)</script> {% raw %}"),
    ("issue", {"none": "Wartungsarbeiten"}, {"none": "Wartungsarbeiten"}),
    ("issue", {"ref": 77, "priority": "P1"}, {"ref": "77", "priority": "P1"}),
    ("postmortem", {"type": "pr", "ref": 12}, {"type": "pr", "ref": "12"}),
    ("accepted_as_is", "the line is being scrapped", "the line is being scrapped"),
]  # fmt: skip


def put(field: t.Any, value: t.Any) -> dict[t.Any, t.Any]:
    given_now: dict[t.Any, t.Any] = {**COMPLETE, field: value}
    if value is GONE:
        del given_now[field]
    return given_now


def close(course: Course, given_now: t.Any = None, **more: t.Any) -> dict[str, t.Any]:
    told: dict[str, t.Any] = {"incident": FIRST, "host": HOST, "now": NOW, **more}
    return closing(course.entries, given=COMPLETE if given_now is None else given_now, **told)


def notes(verdict: t.Mapping[str, t.Any]) -> list[str]:
    return verdict["outcome"]["notes"]


def healed() -> Course:
    return Course().opened().healed()


# --- what people write -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("field", "value", "says"), WRONG)
def test_each_open_item_is_named_in_one_sentence(field: t.Any, value: t.Any, says: list[str]) -> None:
    dummy, gaps = read_closing(put(field, value))
    assert [gap.partition("lineops_closing.")[2] for gap in gaps] == says
    for gap in gaps:
        assert gap.startswith("Open is \"") and f"({ITEMS[field]}): " in gap if field in ITEMS else gap.startswith("lineops_closing.")


@pytest.mark.parametrize(("field", "value", "kept"), GOOD)
def test_what_is_said_is_kept_word_for_word(field: str, value: t.Any, kept: t.Any) -> None:
    told, gaps = read_closing(put(field, value))
    assert (told[field], gaps) == (kept, [])


@pytest.mark.parametrize("given_now", [None, {}])
def test_all_items_are_open_at_first(given_now: t.Any) -> None:
    dummy, gaps = read_closing(given_now)
    assert [re.findall(r"\((AB.\d|CL.7)\): lineops_closing.(\w+) is missing", gap) for gap in gaps] == [
        [(item, field)] for field, item in ITEMS.items()]  # fmt: skip


def test_items_are_told_in_the_words_of_the_binding_checklist() -> None:
    dummy, gaps = read_closing({}, language="de")
    assert gaps[0] == (
        "Offen ist 'Incident-Details im Ticket dokumentiert' (AB.1): lineops_closing.ticket fehlt; erwartet wird eine "
        "Referenz wie OPS-1204 oder {none: Grund}.")
    assert "Incident schließen mit Postmortem-Aktion (Issue/PR/Runbook-Update)" in gaps[-1]


@pytest.mark.parametrize("given_now", ["ticket: OPS-1", 5, ["ticket"], True, ""])
def test_what_is_no_mapping_is_one_sentence(given_now: t.Any) -> None:
    dummy, (gap,) = read_closing(given_now)
    assert gap == (
        f"lineops_closing is {given_now!r}; expected a mapping with ticket, reproduction, countermeasure, monitoring_gap, issue, "
        "postmortem (-e @closing.yml).")


@pytest.mark.parametrize("field", ["ticket", "reproduction", "monitoring_gap"])
@pytest.mark.parametrize("text", ["we logged in with canary-Zq7Xv there", ["canary-Zq7Xv"], {"none": "because of canary-Zq7Xv there"}])
def test_a_secret_is_refused_and_not_shown(field: str, text: t.Any) -> None:
    """People paste what they typed, and the journal is for ever."""
    dummy, gaps = read_closing(put(field, text), secrets={"plc_password": "canary-Zq7Xv", "plc_username": "Administrator"})
    assert len(gaps) == 1 and "canary" not in gaps[0]
    assert read_closing("canary-Zq7Xv", secrets={"plc_password": "canary-Zq7Xv"})[1][0].startswith("lineops_closing is '***'")
    assert "canary" not in str(read_closing({"canary-Zq7Xv": 1}, secrets={"plc_password": "canary-Zq7Xv"})[1])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["OPS-1", "issue", "as long as this"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["none", "ref", "type", "priority", "x", 5]), inner, max_size=3),
    max_leaves=8)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*COMPLETE, "accepted_as_is", "x", 7]), ANYTHING, max_size=8) | ANYTHING)
def test_whatever_is_written_ends_in_sentences_or_in_a_report_with_all_items_done(given_now: t.Any) -> None:
    verdict = close(healed(), {**COMPLETE, **given_now} if isinstance(given_now, dict) else given_now)
    if verdict["entry"]:
        assert report_of(verdict)["closing"]["complete"] is True
        json.dumps(verdict["entry"], allow_nan=False)
    else:
        assert notes(verdict) and all(note.endswith(".") and "\n" not in note for note in notes(verdict))


def report_of(verdict: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    course = healed().add(verdict["entry"])
    return incident_report(course.entries, clock=Clock("UTC"), undos=open_undos)


# --- what the plant says ---------------------------------------------------------------------------------------------


def test_a_healed_incident_with_all_items_is_closed() -> None:
    verdict = close(healed())
    assert verdict["entry"] == {
        "phase": "close", "event": "closed", "message": f"Incident {FIRST} is closed.", "details": COMPLETE}
    assert set(verdict["entry"]) <= set(FIELDS)
    assert (verdict["outcome"]["result"], verdict["outcome"]["resolved"], notes(verdict)) == ("CLOSED", True, [])
    report = report_of(verdict)
    assert report["result"]["closed"] and report["closing"]["complete"] and report["next"]["kind"] == "nothing"


def test_check_mode_says_what_is_missing_and_has_nothing_to_write() -> None:
    verdict = close(healed(), check_mode=True)
    assert (verdict["entry"], verdict["outcome"]["result"]) == ({}, "PLANNED")
    verdict = close(healed(), {}, check_mode=True)
    assert (verdict["entry"], verdict["outcome"]["result"], len(notes(verdict))) == ({}, "REFUSED", 6)


def test_second_time_it_is_closed_already() -> None:
    course = healed().add(close(healed())["entry"])
    for given_now in (COMPLETE, {}, "nonsense"):
        verdict = close(course, given_now)
        assert (verdict["entry"], verdict["outcome"]["result"], verdict["outcome"]["resolved"]) == ({}, "CLOSED", True)
        assert "was closed already, at 2026-11-23T10:00:10.000Z by shell-anna" in verdict["outcome"]["sentence"]


def test_an_incident_that_was_taken_up_again_is_closed_again() -> None:
    course = healed().add(close(healed())["entry"]).add({"phase": "open", "event": "continued"}).ended("healed")
    assert close(course)["entry"]["event"] == "closed"


ACCEPTED = {**COMPLETE, "accepted_as_is": "the line is being scrapped"}
NEVER = "The incident never ended well"
# what happened -> what is said, what is said if it is accepted as it is
COURSES: dict[str, tuple[Course, list[str], list[str]]] = {
    "healed": (healed(), [], []),
    "healthy": (Course().opened().ended("healthy"), [], []),
    "unresolved": (Course().opened().ended("unresolved"), [f"{NEVER} (last: unresolved at 2026-11-23T10:00:01.000Z)"], []),
    "refused": (Course().opened().ended("refused"), [f"{NEVER} (last: refused at"], []),
    "no end": (Course().opened(), [f"{NEVER}, and no later run"], []),
    "taken up again": (healed().add({"phase": "open", "event": "continued"}), [f"{NEVER} (last: healed at"], []),
    "healthy in a later run": (Course().opened().ended("unresolved").opened(SECOND).ended("healthy"), [], []),
    "healthy in another playbook": (
        Course().opened().ended("unresolved").opened(SECOND, playbook="C").ended("healthy", playbook="C"), [NEVER], []),
    "value left": (
        Course().opened().began("write_test").ended("unresolved"), ["MAIN.bOpsTest of plc_001 was not put back to False", NEVER],
        ["MAIN.bOpsTest of plc_001 was not put back to False"]),
    "value left by a healed run": (
        healed().began("write_test"), ["MAIN.bOpsTest of plc_001 was not put back"], ["MAIN.bOpsTest of plc_001 was not put back"]),
    "value left, put back by a later run": (healed().began("write_test").opened(SECOND).did("write_test").ended("healthy"), [], []),
    "value left by another incident": (healed().opened(SECOND).began("write_test"), [], []),
    "controller's route left": (
        healed().began("controller_route"), ["remove_controller_route is still to be done"], ["remove_controller_route is still"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COURSES)
def test_how_it_went(name: str) -> None:
    course, says, says_accepted = COURSES[name]
    for given_now, expected in ((COMPLETE, says), (ACCEPTED, says_accepted)):
        verdict = close(course, given_now)
        assert len(notes(verdict)) == len(expected), notes(verdict)
        assert all(note.startswith(start) for note, start in zip(notes(verdict), expected))
        assert bool(verdict["entry"]) == (not expected)


def test_what_is_accepted_as_it_is_says_so_in_the_journal() -> None:
    entry = close(Course().opened().ended("unresolved"), ACCEPTED)["entry"]
    assert entry["message"] == f"Incident {FIRST} is closed as it is: the line is being scrapped"
    assert entry["details"]["accepted_as_is"] == "the line is being scrapped"


def test_what_was_taken_back_is_not_healed_any_more() -> None:
    """healed, then undo_incident: the fault is on the plant again, and a closed incident would hide it."""
    course = healed()
    course.undid(undo_plan(course.entries, incident=FIRST, host=HOST, plc=PLC, has_way=True)["steps"])
    (note,) = notes(close(course))
    assert note.startswith(f"What healed {HOST} was taken back at ")
    assert close(course, ACCEPTED)["entry"]
    assert close(course.opened(SECOND).healed())["entry"]


def test_a_variable_put_to_rest_is_nothing_that_was_taken_back() -> None:
    course = healed().began("write_test")
    course.undid(undo_plan(course.entries, incident=FIRST, host=HOST, plc=PLC, has_way=False)["steps"])
    assert close(course)["entry"]
