# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ads_route through the supervisor: test, add only what the test asks for, test again; claims are never believed."""

from __future__ import annotations

import functools
import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import ads_route  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    ADMIN,
    IP,
    NET_ID,
    PASSWORD,
    PLC,
    REFUSED_KEY,
    ads_error,
    calls_in,
    no_answer,
    own_net_id,
    play,
    route_add,
    route_test,
)

ROUTE = {
    **PLC, "route_name": "hmi1", "local_ams_net_id": NET_ID, "local_ip": IP, "plc_username": "Administrator",
    "plc_password": PASSWORD,
}  # fmt: skip
MISSING = ads_error(1861)
NO_ROUTE, STILL_NO_ROUTE, WORKS = route_test(MISSING), route_test(MISSING), route_test()
REJECTED = answer(500, {"success": False, "error": "PLC-Route fehlgeschlagen: unklar", "warnings": []})
UNANSWERED = answer(500, {"success": False, "error": "PLC-Route fehlgeschlagen: timed out", "warnings": []})


def made(*script: t.Any, **options: t.Any) -> dict[str, t.Any]:
    result = play(ads_route, *script, **{**ROUTE, **options})
    assert {
        "requested",
        "original",
        "reached",
        "latency_s",
        "verified",
        "answer",
        "test",
        "original_test",
        "calls",
    } <= set(result)
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("original", "reached", "changed", "verified", "answer"))


def test_route_that_is_there_is_only_tested() -> None:
    result = made(WORKS)
    assert summary(result) == ("present", "present", False, True, "")
    assert result["diff"] == {"before": {"state": "present"}, "after": {"state": "present"}}


def test_missing_route_is_added_and_proven() -> None:
    result = made(NO_ROUTE, own_net_id(), route_add(), WORKS)
    assert summary(result) == ("absent", "present", True, True, "accepted")
    assert (result["original_test"]["success"], result["test"]["success"]) == (False, True)
    assert result["diff"] == {"before": {"state": "absent"}, "after": {"state": "present"}}
    assert calls_in(result) == [
        "POST /api/plc/ads/route/test", "GET /api/plc/ads/route/status", "POST /api/plc/ads/route/add",
        "POST /api/plc/ads/route/test",
    ]  # fmt: skip


def test_check_mode_really_tests_and_adds_nothing() -> None:
    assert summary(made(NO_ROUTE, own_net_id(), check_mode=True)) == ("absent", "present", True, False, "")
    assert summary(made(WORKS, check_mode=True)) == ("present", "present", False, True, "")


@pytest.mark.parametrize(
    ("tested", "script"),
    [
        ({"success": True, "error": ""}, []),
        ({"success": False, "error": "(1861)"}, [own_net_id(), route_add(), WORKS]),
        ({}, [WORKS]),
    ],
)
def test_a_test_made_just_before_is_not_made_again(tested: dict[str, t.Any], script: list[t.Any]) -> None:
    assert made(*script, tested=tested)["verified"] is True


# script, options; then code and (original, reached, changed, verified, answer)
FAILURES: list[tuple[str, list[t.Any], dict[str, t.Any], str, tuple[t.Any, ...]]] = [
    ("hidden wrong password (quirk 9)", [NO_ROUTE, own_net_id(), route_add(), STILL_NO_ROUTE],
     {}, "route.not_taken", ("absent", "absent", False, False, "accepted")),
    ("wedged library after the add (quirk 4)", [NO_ROUTE, own_net_id(), route_add(), route_test(ads_error(-1))],
     {}, "route.not_taken", ("absent", None, True, False, "accepted")),
    ("told wrong password", [NO_ROUTE, own_net_id(), route_add(REJECTED), STILL_NO_ROUTE],
     {}, "route.rejected", ("absent", "absent", False, False, "rejected")),
    ("UDP unanswered", [NO_ROUTE, own_net_id(), route_add(UNANSWERED), STILL_NO_ROUTE],
     {}, "route.unanswered", ("absent", "absent", False, False, "unanswered")),
    ("answer of the add lost", [NO_ROUTE, own_net_id(), route_add(reset)],
     {}, "supervisor.unreachable", ("absent", None, True, False, "")),
    ("answer of the add late", [NO_ROUTE, own_net_id(), route_add(no_answer)],
     {"read_timeout": 0.5}, "supervisor.timeout", ("absent", None, True, False, "")),
    ("second test lost", [NO_ROUTE, own_net_id(), route_add(), route_test(reset)],
     {}, "supervisor.unreachable", ("absent", None, True, False, "accepted")),
    ("key refused at the add", [NO_ROUTE, own_net_id(), route_add(REFUSED_KEY)],
     {}, "supervisor.key_refused", ("absent", "absent", False, False, "")),
    ("another NetId", [NO_ROUTE, own_net_id("10.0.0.9.1.1")],
     {}, "route.net_id_differs", ("absent", "absent", False, False, "")),
    ("NetId not known", [NO_ROUTE, own_net_id("")], {}, "route.net_id_differs", ("absent", "absent", False, False, "")),
    ("no user", [NO_ROUTE, own_net_id()],
     {"plc_username": None}, "route.no_credentials", ("absent", "absent", False, False, "")),
    ("empty password", [NO_ROUTE, own_net_id()],
     {"plc_password": ""}, "route.no_credentials", ("absent", "absent", False, False, "")),
    ("port unknown", [route_test(ads_error(6))], {}, "route.not_missing", ("absent", "absent", False, False, "")),
    ("dead library", [route_test(ads_error(-1))], {}, "route.not_missing", ("absent", "absent", False, False, "")),
    ("both keys refused", [route_test(REFUSED_KEY), route_test(REFUSED_KEY, ADMIN)],
     {}, "route.not_missing", ("absent", "absent", False, False, "")),
    ("a test without a reason", [],
     {"tested": {"success": False}}, "route.not_missing", ("absent", "absent", False, False, "")),
]  # fmt: skip


@pytest.mark.parametrize(("story", "script", "options", "code", "expected"), FAILURES, ids=[row[0] for row in FAILURES])
def test_failure_says_whether_the_route_may_be_there(
    story: str, script: list[t.Any], options: dict[str, t.Any], code: str, expected: tuple[t.Any, ...]
) -> None:
    result = made(*script, **options)
    assert (result["failed"], result["failure"]["code"], summary(result)) == (True, code, expected), story
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in script]


@pytest.mark.parametrize("options", [{"plc_username": None}, {"plc_password": None}])
def test_check_mode_says_that_credentials_are_missing(options: dict[str, t.Any]) -> None:
    assert made(NO_ROUTE, own_net_id(), check_mode=True, **options)["failure"]["code"] == "route.no_credentials"


def test_another_net_id_is_taken_if_it_is_allowed() -> None:
    """Quirk 9: it strands the routes made for the old one, so only on request."""
    assert made(NO_ROUTE, own_net_id("10.0.0.9.1.1"), route_add(), WORKS, allow_net_id_change=True)["changed"] is True


def test_test_that_blocks_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quirk 5: an address that drops packets is not a missing route."""
    monkeypatch.setattr(
        SupervisorClient, "route_test", functools.partialmethod(SupervisorClient.route_test, read_timeout=0.3)
    )
    assert made(route_test(no_answer))["failure"]["code"] == "route.not_missing"


@pytest.mark.parametrize("state", ["absent", "exclusive"])
def test_what_the_supervisors_api_cannot_do_is_refused_without_a_call(state: str) -> None:
    assert play(ads_route, state=state, keep=["10.0.0.1.1.1"], **ROUTE)["failure"]["code"] == "route.via"
