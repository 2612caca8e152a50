# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A booted host: its file system, its power switch, and commands inside it past its SSH (TOOLCHAIN §4.2)."""

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
from . import layout, network
from .cgroups import Cgroup
from .tools import run

#: A reboot from inside ends nspawn with 133: then it is started again; any other end is the host's own.
_KEEP_BOOTED = 'while :; do "$@"; [ $? = 133 ] || exit; done'
_NSPAWN = Path("/run/systemd/nspawn")
# The part of a host's control group for commands from outside. Below the root that its systemd sees: where groups are
# delegated (mount option nsdelegate) a process from elsewhere could not be moved by it, into a scope for example.
_VISITORS = "payload/visitors"


def mount(root: Path, lower: Sequence[Path]) -> None:
    """Lay a file system over others, the first of ``lower`` on top; what is written goes beside ``root``."""
    upper, work = root.with_name("up"), root.with_name("work")
    for folder in (root, upper, work):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    layers = ":".join(re.sub(r"([\\:,])", r"\\\1", str(path)) for path in lower)
    run(["mount", "-t", "overlay", "lineops-lab", "-o", f"lowerdir={layers},upperdir={upper},workdir={work}", root])


def unmount_below(folder: Path) -> None:
    """Unmount everything that is mounted in ``folder``, the last first."""
    for line in reversed(Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()):
        point = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), line.split()[4]))
        if folder in point.parents:
            run(["umount", point])


def forget(name: str) -> None:
    """Remove what nspawn, ended hard, leaves of a machine of this name."""
    with suppress(FileNotFoundError):
        (_NSPAWN / "propagate" / name).rmdir()


def forget_lock(root: Path) -> None:
    """Remove the lock that nspawn, ended hard, leaves of a file system. To be called while it is mounted."""
    status = root.stat()
    (_NSPAWN / "locks" / f"inode-{status.st_dev}:{status.st_ino}").unlink(missing_ok=True)


class Machine:
    """One host of the lab as a machine with a power switch."""

    def __init__(self, plant: Plant, host: Host) -> None:
        self._name = layout.mark(plant.block, host.name)
        self._root = plant.root_dir(host)
        self.host = host
        self.cgroup = Cgroup(self._name)

    @property
    def network(self) -> str:
        """Its network namespace."""
        return self._name

    @property
    def console(self) -> Path:
        """What it shows while booting, and what nspawn says."""
        return self._root.with_name("console")

    def power_on(self) -> None:
        """Boot it; nothing happens if it is on."""
        if self.is_on:
            return
        self.cgroup.make()
        nspawn = [
            "systemd-nspawn", "--quiet", f"--directory={self._root}", "--boot", "--register=no", "--keep-unit",
            f"--machine={self._name}", f"--hostname={self.host.name}",
            f"--network-namespace-path={network.FOLDER / self._name}",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
        ]
        with self.console.open("ab") as console:
            process = subprocess.Popen(
                self.cgroup.entering(["sh", "-c", _KEEP_BOOTED, "sh", *nspawn]), stdin=subprocess.DEVNULL,
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
        done = run(self.cgroup.entering(enter, _VISITORS), check=False, timeout=timeout, text=text)
        if check and done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{self.host.name}: {shlex.join(argv)} ended with {done.returncode}: "
                           f"{said[-1] if said else 'it said nothing'}")
        return done
