# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens files that others may have put a link, a pipe or a device in place of. Private to this collection."""

from __future__ import annotations

import os
import stat
import typing as t
from contextlib import contextmanager

# O_NONBLOCK: a named pipe would never open.
_CAREFULLY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextmanager
def opened_regular(path: str) -> t.Iterator[t.BinaryIO]:
    """Open a regular file for reading. Raises OSError, or ValueError with a few words if it is no regular file."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _CAREFULLY)) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("not a regular file")
        yield stream
