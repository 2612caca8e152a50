# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do with a PLC's route table: pure functions over route dictionaries. Private to this collection.

A route dictionary has name, ams_net_id, address, temporary, unidirectional (and transport, told but not compared).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ._errors import LineopsError
from ._inventory import is_ip, is_net_id

Route = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class RoutePlan:
    """What stands between the list and what is wanted.

    original: the route there is for the NetId, or None; delete: routes to delete; add: whether to add;
    conflicts: other routes on the same address, NetId or name, which the router may let shadow ours (ADS_FACTS §2).
    """

    original: t.Optional[Route] = None
    delete: tuple[Route, ...] = ()
    add: bool = False
    conflicts: tuple[Route, ...] = field(default=())

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return self.add or bool(self.delete)


def is_same(one: Route, other: Route) -> bool:
    """Compare only what means the same everywhere: name, NetId, address, temporary, unidirectional (ADS_FACTS §2)."""
    return (
        one["name"] == other["name"]
        and one["ams_net_id"] == other["ams_net_id"]
        and one["address"].lower() == other["address"].lower()
        and bool(one.get("temporary")) == bool(other.get("temporary"))
        and bool(one.get("unidirectional")) == bool(other.get("unidirectional"))
    )


def find(wanted: Route, listed: t.Iterable[Route]) -> t.Optional[Route]:
    """Return the route of a list that is exactly as wanted."""
    return next((route for route in listed if is_same(route, wanted)), None)


def plan_present(wanted: Route, listed: t.Sequence[Route], *, replace_conflicting: bool = False) -> RoutePlan:
    """Plan for exactly the wanted route: none if it is there, else correct it by deleting and adding."""
    ours = sorted((route for route in listed if route["ams_net_id"] == wanted["ams_net_id"]), key=lambda r: not is_same(r, wanted))
    original = ours[0] if ours else None
    conflicts = tuple(ours[1:]) + tuple(
        route for route in listed
        if route["ams_net_id"] != wanted["ams_net_id"]
        and (route["address"].lower() == wanted["address"].lower() or route["name"] == wanted["name"]))
    in_the_way = conflicts if replace_conflicting else ()
    if original is not None and is_same(original, wanted):
        # A route is deleted by its name: another one of the same name takes ours along.
        return RoutePlan(original, in_the_way, wanted["name"] in [route["name"] for route in in_the_way], conflicts)
    return RoutePlan(original, in_the_way + tuple(ours[:1]), True, conflicts)


def plan_absent(ams_net_id: t.Optional[str], name: t.Optional[str], listed: t.Sequence[Route]) -> RoutePlan:
    """Plan to delete by NetId, or by name where no NetId is given."""
    found = tuple(
        route for route in listed
        if (route["ams_net_id"] == ams_net_id if ams_net_id else route["name"] == name))
    return RoutePlan(found[0] if found else None, found)


def plan_exclusive(keep: t.Collection[str], listed: t.Sequence[Route]) -> RoutePlan:
    """Plan to delete every route whose NetId is not kept."""
    return RoutePlan(None, tuple(route for route in listed if route["ams_net_id"] not in keep))


def names_to_delete(doomed: t.Iterable[Route], listed: t.Sequence[Route], own_ams_net_id: str) -> list[str]:
    """Return the names to delete, as often as the list has each: some routers delete the first of a name, some all.

    The route that carries our answers comes last.
    """
    names = {route["name"] for route in doomed}
    own = {route["name"] for route in listed if route["ams_net_id"] == own_ams_net_id}
    return sorted((route["name"] for route in listed if route["name"] in names), key=lambda name: name in own)


def bystanders(doomed: t.Collection[Route], listed: t.Iterable[Route]) -> list[Route]:
    """Return the routes that would be deleted along with others, since they share a name with one of them."""
    names = {route["name"] for route in doomed}
    return [route for route in listed if route["name"] in names and route not in doomed]


def supervisors_at(ip_address: str, ams_net_id: str, plcs_of_hosts: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Find the NetIds of the supervisors that the inventory has at a PLC: NetId -> host.

    plcs_of_hosts: host -> its lineops_plcs. Raises LineopsError "inventory.mistakes" for a list that cannot be read, since
    a supervisor that is not seen there would lose its route.
    """
    found = {}
    for host, plcs in plcs_of_hosts.items():
        for plc in plcs if isinstance(plcs, list) else [plcs]:
            if not isinstance(plc, t.Mapping) or not is_ip(plc.get("ip_address")) or not is_net_id(plc.get("ams_net_id")):
                raise _unreadable(host)
            if plc["ip_address"] != ip_address and plc["ams_net_id"] != ams_net_id:
                continue
            route = plc.get("route")
            own = route.get("local_ams_net_id") if isinstance(route, t.Mapping) else None
            if not is_net_id(own):
                raise _unreadable(host)
            found[own] = host
    return found


def check_keep(keep: t.Sequence[str], supervisors: t.Mapping[str, str]) -> None:
    """Raise LineopsError "route.keep" before an exclusive list would cut off a supervisor (NetId -> host), or everybody."""
    wrong = [net_id for net_id in keep if not is_net_id(net_id)]
    missing = [f"{net_id} ({host})" for net_id, host in sorted(supervisors.items()) if net_id not in keep]
    if not keep:
        sentence = "keep is empty, so state exclusive would delete every route of the PLC"
    elif wrong:
        sentence = f"keep holds {wrong[0]!r}, which is no AMS NetId"
    elif missing:
        sentence = f"keep lacks {', '.join(missing)}, the supervisors that the inventory has at this PLC"
    else:
        return
    raise LineopsError("route.keep", f"{sentence}; nothing was deleted.", "Name every NetId that may talk to the PLC in keep.")


def _unreadable(host: str) -> LineopsError:
    return LineopsError(
        "inventory.mistakes", f"lineops_plcs of {host} cannot be read, so it is not known which supervisors are at this PLC; "
        "nothing was deleted.", "Run inventory_check.")


def words_of(routes: t.Iterable[Route]) -> str:
    """Name routes in a sentence."""
    return ", ".join(f"{route['name']} ({route['ams_net_id']} at {route['address']})" for route in routes)
