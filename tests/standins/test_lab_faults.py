# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab fault`` and ``heal``: every fault shows, stays on its host, and is gone after heal."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyads
import pytest
from labs import LabCommand
from plcs import needs_filter, until
from rawads import Answer, RawAds, identify_request, udp_exchange
from truth import flag

from lab import api, full_disk, processes, ring_faults, stale_files, stream_faults, writers
from lab.control import ask
from lab.faults import FAULTS
from lab.plant import Host


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    """One line of two hosts; every test heals it."""
    command = LabCommand(tmp_path_factory.mktemp("faults"))
    command.run("up", "--lines", "1", "--hosts", "2")
    yield command
    command.run("down")


@pytest.fixture
def host(line: LabCommand) -> Iterator[Host]:
    """The host to break. It must be healthy afterwards, proven by more than its own flag."""
    host = line.plant.hosts[0]
    yield host
    line.run("heal", host.name)
    assert line.status()[host.name]["healthy"]
    assert line.route_test(host).ok
    write = line.post(host, "/api/variables/write", {"variable": "MAIN.bOpsTest", "value": False})
    assert write.status == 200, write.body


def control(line: LabCommand, host: Host, op: str, **arguments: Any) -> dict[str, Any]:
    return ask(line.plant.control(host), op, **arguments)


def udp_silent(host: Host) -> bool:
    try:
        return not udp_exchange(host.plc_ip, identify_request(), timeout=0.5)
    except (TimeoutError, ConnectionRefusedError):
        return True


def admin_call(line: LabCommand, host: Host) -> int:
    return api.call("GET", f"{host.url}/api/admin/service/info", key=line.secrets()[host.line]["admin_key"]).status


def route_status(host: Host) -> dict[str, Any]:
    return api.call("GET", f"{host.url}/api/plc/ads/route/status").body


def add_route(line: LabCommand, host: Host) -> bool:
    password = line.secrets()[host.line]["plc_password"]
    return pyads.add_route_to_plc("10.9.9.9.1.1", "10.9.9.9", host.plc_ip, "Administrator", password, route_name="t")


def refused_login(line: LabCommand, host: Host) -> str:
    try:
        add_route(line, host)
    except RuntimeError:
        return "RuntimeError"
    return "no error"


def is_route_known(line: LabCommand, host: Host, name: str) -> bool:
    return any(route["name"] == name for route in control(line, host, "routes")["routes"])


def changes(line: LabCommand, host: Host) -> list[str]:
    return line.status()[host.name]["plc_changes"]


def service(host: Host, command: int, data: bytes = b"") -> Answer | None:
    """What port 10000 of the PLC answers the supervisor's NetId; None when it closes instead."""
    with RawAds(host.plc_ip) as client:
        return client.ask(host.plc_net_id, 10000, "127.0.0.1.1.1", command, data)


def listing_result(host: Host) -> int:
    return service(host, 2, struct.pack("<III", 803, 0, 2048)).result


def has_no_answer(host: Host, command: int, data: bytes) -> bool:
    with RawAds(host.plc_ip, timeout=1.0) as client:
        try:
            return not client.ask(host.plc_net_id, 10000, "127.0.0.1.1.1", command, data)
        except TimeoutError:
            return True


def is_rebooting(line: LabCommand, host: Host) -> bool:
    return line.status()[host.name]["plc_mode"] == "rebooting"


# fault and its arguments -> what must be true after it
SHOWS: dict[str, Callable[[LabCommand, Host], Any]] = {
    "route-removed": lambda line, host: line.status()[host.name]["route"] is False,
    "hang": lambda line, host: line.status()[host.name]["plc_mode"] == "hang" and udp_silent(host),
    "hang part=tcp": lambda line, host: not udp_silent(host) and not line.route_test(host).ok,
    "hang part=udp": lambda line, host: udp_silent(host) and line.route_test(host).ok,
    "refuse": lambda line, host: line.status()[host.name]["plc_mode"] == "refuse" and udp_silent(host),
    "drop": lambda line, host: line.status()[host.name]["plc_mode"] == "drop" and udp_silent(host),
    "slow seconds=0.4": lambda line, host: line.route_test(host).ok and control(line, host, "status")["slow_s"] == 0.4,
    "reboot down_s=2": is_rebooting,
    "route-entered ams_net_id=10.9.9.9.1.1 name=eng temporary=yes":
        lambda line, host: is_route_known(line, host, "eng") and line.route_test(host).ok,
    "same-address effect=removes": lambda line, host: changes(line, host) == ["same_address=removes"],
    "route-list kind=group-unknown": lambda line, host: listing_result(host) == 0x702,
    "deletes-unanswered": lambda line, host: changes(line, host) == ["deletes_answered=False"],
    # The PLC closes the supervisor's connection for this newer one of the same address: a TCP close like any other.
    "cool-down seconds=60": lambda line, host: has_no_answer(host, 4, b""),
    "net-id-changed": lambda line, host: service(host, 4).error == 7,
    "program-downloaded namespace=GVL":
        lambda line, host: line.post(
            host, "/api/variables/write", {"variable": "GVL.bOpsTest", "value": True}).status == 500,
    "runtime-moved to=852": lambda line, host: line.route_test(host).status == 500,
    "plc-state value=EXCEPTION port=851":
        lambda line, host: control(line, host, "status")["system_state"] == "RUN"
        and line.status()[host.name]["plc_state"] == "EXCEPTION",
    "plc-state value=CONFIG": lambda line, host: line.status()[host.name]["plc_state"] == "CONFIG",
    "credentials-changed": lambda line, host: refused_login(line, host) == "RuntimeError",
    "supervisor-stopped": lambda line, host: line.status()[host.name]["supervisor"] == "stopped",
    "supervisor-killed": lambda line, host: line.status()[host.name]["supervisor"] == "stopped",
    "supervisor-frozen": lambda line, host: line.status()[host.name]["supervisor"] == "frozen",
    "key-revoked level=operator":
        lambda line, host: line.route_test(host).status == 401 and admin_call(line, host) == 200,
    "key-revoked level=admin": lambda line, host: admin_call(line, host) == 401 and line.route_test(host).ok,
    "package-removed name=pyads": lambda line, host: route_status(host)["available"] is False,
    "plc-disconnected": lambda line, host: flag(host) is False,
}


@pytest.mark.parametrize("fault", SHOWS)
def test_fault_shows_on_its_host_only(line: LabCommand, host: Host, fault: str) -> None:
    line.run("fault", host.name, *fault.split())
    assert SHOWS[fault](line, host)
    assert line.status()["line1-hmi2"]["healthy"]


def test_every_fault_is_tested_here() -> None:
    of_streams = (stream_faults.faults(writers.WRITERS), full_disk.FAULTS, stale_files.FAULTS, ring_faults.FAULTS)
    elsewhere = {"refusal-layout"}.union(*of_streams)
    assert {fault.split()[0] for fault in SHOWS} | elsewhere == set(FAULTS)


@pytest.mark.parametrize("name", ["source-gone", "disk-full"])
def test_fault_of_streams_is_refused_where_none_stream(line: LabCommand, host: Host, name: str) -> None:
    assert "up --cameras" in line.run("fault", host.name, name, code=1)
    assert line.status()[host.name]["streams"] == line.status()[host.name]["dead_streams"] == []


def test_password_of_the_inventory_works_again_after_heal(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "credentials-changed")
    line.run("heal", host.name)
    assert add_route(line, host) is True


def test_refusal_layout(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "refusal-layout", "layout=shifted")
    line.run("fault", host.name, "credentials-changed")
    assert refused_login(line, host) == "no error"
    assert control(line, host, "status")["routes"] == 1
    line.run("heal", host.name)
    line.run("fault", host.name, "credentials-changed")
    assert refused_login(line, host) == "RuntimeError"


def test_stranger_on_the_supervisors_address(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "same-address", "effect=removes")
    line.run("fault", host.name, "route-entered", "ams_net_id=10.9.9.9.1.1")
    assert line.status()[host.name]["route"] is False
    assert not line.route_test(host).ok


def test_one_way_route_of_the_supervisor(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "route-entered", "ams_net_id=127.0.0.1.1.1", "unidirectional=yes")
    answer = line.route_test(host)
    assert answer.status == 500 and "1827" in answer.body["error"]
    assert service(host, 4).result == 0


@needs_filter
def test_drop_for_the_controller_only(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "drop", "source=controller")
    with pytest.raises(TimeoutError):
        RawAds(host.plc_ip, source=line.plant.controller_ip, timeout=1.0)
    assert line.route_test(host).ok


def test_plc_that_hangs_costs_the_supervisor_its_five_seconds(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "hang")
    started = time.monotonic()
    answer = line.route_test(host)
    assert answer.status == 500 and "1861" in answer.body["error"] and time.monotonic() - started >= 4.5


def assert_nothing_works_without_the_ads_library(line: LabCommand, host: Host) -> None:
    reason = "pyads nicht verfügbar: No module named 'pyads'"
    assert route_status(host) == {"success": True, "available": False, "error": reason}
    assert api.call("GET", f"{host.url}/api/system/dependencies").body["pyads"]["available"] is False
    connect = line.post(host, "/api/plc/connect", {"ip_address": host.plc_ip, "ams_id": host.plc_net_id})
    assert (connect.status, connect.body) == (500, {"error": "Verbindung fehlgeschlagen"})
    test = line.route_test(host)
    assert (test.status, test.body) == (500, {"success": False, "error": reason})
    add = line.post(host, "/api/plc/ads/route/add", {
        "local_ams_net_id": "127.0.0.1.1.1", "plc_ams_net_id": host.plc_net_id, "plc_ip": host.plc_ip,
        "username": "Administrator", "password": line.secrets()[host.line]["plc_password"]})
    assert (add.status, add.body) == (500, {"success": False, "error": reason, "warnings": []})
    write = line.post(host, "/api/variables/write", {"variable": "MAIN.bOpsTest", "value": True})
    assert (write.status, write.body["message"]) == (500, "Schreiben fehlgeschlagen")
    assert line.post(host, "/api/plc/disconnect", {}).ok
    assert flag(host) is False


def test_supervisor_without_its_ads_library(line: LabCommand, host: Host) -> None:
    """It says so where it describes the library (SUPERVISOR_API §4); all that needs it fails, and no restart brings it back."""
    line.run("fault", host.name, "package-removed", "name=pyads")
    assert_nothing_works_without_the_ads_library(line, host)
    before = line.status()[host.name]["supervisor_pid"]
    assert line.post(host, "/api/admin/service/restart", {"delay": 1}, "admin_key").ok
    until(lambda: (row := line.status()[host.name])["supervisor"] == "answers" and row["supervisor_pid"] != before,
          "the supervisor is back after its restart")
    assert_nothing_works_without_the_ads_library(line, host)


def test_supervisor_stuck_in_a_dropped_connection_is_healed(line: LabCommand, host: Host) -> None:
    assert line.post(host, "/api/plc/disconnect", {}).ok
    line.run("fault", host.name, "drop")
    with pytest.raises(api.Unreachable):  # it waits for the kernel's two minutes (SUPERVISOR_API quirk 5)
        api.call("POST", f"{host.url}/api/plc/connect",
                 {"ams_id": host.plc_net_id, "ip_address": host.plc_ip}, timeout=1.0,
                 key=line.secrets()[host.line]["operator_key"])
    line.run("heal", host.name)


def test_wrong_target_and_changed_net_id_are_healed(line: LabCommand, host: Host) -> None:
    other = line.plant.hosts[1]
    secrets = line.secrets()[host.line]
    line.post(host, "/api/plc/ads/route/add", {
        "local_ams_net_id": "127.0.0.1.9.9", "local_ip": "127.0.0.1", "plc_ams_net_id": host.plc_net_id,
        "plc_ip": host.plc_ip, "username": secrets["plc_username"], "password": secrets["plc_password"]})
    line.post(host, "/api/plc/connect", {"ams_id": other.plc_net_id, "ip_address": other.plc_ip})
    line.run("heal", "line1")
    assert [route["ams_net_id"] for route in control(line, host, "routes")["routes"]] == ["127.0.0.1.1.1"]
    target = api.call("GET", f"{host.url}/api/debug/config").body["config"]
    assert target["plc_ams_net_id"] == host.plc_net_id
    assert line.status()["line1-hmi2"]["healthy"]


def test_open_write_breaker_is_healed_even_when_all_else_looks_well(line: LabCommand, host: Host) -> None:
    line.run("fault", host.name, "plc-state", "value=CONFIG")
    for value in range(5):
        assert line.post(host, "/api/variables/write", {"variable": "MAIN.nParts", "value": value}).status == 500
    line.run("fault", host.name, "plc-state", "value=RUN")
    # Enough good answers that the supervisor's own availability figure forgets the five bad ones (quirk 20).
    while api.call("GET", f"{host.url}/api/monitor/slo").body["status"] != "ok":
        for dummy in range(100):
            api.call("GET", f"{host.url}/api/system/versioning")
    breakers = api.call("GET", f"{host.url}/api/system/status").body["circuit_breakers"]
    assert [breaker["state"] for breaker in breakers.values()] == ["open"]
    line.run("heal", host.name)
    assert line.post(host, "/api/variables/write", {"variable": "MAIN.nParts", "value": 7}).status == 200


def test_killed_plc_is_started_again_with_its_route(line: LabCommand, host: Host) -> None:
    (pid,) = processes.find(processes.PLC, line.plant.plc_config(host))
    os.kill(pid, signal.SIGKILL)
    until(lambda: line.status()[host.name]["plc_mode"] == "stopped", "status shows the PLC as stopped")
    line.run("heal", host.name)
    assert line.status()[host.name]["route"] is True


def test_test_variable_is_at_rest_after_heal(line: LabCommand, host: Host) -> None:
    assert line.post(host, "/api/variables/write", {"variable": "MAIN.bOpsTest", "value": True}).status == 200
    assert control(line, host, "read", name="MAIN.bOpsTest")["value"] is True
    line.run("heal", host.name)
    assert control(line, host, "read", name="MAIN.bOpsTest")["value"] is False


def test_line_means_all_its_hosts(line: LabCommand, host: Host) -> None:
    printed = line.run("fault", "line1", "route-removed")
    assert printed.splitlines() == ["line1-hmi1: route-removed", "line1-hmi2: route-removed"]
    assert [row["route"] for row in line.status().values()] == [False, False]
    line.run("heal", "line1")
    assert all(row["healthy"] for row in line.status().values())


def test_healing_a_healthy_host_leaves_its_supervisor_alone(line: LabCommand, host: Host) -> None:
    before = line.status()[host.name]["supervisor_pid"]
    line.run("heal", host.name)
    assert line.status()[host.name]["supervisor_pid"] == before


@pytest.mark.parametrize(("words", "sentence"), [
    (("line1-hmi1", "bogus"), "unknown fault 'bogus'; there are route-removed"),
    (("line9", "hang"), "no host or line 'line9'"),
    (("line1-hmi1", "slow"), "needs seconds="),
    (("line1-hmi1", "slow", "seconds=soon"), "seconds=soon"),
    (("line1-hmi1", "slow", "seconds=-1"), "must not be negative"),
    (("line1-hmi1", "hang", "now"), "does not know 'now'"),
    (("line1-hmi1", "hang", "plc=2"), "line1-hmi1 has no PLC number 2; start the lab with: up --plcs 2"),
    (("line1-hmi1", "route-entered"), "needs ams_net_id="),
    (("line1-hmi1", "route-entered", "ams_net_id=1.2.3"), "not an AMS NetId"),
    (("line1-hmi1", "plc-state", "value=CONFIG", "port=851"), "CONFIG is a state of the system"),
    (("line1-hmi1", "key-revoked", "level=viewer"), "expected one of operator, admin"),
    (("line1-hmi1", "drop", "source=nobody"), "nobody"),
])
def test_nonsense_is_one_sentence(line: LabCommand, words: tuple[str, ...], sentence: str) -> None:
    errors = line.run("fault", *words, code=1)
    assert sentence in errors and errors.count("\n") == 1
    assert line.status()["line1-hmi1"]["healthy"]


def test_no_fault_is_named_like_a_finding() -> None:
    assert not any("." in name for name in FAULTS)
