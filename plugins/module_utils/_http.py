# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP exchange with total deadlines and a bounded body (private to this collection).

Knows nothing of the supervisor: bytes in, bytes or :class:`HttpFailure` out.
"""

from __future__ import annotations

import errno
import http.client
import json
import socket
import threading
import time
import typing as t
from dataclasses import dataclass

from ._errors import SupervisorError

MAX_BODY = 8 * 1024 * 1024
_CHUNK = 65536
# EPERM and EACCES: a firewall of this machine.
_NO_ROUTE = frozenset(
    (
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EHOSTDOWN,
        errno.EADDRNOTAVAIL,
        errno.EPERM,
        errno.EACCES,
    )
)


@dataclass(frozen=True)
class Answer:
    """What came back. ``headers`` is case-insensitive; ``elapsed_s`` until the last byte of the body, in seconds."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes
    elapsed_s: float


class HttpFailure(Exception):
    """No whole answer. ``kind``: refused, no_route, dns, reset, tls, proxy, url, lost, connect_timeout, read_timeout,
    not_http, truncated, too_large. ``status`` is known for the last two only."""

    def __init__(self, kind: str, elapsed_s: float, status: t.Optional[int] = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.elapsed_s = elapsed_s
        self.status = status


class Transport:
    """Makes exchanges, each on a connection of its own, so that no stale connection can lose a call.

    Ignores proxies, .netrc and certificates named in the environment; follows no redirect (DESIGN §7.14).

    :arg proxy: URL of an HTTP proxy, or None; :arg verify: True, False or the path of a CA file.
    :raises SupervisorError: "library.missing".
    """

    def __init__(self, proxy: t.Optional[str] = None, verify: t.Union[bool, str] = True) -> None:
        requests = _library()
        self._requests = requests
        self._watchdog = _Watchdog()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = verify
        self._session.headers.clear()
        if proxy:
            self._session.proxies.update({"http": proxy, "https": proxy})
        adapter = _deadline_adapter(requests, self._watchdog)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def exchange(
        self,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        params: t.Optional[t.Mapping[str, t.Any]],
        body: t.Optional[bytes],
        connect_timeout: float,
        read_timeout: float,
        ends_at: t.Optional[float] = None,
        max_body: t.Optional[int] = None,
    ) -> Answer:
        """Send one request.

        :arg connect_timeout: seconds per address of the host; :arg read_timeout: seconds from there to the last byte.
        :arg ends_at: when it is over in any case (``time.monotonic()``), as far as the connection stands by then.
        :arg max_body: bytes, 8 MB if not given.
        :raises HttpFailure: for everything that is not a whole HTTP answer of at most that size.
        """
        began = time.monotonic()
        most = MAX_BODY if max_body is None else max_body
        status = None
        failure = ""
        content = b""
        self._watchdog.arm(read_timeout, ends_at)
        try:
            response = self._session.request(
                method,
                url,
                headers=dict(headers, Connection="close", **{"Accept-Encoding": "identity"}),
                params=params,
                data=body,
                timeout=(connect_timeout, read_timeout),
                allow_redirects=False,
                stream=True,
            )
            with response:
                status = response.status_code
                content = _read(response.raw, most)
        except self._requests.exceptions.ConnectTimeout:
            failure = "connect_timeout"
        except self._requests.exceptions.ReadTimeout:
            failure = "read_timeout"
        except Exception as error:
            # requests lets errors of urllib3, http.client, the IDNA codec and the socket through: none may escape.
            failure = _kind_of(error, self._requests, status)
        finally:
            fired = self._watchdog.disarm()
            # Drops the pooled connection: a server that has closed it meanwhile would lose the next call.
            self._session.close()
        elapsed_s = round(time.monotonic() - began, 6)
        if fired:
            failure = "read_timeout"
        elif not failure and len(content) > most:
            failure = "too_large"
        if failure:
            raise HttpFailure(failure, elapsed_s, status)
        return Answer(t.cast(int, status), response.headers, content, elapsed_s)

    def close(self) -> None:
        """Release the session."""
        self._session.close()


class _Watchdog:
    """Ends the connection of the running exchange when its time is up: requests' own limit is per received piece, so a
    peer that sends a byte now and then would hold a call for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._ends_at: t.Optional[float] = None
        self._timer: t.Optional[threading.Timer] = None
        self._fired = False

    def arm(self, seconds: float, ends_at: t.Optional[float]) -> None:
        """The next connection may live for so many seconds, and not beyond that time."""
        self._seconds = seconds
        self._ends_at = ends_at
        self._fired = False

    def watch(self, sock: socket.socket) -> None:
        """Called with each connection as it stands."""
        self._cancel()
        left = self._seconds if self._ends_at is None else min(self._seconds, self._ends_at - time.monotonic())
        self._timer = threading.Timer(max(0.0, left), self._end, (sock,))
        self._timer.daemon = True
        self._timer.start()

    def disarm(self) -> bool:
        """True if the time was up."""
        self._cancel()
        with self._lock:
            return self._fired

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, sock: socket.socket) -> None:
        with self._lock:
            self._fired = True
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _deadline_adapter(requests: t.Any, watchdog: _Watchdog) -> t.Any:
    """An adapter of requests whose connections report to the watchdog. Built here since requests is imported late."""
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    def watched(pool_class: t.Any) -> t.Any:
        class Connection(pool_class.ConnectionCls):
            def connect(self) -> None:
                super().connect()
                watchdog.watch(self.sock)

        class Pool(pool_class):
            ConnectionCls = Connection

        return Pool

    pools = {"http": watched(HTTPConnectionPool), "https": watched(HTTPSConnectionPool)}

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter(max_retries=0)


def _read(raw: t.Any, most: int) -> bytes:
    """The body as sent (never decompressed), at most one piece more than allowed."""
    # urllib3 before 2.0 takes a body that ends early for whole.
    raw.enforce_content_length = True
    pieces: list[bytes] = []
    size = 0
    while size <= most:
        piece = raw.read(_CHUNK, decode_content=False)
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _kind_of(error: BaseException, requests: t.Any, status: t.Optional[int]) -> str:
    """Name what happened, from the whole chain of causes; texts of the libraries are not stable."""
    chain = list(_causes(error))

    def has(*kinds: t.Any) -> bool:
        return any(isinstance(cause, kinds) for cause in chain)

    exceptions = requests.exceptions
    table: tuple[tuple[str, bool], ...] = (
        ("dns", has(socket.gaierror)),
        ("proxy", has(exceptions.ProxyError, exceptions.InvalidProxyURL)),
        ("tls", has(exceptions.SSLError)),
        ("read_timeout", status is not None and has(TimeoutError, socket.timeout)),
        ("refused", has(ConnectionRefusedError)),
        ("reset", has(ConnectionResetError, ConnectionAbortedError, BrokenPipeError)),
        ("truncated", status is not None),
        ("not_http", has(http.client.HTTPException)),
        ("no_route", any(isinstance(cause, OSError) and cause.errno in _NO_ROUTE for cause in chain)),
        ("lost", has(exceptions.ConnectionError, OSError) and not has(exceptions.InvalidSchema, ValueError)),
    )
    return next((kind for kind, holds in table if holds), "url")


def _causes(error: t.Optional[BaseException]) -> t.Iterator[BaseException]:
    """An exception, its causes, and the exceptions it carries as arguments (urllib3 wraps that way), each once."""
    seen: set[int] = set()
    waiting: list[t.Any] = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def decode_json(body: bytes) -> t.Any:
    """Decode JSON whatever charset the header claims: UTF-8/16/32 by its look, else as Latin-1.

    NaN and infinities become None; lone surrogates become "?", since they could be written nowhere.

    :raises ValueError: not JSON, or nested too deep.
    """
    try:
        text = body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    try:
        return _encodable(json.loads(text.lstrip("\ufeff"), parse_constant=lambda dummy: None))
    except RecursionError:
        raise ValueError("nested too deep") from None


def decode_text(body: bytes) -> str:
    """Decode text as UTF-8; what is not becomes a replacement character."""
    return body.decode("utf-8", "replace")


def _encodable(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def _library() -> t.Any:
    try:
        import requests
    except ImportError:
        raise SupervisorError(
            "library.missing",
            "The Python library requests, needed to speak HTTP, is not installed on this machine.",
            "Install it with: python3 -m pip install requests",
        ) from None
    return requests
