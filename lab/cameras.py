# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cameras of a lab: one program that serves a source per camera; packages.py says which program that is.

What is wrong with one of them is a file, which outlasts the program; the program looks again when it is told to.
"""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import packages, processes
from .errors import LabError
from .plant import CAMERA_USER, Host, Plant, write_private
from .waiting import Watch


def _config(plant: Plant) -> Path:
    """The camera program's configuration. No other program has it, so that it tells the program, whichever it is."""
    return plant.folder / "config" / "cameras.json"


def tell(plant: Plant, number: signal.Signals) -> None:
    """Send the camera program a signal; LabError if it does not run."""
    if not processes.tell(None, _config(plant), number):
        raise LabError("the camera program does not run")


def trouble_file(plant: Plant, host: Host, camera: str) -> Path:
    """What is wrong with a camera, if it is there."""
    return plant.folder / "config" / f"{host.name}.{camera}.trouble.json"


def trouble(plant: Plant, host: Host, camera: str, what: Mapping[str, Any]) -> None:
    """Let something be wrong with a camera, in place of what was (see lab/camera/trouble.py)."""
    write_private(trouble_file(plant, host, camera), what)
    tell(plant, signal.SIGHUP)


def troubles(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say what is wrong with a host's cameras."""
    found = []
    for camera in plant.cameras(host):
        with suppress(FileNotFoundError):
            what = json.loads(trouble_file(plant, host, camera).read_text(encoding="utf-8"))
            found.append(f"source of {camera}: {', '.join(what)}")
    return tuple(found)


def heal(plant: Plant, host: Host, watch: Watch) -> list[str]:
    """Let nothing be wrong with a host's cameras, and the camera program run; nothing happens if none streams.

    Returns the cameras something was wrong with: they have now cut off who watched them.
    """
    if not plant.streaming:
        return []
    troubled = [camera for camera in plant.cameras(host) if trouble_file(plant, host, camera).exists()]
    for camera in troubled:
        trouble_file(plant, host, camera).unlink()
    processes.tell(None, _config(plant), signal.SIGCONT)
    start(plant, watch)
    tell(plant, signal.SIGHUP)
    for camera in plant.cameras(host):
        watch.wait(lambda camera=camera: _listens(host.camera_ip, plant.camera_port(host, camera)),
                   f"{camera} of {host.name} listens")
    return troubled


def start(plant: Plant, watch: Watch) -> None:
    """Start the cameras and wait until they answer; nothing happens if they run."""
    config = _config(plant)
    if processes.find(None, config):
        return
    sources = list(_sources(plant))
    write_private(config, {"sources": sources})
    program = packages.camera_program() or processes.CAMERAS  # which then says what it misses
    process = processes.start(program, config, python=packages.CAMERA_PYTHON[program])

    def answers() -> bool:
        if process.poll() is not None:
            raise LabError(f"the camera program ended with {process.returncode}: {processes.last_words(config)}")
        return any(_listens(source["address"], source["port"]) for source in sources)  # some may be gone on purpose

    watch.wait(answers, "the cameras answer")


def _sources(plant: Plant) -> Iterator[dict[str, Any]]:
    for host in plant.hosts:
        for camera in plant.cameras(host):
            yield {"address": host.camera_ip, "port": plant.camera_port(host, camera), "path": f"/{host.name}/{camera}",
                   "user": CAMERA_USER, "password": plant.line(host.line).camera_password,
                   "trouble": str(trouble_file(plant, host, camera))}


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True
