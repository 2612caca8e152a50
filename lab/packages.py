# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian packages that a lab needs beside Python, and how they get here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable

from .errors import LabError
from .processes import SYSTEM_PYTHON
from .supervisor.streams import ffmpeg

#: Packages of the camera program (TOOLCHAIN §5); it runs under Debian's own Python.
CAMERA_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0", "python3-gi", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly", "gstreamer1.0-rtsp",
)
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=600", "-q")


def has_cameras() -> bool:
    """Can the camera program run?"""
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def missing_for_streams() -> list[str]:
    """The packages that are not there of those that streaming cameras need."""
    return [*([] if has_cameras() else CAMERA_PACKAGES), *([] if ffmpeg() else ["ffmpeg"])]


def commands(packages: Iterable[str]) -> list[list[str]]:
    """The command lines that install packages."""
    return [[*_APT, "update"], [*_APT, "install", "-y", "--no-install-recommends", *packages]]


def provide_streams(say: Callable[[str], None]) -> None:
    """Install what streaming cameras need if it is not there; LabError for an ordinary user, or if that fails."""
    if not (packages := missing_for_streams()):
        return
    words = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LabError(f"streaming cameras need packages that are missing; as root: apt-get install {words}")
    say(f"installing {words} …")
    for command in commands(packages):
        done = subprocess.run(
            command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{' '.join(command)} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
