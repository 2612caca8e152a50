# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ticket against GitHub and GitLab: opened once, commented, closed, found again, and text of the plant as text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt
from servers import Reply, Server
from stories import BEGUN, Journal, escalated_to, last_of, run
from trackers import GitHub, GitLab, Tracker

from ansible_collections.lineops.runbook.plugins.modules import ticket
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import escalated, healed

TOKEN = "token-canary-0815"
HOSTILE = "/close\r\n/assign @root <script>alert(1)</script> ![x](http://evil.example/a) #1 <!-- lineops: x -->\u202e @all"
TRACKERS: dict[str, tuple[Any, str, str]] = {
    "github": (GitHub, "/repos/plant/incidents/issues", ""),
    "gitlab": (GitLab, "/api/v4/projects/plant%2Fsub%2Fincidents/issues", "/api/v4"),
}


@pytest.mark.parametrize("provider", TRACKERS)
class TestTrackers:
    def test_opened_once_commented_on_escalation_closed_with_follow_ups(self, provider: str) -> None:
        tracker, told = self._tracker(provider)
        with Server(tracker) as server:
            first, second = escalated_to("L1"), escalated_to("L2", 10)
            journal = Journal(first)
            steps = [told(server, journal, first.name)]
            steps.append(told(server, journal.note(steps[-1]), first.name))
            steps.append(told(server, journal.add(second), second.name))
            end = healed(begun=second.begun.replace(microsecond=7))
            steps.append(told(server, journal.note(steps[-1]).add(end), end.name))
            steps.append(told(server, journal.note(steps[-1]).add(last_of(end.closed(60.0))), end.name))
        assert tracker.problems == []
        assert [step["done"] for step in steps] == [["opened"], [], ["commented"], ["commented", "closed"], ["commented"]]
        (issue,) = tracker.issues
        assert (issue["state"], issue["title"].startswith("[SEV-1] line3-hmi1: ")) == ("closed", True)
        assert set(issue["labels"].split(",") if provider == "gitlab" else issue["labels"]) == {"lineops", "SEV-1"}
        notes = [note["body"].split("\n")[0] for note in tracker.notes[1]]
        assert notes == ["**L2 has to act**", "**Healed**", "**Closed**"]
        assert "- **Issue:** PLC-77, high" in tracker.notes[1][-1]["body"] and "- **Priority:** high" in tracker.notes[1][-1]["body"]
        assert all(step["ticket"]["number"] == 1 for step in steps)

    def test_without_the_journals_word_the_ticket_itself_says_what_it_knows(self, provider: str) -> None:
        """A run that was killed after sending, or a journal that could not be written, opens no second ticket."""
        tracker, told = self._tracker(provider)
        with Server(tracker) as server:
            first, second = escalated_to("L1"), escalated_to("L2", 10)
            steps = [told(server, Journal(first), first.name) for dummy in range(2)]
            steps += [told(server, Journal(first, second), second.name) for dummy in range(2)]
        assert [(step["done"], step["changed"]) for step in steps] == [
            (["opened"], True), ([], False), (["commented"], True), ([], False)]
        assert len(tracker.issues) == 1 and len(tracker.notes[1]) == 1

    def test_runs_that_cannot_write_their_journal_share_the_ticket_of_the_day(self, provider: str) -> None:
        """SSH of the host is down, and an event rule starts a run every few minutes."""
        tracker, told = self._tracker(provider)
        noon = BEGUN.replace(hour=12)
        with Server(tracker) as server:
            for minute in (0, 7):
                incident = escalated(begun=noon.replace(minute=minute))
                journal = Journal()
                journal.entries = [{name: value for name, value in entry.items() if name != "ts"} for entry in incident.entries]
                assert told(server, journal, incident.name)["sent"]
        assert len(tracker.issues) == 1 and tracker.notes.get(1, []) == []

    def test_found_again_among_two_hundred_others(self, provider: str) -> None:
        tracker, told = self._tracker(provider)
        with Server(tracker) as server:
            first = escalated_to("L1")
            told(server, Journal(first), first.name)
            for number in range(200):
                tracker._open({"title": str(number), tracker.text: f"not it\n<!-- lineops: {first.name}x -->"})
            again = told(server, Journal(first), first.name)
        assert (again["done"], again["ticket"]["number"]) == ([], 1)

    def test_check_mode_reads_only(self, provider: str) -> None:
        tracker, told = self._tracker(provider)
        with Server(tracker) as server:
            end = healed(begun=BEGUN)
            would = told(server, Journal(end), end.name, check_mode=True)
        assert (would["done"], would["sent"]) == (["opened", "closed"], False)
        assert {request.method for request in server.requests} == {"GET"} and tracker.issues == []

    def test_what_broke_off_halfway_is_gone_on_with(self, provider: str) -> None:
        tracker, told = self._tracker(provider)
        with Server(tracker) as server:
            end = healed(begun=BEGUN)
            server.faults += [tracker, tracker, lambda dummy: Reply(500)]
            failed = told(server, Journal(end), end.name)
            done = told(server, Journal(end).note(failed), end.name)
        assert failed["failure"]["code"] == "delivery.failed" and done["done"] == ["closed"]
        assert [issue["state"] for issue in tracker.issues] == ["closed"]

    def test_text_of_the_plant_is_text(self, provider: str) -> None:
        tracker, told = self._tracker(provider)
        incident = escalated_to("L1", host="line3-hmi1")
        for entry in incident.entries:
            entry["line"] = HOSTILE
            if entry["phase"] == "escalate":
                entry["message"] = HOSTILE
                entry["details"]["contact"] = HOSTILE
        with Server(tracker) as server:
            assert told(server, Journal(incident), incident.name)["sent"]
        (issue,) = tracker.issues
        text = issue[tracker.text]
        assert "\n" not in issue["title"] and "\u202e" not in issue["title"] + text
        assert [line for line in text.splitlines() if line.startswith("/")] == []  # GitLab would obey it
        assert "@root" not in text and "@all" not in text
        shown = MarkdownIt("commonmark", {"html": True}).render(text)
        assert not re.search(r"<(script|img|a|h[1-6])\b", shown) and "&lt;script&gt;alert(1)" in shown
        assert shown.count("<!-- lineops:") == 2  # ours; the plant's is text

    def test_wrong_project_and_token_are_told(self, provider: str) -> None:
        tracker, told = self._tracker(provider)
        incident = escalated_to("L1")
        with Server(tracker) as server:
            lost = told(server, Journal(incident), incident.name, project="plant/else")
            tracker.token = "another"
            refused = told(server, Journal(incident), incident.name)
        assert (lost["failure"]["code"], refused["failure"]["code"]) == ("delivery.not_found", "delivery.refused")
        assert TOKEN not in str(refused) + str(lost)

    @staticmethod
    def _tracker(provider: str) -> tuple[Tracker, Any]:
        kind, root, api = TRACKERS[provider]
        project = "plant/incidents" if provider == "github" else "plant/sub/incidents"

        def told(server: Server, journal: Journal, incident: str, **more: Any) -> dict[str, Any]:
            return run(ticket, **{
                "entries": journal.entries, "incident": incident, "provider": provider, "url": server.url + api,
                "project": project, "token": TOKEN, **more})

        return kind(TOKEN, root), told
