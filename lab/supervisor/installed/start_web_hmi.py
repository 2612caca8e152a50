# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/usr/bin/python3 start_web_hmi.py [--host 0.0.0.0] [--port 5000] [--restarted]``: the supervisor stand-in as it is
installed in a host (SUPERVISOR_SYSTEMD).

``standin.json`` beside this file is a CONFIG.json of ``lab.supervisor`` without host, port and dir; the master key comes
from the environment. The stand-in itself is imported from LINEOPS_LAB_PATH, by default /opt/lineops-lab. Its log goes to
standard output and error. Exit status 0 after a signal, 1 if it could not start.
"""

from __future__ import annotations

import argparse
import os
import sys

sys.path[:0] = os.environ.get("LINEOPS_LAB_PATH", "/opt/lineops-lab:/opt/lineops-lab/site").split(os.pathsep)

from lab.supervisor.run import leave, run  # noqa: E402  pylint: disable=wrong-import-position
from lab.supervisor.settings import Settings  # noqa: E402  pylint: disable=wrong-import-position


def main() -> int:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="start_web_hmi.py")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--restarted", action="store_true")
    arguments = parser.parse_args()
    settings = Settings.installed(sys.argv[0], arguments.host, arguments.port, arguments.restarted)
    settings.install()
    return run(settings)


if __name__ == "__main__":
    leave(main())
