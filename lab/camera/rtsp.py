# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/usr/bin/python3 lab/camera/rtsp.py CONFIG.json``: an RTSP source for any number of cameras, until a signal.

CONFIG.json::

    {"address": "10.30.0.5", "port": 8554, "paths": ["/line1-hmi1/cam1", …]}

Every path shows the same small moving picture, encoded while anybody watches. It prints "ready" when it listens.
SIGSTOP stalls all paths: clients stay connected and get nothing. Needs GStreamer and gi of the system's Python
(TOOLCHAIN §5), so nothing else imports this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402  pylint: disable=wrong-import-position

#: A key frame every second: HLS segments of one second begin with one.
PICTURE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=10/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 bitrate=200 "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def main() -> int:
    """Serve until a signal."""
    config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(config["address"])
    server.set_service(str(config["port"]))
    for path in config["paths"]:
        # Each path has a medium of its own: one for all stalls for everybody once a client has left and come back.
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PICTURE)
        factory.set_shared(True)
        server.get_mount_points().add_factory(path, factory)
    if not server.attach(None):
        print(f"cannot listen on {config['address']}:{config['port']}", file=sys.stderr)
        return 1
    print("ready", flush=True)
    GLib.MainLoop().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
