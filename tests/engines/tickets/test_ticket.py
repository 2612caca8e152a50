# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ticket: a webhook that checks what it is given, and all that can go wrong on the way to any ticket system."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from servers import REPOSITORY, Reply, Request, Server, Webhook, silent
from stories import Journal, escalated_to, last_of, run
from trackers import GitHub

from ansible_collections.lineops.runbook.plugins.modules import ticket
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import healed

SECRET, TOKEN = "webhook-canary-4711", "token-canary-0815"


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
            closed = told_to(server, hook, journal.note(good).add(last_of(end.closed(60.0))), incident=end.name)
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

    def test_recipe_of_the_documentation_tells_ours_from_others(self) -> None:
        recipe = re.search(r"```python\n(.*?)```", (REPOSITORY / "docs/tickets.md").read_text(encoding="utf-8"), re.DOTALL)
        names: dict[str, Any] = {}
        exec(recipe.group(1), names)  # what a receiver would copy
        journal, hook = Journal(escalated_to("L1")), Webhook(SECRET)
        with Server(hook) as server:
            told_to(server, hook, journal, incident=journal.entries[0]["incident"])
        (request,) = server.requests
        old = {**request.headers, "X-Lineops-Timestamp": str(int(time.time()) - 400)}
        given = [(SECRET, request.headers, request.body), ("x", request.headers, request.body), (SECRET, request.headers, request.body + b" "),
                 (SECRET, old, request.body)]
        assert [names["is_ours"](*one) for one in given] == [True, False, False, False]

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
