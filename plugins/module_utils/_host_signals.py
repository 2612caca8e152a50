# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What host_info has seen of the room on a host's file systems, in short words. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ._checklist_host import LIMITS
from ._plc_signals import Evidence, Signal, part

#: Below this share of a file system there is no room to write a log line (SUPERVISOR_SYSTEMD §8).
_FULL = 0.001


def room(host: Evidence) -> Signal:
    """Return full (nothing can be written any more on one of them), low (the checklist would tell it), room, or None."""
    if not _disks(host):
        return None
    return "full" if full_places(host) else "low" if _short_of(host, LIMITS["disk_free"]) else "room"


def full_places(host: Evidence) -> list[str]:
    """Return the mount points on which nothing can be written any more."""
    read_only = [str(disk.get("mount")) for disk in _disks(host) if disk.get("read_only") is True]
    return list(dict.fromkeys([*_short_of(host, _FULL), *read_only]))


def _short_of(host: Evidence, share: float) -> list[str]:
    return [str(disk.get("mount")) for disk in _disks(host) if disk.get("total") and disk.get("free", 1) < share * disk["total"]]


def _disks(host: Evidence) -> list[Evidence]:
    disks: t.Any = part(host, "resources").get("disks")
    return [part(disk) for disk in disks] if isinstance(disks, list) else []
