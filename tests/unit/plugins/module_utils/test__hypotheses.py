# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of diagnosis, on a table of its own: what a hypothesis needs to stand, and what makes it fall."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._hypotheses import (
    CONFIRMED,
    OPEN,
    REFUTED,
    Counter,
    Hypothesis,
    judge,
)

YES, NO = frozenset(["yes"]), frozenset(["no"])
WET = Hypothesis("wet", {"puddle": YES}, (Counter("radar", confirms=YES, refutes=NO), Counter("neighbour", refutes=NO)))
RAIN = Hypothesis(
    "rain", {"puddle": YES, "clouds": YES}, (Counter("radar", confirms=YES, refutes=NO),), needs_confirmation=True
)


@pytest.mark.parametrize(
    ("signals", "verdict", "stands"),
    [
        ({}, OPEN, True),
        ({"radar": None}, OPEN, True),
        ({"radar": "broken"}, OPEN, True),
        ({"radar": "yes"}, CONFIRMED, True),
        ({"radar": "no"}, REFUTED, False),
        ({"neighbour": "yes"}, OPEN, True),
        ({"radar": "yes", "neighbour": "no"}, REFUTED, False),
        ({"radar": "no", "neighbour": "yes"}, REFUTED, False),
    ],
)
def test_one_that_refutes_weighs_more_than_one_that_confirms(
    signals: dict[str, t.Any], verdict: str, stands: bool
) -> None:
    standing, fallen = judge([WET], {"puddle": "yes", **signals})
    (judgement,) = [standing] if standing else fallen
    assert (judgement.verdict, judgement.stands) == (verdict, stands)
    assert [name for name, dummy in judgement.verdicts] == ["radar", "neighbour"]


@pytest.mark.parametrize(("radar", "stands"), [("yes", True), ("no", False), (None, False), ("broken", False)])
def test_a_claim_that_needs_confirmation_is_not_believed_alone(radar: t.Any, stands: bool) -> None:
    assert (judge([RAIN], {"puddle": "yes", "clouds": "yes", "radar": radar})[0] is not None) == stands


@pytest.mark.parametrize(
    "signals", [{}, {"puddle": "yes"}, {"puddle": "yes", "clouds": "no"}, {"puddle": "no", "clouds": "yes"}]
)
def test_every_word_of_a_claim_is_needed(signals: dict[str, t.Any]) -> None:
    """What was never raised did not fall either: it must not be told as refuted."""
    assert judge([RAIN], {"radar": "yes", **signals}) == (None, [])


def test_first_that_stands_wins_and_those_before_it_are_told() -> None:
    third = Hypothesis("sprinkler", {"puddle": YES})
    standing, fallen = judge([RAIN, WET, third], {"puddle": "yes", "clouds": "yes", "radar": "no"})
    assert standing is not None and standing.hypothesis is third and standing.verdict == OPEN
    assert [judgement.hypothesis.code for judgement in fallen] == ["rain", "wet"]


def test_after_one_that_stands_nothing_more_is_tried() -> None:
    standing, fallen = judge([WET, RAIN], {"puddle": "yes", "clouds": "yes", "radar": "yes"})
    assert standing is not None and standing.hypothesis is WET and fallen == []


def test_verdicts_are_the_words_that_programs_read() -> None:
    assert (CONFIRMED, REFUTED, OPEN) == ("confirmed", "refuted", "not observed")


def test_empty_table_finds_nothing() -> None:
    assert judge([], {"puddle": "yes"}) == (None, [])
