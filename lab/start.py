# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a lab up and taking it down."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from . import api, cameras, full_disk, inventory, keys, processes
from .addresses import NoFreeBlock, claimed_block
from .errors import LabError
from .look import link_faults, look, plc_answers
from .plant import Host, Plant, needed_sockets, plant_file
from .waiting import Watch

FIRST_PORT, LAST_PORT = 5000, 5009
_MARKER, _LOCK = ".lineops-lab", "lock"
_OURS = ("config", "hosts", "plcs", "reports", "ssh", "state")


def up(
    folder: Path, inventory_folder: Path, lines: int, hosts: int, watch: Watch, plcs: int = 1, streaming: bool = False,
) -> Plant:
    """Start a lab and return it when everything in it answers; on failure or interruption nothing keeps running.

    :param streaming: shall its cameras stream?
    :raises LabError: it cannot be; :raises Interrupted: a signal came.
    """
    adopt(folder)
    with locked(folder):
        if processes.find(None, folder):
            raise LabError(f"a lab is running in {folder}; end it with: python -m lab down")
        clear(folder)
        with _block(lines, hosts, plcs, streaming) as (block, port):
            plant = Plant.new(folder, inventory_folder, block, port, lines, hosts, plcs, streaming)
            try:
                _bring_up(plant, watch)
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


def start_plc(plant: Plant, host: Host, watch: Watch, number: int = 1) -> None:
    """Start a PLC stand-in of a host and wait until it answers."""
    _await_plcs(plant, number, {host: processes.start(processes.PLC, plant.plc_config(host, number))}, watch)


def start_supervisor(
    plant: Plant, host: Host, watch: Watch, environment: Mapping[str, str] | None = None,
) -> None:
    """Start a supervisor stand-in, with these variables beside ours, and wait until it answers."""
    _wait_started(
        {host: processes.start(processes.SUPERVISOR, plant.supervisor_config(host), environment)}, watch,
        lambda item: look(plant, item).supervisor == "answers", "the supervisor of {name} answers",
        plant.supervisor_config,
    )


def _bring_up(plant: Plant, watch: Watch) -> None:
    plant.write_configs()
    start_plcs(plant, watch)
    if plant.streaming:
        cameras.start(plant, watch)
    supervisors = {}
    for host in plant.hosts:
        watch.check()
        supervisors[host] = processes.start(processes.SUPERVISOR, plant.supervisor_config(host))
    _wait_started(
        supervisors, watch, lambda host: look(plant, host).runs,
        "the supervisor of {name} is connected to its PLC", plant.supervisor_config,
    )
    prove_links(plant, watch)
    watch.check()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda host: start_streams(plant, host), plant.hosts))
    for host in plant.hosts:
        watch.wait(lambda host=host: not look(plant, host).dead_streams, f"the cameras of {host.name} stream")
    plant.save()
    inventory.write(plant)


def start_plcs(plant: Plant, watch: Watch) -> None:
    """Start all PLC stand-ins of a plant and wait until they answer."""
    plcs: dict[int, dict[Host, subprocess.Popen]] = {}
    for host in plant.hosts:
        for plc in host.plcs:
            watch.check()
            process = processes.start(processes.PLC, plant.plc_config(host, plc.number))
            plcs.setdefault(plc.number, {})[host] = process
    for number, started in plcs.items():
        _await_plcs(plant, number, started, watch)


def start_streams(plant: Plant, host: Host, anew: Collection[str] = ()) -> None:
    """Tell a host to start its cameras, if they are to stream; LabError if it will not. One that streams goes on (quirk 15).

    :param anew: those that are to be stopped first, since their sources have left them.
    """
    key = plant.line(host.line).operator_key
    for camera in plant.cameras(host) if plant.streaming else ():
        if camera in anew:
            api.call("POST", f"{host.url}/api/cameras/{camera}/stop", {}, key=key, timeout=30)
        answer = api.call("POST", f"{host.url}/api/cameras/{camera}/start", {}, key=key, timeout=30)
        if not answer.ok:
            raise LabError(f"{host.name} does not start {camera}: {answer.status} {answer.body}")


def prove_links(plant: Plant, watch: Watch) -> None:
    """Make the operator keys and prove with them that every supervisor reaches its PLC; LabError if one does not."""
    for line in plant.lines:
        watch.check()
        keys.provide(plant, line)
    with ThreadPoolExecutor(4) as pool:
        for host, faults in zip(plant.hosts, pool.map(lambda host: link_faults(plant, host), plant.hosts)):
            if faults:
                raise LabError(f"{host.name} is not healthy right after its start: {'; '.join(faults)}")


def _await_plcs(plant: Plant, number: int, started: dict[Host, subprocess.Popen], watch: Watch) -> None:
    _wait_started(
        started, watch, lambda host: plc_answers(plant, host, number), f"PLC {number} of {{name}} answers",
        partial(plant.plc_config, number=number),
    )


def _wait_started(started: dict[Host, subprocess.Popen], watch: Watch, ready, what: str, config_of) -> None:
    """Wait until ``ready(host)`` for each; a process that ends meanwhile is an error at once."""
    for host, process in started.items():

        def is_ready(host: Host = host, process: subprocess.Popen = process) -> bool:
            if process.poll() is not None:
                raise LabError(
                    f"{' '.join(process.args[2:3])} of {host.name} ended with {process.returncode}: "
                    f"{processes.last_words(config_of(host))}"
                )
            return ready(host)

        watch.wait(is_ready, what.format(name=host.name))


def _take_down(folder: Path) -> int:
    count = processes.stop(None, folder)
    full_disk.unmount(folder)
    forget(folder)
    return count


def forget(folder: Path) -> None:
    """Remove what says that a lab is up in ``folder``, its inventory too."""
    if plant_file(folder).exists():
        inventory.remove(folder, Plant.load(folder).inventory)
        plant_file(folder).unlink()


def is_marked(folder: Path) -> bool:
    """Is this a lab's state folder?"""
    return (folder / _MARKER).exists()


def adopt(folder: Path) -> None:
    """Make the state folder; LabError for one that exists and holds other things."""
    marker = folder / _MARKER
    if folder.is_dir() and not marker.exists() and (foreign := next(folder.iterdir(), None)):
        raise LabError(f"{folder} is not a lab's folder (it holds {foreign.name}); choose another with --dir")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    marker.touch()


def clear(folder: Path) -> None:
    """Remove what an earlier lab left in its state folder."""
    full_disk.unmount(folder)  # else it would hide, and so keep, what lies below it
    for name in _OURS:
        shutil.rmtree(folder / name, ignore_errors=True)
    plant_file(folder).unlink(missing_ok=True)


@contextmanager
def _block(lines: int, hosts: int, plcs: int = 1, streaming: bool = False) -> Iterator[tuple[int, int]]:
    """Claim a loopback block and a port that is free for all supervisors in it (5000 unless something has it)."""
    with ExitStack() as claim:
        for port in range(FIRST_PORT, LAST_PORT + 1):
            try:
                block = claim.enter_context(claimed_block(needed_sockets(port, lines, hosts, plcs, streaming)))
            except NoFreeBlock:
                continue
            yield block, port
            return
    raise LabError(
        f"no loopback block is free: TCP 48898, UDP 48899 or all of TCP {FIRST_PORT}-{LAST_PORT} are taken on every "
        f"address of this machine"
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let only one ``up`` or ``down`` work in a folder; the kernel ends the lock with the process."""
    with (folder / _LOCK).open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"another lab command is at work in {folder}; wait for it or interrupt it") from None
        yield
