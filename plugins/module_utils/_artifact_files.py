# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in one opened directory: listed, examined, removed; and which of them processes are at. Private.

Everything goes by the directory's descriptor and by names in it, and no link is followed.
"""

from __future__ import annotations

import gzip
import json
import os
import stat
import tarfile
import typing as t
import zlib
from dataclasses import dataclass

from ._stream_writers import sees_directory, words_of

#: A playlist is some hundred bytes; what is larger is none.
_PLAYLIST_LIMIT = 262_144
#: A backup holds some files of configuration. What unpacks to more is not read to its end.
_BACKUP_LIMIT = 268_435_456
_CHUNK = 1_048_576
_CAREFULLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_UNREADABLE = (tarfile.TarError, zlib.error, EOFError, ValueError, RecursionError)


@dataclass(frozen=True)
class File:
    """A regular file as it was seen; identity changes when another one takes its name, or when it is written to."""

    name: str
    size: int
    mtime: float
    identity: t.Tuple[int, int, int, int]


@dataclass(frozen=True)
class Use:
    """opened: names of files that are open; written: names of playlists that a program was told to write or read there; hidden:
    how many processes do not show what they have open."""

    opened: t.FrozenSet[str]
    written: t.FrozenSet[str]
    hidden: int


def files_in(directory: int) -> list[File]:
    """Return the regular files of a directory. Raises OSError."""
    return [file for file in (file_at(directory, name) for name in sorted(os.listdir(directory))) if file]


def file_at(directory: int, name: str) -> File | None:
    """Return a regular file; None if there is none of that name, or something else."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return _file(name, found) if stat.S_ISREG(found.st_mode) else None


def _file(name: str, found: os.stat_result) -> File:
    return File(name, found.st_size, found.st_mtime, (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size))


def playlist_text(directory: int, name: str) -> str | None:
    """Return what the playlist of that name says now, it is replaced once a second; None where it cannot be read."""
    try:
        with _opened(directory, name) as stream:
            content = stream.read(_PLAYLIST_LIMIT + 1)
            return content.decode("utf-8") if len(content) <= _PLAYLIST_LIMIT else None
    except (OSError, ValueError):
        return None


def is_valid_backup(directory: int, file: File) -> bool | None:
    """Say whether an archive can be unpacked to its end and holds something, or a .json holds an object.

    None where that cannot be told: it may not be read, it is too large, it changes.
    """
    try:
        with _opened(directory, file.name) as stream:
            if _file(file.name, os.fstat(stream.fileno())).identity[:2] != file.identity[:2]:
                return None
            return _is_object(stream) if file.name.endswith(".json") else _is_archive(stream)
    except _UNREADABLE:
        return False
    except OSError as error:  # gzip's "Not a gzipped file" is one without a number
        return False if error.errno is None else None


def _is_object(stream: t.BinaryIO) -> bool | None:
    content = stream.read(_BACKUP_LIMIT + 1)
    return None if len(content) > _BACKUP_LIMIT else isinstance(json.loads(content.decode("utf-8")), dict)


def _is_archive(stream: t.BinaryIO) -> bool | None:
    members = 0
    # gzip compares the check sum at its end, which tarfile alone never looks at.
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
        for member in archive:
            members += 1
            if member.offset_data + member.size > _BACKUP_LIMIT:
                return None
        while unpacked.read(_CHUNK):
            if unpacked.tell() > _BACKUP_LIMIT:
                return None
    return members > 0


def _opened(directory: int, name: str) -> t.BinaryIO:
    """Open a regular file. Raises OSError, or ValueError for anything else."""
    stream = open(name, "rb", opener=lambda path, dummy: os.open(path, _CAREFULLY, dir_fd=directory))
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise ValueError("not a regular file")
    return stream


def remove(directory: int, file: File) -> bool:
    """Remove a file if it still is as it was seen; return whether it was removed. Raises OSError."""
    now = file_at(directory, file.name)
    if now is None or now.identity != file.identity:
        return False
    try:
        os.unlink(file.name, dir_fd=directory)
    except FileNotFoundError:
        return False
    return True


def use_of(directories: t.Mapping[int, t.Iterable[File]]) -> Use:
    """Look at every process: which of the files in opened directories it has open, and which playlists there it was told of.

    A process that does not show where its own directory is may well mean this one.
    """
    wanted: dict[str, set[tuple[int, int]]] = {}
    for found in directories.values():
        for file in found:
            wanted.setdefault(file.name, set()).add(file.identity[:2])
    places = [os.fstat(directory) for directory in directories]
    opened: set[str] = set()
    written: set[str] = set()
    hidden = 0
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        words = words_of(pid)
        if not words:  # the kernel's own, or ended meanwhile
            continue
        written.update(
            os.path.basename(word) for word in words
            if word.endswith(".m3u8") and "://" not in word
            and any(sees_directory(pid, os.path.dirname(word), place) is not False for place in places))
        try:
            opened.update(_open_of(pid, wanted))
        except PermissionError:
            hidden += 1
        except OSError:
            continue
    return Use(frozenset(opened), frozenset(written), hidden)


def _open_of(pid: int, wanted: t.Mapping[str, set[tuple[int, int]]]) -> t.Iterator[str]:
    for number in os.listdir(f"/proc/{pid}/fd"):
        link = f"/proc/{pid}/fd/{number}"
        try:
            # Only what has such a name is looked at more closely: some files do not answer.
            name = os.readlink(link).rpartition("/")[2]
            found = os.stat(link) if name in wanted else None
        except FileNotFoundError:
            continue
        if found and (found.st_dev, found.st_ino) in wanted[name]:
            yield name
