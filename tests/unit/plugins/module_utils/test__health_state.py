# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a state counts: not at a blip, once, again after a while, and not for ever if it comes and goes."""

from __future__ import annotations

import random
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._health_state import Change, Pace, Policy, Track

POLICY = Policy(debounce=3, flaps=3, flap_window_s=1000.0, remind_s=100.0, reminders=2, interval=10.0, max_interval=60.0)
VERDICTS = {"o": "ok", "f": "failed", "-": None}


def told(looks: str, policy: Policy = POLICY, apart_s: float = 10.0) -> list[str]:
    """Play looks (o ok, f failed, - not observed), one every apart_s; return the changes as number of the look and states."""
    track = Track(policy)
    changes = [(number, track.saw(VERDICTS[look], number * apart_s)) for number, look in enumerate(looks)]
    return [f"{number} {change.previous}>{change.state}" + ("!" * change.repeat) for number, change in changes if change]


@pytest.mark.parametrize("looks, expected", [
    ("ooo", []),
    ("oooooo", []),
    ("ff", []),
    ("fff", ["2 unknown>failed"]),
    ("ooofff", ["5 ok>failed"]),
    ("ooofffff", ["5 ok>failed"]),
    ("oooffooffo", []),
    ("fffooo", ["2 unknown>failed", "5 failed>ok"]),
    ("fffoof", ["2 unknown>failed"]),
    # What was not observed is no look: neither for nor against.
    ("ff-f", []),
    ("ff-fff", ["5 unknown>failed"]),
    ("fff--ooo", ["2 unknown>failed", "7 failed>ok"]),
    ("---", []),
])
def test_a_state_counts_when_looks_in_a_row_agree(looks: str, expected: list[str]) -> None:
    assert told(looks) == expected


def test_a_change_says_since_when() -> None:
    track = Track(POLICY)
    changes = [track.saw(verdict, float(at)) for at, verdict in ((1, "ok"), (5, "failed"), (7, "failed"), (9, "failed"))]
    assert changes == [None, None, None, Change("failed", "unknown", 5.0)]


def test_a_failure_that_stays_is_told_again_a_few_times() -> None:
    assert told("f" * 60) == ["2 unknown>failed", "12 failed>failed!", "22 failed>failed!!"]


def test_a_failure_that_may_be_over_is_not_told_again() -> None:
    assert told("f" * 11 + "oo") == ["2 unknown>failed"]


def test_what_was_told_too_often_is_told_anew_after_it_was_well() -> None:
    changes = told("f" * 30 + "ooo" + "f" * 14)
    assert changes[-3:] == ["32 failed>ok", "35 ok>failed", "45 failed>failed!"]


def test_the_last_of_many_failures_flaps_and_is_told_once() -> None:
    assert told("fffooo" * 4) == ["2 unknown>failed", "5 failed>ok", "8 ok>failed", "11 failed>ok", "14 ok>flapping"]


def test_failures_that_are_far_apart_do_not_flap() -> None:
    assert told(("fff" + "o" * 50) * 4)[-1] == "164 failed>ok"


def test_blips_flap_too_in_the_end() -> None:
    # Nine failures in the window, none of which lasted for three looks.
    assert told("fo" * 12) == ["16 unknown>flapping"]


def test_only_calm_leads_out_of_flapping() -> None:
    changes = told("fffooo" * 3 + "f" * 120 + "o" * 4)
    assert changes[4:] == ["14 ok>flapping", "140 flapping>ok"]


def test_flapping_that_goes_on_stays_told() -> None:
    """A window that ends after the first three failures would let the playbooks begin anew."""
    assert told("fffooo" * 100)[-1] == "14 ok>flapping"


def test_never_more_than_one_change_per_debounce() -> None:
    chance = random.Random(7)
    policy = Policy(debounce=3, flaps=1000, flap_window_s=1e9, remind_s=1e9)
    numbers = [int(change.split()[0]) for change in told("".join(chance.choices("of-", k=20000)), policy)]
    assert len(numbers) > 100
    assert min(later - sooner for sooner, later in zip(numbers, numbers[1:])) >= policy.debounce


def test_memory_of_a_track_does_not_grow() -> None:
    track = Track(POLICY)
    for number in range(5000):
        track.saw("failed" if number % 2 else "ok", float(number))
    held = [value for value in vars(track).values() if hasattr(value, "__len__") and not isinstance(value, str)]
    assert held and max(map(len, held)) <= POLICY.flaps * POLICY.debounce


def test_looks_at_the_dead_become_rare_and_often_again_at_the_first_sign() -> None:
    pace = Pace(POLICY)
    steps: list[tuple[bool, bool]] = [(True, True), (False, False), *[(False, True)] * 5, (False, False), (True, True)]
    assert [pace.after(*step) for step in steps] == [10, 10, 20, 40, 60, 60, 60, 10, 10]


def test_a_long_interval_is_not_shortened() -> None:
    pace = Pace(Policy(interval=300.0, max_interval=60.0))
    assert [pace.after(False, True) for dummy in range(3)] == [300.0] * 3


def test_very_long_outages_overflow_nothing() -> None:
    pace: t.Any = Pace(POLICY)
    assert {pace.after(False, True) for dummy in range(5000)} == {20.0, 40.0, 60.0}
