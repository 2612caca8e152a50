# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host is: what its two stand-ins say about themselves and about each other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from . import api, cameras, full_disk, processes, ring_faults, stale_files, writers
from .api import Unreachable
from .control import ControlError, ask
from .plant import Host, Plant

_LOOK_S = 8.0  #: a loaded machine may take seconds for an answer; a frozen supervisor is seen by its process state
_FRESH_S = 8.0       #: a playlist gets a segment each second
_ROUTE_TEST_S = 8.0  # a silent PLC makes the supervisor wait 5 s (SUPERVISOR_API §4)


@dataclass(frozen=True)
class Look:
    """One look at a host. ``connected`` is the supervisor's own flag; ``route`` and ``linked`` are the PLC's view.

    ``plc_changes`` is how the PLC differs from its configuration; that alone makes no host unhealthy.
    ``second_plc`` is what is not as it should be with the host's other PLC: nothing (""), or None where it has none.
    ``dead_streams`` are those of cameras that should stream and whose playlist is not fresh. ``changes`` is what a fault has
    put there and heal takes away.
    """

    host: str
    line: str
    url: str
    plc: str
    supervisor: str
    supervisor_pid: int | None
    connected: bool | None
    plc_mode: str
    plc_state: str
    route: bool | None
    linked: bool | None
    plc_changes: tuple[str, ...] = ()
    second_plc: str | None = None
    streams: tuple[str, ...] = ()
    dead_streams: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Everything as right after ``up``, as far as can be seen without touching anything."""
        return self.runs and not self.dead_streams and not self.changes

    @property
    def runs(self) -> bool:
        """Everything but its streams as right after ``up``, and what faults have put there."""
        return self.supervisor == "answers" and self.plc_mode == "normal" and self.plc_state == "RUN" and all(
            (self.connected, self.route, self.linked, not self.second_plc)
        )

    def cells(self) -> dict[str, str]:
        """What the table of ``status`` shows beside the rest where cameras stream."""
        return {"STREAMS": ", ".join(self.streams) or "-", "FAULTS": ", ".join(self.changes) or "-"}


def look(plant: Plant, host: Host) -> Look:
    """Look at a host without changing anything on it."""
    pids = processes.find(processes.SUPERVISOR, plant.supervisor_config(host))
    supervisor, connected = _supervisor(host, pids)
    written = {}
    for camera in plant.cameras(host):
        with suppress(OSError):
            status = plant.playlist(host, camera).stat()
            written[camera] = (status.st_mtime, status.st_size)
    return look_at(
        plant, host, supervisor, pids[0] if pids else None, connected, written,
        (*writers.changes(plant, host), *full_disk.changes(plant, host)))


def look_at(
    plant: Plant, host: Host, supervisor: str, pid: int | None, connected: bool | None,
    written: Mapping[str, tuple[float, int]], changes: Iterable[str],
) -> Look:
    """What is known of a host together with a look at its PLCs, its cameras and what lies in its folders.

    :param written: camera -> when its playlist was written, and its size. :param changes: what else a fault has changed.
    """
    wanted = plant.cameras(host) if plant.streaming else ()
    moving = [camera for camera in wanted if _is_fresh(*written.get(camera, (0.0, 0)))]
    plc, routes = _plc(plant, host, 1)
    return Look(
        host.name, host.line, host.url, host.plc_ip, supervisor, pid, connected,
        plc.get("mode", "stopped"), plc.get("state", "-"),
        None if routes is None else any(_is_ours(host, route) for route in routes),
        None if not plc else any(link["address"] == host.ads_ip for link in plc["connections"]),
        tuple(plc.get("changes", ())), _second_plc(plant, host) if host.second_plc_ip else None,
        tuple(moving), tuple(camera for camera in wanted if camera not in moving),
        (*changes, *cameras.troubles(plant, host), *stale_files.changes(plant, host), *ring_faults.changes(plant, host)),
    )


def _is_fresh(changed: float, size: int) -> bool:
    return size > 0 and time.time() - changed < _FRESH_S


def look_at_all(plant: Plant) -> list[Look]:
    """Look at every host of the plant at the same time."""
    with ThreadPoolExecutor(len(plant.hosts)) as pool:
        return list(pool.map(lambda host: look(plant, host), plant.hosts))


def link_faults(plant: Plant, host: Host) -> list[str]:
    """Prove the supervisor's link to its PLC by a route test, and see whether it remembers earlier trouble.

    Returns one sentence for everything wrong; empty if nothing is. A route test moves the supervisor's counters.
    """
    key = plant.line(host.line).operator_key
    body = {"plc_ams_net_id": host.plc_net_id, "plc_ip": host.plc_ip, "ams_port": host.target["ams_port"]}
    try:
        status = api.call("GET", f"{host.url}/api/system/status", timeout=_LOOK_S).body
        if not status["plc"]["connected"]:
            return ["its PLC flag says disconnected"]
        faults = [
            f"circuit breaker {name} is {breaker['state']}"
            for name, breaker in status["circuit_breakers"].items() if breaker["state"] != "closed"
        ]
        slo = api.call("GET", f"{host.url}/api/monitor/slo", timeout=_LOOK_S).body["status"]
        test = api.call("POST", f"{host.url}/api/plc/ads/route/test", body, key=key, timeout=_ROUTE_TEST_S)
    except Unreachable as error:
        return [str(error)]
    return faults + [
        sentence for is_wrong, sentence in (
            (slo != "ok", f"its SLO is {slo}"),
            (not test.ok, f"its route test says {test.status} {test.body}"),
        ) if is_wrong
    ]


def plc_answers(plant: Plant, host: Host, number: int = 1) -> bool:
    """Does a PLC stand-in's control socket answer?"""
    return bool(_plc(plant, host, number)[0])


def _second_plc(plant: Plant, host: Host) -> str:
    plc, routes = _plc(plant, host, 2)
    if not plc:
        return "stopped"
    wrong = [word for word, expected in ((plc["mode"], "normal"), (plc["state"], "RUN")) if word != expected]
    return ", ".join(wrong + ([] if any(_is_ours(host, route) for route in routes) else ["no route"]) + plc["changes"])


def _supervisor(host: Host, pids: list[int]) -> tuple[str, bool | None]:
    if not pids:
        return "stopped", None
    return ("frozen", None) if processes.stat(pids[0])[0] == "T" else ask_supervisor(host)


def ask_supervisor(host: Host) -> tuple[str, bool | None]:
    """Ask a supervisor how it is: whether it answers, and its own word for being connected."""
    try:
        status = api.call("GET", f"{host.url}/api/system/status", timeout=_LOOK_S)
    except Unreachable:
        return "silent", None
    return "answers", bool(status.body["plc"]["connected"])


def _plc(plant: Plant, host: Host, number: int) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
    try:
        control = plant.control(host, number)
        return ask(control, "status", timeout=_LOOK_S), ask(control, "routes", timeout=_LOOK_S)["routes"]
    except ControlError:
        return {}, None


def _is_ours(host: Host, route: dict[str, Any]) -> bool:
    return route["ams_net_id"] == host.ads_net_id and route["address"] == host.ads_ip
