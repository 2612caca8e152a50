# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking many at once: in parallel, none kept waiting by the dead, nothing beyond the deadline, no thread left."""

from __future__ import annotations

import threading
import time
import typing as t
from contextlib import ExitStack

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils import _fleet, _http  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers import fleet  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.fleet import LIMIT_S, WELL, Supervisor  # noqa: E402

CANARY = "canary-admin-key"
PARAMS: dict[str, t.Any] = {
    "gather_subset": ["status", "slo", "streams"], "connect_timeout": LIMIT_S, "read_timeout": LIMIT_S,
    "deadline_s": 2 * LIMIT_S, "threads": 16, "incident": "INC-1", "runner": "shell-anna", "validate_certs": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_thread_stays() -> t.Iterator[None]:
    """Threads of a task that is over would go on in the controller."""
    before = set(threading.enumerate())
    yield
    tick = threading.Event()
    for dummy in range(int(LIMIT_S / 0.05)):
        if set(threading.enumerate()) <= before:
            return
        tick.wait(0.05)
    raise AssertionError(f"threads left: {set(threading.enumerate()) - before}")


def ask(*urls: str, targets: t.Any = None, **params: t.Any) -> dict[str, dict[str, t.Any]]:
    made = [{"host": f"h{number}", "url": url} for number, url in enumerate(urls)]
    return _fleet.ask_fleet(targets or made, {**PARAMS, **params})


def codes(summary: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {name: failure["code"] for name, failure in summary["not_observed"].items()}


# --- the answers -----------------------------------------------------------------------------------------------------


def test_summary_of_each_host_in_the_order_given() -> None:
    ill = {**WELL, fleet.SLO: {"status": "degraded", "alerts": [{"name": "x"}]}, fleet.STREAMS: {"streams": {}}}
    supervisors = [Supervisor(WELL), Supervisor(ill)]
    with fleet.serving(*supervisors):
        targets = [
            {"host": "z", "url": supervisors[0].url, "admin_key": CANARY, "cameras": []},
            {"host": "a", "url": supervisors[1].url, "admin_key": None, "cameras": ["cam1"]},
        ]
        found = ask(targets=targets, gather_subset=["status", "slo", "streams", "service", "versions"])
    assert list(found) == ["z", "a"]
    assert found["z"].pop("latency_s") > 0
    assert found["z"] == {
        "answers": True, "plc_connected": True, "breakers_not_closed": [], "slo": "ok", "alerts": [],
        "streams": {"running": 1, "expected": 1, "not_running": []}, "service": {"pid": 812, "container": False},
        "api_version": 1, "not_observed": {},
    }  # fmt: skip
    assert found["a"]["streams"] == {"running": 0, "expected": 1, "not_running": ["cam1"]}
    assert (found["a"]["slo"], codes(found["a"])) == ("degraded", {"service": "supervisor.key_missing"})


def test_calls_say_who_asks_and_the_key_goes_only_where_it_is_needed() -> None:
    supervisor = Supervisor(WELL)
    with fleet.serving(supervisor):
        target = {"host": "h", "url": supervisor.url, "admin_key": CANARY, "cameras": []}
        ask(targets=[target], gather_subset=["status", "service"])
    assert [path for path, dummy in supervisor.asked] == [fleet.STATUS, fleet.SERVICE]
    assert [headers["X-API-Key"] for dummy, headers in supervisor.asked] == [None, CANARY]
    for dummy, headers in supervisor.asked:
        assert headers["X-Request-ID"].startswith("INC-1-") and headers["X-Admin-User"] == "shell-anna"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"<html>a proxy</html>", "supervisor.not_json"),
        (b"", "supervisor.not_json"),
        (b"[]", "supervisor.not_json"),
        (b"{}", "supervisor.not_json"),
        (b'{"status": NaN, "alerts": 7}', "supervisor.not_json"),
        (b"[" * 100000, "supervisor.not_json"),
        ((500, {"error": "kaputt"}), "supervisor.failed"),
        ((404, b"<html>"), "supervisor.rejected"),
    ],
)
def test_garbage_is_told_for_its_subset_and_the_rest_is_seen(answer: t.Any, code: str) -> None:
    bad, well = Supervisor({**WELL, fleet.SLO: answer}), Supervisor(WELL)
    with fleet.serving(bad, well):
        found = ask(bad.url, well.url)
    assert codes(found["h0"]) == {"slo": code} and "slo" not in found["h0"] and found["h0"]["plc_connected"] is True
    assert found["h1"]["not_observed"] == {}


def test_streams_of_the_wrong_shape_are_not_no_streams() -> None:
    supervisor = Supervisor({**WELL, fleet.STREAMS: {"streams": ["cam1"]}})
    with fleet.serving(supervisor):
        found = ask(supervisor.url)["h0"]
    assert codes(found) == {"streams": "supervisor.not_json"} and "streams" not in found


def test_address_that_cannot_be_used_is_told_for_its_host() -> None:
    supervisor = Supervisor(WELL)
    with fleet.serving(supervisor):
        found = ask("10.0.0.1:5000", supervisor.url)
    assert set(codes(found["h0"]).values()) == {"supervisor.url_invalid"} and found["h0"]["answers"] is False
    assert found["h1"]["answers"] is True


def test_host_that_is_gone_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated call would only take the time of the others; the next look is soon."""
    called: list[str] = []
    real = _http.Transport.exchange

    def exchange(self: t.Any, method: str, url: str, *args: t.Any) -> t.Any:
        called.append(url)
        return real(self, method, url, *args)

    monkeypatch.setattr(_http.Transport, "exchange", exchange)
    with fleet.silent() as url:
        pass
    assert set(codes(ask(url)["h0"]).values()) == {"supervisor.unreachable"} and len(called) == 1


def test_missing_library_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> t.Any:
        raise LineopsError("library.missing", "requests is not there.")

    monkeypatch.setattr(_http, "_library", missing)
    with pytest.raises(LineopsError, match="requests is not there"):
        ask("http://127.0.0.1:1", "http://127.0.0.1:2")


# --- at once ---------------------------------------------------------------------------------------------------------


def test_hosts_are_asked_at_the_same_time() -> None:
    """Each supervisor answers only while all others are asked too."""
    barrier = threading.Barrier(8)
    supervisors = [Supervisor(WELL, meet=lambda: barrier.wait(LIMIT_S)) for dummy in range(8)]
    with fleet.serving(*supervisors):
        found = ask(*(supervisor.url for supervisor in supervisors), gather_subset=["status"], threads=8)
    assert all(summary["answers"] for summary in found.values()) and not barrier.broken


def test_as_many_as_threads_and_no_more_while_all_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fleet, "_SLOW_S", LIMIT_S)
    lock, now, most = threading.Lock(), [0], [0]
    three = threading.Barrier(3)

    def work(item: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        three.wait(LIMIT_S)
        with lock:
            now[0] -= 1
        return item * 2

    results = _fleet.each_at_once(range(39), work, 3, time.monotonic() + LIMIT_S)
    assert results == {item: item * 2 for item in range(39)} and most[0] == 3


def test_silent_hosts_keep_nobody_waiting() -> None:
    """More of them than workers, and first in the list. They answer only once all others have been asked, so this ends
    in time-outs if a worker is held by each of them."""
    rest_is_done = threading.Event()
    held = [Supervisor(WELL, meet=lambda: rest_is_done.wait(LIMIT_S)) for dummy in range(4)]
    rest = [Supervisor(WELL) for dummy in range(12)]
    last = threading.Semaphore(0)

    def count() -> None:
        last.release()

    for supervisor in rest:
        supervisor.meet = count

    def watch() -> None:
        if all(last.acquire(timeout=LIMIT_S) for dummy in range(len(rest))):
            rest_is_done.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    with fleet.serving(*held, *rest):
        urls = [supervisor.url for supervisor in [*held, *rest]]
        found = ask(*urls, gather_subset=["status"], threads=2, read_timeout=LIMIT_S / 2)
        watcher.join()
    assert rest_is_done.is_set()
    assert {host for host, summary in found.items() if not summary["answers"]} == set()


# --- the deadline ----------------------------------------------------------------------------------------------------


def test_what_does_not_answer_by_the_deadline_is_told_and_the_rest_is_there() -> None:
    supervisors = [Supervisor(WELL) for dummy in range(6)]
    with ExitStack() as stack:
        stack.enter_context(fleet.serving(*supervisors))
        silent, dropping = stack.enter_context(fleet.silent()), stack.enter_context(fleet.dropping())
        urls = [silent, dropping, *(supervisor.url for supervisor in supervisors)]
        # Long enough for those that answer on a busy machine.
        found = ask(*urls, deadline_s=10.0)
    for host in ("h0", "h1"):
        assert codes(found[host]) == dict.fromkeys(PARAMS["gather_subset"], "supervisor.timeout")
        assert found[host]["answers"] is False
    assert "gave no complete answer" in found["h0"]["not_observed"]["slo"]["message"]
    assert "did not accept a connection" in found["h1"]["not_observed"]["slo"]["message"]
    assert all(found[f"h{number}"]["not_observed"] == {} for number in range(2, 8))


def test_time_outs_of_a_host_end_before_the_deadline() -> None:
    with fleet.silent() as silent, fleet.dropping() as dropping:
        found = ask(silent, dropping, connect_timeout=0.2, read_timeout=0.3, deadline_s=LIMIT_S)
    messages = [found[host]["not_observed"]["status"]["message"] for host in ("h0", "h1")]
    assert "within 0.3 s" in messages[0] and "within 0.2 s" in messages[1]


def test_half_of_an_answer_counts_for_what_it_is() -> None:
    """A supervisor that hangs at its second call has answered the first."""
    asked = threading.Semaphore(1)
    stop = threading.Event()

    def first_only() -> None:
        if not asked.acquire(blocking=False):
            stop.wait(LIMIT_S)

    supervisor = Supervisor(WELL, meet=first_only)
    with fleet.serving(supervisor):
        found = ask(supervisor.url, read_timeout=5.0)["h0"]
        stop.set()
    assert found["answers"] is True and found["plc_connected"] is True
    assert codes(found) == {"slo": "supervisor.timeout", "streams": "supervisor.timeout"}


def test_hosts_that_nobody_got_to_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fleet, "_SLOW_S", LIMIT_S)
    supervisor = Supervisor(WELL)
    with fleet.serving(supervisor), fleet.silent() as silent:
        found = ask(silent, supervisor.url, threads=1, deadline_s=1.0)
    assert codes(found["h1"]) == dict.fromkeys(PARAMS["gather_subset"], "fleet.deadline")
    assert found["h1"]["not_observed"]["slo"]["message"] == "1 s were over before h1 had answered."
    assert found["h1"]["latency_s"] is None


def test_work_that_cannot_be_stopped_is_left_behind() -> None:
    """Resolving a name has no time-out: the others' results come at the deadline all the same."""
    go_on = threading.Event()

    def work(item: str) -> str:
        if item == "stuck":
            go_on.wait(LIMIT_S)
        return item

    try:
        results = _fleet.each_at_once(["a", "stuck", "b"], work, 2, time.monotonic() + 1.0)
    finally:
        go_on.set()
    assert results == {0: "a", 2: "b"}


def test_a_defect_is_raised_not_waited_for() -> None:
    def work(item: int) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        _fleet.each_at_once([1, 0, 2], work, 2, time.monotonic() + LIMIT_S)


def test_system_that_gives_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    real = threading.Thread.start

    def start(self: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(self)
        real(self)

    monkeypatch.setattr(threading.Thread, "start", start)
    assert _fleet.each_at_once([1, 2, 3], lambda item: item, 3, time.monotonic() + LIMIT_S) == {0: 1, 1: 2, 2: 3}
