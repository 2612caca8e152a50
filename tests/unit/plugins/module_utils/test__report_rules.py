# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From journal entries to the report of one incident: what is told, what is missing, and that nothing is lost."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock
from ansible_collections.lineops.runbook.plugins.module_utils._report_rules import incident_report
from ansible_collections.lineops.runbook.tests.unit.helpers import incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import CONTACTS, Incident, at


def report_of(incident: Incident, contacts: t.Any = None) -> dict[str, t.Any]:
    return incident_report(incident.entries, clock=Clock("UTC"), undos=open_undos, contacts=contacts)


def picked(report: t.Mapping[str, t.Any], *names: str) -> tuple[t.Any, ...]:
    return tuple(report[name] for name in names)


def codes(report: t.Mapping[str, t.Any]) -> list[str]:
    return [remark["code"] for remark in report["remarks"]]


def test_healed_incident_tells_result_severity_proof_and_that_it_is_to_be_closed() -> None:
    report = report_of(incidents.healed())
    assert picked(report, "host", "line", "playbook", "scope", "runners") == (
        "line3-hmi1", "line3", "B", ["line3-hmi1"], ["awx-4711"],
    )  # fmt: skip
    assert picked(report["result"], "code", "resolved", "closed") == ("healed", True, False)
    assert picked(report["severity"], "code", "rule_id") == ("SEV-1", "B.E1")
    assert report["finding"] == {
        "code": "plc.route_missing", "sentence": "The PLC Press has no ADS route back to line3-hmi1."
    }  # fmt: skip
    assert picked(report["next"], "kind", "needed", "level", "step") == ("close", False, "", "")
    assert picked(report["proof"], "verified", "words") == (True, ["route test", "write test"])
    assert {row["signal"]: (row["before"], row["after"]) for row in report["comparison"]}["test"] == ("timeout", "ok")
    assert report["remarks"] == [] and report["left"] == []


def test_counter_checks_keep_call_time_value_vantage_point_and_verdict() -> None:
    (finding,) = report_of(incidents.healed())["findings"]
    assert finding["verdict"] == "confirmed"
    assert finding["counter_checks"][0] == {
        "signal": "controller", "call": "ADS probe, TCP 48898", "value": "closed",
        "observed_from": "controller 10.30.0.5", "at": at(2.7), "verdict": "confirmed",
    }  # fmt: skip


def test_escalation_tells_level_contact_and_what_the_next_one_looks_at() -> None:
    report = report_of(incidents.escalated())
    assert picked(report["result"], "code", "resolved") == ("unresolved", False)
    assert picked(report["next"], "kind", "needed", "level", "contact", "finding") == (
        "step", True, "L1", CONTACTS["L1"], "plc.router_refused",
    )  # fmt: skip
    assert report["next"]["step"].startswith("Look at the TwinCAT icon")
    assert picked(report["escalation"], "level", "contact") == ("L1", CONTACTS["L1"])
    assert report["actions"] == []


@pytest.mark.parametrize(
    ("contact", "told"), [("phone 7", "phone 7"), ({"name": "Anna", "phone": 7}, "Anna, 7"), (None, "")]
)
def test_contact_comes_from_the_inventory_where_the_journal_has_none(contact: t.Any, told: str) -> None:
    incident = Incident().opened().found("blocked (6)").ended("unresolved")
    assert report_of(incident, {"L1": contact})["next"]["contact"] == told


def test_interrupted_incident_says_so_and_what_is_left_to_be_taken_back() -> None:
    report = report_of(incidents.interrupted(), CONTACTS)
    assert picked(report["result"], "code", "resolved") == ("interrupted", False)
    assert picked(report["next"], "kind", "level", "contact") == ("interrupted", "L1", CONTACTS["L1"])
    assert codes(report) == ["incomplete", "left"]
    assert [item["undo"]["variable"] for item in report["left"]] == ["MAIN.bOpsTest"]
    assert [action["state"] for action in report["actions"]] == ["done", "done", "done", "begun"]
    assert report["times"]["recover_s"] is None


def test_incident_that_another_run_took_over_is_one_story_with_a_pause() -> None:
    report = report_of(incidents.taken_over())
    assert picked(report["result"], "code", "resolved") == ("healed", True)
    assert report["runners"] == ["awx-4711", "shell-anna"]
    assert report["left"] == [] and codes(report) == []
    assert [action["state"] for action in report["actions"]][-2:] == ["undone", "done"]
    pauses = [stretch for stretch in report["phases"] if stretch["phase"] == "pause"]
    assert [round(stretch["to_s"] - stretch["from_s"]) for stretch in pauses] == [10800]


def test_incident_taken_up_again_after_its_end_has_no_end() -> None:
    """The last ending would be told as the result of a run that is still going."""
    incident = incidents.escalated().add(60.0, "open", "continued", details={"from": "awx-1"})
    assert report_of(incident)["result"]["code"] == "interrupted"


def test_refusal_by_a_guard_rail_is_not_mistaken_for_the_end_of_the_same_name() -> None:
    report = report_of(incidents.refused())
    assert [refusal["guard"] for refusal in report["refusals"]] == ["freeze"]
    assert picked(report["next"], "needed", "guard") == (True, "freeze")
    assert report["result"]["code"] == "refused"


def test_failed_action_is_not_mistaken_for_the_end_of_the_same_name() -> None:
    incident = Incident().opened().found().planned().begin("route").done("route", 2.0, event="failed", msg="no answer")
    report = report_of(incident)
    assert report["result"]["code"] == "interrupted"
    assert picked(report["actions"][0], "state", "message", "latency_s") == ("failed", "no answer", 2.0)


def test_plan_is_no_ending_whatever_its_phase() -> None:
    assert report_of(Incident().opened().add(1.0, "close", "planned"))["result"]["code"] == "interrupted"


def test_severity_is_never_silently_lowered() -> None:
    incident = incidents.healed()
    incident.entries[-1]["severity"] = "SEV-3"
    report = report_of(incident)
    assert picked(report["severity"], "code", "rule_id", "told") == ("SEV-1", "B.E1", ["SEV-1", "SEV-3"])
    assert codes(report) == ["severity_changed"]


def test_healthy_incident_asks_for_nothing() -> None:
    report = report_of(incidents.healthy())
    assert picked(report["next"], "kind", "needed") == ("nothing", False)
    assert report["severity"]["code"] == ""
    assert picked(report["times"], "acknowledge_s", "recover_s") == (None, None)


def test_before_is_what_was_seen_first() -> None:
    """A second look in the middle of the healing would make before and after the same."""
    incident = Incident().opened()
    for value in ("disconnected", "connected"):
        incident.add(1.0, "diagnose", "finding", details={"evidence": [{"signal": "flag", "value": value}]})
    incident.add(1.0, "verify", "verified", details={"signals": {"flag": "connected"}})
    assert report_of(incident)["comparison"] == [{"signal": "flag", "before": "disconnected", "after": "connected"}]


def test_what_a_run_said_loudly_beside_its_result_is_a_remark_once() -> None:
    """Such as that an action is written down nowhere: a reader must know that before believing the rest."""
    loud = "JOURNAL NOT WRITTEN: no room"
    incident = Incident().opened().found("blocked (6)").ended("unresolved", notes=[loud, loud])
    assert [remark for remark in report_of(incident)["remarks"] if remark["code"] == "noted"] == [{"code": "noted", "note": loud}]


# --- closing checklist -----------------------------------------------------------------------------------------------


def closing(**items: t.Any) -> dict[str, bool]:
    told = report_of(incidents.healed().closed(**items))["closing"]
    return {item["id"]: item["done"] for item in told["items"]}


def test_closing_checklist_of_a_closed_incident_is_done() -> None:
    report = report_of(incidents.healed().closed())
    assert report["closing"]["complete"] and report["result"]["closed"]
    assert report["next"]["kind"] == "nothing"
    parts = {
        part["name"]: (part["value"], part["reason"]) for item in report["closing"]["items"] for part in item["parts"]
    }
    assert parts["monitoring_gap"] == ("", "the alert came within a minute")
    assert parts["issue"] == ("PLC-77, high", "")


@pytest.mark.parametrize("open_value", [None, "", "  ", {}, {"none": ""}, {"none": "  "}, {"none": None}])
def test_none_without_a_reason_leaves_an_item_open(open_value: t.Any) -> None:
    assert closing(countermeasure=open_value) == {
        "AB.1": True, "AB.2": False, "AB.3": True, "AB.4": True, "CL.7": True,
    }  # fmt: skip


def test_closing_days_later_is_no_part_of_the_run() -> None:
    report = report_of(incidents.healed().closed(after=200000.0))
    assert report["times"]["run_s"] < 60 and report["phases"][-1]["to_s"] < 60


def test_what_a_person_closed_needs_nobody() -> None:
    assert not report_of(incidents.escalated().closed())["next"]["needed"]


# --- times -----------------------------------------------------------------------------------------------------------


def test_times_are_those_that_are_defined() -> None:
    report = report_of(incidents.healed())
    entries = {entry["event"]: entry for entry in reversed(incidents.healed().entries)}
    assert picked(report["times"], "opened", "detect_s", "acknowledge_s") == (at(0), 5.3, 5.5)
    assert report["times"]["recover_s"] == entries["healed"]["latency_s"]


def redated(change: t.Callable[[dict[str, t.Any]], dict[str, t.Any]]) -> dict[str, t.Any]:
    """The report of a healed incident whose entries tell their times otherwise."""
    incident = incidents.healed()
    incident.entries = [{**entry, **change(entry)} for entry in incident.entries]
    return report_of(incident)


def test_what_was_saved_up_counts_from_when_it_happened() -> None:
    """A run writes the opening, the finding and the plan with its first action: written then, they would all be at once."""
    report, plain = redated(lambda entry: {"ts": max(entry["ts"], at(9.0)), "at": entry["ts"]}), report_of(incidents.healed())
    assert report["times"] == plain["times"] and report["result"]["at"] == plain["result"]["at"]


@pytest.mark.parametrize("other", [None, "", 5, {"a": 1}])
def test_what_is_no_time_is_the_time_of_writing(other: t.Any) -> None:
    assert redated(lambda dummy: {"at": other})["times"] == report_of(incidents.healed())["times"]


def test_escalation_without_an_action_counts_as_the_reaction() -> None:
    assert report_of(incidents.escalated())["times"]["acknowledge_s"] == 5.4


def test_time_before_an_entry_belongs_to_its_phase_and_nothing_is_counted_twice() -> None:
    report = report_of(incidents.healed())
    spans = [(stretch["from_s"], stretch["to_s"]) for stretch in report["phases"]]
    assert all(end == begin for (dummy, end), (begin, dummy2) in zip(spans, spans[1:]))
    assert (spans[0][0], spans[-1][1]) == (0.0, report["times"]["run_s"])
    assert [stretch["phase"] for stretch in report["phases"]] == [
        "open", "observe", "diagnose", "plan", "act", "verify", "close",
    ]  # fmt: skip


def test_clock_that_goes_back_gives_no_negative_time_and_is_named() -> None:
    """Two controllers ten minutes apart write one incident."""
    incident = incidents.healed()
    for entry in incident.entries[6:]:
        entry["ts"] = at(Clock("UTC").seconds(entry["ts"]) - Clock("UTC").seconds(at(600)))
    report = report_of(incident)
    offsets = [item["offset_s"] for item in report["timeline"]]
    assert offsets == sorted(offsets) and report["times"]["run_s"] > 0
    (remark,) = report["remarks"]
    assert remark["code"] == "clock_back" and 590 < remark["seconds"] < 600


def test_entries_without_a_readable_time_are_counted() -> None:
    incident = incidents.healed()
    incident.entries[2]["ts"], incident.entries[3]["ts"] = "yesterday", 17
    assert report_of(incident)["remarks"] == [{"code": "without_time", "count": 2}]


# --- what is not as agreed -------------------------------------------------------------------------------------------


def test_unknown_events_and_phases_stay_in_the_timeline_as_they_are() -> None:
    incident = incidents.healed().add(1.0, "act", "levitated", message="up").add(1.0, 7, ["x"], details="free text")
    report = report_of(incident)
    assert [item["entry"] for item in report["timeline"]] == incident.entries
    assert report["remarks"] == [{"code": "unknown_entries", "count": 2, "entries": [17, 18]}]


def test_details_of_another_shape_are_kept_as_values() -> None:
    incident = Incident().add(0.0, "diagnose", "finding", finding="x.y", details={
        "evidence": ["saw it", {"signal": "flag", "value": True}], "counter_checks": "none", "refuted": [{"code": 7}],
        "also": {"code": "a.b"}, "verdict": ["confirmed"],
    })  # fmt: skip
    (finding,) = report_of(incident)["findings"]
    assert [seen["value"] for seen in finding["evidence"]] == ["saw it", "true"]
    assert [seen["value"] for seen in finding["counter_checks"]] == ["none"]
    assert (finding["refuted"][0]["code"], finding["also"][0]["code"], finding["verdict"]) == (
        "7",
        "a.b",
        '["confirmed"]',
    )


def test_check_mode_is_said() -> None:
    incident = Incident().add(0.0, "open", "opened", details={"scope": ["h1"], "check": True})
    assert "check" in codes(report_of(incident))


# --- actions ---------------------------------------------------------------------------------------------------------


def states(incident: Incident) -> list[tuple[str, str]]:
    return [(action["action"], action["state"]) for action in report_of(incident)["actions"]]


def test_an_end_belongs_to_the_beginning_with_the_same_undo() -> None:
    """Each namespace has an undo of its own; a second end must not settle the first beginning twice."""
    incident = Incident().opened()
    first = {"do": "write_rest", "must": True, "variable": "A.b"}
    second = {**first, "variable": "C.d"}
    for event, undo in (("begin", first), ("begin", second), ("done", first)):
        incident.add(1.0, "act", event, action="namespaces", undo=undo)
    assert [(action["undo"]["variable"], action["state"]) for action in report_of(incident)["actions"]] == [
        ("A.b", "done"), ("C.d", "begun"),
    ]  # fmt: skip
    assert [item["undo"]["variable"] for item in report_of(incident)["left"]] == ["C.d"]


def test_an_end_whose_beginning_could_not_be_written_is_an_action() -> None:
    assert states(Incident().opened().done("connect", 1.0)) == [("connect", "done")]


def test_undo_by_another_name_takes_the_action_back() -> None:
    incident = Incident().opened().acted("route", 1.0, "absent", "present")
    undo = incident.entries[-1]["undo"]
    incident.add(60.0, "undo", "undone", action="remove_route", undo=undo, target="plc:plc_001")
    assert states(incident) == [("route", "undone")]


def test_action_tells_original_reached_and_entries() -> None:
    action = report_of(Incident().opened().acted("connect", 1.9, "disconnected", "connected"))["actions"][0]
    assert picked(action, "target", "original", "reached", "latency_s", "entries") == (
        "plc:plc_001", "disconnected", "connected", 1.9, [3, 4],
    )  # fmt: skip
    assert action["undo"]["do"] == "disconnect"
