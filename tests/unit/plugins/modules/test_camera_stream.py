# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""camera_stream against a scripted supervisor: every call in order, and what is said of the state reached."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _streams, _supervisor_calls  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import camera_stream  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    FAILED,
    REFUSED_KEY,
    FakeTime,
    calls_in,
    camera_start,
    camera_stop,
    cameras,
    hls,
    no_answer,
    play,
    playlist,
    streams,
)

MAIN, SMALL = "rtsp://viewer:canary-of-the-camera@10.0.0.9/main", "rtsp://viewer:canary-of-the-camera@10.0.0.9/small"
KNOWN = cameras({"cam1": {"type": "rtsp", "url": MAIN, "substream_url": SMALL}})
RING = cameras({"cam1": {"type": "ring", "url": "/api/cameras/cam1/snapshot", "substream_url": ""}})
NOTHING = answer(200, {"success": False})
GONE = answer(404, "<html>no</html>")
PAGE = answer(200, "<html>a proxy</html>")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Nothing is really waited for."""
    fake = FakeTime()
    monkeypatch.setattr(_streams, "monotonic", fake.monotonic)
    monkeypatch.setattr(_streams, "sleep", fake.sleep)
    monkeypatch.setattr(_supervisor_calls.time, "sleep", lambda seconds: None)
    return fake


def stream(running: bool = True, source: str | None = MAIN, resolution: str | None = None, started: float = 1.0) -> t.Any:
    desired = {"type": "rtsp", "camera_id": "cam1", "rtsp_url": source, "resolution": resolution} if source else None
    return streams({"cam1": {"running": running, "desired": desired, "metrics": {"last_start_ts": started}}})


ON, OFF, NEVER, DOWN = stream(), stream(False, None), streams(), stream(False)
NEW = stream(started=996.0)
STANDS, MOVES = playlist(hls(8)), playlist(hls(11))
#: A look at a playlist and at the stream; two of them that prove that it moves, or hangs.
MOVING = [STANDS, ON, MOVES, ON]
HUNG = [STANDS, ON, STANDS, ON]
#: A stop, the supervisor's word, and a look whether anything is left.
STOPS = [camera_stop(), OFF, playlist(GONE)]


def made(*script: t.Any, **options: t.Any) -> dict[str, t.Any]:
    result = play(camera_stream, *script, **{"camera": "cam1", **options})
    assert {"requested", "original", "reached", "latency_s", "verified", "changed", "diff", "health", "supervisor_seconds"} <= set(result)
    shown = {side: {key: text for key, text in values.items() if key != "class"} for side, values in result["diff"].items()}
    assert shown == {"before": {"state": result["original"]}, "after": {"state": result["reached"]}}
    assert "://" not in repr({**result, "calls": []}).replace("http://127.0.0.1", "")
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("original", "reached", "changed", "verified"))


# options, what the supervisor is asked and says, and (original, reached, changed, verified)
NORMAL: dict[str, tuple[dict[str, t.Any], list[t.Any], tuple[t.Any, ...]]] = {
    "moves already": ({}, [ON, KNOWN, *MOVING], ("started", "started", False, True)),
    "just started by somebody": (
        {}, [NEW, KNOWN, playlist(GONE), NEW, playlist(hls(0, 1)), NEW, playlist(hls(0)), NEW], ("started", "started", False, True)),
    "never started": ({}, [NEVER, KNOWN, camera_start(), *MOVING], ("stopped", "started", True, True)),
    "stopped": ({}, [OFF, KNOWN, camera_start(), *MOVING], ("stopped", "started", True, True)),
    "recovering": ({}, [DOWN, KNOWN, camera_start(), *MOVING], ("recovering", "started", True, True)),
    "playlist comes late": (
        {}, [OFF, KNOWN, camera_start(), playlist(GONE), NEW, playlist(GONE), NEW, *MOVING], ("stopped", "started", True, True)),
    # quirk 15: a start alone does not heal it
    "hangs": ({}, [ON, KNOWN, *HUNG, camera_stop(), camera_start(), *MOVING], ("started", "started", True, True)),
    "file system full (§8.33)": (
        {}, [ON, KNOWN, *[playlist(""), ON] * 2, camera_stop(), camera_start(), *MOVING], ("started", "started", True, True)),
    "died while looked at": (
        {}, [ON, KNOWN, STANDS, DOWN, camera_start(), *MOVING], ("started", "started", True, True)),
    "another size": (
        {"resolution": "640x360"}, [ON, KNOWN, camera_stop(), camera_start(resolution="640x360"), *MOVING],
        ("started", "started", True, True)),
    "that size": (
        {"resolution": "640x360"}, [stream(resolution="640x360"), KNOWN, *MOVING], ("started", "started", False, True)),
    "another source": (
        {"use_substream": True}, [ON, KNOWN, camera_stop(), camera_start(use_substream=True), *MOVING],
        ("started", "started", True, True)),
    "that source": ({"use_substream": True}, [stream(source=SMALL), KNOWN, *MOVING], ("started", "started", False, True)),
    "restart of what is healthy": ({"state": "restarted"}, [ON, KNOWN, *MOVING], ("started", "started", False, True)),
    "restart by force": (
        {"state": "restarted", "force": True, "stable_s": 0}, [ON, KNOWN, *MOVING, *STOPS, camera_start(), *MOVING],
        ("started", "started", True, True)),
    "restart of what hangs": (
        {"state": "restarted", "stable_s": 3}, [ON, KNOWN, *HUNG, *STOPS, camera_start(), *MOVING], ("started", "started", True, True)),
    "restart of what stutters": (
        {"state": "restarted", "stable_s": 0}, [ON, KNOWN, STANDS, ON, playlist(hls(9)), ON, *STOPS, camera_start(), *MOVING],
        ("started", "started", True, True)),
    "restart, stable for ten seconds": (
        {"state": "restarted"}, [ON, KNOWN, *HUNG, *STOPS, camera_start(), *MOVING, playlist(hls(14)), ON, playlist(hls(17)), ON,
                                 playlist(hls(20)), ON], ("started", "started", True, True)),
    # Quirk 17: it was a success, and dies a moment later.
    "restart, falls once": (
        {"state": "restarted", "stable_s": 6}, [
            ON, KNOWN, *HUNG, *STOPS, camera_start(), *MOVING, playlist(GONE), DOWN, playlist(hls(0, 1)), NEW, playlist(hls(0)), NEW,
            playlist(hls(3)), NEW], ("started", "started", True, True)),
    "restart of a size that does not run": (
        {"state": "restarted", "stable_s": 0, "resolution": "640x360"},
        [ON, KNOWN, *STOPS, camera_start(resolution="640x360"), *MOVING], ("started", "started", True, True)),
    "restart of what was seen hung": (
        {"state": "restarted", "seen": "hung", "stable_s": 0}, [ON, KNOWN, *STOPS, camera_start(), *MOVING],
        ("started", "started", True, True)),
    "restart of what was seen hung, nobody else writes": (
        {"state": "restarted", "seen": "hung", "sole_writer": True, "stable_s": 0},
        [ON, KNOWN, camera_stop(), OFF, camera_start(), *MOVING], ("started", "started", True, True)),
    # Somebody was faster: what was seen is of the stream before.
    "restart of what was seen hung, and is started anew since": (
        {"state": "restarted", "seen": "hung"}, [NEW, KNOWN, STANDS, NEW, MOVES, NEW], ("started", "started", False, True)),
    "restart of what was seen healthy": ({"state": "restarted", "seen": "healthy"}, [ON, KNOWN, *MOVING], ("started", "started", False, True)),
    "restart of nothing": (
        {"state": "restarted", "stable_s": 0}, [OFF, KNOWN, playlist(GONE), camera_start(), *MOVING], ("stopped", "started", True, True)),
    # What a process leaves that was killed stands still: nobody writes it.
    "restart of what is dead": (
        {"state": "restarted", "stable_s": 0}, [DOWN, KNOWN, *[STANDS] * 2, camera_start(), *MOVING], ("recovering", "started", True, True)),
    "restart that is undone": (
        {"state": "restarted", "stable_s": 0}, [
            ON, KNOWN, *HUNG, camera_stop(NOTHING), OFF, OFF, ON, camera_stop(), OFF, playlist(GONE), camera_start(), *MOVING],
        ("started", "started", True, True)),
    "stop": ({"state": "stopped"}, [ON, camera_stop(), OFF], ("started", "stopped", True, True)),
    "stop of nothing": ({"state": "stopped"}, [OFF], ("stopped", "stopped", False, True)),
    "stop of what never ran": ({"state": "stopped"}, [NEVER], ("stopped", "stopped", False, True)),
    # quirk 16: looked at for 25 s, every 2 s
    "stop during a recovery": (
        {"state": "stopped"}, [DOWN, camera_stop(NOTHING), *[OFF] * 14], ("recovering", "stopped", True, True)),
    "stop during a recovery that is registered": (
        {"state": "stopped"}, [DOWN, camera_stop(), *[OFF] * 14], ("recovering", "stopped", True, True)),
    "stop of what died just then": (
        {"state": "stopped"}, [ON, camera_stop(NOTHING), *[OFF] * 14], ("started", "stopped", True, True)),
    "stop that is undone": (
        {"state": "stopped"}, [DOWN, camera_stop(NOTHING), OFF, OFF, ON, camera_stop(), OFF], ("recovering", "stopped", True, True)),
}  # fmt: skip
# In check mode only reads may be made (DESIGN §3).
CHECK: dict[str, tuple[dict[str, t.Any], list[t.Any], tuple[t.Any, ...]]] = {
    "moves": ({}, [ON, KNOWN, *MOVING], ("started", "started", False, True)),
    "hangs": ({}, [ON, KNOWN, *HUNG], ("started", "started", True, False)),
    "another size": ({"resolution": "640x360"}, [ON, KNOWN], ("started", "started", True, False)),
    "stopped": ({}, [OFF, KNOWN], ("stopped", "started", True, False)),
    "restart of what is healthy": ({"state": "restarted"}, [ON, KNOWN, *MOVING], ("started", "started", False, True)),
    "restart by force": ({"state": "restarted", "force": True}, [ON, KNOWN, *MOVING], ("started", "started", True, False)),
    "restart of what hangs": ({"state": "restarted"}, [ON, KNOWN, *HUNG], ("started", "started", True, False)),
    "restart of what was seen hung": ({"state": "restarted", "seen": "hung"}, [ON, KNOWN], ("started", "started", True, False)),
    "stop": ({"state": "stopped"}, [ON], ("started", "stopped", True, False)),
    "stop of nothing": ({"state": "stopped"}, [OFF], ("stopped", "stopped", False, True)),
}  # fmt: skip


@pytest.mark.parametrize(("options", "script", "expected"), NORMAL.values(), ids=NORMAL)
def test_state_is_reached_and_proven(options: dict[str, t.Any], script: list[t.Any], expected: tuple[t.Any, ...]) -> None:
    result = made(*script, **options)
    assert (result["requested"], summary(result)) == (options.get("state", "started"), expected)
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in script]
    assert result["health"].get("verdict") == (None if result["reached"] == "stopped" else "moving")


@pytest.mark.parametrize(("options", "script", "expected"), CHECK.values(), ids=CHECK)
def test_check_mode_only_looks(options: dict[str, t.Any], script: list[t.Any], expected: tuple[t.Any, ...]) -> None:
    assert summary(made(*script, check_mode=True, **options)) == expected


def leaking(status: int) -> t.Any:
    return answer(status, {"error": f"ffmpeg: {MAIN}: refused for viewer:canary-of-the-camera"})


NOT_MOVING = [*HUNG, STANDS, ON, STANDS, ON, STANDS, ON]
# options, script, then code and (original, reached, changed, verified)
FAILURES: dict[str, tuple[dict[str, t.Any], list[t.Any], str, tuple[t.Any, ...]]] = {
    "unknown camera": ({}, [NEVER, cameras({"cam2": {}})], "stream.unknown_camera", ("stopped", "stopped", False, False)),
    "camera removed meanwhile": (
        {}, [NEVER, KNOWN, camera_start(answer(404, {"error": "Kamera nicht gefunden"}))], "stream.unknown_camera",
        ("stopped", "stopped", False, False)),
    "no ffmpeg": ({}, [OFF, KNOWN, camera_start(answer(503, {"error": "x"}))], "stream.no_ffmpeg", ("stopped", None, True, False)),
    "start fails": ({}, [OFF, KNOWN, camera_start(leaking(500))], "stream.start_failed", ("stopped", None, True, False)),
    "start claims to fail": ({}, [OFF, KNOWN, camera_start(FAILED)], "stream.start_failed", ("stopped", None, True, False)),
    "ring off": ({}, [NEVER, RING, camera_start(answer(403, {"error": "aus"}))], "stream.start_failed", ("stopped", "stopped", False, False)),
    "ring without token": (
        {}, [NEVER, RING, camera_start(answer(401, {"error": "Kein Ring refresh_token"}))], "stream.start_failed",
        ("stopped", "stopped", False, False)),
    "ring, wrong key": (
        {}, [NEVER, RING, camera_start(answer(401, {"error": "unauthorized"}))], "supervisor.key_refused",
        ("stopped", "stopped", False, False)),
    "key refused": ({}, [OFF, KNOWN, camera_start(REFUSED_KEY)], "supervisor.key_refused", ("stopped", "stopped", False, False)),
    "start without answer": ({}, [OFF, KNOWN, camera_start(reset)], "supervisor.unreachable", ("stopped", None, True, False)),
    "start too slow": (
        {"read_timeout": 0.5}, [OFF, KNOWN, camera_start(no_answer)], "supervisor.timeout", ("stopped", None, True, False)),
    "stays hung": ({"window_s": 5}, [OFF, KNOWN, camera_start(), *NOT_MOVING[:8]], "stream.not_moving", ("stopped", None, True, False)),
    "dies": (
        {"window_s": 5}, [OFF, KNOWN, camera_start(), *[playlist(GONE), DOWN] * 6], "stream.not_moving", ("stopped", None, True, False)),
    "somebody else's playlist moves": (
        {"window_s": 5}, [NEVER, KNOWN, camera_start(), STANDS, DOWN, MOVES, DOWN, MOVES, DOWN, MOVES, DOWN, MOVES, DOWN, MOVES, DOWN],
        "stream.not_moving", ("stopped", None, True, False)),
    # What cannot be judged is not restarted.
    "a page in its place": ({}, [ON, KNOWN, *[playlist(PAGE), ON] * 2], "stream.not_observed", ("started", "started", False, False)),
    "segments longer than the window": (
        {"window_s": 5}, [ON, KNOWN, playlist(hls(1, target=9)), ON, playlist(hls(1, target=9)), ON], "stream.not_observed",
        ("started", "started", False, False)),
    "restart of a page in its place": (
        {"state": "restarted"}, [ON, KNOWN, *[playlist(PAGE), ON] * 2], "stream.not_observed", ("started", "started", False, False)),
    # What was seen is of the stream before the one that somebody has started meanwhile, however long that was looked at.
    "restart of what was seen hung, and is a page now": (
        {"state": "restarted", "seen": "hung"}, [NEW, KNOWN, *[playlist(PAGE), ON] * 2], "stream.not_observed",
        ("started", "started", False, False)),
    "restart beside a second writer": (
        {"state": "restarted"}, [ON, KNOWN, *HUNG, camera_stop(), OFF, STANDS, MOVES], "stream.second_writer",
        ("started", "stopped", True, False)),
    "restart of nothing beside a second writer": (
        {"state": "restarted"}, [OFF, KNOWN, STANDS, MOVES], "stream.second_writer", ("stopped", "stopped", False, False)),
    "restart, does not stay": (
        {"state": "restarted", "window_s": 5, "stable_s": 5},
        [OFF, KNOWN, playlist(GONE), camera_start(), *MOVING, *[playlist(GONE), DOWN] * 5], "stream.not_moving",
        ("stopped", None, True, False)),
    "stays": (
        {"state": "stopped"}, [ON, camera_stop(), ON, camera_stop(), ON], "stream.still_running", ("started", None, True, False)),
    "stop refused": (
        {"state": "stopped"}, [ON, camera_stop(REFUSED_KEY)], "supervisor.key_refused", ("started", "started", False, False)),
    "stop without proof": (
        {"state": "stopped"}, [ON, camera_stop(), streams(reply=answer(500, {"error": "x"}))], "supervisor.failed",
        ("started", None, True, False)),
    "nothing can be read": ({}, [streams(reply=answer(500, {"error": "x"}))], "supervisor.failed", (None, None, False, False)),
    "cameras cannot be read": (
        {}, [OFF, cameras(reply=answer(500, {"error": MAIN}))], "supervisor.failed", ("stopped", "stopped", False, False)),
}  # fmt: skip


@pytest.mark.parametrize(("options", "script", "code", "expected"), FAILURES.values(), ids=FAILURES)
def test_failure_says_what_is_known_of_the_state(
    options: dict[str, t.Any], script: list[t.Any], code: str, expected: tuple[t.Any, ...]
) -> None:
    result = made(*script, **options)
    assert result["failed"] and result["failure"]["code"] == code
    assert summary(result) == expected
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in script]
    assert result["msg"] == f"{result['failure']['message']} {result['failure']['hint']}".strip()


def test_words_of_a_failed_start_hold_no_address() -> None:
    result = made(OFF, KNOWN, camera_start(leaking(500)))
    assert result["failure"]["message"] == "The supervisor could not start cam1: ffmpeg: ***: refused for ***"


def test_failed_proof_says_what_was_seen() -> None:
    result = made(OFF, KNOWN, camera_start(), *NOT_MOVING[:8], window_s=5)
    assert result["failure"]["message"].endswith("does not move within 5 s: stalled.")
    assert (result["health"]["sequence"], result["health"]["running"]) == ([8, 8], True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"resolution": "bogus"}, "resolution is 'bogus'; expected WxH in pixels, as 640x360."),
        ({"window_s": 4}, "window_s is 4.0; expected 5 to 600."),
        ({"stable_s": 121}, "stable_s is 121.0; expected 0 to 120."),
        ({"window_s": float("nan")}, "window_s is nan; expected 5 to 600."),
    ],
)
def test_options_that_make_no_sense_ask_nobody(options: dict[str, t.Any], sentence: str) -> None:
    """Quirk 18: the supervisor would end a running stream before it finds fault with the size."""
    result = play(camera_stream, camera="cam1", **options)
    assert result["failure"] == {"code": "stream.option", "message": sentence, "hint": ""}


def test_camera_is_asked_for_by_its_quoted_id() -> None:
    entries = {"gate 1": {"type": "rtsp", "url": MAIN}}
    script = [streams(), cameras(entries), camera_start(reset, camera="gate%201")]
    assert made(*script, camera="gate 1")["failure"]["code"] == "supervisor.unreachable"


def test_looks_are_as_far_apart_as_they_need(clock: FakeTime) -> None:
    made(ON, KNOWN, *MOVING)
    assert clock.waits == [3.0]


def test_a_restart_hands_on_what_it_saw_of_the_new_stream(clock: FakeTime) -> None:
    """Not what it saw of the one before it."""
    result = made(ON, KNOWN, *HUNG, *STOPS, camera_start(), *MOVING, state="restarted", stable_s=0, keep_looks=True)
    handed_on = result["looks"]["cam1"]
    assert [look["text"] for look in handed_on["looks"]] == [hls(8), hls(11)]
    assert [look["at"] for look in handed_on["looks"]] == [clock.now - 3.0, clock.now]
    assert "looks" not in made(ON, KNOWN, *MOVING, keep_looks=True)


# options, script -> class before and after in the diff
CLASSES = [
    ({}, [ON, KNOWN, *MOVING], ("healthy", "healthy")),
    ({"state": "restarted", "stable_s": 0}, [ON, KNOWN, *HUNG, *STOPS, camera_start(), *MOVING], ("hung", "healthy")),
    ({"state": "restarted", "seen": "stuttering", "stable_s": 0}, [ON, KNOWN, *STOPS, camera_start(), *MOVING], ("stuttering", "healthy")),
    ({"state": "restarted", "stable_s": 0}, [DOWN, KNOWN, playlist(GONE), camera_start(), *MOVING], ("dead", "healthy")),
    ({}, [NEVER, KNOWN, camera_start(), *MOVING], ("never_started", "healthy")),
    ({"window_s": 5}, [OFF, KNOWN, camera_start(), *NOT_MOVING[:8]], ("stopped", "hung")),
    ({"state": "stopped"}, [ON, camera_stop(), OFF], (None, None)),
]


@pytest.mark.parametrize(("options", "script", "classes"), CLASSES)
def test_diff_shows_the_class_before_and_after(options: dict[str, t.Any], script: list[t.Any], classes: tuple[t.Any, t.Any]) -> None:
    result = made(*script, **options)
    assert tuple(result["diff"][side].get("class") for side in ("before", "after")) == classes
    assert result["judgement"].get("class") == classes[1]


def test_check_mode_predicts_the_class() -> None:
    diff = made(ON, KNOWN, *HUNG, check_mode=True, state="restarted")["diff"]
    assert (diff["before"]["class"], diff["after"]["class"]) == ("hung", "healthy")


def test_another_writer_gets_the_time_to_write_its_playlist_anew(clock: FakeTime) -> None:
    """Seen on a live supervisor: its stop takes the playlist away, and a look at once finds none."""
    result = made(ON, KNOWN, *HUNG, camera_stop(), OFF, STANDS, MOVES, state="restarted")
    assert result["failure"]["code"] == "stream.second_writer" and clock.waits == [3.0, 1.5, 3.0]
    assert result["diff"]["after"] == {"state": "stopped", "class": "second_writer"}
