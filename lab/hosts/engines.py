# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program boots the hosts of a lab. It is chosen by ``up``, and the plant remembers it.

LAB_ENGINE names it. Else it is the first container engine that answers, and systemd-nspawn if none does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..errors import LabError
from .docker import DOCKER
from .engine import Engine
from .nspawn import NSPAWN
from .podman import PODMAN

ENGINES: Mapping[str, Engine] = {engine.name: engine for engine in (PODMAN, DOCKER, NSPAWN)}


def choose(wanted: str | None = None, engines: Mapping[str, Engine] = ENGINES) -> Engine:
    """Return the engine of that name, by default what LAB_ENGINE says, or without a name the first one that works.

    :raises LabError: there is none of that name.
    """
    if wanted := os.environ.get("LAB_ENGINE", "") if wanted is None else wanted:
        if wanted not in engines:
            raise LabError(f"LAB_ENGINE is {wanted!r}; expected one of {', '.join(sorted(engines))}")
        return engines[wanted]
    return next(engine for engine in engines.values() if engine.why_not() is None)  # the last one always works
