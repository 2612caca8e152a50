# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cameras: one RTSP program in the controller's network serves all of them, so that a stalled one is everybody's."""

from __future__ import annotations

import json
import socket
import subprocess

from ..errors import LabError
from ..plant import CAMERA_PORT, Plant
from ..processes import REPOSITORY, output_file
from ..waiting import Watch
from . import layout
from .cgroups import Cgroup
from .tools import SYSTEM_PYTHON

_PROGRAM = REPOSITORY / "lab" / "camera" / "rtsp.py"


def group(plant: Plant) -> Cgroup:
    """The control group of the camera program."""
    return Cgroup(layout.mark(plant.block, "cameras"))


def start(plant: Plant, watch: Watch) -> None:
    """Start the cameras and wait until they answer; nothing happens if they run."""
    if group(plant).pids():
        return
    config = plant.folder / "config" / "cameras.json"
    address = plant.hosts[0].camera_ip
    config.write_text(json.dumps({
        "address": address, "port": CAMERA_PORT,
        "paths": [f"/{host.name}/{camera}" for host in plant.hosts for camera in plant.cameras(host)],
    }), encoding="utf-8")
    group(plant).make()
    with output_file(config).open("ab") as output:
        process = subprocess.Popen(
            group(plant).entering([SYSTEM_PYTHON, str(_PROGRAM), str(config)]), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )

    def answers() -> bool:
        if process.poll() is not None:
            raise LabError(f"the camera program ended with {process.returncode}; see {output_file(config)}")
        try:
            socket.create_connection((address, CAMERA_PORT), 1).close()
        except OSError:
            return False
        return True

    watch.wait(answers, "the cameras answer")
