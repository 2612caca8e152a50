# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of tickets and notifications, and its check: one sentence per mistake. Pure. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ._inventory import LEVELS, Rule, check_rules, is_port, is_text, is_url, unknown_names
from ._ticket_trackers import TRACKERS, is_in_the_clear

PROVIDERS = ("webhook", *TRACKERS)


def _is_project(value: t.Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[\w.-]+(/[\w.-]+)+", value))


def _are_texts(value: t.Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_text(one) for one in value)


def _is_address(value: t.Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+", value))


def _are_addresses(value: t.Any) -> bool:
    return _is_address(value) or isinstance(value, list) and bool(value) and all(_is_address(one) for one in value)


def _is_path(value: t.Any) -> bool:
    return is_text(value) and value.startswith("/")


def _is_timeout(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= 60


_SEND_RULES = (
    Rule("timeout", _is_timeout, "a number of seconds, 1 to 60", required=False),
    Rule("ca_path", _is_path, "an absolute path on the controller", required=False),
    Rule("proxy", is_url, "an address such as http://proxy.example.com:3128", required=False),
)
_URL = "an address such as https://tickets.example.com/hook, without name and query"
TICKET_RULES = (
    Rule("provider", lambda value: value in PROVIDERS, "webhook, github or gitlab"),
    Rule("url", is_url, _URL, required=False),
    Rule("project", _is_project, "a project such as owner/name", required=False),
    Rule("labels", _are_texts, "a list of texts", required=False),
    Rule("healed", lambda value: isinstance(value, bool), "true or false", required=False),
    *_SEND_RULES,
)
MAIL_RULES = (
    Rule("server", is_text, "the name of a mail server"),
    Rule("port", is_port, "a number such as 587", required=False),
    Rule("tls", lambda value: value in ("starttls", "implicit", "none"), "starttls, implicit or none", required=False),
    Rule("sender", _is_address, "an address such as lineops@example.com"),
    Rule("username", is_text, "the name to log in with", required=False),
    *_SEND_RULES,
)
_TARGET_RULES = (
    Rule("webhook", is_url, _URL, required=False),
    Rule("email", _are_addresses, "an address such as shift@example.com, or a list of them", required=False),
)


def check_delivery(variables: t.Mapping[str, t.Any], secrets: t.Mapping[str, str]) -> list[str]:
    """Check lineops_ticket, lineops_notify and lineops_mail of a host; secrets: its own, whose values are never part of a sentence."""
    mistakes: list[str] = []
    needed: dict[str, str] = {}
    for name, check in (("lineops_ticket", _ticket), ("lineops_notify", _notify), ("lineops_mail", _mail)):
        value = variables.get(name)
        if value in (None, {}):
            continue
        if not isinstance(value, dict):
            mistakes.append(f"{name} is {value!r}; expected a mapping.")
            continue
        found, wanted = check(value, variables)
        mistakes += found
        needed.update(dict.fromkeys(wanted, name))
    return mistakes + [
        f"lineops_secrets has no {secret} for this host or its line; {name} needs it."
        for secret, name in needed.items() if secret not in secrets]


_Found = t.Tuple[t.List[str], t.List[str]]


def _ticket(ticket: dict[str, t.Any], variables: t.Mapping[str, t.Any]) -> _Found:
    """Return the mistakes, and the secrets that are needed."""
    mistakes = check_rules(ticket, TICKET_RULES, "lineops_ticket") + unknown_names(ticket, TICKET_RULES, "lineops_ticket")
    provider, url = ticket.get("provider"), ticket.get("url")
    if provider not in PROVIDERS:
        return mistakes, []
    wanted = "url" if provider == "webhook" else "project"
    if ticket.get(wanted) is None:
        mistakes.append(f"lineops_ticket.{wanted} is missing; provider {provider} needs it.")
    if provider in TRACKERS and is_url(url) and is_in_the_clear(str(url)):
        mistakes.append(f"lineops_ticket.url is {url!r}; expected an https address, since a token is sent there.")
    return mistakes, ["ticket_secret" if provider == "webhook" else "ticket_token"]


def _notify(notify: dict[str, t.Any], variables: t.Mapping[str, t.Any]) -> _Found:
    mistakes: list[str] = []
    needed: list[str] = []
    for level, targets in notify.items():
        where = f"lineops_notify.{level}"
        if level not in LEVELS:
            mistakes.append(f"{where} is not known; expected {', '.join(LEVELS)}.")
        elif not isinstance(targets, list):
            mistakes.append(f"{where} is {targets!r}; expected a list of targets.")
        else:
            for index, target in enumerate(targets):
                mistakes += _target(target, f"{where}[{index}]")
    given = [target for targets in notify.values() if isinstance(targets, list) for target in targets if isinstance(target, dict)]
    if any("webhook" in target for target in given):
        needed.append("ticket_secret")
    if any("email" in target for target in given) and not variables.get("lineops_mail"):
        mistakes.append("lineops_mail is missing; lineops_notify has targets with email.")
    return mistakes, needed


def _target(target: t.Any, where: str) -> list[str]:
    if not isinstance(target, dict) or len(target) != 1:
        return [f"{where} is {target!r}; expected a mapping with webhook or email."]
    return check_rules(target, _TARGET_RULES, where) + unknown_names(target, _TARGET_RULES, where)


def _mail(mail: dict[str, t.Any], variables: t.Mapping[str, t.Any]) -> _Found:
    mistakes = check_rules(mail, MAIL_RULES, "lineops_mail") + unknown_names(mail, MAIL_RULES, "lineops_mail")
    if mail.get("username") and mail.get("tls") == "none":
        mistakes.append("lineops_mail.tls is 'none'; expected starttls or implicit, since a password is sent.")
    return mistakes, ["smtp_password"] if mail.get("username") else []
