# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checklist of hosts: order, sums, what the terminal and set_stats show, and when it fails."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._checklist import (
    checklist_fails,
    checklist_lines,
    checklist_plant,
    checklist_row,
    checklist_stats,
)
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose

NOW = "2026-11-24T03:00:00Z"
TEST_OK = {"success": True, "at": NOW}
LOOK: dict[str, t.Any] = {
    "inventory": {"mistakes": [], "warnings_found": []}, "url": "http://10.0.0.1:5000",
    "plcs": [{"id": "plc_001", "name": "Press", "ip_address": "10.0.0.2", "active": True}], "cameras": [],
    "contacts": {"L1": "shift desk, phone 100"},
    "supervisor": {
        "status": {"plc_connected": True, "breakers": {}}, "streams": {}, "calls": [],
        "slo_detail": {"status": "ok", "alerts": []}, "log_excerpt": {"audits": []}, "log_chain": {"verdict": "ok"}},
    "host": {"supervisor": {"pid": 812, "api": "answers"}, "not_observed": []}, "history": {"entries": []}, "plan": [],
}  # fmt: skip
EVIDENCE = {"supervisor": LOOK["supervisor"], "probe": {"probe": {"outcome": "ok"}}, "route_test": TEST_OK}
SILENT = {"supervisor": {"not_observed": {"status": {"code": "supervisor.unreachable", "message": "Nothing listens."}}}}


def row_of(host: str, change: dict[str, t.Any] | None = None, evidence: dict[str, t.Any] | None = None, **how: t.Any) -> dict[str, t.Any]:
    finding = diagnose(evidence or EVIDENCE, plc="Press", host=host)
    look = {**copy.deepcopy(LOOK), "finding": finding, **(change or {})}
    return checklist_row(look, host=host, line=host.split("-")[0], now=NOW, **how)


GOOD = row_of("line1-hmi2")
DEAD = row_of("line1-hmi10", SILENT, SILENT)
UNSEEN = row_of("line1-hmi3", {"host": {"failure": {"message": "SSH is down."}}})
LOW_KEY = row_of("line2-hmi1", None, {**EVIDENCE, "route_test": {"success": False, "levels": {"operator": "refused", "admin": "accepted"}}})
MISTAKEN = checklist_row(
    {"inventory": {"mistakes": ["lineops_plcs is missing.", "lineops_line is missing."]}}, host="line1-hmi4", line="", now=NOW)
BROKEN = checklist_row({"broke": "Look: no message"}, host="line1-hmi5", line="line1", now=NOW)


@pytest.mark.parametrize(
    ("row", "state", "severity", "sentence"),
    [
        (GOOD, "ok", "", "The PLC Press answers and takes commands (write path not proven)."),
        (DEAD, "attention", "SEV-1", "The supervisor on line1-hmi10 does not answer (the host itself could not be asked)."),
        (UNSEEN, "not observed", "", "Not observed: the host itself (SSH is down.)"),
        (LOW_KEY, "attention", "SEV-3", "The supervisor on line2-hmi1 refuses our operator key."),
        (MISTAKEN, "attention", "", "lineops_plcs is missing."),
        (BROKEN, "attention", "", "The look itself broke off: Look: no message"),
    ],
)
def test_row_of_a_host(row: dict[str, t.Any], state: str, severity: str, sentence: str) -> None:
    assert (row["state"], row["severity"], row["sentence"]) == (state, severity, sentence), row["steps"]
    assert [step["number"] for step in row["steps"]] == [1, 2, 3, 4, 5, 6, 7]
    assert all(step["sentence"] and step["state"] in ("ok", "attention", "not observed") for step in row["steps"])


def test_mistakes_of_the_inventory_are_all_told_and_nothing_else_is_claimed() -> None:
    assert "lineops_line is missing." in MISTAKEN["steps"][0]["sentence"]
    assert [step["state"] for step in MISTAKEN["steps"]] == ["attention", *["not observed"] * 3, "attention", *["not observed"] * 2]


def test_whom_to_call_is_the_owner_of_the_finding() -> None:
    assert (DEAD["owner"], DEAD["contact"]) == ("L1", "shift desk, phone 100")


def test_worst_host_comes_last_and_numbers_count_as_numbers() -> None:
    plant = checklist_plant([DEAD, LOW_KEY, MISTAKEN, UNSEEN, GOOD, row_of("line1-hmi10")], now=NOW)
    assert [row["host"] for row in plant["hosts"]] == [
        "line1-hmi2", "line1-hmi10", "line1-hmi3", "line1-hmi4", "line2-hmi1", "line1-hmi10"]
    assert plant["counts"] == {"hosts": 6, "ok": 2, "not observed": 1, "attention": 3, "plcs": 5, "cameras": 0}
    assert [(one["line"], one["severity"]) for one in plant["severities"]] == [("line1", "SEV-1"), ("line2", "SEV-3")]


def test_host_without_a_row_is_not_forgotten() -> None:
    plant = checklist_plant([GOOD], hosts=["line1-hmi2", "line1-hmi9"], now=NOW)
    assert [(row["host"], row["state"]) for row in plant["hosts"]] == [("line1-hmi2", "ok"), ("line1-hmi9", "attention")]
    assert "says nothing of the host" in plant["hosts"][1]["sentence"]


@pytest.mark.parametrize(
    ("row", "fails_at"),
    [(GOOD, []), (DEAD, ["SEV-1", "SEV-2", "SEV-3"]), (LOW_KEY, ["SEV-3"]), (MISTAKEN, ["SEV-1", "SEV-2", "SEV-3"]),
     (BROKEN, ["SEV-1", "SEV-2", "SEV-3"]), (UNSEEN, [])],
)  # fmt: skip
def test_fails_at_or_above_the_severity(row: dict[str, t.Any], fails_at: list[str]) -> None:
    assert [word for word in ("never", "SEV-1", "SEV-2", "SEV-3") if checklist_fails(row, word)] == fails_at


def test_terminal_shows_a_table_and_the_seven_steps() -> None:
    two = [row_of(f"line1-hmi{number}", {"host": {"failure": {"message": "SSH is down."}}}) for number in (6, 7)]
    lines = checklist_lines(checklist_plant([DEAD, GOOD, *two], now=NOW), {"html": "/r/checklist-of-line1.html"})
    assert lines == [
        "Checklist at 2026-11-24 03:00:00 UTC: 4 hosts, 1 ok, 1 need attention, 2 not observed",
        "HOST         STATE         SEE STEPS  WHAT",
        "line1-hmi2   ok            -          The PLC Press answers and takes commands (write path not proven).",
        "line1-hmi6   not observed  4?         Not observed: the host itself (SSH is down.)",
        "line1-hmi7   not observed  4?         Not observed: the host itself (SSH is down.)",
        "line1-hmi10  SEV-1         2? 3? 5 6  The supervisor on line1-hmi10 does not answer (the host itself could not be asked).",
        "1  Timestamp and scope: 4 hosts of line1, 4 PLCs, 0 cameras, at 2026-11-24 03:00:00 UTC",
        "2  Status and SLO: 1 not observed, 3 ok",
        "     line1-hmi10: Not observed: status (Nothing listens.) Not observed: SLO, streams (it was not asked)",
        "3  Last admin actions: 1 not observed, 3 ok",
        "     line1-hmi10: Not observed: the admin log, its hash chain (it was not asked)",
        "4  Services and resources: 2 not observed, 2 ok",
        "     line1-hmi6, line1-hmi7: Not observed: the host itself (SSH is down.)",
        "5  Reversible action first: 1 attention, 3 ok",
        "     line1-hmi10: No step of Playbook B helps here. L1: Check that line1-hmi10 is on and its supervisor service runs; "
        "if it does not start, run Playbook C.",
        "6  Hypothesis and counter-check: 1 attention, 3 ok",
        "     line1-hmi10: The supervisor on line1-hmi10 does not answer (the host itself could not be asked). No counter-check could be made.",
        "7  Open incidents: all ok",
        "Page: /r/checklist-of-line1.html",
    ]


def test_terminal_says_why_there_is_no_page() -> None:
    assert checklist_lines(checklist_plant([GOOD], now=NOW), {}, "The disk is full.")[-1] == "No page: The disk is full."
    assert checklist_lines(checklist_plant([GOOD], now=NOW))[-1] == "7  Open incidents: all ok"


def test_data_of_a_run_is_keyed_by_host() -> None:
    stats = checklist_stats(checklist_plant([DEAD, GOOD], now=NOW), {"html": "/r/x.html"})
    assert set(stats) == {"line1-hmi2", "line1-hmi10"}
    told = stats["line1-hmi10"]
    assert told["steps"]["2"]["state"] == "not observed" and (told["report"], told["at"]) == ("/r/x.html", NOW)
    assert "diagnosis" not in told and told["finding"] == "supervisor.unreachable"


def test_german() -> None:
    row = row_of("line1-hmi6", SILENT, SILENT, language="de")
    lines = checklist_lines(checklist_plant([row], now=NOW, language="de"))
    assert lines[1].split() == ["HOST", "ZUSTAND", "SIEHE", "SCHRITTE", "WAS"] and lines[3].startswith("1  Zeitstempel und Scope: 1 Hosts")


@pytest.mark.parametrize("rubbish", [{}, {"supervisor": "x", "host": [], "history": None, "finding": 7, "plcs": "x", "cameras": [1], "plan": None}])
def test_evidence_of_any_shape_gives_a_row(rubbish: dict[str, t.Any]) -> None:
    row = checklist_row(rubbish, host="h", line="l", now=NOW)
    assert row["state"] == "not observed"
