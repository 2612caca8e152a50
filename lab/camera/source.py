# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One camera of GStreamer: a port of its own, its login, its picture, and what may be wrong with it (``trouble.py``)."""

from __future__ import annotations

import time
from typing import Any

from gi.repository import GLib, Gst, GstRtspServer

from .trouble import FRAMES_PER_S, HEIGHT, WIDTH, Trouble

PICTURE = (
    f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width={WIDTH},height={HEIGHT},"
    f"framerate={FRAMES_PER_S}/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={FRAMES_PER_S} bitrate=200 "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
_ROLE, _USES = "viewer", ("media.factory.access", "media.factory.construct")


class Source:
    """A camera that serves one path."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config, self._trouble = config, Trouble(config)
        self._server = GstRtspServer.RTSPServer()
        self._server.set_address(config["address"])
        self._server.set_service(str(config["port"]))
        # Each source has a medium of its own: one for all stalls for everybody once a client has left and come back.
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PICTURE)
        factory.set_shared(True)
        factory.connect("media-configure", self._configure)
        if "user" in config:
            permissions = GstRtspServer.RTSPPermissions()
            for use in _USES:
                permissions.add_permission_for_role(_ROLE, use, True)
            factory.set_permissions(permissions)
        self._server.get_mount_points().add_factory(config["path"], factory)
        self._listening = self._timer = 0

    def open(self) -> bool:
        """Begin, with whatever is wrong from the start; False if the port cannot be had."""
        self._take_login()
        is_open = self._listen(True)
        self.look_again()
        return is_open

    def look_again(self) -> None:
        """Be as the trouble file says; without one all is well."""
        if not self._trouble.look_again():
            return
        self._take_login()
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        self._listen(not self._trouble.now.get("gone"))
        if "flap_s" in self._trouble.now:
            self._timer = GLib.timeout_add(int(self._trouble.now["flap_s"] * 1000), self._flap)
        if self._trouble.parts:
            self._part()

    def _take_login(self) -> None:
        """From now on take the login of now and no other."""
        if not (login := self._trouble.login):
            return
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", _ROLE)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*login), token)
        self._server.set_auth(auth)

    def _listen(self, on: bool) -> bool:
        if on and not self._listening:
            self._listening = self._server.attach(None)
            return bool(self._listening)
        if not on and self._listening:
            GLib.source_remove(self._listening)
            self._listening = 0
        return True

    def _flap(self) -> bool:
        self._listen(not self._listening)
        if not self._listening:
            self._part()
        return True

    def _part(self) -> None:
        """End all connections."""
        self._server.client_filter(lambda *dummy: GstRtspServer.RTSPFilterResult.REMOVE)

    def _configure(self, dummy: Any, media: Any) -> None:
        frames = [0]

        def pass_on(*dummy: Any) -> Any:
            """Let a frame through or not. The first always goes: without one there is no answer to DESCRIBE."""
            frames[0] += 1
            if self._trouble.now.get("frozen") and frames[0] > 1:
                return Gst.PadProbeReturn.DROP
            if frames[0] % FRAMES_PER_S == 0:
                time.sleep(self._trouble.pause_s)  # as long as it takes: the source makes up for less
            return Gst.PadProbeReturn.OK

        pad = media.get_element().get_by_name("pay0").get_static_pad("sink")
        pad.add_probe(Gst.PadProbeType.BUFFER, pass_on)
