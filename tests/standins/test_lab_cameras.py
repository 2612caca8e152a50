# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streaming cameras on the loopback lab: each fault shows in the plant itself, its processes and files, and heals."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import sources
from disks import mounts_in, room
from labs import LabCommand
from plcs import PATIENCE_S, until

from lab import api, full_disk, packages, ring_faults, stale_files, start, stream_faults, writers
from lab.errors import LabError
from lab.plant import Host

pytestmark = pytest.mark.skipif(
    bool(packages.missing_for_streams()),
    reason=f"no streaming cameras: these packages are missing: {', '.join(packages.missing_for_streams())}")

SMALL = ("--lines", "1", "--hosts", "1", "--cameras")


class Streams:
    """A host's streams as they are: processes, files, sources, and the supervisor's word."""

    def __init__(self, lab: LabCommand, host: Host) -> None:
        self.lab, self.host = lab, host
        self.folder = lab.plant.host_dir(host)

    def fault(self, *words: str) -> str:
        """Break the host."""
        return self.lab.run("fault", self.host.name, *words)

    def heal(self) -> None:
        """Put it right."""
        self.lab.run("heal", self.host.name)

    def faults_shown(self) -> list[str]:
        """What ``status`` says was changed."""
        return self.lab.status()[self.host.name]["changes"]

    def get(self, path: str) -> Any:
        """Ask the supervisor."""
        return api.call("GET", self.host.url + path).body

    def word(self, camera: str = "cam1") -> dict[str, Any]:
        """What monitor/streams says of a camera, out of its read cache or not."""
        return self.get("/api/monitor/streams")["streams"].get(camera, {})

    def post(self, path: str, body: dict[str, Any] | None = None) -> api.Reply:
        """Call the supervisor as its administrator."""
        return self.lab.post(self.host, path, body or {}, "admin_key")

    def supervisor(self) -> int:
        """Its pid."""
        return self.lab.status()[self.host.name]["supervisor_pid"]

    def writers(self, camera: str = "cam1") -> dict[int, psutil.Process]:
        """The processes that write a camera's playlist."""
        playlist = str(self.playlist(camera))
        found = {}
        for process in psutil.process_iter(["cmdline", "status"]):
            if (process.info["cmdline"] or [""])[-1] == playlist and process.info["status"] != psutil.STATUS_ZOMBIE:
                found[process.pid] = process
        return found

    def playlist(self, camera: str = "cam1") -> Path:
        """A camera's playlist."""
        return self.folder / "web/static/hls" / f"{camera}.m3u8"

    def text(self, camera: str = "cam1") -> str:
        """A camera's playlist, nothing if it has none."""
        try:
            return self.playlist(camera).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def sequence(self, camera: str = "cam1") -> int:
        """The media sequence of a camera's playlist, -1 without one."""
        return sources.media_sequence(self.text(camera))

    def moves(self, camera: str = "cam1") -> None:
        """Wait until a playlist gets another segment."""
        first = self.text(camera)
        until(lambda: self.text(camera) not in (first, ""), f"the playlist of {camera} moves")

    def passes(self, segments: int, camera: str = "cam2") -> None:
        """Wait for segments of a camera nobody broke: a measure of time that a busy machine does not shorten."""
        first = self.sequence(camera)
        until(lambda: self.sequence(camera) >= first + segments, f"{segments} segments of {camera}")

    def describe(self, camera: str = "cam1") -> str:
        """What the camera answers to DESCRIBE."""
        return sources.describe(self.lab.plant.cameras(self.host)[camera]["url"])


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    """A lab of two hosts with two cameras each that stream; most tests break the first."""
    command = LabCommand(tmp_path_factory.mktemp("cameras"))
    command.run("up", "--lines", "1", "--hosts", "2", "--cameras")
    yield command
    command.run("down")


@pytest.fixture(scope="module", autouse=True)
def giving_up(streaming: LabCommand) -> Iterator[subprocess.Popen[str]]:
    """The fault that takes longest, on the second host, while the others are tested on the first."""
    with streaming.start("fault", "line1-hmi2", "stream-cooldown") as process:
        yield process


@pytest.fixture
def streams(streaming: LabCommand) -> Iterator[Streams]:
    """Its streams; they are healed afterwards and move then."""
    seen = Streams(streaming, streaming.plant.hosts[0])
    yield seen
    seen.heal()
    status = streaming.status()[seen.host.name]
    assert status["healthy"] and status["streams"] == ["cam1", "cam2"]
    for camera in ("cam1", "cam2"):
        seen.moves(camera)
        assert len(seen.writers(camera)) == 1


# --- up and down -----------------------------------------------------------------------------------------------------


def test_both_cameras_stream_after_up(streams: Streams) -> None:
    cameras = streams.lab.hosts_yml()["line1"]["hosts"][streams.host.name]["lineops_cameras"]
    assert cameras == [{"id": camera, "type": "rtsp", "core": True} for camera in ("cam1", "cam2")]
    for camera in ("cam1", "cam2"):
        assert streams.describe(camera) == "200"
        (process,) = streams.writers(camera).values()
        assert process.ppid() == streams.supervisor() and streams.word(camera)["process_pid"] == process.pid
    lines = streams.lab.run("status").splitlines()
    assert lines[0].split()[-2:] == ["STREAMS", "FAULTS"] and lines[1].endswith("cam1, cam2  -")


def test_down_leaves_no_ffmpeg_and_no_camera(tmp_path: Path) -> None:
    command = LabCommand(tmp_path)
    command.run("up", *SMALL)
    streams = Streams(command, command.plant.hosts[0])
    streams.fault("second-writer")
    streams.fault("ffmpeg-stopped", "camera=cam2")
    streams.fault("supervisor-killed")  # which leaves its ffmpeg behind (quirk 13)
    assert len(streams.writers()) == 2 and len(streams.writers("cam2")) == 1
    command.run("down")
    assert not _processes(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("program", [packages.camera_program(), "ffmpeg"])
def test_interrupted_up_leaves_nothing(tmp_path: Path, program: str, number: signal.Signals) -> None:
    command = LabCommand(tmp_path)
    starting = command.start("up", *SMALL)
    until(lambda: any(program in process.cmdline() for process in _processes(command.folder)), f"{program} runs")
    starting.send_signal(number)
    starting.communicate(timeout=PATIENCE_S)
    assert starting.returncode == 128 + number and not _processes(command.folder)


def _processes(folder: Path) -> list[psutil.Process]:
    """What has to do with a lab, the command that starts it aside."""
    return [process for process in psutil.process_iter(["cmdline"])
            if any(word.startswith(f"{folder}/") for word in process.info["cmdline"] or ())]


def test_missing_packages_are_named_to_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEOPS_LAB_CAMERAS", raising=False)
    monkeypatch.setattr(packages, "camera_program", lambda: None)
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(packages.LabError, match="as root: apt-get install gir1.2-gst-rtsp-server-1.0 .*"):
        packages.provide_streams(print)


def test_every_fault_is_tested_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    faults = (*stream_faults.faults(writers.WRITERS), *full_disk.FAULTS, *stale_files.FAULTS, *ring_faults.FAULTS)
    assert [name for name in faults if f'"{name}"' not in here] == []


# --- ffmpeg ----------------------------------------------------------------------------------------------------------


def test_killed_ffmpeg_is_brought_back_by_recovery(streams: Streams) -> None:
    (before,) = streams.writers()
    streams.fault("ffmpeg-killed", "camera=cam1")
    until(lambda: streams.writers() and before not in streams.writers(), "recovery starts it")
    streams.moves()
    until(lambda: streams.word()["metrics"]["last_exit_code"] == -9, "it was a signal")


def test_stopped_ffmpeg_hangs_and_the_supervisor_sees_nothing(streams: Streams) -> None:
    streams.fault("ffmpeg-stopped", "camera=cam1")
    (process,) = streams.writers().values()
    until(lambda: process.status() == psutil.STATUS_STOPPED, "it stands still")
    first = streams.sequence()
    streams.passes(5)
    assert streams.sequence() == first
    assert streams.word()["running"] and streams.word()["process_pid"] == process.pid
    assert streams.post("/api/cameras/cam1/start").ok and list(streams.writers()) == [process.pid]  # quirk 15
    until(lambda: streams.lab.status()[streams.host.name]["dead_streams"] == ["cam1"], "status tells it")


def test_second_writer_outlives_a_stop(streams: Streams) -> None:
    (own,) = streams.writers()
    streams.fault("second-writer", "camera=cam1")
    writers = streams.writers()
    assert len(writers) == 2 and own in writers
    (orphan,) = (pid for pid in writers if pid != own)
    assert writers[orphan].ppid() not in (streams.supervisor(), own)
    assert writers[orphan].cmdline() == writers[own].cmdline() and streams.word()["process_pid"] == own
    assert streams.faults_shown() == ["another writer of cam1"]
    assert streams.post("/api/cameras/cam1/stop").ok
    until(lambda: list(streams.writers()) == [orphan], "only the orphan writes")
    streams.moves()
    streams.heal()
    assert orphan not in streams.writers()


def test_killed_supervisor_leaves_its_ffmpeg_behind(streams: Streams) -> None:
    (before,) = streams.writers()
    streams.fault("supervisor-killed")
    streams.moves()
    assert list(streams.writers()) == [before]
    streams.heal()
    assert before not in streams.writers()


# --- sources ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "answer"), [("source-gone", "refused"), ("source-wrong-credentials", "401")])
def test_source_that_gives_nothing(streams: Streams, name: str, answer: str) -> None:
    streams.fault(name, "camera=cam1")
    assert until(lambda: streams.describe() != "200" and streams.describe(), "the camera answers otherwise") == answer
    assert streams.describe("cam2") == "200"
    assert streams.faults_shown()[0].startswith("source of cam1: ")
    until(lambda: not streams.playlist().exists(), "there is no playlist")
    streams.moves("cam2")
    streams.heal()
    assert streams.describe() == "200"


@pytest.mark.long
def test_recovery_gives_up(streaming: LabCommand, giving_up: subprocess.Popen[str]) -> None:
    streams = Streams(streaming, streaming.plant.hosts[1])
    assert giving_up.wait(3 * PATIENCE_S) == 0
    # It is over after 120 s, and then takes another 10 s to be there again.
    until(lambda: streams.word()["recovery"]["in_cooldown"], "it has given up", 3 * PATIENCE_S)
    word = streams.word()
    assert word["recovery"]["cooldown_until"] > time.time() and word["metrics"]["last_error"] == "recovery_cooldown"
    assert not streams.writers()
    streams.heal()
    assert streaming.status()[streams.host.name]["healthy"] and not streams.word()["recovery"]["in_cooldown"]
    streams.moves()


@pytest.mark.long
def test_frozen_source_answers_and_sends_nothing(streams: Streams) -> None:
    streams.fault("source-frozen", "camera=cam1")

    def stands() -> bool:
        before = streams.text()
        streams.passes(3)
        return streams.text() in (before, "")  # nothing once its ffmpeg has given up

    until(stands, "cam1 gets no segment while cam2 gets three")
    assert streams.describe() == "200"


@pytest.mark.long
def test_stalled_camera_program_starves_both(streams: Streams) -> None:
    streams.fault("camera-stalled")
    until(lambda: streams.lab.status()[streams.host.name]["streams"] == [], "both playlists are old")


def test_stuttering_source_falls_behind_real_time(streams: Streams) -> None:
    (before,) = streams.writers()
    streams.fault("stream-stuttering", "camera=cam1", "percent=40")
    streams.moves()
    first = streams.sequence()
    streams.passes(10)
    assert 1 <= streams.sequence() - first <= 7
    assert list(streams.writers()) == [before]


@pytest.mark.long
def test_flapping_source_is_gone_and_back(streams: Streams) -> None:
    before = streams.word()["metrics"]["starts_total"]
    streams.fault("source-flapping", "camera=cam1", "seconds=3")
    seen: set[str] = set()

    def has_flapped() -> bool:
        seen.add(streams.describe())
        return seen == {"200", "refused"} and streams.word()["metrics"]["starts_total"] >= before + 2

    until(has_flapped, "gone and back, and started twice")
    assert not streams.word()["recovery"]["in_cooldown"]


@pytest.mark.long
def test_breaker_of_a_stream_opens(streams: Streams) -> None:
    streams.fault("stream-breaker-open", "camera=cam1")
    assert streams.get("/api/monitor/streams")["circuit_breakers"]["stream:rtsp:cam1"]["state"] == "open"
    assert streams.post("/api/cameras/cam1/start").status == 500 and not streams.writers()


# --- the disk --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("may_mount")
def test_full_disk_takes_no_segment_and_stays_on_its_host(streams: Streams) -> None:
    folder, before = streams.playlist().parent, streams.writers()
    streams.fault("disk-full")
    assert room(folder) == 0 and streams.faults_shown() == ["full disk at web/static/hls"]
    until(lambda: all(streams.playlist(camera).exists() for camera in ("cam1", "cam2")), "playlists are written anew")
    until(lambda: list(folder.glob("cam1_*.ts")), "ffmpeg tries to write segments")
    assert {path.stat().st_size for path in folder.glob("cam*")} == {0} and streams.writers() == before
    assert streams.lab.status()[streams.host.name]["dead_streams"] == ["cam1", "cam2"]
    assert "full disk already" in streams.lab.run("fault", streams.host.name, "disk-full", "what=hls", code=1)
    assert mounts_in(streams.lab.folder) == [str(folder)]

    other = Streams(streams.lab, streams.lab.plant.hosts[1])
    other.moves("cam2")
    assert room(other.playlist().parent) > 0 and not any("disk" in change for change in other.faults_shown())

    with (folder / ".filler").open(encoding="ascii"):  # who still reads there keeps nobody from healing
        healed = time.time()
        streams.heal()
    assert mounts_in(streams.lab.folder) == [] and room(folder) > 0
    assert min(path.stat().st_mtime for path in folder.glob("cam*")) >= healed - 1  # nothing lies there of the streams before


@pytest.mark.usefixtures("may_mount")
def test_full_disk_goes_with_the_lab(tmp_path: Path) -> None:
    command = LabCommand(tmp_path)
    command.run("up", *SMALL)
    command.run("fault", "line1", "disk-full")
    folder = command.plant.hls_dir(command.plant.hosts[0])
    with (folder / ".filler").open(encoding="ascii"):
        command.run("down")
    assert mounts_in(tmp_path) == [] and not _processes(command.folder)


@pytest.mark.usefixtures("may_mount")
@pytest.mark.parametrize("clean_up", [start.down, start.clear])  # the second at the beginning of every up
def test_full_disk_of_a_lab_that_crashed_goes(tmp_path: Path, clean_up: Callable[[Path], object]) -> None:
    lab = tmp_path / "lab"
    start.adopt(lab)
    folder = lab / "hosts/line1-hmi1/web/static/hls"
    folder.mkdir(parents=True)
    subprocess.run(full_disk.command("hls", lab / "hosts/line1-hmi1"), check=True)
    assert mounts_in(lab) == [str(folder)]
    clean_up(lab)
    assert mounts_in(lab) == []


def test_full_disk_is_refused_to_an_ordinary_user(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_disk, "_may_mount", lambda: False)
    with pytest.raises(LabError, match="needs root, .* may not mount"):
        full_disk.FAULTS["disk-full"].apply(streams.lab.plant, streams.host)
    assert mounts_in(streams.lab.folder) == []


# --- files and Ring --------------------------------------------------------------------------------------------------


def _files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.glob("*") if not path.name.startswith(("cam1.", "cam2"))}


def test_stale_files_are_there_with_their_sizes_and_go(streams: Streams) -> None:
    folders = {"HLS": "web/static/hls", "backups": "config/backups",
               "user backups": "home/.config/twincat_smarthome/backups"}
    before = {part: _files(streams.folder / folder) for part, folder in folders.items()}
    said = streams.fault("stale-artifacts")
    for part, folder in folders.items():
        after = _files(streams.folder / folder)
        # A stream's own segments come and go; their numbers are small.
        new = {name: size for name, size in after.items()
               if name not in before[part] and (not name.startswith("cam1_") or name.startswith("cam1_9000"))}
        assert f"{part}: {len(new)} files, {sum(new.values())} bytes" in said
    assert streams.faults_shown() == ["stale files"]
    streams.heal()
    assert not list((streams.folder / folders["HLS"]).glob("cam9_*"))
    assert _files(streams.folder / folders["backups"]) == before["backups"]


@pytest.mark.parametrize(("name", "status"), [("ring-live-not-allowed", 403), ("ring-token-missing", 401)])
def test_ring_camera_that_does_not_start(streams: Streams, name: str, status: int) -> None:
    streams.fault(name)
    assert streams.get("/api/cameras")["cameras"]["door"]["type"] == "ring"
    assert streams.post("/api/cameras/door/start").status == status
    assert streams.faults_shown() == ["Ring camera"]
    streams.heal()
    assert "door" not in streams.get("/api/cameras")["cameras"]


def test_ring_session_is_ended_once(streams: Streams) -> None:
    assert "session_id s-17" in streams.fault("ring-session-stuck", "session_id=s-17")
    path = "/api/cameras/door/ring/webrtc/stop"
    answers = [streams.post(path, {"session_id": session}) for session in ("another", "s-17", "s-17")]
    assert [answer.status for answer in answers] == [500, 200, 500]
