# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC endpoints: config, connect, disconnect, ADS routes (SUPERVISOR_API §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from flask import Blueprint, Response, jsonify, request

from .adslib import LibraryMissing
from .plc_link import PYADS_ERRORS, RUNTIME_PORTS, RouteNotAdded
from .settings import read_json, write_json

if TYPE_CHECKING:
    from .app import Supervisor

ADD_FIELDS = ("local_ams_net_id", "plc_ams_net_id", "plc_ip", "username", "password")
TEST_FIELDS = ("plc_ip", "plc_ams_net_id")
TEST_PORT = 801  #: the default even for a TwinCAT 3 PLC


def failure(status: int, error: str, **extra: Any) -> tuple[Response, int]:
    """The failure shape of the route endpoints."""
    return jsonify(success=False, error=error, **extra), status


def missing(body: Mapping[str, Any], fields: tuple[str, ...]) -> tuple[Response, int] | None:
    """400 for the first field that is missing."""
    gone = next((field for field in fields if not body.get(field)), None)
    return failure(400, f"{gone} fehlt") if gone else None


def connect_target(body: Mapping[str, Any]) -> tuple[str, int]:
    """Runtime type and AMS port of a connect body; what cannot be understood becomes the default, silently."""
    runtime = body.get("runtime_type", "TC3")
    runtime = runtime if runtime in RUNTIME_PORTS else "TC3"
    try:
        return runtime, int(body.get("ams_port", RUNTIME_PORTS[runtime]))
    except (TypeError, ValueError):
        return runtime, RUNTIME_PORTS[runtime]


def routes(sup: Supervisor) -> Blueprint:
    """The endpoints of this file."""
    web, link = Blueprint("plc", __name__), sup.link

    @web.get("/api/plc/config")
    def config() -> Response:
        """The stored entries; connect uses another target (quirk 10)."""
        return jsonify(read_json(sup.settings.plcs_file, {}))

    @web.post("/api/plc/config")
    def config_ignored() -> Response:
        """Stores nothing of the body and says it did (quirk 10)."""
        return jsonify(status="success", message="Konfiguration gespeichert")

    @web.post("/api/plc/connect")
    def connect() -> Any:
        """Save the target, then try it; the address in it is stored but not used (quirk 3)."""
        body = request.get_json()  # 415 in HTML without a JSON content type
        if not body.get("ams_id"):
            return jsonify(error="ams_id erforderlich"), 400
        runtime, port = connect_target(body)
        app_config = read_json(sup.settings.app_config, {})
        write_json(sup.settings.app_config, app_config | {
            "plc_ams_net_id": body["ams_id"], "plc_ams_port": port, "plc_runtime_type": runtime,
            "plc_ip_address": body.get("ip_address", "")})
        if not link.connect(body["ams_id"], port):
            return jsonify(error="Verbindung fehlgeschlagen"), 500
        return jsonify(success=True, message="PLC verbunden", runtime_type=runtime, ams_port=port)

    @web.post("/api/plc/disconnect")
    def disconnect() -> Response:
        """Always a success."""
        link.disconnect()
        return jsonify(success=True, message="PLC getrennt")

    @web.get("/api/plc/ads/route/status")
    def route_status() -> Response:
        """Describes the local library only, if there is one."""
        try:
            local_net_id = link.local_net_id()
        except LibraryMissing as error:
            return jsonify(success=True, available=False, error=str(error))
        return jsonify(success=True, available=True, local_ams_net_id=local_net_id, runtime_defaults=RUNTIME_PORTS)

    @web.post("/api/plc/ads/route/test")
    def route_test() -> Any:
        """Device info of a PLC; the error is pyads' own text."""
        body = request.get_json(silent=True) or {}
        gone = missing(body, TEST_FIELDS)
        if gone:
            return gone
        try:
            port = int(body.get("ams_port", TEST_PORT))
            name, version = link.test_route(body["plc_ams_net_id"], body["plc_ip"], port)
        except PYADS_ERRORS as error:
            return failure(500, str(error))
        return jsonify(success=True, device_name=name, version=version)

    @web.post("/api/plc/ads/route/add")
    def route_add() -> Any:
        """Add our route to a PLC. Success says nothing about the PLC's table (quirk 9)."""
        body = request.get_json(silent=True) or {}
        gone = missing(body, ADD_FIELDS)
        if gone:
            return gone
        local_net_id, plc_net_id, plc_ip, user, password = (body[field] for field in ADD_FIELDS)
        local_ip = body.get("local_ip") or ".".join(local_net_id.split(".")[:4])
        name = body.get("route_name") or "SmartHomeWeb"
        try:
            warnings = link.add_route(local_net_id, local_ip, plc_net_id, plc_ip, user, password, name)
        except RouteNotAdded as error:
            return failure(500, f"PLC-Route fehlgeschlagen: {error}", warnings=error.warnings)
        except (ValueError, TypeError, AttributeError) as error:
            return failure(500, str(error), warnings=[])
        return jsonify(success=True, message="ADS-Route angelegt", warnings=warnings, local_ams_net_id=local_net_id,
                       plc_ams_net_id=plc_net_id, plc_ip=plc_ip, route_name=name)

    return web
