# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module budget: reads a real journal, survives its loss, changes nothing, and says what it could not see."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._journal import GENESIS, Journal, hash_of
from ansible_collections.lineops.runbook.plugins.module_utils._timestamps import ms_of, utc_text
from ansible_collections.lineops.runbook.plugins.modules import budget
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

HOST = "line3-hmi1"


def begin(number: int, target: str = "supervisor", **more: t.Any) -> dict[str, t.Any]:
    return {
        "v": 1, "ts": utc_now(), "incident": f"i{number}", "run": f"i{number}", "runner": "awx-7", "host": HOST,
        "event": "begin", "action": "restart_app" if target == "supervisor" else "connect", "target": target, **more,
    }  # fmt: skip


def journal(folder: Path, *entries: dict[str, t.Any]) -> Path:
    """A journal of any version: chained lines with the fields given."""
    folder.mkdir(exist_ok=True)
    previous, lines = GENESIS, []
    for entry in entries:
        line = {**entry, "prev": previous}
        previous = line["hash"] = hash_of(line)
        lines.append(json.dumps(line))
    (folder / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def audited(request: str, **more: t.Any) -> dict[str, t.Any]:
    details = {"request_id": request}
    message = json.dumps({"action": "service_restart_scheduled", "actor": "anna", "details": details})
    return {"id": 1, "module": "audit", "message": message, "timestamp": utc_now(), **more}


def made(state_dir: Path, check_mode: bool = False, **options: t.Any) -> t.Any:
    params = params_of(budget, **{"state_dir": str(state_dir), "host": HOST, "targets": ["supervisor"], **options})
    return outcome_of(budget, params, check_mode)


@pytest.mark.parametrize("check_mode", [False, True])
def test_counts_from_the_journal_and_the_audit_log_and_changes_nothing(tmp_path: Path, check_mode: bool) -> None:
    folder = journal(tmp_path / "s", begin(1), begin(2))
    before = (folder / "journal.jsonl").read_bytes()
    result = made(folder, check_mode, audit_rows=[audited("i1-1a2b-1"), audited("927f")])
    assert (result["used"], result["left"], result["allowed"], result["changed"]) == (3, 0, False, False)
    assert [one["who"] for one in result["counted"]] == ["awx-7", "awx-7", "anna"]
    assert result["sources"] == {"journal": "observed", "audit": "observed"} and "failure" not in result
    assert (folder / "journal.jsonl").read_bytes() == before and len(list(folder.iterdir())) == 1


def test_budget_survives_runs_and_the_loss_of_the_journal(tmp_path: Path) -> None:
    """It is in files and in the supervisor's own log, in no process."""
    folder = journal(tmp_path / "s", begin(1), begin(2), begin(3))
    rows = [audited(f"i{number}-1a2b-1") for number in (1, 2, 3)]
    assert [made(folder, audit_rows=rows)["used"] for dummy in range(2)] == [3, 3]
    (folder / "journal.jsonl").unlink()
    lost = made(folder, audit_rows=rows)
    assert (lost["used"], lost["allowed"], lost["sources"]["journal"]) == (3, False, "observed")


def test_entries_that_the_journal_itself_has_written(tmp_path: Path) -> None:
    entry = {"host": HOST, "incident": "i1", "run": "i1", "event": "begin", "action": "connect", "plc": "plc_001"}
    Journal(str(tmp_path / "s")).append([entry])
    assert made(tmp_path / "s", targets=["plc:plc_001"])["used"] == 1


def test_no_journal_yet_is_an_empty_one_and_none_is_made(tmp_path: Path) -> None:
    result = made(tmp_path / "s")
    assert (result["used"], result["allowed"], result["sources"]["audit"]) == (0, True, "not observed")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("rows", [None, [], [audited("x")] * 3])
def test_journal_that_cannot_be_read_is_an_answer(tmp_path: Path, rows: t.Any) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"broken\n")
    result = made(tmp_path, audit_rows=rows)
    assert "failed" not in result and result["failure"]["code"] == "journal.broken"
    assert result["sources"]["journal"] == "not observed"
    assert result["allowed"] is (rows is not None)


def test_several_targets_at_once_and_the_tightest_on_top(tmp_path: Path) -> None:
    folder = journal(tmp_path / "s", *(begin(number, "plc:plc_001") for number in range(3)), begin(9))
    result = made(folder, targets=["supervisor", "plc:plc_001", "stream:cam1"])
    assert [(one["target"], one["used"]) for one in result["budgets"]] == [
        ("supervisor", 1), ("plc:plc_001", 3), ("stream:cam1", 0)]  # fmt: skip
    assert (result["target"], result["allowed"], result["left"]) == ("plc:plc_001", False, 0)
    assert result["sentence"] == result["budgets"][1]["sentence"]


def test_limit_window_and_language_are_those_of_the_line(tmp_path: Path) -> None:
    now = t.cast(int, ms_of(utc_now()))
    folder = journal(tmp_path / "s", begin(1, ts=utc_text(now - 600_000)), begin(2))
    result = made(folder, limit=1, window_s=300, language="de")
    assert (result["used"], result["limit"], result["window_s"]) == (1, 1, 300)
    assert result["sentence"].startswith("Das Budget ist verbraucht; Unterbrechungen in den letzten 5 min ")
    assert made(folder, limit=0)["allowed"] is False


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"window_s": 0}, {"window_s": -1}, {"targets": []}])
def test_options_that_would_be_no_budget_are_refused(tmp_path: Path, wrong: dict[str, t.Any]) -> None:
    result = made(tmp_path, **wrong)
    assert result["failed"] and result["failure"]["code"] == "budget.invalid" and "allowed" not in result


def test_rows_that_are_garbage_are_no_failure(tmp_path: Path) -> None:
    result = made(tmp_path / "s", audit_rows=[None, 5, "x", {"module": "audit"}, audited("x", timestamp="{{ 1/0 }}")])
    assert result["used"] == 1 and len(result["notes"]) == 2
