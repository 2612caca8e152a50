# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet filters of faults: one nft table in a host's network, or in the controller's for a PLC's address."""

from __future__ import annotations

from collections.abc import Sequence

from ..plant import Host, PlcSite, Plant
from . import layout, network
from .tools import run

_TABLE = "lineops_fault"


def _table_of(plc: PlcSite) -> str:
    return f"{_TABLE}_{plc.ip.rpartition('.')[2]}"


def at_host(plant: Plant, host: Host, incoming: Sequence[str], outgoing: Sequence[str]) -> None:
    """Put rules into a host's network in place of those there."""
    _put(layout.mark(plant.block, host.name), _TABLE, incoming, outgoing)


def drop_at_plc(plant: Plant, plc: PlcSite, source: str | None) -> None:
    """Lose the packets to a PLC's address, all or those of one source, without a word to the sender."""
    rule = f"ip daddr {plc.ip} drop" if source is None else f"ip saddr {source} ip daddr {plc.ip} drop"
    _put(layout.controller(plant.block), _table_of(plc), [rule], [])


def clear(plant: Plant, host: Host) -> None:
    """Take away what faults have put in the way of a host or its PLCs."""
    for namespace, table in _places(plant, host):
        run(network.inside(namespace, ["nft", "-f", "-"]), text=f"add table inet {table}\ndelete table inet {table}\n")


def changes(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say what is in the way of a host or its PLCs."""
    found = []
    for namespace, table in _places(plant, host):
        if run(network.inside(namespace, ["nft", "list", "table", "inet", table]), check=False).returncode == 0:
            found.append("packet filter" if table == _TABLE else "packet filter at the PLC")
    return tuple(found)


def _places(plant: Plant, host: Host) -> list[tuple[str, str]]:
    return [(layout.mark(plant.block, host.name), _TABLE),
            *((layout.controller(plant.block), _table_of(plc)) for plc in host.plcs)]


def _put(namespace: str, table: str, incoming: Sequence[str], outgoing: Sequence[str]) -> None:
    lines = [f"add table inet {table}", f"delete table inet {table}", f"add table inet {table}"]
    for hook, rules in (("input", incoming), ("output", outgoing)):
        lines.append(f"add chain inet {table} {hook} {{ type filter hook {hook} priority -10; }}")
        lines += [f"add rule inet {table} {hook} {rule}" for rule in rules]
    run(network.inside(namespace, ["nft", "-f", "-"]), text="\n".join(lines) + "\n")
