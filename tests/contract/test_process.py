# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor as a process: how it ends, a second instance, a full disk, and the files of an installation
(SUPERVISOR_SYSTEMD; what systemd makes of them is checked on the hosts of the lab)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from bench import PATIENCE_S, REPOSITORY, Bench, Plant, until

from lab import api
from lab.supervisor.app import Supervisor
from lab.supervisor.logs import LogStore
from lab.supervisor.settings import Settings

MakeBench = Callable[[Plant], Bench]
ALONE = Plant(plc=None, target=False)
INSTALLED = REPOSITORY / "lab" / "supervisor" / "installed"
KEY = "admin-key-of-the-host"
#: A network and a /tmp of its own: the control script knows one port and one pid file.
PRIVATE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec",
           'ip link set lo up; mount --bind "$1" /mnt; mount --bind "$2" /srv; mount -t tmpfs tmpfs /tmp; shift 2; "$@"',
           "sh"]
SYSTEM_PYTHON = "/usr/bin/python3"


def test_sigterm_closes_the_port_at_once_and_takes_its_time(make_bench: MakeBench) -> None:
    """SUPERVISOR_SYSTEMD §3.10: 2.5 to 5 s, and nobody is served meanwhile."""
    bench = make_bench(ALONE)
    pid, began = bench.supervisor_pid(), time.monotonic()
    os.kill(pid, signal.SIGTERM)
    until(lambda: bench.request("GET", "/api/system/versioning", {}, None).transport_error, "the port is closed", 2.0)
    assert bench.supervisor_pid() == pid
    until(lambda: not bench.supervisor_pid(), "the supervisor ends")
    assert time.monotonic() - began > 2.4


def test_a_second_instance_ends_by_itself(make_bench: MakeBench) -> None:
    """SUPERVISOR_SYSTEMD §3.11, §3.12: it wipes the HLS files and takes the PLC connection before it finds the port
    taken, and saves the configuration when it ends; the first one answers throughout."""
    bench = make_bench(Plant(plc="3"))
    playlist, app_config = bench.dir / "web/static/hls/cam1.m3u8", next((bench.dir / "home").rglob("twincat_config.json"))
    playlist.write_text("#EXTM3U\n")
    saved = app_config.stat().st_mtime_ns
    info = bench.service_info()
    connected = bench.plc.ask("status")["connections"][0]["since"]
    began = time.monotonic()
    second = subprocess.Popen([sys.executable, "-m", "lab.supervisor", str(bench.config)], cwd=REPOSITORY)
    try:
        until(lambda: not playlist.exists(), "the HLS files are wiped")
        until(lambda: [c for c in bench.plc.ask("status")["connections"] if c["since"] != connected], "another connection")
        while second.poll() is None:
            assert bench.service_info()["pid"] == info["pid"]
            time.sleep(0.1)
    finally:
        second.kill()
    assert second.wait() == 1
    assert time.monotonic() - began > 4.4
    assert app_config.stat().st_mtime_ns > saved
    assert "Port 5000 is in use by another program" in (bench.dir / "supervisor.log").read_text()


def test_a_state_file_that_cannot_be_opened_ends_the_process(make_bench: MakeBench) -> None:
    """SUPERVISOR_SYSTEMD §8.28."""
    bench = make_bench(ALONE)
    bench.stop_supervisor()
    database = bench.dir / "config" / "system_logs.db"
    database.unlink()
    database.mkdir()
    done = subprocess.run([sys.executable, "-m", "lab.supervisor", str(bench.config)], cwd=REPOSITORY, check=False,
                          timeout=PATIENCE_S)
    assert done.returncode == 1
    assert "unable to open database file" in (bench.dir / "supervisor.log").read_text()


def _full(store: LogStore, rows_fit: bool) -> None:
    """Let the database grow or not, with the words of a full disk."""
    database = store._db  # pylint: disable=protected-access
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages + 1000 if rows_fit else pages}")


@pytest.fixture
def sup(tmp_path: Path) -> Supervisor:
    """A supervisor in this process, with one camera that nobody answers for."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({
        "host": "127.0.0.1", "port": 5000, "dir": str(tmp_path / "sup"), "master_key": KEY,
        "cameras": {"cam1": {"url": "rtsp://127.0.0.1:9/none", "type": "rtsp"}}}))
    settings = Settings.load(config)
    settings.install()
    return Supervisor(settings)


def test_a_host_without_ffmpeg(sup: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """SUPERVISOR_API §5: 503, and the camera stays absent from monitor/streams."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    client = sup.web().test_client()
    answer = client.post("/api/cameras/cam1/start", json={}, headers={"X-API-Key": KEY})
    assert (answer.status_code, answer.json) == (503, {"error": "FFmpeg nicht verfügbar"})
    assert client.get("/api/monitor/streams").json["streams"] == {}
    assert client.get("/api/system/dependencies").json["ffmpeg"]["available"] is False


def test_an_ffmpeg_from_pypi_stands_in_for_one_on_path(sup: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", SimpleNamespace(get_ffmpeg_exe=lambda: "/site/ffmpeg-x86_64"))
    shown = sup.web().test_client().get("/api/system/dependencies").json["ffmpeg"]
    assert shown["available"] and shown["path"] == "/site/ffmpeg-x86_64"


def test_a_full_disk_refuses_the_restart(sup: Supervisor) -> None:
    """SUPERVISOR_SYSTEMD §8.34: 500 with sqlite's words; reads work, and all does again once there is room."""
    client, headers = sup.web().test_client(), {"X-API-Key": KEY}
    _full(sup.logs, rows_fit=False)
    with pytest.raises(sqlite3.OperationalError):
        for dummy in range(10000):  # what is left of the last page
            sup.logs.append("WARNING", "test", "x" * 200)
    for path in ("restart", "restart-daemon"):
        answer = client.post(f"/api/admin/service/{path}", json={"delay": 30}, headers=headers)
        assert (answer.status_code, answer.json) == (500, {"success": False, "error": "database or disk is full"})
    assert client.get("/api/admin/service/info", headers=headers).status_code == 200
    _full(sup.logs, rows_fit=True)
    sup.logs.append("WARNING", "test", "there is room again")
    assert sup.logs.newest(1, "all")[0]["message"] == "there is room again"


class Installation:
    """The installed files in a directory, as a host has them, but on an address of this machine."""

    def __init__(self, folder: Path) -> None:
        self.dir = folder / "install"
        (self.dir / "scripts").mkdir(parents=True)
        shutil.copy(INSTALLED / "start_web_hmi.py", self.dir)
        shutil.copy(INSTALLED / "web_server_ctl.sh", self.dir / "scripts")
        (self.dir / "standin.json").write_text("{}")
        (self.dir / ".env").write_text(f"SMARTHOME_ADMIN_API_KEY={KEY}\n")
        # The packages of this Python are for the system's Python too where it is the same version.
        path = os.pathsep.join((str(REPOSITORY), sysconfig.get_path("purelib")))
        self.environment = os.environ | {"HOME": str(folder), "LINEOPS_LAB_PATH": path, "SMARTHOME_ADMIN_API_KEY": KEY}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation; whatever still works in its directory afterwards is ended."""
    made = Installation(tmp_path)
    yield made
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(made.dir):
                process.kill()


def _info(port: int) -> dict[str, Any]:
    with contextlib.suppress(api.Unreachable):
        answer = api.call("GET", f"http://127.0.0.1:{port}/api/admin/service/info", key=KEY)
        return answer.body if answer.status == 200 else {}
    return {}


def test_the_installed_script_keeps_its_arguments(installation: Installation, tmp_path: Path) -> None:
    """A restart starts the same script again; the key is the environment's; state lies in the script's directory and
    the user's home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(installation.dir / "start_web_hmi.py")
    arguments = [script, "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *arguments], env=installation.environment, stdout=log, stderr=log)
    before = until(lambda: _info(port), "the supervisor answers")
    assert (before["pid"], before["args"], before["is_restarted"]) == (process.pid, arguments, False)
    api.call("POST", f"http://127.0.0.1:{port}/api/admin/service/restart", {"delay": 1}, key=KEY)
    assert process.wait(PATIENCE_S) == 0
    after = until(lambda: _info(port), "the successor answers")
    assert (after["args"], after["is_restarted"]) == ([*arguments, "--restarted"], True)
    assert after["pid"] != before["pid"]
    assert (tmp_path / ".config/twincat_smarthome/twincat_config.json").exists()
    assert not (installation.dir / "supervisor.pid").exists()
    os.kill(after["pid"], signal.SIGTERM)


def _system_python_fits() -> bool:
    """Can the system's Python use the packages of this one?"""
    version = "import sys; print(sys.version_info[:2])"
    done = subprocess.run([SYSTEM_PYTHON, "-c", version], capture_output=True, text=True, check=False)
    return done.stdout.strip() == str(sys.version_info[:2])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network of its own")
def test_the_control_script_without_systemd(installation: Installation, tmp_path: Path) -> None:
    """SUPERVISOR_API §3, §6, quirk 11: it restarts what it started; after a restart of the app its pid file is stale
    and it says so of nothing; a living stale pid is believed. The script path it starts is relative."""
    if not _system_python_fits():
        pytest.skip("the system's Python cannot use this one's packages")
    story = [SYSTEM_PYTHON, "/srv/tests/contract/ctl_story.py", "/mnt/install", KEY]
    path = os.pathsep.join(("/srv", sysconfig.get_path("purelib")))
    done = subprocess.run([*PRIVATE, str(tmp_path), str(REPOSITORY), *story], capture_output=True, text=True, check=False,
                          env=installation.environment | {"LINEOPS_LAB_PATH": path, "HOME": "/mnt"}, timeout=240)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "usage": [2, "usage: /mnt/install/scripts/web_server_ctl.sh {start|stop|restart|status}"],
        "status before": [1, "not running"], "start": [0, "started"],
        "args": ["start_web_hmi.py", "--host", "0.0.0.0", "--port", "5000"], "pid file": True,
        "status": [0, "running (first)"], "start again": [0, "already running (first)"],
        "daemon restart": True, "restarted by the script": False, "app restart": True, "daemon restart after it": False,
        "start with a stale pid that lives": [0, "already running (1)"], "stop": [0, "stopped (third)"],
        "status after": [1, "not running"],
    }
