# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's own view: against a socket table made here, and once against the real one of this machine."""

from __future__ import annotations

import builtins
import http.server
import os
import socket
import subprocess
import sys
import threading
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest

psutil = pytest.importorskip("psutil", reason="the host's view needs psutil")

from ansible_collections.lineops.runbook.plugins.module_utils import _host  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._ads_wire import Identity  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError, LineopsError  # noqa: E402

IP, PLC_IP, PID = "10.30.3.11", "10.30.3.21", 812
URL = f"http://{IP}:5000"
PLC = {"ip_address": PLC_IP, "local_ip": IP}
IDENTITY = Identity("10.30.3.21.1.1", "CX-1", "3.1.4024", "Windows", "", 0.002)


def listening(ip: str = IP, port: int = 5000, pid: int | None = PID) -> t.Any:
    return SimpleNamespace(status="LISTEN", laddr=SimpleNamespace(ip=ip, port=port), raddr=(), pid=pid)


def linked(status: str = "ESTABLISHED", ip: str = PLC_IP, port: int = 48898, pid: int | None = PID) -> t.Any:
    here, there = SimpleNamespace(ip=IP, port=50000), SimpleNamespace(ip=ip, port=port)
    return SimpleNamespace(status=status, laddr=here, raddr=there, pid=pid)


class FakePsutil:
    """The edge to the system: a socket table and processes."""

    Error, AccessDenied, NoSuchProcess = psutil.Error, psutil.AccessDenied, psutil.NoSuchProcess

    def __init__(self, sockets: t.Any = (), processes: t.Sequence[tuple[int, str | None, float]] = ()) -> None:
        self.sockets = sockets
        self.processes = processes

    def net_connections(self, kind: str) -> list[t.Any]:
        assert kind == "tcp"
        if isinstance(self.sockets, Exception):
            raise self.sockets
        return list(self.sockets)

    def process_iter(self, names: list[str]) -> t.Iterator[t.Any]:
        assert names == ["cwd", "create_time"]
        return (SimpleNamespace(pid=pid, info={"cwd": cwd, "create_time": at}) for pid, cwd, at in self.processes)

    def Process(self, pid: int) -> t.Any:
        if pid == 1:
            raise self.NoSuchProcess(pid)
        return SimpleNamespace(status=lambda: "sleeping")


class World:
    """What look() meets; asked holds the addresses that were asked over HTTP."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.asked: list[tuple[str, int]] = []
        self.identified: list[t.Any] = []
        self.answering: set[str] = set()
        monkeypatch.setattr(_host, "_answers", self._answers)
        monkeypatch.setattr(_host, "identify", self._identify)
        monkeypatch.setattr(_host.os, "geteuid", lambda: 0)

    def _answers(self, url: str, ip: str, port: int, timeout: float) -> bool:
        self.asked.append((ip, port))
        return ip in self.answering

    def _identify(self, ip: str, **options: t.Any) -> Identity | None:
        self.identified.append((ip, options))
        return IDENTITY if ip in self.answering else None

    def look(self, *sockets: t.Any, answering: t.Collection[str] = (), url: str = URL, directory: str | None = None,
             plc: t.Any = None, processes: t.Any = (), table: t.Any = None,
             main_pid: int | None = None) -> dict[str, t.Any]:  # fmt: skip
        self.answering = set(answering)
        fake = FakePsutil(sockets if table is None else table, processes)
        self.monkeypatch.setattr(_host, "load_psutil", lambda: fake)
        return _host.look(url, directory, plc, timeout=0.5, main_pid=main_pid)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


# --- the supervisor --------------------------------------------------------------------------------------------------


def test_supervisor_that_answers(world: World) -> None:
    view = world.look(listening(), listening("127.0.0.1", 9999, pid=7), answering=[IP])
    assert view["supervisor"] == {"pid": PID, "state": "sleeping", "listens": [f"{IP}:5000"], "api": "answers"}
    assert world.asked == [(IP, 5000)] and view["not_observed"] == [] and "plc" not in view


def test_supervisor_that_hangs(world: World) -> None:
    assert world.look(listening())["supervisor"]["api"] == "silent"


def test_supervisor_that_is_not_there(world: World) -> None:
    view = world.look(listening(port=80), listening("10.30.3.12"), linked())
    assert view["supervisor"] == {"pid": None, "state": None, "listens": [], "api": "no_listener"}
    assert world.asked == []


@pytest.mark.parametrize(("everywhere", "asked"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_supervisor_that_listens_on_every_address_is_asked_on_loopback(
    world: World, everywhere: str, asked: str
) -> None:
    view = world.look(listening(everywhere), answering=[asked])
    assert (view["supervisor"]["api"], world.asked) == ("answers", [(asked, 5000)])


def test_another_program_on_every_address_is_not_taken_for_it(world: World) -> None:
    view = world.look(listening("0.0.0.0", pid=7), listening(IP), answering=[IP])
    assert (view["supervisor"]["pid"], view["supervisor"]["listens"]) == (PID, [f"{IP}:5000"])


@pytest.mark.parametrize(
    ("url", "port"), [("http://10.30.3.11", 80), ("https://10.30.3.11", 443), ("https://10.30.3.11:8443", 8443)]
)
def test_port_of_the_url(world: World, url: str, port: int) -> None:
    assert world.look(listening(port=port), url=url)["supervisor"]["pid"] == PID


def test_supervisor_that_listens_elsewhere_is_found_by_its_directory(world: World, tmp_path: Path) -> None:
    """Evidence for supervisor.path_blocked: it runs, but not where the inventory says."""
    (tmp_path / "link").symlink_to(tmp_path)
    here = str(tmp_path.resolve())
    processes = [(900, here, 20.0), (PID, here, 10.0), (5, "/", 1.0), (6, None, 0.0)]
    view = world.look(
        listening("127.0.0.1", 5001), answering=["127.0.0.1"], directory=str(tmp_path / "link"), processes=processes
    )
    assert view["supervisor"] == {"pid": PID, "state": "sleeping", "listens": ["127.0.0.1:5001"], "api": "answers"}


def test_process_that_listens_nowhere(world: World, tmp_path: Path) -> None:
    view = world.look(directory=str(tmp_path), processes=[(PID, str(tmp_path.resolve()), 1.0)])
    assert (view["supervisor"]["pid"], view["supervisor"]["api"]) == (PID, "no_listener")


def test_process_that_ends_while_it_is_looked_at(world: World) -> None:
    assert world.look(listening(pid=1))["supervisor"]["state"] is None


def test_listener_of_another_user_is_seen_without_its_owner(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible often works as a user of its own: then the table has the socket, but not whose it is."""
    monkeypatch.setattr(_host.os, "geteuid", lambda: 1000)
    view = world.look(listening(pid=None), linked("SYN_SENT", pid=None), answering=[IP], plc=PLC)
    assert view["supervisor"] == {"pid": None, "state": None, "listens": [f"{IP}:5000"], "api": "answers"}
    assert view["plc"]["tcp"] == "syn_sent"
    assert view["not_observed"] == ["owners of other users' sockets (not root)"]


@pytest.mark.parametrize("error", [psutil.AccessDenied(), PermissionError()])
def test_socket_table_that_cannot_be_seen_proves_nothing(world: World, error: Exception) -> None:
    """No listener and no connection are evidence against supervisor and link: they must not be made up."""
    view = world.look(table=error, plc=PLC, answering=[PLC_IP])
    assert view["supervisor"]["api"] is None and view["plc"]["tcp"] is None
    assert view["plc"]["identity"]["ams_net_id"] == "10.30.3.21.1.1"
    assert view["not_observed"] == ["socket table (no permission)"]


# --- the path to the PLC ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sockets", "signal"),
    [
        ([linked()], "established"),
        ([linked("SYN_SENT")], "syn_sent"),
        ([linked(), linked("SYN_SENT")], "syn_sent"),
        ([linked("CLOSE_WAIT")], "none"),
        ([linked("TIME_WAIT", pid=None)], "none"),
        ([linked(ip="10.30.3.22")], "none"),
        ([linked(port=5000)], "none"),
        ([linked(pid=7)], "none"),
        ([], "none"),
    ],
)
def test_connection_of_the_supervisor_to_the_plc(world: World, sockets: list[t.Any], signal: str) -> None:
    assert world.look(listening(), *sockets, plc=PLC)["plc"]["tcp"] == signal


@pytest.mark.parametrize(("answering", "identity"), [([PLC_IP], "10.30.3.21.1.1"), ([], None)])
def test_plc_is_asked_over_udp_from_the_hosts_address(world: World, answering: list[str], identity: str | None) -> None:
    view = world.look(plc=PLC, answering=answering)
    assert (view["plc"]["identity"] or {}).get("ams_net_id") == identity
    assert world.identified == [(PLC_IP, {"local_ip": IP, "timeout": 0.5})]


def test_a_host_without_the_address_of_its_container_is_looked_at_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen with podman: the supervisor's address is its container's, and the host look failed as a whole."""
    def from_elsewhere(code: str) -> t.Callable[..., t.NoReturn]:
        def identify(ip: str, **options: t.Any) -> t.NoReturn:
            raise AdsError(code, "No.", "")
        return identify

    monkeypatch.setattr(_host, "identify", from_elsewhere("ads.local_address"))
    view = world.look(listening(), plc=PLC)
    assert view["supervisor"]["pid"] == PID and "plc" not in view
    assert f"the way to the PLC (this machine has not got {IP})" in view["not_observed"]
    monkeypatch.setattr(_host, "identify", from_elsewhere("ads.address_invalid"))
    with pytest.raises(AdsError):
        world.look(plc=PLC)


def test_start_that_a_silent_plc_blocks_is_seen_before_anything_listens(world: World) -> None:
    """SUPERVISOR_SYSTEMD 26: the unit is active, its port closed, and its connection stands in SYN-SENT."""
    view = world.look(linked("SYN_SENT"), linked("ESTABLISHED", pid=7), plc=PLC, main_pid=PID)
    assert (view["plc"]["tcp"], view["supervisor"]["pid"], view["supervisor"]["api"]) == ("syn_sent", PID, "no_listener")
    assert world.look(linked("SYN_SENT"), plc=PLC)["plc"]["tcp"] == "none"
    # Whoever listens where the inventory says is the supervisor, whatever the unit has started (23).
    assert world.look(listening(pid=7), plc=PLC, main_pid=PID)["supervisor"]["pid"] == 7


ELSEWHERE = {**PLC, "ams_net_id": "10.30.3.99.1.1"}


@pytest.mark.parametrize(
    ("sockets", "signals"),
    [
        ([linked(ip="10.30.3.99")], ("none", "established")),
        ([linked("SYN_SENT", ip="10.30.3.99")], ("none", "syn_sent")),
        ([linked()], ("established", "none")),
    ],
)
@pytest.mark.parametrize(("answering", "identity"), [(["10.30.3.99"], IDENTITY.ams_net_id), ([], None)])
def test_address_made_of_the_net_id_is_looked_at_too_if_it_is_another_one(
    world: World, sockets: list[t.Any], signals: tuple[str, str], answering: list[str], identity: str | None
) -> None:
    """Quirk 3: the supervisor connects to the first four numbers of the NetId, whatever the PLC's own address is."""
    view = world.look(listening(), *sockets, plc=ELSEWHERE, answering=answering)["plc"]
    there = view["net_id_address"]
    assert (view["tcp"], there["tcp"]) == signals
    assert (there["ip_address"], (there["identity"] or {}).get("ams_net_id")) == ("10.30.3.99", identity)
    assert [ip for ip, dummy in world.identified] == [PLC_IP, "10.30.3.99"]


@pytest.mark.parametrize("ams_net_id", ["10.30.3.21.1.1", "10.30.3.21.7.9", None, "", "10.30.3.99", "300.30.3.99.1.1", "x"])
def test_nothing_else_is_looked_at_for_the_same_address_or_for_what_is_no_net_id(world: World, ams_net_id: str | None) -> None:
    assert "net_id_address" not in world.look(plc={**PLC, "ams_net_id": ams_net_id})["plc"]
    assert [ip for ip, dummy in world.identified] == [PLC_IP]


def test_without_psutil_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: t.Any, **options: t.Any) -> t.Any:
        if name == "psutil":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LineopsError, match="psutil is not installed") as caught:
        _host.look(URL, None, None, timeout=0.5)
    assert caught.value.code == "library.missing" and "python3-psutil" in caught.value.hint


# --- real sockets ----------------------------------------------------------------------------------------------------


class Versioning(http.server.BaseHTTPRequestHandler):
    """Answers the one question that look() asks."""

    def do_GET(self) -> None:
        body = b'{"current_major": 1}' if self.path == "/api/system/versioning" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *dummy: t.Any) -> None:
        pass


@pytest.fixture
def server() -> t.Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Versioning) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(60)


def test_real_server_is_found_and_answers(server: http.server.ThreadingHTTPServer) -> None:
    view = _host.look(f"http://127.0.0.1:{server.server_port}", None, None, timeout=30)
    assert view["supervisor"]["pid"] == os.getpid()
    assert view["supervisor"]["state"] in ("running", "sleeping")
    assert f"127.0.0.1:{server.server_port}" in view["supervisor"]["listens"]
    assert view["supervisor"]["api"] == "answers"


def test_real_listener_that_says_nothing_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        view = _host.look(f"http://127.0.0.1:{listener.getsockname()[1]}", None, None, timeout=0.3)
    assert (view["supervisor"]["pid"], view["supervisor"]["api"]) == (os.getpid(), "silent")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b'HTTP/1.1 404 X\r\nContent-Length: 20\r\n\r\n{"current_major": 1 }',
        b"HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 X\r\nContent-Length: 17\r\n\r\n["current_major"]',
    ],
)
def test_real_listener_that_is_no_supervisor_is_silent(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def play() -> None:
            sock = listener.accept()[0]
            with sock:
                sock.recv(1000)
                sock.sendall(answer)

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        view = _host.look(f"http://127.0.0.1:{listener.getsockname()[1]}", None, None, timeout=30)
        thread.join(60)
    assert view["supervisor"]["api"] == "silent"


def test_real_process_is_found_by_its_directory_and_its_connection_is_seen(tmp_path: Path) -> None:
    """The whole way on this machine: another process, in the supervisor's directory, connected to a 'PLC'."""
    address = f"127.251.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250 + 1}"
    program = f"import socket\ns = socket.create_connection(({address!r}, 48898))\nprint('up', flush=True)\ninput()\n"
    with socket.create_server((address, 48898)) as plc:
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin and process.stdout and process.stdout.readline() == "up\n"
            try:
                plc_view = {"ip_address": address, "local_ip": None}
                view = _host.look(f"http://{address}:5999", str(tmp_path), plc_view, timeout=0.1)
            finally:
                process.stdin.close()
                process.wait(60)
        assert (view["supervisor"]["pid"], view["supervisor"]["api"]) == (process.pid, "no_listener")
        assert view["plc"] == {"tcp": "established", "identity": None}
        # Only looked at, never connected to: from a supervisor's address that would end its connection (DESIGN §7.2).
        plc.settimeout(0.2)
        plc.accept()[0].close()
        with pytest.raises(TimeoutError):
            plc.accept()


def test_supervisor_behind_tls_is_asked_with_tls() -> None:
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def play() -> None:
            sock = listener.accept()[0]
            with sock:
                said.append(sock.recv(1))

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        view = _host.look(f"https://127.0.0.1:{listener.getsockname()[1]}", None, None, timeout=30)
        thread.join(60)
    assert (said, view["supervisor"]["api"]) == ([b"\x16"], "silent")  # a TLS handshake begins with this byte
