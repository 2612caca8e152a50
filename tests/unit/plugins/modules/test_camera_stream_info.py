# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""camera_stream_info against a scripted supervisor: what is asked, what is noted, and that no address gets out."""

from __future__ import annotations

import http.server
import json
import threading
import time
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _fleet, _stream_survey, _streams, _supervisor_calls  # noqa: E402
from ansible_collections.lineops.runbook.plugins.modules import camera_stream_info  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.rtsp_server import RtspServer, reply  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import Exchange, answer, reset  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    FakeTime,
    calls_in,
    cameras,
    hls,
    no_answer,
    outcome_of,
    params_of,
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
        "media_s": 3.0, "media_in_s": 3.0, "moving_s": 3.0, "segment_s": 1.0, "segment_age_s": None, "discontinuities": 0, "jumps": 0, "brought_back": False,
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


# --- more looks, sources, Ring, many cameras -------------------------------------------------------------------------


def test_three_looks_reach_as_far_as_two(clock: FakeTime) -> None:
    script = [playlist(hls(at)) for at in (8, 9, 11)]
    found = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], looks=3)["streams"]["cam1"]
    assert (clock.waits, found["seconds"], found["class"]) == ([1.5, 1.5], 3.0, "healthy")


def test_two_writers_are_seen_by_the_look_between() -> None:
    """Quirk 13: first and last look alone would show a stream that moves."""
    script = [playlist(hls(at)) for at in (500, 4, 503)]
    assert look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], looks=3)["streams"]["cam1"]["class"] == "second_writer"


def begun(*numbers: int) -> dict[str, t.Any]:
    """Looks at cam1 that an earlier task made, handed on as Ansible does."""
    script = [playlist(hls(number)) for number in numbers]
    result = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], looks=len(numbers), keep_looks=True)
    return json.loads(json.dumps(result["looks"]))


def test_one_look_waits_for_nothing_and_a_later_task_goes_on_from_it(clock: FakeTime) -> None:
    earlier = begun(8)
    assert clock.waits == []
    clock.now += 1.0
    script = [playlist(hls(number)) for number in (9, 11)]
    found = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], earlier=earlier)
    assert (clock.waits, found["streams"]["cam1"]["seconds"], found["streams"]["cam1"]["sequence"]) == ([2.0], 3.0, [8, 11])
    assert "looks" not in found


def test_nothing_is_waited_for_once_the_time_is_over_and_standing_still_is_seen(clock: FakeTime) -> None:
    earlier = begun(8)
    clock.now += 7.0
    found = look(STREAMS, CAMERAS, playlist(hls(8)), STREAMS, cameras=["cam1"], earlier=earlier, looks=6)["streams"]["cam1"]
    assert (clock.waits, found["class"], found["seconds"]) == ([], "hung", 7.0)


def test_each_camera_is_seen_for_long_enough(clock: FakeTime) -> None:
    earlier = begun(8)
    clock.now += 2.0
    script = [one for number in (10, 13) for one in (playlist(hls(number)), playlist(hls(number), "cam2"))]
    found = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1", "cam2"], earlier=earlier)["streams"]
    assert clock.waits == [3.0] and [found[name]["seconds"] for name in ("cam1", "cam2")] == [5.0, 3.0]


def test_time_is_counted_from_the_first_playlist_of_a_restart(clock: FakeTime) -> None:
    none = {"at": 98.0, "status": 404, "text": None, "why": ""}
    first = {"at": 99.0, "status": 200, "text": hls(8), "sent": None, "written": None}
    earlier = {"cam1": {"starts_total": 2, "process_pid": 7, "looks": [none, first]}}
    script = [playlist(hls(number)) for number in (9, 11)]
    found = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], earlier=earlier)["streams"]["cam1"]
    assert (clock.waits, found["moving_s"], found["class"]) == ([2.0], 3.0, "healthy")


@pytest.mark.parametrize("since", [{"starts_total": 3}, {"process_pid": 8}])
def test_looks_at_a_stream_that_was_started_anew_do_not_count(clock: FakeTime, since: dict[str, int]) -> None:
    """Its numbers begin anew, which is no second writer, and what moved before proves nothing of it."""
    earlier = begun(500, 503)
    clock.now += 5.0
    anew = entry(resolution="640x360")
    anew = {**anew, "process_pid": since.get("process_pid", 7), "metrics": {**anew["metrics"], "starts_total": since.get("starts_total", 2)}}
    now = streams({"cam1": anew, "cam2": entry(source="small")})
    script = [playlist(hls(number)) for number in (2, 5)]
    clock.waits.clear()
    found = look(now, CAMERAS, *script, now, cameras=["cam1"], earlier=earlier)["streams"]["cam1"]
    assert (clock.waits, found["class"], found["sequence"]) == ([3.0], "healthy", [2, 5])


def test_looks_from_before_the_machine_started_do_not_count(clock: FakeTime) -> None:
    clock.now += 1000.0
    earlier = begun(8)
    clock.now = 5.0
    script = [playlist(hls(number)) for number in (8, 11)]
    assert look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], earlier=earlier)["streams"]["cam1"]["seconds"] == 3.0
    assert clock.waits == [3.0]


def test_a_huge_playlist_is_not_handed_on(clock: FakeTime) -> None:
    long = answer(200, hls(8) + "#" * 20_000)
    result = look(STREAMS, CAMERAS, playlist(long), STREAMS, cameras=["cam1"], looks=1, keep_looks=True)
    assert result["looks"]["cam1"]["looks"] == [] and clock.waits == []


def test_age_of_a_segment_is_by_the_supervisors_headers() -> None:
    """Its clock is years from ours, which changes nothing."""
    old = answer(200, hls(8), Date="Mon, 23 Nov 2020 03:25:44 GMT", Last_Modified="Mon, 23 Nov 2020 03:25:04 GMT")
    found = look(STREAMS, CAMERAS, playlist(old), playlist(old), STREAMS, cameras=["cam1"])["streams"]["cam1"]
    assert (found["class"], found["segment_age_s"]) == ("hung", 40.0) and "40 s" in found["why"]


def test_playlist_of_100_mb_is_read_to_its_limit_only() -> None:
    sent: list[int] = []

    def endless(sock: t.Any, dummy: t.Any) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n#EXTM3U\n")
        try:
            for number in range(100):
                sock.sendall(b"#" * 1048576)
                sent.append(number)
        except OSError:
            pass

    found = look(STREAMS, CAMERAS, playlist(endless), playlist(endless), STREAMS, cameras=["cam1"])["streams"]["cam1"]
    assert found["class"] == "unknown" and len(sent) < 40
    assert found["why"] == "What is served as its playlist cannot be judged: it is larger than any playlist."


def test_sources_are_asked_and_their_addresses_stay_here() -> None:
    dead = entry(running=False)
    with RtspServer(lambda line, headers: reply(404, headers)) as server:
        address = server.url("/canary-path", "viewer:canary-of-the-camera")
        known = cameras({
            "cam1": {"type": "rtsp", "url": address}, "door": {"type": "rtsp", "url": "http://canary@h/x"},
            "safe": {"type": "rtsp", "url": "rtsps://u:canary@h/x"}})  # fmt: skip
        now = streams({"cam1": dead})
        names = [playlist(GONE, name) for name in ("cam1", "door", "safe")]
        result = look(now, known, *names, now, ask_sources=True)
    found = {name: (one["class"], one["source"]["outcome"], one["source"]["asked_from"]) for name, one in result["streams"].items()}
    assert found == {
        "cam1": ("source_unreachable", "not_found", "the controller"), "door": ("source_unreachable", "unsupported", "the controller"),
        "safe": ("never_started", "not_asked", "the controller")}  # fmt: skip
    assert {line.split()[0] for line, dummy in server.requests} == {"OPTIONS", "DESCRIBE"}
    assert "canary" not in repr(result)


def test_second_source_is_asked_where_it_is_wanted() -> None:
    with RtspServer() as server:
        camera = {"type": "rtsp", "url": server.url("/main"), "substream_url": server.url("/small")}
        now = streams({"cam1": {**entry(running=False), "desired": {"type": "rtsp", "rtsp_url": camera["substream_url"]}}})
        look(now, cameras({"cam1": camera}), playlist(GONE), now, ask_sources=True)
    assert {line.split()[1].rsplit("/", 1)[1] for line, dummy in server.requests} == {"small"}


RING = cameras({"door": {"type": "ring", "url": "/api/cameras/door/snapshot"}})
RING_STATUS = json.loads((RECORDINGS / "ring_status.json").read_text(encoding="utf-8"))["response"]["body"]


def ring_status(reply_: t.Any) -> Exchange:
    return Exchange("GET", "/api/ring/status", reply_, {"X-API-Key": None})


@pytest.mark.parametrize(
    ("reply_", "options", "expected", "observed_not"),
    [
        (answer(200, RING_STATUS), {}, "ring_live_not_allowed", set()),
        (answer(200, {**RING_STATUS, "live_enabled": True}), {}, "ring_token_missing", set()),
        (answer(200, {**RING_STATUS, "live_enabled": True, "configured": True}), {}, "never_started", set()),
        (answer(404, "<html>"), {}, "never_started", {"ring"}),
        (answer(200, RING_STATUS), {"reported_stuck": ["door"]}, "ring_session_stuck", set()),
    ],
)
def test_ring(reply_: t.Any, options: dict[str, t.Any], expected: str, observed_not: set[str]) -> None:
    result = look(streams(), RING, playlist(GONE, "door"), streams(), ring_status(reply_), ask_sources=True, **options)
    assert (result["streams"]["door"]["class"], result["streams"]["door"]["source"]) == (expected, None)
    assert set(result["not_observed"]) == observed_not


def test_writers_that_the_host_saw() -> None:
    script = [playlist(hls(8)), playlist(hls(11))]
    found = look(STREAMS, CAMERAS, *script, STREAMS, cameras=["cam1"], writers={"cam1": 2})["streams"]["cam1"]
    assert (found["class"], found["evidence"]) == ("second_writer", {"writers": 2})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"looks": 0}, "looks is 0; expected 1 to 20."),
        ({"earlier": {"cam1": {"looks": [{"at": "now", "status": 200}]}}},
         "earlier of cam1 holds no looks; expected the looks that such a task returned."),
        ({"source_timeout_s": 31}, "source_timeout_s is 31.0; expected 0.5 to 30."),
        ({"writers": {"cam1": "many"}}, "writers of cam1 is 'many'; expected a number of processes."),
    ],
)
def test_options_out_of_their_limits_ask_nobody(options: dict[str, t.Any], sentence: str) -> None:
    assert play(camera_stream_info, **options)["failure"] == {"code": "stream.option", "message": sentence, "hint": ""}


class Many:
    """A supervisor of any number of cameras, all at once; each playlist takes its time, and its sequence is the real one."""

    def __init__(self, number: int, answer_s: float) -> None:
        self.names = [f"cam{index:02}" for index in range(number)]
        self.answer_s, self.began = answer_s, time.monotonic()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.body(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *dummy: t.Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Many:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *dummy: t.Any) -> None:
        self.server.shutdown()
        self.server.server_close()

    def body(self, path: str) -> bytes:
        if path.startswith("/static"):
            time.sleep(self.answer_s)
            return hls(100 + int(time.monotonic() - self.began)).encode()
        if path == "/api/cameras":
            return json.dumps({"cameras": {name: {"type": "rtsp", "url": self.source(name)} for name in self.names}}).encode()
        return json.dumps({"success": True, "timestamp": 1000.0, "streams": {name: entry() for name in self.names}}).encode()

    def source(self, name: str) -> str:
        """Addresses of documentation: nobody there, and packets to them get lost or are refused on the way."""
        return f"rtsp://192.0.2.{int(name[3:]) + 1}/live"


def test_fifty_cameras_take_the_pause_and_little_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, 150 answers of 20 ms would take 3 s more, and 50 silent sources two minutes."""
    monkeypatch.undo()
    with Many(50, 0.02) as many:
        began = time.monotonic()
        result = outcome_of(camera_stream_info, params_of(camera_stream_info, url=many.url))
        took_s = time.monotonic() - began
    assert {one["class"] for one in result["streams"].values()} == {"healthy"} and len(result["streams"]) == 50
    ids = [call.rsplit(" ", 1)[1] for call in result["calls"]]
    assert len(set(ids)) == len(ids) == 153, "two threads share a request id"
    assert took_s < 3.0 + 2.5  # limit of the issue is 1 s; machines that run tests are busy
    print(f"50 cameras took {took_s:.2f} s")


@pytest.mark.parametrize(
    ("silent_that_moves", "expected"), [(False, "source_unreachable"), (True, "hung")],
)
def test_vantage_point_that_reaches_no_camera_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, silent_that_moves: bool, expected: str
) -> None:
    """cam2 streams. If its source is silent here as well, the silence of cam1's says nothing."""
    seen: list[bool] = []

    def ask(address: str, timeout_s: float, same_host: bool) -> dict[str, t.Any]:
        seen.append(same_host)
        silent = silent_that_moves or "one" in address
        return {"outcome": "timeout" if silent else "answering", "status": None, "says": "x.", "seconds": 0.0}

    monkeypatch.setattr(_stream_survey, "ask_source", ask)
    monkeypatch.setattr(_stream_survey, "is_same_host", lambda url, run_from: True)
    known = cameras({"cam1": {"type": "rtsp", "url": "rtsp://h/one"}, "cam2": {"type": "rtsp", "url": "rtsp://h/two"}})
    now = streams({"cam1": entry(), "cam2": entry()})
    script = [playlist(hls(8)), playlist(hls(8), "cam2"), playlist(hls(8)), playlist(hls(11), "cam2")]
    result = look(now, known, *script, now, ask_sources=True)
    assert {name: one["class"] for name, one in result["streams"].items()} == {"cam1": expected, "cam2": "healthy"}
    assert seen == [True, True]


@pytest.mark.parametrize(
    ("url", "run_from", "same"),
    [("http://127.0.0.1:5000", "controller", True), ("http://10.0.0.1:5000", "controller", False), ("http://10.0.0.1:5000", "host", True)],
)
def test_loopback_is_ours_only_on_the_supervisors_machine(
    monkeypatch: pytest.MonkeyPatch, url: str, run_from: str, same: bool
) -> None:
    assert _stream_survey.is_same_host(url, run_from) is same
    how = _stream_survey.Survey(3.0, 2, 1.0, same_host=same, asked_from="x")
    with RtspServer() as server:
        (found,) = _stream_survey._Asking({"cam1": server.url()}, how).answers().values()
    assert found["outcome"] == ("answering" if same else "not_asked") and bool(server.requests) is same
