# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ring_session against a scripted supervisor: every call in order, and what is said where nothing shows a session."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _streams, _supervisor_calls  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import ring_session  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import Behaviour, Exchange, answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    FAILED,
    OK,
    OPERATOR,
    REFUSED_KEY,
    FakeTime,
    calls_in,
    camera_start,
    camera_stop,
    cameras,
    hls,
    play,
    playlist,
    streams,
)

KNOWN = cameras({"cam1": {"type": "rtsp", "url": "rtsp://viewer:canary@10.0.0.9/main"}, "door": {"type": "ring", "url": "/x"}})
#: As recorded in ring_webrtc_stop_unknown_session.
UNKNOWN = answer(500, {"success": False})
NOTHING = answer(200, {"success": False})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Nothing is really waited for."""
    fake = FakeTime()
    monkeypatch.setattr(_streams, "monotonic", fake.monotonic)
    monkeypatch.setattr(_streams, "sleep", fake.sleep)
    monkeypatch.setattr(_supervisor_calls.time, "sleep", lambda seconds: None)
    return fake


def started(reply: Behaviour = OK) -> Exchange:
    return camera_start(reply, camera="door")


def stopped(reply: Behaviour = OK) -> Exchange:
    return camera_stop(reply, camera="door")


def ended(reply: Behaviour = OK, session: str = "s-1") -> Exchange:
    return Exchange("POST", "/api/cameras/door/ring/webrtc/stop", reply, {"X-API-Key": OPERATOR}, {"session_id": session})


def stream(running: bool) -> Exchange:
    desired = {"type": "ring", "camera_id": "door", "refresh_token": "canary-of-ring"} if running else None
    return streams({"door": {"running": running, "desired": desired, "metrics": {"last_start_ts": 1.0}}})


ON, OFF = stream(True), stream(False)
STANDS, MOVES = playlist(hls(8), camera="door"), playlist(hls(11), camera="door")
MOVING = [STANDS, ON, MOVES, ON]


def made(*script: Exchange, **options: t.Any) -> dict[str, t.Any]:
    result = play(ring_session, *script, **{"camera": "door", **options})
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in script]
    assert {"requested", "original", "reached", "latency_s", "verified", "changed", "diff", "session", "health"} <= set(result)
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("original", "reached", "changed", "verified", "session"))


# options, script, (original, reached, changed, verified, session)
GOOD: dict[str, tuple[dict[str, t.Any], list[Exchange], tuple[t.Any, ...]]] = {
    "session": ({"session_id": "s-1"}, [KNOWN, ended()], (None, "ended", True, False, "ended")),
    "session that is gone": ({"session_id": "s-1"}, [KNOWN, ended(UNKNOWN)], (None, "gone", False, True, "already gone")),
    "session, check": ({"session_id": "s-1", "check_mode": True}, [KNOWN], (None, "ended", True, False, "ended")),
    "nobody knows the session": (
        {}, [KNOWN, ON, stopped(), started(), *MOVING], ("started", "started", True, True, "session id unknown")),
    "an empty id is none": (
        {"session_id": ""}, [KNOWN, ON, stopped(), started(), *MOVING], ("started", "started", True, True, "session id unknown")),
    "nothing registered": (
        {}, [KNOWN, OFF, stopped(NOTHING), started(), *MOVING], ("stopped", "started", True, True, "session id unknown")),
    "stream, check": ({"check_mode": True}, [KNOWN, ON], ("started", "started", True, False, "session id unknown")),
}  # fmt: skip


@pytest.mark.parametrize(("options", "script", "expected"), GOOD.values(), ids=GOOD)
def test_session_is_ended_by_id_or_with_its_stream(
    options: dict[str, t.Any], script: list[Exchange], expected: tuple[t.Any, ...]
) -> None:
    result = made(*script, **options)
    assert (result["requested"], summary(result)) == ("ended", expected)


# options, script, code, (original, reached, changed, verified, session)
BAD: dict[str, tuple[dict[str, t.Any], list[Exchange], str, tuple[t.Any, ...]]] = {
    "no Ring camera": ({"camera": "cam1", "session_id": "s-1"}, [KNOWN], "ring.not_ring", (None, None, False, False, None)),
    "no Ring camera, its stream runs": ({"camera": "cam1"}, [KNOWN], "ring.not_ring", (None, None, False, False, None)),
    "unknown camera": ({"camera": "nope", "session_id": "s-1"}, [KNOWN], "stream.unknown_camera", (None, None, False, False, None)),
    "500 with a reason is no unknown session": (
        {"session_id": "s-1"}, [KNOWN, ended(FAILED)], "ring.not_ended", (None, None, True, False, None)),
    "200 that says no": ({"session_id": "s-1"}, [KNOWN, ended(NOTHING)], "ring.not_ended", (None, None, True, False, None)),
    "key refused": ({"session_id": "s-1"}, [KNOWN, ended(REFUSED_KEY)], "supervisor.key_refused", (None, None, False, False, None)),
    "no answer": ({"session_id": "s-1"}, [KNOWN, ended(reset)], "supervisor.unreachable", (None, None, True, False, None)),
    "a page in its place": (
        {"session_id": "s-1"}, [KNOWN, ended(answer(500, "<html>x</html>"))], "supervisor.not_json", (None, None, True, False, None)),
    "live not allowed": (
        {}, [KNOWN, ON, stopped(), started(answer(403, {"error": "Ring-Live ist deaktiviert"}))], "stream.start_failed",
        ("started", None, True, False, "session id unknown")),
    "no token": (
        {}, [KNOWN, ON, stopped(), started(answer(401, {"error": "Kein Ring refresh_token vorhanden."}))], "stream.start_failed",
        ("started", None, True, False, "session id unknown")),
    "picture does not come": (
        {"window_s": 5}, [KNOWN, ON, stopped(), started(), *[STANDS, ON] * 4], "stream.not_moving",
        ("started", None, True, False, "session id unknown")),
}  # fmt: skip


@pytest.mark.parametrize(("options", "script", "code", "expected"), BAD.values(), ids=BAD)
def test_failure_of_a_session_says_what_was_done(
    options: dict[str, t.Any], script: list[Exchange], code: str, expected: tuple[t.Any, ...]
) -> None:
    result = made(*script, **options)
    assert result["failed"] and result["failure"]["code"] == code
    assert summary(result) == expected


def test_refusals_name_the_camera_in_one_sentence() -> None:
    """The supervisor itself does not look at the camera of the path: it would end the session all the same (§5)."""
    assert made(KNOWN, camera="cam1", session_id="s-1")["failure"]["message"] == (
        "The camera cam1 is no Ring camera, so it has no session to end.")
    assert made(KNOWN, camera="nope", session_id="s-1")["failure"]["message"] == "The supervisor knows no camera nope."


@pytest.mark.parametrize("options", [{"session_id": "a b"}, {"session_id": "x" * 201}, {"window_s": 4}])
def test_options_of_a_session_that_make_no_sense_ask_nobody(options: dict[str, t.Any]) -> None:
    assert play(ring_session, camera="door", **options)["failure"]["code"] == "ring.option"
