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

from plants import PlantLab, until
from truth import flag

from lab import processes
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
