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
  - Lists what interrupted runs left to be undone, finds entries, and verifies the chain of hashes.
  - A file that has grown to O(max_bytes) becomes C(journal-000001.jsonl) and so on; the chain goes on in the next one,
    and readers see all files as one journal. Older files are never removed.
  - A host that cannot be reached is a failure like any other and does not make the host unreachable for the play.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_rails
  - lineops.runbook.state_dir
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
options:
  state:
    description:
      - V(appended) writes O(entries).
      - V(open_undos) returns what must still be undone on O(host).
      - V(read) returns the entries that O(incident), O(finding), O(event), O(phases), O(host), O(since) and O(until) ask for,
        and with O(host) what must still be undone there, too, however long ago it began.
      - V(verified) follows the chain of hashes through all files and names the first broken line.
    type: str
    choices: [appended, open_undos, read, verified]
    default: appended
  entries:
    description:
      - Entries to append. Keys are the fields of the journal, for example C(incident), C(event), C(action), C(undo).
      - Every entry gets the time of its writing. C(at) is for what happened before that; it is a time of the controller, and is
        written as one of the host.
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
      - Inventory host whose open undos or entries are wanted.
    type: str
  incident:
    description:
      - Incident whose entries are wanted.
    type: str
  finding:
    description:
      - Code of the finding whose entries are wanted, for example V(plc.route_missing).
    type: str
  event:
    description:
      - Event whose entries are wanted, for example V(done).
    type: str
  phases:
    description:
      - Phases whose entries are wanted, for example V(close). All if not given.
    type: list
    elements: str
  since:
    description:
      - Time of the oldest entry wanted, for example V(2026-01-01T02:03:04Z). Without a zone it is UTC.
    type: str
  until:
    description:
      - Time before which the wanted entries were written.
    type: str
  read_back:
    description:
      - Whether V(appended) returns all entries of the incident and host that O(common) names.
    type: bool
    default: false
  max_bytes:
    description:
      - Size beyond which the newest file does not grow, unless by a single append.
    type: int
    default: 8388608
  lease:
    description:
      - Lease that is renewed before anything is written. If it was lost, nothing is written and the code of
        RV(failure) is C(lease.lost).
    type: dict
    suboptions:
      host:
        description: Inventory host whose lease it is.
        type: str
        required: true
      lease_id:
        description: What M(lineops.runbook.lease) returned.
        type: str
        required: true
      deadline_s:
        description: Seconds that the next action may take.
        type: float
        default: 60
      give_back:
        description:
          - Whether these are the last O(entries) of a run. They are written whoever holds the lease by now, and then it is
            given back instead of renewed.
        type: bool
        default: false
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

- name: Hold the host
  lineops.runbook.lease:
    state_dir: /var/lib/lineops
    host: line3-hmi1
  register: my_lease

- name: Renew the lease and write down what is about to be done
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    lease: {host: line3-hmi1, lease_id: "{{ my_lease.lease_id }}", deadline_s: 30}
    entries:
      - {event: begin, action: connect, host: line3-hmi1}

- name: What happened in the night
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    state: read
    since: "2026-01-01T20:00:00Z"
    until: "2026-01-02T04:00:00Z"

- name: Is the journal as it was written
  lineops.runbook.journal:
    state_dir: /var/lib/lineops
    state: verified
"""

RETURN = r"""
written:
  description: Number of entries written.
  returned: for O(state=appended)
  type: int
open_undos:
  description: What must still be undone on O(host), newest first.
  returned: for O(state=open_undos), and for O(state=read) with O(host)
  type: list
  elements: dict
  sample: [{do: write_rest, must: true, plc: plc_001, variable: MAIN.bOpsTest, value: false}]
lease_until:
  description: UTC time at which the renewed lease ends unless it is renewed again.
  returned: for O(state=appended) with O(lease), not in check mode
  type: str
given_back:
  description: Whether the lease was this run's until now and is given back.
  returned: for O(state=appended) with O(lease.give_back), not in check mode
  type: bool
entries:
  description: The entries asked for, in the order of the journal.
  returned: for O(state=read), and for O(state=appended) with O(read_back)
  type: list
  elements: dict
ok:
  description: Whether every line is as it was written and continues the one before.
  returned: for O(state=verified)
  type: bool
checked:
  description: Number of good lines, up to the first broken one.
  returned: for O(state=verified)
  type: int
broken:
  description: The first broken line.
  returned: for O(state=verified)
  type: dict
  sample: {file: /var/lib/lineops/journal.jsonl, line: 7, reason: hash does not match}
remarks:
  description: What breaks no chain but is worth a look, such as a clock that was set back.
  returned: for O(state=verified)
  type: list
  elements: str
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

import time
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_at
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal import MAX_BYTES, Journal
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos, select
from ansible_collections.lineops.runbook.plugins.module_utils._lease import Leases
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

WANTED = ("incident", "finding", "event", "since", "until")
ARGUMENT_SPEC: dict[str, t.Any] = {
    "state_dir": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["appended", "open_undos", "read", "verified"], "default": "appended"},
    "entries": {"type": "list", "elements": "dict", "default": []},
    "common": {"type": "dict", "default": {}},
    "required": {"type": "bool", "default": True},
    **{name: {"type": "str"} for name in ("host", *WANTED)},
    "phases": {"type": "list", "elements": "str"},
    "read_back": {"type": "bool", "default": False},
    "max_bytes": {"type": "int", "default": MAX_BYTES},
    "lease": {
        "type": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "lease_id": {"type": "str", "required": True},
            "deadline_s": {"type": "float", "default": 60},
            "give_back": {"type": "bool", "default": False},
        },
    },
}
REQUIRED_IF = [("state", "open_undos", ["host"])]


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Append, list open undos, read or verify."""
    journal = Journal(params["state_dir"], params["max_bytes"])
    return {"changed": False, **STATES[params["state"]](journal, params, check_mode)}


def appended(journal: Journal, params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Renew the lease, write; or write the last entries of a run and give the lease back."""
    if check_mode:
        return {"written": 0}
    leases, lease = Leases(params["state_dir"]), dict(params["lease"] or {})
    is_last = lease.pop("give_back", False)
    told: dict[str, t.Any] = {"lease_until": leases.renew(**lease)} if lease and not is_last else {}
    entries = [_dated({**params["common"], **entry}) for entry in params["entries"]]
    told["written"] = len(journal.append(entries))
    if is_last:
        told["given_back"] = _given_back(leases, lease)
    if params["read_back"]:
        about = {name: params["common"].get(name) for name in ("incident", "host")}
        told["entries"] = select(journal.read(), **about)
    return told


def _dated(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """Turn how long ago it was into a time of this clock, which is that of ts."""
    ago_s = entry.pop("ago_s", None)
    return entry if ago_s is None else {**entry, "at": utc_at(time.time() - ago_s)}


def _given_back(leases: Leases, lease: t.Mapping[str, t.Any]) -> bool:
    """Give back; one that cannot be given back ends by itself, and what was written stays written."""
    try:
        return bool(leases.release(lease["host"], lease)["released"])
    except LineopsError:
        return False


def still_open(journal: Journal, params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """List what must be undone."""
    return {"open_undos": open_undos(journal.read(), params["host"])}


def read(journal: Journal, params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Find entries, and what must be undone on their host."""
    return journal.history(params["host"], params["phases"], **{name: params[name] for name in WANTED})


def verified(journal: Journal, params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Follow the chain."""
    return journal.verify()


STATES: dict[str, t.Callable[..., dict[str, t.Any]]] = {
    "appended": appended, "open_undos": still_open, "read": read, "verified": verified,
}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF)


if __name__ == "__main__":
    main()
