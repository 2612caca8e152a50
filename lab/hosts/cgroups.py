# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control groups: every host has one of its own, by which its processes are found, frozen and ended (TOOLCHAIN §4.2)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import LabError

_MOUNTS = [Path("/sys/fs/cgroup") / name for name in ("systemd", "unified", "")]
_ENTER = ('while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"')
_PATIENCE_S = 30.0


def hierarchies() -> list[Path]:
    """Where the hierarchies are that systemd uses: version 2, and with it its own of version 1 on hybrid machines."""
    found = [mount for mount in _MOUNTS if (mount / "cgroup.procs").exists()]
    if not any((root / "cgroup.controllers").exists() for root in found):
        raise LabError("no control groups of version 2 are mounted on this machine")
    return found


class Cgroup:
    """A control group of the lab, in all hierarchies that systemd uses."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def of_lab(cls, prefix: str) -> Iterator[Cgroup]:
        """Every one there is whose name is ``prefix`` or begins with it and a dash."""
        names = {folder.name for root in hierarchies() for folder in root.glob(f"{prefix}*") if folder.is_dir()}
        yield from (cls(name) for name in sorted(names) if name == prefix or name.startswith(f"{prefix}-"))

    def _folders(self) -> list[Path]:
        return [root / self.name for root in hierarchies()]

    @property
    def _unified(self) -> Path:
        return next(folder for folder in self._folders() if (folder.parent / "cgroup.controllers").exists())

    @property
    def exists(self) -> bool:
        """Is it there?"""
        return self._unified.exists()

    def make(self) -> None:
        """Create it."""
        for folder in self._folders():
            folder.mkdir(exist_ok=True)

    def entering(self, argv: list[str], part: str = "") -> list[str]:
        """The command that runs ``argv`` in this group, or in its ``part``, and fails where there is no group."""
        folders = [folder / part for folder in self._folders()]
        if part:
            for folder in folders:
                with suppress(FileNotFoundError):
                    folder.mkdir(exist_ok=True)
        return ["sh", "-c", _ENTER, "sh", *map(str, folders), "--", *argv]

    def pids(self) -> list[int]:
        """All processes in it, those of groups below it too."""
        found = []  # none if it does not exist
        for folder, *dummy in os.walk(self._unified):
            with suppress(OSError):
                found += [int(pid) for pid in Path(folder, "cgroup.procs").read_text(encoding="ascii").split()]
        return found

    @property
    def is_frozen(self) -> bool:
        """Does everything in it stand still?"""
        try:
            return (self._unified / "cgroup.freeze").read_text(encoding="ascii").strip() == "1"
        except OSError:
            return False

    def freeze(self, on: bool) -> None:
        """Let everything in it stand still, or go on."""
        if self.exists:
            (self._unified / "cgroup.freeze").write_text("1" if on else "0", encoding="ascii")

    def tell(self, number: int) -> int:
        """Send a signal to everything in it and return how many processes that were."""
        count = 0
        for pid in self.pids():
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                try:
                    if pid in self.pids():  # still the same process
                        signal.pidfd_send_signal(descriptor, number)
                        count += 1
                finally:
                    os.close(descriptor)
        return count

    def kill(self) -> int:
        """End everything in it at once and wait until it is gone; return how many processes that were."""
        count = len(self.pids()) if self.exists else 0
        deadline = time.monotonic() + _PATIENCE_S
        while self.exists and self.pids():
            (self._unified / "cgroup.kill").write_text("1", encoding="ascii")
            if time.monotonic() > deadline:
                raise LabError(f"processes of {self.name} do not end: {self.pids()}")
            time.sleep(0.02)
        return count

    def remove(self) -> int:
        """End everything in it and remove it; return how many processes that were."""
        count = self.kill()
        others = _MOUNTS[-1].glob(f"*/{self.name}")  # of version 1, where a container engine makes some
        for folder in (*others, *self._folders()):
            for path, *dummy in os.walk(folder, topdown=False):
                _remove_folder(Path(path))
        return count


def _remove_folder(path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while path.exists():
        try:
            path.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:  # busy until its last process has been reaped
            if time.monotonic() > deadline:
                raise LabError(f"{path} cannot be removed: {error}") from None
            time.sleep(0.02)
