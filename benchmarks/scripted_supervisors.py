# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted supervisors on loopback, as cheap as can be: all in one process, each with a port of its own.

python -m benchmarks.scripted_supervisors ANSWERING DROPPING prints the addresses as a JSON list, those that answer
first, then those that drop packets as a host behind a firewall does; it ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any

_CLOSED = {"state": "closed", "failure_count": 0, "last_error": "", "total_success": 12, "total_failure": 0}
_STREAM = {
    "running": True, "process_pid": 4711, "source_type": "rtsp", "client_count": 1,
    "desired": {"type": "rtsp", "camera_id": "cam1", "rtsp_url": "rtsp://10.30.0.31/live", "resolution": None},
    "metrics": {"starts_total": 1, "stops_total": 0, "restarts_total": 0, "last_error": ""},
    "hls": {"playlist_exists": True, "segment_count": 9},
}  # fmt: skip
#: Path -> answer, of the size and shape of a real one (SUPERVISOR_API §2).
ANSWERS: dict[str, Any] = {
    "/api/system/status": {
        "status": "connected", "plc": {"connected": True}, "circuit_breakers": {"plc:plc_001:write": _CLOSED},
        "dead_letter": {"queued": 0}, "capabilities": {"is_docker": False, "platform": "Linux"}, "uptime": 0,
    },
    "/api/monitor/slo": {
        "status": "ok", "alerts": [], "targets": {"api_availability": 0.995, "p95_latency_ms": 500},
        "sli": {"api": {"window_seconds": 3600, "total_requests": 812, "errors_5xx": 0, "availability_ratio": 1.0}},
    },
    "/api/monitor/streams": {
        "success": True, "auto_recovery_enabled": True, "circuit_breakers": {"stream:rtsp:cam1": _CLOSED},
        "streams": {"cam1": _STREAM, "cam2": _STREAM},
    },
}  # fmt: skip
_RAW = {path: json.dumps(answer).encode() for path, answer in ANSWERS.items()}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        body = _RAW[request.split(b" ", 2)[1].decode()]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, KeyError):
        pass
    finally:
        writer.close()


def _dropping() -> list[socket.socket]:
    """A listener whose queue is full, and the connections that fill it: Linux drops what comes after (listen(2))."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for dummy in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return [listener, *fillers]


async def serve(answering: int, dropping: int) -> None:
    """Serve until the standard input ends."""
    servers = [await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=128) for dummy in range(answering)]
    full = [_dropping() for dummy in range(dropping)]
    listeners = [server.sockets[0] for server in servers] + [sockets[0] for sockets in full]
    print(json.dumps([f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
