# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a command and telling what it took: time, CPU, memory. Private to the benchmarks.

CPU seconds are those of the command and of every process it waited for (wait4), so forks and modules of Ansible count,
stand-ins of the lab do not. Linux only, like the lab.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MEMORY_PAUSE_S = 0.05
_TAIL_LINES = 40


class BenchmarkFailed(Exception):
    """A benchmark could not be run to its end; the message says why."""


@dataclass(frozen=True)
class Usage:
    """What a command took. ``peak_mib`` is None unless memory was looked at."""

    status: int
    wall_s: float
    cpu_s: float
    peak_mib: float | None


def run_measured(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    limit_s: float,
    memory: bool = False,
) -> Usage:
    """Run a command to its end, its output going to ``log``; one that takes longer than ``limit_s`` is ended.

    :param memory: look at its memory meanwhile. That takes CPU itself: do not use the times of such a run.
    """
    with log.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        limit = threading.Timer(limit_s, process.terminate)
        limit.daemon = True
        limit.start()
        try:
            with _peak_memory(process.pid, memory) as peak:
                dummy, status, usage = os.wait4(process.pid, 0)
                wall_s = time.monotonic() - began
                process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            limit.cancel()
            if process.returncode is None:  # interrupted: Ansible ends its workers itself
                process.terminate()
                process.wait()
    return Usage(process.returncode, wall_s, usage.ru_utime + usage.ru_stime, max(peak) if peak else None)


def tail(log: Path) -> str:
    """The end of a command's output, for the message of a failure."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Iterable[float], digits: int = 2) -> str:
    """Median and range as text: ``3.20 (3.02–3.91)``."""
    known = sorted(values)
    return f"{middle(known):.{digits}f} ({known[0]:.{digits}f}–{known[-1]:.{digits}f})"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [heads, ["---", *("---:" for dummy in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@contextmanager
def _peak_memory(pid: int, wanted: bool) -> Iterator[list[float]]:
    """Collects the memory (PSS, MiB) of a process and its descendants every now and then while inside."""
    seen: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_MEMORY_PAUSE_S):
            seen.append(sum(map(_pss_mib, _family(pid))))

    watcher = threading.Thread(target=look, daemon=True)
    if wanted:
        watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        if wanted:
            watcher.join()


def _family(pid: int) -> list[int]:
    """A process and its living descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text(encoding="ascii").split()]
            except OSError:
                continue
    return found


def _pss_mib(pid: int) -> float:
    """Memory of a process, shared pages counted in proportion (proc(5), smaps_rollup); 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
