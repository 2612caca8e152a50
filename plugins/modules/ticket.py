#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ticket
short_description: Keep a ticket of an incident as the journal says
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Tells a ticket system about an incident from nothing but journal entries. GitHub and GitLab get an issue that is opened once,
    commented when a higher level has to act, and closed when the incident is healed or closed, with its follow-ups and priority.
    A webhook gets the same as signed JSON.
  - Incidents of a host and playbook that follow one another within a day without one that ends well are one case, with one ticket.
  - Only the last step of a case is told; it tells the course before, too. What the journal says was told is not told again.
  - Text of the plant is data. It is escaped, cannot mention anybody, and is never a command of the ticket system.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_rails
  - lineops.runbook.delivery
attributes:
  check_mode:
    support: full
    details:
      - Nothing is sent but reads that look for the ticket. RV(done) names what would be done.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - For V(github) and V(gitlab) the ticket itself is looked at. For V(webhook) this needs RV(record) in the journal, and the
        receiver has the header C(Idempotency-Key) as a second net.
options:
  provider:
    description:
      - The kind of ticket system. The body and signature for V(webhook) are in C(docs/tickets.md).
    type: str
    choices: [webhook, github, gitlab]
    required: true
  url:
    description:
      - The address of the webhook; for V(github) and V(gitlab) that of the API, for example V(https://gitlab.example.com/api/v4).
        V(https://api.github.com) or V(https://gitlab.com/api/v4) if not given.
      - The path of a webhook is never shown, since with many it is a secret.
    type: str
  project:
    description:
      - The project that gets the issue, V(owner/name) or V(group/subgroup/name).
    type: str
  token:
    description:
      - Token for O(provider=github) or O(provider=gitlab) that may read and write issues of O(project).
    type: str
  secret:
    description:
      - Secret that signs what O(provider=webhook) gets.
    type: str
  labels:
    description:
      - Labels of a new issue, beside its severity.
    type: list
    elements: str
    default: [lineops]
"""

EXAMPLES = r"""
- name: Tell the ticket system
  lineops.runbook.ticket:
    entries: "{{ journal.entries }}"
    incident: line3-20261123T101324-line3-hmi1
    provider: webhook
    url: https://tickets.example.com/hooks/lineops
    secret: "{{ lineops_secrets.line3.ticket_secret }}"
  register: told

- name: Remember what was told, so that no run tells it again
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    common: {host: line3-hmi1, line: line3, run: line3-20261123T101324-line3-hmi1}
    entries: "{{ [told.record] | select }}"

- name: Open, comment or close an issue of a GitLab of our own
  lineops.runbook.ticket:
    entries: "{{ journal.entries }}"
    incident: line3-20261123T101324-line3-hmi1
    provider: gitlab
    url: https://gitlab.example.com/api/v4
    project: plant/incidents
    token: "{{ lineops_secrets.line3.ticket_token }}"
    language: de
"""

RETURN = r"""
sent:
  description: Whether the ticket system was told now.
  returned: always
  type: bool
done:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [opened, closed]
key:
  description: Incident that began the case, and the state that was told. The same key is never told twice.
  returned: always
  type: str
  sample: line3-20261123T101324-line3-hmi1/escalated-L1
ticket:
  description: Number and address of the issue; empty for a webhook.
  returned: success
  type: dict
  sample: {number: 17, url: "https://gitlab.example.com/plant/incidents/-/issues/17"}
sentence:
  description: What came of it, for a person.
  returned: success
  type: str
record:
  description: Entry for the journal. Empty if there is nothing new to write down.
  returned: always
  type: dict
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
  sample: {code: delivery.unreachable, message: GitLab (gitlab.example.com) refuses the connection., hint: ""}
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._args import check_limits
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._deliveries import TICKET, due_ticket, origin_of, ticket_known
from ansible_collections.lineops.runbook.plugins.module_utils._delivery import (
    SPEC, TIMEOUTS, Story, calls_to, delivered, not_delivered, nothing_to_tell,
)
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._ticket_trackers import TRACKERS, is_in_the_clear
from ansible_collections.lineops.runbook.plugins.module_utils._tickets import Ticket, post_signed

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SPEC,
    "provider": {"type": "str", "choices": ["webhook", "github", "gitlab"], "required": True},
    "url": {"type": "str"},
    "project": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "secret": {"type": "str", "no_log": True},
    "labels": {"type": "list", "elements": "str", "default": ["lineops"]},
}
REQUIRED_IF = [
    ("provider", "webhook", ["url", "secret"]), ("provider", "github", ["project", "token"]), ("provider", "gitlab", ["project", "token"])]


def run(params: t.Mapping[str, t.Any], check_mode: bool, secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """Tell the last step of the case; secrets: what must not leave the plant."""
    check_limits(params, TIMEOUTS, "delivery.timeout")
    story = Story(params, secrets)
    if story.case is None:
        return {**nothing_to_tell(f"Incident {params['incident']} has no end that anybody must learn of."), "ticket": {}}
    step = due_ticket(story.case, utc_now())
    if step is None:
        return {**nothing_to_tell("The ticket system knows it already."), "ticket": _shown(ticket_known(story.case))}
    content = story.content(TICKET, story.case, step)
    to = _name_of(params)
    try:
        known, done = _told(params, check_mode, content, ticket_known(story.case), to)
    except LineopsError as error:
        raise not_delivered(error, story.case, step, TICKET, to) from error
    return {**delivered(story.case, step, TICKET, to, check_mode, done, **known), "ticket": _shown(known)}


def _told(
    params: t.Mapping[str, t.Any], check_mode: bool, content: dict[str, t.Any], known: dict[str, t.Any], to: str,
) -> tuple[dict[str, t.Any], list[str]]:
    """Return number and url of the ticket, and what was done."""
    tracker = TRACKERS.get(params["provider"])
    if tracker is None:
        if not check_mode:
            post_signed(calls_to(f"The webhook {origin_of(params['url'])}", params["url"], params, {}), content, params["secret"], content["key"])
        return {}, ["posted"]
    url = params["url"] or tracker.url
    if is_in_the_clear(url):
        raise LineopsError("delivery.clear_text", f"A token is not sent to {to} without TLS.", "Give an https address.")
    # A number of another ticket system means nothing to this one.
    is_same = known.get("to") == to
    calls = calls_to(to, url, params, tracker.headers_with(params["token"]))
    ticket = Ticket(
        tracker, calls, params["project"], content, known=known if is_same else {}, labels=params["labels"],
        language=params["language"], check_mode=check_mode)
    return ticket.bring_up_to_date(), ticket.done


def _name_of(params: t.Mapping[str, t.Any]) -> str:
    """Return what the ticket system is called in sentences and in the journal."""
    tracker = TRACKERS.get(params["provider"])
    if tracker is None:
        return f"webhook {origin_of(params['url'])}"
    return f"{tracker.name} ({origin_of(params['url'] or tracker.url)})"


def _shown(known: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: known[name] for name in ("number", "url") if known.get(name)}


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF)


if __name__ == "__main__":
    main()
