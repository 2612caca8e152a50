# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ADS routes on the PLC itself, spoken from the controller's own address (ADS_FACTS §2, §12). Private to this collection."""

from __future__ import annotations

import typing as t

from ._ads_frames import net_id_to_bytes
from ._ads_route_entries import FLAG_BY_ADDRESS, FLAG_TEMPORARY, RouteEntry, check_writable, checked_name
from ._change import Change
from ._errors import AdsError
from ._route_rules import (
    Route, RoutePlan, bystanders, check_keep, find, is_same, names_to_delete, plan_absent, plan_exclusive, plan_present, words_of,
)
from ._route_table import CONFIRMED, NO_ROUTE, UNKNOWN, RouteTable

#: Failures after which a route may have been added all the same.
_PERHAPS_ADDED = (*NO_ROUTE, "ads.silent", "ads.garbled")


def present(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make sure a route is in the PLC's list exactly as wanted; returns the result of ads_route."""
    flags = FLAG_BY_ADDRESS | (FLAG_TEMPORARY if params["temporary"] else 0)
    entry = RouteEntry(params["route_name"], params["local_ams_net_id"], params["local_ip"], flags)
    check_writable(entry, params["plc_username"], params["plc_password"])
    wanted = entry.as_dict()
    table = _table(params)

    def planned() -> RoutePlan:
        return plan_present(wanted, table.routes, replace_conflicting=params["replace_conflicting"])

    plan = planned()
    change = Change("present", plan.original)
    change.note(**_said(table, plan))
    if table.stands_on(wanted["ams_net_id"]):
        return change.result(original=wanted, reached=wanted, verified=True)
    if not plan.changes:
        return change.result(verified=True)
    try:
        if plan.conflicts and not params["replace_conflicting"]:
            raise AdsError(
                "route.conflict", f"Another route stands in the way: {words_of(plan.conflicts)}; nothing was changed.",
                "TwinCAT may let one of them shadow the other. Remove it, or set replace_conflicting.")
        if check_mode and table.entries is None and wanted["ams_net_id"] != table.own_ams_net_id:
            return change.result()
        _check_deletable(table, plan.delete, wanted)
        table.check_login(plan.delete)
        if check_mode:
            return change.result(changed=True, reached=wanted)
        _bring_about(table, change, entry, planned)
    except AdsError as error:
        raise change.failed(error) from error
    there = find(wanted, table.routes)
    verified = there is not None or table.stands_on(wanted["ams_net_id"])
    return change.result(
        reached=there or wanted, verified=verified, remark=table.remark, conflicts=list(plan.conflicts or planned().conflicts))


def _bring_about(table: RouteTable, change: Change, entry: RouteEntry, planned: t.Callable[[], RoutePlan]) -> None:
    """Delete what is wrong or in the way, then add, looking at the list after each step.

    Where our own route is missing or must go, the login that brings us back is proven first: by adding the wanted route
    if it is our own, else our own once more. Routers overwrite an entry of the same name or NetId with it, or keep both.
    """
    wanted = entry.as_dict()
    doomed: t.Sequence[Route] = planned().delete
    said, is_added = "", False
    if not table.usable or table.carries_us(doomed):
        own = table.own_entry
        is_added = own is None or own.ams_net_id == entry.ams_net_id
        _add(table.add_with_login, entry if own is None or is_added else own, change)
        table.read()
        if is_added:
            _check_added(table, wanted)
        left = planned().delete
        doomed = [route for route in table.routes if route in doomed or route in left]
        _check_deletable(table, doomed, wanted)
    if doomed:
        said = _delete(table, change, doomed)
    if (doomed or not is_added) and find(wanted, table.routes) is None:
        _add(table.add, entry, change)
        table.read()
        _check_added(table, wanted)
    plan = planned()
    _check_gone([*plan.conflicts, *plan.delete], doomed, said)


def _add(add: t.Callable[[RouteEntry], None], entry: RouteEntry, change: Change) -> None:
    try:
        add(entry)
    except AdsError as error:
        if error.code in _PERHAPS_ADDED:
            change.note(changed=True, reached=None)
        raise
    change.note(changed=True, reached=None)


def _check_added(table: RouteTable, wanted: Route) -> None:
    if table.entries is not None and find(wanted, table.routes) is None:
        raise AdsError("route.not_taken", "The PLC answered that the route was added, but it is not in its list.")


def _check_gone(listed: t.Iterable[Route], doomed: t.Collection[Route], said: str) -> None:
    still = [route for route in listed if route in doomed]
    if still:
        raise AdsError("route.not_deleted", f"The PLC {said} the delete, but its list still has {words_of(still)}.")


def _check_deletable(table: RouteTable, doomed: t.Collection[Route], spared: Route | None = None) -> None:
    """Raise before the first delete if a name cannot be written, or takes other routes along than the one added again."""
    for route in doomed:
        try:
            checked_name(route["name"])
        except AdsError as error:
            raise AdsError(
                error.code, f"{words_of([route])} cannot be deleted by its name. {error.message} Nothing was deleted.",
                "Delete it in TwinCAT on the PLC.") from None
    others = [route for route in bystanders(doomed, table.routes) if spared is None or not is_same(route, spared)]
    if others:
        raise AdsError(
            "route.name_shared", f"Deleting {words_of(doomed)} would take {words_of(others)} along, which has the same name; "
            "nothing was deleted.", "Delete it in TwinCAT on the PLC.")


def _delete(table: RouteTable, change: Change, doomed: t.Collection[Route]) -> str:
    """Delete routes, the one that carries us last, and look at the list: neither an answer nor its absence is believed.

    Returns what the router said of the last delete.
    """
    own_is_gone = table.carries_us(doomed)
    said = CONFIRMED
    for name in names_to_delete(doomed, table.routes, table.own_ams_net_id):
        said = _delete_one(table, change, name)
    table.read_after_delete(own_is_gone)
    _check_gone(table.routes, doomed, said)
    return said


def _delete_one(table: RouteTable, change: Change, name: str) -> str:
    said = table.delete(name)
    if said != UNKNOWN:
        change.note(changed=True, reached=None)
    return said


def absent(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make sure that no route for a NetId (or of a name) is in the PLC's list; returns the result of ads_route."""
    net_id, name = params["local_ams_net_id"], params["route_name"]
    if net_id:
        net_id_to_bytes(net_id)
    if name:
        checked_name(name)
    table = _table(params)
    if table.entries is None:
        return _absent_unseen(table, net_id, name, check_mode)
    plan = plan_absent(net_id, name, table.routes)
    return _deleted(table, plan, Change("absent", plan.original), check_mode)


def _absent_unseen(table: RouteTable, net_id: str | None, name: str | None, check_mode: bool) -> dict[str, t.Any]:
    """Without a list. Our own route is there if we are answered; a route is deleted by the name that is given.

    The name given with another NetId than ours is not used: who goes by it cannot be seen.
    """
    change = Change("absent", None)
    change.note(**_said(table, RoutePlan()))
    is_own = net_id == table.own_ams_net_id
    if is_own and not table.usable:
        return change.result()
    if not table.usable or not name or (net_id and not is_own):
        raise _not_listed(table)
    if check_mode:
        return change.result(changed=is_own)
    try:
        said = _delete_one(table, change, name)
        table.read_after_delete(is_own)
        still = f"The PLC {said} the delete of {name} and still answers this controller" if is_own and table.usable else ""
        if still and said != UNKNOWN:
            raise AdsError("route.not_deleted", f"{still}, so its route is still there.", "Delete it in TwinCAT on the PLC.")
    except AdsError as error:
        raise change.failed(error, remark=table.remark) from error
    return change.result(remark=f"{still}, by a route of another name. {table.remark}" if still else table.remark)


def exclusive(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Delete every route that is not kept; returns the result of ads_route."""
    check_keep(params["keep"], {})
    table = _table(params)
    if table.entries is None:
        raise _not_listed(table)
    return _deleted(table, plan_exclusive(params["keep"], table.routes), Change("exclusive", table.routes), check_mode)


def _not_listed(table: RouteTable) -> AdsError:
    return AdsError("route.not_listed", f"Nothing was deleted, since the list cannot be read. {table.remark}")


def _deleted(table: RouteTable, plan: RoutePlan, change: Change, check_mode: bool) -> dict[str, t.Any]:
    reached = [route for route in table.routes if route not in plan.delete] if change.requested == "exclusive" else None
    change.note(**_said(table, plan))
    try:
        _check_deletable(table, plan.delete)
        if check_mode or not plan.changes:
            return change.result(changed=plan.changes, reached=reached, verified=not (plan.changes or table.remark))
        _delete(table, change, plan.delete)
    except AdsError as error:
        raise change.failed(error) from error
    return change.result(reached=reached, verified=table.entries is not None and not table.remark, remark=table.remark)


def listed(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what ads_route_info says: the routes, whether we have a usable one, and a remark."""
    table = _table(params)
    return {
        "routes": table.routes if table.entries is not None else None, "usable": table.usable, "remark": table.remark,
        "own_ams_net_id": table.own_ams_net_id,
    }


def _table(params: t.Mapping[str, t.Any]) -> RouteTable:
    return RouteTable(
        {
            "ip": params["ip_address"], "ams_net_id": params["ams_net_id"], "local_ip": params["controller_ip"],
            "local_ams_net_id": params["controller_ams_net_id"], "connect_timeout": params["connect_timeout"],
            "timeout": params["ads_timeout"],
        },
        params.get("plc_username"), params.get("plc_password"))


def _said(table: RouteTable, plan: RoutePlan) -> dict[str, t.Any]:
    return {"first_contact": not table.usable, "remark": table.remark, "conflicts": list(plan.conflicts)}
