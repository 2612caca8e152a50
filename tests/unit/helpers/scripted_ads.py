# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A peer on TCP 48898 or UDP 48899 of a loopback address of its own, that plays one behaviour per request."""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import typing as t

TCP_PORT, UDP_PORT = 48898, 48899
_dice = random.Random(os.getpid())


def free_address() -> str:
    """A loopback address on which neither ADS port is in use; labs use other ones (third number up to 3)."""
    for dummy in range(1000):
        address = f"127.{_dice.randint(2, 250)}.{_dice.randint(100, 250)}.{_dice.randint(2, 250)}"
        try:
            with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                tcp.bind((address, TCP_PORT))
                udp.bind((address, UDP_PORT))
                return address
        except OSError:
            continue
    raise RuntimeError("no free loopback address")


class TcpPeer:
    """Accepts connections one after the other; ``play(sock, request, stop)`` gets the first bytes of each.

    ``received`` holds all first requests, ``callers`` the addresses they came from.
    """

    def __init__(
        self, play: t.Callable[[socket.socket, bytes, threading.Event], None], read: bool = True, address: str = ""
    ) -> None:
        self.address = address or free_address()
        self.net_id = f"{self.address}.1.1"
        self.received: list[bytes] = []
        self.callers: list[str] = []
        self._play = play
        self._read = read
        self._stop = threading.Event()
        self._listener = socket.create_server((self.address, TCP_PORT))
        self._listener.settimeout(0.05)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> TcpPeer:
        self._thread.start()
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self._stop.set()
        self._thread.join(60)
        self._listener.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                sock, caller = self._listener.accept()
            except socket.timeout:
                continue
            with sock:
                sock.settimeout(60)
                self.callers.append(caller[0])
                try:
                    request = sock.recv(65536) if self._read else b""
                    self.received.append(request)
                    self._play(sock, request, self._stop)
                except OSError:
                    pass  # the client went away first


class UdpPeer:
    """Answers each datagram with what ``play(request, number)`` lists: bytes, or (bytes, socket to send from)."""

    def __init__(self, play: t.Callable[[bytes, int], list[t.Any]], address: str = "") -> None:
        self.address = address or free_address()
        self.received: list[bytes] = []
        self.callers: list[str] = []
        self._play = play
        self._stop = threading.Event()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((self.address, UDP_PORT))
        self._sock.settimeout(0.05)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> UdpPeer:
        self._thread.start()
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self._stop.set()
        self._thread.join(60)
        self._sock.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                request, caller = self._sock.recvfrom(65535)
            except socket.timeout:
                continue
            self.received.append(request)
            self.callers.append(caller[0])
            for item in self._play(request, len(self.received)):
                content, sender = item if isinstance(item, tuple) else (item, self._sock)
                sender.sendto(content, caller)


def end_with_reset(sock: socket.socket) -> None:
    """The coming close sends a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
