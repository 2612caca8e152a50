# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs commands so that none of their processes outlives this one, however it ends (Ctrl-C, SIGTERM, hang-up, error).

Standard library only: it also runs before the virtual environment exists. Commands get a session of their own, so a
Ctrl-C in the terminal reaches this process alone, and this process decides in which order things end. On Linux it is
also the "reaper" of its descendants: what a command left in the background stays visible here and is ended by pid.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How long a command may take to put things back after SIGINT, then after SIGTERM, before it is killed (seconds).
GRACE_S = {signal.SIGINT: 30.0, signal.SIGTERM: 30.0, signal.SIGKILL: 5.0}


class Stopped(BaseException):
    """A signal asked this process to end. Not an Exception, so that no general handler swallows it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum

    @property
    def exit_status(self) -> int:
        """The status a shell reports for a command ended by this signal."""
        return 128 + self.signum


class TookTooLong(Exception):
    """A command was still running at its limit and has been ended."""


class Beside:
    """A command that works beside those that the guard runs; every line it prints goes to `on_line`."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_line: Callable[[str], None]
    ) -> None:
        self.process = _start(command, cwd, env)
        self._reader = threading.Thread(target=_read_lines, args=(self.process, on_line), daemon=True)
        self._reader.start()

    def finish(self) -> int:
        """Wait for its end; returns its exit status."""
        while self.process.poll() is None:
            time.sleep(0.05)
        self._reader.join(timeout=1)
        return self.process.returncode

    def end(self) -> None:
        """Ask it to end, and give it the time to end what it runs itself."""
        limit = time.monotonic() + sum(GRACE_S.values())
        _send(signal.SIGTERM, [self.process.pid])
        while self.process.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)


class Guard:
    """Runs commands one after the other; on leaving the `with` block no process of theirs is left."""

    def __init__(self) -> None:
        self._current: subprocess.Popen[str] | None = None
        self._beside: list[Beside] = []
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Guard:
        _adopt_orphans(True)
        self._handlers = {number: signal.signal(number, _raise_stopped) for number in STOP_SIGNALS}
        return self

    def __exit__(self, *dummy: object) -> None:
        with self.undisturbed():
            for beside in self._beside:
                beside.end()
            self._beside.clear()
            self.end_all()
        _adopt_orphans(False)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Signals that ask to stop are ignored inside: for the clean-up, which is bounded in time itself."""
        previous = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        limit_s: float,
        on_line: Callable[[str], None],
    ) -> int:
        """Run `command` to its end and return its exit status; every line it prints goes to `on_line`.

        Raises TookTooLong after `limit_s` seconds and Stopped when a signal arrives; either way the command has ended.
        """
        process = _start(command, cwd, env)
        self._current = process
        reader = threading.Thread(target=_read_lines, args=(process, on_line), daemon=True)
        reader.start()
        try:
            if not self._wait(limit_s):
                raise TookTooLong(f"still running after {limit_s:.0f} s")
        finally:
            with self.undisturbed():
                self._end_current()
            # A process left in the background may still hold the pipe; its output is not waited for.
            reader.join(timeout=1)
        return process.returncode

    def begin_beside(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_line: Callable[[str], None]
    ) -> Beside:
        """Start a command that works beside those that are run from now on. It guards its own processes."""
        self._beside.append(Beside(command, cwd=cwd, env=env, on_line=on_line))
        return self._beside[-1]

    def leftovers(self) -> dict[int, str]:
        """Living descendants of this process, but for what works beside: pid -> command line."""
        self._reap_orphans()
        return {pid: _command_line(pid) for pid in _descendants(os.getpid(), [one.process.pid for one in self._beside])}

    def end_all(self) -> dict[int, str]:
        """End every descendant, but for what works beside, gently first; returns those that were there (pid -> command line)."""
        found = self.leftovers()
        for number in (signal.SIGTERM, signal.SIGKILL):
            limit = time.monotonic() + GRACE_S[number]
            _send(number, self.leftovers())
            while self.leftovers() and time.monotonic() < limit:
                time.sleep(0.05)
        return found

    def _end_current(self) -> None:
        """End the command that runs now, if it still does: SIGINT lets pytest and Ansible clean up after themselves."""
        for number, grace_s in GRACE_S.items():
            if self._current is None or self._current.poll() is not None:
                break
            _send(number, [self._current.pid])
            self._wait(grace_s)
        self._current = None

    def _wait(self, limit_s: float) -> bool:
        """Wait for the current command; meanwhile collect the exit of orphans, whose pids would else seem alive."""
        limit = time.monotonic() + limit_s
        next_reap = time.monotonic()
        while self._current.poll() is None:
            now = time.monotonic()
            if now > limit:
                return False
            if now > next_reap:
                self._reap_orphans()
                next_reap = now + 1.0  # reading the whole process table is work that the command would miss
            time.sleep(0.05)
        return True

    def _reap_orphans(self) -> None:
        own = os.getpid()
        ours = {process.pid for process in (self._current, *(beside.process for beside in self._beside)) if process}
        for pid, (parent, state) in _process_table().items():
            if parent == own and state == "Z" and pid not in ours:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass


def _start(command: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip


def _adopt_orphans(adopt: bool) -> None:
    """Make this process the parent of descendants whose own parent ends. Linux only; elsewhere they go to init."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def _raise_stopped(signum: int, dummy_frame: object) -> None:
    raise Stopped(signum)


def _read_lines(process: subprocess.Popen[str], on_line: Callable[[str], None]) -> None:
    for line in process.stdout:
        on_line(line.rstrip("\n"))


def _send(number: int, pids: object) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _process_table() -> dict[int, tuple[int, str]]:
    """pid -> (parent's pid, state letter), from /proc; empty where there is none."""
    table = {}
    # Not Path.glob: it stops with ProcessLookupError when a process ends while it looks.
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        try:
            # the command name stands in brackets and may hold anything, so look behind the last bracket
            state, parent = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        table[int(pid)] = (int(parent), state)
    return table


def _descendants(root: int, but_for: Sequence[int]) -> list[int]:
    """Living processes below `root`, but for some with all that is below them: by one look, since processes come and go."""
    table = _process_table()
    found: list[int] = []
    parents = {root}
    while parents:
        children = {pid for pid, (parent, dummy) in table.items() if parent in parents and pid not in but_for}
        found += sorted(pid for pid in children if table[pid][1] != "Z")
        parents = children
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "(ended)"
