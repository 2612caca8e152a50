# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The supervisor's HTTP API as nouns (private to this collection). Source of fact: SUPERVISOR_API.md §2 to §4, §7.

What becomes of an answer, and which errors are raised, is told in ``_supervisor_calls``.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from urllib.parse import quote

from ._errors import SupervisorError
from ._supervisor_calls import Reply, SupervisorCalls

__all__ = ["Reply", "SupervisorClient"]

#: Bytes of a playlist; a real one of four segments has 300.
_PLAYLIST_MAX = 262144
#: Bytes of a segment; one second of a camera has 0.1 to 3 MB.
_SEGMENT_MAX = 32 * 1024 * 1024

_TARGET_FIELDS = ("plc_ams_net_id", "plc_ams_port", "plc_ip_address", "plc_runtime_type")


class SupervisorClient(SupervisorCalls):
    """The calls one supervisor offers. Arguments, :attr:`calls`, ``get`` and ``post``: see the base class."""

    def system_status(self) -> Reply:
        """PLC flag, circuit breakers, dead letters (§2). Answers are cached 1 s: poll slower than that."""
        return self.get("/api/system/status")

    def slo(self) -> Reply:
        """Service levels; take the baseline before acting (quirk 20)."""
        return self.get("/api/monitor/slo")

    def streams(self) -> Reply:
        """Camera streams. Holds RTSP passwords (quirk 19): scrub before it goes anywhere."""
        return self.get("/api/monitor/streams")

    def cameras(self) -> Reply:
        """Configured cameras. Holds RTSP passwords (quirk 19): scrub before it goes anywhere."""
        return self.get("/api/cameras")

    def camera_start(self, camera_id: str, use_substream: bool = False, resolution: t.Optional[str] = None) -> Reply:
        """Start a stream; does not heal a hung one (quirk 15). A resolution other than WxH kills a running one (quirk 18)."""
        body = {"use_substream": use_substream, **({"resolution": resolution} if resolution else {})}
        return self.post(f"/api/cameras/{_in_path(camera_id)}/start", body)

    def camera_stop(self, camera_id: str, read_timeout: float = 15.0) -> Reply:
        """Stop a stream: 0.1 s, 5 s if ffmpeg is hung. ``success`` false = nothing was registered (§5)."""
        return self.post(f"/api/cameras/{_in_path(camera_id)}/stop", {"immediate": True}, read_timeout=read_timeout)

    def ring_webrtc_stop(self, camera_id: str, session_id: str) -> Reply:
        """End a WebRTC session of a Ring camera; 500 without a reason: there is no such session (§5)."""
        return self.post(f"/api/cameras/{_in_path(camera_id)}/ring/webrtc/stop", {"session_id": session_id})

    def playlist(self, camera_id: str) -> Reply:
        """HLS playlist as text. The supervisor counts the caller as a viewer for 30 s (§2)."""
        return self.get(f"/static/hls/{_in_path(camera_id)}.m3u8", expect=str, max_body=_PLAYLIST_MAX)

    def segment(self, name: str) -> Reply:
        """One file of a stream as bytes (§6), by the name that the playlist gives it; a camera's old ones are deleted."""
        return self.get(f"/static/hls/{_in_path(name)}", expect=bytes, max_body=_SEGMENT_MAX)

    def snapshot(self, camera_id: str) -> Reply:
        """One picture that the supervisor fetches from the camera now, as bytes: 4 s as a rule (§5)."""
        return self.get(f"/api/cameras/{_in_path(camera_id)}/snapshot", expect=bytes, read_timeout=15.0)

    def ring_status(self) -> Reply:
        """Whether Ring is set up and may be shown live [ring_status]."""
        return self.get("/api/ring/status")

    def versioning(self) -> Reply:
        """API version and deprecations (§2)."""
        return self.get("/api/system/versioning")

    def dependencies(self) -> Reply:
        """Whether ffmpeg and others are found (§2)."""
        return self.get("/api/system/dependencies")

    def route_status(self) -> Reply:
        """The supervisor's own NetId and ADS library; no PLC is contacted (§4). Hangs during quirk 5."""
        return self.get("/api/plc/ads/route/status")

    def plc_config(self) -> Reply:
        """Stored PLC entries; not what connect uses (quirk 10)."""
        return self.get("/api/plc/config")

    def debug_target(self) -> Reply:
        """The live connect target only (quirk 10); the rest of the application's configuration is dropped at once."""
        reply = self.get("/api/debug/config")
        if not reply.ok:
            return replace(reply, body={"error": reply.error_text})
        config = reply.body.get("config")
        known = config if isinstance(config, dict) else {}
        return replace(reply, body={field: known[field] for field in _TARGET_FIELDS if field in known})

    def logs(self, filter_: str = "all", limit: int = 100) -> Reply:
        """Log rows, newest first, as a list (§3). ``filter``, not ``type`` (quirk 1); limit 1 to 500."""
        return self.get("/api/admin/logs", level="admin", params={"filter": filter_, "limit": limit}, expect=list)

    def logs_verify(self) -> Reply:
        """Hash chain of the log; retention breaks it too (quirk 21)."""
        return self.get("/api/admin/logs/verify", level="admin")

    def service_info(self) -> Reply:
        """Process id and arguments (§3); a changed pid is the only proof of a restart."""
        return self.get("/api/admin/service/info", level="admin")

    def service_restart(self, delay: int, idempotency_key: str) -> Reply:
        """Restart by the supervisor itself after 1 to 30 s; others are clamped (quirk 14). Success is only a claim."""
        return self.post("/api/admin/service/restart", {"delay": delay}, level="admin", idempotency_key=idempotency_key)

    def restart_daemon(self, delay: int, idempotency_key: str) -> Reply:
        """Restart by the control script after 1 to 30 s (§3); may do nothing and say success (quirk 11)."""
        path = "/api/admin/service/restart-daemon"
        return self.post(path, {"delay": delay}, level="admin", idempotency_key=idempotency_key)

    def admin_plcs(self) -> Reply:
        """Stored PLC entries with statistics (§3)."""
        return self.get("/api/admin/plcs", level="admin")

    def store_plc(self, plc_id: str, config: t.Mapping[str, t.Any]) -> Reply:
        """Replace a stored PLC entry wholesale (§3): send the whole entry. Needs the admin key."""
        return self.post("/api/admin/plcs", {"plc_id": plc_id, "config": dict(config)}, level="admin")

    def route_test(
        self, plc_ams_net_id: str, plc_ip: str, ams_port: int, read_timeout: float = 10.0, *, level: str = "operator"
    ) -> Reply:
        """ReadDeviceInfo from the supervisor's own address (§4). 5 s when the PLC is silent; an address that drops
        packets blocks its ADS for two minutes: never repeat after a time-out (quirk 5)."""
        body = {"plc_ams_net_id": plc_ams_net_id, "plc_ip": plc_ip, "ams_port": ams_port}
        return self.post("/api/plc/ads/route/test", body, level=level, read_timeout=read_timeout)

    def operator_door(self, level: t.Optional[str]) -> Reply:
        """A route test that names no PLC: with a good key it is rejected with status 400, and nothing is done (§1, §4).

        level: whose key to send, or None for none.
        """
        return self.post("/api/plc/ads/route/test", {}, level=level)

    def route_add(
        self,
        plc_ams_net_id: str,
        plc_ip: str,
        local_ams_net_id: str,
        local_ip: str,
        route_name: str,
        username: str,
        password: str,
    ) -> Reply:
        """Add a route on the PLC. Success is only a claim, and the supervisor's own NetId changes (quirks 4, 9)."""
        body = {
            "local_ams_net_id": local_ams_net_id,
            "local_ip": local_ip,
            "password": password,
            "plc_ams_net_id": plc_ams_net_id,
            "plc_ip": plc_ip,
            "route_name": route_name,
            "username": username,
        }
        self.keep_secret(password)
        return self.post("/api/plc/ads/route/add", body)

    def connect(self, ams_net_id: str, runtime_type: str, ams_port: int, ip_address: str) -> Reply:
        """Connect the supervisor; opens TCP only, to the first four parts of the NetId (quirk 3)."""
        body = {"ams_id": ams_net_id, "runtime_type": runtime_type, "ams_port": ams_port, "ip_address": ip_address}
        return self.post("/api/plc/connect", body)

    def disconnect(self) -> Reply:
        """Disconnect the supervisor from its PLC; succeeds also when not connected (§4)."""
        return self.post("/api/plc/disconnect", {})

    def write(self, variable: str, value: t.Any, plc_id: str, idempotency_key: t.Optional[str] = None) -> Reply:
        """Write one PLC variable; not range-checked (quirk 7). Every failure is a plain 500 (§4)."""
        body = {"variable": variable, "value": value, "plc_id": plc_id}
        return self.post("/api/variables/write", body, idempotency_key=idempotency_key)

    def search_variable(self, name: str) -> Reply:
        """Symbols whose name contains ``name`` (§4)."""
        return self.get("/api/variables/search", params={"q": name})


def _in_path(name: str) -> str:
    """A name as one part of a path. Dots alone would lead elsewhere, however they are written."""
    if name in ("", ".", ".."):
        raise SupervisorError(
            "supervisor.value_invalid", f"{name!r} cannot be the id of a camera, so nothing was sent.", "Correct lineops_cameras.")
    return quote(name, safe="", errors="replace")
