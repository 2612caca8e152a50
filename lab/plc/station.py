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
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from . import udp, wire
from .behaviour import Behaviour
from .devices import STATE_NAMES, Device, PlcRuntime
from .entries import Route
from .machine import Machine
from .packets import FullQueue, PacketFilter
from .router import BACKLOG, Connection, Router
from .routes import RouteTable
from .system import SystemService

LOG = logging.getLogger("plc.station")

_RUNTIMES = {"TC3": ("Plc30 App", 851, "3.1.4024"), "TC2": ("TCatPlcCtrl", 801, "2.11.2305")}


class Station:
    """A PLC built from its configuration.

    Needed are ``name``, ``address``, ``ams_net_id``, ``username``, ``password``, ``state_dir`` and ``control`` (the
    socket). Optional: ``runtime_type`` (TC3 or TC2), ``ams_port``, ``device_name`` and ``symbols`` of the runtime;
    ``more_runtimes``, a list of ``{ams_port, symbols, device_name}``; ``routes``, each with what :class:`Route` has;
    ``refusal_layout``; ``behaviour`` with the settings of :class:`Behaviour`; ``host_name``, ``twincat_version`` and
    ``fingerprint`` of the identify answer.
    KeyError or ValueError for a configuration that makes no sense.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        address, ams_net_id = config["address"], config["ams_net_id"]
        dummy_name, default_port, default_version = _RUNTIMES[config.get("runtime_type", "TC3")]
        version = _version(config.get("twincat_version", default_version))
        self.behaviour = Behaviour()
        self.behaviour.change(config.get("behaviour", {}))
        self._ams_port = int(config.get("ams_port", default_port))
        self.machine = Machine([
            self._runtime({**item, "ams_port": port}) for port, item in self._declared_runtimes().items()
        ])
        self.routes = RouteTable(
            Path(config["state_dir"]) / "routes.json", [Route.from_mapping(item) for item in config.get("routes", [])],
            self.behaviour,
        )
        self.router = Router(address, ams_net_id, self.routes, self.behaviour, self._device_at)
        self.router.on_connection = self._filter_connection
        self.login = udp.Login(config["username"], config["password"])
        self.discovery = udp.Discovery(
            address,
            udp.Machine(
                ams_net_id, config.get("host_name", _host_name(ams_net_id)), version,
                config.get("fingerprint", hashlib.sha256(ams_net_id.encode()).hexdigest()),
            ),
            self.routes, self.login, "documented",
        )
        self._system = SystemService(self.machine, self.routes, lambda: self.discovery.machine, self.behaviour)
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
            "name": self.config["name"], "address": self.config["address"], "ams_net_id": self.router.ams_net_id,
            "pid": os.getpid(), "mode": self.mode, "state": self.machine.name,
            "system_state": STATE_NAMES[self.machine.system],
            "runtimes": [runtime.describe() for runtime in self.machine.runtimes],
            "behaviour": asdict(self.behaviour), "changes": self.changes(), "slow_s": self.router.delay_s,
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
        await self._shut()
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
        await self._shut()
        self.routes.restart()
        self.mode = "rebooting"
        self._rebooting = asyncio.get_running_loop().create_task(self._come_back(float(down_s)))

    async def _come_back(self, down_s: float) -> None:
        await asyncio.sleep(down_s)
        for runtime in self.machine.runtimes:
            runtime.symbols.restart()
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

    async def _shut(self) -> None:
        self.close()
        await asyncio.sleep(0)  # the event loop closes the sockets in its next round; our caller may rely on it

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

    def behave(self, **settings: Any) -> None:
        """Change settings of :class:`Behaviour`; ValueError for a name or value it does not know."""
        self.behaviour.change(settings)
        self.routes.look_anew()

    def set_net_id(self, ams_net_id: str) -> None:
        """Give the machine another NetId; connections end. ValueError if it is not one."""
        wire.net_id_bytes(ams_net_id)
        self.router.ams_net_id = ams_net_id
        self.discovery.machine = replace(self.discovery.machine, ams_net_id=ams_net_id)
        for connection in self.router.connections:
            connection.reset()

    # --- programs ------------------------------------------------------------------------------------------------

    def download(
        self, port: int | None = None, symbols: Mapping[str, Any] | None = None,
        namespaces: Mapping[str, str | None] | None = None,
    ) -> None:
        """Load another program into a runtime: old handles end, all values are the initial ones.

        :param port: the runtime's AMS port, by default the first's.
        :param symbols: name -> ``{type, value}``; by default those of the configuration.
        :param namespaces: old name -> new name, or None to leave the namespace out.
        :raises ValueError: no such runtime, or an unknown type.
        """
        runtime = self.machine.runtime(port)
        runtime.symbols.load(_renamed(runtime.declared if symbols is None else symbols, namespaces or {}))

    def move_runtime(self, to: int, port: int | None = None) -> None:
        """Let a runtime (by default the first) answer on another AMS port; ValueError if another one has that."""
        runtime = self.machine.runtime(port)
        if any(other.ams_port == to for other in self.machine.runtimes if other is not runtime):
            raise ValueError(f"there is a runtime on port {to} already")
        runtime.ams_port = to

    def restore(self) -> None:
        """Make the machine what its configuration says, in all but routes, values, and faults that heal ends.

        What is so already is left alone: connections and handles live on.
        """
        config = self.config
        self.set_credentials(config["username"], config["password"])
        self.set_refusal_layout(config.get("refusal_layout", "documented"))
        self.behave(**self._declared_behaviour())
        if self.router.ams_net_id != config["ams_net_id"]:
            self.set_net_id(config["ams_net_id"])
        for runtime, port in zip(self.machine.runtimes, self._declared_runtimes()):
            runtime.ams_port = port
            if not runtime.describe()["original_program"]:
                self.download(port)
        self.machine.set("RUN")

    def changes(self) -> list[str]:
        """Say what :meth:`restore` would change, in words; no secrets. States are not among them: they have a name."""
        declared = self._declared_behaviour()
        found = {f"{name}={value}": value != declared[name] for name, value in asdict(self.behaviour).items()}
        found[f"net_id={self.router.ams_net_id}"] = self.router.ams_net_id != self.config["ams_net_id"]
        found["credentials"] = self.login != udp.Login(self.config["username"], self.config["password"])
        layout = self.discovery.refusal_layout
        found[f"refusal_layout={layout}"] = layout != self.config.get("refusal_layout", "documented")
        for runtime, port in zip(self.machine.runtimes, self._declared_runtimes()):
            found[f"runtime {port} on port {runtime.ams_port}"] = runtime.ams_port != port
            found[f"program {port}"] = not runtime.describe()["original_program"]
        return [words for words, is_changed in found.items() if is_changed]

    def _declared_behaviour(self) -> dict[str, Any]:
        return {**asdict(Behaviour()), **self.config.get("behaviour", {})}

    def _declared_runtimes(self) -> dict[int, Mapping[str, Any]]:
        """The runtimes of the configuration by their AMS ports, the supervisor's first; ValueError if two share one."""
        runtimes = {self._ams_port: self.config}
        for item in self.config.get("more_runtimes", []):
            if runtimes.setdefault(int(item["ams_port"]), item) is not item:
                raise ValueError(f"two runtimes on port {item['ams_port']}")
        return runtimes

    def _runtime(self, item: Mapping[str, Any]) -> PlcRuntime:
        default_name, dummy_port, version = _RUNTIMES[self.config.get("runtime_type", "TC3")]
        return PlcRuntime(
            item["ams_port"], item.get("symbols", {}), item.get("device_name", default_name), _version(version))

    def _device_at(self, port: int) -> Device | None:
        return self._system if port == wire.PORT_SYSTEM_SERVICE else self.machine.runtime_at(port)


def _renamed(symbols: Mapping[str, Any], namespaces: Mapping[str, str | None]) -> dict[str, Any]:
    """Symbols with some namespaces (what stands before the first dot) renamed or, where the new name is None, gone."""
    result = {}
    for name, item in symbols.items():
        namespace, dot, rest = name.partition(".")
        new = namespaces.get(namespace, namespace)
        if new is not None:
            result[new + dot + rest] = item
    return result


def _version(text: str) -> tuple[int, int, int]:
    major, minor, build = (int(part) for part in text.split("."))
    return major, minor, build


def _host_name(ams_net_id: str) -> str:
    # Beckhoff names its computers CX- and the last three bytes of the MAC address; here of the NetId's first four.
    return "CX-" + wire.net_id_bytes(ams_net_id)[1:4].hex().upper()
