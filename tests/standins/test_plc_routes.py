# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC stand-in's system service (AMS port 10000): routes added, deleted and listed over ADS; states; programs.

The entries are built and taken apart here byte by byte: with the stand-in's own code both could be wrong together.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from plcs import SYMBOLS, Plc, until
from rawads import Answer, RawAds, identify_request, net_id, udp_exchange

from lab.control import ControlError

HMI, CONTROLLER_NAME = "127.0.0.1.1.1", "controller"
QUIET_S = 1.0
RUN, STOP, CONFIG, EXCEPTION = 5, 6, 15, 19


def entry(
    name: str, ams_net_id: str, address: str, flags: int = 0x20, *, subs: bytes = b"", tail: bytes = b"",
    sizes: tuple[int, int, int] | None = None,
) -> bytes:
    """TAdsSysAddRemote; ``sizes`` instead of the true lengths of address, name and sub-routes."""
    address_raw, name_raw = address.encode() + b"\0", name.encode() + b"\0"
    lengths = sizes or (len(address_raw), len(name_raw), len(subs))
    head = struct.pack("<6sHIII12sIII", net_id(ams_net_id), 1, flags, 0, 0, bytes(12), *lengths)
    return head + address_raw + name_raw + subs + tail


SUBS = (
    struct.pack("<6s10sII", net_id("5.1.1.1.2.1"), bytes(10), 0, 4) + b"sub\0"
    + struct.pack("<6s10sII", net_id("5.1.1.1.3.1"), bytes(10), 1, 6) + b"other\0"
)
TLS = struct.pack("<IHHHHHH", 0x10, 0, 7, 0, 0, 32, 3) + b"CX-001\0" + bytes(range(32)) + b"cn\0"
# What a person reads in a route table -> the bytes of its entry.
REALISTIC = {
    "by hand": entry("eng", "5.1.1.1.1.1", "10.0.0.9"),
    "from UDP": entry("hmi2", "5.1.1.1.1.1", "10.0.0.9", 0x40),
    "temporary": entry("tmp", "5.1.1.1.1.1", "10.0.0.9", 0x21),
    "unidirectional": entry("one-way", "5.1.1.1.1.1", "ENG-PC", 0x82),
    "sub-routes": entry("cx", "5.1.1.1.1.1", "10.0.0.9", subs=SUBS),
    "TLS": entry("secure", "5.1.1.1.1.1", "10.0.0.9", 0x28, tail=TLS),
    "behind NAT": entry("nat", "5.1.1.1.1.1", "10.0.0.9", 0x120, tail=net_id("5.9.9.9.1.1")),
    "all of it": entry("all", "5.1.1.1.1.1", "CX-1", 0x1EB, subs=SUBS, tail=TLS + net_id("5.9.9.9.1.1")),
}


class Service:
    """A connection to a PLC's port 10000."""

    def __init__(self, plc: Plc, source: str = "127.0.0.1", sender: str = "") -> None:
        self.plc, self.sender = plc, sender or f"{source}.1.1"
        self.raw = RawAds(plc.address, source=source)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *dummy: object) -> None:
        self.raw.sock.close()

    def ask(self, command: int, data: bytes = b"", port: int = 10000) -> Answer | None:
        return self.raw.ask(self.plc.net_id, port, self.sender, command, data)

    def read(self, group: int, offset: int, length: int = 2048) -> tuple[int, bytes]:
        """ADS result and data."""
        answer = self.ask(2, struct.pack("<III", group, offset, length))
        assert answer is not None and answer.error == 0
        result, size = struct.unpack_from("<II", answer.data)
        assert size == len(answer.data) - 8
        return result, answer.data[8:]

    def write(self, group: int, payload: bytes) -> int | None:
        """ADS result; None when the connection was closed instead."""
        answer = self.ask(3, struct.pack("<III", group, 0, len(payload)) + payload)
        return None if answer is None else answer.result

    def is_silent(self, command: int = 4, data: bytes = b"") -> bool:
        """True if neither an answer nor the end of the connection comes."""
        self.raw.sock.settimeout(QUIET_S)
        try:
            self.ask(command, data)
        except TimeoutError:
            return True
        finally:
            self.raw.sock.settimeout(20)
        return False

    def names(self) -> list[str]:
        """The names in the list, up to its proper end."""
        found = []
        while True:
            result, data = self.read(803, len(found))
            if result:
                assert result == 0x716
                return found
            size = struct.unpack_from("<I", data, 32)[0]
            found.append(data[44 + size:].split(b"\0", 1)[0].decode())


@pytest.fixture
def service(plc: Plc) -> Iterator[Service]:
    with Service(plc) as one:
        yield one


def names(plc: Plc) -> list[str]:
    return [route["name"] for route in plc.ask("routes")["routes"]]


# --- add, list -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", REALISTIC)
def test_entry_is_listed_as_it_was_added_also_after_a_restart_of_the_process(plc: Plc, kind: str) -> None:
    with Service(plc) as service:
        assert service.write(801, REALISTIC[kind]) == 0
        assert service.read(803, 1) == (0, REALISTIC[kind])
        assert service.read(803, 2)[0] == 0x716
    plc.stop()
    plc.start()
    with Service(plc) as service:
        is_temporary = struct.unpack_from("<I", REALISTIC[kind], 8)[0] & 1
        assert service.read(803, 1) == ((0x716, b"") if is_temporary else (0, REALISTIC[kind]))


def test_entries_of_the_configuration(start_plc) -> None:
    own = {"name": "hmi", "ams_net_id": HMI, "address": "127.0.0.1"}
    other = {"ams_net_id": "5.1.1.1.1.1", "address": "10.0.0.9"}
    declared = {
        "from UDP": {"name": "hmi2", "flags": 0x40},
        "temporary": {"name": "tmp", "flags": 0x21},
        "unidirectional": {"name": "one-way", "address": "ENG-PC", "flags": 0x02, "unidirectional": True},
        "sub-routes": {"name": "cx", "sub_routes": [
            {"name": "sub", "ams_net_id": "5.1.1.1.2.1"}, {"name": "other", "ams_net_id": "5.1.1.1.3.1", "flags": 1}]},
        "TLS": {"name": "secure",
                "tls": {"flags": 0x10, "identity": "CX-001", "key": bytes(range(32)).hex(), "host": "cn"}},
        "behind NAT": {"name": "nat", "remote_net_id": "5.9.9.9.1.1"},
    }
    plc = start_plc(routes=[own, *(other | route for route in declared.values())])
    with Service(plc) as service:
        for number, kind in enumerate(declared, 1):
            assert service.read(803, number) == (0, REALISTIC[kind]), kind


def test_a_buffer_too_small_for_the_entry_is_0x705(service: Service) -> None:
    (size,) = {len(service.read(803, 0)[1])}
    assert service.read(803, 0, size)[0] == 0
    assert service.read(803, 0, size - 1) == (0x705, b"")


def test_adding_replaces_unless_told_not_to(plc: Plc, service: Service) -> None:
    assert service.write(801, entry("eng", "5.1.1.1.1.1", "10.0.0.9")) == 0
    assert service.write(801, entry("eng", "5.1.1.1.1.1", "10.0.0.8", 0x24)) == 0x70F  # NOOVERRIDE
    assert service.write(801, entry("eng2", "5.1.1.1.1.1", "10.0.0.8", 0x24)) == 0x70F
    assert plc.ask("routes")["routes"][1]["address"] == "10.0.0.9"
    assert service.write(801, entry("eng2", "5.1.1.1.1.1", "10.0.0.8")) == 0
    assert service.write(801, entry("new", "5.1.1.1.2.1", "10.0.0.7", 0x24)) == 0
    assert names(plc) == ["hmi", "eng2", "new"]


def test_adding_may_keep_what_has_the_same_name_or_net_id(plc: Plc, service: Service) -> None:
    plc.ask("behave", older="kept")
    for payload in (entry("eng", "5.1.1.1.1.1", "10.0.0.9"), entry("eng", "5.1.1.1.1.1", "10.0.0.8"),
                    entry("eng2", "5.1.1.1.1.1", "10.0.0.8"), entry("eng", "5.1.1.1.2.1", "10.0.0.8")):
        assert service.write(801, payload) == 0
    assert service.write(801, entry("eng", "5.1.1.1.1.1", "10.0.0.7", 0x24)) == 0x70F  # NOOVERRIDE
    assert names(plc) == service.names() == ["hmi", "eng", "eng", "eng2", "eng"]
    assert service.write(801, entry("hmi", HMI, "10.0.0.9")) == 0  # the older one still lets us in


def test_added_route_acts_at_once(plc: Plc, service: Service, block: int) -> None:
    source = f"127.{block}.0.7"
    with Service(plc, source) as stranger:
        assert stranger.write(801, entry("me", f"{source}.1.1", source)) is None  # that would be too easy
    assert names(plc) == ["hmi"]
    assert service.write(801, entry("me", f"{source}.1.1", source)) == 0
    with Service(plc, source) as guest:
        assert guest.names() == ["hmi", "me"]


@pytest.mark.parametrize(("payload", "code"), [
    (b"", 0x705),
    (REALISTIC["by hand"][:43], 0x705),
    (REALISTIC["by hand"][:-1], 0x705),
    (REALISTIC["by hand"] + b"\0", 0x705),
    (REALISTIC["TLS"][:-1], 0x705),
    (REALISTIC["behind NAT"][:-1], 0x705),
    (entry("cx", "5.1.1.1.1.1", "10.0.0.9", subs=SUBS[:-1]), 0x705),
    (entry("x", "5.1.1.1.1.1", "y", sizes=(0xFFFFFFFF, 2, 0)), 0x705),
    (entry("x", "5.1.1.1.1.1", "y", sizes=(2, 0x80000000, 0)), 0x705),
    (entry("x", "5.1.1.1.1.1", "y", sizes=(2, 2, 0xFFFFFFFF)), 0x705),
    (entry("", "5.1.1.1.1.1", "10.0.0.9"), 0x706),
    (entry("eng", "5.1.1.1.1.1", ""), 0x706),
    (entry("n" * 32, "5.1.1.1.1.1", "10.0.0.9"), 0x706),
    (entry("eng", "5.1.1.1.1.1", "a" * 80), 0x706),
])
def test_payload_that_makes_no_sense_adds_nothing(plc: Plc, service: Service, payload: bytes, code: int) -> None:
    assert service.write(801, payload) == code
    assert names(plc) == service.names() == ["hmi"]


def test_longest_name_and_address(plc: Plc, service: Service) -> None:
    assert service.write(801, entry("n" * 31, "5.1.1.1.1.1", "a" * 79)) == 0
    assert names(plc) == ["hmi", "n" * 31]


# --- delete ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"", b"\0"], ids=["bare", "with NUL"])
def test_delete_by_name(plc: Plc, service: Service, end: bytes) -> None:
    service.write(801, REALISTIC["by hand"])
    assert service.write(802, b"en" + end) == 0x70C
    assert service.write(802, b"eng" + end) == 0
    assert service.write(802, b"eng" + end) == 0x70C
    assert names(plc) == ["hmi"]


def test_of_two_entries_with_one_name_a_delete_takes_the_first(start_plc) -> None:
    own = {"name": "hmi", "ams_net_id": HMI, "address": "127.0.0.1"}
    twins = [{"name": "twin", "ams_net_id": f"5.1.1.1.{n}.1", "address": f"10.0.0.{n}"} for n in (1, 2)]
    plc = start_plc(routes=[own, *twins])
    with Service(plc) as service:
        assert service.write(802, b"twin\0") == 0
    assert [route["ams_net_id"] for route in plc.ask("routes")["routes"]] == [HMI, "5.1.1.1.2.1"]


def test_deleting_the_route_one_stands_on_works_and_ends_the_connection(plc: Plc, service: Service) -> None:
    assert service.write(802, b"hmi\0") is None
    assert names(plc) == []


def test_changing_the_route_one_stands_on_ends_the_connection_too(plc: Plc, service: Service) -> None:
    assert service.write(801, entry("hmi", HMI, "10.0.0.9")) is None
    assert names(plc) == ["hmi"]


def test_delete_whose_answer_never_comes(plc: Plc, service: Service) -> None:
    service.write(801, REALISTIC["by hand"])
    plc.ask("behave", deletes_answered=False)
    assert service.is_silent(3, struct.pack("<III", 802, 0, 4) + b"eng\0")
    assert service.names() == ["hmi"]
    assert service.write(802, b"eng\0") == 0x70C  # an error is answered


# --- lists that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("listing", "first", "second"), [
    ("service-unknown", 0x701, 0x701), ("group-unknown", 0x702, 0x702), ("breaks-off", 0, 0x719),
])
def test_list_that_is_refused(plc: Plc, service: Service, listing: str, first: int, second: int) -> None:
    plc.ask("behave", listing=listing)
    assert (service.read(803, 0)[0], service.read(803, 1)[0]) == (first, second)
    assert service.write(801, REALISTIC["by hand"]) == 0


def test_list_that_never_ends(plc: Plc, service: Service) -> None:
    plc.ask("behave", listing="endless")
    assert service.read(803, 0) == service.read(803, 70_000) == service.read(803, 0xFFFFFFFF)


def test_list_of_ten_thousand(plc: Plc, service: Service) -> None:
    plc.ask("behave", listing="many")
    own, last = service.read(803, 0)[1], service.read(803, 9999)[1]
    assert own.endswith(b"hmi\0") and last.endswith(b"route-09999\0")
    assert service.read(803, 10_000)[0] == 0x716


@pytest.mark.parametrize("listing", ["short", "cut", "lengths"])
def test_entry_that_is_broken(plc: Plc, service: Service, listing: str) -> None:
    plc.ask("behave", listing=listing)
    data = service.read(803, 0)[1]
    assert len(data) < 44 or sum(struct.unpack_from("<III", data, 32)) > len(data) - 44


# --- who is let in ---------------------------------------------------------------------------------------------------


def test_unidirectional_route_lets_only_the_state_through(plc: Plc, service: Service) -> None:
    plc.ask("route_add", name="hmi", ams_net_id=HMI, address="127.0.0.1", unidirectional=True)
    assert service.ask(4).result == 0
    assert service.ask(4, port=851).result == 0
    for command, data in ((1, b""), (2, struct.pack("<III", 803, 0, 2048)), (3, struct.pack("<III", 802, 0, 0)),
                          (9, struct.pack("<IIII", 0xF003, 0, 4, 0))):
        assert service.ask(command, data).error == 0x723, command
    assert names(plc) == ["hmi"]


def test_partners_behind_a_route_arrive_by_it(plc: Plc) -> None:
    plc.ask("route_add", name="cx", ams_net_id="5.1.1.1.1.1", address="127.0.0.1",
            sub_routes=[{"name": "sub", "ams_net_id": "5.1.1.1.2.1"}])
    plc.ask("route_add", name="nat", ams_net_id="5.2.2.2.1.1", address="127.0.0.1", remote_net_id="192.168.1.1.1.1")
    for sender, is_let_in in {"5.1.1.1.2.1": True, "192.168.1.1.1.1": True, "5.2.2.2.1.1": False}.items():
        with Service(plc, sender=sender) as service:
            assert (service.ask(4) is not None) is is_let_in, sender


def add_stranger(plc: Plc) -> None:
    plc.ask("route_add", name="stranger", ams_net_id="10.9.9.9.1.1", address="127.0.0.1")


def test_second_route_to_an_address_is_nothing_special_by_default(plc: Plc, service: Service) -> None:
    add_stranger(plc)
    assert service.names() == ["hmi", "stranger"]


def test_second_route_to_an_address_removes_the_other(plc: Plc, service: Service) -> None:
    plc.ask("behave", same_address="removes")
    add_stranger(plc)
    assert names(plc) == ["stranger"]
    assert service.ask(4) is None


@pytest.mark.parametrize(("same_address", "is_over"), [("shadows", True), ("sticks", False)])
def test_second_route_to_an_address_shadows_the_other(plc: Plc, same_address: str, is_over: bool) -> None:
    plc.ask("behave", same_address=same_address)
    add_stranger(plc)
    with Service(plc, sender="10.9.9.9.1.1") as stranger:
        assert stranger.names() == ["hmi", "stranger"]
        assert stranger.write(802, b"stranger\0") is None
    with Service(plc) as service:
        assert service.is_silent() is not is_over
    plc.ask("route_remove", name="hmi")
    plc.ask("route_add", name="hmi", ams_net_id=HMI, address="127.0.0.1")
    with Service(plc) as service:
        assert service.is_silent() is not is_over
    plc.ask("reboot", down_s=0)
    until(lambda: plc.ask("status")["mode"] == "normal", "the PLC is back")
    with Service(plc) as service:
        assert service.names() == ["hmi"]


def test_shadow_outlives_a_restart_while_both_routes_exist(plc: Plc) -> None:
    plc.ask("behave", same_address="sticks")
    add_stranger(plc)
    plc.ask("reboot", down_s=0)
    until(lambda: plc.ask("status")["mode"] == "normal", "the PLC is back")
    with Service(plc) as service:
        assert service.is_silent()
    plc.ask("restore")
    with Service(plc) as service:
        assert service.names() == ["hmi", "stranger"]


def test_device_that_has_to_cool_down_after_a_close(plc: Plc, block: int) -> None:
    other = f"127.{block}.0.8"
    plc.ask("route_add", name="other", ams_net_id=f"{other}.1.1", address=other)
    plc.ask("behave", cool_down_s=1.5)
    with Service(plc) as service:
        assert service.ask(4).result == 0  # nobody closed anything yet
    closed = time.monotonic()
    until(lambda: not plc.ask("status")["connections"], "the close has been seen")
    with Service(plc) as service, Service(plc, other) as neighbour:
        assert service.is_silent()
        assert neighbour.ask(4).result == 0
    plc.ask("behave", cool_down_s=0)
    with Service(plc) as service:
        assert service.ask(4).result == 0
        plc.ask("behave", cool_down_s=1.5)
        until(lambda: time.monotonic() > closed + 1.5, "time goes by")
        until(lambda: not service.is_silent(), "it answers again")


# --- states ----------------------------------------------------------------------------------------------------------


def state_on(service: Service, port: int) -> int | str:
    answer = service.ask(4, port=port)
    return f"header error {answer.error}" if answer.error else struct.unpack_from("<H", answer.data, 4)[0]


NO_PORT = "header error 6"


@pytest.mark.parametrize(("arguments", "system", "runtime", "word"), [
    ({"value": "STOP"}, RUN, STOP, "STOP"),
    ({"value": "CONFIG"}, CONFIG, NO_PORT, "CONFIG"),
    ({"value": "EXCEPTION"}, EXCEPTION, EXCEPTION, "EXCEPTION"),
    ({"value": "EXCEPTION", "port": 851}, RUN, EXCEPTION, "EXCEPTION"),
    ({"value": "EXCEPTION", "port": 10000}, EXCEPTION, RUN, "EXCEPTION"),
    ({"value": "STOP", "port": 10000}, STOP, NO_PORT, "STOP"),
    ({"value": "STOP", "port": 851}, RUN, STOP, "STOP"),
])
def test_states_of_system_and_runtime(
    plc: Plc, service: Service, arguments: dict[str, Any], system: int, runtime: int | str, word: str
) -> None:
    plc.ask("state", **arguments)
    assert (state_on(service, 10000), state_on(service, 851)) == (system, runtime)
    assert plc.ask("status")["state"] == word
    plc.ask("state", value="RUN")
    assert (state_on(service, 10000), state_on(service, 851)) == (RUN, RUN)


@pytest.mark.parametrize("arguments", [{"value": "CONFIG", "port": 851}, {"value": "RUN", "port": 852}])
def test_states_that_cannot_be(plc: Plc, arguments: dict[str, Any]) -> None:
    with pytest.raises(ControlError, match="CONFIG is a state of the system|no runtime on port 852"):
        plc.ask("state", **arguments)


def test_extended_state_and_target(plc: Plc, service: Service) -> None:
    plc.ask("state", value="CONFIG")
    service.ask(5, struct.pack("<HHI", 2, 0, 0))  # RESET
    result, data = service.read(240, 0, 16)
    assert (result, data[:4], struct.unpack_from("<HBBH", data, 4)) == (0, b"\5\0\1\0", (1, 3, 1, 4024))
    xml, platform, fingerprint = (service.read(700, offset)[1] for offset in (1, 4, 9))
    assert plc.net_id.encode() in xml and platform.startswith(b"TwinCAT") and len(fingerprint) == 65
    assert service.read(700, 2)[0] == 0x703


# --- runtimes and programs -------------------------------------------------------------------------------------------


def read_variable(service: Service, name: str, size: int, port: int = 851) -> bytes | int:
    raw = name.encode()
    answer = service.ask(9, struct.pack("<IIII", 0xF003, 0, 4, len(raw)) + raw, port=port)
    if answer.error or answer.result:
        return answer.error or answer.result
    value = service.ask(2, struct.pack("<II", 0xF005, *struct.unpack_from("<I", answer.data, 8))
                        + struct.pack("<I", size), port=port)
    return value.data[8:]


def device_name(service: Service, port: int) -> str:
    return service.ask(1, port=port).data[8:24].rstrip(b"\0").decode()


@pytest.mark.parametrize(("kind", "ports", "default", "given"), [
    ("TC3", (851, 852), "Plc30 App", "Cell 2 App"), ("TC2", (801, 811), "TCatPlcCtrl", "PLC Server"),
])
def test_several_runtimes_each_with_its_symbols(start_plc, kind: str, ports, default: str, given: str) -> None:
    second = {"ams_port": ports[1], "device_name": given, "symbols": {"MAIN.nTest": {"type": "INT", "value": 7}}}
    plc = start_plc(runtime_type=kind, ams_port=ports[0], more_runtimes=[second])
    with Service(plc) as service:
        assert [device_name(service, port) for port in ports] == [default, given]
        assert [read_variable(service, "MAIN.nTest", 2, port) for port in ports] == [b"\x2a\0", b"\7\0"]
        assert read_variable(service, "MAIN.nBig", 4, ports[1]) == 0x710
        plc.ask("write", name="MAIN.nTest", value=8, port=ports[1])
        plc.ask("state", value="STOP", port=ports[1])
        assert [state_on(service, port) for port in ports] == [RUN, STOP]
        plc.ask("state", value="CONFIG")
        assert [state_on(service, port) for port in ports] == [NO_PORT, NO_PORT]
    assert [plc.ask("read", name="MAIN.nTest", port=port)["value"] for port in ports] == [42, 8]
    status = plc.ask("status")
    assert [(one["ams_port"], one["device_name"], one["symbols"]) for one in status["runtimes"]] == [
        (ports[0], default, len(SYMBOLS)), (ports[1], given, 1)]
    assert (status["state"], status["system_state"]) == ("CONFIG", "CONFIG")


def test_program_without_a_namespace(plc: Plc, service: Service) -> None:
    version = service.ask(2, struct.pack("<III", 0xF008, 0, 1), port=851).data[8]
    handle = service.ask(9, struct.pack("<IIII", 0xF003, 0, 4, 10) + b"MAIN.nTest", port=851).data[8:]
    plc.ask("download", namespaces={"GVL": None})
    assert read_variable(service, "GVL.fSpeed", 4) == 0x710
    assert read_variable(service, "MAIN.nTest", 2) == b"\x2a\0"
    assert service.ask(2, struct.pack("<I", 0xF005) + handle + struct.pack("<I", 2), port=851).result == 0x711
    assert service.ask(2, struct.pack("<III", 0xF008, 0, 1), port=851).data[8] == version + 1
    assert plc.ask("status")["runtimes"][0]["original_program"] is False
    plc.ask("download", namespaces={"GVL": "GVL_Line"})
    assert read_variable(service, "GVL_Line.fSpeed", 4) == struct.pack("<f", 1.5)
    plc.ask("download", symbols={"MAIN.bNew": {"type": "BOOL", "value": True}})
    assert (read_variable(service, "MAIN.bNew", 1), read_variable(service, "MAIN.nTest", 2)) == (b"\1", 0x710)
    with pytest.raises(ControlError, match="unknown PLC type 'QUBIT'"):
        plc.ask("download", symbols={"MAIN.q": {"type": "QUBIT", "value": 0}})
    assert read_variable(service, "MAIN.bNew", 1) == b"\1"


def test_runtime_on_another_port(plc: Plc, service: Service) -> None:
    plc.ask("move_runtime", to=853)
    assert (state_on(service, 851), state_on(service, 853)) == (NO_PORT, RUN)


def test_two_runtimes_do_not_share_a_port(start_plc) -> None:
    plc = start_plc(more_runtimes=[{"ams_port": 852}])
    with pytest.raises(ControlError, match="a runtime on port 852 already"):
        plc.ask("move_runtime", to=852)


def test_another_net_id(plc: Plc, service: Service) -> None:
    plc.ask("net_id", ams_net_id="127.9.9.9.1.1")
    with pytest.raises(ConnectionResetError):
        service.raw.receive_bytes()
    with Service(plc) as again:
        assert again.ask(4).error == 7
        assert again.raw.ask("127.9.9.9.1.1", 851, HMI, 4).result == 0
    assert udp_exchange(plc.address, identify_request())[12:18] == net_id("127.9.9.9.1.1")
    assert plc.ask("status")["ams_net_id"] == "127.9.9.9.1.1"


def test_net_id_that_has_nothing_to_do_with_the_address(start_plc) -> None:
    plc = start_plc(ams_net_id="5.24.37.144.1.1")
    with Service(plc) as service:
        assert service.names() == ["hmi"]


# --- settings --------------------------------------------------------------------------------------------------------


def test_restore_makes_everything_as_configured_and_disturbs_nobody(start_plc) -> None:
    plc = start_plc(behaviour={"listing": "group-unknown", "cool_down_s": 0.5})
    before = plc.ask("status")
    for op, arguments in {
        "behave": {"listing": "endless", "deletes_answered": False, "same_address": "sticks", "older": "kept",
                   "cool_down_s": 9},
        "net_id": {"ams_net_id": "127.9.9.9.1.1"}, "move_runtime": {"to": 859}, "state": {"value": "EXCEPTION"},
        "download": {"namespaces": {"MAIN": None}}, "credentials": {"username": "x", "password": "y"},
        "refusal_layout": {"layout": "shifted"},
    }.items():
        plc.ask(op, **arguments)
    assert plc.ask("status")["changes"] == [
        "listing=endless", "deletes_answered=False", "same_address=sticks", "older=kept", "cool_down_s=9",
        "net_id=127.9.9.9.1.1", "credentials", "refusal_layout=shifted", "runtime 851 on port 859", "program 851"]
    plc.ask("restore")
    assert plc.ask("status") == before and before["changes"] == []
    with Service(plc) as service:
        handle = service.ask(9, struct.pack("<IIII", 0xF003, 0, 4, 10) + b"MAIN.nTest", port=851).data[8:]
        plc.ask("restore")
        assert service.ask(2, struct.pack("<I", 0xF005) + handle + struct.pack("<I", 2), port=851).result == 0


@pytest.mark.parametrize(("settings", "sentence"), [
    ({"listing": "none"}, "listing: unknown word 'none', expected one of complete"),
    ({"same_address": "both"}, "same_address: unknown word 'both'"),
    ({"older": "gone"}, "older: unknown word 'gone', expected one of replaced, kept"),
    ({"deletes_answered": "no"}, "deletes_answered must be true or false"),
    ({"cool_down_s": -1}, "cool_down_s must not be negative"),
    ({"colour": "red"}, "unknown setting colour"),
    ({"listing": "endless", "cool_down_s": -1}, "must not be negative"),
])
def test_settings_that_make_no_sense_change_nothing(plc: Plc, settings: dict[str, Any], sentence: str) -> None:
    before = plc.ask("status")["behaviour"]
    with pytest.raises(ControlError) as caught:
        plc.ask("behave", **settings)
    assert sentence in str(caught.value)
    assert plc.ask("status")["behaviour"] == before


def test_routes_file_of_an_older_lab_is_understood(start_plc, plc: Plc) -> None:
    plc.stop()
    path = plc.folder / "routes.json"
    path.write_text(json.dumps([
        {"name": "old", "ams_net_id": HMI, "address": "127.0.0.1", "temporary": False, "flags": 32}]))
    plc.start()
    with Service(plc) as service:
        assert service.names() == ["old"]
