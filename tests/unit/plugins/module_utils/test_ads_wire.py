# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identify and probe against scripted peers: each outcome, told apart from its neighbours."""

from __future__ import annotations

import dataclasses
import socket
import struct
import threading
import time
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_frames as frames
from ansible_collections.lineops.runbook.plugins.module_utils import _ads_wire
from ansible_collections.lineops.runbook.plugins.module_utils._ads_wire import identify, probe
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_ads import (
    TCP_PORT,
    TcpPeer,
    UdpPeer,
    end_with_reset,
    free_address,
)

# Far above what an answer needs even on a machine that is 8 times slower; a probe that waits it out is a bug.
LONG_S = 60.0
# For outcomes that are only known when the time is up.
SHORT_S = 0.4
DEVICE_INFO = struct.pack("<IBBH16s", 0, 3, 1, 4024, b"Plc30 App")
OUTCOMES = set("ok closed reset refused filtered port_unknown net_id_unknown ads_error silent garbled".split())


def reply(request: bytes, **changes: t.Any) -> bytes:
    """The proper answer to a request frame, with changes."""
    asked = frames.parse_frame(request)
    values = {
        "target_net_id": asked.source_net_id,
        "target_port": asked.source_port,
        "source_net_id": asked.target_net_id,
        "source_port": asked.target_port,
        "flags": 0x0005,
        "data": DEVICE_INFO,
        **changes,
    }
    return frames.build_frame(dataclasses.replace(asked, **values))


def probing(play: t.Callable[..., t.Any], *, read: bool = True, timeout: float = LONG_S) -> _ads_wire.ProbeResult:
    """The result of a probe of a peer that plays this; checks what every result must have."""
    with TcpPeer(play, read) as peer:
        began = time.monotonic()
        result = probe(peer.address, peer.net_id, 851, connect_timeout=LONG_S, timeout=timeout)
        took = time.monotonic() - began
    assert took < LONG_S / 2, "the probe waited for its time-out instead of seeing the answer"
    assert 0 <= result.latency_s <= took + 0.001
    assert result.outcome in OUTCOMES
    assert result.sentence.endswith(".") and "\n" not in result.sentence
    assert (result.ip, result.ams_net_id, result.ams_port) == (peer.address, peer.net_id, 851)
    return result


def sending(make: t.Callable[[bytes], bytes], hold: bool = False) -> t.Callable[..., None]:
    """A peer that sends what ``make`` makes of the request, then closes or holds the connection."""

    def play(sock: socket.socket, request: bytes, stop: threading.Event) -> None:
        sock.sendall(make(request))
        if hold:
            stop.wait(LONG_S)

    return play


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_ok_and_the_request_is_one_whole_frame() -> None:
    with TcpPeer(sending(reply, hold=True)) as peer:
        local_ip = free_address()
        result = probe(peer.address, "5.24.37.144.1.1", 852, local_ip=local_ip, timeout=LONG_S)
        request = frames.parse_frame(peer.received[0])
        assert peer.callers == [local_ip]
    assert (result.outcome, result.device_name, result.device_version) == ("ok", "Plc30 App", "3.1.4024")
    assert result.ads_error is None
    assert (result.local_ip, result.local_ams_net_id) == (local_ip, f"{local_ip}.1.1")
    assert (request.target_net_id, request.target_port) == ("5.24.37.144.1.1", 852)
    assert (request.source_net_id, request.command, request.flags, request.error) == (f"{local_ip}.1.1", 1, 4, 0)
    assert request.data == b""


def test_the_invoke_id_is_random_and_the_local_net_id_may_be_given() -> None:
    with TcpPeer(sending(reply)) as peer:
        for dummy in range(4):
            result = probe(peer.address, peer.net_id, 851, local_ams_net_id="10.30.0.5.1.1", timeout=LONG_S)
            assert (result.outcome, result.local_ams_net_id) == ("ok", "10.30.0.5.1.1")
        sent = [frames.parse_frame(request) for request in peer.received]
    assert {frame.source_net_id for frame in sent} == {"10.30.0.5.1.1"}
    assert len({frame.invoke_id for frame in sent}) > 1


def test_ok_when_the_answer_comes_in_single_bytes() -> None:
    def play(sock: socket.socket, request: bytes, dummy: threading.Event) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in reply(request):
            sock.sendall(bytes([number]))

    assert probing(play).outcome == "ok"


def test_closed_after_the_request_names_route_and_rival() -> None:
    result = probing(lambda sock, request, stop: None)
    assert result.outcome == "closed"
    assert "no usable route for NetId 127.0.0.1.1.1 from IP 127.0.0.1" in result.sentence
    assert "another client" in result.sentence


def test_closed_before_the_request_is_closed_too() -> None:
    # The peer's kernel answers our request with a reset, after its orderly end: still "closed".
    for dummy in range(5):
        assert probing(lambda sock, request, stop: sock.shutdown(socket.SHUT_WR), read=False).outcome in ("closed", "reset")
        assert probing(lambda sock, request, stop: None, read=False).outcome in ("closed", "reset")


@pytest.mark.parametrize(("broken", "outcome"), [(BrokenPipeError, "closed"), (ConnectionResetError, "reset")])
def test_a_broken_pipe_is_what_linux_makes_of_a_close(broken, outcome, monkeypatch) -> None:
    class Socket(socket.socket):
        """Connects to nobody; the first request meets the end of the connection."""

        def connect(self, dummy: t.Any) -> None:
            self.bind(("127.0.0.1", 0))

        def sendall(self, *dummy: t.Any) -> t.NoReturn:
            raise broken

    monkeypatch.setattr(_ads_wire.socket, "socket", Socket)
    assert probe("127.0.0.1", "1.2.3.4.1.1", 851, timeout=LONG_S).outcome == outcome


def test_reset_after_the_request() -> None:
    assert probing(lambda sock, request, stop: end_with_reset(sock)).outcome == "reset"


def test_refused() -> None:
    address = free_address()
    result = probe(address, f"{address}.1.1", 851, connect_timeout=LONG_S)
    assert (result.outcome, result.local_ip, result.ads_error) == ("refused", "", None)
    assert result.latency_s < LONG_S / 2


def test_filtered_when_nobody_answers_the_syn() -> None:
    address = free_address()
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind((address, TCP_PORT))
        listener.listen(0)
        filler.connect((address, TCP_PORT))  # the accept queue is full now: further SYNs are dropped
        local_ip = free_address()
        result = probe(address, f"{address}.1.1", 851, local_ip=local_ip, connect_timeout=SHORT_S)
    assert (result.outcome, result.local_ip, result.local_ams_net_id) == ("filtered", local_ip, f"{local_ip}.1.1")
    assert SHORT_S * 0.9 <= result.latency_s < LONG_S


@pytest.mark.parametrize("broken", [OSError(113, "No route to host"), OSError(101, "unreachable"), PermissionError(1, "no")])
def test_filtered_when_the_network_says_so(broken, monkeypatch) -> None:
    def connect(self: t.Any, address: t.Any) -> None:
        raise broken

    monkeypatch.setattr(_ads_wire.socket, "socket", type("Socket", (socket.socket,), {"connect": connect}))
    assert probe("10.255.255.1", "10.255.255.1.1.1", 851).outcome == "filtered"


@pytest.mark.parametrize(("code", "outcome"), [(6, "port_unknown"), (7, "net_id_unknown"), (18, "ads_error")])
def test_header_errors(code, outcome) -> None:
    result = probing(sending(lambda request: reply(request, error=code, data=b""), hold=True))
    assert (result.outcome, result.ads_error) == (outcome, code)


@pytest.mark.parametrize("tail", [b"", bytes(20)])
def test_an_error_in_the_data_is_not_a_header_error(tail) -> None:
    result = probing(sending(lambda request: reply(request, data=struct.pack("<I", 0x723) + tail), hold=True))
    assert (result.outcome, result.ads_error) == ("ads_error", 0x723)
    assert "1827 (0x723, access denied)" in result.sentence


def test_silent() -> None:
    result = probing(lambda sock, request, stop: stop.wait(LONG_S), timeout=SHORT_S)
    assert result.outcome == "silent"
    assert SHORT_S * 0.9 <= result.latency_s


GARBAGE: dict[str, t.Callable[[bytes], bytes]] = {
    "http": lambda request: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "impossible length": lambda request: b"\x00\x00\xff\xff\xff\xff",
    "length too small": lambda request: b"\x00\x00\x1f\x00\x00\x00" + bytes(31),
    "lengths contradict": lambda request: reply(request)[:26] + b"\x63" + reply(request)[27:],
    "device info too short": lambda request: reply(request, data=DEVICE_INFO[:20]),
    "no result": lambda request: reply(request, data=b""),
}


@pytest.mark.parametrize("make", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_known_at_once(make) -> None:
    assert probing(sending(make, hold=True)).outcome == "garbled"


@pytest.mark.parametrize("size", [1, 5, 6, 37, 61])
def test_an_answer_that_ends_half_way_is_not_closed_or_silent(size) -> None:
    assert probing(sending(lambda request: reply(request)[:size])).outcome == "garbled"
    assert probing(sending(lambda request: reply(request)[:size], hold=True), timeout=SHORT_S).outcome == "garbled"


FOREIGN: dict[str, t.Callable[[bytes], bytes]] = {
    "our own request": lambda request: request,
    "request with data": lambda request: reply(request, flags=0x0004),
    "other invoke id": lambda request: reply(request, invoke_id=frames.parse_frame(request).invoke_id ^ 1),
    "other command": lambda request: reply(request, command=4),
    "other invoke id, header error": lambda request: reply(request, invoke_id=0, error=6, data=b""),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("hold", [True, False], ids=["held", "closed"])
def test_a_frame_that_is_not_our_answer_never_counts(make, hold) -> None:
    result = probing(sending(make, hold=hold))
    assert (result.outcome, result.device_name, result.ads_error) == ("garbled", "", None)


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_the_true_answer_after_a_foreign_frame_counts(make) -> None:
    assert probing(sending(lambda request: make(request) + reply(request), hold=True)).outcome == "ok"


def test_our_request_sent_back_is_told_as_such() -> None:
    assert "request back" in probing(sending(lambda request: request, hold=True)).sentence


@pytest.mark.parametrize("piece", [b"\x00", None], ids=["byte by byte", "foreign frames"])
def test_an_endless_drip_ends_at_the_time_limit(piece) -> None:
    def play(sock: socket.socket, request: bytes, stop: threading.Event) -> None:
        sock.sendall(b"\x00\x00\x00\x80\x00\x00" if piece else request)
        while not stop.wait(0.005):
            sock.sendall(piece or request)

    result = probing(play, timeout=SHORT_S)
    assert result.outcome == "garbled"
    assert result.latency_s >= SHORT_S * 0.9


def test_a_flood_of_foreign_frames_ends_at_the_time_limit() -> None:
    def play(sock: socket.socket, request: bytes, stop: threading.Event) -> None:
        while not stop.is_set():
            sock.sendall(request * 1000)

    assert probing(play, timeout=SHORT_S).outcome == "garbled"


def test_whatever_a_peer_sends_is_an_outcome() -> None:
    current: list[bytes] = [b""]

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=200), st.booleans())
    def check(content: bytes, lead: bool) -> None:
        current[0] = (b"\x00\x00" if lead else b"") + content
        assert probe(peer.address, peer.net_id, 851, timeout=LONG_S).outcome in ("closed", "garbled")

    with TcpPeer(lambda sock, request, stop: sock.sendall(current[0])) as peer:
        check()


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("plc.example", "1.2.3.4.1.1", 851), "ads.address_invalid"),
        (("127.1", "1.2.3.4.1.1", 851), "ads.address_invalid"),
        ((None, "1.2.3.4.1.1", 851), "ads.address_invalid"),
        (("::1", "1.2.3.4.1.1", 851), "ads.address_invalid"),
        (("127.0.0.1", "1.2.3.4", 851), "ads.net_id_invalid"),
        (("127.0.0.1", "1.2.3.4.1.1", 0), "ads.value_invalid"),
        (("127.0.0.1", "1.2.3.4.1.1", 65536), "ads.value_invalid"),
        (("127.0.0.1", "1.2.3.4.1.1", "851"), "ads.value_invalid"),
        (("127.0.0.1", "1.2.3.4.1.1", True), "ads.value_invalid"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(arguments, code) -> None:
    with pytest.raises(AdsError) as caught:
        probe(*arguments)
    assert caught.value.code == code


def test_an_own_address_that_is_not_ours_is_told_as_such() -> None:
    for call in (lambda: probe("127.0.0.1", "1.2.3.4.1.1", 851, local_ip="192.0.2.1"), lambda: identify("127.0.0.1", local_ip="192.0.2.1")):
        with pytest.raises(AdsError) as caught:
            call()
        assert caught.value.code == "ads.local_address"
        assert "192.0.2.1" in caught.value.message


def test_a_bad_own_net_id_is_refused() -> None:
    with pytest.raises(AdsError) as caught:
        probe("127.0.0.1", "1.2.3.4.1.1", 851, local_ams_net_id="1.2.3")
    assert caught.value.code == "ads.net_id_invalid"


# --- identify --------------------------------------------------------------------------------------------------------

TAGS = (
    (5, b"CX-123456\0"),
    (4, struct.pack("<IIIII", 276, 10, 0, 19045, 2) + bytes(256)),
    (3, b"\x03\x01\xba\x0f"),
    (18, b"ab" * 32 + b"\0"),
    (99, b"\xff\xff"),
)


def identity(request: bytes, **changes: t.Any) -> bytes:
    """The proper answer to an identify request, with changes."""
    asked = frames.parse_datagram(request)
    values = {"service": 0x80000001, "ams_net_id": "5.24.37.144.1.1", "ams_port": 10000, "tags": TAGS, **changes}
    return frames.build_datagram(dataclasses.replace(asked, **values))


def test_identify_reads_all_it_is_told() -> None:
    local_ip = free_address()
    with UdpPeer(lambda request, number: [identity(request)]) as peer:
        found = identify(peer.address, local_ip=local_ip, timeout=LONG_S)
        assert (peer.callers, len(peer.received)) == ([local_ip], 1)
        assert len(peer.received[0]) == 24
    assert found is not None
    assert dataclasses.astuple(found)[:5] == (
        "5.24.37.144.1.1",
        "CX-123456",
        "3.1.4026",
        "Windows NT 10.0.19045",
        "ab" * 32,
    )
    assert 0 < found.latency_s < LONG_S / 2


@pytest.mark.parametrize("tags", [(), ((5, b""), (4, b"\x01"), (3, b"\x03"), (18, b"")), ((4, bytes(20)),)])
def test_identify_never_fails_on_missing_or_short_tags(tags) -> None:
    with UdpPeer(lambda request, number: [identity(request, tags=tags)]) as peer:
        found = identify(peer.address, timeout=LONG_S)
    assert found is not None and found.ams_net_id == "5.24.37.144.1.1"


def test_identify_asks_again_when_a_datagram_is_lost() -> None:
    with UdpPeer(lambda request, number: [identity(request)] if number == 2 else []) as peer:
        assert identify(peer.address, timeout=0.2, attempts=20) is not None
        assert len(peer.received) >= 2


WRONG: dict[str, t.Callable[[bytes], bytes]] = {
    "request back": lambda request: request,
    "other invoke id": lambda request: identity(request, invoke_id=frames.parse_datagram(request).invoke_id ^ 1),
    "other service": lambda request: identity(request, service=0x80000006),
    "no response bit": lambda request: identity(request, service=1),
    "cut": lambda request: identity(request)[:-1],
    "empty": lambda request: b"",
    "garbage": lambda request: b"\xff" * 400,
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_identify_passes_over_what_is_no_answer(make) -> None:
    with UdpPeer(lambda request, number: [make(request)]) as peer:
        assert identify(peer.address, timeout=0.1, attempts=1) is None
    with UdpPeer(lambda request, number: [make(request), identity(request)]) as peer:
        assert identify(peer.address, timeout=LONG_S) is not None


def test_identify_believes_no_other_sender() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((free_address(), 48899))
        with UdpPeer(lambda request, number: [(identity(request), stranger)]) as peer:
            assert identify(peer.address, timeout=0.2, attempts=1) is None
            assert len(peer.received) == 1


def test_identify_of_nobody_is_quick_where_the_network_says_so() -> None:
    began = time.monotonic()
    assert identify(free_address(), timeout=LONG_S) is None
    assert time.monotonic() - began < LONG_S / 2


def test_identify_of_a_silent_device_takes_its_time_and_no_longer() -> None:
    with UdpPeer(lambda request, number: []) as peer:
        began = time.monotonic()
        assert identify(peer.address, timeout=0.2, attempts=2) is None
        assert 0.36 <= time.monotonic() - began < LONG_S
        assert len(peer.received) == 2


def test_a_flood_of_wrong_answers_does_not_hold_identify() -> None:
    began = time.monotonic()
    with UdpPeer(lambda request, number: [b"x"] * 2000) as peer:
        assert identify(peer.address, timeout=SHORT_S, attempts=1) is None
    assert time.monotonic() - began < LONG_S


@pytest.mark.parametrize("ip", ["plc", "", None, "1.2.3.4.5", "::1"])
def test_identify_refuses_what_is_no_address(ip) -> None:
    with pytest.raises(AdsError) as caught:
        identify(ip)
    assert caught.value.code == "ads.address_invalid"
