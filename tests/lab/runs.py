# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running Ansible as an operator does: a process of its own, a clean environment, and what it printed, taken apart."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lab.processes import REPOSITORY

PLAYBOOKS = REPOSITORY / "playbooks"
LIMIT_S = 900.0
_RECAP = re.compile(r"^(\S+)\s+: ((?:\w+=\d+\s*)+)$", re.MULTILINE)
_CUSTOM_STATS = re.compile(r"^\s*RUN: (\{.*\})\s*$", re.MULTILINE)
_RESULT_LINE = re.compile(
    r'^\s*"([^\s"]+: (?:HEALTHY|HEALED|PLANNED|UNRESOLVED|REFUSED|BUSY|FAILED|CLOSED|UNDONE) - .*?)",?$', re.MULTILINE)
#: JSON instead of wrapped YAML, so that tests can read the custom stats; nothing else differs from an operator's run.
READABLE = {"ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}

#: What set_stats holds for every host (docs/playbook_b.md).
RESULT_KEYS = {
    "result", "resolved", "finding", "target", "sentence", "severity", "rule", "verdict", "evidence", "counter_checks", "also",
    "refuted", "not_observed", "actions", "refusals", "changed", "proof", "owner", "next_step", "escalation", "incident",
    "notes", "archive", "report", "seconds", "supervisor_seconds", "cameras", "healed",
}


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.out + self.err

    @cached_property
    def stats(self) -> dict[str, Any]:
        """All of set_stats; empty if there was none."""
        found = _CUSTOM_STATS.search(self.out)
        return json.loads(found[1]) if found else {}

    @property
    def outcomes(self) -> dict[str, Any]:
        """set_stats ``lineops``: host -> outcome."""
        return self.stats.get("lineops", {})

    @cached_property
    def recap(self) -> dict[str, dict[str, int]]:
        """host -> ok, changed, unreachable, failed …"""
        after = self.out.partition("PLAY RECAP")[2]
        return {host: {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", numbers)}
                for host, numbers in _RECAP.findall(after)}

    @cached_property
    def lines(self) -> dict[str, str]:
        """host -> its line of the result."""
        found = [json.loads(f'"{line}"') for line in _RESULT_LINE.findall(self.out)]
        return {line.partition(":")[0]: line for line in found}


class Running:
    """A run under way. Every process of it can be found by its home folder, also one that left the process group."""

    def __init__(self, words: list[str], *, cwd: Path, home: Path, environment: Mapping[str, str]) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home, self._started = home, time.monotonic()
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
        with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
            self._process = subprocess.Popen(
                words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
                env={"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", **environment},
            )

    def finish(self, limit_s: float = LIMIT_S) -> Run:
        """Wait for the end; whatever interrupts the waiting ends the run."""
        try:
            code = self._process.wait(limit_s)
        except BaseException:
            self.kill()
            raise
        out, err = ((self._home / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
        return Run(code, out, err, time.monotonic() - self._started)

    def printed(self) -> str:
        """What it has printed so far."""
        return (self._home / "out").read_text(encoding="utf-8", errors="replace")

    @property
    def has_ended(self) -> bool:
        """Has its first process ended?"""
        return self._process.poll() is not None

    def signal_group(self, number: int) -> None:
        """What a terminal does on Ctrl-C: the signal goes to the whole foreground process group."""
        os.killpg(self._process.pid, number)

    def signal_main(self, number: int) -> None:
        """What AWX, systemd or kill do: the signal goes to the first process."""
        self._process.send_signal(number)

    def signal_all(self, number: int) -> None:
        """The signal goes to every process of this run, Ansible's workers too, which have sessions of their own."""
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        """End all of it now."""
        self.signal_all(signal.SIGKILL)
        self._process.wait()

    def pids(self) -> list[int]:
        """Every living process of this run."""
        mark = f"HOME={self._home}\0".encode()
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and mark in _environment_of(entry)]


def _environment_of(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
    except OSError:  # gone, or not ours
        return b""
