# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may set for a run is the same everywhere: playbooks/*.meta.yml, roles, the check of the inventory, surveys."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.lineops.runbook.plugins.module_utils._inventory import HOST_RULES
from ansible_collections.lineops.runbook.plugins.module_utils._run_variables import RUN_RULES

REPOSITORY = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path.stem for path in (REPOSITORY / "playbooks").glob("*.yml") if ".meta." not in path.name)
#: metrics.yml writes a file beside node_exporter; a job's file system is thrown away.
WITH_TEMPLATE = [playbook for playbook in PLAYBOOKS if playbook != "metrics"]
PATTERN = REPOSITORY / "extensions/patterns/operations_runbook"
RULES = {rule.name: rule for rule in (*HOST_RULES, *RUN_RULES)}
ROLES = ("checklist", "restart_recovery", "stream_recovery")
#: Asked for by the playbook itself, and told what is wrong with them in its own words (docs/closing.md).
IN_OWN_WORDS = {"incident", "lineops_closing"}


def load(path: str) -> Any:
    return yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))


def options_of(playbook: str) -> dict[str, Any]:
    return load(f"playbooks/{playbook}.meta.yml")["argument_specs"]["main"]["options"]


OPTIONS = [(playbook, name) for playbook in PLAYBOOKS for name in options_of(playbook)]


def test_made_files_are_what_the_playbooks_say(run) -> None:
    checked = run(sys.executable, "scripts/awx_content.py", "--check", cwd=REPOSITORY)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_changed_playbook_is_seen(clone: Path, run) -> None:
    path = clone / "playbooks/playbook_c_restart.meta.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("29, 30]", "29]"), encoding="utf-8")
    checked = run(sys.executable, clone / "scripts/awx_content.py", "--check", cwd=clone)
    path.write_text(text, encoding="utf-8")
    assert checked.returncode == 1
    assert [line.split()[0] for line in checked.stdout.splitlines()] == [
        "awx/job_templates.yml", "extensions/patterns/operations_runbook/meta/pattern.json"]


def test_one_variable_means_the_same_in_all_playbooks() -> None:
    specs: dict[str, set[str]] = {}
    for playbook, name in OPTIONS:
        specs.setdefault(name, set()).add(json.dumps(options_of(playbook)[name]))
    assert [name for name, found in specs.items() if len(found) > 1] == []


@pytest.mark.parametrize("role", ROLES)
def test_roles_say_the_same(role: str) -> None:
    """A choice that a role refuses, or one that it takes and nobody can give, is a mistake; so is another default."""
    known = load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(f"roles/{role}/defaults/main.yml")
    asked = {name: options_of(playbook)[name] for playbook, name in OPTIONS if name.startswith(f"{role}_")}
    assert asked and set(asked) <= set(known)
    for name, option in asked.items():
        assert known[name]["type"] in (option["type"], "raw")
        assert option.get("choices") == known[name].get("choices", option.get("choices"))
        assert option.get("default", defaults[name]) == defaults[name]


@pytest.mark.parametrize(("playbook", "name"), OPTIONS)
def test_every_variable_is_checked_before_a_host_is_touched(playbook: str, name: str) -> None:
    """With ansible-core 2.18 nothing else reads the play's argument spec: the inventory's check must refuse what that refuses."""
    option, rule = options_of(playbook)[name], RULES.get(name)
    if name in IN_OWN_WORDS:
        assert rule is None
        return
    assert rule is not None and not rule.required
    is_list = option["type"] == "list"
    for choice in option.get("choices", []):
        assert rule.is_valid([choice] if is_list else choice)
    if "default" in option:
        assert rule.is_valid(option["default"])
    if "choices" in option or option["type"] == "bool":
        beside = (max(option["choices"]) + 1) if option["type"] == "int" else "no-such-thing"
        wrong = [beside] if is_list else beside
        assert not rule.is_valid(wrong)
        assert ArgumentSpecValidator({name: {key: value for key, value in option.items() if key != "description"}}).validate(
            {name: wrong}).error_messages


def test_pattern_is_as_the_pattern_service_wants_it() -> None:
    """pattern_specification.json of ansible/pattern-service; ansible-lint has no schema for it in this version."""
    pattern = json.loads((PATTERN / "meta/pattern.json").read_text(encoding="utf-8"))
    assert pattern["name"] == PATTERN.name and len(pattern["title"]) <= 64
    templates = pattern["aap_resources"]["controller_job_templates"]
    assert [one["name"] for one in templates if one["primary"]] == ["lineops Triage"]
    assert {one["playbook"] for one in templates} == {path.name for path in (PATTERN / "playbooks").iterdir()}
    assert {one["playbook"].removesuffix(".yml") for one in templates} == set(WITH_TEMPLATE)
    assert {one["execution_environment"] for one in templates} == {pattern["aap_resources"]["controller_execution_environment"]["name"]}
    for question in (question for one in templates for question in one.get("survey", {}).get("spec", [])):
        assert {"type", "question_name", "question_description", "variable", "required"} <= set(question)
        assert isinstance(question.get("default", ""), str)


@pytest.mark.parametrize("playbook", WITH_TEMPLATE)
def test_playbooks_of_the_pattern_hold_no_logic(playbook: str) -> None:
    (play,) = load(f"extensions/patterns/operations_runbook/playbooks/{playbook}.yml")
    assert play == {"name": play["name"], "ansible.builtin.import_playbook": f"lineops.runbook.{playbook}"}
