# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of streams are stale and which backups are surplus (SUPERVISOR_API §6). Pure. Private to this collection.

A file is anything with name, size and mtime. Names that are not exactly those a supervisor gives are nobody's business here.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ._errors import LineopsError
from ._stream_rules import parse_playlist

HLS, BACKUPS, USER_BACKUPS = "hls", "backups", "user_backups"
PARTS = (HLS, BACKUPS, USER_BACKUPS)
#: The supervisor itself never keeps fewer (SUPERVISOR_API §6).
LEAST_BACKUPS = 5
#: A segment is written once a second, and a playlist with it.
LEAST_AGE_S = 30.0

#: Ids of cameras are free text, but nobody means control characters, or bytes that are no UTF-8 (surrogates here).
_CAMERA = r"[^\x00-\x1f\x7f/\ud800-\udfff]{1,200}"
_NAMES = {
    HLS: re.compile(rf"{_CAMERA}(?:_[0-9]{{3,9}}\.ts|\.m3u8|\.m3u8\.tmp)"),
    BACKUPS: re.compile(r"smarthome_backup_[0-9]{8}_[0-9]{6}Z?\.tar\.gz"),
    USER_BACKUPS: re.compile(r"config_backup_[A-Za-z0-9._+-]{1,100}\.json"),
}
_PLAYLIST = ".m3u8"
_NUMBER = re.compile(r"_[0-9]{3,9}\.ts")

File = t.Any


@dataclass(frozen=True)
class InUse:
    """What processes are at: names of files that are open, and names of playlists that a living process was told to write."""

    opened: t.FrozenSet[str] = frozenset()
    written: t.FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Judged:
    """stale: (file, why) to be removed; kept: (file, why) of those that are old enough to go, but needed."""

    stale: t.Tuple[t.Tuple[File, str], ...] = ()
    kept: t.Tuple[t.Tuple[File, str], ...] = ()


def checked(params: t.Mapping[str, t.Any]) -> None:
    """Raise for options that would take what is in use."""
    for name, least in (("age_s", LEAST_AGE_S), ("backup_age_s", 0.0), ("keep_backups", LEAST_BACKUPS)):
        if not least <= params[name] < float("inf"):
            raise LineopsError("artifacts.option", f"Nothing was done: {name} is {params[name]:g}; expected {least:g} or more.")
    if not params["parts"]:
        raise LineopsError("artifacts.option", "Nothing was done: parts is empty.")


def is_of(part: str, name: str) -> bool:
    """Say whether a file has the name of a part's files."""
    return bool(_NAMES[part].fullmatch(name))


def is_playlist(name: str) -> bool:
    """Say whether a file of HLS is a playlist."""
    return name.endswith(_PLAYLIST)


def stale_hls(
    files: t.Sequence[File], playlists: t.Mapping[str, t.Optional[str]], use: InUse, now: float, age_s: float
) -> Judged:
    """Judge the files of HLS. playlists: name -> what it says, None where it could not be read.

    A playlist is current while it is young, or while a process lives that writes it, hung or not; what a current playlist
    lists is in use, and if it says nothing readable, so is all of its camera.
    """
    current = [file.name for file in files if is_playlist(file.name) and (now - file.mtime < age_s or file.name in use.written)]
    texts = {name: parse_playlist(playlists.get(name)) for name in current}
    listed = {_name_in(uri) for text in texts.values() if text for uri in text.segments}
    unclear = {name[: -len(_PLAYLIST)] for name, text in texts.items() if text is None}
    stale, kept = [], []
    for file in files:
        if now - file.mtime < age_s:
            continue
        why = (
            "open" if file.name in use.opened
            else "listed in a current playlist" if file.name in listed
            else "a process writes it" if file.name in current
            else "its playlist cannot be read" if _camera_of(file.name) in unclear
            else "")  # fmt: skip
        if why:
            kept.append((file, why))
        else:
            stale.append((file, "not written, not listed and not open"))
    return Judged(tuple(stale), tuple(kept))


def surplus_backups(
    part: str, files: t.Sequence[File], is_valid: t.Callable[[File], t.Optional[bool]], use: InUse, now: float, keep: int,
    age_s: float,
) -> Judged:
    """Judge a set of backups: the newest valid ones are kept, as many as told; one that is not valid does not count.

    is_valid: None where it cannot be told; such a one is kept and does not count either. Nothing is surplus in a set without
    a valid one: that is the last that is left.
    """
    if len(files) <= keep:
        return Judged()
    surplus, kept, found = [], [], 0
    for file in sorted(files, key=lambda file: _age_key(part, file), reverse=True):
        valid = is_valid(file) if found < keep else True
        if valid is None:
            kept.append((file, "cannot be examined"))
        elif found < keep and valid:
            found += 1
        elif now - file.mtime >= age_s:
            surplus.append((file, "surplus" if valid else "no valid backup"))
    if not found:
        return Judged((), tuple(kept + [(file, "no backup of this set is valid") for file, dummy in surplus]))
    kept += [(file, "open") for file, dummy in surplus if file.name in use.opened]
    return Judged(tuple(one for one in surplus if one[0].name not in use.opened), tuple(kept))


def sums(files: t.Sequence[File]) -> dict[str, int]:
    """Return how many files there are, and their bytes."""
    return {"files": len(files), "bytes": sum(file.size for file in files)}


def row(part: str, file: File, why: str, now: float) -> dict[str, t.Any]:
    """Return a file as it is told."""
    return {"part": part, "name": file.name, "bytes": file.size, "age_s": round(max(0.0, now - file.mtime), 1), "why": why}


def diff_of(before: t.Mapping[str, t.Sequence[str]], gone: t.Mapping[str, t.Collection[str]]) -> dict[str, str]:
    """Return the names before and after, one a line; each part's files follow its name."""
    def told(names: t.Mapping[str, t.Sequence[str]]) -> str:
        return "".join(f"{part}/{name}\n" for part in PARTS for name in sorted(names.get(part, ())))

    return {
        "before": told(before),
        "after": told({part: [name for name in names if name not in gone.get(part, ())] for part, names in before.items()}),
    }


def _age_key(part: str, file: File) -> tuple[str, float, str]:
    """Archives carry their time in the name, which a copy does not change; of the others only the file's time is known."""
    return (file.name if part == BACKUPS else "", file.mtime, file.name)


def _name_in(uri: str) -> str:
    return uri.split("?", 1)[0].rpartition("/")[2]


def _camera_of(name: str) -> str:
    if name.endswith(f"{_PLAYLIST}.tmp"):
        return name[: -len(f"{_PLAYLIST}.tmp")]
    return name[: -len(_PLAYLIST)] if is_playlist(name) else _NUMBER.split(name)[0] if name.endswith(".ts") else name
