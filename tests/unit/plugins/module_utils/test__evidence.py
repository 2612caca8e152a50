# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence archives on a real file system: whole or not there, as written or told, only our own ever removed."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import tarfile
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _evidence
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._evidence import Evidence, packed
from ansible_collections.lineops.runbook.plugins.module_utils._evidence_parts import Part
from ansible_collections.lineops.runbook.tests.unit.helpers.child import in_a_child

INCIDENT, HOST = "line3-20261123T101324-line3-hmi1", "line3-hmi1"
NAME = f"{INCIDENT}-{HOST}.tar.gz"
AT = "2026-11-23T10:13:20.000Z"
PARTS = (Part("b.txt", "two\n", "file /b", AT), Part("a.json", {"n": 1, "a": [2]}, "observed", AT, True))
KEEP = {"keep_days": 90, "keep_count": 50, "keep_incidents": ()}
RULES: dict[str, t.Any] = {"max_bytes": 1 << 20, "again": False, **KEEP}
DAY_S = 86400


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "lineops"


def evidence(state: Path, incident: str = INCIDENT, host: str = HOST) -> Evidence:
    return Evidence(str(state), incident, host)


def write(state: Path, *names: str, parts: t.Sequence[Part] = PARTS, **rules: t.Any) -> dict[str, t.Any]:
    return evidence(state, *names).write(parts, [{"name": "z", "reason": "why"}], **{**RULES, **rules})


def fails(work: t.Callable[[], t.Any], code: str) -> LineopsError:
    with pytest.raises(LineopsError) as caught:
        work()
    assert caught.value.code == code and "\n" not in caught.value.message
    return caught.value


def content_of(path: str | Path) -> dict[str, bytes]:
    """The files of an archive, read without our code."""
    with tarfile.open(path, "r:gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def names(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "evidence").iterdir())


# --- writing ---------------------------------------------------------------------------------------------------------


def test_archive_holds_parts_and_a_manifest_that_tells_them(state: Path) -> None:
    result = write(state)
    path = state / "evidence" / NAME
    files = content_of(path)
    assert list(files) == ["MANIFEST.json", "a.json", "b.txt"]
    assert json.loads(files["a.json"]) == {"n": 1, "a": [2]} and files["b.txt"] == b"two\n"
    manifest = json.loads(files["MANIFEST.json"])
    assert (manifest["incident"], manifest["host"], manifest["tool"]) == (INCIDENT, HOST, _evidence.TOOL)
    assert manifest["files"][0] == {
        "name": "a.json",
        "sha256": hashlib.sha256(files["a.json"]).hexdigest(),
        "bytes": len(files["a.json"]),
        "source": "observed",
        "observed_at": AT,
        "cut": True,
    }
    assert manifest["not_collected"] == result["not_collected"] == [{"name": "z", "reason": "why"}]
    whole = path.read_bytes()
    assert (result["archive"], result["written"], result["made_at"]) == (str(path), True, manifest["made_at"])
    assert (result["sha256"], result["bytes"]) == (hashlib.sha256(whole).hexdigest(), len(whole))
    assert [entry["name"] for entry in result["files"]] == ["a.json", "b.txt"]


def test_modes_and_times(state: Path) -> None:
    write(state)
    assert (state / "evidence" / NAME).stat().st_mode & 0o777 == 0o640
    assert state.stat().st_mode & 0o777 == (state / "evidence").stat().st_mode & 0o777 == 0o750
    with tarfile.open(state / "evidence" / NAME) as archive:
        members = archive.getmembers()
    assert {member.mtime for member in members[1:]} == {1795428800}
    assert {(member.mode, member.uid, member.gid, member.uname) for member in members} == {(0o640, 0, 0, "")}


def test_same_evidence_gives_the_same_bytes(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_evidence, "utc_now", lambda: AT)
    first, second = (write(state / name, parts=parts) for name, parts in (("1", PARTS), ("2", PARTS[::-1])))
    assert first["sha256"] == second["sha256"]
    # Where gzip notes the time of packing.
    assert Path(first["archive"]).read_bytes()[4:8] == bytes(4)


@pytest.mark.parametrize(
    "at",
    ["", "soon", "1900-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-23T10:13:20.1234567Z", "2026-99-01"],
)
def test_time_of_any_shape_can_be_packed(at: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed([("x", b"1", at)]))) as archive:
        assert 0 <= archive.getmembers()[0].mtime < 8**11


def test_second_call_returns_the_first_archive_unchanged(state: Path) -> None:
    first = write(state)
    before = (state / "evidence" / NAME).stat()
    second = write(state, parts=[Part("other.json", 1, "x", AT)])
    assert second == {**first, "written": False}
    assert (state / "evidence" / NAME).stat().st_mtime_ns == before.st_mtime_ns and len(names(state)) == 1
    of_the_call = ("written", "pruned", "not_pruned")
    assert evidence(state).first() == {name: first[name] for name in first if name not in of_the_call}


def test_again_adds_numbered_ones_and_the_first_stays_the_first(state: Path) -> None:
    first = write(state)
    later = [write(state, again=True)["archive"] for dummy in range(2)]
    assert later == [evidence(state).path(2), evidence(state).path(3)]
    assert names(state) == sorted([NAME, f"{INCIDENT}-{HOST}+2.tar.gz", f"{INCIDENT}-{HOST}+3.tar.gz"])
    assert write(state)["archive"] == first["archive"]


def test_hosts_and_incidents_do_not_mix(state: Path) -> None:
    """One state directory serves many hosts, and i-1 of h-2 has the same file name as i-1-h of 2."""
    write(state)
    assert write(state, INCIDENT, "line3-hmi2")["written"] and write(state, "i", HOST)["written"]
    write(state, "i-1", "h-2")
    error = fails(lambda: write(state, "i-1-h", "2"), "evidence.unreadable")
    assert "of another incident or host" in error.message


@pytest.mark.parametrize(("incident", "host"), [("../i", "h"), ("i", "a/b"), ("", "h"), ("i", "{{ 1/0 }}"), ("i", ".")])
def test_names_cannot_lead_elsewhere(state: Path, incident: str, host: str) -> None:
    fails(lambda: evidence(state, incident, host), "evidence.name")
    assert not state.exists()


def test_large_parts_are_cut_and_the_archive_says_so(state: Path) -> None:
    parts = [Part("log.txt", "".join(f"{os.urandom(20).hex()}\n" for dummy in range(20_000)), "x", AT), PARTS[0]]
    result = write(state, parts=parts, max_bytes=65536)
    assert result["bytes"] <= 65536
    assert [(entry["name"], entry["cut"]) for entry in result["files"]] == [("b.txt", False), ("log.txt", True)]
    assert content_of(result["archive"])["log.txt"].splitlines()[-1].decode() == str(parts[0].value).splitlines()[-1]


def test_part_that_cannot_be_cut_is_named(state: Path) -> None:
    many = {str(number): 1 for number in range(20_000)}
    result = write(state, parts=[Part("a.json", many, "x", AT)], max_bytes=65536)
    assert result["files"] == [] and [entry["name"] for entry in result["not_collected"]] == ["a.json", "z"]


# --- a full disk, no permission, a kill ------------------------------------------------------------------------------


NOISE = [Part("noise.txt", os.urandom(100_000).hex(), "x", AT)]


def test_full_disk_is_one_sentence_and_no_half_archive(state: Path) -> None:
    """A limit of the file size stands for the full disk: the write ends halfway in the same way."""
    write(state, "i-0", HOST)

    def write_with_little_room() -> t.Any:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        return write(state, parts=NOISE)

    path = state / "evidence" / NAME
    assert in_a_child(write_with_little_room) == (
        "evidence.unwritable", f"The evidence {path} cannot be written: File too large."
    )  # fmt: skip
    assert names(state) == [f"i-0-{HOST}.tar.gz"]
    assert write(state, parts=NOISE)["written"]


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


def test_disk_that_is_really_full(small_disk: Path) -> None:
    error = fails(lambda: write(small_disk / "lineops", parts=NOISE), "evidence.unwritable")
    assert "No space left on device" in error.message and names(small_disk / "lineops") == []
    assert write(small_disk / "lineops")["written"]


def as_nobody(work: t.Callable[[], t.Any]) -> tuple[str, t.Any]:
    """Run work without the rights of root, which no permission would stop."""

    def run() -> t.Any:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        return work()

    return in_a_child(run)


def test_directory_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Relative, since nobody may not enter the directories above.
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    for folder in ("locked", "open/evidence"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder).chmod(0o555)
    (tmp_path / "open/evidence.lock").touch()
    (tmp_path / "open/evidence.lock").chmod(0o666)
    assert as_nobody(lambda: write(Path("locked/lineops")))[0] == "state_dir.unwritable"
    assert as_nobody(lambda: write(Path("open"))) == (
        "evidence.unwritable", f"The evidence open/evidence/{NAME} cannot be written: Permission denied."
    )  # fmt: skip


@pytest.mark.parametrize("where", ["", "evidence"])
def test_directories_that_are_links_or_open_to_all_are_refused(tmp_path: Path, where: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "linked" / where
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "open" / where).mkdir(parents=True)
    (tmp_path / "open" / where).chmod(0o777)
    for name in ("linked", "open"):
        fails(lambda name=name: write(tmp_path / name), "state_dir.unsafe")  # type: ignore[misc]
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("target", ["archive", "temporary"])
def test_link_in_the_place_of_the_archive_is_not_followed(state: Path, tmp_path: Path, target: str) -> None:
    (state / "evidence").mkdir(parents=True, mode=0o750)
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    name = NAME + (".tmp" if target == "temporary" else "")
    (state / "evidence" / name).symlink_to(tmp_path / "precious")
    with pytest.raises(LineopsError, match="symbolic links"):
        write(state)
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "precious"


def test_killed_run_leaves_the_old_or_nothing_and_the_next_one_tidies_up(state: Path) -> None:
    context = multiprocessing.get_context("fork")
    parts = [Part("noise.txt", os.urandom(400_000).hex(), "x", AT)]

    def write_for_ever() -> None:
        for number in range(100_000):
            evidence(state, f"i-{number}", HOST).write(parts, [], **RULES)

    for dummy in range(8):
        process = context.Process(target=write_for_ever)
        process.start()
        known = len(names(state)) if (state / "evidence").exists() else 0
        wait_until(lambda: (state / "evidence").exists() and len(names(state)) > known)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join(60)
    for name in names(state):
        if not name.endswith(".tmp"):
            assert evidence(state, name.split(f"-{HOST}")[0], HOST).verify()["verified"]
    (state / "evidence" / f"i-1-{HOST}.tar.gz.tmp").write_bytes(b"half")
    write(state, "last", HOST)
    assert [name for name in names(state) if name.endswith(".tmp")] == []


def wait_until(holds: t.Callable[[], bool]) -> None:
    """Poll a condition; whoever waits for it in vain is told by the assertion."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_writers_at_once_make_one_archive_and_all_are_told_of_it(state: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(6) as pool:
        results = pool.starmap(write, [(state,)] * 12)
    assert [result["written"] for result in results].count(True) == 1
    assert len({result["sha256"] for result in results}) == 1 and names(state) == [NAME]


# --- verifying -------------------------------------------------------------------------------------------------------


def repacked(state: Path, **changes: bytes | None) -> Path:
    """The archive with some of its files replaced, added or (None) removed, as somebody with tar would."""
    path = state / "evidence" / NAME
    files = {name.replace(".", "_"): (name, content) for name, content in content_of(path).items()}
    for key, content in changes.items():
        name = files.get(key, (key, b""))[0]
        files[key] = (name, content)  # type: ignore[assignment]
    path.write_bytes(packed([(name, content, AT) for name, content in files.values() if content is not None]))
    return path


def test_archive_as_it_was_written(state: Path) -> None:
    result = write(state)
    verified = evidence(state).verify(sha256=result["sha256"].upper())
    assert verified["verified"] is True and verified["problems"] == [] and verified["files"] == result["files"]
    write(state, again=True)
    assert evidence(state).verify(2)["archive"].endswith("+2.tar.gz")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"b_txt": b"2wo\n"}, "b.txt was changed"),
        ({"b_txt": None}, "b.txt is missing"),
        ({"extra": b"x"}, "extra was added"),
        ({"a_json": None, "b_txt": b"", "extra": b""}, "b.txt was changed; a.json is missing; extra was added"),
    ],
)
def test_what_was_changed_is_named(state: Path, changes: dict[str, t.Any], problem: str) -> None:
    write(state)
    path = repacked(state, **changes)
    error = fails(lambda: evidence(state).verify(), "evidence.changed")
    assert error.message == f"The archive {path} is not as it was written: {problem}."
    assert error.details["result"]["verified"] is False and error.details["result"]["problems"] == problem.split("; ")


def test_archive_changed_together_with_its_manifest_differs_from_the_journal(state: Path) -> None:
    known = write(state)["sha256"]
    (state / "evidence" / NAME).unlink()
    write(state, parts=PARTS[:1])
    evidence(state).verify()
    assert f"not {known}" in fails(lambda: evidence(state).verify(sha256=known), "evidence.changed").message


def test_archive_that_is_not_there(state: Path) -> None:
    fails(lambda: evidence(state).verify(), "evidence.missing")
    write(state)
    fails(lambda: evidence(state).verify(2), "evidence.missing")


def bad_tar(kind: bytes, size: int = 0) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("MANIFEST.json")
        member.type, member.linkname, member.size = kind, "/etc/passwd", size
        archive.addfile(member, io.BytesIO(bytes(size)))
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no archive", packed([]), packed([("x", b"1", AT)]), packed([("MANIFEST.json", b"{", AT)]),
        packed([("MANIFEST.json", b"[]", AT)]), packed([("MANIFEST.json", b"{}", AT)]),
        packed([("MANIFEST.json", b'{"files": 5}', AT)]), packed([("MANIFEST.json", b'{"files": [5]}', AT)]),
        packed([("MANIFEST.json", b"{}", AT)] * 2), packed([("MANIFEST.json", b"{}", AT)])[:-30],
        bad_tar(tarfile.SYMTYPE), bad_tar(tarfile.LNKTYPE), bad_tar(tarfile.FIFOTYPE), bad_tar(tarfile.DIRTYPE),
    ],
)  # fmt: skip
def test_archive_that_cannot_be_read_is_said_and_kept(state: Path, content: bytes) -> None:
    (state / "evidence").mkdir(parents=True, mode=0o750)
    path = state / "evidence" / NAME
    path.write_bytes(content)
    for work in (lambda: evidence(state).verify(), lambda: write(state)):
        assert "cannot be read" in fails(work, "evidence.unreadable").message
    assert path.read_bytes() == content
    assert write(state, again=True)["archive"] == evidence(state).path(2)


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_any_flipped_byte_is_seen(state: Path, place: int) -> None:
    known = write(state)["sha256"]
    path = state / "evidence" / NAME
    content = bytearray(path.read_bytes())
    content[len(content) * place // 100] ^= 0x41
    path.write_bytes(content)
    with pytest.raises(LineopsError):
        evidence(state).verify(sha256=known)


# --- pruning ---------------------------------------------------------------------------------------------------------


def aged(state: Path, name: str, days: float) -> None:
    moment = time.time() - days * DAY_S
    os.utime(state / "evidence" / name, (moment, moment))


def test_old_archives_go_and_those_of_open_incidents_stay(state: Path) -> None:
    for number, days in enumerate([100, 91, 89, 100, 200]):
        write(state, f"i-{number}", HOST)
    for number, days in enumerate([100, 91, 89, 100, 200]):
        aged(state, f"i-{number}-{HOST}.tar.gz", days)
    result = write(state, keep_incidents=["i-3"])
    assert result["pruned"] == [evidence(state, f"i-{number}", HOST).path() for number in (1, 0, 4)]
    assert names(state) == sorted([f"i-2-{HOST}.tar.gz", f"i-3-{HOST}.tar.gz", NAME])


def test_so_many_stay_and_the_newest_of_them(state: Path) -> None:
    for number in range(6):
        write(state, f"i-{number}", HOST)
        aged(state, f"i-{number}-{HOST}.tar.gz", number)
    write(state, keep_count=3)
    assert names(state) == sorted([f"i-0-{HOST}.tar.gz", f"i-1-{HOST}.tar.gz", NAME])


def test_own_incident_is_never_pruned(state: Path) -> None:
    write(state)
    aged(state, NAME, 1000)
    assert write(state, INCIDENT, "line3-hmi2", keep_count=1)["pruned"] == []
    assert write(state, again=True, keep_count=1)["pruned"] == [] and len(names(state)) == 3


def test_nothing_but_our_own_archives_is_removed(state: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.tar.gz").write_bytes(packed([("MANIFEST.json", b"{}", AT)]))
    write(state, "other", HOST)
    folder = state / "evidence"
    (folder / "my-backup.tar.gz").write_bytes(packed([("etc/passwd", b"x", AT)]))
    (folder / "not-an.archive.tar.gz").write_bytes(b"text")
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    (folder / "x.tmp").write_text("x", encoding="utf-8")
    (folder / "a-folder.tar.gz").mkdir()
    (folder / "a-link.tar.gz").symlink_to(tmp_path / "precious.tar.gz")
    stays = set(names(state)) - {f"other-{HOST}.tar.gz"}
    for name in names(state):
        aged(state, name, 1000)
    assert write(state, keep_days=1, keep_count=1)["pruned"] == [evidence(state, "other", HOST).path()]
    assert set(names(state)) == {*stays, NAME} and (tmp_path / "precious.tar.gz").exists()


def test_archive_from_the_future_is_not_old(state: Path) -> None:
    """Clocks step; whatever an archive's time, only a true age removes it."""
    write(state, "i-1", HOST)
    aged(state, f"i-1-{HOST}.tar.gz", -1000)
    assert write(state)["pruned"] == []


def test_archive_that_cannot_be_removed_is_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(state, "i-1", HOST)
    aged(state, f"i-1-{HOST}.tar.gz", 1000)

    def refused(path: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(_evidence.os, "unlink", refused)
    result = write(state)
    assert result["written"] and result["pruned"] == []
    assert result["not_pruned"] == [{"name": evidence(state, "i-1", HOST).path(), "reason": "Operation not permitted"}]


def test_no_file_stays_open(state: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        write(state, f"i-{number}", HOST, keep_count=2)
        write(state, f"i-{number}", HOST)
        evidence(state, f"i-{number}", HOST).verify()
    assert len(os.listdir("/proc/self/fd")) == before
