# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the lab: start, find, signal, end.

A process belongs to a lab if its command line runs one of our modules with a configuration file of that lab, or is an
ffmpeg that writes a file of it: that holds for a supervisor that replaced itself (another pid, no parent), for the ffmpeg
of one that was killed (quirk 13) and for what an interrupted ``up`` left, and never for anybody else's process. Between the
look and the signal a pidfd makes sure it is still the same process.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PLC, SUPERVISOR, CAMERAS, FILE_CAMERAS = _MODULES = "lab.plc", "lab.supervisor", "lab.camera.rtsp", "lab.camera.files"
#: What stands for a module with these programs; in place of a configuration they have the file they write.
FFMPEG = "ffmpeg"
SYSTEM_PYTHON = "/usr/bin/python3"  #: Debian's own, whose modules are Debian packages
STOP_PATIENCE_S = 30.0


def start(
    module: str, config: Path, environment: Mapping[str, str] | None = None, python: str = sys.executable,
) -> subprocess.Popen[bytes]:
    """Start a stand-in in a session of its own, its output going to a file beside its configuration.

    :param environment: variables beside the caller's. :param python: the interpreter.
    """
    variables = {
        name: value for name, value in os.environ.items()
        if not name.startswith(("SMARTHOME_", "ADMIN_API_KEY")) and not name.lower().endswith("_proxy")
    }
    with output_file(config).open("ab") as output:
        return subprocess.Popen(
            [python, "-m", module, str(config)], cwd=REPOSITORY, env={**variables, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )


def output_file(config: Path) -> Path:
    """Where a stand-in's standard output and error go until it has its own log."""
    return config.with_suffix(".out")


def last_words(config: Path) -> str:
    """The last line a stand-in printed, for an error message."""
    lines = output_file(config).read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it printed nothing")


def _arguments(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode("utf-8", "surrogateescape").split("\0")


def stat(pid: int) -> tuple[str, int]:
    """A process' state, by its letter, and its parent; ("", 0) for one that is no more."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def _subject(pid: int) -> tuple[str, Path] | None:
    """Which of our programs a process is, and the file it has to do with; None if it is none."""
    arguments = _arguments(pid)
    if len(arguments) >= 4 and arguments[1] == "-m" and arguments[2] in _MODULES:
        return arguments[2], Path(arguments[3])
    if len(arguments) >= 3 and arguments[0] == FFMPEG:
        return FFMPEG, Path(arguments[-2])
    return None


def _runs(pid: int, module: str | None, config: Path) -> bool:
    """Does this process run ``module`` (None: any of ours) with ``config`` (a file, or a folder it lies in)?"""
    subject = _subject(pid)
    return subject is not None and module in (None, subject[0]) and (
        subject[1] == config or config in subject[1].parents)


def find(module: str | None, config: Path) -> list[int]:
    """Return the pids of living processes that run ``module`` (None: any of ours) with ``config`` (file or folder)."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _runs(int(entry), module, config)]


def _any(dummy: int) -> bool:
    return True


def _opened(module: str | None, config: Path, chosen: Callable[[int], bool]) -> Iterator[int]:
    for pid in filter(chosen, find(module, config)):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if _runs(pid, module, config):
            yield descriptor
        else:
            os.close(descriptor)


def _send(descriptors: Iterable[int], number: int) -> None:
    for descriptor in descriptors:
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            pass


def _ended(descriptors: list[int], patience_s: float) -> bool:
    """Wait until all have ended; False if some have not in time."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    waiting, deadline = len(descriptors), time.monotonic() + patience_s
    while waiting and time.monotonic() < deadline:
        for descriptor, dummy in poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            poll.unregister(descriptor)
            waiting -= 1
    return not waiting


def tell(module: str | None, config: Path, number: int, chosen: Callable[[int], bool] = _any) -> int:
    """Send a signal to every such process, of those the ``chosen`` ones, and return how many there were."""
    descriptors = list(_opened(module, config, chosen))
    _send(descriptors, number)
    for descriptor in descriptors:
        os.close(descriptor)
    return len(descriptors)


def stop(
    module: str | None, config: Path, *, number: int = signal.SIGTERM, patience_s: float = STOP_PATIENCE_S,
    chosen: Callable[[int], bool] = _any,
) -> int:
    """End all such processes, frozen ones too, and those that replace themselves meanwhile; return how many.

    :param number: the signal to begin with; after ``patience_s`` seconds it is SIGKILL.
    :param chosen: says of a pid whether it is meant.
    """
    count = 0
    while descriptors := list(_opened(module, config, chosen)):
        _send(descriptors, number)
        _send(descriptors, signal.SIGCONT)
        if not _ended(descriptors, patience_s):
            _send(descriptors, signal.SIGKILL)
            _ended(descriptors, patience_s)
        count += len(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
    return count
