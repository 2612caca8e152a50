# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process holds a lease, so that its end can be seen from the same controller (DESIGN §7.8). Private."""

from __future__ import annotations

import multiprocessing
import os
import socket
import typing as t
from pathlib import Path

PROC = Path("/proc")
_ENDED = ("Z", "X")


def owner_of_this_run() -> dict[str, t.Any]:
    """Return controller, pid, started and node of the ansible-playbook process, of which tasks are forked workers."""
    parent = multiprocessing.parent_process()
    pid = parent.pid if parent else os.getpid()
    started = _state_and_start(pid)[1]
    return {"controller": controller_id(), "pid": pid, "started": started, "node": socket.gethostname()}


def controller_id() -> str:
    """Return what is the same wherever a process id means the same: boot and process id name space.

    Two pods differ even on one machine. "" where it cannot be told, as outside Linux: then leases end by time alone.
    """
    try:
        if os.readlink(PROC / "self") != str(os.getpid()):  # the /proc of another name space
            return ""
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{os.stat(PROC / 'self/ns/pid').st_ino}"
    except OSError:
        return ""


def is_gone(owner: t.Any) -> bool:
    """Say whether the process of an owner has surely ended; never true of another controller's."""
    if not isinstance(owner, dict) or not owner.get("controller") or owner["controller"] != controller_id():
        return False
    pid, started = owner.get("pid"), owner.get("started")
    if not isinstance(pid, int) or pid <= 0 or not started:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    state, now_started = _state_and_start(pid)
    return state in _ENDED or now_started not in (None, started)


def _state_and_start(pid: int) -> tuple[str, int | None]:
    """Return state and start (ticks since boot) of a process; unknown where it may not be seen."""
    try:
        # The name stands in parentheses and may hold anything, also parentheses.
        fields = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):
        return "", None
