# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of Playbook B: which steps a finding asks for, in which order, and how each is taken back."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._journal import SETTLED_BY
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import HEALABLE, plan, step

PLC = {
    "id": "plc_001",
    "route": {"name": "line3-hmi1"},
    "test_variable": {"name": "MAIN.bOpsTest", "type": "BOOL", "test_value": True, "rest_value": False},
}
ORDER = ["disconnect", "route", "connect", "write_test"]


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
    assert {code for code, row in FINDINGS.items() if row.heals} == set(HEALABLE)


@pytest.mark.parametrize(
    ("name", "undo"),
    [
        ("disconnect", {"do": "connect", "must": False}),
        ("route", {"do": "remove_route", "must": False, "route": "line3-hmi1"}),
        ("connect", {"do": "disconnect", "must": False}),
        ("write_test", {"do": "write_rest", "must": True, "variable": "MAIN.bOpsTest", "value": False}),
    ],
)
def test_every_step_knows_how_to_take_it_back(name: str, undo: dict[str, t.Any]) -> None:
    made = step(name, PLC)
    assert made["undo"] == {**undo, "plc": "plc_001"}
    assert (made["name"], made["plc"]) == (name, "plc_001") and made["title"]


def test_what_must_be_undone_is_something_the_journal_can_settle() -> None:
    """An undo that nothing settles would stay open for ever and be done again by every run."""
    must = [step(name, PLC)["undo"]["do"] for name in ORDER if step(name, PLC)["undo"]["must"]]
    assert must == ["write_rest"] and set(must) <= set(SETTLED_BY)


def test_rest_value_false_is_a_value() -> None:
    plc = {"id": "p", "test_variable": {"name": "MAIN.n", "rest_value": 0}}
    assert step("write_test", plc)["undo"]["value"] == 0


@pytest.mark.parametrize("plc", [{"id": "plc_001"}, {"id": "plc_001", "route": None, "test_variable": None}])
def test_a_plc_without_route_and_variable_still_gets_a_plan(plc: dict[str, t.Any]) -> None:
    """The inventory check refuses it before; the rules must not end in a traceback all the same."""
    assert len(plan({"code": "plc.route_missing", "signals": {}}, plc)) == 4


def test_unknown_step_is_an_error() -> None:
    with pytest.raises(KeyError):
        step("reboot", PLC)
