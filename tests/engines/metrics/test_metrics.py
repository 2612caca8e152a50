# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as others read them: Prometheus' own parser and promtool, the alert rules, and the dashboard."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.lineops.runbook.plugins.modules import incident_metrics
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import night

REPOSITORY = Path(__file__).resolve().parents[3]
MONITORING = REPOSITORY / "extensions/monitoring"
HOSTILE = 'line3"} 1\nlineops_incidents_total{line="\\\ud800\u202e'
with_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="rules and expressions for Prometheus: no promtool was found (Debian: it is in prometheus)")

Key = tuple[str, frozenset[tuple[str, str]]]


def written(folder: Path, journals: dict[str, Any], checklists: list[str] | None = None, check_mode: bool = False) -> dict[Key, float]:
    """What the parser finds in the file: name and labels -> value."""
    dest = folder / "lineops.prom"
    incident_metrics.run({"journals": journals, "checklists": checklists or [], "dest": str(dest)}, check_mode)
    text = dest.read_text(encoding="utf-8")
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples), "a series stands there twice"
    return found


def of_night() -> dict[str, Any]:
    """The journals of a night by host."""
    journals: dict[str, Any] = {}
    for entry in night():
        known = journals.setdefault(entry["host"], {"line": entry["line"], "entries": [], "ok": True, "ticket": {"provider": "webhook"}})
        known["entries"].append(entry)
    return journals


def value(found: dict[Key, float], name: str, **labels: str) -> float | None:
    """One sample."""
    return found.get((name, frozenset(labels.items())))


class TestFile:
    def test_parser_reads_what_the_journals_say(self, tmp_path: Path) -> None:
        row = {"host": "line3-hmi1", "line": "line3", "severity": "SEV-2", "finding": "plc.silent"}
        page = tmp_path / "checklist-of-line3.json"
        page.write_text(json.dumps({"kind": "checklist", "at": "2026-11-24T06:00:00Z", "hosts": [row]}), encoding="utf-8")
        journals = {**of_night(), "line9-hmi1": {"line": "line9", "entries": None}}
        journals["line3-hmi2"]["ok"] = False
        found = written(tmp_path, journals, [str(page), str(tmp_path / "none.json")])
        healed = {"line": "line3", "playbook": "B", "finding": "plc.route_missing", "severity": "SEV-1", "result": "healed"}
        assert value(found, "lineops_incidents_total", **healed) == 3
        assert value(found, "lineops_incident_recover_seconds_count", line="line3") == 3
        assert value(found, "lineops_incident_recover_seconds_sum", line="line3") == pytest.approx(52.2)
        assert value(found, "lineops_incidents_open", line="line2", severity="SEV-1") == 2
        assert value(found, "lineops_incidents_open", line="line3", severity="SEV-1") == 0
        assert value(found, "lineops_journal_read", line="line9", host="line9-hmi1") == 0
        assert value(found, "lineops_journal_verified", line="line3", host="line3-hmi2") == 0
        assert value(found, "lineops_journal_verified", line="line9", host="line9-hmi1") is None
        assert value(found, "lineops_checklist_hosts", line="line3", severity="SEV-2") == 1
        assert value(found, "lineops_checklist_hosts", line="line3", severity="SEV-1") == 0
        assert value(found, "lineops_checklist_timestamp_seconds", line="line3") == 1795500000
        assert value(found, "lineops_budget_left", line="line3", host="line3-hmi1", target="plc:plc_001") == 3

    def test_hostile_text_makes_no_series(self, tmp_path: Path) -> None:
        entry = {"incident": "i", "host": HOSTILE, "phase": "close", "event": "healed", "playbook": HOSTILE, "finding": HOSTILE, "severity": HOSTILE}
        begun = {"incident": "i", "host": HOSTILE, "event": "begin", "action": "restart_app", "target": f"stream:{HOSTILE}", "ts": "2026-01-01T00:00:00Z"}
        found = written(tmp_path, {HOSTILE: {"line": HOSTILE, "entries": [entry, begun] + [{**begun, "target": f"t{number}"} for number in range(500)]}})
        (key,) = [key for key in found if key[0] == "lineops_incidents_total"]
        labels = dict(key[1])
        assert labels == {"line": HOSTILE.replace("\ud800", "?"), "playbook": "other", "finding": "other", "severity": "other", "result": "healed"}
        assert len([key for key in found if key[0] == "lineops_budget_left"]) == 50

    def test_file_is_whole_for_everybody_and_nothing_lies_beside_it(self, tmp_path: Path) -> None:
        written(tmp_path, of_night())
        assert stat.S_IMODE(os.stat(tmp_path / "lineops.prom").st_mode) == 0o644
        assert os.listdir(tmp_path) == ["lineops.prom"]

    def test_check_mode_leaves_the_old_file(self, tmp_path: Path) -> None:
        (tmp_path / "lineops.prom").write_text("old 1\n", encoding="utf-8")
        assert list(written(tmp_path, of_night(), check_mode=True)) == [("old", frozenset())]


def names_written(folder: Path) -> set[str]:
    """Every metric that is written when there is everything to write."""
    page = folder / "page.json"
    row = {"host": "line3-hmi1", "line": "line3", "severity": "SEV-2"}
    page.write_text(json.dumps({"kind": "checklist", "at": "2026-11-24T06:00:00Z", "hosts": [row]}), encoding="utf-8")
    return {name for name, dummy in written(folder, of_night(), [str(page)])}


def expressions() -> dict[str, str]:
    """Title -> expression, of all panels and variables of the dashboard."""
    board = json.loads((MONITORING / "grafana-lineops.json").read_text(encoding="utf-8"))
    found = {
        f"{panel['title']} {target['refId']}": target["expr"] for panel in board["panels"] for target in panel["targets"]}
    queries = [variable["query"]["query"] for variable in board["templating"]["list"] if variable["type"] == "query"]
    return {**found, **{query: re.sub(r"label_values\((.*), \w+\)", r"\1", query) for query in queries}}


class TestWhatReadsThem:
    def test_dashboard_rules_and_documentation_name_only_what_is_written(self, tmp_path: Path) -> None:
        names = names_written(tmp_path)
        rules = yaml.safe_load((MONITORING / "lineops.rules.yml").read_text(encoding="utf-8"))
        asked = {name for rule in rules["groups"][0]["rules"] for name in re.findall(r"lineops_\w+", rule["expr"])}
        asked_by_board = {name for text in expressions().values() for name in re.findall(r"lineops_\w+", text)}
        assert asked and asked_by_board and asked <= names and asked_by_board <= names
        told = set(re.findall(r"`(lineops_\w+)`", (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")))
        assert {re.sub(r"_(sum|count)$", "", name) for name in names} == told - {"lineops_metrics_file", "lineops_report_dir"}

    @with_promtool
    def test_promtool_takes_the_rules_and_each_alert_stands_when_it_must(self) -> None:
        for words in (["check", "rules", MONITORING / "lineops.rules.yml"], ["test", "rules", Path(__file__).with_name("rules_test.yml")]):
            done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

    def test_each_alert_has_a_test(self) -> None:
        rules = yaml.safe_load((MONITORING / "lineops.rules.yml").read_text(encoding="utf-8"))
        tests = Path(__file__).with_name("rules_test.yml").read_text(encoding="utf-8")
        alerts = [rule["alert"] for rule in rules["groups"][0]["rules"]]
        assert [alert for alert in alerts if tests.count(f"alertname: {alert}") < 2] == []

    @with_promtool
    def test_promtool_takes_the_expressions_of_the_dashboard(self, tmp_path: Path) -> None:
        rules = [{"record": f"x{number}", "expr": text.replace("$line", ".*")} for number, text in enumerate(expressions().values())]
        path = tmp_path / "board.yml"
        path.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
        done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    @with_promtool
    def test_promtool_takes_the_file(self, tmp_path: Path) -> None:
        names_written(tmp_path)
        with (tmp_path / "lineops.prom").open("rb") as stream:
            done = subprocess.run(["promtool", "check", "metrics"], stdin=stream, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
