# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight: what is missing, who provides it, and what keeps the playbooks from working."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._preflight import (
    preflight_fails,
    preflight_lines,
    preflight_plant,
    preflight_rows,
)

ACCEPTED, REFUSED = {"answer": "accepted", "why": ""}, {"answer": "refused", "why": "wrong"}
LOOK: dict[str, t.Any] = {
    "inventory": {"mistakes": []}, "contacts": {"L1": "100", "L2": "200", "L3": "300"},
    "supervisor": {
        "status": {}, "keys": {"operator": ACCEPTED, "admin": ACCEPTED, "none": {"answer": "refused", "why": "missing"}},
        "clock": {"told": "2026-11-24T03:00:00.500000Z", "asked_at": "2026-11-24T03:00:00.000+00:00", "elapsed_s": 1.0}},
    "host": {
        "supervisor": {"pid": 812}, "unit": {"load_state": "loaded"}, "not_observed": [], "observed_at": "2026-11-24T03:00:02.000Z",
        "permissions": {"user": {"name": "hmi", "exists": True}, "directories": {}}},
    "unit": "hmi.service", "controller_ads": {"route": "static"}, "routes": {"usable": True},
    "finding": {"sentence": "All is well.", "signals": {"test": "ok"}}, "lease_looked": {"message": "Nobody holds it."},
    "lease_held": {"held": True}, "before": "2026-11-24T03:00:01.000Z", "after": "2026-11-24T03:00:03.000Z",
}  # fmt: skip


def changed(**parts: t.Any) -> dict[str, t.Any]:
    """The good look with some parts in place of its own; a mapping is laid over the one that is there."""
    look = copy.deepcopy(LOOK)
    for name, value in parts.items():
        look[name] = {**look[name], **value} if isinstance(value, dict) and isinstance(look.get(name), dict) else value
    return look


def keys(**answers: t.Any) -> dict[str, t.Any]:
    return {"supervisor": {**LOOK["supervisor"], "keys": {**LOOK["supervisor"]["keys"], **answers}}}


def not_ok(look: dict[str, t.Any], **how: t.Any) -> dict[str, tuple[str, str, bool]]:
    """item -> state, what is missing, whether it is required."""
    return {row["code"]: (row["state"], row["what"], row["required"]) for row in preflight_rows(look, **how) if row["state"] != "ok"}


def test_all_there() -> None:
    assert not_ok(LOOK) == {}
    assert len(preflight_rows(LOOK)) == 16


# What is different -> item, state, words of what is missing, who
TROUBLE: dict[str, tuple[dict[str, t.Any], str, str, str, str]] = {
    "mistake of tickets": (
        {"inventory": {"mistakes": [], "delivery_mistakes": ["lineops_ticket is 5."]}}, "inventory", "missing", "lineops_ticket", "inventory"),
    "mistake": ({"inventory": {"mistakes": ["lineops_plcs is missing."]}}, "inventory", "missing", "lineops_plcs", "inventory"),
    "secret": ({"inventory": {"mistakes": ["lineops_secrets.line1.operator_key is missing."]}}, "inventory", "missing", "operator_key", "lineops_secrets"),
    "contact": ({"contacts": {"L2": ""}}, "contacts", "advised", "nobody for L2", "inventory"),
    "viewer": (keys(operator={"answer": "refused", "why": "level"}), "operator_key", "missing", "level is too low", "lineops_secrets"),
    "expired": (keys(admin={"answer": "refused", "why": "expired"}), "admin_key", "missing", "expired", "lineops_secrets"),
    "unknown refusal": (keys(admin={"answer": "refused", "why": ""}), "admin_key", "missing", "is refused", "lineops_secrets"),
    "no admin key": (keys(admin={"answer": "missing", "why": ""}), "admin_key", "advised", "not in lineops_secrets", "lineops_secrets"),
    "no access": ({"host": {"failure": {"code": "host.unreachable", "message": "SSH is down."}}}, "access", "missing", "SSH is down.", "host"),
    "no psutil": ({"host": {"failure": {"code": "library.missing", "message": "psutil is not installed."}}}, "python", "missing", "psutil", "host"),
    "no python": ({"host": {"failure": {"code": "host.module_not_run", "message": "no Python"}}}, "python", "missing", "no Python", "host"),
    "API only": ({"host_access": False}, "access", "advised", "only the API", "inventory"),
    "no state host": ({"host_access": False, "state_host_is_local": True}, "state_dir", "advised", "guard rails local only", "inventory"),
    "state directory": ({"lease_looked": {"failure": {"message": "It is a link."}}}, "state_dir", "missing", "It is a link.", "host"),
    "full disk": ({"lease_held": {"held": False, "failure": {"message": "No space."}}}, "state_dir", "missing", "No space.", "host"),
    "unit": ({"host": {"unit": {"load_state": "not-found"}}}, "manager", "missing", "does not know hmi.service", "inventory"),
    "no unit named": ({"unit": None}, "manager", "advised", "lineops_supervisor_unit", "inventory"),
    "container": ({"unit": None, "container": {"name": "box"}, "host": {"container": None, "not_observed": ["container (no podman)"]}},
                  "manager", "missing", "no podman", "inventory"),
    "process": ({"host": {"supervisor": {"pid": None, "api": "no_listener"}}}, "process", "missing", "no process listens", "supervisor"),
    "user": ({"host": {"permissions": {"user": {"name": "hmi", "exists": False}}}}, "user", "missing", "hmi does not exist", "host"),
    "permissions": ({"host": {"permissions": {"user": {"name": "hmi", "exists": True}, "directories": {
        "hls": {"path": "/hls", "exists": True, "writable": False}}}}}, "user", "missing", "hmi may not write to /hls", "host"),
    "route": ({"finding": {"sentence": "No route.", "signals": {"test": "timeout"}}}, "route", "missing", "No route.", "PLC"),
    "route that can be healed": ({"finding": {"sentence": "No route.", "signals": {"test": "timeout"}}, "plan": [{"name": "route"}]},
                                 "route", "missing", "No route.", "Playbook B"),
    "other route": ({"other_plcs": 1, "standby_notes": ["No route to the mixer."]}, "other_routes", "missing", "mixer", "PLC"),
    "static route": ({"routes": {"usable": False, "remark": "closed"}}, "controller_route", "missing", "closed", "PLC"),
    "no controller route": ({"controller_ads": {"route": "none"}}, "controller_route", "advised", "not observed", "inventory"),
    "host clock behind": ({"host": {"observed_at": "2026-11-24T02:50:00.000Z"}}, "host_clock", "advised", "601 s behind", "host"),
    "supervisor clock ahead": ({"supervisor": {"clock": {**LOOK["supervisor"]["clock"], "told": "2026-11-24T03:01:00.000Z"}}},
                               "supervisor_clock", "advised", "59 s ahead", "host"),
    "broke": ({"broke": "Look: no message"}, "look", "missing", "Look: no message", "development"),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLE)
def test_what_is_missing_is_named_with_who_provides_it(name: str) -> None:
    parts, item, state, what, who = TROUBLE[name]
    (row,) = [row for row in preflight_rows(changed(**parts)) if row["code"] == item]
    assert row["state"] == state and what in row["what"] and who in row["who"], row
    assert row["required"] is (state == "missing")
    assert preflight_plant({"h": [row]})["ready"] is (state == "advised")


def test_nothing_is_contacted_with_mistakes_in_the_inventory_so_nothing_else_is_told() -> None:
    assert set(not_ok(changed(inventory={"mistakes": ["x", "y"]}))) == {"inventory"}
    assert len(preflight_rows(changed(inventory={"mistakes": ["x", "y"]}))) == 2


def test_key_that_is_taken_where_any_key_is_taken_proves_nothing() -> None:
    told = not_ok(changed(**keys(none=ACCEPTED)))
    assert {item: state for item, (state, *dummy) in told.items()} == dict.fromkeys(("operator_key", "admin_key", "guarded"), "advised")
    assert "so would be any other" in told["admin_key"][1]


def test_silent_supervisor_leaves_its_keys_unproven_and_that_is_not_ready() -> None:
    failure = {"message": "Nothing listens."}
    look = {**LOOK, "supervisor": {"not_observed": {"status": failure, "keys": failure, "clock": failure}}}
    told = not_ok(look)
    assert told["supervisor"] == ("missing", "Nothing listens.", True)
    assert told["operator_key"] == ("not observed", "Nothing listens.", True)
    assert told["supervisor_clock"] == ("not observed", "Nothing listens.", False)
    rows = [row for row in preflight_rows(look) if row["code"] == "operator_key"]
    assert not preflight_plant({"h": rows})["ready"]


@pytest.mark.parametrize(
    ("held", "check_mode", "what"), [({}, True, "not proven (--check)"), ({}, False, "not proven: line1-hmi1 is held by anna")])
def test_state_directory_that_was_only_read_keeps_nobody_from_working(held: dict[str, t.Any], check_mode: bool, what: str) -> None:
    look = {**LOOK, "lease_held": held, "lease_looked": {"message": "line1-hmi1 is held by anna"}}
    (state, said, required) = not_ok(look, check_mode=check_mode)["state_dir"]
    assert (state, required) == ("not observed", False) and what in said


def test_clock_of_a_host_that_said_nothing_is_not_the_controllers() -> None:
    look = changed(host={"failure": {"code": "host.unreachable", "message": "SSH is down."}})
    assert not_ok(look)["host_clock"] == ("not observed", "SSH is down.", False)


@pytest.mark.parametrize(
    ("places", "state"),
    [
        ([{"stat": {"exists": True, "isdir": True, "writeable": True, "executable": True}}], "ok"),
        ([{"stat": {"exists": False}}, {"stat": {"exists": True, "isdir": True, "writeable": True, "executable": True}}], "ok"),
        ([{"stat": {"exists": False}}, {"stat": {"exists": True, "isdir": True, "writeable": False, "executable": True}}], "missing"),
        ([{"stat": {"exists": True, "isdir": False, "writeable": True, "executable": True}}], "missing"),
        ([], "missing"),
    ],
)
def test_report_directory_is_there_or_can_be_made(places: list[dict[str, t.Any]], state: str) -> None:
    plant = preflight_plant({"h": []}, report_dir="/r/reports", report_places=places)
    assert [row["state"] for row in plant["controller"] if row["code"] == "report_dir"] == [state]
    assert preflight_plant({"h": []})["controller"][0]["state"] == "advised"


def test_secrets_of_lines_outside_the_run_are_advised() -> None:
    plant = preflight_plant({"h": []}, report_dir="", secret_mistakes=["lineops_secrets has no entry for line2."])
    assert [(row["state"], row["what"]) for row in plant["controller"][1:]] == [("advised", "lineops_secrets has no entry for line2.")]
    assert plant["ready"] is True


def test_table_puts_hosts_together_and_what_is_missing_last() -> None:
    good, bad = preflight_rows(LOOK), preflight_rows(changed(**keys(operator=REFUSED)))
    places = [{"stat": {"exists": True, "isdir": True, "writeable": True, "executable": True}}]
    plant = preflight_plant({"a": good, "b": good, "c": good, "d": bad}, report_dir="/r", report_places=places)
    lines = preflight_lines(plant)
    assert lines[0].split() == ["ITEM", "STATE", "HOSTS", "WHO", "WHAT", "IS", "MISSING"]
    assert [line.split()[:3] for line in lines if line.startswith("inventory")] == [["inventory", "ok", "all"]]
    assert [line for line in lines if line.startswith("operator key")][0].split()[3:6] == ["a,", "b,", "c"]
    assert lines[-2].startswith("operator key") and "MISSING  d " in lines[-2] and lines[-2].endswith("the supervisor does not know it")
    assert lines[-1] == "Not ready: what is required and missing: 1."
    assert preflight_lines(preflight_plant({"a": good}, report_dir="/r", report_places=places))[-1].startswith("Ready: ")


def test_run_fails_for_the_host_that_is_not_ready_and_the_controller_counts_once() -> None:
    good, bad = preflight_rows(LOOK), preflight_rows(changed(**keys(operator=REFUSED)))
    plant = preflight_plant({"a": good, "b": bad})
    assert [preflight_fails(plant, host) for host in ("a", "b", "lost")] == [False, True, True]
    plant = preflight_plant({"a": good, "b": good}, report_dir="/r")
    assert [preflight_fails(plant, host) for host in ("a", "b")] == [True, False]


def test_german() -> None:
    rows = preflight_rows(changed(**keys(operator={"answer": "refused", "why": "level"})), language="de")
    assert [row["what"] for row in rows if row["code"] == "operator_key"] == ["seine Stufe ist zu niedrig, etwa ein Viewer-Schlüssel"]


@pytest.mark.parametrize("rubbish", [{}, {"supervisor": 1, "host": "x", "contacts": None, "finding": [], "lease_looked": 0}])
def test_evidence_of_any_shape_gives_rows_and_is_not_ready(rubbish: dict[str, t.Any]) -> None:
    assert preflight_plant({"h": preflight_rows(rubbish)})["ready"] is False
