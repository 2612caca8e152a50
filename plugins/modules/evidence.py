#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence
short_description: What an incident looked like before anything was touched
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Writes what was observed of an incident, redacted and hashed, into one archive per incident and host, in
    C(evidence/) of O(state_dir). It holds one file per item and C(MANIFEST.json) with name, SHA-256, bytes, source and time of each,
    and what could not be collected and why.
  - An archive is there whole or not at all.
  - Collects on the host it runs on, when asked to, state and last lines of a systemd unit and the ends of log files.
  - A host that cannot be reached is a failure like any other and does not make the host unreachable for the play.
  - Everything is redacted before it is cut or written. What no rule can know stays. That is a secret that is neither in
    O(secrets) nor named as one, one that is compressed, encrypted or split over lines, or one shorter than four
    characters. Of a secret in base64 up to two letters at either end stay.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is written. V(gathered) and V(verified) only read.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - A second call for the same incident and host returns the archive that is there, unless O(again).
      - Evidence is a record, not a setting of the plant, so C(changed) stays false.
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
      - V(collected) writes the archive.
      - V(gathered) writes nothing and returns what the host itself gives, to be passed as O(items) to a state host.
      - V(verified) hashes the archive again and fails if it is not as it was written.
    type: str
    choices: [collected, gathered, verified]
    default: collected
  incident:
    description:
      - Incident id, part of the archive's name.
    type: str
    required: true
  host:
    description:
      - Inventory host the evidence is about, part of the archive's name.
    type: str
    required: true
  items:
    description:
      - What was observed elsewhere, by name. Any value; null is noted as not observed. An C(observed_at) in it is its
        time.
    type: dict
    default: {}
  not_collected:
    description:
      - What could not be observed elsewhere, and why.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the item.
        type: str
        required: true
      reason:
        description: Why it is missing.
        type: str
        required: true
  unit:
    description:
      - The supervisor's systemd unit on this host.
    type: str
  unit_lines:
    description:
      - How many of the unit's last journal lines to collect, 1 to 10000.
    type: int
    default: 500
  log_files:
    description:
      - Log files on this host, for example V(/var/log/smarthome-web.log). Only regular files; links are not followed,
        neither as a file nor on the way there.
    type: list
    elements: path
    default: []
  log_bytes:
    description:
      - How many bytes of each log file's end to collect, from a line's beginning on, 1024 to 16777216.
    type: int
    default: 262144
  journal_tail:
    description:
      - How many of the last entries of the journal in O(state_dir) to collect, 0 to 10000.
    type: int
    default: 50
  timeout:
    description:
      - Seconds to wait for each command on the host, up to 60.
    type: float
    default: 5.0
  max_bytes:
    description:
      - Bytes an archive has at most, 65536 to 67108864. Measured before compression, so that it stays well below. Of
        what is too large the oldest end is cut, which the manifest says.
    type: int
    default: 4194304
  keep_days:
    description:
      - Archives older than this are removed when a new one is written, 1 or more. Only those of this module are, never
        links.
    type: int
    default: 90
  keep_count:
    description:
      - How many archives stay in O(state_dir), of all hosts together, 1 or more.
    type: int
    default: 50
  keep_incidents:
    description:
      - Open incidents, whose archives are never removed. O(incident) needs not be among them.
    type: list
    elements: str
    default: []
  again:
    description:
      - Write a further, numbered archive where there is one already.
    type: bool
    default: false
  number:
    description:
      - Which archive of the incident and host V(verified) looks at.
    type: int
    default: 1
  sha256:
    description:
      - The SHA-256 that the journal has of the archive, for V(verified).
    type: str
  secrets:
    description:
      - Values to mask wherever they appear, beside what is recognised as secret anyway. Not user names.
    type: list
    elements: str
    default: []
  required:
    description:
      - Whether the task fails when evidence cannot be saved. With V(false) it only says so in RV(failure).
    type: bool
    default: true
notes:
  - Needs no library on the host. C(systemctl) and C(journalctl) are used if they are there.
"""

EXAMPLES = r"""
- name: Save what there is to see before anything is touched
  lineops.runbook.evidence:
    state_dir: /var/lib/lineops
    incident: line3-20260101T020304-line3-hmi1
    host: line3-hmi1
    unit: smarthome-web.service
    log_files: [/var/log/smarthome-web.log]
    items:
      supervisor: {status: {plc_connected: true}}
    secrets: ["{{ lineops_secrets.line3.admin_key }}"]
  register: saved

- name: Is the evidence still what the journal says
  lineops.runbook.evidence:
    state_dir: /var/lib/lineops
    state: verified
    incident: line3-20260101T020304-line3-hmi1
    host: line3-hmi1
    sha256: "{{ saved.sha256 | default(omit, true) }}"
"""

RETURN = r"""
archive:
  description: Path of the archive; in check mode where it would be.
  returned: for O(state=collected) and O(state=verified)
  type: str
  sample: /var/lib/lineops/evidence/line3-20260101T020304-line3-hmi1-line3-hmi1.tar.gz
sha256:
  description: SHA-256 of the archive, for the journal; null if there is none yet.
  returned: for O(state=collected) and O(state=verified)
  type: str
bytes:
  description: Size of the archive.
  returned: for O(state=collected) and O(state=verified)
  type: int
files:
  description: Its files without the manifest.
  returned: for O(state=collected) and O(state=verified)
  type: list
  elements: dict
  sample: [{name: supervisor.json, sha256: 9f86d081, bytes: 812, cut: false}]
not_collected:
  description: What is not in it, and why.
  returned: for every O(state), on success
  type: list
  elements: dict
  sample: [{name: unit_journal, reason: journalctl is not installed}]
made_at:
  description: UTC time the archive was made.
  returned: for O(state=collected) and O(state=verified)
  type: str
written:
  description: Whether this call made the archive, or found it.
  returned: for O(state=collected)
  type: bool
pruned:
  description: Files that were removed.
  returned: for O(state=collected)
  type: list
  elements: str
not_pruned:
  description: Files that should have been removed, and why they are still there.
  returned: for O(state=collected)
  type: list
  elements: dict
parts:
  description: What the host itself gives, by name, redacted.
  returned: for O(state=gathered)
  type: dict
verified:
  description: Whether the archive is as it was written.
  returned: for O(state=verified)
  type: bool
problems:
  description: What is not as it was written.
  returned: for O(state=verified)
  type: list
  elements: str
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
  sample: {code: evidence.unwritable, message: The evidence cannot be written., hint: Free space.}
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

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._evidence import LARGEST, Evidence
from ansible_collections.lineops.runbook.plugins.module_utils._evidence_parts import fitted, item_parts, not_collected
from ansible_collections.lineops.runbook.plugins.module_utils._evidence_sources import HostSources
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._redact import secrets_in
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now

ARGUMENT_SPEC: dict[str, t.Any] = {
    "state_dir": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["collected", "gathered", "verified"], "default": "collected"},
    "incident": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "items": {"type": "dict", "default": {}},
    "not_collected": {
        "type": "list", "elements": "dict", "default": [],
        "options": {"name": {"type": "str", "required": True}, "reason": {"type": "str", "required": True}},
    },
    "unit": {"type": "str"},
    "unit_lines": {"type": "int", "default": 500},
    "log_files": {"type": "list", "elements": "path", "default": []},
    "log_bytes": {"type": "int", "default": 262144},
    "journal_tail": {"type": "int", "default": 50},
    "timeout": {"type": "float", "default": 5.0},
    "max_bytes": {"type": "int", "default": 4194304},
    "keep_days": {"type": "int", "default": 90},
    "keep_count": {"type": "int", "default": 50},
    "keep_incidents": {"type": "list", "elements": "str", "default": []},
    "again": {"type": "bool", "default": False},
    "number": {"type": "int", "default": 1},
    "sha256": {"type": "str"},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "required": {"type": "bool", "default": True},
}

_LIMITS = {
    "unit_lines": (1, 10000), "log_bytes": (1024, 16777216), "journal_tail": (0, 10000), "timeout": (0.1, 60),
    "max_bytes": (65536, LARGEST), "keep_days": (1, 36500), "keep_count": (1, 100000), "number": (1, 999999),
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Collect, gather or verify."""
    for name, (low, high) in _LIMITS.items():
        if not low <= params[name] <= high:
            raise LineopsError("evidence.option", f"{name} is {params[name]}; expected {low} to {high}.")
    evidence = Evidence(params["state_dir"], params["incident"], params["host"])
    if params["state"] == "verified":
        return {"changed": False, **evidence.verify(params["number"], params["sha256"])}
    if params["state"] == "gathered":
        return {"changed": False, **_gathered(params)}
    if check_mode:
        none_yet = {"archive": evidence.path(), "sha256": None, "bytes": 0, "files": [], "not_collected": []}
        found = evidence.first() or {**none_yet, "made_at": None}
        return {"changed": False, "written": False, "pruned": [], "not_pruned": [], **found}
    return {"changed": False, **_collected(evidence, params)}


def _gathered(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    found = _from_host(params)
    kept, left_out = fitted(found.parts, params["max_bytes"])
    return {
        "parts": {part.name.rsplit(".", 1)[0]: part.value for part in kept}, "not_collected": found.missing + left_out}


def _collected(evidence: Evidence, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    evidence.prepare()
    secrets = secrets_in(params["secrets"])
    parts, missing = item_parts(params["items"], secrets, utc_now())
    there = None if params["again"] else evidence.first()
    if there:
        return {"written": False, "pruned": [], "not_pruned": [], **there}
    found = _from_host(params)
    if params["journal_tail"]:
        found.journal(params["state_dir"], params["journal_tail"])
    told = [not_collected(entry["name"], entry["reason"], secrets) for entry in params["not_collected"]]
    return evidence.write(
        parts + found.parts, told + missing + found.missing,
        **{name: params[name] for name in ("max_bytes", "again", "keep_days", "keep_count", "keep_incidents")})


def _from_host(params: t.Mapping[str, t.Any]) -> HostSources:
    found = HostSources(secrets_in(params["secrets"]))
    if params["unit"]:
        found.unit(params["unit"], params["unit_lines"], params["timeout"])
    found.log_files(params["log_files"], params["log_bytes"])
    return found


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
