# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The supervisor client against scripted exchanges: every call in order, and every way an answer can be bad."""

from __future__ import annotations

import datetime
import email.utils
import gzip
import json
import socket
import sys
import threading
import time
import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _http, _supervisor_calls  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import SupervisorError  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.fleet import dropping  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import (  # noqa: E402
    Behaviour,
    Exchange,
    ScriptedServer,
    answer,
    drip,
    raw,
    reset,
    silence,
)

OPERATOR, ADMIN, PASSWORD = "canary-operator-key", "canary-admin-key", "canary-plc-password"
HTML = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>canary-html</p>\n"
STATUS = "/api/system/status"
# Far above any time-out used here, far below "for ever": this machine can be slow.
GENEROUS_S = 30.0


def client_of(server: ScriptedServer, **options: t.Any) -> SupervisorClient:
    options = {"operator_key": OPERATOR, "admin_key": ADMIN, "incident": "INC-1", "runner": "shell:anna", **options}
    return SupervisorClient(server.url, **options)


def call_fails(client: SupervisorClient, call: t.Callable[[SupervisorClient], t.Any]) -> SupervisorError:
    """The error of a call, after a look that its words are fit for an operator."""
    with pytest.raises(SupervisorError) as caught:
        call(client)
    error = caught.value
    shown = f"{error} {error.hint} {error.details}"
    assert not any(bad in shown for bad in (OPERATOR, ADMIN, PASSWORD, "<", "canary", "Traceback", "Error("))
    assert error.message.endswith((".", "…")) or ": " in error.message
    assert "\n" not in shown
    return error


def get_fails(behaviour: Behaviour, **options: t.Any) -> SupervisorError:
    with ScriptedServer(Exchange("GET", STATUS, behaviour)) as server:
        with client_of(server, read_retries=0, **options) as client:
            return call_fails(client, lambda c: c.system_status())


def silence_until_gone(sock: socket.socket, dummy: t.Any) -> None:
    """Say nothing until the client gives up."""
    sock.recv(1)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits of the client, noted instead of waited."""
    noted: list[float] = []
    monkeypatch.setattr(_supervisor_calls.time, "sleep", noted.append)
    return noted


# --- the nouns -------------------------------------------------------------------------------------------------------

READS: list[tuple[str, t.Callable[[SupervisorClient], t.Any], str, t.Optional[str]]] = [
    ("system_status", lambda c: c.system_status(), STATUS, None),
    ("slo", lambda c: c.slo(), "/api/monitor/slo", None),
    ("streams", lambda c: c.streams(), "/api/monitor/streams", None),
    ("cameras", lambda c: c.cameras(), "/api/cameras", None),
    ("versioning", lambda c: c.versioning(), "/api/system/versioning", None),
    ("dependencies", lambda c: c.dependencies(), "/api/system/dependencies", None),
    ("route_status", lambda c: c.route_status(), "/api/plc/ads/route/status", None),
    ("plc_config", lambda c: c.plc_config(), "/api/plc/config", None),
    ("search", lambda c: c.search_variable("MAIN.b&x"), "/api/variables/search?q=MAIN.b%26x", None),
    ("logs_verify", lambda c: c.logs_verify(), "/api/admin/logs/verify", ADMIN),
    ("service_info", lambda c: c.service_info(), "/api/admin/service/info", ADMIN),
    ("admin_plcs", lambda c: c.admin_plcs(), "/api/admin/plcs", ADMIN),
]
COMMANDS: list[tuple[str, t.Callable[[SupervisorClient], t.Any], str, dict[str, t.Any]]] = [
    (
        "route_test",
        lambda c: c.route_test("10.0.0.2.1.1", "10.0.0.2", 851),
        "/api/plc/ads/route/test",
        {"plc_ams_net_id": "10.0.0.2.1.1", "plc_ip": "10.0.0.2", "ams_port": 851},
    ),
    (
        "route_add",
        lambda c: c.route_add("10.0.0.2.1.1", "10.0.0.2", "10.0.0.1.1.1", "10.0.0.1", "hmi", "Administrator", PASSWORD),
        "/api/plc/ads/route/add",
        {
            "local_ams_net_id": "10.0.0.1.1.1",
            "plc_ams_net_id": "10.0.0.2.1.1",
            "plc_ip": "10.0.0.2",
            "username": "Administrator",
            "password": PASSWORD,
            "local_ip": "10.0.0.1",
            "route_name": "hmi",
        },
    ),
    (
        "connect",
        lambda c: c.connect("10.0.0.2.1.1", "TC2", 801, "10.0.0.2"),
        "/api/plc/connect",
        {"ams_id": "10.0.0.2.1.1", "runtime_type": "TC2", "ams_port": 801, "ip_address": "10.0.0.2"},
    ),
    ("disconnect", lambda c: c.disconnect(), "/api/plc/disconnect", {}),
    ("camera_start", lambda c: c.camera_start("cam1"), "/api/cameras/cam1/start", {"use_substream": False}),
    (
        "camera_start as noted",
        lambda c: c.camera_start("a/../b?c ä", True, "640x360"),
        "/api/cameras/a%2F..%2Fb%3Fc%20%C3%A4/start",
        {"use_substream": True, "resolution": "640x360"},
    ),
    ("camera_stop", lambda c: c.camera_stop("cam1"), "/api/cameras/cam1/stop", {"immediate": True}),
    (
        "write",
        lambda c: c.write("MAIN.bOpsTest", True, "plc_001"),
        "/api/variables/write",
        {"variable": "MAIN.bOpsTest", "value": True, "plc_id": "plc_001"},
    ),
]


@pytest.mark.parametrize(("call", "path", "key"), [row[1:] for row in READS], ids=[row[0] for row in READS])
def test_reads_send_the_lowest_key_that_is_needed(call, path, key) -> None:
    exchange = Exchange("GET", path, answer(200, {"success": True}), {"X-API-Key": key, "Content-Type": None})
    with ScriptedServer(exchange) as server, client_of(server) as client:
        assert call(client).body == {"success": True}


@pytest.mark.parametrize(("call", "path", "body"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS])
def test_commands_send_exactly_the_documented_body(call, path, body) -> None:
    headers = {"X-API-Key": OPERATOR, "Content-Type": "application/json", "Idempotency-Key": None}
    with ScriptedServer(Exchange("POST", path, answer(200, {"success": True}), headers, body)) as server:
        with client_of(server) as client:
            assert call(client).ok


def test_write_sends_the_idempotency_key() -> None:
    exchange = Exchange(
        "POST",
        "/api/variables/write",
        answer(200, {"status": "success"}),
        {"Idempotency-Key": "INC-1-write"},
        {"variable": "v", "value": 1.5, "plc_id": "plc_001"},
    )
    with ScriptedServer(exchange) as server, client_of(server) as client:
        assert client.write("v", 1.5, "plc_001", idempotency_key="INC-1-write").ok


def test_logs_are_a_list_and_use_filter() -> None:
    path = "/api/admin/logs?filter=restart_error&limit=7"
    with ScriptedServer(Exchange("GET", path, answer(200, [{"id": 1}]), {"X-API-Key": ADMIN})) as server:
        with client_of(server) as client:
            assert client.logs("restart_error", 7).body == [{"id": 1}]


def test_debug_config_is_reduced_to_the_target_at_once() -> None:
    target = {"plc_ams_net_id": "1.2.3.4.1.1", "plc_ams_port": 851, "plc_ip_address": "", "plc_runtime_type": "TC3"}
    body = {"config": {**target, "ring_token": "canary", "tabs": {}}, "config_file": "/home/canary"}
    with ScriptedServer(Exchange("GET", "/api/debug/config", answer(200, body))) as server:
        with client_of(server) as client:
            reply = client.debug_target()
            assert reply.body == target
            assert "canary" not in repr(reply)


@pytest.mark.parametrize("body", [{}, {"config": None}, {"config": []}])
def test_debug_config_of_another_shape_is_an_empty_target(body) -> None:
    with ScriptedServer(Exchange("GET", "/api/debug/config", answer(200, body))) as server:
        with client_of(server) as client:
            assert client.debug_target().body == {}


# --- what every call carries -----------------------------------------------------------------------------------------


def test_every_call_carries_incident_number_and_runner_and_is_noted() -> None:
    def expected(number: int) -> dict[str, t.Optional[str]]:
        absent = dict.fromkeys(("Origin", "Referer", "Authorization", "Cookie"))
        return {"X-Request-ID": f"INC-1-{number}", "X-Admin-User": "shell:anna", **absent}

    script = (
        Exchange("GET", "/api/monitor/slo", answer(200, {}, Set_Cookie="a=b"), expected(1)),
        Exchange("POST", "/api/plc/disconnect", answer(500, {"error": "x"}), expected(2), {}),
        Exchange("GET", "/api/nope", answer(404, HTML), expected(3)),
    )
    with ScriptedServer(*script) as server, client_of(server) as client:
        before = datetime.datetime.now(datetime.timezone.utc)
        reply = client.slo()
        client.disconnect()
        call_fails(client, lambda c: c.get("/api/nope"))
        assert [(call["call"], call["status"], call["request_id"]) for call in client.calls] == [
            ("GET /api/monitor/slo", 200, "INC-1-1"),
            ("POST /api/plc/disconnect", 500, "INC-1-2"),
            ("GET /api/nope", 404, "INC-1-3"),
        ]
        assert all(0 <= call["elapsed_s"] < GENEROUS_S for call in client.calls)
        assert (reply.call, reply.status, reply.request_id) == ("GET /api/monitor/slo", 200, "INC-1-1")
        assert abs((datetime.datetime.fromisoformat(reply.at) - before).total_seconds()) < GENEROUS_S


def test_without_incident_the_prefix_is_random_and_constant() -> None:
    with ScriptedServer(*(Exchange("GET", STATUS, answer(200, {})) for dummy in range(3))) as server:
        with client_of(server, incident="") as first, client_of(server, incident="", runner="") as second:
            ids = [first.system_status().request_id, first.system_status().request_id, second.system_status().request_id]
        prefixes = [request_id.rpartition("-")[0] for request_id in ids]
        assert prefixes[0] == prefixes[1] != prefixes[2]
        assert "x-admin-user" not in server.requests[2]


def test_incident_and_runner_cannot_break_out_of_their_header() -> None:
    headers = {"X-Request-ID": "a??X-API-Key: b-1", "X-Admin-User": "J?rg", "X-API-Key": None}
    with ScriptedServer(Exchange("GET", STATUS, answer(200, {}), headers)) as server:
        with client_of(server, incident="a\r\nX-API-Key: b", runner="Jörg") as client:
            client.system_status()


def test_environment_proxies_and_netrc_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with ScriptedServer(Exchange("GET", STATUS, answer(200, {}), {"Authorization": None})) as server:
        with client_of(server) as client:
            client.system_status()


def test_a_proxy_of_its_own_is_used() -> None:
    with ScriptedServer(Exchange("GET", "http://10.255.0.1:5000" + STATUS, answer(200, {"via": 1}))) as proxy:
        with SupervisorClient("http://10.255.0.1:5000", proxy=proxy.url) as client:
            assert client.system_status().body == {"via": 1}


def test_a_path_prefix_is_kept() -> None:
    with ScriptedServer(Exchange("GET", "/hmi1" + STATUS, answer(200, {}))) as server:
        with SupervisorClient(server.url + "/hmi1/") as client:
            client.system_status()


# --- what a reply says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "ok", "text"),
    [
        (200, {"success": True, "message": "Verbunden"}, True, "Verbunden"),
        (200, {"status": "connected"}, True, ""),
        (201, {"success": True}, True, ""),
        (200, {"success": False, "error": "nein"}, False, "nein"),
        (200, {"status": "error", "message": "kaputt"}, False, "kaputt"),
        (500, {"error": "Verbindung fehlgeschlagen"}, False, "Verbindung fehlgeschlagen"),
        (503, {"error": "<b>Gate\nway</b>\u202e\x1b[31m", "message": "other"}, False, "Gate way [31m"),
        (500, {"error": {"code": 6}}, False, '{"code": 6}'),
        (500, {"error": "x" * 400}, False, "x" * 299 + "…"),
    ],
)
def test_ok_and_error_text_for_every_failure_shape(status, body, ok, text) -> None:
    with ScriptedServer(Exchange("POST", "/api/plc/connect", answer(status, body), body={})) as server:
        with client_of(server) as client:
            reply = client.post("/api/plc/connect", {})
            assert (reply.status, reply.ok, reply.error_text, reply.body) == (status, ok, text, body)


# --- keys ------------------------------------------------------------------------------------------------------------


def test_the_admin_key_stands_in_for_a_missing_operator_key() -> None:
    with ScriptedServer(Exchange("POST", "/p", answer(200, {}), {"X-API-Key": ADMIN}, {})) as server:
        with client_of(server, operator_key=None) as client:
            client.post("/p", {})


@pytest.mark.parametrize(
    ("keys", "call", "level"),
    [
        ({"operator_key": None, "admin_key": None}, lambda c: c.disconnect(), "operator"),
        ({"admin_key": None}, lambda c: c.service_info(), "admin"),
        ({"admin_key": ""}, lambda c: c.logs(), "admin"),
    ],
)
def test_a_missing_key_is_told_before_any_call(keys, call, level) -> None:
    with ScriptedServer() as server, client_of(server, **keys) as client:
        error = call_fails(client, call)
        assert (error.code, error.details["level"], client.calls) == ("supervisor.key_missing", level, [])
        assert level in error.message


@pytest.mark.parametrize("key", ["canary\r\nX-Evil: 1", "canary-ä", " canary", "canary\x00"])
def test_a_key_no_header_can_carry_is_refused_without_a_call_and_never_shown(key) -> None:
    with ScriptedServer() as server, client_of(server, operator_key=key) as client:
        error = call_fails(client, lambda c: c.disconnect())
        assert (error.code, error.details["key"], client.calls) == ("supervisor.key_refused", "operator", [])


@pytest.mark.parametrize(
    ("keys", "method", "level", "named"),
    [
        ({}, "POST", "operator", "operator"),
        ({"operator_key": None}, "POST", "operator", "admin"),
        ({}, "GET", "admin", "admin"),
        ({"admin_key": OPERATOR}, "POST", "operator", "operator"),
    ],
)
def test_401_names_the_level_needed_and_the_key_used(keys, method, level, named) -> None:
    body = {"success": False, "error": "unauthorized", "message": f"level of {OPERATOR} {ADMIN} too low"}
    with ScriptedServer(Exchange(method, "/p", answer(401, body), body={} if method == "POST" else None)) as server:
        with client_of(server, **keys) as client:
            call = (lambda c: c.post("/p", {})) if method == "POST" else (lambda c: c.get("/p", level="admin"))
            error = call_fails(client, call)
            assert (error.code, error.details["level"], error.details["key"]) == ("supervisor.key_refused", level, named)
            assert f"the {named} key" in error.message


def test_401_where_no_key_was_sent() -> None:
    error = get_fails(answer(401, HTML))
    assert (error.code, error.details["level"], error.details["key"]) == ("supervisor.key_refused", None, None)


# --- repeats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", [answer(503, {"error": "x"}), answer(502, HTML), answer(504, ""), reset], ids=["503", "502", "504", "reset"]
)
def test_a_read_is_repeated_and_each_attempt_has_its_own_number(bad, pauses) -> None:
    script = [Exchange("GET", STATUS, step, {"X-Request-ID": f"INC-1-{n}"}) for n, step in enumerate((bad, bad), 1)]
    with ScriptedServer(*script, Exchange("GET", STATUS, answer(200, {"n": 3}), {"X-Request-ID": "INC-1-3"})) as server:
        with client_of(server) as client:
            assert client.system_status().body == {"n": 3}
            assert len(client.calls) == 3
            assert len(pauses) == 2


def test_repeats_of_a_read_are_bounded_and_the_last_answer_counts(pauses) -> None:
    with ScriptedServer(*(Exchange("GET", STATUS, answer(503, {"error": "e"})) for dummy in range(3))) as server:
        with client_of(server) as client:
            assert client.system_status().status == 503
            assert len(pauses) == 2


def test_a_read_whose_repeats_all_break_off_fails_as_unreachable(pauses) -> None:
    with ScriptedServer(*(Exchange("GET", STATUS, reset) for dummy in range(3))) as server:
        with client_of(server) as client:
            error = call_fails(client, lambda c: c.system_status())
            assert (error.code, error.details["reason"]) == ("supervisor.unreachable", "reset")
            assert [call["status"] for call in client.calls] == [None] * 3
            assert all(call["elapsed_s"] >= 0 for call in client.calls)


@pytest.mark.parametrize("status", [500, 400, 404])
def test_a_read_is_not_repeated_for_other_answers(status, pauses) -> None:
    with ScriptedServer(Exchange("GET", STATUS, answer(status, {"error": "e"}))) as server, client_of(server) as client:
        if status == 500:
            assert client.system_status().status == 500
        else:
            assert call_fails(client, lambda c: c.system_status()).code == "supervisor.rejected"
        assert not pauses


def test_a_read_is_never_repeated_after_a_read_time_out(pauses) -> None:
    with ScriptedServer(Exchange("GET", STATUS, silence)) as server:
        with client_of(server, read_timeout=0.3) as client:
            error = call_fails(client, lambda c: c.system_status())
            assert (error.code, error.details["phase"]) == ("supervisor.timeout", "read")
            assert len(client.calls) == 1
            assert 0.25 <= client.calls[0]["elapsed_s"] < GENEROUS_S
            assert not pauses


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (reset, "supervisor.unreachable"),
        (silence, "supervisor.timeout"),
        (answer(502, HTML), "supervisor.not_json"),
        (answer(429, {"error": "rate_limited"}, Retry_After="0"), "supervisor.rate_limited"),
    ],
    ids=["reset", "silence", "502", "429"],
)
def test_a_command_is_never_repeated(bad, code, pauses) -> None:
    with ScriptedServer(Exchange("POST", "/api/plc/disconnect", bad, body={})) as server:
        with client_of(server, read_timeout=0.3 if bad is silence else GENEROUS_S) as client:
            assert call_fails(client, lambda c: c.disconnect()).code == code
            assert len(client.calls) == 1
            assert not pauses


def test_a_command_answered_503_is_returned_at_once(pauses) -> None:
    with ScriptedServer(Exchange("POST", "/p", answer(503, {"error": "no ffmpeg"}), body={})) as server:
        with client_of(server) as client:
            assert client.post("/p", {}).status == 503
            assert not pauses


def test_retry_after_is_honoured(pauses) -> None:
    script = (
        Exchange("GET", STATUS, answer(429, {"error": "rate_limited"}, Retry_After="3")),
        Exchange("GET", STATUS, answer(200, {})),
    )
    with ScriptedServer(*script) as server, client_of(server) as client:
        client.system_status()
        assert pauses == [3.0]


def test_a_long_retry_after_is_the_operators_decision(pauses) -> None:
    with ScriptedServer(Exchange("GET", STATUS, answer(429, {}, Retry_After="59"))) as server:
        with client_of(server) as client:
            error = call_fails(client, lambda c: c.system_status())
            assert (error.code, error.details["retry_after_s"]) == ("supervisor.rate_limited", 59.0)
            assert "59 s" in error.hint
            assert not pauses


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("", 1, 1), ("soon", 1, 1), ("-5", 0, 0), ("nan", 0, 86400), ("1e99", 86400, 86400), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)],
)
def test_retry_after_of_any_form_is_a_sane_number(value, least, most) -> None:
    assert least <= _supervisor_calls._retry_after(value) <= most


def test_retry_after_as_a_date() -> None:
    then = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert 90 <= _supervisor_calls._retry_after(then) <= 101


# --- playlists -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["#EXTM3U\n#EXT-X-VERSION:6\n", "", HTML, '{"a": 1}'])
def test_a_playlist_is_text_whatever_it_says_and_needs_no_key(content) -> None:
    exchange = Exchange("GET", "/static/hls/cam%201.m3u8", answer(200, content), {"X-API-Key": None})
    with ScriptedServer(exchange) as server, client_of(server) as client:
        reply = client.playlist("cam 1")
    assert reply.ok and reply.body == content


def test_bytes_that_are_no_text_are_no_exception() -> None:
    exchange = Exchange("GET", "/static/hls/c.m3u8", answer(200, b"#EXTM3U\n\xff\xfe"))
    with ScriptedServer(exchange) as server, client_of(server) as client:
        assert client.playlist("c").body == "#EXTM3U\n\ufffd\ufffd"


@pytest.mark.parametrize(("status", "code"), [(404, "supervisor.rejected"), (500, "supervisor.not_json")])
def test_a_playlist_that_is_not_there_is_an_error_with_its_status(status, code) -> None:
    with ScriptedServer(Exchange("GET", "/static/hls/c.m3u8", answer(status, HTML))) as server, client_of(server) as client:
        error = call_fails(client, lambda c: c.playlist("c"))
    assert (error.code, error.details["status"]) == (code, status)


@pytest.mark.parametrize("name", ["", ".", ".."])
@pytest.mark.parametrize("call", ["camera_start", "camera_stop", "playlist"])
def test_a_camera_that_would_be_another_path_is_not_asked_for(name, call) -> None:
    with ScriptedServer() as server, client_of(server) as client:
        assert call_fails(client, lambda c: getattr(c, call)(name)).code == "supervisor.value_invalid"


# --- bodies ----------------------------------------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


BAD_BODIES: dict[str, Behaviour] = {
    "web page": answer(200, HTML, Content_Type="text/html"),
    "empty": answer(200, ""),
    "truncated": answer(200, '{"status": "conn'),
    "trailing": answer(200, '{"a": 1} trailing'),
    "length too small": answer(200, {"a": 1}, Content_Length="4"),
    "length too large": answer(200, {"a": 1}, Content_Length="4000"),
    "bytes": answer(200, b"\x00\xff\xfe garbage \x80"),
    "claims gzip": answer(200, b"\x1f\x8b\x08\x00", Content_Encoding="gzip"),
    "gzip nobody asked for": answer(200, gzip.compress(b"{}"), Content_Encoding="gzip"),
    "too deep": answer(200, "[" * 200000 + "]" * 200000),
    "huge number": answer(200, '{"a": ' + "9" * 5000 + "}"),
    "list": answer(200, []),
    "null": answer(200, "null"),
    "text": answer(200, '"text"'),
    "number": answer(200, "12"),
    "500 web page": answer(500, HTML),
    "500 list": answer(500, []),
    "ssh": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "bad status": raw(b"HTTP/1.1 banana\r\n\r\n"),
    "zeros": raw(b"\x00" * 64),
    "endless header line": raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n{}"),
    "bad chunk": raw(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "cut chunk": raw(CHUNKED + b'5\r\n{"a":'),
}


@pytest.mark.parametrize("behaviour", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_one_sentence(behaviour) -> None:
    error = get_fails(behaviour)
    assert error.code == "supervisor.not_json"
    assert error.details["call"] == "GET " + STATUS


@pytest.mark.parametrize("length", [True, False], ids=["announced", "endless"])
def test_a_body_over_8_mb_is_not_read_to_its_end(length) -> None:
    head = "Content-Length: 900000000\r\n" if length else ""
    error = get_fails(drip(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), b" " * 4_000_000, 0.001))
    assert (error.code, error.details["status"]) == ("supervisor.not_json", 200)
    assert "8 MB" in error.message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"m": "Gerät"}'.encode("latin-1"), {"m": "Gerät"}),
        ('{"m": "Gerät"}'.encode("utf-16"), {"m": "Gerät"}),
        ('\ufeff{"m": "Gerät"}'.encode(), {"m": "Gerät"}),
        (b'{"m": NaN, "n": [Infinity, -Infinity]}', {"m": None, "n": [None, None]}),
        (b'{"m": "\\ud800x", "\\udfff": 1}', {"m": "?x", "?": 1}),
    ],
)
def test_odd_charsets_and_numbers_become_plain_data(content, expected) -> None:
    with ScriptedServer(Exchange("GET", STATUS, answer(200, content, Content_Type="text/html; charset=koi8-r"))) as server:
        with client_of(server) as client:
            body = client.system_status().body
            assert body == expected
            json.dumps(body, allow_nan=False, ensure_ascii=False).encode()


def test_a_chunked_body_is_read() -> None:
    with ScriptedServer(Exchange("GET", STATUS, raw(CHUNKED + b'5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n'))) as server:
        with client_of(server) as client:
            assert client.system_status().body == {"a": 1}


@pytest.mark.parametrize(
    "behaviour",
    [
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
        drip(CHUNKED, b"1\r\n \r\n"),
        drip(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        drip(b"", b"H"),
    ],
    ids=["body", "body of known length", "chunks", "headers", "status line"],
)
def test_an_endless_drip_ends_at_the_time_limit(behaviour) -> None:
    began = time.monotonic()
    error = get_fails(behaviour, read_timeout=0.4)
    assert (error.code, error.details["phase"]) == ("supervisor.timeout", "read")
    assert 0.35 <= time.monotonic() - began < GENEROUS_S


def test_a_time_out_does_not_spoil_the_next_call() -> None:
    with ScriptedServer(Exchange("GET", "/a", silence_until_gone), Exchange("GET", "/b", answer(200, {}))) as server:
        with client_of(server, read_retries=0) as client:
            assert call_fails(client, lambda c: c.get("/a", read_timeout=0.3)).code == "supervisor.timeout"
            assert client.get("/b").ok


def test_the_time_limit_of_one_call_does_not_reach_into_the_next() -> None:
    def late(sock: socket.socket, stop: t.Any) -> None:
        stop.wait(0.6)
        answer(200, {"late": True})(sock, stop)

    with ScriptedServer(Exchange("GET", "/a", answer(200, {})), Exchange("GET", "/b", late)) as server:
        with client_of(server) as client:
            client.get("/a", read_timeout=0.5)
            assert client.get("/b", read_timeout=GENEROUS_S).body == {"late": True}


def test_no_call_goes_out_on_a_connection_the_server_may_have_closed() -> None:
    kept: list[socket.socket] = []

    def keep_alive(sock: socket.socket, stop: t.Any) -> None:
        answer(200, {})(sock, stop)
        kept.append(sock.dup())

    with ScriptedServer(Exchange("GET", "/a", keep_alive), Exchange("POST", "/b", keep_alive, body={})) as server:
        with client_of(server, read_timeout=GENEROUS_S / 10) as client:
            client.get("/a")
            client.post("/b", {})
    for sock in kept:
        sock.close()


# --- statuses and paths ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 418])
@pytest.mark.parametrize("body", [{"success": False, "error": "plc_ip fehlt"}, HTML], ids=["json", "html"])
def test_a_rejected_call_tells_status_and_reason(status, body) -> None:
    error = get_fails(answer(status, body))
    reason = "plc_ip fehlt" if isinstance(body, dict) else ""
    assert (error.code, error.details["status"], error.details["error"]) == ("supervisor.rejected", status, reason)
    assert str(status) in error.message and reason in error.message


def test_secrets_echoed_in_an_error_are_masked() -> None:
    exchange = COMMANDS[1]
    answered = answer(400, {"error": f"bad password {PASSWORD} with key {OPERATOR}"})
    with ScriptedServer(Exchange("POST", exchange[2], answered, body=exchange[3])) as server:
        with client_of(server) as client:
            assert call_fails(client, exchange[1]).message.endswith("bad password *** with key ***")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_never_followed(status, method) -> None:
    with ScriptedServer() as elsewhere:
        answered = answer(status, HTML, Location=elsewhere.url + "/steal")
        with ScriptedServer(Exchange(method, "/p", answered, body={} if method == "POST" else None)) as server:
            with client_of(server) as client:
                call = (lambda c: c.post("/p", {})) if method == "POST" else (lambda c: c.get("/p", level="admin"))
                assert call_fails(client, call).code == "supervisor.redirected"


def test_refused(pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with SupervisorClient(f"http://127.0.0.1:{port}") as client:
        error = call_fails(client, lambda c: c.system_status())
        assert (error.code, error.details["reason"]) == ("supervisor.unreachable", "refused")


def test_a_host_that_drops_packets_is_a_connect_time_out() -> None:
    with socket.socket() as listener, socket.socket() as filler:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        filler.connect(listener.getsockname())  # the accept queue is full now: further SYNs are dropped
        with SupervisorClient(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=0.3) as client:
            error = call_fails(client, lambda c: c.system_status())
            assert (error.code, error.details["phase"]) == ("supervisor.timeout", "connect")
            assert len(client.calls) == 1


def test_a_host_name_nobody_knows(monkeypatch: pytest.MonkeyPatch, pauses) -> None:
    def unknown(*dummy: t.Any, **dummies: t.Any) -> t.NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with SupervisorClient("http://line9-hmi1:5000") as client:
        error = call_fails(client, lambda c: c.system_status())
        assert (error.code, error.details["reason"]) == ("supervisor.unreachable", "dns")


@pytest.mark.parametrize("host", ["a" * 80 + ".invalid", "b\u00fccher..invalid"])
def test_a_host_name_that_cannot_exist(host, pauses) -> None:
    with SupervisorClient(f"http://{host}") as client:
        error = call_fails(client, lambda c: c.system_status())
        assert (error.code, error.details["reason"]) == ("supervisor.unreachable", "url")
        assert not pauses


def test_https_to_a_plain_server_is_told_as_such(pauses) -> None:
    with ScriptedServer(Exchange("", "", raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"))) as server:
        with SupervisorClient(server.url.replace("http", "https"), read_retries=0) as client:
            error = call_fails(client, lambda c: c.system_status())
            assert (error.code, error.details["reason"]) == ("supervisor.unreachable", "tls")


def test_a_dead_proxy_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with SupervisorClient("http://10.255.0.1", proxy=f"http://127.0.0.1:{port}", read_retries=0) as client:
        error = call_fails(client, lambda c: c.system_status())
        assert (error.code, error.details["reason"]) == ("supervisor.unreachable", "proxy")


@pytest.mark.parametrize(
    "url",
    [
        "",
        None,
        5000,
        "10.0.0.1:5000",
        "ftp://10.0.0.1",
        "http://",
        "http://canary:canary@10.0.0.1",
        "http://10.0.0.1:port",
        "http://10.0.0.1:0",
        "http://10.0.0.1:99999",
        "http://10.0.0.1/?api_key=canary",
        "http://10.0.0.1/#canary",
        "http://10.0.0.1 .invalid",
        "http://10.0.0.1\\@evil.invalid",
        "http://[::1",
    ],
)
def test_a_malformed_url_is_told_without_showing_it(url) -> None:
    with pytest.raises(SupervisorError) as caught:
        SupervisorClient(url)
    assert caught.value.code == "supervisor.url_invalid"
    assert "canary" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("value", [float("nan"), datetime.date(2026, 1, 1), {1, 2}])
def test_a_value_json_cannot_hold_is_not_sent(value) -> None:
    with ScriptedServer() as server, client_of(server) as client:
        assert call_fails(client, lambda c: c.write("v", value, "plc_001")).code == "supervisor.value_invalid"


def test_a_missing_library_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(SupervisorError) as caught:
        SupervisorClient("http://127.0.0.1:5000")
    assert caught.value.code == "library.missing"
    assert "pip install requests" in caught.value.hint


def test_no_answer_leaves_a_thread_behind() -> None:
    with ScriptedServer(*(Exchange("GET", STATUS, answer(200, {})) for dummy in range(5))) as server:
        with client_of(server) as client:
            for dummy in range(5):
                client.system_status()
    limit = time.monotonic() + GENEROUS_S
    while any(isinstance(thread, threading.Timer) for thread in threading.enumerate()):
        assert time.monotonic() < limit, "a watchdog outlives its call"
        time.sleep(0.01)


def test_the_limit_is_eight_megabytes() -> None:
    assert _http.MAX_BODY == 8 * 1024 * 1024


# --- an end for all calls together -----------------------------------------------------------------------------------


def test_no_call_goes_on_after_the_end_of_all(pauses: list[float]) -> None:
    """A supervisor that sends a byte now and then, and a time-out far away: the end that was set counts."""
    head = b"HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n"
    with ScriptedServer(Exchange("GET", STATUS, drip(head, b" "))) as server:
        with client_of(server, read_timeout=GENEROUS_S, ends_at=time.monotonic() + 0.5) as client:
            error = call_fails(client, lambda c: c.system_status())
            assert (error.code, error.details["phase"]) == ("supervisor.timeout", "read")
            late = call_fails(client, lambda c: c.slo())
    assert (late.code, late.details["phase"], len(client.calls)) == ("supervisor.timeout", "before", 1)
    assert late.message == f"The time was up before GET /api/monitor/slo could be sent to {server.url}."
    assert pauses == []


def test_slow_connection_does_not_move_the_end() -> None:
    """The time for the answer begins with the connection; the end does not."""
    transport = _http.Transport()
    with ScriptedServer(Exchange("GET", STATUS, silence_until_gone)) as server:
        with pytest.raises(_http.HttpFailure) as caught:
            limits = (GENEROUS_S, GENEROUS_S, time.monotonic() + 0.3)
            transport.exchange("GET", server.url + STATUS, {}, None, None, *limits)
    assert caught.value.kind == "read_timeout" and caught.value.elapsed_s < GENEROUS_S


def test_connection_that_is_not_accepted_ends_with_all_calls() -> None:
    with dropping() as url:
        client = SupervisorClient(url, connect_timeout=GENEROUS_S, ends_at=time.monotonic() + 0.3)
        error = call_fails(client, lambda c: c.system_status())
    assert (error.code, error.details["phase"]) == ("supervisor.timeout", "connect") and "within 0." in error.message


def test_end_of_all_calls_does_not_lengthen_a_time_out() -> None:
    with ScriptedServer(Exchange("GET", STATUS, silence_until_gone)) as server:
        with client_of(server, read_timeout=0.3, ends_at=time.monotonic() + 1000 * GENEROUS_S) as client:
            assert "within 0.3 s" in call_fails(client, lambda c: c.system_status()).message
