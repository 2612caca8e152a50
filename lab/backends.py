# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands need of a back end, and which one a lab has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import faults, look, start
from .fault_kind import Fault
from .hosts import faults as hosts_faults
from .hosts import layout, network
from .hosts import look as hosts_look
from .hosts import start as hosts_start
from .plant import HOSTS, LOOPBACK, Host, Plant
from .waiting import Watch


@dataclass(frozen=True)
class Backend:
    """A way to make a plant. ``enter`` takes this process to where the plant can be reached."""

    enter: Callable[[Plant], None]
    look_at_all: Callable[[Plant], Sequence[look.Look]]
    heal: Callable[[Plant, Host, Watch], None]
    faults: Mapping[str, Fault]


BACKENDS: Mapping[str, Backend] = {
    LOOPBACK: Backend(lambda plant: None, look.look_at_all, faults.heal, faults.FAULTS),
    HOSTS: Backend(
        lambda plant: network.enter(layout.controller(plant.block)), hosts_look.look_at_all, hosts_faults.heal,
        hosts_faults.FAULTS),
}


def entered(folder: Path) -> tuple[Plant, Backend]:
    """Load the plant that is up in ``folder`` and go to where it can be reached; LabError if none is up."""
    plant = Plant.load(folder)
    backend = BACKENDS[plant.backend]
    backend.enter(plant)
    return plant, backend


def down(folder: Path) -> int:
    """End the lab in ``folder``, also one that is only half there, and return how many processes that were."""
    return hosts_start.down(folder) if hosts_start.is_here(folder) else start.down(folder)
