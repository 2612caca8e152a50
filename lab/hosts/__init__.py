# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of booted hosts: Debian with systemd, an address, SSH and units each (``python -m lab up --backend hosts``)."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from ..plant import Host, Plant
from .access import shell
from .machine import Machine

__all__ = ["inside_host", "shell"]


def inside_host(
    plant: Plant, host: Host, argv: Sequence[str], *, timeout: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command on a host as root past its SSH, and return how it ended.

    :raises LabError: the host is off or frozen, or the command takes longer than ``timeout`` seconds.
    """
    return Machine(plant, host).run(argv, check=False, timeout=timeout)
