# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts on streams and what is noted of them, on tables and on what a real supervisor answered (recordings)."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._stream_rules import (
    Playlist,
    address_secrets,
    breaker_blocks,
    desired_of,
    is_as_wanted,
    is_resolution,
    noted_streams,
    parse_playlist,
    patience_s,
    stream_claims,
    stream_health,
    without_addresses,
)

RECORDINGS = Path(__file__).resolve().parents[3] / "data" / "recordings"


def recorded(name: str) -> t.Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["response"]["body"]


def playlist(sequence: int, count: int = 4, target: float = 1) -> str:
    segments = "".join(f"#EXTINF:1.000000,\ncam1_{sequence + n:03}.ts\n" for n in range(count))
    return f"#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n{segments}"


def looks(*seen: t.Any) -> list[dict[str, t.Any]]:
    """(at, text) for a playlist, (at, status) for an answer without one."""
    return [
        {"at": at, "status": 200, "text": what} if isinstance(what, str) else {"at": at, "status": what, "text": None}
        for at, what in seen
    ]


# --- playlists -------------------------------------------------------------------------------------------------------


def test_recorded_playlist_is_read() -> None:
    names = ("cam1_008.ts", "cam1_009.ts", "cam1_010.ts", "cam1_011.ts")
    assert parse_playlist(recorded("hls_playlist_hung")) == Playlist(8, 1.0, "", names, (1.0,) * 4)
    assert parse_playlist(recorded("hls_playlist")).end == 5


def test_last_time_counts_and_line_ends_do_not() -> None:
    text = (
        "\ufeff#EXTM3U\r\n#EXT-X-TARGETDURATION:4.5\r\n#EXT-X-PROGRAM-DATE-TIME:2026-11-23T03:00:00.000+0000\r\n"
        "#EXTINF:1,\r\na.ts\r\n#EXT-X-DISCONTINUITY\r\n#EXT-X-PROGRAM-DATE-TIME:2026-11-23T03:00:01.000+0000\r\n\r\nb.ts\r\n"
    )
    assert parse_playlist(text) == Playlist(0, 4.5, "2026-11-23T03:00:01.000+0000", ("a.ts", "b.ts"), (1.0, 4.5), 1)


@pytest.mark.parametrize(
    "text", [None, 5, b"#EXTM3U\n", "", "<html>#EXTM3U</html>", "x\n#EXTM3U", "#EXTM3U8\n", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n"]
)
def test_anything_else_is_not_a_playlist(text: t.Any) -> None:
    assert parse_playlist(text) is None


@given(st.text(alphabet="#EXTM3U\r\n-:0٣.ts ", max_size=60) | st.text(max_size=20).map(lambda text: f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:{text}\na"))
def test_no_text_is_an_exception(text: str) -> None:
    found = parse_playlist(text)
    assert found is None or found.end >= found.sequence >= 0


def test_patience_follows_the_segments_within_limits() -> None:
    assert patience_s([]) == patience_s(looks((0, 404), (1, playlist(1)))) == 3.0
    assert patience_s(looks((0, playlist(1, target=6)))) == 7.0
    assert patience_s(looks((0, playlist(1, target=99999)))) == 30.0


# --- health ----------------------------------------------------------------------------------------------------------

NOW = 1000.0


def entry(running: bool = True, started_s: float = 500, recovered: int = 0, attempt_s: float = 0, cooldown: bool = False) -> dict[str, t.Any]:
    """An entry of monitor/streams; ages in seconds before NOW."""
    return {
        "running": running, "desired": {"type": "rtsp"}, "process_pid": 7,
        "metrics": {
            "starts_total": 1 + recovered, "last_start_ts": NOW - started_s, "recovery_success_total": recovered,
            "last_recovery_attempt_ts": NOW - attempt_s if attempt_s else 0.0,
        },
        "recovery": {"in_cooldown": cooldown},
    }  # fmt: skip


OLD, NEW, OFF = entry(), entry(started_s=4), entry(running=False)
TWO = (0, playlist(8)), (3, playlist(11))
HEALTH: dict[str, tuple[list[t.Any], dict[str, t.Any], str]] = {
    "moves": ([*TWO], OLD, "moving"),
    "one segment in three seconds": ([(0, playlist(8)), (3, playlist(9))], OLD, "moving"),
    "list still filling": ([(0, playlist(0, 1)), (3, playlist(0, 4))], NEW, "moving"),
    "appears, then moves": ([(0, 404), (1, playlist(0, 1)), (4, playlist(0, 4))], NEW, "moving"),
    "stands (quirk 15)": ([(0, playlist(8)), (3, playlist(8))], OLD, "stalled"),
    "stands though just started": ([(0, playlist(8)), (3, playlist(8))], NEW, "stalled"),
    "moved, then stands": ([*TWO, (6, playlist(11))], OLD, "stalled"),
    "stands, then moves": ([(0, playlist(8)), (4, playlist(8)), (5, playlist(9))], OLD, "moving"),
    "long segments, looked too early": ([(0, playlist(8, target=6)), (3, playlist(8, target=6))], OLD, "undecided"),
    "long segments": ([(0, playlist(8, target=6)), (7, playlist(8, target=6))], OLD, "stalled"),
    "too close to say it moves": ([(0, playlist(8)), (1, playlist(9))], OLD, "undecided"),
    "one look": ([(0, playlist(8))], OLD, "undecided"),
    "one look, just started": ([(0, playlist(0))], NEW, "starting"),
    "no look": ([], OLD, "undecided"),
    "0 bytes (§8.33)": ([(0, ""), (3, "")], OLD, "empty"),
    "no segment": ([(0, playlist(0, 0)), (3, playlist(0, 0))], OLD, "empty"),
    "0 bytes, just started": ([(0, ""), (3, "")], NEW, "starting"),
    "no playlist": ([(0, 404), (3, 404)], OLD, "missing"),
    "no playlist for a moment": ([(0, playlist(8)), (3, 404)], OLD, "undecided"),
    "no playlist, just started": ([(0, 404), (3, 404)], NEW, "starting"),
    "a page": ([(0, "<html>"), (3, "<html>")], OLD, "unreadable"),
    "an error": ([(0, 500), (3, 500)], NEW, "unreadable"),
    "not running": ([(0, 404), (3, 404)], OFF, "not_running"),
    "never started": ([(0, 404)], {}, "not_running"),
    "orphan moves (quirk 13)": ([*TWO], {}, "not_running"),
    "killed once": ([(0, playlist(8)), (3, playlist(8))], entry(False, 9, 1, 3), "not_running"),
    # The totals are of the supervisor's whole life: weeks may lie between two of them.
    "brought back just now, and often before": ([(0, 404), (3, 404)], entry(True, 2, 9, 4), "starting"),
    "down just after a recovery": ([(0, 404), (3, 404)], entry(False, 2, 9, 4), "not_running"),
    "recovery gave up": ([(0, 404), (3, 404)], entry(False, 9, 9, 8, cooldown=True), "not_running"),
    "brought back long ago, then hung": ([(0, playlist(8)), (3, playlist(8))], entry(True, 400, 5, 402), "stalled"),
    "brought back long ago, moves": ([*TWO], entry(True, 400, 5, 402), "moving"),
    "begun anew by a start": ([(0, playlist(90)), (3, playlist(0, 2))], NEW, "starting"),
    "begun anew, nobody started it": ([(0, playlist(90)), (3, playlist(0, 2))], OLD, "flapping"),
    "begun anew, moves since": ([(0, playlist(90)), (3, playlist(0, 2)), (6, playlist(1))], OLD, "moving"),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "state", "verdict"), HEALTH.values(), ids=HEALTH)
def test_verdict(seen: list[t.Any], state: dict[str, t.Any], verdict: str) -> None:
    assert stream_health(looks(*seen), state, now=NOW)["verdict"] == verdict


def test_figures() -> None:
    found = stream_health(looks(*TWO), OLD, now=NOW)
    assert found == {
        "verdict": "moving", "running": True, "brought_back": False, "sequence": [8, 11], "segments_added": 3, "seconds": 3, "playlist_moves": True,
        "last_segment_at": "", "media_s": 3.0, "media_in_s": 3, "moving_s": 3, "segment_s": 1.0, "segment_age_s": None,
        "discontinuities": 0, "jumps": 0, "unreadable": "",
    }  # fmt: skip
    nothing = stream_health(looks((0, 404)), {}, now=NOW)
    assert (nothing["sequence"], nothing["segments_added"], nothing["playlist_moves"]) == ([None, None], 0, False)
    orphan = stream_health(looks(*TWO), {}, now=NOW)
    assert (orphan["running"], orphan["playlist_moves"]) == (False, True)


@pytest.mark.parametrize(
    ("seen", "media", "moving"),
    [
        ([(0, playlist(8)), (3, playlist(9))], 1.0, 3),
        # Segments that scrolled by between two looks last as long as the target.
        ([(0, playlist(8)), (30, playlist(38))], 30.0, 30),
        ([(0, playlist(8)), (2, playlist(10)), (8, playlist(10)), (9, playlist(11)), (11, playlist(13))], 5.0, 2.0),
        ([(0, playlist(8)), (2, playlist(10)), (5, playlist(10))], 2.0, 0.0),
        ([(0, playlist(90)), (3, playlist(0, 1)), (6, playlist(0, 4))], 3.0, 3),
    ],
)
def test_picture_that_was_added_and_for_how_long(seen: list[t.Any], media: float, moving: float) -> None:
    found = stream_health(looks(*seen), OLD, now=NOW)
    assert (found["media_s"], found["moving_s"]) == (media, moving)


@pytest.mark.parametrize(
    ("sent", "written", "age"),
    [(50.0, 30.0, 20.0), (50.0, 50.5, 0.0), (50.0, 900.0, None), (None, 30.0, None), (50.0, None, None), ("x", 30.0, None)],
)
def test_age_of_the_playlist_is_by_one_clock(sent: t.Any, written: t.Any, age: t.Any) -> None:
    seen = [{**one, "sent": sent, "written": written} for one in looks(*TWO)]
    assert stream_health(seen, OLD, now=NOW)["segment_age_s"] == age


# looks, starts of the entry after -> how often the numbers jumped
JUMPS = [
    ([*TWO], 1, 0),
    ([(0, playlist(500)), (1.5, playlist(4)), (3, playlist(503))], 1, 2),
    ([(0, playlist(500)), (3, playlist(4))], 1, 1),
    ([(0, playlist(4)), (3, playlist(500))], 1, 1),
    # somebody started it in between: of course it begins anew
    ([(0, playlist(500)), (3, playlist(4))], 2, 0),
    # slow looks, quick catch-up of one writer
    ([(0, playlist(8)), (30, playlist(48))], 1, 0),
    ([(0, 404), (1, playlist(0)), (3, playlist(3))], 1, 0),
]


@pytest.mark.parametrize(("seen", "starts", "jumps"), JUMPS)
def test_numbers_that_one_writer_cannot_have_written(seen: list[t.Any], starts: int, jumps: int) -> None:
    after = {**OLD, "metrics": {**OLD["metrics"], "starts_total": starts}}
    assert stream_health(looks(*seen), after, OLD, NOW)["jumps"] == jumps
    assert stream_health(looks(*seen), after, None, NOW)["jumps"] == 0


def test_clock_of_the_host_set_back_makes_nothing_new() -> None:
    """After an hour back, a stream that has run for a day would be starting for an hour."""
    assert stream_health(looks((0, 404), (3, 404)), entry(started_s=-3600), now=NOW)["verdict"] == "missing"
    assert stream_health(looks((0, 404), (3, 404)), entry(started_s=-0.9), now=NOW)["verdict"] == "starting"


def test_breaker_blocks_until_its_time_by_the_supervisors_clock() -> None:
    body = recorded("monitor_streams_stream_breaker_open")
    breaker = body["circuit_breakers"]["stream:rtsp:camdead"]
    assert breaker_blocks(breaker, body["timestamp"]) and breaker_blocks(breaker, None)
    assert not breaker_blocks(breaker, breaker["opened_at"] + 30)
    assert not any(breaker_blocks(other, 1.0) for other in ({}, None, [], "open", {**breaker, "state": "half_open"}))


# entry before and after the looks -> verdict
RECOVERIES = {
    "one more, shortly after another": (entry(recovered=2, attempt_s=20), entry(True, 1, 3, 2), "flapping"),
    "one more, weeks after another": (entry(recovered=2, attempt_s=2e6), entry(True, 1, 3, 2), "moving"),
    "none more": (entry(recovered=3, attempt_s=5), entry(True, 3, 3, 5), "moving"),
    "the first": (entry(), entry(True, 1, 1, 2), "moving"),
    "two more": (entry(), entry(True, 1, 2, 2), "flapping"),
    "down after one more": (entry(recovered=2, attempt_s=20), entry(False, 1, 3, 2), "flapping"),
    "the supervisor began anew": (entry(recovered=9, attempt_s=20), entry(True, 1, 1, 2), "moving"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "verdict"), RECOVERIES.values(), ids=RECOVERIES)
def test_two_recoveries_close_together_are_flapping(before: dict[str, t.Any], after: dict[str, t.Any], verdict: str) -> None:
    """Quirk 17: the counter grows while all else looks well."""
    assert stream_health(looks(*TWO), after, before, NOW)["verdict"] == verdict


def test_recorded_recoveries_are_flapping() -> None:
    """Its source froze: two recoveries 20 s apart."""
    before, after = (recorded(f"monitor_streams_source_frozen{later}") for later in ("", "_later"))
    health = stream_health(looks((0, 404), (4, 404)), after["streams"]["cam1"], before["streams"]["cam1"], after["timestamp"])
    assert (health["verdict"], health["brought_back"]) == ("flapping", True)


@pytest.mark.parametrize(("state", "brought_back"), [
    (entry(True, 2, 1, 4), True), (entry(False, 2, 1, 29), True), (entry(True, 2, 1, 31), False), (entry(), False),
    (entry(False, 9, 9, 8, cooldown=True), False), ({}, False),
])  # fmt: skip
def test_recovery_that_was_at_it_just_now_is_told(state: dict[str, t.Any], brought_back: bool) -> None:
    assert stream_health(looks(*TWO), state, now=NOW)["brought_back"] is brought_back


def test_without_the_supervisors_time_nothing_is_taken_for_new() -> None:
    assert stream_health(looks((0, 404), (3, 404)), NEW, now=None)["verdict"] == "missing"


# recording of monitor/streams, camera, what its playlist looked like -> verdict
STALE = recorded("hls_playlist_hung")
STATES = [
    ("monitor_streams_running_with_viewer", "cam1", [(0, recorded("hls_playlist")), (7, STALE)], "moving"),
    ("monitor_streams_hung", "cam1", [(0, STALE), (3, STALE)], "stalled"),
    ("monitor_streams_just_started", "cam1", [(0, 404), (3, 404)], "starting"),
    ("monitor_streams_killed", "cam1", [(0, STALE), (3, STALE)], "not_running"),
    ("monitor_streams_after_stop", "camcred", [(0, 404)], "not_running"),
    ("monitor_streams_in_cooldown", "camdead", [(0, 404), (3, 404)], "not_running"),
    ("monitor_streams_source_frozen", "cam1", [(0, STALE), (3, STALE)], "not_running"),
    ("monitor_streams_source_frozen_later", "cam1", [(0, 404), (3, 404)], "starting"),
    ("monitor_streams_cam1_after_kills", "cam1", [(0, 404), (3, 404)], "not_running"),
]


@pytest.mark.parametrize(("name", "camera", "seen", "verdict"), STATES, ids=[row[0] for row in STATES])
def test_verdict_on_recorded_states(name: str, camera: str, seen: list[t.Any], verdict: str) -> None:
    body = recorded(name)
    assert stream_health(looks(*seen), body["streams"][camera], now=body["timestamp"])["verdict"] == verdict


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["running", "metrics", "recovery", "desired", "last_start_ts", "recovery_success_total", "resolution"]),
        inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["running", "metrics", "recovery", "desired", "process_pid"]), JUNK), JUNK)
def test_entries_of_any_shape_are_no_exception(state: dict[str, t.Any], now: t.Any) -> None:
    found = stream_health(looks((0, 404), (3, 404)), state, state, now)
    assert found["verdict"] != "moving"
    stream_claims(state, {}, now)
    noted_streams({"cam1": state, "cam2": now}, {"cam1": now})


# --- what is wanted --------------------------------------------------------------------------------------------------

MAIN, SMALL = "rtsp://viewer:canary-1@10.0.0.9/main", "rtsp://viewer:canary-1@10.0.0.9/small"
CAMERA = {"url": MAIN, "substream_url": SMALL, "type": "rtsp"}
ONE_SOURCE = {"url": MAIN, "substream_url": "", "type": "rtsp"}


def wanted(source: str = MAIN, resolution: t.Any = None) -> dict[str, t.Any]:
    return {"running": True, "desired": {"type": "rtsp", "camera_id": "x", "rtsp_url": source, "resolution": resolution}}


def test_noted_is_what_is_wanted_and_how_without_an_address() -> None:
    streams = {
        "small": wanted(SMALL), "main": wanted(MAIN, "1280x720"), "rescaled": wanted(MAIN, "640x360"), "gone": wanted(),
        "stopped": {"running": False, "desired": None}, "killed": {**wanted(), "running": False},
    }  # fmt: skip
    cameras = {"small": CAMERA, "main": CAMERA, "rescaled": ONE_SOURCE, "stopped": CAMERA, "killed": CAMERA, "idle": CAMERA}
    noted = noted_streams(streams, cameras)
    assert [(row["camera"], row["use_substream"], row["resolution"]) for row in noted] == [
        ("gone", False, None), ("killed", False, None), ("main", False, "1280x720"), ("rescaled", False, "640x360"), ("small", True, None),
    ]  # fmt: skip
    assert {row["type"] for row in noted} == {"rtsp"} and "canary" not in repr(noted) and "://" not in repr(noted)


def test_noted_on_recordings() -> None:
    cameras = recorded("cameras_list_leaks_credentials")["cameras"]
    noted = noted_streams(recorded("monitor_streams_leaks_credentials")["streams"], cameras)
    assert noted == [
        {"camera": name, "type": "rtsp", "use_substream": False, "resolution": None} for name in ("cam1", "camcred")
    ]
    (small,) = noted_streams(recorded("monitor_streams_substream")["streams"], cameras)
    assert small == {"camera": "cam1", "type": "rtsp", "use_substream": False, "resolution": "640x360"}
    assert noted_streams(recorded("monitor_streams_after_restart")["streams"], cameras) == []


@pytest.mark.parametrize("desired", [None, [], "x", 5])
def test_nothing_is_wanted(desired: t.Any) -> None:
    assert desired_of({"desired": desired}, CAMERA) is None and not is_as_wanted({"desired": desired}, CAMERA, False, None)


def test_words_that_could_hold_an_address_are_left_out() -> None:
    leaky = {"desired": {"type": MAIN, "rtsp_url": MAIN, "resolution": MAIN}, "process_pid": MAIN, "metrics": {"last_error": MAIN}}
    claims = stream_claims(leaky, CAMERA, MAIN)
    assert "canary" not in repr(claims) and "://" not in repr(claims)
    assert claims["desired"] == {"type": "", "use_substream": False, "resolution": None}


def test_claims_of_a_recording() -> None:
    body = recorded("monitor_streams_stream_breaker_open")
    claims = stream_claims(body["streams"]["camdead"], {}, body["circuit_breakers"]["stream:rtsp:camdead"]["state"])
    assert claims == {
        "desired": None, "process_pid": None, "starts_total": 19, "breaker": "open", "clients": 0, "last_exit_code": None,
        "recovery": {"in_cooldown": False, "retries": 0, "succeeded": 14, "failed": 6, "last_error": "circuit_open"},
    }  # fmt: skip


# what runs, the camera, use_substream and resolution asked for -> whether it is that
WANTED = [
    (wanted(), CAMERA, False, None, True),
    (wanted(), CAMERA, True, None, False),
    (wanted(SMALL), CAMERA, True, None, True),
    (wanted(SMALL, "640x360"), CAMERA, True, None, True),
    (wanted(SMALL), CAMERA, False, None, False),
    (wanted(MAIN, "640x360"), CAMERA, False, "640x360", True),
    (wanted(MAIN, "640x360"), CAMERA, False, None, False),
    (wanted(MAIN, "640x360"), CAMERA, False, "1280x720", False),
    (wanted(), CAMERA, False, "1280x720", False),
    # No second source: the main one is made smaller [monitor_streams_substream].
    (wanted(MAIN, "640x360"), ONE_SOURCE, True, None, True),
    (wanted(MAIN), ONE_SOURCE, True, None, False),
    (wanted(MAIN, "320x180"), ONE_SOURCE, True, "320x180", True),
    # The camera was given another address since.
    (wanted("rtsp://10.0.0.8/old"), CAMERA, False, None, False),
    ({"desired": {"type": "ring", "resolution": None}}, {"type": "ring", "url": "/x"}, False, None, True),
]


@pytest.mark.parametrize(("entry_", "camera", "use_substream", "resolution", "expected"), WANTED)
def test_is_as_wanted(entry_: t.Any, camera: t.Any, use_substream: bool, resolution: t.Any, expected: bool) -> None:
    assert is_as_wanted(entry_, camera, use_substream, resolution) is expected


@pytest.mark.parametrize("value", ["640x360", "1x1", "99999x99999"])
def test_resolution(value: str) -> None:
    assert is_resolution(value)


@pytest.mark.parametrize("value", ["bogus", "640", "640x", "x360", "0x360", "640X360", "640x360\n", " 640x360", "640x360x2", "٣x٣", 640, None, ""])
def test_no_resolution(value: t.Any) -> None:
    assert not is_resolution(value)


def test_no_address_and_no_password_in_words_of_the_supervisor() -> None:
    secrets = address_secrets({"url": "rtsp://viewer:can%40ary-1@10.0.0.9/x", "substream_url": "rtsp://v:canary two@c/"})
    words = "rtsp://viewer:can%40ary-1@10.0.0.9/x failed; login can@ary-1 and canary two; see rtsp://10.0.0.9/x and rtsp://a:b"
    told = without_addresses(words, secrets)
    assert not any(bad in told for bad in ("ary-1", "canary", "://")) and "failed; login" in told
    assert address_secrets({"url": "rtsp://10.0.0.9/x", "substream_url": None}) == frozenset()
