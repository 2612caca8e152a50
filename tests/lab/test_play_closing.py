# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing an incident and taking one back: the real commands on incidents that Playbook B healed, and the plant's truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from plants import PlantLab
from runs import RESULT_KEYS, Run
from truth import files, flag

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

HOST, OTHER = "line1-hmi1", "line1-hmi2"
CLOSE, UNDO = "close_incident.yml", "undo_incident.yml"
HOSTILE = "{{ 1/0 }} <script>alert(1)</script> {% raw %} {{ lookup('pipe', 'touch /tmp/no') }}"
COMPLETE: dict[str, Any] = {
    "ticket": 4711, "reproduction": f"Take the route away in XAE, then read a variable {HOSTILE}",
    "countermeasure": "Playbook B added the route again.", "monitoring_gap": {"none": "the alert came within a minute"},
    "postmortem": {"type": "runbook", "ref": HOSTILE}, "issue": {"ref": "PLC-77", "priority": "high"},
}
INCOMPLETE = {**COMPLETE, "countermeasure": "", "monitoring_gap": {"none": "n/a"}, "issue": ["PLC-77"], "tiket": "OPS-1"}
OPEN = ("AB.2", "AB.3", "AB.4")
#: Another controller's, of a run that ended halfway; it must be there for the run that goes on with it.
LEFT = "line1-20260101T000000-line1-hmi1"
PLAN = ["disconnect from the PLC", f"remove the ADS route: {HOST}"]


class Handled:
    """Two hosts that were healed, and what was done with their incidents after that, one run after the other."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        for host in (HOST, OTHER):
            lab.fault(host, "route-removed")
        self.healed = lab.play()
        self.ids = {host: outcome["incident"] for host, outcome in self.healed.outcomes.items()}
        self._lease(HOST, LEFT, expired=True)
        self.refused = self._close(INCOMPLETE)
        self.lease_after = json.loads(self._lease_file(HOST).read_text(encoding="utf-8"))
        self._lease_file(HOST).unlink()
        self.journal_before = lab.journal(HOST)
        self.closed = self._close(COMPLETE)
        self.report = {path.suffix: path.read_text(encoding="utf-8") for path in self._reports()}
        self.again = self._close(COMPLETE)
        self.unknown = lab.play("-e", f"incident={self.ids[HOST][:-1]}{HOSTILE[:9]}", playbook=CLOSE)
        self._lease(OTHER, self.ids[OTHER], expired=False)
        self.busy = lab.play("-e", f"incident={self.ids[OTHER]}", playbook=CLOSE)
        self._lease_file(OTHER).unlink()
        self.inventory = lab.variant(self._give_the_controller_a_way)
        self.before_check = lab.settings(HOST)
        self.check = self._undo(HOST, "--check")
        self.after_check = lab.settings(HOST)
        self.undone = self._undo(HOST)
        self.seen = self.look(HOST)
        self.links = lab.links(OTHER)
        self.undone_again = self._undo(HOST)
        self.by_hand = lab.play("-e", f"incident={self.ids[OTHER]}", playbook=UNDO)

    def _close(self, closing: dict[str, Any], *words: str) -> Run:
        path = self.lab.base / "closing.yml"
        path.write_text(json.dumps({"lineops_closing": closing}), encoding="utf-8")
        reports = f"lineops_report_dir={self.lab.base}/reports"
        return self.lab.play("-e", f"incident={self.ids[HOST]}", "-e", f"@{path}", "-e", reports, *words, playbook=CLOSE)

    def _undo(self, host: str, *words: str) -> Run:
        return self.lab.play("-e", f"incident={self.ids[host]}", *words, playbook=UNDO, inventory=self.inventory)

    def _reports(self) -> list[Path]:
        return sorted((self.lab.base / "reports").iterdir())

    def _lease_file(self, host: str) -> Path:
        return self.lab.plant.state_dir(self.lab.host(host)) / "leases" / f"{host}.json"

    def _lease(self, host: str, incident: str, *, expired: bool) -> None:
        begun, ends = ("2026-01-01T00:00:00.000Z", "2026-01-01T00:02:00.000Z") if expired else (
            "2999-01-01T00:00:00.000Z", "2999-01-01T00:02:00.000Z")
        self._lease_file(host).write_text(json.dumps({
            "v": 1, "host": host, "incident": incident, "purpose": "Playbook B", "runner": "eda-7", "id": "0" * 16, "ttl_s": 120,
            "owner": {"controller": "another:1", "pid": 1, "started": 1, "node": "pod-7"},
            "taken_at": begun, "renewed_at": begun, "expires_at": ends}), encoding="utf-8")

    @staticmethod
    def _give_the_controller_a_way(groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        groups["line1"]["vars"]["lineops_controller_ads"]["route"] = "temporary"

    def look(self, host: str) -> dict[str, Any]:
        plant = self.lab.host(host)
        return {"routes": self.lab.observer.routes(plant), "flag": flag(plant), "value": self.lab.observer.value(plant)}

    def entries(self, host: str, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.lab.journal(host) if entry["event"] == event]


@pytest.fixture(scope="class")
def handled(new_lab) -> Handled:
    return Handled(new_lab(1, 2))


class TestClosing:
    """One class, one plant."""

    def test_incidents_were_healed(self, handled: Handled) -> None:
        assert {outcome["result"] for outcome in handled.healed.outcomes.values()} == {"HEALED"}

    def test_each_open_item_is_named_and_nothing_written(self, handled: Handled) -> None:
        told = handled.refused
        outcome = told.outcomes[HOST]
        assert (told.code, outcome["result"], outcome["changed"]) == (2, "REFUSED", False)
        assert set(told.outcomes) == {HOST} and set(outcome) == RESULT_KEYS
        assert [note.partition("): ")[0][-4:] for note in outcome["notes"][:-1]] == list(OPEN)
        assert outcome["notes"][-1].startswith("lineops_closing.tiket is not known")
        assert all(note in told.lines[HOST] for note in outcome["notes"])
        assert [entry["event"] for entry in handled.journal_before] == [
            entry["event"] for entry in handled.journal_before if entry["run"] == handled.ids[HOST]]

    def test_what_another_run_left_halfway_is_still_known(self, handled: Handled) -> None:
        """Closing took the expired lease over; the next Playbook B must still learn of the incident that goes on."""
        assert handled.lease_after["incident"] == LEFT

    def test_complete_is_closed(self, handled: Handled) -> None:
        outcome = handled.closed.outcomes[HOST]
        assert (handled.closed.code, outcome["result"], outcome["resolved"]) == (0, "CLOSED", True)
        (entry,) = handled.entries(HOST, "closed")
        assert entry["details"] == {**COMPLETE, "ticket": "4711"}
        assert (entry["incident"], entry["playbook"], entry["phase"]) == (handled.ids[HOST], "close", "close")
        assert entry["run"] != handled.ids[HOST]
        assert handled.closed.recap[HOST].items() >= {"changed": 0, "failed": 0}.items()

    def test_report_is_written_anew_with_the_text_as_it_is(self, handled: Handled) -> None:
        assert handled.closed.outcomes[HOST]["report"] == f"{handled.lab.base}/reports/{handled.ids[HOST]}.html"
        assert handled.closed.outcomes[HOST]["report"] in handled.closed.lines[HOST]
        report = json.loads(handled.report[".json"])
        assert report["closing"]["complete"] and report["result"]["closed"]
        assert HOSTILE in json.dumps(report["closing"], ensure_ascii=False)
        assert "<script>" not in handled.report[".html"].partition("<body")[2]
        assert "{{ 1/0 }} &lt;script&gt;" in handled.report[".html"]
        assert not Path("/tmp/no").exists()

    def test_second_time_it_is_closed_already(self, handled: Handled) -> None:
        outcome = handled.again.outcomes[HOST]
        assert (handled.again.code, outcome["result"], handled.again.recap[HOST]["changed"]) == (0, "CLOSED", 0)
        assert "was closed already, at " in outcome["sentence"]
        assert len(handled.entries(HOST, "closed")) == 1

    def test_unknown_incident_is_one_sentence_with_the_nearest(self, handled: Handled) -> None:
        (outcome,) = handled.unknown.outcomes.values()
        asked = f"{handled.ids[HOST][:-1]}{HOSTILE[:9]}"
        assert (handled.unknown.code, outcome["result"], outcome["finding"]) == (2, "REFUSED", "incident.unknown")
        assert outcome["sentence"] == (
            f"The journals of {HOST}, {OTHER} know no incident '{asked}'; nearest: {handled.ids[HOST]}, {handled.ids[OTHER]}.")

    def test_incident_that_another_run_works_on_is_left_alone(self, handled: Handled) -> None:
        outcome = handled.busy.outcomes[OTHER]
        assert (handled.busy.code, outcome["result"], outcome["resolved"]) == (2, "BUSY", False)
        assert "is held by eda-7 on pod-7" in outcome["sentence"]


@pytest.mark.ci
class TestUndo:
    """The same plant."""

    def test_check_shows_the_list_and_changes_nothing(self, handled: Handled) -> None:
        outcome = handled.check.outcomes[HOST]
        assert (handled.check.code, outcome["result"], outcome["actions"]) == (0, "PLANNED", PLAN)
        assert handled.after_check == handled.before_check
        assert handled.check.recap[HOST]["changed"] == 0

    def test_route_and_link_are_as_they_were(self, handled: Handled) -> None:
        outcome = handled.undone.outcomes[HOST]
        assert (handled.undone.code, outcome["result"], outcome["changed"]) == (0, "UNDONE", True)
        assert outcome["proof"] == ["the supervisor's flag", "the PLC's route list"]
        assert handled.undone.recap[HOST].items() >= {"changed": 2, "failed": 0}.items()
        assert handled.seen == {"routes": {}, "flag": False, "value": False}

    def test_journal_says_what_was_taken_back_in_which_order(self, handled: Handled) -> None:
        entries = [entry for entry in handled.entries(HOST, "undone") if entry["phase"] == "undo"]
        assert [(entry["action"], entry["target"], entry["original"] is not None, entry["reached"]) for entry in entries] == [
            ("disconnect", "plc:plc_001", True, "disconnected"), ("remove_route", "plc:plc_001", True, "absent")]
        assert {(entry["incident"], entry["playbook"]) for entry in entries} == {(handled.ids[HOST], "undo")}

    def test_second_run_has_nothing_to_do(self, handled: Handled) -> None:
        outcome = handled.undone_again.outcomes[HOST]
        assert (handled.undone_again.code, outcome["result"], outcome["actions"]) == (0, "UNDONE", [])
        assert "there is nothing to take back" in outcome["sentence"]
        assert handled.undone_again.recap[HOST]["changed"] == 0

    def test_without_a_way_a_person_is_told_and_the_link_stays(self, handled: Handled) -> None:
        outcome = handled.by_hand.outcomes[OTHER]
        assert (handled.by_hand.code, outcome["result"], outcome["changed"]) == (2, "UNRESOLVED", False)
        assert f"The route {OTHER} of plc_001 cannot be taken back from here: a supervisor cannot delete a route" in outcome["notes"][0]
        assert "next (L1, Operations shift desk, phone 100): " in handled.by_hand.lines[OTHER]
        assert handled.look(OTHER) == {"routes": {SUPERVISOR_NET_ID: SUPERVISOR_IP}, "flag": True, "value": False}
        assert len(handled.links) == 1 and handled.lab.links(OTHER) == handled.links  # not interrupted for nothing

    def test_no_lease_is_left(self, handled: Handled) -> None:
        assert [name for name in files(handled.lab.plant.folder / "state") if "/leases/" in name] == []
