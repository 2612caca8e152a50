# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""plc_config against a scripted supervisor: it compares without a key, merges into the whole entry, believes no success answer."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.modules import plc_config  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import Behaviour, Exchange, answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    ADMIN,
    OK,
    PLC,
    REFUSED_KEY,
    play,
    target,
)

# As recorded from a supervisor: plc_config_get.json.
RIGHT = {
    "active": True, **PLC, "created": "2026-01-01T00:00:00", "description": "", "last_modified": "2026-01-01T00:00:00",
    "name": "Bench", "tpy_file": "bench.tpy",
}  # fmt: skip
WRONG = {**RIGHT, "ams_port": 801}
RECORDINGS = Path(__file__).resolve().parents[3] / "data" / "recordings"
BROKEN = answer(500, {"success": False, "error": "Interner Fehler"})


def stored(entry: t.Any = None, reply: Behaviour | None = None) -> Exchange:
    body = {"active_plc": "plc_001", "plc_configs": {"plc_002": {"name": "other"}, **({"plc_001": entry} if entry else {})}}
    return Exchange("GET", "/api/plc/config", reply or answer(200, body), {"X-API-Key": None})


def whole(entry: t.Any = None, reply: Behaviour | None = None) -> Exchange:
    body = {"plcs": {"plc_001": entry} if entry else {}, "statistics": {"total_plcs": 1}}
    return Exchange("GET", "/api/admin/plcs", reply or answer(200, body), {"X-API-Key": ADMIN})


def store(entry: t.Any, reply: Behaviour = OK) -> Exchange:
    return Exchange("POST", "/api/admin/plcs", reply, {"X-API-Key": ADMIN}, {"plc_id": "plc_001", "config": entry})


def made(*script: Exchange, **options: t.Any) -> dict[str, t.Any]:
    result = play(plc_config, *script, **{**PLC, **options})
    if not result.get("failed"):
        assert {"requested", "original", "reached", "latency_s", "verified", "differences", "stored", "target", "calls"} <= set(result)
        assert result["diff"] == {"before": {"state": result["original"]}, "after": {"state": result["reached"]}}
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("changed", "original", "reached", "verified", "stored", "target"))


# --- compared --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "live", "said", "fields"),
    [
        (RIGHT, target(), ("same", "same"), []),
        (WRONG, target(), ("differs", "same"), ["ams_port"]),
        (RIGHT, target(port=801), ("same", "differs"), ["ams_port"]),
        ({**RIGHT, "ip_address": "10.9.9.9"}, target(net_id="1.2.3.4.1.1"), ("differs", "differs"), ["ams_net_id", "ip_address"]),
        (None, target(), ("missing", "same"), ["ams_net_id", "ams_port", "ip_address"]),
    ],
)
def test_three_things_are_compared_without_a_key_and_nothing_is_changed(entry, live, said, fields) -> None:
    result = made(stored(entry), live, operator_key=None, admin_key=None)
    assert summary(result) == (False, entry, entry, True, *said)
    assert [row["field"] for row in result["differences"]] == fields


def test_the_rows_show_the_three_side_by_side() -> None:
    result = made(stored(WRONG), target(port=852))
    assert result["differences"] == [{"field": "ams_port", "wanted": 851, "stored": 801, "target": 852}]


def test_the_runtime_type_of_the_live_target_is_compared_as_recorded() -> None:
    recorded = json.loads((RECORDINGS / "debug_config.json").read_text("utf-8"))["response"]["body"]
    entry = json.loads((RECORDINGS / "plc_config_get.json").read_text("utf-8"))["response"]["body"]["plc_configs"]["plc_001"]
    plc = {"ip_address": entry["ip_address"], "ams_net_id": entry["ams_net_id"], "ams_port": entry["ams_port"]}
    for wanted, target_is in (({"runtime_type": "TC2"}, "differs"), ({"runtime_type": "TC3"}, "same"), ({}, "same")):
        live = Exchange("GET", "/api/debug/config", answer(200, recorded))
        result = made(stored(entry), live, **plc, **wanted)
        assert (result["stored"], result["target"]) == ("same", target_is)
        rows = [{"field": "runtime_type", "wanted": "TC2", "target": "TC3"}] if target_is == "differs" else []
        assert result["differences"] == rows


@pytest.mark.parametrize("config", [{}, {"secret_key": "canary"}, None, []], ids=str)
def test_a_supervisor_without_a_saved_target_differs(config) -> None:
    live = Exchange("GET", "/api/debug/config", answer(200, {"success": True, "config": config}))
    assert made(stored(RIGHT), live)["target"] == "differs"


def test_a_target_that_is_not_told_is_not_observed() -> None:
    result = made(stored(RIGHT), Exchange("GET", "/api/debug/config", BROKEN))
    assert (result["target"], result["stored"], result["differences"]) == (None, "same", [])


@pytest.mark.parametrize("state", ["compared", "corrected"])
@pytest.mark.parametrize("reply", [BROKEN, answer(500, {"error": "x"}), answer(200, {"success": False, "error": "x"})])
def test_a_store_that_cannot_be_read_is_not_an_empty_one(reply, state) -> None:
    result = made(stored(reply=reply), state=state)
    assert (result["failed"], result["failure"]["code"]) == (True, "supervisor.failed")


@pytest.mark.parametrize("configs", [None, [], "text", {"plc_001": None}, {"plc_001": ["list"]}], ids=str)
def test_a_store_of_another_shape_holds_no_entry(configs) -> None:
    reply = answer(200, {"active_plc": None, "plc_configs": configs})
    assert summary(made(stored(reply=reply), target()))[1:5] == (None, None, True, "missing")


# --- corrected -------------------------------------------------------------------------------------------------------------


def corrected(*script: Exchange, **options: t.Any) -> dict[str, t.Any]:
    return made(*script, state="corrected", **options)


def test_a_right_entry_needs_no_admin_key() -> None:
    assert summary(corrected(stored(RIGHT), target(port=801), admin_key=None)) == (False, RIGHT, RIGHT, True, "same", "differs")


def test_the_whole_entry_is_stored_with_only_the_wrong_fields_changed_and_read_back() -> None:
    # admin/plcs may hold more than plc/config shows; nothing of it may be lost, since a POST replaces the entry.
    kept = {**WRONG, "notes": "do not lose this"}
    result = corrected(stored(WRONG), target(), whole(kept), store({**kept, "ams_port": 851}), stored(RIGHT))
    assert summary(result) == (True, WRONG, RIGHT, True, "differs", "same")


def test_name_and_description_survive_a_correction() -> None:
    told = {"name": "Press 3", "description": "left of the gate", "tpy_file": "press.tpy"}
    right = {**RIGHT, **told}
    result = corrected(
        stored({**WRONG, **told}), target(), whole({**WRONG, **told}), store(right), stored(right), runtime_type="TC3")
    assert (result["reached"], result["changed"], result["verified"]) == (right, True, True)


def test_a_missing_entry_is_made() -> None:
    entry = {name: PLC[name] for name in ("ams_net_id", "ams_port", "ip_address")}
    result = corrected(stored(), target(), whole(), store(entry), stored(entry))
    assert summary(result) == (True, None, entry, True, "missing", "same")


def test_check_mode_reads_with_the_admin_key_and_shows_what_would_be_stored() -> None:
    result = corrected(stored(WRONG), target(), whole(WRONG), check_mode=True)
    assert summary(result) == (True, WRONG, RIGHT, False, "differs", "same")


@pytest.mark.parametrize("check_mode", [True, False])
def test_without_a_good_admin_key_nothing_is_stored(check_mode) -> None:
    result = corrected(stored(WRONG), target(), check_mode=check_mode, admin_key=None)
    assert (result["failure"]["code"], result["changed"], result["reached"]) == ("supervisor.key_missing", False, WRONG)
    result = corrected(stored(WRONG), target(), whole(reply=REFUSED_KEY), check_mode=check_mode)
    assert (result["failure"]["code"], result["changed"], result["reached"]) == ("supervisor.key_refused", False, WRONG)


def test_an_entry_that_cannot_be_read_whole_is_not_overwritten() -> None:
    result = corrected(stored(WRONG), target(), whole(reply=BROKEN))
    assert (result["failure"]["code"], result["changed"]) == ("supervisor.failed", False)


@pytest.mark.parametrize(
    ("reply", "after"),
    [(OK, WRONG), (OK, None), (BROKEN, WRONG), (OK, {**WRONG, "name": "another's"})],
    ids=["claimed and not done", "lost", "refused", "changed otherwise"],
)
def test_a_success_answer_is_not_believed(reply, after) -> None:
    result = corrected(stored(WRONG), target(), whole(WRONG), store(RIGHT, reply), stored(after))
    assert (result["failure"]["code"], result["verified"]) == ("plc.config_not_stored", False)
    assert result["changed"] is (after != WRONG)
    assert ("Interner Fehler" in result["msg"]) is (reply is BROKEN)
    assert (result["original"], result["reached"]) == (WRONG, after)
    assert result["differences"][0]["field"] == "ams_port"


def test_a_failure_answer_is_not_believed_either() -> None:
    result = corrected(stored(WRONG), target(), whole(WRONG), store(RIGHT, BROKEN), stored(RIGHT))
    assert summary(result) == (True, WRONG, RIGHT, True, "differs", "same")


def test_a_lost_answer_leaves_the_entry_unknown() -> None:
    result = corrected(stored(WRONG), target(), whole(WRONG), store(RIGHT, reset))
    assert (result["failure"]["code"], result["changed"], result["reached"]) == ("supervisor.unreachable", True, None)


def test_what_was_stored_and_cannot_be_read_back_is_unknown() -> None:
    result = corrected(stored(WRONG), target(), whole(WRONG), store(RIGHT), stored(reply=BROKEN))
    assert (result["failure"]["code"], result["changed"], result["reached"]) == ("supervisor.failed", True, None)
