# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of ticket systems and webhooks: short, to one origin, told in one sentence if they fail. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ._errors import LineopsError
from ._http import Answer, HttpFailure, Transport, decode_json

MAX_ANSWER = 4 * 1024 * 1024
CONNECT_S = 3.0
_SHOWN = 200

#: Kind of HttpFailure -> what is said after the name of the server.
_NO_ANSWER = {
    "refused": "refuses the connection", "no_route": "cannot be reached from here", "dns": "has a name that cannot be resolved",
    "reset": "dropped the connection", "lost": "cannot be connected to", "tls": "has a certificate or TLS that is not accepted",
    "proxy": "cannot be reached through the proxy", "url": "has an address that cannot be used",
    "connect_timeout": "does not take connections in time", "read_timeout": "did not answer in time",
    "not_http": "does not speak HTTP", "truncated": "broke off in its answer", "too_large": "sent an answer that is too large",
}
#: What a status means; others by their hundreds.
_STATUS = {
    401: ("refused", "does not accept the secret"), 403: ("refused", "does not allow it"), 404: ("not_found", "does not know what was asked for"),
    410: ("not_found", "does not have it any more"), 422: ("rejected", "rejected what was sent"), 429: ("rate_limited", "asks to wait"),
}
_HUNDREDS = {
    3: ("redirected", "answered with a redirect, which is not followed"), 4: ("rejected", "rejected what was sent"),
    5: ("failed", "failed itself"),
}


class WebCalls:
    """Calls of one server within one time limit.

    where: what the server is called in sentences, without anything secret; base: URL that all paths are added to; timeout_s: for
    all calls together. Proxies and .netrc of the environment are ignored, redirects not followed.
    """

    def __init__(
        self, where: str, base: str, headers: t.Mapping[str, str], *, timeout_s: float = 10.0, proxy: str | None = None,
        verify: bool | str = True,
    ) -> None:
        self._where, self._base = where, base.rstrip("/")
        # GitHub refuses calls without a user agent.
        self._headers = {"User-Agent": "lineops.runbook", **headers}
        self._ends_at = time.monotonic() + timeout_s
        self._transport = Transport(proxy, verify)

    def send(self, method: str, path: str, body: bytes | None, headers: t.Mapping[str, str], params: t.Any = None) -> Answer:
        """Return an answer with a good status.

        Raises LineopsError: delivery.unreachable, .refused, .not_found, .rejected, .rate_limited, .redirected, .failed.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise self._error("unreachable", _NO_ANSWER["read_timeout"])
        try:
            answer = self._transport.exchange(
                method, self._base + path, {**self._headers, **headers}, params, body, min(CONNECT_S, left), left, self._ends_at,
                MAX_ANSWER)
        except HttpFailure as failure:
            raise self._error("unreachable", _NO_ANSWER.get(failure.kind, failure.kind), status=failure.status) from None
        if 200 <= answer.status < 300:
            return answer
        raise self._refusal(answer)

    def json(self, method: str, path: str, body: bytes | None = None, params: t.Any = None) -> t.Any:
        """Return the JSON of an answer. Raises LineopsError as send does, or delivery.not_json."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        answer = self.send(method, path, body, headers, params)
        try:
            return decode_json(answer.body)
        except ValueError:
            raise self._error("not_json", "answered with something else than JSON", status=answer.status) from None

    def _refusal(self, answer: Answer) -> LineopsError:
        kind, words = _STATUS.get(answer.status) or _HUNDREDS.get(answer.status // 100) or ("failed", "gave an answer nobody expects")
        wait = str(answer.headers.get("Retry-After") or "")
        if answer.status == 403 and (wait or answer.headers.get("X-RateLimit-Remaining") == "0"):  # GitHub's way of saying 429
            kind, words = _STATUS[429]
        if kind == "rate_limited" and wait.isdigit():
            words += f" {int(wait[:9])} s"
        return self._error(kind, words, status=answer.status, reason=_reason(answer) if kind in ("rejected", "refused") else "")

    def _error(self, kind: str, words: str, status: int | None = None, reason: str = "") -> LineopsError:
        told = (f" (status {status})" if status else "") + (f": {reason}" if reason else "")
        return LineopsError(f"delivery.{kind}", f"{self._where} {words}{told}.", status=status)


def _reason(answer: Answer) -> str:
    """Return why, in the words of the server; a page of HTML is no reason."""
    try:
        body = decode_json(answer.body)
    except ValueError:
        return ""
    told = body.get("message") if isinstance(body, dict) else None
    return " ".join(told.split())[:_SHOWN].rstrip(".") if isinstance(told, str) else ""
