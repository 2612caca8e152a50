# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--check`` finds out and shows the plan, and changes nothing at all on the plant (DESIGN §3)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from plants import PlantLab, until
from runs import Run

from lab.processes import REPOSITORY

# The list of docs/playbook_b.md.
ALLOWED = {
    "GET /api/system/status", "GET /api/monitor/slo", "GET /api/admin/logs", "GET /api/plc/config",
    "GET /api/debug/config",
    "GET /api/plc/ads/route/status", "GET /api/system/versioning", "POST /api/plc/ads/route/test",
}
UNPROVEN = "write path not proven"
PLAN_ROUTE = ["disconnect from the PLC", "add the ADS route if it is missing", "connect to the PLC", "write test"]
# host -> result, finding, what would be done
EXPECTED = {
    "line1-hmi1": ("HEALTHY", "plc.healthy", []),
    "line1-hmi2": ("PLANNED", "plc.route_missing", PLAN_ROUTE),
    "line1-hmi3": ("PLANNED", "plc.link_stale", ["connect to the PLC", "write test"]),
    "line2-hmi1": ("PLANNED", "plc.target_differs", ["disconnect from the PLC", "connect to the PLC", "write test"]),
    "line2-hmi2": ("UNRESOLVED", "plc.router_refused", []),
    "line2-hmi3": ("PLANNED", "plc.link_stale", PLAN_ROUTE),
}


class Checked:
    """A plant broken in several ways, how it was before, one ``--check`` run over each line, how it is after."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        lab.fault("line1-hmi2", "route-removed")
        lab.fault("line1-hmi3", "plc-disconnected")
        host = lab.host("line2-hmi1")
        body = {"ams_id": host.plc_net_id, "ams_port": 852, "ip_address": host.plc_ip}
        assert lab.post("line2-hmi1", "/api/plc/connect", body).ok
        lab.fault("line2-hmi2", "refuse")
        lab.fault("line2-hmi3", "reboot down_s=0")
        until(lambda: lab.ask("line2-hmi3", "status")["mode"] == "normal", "the PLC is back")
        self.before, self.rows_before = self._look(), {name: len(self._log_rows(name)) for name in EXPECTED}
        self._calls_before = {name: len(lab.calls(name)) for name in EXPECTED}
        self.runs = {line: lab.play("--check", "--diff", limit=line) for line in ("line1", "line2")}
        self._calls_after = {name: len(lab.calls(name)) for name in EXPECTED}
        self.after = self._look()

    def _look(self) -> dict[str, dict[str, Any]]:
        return {name: self.lab.settings(name) for name in EXPECTED}

    def _log_rows(self, name: str) -> list[str]:
        path = self.lab.plant.host_dir(self.lab.host(name)) / "config/system_logs.db"
        with closing(sqlite3.connect(path, timeout=10)) as database:
            rows = database.execute("SELECT level, message FROM logs ORDER BY id")
            return [f"{level} {text}" for level, text in rows]

    def new_log_rows(self, name: str) -> list[str]:
        return self._log_rows(name)[self.rows_before[name]:]

    def calls(self, name: str) -> set[str]:
        return set(self.lab.calls(name)[self._calls_before[name]:self._calls_after[name]])

    def run(self, name: str) -> Run:
        return self.runs[name.partition("-")[0]]


@pytest.fixture(scope="class")
def checked(new_lab) -> Checked:
    return Checked(new_lab(2, 3))


class TestCheckMode:
    """One class, one plant."""

    @pytest.mark.parametrize("name", EXPECTED)
    def test_tells_what_it_would_do(self, checked: Checked, name: str) -> None:
        outcome = checked.run(name).outcomes[name]
        assert (outcome["result"], outcome["finding"], outcome["actions"]) == EXPECTED[name]
        assert outcome["changed"] is False
        line = checked.run(name).lines[name]
        assert (outcome["result"] == "PLANNED") == ("would: " in line) and "done: " not in line
        assert (outcome["finding"] == "plc.healthy") == (UNPROVEN in outcome["sentence"])

    @pytest.mark.parametrize("name", EXPECTED)
    def test_leaves_the_plant_as_it_is(self, checked: Checked, name: str) -> None:
        before, after = checked.before[name], checked.after[name]
        if checked.run(name).outcomes[name]["finding"] == "plc.route_missing":
            # A PLC without the route closes the connection at the first word, whoever says it.
            assert len(before.pop("links")) == 1 and after.pop("links") == []
        assert after == before
        assert checked.before[name]["state"] == {}  # so neither a journal nor its lock was made
        assert checked.run(name).recap[name]["changed"] == 0

    @pytest.mark.parametrize("name", EXPECTED)
    def test_sends_only_what_the_documentation_lists(self, checked: Checked, name: str) -> None:
        assert checked.calls(name) <= ALLOWED
        assert [row for row in checked.new_log_rows(name) if row.startswith("AUDIT") or "denied" in row] == []

    def test_exit_status(self, checked: Checked) -> None:
        assert {line: run.code for line, run in checked.runs.items()} == {"line1": 0, "line2": 2}

    def test_list_of_calls_is_that_of_the_documentation(self) -> None:
        page = (REPOSITORY / "docs/playbook_b.md").read_text(encoding="utf-8")
        listed = page.partition("## Calls that `--check` may send")[2].partition("\n## ")[0]
        assert {call.partition(" ")[2] for call in ALLOWED} == {
            word for word in listed.replace(",", " ").replace("`", " ").split() if word.startswith("/api/")}
