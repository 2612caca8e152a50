# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare AMS/TCP client for tests: builds every byte itself, so that it can also send what no real client would."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

TCP_PORT, UDP_PORT = 48898, 48899


def net_id(text: str) -> bytes:
    """Six bytes of a NetId."""
    return bytes(int(part) for part in text.split("."))


def frame(target: str, port: int, source: str, command: int, data: bytes = b"", invoke_id: int = 1) -> bytes:
    """A request frame from AMS port 32000 of ``source``."""
    head = struct.pack("<6sH6sHHHIII", net_id(target), port, net_id(source), 32000, command, 4, len(data), 0, invoke_id)
    return struct.pack("<HI", 0, len(head) + len(data)) + head + data


@dataclass
class Answer:
    """What came back."""

    error: int
    invoke_id: int
    data: bytes

    @property
    def result(self) -> int:
        """The ADS result code in the data."""
        return struct.unpack_from("<I", self.data)[0]


class RawAds:
    """One TCP connection to a PLC, from a source address of choice."""

    def __init__(self, address: str, source: str = "127.0.0.1", timeout: float = 20.0) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(timeout)
        self.sock.bind((source, 0))
        self.sock.connect((address, TCP_PORT))

    def __enter__(self) -> RawAds:
        return self

    def __exit__(self, *dummy: object) -> None:
        self.sock.close()

    def receive_bytes(self) -> bytes:
        """One whole frame, or b"" when the peer closed."""
        head = self._exactly(6)
        return head and head + self._exactly(struct.unpack_from("<I", head, 2)[0])

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.sock.recv(count - len(data))
            if not part:
                return b""
            data += part
        return data

    def exchange(self, request: bytes) -> bytes:
        """Send bytes, return the answering frame (b"" when closed instead)."""
        self.sock.sendall(request)
        return self.receive_bytes()

    def ask(self, *args, **kwargs) -> Answer | None:
        """Send a frame built from the arguments of :func:`frame`; None when the connection was closed instead."""
        raw = self.exchange(frame(*args, **kwargs))
        if not raw:
            return None
        error, invoke_id = struct.unpack_from("<II", raw, 6 + 24)
        return Answer(error, invoke_id, raw[38:])


def udp_exchange(address: str, datagram: bytes, timeout: float = 20.0) -> bytes:
    """Send one datagram to port 48899 and return the answer; TimeoutError without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.sendto(datagram, (address, UDP_PORT))
        return sock.recv(4096)


def identify_request(invoke_id: int = 0) -> bytes:
    """An identify datagram."""
    return struct.pack("<III6sHI", 0x71146603, invoke_id, 1, bytes(6), 0, 0)
