# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The route table of the stand-in's AMS router: who may talk to it (ADS_FACTS sections 2 and 5)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import wire
from .behaviour import KEPT, REMOVES, SHADOWS, STICKS, Behaviour
from .entries import Route
from .wire import AdsError


class RouteTable:
    """The routes in order of entry. Static ones are kept in ``file`` and survive a restart of the process."""

    def __init__(self, file: Path, initial: Iterable[Route], behaviour: Behaviour | None = None) -> None:
        self._file = file
        self._behaviour = behaviour or Behaviour()
        if file.exists():
            self._routes = [Route.from_mapping(item) for item in json.loads(file.read_text(encoding="utf-8"))]
        else:
            self._routes = list(initial)
            self._save()
        self._stuck = self._overtaken()

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def __getitem__(self, index: int) -> Route:
        return self._routes[index]

    def route_of(self, ams_net_id: str, address: str) -> Route | None:
        """Return the route by which a sender with this NetId, coming from this address, arrives; None without one."""
        return next((r for r in self._routes if r.address == address and ams_net_id in r.senders), None)

    def is_shadowed(self, route: Route) -> bool:
        """Say whether this router leaves the route's partner without answers because of another one's address."""
        shadowed = {SHADOWS: self._overtaken, STICKS: lambda: self._stuck}
        return route in shadowed.get(self._behaviour.same_address, set)()

    def add(self, route: Route, *, may_replace: bool = True) -> None:
        """Enter a route; what has the same name or the same NetId is replaced, kept, or in the way (AdsError 0x70F)."""
        others = [r for r in self._routes if r.name != route.name and r.ams_net_id != route.ams_net_id]
        if len(others) < len(self._routes) and not may_replace:
            raise AdsError(wire.EXISTS)
        if self._behaviour.older == KEPT:
            others = self._routes
        if self._behaviour.same_address == REMOVES:
            others = [r for r in others if r.address != route.address]
        self._routes = [*others, route]
        self._stuck.update(self._overtaken())
        self._save()

    def remove(self, *, name: str | None = None, ams_net_id: str | None = None) -> list[Route]:
        """Take out the routes with this name or this NetId and return them."""
        gone = [
            route for route in self._routes
            if (name is not None and route.name == name) or (ams_net_id is not None and route.ams_net_id == ams_net_id)
        ]
        self._routes = [route for route in self._routes if route not in gone]
        self._save()
        return gone

    def delete(self, name: str) -> None:
        """Take out the first route of this name, as the system service does; AdsError 0x70C if there is none."""
        for route in self._routes:
            if route.name == name:
                self._routes.remove(route)
                self._save()
                return
        raise AdsError(wire.NOT_FOUND)

    def restart(self) -> None:
        """Do what a restart of the router does: temporary routes are gone, what was shadowed is looked at anew."""
        self._routes = [route for route in self._routes if not route.temporary]
        self.look_anew()
        self._save()

    def look_anew(self) -> None:
        """Forget whose address was another one's in the past; what counts is the list as it is now."""
        self._stuck = self._overtaken()

    def as_data(self) -> list[dict[str, Any]]:
        """Return all routes as plain dictionaries."""
        return [route.as_mapping() for route in self._routes]

    def _overtaken(self) -> set[Route]:
        """The routes whose address a later one has as well."""
        newest = {route.address: route for route in self._routes}
        return {route for route in self._routes if newest[route.address] is not route}

    def _save(self) -> None:
        static = [route.as_mapping() for route in self._routes if not route.temporary]
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps(static, indent=1), encoding="utf-8")
        os.replace(scratch, self._file)
