# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets and messages of real runs on a plant: a dead ticket server delays nothing and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from mail_server import Mailbox
from plants import PlantLab
from prometheus_client.parser import text_string_to_metric_families
from runs import Run
from servers import Reply, Server, Webhook
from trackers import GitLab

from lab.faults import heal
from lab.waiting import Watch

SECRET, TOKEN = "ticket-secret-canary", "ticket-token-canary"
HEALS, LOST = "line1-hmi1", "line2-hmi1"
LINES = {HEALS: "line1", LOST: "line2"}
PROJECT = "/api/v4/projects/plant%2Fincidents/issues"
CLOSING: dict[str, Any] = {
    "ticket": {"none": "the line's own GitLab has it"}, "reproduction": "Take the route away in XAE, then read a variable.",
    "countermeasure": "Playbook B added the route again.", "monitoring_gap": "OPS-1205, no alarm for a lost route",
    "issue": {"ref": "PLC-77", "priority": "low"}, "postmortem": {"type": "runbook", "ref": "docs/routes.md"},
}


class Told:
    """One line with a webhook whose server is down at first; another with a GitLab that fails once; two levels that want to know."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab, self.hook, self.gitlab, self.levels = lab, Webhook(SECRET), GitLab(TOKEN, PROJECT), Webhook(SECRET, "/levels-s3cret")
        hook, tracker, levels = (lab.resources.enter_context(Server(what)) for what in (self.hook, self.gitlab, self.levels))
        self._ticket: dict[str, dict[str, Any]] = {
            LINES[HEALS]: {"provider": "webhook", "url": "http://127.0.0.1:1/hooks/s3cret-path"},
            LINES[LOST]: {"provider": "gitlab", "url": f"{tracker.url}/api/v4", "project": "plant/incidents"}}
        self.mailbox = lab.resources.enter_context(Mailbox("none"))
        self._levels = f"{levels.url}/levels-s3cret"
        lab.fault(HEALS, "route-removed")
        lab.fault(LOST, "route-removed", "credentials-changed")
        self.down = self._play()
        self.sent_while_down = len(hook.requests)
        self.checked = self._play("--check", "-e", '{"lineops_ticket": {"provider": "gitlab"}}', limit=HEALS)
        self.sent_by_check = {name: len(server.requests) for name, server in (("hook", hook), ("levels", levels))}
        self._ticket[LINES[HEALS]]["url"] = hook.url + self.hook.path
        self.later = self._play("-vvv")  # nothing secret even then
        heal(lab.plant, lab.host(LOST), Watch())
        tracker.faults += [lambda dummy: Reply(502, b"<html>")] * 2
        self.failing = self._play(limit=LOST)
        self.metrics = self._play("-e", f"lineops_metrics_file={lab.base}/lineops.prom", playbook="metrics.yml")
        self.deliver_failing, self.deliver, self.deliver_again = (self._play(playbook="deliver.yml") for dummy in range(3))
        self.incident = {host: outcome["incident"] for host, outcome in self.down.outcomes.items()}
        path = lab.base / "closing.yml"
        path.write_text(json.dumps({"lineops_closing": CLOSING}), encoding="utf-8")
        self.closed = self._play("-e", f"incident={self.incident[HEALS]}", "-e", f"@{path}", playbook="close_incident.yml")

    def _play(self, *words: str, **how: Any) -> Run:
        """Run against the inventory as it is by now."""
        return self.lab.play(*words, inventory=self.lab.variant(self._change), canaries=[SECRET, TOKEN, "s3cret"], **how)

    def _change(self, groups: dict[str, Any], secrets: dict[str, Any]) -> None:
        for line, where in self._ticket.items():
            notify = {level: [{"webhook": self._levels}] for level in ("L1", "L2", "L3")}
            notify["L1"].append({"email": "shift@plant.example"})
            mail = {"server": "127.0.0.1", "port": self.mailbox.port, "tls": "none", "sender": "lineops@plant.example", "timeout": 30}
            groups[line]["vars"].update(lineops_ticket=where, lineops_notify=notify, lineops_mail=mail, lineops_language="de")
            secrets[line].update(ticket_secret=SECRET, ticket_token=TOKEN)

    def records(self, host: str) -> list[tuple[str, str, str]]:
        """What the journal says was told: event, what, state."""
        return [(entry["event"], entry["details"]["what"].split(" ")[0], entry["details"]["key"].partition("/")[2])
                for entry in self.lab.journal(host) if entry["phase"] == "deliver"]


@pytest.fixture(scope="class")
def told(new_lab: Callable[..., PlantLab]) -> Told:
    return Told(new_lab(2, 1))


class TestTickets:
    """One class, one plant."""

    def test_dead_ticket_server_leaves_the_host_healed_and_is_told(self, told: Told) -> None:
        outcome = told.down.outcomes[HEALS]
        assert (outcome["result"], told.down.recap[HEALS]["failed"], told.sent_while_down) == ("HEALED", 0, 0)
        (note,) = [note for note in outcome["notes"] if "TICKET" in note]
        assert note == "TICKET NOT SENT: The webhook 127.0.0.1:1 refuses the connection. The next run tries it again."
        assert note in told.down.lines[HEALS]

    def test_mistake_in_these_variables_refuses_no_recovery_and_is_told(self, told: Told) -> None:
        outcome = told.checked.outcomes[HEALS]
        assert (told.checked.code, outcome["result"]) == (0, "HEALTHY")
        assert "TICKETS AND MESSAGES NOT SENT: lineops_ticket.project is missing; provider gitlab needs it." in outcome["notes"]

    def test_check_sends_nothing(self, told: Told) -> None:
        assert told.sent_by_check == {"hook": 0, "levels": 1}  # the one that the run before had sent

    def test_next_run_sends_it_once(self, told: Told) -> None:
        assert told.later.outcomes[HEALS]["result"] == "HEALTHY" and told.hook.refused == []
        states = [key.partition("/")[2] for dummy, key in told.hook.taken]
        assert states == ["healed", "closed"] and {key.partition("/")[0] for dummy, key in told.hook.taken} == {told.incident[HEALS]}
        assert told.records(HEALS) == [
            ("not_delivered", "ticket", "healed"), ("delivered", "ticket", "healed"), ("delivered", "ticket", "closed")]
        healed = told.hook.taken["ticket", f"{told.incident[HEALS]}/healed"]
        assert healed["finding"]["code"] == "plc.route_missing" and [one["action"] for one in healed["actions"]][:3] == [
            "disconnect", "route", "connect"]
        assert healed["proof"] == ["route test", "write test"] and healed["times"]["recover_s"] > 0

    def test_closing_tells_follow_ups_and_priority(self, told: Told) -> None:
        assert told.closed.outcomes[HEALS]["result"] == "CLOSED"
        closed = told.hook.taken["ticket", f"{told.incident[HEALS]}/closed"]
        assert closed["priority"] == "low"
        assert {one["item"]: one["value"] for one in closed["follow_ups"]} == {
            "monitoring_gap": CLOSING["monitoring_gap"], "issue": "PLC-77, low", "postmortem": "runbook, docs/routes.md"}

    def test_second_attempt_comments_the_same_ticket_and_calls_the_next_level(self, told: Told) -> None:
        assert {run.outcomes[LOST]["result"] for run in (told.down, told.later)} == {"UNRESOLVED"}
        reached = [run.outcomes[LOST]["escalation"]["level"] for run in (told.down, told.later)]
        assert reached == ["L1", "L2"]
        assert [key.partition("/")[2] for dummy, key in told.levels.taken] == ["escalated-L1", "escalated-L2"]
        assert told.gitlab.problems == [] and len(told.gitlab.issues) == 1
        (mail,) = told.mailbox.mails
        assert told.mailbox.envelopes == [("lineops@plant.example", ["shift@plant.example"])]
        assert mail.get_content().startswith("L1 muss handeln: ")

    def test_what_the_run_could_not_tell_deliver_tells_once(self, told: Told) -> None:
        outcome = told.failing.outcomes[LOST]
        assert (told.failing.code, outcome["resolved"]) == (0, True)
        assert any(note.startswith("TICKET NOT SENT: GitLab (127.0.0.1:") for note in outcome["notes"])
        assert [told.deliver_failing.code, told.deliver.code, told.deliver_again.code] == [2, 0, 0]
        assert "(status 502). The next run tries it again." in told.deliver_failing.text
        assert "commented, closed" in told.deliver.out and "commented" not in told.deliver_again.out
        (issue,) = told.gitlab.issues
        assert issue["state"] == "closed"
        assert [note["body"].split("\n")[0] for note in told.gitlab.notes[1]] == ["**L2 muss handeln**", "**Geheilt**"]

    def test_metrics_count_it(self, told: Told) -> None:
        """Written between the run that could not tell and deliver.yml."""
        assert told.metrics.code == 0 and told.metrics.recap[HEALS]["changed"] == 0
        text = (told.lab.base / "lineops.prom").read_text(encoding="utf-8")
        found = {
            (sample.name, *(sample.labels.get(name) for name in ("line", "result", "host", "severity"))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}
        assert found["lineops_deliveries_pending", "line1", None, None, None] == 0
        assert found["lineops_deliveries_pending", "line2", None, None, None] == 1
        assert found["lineops_incidents_total", "line1", "healed", None, "SEV-1"] == 1
        assert found["lineops_incident_recover_seconds_count", "line1", None, None, None] == 1
        assert found["lineops_journal_verified", "line2", None, LOST, None] == 1
        assert found["lineops_incidents_open", "line2", None, None, "SEV-1"] == 0

    def test_tickets_are_no_change_of_the_plant(self, told: Told) -> None:
        assert told.later.recap[HEALS]["changed"] == 0 and told.deliver.recap[LOST]["changed"] == 0

    def test_report_knows_the_entries(self, told: Told) -> None:
        page = json.loads(next(told.lab.plant.folder.glob(f"reports/{told.incident[HEALS]}.json")).read_text(encoding="utf-8"))
        assert not [remark for remark in page["remarks"] if remark["code"] == "unknown_entries"]
        assert [item["entry"]["event"] for item in page["timeline"]].count("delivered") >= 1
