# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stream_processes on real processes that call themselves ffmpeg; no video is needed to be an orphan."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _stream_writers, _writers
from ansible_collections.lineops.runbook.plugins.module_utils._host_proc import process_of
from ansible_collections.lineops.runbook.plugins.modules import stream_processes
from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import STAY, argv, ffmpeg, running, supervisor
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

HLS = "web/static/hls"
#: Ignores SIGTERM.
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAY}"
LOGIN = "rtsp://viewer:canary@10.0.0.9/main"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The install directory of a supervisor."""
    (tmp_path / "supervisor" / HLS).mkdir(parents=True)
    return tmp_path / "supervisor"


def writes(top: Path, camera: str = "cam1") -> list[str]:
    """Words of an ffmpeg that writes the stream of a camera."""
    return ["-i", LOGIN, "-f", "hls", str(top / HLS / f"{camera}.m3u8")]


def done(top: Path, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    result = outcome_of(stream_processes, params_of(stream_processes, supervisor_dir=str(top), **options), check_mode)
    assert "canary" not in json.dumps(result)
    return result


def verdicts(result: dict[str, t.Any]) -> dict[int, str]:
    return {row["pid"]: row["verdict"] for row in result["processes"]}


def lives(pid: int) -> bool:
    return process_of(pid) is not None


def await_state(pid: int, state: str) -> None:
    ends_at = time.monotonic() + 30
    while Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != state:
        assert time.monotonic() < ends_at
        time.sleep(0.01)


@contextlib.contextmanager
def orphan(*words: str, cwd: Path) -> t.Iterator[int]:
    """An ffmpeg whose supervisor was killed."""
    with supervisor(*words, cwd=cwd) as (parent, pid):
        parent.kill()
        parent.wait(60)
        yield pid


def is_taken_in_by_init(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1] == "1"


def test_orphan_and_second_writer_are_ended_and_the_supervisors_own_are_left(top: Path, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        process, own = stack.enter_context(supervisor(*writes(top), cwd=tmp_path))
        second = stack.enter_context(orphan(*writes(top), cwd=tmp_path))
        lost = stack.enter_context(orphan(*writes(top, "cam2"), cwd=tmp_path))
        (tmp_path / "other" / HLS).mkdir(parents=True)
        stranger = stack.enter_context(orphan(*writes(tmp_path / "other"), cwd=tmp_path))
        options = {"supervisor_pid": process.pid, "process_pids": [own]}
        expected = {own: "supervised", second: "second_writer", lost: "orphaned"}

        looked = done(top, check_mode=True, **options)
        assert verdicts(looked) == expected and looked["ended"] == []
        assert (looked["changed"], looked["verified"], looked["reached"]["second_writer"]) == (True, False, 0)
        assert all(map(lives, [own, second, lost, stranger]))

        result = done(top, **options)
        assert verdicts(result) == expected and result["diff"] == looked["diff"]
        assert [lives(pid) for pid in (own, second, lost, stranger)] == [True, False, False, True]
        # SIGTERM would close the playlist that the other one writes.
        assert {row["pid"]: row["signal"] for row in result["ended"]} == {second: "SIGKILL", lost: "SIGTERM"}
        assert (result["changed"], result["verified"]) == (True, True)
        assert result["reached"] == {"supervised": 1, "orphaned": 0, "second_writer": 0, "foreign": 0, "unclear": 0}

        again = done(top, **options)
        assert (again["changed"], again["verified"], again["ended"]) == (False, True, [])


def test_supervisors_process_alone_tells_orphans(top: Path, tmp_path: Path) -> None:
    with supervisor(*writes(top), cwd=tmp_path) as (process, own), orphan(*writes(top, "cam2"), cwd=tmp_path) as lost:
        if not is_taken_in_by_init(lost):
            pytest.skip("orphans are taken in by another process here")
        assert verdicts(done(top, supervisor_pid=process.pid)) == {own: "supervised", lost: "orphaned"}
        assert lives(own) and not lives(lost)


def test_relative_paths_count_from_the_directory_of_the_process(top: Path, tmp_path: Path) -> None:
    words = ["-i", LOGIN, f"{HLS}/cam1.m3u8"]
    (tmp_path / "other" / HLS).mkdir(parents=True)
    with supervisor(*words, cwd=top) as (process, own), orphan(*words, cwd=tmp_path / "other") as stranger:
        with orphan(*words, cwd=top) as second:
            result = done(top, supervisor_pid=process.pid, process_pids=[own])
            assert verdicts(result) == {own: "supervised", second: "second_writer"} and not lives(second)
        assert lives(own) and lives(stranger)


@pytest.mark.parametrize("camera", ["cam1", "cam2"])
def test_stopped_process_is_ended_without_being_woken(top: Path, tmp_path: Path, camera: str) -> None:
    with supervisor(*writes(top), cwd=tmp_path) as (process, own), orphan(*writes(top, camera), cwd=tmp_path) as lost:
        os.kill(lost, signal.SIGSTOP)
        await_state(lost, "T")
        result = done(top, supervisor_pid=process.pid, process_pids=[own], timeout=60)
        assert result["ended"] == [{"pid": lost, "signal": "SIGKILL"}] and not lives(lost) and result["latency_s"] < 30
        assert [row["stopped"] for row in result["processes"] if row["pid"] == lost] == [True]


def test_deaf_process_is_killed_after_the_time(top: Path, tmp_path: Path) -> None:
    deaf = argv("ffmpeg", *writes(top), program=DEAF)
    with running(*argv("supervisor"), cwd=tmp_path) as (process, dummy), running(*deaf, cwd=tmp_path) as (lost, dummy):
        result = done(top, supervisor_pid=process.pid, process_pids=[], timeout=0.3)
        assert result["ended"] == [{"pid": lost.pid, "signal": "SIGKILL"}] and result["verified"]


def test_child_of_a_living_stranger_is_left_unless_the_supervisor_was_asked(top: Path, tmp_path: Path) -> None:
    """It may be an escaped instance that answers in place of the unit (SUPERVISOR_SYSTEMD 23)."""
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), supervisor(*writes(top), cwd=tmp_path) as (dummy, child):
        assert verdicts(done(top, supervisor_pid=main.pid)) == {child: "unclear"}
        assert verdicts(done(top, process_pids=[])) == {child: "unclear"}
        assert verdicts(done(top, supervisor_pid=main.pid, process_pids=[child])) == {child: "supervised"}
        assert lives(child)
        assert verdicts(done(top, supervisor_pid=main.pid, process_pids=[])) == {child: "orphaned"}
        assert not lives(child)


def test_only_the_cameras_asked_for(top: Path, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        main, dummy = stack.enter_context(running(*argv("supervisor"), cwd=tmp_path))
        first, other = (stack.enter_context(orphan(*writes(top, name), cwd=tmp_path)) for name in ("cam1", "cam2"))
        result = done(top, supervisor_pid=main.pid, process_pids=[], cameras=["cam1"])
        assert verdicts(result) == {first: "orphaned"} and result["verified"] and lives(other)


@pytest.mark.parametrize("name", ["ffprobe", "python3", "ffmpeg2"])
def test_what_is_no_ffmpeg_is_left(top: Path, tmp_path: Path, name: str) -> None:
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), running(*argv(name, *writes(top)), cwd=tmp_path) as (other, dummy):
        assert done(top, supervisor_pid=main.pid, process_pids=[])["processes"] == []
        assert lives(other.pid)


def test_ffmpeg_that_only_reads_a_playlist_is_left(top: Path, tmp_path: Path) -> None:
    words = ["-i", str(top / HLS / "cam1.m3u8"), str(tmp_path / "copy.m3u8")]
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), ffmpeg(*words, cwd=tmp_path) as reader:
        assert done(top, supervisor_pid=main.pid, process_pids=[])["processes"] == [] and lives(reader)
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy):
        with ffmpeg("-i", str(top / HLS / "cam1.m3u8"), "-c", "copy", str(tmp_path / "copy.mp4"), cwd=tmp_path) as reader:
            assert done(top, supervisor_pid=main.pid, process_pids=[])["processes"] == [] and lives(reader)


def test_nobody_is_ended_where_the_supervisor_is_not_known(top: Path, tmp_path: Path) -> None:
    with orphan(*writes(top), cwd=tmp_path) as lost:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait(60)
        for options in ({}, {"supervisor_pid": gone.pid}):
            result = done(top, **options)
            assert result["failure"]["code"] == "process.supervisor_unknown" and lives(lost)
            assert (result["changed"], result["ended"], len(result["processes"])) == (False, [], 1)


def test_supervisor_that_ends_meanwhile_is_nobody_to_judge_by(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its successor has started is no orphan."""
    real = _stream_writers.writers_of
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), ffmpeg(*writes(top), cwd=tmp_path) as new:
        monkeypatch.setattr(_stream_writers, "writers_of", lambda *words: (main.kill(), main.wait(60), real(*words))[2])
        result = done(top, supervisor_pid=main.pid, process_pids=[])
        assert result["failure"]["code"] == "process.supervisor_unknown" and lives(new) and not result["changed"]


def test_unit_tells_process_user_and_group(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with supervisor(*writes(top), cwd=tmp_path) as (process, own):
        (lines,) = [line for line in Path(f"/proc/{own}/cgroup").read_text(encoding="utf-8").splitlines()
                    if line.startswith("0::") or "name=systemd" in line][:1]  # fmt: skip
        view = {"main_pid": process.pid, "user": str(os.geteuid()), "control_group": lines.split(":", 2)[2]}
        monkeypatch.setattr(_writers, "unit", lambda name, limit: (view, ""))
        result = done(top, unit="smarthome-web.service")
        assert [(row["pid"], row["verdict"], row["in_unit"]) for row in result["processes"]] == [(own, "supervised", True)]
        view["user"] = "no-such-user"
        assert done(top, unit="smarthome-web.service")["failure"]["code"] == "process.option"
        monkeypatch.setattr(_writers, "unit", lambda name, limit: (None, "no systemd runs this host"))
        assert done(top, unit="smarthome-web.service")["failure"]["code"] == "process.unit"


def test_another_user_is_neither_obeyed_nor_ended(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, another = _stream_writers.writers_of, os.geteuid() + 4321
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), orphan(*writes(top), cwd=tmp_path) as lost:
        monkeypatch.setattr(_stream_writers, "writers_of", lambda *words: [
            replace(one, process=replace(one.process, users=frozenset({another}))) for one in real(*words)])
        result = done(top, supervisor_pid=main.pid, process_pids=[])
        assert verdicts(result) == {lost: "foreign"} and lives(lost) and not result["changed"]
        monkeypatch.setattr(_writers.os, "geteuid", lambda: another)
        refused = done(top, supervisor_pid=main.pid, process_pids=[], user=str(another + 1))
        assert refused["failure"]["code"] == "host.not_allowed" and "become_user" in refused["failure"]["hint"]


@pytest.mark.parametrize("with_handle", [True, False])
def test_number_that_belongs_to_another_process_by_now_gets_no_signal(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_handle: bool
) -> None:
    if not with_handle:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    with ffmpeg(*writes(top), cwd=tmp_path) as pid:
        directory = os.open(top / HLS, os.O_RDONLY)
        try:
            (seen,) = _stream_writers.writers_of(directory, str(top / HLS), (), None)
        finally:
            os.close(directory)
        earlier = replace(seen, process=replace(seen.process, ticks=seen.process.ticks - 1))
        assert _stream_writers.send(earlier, "KILL") is False and lives(pid)
        assert _stream_writers.send(seen, "KILL") is True
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert _stream_writers.send(seen, "KILL") is False
    assert _stream_writers.send(seen, "KILL") is False


def test_process_that_does_not_end_is_a_failure(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_writers, "_KILL_S", 0.2)
    monkeypatch.setattr(_writers.processes, "send", lambda one, name: True)
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), orphan(*writes(top), cwd=tmp_path) as lost:
        result = done(top, supervisor_pid=main.pid, process_pids=[], timeout=0.2)
        assert result["failure"]["code"] == "process.not_ended" and str(lost) in result["failure"]["message"]
        assert (result["changed"], result["reached"], result["ended"]) == (True, None, [{"pid": lost, "signal": "SIGKILL"}])


@pytest.mark.parametrize("link", [True, False])
def test_directory_that_is_elsewhere_or_missing_is_a_finding_and_nobody_is_ended(top: Path, tmp_path: Path, link: bool) -> None:
    with running(*argv("supervisor"), cwd=tmp_path) as (main, dummy), orphan(*writes(top), cwd=tmp_path) as lost:
        (top / HLS).rename(tmp_path / "elsewhere")
        if link:
            (top / HLS).symlink_to(tmp_path / "elsewhere")
        result = done(top, supervisor_pid=main.pid, process_pids=[])
        assert result["failure"]["code"] == ("directory.elsewhere" if link else "directory.missing") and lives(lost)


def test_options_of_an_ending_that_make_no_sense_end_nobody(top: Path) -> None:
    for options in ({"timeout": 0}, {"process_pids": [-1]}, {"supervisor_pid": 1}, {"user": "no-such-user"}):
        assert done(top, **options)["failure"]["code"] == "process.option"
