# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ADS routes on the PLC itself, spoken from the controller's own address (ADS_FACTS §2, §12). Private to this collection."""

from __future__ import annotations

import typing as t

from ._ads_frames import ads_error_text, net_id_to_bytes
from ._ads_router import Router, add_route_by_udp
from ._ads_route_entries import FLAG_BY_ADDRESS, FLAG_TEMPORARY, RouteEntry, check_writable, checked_name
from ._change import Change
from ._errors import AdsError
from ._route_rules import RoutePlan, check_keep, is_same, own_last, plan_absent, plan_exclusive, plan_present, words_of

WRONG_LOGIN = (0x704, 0x70C)
#: How a router ends the connection of somebody it has no route for (ADS_FACTS §5).
_NO_ROUTE = ("ads.closed", "ads.reset")
#: Failures after which a route may have been added all the same.
_PERHAPS_ADDED = (*_NO_ROUTE, "ads.silent", "ads.garbled")


class RouteTable:
    """A PLC's route table and how it can be changed from here.

    router: arguments for Router; username, password: for the first contact, when we have no route yet. usable: we
    have a route and are answered; entries: the list, or None where it cannot be had; remark: why, in one sentence.
    """

    def __init__(self, router: dict[str, t.Any], username: str | None, password: str | None) -> None:
        self._router = router
        self._username = username
        self._password = password
        self.usable = False
        self.entries: list[RouteEntry] | None = None
        self.remark = ""
        #: The NetId we speak with, made from the address the connection came from unless it was given.
        self.own_ams_net_id = ""
        self.read()

    @property
    def routes(self) -> list[dict[str, t.Any]]:
        """The list as dictionaries; empty where it cannot be had."""
        return [entry.as_dict() for entry in self.entries or []]

    def read(self) -> None:
        """Read the list. Without a usable route, or on a device that cannot list, say so in remark.

        A connection that is closed is tried once more: perhaps it was another program's turn (ADS_FACTS §5).
        Raises AdsError for everything that is neither: refused, filtered, silent, garbled, endless.
        """
        self.entries, self.usable, self.remark = None, False, ""
        try:
            try:
                self._read_once()
            except AdsError as error:
                if error.code not in _NO_ROUTE:
                    raise
                self._read_once()
        except AdsError as error:
            if error.code not in (*_NO_ROUTE, "ads.no_listing"):
                raise
            self.usable = error.code == "ads.no_listing"
            self.remark = error.message

    def read_after_delete(self) -> None:
        """Read the list; with our own route gone, no answer at all is just what is to be expected (ADS_FACTS §2)."""
        had_route = self.usable
        try:
            self.read()
        except AdsError as error:
            if had_route:
                raise
            self.remark = error.message

    def _read_once(self) -> None:
        with Router(**self._router) as router:
            self.own_ams_net_id = router.local_ams_net_id
            self.entries, self.remark = router.routes()
            self.usable = True

    def refuse_without_way_in(self, names: t.Collection[str]) -> None:
        """Raise before anything is deleted if the add afterwards needs credentials and there are none."""
        if self._username and self._password:
            return
        if not self.usable:
            raise AdsError(
                "route.no_credentials", "The PLC does not know this controller and no PLC user and password are given.",
                "Put plc_username and plc_password into lineops_secrets.")
        if any(self._is_own(name) for name in names):
            raise AdsError(
                "route.no_credentials", "Correcting the route this controller stands on needs a PLC user and password to "
                "add it again; nothing was changed.", "Put plc_username and plc_password into lineops_secrets.")

    def add(self, entry: RouteEntry) -> None:
        """Add a route: over ADS if we have one already, else by UDP with credentials (see refuse_without_way_in).

        Raises AdsError: "route.refused" (wrong user or password), "ads.*".
        """
        if self.usable:
            with Router(**self._router) as router:
                router.add(entry)
            return
        code = add_route_by_udp(
            self._router["ip"], entry, self._username or "", self._password or "", local_ip=self._router.get("local_ip"))
        if code in WRONG_LOGIN:
            raise AdsError(
                "route.refused", f"The PLC refused the login: wrong user name or password ({ads_error_text(code)}).",
                "Correct plc_username and plc_password in lineops_secrets.")
        if code:
            raise AdsError("route.refused", f"The PLC did not add the route: error {ads_error_text(code)}.")

    def delete(self, names: t.Iterable[str]) -> bool:
        """Delete routes by name, one connection each, since the last may cut the one it stands on.

        Returns whether every delete was answered; one that was not proves nothing either way.
        """
        answered = True
        for name in names:
            with Router(**self._router) as router:
                answered = router.delete(name) and answered
            self.usable = self.usable and not self._is_own(name)
        return answered

    def _is_own(self, name: str) -> bool:
        return any(route["name"] == name and route["ams_net_id"] == self.own_ams_net_id for route in self.routes)


def present(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make sure a route is in the PLC's list exactly as wanted; returns the result of ads_route."""
    flags = FLAG_BY_ADDRESS | (FLAG_TEMPORARY if params["temporary"] else 0)
    entry = RouteEntry(params["route_name"], params["local_ams_net_id"], params["local_ip"], flags)
    check_writable(entry, params["plc_username"], params["plc_password"])
    wanted = entry.as_dict()
    table = _table(params)
    plan = plan_present(wanted, table.routes, replace_conflicting=params["replace_conflicting"])
    change = Change("present", plan.original)
    said = {"remark": table.remark, "conflicts": list(plan.conflicts)}
    if _stands_on(table, wanted["ams_net_id"]):
        return change.result(original=wanted, reached=wanted, verified=True, **said)
    if not plan.changes:
        return change.result(verified=True, **said)
    try:
        if plan.conflicts and not params["replace_conflicting"]:
            raise AdsError(
                "route.conflict", f"Another route stands in the way: {words_of(plan.conflicts)}; nothing was changed.",
                "TwinCAT may let one of them shadow the other. Remove it, or set replace_conflicting.")
        if check_mode and table.entries is None and wanted["ams_net_id"] != table.own_ams_net_id:
            return change.result(**said)
        names = _names_to_delete(table, plan)
        table.refuse_without_way_in(names)
        if check_mode:
            return change.result(changed=True, reached=wanted, **said)
        _replace(table, change, names, entry if plan.add else None)
        there = _reached(table, wanted, names)
    except AdsError as error:
        raise change.failed(error, **said) from error
    verified = there is not None or _stands_on(table, wanted["ams_net_id"])
    return change.result(reached=there or wanted, verified=verified, **dict(said, remark=table.remark))


def _replace(table: RouteTable, change: Change, names: list[str], entry: RouteEntry | None) -> None:
    """Delete, then add; each step is noted, so that a failure between them is told as what it left behind."""
    if names:
        change.note(changed=True, reached=None)
        table.delete(names)
    if entry is not None:
        try:
            table.add(entry)
        except AdsError as error:
            if error.code in _PERHAPS_ADDED:
                change.note(changed=True, reached=None)
            raise
        change.note(changed=True, reached=None)


def _reached(table: RouteTable, wanted: t.Mapping[str, t.Any], deleted: t.Collection[str]) -> dict[str, t.Any] | None:
    """Read the list again: the wanted route as it is there, None if there is no list. Neither answer was believed.

    Raises AdsError "route.not_taken" or "route.not_deleted".
    """
    table.read()
    if table.entries is None:
        return None
    there = [route for route in table.routes if is_same(route, wanted)]
    if not there:
        raise AdsError("route.not_taken", "The PLC answered that the route was added, but it is not in its list.")
    still = [route for route in plan_present(wanted, table.routes).conflicts if route["name"] in deleted]
    if still:
        raise AdsError("route.not_deleted", f"The PLC's list still has {words_of(still)}, which was to be deleted.")
    return there[0]


def absent(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make sure that no route for a NetId (or of a name) is in the PLC's list; returns the result of ads_route."""
    if params["local_ams_net_id"]:
        net_id_to_bytes(params["local_ams_net_id"])
    if params["route_name"]:
        checked_name(params["route_name"])
    table = _table(params)
    if table.entries is None:
        if params["local_ams_net_id"] == table.own_ams_net_id and not table.usable:
            return Change("absent", None).result(remark=table.remark, conflicts=[])
        raise _not_listed(table)
    plan = plan_absent(params["local_ams_net_id"], params["route_name"], table.routes)
    return _deleted(table, plan, Change("absent", plan.original), check_mode)


def exclusive(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Delete every route that is not kept; returns the result of ads_route."""
    check_keep(params["keep"], {})
    table = _table(params)
    if table.entries is None:
        raise _not_listed(table)
    plan = plan_exclusive(params["keep"], table.routes, own_ams_net_id=table.own_ams_net_id)
    return _deleted(table, plan, Change("exclusive", table.routes), check_mode)


def _not_listed(table: RouteTable) -> AdsError:
    return AdsError("route.not_listed", f"Nothing was deleted, since the list cannot be read. {table.remark}")


def _deleted(table: RouteTable, plan: RoutePlan, change: Change, check_mode: bool) -> dict[str, t.Any]:
    left = [route for route in table.routes if route["name"] not in plan.delete]
    reached = left if change.requested == "exclusive" else None
    said = {"remark": table.remark, "conflicts": []}
    try:
        names = _names_to_delete(table, plan)
        if check_mode or not plan.changes:
            return change.result(
                changed=plan.changes, reached=reached, verified=not (plan.changes or table.remark), **said)
        change.note(changed=True, reached=None)
        answered = table.delete(names)
        table.read_after_delete()
        still = [route for route in table.routes if route["name"] in plan.delete]
        if still:
            raise AdsError(
                "route.not_deleted", f"The PLC {'confirmed' if answered else 'did not answer'} the delete, but its list still "
                f"has {words_of(still)}.")
    except AdsError as error:
        raise change.failed(error, **said) from error
    verified = table.entries is not None and not table.remark
    return change.result(reached=reached, verified=verified, **dict(said, remark=table.remark))


def _names_to_delete(table: RouteTable, plan: RoutePlan) -> list[str]:
    """The names in order of deletion. Raises AdsError before the first is deleted if one of them cannot be written."""
    for route in table.routes:
        if route["name"] in plan.delete:
            try:
                checked_name(route["name"])
            except AdsError as error:
                raise AdsError(
                    error.code, f"{words_of([route])} cannot be deleted by its name. {error.message} Nothing was changed.",
                    "Delete it in TwinCAT on the PLC.") from None
    return own_last(plan.delete, table.routes, table.own_ams_net_id)


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


def _stands_on(table: RouteTable, ams_net_id: str) -> bool:
    """Whether our being answered proves the route: it is our own, and the list cannot be had (degraded mode)."""
    return table.entries is None and table.usable and ams_net_id == table.own_ams_net_id
