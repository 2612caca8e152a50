# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of journal, leases and evidence: ours alone, locked by name, durable (DESIGN §8). Private."""

from __future__ import annotations

import errno
import os
import stat
import typing as t
from contextlib import ExitStack, contextmanager, suppress

from ._errors import LineopsError
from ._flock import StillHeld, lock_of

PATIENCE_S = 60.0


def prepare(state_dir: str, *below: str) -> str:
    """Make the state directory (mode 0750), and one below it if named; return the path.

    :raises LineopsError: "state_dir.unwritable", or "state_dir.unsafe" if it is a link or everybody may write to it.
    """
    path = os.path.normpath(state_dir)
    for name in ("", *below):
        path = os.path.join(path, name) if name else path
        try:
            _make(path)
        except OSError as error:
            raise _unwritable(f"The state directory {path} cannot be made", error) from error
        check(path)
    return path


def check(state_dir: str) -> None:
    """Refuse a directory in which somebody else could have put what is found there; one that is missing is no danger.

    :raises LineopsError: "state_dir.unsafe" if it is a link or everybody may write to it.
    """
    path = os.path.normpath(state_dir)
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if stat.S_ISLNK(mode) or mode & stat.S_IWOTH:
        raise LineopsError(
            "state_dir.unsafe", f"The state directory {path} is a link or writable by everybody.",
            "Make it a directory of its own with mode 0750.")


@contextmanager
def locked(state_dir: str, name: str) -> t.Iterator[None]:
    """Hold the lock <name>.lock of a prepared directory.

    :raises LineopsError: "state_dir.unwritable" if there can be no lock, "state_dir.locked" if another run of this host
        or state host holds it for longer than a minute.
    """
    path = os.path.join(os.path.normpath(state_dir), f"{name}.lock")
    with ExitStack() as stack:  # what fails inside the with of the caller is no failure of the lock
        try:
            stack.enter_context(lock_of(path, 0o640, PATIENCE_S))
        except OSError as error:
            raise _unwritable(f"The lock {path} cannot be used", error) from error
        except StillHeld:
            raise LineopsError(
                "state_dir.locked", f"Another run has been holding {path} for over a minute.",
                "Look for a hanging run, or wait for it.") from None
        yield


def write_atomically(path: str, content: bytes, mode: int = 0o640) -> None:
    """Put content in place of a file: the old or the new is there at any time, and after a power cut. Raises OSError.

    The caller holds a lock; what a killed run left beside the file is written over by the next one.
    """
    temporary = f"{path}.tmp"
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, flags, mode), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    flush_directory(os.path.dirname(path))


def flush_directory(path: str) -> None:
    """Make names that were added, renamed or removed in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # file systems that flush no directories say so
            raise
    finally:
        os.close(descriptor)


def _make(path: str) -> None:
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    _make(parent)
    try:
        os.mkdir(path, 0o750)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    flush_directory(parent)


def _unwritable(what: str, error: OSError) -> LineopsError:
    return LineopsError(
        "state_dir.unwritable", f"{what}: {error.strerror}.",
        "Create the directory for the user Ansible works as, or set lineops_state_dir.")
