# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ADS library: pyads where it can be loaded, and how it connects.

Version 3.6 is made to connect as the observed 3.5 did, with one attempt per address. Its library looks an address up
without saying which kind of socket it wants, gets it back three times and tries TCP three times in a row. Where packets
are dropped that is 400 s instead of the recorded 133 s (quirk 5).
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import psutil


class LibraryMissing(AttributeError):
    """The ADS library was asked for something and could not be loaded; the text says why, in one sentence."""


class _NotThere:
    """In place of the library: whatever is asked of it fails, as long as this process lives."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getattr__(self, name: str) -> NoReturn:
        raise LibraryMissing(f"pyads nicht verfügbar: {self._reason}")


def _load() -> Any:
    try:
        import pyads as library
    except (ImportError, OSError, RuntimeError) as error:  # not installed, or without its shared object (ADS_FACTS §4)
        return _NotThere(str(error))
    return library


pyads = _load()  #: Raises LibraryMissing for everything that is asked of it where it could not be loaded.
IS_LOADED = not isinstance(pyads, _NotThere)
ADS_TCP_PORT = 48898
LOOK_AFTER_S, LOOK_EVERY_S = 1.0, 0.5


def _connecting() -> dict[int, int]:
    """This process's TCP connections to an ADS port that wait for an answer to their SYN: local port -> descriptor."""
    return {connection.laddr.port: connection.fd for connection in psutil.Process().net_connections("tcp4")
            if connection.status == psutil.CONN_SYN_SENT and connection.raddr.port == ADS_TCP_PORT}


def _end_attempt(port: int, descriptor: int) -> None:
    """Make the library's connect() from this local port fail now."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as attempt:  # OSError: it has just ended by itself
        if attempt.getsockname()[1] == port:
            attempt.shutdown(socket.SHUT_RDWR)


def _allow_one(done: threading.Event) -> None:
    """Let the first attempt take the time the kernel gives it, end every later one."""
    if done.wait(LOOK_AFTER_S):
        return
    first = set(_connecting())
    while not done.wait(LOOK_EVERY_S):
        for port, descriptor in _connecting().items():
            if port not in first:
                _end_attempt(port, descriptor)


@contextmanager
def one_attempt() -> Iterator[None]:
    """Around a call that may open a TCP connection; costs a call that answers at once nothing but a thread."""
    done = threading.Event()
    threading.Thread(target=_allow_one, args=(done,), daemon=True).start()
    try:
        yield
    finally:
        done.set()
