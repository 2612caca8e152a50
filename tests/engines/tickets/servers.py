# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback for tests: what each is sent is checked by what its documentation says, and kept."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

REPOSITORY = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((REPOSITORY / "docs/schemas/delivery.schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path as it was sent, not decoded."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query; no name may come twice."""
        return {name: value for name, (value,) in parse_qs(urlsplit(self.target).query, strict_parsing=False).items()}

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Answer = Callable[[Request], Reply]


class Server:
    """An HTTP server. faults: answers for the next requests, before any is looked at; requests: all that came in."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.faults: list[Answer] = []
        self._answer = answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                outer.requests.append(request)
                reply = outer.faults.pop(0)(request) if outer.faults else outer._answer(request)
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):  # a client that has had enough hangs up
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, *dummy: Any) -> None:
                """Nothing on the screen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Webhook:
    """A receiver that does what docs/tickets.md tells receivers: checks signature, age and schema, and takes a key once."""

    def __init__(self, secret: str, path: str = "/hooks/s3cret-path") -> None:
        self.secret, self.path = secret, path
        self.taken: dict[str, Any] = {}
        self.refused: list[str] = []

    def __call__(self, request: Request) -> Reply:
        problem = self._problem(request)
        if problem:
            self.refused.append(problem)
            return Reply(400, {"message": problem})
        key = request.headers["Idempotency-Key"]
        is_new = (request.json["kind"], key) not in self.taken
        self.taken.setdefault((request.json["kind"], key), request.json)
        return Reply(201 if is_new else 200, {"ok": True})

    def _problem(self, request: Request) -> str:
        if (request.method, request.target) != ("POST", self.path):
            return f"unexpected {request.method} {request.target}"
        if request.headers.get("Content-Type") != "application/json":
            return "no JSON"
        timestamp = request.headers.get("X-Lineops-Timestamp", "")
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
            return "too old"
        wanted = hmac.new(self.secret.encode(), f"{timestamp}.".encode() + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v1={wanted}", request.headers.get("X-Lineops-Signature", "")):
            return "wrong signature"
        jsonschema.validate(request.json, SCHEMA)
        return "" if request.json["key"] == request.headers.get("Idempotency-Key") else "key and header differ"


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers; yields its URL."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
