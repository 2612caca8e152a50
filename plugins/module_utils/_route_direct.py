# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ADS routes on the PLC itself, spoken from the controller's own address (ADS_FACTS §2, §12). Private to this collection."""

from __future__ import annotations

import typing as t

from ._ads_frames import ads_error_text
from ._ads_router import Router, add_route_by_udp
from ._ads_route_entries import FLAG_BY_ADDRESS, FLAG_TEMPORARY, RouteEntry, build_entry
from ._change import Change
from ._errors import AdsError
from ._route_rules import RoutePlan, is_same, own_last, plan_absent, plan_exclusive, plan_present, words_of

WRONG_LOGIN = (0x704, 0x70C)


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
        self.read()

    @property
    def own_ams_net_id(self) -> str:
        """The NetId we speak with."""
        return str(self._router.get("local_ams_net_id") or f"{self._router.get('local_ip')}.1.1")

    @property
    def routes(self) -> list[dict[str, t.Any]]:
        """The list as dictionaries; empty where it cannot be had."""
        return [entry.as_dict() for entry in self.entries or []]

    def read(self) -> None:
        """Read the list. Without a usable route, or on a device that cannot list, say so in remark.

        Raises AdsError for everything that is neither: refused, filtered, silent, garbled, endless.
        """
        self.entries = None
        try:
            with Router(**self._router) as router:
                self.entries, self.remark = router.routes()
                self.usable = True
        except AdsError as error:
            if error.code not in ("ads.closed", "ads.no_listing"):
                raise
            self.usable = error.code == "ads.no_listing"
            self.remark = error.message

    def refuse_to_lock_out(self, names: t.Collection[str]) -> None:
        """Raise before our own route is deleted with no credentials to get back in."""
        own = [route["name"] for route in self.routes if route["ams_net_id"] == self.own_ams_net_id]
        if set(own) & set(names) and not (self._username and self._password):
            raise AdsError(
                "route.no_credentials", "Correcting the route this controller stands on needs a PLC user and password to "
                "add it again; nothing was changed.", "Put plc_username and plc_password into lineops_secrets.")

    def add(self, wanted: t.Mapping[str, t.Any]) -> None:
        """Add a route: over ADS if we have one already, else by UDP with credentials.

        Raises AdsError: "route.no_credentials", "route.refused" (wrong user or password), "ads.*".
        """
        entry = _entry_of(wanted)
        if self.usable:
            with Router(**self._router) as router:
                router.add(entry)
            return
        if not (self._username and self._password):
            raise AdsError(
                "route.no_credentials", "The PLC does not know this controller and no PLC user and password are given.",
                "Put plc_username and plc_password into lineops_secrets.")
        code = add_route_by_udp(
            self._router["ip"], entry, self._username, self._password, local_ip=self._router.get("local_ip"))
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
    wanted = {
        "name": params["route_name"], "ams_net_id": params["local_ams_net_id"], "address": params["local_ip"],
        "temporary": params["temporary"], "unidirectional": False,
    }
    build_entry(_entry_of(wanted))  # refuse what cannot be written before anything is contacted
    table = _table(params)
    plan = plan_present(wanted, table.routes, replace_conflicting=params["replace_conflicting"])
    change = Change("present", plan.original)
    said = {"remark": table.remark, "conflicts": list(plan.conflicts)}
    if not table.entries and _stands_on(table, wanted["ams_net_id"]):
        return change.result(reached=wanted, verified=True, **said)
    if not plan.changes:
        return change.result(verified=True, **said)
    if plan.conflicts and not params["replace_conflicting"]:
        raise change.failed(AdsError(
            "route.conflict", f"Another route stands in the way: {words_of(plan.conflicts)}; nothing was changed.",
            "TwinCAT may let one of them shadow the other. Remove it, or set replace_conflicting."), **said)
    is_known_missing = table.entries is not None or wanted["ams_net_id"] == table.own_ams_net_id
    if check_mode:
        return change.result(changed=is_known_missing, reached=wanted if is_known_missing else None, **said)
    names = own_last(plan.delete, table.routes, table.own_ams_net_id)
    table.refuse_to_lock_out(names)
    table.delete(names)
    table.add(wanted)
    table.read()
    there = [route for route in table.routes if is_same(route, wanted)]
    verified = bool(there) or _stands_on(table, wanted["ams_net_id"])
    if table.entries is not None and not there:
        raise change.failed(AdsError(
            "route.not_taken", "The PLC answered that the route was added, but it is not in its list."), changed=True, **said)
    return change.result(changed=True, reached=wanted, verified=verified, **dict(said, remark=table.remark))


def absent(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make sure that no route for a NetId (or of a name) is in the PLC's list; returns the result of ads_route."""
    table = _table(params)
    if table.entries is None:
        if params["local_ams_net_id"] == table.own_ams_net_id and not table.usable:
            return Change("absent", None).result(remark=table.remark, conflicts=[])
        raise AdsError("route.not_listed", f"Nothing was deleted, since the list cannot be read. {table.remark}")
    plan = plan_absent(params["local_ams_net_id"], params["route_name"], table.routes)
    return _deleted(table, plan, Change("absent", plan.original), check_mode)


def exclusive(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Delete every route that is not kept; returns the result of ads_route."""
    table = _table(params)
    if table.entries is None:
        raise AdsError("route.not_listed", f"Nothing was deleted, since the list cannot be read. {table.remark}")
    plan = plan_exclusive(params["keep"], table.routes, own_ams_net_id=table.own_ams_net_id)
    return _deleted(table, plan, Change("exclusive", table.routes), check_mode)


def _deleted(table: RouteTable, plan: RoutePlan, change: Change, check_mode: bool) -> dict[str, t.Any]:
    left = [route for route in table.routes if route["name"] not in plan.delete]
    reached = left if change.requested == "exclusive" else None
    said = {"remark": table.remark, "conflicts": []}
    if check_mode or not plan.changes:
        return change.result(changed=plan.changes, reached=reached, verified=not plan.changes, **said)
    answered = table.delete(own_last(plan.delete, table.routes, table.own_ams_net_id))
    table.read()
    still = [route for route in table.routes if route["name"] in plan.delete]
    if still:
        raise change.failed(AdsError(
            "route.not_deleted", f"The PLC {'confirmed' if answered else 'did not answer'} the delete, but its list still "
            f"has {words_of(still)}."), changed=True, **said)
    return change.result(changed=True, reached=reached, verified=table.entries is not None, **dict(said, remark=table.remark))


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


def _entry_of(wanted: t.Mapping[str, t.Any]) -> RouteEntry:
    flags = FLAG_BY_ADDRESS | (FLAG_TEMPORARY if wanted["temporary"] else 0)
    return RouteEntry(wanted["name"], wanted["ams_net_id"], wanted["address"], flags)
