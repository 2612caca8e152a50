# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault: a file system is full. A small one is mounted over a folder, full before anybody sees it.

What the folder held is hidden meanwhile. Of streams nothing is kept in sight: an ffmpeg that deletes an old segment would
make room for a new one, where on a real host whatever filled the disk takes it. A booted host has the mount to itself; on the
loopback lab it is this machine's, made in the mount namespace of whoever breaks the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .errors import LabError
from .fault_kind import Fault, one_of
from .hosts import mounts
from .hosts.tools import run
from .plant import Host, Plant

MOUNT = "lineops-fault"  #: the source of such file systems, by which they are known
#: what -> (place below the installation unless it is absolute, size of what hides it, does that hold the place's files?)
DISKS: Mapping[str, tuple[str, str, str]] = {
    "log": ("/var/log", "64k", "empty"), "hls": ("web/static/hls", "64k", "empty"), "config": ("config", "8m", "kept"),
}
_CAN_MOUNT = 1 << 21  #: CAP_SYS_ADMIN, which root in a container often lacks
#: It is filled beside the place, so that whoever takes away what is mounted in the installation finds it there too.
_FILL = """
full=$(mktemp -d "$1.full.XXXXXX")
mount -t tmpfs -o "size=$2,mode=$(stat -c %a "$1"),uid=$(stat -c %u "$1"),gid=$(stat -c %g "$1")" "$3" "$full"
[ "$4" != kept ] || cp -a "$1/." "$full/"
cat /dev/zero > "$full/.filler" 2>/dev/null || true
mount --bind "$full" "$1"
umount "$full"
rmdir "$full"
"""


def command(what: str, folder: str | Path) -> list[str]:
    """The command line that fills one of the ``DISKS`` of the installation in ``folder``; it takes root."""
    place, size, content = DISKS[what]
    return ["sh", "-ec", _FILL, "sh", str(Path(folder) / place), size, MOUNT, content]


def _may_mount() -> bool:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return bool(int(re.findall(r"^CapEff:\s*(\w+)$", status, re.MULTILINE)[0], 16) & _CAN_MOUNT)


def obstacle() -> str | None:
    """Say in one sentence why this user cannot have a full disk on the loopback lab, or None."""
    return None if _may_mount() else "a full disk needs root, since it is mounted, and this user may not mount anything"


def _fill(plant: Plant, host: Host, what: str = "hls") -> None:
    if reason := obstacle():
        raise LabError(reason)
    if changes(plant, host):
        raise LabError(f"{host.name} has its full disk already")
    run(command(what, plant.host_dir(host)))


def unmount(folder: Path) -> bool:
    """Take away every full file system in a folder, open files or not; True if there was one."""
    places = mounts.points(folder, MOUNT)
    if places:
        run(["umount", "--lazy", *places])
    return bool(places)


def heal(plant: Plant, host: Host) -> bool:
    """Let a host of the loopback lab have room again; True if it had none."""
    return unmount(plant.host_dir(host))


def changes(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say which folders of a host of the loopback lab are full."""
    folder = plant.host_dir(host)
    return tuple(f"full disk at {place.relative_to(folder)}" for place in mounts.points(folder, MOUNT))


FAULTS: dict[str, Fault] = {
    "disk-full": Fault(
        _fill, "the file system of the HLS folder is full (what=hls); needs root, since it is mounted", {"what": one_of("hls")}),
}
