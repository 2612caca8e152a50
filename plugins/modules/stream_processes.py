#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_processes
short_description: End stream processes that a supervisor has lost, on its host
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Finds every ffmpeg that writes a playlist into the HLS directory of a supervisor, and ends those nobody looks after. They
    write the same files as the process the supervisor started anew, so that the picture stutters, and its stop does not end them.
  - A process is V(supervised) if it is one of O(process_pids), or below the main process of O(unit) or below O(supervisor_pid).
  - Any other is V(orphaned), or a V(second_writer) where a supervised one writes the same playlist. So is one below the
    supervisor's process if O(process_pids) has another one for its playlist. Only these two are ended.
  - What belongs to another user is V(foreign). One whose parent lives is V(unclear) unless O(process_pids) is given together with
    O(unit) or O(supervisor_pid), since it may be another instance's. Neither is ended.
  - Right before each signal it is checked that the number still belongs to the process that was seen, by the time it started.
  - SIGTERM first, SIGKILL when it is still there after O(timeout). A V(second_writer) gets SIGKILL at once, because on SIGTERM an
    ffmpeg closes its playlist, here that of the living stream, and players stop for good. So does one that is stopped, which does
    not react to SIGTERM.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
    details:
      - Only lists.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  supervisor_dir:
    description:
      - The install directory of the supervisor. It may be reached by a link itself.
    type: path
    required: true
  hls_dir:
    description:
      - Directory of playlists and segments, below O(supervisor_dir). Where it is missing or a link, nothing is done.
    type: str
    default: web/static/hls
  unit:
    description:
      - The systemd unit of the supervisor. Its main process is the supervisor, its user the owner of the stream processes.
    type: str
  supervisor_pid:
    description:
      - The supervisor's process by its own word (C(service/info)). With O(unit), what is below either of the two is supervised.
    type: int
  process_pids:
    description:
      - The processes of the streams by the supervisor's own word, as C(process_pid) in
        RV(lineops.runbook.camera_stream_info#module:streams). An empty list means that it has none.
      - Ask shortly before, since what it started later is told from an orphan only by O(unit) or O(supervisor_pid).
    type: list
    elements: int
  cameras:
    description:
      - Ids of the cameras whose stream processes are looked at. All if empty.
    type: list
    elements: str
    default: []
  user:
    description:
      - The service's user. By default that of the unit, else the one who runs this.
    type: str
  timeout:
    description:
      - Seconds to wait after SIGTERM.
    type: float
    default: 5.0
notes:
  - To be run as the supervisor's own user (C(become_user)), or as root.
  - A supervisor in a container numbers its processes otherwise. What it runs is V(unclear) or not seen.
  - Files that an ended process leaves behind are for M(lineops.runbook.stream_artifacts).
seealso:
  - module: lineops.runbook.camera_stream_info
  - module: lineops.runbook.host_info
  - module: lineops.runbook.stream_artifacts
"""

EXAMPLES = r"""
- name: End stream processes that are not below the unit's main process
  lineops.runbook.stream_processes:
    supervisor_dir: /opt/supervisor
    unit: smarthome-web.service

- name: End what writes beside the processes the supervisor names
  lineops.runbook.stream_processes:
    supervisor_dir: "{{ lineops_supervisor_dir }}"
    unit: "{{ lineops_supervisor_unit }}"
    process_pids: "{{ seen.streams.values() | map(attribute='process_pid') | select | list }}"
    cameras: [cam1]
"""

RETURN = r"""
requested:
  description: What was asked for.
  returned: always
  type: str
  sample: only supervised stream processes
original:
  description: How many processes of each verdict there were; null if that was not seen.
  returned: always
  type: dict
  sample: {supervised: 2, orphaned: 1, second_writer: 1, foreign: 0, unclear: 0}
reached:
  description: The same at the end; in check mode, as it would be. Null where a failure left it unknown.
  returned: always
  type: dict
  sample: {supervised: 2, orphaned: 0, second_writer: 0, foreign: 0, unclear: 0}
verified:
  description: Whether a look at the end found none to end.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
processes:
  description:
    - Every process seen at first, with the verdict and why. C(parent) is the number of its parent, C(stopped) whether a signal
      had stopped it, C(in_unit) whether it is in the unit's control group, null without O(unit).
  returned: always
  type: list
  elements: dict
  sample:
    - {pid: 11677, camera: cam1, verdict: second_writer, why: "it is not below the supervisor's process", parent: 1,
       users: [smarthome], in_unit: null, stopped: false, started_at: "2026-11-23T10:13:24.000Z"}
ended:
  description: The processes that were ended and the last signal each was sent.
  returned: always
  type: list
  elements: dict
  sample: [{pid: 11677, signal: SIGTERM}]
failure:
  description:
    - Code, message and hint. Codes are V(process.option), V(process.unit), V(process.supervisor_unknown), V(process.hidden),
      V(process.not_ended), V(host.not_allowed), V(directory.option), V(directory.missing), V(directory.elsewhere) and
      V(directory.no_access).
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

from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._writers import Ending

ARGUMENT_SPEC: dict[str, t.Any] = {
    "supervisor_dir": {"type": "path", "required": True},
    "hls_dir": {"type": "str", "default": "web/static/hls"},
    "unit": {"type": "str"},
    "supervisor_pid": {"type": "int"},
    "process_pids": {"type": "list", "elements": "int"},
    "cameras": {"type": "list", "elements": "str", "default": []},
    "user": {"type": "str"},
    "timeout": {"type": "float", "default": 5.0},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """End what nobody looks after, or list it."""
    change = Change("only supervised stream processes", None)
    change.note(processes=[], ended=[])
    try:
        return Ending(params, change).run(check_mode)
    except LineopsError as error:
        raise change.failed(error) from error


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
