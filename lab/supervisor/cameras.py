# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras as data (SUPERVISOR_API §5). Streams are not run here: starting one answers as on a host without ffmpeg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from .admin import stored_flags
from .settings import read_json, write_json

if TYPE_CHECKING:
    from .app import Supervisor

RING_OFF = "Ring-Live ist deaktiviert (nur bei Klingel-Trigger oder via Feature-Flag erlaubt)"
RING_NO_TOKEN = "Kein Ring refresh_token vorhanden. Bitte neu anmelden."


def listed(camera_id: str, entry: dict[str, Any]) -> dict[str, Any]:
    """One camera as GET cameras shows it, the password in its URL included (quirk 19)."""
    kind = entry.get("type", "rtsp")
    return {"name": entry.get("name", camera_id), "url": entry.get("url", ""), "type": kind,
            "substream_url": entry.get("substream_url", ""), "autostart": entry.get("autostart", False),
            "onvif": entry.get("onvif"), "ring": entry.get("ring"), "stream_running": False, "hls_url": None,
            "preview_url": f"/api/cameras/{camera_id}/snapshot" if kind == "ring" else None}


def routes(sup: Supervisor) -> Blueprint:
    """The endpoints of this file."""
    web, path = Blueprint("cameras", __name__), sup.settings.cameras_file

    @web.get("/api/cameras")
    def listing() -> Response:
        """All cameras, no key."""
        return jsonify(cameras={key: listed(key, entry) for key, entry in read_json(path, {}).items()})

    @web.post("/api/cameras")
    def add() -> Any:
        """Add a camera; an existing one is overwritten silently, its other fields are lost."""
        body = request.get_json(silent=True) or {}
        if not body.get("id") or not body.get("url"):
            return jsonify(error="id und url erforderlich"), 400
        entry = {"name": body.get("name", body["id"]), "url": body["url"], "type": body.get("type", "rtsp"),
                 "autostart": bool(body.get("autostart", True))}
        write_json(path, read_json(path, {}) | {body["id"]: entry})
        return jsonify(success=True, camera_id=body["id"], stream_running=False, hls_url=None)

    @web.put("/api/cameras/<camera_id>")
    def change(camera_id: str) -> Any:
        """Merge into a camera."""
        cameras = read_json(path, {})
        if camera_id not in cameras:
            return jsonify(error="Kamera nicht gefunden"), 404
        cameras[camera_id] |= request.get_json(silent=True) or {}
        write_json(path, cameras)
        return jsonify(success=True, camera=cameras[camera_id])

    @web.delete("/api/cameras/<camera_id>")
    def delete(camera_id: str) -> Response:
        """Success also if unknown."""
        write_json(path, {key: entry for key, entry in read_json(path, {}).items() if key != camera_id})
        return jsonify(success=True)

    @web.post("/api/cameras/<camera_id>/start")
    def start(camera_id: str) -> Any:
        """Ring: refused until the flag file says so, though GET feature-flags shows the flag as on (quirk 22)."""
        entry = read_json(path, {}).get(camera_id)
        if entry is None:
            return jsonify(error="Kamera nicht gefunden"), 404
        if entry.get("type") != "ring":
            return jsonify(error="FFmpeg nicht verfügbar"), 503
        live = stored_flags(sup.settings).get("ui.ring.webrtc", False)
        return (jsonify(error=RING_NO_TOKEN), 401) if live else (jsonify(error=RING_OFF), 403)

    @web.post("/api/cameras/<camera_id>/stop")
    def stop(camera_id: str) -> Response:
        """Always 200; false means nothing was registered, which is also true of an unknown camera."""
        return jsonify(success=False)

    return web
