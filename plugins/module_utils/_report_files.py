# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of reports on the controller: journals in, reports out. Private to this collection."""

from __future__ import annotations

import json
import os
import tempfile
import typing as t

from ._errors import LineopsError
from ._journal import hash_of


def read_journals(paths: t.Sequence[str], unreadable: str) -> tuple[list[dict[str, t.Any]], list[dict[str, t.Any]]]:
    """Return the entries of journal files, and the files whose chain of hashes does not hold: {path, count, line}.

    A line that is no entry becomes an entry with the event `unreadable`; nothing is dropped or written. An entry that
    stands in two of the files is returned once.
    """
    entries: list[dict[str, t.Any]] = []
    broken: list[dict[str, t.Any]] = []
    seen: set[str] = set()
    for path in paths:
        misfits = []
        for number, entry, fits in _read(path, unreadable):
            if not fits:
                misfits.append(number)
            elif entry.get("hash") in seen:
                continue
            if fits and "hash" in entry:
                seen.add(entry["hash"])
            entries.append(entry)
        if misfits:
            broken.append({"path": path, "count": len(misfits), "line": misfits[0]})
    return entries, broken


def _read(path: str, unreadable: str) -> t.Iterator[tuple[int, dict[str, t.Any], bool]]:
    """Yield the number of each line, its entry, and whether it fits the one before, if that can be told."""
    previous = ""
    for number, line in _lines(path):
        entry = _entry_of(line)
        if entry is None:
            text = line.decode("utf-8", "backslashreplace")
            yield number, {"event": unreadable, "message": text, "details": {"path": path, "line": number}}, True
            previous = ""
            continue
        yield number, entry, _is_whole(entry) and previous in ("", entry.get("prev"))
        previous = str(entry.get("hash") or "")


def write_reports(dest: str, files: t.Mapping[str, bytes], check_mode: bool) -> list[str]:
    """Put files into a directory, made with mode 0750; return the paths of those that were not there like that.

    Each is there whole or not at all. With check_mode nothing is written.
    """
    try:
        changed = [name for name, content in files.items() if _content(os.path.join(dest, name)) != content]
        if changed and not check_mode:
            os.makedirs(dest, mode=0o750, exist_ok=True)
            for name in changed:
                replace(os.path.join(dest, name), files[name], 0o640)
    except OSError as error:
        raise LineopsError(
            "report.unwritable",
            f"The report cannot be written to {dest}: {error.strerror}.",
            "Choose another dest, free space, or correct the owner of the directory.",
        ) from error
    return [os.path.join(dest, name) for name in changed]


def replace(path: str, content: bytes, mode: int) -> None:
    """Put content in place of a file, which is there whole or not at all. Raises OSError.

    Runs may write the same file at once, and there is no lock: each has a file of its own until it is whole.
    """
    dest, name = os.path.split(path)
    descriptor, temporary = tempfile.mkstemp(dir=dest or ".", prefix=f".{name[:100]}-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def names_in(dest: str) -> list[str]:
    """Return the names in a directory; [] where there is none."""
    try:
        return os.listdir(dest)
    except OSError:
        return []


def _lines(path: str) -> list[tuple[int, bytes]]:
    try:
        with open(path, "rb") as stream:
            return [(number, line) for number, line in enumerate(stream.read().split(b"\n"), start=1) if line.strip()]
    except OSError as error:
        raise LineopsError("report.journal", f"The journal {path} cannot be read: {error.strerror}.") from error


def _entry_of(line: bytes) -> dict[str, t.Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _is_whole(entry: t.Mapping[str, t.Any]) -> bool:
    try:
        return entry.get("hash") == hash_of(entry)
    except (ValueError, RecursionError):  # a journal cannot have written half a character, nor bottomless data
        return False


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
