# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands as they are documented: from a clone under any name, and from the built and installed collection."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from plants import PlantLab
from runs import Run, Running
from truth import flag

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID
from lab.processes import REPOSITORY

AS_AN_OPERATOR: dict[str, str] = {}  # no setting of Ansible at all


def git(*words: str | Path, cwd: Path = REPOSITORY) -> str:
    return subprocess.run(["git", *map(str, words)], cwd=cwd, check=True, capture_output=True, text=True).stdout


def clone_to(folder: Path) -> None:
    """What `git clone` gives once everything here is committed: the clone, and over it what is not committed yet."""
    git("clone", "--quiet", REPOSITORY, folder)
    for name in git("ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard").split("\0"):
        if not name:
            continue
        (folder / name).unlink(missing_ok=True)
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)


class Cloned:
    """A clone in a folder with a blank in its name, the plant's inventory in its inventory/lab."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab, self.folder = lab, lab.base / "some where"
        clone_to(self.folder)
        shutil.copytree(lab.inventory, self.folder / "inventory/lab", dirs_exist_ok=True)

    def run(self, name: str, *words: str, cwd: Path) -> Run:
        run = Running(list(words), cwd=cwd, home=self.lab.base / name, environment=AS_AN_OPERATOR).finish()
        self.lab.assert_no_secret(run)
        return run


@pytest.fixture(scope="class")
def cloned(new_lab: Callable[[int, int], PlantLab]) -> Cloned:
    return Cloned(new_lab(3, 2))


class TestAsDocumented:
    """One plant; the tests build on each other: broken, healed, healthy."""

    @pytest.mark.smoke
    def test_command_of_the_readme_heals_line_3(self, cloned: Cloned) -> None:
        for host in ("line3-hmi1", "line3-hmi2"):
            cloned.lab.fault(host, "route-removed")
        run = cloned.run(
            "first", "ansible-playbook", "playbook_b_plc.yml", "-l", "line3", cwd=cloned.folder / "playbooks")
        assert run.code == 0, run.text
        for host in ("line3-hmi1", "line3-hmi2"):
            assert run.recap[host].items() >= {"changed": 3, "failed": 0}.items()
            plant = cloned.lab.host(host)
            assert cloned.lab.observer.routes(plant) == {SUPERVISOR_NET_ID: SUPERVISOR_IP} and flag(plant)
            assert cloned.lab.observer.value(plant) is False

    @pytest.mark.smoke
    def test_again_it_changes_nothing(self, cloned: Cloned) -> None:
        run = cloned.run(
            "second", "ansible-playbook", "playbook_b_plc.yml", "-l", "line3", cwd=cloned.folder / "playbooks")
        assert run.code == 0, run.text
        told = " ".join(run.out.split())  # a shell's lines are wrapped
        for host in ("line3-hmi1", "line3-hmi2"):
            assert run.recap[host].items() >= {"changed": 0, "failed": 0}.items()
            assert f"{host}: HEALTHY - The PLC {cloned.lab.host(host).plc_name} answers and takes commands." in told

    @pytest.mark.smoke
    def test_playbook_a_plans_what_the_cameras_ask_for(self, cloned: Cloned) -> None:
        """On this plant nobody has started the core cameras; Playbook A itself is played where cameras stream."""
        run = cloned.run(
            "cameras", "ansible-playbook", "playbook_a_stream.yml", "--check", "-l", "line3", cwd=cloned.folder / "playbooks")
        assert run.code == 0, run.text
        told = " ".join(run.out.split())
        for host in ("line3-hmi1", "line3-hmi2"):
            assert run.recap[host].items() >= {"changed": 0, "failed": 0}.items()
            assert f"{host}: PLANNED - Nobody has started cam1 since the supervisor on {host} began (core camera" in told
        assert told.count("would: restart the stream of cam1 |") == 2

    def test_installed_collection_runs_by_its_name(self, cloned: Cloned) -> None:
        empty = cloned.lab.base / "empty"
        empty.mkdir()
        home = cloned.lab.base / "third"
        galaxy = ("ansible-galaxy", "collection")
        built = cloned.run("build", *galaxy, "build", "--output-path", str(empty), cwd=cloned.folder)
        (tarball,) = empty.glob("lineops-runbook-*.tar.gz")
        collections = home / ".ansible/collections"
        installed = cloned.run(
            "install", *galaxy, "install", "--offline", str(tarball), "-p", str(collections), cwd=empty)
        assert (built.code, installed.code) == (0, 0), built.text + installed.text
        tarball.unlink()
        run = cloned.run(
            "third", "ansible-playbook", "lineops.runbook.playbook_b_plc", "-i", str(cloned.lab.inventory),
            "-l", "line3", cwd=empty)
        assert run.code == 0, run.text
        assert "line3-hmi1: HEALTHY" in " ".join(run.out.split()) and list(empty.iterdir()) == []
