# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /proc shows to everybody, without psutil and without root: TCP sockets with their users, processes. Private."""

from __future__ import annotations

import os
import pwd
import re
import typing as t
from dataclasses import dataclass

from ._host_texts import TcpSocket, state_and_start, tcp_sockets, users_of

#: States of a process that has ended and was not yet taken note of by its parent.
_ENDED = ("Z", "X")
_SOCKET = re.compile(r"socket:\[([0-9]+)\]")


@dataclass(frozen=True)
class Process:
    """A process: when it started (clock ticks since boot, and seconds since 1970), whom it acts as, its /proc/PID/cgroup."""

    pid: int
    ticks: int
    started: float
    users: t.FrozenSet[int]
    cgroups: str


def process_of(pid: int) -> Process | None:
    """Return a process; None once it has ended, or where /proc hides it."""
    try:
        found = state_and_start(_read(f"/proc/{pid}/stat"))
        users = users_of(_read(f"/proc/{pid}/status"))
        cgroups = _read(f"/proc/{pid}/cgroup")
        booted = int(next(line for line in _read("/proc/stat").splitlines() if line.startswith("btime ")).split()[1])
    except (OSError, StopIteration, ValueError):
        return None
    if found is None or found[0] in _ENDED:
        return None
    return Process(pid, found[1], booted + found[1] / os.sysconf("SC_CLK_TCK"), frozenset(users), cgroups)


def is_alive(process: Process) -> bool:
    """Say whether this very process is there; the time it started at moves with the clock, its ticks do not."""
    now = process_of(process.pid)
    return now is not None and now.ticks == process.ticks


def sockets() -> list[TcpSocket] | None:
    """Return the TCP sockets of this host, whoever owns them; None where they cannot be seen."""
    try:
        found = tcp_sockets(_read("/proc/net/tcp"))
    except OSError:
        return None
    try:
        return found + tcp_sockets(_read("/proc/net/tcp6"))
    except OSError:  # a host without IPv6
        return found


def listening_on(port: int) -> list[TcpSocket]:
    """Return the sockets that listen on a port."""
    return [entry for entry in sockets() or [] if entry.state == "LISTEN" and entry.port == port]


def inodes_of(pid: int) -> set[int] | None:
    """Return the sockets a process has open; None where it hides them, as from another user without root."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                match = _SOCKET.fullmatch(os.readlink(f"/proc/{pid}/fd/{name}"))
            except FileNotFoundError:
                continue
            if match:
                found.add(int(match[1]))
    except OSError:
        return None
    return found


def uid_of(user: str | None) -> int | None:
    """Return the number of a user of this host, given by name or number; None if there is no such user."""
    try:
        return None if not user else int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def name_of(uid: int) -> str:
    """Return the name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
