# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection per PLC from this machine: who holds the lock, and what happens to it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_lock
from ansible_collections.lineops.runbook.plugins.module_utils._ads_lock import one_at_a_time
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def is_held(path: Path) -> bool:
    """Whether somebody else's attempt would have to wait."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_lock_is_held_exactly_as_long_as_the_task_speaks(folder) -> None:
    with one_at_a_time("10.30.0.21"):
        (path,) = folder.iterdir()
        assert is_held(path)
    assert not is_held(path)
    with pytest.raises(KeyError), one_at_a_time("10.30.0.21"):
        raise KeyError
    assert not is_held(path)


def test_a_run_that_never_lets_go_is_told_and_not_waited_for_in_silence(monkeypatch) -> None:
    monkeypatch.setattr(_ads_lock, "PATIENCE_S", 0.05)
    with one_at_a_time("10.30.0.21"), pytest.raises(AdsError) as caught, one_at_a_time("10.30.0.21"):
        pass
    assert caught.value.code == "ads.lock" and "10.30.0.21" in caught.value.message


def test_another_plc_is_not_kept_waiting(folder) -> None:
    with one_at_a_time("10.30.0.21"), one_at_a_time("10.30.0.22"):
        assert len(list(folder.iterdir())) == 2


def test_the_file_is_for_this_user_only(folder) -> None:
    with one_at_a_time("10.30.0.21"):
        (path,) = folder.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        assert str(os.getuid()) in path.name


@pytest.mark.parametrize("ip", ["../../etc/passwd", "plc", "", "10.30.0.21/../x", None])
def test_what_is_no_address_never_becomes_a_file(ip, folder) -> None:
    with pytest.raises(AdsError) as caught, one_at_a_time(ip):
        pass
    assert caught.value.code == "ads.address_invalid" and not list(folder.iterdir())


def test_a_link_put_there_by_somebody_else_is_not_followed(folder) -> None:
    with one_at_a_time("10.30.0.21"):
        (path,) = folder.iterdir()
    path.unlink()
    path.symlink_to(folder / "victim")
    with pytest.raises(AdsError) as caught, one_at_a_time("10.30.0.21"):
        pass
    assert caught.value.code == "ads.lock" and str(path) in caught.value.message
    assert not (folder / "victim").exists()
