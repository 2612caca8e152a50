# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario of the table: bring the plant into each state, replay, compare."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import pytest
from bench import Bench, Missed, Plant, media_missing
from scenarios import SCENARIOS, Do, Scenario

#: How often a scenario is begun whose moment between two looks at the streams is missed on a busy machine.
TRIES = 4


def _played(scenario: Scenario, bench: Bench) -> list[str]:
    found: list[str] = []
    for step in scenario.steps:
        if isinstance(step, Do):
            step.operation(bench, *step.arguments, **step.keywords)
        else:
            found += bench.replay(step)
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, make_bench: Callable[[Plant], Bench]) -> None:
    """The stand-in answers as recorded. All differences are gathered, so one run shows the whole picture."""
    scenario = SCENARIOS[name]
    if scenario.plant.media and (missing := media_missing()):
        assert os.environ.get("LAB_REQUIRED") != "1", f"{missing} is missing"
        pytest.skip(f"{missing} is missing")
    for dummy in range(TRIES):
        with contextlib.suppress(Missed):
            found = _played(scenario, make_bench(scenario.plant))
            assert not found, "\n".join(found)
            return
    pytest.fail(f"the moment was missed {TRIES} times")
