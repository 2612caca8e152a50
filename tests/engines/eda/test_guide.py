# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/eda.md from zero to healed incidents: its own commands, in a fresh tree, on cameras that stream."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plants import until
from rulebooks import Rulebook, require_java
from runs import Running
from streams import needs_cameras
from test_play_installed import clone_to

from lab import api
from lab.faults import fault
from lab.packages import CAMERA_PACKAGES
from lab.plant import Plant
from lab.processes import REPOSITORY

GUIDE = (REPOSITORY / "docs/eda.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^<!-- tested: (\w+) -->\n```shell\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
HOST = "line1-hmi1"
#: Where what Python prints is seen at once.
AS_ON_A_TERMINAL = {"PYTHONUNBUFFERED": "1"}


class Tree:
    """A clone in which somebody follows the guide."""

    def __init__(self, base: Path) -> None:
        self.base, self.tree = base, base / "lineops.runbook"
        clone_to(self.tree)
        (self.tree / ".venv").symlink_to(sys.prefix)  # for: make venv && .venv/bin/pip install ansible-rulebook
        self._runs = 0

    def start(self, name: str) -> Running:
        """Begin a block of the guide in a shell that has the exports of the first one."""
        self._runs += 1
        exports = "".join(line for line in BLOCKS["setup"].splitlines(keepends=True) if line.startswith("export "))
        script = f"set -euo pipefail\n{exports if name != 'setup' else ''}{BLOCKS[name]}"
        return Running(["bash", "-c", script], cwd=self.tree, home=self.base / f"home{self._runs}", environment=AS_ON_A_TERMINAL)

    def run(self, name: str) -> str:
        """Run a block to its end."""
        done = self.start(name).finish()
        assert done.code == 0, done.text
        return done.out

    def healed(self, runner: str) -> list[dict[str, Any]]:
        """What a rule has healed, by the journal."""
        path = self.tree / f".lab/state/{HOST}/journal.jsonl"
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]] if path.exists() else []
        return [entry for entry in entries if entry["event"] == "healed" and entry["runner"] == runner]


class Followed:
    """The guide, step by step."""

    def __init__(self, base: Path) -> None:
        tree = Tree(base)
        tree.run("setup")
        rules = tree.start("rules")
        book = Rulebook(rules)
        try:
            self.start = book.until_told(kind="heartbeat")
            self.restarted = self._kill(tree.tree / ".lab", "cam2")
            tree.run("plc")
            until(lambda: tree.healed("eda-plc-failed"), "the PLC is back")
            tree.run("stream")
            until(lambda: tree.healed("eda-streams-failed"), "the stream is back")
            self.journal = tree.run("journal")
        finally:
            rules.signal_group(signal.SIGINT)
            self.rules = rules.finish()
            rules.kill()
            self.end = tree.run("end")

    @staticmethod
    def _kill(folder: Path, camera: str) -> dict[str, Any]:
        """End a camera's ffmpeg; what monitor/streams says of it as soon as another one runs."""
        plant = Plant.load(folder)
        url = f"{plant.hosts[0].url}/api/monitor/streams"
        before = api.call("GET", url).body["streams"][camera]
        fault(plant, plant.hosts[0], "ffmpeg-killed", [f"camera={camera}"])

        def again() -> dict[str, Any] | None:
            seen = api.call("GET", url, timeout=60).body["streams"][camera]
            other = seen["process_pid"] not in (None, before["process_pid"])
            return seen if other and seen["running"] and seen["hls"]["playlist_exists"] else None

        return until(again, "another ffmpeg runs")


@pytest.fixture(scope="class")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    require_java()
    yield Followed(tmp_path_factory.mktemp("guide"))


def test_packages_of_the_guide_are_those_that_are_needed() -> None:
    install = re.findall(r"^```shell\n(sudo apt-get install -y .*?)git clone", GUIDE, re.MULTILINE | re.DOTALL)[0]
    assert {*CAMERA_PACKAGES, "ffmpeg"} <= set(install.split())


@needs_cameras
class TestGuide:
    """One class, one tree."""

    def test_event_rules_heal_what_the_guide_breaks(self, followed: Followed) -> None:
        assert followed.start["hosts"] == 1
        assert "eda-plc-failed" in followed.journal and "eda-streams-failed" in followed.journal
        assert f"{HOST}: HEALED - found: " in followed.rules.out

    def test_a_killed_ffmpeg_is_brought_back(self, followed: Followed) -> None:
        """By the supervisor itself, before the looks agree, or by Playbook A."""
        assert followed.restarted["metrics"]["starts_total"] > 1

    def test_nothing_is_left(self, followed: Followed) -> None:
        assert re.search(r"^ended \d+ processes", followed.end, re.MULTILINE)
