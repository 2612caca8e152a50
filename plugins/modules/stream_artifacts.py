#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_artifacts
short_description: Prune stale stream files and surplus backups of a supervisor on its host
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Removes playlists and segments of streams that nobody writes any more, and backups beyond those to be kept.
  - Works in the HLS directory and the two backup directories only. They are opened step by step without following a link. If
    one of them is a link, or if the directory of HLS or of the supervisor's backups is missing, nothing is removed anywhere.
  - Removes only regular files with exactly the names a supervisor gives. Everything else there is left alone.
  - A file of a stream is kept while it is young, while a process has it open, while a current playlist lists it, and a playlist
    while a process lives that was told to write it, even if that one hangs.
  - The newest backups that can really be unpacked, or read, are kept, as many as O(keep_backups). One that cannot does not
    count. In a set without a single valid backup nothing is removed.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
    details:
      - Tells the files and their bytes, and removes none.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - What grows old between two runs is removed by the second.
options:
  supervisor_dir:
    description:
      - The install directory of the supervisor. It may be reached by a link itself.
    type: path
    required: true
  user:
    description:
      - The service's user, below whose home O(user_backups_dir) lies. By default the one who runs this.
    type: str
  parts:
    description:
      - What to prune.
    type: list
    elements: str
    choices: [hls, backups, user_backups]
    default: [hls, backups, user_backups]
  hls_dir:
    description:
      - Directory of playlists and segments, below O(supervisor_dir).
    type: str
    default: web/static/hls
  backups_dir:
    description:
      - Directory of the backups made on request, below O(supervisor_dir).
    type: str
    default: config/backups
  user_backups_dir:
    description:
      - Directory of the backups the supervisor makes by itself, below the home of its user. It is no failure if there is none.
    type: str
    default: .config/twincat_smarthome/backups
  age_s:
    description:
      - Seconds after which a file of a stream may go, at least 30.
    type: float
    default: 300
  keep_backups:
    description:
      - How many valid backups of each set to keep, at least 5 as the supervisor itself does.
    type: int
    default: 30
  backup_age_s:
    description:
      - A backup that is younger than these seconds is kept, however many there are.
    type: float
    default: 86400
notes:
  - To be run as the supervisor's own user (C(become_user)). Without root, files that processes of other users have open are not seen, which
    RV(not_observed) says. Removing a file does not take it from a process that has it open.
seealso:
  - module: lineops.runbook.stream_processes
"""

EXAMPLES = r"""
- name: Prune what the streams and backups of a supervisor left behind
  lineops.runbook.stream_artifacts:
    supervisor_dir: /opt/supervisor

- name: Make room on a full file system
  lineops.runbook.stream_artifacts:
    supervisor_dir: /opt/supervisor
    age_s: 60
    keep_backups: 5
"""

RETURN = r"""
requested:
  description: What was asked for.
  returned: always
  type: dict
  sample: {parts: [hls, backups], age_s: 300.0, keep_backups: 30, backup_age_s: 86400.0}
original:
  description: Files and bytes of each part before, of the names that count; null if that was not seen.
  returned: always
  type: dict
  sample: {hls: {files: 23, bytes: 18874368}, backups: {files: 34, bytes: 103122}}
reached:
  description: The same at the end; in check mode, as it would be.
  returned: always
  type: dict
  sample: {hls: {files: 10, bytes: 8126464}, backups: {files: 30, bytes: 90990}}
verified:
  description: Whether a look afterwards found none of the removed files. In check mode true only if nothing is to be removed.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
removed:
  description: The files removed, or in check mode to be removed, at most 500.
  returned: always
  type: list
  elements: dict
  sample: [{part: hls, name: cam1_004.ts, bytes: 812032, age_s: 4211.0, why: "not written, not listed and not open"}]
removed_files:
  description: How many they are.
  returned: always
  type: int
removed_bytes:
  description: Their bytes.
  returned: always
  type: int
kept:
  description: The files that are old enough to go and yet kept, with the reason, at most 500.
  returned: always
  type: list
  elements: dict
  sample: [{part: hls, name: cam2_017.ts, bytes: 790116, age_s: 912.4, why: listed in a current playlist}]
kept_files:
  description: How many they are.
  returned: always
  type: int
kept_bytes:
  description: Their bytes.
  returned: always
  type: int
findings:
  description: Directories that are not as they should be, with part, code, message and hint.
  returned: always
  type: list
  elements: dict
not_observed:
  description: What could not be seen, with the reason.
  returned: always
  type: list
  elements: str
failure:
  description:
    - Code, message and hint. Codes are V(artifacts.option), V(artifacts.not_removed), V(directory.option),
      V(directory.missing), V(directory.elsewhere) and V(directory.no_access).
  returned: on failure
  type: dict
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

from ansible_collections.lineops.runbook.plugins.module_utils._artifact_rules import PARTS
from ansible_collections.lineops.runbook.plugins.module_utils._artifacts import Pruning
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    "supervisor_dir": {"type": "path", "required": True},
    "user": {"type": "str"},
    "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
    "hls_dir": {"type": "str", "default": "web/static/hls"},
    "backups_dir": {"type": "str", "default": "config/backups"},
    "user_backups_dir": {"type": "str", "default": ".config/twincat_smarthome/backups"},
    "age_s": {"type": "float", "default": 300},
    "keep_backups": {"type": "int", "default": 30},
    "backup_age_s": {"type": "float", "default": 86400},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Prune, or tell what would be."""
    change = Change({name: params[name] for name in ("parts", "age_s", "keep_backups", "backup_age_s")}, None)
    change.note(findings=[], not_observed=[])
    for name in ("removed", "kept"):
        change.note(**{name: [], f"{name}_files": 0, f"{name}_bytes": 0})
    try:
        return Pruning(params, change).run(check_mode)
    except LineopsError as error:
        raise change.failed(error) from error


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
