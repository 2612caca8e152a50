# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state directory: ours alone, locked by name, files whole at any moment. The journal's tests show more of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _state_dir
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._state_dir import (
    check,
    flush_directory,
    locked,
    prepare,
    write_atomically,
)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return tmp_path / "lib" / "lineops"


def test_directories_are_made_for_us_alone(folder: Path) -> None:
    assert prepare(f"{folder}/", "leases") == str(folder / "leases")
    assert prepare(str(folder)) == str(folder)
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "leases")] == [0o750, 0o750]


@pytest.mark.parametrize("below", [(), ("leases",)])
def test_link_is_refused_also_below(folder: Path, tmp_path: Path, below: tuple[str, ...]) -> None:
    prepare(str(folder.parent))
    target = folder.joinpath(*below)
    if below:
        folder.mkdir()
    target.symlink_to(tmp_path)
    with pytest.raises(LineopsError) as caught:
        prepare(str(folder), "leases")
    assert caught.value.code == "state_dir.unsafe" and str(target) in caught.value.message


def test_directory_that_is_missing_is_no_danger(folder: Path) -> None:
    check(str(folder))
    assert not folder.exists()


def test_file_in_the_way_is_said(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("", encoding="utf-8")
    with pytest.raises(LineopsError) as caught:
        prepare(str(folder))
    assert (caught.value.code, caught.value.message) == (
        "state_dir.unwritable", f"The state directory {folder} cannot be made: File exists."
    )  # fmt: skip


def test_file_systems_that_flush_no_directories_are_no_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(dummy: int) -> None:
        raise OSError(number, "")

    folder.mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", fsync)
    number = errno.EINVAL
    flush_directory(str(folder))
    number = errno.EIO
    with pytest.raises(OSError, match=str(errno.EIO)):
        flush_directory(str(folder))


def test_locks_have_names_and_end_with_their_block(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_state_dir, "PATIENCE_S", 0.05)
    prepare(str(folder))
    with pytest.raises(KeyError), locked(str(folder), "journal"), locked(str(folder), "leases"):
        raise KeyError
    with locked(str(folder), "journal"), pytest.raises(LineopsError) as caught, locked(str(folder), "journal"):
        pass
    assert caught.value.code == "state_dir.locked" and str(folder / "journal.lock") in caught.value.message


def test_failure_inside_the_block_is_not_one_of_the_lock(folder: Path) -> None:
    prepare(str(folder))
    with pytest.raises(FileNotFoundError), locked(str(folder), "journal"):
        raise FileNotFoundError("of the caller")


def test_lock_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    prepare(str(folder))
    (folder / "journal.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(LineopsError) as caught, locked(str(folder), "journal"):
        pass
    assert caught.value.code == "state_dir.unwritable" and not (tmp_path / "victim").exists()


def test_content_is_replaced_as_a_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(str(folder))
    path = folder / "x.json"
    (folder / "x.json.tmp").write_bytes(b"left by a run that was killed, and longer than what comes")
    (folder / "x.json.tmp").chmod(0o640)
    write_atomically(str(path), b"one")
    assert path.read_bytes() == b"one" and path.stat().st_mode & 0o777 == 0o640
    monkeypatch.setattr(os, "fsync", lambda descriptor: os.write(-1, b""))
    with pytest.raises(OSError, match="Bad file descriptor"):
        write_atomically(str(path), b"two")
    assert path.read_bytes() == b"one" and [entry.name for entry in folder.iterdir()] == ["x.json"]
