# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.supervisor CONFIG.json [--restarted]``: run one supervisor in the foreground until SIGTERM or SIGINT.

CONFIG.json::

    {"host": "127.7.3.11", "port": 5000,
     "dir": "/…/line3-hmi1",            the installation (see settings.py); logs and pid go there too
     "master_key": "…" or null,         null: local clients need no key (SUPERVISOR_API §1)
     "plc_configs": {"plc_001": {"name", "ams_net_id", "ams_port", "ip_address"}}, "active_plc": "plc_001",
     "target": {"ams_net_id", "ams_port", "ip_address", "runtime_type"} or null,   connected before listening
     "symbols": {"MAIN.bOpsTest": "BOOL" or {"type": "BOOL"}},   the registry; without it the PLC's own table is
                                                                 uploaded at a start that reaches the PLC
     "cameras": {"cam1": {"name", "url", "type"}},
     "env": {"SMARTHOME_CB_FAILURE_THRESHOLD": "5", "SMARTHOME_CB_RECOVERY_TIMEOUT_SECONDS": "30", …}}

What the first start writes to disk is the supervisor's own from then on: later starts read its files, not CONFIG.json.
Environment besides SMARTHOME_CB_*: see SUPERVISOR_API §1, SMARTHOME_CONTAINER_RUNTIME=1 for "I run in a container",
LINEOPS_LAB_ALIVE_AFTER_S=0.4 for the time an ffmpeg has to live to count as started (a slow machine needs more), and
LINEOPS_LAB_RECOVERY_MAX_RETRIES=5 and LINEOPS_LAB_RECOVERY_COOLDOWN_SECONDS=120 for when and how long a stream's recovery
gives up (what the real one calls these is not known).
Exit status 0 after a signal, 1 if it could not start.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .run import leave, run
from .settings import Settings


def log_to(path: Path) -> None:
    """Send stdout and stderr, the ADS library's too, to a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)


def main() -> int:
    """Run until a signal, with a log and a pid file in the supervisor's directory."""
    parser = argparse.ArgumentParser(prog="lab.supervisor")
    parser.add_argument("config", type=Path)
    parser.add_argument("--restarted", action="store_true", help="set by service/restart for its successor")
    arguments = parser.parse_args()
    settings = Settings.load(arguments.config.resolve(), arguments.restarted)
    settings.install()
    log_to(settings.log_file)
    own_pid = f"{os.getpid()}\n"
    settings.pid_file.write_text(own_pid, encoding="utf-8")
    status = run(settings)
    if settings.pid_file.read_text(encoding="utf-8") == own_pid:  # else a successor has taken over
        settings.pid_file.unlink()
    return status


if __name__ == "__main__":
    leave(main())
