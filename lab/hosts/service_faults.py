# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the supervisor as a service on its host: its unit, its process, its files, its port, its disks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping

from .. import full_disk
from ..fault_kind import Fault, one_of
from ..plant import SERVICE_USER, Host, Plant
from ..waiting import Watch
from . import files, layout
from .look import FAULT_UNITS, look
from .machine import Machine

_UNIT = layout.UNIT
_ESCAPED, _STRANGER = "lineops-fault-escaped.scope", "lineops-fault-stranger.service"
_DIES = "raise SystemExit('the lab lets this start script die')\n"
_PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "config": ("chown -R root:root config",), "install": ("chown root:root .", "chmod 700 ."),
    "script": (f"chmod 0 {files.START_SCRIPT}",), "hls": ("chown root:root web/static/hls", "chmod 755 web/static/hls"),
}


def systemctl(plant: Plant, host: Host, *words: str, check: bool = True) -> str:
    """Tell systemd on a host something and return what it says."""
    return Machine(plant, host).run(["systemctl", *words], check=check).stdout


def _told(*words: str) -> Callable[[Plant, Host], None]:
    """A fault that is a command to systemd."""
    return lambda plant, host: systemctl(plant, host, *words) and None


def _signalled(number: signal.Signals) -> Callable[[Plant, Host], None]:
    """A fault that is a signal to the main process."""
    return _told("kill", "--kill-whom=main", f"--signal={number.name}", _UNIT)


def _sh(plant: Plant, host: Host, script: str, *words: str) -> None:
    Machine(plant, host).run(["sh", "-ec", script, "sh", *words])


def restart(plant: Plant, host: Host) -> None:
    """Restart the unit, whatever comes of it."""
    systemctl(plant, host, "restart", _UNIT, check=False)


def _crash_loop(plant: Plant, host: Host) -> None:
    (plant.host_dir(host) / files.START_SCRIPT).write_text(_DIES, encoding="utf-8")
    restart(plant, host)


def _mask(plant: Plant, host: Host) -> None:
    # `systemctl mask` refuses a unit file in /etc (SUPERVISOR_SYSTEMD §6.25).
    _sh(plant, host, f"mv {layout.UNIT_FILE} {layout.UNIT_FILE}.aside; ln -s /dev/null {layout.UNIT_FILE}; "
                     "systemctl daemon-reload")


def _permissions(plant: Plant, host: Host, what: str) -> None:
    _sh(plant, host, f"cd {host.install_dir}; {'; '.join(_PERMISSIONS[what])}")
    if what != "hls":
        restart(plant, host)


def _fill_disk(plant: Plant, host: Host, what: str) -> None:
    Machine(plant, host).run(full_disk.command(what, host.install_dir))
    if what != "hls":  # whose files a running supervisor opens anew for each segment
        restart(plant, host)


def _escape(plant: Plant, host: Host) -> None:
    """An instance that somebody started by hand (SUPERVISOR_SYSTEMD §6.23)."""
    systemctl(plant, host, "stop", _UNIT)
    Machine(plant, host).run([
        "systemd-run", "--quiet", "--scope", f"--unit={_ESCAPED}", f"--uid={SERVICE_USER}",
        f"--gid={SERVICE_USER}", "sh", "-c",
        f"cd {host.install_dir} && HOME=/home/{SERVICE_USER} exec {files.CONTROL_SCRIPT} start",
    ], timeout=180)
    _await_owner(plant, host)
    systemctl(plant, host, "start", _UNIT, check=False)


def _take_port(plant: Plant, host: Host) -> None:
    """A program of another user has the port."""
    systemctl(plant, host, "stop", _UNIT)
    Machine(plant, host).run([
        "systemd-run", "--quiet", f"--unit={_STRANGER}", "--uid=nobody", "--working-directory=/srv",
        "/usr/bin/python3", "-m", "http.server", str(layout.SUPERVISOR_PORT)])
    _await_owner(plant, host)
    systemctl(plant, host, "start", _UNIT, check=False)


def _await_owner(plant: Plant, host: Host) -> None:
    def has_owner() -> bool:
        seen = look(plant, host)
        return seen.port_pid is not None and seen.port_pid != seen.unit_pid

    Watch().wait(has_owner, f"somebody else has the port of {host.name}")


def heal(plant: Plant, host: Host) -> bool:
    """Undo what these faults did to files, processes and disks; True if the unit must start anew to know it."""
    machine = Machine(plant, host)
    places = machine.run(
        ["findmnt", "--raw", "--noheadings", "--output", "TARGET", "--source", full_disk.MOUNT], check=False).stdout.split()
    changed = bool(places)
    if places:  # their files may be open
        systemctl(plant, host, "stop", _UNIT, check=False)
        machine.run(["umount", "--lazy", *places])
    units = systemctl(plant, host, "list-units", "--all", "--plain", "--no-legend", FAULT_UNITS).split("\n")
    if names := [line.split()[0] for line in units if line.strip()]:
        changed = True
        systemctl(plant, host, "stop", *names)
        systemctl(plant, host, "reset-failed", *names, check=False)
    (plant.root_dir(host) / f"{layout.UNIT_FILE.lstrip('/')}.aside").unlink(missing_ok=True)
    changed |= files.install(plant, host)
    if changed:
        machine.run(["rm", "-f", "/tmp/smarthome-web.pid", "/tmp/smarthome-web.log"])
    systemctl(plant, host, "daemon-reload")
    systemctl(plant, host, "enable", _UNIT)
    systemctl(plant, host, "kill", "--kill-whom=main", "--signal=SIGCONT", _UNIT, check=False)
    return changed


FAULTS: dict[str, Fault] = {
    "supervisor-frozen": Fault(_signalled(signal.SIGSTOP), "the supervisor's main process stands still (SIGSTOP)"),
    "supervisor-killed": Fault(_signalled(signal.SIGKILL), "the supervisor's main process ends (SIGKILL)"),
    "crash-loop": Fault(_crash_loop, "the start script dies at once, so the unit ends at its start limit"),
    "unit-stopped": Fault(_told("stop", _UNIT), "the supervisor's unit is stopped"),
    "unit-masked": Fault(_mask, "the unit file is a link to /dev/null; what runs goes on"),
    "unit-missing": Fault(
        lambda plant, host: _sh(plant, host, f"rm {layout.UNIT_FILE}; systemctl daemon-reload"),
        "the unit file is gone; what runs goes on"),
    "unit-disabled": Fault(_told("disable", _UNIT), "the unit does not start at boot"),
    "permissions": Fault(
        _permissions, "root owns what the supervisor needs, or it may not be read (what=config, install, script, hls)",
        {"what": one_of(*_PERMISSIONS)}, frozenset({"what"})),
    "port-escaped": Fault(
        _escape, "an instance that somebody started by the control script holds the port; the unit fails"),
    "port-stranger": Fault(_take_port, "another user's program holds the port; the unit fails"),
    "disk-full": Fault(
        _fill_disk, "a file system is full (what=log, hls, config)", {"what": one_of(*full_disk.DISKS)}, frozenset({"what"})),
}
