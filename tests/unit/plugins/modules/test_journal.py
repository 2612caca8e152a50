# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module journal: appends with what entries share, lists open undos, and writes nothing in check mode."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _journal
from ansible_collections.lineops.runbook.plugins.module_utils._clock import seconds_of
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


def test_what_happened_before_is_dated_by_the_clock_of_the_journal(tmp_path: Path) -> None:
    """The controller's clock may be wrong by minutes; how long ago it was it knows all the same."""
    made(tmp_path, entries=[{"event": "opened", "ago_s": 90.0}, {"event": "begin"}])
    opened, begin = Journal(str(tmp_path)).read()
    assert 89 < seconds_of(opened["ts"]) - seconds_of(opened["at"]) < 91 and begin["at"] is None


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


def test_reading_a_host_tells_what_is_open_there_however_old_it_is(tmp_path: Path) -> None:
    made(tmp_path, common={"host": HOST}, entries=[BEGIN])
    result = made(tmp_path, state="read", host=HOST, since="2099-01-01")
    assert (result["entries"], [undo["variable"] for undo in result["open_undos"]]) == ([], ["MAIN.bOpsTest"])
    assert "open_undos" not in made(tmp_path, state="read")


def test_incident_is_read_back_with_what_was_just_written(tmp_path: Path) -> None:
    made(tmp_path, common={"host": HOST, "incident": "i-1"}, entries=[BEGIN])
    made(tmp_path, common={"host": "line3-hmi2", "incident": "i-1"}, entries=[BEGIN])
    made(tmp_path, common={"host": HOST, "incident": "i-2"}, entries=[BEGIN])
    common = {"host": HOST, "incident": "i-1"}
    result = made(tmp_path, common=common, entries=[{"event": "healed"}], read_back=True)
    assert [entry["event"] for entry in result["entries"]] == ["begin", "healed"] and result["written"] == 1


@pytest.mark.parametrize("state", ["appended", "open_undos"])
def test_broken_journal_is_a_failure_with_code_and_hint(tmp_path: Path, state: str) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"broken\n")
    result = made(tmp_path, state=state, host=HOST, entries=[BEGIN])
    assert result["failed"] and result["failure"]["code"] == "journal.broken"
    assert result["msg"].endswith("Nothing was overwritten; move the file aside after looking at it.")


@pytest.mark.parametrize("state", ["read", "verified"])
def test_broken_journal_is_named_when_it_is_read_or_verified(tmp_path: Path, state: str) -> None:
    made(tmp_path, entries=[BEGIN])
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes() + b"broken\n")
    before = path.read_bytes()
    result = made(tmp_path, state=state)
    if state == "read":
        assert result["failure"]["message"] == f"Line 2 of the journal {path} is not readable."
    else:
        broken = {"file": str(path), "line": 2, "reason": "unreadable"}
        assert result == {"changed": False, "ok": False, "checked": 1, "broken": broken, "remarks": []}
    assert path.read_bytes() == before


TWO = [
    {"incident": "i-1", "host": "h1", "event": "finding", "finding": "plc.off", "message": "{{ 1/0 }}"},
    {"incident": "i-2", "host": "h2", "event": "healed", "finding": "plc.off", "message": "<script>"},
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["i-1", "i-2"]),
        ({"incident": "i-2"}, ["i-2"]),
        ({"finding": "plc.off", "host": "h1"}, ["i-1"]),
        ({"event": "healed", "incident": "i-1"}, []),
        ({"since": "2020-01-01", "until": "2099-12-31T23:59:59+02:00"}, ["i-1", "i-2"]),
        ({"since": "2099-01-01T00:00:00Z"}, []),
        ({"until": "2020-01-01 00:00"}, []),
        ({"incident": "{{ 1/0 }}"}, []),
    ],
)
def test_entries_are_read_as_they_were_written_over_all_files(
    tmp_path: Path, asked: dict[str, t.Any], found: list[str]
) -> None:
    for dummy in range(2):
        made(tmp_path, entries=[{**entry, "details": {"long": "x" * 500}} for entry in TWO], max_bytes=1024)
    assert (tmp_path / "journal-000001.jsonl").exists()
    entries = made(tmp_path, check_mode=True, state="read", **asked)["entries"]
    assert [entry["incident"] for entry in entries] == found * 2
    assert {entry["message"] for entry in entries} <= {"{{ 1/0 }}", "<script>"}


def test_time_of_another_zone_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_journal, "utc_now", lambda: "2026-01-01T10:00:00.000Z")
    made(tmp_path, entries=[BEGIN])
    assert len(made(tmp_path, state="read", since="2026-01-01T12:00:00+02:00")["entries"]) == 1
    assert len(made(tmp_path, state="read", since="2026-01-01T12:00:01+02:00")["entries"]) == 0
    assert len(made(tmp_path, state="read", until="2026-01-01T10:00:00Z")["entries"]) == 0


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_time_that_is_none_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    result = made(tmp_path, state="read", since=text)
    assert result["failure"]["code"] == "journal.time"
    assert result["failure"]["message"] == f"since is '{text}'; expected a time such as 2026-01-01T02:03:04Z."


def test_limit_of_a_file_is_an_option(tmp_path: Path) -> None:
    assert made(tmp_path, entries=[BEGIN], max_bytes=10)["failure"]["code"] == "journal.max_bytes"
