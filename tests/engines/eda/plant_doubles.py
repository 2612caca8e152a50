# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cheap doubles of supervisors for the watch alone: well, ill, silent, hostile. One thread answers all of them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

Answer = Callable[["Double", str, asyncio.StreamWriter], Awaitable[None]]

CLOSED = {"plc:plc_001:write": {"state": "closed", "failure_count": 0}}
STATUS: dict[str, Any] = {"status": "connected", "plc": {"connected": True}, "circuit_breakers": CLOSED}
DESIRED = {"type": "rtsp", "camera_id": "cam1", "rtsp_url": "rtsp://admin:canary-camera@10.0.0.9/x", "resolution": None}
HUNDRED_MB = 100 * 1024 * 1024


class Double:
    """One supervisor. Change ``answer``, ``status``, ``desired`` or ``moves`` while it serves."""

    def __init__(self, answer: Answer, *, camera: bool = False) -> None:
        self.answer, self.status, self.desired, self.moves = answer, STATUS, DESIRED if camera else None, True
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.keeps = True  # what was asked, for tests that look at it
        self.url = ""
        self.sent = 0  # bytes of its longest answer
        self._segment = 0

    def streams(self) -> dict[str, Any]:
        """What monitor/streams says."""
        entry = {"running": True, "desired": self.desired, "metrics": {"last_start_ts": 1.0, "starts_total": 1}}
        return {"success": True, "timestamp": time.time(), "streams": {"cam1": entry} if self.desired else {}}

    def playlist(self) -> str:
        """A list of four segments that goes on in real time, or stands."""
        if self.moves:
            self._segment = int(time.monotonic())
        names = "".join(f"#EXTINF:1.0,\ncam1_{self._segment + number}.ts\n" for number in range(4))
        return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{self._segment}\n{names}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call on a connection of its own."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            method, path, *dummy = lines[0].split()
            if self.keeps:
                self.asked.append((f"{method} {path}", {name.lower(): value for name, dummy2, value in (line.partition(": ") for line in lines[1:])}))
            await self.answer(self, path, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # who asked has given up, or the test is over
        finally:
            writer.close()


def _send(writer: asyncio.StreamWriter, body: bytes, status: int = 200, length: int | None = None, more: str = "") -> None:
    size = len(body) if length is None else length
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{more}\r\n".encode() + body)


async def well(double: Double, path: str, writer: asyncio.StreamWriter) -> None:
    """As a supervisor answers."""
    bodies = {"/api/system/status": double.status, "/api/monitor/streams": double.streams()}
    if path in bodies:
        _send(writer, json.dumps(bodies[path]).encode())
    elif path == "/static/hls/cam1.m3u8":
        _send(writer, double.playlist().encode())
    else:
        _send(writer, b"{}", 404)


def says(body: bytes, status: int = 200) -> Answer:
    """Always the same."""

    async def answer(dummy: Double, dummy2: str, writer: asyncio.StreamWriter) -> None:
        _send(writer, body, status)

    return answer


def redirects(url: str) -> Answer:
    """Sends callers elsewhere."""

    async def answer(dummy: Double, dummy2: str, writer: asyncio.StreamWriter) -> None:
        _send(writer, b"", 302, more=f"Location: {url}\r\n")

    return answer


async def silent(dummy: Double, dummy2: str, writer: asyncio.StreamWriter) -> None:
    """Takes the call and says nothing until the caller gives up."""
    while not writer.is_closing():
        await asyncio.sleep(0.05)


async def drips(dummy: Double, dummy2: str, writer: asyncio.StreamWriter) -> None:
    """A byte now and then, so that no time-out between two bytes ever strikes."""
    _send(writer, b"", length=1000)
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def endless(double: Double, dummy: str, writer: asyncio.StreamWriter) -> None:
    """A hundred megabytes of JSON."""
    _send(writer, b'{"x": "', length=HUNDRED_MB)
    piece = b"a" * 65536
    for number in range(HUNDRED_MB // len(piece)):
        writer.write(piece)
        double.sent = max(double.sent, number * len(piece))
        await writer.drain()


async def cuts_off(dummy: Double, dummy2: str, writer: asyncio.StreamWriter) -> None:
    """Ends in the middle of its answer."""
    _send(writer, b'{"plc": {"conn', length=5000)


class Doubles:
    """Serves doubles from a thread, as a context manager."""

    def __init__(self, **doubles: Double) -> None:
        self.by_name = doubles
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __getitem__(self, name: str) -> Double:
        return self.by_name[name]

    def __enter__(self) -> Doubles:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *dummy: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    def hosts(self, *names: str) -> list[dict[str, Any]]:
        """Entries for the source; cameras of those that have one."""
        return [
            {"host": name, "line": "line1", "url": self[name].url,
             "cameras": [{"id": "cam1", "type": "rtsp", "core": True}] if self[name].desired else []}
            for name in names or self.by_name]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        servers = []
        for double in self.by_name.values():
            server = self._loop.run_until_complete(asyncio.start_server(double.serve, "127.0.0.1", 0, backlog=256))
            double.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            servers.append(server)
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        for server in servers:
            server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
