# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Full disks: whether this user can have one, and what is really mounted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from needed import cannot_have

from lab import full_disk

#: Gives a full disk over an HLS folder another content: segments that nobody needs, which fill it as well.
OLD_SEGMENTS_FILL_IT = (
    'cd "$1" && mount -o remount,size=4m . && n=100; '
    "while head -c 400000 /dev/zero > cam9_$n.ts; do n=$((n + 1)); done 2>/dev/null; "
    'chown --reference=. cam9_* && touch -d "2 hours ago" cam9_*')


@pytest.fixture(scope="session")
def may_mount() -> None:
    """File systems can be mounted here; without that tests are left out, or fail where LAB_REQUIRED=1 says that it must be."""
    if reason := full_disk.obstacle():
        cannot_have("full disk", reason)


def mounts_in(folder: Path) -> list[str]:
    """What is mounted in a folder, as the kernel lists it."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    return [point for point in points if point.startswith(f"{folder}/")]


def room(folder: Path) -> int:
    """How many bytes can still be written in a folder."""
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize
