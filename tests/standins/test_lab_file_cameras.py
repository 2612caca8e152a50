# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera program for machines without GStreamer: alone, on a lab, and when it is taken."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sources
from labs import LabCommand
from plcs import REPOSITORY, until

from lab import packages, processes
from lab.camera.trouble import FRAMES_PER_S
from lab.errors import LabError
from lab.processes import CAMERAS, FILE_CAMERAS
from lab.supervisor.streams import INPUT, ffmpeg

TICKS = 90000 // FRAMES_PER_S  #: of RTP's clock, from frame to frame
FILM_S = 2
Frames = Callable[[], list[int]]  #: tells what was seen so far, of each frame its time stamp
_PROGRAM = f"from lab.camera import files; files.FILM_S = {FILM_S}; files.main()"

runs = pytest.mark.skipif(
    not (packages.has_file_cameras() and ffmpeg()), reason=f"{packages.FILE_CAMERA_PACKAGE} or ffmpeg is missing")


class Cameras:
    """The program with two cameras and a film of two seconds."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder, self._address, self._ports = folder, address, {"cam1": 8554, "cam2": 8556}
        self._trouble = folder / "cam1.trouble.json"
        config = folder / "cameras.json"
        config.write_text(json.dumps({"sources": [
            {"address": address, "port": port, "path": f"/{camera}", "user": "viewer", "password": "secret",
             "trouble": str(folder / f"{camera}.trouble.json")} for camera, port in self._ports.items()]}), encoding="utf-8")
        self.output = folder / "cameras.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(config)], cwd=REPOSITORY, stdout=output, stderr=output)

    def url(self, camera: str = "cam1", password: str = "secret") -> str:
        """A camera's address."""
        return f"rtsp://viewer:{password}@{self._address}:{self._ports[camera]}/{camera}"

    def is_wrong(self, **what: Any) -> None:
        """Let something be wrong with cam1; with nothing it is well again."""
        self._trouble.write_text(json.dumps(what), encoding="utf-8")
        self.process.send_signal(signal.SIGHUP)

    @contextmanager
    def watched(self, camera: str = "cam1") -> Iterator[Frames]:
        """Watch a camera; yields what tells its frames so far."""
        seen = self._folder / f"{camera}.frames"
        command = [ffmpeg(), *INPUT, self.url(camera), "-c", "copy", "-flush_packets", "1", "-f", "framecrc", "-y", str(seen)]

        def frames() -> list[int]:
            lines = seen.read_text(encoding="ascii").splitlines(True) if seen.exists() else []
            return [int(line.split(",")[2]) for line in lines if line[0] != "#" and line[-1] == "\n"]

        with subprocess.Popen(command) as viewer:
            try:
                until(frames, f"{camera} shows a picture")
                yield frames
            finally:
                viewer.kill()
                seen.unlink()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, new_address: Callable[[], str]) -> Iterator[Cameras]:
    """The program, which listens."""
    cameras = Cameras(tmp_path_factory.mktemp("file-cameras"), new_address())
    try:
        until(lambda: "ready\n" in cameras.output.read_text(encoding="utf-8"), "it is ready")
        yield cameras
    finally:
        cameras.process.terminate()
        cameras.process.wait()


@pytest.fixture(scope="module")
def others(program: Cameras) -> Iterator[Frames]:
    """The frames of cam2, with which nothing is ever wrong: a measure of time."""
    with program.watched("cam2") as frames:
        yield frames


@pytest.fixture
def cameras(program: Cameras) -> Iterator[Cameras]:
    """The program; cam1 is well again afterwards."""
    yield program
    program.is_wrong()
    until(lambda: sources.describe(program.url()) == "200", "cam1 is well again")


@runs
def test_film_goes_on_without_a_seam_in_real_time(cameras: Cameras) -> None:
    began = time.monotonic()
    with cameras.watched() as frames:
        count = FRAMES_PER_S * FILM_S * 2
        until(lambda: len(frames()) > count, "two seams")
        took_s, stamps = time.monotonic() - began, frames()[1:]  # ffmpeg does not know that of the first, nor with GStreamer
    assert stamps == [*range(stamps[0], stamps[0] + TICKS * len(stamps), TICKS)]
    assert took_s >= count / FRAMES_PER_S - 0.5


@runs
def test_login_and_path_are_asked_for(cameras: Cameras) -> None:
    assert sources.describe(cameras.url()) == "200"
    assert sources.describe(cameras.url(password="wrong")) == "401"
    assert sources.describe(cameras.url().replace("/cam1", "/cam2")) == "404"


@runs
@pytest.mark.parametrize(("trouble", "answer"), [({"gone": True}, "refused"), ({"password": "other"}, "401")])
def test_source_that_gives_nothing_cuts_off_who_watches(
    cameras: Cameras, others: Frames, trouble: dict[str, Any], answer: str
) -> None:
    with cameras.watched() as frames:
        cameras.is_wrong(**trouble)
        until(lambda: sources.describe(cameras.url()) == answer, "it answers otherwise")
        assert "password" not in trouble or sources.describe(cameras.url(password="other")) == "200"
        before, passed = len(frames()), len(others())
        until(lambda: len(others()) >= passed + 5, "cam2 goes on")
        assert len(frames()) <= before + 1


@runs
def test_frozen_source_answers_and_stands(cameras: Cameras, others: Frames) -> None:
    with cameras.watched() as frames:
        cameras.is_wrong(frozen=True)
        passed = len(others())
        until(lambda: len(others()) >= passed + 3, "it has looked")
        before = len(frames())
        until(lambda: len(others()) >= passed + 10, "cam2 goes on")
        assert len(frames()) == before and sources.describe(cameras.url()) == "200"


@runs
def test_slow_source_falls_behind(cameras: Cameras, others: Frames) -> None:
    cameras.is_wrong(percent=50)
    with cameras.watched() as frames:
        before, passed = len(frames()), len(others())
        until(lambda: len(others()) >= passed + 40, "four seconds of cam2")
        assert 10 <= len(frames()) - before <= 30


@runs
def test_flapping_source_is_gone_and_back(cameras: Cameras) -> None:
    cameras.is_wrong(flap_s=0.3)
    for answer in ("refused", "200") * 4:
        until(lambda answer=answer: sources.describe(cameras.url()) == answer, f"it flaps: {answer}")


@runs
def test_lab_streams_breaks_and_heals_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEOPS_LAB_CAMERAS", "files")
    lab = LabCommand(tmp_path)
    try:
        lab.run("up", "--lines", "1", "--hosts", "1", "--cameras")
        assert processes.find(FILE_CAMERAS, lab.folder) and not processes.find(CAMERAS, lab.folder)
        (host,) = lab.plant.hosts

        def sequence(camera: str) -> int:
            try:
                return sources.media_sequence(lab.plant.playlist(host, camera).read_text(encoding="utf-8"))
            except FileNotFoundError:
                return -1

        first, began = sequence("cam2"), time.monotonic()
        until(lambda: sequence("cam2") >= first + 4, "cam2 moves")
        assert time.monotonic() - began >= 2.5  # not faster than time, the first segment aside
        lab.run("fault", host.name, "source-gone", "camera=cam1")
        until(lambda: sources.describe(lab.plant.cameras(host)["cam1"]["url"]) == "refused", "cam1 is gone")
        lab.run("heal", host.name)
        assert lab.status()[host.name]["streams"] == ["cam1", "cam2"]
    finally:
        lab.run("down")
    assert not lab.pids()


@pytest.mark.parametrize(("wanted", "gstreamer", "files", "program"), [
    ("", True, True, CAMERAS), ("", False, True, FILE_CAMERAS), ("", False, False, None),
    ("files", True, True, FILE_CAMERAS), ("files", True, False, None), ("gstreamer", False, True, None),
])
def test_gstreamer_is_taken_where_it_runs_unless_another_is_wanted(
    wanted: str, gstreamer: bool, files: bool, program: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEOPS_LAB_CAMERAS", wanted)
    monkeypatch.setattr(packages, "has_cameras", lambda: gstreamer)
    monkeypatch.setattr(packages, "has_file_cameras", lambda: files)
    monkeypatch.setattr(packages, "ffmpeg", lambda: "/usr/bin/ffmpeg")
    assert packages.camera_program() == program
    assert bool(packages.missing_for_streams()) is (program is None)


def _as(user: int, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Without GStreamer, with the other program, and apt-get that fails; returns what is run."""
    ran: list[list[str]] = []

    def run(command: list[str], **dummy: Any) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 100, "", "no network")

    monkeypatch.delenv("LINEOPS_LAB_CAMERAS", raising=False)
    monkeypatch.setattr(packages, "has_cameras", lambda: False)
    monkeypatch.setattr(packages, "has_file_cameras", lambda: True)
    monkeypatch.setattr(packages, "ffmpeg", lambda: "/usr/bin/ffmpeg")
    monkeypatch.setattr(packages.os, "geteuid", lambda: user)
    monkeypatch.setattr(packages.shutil, "which", lambda dummy: "/usr/bin/apt-get")
    monkeypatch.setattr(packages.subprocess, "run", run)
    return ran


def test_root_gets_gstreamer_and_does_without_if_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    ran, said = _as(0, monkeypatch), []
    packages.provide_streams(said.append)
    assert "update" in ran[0] and said[-1].endswith("no network; it goes on with aio-rtsp-toolkit[server]")


def test_an_ordinary_user_needs_no_more_than_pypi(monkeypatch: pytest.MonkeyPatch) -> None:
    ran, said = _as(1000, monkeypatch), []
    packages.provide_streams(said.append)
    assert (ran, said) == ([], [])
    monkeypatch.setattr(packages, "has_file_cameras", lambda: False)
    with pytest.raises(LabError, match=r"as root: apt-get install .*; or as anybody: pip install 'aio-rtsp-toolkit\[server\]'$"):
        packages.provide_streams(said.append)


def test_a_choice_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEOPS_LAB_CAMERAS", "film")
    with pytest.raises(LabError, match=r"^LINEOPS_LAB_CAMERAS is 'film'; expected gstreamer or files$"):
        packages.missing_for_streams()
