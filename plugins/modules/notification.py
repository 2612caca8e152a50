#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: notification
short_description: Tell the level that has to act about an incident
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Sends one message when the journal says that a level of escalation was newly reached, by webhook or mail.
  - What the journal says was told is not told again, and nobody is told about what is healed or closed meanwhile.
  - Text of the plant is data. It cannot add a header to a mail.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_rails
  - lineops.runbook.delivery
attributes:
  check_mode:
    support: full
    details:
      - Nothing is sent. RV(done) says whether it would be.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - This needs RV(record) in the journal. A receiver has the header C(Idempotency-Key), a mailbox the C(Message-ID), as a second net.
options:
  level:
    description:
      - The level that is told.
    type: str
    choices: [L1, L2, L3]
    required: true
  to:
    description:
      - What the target is called in the journal. Kind and host or address if not given.
    type: str
  webhook:
    description:
      - Address that gets the message as signed JSON. Its path is never shown.
    type: str
  secret:
    description:
      - Secret that signs what O(webhook) gets.
    type: str
  email:
    description:
      - Addresses that get the message as mail.
    type: list
    elements: str
  mail:
    description:
      - The mail server for O(email).
    type: dict
    suboptions:
      server:
        description: Its name or address.
        type: str
        required: true
      port:
        description: Its port. 587 for V(starttls), 465 for V(implicit), 25 for V(none) if not given.
        type: int
      tls:
        description: How the connection is encrypted. A name and password are never sent with V(none).
        type: str
        choices: [starttls, implicit, none]
        default: starttls
      sender:
        description: Address that the mail comes from.
        type: str
        required: true
      username:
        description: Name to log in with. No login if not given.
        type: str
  smtp_password:
    description:
      - Password for O(mail.username).
    type: str
"""

EXAMPLES = r"""
- name: Mail to the shift when L1 has to act
  lineops.runbook.notification:
    entries: "{{ journal.entries }}"
    incident: line3-20261123T101324-line3-hmi1
    level: L1
    email: [shift@example.com]
    mail: {server: mail.example.com, sender: lineops@example.com, username: lineops}
    smtp_password: "{{ lineops_secrets.line3.smtp_password }}"
    language: de
  register: told

- name: Remember it, so that no run tells it again
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    common: {host: line3-hmi1, line: line3, run: line3-20261123T101324-line3-hmi1}
    entries: "{{ [told.record] | select }}"
"""

RETURN = r"""
sent:
  description: Whether the message was sent now.
  returned: always
  type: bool
done:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [posted]
key:
  description: Incident that began the case, and the state that was told. The same key is never told twice to a target.
  returned: always
  type: str
  sample: line3-20261123T101324-line3-hmi1/escalated-L1
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
  sample: {code: delivery.refused, message: "The mail server mail.example.com:587 does not accept name and password.", hint: ""}
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
from ansible_collections.lineops.runbook.plugins.module_utils._deliveries import due_level, origin_of, targets_of
from ansible_collections.lineops.runbook.plugins.module_utils._delivery import (
    SPEC, TIMEOUTS, Story, calls_to, delivered, not_delivered, nothing_to_tell,
)
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._mail import Mailer, mail_of
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._ticket_text import plain_text, title_of
from ansible_collections.lineops.runbook.plugins.module_utils._tickets import post_signed

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SPEC,
    "level": {"type": "str", "choices": ["L1", "L2", "L3"], "required": True},
    "to": {"type": "str"},
    "webhook": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "email": {"type": "list", "elements": "str"},
    "mail": {
        "type": "dict",
        "options": {
            "server": {"type": "str", "required": True},
            "port": {"type": "int"},
            "tls": {"type": "str", "choices": ["starttls", "implicit", "none"], "default": "starttls"},
            "sender": {"type": "str", "required": True},
            "username": {"type": "str"},
        },
    },
    "smtp_password": {"type": "str", "no_log": True},
}
MUTUALLY_EXCLUSIVE = [("webhook", "email")]
REQUIRED_ONE_OF = [("webhook", "email")]
REQUIRED_BY = {"webhook": ("secret",), "email": ("mail",)}


def run(params: t.Mapping[str, t.Any], check_mode: bool, secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """Tell one target that its level was reached; secrets: what must not leave the plant."""
    check_limits(params, TIMEOUTS, "delivery.timeout")
    story = Story(params, secrets)
    to = params["to"] or next(iter(targets_of([params])))
    step = due_level(story.case, params["level"], to, utc_now()) if story.case else None
    if story.case is None or step is None:
        return nothing_to_tell(f"{params['level']} is not newly reached, or knows it already.")
    what = f"{params['level']} {to}"
    content = story.content("notification", story.case, step)
    try:
        if not check_mode:
            _send(params, content)
    except LineopsError as error:
        raise not_delivered(error, story.case, step, what, to) from error
    return delivered(story.case, step, what, to, check_mode, ["posted"])


def _send(params: t.Mapping[str, t.Any], content: dict[str, t.Any]) -> None:
    if params["webhook"]:
        calls = calls_to(f"The webhook {origin_of(params['webhook'])}", params["webhook"], params, {})
        post_signed(calls, content, params["secret"], content["key"])
        return
    server = params["mail"]
    mail = mail_of(
        server["sender"], params["email"], title_of(content), plain_text(content, params["language"]), content["key"])
    mailer = Mailer(
        server["server"], server["port"], server["tls"], username=server["username"], password=params["smtp_password"],
        ca=params["ca_path"], timeout_s=params["timeout"])
    mailer.send(mail)


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(
        run, argument_spec=ARGUMENT_SPEC, mutually_exclusive=MUTUALLY_EXCLUSIVE, required_one_of=REQUIRED_ONE_OF,
        required_by=REQUIRED_BY)


if __name__ == "__main__":
    main()
