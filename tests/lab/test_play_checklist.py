# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``checklist.yml`` and ``preflight.yml``: what they tell of a healthy line and of a broken one, and that they only look."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plants import PlantLab
from runs import Run
from truth import files

from lab import api
from lab.processes import REPOSITORY

# The list of docs/checklist.md.
ALLOWED = {
    "GET /api/system/status", "GET /api/monitor/slo", "GET /api/monitor/streams", "GET /api/admin/logs",
    "GET /api/admin/logs/verify", "GET /api/admin/service/info", "GET /api/plc/config", "GET /api/debug/config",
    "GET /api/plc/ads/route/status", "GET /api/system/versioning", "POST /api/plc/ads/route/test",
}
HEALTHY, HEALTHY_TOO, DEAD, LOST = HOSTS = ("line1-hmi1", "line1-hmi2", "line2-hmi1", "line2-hmi2")
CLOSED_PORT = 9  # discard: nobody listens there on the lab's addresses
#: How busy this machine is has nothing to do with the plant.
NO_LIMITS = {"load_per_core": 10000, "memory_free": 0, "disk_free": 0, "inodes_free": 0}
ACTOR = "{{ 6 * 7 }}<script>alert(1)</script>"
OK, ATTENTION, UNSEEN = "ok", "attention", "not observed"
# host -> severity, finding, state of the steps 1 to 7
EXPECTED = {
    HEALTHY: ("", "plc.healthy", [OK] * 7),
    HEALTHY_TOO: ("", "plc.healthy", [OK] * 7),
    DEAD: ("SEV-1", "supervisor.unreachable", [OK, UNSEEN, UNSEEN, ATTENTION, ATTENTION, ATTENTION, OK]),
    # The supervisor's SLO suffers from nothing but our own route test.
    LOST: ("SEV-1", "plc.route_missing", [OK, OK, OK, UNSEEN, ATTENTION, ATTENTION, UNSEEN]),
}


class Looked:
    """A healthy line, a broken one, and what they are like before and after looks at them."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        self.viewer, self.operator = (self._key(HEALTHY, level) for level in ("viewer", "operator"))
        lab.fault(DEAD, "supervisor-killed")
        lab.fault(LOST, "route-removed")
        self.inventory, wrong_keys = lab.variant(self._change), lab.variant(self._change_keys)
        self.before, calls = self._plant(), {name: len(lab.calls(name)) for name in HOSTS}
        self.all = self._play("checklist.yml", checklist_limits=NO_LIMITS)
        self.german = self._play(
            "checklist.yml", limit="line2", checklist_limits=NO_LIMITS, checklist_fail_on="SEV-1", lineops_language="de")
        self.after = self._plant()
        self.checked = self._play("preflight.yml", "--check", limit=HEALTHY_TOO)
        self.after_check = self._plant()
        self.preflight = lab.play(playbook="preflight.yml", limit="line1", inventory=wrong_keys)
        self.after_preflight = self._plant()
        self.calls = {name: set(lab.calls(name)[calls[name]:]) for name in HOSTS}

    def _play(self, playbook: str, *words: str, limit: str = "", **variables: Any) -> Run:
        return self.lab.play(*words, "-e", json.dumps(variables), playbook=playbook, limit=limit, inventory=self.inventory)

    def _change(self, groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        for line in groups.values():
            for host in line["hosts"].values():
                host["lineops_cameras"] = []  # no stream runs in this lab
        groups["line2"]["hosts"][LOST] |= {"ansible_connection": "ssh", "ansible_port": CLOSED_PORT}

    def _change_keys(self, dummy: dict[str, Any], secrets: dict[str, Any]) -> None:
        secrets[HEALTHY] = {**secrets["line1"], "operator_key": self.viewer, "admin_key": self.operator}

    def _key(self, name: str, level: str) -> str:
        host = self.lab.host(name)
        key = self.lab.plant.line(host.line).admin_key
        reply = api.call("POST", f"{host.url}/api/admin/apikeys", {"name": level, "level": level}, key=key, user=ACTOR)
        return reply.body["raw_key"]

    def _plant(self) -> dict[str, dict[str, Any]]:
        return {name: self._settings(name) for name in HOSTS}

    def _settings(self, name: str) -> dict[str, Any]:
        if name != DEAD:
            return self.lab.settings(name)
        plant, host = self.lab.plant, self.lab.host(name)
        return {
            "mode": self.lab.ask(name, "status")["mode"], "routes": self.lab.ask(name, "routes"),
            "files": files(plant.host_dir(host)), "state": files(plant.state_dir(host))}


@pytest.fixture(scope="class")
def looked(new_lab: Callable[..., PlantLab]) -> Looked:
    return Looked(new_lab(2, 2))


def without_link(settings: dict[str, Any]) -> dict[str, Any]:
    """A PLC without the route closes the supervisor's connection at the first word, whoever says it."""
    return {name: value for name, value in settings.items() if name != "links"}


class TestChecklist:
    """One class, one plant."""

    @pytest.mark.parametrize("name", HOSTS)
    def test_seven_steps(self, looked: Looked, name: str) -> None:
        told = looked.all.stats["lineops_checklist"][name]
        severity, finding, states = EXPECTED[name]
        assert (told["severity"], told["finding"]) == (severity, finding)
        assert [told["steps"][str(number)]["state"] for number in range(1, 8)] == states, told["steps"]
        assert told["state"] == (ATTENTION if severity else OK)

    def test_plan_is_told_and_not_done(self, looked: Looked) -> None:
        told = looked.all.stats["lineops_checklist"]
        assert told[LOST]["plan"] == ["disconnect", "route", "connect", "write_test"] and told[DEAD]["plan"] == []
        assert "add the ADS route" in told[LOST]["steps"]["5"]["sentence"]
        assert told[DEAD]["owner"] == "L1" and "phone 100" in told[DEAD]["contact"]

    def test_own_tests_are_told_apart_from_those_that_stood_before(self, looked: Looked) -> None:
        first = looked.all.stats["lineops_checklist"][LOST]["steps"]["2"]
        assert first["state"] == OK and "only through our own tests" in first["sentence"]
        # By now it stood before: an earlier look, which leaves no record, or somebody else.
        second = looked.german.stats["lineops_checklist"][LOST]["steps"]["2"]
        assert second["state"] == ATTENTION and "frühere Blicke von uns" in second["sentence"]

    def test_worst_host_is_the_last_line_of_the_table(self, looked: Looked) -> None:
        told = json.loads(re.search(r'"msg": (\[\n\s+"Checklist at .*?\n\s+\])', looked.all.out, re.DOTALL)[1])
        assert [line.split()[0] for line in told[1:6]] == ["HOST", HEALTHY, HEALTHY_TOO, DEAD, LOST]
        assert [line[0] for line in told[6:] if line[0].isdigit()] == list("1234567")

    def test_page(self, looked: Looked) -> None:
        path = Path(looked.all.stats["lineops_checklist"][HEALTHY]["report"])
        assert path.name == "checklist-of-plant.html" and path.with_suffix(".md").exists()
        page = path.read_text(encoding="utf-8")
        assert html.escape(ACTOR) in re.sub("<wbr>|</?bdi>", "", page) and "<script" not in page
        german = Path(looked.german.stats["lineops_checklist"][LOST]["report"])
        assert german.name == "checklist-of-line2.html" and "Reversible Sofortmaßnahme" in german.read_text(encoding="utf-8")

    def test_text_of_the_plant_is_literal(self, looked: Looked) -> None:
        assert ACTOR in looked.all.stats["lineops_checklist"][HEALTHY]["steps"]["3"]["sentence"]

    def test_fails_only_where_it_was_told_to(self, looked: Looked) -> None:
        assert (looked.all.code, looked.german.code) == (0, 2)
        assert [looked.german.recap[name]["failed"] for name in (DEAD, LOST)] == [1, 1]

    @pytest.mark.parametrize("name", HOSTS)
    def test_leaves_the_plant_as_it_is(self, looked: Looked, name: str) -> None:
        settings = without_link if name == LOST else dict
        assert settings(looked.after[name]) == settings(looked.before[name])
        assert settings(looked.after_check[name]) == settings(looked.before[name])
        assert looked.before[name]["state"] == {}
        assert {run.recap.get(name, {"changed": 0})["changed"] for run in (looked.all, looked.german, looked.preflight)} == {0}

    @pytest.mark.parametrize("name", HOSTS)
    def test_sends_only_what_the_documentation_lists(self, looked: Looked, name: str) -> None:
        assert looked.calls[name] <= ALLOWED

    def test_list_of_calls_is_that_of_the_documentation(self) -> None:
        page = (REPOSITORY / "docs/checklist.md").read_text(encoding="utf-8")
        listed = page.partition("\n## Calls\n")[2]
        assert {call.partition(" ")[2] for call in ALLOWED} == {
            word for word in listed.replace(",", " ").replace("`", " ").split() if word.startswith("/api/")}

    # --- preflight ---------------------------------------------------------------------------------------------------

    def _rows(self, run: Run, name: str) -> dict[str, dict[str, Any]]:
        return {row["code"]: row for row in run.stats["lineops_preflight"]["hosts"][name]}

    def test_keys_of_the_wrong_level_are_told(self, looked: Looked) -> None:
        rows = self._rows(looked.preflight, HEALTHY)
        for item in ("operator_key", "admin_key"):
            assert rows[item]["state"] == "missing" and "level is too low" in rows[item]["what"], rows[item]
            assert rows[item]["who"] == "whoever keeps lineops_secrets"
        assert looked.preflight.code == 2 and not looked.preflight.stats["lineops_preflight"]["ready"]
        assert [looked.preflight.recap[name]["failed"] for name in (HEALTHY, HEALTHY_TOO)] == [1, 0]

    def test_what_is_there_is_proven(self, looked: Looked) -> None:
        rows = self._rows(looked.preflight, HEALTHY_TOO)
        good = {"inventory", "contacts", "supervisor", "operator_key", "admin_key", "guarded", "access", "python", "state_dir",
                "process", "user", "route", "supervisor_clock", "host_clock"}
        assert {code for code, row in rows.items() if row["state"] == OK} == good
        own = {row["code"]: row["state"] for row in looked.preflight.stats["lineops_preflight"]["controller"]}
        assert own == {"report_dir": OK, "secrets": OK}

    def test_lease_is_given_back(self, looked: Looked) -> None:
        before, after = looked.after_check[HEALTHY_TOO], looked.after_preflight[HEALTHY_TOO]
        assert {name: value for name, value in after.items() if name != "state"} == {
            name: value for name, value in before.items() if name != "state"}
        assert not [path for path in after["state"] if path.endswith(".json")] and after["state"]

    def test_check_says_what_it_does_not_prove(self, looked: Looked) -> None:
        row = self._rows(looked.checked, HEALTHY_TOO)["state_dir"]
        assert (row["state"], row["required"]) == (UNSEEN, False) and "not proven" in row["what"]
        assert looked.checked.code == 0 and looked.checked.stats["lineops_preflight"]["ready"] is True
