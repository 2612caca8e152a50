# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory may say of tickets and notifications: one sentence per mistake, no secret in any."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._inventory_delivery import check_delivery

SECRETS = {"ticket_token": "t-canary", "ticket_secret": "s-canary", "smtp_password": "p-canary"}
HOOK = {"provider": "webhook", "url": "https://tickets.example.com/hook"}
GITLAB = {"provider": "gitlab", "project": "plant/sub/incidents"}
MAIL = {"server": "mail.example.com", "sender": "lineops@example.com"}
NOTIFY = {"L1": [{"email": "shift@example.com"}], "L2": [{"webhook": "http://10.0.0.5:8080/x"}, {"email": ["a@b.example", "c@d.example"]}]}
URL = "an address such as https://tickets.example.com/hook, without name and query"


class Tagged(int):
    """A number as ansible-core 2.19 hands it over: of a class of its own."""


@pytest.mark.parametrize("variables", [
    {"lineops_ticket": {**HOOK, "timeout": Tagged(30)}, "lineops_mail": {**MAIL, "port": Tagged(25), "timeout": Tagged(1)}},
    {}, {"lineops_ticket": None, "lineops_notify": {}, "lineops_mail": {}}, {"lineops_ticket": HOOK}, {"lineops_ticket": GITLAB},
    {"lineops_ticket": {**GITLAB, "url": "http://127.0.0.1:8080/api/v4", "labels": ["a"], "healed": False, "timeout": 2.5, "ca_path": "/x"}},
    {"lineops_notify": NOTIFY, "lineops_mail": {**MAIL, "port": 25, "tls": "none"}},
    {"lineops_notify": NOTIFY, "lineops_mail": {**MAIL, "tls": "implicit", "username": "lineops"}},
])  # fmt: skip
def test_what_is_right_is_left_alone(variables: dict[str, t.Any]) -> None:
    assert check_delivery(variables, SECRETS) == []


@pytest.mark.parametrize(("variables", "expected"), [
    ({"lineops_ticket": "webhook"}, ["lineops_ticket is 'webhook'; expected a mapping."]),
    ({"lineops_ticket": {"url": "https://x.example"}}, ["lineops_ticket.provider is missing; expected webhook, github or gitlab."]),
    ({"lineops_ticket": {**HOOK, "provider": "jira"}}, ["lineops_ticket.provider is 'jira'; expected webhook, github or gitlab."]),
    ({"lineops_ticket": {"provider": "webhook"}}, ["lineops_ticket.url is missing; provider webhook needs it."]),
    ({"lineops_ticket": {**HOOK, "url": "https://u:p@x.example"}}, [f"lineops_ticket.url is 'https://u:p@x.example'; expected {URL}."]),
    ({"lineops_ticket": {**HOOK, "uri": 1}}, [
        "lineops_ticket.uri is not known; expected provider, url, project, labels, healed, timeout, ca_path, proxy."]),
    ({"lineops_ticket": {"provider": "github"}}, ["lineops_ticket.project is missing; provider github needs it."]),
    ({"lineops_ticket": {**GITLAB, "project": "../x y"}}, ["lineops_ticket.project is '../x y'; expected a project such as owner/name."]),
    ({"lineops_ticket": {**GITLAB, "url": "http://git.example/api/v4"}}, [
        "lineops_ticket.url is 'http://git.example/api/v4'; expected an https address, since a token is sent there."]),
    ({"lineops_ticket": {**HOOK, "timeout": 300}}, ["lineops_ticket.timeout is 300; expected a number of seconds, 1 to 60."]),
    ({"lineops_ticket": {**HOOK, "timeout": True}}, ["lineops_ticket.timeout is True; expected a number of seconds, 1 to 60."]),
    ({"lineops_notify": [1]}, ["lineops_notify is [1]; expected a mapping."]),
    ({"lineops_notify": {"L4": []}}, ["lineops_notify.L4 is not known; expected L1, L2, L3."]),
    ({"lineops_notify": {"L1": {"email": "a@b"}}}, ["lineops_notify.L1 is {'email': 'a@b'}; expected a list of targets."]),
    ({"lineops_notify": {"L1": [{}]}}, ["lineops_notify.L1[0] is {}; expected a mapping with webhook or email."]),
    ({"lineops_notify": {"L1": [{"sms": "1"}]}}, ["lineops_notify.L1[0].sms is not known; expected webhook, email."]),
    ({"lineops_notify": {"L1": [{"webhook": "ftp://x"}]}}, [f"lineops_notify.L1[0].webhook is 'ftp://x'; expected {URL}."]),
    ({"lineops_notify": {"L1": [{"email": "a@b\r\nBcc: c@d"}]}, "lineops_mail": MAIL}, [
        "lineops_notify.L1[0].email is 'a@b\\r\\nBcc: c@d'; expected an address such as shift@example.com, or a list of them."]),
    ({"lineops_notify": {"L1": [{"email": "a@b"}]}}, ["lineops_mail is missing; lineops_notify has targets with email."]),
    ({"lineops_mail": {"server": "x"}}, ["lineops_mail.sender is missing; expected an address such as lineops@example.com."]),
    ({"lineops_mail": {**MAIL, "username": "u", "tls": "none"}}, [
        "lineops_mail.tls is 'none'; expected starttls or implicit, since a password is sent."]),
])  # fmt: skip
def test_each_mistake_is_one_sentence(variables: dict[str, t.Any], expected: list[str]) -> None:
    assert check_delivery(variables, SECRETS) == expected


@pytest.mark.parametrize(("variables", "secret", "name"), [
    ({"lineops_ticket": HOOK}, "ticket_secret", "lineops_ticket"),
    ({"lineops_ticket": GITLAB}, "ticket_token", "lineops_ticket"),
    ({"lineops_notify": {"L2": [{"webhook": "https://x.example"}]}}, "ticket_secret", "lineops_notify"),
    ({"lineops_mail": {**MAIL, "username": "u"}}, "smtp_password", "lineops_mail"),
])  # fmt: skip
def test_secret_that_is_missing_is_named_once(variables: dict[str, t.Any], secret: str, name: str) -> None:
    others = {other: value for other, value in SECRETS.items() if other != secret}
    assert check_delivery(variables, others) == [f"lineops_secrets has no {secret} for this host or its line; {name} needs it."]


NAMES = ("provider", "url", "project", "L1", "L2", "webhook", "email", "server", "sender", "username", "tls", "timeout", "proxy")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(["webhook", "gitlab", "http://[", "http://h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6), max_leaves=15)


@given(variables=st.dictionaries(st.sampled_from(["lineops_ticket", "lineops_notify", "lineops_mail"]), JUNK))
@settings(deadline=None)
def test_whatever_is_written_there_is_answered_in_sentences(variables: dict[str, t.Any]) -> None:
    assert all(isinstance(mistake, str) and mistake.endswith(".") for mistake in check_delivery(variables, {}))
