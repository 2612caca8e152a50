# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""supervisor_manager with programs made here in place of systemctl, sudo and podman; processes and sockets are real."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _host_unit, _manager
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._host_proc import process_of
from ansible_collections.lineops.runbook.plugins.module_utils._host_texts import TcpSocket
from ansible_collections.lineops.runbook.plugins.module_utils._timestamps import utc_text
from ansible_collections.lineops.runbook.plugins.modules import supervisor_manager
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

ME = pwd.getpwuid(os.geteuid()).pw_name
UNIT = "smarthome-web.service"
PASSWORD_NEEDED = "sudo: a password is required"

# Serves a port until it is ended, at the latest after some minutes; says "up" once it does. A deaf one ignores SIGTERM.
SERVE = """
import signal, socket, sys, time
port, deaf = int(sys.argv[1]), sys.argv[2:] == ["deaf"]
if deaf:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if port:
    listener.bind(("127.0.0.1", port))
    listener.listen()
print("up", flush=True)
time.sleep(300)
"""

# Plays systemctl, podman and docker: keeps what it is told in a file, and lets real processes serve the port.
MANAGER = """
import json, os, subprocess, sys
folder = os.path.dirname(os.path.abspath(sys.argv[0]))
words = sys.argv[1:]
state = json.load(open(folder + "/state"))
with open(folder + "/calls", "a") as stream:
    stream.write(json.dumps([os.path.basename(sys.argv[0]), *words]) + "\\n")


def start():
    pid = state["unit"].get("MainPID") or 0
    if state["does"] == "nothing":
        return pid
    if pid:
        os.kill(pid, 9)
    if state["does"] == "die":
        return 0
    port = state["port"] if state["does"] == "serve" else 0
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", state["serve"], str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True)
    process.stdout.readline()
    with open(folder + "/pids", "a") as stream:
        stream.write(str(process.pid) + "\\n")
    return process.pid


if words[0] == "show":
    print("\\n".join(f"{name}={value}" for name, value in state["unit"].items()))
elif words[0] == "inspect":
    if state["box"] is None or (state.get("hidden") and "SUDO" not in os.environ):
        sys.exit("Error: no such container")
    print(json.dumps([state["box"]]))
elif "ps" in words:
    print(state["id"])
elif state.get("gives_up") and "restart" in words:
    state["box"]["State"].update(Status="exited", Pid=0)
    json.dump(state, open(folder + "/state", "w"))
    sys.exit("Error: it had to be killed")
elif words[0] == "reset-failed":
    state["unit"]["ActiveState"] = "inactive"
else:
    state["unit"].update(ActiveState="active", SubState="running", MainPID=start(), NRestarts=0)
    state["unit"].update(state.get("after") or {})
    if state["box"] is not None and state["does"] == "serve":
        state["box"]["State"].update(StartedAt="later", Pid=7, Status="running")
    json.dump(state, open(folder + "/state", "w"))
    sys.stderr.write(state.get("says", ""))
    sys.exit(state.get("code", 0))
json.dump(state, open(folder + "/state", "w"))
"""

# Notes its words, then does as told: lets through, or refuses.
SUDO = """
import json, os, sys
folder = os.path.dirname(os.path.abspath(sys.argv[0]))
with open(folder + "/calls", "a") as stream:
    stream.write(json.dumps(["sudo", *sys.argv[1:]]) + "\\n")
refusal = json.load(open(folder + "/state")).get("refusal")
if refusal:
    sys.exit(refusal)
rest = sys.argv[sys.argv.index("--") + 1:]
os.environ.update(SUDO="1", PATH=folder + ":/usr/bin:/bin")
os.execvp(rest[0], rest)
"""


class Host:
    """A host with a unit and a container, and a port of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in ("systemctl", "podman", "docker", "journalctl", "sudo"):
            self.program(name, {"sudo": SUDO, "journalctl": "print('line of systemd password=canary')"}.get(name, MANAGER))
        self.state: dict[str, t.Any] = {}
        self.set(
            unit={"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "Result": "success", "MainPID": 0,
                  "NRestarts": 4, "User": ME, "Restart": "always", "ControlGroup": f"/system.slice/{UNIT}",
                  "ExecMainStatus": 0, "UnitFileState": "enabled"},
            box={"State": {"Status": "running", "Pid": 6, "StartedAt": "early"}, "RestartCount": 0},
            port=self.port, does="serve", serve=SERVE, id="c0ffee",
        )  # fmt: skip
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(_host_unit, "_BOOTED", str(folder))
        monkeypatch.setattr(_host_unit, "_PATH", "/nonexistent")
        monkeypatch.setattr(_manager, "_POLL_S", 0.05)
        monkeypatch.setattr(_manager, "_STABLE_S", 0.3)
        self.act_as(0)

    def act_as(self, uid: int) -> None:
        self.monkeypatch.setattr(_manager.os, "geteuid", lambda: uid)

    def program(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!{sys.executable} -IS\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def set(self, **values: t.Any) -> None:
        unit = {**self.state.get("unit", {}), **values.pop("unit", {})}
        self.state.update(values, unit=unit)
        (self.folder / "state").write_text(json.dumps(self.state), encoding="utf-8")

    def calls(self) -> list[str]:
        """What was run to change something, or with rights; looks are left out."""
        path = self.folder / "calls"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        return [" ".join(words) for words in lines if words[1] not in ("show", "inspect")]

    def restart(self, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"manager": "systemd", "unit": UNIT, "url": f"http://127.0.0.1:{self.port}", "timeout": 60.0, **options}
        result = outcome_of(supervisor_manager, params_of(supervisor_manager, **given), check_mode)
        wanted = {"requested", "original", "reached", "changed", "verified", "latency_s", "ended", "journal", "lines", "diff"}
        assert wanted <= set(result) and "canary" not in repr(result)
        return result

    @contextlib.contextmanager
    def escaped(self, *words: str) -> t.Iterator[tuple[subprocess.Popen[str], dict[str, t.Any]]]:
        """A process of the service's user that holds the port, and what host_info tells of it."""
        arguments = [sys.executable, "-I", "-S", "-c", SERVE, str(self.port), *words]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout and process.stdout.readline()
                found = process_of(process.pid)
                assert found
                yield process, {"pid": process.pid, "started_at": utc_text(int(found.started) * 1000)[:19] + "Z"}
            finally:
                process.kill()

    def end(self) -> None:
        path = self.folder / "pids"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line), signal.SIGKILL)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Host]:
    host = Host(tmp_path, monkeypatch)
    yield host
    host.end()


def code(result: t.Mapping[str, t.Any]) -> str:
    return result["failure"]["code"]


# --- systemd ---------------------------------------------------------------------------------------------------------


def test_unit_is_restarted_and_its_new_process_serves_the_port(host: Host) -> None:
    result = host.restart()
    assert host.calls() == [f"systemctl restart {UNIT}"]
    assert (result["changed"], result["verified"], result["requested"]["manager"]) == (True, True, "systemd")
    assert result["original"] == {
        "main_pid": None, "active_state": "active", "sub_state": "running", "result": "success", "restarts": 4,
        "unit_file_state": "enabled",
    }  # fmt: skip
    reached = result["reached"]
    assert (reached["active_state"], reached["listening"], reached["restarts"]) == ("active", True, 0)
    again = host.restart()
    assert again["original"]["main_pid"] == reached["main_pid"] != again["reached"]["main_pid"] and again["verified"]


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        ("failed", ["reset-failed", "start"]),
        ("inactive", ["start"]),
        ("activating", ["reset-failed", "restart"]),  # it may be one start away from its limit
        ("deactivating", ["restart"]),
    ],
)
def test_what_is_done_depends_on_the_units_state(host: Host, state: str, calls: list[str]) -> None:
    host.set(unit={"ActiveState": state})
    assert host.restart()["verified"] is True
    assert host.calls() == [f"systemctl {verb} {UNIT}" for verb in calls]


def test_without_root_each_command_goes_through_sudo_in_just_this_form(host: Host) -> None:
    host.act_as(54321)
    host.set(unit={"ActiveState": "failed"})
    assert host.restart()["verified"] is True
    assert [call for call in host.calls() if call.startswith("sudo")] == [
        f"sudo -n -- systemctl reset-failed {UNIT}",
        f"sudo -n -- systemctl start {UNIT}",
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        PASSWORD_NEEDED,
        "sudo: a terminal is required to read the password; either use the -S option or configure an askpass helper",
        "Sorry, user ansible is not allowed to execute '/usr/bin/systemctl restart x' as root on h1.",
        "ansible is not in the sudoers file.",
        'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
    ],
)
def test_sudo_that_refuses_is_told_with_what_to_do(host: Host, refusal: str) -> None:
    host.act_as(54321)
    host.set(refusal=refusal)
    result = host.restart()
    assert code(result) == "host.not_allowed" and "sudoers" in result["failure"]["hint"]
    assert "systemctl restart" in result["failure"]["message"] and result["changed"] is False


def test_host_without_sudo(host: Host) -> None:
    host.act_as(54321)
    (host.folder / "sudo").unlink()
    assert code(host.restart()) == "host.not_allowed"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(("state", "expected"), [("masked", "unit.masked"), ("not-found", "unit.not_found")])
def test_unit_that_cannot_be_started_is_not_touched(host: Host, state: str, expected: str, check_mode: bool) -> None:
    host.set(unit={"LoadState": state})
    result = host.restart(check_mode)
    assert (code(result), result["changed"], host.calls()) == (expected, False, [])


LIMIT = f"Job for {UNIT} failed because start of the service was attempted too often.\n"


@pytest.mark.parametrize(
    ("says", "after", "expected"),
    [
        (LIMIT, {"ActiveState": "failed", "Restart": "no"}, "unit.start_limit"),
        ("Job failed.", {"ActiveState": "failed", "Result": "start-limit-hit", "Restart": "no"}, "unit.start_limit"),
        ("Job failed.", {"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code", "ExecMainStatus": 200},
         "unit.start_failed"),
        ("Failed to restart x: Unit x is masked.", {"LoadState": "masked"}, "unit.masked"),
    ],
)  # fmt: skip
def test_start_that_fails_is_told_with_the_last_lines_of_the_journal(
    host: Host, says: str, after: dict[str, t.Any], expected: str
) -> None:
    host.set(says=says, code=1, does="die", after=after)
    result = host.restart()
    assert code(result) == expected and result["changed"] is True and result["verified"] is False
    if expected != "unit.masked":
        assert result["journal"] == ["line of systemd password=***"] and "password=***" in result["failure"]["message"]
    if expected == "unit.start_failed":
        assert "exit status 200" in result["failure"]["message"]


@pytest.mark.parametrize(("policy", "expected"), [("always", "unit.start_limit"), ("no", "unit.start_failed")])
def test_unit_that_fails_a_moment_later_is_not_waited_for(host: Host, policy: str, expected: str) -> None:
    """SUPERVISOR_SYSTEMD 3 and 19: systemctl returned 0, and Result stays exit-code at the start limit."""
    host.set(does="die", after={"ActiveState": "failed", "Result": "exit-code", "Restart": policy})
    result = host.restart()
    assert (code(result), result["reached"]["active_state"]) == (expected, "failed")


def test_unit_that_is_between_two_starts_at_the_end_did_not_start(host: Host) -> None:
    host.set(does="die", after={"ActiveState": "activating", "SubState": "auto-restart"})
    assert code(host.restart(timeout=0.5)) == "unit.start_failed"


def test_active_unit_with_a_closed_port_is_not_back(host: Host) -> None:
    host.set(does="mute")
    result = host.restart(timeout=0.5)
    assert code(result) == "restart.not_back" and f"port {host.port}" in result["failure"]["message"]
    assert result["reached"]["listening"] is False and result["reached"]["main_pid"]


@pytest.mark.parametrize(
    ("facts", "files", "waits"),
    [
        ({}, None, True),
        ({}, {77}, True),
        ({}, {78}, False),
        ({"uid": 4_000_000_000}, None, False),
        ({"state": "ESTABLISHED"}, None, False),
        ({"remote_port": 80}, None, False),
    ],
)
def test_start_blocked_by_a_silent_plc_is_told_as_that(
    host: Host, facts: dict[str, t.Any], files: set[int] | None, waits: bool
) -> None:
    waiting = TcpSocket("10.0.0.1", 50000, "10.0.0.2", 48898, "SYN_SENT", pwd.getpwnam(ME).pw_uid, 77)
    host.monkeypatch.setattr(_manager, "sockets", lambda: [waiting._replace(**facts)])
    host.monkeypatch.setattr(_manager, "inodes_of", lambda pid: files)
    host.set(does="mute")
    result = host.restart(timeout=0.5)
    assert code(result) == "restart.not_back" and result["reached"]["syn_sent"] is waits
    assert ("48898" in result["failure"]["message"] and "again" in result["failure"]["hint"]) is waits


@pytest.mark.parametrize("sees_files", [True, False])
def test_port_still_served_by_an_older_process_of_the_same_user_is_no_success(host: Host, sees_files: bool) -> None:
    """SUPERVISOR_SYSTEMD 21 and 23: each attempt is active for seconds, and the other answers all health checks.

    Without root nobody sees whose the socket is, only that it was there before.
    """
    host.set(does="mute")
    if not sees_files:
        host.monkeypatch.setattr(_manager, "inodes_of", lambda pid: None)
    with host.escaped():
        result = host.restart(timeout=0.5)
    assert code(result) == "restart.not_back" and f"process of {ME}" in result["failure"]["message"]


def test_restart_that_left_the_old_process_in_place_is_no_success(host: Host) -> None:
    """Even if it serves the port with another socket."""
    with host.escaped() as (process, dummy):
        host.set(does="nothing", unit={"MainPID": process.pid})
        restart = _manager.Restart._reached
        host.monkeypatch.setattr(_manager.Restart, "_reached", lambda *seen: {**restart(*seen), "listening": True})
        result = host.restart(timeout=0.5)
    assert code(result) == "restart.not_back" and result["verified"] is False


class Clock:
    """Time that only passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("looks", "verified", "seconds"),
    [
        ([1], True, 2.0),
        ([None, None, 1], True, 3.0),
        ([1, 1, 1, 2, 2, 2, None, None, 3], True, 6.0),
        ([1, 1, 1, 1, 1, 2], True, 2.0),
        ([1, 1, 1, 2, 2, 2] * 50, False, 12.5),
        ([1, None] * 100, False, 10.0),
        ([None] * 100, False, 10.0),
        ([None] * 19 + [1], True, 11.5),
    ],
)
def test_only_what_stays_for_two_seconds_is_back(
    monkeypatch: pytest.MonkeyPatch, looks: list[t.Any], verified: bool, seconds: float
) -> None:
    """A crash loop is up for seconds in each round. What came in time is still watched after it."""
    clock = Clock()
    monkeypatch.setattr(_manager, "time", clock)
    given = {"manager": "command", "command": ["x"], "url": "http://127.0.0.1:1", "timeout": 10.0}
    restart = _manager.Restart(params_of(supervisor_manager, **given), Change("x", None), False)
    left = iter([*looks, *[looks[-1]] * 1000])

    def look() -> t.Any:
        return next(left), lambda: LineopsError("restart.not_back", "x")

    if verified:
        assert restart._until_steady(look)["verified"] is True
    else:
        with pytest.raises(LineopsError):
            restart._until_steady(look)
    assert clock.now - 1000.0 == pytest.approx(seconds, abs=0.5)


def test_job_of_somebody_else_that_comes_in_between_is_waited_for(host: Host) -> None:
    host.set(says=f"Job for {UNIT} canceled.\n", code=1)
    assert host.restart()["verified"] is True


def test_systemctl_that_never_ends_is_given_up(host: Host) -> None:
    hanging = "import time\nif words[0] == 'restart':\n    time.sleep(300)\n"
    host.program("systemctl", MANAGER.replace('if words[0] == "show":', f'{hanging}if words[0] == "show":'))
    started = time.monotonic()
    result = host.restart(timeout=1.0)
    assert code(result) == "manager.failed" and "no answer within" in result["failure"]["message"]
    assert result["changed"] is True and result["reached"] is None and time.monotonic() - started < 60


def test_host_without_systemd(host: Host) -> None:
    host.monkeypatch.setattr(_host_unit, "_BOOTED", "/nonexistent")
    result = host.restart()
    assert code(result) == "manager.failed" and "no systemd runs this host" in result["failure"]["message"]


# --- the escaped process ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "name"), [((), "SIGTERM"), (("deaf",), "SIGKILL")])
def test_escaped_process_is_ended_before_the_restart(host: Host, words: tuple[str, ...], name: str) -> None:
    host.monkeypatch.setattr(_manager, "_TERM_S", 0.5 if words else 60.0)
    with host.escaped(*words) as (process, escaped):
        result = host.restart(escaped=escaped)
        assert process.wait(60) == -getattr(signal, name)
    assert (result["verified"], result["ended"]) == (True, {"pid": escaped["pid"], "signal": name})


def test_without_root_it_is_ended_as_the_services_user(host: Host) -> None:
    host.act_as(54321)
    with host.escaped() as (process, escaped):
        result = host.restart(escaped=escaped)
        assert process.wait(60) == -signal.SIGTERM
    assert result["verified"] is True
    assert host.calls()[0] == f"sudo -n -u {ME} -- kill -TERM {escaped['pid']}"


def test_kill_that_sudo_refuses_ends_nothing(host: Host) -> None:
    host.act_as(54321)
    host.set(refusal=PASSWORD_NEEDED)
    with host.escaped() as (process, escaped):
        result = host.restart(escaped=escaped)
        assert process.poll() is None
    assert (code(result), result["changed"], len(host.calls())) == ("host.not_allowed", False, 1)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("case", ["other start", "no time", "other user", "in the unit", "main process", "no port", "gone"])
def test_process_that_is_not_ours_is_never_ended(host: Host, case: str, check_mode: bool) -> None:
    with host.escaped() as (process, escaped):
        options: dict[str, t.Any] = {"escaped": escaped}
        if case == "other start":
            escaped["started_at"] = "2026-11-23T10:13:24Z"
        elif case == "no time":
            escaped["started_at"] = "yesterday"
        elif case == "other user":
            options["user"] = "nobody"
        elif case == "in the unit":
            host.monkeypatch.setattr(_manager.rules, "in_control_group", lambda cgroups, group: True)
        elif case == "main process":
            host.set(unit={"MainPID": escaped["pid"]})
        elif case == "no port":
            options["url"] = "http://127.0.0.1:1"
        else:
            escaped["pid"] = 2**22 + 1
        result = host.restart(check_mode, **options)
        assert process.poll() is None
    assert (code(result), result["changed"], host.calls()) == ("process.not_ours", False, [])


# --- containers ------------------------------------------------------------------------------------------------------

BOX = {"name": "supervisor"}
PROJECT = {"project_dir": "/srv/line3", "service": "supervisor"}


@pytest.mark.parametrize(
    ("manager", "box", "calls"),
    [
        ("podman", BOX, ["podman restart supervisor"]),
        ("docker", {"engine": "docker", **BOX}, ["docker restart supervisor"]),
        ("compose", {**BOX, **PROJECT}, ["docker compose --project-directory /srv/line3 restart supervisor"]),
        ("compose", {"engine": "podman", **PROJECT},
         ["podman compose --project-directory /srv/line3 ps -q supervisor",
          "podman compose --project-directory /srv/line3 restart supervisor"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("check_mode", [False, True])
def test_container_is_restarted_and_runs_anew(
    host: Host, manager: str, box: dict[str, str], calls: list[str], check_mode: bool
) -> None:
    result = host.restart(check_mode, manager=manager, container=box)
    assert host.calls() == (calls[:-1] if check_mode else calls)
    assert result["changed"] is True and result["verified"] is not check_mode
    assert (result["original"]["started_at"], (result["reached"] or {}).get("started_at")) == (
        "early",
        None if check_mode else "later",
    )


def test_container_that_does_not_run_anew_is_no_success(host: Host) -> None:
    host.set(does="mute")
    result = host.restart(manager="podman", container=BOX, timeout=0.5)
    assert code(result) == "manager.failed" and "started at early" in result["failure"]["message"]


def test_engine_that_fails_is_told_with_its_words(host: Host) -> None:
    host.set(says="Error: conmon failed, token=canary\n", code=125)
    result = host.restart(manager="podman", container=BOX)
    assert code(result) == "manager.failed" and result["lines"] == ["Error: conmon failed, token=***"]


def test_container_that_ended_though_its_restart_failed_is_started(host: Host) -> None:
    """Seen with podman 4.3: a frozen process had to be killed, and the restart gave up between its stop and its start."""
    host.set(gives_up=True)
    result = host.restart(manager="podman", container=BOX)
    assert result["verified"] is True and host.calls() == ["podman restart supervisor", "podman start supervisor"]


def test_container_only_root_may_see_is_restarted_through_sudo(host: Host) -> None:
    host.act_as(54321)
    host.set(hidden=True)
    assert host.restart(manager="podman", container=BOX)["verified"] is True
    assert "sudo -n -- podman restart supervisor" in host.calls()
    host.set(hidden=True, refusal=PASSWORD_NEEDED)
    result = host.restart(manager="podman", container=BOX)
    assert code(result) == "host.not_allowed" and "no such container" in result["failure"]["message"]


def test_container_that_nobody_knows(host: Host) -> None:
    host.set(box=None)
    result = host.restart(manager="docker", container=BOX)
    assert (code(result), result["changed"]) == ("manager.failed", False)


# --- other orchestrators ---------------------------------------------------------------------------------------------


def test_command_is_run_as_it_is_and_a_new_socket_proves_it(host: Host) -> None:
    with host.escaped() as (process, dummy):
        host.set(unit={"MainPID": process.pid})
        result = host.restart(manager="command", command=["systemctl", "rollout", "$(reboot) ; x", 3])
    assert host.calls() == ["systemctl rollout $(reboot) ; x 3"]
    assert (result["verified"], result["original"], result["reached"]) == (True, {"listening": True}, {"listening": True})


def test_command_without_a_socket_on_this_host_proves_nothing_and_is_not_waited_for(host: Host) -> None:
    host.set(does="mute")
    result = host.restart(manager="command", command=["systemctl", "rollout"])
    assert (result["changed"], result["verified"], result["reached"]) == (True, False, {"listening": False})


def test_command_after_which_nothing_is_new_is_not_verified(host: Host) -> None:
    host.set(does="mute")
    with host.escaped():
        result = host.restart(manager="command", command=["systemctl", "rollout"], timeout=0.5)
    assert result["verified"] is False and not result.get("failed")


def test_command_that_fails(host: Host) -> None:
    host.set(says="no such deployment\n", code=3)
    result = host.restart(manager="command", command=["systemctl", "rollout"])
    assert code(result) == "manager.failed" and result["lines"] == ["no such deployment"] and result["changed"] is True
    result = host.restart(manager="command", command=["no-such-program"])
    assert code(result) == "manager.failed" and result["changed"] is False


def test_check_mode_runs_nothing(host: Host) -> None:
    for options in ({}, {"manager": "command", "command": ["systemctl", "rollout"]}):
        result = host.restart(True, **options)
        assert (result["changed"], result["verified"], result["reached"], host.calls()) == (True, False, None, [])


@pytest.mark.parametrize(
    "options",
    [
        {"unit": None},
        {"manager": "podman"},
        {"manager": "podman", "container": {"engine": "docker", **BOX}},
        {"manager": "podman", "container": PROJECT},
        {"manager": "compose", "container": BOX},
        {"manager": "command"},
        *(
            {"manager": "command", "command": wrong}
            for wrong in ("kubectl rollout", [], [""], [" x"], ["-x"], [["x"]], ["x", None], {"a": 1})
        ),
    ],
)
def test_options_that_do_not_fit_the_manager_are_refused(host: Host, options: dict[str, t.Any]) -> None:
    result = host.restart(**options)
    assert (code(result), result["changed"], host.calls()) == ("manager.options", False, [])
    assert result["failure"]["message"].startswith("Nothing was done: manager ")
