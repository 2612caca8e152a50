# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry of a TwinCAT router's route table as bytes (TAdsSysAddRemote, ADS_FACTS §2): pure (private to this collection).

Arbitrary bytes give an entry or AdsError "ads.garbled", never anything else, in time linear in their length.
"""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass

from ._ads_frames import (
    MAX_ADDRESS, MAX_NAME, add_route_request, c_string, garbled, net_id_from_bytes, net_id_to_bytes, plain_text,
)

FLAG_TEMPORARY, FLAG_BY_ADDRESS, FLAG_UNIDIRECTIONAL = 0x01, 0x20, 0x80
TRANSPORT_TCP = 1

_HEAD = struct.Struct("<6sHIII12sIII")
_TRANSPORTS = {
    1: "TCP_IP", 2: "IIO_LIGHTBUS", 3: "PROFIBUS_DP", 4: "PCI_ISA_BUS", 5: "ADS_UDP", 6: "FATP_UDP", 7: "COM_PORT",
    8: "USB", 9: "CAN_OPEN", 10: "DEVICE_NET", 11: "SSB", 12: "SOAP",
}


@dataclass(frozen=True)
class RouteEntry:
    """A route as the router keeps it. Only NetId, name, address, temporary and unidirectional mean the same everywhere;
    the rest of ``flags`` tells how the entry came about and is never compared (ADS_FACTS §2)."""

    name: str
    ams_net_id: str
    address: str
    flags: int = FLAG_BY_ADDRESS
    transport: str = "TCP_IP"
    timeout: int = 0

    @property
    def temporary(self) -> bool:
        """Gone after a restart of the router."""
        return bool(self.flags & FLAG_TEMPORARY)

    @property
    def unidirectional(self) -> bool:
        """The partner may only answer and read the state."""
        return bool(self.flags & FLAG_UNIDIRECTIONAL)

    def as_dict(self) -> dict[str, t.Any]:
        """The entry for results and diffs."""
        return {
            "name": self.name, "ams_net_id": self.ams_net_id, "address": self.address, "transport": self.transport,
            "temporary": self.temporary, "unidirectional": self.unidirectional,
        }


def parse_entry(data: bytes) -> RouteEntry:
    """One entry as ADS 803 returns it; sub-routes, TLS block and real NetId behind it are passed over.

    :raises AdsError: "ads.garbled" (shorter than its header, or lengths beyond the bytes there are).
    """
    if len(data) < _HEAD.size:
        raise garbled(f"A route entry has {len(data)} bytes, fewer than its header.")
    net_id, transport, flags, timeout, dummy, dummy, address_size, name_size, sub_size = _HEAD.unpack_from(data)
    name_at, sub_at = _HEAD.size + address_size, _HEAD.size + address_size + name_size
    if sub_at + sub_size > len(data):
        raise garbled("A route entry announces more bytes than it has.")
    return RouteEntry(
        plain_text(data[name_at:sub_at]), net_id_from_bytes(net_id), plain_text(data[_HEAD.size:name_at]), flags,
        _TRANSPORTS.get(transport, f"transport {transport}"), timeout)


def build_entry(entry: RouteEntry) -> bytes:
    """The payload of ADS 801 for a TCP route.

    :raises AdsError: "ads.net_id_invalid", "ads.value_invalid" (not printable ASCII, name over 31, address over 79).
    """
    address = c_string("address", entry.address, 1, MAX_ADDRESS)
    name = c_string("route name", entry.name, 1, MAX_NAME)
    head = _HEAD.pack(
        net_id_to_bytes(entry.ams_net_id), TRANSPORT_TCP, entry.flags, entry.timeout, 0, bytes(12),
        len(address), len(name), 0)
    return head + address + name


def check_writable(entry: RouteEntry, username: t.Optional[str], password: t.Optional[str]) -> None:
    """Raise before anything is contacted if the route, or the login that adds it over UDP, cannot be written.

    Without a login only the route is looked at. pyads, and so a supervisor, corrupts such texts (ADS_FACTS §4).

    :raises AdsError: "ads.net_id_invalid", "ads.value_invalid".
    """
    add_route_request(entry.ams_net_id, entry.address, entry.name, username or "unnamed", password or "")


def checked_name(name: str) -> bytes:
    """The payload of ADS 802: a route's name with its end.

    :raises AdsError: "ads.value_invalid".
    """
    return c_string("route name", name, 1, MAX_NAME)
