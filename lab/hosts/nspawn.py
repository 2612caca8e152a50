# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts booted by systemd-nspawn, which needs no engine and no systemd on this machine (TOOLCHAIN §4.2)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from . import network
from .engine import Engine

_LEFT = Path("/run/systemd/nspawn")


def _boot(name: str, hostname: str, root: Path) -> list[str]:
    return [
        "systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no", "--keep-unit",
        f"--machine={name}", f"--hostname={hostname}", f"--network-namespace-path={network.FOLDER / name}",
        "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
    ]


def _forget(name: str, root: Path) -> None:
    """Remove its folder, and its lock on a file system, which is found while that is mounted."""
    with suppress(FileNotFoundError):
        (_LEFT / "propagate" / name).rmdir()
    status = root.stat()
    (_LEFT / "locks" / f"inode-{status.st_dev}:{status.st_ino}").unlink(missing_ok=True)


NSPAWN = Engine("nspawn", {"systemd-nspawn": "systemd-container"}, 133, lambda: None, _boot, _forget)
