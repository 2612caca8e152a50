# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that a lab needs beside Python, and how they get here.

Streaming cameras are served by GStreamer where Debian's packages of it are installed, else by a program that needs packages
of PyPI only (lab/camera/files.py). LINEOPS_LAB_CAMERAS=gstreamer or files has that one and no other.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping

from .errors import LabError
from .processes import CAMERAS, FILE_CAMERAS, SYSTEM_PYTHON
from .supervisor.streams import ffmpeg

#: Packages of GStreamer's camera program (TOOLCHAIN §5); it runs under Debian's own Python.
CAMERA_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0", "python3-gi", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly", "gstreamer1.0-rtsp",
)
#: The package of PyPI of the other one, and what it imports; it runs under the lab's Python.
FILE_CAMERA_PACKAGE = "aio-rtsp-toolkit[server]"
_PIP = f"pip install '{FILE_CAMERA_PACKAGE}'"
_FILE_CAMERA_MODULES = ("aio_rtsp_toolkit", "aio_sockets", "av")
CAMERA_PYTHON: Mapping[str, str] = {CAMERAS: SYSTEM_PYTHON, FILE_CAMERAS: sys.executable}
_CHOICES: Mapping[str, tuple[str, ...]] = {"": (CAMERAS, FILE_CAMERAS), "gstreamer": (CAMERAS,), "files": (FILE_CAMERAS,)}
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=600", "-q")


def has_cameras() -> bool:
    """Can GStreamer's camera program run?"""
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def has_file_cameras() -> bool:
    """Can the camera program of PyPI's packages run?"""
    return all(importlib.util.find_spec(module) for module in _FILE_CAMERA_MODULES)


def _choices() -> tuple[str, ...]:
    """The camera programs that may be taken, the best first."""
    wanted = os.environ.get("LINEOPS_LAB_CAMERAS", "")
    if wanted not in _CHOICES:
        raise LabError(f"LINEOPS_LAB_CAMERAS is {wanted!r}; expected gstreamer or files")
    return _CHOICES[wanted]


def camera_program() -> str | None:
    """The camera program that is to run, by its module; None if none can."""
    can_run = {CAMERAS: has_cameras, FILE_CAMERAS: has_file_cameras}
    return next((program for program in _choices() if can_run[program]()), None)


def missing_for_streams() -> list[str]:
    """The packages that are not there of those that streaming cameras need."""
    return _missing(camera_program())


def _missing(program: str | None) -> list[str]:
    cameras = CAMERA_PACKAGES if CAMERAS in _choices() else (FILE_CAMERA_PACKAGE,)
    return [*([] if program else cameras), *([] if ffmpeg() else ["ffmpeg"])]


def commands(packages: Iterable[str]) -> list[list[str]]:
    """The command lines that install packages."""
    return [[*_APT, "update"], [*_APT, "install", "-y", "--no-install-recommends", *packages]]


def provide_streams(say: Callable[[str], None]) -> None:
    """Install what streaming cameras need if it is not there; LabError for an ordinary user, or if that fails.

    GStreamer is the rule, so it is installed where it can be, also if the other program could do.
    """
    program = camera_program()
    missing = _missing(program)
    if FILE_CAMERA_PACKAGE in missing:
        raise LabError(f"{_PIP}, or do without LINEOPS_LAB_CAMERAS")
    may_install = os.geteuid() == 0 and shutil.which("apt-get")
    wanted = [*CAMERA_PACKAGES, *missing] if may_install and program == FILE_CAMERAS and CAMERAS in _choices() else missing
    if not wanted:
        return
    words = " ".join(wanted)
    if not may_install:
        raise LabError(f"streaming cameras need packages that are missing; as root: apt-get install {words}"
                       + ("" if program else f"; or as anybody: {_PIP}"))
    say(f"installing {words} …")
    try:
        _install(wanted)
    except LabError as error:
        if missing:
            raise
        say(f"{error}; it goes on with {FILE_CAMERA_PACKAGE}")


def _install(packages: Iterable[str]) -> None:
    for command in commands(packages):
        done = subprocess.run(
            command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{' '.join(command)} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
