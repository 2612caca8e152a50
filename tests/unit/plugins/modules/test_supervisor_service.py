# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""supervisor_service against a scripted supervisor: one restart, and no word believed that no other pid proves."""

from __future__ import annotations

import time
import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.modules import supervisor_service  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import (  # noqa: E402
    Behaviour,
    Exchange,
    ScriptedServer,
    answer,
    reset,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    ADMIN,
    FAILED,
    OK,
    REFUSED_KEY,
    calls_in,
    no_answer,
    params_of,
    play,
    status,
)

OLD, NEW = 812, 1044
PATHS = {"app": "/api/admin/service/restart", "daemon": "/api/admin/service/restart-daemon"}
HTML = answer(200, "<html>Anmeldung</html>")
#: Two looks fit into the window: one after 20 s, one after 40 s of a clock that only sleeping moves.
WINDOW = {"poll": 20.0, "window_s": 50.0}


class Clock:
    """Time in which sleeping takes none."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.naps.append(seconds)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(supervisor_service, "time", fake)
    return fake


def info(pid: t.Any = OLD, reply: Behaviour | None = None, **facts: t.Any) -> Exchange:
    body = {"pid": pid, "args": ["start_web_hmi.py"], "is_restarted": False, "is_container_runtime": False, **facts}
    return Exchange("GET", "/api/admin/service/info", reply or answer(200, body), {"X-API-Key": ADMIN})


def restart(reply: Behaviour = OK, method: str = "app", delay: int = 2) -> Exchange:
    return Exchange("POST", PATHS[method], reply, {"X-API-Key": ADMIN}, {"delay": delay})


def made(*script: Exchange, **options: t.Any) -> dict[str, t.Any]:
    result = play(supervisor_service, *script, **{**WINDOW, **options})
    assert {"requested", "original", "reached", "latency_s", "verified", "changed", "diff", "seen_down", "reasons"} <= set(result)
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    original, reached = ((result[name] or {}).get("pid") for name in ("original", "reached"))
    return original, reached, result["changed"], result["verified"]


def codes(result: dict[str, t.Any]) -> list[str]:
    return [reason["code"] for reason in result["reasons"]]


@pytest.mark.parametrize("method", ["app", "daemon"])
def test_another_process_that_is_healthy_is_the_proof(method: str) -> None:
    result = made(info(), restart(method=method), info(), info(NEW), status(), method=method)
    assert summary(result) == (OLD, NEW, True, True) and not result.get("failed")
    assert result["requested"] == {"state": "restarted", "method": method, "delay": 2}
    assert (result["seen_down"], result["reasons"]) == (False, [])
    assert calls_in(result)[1] == f"POST {PATHS[method]}"


@pytest.mark.parametrize("meanwhile", [reset, answer(200, "<html>"), FAILED, answer(404, {}), answer(429, {})])
def test_what_a_supervisor_says_while_it_starts_is_no_failure(meanwhile: Behaviour) -> None:
    result = made(info(), restart(), info(reply=meanwhile), info(NEW), status())
    assert summary(result) == (OLD, NEW, True, True) and result["seen_down"] is True


def test_health_counts_too() -> None:
    result = made(info(), restart(), info(NEW), status(reply=FAILED), info(NEW), status())
    assert summary(result) == (OLD, NEW, True, True)
    result = made(info(), restart(), info(NEW), status(reply=FAILED), info(NEW), status(reply=FAILED))
    assert result["failure"]["code"] == "restart.unhealthy" and summary(result) == (OLD, NEW, True, False)


def test_looks_are_never_closer_than_half_a_second(clock: Clock) -> None:
    made(info(), restart(), info(), info(NEW), status(), poll=0.01)
    assert clock.naps == [0.5, 0.5]


def test_every_restart_has_an_idempotency_key_of_its_own() -> None:
    keys: set[str] = set()
    for dummy in range(2):
        with ScriptedServer(info(), restart(), info(NEW), status()) as server:
            params = params_of(supervisor_service, url=server.url, admin_key=ADMIN, **WINDOW)
            supervisor_service.run(params, False)
            keys |= {request["idempotency-key"] for request in server.requests if "idempotency-key" in request}
    assert len(keys) == 2 and all(keys)


# method, service/info before, options, then the reasons told
NO_EFFECT: list[tuple[str, dict[str, t.Any], dict[str, t.Any], list[str]]] = [
    ("app", {}, {}, ["unknown"]),
    ("daemon", {}, {}, ["unknown"]),
    ("daemon", {"args": ["x", "--host", "127.0.0.1"]}, {}, ["bound_elsewhere"]),
    ("daemon", {"is_restarted": True}, {}, ["stale_pid_file"]),
    ("daemon", {}, {"supervisor_dir": "/opt/supervisor"}, ["not_shipped_directory"]),
    ("app", {"is_container_runtime": True}, {}, ["container"]),
    ("app", {}, {"main_pid": 35}, ["unit_owns_pid"]),
]


@pytest.mark.parametrize(("method", "facts", "options", "expected"), NO_EFFECT)
def test_old_process_at_the_end_is_no_effect_with_its_reasons(
    method: str, facts: dict[str, t.Any], options: dict[str, t.Any], expected: list[str]
) -> None:
    """Quirk 11: the answer was success."""
    result = made(info(**facts), restart(method=method), info(), info(), method=method, **options)
    assert result["failed"] and result["failure"]["code"] == "restart.no_effect"
    assert summary(result) == (OLD, OLD, True, False) and codes(result) == expected
    assert result["reasons"][0]["sentence"] in result["failure"]["message"]


def test_script_that_is_missing_is_told_at_once() -> None:
    refused = answer(400, {"success": False, "error": "Control-Script nicht gefunden: /opt/supervisor/scripts/web_server_ctl.sh"})
    result = made(info(), restart(refused, "daemon"), method="daemon")
    assert (result["failure"]["code"], codes(result)) == ("restart.no_effect", ["script_missing"])
    assert summary(result) == (OLD, OLD, False, False) and "web_server_ctl.sh" in result["failure"]["message"]
    result = made(info(is_container_runtime=True), restart(refused, "daemon"), method="daemon")
    assert codes(result) == ["container"]


def test_full_disk_is_told_at_once() -> None:
    """SUPERVISOR_SYSTEMD 34: nothing is restarted then."""
    result = made(info(), restart(answer(500, {"success": False, "error": "database or disk is full"})))
    assert (result["failure"]["code"], codes(result)) == ("restart.no_effect", ["disk_full"])
    assert summary(result) == (OLD, OLD, False, False)


@pytest.mark.parametrize("reply", [reset, no_answer, answer(200, "<html>"), FAILED, answer(503, {"error": "x"})])
def test_lost_or_bad_answer_is_followed_by_watching_the_process(reply: Behaviour) -> None:
    result = made(info(), restart(reply), info(), info(NEW), status(), read_timeout=0.5)
    assert summary(result) == (OLD, NEW, True, True)
    result = made(info(), restart(reply), info(), info(), read_timeout=0.5)
    assert (result["failure"]["code"], codes(result), summary(result)) == (
        "restart.no_effect",
        ["unknown"],
        (OLD, OLD, True, False),
    )


@pytest.mark.parametrize("meanwhile", [reset, HTML, FAILED])
def test_nothing_at_the_end_is_not_back(meanwhile: Behaviour) -> None:
    result = made(info(), restart(), info(), info(reply=meanwhile))
    assert result["failure"]["code"] == "restart.not_back" and "52 s" in result["failure"]["message"]
    assert summary(result) == (OLD, None, True, False)


def test_key_that_is_refused_afterwards_is_told_as_that() -> None:
    result = made(info(), restart(), info(reply=REFUSED_KEY), info(reply=REFUSED_KEY))
    assert result["failure"]["code"] == "supervisor.key_refused" and summary(result) == (OLD, None, True, False)


# What is asked and said before anything is restarted, and the client's own code.
BEFORE: list[tuple[list[Exchange], str]] = [
    ([info(reply=REFUSED_KEY)], "supervisor.key_refused"),
    ([info(reply=HTML)], "supervisor.not_json"),
    ([info(reply=FAILED)], "supervisor.failed"),
    ([info(pid=None)], "supervisor.failed"),
    ([info(), restart(REFUSED_KEY)], "supervisor.key_refused"),
    ([info(), restart(answer(400, {"error": "x"}))], "supervisor.rejected"),
    ([info(), restart(answer(429, {}))], "supervisor.rate_limited"),
]


@pytest.mark.parametrize(("script", "code"), BEFORE, ids=[f"{len(row[0])} {row[1]}" for row in BEFORE])
def test_what_keeps_a_restart_from_being_sent_is_the_clients_own_error(script: list[Exchange], code: str) -> None:
    result = made(*script)
    assert result["failure"]["code"] == code and result["changed"] is False and result["verified"] is False


@pytest.mark.parametrize("delay", ["abc", 0, 99, -1, 1.5, True, None])
@pytest.mark.parametrize("check_mode", [False, True])
def test_delay_the_supervisor_would_clamp_is_refused_before_anything_is_asked(delay: t.Any, check_mode: bool) -> None:
    result = made(delay=delay, check_mode=check_mode)
    assert result["failure"]["code"] == "restart.delay_invalid" and result["calls"] == [] and result["changed"] is False


def test_delay_is_sent_as_a_number() -> None:
    made(info(), restart(delay=5), info(NEW), status(), delay="5")


def test_admin_key_is_needed() -> None:
    result = made(admin_key=None)
    assert result["failure"]["code"] == "supervisor.key_missing" and result["changed"] is False


def test_check_mode_only_reads_and_says_what_speaks_against_it() -> None:
    result = made(info(is_restarted=True), method="daemon", check_mode=True)
    assert summary(result) == (OLD, None, True, False) and codes(result) == ["stale_pid_file"] and not result.get("failed")
