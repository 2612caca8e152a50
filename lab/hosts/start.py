# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a lab of booted hosts up and taking it down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import cameras, inventory, processes
from ..errors import LabError
from ..plant import Plant
from ..start import adopt, clear, forget, is_marked, locked, prove_links, start_plcs, start_streams
from ..waiting import Watch
from . import access, base, engines, files, layout, mounts, needs, network
from .cgroups import Cgroup
from .look import look
from .machine import Machine


def up(
    folder: Path, inventory_folder: Path, lines: int, hosts: int, watch: Watch, say: Callable[[str], None] = print,
) -> Plant:
    """Start a lab and return it when everything in it answers; on failure or interruption nothing is left of it.

    :param say: takes a sentence about what goes on where that takes long.
    :raises LabError: it cannot be; :raises Interrupted: a signal came.
    """
    if reason := needs.why_not():
        raise LabError(reason)
    engine = engines.choose()
    adopt(folder)
    with locked(folder):
        if processes.find(None, folder) or any(layout.claimed(folder)):
            raise LabError(f"a lab is running in {folder}; end it with: python -m lab down")
        clear(folder)
        _remove_machines(folder)
        tree = base.ensure(watch, say)
        try:
            plant = layout.plan(folder, inventory_folder, layout.claim(folder), lines, hosts, engine.name)
            _bring_up(plant, tree, watch)
        except BaseException:
            _take_down(folder)
            raise
    return plant


def down(folder: Path) -> int:
    """End the lab in ``folder``, also one that is only half there, and return how many processes that were."""
    if not is_marked(folder):
        return 0
    with locked(folder):
        return _take_down(folder)


def is_here(folder: Path) -> bool:
    """Is a lab of booted hosts in ``folder``, or what is left of one?"""
    return any(layout.claimed(folder)) or _machines(folder).exists()


def _bring_up(plant: Plant, tree: Path, watch: Watch) -> None:
    network.make(plant)
    network.enter(layout.controller(plant.block))
    plant.write_configs()
    access.make_keys(plant)
    watch.check()
    files.make_shared_layer(plant, tree)
    machines = [Machine(plant, host) for host in plant.hosts]
    for item in machines:
        watch.check()
        files.make_host(plant, item.host, tree)
    # A supervisor connects before it listens: its PLC must be there first (SUPERVISOR_SYSTEMD §7).
    start_plcs(plant, watch)
    cameras.start(plant, watch)
    for item in machines:
        watch.check()
        item.power_on()
    for item in machines:
        watch.wait(lambda item=item: _runs(plant, item), f"the supervisor of {item.host.name} is connected to its PLC")
    prove_links(plant, watch)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda host: start_streams(plant, host), plant.hosts))
    for host in plant.hosts:
        watch.wait(lambda host=host: look(plant, host).healthy, f"{host.name} is healthy, its streams too")
    plant.save()
    inventory.write(plant)


def _runs(plant: Plant, item: Machine) -> bool:
    if not item.is_on:
        raise LabError(f"{item.host.name} does not boot: {_last_line(item.console)}")
    seen = look(plant, item.host)
    return seen.service_runs and seen.ssh and bool(seen.connected)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")


def _take_down(folder: Path) -> int:
    count = processes.stop(None, folder)
    for block in list(layout.claimed(folder)):
        prefix = layout.controller(block)
        for group in Cgroup.of_lab(prefix):
            count += group.remove()
        for root in _roots(folder):
            for engine in engines.ENGINES.values():  # which of them it was is written down only when the lab is up
                engine.forget(layout.mark(block, root.parent.name), root)
        count += network.remove_all(prefix)
        _remove_machines(folder)
        layout.release(block)
    _remove_machines(folder)
    forget(folder)
    return count


def _machines(folder: Path) -> Path:
    return folder / "machines"


def _roots(folder: Path) -> list[Path]:
    return list(_machines(folder).glob("*/root"))


def _remove_machines(folder: Path) -> None:
    mounts.unmount_below(_machines(folder))
    shutil.rmtree(_machines(folder), ignore_errors=True)
