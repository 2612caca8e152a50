# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC stand-in's faults, seen from outside by plain sockets, and the life of its process."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from plcs import PASSWORD, PATIENCE_S, REPOSITORY, Plc, needs_filter, until
from rawads import UDP_PORT, RawAds, frame, identify_request, udp_exchange

from lab.control import ControlError

HMI = "127.0.0.1.1.1"
QUIET_S = 1.2  # long enough that a SYN would have been repeated once


def works(plc: Plc, source: str = "127.0.0.1") -> bool:
    with RawAds(plc.address, source=source) as client:
        answer = client.ask(plc.net_id, 851, f"{source}.1.1", 4)
        return answer is not None and answer.result == 0


def answers_udp(plc: Plc, timeout: float = PATIENCE_S) -> bool:
    try:
        return len(udp_exchange(plc.address, identify_request(), timeout)) == 395
    except (TimeoutError, ConnectionRefusedError):
        return False


def silent(client: RawAds, request: bytes) -> bool:
    """True if the peer neither answers nor closes."""
    client.sock.settimeout(QUIET_S)
    try:
        client.exchange(request)
    except TimeoutError:
        client.sock.settimeout(PATIENCE_S)
        return True
    return False


@pytest.fixture
def old(plc: Plc):
    """A connection that stood before the fault came."""
    with RawAds(plc.address) as client:
        assert client.ask(plc.net_id, 851, HMI, 4).result == 0
        yield client


def test_sender_without_route_is_closed_after_its_first_request(plc: Plc) -> None:
    plc.ask("route_remove", name="hmi")
    with RawAds(plc.address) as client:
        client.sock.settimeout(QUIET_S)
        with pytest.raises(TimeoutError):  # the connection as such is accepted and stays
            client.sock.recv(1)
        client.sock.settimeout(PATIENCE_S)
        started = time.monotonic()
        assert client.ask(plc.net_id, 851, HMI, 1) is None
        assert time.monotonic() - started < 5


def test_removed_route_ends_a_standing_connection_at_its_next_request(plc: Plc, old: RawAds) -> None:
    plc.ask("route_remove", ams_net_id=HMI)
    assert old.ask(plc.net_id, 851, HMI, 4) is None


def test_newest_connection_wins_even_before_it_speaks(plc: Plc, old: RawAds) -> None:
    with RawAds(plc.address):
        assert old.receive_bytes() == b""


def test_hang(plc: Plc, old: RawAds) -> None:
    plc.ask("hang")
    assert plc.ask("status")["mode"] == "hang"
    request = frame(plc.net_id, 851, HMI, 4)
    assert silent(old, request)
    assert not answers_udp(plc, timeout=QUIET_S)
    plc.ask("heal")
    assert old.ask(plc.net_id, 851, HMI, 4, invoke_id=7).invoke_id == 7
    plc.ask("hang")
    with RawAds(plc.address) as client:
        assert silent(client, request)
    plc.ask("heal")
    assert works(plc) and answers_udp(plc)


def test_refuse(plc: Plc, old: RawAds) -> None:
    plc.ask("refuse")
    with pytest.raises(ConnectionResetError):
        old.receive_bytes()
    with pytest.raises(ConnectionRefusedError):
        RawAds(plc.address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((plc.address, UDP_PORT))
        sock.send(identify_request())
        with pytest.raises(ConnectionRefusedError):
            sock.recv(1)
    plc.ask("heal")
    assert works(plc) and answers_udp(plc)


def assert_everything_is_dropped_until_healed(plc: Plc, old: RawAds) -> None:
    with pytest.raises(TimeoutError):
        RawAds(plc.address, timeout=QUIET_S)
    with pytest.raises(TimeoutError):
        RawAds(plc.address, timeout=QUIET_S)
    assert silent(old, frame(plc.net_id, 851, HMI, 4))
    assert not answers_udp(plc, timeout=QUIET_S)
    plc.ask("heal")
    assert plc.ask("status")["mode"] == "normal"
    assert works(plc) and answers_udp(plc)


@needs_filter
def test_drop_everything_in_the_kernel(plc: Plc, old: RawAds) -> None:
    plc.ask("drop")
    assert plc.ask("status")["drop_by"] == "kernel filter"
    assert_everything_is_dropped_until_healed(plc, old)


@needs_filter
def test_standing_connection_goes_on_after_a_drop(plc: Plc, old: RawAds) -> None:
    plc.ask("drop")
    assert silent(old, frame(plc.net_id, 851, HMI, 4, invoke_id=8))
    plc.ask("heal")
    assert old.receive_bytes()  # TCP repeats what was lost


@needs_filter
def test_drop_one_source_only(plc: Plc, old: RawAds, block: int) -> None:
    controller = f"127.{block}.0.5"
    plc.ask("route_add", name="controller", ams_net_id=f"{controller}.1.1", address=controller)
    assert works(plc, controller)
    plc.ask("drop", source=controller)
    with pytest.raises(TimeoutError):
        RawAds(plc.address, source=controller, timeout=QUIET_S)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(QUIET_S)
        sock.bind((controller, 0))
        sock.sendto(identify_request(), (plc.address, UDP_PORT))
        with pytest.raises(TimeoutError):
            sock.recv(1)
    assert old.ask(plc.net_id, 851, HMI, 4).result == 0
    assert works(plc) and answers_udp(plc)
    plc.ask("heal")
    assert works(plc, controller)


FILTER_REFUSED = """
import sys, lab.plc.packets as packets
def refused(*dummy): raise PermissionError(1, "Operation not permitted")
packets.attach_filter = refused
from lab.plc.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def unprivileged(start_plc: Callable[..., Plc], monkeypatch: pytest.MonkeyPatch) -> Plc:
    """A PLC on a machine whose kernel refuses socket filters."""
    real = subprocess.Popen

    def popen(command, **kwargs):
        return real([sys.executable, "-c", FILTER_REFUSED, command[-1]], **kwargs)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return start_plc()


def test_drop_everything_without_privileges(unprivileged: Plc) -> None:
    with RawAds(unprivileged.address) as old:
        assert old.ask(unprivileged.net_id, 851, HMI, 4).result == 0
        unprivileged.ask("drop")
        assert unprivileged.ask("status")["drop_by"] == "full accept queue"
        unprivileged.ask("heal")
        assert old.ask(unprivileged.net_id, 851, HMI, 4).result == 0  # standing connections outlive the fault
        unprivileged.ask("drop")
        unprivileged.ask("drop")  # the first one's filler may still be in the queue
        assert_everything_is_dropped_until_healed(unprivileged, old)


def test_drop_one_source_without_privileges_says_why_not(unprivileged: Plc) -> None:
    with pytest.raises(ControlError, match="socket filter.*does not allow this user"):
        unprivileged.ask("drop", source="127.9.9.9")
    assert unprivileged.ask("status")["mode"] == "normal"
    assert works(unprivileged)


def test_slow(plc: Plc, old: RawAds) -> None:
    plc.ask("slow", seconds=1.0)
    started = time.monotonic()
    assert old.ask(plc.net_id, 851, HMI, 4).result == 0
    assert time.monotonic() - started >= 1.0
    started = time.monotonic()
    assert answers_udp(plc)
    assert time.monotonic() - started >= 1.0
    plc.ask("heal")
    assert plc.ask("status")["slow_s"] == 0
    assert works(plc)


@pytest.mark.parametrize("first", ["hang", "refuse", "drop"])
@pytest.mark.parametrize("second", ["hang", "refuse", "drop"])
def test_one_fault_after_the_other_leaves_nothing_behind(plc: Plc, first: str, second: str) -> None:
    plc.ask(first)
    plc.ask(second)
    assert plc.ask("status")["mode"] == second
    plc.ask("heal")
    assert works(plc) and answers_udp(plc)


def test_reboot_heals_a_hang_and_no_fault_fits_into_it(plc: Plc) -> None:
    plc.ask("hang")
    plc.ask("reboot", down_s=1.5)
    with pytest.raises(ControlError, match="rebooting"):
        plc.ask("refuse")
    plc.ask("heal")
    assert plc.ask("status")["mode"] == "rebooting"
    assert not answers_udp(plc, timeout=0.3)
    until(lambda: plc.ask("status")["mode"] == "normal", "the PLC is back")
    assert plc.ask("status")["boots"] == 2
    assert works(plc)


def test_heal_keeps_routes_as_they_are(plc: Plc) -> None:
    plc.ask("route_remove", name="hmi")
    plc.ask("heal")
    assert plc.route_net_ids() == []


def test_credentials_can_change(plc: Plc) -> None:
    plc.ask("credentials", username="engineer", password="other")
    for user, password in [("Administrator", PASSWORD), ("engineer", PASSWORD), ("Administrator", "other")]:
        assert add_route_code(plc, user, password) == 0x704
    assert add_route_code(plc, "ENGINEER", "other") == 0


def add_route_code(plc: Plc, user: str, password: str) -> int:
    tags = [(12, b"n\0"), (7, bytes(6)), (13, user.encode() + b"\0"), (2, password.encode() + b"\0"), (5, b"1.2.3.4\0")]
    body = b"".join(struct.pack("<HH", tag, len(content)) + content for tag, content in tags)
    head = identify_request()
    datagram = head[:8] + struct.pack("<I", 6) + head[12:20] + struct.pack("<I", len(tags)) + body
    return struct.unpack_from("<I", udp_exchange(plc.address, datagram), 28)[0]


def test_static_routes_survive_a_restart_of_the_process_temporary_ones_do_not(plc: Plc) -> None:
    plc.ask("route_add", name="kept", ams_net_id="10.0.0.8.1.1", address="10.0.0.8")
    plc.ask("route_add", name="lost", ams_net_id="10.0.0.9.1.1", address="10.0.0.9", temporary=True)
    plc.process.send_signal(signal.SIGKILL)
    plc.process.wait(PATIENCE_S)
    assert plc.control.exists()  # left over, must not hinder the next start
    plc.start()
    assert plc.route_net_ids() == [HMI, "10.0.0.8.1.1"]
    assert works(plc)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly_even_with_connections_and_faults(plc: Plc, old: RawAds, number: int) -> None:
    assert (plc.folder / "plc.pid").read_text().strip() == str(plc.process.pid)
    plc.ask("drop")
    plc.process.send_signal(number)
    assert plc.process.wait(PATIENCE_S) == 0
    assert sorted(path.name for path in plc.folder.iterdir()) == ["config.json", "plc.log", "routes.json"]


@pytest.mark.parametrize(
    ("op", "arguments", "message"),
    [
        ("bogus", {}, "unknown op 'bogus': expected one of status"),
        ("slow", {"seconds": -1}, "must not be negative"),
        ("slow", {}, "missing 1 required"),
        ("drop", {"source": "nobody"}, "nobody"),
        ("state", {"value": "WALK"}, "unknown state 'WALK'"),
        ("refusal_layout", {"layout": "odd"}, "unknown refusal layout"),
        ("read", {"name": "MAIN.bNope"}, "0x710"),
        ("write", {"name": "MAIN.nTest", "value": "many"}, "invalid literal"),
        ("route_add", {"name": "x"}, "route without ams_net_id, address"),
        ("route_add", {"name": "x", "ams_net_id": "1.2.3", "address": "1.2.3.4"}, "not an AMS NetId"),
    ],
)
def test_control_refuses_nonsense_and_goes_on(plc: Plc, op: str, arguments: dict, message: str) -> None:
    with pytest.raises(ControlError) as caught:
        plc.ask(op, **arguments)
    assert message in str(caught.value)
    assert plc.ask("status")["mode"] == "normal"


def test_a_taken_address_is_one_sentence_and_exit_1(plc: Plc, tmp_path) -> None:
    other = tmp_path / "other.json"
    folder = tmp_path / "other"
    text = (plc.folder / "config.json").read_text().replace(str(plc.folder), str(folder))
    other.write_text(text)
    run = subprocess.run(
        [sys.executable, "-m", "lab.plc", str(other)], cwd=REPOSITORY, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1 and "Address already in use" in run.stderr
    assert not (folder / "plc.pid").exists()
    assert works(plc)


def test_the_log_holds_no_password(plc: Plc) -> None:
    add_route_code(plc, "Administrator", PASSWORD)
    add_route_code(plc, "Administrator", "wrong-canary")
    plc.ask("credentials", username="Administrator", password="new-canary")
    log = (plc.folder / "plc.log").read_text()
    assert "route" in log
    assert PASSWORD not in log and "canary" not in log


def test_open_files_do_not_grow_with_faults(plc: Plc) -> None:
    def count() -> int:
        return len(os.listdir(f"/proc/{plc.process.pid}/fd"))

    works(plc)
    until(lambda: not plc.ask("status")["connections"], "the connection is gone")
    before = count()
    for op in ["hang", "refuse", "drop", "heal"] * 5:
        plc.ask(op)
    works(plc)
    until(lambda: not plc.ask("status")["connections"], "the connection is gone")
    until(lambda: count() <= before + 1, "open files are back to where they were")
