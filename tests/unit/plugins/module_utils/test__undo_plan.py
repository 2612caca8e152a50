# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking an incident back: which steps, in which order, what is left to a person, and that a second run finds nothing."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._actions import ACTIONS
from ansible_collections.lineops.runbook.plugins.module_utils._journal import FIELDS
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import step
from ansible_collections.lineops.runbook.plugins.module_utils._undo_plan import undo_entries, undo_outcome, undo_plan
from ansible_collections.lineops.runbook.tests.unit.helpers.course import FIRST, HOST, PLC, SECOND, Course

OTHER_PLC = {**PLC, "id": "plc_002"}


def plan(course: Course, *, has_way: bool = True, **more: t.Any) -> dict[str, t.Any]:
    asked: dict[str, t.Any] = {"incident": FIRST, "host": HOST, "plc": PLC, "has_way": has_way, **more}
    return undo_plan(course.entries, **asked)


def names(told: t.Mapping[str, t.Any]) -> list[str]:
    return [one["name"] for one in told["steps"]]


def codes(told: t.Mapping[str, t.Any], kind: str = "left") -> list[str]:
    return [one["code"] for one in told[kind]]


def opened(link: str = "connected", route: str = "absent") -> Course:
    return Course(link, route).opened()


# what happened -> steps, what is left, number of notes
CASES: dict[str, tuple[Course, list[str], list[str], int]] = {
    "healed by a route": (opened().healed(), ["disconnect", "remove_route"], [], 1),
    "healed by a route, link was down": (
        opened("disconnected").healed("route", "connect", "write_test"), ["disconnect", "remove_route"], [], 0),
    "only reconnected": (opened(route="present").healed("disconnect", "connect", "write_test"), [], [], 1),
    "only connected": (opened("disconnected", "present").healed("connect", "write_test"), ["disconnect"], [], 0),
    "route was there": (opened("disconnected", "present").healed("route", "connect"), ["disconnect"], [], 0),
    "stopped after the disconnect": (opened().did("disconnect"), ["connect"], [], 0),
    "route failed": (
        opened().did("disconnect").did("route", event="failed", original="absent", reached="absent"), ["connect"], [], 0),
    "connect failed, nobody knows what it reached": (
        opened("disconnected").did("route").did("connect", event="failed", reached=None), ["disconnect", "remove_route"], [], 0),
    "killed in the disconnect": (opened().began("disconnect"), [], ["undo.unknown_before"], 0),
    "killed in the route": (opened().did("disconnect").began("route"), ["connect"], ["undo.unknown_before"], 0),
    "killed in the write test": (
        opened().did("disconnect", "route", "connect").began("write_test"), ["write_rest", "disconnect", "remove_route"], [], 1),
    "killed with the controller's route": (
        opened().began("controller_route").healed(), ["disconnect", "remove_route", "remove_controller_route"], [], 1),
    "write test only": (opened("connected", "present").healed("write_test"), [], [], 0),
    "two runs": (
        opened().did("disconnect", "route").did("connect", event="failed", reached="disconnected").healed("route", "connect"),
        ["disconnect", "remove_route"], [], 1),
    "link before route": (
        opened("disconnected").did("connect").did("route"), ["disconnect", "remove_route"], [], 0),
    "a restart": (
        opened().add({"phase": "act", "event": "begin", "action": "restart_app", "target": "supervisor"},
                     {"phase": "act", "event": "done", "action": "restart_app", "target": "supervisor"}), [], [], 1),
    "an undo that nothing here can do": (
        opened().add({"phase": "act", "event": "done", "action": "stop_stream", "original": "on", "reached": "off",
                      "undo": {"do": "start_stream", "camera": "cam1"}}), [], ["undo.unknown_undo"], 0),
    "nothing": (opened().ended("healthy"), [], [], 0),
    "no entry at all": (Course(), [], [], 0),
    "another host's": (opened().add(*opened().healed().entries, host="line3-hmi2"), [], [], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_taken_back(name: str) -> None:
    course, steps, left, notes = CASES[name]
    told = plan(course)
    assert (names(told), codes(told), len(told["notes"]), told["refusals"]) == (steps, left, notes, [])


@pytest.mark.parametrize("name", CASES)
def test_a_second_run_has_nothing_to_do(name: str) -> None:
    """An undo that finds its own work again would interrupt the link on every run."""
    course = CASES[name][0]
    again = Course()
    again.entries = list(course.entries)
    told = plan(again.undid(plan(course)["steps"]))
    assert (names(told), codes(told)) == ([], CASES[name][2])


def test_a_step_says_what_the_modules_and_the_journal_need() -> None:
    disconnect, remove = plan(opened().healed())["steps"]
    assert disconnect["undos"] == [{"do": "disconnect", "must": False, "plc": "plc_001"}]
    assert (remove["title"], remove["plc"], remove["undos"][0]["route"]) == (
        "remove the ADS route: line3-hmi1", "plc_001", "line3-hmi1")
    assert plan(opened().did("disconnect"))["steps"][0]["state"] == "connected"
    entries = opened().undid([disconnect, remove]).entries[1:]
    assert [(entry["phase"], entry["event"], entry["action"], entry["target"], entry["reached"]) for entry in entries] == [
        ("undo", "begin", "disconnect", "plc:plc_001", None),
        ("undo", "undone", "disconnect", "plc:plc_001", "disconnected"),
        ("undo", "begin", "remove_route", "plc:plc_001", None),
        ("undo", "undone", "remove_route", "plc:plc_001", "absent"),
    ]


def test_every_undo_of_playbook_b_has_a_step_and_a_row_in_the_table_of_actions() -> None:
    """A new step whose undo nobody can do, or which no guard is asked for, would be found by the first who needs it."""
    steps = ("disconnect", "route", "connect", "write_test", "controller_route")
    undos = {undo["do"] for name in steps for undo in step(name, PLC)["undos"]}
    assert undos <= set(ACTIONS)
    for undo in undos:
        entry = {"phase": "act", "event": "done", "action": "x", "original": "a", "reached": "b", "undo": {"do": undo, "plc": "plc_001"}}
        assert names(plan(opened().add(entry))) == [undo]


def test_without_a_way_the_route_is_left_to_a_person_and_the_link_is_not_interrupted_for_nothing() -> None:
    told = plan(opened().healed(), has_way=False)
    assert (names(told), codes(told), len(told["notes"])) == ([], ["undo.no_way"], 1)
    assert "The route line3-hmi1 of plc_001 cannot be taken back from here" in told["left"][0]["sentence"]
    assert "stays as it is: before the incident it was connected, too" in told["notes"][0]
    assert names(plan(opened("disconnected").healed("route", "connect"), has_way=False)) == ["disconnect"]


def test_another_plc_of_the_inventory_is_not_touched() -> None:
    told = plan(opened().healed().began("write_test"), plc=OTHER_PLC)
    assert names(told) == [] and set(codes(told)) == {"undo.other_plc"} and len(told["left"]) == 4


@pytest.mark.parametrize(
    ("later", "is_refused"),
    [
        (lambda course: course.healed("disconnect", "connect"), True),
        (lambda course: course.healed("route"), True),
        (lambda course: course.healed("write_test"), False),
        (lambda course: course.ended("healthy"), False),
        (lambda course: course.did("connect", event="failed"), False),
        (lambda course: course.began("connect"), False),
    ],
)
def test_what_a_later_incident_built_upon_is_refused(later: t.Callable[[Course], Course], is_refused: bool) -> None:
    told = plan(later(opened().healed().opened(SECOND)))
    assert codes(told, "refusals") == (["undo.built_upon"] if is_refused else [])
    if is_refused:
        (refusal,) = told["refusals"]
        assert refusal["override"] == f"lineops_confirm: {FIRST}" and SECOND in refusal["sentence"]


def test_only_the_incident_itself_overrides_what_was_built_upon_it() -> None:
    course = opened().healed().opened(SECOND).healed()
    assert codes(plan(course, confirm="line3"), "refusals") == ["undo.built_upon"]
    confirmed = plan(course, confirm=FIRST)
    assert confirmed["refusals"] == [] and names(confirmed) == ["disconnect", "remove_route"]
    assert any(note.startswith("Overridden by lineops_confirm: ") for note in confirmed["notes"])


def test_the_later_incident_can_be_taken_back_and_then_the_earlier() -> None:
    course = opened().healed().opened(SECOND).healed("disconnect", "connect", "write_test")
    assert codes(plan(course, incident=SECOND), "refusals") == []
    course = opened("disconnected").did("route").opened(SECOND).healed("connect")
    assert codes(plan(course), "refusals") == ["undo.built_upon"]
    course.undid(plan(course, incident=SECOND)["steps"], SECOND)
    assert codes(plan(course), "refusals") == [] and names(plan(course)) == ["remove_route"]


def test_what_may_not_stay_is_finished_whatever_came_later() -> None:
    course = opened("disconnected", "present").did("connect").began("write_test").opened(SECOND).did("disconnect", "connect")
    assert codes(plan(course), "refusals") == ["undo.built_upon"]
    course = opened("connected", "present").began("write_test").opened(SECOND).did("disconnect", "connect")
    assert (names(plan(course)), plan(course)["refusals"]) == (["write_rest"], [])


def test_a_run_that_ended_halfway_is_finished_first() -> None:
    assert codes(plan(opened().healed(), halfway=SECOND), "refusals") == ["undo.halfway"]
    assert plan(opened().healed(), halfway=FIRST)["refusals"] == plan(opened().healed(), halfway=None)["refusals"] == []
    assert plan(opened().ended("healthy"), halfway=SECOND)["refusals"] == []


def test_the_language_is_that_of_the_run() -> None:
    told = plan(opened().healed(), has_way=False, language="de")
    assert "lässt sich von hier nicht zurücknehmen" in told["left"][0]["sentence"]
    assert plan(opened().healed(), language="de")["steps"][1]["title"] == "ADS-Route entfernen: line3-hmi1"


ACTIONS_DONE = st.lists(
    st.tuples(st.sampled_from(["disconnect", "route", "connect", "write_test"]), st.sampled_from(["done", "failed", "begin"])),
    max_size=8)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["connected", "disconnected"]), st.sampled_from(["absent", "present"]), ACTIONS_DONE)
@example("disconnected", "absent", [("connect", "done"), ("write_test", "failed"), ("disconnect", "done")])
def test_the_plant_is_as_it_was_before_the_incident(link: str, route: str, actions: list[tuple[str, str]]) -> None:
    """Whatever runs did: with all of it done and known, route and link are back, or the link is down without its route."""
    course = opened(link, route)
    for name, event in actions:
        if event == "begin":
            course.began(name)
        elif event == "failed":
            course.did(name, event="failed", reached=course.plant.get({"route": "route"}.get(name, "link")))
        else:
            course.did(name)
    told = plan(course)
    assert told["refusals"] == []
    assert len(names(told)) <= len(actions)
    course.undid(told["steps"])
    assert names(plan(course)) == []
    assert course.plant["route"] == route
    without_route = "remove_route" in names(told) and course.plant["link"] == "disconnected"
    assert course.plant["link"] == link or without_route


@pytest.mark.parametrize(
    ("more", "result", "is_resolved"),
    [
        ({}, "UNDONE", True),
        ({"check_mode": True}, "PLANNED", True),
        ({"failed_step": "remove_route"}, "UNRESOLVED", False),
        ({"refusals": [{"guard": "freeze", "code": "freeze.on", "sentence": "Frozen.", "override": ""}]}, "REFUSED", False),
    ],
)
def test_outcome(more: dict[str, t.Any], result: str, is_resolved: bool) -> None:
    told = plan(opened().healed())
    steps = [] if more.get("check_mode") or more.get("refusals") else [{**one, "changed": True} for one in told["steps"]]
    outcome = undo_outcome(told, incident=FIRST, steps=steps, contacts={"L1": "shift desk"}, **more)
    assert (outcome["result"], outcome["resolved"], outcome["changed"]) == (result, is_resolved, bool(steps))
    assert FIRST in outcome["sentence"] and (outcome["next_step"] == "") == is_resolved
    if not is_resolved:
        assert (outcome["owner"], outcome["escalation"]["contact"]) == ("L1", "shift desk")
    if result == "UNDONE":
        assert outcome["actions"] == ["disconnected", "ADS route removed"]
        assert outcome["proof"] == ["the supervisor's flag", "the PLC's route list"]
    if result == "UNRESOLVED":
        assert outcome["actions"][1] == "FAILED: remove the ADS route: line3-hmi1"
        assert outcome["proof"] == ["the supervisor's flag"]


def test_outcome_of_nothing_and_of_what_only_a_person_can_do() -> None:
    nothing = undo_outcome(plan(opened().ended("healthy")), incident=FIRST)
    assert (nothing["result"], nothing["sentence"]) == ("UNDONE", f"Of incident {FIRST} there is nothing to take back.")
    left = undo_outcome(plan(opened().healed(), has_way=False), incident=FIRST)
    assert (left["result"], left["changed"], left["actions"]) == ("UNRESOLVED", False, [])
    assert "by hand in TwinCAT XAE" in " ".join(left["notes"])


def test_entries_of_what_is_not_taken_back() -> None:
    told = plan(opened().healed(), has_way=False)
    refusal = {"guard": "freeze", "code": "freeze.on", "sentence": "Frozen.", "override": ""}
    entries = undo_entries(told, [refusal])
    assert [(entry["phase"], entry["event"], entry["details"]["guard"]) for entry in entries] == [
        ("undo", "refused", "freeze"), ("undo", "refused", "by_hand")]
    assert entries[1]["undo"]["do"] == "remove_route" and set().union(*entries) <= set(FIELDS)
