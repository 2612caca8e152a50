# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/usr/bin/python3 -m lab.camera.rtsp CONFIG.json``: RTSP sources, any number of cameras, until a signal.

CONFIG.json::

    {"sources": [{"address": "10.30.0.5", "port": 8554, "path": "/line1-hmi1/cam1",
      "user": "viewer", "password": "…", "trouble": "/…/line1-hmi1.cam1.json"}, …]}

Every source shows the same small moving picture, encoded while anybody watches. One without ``user`` takes anybody. What
is wrong with a source is in its file ``trouble``, if there is one, looked at again on SIGHUP (see ``source.py``). It
prints "ready" when it listens. SIGSTOP stalls all sources: clients stay connected and get nothing. Needs GStreamer and gi
of the system's Python (TOOLCHAIN §5), so nothing else imports this package.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

signal.signal(signal.SIGHUP, signal.SIG_IGN)  # one that comes while this starts must not end it

import gi  # noqa: E402  pylint: disable=wrong-import-position

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst  # noqa: E402  pylint: disable=wrong-import-position

from .source import Source  # noqa: E402  pylint: disable=wrong-import-position


def main() -> int:
    """Serve until a signal."""
    config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Gst.init(None)
    sources = [Source(entry) for entry in config["sources"]]

    def look_again() -> bool:
        for source in sources:
            source.look_again()
        return True

    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGHUP, look_again)
    for source in sources:
        if not source.open():
            print(f"cannot listen on {source.address}:{source.port}", file=sys.stderr)
            return 1
    print("ready", flush=True)
    GLib.MainLoop().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
