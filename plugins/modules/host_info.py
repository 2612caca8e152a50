#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: What a plant host itself sees of its supervisor, of its own resources and of the path to the PLC
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Finds the supervisor's process, the addresses it listens on and whether it answers there.
  - Shows the supervisor's TCP connection to the PLC in the socket table and asks the PLC who it is over UDP 48899.
  - On request, shows the host's load, memory and file systems, the processes around the supervisor, its systemd unit or
    its container, and whether its user may write where it must.
  - Opens no TCP connection to the PLC. From a supervisor's address only the supervisor may do that.
  - What could not be seen is named in RV(not_observed) with the reason, never left out and never told as zero.
  - Command lines are shown without camera passwords, keys and tokens.
  - When the host cannot be reached, the task succeeds and says so in RV(failure). SSH down with the API up is an answer.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
options:
  url:
    description:
      - Address of the supervisor as the inventory has it.
    type: str
    required: true
  gather_subset:
    description:
      - What to look at.
      - V(plc) needs O(plc). V(unit) needs O(unit), V(container) needs O(container).
      - V(processes), V(resources) and V(permissions) see more where O(supervisor_dir) and O(unit) are given.
    type: list
    elements: str
    choices: [supervisor, plc, resources, processes, unit, container, permissions]
    default: [supervisor, plc]
  supervisor_dir:
    description:
      - Working directory of the supervisor, used to find a process that listens elsewhere, and what lies below it.
      - Without it the working directory of the unit or of the process is taken for V(processes), V(resources) and
        V(permissions).
    type: path
  unit:
    description:
      - The systemd unit of the supervisor. Where nothing listens, its main process is looked at.
    type: str
  container:
    description:
      - The container of the supervisor. A rootless podman shows it to its owner only.
    type: dict
    suboptions:
      engine:
        description: The program to ask.
        type: str
        choices: [podman, docker]
        required: true
      name:
        description: Name or id of the container.
        type: str
        required: true
  state_dir:
    description:
      - Where journal and evidence are kept on the host. Its file system is shown too.
    type: path
  answering_pid:
    description:
      - The process that answers, as the supervisor itself tells it (C(service/info)). Without root it is the only way to see
        what holds the port, which V(processes) then tells as C(answering).
    type: int
  plc:
    description:
      - The PLC whose path is looked at.
    type: dict
    suboptions:
      ip_address:
        description: IPv4 address of the PLC.
        type: str
        required: true
      ams_net_id:
        description:
          - Its AMS NetId. A supervisor connects to the first four numbers of it. Where these are not O(plc.ip_address), the
            same is looked at for that address, and told as C(net_id_address).
        type: str
      local_ip:
        description: Address of the host to ask from.
        type: str
  timeout:
    description:
      - Seconds to wait for each answer. Two datagrams are sent.
    type: float
    default: 0.75
  command_timeout:
    description:
      - Seconds to wait for C(systemctl), for the container engine, and for the file systems together.
    type: float
    default: 3.0
notes:
  - Needs the Python library C(psutil) on the host for V(supervisor), V(plc), V(processes) and memory. The rest is seen
    without.
  - Without root, files and sockets of other users' processes stay hidden, which RV(not_observed) says.
"""

EXAMPLES = r"""
- name: Let the host look at its own supervisor and PLC
  lineops.runbook.host_info:
    url: http://10.30.0.11:5000
    supervisor_dir: /opt/supervisor
    plc: {ip_address: 10.30.0.21, ams_net_id: 10.30.0.21.1.1, local_ip: 10.30.0.11}

- name: See what else the host can tell
  lineops.runbook.host_info:
    url: http://10.30.0.11:5000
    supervisor_dir: /opt/supervisor
    unit: smarthome-web.service
    state_dir: /var/lib/lineops
    gather_subset: [supervisor, resources, processes, unit, permissions]
"""

RETURN = r"""
supervisor:
  description: The supervisor's process.
  returned: when observed
  type: dict
  sample: {pid: 812, state: sleeping, listens: ["0.0.0.0:5000"], api: answers}
plc:
  description: The path to the PLC.
  returned: when asked for and observed
  type: dict
  sample: {tcp: none, identity: {ams_net_id: 10.30.0.99.1.1}, net_id_address: {ip_address: 10.30.0.99, tcp: none, identity: null}}
resources:
  description:
    - Load averages, bytes of memory and swap, and each file system once with the paths that lie on it.
    - C(/var/log) is among them, since no start succeeds where the unit cannot write its output.
    - A path that is not there counts for the file system it would be made on. C(free) is what is left for other users
      than root. C(inodes_total) is null where the file system has no fixed number of them.
  returned: when asked for
  type: dict
  sample:
    cpu: {cores: 4, measured: load averages, load_1m: 0.4, load_5m: 0.5, load_15m: 0.5}
    memory: {total: 8219467776, available: 6132432896, used: 1753219072}
    swap: {total: 0, used: 0, free: 0}
    disks:
      - {paths: [/, /tmp], mount: /, total: 52521566208, used: 9183383552, free: 40636620800, inodes_total: 3276800,
         inodes_used: 187310, inodes_free: 3089490, read_only: false}
processes:
  description:
    - The supervisor, the owner of its port, its ffmpeg, ffmpeg that write its HLS files without being below it, and
      Ring bridges (known by the word in their command line).
    - Without root, C(port_owner) has no more than the C(user) whose socket it is.
    - C(pid_file) is that of the control script. It is stale where C(alive) is false, or where it names another process.
    - C(cpu_s) is the processor time since the start. C(in_unit) and C(is_main_pid) are null where no unit was observed.
  returned: when asked for and observed
  type: dict
  sample:
    supervisor: {pid: 812, parent: 1, user: hmi, cmdline: [python, start_web_hmi.py], state: sleeping,
                 started_at: "2026-11-23T10:13:24Z", rss: 91234304, cpu_s: 12.4, in_unit: true}
    port_owner: {pid: 812, user: hmi, cmdline: [python, start_web_hmi.py], in_unit: true,
                 started_at: "2026-11-23T10:13:24Z", is_main_pid: true}
    answering: null
    pid_file: {path: /tmp/smarthome-web.pid, exists: false, pid: null, alive: null}
    ffmpeg: []
    orphaned_ffmpeg: []
    ring_bridges: []
unit:
  description:
    - The systemd unit. C(load_state) is V(not-found) where systemd does not know it, V(masked) where it must not start.
    - C(need_daemon_reload) is true where its file was changed since systemd read it.
    - C(restarts) is no lifetime counter. A manual restart and reset-failed set it to zero.
  returned: when asked for; null when not observed
  type: dict
  sample: {name: smarthome-web.service, load_state: loaded, active_state: active, sub_state: running,
           unit_file_state: enabled, result: success, main_pid: 812, started_at: "2026-11-23T10:13:24Z", restarts: 0,
           restart: always, restart_s: 1.0, start_limit_burst: 10, start_limit_s: 60.0, user: hmi,
           working_directory: /opt/supervisor,
           fragment_path: /etc/systemd/system/smarthome-web.service, control_group: /system.slice/smarthome-web.service,
           need_daemon_reload: false, exec_main_code: 0, exec_main_status: 0}
container:
  description: The container.
  returned: when asked for; null when not observed
  type: dict
  sample: {engine: podman, name: supervisor, status: running, pid: 4711, exit_code: 0, oom_killed: false, error: "",
           started_at: "2026-11-23T10:13:24.1Z", finished_at: "0001-01-01T00:00:00Z", health: healthy, restarts: 0,
           restart_policy: always, image: "supervisor:4.8"}
permissions:
  description:
    - The user of the unit or of the process, whether he may enter and write the supervisor's directories, and whether he
      may read its start script.
    - Null where an access control list decides. What a unit itself forbids (C(ProtectSystem=)) is not seen.
  returned: when asked for
  type: dict
  sample:
    user: {name: hmi, exists: true, uid: 1001, home: /home/hmi}
    directories:
      hls: {path: /opt/supervisor/web/static/hls, exists: true, owner: hmi, group: hmi, mode: "0755", enterable: true,
            writable: true, unwritable_files: []}
    files:
      start_script: {path: /opt/supervisor/start_web_hmi.py, exists: true, owner: hmi, group: hmi, mode: "0644",
                     readable: true}
not_observed:
  description: What could not be seen, with the reason.
  returned: when the host could be asked
  type: list
  elements: str
  sample: ["unit (no systemd runs this host)"]
failure:
  description: Why nothing could be observed at all.
  returned: when the host could not be asked
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

from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._host import look
from ansible_collections.lineops.runbook.plugins.module_utils._host_survey import Survey
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

#: What every look has, and what it may have beside.
_LOOK = ("supervisor", "plc")
_SURVEY = ("resources", "processes", "unit", "container", "permissions")

ARGUMENT_SPEC: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "gather_subset": {"type": "list", "elements": "str", "choices": [*_LOOK, *_SURVEY], "default": list(_LOOK)},
    "supervisor_dir": {"type": "path"},
    "unit": {"type": "str"},
    "container": {
        "type": "dict",
        "options": {
            "engine": {"type": "str", "choices": ["podman", "docker"], "required": True},
            "name": {"type": "str", "required": True},
        },
    },
    "state_dir": {"type": "path"},
    "answering_pid": {"type": "int"},
    "plc": {
        "type": "dict",
        "options": {"ip_address": {"type": "str", "required": True}, "ams_net_id": {"type": "str"}, "local_ip": {"type": "str"}},
    },
    "timeout": {"type": "float", "default": 0.75},
    "command_timeout": {"type": "float", "default": 3.0},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Look; what keeps us from looking is an answer too."""
    wanted = set(params["gather_subset"])
    result: dict[str, t.Any] = {"changed": False, "observed_at": utc_now()}
    view: dict[str, t.Any] = {}
    survey = Survey(params)
    if wanted - {"unit", "container"}:
        plc = params["plc"] if "plc" in wanted else None
        try:
            view = look(
                params["url"], params["supervisor_dir"], plc, timeout=params["timeout"], main_pid=survey.main_pid)
        except LineopsError as error:
            if wanted & set(_LOOK):
                result["failure"] = error.as_failure()
    result.update({name: part for name, part in view.items() if name in wanted or name not in _LOOK})
    if wanted & set(_SURVEY):
        result.update(survey.take(wanted, view.get("supervisor") or {}))
        result["not_observed"] = [*result.get("not_observed", []), *survey.not_observed]
    return result


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
