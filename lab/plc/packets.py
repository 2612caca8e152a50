# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ways to lose packets on purpose: a filter inside the kernel, and a listening socket whose queue is full.

The filter drops exactly what comes from an address (or everything), on TCP already the SYN. Where the kernel refuses it
(a normal user, on some machines) only "everything" can be had: a queue that is full and never emptied makes the kernel
ignore further SYNs.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import socket
import struct
from collections.abc import Iterable

SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27

# Classic BPF (linux/filter.h): load the IPv4 source address, compare, return 0 (drop) or everything (keep).
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF: offsets count from the IP header
_SOURCE_ADDRESS = 12
_KEEP, _DROP = 0xFFFFFFFF, 0


def _program(source: str | None) -> list[tuple[int, int, int, int]]:
    if source is None:
        return [(_RETURN, 0, 0, _DROP)]
    return [
        (_LOAD_WORD, 0, 0, _NETWORK_HEADER + _SOURCE_ADDRESS),
        (_JUMP_EQUAL, 0, 1, int(ipaddress.IPv4Address(source))),
        (_RETURN, 0, 0, _DROP),
        (_RETURN, 0, 0, _KEEP),
    ]


def attach_filter(sock: socket.socket, source: str | None) -> None:
    """Let the kernel drop what ``source`` (None: anybody) sends to ``sock``. PermissionError if it refuses."""
    program = _program(source)
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    sock.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(instructions))
    )


def detach_filter(sock: socket.socket) -> None:
    """Take the filter off again; a socket without one is left alone."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


class PacketFilter:
    """A filter on a whole set of sockets: all of them or, if the kernel refuses, none."""

    def __init__(self, source: str | None) -> None:
        self.source = source

    def attach(self, sockets: Iterable[socket.socket]) -> None:
        """Attach to all; PermissionError, with nothing attached, where the kernel refuses."""
        for sock in sockets:
            attach_filter(sock, self.source)

    @staticmethod
    def detach(sockets: Iterable[socket.socket]) -> None:
        """Detach from all."""
        for sock in sockets:
            detach_filter(sock)


class FullQueue:
    """Makes a listening socket ignore SYNs by filling its accept queue with a connection of our own."""

    def __init__(self, listener: socket.socket, backlog: int) -> None:
        self._listener, self._backlog = listener, backlog
        self._filler: socket.socket | None = None

    def fill(self) -> None:
        """Shrink the queue to one place and take it. Nobody may accept from the listener meanwhile."""
        self._listener.listen(0)
        address = self._listener.getsockname()
        self._filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # From the PLC's own address: when accepted later it must not pass for a client and end that one's connection.
        self._filler.bind((address[0], 0))
        # Without waiting: if somebody is in the queue already, it is full and our own SYN is the first to be ignored.
        self._filler.setblocking(False)
        self._filler.connect_ex(address)

    def release(self) -> None:
        """Give the place back and restore the queue."""
        self._filler.close()
        self._listener.listen(self._backlog)
