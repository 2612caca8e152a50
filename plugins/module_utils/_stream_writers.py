# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ffmpeg processes that write playlists of one HLS directory, seen in /proc; and signals to one of them. Private.

Command lines hold camera passwords (SUPERVISOR_API quirk 19): none leaves here.
"""

from __future__ import annotations

import os
import signal
import typing as t
from dataclasses import dataclass

from ._host_proc import Process, is_alive, process_of
from ._host_texts import in_control_group, is_ffmpeg

#: Who takes in the children of those that ended, beside process 1: the manager of a user's own units.
_TAKES_IN = ("systemd", "init")
_PLAYLIST = ".m3u8"
_LIMIT = 1_048_576


@dataclass(frozen=True)
class Writer:
    """An ffmpeg told to write a playlist; the other facts as _writer_rules has them. state: of /proc/PID/stat."""

    process: Process
    parent: int
    state: str
    camera: str
    below: bool
    parent_lost: bool
    in_unit: t.Optional[bool]
    sees_directory: t.Optional[bool]

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    @property
    def users(self) -> t.FrozenSet[int]:
        """Whom it acts as."""
        return self.process.users


class _Entry(t.NamedTuple):
    name: str
    state: str
    parent: int


def writers_of(directory: int, path: str, roots: t.Container[int], control_group: str | None) -> list[Writer]:
    """Return the writers of an opened HLS directory. path: where it is; roots: the supervisor's processes.

    One that cannot be asked where it writes counts as a writer if its command line, seen by everybody, names the path.
    Raises OSError.
    """
    own = os.fstat(directory)
    table = {pid: entry for pid, entry in ((pid, _entry(pid)) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))) if entry}
    found = []
    for pid, entry in sorted(table.items()):
        words = words_of(pid)
        playlist = _written_by(words)
        if playlist is None or not is_ffmpeg(entry.name, words):
            continue
        sees = sees_directory(pid, os.path.dirname(playlist), own)
        process = process_of(pid)
        if process is None or sees is False or (sees is None and os.path.dirname(playlist) != path):
            continue
        found.append(Writer(
            process, entry.parent, entry.state, os.path.basename(playlist)[: -len(_PLAYLIST)],
            _is_below(table, pid, roots), _is_lost(table, entry.parent),
            None if control_group is None else in_control_group(process.cgroups, control_group), sees))
    return found


def _written_by(words: t.Sequence[str]) -> str | None:
    """Return the playlist a command line writes, the last that is no input; None if there is none."""
    outputs = (word for before, word in zip(words, words[1:]) if before != "-i" and "://" not in word)
    return next((word for word in reversed([*outputs]) if word.endswith(_PLAYLIST)), None)


def _entry(pid: int) -> _Entry | None:
    """Read name, state and parent; the name may hold anything, blanks and brackets too."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            head, dummy, rest = stream.read().rpartition(")")
    except OSError:
        return None
    fields = rest.split()
    return _Entry(head.partition("(")[2], fields[0], int(fields[1])) if len(fields) > 1 and fields[1].isdigit() else None


def words_of(pid: int) -> list[str]:
    """Return the command line of a process; [] for one of the kernel, and once it has ended."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            return os.fsdecode(stream.read(_LIMIT)).split("\0")[:-1]
    except OSError:
        return []


def sees_directory(pid: int, folder: str, own: os.stat_result) -> bool | None:
    """Say whether a folder, as this process sees it, is the very directory; in a container the same path is another one.

    None where the process does not show it.
    """
    place = f"/proc/{pid}/root{folder}" if folder.startswith(os.sep) else f"/proc/{pid}/cwd/{folder}"
    try:
        seen = os.stat(place)
    except PermissionError:
        return None
    except (OSError, ValueError):
        return False
    return (seen.st_dev, seen.st_ino) == (own.st_dev, own.st_ino)


def _is_below(table: t.Mapping[int, _Entry], pid: int, roots: t.Container[int]) -> bool:
    seen: set[int] = set()
    while pid in table and pid not in seen:
        seen.add(pid)
        pid = table[pid].parent
        if pid in roots:
            return True
    return False


def _is_lost(table: t.Mapping[int, _Entry], parent: int) -> bool:
    return parent in (0, 1) or parent not in table or table[parent].name in _TAKES_IN


def send(writer: Writer, name: str) -> bool:
    """Signal a writer if it is still the very process that was seen; return whether it was. Raises OSError."""
    try:
        # From here on the number cannot become another process's.
        handle = os.pidfd_open(writer.pid) if hasattr(os, "pidfd_open") else None
    except ProcessLookupError:
        return False
    except OSError:  # a kernel before 5.3
        handle = None
    try:
        now = process_of(writer.pid)
        if now is None or (now.ticks, now.users) != (writer.process.ticks, writer.process.users):
            return False
        number = getattr(signal, f"SIG{name}")
        if handle is None or not hasattr(signal, "pidfd_send_signal"):
            os.kill(writer.pid, number)
        else:
            signal.pidfd_send_signal(handle, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        if handle is not None:
            os.close(handle)


def still_there(writers: t.Iterable[Writer]) -> list[Writer]:
    """Return those that have not ended."""
    return [writer for writer in writers if is_alive(writer.process)]


def is_stopped(writer: Writer) -> bool:
    """Say whether a writer was stopped by a signal when it was seen: it does not react to SIGTERM then."""
    return writer.state in ("T", "t")
