# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: one JSON object a line, append-only, hash-chained, flushed (DESIGN §8). Private to this collection."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from ._errors import LineopsError
from ._journal_files import JournalFiles, Tail, first_is_missing
from ._journal_rules import open_undos, select
from ._state_dir import check, locked, prepare
from ._clock import seconds_of, utc_at, utc_now

VERSION = 1
FIELDS = (
    "at", "incident", "run", "runner", "host", "line", "playbook", "phase", "event", "finding", "severity", "action",
    "plc", "target", "original", "reached", "undo", "latency_s", "message", "details",
)
GENESIS = "0" * 64
#: Size that a file does not grow beyond, unless by a single append.
MAX_BYTES = 8 * 1024 * 1024
SMALLEST_MAX_BYTES = 1024

#: What can be wrong with a line.
UNREADABLE = "unreadable"
WRONG_HASH = "hash does not match"
BROKEN_CHAIN = "chain does not continue"


class Journal:
    """The journal in one state directory; readers see all its files as one.

    state_dir: absolute path; it is created (mode 0750) when the first entry is written. A directory that is a link or
    that everybody may write to is refused. Raises LineopsError (journal.*, state_dir.*) with one sentence.
    """

    def __init__(self, state_dir: str, max_bytes: int = MAX_BYTES) -> None:
        if max_bytes < SMALLEST_MAX_BYTES:
            raise LineopsError(
                "journal.max_bytes", f"max_bytes is {max_bytes}; expected {SMALLEST_MAX_BYTES} or more.")
        self.state_dir = os.path.normpath(state_dir)
        self.max_bytes = max_bytes
        self._files = JournalFiles(self.state_dir)
        self.path = self._files.path

    def append(self, entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Append entries under the lock and flush them to disk; return them as written.

        A journal whose last line is broken is left as it is (journal.broken).
        """
        plain = [_plain(entry) for entry in entries]
        prepare(self.state_dir)
        try:
            with locked(self.state_dir, "journal"):
                return self._write(plain)
        except OSError as error:
            raise LineopsError(
                "journal.unwritable", f"The journal {self.path} cannot be written: {error.strerror}.",
                "Free space or correct the owner of lineops_state_dir.") from error

    def read(self) -> list[dict[str, t.Any]]:
        """Return all entries, oldest first; [] where there is no journal yet. A torn last line is left out."""
        entries = []
        for path, number, line in self._lines():
            entry = _entry_of(line)
            if entry is None:
                raise _broken(path, number, UNREADABLE)
            entries.append(entry)
        return entries

    def history(self, host: str | None, phases: t.Collection[str] | None = None, **wanted: str | None) -> dict[str, t.Any]:
        """Return the entries that select finds and, if a host is named, what must still be undone there.

        wanted: as select has it; since and until in any form of time (journal.time if one is none).
        """
        times = {name: _time_of(name, wanted.get(name)) for name in ("since", "until")}
        entries = self.read()
        undos = {"open_undos": open_undos(entries, host)} if host else {}
        return {**undos, "entries": select(entries, phases=phases, **{**wanted, "host": host, **times})}

    def verify(self) -> dict[str, t.Any]:
        """Follow the chain from the first line to the last.

        Returns ok, checked (number of good lines before a broken one), broken (None, or file, line and reason) and
        remarks: sentences about what breaks no chain.
        """
        checked, broken, remarks = 0, None, _Remarks()
        previous: dict[str, t.Any] = {}
        for path, number, line in self._lines():
            entry = _entry_of(line)
            wanted = previous["hash"] if previous else None if first_is_missing(path) else GENESIS
            reason = _fault(entry, wanted)
            if entry is None or reason:
                broken = {"file": path, "line": number, "reason": reason}
                break
            remarks.note(path, entry, previous)
            previous = entry
            checked += 1
        return {"ok": broken is None, "checked": checked, "broken": broken, "remarks": remarks.sentences()}

    def _lines(self) -> t.Iterator[tuple[str, int, bytes]]:
        check(self.state_dir)
        try:
            yield from self._files.lines()
        except OSError as error:
            raise LineopsError(
                "journal.unreadable", f"The journal {self.path} cannot be read: {error.strerror}.") from error

    def _write(self, entries: t.Sequence[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        tail = self._files.tail()
        last = tail if tail.line is not None else self._files.last_rotated_tail()
        previous = self._hash_of_last(last) if last else GENESIS
        if tail.torn:
            self._files.move_aside(tail)
        written = []
        for entry in entries:
            line: dict[str, t.Any] = {"v": VERSION, "ts": utc_now(), **entry, "prev": previous}
            line["hash"] = previous = hash_of(line)
            written.append(line)
        payload = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in written)
        if payload and tail.line is not None and tail.size - len(tail.torn) + len(payload) > self.max_bytes:
            self._files.rotate()
        self._files.put(payload)
        return written

    def _hash_of_last(self, tail: Tail) -> str:
        """Return what the next line continues. Only this one line is looked at: verify looks at all."""
        entry = _entry_of(tail.line or b"")
        reason = _fault(entry, None)
        if entry is None or reason:
            number = sum(path == tail.path for path, dummy, dummy2 in self._lines())
            raise _broken(tail.path, number, reason)
        return entry["hash"]


def _time_of(name: str, text: str | None) -> str | None:
    """Return a time as the journal writes it."""
    try:
        return text if text is None else utc_at(seconds_of(text))
    except (ValueError, OverflowError):
        raise LineopsError(
            "journal.time", f"{name} is '{text}'; expected a time such as 2026-01-01T02:03:04Z.") from None


class _Remarks:
    """Collects what is worth a sentence while a chain is followed."""

    def __init__(self) -> None:
        self._missing = ""
        self._steps_back: list[str] = []

    def note(self, path: str, entry: t.Mapping[str, t.Any], previous: t.Mapping[str, t.Any]) -> None:
        if not previous and first_is_missing(path):
            self._missing = f"The journal begins with {os.path.basename(path)}; the files before it are not here."
        if str(entry.get("ts")) < str(previous.get("ts", "")):
            self._steps_back.append(f"from {previous['ts']} to {entry.get('ts')}")

    def sentences(self) -> list[str]:
        """Return the remarks; clocks that differ are told once, however often their entries alternate."""
        sentences = [self._missing] if self._missing else []
        if self._steps_back:
            sentences.append(
                f"A clock was set back or two differ: times run backwards at {len(self._steps_back)} lines, "
                f"first {self._steps_back[0]}.")
        return sentences


def hash_of(line: t.Mapping[str, t.Any]) -> str:
    """Return the SHA-256 of an entry without its own hash, over sorted keys."""
    content = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return an entry with every field, its values as they will be read back, so that the hash stays true."""
    unknown = sorted(set(entry) - set(FIELDS))
    if unknown:
        raise LineopsError("journal.field", f"The journal has no field {', '.join(unknown)}.")
    try:
        text = json.dumps({name: entry.get(name) for name in FIELDS}, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise LineopsError("journal.value", f"An entry holds a value that JSON has no form for: {error}.") from error
    return json.loads(text.encode("utf-8", "replace"))


def _entry_of(line: bytes) -> dict[str, t.Any] | None:
    """Return the entry in a line; None if there is none in it."""
    try:
        entry = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("hash"), str) else None


def _fault(entry: dict[str, t.Any] | None, previous: str | None) -> str:
    """Say what is wrong with a line after the one with hash previous (None: not known); "" if nothing is."""
    if entry is None:
        return UNREADABLE
    try:
        good = entry["hash"] == hash_of(entry)
    except ValueError:  # a lone surrogate, which we never write
        good = False
    if not good:
        return WRONG_HASH
    return "" if previous is None or entry.get("prev") == previous else BROKEN_CHAIN


def _broken(path: str, number: int, reason: str) -> LineopsError:
    what = "is not readable" if reason == UNREADABLE else f"is broken: {reason}"
    return LineopsError(
        "journal.broken", f"Line {number} of the journal {path} {what}.",
        "Nothing was overwritten; move the file aside after looking at it.")
