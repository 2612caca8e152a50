# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ADS codec against vectors captured from public tools, and against arbitrary values and bytes."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_frames as frames
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError

VECTORS = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).resolve().parents[3] / "data" / "ads_vectors.json").read_text("utf-8"))["vectors"]
}
TCP = sorted(name for name, vector in VECTORS.items() if vector["transport"].startswith("tcp"))
UDP = sorted(name for name, vector in VECTORS.items() if vector["transport"].startswith("udp") and "BROKEN" not in name)

NET_IDS = st.tuples(*[st.integers(0, 255)] * 6).map(lambda parts: ".".join(map(str, parts)))
U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
DATAGRAMS = st.builds(
    frames.Datagram, U32, U32, NET_IDS, U16, st.lists(st.tuples(U16, st.binary(max_size=300)), max_size=8).map(tuple)
)
FRAMES = st.builds(frames.Frame, NET_IDS, U16, NET_IDS, U16, U16, U16, U32, U32, st.binary(max_size=300))


def vector(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name]["hex"])


# --- vectors ---------------------------------------------------------------------------------------------------------


def test_there_are_vectors_for_both_transports() -> None:
    assert len(TCP) > 20 and len(UDP) > 7


@pytest.mark.parametrize("name", TCP)
def test_every_tcp_vector_is_read_and_rebuilt_byte_for_byte(name) -> None:
    frame = frames.parse_frame(vector(name))
    assert frames.build_frame(frame) == vector(name)
    assert bool(frame.flags & frames.FLAG_RESPONSE) == (VECTORS[name]["direction"] == "response")


@pytest.mark.parametrize("name", UDP)
def test_every_udp_vector_is_read_and_rebuilt_byte_for_byte(name) -> None:
    datagram = frames.parse_datagram(vector(name))
    assert frames.build_datagram(datagram) == vector(name)
    assert bool(datagram.service & frames.UDP_RESPONSE) == (VECTORS[name]["direction"] == "response")


def test_identify_request_is_adstools() -> None:
    assert frames.identify_request(0) == vector("udp_identify_req_adstool")
    assert frames.identify_request(0xDEADBEEF)[4:8] == b"\xef\xbe\xad\xde"


def test_identify_answer_is_understood() -> None:
    datagram = frames.parse_datagram(vector("udp_identify_rsp"))
    assert (datagram.service, datagram.ams_net_id) == (0x80000001, "5.24.37.144.1.1")
    assert frames.plain_text(datagram.tag(frames.TAG_HOST)) == "CX-123456"
    assert frames.twincat_version(datagram.tag(frames.TAG_TWINCAT)) == "3.1.4026"
    assert frames.os_text(datagram.tag(frames.TAG_OS)) == "Windows NT 10.0.19045"
    assert frames.plain_text(datagram.tag(frames.TAG_FINGERPRINT)) == "a" * 64
    assert datagram.tag(99) is None


def test_device_info_request_is_pyads() -> None:
    frame = frames.Frame(
        "5.24.37.144.1.1",
        851,
        "192.168.0.1.1.1",
        30001,
        frames.COMMAND_DEVICE_INFO,
        frames.FLAGS_REQUEST,
        0,
        1,
    )
    assert frames.build_frame(frame) == vector("ads_read_device_info_req")


def test_device_info_answer_is_understood() -> None:
    answer = frames.parse_frame(vector("ads_read_device_info_rsp"))
    assert frames.parse_device_info(answer.data) == (0, "Plc30 App", "3.1.4024")


@pytest.mark.parametrize("code", [6, 7])
def test_header_errors_are_understood(code) -> None:
    frame = frames.parse_frame(vector(f"ads_header_error_{code}"))
    assert (frame.error, frame.data) == (code, b"")


# --- add route -------------------------------------------------------------------------------------------------------


def route(**changes: object) -> bytes:
    values = {
        "ams_net_id": "192.168.0.1.1.1",
        "address": "192.168.0.1",
        "route_name": "Testroute",
        "username": "guest",
        "password": "1",
        **changes,
    }
    return frames.add_route_request(**values)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("udp_addroute_req_pyads", {}),
        ("udp_addroute_req_adsasync", {}),
        ("udp_addroute_req_adstool", {"address": "127.0.0.1", "sender_port": 0}),
        ("udp_addroute_req_temporary", {"route_name": "tmp-route", "temporary": True}),
    ],
)
def test_add_route_is_byte_for_byte_what_public_tools_send(name, changes) -> None:
    assert route(**changes) == vector(name)


@pytest.mark.parametrize(("name", "code"), [("udp_addroute_rsp_ok", 0), ("udp_addroute_rsp_badcred", 0x704)])
def test_add_route_answers(name, code) -> None:
    assert frames.parse_add_route_result(frames.parse_datagram(vector(name))) == code


@pytest.mark.parametrize("name", ["udp_identify_rsp", "udp_addroute_req_pyads"])
def test_what_is_no_add_route_answer_has_no_result(name) -> None:
    with pytest.raises(AdsError, match="no result"):
        frames.parse_add_route_result(frames.parse_datagram(vector(name)))


@pytest.mark.parametrize(
    "changes",
    [
        {"route_name": "Gerät"},
        {"username": "Müller"},
        {"password": "canary-pä"},
        {"password": "canary\0"},
        {"password": "canary\n"},
        {"address": "ü.example"},
        {"route_name": ""},
        {"username": ""},
        {"address": ""},
        {"route_name": "n" * 32},
        {"address": "a" * 80},
        {"password": "canary" * 300},
        {"username": "u" * 700, "password": "canary" * 120},
        {"password": 12345},
        {"ams_net_id": "1.2.3.4.5"},
        {"sender_port": 70000},
    ],
)
def test_add_route_refuses_rather_than_send_a_broken_datagram(changes) -> None:
    with pytest.raises(AdsError) as caught:
        route(**changes)
    assert caught.value.code in ("ads.value_invalid", "ads.net_id_invalid")
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value.details}"


def test_add_route_takes_the_longest_allowed_texts() -> None:
    datagram = frames.parse_datagram(route(route_name="n" * 31, address="a" * 79, password=""))
    assert datagram.tag(frames.TAG_ROUTE_NAME) == b"n" * 31 + b"\0"
    assert datagram.tag(frames.TAG_HOST) == b"a" * 79 + b"\0"
    assert datagram.tag(frames.TAG_PASSWORD) == b"\0"


# --- NetIds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0.0.0.0.0.0", "255.255.255.255.255.255", "10.30.0.21.1.1"])
def test_good_net_ids(text) -> None:
    assert frames.valid_net_id(text)
    assert frames.net_id_from_bytes(frames.net_id_to_bytes(text)) == text
    assert text.startswith(f"{frames.connect_address(text)}.") and frames.connect_address(text).count(".") == 3


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3.4", "1.2.3.4.5", "1.2.3.4.5.6.7", "1.2.3.4.5.256", "1.2.3.4.5.-1", "1.2.3.4.5.+6", " 1.2.3.4.5.6", "1.2.3.4.5.6\n",
     "1.2.3.4.5.06", "1.2.3.4.5.", "1.2.3.4..6", "a.b.c.d.e.f", "1.2.3.4.5.\u0661", "1,2,3,4,5,6", None, 5, b"1.2.3.4.5.6", ["1"]],
)  # fmt: skip
def test_bad_net_ids(text) -> None:
    assert not frames.valid_net_id(text)
    assert frames.connect_address(text) is None
    with pytest.raises(AdsError) as caught:
        frames.net_id_to_bytes(text)
    assert caught.value.code == "ads.net_id_invalid"


# --- hostile bytes ---------------------------------------------------------------------------------------------------

READERS = [
    frames.parse_datagram,
    frames.parse_frame,
    frames.frame_length,
    frames.parse_device_info,
    frames.twincat_version,
    frames.os_text,
    frames.plain_text,
]
IDENTIFY_HEAD = struct.pack("<III6sHI", frames.UDP_COOKIE, 0, 0x80000001, b"\1" * 6, 10000, 0xFFFFFFFF)


@pytest.mark.parametrize("reader", READERS)
@given(data=st.binary(max_size=600) | st.binary(max_size=600).map(lambda rest: IDENTIFY_HEAD + rest))
@example(data=b"")
@example(data=IDENTIFY_HEAD)
@example(data=vector("udp_addroute_req_pyads_utf8_BROKEN"))
def test_arbitrary_bytes_give_a_value_or_the_one_error(reader, data) -> None:
    try:
        reader(data)
    except AdsError as error:
        assert error.code == "ads.garbled"


def cost_of(reader, data: bytes) -> int:
    """Peak of bytes allocated by reading, whatever comes of it."""
    tracemalloc.start()
    try:
        reader(data)
    except AdsError as error:
        assert error.code == "ads.garbled"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("reader", READERS)
@given(data=st.binary(max_size=600) | st.binary(max_size=600).map(lambda rest: IDENTIFY_HEAD + rest))
@example(data=IDENTIFY_HEAD)
@example(data=IDENTIFY_HEAD + struct.pack("<HH", 5, 0xFFFF))
@example(data=struct.pack("<HI", 0, 0xFFFFFFFF))
def test_no_announced_length_or_count_costs_memory(reader, data) -> None:
    cost_of(reader, data)  # warm: what is loaded at the first call is not its cost
    assert cost_of(reader, data) < 20_000 + 100 * len(data)


def test_the_largest_datagram_of_nothing_but_tags_costs_a_bounded_multiple_of_itself() -> None:
    data = IDENTIFY_HEAD[:-4] + struct.pack("<I", 16_000) + struct.pack("<HH", 7, 0) * 16_000
    assert len(frames.parse_datagram(data).tags) == 16_000
    assert cost_of(frames.parse_datagram, data) < 100 * len(data)


@given(st.sampled_from(TCP + UDP), st.integers(0, 400), st.integers(0, 255))
def test_a_vector_with_one_byte_changed_is_a_value_or_the_one_error(name, position, value) -> None:
    data = bytearray(vector(name))
    data[position % len(data)] = value
    for reader in (frames.parse_datagram, frames.parse_frame):
        try:
            reader(bytes(data))
        except AdsError as error:
            assert error.code == "ads.garbled"


@pytest.mark.parametrize("name", TCP + UDP)
def test_no_vector_can_be_cut_short_unnoticed(name) -> None:
    reader = frames.parse_frame if name in TCP else frames.parse_datagram
    for length in range(len(vector(name))):
        with pytest.raises(AdsError):
            reader(vector(name)[:length])


def test_bytes_after_the_last_tag_are_ignored_but_not_after_a_frame() -> None:
    assert frames.parse_datagram(vector("udp_identify_rsp") + b"more") == frames.parse_datagram(vector("udp_identify_rsp"))
    with pytest.raises(AdsError):
        frames.parse_frame(vector("ads_read_state_rsp") + b"more")


def test_a_tag_may_not_reach_beyond_the_datagram() -> None:
    head = IDENTIFY_HEAD[:-4] + struct.pack("<I", 1)
    assert frames.parse_datagram(head + struct.pack("<HH", 5, 2) + b"ab").tags == ((5, b"ab"),)
    with pytest.raises(AdsError, match="longer than the datagram"):
        frames.parse_datagram(head + struct.pack("<HH", 5, 3) + b"ab")


def test_the_two_lengths_of_a_frame_must_agree() -> None:
    data = bytearray(vector("ads_read_state_rsp"))
    data[26] += 1
    with pytest.raises(AdsError, match="contradict"):
        frames.parse_frame(bytes(data))


@pytest.mark.parametrize("length", [0, 31, frames.MAX_AMS_LENGTH + 1, 0xFFFFFFFF])
def test_a_frame_length_that_cannot_be_is_garbage_at_once(length) -> None:
    with pytest.raises(AdsError):
        frames.frame_length(struct.pack("<HI", 0, length))


def test_text_of_a_plc_is_one_printable_line() -> None:
    assert frames.plain_text(b"CX\x1b[31m\nGer\xe4t\x00rest") == "CX [31m Gerät"
    assert len(frames.plain_text(b"x" * 5000)) == 255


# --- round trips -----------------------------------------------------------------------------------------------------


@given(DATAGRAMS)
def test_a_datagram_comes_back_as_it_was(datagram) -> None:
    assert frames.parse_datagram(frames.build_datagram(datagram)) == datagram


@given(FRAMES)
def test_a_frame_comes_back_as_it_was(frame) -> None:
    data = frames.build_frame(frame)
    assert frames.parse_frame(data) == frame
    assert frames.frame_length(data) == frames.frame_length(data[:6]) == len(data)
    assert frames.frame_length(data[:5]) is None


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=31)


@given(NET_IDS, PRINTABLE, PRINTABLE, PRINTABLE, PRINTABLE, st.booleans())
def test_any_route_request_can_be_read_back(net_id, address, name, user, password, temporary) -> None:
    datagram = frames.parse_datagram(frames.add_route_request(net_id, address, name, user, password, temporary=temporary))
    wanted = {12: name, 13: user, 2: password, 5: address}
    assert {number: datagram.tag(number) for number in wanted} == {
        number: text.encode() + b"\0" for number, text in wanted.items()
    }
    assert datagram.tag(7) == frames.net_id_to_bytes(net_id)
    assert (datagram.tag(9) == b"\1\0\0\0") is temporary


@pytest.mark.parametrize(
    "broken",
    [
        frames.Datagram(1, 2**32, "1.2.3.4.5.6", 1),
        frames.Datagram(1, 1, "1.2.3.4.5.6", -1),
        frames.Datagram(1, 1, "1.2.3.4.5.6", 1, ((1, b"x" * 65536),)),
    ],
)
def test_a_datagram_that_cannot_be_written_is_refused(broken) -> None:
    with pytest.raises(AdsError, match="too large"):
        frames.build_datagram(broken)


@pytest.mark.parametrize(("code", "text"), [(6, "6 (0x6, target AMS port not found)"), (4711, "4711 (0x1267)"), (-1, "-1 (-0x1)")])
def test_error_codes_in_words(code, text) -> None:
    assert frames.ads_error_text(code) == text
