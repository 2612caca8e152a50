# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking an RTSP source, over real sockets: what it may say, what hostile ones do, and that no login gets out."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._rtsp import (
    Address,
    NotUsable,
    _digest,
    ask_source,
    is_loopback,
    login_for,
    parse_address,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.rtsp_server import SDP, RtspServer, open_to_all, reply

Headers = t.Mapping[str, str]


def asked(server: RtspServer, timeout_s: float = 5.0, **where: str) -> dict[str, t.Any]:
    found = ask_source(server.url(**where), timeout_s)
    assert "canary" not in repr(found) and "127.0.0.1" not in repr(found)
    return found


def summary(found: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
    return found["outcome"], found["status"]


# --- addresses -------------------------------------------------------------------------------------------------------

ADDRESSES = [
    ("rtsp://10.0.0.9/live", Address("10.0.0.9", 554, "rtsp://10.0.0.9/live", None, b"")),
    ("RTSP://cam.example:8554", Address("cam.example", 8554, "rtsp://cam.example:8554", None, b"")),
    ("rtsp://u:p@10.0.0.9:8554/a?b=c&d#e", Address("10.0.0.9", 8554, "rtsp://10.0.0.9:8554/a?b=c&d", b"u", b"p")),
    ("rtsp://u@10.0.0.9/", Address("10.0.0.9", 554, "rtsp://10.0.0.9/", b"u", b"")),
    # Percent-encoded: a colon, a slash, an at sign, a percent sign, umlauts.
    ("rtsp://us%3Aer:p%2Fw%40%25%C3%BC@h/x", Address("h", 554, "rtsp://h/x", b"us:er", "p/w@%ü".encode())),
    # As ffmpeg takes them: the last @ before the path, further colons belong to the password, letters as they are.
    ("rtsp://u:p@ss:wörd@h/x@y", Address("h", 554, "rtsp://h/x@y", b"u", "p@ss:wörd".encode())),
    ("rtsp://[fe80::1%eth0]:8554/x", Address("fe80::1%eth0", 8554, "rtsp://[fe80::1%eth0]:8554/x", None, b"")),
    ("rtsp://u:p@[::1]/x", Address("::1", 554, "rtsp://[::1]/x", b"u", b"p")),
    ("rtsp://h/ü", Address("h", 554, "rtsp://h/%C3%BC", None, b"")),
    ("rtsp://h/a%20b", Address("h", 554, "rtsp://h/a%20b", None, b"")),
]


@pytest.mark.parametrize(("text", "address"), ADDRESSES)
def test_address(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        None, 5, "", "rtsp://", "rtsp:///x", "rtsp://h:0/", "rtsp://h:65536/", "rtsp://h:x/", "rtsp://a:b:c/", "rtsp://[::1/x",
        "rtsp://h/x\r\nAuthorization: Basic x", "rtsp://h/a b", "rtsp://u:p w@h/", "rtsp://h/" + "x" * 5000, "rtsps://h/x", "http://h/x",
        "/media/cam.mp4", "rtspx://h/", "rtsp:/h/x",
    ],
)  # fmt: skip
def test_address_that_is_not_asked(text: t.Any) -> None:
    with pytest.raises(NotUsable) as caught:
        parse_address(text)
    assert not isinstance(text, str) or len(text) < 8 or text not in str(caught.value)


@given(st.text(max_size=60) | st.text(alphabet="rtsp:/@[]%.ab1?#", max_size=40).map("rtsp://".__add__))
def test_no_address_is_another_exception(text: str) -> None:
    try:
        address = parse_address(text)
    except NotUsable:
        return
    assert not re.search(r"[\s\x00-\x1f]", address.uri) and address.uri.isascii() and 0 < address.port < 65536


@pytest.mark.parametrize(
    ("text", "outcome", "words"),
    [
        ("/media/cam.mp4", "unsupported", "Not asked: its address is not one of RTSP."),
        ("http://u:canary@h/x", "unsupported", "not one of RTSP"),
        ("rtsps://u:canary@h/x", "not_asked", "rtsps"),
        (None, "not_asked", "has no address"),
    ],
)
def test_what_is_not_asked_is_told(text: t.Any, outcome: str, words: str) -> None:
    found = ask_source(text, 1)
    assert summary(found) == (outcome, None) and words in found["says"] and "canary" not in repr(found)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("LOCALHOST.", True), ("10.0.0.1", False), ("h", False)],
)
def test_loopback_of_another_machine_is_not_ours(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
    if expected and ":" not in host:
        assert ask_source(f"rtsp://{host}:1/", 1, same_host=False)["outcome"] == "not_asked"


# --- what a source says ----------------------------------------------------------------------------------------------


def test_source_that_answers() -> None:
    with RtspServer() as server:
        assert summary(asked(server, path="/live?x=1")) == ("answering", 200)
    lines = [line for line, dummy in server.requests]
    uri = f"rtsp://127.0.0.1:{server.port}/live?x=1"
    assert lines == [f"OPTIONS {uri} RTSP/1.0", f"DESCRIBE {uri} RTSP/1.0"]
    assert [headers["cseq"] for dummy, headers in server.requests] == ["1", "2"] and server.connections == 1


def test_source_on_ipv6() -> None:
    try:
        server = RtspServer(family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        assert summary(asked(server)) == ("answering", 200)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "answering"), (401, "unauthorized"), (403, "unauthorized"), (404, "not_found"), (410, "not_found"), (302, "rejected"),
     (453, "rejected"), (500, "rejected"), (503, "rejected")],
)  # fmt: skip
def test_status_of_describe_is_the_outcome(status: int, outcome: str) -> None:
    def behave(line: str, headers: Headers) -> bytes:
        return reply(status if line.startswith("DESCRIBE") else 200, headers, Location="rtsp://127.0.0.1:1/elsewhere")

    with RtspServer(behave) as server:
        assert summary(asked(server)) == (outcome, status)
    assert len(server.requests) == 2


def test_options_that_are_refused_say_nothing() -> None:
    with RtspServer(lambda line, headers: reply(200 if line.startswith("DESCRIBE") else 405, headers)) as server:
        assert summary(asked(server)) == ("answering", 200)


# --- login -----------------------------------------------------------------------------------------------------------


def parts_of(header: str) -> dict[str, str]:
    return {name: (quoted or plain).replace("\\", "") for name, quoted, plain in re.findall(r'([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))', header)}


class Digest:
    """A source that wants Digest, and reckons by itself whether the answer to its challenge is right."""

    def __init__(self, algorithm: str, qop: str = "", password: str = "can@ary:/%ü", user: str = 'ad"min', closes: bool = False) -> None:
        self.algorithm, self.qop, self.password, self.user, self.closes = algorithm, qop, password, user, closes
        self.stale = False
        self.nonces = ["n-1"]

    def __call__(self, line: str, headers: Headers) -> t.Optional[bytes]:
        if line.startswith("OPTIONS"):
            return open_to_all(line, headers)
        if self.is_right(line, parts_of(headers.get("authorization", ""))):
            return reply(200, headers, SDP)
        extra = f', algorithm={self.algorithm}' if self.algorithm else ""
        extra += f', qop="{self.qop}"' if self.qop else ""
        extra += ", stale=true" if self.stale and "authorization" in headers else ""
        challenge = f'Digest realm="IP \\"Cam\\"", nonce="{self.nonces[-1]}", opaque="o"{extra}'
        return reply(401, headers, b"<html>no</html>", WWW_Authenticate=challenge)

    def is_right(self, line: str, given: Headers) -> bool:
        if self.stale and len(self.nonces) == 1 and given:
            self.nonces.append("n-2")
            return False
        name = self.algorithm.upper() or "MD5"

        def hashed(text: str) -> str:
            return hashlib.new("sha256" if "SHA" in name else "md5", text.encode()).hexdigest()

        method, uri = line.split(" ")[:2]
        secret = hashed(f'{self.user}:IP "Cam":{self.password}')
        if name.endswith("-SESS"):
            secret = hashed(f"{secret}:{self.nonces[-1]}:{given.get('cnonce')}")
        middle = f":{given.get('nc')}:{given.get('cnonce')}:auth" if self.qop else ""
        right = hashed(f"{secret}:{self.nonces[-1]}{middle}:{hashed(f'{method}:{uri}')}")
        return (given.get("response"), given.get("uri"), given.get("opaque"), given.get("username")) == (right, uri, "o", self.user)


LOGIN = "ad%22min:can%40ary%3A%2F%25%C3%BC"


@pytest.mark.parametrize("qop", ["", "auth", "auth-int,auth", "auth, auth-int"])
@pytest.mark.parametrize("algorithm", ["", "MD5", "md5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_digest(algorithm: str, qop: str) -> None:
    with RtspServer(Digest(algorithm, qop)) as server:
        assert summary(asked(server, login=LOGIN)) == ("answering", 200)
    assert [line.split()[0] for line, dummy in server.requests] == ["OPTIONS", "DESCRIBE", "DESCRIBE"]


def test_digest_of_the_rfc() -> None:
    """The example of RFC 2617 section 3.5; whoever reckons with himself finds no mistake."""
    fields = {"realm": "testrealm@host.com", "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093", "qop": "auth,auth-int", "opaque": "5ccc"}
    address = Address("h", 80, "/dir/index.html", b"Mufasa", b"Circle Of Life")
    assert 'response="6629fae49393a05397450978507c4ef1"' in _digest(fields, address, "GET", "0a4f113b")


def test_wrong_password_is_tried_once() -> None:
    with RtspServer(Digest("MD5", "auth")) as server:
        found = asked(server, login="ad%22min:canary-wrong")
    assert summary(found) == ("unauthorized", 401) and found["says"] == "It refuses the login in its address."
    assert len(server.requests) == 3


def test_nonce_that_has_run_out_is_answered_once_more() -> None:
    behaviour = Digest("MD5", "auth")
    behaviour.stale = True
    with RtspServer(behaviour) as server:
        assert summary(asked(server, login=LOGIN)) == ("answering", 200)
    assert len(server.requests) == 4


def test_without_a_login_none_is_sent() -> None:
    with RtspServer(Digest("MD5")) as server:
        found = asked(server)
    assert summary(found) == ("unauthorized", 401) and "has none" in found["says"] and len(server.requests) == 2


def test_basic_with_odd_characters() -> None:
    def behave(line: str, headers: Headers) -> bytes:
        given = base64.b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
        if line.startswith("DESCRIBE") and given != 'ad"min:can@ary:/%ü':
            return reply(401, headers, WWW_Authenticate='Basic realm="x"')
        return open_to_all(line, headers)

    with RtspServer(behave) as server:
        assert summary(asked(server, login=LOGIN)) == ("answering", 200)


ADDRESS = Address("h", 554, "rtsp://h/", b"u", b"canary")
OFFERS = [
    (['Basic realm="x"', 'Digest realm="x", nonce="n"'], "Digest"),
    (['Digest realm="x", nonce="n", algorithm=MD5', 'Digest realm="x", nonce="n", algorithm=SHA-256'], "SHA-256"),
    (['Basic realm="x", Digest realm="x", nonce="n", qop="auth,auth-int"'], "Digest"),
    (['Digest realm="x", nonce="n", algorithm=SHA-512-256', "Basic"], "Basic"),
    (['Digest realm="x"', 'Basic realm="a, Digest nonce=b"'], "Basic"),
    (["Negotiate", "Bearer realm=x"], None),
    ([], None),
    (["", ",,,", '"', "Digest " + "a=b," * 5000], None),
]


@pytest.mark.parametrize(("challenges", "chosen"), OFFERS)
def test_best_login_that_is_offered(challenges: list[str], chosen: t.Optional[str]) -> None:
    """The password goes out in clear only where nothing else is offered."""
    login = login_for(challenges, ADDRESS)
    said = login("DESCRIBE") if login else ""
    assert bool(said) is bool(chosen) and (chosen or "") in said and "canary" not in said


def test_connection_closed_after_a_401_is_opened_once_more() -> None:
    class Closing(Digest):
        def __call__(self, line: str, headers: Headers) -> t.Optional[bytes]:
            if line.startswith("DESCRIBE") and self.closes and "authorization" in headers:
                self.closes = False
                return None
            return super().__call__(line, headers)

    with RtspServer(Closing("MD5", closes=True)) as server:
        assert summary(asked(server, login=LOGIN)) == ("answering", 200)
    assert server.connections == 2


# --- who is no source ------------------------------------------------------------------------------------------------

HOSTILE: dict[str, tuple[t.Any, bytes, str]] = {
    "a web server": (lambda line, headers: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"", "not_rtsp"),
    "greets like SSH": (open_to_all, b"SSH-2.0-OpenSSH_9\r\n", "not_rtsp"),
    "garbage": (lambda line, headers: bytes(range(256)) * 40, b"", "not_rtsp"),
    "half a word": (lambda line, headers: b"RTS", b"", "timeout"),
    "no status": (lambda line, headers: b"RTSP/1.0 OK\r\n\r\n", b"", "not_rtsp"),
    "a status of four digits": (lambda line, headers: b"RTSP/1.0 2000 OK\r\n\r\n", b"", "not_rtsp"),
    "headers without end": (lambda line, headers: b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 100000, b"", "not_rtsp"),
    "body without end": (lambda line, headers: b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 99999, b"", "not_rtsp"),
    "length that is no number": (lambda line, headers: b"RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n", b"", "not_rtsp"),
    "body that does not come": (lambda line, headers: b"RTSP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n", b"", "timeout"),
    "closes at once": (lambda line, headers: None, b"", "not_rtsp"),
    "never answers": (lambda line, headers: "wait", b"", "timeout"),
    "asks for a login for ever": (
        lambda line, headers: reply(401, headers, WWW_Authenticate='Digest realm="x", nonce="n", stale=true'), b"", "unauthorized"),
}  # fmt: skip


@pytest.mark.parametrize(("behaviour", "greeting", "outcome"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_source_ends_in_time(behaviour: t.Any, greeting: bytes, outcome: str) -> None:
    limit_s = 0.5 if outcome == "timeout" else 10.0
    began = time.monotonic()
    with RtspServer(behaviour, greeting) as server:
        assert asked(server, limit_s, login="u:canary")["outcome"] == outcome
    assert time.monotonic() - began < 5 and len(server.requests) <= 4


def test_drop_by_drop_is_no_way_around_the_time() -> None:
    """Each piece comes within any time-out of the socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def drip() -> None:
            sock = listener.accept()[0]
            with sock:
                try:
                    for dummy in range(200):
                        sock.sendall(b"RTSP/1.0 200 OK\r\n"[dummy : dummy + 1] or b"x")
                        time.sleep(0.05)
                except OSError:
                    pass

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        assert ask_source(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/", 0.6)["outcome"] == "timeout"
        assert time.monotonic() - began < 3


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert summary(ask_source(f"rtsp://127.0.0.1:{port}/", 5)) == ("refused", None)


def test_packets_are_dropped() -> None:
    """A listener whose queue is full drops what comes after (listen(2))."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for dummy in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        assert ask_source(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/", 0.5)["outcome"] == "timeout"
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".example", "..", "xn--" + "é" * 70])
def test_name_that_nobody_knows(host: str) -> None:
    assert ask_source(f"rtsp://u:canary@{host}/x", 10)["outcome"] == "no_route"


def test_no_network_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(self: t.Any, place: t.Any) -> None:
        raise OSError(113, "No route to host")

    class Socket(socket.socket):
        connect = unreachable  # type: ignore[assignment]

    monkeypatch.setattr(socket, "socket", Socket)
    found = ask_source("rtsp://192.0.2.1/x", 1)
    assert summary(found) == ("no_route", None) and found["says"] == "There is no network path to it."
