# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load, memory and file systems of this machine; what hangs, is missing or may not be seen is named."""

from __future__ import annotations

import os
import threading
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="memory needs psutil")

from ansible_collections.lineops.runbook.plugins.module_utils import _host_resources  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402


def disks(*paths: t.Any, timeout: float = 60.0) -> tuple[list[dict[str, t.Any]], list[str]]:
    view = _host_resources.resources([str(path) for path in paths], timeout)
    return view["disks"], view["not_observed"]


def test_load_memory_and_swap_of_this_machine() -> None:
    view = _host_resources.resources([], 60)
    assert view["cpu"]["cores"] > 0 and view["cpu"]["measured"] == "load averages" and view["cpu"]["load_1m"] >= 0
    assert 0 < view["memory"]["available"] <= view["memory"]["total"]
    assert set(view["swap"]) == {"total", "used", "free"}
    assert (view["disks"], view["not_observed"]) == ([], [])


def test_paths_of_one_file_system_are_told_once(tmp_path: Path) -> None:
    (tmp_path / "hls").mkdir()
    (found,), not_observed = disks(tmp_path, tmp_path / "hls", tmp_path)
    space = os.statvfs(tmp_path)
    assert found["paths"] == [str(tmp_path), str(tmp_path / "hls")] and not_observed == []
    assert os.path.ismount(found["mount"]) and found["read_only"] is False
    assert found["total"] == space.f_blocks * space.f_frsize
    assert 0 < found["free"] <= found["total"] - found["used"] and found["used"] > 0


def test_other_file_systems_are_told_for_themselves() -> None:
    found, not_observed = disks("/", "/proc")
    assert [disk["paths"] for disk in found] == [["/"], ["/proc"]] and not_observed == []


def test_file_system_without_inodes_has_none_not_zero(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """btrfs and some network file systems say 0: as a number it would read as none left."""
    real = os.statvfs(tmp_path)
    monkeypatch.setattr(_host_resources.os, "statvfs", lambda path: os.statvfs_result((*real[:5], 0, 0, 0, *real[8:])))
    (found,), dummy = disks(tmp_path)
    assert (found["inodes_total"], found["inodes_used"], found["inodes_free"]) == (None, None, None)


def test_full_and_read_only_file_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full = os.statvfs_result((4096, 4096, 1000, 50, 0, 10, 3, 2, os.ST_RDONLY, 255))
    monkeypatch.setattr(_host_resources.os, "statvfs", lambda path: full)
    (found,), dummy = disks(tmp_path)
    assert (found["used"], found["free"], found["read_only"]) == (950 * 4096, 0, True)
    assert (found["inodes_total"], found["inodes_used"], found["inodes_free"]) == (10, 7, 2)


def test_missing_path_counts_for_where_it_would_be_made(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "not" / "there")
    (tmp_path / "file").write_text("", encoding="utf-8")
    (found,), not_observed = disks(tmp_path, tmp_path / "a" / "b", tmp_path / "link", tmp_path / "file" / "x")
    assert len(found["paths"]) == 4 and not_observed == []


def test_file_system_that_never_answers_is_named_and_the_others_are_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Network file system whose server is gone: statvfs never comes back."""
    (tmp_path / "nfs").mkdir()
    gone = threading.Event()
    real = os.statvfs

    def statvfs(path: str) -> t.Any:
        if not path.endswith("nfs"):
            return real(path)
        gone.wait(300)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(_host_resources.os, "statvfs", statvfs)
    try:
        (found,), not_observed = disks(tmp_path / "nfs", tmp_path, timeout=2)
    finally:
        gone.set()
    assert found["paths"] == [str(tmp_path)]
    assert not_observed == [f"file system of {tmp_path / 'nfs'} (no answer within 2 s)"]


def test_path_that_may_not_be_looked_at_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Never its parent's file system instead: another may be mounted there."""
    real = os.lstat

    def lstat(path: t.Any, **options: t.Any) -> t.Any:
        if str(path).endswith("closed/inside"):
            raise PermissionError(13, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(_host_resources.os, "lstat", lstat)
    found, not_observed = disks(tmp_path / "closed" / "inside")
    assert (found, not_observed) == ([], [f"file system of {tmp_path / 'closed' / 'inside'} (Permission denied)"])


def test_without_psutil_only_memory_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing() -> t.Any:
        raise LineopsError("library.missing", "not there")

    monkeypatch.setattr(_host_resources, "load_psutil", missing)
    view = _host_resources.resources([str(tmp_path)], 60)
    assert (view["memory"], view["swap"]) == (None, None) and view["disks"] and view["cpu"]["load_5m"] >= 0
    assert view["not_observed"] == ["memory and swap (psutil is not installed)"]


def test_load_that_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> t.Any:
        raise OSError

    monkeypatch.setattr(_host_resources.os, "getloadavg", unknown)
    view = _host_resources.resources([], 60)
    assert "load_1m" not in view["cpu"] and view["not_observed"] == ["load (not told by this system)"]
