# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journals are read without losing a line; reports are there whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.module_utils._report_files import (
    names_in,
    read_journals,
    write_reports,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import chained, healed


def written(path: Path, lines: t.Iterable[t.Any]) -> str:
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return str(path)


ENTRIES = chained(healed().entries)


def test_journal_of_our_own_is_read_and_its_chain_holds(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "state"))
    journal.append(
        [{"incident": "i-1", "event": "opened", "message": "Ü{{ x }}\n\u2028"}, {"incident": "i-1", "event": "begin"}]
    )
    entries, broken = read_journals([journal.path], "unreadable")
    assert (entries, broken) == (journal.read(), [])


def test_lines_that_cannot_be_read_become_entries_with_their_place(tmp_path: Path) -> None:
    lines = [ENTRIES[0], b"}{ \xff", b"[1, 2]", ENTRIES[1], b"", b'{"torn": ']
    path = written(tmp_path / "j", lines)
    entries, broken = read_journals([path], "unreadable")
    assert [entry["event"] for entry in entries] == ["opened", "unreadable", "unreadable", "evidence", "unreadable"]
    assert [entry["details"]["line"] for entry in entries if entry["event"] == "unreadable"] == [2, 3, 6]
    assert entries[1]["message"] == "}{ \\xff"
    assert broken == []


@pytest.mark.parametrize(("spoil", "count", "line"), [
    (lambda lines: lines[3].update(severity="SEV-3"), 1, 4), (lambda lines: lines.pop(5), 1, 6),
    (lambda lines: lines.insert(2, dict(lines[7])), 2, 3), (lambda lines: [entry.update(hash="0") for entry in lines], 16, 1),
    (lambda lines: lines[4].pop("hash"), 1, 5), (lambda lines: lines[2].update(message="\ud800"), 1, 3),
])  # fmt: skip
def test_broken_chain_is_named_and_no_entry_is_lost(tmp_path: Path, spoil: t.Any, count: int, line: int) -> None:
    lines = [dict(entry) for entry in ENTRIES]
    spoil(lines)
    path = written(tmp_path / "j", lines)
    before = Path(path).read_bytes()
    entries, broken = read_journals([path], "unreadable")
    assert entries == lines
    assert broken == [{"path": path, "count": count, "line": line}]
    assert Path(path).read_bytes() == before


def test_entry_that_stands_in_two_journals_is_told_once(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a", ENTRIES[:9]), written(tmp_path / "b", ENTRIES[5:])
    assert read_journals([first, second], "unreadable") == (ENTRIES, [])


@pytest.mark.parametrize("name", ["absent", "."])
def test_journal_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(LineopsError) as caught:
        read_journals([str(tmp_path / name)], "unreadable")
    assert caught.value.code == "report.journal" and str(tmp_path) in caught.value.message


# --- reports ---------------------------------------------------------------------------------------------------------


def test_directory_and_files_are_made_for_their_owner_and_group(tmp_path: Path) -> None:
    dest = tmp_path / "www" / "incidents"
    assert write_reports(str(dest), {"a.html": b"1"}, False) == [str(dest / "a.html")]
    modes = [stat.S_IMODE(os.stat(path).st_mode) for path in (dest, dest / "a.html")]
    assert modes == [0o750, 0o640]
    assert names_in(str(dest)) == ["a.html"]  # nothing temporary is left


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    files = {"a.html": b"1", "a.json": b"{}"}
    write_reports(str(tmp_path), files, False)
    inode = os.stat(tmp_path / "a.html").st_ino
    assert write_reports(str(tmp_path), {**files, "a.json": b"[]"}, False) == [str(tmp_path / "a.json")]
    assert os.stat(tmp_path / "a.html").st_ino == inode
    assert (tmp_path / "a.json").read_bytes() == b"[]"


def test_check_mode_makes_neither_directory_nor_file(tmp_path: Path) -> None:
    assert write_reports(str(tmp_path / "new"), {"a.html": b"1"}, True) == [str(tmp_path / "new" / "a.html")]
    assert not (tmp_path / "new").exists()


def test_a_reader_never_sees_half_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full after the old report was there: it stays, and no temporary file does."""
    write_reports(str(tmp_path), {"a.html": b"old"}, False)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LineopsError) as caught:
        write_reports(str(tmp_path), {"a.html": b"new"}, False)
    assert caught.value.code == "report.unwritable" and "No space left on device." in caught.value.message
    assert (tmp_path / "a.html").read_bytes() == b"old" and os.listdir(tmp_path) == ["a.html"]


def test_a_link_in_the_place_of_a_report_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "a.html").symlink_to(victim)
    write_reports(str(tmp_path / "www"), {"a.html": b"report"}, False)
    assert victim.read_bytes() == b"precious" and not (tmp_path / "www" / "a.html").is_symlink()


def test_directory_that_is_a_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for dest in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LineopsError) as caught:
            write_reports(str(dest), {"a.html": b"1"}, False)
        assert caught.value.code == "report.unwritable" and str(dest) in caught.value.message
