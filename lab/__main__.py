# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab up|down|status|fault|heal|inventory``: a plant of stand-ins on loopback addresses.

Exit 0 done, 1 not possible (one sentence on standard error), 2 wrong usage, 130 or 143 ``up`` was interrupted and left
nothing running.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import inventory
from .control import ControlError
from .errors import LabError
from .faults import FAULTS, fault, heal
from .look import look_at_all
from .plant import MAX_HOSTS, MAX_LINES, MAX_PLCS, Plant
from .processes import REPOSITORY
from .start import down, up
from .waiting import Interrupted, Watch


def _up(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    with Watch() as watch:
        plant = up(arguments.dir, arguments.inventory, arguments.lines, arguments.hosts, watch, arguments.plcs)
    for line in plant.lines:
        hosts = ", ".join(
            f"{host.name} {host.url} (PLC {' and '.join(plc.ip for plc in host.plcs)})"
            for host in plant.hosts if host.line == line.name)
        print(f"{line.name}: {hosts}")
    print(f"up in {time.monotonic() - started:.1f} s, inventory in {plant.inventory}")


def _down(arguments: argparse.Namespace) -> None:
    count = down(arguments.dir)
    print(f"ended {count} processes" if count else f"no lab is running in {arguments.dir}")


def _status(arguments: argparse.Namespace) -> None:
    looks = look_at_all(Plant.load(arguments.dir))
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
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _fault(arguments: argparse.Namespace) -> None:
    plant = Plant.load(arguments.dir)
    for host in plant.chosen(arguments.host):
        fault(plant, host, arguments.name, arguments.argument)
        print(f"{host.name}: {' '.join([arguments.name, *arguments.argument])}")


def _heal(arguments: argparse.Namespace) -> None:
    plant = Plant.load(arguments.dir)
    for host in plant.chosen(arguments.host):
        started = time.monotonic()
        heal(plant, host, Watch())
        print(f"{host.name}: healthy again after {time.monotonic() - started:.1f} s")


def _inventory(arguments: argparse.Namespace) -> None:
    plant = Plant.load(arguments.dir)
    if arguments.inventory != plant.inventory:
        inventory.remove(plant.folder, plant.inventory)
        plant.inventory = arguments.inventory
        plant.save()
    inventory.write(plant)
    print(f"inventory in {plant.inventory}")


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
    parser = argparse.ArgumentParser(prog="python -m lab", description="a plant of stand-ins on loopback addresses")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=_folder, default=REPOSITORY / ".lab", help="the lab's state folder (.lab)")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--inventory", type=_folder, default=REPOSITORY / "inventory" / "lab", help="folder to write (inventory/lab)")
    commands = parser.add_subparsers(required=True, metavar="up|down|status|fault|heal|inventory")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str, **more) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, **more)
        sub.set_defaults(run=run)
        return sub

    sub = command("up", _up, "start a lab and write its inventory", parents=[common, where])
    sub.add_argument("--lines", type=_number(1, MAX_LINES), default=3)
    sub.add_argument("--hosts", type=_number(1, MAX_HOSTS), default=2, help="hosts per line")
    sub.add_argument("--plcs", type=_number(1, MAX_PLCS), default=1, help="PLCs per host; the second one stands by")
    command("down", _down, "end everything the lab started, also a half-started lab", parents=[common])
    sub = command("status", _status, "how every host is", parents=[common])
    sub.add_argument("--json", action="store_true")
    faults = "\n".join(f"  {name:20} {item.help}" for name, item in FAULTS.items())
    sub = command(
        "fault", _fault, "break a host", parents=[common], epilog=f"faults:\n{faults}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    sub.add_argument("host", help="a host, or a line for all its hosts")
    sub.add_argument("name", help="see below")
    sub.add_argument("argument", nargs="*", metavar="key=value")
    sub = command("heal", _heal, "bring a host back to its healthy start state", parents=[common])
    sub.add_argument("host", help="a host, or a line for all its hosts")
    command("inventory", _inventory, "write the inventory again", parents=[common, where])
    return parser


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
