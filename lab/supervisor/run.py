# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of one supervisor process, for a lab's and an installed one alike: start in the observed order, then wait
for a signal."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback

from werkzeug.serving import BaseWSGIServer, make_server

from .app import Supervisor
from .settings import Settings

#: A successor waits this long for its predecessor to leave the port (it exits 0.5 s after starting us).
HANDOVER_PATIENCE_S = 15.0
STOP_PATIENCE_S = 1.0
#: SIGTERM takes this long to end even an idle process, but closes its port at once (quirk 24, SUPERVISOR_SYSTEMD §3, §6).
STOP_TAKES_S = 2.5
#: A process that finds its port taken ends this long after its start (SUPERVISOR_SYSTEMD §3.11, §5.21).
PORT_TAKEN_ENDS_S = 4.5


class PortTaken(OSError):
    """Somebody else listens where we want to."""


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


class Process:
    """One supervisor process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ended = threading.Event()
        self._signals: list[int] = []
        self._supervisor: Supervisor | None = None
        self._server: BaseWSGIServer | None = None
        self._started = time.monotonic()
        self._port_taken = False

    def run(self) -> int:
        """Run until a signal: 0, or 1 if it could not start. The work is done in threads, so that a signal counts even
        while the ADS library hangs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        threading.Thread(target=self._serve, daemon=True).start()
        # Not one long wait: a signal that arrives while the process is stopped may be taken by another thread when it
        # goes on, and Python handles it only once this one wakes.
        while not self._ended.wait(0.1):
            pass
        self._finish()
        return 0 if self._signals else 1

    def _stop(self, number: int, frame: object) -> None:
        self._signals.append(number)
        self._ended.set()

    def _serve(self) -> None:
        try:
            sup = Supervisor(self._settings)
            logging.getLogger("web_manager").warning("SECRET_KEY nicht gesetzt: ephemerer Key wurde generiert")
            sup.streams.open()
            self._supervisor = sup
            sup.connect_saved_target()
            server = self._listen(sup)
            self._server = server
            if self._ended.is_set():  # told to stop meanwhile: nobody is served any more
                server.server_close()
                return
            logging.getLogger("werkzeug").warning("Werkzeug appears to be used in a production deployment. Consider "
                                                  "switching to a production web server instead.")
            server.serve_forever(poll_interval=0.1)
        except PortTaken:
            self._port_taken = True
            self._ended.set()
        except Exception:  # pylint: disable=broad-except  # whatever it is ends the process and must be in its log
            try:
                traceback.print_exc()
            finally:  # the log may be on a full disk
                self._ended.set()

    def _listen(self, sup: Supervisor) -> BaseWSGIServer:
        settings = self._settings
        deadline = time.monotonic() + HANDOVER_PATIENCE_S
        while settings.restarted and time.monotonic() < deadline and not _is_free(settings.host, settings.port):
            self._ended.wait(0.05)
        try:
            return make_server(settings.host, settings.port, sup.web(), threaded=True)
        except SystemExit as error:  # what werkzeug makes of "address in use", after saying so
            raise PortTaken(errno.EADDRINUSE, f"{settings.host}:{settings.port} is taken") from error

    def _finish(self) -> None:
        began = time.monotonic()
        if self._server:
            closing = threading.Thread(target=self._server.shutdown, daemon=True)
            closing.start()
            closing.join(STOP_PATIENCE_S)
            self._server.server_close()
        if self._port_taken:  # the PLC keeps its second connection until then
            time.sleep(max(0.0, self._started + PORT_TAKEN_ENDS_S - time.monotonic()))
        if self._supervisor:
            self._supervisor.close(STOP_PATIENCE_S)
        if self._signals:
            time.sleep(max(0.0, began + STOP_TAKES_S - time.monotonic()))


def run(settings: Settings) -> int:
    """Run an installed supervisor in this process; its log goes to standard output and error."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
    os.chdir(settings.dir)  # its files lie relative to its working directory (SUPERVISOR_API §6)
    return Process(settings).run()


def leave(status: int) -> None:
    """End the process now: the ADS library's own threads may hang, and daemon threads must not be waited for."""
    try:
        sys.stdout.flush()
    finally:
        os._exit(status)
