# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted supervisor with many cameras whose playlists move in real time, and the cameras themselves, as cheap as can be.

python -m benchmarks.scripted_cameras NUMBER prints a JSON object: for each kind of camera in KINDS the address of a supervisor
that has NUMBER of them. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import re
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

#: What becomes of an RTSP request to a camera: an answer at once, a refused connection, none at all.
KINDS = ("answering", "refusing", "silent")
_SEGMENTS = 4
_PLAYLIST = re.compile(r"/static/hls/(cam\d+)\.m3u8")
_SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
_Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Supervisor:
    """What one supervisor answers."""

    def __init__(self, number: int, camera_port: int) -> None:
        names = [f"cam{index + 1}" for index in range(number)]
        self._began = time.time() - 60.0
        self._urls = {name: f"rtsp://viewer:secret-{name}@127.0.0.1:{camera_port}/{name}" for name in names}
        #: A segment is written once a second, but not by all at the same time.
        self._phases = {name: index / number for index, name in enumerate(names)}
        self._cameras = json.dumps({"cameras": {name: self._camera(name) for name in names}}).encode()
        self._streams = {name: self._stream(name) for name in names}

    def answer(self, path: str) -> tuple[str, bytes]:
        """More header lines, and the body; KeyError for what it does not know."""
        if match := _PLAYLIST.fullmatch(path):
            return self._playlist(match[1])
        return "", {"/api/cameras": lambda: self._cameras, "/api/monitor/streams": self._monitor}[path]()

    def _camera(self, name: str) -> dict[str, Any]:
        return {
            "name": name, "url": self._urls[name], "type": "rtsp", "substream_url": "", "autostart": True, "onvif": None,
            "ring": None, "stream_running": True, "hls_url": f"/static/hls/{name}.m3u8", "preview_url": None}

    def _stream(self, name: str) -> dict[str, Any]:
        metrics = {
            "starts_total": 1, "stops_total": 0, "restarts_total": 0, "recovery_success_total": 0, "recovery_failed_total": 0,
            "last_start_ts": self._began, "last_stop_ts": 0.0, "last_exit_code": None, "last_error": "",
            "last_recovery_attempt_ts": 0.0, "cooldown_until": 0.0}
        desired = {"type": "rtsp", "camera_id": name, "rtsp_url": self._urls[name], "force_cpu": False, "resolution": None}
        return {
            "running": True, "process_pid": 4711, "source_type": "rtsp", "desired": desired, "client_count": 1,
            "metrics": metrics,
            "recovery": {"retries_in_window": 0, "cooldown_until": 0.0, "in_cooldown": False},
            "hls": {"playlist_exists": True, "segment_count": 9}}

    def _monitor(self) -> bytes:
        closed = {"state": "closed", "failure_count": 0, "last_error": "", "total_success": 12, "total_failure": 0}
        return json.dumps({
            "success": True, "timestamp": time.time(), "auto_recovery_enabled": True, "streams": self._streams,
            "circuit_breakers": {f"stream:rtsp:{name}": closed for name in self._streams}}).encode()

    def _playlist(self, name: str) -> tuple[str, bytes]:
        number = int(time.time() - self._began + self._phases[name])
        written = self._began + number - self._phases[name]
        segments = "".join(f"#EXTINF:1.000000,\n{name}_{number + index:03}.ts\n" for index in range(_SEGMENTS))
        text = f"#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{number}\n{segments}"
        return f"Last-Modified: {email.utils.formatdate(written, usegmt=True)}\r\n", text.encode()


async def _talk(about: Callable[[bytes], bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer request after request until the other side, or a request that is not known, ends it."""
    try:
        while True:
            writer.write(about(await reader.readuntil(b"\r\n\r\n")))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, KeyError):
        pass
    finally:
        writer.close()


def _over_http(supervisor: Supervisor, request: bytes) -> bytes:
    more, body = supervisor.answer(request.split(b" ", 2)[1].decode())
    kind = "application/json" if not more else "application/vnd.apple.mpegurl"
    now = email.utils.formatdate(usegmt=True)
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nDate: {now}\r\n{more}\r\n".encode() + body


def _over_rtsp(request: bytes) -> bytes:
    method, number = request.split(b" ", 1)[0], re.search(rb"CSeq: (\d+)", request)
    body = _SDP if method == b"DESCRIBE" else b""
    return b"RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Length: %d\r\n\r\n%s" % (number[1] if number else b"0", len(body), body)


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def _listen(handler: _Handler) -> asyncio.Server:
    return await asyncio.start_server(handler, "127.0.0.1", 0, backlog=256)


async def serve(number: int) -> None:
    """Serve until the standard input ends."""
    cameras = {"answering": await _listen(partial(_talk, _over_rtsp)), "silent": await _listen(_silence)}
    with socket.socket() as closed:  # bound, but nobody listens: refused
        closed.bind(("127.0.0.1", 0))
        ports = {**{kind: _port(server) for kind, server in cameras.items()}, "refusing": closed.getsockname()[1]}
        servers = {kind: await _listen(partial(_talk, partial(_over_http, Supervisor(number, ports[kind])))) for kind in KINDS}
        print(json.dumps({kind: f"http://127.0.0.1:{_port(server)}" for kind, server in servers.items()}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
