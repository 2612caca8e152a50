# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A router's own services over scripted sockets: list, add, delete, states, symbols, and what can go wrong."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import tracemalloc
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_frames as frames
from ansible_collections.lineops.runbook.plugins.module_utils import _ads_router
from ansible_collections.lineops.runbook.plugins.module_utils._ads_route_entries import RouteEntry
from ansible_collections.lineops.runbook.plugins.module_utils._ads_router import MAX_ROUTES, Router, add_route_by_udp
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError
from ansible_collections.lineops.runbook.tests.unit.helpers.fake_router import (
    ADD, DELETE, END, LIST, PASSWORD, USER, Closed, FakeRouter, code_answer, entry_bytes, read_answer, reply, route,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_ads import TcpPeer, UdpPeer, end_with_reset, free_address

# Far above what an answer needs even on a machine that is 8 times slower; a call that waits it out is a bug.
LONG_S = 60.0
# For outcomes that are only known when the time is up.
SHORT_S = 0.4
OWN = "127.0.0.1.1.1"
HMI = route("line3-hmi1", "10.30.0.11.1.1")
VECTORS = {
    vector["name"]: bytes.fromhex(vector["hex"])
    for vector in json.loads((Path(__file__).resolve().parents[3] / "data" / "ads_vectors.json").read_text("utf-8"))["vectors"]
}


def fake(*routes: t.Mapping[str, t.Any]) -> FakeRouter:
    """A router that has a route for us, and these."""
    return FakeRouter(route("own", OWN), *routes)


def calling(peer: t.Any, timeout: float = LONG_S, **options: t.Any) -> Router:
    return Router(peer.address, peer.net_id, connect_timeout=LONG_S, timeout=timeout, **options)


def failure(router: FakeRouter, work: t.Callable[[Router], t.Any], timeout: float = LONG_S) -> AdsError:
    """The error of a piece of work; never one that waited for a time-out it need not."""
    began = time.monotonic()
    with pytest.raises(AdsError) as caught, calling(router, timeout) as client:
        work(client)
    assert time.monotonic() - began < LONG_S / 2
    return caught.value


def indexed(answers: t.Sequence[bytes | None]) -> t.Callable[[frames.Frame], bytes | None]:
    """One scripted answer per entry number."""
    return lambda frame: answers[struct.unpack_from("<I", frame.data, 4)[0]]


# --- list ------------------------------------------------------------------------------------------------------------


def test_a_list_is_read_to_its_end_over_one_connection_from_the_own_address() -> None:
    local_ip = free_address()
    routes = [route("own", f"{local_ip}.1.1"), route("tmp", "10.0.0.7.1.1", temporary=True), {**HMI, "address": "HMI1.plant"}]
    with FakeRouter(*routes) as router, calling(router, local_ip=local_ip) as client:
        found, remark = client.routes()
        assert client.local_ams_net_id == f"{local_ip}.1.1"
    assert [(entry.name, entry.ams_net_id, entry.address, entry.temporary) for entry in found] == [
        ("own", f"{local_ip}.1.1", local_ip, False), ("tmp", "10.0.0.7.1.1", "10.0.0.7", True),
        ("line3-hmi1", "10.30.0.11.1.1", "HMI1.plant", False),
    ]  # fmt: skip
    assert (remark, router.connections, router.asked) == ("", 1, [LIST] * 4)


def test_the_list_request_is_that_of_public_tools_and_their_answers_are_understood() -> None:
    wanted = frames.parse_frame(VECTORS["ads_route_enum0_req"])
    asked: list[frames.Frame] = []
    answers = [frames.parse_frame(VECTORS[f"ads_route_enum{name}_rsp"]).data for name in ("0", "1", "2", "_end")]

    def script(frame: frames.Frame) -> bytes:
        asked.append(frame)
        return answers[len(asked) - 1]

    with fake() as router:
        router.script[LIST] = script
        with calling(router) as client:
            found, remark = client.routes()
    assert [entry.name for entry in found] == ["Testroute", "tmp-route", "eng"] and not remark
    assert [entry.temporary for entry in found] == [False, True, False]
    assert [entry.unidirectional for entry in found] == [False, False, True]
    assert (asked[0].command, asked[0].target_port, asked[0].data) == (wanted.command, wanted.target_port, wanted.data)
    assert len({frame.invoke_id for frame in asked}) > 1


def test_an_empty_list_is_a_list() -> None:
    with FakeRouter() as router:
        router.open_door = True
        with calling(router) as client:
            assert client.routes() == ([], "")


@pytest.mark.parametrize("code", [0x701, 0x702, 0x703, 0x719])
def test_another_end_after_an_entry_is_an_end_with_a_remark(code) -> None:
    with fake() as router:
        router.script[LIST] = indexed([read_answer(entry_bytes(HMI)), code_answer(code)])
        with calling(router) as client:
            found, remark = client.routes()
    assert [entry.name for entry in found] == ["line3-hmi1"]
    assert f"({code:#x}" in remark and "may not be complete" in remark


@pytest.mark.parametrize(("code", "name"), [(0x701, "ads.no_listing"), (0x702, "ads.no_listing"), (0x703, "ads.code"), (0x723, "ads.code")])
def test_an_error_at_the_first_entry_is_no_empty_list(code, name) -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: code_answer(code)
        error = failure(router, Router.routes)
    assert error.code == name and f"({code:#x}" in error.message


BROKEN_LISTS: dict[str, t.Callable[[frames.Frame], bytes]] = {
    "no result": lambda frame: b"",
    "half a result": lambda frame: b"\0\0",
    "no length": lambda frame: code_answer(0),
    "no entry": lambda frame: read_answer(b""),
    "half an entry": lambda frame: read_answer(entry_bytes(HMI)[:50]),
    "read length beyond the frame": lambda frame: struct.pack("<II", 0, 2000) + entry_bytes(HMI),
    "read length of 4 GB": lambda frame: struct.pack("<II", 0, 0xFFFFFFFF) + entry_bytes(HMI),
    "read length cuts the entry": lambda frame: struct.pack("<II", 0, 50) + entry_bytes(HMI),
    "address beyond the entry": lambda frame: read_answer(entry_bytes(HMI, address_size=4000)),
    "name of 4 GB": lambda frame: read_answer(entry_bytes(HMI, name_size=0xFFFFFFFF)),
    "sub-routes beyond the entry": lambda frame: read_answer(entry_bytes(HMI, sub_size=1)),
    "frame of 4 GB": lambda frame: bytearray(b"\0\0\xff\xff\xff\xff"),
    "web server": lambda frame: bytearray(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "request sent back": lambda frame: bytearray(frames.build_frame(frame)),
}


@pytest.mark.parametrize("script", BROKEN_LISTS.values(), ids=BROKEN_LISTS)
@pytest.mark.parametrize("before", [0, 1])
def test_a_broken_list_is_an_error_and_no_shorter_list(script, before) -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: (
            script(frame) if struct.unpack_from("<I", frame.data, 4)[0] == before else read_answer(entry_bytes(HMI))
        )
        error = failure(router, Router.routes)
    assert error.code == "ads.garbled"
    assert router.address in error.message and "\n" not in error.message


def test_an_answer_cut_short_is_no_answer() -> None:
    def play(sock: socket.socket, request: bytes, dummy: threading.Event) -> None:
        sock.sendall(reply(frames.parse_frame(request), read_answer(entry_bytes(HMI)))[:60])

    with TcpPeer(play) as peer, calling(peer) as client, pytest.raises(AdsError) as caught:
        client.routes()
    assert caught.value.code == "ads.garbled"


@pytest.mark.parametrize("count", [MAX_ROUTES, MAX_ROUTES + 1, 10_000, None], ids=str)
def test_more_entries_than_any_router_has_are_an_error(count) -> None:
    content, end = read_answer(entry_bytes(HMI)), code_answer(END)
    with fake() as router:
        router.script[LIST] = lambda frame: end if struct.unpack_from("<I", frame.data, 4)[0] == count else content
        tracemalloc.start()
        try:
            if count == MAX_ROUTES:
                with calling(router) as client:
                    assert len(client.routes()[0]) == MAX_ROUTES
            else:
                assert failure(router, Router.routes).code == "ads.endless"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert len(router.asked) == MAX_ROUTES + 1
    assert peak < 20_000_000


def test_a_list_that_takes_for_ever_is_an_error(monkeypatch) -> None:
    content = read_answer(entry_bytes(HMI))
    monkeypatch.setattr(_ads_router, "LIST_PATIENCE_S", 0.0)
    with fake() as router:
        router.script[LIST] = lambda frame: content
        assert failure(router, Router.routes).code == "ads.endless"
    assert len(router.asked) < MAX_ROUTES


# --- no answer -------------------------------------------------------------------------------------------------------


def ending(play: t.Callable[..., t.Any], timeout: float = LONG_S) -> AdsError:
    with TcpPeer(play) as peer, pytest.raises(AdsError) as caught, calling(peer, timeout) as client:
        client.routes()
    return caught.value


def test_closed_after_the_request_is_no_usable_route() -> None:
    with FakeRouter(HMI) as router:
        error = failure(router, Router.routes)
    assert error.code == "ads.closed"
    assert f"no usable route for {OWN} from 127.0.0.1" in error.message and "another program" in error.message


def test_reset() -> None:
    assert ending(lambda sock, request, stop: end_with_reset(sock)).code == "ads.reset"


def test_silent() -> None:
    error = ending(lambda sock, request, stop: stop.wait(LONG_S), SHORT_S)
    assert error.code == "ads.silent" and "0.4 s" in error.message


def test_refused() -> None:
    address = free_address()
    with pytest.raises(AdsError) as caught, Router(address, f"{address}.1.1", connect_timeout=LONG_S):
        pass
    assert caught.value.code == "ads.refused"


def test_filtered() -> None:
    address = free_address()
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind((address, 48898))
        listener.listen(0)
        filler.connect((address, 48898))  # the accept queue is full now: further SYNs are dropped
        with pytest.raises(AdsError) as caught, Router(address, f"{address}.1.1", connect_timeout=SHORT_S):
            pass
    assert caught.value.code == "ads.filtered"


@pytest.mark.parametrize("code", [6, 7])
def test_an_error_of_the_header_is_told_with_its_number(code) -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: bytearray(reply(frame, b"", error=code))
        error = failure(router, Router.routes)
    assert (error.code, error.details["ads_error"]) == ("ads.code", code)


def test_whatever_a_peer_sends_is_the_one_error() -> None:
    current: list[bytes] = [b""]

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=200), st.booleans())
    def check(content: bytes, framed: bool) -> None:
        current[0] = b"F" + content if framed else b"R" + content
        with pytest.raises(AdsError) as caught, calling(peer) as client:
            client.routes()
        assert caught.value.code.startswith("ads.")

    def play(sock: socket.socket, request: bytes, dummy: threading.Event) -> None:
        kind, content = current[0][:1], current[0][1:]
        sock.sendall(reply(frames.parse_frame(request), b"\0\0\0\0" + content) if kind == b"F" else content)

    with TcpPeer(play) as peer:
        check()


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"ip": "plc.example"}, "ads.address_invalid"),
        ({"ams_net_id": "10.0.0.1.1"}, "ads.net_id_invalid"),
        ({"ams_net_id": "10.0.0.256.1.1"}, "ads.net_id_invalid"),
        ({"local_ams_net_id": "10.0.0.5.1"}, "ads.net_id_invalid"),
    ],
)
def test_bad_arguments_are_refused_before_a_connection(given_, code) -> None:
    with fake() as router:
        with pytest.raises(AdsError) as caught:
            Router(**{"ip": router.address, "ams_net_id": router.net_id, **given_})
    assert (caught.value.code, router.connections) == (code, 0)


def test_a_connection_that_could_not_be_made_leaves_no_socket_behind(recwarn) -> None:
    for options in ({"local_ip": "192.0.2.1"}, {}):
        with pytest.raises(AdsError), Router(free_address(), "1.2.3.4.1.1", connect_timeout=LONG_S, **options):
            pass
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]


# --- add and delete over ADS -----------------------------------------------------------------------------------------


def test_add_over_ads_writes_the_whole_entry() -> None:
    with fake() as router, calling(router) as client:
        client.add(RouteEntry("tmp", "10.0.0.7.1.1", "10.0.0.7", 0x21))
        assert client.routes()[0][-1] == RouteEntry("tmp", "10.0.0.7.1.1", "10.0.0.7", 0x21)
    assert router.connections == 1


@pytest.mark.parametrize("bad", [RouteEntry("n" * 32, "1.2.3.4.1.1", "a"), RouteEntry("n", "1.2.3.4.1", "a"), RouteEntry("n", "1.2.3.4.1.1", "a" * 80)])
def test_nothing_is_written_for_a_bad_entry(bad) -> None:
    with fake() as router:
        assert failure(router, lambda client: client.add(bad)).code in ("ads.value_invalid", "ads.net_id_invalid")
    assert router.asked == []


def test_an_add_that_is_refused_is_an_error() -> None:
    with fake() as router:
        router.script[ADD] = lambda frame: code_answer(0x723)
        assert failure(router, lambda client: client.add(RouteEntry("n", "1.2.3.4.1.1", "a"))).details["ads_error"] == 0x723


def test_delete_by_name_and_its_frame_is_that_of_public_tools() -> None:
    wanted = frames.parse_frame(VECTORS["ads_route_delete_adstool_req"])
    asked: list[frames.Frame] = []
    with fake(route("Testroute", "192.168.0.1.1.1")) as router:
        router.script[DELETE] = lambda frame: (asked.append(frame), router.delete(frame))[1]
        with calling(router) as client:
            assert client.delete("Testroute") is True
            assert [entry.name for entry in client.routes()[0]] == ["own"]
    assert (asked[0].command, asked[0].target_port, asked[0].data) == (wanted.command, wanted.target_port, wanted.data)


@pytest.mark.parametrize("works", [True, False])
def test_a_delete_without_an_answer_proves_nothing_either_way(works) -> None:
    def script(frame: frames.Frame) -> None:
        if works:
            router.delete(frame)

    with fake(HMI) as router:
        router.script[DELETE] = script
        with calling(router, SHORT_S) as client:
            assert client.delete("line3-hmi1") is False
        with calling(router) as client:
            assert ("line3-hmi1" in [entry.name for entry in client.routes()[0]]) is not works


def test_a_delete_that_cuts_its_own_connection_is_not_answered() -> None:
    def script(frame: frames.Frame) -> t.NoReturn:
        router.delete(frame)
        raise Closed

    with fake() as router:
        router.script[DELETE] = script
        with calling(router) as client:
            assert client.delete("own") is False


def test_a_delete_that_is_refused_is_an_error() -> None:
    with fake() as router:
        assert failure(router, lambda client: client.delete("nobody")).details["ads_error"] == 0x70C


# --- add over UDP ----------------------------------------------------------------------------------------------------

ENTRY = RouteEntry("line3-hmi1", "10.30.0.11.1.1", "10.30.0.11")


def adding(router: t.Any, password: str = PASSWORD, timeout: float = LONG_S, attempts: int = 1, entry: RouteEntry = ENTRY) -> int:
    return add_route_by_udp(router.address, entry, USER, password, timeout=timeout, attempts=attempts)


@pytest.mark.parametrize("temporary", [True, False])
def test_add_by_udp(temporary) -> None:
    with FakeRouter() as router:
        assert adding(router, entry=RouteEntry("line3-hmi1", "10.30.0.11.1.1", "10.30.0.11", 0x21 if temporary else 0x20)) == 0
    assert router.routes == [{**HMI, "flags": 0x41 if temporary else 0x40}]


def test_a_wrong_password_is_answered() -> None:
    with FakeRouter() as router:
        assert adding(router, "wrong") == 0x704
    assert router.routes == []


@pytest.mark.parametrize("code", [0x704, 0x70C, 0x701, 1])
def test_every_code_comes_back_as_it_is(code) -> None:
    with FakeRouter() as router:
        router.udp = lambda request: [router.udp_answer(request, code=code)]
        assert adding(router) == code


def test_no_answer_is_never_a_wrong_password() -> None:
    with UdpPeer(lambda request, number: []) as peer:
        with pytest.raises(AdsError) as caught:
            adding(peer, timeout=0.2, attempts=2)
        assert len(peer.received) == 2
    assert caught.value.code == "ads.silent" and "wrong password would be answered" in caught.value.hint
    assert PASSWORD not in f"{caught.value} {caught.value.hint} {caught.value.details}"


def test_nobody_listens() -> None:
    with pytest.raises(AdsError) as caught:
        add_route_by_udp(free_address(), ENTRY, USER, PASSWORD, timeout=LONG_S)
    assert caught.value.code == "ads.silent"


def test_a_lost_datagram_is_sent_again() -> None:
    with FakeRouter() as router:
        router.udp = lambda request: [router.udp_answer(request)] if len(router.writes) == 2 else []
        assert adding(router, timeout=0.5, attempts=50) == 0
    assert len(router.writes) >= 2


FOREIGN: dict[str, t.Callable[[FakeRouter, bytes], bytes]] = {
    "the request": lambda router, request: request,
    "other invoke id": lambda router, request: router.udp_answer(request, invoke_id=frames.parse_datagram(request).invoke_id ^ 1),
    "identify": lambda router, request: router.udp_answer(request, service=0x80000001),
    "no response bit": lambda router, request: router.udp_answer(request, service=6),
    "no result": lambda router, request: router.udp_answer(request, tags=()),
    "result too short": lambda router, request: router.udp_answer(request, tags=((1, b"\0\0"),)),
    "cut": lambda router, request: router.udp_answer(request)[:-1],
    "empty": lambda router, request: b"",
    "garbage": lambda router, request: b"\xff" * 400,
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_our_answer_is_passed_over(make) -> None:
    with FakeRouter() as router:
        router.udp = lambda request: [make(router, request)]
        with pytest.raises(AdsError) as caught:
            adding(router, timeout=0.2)
        assert caught.value.code == "ads.silent"
        router.udp = lambda request: [make(router, request), router.udp_answer(request, code=0x704)]
        assert adding(router) == 0x704


def test_no_other_sender_is_believed() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger, FakeRouter() as router:
        stranger.bind((free_address(), 48899))
        router.udp = lambda request: [(router.udp_answer(request), stranger)]
        with pytest.raises(AdsError) as caught:
            adding(router, timeout=0.2)
    assert caught.value.code == "ads.silent"


def test_a_flood_of_wrong_answers_does_not_hold_it() -> None:
    began = time.monotonic()
    with UdpPeer(lambda request, number: [b"x"] * 2000) as peer, pytest.raises(AdsError):
        adding(peer, timeout=SHORT_S)
    assert time.monotonic() - began < LONG_S


@pytest.mark.parametrize(
    ("entry", "username", "password"),
    [
        (RouteEntry("n" * 32, "10.30.0.11.1.1", "a"), USER, PASSWORD),
        (RouteEntry("Ger\xe4t", "10.30.0.11.1.1", "a"), USER, PASSWORD),
        (RouteEntry("n", "10.30.0.11.1.1", "a" * 80), USER, PASSWORD),
        (RouteEntry("n", "10.30.0.11.1", "a"), USER, PASSWORD),
        (RouteEntry("n", "10.30.0.256.1.1", "a"), USER, PASSWORD),
        (ENTRY, "M\xfcller", PASSWORD),
        (ENTRY, USER, "canary-p\xe4ss"),
        (ENTRY, USER, "canary\0pass"),
    ],
)
def test_no_datagram_is_sent_for_bad_input(entry, username, password) -> None:
    with FakeRouter() as router, pytest.raises(AdsError) as caught:
        add_route_by_udp(router.address, entry, username, password, timeout=LONG_S)
    assert caught.value.code in ("ads.value_invalid", "ads.net_id_invalid")
    assert router.writes == [] and "canary" not in str(caught.value)


# --- states, devices, symbols ----------------------------------------------------------------------------------------


def answering(answers: t.Mapping[tuple[int, int], bytes | int]) -> t.Callable[..., None]:
    """A peer that answers (AMS port, command) with data, or a number as the header's error."""

    def play(sock: socket.socket, request: bytes, dummy: threading.Event) -> None:
        while request:
            frame = frames.parse_frame(request)
            answer = answers[frame.target_port, frame.command]
            sock.sendall(reply(frame, b"", error=answer) if isinstance(answer, int) else reply(frame, answer))
            request = sock.recv(65536)

    return play


@pytest.mark.parametrize(("number", "word"), [(5, "RUN"), (6, "STOP"), (15, "CONFIG"), (19, "EXCEPTION"), (0, "INVALID"), (99, "state 99")])
def test_states_in_words(number, word) -> None:
    with TcpPeer(answering({(10000, 4): struct.pack("<IHH", 0, number, 7)})) as peer, calling(peer) as client:
        assert client.state(10000) == word


def test_system_and_runtime_are_asked_apart_over_one_connection() -> None:
    answers = {(10000, 4): struct.pack("<IHH", 0, 15, 0), (851, 4): 6, (852, 4): struct.pack("<I", 0x723)}
    with TcpPeer(answering(answers)) as peer, calling(peer) as client:
        assert client.state(10000) == "CONFIG"
        for port, code in ((851, 6), (852, 0x723)):
            with pytest.raises(AdsError) as caught:
                client.state(port)
            assert caught.value.details["ads_error"] == code
    assert len(peer.callers) == 1


@pytest.mark.parametrize("data", [b"", b"\0\0", bytes(4), bytes(6)])
def test_a_state_that_is_not_there_is_no_state(data) -> None:
    with TcpPeer(answering({(851, 4): data})) as peer, calling(peer) as client, pytest.raises(AdsError) as caught:
        client.state(851)
    assert caught.value.code == "ads.garbled"


def test_device_info() -> None:
    info = struct.pack("<IBBH16s", 0, 3, 1, 4024, b"Plc30 App")
    with TcpPeer(answering({(851, 1): info, (852, 1): struct.pack("<I", 0x707), (853, 1): b"\0\0\0\0x"})) as peer, calling(peer) as client:
        assert client.device_info(851) == ("Plc30 App", "3.1.4024")
        for port, code in ((852, "ads.code"), (853, "ads.garbled")):
            with pytest.raises(AdsError) as caught:
                client.device_info(port)
            assert caught.value.code == code


class Symbols:
    """A runtime with one BOOL; every answer can be replaced by group."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {
            "F009": read_answer(struct.pack("<IIIIII", 50, 0x4040, 8, 1, 33, 0)), "F003": read_answer(b"\x4d\0\0\0"),
            "F005": read_answer(b"\1"), "F006": code_answer(0), **answers,
        }  # fmt: skip
        self.asked: list[tuple[str, bytes]] = []

    def play(self, sock: socket.socket, request: bytes, dummy: threading.Event) -> None:
        while request:
            frame = frames.parse_frame(request)
            group = f"{struct.unpack_from('<I', frame.data)[0]:04X}"
            self.asked.append((group, frame.data[4:]))
            sock.sendall(reply(frame, self.answers[group]))
            request = sock.recv(65536)


def test_a_readable_symbol_is_read_with_its_own_size_and_its_handle_released() -> None:
    symbols = Symbols()
    with TcpPeer(symbols.play) as peer, calling(peer) as client:
        assert client.is_readable(851, "MAIN.bOpsTest") is True
    assert [group for group, dummy in symbols.asked] == ["F009", "F003", "F005", "F006"]
    assert symbols.asked[2][1] == struct.pack("<II", 77, 1)
    assert symbols.asked[3][1] == struct.pack("<III", 0, 4, 77)


@pytest.mark.parametrize(
    ("info", "type_name"),
    [
        (struct.pack("<IIIIIIHHH", 99, 0x4040, 8, 1, 33, 0, 6, 4, 0) + b"MAIN.x\0BOOL\0\0", "BOOL"),
        (struct.pack("<IIIIIIHHH", 99, 0x4040, 8, 1, 33, 0, 60000, 4, 0) + b"MAIN.x\0BOOL\0\0", ""),
        (struct.pack("<IIIIII", 50, 0x4040, 8, 1, 33, 0), ""),
    ],
    ids=["whole", "lengths beyond the bytes", "cut"],
)
def test_a_symbol_is_read_with_its_type(info, type_name) -> None:
    with TcpPeer(Symbols(F009=read_answer(info)).play) as peer, calling(peer) as client:
        assert client.read(851, "MAIN.x") == (type_name, b"\1")


@pytest.mark.parametrize("group", ["F009", "F003"])
def test_an_unknown_symbol_is_not_readable(group) -> None:
    with TcpPeer(Symbols(**{group: read_answer(b"", 0x710)}).play) as peer, calling(peer) as client:
        assert client.is_readable(851, "MAIN.bOpsTest") is False


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"F009": read_answer(b"", 0x723)}, "ads.code"),
        ({"F009": read_answer(b"\0" * 8)}, "ads.garbled"),
        ({"F005": read_answer(b"", 0x723)}, "ads.code"),
        ({"F005": b""}, "ads.garbled"),
    ],
)
def test_any_other_trouble_with_a_symbol_is_no_answer_about_it(answers, code) -> None:
    symbols = Symbols(**answers)
    with TcpPeer(symbols.play) as peer, calling(peer) as client, pytest.raises(AdsError) as caught:
        client.is_readable(851, "MAIN.bOpsTest")
    assert caught.value.code == code
    held = [group for group, dummy in symbols.asked].count("F003")
    assert [group for group, dummy in symbols.asked].count("F006") == held


def test_a_symbol_that_is_not_ascii_is_refused() -> None:
    with fake() as router:
        assert failure(router, lambda client: client.is_readable(851, "MAIN.b\xc4")).code == "ads.value_invalid"
    assert router.asked == []
