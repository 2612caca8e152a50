# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host gives as evidence itself: real files and processes; systemctl and journalctl are the test's own."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._evidence_sources import HostSources
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal

SECRET = "canary-of-the-admin"
UNIT = "smarthome-web.service"


def texts(found: HostSources) -> dict[str, str]:
    """What was collected, by name."""
    return {part.name: part.content().decode() for part in found.parts}


def reasons(found: HostSources) -> dict[str, str]:
    """What was not, and why."""
    return {entry["name"]: entry["reason"] for entry in found.missing}


# --- the unit --------------------------------------------------------------------------------------------------------


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    """Puts programs where they are found before, or instead of, the system's own."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(**scripts: str) -> None:
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (folder / name).chmod(0o755)

    return make


def unit(name: str = UNIT, timeout: float = 60) -> HostSources:
    found = HostSources([SECRET])
    found.unit(name, 7, timeout)
    return found


def test_state_and_lines_of_the_unit(programs: t.Callable[..., None]) -> None:
    programs(
        systemctl='echo "$0" "$@"; echo "ffmpeg -i rtsp://u:canary@h/1"; exit 3',
        journalctl=f'echo "$@"; echo key {SECRET}',
    )
    found = unit()
    got = texts(found)
    assert list(got) == ["unit_status.txt", "unit_show.txt", "unit_journal.txt"] and found.missing == []
    assert got["unit_journal.txt"] == f"--unit={UNIT} --lines=7 --output=short-iso --no-pager\nkey ***\n"
    assert got["unit_status.txt"].split()[1:] == [
        "status", "--no-pager", "--full", "--lines=0", UNIT, "ffmpeg", "-i", "rtsp://***@h/1"
    ]  # fmt: skip
    assert "Environment" not in got["unit_show.txt"] and "ExecStart," not in got["unit_show.txt"]
    assert found.parts[2].source == f"command journalctl --unit={UNIT} --lines=7 --output=short-iso --no-pager"


def test_host_without_systemd_is_named(programs: t.Callable[..., None]) -> None:
    assert reasons(unit()) == {
        "unit_status": "systemctl is not installed",
        "unit_show": "systemctl is not installed",
        "unit_journal": "journalctl is not installed",
    }


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo Unit x could not be found. >&2; exit 4", "Unit x could not be found."),
        ("echo -- No entries --", "no entries"),
        ("echo -- No entries --; echo Hint: not permitted >&2", "Hint: not permitted"),
        ("exit 1", "{program} said nothing and ended with 1"),
        (f"echo bad key {SECRET} >&2; exit 1", "bad key ***"),
        ("exec /nonexistent/sleep 2>/dev/null", "{program} said nothing and ended with 127"),
    ],
)
def test_what_a_program_does_not_say_is_named(programs: t.Callable[..., None], script: str, reason: str) -> None:
    programs(systemctl=script, journalctl=script)
    found = unit()
    assert found.parts == []
    assert reasons(found)["unit_journal"] == reason.format(program="journalctl")


def test_program_that_hangs_costs_its_timeout_and_the_rest_is_collected(programs: t.Callable[..., None]) -> None:
    programs(systemctl="echo fine", journalctl="exec /bin/sleep 600")
    found = unit(timeout=0.5)
    assert list(texts(found)) == ["unit_status.txt", "unit_show.txt"]
    assert reasons(found) == {"unit_journal": "journalctl gave no answer within 0.5 s"}


def test_program_that_cannot_be_run_is_named(programs: t.Callable[..., None], tmp_path: Path) -> None:
    programs(systemctl="echo", journalctl="echo")
    for name in ("systemctl", "journalctl"):
        (tmp_path / "programs" / name).write_bytes(b"\x00no program")
    assert reasons(unit())["unit_journal"] == "journalctl cannot be run: Exec format error"


@pytest.mark.parametrize("name", ["", "-x", "--all", "*", "a b", "a;b", "$(x)", "a\n", "../x", "x" * 300, "a?", "[a]"])
def test_name_that_is_no_unit_runs_nothing(programs: t.Callable[..., None], tmp_path: Path, name: str) -> None:
    programs(systemctl=f"echo >{tmp_path}/ran", journalctl=f"echo >{tmp_path}/ran")
    assert "is no name of a systemd unit" in reasons(unit(name))["unit"] and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["a.service", "getty@tty1.service", "dev-disk-by\\x2duuid.device"])
def test_names_of_units(programs: t.Callable[..., None], name: str) -> None:
    programs(systemctl='echo "$@"', journalctl='echo "$@"')
    assert texts(unit(name))["unit_show.txt"].split()[-1] == name


def test_bytes_that_are_no_text_are_no_traceback(programs: t.Callable[..., None]) -> None:
    programs(systemctl="echo", journalctl="printf '\\377\\000x\\n'")
    assert texts(unit())["unit_journal.txt"] == "\ufffd\x00x\n"


# --- log files -------------------------------------------------------------------------------------------------------


def logs(*paths: t.Any, size: int = 1024) -> HostSources:
    found = HostSources([SECRET])
    found.log_files([str(path) for path in paths], size)
    return found


def test_whole_small_log_and_empty_one(tmp_path: Path) -> None:
    """A log that stays empty is evidence too: its file system may be full (SUPERVISOR_SYSTEMD 32)."""
    (tmp_path / "web.log").write_text(f"one\nkey {SECRET}\n", encoding="utf-8")
    (tmp_path / "em pty.log").write_text("", encoding="utf-8")
    found = logs(tmp_path / "web.log", tmp_path / "em pty.log")
    assert texts(found) == {"log1_web.log.txt": "one\nkey ***\n", "log2_em_pty.log.txt": ""}
    assert found.parts[0].source == f"file {tmp_path}/web.log" and not found.parts[0].cut


@pytest.mark.parametrize("size", range(1030, 1045))
def test_end_of_a_large_log_begins_with_a_whole_line(tmp_path: Path, size: int) -> None:
    """Half a line may begin with half a secret, which no rule would find."""
    (tmp_path / "web.log").write_text(f"{SECRET}\n" * 1000, encoding="utf-8")
    found = logs(tmp_path / "web.log", size=size)
    (text,) = texts(found).values()
    assert set(text.splitlines()) == {"***"} and found.parts[0].cut
    assert len(text.splitlines()) == size // (len(SECRET) + 1)


def test_same_name_in_two_directories_is_two_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.log").write_text(folder, encoding="utf-8")
    assert texts(logs(tmp_path / "a/x.log", tmp_path / "b/x.log")) == {"log1_x.log.txt": "a", "log2_x.log.txt": "b"}


def test_log_of_one_endless_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("x" * 5000 + "\n", encoding="utf-8")
    assert reasons(logs(tmp_path / "web.log")) == {
        "log1_web.log": f"{tmp_path}/web.log: its last line is longer than 1024 bytes"
    }


def test_links_are_not_followed_neither_as_file_nor_on_the_way(tmp_path: Path) -> None:
    """Who may write beside a log could let root read any file of that name."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "shadow").write_text("canary", encoding="utf-8")
    (tmp_path / "web.log").symlink_to("real/shadow")
    (tmp_path / "logs").symlink_to("real")
    found = logs(tmp_path / "web.log", tmp_path / "logs" / "shadow")
    assert found.parts == []
    assert reasons(found)["log1_web.log"].endswith("Too many levels of symbolic links")
    assert reasons(found)["log2_shadow"].endswith("a link leads there, and links are not followed")
    assert list(texts(logs(f"{tmp_path}/real/../real//shadow"))) == ["log1_shadow.txt"]


def test_only_regular_files_are_opened_for_reading(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = logs(tmp_path / "pipe", tmp_path, "/dev/zero", tmp_path / "none.log", "relative.log")
    assert found.parts == []
    assert [reason.split(": ", 1)[1] for reason in reasons(found).values()] == [
        "not a regular file",
        "Is a directory",
        "not a regular file",
        "No such file or directory",
        "not an absolute path",
    ]


def test_no_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("x\n", encoding="utf-8")
    (tmp_path / "link").symlink_to("web.log")
    before = len(os.listdir("/proc/self/fd"))
    for dummy in range(5):
        logs(tmp_path / "web.log", tmp_path / "link", tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


# --- our own journal -------------------------------------------------------------------------------------------------


def own_journal(state_dir: Path, count: int = 2) -> HostSources:
    found = HostSources([SECRET])
    found.journal(str(state_dir), count)
    return found


def test_last_entries_of_our_own_journal(tmp_path: Path) -> None:
    Journal(str(tmp_path)).append([{"message": f"{number} {SECRET}"} for number in range(3)])
    found = own_journal(tmp_path)
    lines = [json.loads(line) for line in texts(found)["own_journal.jsonl"].splitlines()]
    assert [line["message"] for line in lines] == ["1 ***", "2 ***"] and found.parts[0].cut
    assert not own_journal(tmp_path, 3).parts[0].cut


def test_no_journal_yet_is_empty_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert texts(own_journal(tmp_path)) == {"own_journal.jsonl": ""}
    (tmp_path / "journal.jsonl").write_bytes(b"broken\n")
    assert "journal.jsonl" in reasons(own_journal(tmp_path))["own_journal"]
    assert stat.S_ISREG((tmp_path / "journal.jsonl").stat().st_mode)
