# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook A: which steps a host's cameras ask for, what the guard rails leave of them, and how it is told at the end."""

from __future__ import annotations

import typing as t
from types import MappingProxyType

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._actions import ACTIONS
from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._guards import guard
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._outcome import line_of
from ansible_collections.lineops.runbook.plugins.module_utils._step_entries import step_entries
from ansible_collections.lineops.runbook.plugins.module_utils._stream_diagnosis import stream_diagnosis
from ansible_collections.lineops.runbook.plugins.module_utils._stream_outcome import earlier_looks, stream_outcome, stream_pictures
from ansible_collections.lineops.runbook.plugins.module_utils._stream_plan import (
    HEALED_BY, STEPS, stream_allowed, stream_plan, stream_settled, stream_step,
)

HOST = "line3-hmi1"
DESIRED = MappingProxyType({"type": "rtsp", "use_substream": True, "resolution": "640x360"})
PLAYS = MappingProxyType({"verdict": "plays", "picture": "/9j/"})
DIR = "/opt/supervisor"


def evidence(playback: t.Any = PLAYS, **classes: str) -> dict[str, t.Any]:
    streams = {name: {"class": kind, "why": "So.", "known": True, "desired": DESIRED, "media_in_s": 9.0} for name, kind in classes.items()}
    return {"streams": {"streams": streams}, "playback": {"playback": dict.fromkeys(classes, playback)},
            "cameras": [{"id": name, "core": name == "cam1"} for name in classes]}


def planned(seen: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return stream_plan(stream_diagnosis(seen, host=HOST), seen, **{"supervisor_dir": DIR, **more})


def names(plan: dict[str, t.Any]) -> list[tuple[str, list[str]]]:
    return [(step["name"], step["names"]) for step in plan["steps"]]


def used_up(*cameras: str) -> list[dict[str, t.Any]]:
    budgets = [{"target": f"stream:{name}", "allowed": name not in cameras, "sentence": f"No more of {name}.", "sources": {"journal": "observed"}}
               for name in ("cam1", "cam2", "cam3")]
    return budgets


@pytest.mark.parametrize(("kind", "steps"), [
    ("hung", ["restart_stream"]), ("dead", ["restart_stream"]), ("stuttering", ["restart_stream"]), ("cooldown", ["restart_stream"]),
    ("breaker_open", ["restart_stream"]), ("disk_full", ["prune_artifacts", "restart_stream"]),
    ("second_writer", ["end_writers", "restart_stream"]), ("ring_session_stuck", ["ring_session"]),
    ("source_unreachable", []), ("source_unstable", []), ("ring_token_missing", []), ("ring_live_not_allowed", []), ("unknown", []),
    ("starting", []), ("healthy", []),
])
def test_the_smallest_thing_that_heals_it_and_nothing_for_what_a_restart_would_not_change(kind: str, steps: list[str]) -> None:
    assert [name for name, dummy in names(planned(evidence(cam1=kind)))] == steps


def test_what_is_said_to_heal_is_what_the_table_of_findings_says() -> None:
    told = {code for code, row in FINDINGS.items() if row.playbook == "A" and row.heals}
    assert told == set(HEALED_BY) and set(STEPS) <= set(ACTIONS)
    assert {step for steps in HEALED_BY.values() for step in steps} == set(STEPS)


def test_each_camera_is_asked_for_by_itself_and_is_an_undo_of_its_own() -> None:
    plan = planned(evidence(cam1="hung", cam2="second_writer", cam3="healthy"))
    assert names(plan) == [("end_writers", ["cam2"]), ("restart_stream", ["cam1", "cam2"])]
    assert plan["actions"] == [
        {"name": "end_writers", "target": ""}, {"name": "restart_stream", "target": "stream:cam1"},
        {"name": "restart_stream", "target": "stream:cam2"}]
    # What still moves may be watched by somebody.
    assert plan["proven_dead"] == ["stream:cam1"]
    restart = plan["steps"][1]
    assert restart["title"] == "restart the stream of cam1, cam2" and restart["deadline_s"] == 180
    assert restart["streams"][0] == {
        "camera": "cam1", "code": "stream.hung", "session_id": None, "wanted": True, "seen": "hung", "sole_writer": False, **DESIRED}
    assert restart["undos"][0] == {
        "do": "start_streams", "must": True, "target": "stream:cam1", "streams": [{"camera": "cam1", **DESIRED}]}


@pytest.mark.parametrize(("writers", "sole"), [([7], True), ([7, 8], False), ([], True), (None, False)])
def test_only_who_saw_the_processes_knows_that_nobody_else_writes(writers: t.Any, sole: bool) -> None:
    seen = evidence(cam1="hung")
    seen["streams"]["streams"]["cam1"]["process_pid"] = 7
    if writers is not None:
        seen["host"] = {"processes": {"ffmpeg": [{"pid": pid, "playlist": "hls/cam1.m3u8"} for pid in writers]}}
    restarts = [step for step in planned(seen)["steps"] if step["name"] == "restart_stream"]
    assert [stream["sole_writer"] for stream in restarts[0]["streams"]] == [sole]


@pytest.mark.parametrize(("pruned", "restarted"), [
    ({"removed_bytes": 4096}, ["cam1", "cam2"]), ({"removed_bytes": 0}, ["cam1"]), ({"failed": True}, ["cam1"]),
    (None, ["cam1", "cam2"]),
])
def test_a_stream_on_a_disk_that_is_as_full_as_before_is_not_restarted(pruned: t.Any, restarted: list[str]) -> None:
    steps = planned(evidence(cam1="hung", cam2="disk_full"))["steps"]
    step = stream_step(steps, "restart_stream", {} if pruned is None else {"prune_artifacts": pruned})
    assert (step["names"], step["title"]) == (restarted, f"restart the stream of {', '.join(restarted)}")
    assert [undo["target"] for undo in step["undos"]] == [f"stream:{name}" for name in restarted]


def test_a_step_of_which_nothing_is_left_has_no_name() -> None:
    steps = planned(evidence(cam1="disk_full"))["steps"]
    assert stream_step(steps, "restart_stream", {"prune_artifacts": {"removed_bytes": 0}}) == {"name": ""}
    assert stream_step(steps, "end_writers", {}) == {"name": ""}
    assert stream_step(steps, "prune_artifacts", {}) == steps[0]


RESTARTED = MappingProxyType({"restart_stream": {"results": [
    {"item": {"camera": "cam1"}, "looks": {"cam1": "its own"}}, {"item": {"camera": "cam2"}, "failure": {}}]}})


@pytest.mark.parametrize(("done", "counts"), [
    (RESTARTED, {"cam1": "its own", "cam3": "before", "cam4": "before"}),
    # What was done to files and processes may have changed all that was ill.
    ({**RESTARTED, "end_writers": {"ended": []}}, {"cam1": "its own", "cam4": "before"}),
    ({"prune_artifacts": {}}, {"cam4": "before"}),
    ({"ring_session": {"results": [{"item": {"camera": "cam3"}}]}}, {"cam1": "before", "cam2": "before", "cam4": "before"}),
])  # fmt: skip
def test_looks_count_of_streams_that_nothing_was_done_to_and_a_restarts_own(done: t.Any, counts: dict[str, str]) -> None:
    classes = {"cam1": "hung", "cam2": "hung", "cam3": "source_unreachable", "cam4": "healthy"}
    before = {"streams": {name: {"class": kind} for name, kind in classes.items()}, "looks": dict.fromkeys(classes, "before")}
    assert earlier_looks(before, done) == counts


def test_no_looks_count_where_none_were_made() -> None:
    assert earlier_looks({"failed": True}, {}) == {}


def test_a_run_that_is_killed_between_stop_and_start_leaves_what_the_next_one_starts() -> None:
    """And the camera whose restart failed stays to be started, while the others are settled."""
    restart = planned(evidence(cam1="hung", cam2="hung"))["steps"][0]
    begun = [{**entry, "host": HOST} for entry in step_entries(restart, "begin")]
    assert [(entry["target"], entry["undo"]["streams"][0]["camera"]) for entry in begun] == [("stream:cam1", "cam1"), ("stream:cam2", "cam2")]
    result = {"results": [{"item": {"camera": "cam1"}, "reached": "started", "observed_at": "A"},
                          {"item": {"camera": "cam2"}, "failure": {"code": "stream.start_failed"}, "msg": "No."}]}
    ended = [{**entry, "host": HOST} for entry in step_entries(restart, "failed", result)]
    assert [(entry["event"], entry["reached"], entry["message"]) for entry in ended] == [("done", "started", None), ("failed", None, "No.")]
    assert ended[1]["details"] == {"code": "stream.start_failed"}
    (left,) = open_undos([*begun, *ended], HOST)
    assert left["streams"] == [{"camera": "cam2", **DESIRED}]
    # The next run sees it stopped, and starts it as it was.
    seen = evidence(cam2="stopped")
    seen["streams"]["streams"]["cam2"]["desired"] = None
    seen["owed"] = left["streams"]
    assert planned(seen)["steps"][0]["streams"][0]["resolution"] == "640x360"


@pytest.mark.parametrize(("session_id", "desired", "owes"), [("5c1d", DESIRED, False), (None, DESIRED, True), (None, None, False)])
def test_ending_a_ring_session_owes_no_stream_that_it_does_not_stop(session_id: t.Any, desired: t.Any, owes: bool) -> None:
    """Else the next run would start a stream that nobody wants."""
    seen = evidence(door="ring_session_stuck")
    seen["streams"]["streams"]["door"]["desired"] = desired
    seen["reported"] = [{"camera": "door", "session_id": session_id}]
    (undo,) = planned(seen)["steps"][0]["undos"]
    assert undo.get("must") is owes


def test_what_somebody_else_brought_back_meanwhile_is_settled() -> None:
    undo = {"do": "start_streams", "must": True, "streams": [{"camera": "cam1"}, {"camera": "cam2"}]}
    owed = {**undo, "incident": "I", "begun_at": "A", "action": "restart_app"}
    both, one = (stream_diagnosis(evidence(cam1="healthy", cam2=kind), host=HOST) for kind in ("healthy", "hung"))
    begun = [{"event": "begin", "host": HOST, "undo": undo}]
    assert stream_settled([owed], one) == []
    settled = [{**entry, "host": HOST} for entry in stream_settled([owed], both)]
    assert settled and open_undos([*begun, *settled], HOST) == []


@pytest.mark.parametrize(("more", "why"), [
    ({"host_access": False}, "lineops_host_access is false"), ({"supervisor_dir": ""}, "the inventory has no lineops_supervisor_dir")])
def test_what_needs_the_host_is_left_to_a_person_and_said_so(more: dict[str, t.Any], why: str) -> None:
    """A stream restarted on a full disk, or beside a second writer, would be no better; others are healed all the same."""
    plan = planned(evidence(cam1="disk_full", cam2="second_writer", cam3="hung"), **more)
    assert names(plan) == [("restart_stream", ["cam3"])]
    assert plan["skipped"] == [
        f"left to a person: prune old stream files and backups ({why})",
        f"left to a person: end the processes that write beside it (cam2) ({why})"]


def test_pruning_without_need_is_only_on_request() -> None:
    assert names(planned(evidence(cam1="healthy"), prune=True)) == [("prune_artifacts", [])]
    assert names(planned(evidence(cam1="hung"))) == [("restart_stream", ["cam1"])]


def test_a_used_up_budget_of_one_camera_does_not_keep_the_others_from_being_healed() -> None:
    plan = planned(evidence(cam1="hung", cam2="hung"))
    told = guard(plan["actions"], host=HOST, line="line3", frozen=False, interlock=None, budget=used_up("cam2"), lease_held=True,
                 journal_writable=True, line_state=None, confirm="", proven_dead=plan["proven_dead"])
    allowed = stream_allowed(plan, told["refusals"])
    assert names(allowed) == [("restart_stream", ["cam1"])] and allowed["refusals"] == [] and allowed["notes"] == ["No more of cam2."]
    assert allowed["steps"][0]["title"] == "restart the stream of cam1" and len(allowed["steps"][0]["undos"]) == 1


def test_nothing_is_done_where_every_budget_is_used_up_or_a_guard_refuses() -> None:
    plan = planned(evidence(cam1="disk_full", cam2="hung"))
    for targets in (["stream:cam1", "stream:cam2"], [""], ["stream:cam1", ""]):
        refusals = [{"target": target, "sentence": "No.", "guard": "x", "code": "x", "override": ""} for target in targets]
        assert stream_allowed(plan, refusals) == {"steps": [], "refusals": refusals, "notes": []}
    assert names(stream_allowed(plan, [])) == names(plan)


def outcome(before: dict[str, t.Any], after: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    steps = [{**step, "changed": True} for step in planned(before)["steps"]]
    finding, final = (stream_diagnosis(seen, host=HOST) for seen in (before, {**after, "acted": True}))
    return stream_outcome(finding, final=final, evidence=after, steps=more.pop("steps", steps), planned=steps, **more)


def test_healed_is_told_with_its_proof() -> None:
    told = outcome(evidence(cam1="hung"), evidence(cam1="healthy"))
    assert (told["result"], told["finding"], told["severity"], told["healed"]) == ("HEALED", "stream.hung", "SEV-3", ["cam1"])
    assert told["proof"] == ["playlists that move for 9 s", "pictures decoded from the newest segments"]
    assert told["actions"] == ["stream of cam1 restarted"] and told["cameras"] == {"cam1": "stream.healthy"}


def test_proof_is_of_the_camera_that_was_seen_for_the_shortest_time() -> None:
    after = evidence(cam1="healthy", cam2="healthy")
    after["streams"]["streams"]["cam2"]["media_in_s"] = 31.0
    assert outcome(evidence(cam1="hung", cam2="healthy"), after)["proof"][0] == "playlists that move for 9 s"


def test_moving_without_a_picture_is_never_healed() -> None:
    told = outcome(evidence(cam1="hung"), evidence(playback={"verdict": "unproven", "why": "There is no decoder here."}, cam1="healthy"))
    assert (told["result"], told["finding"], told["proof"]) == ("UNRESOLVED", "stream.playback_unproven", [])
    assert "nobody could look at a picture of it (core camera; there is no decoder here)" in told["sentence"]


def test_what_was_healed_is_told_though_another_camera_still_needs_a_person() -> None:
    told = outcome(evidence(cam1="hung", cam2="hung"), evidence(cam1="healthy", cam2="hung"))
    assert (told["result"], told["finding"], told["healed"]) == ("UNRESOLVED", "stream.hung", ["cam1"])
    assert told["proof"] == ["playlists that move for 9 s of cam1", "pictures decoded from the newest segments of cam1"]
    line = line_of(HOST, {**told, "escalation": {}, "report": "", "seconds": None})
    assert "The stream of cam2" in line and "restarted" in line


def test_one_core_camera_that_a_restart_did_not_help_is_no_success() -> None:
    told = outcome(evidence(cam1="hung"), evidence(cam1="source_unreachable"))
    assert (told["result"], told["resolved"], told["finding"]) == ("UNRESOLVED", False, "stream.source_unreachable")


def test_a_healthy_host_with_nothing_to_do_is_healthy_and_a_check_is_a_plan() -> None:
    well = stream_diagnosis(evidence(cam1="healthy"), host=HOST)
    assert stream_outcome(well, final=well, evidence=evidence(cam1="healthy"))["result"] == "HEALTHY"
    seen = evidence(cam1="hung")
    ill = stream_diagnosis(seen, host=HOST)
    told = stream_outcome(ill, final=ill, evidence=seen, planned=planned(seen)["steps"], check_mode=True)
    assert (told["result"], told["actions"]) == ("PLANNED", ["restart the stream of cam1"])


def test_pictures_are_those_of_the_cameras_that_something_was_wrong_with() -> None:
    finding = stream_diagnosis(evidence(cam1="hung", cam2="healthy", cam3="dead"), host=HOST)
    before = {"cam1": {"picture": "AAA"}, "cam2": {"picture": "BBB"}, "cam3": {"picture": ""}}
    told = stream_pictures(finding, before=before, before_at="1", after={"cam1": {"picture": "CCC"}, "cam3": {"picture": "DDD"}}, after_at="2")
    assert told == [
        {"camera": "cam1", "moment": "before", "at": "1", "jpeg": "AAA"}, {"camera": "cam1", "moment": "after", "at": "2", "jpeg": "CCC"},
        {"camera": "cam3", "moment": "after", "at": "2", "jpeg": "DDD"}]
