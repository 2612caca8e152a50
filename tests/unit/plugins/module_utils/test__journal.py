# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal on a real file system: nothing good is ever lost, and whoever cannot write says so in one sentence."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _journal, _state_dir
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal import GENESIS, Journal, hash_of
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_at
from ansible_collections.lineops.runbook.tests.unit.helpers.child import in_a_child
from ansible_collections.lineops.runbook.tests.unit.helpers.killed import Work, killed_at

HOST = "line3-hmi1"
NAME = "journal.jsonl"
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state directory that is not there yet."""
    return tmp_path / "lib" / "lineops"


def fails(call: t.Callable[[], t.Any], code: str) -> str:
    """The sentence of a failure, after a look that it is fit for an operator."""
    with pytest.raises(LineopsError) as caught:
        call()
    assert caught.value.code == code
    assert caught.value.message.endswith(".") and "\n" not in caught.value.message
    return caught.value.message


def files_of(folder: Path) -> list[Path]:
    """The files of a journal, oldest first; not its lock."""
    return sorted(path for path in folder.iterdir() if path.suffix == ".jsonl")


def assert_chain(entries: t.Sequence[dict[str, t.Any]]) -> None:
    """Each line carries the hash of the one before, and its own over all the rest."""
    assert [entry["prev"] for entry in entries] == [GENESIS, *(entry["hash"] for entry in entries)][: len(entries)]
    assert [entry["hash"] for entry in entries] == [hash_of(entry) for entry in entries]


# --- what is written -------------------------------------------------------------------------------------------------


def test_lines_are_whole_objects_in_a_chain(folder: Path) -> None:
    journal = Journal(str(folder))
    first = journal.append([{"incident": "i-1", "host": HOST, "event": "begin"}])
    both = journal.append([{"event": "done", "message": "Ü{{ x }}\n\u2028"}, {"event": "close", "latency_s": 0.5}])
    lines = (folder / NAME).read_bytes().split(b"\n")
    assert lines.pop() == b"" and [json.loads(line) for line in lines] == first + both == journal.read()
    assert_chain(journal.read())
    assert all(set(entry) == {"v", "ts", "prev", "hash", *_journal.FIELDS} for entry in journal.read())
    assert all(entry["v"] == 1 and UTC.fullmatch(entry["ts"]) for entry in journal.read())


def test_format_is_the_one_that_other_programs_read(folder: Path) -> None:
    """DESIGN §8; said here once more in full, since a released journal must stay readable."""
    Journal(str(folder)).append([{"incident": "i-1", "undo": {"b": 1, "a": "ä"}}])
    line = json.loads((folder / NAME).read_text(encoding="utf-8"))
    assert list(line) == [
        "v", "ts", "at", "incident", "run", "runner", "host", "line", "playbook", "phase", "event", "finding", "severity",
        "action", "plc", "target", "original", "reached", "undo", "latency_s", "message", "details", "prev", "hash",
    ]  # fmt: skip
    assert line["prev"] == "0000000000000000000000000000000000000000000000000000000000000000"
    content = json.dumps(
        {name: line[name] for name in sorted(line) if name != "hash"}, sort_keys=True, ensure_ascii=False
    )
    assert line["hash"] == hashlib.sha256(content.encode("utf-8")).hexdigest()


@pytest.mark.parametrize(
    ("text", "read_back"),
    [
        ("{{ 1/0 }} {% raw %} <script>alert(1)</script>", None),
        ("Ü\n\u2028\x00", None),
        ("a lone \ud800 surrogate", "a lone ? surrogate"),
        ({1: "a", 10: "b", 9: "c"}, {"1": "a", "10": "b", "9": "c"}),
        ((1, 2), [1, 2]),
        (1e22, None),
        ({"b": {"d": [None, True, 0.1], "c": ""}}, None),
    ],
)
def test_what_is_written_is_what_was_meant_and_the_hash_stays_true(folder: Path, text: t.Any, read_back: t.Any) -> None:
    """Text of a plant stays literal; keys that are no text must not change the order the hash is made of."""
    journal = Journal(str(folder))
    written = journal.append([{"event": "x", "message": text, "details": {"said": text}}])
    assert journal.read() == written
    assert written[0]["message"] == (text if read_back is None else read_back)
    assert journal.verify() == {"ok": True, "checked": 1, "broken": None, "remarks": []}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, {(1, 2): 3}])
def test_value_that_no_line_can_hold_is_refused_and_nothing_is_written(folder: Path, value: t.Any) -> None:
    fails(lambda: Journal(str(folder)).append([{"event": "x"}, {"details": {"a": value}}]), "journal.value")
    assert not folder.exists()


def test_directory_and_file_are_not_for_everybody(folder: Path) -> None:
    Journal(str(folder)).append([{"event": "begin"}])
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / NAME).stat().st_mode & 0o777 == 0o640


def test_every_append_is_flushed_to_disk_before_it_returns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An undo that is not on disk before the act is no undo (DESIGN §3)."""
    flushed: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    Journal(str(folder)).append([])
    (folder / NAME).unlink()
    monkeypatch.setattr(_journal.os, "fsync", fsync)
    journal = Journal(str(folder), max_bytes=1100)
    journal.append([{"event": "begin"}])
    # The name of a new file is there before its first line: a run killed in between leaves no line without a name.
    assert flushed == [str(folder.resolve()), str((folder / NAME).resolve())]
    flushed.clear()
    journal.append([{"event": "done"}])
    assert flushed == [str((folder / NAME).resolve())]
    flushed.clear()
    journal.append([{"event": "close"}])
    assert len(files_of(folder)) == 2
    assert flushed == [str(folder.resolve())] * 2 + [str((folder / NAME).resolve())]


def test_directories_made_for_the_journal_are_flushed_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(_state_dir, "flush_directory", flushed.append)
    Journal(str(folder)).append([{"event": "begin"}])
    assert flushed == [str(folder.parents[1]), str(folder.parent)]


@pytest.mark.parametrize("entry", [{"evnet": "begin"}, {"event": "begin", "password": "x"}, {"hash": "x"}, {"ts": "x"}])
def test_unknown_field_is_refused_and_nothing_is_written(folder: Path, entry: dict[str, t.Any]) -> None:
    name = sorted(set(entry) - set(_journal.FIELDS))[0]
    assert (
        fails(lambda: Journal(str(folder)).append([{"event": "x"}, entry]), "journal.field")
        == f"The journal has no field {name}."
    )
    assert not folder.exists()


def test_nothing_there_is_an_empty_journal(folder: Path) -> None:
    assert Journal(str(folder)).read() == []
    assert not folder.exists()
    assert Journal(str(folder)).append([]) == []


def test_short_writes_of_the_system_are_continued(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(_journal.os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:7]))
    journal = Journal(str(folder))
    journal.append([{"event": "begin"}, {"event": "done"}])
    assert [entry["event"] for entry in journal.read()] == ["begin", "done"]


# --- a power cut, a full disk, a broken line -------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [b'{"v": 1, "event": "beg', b"\x00\x00\x00", b"\xff\xfe", b'{"v": 1}'])
def test_torn_last_line_is_moved_aside_and_good_ones_stay(folder: Path, torn: bytes) -> None:
    journal = Journal(str(folder))
    good = journal.append([{"event": "begin"}, {"event": "done"}])
    with (folder / NAME).open("ab") as stream:
        stream.write(torn)
    assert journal.read() == good
    last = journal.append([{"event": "close"}])
    assert journal.read() == good + last
    assert_chain(journal.read())
    (aside,) = folder.glob(f"{NAME}.torn-*")
    assert aside.read_bytes() == torn and ":" not in aside.name


def test_torn_first_line_leaves_an_empty_journal(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(b'{"v"')
    assert_chain(Journal(str(folder)).append([{"event": "begin"}]))
    assert len(list(folder.glob(f"{NAME}.torn-*"))) == 1


BROKEN = [b"{torn in the middle", b"", b"[]", b"5", b"null", b'{"event": "x"}', b'{"hash": 5}', b"\xff", b"[" * 5000]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_line_is_named_and_nothing_is_overwritten(folder: Path, broken: bytes) -> None:
    """Whoever edits a journal by hand must not lose it to the next run."""
    journal = Journal(str(folder))
    journal.append([{"event": "begin"}, {"event": "done"}])
    path = folder / NAME
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], broken, *lines[1:]]))
    before = path.read_bytes()
    sentence = f"Line 2 of the journal {path} is not readable."
    assert fails(journal.read, "journal.broken") == sentence
    assert journal.verify()["broken"] == {"file": str(path), "line": 2, "reason": "unreadable"}
    # The last line is good, so what happens from now on is not lost.
    journal.append([{"event": "x"}])
    assert path.read_bytes().startswith(before) and list(folder.glob("*.torn-*")) == []


@pytest.mark.parametrize("torn", [b"", b"and one without an end"])
@pytest.mark.parametrize("broken", [*BROKEN, None])
def test_nothing_is_appended_after_a_broken_line(folder: Path, broken: bytes | None, torn: bytes) -> None:
    """It could continue no chain; and moving it aside is for a person to decide."""
    journal = Journal(str(folder))
    journal.append([{"event": "begin"}, {"event": "done"}])
    path = folder / NAME
    last = path.read_bytes().split(b"\n")[1].replace(b"done", b"d0ne") if broken is None else broken
    path.write_bytes(path.read_bytes() + last + b"\n" + torn)
    before = path.read_bytes()
    what = "is broken: hash does not match" if broken is None else "is not readable"
    sentence = fails(lambda: journal.append([{"event": "x"}]), "journal.broken")
    assert sentence == f"Line 3 of the journal {path} {what}."
    assert path.read_bytes() == before and files_of(folder) == [path]


def test_full_disk_is_said_and_costs_no_good_line(folder: Path) -> None:
    """A limit of the file size stands for the full disk: the write ends in the middle of a line in the same way."""
    journal = Journal(str(folder))
    good = journal.append([{"event": "begin"}])
    size = (folder / NAME).stat().st_size

    def write_with_little_room() -> t.Any:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, size + 40))
        return journal.append([{"event": "done"}])

    code, sentence = in_a_child(write_with_little_room)
    assert code == "journal.unwritable"
    assert sentence == f"The journal {folder / NAME} cannot be written: File too large."
    assert (folder / NAME).stat().st_size == size + 40
    assert journal.read() == good
    assert journal.append([{"event": "done"}])[0]["prev"] == good[0]["hash"]
    assert_chain(journal.read())
    assert [len(path.read_bytes()) for path in folder.glob("*.torn-*")] == [40]


@pytest.fixture
def small_disk(tmp_path: Path) -> t.Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0750", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk; the limit of the file size is tested in its place")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_disk_that_is_really_full_costs_no_good_line_either(small_disk: Path) -> None:
    """It may fill up in the middle of a line, and again while the torn line is moved aside."""
    journal = Journal(str(small_disk / "lineops"))
    good = journal.append([{"event": "begin", "message": "x" * 3000} for dummy in range(10)])
    (small_disk / "other").write_bytes(b"x" * 20_000)
    for dummy in range(2):
        sentence = fails(lambda: journal.append([{"event": "done", "message": "y" * 60_000}]), "journal.unwritable")
        assert sentence == f"The journal {journal.path} cannot be written: No space left on device."
        assert journal.read() == good
    (small_disk / "other").unlink()
    last = journal.append([{"event": "done"}])
    assert journal.read() == good + last
    assert_chain(journal.read())


def test_no_room_to_move_the_torn_tail_aside_keeps_it(folder: Path) -> None:
    journal = Journal(str(folder))
    journal.append([{"event": "begin"}])
    with (folder / NAME).open("ab") as stream:
        stream.write(b"x" * 500)
    before = (folder / NAME).read_bytes()

    def move_with_little_room() -> t.Any:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        return journal.append([{"event": "done"}])

    assert in_a_child(move_with_little_room)[0] == "journal.unwritable"
    assert (folder / NAME).read_bytes() == before


def as_nobody(work: t.Callable[[], t.Any]) -> tuple[str, t.Any]:
    """Run work without the rights of root, which no permission would stop."""

    def run() -> t.Any:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        return work()

    return in_a_child(run)


def test_directory_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    journal = Journal(str(locked / "lineops"))
    code, sentence = as_nobody(lambda: journal.append([{"event": "begin"}]))
    assert (code, sentence.split(":")[0]) == (
        "state_dir.unwritable",
        f"The state directory {locked / 'lineops'} cannot be made",
    )


def test_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"")
    (tmp_path / NAME).chmod(0)
    assert as_nobody(Journal(str(tmp_path)).read)[0] == "journal.unreadable"


def test_directory_in_the_way_is_said(folder: Path) -> None:
    (folder / NAME).mkdir(parents=True)
    assert "cannot be read" in fails(Journal(str(folder)).read, "journal.unreadable")
    assert "cannot be written" in fails(lambda: Journal(str(folder)).append([{"event": "x"}]), "journal.unwritable")


# --- who may write there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["", "/", "/."])
def test_directory_that_is_a_link_is_refused(tmp_path: Path, slash: str) -> None:
    """Whoever can place a link could let us write elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lineops").symlink_to("elsewhere")
    journal = Journal(f"{tmp_path}/lineops{slash}")
    for call in (lambda: journal.append([{"event": "x"}]), journal.read, journal.verify):
        assert "is a link" in fails(call, "state_dir.unsafe")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o752])
def test_directory_that_everybody_may_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True)
    folder.chmod(mode)
    journal = Journal(str(folder))
    # Not read either: an undo that somebody put there would be carried out.
    for call in (lambda: journal.append([{"event": "x"}]), journal.read, journal.verify):
        assert "writable by everybody" in fails(call, "state_dir.unsafe")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"the last line of this file has no end"])
def test_journal_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (tmp_path / "target").write_bytes(content)
    (folder / NAME).symlink_to(tmp_path / "target")
    fails(lambda: Journal(str(folder)).append([{"event": "x"}]), "journal.unwritable")
    fails(Journal(str(folder)).read, "journal.unreadable")
    assert (tmp_path / "target").read_bytes() == content


# --- many at once ----------------------------------------------------------------------------------------------------


def write_many(state_dir: str, max_bytes: int, writer: int, count: int) -> None:
    journal = Journal(state_dir, max_bytes)
    for number in range(count):
        journal.append([{"run": f"w{writer}", "message": str(number)}, {"run": f"w{writer}", "message": f"{number}b"}])


def read_while(state_dir: str, writing: t.Any) -> None:
    """Read all the time: what was there once stays, and the chain is whole at any moment."""
    journal, seen, go_on = Journal(state_dir), 0, True
    while go_on:
        go_on = writing.is_set()
        entries = journal.read()
        assert_chain(entries)
        assert len(entries) >= seen
        seen = len(entries)
    assert seen


@pytest.mark.parametrize("max_bytes", [_journal.MAX_BYTES, 4096], ids=["one file", "rotated"])
def test_writers_of_many_processes_make_one_chain(folder: Path, max_bytes: int) -> None:
    """Two runners, or two forks of one: no line is lost or torn, pairs stay together, readers see all."""
    writers, count = 8, 12
    context = multiprocessing.get_context("fork")
    writing = context.Event()
    writing.set()
    reader = context.Process(target=read_while, args=(str(folder), writing))
    arguments = [(str(folder), max_bytes, writer, count) for writer in range(writers)]
    processes = [context.Process(target=write_many, args=each) for each in arguments]
    for process in (reader, *processes):
        process.start()
    for process in processes:
        process.join(120)
    writing.clear()
    reader.join(120)
    assert [process.exitcode for process in (reader, *processes)] == [0] * (writers + 1)
    entries = Journal(str(folder)).read()
    assert_chain(entries)
    assert Journal(str(folder)).verify()["checked"] == len(entries) == writers * count * 2
    for writer in range(writers):
        wanted = [text for number in range(count) for text in (str(number), f"{number}b")]
        assert [entry["message"] for entry in entries if entry["run"] == f"w{writer}"] == wanted
    assert all(one["run"] == two["run"] for one, two in zip(entries[::2], entries[1::2]))
    assert list(folder.glob("*.torn-*")) == []
    assert (len(files_of(folder)) > 10) == (max_bytes == 4096)
    assert all(path.stat().st_size <= max_bytes for path in files_of(folder))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_file_stays_open(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    journal = Journal(str(folder))
    for dummy in range(5):
        journal.append([{"event": "x"}])
        journal.read()
    assert len(os.listdir("/proc/self/fd")) == before


# --- runs that are killed --------------------------------------------------------------------------------------------

KILLS = 200
STEPS = 700


def append_from(folder: Path, first: int) -> Work:
    """Append numbered entries, and say so of each when it is done."""

    def work(acknowledge: t.Callable[[str], None]) -> None:
        journal = Journal(str(folder), max_bytes=2048)
        for number in range(first, first + 1000):
            journal.append([{"message": str(number)}])
            acknowledge(str(number))

    return work


def test_kill_at_any_moment_loses_nothing_that_was_acknowledged(folder: Path) -> None:
    """Each run is killed at a random step: of writing, flushing, rotating, moving a torn line aside."""
    dice = random.Random(20260101)
    acknowledged: list[str] = []
    for kill in range(KILLS):
        acknowledged += killed_at(dice.randrange(1, STEPS), append_from(folder, kill * 1000))
    journal = Journal(str(folder))
    journal.append([{"message": "end"}])
    messages = [entry["message"] for entry in journal.read()]
    assert len(set(messages)) == len(messages) and sorted(messages[:-1], key=int) == messages[:-1]
    assert set(acknowledged) <= set(messages)
    assert journal.verify() == {"ok": True, "checked": len(messages), "broken": None, "remarks": []}
    # All of it happened: entries in number, files in number, lines torn and moved aside.
    assert len(acknowledged) > KILLS and len(files_of(folder)) > 20 and list(folder.glob(f"{NAME}.torn-*"))


# --- rotation --------------------------------------------------------------------------------------------------------


def in_small_files(folder: Path, count: int = 15) -> Journal:
    """A journal of some files, with about four entries each."""
    journal = Journal(str(folder), max_bytes=2100)
    for number in range(count):
        journal.append([{"event": "x", "host": HOST, "message": f"{number:04d}"}])
    assert len(files_of(folder)) > 3
    return journal


def test_rotation_makes_new_files_of_one_chain(folder: Path) -> None:
    journal = in_small_files(folder)
    names = [path.name for path in files_of(folder)]
    assert names == [*(f"journal-{number:06d}.jsonl" for number in range(1, len(names))), NAME]
    assert [entry["message"] for entry in journal.read()] == [f"{number:04d}" for number in range(15)]
    assert_chain(journal.read())
    assert all(path.stat().st_size <= 2100 and path.stat().st_mode & 0o777 == 0o640 for path in files_of(folder))


def test_files_are_taken_by_number_and_strange_names_are_left_alone(folder: Path) -> None:
    journal = in_small_files(folder)
    for path, number in zip(files_of(folder)[:-1], ("0999999", "1000000", "10000000")):
        os.rename(path, folder / f"journal-{number}.jsonl")
    for name in ("journal-1.jsonl", "journal-x.jsonl", "journal-000001.jsonl.bak", "other.jsonl"):
        (folder / name).write_text("no entry\n", encoding="utf-8")
    assert [entry["message"] for entry in journal.read()] == [f"{number:04d}" for number in range(15)]
    found = journal.verify()
    assert found["ok"] and "begins with journal-0999999.jsonl" in found["remarks"][0]


def test_single_append_that_is_larger_than_a_file_stays_together(folder: Path) -> None:
    journal = Journal(str(folder), max_bytes=1024)
    journal.append([{"message": "x" * 700}] * 3)
    journal.append([{"event": "done"}])
    assert [len(path.read_bytes().splitlines()) for path in files_of(folder)] == [3, 1]
    assert journal.verify()["checked"] == 4


@pytest.mark.parametrize("left", [None, b"", b'{"v": 1, "to'])
def test_rotation_that_was_cut_off_loses_nothing(folder: Path, left: bytes | None) -> None:
    """Killed after the rename, after the new file was made, or in its first line."""
    journal = in_small_files(folder)
    newest = len(files_of(folder))
    os.rename(folder / NAME, folder / f"journal-{newest:06d}.jsonl")
    if left is not None:
        (folder / NAME).write_bytes(left)
    assert len(journal.read()) == 15 and journal.verify()["ok"]
    journal.append([{"message": "0015"}])
    assert [entry["message"] for entry in journal.read()] == [f"{number:04d}" for number in range(16)]
    assert_chain(journal.read())


def test_rotation_while_somebody_reads_hides_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest file becomes an older one between two looks of the reader."""
    journal = in_small_files(folder)
    real = os.listdir

    def listdir(path: str) -> list[str]:
        monkeypatch.setattr(_journal.os, "listdir", real)
        for dummy in range(2):
            os.rename(folder / NAME, folder / f"journal-{len(files_of(folder)):06d}.jsonl")
            journal.append([{"message": "later"}])
        return real(path)

    monkeypatch.setattr(_journal.os, "listdir", listdir)
    assert [entry["message"] for entry in journal.read()] == [f"{number:04d}" for number in range(15)]
    assert len(journal.read()) == 17


def test_append_reads_the_end_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of years must not make every entry slow. Also where the last line is longer than one look."""
    journal = Journal(str(folder))
    journal.append([{"message": "x" * 1000}] * 300)
    long = journal.append([{"message": "y" * 200_000}])
    with (folder / NAME).open("ab") as stream:
        stream.write(b"z" * 70_000)
    assert journal.append([{"event": "done"}])[0]["prev"] == long[0]["hash"]
    looked: list[int] = []
    real = os.fdopen

    class Counting:
        def __init__(self, stream: t.Any) -> None:
            self._stream = stream

        def __getattr__(self, name: str) -> t.Any:
            return getattr(self._stream, name)

        def __enter__(self) -> t.Any:
            return self

        def __exit__(self, *dummy: object) -> None:
            self._stream.close()

        def read(self, *size: int) -> bytes:
            looked.append(len(content := self._stream.read(*size)))
            return t.cast("bytes", content)

    monkeypatch.setattr(_journal.os, "fdopen", lambda *arguments: Counting(real(*arguments)))
    journal.append([{"event": "close"}])
    assert 0 < sum(looked) < 400_000 < (folder / NAME).stat().st_size


def test_limit_that_makes_no_sense_is_refused(folder: Path) -> None:
    sentence = fails(lambda: Journal(str(folder), max_bytes=0), "journal.max_bytes")
    assert sentence == "max_bytes is 0; expected 1024 or more."


# --- verify ----------------------------------------------------------------------------------------------------------


def rewritten(line: bytes, **changes: t.Any) -> bytes:
    """A line changed by somebody who knows how to make its hash."""
    entry = {**json.loads(line), **changes}
    return json.dumps({**entry, "hash": hash_of(entry)}, ensure_ascii=False).encode()


# What somebody does to the lines of one file -> number and reason of the line that shows it.
TAMPERED: dict[str, tuple[t.Callable[[list[bytes]], list[bytes]], int, str]] = {
    "changed": (lambda lines: [lines[0], lines[1].replace(b'"x"', b'"y"'), *lines[2:]], 2, "hash does not match"),
    "changed with its hash": (lambda lines: [rewritten(lines[0], event="y"), *lines[1:]], 2, "chain does not continue"),
    "removed": (lambda lines: [lines[0], *lines[2:]], 2, "chain does not continue"),
    "removed at the start": (lambda lines: lines[1:], 1, "chain does not continue"),
    "put in": (lambda lines: [lines[0], rewritten(lines[0]), *lines[1:]], 2, "chain does not continue"),
    "twice": (lambda lines: [lines[0], *lines], 2, "chain does not continue"),
    "exchanged": (lambda lines: [lines[1], lines[0], *lines[2:]], 1, "chain does not continue"),
    "emptied": (lambda lines: [lines[0], b"", *lines[1:]], 2, "unreadable"),
    "without hash": (lambda lines: [b"{}", *lines[1:]], 1, "unreadable"),
    "lone surrogate": (lambda lines: [lines[0].replace(b'"x"', b'"\\ud800"'), *lines[1:]], 1, "hash does not match"),
}


@pytest.mark.parametrize("file", [0, 1, -1])
@pytest.mark.parametrize("what", TAMPERED)
def test_first_broken_line_is_named_by_file_number_and_reason(folder: Path, what: str, file: int) -> None:
    journal = in_small_files(folder)
    path = files_of(folder)[file]
    before = sum(len(each.read_bytes().splitlines()) for each in files_of(folder)[: files_of(folder).index(path)])
    change, number, reason = TAMPERED[what]
    path.write_bytes(b"\n".join([*change(path.read_bytes().splitlines()), b""]))
    contents = [each.read_bytes() for each in files_of(folder)]
    broken = {"file": str(path), "line": number, "reason": reason}
    assert journal.verify() == {"ok": False, "checked": before + number - 1, "broken": broken, "remarks": []}
    assert [each.read_bytes() for each in files_of(folder)] == contents


def test_file_that_is_missing_in_the_middle_is_seen(folder: Path) -> None:
    journal = in_small_files(folder)
    files_of(folder)[1].unlink()
    assert journal.verify()["broken"] == {
        "file": str(folder / "journal-000003.jsonl"), "line": 1, "reason": "chain does not continue",
    }  # fmt: skip


def test_oldest_files_that_were_put_away_are_a_remark(folder: Path) -> None:
    """Whoever archives them does no harm; that the first ones are not here is said all the same."""
    journal = in_small_files(folder)
    files_of(folder)[0].unlink()
    found = journal.verify()
    assert found["ok"] and found["remarks"] == [
        "The journal begins with journal-000002.jsonl; the files before it are not here."
    ]


@pytest.mark.parametrize("cut", [1, 10])
def test_older_file_without_its_end_is_broken_not_torn(folder: Path, cut: int) -> None:
    """Only the newest file can be torn by a power cut; here somebody cut."""
    journal = in_small_files(folder)
    (folder / NAME).unlink()
    path = files_of(folder)[-1]
    path.write_bytes(path.read_bytes()[:-cut])
    if cut == 1:
        assert journal.verify()["ok"] and journal.append([{"event": "x"}])
        return
    assert journal.verify()["broken"]["file"] == str(path)
    assert str(path) in fails(lambda: journal.append([{"event": "x"}]), "journal.broken")


def test_torn_tail_is_no_broken_chain(folder: Path) -> None:
    journal = in_small_files(folder)
    with (folder / NAME).open("ab") as stream:
        stream.write(b'{"v": 1')
    assert journal.verify()["ok"] and journal.verify()["checked"] == 15


def test_nothing_to_verify_is_fine(folder: Path) -> None:
    assert Journal(str(folder)).verify() == {"ok": True, "checked": 0, "broken": None, "remarks": []}
    assert not folder.exists()


def test_clocks_that_differ_or_step_back_are_a_remark(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two controllers ten minutes apart write in turn to a state directory they share: order is that of the file."""
    journal = Journal(str(folder))
    ahead = 0.0
    for number in range(6):
        ahead = 600.0 * (number % 2)
        monkeypatch.setattr(_journal, "utc_now", lambda: utc_at(1_767_261_600 + number + ahead))  # noqa: B023
        journal.append([{"message": str(number)}])
    assert [entry["message"] for entry in journal.read()] == list("012345")
    assert journal.verify() == {"ok": True, "checked": 6, "broken": None, "remarks": [
        "A clock was set back or two differ: times run backwards at 2 lines, "
        "first from 2026-01-01T10:10:01.000Z to 2026-01-01T10:00:02.000Z."]}  # fmt: skip
