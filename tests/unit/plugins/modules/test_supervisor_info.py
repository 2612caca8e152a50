# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""supervisor_info against a scripted supervisor: what is asked, what is kept of it, and what is not observed."""

from __future__ import annotations

import functools
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _supervisor_calls  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import Reply, SupervisorClient  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import supervisor_info  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import Exchange, answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    ADMIN,
    OPERATOR,
    PLC,
    REFUSED_KEY,
    ads_error,
    calls_in,
    no_answer,
    own_net_id,
    params_of,
    play,
    route_test,
    status,
    target,
)


def get(path: str, body: t.Any, key: str | None = None) -> Exchange:
    return Exchange("GET", path, answer(200, body), {"X-API-Key": key})


SLO = get(
    "/api/monitor/slo", {"status": "degraded", "alerts": [{"name": "api_availability", "severity": "x"}], "metrics": {}}
)
STREAMS = get("/api/monitor/streams", {"streams": {"cam1": {"running": True}}})
VERSIONS = get("/api/system/versioning", {"api_version": "v1"})
SERVICE = get("/api/admin/service/info", {"success": True, "pid": 812}, ADMIN)
LOGS = get("/api/admin/logs?filter=all&limit=50", [{"id": 1, "message": "Start"}], ADMIN)
CONFIG = get("/api/plc/config", {"plc_configs": {"plc_001": {"name": "Press"}}, "active_plc": "plc_001"})
STATUS = status(True, "closed")


def test_all_but_the_route_test_by_default_in_one_task() -> None:
    result = play(supervisor_info, STATUS, SLO, STREAMS, VERSIONS, SERVICE, LOGS, CONFIG, target(), own_net_id())
    assert result["changed"] is False and result["not_observed"] == {} and "route_test" not in result
    assert result["status"] == {
        "plc_connected": True, "breakers": {"plc:plc_001:write": "closed"}, "rejected": {"plc:plc_001:write": 0}}
    assert result["slo"] == {"status": "degraded", "alerts": ["api_availability"]}
    assert result["streams"] == {"cam1": {"running": True}}
    assert result["service"]["pid"] == 812 and result["logs"] == [{"id": 1, "message": "Start"}]
    assert result["plc_config"]["stored"]["active_plc"] == "plc_001"
    assert result["plc_config"]["target"] == {"plc_ams_net_id": "10.0.0.2.1.1", "plc_ams_port": 851}
    assert result["route_status"]["local_ams_net_id"] == "10.0.0.1.1.1" and result["observed_at"].endswith("Z")


@pytest.mark.parametrize("check_mode", [False, True])
def test_subset_asks_for_nothing_else_in_check_mode_too(check_mode: bool) -> None:
    result = play(supervisor_info, STATUS, check_mode=check_mode, gather_subset=["status"])
    assert set(result) == {"changed", "observed_at", "not_observed", "status", "calls", "supervisor_seconds"}
    assert calls_in(result) == ["GET /api/system/status"]


def test_log_limit_is_sent() -> None:
    logs = get("/api/admin/logs?filter=all&limit=7", [], ADMIN)
    assert play(supervisor_info, logs, gather_subset=["logs"], log_limit=7)["logs"] == []


def test_missing_admin_key_is_named_and_the_rest_is_observed() -> None:
    result = play(
        supervisor_info, STATUS, VERSIONS, admin_key=None, gather_subset=["status", "service", "logs", "versions"]
    )
    assert set(result["not_observed"]) == {"service", "logs"} and result["versions"] == {"api_version": "v1"}
    assert {failure["code"] for failure in result["not_observed"].values()} == {"supervisor.key_missing"}


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(404, {"error": "no"}), "supervisor.rejected"),
        (answer(500, {"error": "kaputt"}), "supervisor.failed"),
        (answer(200, {"status": "error", "message": "kaputt"}), "supervisor.failed"),
        (answer(200, "<html>"), "supervisor.not_json"),
        (REFUSED_KEY, "supervisor.key_refused"),
        (answer(302, "", Location="http://elsewhere"), "supervisor.redirected"),
    ],
)
def test_what_one_subset_does_not_give_another_may(reply: t.Any, code: str) -> None:
    result = play(supervisor_info, status(reply=reply), VERSIONS, gather_subset=["status", "versions"])
    assert result["not_observed"]["status"]["code"] == code and "status" not in result
    assert result["versions"] == {"api_version": "v1"}


def test_supervisor_that_does_not_answer_is_asked_once_and_all_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine subsets of a dead supervisor must not take nine time-outs."""
    monkeypatch.setattr(_supervisor_calls.time, "sleep", lambda seconds: None)
    result = play(supervisor_info, status(reply=no_answer), read_timeout=0.3)
    assert len(result["not_observed"]) == 8 and {item["code"] for item in result["not_observed"].values()} == {
        "supervisor.timeout"
    }
    refused = play(supervisor_info, status(reply=reset), status(reply=reset), status(reply=reset))
    assert {item["code"] for item in refused["not_observed"].values()} == {"supervisor.unreachable"}
    assert not refused.get("failed") and "status" not in refused


# --- what the checklist asks for by name -----------------------------------------------------------------------------

ROWS = get(
    "/api/admin/logs?filter=all&limit=500",
    [
        {"id": 9, "level": "WARNING", "module": "StreamManager", "message": "recovery failed"},
        {"id": 8, "level": "AUDIT", "message": '{"action": "logs_cleared", "actor": "anna", "details": {}}'},
    ],
    ADMIN,
)
RESTARTS = get("/api/admin/logs?filter=restart&limit=7", [{"id": 5, "message": "restart"}], ADMIN)


def test_log_excerpt_asks_with_the_filter_that_works() -> None:
    """Quirk 1: `?type=restart`, as the playbook has it, is ignored and returns everything."""
    found = play(supervisor_info, ROWS, RESTARTS, gather_subset=["log_excerpt"], log_limit=7)["log_excerpt"]
    assert [row["id"] for kind in ("restarts", "streams", "audits") for row in found[kind]] == [5, 9, 8]
    assert (found["audits"][0]["action"], found["audits"][0]["actor"]) == ("logs_cleared", "anna")


def test_restart_errors_ask_with_the_filter_that_works() -> None:
    failed = get("/api/admin/logs?filter=restart_error&limit=3", [{"id": 6, "level": "WARNING", "message": "Restart failed"}], ADMIN)
    found = play(supervisor_info, failed, gather_subset=["restart_errors"], log_limit=3)["restart_errors"]
    assert found == [{"at": None, "id": 6, "level": "WARNING", "module": None, "message": "Restart failed"}]


def test_chain_that_holds_takes_one_call_and_a_broken_one_two() -> None:
    verify = functools.partial(get, "/api/admin/logs/verify", key=ADMIN)
    good = play(supervisor_info, verify({"ok": True, "checked": 3, "broken_at_id": None}), gather_subset=["log_chain"])
    assert good["log_chain"]["verdict"] == "ok"
    broken = verify({"ok": False, "checked": 5, "broken_at_id": 8})
    bad = play(supervisor_info, broken, ROWS, gather_subset=["log_chain"])
    assert bad["log_chain"]["verdict"] == "tampering_suspected"
    nobody = play(supervisor_info, gather_subset=["log_chain", "log_excerpt"], admin_key=None)
    assert {failure["code"] for failure in nobody["not_observed"].values()} == {"supervisor.key_missing"}


def test_slo_detail_keeps_what_tells_our_own_share() -> None:
    alerts = [{"name": "api_availability_below_target", "value": 0.9, "target": 0.995}]
    told = {"status": "degraded", "alerts": alerts, "targets": {"x": 1}}
    body = {**told, "sli": {"api": {"errors_5xx": 1}, "streams": {}}}
    found = play(supervisor_info, get("/api/monitor/slo", body), gather_subset=["slo_detail"])["slo_detail"]
    assert found == {**told, "api": {"errors_5xx": 1}, "streams": {}}


OTHER = {"ip_address": "10.0.0.3", "ams_net_id": "10.0.0.3.1.1", "ams_port": 801}


def test_route_test_of_each_plc_by_name() -> None:
    plcs = [{"id": "plc_001", **PLC}, {"id": "plc_002", **OTHER}]
    script = [route_test(), route_test(ads_error(1861), plc=OTHER)]
    result = play(supervisor_info, *script, gather_subset=["route_test"], plcs=plcs)
    assert {name: test["success"] for name, test in result["route_test"].items()} == {"plc_001": True, "plc_002": False}
    assert result["route_test"]["plc_002"]["error"] == "ADSError: some words (1861)."


def test_ams_port_is_always_sent() -> None:
    """SUPERVISOR_API §4: the supervisor's own default is 801, wrong for TC3."""
    play(
        supervisor_info,
        route_test(),
        gather_subset=["route_test"],
        plcs=[{"id": "p", "ip_address": "10.0.0.2", "ams_net_id": "10.0.0.2.1.1"}],
    )


def test_route_test_that_blocks_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        SupervisorClient, "route_test", functools.partialmethod(SupervisorClient.route_test, read_timeout=0.3)
    )
    result = play(supervisor_info, route_test(no_answer), gather_subset=["route_test"], plcs=[{"id": "p", **PLC}])
    assert result["route_test"]["p"]["blocked"] is True and result["not_observed"] == {}


# --- whatever a supervisor says --------------------------------------------------------------------------------------

KEYS = ["plc", "connected", "circuit_breakers", "state", "alerts", "name", "streams", "success", "status", "config"]
KEYS += ["ok", "sli"]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


class Parrot:
    """A client whose every read is answered with the same body."""

    calls: t.ClassVar[list[t.Any]] = []

    def __init__(self, body: t.Any) -> None:
        self._body = body

    def __enter__(self) -> Parrot:
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        pass

    def __getattr__(self, name: str) -> t.Callable[..., Reply]:
        return lambda *dummy, **options: Reply(name, 200, self._body, {}, 0.0, "", "")


@given(body=JUNK.filter(lambda body: isinstance(body, dict)))
@settings(deadline=None)
def test_answers_of_any_shape_are_no_traceback(body: t.Any) -> None:
    subsets = supervisor_info.ARGUMENT_SPEC["gather_subset"]["choices"]
    params = params_of(supervisor_info, url="http://127.0.0.1:1", gather_subset=subsets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor_info, "client_of", lambda params: Parrot(body))
        result = supervisor_info.run(params, False)
    assert {*result["not_observed"], *result} >= set(params["gather_subset"])


def test_an_address_that_cannot_be_used_is_told() -> None:
    with pytest.raises(LineopsError, match="is not a URL"):
        supervisor_info.run(params_of(supervisor_info, url="10.0.0.1:5000"), False)


# --- keys and clock --------------------------------------------------------------------------------------------------

NO_PLC = answer(400, {"success": False, "error": "plc_ip fehlt"})
SERVICE_PATH = "/api/admin/service/info"


def refused(why: str) -> Exchange | t.Any:
    return answer(401, {"success": False, "error": "unauthorized", "message": why})


def door(reply: t.Any, key: str | None) -> Exchange:
    """The call that needs an operator key and does nothing: it names no PLC."""
    return Exchange("POST", "/api/plc/ads/route/test", reply, {"X-API-Key": key}, {})


def service(reply: t.Any) -> Exchange:
    return Exchange("GET", SERVICE_PATH, reply, {"X-API-Key": ADMIN})


TOO_LOW, NO_KEY = refused("API-Key Level zu niedrig (benötigt: operator)"), refused("API-Key fehlt (Header X-API-Key)")
TAKEN = {"answer": "accepted", "why": ""}


@pytest.mark.parametrize(
    ("operator", "admin", "none", "expected"),
    [
        (NO_PLC, answer(200, {"pid": 1}), NO_KEY, (TAKEN, TAKEN, {"answer": "refused", "why": "missing"})),
        (TOO_LOW, refused("API-Key abgelaufen"), NO_KEY,
         ({"answer": "refused", "why": "level"}, {"answer": "refused", "why": "expired"}, {"answer": "refused", "why": "missing"})),
        (refused("API-Key ungültig"), refused("API-Key deaktiviert"), refused("new words"),
         ({"answer": "refused", "why": "wrong"}, {"answer": "refused", "why": "disabled"}, {"answer": "refused", "why": ""})),
        (NO_PLC, answer(200, {"pid": 1}), NO_PLC, (TAKEN, TAKEN, TAKEN)),
    ],
)  # fmt: skip
def test_keys_are_proven_by_calls_that_do_nothing(operator: t.Any, admin: t.Any, none: t.Any, expected: t.Any) -> None:
    result = play(supervisor_info, door(operator, OPERATOR), service(admin), door(none, None), gather_subset=["keys"])
    assert tuple(result["keys"][name] for name in ("operator", "admin", "none")) == expected and result["not_observed"] == {}


def test_key_that_was_not_given_is_not_stood_in_for_by_the_other() -> None:
    result = play(supervisor_info, door(NO_KEY, None), gather_subset=["keys"], operator_key=None, admin_key=None)
    assert result["keys"]["operator"] == result["keys"]["admin"] == {"answer": "missing", "why": ""}


def test_answer_that_tells_nothing_of_a_key_leaves_keys_not_observed() -> None:
    result = play(supervisor_info, door(answer(404, {"error": "x"}), OPERATOR), gather_subset=["keys"])
    assert "keys" not in result and result["not_observed"]["keys"]["code"] == "supervisor.rejected"


def test_clock_of_the_supervisor() -> None:
    body = {"plc": {"connected": True}, "timestamp_utc": "2026-11-23T03:46:24.820519Z"}
    clock = play(supervisor_info, get("/api/system/status", body), gather_subset=["clock"])["clock"]
    assert clock["told"] == body["timestamp_utc"] and clock["asked_at"].endswith("+00:00") and clock["elapsed_s"] >= 0


@pytest.mark.parametrize("name", ["wait_s", "answer_within_s"])
@pytest.mark.parametrize("seconds", [-1, 3601, float("nan")])
def test_wait_has_limits(name: str, seconds: float) -> None:
    with pytest.raises(LineopsError, match=f"{name} is"):
        supervisor_info.run(params_of(supervisor_info, url="http://127.0.0.1:9", **{name: seconds}), False)


def test_first_question_comes_after_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A healed state counts once it has stood for a while: what is asked at once shows nothing."""
    done: list[t.Any] = []
    monkeypatch.setattr(supervisor_info.time, "sleep", done.append)
    monkeypatch.setattr(supervisor_info, "observe", lambda *dummy: (done.append("asked"), ({}, []))[1])
    supervisor_info.run(params_of(supervisor_info, url="http://127.0.0.1:9", wait_s=1.5), False)
    assert done == [1.5, "asked"]
