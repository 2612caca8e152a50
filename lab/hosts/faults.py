# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults of a booted host, and putting it right again. No name here is a diagnosis."""

from __future__ import annotations

import secrets

from .. import cameras, keys, ring_faults, stale_files, stream_faults
from .. import faults as common
from ..fault_kind import Fault
from ..look import link_faults
from ..plant import Host, Plant
from ..start import start_streams
from ..waiting import Watch
from . import files, filters, layout, machine_faults, service_faults, writers
from .look import look
from .machine import Machine


def _drop(plant: Plant, host: Host, plc: str = "1", source: str | None = None) -> None:
    filters.drop_at_plc(plant, host.plc(int(plc)), plant.controller_ip if source == "controller" else source)


def _revoke(plant: Plant, host: Host, level: str) -> None:
    if level == "operator":
        keys.revoke(plant, host)
    else:
        (plant.host_dir(host) / ".env").write_text(files.environment(secrets.token_urlsafe(18)), encoding="utf-8")
        service_faults.restart(plant, host)


_SHARED: dict[str, Fault] = {
    "drop": Fault(_drop, common.FAULTS["drop"].help, common.FAULTS["drop"].arguments),
    "key-revoked": Fault(
        _revoke, common.FAULTS["key-revoked"].help, common.FAULTS["key-revoked"].arguments, frozenset({"level"})),
    "plc-disconnected": common.FAULTS["plc-disconnected"],
}
FAULTS: dict[str, Fault] = common.PLC_FAULTS | {"plc-reboot": common.PLC_FAULTS["reboot"]} | _SHARED | (
    service_faults.FAULTS | machine_faults.FAULTS | stream_faults.faults(writers.WRITERS) | stale_files.FAULTS
    | ring_faults.FAULTS)


def heal(plant: Plant, host: Host, watch: Watch) -> None:
    """Bring a host back to how it was right after ``up``. Its unit is restarted only if that takes it.

    :raises LabError: it is still not healthy afterwards.
    """
    machine = Machine(plant, host)
    filters.clear(plant, host)
    machine.cgroup.freeze(False)
    cut_off = cameras.heal(plant, host, watch)
    common.heal_plcs(plant, host, watch)
    machine.power_on()
    watch.wait(lambda: _is_booted(machine), f"{host.name} has booted")
    writers.heal(plant, host)  # first: a stopped ffmpeg keeps its unit from stopping for 5 s
    stream_faults.heal(plant, host)
    stale_files.heal(plant, host)
    ring_faults.heal(plant, host)
    changed = service_faults.heal(plant, host)
    machine.run(["systemctl", "start", "ssh.service"])
    keys.restore(plant, host)
    if changed or common.stays(lambda: _trouble(plant, host), watch):
        _restart(plant, host)
        watch.wait(lambda: not _trouble(plant, host), f"{host.name} is healthy again, its streams aside")
    start_streams(plant, host, cut_off)
    watch.wait(lambda: look(plant, host).healthy, f"{host.name} is healthy again")


def _is_booted(machine: Machine) -> bool:
    """Has systemd inside done with its start? Units that failed are no matter here."""
    if machine.leader is None:
        machine.power_on()  # a reboot in the middle of its way down may end as a power off
        return False
    done = machine.run(["systemctl", "is-system-running"], check=False, timeout=20)
    return done.stdout.strip() in ("running", "degraded")


def _trouble(plant: Plant, host: Host) -> list[str]:
    """What keeps a host from counting as healthy, its streams aside; the cheap look first."""
    seen = look(plant, host)
    if not (seen.service_runs and seen.connected and seen.route and seen.linked):
        return ["it does not look healthy"]
    return link_faults(plant, host) + stream_faults.memory(plant, host)


def _restart(plant: Plant, host: Host) -> None:
    """Start the unit with its first configuration; it then connects to its PLC by itself."""
    service_faults.systemctl(plant, host, "stop", layout.UNIT)
    for path in files.first_start(plant, host):
        path.unlink(missing_ok=True)
    service_faults.systemctl(plant, host, "reset-failed", layout.UNIT, check=False)
    service_faults.systemctl(plant, host, "start", layout.UNIT)
