# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch over supervisors that answer wrong, late, too much or not at all: each is told, none is waited for by others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from plant_doubles import CLOSED, HUNDRED_MB, STATUS, Double, Doubles, cuts_off, drips, endless, redirects, says, silent, well

from ansible_collections.lineops.runbook.plugins.module_utils import _health_look
from ansible_collections.lineops.runbook.plugins.module_utils._health_events import hosts_of, options_of
from ansible_collections.lineops.runbook.plugins.module_utils._health_look import Watched
from ansible_collections.lineops.runbook.plugins.module_utils._health_rules import Verdict
from ansible_collections.lineops.runbook.plugins.module_utils._health_state import Policy
from ansible_collections.lineops.runbook.plugins.module_utils._health_watch import Watch

PATIENCE_S = 240.0
#: Looks follow each other at once; what a state is does not change by that.
QUICK = Policy(debounce=2, flaps=100, interval=0.05, max_interval=0.2)
TIMES = {"connect_timeout": 1.0, "read_timeout": 0.5, "look_timeout": 2.0, "heartbeat": 0.3}


class Watching:
    """Runs a watch until a condition on what it has told holds."""

    def __init__(self, hosts: list[dict[str, Any]], policy: Policy = QUICK, **more: Any) -> None:
        self.told: list[dict[str, Any]] = []
        watched, refused = hosts_of(hosts)
        self.watch = Watch(watched, policy, options_of({**TIMES, **more})[1], self.put, refused)

    async def put(self, event: dict[str, Any]) -> None:
        self.told.append(event)

    @property
    def changes(self) -> list[tuple[str, str, str, str]]:
        """host, subject, state and signal of each change."""
        found = [event["supervisor_health"] for event in self.told]
        return [(one["host"], one["subject"], one["state"], one["signal"]) for one in found if one["kind"] == "change"]

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Watch until it holds."""

        async def run() -> None:
            task = asyncio.ensure_future(self.watch.run())
            ends = time.monotonic() + PATIENCE_S
            while not condition() and not task.done() and time.monotonic() < ends:
                await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not condition():
                pytest.fail(f"not within {PATIENCE_S} s: {what}; told: {self.changes}; {task}")

        asyncio.run(run())


#: What a supervisor does -> the signal that tells it.
ILL = {
    "garbage": (says(b"\x00\xff<<<"), "supervisor.not_json"),
    "html": (says(b"<html>It works!</html>"), "supervisor.not_json"),
    "other": (says(b'{"hello": "world"}'), "supervisor.not_json"),
    "failing": (says(b'{"status": "error", "message": "{{ 7 * 7 }}"}', 500), "supervisor.failed"),
    "unknown": (says(b"{}", 404), "supervisor.rejected"),
    "silent": (silent, "supervisor.timeout"),
    "drips": (drips, "supervisor.timeout"),
    "endless": (endless, "supervisor.not_json"),
    "cut": (cuts_off, "supervisor.not_json"),
    "dead": (well, "supervisor.unreachable"),
}


def test_each_that_is_ill_is_told_and_the_well_one_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    doubles = {name: Double(answer) for name, (answer, dummy) in ILL.items()}
    with Doubles(trap=Double(well), well=Double(well), **doubles) as plant:
        # Nobody may be sent elsewhere: neither by an answer nor by the environment.
        plant.by_name["redirecting"] = Double(redirects(plant["trap"].url))
        monkeypatch.setenv("http_proxy", plant["trap"].url)
        monkeypatch.setenv("HTTP_PROXY", plant["trap"].url)
        with Doubles(redirecting=plant["redirecting"]):
            hosts = plant.hosts("well", "redirecting", *ILL)
            next(host for host in hosts if host["host"] == "dead")["url"] = "http://127.0.0.1:9"
            watching = Watching(hosts, threads=len(hosts))
            expected = {(name, "supervisor", "failed", signal) for name, (dummy, signal) in ILL.items()}
            expected |= {("redirecting", "supervisor", "failed", "supervisor.redirected")}
            watching.until(lambda: set(watching.changes) >= expected, "all that are ill are told")
        assert sorted(watching.changes) == sorted(expected)  # each once, nothing of the one that is well
        assert plant["trap"].asked == []
        # The silent one was asked a few times meanwhile, the well one in step with its interval.
        silent_asked, well_asked = (len(plant[name].asked) for name in ("silent", "well"))
        assert well_asked > 3 * silent_asked > 0
        assert 0 < plant["endless"].sent < HUNDRED_MB / 4
        for double in plant.by_name.values():
            assert all(not {"x-api-key", "authorization", "cookie"} & set(headers) for dummy, headers in double.asked)
            assert all(call.startswith("GET ") for call, dummy in double.asked)
    last = [event["supervisor_health"] for event in watching.told if event["supervisor_health"]["kind"] == "heartbeat"]
    assert last and last[0]["hosts"] == len(hosts) and last[0]["failed"] == {}


def test_more_dead_than_threads_do_not_stop_the_watch() -> None:
    names = [f"silent{number}" for number in range(6)]
    with Doubles(well=Double(well), **{name: Double(silent) for name in names}) as plant:
        watching = Watching(plant.hosts(), threads=2)
        watching.until(
            lambda: len(watching.changes) == len(names) and len(plant["well"].asked) > 10, "all silent ones are told, the well one is asked")
        assert {change[1:] for change in watching.changes} == {("supervisor", "failed", "supervisor.timeout")}


def test_what_fails_and_heals_is_told_with_its_subject_and_nothing_of_the_plant() -> None:
    with Doubles(one=Double(well, camera=True)) as plant:
        watching = Watching(plant.hosts())
        one = plant["one"]

        def broken(name: str) -> Callable[[], bool]:
            return lambda: watching.changes[-1:] == [("one", *name.split())]

        watching.until(lambda: len(one.asked) > 20, "it is asked")
        assert watching.changes == []
        one.status = {**STATUS, "plc": {"connected": False, "text": "{{ 7 * 7 }}"}}
        watching.until(broken("plc failed plc.disconnected"), "the PLC is told")
        one.status = STATUS
        watching.until(lambda: watching.changes[-1][2] == "ok", "the PLC is well again")
        one.status = {**STATUS, "circuit_breakers": {"plc:plc_001:write": {**CLOSED["plc:plc_001:write"], "failure_count": 1}}}
        watching.until(broken("plc failed plc.writes_fail"), "failing writes are told")
        one.moves = False
        watching.until(broken("streams failed streams.stuck"), "the stream that stands is told")
        event = next(event for event in watching.told if event["supervisor_health"].get("subject") == "streams")
        assert event["supervisor_health"]["cameras"] == ["cam1"] and event["meta"] == {"hosts": "one"}
        assert "canary" not in repr(watching.told) and "{{" not in repr(watching.told)


def test_a_supervisor_that_is_gone_takes_nothing_back() -> None:
    """Its PLC is not judged meanwhile: a state that nobody sees is neither over nor new."""
    with Doubles(one=Double(well)) as plant:
        watching = Watching(plant.hosts())
        one = plant["one"]
        one.status = {**STATUS, "plc": {"connected": False}}
        watching.until(lambda: len(watching.changes) == 1, "the PLC is told")
        one.answer = says(b"")
        watching.until(lambda: len(watching.changes) == 2, "the supervisor is told")
        one.answer = well
        watching.until(lambda: len(watching.changes) == 3, "the supervisor is back")
        asked = len(one.asked)
        watching.until(lambda: len(one.asked) > asked + 20, "it is asked on")
    assert [change[1:3] for change in watching.changes] == [("plc", "failed"), ("supervisor", "failed"), ("supervisor", "ok")]


#: What monitor/streams may say in place of what it should: each is an answer, and none may end a look.
ODD = [
    [], None, "x", {"streams": None}, {"streams": [1]}, {"streams": {"cam1": None}}, {"streams": {"cam1": {"desired": "x", "metrics": 7}}},
    {"timestamp": "now", "streams": {"cam1": {"running": "yes", "desired": {}, "recovery": [], "hls": 3, "metrics": {"last_start_ts": {}}}}},
    {"circuit_breakers": [], "streams": {"cam1": {"desired": {"rtsp_url": 5, "resolution": []}, "process_pid": "x", "client_count": {}}}},
    {"circuit_breakers": {"stream:rtsp:cam1": "open"}, "streams": {"": {"desired": {}}, "cam1": {"metrics": {"starts_total": 1e400}}}},
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_answers_are_judged_and_not_stumbled_over(body: Any) -> None:
    with Doubles(one=Double(well, camera=True)) as plant:
        hosts = hosts_of(plant.hosts())[0]
        plant["one"].streams = lambda: body
        look = Watched(hosts[0], options_of(TIMES)[1]).look()
    assert look["supervisor"].signal in ("", "supervisor.not_json")


def test_what_nobody_thought_of_is_told_and_ends_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_health_look, "claims_of", lambda client: 1 / 0)
    with Doubles(one=Double(well)) as plant:
        watching = Watching(plant.hosts())
        watching.until(lambda: watching.watch.looks > 5 and len(watching.told) > 5, "looks and heartbeats go on")
    last = watching.told[-1]["supervisor_health"]
    assert (last["kind"], last["not_observed"]) == ("heartbeat", {"one": ["supervisor", "plc", "streams"]})


def test_a_look_ends_however_many_slow_answers_it_would_take() -> None:
    """Each answer comes in time, but thirty of them do not."""
    cameras = [f"cam{number}" for number in range(30)]

    async def slow(double: Double, path: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await well(double, path, writer)

    with Doubles(one=Double(slow)) as plant:
        plant["one"].streams = lambda: {"streams": {name: {"running": True, "desired": {}} for name in cameras}}
        look = Watched(hosts_of(plant.hosts())[0][0], options_of({**TIMES, "read_timeout": 30.0})[1]).look()
        assert look == {"supervisor": Verdict("failed", "supervisor.timeout")}
        assert 2 < len(plant["one"].asked) < len(cameras)


def test_a_reader_that_does_not_take_events_holds_the_looks_back() -> None:
    """Otherwise a rule engine that is busy would find thousands of old states in its queue."""
    with Doubles(one=Double(says(b"{}"))) as plant:
        watching = Watching(plant.hosts())
        taken: list[dict[str, Any]] = []

        async def put(event: dict[str, Any]) -> None:
            taken.append(event)
            if event["supervisor_health"]["kind"] == "change":
                await asyncio.Event().wait()

        watching.watch._put = put
        watching.until(lambda: len(taken) > 8, "heartbeats go on")
        assert [event["supervisor_health"]["kind"] for event in taken].count("change") == 1
        assert watching.watch.looks == QUICK.debounce == len(plant["one"].asked)


def test_one_that_comes_and_goes_is_told_once_as_flapping() -> None:
    policy = Policy(debounce=2, flaps=2, interval=0.02, max_interval=0.02)
    with Doubles(one=Double(well)) as plant:
        watching = Watching(plant.hosts(), policy)
        one, asked_before = plant["one"], [0]

        def toggle() -> bool:
            if len(one.asked) > asked_before[0] + 8:
                asked_before[0] = len(one.asked)
                one.status = {**STATUS, "plc": {"connected": not one.status["plc"]["connected"]}}
            return len(one.asked) > 250

        watching.until(toggle, "it came and went often")
    assert [change[2] for change in watching.changes] == ["failed", "ok", "flapping"]
