# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator reads at the end of a run, word for word."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._outcome import (
    RESULTS,
    line_of,
    plc_outcome,
    summary_lines,
)
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import plan, step

HOST = "line3-hmi1"
PLC = {"id": "plc_001", "route": {"name": HOST}, "test_variable": {"name": "MAIN.bOpsTest", "rest_value": False}}


def found(
    flag: str = "connected", test: str = "ok", write: t.Any = True, language: str = "en", **more: t.Any
) -> dict[str, t.Any]:
    """A finding of the real diagnosis."""
    evidence = {
        "supervisor": {"status": {"plc_connected": flag == "connected"}},
        "probe": {"probe": {"outcome": "closed"}, "states": {"system": "RUN", "runtime": "RUN"}},
        "routes": {"routes": []},
        "route_test": {"success": test == "ok", "error": test},
        "done": {"write_test": {"proven": write}},
        **more,
    }
    return diagnose(evidence, plc="Press", host=HOST, language=language)


def done(**changed: bool) -> list[dict[str, t.Any]]:
    return [{**step(name, PLC), "changed": value} for name, value in changed.items()]


HEALTHY, UNPROVEN = found(), found(write=None)
UNSEEN = found(probe={"probe": {"outcome": "closed"}}, routes={}, wanted={
    "namespaces": [{"name": name, "probe_variable": f"{name}.b"} for name in ("MAIN", "GVL")]})
LOST = found("disconnected", "timeout (1861)", None)
VERLOREN = found("disconnected", "timeout (1861)", None, "de")
TAKEN = {"guard": "lease", "code": "lease.lost", "sentence": "line3-hmi1 was lost.", "override": ""}
BLOCKED = found("disconnected", "blocked (6)", None, probe={"probe": {"outcome": "refused"}})
WRONG_KEY = found("disconnected", "", None, route_test={"levels": {"operator": "refused", "admin": "accepted"}})
DRIFTED = found(wanted={"id": "plc_001", "ams_port": 851}, supervisor={
    "status": {"plc_connected": True}, "plc_config": {"stored": {"plc_configs": {"plc_001": {"ams_port": 801}}}}})
ALL_STEPS = done(disconnect=True, route=True, connect=True, write_test=False)

# What happened, and the line that is read in the shell and in AWX.
LINES: list[tuple[str, dict[str, t.Any], str]] = [
    (
        "healthy",
        plc_outcome(HEALTHY, HEALTHY),
        "line3-hmi1: HEALTHY - The PLC Press answers and takes commands. | proven by route test and write test",
    ),
    (
        "healthy, after the write test of the diagnosis",
        plc_outcome(HEALTHY, HEALTHY, steps=done(write_test=False)),
        "line3-hmi1: HEALTHY - The PLC Press answers and takes commands. | done: test variable written and put back"
        " | proven by route test and write test",
    ),
    (
        "healthy, namespaces too",
        plc_outcome(HEALTHY, HEALTHY, steps=done(write_test=False, namespaces=False)),
        "line3-hmi1: HEALTHY - The PLC Press answers and takes commands. | done: test variable written and put back,"
        " one variable of each namespace written and put back | proven by route test and write test",
    ),
    (
        "healthy, and something beside it",
        plc_outcome(DRIFTED, DRIFTED),
        "line3-hmi1: HEALTHY - The PLC Press answers and takes commands. | proven by route test and write test"
        " | SEV-3: a single feature is disturbed, production goes on (rule SEV.3) | also: The supervisor on line3-hmi1 has"
        " stored the PLC Press otherwise than the inventory says (ams_port 801 instead of 851).",
    ),
    (
        "healthy, without a look inside",
        plc_outcome(UNSEEN, UNSEEN),
        "line3-hmi1: HEALTHY - The PLC Press answers and takes commands. | proven by route test and write test"
        " | not observed: PLC state, PLC routes, namespaces MAIN, GVL",
    ),
    (
        "check of a healthy one",
        plc_outcome(UNPROVEN, UNPROVEN, check_mode=True),
        "line3-hmi1: HEALTHY - The PLC Press answers and takes commands (write path not proven). | proven by route"
        " test",
    ),
    (
        "healed",
        plc_outcome(LOST, HEALTHY, steps=ALL_STEPS),
        "line3-hmi1: HEALED - found: The PLC Press has no ADS route back to line3-hmi1. | done: disconnected, ADS"
        " route added,"
        " connected, test variable written and put back | proven by route test and write test"
        " | SEV-1: control commands are no longer possible (rule B.E1)",
    ),
    (
        "healed, in German",
        plc_outcome(VERLOREN, HEALTHY, steps=done(connect=True, write_test=False)),
        "line3-hmi1: HEALED - found: Der PLC Press fehlt die ADS-Route zurück zu line3-hmi1. | done: connected, test"
        " variable"
        " written and put back | proven by route test and write test"
        " | SEV-1: Steuerbefehle sind nicht mehr möglich (Regel B.E1)",
    ),
    (
        "healed, but some of it was as wanted",
        plc_outcome(LOST, HEALTHY, steps=done(disconnect=False, route=False, connect=True, write_test=False)),
        "line3-hmi1: HEALED - found: The PLC Press has no ADS route back to line3-hmi1. | done: was disconnected, ADS"
        " route was"
        " there, connected, test variable written and put back | proven by route test and write test"
        " | SEV-1: control commands are no longer possible (rule B.E1)",
    ),
    (
        "check of a broken one",
        plc_outcome(LOST, LOST, planned=plan(LOST, PLC), check_mode=True),
        "line3-hmi1: PLANNED - The PLC Press has no ADS route back to line3-hmi1. | would: add the ADS route if it is"
        " missing,"
        " connect to the PLC, write test | SEV-1: control commands are no longer possible (rule B.E1)",
    ),
    (
        "check of one that cannot be healed from here",
        plc_outcome(BLOCKED, BLOCKED, check_mode=True),
        "line3-hmi1: UNRESOLVED - The PLC Press is on the network, but its TwinCAT router refuses connections."
        " | SEV-1: control commands are no longer possible (rule B.E1) | next (L1): Look at the TwinCAT icon on the"
        " PLC: the"
        " runtime is stopped, restarting, or port 48898 is closed.",
    ),
    (
        "a step failed",
        plc_outcome(LOST, LOST, steps=done(disconnect=True, route=False), failed_step="route"),
        "line3-hmi1: UNRESOLVED - The PLC Press has no ADS route back to line3-hmi1. | done: disconnected, FAILED:"
        " add the ADS"
        " route if it is missing | SEV-1: control commands are no longer possible (rule B.E1) | next (L1): Add the"
        " route to"
        " line3-hmi1 in TwinCAT XAE on the engineering side (SYSTEM > Routes).",
    ),
    (
        "our key is wrong",
        plc_outcome(WRONG_KEY, WRONG_KEY),
        "line3-hmi1: UNRESOLVED - The supervisor on line3-hmi1 refuses our operator key. | SEV-3: a single feature is"
        " disturbed,"
        " production goes on (rule SEV.3) | next (L1): Put a valid operator key into lineops_secrets; nothing was"
        " tried without it.",
    ),
    (
        "the inventory is wrong",
        {
            "result": "REFUSED",
            "resolved": False,
            "sentence": "lineops_plcs is missing.",
            "owner": "L1",
            "next_step": "Correct the inventory.",
        },
        "line3-hmi1: REFUSED - lineops_plcs is missing. | next (L1): Correct the inventory.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "line"), [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_line_of_a_host(outcome: dict[str, t.Any], line: str) -> None:
    assert line_of(HOST, outcome) == line


FROZEN = {"guard": "freeze", "code": "freeze.on", "sentence": "line3 is frozen.", "override": ""}
FAR = {"guard": "blast_radius", "code": "x", "sentence": "Too many.", "override": "lineops_confirm: line3"}


def test_refused_plan_is_told_with_what_would_have_been_done_and_how_a_person_may_decide_otherwise() -> None:
    outcome = plc_outcome(LOST, LOST, planned=[{"title": "connect to the PLC"}], refusals=[FROZEN, FAR])
    assert (outcome["result"], outcome["resolved"], outcome["changed"]) == ("REFUSED", False, False)
    line = line_of(HOST, outcome)
    assert "| would: connect to the PLC | not done: line3 is frozen. | not done: Too many. (a person may" in line
    assert "-e lineops_confirm=line3)" in line


def test_check_shows_the_plan_although_it_would_be_refused() -> None:
    outcome = plc_outcome(LOST, LOST, planned=[{"title": "connect to the PLC"}], refusals=[FROZEN], check_mode=True)
    assert (outcome["result"], outcome["refusals"]) == ("PLANNED", ["line3 is frozen."])
    assert " | would be refused: line3 is frozen." in line_of(HOST, outcome)


def test_what_stops_a_run_midway_leaves_it_unresolved_with_what_was_done() -> None:
    """A lease that was lost after the disconnect: the plan was begun, so it is not told as if it never was."""
    outcome = plc_outcome(LOST, LOST, steps=ALL_STEPS[:1], planned=plan(LOST, PLC), refusals=[TAKEN])
    assert (outcome["result"], outcome["actions"]) == ("UNRESOLVED", ["disconnected"])
    assert " | done: disconnected | not done: line3-hmi1 was lost." in line_of(HOST, outcome)


def test_contact_of_the_next_level_and_the_report_are_told() -> None:
    outcome = {**plc_outcome(LOST, LOST), "escalation": {"contact": "Anna, 555"}, "owner": "L2", "report": "/r/x.html"}
    line = line_of(HOST, outcome)
    assert "| next (L2, Anna, 555): " in line and line.endswith("| report: /r/x.html")


def test_what_a_person_must_know_is_told_where_a_run_failed() -> None:
    failed = {
        "result": "FAILED", "resolved": False, "sentence": "The run failed in 'x': y", "owner": "L2", "next_step": "Read it."}
    assert line_of(HOST, failed) == "line3-hmi1: FAILED - The run failed in 'x': y | next (L2): Read it."
    left = plc_outcome(LOST, LOST, steps=done(write_test=True))
    assert left["actions"] == ["test variable changed"] and left["changed"] is True


def test_line_tells_the_supervisors_own_time_apart_and_the_notes() -> None:
    outcome = {
        **plc_outcome(HEALTHY, HEALTHY),
        "notes": ["JOURNAL NOT WRITTEN: disk full"],
        "seconds": 7.26,
        "supervisor_seconds": 5.04,
    }
    assert line_of(HOST, outcome).endswith(
        " | JOURNAL NOT WRITTEN: disk full | 7.3 s, of it 5.0 s the supervisor's own answers"
    )
    assert line_of(HOST, {**outcome, "supervisor_seconds": None}).endswith(
        "| 7.3 s, of it 0.0 s the supervisor's own answers"
    )


@pytest.mark.parametrize(
    ("final", "steps", "options", "result"),
    [
        (HEALTHY, [], {}, "HEALTHY"),
        (HEALTHY, done(write_test=False), {}, "HEALTHY"),
        (HEALTHY, done(connect=True), {}, "HEALED"),
        (LOST, done(connect=True), {}, "UNRESOLVED"),
        (LOST, [], {"planned": plan(LOST, PLC)}, "UNRESOLVED"),
        (LOST, [], {"planned": plan(LOST, PLC), "check_mode": True}, "PLANNED"),
        (LOST, [], {"check_mode": True}, "UNRESOLVED"),
    ],
)
def test_result_changed_and_exit_agree(
    final: dict[str, t.Any], steps: list[t.Any], options: dict[str, t.Any], result: str
) -> None:
    outcome = plc_outcome(LOST if final is LOST else HEALTHY, final, steps=steps, **options)
    assert (outcome["result"], outcome["resolved"]) == (result, RESULTS[result])
    assert outcome["changed"] == any(item["changed"] for item in steps)
    assert bool(outcome["proof"]) == (final is HEALTHY)


def test_severity_is_that_of_what_was_wrong_also_when_it_is_healed() -> None:
    """MTTR and reports count incidents: a healed SEV-1 was one."""
    outcome = plc_outcome(LOST, HEALTHY, steps=ALL_STEPS)
    assert (outcome["finding"], outcome["severity"]) == ("plc.route_missing", "SEV-1")
    assert {key: outcome[key] for key in ("verdict", "evidence", "counter_checks")} == {
        key: LOST[key] for key in ("verdict", "evidence", "counter_checks")}


@pytest.mark.parametrize("began_with", [HEALTHY, WRONG_KEY, BLOCKED])
def test_what_is_wrong_at_the_end_is_told_instead_of_what_was_at_the_beginning(began_with: dict[str, t.Any]) -> None:
    outcome = plc_outcome(began_with, LOST, steps=done(write_test=False))
    assert (outcome["result"], outcome["finding"]) == ("UNRESOLVED", "plc.route_missing")


def test_what_is_wrong_beside_the_finding_is_data_too() -> None:
    (side,) = plc_outcome(DRIFTED, DRIFTED)["also"]
    assert (side["code"], side["severity"], side["verdict"]) == ("plc.config_drift", "SEV-3", "confirmed")
    assert [(item["signal"], item["value"]) for item in side["evidence"]] == [("stored", "differs")]
    assert [(check["signal"], check["verdict"]) for check in side["counter_checks"]] == [("test", "confirmed")]
    assert plc_outcome(HEALTHY, HEALTHY)["also"] == []


def test_a_hypothesis_raised_twice_is_named_once() -> None:
    fallen = [{"code": "plc.filtered"}, {"code": "plc.silent"}, {"code": "plc.filtered"}]
    assert plc_outcome(LOST, {**LOST, "refuted": fallen})["refuted"] == ["plc.filtered", "plc.silent"]


def test_outcome_names_the_refuted_hypotheses_by_code() -> None:
    seen = found("disconnected", "timeout (1861)", None, host={"plc": {"identity": {"host_name": "CX"}}},
                 probe={"probe": {"outcome": "filtered"}})  # fmt: skip
    assert plc_outcome(seen, seen)["refuted"] == ["plc.filtered"]


def test_what_nobody_saw_is_that_of_the_beginning_and_a_finding_needs_no_such_words() -> None:
    """The looks at the end are fewer; and whoever reads what is wrong need not read what could not be seen besides."""
    assert plc_outcome(HEALTHY, UNSEEN)["not_observed"] == []
    unseen_and_lost = plc_outcome(found("disconnected", "timeout (1861)", None, probe={"probe": {"outcome": "closed"}}), LOST)
    assert unseen_and_lost["not_observed"] == ["PLC state"]
    assert "not observed" not in line_of(HOST, unseen_and_lost)


def test_hosts_that_need_a_person_come_last_where_the_eye_stops() -> None:
    outcomes = {
        "b-lost": plc_outcome(LOST, LOST), "c-fine": plc_outcome(HEALTHY, HEALTHY), "a-lost": plc_outcome(LOST, LOST),
        "d-healed": plc_outcome(LOST, HEALTHY, steps=ALL_STEPS),
    }  # fmt: skip
    assert [line.split(":")[0] for line in summary_lines(outcomes)] == ["c-fine", "d-healed", "a-lost", "b-lost"]
    assert summary_lines({}) == []


def test_what_other_playbooks_of_the_run_did_comes_first_and_each_incident_once() -> None:
    last = {"a": {**plc_outcome(LOST, LOST), "incident": "2"}, "b": {**plc_outcome(HEALTHY, HEALTHY), "incident": "3"}}
    first = {**plc_outcome(LOST, HEALTHY, steps=ALL_STEPS), "incident": "1"}
    lines = summary_lines(last, earlier={"a": [first, first, last["a"]]})
    assert [(line.split(":")[0], line.split(" ")[1]) for line in lines] == [("a", "HEALED"), ("b", "HEALTHY"), ("a", "UNRESOLVED")]


def test_one_line_is_one_line_and_names_stay_text() -> None:
    evil = "{{ x }} {plc} <b>"
    seen = diagnose({}, plc=evil, host=evil)
    line = line_of(evil, plc_outcome(seen, seen))
    assert "\n" not in line and line.count(evil) >= 2


@pytest.mark.parametrize("code", sorted(code for code, row in FINDINGS.items() if row.owner))
def test_whoever_is_not_healed_reads_who_acts_next(code: str) -> None:
    finding = {**LOST, "code": code, "owner": FINDINGS[code].owner, "next_step": FINDINGS[code].next_step}
    assert f"next ({FINDINGS[code].owner}): " in line_of(HOST, plc_outcome(finding, finding))
