# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A booted host: its power switch, and commands inside it past its SSH (TOOLCHAIN §4.2)."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import LabError
from ..plant import Host, Plant
from ..waiting import Watch
from . import layout
from .cgroups import Cgroup
from .engines import ENGINES
from .tools import run

#: A reboot from inside ends the engine with a code of its own: then it is started again; any other end is the host's own.
_KEEP_BOOTED = 'again=$1; shift; while :; do "$@"; [ $? = "$again" ] || exit; done'
# The part of a host's control group for what boots it. Nothing is in the group itself: its parts may then have limits.
_ENGINE = "engine"


class Machine:
    """One host of the lab as a machine with a power switch."""

    def __init__(self, plant: Plant, host: Host) -> None:
        self._name = layout.mark(plant.block, host.name)
        self._root = plant.root_dir(host)
        self._engine = ENGINES[plant.engine]
        self.host = host
        self.cgroup = Cgroup(self._name)

    @property
    def network(self) -> str:
        """Its network namespace."""
        return self._name

    @property
    def console(self) -> Path:
        """What it shows while booting, and what its engine says."""
        return self._root.with_name("console")

    def power_on(self) -> None:
        """Boot it; nothing happens if it is on."""
        if self.is_on:
            return
        self.cgroup.make()
        self._engine.forget(self._name, self._root)
        boot = [str(self._engine.rebooted), *self._engine.boot(self._name, self.host.name, self._root)]
        with self.console.open("ab") as console:
            process = subprocess.Popen(
                self.cgroup.entering(["sh", "-c", _KEEP_BOOTED, "sh", *boot], _ENGINE), stdin=subprocess.DEVNULL,
                stdout=console, stderr=console, start_new_session=True,
            )
        Watch().wait(lambda: self.is_on or process.poll() is not None, f"{self.host.name} is switched on")

    @property
    def is_on(self) -> bool:
        """Does anything of it run?"""
        return bool(self.cgroup.pids())

    @property
    def leader(self) -> int | None:
        """The process that is number 1 inside, None if it is off or not so far."""
        for pid in self.cgroup.pids():
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
                inner = re.search(r"^NSpid:((?:\t\d+)+)$", status, re.M)[1].split()
                if len(inner) > 1 and inner[-1] == "1" and Path(f"/proc/{pid}/comm").read_text("utf-8") == "systemd\n":
                    return pid
            except (OSError, TypeError):
                continue
        return None

    def _visitors(self, leader: int) -> str:
        """The part of its control group for commands from outside.

        It is below the root that its systemd sees: where groups are delegated (mount option nsdelegate) a process from
        elsewhere could not be moved by it, into a scope for example.
        """
        groups = ""  # it may end at any moment
        with suppress(OSError):
            groups = Path(f"/proc/{leader}/cgroup").read_text(encoding="utf-8")
        root = re.search(rf"^0::/{re.escape(self._name)}/(.+?)(?:/init\.scope)?$", groups, re.M)
        if root is None:
            raise LabError(f"{self.host.name} is going off")
        return f"{root[1]}/visitors"

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout: float = 60.0, text: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root, also with its SSH down.

        :raises LabError: it is off or frozen, the command takes too long or (with ``check``) fails.
        """
        if self.cgroup.is_frozen:
            raise LabError(f"{self.host.name} is frozen")
        leader = self.leader
        if leader is None:
            raise LabError(f"{self.host.name} is off")
        enter = ["nsenter", f"--target={leader}", "--all", "--wd=/", "env", "-i",
                 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", *argv]
        done = run(self.cgroup.entering(enter, self._visitors(leader)), check=False, timeout=timeout, text=text)
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{self.host.name}: {shlex.join(argv)} ended with {done.returncode}: "
                           f"{said[-1] if said else 'it said nothing'}")
        return done
