# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ticket against a webhook, GitHub and GitLab that check what they are given."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from markdown_it import MarkdownIt
from servers import GitHub, GitLab, Reply, Request, Server, Tracker, Webhook, silent
from stories import BEGUN, Journal, escalated_to, run

from ansible_collections.lineops.runbook.plugins.modules import ticket
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import escalated, healed

SECRET, TOKEN = "webhook-canary-4711", "token-canary-0815"
HOSTILE = "/close\r\n/assign @root <script>alert(1)</script> ![x](http://evil.example/a) #1 <!-- lineops: x -->\u202e @all"


def told_to(server: Server, hook: Webhook, journal: Journal, **more: Any) -> dict[str, Any]:
    return run(ticket, entries=journal.entries, provider="webhook", url=server.url + hook.path, secret=SECRET, **more)


class TestWebhook:
    def test_each_step_is_told_once_signed_and_as_the_schema_says(self) -> None:
        first = escalated_to("L1")
        journal, hook = Journal(first), Webhook(SECRET)
        with Server(hook) as server:
            opened = told_to(server, hook, journal, incident=first.name)
            again = told_to(server, hook, journal.note(opened), incident=first.name)
            second = escalated_to("L2", 10)
            reached = told_to(server, hook, journal.add(second), incident=second.name)
            third = escalated_to("L2", 20)
            same_level = told_to(server, hook, journal.note(reached).add(third), incident=third.name)
            end = healed(begun=third.begun.replace(microsecond=7))
            good = told_to(server, hook, journal.add(end), incident=end.name)
            closed = told_to(server, hook, journal.note(good).add(end.closed(60.0) and _last(end)), incident=end.name)
        assert hook.refused == []
        assert [(one["changed"], one["sent"]) for one in (opened, again, reached, same_level, good, closed)] == [
            (True, True), (False, False), (True, True), (False, False), (True, True), (True, True)]
        name = first.name
        assert list(hook.taken) == [("ticket", f"{name}/{state}") for state in ("escalated-L1", "escalated-L2", "healed", "closed")]
        last = hook.taken["ticket", f"{name}/closed"]
        assert [step["state"] for step in last["course"]] == ["escalated", "escalated", "healed", "closed"]
        assert (last["incident"], last["priority"], last["level"]) == (name, "high", "")
        assert {one["item"]: one["value"] or one["none"] for one in last["follow_ups"]} == {
            "monitoring_gap": "the alert came within a minute", "issue": "PLC-77, high", "postmortem": "runbook, docs/routes.md"}
        assert hook.taken["ticket", f"{name}/escalated-L2"]["next"]["level"] == "L2"

    def test_what_could_not_be_sent_is_sent_later_once_with_the_course(self) -> None:
        first, second = escalated_to("L1"), escalated_to("L2", 10)
        journal, hook = Journal(first, second), Webhook(SECRET)
        with Server(hook) as server:
            server.faults += [lambda dummy: Reply(503), lambda dummy: Reply(503)]
            failed = told_to(server, hook, journal, incident=second.name)
            failed_again = told_to(server, hook, journal.note(failed), incident=second.name)
            sent = told_to(server, hook, journal.note(failed_again), incident=second.name)
        assert failed["failure"]["code"] == "delivery.failed"
        assert (failed["record"]["event"], failed_again["record"]) == ("not_delivered", {})  # a weekend of tries is no flood
        assert sent["record"]["event"] == "delivered" and list(hook.taken) == [("ticket", f"{first.name}/escalated-L2")]
        assert [step["level"] for step in hook.taken["ticket", sent["key"]]["course"]] == ["L1", "L2"]

    def test_check_mode_sends_nothing(self) -> None:
        journal, hook = Journal(escalated_to("L1")), Webhook(SECRET)
        with Server(hook) as server:
            would = told_to(server, hook, journal, incident=journal.entries[0]["incident"], check_mode=True)
        assert (would["changed"], would["sent"], would["done"], would["record"]) == (True, False, ["posted"], {})
        assert server.requests == []

    def test_secrets_of_the_plant_do_not_leave_it(self) -> None:
        incident = escalated_to("L1")
        incident.entries[-1]["message"] = f"login with {TOKEN} failed"
        journal, hook = Journal(incident), Webhook(SECRET)
        with Server(hook) as server:
            told_to(server, hook, journal, incident=incident.name, secrets=[TOKEN])
        assert TOKEN not in server.requests[0].body.decode() and "***" in server.requests[0].body.decode()


def _last(incident: Any) -> Any:
    """The incident with its last entry only."""
    incident.entries = incident.entries[-1:]
    return incident


FAULTS = {
    "500": (lambda dummy: Reply(500, b"<html>Traceback</html>"), "delivery.failed", "failed itself (status 500)"),
    "401": (lambda dummy: Reply(401, {"message": "Bad credentials"}), "delivery.refused", "does not accept the secret (status 401): Bad credentials"),
    "429": (lambda dummy: Reply(429, b"", {"Retry-After": "77"}), "delivery.rate_limited", "asks to wait 77 s (status 429)"),
    "403 of GitHub": (
        lambda dummy: Reply(403, b"", {"X-RateLimit-Remaining": "0"}), "delivery.rate_limited", "asks to wait (status 403)"),
    "redirect": (lambda dummy: Reply(302, b"", {"Location": "http://evil.example/"}), "delivery.redirected", "which is not followed (status 302)"),
    "422": (lambda dummy: Reply(422, {"message": "Validation\nFailed"}), "delivery.rejected", "rejected what was sent (status 422): Validation Failed"),
}  # fmt: skip
FAULTS_OF_TRACKERS = {
    "HTML": (lambda dummy: Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}), "delivery.not_json", "something else than JSON"),
    "huge": (lambda dummy: Reply(200, b"[" + b" " * 5_000_000 + b"]"), "delivery.unreachable", "sent an answer that is too large"),
    "no list": (lambda dummy: Reply(200, {"message": "hello"}), "delivery.not_json", "something else than a list"),
}  # fmt: skip


class TestFaults:
    """One sentence each, nothing secret in it, and the entry that remembers it."""

    @pytest.mark.parametrize("fault", FAULTS)
    def test_webhook(self, fault: str) -> None:
        answer, code, words = FAULTS[fault]
        journal, hook = Journal(escalated_to("L1")), Webhook(SECRET)
        with Server(hook) as server:
            server.faults.append(answer)
            self._assert_told(told_to(server, hook, journal, incident=journal.entries[0]["incident"]), code, words)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("fault", {**FAULTS, **FAULTS_OF_TRACKERS})
    def test_tracker(self, fault: str) -> None:
        answer, code, words = {**FAULTS, **FAULTS_OF_TRACKERS}[fault]
        journal = Journal(escalated_to("L1"))
        with Server(GitHub(TOKEN, "/repos/plant/incidents/issues")) as server:
            server.faults.append(answer)
            failed = run(
                ticket, entries=journal.entries, incident=journal.entries[0]["incident"], provider="github", url=server.url,
                project="plant/incidents", token=TOKEN)
            self._assert_told(failed, code, words)
        assert [request.method for request in server.requests] == ["GET"]

    def test_nobody_listens(self) -> None:
        with Server(Webhook(SECRET)) as server:
            url = server.url
        self._assert_told(self._hook(url), "delivery.unreachable", "refuses the connection")

    def test_silence_ends_in_time(self) -> None:
        began = time.monotonic()
        with silent() as url:
            self._assert_told(self._hook(url, timeout=1), "delivery.unreachable", "did not answer in time")
        assert time.monotonic() - began < 30  # the machine is noisy; without a limit it would never end

    def test_tls_that_is_not_trusted(self, authority: Any) -> None:
        hook = Webhook(SECRET)
        with Server(hook, authority.server_context()) as server:
            self._assert_told(self._hook(server.url + hook.path), "delivery.unreachable", "certificate or TLS that is not accepted")
            assert self._hook(server.url + hook.path, ca_path=str(authority.path))["sent"]

    def test_token_is_not_sent_in_the_clear(self) -> None:
        journal = Journal(escalated_to("L1"))
        failed = run(
            ticket, entries=journal.entries, incident=journal.entries[0]["incident"], provider="gitlab", url="http://192.0.2.1/api/v4",
            project="plant/incidents", token=TOKEN)
        self._assert_told(failed, "delivery.clear_text", "A token is not sent to GitLab (192.0.2.1) without TLS.")

    @staticmethod
    def _hook(url: str, **more: Any) -> dict[str, Any]:
        journal = Journal(escalated_to("L1"))
        return run(ticket, entries=journal.entries, incident=journal.entries[0]["incident"], provider="webhook", url=url, secret=SECRET, **more)

    @staticmethod
    def _assert_told(result: dict[str, Any], code: str, words: str) -> None:
        assert (result.get("failed"), result["failure"]["code"]) == (True, code)
        message = result["failure"]["message"]
        assert words in message and message.count("\n") == 0 and len(message) < 400
        assert result["record"]["event"] == "not_delivered" and result["record"]["details"]["code"] == code
        assert not [canary for canary in (SECRET, TOKEN, "s3cret-path") if canary in str(result)]


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
            steps.append(told(server, journal.note(steps[-1]).add(_last(end.closed(60.0))), end.name))
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


def test_proxy_and_netrc_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    seen: list[Request] = []
    journal, hook = Journal(escalated_to("L1")), Webhook(SECRET)
    with Server(lambda request: seen.append(request) or hook(request)) as server:
        assert told_to(server, hook, journal, incident=journal.entries[0]["incident"])["sent"]
    assert "Authorization" not in seen[0].headers
