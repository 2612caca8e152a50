# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both rulebooks by the engine's own schema, and that no rule lacks what keeps it from running in circles."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_rulebook.validators import Validate
from rulebooks import SHIPPED

from lab.processes import REPOSITORY

HERE, ON_AWX = "recovery.yml", "recovery_on_awx.yml"
HEALTH = "event.supervisor_health"


def ruleset(name: str) -> dict[str, Any]:
    """The only ruleset of a rulebook."""
    (found,) = yaml.safe_load((SHIPPED / name).read_text(encoding="utf-8"))
    return found


def started(rule: dict[str, Any]) -> dict[str, Any]:
    """The action of a rule that starts a playbook: what is told about it, whichever form it has."""
    actions = rule.get("actions") or [rule["action"]]
    (run,) = (body for action in actions for kind, body in action.items() if kind.startswith("run_"))
    return {**run, **run.get("job_args", {})}


@pytest.mark.parametrize("name", [HERE, ON_AWX])
def test_engine_takes_it(name: str) -> None:
    Validate.rulebook([ruleset(name)])


@pytest.mark.parametrize("name", [HERE, ON_AWX])
def test_every_rule_is_throttled_per_host_locked_per_line_and_gives_way(name: str) -> None:
    rules = ruleset(name)["rules"]
    assert ruleset(name)["execution_strategy"] == "parallel" and len(rules) == 4
    for rule in rules:
        assert f"{HEALTH}.host" in rule["throttle"]["group_by_attributes"] and rule["throttle"]["once_within"] == "10 minutes"
        run = started(rule)
        assert run["lock"] == f"{{{{ {HEALTH}.line }}}}"
        assert run["extra_vars"]["lineops_runner"].startswith("eda-")
        assert ("flapping" in rule["condition"]) == (run["extra_vars"].get("lineops_escalate_only") == "true")


def test_both_have_the_same_rules() -> None:
    def told(name: str) -> list[tuple[Any, ...]]:
        return [(rule["name"], rule["condition"], rule["throttle"], started(rule)["extra_vars"]) for rule in ruleset(name)["rules"]]

    assert told(HERE) == told(ON_AWX)


def test_awx_takes_what_is_passed() -> None:
    """Its templates take no other variables than those that their surveys ask for, and no other answers than the choices."""
    templates = yaml.safe_load((REPOSITORY / "awx/job_templates.yml").read_text(encoding="utf-8"))["awx_job_templates"]
    surveys = {one["name"]: {question["variable"]: question for question in one["survey_spec"]["spec"]}
               for one in templates if one["name"].startswith("lineops Playbook ")}
    for rule in ruleset(ON_AWX)["rules"]:
        run = started(rule)
        for survey in [surveys[run["name"]]] if run["name"] in surveys else surveys.values():
            for variable, value in run["extra_vars"].items():
                assert isinstance(value, str) and value in survey[variable].get("choices", [value]), (rule["name"], variable)


def test_jobs_are_limited_and_get_nothing_of_the_event() -> None:
    for rule in ruleset(ON_AWX)["rules"]:
        run = started(rule)
        assert run["limit"] == f"{{{{ {HEALTH}.host }}}}" and run["include_events"] is False
