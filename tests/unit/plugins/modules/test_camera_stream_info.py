# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""camera_stream_info against a scripted supervisor: what is asked, what is noted, and that no address gets out."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _fleet, _stream_survey, _streams, _supervisor_calls  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import camera_stream_info  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import Exchange, answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    FakeTime,
    calls_in,
    cameras,
    hls,
    no_answer,
    play,
    playlist,
    streams,
)

RECORDINGS = Path(__file__).resolve().parents[3] / "data" / "recordings"
SOURCE = "rtsp://viewer:canary-of-the-camera@10.0.0.9/"
GONE = answer(404, "<html>no</html>")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Nothing is really waited for."""
    fake = FakeTime()
    for module in (_streams, _stream_survey):
        monkeypatch.setattr(module, "monotonic", fake.monotonic)
        monkeypatch.setattr(module, "sleep", fake.sleep)
    monkeypatch.setattr(_stream_survey, "THREADS", 1)  # the script is in order
    monkeypatch.setattr(_fleet, "_SLOW_S", 60)
    monkeypatch.setattr(_supervisor_calls.time, "sleep", lambda seconds: None)
    return fake


def entry(running: bool = True, source: str = "main", resolution: str | None = None) -> dict[str, t.Any]:
    desired = {"type": "rtsp", "rtsp_url": SOURCE + source, "resolution": resolution}
    return {"running": running, "process_pid": 7, "desired": desired, "metrics": {"starts_total": 2, "last_start_ts": 1.0}}


def look(*script: t.Any, **options: t.Any) -> dict[str, t.Any]:
    result = play(camera_stream_info, *script, **{"looks": 2, "ask_sources": False, **options})
    assert result["changed"] is False and not result.get("failed") and result["observed_at"].endswith("Z")
    assert "://" not in repr({**result, "calls": []}).replace("http://127.0.0.1", "")
    return result


CAMERAS = cameras(
    {name: {"type": "rtsp", "url": SOURCE + "main", "substream_url": SOURCE + "small"} for name in ("cam1", "cam2", "door")}
)
STREAMS = streams({"cam1": entry(resolution="640x360"), "cam2": entry(source="small")})


@pytest.mark.parametrize("check_mode", [False, True])
def test_all_that_is_known_is_looked_at_and_waited_for_once(clock: FakeTime, check_mode: bool) -> None:
    first = [playlist(hls(8)), playlist(hls(5), "cam2"), playlist(GONE, "door")]
    second = [playlist(hls(11)), playlist(hls(5), "cam2"), playlist(GONE, "door")]
    result = look(STREAMS, CAMERAS, *first, *second, STREAMS, check_mode=check_mode)
    assert clock.waits == [3.0]
    assert {name: one["verdict"] for name, one in result["streams"].items()} == {"cam1": "moving", "cam2": "stalled", "door": "not_running"}
    assert result["streams"]["cam1"] == {
        "verdict": "moving", "running": True, "sequence": [8, 11], "segments_added": 3, "seconds": 3.0, "playlist_moves": True,
        "last_segment_at": "", "known": True, "process_pid": 7, "starts_total": 2, "breaker": "closed", "clients": 0,
        "media_s": 3.0, "media_in_s": 3.0, "moving_s": 3.0, "segment_s": 1.0, "segment_age_s": None, "discontinuities": 0, "jumps": 0,
        "unreadable": "", "last_exit_code": None, "source": None,
        "class": "healthy", "why": "3 s of picture were added in 3 s.",
        "evidence": {
            "verdict": "moving", "sequence": [8, 11], "segments_added": 3, "seconds": 3.0, "segment_age_s": None, "media_s": 3.0,
            "media_in_s": 3.0,
        },
        "desired": {"type": "rtsp", "use_substream": False, "resolution": "640x360"},
        "recovery": {"in_cooldown": False, "retries": 0, "succeeded": 0, "failed": 0, "last_error": ""},
    }  # fmt: skip
    assert result["noted"] == [
        {"camera": "cam1", "type": "rtsp", "use_substream": False, "resolution": "640x360"},
        {"camera": "cam2", "type": "rtsp", "use_substream": True, "resolution": None},
    ]
    assert result["not_observed"] == {}


def test_cameras_given_are_looked_at_and_all_that_run_are_noted() -> None:
    result = look(
        STREAMS, CAMERAS, playlist(hls(8), "cam2"), playlist(GONE, "nobody"), playlist(hls(9), "cam2"), playlist(GONE, "nobody"),
        STREAMS, cameras=["cam2", "nobody", "cam2"],
    )  # fmt: skip
    assert list(result["streams"]) == ["cam2", "nobody"] and [row["camera"] for row in result["noted"]] == ["cam1", "cam2"]
    assert (result["streams"]["nobody"]["known"], result["streams"]["nobody"]["verdict"]) == (False, "not_running")


def test_nothing_runs_and_nothing_is_waited_for(clock: FakeTime) -> None:
    idle = streams()
    result = look(idle, cameras({"cam1": {}}), playlist(GONE), idle)
    assert (clock.waits, result["noted"], result["streams"]["cam1"]["verdict"]) == ([], [], "not_running")
    assert look(idle, cameras(), idle)["streams"] == {}


def test_orphan_that_writes_on_is_seen_though_the_supervisor_knows_no_stream() -> None:
    """Quirk 13: after a restart monitor/streams is empty."""
    found = look(streams(), cameras({"cam1": {}}), playlist(hls(8)), playlist(hls(11)), streams())["streams"]["cam1"]
    assert (found["verdict"], found["running"], found["playlist_moves"]) == ("not_running", False, True)


@pytest.mark.parametrize(("wait_s", "target", "waited"), [(3, 1, 3.0), (10, 1, 10.0), (3, 6, 7.0), (3, 9999, 30.0)])
def test_wait_is_as_long_as_the_segments_need(clock: FakeTime, wait_s: float, target: int, waited: float) -> None:
    one = [playlist(hls(8, target=target)), playlist(hls(9, target=target))]
    look(STREAMS, CAMERAS, *one, STREAMS, cameras=["cam1"], wait_s=wait_s)
    assert clock.waits == [waited]


UNREADABLE = [
    (streams(reply=answer(500, {"error": f"bad {SOURCE}"})), [], {"noted", "streams"}, "supervisor.failed"),
    (STREAMS, [cameras(reply=answer(200, "<html>"))], {"noted", "streams"}, "supervisor.not_json"),
    (STREAMS, [CAMERAS, playlist(no_answer)], {"streams"}, "supervisor.timeout"),
    (STREAMS, [CAMERAS, *[playlist(reset)] * 3], {"streams"}, "supervisor.unreachable"),
]


@pytest.mark.parametrize(("first", "script", "missing", "code"), UNREADABLE)
def test_what_cannot_be_observed_is_named(first: Exchange, script: list[Exchange], missing: set[str], code: str) -> None:
    result = look(first, *script, read_timeout=0.5)
    assert set(result["not_observed"]) == missing and missing.isdisjoint(result)
    assert {failure["code"] for failure in result["not_observed"].values()} == {code}
    assert calls_in(result) == [f"{exchange.method} {exchange.path}" for exchange in (first, *script)]


@pytest.mark.parametrize(
    "reply",
    [
        answer(500, {"error": "x"}),
        answer(200, "<html>"),
        answer(302, "", Location="http://elsewhere"),
        answer(200, "#EXTM3U", Content_Length="400"),
    ],
)
def test_playlist_that_cannot_be_read_is_a_verdict_of_that_camera_alone(reply: t.Any) -> None:
    script = [playlist(reply), playlist(hls(5), "cam2"), playlist(reply), playlist(hls(8), "cam2")]
    result = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1", "cam2"])
    assert [one["verdict"] for one in result["streams"].values()] == ["unreadable", "moving"]


def test_passwords_of_a_recorded_supervisor_stay_where_they_are() -> None:
    """Quirk 19. The placeholder of the recordings is the canary here."""
    name = "monitor_streams_leaks_credentials", "cameras_list_leaks_credentials"
    bodies = [(RECORDINGS / f"{one}.json").read_text(encoding="utf-8").replace("<RTSP_PASSWORD>", "canary-rtsp") for one in name]
    told = streams(reply=answer(200, json.loads(bodies[0])["response"]["body"]))
    known = cameras(reply=answer(200, json.loads(bodies[1])["response"]["body"]))
    assert all("canary-rtsp" in body for body in bodies)
    both = ["cam1", "camcred"]
    result = look(told, known, *[playlist(hls(at), one) for at in (3, 6) for one in both], told, cameras=both)
    assert [row["camera"] for row in result["noted"]] == both and "viewer" not in repr(result)
    assert [one["verdict"] for one in result["streams"].values()] == ["moving", "moving"]


@pytest.mark.parametrize("wait_s", [0, 2.9, 61, float("nan")])
def test_wait_has_limits(wait_s: float) -> None:
    result = play(camera_stream_info, wait_s=wait_s)
    assert result["failure"]["code"] == "stream.option" and "expected 3 to 60." in result["failure"]["message"]
