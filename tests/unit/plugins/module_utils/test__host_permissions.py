# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the supervisor's user may write where it must: held against what the kernel says, where a test may ask it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _host_permissions as subject

ME = pwd.getpwuid(os.geteuid())
OTHER = pwd.getpwnam("nobody")
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def top() -> t.Iterator[Path]:
    """A directory that everybody may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="lineops-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def seen(path: Path, user: str | None = None) -> tuple[dict[str, t.Any], list[str]]:
    view = subject.permissions(user or OTHER.pw_name, {"hls": str(path)})
    return view["directories"]["hls"], view["not_observed"]


def test_user_and_directory(top: Path) -> None:
    view = subject.permissions(ME.pw_name, {"install": str(top), "hls": str(top / "none")})
    assert view["user"] == {"name": ME.pw_name, "exists": True, "uid": ME.pw_uid, "home": ME.pw_dir}
    install = view["directories"]["install"]
    assert (install["owner"], install["mode"], install["exists"]) == (ME.pw_name, "0755", True)
    assert (install["enterable"], install["writable"], install["unwritable_files"]) == (True, True, [])
    assert view["directories"]["hls"] == {"path": str(top / "none"), "exists": False} and view["not_observed"] == []


def test_user_by_number() -> None:
    """systemd shows User=1000 as it was written."""
    assert subject.permissions(str(ME.pw_uid), {})["user"]["home"] == ME.pw_dir == subject.home_of(ME.pw_name)


def test_user_that_is_not_there(top: Path) -> None:
    """A unit whose user was removed fails at once; nobody's rights are told then."""
    view = subject.permissions("no-such-user", {"hls": str(top)})
    assert view["user"] == {"name": "no-such-user", "exists": False, "uid": None, "home": None}
    assert view["directories"]["hls"]["writable"] is None and subject.home_of("no-such-user") is None
    assert subject.home_of("9" * 30) is None


def test_user_that_is_not_known_is_named(top: Path) -> None:
    view = subject.permissions(None, {"hls": str(top)})
    assert view["user"] is None and view["directories"]["hls"]["mode"] == "0755"
    assert view["not_observed"] == ["service user (neither the unit nor the process tells it)"]


MODES = [0o755, 0o777, 0o700, 0o775, 0o711, 0o733, 0o750, 0o555, 0o000]


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a directory to another user and ask for him")
@pytest.mark.parametrize("owner", ["root", "nobody", "group"])
@pytest.mark.parametrize("mode", MODES, ids=oct)
def test_answer_is_that_of_the_kernel(top: Path, owner: str, mode: int) -> None:
    """SUPERVISOR_SYSTEMD 28 and 31: files of root keep the supervisor from writing."""
    (top / "d").mkdir()
    os.chown(top / "d", OTHER.pw_uid if owner == "nobody" else 0, OTHER.pw_gid if owner == "group" else 0)
    (top / "d").chmod(mode)
    ask = ["sh", "-c", 'cd "$0" && echo enter; test -w "$0" && test -x "$0" && echo write; true', str(top / "d")]
    asked = {"user": OTHER.pw_uid, "group": OTHER.pw_gid, "extra_groups": [OTHER.pw_gid]}
    said = subprocess.run(ask, capture_output=True, text=True, check=True, **t.cast("t.Any", asked)).stdout.split()
    found, not_observed = seen(top / "d")
    assert (found["enterable"], found["writable"]) == ("enter" in said, "write" in said) and not_observed == []


def test_way_to_a_directory_counts(top: Path) -> None:
    """SUPERVISOR_SYSTEMD 29: an open directory behind a closed one cannot be entered."""
    (top / "closed" / "open").mkdir(parents=True)
    (top / "closed" / "open").chmod(0o777)
    (top / "closed").chmod(0o700)
    (top / "link").symlink_to(top / "closed" / "open")
    for path in (top / "closed" / "open", top / "link"):
        found, dummy = seen(path)
        assert (found["enterable"], found["writable"]) == (False, False)


def test_files_that_may_not_be_written_are_named(top: Path) -> None:
    """A database of root in a directory of the supervisor's user ends every start (SUPERVISOR_SYSTEMD 28)."""
    (top / "config").mkdir()
    (top / "config").chmod(0o777)
    for name, mode in {
        "system_logs.db": 0o644,
        "cameras.json": 0o666,
        **{f"z{n:02}": 0o600 for n in range(20)},
    }.items():
        (top / "config" / name).write_text("", encoding="utf-8")
        (top / "config" / name).chmod(mode)
    (top / "config" / "backups").mkdir(mode=0o700)
    found, dummy = seen(top / "config")
    assert found["writable"] is True
    assert found["unwritable_files"] == ["system_logs.db", *(f"z{n:02}" for n in range(9))]


def test_read_only_file_system_is_not_writable(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for root either: a disk with errors is mounted read-only."""
    read_only = os.statvfs_result((4096, 4096, 10, 5, 5, 10, 3, 2, os.ST_RDONLY, 255))
    monkeypatch.setattr(subject.os, "statvfs", lambda path: read_only)
    assert [seen(top, user)[0]["writable"] for user in (ME.pw_name, "root", OTHER.pw_name)] == [False, False, False]


def test_root_may_write_everywhere(top: Path) -> None:
    (top / "d").mkdir(mode=0o700)
    found, dummy = seen(top / "d", "root")
    assert (found["enterable"], found["writable"], found["unwritable_files"]) == (True, True, [])


def test_access_control_list_is_named_not_guessed(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.os, "listxattr", lambda path: ["system.posix_acl_access"] if path == str(top) else [])
    found, not_observed = seen(top)
    assert (found["writable"], found["unwritable_files"]) == (None, [])
    assert not_observed == [f"whether nobody may write to {top} (an access control list decides)"]


def test_directory_that_may_not_be_looked_at_is_named(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def stat(path: t.Any, **options: t.Any) -> t.Any:
        if str(path) == str(top / "d"):
            raise PermissionError(13, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(subject.os, "stat", stat)
    view = subject.permissions(OTHER.pw_name, {"hls": str(top / "d"), "install": str(top)})
    assert set(view["directories"]) == {"install"}
    assert view["not_observed"] == [f"permissions of {top / 'd'} (Permission denied)"]


def test_owner_without_a_name_is_a_number(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> t.Any:
        raise KeyError(number)

    monkeypatch.setattr(subject.pwd, "getpwuid", unknown)
    monkeypatch.setattr(subject.grp, "getgrgid", unknown)
    found, dummy = seen(top)
    assert (found["owner"], found["group"]) == (str(os.geteuid()), str(top.stat().st_gid))


def test_start_script_that_the_user_may_not_read(top: Path) -> None:
    """SUPERVISOR_SYSTEMD 30: each start ends with status 2."""
    script = top / "start_web_hmi.py"
    files = {"start_script": str(script), "other": str(top / "none")}
    script.write_text("", encoding="utf-8")
    for mode, readable in ((0o644, True), (0o640, False)):
        script.chmod(mode)
        view = subject.permissions(OTHER.pw_name, {}, files)["files"]
        assert (view["start_script"]["readable"], view["start_script"]["mode"]) == (readable, f"{mode:04o}")
        assert subject.permissions(ME.pw_name, {}, files)["files"]["start_script"]["readable"] is True
    assert view["other"] == {"path": str(top / "none"), "exists": False}
    top.chmod(0o700)
    script.chmod(0o644)
    assert subject.permissions(OTHER.pw_name, {}, files)["files"]["start_script"]["readable"] is False
    assert subject.permissions(None, {}, files)["files"]["start_script"]["readable"] is None
