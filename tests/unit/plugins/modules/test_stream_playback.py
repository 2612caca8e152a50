# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stream_playback against a scripted supervisor with a real segment: what is asked, what is decoded, what is told."""

from __future__ import annotations

import base64
import socket
import threading
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import (  # noqa: E402
    _fleet, _playback, _playback_decoder, _supervisor_calls,
)  # fmt: skip
from ansible_collections.lineops.runbook.plugins.modules import stream_playback  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import Exchange, answer, raw, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.segments import (  # noqa: E402
    DAMAGED, HEIGHT, PICTURES, SEGMENT, TRUNCATED, WIDTH,
)  # fmt: skip
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    calls_in, hls, no_answer, outcome_of, params_of, play, playlist,
)  # fmt: skip

GONE = answer(404, "<html>no</html>")
#: What a supervisor says of a source that is dead (quirk 19).
LEAK = answer(500, {"error": "cannot open rtsp://viewer:canary-of-the-camera@10.0.0.9/main"})
FORBIDDEN = answer(403, {"error": "rtsp://viewer:canary-of-the-camera@10.0.0.9/"})
CUT = answer(200, "#EXTM3U\n", Content_Length="99")
JPEG = answer(200, b"\xff\xd8\xff\xe0 a picture")


@pytest.fixture(autouse=True)
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script is in order, and nothing is waited for."""
    monkeypatch.setattr(_playback, "THREADS", 1)
    monkeypatch.setattr(_fleet, "_SLOW_S", 60)
    monkeypatch.setattr(_supervisor_calls.time, "sleep", lambda seconds: None)


def segment(content: t.Any = SEGMENT, name: str = "cam_011.ts") -> Exchange:
    reply = answer(200, content) if isinstance(content, bytes) else content
    return Exchange("GET", f"/static/hls/{name}", reply, {"X-API-Key": None})


def snapshot(reply: t.Any = JPEG, camera: str = "cam1") -> Exchange:
    return Exchange("GET", f"/api/cameras/{camera}/snapshot", reply, {"X-API-Key": None})


def look(*script: Exchange, **options: t.Any) -> dict[str, t.Any]:
    result = play(stream_playback, *script, **{"cameras": ["cam1"], "decode_timeout_s": 30, **options})
    assert result["changed"] is False and not result.get("failed") and result["observed_at"].endswith("Z")
    assert "rtsp:" not in repr(result)
    return result


def seen(*script: Exchange, **options: t.Any) -> dict[str, t.Any]:
    """What is told of the only camera."""
    result = look(*script, **options)
    assert result["not_observed"] == {} and list(result["playback"]) == ["cam1"]
    return result["playback"]["cam1"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_real_segment_plays(check_mode: bool) -> None:
    found = seen(playlist(hls(8)), segment(), check_mode=check_mode)
    seconds = [request.pop("seconds") for request in found["requests"]]
    decoder = found.pop("decoder")
    assert found == {
        "verdict": "plays", "why": "Whole pictures decoded of the newest segment: 10, of 320x180.", "segment": "cam_011.ts",
        "width": WIDTH, "height": HEIGHT, "pictures": PICTURES, "vantage": "controller", "picture": "",
        "requests": [
            {"what": "playlist", "status": 200, "bytes": len(hls(8)), "why": ""},
            {"what": "segment", "status": 200, "bytes": len(SEGMENT), "why": ""},
        ],
    }  # fmt: skip
    assert all(0 <= one < 60 for one in seconds) and decoder.split(" ")[0] in ("ffmpeg", "imageio-ffmpeg", "av")


def test_two_calls_for_a_camera_and_three_with_a_snapshot() -> None:
    assert calls_in(look(playlist(hls(8)), segment())) == ["GET /static/hls/cam1.m3u8", "GET /static/hls/cam_011.ts"]
    assert calls_in(look(playlist(hls(8)), segment(), snapshot(), snapshot=True))[2:] == ["GET /api/cameras/cam1/snapshot"]


def test_picture_is_a_small_jpeg_if_it_is_wished() -> None:
    found = seen(playlist(hls(8)), segment(), picture=True, run_from="host")
    assert base64.b64decode(found["picture"], validate=True).startswith(b"\xff\xd8\xff") and found["vantage"] == "host"


@pytest.mark.parametrize("content", [TRUNCATED, DAMAGED, SEGMENT[:188]], ids=["truncated", "damaged", "one packet"])
def test_segment_without_a_whole_picture_is_undecodable(content: bytes) -> None:
    found = seen(playlist(hls(8)), segment(content), picture=True)
    assert (found["verdict"], found["pictures"], found["width"], found["picture"]) == ("undecodable", 0, None, "")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ([playlist(GONE)], "A viewer gets no playlist: the answer has status 404."),
        ([playlist(answer(302, "", Location="http://other/"))], "A viewer gets no playlist: the answer has status 302."),
        ([playlist(LEAK)], "A viewer gets no playlist: the answer has status 500."),
        ([playlist("<html>login</html>")], "What a viewer gets is no playlist (status 200)."),
        ([playlist(no_answer)], "A viewer gets no playlist: there was no complete answer in time."),
        ([playlist(CUT)], "A viewer gets no playlist: the answer was cut short (status 200)."),
        ([playlist(hls(8)), segment(b"<html>login</html>" * 50)], "The newest segment is a web page, no video (status 200, 900 bytes)."),
        ([playlist(hls(8)), segment(b"x" * 500)], "The newest segment is something else, no video (status 200, 500 bytes)."),
        ([playlist(hls(8)), segment(LEAK)], "A viewer gets no segment: the answer has status 500."),
        ([playlist(hls(8)), segment(FORBIDDEN)], "A viewer gets no segment: the answer has status 403."),
        ([playlist(hls(8)), segment(b"")], "The newest segment is empty (status 200)."),
        ([playlist(hls(8)), *[segment(reset)] * 3], "A viewer gets no segment: the connection was broken off."),
    ],
)  # fmt: skip
def test_what_no_viewer_can_watch(script: list[Exchange], why: str) -> None:
    found = seen(*script, read_timeout=1)
    assert (found["verdict"], found["why"], found["picture"]) == ("unwatchable", why, "")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "http://viewer:canary@127.0.0.1:1/a.ts", "//127.0.0.1:1/a.ts", "a.ts?key=canary"])
def test_name_that_leads_elsewhere_is_not_fetched(name: str) -> None:
    """The script has the playlist only: a second call would be one too many."""
    found = seen(playlist(f"#EXTM3U\n#EXTINF:1.0,\ncam_001.ts\n#EXTINF:1.0,\n{name}\n"))
    assert (found["verdict"], found["segment"], len(found["requests"])) == ("unwatchable", "", 1)
    assert "so it was not fetched" in found["why"] and "canary" not in repr(found)


def test_segment_of_100_mb_is_not_read_to_its_end() -> None:
    sent = [0]

    def endless(sock: socket.socket, stop: threading.Event) -> None:
        size, piece = 100 * 1024 * 1024, b"G" * 1024 * 1024
        sock.sendall(f"HTTP/1.1 200 X\r\nContent-Length: {size}\r\n\r\n".encode())
        while sent[0] < size and not stop.is_set():
            sock.sendall(piece)
            sent[0] += len(piece)

    found = seen(playlist(hls(8)), segment(endless), read_timeout=60)
    assert (found["verdict"], found["why"]) == ("unwatchable", "A viewer gets no segment: the answer is too large (status 200).")
    assert sent[0] < 60 * 1024 * 1024


def test_segment_that_was_deleted_meanwhile_is_looked_for_anew() -> None:
    found = seen(playlist(hls(8)), segment(GONE), playlist(hls(9)), segment(name="cam_012.ts"))
    assert (found["verdict"], found["segment"]) == ("plays", "cam_012.ts")
    assert [(one["what"], one["status"]) for one in found["requests"]] == [
        ("playlist", 200), ("segment", 404), ("playlist", 200), ("segment", 200)]  # fmt: skip


def test_segments_that_are_always_gone_are_looked_for_twice_only() -> None:
    found = seen(playlist(hls(8)), segment(GONE), playlist(hls(9)), segment(GONE, "cam_012.ts"))
    assert (found["verdict"], found["why"]) == ("unwatchable", "A viewer gets no segment: the answer has status 404.")


@pytest.mark.parametrize(
    ("reply", "status", "why"),
    [
        (JPEG, 200, ""),
        (answer(404, {"error": "x"}), 404, "the answer has status 404"),
        (LEAK, 500, "the answer has status 500"),
        (answer(200, "<html>"), 200, "it is no JPEG picture"),
        (reset, None, "the connection was broken off"),
    ],
)
def test_snapshot_is_told_and_changes_no_verdict(reply: t.Any, status: int | None, why: str) -> None:
    found = seen(playlist(hls(8)), segment(), *[snapshot(reply)] * (3 if reply is reset else 1), snapshot=True)
    assert found["verdict"] == "plays"
    last = found["requests"][-1]
    assert (last["what"], last["status"], last["why"]) == ("snapshot", status, why)


def test_snapshot_is_tried_where_the_stream_is_gone() -> None:
    found = seen(playlist(GONE), snapshot(), snapshot=True)
    assert (found["verdict"], found["requests"][-1]["status"]) == ("unwatchable", 200)


def test_without_a_decoder_nothing_is_proven_and_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for choice in ("auto", "ffmpeg", "python"):
        monkeypatch.setitem(_playback_decoder._CANDIDATES, choice, (lambda: None,))
    for choice in ("auto", "ffmpeg", "python", "none"):
        found = seen(playlist(hls(8)), segment(), decoder=choice)
        assert (found["verdict"], found["decoder"], found["pictures"]) == ("unproven", "", 0)
        assert "Install ffmpeg, or the Python package imageio-ffmpeg or av" in found["why"]


def test_what_nobody_can_watch_is_said_without_a_decoder_too() -> None:
    assert seen(playlist(hls(8)), segment(b"<html>" * 100), decoder="none")["verdict"] == "unwatchable"


def test_decoder_that_hangs_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    does = "if [ \"$1\" = -version ]; then echo 'ffmpeg version 9 x'; exit; fi\nexec sleep 600"
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = seen(playlist(hls(8)), segment(), decode_timeout_s=1)
    assert (found["verdict"], found["decoder"]) == ("unproven", "ffmpeg 9")
    assert found["why"] == "The decoder gave no picture of the newest segment within 1 s."


def test_each_camera_has_its_own_verdict() -> None:
    script = [playlist(hls(8)), segment(), playlist(GONE, "door"), playlist(hls(8), "yard"), segment(TRUNCATED)]
    found = look(*script, cameras=["cam1", "door", "cam1", "yard"])["playback"]
    assert {name: one["verdict"] for name, one in found.items()} == {"cam1": "plays", "door": "unwatchable", "yard": "undecodable"}


def test_cameras_are_looked_at_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No camera is judged before the playlists of all were asked for."""
    monkeypatch.setattr(_playback, "THREADS", 8)
    names = [f"cam{number}" for number in range(4)]
    together = threading.Barrier(len(names))

    class Client:
        def sibling(self) -> t.Any:
            return self

        def playlist(self, name: str) -> t.Any:
            together.wait(30)
            return _supervisor_calls.Reply("", 200, "", {}, 0.0, "", "")

    how = _playback.Playback("none", 1.0, False, False, "controller")
    found, not_observed = _playback.playback_of(t.cast(t.Any, Client()), names, how)
    assert list(found) == names and not_observed == {}


def test_supervisor_that_is_not_there_is_no_verdict_on_its_cameras() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    result = outcome_of(stream_playback, params_of(stream_playback, url=url, cameras=["cam1", "door"]))
    assert result["playback"] == {} and result["not_observed"]["playback"]["code"] == "supervisor.unreachable"
    assert len(result["calls"]) == 3, "one camera is enough to see that, with its two repeats"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"decode_timeout_s": 0.5}, "playback.option"),
        ({"decode_timeout_s": 61}, "playback.option"),
        ({"cameras": [".."]}, "supervisor.value_invalid"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_asked(options: dict[str, t.Any], code: str) -> None:
    result = play(stream_playback, **{"cameras": ["cam1"], **options})
    assert result["failed"] and result["failure"]["code"] == code


def test_camera_for_which_there_was_no_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_playback, "_ENDS_S", 0.0)
    result = look()
    assert result["playback"] == {} and result["not_observed"]["playback"]["code"] == "playback.deadline"


def test_no_camera_is_no_call() -> None:
    assert look(cameras=[])["playback"] == {}


def test_answers_that_are_no_http_are_told() -> None:
    found = seen(*[playlist(raw(b"SSH-2.0-OpenSSH\r\n"))])
    assert found["why"] == "A viewer gets no playlist: what answers is no web server."
