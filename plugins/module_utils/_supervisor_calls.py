# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a call to the supervisor's HTTP API is made and what becomes of its answer (private to this collection).

Source of fact: SUPERVISOR_API.md §1. An answer in JSON with status 200, 500 or 503 is returned as :class:`Reply`: the
caller judges it, since failure shapes are not uniform and a success is only a claim (DESIGN §7.1). Everything else is
a :class:`SupervisorError`.
"""

from __future__ import annotations

import copy
import datetime
import email.utils
import itertools
import json
import re
import secrets
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ._errors import SupervisorError
from ._http import MAX_BODY, Answer, HttpFailure, Transport, decode_json, decode_text
from ._redact import scrub, secrets_in

# A supervisor says up to 60 s (§1); waiting longer than this is the operator's decision.
_RETRY_AFTER_MAX_S = 10.0
_RETRY_PAUSE_S = 0.25
_RETRY_STATUS = frozenset((502, 503, 504))

_UNREACHABLE = {
    "refused": "The host of the supervisor is up but nothing listens at {origin}.",
    "no_route": "There is no network path to {origin}.",
    "dns": "The host name in {origin} cannot be resolved.",
    "reset": "The supervisor at {origin} broke off the connection during {call}.",
    "tls": "No TLS connection to {origin} is possible: wrong certificate, or it speaks plain HTTP.",
    "proxy": "The proxy on the way to {origin} does not work.",
    "url": "The supervisor's address {origin} cannot be used.",
    "lost": "The connection to {origin} failed during {call}.",
}
_NOT_JSON = {
    "not_http": "What answers at {origin} does not speak HTTP.",
    "truncated": "The answer of {origin} to {call} was cut short.",
    "too_large": "The answer of {origin} to {call} is larger than {most}.",
}
#: Words of a refused key -> why. They are no stable identifiers, so what is not recognised is "" (§1).
_WHY_REFUSED = (
    (r"\blevel\b", "level"),
    (r"abgelaufen|expired", "expired"),
    (r"deaktiviert|disabled", "disabled"),
    (r"ungültig|invalid", "wrong"),
    (r"fehlt|missing", "missing"),
)
#: Type of a good answer's body -> what makes it of the bytes; everything else is JSON.
_DECODERS: dict[type, t.Callable[[bytes], t.Any]] = {str: decode_text, bytes: bytes}
_ADDRESS_HINT = "Check that lineops_supervisor_url points at the supervisor itself."

_Self = t.TypeVar("_Self", bound="SupervisorCalls")


@dataclass(frozen=True)
class Reply:
    """One answer. ``elapsed_s`` in seconds; ``at`` is the UTC time of the request (ISO 8601)."""

    call: str
    status: int
    body: t.Any
    headers: t.Mapping[str, str]
    elapsed_s: float
    at: str
    request_id: str

    @property
    def ok(self) -> bool:
        """2xx, and the body does not say otherwise: ``success: false`` or ``status: "error"`` (§1)."""
        claims = self.body if isinstance(self.body, dict) else {}
        return 200 <= self.status < 300 and claims.get("success") is not False and claims.get("status") != "error"

    @property
    def error_text(self) -> str:
        """``error`` or ``message`` of the body as one plain line (German, not stable: for people only)."""
        return _error_text(self.body)


class SupervisorCalls:
    """Calls of one supervisor, one after the other (not for use by several threads at once).

    :arg url: origin, with a path prefix if a proxy adds one. Keys are sent to this origin only.
    :arg operator_key: for operator calls; without it the admin key is used, which is good for both (§1).
    :arg incident: prefix of every X-Request-ID; random if empty. :arg runner: X-Admin-User of every call.
    :arg connect_timeout: seconds; :arg read_timeout: seconds for the whole answer, unless a call says otherwise.
    :arg read_retries: how often a GET is repeated (unreachable, 502, 503, 504, 429). Nothing else is ever repeated.
    :arg ends_at: no call goes on after that time (``time.monotonic()``), and none is begun.
    :arg proxy: URL of a proxy; those of the environment are ignored. :arg verify: True, False or path of a CA file.
    :raises SupervisorError: "library.missing", "supervisor.url_invalid".
    """

    def __init__(
        self,
        url: str,
        operator_key: t.Optional[str] = None,
        admin_key: t.Optional[str] = None,
        *,
        incident: str = "",
        runner: str = "",
        connect_timeout: float = 3.0,
        read_timeout: float = 10.0,
        read_retries: int = 2,
        ends_at: t.Optional[float] = None,
        proxy: t.Optional[str] = None,
        verify: t.Union[bool, str] = True,
    ) -> None:
        self._origin = _checked_url(url)
        self._operator_key = str(operator_key or "")
        self._admin_key = str(admin_key or "")
        self._secrets = secrets_in([self._operator_key, self._admin_key])
        self._incident = _header_text(incident) or secrets.token_hex(4)
        self._runner = _header_text(runner)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._read_retries = read_retries
        self._ends_at = ends_at
        self._way = (proxy, verify)
        self._transport = Transport(proxy, verify)
        self._numbers = itertools.count(1)
        #: Every call made, also failed ones (``status`` None): call, status, elapsed_s, at, request_id.
        self.calls: list[dict[str, t.Any]] = []

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self.close()

    def close(self) -> None:
        """Release the session."""
        self._transport.close()

    def sibling(self: _Self) -> _Self:
        """Return a client for another thread: its calls are counted and noted here; what is kept secret later is not known there."""
        other = copy.copy(self)
        other._transport = Transport(*self._way)
        return other

    def keep_secret(self, *values: str) -> None:
        """Texts that must not show in an error, beside the keys."""
        self._secrets |= secrets_in(values)

    def get(
        self,
        path: str,
        *,
        level: t.Optional[str] = None,
        params: t.Optional[t.Mapping[str, t.Any]] = None,
        read_timeout: t.Optional[float] = None,
        expect: type = dict,
        max_body: int = MAX_BODY,
    ) -> Reply:
        """Read. :arg level: key to send: None, "operator" or "admin"; :arg expect: type of a good answer's body;
        str or bytes for one that is no JSON; :arg max_body: bytes that an answer may have.

        :raises SupervisorError: "supervisor.unreachable" (``details["reason"]``), "supervisor.timeout"
            (``details["phase"]`` before, connect or read), "supervisor.key_missing", "supervisor.key_refused"
            (``details["level"]``, ``["why"]``), "supervisor.rate_limited", "supervisor.not_json", "supervisor.redirected",
            "supervisor.rejected" (``details["status"]``, ``["error"]``). Of "supervisor.not_json", ``details["kind"]`` says why.
        """
        headers = self._key_header(level, f"GET {path}")
        tries_left = self._read_retries
        while True:
            try:
                reply = self._call("GET", path, headers, level, params, None, read_timeout, expect, max_body)
                if reply.status not in _RETRY_STATUS or tries_left <= 0:
                    return reply
                pause: t.Optional[float] = _RETRY_PAUSE_S
            except SupervisorError as error:
                pause = _pause_before_repeat(error)
                if pause is None or tries_left <= 0:
                    raise
            tries_left -= 1
            time.sleep(pause)

    def post(
        self,
        path: str,
        body: t.Mapping[str, t.Any],
        *,
        level: t.Optional[str] = "operator",
        idempotency_key: t.Optional[str] = None,
        read_timeout: t.Optional[float] = None,
    ) -> Reply:
        """Send a command, once; it is never repeated. Errors as for :meth:`get`.

        :arg idempotency_key: sent as Idempotency-Key; honoured on few paths only (§1).
        """
        headers = self._key_header(level, f"POST {path}")
        headers["Content-Type"] = "application/json"
        if idempotency_key:
            headers["Idempotency-Key"] = _header_text(idempotency_key)
        try:
            content = json.dumps(dict(body), allow_nan=False).encode()
        except (TypeError, ValueError):
            raise SupervisorError(
                "supervisor.value_invalid", f"A value for POST {path} cannot be written as JSON, so nothing was sent."
            ) from None
        return self._call("POST", path, headers, level, None, content, read_timeout, dict)

    def _key_name(self, level: str) -> str:
        return "operator" if level == "operator" and self._operator_key else "admin"

    def _key_header(self, level: t.Optional[str], call: str) -> dict[str, str]:
        """The key a call needs; no call is made without it."""
        if level is None:
            return {}
        name = self._key_name(level)
        key = self._operator_key if name == "operator" else self._admin_key
        if not key:
            raise SupervisorError(
                "supervisor.key_missing",
                f"{call} needs the supervisor's {level} key, which was not given.",
                f"Put {level}_key into lineops_secrets for this host or line.",
                level=level,
                call=call,
            )
        if not key.isascii() or not key.isprintable() or key != key.strip():
            raise SupervisorError(
                "supervisor.key_refused",
                f"The {name} key holds characters that no HTTP header can carry, so it cannot be the right one.",
                f"Correct {name}_key in lineops_secrets.",
                level=level,
                key=name,
                call=call,
            )
        return {"X-API-Key": key}

    def _call(
        self,
        method: str,
        path: str,
        headers: t.Mapping[str, str],
        level: t.Optional[str],
        params: t.Optional[t.Mapping[str, t.Any]],
        body: t.Optional[bytes],
        read_timeout: t.Optional[float],
        expect: type,
        max_body: int = MAX_BODY,
    ) -> Reply:
        """One attempt, noted in :attr:`calls` whatever becomes of it."""
        call = f"{method} {path}"
        connect_limit, time_limit = self._limits(call, self._read_timeout if read_timeout is None else read_timeout)
        request_id = f"{self._incident}-{next(self._numbers)}"
        sent = {"Accept": "application/json", "User-Agent": "lineops.runbook", "X-Request-ID": request_id, **headers}
        if self._runner:
            sent["X-Admin-User"] = self._runner
        at = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        note: dict[str, t.Any] = {"call": call, "status": None, "elapsed_s": None, "at": at, "request_id": request_id}
        self.calls.append(note)
        try:
            answer = self._transport.exchange(
                method, self._origin + path, sent, params, body, connect_limit, time_limit, self._ends_at, max_body
            )
        except HttpFailure as failure:
            note.update(status=failure.status, elapsed_s=failure.elapsed_s)
            raise self._failed(failure, call, connect_limit, time_limit, max_body) from None
        note.update(status=answer.status, elapsed_s=answer.elapsed_s)
        decoded = self._judged(answer, call, level, expect)
        return Reply(call, answer.status, decoded, answer.headers, answer.elapsed_s, at, request_id)

    def _limits(self, call: str, read_timeout: float) -> tuple[float, float]:
        """Seconds for the connection and for the answer of a call."""
        if self._ends_at is None:
            return self._connect_timeout, read_timeout
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise SupervisorError(
                "supervisor.timeout",
                f"The time was up before {call} could be sent to {self._origin}.",
                phase="before",
                call=call,
                origin=self._origin,
            )
        return min(self._connect_timeout, left), min(read_timeout, left)

    def _failed(
        self, failure: HttpFailure, call: str, connect_timeout: float, read_timeout: float, max_body: int
    ) -> SupervisorError:
        words = {"origin": self._origin, "call": call}
        if failure.kind == "connect_timeout":
            return SupervisorError(
                "supervisor.timeout",
                f"{self._origin} did not accept a connection within {round(connect_timeout, 2):g} s.",
                "Host off, address wrong, or a firewall drops packets.",
                phase="connect",
                **words,
            )
        if failure.kind == "read_timeout":
            return SupervisorError(
                "supervisor.timeout",
                f"The supervisor at {self._origin} gave no complete answer to {call}"
                f" within {round(read_timeout, 2):g} s.",
                "It may still be working on it: do not repeat the call.",
                phase="read",
                **words,
            )
        if failure.kind in _NOT_JSON:
            sentence = _NOT_JSON[failure.kind].format(most=_size(max_body), **words)
            return SupervisorError(
                "supervisor.not_json", sentence, _ADDRESS_HINT, status=failure.status, call=call, kind=failure.kind
            )
        sentence = _UNREACHABLE[failure.kind].format(**words)
        return SupervisorError("supervisor.unreachable", sentence, reason=failure.kind, **words)

    def _judged(self, answer: Answer, call: str, level: t.Optional[str], expect: type) -> t.Any:
        """The decoded body, or the error that the status or the body stands for."""
        status = answer.status
        try:
            decode = _DECODERS.get(expect, decode_json) if status < 300 else decode_json
            decoded = decode(answer.body)
        except ValueError:
            decoded = None
        error = scrub(_error_text(decoded), self._secrets)
        details = {"status": status, "error": error, "call": call}
        said = f": {error}" if error else "."
        if status == 401:
            name = level and self._key_name(level)
            raise SupervisorError(
                "supervisor.key_refused",
                f"The supervisor refused the {name} key for {call}{said}"
                if name
                else f"The supervisor asks for a key for {call}, which as a rule needs none{said}",
                "The key is wrong, expired, disabled, or its level is too low (SUPERVISOR_API §1).",
                level=level,
                key=name,
                why=_why_refused(decoded),
                **details,
            )
        if status == 429:
            wait = _retry_after(answer.headers.get("Retry-After", ""))
            raise SupervisorError(
                "supervisor.rate_limited",
                f"The supervisor takes no more {call} for the moment: too many calls within a minute.",
                f"Repeat in {wait:g} s, and look for another program that polls it.",
                retry_after_s=wait,
                **details,
            )
        if 300 <= status < 400:
            raise SupervisorError(
                "supervisor.redirected",
                f"{self._origin} redirects {call} elsewhere; the key is never sent to another address.",
                _ADDRESS_HINT,
                **details,
            )
        if 400 <= status < 500:
            raise SupervisorError(
                "supervisor.rejected",
                f"The supervisor rejected {call} with status {status}{said}",
                _ADDRESS_HINT if status in (404, 405) else "",
                **details,
            )
        if not isinstance(decoded, expect if status < 300 else dict):
            looks = "a web page" if answer.body.lstrip()[:1] == b"<" else "something that is not the expected JSON"
            raise SupervisorError(
                "supervisor.not_json",
                f"{self._origin} answered {call} with {looks} (status {status}).",
                _ADDRESS_HINT,
                status=status,
                call=call,
            )
        return decoded


def _checked_url(url: t.Any) -> str:
    """The origin with its path, without a slash at the end. What is wrong with it is told without showing it."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (TypeError, ValueError, AttributeError):
        good = False
    else:
        good = good and not (parts.query or parts.fragment or "@" in parts.netloc) and not re.search(r"[\s\\]", url)
    if not good:
        raise SupervisorError(
            "supervisor.url_invalid",
            "The address of the supervisor is not a URL like http://10.30.0.11:5000.",
            "Correct lineops_supervisor_url: no user, password, query or fragment.",
        )
    return url.rstrip("/")


def _size(number: int) -> str:
    """A number of bytes for people."""
    return f"{number // 1048576} MB" if number >= 1048576 else f"{number // 1024} kB"


def _header_text(text: t.Any) -> str:
    """Text that any HTTP header can carry."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in str(text or "")).strip()[:120]


def _error_text(body: t.Any) -> str:
    """One plain line of at most 300 characters: no tags, no control characters (text from a plant is data)."""
    if not isinstance(body, dict):
        return ""
    found = body.get("error") or body.get("message") or ""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    text = re.sub(r"<[^<>]*>", " ", text[:10000])
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= 300 else text[:299] + "…"


def _why_refused(body: t.Any) -> str:
    """Why a key is refused: level, expired, disabled, wrong, missing, or "". The words themselves are never shown."""
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str):
        return ""
    return next((why for words, why in _WHY_REFUSED if re.search(words, message[:300], re.IGNORECASE)), "")


def _retry_after(value: str) -> float:
    """Seconds to wait, from a number or an HTTP date; 1 if it is neither."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError, IndexError, OverflowError):
            return 1.0
    return round(max(0.0, seconds), 1) if seconds < 86400 else 86400.0


def _pause_before_repeat(error: SupervisorError) -> t.Optional[float]:
    """Seconds until a read may be repeated, or None: must not be, or would not help."""
    if error.code == "supervisor.rate_limited":
        wait = error.details["retry_after_s"]
        return wait if wait <= _RETRY_AFTER_MAX_S else None
    lost = error.code == "supervisor.unreachable" and error.details["reason"] != "url"
    broken_proxy = error.code == "supervisor.not_json" and error.details["status"] in _RETRY_STATUS
    return _RETRY_PAUSE_S if lost or broken_proxy else None
