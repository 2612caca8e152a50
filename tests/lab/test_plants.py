# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests' own lab: it ends with the tests, also when they are killed; and its observer hurts nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from plants import PlantLab, until
from truth import flag

from lab import processes
from lab.packages import missing_for_streams
from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

START = """
import pathlib, sys, time
from plants import PlantLab
lab = PlantLab(pathlib.Path(sys.argv[1]), 1, 1)
print("up", flush=True)
time.sleep(600)
"""


def test_lab_ends_when_its_tests_are_killed(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(processes.REPOSITORY), str(Path(__file__).parent)])
    with subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
        text=True,
    ) as owner:
        assert owner.stdout.readline() == "up\n"
        running = processes.find(None, tmp_path / "lab")
        owner.send_signal(signal.SIGKILL)
    assert len(running) == 2
    until(lambda: not processes.find(None, tmp_path / "lab"), "the lab has ended")


@pytest.mark.skipif(bool(missing_for_streams()), reason="no streaming cameras here; tests/standins names what is missing")
def test_cameras_stream_if_they_are_to(new_lab: Callable[..., PlantLab]) -> None:
    lab = new_lab(1, 1, streaming=True)
    host = lab.plant.hosts[0]
    lab.fault(host.name, "ffmpeg-stopped camera=cam2")
    written = {camera: lab.plant.playlist(host, camera).stat().st_mtime for camera in lab.plant.cameras(host)}
    until(lambda: lab.plant.playlist(host, "cam1").stat().st_mtime >= written["cam1"] + 3, "cam1 goes on for 3 s")
    assert lab.plant.playlist(host, "cam2").stat().st_mtime < written["cam2"] + 1


def test_observer_sees_the_truth_and_leaves_the_supervisor_alone(new_lab: Callable[[int, int], PlantLab]) -> None:
    lab = new_lab(1, 1)
    host = lab.plant.hosts[0]
    before = lab.links(host.name)
    assert lab.observer.routes(host) == {SUPERVISOR_NET_ID: SUPERVISOR_IP}
    assert lab.observer.value(host) is False
    lab.ask(host.name, "write", name="MAIN.bOpsTest", value=True)
    assert lab.observer.value(host) is True
    lab.fault(host.name, "route-removed")
    assert lab.observer.routes(host) == {}
    assert len(before) == 1 and lab.links(host.name) == before and flag(host)
