# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A script for the supervisor in the tests of modules: one line per expected call, with what it answers."""

from __future__ import annotations

import socket
import threading
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import failure_result
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import (
    Behaviour,
    Exchange,
    ScriptedServer,
    answer,
)

OPERATOR, ADMIN, PASSWORD = "canary-of-the-operator", "canary-of-the-admin", "canary-of-the-plc"
PLC = {"ip_address": "10.0.0.2", "ams_net_id": "10.0.0.2.1.1", "ams_port": 851}
NET_ID, IP = "10.0.0.1.1.1", "10.0.0.1"
VARIABLE = "MAIN.bOpsTest"

OK = answer(200, {"success": True})
FAILED = answer(500, {"success": False, "error": "Verbindung fehlgeschlagen"})
REFUSED_KEY = answer(401, {"error": "Ungültiger API-Key"})
TEST_OK = answer(200, {"success": True, "device_name": "Plc30 App", "version": {"version": 3}})


def ads_error(code: int) -> Behaviour:
    """What a route test says that failed."""
    return answer(500, {"success": False, "error": f"ADSError: some words ({code}). "})


def no_answer(sock: socket.socket, dummy: threading.Event) -> None:
    """Say nothing until the client gives up."""
    sock.recv(1)


def status(connected: t.Any = True, breaker: str | None = None, reply: Behaviour | None = None) -> Exchange:
    body = {
        "plc": {"connected": connected},
        "circuit_breakers": {"plc:plc_001:write": {"state": breaker, "total_rejected": 0}} if breaker else {},
    }
    return Exchange("GET", "/api/system/status", reply or answer(200, body), {"X-API-Key": None})


def target(net_id: str = PLC["ams_net_id"], port: int = PLC["ams_port"]) -> Exchange:
    config = {"plc_ams_net_id": net_id, "plc_ams_port": port, "secret_key": "canary-of-the-application"}
    return Exchange("GET", "/api/debug/config", answer(200, {"success": True, "config": config}), {"X-API-Key": None})


def own_net_id(net_id: str = NET_ID) -> Exchange:
    return Exchange("GET", "/api/plc/ads/route/status", answer(200, {"success": True, "local_ams_net_id": net_id}))


def route_test(reply: Behaviour = TEST_OK, key: str = OPERATOR, plc: t.Mapping[str, t.Any] | None = None) -> Exchange:
    plc = plc or PLC
    body = {"plc_ams_net_id": plc["ams_net_id"], "plc_ip": plc["ip_address"], "ams_port": plc["ams_port"]}
    return Exchange("POST", "/api/plc/ads/route/test", reply, {"X-API-Key": key}, body)


def route_add(reply: Behaviour = OK) -> Exchange:
    body = {
        "local_ams_net_id": NET_ID,
        "local_ip": IP,
        "route_name": "hmi1",
        "username": "Administrator",
        "password": PASSWORD,
        "plc_ams_net_id": PLC["ams_net_id"],
        "plc_ip": PLC["ip_address"],
    }
    return Exchange("POST", "/api/plc/ads/route/add", reply, {"X-API-Key": OPERATOR}, body)


def connect(reply: Behaviour = OK, runtime_type: str = "TC3") -> Exchange:
    body = {
        "ams_id": PLC["ams_net_id"],
        "runtime_type": runtime_type,
        "ams_port": PLC["ams_port"],
        "ip_address": PLC["ip_address"],
    }
    return Exchange("POST", "/api/plc/connect", reply, {"X-API-Key": OPERATOR}, body)


def disconnect(reply: Behaviour = OK) -> Exchange:
    return Exchange("POST", "/api/plc/disconnect", reply, {"X-API-Key": OPERATOR}, {})


def search(*names: str, reply: Behaviour | None = None) -> Exchange:
    found = {"success": True, "variables": [{"name": name, "type": "BOOL"} for name in names]}
    return Exchange("GET", f"/api/variables/search?q={VARIABLE}", reply or answer(200, found))


def write(value: t.Any, reply: Behaviour | None = None) -> Exchange:
    body = {"variable": VARIABLE, "value": value, "plc_id": "plc_001"}
    taken = answer(200, {"status": "success", "message": "ok", "variable": VARIABLE, "value": value})
    return Exchange("POST", "/api/variables/write", reply or taken, {"X-API-Key": OPERATOR}, body)


def not_written(value: t.Any) -> Exchange:
    return write(value, answer(500, {"status": "error", "message": "Schreiben fehlgeschlagen"}))


def streams(entries: t.Any = None, now: float = 1000.0, reply: Behaviour | None = None) -> Exchange:
    body = {"success": True, "timestamp": now, "streams": entries or {}, "circuit_breakers": {"stream:rtsp:cam1": {"state": "closed"}}}
    return Exchange("GET", "/api/monitor/streams", reply or answer(200, body), {"X-API-Key": None})


def cameras(entries: t.Any = None, reply: Behaviour | None = None) -> Exchange:
    return Exchange("GET", "/api/cameras", reply or answer(200, {"cameras": entries or {}}), {"X-API-Key": None})


def playlist(content: Behaviour | str, camera: str = "cam1") -> Exchange:
    """A text is the playlist; anything else is the answer itself."""
    reply = answer(200, content) if isinstance(content, str) else content
    return Exchange("GET", f"/static/hls/{camera}.m3u8", reply, {"X-API-Key": None})


def hls(sequence: int, count: int = 4, target: int = 1) -> str:
    """A playlist with segments of the given numbers."""
    segments = "".join(f"#EXTINF:1.0,\ncam_{sequence + number:03}.ts\n" for number in range(count))
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n{segments}"


def camera_start(reply: Behaviour = OK, camera: str = "cam1", use_substream: bool = False, **body: t.Any) -> Exchange:
    sent = {"use_substream": use_substream, **body}
    return Exchange("POST", f"/api/cameras/{camera}/start", reply, {"X-API-Key": OPERATOR}, sent)


def camera_stop(reply: Behaviour = OK, camera: str = "cam1") -> Exchange:
    return Exchange("POST", f"/api/cameras/{camera}/stop", reply, {"X-API-Key": OPERATOR}, {"immediate": True})


class FakeTime:
    """A clock that only sleeping moves on. waits: what was slept."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def params_of(module: t.Any, **given: t.Any) -> dict[str, t.Any]:
    """What a module's run() gets: the options given and the defaults of its argument spec."""
    checked = ArgumentSpecValidator(module.ARGUMENT_SPEC).validate(given)
    assert not checked.error_messages, checked.error_messages
    return checked.validated_parameters


def outcome_of(module: t.Any, params: t.Mapping[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    """The result of run(), or of its failure, as a task would have it."""
    try:
        return module.run(params, check_mode)
    except LineopsError as error:
        return {"failed": True, **failure_result(error)}


def play(module: t.Any, *script: Exchange, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a module against a script, of which every call must be made, in order, and no other."""
    with ScriptedServer(*script) as server:
        given = {
            "url": server.url,
            "operator_key": OPERATOR,
            "admin_key": ADMIN,
            "incident": "INC-1",
            "runner": "shell-anna",
            **options,
        }
        result = outcome_of(module, params_of(module, **given), check_mode)
        tagged = [request for request in server.requests if request.get("x-admin-user") == "shell-anna"]
        assert len(tagged) == len(server.requests), "a call does not say who runs this (DESIGN §7.14)"
        assert all(request["x-request-id"].startswith("INC-1-") for request in server.requests)
    assert len(result.get("calls", script)) == len(script)
    assert not any(secret in repr(result) for secret in (OPERATOR, ADMIN, PASSWORD, "canary"))
    return result


def calls_in(result: t.Mapping[str, t.Any]) -> list[str]:
    """The calls a result tells, without time, status and id."""
    return [call.split(" ", 1)[1].split(" ->")[0] for call in result["calls"]]
