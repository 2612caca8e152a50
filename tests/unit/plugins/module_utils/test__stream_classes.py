# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classes of streams: one row per class and per neighbour it must not be taken for, and what a real supervisor answered."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._stream_classes import (
    CLASSES,
    REFUSING,
    RULES,
    SILENT,
    facts_of,
    silence_counts,
    stream_class,
)
from ansible_collections.lineops.runbook.plugins.module_utils._stream_rules import breaker_blocks, stream_claims, stream_health

RECORDINGS = Path(__file__).resolve().parents[3] / "data" / "recordings"
NOW = 1000.0


def recorded(name: str) -> t.Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["response"]["body"]


def hls(sequence: int, count: int = 4, target: float = 1, before: str = "") -> str:
    segments = "".join(f"{before}#EXTINF:{target},\ncam1_{sequence + n:03}.ts\n" for n in range(count))
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n{segments}"


def looks(*seen: t.Any, age: t.Optional[float] = None) -> list[dict[str, t.Any]]:
    times = {} if age is None else {"sent": 5000.0, "written": 5000.0 - age}
    return [
        {"at": at, "status": 200, "text": what, **times} if isinstance(what, str)
        else {"at": at, "status": what, "text": None, "why": "" if what == 404 else f"the answer has status {what}"}
        for at, what in seen
    ]  # fmt: skip


def entry(running: bool = True, wanted: bool = True, started_s: float = 500, **more: t.Any) -> dict[str, t.Any]:
    """An entry of monitor/streams; more: metrics, or recovery."""
    recovery = {"in_cooldown": more.pop("in_cooldown", False), "retries_in_window": more.pop("retries", 0)}
    metrics = {"starts_total": 1, "last_start_ts": NOW - started_s, **more}
    return {
        "running": running, "desired": {"type": "rtsp", "rtsp_url": "x"} if wanted else None, "process_pid": 7 if running else None,
        "metrics": metrics, "recovery": recovery}  # fmt: skip


def judged(seen: list[t.Any], state: dict[str, t.Any], before: t.Any = None, age: t.Optional[float] = None, **more: t.Any) -> dict[str, t.Any]:
    source = more.pop("source", None)
    more["source"] = source and {"outcome": source, "says": f"It is {source}."}
    health = stream_health(looks(*seen, age=age), state, state if before is None else before, NOW)
    return stream_class(facts_of(health, stream_claims(state, {}, None), has_entry=bool(state), **more))


ON, OFF, STOPPED = entry(), entry(running=False), entry(False, False)
FAILING = entry(False, recovery_failed_total=3, last_error="early_exit", retries=2)
#: Its recovery has just brought it back; and what that looked like a moment before.
FLAPS = entry(True, started_s=2, recovery_success_total=9, last_recovery_attempt_ts=NOW - 3)
SOONER = entry(False, started_s=18, recovery_success_total=8, last_recovery_attempt_ts=NOW - 20)
MOVES, STANDS, GONE = [(0, hls(8)), (1.5, hls(9)), (3, hls(11))], [(0, hls(8)), (3, hls(8))], [(0, 404), (3, 404)]
LIVE, NO_LIVE, NO_TOKEN = (
    {"live_enabled": live, "configured": token} for live, token in ((True, True), (False, False), (True, False)))
RING = {"kind": "ring"}

#: Looks, entry, further facts, class.
TABLE: dict[str, tuple[list[t.Any], dict[str, t.Any], dict[str, t.Any], str]] = {
    "moves in real time": (MOVES, ON, {}, "healthy"),
    "moves, whatever the source says from here": (MOVES, ON, {"source": "timeout"}, "healthy"),
    "moves, and looks fell before a segment": ([(0, hls(8)), (3, hls(10))], ON, {}, "healthy"),
    "moves with long segments": ([(0, hls(8, target=4)), (5, hls(9, target=4))], ON, {}, "healthy"),
    "moves behind a cooldown of long ago": (MOVES, entry(in_cooldown=True), {"breaker_blocks": True}, "healthy"),
    "Ring, moves": (MOVES, ON, {**RING, "ring": NO_LIVE}, "healthy"),
    "adds one second in three": ([(0, hls(8)), (3, hls(9))], ON, {}, "stuttering"),
    "adds half of real time": ([(0, hls(8)), (10, hls(13))], ON, {}, "stuttering"),
    "adds nearly all of real time": ([(0, hls(8)), (10, hls(15))], ON, {}, "healthy"),
    "breaks off": ([(0, hls(8)), (3, hls(11, before="#EXT-X-DISCONTINUITY\n"))], ON, {}, "stuttering"),
    "just started": (GONE, entry(started_s=4), {}, "starting"),
    "just started, source silent": (GONE, entry(started_s=4), {"source": "timeout"}, "starting"),
    "never started": ([(0, 404)], {}, {}, "never_started"),
    "never started, source silent from here": ([(0, 404)], {}, {"source": "timeout"}, "never_started"),
    "stopped on purpose": ([(0, 404)], STOPPED, {}, "stopped"),
    "stopped, source gone": ([(0, 404)], STOPPED, {"source": "refused"}, "stopped"),
    "killed": (STANDS, OFF, {}, "dead"),
    "killed, source answers": (STANDS, OFF, {"source": "answering"}, "dead"),
    # A controller that is firewalled must not turn a killed process into a camera that is gone.
    "killed, source silent from here alone": (STANDS, OFF, {"source": "timeout"}, "dead"),
    "hangs (quirk 15)": (STANDS, ON, {}, "hung"),
    "hangs, source answers": (STANDS, ON, {"source": "answering"}, "hung"),
    "hangs for long, source gone since": (STANDS, ON, {"source": "timeout", "age": 40.0}, "hung"),
    "stands, source gone just now": (STANDS, ON, {"source": "timeout", "age": 4.0}, "source_unreachable"),
    "stands, source silent here as others that move": (STANDS, ON, {"source": "timeout", "source_counts": False}, "hung"),
    "runs and writes nothing": (GONE, ON, {"source": "answering"}, "hung"),
    "runs and writes nothing, source gone": (GONE, ON, {"source": "no_route"}, "source_unreachable"),
    "start fails, source gone": (GONE, FAILING, {"source": "refused"}, "source_unreachable"),
    "start fails, source answers again": (GONE, FAILING, {"source": "answering"}, "dead"),
    "flaps, source gone (quirk 17)": (GONE, FLAPS, {"source": "refused"}, "source_unreachable"),
    "wrong login": (GONE, OFF, {"source": "unauthorized"}, "source_unreachable"),
    "wrong path": (GONE, FLAPS, {"source": "not_found"}, "source_unreachable"),
    "another service there": (GONE, OFF, {"source": "not_rtsp"}, "source_unreachable"),
    "no RTSP source (quirk 18)": (GONE, {}, {"source": "unsupported"}, "source_unreachable"),
    "cooldown because the source is gone": (GONE, entry(False, in_cooldown=True, retries=5), {"source": "timeout"}, "source_unreachable"),
    "flaps (quirk 17)": (GONE, FLAPS, {"before": SOONER}, "source_unstable"),
    "flaps, source answers": (GONE, FLAPS, {"before": SOONER, "source": "answering"}, "source_unstable"),
    "brought back, and that often in weeks": (GONE, FLAPS, {}, "starting"),
    "down, and brought back that often in weeks": (GONE, {**FLAPS, "running": False}, {}, "dead"),
    "cooldown": (GONE, entry(False, in_cooldown=True, retries=5), {"source": "answering"}, "cooldown"),
    "cooldown, nobody asked": (GONE, entry(False, in_cooldown=True), {}, "cooldown"),
    "breaker open": (GONE, entry(False, last_error="circuit_open"), {"breaker_blocks": True, "source": "answering"}, "breaker_open"),
    "breaker open while it flaps": (GONE, entry(False, recovery_success_total=9, last_recovery_attempt_ts=NOW - 3), {"breaker_blocks": True}, "breaker_open"),
    "stopped after it flapped": (GONE, entry(False, False, recovery_success_total=9, last_recovery_attempt_ts=NOW - 3), {}, "stopped"),
    "breaker open in a cooldown": (GONE, entry(False, in_cooldown=True), {"breaker_blocks": True}, "breaker_open"),
    "file system full (§8.33)": ([(0, ""), (3, "")], ON, {"source": "answering"}, "disk_full"),
    "orphan (quirk 13)": (MOVES, {}, {}, "second_writer"),
    "orphan of a camera that nobody knows": (MOVES, {}, {"known": False}, "second_writer"),
    "orphan beside a stopped one": (MOVES, STOPPED, {}, "second_writer"),
    "two write in turn": ([(0, hls(500)), (1.5, hls(4)), (3, hls(503))], ON, {}, "second_writer"),
    "two write, by the host's word": (MOVES, ON, {"writers": 2}, "second_writer"),
    "one writes, by the host's word": (MOVES, ON, {"writers": 1}, "healthy"),
    "Ring, not allowed (quirk 22)": (GONE, {}, {**RING, "ring": NO_LIVE}, "ring_live_not_allowed"),
    "Ring, no token": (GONE, {}, {**RING, "ring": NO_TOKEN}, "ring_token_missing"),
    "Ring, allowed": (GONE, {}, {**RING, "ring": LIVE}, "never_started"),
    "Ring, nobody knows": (GONE, {}, {**RING, "ring": None}, "never_started"),
    "Ring of another camera": (GONE, {}, {"ring": NO_LIVE}, "never_started"),
    "Ring session": (MOVES, ON, {**RING, "reported_stuck": True}, "ring_session_stuck"),
    "report of a camera without sessions": (MOVES, ON, {"reported_stuck": True}, "healthy"),
    "a page": ([(0, "<html>"), (3, "<html>")], ON, {}, "unknown"),
    "an error": ([(0, 500), (3, 500)], ON, {}, "unknown"),
    "one look": ([(0, hls(8))], ON, {}, "unknown"),
    "camera that nobody knows": ([(0, 404)], {}, {"known": False}, "unknown"),
    "HLS directory elsewhere": (GONE, ON, {"playlist_claimed": True}, "unknown"),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "state", "more", "expected"), TABLE.values(), ids=TABLE)
def test_class(seen: list[t.Any], state: dict[str, t.Any], more: dict[str, t.Any], expected: str) -> None:
    found = judged(seen, state, **more)
    assert found["class"] == expected
    assert found["why"].endswith(".") and "{" not in found["why"] and "None" not in found["why"] and found["evidence"]


def test_every_class_has_a_row_here_and_a_rule() -> None:
    assert {row[-1] for row in TABLE.values()} == {rule.name for rule in RULES} == set(CLASSES)


def test_every_rule_can_be_told() -> None:
    """A rule whose sentence or evidence names a fact that does not exist would fail on the plant only."""
    facts = facts_of(stream_health(looks(*STANDS, age=20.0), ON, ON, NOW), stream_claims(ON, {}))
    for rule in RULES:
        assert rule.why.format_map(facts) and all(name in facts for name in rule.rests_on)


def test_sentence_names_vantage_point_and_words_of_the_source() -> None:
    found = judged(GONE, FAILING, source="refused", asked_from="the controller")
    assert found["why"] == "Its source gives no stream, asked from the controller (It is refused), nor does the supervisor get one."
    assert (found["evidence"]["source"], found["evidence"]["failed"]) == ("refused", 3)


@pytest.mark.parametrize("outcome", [*SILENT, *REFUSING])
def test_silence_of_a_source_counts_unless_one_that_moves_is_silent_too(outcome: str) -> None:
    assert silence_counts([("moving", "answering"), ("stalled", outcome), ("not_running", outcome)])
    assert silence_counts([("moving", outcome)]) is (outcome in REFUSING)


def _shifted(state: dict[str, t.Any], skew_s: float) -> dict[str, t.Any]:
    metrics = {name: value + skew_s if name.endswith("_ts") else value for name, value in (state.get("metrics") or {}).items()}
    return {**state, "metrics": metrics} if state else state


@pytest.mark.parametrize("skew_s", [-86400.0, -30.0, 0.0, 30.0, 86400.0])
def test_clocks_that_differ_change_no_class(skew_s: float) -> None:
    """Our clock and the host's: all times of the supervisor are shifted, ours are not."""
    for seen, state, more, expected in TABLE.values():
        shifted = _shifted(state, skew_s)
        age = {name: value for name, value in more.items() if name == "age"}
        facts = {name: value for name, value in more.items() if name not in ("age", "source", "before")}
        seen_then = looks(*seen, **age)
        for look in seen_then:
            look.update({name: look[name] + skew_s for name in ("sent", "written") if name in look})
        health = stream_health(seen_then, shifted, _shifted(more.get("before", state), skew_s), NOW + skew_s)
        source = more.get("source") and {"outcome": more["source"], "says": ""}
        claims = stream_claims(shifted, {})
        assert stream_class(facts_of(health, claims, has_entry=bool(shifted), source=source, **facts))["class"] == expected


#: Recording of monitor/streams, camera, playlist, outcome of its source, class.
STALE, FRESH = recorded("hls_playlist_hung"), recorded("hls_playlist")
RECORDED = [
    ("monitor_streams_running_with_viewer", "cam1", [(0, FRESH), (7, STALE)], "answering", "healthy"),
    ("monitor_streams_hung", "cam1", [(0, STALE), (3, STALE)], "answering", "hung"),
    ("monitor_streams_just_started", "cam1", [(0, 404), (3, 404)], "answering", "starting"),
    ("monitor_streams_killed", "cam1", [(0, STALE), (3, STALE)], "answering", "dead"),
    ("monitor_streams_after_stop", "camcred", [(0, 404)], "answering", "stopped"),
    ("monitor_streams_in_cooldown", "camdead", [(0, 404), (3, 404)], "refused", "source_unreachable"),
    ("monitor_streams_in_cooldown", "camdead", [(0, 404), (3, 404)], None, "breaker_open"),
    ("monitor_streams_stream_breaker_open", "camdead", [(0, 404)], None, "breaker_open"),
    ("monitor_streams_source_frozen", "cam1", [(0, STALE), (3, STALE)], None, "dead"),
    ("monitor_streams_source_frozen_later", "cam1", [(0, 404), (3, 404)], "answering", "starting"),
    ("monitor_streams_source_frozen_later", "cam1", [(0, 404), (3, 404)], "timeout", "source_unreachable"),
    ("monitor_streams_after_restart", "cam1", [(0, FRESH), (7, STALE)], "answering", "second_writer"),
    ("monitor_streams_never_started", "cam1", [(0, 404)], "answering", "never_started"),
]


@pytest.mark.parametrize(("name", "camera", "seen", "source", "expected"), RECORDED)
def test_class_of_recorded_states(name: str, camera: str, seen: list[t.Any], source: t.Any, expected: str) -> None:
    body = recorded(name)
    state, now = body["streams"].get(camera, {}), body["timestamp"]
    breaker = body["circuit_breakers"].get(f"stream:rtsp:{camera}")
    health = stream_health(looks(*seen), state, state, now)
    found = stream_class(facts_of(
        health, stream_claims(state, {}, None), has_entry=bool(state), source=source and {"outcome": source, "says": "x"},
        breaker_blocks=breaker_blocks(breaker, now)))  # fmt: skip
    assert found["class"] == expected
