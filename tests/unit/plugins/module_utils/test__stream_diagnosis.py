# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook A: which finding the looks at a host's cameras lead to."""

from __future__ import annotations

import typing as t
from types import MappingProxyType

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._hypotheses import CONFIRMED, OPEN, REFUTED
from ansible_collections.lineops.runbook.plugins.module_utils._stream_classes import CLASSES
from ansible_collections.lineops.runbook.plugins.module_utils._stream_diagnosis import (
    LIVE, TABLE, longer_look_s, stream_asks, stream_diagnosis, stream_rows,
)
from ansible_collections.lineops.runbook.plugins.module_utils._stream_signals import SOURCES, signals_of, writers_of

DESIRED = MappingProxyType({"type": "rtsp", "use_substream": False, "resolution": None})
CORE = {"id": "cam1", "type": "rtsp", "core": True}
SECOND = {"id": "cam2", "type": "rtsp", "core": False}
PLAYS = MappingProxyType({"verdict": "plays", "why": "A picture was decoded."})
HLS = "/opt/supervisor/web/static/hls"


def stream(kind: str, *, desired: t.Any = DESIRED, pid: int | None = 11, source: str | None = None, **more: t.Any) -> dict[str, t.Any]:
    asked = {"outcome": source} if source else None
    return {"class": kind, "why": f"It is {kind}.", "known": True, "desired": desired, "process_pid": pid, "source": asked, **more}


def ffmpeg(pid: int, camera: str = "cam1", state: str = "sleeping") -> dict[str, t.Any]:
    return {"pid": pid, "playlist": f"{HLS}/{camera}.m3u8", "state": state}


def host(*processes: dict[str, t.Any], free: int = 500, orphans: t.Sequence[dict[str, t.Any]] = ()) -> dict[str, t.Any]:
    return {"processes": {"ffmpeg": list(processes), "orphaned_ffmpeg": list(orphans)},
            "resources": {"disks": [{"mount": "/", "total": 1000, "free": free}]}}


def seen(cameras: t.Sequence[t.Any] = (CORE,), playback: t.Any = PLAYS, **streams: t.Any) -> dict[str, t.Any]:
    return {"streams": {"streams": streams}, "cameras": list(cameras), "playback": {"playback": dict.fromkeys(streams, playback)}}


def found(evidence: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return stream_diagnosis({**evidence, **more}, host="line3-hmi1")


#: What is not one camera out of order.
SEVERITIES = {"stream.healthy": "", "stream.unknown_camera": "", "stream.source_unstable": "SEV-2", "stream.not_observed": "SEV-2"}
#: What is seen -> the finding and how sure it is.
CASES: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "all is well": (seen(cam1=stream("healthy")), "stream.healthy", CONFIRMED),
    "well, but nobody saw a picture": (seen(playback={"verdict": "unproven"}, cam1=stream("healthy")), "stream.healthy", OPEN),
    "moves again, but nobody saw a picture": (
        {**seen(playback={"verdict": "unproven"}, cam1=stream("healthy")), "acted": True}, "stream.playback_unproven", OPEN),
    "moves without a picture in it": (
        seen(playback={"verdict": "undecodable"}, cam1=stream("healthy", source="answering")), "stream.undecodable", CONFIRMED),
    "moves, but viewers get errors": (seen(playback={"verdict": "unwatchable"}, cam1=stream("healthy")), "stream.unwatchable", OPEN),
    "its ffmpeg is stopped": (
        {**seen(cam1=stream("hung")), "host": host(ffmpeg(11, state="stopped"))}, "stream.hung", CONFIRMED),
    "hangs, though its camera answers": (seen(cam1=stream("hung", source="answering")), "stream.hung", CONFIRMED),
    "hangs, and nobody can say more": (seen(cam1=stream("hung")), "stream.hung", OPEN),
    "hangs on a full disk": ({**seen(cam1=stream("hung")), "host": host(ffmpeg(11), free=0)}, "stream.disk_full", OPEN),
    "an empty playlist on a full disk": (
        {**seen(cam1=stream("disk_full")), "host": host(ffmpeg(11), free=0)}, "stream.disk_full", CONFIRMED),
    "an empty playlist, and room": ({**seen(cam1=stream("disk_full")), "host": host(ffmpeg(11))}, "stream.unclear", OPEN),
    "another writer, seen on the host": (
        {**seen(cam1=stream("second_writer")), "host": host(ffmpeg(11), orphans=[ffmpeg(12)])}, "stream.second_writer", CONFIRMED),
    "another writer that the host does not have": (
        {**seen(cam1=stream("second_writer")), "host": host(ffmpeg(11))}, "stream.unclear", OPEN),
    "another writer, host not asked": (seen(cam1=stream("second_writer")), "stream.second_writer", OPEN),
    "only an orphan writes": (
        {**seen(cam1=stream("second_writer", pid=None)), "host": host(orphans=[ffmpeg(12)])}, "stream.second_writer", CONFIRMED),
    "the camera is gone": (seen(cam1=stream("source_unreachable", source="refused")), "stream.source_unreachable", CONFIRMED),
    "the camera comes and goes": (seen(cam1=stream("source_unstable")), "stream.source_unstable", OPEN),
    "dead": ({**seen(cam1=stream("dead", pid=None)), "host": host()}, "stream.dead", CONFIRMED),
    "given up": (seen(cam1=stream("cooldown", source="answering")), "stream.cooldown", CONFIRMED),
    "breaker": (seen(cam1=stream("breaker_open", source="answering")), "stream.breaker_open", CONFIRMED),
    "stutters": (seen(cam1=stream("stuttering", source="answering")), "stream.stuttering", CONFIRMED),
    "core, and never started": (seen(cam1=stream("never_started", desired=None)), "stream.never_started", OPEN),
    "core, and somebody stopped it": (seen(cam1=stream("stopped", desired=None)), "stream.stopped", OPEN),
    "known by name only": (seen(cam1=stream("unknown", known=False)), "stream.not_in_supervisor", OPEN),
    "stopped, and asked for by name": ({**seen(cam1=stream("stopped", desired=None)), "named": ["cam1"]}, "stream.dead", OPEN),
    "stopped by a run that was killed": (
        {**seen([SECOND], cam2=stream("stopped", desired=None)), "owed": [{"camera": "cam2"}]}, "stream.dead", OPEN),
    "stopped, and nobody's concern": (seen([SECOND], cam2=stream("stopped", desired=None)), "stream.healthy", OPEN),
    "in the inventory only": (seen([CORE, SECOND], cam1=stream("healthy")), "stream.not_in_supervisor", OPEN),
    "a session that hangs": (seen([{"id": "door"}], door=stream("ring_session_stuck")), "ring.session_stuck", OPEN),
    "Ring is not allowed": (seen([{"id": "door"}], door=stream("ring_live_not_allowed")), "ring.live_not_allowed", OPEN),
    "Ring is not allowed, and nobody wants it": (
        seen([{"id": "door"}], door=stream("ring_live_not_allowed", desired=None)), "stream.healthy", OPEN),
    "no token": (seen([{"id": "door"}], door=stream("ring_token_missing")), "ring.token_missing", OPEN),
    "just begun": (seen(cam1=stream("starting")), "stream.starting", OPEN),
    "garbage": (seen(cam1=stream("unknown")), "stream.unclear", OPEN),
    "nobody could look": (
        {"streams": {"not_observed": {"streams": {"message": "No answer."}}}, "cameras": [CORE]}, "stream.not_observed", OPEN),
    "a camera that nobody has": ({**seen(cam1=stream("healthy")), "named": ["cam9"]}, "stream.unknown_camera", OPEN),
    "nothing at all": ({"streams": {"streams": {}}}, "stream.healthy", OPEN),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_was_seen_gets_its_name(name: str) -> None:
    evidence, code, verdict = CASES[name]
    finding = found(evidence)
    assert (finding["code"], finding["verdict"]) == (code, verdict)
    assert finding["severity"] == SEVERITIES.get(code, "SEV-3")
    assert FINDINGS[code].playbook == "A" and finding["playbook"] == "A"


def test_every_class_of_a_stream_has_a_finding_of_its_own() -> None:
    """A class that no row of the table knows would be told as unclear, and never be healed."""
    told = {kind: found(seen(cam1=stream(kind)))["code"] for kind in CLASSES}
    assert [kind for kind, code in told.items() if code == "stream.unclear"] == ["unknown"]
    assert len(set(told.values())) == len(CLASSES)


def test_counter_checks_come_from_another_source_than_the_claim() -> None:
    for row in TABLE:
        claimed = {SOURCES[name][0] for name in row.claim}
        for counter in row.counters:
            assert counter.signal not in row.claim
            # The camera's own answer comes with the look at its playlist, from another machine than the supervisor.
            assert SOURCES[counter.signal][0] not in claimed or counter.signal == "source", row.code


def test_a_refuted_finding_is_told_with_what_spoke_against_it() -> None:
    finding = found(seen(cam1=stream("second_writer")), host=host(ffmpeg(11)))
    (fallen,) = finding["refuted"]
    assert (fallen["code"], fallen["verdict"]) == ("stream.second_writer", REFUTED)
    assert fallen["counter_checks"][0]["value"] == "none"


def test_cameras_with_the_same_trouble_are_one_sentence_and_core_cameras_come_first() -> None:
    several = {name: stream("hung") for name in ("a", "b", "c", "d", "cam1", "e")}
    finding = found(seen([CORE, *({"id": name} for name in "abcde")], **several))
    assert finding["sentence"] == (
        "The stream of cam1, a, b, c and 2 more on line3-hmi1 hangs: it runs, but the picture stands still "
        "(core cameras among them: cam1).")
    assert finding["also"] == [] and len(finding["cameras"]) == 6
    assert {seen_as["call"].split("(")[-1] for seen_as in finding["evidence"]} == {"cam1)", "a)", "b)"}


def test_what_many_cameras_share_leads_and_the_rest_is_told_beside_it() -> None:
    finding = found(seen([CORE, SECOND], cam1=stream("stuttering"), cam2=stream("source_unstable"), cam3=stream("healthy")))
    assert finding["code"] == "stream.source_unstable"
    assert [side["code"] for side in finding["also"]] == ["stream.stuttering", "stream.not_in_inventory"]
    assert (finding["severity"], finding["rule"]) == ("SEV-2", "only a subset of the cameras is affected, but reproducibly unstable (rule A.E2)")
    assert finding["cameras"]["cam3"] == {
        "code": "stream.healthy", "class": "healthy", "core": False, "live": True, "wanted": "asked", "why": "It is healthy"}


def test_only_the_cameras_that_are_named_are_looked_after() -> None:
    finding = found(seen([CORE, SECOND], cam1=stream("hung"), cam2=stream("healthy")), named=["cam2"])
    assert finding["code"] == "stream.healthy" and list(finding["cameras"]) == ["cam2"]


def test_an_unknown_camera_is_named_with_those_that_are_known() -> None:
    finding = found(seen([CORE, SECOND], cam1=stream("healthy"), gate=stream("healthy")), named=["cam1", "cam9"])
    assert finding["sentence"] == "There is no camera cam9 on line3-hmi1 (known are cam1, cam2, gate)."
    assert finding["cameras"] == {}


def test_one_that_was_stopped_and_is_named_is_not_told_to_be_unwanted() -> None:
    finding = found(seen(cam1=stream("stopped", desired=None)), named=["cam1"])
    assert finding["sentence"] == "The stream of cam1 on line3-hmi1 is wanted, but does not run (core camera)."


def test_a_picture_that_nobody_saw_is_told_even_if_all_is_well() -> None:
    finding = found(seen(playback={"verdict": "unproven", "why": "There is no decoder."}, cam1=stream("healthy")), host=host(ffmpeg(11)))
    assert finding["not_observed"] == ["picture of cam1 (There is no decoder)"]
    assert found(seen(cam1=stream("healthy")), host=host(ffmpeg(11)))["not_observed"] == []


def test_where_the_host_was_not_asked_a_second_writer_may_go_unseen() -> None:
    """Two that write at the same pace look like one in every playlist."""
    assert found(seen(cam1=stream("healthy")))["not_observed"] == ["processes that write beside the streams"]


def test_german_sentences() -> None:
    finding = stream_diagnosis(seen(cam1=stream("hung")), host="h", language="de")
    assert finding["sentence"] == "Der Stream von cam1 auf h hängt: er läuft, aber das Bild steht (Kernkamera; it is hung)."


def test_core_cameras_that_are_out_are_rows_for_the_severity_of_the_line() -> None:
    out = found(seen([CORE, SECOND], cam1=stream("hung"), cam2=stream("stuttering")))
    rows = stream_rows({"h1": out, "h2": found(seen(cam1=stream("dead"))), "h3": found(seen(cam1=stream("healthy")))})
    assert rows == [
        {"host": "h1", "finding": "stream.hung", "target": "stream:cam1", "core": True},
        {"host": "h2", "finding": "stream.dead", "target": "stream:cam1", "core": True}]


def test_core_cameras_that_do_not_run_outside_the_run_are_rows_too() -> None:
    beside = {"h4": {"streams": {"running": 1, "expected": 3, "not_running": ["cam1", "cam2"]}}, "h5": {"answers": False}}
    rows = stream_rows({"h1": found(seen(cam1=stream("healthy")))}, neighbours=beside, cameras={"h4": [CORE, SECOND], "h5": [CORE]})
    assert rows == [{"host": "h4", "finding": "stream.dead", "target": "stream:cam1", "core": True}]


@pytest.mark.parametrize(("streams", "asks"), [
    ({}, False), ({"cam1": stream("hung")}, True), ({"cam2": stream("never_started", desired=None)}, False),
    ({"cam1": stream("never_started", desired=None)}, True), ({"cam3": stream("healthy")}, False), (None, False),
])
def test_a_look_asks_for_playbook_a(streams: t.Any, asks: bool) -> None:
    well = {"cam1": stream("healthy"), "cam2": stream("healthy")}
    assert stream_asks(None if streams is None else {**well, **streams}, [CORE, SECOND]) is asks


BACK = {"brought_back": True}


@pytest.mark.parametrize(("streams", "stable_s", "seconds"), [
    ({"cam1": stream("healthy"), "cam2": stream("healthy")}, 10, 10.0),
    ({"cam1": stream("hung"), "cam2": stream("healthy")}, 10, 0.0),
    ({"cam1": stream("starting"), "cam2": stream("hung")}, "10", 10.0),
    ({"cam1": stream("dead", **BACK), "cam2": stream("healthy")}, 10, 16.0), ({"cam1": stream("healthy", **BACK)}, 30, 30.0),
    # What hangs does so, whatever was before.
    ({"cam1": stream("hung", **BACK), "cam2": stream("healthy")}, 10, 0.0), ({}, 10, 0.0), (None, 10, 0.0),
])  # fmt: skip
def test_what_a_short_look_cannot_settle_is_looked_at_for_longer(streams: t.Any, stable_s: t.Any, seconds: float) -> None:
    assert longer_look_s(streams, [CORE, SECOND], stable_s) == seconds


def test_a_camera_that_the_supervisor_has_not_got_asks_for_playbook_a() -> None:
    assert stream_asks({"cam1": stream("healthy")}, [CORE, SECOND]) is True


def test_processes_are_told_by_the_playlist_they_write_and_unseen_ones_say_nothing() -> None:
    evidence = {**seen(cam1=stream("healthy"), cam2=stream("healthy", pid=21)),
                "host": host(ffmpeg(11), ffmpeg(21, "cam2"), orphans=[ffmpeg(12)])}
    assert writers_of(evidence) == {"cam1": 2, "cam2": 1}
    assert [signals_of(evidence, name)["others"] for name in ("cam1", "cam2")] == ["some", "none"]
    assert signals_of(seen(cam1=stream("healthy")), "cam1")["process"] is None
    assert writers_of(seen(cam1=stream("healthy"))) == {}


def test_what_still_moves_is_not_proven_dead() -> None:
    """The guard rails take what is proven dead for something that nobody could be interrupted in."""
    assert {row.code for row in TABLE} & set(LIVE) == set(LIVE)
    assert not {"stream.hung", "stream.dead", "stream.source_unreachable"} & set(LIVE)
