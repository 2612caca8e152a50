# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One camera: a port of its own, its login, its picture, and what may be wrong with it.

A trouble file holds any of::

    {"frozen": true}        it answers, and of the picture there is no more than a first frame
    {"gone": true}          nobody listens, connections end
    {"password": "other"}   the login is another one, connections end
    {"flap_s": 4}           gone and back, each for so many seconds
    {"percent": 50}         a second of picture in a burst, every 2 seconds (100 / percent)
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from gi.repository import GLib, Gst, GstRtspServer

FRAMES_PER_S = 10
#: A key frame every second: HLS segments of one second begin with one.
PICTURE = (
    f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate={FRAMES_PER_S}/1 "
    f"! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={FRAMES_PER_S} bitrate=200 "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
_ROLE, _USES = "viewer", ("media.factory.access", "media.factory.construct")
#: With one of these those who watch are cut off.
_PARTING = frozenset({"gone", "password", "flap_s"})


class Source:
    """A camera that serves one path."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.address, self.port = config["address"], config["port"]
        self._config, self._trouble = config, {}
        self._server = GstRtspServer.RTSPServer()
        self._server.set_address(self.address)
        self._server.set_service(str(self.port))
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
        if "user" in self._config:
            self._take(self._config["password"])
        is_open = self._listen(True)
        self.look_again()
        return is_open

    def look_again(self) -> None:
        """Be as the trouble file says; without one all is well."""
        before, self._trouble = self._trouble, self._read()
        if before == self._trouble:
            return
        if "user" in self._config:
            self._take(self._trouble.get("password", self._config["password"]))
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        self._listen(not self._trouble.get("gone"))
        if "flap_s" in self._trouble:
            self._timer = GLib.timeout_add(int(self._trouble["flap_s"] * 1000), self._flap)
        # A medium that lags would rush through what it owes once it may go on: who watched it begins anew.
        if before or _PARTING & self._trouble.keys():
            self._part()

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(Path(self._config["trouble"]).read_text(encoding="utf-8"))
        except (KeyError, FileNotFoundError):
            return {}

    def _take(self, password: str) -> None:
        """From now on take this login and no other."""
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", _ROLE)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(self._config["user"], password), token)
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
            if self._trouble.get("frozen") and frames[0] > 1:
                return Gst.PadProbeReturn.DROP
            if "percent" in self._trouble and frames[0] % FRAMES_PER_S == 0:
                time.sleep(100 / self._trouble["percent"])  # as long as it takes: the source makes up for less
            return Gst.PadProbeReturn.OK

        pad = media.get_element().get_by_name("pay0").get_static_pad("sink")
        pad.add_probe(Gst.PadProbeType.BUFFER, pass_on)
