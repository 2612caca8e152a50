# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module lease, and the journal that renews one: what they return, and that check mode takes nothing."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.modules import journal, lease
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

HOST = "line3-hmi1"
ANNA = {"controller": "boot-1:100", "pid": 4711, "started": 99, "node": "ops1"}
BERT = {**ANNA, "controller": "boot-1:200"}
KEYS = {
    "changed", "host", "held", "lease_id", "incident", "holder", "until", "expired", "taken_over", "busy", "released",
    "message",
}  # fmt: skip


def made(folder: Path, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    given = {"state_dir": str(folder), "host": HOST, "owner": ANNA, **options}
    result = outcome_of(lease, params_of(lease, **given), check_mode)
    assert result.get("failed") or set(result) - {"failure", "history"} == KEYS and not result["changed"]
    return result


def written(folder: Path, check_mode: bool = False, **of_lease: t.Any) -> dict[str, t.Any]:
    """What comes of an entry that is written with a lease."""
    options = {"state_dir": str(folder), "entries": [{"event": "begin"}], "lease": {"host": HOST, **of_lease}}
    return outcome_of(journal, params_of(journal, **options), check_mode)


def test_lease_is_held_refused_looked_at_and_given_back(tmp_path: Path) -> None:
    mine = made(tmp_path, incident="i-1", line="line3", purpose="Playbook B", runner="shell-anna")
    assert mine["held"] and mine["holder"]["line"] == "line3" and mine["holder"]["owner"] == ANNA
    refused = made(tmp_path, owner=BERT)
    assert (refused["held"], refused["failure"]["code"]) == (False, "lease.busy")
    assert refused["busy"]["runner"] == "shell-anna"
    assert made(tmp_path, state="looked")["held"] and not made(tmp_path, state="looked", owner=BERT)["held"]
    assert not made(tmp_path, state="released", owner=BERT)["released"]
    assert made(tmp_path, state="released", owner=None, lease_id=mine["lease_id"])["released"]
    assert made(tmp_path, owner=BERT)["held"]


@pytest.mark.parametrize("state", ["held", "released", "looked"])
def test_check_mode_says_who_holds_it_and_changes_nothing(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "lineops"
    assert made(folder, check_mode=True, state=state)["holder"] is None and not folder.exists()
    mine = made(folder, runner="shell-anna")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    result = made(folder, check_mode=True, state=state, owner=BERT)
    assert (result["held"], result["busy"]["runner"]) == (False, "shell-anna") and "failure" not in result
    assert made(folder, check_mode=True, state=state, owner=BERT, holder_gone=mine["lease_id"])["busy"] is None
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    result = outcome_of(lease, params_of(lease, state_dir=str(tmp_path), host="../etc"))
    assert result["failed"] and result["failure"]["code"] == "lease.host" and list(tmp_path.iterdir()) == []


def test_entry_is_written_with_a_lease_that_is_renewed(tmp_path: Path) -> None:
    mine = made(tmp_path)
    result = written(tmp_path, lease_id=mine["lease_id"], deadline_s=600)
    assert result["written"] == 1 and result["lease_until"] == made(tmp_path, state="looked")["until"] > mine["until"]


@pytest.mark.parametrize("lost", ["given back", "another's", "never held"])
def test_nothing_is_written_when_the_lease_was_lost(tmp_path: Path, lost: str) -> None:
    """Somebody else may work on the host by now: the act that this entry announces must not follow."""
    mine = made(tmp_path)
    if lost != "never held":
        made(tmp_path, state="released")
    if lost == "another's":
        made(tmp_path, owner=BERT, runner="shell-bert")
    result = written(tmp_path, lease_id="" if lost == "never held" else mine["lease_id"])
    assert result["failed"] and result["failure"]["code"] == "lease.lost"
    assert ("shell-bert" in result["failure"]["message"]) == (lost == "another's")
    assert Journal(str(tmp_path)).read() == []
    holder = made(tmp_path, state="looked")["holder"]
    assert (holder is None) == (lost == "given back")


def test_journal_is_read_with_the_lease(tmp_path: Path) -> None:
    """Whoever takes a host knows what was done and left there; whoever does not get it has nothing to know."""
    undo = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}
    Journal(str(tmp_path)).append([{"host": HOST, "event": "begin", "undo": undo}, {"host": "other", "event": "begin"}])
    history = made(tmp_path, journal_since="2020-01-01T00:00:00Z")["history"]
    assert [entry["host"] for entry in history["entries"]] == [HOST]
    assert [open_undo["variable"] for open_undo in history["open_undos"]] == ["MAIN.bOpsTest"]
    assert made(tmp_path, journal_since="2999-01-01")["history"]["entries"] == []
    assert "history" not in made(tmp_path) and "history" not in made(tmp_path, owner=BERT, journal_since="2020-01-01")
    assert "history" not in made(tmp_path, state="looked", journal_since="2020-01-01")


def test_journal_that_cannot_be_read_keeps_nobody_from_the_lease(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("no entry\n", encoding="utf-8")
    mine = made(tmp_path, journal_since="2020-01-01")
    assert mine["held"] and mine["history"]["failure"]["code"] == "journal.broken"
    assert made(tmp_path, journal_since="soon")["history"]["failure"]["code"] == "journal.time"


def test_journal_is_read_where_no_lease_can_be_written(tmp_path: Path) -> None:
    """On a full disk it still says what was left to be undone."""
    Journal(str(tmp_path)).append([{"host": HOST, "event": "begin"}])
    (tmp_path / "leases").write_text("", encoding="utf-8")
    result = made(tmp_path, journal_since="2020-01-01")
    assert result["failed"] and len(result["history"]["entries"]) == 1


def test_last_entry_gives_the_lease_back(tmp_path: Path) -> None:
    mine = made(tmp_path)
    result = written(tmp_path, lease_id=mine["lease_id"], give_back=True)
    assert result == {"changed": False, "written": 1, "given_back": True}
    assert made(tmp_path, state="looked")["holder"] is None


def test_last_entry_is_written_whoever_holds_the_lease_by_now(tmp_path: Path) -> None:
    mine = made(tmp_path)
    made(tmp_path, state="released")
    made(tmp_path, owner=BERT, runner="shell-bert")
    result = written(tmp_path, lease_id=mine["lease_id"], give_back=True)
    assert (result["written"], result["given_back"]) == (1, False)
    assert made(tmp_path, state="looked")["holder"]["runner"] == "shell-bert"


def test_check_mode_renews_nothing(tmp_path: Path) -> None:
    assert written(tmp_path / "s", check_mode=True, lease_id="none") == {"changed": False, "written": 0}
    assert not (tmp_path / "s").exists()
