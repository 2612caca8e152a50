# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP side of the AMS router: one connection per client address, route check, dispatch by NetId and port.

Behaviour of a real router: ADS_FACTS section 5.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Callable

from . import wire
from .behaviour import Behaviour
from .devices import Device, NoAnswer
from .entries import Route
from .routes import RouteTable
from .wire import Frame

LOG = logging.getLogger("plc.router")

BACKLOG = 128
_LINGER_RESET = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN


class Connection(asyncio.Protocol):
    """One client's TCP connection."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None
        self.address = ""
        self.ams_net_id = ""
        self.since = time.time()

    @property
    def socket(self) -> socket.socket:
        """The connection's socket, for socket options only."""
        return self.transport.get_extra_info("socket")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register; the client address's older connection ends now."""
        self.transport = transport
        self.address = transport.get_extra_info("peername")[0]
        self._router.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._router.forget(self)

    def data_received(self, data: bytes) -> None:
        """Serve every complete frame; bytes that are no AMS frame end the connection."""
        self._buffer += data
        try:
            frames = wire.take_frames(self._buffer)
        except ValueError as error:
            LOG.warning("%s: %s", self.address, error)
            self.transport.close()
            return
        for frame in frames:
            if not self.transport.is_closing():
                self._router.serve(self, frame)

    def send(self, data: bytes) -> None:
        """Send bytes unless the connection is closing."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def reset(self) -> None:
        """End the connection with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self.transport.abort()


class Router:
    """Listens on ``address``:48898 and answers for ``ams_net_id``.

    :param device_at: returns the device at an AMS port, or None where there is none at the moment.
    """

    def __init__(
        self, address: str, ams_net_id: str, routes: RouteTable, behaviour: Behaviour,
        device_at: Callable[[int], Device | None],
    ) -> None:
        self._address = address
        self.ams_net_id = ams_net_id
        self._routes = routes
        self._behaviour = behaviour
        self._device_at = device_at
        self._deaf_until: dict[str, float] = {}
        self._accepting: asyncio.Task | None = None
        self._connections: dict[str, Connection] = {}
        self.listener: socket.socket | None = None
        self.on_connection: Callable[[Connection], None] = lambda connection: None
        self.mute = False
        self.delay_s = 0.0
        self.requests = 0

    @property
    def connections(self) -> list[Connection]:
        """The connections of this moment."""
        return list(self._connections.values())

    def open(self) -> None:
        """Bind, listen and accept; OSError if the address is taken or foreign."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        try:
            listener.bind((self._address, wire.TCP_PORT))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
        self.listener = listener
        self.resume_accepting()

    def close(self) -> None:
        """Stop listening and reset all connections."""
        self.pause_accepting()
        if self.listener:
            self.listener.close()
            self.listener = None
        for connection in self.connections:
            connection.reset()

    def resume_accepting(self) -> None:
        """Take connections from the listening socket."""
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self.listener))

    def pause_accepting(self) -> None:
        """Leave new connections in the listening socket's queue."""
        if self._accepting:
            self._accepting.cancel()
            self._accepting = None

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            accepted, dummy = await loop.sock_accept(listener)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await loop.connect_accepted_socket(lambda: Connection(self), accepted)
            except OSError as error:  # gone before it was looked at
                LOG.info("lost while accepting: %s", error)
                accepted.close()

    def admit(self, connection: Connection) -> None:
        """Enter a new connection and end the older one of the same client address."""
        older = self._connections.get(connection.address)
        self._connections[connection.address] = connection
        if older:
            LOG.info("%s: newer connection, the older one ends", connection.address)
            older.transport.close()
        self.on_connection(connection)

    def forget(self, connection: Connection) -> None:
        """Drop an ended connection from the list; from now on its address may have to wait for answers."""
        if self._behaviour.cool_down_s:
            self._deaf_until[connection.address] = time.monotonic() + self._behaviour.cool_down_s
        if self._connections.get(connection.address) is connection:
            del self._connections[connection.address]

    def serve(self, connection: Connection, frame: Frame) -> None:
        """Answer one frame, or close the connection of a sender without a route."""
        if not frame.is_request or self.mute:
            return
        self.requests += 1
        connection.ams_net_id = sender = wire.net_id_text(frame.source)
        if self._is_cooling_down(connection.address):
            return
        route = self._routes.route_of(sender, connection.address)
        if route is None:
            self._turn_away(connection)
            return
        if self._routes.is_shadowed(route):
            LOG.warning("%s from %s: another route has this address, not answered", sender, connection.address)
            return
        try:
            answer = wire.encode(self._answer(frame, route))
        except NoAnswer:
            return
        # The request may have been the one that deletes the route it came by: then no answer gets back.
        if self._routes.route_of(sender, connection.address) is None:
            self._turn_away(connection)
            return
        self._later(connection.send, answer)

    def _turn_away(self, connection: Connection) -> None:
        LOG.warning("no route for %s from %s: closed", connection.ams_net_id, connection.address)
        connection.transport.close()

    def _is_cooling_down(self, address: str) -> bool:
        return bool(self._behaviour.cool_down_s) and time.monotonic() < self._deaf_until.get(address, 0.0)

    def _answer(self, frame: Frame, route: Route) -> Frame:
        if route.is_unidirectional and frame.command != wire.READ_STATE:
            # That it is refused is known (ADS_FACTS section 2), not with which code; 0x723 is "access denied".
            return wire.reply(frame, error=wire.REQUEST_REFUSED)
        if frame.target != wire.net_id_bytes(self.ams_net_id):
            return wire.reply(frame, error=wire.TARGET_MACHINE_NOT_FOUND)
        device = self._device_at(frame.target_port)
        if device is None:
            return wire.reply(frame, error=wire.TARGET_PORT_NOT_FOUND)
        return wire.reply(frame, device.answer(frame))

    def _later(self, send: Callable[[bytes], None], data: bytes) -> None:
        if self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, send, data)
        else:
            send(data)
