# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison itself: what it must notice, and what it must let pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import recordings
from recordings import Answer

RECORDED = recordings.load("system_status_breaker_open")


def _answer(**changes: Any) -> Answer:
    response = RECORDED.response
    same = Answer(response["status"], response["headers"], response["body"], RECORDED.elapsed_s)
    return replace(same, **changes)


def _body(**changes: Any) -> dict[str, Any]:
    return RECORDED.response["body"] | changes


def test_the_recorded_answer_is_no_difference() -> None:
    """Every recording equals itself, time and headers included."""
    for name in recordings.names():
        recording = recordings.load(name)
        if not recording.timed_out:
            response = recording.response
            answer = Answer(response["status"], response["headers"], response["body"], recording.elapsed_s)
            assert recordings.differences(recording, answer) == []


@pytest.mark.parametrize("changes", [
    {"status": 503}, {"body": _body(status="connected")}, {"body": _body(uptime=None)}, {"body": _body(timestamp_utc=1)},
    {"body": _body(more=1)}, {"body": {"plc": {"connected": False}}}, {"body": _body(circuit_breakers={})},
    {"body": "<html>"}, {"elapsed_s": 5.0}, {"headers": {}}, {"transport_error": "timed out"},
    {"headers": RECORDED.response["headers"] | {"X-Read-Cache": "HIT"}},
    {"headers": RECORDED.response["headers"] | {"X-Request-ID": "mine"}},
    {"headers": RECORDED.response["headers"] | {"X-New": "1"}},
])
def test_a_difference_is_noticed(changes: dict[str, Any]) -> None:
    """Another status, value, type, key, header or order of magnitude of time."""
    assert recordings.differences(RECORDED, _answer(**changes))


def test_what_differs_from_run_to_run_is_let_pass() -> None:
    """A time stamp is only held against its type."""
    assert recordings.differences(RECORDED, _answer(body=_body(timestamp_utc="2030-01-01T00:00:00.000000Z"))) == []


@pytest.mark.parametrize(("actual", "same"), [(1.5, True), (0.0, False), (None, False)])
def test_a_moment_is_not_never(actual: float | None, same: bool) -> None:
    """When a cooldown ends is of no interest, whether there is one is."""
    recorded, now = ({"streams": {"cam1": {"recovery": {"cooldown_until": until}}}} for until in (1795404518.9, actual))
    assert (not list(recordings.body_differences(recorded, now))) == same
    assert (not list(recordings.body_differences(now, recorded))) == same


@pytest.mark.parametrize(("recorded_s", "actual_s", "same"), [
    (0.01, 1.9, True), (0.01, 2.1, False), (5.0, 4.5, True), (5.0, 0.1, False), (5.0, 16.0, False), (133, 131, True),
    (133, 20.0, False),
])
def test_orders_of_magnitude_of_time(recorded_s: float, actual_s: float, same: bool) -> None:
    """At once, the 5 s of a time-out, the kernel's two minutes."""
    assert (recordings.time_difference(recorded_s, actual_s) is None) == same
