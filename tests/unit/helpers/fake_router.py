# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TwinCAT router's route table in this process, on TCP and UDP of one loopback address (ADS_FACTS §1, §2, §5).

Its bytes are made here by hand, so that an error in the collection's own codec of entries meets something else.
"""

from __future__ import annotations

import dataclasses
import socket
import struct
import threading
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_frames as frames
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_ads import TcpPeer, UdpPeer, free_address

USER, PASSWORD = "Administrator", "canary-plc-password"
ADD, DELETE, LIST = 801, 802, 803
END, NOT_FOUND, WRONG_LOGIN = 0x716, 0x70C, 0x704


class Closed(Exception):
    """A script wants the connection closed instead of an answer."""


def route(name: str, net_id: str, address: str = "", *, temporary: bool = False, flags: int = 0x20) -> dict[str, t.Any]:
    """A route of the fake's list; its address is that of the NetId unless told."""
    return {
        "name": name, "ams_net_id": net_id, "address": address or net_id.rsplit(".", 2)[0],
        "flags": flags | (1 if temporary else 0),
    }  # fmt: skip


def entry_bytes(item: t.Mapping[str, t.Any], tail: bytes = b"", **changes: int) -> bytes:
    """A TAdsSysAddRemote, with other lengths than the true ones on request: address_size, name_size, sub_size."""
    address, name = item["address"].encode("cp1252") + b"\0", item["name"].encode("cp1252") + b"\0"
    sizes = {"address_size": len(address), "name_size": len(name), "sub_size": 0, **changes}
    net_id = bytes(int(part) for part in item["ams_net_id"].split("."))
    head = net_id + struct.pack("<HIII", 1, item["flags"], 0, 0) + bytes(12)
    return head + struct.pack("<III", *sizes.values()) + address + name + tail


def read_answer(content: bytes, code: int = 0) -> bytes:
    """The data of an answer to an ADS read."""
    return struct.pack("<II", code, len(content)) + content


def code_answer(code: int) -> bytes:
    """The data of an answer that is a result only."""
    return struct.pack("<I", code)


def reply(asked: frames.Frame, data: bytes, error: int = 0, **changes: t.Any) -> bytes:
    """The answer frame to a request."""
    values = {
        "target_net_id": asked.source_net_id, "target_port": asked.source_port, "source_net_id": asked.target_net_id,
        "source_port": asked.target_port, "flags": 5, "error": error, "data": data, **changes,
    }  # fmt: skip
    return frames.build_frame(dataclasses.replace(asked, **values))


class FakeRouter:
    """Lists, adds and deletes for those it has a route for; closes the connection of everybody else.

    ``script`` replaces the answer to a group: a function of the request frame that returns the answer's data, whole frame
    bytes as a bytearray, None (no answer) or raises Closed. ``udp`` replaces the answer to add route: a function of the
    datagram that returns what UdpPeer sends. ``open_door`` lets everybody in; ``to_strangers`` gets the socket of those who
    have no route before it is closed. ``writes`` tells every add and delete that arrived, ``asked`` every group.
    """

    def __init__(self, *routes: t.Mapping[str, t.Any]) -> None:
        self.routes = [dict(item) for item in routes]
        self.script: dict[int, t.Callable[[frames.Frame], t.Optional[bytes]]] = {}
        self.udp: t.Optional[t.Callable[[bytes], list[t.Any]]] = None
        self.writes: list[tuple[str, str]] = []
        self.asked: list[int] = []
        self.open_door = False
        self.overwrites: tuple[str, ...] = ("name",)
        self.deletes = 1000
        self.to_strangers: t.Callable[[socket.socket], t.Any] = lambda sock: None
        self.address = free_address()
        self.net_id = f"{self.address}.1.1"
        self._tcp = TcpPeer(self._serve, address=self.address)
        self._udp = UdpPeer(self._datagram, address=self.address)

    @property
    def connections(self) -> int:
        """How many TCP connections there were."""
        return len(self._tcp.callers)

    def __enter__(self) -> FakeRouter:
        self._tcp.__enter__()
        self._udp.__enter__()
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self._tcp.__exit__()
        self._udp.__exit__()

    def names(self) -> list[str]:
        """The names in the list, in order."""
        return [item["name"] for item in self.routes]

    def delete(self, frame: frames.Frame) -> bytes:
        """Delete by name and answer."""
        name = frame.data[12:].rstrip(b"\0").decode()
        found = [item for item in self.routes if item["name"] == name][:self.deletes]
        for item in found:
            self.routes.remove(item)
        return code_answer(0 if found else NOT_FOUND)

    def add(self, frame: frames.Frame) -> bytes:
        """Add what an ADS write carries and answer."""
        data = frame.data[12:]
        flags, address_size, name_size = (struct.unpack_from("<I", data, at)[0] for at in (8, 32, 36))
        address, name = data[44:44 + address_size], data[44 + address_size:44 + address_size + name_size]
        self._put(name, ".".join(map(str, data[:6])), address, flags)
        return code_answer(0)

    def list(self, frame: frames.Frame) -> bytes:
        """Answer one entry, or the end of the list."""
        index = struct.unpack_from("<I", frame.data, 4)[0]
        return read_answer(entry_bytes(self.routes[index])) if index < len(self.routes) else read_answer(b"", END)

    def _put(self, name: bytes, net_id: str, address: bytes, flags: int) -> None:
        item = {"name": name.rstrip(b"\0").decode(), "ams_net_id": net_id, "address": address.rstrip(b"\0").decode(), "flags": flags}
        kept = [other for other in self.routes if all(other[field] != item[field] for field in self.overwrites)]
        self.routes = [*kept, item]

    def _serve(self, sock: socket.socket, request: bytes, dummy: threading.Event) -> None:
        while request:
            while len(request) < (frames.frame_length(request) or 6):
                request += sock.recv(65536)
            frame = frames.parse_frame(request)
            if not self.open_door and all(item["ams_net_id"] != frame.source_net_id for item in self.routes):
                self.to_strangers(sock)
                return
            try:
                data = self._answer(frame)
            except Closed:
                return
            if data is not None:
                sock.sendall(data if isinstance(data, bytearray) else reply(frame, data))
            request = sock.recv(65536)

    def _answer(self, frame: frames.Frame) -> t.Optional[bytes]:
        group = struct.unpack_from("<I", frame.data)[0] if frame.data else 0
        self.asked.append(group)
        if group in (ADD, DELETE):
            self.writes.append(({ADD: "add", DELETE: "delete"}[group], frame.data[12:].hex()))
        usual = {ADD: self.add, DELETE: self.delete, LIST: self.list}
        return (self.script.get(group) or usual[group])(frame)

    def _datagram(self, request: bytes, dummy: int) -> list[t.Any]:
        self.writes.append(("udp", request.hex()))
        return self.udp(request) if self.udp else [self.udp_answer(request)]

    def udp_answer(self, request: bytes, **changes: t.Any) -> bytes:
        """Check the login, add, answer; changes: other header fields of the answer, or code."""
        asked = frames.parse_datagram(request)
        login = [(asked.tag(tag) or b"").rstrip(b"\0").decode() for tag in (frames.TAG_USER, frames.TAG_PASSWORD)]
        code = changes.pop("code", 0 if login == [USER, PASSWORD] else WRONG_LOGIN)
        if code == 0:
            flags = 0x40 | (1 if asked.tag(frames.TAG_OPTIONS) else 0)
            net_id = ".".join(map(str, asked.tag(frames.TAG_NET_ID) or b""))
            self._put(asked.tag(frames.TAG_ROUTE_NAME) or b"", net_id, asked.tag(frames.TAG_HOST) or b"", flags)
        values = {"service": asked.service | frames.UDP_RESPONSE, "tags": ((1, struct.pack("<I", code)),), **changes}
        return frames.build_datagram(dataclasses.replace(asked, **values))
