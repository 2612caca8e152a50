# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting one supervisor together."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from flask import Flask

from . import admin, cameras, gateway, monitor, plc_api, restart, ring
from .gateway import Gateway
from .guard import Guard
from .keys import KeyStore
from .logs import LogStore, StoreHandler
from .monitor import SloWindow
from .plc_link import PlcLink
from .settings import Settings, read_json, write_json
from .streams import Streams
from .transport import Transport

RECONNECTS, RECONNECT_EVERY_S = 3, 1.0


class Supervisor:
    """The parts of one supervisor process; endpoints get this and nothing else."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.logs = LogStore(settings.logs_db)
        self.logs.retain()  # start-up retention breaks the hash chain when it removes rows (quirk 21)
        logging.getLogger().addHandler(StoreHandler(self.logs))
        self.keys = KeyStore(settings.keys_db)
        self.slo = SloWindow()
        self.link = PlcLink()
        self.gateway = Gateway(settings, self.link)
        self.streams = Streams(settings)

    def connect_saved_target(self) -> None:
        """Connect where the last connect went, before anybody is served: a PLC address that drops packets delays the
        start by the kernel's two minutes (quirks 5, 24; SUPERVISOR_SYSTEMD §7)."""
        target: dict[str, Any] = read_json(self.settings.app_config, {})
        if not target.get("plc_ams_net_id"):
            return
        print(f"PLC: {target['plc_ams_net_id']}", flush=True)  # the last line while the connect hangs
        if self._connect(target):
            return
        threading.Thread(target=self._reconnect, args=(target,), daemon=True).start()

    def _connect(self, target: dict[str, Any]) -> bool:
        connected = self.link.connect(target["plc_ams_net_id"], target["plc_ams_port"])
        active = read_json(self.settings.plcs_file, {}).get("active_plc")
        if connected and active and not self.gateway.registry.known(active):
            self.gateway.registry.learn(active, self.link.upload_symbols())
        return connected

    def _reconnect(self, target: dict[str, Any]) -> None:
        """Try the saved target in the background after it failed at the start; where packets are dropped this blocks
        all ADS work again (SUPERVISOR_SYSTEMD §7)."""
        for dummy in range(RECONNECTS):
            time.sleep(RECONNECT_EVERY_S)
            if self.link.connected or read_json(self.settings.app_config, {}) != target or self._connect(target):
                return

    def close(self, patience_s: float) -> None:
        """End streams and PLC link in order and save the configuration, whoever changed it meanwhile
        (SUPERVISOR_SYSTEMD §3.12)."""
        self.streams.close()
        self.link.close(patience_s)
        try:
            write_json(self.settings.app_config, read_json(self.settings.app_config, {}))
        except (OSError, ValueError) as error:
            logging.getLogger("web_manager").info("configuration not saved: %s", error)

    def web(self) -> Flask:
        """The WSGI application."""
        app = Flask("lab.supervisor", static_folder=None)
        Transport(Guard(self.settings, self.keys), self.slo).attach(app)
        for blueprint in (
            monitor.routes(self), gateway.routes(self.gateway), plc_api.routes(self), cameras.routes(self),
            ring.routes(self), restart.routes(self), admin.log_routes(self), admin.key_routes(self),
            admin.plc_and_flag_routes(self), admin.backup_routes(self),
        ):
            app.register_blueprint(blueprint)
        return app
