# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many supervisors at once on loopback: those that answer any number of calls, that say nothing, that drop packets."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import typing as t
from contextlib import contextmanager

LIMIT_S = 120.0

STATUS, SLO, STREAMS = "/api/system/status", "/api/monitor/slo", "/api/monitor/streams"
SERVICE, VERSIONS = "/api/admin/service/info", "/api/system/versioning"
CLOSED = {"plc:plc_001:write": {"state": "closed"}}
WANTED = {"type": "rtsp", "rtsp_url": "rtsp://admin:canary@10.0.0.9/x"}
#: What a supervisor says that is well.
WELL: dict[str, t.Any] = {
    STATUS: {"status": "connected", "plc": {"connected": True}, "circuit_breakers": CLOSED},
    SLO: {"status": "ok", "alerts": []},
    STREAMS: {"success": True, "streams": {"cam1": {"running": True, "desired": WANTED}}},
    SERVICE: {"pid": 812, "is_container_runtime": False},
    VERSIONS: {"current_major": 1},
}


class Supervisor(http.server.ThreadingHTTPServer):
    """Answers each path with a body (a mapping, or raw bytes), after it has called `meet`, if given."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers: t.Mapping[str, t.Any], meet: t.Callable[[], t.Any] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.meet = meet
        self.asked: list[tuple[str, t.Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *dummy: t.Any) -> None:
        """Clients that give up are part of these tests."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Supervisor

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers))
        if self.server.meet:
            self.server.meet()
        status, body = 200, self.server.answers.get(self.path, b"")
        if isinstance(body, tuple):
            status, body = body
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *dummy: t.Any) -> None:
        pass


@contextmanager
def serving(*supervisors: Supervisor) -> t.Iterator[None]:
    """Let supervisors serve."""
    threads = [
        threading.Thread(target=supervisor.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        for supervisor in supervisors
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for supervisor, thread in zip(supervisors, threads):
            supervisor.shutdown()
            thread.join(LIMIT_S)
            supervisor.server_close()


@contextmanager
def silent() -> t.Iterator[str]:
    """The address of one that accepts connections and says nothing, as under SIGSTOP (SUPERVISOR_SYSTEMD 16)."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def dropping() -> t.Iterator[str]:
    """The address of one that drops packets: a listener whose queue is full, see listen(2)."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for dummy in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()
