# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the journal: lines in order over all of them, a tail that may be torn, rotation. Private.

Files are journal-000001.jsonl, journal-000002.jsonl … and, newest, journal.jsonl. Whoever writes holds the lock;
readers need none. Raises OSError.
"""

from __future__ import annotations

import os
import re
import typing as t
from contextlib import ExitStack

from ._state_dir import flush_directory, write_atomically
from ._clock import utc_now

_ROTATED = re.compile(r"journal-([0-9]{6,})\.jsonl")
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW
_BLOCK = 64 * 1024


class Tail(t.NamedTuple):
    """How a file ends: its last whole line (None in an empty file), what follows without an end, and its size."""

    path: str
    line: bytes | None = None
    torn: bytes = b""
    size: int = 0


class JournalFiles:
    """The files in one state directory."""

    def __init__(self, state_dir: str) -> None:
        self.state_dir = state_dir
        self.path = os.path.join(state_dir, "journal.jsonl")

    def rotated(self) -> list[str]:
        """Return the older files, oldest first."""
        try:
            names = os.listdir(self.state_dir)
        except FileNotFoundError:
            return []
        numbers = {int(found.group(1)): name for name in names for found in [_ROTATED.fullmatch(name)] if found}
        return [os.path.join(self.state_dir, numbers[number]) for number in sorted(numbers)]

    def lines(self) -> t.Iterator[tuple[str, int, bytes]]:
        """Yield path, number and text of each line, oldest first; the newest file's line without an end is left out.

        The newest file is opened first: if it is rotated meanwhile, it is met again among the older ones, and none is
        missed.
        """
        with ExitStack() as stack:
            newest = _opened(self.path, stack)
            for path in self.rotated():
                older = _opened(path, stack)
                if older is None:
                    continue
                if newest and os.path.sameopenfile(older.fileno(), newest.fileno()):
                    break
                content = older.read()
                yield from _numbered(path, content if content.endswith(b"\n") else content + b"\n")
            yield from _numbered(self.path, newest.read() if newest else b"")

    def tail(self) -> Tail:
        """Return the end of the newest file, reading no more than that."""
        return _tail_of(self.path)

    def last_rotated_tail(self) -> Tail | None:
        """Return the end of the newest of the older files; None if there are none."""
        rotated = self.rotated()
        if not rotated:
            return None
        tail = _tail_of(rotated[-1])
        return tail._replace(line=tail.torn or tail.line or b"", torn=b"")  # no power cut tears an older file

    def move_aside(self, tail: Tail) -> None:
        """Keep a line without its end, which is what a power cut leaves, in a file of its own; good ones stay."""
        write_atomically(f"{self.path}.torn-{utc_now().replace(':', '')}", tail.torn)
        with os.fdopen(os.open(self.path, os.O_RDWR | _OPEN), "rb+") as stream:
            stream.truncate(tail.size - len(tail.torn))

    def rotate(self) -> None:
        """Give the newest file the next number. A run killed after this leaves no newest file, and nothing is lost."""
        rotated = self.rotated()
        number = int(_ROTATED.fullmatch(os.path.basename(rotated[-1]))[1]) if rotated else 0
        os.rename(self.path, os.path.join(self.state_dir, f"journal-{number + 1:06d}.jsonl"))
        flush_directory(self.state_dir)

    def put(self, payload: bytes) -> None:
        """Write at the end of the newest file and flush it. The name of a new file is on disk before its first line."""
        descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | _OPEN, 0o640)
        try:
            if os.fstat(descriptor).st_size == 0:
                flush_directory(self.state_dir)
            while payload:
                payload = payload[os.write(descriptor, payload):]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def first_is_missing(path: str) -> bool:
    """Say whether a file that is the oldest one here was not the first."""
    found = _ROTATED.fullmatch(os.path.basename(path))
    return bool(found) and int(found.group(1)) > 1


def _numbered(path: str, content: bytes) -> t.Iterator[tuple[str, int, bytes]]:
    """Yield the lines of a file that have an end."""
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        yield path, number, line


def _opened(path: str, stack: ExitStack) -> t.BinaryIO | None:
    try:
        return stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | _OPEN), "rb"))
    except FileNotFoundError:
        return None


def _tail_of(path: str) -> Tail:
    with ExitStack() as stack:
        stream = _opened(path, stack)
        if stream is None:
            return Tail(path)
        size = stream.seek(0, os.SEEK_END)
        length, block = 0, b""
        while length < size and block.count(b"\n") < 2:
            length = min(size, max(_BLOCK, 2 * length))
            stream.seek(size - length)
            block = stream.read(length)
        whole, newline, torn = block.rpartition(b"\n")
        return Tail(path, whole.rpartition(b"\n")[2] if newline else None, torn, size)
