# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence archives of a state directory: written once, hashed, verified, pruned (DESIGN §7.11). Private."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import stat
import tarfile
import time
import typing as t
import zlib

from ._errors import LineopsError
from ._evidence_parts import MANIFEST, Part, checked_name, fitted
from ._regular import opened_regular
from ._state_dir import locked, prepare, write_atomically
from ._clock import seconds_of, utc_now

TOOL = "lineops.runbook 1.0.0"
FOLDER = "evidence"
#: What an archive may be asked to hold at most, so that reading one is bounded too.
LARGEST = 64 * 1024 * 1024

# What tar and manifest take beside the content.
_ROOM, _ROOM_PER_FILE = 4096, 1536
_DAY_S = 86400
_LAST_TAR_TIME = 8**11 - 1
_OWN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*-[A-Za-z0-9._-]+(?:\+\d+)?\.tar\.gz\Z", re.ASCII)
_TEMPORARY = ".tmp"


class Evidence:
    """The archives of one incident and host: <incident>-<host>.tar.gz, later ones with +2, +3 ….

    Raises LineopsError (evidence.*, state_dir.*) with one sentence.
    """

    def __init__(self, state_dir: str, incident: str, host: str) -> None:
        self._state_dir = os.path.normpath(state_dir)
        self._incident = checked_name("Incident", incident)
        self._host = checked_name("Host", host)
        self._folder = os.path.join(self._state_dir, FOLDER)

    def path(self, number: int = 1) -> str:
        """Return where an archive is, or would be."""
        return os.path.join(self._folder, f"{self._incident}-{self._host}{f'+{number}' if number > 1 else ''}.tar.gz")

    def prepare(self) -> None:
        """Make the directories; refuse unsafe ones before anything in them is believed."""
        prepare(self._state_dir, FOLDER)

    def first(self) -> dict[str, t.Any] | None:
        """Return what the first archive of this incident and host holds, the one from before any action, or None."""
        numbers = self._numbers()
        return self._facts(self.path(numbers[0])) if numbers else None

    def write(
        self, parts: t.Sequence[Part], not_collected: t.Sequence[t.Mapping[str, str]], *,
        max_bytes: int, again: bool, keep_days: int, keep_count: int, keep_incidents: t.Iterable[str],
    ) -> dict[str, t.Any]:
        """Prune old archives, then write this one; if another run was faster, return that run's (unless again)."""
        self.prepare()
        with locked(self._state_dir, FOLDER):
            found = None if again else self.first()
            if found:
                return {"written": False, "pruned": [], "not_pruned": [], **found}
            pruned, not_pruned = self._prune(keep_days, keep_count, {self._incident, *keep_incidents})
            path = self.path(max(self._numbers(), default=0) + 1)
            kept, left_out = fitted(parts, max_bytes - _ROOM - _ROOM_PER_FILE * len(parts))
            _put(path, self._packed(kept, [*not_collected, *left_out]))
            return {"written": True, "pruned": pruned, "not_pruned": not_pruned, **self._facts(path)}

    def verify(self, number: int = 1, sha256: str | None = None) -> dict[str, t.Any]:
        """Hash everything again; raise LineopsError (evidence.missing, evidence.changed) if it is not as written.

        sha256: what the journal says of the archive. Without it only archive and manifest are held against each other.
        """
        path = self.path(number)
        if number not in self._numbers():
            raise LineopsError(
                "evidence.missing", f"There is no archive {path}.", "Look whether it was pruned or moved.")
        content, files, manifest = _opened(path)
        facts = _facts_of(path, content, manifest)
        problems = _differences(files, manifest)
        if sha256 and sha256.lower() != facts["sha256"]:
            problems.append(f"its SHA-256 is {facts['sha256']}, not {sha256[:64]}")
        if problems:
            raise LineopsError(
                "evidence.changed", f"The archive {path} is not as it was written: {'; '.join(problems)}.",
                "Keep it, and look who had access to the state directory.",
                result={**facts, "verified": False, "problems": problems})
        return {**facts, "verified": True, "problems": []}

    def _numbers(self) -> list[int]:
        pattern = re.compile(re.escape(f"{self._incident}-{self._host}") + r"(?:\+(\d{1,6}))?\.tar\.gz\Z")
        return sorted(int(match[1] or 1) for match in map(pattern.match, _names_in(self._folder)) if match)

    def _facts(self, path: str) -> dict[str, t.Any]:
        content, dummy, manifest = _opened(path)
        if (manifest.get("incident"), manifest.get("host")) != (self._incident, self._host):
            raise LineopsError(
                "evidence.unreadable", f"The archive {path} is there, but of another incident or host.",
                "Move it aside, or give incidents and hosts other names.")
        return _facts_of(path, content, manifest)

    def _packed(self, parts: t.Iterable[Part], not_collected: t.Sequence[t.Mapping[str, str]]) -> bytes:
        made_at = utc_now()
        files = {part.name: (part.content(), part) for part in parts}
        manifest = {
            "v": 1, "incident": self._incident, "host": self._host, "made_at": made_at, "tool": TOOL,
            "files": [
                {
                    "name": name, "sha256": _hash(files[name][0]), "bytes": len(files[name][0]),
                    **{field: getattr(files[name][1], field) for field in ("source", "observed_at", "cut")},
                } for name in sorted(files)
            ],
            "not_collected": sorted(not_collected, key=lambda entry: entry["name"]),
        }
        told = Part(MANIFEST, manifest, "", made_at)
        return packed([(told.name, told.content(), made_at)] + [
            (name, files[name][0], files[name][1].observed_at) for name in sorted(files)])

    def _prune(
        self, keep_days: int, keep_count: int, keep_incidents: set[str]
    ) -> tuple[list[str], list[dict[str, str]]]:
        """Remove what is too old or too much, to make room for one more; under the lock, so no .tmp is in use."""
        archives, leftovers = _archives(self._folder)
        oldest_kept = time.time() - keep_days * _DAY_S
        spare = [
            path for number, (changed, path) in enumerate(archives, start=1)
            if (number >= keep_count or changed < oldest_kept) and not _belongs(path, keep_incidents) and _is_ours(path)
        ]
        removed, kept = [], []
        for path in spare + leftovers:
            try:
                os.unlink(path)
                removed.append(path)
            except OSError as error:
                kept.append({"name": path, "reason": str(error.strerror)})
        return removed, kept


def packed(files: t.Iterable[tuple[str, bytes, str]]) -> bytes:
    """Return a tar.gz of (name, content, time); the same files give the same bytes."""
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, content, at in files:
                member = tarfile.TarInfo(name)
                member.size, member.mode, member.mtime = len(content), 0o640, _epoch(at)
                archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def _epoch(at: str) -> int:
    try:
        seconds = seconds_of(at[:19])
    except ValueError:
        return 0
    return int(min(max(seconds, 0), _LAST_TAR_TIME))


def _put(path: str, content: bytes) -> None:
    """Write whole or not at all: of a full disk only the sentence remains."""
    try:
        write_atomically(path, content)
    except OSError as error:
        raise LineopsError(
            "evidence.unwritable", f"The evidence {path} cannot be written: {error.strerror}.",
            "Free space or correct the owner of lineops_state_dir.") from error


def _opened(path: str) -> tuple[bytes, dict[str, bytes], dict[str, t.Any]]:
    """Return an archive's own bytes, its files and its manifest."""
    try:
        with opened_regular(path) as stream:
            content = stream.read(LARGEST)
        files = _members(content)
        manifest = json.loads(files[MANIFEST])
        if not isinstance(manifest, dict) or not all(isinstance(entry, dict) for entry in manifest["files"]):
            raise ValueError("no manifest of ours")
    except (OSError, EOFError, ValueError, LookupError, TypeError, zlib.error, tarfile.TarError) as error:
        raise LineopsError(
            "evidence.unreadable", f"The archive {path} is there but cannot be read: {_reason(error)}.",
            "Nothing was overwritten; keep it, and collect once more with again: true.") from error
    return content, files, manifest


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]


def _members(content: bytes) -> dict[str, bytes]:
    """Unpack. All of it is read, since only the end of a gzip file tells whether it is whole."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as zipped:
        unzipped = zipped.read(2 * LARGEST)
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(unzipped), mode="r:") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None or member.name in files:
                raise ValueError(f"{member.name!r} in it is no plain file, or there twice")
            files[member.name] = stream.read()
    return files


def _facts_of(path: str, content: bytes, manifest: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    files = [{name: entry.get(name) for name in ("name", "sha256", "bytes", "cut")} for entry in manifest["files"]]
    return {
        "archive": path, "sha256": _hash(content), "bytes": len(content), "files": files,
        "not_collected": manifest.get("not_collected", []), "made_at": manifest.get("made_at")}


def _differences(files: t.Mapping[str, bytes], manifest: t.Mapping[str, t.Any]) -> list[str]:
    listed = {entry.get("name"): entry for entry in manifest["files"]}
    found = set(files) - {MANIFEST}
    changed = [name for name in found & set(listed) if _hash(files[name]) != listed[name].get("sha256")]
    return [
        f"{name} {what}"
        for names, what in (
            (changed, "was changed"), (set(listed) - found, "is missing"), (found - set(listed), "was added"))
        for name in sorted(map(str, names))
    ]


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LineopsError(
            "evidence.unreadable", f"The directory {folder} cannot be read: {error.strerror}.",
            "Correct its owner.") from error


def _archives(folder: str) -> tuple[list[tuple[float, str]], list[str]]:
    """Return (time, path) of the regular files named like archives, newest first, and what killed runs left of some."""
    found, leftovers = [], []
    for name in _names_in(folder):
        path = os.path.join(folder, name)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode) and _OWN.match(name):
            found.append((status.st_mtime, path))
        elif stat.S_ISREG(status.st_mode) and name.endswith(_TEMPORARY) and _OWN.match(name[: -len(_TEMPORARY)]):
            leftovers.append(path)
    return sorted(found, reverse=True), leftovers


def _belongs(path: str, incidents: t.Iterable[str]) -> bool:
    return any(os.path.basename(path).startswith(f"{incident}-") for incident in incidents)


def _is_ours(path: str) -> bool:
    """Say whether the archive begins with our manifest: somebody's own backup may have such a name too."""
    try:
        with tarfile.open(path, mode="r|gz") as archive:
            member = archive.next()
            return member is not None and member.name == MANIFEST
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
