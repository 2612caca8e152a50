# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC stand-in as clients see it that others wrote: pyads, ads-async, py-ads-client."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyads
import pytest
from ads_async import structs
from ads_async.constants import AdsError
from ads_async.protocol import ClientConnection
from plcs import PASSWORD, PATIENCE_S, Plc, until
from py_ads_client import ADSClient, ADSSymbol
from py_ads_client.constants.command_id import ADSCommand
from py_ads_client.types import BOOL, INT
from rawads import RawAds, net_id

ADS_ASYNC = Path(sys.executable).with_name("ads-async")


def connect(plc: Plc, *, net_id: str | None = None, port: int = 851, timeout_ms: int = 20000) -> pyads.Connection:
    connection = pyads.Connection(net_id or plc.net_id, port, plc.address)
    connection.open()
    connection.set_timeout(timeout_ms)
    return connection


@pytest.fixture
def link(plc: Plc) -> Iterator[pyads.Connection]:
    with connect(plc) as connection:
        yield connection


def error_of(call, *args) -> int:
    with pytest.raises(pyads.ADSError) as caught:
        call(*args)
    return caught.value.err_code


def test_device_info_and_state(link: pyads.Connection) -> None:
    name, version = link.read_device_info()
    assert (name, version.version, version.revision, version.build) == ("Plc30 App", 3, 1, 4024)
    assert link.read_state() == (pyads.ADSSTATE_RUN, 1)


@pytest.mark.parametrize(
    ("name", "plc_type", "start", "new"),
    [
        ("MAIN.bOpsTest", pyads.PLCTYPE_BOOL, False, True),
        ("MAIN.nTest", pyads.PLCTYPE_INT, 42, -7),
        ("MAIN.nBig", pyads.PLCTYPE_DINT, -70000, 70001),
        ("GVL.fSpeed", pyads.PLCTYPE_REAL, 1.5, -0.25),
        ("GVL.fExact", pyads.PLCTYPE_LREAL, 0.1, 1e300),
        ("GVL.sName", pyads.PLCTYPE_STRING, "Presse", "kurz"),
    ],
)
@pytest.mark.parametrize("typed", [True, False], ids=["type given", "type asked of the PLC"])
def test_read_and_write_by_name(link: pyads.Connection, plc: Plc, name, plc_type, start, new, typed) -> None:
    chosen = [plc_type] if typed else []
    assert link.read_by_name(name, *chosen) == start
    link.write_by_name(name, new, *chosen)
    assert link.read_by_name(name, *chosen) == new
    assert plc.ask("read", name=name)["value"] == new


def test_too_long_string_is_refused(link: pyads.Connection, plc: Plc) -> None:
    assert error_of(link.write_by_name, "GVL.sName", "x" * 22, pyads.PLCTYPE_STRING) == 0x705
    assert plc.ask("read", name="GVL.sName")["value"] == "Presse"


def test_integer_out_of_range_wraps(link: pyads.Connection, plc: Plc) -> None:
    link.write_by_name("MAIN.nTest", 99999, pyads.PLCTYPE_INT)
    assert plc.ask("read", name="MAIN.nTest")["value"] == -31073  # SUPERVISOR_API quirk 7
    plc.ask("write", name="MAIN.nTest", value=99999)
    assert link.read_by_name("MAIN.nTest", pyads.PLCTYPE_INT) == -31073


def test_handles_by_any_case_and_release(link: pyads.Connection) -> None:
    handle = link.get_handle("main.NTEST")
    assert link.read_by_name("", pyads.PLCTYPE_INT, handle=handle) == 42
    link.release_handle(handle)
    assert error_of(lambda: link.read_by_name("", pyads.PLCTYPE_INT, handle=handle)) == 0x711


def test_symbol_object_and_list(link: pyads.Connection) -> None:
    symbol = link.get_symbol("MAIN.nBig")
    symbol.write(5)
    assert symbol.read() == 5
    listed = {symbol.name: symbol.symbol_type for symbol in link.get_all_symbols()}
    assert listed["GVL.sName"] == "STRING(20)" and len(listed) == 6


def test_missing_symbol_leaves_the_connection_usable(link: pyads.Connection) -> None:
    assert error_of(link.read_by_name, "MAIN.bNope", pyads.PLCTYPE_BOOL) == 0x710
    assert error_of(link.read_by_name, "MAIN.bNope") == 0x710
    assert link.read_by_name("MAIN.nTest", pyads.PLCTYPE_INT) == 42


def test_wrong_size_is_refused(link: pyads.Connection, plc: Plc) -> None:
    assert error_of(link.write_by_name, "MAIN.nTest", 1, pyads.PLCTYPE_DINT) == 0x705
    assert error_of(link.read_by_name, "MAIN.nTest", pyads.PLCTYPE_BOOL) == 0x705
    assert plc.ask("read", name="MAIN.nTest")["value"] == 42


def test_unknown_ams_port_is_header_error_6(plc: Plc) -> None:
    with connect(plc, port=801) as connection:
        assert error_of(connection.read_state) == 6


def test_foreign_net_id_is_header_error_7(plc: Plc) -> None:
    with connect(plc, net_id="9.9.9.9.1.1") as connection:
        assert error_of(connection.read_state) == 7


def test_tc2_listens_on_801(start_plc) -> None:
    plc = start_plc(runtime_type="TC2", ams_port=801)
    with connect(plc, port=801) as connection:
        assert connection.read_device_info()[0] == "TCatPlcCtrl"


def test_no_route_times_out_in_pyads(plc: Plc) -> None:
    plc.ask("route_remove", ams_net_id="127.0.0.1.1.1")
    with connect(plc, timeout_ms=600) as connection:
        assert error_of(connection.read_state) == 1861


def test_route_with_another_address_does_not_count(plc: Plc) -> None:
    plc.ask("route_add", name="hmi", ams_net_id="127.0.0.1.1.1", address="10.0.0.9")
    with connect(plc, timeout_ms=600) as connection:
        assert error_of(connection.read_state) == 1861


def test_newer_connection_ends_the_older(plc: Plc, link: pyads.Connection) -> None:
    assert link.read_state()[0] == 5
    with RawAds(plc.address) as newer:
        assert newer.ask(plc.net_id, 851, "127.0.0.1.1.1", 4).result == 0
        link.set_timeout(600)
        assert error_of(link.read_state) in (1861, -1)
        assert newer.ask(plc.net_id, 851, "127.0.0.1.1.1", 4).result == 0


def test_connections_of_different_addresses_live_side_by_side(plc: Plc, link: pyads.Connection, block: int) -> None:
    controller = f"127.{block}.0.5"
    plc.ask("route_add", name="controller", ams_net_id=f"{controller}.1.1", address=controller)
    with RawAds(plc.address, source=controller) as other:
        assert other.ask(plc.net_id, 851, f"{controller}.1.1", 4).result == 0
        assert link.read_state()[0] == 5
        assert {c["address"] for c in plc.ask("status")["connections"]} == {"127.0.0.1", controller}


def test_states(plc: Plc, link: pyads.Connection) -> None:
    plc.ask("state", value="STOP")
    assert link.read_state()[0] == pyads.ADSSTATE_STOP
    with connect(plc, port=10000) as system:
        assert system.read_state()[0] == pyads.ADSSTATE_RUN
        system.write_control(pyads.ADSSTATE_RECONFIG, 0, 0, pyads.PLCTYPE_INT)
        assert system.read_state()[0] == pyads.ADSSTATE_CONFIG
        assert error_of(link.read_state) == 6
        system.write_control(pyads.ADSSTATE_RESET, 0, 0, pyads.PLCTYPE_INT)
        assert error_of(system.write_control, pyads.ADSSTATE_IDLE, 0, 0, pyads.PLCTYPE_INT) == 0x712
    link.write_control(pyads.ADSSTATE_STOP, 0, 0, pyads.PLCTYPE_INT)
    assert plc.ask("status")["state"] == "STOP"
    link.write_control(pyads.ADSSTATE_RUN, 0, 0, pyads.PLCTYPE_INT)
    assert plc.ask("status")["state"] == "RUN"


def test_identify_and_add_route_by_pyads(plc: Plc) -> None:
    assert pyads.pyads_ex.adsGetNetIdForPLC(plc.address) == plc.net_id
    assert add_route(plc, PASSWORD) is True
    assert "192.168.7.7.1.1" in plc.route_net_ids()


def add_route(plc: Plc, password: str) -> bool:
    return pyads.add_route_to_plc(
        "192.168.7.7.1.1", "192.168.7.7", plc.address, "Administrator", password, route_name="bench"
    )


def test_refused_login_in_the_documented_layout_confuses_pyads(plc: Plc) -> None:
    with pytest.raises(RuntimeError, match="Unexpected response"):
        add_route(plc, "wrong")
    assert plc.route_net_ids() == ["127.0.0.1.1.1"]


def test_refused_login_in_the_shifted_layout_looks_like_success_to_pyads(start_plc) -> None:
    plc = start_plc(refusal_layout="shifted")
    assert add_route(plc, "wrong") is True  # SUPERVISOR_API quirk 9
    assert plc.route_net_ids() == ["127.0.0.1.1.1"]
    plc.ask("refusal_layout", layout="documented")
    with pytest.raises(RuntimeError):
        add_route(plc, "wrong")


def test_route_added_by_udp_acts_at_once(plc: Plc) -> None:
    plc.ask("route_remove", name="hmi")
    pyads.add_route_to_plc("127.0.0.1.1.1", "127.0.0.1", plc.address, "Administrator", PASSWORD, route_name="again")
    with connect(plc) as connection:
        assert connection.read_state()[0] == 5


def ads_async(*arguments: str) -> dict | None:
    run = subprocess.run(
        [str(ADS_ASYNC), *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return json.loads(run.stdout)


def test_ads_async_info(plc: Plc) -> None:
    info = ads_async("info", "--timeout", "20", plc.address)
    assert info["source_net_id"] == plc.net_id
    assert info["plc_name"].startswith("CX-")


def test_ads_async_route(plc: Plc) -> None:
    def route(password: str) -> dict | None:
        return ads_async(
            "route", plc.address, "10.7.7.7.1.1", "10.7.7.7",
            "--username", "administrator", "--password", password, "--route-name", "async",
        )

    assert route("wrong") is None
    assert plc.route_net_ids() == ["127.0.0.1.1.1"]
    assert route(PASSWORD) is not None
    assert {"name": "async", "address": "10.7.7.7", "ams_net_id": "10.7.7.7.1.1"}.items() <= plc.ask(
        "routes")["routes"][1].items()


def test_py_ads_client(plc: Plc) -> None:
    client = ADSClient(local_ams_net_id="127.0.0.1.1.1", timeout_s=20)
    client.open(target_ip=plc.address, target_ams_net_id=plc.net_id)
    try:
        assert client.read_device_info().device_name.strip("\0") == "Plc30 App"
        assert client.read_state().ads_state.value == 5
        assert client.read_symbol(ADSSymbol("MAIN.nTest", INT)) == 42
        client.write_symbol(ADSSymbol("MAIN.bOpsTest", BOOL), True)
        assert plc.ask("read", name="MAIN.bOpsTest")["value"] is True
    finally:
        client.close()


def test_reboot_ends_connections_and_comes_back_by_itself(plc: Plc, link: pyads.Connection) -> None:
    link.write_by_name("MAIN.nTest", 1, pyads.PLCTYPE_INT)
    plc.ask("route_add", name="tmp", ams_net_id="10.0.0.7.1.1", address="10.0.0.7", temporary=True)
    plc.ask("reboot", down_s=1)
    with pytest.raises(ConnectionRefusedError):
        RawAds(plc.address)
    link.set_timeout(600)
    assert error_of(link.read_state) in (1861, -1)
    until(lambda: plc.ask("status")["mode"] == "normal", "the PLC is back")
    assert plc.route_net_ids() == ["127.0.0.1.1.1"]
    link.close()
    with connect(plc) as again:
        assert again.read_by_name("MAIN.nTest", pyads.PLCTYPE_INT) == 42


# --- routes over ADS, by clients nobody here wrote -------------------------------------------------------------------

ENUMERATE, DELETE, ADD = 803, 802, 801


def entry_payload(name: str, ams_net_id: str, address: str, flags: int = 0x20) -> bytes:
    """TAdsSysAddRemote as a tool would send it (ADS_FACTS section 2)."""
    texts = [address.encode() + b"\0", name.encode() + b"\0"]
    head = struct.pack("<6sHIII12sIII", net_id(ams_net_id), 1, flags, 0, 0, bytes(12), *map(len, texts), 0)
    return head + b"".join(texts)


def listed_name(entry: bytes) -> str:
    """The route's name in an entry, by the lengths it states and nothing else."""
    address_size, name_size = struct.unpack_from("<II", entry, 32)
    return entry[44 + address_size:44 + address_size + name_size].decode().rstrip("\0")


def test_pyads_lists_adds_and_deletes_routes(plc: Plc) -> None:
    payload = entry_payload("by-pyads", "10.7.7.7.1.1", "10.7.7.7", 0x21)
    with connect(plc, port=10000) as system:

        def enumerate_route(number: int) -> bytes:
            return bytes(system.read(ENUMERATE, number, pyads.PLCTYPE_BYTE * 2048, return_ctypes=True,
                                     check_length=False))

        system.write(ADD, 0, list(payload), pyads.PLCTYPE_BYTE * len(payload))
        assert [listed_name(enumerate_route(number)) for number in (0, 1)] == ["hmi", "by-pyads"]
        assert enumerate_route(1)[:len(payload)] == payload
        assert error_of(enumerate_route, 2) == 0x716
        assert plc.ask("routes")["routes"][1]["temporary"] is True
        system.write(DELETE, 0, list(b"by-pyads\0"), pyads.PLCTYPE_BYTE * 9)
        assert error_of(system.write, DELETE, 0, list(b"by-pyads\0"), pyads.PLCTYPE_BYTE * 9) == 0x70C
        assert plc.route_net_ids() == ["127.0.0.1.1.1"]
        system.set_timeout(600)
        assert error_of(system.write, DELETE, 0, "hmi", pyads.PLCTYPE_STRING) == 1861  # the route it stood on
    assert plc.route_net_ids() == []


class AdsAsync:
    """ads-async's protocol layer on a plain socket (its asyncio client of version 0.3.1 needs Python 3.10 or older)."""

    def __init__(self, plc: Plc) -> None:
        self._target = (plc.net_id, 10000)
        self._raw = RawAds(plc.address)
        self._connection = ClientConnection(their_address=(plc.address, 48898), our_net_id="127.0.0.1.1.1",
                                            our_address=self._raw.sock.getsockname())
        self._circuit = self._connection.get_circuit(plc.net_id)

    def ask(self, item: Any) -> Any:
        """Send a request made of ads-async's structures, return its answer as such."""
        dummy, request = self._circuit.request_to_wire(item, target=self._target)
        ((dummy, answer),) = self._connection.received_data(self._raw.exchange(request))
        return answer

    def close(self) -> None:
        self._raw.sock.close()


def test_ads_async_lists_adds_and_deletes_routes(plc: Plc) -> None:
    client = AdsAsync(plc)

    def listed(number: int) -> Any:
        return client.ask(structs.AdsReadRequest(ENUMERATE, number, 2048))

    try:
        added = client.ask(structs.AdsWriteRequest(ADD, 0, entry_payload("by-async", "10.7.7.7.1.1", "10.7.7.7")))
        assert added.result == AdsError.NOERR
        assert [listed_name(bytes(listed(number).data)) for number in (0, 1)] == ["hmi", "by-async"]
        assert listed(2).result == 0x716
        assert client.ask(structs.AdsWriteRequest(DELETE, 0, b"by-async")).result == AdsError.NOERR
        assert client.ask(structs.AdsWriteRequest(DELETE, 0, b"by-async")).result == 0x70C
    finally:
        client.close()
    assert plc.route_net_ids() == ["127.0.0.1.1.1"]


class RawPyAdsClient(ADSClient):
    """py-ads-client has no call for an index group of choice, but all that such a call is made of."""

    def read(self, group: int, offset: int) -> bytes:
        payload = struct.pack("<III", group, offset, 2048)
        return self._send_ams_packet(command=ADSCommand.ADSSRVID_READ, payload=payload).data

    def write(self, group: int, data: bytes) -> None:
        payload = struct.pack("<III", group, 0, len(data)) + data
        self._send_ams_packet(command=ADSCommand.ADSSRVID_WRITE, payload=payload)


def test_py_ads_client_lists_adds_and_deletes_routes(plc: Plc) -> None:
    client = RawPyAdsClient(local_ams_net_id="127.0.0.1.1.1", timeout_s=20)
    client.open(target_ip=plc.address, target_ams_net_id=plc.net_id, target_ams_port=10000)
    try:
        client.write(ADD, entry_payload("by-py", "10.7.7.7.1.1", "10.7.7.7"))
        assert [listed_name(client.read(ENUMERATE, number)) for number in (0, 1)] == ["hmi", "by-py"]
        client.write(DELETE, b"by-py\0")
        assert plc.route_net_ids() == ["127.0.0.1.1.1"]
    finally:
        client.close()


def test_pyads_on_a_unidirectional_route(plc: Plc) -> None:
    plc.ask("route_add", name="hmi", ams_net_id="127.0.0.1.1.1", address="127.0.0.1", unidirectional=True)
    with connect(plc) as connection:
        assert connection.read_state()[0] == 5
        assert error_of(connection.read_device_info) == error_of(connection.read_by_name, "MAIN.nTest") == 1827


def test_pyads_finds_the_runtimes_and_their_states(start_plc) -> None:
    second = {"ams_port": 852, "symbols": {"MAIN.nTest": {"type": "INT", "value": 7}}}
    plc = start_plc(more_runtimes=[second])
    plc.ask("state", value="EXCEPTION", port=852)
    with connect(plc, port=852) as connection:
        assert connection.read_state()[0] == 19
        assert connection.read_by_name("MAIN.nTest") == 7
        plc.ask("state", value="CONFIG")
        assert error_of(connection.read_state) == 6


def test_pyads_after_a_download_without_the_namespace(plc: Plc, link: pyads.Connection) -> None:
    assert link.read_by_name("GVL.fSpeed") == 1.5
    plc.ask("download", namespaces={"GVL": None})
    assert error_of(link.read_by_name, "GVL.fSpeed", pyads.PLCTYPE_REAL) == 1808
    assert link.read_by_name("MAIN.nTest") == 42
    assert {symbol.name.split(".")[0] for symbol in link.get_all_symbols()} == {"MAIN"}
