# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of Playbook B: which steps a finding asks for, in which order, and how each is taken back."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._journal import FIELDS
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import SETTLED_BY, open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import HEALABLE, namespace_tests, plan, step
from ansible_collections.lineops.runbook.plugins.module_utils._step_entries import step_entries

PLC = {
    "id": "plc_001",
    "route": {"name": "line3-hmi1"},
    "test_variable": {"name": "MAIN.bOpsTest", "type": "BOOL", "test_value": True, "rest_value": False},
}
ORDER = ["disconnect", "route", "connect", "write_test"]
EVERY_STEP = [*ORDER, "namespaces", "controller_route"]
# Namespaces that are probed by a write, beside one that is only read.
TESTED = [
    {"name": "GVL", "probe_variable": "GVL.bOpsTest", "test_value": True, "rest_value": False},
    {"name": "IO", "probe_variable": "IO.nOpsTest", "test_value": 7, "rest_value": 0},
]
NAMESPACED = {**PLC, "namespaces": [{"name": "MAIN", "probe_variable": "MAIN.bOpsTest"}, *TESTED]}


def steps(code: str, **signals: t.Any) -> list[str]:
    return [item["name"] for item in plan({"code": code, "signals": signals}, PLC)]


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ({"flag": "connected", "test": "timeout"}, ORDER),
        ({"flag": "disconnected", "test": "timeout"}, ["route", "connect", "write_test"]),
        ({"flag": "connected", "test": "ok"}, ["disconnect", "connect", "write_test"]),
        ({"flag": "disconnected", "test": "ok"}, ["connect", "write_test"]),
        ({"flag": None, "test": None}, ORDER),
        ({}, ORDER),
    ],
)
@pytest.mark.parametrize("code", HEALABLE)
def test_order_is_that_of_the_design_and_what_was_just_seen_is_not_done_again(
    code: str, signals: dict[str, t.Any], expected: list[str]
) -> None:
    """DESIGN §7.4, quirk 4: disconnect, test, add, test, connect, write test."""
    assert steps(code, **signals) == expected


@pytest.mark.parametrize("code", sorted(set(FINDINGS) - set(HEALABLE)))
def test_what_cannot_be_healed_from_here_gets_no_useless_action(code: str) -> None:
    assert steps(code, flag="connected", test="timeout") == []


@pytest.mark.parametrize("code", HEALABLE)
def test_every_healing_ends_with_a_proof(code: str) -> None:
    assert steps(code, flag="disconnected", test="ok")[-1] == "write_test"


def test_findings_table_says_of_the_same_findings_that_they_heal() -> None:
    assert {code for code, row in FINDINGS.items() if row.heals and row.playbook == "B"} == set(HEALABLE)


@pytest.mark.parametrize("code", HEALABLE)
def test_namespaces_that_declare_their_values_are_proven_too_and_last(code: str) -> None:
    made = plan({"code": code, "signals": {"flag": "disconnected", "test": "ok"}}, NAMESPACED)
    assert [item["name"] for item in made] == ["connect", "write_test", "namespaces"]


REST = {"do": "write_rest", "must": True, "plc": "plc_001"}


@pytest.mark.parametrize(
    ("name", "undos"),
    [
        ("disconnect", [{"do": "connect", "must": False}]),
        ("route", [{"do": "remove_route", "must": False, "route": "line3-hmi1"}]),
        ("connect", [{"do": "disconnect", "must": False}]),
        ("write_test", [{**REST, "variable": "MAIN.bOpsTest", "value": False}]),
        ("namespaces", [{**REST, "variable": "GVL.bOpsTest", "value": False}, {**REST, "variable": "IO.nOpsTest", "value": 0}]),
        ("controller_route", [{"do": "remove_controller_route", "must": True}]),
    ],
)
def test_every_step_knows_how_to_take_it_back(name: str, undos: list[dict[str, t.Any]]) -> None:
    made = step(name, NAMESPACED)
    assert made["undos"] == [{**undo, "plc": "plc_001"} for undo in undos]
    assert (made["name"], made["plc"]) == (name, "plc_001") and made["title"]


@pytest.mark.parametrize("undeclared", [{}, {"test_value": True}, {"rest_value": False}])
def test_a_namespace_is_written_to_only_where_both_values_are_declared(undeclared: dict[str, t.Any]) -> None:
    """A rest value that nobody declared cannot be put back (DESIGN §7.5)."""
    entry = {"name": "GVL", "probe_variable": "GVL.bOpsTest", **undeclared}
    assert namespace_tests({**PLC, "namespaces": [entry]}) == []
    assert step("namespaces", {**PLC, "namespaces": [entry]})["undos"] == []
    assert namespace_tests({**PLC, "namespaces": [{**entry, "test_value": 0, "rest_value": 0}]}) == [
        {"name": "GVL.bOpsTest", "test_value": 0, "rest_value": 0}]


@pytest.mark.parametrize("namespaces", [None, []])
def test_no_namespaces_no_tests(namespaces: t.Any) -> None:
    assert namespace_tests({**PLC, "namespaces": namespaces}) == namespace_tests(PLC) == []


def test_what_must_be_undone_is_something_the_journal_can_settle() -> None:
    """An undo that nothing settles would stay open for ever and be done again by every run."""
    must = {undo["do"] for name in EVERY_STEP for undo in step(name, NAMESPACED)["undos"] if undo["must"]}
    assert must == set(SETTLED_BY) - {"start_streams"}  # that is one of Playbook C (test__restart_plan)


@pytest.mark.parametrize("name", ["write_test", "namespaces"])
@pytest.mark.parametrize(("ends", "left"), [("done", False), ("undone", False), ("failed", True), ("", True)])
def test_entries_of_a_step_open_its_undos_and_settle_them(name: str, ends: str, left: bool) -> None:
    """What the plan writes is what the journal reads: every undo of a step is settled by its own end, no other's is."""
    made = step(name, NAMESPACED)
    entries = [*step_entries(made, "begin"), *(step_entries(made, ends) if ends else [])]
    found = open_undos([{**entry, "host": "h"} for entry in entries], "h")
    assert [undo["variable"] for undo in reversed(found)] == [undo["variable"] for undo in made["undos"] if left]


def test_undo_that_is_done_later_settles_what_was_left() -> None:
    """put_to_rest.yml: what open_undos returns, put back and written down as "undone", is open no more."""
    entries = [{**entry, "host": "h"} for name in ("write_test", "namespaces") for entry in step_entries(step(name, NAMESPACED), "begin")]
    left = open_undos(entries, "h")
    assert len(left) == 3
    settled = step_entries({"name": "write_rest", "plc": "plc_001", "undos": left}, "undone")
    assert open_undos([*entries, *({**entry, "host": "h"} for entry in settled)], "h") == []
    assert {entry["phase"] for entry in settled} == {"open"}
    assert {entry["undo"]["variable"]: entry["reached"] for entry in settled} == {
        "MAIN.bOpsTest": False, "GVL.bOpsTest": False, "IO.nOpsTest": 0}  # fmt: skip


def test_controllers_route_is_settled_by_its_removal_only() -> None:
    made = step("controller_route", PLC)
    begun = [{**entry, "host": "h"} for entry in step_entries(made, "begin")]
    assert [undo["do"] for undo in open_undos(begun, "h")] == ["remove_controller_route"]
    added = [{**entry, "host": "h"} for entry in step_entries(made, "done")]
    assert len(open_undos(begun + added, "h")) == 1
    removed = [{**entry, "host": "h"} for entry in step_entries({**made, "name": "remove_controller_route"}, "undone")]
    assert open_undos(begun + added + removed, "h") == []


def test_entry_of_a_step_tells_what_was_reached_and_has_fields_of_the_journal_only() -> None:
    result = {"original": "connected", "reached": "disconnected", "latency_s": 0.2, "msg": "why", "changed": True, "observed_at": "then"}
    (entry,) = step_entries(step("disconnect", PLC), "failed", result)
    assert entry == {
        "phase": "act", "event": "failed", "action": "disconnect", "plc": "plc_001", "message": "why",
        "target": "plc:plc_001", "undo": {"do": "connect", "must": False, "plc": "plc_001"}, "original": "connected", "reached": "disconnected",
        "latency_s": 0.2, "at": "then",
    }  # fmt: skip
    assert set(entry) <= set(FIELDS)
    unsent = {**result, "failure": {"code": "supervisor.key_refused", "message": "no", "hint": ""}}
    assert step_entries(step("disconnect", PLC), "failed", unsent)[0]["details"] == {"code": "supervisor.key_refused"}


def test_rest_value_false_is_a_value() -> None:
    plc = {"id": "p", "test_variable": {"name": "MAIN.n", "rest_value": 0}}
    assert step("write_test", plc)["undos"][0]["value"] == 0


@pytest.mark.parametrize("plc", [{"id": "plc_001"}, {"id": "plc_001", "route": None, "test_variable": None}])
def test_a_plc_without_route_and_variable_still_gets_a_plan(plc: dict[str, t.Any]) -> None:
    """The inventory check refuses it before; the rules must not end in a traceback all the same."""
    assert len(plan({"code": "plc.route_missing", "signals": {}}, plc)) == 4


def test_unknown_step_is_an_error() -> None:
    with pytest.raises(KeyError):
        step("reboot", PLC)
