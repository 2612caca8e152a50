# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs of the program that boots its file system: nspawn, or a container engine.

Little, because such a program only ever starts a host. It runs in the host's own control group, which ends and freezes
everything in it, and finds the host's own file system and network namespace there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Engine:
    """A program that boots hosts."""

    name: str
    programs: Mapping[str, str]                    #: what it consists of: program -> Debian package it comes from
    rebooted: int                                  #: its exit code when the host wants to boot again; any other is an end
    why_not: Callable[[], str | None]              #: say in one sentence why it does not work here, or None if it does
    boot: Callable[[str, str, Path], list[str]]    #: mark, host name, root -> the command, all it needs being made ready
    forget: Callable[[str, Path], None]            #: mark, root -> nothing is left of a host that was ended hard
