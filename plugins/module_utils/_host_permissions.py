# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the supervisor's user is there and may write where it must (SUPERVISOR_SYSTEMD §8). Private."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import typing as t
from dataclasses import dataclass

_SHOWN_FILES = 10


@dataclass(frozen=True)
class _User:
    name: str
    uid: int
    groups: frozenset[int]
    home: str


def home_of(name: str) -> str | None:
    """Return the home directory of a user of this host; None if there is no such user."""
    user = _user(name)
    return user.home if user else None


def permissions(
    user_name: str | None, directories: t.Mapping[str, str], files: t.Mapping[str, str] | None = None
) -> dict[str, t.Any]:
    """Return user, directories, files and not_observed.

    files: name -> path. Of each: whether it exists, its owner, group and mode, and whether the user may read it.
    directories: name -> path. Of each: whether it exists, its owner, group and mode, whether the user may enter it and
    make files in it, and which files in it he may not write. What a unit itself forbids (ProtectSystem=) is not seen.
    """
    not_observed = []
    user = _user(user_name) if user_name else None
    if not user_name:
        not_observed.append("service user (neither the unit nor the process tells it)")
    views = {}
    for name, path in directories.items():
        try:
            views[name] = _directory(path, user)
        except OSError as error:
            not_observed.append(f"permissions of {path} ({error.strerror})")
            continue
        if user and views[name].get("writable", True) is None:
            not_observed.append(f"whether {user.name} may write to {path} (an access control list decides)")
    readables = {}
    for name, path in (files or {}).items():
        try:
            readables[name] = _file(path, user)
        except OSError as error:
            not_observed.append(f"permissions of {path} ({error.strerror})")
    return {
        "user": {
            "name": user_name, "exists": user is not None, "uid": user and user.uid, "home": user and user.home,
        } if user_name else None,
        "directories": views,
        "files": readables,
        "not_observed": not_observed,
    }  # fmt: skip


def _user(name: str) -> _User | None:
    """Look a user up by name, or by the number that systemd shows for User=1000."""
    try:
        entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError):
        return None
    return _User(entry.pw_name, entry.pw_uid, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)), entry.pw_dir)


def _facts(path: str) -> dict[str, t.Any]:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"path": path, "exists": False}
    return {
        "path": path,
        "exists": True,
        "owner": _name(pwd.getpwuid, "pw_name", found.st_uid),
        "group": _name(grp.getgrgid, "gr_name", found.st_gid),
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
    }


def _file(path: str, user: _User | None) -> dict[str, t.Any]:
    facts = _facts(path)
    return {**facts, "readable": user and _may(user, path, os.R_OK)} if facts["exists"] else facts


def _directory(path: str, user: _User | None) -> dict[str, t.Any]:
    facts = _facts(path)
    if not facts["exists"]:
        return facts
    return {
        **facts,
        "enterable": user and _may(user, path, os.X_OK),
        "writable": user and _may(user, path, os.W_OK | os.X_OK),
        "unwritable_files": user and _unwritable_files(user, path),
    }


def _name(look_up: t.Callable[[int], t.Any], field: str, number: int) -> str:
    try:
        return str(getattr(look_up(number), field))
    except KeyError:
        return str(number)


def _may(user: _User, path: str, wanted: int) -> bool | None:
    """Say whether a user has rights on a directory or file and a way to it; None if an access control list decides that."""
    if wanted & os.W_OK and os.statvfs(path).f_flag & os.ST_RDONLY:
        return False
    if user.uid == os.geteuid():
        return os.access(path, wanted)
    place = os.path.realpath(path)
    answers = [_allows(user, place, wanted)]
    while place != os.sep:
        place = os.path.dirname(place)
        answers.append(_allows(user, place, os.X_OK))
    return False if False in answers else None if None in answers else True


def _unwritable_files(user: _User, path: str) -> list[str] | None:
    """Return the first names in a directory of plain files that a user may not write; None if it cannot be listed."""
    found = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_file() and _allows(user, entry.path, os.W_OK) is False:
                    found.append(entry.name)
    except OSError:
        return None
    return sorted(found)[:_SHOWN_FILES]


def _allows(user: _User, path: str, wanted: int) -> bool | None:
    """Say whether owner, group and mode give a user these rights; None if an access control list has more to say."""
    found = os.stat(path)
    if user.uid == 0:
        return True
    shift = 6 if found.st_uid == user.uid else 3 if found.st_gid in user.groups else 0
    allowed = (found.st_mode >> shift) & wanted == wanted
    return None if shift < 6 and _has_list(path) else allowed


def _has_list(path: str) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:
        return False
