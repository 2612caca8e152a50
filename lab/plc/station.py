# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TwinCAT machine: router, discovery, devices, and what can be done to it from outside (faults, reboot, log-in)."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import udp, wire
from .devices import Machine, PlcRuntime, SystemService
from .packets import FullQueue, PacketFilter
from .router import BACKLOG, Connection, Router
from .routes import Route, RouteTable
from .symbols import SymbolTable

LOG = logging.getLogger("plc.station")

_RUNTIMES = {"TC3": ("Plc30 App", 851, "3.1.4024"), "TC2": ("TCatPlcCtrl", 801, "2.11.2305")}


class Station:
    """A PLC built from its configuration (the keys of the brief's PLC config).

    Optional keys beyond those: ``host_name``, ``twincat_version`` and ``fingerprint`` of the identify answer.
    KeyError or ValueError for a configuration that makes no sense.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        address, ams_net_id = config["address"], config["ams_net_id"]
        device_name, default_port, default_version = _RUNTIMES[config.get("runtime_type", "TC3")]
        runtime_version = _version(default_version)
        self.config = config
        self.machine = Machine()
        self.symbols = SymbolTable(config.get("symbols", {}))
        self.routes = RouteTable(
            Path(config["state_dir"]) / "routes.json", [Route.from_mapping(item) for item in config.get("routes", [])]
        )
        self._runtime_port = int(config.get("ams_port", default_port))
        self._runtime = PlcRuntime(self.machine, self.symbols, device_name, runtime_version)
        self._system = SystemService(self.machine, self.routes, runtime_version)
        self.router = Router(address, ams_net_id, self.routes, self._device_at)
        self.router.on_connection = self._filter_connection
        self.login = udp.Login(config["username"], config["password"])
        self.discovery = udp.Discovery(
            address,
            udp.Machine(
                ams_net_id,
                config.get("host_name", _host_name(ams_net_id)),
                _version(config.get("twincat_version", default_version)),
                config.get("fingerprint", hashlib.sha256(ams_net_id.encode()).hexdigest()),
            ),
            self.routes, self.login, "documented",
        )
        self.set_refusal_layout(config.get("refusal_layout", "documented"))
        self.mode = "normal"
        self.boots = 1
        self._filter: PacketFilter | None = None
        self._queue: FullQueue | None = None
        self._rebooting: asyncio.Task | None = None

    async def open(self) -> None:
        """Open both ports; OSError if one cannot be bound."""
        self.router.open()
        try:
            await self.discovery.open()
        except OSError:
            self.router.close()
            raise

    def close(self) -> None:
        """Close both ports and reset all connections."""
        self.router.close()
        self.discovery.close()

    def status(self) -> dict[str, Any]:
        """Describe the machine for the control socket; no secrets."""
        return {
            "name": self.config["name"], "address": self.config["address"], "ams_net_id": self.config["ams_net_id"],
            "pid": os.getpid(), "mode": self.mode, "state": self.machine.name, "slow_s": self.router.delay_s,
            "drop_source": self._filter.source if self._filter else None,
            "drop_by": "kernel filter" if self._filter else "full accept queue" if self._queue else None,
            "refusal_layout": self.discovery.refusal_layout, "username": self.login.username,
            "routes": len(self.routes), "boots": self.boots, "requests": self.router.requests,
            "connections": [
                {"address": c.address, "ams_net_id": c.ams_net_id, "since": c.since} for c in self.router.connections
            ],
        }

    # --- faults --------------------------------------------------------------------------------------------------

    async def hang(self, part: str | None = None) -> None:
        """TCP is accepted, nothing is answered any more, UDP is silent; with ``part`` only "tcp" or only "udp".

        ValueError for another part.
        """
        if part not in (None, "tcp", "udp"):
            raise ValueError(f"unknown part {part!r}: expected tcp or udp")
        await self._leave_mode()
        self.router.mute, self.discovery.mute = part != "udp", part != "tcp"
        self.mode = "hang"

    async def refuse(self) -> None:
        """Both ports are closed, connections reset: what a stopped TwinCAT looks like."""
        await self._leave_mode()
        self.close()
        self.mode = "refuse"

    async def drop(self, source: str | None = None) -> None:
        """Packets from ``source`` (None: from everybody) are lost. ValueError where this machine cannot do that."""
        if source is not None:
            ipaddress.IPv4Address(source)
        await self._leave_mode()
        packet_filter = PacketFilter(source)
        try:
            packet_filter.attach(self._sockets())
        except PermissionError as error:
            if source is not None:
                raise ValueError(
                    f"dropping packets of one source address needs a socket filter, which this machine does not allow "
                    f"this user ({error}); run the lab as root, or drop everything"
                ) from None
            self._fill_queue()
        else:
            self._filter = packet_filter
        self.mode = "drop"

    def slow(self, seconds: float) -> None:
        """Delay every answer; 0 ends it. ValueError for a negative number."""
        if seconds < 0:
            raise ValueError("seconds must not be negative")
        self.router.delay_s = self.discovery.delay_s = float(seconds)

    async def heal(self) -> None:
        """End hang, refuse, drop and slow. Routes stay as they are; a reboot under way comes back by itself."""
        self.slow(0)
        if self.mode != "rebooting":
            await self._leave_mode()

    async def reboot(self, down_s: float = 3.0) -> None:
        """Go down now and come back after ``down_s`` seconds without connections, handles and temporary routes."""
        if down_s < 0:
            raise ValueError("down_s must not be negative")
        await self._leave_mode()
        self.close()
        self.routes.forget_temporary()
        self.mode = "rebooting"
        self._rebooting = asyncio.get_running_loop().create_task(self._come_back(float(down_s)))

    async def _come_back(self, down_s: float) -> None:
        await asyncio.sleep(down_s)
        self.symbols.restart()
        self.machine.set("RUN")
        try:
            await self.open()
        except OSError as error:  # somebody took the address meanwhile
            self.mode = "refuse"
            LOG.error("cannot come back after a reboot: %s", error)
            return
        self.boots += 1
        self.mode = "normal"
        LOG.info("back after a reboot")

    async def _leave_mode(self) -> None:
        leave = {"hang": self._leave_hang, "refuse": self.open, "drop": self._leave_drop}
        if self.mode == "rebooting":
            raise ValueError("the PLC is rebooting")
        if self.mode in leave:
            await leave[self.mode]()
        self.mode = "normal"

    async def _leave_hang(self) -> None:
        self._set_mute(False)

    async def _leave_drop(self) -> None:
        if self._filter:
            self._filter.detach(self._sockets())
            self._filter = None
        if self._queue:
            self._queue.release()
            self._queue = None
            self._set_mute(False)
            self.router.resume_accepting()

    def _fill_queue(self) -> None:
        self._set_mute(True)
        self.router.pause_accepting()
        self._queue = FullQueue(self.router.listener, BACKLOG)
        self._queue.fill()

    def _filter_connection(self, connection: Connection) -> None:
        # A connection still in the queue when the filter came does not inherit it from the listener.
        if self._filter:
            self._filter.attach([connection.socket])

    def _sockets(self) -> Iterator[Any]:
        yield self.router.listener
        yield self.discovery.socket
        for connection in self.router.connections:
            yield connection.socket

    def _set_mute(self, mute: bool) -> None:
        self.router.mute = self.discovery.mute = mute

    # --- settings ------------------------------------------------------------------------------------------------

    def set_credentials(self, username: str, password: str) -> None:
        """Change who may add routes by UDP."""
        self.login.username, self.login.password = username, password

    def set_refusal_layout(self, layout: str) -> None:
        """Choose how a refused login is answered; ValueError for an unknown layout."""
        if layout not in udp.REFUSALS:
            raise ValueError(f"unknown refusal layout {layout!r}: expected one of {', '.join(udp.REFUSALS)}")
        self.discovery.refusal_layout = layout

    def _device_at(self, port: int) -> PlcRuntime | SystemService | None:
        if port == wire.PORT_SYSTEM_SERVICE:
            return self._system
        # In CONFIG no program is loaded, so its port does not exist (ADS_FACTS section 5).
        return self._runtime if port == self._runtime_port and self.machine.name != "CONFIG" else None


def _version(text: str) -> tuple[int, int, int]:
    major, minor, build = (int(part) for part in text.split("."))
    return major, minor, build


def _host_name(ams_net_id: str) -> str:
    # Beckhoff names its computers CX- and the last three bytes of the MAC address; here of the NetId's first four.
    return "CX-" + wire.net_id_bytes(ams_net_id)[1:4].hex().upper()
