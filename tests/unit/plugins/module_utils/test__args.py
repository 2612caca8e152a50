# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules share: the client made from options, the route test, and how answers of the wrong shape are met."""

from __future__ import annotations

import functools
import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _args  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers import supervisor_script as script  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import (  # noqa: E402
    ScriptedServer,
    answer,
    reset,
)

PLAIN = {
    "operator_key": script.OPERATOR, "admin_key": script.ADMIN, "incident": "", "runner": "", "connect_timeout": 3.0,
    "read_timeout": 10.0, "proxy": None, "validate_certs": True,
}  # fmt: skip


def asked(*exchanges: t.Any, **options: t.Any) -> dict[str, t.Any]:
    with ScriptedServer(*exchanges) as server, _args.client_of({**PLAIN, "url": server.url, **options}) as client:
        return _args.test_route(client, script.PLC)


def test_route_that_works() -> None:
    result = asked(script.route_test())
    assert (result["success"], result["error"], result["device_name"]) == (True, "", "Plc30 App")
    assert result["levels"] == {"operator": "accepted"} and result["at"] and result["elapsed_s"] >= 0


def test_route_that_does_not_says_why() -> None:
    result = asked(script.route_test(script.ads_error(1861)))
    assert (result["success"], result["error"]) == (False, "ADSError: some words (1861).")


def test_refused_operator_key_is_tried_once_with_the_admin_key() -> None:
    """It tells our wrong key from a supervisor that refuses everybody."""
    result = asked(script.route_test(script.REFUSED_KEY), script.route_test(key=script.ADMIN))
    assert (result["success"], result["levels"]) == (True, {"operator": "refused", "admin": "accepted"})


def test_both_keys_refused() -> None:
    result = asked(script.route_test(script.REFUSED_KEY), script.route_test(script.REFUSED_KEY, script.ADMIN))
    assert (result["success"], result["error"]) == (False, "")
    assert result["levels"] == {"operator": "refused", "admin": "refused"}


@pytest.mark.parametrize(
    ("keys", "exchanges", "levels"),
    [
        ({"operator_key": None, "admin_key": None}, [], {"operator": "missing", "admin": "missing"}),
        ({"admin_key": None}, [script.route_test(script.REFUSED_KEY)], {"operator": "refused", "admin": "missing"}),
        ({"operator_key": None}, [script.route_test(key=script.ADMIN)], {"operator": "accepted"}),
    ],
)
def test_keys_that_are_not_given(keys: dict[str, t.Any], exchanges: list[t.Any], levels: dict[str, str]) -> None:
    assert asked(*exchanges, **keys)["levels"] == levels


def test_test_that_blocks_is_told_and_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quirk 5: the supervisor is busy with it for two minutes; a second one would double that."""
    monkeypatch.setattr(
        SupervisorClient, "route_test", functools.partialmethod(SupervisorClient.route_test, read_timeout=0.3)
    )
    result = asked(script.route_test(script.no_answer))
    assert (result["success"], result["blocked"]) == (False, True) and "within 0.3 s" in result["error"]


@pytest.mark.parametrize("behaviour", [reset, answer(404, {"error": "no"}), answer(200, "<html>")])
def test_what_is_no_answer_to_the_test_is_an_error(behaviour: t.Any) -> None:
    with pytest.raises(LineopsError, match="supervisor|answered|broke off"):
        asked(script.route_test(behaviour))


def test_two_tasks_of_an_incident_never_share_a_request_id() -> None:
    """X-Request-ID leads from the supervisor's log to one call (DESIGN §7.14)."""
    ids = []
    with ScriptedServer(script.status(), script.status()) as server:
        for dummy in range(2):
            with _args.client_of({**PLAIN, "url": server.url, "incident": "INC-1"}) as client:
                ids.append(client.system_status().request_id)
    assert len(set(ids)) == 2 and all(one.startswith("INC-1-") for one in ids)


def test_calls_are_told_with_time_status_seconds_and_id() -> None:
    with (
        ScriptedServer(script.status(), script.disconnect(reset)) as server,
        _args.client_of({**PLAIN, "url": server.url}) as client,
    ):
        client.system_status()
        with pytest.raises(LineopsError):
            client.disconnect()
        said = _args.calls_of(client)
    assert len(said["calls"]) == 2 and " GET /api/system/status -> 200, 0." in said["calls"][0]
    assert " POST /api/plc/disconnect -> no answer, " in said["calls"][1]
    assert said["supervisor_seconds"] == pytest.approx(sum(call["elapsed_s"] for call in client.calls), abs=0.001)


@pytest.mark.parametrize(
    "reply", [answer(500, {"error": "kaputt"}), answer(200, {"success": False}), answer(200, {"status": "error"})]
)
def test_a_read_that_failed_has_told_nothing(reply: t.Any) -> None:
    with ScriptedServer(script.status(reply=reply)) as server, _args.client_of({**PLAIN, "url": server.url}) as client:
        with pytest.raises(LineopsError, match="failed at GET /api/system/status") as caught:
            _args.body_of(client.system_status())
    assert caught.value.code == "supervisor.failed"


@pytest.mark.parametrize("body", [None, [], "x", 5, {}, {"plc": None}, {"plc": []}, {"plc": "x"}])
def test_answers_of_the_wrong_shape_are_empty_ones(body: t.Any) -> None:
    assert _args.mapping_in(body, "plc") == {} and _args.mappings_in(body, "plc") == []


def test_answers_of_the_right_shape() -> None:
    assert _args.mapping_in({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert _args.mappings_in({"a": [{"b": 1}, None, "x", {"b": 2}]}, "a") == [{"b": 1}, {"b": 2}]
