# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ffmpeg that write streams on the loopback lab: children of a supervisor, or of nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from . import processes
from .errors import LabError
from .plant import Host, Plant
from .processes import FFMPEG, SUPERVISOR
from .stream_faults import Writers

#: Starts a program and leaves it alone: what it starts has no parent, as after a hard exit (quirk 13).
_ORPHAN = "import os, sys; os.posix_spawn(sys.argv[1], sys.argv[2:], os.environ)"


def _of_supervisor(plant: Plant, host: Host, pid: int) -> bool:
    """Is a process a child of the host's supervisor?"""
    return processes.stat(pid)[1] in processes.find(SUPERVISOR, plant.supervisor_config(host))


def _own(plant: Plant, host: Host, camera: str) -> int:
    """The supervisor's own ffmpeg for a camera; LabError if there is none."""
    for pid in processes.find(FFMPEG, plant.playlist(host, camera)):
        if _of_supervisor(plant, host, pid):
            return pid
    raise LabError(f"the supervisor of {host.name} runs no ffmpeg for {camera}")


def _send(plant: Plant, host: Host, camera: str, number: signal.Signals) -> None:
    own = _own(plant, host, camera)
    processes.tell(FFMPEG, plant.playlist(host, camera), number, lambda pid: pid == own)


def _add(plant: Plant, host: Host, camera: str) -> None:
    """Run the supervisor's own command line once more."""
    process = Path(f"/proc/{_own(plant, host, camera)}")
    program, folder = os.readlink(process / "exe"), os.readlink(process / "cwd")
    words = (process / "cmdline").read_bytes().split(b"\0")[:-1]
    subprocess.run(
        [sys.executable, "-c", _ORPHAN, program, *words], cwd=folder, check=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def heal(plant: Plant, host: Host) -> None:
    """Let every ffmpeg go on, and end those that no supervisor has started or is left of."""
    processes.tell(FFMPEG, plant.hls_dir(host), signal.SIGCONT)
    processes.stop(FFMPEG, plant.hls_dir(host), chosen=lambda pid: not _of_supervisor(plant, host, pid))


def changes(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say which cameras have a writer that is not the supervisor's."""
    return tuple(
        f"another writer of {camera}" for camera in plant.cameras(host)
        if any(not _of_supervisor(plant, host, pid) for pid in processes.find(FFMPEG, plant.playlist(host, camera))))


WRITERS = Writers(_send, _add)
