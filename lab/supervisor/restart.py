# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor's own process: what it says about it, and restarting it (SUPERVISOR_API §3)."""

from __future__ import annotations

import logging
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from flask import Blueprint, Response, g, jsonify, request

from .admin import actor, clamped

if TYPE_CHECKING:
    from .app import Supervisor

web_log, service_log = logging.getLogger("web_manager"), logging.getLogger("ServiceManager")
REPOSITORY = str(Path(__file__).resolve().parents[2])  #: where ``lab`` can be imported from, whatever the directory
MIN_DELAY, MAX_DELAY, HANDOVER_S = 1, 30, 0.5
NOT_IN_CONTAINER = "Dienst-Neustart via daemon-Script ist im Container deaktiviert (nutze Container-Restart-Policy)"


def after(delay: float, action: Callable[[], None]) -> None:
    """Do something later. It cannot be cancelled; of several the earliest wins (quirk 14)."""
    timer = threading.Timer(delay, action)
    timer.daemon = True
    timer.start()


def replace_process(sup: Supervisor) -> None:
    """Start a successor as a new session, then leave hard: nothing is closed, nothing is told (quirks 12, 13)."""
    service_log.warning("🔄 SYSTEM RESTART INITIATED via Web-Admin")
    if sup.settings.container_runtime:
        os.kill(os.getpid(), signal.SIGTERM)  # only the container's restart policy brings it back
        return
    path = os.pathsep.join(filter(None, [REPOSITORY, os.environ.get("PYTHONPATH")]))  # what is not installed stays so
    subprocess.Popen([sys.executable, *sup.settings.program, "--restarted"], start_new_session=True,
                     stdin=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": path})
    time.sleep(HANDOVER_S)
    os._exit(0)


def run_ctl_script(sup: Supervisor) -> None:
    """Run the control script detached; whether it did anything is not looked at (quirk 11)."""
    subprocess.Popen([str(sup.settings.ctl_script), "restart"], start_new_session=True, cwd=sup.settings.dir,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def daemon_refusal(sup: Supervisor) -> str | None:
    """Why a daemon restart is not even tried."""
    if sup.settings.container_runtime:
        return NOT_IN_CONTAINER
    return None if sup.settings.ctl_script.exists() else f"Control-Script nicht gefunden: {sup.settings.ctl_script}"


def routes(sup: Supervisor) -> Blueprint:
    """The endpoints of this file."""
    web = Blueprint("restart", __name__)

    def say(what: str, kind: str, tail: str) -> None:
        web_log.warning("Admin restart %s: req_id=%s type=%s %s", what, g.request_id, kind, tail)

    def caller(delay: int) -> str:
        return f"delay={delay}s remote={request.remote_addr}"

    def wanted_delay(default: int) -> int:
        return clamped((request.get_json(silent=True) or {}).get("delay", default), default, MIN_DELAY, MAX_DELAY)

    def requested(kind: str, delay: int) -> None:
        agent = request.headers.get("User-Agent", "-")
        say("requested", kind, f"{caller(delay)} ua={agent}")

    @web.errorhandler(sqlite3.OperationalError)
    def not_audited(error: sqlite3.OperationalError) -> Any:
        """What cannot be audited is not done: "database or disk is full" (SUPERVISOR_SYSTEMD §8.34)."""
        return jsonify(success=False, error=str(error)), 500

    @web.get("/api/admin/service/info")
    def info() -> Response:
        """The process; ``is_restarted`` stays true for the whole chain of restarts and proves nothing."""
        return jsonify(pid=os.getpid(), args=[*sup.settings.args, *["--restarted"] * sup.settings.restarted],
                       is_restarted=sup.settings.restarted, is_container_runtime=sup.settings.container_runtime,
                       platform=platform.system(), python=sys.executable)

    @web.post("/api/admin/service/restart")
    def restart() -> Response:
        """Restart the app; the answer comes first."""
        delay = wanted_delay(2)
        sup.logs.audit("service_restart_scheduled", actor(), {"delay_seconds": delay, "request_id": g.request_id})
        requested("app", delay)
        after(delay, lambda: replace_process(sup))
        say("scheduled", "app", caller(delay))
        return jsonify(success=True, message=f"Service-Neustart in {delay}s geplant")

    @web.post("/api/admin/service/restart-daemon")
    def restart_daemon() -> Any:
        """Restart through the control script."""
        delay = wanted_delay(1)
        requested("daemon", delay)
        refusal = daemon_refusal(sup)
        details: dict[str, Any] = {"delay_seconds": delay, "request_id": g.request_id}
        if refusal:
            sup.logs.audit("daemon_restart_rejected", actor(), details | {"reason": refusal})
            say("rejected", "daemon", f"remote={request.remote_addr} reason={refusal}")
            return jsonify(success=False, error=refusal), 400
        sup.logs.audit("daemon_restart_scheduled", actor(), details)
        service_log.warning("🔄 Control-Script wird in %ss ausgeführt: %s", delay, sup.settings.ctl_script.name)
        after(delay, lambda: run_ctl_script(sup))
        say("scheduled", "daemon", caller(delay))
        return jsonify(success=True, message=f"Dienst-Neustart via Script in {delay}s geplant")

    return web
