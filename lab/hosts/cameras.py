# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cameras: one RTSP program in the controller's network serves all of them, so that a stalled one is everybody's.

What is wrong with one of them is a file, which outlasts the program; the program looks again when it is told to.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import LabError
from ..plant import CAMERA_USER, Host, Plant, write_private
from ..processes import REPOSITORY, output_file
from ..waiting import Watch
from . import layout
from .cgroups import Cgroup
from .tools import SYSTEM_PYTHON

_PROGRAM = REPOSITORY / "lab" / "camera" / "rtsp.py"


def group(plant: Plant) -> Cgroup:
    """The control group of the camera program."""
    return Cgroup(layout.mark(plant.block, "cameras"))


def trouble_file(plant: Plant, host: Host, camera: str) -> Path:
    """What is wrong with a camera, if it is there."""
    return plant.folder / "config" / f"{host.name}.{camera}.trouble.json"


def trouble(plant: Plant, host: Host, camera: str, what: Mapping[str, Any]) -> None:
    """Let something be wrong with a camera, in place of what was (see lab/camera/source.py)."""
    if not group(plant).pids():
        raise LabError("the camera program does not run")
    write_private(trouble_file(plant, host, camera), what)
    group(plant).tell(signal.SIGHUP)


def troubles(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say what is wrong with a host's cameras."""
    found = []
    for camera in plant.cameras(host):
        with suppress(FileNotFoundError):
            what = json.loads(trouble_file(plant, host, camera).read_text(encoding="utf-8"))
            found.append(f"source of {camera}: {', '.join(what)}")
    return tuple(found)


def heal(plant: Plant, host: Host, watch: Watch) -> None:
    """Let nothing be wrong with a host's cameras, and the camera program run."""
    for camera in plant.cameras(host):
        trouble_file(plant, host, camera).unlink(missing_ok=True)
    group(plant).tell(signal.SIGCONT)
    start(plant, watch)
    group(plant).tell(signal.SIGHUP)
    for camera in plant.cameras(host):
        watch.wait(lambda camera=camera: _listens(host.camera_ip, plant.camera_port(host, camera)),
                   f"{camera} of {host.name} listens")


def start(plant: Plant, watch: Watch) -> None:
    """Start the cameras and wait until they answer; nothing happens if they run."""
    if group(plant).pids():
        return
    config = plant.folder / "config" / "cameras.json"
    address, sources = plant.hosts[0].camera_ip, list(_sources(plant))
    write_private(config, {"address": address, "sources": sources})
    group(plant).make()
    with output_file(config).open("ab") as output:
        process = subprocess.Popen(
            group(plant).entering([SYSTEM_PYTHON, str(_PROGRAM), str(config)]), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )

    def answers() -> bool:
        if process.poll() is not None:
            raise LabError(f"the camera program ended with {process.returncode}; see {output_file(config)}")
        return any(_listens(address, source["port"]) for source in sources)  # some may be gone on purpose

    watch.wait(answers, "the cameras answer")


def _sources(plant: Plant) -> Iterator[dict[str, Any]]:
    for host in plant.hosts:
        for camera in plant.cameras(host):
            yield {"port": plant.camera_port(host, camera), "path": f"/{host.name}/{camera}", "user": CAMERA_USER,
                   "password": plant.line(host.line).camera_password, "trouble": str(trouble_file(plant, host, camera))}


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True
