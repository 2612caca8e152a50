# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that roles ask the rules with: names, arguments, and what their documentation says."""

from __future__ import annotations

import inspect
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.lineops.runbook.plugins.filter import runbook
from ansible_collections.lineops.runbook.plugins.module_utils._closing import blank_closing
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, play

FILTERS = runbook.FilterModule().filters()
FOLDER = Path(runbook.__file__).parent
PLCS = [{
    "id": "plc_001", "name": "Press", "ip_address": "10.30.3.21", "ams_net_id": "10.30.3.21.1.1", "runtime_type": "TC2",
    "route": {"name": "line3-hmi1"}, "test_variable": {"name": "MAIN.bOpsTest", "rest_value": False},
    "namespaces": [{"name": "GVL", "probe_variable": "GVL.n", "test_value": 1, "rest_value": 0}],
}]  # fmt: skip
KEYS = {"operator_key": "canary", "plc_password": "p"}
ADDRESS = {"id": "plc_001", "ip_address": "10.30.3.21", "ams_net_id": "10.30.3.21.1.1", "ams_port": 801}
EVIDENCE = {
    "supervisor": {"status": {"plc_connected": False}}, "probe": {"probe": {"outcome": "closed"}},
    "route_test": {"success": False, "error": "timeout elapsed (1861)"},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_documentation_names_the_arguments_that_there_are(name: str) -> None:
    documented = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))["DOCUMENTATION"]
    assert documented["name"] == name
    first, *arguments = inspect.signature(FILTERS[name]).parameters.values()
    assert set(documented["options"]) == {"_input", *(argument.name for argument in arguments)}
    positional = [argument.name for argument in arguments if argument.kind is not inspect.Parameter.KEYWORD_ONLY]
    said = documented["positional"]
    assert (said if isinstance(said, list) else said.split(", ")) == positional, first
    required = {argument.name for argument in arguments if argument.default is inspect.Parameter.empty}
    assert {option for option, about in documented["options"].items() if about.get("required")} == required | {"_input"}


def test_every_documentation_has_a_filter() -> None:
    assert {path.stem for path in FOLDER.glob("*.yml")} == set(FILTERS)


def test_address_of_a_plc_is_what_a_route_test_needs() -> None:
    assert FILTERS["plc_address"](FILTERS["active_plc"](PLCS)) == ADDRESS


@pytest.mark.parametrize("secrets", [{"line3": KEYS}, "line3: {operator_key: canary, plc_password: p}"])
def test_secrets_of_a_host_from_a_mapping_or_from_text(secrets: t.Any) -> None:
    assert FILTERS["host_secrets"](secrets, "line3-hmi1", "line3") == KEYS
    assert FILTERS["host_secrets"](secrets, "line3-hmi1") == {}


@pytest.mark.parametrize(("given", "notes"), [
    ("ticket: OPS-1\nreproduction: {none: nobody saw it happen}\n", ["countermeasure is missing"]),
    ({"ticket": "OPS-1", "reproduction": {"none": "nobody saw it happen"}}, ["countermeasure is missing"]),
    (blank_closing(), ["ticket is missing", "reproduction is missing", "countermeasure is missing"]),
    ("", ["ticket is missing"]), (None, ["ticket is missing"]),
    ("ticket: [", ["lineops_closing is 'ticket: ['; expected a mapping"]), ("done", ["lineops_closing is 'done'; expected a mapping"]),
])  # fmt: skip
def test_closing_checklist_from_a_mapping_or_from_text(given: t.Any, notes: list[str]) -> None:
    """A survey gives text; what is no mapping is told, and the rest of the checklist with it."""
    told = FILTERS["closing"]([], given=given, incident="i", host="h", now="2026-11-24T03:00:00Z")["outcome"]["notes"]
    assert [note for note in notes if not any(note in one for one in told)] == []
    assert any("ticket" in one for one in told) == ("OPS-1" not in str(given))


def test_role_gets_from_evidence_to_the_line_at_the_end(tmp_path: Path) -> None:
    """Once through Ansible's own templating, as the role does it: types survive, and text of the plant stays text."""
    names = {"plc": "Press {{ 6 * 7 }}", "host": "line3-hmi1", "language": "de"}
    evidence = {**EVIDENCE, "route_test": {**EVIDENCE["route_test"], "error": "{{ 6 * 7 }} (1861)"}}
    values = {
        "plc": "{{ plcs | lineops.runbook.active_plc }}",
        "address": "{{ plcs | lineops.runbook.active_plc | lineops.runbook.plc_address }}",
        "finding": "{{ evidence | from_json | lineops.runbook.plc_diagnosis(**(names | from_json)) }}",
        "blocked": "{{ evidence | from_json | lineops.runbook.plc_path_blocked }}",
    }
    later = {
        "plan": "{{ finding | lineops.runbook.plc_plan(plc) }}",
        "step": "{{ plc | lineops.runbook.plc_step('write_test') }}",
        "entries": "{{ plc | lineops.runbook.plc_step('write_test') | lineops.runbook.step_entries('done', {'reached': false}) }}",
        "namespaces": "{{ plc | lineops.runbook.plc_namespace_tests }}",
        "notes": "{{ [evidence | from_json | combine({'wanted': {'id': 'plc_002'}})] | lineops.runbook.standby_notes('line3-hmi1', 'de') }}",
        "outcome": "{{ finding | lineops.runbook.plc_outcome(finding, steps=[], planned=[], failed_step='', check_mode=false) }}",
    }
    last = {"lines": "{{ {'line3-hmi1': outcome} | lineops.runbook.summary_lines }}"}
    tasks = [
        {"name": name, "ansible.builtin.set_fact": facts} for name, facts in (("1", values), ("2", later), ("3", last))
    ]
    # Text that comes from outside is not trusted as a template: here it is read from files, as results of tasks are.
    (tmp_path / "evidence.json").write_text(
        yaml.safe_dump(evidence, default_flow_style=True, width=10**6), encoding="utf-8"
    )
    (tmp_path / "names.json").write_text(yaml.safe_dump(names, default_flow_style=True, width=10**6), encoding="utf-8")
    looked_up = {
        name: f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/{name}.json') | from_yaml | to_json }}}}"
        for name in ("evidence", "names")
    }
    done = Playbook(tmp_path / "run", [play(*tasks, vars={"plcs": PLCS, **looked_up})], {"h1": {}}).run()
    facts = {name: value for number in "123" for name, value in done.result(number)["ansible_facts"].items()}
    assert (facts["address"], facts["blocked"], facts["plc"]["ams_port"]) == (ADDRESS, False, 801)
    assert facts["finding"]["sentence"] == "Der PLC Press {{ 6 * 7 }} fehlt die ADS-Route zurück zu line3-hmi1."
    assert [step["name"] for step in facts["plan"]] == ["route", "connect", "write_test", "namespaces"]
    undo = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}
    assert facts["step"]["undos"] == [undo]
    assert [(entry["event"], entry["undo"], entry["reached"]) for entry in facts["entries"]] == [("done", undo, False)]
    assert facts["namespaces"] == [{"name": "GVL.n", "test_value": 1, "rest_value": 0}]
    assert facts["notes"] == ["Der PLC plc_002 fehlt die ADS-Route zurück zu line3-hmi1."]
    (line,) = facts["lines"]
    assert line.startswith(
        "line3-hmi1: UNRESOLVED - Der PLC Press {{ 6 * 7 }} fehlt die ADS-Route zurück zu line3-hmi1. | SEV-1"
    )
