# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request must pass before its handler: payload 400/413, origin 403, rate limit 429, key 401, in this order.

The order and the shapes are SUPERVISOR_API §1; quirk 23: too low a level is 401, and the rate limit comes before the
key.
"""

from __future__ import annotations

import collections
import ipaddress
import logging
import re
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Request, Response, g, jsonify, request

from .keys import KeyStore
from .settings import Settings

MAX_BODY, MAX_FIELDS, MAX_DEPTH, MAX_ITEMS, MAX_STRING = 1048576, 200, 12, 1000, 8192
NO_KEY = "API-Key fehlt (Header X-API-Key oder Authorization: Bearer ...)"
MUTATING = frozenset({"POST", "PUT", "DELETE", "PATCH"})

#: Paths whose mutating methods need an operator key (SUPERVISOR_API §1). All of /api/admin/ needs an admin key.
OPERATOR_PATHS = re.compile(
    r"/api/(plc/(config|connect|disconnect|ads/route/(add|test)|symbols/(upload|live))|variables/write"
    r"|cameras|cameras/(scan|diagnose|alert)|routing/config|camera-triggers(/import)?|ring/(auth|cameras/import)"
    r"|monitor/dlq/(reprocess|clear))")

log = logging.getLogger("web_manager")


def needed_level(method: str, path: str) -> str | None:
    """The key level a call needs, None if it is open to everybody."""
    if path.startswith("/api/admin/"):
        return "admin"
    if "/ptz/" in path and path.startswith("/api/"):
        return "operator"
    if method in MUTATING and OPERATOR_PATHS.fullmatch(path):
        return "operator"
    return "operator" if method != "GET" and path.startswith("/api/cameras/") else None


def refuse(status: int, error: str, message: str, **extra: Any) -> Response:
    """The failure shape of everything that is refused before a handler."""
    answer = jsonify(success=False, error=error, message=message, **extra)
    answer.status_code = status
    return answer


def payload_fault(value: Any, depth: int = 1) -> str | None:
    """What is too big in a decoded body, None if nothing is."""
    if isinstance(value, str):
        return f"String-Feld zu lang ({len(value)}>{MAX_STRING})" if len(value) > MAX_STRING else None
    if not isinstance(value, (dict, list)):
        return None
    limit = MAX_FIELDS if depth == 1 else MAX_ITEMS
    if len(value) > limit:
        return f"Zu viele Felder ({len(value)}>{limit})"
    if depth > MAX_DEPTH:
        return f"JSON zu tief verschachtelt ({depth}>{MAX_DEPTH})"
    children = value.values() if isinstance(value, dict) else value
    return next(filter(None, (payload_fault(child, depth + 1) for child in children)), None)


def check_payload(call: Request) -> Response | None:
    """400/413. A body without JSON content type is not looked at: the handlers see no fields then."""
    if (call.content_length or 0) > MAX_BODY:
        return refuse(413, "invalid_payload", f"Payload zu groß ({call.content_length}>{MAX_BODY} bytes)",
                      error_class="payload_too_large")
    if not call.is_json:
        return None
    body = call.get_json(silent=True)
    if not isinstance(body, dict):
        message = "JSON-Body ungültig oder leer" if body is None else "JSON-Body muss ein Objekt sein"
        return refuse(400, "invalid_payload", message, error_class="schema_validation_failed")
    fault = payload_fault(body)
    return fault and refuse(400, "invalid_payload", fault, error_class="payload_validation_failed")


class Guard:
    """The checks that need memory: origin list, rate limit, keys."""

    def __init__(self, settings: Settings, keys: KeyStore) -> None:
        self._settings, self._keys = settings, keys
        self._origins = {origin.strip() for origin in settings.env.get("SMARTHOME_ALLOWED_ORIGINS", "").split(",")}
        self._rate_max = int(settings.number("SMARTHOME_CONTROL_RATE_LIMIT_MAX_REQUESTS", 120))
        self._rate_window = settings.number("SMARTHOME_CONTROL_RATE_LIMIT_WINDOW_SECONDS", 60.0)
        self._rate_loopback_free = settings.flag("SMARTHOME_CONTROL_RATE_LIMIT_EXEMPT_LOOPBACK", True)
        self._calls: dict[tuple[str, str], collections.deque[float]] = collections.defaultdict(collections.deque)
        self._lock = threading.Lock()

    def check(self) -> Response | None:
        """Refusal of the current request, None if it may reach its handler."""
        if request.method in MUTATING:
            refusal = check_payload(request)
            if refusal:
                return refusal
        level = needed_level(request.method, request.path)
        if level is None:
            return None
        refusal = self._origin() if request.method != "GET" else None
        return refusal or self._rate() or self._key(level)

    def _origin(self) -> Response | None:
        for header in ("Origin", "Referer"):
            value = request.headers.get(header)
            if value and urlsplit(value).netloc != request.host and value not in self._origins:
                return refuse(403, "forbidden_origin", f"{header} nicht erlaubt: {value}")
        return None

    def _rate(self) -> Response | None:
        client = request.remote_addr or ""
        if self._rate_loopback_free and ipaddress.ip_address(client).is_loopback:
            return None
        now = time.monotonic()
        with self._lock:
            calls = self._calls[client, request.path]
            while calls and now - calls[0] >= self._rate_window:
                calls.popleft()
            if len(calls) < self._rate_max:
                calls.append(now)
                return None
            wait = max(1, int(self._rate_window - (now - calls[0])))
        answer = refuse(429, "rate_limited", "Zu viele Requests auf kritischen Endpunkten")
        answer.headers["Retry-After"] = str(wait)
        return answer

    def _key(self, level: str) -> Response | None:
        fault = self._key_fault(level)
        if fault is None:
            return None
        log.warning("Control API access denied: req_id=%s method=%s path=%s remote=%s reason=%s",
                    g.request_id, request.method, request.path, request.remote_addr, fault)
        return refuse(401, "unauthorized", fault)

    def _key_fault(self, level: str) -> str | None:
        key = request.headers.get("X-API-Key") or _bearer() or request.args.get("api_key")
        if self._open_to_client():
            return None  # quirk of §1: here a wrong key is not refused either
        if not key:
            return NO_KEY
        if self._settings.master_key and key == self._settings.master_key:
            return None
        return self._keys.refusal(key, level, request.remote_addr or "")

    def _open_to_client(self) -> bool:
        """Does this client need no key: none configured and the client local, or the very first managed key."""
        address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
        local = address.is_loopback or address.is_private
        if not self._settings.master_key:
            return address.is_loopback or (
                local and self._settings.flag("SMARTHOME_ALLOW_PRIVATE_NETWORK_WITHOUT_KEY", True))
        if address.is_loopback and self._settings.flag("SMARTHOME_ALLOW_LOOPBACK_WITHOUT_KEY", False):
            return True
        first_key = request.path == "/api/admin/apikeys" and request.method in ("GET", "POST")
        return first_key and local and not self._keys.any()


def _bearer() -> str | None:
    scheme, dummy, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
