# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a look at a host put together: what one part knows serves another, and each says what it missed."""

from __future__ import annotations

import os
import pwd
import socket
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="the host's view needs psutil")

from ansible_collections.lineops.runbook.plugins.module_utils import _host_processes, _host_survey  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._host_survey import Survey  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._host_texts import TcpSocket, unit_of  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import supervisor  # noqa: E402

ME = pwd.getpwuid(os.geteuid()).pw_name
ALL = ("unit", "container", "processes", "resources", "permissions")
OPTIONS: dict[str, t.Any] = {
    "url": "http://10.0.0.1:5000", "supervisor_dir": None, "unit": None, "container": None, "state_dir": None,
    "command_timeout": 60.0, "answering_pid": None,
}  # fmt: skip
SILENT = {"pid": None, "state": None, "listens": [], "api": "no_listener"}


class Managers:
    """What systemd and the engines say."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.unit: t.Any = (None, "no systemd runs this host")
        self.container: t.Any = (None, "no podman on this host")
        self.asked: list[t.Any] = []
        monkeypatch.setattr(_host_survey, "unit", lambda *asked: self.asked.append(asked) or self.unit)
        monkeypatch.setattr(_host_survey, "container", lambda *asked: self.asked.append(asked) or self.container)

    def run(self, **properties: t.Any) -> None:
        shown = "\n".join(f"{name}={value}" for name, value in {"LoadState": "loaded", **properties}.items())
        self.unit = ({"name": "x.service", **unit_of(shown)}, "")


@pytest.fixture
def managers(monkeypatch: pytest.MonkeyPatch) -> Managers:
    return Managers(monkeypatch)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    for name in ("web/static/hls", "config/backups"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path.resolve()


def take(*wanted: str, sees: t.Any = None, **options: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    survey = Survey({**OPTIONS, **options})
    return survey.take(wanted, SILENT if sees is None else sees), survey.not_observed


def test_everything_of_a_plant_that_runs(managers: Managers, plant: Path) -> None:
    with supervisor("-i", "rtsp://a:canary@10.0.0.9/x", "web/static/hls/cam1.m3u8", cwd=plant) as (process, child):
        managers.run(MainPID=process.pid, User=ME, WorkingDirectory=plant, ControlGroup="/x.slice/x.service")
        sees = {"pid": process.pid, "listens": ["10.0.0.1:5000"], "api": "answers"}
        view, not_observed = take(*ALL, sees=sees, unit="x.service", state_dir=str(plant / "state"))
    assert set(view) == set(ALL) and managers.asked == [("x.service", 60.0)]
    assert view["unit"]["main_pid"] == process.pid == view["processes"]["port_owner"]["pid"]
    assert (
        view["processes"]["port_owner"]["is_main_pid"] is True and view["processes"]["port_owner"]["in_unit"] is False
    )
    assert [stream["pid"] for stream in view["processes"]["ffmpeg"]] == [child]
    paths = {path for disk in view["resources"]["disks"] for path in disk["paths"]}
    home = pwd.getpwnam(ME).pw_dir
    backups = [str(plant / "config/backups"), f"{home}/.config/twincat_smarthome/backups"]
    assert paths == {"/", "/tmp", "/var/log", str(plant / "web/static/hls"), str(plant / "state"), *backups}
    assert set(view["permissions"]["directories"]) == {"install", "config", "hls", "backups", "user_backups"}
    assert view["permissions"]["directories"]["hls"]["writable"] is True and view["permissions"]["user"]["name"] == ME
    script = str(plant / "start_web_hmi.py")
    assert view["permissions"]["files"] == {"start_script": {"path": script, "exists": False}}
    assert not_observed == [] and "not_observed" not in view["processes"] and "canary" not in repr(view)


def test_directory_and_user_of_the_process_serve_without_a_unit(managers: Managers, plant: Path) -> None:
    with supervisor(cwd=plant) as (process, dummy):
        view, not_observed = take("permissions", "resources", sees={**SILENT, "pid": process.pid})
    assert view["permissions"]["directories"]["install"]["path"] == str(plant)
    assert view["permissions"]["user"]["name"] == ME and (not_observed, managers.asked) == ([], [])


def test_directory_that_is_given_wins(managers: Managers, plant: Path) -> None:
    managers.run(WorkingDirectory="/elsewhere", User=ME)
    view, dummy = take("permissions", unit="x.service", supervisor_dir=str(plant))
    assert view["permissions"]["directories"]["install"]["path"] == str(plant)


def test_what_nobody_tells_is_named(managers: Managers) -> None:
    view, not_observed = take(*ALL)
    assert (view["unit"], view["container"]) == (None, None)
    assert [disk["paths"][0] for disk in view["resources"]["disks"]][0] == "/"
    named = [remark for remark in not_observed if "ffmpeg" not in remark]
    assert named == [
        "unit (no name is given)",
        "container (no name is given)",
        "file systems of HLS and backups (the supervisor's directory is not known)",
        "file system of the service user's backups (the user is not known)",
        "permissions of its directories (the supervisor's directory is not known)",
        "service user (neither the unit nor the process tells it)",
    ]


def test_reason_of_a_manager_is_told_to_who_asked_for_it(managers: Managers) -> None:
    box = {"engine": "podman", "name": "supervisor"}
    assert take("unit", unit="x.service")[1] == ["unit (no systemd runs this host)"]
    assert take("container", container=box)[1] == ["container (no podman on this host)"]
    # Other tests may run an ffmpeg meanwhile, of which nobody can say whose it is.
    assert [remark for remark in take("processes", unit="x.service")[1] if "ffmpeg" not in remark] == []
    # A host has one of both: the other is not missing.
    assert take("unit", "container", container=box)[1] == ["container (no podman on this host)"]
    assert managers.asked[1] == ("podman", "supervisor", 60.0)


def test_supervisor_in_a_container_is_the_containers_process(managers: Managers, plant: Path) -> None:
    """Its port may be held by the engine's proxy."""
    with supervisor("x.m3u8", cwd=plant) as (process, child), supervisor(cwd=plant) as (proxy, dummy):
        managers.container = ({"engine": "docker", "name": "s", "pid": process.pid}, "")
        sees = {"pid": proxy.pid, "listens": ["0.0.0.0:5000"], "api": "answers"}
        view, dummy2 = take("processes", sees=sees, container={"engine": "docker", "name": "s"})
    assert view["processes"]["supervisor"]["pid"] == process.pid
    assert (
        view["processes"]["port_owner"]["pid"] == proxy.pid and view["processes"]["port_owner"]["is_main_pid"] is None
    )
    assert child in [stream["pid"] for stream in view["processes"]["ffmpeg"]]


@pytest.mark.parametrize(
    ("sees", "hidden", "owner"),
    [
        (SILENT, False, None),
        ({"pid": None, "listens": ["0.0.0.0:5000"], "api": "answers"}, True, None),
        ({"pid": None, "listens": [], "api": None}, True, None),
        ({}, True, None),
        ({"pid": 7, "listens": ["0.0.0.0:5000", "0.0.0.0:22"], "api": "answers"}, False, 7),
        ({"pid": 7, "listens": ["127.0.0.1:15000"], "api": "answers"}, False, None),
        ({"pid": 7, "listens": [], "api": "no_listener"}, False, None),
    ],
)
def test_who_serves_the_port(
    managers: Managers, monkeypatch: pytest.MonkeyPatch, sees: t.Any, hidden: bool, owner: int | None
) -> None:
    """A port that somebody serves whom we may not see is not a free port."""
    asked: list[_host_processes.Known] = []
    monkeypatch.setattr(_host_survey, "processes", lambda known: asked.append(known) or {"not_observed": []})
    take("processes", sees=sees)
    assert (asked[0].hidden, asked[0].owner, asked[0].pid) == (hidden, owner, sees.get("pid"))


@pytest.mark.parametrize(("loaded", "group"), [("loaded", ""), ("not-found", "")])
def test_unit_without_a_process_still_rules_out_others(
    managers: Managers, monkeypatch: pytest.MonkeyPatch, loaded: str, group: str
) -> None:
    asked: list[_host_processes.Known] = []
    monkeypatch.setattr(_host_survey, "processes", lambda known: asked.append(known) or {"not_observed": []})
    managers.run(LoadState=loaded, MainPID=0)
    take("processes", unit="x.service")
    take("processes")
    assert [(known.main_pid, known.control_group) for known in asked] == [(None, group), (None, None)]


def test_without_psutil_processes_are_named_and_the_rest_is_seen(
    managers: Managers, monkeypatch: pytest.MonkeyPatch, plant: Path
) -> None:
    def missing() -> t.Any:
        raise LineopsError("library.missing", "not there")

    monkeypatch.setattr(_host_processes, "load_psutil", missing)
    monkeypatch.setattr(_host_survey, "load_psutil", missing)
    managers.run(User=ME, WorkingDirectory=plant)
    view, not_observed = take(*ALL, sees={}, unit="x.service")
    assert view["processes"] is None and view["unit"]["user"] == ME and view["resources"]["disks"]
    assert view["permissions"]["directories"]["hls"]["writable"] is True
    assert not_observed[0] == "processes (psutil is not installed)"
    assert take("permissions", sees={"pid": 1})[0]["permissions"]["user"] is None


def test_user_of_the_socket_is_told_where_its_process_hides(managers: Managers) -> None:
    """Without root psutil has no pid for another user's listener, but the kernel tells everybody whose socket it is."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        sees = {"pid": None, "listens": [f"127.0.0.1:{port}"], "api": "answers"}
        view, not_observed = take("processes", sees=sees, url=f"http://127.0.0.1:{port}")
    nothing = {"pid": None, "cmdline": None, "in_unit": None, "started_at": None, "is_main_pid": None}
    assert view["processes"]["port_owner"] == {**nothing, "user": ME}
    assert "owner of the supervisor's port (no permission)" in not_observed


def test_socket_on_another_address_is_not_taken_for_it(managers: Managers, monkeypatch: pytest.MonkeyPatch) -> None:
    def entry(ip: str, uid: int) -> TcpSocket:
        return TcpSocket(ip, 5000, "0.0.0.0", 0, "LISTEN", uid, 1)

    root = pwd.getpwuid(0).pw_name
    for found, name in (([entry("10.0.0.1", 0), entry("10.0.0.2", 1)], root), ([entry("10.0.0.1", 0), entry("10.0.0.1", 1)], None)):
        monkeypatch.setattr(_host_survey, "listening_on", lambda port, found=found: found)
        view, dummy = take("processes", sees={"pid": None, "listens": ["10.0.0.1:5000"], "api": "answers"})
        assert (view["processes"]["port_owner"] or {}).get("user") == name


def test_process_that_answers_by_its_own_word_is_looked_at(managers: Managers, plant: Path) -> None:
    with supervisor(cwd=plant) as (process, dummy):
        view, dummy2 = take("processes", answering_pid=process.pid)
    answering = view["processes"]["answering"]
    assert (answering["pid"], answering["user"]) == (process.pid, ME) and answering["started_at"].endswith("Z")
