# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small plant for one scenario: one supervisor stand-in, the PLC stand-ins it needs, and what can be done to them.

Recordings speak of 127.0.0.2, .3 and so on; here these are addresses of a loopback block of the scenario's own, so that
scenarios run side by side.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.control import ControlError, ask
from lab.packages import has_cameras
from lab.processes import CAMERAS as RTSP
from lab.processes import SYSTEM_PYTHON
from lab.supervisor.settings import STREAM_STARTS, read_json, write_json

from recordings import Answer, Recording, differences, load, translated

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
GAVE_UP_S = 15.0            #: how long the recorder's client waited
PLC_ADDRESSES = re.compile(r"\b127\.0\.0\.(2|3|4|9|77|98|99)\b")
RTSP_ADDRESSES = re.compile(r"\b127\.0\.0\.1:8[567]54\b")
#: Name a recording gives a new key -> the placeholder other recordings use for it.
CREATED_KEYS = {"bench-viewer": "<VIEWER_KEY>", "bench-operator": "<OPERATOR_KEY>",
                "bench-short": "<SHORT_LIVED_ADMIN_KEY>"}
SYMBOLS = {"MAIN.bTest": "BOOL", "MAIN.bWatchdog": "BOOL", "MAIN.nCounter": "INT", "MAIN.nTotal": "DINT",
           "MAIN.rTemp": "REAL", "MAIN.lrEnergy": "LREAL", "MAIN.sText": "STRING", "GVL.bLamp": "BOOL"}
FIRST_VALUES = {"BOOL": False, "STRING": "", "REAL": 0.0, "LREAL": 0.0}
RING_CAMERA = {"ring_100": {"name": "Ring", "type": "ring", "url": "/api/cameras/ring_100/snapshot", "autostart": False,
                            "ring": {"device_id": "100"}}}
#: All as recorded; cam1 and camcred show the picture of the bench's own source, camdead nobody's.
CAMERAS = RING_CAMERA | {
    camera_id: {"name": camera_id, "type": "rtsp", "url": url, "autostart": False} for camera_id, url in {
        "cam1": "rtsp://127.0.0.1:8554/cam.mp4", "camcred": "rtsp://viewer:<RTSP_PASSWORD>@127.0.0.1:8554/cam.mp4",
        "camdead": "rtsp://127.0.0.1:9/none", "camfile": "/opt/bench/bench/media/cam.mp4",
        "camhttp": "http://127.0.0.1:9/x"}.items()}
CHECK_EVERY_S = 2.0         #: how often the supervisor looks after its streams
PLACEHOLDER_BODY = re.compile(r"<JSON object, (\d+) bytes>")


@dataclass(frozen=True)
class Plant:
    """What a scenario starts with. PLCs are named by the last part of their recorded address."""

    plc: str | None = "2"
    more_plcs: tuple[str, ...] = ()
    route: bool = True                       #: does the PLC know the supervisor
    runtime_type: str = "TC3"
    target: bool = True                      #: is the PLC the saved target, connected at the start
    master_key: str | None = "admin-key-of-the-bench"
    env: Mapping[str, str] = field(default_factory=dict)
    cameras: Mapping[str, Any] = field(default_factory=dict)
    symbols: Mapping[str, str] | None = field(default_factory=lambda: SYMBOLS)
    media: bool = False                      #: is there an RTSP source; takes ffmpeg and GStreamer


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll until ``condition`` is true and return what it gave; fail the test after ``patience_s``."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    return pytest.fail(f"not within {patience_s} s: {what}")


@functools.cache
def media_missing() -> str:
    """What streams need and this machine has not got, empty if it has all."""
    if not shutil.which("ffmpeg"):
        return "ffmpeg"
    return "" if has_cameras() else "GStreamer's RTSP server"


class Missed(Exception):
    """A state that ends with the supervisor's next look after its streams was over before it was seen."""


class Plc:
    """A PLC stand-in in a process of its own."""

    def __init__(self, folder: Path, address: str, plant: Plant) -> None:
        folder.mkdir()
        self.address, self.net_id, self.control = address, f"{address}.1.1", folder / "control.sock"
        self._config = folder / "config.json"
        self._config.write_text(json.dumps({
            "name": "Bench", "address": address, "ams_net_id": self.net_id, "runtime_type": plant.runtime_type,
            "ams_port": {"TC2": 801, "TC3": 851}[plant.runtime_type], "username": "Administrator",
            "password": "plc-password-of-the-bench", "refusal_layout": "shifted", "state_dir": str(folder),
            "control": str(self.control), "symbols": {name: {"type": kind, "value": FIRST_VALUES.get(kind, 0)}
                                                      for name, kind in SYMBOLS.items()},
            "routes": [{"name": "bench", "ams_net_id": "127.0.0.1.1.1", "address": "127.0.0.1", "temporary": False}]
            if plant.route else [],
        }), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._process = subprocess.Popen([sys.executable, "-m", "lab.plc", str(self._config)], cwd=REPOSITORY)
        until(self._answers, f"PLC at {self.address} answers")

    def _answers(self) -> bool:
        try:
            return bool(self.ask("status"))
        except ControlError:
            return False

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Use the control socket."""
        return ask(self.control, op, **arguments)

    def kill(self) -> None:
        """End the process as a crash would; its kernel closes the connections."""
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE_S)


class Bench:
    """The plant of one scenario."""

    def __init__(self, folder: Path, block: int, plant: Plant) -> None:
        self._folder, self._prefix, self.plant = folder, f"127.{block}.9", plant
        self.host, self.dir, self.config = f"{self._prefix}.200", folder / "supervisor", folder / "supervisor.json"
        self.keys = {"<ADMIN_KEY>": plant.master_key or "unused", "<PLC_PASSWORD>": "plc-password-of-the-bench",
                     "<RTSP_PASSWORD>": "rtsp-password-of-the-bench"}
        self.plcs = {number: Plc(folder / f"plc{number}", f"{self._prefix}.{number}", plant)
                     for number in (*filter(None, (plant.plc,)), *plant.more_plcs)}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._source: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None
        self._media = folder / "media" / "cam.mp4"

    @property
    def plc(self) -> Plc:
        """The scenario's main PLC."""
        return self.plcs[str(self.plant.plc)]

    # --- plant operations ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything."""
        for plc in self.plcs.values():
            plc.start()
        if self.plant.media:
            self._start_source()
        self.start_supervisor()

    def _start_source(self) -> None:
        config, output = self._folder / "source.json", self._folder / "source.out"
        config.write_text(json.dumps({"sources": [{"address": f"{self._prefix}.210", "port": 8554, "path": "/cam.mp4"}]}))
        with output.open("wb") as file:
            self._source = subprocess.Popen(
                [SYSTEM_PYTHON, "-m", RTSP, str(config)], cwd=REPOSITORY, stdout=file, stderr=file)
        until(lambda: "ready" in output.read_text(), "the RTSP source is ready")

    def close(self) -> None:
        """End every process of the plant: also a successor the supervisor started, and streams without a parent."""
        processes = [*self._processes, *([self._source] if self._source else [])]
        for process in processes:
            process.kill()
        while living := self._processes_here():
            for process in living:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(living, PATIENCE_S)
        for process in processes:
            process.wait(PATIENCE_S)
        for plc in self.plcs.values():
            plc.kill()

    def start_supervisor(self) -> None:
        """Start the supervisor and wait until it answers."""
        entry = f"{self._prefix}.{self.plant.plc}"
        plc = {"name": "Bench", "ams_net_id": f"{entry}.1.1", "ams_port": 851, "ip_address": entry}
        self.config.write_text(json.dumps({
            "host": self.host, "port": 5000, "dir": str(self.dir), "master_key": self.plant.master_key,
            "plc_configs": {"plc_001": plc}, "active_plc": "plc_001",
            "cameras": translated(self.plant.cameras, self.translate),
            "target": plc | {"runtime_type": self.plant.runtime_type} if self.plant.target else None,
            "symbols": self.plant.symbols, "env": dict(self.plant.env),
        }), encoding="utf-8")
        self._processes.append(
            subprocess.Popen([sys.executable, "-m", "lab.supervisor", str(self.config)], cwd=REPOSITORY))
        until(self._listens, "the supervisor listens")
        self._pid = self.supervisor_pid()

    def _processes_here(self, name: str = "") -> list[psutil.Process]:
        """The living processes that work in the supervisor's directory, as all of its own do."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cwd() == str(self.dir) and process.status() != psutil.STATUS_ZOMBIE:
                    found += [process] if name in process.name() else []
        return found

    def _listens(self) -> bool:
        ended = self._processes[-1].poll()
        if ended not in (None, 0):
            pytest.fail(f"the supervisor ended with {ended}: {(self.dir / 'supervisor.log').read_text()[-2000:]}")
        with socket.socket() as sock:
            return sock.connect_ex((self.host, 5000)) == 0

    def supervisor_pid(self) -> int | None:
        """Pid of the supervisor that runs now."""
        try:  # it may be going, or just be written
            return int((self.dir / "supervisor.pid").read_text() or 0) or None
        except FileNotFoundError:
            return None

    def stop_supervisor(self) -> None:
        """End the supervisor that runs now, which may be a successor."""
        pid = self.supervisor_pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            until(lambda: not self.supervisor_pid(), "the supervisor ends")

    def restarted(self) -> None:
        """Wait for the successor of the process that was running when this was last looked at."""
        def another() -> int | None:
            pid = self.service_info().get("pid")
            return pid if pid != self._pid else None
        self._pid = until(another, "another pid answers")

    def service_info(self) -> dict[str, Any]:
        """What the supervisor says about its process, empty while it is down."""
        answer = self.call("GET", "/api/admin/service/info")
        return answer.body if answer.status == 200 else {}

    def unchanged_pid(self) -> None:
        """Fail if the pid changes within the time a restart takes (quirk 11)."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            assert self.service_info().get("pid") == self._pid, "the supervisor was restarted"
            time.sleep(0.1)

    def ended(self) -> None:
        """Wait until the supervisor is gone."""
        until(lambda: self._processes[-1].poll() is not None, "the supervisor ends")

    def remove_ctl_script(self) -> None:
        """Take the control script away."""
        (self.dir / "scripts" / "web_server_ctl.sh").unlink()

    def on_plc(self, op: str, **arguments: Any) -> None:
        """Do something to the main PLC."""
        self.plc.ask(op, **arguments)

    def plc_holds(self, name: str, value: Any) -> None:
        """Fail unless the PLC's variable has this value."""
        assert self.plc.ask("read", name=name)["value"] == value

    def plc_routes(self, *net_ids: str) -> None:
        """Fail unless exactly these NetIds are in the PLC's route table."""
        assert [route["ams_net_id"] for route in self.plc.ask("routes")["routes"]] == list(net_ids)

    def kill_plc(self) -> None:
        """Let the main PLC crash."""
        self.plc.kill()

    def start_plc(self) -> None:
        """Start the main PLC again."""
        self.plc.start()

    def writes(self, times: int, variable: str = "MAIN.bTest") -> None:
        """Write a variable some times, whatever comes of it."""
        for dummy in range(times):
            self.call("POST", "/api/variables/write", {"variable": variable, "value": True})

    def post(self, path: str, body: Any = None) -> None:
        """Send a POST, whatever comes of it."""
        self.call("POST", path, body or {})

    def denied_calls(self, times: int) -> None:
        """Make log rows."""
        for dummy in range(times):
            self.request("GET", "/api/admin/plcs", {}, None)

    def connect(self) -> None:
        """Connect the supervisor to the main PLC."""
        assert self.call("POST", "/api/plc/connect", {"ams_id": self.plc.net_id}).status == 200

    def add_route(self) -> None:
        """Let the supervisor add its route to the main PLC: the library's reference stays taken (quirk 4)."""
        answer = self.call("POST", "/api/plc/ads/route/add", {
            "local_ams_net_id": "127.0.0.1.1.1", "plc_ams_net_id": self.plc.net_id, "plc_ip": self.plc.address,
            "username": "Administrator", "password": self.keys["<PLC_PASSWORD>"], "route_name": "bench"})
        assert answer.status == 200

    def recovery_time_over(self) -> None:
        """Wait longer than the breaker's recovery time after it opened; a sound breaker would let a probe through."""
        opened = self.call("GET", "/api/system/status").body["circuit_breakers"]["plc:plc_001:write"]["opened_at"]
        recovery = float(self.plant.env["SMARTHOME_CB_RECOVERY_TIMEOUT_SECONDS"])
        until(lambda: time.time() > opened + 2 * recovery, "the recovery time is over twice")

    def breaker_state(self, wanted: str) -> None:
        """Wait until the write breaker is in a state."""
        def state() -> str:
            breakers = self.call("GET", "/api/system/status").body["circuit_breakers"]
            return breakers["plc:plc_001:write"]["state"]
        until(lambda: state() == wanted, f"the write breaker is {wanted}")

    def key_expired(self) -> None:
        """Wait until the short-lived key is refused."""
        header = {"X-API-Key": self.keys["<SHORT_LIVED_ADMIN_KEY>"]}
        until(lambda: self.request("GET", "/api/admin/plcs", header, None).status == 401, "the key expires")

    def idempotency_window_over(self) -> None:
        """Wait until a key used from now on is free again, and with it every key used before."""
        def send(value: int) -> Answer:
            return self.call("POST", "/api/variables/write", {"variable": "GATEWAY.clock", "value": value},
                             {"Idempotency-Key": "clock"})
        assert send(1).status == 200
        until(lambda: send(2).status == 200, "the idempotency window is over")

    # --- streams -------------------------------------------------------------------------------------------------

    def streams(self) -> dict[str, Any]:
        """The streams as they are now, not as the read cache has them."""
        self.request("POST", "/api/nope", {}, b"")
        return self.call("GET", "/api/monitor/streams").body["streams"]

    def stream_shows(self, camera_id: str = "cam1", **wanted: Any) -> None:
        """Wait until parts of a stream's entry have these values; a double underscore steps into a part."""
        def value(name: str) -> Any:
            entry: Any = self.streams().get(camera_id, {})
            for part in name.split("__"):
                entry = entry.get(part, {})
            return entry
        until(lambda: all(value(name) == item for name, item in wanted.items()), f"{camera_id} shows {wanted}")

    def playlist_moves(self, camera_id: str = "cam1") -> None:
        """Wait until the playlist is full and a first segment has left it. Who looks is a viewer."""
        def sequence() -> int:
            text = self.request("GET", f"/static/hls/{camera_id}.m3u8", {}, None).body
            found = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)
            return int(found[1]) if found else 0
        until(lambda: sequence() >= 1, f"the playlist of {camera_id} moves")

    def signal_stream(self, number: int, camera_id: str = "cam1") -> None:
        """Send a signal to a stream's process."""
        process = psutil.Process(self.streams()[camera_id]["process_pid"])
        process.send_signal(number)
        if number == signal.SIGKILL:
            until(lambda: _has_ended(process.pid), "the stream is dead")

    def kill_stream_between_checks(self, camera_id: str = "cam1") -> None:
        """Kill a stream's process when the supervisor has just looked after its streams: it does every two seconds from
        a log row on, so there is time to see the state before it reacts."""
        rows = self.call("GET", "/api/admin/logs?limit=500").body
        began = min(row["timestamp"] for row in rows if "SECRET_KEY" in row["message"])
        since = datetime.datetime.fromisoformat(began).timestamp()
        until(lambda: 0.2 < (time.time() - since) % CHECK_EVERY_S < 0.5, "a check is over")
        self.signal_stream(signal.SIGKILL, camera_id)

    def stream_alive_after(self, **seconds: float) -> None:
        """How long a camera's process must live to count as started: the recorder's machine was so slow that one which
        cannot stream counted or not by luck (quirk 17)."""
        write_json(self.dir / STREAM_STARTS, read_json(self.dir / STREAM_STARTS, {}) | seconds)

    def slow_file(self) -> None:
        """Make the file camera's file a named pipe: ffmpeg waits for it, as on a very slow disk, until it fails."""
        self._media.parent.mkdir()
        os.mkfifo(self._media)

    def file_fails(self) -> None:
        """Let the ffmpeg that waits for the file camera's file find nothing in it, which ends it."""
        def reader() -> int | None:
            for process in self._processes_here("ffmpeg"):
                with contextlib.suppress(psutil.Error):  # another one that ends just now
                    if str(self._media) in process.cmdline():
                        return process.pid
            return None

        def opened() -> bool:
            with contextlib.suppress(OSError):  # nobody reads it yet
                os.close(os.open(self._media, os.O_WRONLY | os.O_NONBLOCK))
                return True
            return False

        pid = until(reader, "there is an ffmpeg for the file")
        until(opened, "ffmpeg has opened the file")
        until(lambda: _has_ended(pid), "ffmpeg ends")

    def just_checked(self, camera_id: str = "cam1") -> None:
        """Wait until the supervisor has just looked after its streams, which it did when it began a recovery."""
        since = self.streams()[camera_id]["metrics"]["last_recovery_attempt_ts"]
        until(lambda: 0.05 < (time.time() - since) % CHECK_EVERY_S < 0.4, "a check is over")

    def stream_ends(self, camera_id: str = "cam1") -> None:
        """Wait until a stream's process ends by itself, without asking the supervisor, whose answers are kept for 1 s."""
        pid = self.streams()[camera_id]["process_pid"]
        until(lambda: _has_ended(pid), "the stream ends")
        self.streams()

    def not_checked_since(self, *camera_ids: str) -> None:
        """Raise Missed if the supervisor has looked after a dead stream: it has begun its recovery then, or even done."""
        streams = self.streams()
        for entry in (streams[camera_id] for camera_id in camera_ids):
            if entry["running"] or entry["metrics"]["last_recovery_attempt_ts"] > entry["metrics"]["last_start_ts"]:
                raise Missed(", ".join(camera_ids))

    def signal_source(self, number: int) -> None:
        """Send a signal to the RTSP source."""
        assert self._source
        self._source.send_signal(number)

    def stream_processes(self, count: int) -> None:
        """Fail unless this many stream processes live, whoever knows of them."""
        assert len(self._processes_here("ffmpeg")) == count

    # --- calls ---------------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a call of our own with the admin key."""
        return self.request(method, path, {"X-API-Key": self.keys["<ADMIN_KEY>"], "Content-Type": "application/json",
                                           **(headers or {})}, None if body is None else json.dumps(body).encode())

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None,
                timeout: float = 300.0) -> Answer:
        """Send a request as it is: no header but the given ones and HTTP's own."""
        connection = http.client.HTTPConnection(self.host, 5000, timeout=timeout)
        started = time.monotonic()
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, http.client.HTTPException) as error:  # a hard exit may cut an answer in two
            return Answer(None, {}, None, time.monotonic() - started, repr(error))
        finally:
            connection.close()
        kind = reply.getheader("Content-Type") or ""
        # As the recordings tell of a picture.
        text = f"<{len(content)} bytes {kind}>" if kind.startswith("image/") else content.decode()
        is_json = "json" in kind
        return Answer(reply.status, dict(reply.getheaders()), json.loads(text) if is_json else text,
                      time.monotonic() - started)

    def translate(self, text: str) -> str:
        """A string of a recording, in terms of this bench."""
        for placeholder, value in self.keys.items():
            text = text.replace(placeholder, value)
        text = text.replace("http://127.0.0.1:5000", f"http://{self.host}:5000")
        text = RTSP_ADDRESSES.sub(f"{self._prefix}.210:8554", text)
        text = text.replace("/opt/bench/bench/media/cam.mp4", str(self._media))
        text = text.replace("/opt/supervisor", str(self.dir)).replace("/home/supervisor", str(self.dir / "home"))
        return PLC_ADDRESSES.sub(rf"{self._prefix}.\1", text)

    def replay(self, name: str) -> list[str]:
        """Send a recorded request and say what is different from the recorded answer."""
        recording = self._translated(load(name))
        request = recording.request
        self._prepare_read_cache(recording)
        answer = self.request(request["method"], request["path"], request["headers"], _body_bytes(request["body"]),
                              GAVE_UP_S if recording.timed_out else 300.0)
        self._learn_key(request["body"], answer)
        return [f"{name}: {difference}" for difference in differences(recording, answer)]

    def _translated(self, recording: Recording) -> Recording:
        return Recording(recording.name, translated(recording.request, self.translate),
                         translated(recording.response, self.translate), recording.elapsed_s)

    def _prepare_read_cache(self, recording: Recording) -> None:
        """A MISS follows any mutating call, a HIT a read within the second before."""
        cache = recording.response.get("headers", {}).get("X-Read-Cache")
        if cache == "MISS":
            self.request("POST", "/api/nope", {}, b"")
        elif cache == "HIT":
            self.request("GET", recording.request["path"], {}, None)

    def _learn_key(self, body: Any, answer: Answer) -> None:
        if answer.status == 201 and body.get("name") in CREATED_KEYS:
            self.keys[CREATED_KEYS[body["name"]]] = answer.body["raw_key"]


def _has_ended(pid: int | None) -> bool:
    """Is a process gone, whether its parent has noticed or not?"""
    try:
        return pid is None or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _body_bytes(body: Any) -> bytes | None:
    """The bytes of a recorded body: an object, a raw text, or the description of a big object."""
    if not isinstance(body, str):
        return None if body is None else json.dumps(body).encode()
    described = PLACEHOLDER_BODY.fullmatch(body)
    if not described:
        return body.encode()
    frame = json.dumps({"variable": "GATEWAY.x", "value": ""})
    return json.dumps({"variable": "GATEWAY.x", "value": "x" * (int(described[1]) - len(frame))}).encode()
