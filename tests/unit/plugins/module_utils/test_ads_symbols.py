# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a variable through pyads: a true exchange with a scripted PLC, and what becomes of its errors."""

from __future__ import annotations

import dataclasses
import socket
import struct
import sys
import threading
import types
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_frames as frames
from ansible_collections.lineops.runbook.plugins.module_utils._ads_symbols import TYPES, read_symbol
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_ads import TcpPeer

# pyads always comes from 127.0.0.1 on loopback (ADS_FACTS §9).
LOCAL = "127.0.0.1.9.9"
HANDLE = struct.pack("<I", 77)


def plc(value: bytes, result: int = 0, header_error: int = 0) -> t.Callable[..., None]:
    """A PLC with one variable; answers handle by name, value by handle and release."""

    def play(sock: socket.socket, first: bytes, dummy: threading.Event) -> None:
        request = first
        while request:
            asked = frames.parse_frame(request)
            group = struct.unpack_from("<I", asked.data)[0]
            content = {0xF003: HANDLE, 0xF005: value, 0xF006: b""}[group]
            data = struct.pack("<I", result)
            data += b"" if asked.command == 3 else struct.pack("<I", len(content)) + content
            answer = dataclasses.replace(
                asked,
                target_net_id=asked.source_net_id,
                target_port=asked.source_port,
                source_net_id=asked.target_net_id,
                source_port=asked.target_port,
                flags=5,
                error=header_error,
                data=b"" if header_error else data,
            )
            sock.sendall(frames.build_frame(answer))
            request = sock.recv(65536)

    return play


def read(peer: TcpPeer, type_name: str, name: str = "MAIN.x", timeout: float = 30.0) -> t.Any:
    return read_symbol(peer.address, peer.net_id, 851, name, type_name, local_ams_net_id=LOCAL, timeout=timeout)


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("BOOL", b"\x01", True),
        ("bool", b"\x00", False),
        ("BYTE", b"\xff", 255),
        ("SINT", b"\xff", -1),
        ("INT", b"\xfe\xff", -2),
        ("UINT", b"\xfe\xff", 65534),
        ("DWORD", b"\xff\xff\xff\xff", 0xFFFFFFFF),
        ("LINT", b"\xff" * 8, -1),
        ("REAL", struct.pack("<f", 1.5), 1.5),
        ("LREAL", struct.pack("<d", -2.25), -2.25),
        ("STRING", b"hello\0", "hello"),
    ],
)
def test_a_value_of_each_kind(type_name, value, expected) -> None:
    pytest.importorskip("pyads", reason="reading PLC variables needs pyads")
    with TcpPeer(plc(value)) as peer:
        found = read(peer, type_name)
        assert (found, type(found)) == (expected, type(expected))
        request = frames.parse_frame(peer.received[0])
        assert (request.source_net_id, request.target_net_id, request.target_port) == (LOCAL, peer.net_id, 851)
        assert b"MAIN.x" in request.data


@pytest.mark.parametrize(
    ("play", "code", "number"),
    [
        (plc(b"\x01", result=0x710), "ads.symbol_unknown", 0x710),
        (plc(b"\x01", result=0x705), "ads.error", 0x705),
        (plc(b"\x01", header_error=6), "ads.port_unknown", 6),
        (plc(b"\x01", header_error=7), "ads.net_id_unknown", 7),
        (lambda sock, request, stop: stop.wait(60), "ads.timeout", 0x745),
    ],
    ids=["symbol", "size", "port", "netid", "silence"],
)
def test_every_refusal_is_one_sentence_with_a_code(play, code, number) -> None:
    pytest.importorskip("pyads", reason="reading PLC variables needs pyads")
    with TcpPeer(play) as peer:
        with pytest.raises(AdsError) as caught:
            read(peer, "BOOL", timeout=0.5 if code == "ads.timeout" else 30.0)
    error = caught.value
    assert (error.code, error.details["ads_error"]) == (code, number)
    assert error.message.endswith(".") and "{" not in error.message


def test_a_value_of_the_wrong_size_is_an_error_not_a_traceback() -> None:
    pytest.importorskip("pyads", reason="reading PLC variables needs pyads")
    with TcpPeer(plc(b"\x01")) as peer:
        with pytest.raises(AdsError) as caught:
            read(peer, "LREAL")
        assert caught.value.code == "ads.error"


def test_every_type_is_one_pyads_knows() -> None:
    pyads = pytest.importorskip("pyads", reason="reading PLC variables needs pyads")
    assert all(hasattr(pyads, f"PLCTYPE_{name}") for name in TYPES)


class FakeAdsError(Exception):
    """As pyads raises it; errors of its own carry no code at all."""

    def __init__(self, *code: int) -> None:
        super().__init__("text")
        if code:
            self.err_code = code[0]


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (FakeAdsError(-1), "ads.connection_lost"),
        (FakeAdsError(0x723), "ads.error"),
        (FakeAdsError(), "ads.error"),
        (RuntimeError("Failed to open port on AMS router."), "ads.error"),
        (TypeError("x"), "ads.error"),
    ],
)
def test_errors_of_pyads_itself(raised, code, monkeypatch) -> None:
    calls: list[str] = []

    def connection(*dummy: t.Any) -> t.NoReturn:
        calls.append("connection")
        raise raised

    fake = types.SimpleNamespace(
        ADSError=FakeAdsError, set_local_address=calls.append, Connection=connection
    )
    monkeypatch.setitem(sys.modules, "pyads", t.cast(t.Any, fake))
    with pytest.raises(AdsError) as caught:
        read_symbol("127.0.0.1", "1.2.3.4.1.1", 851, "MAIN.x", "BOOL", local_ams_net_id=LOCAL)
    assert caught.value.code == code
    assert calls == [LOCAL, "connection"]


@pytest.mark.parametrize("broken", [ImportError, OSError, RuntimeError])
def test_a_library_that_cannot_be_loaded_is_one_sentence_with_the_command(broken, monkeypatch) -> None:
    class Finder:
        """Fails as pyads does without its shared library (ADS_FACTS §4 trap 13)."""

        @staticmethod
        def find_spec(name: str, *dummy: t.Any) -> None:
            if name == "pyads":
                raise broken("no AdsLib.so")

    monkeypatch.delitem(sys.modules, "pyads", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(AdsError) as caught:
        read_symbol("127.0.0.1", "1.2.3.4.1.1", 851, "MAIN.x", "BOOL", local_ams_net_id=LOCAL)
    assert caught.value.code == "ads.library"
    assert "pip install pyads" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ams_net_id": "1.2.3"}, "ads.net_id_invalid"),
        ({"local_ams_net_id": None}, "ads.net_id_invalid"),
        ({"type_name": "ARRAY [0..3] OF BOOL"}, "ads.type_unknown"),
        ({"type_name": None}, "ads.type_unknown"),
        ({"name": ""}, "ads.name_invalid"),
        ({"name": "MAIN.\0x"}, "ads.name_invalid"),
        ({"name": "MAIN.ä"}, "ads.name_invalid"),
        ({"name": "x" * 256}, "ads.name_invalid"),
        ({"name": 5}, "ads.name_invalid"),
    ],
)
def test_bad_arguments_are_refused_before_pyads_is_touched(changes, code, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyads", None)
    values = {
        "ip": "127.0.0.1",
        "ams_net_id": "1.2.3.4.1.1",
        "ams_port": 851,
        "name": "MAIN.x",
        "type_name": "BOOL",
        "local_ams_net_id": LOCAL,
        **changes,
    }
    with pytest.raises(AdsError) as caught:
        read_symbol(**values)
    assert caught.value.code == code
