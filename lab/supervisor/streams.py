# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams: one ffmpeg per camera, and the loop that starts it again (SUPERVISOR_API §2, §5, §6, quirks 13, 15-18)."""

from __future__ import annotations

import importlib
import logging
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .breaker import Breaker
from .settings import Settings, read_json

log = logging.getLogger("StreamManager")

CHECK_EVERY_S = 2.0
RETRIES, COOLDOWN_S = 5, 120.0  #: LINEOPS_LAB_RECOVERY_MAX_RETRIES and LINEOPS_LAB_RECOVERY_COOLDOWN_SECONDS
BACKOFF_S, BACKOFF_MAX_S, JITTER_S = 1.5, 20.0, 0.6
ALIVE_AFTER_S = 0.4     #: a process that lives this long counts as started (quirk 17); LINEOPS_LAB_ALIVE_AFTER_S
TERM_PATIENCE_S = 5.0   #: then SIGKILL: a stopped process does not take SIGTERM (quirk 15)
BREAKER_FAILURES = 3
VIEWER_TTL_S = 30
SNAPSHOT_PATIENCE_S = 15.0
SNAPSHOT_AFTER_S = "3"   #: of the video; with the beginning of it that makes the 4 s that were observed
LOW_RESOLUTION = "640x360"  #: what a substream is where the camera has none
INPUT = ("-hide_banner", "-loglevel", "warning", "-nostdin", "-fflags", "nobuffer", "-flags", "low_delay",
         "-probesize", "32768", "-analyzeduration", "1000000", "-rtsp_transport", "tcp", "-timeout", "5000000", "-i")
ENCODER = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-force_key_frames",
           "expr:gte(t,n_forced*1)")
HLS = ("-f", "hls", "-hls_time", "1", "-hls_list_size", "4", "-hls_delete_threshold", "4", "-hls_flags",
       "delete_segments+independent_segments")
METRICS = {"starts_total": 0, "stops_total": 0, "restarts_total": 0, "recovery_success_total": 0,
           "recovery_failed_total": 0, "last_start_ts": 0.0, "last_stop_ts": 0.0, "last_exit_code": None,
           "last_error": "", "last_recovery_attempt_ts": 0.0, "cooldown_until": 0.0}


def ffmpeg() -> str | None:
    """Where ffmpeg is, None on a host without it: on PATH, else the one that the PyPI package imageio-ffmpeg brings."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None


def max_retries(settings: Settings) -> int:
    """How often recovery may fail in a row before it gives up for a while; a fault may want it to give up sooner."""
    of_fault = read_json(settings.stream_retries, None)
    return of_fault or int(settings.number("LINEOPS_LAB_RECOVERY_MAX_RETRIES", RETRIES))


def cooldown_s(settings: Settings) -> float:
    """For how long it gives up."""
    return settings.number("LINEOPS_LAB_RECOVERY_COOLDOWN_SECONDS", COOLDOWN_S)


def one_picture(url: str) -> bytes:
    """A JPEG of what a camera shows now; nothing if it shows nothing."""
    program = ffmpeg()
    words = (*INPUT, url, "-ss", SNAPSHOT_AFTER_S, "-frames:v", "1", "-f", "mjpeg", "pipe:1")
    try:
        return subprocess.run(
            [program, *words], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SNAPSHOT_PATIENCE_S,
        ).stdout if program else b""
    except subprocess.TimeoutExpired:
        return b""


@dataclass(frozen=True)
class Source:
    """What a stream is made of."""

    camera_id: str
    url: str
    resolution: str | None = None

    def shown(self) -> dict[str, Any]:
        """The entry ``desired`` of monitor/streams, the password in the URL included (quirk 19)."""
        return {"type": "rtsp", "camera_id": self.camera_id, "rtsp_url": self.url, "force_cpu": False,
                "resolution": self.resolution}

    def command(self, folder: Path) -> list[str]:
        """The command line. ValueError for a resolution that is not WxH, with Python's own text (quirk 18)."""
        video = ["-c", "copy"]
        if self.resolution:
            width, height = self.resolution.split("x")
            video = ["-vf", f"scale={int(width)}:{int(height)}", *ENCODER]
        return ["ffmpeg", *INPUT, self.url, *video, *HLS, "-hls_segment_filename",
                str(folder / f"{self.camera_id}_%03d.ts"), str(folder / f"{self.camera_id}.m3u8")]


class HlsFolder:
    """The folder that ffmpeg writes to and anybody may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def playlist(self, camera_id: str) -> Path:
        """A camera's playlist."""
        return self.path / f"{camera_id}.m3u8"

    def segments(self, camera_id: str) -> list[Path]:
        """A camera's segment files."""
        name = re.compile(rf"{re.escape(camera_id)}_\d+\.ts")
        return [path for path in self._files() if name.fullmatch(path.name)]

    def remove(self, camera_id: str) -> None:
        """Delete a camera's files."""
        self._unlink([self.playlist(camera_id), *self.segments(camera_id)])

    def wipe(self) -> None:
        """Delete all HLS files, as every process start does, whoever else is streaming (SUPERVISOR_SYSTEMD §3.12)."""
        self._unlink([path for path in self._files() if path.suffix in (".m3u8", ".ts")])

    def _files(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from self.path.iterdir()

    @staticmethod
    def _unlink(paths: list[Path]) -> None:
        for path in paths:
            with suppress(OSError):  # a folder that cannot be written stops nothing (SUPERVISOR_SYSTEMD §8.31)
                path.unlink()


class Stream:
    """One camera's stream since its first start."""

    def __init__(self, camera_id: str, settings: Settings, files: HlsFolder) -> None:
        self.camera_id, self._files = camera_id, files
        self.lock = threading.RLock()
        self.desired: Source | None = None
        self.process: subprocess.Popen[bytes] | None = None  #: a dead one stays registered until the next check
        self.metrics: dict[str, Any] = dict(METRICS)
        self.breaker = Breaker(f"stream:rtsp:{camera_id}", settings, threshold=BREAKER_FAILURES)
        self.retries, self.cooldown_until, self.recovering = 0, 0.0, False
        self._settings = settings

    @property
    def _alive_after_s(self) -> float:
        of_camera = read_json(self._settings.stream_starts, {}).get(self.camera_id)
        return of_camera or self._settings.number("LINEOPS_LAB_ALIVE_AFTER_S", ALIVE_AFTER_S)

    @property
    def is_running(self) -> bool:
        """Is there a living process? One that hangs lives (quirk 15)."""
        process = self.process
        return process is not None and process.poll() is None

    def start(self, source: Source) -> bool:
        """Make ``source`` the stream. Nothing is done while a process runs with it, hung or not (quirk 15).

        Raises ValueError for a bad resolution; what ran before is gone by then (quirk 18).
        """
        with self.lock:
            if self.is_running and self.desired == source:
                self.breaker.success()  # as recorded: it counts as a start that went well
                return True
            if self.process:
                self._end_process()
                self.metrics["restarts_total"] += 1
            try:
                command = source.command(self._files.path)
            except ValueError:
                self.metrics["last_exit_code"] = None  # as recorded: nothing tells what became of the one before
                raise
            self.desired = source
            if not self.breaker.allow():
                self.metrics |= {"last_error": "circuit_open", "last_exit_code": None}
                return False
            return self._start_process(command)

    def _start_process(self, command: list[str]) -> bool:
        self._files.remove(self.camera_id)
        self.process = subprocess.Popen(command, executable=ffmpeg(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.metrics["starts_total"] += 1
        self.metrics["last_start_ts"] = time.time()
        # As recorded: also a process that ends at once has been a start, so only starts that the breaker refuses add up to
        # a cooldown (quirk 17).
        self.retries, self.cooldown_until = 0, 0.0
        try:
            code = self.process.wait(self._alive_after_s)
        except subprocess.TimeoutExpired:
            self.metrics["last_error"] = ""
            self.breaker.success()
            return True
        self.process = None
        self.metrics |= {"last_exit_code": code, "last_error": "early_exit"}
        self.breaker.failure("early_exit")
        return False

    def _end_process(self) -> None:
        process, self.process = self.process, None
        if process:
            process.terminate()
            try:
                process.wait(TERM_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.metrics["last_exit_code"] = process.returncode
        self._files.remove(self.camera_id)

    def stop(self) -> bool:
        """End the stream on purpose. False if no process is registered; a recovery that is waiting out its back-off
        knows nothing of it and brings the stream back (quirk 16)."""
        with self.lock:
            self.desired, self.retries, self.cooldown_until = None, 0, 0.0
            if not self.process:
                return False
            self._end_process()
            self.metrics["stops_total"] += 1
            self.metrics["last_stop_ts"] = time.time()
            return True

    def check(self) -> None:
        """One round of the recovery loop."""
        if not self.lock.acquire(blocking=False):  # being started or stopped
            return
        try:
            if self.process and not self.is_running:
                self.metrics["last_exit_code"] = self.process.returncode
                self.process = None
            if self.desired and not self.process and not self.recovering and self._may_recover():
                self._recover_later(self.desired)
        finally:
            self.lock.release()

    def _may_recover(self) -> bool:
        now = time.time()
        if self.cooldown_until > now:
            return False
        if self.cooldown_until:
            self.retries, self.cooldown_until = 0, 0.0
        if self.retries < max_retries(self._settings):
            return True
        lasts_s = cooldown_s(self._settings)
        self.cooldown_until = now + lasts_s
        self.metrics |= {"cooldown_until": self.cooldown_until, "last_error": "recovery_cooldown"}
        log.error("Stream recovery escalated for %s: cooldown %.0fs", self.camera_id, lasts_s)
        return False

    def _recover_later(self, source: Source) -> None:
        delay = min(BACKOFF_S * 2 ** self.retries, BACKOFF_MAX_S) + random.uniform(0, JITTER_S)
        self.retries += 1
        self.recovering = True
        self.metrics["last_recovery_attempt_ts"] = time.time()
        timer = threading.Timer(delay, self._recover, [source])
        timer.daemon = True
        timer.start()

    def _recover(self, source: Source) -> None:
        recovered = False
        try:
            recovered = self.start(source)
        except OSError as error:  # ffmpeg has gone
            self.metrics["last_error"] = str(error)
        finally:
            self.metrics["recovery_success_total" if recovered else "recovery_failed_total"] += 1
            self.recovering = False
        if not recovered:
            log.warning("Stream recovery failed for %s: %s", self.camera_id, self.metrics["last_error"])

    def shown(self, viewers: int) -> dict[str, Any]:
        """The entry in monitor/streams."""
        process, desired, segments = self.process, self.desired, self._files.segments(self.camera_id)
        return {
            "running": self.is_running, "process_pid": process.pid if process else None,
            "source_type": "rtsp" if desired else None, "desired": desired.shown() if desired else None,
            "client_count": viewers, "metrics": dict(self.metrics),
            "recovery": {"retries_in_window": self.retries, "cooldown_until": self.cooldown_until,
                         "in_cooldown": self.cooldown_until > time.time()},
            "hls": {"playlist_exists": self._files.playlist(self.camera_id).exists(), "segment_count": len(segments)}}


class Streams:
    """All streams of one supervisor process. None is started by itself, and none is known after a restart."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.files = HlsFolder(settings.hls_dir)
        self._streams: dict[str, Stream] = {}
        self._viewers: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def open(self) -> None:
        """Wipe what an earlier process, or another one that still runs, has written; begin to look after streams."""
        self.files.wipe()
        threading.Thread(target=self._check_all, daemon=True).start()

    def _check_all(self) -> None:
        while not self._ended.wait(CHECK_EVERY_S):
            for stream in self._known():
                stream.check()

    def _known(self) -> list[Stream]:
        with self._lock:
            return list(self._streams.values())

    def start(self, source: Source) -> bool:
        """Start or change a stream; see :meth:`Stream.start`."""
        with self._lock:
            stream = self._streams.setdefault(
                source.camera_id, Stream(source.camera_id, self._settings, self.files))
        return stream.start(source)

    def stop(self, camera_id: str) -> bool:
        """Stop a stream; False if nothing was registered."""
        stream = self._streams.get(camera_id)
        return stream is not None and stream.stop()

    def is_running(self, camera_id: str) -> bool:
        """Does the camera's process live?"""
        stream = self._streams.get(camera_id)
        return stream is not None and stream.is_running

    def close(self) -> None:
        """End all streams at the end of the process; a hard exit leaves them behind (quirk 13)."""
        self._ended.set()
        enders = [threading.Thread(target=stream.stop, daemon=True) for stream in self._known()]
        for thread in enders:
            thread.start()
        for thread in enders:
            thread.join(TERM_PATIENCE_S + 1)

    def viewed(self, file_name: str, client: str) -> None:
        """Somebody fetched an HLS file: a viewer for a while."""
        if file_name.endswith(".m3u8"):
            self._viewers[file_name.removesuffix(".m3u8"), client] = time.monotonic()

    def _viewer_count(self, camera_id: str) -> int:
        oldest = time.monotonic() - VIEWER_TTL_S
        return sum(camera == camera_id and seen > oldest for (camera, dummy), seen in list(self._viewers.items()))

    def sli(self) -> dict[str, Any]:
        """The stream indicators of monitor/slo: a killed stream counts until the next check only (quirk 20)."""
        registered = [stream for stream in self._known() if stream.process]
        running = sum(stream.is_running for stream in registered)
        return {"active_streams": len(registered), "running_streams": running,
                "health_ratio": round(running / len(registered), 6) if registered else None}

    def answer(self) -> dict[str, Any]:
        """GET monitor/streams. A camera never started since process start is absent."""
        known = self._known()
        return {
            "success": True, "timestamp": time.time(), "auto_recovery_enabled": True,
            "recovery_check_interval_seconds": CHECK_EVERY_S, "recovery_cooldown_seconds": cooldown_s(self._settings),
            "recovery_max_retries": max_retries(self._settings), "viewer_ttl_seconds": VIEWER_TTL_S,
            "circuit_breakers": {stream.breaker.name: stream.breaker.as_dict() for stream in known},
            "streams": {stream.camera_id: stream.shown(self._viewer_count(stream.camera_id)) for stream in known}}
