# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What surrounds every request: request id, version headers, read cache, idempotency keys (SUPERVISOR_API §1)."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Mapping

from flask import Flask, Response, g, request

from .guard import MUTATING, Guard, refuse
from .monitor import SloWindow

VERSION_HEADERS: Mapping[str, str] = {
    "X-API-Version": "v1", "X-API-Major-Version": "1", "X-API-Compatibility-Model": "major-path",
    "X-API-Lifecycle-Policy": "/docs/06_api_lifecycle_policy.md",
}
#: GET path -> seconds its answer is served again from memory.
READ_CACHE_S: Mapping[str, float] = {
    "/api/system/status": 1.0, "/api/telemetry": 0.5, "/api/monitor/slo": 1.0, "/api/monitor/streams": 1.0,
}
IDEMPOTENT_PATHS = frozenset({
    "/api/variables/write", "/api/admin/service/restart", "/api/admin/service/restart-daemon", "/api/admin/logs/clear",
    "/api/admin/backup/create", "/api/admin/backup/restore",
})
IDEMPOTENCY_WINDOW_S, IDEMPOTENCY_KEY_CHARS = 30.0, 128


@dataclass(frozen=True)
class Kept:
    """An answer kept in memory."""

    at: float
    status: int
    body: bytes
    mimetype: str
    payload: str = ""      #: fingerprint of the request body it answered

    @classmethod
    def of(cls, answer: Response, payload: str = "") -> Kept:
        """Keep what ``answer`` says now."""
        return cls(time.monotonic(), answer.status_code, answer.get_data(), answer.mimetype, payload)

    def replay(self) -> Response:
        """The same answer again."""
        return Response(self.body, status=self.status, mimetype=self.mimetype)


class Store:
    """Answers by key, forgotten after a while, at a restart (quirk 13) or on :meth:`clear`."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def get(self, key: str, max_age_s: float) -> Kept | None:
        """The answer kept under ``key`` if it is not too old."""
        with self._lock:
            kept = self._kept.get(key)
        return kept if kept and time.monotonic() - kept.at < max_age_s else None

    def put(self, key: str, kept: Kept) -> None:
        """Keep an answer."""
        with self._lock:
            self._kept[key] = kept

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()


class Transport:
    """Hooks around every request of one app."""

    def __init__(self, guard: Guard, slo: SloWindow) -> None:
        self._guard, self._slo = guard, slo
        self._reads, self._answers = Store(), Store()

    def attach(self, app: Flask) -> None:
        """Register the hooks."""
        app.before_request(self.before)
        app.after_request(self.after)

    def before(self) -> Response | None:
        """Checks and replays in the observed order."""
        g.started = time.monotonic()
        g.request_id = request.headers.get("X-Request-ID") or uuid.uuid4().hex
        if request.path.startswith("/api/") and request.method in MUTATING:
            self._reads.clear()  # even if the call is refused a moment later
        return self._guard.check() or self._replayed_answer() or self._cached_read()

    def _replayed_answer(self) -> Response | None:
        key = request.headers.get("Idempotency-Key") or request.headers.get("X-Idempotency-Key")
        if not key or request.method != "POST" or request.path not in IDEMPOTENT_PATHS:
            return None
        g.idempotency_key = key[:IDEMPOTENCY_KEY_CHARS]
        g.payload = hashlib.sha256(request.get_data()).hexdigest()
        kept = self._answers.get(_scope(), IDEMPOTENCY_WINDOW_S)
        g.first_answer = kept is None
        if kept is None:
            return None
        if kept.payload != g.payload:
            return refuse(409, "idempotency_key_reused_with_different_payload",
                          "Idempotency-Key wurde bereits mit anderem Payload verwendet")
        g.replayed = True
        return kept.replay()

    def _cached_read(self) -> Response | None:
        if request.method != "GET" or request.path not in READ_CACHE_S:
            return None
        g.read_cache = "MISS"
        kept = self._reads.get(request.full_path, READ_CACHE_S[request.path])
        if kept is None:
            return None
        g.read_cache = "HIT"
        return kept.replay()

    def after(self, answer: Response) -> Response:
        """Headers, and keeping what may be asked for again."""
        answer.headers["X-Request-ID"] = g.request_id
        if not request.path.startswith("/api/"):
            return answer
        answer.headers.extend(VERSION_HEADERS)
        if "read_cache" in g:
            answer.headers["X-Read-Cache"] = g.read_cache
            if g.read_cache == "MISS" and answer.status_code == 200:
                self._reads.put(request.full_path, Kept.of(answer))
        if "idempotency_key" in g:
            answer.headers["Idempotency-Key"] = g.idempotency_key
            answer.headers["X-Idempotency-Replayed"] = "true" if "replayed" in g else "false"
            if g.first_answer and answer.status_code < 500:  # a failed write is not kept, a 4xx is
                self._answers.put(_scope(), Kept.of(answer, g.payload))
        self._slo.count(answer.status_code, time.monotonic() - g.started)
        return answer


def _scope() -> str:
    return f"{request.method} {request.path} {g.idempotency_key}"
