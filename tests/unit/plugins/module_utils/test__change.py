# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every state change returns, also when it fails on the way."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._change import Change, perhaps_done
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import failure_result

FIELDS = {"changed", "requested", "original", "reached", "verified", "latency_s", "diff"}


def error(code: str, **details: t.Any) -> LineopsError:
    return LineopsError(code, "It did not work.", "Try again.", **details)


def raising(found: LineopsError) -> t.Callable[[], t.Any]:
    def send() -> t.Any:
        raise found

    return send


def test_nothing_done() -> None:
    assert Change("present", "absent").result()["verified"] is False
    result = Change("present", "present").result(verified=True)
    assert set(result) == FIELDS and result["latency_s"] >= 0
    assert (result["changed"], result["reached"], result["verified"]) == (False, "present", True)
    assert result["diff"] == {"before": {"state": "present"}, "after": {"state": "present"}}


def test_something_done() -> None:
    change = Change("present", "absent")
    assert change.command(lambda: "answer") == "answer"
    result = change.result(reached="present", answer="accepted")
    assert (result["changed"], result["original"], result["reached"], result["answer"]) == (
        True,
        "absent",
        "present",
        "accepted",
    )
    assert result["diff"] == {"before": {"state": "absent"}, "after": {"state": "present"}}


def test_after_a_command_the_state_is_unknown_until_it_was_seen() -> None:
    change = Change("present", "absent")
    change.command(lambda: None)
    failed = failure_result(change.failed(error("x"), test={}))
    assert (failed["changed"], failed["original"], failed["reached"], failed["test"]) == (True, "absent", None, {})
    assert failed["msg"] == "It did not work. Try again." and failed["failure"]["code"] == "x"


@pytest.mark.parametrize(
    ("found", "perhaps"),
    [
        (error("supervisor.timeout", phase="read"), True),
        (error("supervisor.timeout", phase="connect"), False),
        (error("supervisor.unreachable", reason="reset"), True),
        (error("supervisor.unreachable", reason="lost"), True),
        (error("supervisor.unreachable", reason="refused"), False),
        (error("supervisor.unreachable", reason="dns"), False),
        (error("supervisor.not_json", status=200), True),
        (error("supervisor.key_refused", level="operator"), False),
        (error("supervisor.key_missing"), False),
        (error("supervisor.rejected", status=404), False),
        (error("supervisor.rate_limited"), False),
    ],
)
def test_a_lost_answer_may_mean_that_it_was_done(found: LineopsError, perhaps: bool) -> None:
    """changed: false on a plant that was changed is worse than the other way round."""
    assert perhaps_done(found) == perhaps
    change = Change("connected", "disconnected")
    with pytest.raises(LineopsError):
        change.command(raising(found))
    result = change.result()
    assert (result["changed"], result["reached"]) == ((True, None) if perhaps else (False, "disconnected"))
