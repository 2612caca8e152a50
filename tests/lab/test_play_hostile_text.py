# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from a plant is data (DESIGN §7.12): shown as it is, never evaluated, secrets taken out."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable
from typing import Any

from plants import PlantLab

from lab.plant import SUPERVISOR_NET_ID, Host

SUM = "62773913"  # what the text would become if somebody templated it
CAMERA = "canary-camera-Zq7Xv"
TEXT = "{{ 7919 * 7927 }} {% set x = 1 %} $(id) [bold] (1793)"
SHOWN = TEXT.replace("[bold]", "[bold] *** rtsp://***@10.0.0.9/cam1")
HOST = "line1-hmi1"


def answers(host: Host) -> dict[str, tuple[int, Any]]:
    """A supervisor's answers in the right shape, connected to the right PLC, with TEXT wherever a text may stand."""
    target = {"plc_ams_net_id": host.plc_net_id, "plc_ams_port": 851, "plc_ip_address": host.plc_ip,
              "plc_runtime_type": TEXT}
    stored = {"ams_net_id": host.plc_net_id, "ams_port": 851, "ip_address": host.plc_ip, "name": TEXT}
    return {
        "/api/system/status": (200, {"plc": {"connected": True}, "circuit_breakers": {TEXT: {"state": TEXT}}}),
        "/api/monitor/slo": (200, {"status": TEXT, "alerts": [{"name": TEXT}]}),
        "/api/admin/logs": (200, [{"message": TEXT, "module": TEXT}]),
        "/api/plc/config": (200, {"plc_configs": {"plc_001": stored, TEXT: stored}, "active_plc": TEXT}),
        "/api/debug/config": (200, {"config": target}),
        "/api/plc/ads/route/status": (200, {"success": True, "available": True, "local_ams_net_id": SUPERVISOR_NET_ID}),
        "/api/plc/ads/route/test": (500, {"success": False, "error": TEXT}),
        "/api/system/versioning": (200, {"current_major": 1, "current_namespace": TEXT}),
    }


class HostileSupervisor(http.server.BaseHTTPRequestHandler):
    """Gives ANSWERS, and TEXT as the error of everything else."""

    ANSWERS: dict[str, tuple[int, Any]] = {}

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        status, body = self.ANSWERS.get(self.path.partition("?")[0], (500, {"success": False, "error": TEXT}))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # It also tells everybody the key it was given, and the password of a camera (quirk 19).
        more = f"[bold] {self.headers.get('X-API-Key')} rtsp://viewer:{CAMERA}@10.0.0.9/cam1"
        told = json.dumps(body).replace("[bold]", more)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(told.encode())

    do_POST = do_GET

    def log_message(self, *dummy: Any) -> None:
        """Say nothing."""


class TestHostileText:
    """One class, one plant."""

    def test_is_shown_and_not_evaluated(self, new_lab: Callable[[int, int], PlantLab]) -> None:
        lab = new_lab(1, 1)
        supervisor = type("Supervisor", (HostileSupervisor,), {"ANSWERS": answers(lab.host(HOST))})
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), supervisor) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()

            def go_there(groups: dict[str, Any], dummy: dict[str, Any]) -> None:
                groups["line1"]["hosts"][HOST]["lineops_supervisor_url"] = f"http://localhost:{server.server_port}"

            run = lab.play("-vvvv", "--diff", inventory=lab.variant(go_there), canaries=[CAMERA])
            server.shutdown()
        outcome = run.outcomes[HOST]
        assert (run.code, outcome["finding"]) == (2, "plc.unclear")
        assert SHOWN in outcome["sentence"] and SHOWN in run.lines[HOST]
        assert SHOWN in lab.journal(HOST)[-1]["message"]
        assert SUM not in run.text and SUM not in json.dumps(lab.journal(HOST))
