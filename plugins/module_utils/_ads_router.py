# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TwinCAT router's own services: its route table, its state, its runtimes (private to this collection).

One TCP connection for everything a task asks, since a router ends the older of two connections from one address
(ADS_FACTS §5). Source of fact: ADS_FACTS §2 (routes over ADS), §3 (frames), §7 (states).
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
import typing as t

from ._ads_frames import (
    ADS_STATES, COMMAND_DEVICE_INFO, FLAGS_REQUEST, SERVICE_ADD_ROUTE, UDP_RESPONSE, Frame, add_route_request, ads_error_text,
    net_id_to_bytes, parse_add_route_result, parse_datagram, parse_device_info,
)
from ._ads_route_entries import RouteEntry, build_entry, checked_name, parse_entry
from ._ads_wire import NoAnswer, bind_local, check_address, exchange, open_connection, UDP_PORT
from ._errors import AdsError

SYSTEM_SERVICE = 10000
COMMAND_READ, COMMAND_WRITE, COMMAND_STATE, COMMAND_READ_WRITE = 2, 3, 4, 9
GROUP_ADD, GROUP_DELETE, GROUP_ENUMERATE = 801, 802, 803
GROUP_HANDLE_BY_NAME, GROUP_VALUE_BY_HANDLE, GROUP_RELEASE_HANDLE, GROUP_SYMBOL_INFO = 0xF003, 0xF005, 0xF006, 0xF009
END_OF_LIST = 0x716
NOT_FOUND = 0x70C
SYMBOL_UNKNOWN = 0x710
#: What a device that cannot list answers to the first read: service or index group not supported.
NO_LISTING = (0x701, 0x702)
#: More routes than any router holds: a list that is longer never ends.
MAX_ROUTES = 1000
#: A router that answers each entry just in time would hold the task and the PLC's lock for half an hour.
LIST_PATIENCE_S = 30.0

_SOURCE_AMS_PORT = 30100
_READ_SIZE = 2048
#: Where the size of the value stands in a symbol entry: after its own length, group and offset.
_SIZE_AT = 12
#: Then data type and flags, the lengths of name, type and comment (16 bits each), and the three texts with their NULs.
_NAME_SIZES_AT, _NAMES_AT = 24, 30
_SENTENCES = {
    "refused": "{ip} refuses connections to its TwinCAT router (TCP 48898).",
    "filtered": "{ip} does not answer on TCP 48898: off, unreachable, or a firewall drops the packets.",
    "reset": "The TwinCAT router at {ip} reset the connection.",
    "closed": "The TwinCAT router at {ip} closed the connection: it has no usable route for {local_net_id} from "
              "{local_ip}, or another program on {local_ip} took over.",
    "silent": "The TwinCAT router at {ip} took the request and did not answer within {timeout:g} s.",
    "garbled": "The TwinCAT router at {ip} gave an answer that is no ADS: {detail}",
}


class Router:
    """One connection to a router, as a context manager.

    :arg ip: its IPv4 address; :arg ams_net_id: its NetId; :arg local_ip: own address to connect from, or None;
    :arg local_ams_net_id: own NetId, by default own address + ".1.1"; :arg timeout: seconds for each answer.
    :raises AdsError: "ads.refused", "ads.filtered", "ads.reset", "ads.closed" (no usable route), "ads.silent",
        "ads.garbled", "ads.code" (``details["ads_error"]``), and for wrong arguments "ads.address_invalid",
        "ads.net_id_invalid", "ads.value_invalid", "ads.local_address".
    """

    def __init__(
        self,
        ip: str,
        ams_net_id: str,
        *,
        local_ip: t.Optional[str] = None,
        local_ams_net_id: t.Optional[str] = None,
        connect_timeout: float = 1.0,
        timeout: float = 2.0,
    ) -> None:
        check_address(ip)
        for net_id in (ams_net_id, *([local_ams_net_id] if local_ams_net_id else [])):
            net_id_to_bytes(net_id)
        self._ip = ip
        self._net_id = ams_net_id
        self._local_ip = local_ip
        self._local_net_id = local_ams_net_id
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._sock: t.Optional[socket.socket] = None

    def __enter__(self) -> Router:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bind_local(sock, self._local_ip)
            outcome = open_connection(sock, self._ip, self._connect_timeout)
            if outcome is not None:
                raise self._error(outcome)
        except AdsError:
            sock.close()
            raise
        self._local_ip = sock.getsockname()[0]
        self._local_net_id = self._local_net_id or f"{self._local_ip}.1.1"
        self._sock = sock
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        if self._sock is not None:
            self._sock.close()

    @property
    def local_ams_net_id(self) -> str:
        """The NetId we speak with."""
        return str(self._local_net_id)

    def device_info(self, ams_port: int) -> tuple[str, str]:
        """(device name, version) of what runs on an AMS port. Refused on a unidirectional route, unlike a state."""
        frame = self._ask(ams_port, COMMAND_DEVICE_INFO, b"")
        result, name, version = self._parsed(parse_device_info, frame.data)
        self._check(result)
        return name, version

    def state(self, ams_port: int) -> str:
        """ADS state of a runtime, or of TwinCAT itself on port 10000, in words: RUN, STOP, CONFIG …"""
        data = self._ask(ams_port, COMMAND_STATE, b"").data
        self._check(self._u32(data))
        number = self._u32(data[4:]) & 0xFFFF
        return ADS_STATES[number] if number < len(ADS_STATES) else f"state {number}"

    def is_readable(self, ams_port: int, symbol: str) -> bool:
        """Whether a symbol of a runtime can be read: False if it does not exist there.

        :raises AdsError: as for read(), but for "ads.symbol_unknown".
        """
        try:
            self.read(ams_port, symbol)
        except AdsError as error:
            if error.code == "ads.symbol_unknown":
                return False
            raise
        return True

    def read(self, ams_port: int, symbol: str) -> tuple[str, bytes]:
        """(type as the PLC names it, bytes) of a symbol of a runtime.

        :raises AdsError: "ads.value_invalid" for a name that is not ASCII, "ads.symbol_unknown", and as for every call.
        """
        if not symbol.isascii():
            raise AdsError("ads.value_invalid", f"{symbol!r} is not a PLC symbol.")
        name = symbol.encode("ascii") + b"\0"
        try:
            info = self._read_write(ams_port, GROUP_SYMBOL_INFO, name)
            handle = self._read_write(ams_port, GROUP_HANDLE_BY_NAME, name)[:4]
        except AdsError as error:
            if error.details.get("ads_error") == SYMBOL_UNKNOWN:
                raise AdsError("ads.symbol_unknown", f"The PLC at {self._ip} has no variable {symbol}.") from None
            raise
        try:
            request = struct.pack("<I4sI", GROUP_VALUE_BY_HANDLE, handle, self._u32(info[_SIZE_AT:]))
            data = self._ask(ams_port, COMMAND_READ, request).data
            self._check(self._u32(data))
        finally:
            self._ask(ams_port, COMMAND_WRITE, struct.pack("<III4s", GROUP_RELEASE_HANDLE, 0, 4, handle))
        return _type_of(info), data[8:]

    def _read_write(self, ams_port: int, group: int, payload: bytes) -> bytes:
        data = self._ask(ams_port, COMMAND_READ_WRITE, struct.pack("<IIII", group, 0, _READ_SIZE, len(payload)) + payload).data
        self._check(self._u32(data))
        return data[8:]

    def routes(self) -> tuple[list[RouteEntry], str]:
        """The route table, and a remark where its end is not certain.

        :raises AdsError: "ads.no_listing" for a device that cannot list, "ads.endless" after 1000 entries or 30 s.
        """
        entries: list[RouteEntry] = []
        deadline = time.monotonic() + LIST_PATIENCE_S
        for index in range(MAX_ROUTES + 1):
            if time.monotonic() > deadline:
                raise AdsError(
                    "ads.endless", f"The route list of {self._ip} did not end within {LIST_PATIENCE_S:g} s ({index} entries).")
            data = self._ask(SYSTEM_SERVICE, COMMAND_READ, struct.pack("<III", GROUP_ENUMERATE, index, _READ_SIZE)).data
            code = self._u32(data)
            if code == END_OF_LIST:
                return entries, ""
            if code and entries:
                return entries, f"The list ended with {ads_error_text(code)}, so it may not be complete."
            if code in NO_LISTING:
                raise AdsError(
                    "ads.no_listing", f"The device at {self._ip} cannot list its routes ({ads_error_text(code)}).",
                    "Rely on the probe of the own route.")
            self._check(code)
            entries.append(self._parsed(_entry_of_read, data))
        raise AdsError("ads.endless", f"The route list of {self._ip} does not end after {MAX_ROUTES} entries.")

    def add(self, entry: RouteEntry) -> None:
        """Add a route over ADS; needs a usable route already and no credentials."""
        self._write(GROUP_ADD, build_entry(entry))

    def delete(self, name: str) -> bool:
        """Delete a route by its name. False: no answer came, which proves nothing; deleting can time out although it
        worked, above all when it is the route that carries the answer (ADS_FACTS §2)."""
        try:
            self._write(GROUP_DELETE, checked_name(name))
        except AdsError as error:
            if error.code in ("ads.silent", "ads.closed", "ads.reset"):
                return False
            raise
        return True

    def _write(self, group: int, payload: bytes) -> None:
        data = struct.pack("<III", group, 0, len(payload)) + payload
        self._check(self._u32(self._ask(SYSTEM_SERVICE, COMMAND_WRITE, data).data))

    def _ask(self, ams_port: int, command: int, data: bytes) -> Frame:
        request = Frame(
            self._net_id, ams_port, self.local_ams_net_id, _SOURCE_AMS_PORT, command, FLAGS_REQUEST, 0,
            secrets.randbits(32), data)
        try:
            frame = exchange(t.cast(socket.socket, self._sock), request, time.monotonic() + self._timeout)
        except NoAnswer as end:
            raise self._error(end.outcome, end.detail) from None
        self._check(frame.error)
        return frame

    def _check(self, code: int) -> None:
        if code:
            raise AdsError(
                "ads.code", f"The TwinCAT router at {self._ip} answered with error {ads_error_text(code)}.", ads_error=code)

    def _u32(self, data: bytes) -> int:
        if len(data) < 4:
            raise self._error("garbled", "the answer is too short.")
        return int.from_bytes(data[:4], "little")

    def _parsed(self, parse: t.Callable[[bytes], t.Any], data: bytes) -> t.Any:
        try:
            return parse(data)
        except AdsError as error:
            raise self._error("garbled", error.message) from None

    def _error(self, outcome: str, detail: str = "") -> AdsError:
        sentence = _SENTENCES[outcome].format(
            ip=self._ip, local_ip=self._local_ip or "this machine", local_net_id=self._local_net_id,
            timeout=self._timeout, detail=detail)
        return AdsError(f"ads.{outcome}", sentence)


def _type_of(info: bytes) -> str:
    """The type's name in a symbol's entry, which comes after the symbol's own; "" in an answer cut short of it."""
    if len(info) < _NAMES_AT:
        return ""
    name_size, type_size = struct.unpack_from("<HH", info, _NAME_SIZES_AT)
    start = _NAMES_AT + name_size + 1
    return info[start:start + type_size].decode("cp1252", "replace")


def _entry_of_read(data: bytes) -> RouteEntry:
    """The entry in the answer to an ADS read: result, length, bytes."""
    length = int.from_bytes(data[4:8], "little")
    return parse_entry(data[8:8 + length]) if len(data) >= 8 + length else parse_entry(b"")


def add_route_by_udp(
    ip: str,
    entry: RouteEntry,
    username: str,
    password: str,
    *,
    local_ip: t.Optional[str] = None,
    timeout: float = 2.0,
    attempts: int = 2,
) -> int:
    """Ask a router for a route with credentials (UDP 48899); the password crosses the network in clear text.

    :returns: the ADS code: 0 added, 0x704 or 0x70C wrong user or password.
    :raises AdsError: "ads.silent" when no answer came (a wrong password is answered), and what add_route_request raises.
    """
    check_address(ip)
    invoke_id = secrets.randbits(32)
    request = add_route_request(
        entry.ams_net_id, entry.address, entry.name, username, password, temporary=entry.temporary, invoke_id=invoke_id)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        bind_local(sock, local_ip)
        try:
            sock.connect((ip, UDP_PORT))
            for dummy in range(attempts):
                code = _ask_for_route(sock, request, invoke_id, time.monotonic() + timeout)
                if code is not None:
                    return code
        except OSError:
            pass
    raise AdsError(
        "ads.silent", f"{ip} did not answer the request for a route (UDP 48899).",
        "Blocked by a firewall, discovery switched off, or the wrong address; a wrong password would be answered.")


def _ask_for_route(sock: socket.socket, request: bytes, invoke_id: int, deadline: float) -> t.Optional[int]:
    sock.send(request)
    while (left := deadline - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            datagram = parse_datagram(sock.recv(65535))
            if datagram.invoke_id == invoke_id and datagram.service == SERVICE_ADD_ROUTE | UDP_RESPONSE:
                return parse_add_route_result(datagram)
        except AdsError:
            continue
        except socket.timeout:
            return None
    return None
