# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a directory below another one step by step, so that no link on the way leads elsewhere. Private.

What is done in it by the descriptor is done in that very directory, whatever is put in its place meanwhile.
"""

from __future__ import annotations

import os
import stat
import typing as t
from contextlib import contextmanager

from ._errors import LineopsError

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = "Look at what was put there; nothing is done in a place that is not the documented one."


@contextmanager
def opened_beneath(top: str, below: str) -> t.Iterator[int]:
    """Open the directory top/below and yield its descriptor; top itself may be reached by links, below may not.

    :raises LineopsError: "directory.option", "directory.missing", "directory.elsewhere" (a link, or no directory),
        "directory.no_access".
    """
    names = below.split("/")
    if not os.path.isabs(top) or os.path.realpath(top) == os.sep or not _are_plain(names):
        raise LineopsError(
            "directory.option", f"Nothing was done: {os.path.join(top, below)} is no directory below an absolute one other than /.")
    path = os.path.realpath(top)
    descriptor = _opened(path, None, path)
    try:
        for name in names:
            path = os.path.join(path, name)
            inner = _opened(name, descriptor, path)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _are_plain(names: t.Sequence[str]) -> bool:
    return all(name not in ("", ".", "..") and "\0" not in name for name in names)


def _opened(name: str, descriptor: int | None, path: str) -> int:
    """Open one step; raises LineopsError with what is there instead of a directory."""
    try:
        return os.open(name, _DIRECTORY, dir_fd=descriptor)
    except FileNotFoundError as error:
        raise LineopsError(
            "directory.missing", f"There is no directory {path} on this host.",
            "Correct lineops_supervisor_dir, or look whether the supervisor ever ran here.") from error
    except PermissionError as error:
        raise LineopsError(
            "directory.no_access", f"The directory {path} may not be opened.", "Become the supervisor's own user.") from error
    except OSError as error:
        raise LineopsError(
            "directory.elsewhere", f"{path} is {_kind(name, descriptor)}, not a directory of its own.", _LOOK) from error


def _kind(name: str, descriptor: int | None) -> str:
    try:
        mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
    except OSError as error:
        return f"not to be opened ({error.strerror})"
    return "a link" if stat.S_ISLNK(mode) else "something else"
