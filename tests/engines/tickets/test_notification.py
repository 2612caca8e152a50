# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module notification: one message for a level that is newly reached, by webhook and by mail."""

from __future__ import annotations

import time
from typing import Any

import pytest
from mail_server import Mailbox
from servers import Server, Webhook
from stories import BEGUN, Journal, escalated_to, run

from ansible_collections.lineops.runbook.plugins.modules import notification
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import healed

PASSWORD, SECRET = "smtp-canary-4711", "hook-canary-4711"
SENDER, SHIFT = "lineops@plant.example", ["shift@plant.example", "chief@plant.example"]


def mailed(box: Mailbox | None, journal: Journal, **more: Any) -> dict[str, Any]:
    """Tell L1 by mail."""
    tls, mail = more.pop("tls", "none"), more.pop("mail", {})
    return run(notification, **{
        "entries": journal.entries, "incident": journal.entries[0]["incident"], "level": "L1", "email": SHIFT,
        "mail": {"server": "127.0.0.1", "port": box.port if box else 1, "tls": tls, "sender": SENDER, **mail}, **more})


class TestMail:
    @pytest.mark.parametrize("tls", ["starttls", "implicit"])
    def test_is_sent_once_over_tls_after_login(self, tls: str, authority: Any) -> None:
        journal, login = Journal(escalated_to("L1")), ("lineops", PASSWORD)
        with Mailbox(tls, authority.server_context(), login) as box:
            how = {"tls": tls, "mail": {"username": "lineops"}, "smtp_password": PASSWORD, "ca_path": str(authority.path), "language": "de"}
            sent = mailed(box, journal, **how)
            again = mailed(box, journal.note(sent), **how)
        assert (sent["sent"], again["sent"], again["changed"]) == (True, False, False)
        (mail,) = box.mails
        assert box.envelopes == [(SENDER, SHIFT)]
        assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (SENDER, ", ".join(SHIFT), "auto-generated")
        assert mail["Subject"].startswith("[SEV-1] line3-hmi1: ")
        text = mail.get_content()
        assert mail.get_content_type() == "text/plain" and text.startswith("L1 muss handeln: ") and "Schweregrad: SEV-1" in text
        assert not [line for line in box.talk if line.startswith("clear: ") and line.split()[1] not in ("EHLO", "ehlo", "STARTTLS")]
        assert PASSWORD not in str(sent)

    def test_text_of_the_plant_adds_no_header_and_no_recipient(self) -> None:
        incident = escalated_to("L1", host="line3-hmi1")
        incident.entries[-1]["message"] = "gone\r\nBcc: all@evil.example\r\n\r\n<b>hello</b>\r\n.\r\nRSET ümlaut \u202e"
        with Mailbox("none") as box:
            assert mailed(box, Journal(incident))["sent"]
        (mail,) = box.mails
        assert box.envelopes == [(SENDER, SHIFT)] and mail["Bcc"] is None
        assert set(mail.keys()) == {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
        assert "\u240d\u21b5Bcc: all@evil.example" in mail["Subject"] and "ümlaut [U+202E]" in mail.get_content()
        assert not [line for line in box.talk if "RSET" in line]

    def test_the_same_message_has_the_same_id(self) -> None:
        journal = Journal(escalated_to("L1"))
        with Mailbox("none") as box:
            mailed(box, journal), mailed(box, journal)
        assert len(box.mails) == 2 and len({mail["Message-ID"] for mail in box.mails}) == 1

    def test_faults_are_one_sentence_without_the_password(self, authority: Any) -> None:
        journal = Journal(escalated_to("L1"))
        login = {"tls": "starttls", "mail": {"username": "lineops"}, "smtp_password": PASSWORD}
        with Mailbox("starttls", authority.server_context(), ("lineops", "another")) as box:
            self._assert_told(mailed(box, journal, **login, ca_path=str(authority.path)), "refused", "does not accept name and password")
            self._assert_told(mailed(box, journal, **login), "unreachable", "certificate or TLS that is not accepted")
        with Mailbox("none") as box:
            self._assert_told(mailed(box, journal, **login), "refused", "does not offer what is asked for")
            box.refused_recipients = {SHIFT[1]}
            self._assert_told(mailed(box, journal), "rejected", "took the mail for some recipients only")
            box.refused_recipients = set(SHIFT)
            self._assert_told(mailed(box, journal), "rejected", "does not take this mail")
        self._assert_told(mailed(None, journal), "unreachable", "127.0.0.1:1 refuses the connection")
        self._assert_told(mailed(None, journal, tls="none", mail={"username": "x"}, smtp_password=PASSWORD), "clear_text", "without TLS")
        self._assert_told(mailed(None, journal, email=["a@b\r\nBcc: c@d"]), "address", "cannot be its headers")

    def test_silence_ends_in_time(self) -> None:
        began = time.monotonic()
        with Mailbox("none", mute=True) as box:
            self._assert_told(mailed(box, Journal(escalated_to("L1")), timeout=1), "unreachable", "in time")
        assert time.monotonic() - began < 30

    @staticmethod
    def _assert_told(result: dict[str, Any], code: str, words: str) -> None:
        assert (result.get("failed"), result["failure"]["code"]) == (True, f"delivery.{code}")
        assert words in result["failure"]["message"] and PASSWORD not in str(result)
        assert result["record"]["event"] == "not_delivered"


class TestLevels:
    def test_each_level_is_told_when_it_is_reached_and_nobody_when_it_is_healed(self) -> None:
        first, second = escalated_to("L1"), escalated_to("L2", 10)
        journal, hook = Journal(first), Webhook(SECRET)
        with Server(hook) as server:
            def told(level: str, **more: Any) -> bool:
                result = run(
                    notification, entries=journal.entries, incident=first.name, level=level, webhook=server.url + hook.path,
                    secret=SECRET, **more)
                journal.note(result)
                assert not result["record"] or result["record"]["details"]["to"].startswith(more.get("to", "webhook 127.0.0.1:"))
                return result["sent"]

            before = [told("L1"), told("L1"), told("L2")]
            journal.add(second)
            reached = [told("L1"), told("L2"), told("L2"), told("L2", to="webhook of the boss")]
            journal.add(healed(begun=BEGUN.replace(microsecond=7)))
            after = [told("L3"), told("L1", to="late")]
        assert (before, reached, after) == ([True, False, False], [False, True, False, True], [False, False])
        assert hook.refused == [] and list(hook.taken) == [
            ("notification", f"{first.name}/escalated-{level}") for level in ("L1", "L2")]

    def test_check_mode_sends_nothing(self) -> None:
        with Server(Webhook(SECRET)) as server:
            journal = Journal(escalated_to("L1"))
            would = run(
                notification, check_mode=True, entries=journal.entries, incident=journal.entries[0]["incident"], level="L1",
                webhook=server.url, secret=SECRET)
        assert (would["changed"], would["sent"], server.requests) == (True, False, [])
