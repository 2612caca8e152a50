# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a host as a machine, of its network and its SSH."""

from __future__ import annotations

from collections.abc import Callable

from ..fault_kind import Fault, one_of
from ..plant import Host, Plant
from . import filters, layout
from .machine import Machine

_DIRECTIONS = ("plc", "api", "ssh", "cameras", "all")
_LOSS_PERCENT = 30


def _percent(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 99:
        raise ValueError("expected a number from 1 to 99")
    return number


def _between(host: Host, direction: str) -> tuple[list[str], list[str]]:
    """What matches the packets that come in and go out in a direction."""
    if direction == "all":
        return ["iifname eth0"], ["oifname eth0"]
    if direction in ("api", "ssh"):
        port = {"api": layout.SUPERVISOR_PORT, "ssh": 22}[direction]
        return [f"iifname eth0 tcp dport {port}"], []
    address = {"plc": host.plc_ip, "cameras": host.camera_ip}[direction]
    return [], [f"ip daddr {address}"]


def _filtered(*verdicts: str) -> Callable[..., None]:
    """A fault that is one rule per verdict for all packets of a direction."""

    def apply(plant: Plant, host: Host, direction: str = "all", percent: int = _LOSS_PERCENT) -> None:
        incoming, outgoing = _between(host, direction)
        filters.at_host(plant, host, *(
            [f"{match} {verdict.format(percent=percent)}" for match in matches for verdict in verdicts]
            for matches in (incoming, outgoing)))

    return apply


def _freeze(plant: Plant, host: Host) -> None:
    Machine(plant, host).cgroup.freeze(True)


def _cut_power(plant: Plant, host: Host) -> None:
    machine = Machine(plant, host)
    machine.cgroup.freeze(False)
    machine.cgroup.kill()


def _power_on(plant: Plant, host: Host) -> None:
    Machine(plant, host).power_on()


def _reboot(plant: Plant, host: Host) -> None:
    Machine(plant, host).run(["systemctl", "--no-block", "reboot"])


def _ssh_down(plant: Plant, host: Host) -> None:
    Machine(plant, host).run(["systemctl", "stop", "ssh.service"])


FAULTS: dict[str, Fault] = {
    "host-frozen": Fault(_freeze, "the whole host stands still; its network answers, nothing else does"),
    "power-cut": Fault(_cut_power, "the host is off, without warning"),
    "power-on": Fault(_power_on, "the host boots"),
    "reboot": Fault(_reboot, "the host shuts down and boots again"),
    "ssh-down": Fault(_ssh_down, "the host takes no SSH connections; those there are go on"),
    "network-dropped": Fault(
        _filtered("drop"), f"packets are lost (direction={', '.join(_DIRECTIONS)})", {"direction": one_of(*_DIRECTIONS)}),
    "network-reset": Fault(
        _filtered("meta l4proto tcp reject with tcp reset"),
        f"TCP connections are reset (direction={', '.join(_DIRECTIONS)})", {"direction": one_of(*_DIRECTIONS)}),
    "network-lossy": Fault(
        _filtered("numgen random mod 100 < {percent} drop"),
        f"some packets are lost (direction={', '.join(_DIRECTIONS)}, percent={_LOSS_PERCENT})",
        {"direction": one_of(*_DIRECTIONS), "percent": _percent}),
}
