# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a file that is waited for, but not for ever. It ends with the process. Private to this collection."""

from __future__ import annotations

import fcntl
import os
import time
import typing as t
from contextlib import contextmanager


class StillHeld(Exception):
    """Somebody else held the lock for longer than one was willing to wait."""


@contextmanager
def lock_of(path: str, mode: int, patience_s: float) -> t.Iterator[None]:
    """Hold the lock of a file, made when needed; a link in its place is not followed.

    :raises OSError: the file cannot be opened.
    :raises StillHeld: another process held it all the time.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        deadline = time.monotonic() + patience_s
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                raise StillHeld(path)
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
