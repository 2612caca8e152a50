# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The admin log and the SLO figures, judged on what a real supervisor answered (recordings)."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._admin_log import (
    MAX_ROWS,
    chain_verdict,
    excerpt,
    slo_share,
)

RECORDINGS = Path(__file__).resolve().parents[3] / "data" / "recordings"


def recorded(name: str) -> t.Any:
    """The body a supervisor answered with."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["response"]["body"]


# --- the excerpt -----------------------------------------------------------------------------------------------------


def test_excerpt_of_recorded_rows() -> None:
    found = excerpt(recorded("admin_logs_filter_unknown"), recorded("admin_logs_filter_restart"), 3)
    assert [row["id"] for row in found["restarts"]] == [19, 18, 17]
    assert found["restarts"][0] == {
        "at": "2026-11-23T03:33:40.376781+00:00",
        "id": 19,
        "level": "WARNING",
        "module": "ServiceManager",
        "message": "WARNING [ServiceManager] 🔄 SYSTEM RESTART INITIATED via Web-Admin",
    }
    assert found["audits"][0] == {
        "at": "2026-11-23T03:33:39.266567+00:00",
        "id": 16,
        "action": "service_restart_scheduled",
        "actor": "127.0.0.1",
        "request_id": "927f8bae9b9c4824adacf57b533206b8",
        "details": {"delay_seconds": 1, "request_id": "927f8bae9b9c4824adacf57b533206b8"},
    }
    assert (found["rows_seen"], found["streams"]) == (21, [])
    assert found["oldest_seen_at"] == recorded("admin_logs_filter_unknown")[-1]["timestamp"]


def test_rejected_daemon_restart_is_seen_with_actor_and_request() -> None:
    rows, restarts = "admin_logs_type_restart_error_ignored", "admin_logs_filter_restart_error_hit"
    found = excerpt(recorded(rows), recorded(restarts), 50)
    assert "daemon_restart_rejected" in [audit["action"] for audit in found["audits"]]


STREAM_ROWS = [
    {"id": 40, "level": "ERROR", "module": "StreamManager", "message": "Stream recovery escalated for cam1"},
    {"id": 39, "level": "WARNING", "module": "StreamManager", "message": "Stream recovery failed for cam1"},
]


def test_stream_trouble_is_found_by_its_module() -> None:
    """Quirk 2: no filter of the supervisor shows these rows, and the word restart is not in them."""
    rows = [*STREAM_ROWS, *recorded("admin_logs_filter_unknown")]
    assert [row["id"] for row in excerpt(rows, [], 50)["streams"]] == [40, 39]
    assert [row["id"] for row in excerpt(rows, [], 1)["streams"]] == [40]


@pytest.mark.parametrize("message", ["not json", "[1]", "null", None, 5, "[" * 100_000, '{"details": [1]}'])
def test_audit_row_that_is_no_json_object_is_not_lost(message: t.Any) -> None:
    (audit,) = excerpt([{"id": 1, "level": "AUDIT", "module": "audit", "message": message}], [], 5)["audits"]
    assert audit["id"] == 1 and audit["action"] is None and audit["request_id"] is None


def test_text_of_the_plant_stays_as_it_is() -> None:
    evil = "{{ 1/0 }} <script>alert(1)</script>"
    assert excerpt([], [{"message": evil}], 5)["restarts"][0]["message"] == evil


# --- the hash chain --------------------------------------------------------------------------------------------------


def after_retention(keep: int = 100, newest: int = 113, **first: t.Any) -> list[dict[str, t.Any]]:
    """Rows, newest first, of which the oldest points to a row that is gone."""
    numbers = range(newest - keep + 1, newest + 1)
    rows = [{"id": number, "prev_hash": f"h{number - 1}", "entry_hash": f"h{number}"} for number in numbers]
    rows[0].update(first)
    return rows[::-1]


RETAINED = recorded("admin_logs_verify_after_retention")


@pytest.mark.parametrize("name", ["admin_logs_verify", "admin_logs_verify_after", "admin_logs_verify_limit"])
def test_chain_that_holds(name: str) -> None:
    verdict = chain_verdict(recorded(name), [])
    assert (verdict["verdict"], verdict["checked"]) == ("ok", recorded(name)["checked"])


def test_retention_is_not_taken_for_tampering() -> None:
    """Quirk 21, as recorded: logs/clear kept 100 rows and removed 13, so the first row is 14."""
    assert chain_verdict(RETAINED, after_retention()) == {
        "verdict": "retention",
        "checked": 1,
        "broken_at_id": 14,
        "oldest_id": 14,
        "linked_rows": 100,
    }


def test_recorded_rows_are_linked() -> None:
    rows = recorded("admin_logs_filter_unknown")
    verdict = chain_verdict({"ok": False, "checked": 1, "broken_at_id": 4}, rows[:-3])
    assert (verdict["verdict"], verdict["linked_rows"]) == ("retention", 18)


def test_retention_does_not_hide_what_was_changed_behind_it() -> None:
    """The supervisor's own check ends at the first row, so after retention it never sees this."""
    rows = after_retention()
    del rows[40]
    verdict = chain_verdict(RETAINED, rows)
    assert (verdict["verdict"], verdict["linked_rows"], verdict["broken_at_id"]) == ("tampering_suspected", 40, 74)


@pytest.mark.parametrize(
    ("verified", "rows"),
    [
        ({"ok": False, "checked": 7, "broken_at_id": 20}, after_retention()),
        ({"ok": False, "checked": 7, "broken_at_id": 20}, after_retention(MAX_ROWS, 20_000)),
        ({"ok": False, "checked": 1, "broken_at_id": 1}, after_retention(3, 3, prev_hash="")),
        ({"ok": False, "checked": 1, "broken_at_id": 15}, after_retention()),
        ({"ok": False, "checked": None, "broken_at_id": 14}, after_retention()),
    ],
    ids=["in the middle", "in the middle of a long log", "the very first row", "another than the oldest", "no count"],
)
def test_what_retention_does_not_explain_is_tampering(verified: t.Any, rows: t.Any) -> None:
    assert chain_verdict(verified, rows)["verdict"] == "tampering_suspected"


def test_oldest_row_of_a_long_log_is_out_of_sight() -> None:
    rows = after_retention(MAX_ROWS, 20_000)
    verdict = chain_verdict({"ok": False, "checked": 1, "broken_at_id": 14}, rows)
    assert (verdict["verdict"], verdict["oldest_id"], verdict["linked_rows"]) == ("retention", None, MAX_ROWS)


@pytest.mark.parametrize(
    ("verified", "rows"),
    [
        ({}, []),
        ({"ok": True, "checked": 0, "broken_at_id": None}, []),
        ({"ok": "yes"}, after_retention()),
        ({"ok": False, "checked": 1}, after_retention()),
        (RETAINED, []),
        (RETAINED, ["junk", 5]),
    ],
)
def test_unknown_is_not_healthy(verified: t.Any, rows: t.Any) -> None:
    assert chain_verdict(verified, rows)["verdict"] == "not_observed"


# --- our own share of the SLO ----------------------------------------------------------------------------------------


def detail(name: str) -> dict[str, t.Any]:
    """What supervisor_info makes of a recorded answer."""
    body = recorded(name)
    return {"status": body["status"], "alerts": body["alerts"], "targets": body["targets"], **body["sli"]}


def call(status: t.Any = 200, seconds: float = 0.01, at: str = "2026-11-23T03:20:00.000+00:00") -> str:
    return f"{at} POST /api/plc/ads/route/test -> {status}, {seconds:.3f} s, i-1-1"


OK, HUNG = detail("monitor_slo_ok"), detail("monitor_slo_stream_hung")
AVAILABILITY, LATENCY = "api_availability_below_target", "api_latency_above_target"


def causes(share: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {alert["name"]: alert["cause"] for alert in share["alerts"]}


def test_our_own_failed_tests_explain_the_alert() -> None:
    """Quirk 20: 17 of 96 requests failed; if all of them were ours, the supervisor is not to blame."""
    share = slo_share(HUNG, [call(500, 5.0)] * 17 + [call()] * 3, before=OK)
    assert share["own"] == {"requests": 20, "errors_5xx": 17, "unanswered": 0, "slow": 17}
    assert share["others"] == {"requests": 76, "errors_5xx": 0, "availability_ratio": 1.0}
    assert causes(share) == {AVAILABILITY: "ours", LATENCY: "unclear"}
    assert [alert["before"] for alert in share["alerts"]] == [False, False]


def test_alerts_without_calls_of_ours_are_not_ours() -> None:
    share = slo_share(HUNG, [], before=HUNG)
    assert causes(share) == {AVAILABILITY: "not_ours", LATENCY: "not_ours"}
    assert [alert["before"] for alert in share["alerts"]] == [True, True]
    assert [alert["before"] for alert in slo_share(HUNG, [])["alerts"]] == [None, None]


def test_a_call_we_gave_up_on_may_have_become_an_error_of_ours() -> None:
    share = slo_share(HUNG, [call("no answer", 10.0)])
    assert share["own"]["unanswered"] == 1
    assert causes(share) == {AVAILABILITY: "unclear", LATENCY: "unclear"}


def test_calls_out_of_the_window_and_of_others_do_not_count() -> None:
    old, other = call(500, at="2026-11-23T02:00:00.000+00:00"), "2026-11-23T03:20:00Z GET /static/x -> 500, 1.0 s"
    lines = [call(500), old, other, "x"]
    assert slo_share(HUNG, lines, since="2026-11-23T02:25:12Z")["own"]["errors_5xx"] == 1


def test_counters_that_a_restart_set_back_tell_nothing() -> None:
    share = slo_share(HUNG, [call(500)] * 18)
    assert share["others"]["errors_5xx"] is None and causes(share)[AVAILABILITY] == "unclear"


def test_stream_alert_is_never_explained_by_calls() -> None:
    found = causes(slo_share(detail("monitor_slo_degraded_stream"), [call(500)]))
    assert found["stream_health_below_target"] == "not_ours"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["ok", "checked", "broken_at_id", "id", "prev_hash", "alerts", "api", "targets", "name",
                         "total_requests", "errors_5xx", "level", "message", "details"]),
        inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(JUNK.filter(lambda body: isinstance(body, dict)), st.lists(JUNK, max_size=4))
@settings(deadline=None)
def test_answers_of_any_shape_are_no_traceback(body: t.Any, rows: t.Any) -> None:
    assert chain_verdict(body, rows)["verdict"] in ("ok", "retention", "tampering_suspected", "not_observed")
    assert excerpt(rows, rows, 5)["rows_seen"] <= len(rows)
    assert slo_share(body, [call(500)], body)["own"]["requests"] == 1
