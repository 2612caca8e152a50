# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking systemctl and container engines: programs made here take their place, so that no shell and no wait gets by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _host_unit

SHOWN = "LoadState=loaded\nActiveState=active\nMainPID=35\nUser=hmi\n"
INSPECTED = [{"State": {"Status": "running", "Pid": 7}, "Config": {"Env": ["KEY=canary"]}}]


class Programs:
    """Programs on a PATH of their own, each a few lines of Python that note how they were called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("SYSTEMD_PAGER", "less")
        monkeypatch.setattr(_host_unit, "_BOOTED", str(folder))
        monkeypatch.setattr(_host_unit, "_PATH", "/nonexistent")

    def make(self, name: str, body: str) -> None:
        path = self.folder / name
        noted = str(self.folder / "noted")
        note = f"import json, os, sys\njson.dump([sys.argv[1:], dict(os.environ)], open({noted!r}, 'w'))\n"
        path.write_text(f"#!{sys.executable}\n{note}{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def noted(self) -> tuple[list[str], dict[str, str]]:
        words, environment = json.loads((self.folder / "noted").read_text(encoding="utf-8"))
        return words, environment


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


def test_unit_is_asked_for_the_properties_it_needs_in_utc(programs: Programs) -> None:
    programs.make("systemctl", f"print({SHOWN!r})")
    view, why = _host_unit.unit("smarthome-web.service", 60)
    assert view and why == ""
    assert (view["name"], view["main_pid"], view["user"]) == ("smarthome-web.service", 35, "hmi")
    words, environment = programs.noted()
    assert words[0] == "show" and words[-2:] == ["--", "smarthome-web.service"]
    assert set(words[1].removeprefix("--property=").split(",")) >= {"MainPID", "NRestarts", "ControlGroup", "User"}
    assert (environment["TZ"], environment["LC_ALL"], environment["SYSTEMD_PAGER"]) == ("UTC", "C", "")


def test_host_without_systemd(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemctl may be installed where systemd did not boot: it must not even be tried."""
    programs.make("systemctl", f"print({SHOWN!r})")
    monkeypatch.setattr(_host_unit, "_BOOTED", "/nonexistent")
    assert _host_unit.unit("x.service", 60) == (None, "no systemd runs this host")
    assert not (programs.folder / "noted").exists()


@pytest.mark.parametrize(
    "name", ["", "-x", "--help", "812", "a b", "*.service", "x;reboot", "$(reboot)", "{{ x }}", "a\n"]
)
def test_names_that_are_none_reach_no_program(programs: Programs, name: str) -> None:
    programs.make("systemctl", "")
    programs.make("podman", "")
    assert _host_unit.unit(name, 60) == (None, "the name given is none of a unit")
    if name != "812":
        assert _host_unit.container("podman", name, 60) == (None, "the name given is none of a container")
    assert not (programs.folder / "noted").exists()


@pytest.mark.parametrize("name", ["smarthome-web.service", "app@line\\x2d3.service", "a:b_c"])
def test_names_of_units(programs: Programs, name: str) -> None:
    programs.make("systemctl", f"print({SHOWN!r})")
    assert _host_unit.unit(name, 60)[1] == ""


def test_program_that_is_not_there(programs: Programs) -> None:
    assert _host_unit.unit("x.service", 60) == (None, "no systemctl on this host")
    assert _host_unit.container("docker", "x", 60) == (None, "no docker on this host")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("sys.exit('Failed to connect to bus: Host is down\\nsecond line')", "Failed to connect to bus: Host is down"),
        ("sys.exit('dial http://anna:canary@proxy:1')", "dial http://***@proxy:1"),
        ("sys.exit(3)", "systemctl ended with 3"),
    ],
)
def test_program_that_fails_is_told_in_one_line_without_secrets(programs: Programs, body: str, why: str) -> None:
    programs.make("systemctl", body)
    assert _host_unit.unit("x.service", 60) == (None, why)


def test_program_that_cannot_be_run(programs: Programs) -> None:
    programs.make("systemctl", "")
    (programs.folder / "systemctl").write_text("#!/nonexistent/python\n", encoding="utf-8")
    assert _host_unit.unit("x.service", 60) == (None, "systemctl cannot be run: No such file or directory")


def test_program_that_never_answers_is_ended(programs: Programs) -> None:
    """A systemctl behind a hung bus must not hold the look, nor stay behind."""
    pid_file = programs.folder / "pid"
    programs.make("systemctl", f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\nimport time\ntime.sleep(600)")
    assert _host_unit.unit("x.service", 2) == (None, "systemctl gave no answer within 2 s")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="utf-8")), 0)


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_container(programs: Programs, engine: str) -> None:
    programs.make(engine, f"print(json.dumps({INSPECTED!r}))")
    view, why = _host_unit.container(engine, "supervisor", 60)
    assert view and (view["engine"], view["name"], view["status"], view["pid"], why) == (
        engine,
        "supervisor",
        "running",
        7,
        "",
    )
    assert programs.noted()[0] == ["inspect", "--type", "container", "--", "supervisor"] and "canary" not in repr(view)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("sys.exit('Error: No such container: supervisor')", "Error: No such container: supervisor"),
        ("print('[]')", "docker gave no readable answer"),
        ("sys.stdout.buffer.write(b'\\xff\\x00')", "docker gave no readable answer"),
    ],
)
def test_container_that_is_not_there(programs: Programs, body: str, why: str) -> None:
    programs.make("docker", body)
    assert _host_unit.container("docker", "supervisor", 60) == (None, why)


def test_this_machine_answers_or_says_why() -> None:
    view, why = _host_unit.unit("no-such-unit-of-lineops.service", 60)
    assert (view is None) == bool(why)
    assert view is None or t.cast("dict[str, t.Any]", view)["load_state"] == "not-found"


def test_program_that_may_not_be_ended_is_not_waited_for(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sudo runs as root, so an ordinary user cannot end it: a hanging one must not hold the task."""
    programs.make("sudo", "import time\ntime.sleep(600)")
    started: list[subprocess.Popen[bytes]] = []

    def denied(process: subprocess.Popen[bytes]) -> None:
        started.append(process)
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "kill", denied)
        ran = _host_unit.run_program(["sudo", "-n", "--", "systemctl", "restart", "x"], 0.5)
    (process,) = started
    assert (ran.code, ran.why) == (None, "sudo gave no answer within 0.5 s") and process.poll() is None
    process.kill()
    process.wait(60)


def test_program_is_told_with_its_words(programs: Programs) -> None:
    programs.make("systemctl", "print('out')\nsys.exit('err one\\nerr two')")
    assert _host_unit.run_program(["systemctl", "x"], 60) == _host_unit.Ran(1, "out\n", "err one\nerr two\n", "err one")
