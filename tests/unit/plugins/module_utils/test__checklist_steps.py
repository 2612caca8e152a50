# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps 1 to 3 and 5 to 7 of the checklist: whose errors an alert counts, what the log and the journal tell."""

from __future__ import annotations

import string
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _checklist_words, _preflight
from ansible_collections.lineops.runbook.plugins.module_utils._checklist_steps import (
    action_notes,
    admin_notes,
    earlier_calls,
    finding_notes,
    incident_notes,
    incidents_of,
    scope_notes,
    status_notes,
)
from ansible_collections.lineops.runbook.plugins.module_utils._checklist_words import Tell
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import CLOSED, Incident

NOW = "2026-11-24T03:00:00.000Z"
RECENT, OLD = "2026-11-24T02:40:00+00:00", "2026-11-22T02:40:00+00:00"
EN = Tell("en")
STREAM = "stream_health_below_target"
AVAILABILITY, LATENCY = "api_availability_below_target", "api_latency_above_target"
TARGETS = {"api_availability_ratio": 0.995, "api_p95_latency_ms": 500.0}
OWN_FAILED = f"{RECENT} POST /api/plc/ads/route/test -> 500, 5.0 s, INC-1-1"


def worst(notes: t.Sequence[t.Any]) -> str:
    """The state that decides."""
    return max((note.state for note in notes), key=("ok", "not observed", "attention").index)


def words(notes: t.Sequence[t.Any]) -> str:
    """All that is said."""
    return " ".join(note.text for note in notes)


def slo(errors: int, *alerts: str, total: int = 100) -> dict[str, t.Any]:
    """What supervisor_info returns as slo_detail."""
    value = {AVAILABILITY: 1 - errors / total, LATENCY: 5000.0, STREAM: 0.5}
    return {
        "status": "degraded" if alerts else "ok", "targets": TARGETS,
        "api": {"total_requests": total, "errors_5xx": errors, "availability_ratio": 1 - errors / total},
        "alerts": [{"name": name, "value": value[name], "target": 0.995} for name in alerts],
    }


def observed(signal: str, value: str, at: str = RECENT) -> dict[str, t.Any]:
    return {"signal": signal, "call": "a call", "value": value, "at": at}


def finding_entry(*seen: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"phase": "diagnose", "event": "finding", "details": {"evidence": list(seen[:1]), "counter_checks": list(seen[1:])}}


# --- 2: whose errors are they ----------------------------------------------------------------------------------------

B_TESTED = finding_entry(observed("test", "timeout"), observed("operator_key", "accepted"), observed("host_udp", "answers"))
# name -> before, now, calls of the test, journal, state, what is said
SLOS: dict[str, tuple[t.Any, ...]] = {
    "met": (slo(0), slo(0), [], [], "ok", "The SLO is met."),
    "our test alone": (slo(0), slo(1, AVAILABILITY), [OWN_FAILED], [], "ok", "only through our own tests"),
    "our slow test": (slo(0), slo(0, LATENCY), [OWN_FAILED], [], "ok", "only through our own tests"),
    "Playbook B of this hour": (slo(1, AVAILABILITY), slo(1, AVAILABILITY), [], [B_TESTED], "ok", "only through our own tests"),
    "perhaps an earlier checklist": (slo(3, AVAILABILITY), slo(3, AVAILABILITY), [], [], "attention", "may have a share"),
    "Playbook B of last night": (
        slo(3, AVAILABILITY), slo(3, AVAILABILITY), [], [finding_entry(observed("test", "timeout", OLD))], "attention",
        "3 of 100 calls failed within an hour, 0 of them tests of ours"),
    "far too many for us": (slo(50, AVAILABILITY), slo(51, AVAILABILITY), [OWN_FAILED], [], "attention", "not through our own tests"),
    "others meanwhile": (slo(0), slo(5, AVAILABILITY), [OWN_FAILED], [], "attention", "not through our own tests"),
    "a stream": (slo(0, STREAM), slo(0, STREAM), [OWN_FAILED], [], "attention", "not through our own tests"),
    "an unknown alert": (None, {**slo(0), "status": "degraded", "alerts": [{"name": "new"}]}, [], [], "attention", "alert new"),
}


@pytest.mark.parametrize("name", SLOS)
def test_alert_of_the_slo_is_told_with_whose_it_is(name: str) -> None:
    before, now, calls, entries, state, said = SLOS[name]
    look = {
        "supervisor": {"status": {"plc_connected": True, "breakers": {}}, "streams": {}, "slo_detail": before or now, "calls": []},
        "test": {"slo_detail": now, "calls": calls}, "history": {"entries": entries}}
    notes = status_notes(look, NOW, EN)
    assert (worst(notes), said in words(notes)) == (state, True), words(notes)


def test_observations_of_the_journal_are_counted_once_and_as_they_were_answered() -> None:
    entries = [B_TESTED, B_TESTED, finding_entry(observed("test", "ok"), observed("write", "failed"), observed("retest", "blocked", NOW))]
    told = [call.partition(" ")[2] for call in earlier_calls(entries)]
    # The first two are the same call, as the third is; a later entry about it does not make it another one.
    assert told == [
        "POST /api/plc/ads/route/test -> 200, 0.0 s", "POST /api/variables/write -> 500, 0.0 s",
        "POST /api/plc/ads/route/test -> no answer, 0.0 s"]


@pytest.mark.parametrize(
    ("supervisor", "state", "said"),
    [
        ({"status": {"plc_connected": False, "breakers": {}}}, "attention", "no PLC is connected"),
        ({"status": {"plc_connected": True, "breakers": {"plc:plc_001:write": "open"}}}, "attention", "plc:plc_001:write is open"),
        ({"streams": {"cam1": {"running": False, "desired": {}}}}, "attention", "not running: cam1"),
        ({"streams": {"cam1": {"running": True, "desired": {"type": "rtsp"}}}}, "ok", "1 of 1 streams run"),
        ({}, "not observed", "status, SLO, streams (it was not asked)"),
        ({"not_observed": {"status": {"message": "Nothing listens."}}}, "not observed", "status (Nothing listens.)"),
    ],
)
def test_status_and_streams(supervisor: dict[str, t.Any], state: str, said: str) -> None:
    filled = {"status": {"plc_connected": True, "breakers": {}}, "slo_detail": slo(0), "streams": {}} if state != "not observed" else {}
    look = {"supervisor": {**filled, **supervisor}, "cameras": [{"id": "cam1", "core": True}, {"id": "door", "core": False}]}
    if "streams" not in supervisor and state != "not observed":
        look["cameras"] = []
    notes = status_notes(look, NOW, EN)
    assert (worst(notes), said in words(notes)) == (state, True), words(notes)


def test_slo_that_was_not_observed_is_not_ok() -> None:
    look = {"supervisor": {"status": {"plc_connected": True, "breakers": {}}, "streams": {}}}
    assert worst(status_notes(look, NOW, EN)) == "not observed"


# --- 3: the admin log ------------------------------------------------------------------------------------------------


def audit(action: str, at: str = RECENT, **details: t.Any) -> dict[str, t.Any]:
    return {"at": at, "action": action, "actor": "anna", "details": details}


@pytest.mark.parametrize(
    ("log", "chain", "state", "said"),
    [
        ({"audits": []}, {"verdict": "ok"}, "ok", "No admin action"),
        ({"audits": [audit("service_restart_scheduled")]}, {"verdict": "ok"}, "ok", "service_restart_scheduled by anna at 2026-11-24 02:40:00 UTC"),
        ({"audits": [audit("service_restart_scheduled")] * 2}, {"verdict": "ok"}, "ok", "Restarts ordered within 24 h: 2"),
        ({"audits": [audit("daemon_restart_scheduled")] * 3}, {"verdict": "ok"}, "attention", "3 restarts were ordered within an hour"),
        ({"audits": [audit("daemon_restart_scheduled", OLD)] * 3}, {"verdict": "ok"}, "ok", "Last admin action"),
        ({"audits": [audit("daemon_restart_rejected", reason="no script")]}, {"verdict": "ok"}, "attention", "no script"),
        ({"audits": [], "streams": [{"at": RECENT, "message": "recovery failed"}]}, {"verdict": "ok"}, "attention", "recovery failed"),
        ({"audits": [], "streams": [{"at": OLD, "message": "recovery failed"}]}, {"verdict": "ok"}, "ok", "No admin action"),
        ({"audits": []}, {"verdict": "retention", "linked_rows": 100}, "ok", "as retention does it"),
        ({"audits": []}, {"verdict": "tampering_suspected", "broken_at_id": 14}, "attention", "broken at row 14"),
        ({"audits": []}, {"verdict": "not_observed"}, "not observed", "hash chain"),
    ],
)  # fmt: skip
def test_admin_log(log: dict[str, t.Any], chain: dict[str, t.Any], state: str, said: str) -> None:
    notes = admin_notes({"supervisor": {"log_excerpt": log, "log_chain": chain}}, NOW, EN)
    assert (worst(notes), said in words(notes)) == (state, True), words(notes)


def test_log_without_the_admin_key_says_so_once() -> None:
    missing = {"message": "the admin key was not given"}
    notes = admin_notes({"supervisor": {"not_observed": {"log_excerpt": missing, "log_chain": missing}}}, NOW, EN)
    assert words(notes) == "Not observed: the admin log, its hash chain (the admin key was not given)"


# --- 1, 5 and 6 ------------------------------------------------------------------------------------------------------

ROUTE_MISSING = diagnose(
    {"supervisor": {"status": {"plc_connected": True}}, "probe": {"probe": {"outcome": "closed"}, "observed_from": "controller 10.0.0.5"},
     "route_test": {"success": False, "error": "timeout elapsed (1861)"}}, plc="Press", host="line3-hmi1")


def test_scope_names_what_belongs_to_the_host() -> None:
    look = {"url": "http://10.0.0.1:5000", "plcs": [{"id": "plc_001", "name": "Press", "ip_address": "10.0.0.2", "active": True}],
            "cameras": [{"id": "cam1", "core": True}, {"id": "door"}], "inventory": {"mistakes": [], "warnings_found": ["Nobody for L3."]}}
    assert words(scope_notes(look, NOW, EN)) == (
        "Looked at 2026-11-24 03:00:00 UTC: supervisor http://10.0.0.1:5000, PLC Press 10.0.0.2 (active); "
        "cameras cam1 (core), door. Nobody for L3.")


def test_finding_is_told_with_the_counter_checks_that_confirm_it() -> None:
    said = words(finding_notes({"finding": ROUTE_MISSING, "notes": ["line3-hmi2 (outside this run) does not answer"]}, EN))
    assert "has no ADS route back to line3-hmi1" in said
    assert "Confirmed by ADS probe, TCP 48898 from controller 10.0.0.5: closed." in said
    assert "line3-hmi2 (outside this run)" in said


@pytest.mark.parametrize(
    ("look", "state"),
    [({}, "not observed"), ({"broke": "Look: no message", "finding": ROUTE_MISSING}, "not observed"), ({"finding": ROUTE_MISSING}, "attention")],
)
def test_without_a_diagnosis_there_is_no_hypothesis(look: dict[str, t.Any], state: str) -> None:
    assert worst(finding_notes(look, EN)) == state


def test_actions_are_the_plan_and_what_the_other_steps_ask_for() -> None:
    others = status_notes({"supervisor": {"streams": {"cam1": {"desired": {"a": 1}}}}}, NOW, EN)
    look = {"finding": ROUTE_MISSING, "plan": [{"name": "route", "title": "x"}, {"name": "new", "title": "something new"}], "frozen": True}
    texts = [note.text for note in action_notes(look, others, EN)]
    assert texts[0] == "Playbook B would: add the ADS route if it is missing, something new."
    assert texts[1] == "Start only these streams: cam1 (Playbook A)." and "frozen" in texts[2]
    assert [note.text for note in action_notes({"finding": {"code": "plc.healthy"}}, [], EN)] == ["Nothing to do."]
    look = {"finding": ROUTE_MISSING, "plan": []}
    assert action_notes(look, [], EN)[0].text.startswith("No step of Playbook B helps here. L1: Add the route")


# --- 7: incidents ----------------------------------------------------------------------------------------------------


def history(*incidents: Incident) -> dict[str, t.Any]:
    return {"history": {"entries": [entry for incident in incidents for entry in incident.entries]}}


def test_open_incident_is_told_with_all_that_is_missing() -> None:
    incident = Incident().opened()
    incident.add(1, "escalate", "unresolved", finding="plc.silent", severity="SEV-1")
    look = history(incident)
    (one,) = incidents_of(look, "line3-hmi1", NOW)
    assert (one["severity"], one["finding"], one["healed"]) == ("SEV-1", "plc.silent", False)
    assert one["missing"] == ["ending", "ticket", "reproduction", "countermeasure", "monitoring_gap", "issue", "postmortem"]
    notes = incident_notes(look, [one], EN)
    assert worst(notes) == "attention"
    assert f"{incident.name} is open since 2026-11-24 02:13:24 UTC, SEV-1; missing: a run that heals it, ticket" in words(notes)


def test_healed_incident_waits_for_its_closing_but_needs_no_attention() -> None:
    incident = Incident().opened()
    incident.add(1, "close", "healed", finding="plc.route_missing", severity="SEV-1")
    look = history(incident)
    (one,) = incidents_of(look, "line3-hmi1", NOW)
    assert one["healed"] and one["missing"][0] == "ticket"
    notes = incident_notes(look, [one], EN)
    assert worst(notes) == "ok" and "None is open. Healed and still to be closed: 1" in words(notes)
    incident.add(1, "close", "closed", details=CLOSED)
    assert incidents_of(history(incident), "line3-hmi1", NOW) == []


def test_incident_of_another_host_in_the_same_journal_is_not_told() -> None:
    healed = Incident(host="line3-hmi3").opened().add(1, "close", "healed")
    assert incidents_of(history(Incident(host="line3-hmi2").opened(), healed), "line3-hmi1", NOW) == []


@pytest.mark.parametrize(
    ("journal", "state", "said"),
    [
        ({"failure": {"message": "SSH is down."}, "entries": []}, "not observed", "SSH is down."),
        ({}, "not observed", "the journal"),
        ({"entries": []}, "ok", "None is open."),
        ({"entries": [], "open_undos": [{"do": "write_rest", "must": True, "variable": "MAIN.b"}]}, "attention", "MAIN.b at its test value"),
        ({"entries": [], "open_undos": [{"do": "remove_controller_route", "must": True}]}, "attention", "temporary route"),
        ({"entries": [], "open_undos": [{"do": "connect", "must": False}]}, "ok", "None is open."),
    ],
)
def test_journal(journal: dict[str, t.Any], state: str, said: str) -> None:
    notes = incident_notes({"history": journal}, [], EN)
    assert (worst(notes), said in words(notes)) == (state, True), words(notes)


# --- words -----------------------------------------------------------------------------------------------------------


def placeholders(text: str) -> set[str]:
    return {name for dummy, name, *dummy2 in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("table", [_checklist_words.WORDS, _preflight._WORDS], ids=["checklist", "preflight"])
def test_both_languages_fill_in_the_same(table: dict[str, tuple[str, str]]) -> None:
    assert {key: both for key, both in table.items() if placeholders(both[0]) != placeholders(both[1])} == {}
