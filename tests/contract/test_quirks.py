# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quirks' mechanisms head on, beyond what a recording shows."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import RING_CAMERA, Bench, Plant, until

from lab.supervisor.guard import needed_level, payload_fault
from lab.supervisor.logs import LogStore

MakeBench = Callable[[Plant], Bench]


def _test(bench: Bench, number: str = "3") -> str:
    """Error of a route test, empty if it went well."""
    plc = bench.plcs[number]
    body = {"plc_ams_net_id": plc.net_id, "plc_ip": plc.address, "ams_port": 851}
    return bench.call("POST", "/api/plc/ads/route/test", body).body.get("error", "")


def _write(bench: Bench) -> int | None:
    return bench.call("POST", "/api/variables/write", {"variable": "MAIN.bTest", "value": True}).status


def _add(bench: Bench, **changes: str) -> Any:
    body = {"local_ams_net_id": "127.0.0.1.1.1", "plc_ams_net_id": bench.plc.net_id, "plc_ip": bench.plc.address,
            "username": "Administrator", "password": bench.keys["<PLC_PASSWORD>"], "route_name": "bench"}
    return bench.call("POST", "/api/plc/ads/route/add", body | changes)


def _reboot(bench: Bench) -> None:
    boots = bench.plc.ask("status")["boots"]
    bench.plc.ask("reboot", down_s=0.2)
    until(lambda: bench.plc.ask("status")["boots"] > boots, "the PLC is back")


@pytest.mark.parametrize(("layout", "status", "text"), [
    ("shifted", 200, ""), ("documented", 500, "PLC-Route fehlgeschlagen: Unexpected response from PLC"),
])
def test_a_refused_login_adds_no_route(make_bench: MakeBench, layout: str, status: int, text: str) -> None:
    """Quirk 9: what the supervisor says depends on the PLC's layout, the PLC's table on the password only."""
    bench = make_bench(Plant(plc="3", route=False, target=False))
    bench.plc.ask("refusal_layout", layout=layout)
    answer = _add(bench, password="wrong")
    assert (answer.status, answer.body.get("error", "").startswith(text)) == (status, True)
    bench.plc_routes()
    assert _add(bench).status == 200
    bench.plc_routes("127.0.0.1.1.1")


def test_added_route_and_plc_reboot_need_a_restart(make_bench: MakeBench) -> None:
    """Quirk 4: the library's reference to the dead connection is never released; only a new process helps."""
    bench = make_bench(Plant(plc="3"))
    assert _add(bench).status == 200
    assert (_test(bench), _write(bench)) == ("", 200)
    _reboot(bench)
    until(lambda: "(-1)" in _test(bench), "the library notices the dead connection")
    for dummy in range(2):
        bench.post("/api/plc/disconnect")
        bench.connect()  # says success
        assert ("(-1)" in _test(bench), _write(bench)) == (True, 500)
    bench.post("/api/admin/service/restart", {"delay": 1})
    bench.restarted()
    assert (_test(bench), _write(bench)) == ("", 200)


def test_without_an_added_route_connect_heals(make_bench: MakeBench) -> None:
    """Quirk 4's counterpart: no reference is left, so connect opens a new TCP connection."""
    bench = make_bench(Plant(plc="3"))
    assert _write(bench) == 200
    _reboot(bench)
    assert _write(bench) == 500
    bench.connect()
    assert (_test(bench), _write(bench)) == ("", 200)


def test_another_local_net_id_strands_the_other_routes(make_bench: MakeBench) -> None:
    """Quirk 9: the NetId of the whole process changes, so a PLC that knows the old one closes the connection."""
    bench = make_bench(Plant(plc="3", more_plcs=("4",)))
    assert _test(bench, "4") == ""
    assert _add(bench, local_ams_net_id="10.9.8.7.1.1").status == 200
    assert "(1861)" in _test(bench, "4")


def test_the_target_survives_a_restart_and_is_connected_before_listening(make_bench: MakeBench) -> None:
    """State lies on disk; the configuration file only counts for the first start."""
    bench = make_bench(Plant(plc="3", target=False))
    assert bench.call("GET", "/api/system/status").body["status"] == "disconnected"
    bench.connect()
    bench.stop_supervisor()
    bench.start_supervisor()
    assert bench.call("GET", "/api/system/status").body["status"] == "connected"
    assert bench.call("GET", "/api/debug/config").body["config"]["plc_ams_net_id"] == bench.plc.net_id


def test_sigterm_counts_while_the_ads_library_hangs(make_bench: MakeBench) -> None:
    """A lab must end when told to, also in the middle of quirk 5."""
    bench = make_bench(Plant(plc="3", more_plcs=("77",)))
    bench.plcs["77"].ask("drop")
    body = {"plc_ams_net_id": bench.plcs["77"].net_id, "plc_ip": bench.plcs["77"].address}
    threading.Thread(target=bench.post, args=("/api/plc/ads/route/test", body), daemon=True).start()
    until(lambda: bench.request("GET", "/api/plc/ads/route/status", {}, None, timeout=1).transport_error, "ADS hangs")
    started = time.monotonic()
    bench.stop_supervisor()
    assert time.monotonic() - started < 20


def test_symbols_come_from_the_plc_without_a_configured_list(make_bench: MakeBench) -> None:
    """The registry asks the PLC once, at a start that reaches it."""
    bench = make_bench(Plant(plc="3", symbols=None))
    found = bench.call("GET", "/api/variables/search?q=bTest").body["variables"]
    assert [(symbol["name"], symbol["type"]) for symbol in found] == [("MAIN.bTest", "BOOL")]
    assert _write(bench) == 200


def test_camera_passwords_are_shown_to_anybody(make_bench: MakeBench) -> None:
    """Quirk 19."""
    url = "rtsp://viewer:rtsp-password-of-the-bench@10.0.0.9:8554/cam"
    bench = make_bench(Plant(plc=None, target=False, cameras={"cam1": {"url": url}}))
    assert bench.request("GET", "/api/cameras", {}, None).body["cameras"]["cam1"]["url"] == url


def test_the_ring_flag_looks_on_before_it_is(make_bench: MakeBench) -> None:
    """Quirk 22."""
    bench = make_bench(Plant(plc=None, target=False, cameras=RING_CAMERA))
    assert bench.call("GET", "/api/system/feature-flags").body["flags"]["ui.ring.webrtc"] is True
    assert bench.call("POST", "/api/cameras/ring_100/start", {}).status == 403
    assert bench.call("POST", "/api/admin/feature-flags", {"flags": {"ui.ring.webrtc": True}}).status == 200
    assert bench.call("POST", "/api/cameras/ring_100/start", {}).status == 401


def test_the_first_managed_key_can_be_made_locally(make_bench: MakeBench) -> None:
    """SUPERVISOR_API §1: open to local clients until a managed key exists."""
    bench = make_bench(Plant(plc=None, target=False))
    made = bench.request("POST", "/api/admin/apikeys", {"Content-Type": "application/json"}, b'{"name": "first"}')
    assert (made.status, made.body["key"]["level"]) == (201, "operator")
    assert bench.request("GET", "/api/admin/apikeys", {}, None).status == 401


@pytest.mark.parametrize(("method", "path", "level"), [
    ("GET", "/api/system/status", None), ("GET", "/api/plc/config", None), ("POST", "/api/variables/read", None),
    ("PUT", "/api/ui-settings", None), ("POST", "/api/plc/config", "operator"),
    ("DELETE", "/api/cameras/a", "operator"),
    ("POST", "/api/cameras/a/ring/webrtc/stop", "operator"), ("GET", "/api/cameras/a/ptz/status", "operator"),
    ("GET", "/api/cameras/a/snapshot", None), ("POST", "/api/monitor/dlq/clear", "operator"),
    ("GET", "/api/admin/logs", "admin"), ("DELETE", "/api/admin/apikeys/1", "admin"),
])
def test_who_may_call_what(method: str, path: str, level: str | None) -> None:
    """The list of protected calls (SUPERVISOR_API §1)."""
    assert needed_level(method, path) == level


def _nested(depth: int) -> Any:
    return {} if depth == 1 else {"a": _nested(depth - 1)}


@pytest.mark.parametrize(("body", "refused"), [
    ({str(i): 1 for i in range(200)}, False), ({str(i): 1 for i in range(201)}, True),
    ({"a": list(range(1000))}, False), ({"a": list(range(1001))}, True),
    ({"a": "x" * 8192}, False), ({"a": ["x" * 8193]}, True), (_nested(12), False), (_nested(13), True),
])
def test_what_a_body_may_hold(body: Any, refused: bool) -> None:
    """The bounds of SUPERVISOR_API §1, on both sides."""
    assert (payload_fault(body) is not None) == refused


def test_the_hash_chain_finds_a_changed_row(tmp_path: Path) -> None:
    """Tampering shows at the changed row; retention only ever at the oldest (quirk 21)."""
    store = LogStore(tmp_path / "logs.db")
    for number in range(5):
        store.append("WARNING", "web_manager", f"row {number}")
    assert store.verify(None) == {"ok": True, "checked": 5, "broken_at_id": None}
    with sqlite3.connect(tmp_path / "logs.db") as other:
        other.execute("UPDATE logs SET message = 'changed' WHERE id = 3")
    assert store.verify(None) == {"ok": False, "checked": 3, "broken_at_id": 3}
    assert store.retain(keep_count=2, max_age_days=90) == {"deleted_age": 0, "deleted_count": 3}
    assert store.verify(None) == {"ok": False, "checked": 1, "broken_at_id": 4}


def test_a_refused_call_clears_the_read_cache_too(make_bench: MakeBench) -> None:
    """SUPERVISOR_API §1: any mutating call does, also one without a key."""
    bench = make_bench(Plant(plc=None, target=False))

    def status() -> str:
        return bench.request("GET", "/api/system/status", {}, None).headers["X-Read-Cache"]

    assert [status(), status()] == ["MISS", "HIT"]
    assert bench.request("POST", "/api/plc/connect", {}, b"").status == 401
    assert status() == "MISS"
    until(lambda: status() == "MISS", "the answer is forgotten after its second", patience_s=5)
