# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: a lab of their own, a way to run and time a playbook, and the machine's name."""

from __future__ import annotations

import os
import platform
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
COLLECTIONS = REPOSITORY / "playbooks/collections"
LIMIT_S = 600.0


@dataclass(frozen=True)
class Lab:
    """A running lab: where its state and its inventory are."""

    folder: Path
    inventory: Path

    def command(self, *words: str) -> None:
        """Run a command of the lab on this one."""
        _lab(*words, "--dir", str(self.folder))


def _lab(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"`python -m lab {' '.join(words)}` failed: {done.stdout}{done.stderr}")


@contextmanager
def lab(folder: Path, lines: int, hosts: int, *more: str) -> Iterator[Lab]:
    """Bring a lab up, with more words for `up`, and take it down again, also after Ctrl-C and SIGTERM."""
    previous = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    running = Lab(folder / "lab", folder / "inventory")
    size = ("--lines", str(lines), "--hosts", str(hosts), *more)
    try:
        _lab("up", *size, "--dir", str(running.folder), "--inventory", str(running.inventory))
        yield running
    finally:
        running.command("down")
        signal.signal(signal.SIGTERM, previous)


@dataclass(frozen=True)
class Timed:
    """One run of a playbook: seconds of wall time, and of processor time of all its processes."""

    wall_s: float
    cpu_s: float
    output: str


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would change Ansible, and with this collection."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), **more}


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(words: Sequence[str], cwd: Path, **environment: str) -> Timed:
    """Run ansible-playbook with these arguments to its end; anything but success ends the benchmark."""
    cpu_s, began = _children_cpu_s(), time.perf_counter()
    done = subprocess.run(
        ["ansible-playbook", *words],
        cwd=cwd,
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    wall_s = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(
            f"`ansible-playbook {' '.join(words)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return Timed(round(wall_s, 4), round(_children_cpu_s() - cpu_s, 4), done.stdout)


def machine() -> dict[str, Any]:
    """Which machine this is: without it a number says little."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "requests": version("requests"),
    }


def raw(run: Timed) -> dict[str, float]:
    """The numbers of a run, without its output."""
    return {name: value for name, value in asdict(run).items() if name != "output"}
