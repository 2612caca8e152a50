# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of cameras and their streams on booted hosts: each shows in the plant itself, asked by SSH, and heals."""

from __future__ import annotations

import inspect
import json
import re
import sys
import time
from typing import Any

import pytest
import sources
from booted import HostsLab, until

from lab import api
from lab.plant import Host

_GET = ("import json, sys, urllib.request as r\n"
        "print(r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:5000' + sys.argv[1], timeout=8).read().decode())")
_CALL = ("import json, sys; from lab import api\n"
         "answer = api.call(*sys.argv[1:3], json.loads(sys.argv[3]), key=sys.argv[4], timeout=40)\n"
         "print(json.dumps([answer.status, answer.body]))")
_DESCRIBE = f"{inspect.getsource(sources)}\nimport sys\nprint(describe(sys.argv[1]))\n"


class Streams:
    """A host's streams as they are: processes, files, sources, and the supervisor's word."""

    def __init__(self, lab: HostsLab, host: Host) -> None:
        self.lab, self.host = lab, host

    def fault(self, *words: str) -> str:
        """Break the host."""
        return self.lab.run("fault", self.host.name, *words)

    def word(self, camera: str = "cam1") -> dict[str, Any]:
        """What monitor/streams says of a camera."""
        time.sleep(1.1)  # out of its read cache
        return self.get("/api/monitor/streams")["streams"].get(camera, {})

    def get(self, path: str) -> Any:
        """Ask the supervisor."""
        done = self.lab.ssh(self.host, "python3", "-c", _GET, path)
        return json.loads(done.stdout)

    def call(self, method: str, path: str, body: Any = None) -> api.Reply:
        """Call the supervisor with the admin key, from the controller."""
        key = self.lab.plant.line(self.host.line).admin_key
        done = self.lab.inside(sys.executable, "-c", _CALL, method, self.host.url + path, json.dumps(body), key)
        return api.Reply(*json.loads(done.stdout))

    def writers(self, camera: str = "cam1") -> dict[int, str]:
        """The processes that write a camera's playlist: pid -> state, parent and user."""
        shown = self.lab.ssh(self.host, "ps", "-C", "ffmpeg", "-o", "pid=,stat=,ppid=,user:20=,args=").stdout
        rows = [line.split(None, 4) for line in shown.splitlines()]
        return {int(pid): f"{state[0]} {parent} {user}" for pid, state, parent, user, command in rows
                if command.endswith(f"/{camera}.m3u8") and state[0] != "Z"}

    def sequence(self, camera: str = "cam1") -> int:
        """The media sequence of a camera's playlist, -1 without one."""
        text = self.lab.ssh(self.host, "cat", f"{self.host.install_dir}/web/static/hls/{camera}.m3u8").stdout
        return sources.media_sequence(text)

    def moves(self, camera: str = "cam1") -> None:
        """Wait until a playlist moves."""
        first = self.sequence(camera)
        until(lambda: self.sequence(camera) not in (first, -1), f"the playlist of {camera} moves")

    def describe(self, camera: str = "cam1") -> str:
        """What the camera answers the host to DESCRIBE: a status or "refused"."""
        url = self.lab.plant.cameras(self.host)[camera]["url"]
        done = self.lab.ssh(self.host, "python3", "-c", _DESCRIBE, url)
        return done.stdout.strip() or done.stderr


@pytest.fixture
def streams(hosts_lab: HostsLab, booted_host: Host) -> Streams:
    """The streams of a host that is healed afterwards."""
    return Streams(hosts_lab, booted_host)


# --- ffmpeg ----------------------------------------------------------------------------------------------------------


def test_killed_ffmpeg_is_brought_back_by_recovery(streams: Streams) -> None:
    before = streams.word()
    streams.fault("ffmpeg-killed", "camera=cam1")
    until(lambda: streams.word()["metrics"]["recovery_success_total"] > before["metrics"]["recovery_success_total"],
          "recovery starts it")
    streams.moves()
    after = streams.word()
    assert after["process_pid"] != before["process_pid"] and after["metrics"]["last_exit_code"] == -9


@pytest.mark.long
def test_stopped_ffmpeg_hangs_and_the_supervisor_sees_nothing(streams: Streams) -> None:
    streams.fault("ffmpeg-stopped", "camera=cam1")
    (pid, shown), = streams.writers().items()
    assert shown.startswith("T ")
    first, other = streams.sequence(), streams.sequence("cam2")
    until(lambda: streams.sequence("cam2") >= other + 5, "the other camera goes on for 5 s")
    word = streams.word()
    assert streams.sequence() == first
    assert word["running"] and word["process_pid"] == pid and word["hls"]["playlist_exists"]
    assert streams.call("POST", "/api/cameras/cam1/start").ok and list(streams.writers()) == [pid]  # quirk 15
    streams.lab.run("heal", streams.host.name)
    assert not any(shown.startswith("T") for shown in streams.writers().values())
    streams.moves()


@pytest.mark.long
def test_second_writer_outlives_a_stop(streams: Streams) -> None:
    own = streams.word()["process_pid"]
    streams.fault("second-writer", "camera=cam1")
    writers = streams.writers()
    assert len(writers) == 2 and own in writers
    (orphan, shown), = ((pid, shown) for pid, shown in writers.items() if pid != own)
    assert shown.split()[1:] == ["1", "smarthome"] and streams.word()["process_pid"] == own
    assert streams.call("POST", "/api/cameras/cam1/stop", {"immediate": True}).ok
    until(lambda: list(streams.writers()) == [orphan], "only the orphan writes")
    streams.moves()
    streams.lab.run("heal", streams.host.name)
    assert orphan not in streams.writers() and len(streams.writers()) == 1


# --- sources ---------------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize(("name", "answer"), [("source-gone", "refused"), ("source-wrong-credentials", "401")])
def test_source_that_gives_nothing(streams: Streams, name: str, answer: str) -> None:
    assert streams.describe() == "200"
    streams.fault(name, "camera=cam1")
    assert until(lambda: streams.describe() != "200" and streams.describe(), "the camera answers otherwise") == answer
    assert streams.describe("cam2") == "200"
    until(lambda: not streams.word()["hls"]["playlist_exists"], "there is no playlist")
    streams.moves("cam2")
    streams.lab.run("heal", streams.host.name)
    assert streams.describe() == "200"
    streams.moves()


@pytest.mark.long
def test_frozen_source_answers_and_sends_nothing(streams: Streams) -> None:
    before = streams.word()["metrics"]["starts_total"]
    streams.fault("source-frozen", "camera=cam1")
    until(lambda: streams.word()["metrics"]["starts_total"] >= before + 2, "ffmpeg ends and is started again")
    assert streams.describe() == "200"
    assert streams.sequence() < 1 and not streams.word()["recovery"]["in_cooldown"]
    streams.moves("cam2")
    streams.lab.run("heal", streams.host.name)
    streams.moves()


@pytest.mark.long
def test_stuttering_source_falls_behind_real_time(streams: Streams) -> None:
    pid = streams.word()["process_pid"]
    streams.fault("stream-stuttering", "camera=cam1", "percent=40")
    streams.moves()
    first, other = streams.sequence(), streams.sequence("cam2")
    until(lambda: streams.sequence("cam2") >= other + 20, "20 s of the other camera")
    grown = streams.sequence() - first
    assert 4 <= grown <= 12, f"{grown} segments while the other camera had {streams.sequence('cam2') - other}"
    assert streams.word()["running"] and streams.word()["process_pid"] == pid


@pytest.mark.long
def test_flapping_source_never_cools_down(streams: Streams) -> None:
    before = streams.word()["metrics"]["starts_total"]
    streams.fault("source-flapping", "camera=cam1", "seconds=5")
    seen: set[str] = set()

    def has_flapped() -> bool:
        seen.add(streams.describe())
        return seen == {"200", "refused"} and streams.word()["metrics"]["starts_total"] >= before + 3

    until(has_flapped, "gone and back, and started three times")
    assert not streams.word()["recovery"]["in_cooldown"]


@pytest.mark.long
def test_breaker_of_a_stream_opens(streams: Streams) -> None:
    streams.fault("stream-breaker-open", "camera=cam1")
    assert streams.get("/api/monitor/streams")["circuit_breakers"]["stream:rtsp:cam1"]["state"] == "open"
    answer = streams.call("POST", "/api/cameras/cam1/start")
    assert answer.status == 500 and streams.word()["metrics"]["last_error"] == "circuit_open"


@pytest.mark.long
def test_recovery_gives_up(streams: Streams) -> None:
    streams.fault("stream-cooldown", "camera=cam1")
    word = streams.word()
    assert word["recovery"]["in_cooldown"] and word["recovery"]["cooldown_until"] > time.time()
    assert word["metrics"]["last_error"] == "recovery_cooldown" and not word["running"]


# --- files -----------------------------------------------------------------------------------------------------------


def _files(streams: Streams, folder: str) -> dict[str, int]:
    shown = streams.lab.ssh(streams.host, "find", folder, "-type", "f", "-printf", "%f %s\\n").stdout
    return {name: int(size) for name, size in (line.split() for line in shown.splitlines())}


@pytest.mark.long
def test_stale_files_are_there_with_their_sizes_and_go(streams: Streams) -> None:
    folders = {"HLS": f"{streams.host.install_dir}/web/static/hls", "backups": f"{streams.host.install_dir}/config/backups",
               "user backups": "/home/smarthome/.config/twincat_smarthome/backups"}
    before = {part: _files(streams, folder) for part, folder in folders.items()}
    said = streams.fault("stale-artifacts")
    owners = streams.lab.ssh(streams.host, "stat", "-c", "%U", *folders.values()).stdout.split()
    assert owners == ["smarthome"] * 3
    for part, folder in folders.items():
        new = {name: size for name, size in _files(streams, folder).items()
               if name not in before[part] and not re.match(r"cam[12](_\d{3}\.ts|\.m3u8)", name)}
        assert f"{part}: {len(new)} files, {sum(new.values())} bytes" in said
    archives = sorted(set(_files(streams, folders["backups"])) - set(before["backups"]))
    words = {name: streams.call("GET", f"/api/admin/backup/verify?file={name}").body["ok"] for name in archives[-3:]}
    assert list(words.values()) == [True, False, False]  # the newest are truncated
    streams.moves()
    streams.lab.run("heal", streams.host.name)
    assert not any(name.startswith("cam9") for name in _files(streams, folders["HLS"]))
    assert _files(streams, folders["backups"]) == before["backups"]


# --- Ring ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("ring-live-not-allowed", 403), ("ring-token-missing", 401)])
def test_ring_camera_that_does_not_start(streams: Streams, name: str, status: int) -> None:
    streams.fault(name)
    assert streams.get("/api/cameras")["cameras"]["door"]["type"] == "ring"
    assert streams.call("POST", "/api/cameras/door/start").status == status
    assert streams.get("/api/ring/status")["configured"] is False
    streams.lab.run("heal", streams.host.name)
    assert "door" not in streams.get("/api/cameras")["cameras"]


@pytest.mark.long
def test_ring_session_is_ended_once(streams: Streams) -> None:
    assert "session_id s-17" in streams.fault("ring-session-stuck", "session_id=s-17")
    path = "/api/cameras/door/ring/webrtc/stop"
    answers = [streams.call("POST", path, {"session_id": session}) for session in ("another", "s-17", "s-17")]
    assert [(answer.status, answer.body) for answer in answers] == [
        (500, {"success": False}), (200, {"success": True}), (500, {"success": False})]
