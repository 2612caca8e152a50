# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PLC's route table as the controller sees and changes it (ADS_FACTS §1, §2). Private to this collection."""

from __future__ import annotations

import typing as t

from ._ads_frames import ads_error_text
from ._ads_route_entries import RouteEntry
from ._ads_router import NOT_FOUND, Router, add_route_by_udp
from ._errors import AdsError

WRONG_LOGIN = (0x704, 0x70C)
#: How a router ends the connection of somebody it has no route for (ADS_FACTS §5).
NO_ROUTE = ("ads.closed", "ads.reset")
#: What a router said of a delete; the list decides.
CONFIRMED, UNANSWERED, UNKNOWN = "confirmed", "did not answer", "found nothing for"
#: How often a list is read again for two reads to agree.
_READS = 5

_Route = t.Mapping[str, t.Any]


class RouteTable:
    """A PLC's route table and how it can be changed from here.

    router: arguments for Router; username, password: for an add by UDP. usable: we have a route and are answered;
    entries: the list, or None where it cannot be had; remark: why, in one sentence.
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

    @property
    def own_entry(self) -> RouteEntry | None:
        """The route that carries our answers, where it can be seen."""
        return next((entry for entry in self.entries or [] if entry.ams_net_id == self.own_ams_net_id), None)

    def read(self) -> None:
        """Read the list. Without a usable route, or on a device that cannot list, say so in remark.

        A connection that is closed is tried once more: perhaps it was another program's turn (ADS_FACTS §5).
        Raises AdsError for everything that is neither: refused, filtered, silent, garbled, endless.
        """
        self.entries, self.usable, self.remark = None, False, ""
        for dummy in range(2):
            try:
                with Router(**self._router) as router:
                    self.own_ams_net_id = router.local_ams_net_id
                    self.entries, self.remark = _settled(router)
                self.usable = True
                return
            except AdsError as error:
                self.remark = error.message
                if error.code == "ads.no_listing":
                    self.usable = True
                    return
                if error.code not in NO_ROUTE:
                    raise

    def read_after_delete(self, own_is_gone: bool) -> None:
        """Read the list; with our own route gone, no answer at all is just what is to be expected (ADS_FACTS §2)."""
        try:
            self.read()
        except AdsError:
            if not own_is_gone:
                raise

    def stands_on(self, ams_net_id: str) -> bool:
        """Say whether our being answered proves a route: it is our own, and the list cannot be had (degraded mode)."""
        return self.entries is None and self.usable and ams_net_id == self.own_ams_net_id

    def carries_us(self, doomed: t.Iterable[_Route]) -> bool:
        """Say whether deleting these takes our own route along, which goes by its name."""
        names = {route["name"] for route in doomed}
        return any(entry.ams_net_id == self.own_ams_net_id and entry.name in names for entry in self.entries or [])

    def check_login(self, doomed: t.Iterable[_Route]) -> None:
        """Raise before anything is changed if an add by UDP will be needed and there are no credentials for it."""
        if (self._username and self._password) or (self.usable and not self.carries_us(doomed)):
            return
        raise AdsError(
            "route.no_credentials", "Correcting the route this controller stands on needs a PLC user and password to add it "
            "again; nothing was changed." if self.usable else
            "The PLC does not know this controller and no PLC user and password are given.",
            "Put plc_username and plc_password into lineops_secrets.")

    def add(self, entry: RouteEntry) -> None:
        """Add a route over ADS if we have one already, else by UDP. Raises AdsError "route.refused" or "ads.*"."""
        if not self.usable:
            self.add_with_login(entry)
            return
        with Router(**self._router) as router:
            router.add(entry)

    def add_with_login(self, entry: RouteEntry) -> None:
        """Add a route by UDP with credentials. Raises AdsError "route.refused" (wrong user or password) or "ads.*"."""
        code = add_route_by_udp(
            self._router["ip"], entry, self._username or "", self._password or "", local_ip=self._router.get("local_ip"))
        if code in WRONG_LOGIN:
            raise AdsError(
                "route.refused", "The PLC refused the login and added nothing: wrong user name or password "
                f"({ads_error_text(code)}).", "Correct plc_username and plc_password in lineops_secrets.")
        if code:
            raise AdsError("route.refused", f"The PLC did not add the route: error {ads_error_text(code)}.")

    def delete(self, name: str) -> str:
        """Delete a route by its name, on a connection of its own, since it may be the one it stands on.

        Returns what the router said; none of it proves anything.
        """
        with Router(**self._router) as router:
            try:
                return CONFIRMED if router.delete(name) else UNANSWERED
            except AdsError as error:
                if error.details.get("ads_error") == NOT_FOUND:
                    return UNKNOWN
                raise


def _settled(router: Router) -> tuple[list[RouteEntry], str]:
    """Read the list until two reads agree; it comes entry by entry, so one is passed over while another controller deletes."""
    entries, remark = router.routes()
    for dummy in range(_READS):
        before = entries
        entries, remark = router.routes()
        if entries == before:
            return entries, remark
    return entries, "The list changed each time it was read, so it may not be complete."
