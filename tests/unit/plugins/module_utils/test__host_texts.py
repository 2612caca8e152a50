# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's tools print: texts captured from systemd 252, and shapes of podman and docker, read without I/O."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _host_texts as texts

# Printed by systemd 252 with TZ=UTC: the shipped unit while it runs …
RUNNING = """Restart=always
RestartUSec=1s
MainPID=35
Result=success
NRestarts=0
ExecMainCode=0
ExecMainStatus=0
NeedDaemonReload=no
ExecMainStartTimestamp=Wed 2026-11-25 19:40:44 UTC
ControlGroup=/system.slice/smarthome-web.service
WorkingDirectory=/opt/supervisor
User=games
LoadState=loaded
ActiveState=active
SubState=running
FragmentPath=/etc/systemd/system/smarthome-web.service
UnitFileState=disabled
StartLimitIntervalUSec=1min
StartLimitBurst=10
"""
# … one between two starts, without a start limit and with a directory that may be missing …
FLAPPING = """Restart=on-failure
RestartUSec=1min 30.500000s
MainPID=0
Result=exit-code
NRestarts=2
ExecMainStartTimestamp=Wed 2026-11-25 19:41:05 UTC
ControlGroup=
WorkingDirectory=!/opt/x
User=
LoadState=loaded
ActiveState=activating
SubState=auto-restart
FragmentPath=/etc/systemd/system/flap.service
UnitFileState=static
StartLimitIntervalUSec=0
StartLimitBurst=5
"""
# … and one it does not know.
NOT_FOUND = """RestartUSec=100ms
MainPID=0
ExecMainStartTimestamp=
ControlGroup=
User=
LoadState=not-found
"""


def test_unit_that_runs() -> None:
    assert texts.unit_of(RUNNING) == {
        "load_state": "loaded", "active_state": "active", "sub_state": "running", "unit_file_state": "disabled",
        "result": "success", "main_pid": 35, "started_at": "2026-11-25T19:40:44Z", "restarts": 0, "restart": "always",
        "restart_s": 1.0, "start_limit_burst": 10, "start_limit_s": 60.0, "user": "games",
        "working_directory": "/opt/supervisor", "fragment_path": "/etc/systemd/system/smarthome-web.service",
        "control_group": "/system.slice/smarthome-web.service", "need_daemon_reload": False, "exec_main_code": 0,
        "exec_main_status": 0,
    }  # fmt: skip


def test_unit_between_two_starts() -> None:
    """No process is no process 0, no User= is root, a start limit of 0 is one that never strikes."""
    unit = texts.unit_of(FLAPPING)
    assert (unit["main_pid"], unit["user"], unit["control_group"]) == (None, "root", None)
    assert (unit["restart_s"], unit["start_limit_s"], unit["working_directory"]) == (90.5, 0.0, "/opt/x")


def test_unit_that_systemd_does_not_know_claims_nothing() -> None:
    unit = texts.unit_of(NOT_FOUND)
    assert unit.pop("load_state") == "not-found" and unit.pop("restart_s") == 0.1
    assert set(unit.values()) == {None}


@given(st.text(alphabet="AUsr=0123456789 \n-abc", max_size=60))
def test_whatever_systemctl_prints_is_no_traceback(text: str) -> None:
    assert set(texts.unit_of(text)) == set(texts.unit_of(RUNNING))


def test_masked_unit_is_told_as_that_while_its_process_goes_on() -> None:
    """SUPERVISOR_SYSTEMD 25: a link to /dev/null counts after daemon-reload."""
    unit = texts.unit_of("LoadState=masked\nActiveState=active\nMainPID=35\nFragmentPath=/dev/null\nUser=\nNeedDaemonReload=yes\n")
    assert (unit["load_state"], unit["active_state"], unit["main_pid"]) == ("masked", "active", 35)
    assert (unit["need_daemon_reload"], unit["user"], unit["exec_main_status"]) == (True, None, None)


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        ("1s", 1.0), ("100ms", 0.1), ("1min", 60.0), ("1min 30s", 90.0), ("1d 2h", 93600.0), ("0", 0.0),
        ("1month 1w", 3234600.0), ("250us", 0.00025), ("1y 2h 3min", 31564980.0), ("2days", 172800.0),
        ("infinity", None), ("", None), ("soon", None), ("1s and more", None), ("1sx", None), ("1", None),
    ],
)  # fmt: skip
def test_time_spans_of_systemd(span: str, seconds: float | None) -> None:
    assert texts.seconds_of(span) == seconds


# --- containers ------------------------------------------------------------------------------------------------------

STATE = {
    "Status": "running", "Running": True, "OOMKilled": False, "Pid": 4711, "ExitCode": 0, "Error": "",
    "StartedAt": "2026-11-23T10:13:24.1Z", "FinishedAt": "0001-01-01T00:00:00Z",
}  # fmt: skip
CONFIG = {"Env": ["SMARTHOME_ADMIN_API_KEY=canary-key"], "Image": "supervisor:4.8"}
DOCKER = {
    "Id": "1", "Name": "/supervisor",
    "State": {**STATE, "Health": {"Status": "healthy", "Log": [{"Output": "canary"}]}}, "RestartCount": 2,
    "HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}, "Config": CONFIG,
}  # fmt: skip
PODMAN = {
    **DOCKER, "State": {**STATE, "ConmonPid": 4709, "Healthcheck": {"Status": "healthy"}},
    "ImageName": "localhost/supervisor:4.8", "Config": {**CONFIG, "Image": "localhost/supervisor:4.8"},
}  # fmt: skip


@pytest.mark.parametrize(("one", "image"), [(DOCKER, "supervisor:4.8"), (PODMAN, "localhost/supervisor:4.8")])
def test_container_without_its_environment(one: t.Any, image: str) -> None:
    """inspect prints the keys in the environment too: only what is asked for may leave the host."""
    view = texts.container_of(json.dumps([one]))
    assert view == {
        "status": "running", "pid": 4711, "exit_code": 0, "oom_killed": False, "error": "", "health": "healthy",
        "started_at": "2026-11-23T10:13:24.1Z", "finished_at": "0001-01-01T00:00:00Z", "restarts": 2,
        "restart_policy": "always", "image": image,
    }  # fmt: skip


def test_container_that_is_down_has_no_process() -> None:
    down = {**DOCKER, "State": {**STATE, "Status": "exited", "Pid": 0, "ExitCode": 137, "OOMKilled": True}}
    view = texts.container_of(json.dumps([down]))
    assert view and (view["pid"], view["exit_code"], view["oom_killed"], view["health"]) == (None, 137, True, None)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["State", "Pid", "Status", "HostConfig", "RestartPolicy", "Config"]), inner),
    max_leaves=8,
)


@given(JUNK)
def test_whatever_an_engine_prints_is_no_traceback(junk: t.Any) -> None:
    view = texts.container_of(json.dumps(junk))
    assert view is None or isinstance(view["pid"], (int, type(None)))


@pytest.mark.parametrize("text", ["", "Error", "[]", "{}", "[null]", '[{"State": []}]', "[" * 100000])
def test_what_is_no_container_is_none(text: str) -> None:
    assert texts.container_of(text) is None


# --- control groups --------------------------------------------------------------------------------------------------

GROUP = "/system.slice/smarthome-web.service"


@pytest.mark.parametrize(
    ("cgroups", "group", "inside"),
    [
        (f"0::{GROUP}\n", GROUP, True),
        (f"12:pids:/x\n1:name=systemd:{GROUP}\n0::/\n", GROUP, True),
        (f"0::{GROUP}/ffmpeg\n", GROUP, True),
        (f"0::{GROUP}x\n", GROUP, False),
        ("0::/system.slice/foreign.service\n", GROUP, False),
        (f"4:memory:{GROUP}\n0::/user.slice\n", GROUP, False),
        ("0::/\n", "", False),
        ("garbage\n", GROUP, False),
    ],
)
def test_process_in_the_units_control_group(cgroups: str, group: str, inside: bool) -> None:
    assert texts.in_control_group(cgroups, group) is inside


# --- command lines ---------------------------------------------------------------------------------------------------

JWT = "eyJhbGciOiJSUzI1NiIsImprdSI6Ii9vYXV0aC9pbnRlcm5hbC9qd2tzIn0.eyJhcHBfaWQiOiJyaW5nX29mZmljaWFsX2FuZHJvaWQ.c2ln"


@pytest.mark.parametrize(
    ("given_words", "shown"),
    [
        (["ffmpeg", "-i", "rtsp://admin:canary@10.0.0.9/x"], ["ffmpeg", "-i", "rtsp://***@10.0.0.9/x"]),
        (["ffmpeg", "-i", "rtsp://admin:can@ry/canary@10.0.0.9/x"], ["ffmpeg", "-i", "rtsp://***@10.0.0.9/x"]),
        (
            ["ffmpeg", "-i", "rtsp://h/user=a&password=canary&ch=1"],
            ["ffmpeg", "-i", "rtsp://h/user=a&password=***&ch=1"],
        ),
        (["ffmpeg", "-headers", "Authorization: Basic canary"], ["ffmpeg", "-headers", "Authorization: Basic ***"]),
        (["python", "x.py", "--api-key", "canary"], ["python", "x.py", "--api-key", "***"]),
        (["python", "x.py", "--password", "canary", "on"], ["python", "x.py", "--password", "***", "on"]),
        (["python", "x.py", "--admin-key=canary"], ["python", "x.py", "--admin-key=***"]),
        (["env", "SMARTHOME_ADMIN_API_KEY=canary", "python"], ["env", "SMARTHOME_ADMIN_API_KEY=***", "python"]),
        (["x", "url=rtsp://a:canary@10.0.0.9/x"], ["x", "url=rtsp://***@10.0.0.9/x"]),
        (["node", "ring_bridge.js", "--refresh-token", "canary"], ["node", "ring_bridge.js", "--refresh-token", "***"]),
        (["node", "ring_bridge.js", JWT], ["node", "ring_bridge.js", "***"]),
        (["node", "ring_bridge.js", "canary/Canary+0123456789abcdefghij=="], ["node", "ring_bridge.js", "***"]),
        (["ffmpeg", "-hls_flags", "delete_segments+append_list+omit_endlist+program_date_time"],) * 2,
        (["ffmpeg", "/opt/supervisor/web/static/hls/FrontDoorCamera0123.m3u8"],) * 2,
        (["ffmpeg", "a" * 400], ["ffmpeg", "a" * 300]),
        (["bad\udcff"], ["bad?"]),
        ([], []),
    ],
)
def test_command_lines_without_secrets(given_words: list[str], shown: list[str]) -> None:
    assert texts.shown_command(given_words) == shown and "canary" not in repr(shown).lower()


def test_long_command_lines_end() -> None:
    assert texts.shown_command(["x"] * 61) == ["x"] * 60 + ["…"]


@pytest.mark.parametrize(
    ("words", "is_bridge"),
    [
        (["node", "/opt/supervisor/ring_bridge.js"], True),
        (["/opt/x/ring-webrtc-bridge", "--cam"], True),
        (["python", "-m", "modules.gateway.ring_bridge"], True),
        (["python", "bridge_ring.py"], True),
        (["python", "string_bridge.py"], False),
        (["monitoring-bridge"], False),
        (["docker-bridge", "x", "y", "z", "ring_bridge"], False),
        ([], False),
    ],
)
def test_ring_bridge_is_known_by_its_name(words: list[str], is_bridge: bool) -> None:
    assert texts.is_ring_bridge(words) is is_bridge


@pytest.mark.parametrize(
    ("name", "words", "known"),
    [
        ("ffmpeg", [], True),
        ("python3", ["/usr/bin/ffmpeg", "-i"], True),
        ("python3", ["ffmpeg"], True),
        ("python3", ["python3", "ffmpeg.py"], False),
        (None, [], False),
    ],
)
def test_ffmpeg_is_known_by_its_name_or_call(name: str | None, words: list[str], known: bool) -> None:
    assert texts.is_ffmpeg(name, words) is known


# --- /proc -----------------------------------------------------------------------------------------------------------

# Lines of Linux 6.1; the last ones are none.
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 6331021 1 0000000035b9366a 100 0 0 10 0
   1: 0B031E0A:C350 15031E0A:BF02 02 00000001:00000000 01:00000063 00000001  1001        0 6331022 2 0000000035b9366b 200 0 0 1 7
   2: 0100007F:A82B 0100007F:E522 06 00000000:00000000 03:00000239 00000000     0        0 0 3 000000004625b8de
   x
   3: zz:1388 00000000:0000 0A 0 0 0 0 0 0 0
"""
TCP6 = """  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 00000000000000000000000000000000:1388 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1001 0 7 1 0
   1: 0000000000000000FFFF00000B031E0A:1388 0000000000000000FFFF000015031E0A:0050 01 00000000:00000000 00:00000000 00000000  1001 0 8 1 0
   2: B80D0120000000000000000001000000:1388 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 9 1 0
"""


def test_sockets_of_the_kernels_table() -> None:
    assert texts.tcp_sockets(TCP) == [
        ("0.0.0.0", 5000, "0.0.0.0", 0, "LISTEN", 1001, 6331021),
        ("10.30.3.11", 50000, "10.30.3.21", 48898, "SYN_SENT", 1001, 6331022),
        ("127.0.0.1", 43051, "127.0.0.1", 58658, "", 0, 0),
    ]
    assert texts.tcp_sockets(TCP6) == [
        ("::", 5000, "::", 0, "LISTEN", 1001, 7),
        ("10.30.3.11", 5000, "10.30.3.21", 80, "ESTABLISHED", 1001, 8),
        ("2001:db8::1", 5000, "::", 0, "LISTEN", 0, 9),
    ]


@given(st.text(max_size=200))
def test_whatever_proc_shows_is_no_traceback(text: str) -> None:
    texts.tcp_sockets(f"head\n{text}")
    texts.state_and_start(text)
    texts.users_of(text)
    assert len(texts.plain_lines(text, 3)) <= 3


@pytest.mark.parametrize(
    ("url", "port"), [("http://h:5000", 5000), ("http://h", 80), ("https://h/x", 443), ("http://[::1]:8080", 8080)]
)
def test_port_of_a_url(url: str, port: int) -> None:
    assert texts.port_of(url) == port


def test_state_start_and_users_of_a_process() -> None:
    """The name may hold what looks like the end of the name."""
    rest = " ".join(str(number) for number in range(4, 53))
    assert texts.state_and_start(f"7 (a) R (b) S {rest}") == ("S", 22)
    assert texts.state_and_start("7 (a) S 1 2") is None
    assert texts.users_of("Name:\tx\nUid:\t1001\t1001\t0\t1001\nGid:\t5\t5\t5\t5\n") == {1001, 0}
    assert texts.users_of("Name:\tx\n") == set()


def test_last_lines_are_plain_and_without_secrets() -> None:
    said = "first\n\n  second \x1b[31m password=canary\nthird" + "x" * 400
    assert texts.plain_lines(said, 2) == ["second  [31m password=***", "third" + "x" * 295]
