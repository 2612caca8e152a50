# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files are stale and which backups are surplus, decided from names, times and what is in use."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _artifact_rules as rules
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError

NOW, AGE = 100_000.0, 300.0
PARAMS = {"age_s": 300.0, "backup_age_s": 0.0, "keep_backups": 5, "parts": ["hls"]}


@dataclass(frozen=True)
class File:
    """A file of that age in seconds."""

    name: str
    age: float = 1000.0
    size: int = 10

    @property
    def mtime(self) -> float:
        return NOW - self.age


def listing(*names: str) -> str:
    return "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + "".join(f"#EXTINF:1.0,\n{name}\n" for name in names)


def hls(
    *files: File, texts: dict[str, str | None] | None = None, opened: t.Collection[str] = (), written: t.Collection[str] = ()
) -> tuple[list[str], dict[str, str]]:
    use = rules.InUse(frozenset(opened), frozenset(written))
    judged = rules.stale_hls(files, texts or {}, use, NOW, AGE)
    return [file.name for file, dummy in judged.stale], {file.name: why for file, why in judged.kept}


OLD, LISTED, YOUNG = File("cam1_001.ts"), File("cam1_002.ts"), File("cam1_003.ts", age=10)


def test_what_a_current_playlist_lists_is_kept_and_the_rest_goes() -> None:
    current = File("cam1.m3u8", age=1)
    assert hls(OLD, LISTED, YOUNG, current, texts={"cam1.m3u8": listing("cam1_002.ts", "cam1_003.ts")}) == (
        ["cam1_001.ts"], {"cam1_002.ts": "listed in a current playlist"})


@pytest.mark.parametrize("uri", ["cam1_002.ts?token=1", "/static/hls/cam1_002.ts", "http://10.0.0.1/static/hls/cam1_002.ts"])
def test_a_listed_segment_is_known_however_it_is_written(uri: str) -> None:
    assert hls(LISTED, File("cam1.m3u8", age=1), texts={"cam1.m3u8": listing(uri)})[0] == []


def test_a_dead_playlist_protects_nothing_and_goes_with_its_segments() -> None:
    dead = File("cam1.m3u8")
    assert hls(OLD, LISTED, dead, texts={"cam1.m3u8": listing("cam1_002.ts")})[0] == ["cam1_001.ts", "cam1_002.ts", "cam1.m3u8"]


def test_a_hung_writer_keeps_playlist_and_what_it_lists() -> None:
    """It writes nothing, so that all it has is old (quirk 15)."""
    hung = File("cam1.m3u8")
    stale, kept = hls(OLD, LISTED, hung, texts={"cam1.m3u8": listing("cam1_002.ts")}, written=["cam1.m3u8"])
    assert stale == ["cam1_001.ts"]
    assert kept == {"cam1_002.ts": "listed in a current playlist", "cam1.m3u8": "a process writes it"}


@pytest.mark.parametrize("text", [None, "", "<html>no</html>", "#EXTM3U\n#EXT-X-STREAM-INF:x\nother.m3u8\n"])
def test_a_current_playlist_that_says_nothing_protects_its_own_camera_only(text: str | None) -> None:
    files = [OLD, File("cam1_x_001.ts"), File("cam2_001.ts"), File("cam1.m3u8", age=1), File("cam1.m3u8.tmp")]
    stale, kept = hls(*files, texts={"cam1.m3u8": text})
    assert stale == ["cam1_x_001.ts", "cam2_001.ts"]
    assert kept == dict.fromkeys(["cam1_001.ts", "cam1.m3u8.tmp"], "its playlist cannot be read")


def test_open_files_are_kept() -> None:
    assert hls(OLD, opened=["cam1_001.ts"]) == ([], {"cam1_001.ts": "open"})


def test_a_file_from_the_future_is_not_old() -> None:
    assert hls(File("cam1_001.ts", age=-50_000)) == ([], {})


@pytest.mark.parametrize(
    ("part", "good", "bad"),
    [
        ("hls", ["cam1_000.ts", "gate 1_12345.ts", "tür.m3u8", "a.b_001.ts", "cam1.m3u8.tmp"],
         ["cam1.ts", "cam1_01.ts", "cam1_001.ts.bak", "cam1_001.mp4", "_001.ts", "ca\nm_001.ts", "ca\udcffm_001.ts", "notes.txt",
          ".m3u8", "cam1_001.TS"]),
        ("backups", ["smarthome_backup_20261123_031709Z.tar.gz", "smarthome_backup_20261123_031709.tar.gz"],
         ["smarthome_backup_x.tar.gz", "smarthome_backup_20261123_031709Z.tar.gz.part", "my_smarthome_backup_20261123_031709Z.tar.gz",
          "smarthome_backup_20261123_031709Z.tar"]),
        ("user_backups", ["config_backup_20261123_031709.json", "config_backup_1.json"],
         ["config_backup_.json", "twincat_config.json", "config_backup_a b.json", "config_backup_1.json~"]),
    ],
)  # fmt: skip
def test_only_names_of_a_supervisor_count(part: str, good: list[str], bad: list[str]) -> None:
    assert [name for name in good if not rules.is_of(part, name)] == []
    assert [name for name in bad if rules.is_of(part, name)] == []


def archive(day: int, age: float = 1000.0) -> File:
    return File(f"smarthome_backup_202611{day:02}_000000Z.tar.gz", age)


def backups(
    *files: File, bad: t.Container[int] = (), unknown: t.Container[int] = (), keep: int = 2, age_s: float = 0.0,
    opened: t.Collection[str] = (),
) -> tuple[list[int], dict[int, str]]:
    def is_valid(file: File) -> bool | None:
        return None if day(file) in unknown else day(file) not in bad

    judged = rules.surplus_backups(rules.BACKUPS, files, is_valid, rules.InUse(frozenset(opened)), NOW, keep, age_s)
    return sorted(day(file) for file, dummy in judged.stale), {day(file): why for file, why in judged.kept}


def day(file: File) -> int:
    return int(file.name[23:25])


FIVE = [archive(number) for number in (3, 1, 5, 4, 2)]


def test_the_newest_backups_are_kept_by_the_time_in_their_name() -> None:
    """A copy has another time of file."""
    assert backups(*FIVE[:-1], archive(2, age=1)) == ([1, 2, 3], {})
    assert backups(*FIVE, keep=5) == ([], {})


def test_backups_that_are_not_valid_do_not_count_and_the_newest_valid_one_stays() -> None:
    """A full disk leaves empty ones, which must not drive out the last good one."""
    assert backups(*FIVE, bad={5, 4}) == ([1, 4, 5], {})
    assert backups(*FIVE, bad={5, 4, 3, 2}) == ([2, 3, 4, 5], {})
    assert backups(*FIVE, bad={1, 2, 3, 4, 5}) == ([], dict.fromkeys([5, 4, 3, 2, 1], "no backup of this set is valid"))


def test_a_backup_that_cannot_be_examined_is_kept_and_does_not_count() -> None:
    assert backups(*FIVE, unknown={5}) == ([1, 2], {5: "cannot be examined"})
    assert backups(*FIVE, unknown={1, 2, 3, 4, 5})[0] == []


def test_young_and_open_backups_are_kept() -> None:
    young = [archive(number, age=10 if number == 1 else 1000) for number in range(1, 6)]
    assert backups(*young, age_s=500) == ([2, 3], {})
    assert backups(*FIVE, opened=[archive(2).name]) == ([1, 3], {2: "open"})


def test_no_more_backups_are_examined_than_needed() -> None:
    asked: list[str] = []
    rules.surplus_backups(rules.BACKUPS, FIVE, lambda file: not asked.append(file.name), rules.InUse(), NOW, 2, 0)
    assert asked == [archive(5).name, archive(4).name]


def test_the_other_set_goes_by_the_time_of_the_file() -> None:
    files = [File("config_backup_9.json", age=900), File("config_backup_10.json", age=100), File("config_backup_1.json", age=500)]
    judged = rules.surplus_backups(rules.USER_BACKUPS, files, lambda file: True, rules.InUse(), NOW, 2, 0)
    assert [file.name for file, dummy in judged.stale] == ["config_backup_9.json"]


@pytest.mark.parametrize(
    "change", [{"age_s": 29.0}, {"age_s": float("nan")}, {"age_s": float("inf")}, {"keep_backups": 4}, {"keep_backups": -1},
               {"backup_age_s": -1.0}, {"parts": []}])
def test_options_that_would_take_what_is_in_use_are_refused(change: dict[str, t.Any]) -> None:
    rules.checked(PARAMS)
    with pytest.raises(LineopsError) as error:
        rules.checked({**PARAMS, **change})
    assert error.value.code == "artifacts.option"


def test_artifact_diff_has_a_line_per_file() -> None:
    assert rules.diff_of({"hls": ["b", "a"], "backups": ["c"]}, {"hls": {"a"}}) == {
        "before": "hls/a\nhls/b\nbackups/c\n", "after": "hls/b\nbackups/c\n"}
