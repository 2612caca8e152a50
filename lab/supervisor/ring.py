# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ring cameras as far as they were observed: without an account, so nothing streams (SUPERVISOR_API §5, quirks 19, 22).

No answer here was made up: status, start without a token and unknown sessions are recorded, the rest is the API
description's. How a session or an HLS stream begins was never seen, so none ever does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from .admin import stored_flags
from .settings import RING_LIVE_FLAG, Settings, read_json, write_json

if TYPE_CHECKING:
    from .app import Supervisor

LIVE_OFF = "Ring-Live ist deaktiviert (nur bei Klingel-Trigger oder via Feature-Flag erlaubt)"
NO_TOKEN = "Kein Ring refresh_token vorhanden. Bitte neu anmelden."
NO_WEBRTC = ("Ring WebRTC ist derzeit deaktiviert (Ring /clients_api/session liefert 406). "
             "Snapshot-Modus aktiv.")
#: Recorded without an account. What it says with one is not known.
STATUS = {
    "available": True, "configured": False, "saved_credentials": False, "saved_username": "", "live_enabled": False,
    "live_on_ding": True, "live_on_ding_active": [], "live_on_ding_seconds": 30, "webrtc_available": False,
    "user_agent": "android:com.ringapp",
    "help_links": {"help_url": "https://support.help.ring.com/", "login_url": "https://account.ring.com/account/login"},
}


def is_live_allowed(settings: Settings) -> bool:
    """Does the flag file allow live view? Without the file it is off, though GET feature-flags shows it on (quirk 22)."""
    return stored_flags(settings).get(RING_LIVE_FLAG, False)


def start_refusal(settings: Settings) -> tuple[int, str]:
    """Why a Ring camera's stream does not start."""
    return (401, NO_TOKEN) if is_live_allowed(settings) else (403, LIVE_OFF)


def routes(sup: Supervisor) -> Blueprint:
    """The endpoints of this file. None looks at the camera's id in the path."""
    web, settings = Blueprint("ring", __name__), sup.settings

    def failure(status: int, error: str) -> tuple[Response, int]:
        return jsonify(success=False, error=error), status

    def session_id() -> str:
        return (request.get_json(silent=True) or {}).get("session_id") or ""

    @web.get("/api/ring/status")
    def status() -> Response:
        """What the supervisor knows of its Ring account; no key."""
        return jsonify(STATUS)

    @web.post("/api/cameras/<camera_id>/ring/webrtc/start")
    def start(camera_id: str) -> Any:  # pylint: disable=unused-argument
        """Refused one way or another. The description gives 403 without a text: it is that of the stream's start."""
        if not is_live_allowed(settings):
            return failure(403, LIVE_OFF)
        if not (request.get_json(silent=True) or {}).get("offer"):
            return failure(400, "offer erforderlich")
        return failure(503, NO_WEBRTC)

    @web.post("/api/cameras/<camera_id>/ring/webrtc/stop")
    def stop(camera_id: str) -> Any:  # pylint: disable=unused-argument
        """End a session, whatever camera is named for it; 500 without a reason if there is none of this id."""
        wanted, path = session_id(), settings.ring_sessions
        if not wanted:
            return failure(400, "session_id erforderlich")
        living = read_json(path, [])
        if wanted not in living:
            return jsonify(success=False), 500
        write_json(path, [session for session in living if session != wanted])
        return jsonify(success=True)

    @web.post("/api/cameras/<camera_id>/ring/webrtc/keepalive")
    def keepalive(camera_id: str) -> Any:  # pylint: disable=unused-argument
        """Recorded for an unknown session; how a known one is answered was never seen."""
        return jsonify(success=False), 500

    return web
