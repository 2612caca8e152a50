# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's CPU, memory and file systems. Private to this collection."""

from __future__ import annotations

import os
import threading
import time
import typing as t

from ._host_processes import load_psutil
from ._errors import LineopsError


def resources(paths: t.Sequence[str], timeout: float) -> dict[str, t.Any]:
    """Return cpu, memory, swap, disks and not_observed.

    paths: what the file systems are wanted of; timeout: seconds to wait for all of them, since a network file system
    whose server is gone never answers. CPU is told by load averages: a percentage would need a look of some length.
    """
    not_observed: list[str] = []
    return {
        "cpu": _cpu(not_observed),
        **_memory(not_observed),
        "disks": _disks(paths, timeout, not_observed),
        "not_observed": not_observed,
    }


def _cpu(not_observed: list[str]) -> dict[str, t.Any]:
    view: dict[str, t.Any] = {"cores": os.cpu_count(), "measured": "load averages"}
    try:
        loads = os.getloadavg()
    except OSError:
        not_observed.append("load (not told by this system)")
        return view
    return {**view, **dict(zip(("load_1m", "load_5m", "load_15m"), (round(load, 2) for load in loads)))}


def _memory(not_observed: list[str]) -> dict[str, t.Any]:
    try:
        psutil = load_psutil()
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    except LineopsError:
        not_observed.append("memory and swap (psutil is not installed)")
    except (OSError, RuntimeError, ValueError):
        not_observed.append("memory and swap (not told by this system)")
    else:
        return {
            "memory": {name: getattr(memory, name) for name in ("total", "available", "used")},
            "swap": {name: getattr(swap, name) for name in ("total", "used", "free")},
        }
    return {"memory": None, "swap": None}


def _disks(paths: t.Sequence[str], timeout: float, not_observed: list[str]) -> list[dict[str, t.Any]]:
    """Return each file system once, with the paths that lie on it, in the order of the paths."""
    answers: dict[str, t.Any] = {}

    def ask(path: str) -> None:
        try:
            answers[path] = _file_system(path)
        except OSError as error:
            answers[path] = error.strerror or "not readable"

    threads = {path: threading.Thread(target=ask, args=(path,), daemon=True) for path in dict.fromkeys(paths)}
    for thread in threads.values():
        thread.start()
    ends_at = time.monotonic() + timeout
    found: dict[int, dict[str, t.Any]] = {}
    for path, thread in threads.items():
        thread.join(max(0.0, ends_at - time.monotonic()))
        answer = answers.get(path, f"no answer within {timeout:g} s")
        if isinstance(answer, str):
            not_observed.append(f"file system of {path} ({answer})")
        else:
            device, view = answer
            found.setdefault(device, {"paths": [], **view})["paths"].append(path)
    return list(found.values())


def _file_system(path: str) -> tuple[int, dict[str, t.Any]]:
    """Return the device a path lies on, or would lie on if it were there, with its bytes and inodes.

    free is what is left for other users than root. File systems without a fixed number of inodes have None there.
    """
    place = _nearest(os.path.realpath(path))
    device, space = os.stat(place).st_dev, os.statvfs(place)
    while not os.path.ismount(place):
        place = os.path.dirname(place)
    inodes = space.f_files or None
    return device, {
        "mount": place,
        "total": space.f_blocks * space.f_frsize,
        "used": (space.f_blocks - space.f_bfree) * space.f_frsize,
        "free": space.f_bavail * space.f_frsize,
        "inodes_total": inodes,
        "inodes_used": inodes and space.f_files - space.f_ffree,
        "inodes_free": inodes and space.f_favail,
        "read_only": bool(space.f_flag & os.ST_RDONLY),
    }


def _nearest(path: str) -> str:
    """Return the path, or the nearest one above it that is there."""
    while True:
        try:
            os.lstat(path)
            return path
        except (FileNotFoundError, NotADirectoryError):
            path = os.path.dirname(path)
