# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking an RTSP source whether it would give its stream: OPTIONS, then DESCRIBE (RFC 2326, 2617, 7616). Private.

TCP only, to the host that the address names and nowhere else; redirects are not followed. Whatever comes back is data, read
to a limit and within a time. No address and no login is ever part of what is returned.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import ipaddress
import re
import secrets
import socket
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

DEFAULT_PORT = 554
#: A head of more bytes, or a body, is no answer of a camera.
_HEAD_MAX, _BODY_MAX = 16384, 65536
#: As many addresses of a host name are tried, each for its share of the time.
_ADDRESSES = 4
_STATUS_LINE = re.compile(rb"RTSP/[0-9]\.[0-9] ([1-5][0-9]{2})(?: |\r|$)")
_PAIR = re.compile(r'([A-Za-z-]{1,20})[ \t]{0,5}=[ \t]{0,5}(?:"((?:[^"\\]|\\.){0,2000})"|([^\s,"]{1,200}))')
_SCHEME = re.compile(r"[ \t]*([A-Za-z][A-Za-z0-9-]{0,20})(?:[ \t]+|$)")
#: Digest algorithms, the one to take first (RFC 7616).
_HASHES: dict[str, t.Callable[[bytes], t.Any]] = {
    "SHA-256": hashlib.sha256,
    # No secret rests on it that does not go over the wire anyway; without the flag a FIPS machine refuses it.
    "MD5": lambda data: hashlib.new("md5", data, usedforsecurity=False),
}
#: Everything else with which a status 4xx or 5xx is answered: it speaks RTSP and gives no stream.
_OUTCOMES = {401: "unauthorized", 403: "unauthorized", 404: "not_found", 410: "not_found"}
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL, errno.EPERM, errno.EACCES)


@dataclass(frozen=True)
class Address:
    """Where a source is. uri: as it is asked for, without login; user and password as bytes, None without a login."""

    host: str
    port: int
    uri: str
    user: t.Optional[bytes]
    password: bytes


class NotUsable(Exception):
    """An address that is not asked; the message says why, without showing it."""


class _NotRtsp(Exception):
    pass


def parse_address(text: t.Any) -> Address:
    """Read an address as ffmpeg does: the login ends at the last @ before the path, its odd characters are percent-encoded."""
    if not isinstance(text, str) or not text:
        raise NotUsable("the supervisor has no address for it")
    scheme, found, rest = text.partition("://")
    if scheme.lower() == "rtsps" and found:
        raise NotUsable("RTSP over TLS (rtsps) is not asked")
    if scheme.lower() != "rtsp" or not found:
        raise NotUsable("its address is not one of RTSP")
    if len(text) > 4096 or any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise NotUsable("its address holds blanks or control characters")
    end = min((place for place in map(rest.find, "/?#") if place >= 0), default=len(rest))
    login, at, place = rest[:end].rpartition("@")
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,15})?)\]|([^\[\]:@]{1,253}))(?::([0-9]{0,5}))?", place)
    if match is None or not 0 < int(match.group(3) or DEFAULT_PORT) < 65536:
        raise NotUsable("its address names no host, or no port from 1 to 65535")
    port = int(match.group(3) or DEFAULT_PORT)
    path = quote(rest[end:].partition("#")[0], safe="/?:@!$&'()*+,;=%-._~[]")
    shown = quote(place, safe="[]:.-%")
    user, dummy, password = login.partition(":")
    return Address(
        match.group(1) or match.group(2), port, f"rtsp://{shown}{path}",
        unquote_to_bytes(user) if at else None, unquote_to_bytes(password))


def is_loopback(host: str) -> bool:
    """Say whether a host is the machine itself, by its address or by the name that has it everywhere."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "localhost.localdomain")


def ask_source(text: t.Any, timeout_s: float, same_host: bool = True) -> dict[str, t.Any]:
    """Ask one source; return outcome, status (of RTSP, or None), says (one sentence) and seconds.

    Outcomes: answering, unauthorized, not_found, rejected (another status), refused, timeout, no_route, not_rtsp, and
    not_asked or unsupported (no rtsp:// address at all, SUPERVISOR_API quirk 18). same_host: whether this is the supervisor's
    own machine, whose loopback its addresses may name.
    """
    began = time.monotonic()
    try:
        address = parse_address(text)
        if not same_host and is_loopback(address.host):
            raise NotUsable("its address is one of the supervisor's own host, which is another machine here")
    except NotUsable as why:
        wrong_kind = isinstance(text, str) and "not one of RTSP" in str(why)
        return _told("unsupported" if wrong_kind else "not_asked", None, f"Not asked: {why}.", began)
    try:
        status = _converse(address, began + timeout_s)
    except _NotRtsp as why:
        return _told("not_rtsp", None, f"What listens there does not speak RTSP: {why}.", began)
    except (TimeoutError, socket.timeout):
        return _told("timeout", None, f"No answer within {round(timeout_s, 1):g} s.", began)
    except ConnectionRefusedError:
        return _told("refused", None, "Its host is up, but nothing listens at the port.", began)
    except (socket.gaierror, UnicodeError):
        return _told("no_route", None, "The host name in its address cannot be resolved.", began)
    except ConnectionError:
        return _told("not_rtsp", None, "What listens there ended the connection without an answer.", began)
    except OSError as error:
        # ETIMEDOUT of the kernel is a TimeoutError; anything else that kept the connection from standing is no way there.
        known = error.errno in _NO_ROUTE
        return _told("no_route", None, "There is no network path to it." if known else "No connection is possible.", began)
    if 200 <= status < 300:
        return _told("answering", status, "It describes its stream.", began)
    outcome = _OUTCOMES.get(status, "rejected")
    says = {
        "unauthorized": "It refuses the login in its address." if address.user is not None else "It wants a login, and its address has none.",
        "not_found": "It is there, but has no stream of that path.",
    }.get(outcome, f"It is there, but gives no stream (RTSP status {status}).")
    return _told(outcome, status, says, began)


def _told(outcome: str, status: t.Optional[int], says: str, began: float) -> dict[str, t.Any]:
    return {"outcome": outcome, "status": status, "says": says, "seconds": round(time.monotonic() - began, 3)}


def _converse(address: Address, ends_at: float) -> int:
    """Return the status of DESCRIBE. Some sources close the connection after a 401, so it is opened anew where it is gone."""
    with _Talk(address, ends_at) as talk:
        talk.request("OPTIONS")
        status, challenges = talk.request("DESCRIBE")
        login = login_for(challenges, address) if status == 401 else None
        if login is None:
            return status
        status, challenges = talk.request("DESCRIBE", login("DESCRIBE"))
        # A nonce may have run out in between (stale=true); a wrong password is not tried twice.
        again = login_for(challenges, address) if status == 401 and any(_is_stale(one) for one in challenges) else None
        return talk.request("DESCRIBE", again("DESCRIBE"))[0] if again else status


class _Talk:
    """Requests on one connection to one source, all of them done by ends_at."""

    def __init__(self, address: Address, ends_at: float) -> None:
        self._address, self._ends_at = address, ends_at
        self._sock: t.Optional[socket.socket] = None
        self._number, self._rest = 0, b""

    def __enter__(self) -> _Talk:
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self._close()

    def request(self, method: str, authorization: str = "") -> tuple[int, list[str]]:
        """Send a request; return status and WWW-Authenticate of the answer. A connection that the other side has closed
        after an answer is opened once more."""
        used = self._sock is not None
        try:
            return self._once(method, authorization)
        except ConnectionError:
            if not used:
                raise
        self._close()
        return self._once(method, authorization)

    def _once(self, method: str, authorization: str) -> tuple[int, list[str]]:
        if self._sock is None:
            self._sock = _connect(self._address, self._ends_at)
        self._number += 1
        lines = [f"{method} {self._address.uri} RTSP/1.0", f"CSeq: {self._number}", "User-Agent: lineops.runbook"]
        lines += ["Accept: application/sdp"] if method == "DESCRIBE" else []
        lines += [f"Authorization: {authorization}"] if authorization else []
        self._sock.settimeout(self._left())
        self._sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        return self._answer()

    def _answer(self) -> tuple[int, list[str]]:
        while b"\r\n\r\n" not in self._rest:
            if len(self._rest) > _HEAD_MAX:
                raise _NotRtsp("its answer has no end")
            if not b"RTSP/".startswith(self._rest[:5]):
                raise _NotRtsp("its answer is something else")
            self._receive()
        head, dummy, self._rest = self._rest.partition(b"\r\n\r\n")
        status = _STATUS_LINE.match(head)
        if status is None:
            raise _NotRtsp("its answer is something else")
        fields = [line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:]]
        values = [(name.strip().lower(), value.strip()) for name, dummy, value in fields]
        length = next((value for name, value in values if name == "content-length"), "0")
        if not re.fullmatch("[0-9]{1,6}", length) or int(length) > _BODY_MAX:
            raise _NotRtsp("its answer has no end")
        while len(self._rest) < int(length):
            self._receive()
        self._rest = self._rest[int(length):]
        return int(status.group(1)), [value for name, value in values if name == "www-authenticate"]

    def _receive(self) -> None:
        sock = t.cast(socket.socket, self._sock)
        sock.settimeout(self._left())
        piece = sock.recv(4096)
        if not piece:
            raise ConnectionResetError("closed")
        self._rest += piece

    def _left(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _close(self) -> None:
        if self._sock is not None:
            self._sock.close()
        self._sock, self._rest = None, b""


def _connect(address: Address, ends_at: float) -> socket.socket:
    """Connect to the first address of the host that takes the connection."""
    places = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[:_ADDRESSES]
    problem: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for index, (family, kind, protocol, dummy, place) in enumerate(places):
        left = ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:  # no IPv6 here
            problem = error
            continue
        sock.settimeout(left / (len(places) - index))
        try:
            sock.connect(place)
        except OSError as error:
            sock.close()
            problem = error
        else:
            return sock
    raise problem


def login_for(challenges: t.Sequence[str], address: Address) -> t.Optional[t.Callable[[str], str]]:
    """Return what makes the Authorization of a method, by the best way the source offers; None if we have none.

    Digest before Basic, SHA-256 before MD5: the password in clear goes out only where nothing else is offered.
    """
    if address.user is None:
        return None
    digests: dict[str, dict[str, str]] = {}
    has_basic = False
    for challenge in challenges:
        for scheme, fields in _schemes(challenge):
            name = fields.get("algorithm", "MD5").upper()
            if scheme == "digest" and name.removesuffix("-SESS") in _HASHES and fields.get("nonce"):
                digests.setdefault(name.removesuffix("-SESS"), fields)
            has_basic = has_basic or scheme == "basic"
    best = next((digests[name] for name in _HASHES if name in digests), None)
    if best is not None:
        return lambda method: _digest(best, address, method)
    if not has_basic:
        return None
    return lambda method: "Basic " + base64.b64encode(t.cast(bytes, address.user) + b":" + address.password).decode()


def _schemes(challenge: str) -> t.Iterator[tuple[str, dict[str, str]]]:
    """Yield scheme and fields of each challenge in one header: several may stand in it, separated by commas."""
    text = challenge[:8192]
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: "_" * len(quoted.group()), text)  # a comma in quotes parts nothing
    starts = [0, *(found.end() for found in re.finditer(r",[ \t]*(?=[A-Za-z]{1,20}[ \t]+[A-Za-z-]{1,20}[ \t]*=)", bare))]
    for part in (text[begin:end] for begin, end in zip(starts, [*starts[1:], None])):
        scheme = _SCHEME.match(part)
        if scheme:
            pairs = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in _PAIR.findall(part[scheme.end():])}
            yield scheme.group(1).lower(), pairs


def _is_stale(challenge: str) -> bool:
    return any(fields.get("stale", "").lower() == "true" for dummy, fields in _schemes(challenge))


def _digest(fields: t.Mapping[str, str], address: Address, method: str, cnonce: str = "") -> str:
    """Return the Authorization of RFC 2617 and 7616: with qop=auth where it is offered, in the older way where it is not."""
    name = fields.get("algorithm", "MD5").upper()
    make = _HASHES[name.removesuffix("-SESS")]

    def hashed(*parts: bytes) -> bytes:
        return make(b":".join(parts)).hexdigest().encode()

    realm, nonce = fields.get("realm", "").encode("latin-1", "replace"), fields["nonce"].encode("latin-1", "replace")
    once = (cnonce or secrets.token_hex(8)).encode()
    user = t.cast(bytes, address.user)
    secret = hashed(user, realm, address.password)
    if name.endswith("-SESS"):
        secret = hashed(secret, nonce, once)
    has_qop = "auth" in re.split(r"[\s,]+", fields.get("qop", "").lower())
    middle = (nonce, b"00000001", once, b"auth") if has_qop else (nonce,)
    response = hashed(secret, *middle, hashed(method.encode(), address.uri.encode()))
    pairs = [("username", user.decode("latin-1")), ("realm", fields.get("realm", "")), ("nonce", fields["nonce"]),
             ("uri", address.uri), ("response", response.decode())]
    pairs += [("opaque", fields["opaque"])] if "opaque" in fields else []
    text = ", ".join(f'{key}="{_quoted(value)}"' for key, value in pairs)
    text += f", algorithm={name}" if "algorithm" in fields else ""
    text += f', qop=auth, nc=00000001, cnonce="{once.decode()}"' if has_qop or name.endswith("-SESS") else ""
    return f"Digest {text}"


def _quoted(value: str) -> str:
    """A quoted string: quotes and backslashes escaped, nothing that would end the line."""
    return re.sub(r'(["\\])', r"\\\1", re.sub(r"[\x00-\x1f\x7f]", "", value))
