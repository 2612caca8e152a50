# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the back end needs from this machine: root, programs, and running them so that a failure is one sentence."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import LabError

#: program -> Debian package it comes from.
PROGRAMS: Mapping[str, str] = {
    "systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "ip": "iproute2", "nft": "nftables",
    "ssh": "openssh-client", "ssh-keygen": "openssh-client", "nsenter": "util-linux", "unshare": "util-linux",
    "ffmpeg": "ffmpeg",
}
#: Packages of the camera program (TOOLCHAIN §5); it runs under Debian's own Python.
CAMERA_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0", "python3-gi", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly", "gstreamer1.0-rtsp",
)
PACKAGES = (*dict.fromkeys(PROGRAMS.values()), "zstd", *CAMERA_PACKAGES)
SYSTEM_PYTHON = "/usr/bin/python3"
_CAMERA_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def obstacle() -> str | None:
    """Say in one sentence why booted hosts cannot be had by this user, or None; missing packages aside."""
    if os.geteuid() != 0:
        return "booted hosts need root, and this is an ordinary user"
    if not Path("/sys/fs/cgroup").is_dir() or not list(Path("/sys/fs/cgroup").rglob("cgroup.procs")):
        return "booted hosts need control groups, and none are mounted at /sys/fs/cgroup"
    return None


def missing() -> list[str]:
    """The Debian packages that are not there."""
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if not has_cameras():
        packages.update(CAMERA_PACKAGES)
    return sorted(packages)


def has_cameras() -> bool:
    """Can the camera program run?"""
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", _CAMERA_PROBE], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def why_not() -> str | None:
    """Say in one sentence why a lab of hosts cannot be started here and now, or None if it can."""
    if reason := obstacle():
        return reason
    if packages := missing():
        return f"these packages are missing: {', '.join(packages)}; install them with: make lab-hosts"
    return None


def run(
    argv: Sequence[str | Path], *, text: str = "", timeout: float = 60.0, check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    :param text: its standard input.
    :raises LabError: it cannot be started, takes too long or (with ``check``) fails.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    except OSError as error:
        raise LabError(f"{words[0]} cannot be run: {error}") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"took more than {timeout:.0f} s: {shlex.join(words)}") from None
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LabError(f"{shlex.join(words)} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return done
