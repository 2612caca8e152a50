# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plugins and roles say about themselves is true: examples, action twins, action groups, role options."""

from __future__ import annotations

import importlib
import json
import re
import typing as t
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = "lineops.runbook"
MODULES = sorted(path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py"))
ROLES = sorted(path.name for path in (REPOSITORY / "roles").iterdir() if path.is_dir())
# Modules that are always sent to the host and so have no action plugin.
WITHOUT_ACTION: set[str] = set()
# What a templated value of an example may become.
SAMPLES = {"int": 1, "float": 1.0, "bool": True, "list": [], "dict": {}}
TASK_KEYWORDS = {"name", "register", "when", "loop", "become", "vars", "delegate_to", "run_once", "check_mode", "diff", "no_log", "until",
                 "retries", "delay", "throttle", "changed_when", "failed_when", "module_defaults"}  # fmt: skip
DOCUMENTED_ATTRIBUTES = {"check_mode", "diff_mode", "idempotent"}


@pytest.fixture(scope="module")
def documentation(run) -> dict[str, Any]:
    """module -> what ansible-doc knows: doc, examples, return, metadata; fragments are merged in."""
    names = [f"{COLLECTION}.{name}" for name in MODULES]
    collections = str(REPOSITORY / "playbooks/collections")
    shown = run("ansible-doc", "--json", "-t", "module", *names, ANSIBLE_COLLECTIONS_PATH=collections)
    assert shown.returncode == 0, shown.stderr
    return {name.rsplit(".", 1)[1]: entry for name, entry in json.loads(shown.stdout).items()}


def argument_spec(module: str) -> dict[str, Any]:
    """The argument spec that module and action plugin share."""
    return importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{module}").ARGUMENT_SPEC


def tasks_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES; plays are opened."""
    tasks = []
    for item in yaml.safe_load(entry["examples"]):
        tasks += item["tasks"] if "hosts" in item else [item]
    return tasks


def mistakes_in(task: dict[str, Any]) -> list[str]:
    """What is wrong with the task of an example, by the argument spec of the module it uses."""
    words = set(task) - TASK_KEYWORDS
    own = {word for word in words if word.startswith(f"{COLLECTION}.")}
    if len(words) != 1:
        return [f"expected one module and known keywords, found {sorted(words)}"]
    if not own:
        return [] if words.pop().startswith("ansible.builtin.") else ["a module is not named in full"]
    (name,) = own
    spec = argument_spec(name.rsplit(".", 1)[1])
    return ArgumentSpecValidator(spec).validate(filled(task[name] or {}, spec)).error_messages


def filled(arguments: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """The arguments with templates replaced by a sample of the option's type, or by its first choice."""
    values = {}
    for key, value in arguments.items():
        option = spec.get(key, {})
        is_template = isinstance(value, str) and "{{" in value
        sample = option["choices"][0] if option.get("choices") else SAMPLES.get(option.get("type", "str"), value)
        values[key] = sample if is_template else value
    return values


@pytest.mark.parametrize("module", MODULES)
def test_examples_fit_the_argument_spec(module: str, documentation: dict[str, Any]) -> None:
    tasks = tasks_of(documentation[module])
    assert [task for task in tasks if f"{COLLECTION}.{module}" in task], "no example uses the module"
    assert {task.get("name", "(no name)"): mistakes for task in tasks if (mistakes := mistakes_in(task))} == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"no_such_option": 1}, "Supported parameters include"),
        ({"url": None}, "missing required arguments"),
        ({"run_from": "moon"}, "must be one of"),
        ({"read_timeout": "soon"}, "unable to convert"),
    ],
)
def test_the_check_of_examples_sees_mistakes(change: dict[str, Any], expected: str) -> None:
    arguments = {"url": "http://10.30.0.11:5000", "read_timeout": "{{ limit }}", **change}
    arguments = {key: value for key, value in arguments.items() if value is not None}
    assert any(expected in mistake for mistake in mistakes_in({"name": "Ask", f"{COLLECTION}.supervisor_info": arguments}))


@pytest.mark.parametrize("module", MODULES)
def test_documentation_says_what_is_expected_of_every_module(module: str, documentation: dict[str, Any]) -> None:
    doc = documentation[module]["doc"]
    assert set(doc["attributes"]) >= DOCUMENTED_ATTRIBUTES
    assert [name for name in DOCUMENTED_ATTRIBUTES if not doc["attributes"][name].get("support")] == []
    assert doc["version_added"]
    returned = documentation[module]["return"]
    assert [name for name, value in returned.items() if not {"type", "description", "returned"} <= set(value)] == []


def test_every_action_has_a_module_and_the_other_way_round() -> None:
    actions = {path.stem for path in (REPOSITORY / "plugins/action").glob("*.py")}
    assert actions == set(MODULES) - WITHOUT_ACTION


def test_action_groups_and_documentation_agree(documentation: dict[str, Any]) -> None:
    runtime = yaml.safe_load((REPOSITORY / "meta/runtime.yml").read_text(encoding="utf-8"))
    declared = {(group, name) for group, names in runtime["action_groups"].items() for name in names}
    documented = {
        (group.removeprefix(f"{COLLECTION}."), module)
        for module, entry in documentation.items()
        for group in entry["doc"]["attributes"].get("action_group", {}).get("membership", [])
    }
    assert {name for dummy, name in declared} <= set(MODULES)
    assert documented == declared


def role_file(role: str, name: str) -> Any:
    """A YAML file of a role."""
    return yaml.safe_load((REPOSITORY / "roles" / role / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ROLES)
def test_role_options_and_defaults_agree(role: str) -> None:
    options = role_file(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = role_file(role, "defaults/main.yml")
    assert {name for name, option in options.items() if not option.get("required")} == set(defaults)
    assert [name for name in options if not name.startswith((f"{role}_", "lineops_"))] == []
    differing = [name for name, option in options.items() if "default" in option and option["default"] != defaults[name]]
    assert differing == []


@pytest.mark.parametrize("role", ROLES)
def test_role_has_readme_and_meta_and_names_its_tasks(role: str) -> None:
    folder = REPOSITORY / "roles" / role
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert role_file(role, "meta/main.yml")["galaxy_info"]["description"]
    for path in (folder / "tasks").glob("*.yml"):
        names = [task.get("name", "") for task in yaml.safe_load(path.read_text(encoding="utf-8")) or []]
        assert [name for name in names if not re.match(r"\S", name)] == [], path


def test_roles_and_playbooks_leave_protocols_to_modules() -> None:
    """DESIGN section 4: no HTTP and no shell commands above the modules."""
    forbidden = re.compile(r"(ansible\.(builtin|legacy)\.)?(uri|get_url|command|shell|raw|script)")

    def keys_of(tasks: t.Any) -> t.Iterator[str]:
        for task in tasks or []:
            yield from task
            for name in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
                yield from keys_of(task.get(name))

    files = [*REPOSITORY.glob("roles/*/tasks/**/*.yml"), *(path for path in REPOSITORY.glob("playbooks/*.yml") if ".meta." not in path.name)]
    keys = {path: set(keys_of(yaml.safe_load(path.read_text(encoding="utf-8")))) for path in files}
    assert {"block", "tasks", "ansible.builtin.set_fact"} <= set().union(*keys.values())
    assert [(path.name, key) for path, used in keys.items() for key in used if forbidden.fullmatch(key)] == []


def test_every_role_has_a_molecule_scenario() -> None:
    assert sorted(path.parent.name for path in (REPOSITORY / "extensions/molecule").glob("*/molecule.yml")) == ROLES
