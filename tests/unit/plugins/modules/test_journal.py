# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module journal: appends with what entries share, lists open undos, and writes nothing in check mode."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.modules import journal
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

HOST = "line3-hmi1"
UNDO = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}
BEGIN = {"event": "begin", "action": "write_test", "plc": "plc_001", "undo": UNDO}


def made(state_dir: Path, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return outcome_of(journal, params_of(journal, state_dir=str(state_dir), **options), check_mode)


def test_entries_get_the_common_fields_and_may_have_their_own(tmp_path: Path) -> None:
    common = {"incident": "i-1", "host": HOST, "phase": "act"}
    result = made(tmp_path / "s", common=common, entries=[BEGIN, {"event": "close", "phase": "close"}])
    assert result == {"changed": False, "written": 2}
    assert [(entry["incident"], entry["phase"]) for entry in Journal(str(tmp_path / "s")).read()] == [
        ("i-1", "act"),
        ("i-1", "close"),
    ]


def test_check_mode_writes_nothing_but_lists(tmp_path: Path) -> None:
    assert made(tmp_path / "s", check_mode=True, entries=[BEGIN]) == {"changed": False, "written": 0}
    assert not (tmp_path / "s").exists()
    made(tmp_path / "s", common={"host": HOST}, entries=[BEGIN])
    assert len(made(tmp_path / "s", check_mode=True, state="open_undos", host=HOST)["open_undos"]) == 1


def test_open_undos_of_one_host(tmp_path: Path) -> None:
    made(tmp_path, common={"host": HOST}, entries=[BEGIN])
    (undo,) = made(tmp_path, state="open_undos", host=HOST)["open_undos"]
    assert {name: undo[name] for name in UNDO} == UNDO
    assert made(tmp_path, state="open_undos", host="line3-hmi2") == {"changed": False, "open_undos": []}


@pytest.mark.parametrize("state", ["appended", "open_undos"])
def test_broken_journal_is_a_failure_with_code_and_hint(tmp_path: Path, state: str) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"broken\n")
    result = made(tmp_path, state=state, host=HOST, entries=[BEGIN])
    assert result["failed"] and result["failure"]["code"] == "journal.broken"
    assert result["msg"].endswith("Nothing was overwritten; move the file aside after looking at it.")
