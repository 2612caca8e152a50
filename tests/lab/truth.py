# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is really true on a plant, seen without any code of the collection.

PLCs are read with py-ads-client, from an address of its own with a route of its own: a second connection from 127.0.0.1
would end the supervisor's (ADS_FACTS §5). Supervisors are asked with urllib, files are read as they lie there.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from py_ads_client import ADSClient, ADSSymbol, ads_client
from py_ads_client.ams.ads_read import ADSReadRequest
from py_ads_client.constants.command_id import ADSCommand
from py_ads_client.types import BOOL, DINT, INT, REAL

from lab import api
from lab.control import ask
from lab.plant import Host, Plant

PATIENCE_S = 20.0
RUNTIME_PORT, SYSTEM_SERVICE_PORT, ENUMERATE_ROUTES = 851, 10000, 803
SYMBOL_TYPES = {
    "MAIN.bOpsTest": BOOL, "GVL.bOpsTest": BOOL, "MAIN.nCycle": DINT, "MAIN.nParts": INT, "GVL.fSpeed": REAL,
}
# TAdsSysAddRemote (ADS_FACTS §2): NetId, transport, flags, timeout, fragment, reserved, sizes of address, name, more.
_ENTRY = struct.Struct("<6sHIII12sIII")
_ACCESS_LOG = re.compile(r'"(?:\x1b\[[\d;]*m)*([A-Z]+ /\S*) HTTP/[\d.]+(?:\x1b\[[\d;]*m)*" (\d+)')


def flag(host: Host) -> bool:
    """The supervisor's own word on its PLC connection."""
    return api.call("GET", f"{host.url}/api/system/status").body["plc"]["connected"]


def target(host: Host) -> dict[str, Any]:
    """The live connect target, which is not what plc/config shows (SUPERVISOR_API quirk 10)."""
    config = api.call("GET", f"{host.url}/api/debug/config").body["config"]
    return {key: value for key, value in config.items() if key.startswith("plc_")}


def files(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Relative path -> hash of every file below a folder."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in without)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def calls(plant: Plant, host: Host) -> list[str]:
    """Every call a supervisor has answered so far, oldest first: "GET /path" without the query."""
    log = (plant.host_dir(host) / "supervisor.log").read_text(encoding="utf-8", errors="replace")
    return [match[1].partition("?")[0] for match in _ACCESS_LOG.finditer(log)]


def assert_chain_holds(entries: list[dict[str, Any]]) -> None:
    """The hashes of a journal are right, each entry names the one before, and no step was done that was not begun."""
    previous, begun = "0" * 64, set()
    for entry in entries:
        content = {key: value for key, value in entry.items() if key != "hash"}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        assert (entry["prev"], entry["hash"]) == (previous, digest)
        previous = entry["hash"]
        if entry["event"] == "begin":
            begun.add(entry["action"])
        elif entry["phase"] == "act" and entry["event"] in ("done", "failed"):
            assert entry["action"] in begun, entry


class _Bound(socket.socket):
    """A socket that connects from the observer's address."""

    source = ""

    def connect(self, address: Any) -> None:
        self.bind((self.source, 0))
        super().connect(address)


class Observer:
    """A machine beside the plant that may talk to every PLC: 127.B.0.9."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.address = f"127.{plant.block}.0.9"
        self.net_id = f"{self.address}.1.1"
        for host in plant.hosts:
            ask(plant.control(host), "route_add", name="observer", ams_net_id=self.net_id, address=self.address)

    def routes(self, host: Host) -> dict[str, str]:
        """NetId -> address of the routes in a PLC's table, without the observer's own; read over ADS, group 803."""
        found: dict[str, str] = {}
        with self._connection(host, SYSTEM_SERVICE_PORT) as client:
            for number in range(1000):
                request = ADSReadRequest(SimpleNamespace(value=ENUMERATE_ROUTES), number, 2048)
                try:
                    # It has no call of its own for other groups than symbols.
                    entry = client._send_ams_packet(  # pylint: disable=protected-access
                        command=ADSCommand.ADSSRVID_READ, payload=request.to_bytes()).data
                except RuntimeError as end:
                    assert "NOMOREHDLS" in str(end), end
                    break
                net_id, *dummy, address_size, dummy_size, dummy_more = _ENTRY.unpack_from(entry)
                address = entry[_ENTRY.size:_ENTRY.size + address_size].rstrip(b"\0").decode()
                found[".".join(map(str, net_id))] = address
        found.pop(self.net_id)
        return found

    def value(self, host: Host, name: str = "MAIN.bOpsTest") -> Any:
        """A variable as the PLC holds it."""
        with self._connection(host, RUNTIME_PORT) as client:
            return client.read_symbol(ADSSymbol(name, SYMBOL_TYPES[name]))

    def values(self, host: Host) -> dict[str, Any]:
        """All variables whose type the client can read."""
        with self._connection(host, RUNTIME_PORT) as client:
            return {name: client.read_symbol(ADSSymbol(name, kind)) for name, kind in SYMBOL_TYPES.items()}

    @contextmanager
    def _connection(self, host: Host, port: int) -> Iterator[ADSClient]:
        client = ADSClient(self.net_id, timeout_s=PATIENCE_S)
        bound = type("FromObserver", (_Bound,), {"source": self.address})
        sockets = SimpleNamespace(socket=bound, AF_INET=socket.AF_INET, SOCK_STREAM=socket.SOCK_STREAM)
        with mock.patch.object(ads_client, "socket", sockets):
            client.open(host.plc_ip, host.plc_net_id, port)
        try:
            yield client
        finally:
            client.close()
