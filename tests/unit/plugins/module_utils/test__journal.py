# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal on a real file system: nothing good is ever lost, and whoever cannot write says so in one sentence."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _journal
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal import GENESIS, Journal, hash_of, open_undos

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


def assert_chain(entries: t.Sequence[dict[str, t.Any]]) -> None:
    """Each line carries the hash of the one before, and its own over all the rest."""
    assert [entry["prev"] for entry in entries] == [GENESIS, *(entry["hash"] for entry in entries[:-1])]
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
        "v", "ts", "incident", "run", "runner", "host", "line", "playbook", "phase", "event", "finding", "severity",
        "action", "plc", "target", "original", "reached", "undo", "latency_s", "message", "details", "prev", "hash",
    ]  # fmt: skip
    assert line["prev"] == "0000000000000000000000000000000000000000000000000000000000000000"
    content = json.dumps(
        {name: line[name] for name in sorted(line) if name != "hash"}, sort_keys=True, ensure_ascii=False
    )
    assert line["hash"] == hashlib.sha256(content.encode("utf-8")).hexdigest()


def test_a_changed_line_shows_in_the_chain(folder: Path) -> None:
    journal = Journal(str(folder))
    journal.append([{"event": "begin"}, {"event": "done"}])
    path = folder / NAME
    path.write_text(path.read_text(encoding="utf-8").replace('"begin"', '"chain"'), encoding="utf-8")
    with pytest.raises(AssertionError):
        assert_chain(journal.read())


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

    monkeypatch.setattr(_journal.os, "fsync", fsync)
    Journal(str(folder)).append([{"event": "begin"}])
    assert flushed == [str((folder / NAME).resolve())]


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


@pytest.mark.parametrize(
    "broken", [b"{torn in the middle", b"", b"[]", b"5", b"null", b'{"event": "x"}', b'{"hash": 5}', b"\xff"]
)
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
    assert fails(lambda: journal.append([{"event": "x"}]), "journal.broken") == sentence
    assert path.read_bytes() == before and list(folder.glob("*.torn-*")) == []


def in_a_child(work: t.Callable[[], t.Any]) -> tuple[str, t.Any]:
    """Run work in a process of its own: ("ok", result) or (code, sentence) of a failure."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        try:
            sender.send(("ok", work()))
        except LineopsError as error:
            sender.send((error.code, error.message))

    process = context.Process(target=run)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join(60)


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
    assert "is a link" in fails(
        lambda: Journal(f"{tmp_path}/lineops{slash}").append([{"event": "x"}]), "state_dir.unsafe"
    )
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o752])
def test_directory_that_everybody_may_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True)
    folder.chmod(mode)
    assert "writable by everybody" in fails(lambda: Journal(str(folder)).append([{"event": "x"}]), "state_dir.unsafe")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"the last line of this file has no end"])
def test_journal_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (tmp_path / "target").write_bytes(content)
    (folder / NAME).symlink_to(tmp_path / "target")
    fails(lambda: Journal(str(folder)).append([{"event": "x"}]), "journal.unwritable")
    assert (tmp_path / "target").read_bytes() == content


# --- many at once ----------------------------------------------------------------------------------------------------


def write_many(state_dir: str, writer: int, count: int) -> None:
    journal = Journal(state_dir)
    for number in range(count):
        journal.append([{"run": f"w{writer}", "message": str(number)}, {"run": f"w{writer}", "message": f"{number}b"}])


def test_writers_of_many_processes_make_one_chain(folder: Path) -> None:
    """Two runners, or two forks of one: no line is lost, torn or written twice, and pairs stay together."""
    writers, count = 6, 15
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=write_many, args=(str(folder), writer, count)) for writer in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * writers
    entries = Journal(str(folder)).read()
    assert_chain(entries)
    for writer in range(writers):
        wanted = [text for number in range(count) for text in (str(number), f"{number}b")]
        assert [entry["message"] for entry in entries if entry["run"] == f"w{writer}"] == wanted
    assert all(one["run"] == two["run"] for one, two in zip(entries[::2], entries[1::2]))
    assert list(folder.glob("*.torn-*")) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_file_stays_open(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    journal = Journal(str(folder))
    for dummy in range(5):
        journal.append([{"event": "x"}])
        journal.read()
    assert len(os.listdir("/proc/self/fd")) == before


# --- what is still to be undone --------------------------------------------------------------------------------------

UNDO = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}


ROUTE = {"do": "remove_controller_route", "must": True, "plc": "plc_001"}
# Action -> the undo of its entries; an entry that settles carries the same undo as the one that began.
UNDOS = {
    "write_test": UNDO, "namespaces": UNDO, "write_rest": UNDO, "controller_route": ROUTE, "remove_controller_route": ROUTE,
    "connect": {"do": "disconnect", "must": False},
}  # fmt: skip


def line(event: str, action: str = "write_test", plc: str = "plc_001", host: str = HOST, **more: t.Any) -> dict[str, t.Any]:
    undo = {**UNDOS[action], "plc": plc} if action in UNDOS else None
    return {"host": host, "event": event, "action": action, "plc": plc, "undo": undo, "ts": "T", "incident": "i-1", **more}


BEGUN = line("begin")
ADDED = line("begin", "controller_route")
OTHER = {**UNDO, "variable": "GVL.bOpsTest"}


@pytest.mark.parametrize(
    ("entries", "open_on"),
    [
        ([], []),
        ([BEGUN], ["plc_001"]),
        ([BEGUN, line("done")], []),
        ([BEGUN, line("undone", "write_rest")], []),
        ([BEGUN, line("failed")], ["plc_001"]),
        ([BEGUN, line("done", "connect")], ["plc_001"]),
        ([BEGUN, line("done", plc="plc_002")], ["plc_001"]),
        ([BEGUN, line("done", host="line3-hmi2")], ["plc_001"]),
        ([BEGUN, line("done"), BEGUN], ["plc_001"]),
        ([line("done"), BEGUN], ["plc_001"]),
        ([BEGUN, BEGUN, line("done")], []),
        ([BEGUN, line("begin", plc="plc_002")], ["plc_002", "plc_001"]),
        ([BEGUN, line("done", "namespaces")], []),
        ([BEGUN, line("done", "reboot", undo=UNDO)], ["plc_001"]),
        ([BEGUN, line("done", undo=None)], ["plc_001"]),
        ([BEGUN, line("done", undo=OTHER)], ["plc_001"]),
        ([BEGUN, line("done", undo={**UNDO, "value": True})], ["plc_001"]),
        ([BEGUN, line("begin", undo=OTHER), line("done")], ["plc_001"]),
        ([BEGUN, line("begin", undo=OTHER), line("done"), line("done", undo=OTHER)], []),
        ([ADDED], ["plc_001"]),
        ([ADDED, line("done", "controller_route")], ["plc_001"]),
        ([ADDED, line("done")], ["plc_001"]),
        ([ADDED, line("undone", "remove_controller_route")], []),
        ([ADDED, line("undone", "remove_controller_route", plc="plc_002")], ["plc_001"]),
        ([ADDED, BEGUN, line("undone", "write_rest")], ["plc_001"]),
        ([line("begin", host="line3-hmi2")], []),
        ([line("begin", undo={**UNDO, "must": False})], []),
        ([line("begin", undo={"do": "reboot", "must": True})], []),
        ([line("begin", "disconnect", undo={"do": "connect", "must": False})], []),
        ([{}, {"host": HOST}, {"host": HOST, "event": "begin", "undo": None}], []),
    ],
)
def test_what_an_interrupted_run_left(entries: list[dict[str, t.Any]], open_on: list[str]) -> None:
    assert [undo["plc"] for undo in open_undos(entries, HOST)] == open_on


def test_open_undo_says_all_that_is_needed_to_do_it() -> None:
    assert open_undos([BEGUN], HOST) == [{**UNDO, "incident": "i-1", "begun_at": "T", "action": "write_test"}]


def test_a_later_begin_of_the_same_replaces_an_earlier_one() -> None:
    (undo,) = open_undos([BEGUN, line("begin", ts="T2")], HOST)
    assert undo["begun_at"] == "T2"


def test_rest_values_that_differ_are_both_open_and_the_newest_comes_first() -> None:
    """The inventory may have changed meanwhile; neither entry settles the other."""
    newer = line("begin", ts="T2", undo={**UNDO, "value": True})
    assert [(undo["value"], undo["begun_at"]) for undo in open_undos([BEGUN, newer], HOST)] == [(True, "T2"), (False, "T")]


def test_undos_survive_the_way_through_the_file(folder: Path) -> None:
    journal = Journal(str(folder))
    journal.append([{name: BEGUN[name] for name in ("host", "event", "action", "plc", "undo", "incident")}])
    (undo,) = open_undos(journal.read(), HOST)
    assert {name: undo[name] for name in UNDO} == UNDO
