# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems laid over others, finding mounts and taking them away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .tools import run


def mount(root: Path, lower: Sequence[Path]) -> None:
    """Lay a file system over others, the first of ``lower`` on top; what is written goes beside ``root``."""
    upper, work = root.with_name("up"), root.with_name("work")
    for folder in (root, upper, work):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    layers = ":".join(re.sub(r"([\\:,])", r"\\\1", str(path)) for path in lower)
    run(["mount", "-t", "overlay", "lineops-lab", "-o", f"lowerdir={layers},upperdir={upper},workdir={work}", root])


def points(folder: Path, source: str = "") -> list[Path]:
    """Where something is mounted in ``folder``, the last first: anything, or what has this source."""
    found = []
    for line in reversed(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()):
        words = line.split(" ")
        point = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), words[4]))
        if folder in point.parents and source in ("", words[words.index("-") + 2]):
            found.append(point)
    return found


def unmount_below(folder: Path) -> None:
    """Unmount everything that is mounted in ``folder``."""
    for point in points(folder):
        run(["umount", point])
