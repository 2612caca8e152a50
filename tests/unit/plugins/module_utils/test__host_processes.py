# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes around a supervisor: real ones on this machine, and the cases in which they hide."""

from __future__ import annotations

import os
import signal
import typing as t
from pathlib import Path

import pytest

psutil = pytest.importorskip("psutil", reason="processes need psutil")

from ansible_collections.lineops.runbook.plugins.module_utils import _host_processes  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._host_processes import Known, processes  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import (  # noqa: E402
    argv,
    ffmpeg,
    running,
    supervisor,
)

CAMERA = "rtsp://admin:canary@10.0.0.9/x"
PLAYLIST = "web/static/hls/cam1.m3u8"


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A supervisor's directory."""
    (tmp_path / "web" / "static" / "hls").mkdir(parents=True)
    return tmp_path.resolve()


def known(plant: Path, **facts: t.Any) -> Known:
    return Known(**{"hls_dir": str(plant / "web" / "static" / "hls"), **facts})


def pids(view: t.Mapping[str, t.Any], name: str) -> list[int]:
    return [process["pid"] for process in view[name]]


def remarks(view: t.Mapping[str, t.Any], pid: int) -> list[str]:
    return [remark for remark in view["not_observed"] if f"ffmpeg {pid} " in remark]


def test_supervisor_and_its_ffmpeg(plant: Path) -> None:
    with supervisor("-i", CAMERA, PLAYLIST, cwd=plant) as (process, child):
        view = processes(known(plant, pid=process.pid, owner=process.pid))
    own, (stream,) = view["supervisor"], view["ffmpeg"]
    assert (own["pid"], own["parent"], own["cmdline"][0], own["in_unit"]) == (
        process.pid,
        os.getpid(),
        "supervisor",
        None,
    )
    assert own["user"] == psutil.Process().username() and own["rss"] > 0 and own["cpu_s"] >= 0
    assert own["started_at"].endswith("Z") and own["state"] in ("sleeping", "running")
    assert (stream["pid"], stream["parent"], stream["playlist"]) == (child, process.pid, str(plant / PLAYLIST))
    assert stream["cmdline"][-2:] == ["rtsp://***@10.0.0.9/x", PLAYLIST] and "canary" not in repr(view)
    assert view["port_owner"] == {
        "pid": process.pid, "user": own["user"], "cmdline": own["cmdline"], "in_unit": None, "is_main_pid": None,
        "started_at": own["started_at"],
    }  # fmt: skip
    assert view["orphaned_ffmpeg"] == [] == remarks(view, child) and view["answering"] is None


def test_ffmpeg_whose_supervisor_went_is_an_orphan(plant: Path) -> None:
    """Quirk 13: a hard restart leaves it writing; the successor knows nothing of it."""
    with supervisor(PLAYLIST, cwd=plant) as (process, child), supervisor(PLAYLIST, cwd=plant) as (successor, own_child):
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        view = processes(known(plant, pid=successor.pid))
        nobody = processes(known(plant))
    assert (pids(view, "ffmpeg"), pids(view, "orphaned_ffmpeg")) == ([own_child], [child])
    assert view["orphaned_ffmpeg"][0]["parent"] != process.pid
    # No supervisor at all, and nothing that serves its port: then every writer has lost it.
    assert set(pids(nobody, "orphaned_ffmpeg")) >= {child, own_child} and nobody["supervisor"] is None


@pytest.mark.parametrize("where", ["absolute", "relative", "directory", "open file", "link"])
def test_ways_to_write_below_the_hls_directory(plant: Path, where: str) -> None:
    hls = plant / "web" / "static" / "hls"
    (plant / "link").symlink_to(hls)
    open_file = f"import sys; kept = open({str(hls / 'cam1_001.ts')!r}, 'w'); print('up', flush=True); sys.stdin.read()"
    words, cwd = {
        "absolute": (argv("ffmpeg", "-i", CAMERA, str(hls / "cam1.m3u8")), Path("/")),
        "relative": (argv("/usr/bin/ffmpeg", PLAYLIST), plant),
        "directory": (argv("ffmpeg", "cam1.m3u8"), hls),
        "open file": (argv("ffmpeg", program=open_file), Path("/")),
        "link": (argv("ffmpeg", str(plant / "link" / "cam1.m3u8")), Path("/")),
    }[where]
    with running(*words, cwd=cwd) as (process, dummy):
        view = processes(known(plant))
    assert process.pid in pids(view, "orphaned_ffmpeg")
    (orphan,) = [orphan for orphan in view["orphaned_ffmpeg"] if orphan["pid"] == process.pid]
    assert orphan["playlist"] == (None if where == "open file" else str(hls / "cam1.m3u8"))


def test_ffmpeg_of_somebody_else_is_left_alone(plant: Path) -> None:
    """A neighbour's ffmpeg, and a directory whose name only begins like ours."""
    (plant / "web" / "static" / "hls2").mkdir()
    with ffmpeg("other.m3u8", cwd=Path("/")) as other, ffmpeg("web/static/hls2/cam1.m3u8", cwd=plant) as near:
        view = processes(known(plant))
    assert not {other, near} & {*pids(view, "ffmpeg"), *pids(view, "orphaned_ffmpeg")}
    assert remarks(view, other) == [] == remarks(view, near)


def test_ffmpeg_that_hides_where_it_writes_is_named(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's directory and files are hidden without root: nothing there is not the same as not seen."""

    def denied(self: t.Any) -> t.Any:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "cwd", denied)
    monkeypatch.setattr(psutil.Process, "open_files", denied)
    with ffmpeg(PLAYLIST, cwd=plant) as hidden, ffmpeg(str(plant / PLAYLIST), cwd=plant) as plain:
        view = processes(known(plant))
    assert plain in pids(view, "orphaned_ffmpeg") and hidden not in pids(view, "orphaned_ffmpeg")
    assert remarks(view, hidden) == [f"whether ffmpeg {hidden} writes below {plant}/web/static/hls (no permission)"]


def test_writer_is_no_orphan_while_the_supervisor_hides(plant: Path) -> None:
    """Something serves the port but may not be looked at: its children must not be taken for orphans and be ended."""
    with ffmpeg(PLAYLIST, cwd=plant) as pid:
        view = processes(known(plant, hidden=True))
        with_unit = processes(known(plant, hidden=True, main_pid=1 << 30, control_group=""))
    for seen in (view, with_unit):
        assert pid not in pids(seen, "orphaned_ffmpeg")
        assert remarks(seen, pid) == [f"whose ffmpeg {pid} is (the supervisor's process could not be seen)"]
        assert "owner of the supervisor's port (no permission)" in seen["not_observed"]


def test_without_a_directory_orphans_are_not_observed(plant: Path) -> None:
    with ffmpeg(PLAYLIST, cwd=plant) as pid:
        view = processes(Known())
    assert remarks(view, pid) == [f"whether ffmpeg {pid} is an orphan (the supervisor's directory is not known)"]
    assert pid not in pids(view, "orphaned_ffmpeg")


def test_ffmpeg_that_ends_while_it_is_looked_at(plant: Path) -> None:
    """A dead process tells no directory either; that is no missing permission."""
    with ffmpeg(PLAYLIST, cwd=plant) as pid:
        look = _host_processes._Look(psutil, known(plant))
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert (psutil.Process(pid).status(), look.place_of_ffmpeg(pid)) == ("zombie", "")
    assert (look.place_of_ffmpeg(pid), look.some(pid), look.not_observed) == ("", [], [])


def test_ring_bridge_and_whose_it_is(plant: Path) -> None:
    with supervisor(cwd=plant, child="ring_bridge") as (process, child):
        with running(*argv("ring-webrtc-bridge", "--refresh-token", "canary"), cwd=plant) as (other, dummy):
            view = processes(known(plant, pid=process.pid))
    found = {bridge["pid"]: bridge for bridge in view["ring_bridges"]}
    assert found[child]["below_supervisor"] is True and found[other.pid]["below_supervisor"] is False
    assert found[other.pid]["cmdline"][-2:] == ["--refresh-token", "***"]


# --- the unit --------------------------------------------------------------------------------------------------------


def own_group() -> str:
    """The control group this test runs in, as systemd would name a unit's."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        number, controllers, path = line.split(":", 2)
        if controllers == "name=systemd" or (number == "0" and not controllers):
            return path
    raise AssertionError("no control group")


def test_owner_of_the_port_is_held_against_the_unit(plant: Path) -> None:
    """SUPERVISOR_SYSTEMD 23: an instance outside the unit answers all health checks."""
    with supervisor(PLAYLIST, cwd=plant) as (process, dummy):
        own = known(plant, pid=process.pid, owner=process.pid, main_pid=process.pid, control_group=own_group())
        foreign = known(plant, pid=process.pid, owner=process.pid, main_pid=1, control_group="/system.slice/x.service")
        failed = known(plant, pid=process.pid, owner=process.pid, main_pid=None, control_group="")
        owners = [processes(case)["port_owner"] for case in (own, foreign, failed)]
    assert [(owner["in_unit"], owner["is_main_pid"]) for owner in owners] == [
        (True, True),
        (False, False),
        (False, False),
    ]


def test_main_process_of_the_unit_is_shown_where_nothing_serves_the_port(plant: Path) -> None:
    with supervisor(PLAYLIST, cwd=plant) as (process, child):
        view = processes(known(plant, main_pid=process.pid, control_group=""))
    assert view["supervisor"]["pid"] == process.pid and pids(view, "ffmpeg") == [child] and view["port_owner"] is None


# --- the control script's pid file -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "exists", "pid", "alive"),
    [
        (None, False, None, None),
        (f"{os.getpid()}\n", True, os.getpid(), True),
        (str(2**22 + 1), True, 2**22 + 1, False),
        ("", True, None, None),
        ("soon", True, None, None),
        ("-1", True, None, None),
        ("\u0663", True, None, None),
        ("9" * 1000, True, None, None),
    ],
    ids=["none", "alive", "gone", "empty", "word", "negative", "other digits", "long"],  # not by pid: workers compare ids
)
def test_pid_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, exists: bool, pid: int | None, alive: bool | None
) -> None:
    """Quirk 11: a stale one keeps the control script from starting anything."""
    path = tmp_path / "smarthome-web.pid"
    monkeypatch.setattr(_host_processes, "_PID_FILE", str(path))
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert processes(Known())["pid_file"] == {"path": str(path), "exists": exists, "pid": pid, "alive": alive}


def test_link_in_place_of_the_pid_file_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in a directory that everybody may write to."""
    path = tmp_path / "smarthome-web.pid"
    monkeypatch.setattr(_host_processes, "_PID_FILE", str(path))
    (tmp_path / "secret").write_text("1234", encoding="utf-8")
    path.symlink_to(tmp_path / "secret")
    view = processes(Known())
    assert view["pid_file"] == {"path": str(path), "exists": True, "pid": None, "alive": None}
    assert [remark for remark in view["not_observed"] if str(path) in remark]
    path.unlink()
    os.mkfifo(path)
    assert f"pid file {path} (not a regular file)" in processes(Known())["not_observed"]


# --- what hides ------------------------------------------------------------------------------------------------------


def test_hidden_process_table_is_named(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc mounted with hidepid shows own processes only: no ffmpeg there is no proof of anything."""
    own = [process for process in psutil.process_iter(["ppid", "name", "cmdline"]) if process.pid == os.getpid()]
    monkeypatch.setattr(psutil, "process_iter", lambda names: own)
    assert processes(known(plant))["not_observed"] == ["other users' processes (hidden by /proc)"]


def test_without_psutil(plant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> t.Any:
        raise LineopsError("library.missing", "not there")

    monkeypatch.setattr(_host_processes, "load_psutil", missing)
    with pytest.raises(LineopsError):
        processes(known(plant))
