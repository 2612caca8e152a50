# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The route table of the stand-in's AMS router: who may talk to it (ADS_FACTS sections 2 and 5)."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .wire import net_id_bytes

FLAG_TEMPORARY = 0x01
FLAG_BY_IP = 0x20
FLAG_FROM_UDP = 0x40

_TRANSPORT_TCP_IP = 1
# TAdsSysAddRemote: NetId, transport, flags, timeout, max fragment, reserved, cbAddress, cbName, cbAddNetIds.
_ENTRY = struct.Struct("<6sHIII12sIII")


@dataclass(frozen=True)
class Route:
    """One entry: ``ams_net_id`` may talk to this router when it arrives from ``address``."""

    name: str
    ams_net_id: str
    address: str
    temporary: bool = False
    flags: int = FLAG_BY_IP

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Route:
        """Build a route from configuration or control data; ValueError says what is missing or malformed."""
        missing = [key for key in ("name", "ams_net_id", "address") if not data.get(key)]
        if missing:
            raise ValueError(f"route without {', '.join(missing)}")
        net_id_bytes(data["ams_net_id"])
        return cls(
            data["name"], data["ams_net_id"], data["address"],
            bool(data.get("temporary", False)), int(data.get("flags", FLAG_BY_IP)),
        )

    def entry(self) -> bytes:
        """Return the entry as answered to an ADS read of group 803 (ADS_FACTS section 2)."""
        address = self.address.encode("cp1252", "replace") + b"\0"
        name = self.name.encode("cp1252", "replace") + b"\0"
        flags = self.flags | (FLAG_TEMPORARY if self.temporary else 0)
        head = _ENTRY.pack(
            net_id_bytes(self.ams_net_id), _TRANSPORT_TCP_IP, flags, 0, 0, bytes(12), len(address), len(name), 0
        )
        return head + address + name


class RouteTable:
    """The routes in order of entry. Static ones are kept in ``file`` and survive a restart of the process."""

    def __init__(self, file: Path, initial: Iterable[Route]) -> None:
        self._file = file
        if file.exists():
            self._routes = [Route.from_mapping(item) for item in json.loads(file.read_text(encoding="utf-8"))]
        else:
            self._routes = list(initial)
            self._save()

    def __iter__(self):
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def __getitem__(self, index: int) -> Route:
        return self._routes[index]

    def admits(self, ams_net_id: str, address: str) -> bool:
        """Say whether a sender with this NetId, coming from this address, has a route."""
        return any(route.ams_net_id == ams_net_id and route.address == address for route in self._routes)

    def add(self, route: Route) -> None:
        """Enter a route; an entry with the same name or the same NetId is replaced."""
        self._routes = [r for r in self._routes if r.name != route.name and r.ams_net_id != route.ams_net_id]
        self._routes.append(route)
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

    def forget_temporary(self) -> None:
        """Drop the temporary routes, as a restart of the router does."""
        self._routes = [route for route in self._routes if not route.temporary]
        self._save()

    def as_data(self) -> list[dict[str, Any]]:
        """Return all routes as plain dictionaries."""
        return [asdict(route) for route in self._routes]

    def _save(self) -> None:
        static = [asdict(route) for route in self._routes if not route.temporary]
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps(static, indent=1), encoding="utf-8")
        os.replace(scratch, self._file)
