#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: supervisor_manager
short_description: Restart a supervisor on its host, through systemd, a container engine or a command
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Restarts the supervisor through who runs it and proves it. An exit status or an active unit prove nothing, so the restart
    counts as done only when another main process, or another run of the container, is still there two seconds later. A
    unit must also serve its port with a socket that was not there before.
  - Resets a unit that has failed, so that its start limit does not keep it down.
  - Ends an escaped process on request, but only if it is the very process named, belongs to the service's user, is outside
    the unit and holds the supervisor's port. A stranger's process is never ended.
  - Without root, each privileged command is run as C(sudo -n -- systemctl restart UNIT), with C(start) and C(reset-failed)
    alike, and C(sudo -n -u USER -- kill -TERM PID) or C(-KILL). Nothing else needs rights of its own.
  - A restart loses all camera streams. Stop them before and start them after it.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
    details:
      - Only reads. A masked or unknown unit and a process that must not be ended are failures in check mode, too.
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - Restarts on every run.
options:
  state:
    description:
      - What is wanted.
    type: str
    choices: [restarted]
    default: restarted
  manager:
    description:
      - Who runs the supervisor.
      - V(systemd) needs O(unit). V(podman) and V(docker) need O(container) with a name, V(compose) needs it with
        C(project_dir) and C(service). V(command) needs O(command).
    type: str
    choices: [systemd, podman, docker, compose, command]
    required: true
  unit:
    description:
      - The systemd unit of the supervisor.
    type: str
  container:
    description:
      - The container of the supervisor.
    type: dict
    suboptions:
      engine:
        description: The program to ask. By default that of O(manager), or docker for V(compose).
        type: str
        choices: [podman, docker]
      name:
        description: Name or id of the container. For V(compose) it is asked for when it is not given.
        type: str
      project_dir:
        description: Directory of the compose project.
        type: path
      service:
        description: Name of the service in it.
        type: str
  command:
    description:
      - The hook for other orchestrators. A list of words that is run on the host without a shell, for example
        V([kubectl, rollout, restart, deployment/supervisor]). It has to end with 0.
      - The only proof this host can have is a new socket on the supervisor's port. Without one RV(verified) is false.
    type: raw
  url:
    description:
      - Address of the supervisor, for its port.
    type: str
    required: true
  user:
    description:
      - The service's user. By default that of the unit. For a rootless container, its owner.
    type: str
  escaped:
    description:
      - A process to end first, as M(lineops.runbook.host_info) tells it.
    type: dict
    suboptions:
      pid:
        description: Its process id.
        type: int
        required: true
      started_at:
        description: UTC time of its start.
        type: str
        required: true
  timeout:
    description:
      - Seconds for the whole.
    type: float
    default: 90.0
seealso:
  - module: lineops.runbook.host_info
  - module: lineops.runbook.supervisor_service
"""

EXAMPLES = r"""
- name: Restart the supervisor's unit
  lineops.runbook.supervisor_manager:
    manager: systemd
    unit: smarthome-web.service
    url: http://10.30.0.11:5000

- name: Restart it after an instance somebody started by hand is ended
  lineops.runbook.supervisor_manager:
    manager: systemd
    unit: smarthome-web.service
    url: http://10.30.0.11:5000
    escaped: {pid: 4711, started_at: "2026-11-23T10:13:24Z"}

- name: Restart the supervisor's container
  lineops.runbook.supervisor_manager:
    manager: podman
    container: {engine: podman, name: supervisor}
    url: http://10.30.0.11:5000

- name: Let another orchestrator restart it
  lineops.runbook.supervisor_manager:
    manager: command
    command: [kubectl, rollout, restart, deployment/supervisor]
    url: http://10.30.0.11:5000
"""

RETURN = r"""
requested:
  description: What was asked for.
  returned: always
  type: dict
  sample: {state: restarted, manager: systemd}
original:
  description: The unit, or the container, before; null if it could not be read.
  returned: always
  type: dict
  sample: {main_pid: 812, active_state: active, sub_state: running, result: success, restarts: 0, unit_file_state: enabled}
reached:
  description:
    - The unit, or the container, at the end; null where nobody knows. C(restarts) is set to zero by the restart itself.
    - C(syn_sent) says that a process of the service's user waits for a PLC that does not answer.
  returned: always
  type: dict
  sample: {main_pid: 1044, active_state: active, sub_state: running, result: success, restarts: 0, listening: true,
           syn_sent: false}
verified:
  description: Whether the new process, or the container's new run, was proven to be there and to stay.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
ended:
  description: The escaped process that was ended and the last signal it was sent, null if none was.
  returned: always
  type: dict
  sample: {pid: 4711, signal: SIGTERM}
journal:
  description: Where the unit failed, the last lines of its journal, empty where it may not be read.
  returned: always
  type: list
  elements: str
lines:
  description: Where an engine or the command failed, the last lines it printed.
  returned: always
  type: list
  elements: str
failure:
  description:
    - Code, message and hint. Codes are V(manager.options), V(manager.failed), V(host.not_allowed), V(process.not_ours),
      V(process.not_ended), V(unit.masked), V(unit.not_found), V(unit.start_limit), V(unit.start_failed) and
      V(restart.not_back).
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
from ansible_collections.lineops.runbook.plugins.module_utils._manager import Restart
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["restarted"], "default": "restarted"},
    "manager": {"type": "str", "choices": ["systemd", "podman", "docker", "compose", "command"], "required": True},
    "unit": {"type": "str"},
    "container": {
        "type": "dict",
        "options": {
            "engine": {"type": "str", "choices": ["podman", "docker"]},
            "name": {"type": "str"},
            "project_dir": {"type": "path"},
            "service": {"type": "str"},
        },
    },
    "command": {"type": "raw"},
    "url": {"type": "str", "required": True},
    "user": {"type": "str"},
    "escaped": {
        "type": "dict",
        "options": {"pid": {"type": "int", "required": True}, "started_at": {"type": "str", "required": True}},
    },
    "timeout": {"type": "float", "default": 90.0},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Restart the supervisor through its manager."""
    change = Change({"state": params["state"], "manager": params["manager"]}, None)
    change.note(ended=None, journal=[], lines=[])
    try:
        return Restart(params, change, check_mode).run()
    except LineopsError as error:
        raise change.failed(error) from error


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
