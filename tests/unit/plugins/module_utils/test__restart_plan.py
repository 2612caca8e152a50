# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook C: which rungs of the ladder are climbed, which are left out and why, and what surrounds them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._actions import ACTIONS
from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._outcome import words_of
from ansible_collections.lineops.runbook.plugins.module_utils._step_entries import step_entries
from ansible_collections.lineops.runbook.plugins.module_utils._restart_outcome import restart_outcome
from ansible_collections.lineops.runbook.plugins.module_utils._restart_plan import (
    DEADLINE_S, HEALABLE, restart_plan, streams_to_bring_back,
)

PLC = {"id": "plc_001", "test_variable": {"name": "MAIN.bOpsTest", "test_value": True, "rest_value": False}}
CAM1 = {"camera": "cam1", "type": "rtsp", "use_substream": False, "resolution": "640x360"}
ARGS = ["start_web_hmi.py", "--host", "0.0.0.0", "--port", "5000"]
AFTER = ["connect", "write_test"]


def seen(*, shipped: bool = True, args: t.Sequence[str] | None = None, service: bool = True, unit: bool = True, **more: t.Any) -> dict:
    where = "/opt/Smarthome-Web" if shipped else "/opt/supervisor"
    return {
        "wanted": {"unit": "smarthome-web.service" if unit else "", "supervisor_dir": where},
        "supervisor": {"service": {"pid": 812, "args": list(args or ARGS)}} if service else {},
        "host": {"unit": {"main_pid": 812}}, "noted": [], **more,
    }  # fmt: skip


def planned(code: str, evidence: dict[str, t.Any], signals: t.Any = (("api", "answers"),), **more: t.Any) -> dict[str, t.Any]:
    return restart_plan({"code": code, "signals": dict(signals)}, evidence, plc=PLC, **more)


def names(plan: dict[str, t.Any]) -> list[str]:
    return [step["name"] for step in plan["steps"]]


SILENT = (("api", "timeout"), ("unit", "active"))
BOX = {"wanted": {"container": "supervisor", "unit": ""}, "host": {"container": {"restart_policy": "always"}}}
LADDERS: dict[str, tuple[dict[str, t.Any], list[str], str]] = {
    "the shipped directory: its control script": ({"evidence": seen()}, ["restart_daemon", "restart_host"], ""),
    "another directory: the app itself": (
        {"evidence": seen(shipped=False)}, ["restart_app", "restart_host"], "not installed in /opt/Smarthome-Web"),
    "bound elsewhere: the app itself": (
        {"evidence": seen(args=[*ARGS[:2], "127.0.0.1"])}, ["restart_app", "restart_host"], "does not listen on 0.0.0.0:5000"),
    "no answer: the host only": (
        {"evidence": seen(), "signals": SILENT}, ["restart_host"], "the API does not answer"),
    "no admin key: the host only": ({"evidence": seen(service=False)}, ["restart_host"], "admin key"),
    "an escaped instance: the host only": (
        {"evidence": seen(), "signals": (("api", "answers"), ("main_pid", "differs"))}, ["restart_host"], "outside the service"),
    "no way to the host: the API only": (
        {"evidence": seen(), "host_access": False}, ["restart_daemon"], "host side not tried: lineops_host_access"),
    "the host does not answer: the API only": (
        {"evidence": {**seen(shipped=True), "host": {"failure": {"code": "host.unreachable", "message": "…"}}}}, ["restart_daemon"],
        "host side not tried: SSH does not work"),
    "neither": ({"evidence": seen(), "signals": SILENT, "host_access": False}, [], "host side not tried"),
    "no unit": ({"evidence": seen(unit=False)}, ["restart_daemon"], "no lineops_supervisor_unit"),
    "a masked unit": (
        {"evidence": seen(), "signals": (("api", "answers"), ("unit", "masked"))}, ["restart_daemon"], "masked"),
    "API forbidden": ({"evidence": seen(), "ladder": ["host"]}, ["restart_host"], "not in restart_recovery_ladder"),
    "host forbidden": ({"evidence": seen(), "ladder": ["api"]}, ["restart_daemon"], "not in restart_recovery_ladder"),
    "all forbidden": ({"evidence": seen(), "ladder": []}, [], "not in restart_recovery_ladder"),
    "a container: the app, then its engine": ({"evidence": seen(**BOX)}, ["restart_app", "restart_container"], ""),
    "a container that would stay away": (
        {"evidence": seen(**{**BOX, "host": {"container": {"restart_policy": "no"}}})}, ["restart_container"],
        "would not come back"),
}  # fmt: skip


@pytest.mark.parametrize("case", LADDERS.values(), ids=LADDERS)
def test_rungs_that_can_work_are_climbed_in_the_order_of_the_playbook(case: tuple[dict[str, t.Any], list[str], str]) -> None:
    given, rungs, why = case
    plan = planned("supervisor.hung", **given)
    assert plan["rungs"] == rungs
    assert names(plan) == ([*rungs, *AFTER] if rungs else [])
    assert bool(plan["skipped"]) == bool(why) and why in "; ".join(plan["skipped"])


def test_a_successor_is_the_units_own_process_under_systemd_and_a_stranger_to_the_script_without() -> None:
    """SUPERVISOR_SYSTEMD 10 against quirk 11: after a restart by the API the script sees it only under systemd."""
    evidence = seen()
    evidence["supervisor"]["service"]["is_restarted"] = True
    assert planned("supervisor.hung", evidence)["rungs"][0] == "restart_daemon"
    evidence["host"] = {}
    plan = planned("supervisor.hung", evidence)
    assert plan["rungs"][0] == "restart_app" and "restarted by its API before" in plan["skipped"][0]


@pytest.mark.parametrize("code", sorted(code for code, row in FINDINGS.items() if row.playbook == "C" or code in HEALABLE))
def test_only_what_a_restart_can_heal_is_restarted(code: str) -> None:
    plan = planned(code, seen())
    if code == "supervisor.start_blocked":
        assert names(plan) == ["wait_for_start"]
    else:
        assert bool(plan["rungs"]) == (code in HEALABLE)


def test_force_restarts_what_is_healthy_and_nothing_else() -> None:
    assert planned("supervisor.healthy", seen(), force=True)["rungs"] == ["restart_daemon", "restart_host"]
    assert planned("supervisor.healthy", seen())["steps"] == []
    assert planned("supervisor.disk_full", seen(), force=True)["steps"] == []


def test_streams_are_stopped_before_and_started_after_and_a_journal_can_tell() -> None:
    plan = planned("supervisor.hung", seen(noted=[CAM1]))
    assert names(plan) == ["stop_streams", "restart_daemon", "restart_host", "start_streams", *AFTER]
    stop, start = plan["steps"][0], plan["steps"][3]
    begun = [{**entry, "host": "h"} for entry in step_entries(stop, "begin")]
    assert [undo["streams"] for undo in open_undos(begun, "h")] == [[CAM1]]
    assert open_undos([*begun, *({**entry, "host": "h"} for entry in step_entries(start, "done"))], "h") == []
    # Of one that does not answer nothing can be stopped; what ran is started all the same, by the next run if need be.
    plan = planned("supervisor.hung", seen(noted=[CAM1]), SILENT)
    assert names(plan) == ["restart_host", "start_streams", *AFTER]
    begun = [{**entry, "host": "h"} for entry in step_entries(plan["steps"][0], "begin")]
    assert [undo["streams"] for undo in open_undos(begun, "h")] == [[CAM1]]


def test_streams_that_an_interrupted_run_owes_are_started_though_nothing_else_is_wrong() -> None:
    assert names(planned("supervisor.healthy", seen(noted=[CAM1], owed=True))) == ["start_streams"]
    assert names(planned("supervisor.disk_full", seen(noted=[CAM1], owed=True))) == []


def test_every_step_is_known_to_guards_and_words_and_has_a_deadline() -> None:
    for name in DEADLINE_S:
        assert name in ACTIONS and words_of({"name": name, "changed": True}, "")
        assert ACTIONS[name].is_irreversible == name.startswith("restart_")


@pytest.mark.parametrize("delay", ["abc", 0, 99, -1, 1.5, True, None, "", "3x", 31, [2]])
def test_a_delay_that_cannot_be_meant_refuses_the_plan(delay: t.Any) -> None:
    """Left to the module it would fail, and a harder restart would follow (quirk 14 clamps it, we do not)."""
    refusals = planned("supervisor.hung", seen(), delay=delay)["refusals"]
    assert [(one["guard"], one["code"]) for one in refusals] == [("delay", "restart.delay_invalid")]
    assert "1 to 30" in refusals[0]["sentence"]


@pytest.mark.parametrize("delay", [1, 2, 30, "5"])
def test_a_delay_that_is_meant_refuses_nothing(delay: t.Any) -> None:
    assert planned("supervisor.hung", seen(), delay=delay)["refusals"] == []


OWED = {"do": "start_streams", "must": True, "streams": [{**CAM1, "camera": "cam9"}]}
CAMERAS = [{"id": "cam1", "type": "rtsp", "core": True}, {"id": "cam2", "type": "rtsp", "core": False},
           {"id": "door", "type": "ring", "core": True}]  # fmt: skip


@pytest.mark.parametrize(("given", "cameras", "source"), [
    ({"noted": [CAM1]}, ["cam1"], "api"),
    ({"noted": []}, [], "api"),
    ({"noted": [CAM1], "open_undos": [OWED]}, ["cam9", "cam1"], "api"),
    ({"noted": [], "answers": False, "open_undos": [OWED]}, ["cam9"], "journal"),
    ({"noted": [], "answers": False, "host": {"processes": {"ffmpeg": [{"playlist": "/opt/x/web/static/hls/cam2.m3u8"}]}},
      "cameras": CAMERAS}, ["cam2"], "host"),
    ({"noted": [], "answers": False, "cameras": CAMERAS}, ["cam1"], "inventory"),
    ({"noted": None, "answers": False, "open_undos": [None, {"do": "write_rest"}], "host": {}, "cameras": [None]}, [], "inventory"),
])  # fmt: skip
def test_streams_to_bring_back_come_from_who_knows(given: dict[str, t.Any], cameras: list[str], source: str) -> None:
    found = streams_to_bring_back(given.pop("noted"), **given)
    assert ([stream["camera"] for stream in found["streams"]], found["source"]) == (cameras, source)


def test_a_stream_comes_back_as_it_was() -> None:
    assert streams_to_bring_back([CAM1])["streams"] == [CAM1]


HEALTHY = {
    "code": "supervisor.healthy", "sentence": "Works.", "severity": "", "rule": "", "verdict": "confirmed", "evidence": [],
    "counter_checks": [], "also": [], "not_observed": [], "refuted": [], "owner": "", "next_step": "", "signals": {},
}  # fmt: skip
HUNG = {**HEALTHY, "code": "supervisor.hung", "severity": "SEV-1", "owner": "L2", "next_step": "Look."}
LOST = {**HEALTHY, "code": "plc.route_missing", "severity": "SEV-1", "owner": "L1", "next_step": "Add it.", "sentence": "No route."}
DONE = [{"name": "restart_host", "title": "restart", "changed": True}]


def ended(plc_before: dict[str, t.Any], plc_after: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return restart_outcome(
        more.pop("finding", HUNG), final=HEALTHY, before={"plc": plc_before}, evidence={"plc": plc_after}, **more)


def test_a_restart_that_loses_the_plc_has_not_healed() -> None:
    outcome = ended({"code": "plc.healthy"}, LOST, steps=DONE)
    assert (outcome["result"], outcome["finding"], outcome["proof"]) == ("UNRESOLVED", "plc.route_missing", [])


def test_a_plc_that_was_out_before_is_told_beside() -> None:
    outcome = ended(LOST, LOST, steps=DONE)
    assert (outcome["result"], outcome["finding"]) == ("HEALED", "supervisor.hung")
    assert [side["code"] for side in outcome["also"]] == ["plc.route_missing"]


def test_nothing_done_proves_nothing() -> None:
    outcome = ended({"code": "plc.healthy"}, {**HEALTHY, "code": "plc.healthy"}, finding=HEALTHY)
    assert (outcome["result"], outcome["proof"], outcome["also"]) == ("HEALTHY", [], [])


def test_a_rung_without_effect_is_told_as_failed() -> None:
    steps = [{"name": "restart_app", "title": "restart by its API", "changed": True, "failed": True}, *DONE]
    outcome = ended({"code": "plc.healthy"}, {**HEALTHY, "code": "plc.healthy", "signals": {"test": "ok"}}, steps=steps)
    assert outcome["actions"] == ["FAILED: restart by its API", "its service restarted on the host"]
    assert outcome["proof"] == ["route test"]
