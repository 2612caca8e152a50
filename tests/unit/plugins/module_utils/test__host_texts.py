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
