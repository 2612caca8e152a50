# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system service, AMS port 10000: overall state, who this is, and the list of routes (ADS_FACTS section 2)."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable

from . import udp, wire
from .behaviour import Behaviour
from .devices import CONFIG, DEVICE_STATE, RECONFIG, RESET, Device, NoAnswer, known
from .entries import Route, decode
from .machine import Machine
from .routes import RouteTable
from .wire import AdsError

LOG = logging.getLogger("plc.system")

_STATE, _TARGET, _ADD_ROUTE, _DELETE_ROUTE, _LIST_ROUTES = 240, 700, 801, 802, 803
_MANY = 10_000
_WINDOWS_NT, _FLAG_CONFIG_ONLY = 2, 0x01

_TARGET_XML = """<?xml version="1.0"?><TcTargetDesc><TargetType>{host_name}</TargetType><TargetVersion><Version>{0}\
</Version><Revision>{1}</Revision><Build>{2}</Build></TargetVersion><TargetFeatures><NetId>{ams_net_id}</NetId>\
</TargetFeatures></TcTargetDesc>"""


def _entry(routes: RouteTable, number: int) -> bytes:
    if number >= len(routes):
        raise AdsError(wire.END_OF_ROUTES)
    return routes[number].encode()


def _many(routes: RouteTable, number: int) -> bytes:
    if number < len(routes) or number >= _MANY:
        return _entry(routes, number)
    high, low = divmod(number, 200)
    return Route(f"route-{number:05}", f"10.{high}.{low}.1.1.1", f"10.{high}.{low}.1").encode()


def _breaks_off(routes: RouteTable, number: int) -> bytes:
    if number:
        raise AdsError(wire.DEVICE_TIMEOUT)
    return _entry(routes, number)


def _refusing(code: int) -> Callable[[RouteTable, int], bytes]:
    def refuse(dummy_routes: RouteTable, dummy_number: int) -> bytes:
        raise AdsError(code)

    return refuse


def _with_lengths(entry: bytes) -> bytes:
    return entry[:32] + struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFF0, 0x7FFFFFFF) + entry[44:]


# How entry number n is answered. "short" is less than an entry's head; "cut" loses its end; "lengths" announces more
# than four thousand million bytes.
_LISTINGS: dict[str, Callable[[RouteTable, int], bytes]] = {
    "complete": _entry,
    "service-unknown": _refusing(wire.SERVICE_NOT_SUPPORTED),
    "group-unknown": _refusing(wire.INVALID_GROUP),
    "many": _many,
    "endless": lambda routes, number: _entry(routes, number % len(routes)),
    "breaks-off": _breaks_off,
    "short": lambda routes, number: _entry(routes, number)[:20],
    "cut": lambda routes, number: _entry(routes, number)[:-3],
    "lengths": lambda routes, number: _with_lengths(_entry(routes, number)),
}


class SystemService(Device):
    """Answers for the machine as a whole. ``identity`` is looked up anew for every answer: a NetId can change."""

    device_name = "TwinCAT System"

    def __init__(
        self, machine: Machine, routes: RouteTable, identity: Callable[[], udp.Machine], behaviour: Behaviour
    ) -> None:
        self.machine, self.routes, self.behaviour = machine, routes, behaviour
        self._identity = identity
        self.version = identity().version
        self.restarts = 0
        self._reads = {
            _STATE: lambda dummy: self._extended_state(),
            _TARGET: self._target,
            _LIST_ROUTES: lambda number: _LISTINGS[behaviour.listing](routes, number),
        }
        self._writes = {_ADD_ROUTE: self._add, _DELETE_ROUTE: self._delete}

    def read(self, group: int, offset: int, length: int) -> bytes:
        """Return route number ``offset`` (group 803; past the last one AdsError 0x716), the state or the target."""
        return known(self._reads, group)(offset)

    def write(self, group: int, offset: int, data: bytes) -> None:
        """Add (801) or delete (802) a route. Only who has a route gets here; nothing else is asked."""
        known(self._writes, group)(data)

    def state(self) -> int:
        """Return the system's state."""
        return self.machine.system

    def control(self, state: int) -> None:
        """RECONFIG leads to CONFIG, RESET back to RUN (ADS_FACTS section 5)."""
        targets = {RECONFIG: "CONFIG", RESET: "RUN"}
        if state not in targets:
            raise AdsError(wire.INVALID_STATE)
        self.machine.set(targets[state])
        self.restarts += 1

    def _add(self, data: bytes) -> None:
        route, may_replace = decode(data)
        self.routes.add(route, may_replace=may_replace)
        LOG.info("route %r added for %s at %s", route.name, route.ams_net_id, route.address)

    def _delete(self, data: bytes) -> None:
        name = wire.text(data)
        self.routes.delete(name)
        LOG.info("route %r deleted", name)
        if not self.behaviour.deletes_answered:
            raise NoAnswer

    def _extended_state(self) -> bytes:
        flags = _FLAG_CONFIG_ONLY if self.machine.system == CONFIG else 0
        return struct.pack(
            "<HHHBBHBBHH", self.machine.system, DEVICE_STATE, self.restarts, *self.version, _WINDOWS_NT, 0, flags, 0)

    def _target(self, what: int) -> bytes:
        identity = self._identity()
        answers = {
            1: _TARGET_XML.format(*identity.version, host_name=identity.host_name, ams_net_id=identity.ams_net_id),
            4: "TwinCAT OS (x64)",
            9: identity.fingerprint,
        }
        if what not in answers:
            raise AdsError(wire.INVALID_OFFSET)
        return answers[what].encode("cp1252", "replace") + b"\0"
