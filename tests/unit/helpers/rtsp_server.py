# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small RTSP server on loopback: what it says to each request is a function of the test's."""

from __future__ import annotations

import socket
import threading
import typing as t

#: Request line, headers (names in lower case) -> bytes to send, None to close the connection, "wait" to say nothing.
Behaviour = t.Callable[[str, t.Mapping[str, str]], t.Union[bytes, str, None]]
SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\n"


def reply(status: int, headers: t.Mapping[str, str], body: bytes = b"", **more: str) -> bytes:
    """A well-formed answer to the request with these headers; underscores of the names are dashes."""
    fields = {"CSeq": headers.get("cseq", "0"), **{name.replace("_", "-"): value for name, value in more.items()}}
    fields.update({"Content-Length": str(len(body))} if body else {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"RTSP/1.0 {status} X\r\n{head}\r\n".encode("latin-1") + body


def open_to_all(line: str, headers: t.Mapping[str, str]) -> bytes:
    """A camera without a login."""
    return reply(200, headers, SDP if line.startswith("DESCRIBE") else b"", Public="OPTIONS, DESCRIBE")


class RtspServer:
    """Use as a context manager. greeting: bytes sent before anything was asked; requests: (line, headers) in order."""

    def __init__(self, behaviour: Behaviour = open_to_all, greeting: bytes = b"", family: socket.AddressFamily = socket.AF_INET) -> None:
        self._behaviour, self._greeting = behaviour, greeting
        self._stop = threading.Event()
        self._listener = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.connections = 0

    def __enter__(self) -> RtspServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self._stop.set()
        self._listener.close()

    def url(self, path: str = "/live", login: str = "") -> str:
        """The address of a stream of this server."""
        host = "[::1]" if self._listener.family == socket.AF_INET6 else "127.0.0.1"
        return f"rtsp://{login}{'@' if login else ''}{host}:{self.port}{path}"

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock = self._listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as stream:
            try:
                if self._greeting:
                    sock.sendall(self._greeting)
                while not self._stop.is_set():
                    line = stream.readline().decode("latin-1").rstrip("\r\n")
                    if not line:
                        return
                    headers: dict[str, str] = {}
                    while field := stream.readline().decode("latin-1").strip():
                        name, dummy, value = field.partition(":")
                        headers[name.strip().lower()] = value.strip()
                    self.requests.append((line, headers))
                    answer = self._behaviour(line, headers)
                    if answer is None:
                        return
                    if isinstance(answer, str):
                        self._stop.wait(30)
                        return
                    sock.sendall(answer)
            except OSError:
                pass  # the client has gone
