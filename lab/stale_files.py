# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault: files that nobody needs any more, in the HLS folder and in both backup folders (SUPERVISOR_API §6).

They look as the supervisor's own do, its owner, name and age included; only a list beside the plant's configuration knows
which they are.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import LabError
from .fault_kind import Fault
from .plant import Host, Plant, write_private

_HOUR_S, _DAY_S = 3600, 86400
_SEGMENT_BYTES, _SEGMENTS = 188 * 400, 24   #: whole packets of a transport stream
_LOST_CAMERA, _SURPLUS, _TRUNCATED = "cam9", 36, 2
_USER_SURPLUS = 14
_TS_PACKET = b"\x47\x1f\xff\x10" + b"\xff" * 184   #: one that says nothing

_Content = tuple[Path, bytes, float]


def _listing(plant: Plant, host: Host) -> Path:
    return plant.folder / "config" / f"{host.name}.stale.json"


def _segments(plant: Plant, host: Host, now: float) -> Iterator[_Content]:
    """Segments of a camera that is no more, and of one that streams: numbers its playlist will not get to for long."""
    packets = _TS_PACKET * (_SEGMENT_BYTES // len(_TS_PACKET))
    for camera, first in ((_LOST_CAMERA, 0), ("cam1", 900_000)):
        for number in range(first, first + _SEGMENTS):
            age = _DAY_S - (number - first)
            yield plant.hls_dir(host) / f"{camera}_{number:03}.ts", packets, now - age


def _archives(plant: Plant, host: Host, now: float) -> Iterator[_Content]:
    """Backups, one every six hours; the newest are truncated, as after a full disk."""
    folder = plant.host_dir(host) / "config"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.glob("*.json")):
            archive.add(path, arcname=f"config/{path.name}")
    for number in range(1, _SURPLUS + 1):
        at = now - number * 6 * _HOUR_S
        name = time.strftime("smarthome_backup_%Y%m%d_%H%M%SZ.tar.gz", time.gmtime(at))
        content = packed.getvalue()
        yield folder / "backups" / name, content[:len(content) // 2] if number <= _TRUNCATED else content, at


def _configs(plant: Plant, host: Host, now: float) -> Iterator[_Content]:
    """Backups of the app configuration in the service user's home, again the newest truncated."""
    folder = plant.home_dir(host) / ".config" / "twincat_smarthome"
    content = (folder / "twincat_config.json").read_bytes()
    for number in range(1, _USER_SURPLUS + 1):
        at = now - number * _HOUR_S
        name = time.strftime("config_backup_%Y%m%d_%H%M%S.json", time.gmtime(at))
        yield folder / "backups" / name, content[:len(content) // 2] if number <= _TRUNCATED else content, at


def _leave(plant: Plant, host: Host) -> str:
    """Make the files; return how many and how much that is in each folder."""
    if _listing(plant, host).exists():
        raise LabError(f"{host.name} has its stale files already")
    now, home = time.time(), plant.home_dir(host).stat()
    parts = {"HLS": _segments, "backups": _archives, "user backups": _configs}
    files = {part: list(make(plant, host, now)) for part, make in parts.items()}
    write_private(_listing(plant, host), [str(path) for made in files.values() for path, *dummy in made])
    for path, content, at in (file for made in files.values() for file in made):
        if not path.parent.exists():
            path.parent.mkdir()
            os.chown(path.parent, home.st_uid, home.st_gid)
        path.write_bytes(content)
        os.chown(path, home.st_uid, home.st_gid)
        os.utime(path, (at, at))
    return "; ".join(f"{part}: {len(made)} files, {sum(len(content) for dummy, content, at in made)} bytes"
                     for part, made in files.items())


def heal(plant: Plant, host: Host) -> None:
    """Remove what is left of them."""
    listing = _listing(plant, host)
    if listing.exists():
        for path in json.loads(listing.read_text(encoding="utf-8")):
            Path(path).unlink(missing_ok=True)
        listing.unlink()


def changes(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say whether there are any."""
    return ("stale files",) if _listing(plant, host).exists() else ()


FAULTS: dict[str, Fault] = {
    "stale-artifacts": Fault(
        _leave, "old segments that no playlist lists lie in the HLS folder, surplus backups in both backup folders, the "
        "newest truncated; says how much that is"),
}
