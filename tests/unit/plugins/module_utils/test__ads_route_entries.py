# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Route entries as bytes: the captured and constructed vectors, arbitrary values, hostile bytes."""

from __future__ import annotations

import json
import struct
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_frames as frames
from ansible_collections.lineops.runbook.plugins.module_utils import _ads_route_entries as entries
from ansible_collections.lineops.runbook.plugins.module_utils._ads_route_entries import RouteEntry
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError
from ansible_collections.lineops.runbook.tests.unit.helpers.fake_router import entry_bytes, route

VECTORS = {
    vector["name"]: bytes.fromhex(vector["hex"])
    for vector in json.loads((Path(__file__).resolve().parents[3] / "data" / "ads_vectors.json").read_text("utf-8"))["vectors"]
}
LISTED = {
    "ads_route_enum0_rsp": RouteEntry("Testroute", "192.168.0.1.1.1", "192.168.0.1", 0x20),
    "ads_route_enum1_rsp": RouteEntry("tmp-route", "10.0.0.7.1.1", "10.0.0.7", 0x21),
    "ads_route_enum2_rsp": RouteEntry("eng", "5.9.8.7.1.1", "ENG-PC", 0x82),
}
NET_IDS = st.tuples(*[st.integers(0, 255)] * 6).map(lambda parts: ".".join(map(str, parts)))
VISIBLE = st.characters(min_codepoint=33, max_codepoint=126)
U32 = st.integers(0, 0xFFFFFFFF)
ENTRIES = st.builds(
    RouteEntry, st.text(VISIBLE, min_size=1, max_size=31), NET_IDS, st.text(VISIBLE, min_size=1, max_size=79), U32,
    timeout=U32,
)  # fmt: skip
ONE = entry_bytes(route("line3-hmi1", "10.30.0.11.1.1"))


# --- vectors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTED)
def test_listed_vectors_are_understood_and_rebuilt_byte_for_byte(name) -> None:
    content = frames.parse_frame(VECTORS[name]).data[8:]
    assert entries.parse_entry(content) == LISTED[name]
    assert entries.build_entry(LISTED[name]) == content


def test_the_payload_of_an_add_is_that_of_beckhoffs_tool() -> None:
    payload = VECTORS["ads_route_add_payload_static"]
    assert entries.build_entry(entries.parse_entry(payload)) == payload
    assert entries.parse_entry(payload).flags == 0x20


@pytest.mark.parametrize("peer", ["pyads", "adstool"])
def test_the_payload_of_a_delete_is_that_of_public_tools(peer) -> None:
    data = frames.parse_frame(VECTORS[f"ads_route_delete_{peer}_req"]).data
    payload = entries.checked_name("Testroute")
    assert data == struct.pack("<III", 802, 0, len(payload)) + payload


def test_every_route_vector_is_looked_at() -> None:
    seen = {*LISTED, "ads_route_add_payload_static", "ads_route_delete_pyads_req", "ads_route_delete_adstool_req"}
    # Plain frames: test_ads_frames rebuilds them, test__ads_router replays the list and the delete.
    elsewhere = {
        "ads_route_enum0_req", "ads_route_enum_end_rsp", "ads_route_delete_pyads_rsp", "ads_route_delete_adstool_rsp",
    }  # fmt: skip
    assert {name for name in VECTORS if name.startswith("ads_route_")} == seen | elsewhere


# --- meaning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "temporary", "unidirectional"),
    [(0x20, False, False), (0x21, True, False), (0x40, False, False), (0x41, True, False), (0x80, False, True), (0x82, False, True),
     (0xFFFFFFFF, True, True), (0xFFFFFF7E, False, False)],
)  # fmt: skip
def test_only_two_bits_of_the_flags_mean_something(flags, temporary, unidirectional) -> None:
    entry = RouteEntry("n", "1.2.3.4.1.1", "1.2.3.4", flags)
    assert (entry.temporary, entry.unidirectional) == (temporary, unidirectional)
    assert "flags" not in entry.as_dict()


def test_an_entry_for_people_holds_what_is_compared() -> None:
    assert LISTED["ads_route_enum1_rsp"].as_dict() == {
        "name": "tmp-route", "ams_net_id": "10.0.0.7.1.1", "address": "10.0.0.7", "transport": "TCP_IP", "temporary": True,
        "unidirectional": False,
    }  # fmt: skip


@pytest.mark.parametrize(("number", "words"), [(1, "TCP_IP"), (5, "ADS_UDP"), (12, "SOAP"), (0, "transport 0"), (4711, "transport 4711")])
def test_transports_in_words(number, words) -> None:
    assert entries.parse_entry(ONE[:6] + struct.pack("<H", number) + ONE[8:]).transport == words


def test_sub_routes_tls_block_and_real_net_id_are_passed_over() -> None:
    sub_route = bytes(6 + 10) + struct.pack("<II", 0, 4) + b"sub\0"
    tls, real = struct.pack("<IHHHHHH", 0, 16, 64, 0, 0, 0, 8) + b"x" * 72, b"\5\x18\x25\x90\1\1"
    rich = {**route("gw", "5.24.37.144.1.1", "10.1.1.9"), "flags": 0x128}
    entry = entries.parse_entry(entry_bytes(rich, sub_route + tls + real, sub_size=len(sub_route)))
    assert (entry.name, entry.address, entry.flags) == ("gw", "10.1.1.9", 0x128)


def test_text_of_a_plc_is_one_printable_line() -> None:
    raw = entry_bytes({**route("Ger\xe4t\x1b[31m\n", "1.2.3.4.1.1"), "address": "a\0b"})
    assert (entries.parse_entry(raw).name, entries.parse_entry(raw).address) == ("Ger\xe4t [31m", "a")


# --- bad input -------------------------------------------------------------------------------------------------------

BAD_ROUTES = {
    "name of 32 characters": {"name": "n" * 32},
    "name empty": {"name": ""},
    "name not ASCII": {"name": "Ger\xe4t"},
    "name with NUL": {"name": "a\0b"},
    "address of 80 characters": {"address": "a" * 80},
    "address empty": {"address": ""},
    "address not ASCII": {"address": "plc-\xfc"},
    "NetId of 5 parts": {"ams_net_id": "10.0.0.1.1"},
    "NetId with 256": {"ams_net_id": "10.0.0.256.1.1"},
}


@pytest.mark.parametrize("changes", BAD_ROUTES.values(), ids=BAD_ROUTES)
def test_what_cannot_be_written_is_refused(changes) -> None:
    bad = RouteEntry(**{"name": "n", "ams_net_id": "10.0.0.1.1.1", "address": "10.0.0.1", **changes})
    for write in (entries.build_entry, lambda entry: entries.check_writable(entry, None, None)):
        with pytest.raises(AdsError) as caught:
            write(bad)
        assert caught.value.code == ("ads.net_id_invalid" if "ams_net_id" in changes else "ads.value_invalid")


@pytest.mark.parametrize(
    ("username", "password"),
    [("M\xfcller", "x"), ("u\0", "x"), ("u", "canary-p\xe4"), ("u", "canary\0more"), ("u", "canary\n"), ("u", "canary" * 300)],
)
def test_a_login_that_cannot_be_written_is_refused_and_not_shown(username, password) -> None:
    with pytest.raises(AdsError) as caught:
        entries.check_writable(RouteEntry("n", "10.0.0.1.1.1", "10.0.0.1"), username, password)
    assert caught.value.code == "ads.value_invalid"
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value.details}"


@pytest.mark.parametrize(("username", "password"), [(None, None), ("u", ""), ("u", "p"), ("", "")])
def test_a_good_route_may_come_without_a_login(username, password) -> None:
    entries.check_writable(RouteEntry("n" * 31, "10.0.0.1.1.1", "a" * 79), username, password)


@pytest.mark.parametrize("name", ["", "n" * 32, "Ger\xe4t", "a\0b", None])
def test_a_delete_by_a_bad_name_is_refused(name) -> None:
    with pytest.raises(AdsError) as caught:
        entries.checked_name(name)
    assert caught.value.code == "ads.value_invalid"


# --- round trips and hostile bytes -----------------------------------------------------------------------------------


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was(entry) -> None:
    assert entries.parse_entry(entries.build_entry(entry)) == entry


@given(ENTRIES)
def test_an_entry_made_elsewhere_is_read_the_same(entry) -> None:
    made = entry_bytes({"name": entry.name, "ams_net_id": entry.ams_net_id, "address": entry.address, "flags": entry.flags})
    assert entries.parse_entry(made).as_dict() == entry.as_dict()


@pytest.mark.parametrize("length", range(len(ONE)))
def test_an_entry_cut_short_is_never_believed(length) -> None:
    with pytest.raises(AdsError) as caught:
        entries.parse_entry(ONE[:length])
    assert caught.value.code == "ads.garbled"


HUGE = (0x7FFFFFFF, 0xFFFFFFFF)


@pytest.mark.parametrize("field", ["address_size", "name_size", "sub_size"])
@pytest.mark.parametrize("size", [len(ONE), *HUGE])
def test_lengths_beyond_the_buffer_are_refused_at_once_and_cost_nothing(field, size) -> None:
    raw = entry_bytes(route("n", "1.2.3.4.1.1"), **{field: size})
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(AdsError, match="more bytes than it has"):
            entries.parse_entry(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert time.monotonic() - began < 10


def test_lengths_that_only_fit_after_an_overflow_are_refused() -> None:
    # 0xFFFFFFFF + 1 + the true name: 32-bit arithmetic would let it through.
    with pytest.raises(AdsError):
        entries.parse_entry(entry_bytes(route("n", "1.2.3.4.1.1"), address_size=0xFFFFFFFF, name_size=1, sub_size=0))


SIZES, NOISE = st.integers(0, 300) | st.sampled_from(HUGE), st.binary(max_size=600)


@given(NOISE | st.builds(lambda rest, *sizes: ONE[:32] + struct.pack("<III", *sizes) + rest, NOISE, SIZES, SIZES, SIZES))
@example(b"")
@example(ONE[:44])
def test_arbitrary_bytes_give_an_entry_or_the_one_error(data) -> None:
    try:
        entry = entries.parse_entry(data)
    except AdsError as error:
        assert error.code == "ads.garbled"
    else:
        assert frames.valid_net_id(entry.ams_net_id)
        assert len(entry.name) <= 255 and len(entry.address) <= 255
        assert (entry.name + entry.address).isprintable()


def test_a_large_answer_costs_no_more_than_a_few_copies_of_itself() -> None:
    size = frames.MAX_AMS_LENGTH
    raw = ONE[:32] + struct.pack("<III", size // 2, size // 2, 0) + b"x" * size
    tracemalloc.start()
    try:
        entries.parse_entry(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * size
