#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: journal
short_description: The journal of incidents on a host
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Appends entries to C(journal.jsonl) in O(state_dir), one JSON object a line, each with the hash of the one before,
    written under a lock and flushed to disk before the task returns.
  - Lists what interrupted runs left to be undone.
  - A host that cannot be reached is a failure like any other and does not make the host unreachable for the play.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is written.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run appends. The journal is a record, not a setting of the plant, so C(changed) stays false.
  action_group:
    description: Use C(group/lineops.runbook.rails) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lineops.runbook.rails
options:
  state_dir:
    description:
      - Directory of lease, journal and evidence. Made with mode 0750 when needed; a link or a directory that
        everybody may write to is refused.
    type: path
    required: true
  state:
    description:
      - V(appended) writes O(entries).
      - V(open_undos) returns what must still be undone on O(host).
    type: str
    choices: [appended, open_undos]
    default: appended
  entries:
    description:
      - Entries to append. Keys are the fields of the journal, for example C(incident), C(event), C(action), C(undo).
    type: list
    elements: dict
    default: []
  common:
    description:
      - Fields that all O(entries) share.
    type: dict
    default: {}
  required:
    description:
      - Whether the task fails when the journal cannot be reached, read or written. With V(false) it only says so in
        RV(failure), for runs that may go on with what needs no journal.
    type: bool
    default: true
  host:
    description:
      - Inventory host whose open undos are wanted.
    type: str
"""

EXAMPLES = r"""
- name: Write down what is about to be done and how to take it back
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    common: {incident: line3-20260101T020304Z, host: line3-hmi1, playbook: B}
    entries:
      - event: begin
        action: disconnect
        undo: {do: connect, must: true, plc: plc_001}

- name: What did an interrupted run leave
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    state: open_undos
    host: line3-hmi1
"""

RETURN = r"""
written:
  description: Number of entries written.
  returned: for O(state=appended)
  type: int
open_undos:
  description: What must still be undone, newest first.
  returned: for O(state=open_undos)
  type: list
  elements: dict
  sample: [{do: write_rest, must: true, plc: plc_001, variable: MAIN.bOpsTest, value: false}]
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
  sample: {code: journal.unwritable, message: The journal cannot be written., hint: Free space.}
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

from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal, open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    "state_dir": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["appended", "open_undos"], "default": "appended"},
    "entries": {"type": "list", "elements": "dict", "default": []},
    "common": {"type": "dict", "default": {}},
    "required": {"type": "bool", "default": True},
    "host": {"type": "str"},
}
REQUIRED_IF = [("state", "open_undos", ["host"])]


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Append, or list open undos."""
    journal = Journal(params["state_dir"])
    if params["state"] == "open_undos":
        return {"changed": False, "open_undos": open_undos(journal.read(), params["host"])}
    if check_mode:
        return {"changed": False, "written": 0}
    entries = [{**params["common"], **entry} for entry in params["entries"]]
    return {"changed": False, "written": len(journal.append(entries))}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF)


if __name__ == "__main__":
    main()
