# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stream_artifacts on real files and processes of this machine."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _artifact_files, _artifacts
from ansible_collections.lineops.runbook.plugins.modules import stream_artifacts
from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import ffmpeg
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import hls, outcome_of, params_of

DAY = 86400.0


class Host:
    """A supervisor's directories, and the home of its user."""

    def __init__(self, folder: Path) -> None:
        self.top, self.home = folder / "supervisor", folder / "home"
        self.hls, self.backups = self.top / "web/static/hls", self.top / "config/backups"
        self.own = self.home / ".config/twincat_smarthome/backups"
        for place in (self.hls, self.backups, self.own):
            place.mkdir(parents=True)

    def segment(self, name: str, age: float = 1000.0, text: str = "x" * 10) -> Path:
        return aged(self.hls / name, age, text.encode())

    def archive(self, day: int, age: float = 9 * DAY, content: bytes | None = None) -> Path:
        return aged(self.backups / f"smarthome_backup_202611{day:02}_000000Z.tar.gz", age, archive() if content is None else content)

    def run(self, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return outcome_of(stream_artifacts, params_of(stream_artifacts, supervisor_dir=str(self.top), **options), check_mode)

    def everything(self) -> set[str]:
        return {str(path) for path in self.top.parent.rglob("*")}


def aged(path: Path, age: float, content: bytes) -> Path:
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def archive(size: int = 5000) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo("config/cameras.json")
        member.size = size
        tar.addfile(member, io.BytesIO(os.urandom(size)))
    return stream.getvalue()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    found = Host(tmp_path)
    monkeypatch.setattr(_artifacts, "home_of", lambda name: str(found.home))
    return found


def names(result: dict[str, t.Any], what: str = "removed") -> list[str]:
    return sorted(row["name"] for row in result[what])


def test_stale_files_are_removed_and_strangers_left(host: Host, tmp_path: Path) -> None:
    stale = [host.segment(name) for name in ("cam1_001.ts", "gone_007.ts", "gone.m3u8")]
    host.segment("cam1_002.ts")
    host.segment("cam1.m3u8", 0, hls(2, 1).replace("cam_", "cam1_"))
    others = [host.segment(name) for name in ("notes.txt", "cam1_001.ts.bak")]
    (host.hls / "cam1_100.ts").mkdir()
    victim = aged(tmp_path / "cam1_200.ts", 1000, b"victim")
    (host.hls / "cam1_200.ts").symlink_to(victim)
    os.utime(host.hls / "cam1_200.ts", (0, 0), follow_symlinks=False)
    os.mkfifo(host.hls / "cam1_300.ts")
    os.utime(host.hls / "cam1_300.ts", (0, 0))
    aged(host.top / "cam1_001.ts", 1000, b"in another directory")

    before = host.everything()
    result = host.run(parts=["hls"])
    assert before - host.everything() == {str(path) for path in stale}
    assert victim.read_bytes() == b"victim" and all(path.exists() for path in others)
    assert (result["changed"], result["verified"], result["removed_files"], result["removed_bytes"]) == (True, True, 3, 30)
    assert names(result) == sorted(path.name for path in stale) and names(result, "kept") == ["cam1_002.ts"]
    assert (result["original"]["hls"]["files"], result["reached"]["hls"]["files"]) == (5, 2)
    assert result["diff"]["after"] == "hls/cam1.m3u8\nhls/cam1_002.ts\n"
    again = host.run(parts=["hls"])
    assert (again["changed"], again["verified"], again["removed"]) == (False, True, [])


def test_check_mode_tells_files_and_bytes_and_removes_none(host: Host) -> None:
    host.segment("cam1_001.ts")
    host.segment("cam1_002.ts", age=1)
    for number in range(1, 8):
        host.archive(number)
    before = host.everything()
    result = host.run(check_mode=True, keep_backups=5)
    assert host.everything() == before
    assert (result["changed"], result["verified"], result["removed_files"]) == (True, False, 3)
    assert result["removed_bytes"] == sum(row["bytes"] for row in result["removed"]) > 1000
    assert (result["original"]["hls"], result["reached"]["hls"]) == ({"files": 2, "bytes": 20}, {"files": 1, "bytes": 10})
    assert result["reached"]["backups"]["files"] == 5
    done = host.run(keep_backups=5)
    assert names(done) == names(result) and done["diff"] == result["diff"] and done["reached"] == result["reached"]


def test_backups_of_both_sets_are_examined_for_real(host: Host) -> None:
    whole, flipped = archive(), bytearray(archive())
    flipped[-6] ^= 1  # its check sum only
    bad = {7: b"", 6: whole[: len(whole) // 2], 5: bytes(flipped), 4: b"no archive"}
    for number in range(1, 8):
        host.archive(number, content=bad.get(number))
    own = [aged(host.own / f"config_backup_{number}.json", (20 - number) * DAY, text.encode())
           for number, text in enumerate(["{}"] * 6 + ["{", "[]", "\xff"])]  # fmt: skip
    result = host.run(keep_backups=5)
    assert {path.name[19:25] for path in host.backups.iterdir()} == {"261101", "261102", "261103"}
    assert {path.name for path in host.own.iterdir()} == {path.name for path in own[1:6]}
    assert result["changed"] and result["verified"]
    whys = {row["name"]: row["why"] for row in result["removed"]}
    assert whys[own[0].name] == "surplus" and whys[own[6].name] == whys[own[7].name] == "no valid backup"


def test_last_valid_backup_survives_any_number_of_newer_ones(host: Host) -> None:
    good = host.archive(1)
    for number in range(2, 12):
        host.archive(number, content=b"")
    host.run(keep_backups=5)
    assert list(host.backups.iterdir()) == [good]
    host.archive(1, content=b"")
    for number in range(2, 12):
        host.archive(number, content=b"")
    result = host.run(keep_backups=5)
    assert len(list(host.backups.iterdir())) == 11 and not result["changed"] and result["kept_files"] == 11


def test_young_backups_are_kept(host: Host) -> None:
    for number in range(1, 8):
        host.archive(number, age=3600)
    assert host.run(keep_backups=5)["changed"] is False
    assert host.run(keep_backups=5, backup_age_s=60)["removed_files"] == 2


@pytest.mark.parametrize("part", ["hls", "backups", "own"])
def test_nothing_is_removed_anywhere_while_a_directory_is_a_link(host: Host, tmp_path: Path, part: str) -> None:
    host.segment("cam1_001.ts")
    for number in range(1, 8):
        host.archive(number)
    place = getattr(host, part)
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    before = host.everything()
    result = host.run(keep_backups=5)
    assert host.everything() == before
    assert result["failed"] and result["failure"]["code"] == "directory.elsewhere" and result["changed"] is False
    assert result["failure"]["message"] == f"{place} is a link, not a directory of its own."
    assert [finding["code"] for finding in result["findings"]] == ["directory.elsewhere"]


@pytest.mark.parametrize(("part", "goes_on"), [("hls", False), ("backups", False), ("own", True)])
def test_missing_directory_is_a_finding(host: Host, part: str, goes_on: bool) -> None:
    """A user whose supervisor never saved has no backups of his own; the other two are made at each start."""
    segment = host.segment("cam1_001.ts")
    place = getattr(host, part)
    if part == "hls":
        segment.unlink()
    place.rmdir()
    result = host.run()
    assert [finding["code"] for finding in result["findings"]] == ["directory.missing"]
    assert str(place) in result["findings"][0]["message"]
    assert ("failed" in result, result["changed"]) == (not goes_on, goes_on)
    assert segment.exists() is (part == "backups")


def test_files_that_a_process_has_open_are_kept(host: Host) -> None:
    held, free = host.segment("cam1_001.ts"), host.segment("cam1_002.ts")
    # A process elsewhere that has a file of the same name open holds nothing here.
    namesake = aged(host.top / free.name, 1000, b"")
    with held.open("rb"), namesake.open("rb"):
        result = host.run()
    assert not free.exists() and held.exists() and {row["name"]: row["why"] for row in result["kept"]} == {held.name: "open"}


@pytest.mark.parametrize("relative", [True, False])
def test_playlist_of_a_living_writer_is_kept_though_it_hangs(host: Host, relative: bool) -> None:
    listed, stale = host.segment("cam1_002.ts"), host.segment("cam1_001.ts")
    host.segment("cam1.m3u8", text=hls(2, 1).replace("cam_", "cam1_"))
    word = "web/static/hls/cam1.m3u8" if relative else str(host.hls / "cam1.m3u8")
    with ffmpeg("-i", "rtsp://10.0.0.9/x", word, cwd=host.top):
        result = host.run()
    assert not stale.exists() and listed.exists()
    assert {row["name"]: row["why"] for row in result["kept"]}["cam1.m3u8"] == "a process writes it"


def test_writer_of_another_supervisor_protects_nothing_here(host: Host, tmp_path: Path) -> None:
    """Two supervisors of one host give their cameras the same names."""
    (tmp_path / "other").mkdir()
    stale = host.segment("cam1.m3u8")
    with ffmpeg("-i", "x", str(tmp_path / "other/cam1.m3u8"), cwd=tmp_path):
        host.run()
    assert not stale.exists()


def test_file_that_changed_since_it_was_seen_is_left(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    written, replaced, stale = (host.segment(name) for name in ("cam1_001.ts", "cam1_002.ts", "cam1_003.ts"))
    real = _artifact_files.use_of

    def meanwhile(directories: t.Any) -> t.Any:
        written.write_bytes(b"new content")
        replaced.unlink()
        host.segment(replaced.name)
        return real(directories)

    monkeypatch.setattr(_artifact_files, "use_of", meanwhile)
    result = host.run()
    assert written.exists() and replaced.exists() and not stale.exists()
    assert names(result) == [stale.name] and result["verified"] is True


def test_file_that_was_removed_meanwhile_is_not_claimed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = host.segment("cam1_001.ts")
    real = _artifact_files.use_of
    monkeypatch.setattr(_artifact_files, "use_of", lambda directories: (segment.unlink(), real(directories))[1])
    result = host.run()
    assert (result["changed"], result["removed"], result["verified"]) == (False, [], True)


def test_failure_to_remove_tells_what_is_gone(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.segment("cam1_001.ts")
    host.segment("cam1_002.ts")
    real = os.unlink

    def unlink(name: str, **place: t.Any) -> None:
        if name == "cam1_002.ts":
            raise PermissionError(1, "Operation not permitted")
        real(name, **place)

    monkeypatch.setattr(_artifact_files.os, "unlink", unlink)
    result = host.run()
    assert result["failure"]["code"] == "artifacts.not_removed" and "hls/cam1_002.ts: Operation not permitted" in result["msg"]
    assert result["changed"] and names(result) == ["cam1_001.ts"] and result["reached"]["hls"]["files"] == 1


def test_many_files_are_told_in_sum(host: Host) -> None:
    for number in range(600):
        host.segment(f"cam1_{number:03}.ts")
    result = host.run(check_mode=True)
    assert (len(result["removed"]), result["removed_files"], result["removed_bytes"]) == (500, 600, 6000)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"age_s": 1}, "artifacts.option"), ({"keep_backups": 0}, "artifacts.option"), ({"hls_dir": "../../etc"}, "directory.option"),
     ({"hls_dir": "/etc"}, "directory.option"), ({"backups_dir": ""}, "directory.option")],
)  # fmt: skip
def test_options_of_a_pruning_that_make_no_sense_touch_nothing(host: Host, options: dict[str, t.Any], code: str) -> None:
    segment = host.segment("cam1_001.ts")
    result = host.run(**options)
    assert result["failure"]["code"] == code and segment.exists() and result["changed"] is False


def test_user_that_does_not_exist_is_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_artifacts, "home_of", lambda name: None)
    segment = host.segment("cam1_001.ts")
    assert host.run(user="no-such-user")["failure"]["message"] == "Nothing was done: this host has no user no-such-user."
    assert segment.exists()
    host.run(user="no-such-user", parts=["hls"])
    assert not segment.exists()


def test_result_of_a_pruning_can_be_sent(host: Host) -> None:
    """A name in bytes that are no UTF-8 is no name of a supervisor."""
    os.close(os.open(os.fsencode(host.hls) + b"/cam\xff_001.ts", os.O_CREAT | os.O_WRONLY))
    assert json.dumps(host.run()).encode()
