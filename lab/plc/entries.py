# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One route: as data of the configuration, and as the bytes of TAdsSysAddRemote (ADS_FACTS section 2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from . import wire
from .wire import AdsError, net_id_bytes, net_id_text

FLAG_TEMPORARY, FLAG_DYNAMIC, FLAG_NO_OVERRIDE, FLAG_TLS = 0x01, 0x02, 0x04, 0x08
FLAG_OWN_FILE, FLAG_BY_IP, FLAG_FROM_UDP, FLAG_UNIDIRECTIONAL = 0x10, 0x20, 0x40, 0x80
FLAG_REMOTE_NET_ID = 0x100
# These say what else is in the entry (or, NO_OVERRIDE, in the request); a route keeps that in fields of its own.
_DERIVED = FLAG_TEMPORARY | FLAG_NO_OVERRIDE | FLAG_TLS | FLAG_REMOTE_NET_ID

_TRANSPORT_TCP_IP = 1
_MAX_NAME, _MAX_ADDRESS = 31, 79  # characters (Tc2_Utilities)

# NetId, transport, flags, timeout, max fragment, reserved, cbAddress, cbName, cbAddNetIds.
_ENTRY = struct.Struct("<6sHIII12sIII")
_SUB_ROUTE = struct.Struct("<6s10sII")  # NetId, reserved, flags, cbName
_TLS = struct.Struct("<IHHHHHH")  # flags, cbStart, cbIdentity, cbPwd, reserved, cbKey, cbHost


@dataclass(frozen=True)
class SubRoute:
    """A NetId that is reached through the route's partner."""

    name: str
    ams_net_id: str
    flags: int = 0

    def encode(self) -> bytes:
        """Return the bytes of this part of the entry."""
        name = _text_bytes(self.name)
        return _SUB_ROUTE.pack(net_id_bytes(self.ams_net_id), bytes(10), self.flags, len(name)) + name


@dataclass(frozen=True)
class Tls:
    """The settings of Secure ADS: flags 0x10 self-signed certificate, 0x20 pre-shared key; ``key`` in hexadecimal."""

    flags: int = 0x10
    identity: str = ""
    password: str = ""
    key: str = ""
    host: str = ""

    def encode(self) -> bytes:
        """Return the bytes of this part of the entry."""
        key = bytes.fromhex(self.key)
        identity, password, host = (_text_bytes(text) if text else b"" for text in
                                    (self.identity, self.password, self.host))
        head = _TLS.pack(self.flags, 0, len(identity), len(password), 0, len(key), len(host))
        return head + identity + password + key + host


@dataclass(frozen=True)
class Route:
    """``ams_net_id`` may talk to this router when it arrives from ``address``, and so may its sub-routes.

    :param flags: the bits that say nothing about the other fields: by IP, from UDP, unidirectional …
    :param remote_net_id: the NetId the partner really has, where ``ams_net_id`` is but its name here (AMS NAT).
    """

    name: str
    ams_net_id: str
    address: str
    temporary: bool = False
    flags: int = FLAG_BY_IP
    transport: int = _TRANSPORT_TCP_IP
    timeout_s: int = 0
    max_fragment: int = 0
    sub_routes: tuple[SubRoute, ...] = ()
    tls: Tls | None = None
    remote_net_id: str = ""

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Route:
        """Build a route from configuration or control data; ValueError says what is missing or malformed.

        ``unidirectional: true`` stands for its flag; the temporary bit in ``flags`` counts as ``temporary: true``.
        """
        missing = [key for key in ("name", "ams_net_id", "address") if not data.get(key)]
        if missing:
            raise ValueError(f"route without {', '.join(missing)}")
        values = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        values["sub_routes"] = tuple(SubRoute(**item) for item in data.get("sub_routes", ()))
        values["tls"] = Tls(**data["tls"]) if data.get("tls") else None
        flags = int(data.get("flags", FLAG_BY_IP)) | (FLAG_UNIDIRECTIONAL if data.get("unidirectional") else 0)
        values["temporary"] = bool(data.get("temporary") or flags & FLAG_TEMPORARY)
        values["flags"] = flags & ~_DERIVED
        route = cls(**values)
        route.encode()  # a malformed NetId or key shows here
        return route

    def as_mapping(self) -> dict[str, Any]:
        """Return the route as :meth:`from_mapping` reads it; what few routes have only if this one has it."""
        plain = ("name", "ams_net_id", "address", "temporary", "flags")
        values = asdict(self)
        return {
            field.name: values[field.name] for field in fields(self)
            if field.name in plain or getattr(self, field.name) != field.default
        }

    @property
    def is_unidirectional(self) -> bool:
        """The partner may only answer us, and read our state."""
        return bool(self.flags & FLAG_UNIDIRECTIONAL)

    @property
    def senders(self) -> set[str]:
        """The NetIds that arrive by this route."""
        return {self.remote_net_id or self.ams_net_id, *(sub.ams_net_id for sub in self.sub_routes)}

    def encode(self) -> bytes:
        """Return the entry as answered to an ADS read of group 803."""
        address, name = _text_bytes(self.address), _text_bytes(self.name)
        sub_routes = b"".join(sub.encode() for sub in self.sub_routes)
        flags = self.flags | sum(bit for bit, is_set in (
            (FLAG_TEMPORARY, self.temporary), (FLAG_TLS, self.tls), (FLAG_REMOTE_NET_ID, self.remote_net_id)) if is_set)
        head = _ENTRY.pack(
            net_id_bytes(self.ams_net_id), self.transport, flags, self.timeout_s, self.max_fragment, bytes(12),
            len(address), len(name), len(sub_routes),
        )
        tls = self.tls.encode() if self.tls else b""
        remote = net_id_bytes(self.remote_net_id) if self.remote_net_id else b""
        return head + address + name + sub_routes + tls + remote


def decode(data: bytes) -> tuple[Route, bool]:
    """Read the payload of an ADS write to group 801: the route, and whether it may replace an older one.

    AdsError 0x705 where the lengths do not fit the bytes to the last one, 0x706 for a name or address that is empty or
    too long.
    """
    rest = _Bytes(data)
    net_id, transport, flags, timeout_s, max_fragment, dummy, address_size, name_size, subs_size = rest.unpack(_ENTRY)
    route = Route(
        ams_net_id=net_id_text(net_id), address=rest.text(address_size), name=rest.text(name_size),
        sub_routes=tuple(_sub_routes(_Bytes(rest.take(subs_size)))), tls=_tls(rest) if flags & FLAG_TLS else None,
        remote_net_id=net_id_text(rest.take(6)) if flags & FLAG_REMOTE_NET_ID else "",
        temporary=bool(flags & FLAG_TEMPORARY), flags=flags & ~_DERIVED,
        transport=transport, timeout_s=timeout_s, max_fragment=max_fragment,
    )
    if rest:
        raise AdsError(wire.INVALID_SIZE)
    if not 0 < len(route.name) <= _MAX_NAME or not 0 < len(route.address) <= _MAX_ADDRESS:
        raise AdsError(wire.INVALID_DATA)
    return route, not flags & FLAG_NO_OVERRIDE


def _sub_routes(rest: _Bytes) -> Iterator[SubRoute]:
    while rest:
        net_id, dummy, flags, name_size = rest.unpack(_SUB_ROUTE)
        yield SubRoute(rest.text(name_size), net_id_text(net_id), flags)


def _tls(rest: _Bytes) -> Tls:
    flags, start_size, identity_size, password_size, dummy, key_size, host_size = rest.unpack(_TLS)
    rest.take(start_size)
    identity, password = rest.text(identity_size), rest.text(password_size)
    return Tls(flags, identity, password, rest.take(key_size).hex(), rest.text(host_size))


class _Bytes:
    """Bytes taken from the front, piece by piece; AdsError 0x705 when there are fewer than asked for."""

    def __init__(self, data: bytes) -> None:
        self._data, self._position = data, 0

    def __bool__(self) -> bool:
        return self._position < len(self._data)

    def take(self, count: int) -> bytes:
        if self._position + count > len(self._data):
            raise AdsError(wire.INVALID_SIZE)
        self._position += count
        return self._data[self._position - count:self._position]

    def unpack(self, layout: struct.Struct) -> tuple:
        return layout.unpack(self.take(layout.size))

    def text(self, count: int) -> str:
        return wire.text(self.take(count))


def _text_bytes(text: str) -> bytes:
    return text.encode("cp1252", "replace") + b"\0"
