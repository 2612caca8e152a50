# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plant as data: lines, hosts, addresses, secrets, and the stand-ins' configuration files made from them.

Addresses (block B): controller 127.B.0.5; line L, host H: supervisor 127.B.L.(10+H), its PLC 127.B.L.(20+H), its
second PLC if there is one 127.B.L.(30+H), its cameras 127.B.L.(40+H). pyads cannot bind a source address, so every
supervisor reaches its PLC as 127.0.0.1.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LabError

MAX_LINES, MAX_HOSTS, MAX_PLCS = 9, 9, 2
LOOPBACK, HOSTS = BACKENDS = ("loopback", "hosts")
RUNTIME_TYPE, AMS_PORT = "TC3", 851
SUPERVISOR_IP, SUPERVISOR_NET_ID = "127.0.0.1", "127.0.0.1.1.1"
PLC_ID, SECOND_PLC_ID = "plc_001", "plc_002"
PLC_USERNAME = "Administrator"
CAMERA_PORT, CAMERA_USER = 8554, "viewer"
SERVICE_USER = "smarthome"  #: whom a supervisor runs as on a booted host
#: The cameras of a host that has some that stream, and what each of them looks at.
CAMERAS = {"cam1": "front", "cam2": "back"}
REFUSAL_LAYOUT = "documented"
TEST_VARIABLE = "MAIN.bOpsTest"
PLC_NAMES = ("Press", "Mixer", "Conveyor", "Filler", "Packer", "Saw", "Oven", "Robot", "Lift")
SYMBOLS = {
    TEST_VARIABLE: {"type": "BOOL", "value": False},
    "GVL.bOpsTest": {"type": "BOOL", "value": False},
    "MAIN.nCycle": {"type": "DINT", "value": 0},
    "MAIN.nParts": {"type": "INT", "value": 42},
    "GVL.fSpeed": {"type": "REAL", "value": 1.5},
    "GVL.sRecipe": {"type": "STRING(20)", "value": "A-17"},
}


@dataclass(frozen=True)
class PlcSite:
    """A PLC of a host: number 1 is the one the supervisor connects to, number 2 stands by."""

    number: int
    id: str
    name: str
    ip: str
    runtime_type: str
    ams_port: int

    @property
    def is_active(self) -> bool:
        """Is this the one the supervisor connects to?"""
        return self.number == 1

    @property
    def net_id(self) -> str:
        """Its AMS NetId."""
        return f"{self.ip}.1.1"

    @property
    def target(self) -> dict[str, Any]:
        """What a supervisor needs to know to connect to it."""
        return {"ams_net_id": self.net_id, "ams_port": self.ams_port, "ip_address": self.ip,
                "runtime_type": self.runtime_type}


@dataclass(frozen=True)
class Host:
    """One plant host: its supervisor and the PLC that belongs to it, in some plants a second one."""

    name: str
    line: str
    supervisor_ip: str
    supervisor_port: int
    plc_ip: str
    plc_name: str
    camera_ip: str
    second_plc_ip: str = ""
    ads_ip: str = SUPERVISOR_IP   #: the address its PLC sees it come from
    install_dir: str = ""         #: where the supervisor lies in the file system of a booted host

    @property
    def url(self) -> str:
        """Where the supervisor listens."""
        return f"http://{self.supervisor_ip}:{self.supervisor_port}"

    @property
    def plcs(self) -> tuple[PlcSite, ...]:
        """Its PLCs; the second one is an older TwinCAT 2 machine."""
        first = PlcSite(1, PLC_ID, self.plc_name, self.plc_ip, RUNTIME_TYPE, AMS_PORT)
        second = PlcSite(2, SECOND_PLC_ID, f"{self.plc_name} feeder", self.second_plc_ip, "TC2", 801)
        return (first, second) if self.second_plc_ip else (first,)

    def plc(self, number: int) -> PlcSite:
        """Return the PLC of this number; LabError if the host has none."""
        if number > len(self.plcs):
            raise LabError(f"{self.name} has no PLC number {number}; start the lab with: up --plcs {number}")
        return self.plcs[number - 1]

    @property
    def ads_net_id(self) -> str:
        """The NetId the supervisor's ADS library gives itself."""
        return f"{self.ads_ip}.1.1"

    @property
    def plc_net_id(self) -> str:
        """The PLC's AMS NetId."""
        return self.plcs[0].net_id

    @property
    def route(self) -> dict[str, Any]:
        """The route this supervisor needs on its PLCs."""
        return {"name": self.name, "ams_net_id": self.ads_net_id, "address": self.ads_ip, "temporary": False}

    @property
    def target(self) -> dict[str, Any]:
        """What the supervisor connects to."""
        return self.plcs[0].target


@dataclass
class Line:
    """A production line's secrets: made anew for every lab, different on every line."""

    name: str
    admin_key: str
    plc_password: str
    camera_password: str
    operator_key: str = ""
    plc_username: str = PLC_USERNAME

    @classmethod
    def new(cls, name: str) -> Line:
        """Make up the secrets of a line."""
        return cls(name, *(secrets.token_urlsafe(18) for dummy in range(3)))


@dataclass
class Plant:
    """A whole lab: where it lives, what it consists of."""

    folder: Path
    inventory: Path
    block: int
    lines: list[Line]
    hosts: list[Host]
    backend: str = LOOPBACK
    engine: str = ""             #: what boots the hosts, where they are booted
    streaming: bool = False      #: do its cameras stream? Those of booted hosts always do

    @classmethod
    def new(
        cls, folder: Path, inventory: Path, block: int, port: int, lines: int, hosts: int, plcs: int = 1,
        streaming: bool = False,
    ) -> Plant:
        """Lay out a plant of ``lines`` lines with ``hosts`` hosts each, ``plcs`` PLCs per host, in a loopback block.

        :param streaming: shall its cameras stream?
        """
        return cls(
            folder, inventory, block,
            [Line.new(f"line{number}") for number in range(1, lines + 1)],
            _hosts(f"127.{block}", port, lines, hosts, plcs), streaming=streaming,
        )

    @property
    def controller_ip(self) -> str:
        """The address our own clients come from."""
        return f"10.213.{self.block}.5" if self.backend == HOSTS else f"127.{self.block}.0.5"

    def line(self, name: str) -> Line:
        """Return a line by its name."""
        return next(line for line in self.lines if line.name == name)

    def chosen(self, name: str) -> list[Host]:
        """Return the host, or the hosts of the line, of this name; LabError if there is neither."""
        hosts = [host for host in self.hosts if name in (host.name, host.line)]
        if not hosts:
            raise LabError(f"no host or line {name!r} in this lab; there are {', '.join(h.name for h in self.hosts)}")
        return hosts

    # --- files ---------------------------------------------------------------------------------------------------

    def root_dir(self, host: Host) -> Path:
        """The file system of a booted host, as this machine sees it."""
        return self.folder / "machines" / host.name / "root"

    def host_dir(self, host: Host) -> Path:
        """The supervisor's installation, as this machine sees it."""
        if host.install_dir:
            return self.root_dir(host) / host.install_dir.lstrip("/")
        return self.folder / "hosts" / host.name

    def home_dir(self, host: Host) -> Path:
        """The home of the supervisor's user, as this machine sees it."""
        if host.install_dir:
            return self.root_dir(host) / "home" / SERVICE_USER
        return self.host_dir(host) / "home"

    def hls_dir(self, host: Host) -> Path:
        """Where its streams are written."""
        return self.host_dir(host) / "web" / "static" / "hls"

    def playlist(self, host: Host, camera: str) -> Path:
        """What a camera's stream is followed by."""
        return self.hls_dir(host) / f"{camera}.m3u8"

    def plc_dir(self, host: Host, number: int = 1) -> Path:
        """The state folder of one of the host's PLC stand-ins."""
        return self.folder / "plcs" / f"{host.name}{_suffix(number)}"

    def state_dir(self, host: Host) -> Path:
        """What the inventory calls ``lineops_state_dir``."""
        return self.folder / "state" / host.name

    def control(self, host: Host, number: int = 1) -> Path:
        """The control socket of one of the host's PLC stand-ins."""
        return self.plc_dir(host, number) / "control.sock"

    def plc_config(self, host: Host, number: int = 1) -> Path:
        """The configuration file of one of the host's PLC stand-ins."""
        return self.folder / "config" / f"{host.name}.plc{_suffix(number)}.json"

    def supervisor_config(self, host: Host) -> Path:
        """The supervisor stand-in's configuration file."""
        return self.folder / "config" / f"{host.name}.supervisor.json"

    def write_configs(self) -> None:
        """Create the folders and write all configuration files of every host."""
        for host in self.hosts:
            if self.backend == LOOPBACK:
                for folder in (self.host_dir(host), self.state_dir(host)):
                    folder.mkdir(parents=True, exist_ok=True)
            for plc in host.plcs:
                self.plc_dir(host, plc.number).mkdir(parents=True, exist_ok=True)
                write_private(self.plc_config(host, plc.number), self._plc_settings(host, plc))
            self.write_supervisor_config(host)

    def write_supervisor_config(self, host: Host, *, master_key: str | None = None) -> None:
        """Write the supervisor's configuration, with another master key than the line's if one is given."""
        settings = self._supervisor_settings(host)
        if master_key is not None:
            settings["master_key"] = master_key
        write_private(self.supervisor_config(host), settings)

    def _plc_settings(self, host: Host, plc: PlcSite) -> dict[str, Any]:
        line = self.line(host.line)
        return {
            "name": plc.name, "address": plc.ip, "ams_net_id": plc.net_id,
            "runtime_type": plc.runtime_type, "ams_port": plc.ams_port,
            "username": line.plc_username, "password": line.plc_password, "refusal_layout": REFUSAL_LAYOUT,
            "routes": [host.route], "symbols": SYMBOLS,
            "state_dir": str(self.plc_dir(host, plc.number)), "control": str(self.control(host, plc.number)),
        }

    def cameras(self, host: Host) -> dict[str, dict[str, Any]]:
        """The host's cameras as its supervisor knows them: two that stream, else one that nobody serves and a door."""
        source = f"rtsp://{CAMERA_USER}:{self.line(host.line).camera_password}@{host.camera_ip}"
        if self.streaming:
            return {
                camera: {"name": f"{host.plc_name} {side}", "type": "rtsp",
                         "url": f"{source}:{self.camera_port(host, camera)}/{host.name}/{camera}"}
                for camera, side in CAMERAS.items()
            }
        return {
            "cam1": {"name": f"{host.plc_name} front", "url": f"{source}:{CAMERA_PORT}/cam1", "type": "rtsp"},
            "door": {"name": "Door", "url": "ring://door", "type": "ring"},
        }

    def camera_port(self, host: Host, camera: str) -> int:
        """Where a camera that streams listens: each on a port of its own, so that one can go and the others stay."""
        return _camera_port(self.hosts.index(host), camera)

    def _supervisor_settings(self, host: Host) -> dict[str, Any]:
        line = self.line(host.line)
        return {
            "host": "0.0.0.0" if host.install_dir else host.supervisor_ip, "port": host.supervisor_port,
            "dir": host.install_dir or str(self.host_dir(host)),
            **({} if host.install_dir else {"master_key": line.admin_key}),  # a booted host has it in its .env
            "plc_configs": {plc.id: {"name": plc.name, **plc.target} for plc in host.plcs}, "active_plc": PLC_ID,
            "cameras": self.cameras(host), "target": host.target, "env": {},
        }

    def save(self) -> None:
        """Write ``lab.json``: from now on the lab counts as up."""
        write_private(plant_file(self.folder), dataclasses.asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Plant:
        """Read the plant of the lab in ``folder``; LabError if none is up there."""
        try:
            data = json.loads(plant_file(folder).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise LabError(f"no lab is up in {folder}; start one with: python -m lab up") from None
        return cls(
            Path(data["folder"]), Path(data["inventory"]), data["block"],
            [Line(**line) for line in data["lines"]], [Host(**host) for host in data["hosts"]],
            data["backend"], data["engine"], data["streaming"],
        )


def plant_file(folder: Path) -> Path:
    """The file that says a lab is up in ``folder``."""
    return folder / "lab.json"


def _hosts(prefix: str, port: int, lines: int, hosts: int, plcs: int) -> list[Host]:
    return [
        Host(
            name=f"line{line}-hmi{host}", line=f"line{line}",
            supervisor_ip=f"{prefix}.{line}.{10 + host}", supervisor_port=port,
            plc_ip=f"{prefix}.{line}.{20 + host}", plc_name=PLC_NAMES[host - 1],
            second_plc_ip=f"{prefix}.{line}.{30 + host}" if plcs > 1 else "", camera_ip=f"{prefix}.{line}.{40 + host}",
        )
        for line in range(1, lines + 1) for host in range(1, hosts + 1)
    ]


def _suffix(number: int) -> str:
    return "" if number == 1 else f"-{number}"


def _camera_port(number: int, camera: str) -> int:
    """Where a camera of the plant's host of this number listens."""
    return CAMERA_PORT + len(CAMERAS) * number + list(CAMERAS).index(camera)


def needed_sockets(
    port: int, lines: int, hosts: int, plcs: int = 1, streaming: bool = False,
) -> list[tuple[str, int, int]]:
    """Every address (with ``{block}`` in it), port and socket kind that a plant of this size listens on."""
    plant = _hosts("127.{block}", port, lines, hosts, plcs)
    supervisors = [(host.supervisor_ip, port, socket.SOCK_STREAM) for host in plant]
    cameras = [
        (host.camera_ip, _camera_port(number, camera), socket.SOCK_STREAM)
        for number, host in enumerate(plant) for camera in CAMERAS
    ] if streaming else []
    return supervisors + cameras + [
        (plc.ip, ads_port, kind) for host in plant for plc in host.plcs
        for ads_port, kind in ((48898, socket.SOCK_STREAM), (48899, socket.SOCK_DGRAM))
    ]


def write_private(path: Path, value: Any) -> None:
    """Write JSON that only the owner may read, the new content at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, default=str)
    scratch.replace(path)
