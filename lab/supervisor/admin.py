# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admin endpoints: logs, PLC entries, keys, backups, feature flags (SUPERVISOR_API §3)."""

from __future__ import annotations

import hashlib
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify, request

from .keys import LEVELS
from .settings import RING_LIVE_FLAG, Settings, read_json, write_json

if TYPE_CHECKING:
    from .app import Supervisor

DEFAULT_FLAGS = {"ui.page.admin": True, "ui.page.camera-wall": True, "ui.page.monitor": True, RING_LIVE_FLAG: True}
BACKUP_GLOB = "smarthome_backup_*.tar.gz"


def clamped(value: Any, default: int, low: int, high: int) -> int:
    """An integer within bounds: out of range is pulled in, garbage is the default, nothing is refused (quirk 14)."""
    try:
        return min(max(int(value), low), high)
    except (TypeError, ValueError):
        return default


def actor() -> str:
    """Who an audit row names: X-Admin-User, else the client address."""
    return request.headers.get("X-Admin-User") or request.remote_addr or "-"


def stored_flags(settings: Settings) -> dict[str, bool]:
    """The flags on disk, empty without a file: the defaults do not count where it matters (quirk 22)."""
    return read_json(settings.flags_file, {})


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def backups(settings: Settings) -> list[Path]:
    """The backup files, newest first."""
    return sorted(settings.backups_dir.glob(BACKUP_GLOB), reverse=True)


def make_backup(settings: Settings, keep_count: int) -> dict[str, Any]:
    """Pack the state files; only this prunes old backups."""
    target = settings.backups_dir / time.strftime("smarthome_backup_%Y%m%d_%H%M%SZ.tar.gz", time.gmtime())
    files = [path for path in (*sorted(settings.config_dir.iterdir()), settings.app_config) if path.is_file()]
    with tarfile.open(target, "w:gz") as archive:
        for path in files:
            archive.add(path, arcname=str(path.relative_to(settings.dir)))
    old = backups(settings)[keep_count:]
    for path in old:
        path.unlink()
    return {"backup_file": target.name, "backup_path": str(target), "sha256": checksum(target),
            "files_count": len(files), "deleted_old_backups": len(old)}


def verify_backup(settings: Settings, name: str) -> dict[str, Any]:
    """Can a backup be read?"""
    path = settings.backups_dir / Path(name).name
    if not path.is_file():
        return {"ok": False, "success": False, "backup_file": name, "error": "Backup-Datei nicht gefunden"}
    try:
        with tarfile.open(path) as archive:
            count = len(archive.getmembers())
    except (tarfile.TarError, OSError, EOFError) as error:
        return {"ok": False, "success": False, "backup_file": name, "error": str(error)}
    return {"ok": True, "success": True, "backup_file": name, "sha256": checksum(path), "files_count": count}


def _fields() -> dict[str, Any]:
    return request.get_json(silent=True) or {}


def log_routes(sup: Supervisor) -> Blueprint:
    """admin/logs, verify, clear."""
    web = Blueprint("admin_logs", __name__)

    @web.get("/api/admin/logs")
    def logs() -> Response:
        """A bare array, newest first; ``type=`` is not a parameter here (quirk 1)."""
        limit = clamped(request.args.get("limit"), 100, 1, 500)
        return jsonify(sup.logs.newest(limit, request.args.get("filter", "all")))

    @web.get("/api/admin/logs/verify")
    def verify() -> Response:
        """Check the hash chain of the oldest rows."""
        return jsonify(sup.logs.verify(request.args.get("limit", type=int)))

    @web.post("/api/admin/logs/clear")
    def clear() -> Response:
        """Apply retention now."""
        body = _fields()
        retention = {"keep_count": clamped(body.get("keep_count"), 5000, 100, 50000),
                     "max_age_days": clamped(body.get("max_age_days"), 90, 1, 3650)}
        result = sup.logs.retain(**retention)
        sup.logs.audit("logs_cleared", actor(), {**retention, **result, "request_id": g.request_id})
        return jsonify(success=True, retention=retention, result=result)

    return web


def key_routes(sup: Supervisor) -> Blueprint:
    """admin/apikeys."""
    web, keys = Blueprint("admin_keys", __name__), sup.keys

    def audit(action: str, **details: Any) -> None:
        sup.logs.audit(action, actor(), {**details, "request_id": g.request_id})

    @web.get("/api/admin/apikeys")
    def listing() -> Response:
        """All managed keys."""
        return jsonify(success=True, keys=keys.listing())

    @web.post("/api/admin/apikeys")
    def create() -> Any:
        """A new key; the raw key is in this answer only."""
        body = _fields()
        level, hours = body.get("level", "operator"), body.get("expires_hours")
        if level not in LEVELS:
            return jsonify(success=False, error="Ungültiges level (viewer/operator/admin)"), 400
        entry, raw_key = keys.create(str(body.get("name", "")), level, None if hours is None else float(hours),
                                     str(body.get("notes", "")), request.remote_addr or "")
        audit("api_key_created", key_id=entry["id"], level=level)
        return jsonify(success=True, key=entry, raw_key=raw_key), 201

    @web.put("/api/admin/apikeys/<int:key_id>")
    def change(key_id: int) -> Any:
        """Change name, level, enabled, notes."""
        if not keys.update(key_id, _fields()):
            return jsonify(success=False, error="API-Key nicht gefunden"), 404
        audit("api_key_updated", key_id=key_id)
        return jsonify(success=True)

    @web.delete("/api/admin/apikeys/<int:key_id>")
    def delete(key_id: int) -> Any:
        """Remove a key."""
        if not keys.delete(key_id):
            return jsonify(success=False, error="API-Key nicht gefunden"), 404
        audit("api_key_deleted", key_id=key_id)
        return jsonify(success=True)

    return web


def plc_and_flag_routes(sup: Supervisor) -> Blueprint:
    """admin/plcs, feature flags."""
    web, settings = Blueprint("admin_config", __name__), sup.settings

    @web.get("/api/admin/plcs")
    def plcs() -> Response:
        """The stored entries with counts."""
        stored = read_json(settings.plcs_file, {"plc_configs": {}, "active_plc": None})
        entries = stored["plc_configs"]
        return jsonify(plcs=entries, active_plc=stored["active_plc"], statistics={
            "total_plcs": len(entries), "active_plcs": sum(bool(entry.get("active")) for entry in entries.values()),
            "active_plc_id": stored["active_plc"], "config_path": str(settings.plcs_file), "tpy_size": 0.0})

    @web.post("/api/admin/plcs")
    def store_plc() -> Any:
        """Replace one entry wholesale: no merge, no validation."""
        body = _fields()
        if not body.get("plc_id"):
            return jsonify(error="plc_id erforderlich"), 400
        stored = read_json(settings.plcs_file, {"plc_configs": {}, "active_plc": None})
        stored["plc_configs"][body["plc_id"]] = body.get("config") or {}
        write_json(settings.plcs_file, stored)
        return jsonify(success=True, plc_id=body["plc_id"], message="PLC-Konfiguration gespeichert")

    @web.get("/api/system/feature-flags")
    @web.get("/api/admin/feature-flags")
    def flags() -> Response:
        """The flags with the defaults filled in, so they look on where they are not (quirk 22)."""
        return jsonify(success=True, flags=DEFAULT_FLAGS | stored_flags(settings), source=str(settings.flags_file))

    @web.post("/api/admin/feature-flags")
    def set_flags() -> Response:
        """Replace the whole set, defaults refilled; this creates the file."""
        new = DEFAULT_FLAGS | (_fields().get("flags") or {})
        write_json(settings.flags_file, new)
        return jsonify(success=True, flags=new)

    return web


def backup_routes(sup: Supervisor) -> Blueprint:
    """admin/backup."""
    web, settings = Blueprint("admin_backup", __name__), sup.settings

    @web.get("/api/admin/backup/list")
    def listing() -> Response:
        """The backups, newest first."""
        return jsonify(success=True, backups=[
            {"file": path.name, "mtime": path.stat().st_mtime, "size": path.stat().st_size, "sha256": checksum(path)}
            for path in backups(settings)])

    @web.post("/api/admin/backup/create")
    def create() -> Response:
        """Make one."""
        made = make_backup(settings, clamped(_fields().get("keep_count"), 30, 5, 200))
        sup.logs.audit("backup_created", actor(), {"file": made["backup_file"], "request_id": g.request_id})
        return jsonify(success=True, **made)

    @web.get("/api/admin/backup/verify")
    def verify() -> Any:
        """Check one."""
        name = request.args.get("file")
        if not name:
            return jsonify(success=False, error="file erforderlich"), 400
        result = verify_backup(settings, name)
        return jsonify(result), 200 if result["ok"] else 400

    return web
