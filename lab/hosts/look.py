# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a booted host: what every lab shows, and its power, unit, port owner, streams and SSH."""

from __future__ import annotations

import dataclasses
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .. import full_disk
from .. import look as common
from ..errors import LabError
from ..plant import Host, Plant
from . import filters, layout
from .machine import Machine

FAULT_UNITS = "lineops-fault-*"      #: what transient units of faults are called
_BANNER_S = 2.0
_PROPERTIES = ("LoadState", "ActiveState", "SubState", "MainPID", "UnitFileState", "NRestarts")
_ASK = f"""
systemctl show {layout.UNIT} --property={','.join(_PROPERTIES)}
ss -Hltnp 'sport = :{layout.SUPERVISOR_PORT}' | sed 's/^/port=/'
systemctl list-units --all --plain --no-legend '{FAULT_UNITS}' | sed 's/ .*//; s/^/change=unit /'
findmnt --raw --noheadings --output TARGET --source {full_disk.MOUNT} | sed 's/^/change=full disk at /'
for file in "$1"/web/static/hls/*.m3u8; do stat --format 'stream=%n %Y %s' "$file"; done 2>/dev/null
true
"""


@dataclass(frozen=True)
class HostLook(common.Look):
    """A look at a booted host."""

    power: str = "off"
    unit: str = ""
    unit_pid: int | None = None
    port_pid: int | None = None
    restarts: int | None = None
    ssh: bool = False

    @property
    def healthy(self) -> bool:
        """Everything as right after ``up``, as far as can be seen without touching anything."""
        return super().healthy and self.service_runs and self.ssh

    @property
    def service_runs(self) -> bool:
        """Does the unit run, and own the port?"""
        return self.unit == "active/running enabled" and self.port_pid not in (None, 0) and self.unit_pid == self.port_pid

    def cells(self) -> dict[str, str]:
        """What the table of ``status`` shows beside the rest."""
        return {
            "POWER": self.power, "UNIT": self.unit or "-", "MAINPID": str(self.unit_pid or "-"),
            "PORT": str(self.port_pid or "-"), "SSH": "yes" if self.ssh else "no",
            **super().cells(),
        }


def look(plant: Plant, host: Host) -> HostLook:
    """Look at a host without changing anything on it. To be called in the controller's network."""
    machine = Machine(plant, host)
    power = "frozen" if machine.cgroup.is_frozen else "on" if machine.leader else "off"
    seen: dict[str, list[str]] = {}
    if power == "on":
        try:
            answer = machine.run(["sh", "-c", _ASK, "sh", host.install_dir], timeout=20).stdout
        except LabError:
            power = "stuck"
        else:
            for line in answer.splitlines():
                seen.setdefault(line.partition("=")[0], []).append(line.partition("=")[2])
    first = {name: values[0] for name, values in seen.items()}
    pid = int(first.get("MainPID", "0")) or None
    owner = re.search(r"pid=(\d+)", " ".join(seen.get("port", [])))
    base = common.look_at(
        plant, host, *_supervisor(machine, host, power, pid), _written(seen.get("stream", [])),
        (*seen.get("change", ()), *filters.changes(plant, host)))
    return HostLook(
        **{field.name: getattr(base, field.name) for field in dataclasses.fields(base)},
        power=power,
        unit="{ActiveState}/{SubState} {}".format(
            first["UnitFileState"] or first["LoadState"], **first) if "ActiveState" in first else "",
        unit_pid=pid, port_pid=int(owner[1]) if owner else None,
        restarts=int(first["NRestarts"]) if first.get("NRestarts", "").isdigit() else None,
        ssh=_has_ssh(host),
    )


def look_at_all(plant: Plant) -> list[HostLook]:
    """Look at every host of the plant at the same time."""
    with ThreadPoolExecutor(len(plant.hosts)) as pool:
        return list(pool.map(lambda host: look(plant, host), plant.hosts))


def _supervisor(machine: Machine, host: Host, power: str, pid: int | None) -> tuple[str, int | None, bool | None]:
    if power != "on":
        return power, None, None
    if pid and _state(machine, pid) == "T":
        return "frozen", pid, None
    word, connected = common.ask_supervisor(host)
    return ("stopped" if word == "silent" and not pid else word), pid, connected


def _state(machine: Machine, pid: int) -> str:
    done = machine.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, timeout=20)
    return done.stdout.strip()[:1]


def _written(lines: list[str]) -> dict[str, tuple[float, int]]:
    """camera -> when its playlist was written, and its size."""
    found = {}
    for line in lines:
        path, changed, size = line.rsplit(" ", 2)
        found[path.rpartition("/")[2].removesuffix(".m3u8")] = (float(changed), int(size))
    return found


def _has_ssh(host: Host) -> bool:
    try:
        with socket.create_connection((host.supervisor_ip, 22), _BANNER_S) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
