# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories opened below others: links, files, races."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._beneath import opened_beneath
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError


def refusal(top: Path | str, below: str) -> LineopsError:
    with pytest.raises(LineopsError) as error, opened_beneath(str(top), below):
        raise AssertionError("it was opened")
    return error.value


def test_directory_is_opened_and_closed_again(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    with opened_beneath(str(tmp_path), "a/b") as descriptor:
        assert os.fstat(descriptor).st_ino == (tmp_path / "a/b").stat().st_ino
        # what is put in its place meanwhile is another one
        (tmp_path / "a/b").rename(tmp_path / "a/c")
        (tmp_path / "a/b").mkdir()
        (tmp_path / "a/b/victim").touch()
        assert os.listdir(descriptor) == []
    assert refusal(tmp_path, "a/nothing").code == "directory.missing"
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_way_to_the_top_may_hold_links_but_not_the_way_below(tmp_path: Path) -> None:
    (tmp_path / "supervisor-4.8/web/hls").mkdir(parents=True)
    (tmp_path / "supervisor").symlink_to("supervisor-4.8")
    with opened_beneath(str(tmp_path / "supervisor"), "web/hls") as descriptor:
        assert os.listdir(descriptor) == []
    for name in ("web", "web/hls"):
        place = tmp_path / "supervisor-4.8" / name
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
        error = refusal(tmp_path / "supervisor", "web/hls")
        assert (error.code, error.message) == ("directory.elsewhere", f"{place} is a link, not a directory of its own.")
        place.unlink()
        (tmp_path / "elsewhere").rename(place)


def test_what_is_no_directory_or_not_there_or_not_to_be_opened_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "shut").mkdir()
    assert refusal(tmp_path, "file").code == "directory.elsewhere"
    assert refusal(tmp_path, "nothing/below").code == "directory.missing"
    assert refusal(tmp_path / "nothing", "below").code == "directory.missing"
    real = os.open

    def shut(name: str, *more: int, **place: int | None) -> int:
        if name == "shut":
            raise PermissionError(13, "Permission denied")
        return real(name, *more, **place)

    monkeypatch.setattr(os, "open", shut)
    assert refusal(tmp_path, "shut").code == "directory.no_access"


@pytest.mark.parametrize(
    ("top", "below"), [("/", "tmp"), ("//", "tmp"), ("tmp", "x"), ("/tmp", ".."), ("/tmp", "a/../.."), ("/tmp", "/etc"), ("/tmp", ""),
                       ("/tmp", "a/"), ("/tmp", "./a"), ("/tmp", "a\0b")])
def test_ways_that_lead_elsewhere_are_refused(top: str, below: str) -> None:
    assert refusal(top, below).code == "directory.option"
