# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What boots the hosts of a lab: which engine is chosen, and what it is told. Nothing is started here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.hosts import docker, needs, podman
from lab.hosts.engine import Engine
from lab.hosts.engines import ENGINES, choose
from lab.hosts.nspawn import NSPAWN
from lab.plant import HOSTS, Plant

MARK, ROOT = "lol-7-line1-hmi1", Path("/lab/machines/line1-hmi1/root")


def _engines(*working: str) -> dict[str, Engine]:
    """All engines, of which those named answer; systemd-nspawn always does."""
    return {
        name: engine if engine is NSPAWN else dataclasses.replace(
            engine, why_not=lambda name=name: None if name in working else f"{name} does not answer")
        for name, engine in ENGINES.items()
    }


@pytest.mark.parametrize(("wanted", "working", "chosen"), [
    ("", (), "nspawn"),
    ("", ("docker",), "docker"),
    ("", ("docker", "podman"), "podman"),
    ("nspawn", ("docker", "podman"), "nspawn"),
    ("docker", ("podman",), "docker"),  # it is then told why it cannot be, by why_not
])
def test_an_engine_is_the_one_named_or_the_first_that_answers(wanted: str, working: tuple[str, ...], chosen: str) -> None:
    assert choose(wanted, _engines(*working)).name == chosen


def test_a_name_that_is_none_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_ENGINE", "lxc")
    with pytest.raises(LabError, match=r"^LAB_ENGINE is 'lxc'; expected one of docker, nspawn, podman$"):
        choose()


@pytest.mark.skipif(needs.obstacle() is not None, reason="this is said to root only")
def test_a_lab_says_why_the_engine_it_shall_take_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_ENGINE", "lxc")
    assert needs.why_not() == "LAB_ENGINE is 'lxc'; expected one of docker, nspawn, podman"
    monkeypatch.setenv("LAB_ENGINE", "silent")
    silent = dataclasses.replace(NSPAWN, name="silent", programs={}, why_not=lambda: "it does not answer")
    monkeypatch.setitem(ENGINES, "silent", silent)
    monkeypatch.setattr(needs, "PROGRAMS", {})
    monkeypatch.setattr(needs, "has_cameras", lambda: True)
    assert needs.why_not() == "it does not answer"
    monkeypatch.setitem(ENGINES, "silent", dataclasses.replace(silent, programs={"no-such-program": "a-package"}))
    assert needs.why_not() == "these packages are missing: a-package; install them with: make lab-hosts"


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_an_engine_that_is_not_installed_says_so(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    module = {"docker": docker, "podman": podman}[name]
    assert module._why_not.__wrapped__() == f"{name} is not installed"


def test_a_docker_without_its_daemon_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client alone is often there: the choice must not fall on it."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho Cannot connect to the Docker daemon >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    reason = docker._why_not.__wrapped__()
    assert reason.startswith("docker does not answer: ") and reason.endswith("Cannot connect to the Docker daemon")


def test_podman_keeps_to_its_folder() -> None:
    """Storage, state and locks anywhere else would be shared with the podman of others, and stay behind."""
    folder = Path("/run") / MARK
    assert podman.podman(folder) == [
        "env", f"CONTAINERS_CONF={folder}/containers.conf", "podman", f"--root={folder}/root", f"--runroot={folder}/run",
        "--storage-driver=vfs", f"--runtime-flag=root={folder}/runtime"]
    settings = podman.settings(folder).splitlines()
    assert {'lock_type = "file"', f'tmp_dir = "{folder}/tmp"', "default_ulimits = []"} <= set(settings)
    assert not any(line.startswith("runtime") for line in settings)
    assert 'runtime = "runc"' in podman.settings(folder, "runc").splitlines()


def test_podman_boots_the_host_in_its_own_group_and_network() -> None:
    command = podman.booting(Path("/run") / MARK, "line1-hmi1", ROOT)
    assert command[-3:] == ["--rootfs", str(ROOT), "/sbin/init"]
    assert {f"--cgroup-parent=/{MARK}", f"--network=ns:/run/netns/{MARK}", "--hostname=line1-hmi1", "--rm"} <= set(command)


def test_docker_mounts_the_hosts_folders_and_goes_where_it_belongs_first() -> None:
    mounted = docker.mounts(MARK, ROOT, [Path("/sys/fs/cgroup/unified")], ["etc", "usr"])
    command = docker.booting(MARK, "line1-hmi1", mounted, ["first", "/sbin/init"])
    assert command[-3:] == [MARK, "first", "/sbin/init"]
    assert [word.partition(",")[2] for word in command if word.startswith("--mount=")] == [
        f"source={ROOT}/etc,target=/etc", f"source={ROOT}/usr,target=/usr", f"source={ROOT}/etc/hosts,target=/etc/hosts",
        f"source=/run/netns/{MARK},target=/.lineops-network",
        "source=/sys/fs/cgroup/unified,target=/sys/fs/cgroup/unified",
    ]


def test_a_lab_remembers_its_engine(tmp_path: Path) -> None:
    """``fault`` and ``heal`` are other processes, perhaps with another LAB_ENGINE."""
    Plant(tmp_path, tmp_path / "inventory", 7, [], [], HOSTS, "podman").save()
    assert Plant.load(tmp_path).engine == "podman"
