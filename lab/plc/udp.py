# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP 48899: identify and add route (ADS_FACTS section 1). Datagrams that make no sense get no answer."""

from __future__ import annotations

import asyncio
import hmac
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import wire
from .entries import FLAG_FROM_UDP, Route
from .routes import RouteTable

LOG = logging.getLogger("plc.udp")

COOKIE = 0x71146603
IDENTIFY, ADD_ROUTE = 1, 6
ANSWER_BIT = 0x80000000

TAG_STATUS, TAG_PASSWORD, TAG_VERSION, TAG_OS, TAG_NAME = 1, 2, 3, 4, 5
TAG_NET_ID, TAG_OPTIONS, TAG_ROUTE_NAME, TAG_USER, TAG_FINGERPRINT = 7, 9, 12, 13, 18
_OPTION_TEMPORARY = 1

_HEADER = struct.Struct("<III6sHI")
_TAG = struct.Struct("<HH")
_OS_SIZE = 276
_OS_WINDOWS_NT_10 = struct.pack("<IIIII", _OS_SIZE, 10, 0, 19045, 2)

# How the refusal of a login lies in the status tag's four bytes. "documented" is ADS_FACTS section 1. pyads 3.6.0 reads
# three bytes at offset 26, one too early: they are 04 00 04 here, which it does not know (RuntimeError). "shifted" puts
# the code one byte later, so that pyads sees 04 00 00 and reports success although nothing was added (SUPERVISOR_API
# quirk 9); who reads the tag properly sees 0x70400, which is not 0 either.
REFUSALS = {"documented": wire.ACCESS_DENIED, "shifted": wire.ACCESS_DENIED << 8}


@dataclass
class Login:
    """The credentials that may add a route."""

    username: str
    password: str

    def accepts(self, username: str, password: str) -> bool:
        """Compare; the user name in any case, as Windows does."""
        return username.casefold() == self.username.casefold() and hmac.compare_digest(
            password.encode(), self.password.encode()
        )


@dataclass(frozen=True)
class Machine:
    """What the PLC tells about itself."""

    ams_net_id: str
    host_name: str
    version: tuple[int, int, int]
    fingerprint: str


def parse(datagram: bytes) -> tuple[int, int, dict[int, bytes]]:
    """Return invoke id, service and tags of a request; ValueError for everything that is not one, to the byte."""
    if len(datagram) < _HEADER.size:
        raise ValueError("shorter than a header")
    cookie, invoke_id, service, dummy_net_id, dummy_port, count = _HEADER.unpack_from(datagram)
    if cookie != COOKIE:
        raise ValueError("wrong cookie")
    tags: dict[int, bytes] = {}
    position = _HEADER.size
    for dummy in range(count):
        if position + _TAG.size > len(datagram):
            raise ValueError("fewer tags than announced")
        tag, length = _TAG.unpack_from(datagram, position)
        position += _TAG.size + length
        if position > len(datagram):
            raise ValueError(f"tag {tag} longer than the datagram")
        tags[tag] = datagram[position - length:position]
    if position != len(datagram):
        raise ValueError("bytes after the last tag")
    return invoke_id, service, tags


def build(invoke_id: int, service: int, ams_net_id: str, tags: list[tuple[int, bytes]]) -> bytes:
    """Return an answer datagram."""
    head = _HEADER.pack(
        COOKIE, invoke_id, service | ANSWER_BIT, wire.net_id_bytes(ams_net_id), wire.PORT_SYSTEM_SERVICE, len(tags)
    )
    return head + b"".join(_TAG.pack(tag, len(content)) + content for tag, content in tags)


class Discovery(asyncio.DatagramProtocol):
    """Answers datagrams; needs :meth:`open` to have a socket."""

    def __init__(self, address: str, machine: Machine, routes: RouteTable, login: Login, layout: str) -> None:
        self._address, self.machine, self._routes, self.login = address, machine, routes, login
        self.refusal_layout = layout
        self.transport: asyncio.DatagramTransport | None = None
        self.mute = False
        self.delay_s = 0.0
        self._services: dict[int, Callable[[dict[int, bytes]], list[tuple[int, bytes]]]] = {
            IDENTIFY: self._identify,
            ADD_ROUTE: self._add_route,
        }

    @property
    def socket(self):
        """The bound socket, for socket options only."""
        return self.transport.get_extra_info("socket")

    async def open(self) -> None:
        """Bind; OSError if the address is taken or foreign."""
        loop = asyncio.get_running_loop()
        self.transport, dummy = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self._address, wire.UDP_PORT)
        )

    def close(self) -> None:
        """Close the socket: datagrams now get an ICMP port unreachable."""
        if self.transport:
            self.transport.abort()
            self.transport = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a request."""
        if self.mute:
            return
        try:
            invoke_id, service, tags = parse(data)
            if service not in self._services:
                raise ValueError(f"unknown service {service}")
            answer = build(invoke_id, service, self.machine.ams_net_id, self._services[service](tags))
        except ValueError as error:
            LOG.warning("%s: datagram ignored: %s", addr[0], error)
            return
        asyncio.get_running_loop().call_later(self.delay_s, self._send, answer, addr)

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        if self.transport:
            self.transport.sendto(answer, addr)

    def _identify(self, dummy: dict[int, bytes]) -> list[tuple[int, bytes]]:
        major, minor, build_number = self.machine.version
        return [
            (TAG_NAME, self.machine.host_name.encode("cp1252", "replace") + b"\0"),
            (TAG_OS, _OS_WINDOWS_NT_10.ljust(_OS_SIZE, b"\0")),
            (TAG_VERSION, struct.pack("<BBH", major, minor, build_number)),
            (TAG_FINGERPRINT, self.machine.fingerprint.encode("ascii") + b"\0"),
        ]

    def _add_route(self, tags: dict[int, bytes]) -> list[tuple[int, bytes]]:
        net_id, address = tags.get(TAG_NET_ID, b""), wire.text(tags.get(TAG_NAME, b""))
        if len(net_id) != 6 or not address:
            raise ValueError("add route without a NetId and an address")
        user, password = (wire.text(tags.get(tag, b"")) for tag in (TAG_USER, TAG_PASSWORD))
        if not self.login.accepts(user, password):
            LOG.warning("add route refused for user %r", user)
            return [(TAG_STATUS, struct.pack("<I", REFUSALS[self.refusal_layout]))]
        temporary = bool(int.from_bytes(tags.get(TAG_OPTIONS, b""), "little") & _OPTION_TEMPORARY)
        name = wire.text(tags.get(TAG_ROUTE_NAME, b"")) or address
        self._routes.add(Route(name, wire.net_id_text(net_id), address, temporary, FLAG_FROM_UDP))
        LOG.info("route %r added for %s at %s", name, wire.net_id_text(net_id), address)
        return [(TAG_STATUS, struct.pack("<I", 0))]
