# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: one JSON object a line, append-only, hash-chained, flushed (DESIGN §8). Private to this collection."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from datetime import datetime, timezone

from ._errors import LineopsError
from ._state_dir import locked, prepare

VERSION = 1
FIELDS = (
    "incident", "run", "runner", "host", "line", "playbook", "phase", "event", "finding", "severity", "action",
    "plc", "target", "original", "reached", "undo", "latency_s", "message", "details",
)
GENESIS = "0" * 64

#: What settles an undo that may not stay open: a later "done" or "undone" of one of these actions with the same undo.
SETTLED_BY = {
    "write_rest": ("write_test", "namespaces", "write_rest"),
    "remove_controller_route": ("remove_controller_route",),
}


class Journal:
    """The journal in one state directory.

    state_dir: absolute path; it is created (mode 0750) when the first entry is written. A directory that is a link or
    that everybody may write to is refused. Raises LineopsError (journal.*, state_dir.*) with one sentence.
    """

    def __init__(self, state_dir: str) -> None:
        self.state_dir = os.path.normpath(state_dir)
        self.path = os.path.join(self.state_dir, "journal.jsonl")

    def append(self, entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
        """Append entries under the lock and flush them to disk; return them as written."""
        for entry in entries:
            unknown = sorted(set(entry) - set(FIELDS))
            if unknown:
                raise LineopsError("journal.field", f"The journal has no field {', '.join(unknown)}.")
        prepare(self.state_dir)
        try:
            with locked(self.state_dir, "journal"):
                return self._write(entries)
        except OSError as error:
            raise LineopsError(
                "journal.unwritable", f"The journal {self.path} cannot be written: {error.strerror}.",
                "Free space or correct the owner of lineops_state_dir.") from error

    def read(self) -> list[dict[str, t.Any]]:
        """Return all good entries, oldest first; [] where there is no journal yet. A torn last line is left out."""
        try:
            with open(self.path, "rb") as stream:
                lines = stream.read().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LineopsError("journal.unreadable", f"The journal {self.path} cannot be read: {error.strerror}.") from error
        entries = []
        for number, line in enumerate(lines[:-1], start=1):
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not isinstance(entry, dict) or not isinstance(entry.get("hash"), str):
                raise LineopsError(
                    "journal.broken", f"Line {number} of the journal {self.path} is not readable.",
                    "Nothing was overwritten; move the file aside after looking at it.")
            entries.append(entry)
        return entries

    def _write(self, entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
        self._move_torn_tail_aside()
        previous = self._last_hash()
        written = []
        for entry in entries:
            line: dict[str, t.Any] = {"v": VERSION, "ts": utc_now(), **{name: entry.get(name) for name in FIELDS}}
            line["prev"] = previous
            line["hash"] = previous = hash_of(line)
            written.append(line)
        payload = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in written)
        descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        try:
            while payload:
                payload = payload[os.write(descriptor, payload):]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return written

    def _move_torn_tail_aside(self) -> None:
        """A line without its end is what a power cut leaves: keep it in a file of its own, never drop good ones."""
        try:
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW), "rb+") as stream:
                content = stream.read()
                good = content.rfind(b"\n") + 1
                if good == len(content):
                    return
                with open(f"{self.path}.torn-{utc_now().replace(':', '')}", "wb") as aside:
                    aside.write(content[good:])
                    os.fsync(aside.fileno())
                stream.truncate(good)
        except FileNotFoundError:
            return

    def _last_hash(self) -> str:
        entries = self.read()
        return entries[-1]["hash"] if entries else GENESIS


def hash_of(line: t.Mapping[str, t.Any]) -> str:
    """Return the SHA-256 of an entry without its own hash, over sorted keys."""
    content = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def open_undos(entries: t.Sequence[t.Mapping[str, t.Any]], host: str) -> list[dict[str, t.Any]]:
    """Return what interrupted runs left to be undone on a host, newest first.

    An undo is open if its step began, it may not stay (undo.must), and no later entry with the same undo settled it.
    """
    still_open: dict[str, dict[str, t.Any]] = {}
    for entry in entries:
        undo = entry.get("undo") or {}
        if entry.get("host") != host or undo.get("do") not in SETTLED_BY or not undo.get("must"):
            continue
        key = json.dumps(undo, sort_keys=True)
        if entry.get("event") == "begin":
            still_open[key] = {
                **undo, "incident": entry.get("incident"), "begun_at": entry.get("ts"), "action": entry.get("action")}
        elif entry.get("event") in ("done", "undone") and entry.get("action") in SETTLED_BY[undo["do"]]:
            still_open.pop(key, None)
    return list(reversed(list(still_open.values())))


def utc_now() -> str:
    """Return now as ISO 8601 in UTC with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
