# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/usr/bin/python3 -m lab.camera.rtsp CONFIG.json``: RTSP sources, any number of cameras, until a signal.

Every source shows the same small moving picture, encoded while anybody watches. CONFIG.json and what may be wrong with a
source: see ``trouble.py``; the files are looked at again on SIGHUP. It prints "ready" when it listens. SIGSTOP stalls all
sources: clients stay connected and get nothing. Needs GStreamer and gi of the system's Python (TOOLCHAIN §5), so nothing
else imports this; ``files.py`` does the same without them.
"""

from __future__ import annotations

import signal
import sys

signal.signal(signal.SIGHUP, signal.SIG_IGN)  # one that comes while this starts must not end it

import gi  # noqa: E402  pylint: disable=wrong-import-position

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst  # noqa: E402  pylint: disable=wrong-import-position

from .source import Source  # noqa: E402  pylint: disable=wrong-import-position
from .trouble import cannot_listen, sources as configured  # noqa: E402  pylint: disable=wrong-import-position


def main() -> int:
    """Serve until a signal."""
    Gst.init(None)
    sources = [Source(entry) for entry in configured()]

    def look_again() -> bool:
        for source in sources:
            source.look_again()
        return True

    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGHUP, look_again)
    for source in sources:
        if not source.open():
            print(cannot_listen(source.config), file=sys.stderr)
            return 1
    print("ready", flush=True)
    GLib.MainLoop().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
