# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real HTTP server on loopback that plays a script: the requests it expects, in order, and a raw answer to each."""

from __future__ import annotations

import json
import socket
import struct
import threading
import typing as t
from dataclasses import dataclass, field

Behaviour = t.Callable[[socket.socket, threading.Event], None]


@dataclass
class Exchange:
    """An expected request and what to do then. ``headers``: expected values, None = must be absent.
    Without a method nothing is read before the answer."""

    method: str
    path: str
    answer: Behaviour
    headers: dict[str, t.Optional[str]] = field(default_factory=dict)
    body: t.Any = None


def raw(content: bytes) -> Behaviour:
    """Send these bytes and end the connection in order."""
    return lambda sock, dummy: sock.sendall(content)


def answer(status: int, body: t.Union[bytes, str, dict, list], **headers: str) -> Behaviour:
    """A well-formed answer; ``Content_Length="5"`` overrides the true length."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return raw(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)


def reset(sock: socket.socket, dummy: threading.Event) -> None:
    """End the connection with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(dummy: socket.socket, stop: threading.Event) -> None:
    """Say nothing until the script ends."""
    stop.wait(60)


def drip(start: bytes, piece: bytes, interval: float = 0.02) -> Behaviour:
    """Send ``start``, then ``piece`` for ever."""

    def run(sock: socket.socket, stop: threading.Event) -> None:
        sock.sendall(start)
        while not stop.wait(interval):
            sock.sendall(piece)

    return run


class ScriptedServer:
    """Use as a context manager: at its end every exchange must have happened, as expected, and nothing else."""

    def __init__(self, *script: Exchange) -> None:
        self._script = list(script)
        self.problems: list[str] = []
        self.requests: list[dict[str, str]] = []
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, kind: t.Any, *dummy: t.Any) -> None:
        self._stop.set()
        self._thread.join(60)
        self._listener.close()
        if kind is None and (self.problems or self._script):
            missing = [f"{exchange.method} {exchange.path} was never called" for exchange in self._script]
            raise AssertionError("; ".join(self.problems + missing))

    @property
    def script_left(self) -> bool:
        """Whether calls are still to come."""
        return bool(self._script)

    def _run(self) -> None:
        # Connections that wait at the end of the script are still looked at: a call too many must be seen.
        while True:
            try:
                sock = self._listener.accept()[0]
            except socket.timeout:
                if self._stop.is_set():
                    return
                continue
            with sock:
                sock.settimeout(60)
                try:
                    self._serve(sock)
                except OSError:
                    pass  # the client went away first, which some scripts want

    def _serve(self, sock: socket.socket) -> None:
        if not self._script:
            self.problems.append("one call too many: " + repr(sock.recv(200)))
            return
        exchange = self._script.pop(0)
        if exchange.method:
            self._compare(exchange, *_read_request(sock))
        exchange.answer(sock, self._stop)

    def _compare(self, expected: Exchange, line: str, headers: dict[str, str], body: bytes) -> None:
        self.requests.append(headers)
        if line != f"{expected.method} {expected.path} HTTP/1.1":
            self.problems.append(f"expected {expected.method} {expected.path}, got {line}")
        for name, value in expected.headers.items():
            if headers.get(name.lower()) != value:
                self.problems.append(f"{line}: header {name} is {headers.get(name.lower())!r}, not {value!r}")
        found = json.loads(body) if body else None
        if found != expected.body:
            self.problems.append(f"{line}: body is {found!r}, not {expected.body!r}")


def _read_request(sock: socket.socket) -> tuple[str, dict[str, str], bytes]:
    with sock.makefile("rb") as stream:
        line = stream.readline().decode("latin-1").strip()
        headers: dict[str, str] = {}
        while field_line := stream.readline().decode("latin-1").strip():
            name, dummy, value = field_line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return line, headers, stream.read(int(headers.get("content-length", "0")))
