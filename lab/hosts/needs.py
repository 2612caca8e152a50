# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the back end needs from this machine: root, programs, and something that boots hosts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..errors import LabError
from ..packages import CAMERA_PACKAGES, has_cameras
from . import engines

#: program -> Debian package it comes from, beside what boots the hosts.
PROGRAMS: Mapping[str, str] = {
    "mmdebstrap": "mmdebstrap", "ip": "iproute2", "nft": "nftables", "ssh": "openssh-client",
    "ssh-keygen": "openssh-client", "nsenter": "util-linux", "unshare": "util-linux", "ffmpeg": "ffmpeg",
}


def obstacle() -> str | None:
    """Say in one sentence why booted hosts cannot be had by this user, or None; missing packages aside."""
    if os.geteuid() != 0:
        return "booted hosts need root, and this is an ordinary user"
    if not Path("/sys/fs/cgroup").is_dir() or not list(Path("/sys/fs/cgroup").rglob("cgroup.procs")):
        return "booted hosts need control groups, and none are mounted at /sys/fs/cgroup"
    try:
        engines.choose()
    except LabError as error:
        return str(error)
    return None


def missing() -> list[str]:
    """The Debian packages that are not there."""
    programs = {**PROGRAMS, **engines.choose().programs}
    packages = {package for program, package in programs.items() if not shutil.which(program)}
    if not has_cameras():
        packages.update(CAMERA_PACKAGES)
    return sorted(packages)


def why_not() -> str | None:
    """Say in one sentence why a lab of hosts cannot be started here and now, or None if it can."""
    if reason := obstacle():
        return reason
    if packages := missing():
        return f"these packages are missing: {', '.join(packages)}; install them with: make lab-hosts"
    return engines.choose().why_not()
