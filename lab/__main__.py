# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab up|down|status|fault|heal|inventory|inside``: a plant of stand-ins.

It lies on loopback addresses of this machine, or with ``up --backend hosts`` on booted Debian hosts.

Exit 0 done, 1 not possible (one sentence on standard error), 2 wrong usage, 130 or 143 ``up`` was interrupted and left
nothing running.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from . import backends, inventory, packages, start
from .control import ControlError
from .errors import LabError
from .fault_kind import Fault
from .faults import FAULTS, fault
from .hosts import start as hosts_start
from .plant import BACKENDS, HOSTS, LOOPBACK, MAX_HOSTS, MAX_LINES, MAX_PLCS, Plant
from .processes import REPOSITORY
from .waiting import Interrupted, Watch


def _up(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    sizes = (arguments.lines or 3, arguments.hosts or 2)
    with Watch() as watch:
        if arguments.backend == LOOPBACK:
            if arguments.cameras:
                packages.provide_streams(_say)
                watch.check()
            plant = start.up(
                arguments.dir, _inventory_of(arguments), *sizes, watch, arguments.plcs, arguments.cameras)
        elif arguments.plcs > 1:
            raise LabError("a booted host has one PLC; a second one is for the loopback back end")
        else:
            sizes = (arguments.lines or 2, arguments.hosts or 3)
            plant = hosts_start.up(arguments.dir, _inventory_of(arguments), *sizes, watch, _say)
    for line in plant.lines:
        hosts = ", ".join(
            f"{host.name} {host.url} (PLC {' and '.join(plc.ip for plc in host.plcs)})"
            for host in plant.hosts if host.line == line.name)
        print(f"{line.name}: {hosts}")
    print(f"up in {time.monotonic() - started:.1f} s, inventory in {plant.inventory}")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _inventory_of(arguments: argparse.Namespace) -> Path:
    """The folder that was asked for, or the back end's own."""
    name = "lab-hosts" if arguments.backend == HOSTS else "lab"
    return arguments.inventory or REPOSITORY / "inventory" / name


def _down(arguments: argparse.Namespace) -> None:
    count = backends.down(arguments.dir)
    print(f"ended {count} processes" if count else f"no lab is running in {arguments.dir}")


def _status(arguments: argparse.Namespace) -> None:
    plant, backend = backends.entered(arguments.dir)
    looks = backend.look_at_all(plant)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(look) | {"healthy": look.healthy} for look in looks], indent=1))
        return
    words = {None: "-", True: "yes", False: "no"}
    heads = ("HOST", "SUPERVISOR", "URL", "CONNECTED", "PLC", "MODE", "STATE", "ROUTE", "LINKED", "CHANGED", "PLC2")
    rows = [heads] + [
        (look.host, look.supervisor, look.url, words[look.connected], look.plc, look.plc_mode, look.plc_state,
         words[look.route], words[look.linked], ", ".join(look.plc_changes) or "-",
         "-" if look.second_plc is None else look.second_plc or "well")
        for look in looks
    ]
    if plant.streaming or any(look.changes for look in looks):
        cells = [look.cells() for look in looks]
        rows = [row + more for row, more in zip(rows, [tuple(cells[0]), *(tuple(cell.values()) for cell in cells)])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _fault(arguments: argparse.Namespace) -> None:
    plant, backend = backends.entered(arguments.dir)
    for host in plant.chosen(arguments.host):
        said = fault(plant, host, arguments.name, arguments.argument, backend.faults)
        print(f"{host.name}: {' '.join([arguments.name, *arguments.argument])}{said and f' ({said})'}")


def _heal(arguments: argparse.Namespace) -> None:
    plant, backend = backends.entered(arguments.dir)
    for host in plant.chosen(arguments.host):
        started = time.monotonic()
        backend.heal(plant, host, Watch())
        print(f"{host.name}: healthy again after {time.monotonic() - started:.1f} s")


def _inventory(arguments: argparse.Namespace) -> None:
    plant = Plant.load(arguments.dir)
    arguments.backend = plant.backend
    if (wanted := _inventory_of(arguments)) != plant.inventory:
        inventory.remove(plant.folder, plant.inventory)
        plant.inventory = wanted
        plant.save()
    inventory.write(plant)
    print(f"inventory in {plant.inventory}")


def _inside(arguments: argparse.Namespace) -> None:
    backends.entered(arguments.dir)
    os.execvp(arguments.command[0], arguments.command)


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"expected a number from {low} to {high}")
        return number

    return read


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="a plant of stand-ins")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=_folder, default=REPOSITORY / ".lab", help="the lab's state folder (.lab)")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--inventory", type=_folder, help="folder to write (inventory/lab, of booted hosts inventory/lab-hosts)")
    commands = parser.add_subparsers(required=True, metavar="up|down|status|fault|heal|inventory|inside")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str, **more) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, **more)
        sub.set_defaults(run=run)
        return sub

    sub = command("up", _up, "start a lab and write its inventory", parents=[common, where])
    sub.add_argument("--backend", choices=BACKENDS, default=LOOPBACK, help="what the plant is made of (loopback)")
    sub.add_argument("--lines", type=_number(1, MAX_LINES), help="3, of booted hosts 2")
    sub.add_argument("--hosts", type=_number(1, MAX_HOSTS), help="hosts per line: 2, of booted hosts 3")
    sub.add_argument("--plcs", type=_number(1, MAX_PLCS), default=1, help="PLCs per host; the second one stands by")
    sub.add_argument(
        "--cameras", action="store_true", help="two cameras per host that stream, as booted hosts always have them; without "
        "it there is one that nobody serves and a door. GStreamer serves them where it is installed, else the PyPI package "
        "aio-rtsp-toolkit; LINEOPS_LAB_CAMERAS=gstreamer or files in the environment has that one and no other")
    command("down", _down, "end everything the lab started, also a half-started lab", parents=[common])
    sub = command("status", _status, "how every host is", parents=[common])
    sub.add_argument("--json", action="store_true")
    sub = command(
        "fault", _fault, "break a host", parents=[common],
        epilog=f"faults, those of streams where up had --cameras:\n{_listed(FAULTS)}\n\nof booted hosts:\n"
               f"{_listed(backends.BACKENDS[HOSTS].faults, FAULTS)}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    sub.add_argument("host", help="a host, or a line for all its hosts")
    sub.add_argument("name", help="see below")
    sub.add_argument("argument", nargs="*", metavar="key=value")
    sub = command("heal", _heal, "bring a host back to its healthy start state", parents=[common])
    sub.add_argument("host", help="a host, or a line for all its hosts")
    command("inventory", _inventory, "write the inventory again", parents=[common, where])
    sub = command(
        "inside", _inside, "run a command where the plant can be reached, as the controller of booted hosts",
        parents=[common])
    sub.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _listed(faults: Mapping[str, Fault], known: Mapping[str, Fault] = MappingProxyType({})) -> str:
    """The faults that are not known already, a line each."""
    return "\n".join(
        f"  {name:24} {item.help}" for name, item in faults.items()
        if name not in known or known[name].help != item.help)


def main() -> int:
    """Run one command."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except Interrupted as interrupt:
        print(f"lab: {interrupt}; nothing was left running", file=sys.stderr)
        return 128 + interrupt.number
    except (LabError, ControlError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
