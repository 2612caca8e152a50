# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras: their list, starting and stopping their streams, the HLS files (SUPERVISOR_API §5, §6)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request, send_file, send_from_directory

from . import ring
from .settings import read_json, write_json
from .streams import LOW_RESOLUTION, Source, ffmpeg, one_picture

if TYPE_CHECKING:
    from .app import Supervisor

UNKNOWN, NOT_STARTED = "Kamera nicht gefunden", "Stream konnte nicht gestartet werden"
NO_FFMPEG = "FFmpeg nicht verfügbar"
RING_NOT_SET_UP, EMPTY_SNAPSHOT = "Ring nicht konfiguriert. Bitte zuerst authentifizieren.", "Leerer Snapshot erhalten"
NOT_OBSERVED = "not observed at the real one, so not in the stand-in"
STREAM_FIELDS = ("url", "substream_url", "type")  #: changing one of them stops the stream
NOT_CACHED = {"Cache-Control": "no-store, no-cache, must-revalidate, max-age=0", "Pragma": "no-cache", "Expires": "0"}
MEDIA_TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}


def failure(status: int, error: str, **extra: Any) -> tuple[Response, int]:
    """The failure shape of the camera endpoints."""
    return jsonify(error=error, **extra), status


def playlist_url(camera_id: str) -> str:
    """Where a camera's playlist is served."""
    return f"/static/hls/{camera_id}.m3u8"


def wanted_source(camera_id: str, entry: Mapping[str, Any], body: Mapping[str, Any]) -> Source:
    """What a start asks for. A substream the camera has not got is the main stream, scaled down."""
    resolution = body.get("resolution")
    if not body.get("use_substream"):
        return Source(camera_id, entry["url"], resolution)
    if entry.get("substream_url"):
        return Source(camera_id, entry["substream_url"], resolution)
    return Source(camera_id, entry["url"], resolution or LOW_RESOLUTION)


def routes(sup: Supervisor) -> Blueprint:
    """The endpoints of this file."""
    web, path, streams = Blueprint("cameras", __name__), sup.settings.cameras_file, sup.streams

    def hls_url(camera_id: str) -> str | None:
        return playlist_url(camera_id) if streams.is_running(camera_id) else None

    def listed(camera_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        """One camera as GET cameras shows it, the password in its URL included (quirk 19)."""
        kind = entry.get("type", "rtsp")
        return {"name": entry.get("name", camera_id), "url": entry.get("url", ""), "type": kind,
                "substream_url": entry.get("substream_url", ""), "autostart": entry.get("autostart", False),
                "onvif": entry.get("onvif"), "ring": entry.get("ring"),
                "stream_running": streams.is_running(camera_id), "hls_url": hls_url(camera_id),
                "preview_url": f"/api/cameras/{camera_id}/snapshot" if kind == "ring" else None}

    @web.get("/api/cameras")
    def listing() -> Response:
        """All cameras, no key."""
        return jsonify(cameras={key: listed(key, entry) for key, entry in read_json(path, {}).items()})

    @web.post("/api/cameras")
    def add() -> Any:
        """Add a camera; an existing one is overwritten silently, its other fields are lost. ``autostart`` only counts
        here, never at a process start."""
        body = request.get_json(silent=True) or {}
        if not body.get("id") or not body.get("url"):
            return failure(400, "id und url erforderlich")
        camera_id = body["id"]
        entry = {"name": body.get("name", camera_id), "url": body["url"], "type": body.get("type", "rtsp"),
                 "autostart": bool(body.get("autostart", True))}
        write_json(path, read_json(path, {}) | {camera_id: entry})
        if entry["autostart"] and entry["type"] == "rtsp" and ffmpeg():
            streams.start(wanted_source(camera_id, entry, {}))
        return jsonify(success=True, camera_id=camera_id, stream_running=streams.is_running(camera_id),
                       hls_url=hls_url(camera_id))

    @web.put("/api/cameras/<camera_id>")
    def change(camera_id: str) -> Any:
        """Merge into a camera; another source stops the stream and does not start it."""
        cameras = read_json(path, {})
        if camera_id not in cameras:
            return failure(404, UNKNOWN)
        before = dict(cameras[camera_id])
        cameras[camera_id] |= request.get_json(silent=True) or {}
        write_json(path, cameras)
        if any(before.get(name) != cameras[camera_id].get(name) for name in STREAM_FIELDS):
            streams.stop(camera_id)
        return jsonify(success=True, camera=cameras[camera_id])

    @web.delete("/api/cameras/<camera_id>")
    def delete(camera_id: str) -> Response:
        """Success also if unknown."""
        write_json(path, {key: entry for key, entry in read_json(path, {}).items() if key != camera_id})
        streams.stop(camera_id)
        return jsonify(success=True)

    @web.post("/api/cameras/<camera_id>/start")
    def start(camera_id: str) -> Any:
        """Start a stream. Success means that ffmpeg lived 0.4 s, no more (quirk 17)."""
        entry = read_json(path, {}).get(camera_id)
        if entry is None:
            return failure(404, UNKNOWN)
        if entry.get("type") == "ring":
            return failure(*ring.start_refusal(sup.settings))
        if not ffmpeg():
            return failure(503, NO_FFMPEG)
        try:
            started = streams.start(wanted_source(camera_id, entry, request.get_json(silent=True) or {}))
        except ValueError as error:
            return failure(500, str(error))
        return jsonify(success=True, hls_url=playlist_url(camera_id)) if started else failure(500, NOT_STARTED)

    @web.post("/api/cameras/<camera_id>/stop")
    def stop(camera_id: str) -> Response:
        """Always 200; false means nothing was registered, which is also true of an unknown camera."""
        return jsonify(success=streams.stop(camera_id))

    @web.post("/api/cameras/alert")
    def alert() -> Any:
        """Only the refusal was observed."""
        body = request.get_json(silent=True) or {}
        return failure(501, NOT_OBSERVED) if body.get("cam_id") else failure(400, "cam_id fehlt", success=False)

    @web.post("/api/cameras/diagnose")
    def diagnose() -> Any:
        """Only the refusal was observed."""
        body = request.get_json(silent=True) or {}
        return failure(501, NOT_OBSERVED) if body.get("host") else failure(400, "host erforderlich")

    @web.get("/api/cameras/<camera_id>/snapshot")
    def snapshot(camera_id: str) -> Any:
        """A picture, fetched from the camera itself by an ffmpeg of its own; no key."""
        entry = read_json(path, {}).get(camera_id)
        if entry is None:
            return failure(404, UNKNOWN)
        if entry.get("type") == "ring":
            return failure(500, RING_NOT_SET_UP)
        picture = one_picture(entry["url"])
        if not picture:
            return failure(500, EMPTY_SNAPSHOT)
        answer = send_file(io.BytesIO(picture), mimetype="image/jpeg", download_name=f"{camera_id}.jpg")
        answer.headers.update({name: value for name, value in NOT_CACHED.items() if name != "Expires"})
        return answer

    @web.get("/static/hls/<name>")
    def hls(name: str) -> Response:
        """A playlist or segment, no key; the caller counts as a viewer for a while."""
        streams.viewed(name, request.remote_addr or "")
        answer = send_from_directory(streams.files.path, name,
                                     mimetype=MEDIA_TYPES.get(name[name.rfind("."):]), conditional=True)
        answer.headers.update(NOT_CACHED)
        return answer

    return web
