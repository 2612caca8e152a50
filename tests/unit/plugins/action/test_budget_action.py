# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Budget and guards in real runs of ansible-playbook: on hosts, on hosts that are lost, and as a role asks them."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, Run, play, task

EVIL = "anna {{ 6 * 7 }}"


def audited(request: str) -> dict[str, t.Any]:
    message = {"action": "service_restart_scheduled", "actor": EVIL, "details": {"request_id": request}}
    return {"id": 1, "module": "audit", "message": json.dumps(message), "timestamp": utc_now()}


HOSTS = {"h1": {}, "off": {"ansible_connection": "lost"}, "bare": {"ansible_python_interpreter": "/nowhere/python"}}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run that counts on a host that is there and on two that cannot be asked, and asks the guards with it."""
    folder = tmp_path_factory.mktemp("budget")
    state = folder / "state"
    begun = {"run": "i1", "incident": "i1", "event": "begin", "action": "connect", "plc": "plc_001", "host": "h1"}
    Journal(str(state)).append([begun, {"event": "opened", "incident": "i2", "host": "h2", "playbook": "B"}])
    (folder / "rows.json").write_text(json.dumps([audited("x"), audited("y"), "garbage"]), encoding="utf-8")
    (folder / "entries.json").write_text(json.dumps(Journal(str(state)).read()), encoding="utf-8")
    read = "{{ lookup('ansible.builtin.file', '%s') | from_json }}"
    count = {"state_dir": str(state), "host": "{{ inventory_hostname }}", "targets": ["supervisor", "plc:plc_001"]}
    situation = {
        "host": "{{ inventory_hostname }}", "line": "line3", "frozen": "{{ lineops_freeze | default(false) }}",
        "interlock": "{{ lineops_interlock | default(none) | lineops.runbook.interlock_state({}) }}",
        "budget": "{{ counted.budgets }}", "lease_held": True,
        "journal_writable": "{{ counted.failure is not defined }}",
        "line_state": "{{ entries | lineops.runbook.line_state(line='line3', hosts=['h1', 'h2'], now=now_) }}",
        "confirm": "{{ lineops_confirm | default('') }}",
        "proven_dead": "{{ found | lineops.runbook.dead_links(plc) }}",
    }  # fmt: skip
    guarded = "{{ plan | lineops.runbook.guards(**situation) }}"
    course = "{{ entries | lineops.runbook.incident_course(host='h1', now=now_) }}"
    lost = {"resolved": False, "finding": "plc.route_missing", "severity": "SEV-1", "owner": "L1", "next_step": ""}
    plan = [{"name": "connect", "plc": "plc_001"}, {"name": "restart_app"}]
    tasks = [
        {**task("count", "budget", audit_rows="{{ rows }}", limit=2, **count), "register": "counted"},
        {"name": "guards", "ansible.builtin.set_fact": {"asked": guarded}},
        {"name": "rest", "ansible.builtin.set_fact": {
            "back": "{{ entries | lineops.runbook.recurrence(host='h1', finding='x', now=now_) }}",
            "open": "{{ entries | lineops.runbook.open_incidents(now=now_) | map(attribute='incident') }}",
            "target": "{{ plan[0] | lineops.runbook.action_target }}",
            "course": course,
            "severity": "{{ [lost | combine({'host': 'h1'})] | lineops.runbook.line_severity(line='line3') }}",
        }},
        {"name": "next", "ansible.builtin.set_fact": {
            "next": "{{ lost | lineops.runbook.escalation(host='h1', now=now_, opened_at=course.opened_at,"
            " failed_attempts=course.failed_attempts + 1, budget_used=not counted.allowed) }}",
        }},
        task("no targets", "budget", **{**count, "targets": []}),
        task("wrong option", "budget", **count, limits=3),
    ]  # fmt: skip
    variables = {
        "rows": read % (folder / "rows.json"), "entries": read % (folder / "entries.json"), "situation": situation,
        "now_": "{{ counted.observed_at }}", "plan": plan, "plc": {"id": "plc_001"},
        "found": {"signals": {"flag": "disconnected"}}, "lost": lost,
    }  # fmt: skip
    tasks = [{**one, "ignore_errors": True} if "lineops.runbook.budget" in one else one for one in tasks]
    return Playbook(folder / "run", [play(*tasks, vars=variables)], HOSTS).run("--check", "-vvv")


def test_budget_is_counted_on_the_host_in_check_mode_too(asked: Run) -> None:
    result = asked.result("count")
    assert asked.kind("count") == "ok" and "invocation" in result
    assert [(one["target"], one["used"]) for one in result["budgets"]] == [("supervisor", 2), ("plc:plc_001", 1)]
    assert (result["allowed"], result["target"], result["sources"]["journal"]) == (False, "supervisor", "observed")
    assert [one["who"] for one in result["counted"]] == [EVIL, EVIL]
    assert result["observed_from"] == "host h1"


@pytest.mark.parametrize(("host", "code"), [("off", "host.unreachable"), ("bare", "host.module_not_run")])
def test_host_that_cannot_be_asked_still_has_its_audit_log(asked: Run, host: str, code: str) -> None:
    """SSH down with the API up: restarts by people are counted, and that the journal was not read is said."""
    result = asked.result("count", host)
    assert (asked.kind("count", host), result["failure"]["code"]) == ("ok", code)
    assert [(one["target"], one["used"], one["allowed"]) for one in result["budgets"]] == [
        ("supervisor", 2, False), ("plc:plc_001", 0, False)]  # fmt: skip
    assert result["sources"]["journal"] == "not observed"


@pytest.mark.parametrize(
    ("host", "codes"),
    [
        ("h1", ["blast_radius.line_in_trouble", "budget.used_up"]),
        ("off", ["blast_radius.line_in_trouble", "budget.used_up", "journal.unwritable"]),
    ],
)
def test_guards_as_a_role_asks_them(asked: Run, host: str, codes: list[str]) -> None:
    """The result of the module, and what templates make of it, is what the guards understand; on every core."""
    told = asked.result("guards", host)["ansible_facts"]["asked"]
    assert [one["code"] for one in told["refusals"]] == codes


def test_other_filters_get_what_templates_make_of_it(asked: Run) -> None:
    facts = asked.result("rest")["ansible_facts"]
    assert (facts["back"]["times"], facts["open"], facts["target"]) == (0, ["i1", "i2"], "plc:plc_001")
    assert facts["course"]["failed_attempts"] == 1 and facts["severity"]["rule_id"] == "B.E1"
    told = asked.result("next")["ansible_facts"]["next"]
    assert (told["level"], len(told["reasons"]), told["contact"]) == ("L2", 2, None)


def test_wrong_options_are_refused_in_one_sentence(asked: Run) -> None:
    assert asked.kind("no targets") == asked.kind("wrong option") == "failed"
    assert asked.result("no targets")["failure"]["code"] == "budget.invalid"
    assert "limits" in asked.result("wrong option")["msg"]
