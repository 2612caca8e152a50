# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that nobody watches: jobs of AWX and CI, and event rules. What is refused to them alone, and whose name is kept."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from plants import PlantLab
from runs import READABLE, Run

SHARED, ALONE = "line1-hmi1", "line1-hmi2"
RULE = "eda-lost-route"
AWX = ("-e", "awx_job_id=7")


@pytest.fixture(scope="class")
def lab(new_lab) -> PlantLab:
    """One host with a journal of its own; one that cannot be entered and has no state host."""
    return new_lab(1, 2)


@pytest.fixture(scope="class")
def inventory(lab):
    """The inventory of both."""

    def change(groups, dummy) -> None:
        groups["line1"]["hosts"][ALONE]["lineops_host_access"] = False

    return lab.variant(change)


class TestJobs:
    """Each asks for as much as the run before was refused."""

    @pytest.mark.parametrize(
        "words, environment", [(AWX, {}), ((), {"GITHUB_RUN_ID": "9"}), ((), {"GITLAB_CI": "true", "CI_JOB_ID": "9"})],
        ids=["awx", "github", "gitlab"])
    def test_a_job_without_a_limit_reaches_no_host(self, lab, inventory, words, environment) -> None:
        run, calls = self._run(lab, inventory, *words, limit="", environment=environment)
        assert (run.code, calls) == (2, {SHARED: [], ALONE: []})
        assert {(outcome["result"], outcome["finding"]) for outcome in run.outcomes.values()} == {("REFUSED", "run.no_limit")}
        assert all("no limit: it would be for all 2 hosts" in line for line in run.lines.values())

    def test_an_event_rule_acts_only_where_other_controllers_would_see_it(self, lab, inventory) -> None:
        run, calls = self._run(lab, inventory, *AWX, "-e", f"lineops_runner={RULE}", limit="line1")
        ended = {name: (outcome["result"], outcome["finding"]) for name, outcome in run.outcomes.items()}
        assert ended == {SHARED: ("HEALTHY", "plc.healthy"), ALONE: ("REFUSED", "run.rails_local_only")}
        assert calls[SHARED] and not calls[ALONE]
        assert {entry["runner"] for entry in lab.journal(SHARED)} == {f"{RULE}-awx-7"}

    def test_a_job_for_the_whole_plant_says_that_it_is_meant(self, lab, inventory) -> None:
        run, calls = self._run(lab, inventory, *AWX, "-e", "lineops_confirm=all", limit="all")
        assert {outcome["result"] for outcome in run.outcomes.values()} == {"HEALTHY"} and all(calls.values())
        assert lab.journal(SHARED)[-1]["runner"] == "awx-7"

    def test_who_only_escalates_interrupts_nothing(self, lab, inventory) -> None:
        lab.fault(SHARED, "plc-disconnected")
        before = lab.settings(SHARED)
        run, calls = self._run(
            lab, inventory, "-e", "lineops_runner=eda-flapping", "-e", "lineops_escalate_only=true", limit=SHARED)
        outcome = run.outcomes[SHARED]
        assert (run.code, outcome["result"], outcome["finding"]) == (2, "REFUSED", "plc.link_stale")
        assert outcome["escalation"]["level"] and outcome["archive"] and lab.journal(SHARED)[-1]["event"] == "refused"
        assert not any("connect" in call for call in calls[SHARED])
        assert {**lab.settings(SHARED), "state": None} == {**before, "state": None}

    def test_a_name_that_cannot_stand_in_a_header_is_a_mistake(self, lab, inventory) -> None:
        run, calls = self._run(lab, inventory, "-e", '{"lineops_runner": "eda-a\\nX-Admin: b"}', limit=SHARED)
        assert (run.outcomes[SHARED]["finding"], calls[SHARED]) == ("inventory.mistakes", [])
        assert "lineops_runner" in run.lines[SHARED] and "such as eda-lost-route" in run.lines[SHARED]

    @staticmethod
    def _run(lab: PlantLab, inventory, *words: str, limit: str, environment: Mapping[str, str] | None = None) -> tuple[Run, dict[str, list[str]]]:
        """A run, and the calls that each supervisor got by it."""
        before = {name: len(lab.calls(name)) for name in (SHARED, ALONE)}
        run = lab.play(*words, limit=limit, inventory=inventory, environment={**READABLE, **(environment or {})})
        return run, {name: lab.calls(name)[number:] for name, number in before.items()}
