# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC stand-in against the protocol vectors: captured request bytes in, the documented answer bytes out."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from plcs import Plc
from rawads import RawAds, frame, udp_exchange

VECTORS = {
    vector["name"]: bytes.fromhex(vector["hex"])
    for vector in json.loads((Path(__file__).parents[1] / "data" / "ads_vectors.json").read_text())["vectors"]
}
PLC_NET_ID = "5.24.37.144.1.1"
BENCH = {"name": "bench", "ams_net_id": "192.168.0.1.1.1", "address": "127.0.0.1", "temporary": False}
HANDLE = struct.pack("<I", 77)  # the handle of the vectors; a PLC hands out its own

# request vector -> answer vector, on one connection, in this order
TCP_PAIRS = [
    ("ads_read_device_info_req", "ads_read_device_info_rsp"),
    ("ads_read_state_req", "ads_read_state_rsp"),
    ("ads_handle_by_name_no_nul_req", "ads_handle_by_name_no_nul_rsp"),
    ("ads_handle_by_name_nul_req", "ads_handle_by_name_nul_rsp"),
    ("ads_read_by_handle_req", "ads_read_by_handle_rsp"),
    ("ads_write_by_handle_req", "ads_write_by_handle_rsp"),
    ("ads_release_handle_req", "ads_release_handle_rsp"),
    ("ads_write_control_pyads_req", "ads_write_control_pyads_rsp"),
    ("ads_write_control_adstool_req", "ads_write_control_adstool_rsp"),
]
ROUTES = [
    {"name": "Testroute", "ams_net_id": "192.168.0.1.1.1", "address": "192.168.0.1"},
    {"name": "tmp-route", "ams_net_id": "10.0.0.7.1.1", "address": "10.0.0.7", "temporary": True},
    {"name": "eng", "ams_net_id": "5.9.8.7.1.1", "address": "ENG-PC", "flags": 0x82},
]
ENUMERATION = ["ads_route_enum0_rsp", "ads_route_enum1_rsp", "ads_route_enum2_rsp", "ads_route_enum_end_rsp"]
ADD_ROUTE = ["udp_addroute_req_adstool", "udp_addroute_req_pyads", "udp_addroute_req_adsasync"]
DELETE_ROUTE = [
    ("ads_route_delete_pyads_req", "ads_route_delete_pyads_rsp"),
    ("ads_route_delete_adstool_req", "ads_route_delete_adstool_rsp"),
]


def test_every_vector_is_used() -> None:
    used = {name for pair in TCP_PAIRS + DELETE_ROUTE for name in pair} | set(ENUMERATION) | set(ADD_ROUTE) | {
        "ads_route_enum0_req", "ads_header_error_6", "ads_header_error_7", "udp_identify_req_adstool",
        "udp_identify_req_pyads", "udp_identify_rsp", "udp_addroute_rsp_ok", "udp_addroute_rsp_badcred",
        "udp_addroute_req_pyads_utf8_BROKEN", "udp_addroute_req_temporary",
        "ads_route_add_payload_static",
    }
    assert used == set(VECTORS)


def test_ads_exchanges(start_plc) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[BENCH])
    handle = HANDLE
    with RawAds(plc.address) as client:
        for request, answer in TCP_PAIRS:
            got = client.exchange(VECTORS[request].replace(HANDLE, handle))
            if request.startswith("ads_handle_by_name"):
                handle = got[-4:]
            assert got.hex() == VECTORS[answer].replace(HANDLE, handle).hex(), request
    assert plc.ask("read", name="MAIN.nTest")["value"] == 77
    assert plc.ask("status")["state"] == "CONFIG"


def test_route_enumeration(start_plc) -> None:
    own = {"name": "self", "ams_net_id": "127.0.0.1.1.1", "address": "127.0.0.1"}
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[*ROUTES, own])
    request = bytearray(VECTORS["ads_route_enum0_req"])
    with RawAds(plc.address) as client:
        for number, name in enumerate(ENUMERATION):
            offset = number if name != "ads_route_enum_end_rsp" else number + 1  # our own route is one entry more
            struct.pack_into("<I", request, 34, number + 1)  # invoke id
            struct.pack_into("<I", request, 42, offset)
            source_port = VECTORS[name][12:14]  # the captures come from several processes, hence several ports
            request[20:22] = source_port
            assert client.exchange(bytes(request)).hex() == VECTORS[name].hex(), name


@pytest.mark.parametrize(("request_name", "answer_name"), DELETE_ROUTE)
def test_delete_route(start_plc, request_name, answer_name) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[BENCH, ROUTES[0] | {"ams_net_id": "192.168.0.2.1.1"}])
    with RawAds(plc.address) as client:
        assert client.exchange(VECTORS[request_name]).hex() == VECTORS[answer_name].hex()
    assert [route["name"] for route in plc.ask("routes")["routes"]] == ["bench"]


def test_added_route_is_listed_as_it_came(start_plc) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[BENCH | {"ams_net_id": "127.0.0.1.1.1"}])
    payload = VECTORS["ads_route_add_payload_static"]
    write = struct.pack("<III", 801, 0, len(payload)) + payload
    with RawAds(plc.address) as client:
        assert client.ask(PLC_NET_ID, 10000, "127.0.0.1.1.1", 3, write).data == bytes(4)
        listed = client.ask(PLC_NET_ID, 10000, "127.0.0.1.1.1", 2, struct.pack("<III", 803, 1, 2048)).data
    assert listed == struct.pack("<II", 0, len(payload)) + payload
    assert plc.ask("routes")["routes"][1] == {
        "name": "Testroute", "ams_net_id": "192.168.0.1.1.1", "address": "192.168.0.1", "temporary": False,
        "flags": 0x20,
    }


@pytest.mark.parametrize(
    ("overrides", "vector"),
    [({"ams_port": 852}, "ads_header_error_6"), ({"ams_net_id": "5.24.37.145.1.1"}, "ads_header_error_7")],
)
def test_header_errors(start_plc, overrides, vector) -> None:
    plc = start_plc(**{"ams_net_id": PLC_NET_ID, "routes": [BENCH], **overrides})
    with RawAds(plc.address) as client:
        assert client.exchange(VECTORS["ads_read_state_req"]).hex() == VECTORS[vector].hex()


@pytest.mark.parametrize("request_name", ["udp_identify_req_adstool", "udp_identify_req_pyads"])
def test_identify(start_plc, request_name) -> None:
    plc = start_plc(
        ams_net_id=PLC_NET_ID, host_name="CX-123456", twincat_version="3.1.4026", fingerprint="a" * 64
    )
    assert udp_exchange(plc.address, VECTORS[request_name]).hex() == VECTORS["udp_identify_rsp"].hex()


def test_identify_is_395_bytes_by_default(plc: Plc) -> None:
    assert len(udp_exchange(plc.address, VECTORS["udp_identify_req_pyads"])) == 395


@pytest.mark.parametrize("request_name", ADD_ROUTE)
def test_add_route(start_plc, request_name) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[], username="guest", password="1")
    assert udp_exchange(plc.address, VECTORS[request_name]).hex() == VECTORS["udp_addroute_rsp_ok"].hex()
    (route,) = plc.ask("routes")["routes"]
    address = "127.0.0.1" if request_name.endswith("adstool") else "192.168.0.1"
    assert route == {
        "name": "Testroute", "ams_net_id": "192.168.0.1.1.1", "address": address, "temporary": False, "flags": 0x40,
    }


def test_add_route_with_wrong_login(start_plc) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[], username="guest", password="2")
    answer = udp_exchange(plc.address, VECTORS["udp_addroute_req_pyads"])
    assert answer.hex() == VECTORS["udp_addroute_rsp_badcred"].hex()
    assert plc.route_net_ids() == []


def test_shifted_refusal_is_still_a_refusal_for_who_reads_the_tag(start_plc) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[], refusal_layout="shifted")
    answer = udp_exchange(plc.address, VECTORS["udp_addroute_req_pyads"])
    assert len(answer) == 32 and struct.unpack_from("<HHI", answer, 24) == (1, 4, 0x704 << 8)
    assert plc.route_net_ids() == []


def test_temporary_route(start_plc) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[BENCH | {"ams_net_id": "127.0.0.1.1.1"}], username="guest",
                    password="1")
    udp_exchange(plc.address, VECTORS["udp_addroute_req_temporary"])
    assert plc.ask("routes")["routes"][1]["temporary"] is True
    with RawAds(plc.address) as client:
        entry = client.ask(PLC_NET_ID, 10000, "127.0.0.1.1.1", 2, struct.pack("<III", 803, 1, 2048)).data[8:]
    assert struct.unpack_from("<I", entry, 8)[0] & 1


def test_invoke_id_is_echoed(plc: Plc) -> None:
    request = bytearray(VECTORS["udp_identify_req_pyads"])
    struct.pack_into("<I", request, 4, 0xDEADBEEF)
    assert struct.unpack_from("<I", udp_exchange(plc.address, bytes(request)), 4)[0] == 0xDEADBEEF


def _broken_datagrams() -> dict[str, bytes]:
    good = VECTORS["udp_addroute_req_pyads"]
    return {
        "characters counted as bytes": VECTORS["udp_addroute_req_pyads_utf8_BROKEN"],
        "empty": b"",
        "header cut": good[:23],
        "tags cut": good[:-1],
        "bytes too many": good + b"\0",
        "foreign cookie": b"\0" + good[1:],
        "an answer": VECTORS["udp_addroute_rsp_ok"],
        "unknown service": good[:8] + b"\x08" + good[9:],
        "four thousand million tags": good[:20] + b"\xff\xff\xff\xff" + good[24:],
        "no NetId": good[:20] + b"\0\0\0\0",
    }


@pytest.mark.parametrize("kind", _broken_datagrams())
def test_broken_datagrams_are_survived_and_not_answered(start_plc, kind) -> None:
    plc = start_plc(username="guest", password="1")
    with pytest.raises(TimeoutError):
        udp_exchange(plc.address, _broken_datagrams()[kind], timeout=0.3)
    # Datagrams are handled in order: with this answer here, the broken one has been looked at and was not answered.
    assert len(udp_exchange(plc.address, VECTORS["udp_identify_req_pyads"])) == 395
    assert plc.route_net_ids() == ["127.0.0.1.1.1"]


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\x1f\0\0\0" + bytes(31), b"\0\0\xff\xff\xff\x7f",
     frame(PLC_NET_ID, 851, "192.168.0.1.1.1", 4)[:26] + b"\x63" + bytes(11)],
    ids=["http", "shorter than a header", "two gigabytes", "data length does not fit"],
)
def test_garbage_on_tcp_ends_that_connection_only(start_plc, garbage) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[BENCH])
    with RawAds(plc.address) as client:
        try:
            assert client.exchange(garbage) == b""
        except ConnectionResetError:
            pass  # closed with bytes unread
    with RawAds(plc.address) as client:
        assert client.exchange(VECTORS["ads_read_state_req"]) == VECTORS["ads_read_state_rsp"]


def test_frame_in_pieces_and_two_frames_at_once(start_plc) -> None:
    plc = start_plc(ams_net_id=PLC_NET_ID, routes=[BENCH])
    request, answer = VECTORS["ads_read_state_req"], VECTORS["ads_read_state_rsp"]
    with RawAds(plc.address) as client:
        for byte in request[:-1]:
            client.sock.sendall(bytes([byte]))
        client.sock.sendall(request[-1:] + request)
        assert [client.receive_bytes(), client.receive_bytes()] == [answer, answer]


@pytest.mark.parametrize(
    ("command", "data", "code"),
    [(2, struct.pack("<III", 0x1234, 0, 4), 0x702), (3, struct.pack("<III", 0x1234, 0, 0), 0x702),
     (9, struct.pack("<IIII", 0x1234, 0, 4, 0), 0x702), (2, b"\1\2", 0x705),
     (3, struct.pack("<III", 0xF005, 1, 9) + b"\1", 0x705), (6, bytes(40), 0x701),
     (2, struct.pack("<III", 0x4040, 0x1000, 0), 0x705), (2, struct.pack("<III", 0x4040, 1, 4), 0x710)],
)
def test_requests_that_make_no_sense_get_an_ads_code(plc: Plc, command, data, code) -> None:
    with RawAds(plc.address) as client:
        answer = client.ask(plc.net_id, 851, "127.0.0.1.1.1", command, data, invoke_id=99)
        assert (answer.error, answer.invoke_id, answer.result) == (0, 99, code)


def test_handle_comes_with_the_type_for_who_has_room(plc: Plc) -> None:
    """npm's ads-client asks for 0xFFFFFFFF bytes and reads size and type behind the handle."""
    name = b"GVL.sName\0"
    with RawAds(plc.address) as client:
        long, short, short_too = (
            client.ask(plc.net_id, 851, "127.0.0.1.1.1", 9, struct.pack("<IIII", 0xF003, 0, room, len(name)) + name)
            for room in (0xFFFFFFFF, 4, 24))
    assert (len(short.data), len(short_too.data)) == (8 + 4, 8 + 4)
    assert struct.unpack_from("<IIH", long.data, 12) == (21, 0, 10) and long.data[22:] == b"STRING(20)\0"


def test_symbol_information_by_name_in_both_forms(plc: Plc) -> None:
    with RawAds(plc.address) as client:
        name = b"MAIN.nBig\0"
        short = client.ask(plc.net_id, 851, "127.0.0.1.1.1", 9, struct.pack("<IIII", 0xF007, 0, 12, 10) + name)
        group, offset, size = struct.unpack("<III", short.data[8:])
        assert size == 4
        value = client.ask(plc.net_id, 851, "127.0.0.1.1.1", 2, struct.pack("<III", group, offset, size))
        assert struct.unpack("<i", value.data[8:])[0] == -70000
        version = client.ask(plc.net_id, 851, "127.0.0.1.1.1", 2, struct.pack("<III", 0xF008, 0, 1))
        assert version.result == 0 and len(version.data) == 9
