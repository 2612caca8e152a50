# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor's one link to its PLC, through pyads, as clumsy as the observed one.

Most quirks of the PLC endpoints are not programmed here: they follow from pyads and Beckhoff's library under it.

* Connecting opens TCP to the first four parts of the NetId and sends nothing (quirk 3).
* The library keeps one TCP connection per PLC address with a reference count, and a dead one is used on until its last
  reference goes: hence the "(-1)" of quirk 4.
* One lock for all ADS work: an address that drops packets holds it for the kernel's two minutes (quirk 5).
* The ADS time-out is the library's default of 5 s.
* Without the library nothing of this works: everything fails at once, with the reason.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

from .adslib import one_attempt, pyads

log = logging.getLogger("plc_communication")

#: What pyads raises for a failed exchange, a malformed NetId or a value of the wrong type, and what its absence raises.
PYADS_ERRORS = (getattr(pyads, "ADSError", RuntimeError), ValueError, TypeError, AttributeError, RuntimeError)
RUNTIME_PORTS = {"TC2": 801, "TC3": 851}
PLC_TYPES = {
    name: getattr(pyads, f"PLCTYPE_{name}", None)
    for name in ("BOOL", "BYTE", "SINT", "USINT", "INT", "UINT", "WORD", "DINT", "UDINT", "DWORD", "LINT", "ULINT",
                 "REAL", "LREAL", "STRING", "TIME", "DATE", "DT", "TOD")
}


def plc_type(type_name: str) -> Any:
    """The pyads type of a PLC type name; the length of ``STRING(80)`` does not matter. KeyError if unknown."""
    return PLC_TYPES[re.sub(r"\(\d+\)$", "", type_name.strip().upper())]


class PlcLink:
    """The process-wide connection and the flag that others take for its health."""

    def __init__(self) -> None:
        self._ads = threading.RLock()
        self._connection: Any = None
        self.connected = False      #: just a flag: it stays true after the PLC died (quirk 3)
        self.reads = 0
        self.writes = 0

    def connect(self, ams_net_id: str, ams_port: int) -> bool:
        """Drop the old connection and open TCP to the new target. True says nothing about ADS (quirk 3)."""
        with self._ads:
            self._drop()
            try:
                connection = pyads.Connection(ams_net_id, ams_port)  # no address: TCP to the first four NetId parts
                with one_attempt():
                    connection.open()
            except PYADS_ERRORS as error:
                print(f"PLC connect {ams_net_id}:{ams_port}: {error}", flush=True)
                return False
            self._connection, self.connected = connection, True
            return True

    def disconnect(self) -> None:
        """Close the connection if there is one."""
        with self._ads:
            self._drop()

    def _drop(self) -> None:
        self.connected = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def write(self, name: str, value: Any, type_name: str) -> bool:
        """Write by name. False for every kind of failure; the ADS code goes to stdout only. No range check (quirk 7):
        ctypes cuts the value to the type's width and takes None for 0."""
        with self._ads:
            self.writes += 1
            try:
                if self._connection is None:
                    return False
                self._connection.write_by_name(name, value, plc_type(type_name))
                return True
            except (*PYADS_ERRORS, KeyError) as error:
                print(f"PLC write {name}: {error}", flush=True)
                return False

    def read(self, name: str) -> None:
        """A direct read: counted, and never a value, connected or not (quirk 6)."""
        self.reads += 1

    def test_route(self, ams_net_id: str, ip: str, ams_port: int) -> tuple[str, dict[str, int]]:
        """Ask a PLC for its name on a connection of its own. Raises what pyads raises.

        It shares the library's TCP connection to that address with the app's own: while that one is dead the test is
        a false negative (quirk 4).
        """
        with self._ads:
            connection = pyads.Connection(ams_net_id, ams_port, ip)
            connection.set_timeout(6000)  # before open() pyads ignores it: 5 s it is (quirk 5)
            with one_attempt():
                connection.open()
            try:
                name, version = connection.read_device_info()
            finally:
                connection.close()
            return name, {"version": version.version, "revision": version.revision, "build": version.build}

    def add_route(self, local_net_id: str, local_ip: str, plc_net_id: str, plc_ip: str, user: str, password: str,
                  route_name: str) -> list[str]:
        """Add our route to the PLC, and the PLC's to the library. Returns warnings about the local part.

        Quirk 4: the library's reference is taken and never given back. Quirk 9: the NetId of the whole process
        changes, and a refused login (pyads answers False, or trips over the answer) is not looked at.
        Raises ValueError for a malformed NetId, RouteNotAdded from the exchange with the PLC, LibraryMissing without
        the library.
        """
        warnings = []
        with self._ads:
            pyads.open_port()
            pyads.set_local_address(local_net_id)
            target = pyads.AmsAddr(plc_net_id)
            try:
                with one_attempt():
                    pyads.add_route(target, plc_ip)
            except pyads.ADSError as error:
                warnings.append(f"Lokale Route: {error}")
            try:
                pyads.add_route_to_plc(local_net_id, local_ip, plc_ip, user, password, route_name=route_name)
            except (OSError, RuntimeError, UnicodeError) as error:
                raise RouteNotAdded(str(error), warnings) from error
        return warnings

    def local_net_id(self) -> str:
        """NetId of this process in the library; it has to wait for the library like everybody else (quirk 5).

        Raises LibraryMissing where there is none.
        """
        with self._ads:
            pyads.open_port()
            address = pyads.get_local_address()
        return address.netid if address else ""

    def upload_symbols(self) -> dict[str, str]:
        """The PLC's own symbol table as name -> type; empty if it cannot be had."""
        with self._ads:
            try:
                return {symbol.name: symbol.symbol_type for symbol in self._connection.get_all_symbols()}
            except PYADS_ERRORS as error:
                log.info("symbol upload failed: %s", error)
                return {}

    def close(self, patience_s: float) -> None:
        """Disconnect at the end of the process, unless the library is stuck."""
        if self._ads.acquire(timeout=patience_s):
            try:
                self._drop()
            finally:
                self._ads.release()


class RouteNotAdded(Exception):
    """The exchange with the PLC failed; carries the warnings gathered before."""

    def __init__(self, message: str, warnings: list[str]) -> None:
        super().__init__(message)
        self.warnings = warnings
