# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables: the symbol registry, the value cache and writing through the breaker (SUPERVISOR_API §4)."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Mapping

from flask import Blueprint, Response, jsonify, request

from .breaker import Breaker
from .clock import iso_utc
from .plc_link import PlcLink
from .settings import Settings, read_json, write_json

log = logging.getLogger("data_gateway")

#: What a Ring camera adds to the registry: suffix -> (type, comment).
RING_SYMBOLS: Mapping[str, tuple[str, str]] = {
    "doorbell": ("BOOL", "Ring Klingel-Trigger"),
    "last_ding_ts": ("DINT", "Unix-Zeitstempel letztes Klingeln"),
    "last_event_id": ("STRING", "Letzte Ring Event-ID"),
}


def symbol_types(symbols: Mapping[str, Any]) -> dict[str, str]:
    """Configured symbols, ``{name: type}`` or as the PLC's ``{name: {"type": type, …}}``, as name -> type."""
    return {name: entry["type"] if isinstance(entry, Mapping) else entry for name, entry in symbols.items()}


class Registry:
    """The supervisor's own list of symbols per PLC, in ``config/plc_symbols.json``."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.symbols_file
        seed, active = settings.seed.get("symbols"), settings.seed.get("active_plc")
        self._symbols: dict[str, dict[str, str]] = read_json(self._file, {})
        if seed and active not in self._symbols:
            self.learn(active, symbol_types(seed))
        cameras = read_json(settings.cameras_file, {})
        self._ring = {f"GATEWAY.RING.{camera_id}.{suffix}": (kind, f"{comment} ({entry.get('name', camera_id)})")
                      for camera_id, entry in cameras.items() if entry.get("type") == "ring"
                      for suffix, (kind, comment) in RING_SYMBOLS.items()}

    def known(self, plc_id: str) -> bool:
        """Is there a list for this PLC?"""
        return bool(self._symbols.get(plc_id))

    def learn(self, plc_id: str, symbols: dict[str, str]) -> None:
        """Take over a PLC's list."""
        self._symbols[plc_id] = symbols
        write_json(self._file, self._symbols)

    def find(self, plc_id: str, name: str) -> str | None:
        """Type of a symbol. A bare last part is found too, as an alias the PLC will not know (quirk 7)."""
        symbols = self._symbols.get(plc_id, {})
        return symbols.get(name) or next((kind for full, kind in symbols.items() if full.endswith(f".{name}")), None)

    def doorbells(self) -> list[str]:
        """Names of the Ring trigger variables."""
        return [name for name in self._ring if name.endswith(".doorbell")]

    def everything(self) -> list[dict[str, str]]:
        """All symbols as variables/search shows them."""
        plc = [(name, kind, "") for symbols in self._symbols.values() for name, kind in symbols.items()]
        ring = [(name, kind, comment) for name, (kind, comment) in self._ring.items()]
        return [{"name": name, "type": kind, "comment": comment} for name, kind, comment in plc + ring]


class Gateway:
    """GATEWAY.* values in memory, the cache of PLC values, and one write breaker per PLC."""

    def __init__(self, settings: Settings, link: PlcLink) -> None:
        self.registry = Registry(settings)
        self._settings, self._link = settings, link
        self._values: dict[str, Any] = dict.fromkeys(self.registry.doorbells(), False)  # lost at a restart (quirk 13)
        self._cache: dict[tuple[str, str], tuple[Any, float]] = {}
        self._breakers: dict[str, Breaker] = {}
        self._lock = threading.Lock()

    def telemetry(self) -> dict[str, Any]:
        """The values kept in memory."""
        return dict(self._values)

    def telemetry_count(self) -> int:
        """How many there are."""
        return len(self._values)

    def breaker_states(self) -> dict[str, Any]:
        """The write breakers; one appears with the first write."""
        with self._lock:
            return {name: breaker.as_dict() for name, breaker in self._breakers.items()}

    def _breaker(self, plc_id: str) -> Breaker:
        name = f"plc:{plc_id}:write"
        with self._lock:
            return self._breakers.setdefault(name, Breaker(name, self._settings))

    def keep(self, name: str, value: Any) -> None:
        """Write a GATEWAY.* value: always works, proves nothing about the PLC."""
        self._values[name] = value

    def write(self, plc_id: str, name: str, value: Any) -> bool:
        """Write a PLC variable. False for every cause alike; the caller learns none of them."""
        breaker = self._breaker(plc_id)
        if not breaker.allow():
            return False
        kind = self.registry.find(plc_id, name)
        if kind is None:
            return False  # quirk 8: not accounted, so a half-open breaker is stuck from here on
        if not self._link.connected:
            breaker.failure("plc_not_connected")
            return False
        try:
            if not self._link.write(name, value, kind):
                raise RuntimeError("PLC write returned False")
        except RuntimeError as error:
            log.exception("❌ Fehler beim Schreiben von %s/%s: %s", plc_id, name, error)
            breaker.failure(str(error))
            return False
        breaker.success()
        self._cache[plc_id, name] = (value, time.time())
        return True

    def read(self, plc_id: str, name: str, use_cache: bool) -> dict[str, Any] | None:
        """Read a variable: None if unknown, else value, time and source.

        Quirk 6: a direct read gives null and puts null into the cache; a cached value is the last one *written*, it
        never expires and says nothing about the PLC.
        """
        if name.startswith("GATEWAY."):
            if name not in self._values:
                return None
            return {"value": self._values[name], "at": time.time(), "source": "gateway"}
        if use_cache and (plc_id, name) in self._cache:
            value, at = self._cache[plc_id, name]
            return {"value": value, "at": at, "source": "cache"}
        if self.registry.find(plc_id, name) is None:
            return None
        value, at = self._link.read(name), time.time()
        self._cache[plc_id, name] = (value, at)
        return {"value": value, "at": at, "source": "plc"}

    def statistics(self) -> dict[str, int]:
        """The counters of variables/statistics."""
        return {"cached_values": len(self._cache), "subscribed_variables": 0, "total_subscriptions": 0,
                "total_symbols": len(self.registry.everything()), "total_widgets": 0, "unique_plcs": 1}


def fault(status: int, message: str) -> tuple[Response, int]:
    """The failure shape of the variables endpoints."""
    return jsonify(status="error", message=message), status


def routes(gateway: Gateway) -> Blueprint:
    """variables/write|read|search|statistics."""
    web = Blueprint("variables", __name__)

    @web.post("/api/variables/write")
    def write() -> Any:
        """Write; a missing value is taken as null (quirk 7)."""
        body = request.get_json(silent=True) or {}
        name, value, plc_id = body.get("variable"), body.get("value"), body.get("plc_id", "plc_001")
        if not name:
            return fault(400, "Variable fehlt")
        if name.startswith("GATEWAY."):
            gateway.keep(name, value)
            message = "Gateway-Variable geschrieben"
        elif gateway.write(plc_id, name, value):
            message = "Variable geschrieben"
        else:
            return fault(500, "Schreiben fehlgeschlagen")
        return jsonify(status="success", message=message, variable=name, value=value, plc_id=plc_id)

    @web.post("/api/variables/read")
    def read() -> Any:
        """Read; open to everybody."""
        body = request.get_json(silent=True) or {}
        name, plc_id = body.get("variable"), body.get("plc_id", "plc_001")
        if not name:
            return fault(400, "Variable fehlt")
        found = gateway.read(plc_id, name, bool(body.get("use_cache", True)))
        if found is None:
            kind = "Gateway-Variable" if name.startswith("GATEWAY.") else "Symbol"
            return fault(404, f"{kind} nicht gefunden")
        return jsonify(status="success", variable=name, value=found["value"], plc_id=plc_id, source=found["source"],
                       timestamp=found["at"], timestamp_utc=iso_utc(found["at"]))

    @web.get("/api/variables/search")
    def search() -> Response:
        """Symbols whose name contains ``q``."""
        query, kind = request.args.get("q", "").lower(), request.args.get("type", "").upper()
        limit = request.args.get("limit", 200, type=int)
        found = [symbol for symbol in gateway.registry.everything()
                 if query in symbol["name"].lower() and kind in ("", symbol["type"].upper())][:limit]
        return jsonify(success=True, count=len(found), limit=limit, query=query, variables=found)

    @web.get("/api/variables/statistics")
    def statistics() -> Response:
        """Counters."""
        return jsonify(status="success", statistics=gateway.statistics())

    return web
