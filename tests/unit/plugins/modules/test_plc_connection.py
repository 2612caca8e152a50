# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""plc_connection against a scripted supervisor: every call in order, and what is said of the state reached."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.modules import plc_connection  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    FAILED,
    PLC,
    REFUSED_KEY,
    ads_error,
    calls_in,
    connect,
    disconnect,
    no_answer,
    play,
    route_test,
    status,
    target,
)

ON, OFF = status(True), status(False)


def made(*script: t.Any, **options: t.Any) -> dict[str, t.Any]:
    result = play(plc_connection, *script, **{**PLC, **options})
    assert {
        "requested",
        "original",
        "reached",
        "latency_s",
        "verified",
        "changed",
        "diff",
        "calls",
        "supervisor_seconds",
    } <= set(result)
    assert result["diff"] == {"before": {"state": result["original"]}, "after": {"state": result["reached"]}}
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("original", "reached", "changed", "verified"))


# state asked for, what the supervisor is asked and says, and (original, reached, changed, verified)
NORMAL: list[tuple[str, list[t.Any], tuple[t.Any, ...]]] = [
    ("connected", [ON, target(), route_test()], ("connected", "connected", False, True)),
    ("connected", [OFF, connect(), route_test()], ("disconnected", "connected", True, True)),
    # quirk 3: the flag stays true after the PLC died
    (
        "connected",
        [ON, target(), route_test(ads_error(-1)), connect(), route_test()],
        ("connected", "connected", True, True),
    ),
    # quirk 10: connected to another target than the inventory says
    ("connected", [ON, target(port=801), connect(), route_test()], ("connected", "connected", True, True)),
    ("connected", [ON, target("10.0.0.9.1.1"), connect(), route_test()], ("connected", "connected", True, True)),
    ("reconnected", [ON, connect(), route_test()], ("connected", "connected", True, True)),
    ("reconnected", [OFF, connect(), route_test()], ("disconnected", "connected", True, True)),
    ("disconnected", [ON, disconnect(), OFF], ("connected", "disconnected", True, True)),
    ("disconnected", [OFF], ("disconnected", "disconnected", False, True)),
]
# In check mode only reads and route tests may be made (DESIGN §3).
CHECK: list[tuple[str, list[t.Any], tuple[t.Any, ...]]] = [
    ("connected", [ON, target(), route_test()], ("connected", "connected", False, True)),
    ("connected", [ON, target(), route_test(ads_error(-1))], ("connected", "connected", True, False)),
    ("connected", [OFF], ("disconnected", "connected", True, False)),
    ("reconnected", [ON], ("connected", "connected", True, False)),
    ("disconnected", [ON], ("connected", "disconnected", True, False)),
    ("disconnected", [OFF], ("disconnected", "disconnected", False, True)),
]


@pytest.mark.parametrize(("state", "script", "expected"), NORMAL)
def test_state_is_reached_and_proven(state: str, script: list[t.Any], expected: tuple[t.Any, ...]) -> None:
    result = made(*script, state=state)
    assert (result["requested"], summary(result)) == (state, expected)
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in script]
    assert bool(result["test"]) == any("route/test" in exchange.path for exchange in script)


@pytest.mark.parametrize(("state", "script", "expected"), CHECK)
def test_check_mode_only_looks(state: str, script: list[t.Any], expected: tuple[t.Any, ...]) -> None:
    assert summary(made(*script, state=state, check_mode=True)) == expected


def test_runtime_type_is_sent() -> None:
    made(OFF, connect(runtime_type="TC2"), route_test(), runtime_type="TC2")


# state, script, then code and (original, reached, changed, verified)
FAILURES: list[tuple[str, list[t.Any], str, tuple[t.Any, ...]]] = [
    ("connected", [OFF, connect(FAILED)], "plc.connect_refused", ("disconnected", None, True, False)),
    (
        "connected",
        [OFF, connect(), route_test(ads_error(1861))],
        "plc.connect_unproven",
        ("disconnected", None, True, False),
    ),
    (
        "connected",
        [OFF, connect(REFUSED_KEY)],
        "supervisor.key_refused",
        ("disconnected", "disconnected", False, False),
    ),
    ("connected", [OFF, connect(no_answer)], "supervisor.timeout", ("disconnected", None, True, False)),
    ("connected", [OFF, connect(reset)], "supervisor.unreachable", ("disconnected", None, True, False)),
    ("connected", [OFF, connect(answer(200, "<html>"))], "supervisor.not_json", ("disconnected", None, True, False)),
    (
        "connected",
        [OFF, connect(), route_test(answer(404, {}))],
        "supervisor.rejected",
        ("disconnected", None, True, False),
    ),
    ("reconnected", [ON, connect(FAILED)], "plc.connect_refused", ("connected", None, True, False)),
    ("disconnected", [ON, disconnect(), ON], "plc.still_connected", ("connected", None, True, False)),
    ("disconnected", [ON, disconnect(REFUSED_KEY)], "supervisor.key_refused", ("connected", "connected", False, False)),
    (
        "disconnected",
        [ON, disconnect(), status(reply=answer(500, {"error": "x"}))],
        "supervisor.failed",
        ("connected", None, True, False),
    ),
    ("connected", [status(reply=answer(404, {}))], "supervisor.rejected", (None, None, False, False)),
    ("connected", [status(reply=answer(500, {"error": "kaputt"}))], "supervisor.failed", (None, None, False, False)),
]


@pytest.mark.parametrize(
    ("state", "script", "code", "expected"), FAILURES, ids=[f"{row[0]} {row[2]}" for row in FAILURES]
)
def test_failure_says_what_is_known_of_the_state(
    state: str, script: list[t.Any], code: str, expected: tuple[t.Any, ...]
) -> None:
    result = made(*script, state=state, read_timeout=0.5)
    assert result["failed"] and result["failure"]["code"] == code
    assert summary(result) == expected
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in script]
    assert result["msg"] == f"{result['failure']['message']} {result['failure']['hint']}".strip()


def test_failed_proof_says_why() -> None:
    result = made(OFF, connect(), route_test(ads_error(1861)))
    assert result["msg"] == "The supervisor says connected, but its route test fails: ADSError: some words (1861)."
    assert result["test"]["error"] == "ADSError: some words (1861)."


@pytest.mark.parametrize("body", [{"plc": []}, {"plc": "connected"}, {"plc": {"connected": "yes"}}, {}])
def test_flag_of_another_shape_is_not_connected(body: dict[str, t.Any]) -> None:
    assert summary(made(status(reply=answer(200, body)), state="disconnected"))[0] == "disconnected"
