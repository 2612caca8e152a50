# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""plc_write_test against a scripted supervisor: what is written, in which order, and that nothing stays written."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import typing as t

import pytest

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.modules import plc_write_test  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import (  # noqa: E402
    ScriptedServer,
    answer,
    reset,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import (  # noqa: E402
    OPERATOR,
    REFUSED_KEY,
    VARIABLE,
    calls_in,
    no_answer,
    not_written,
    params_of,
    play,
    search,
    status,
    write,
)

TEST = {"variable": VARIABLE, "test_value": True, "rest_value": False}
LOOK = [status(), search(VARIABLE)]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def made(*script: t.Any, **options: t.Any) -> dict[str, t.Any]:
    result = play(plc_write_test, *script, **{**TEST, **options})
    fields = {
        "requested",
        "original",
        "reached",
        "proven",
        "verified",
        "latency_s",
        "changed",
        "calls",
        "supervisor_seconds",
    }
    assert not result.get("failed", False) or result["failure"]["code"]
    assert fields <= set(result) and result["original"] is None
    return result


def summary(result: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("proven", "reached", "changed", "verified"))


def test_test_value_is_written_and_put_back() -> None:
    result = made(*LOOK, write(True), write(False))
    assert (result["requested"], summary(result)) == ("tested", (True, False, False, True))
    assert calls_in(result) == [
        "GET /api/system/status", "GET /api/variables/search", "POST /api/variables/write", "POST /api/variables/write",
    ]  # fmt: skip


@pytest.mark.parametrize(("test_value", "rest_value"), [(1, 0), (0, 1), (False, True), ("x", ""), (1.5, 0.0)])
def test_values_of_every_type_go_out_as_they_are(test_value: t.Any, rest_value: t.Any) -> None:
    result = made(*LOOK, write(test_value), write(rest_value), test_value=test_value, rest_value=rest_value)
    assert (
        result["proven"] is True and result["reached"] == rest_value and isinstance(result["reached"], type(rest_value))
    )


def test_at_rest_writes_the_rest_value_only() -> None:
    result = made(*LOOK, write(False), state="at_rest", test_value=None)
    assert (result["requested"], summary(result)) == ("at_rest", (True, False, False, True))


@pytest.mark.parametrize("state", ["tested", "at_rest"])
def test_check_mode_writes_nothing_and_says_so(state: str) -> None:
    result = made(*LOOK, state=state, check_mode=True)
    assert (summary(result), result["msg"]) == ((None, None, False, False), "Write path not proven: check mode.")


@pytest.mark.parametrize("breaker", ["open", "half_open", "strange"])
@pytest.mark.parametrize("state", ["tested", "at_rest"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_nothing_is_written_while_the_breaker_is_not_closed(breaker: str, state: str, check_mode: bool) -> None:
    """Quirk 8: a probe in half-open may wedge all writes until a restart."""
    result = made(status(breaker=breaker), state=state, check_mode=check_mode)
    assert (result["failure"]["code"], summary(result)) == ("plc.write_breaker", (None, None, False, False))
    assert breaker in result["msg"]


def test_closed_breaker_is_no_hindrance() -> None:
    assert made(status(breaker="closed"), search(VARIABLE), write(True), write(False))["proven"] is True


@pytest.mark.parametrize("known", [[], ["MAIN.bOpsTest2"], ["main.bopstest"], ["GVL.bOpsTest", "MAIN.bOpsTest.x"]])
def test_only_the_declared_and_known_variable_is_written(known: list[str]) -> None:
    """The search finds parts of names; writing a name the PLC does not have would count against the breaker."""
    result = made(status(), search(*known))
    assert (result["failure"]["code"], summary(result)) == ("plc.symbol_unknown", (None, None, False, False))


# what the supervisor says before anything is written
UNUSABLE: list[tuple[list[t.Any], str]] = [
    ([status(reply=answer(500, {"error": "kaputt"}))], "supervisor.failed"),
    ([status(reply=answer(404, {}))], "supervisor.rejected"),
    ([status(reply=answer(200, "<html>"))], "supervisor.not_json"),
    ([status(), search(reply=answer(500, {"error": "kaputt"}))], "supervisor.failed"),
    ([status(), search(reply=answer(200, {"variables": "MAIN.bOpsTest"}))], "plc.symbol_unknown"),
    ([status(), search(reply=answer(200, {"variables": [None, "MAIN.bOpsTest"]}))], "plc.symbol_unknown"),
]


@pytest.mark.parametrize(("script", "code"), UNUSABLE)
def test_what_cannot_be_looked_at_is_not_written(script: list[t.Any], code: str) -> None:
    result = made(*script)
    assert (result["failure"]["code"], summary(result)) == (code, (None, None, False, False))


def test_breakers_of_another_shape_are_no_traceback() -> None:
    script = [status(reply=answer(200, {"circuit_breakers": ["open"]})), search(VARIABLE), write(True), write(False)]
    assert made(*script)["proven"] is True


# story, the two writes, then code, and (proven, reached, changed, verified)
FAILURES: list[tuple[str, list[t.Any], str, tuple[t.Any, ...]]] = [
    ("PLC away", [not_written(True), not_written(False)], "plc.write_failed", (False, None, False, False)),
    ("test value refused", [not_written(True), write(False)], "plc.write_failed", (False, False, False, False)),
    ("rest value refused", [write(True), not_written(False)], "plc.not_at_rest", (False, None, True, False)),
    ("rest value unanswered", [write(True), write(False, no_answer)], "plc.not_at_rest", (None, None, True, False)),
    ("rest value lost", [write(True), write(False, reset)], "plc.not_at_rest", (None, None, True, False)),
    ("test value unanswered, rest value taken", [write(True, no_answer), write(False)],
     "supervisor.timeout", (None, False, False, False)),
    ("nothing answered", [write(True, no_answer), write(False, no_answer)],
     "plc.not_at_rest", (None, None, True, False)),
    ("key refused", [write(True, REFUSED_KEY), write(False, REFUSED_KEY)],
     "supervisor.key_refused", (None, None, False, False)),
]


@pytest.mark.parametrize(("story", "writes", "code", "expected"), FAILURES, ids=[row[0] for row in FAILURES])
def test_rest_value_is_written_whatever_became_of_the_test_value(
    story: str, writes: list[t.Any], code: str, expected: tuple[t.Any, ...]
) -> None:
    result = made(*LOOK, *writes, read_timeout=0.5)
    assert (result["failure"]["code"], summary(result)) == (code, expected), story


def test_variable_that_was_left_is_named_with_what_to_do() -> None:
    result = made(*LOOK, write(True), not_written(False))
    assert result["msg"] == (
        "The test variable MAIN.bOpsTest could not be put back to False. Put it to rest by hand, or run again: the"
        " next run does it first."
    )


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(not_written(False), (False, None, False, False)), (write(False, no_answer), (None, None, False, False))],
)
def test_at_rest_that_fails(reply: t.Any, expected: tuple[t.Any, ...]) -> None:
    assert summary(made(*LOOK, reply, state="at_rest", read_timeout=0.5)) == expected


def test_without_a_test_value_nothing_is_asked() -> None:
    result = play(plc_write_test, variable=VARIABLE, rest_value=False)
    assert result["failure"]["code"] == "plc.no_test_value"


def test_error_in_between_puts_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task time-out of Ansible is an exception of its own kind, thrown into the middle."""

    class TaskTimeout(BaseException):
        pass

    real = plc_write_test.SupervisorClient.write

    def write_and_break(client: t.Any, variable: str, value: t.Any, *rest: t.Any) -> t.Any:
        reply = real(client, variable, value, *rest)
        if value is True:
            raise TaskTimeout
        return reply

    monkeypatch.setattr(plc_write_test.SupervisorClient, "write", write_and_break)
    with pytest.raises(TaskTimeout):
        play(plc_write_test, *LOOK, write(True), write(False), **TEST)


# --- signals ---------------------------------------------------------------------------------------------------------


def handlers() -> list[t.Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def test_handlers_are_as_before_afterwards() -> None:
    before = handlers()
    made(*LOOK, write(True), write(False))
    made(*LOOK, write(True), not_written(False))
    assert handlers() == before


def run_in_child(url: str) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    plc_write_test.run(params_of(plc_write_test, url=url, operator_key=OPERATOR, **TEST), False)
    os._exit(7)


def interrupted(*numbers: int, during: bool) -> int:
    """Send signals while the test value (or the rest value) is on its way; returns the exit code of the run.

    The answer comes only after the signals were sent; that the rest value is written is asserted by the script.
    """
    started, sent = threading.Event(), threading.Event()

    def late(body: dict[str, t.Any]) -> t.Callable[[socket.socket, threading.Event], None]:
        def behaviour(sock: socket.socket, stop: threading.Event) -> None:
            started.set()
            assert sent.wait(60)
            answer(200, body)(sock, stop)

        return behaviour

    held = late({"status": "success"})
    writes = [write(True, held), write(False)] if during else [write(True), write(False, held)]
    with ScriptedServer(*LOOK, *writes) as server:
        process = multiprocessing.get_context("fork").Process(target=run_in_child, args=(server.url,))
        process.start()
        try:
            assert started.wait(60)
            for number in numbers:
                os.kill(process.pid, number)
            sent.set()
            process.join(60)
        finally:
            sent.set()
            process.kill()
    assert process.exitcode is not None
    return process.exitcode


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("during", [True, False], ids=["test value on its way", "rest value on its way"])
def test_signal_during_the_test_waits_until_the_rest_value_is_back(number: signal.Signals, during: bool) -> None:
    """DESIGN §3: Ansible's workers run no finally. Afterwards the signal does what it would have done."""
    assert interrupted(number, during=during) == -number


@pytest.mark.parametrize("during", [True, False])
def test_impatient_operator_does_not_leave_the_test_value(during: bool) -> None:
    """Ctrl-C twice, then Ansible's own SIGTERM: every one of them would have broken the putting back off."""
    assert interrupted(signal.SIGINT, signal.SIGINT, signal.SIGTERM, during=during) == -signal.SIGINT
