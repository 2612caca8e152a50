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
Environment besides SMARTHOME_CB_*: see SUPERVISOR_API §1, and SMARTHOME_CONTAINER_RUNTIME=1 for "I run in a container".
Exit status 0 after a signal, 1 if it could not start.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, make_server

from .app import Supervisor
from .settings import Settings

#: A successor waits this long for its predecessor to leave the port (it exits 0.5 s after starting us).
HANDOVER_PATIENCE_S = 15.0
STOP_PATIENCE_S = 1.0


def listen(sup: Supervisor) -> BaseWSGIServer:
    """Bind the HTTP server. Raises OSError if the address is taken (werkzeug itself would exit)."""
    settings = sup.settings
    deadline = time.monotonic() + HANDOVER_PATIENCE_S
    while True:
        try:
            return make_server(settings.host, settings.port, sup.web(), threaded=True)
        except SystemExit as error:  # what werkzeug makes of "address in use"
            if not settings.restarted or time.monotonic() > deadline:
                raise OSError(errno.EADDRINUSE, f"{settings.host}:{settings.port} is taken") from error
            time.sleep(0.05)


def serve(settings: Settings, ended: threading.Event, running: dict[str, Supervisor]) -> None:
    """Start up in the observed order: state, saved PLC target, HTTP. Sets ``ended`` if that fails."""
    try:
        sup = running["supervisor"] = Supervisor(settings)
        logging.getLogger("web_manager").warning("SECRET_KEY nicht gesetzt: ephemerer Key wurde generiert")
        sup.connect_saved_target()
        server = listen(sup)
        logging.getLogger("werkzeug").warning("Werkzeug appears to be used in a production deployment. Consider "
                                              "switching to a production web server instead.")
        server.serve_forever()
    except Exception:  # pylint: disable=broad-except  # whatever it is ends the process and must be in its log
        traceback.print_exc()
        running.pop("supervisor", None)
        ended.set()


def log_to(path: Path) -> None:
    """Send stdout and stderr, the ADS library's too, to a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s [%(name)s] %(message)s")


def main() -> int:
    """Run until a signal. The work is done in threads, so that a signal counts even while the ADS library hangs."""
    parser = argparse.ArgumentParser(prog="lab.supervisor")
    parser.add_argument("config", type=Path)
    parser.add_argument("--restarted", action="store_true", help="set by service/restart for its successor")
    arguments = parser.parse_args()
    settings = Settings.load(arguments.config.resolve(), arguments.restarted)
    settings.install()
    os.chdir(settings.dir)  # its files lie relative to its working directory (SUPERVISOR_API §6)
    log_to(settings.log_file)
    own_pid = f"{os.getpid()}\n"
    settings.pid_file.write_text(own_pid, encoding="utf-8")

    ended, running = threading.Event(), {}
    signals: list[int] = []

    def stop(number: int, frame: object) -> None:
        signals.append(number)
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.Thread(target=serve, args=(settings, ended, running), daemon=True).start()
    # Not one long wait: a signal that arrives while the process is stopped may be taken by another thread when it goes on,
    # and Python handles it only once this one wakes.
    while not ended.wait(0.2):
        pass
    if "supervisor" in running:
        running["supervisor"].link.close(STOP_PATIENCE_S)
    if settings.pid_file.read_text(encoding="utf-8") == own_pid:  # else a successor has taken over
        settings.pid_file.unlink()
    return 0 if signals else 1


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the ADS library's own threads may hang; daemon threads must not be waited for
