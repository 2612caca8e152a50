# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leases on a real file system: one holder at a time, no orphan longer than its time, whoever is killed when."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._lease import Leases
from ansible_collections.lineops.runbook.plugins.module_utils._lease_rules import is_lease
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_at
from ansible_collections.lineops.runbook.tests.unit.helpers.killed import Work, killed_at

HOST = "line3-hmi1"
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


def claim(number: int = 1, controller: str = "boot-1:100", **more: t.Any) -> dict[str, t.Any]:
    """What the run of a number on a controller asks with."""
    owner = {"controller": controller, "pid": 4000 + number, "started": 90 + number, "node": "ops1"}
    words = {"incident": f"i-{number}", "line": "line3", "purpose": "Playbook B", "runner": f"shell-{number}"}
    return {"owner": owner, **words, **more}


class Clock:
    """The host's clock, set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lineops"


@pytest.fixture
def leases(folder: Path, clock: Clock) -> Leases:
    return Leases(str(folder), clock)


def file_of(folder: Path) -> Path:
    return folder / "leases" / f"{HOST}.json"


def content_of(folder: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(file_of(folder).read_text(encoding="utf-8")))


def error_of(call: t.Callable[[], t.Any]) -> tuple[str, str]:
    with pytest.raises(LineopsError) as caught:
        call()
    assert "\n" not in caught.value.message
    return caught.value.code, caught.value.message


# --- taking, renewing, giving back -----------------------------------------------------------------------------------


def test_lease_is_a_file_that_says_who_why_and_until_when(leases: Leases, folder: Path) -> None:
    result = leases.hold(HOST, claim(), 60)
    assert content_of(folder) == {
        "v": 1, "host": HOST, **claim(), "id": result["lease_id"], "ttl_s": 120.0,
        "taken_at": "2026-01-01T12:00:00.000Z", "renewed_at": "2026-01-01T12:00:00.000Z",
        "expires_at": "2026-01-01T12:02:00.000Z",
    }  # fmt: skip
    assert file_of(folder).stat().st_mode & 0o777 == 0o640 and file_of(folder).parent.stat().st_mode & 0o777 == 0o750
    assert [path.name for path in file_of(folder).parent.iterdir()] == [f"{HOST}.json"]
    assert (result["held"], result["incident"], result["until"]) == (True, "i-1", "2026-01-01T12:02:00.000Z")
    assert result["taken_over"] is result["busy"] is None
    assert result["holder"]["owner"] == claim()["owner"] and result["holder"]["since"] == "2026-01-01T12:00:00.000Z"


@pytest.mark.parametrize("with_id", [True, False])
def test_holder_renews_and_stays_who_he_is(leases: Leases, folder: Path, clock: Clock, with_id: bool) -> None:
    """Also the incident, which may be one that was taken over."""
    first = leases.hold(HOST, claim(), 60)
    clock.now += 100
    known = {"lease_id": first["lease_id"]} if with_id else {}
    again = leases.hold(HOST, claim(incident="i-new", **known), 300)
    assert (again["held"], again["lease_id"], again["incident"]) == (True, first["lease_id"], "i-1")
    assert again["until"] == utc_at(NOON + 100 + 360) and again["taken_over"] is None
    assert content_of(folder)["taken_at"] == utc_at(NOON) and content_of(folder)["renewed_at"] == utc_at(NOON + 100)
    assert leases.renew(HOST, first["lease_id"], 0) == utc_at(NOON + 220)


def test_second_run_is_refused_and_told_who_holds_it_until_when(leases: Leases, folder: Path) -> None:
    first = leases.hold(HOST, claim(), 60)
    before = file_of(folder).read_bytes()
    result = leases.hold(HOST, claim(2), 60)
    message = f"{HOST} is held by shell-1 on ops1 (Playbook B, i-1) until 2026-01-01T12:02:00.000Z."
    busy = {"runner": "shell-1", "incident": "i-1", "until": "2026-01-01T12:02:00.000Z", "message": message}
    assert (result["held"], result["lease_id"], result["busy"], result["message"]) == (False, None, busy, message)
    assert (result["failure"]["code"], result["failure"]["message"]) == ("lease.busy", message)
    assert result["holder"]["lease_id"] == first["lease_id"]
    assert file_of(folder).read_bytes() == before


def test_leases_of_hosts_are_their_own(leases: Leases) -> None:
    assert leases.hold("h1", claim(1), 60)["held"] and leases.hold("h2", claim(2), 60)["held"]
    assert not leases.hold("h1", claim(2), 60)["held"] and not leases.hold("h2", claim(1), 60)["held"]


@pytest.mark.parametrize("with_id", [True, False])
def test_lease_given_back_is_free_at_once(leases: Leases, folder: Path, with_id: bool) -> None:
    first = leases.hold(HOST, claim(), 60)
    known = {"lease_id": first["lease_id"], "owner": None} if with_id else {}
    result = leases.release(HOST, claim(**known))
    assert (result["released"], result["held"], result["holder"]) == (True, False, None)
    assert result["message"] == f"The lease of {HOST} is given back." and not file_of(folder).exists()
    assert leases.hold(HOST, claim(2), 60)["taken_over"] is None


def test_another_ones_lease_is_not_given_back(leases: Leases, folder: Path) -> None:
    mine = leases.hold(HOST, claim(), 60)
    for wrong in (claim(2), claim(lease_id="other"), {}):
        result = leases.release(HOST, wrong)
        assert (result["released"], result["holder"]["runner"]) == (False, "shell-1") and "failure" not in result
        assert result["message"].startswith(f"Nothing to give back: {HOST} is held by shell-1")
    assert content_of(folder)["id"] == mine["lease_id"]


def test_lease_that_is_gone_already_is_no_failure_to_give_back(leases: Leases) -> None:
    result = leases.release(HOST, claim(lease_id="x"))
    assert (result["released"], result["message"]) == (False, f"Nothing to give back: Nobody holds {HOST}.")


def test_look_writes_nothing(leases: Leases, folder: Path, clock: Clock) -> None:
    assert leases.look(HOST, claim())["message"] == f"Nobody holds {HOST}." and not folder.exists()
    mine = leases.hold(HOST, claim(), 60)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    looks = {name: leases.look(HOST, who) for name, who in
             {"mine": claim(), "by id": {"lease_id": mine["lease_id"]}, "other": claim(2)}.items()}  # fmt: skip
    assert {name: found["held"] for name, found in looks.items()} == {"mine": True, "by id": True, "other": False}
    assert looks["mine"]["busy"] is looks["by id"]["busy"] is None
    assert looks["other"]["busy"]["runner"] == "shell-1" and "failure" not in looks["other"]
    assert leases.look(HOST, claim(2, holder_gone=mine["lease_id"]))["busy"] is None
    clock.now += 120
    late = [leases.look(HOST, who) for who in (claim(), claim(2))]
    assert [(found["held"], found["expired"], found["busy"]) for found in late] == [(False, True, None)] * 2
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


# --- taking over -----------------------------------------------------------------------------------------------------


def test_expired_lease_is_taken_over_and_its_incident_goes_on(leases: Leases, folder: Path, clock: Clock) -> None:
    """Also by the third: if the second dies before it wrote anything, the incident is still the first one's."""
    first = leases.hold(HOST, claim(), 60)
    clock.now += 119.999
    assert not leases.hold(HOST, claim(2), 60)["held"]
    clock.now = NOON + 120
    for number in (2, 3):
        taken = leases.hold(HOST, claim(number), 60)
        before = f"shell-{number - 1}"
        origin = {"reason": "expired", "incident": "i-1", "from": before, "since": utc_at(clock.now - 120)}
        assert (taken["held"], taken["incident"], taken["taken_over"]) == (True, "i-1", origin)
        assert content_of(folder)["incident"] == "i-1" and content_of(folder)["taken_at"] == utc_at(clock.now)
        clock.now += 120
    code, message = error_of(lambda: leases.renew(HOST, first["lease_id"], 60))
    assert code == "lease.lost" and message.startswith(f"The lease of {HOST} was lost. {HOST} is held by shell-3")


def test_holder_that_is_gone_is_taken_over_at_once_from_the_same_controller(leases: Leases) -> None:
    first = leases.hold(HOST, claim(), 60)
    taken = leases.hold(HOST, claim(2, holder_gone=first["lease_id"]), 60)
    assert taken["held"] and taken["taken_over"]["reason"] == "holder_dead" and taken["incident"] == "i-1"
    # Two that saw the same holder gone: the second one's sight is of a lease that is no more.
    late = leases.hold(HOST, claim(3, holder_gone=first["lease_id"]), 60)
    assert not late["held"] and late["busy"]["runner"] == "shell-2"


def test_own_lease_that_expired_unnoticed_is_renewed_but_a_lost_one_is_not(leases: Leases, clock: Clock) -> None:
    first = leases.hold(HOST, claim(), 60)
    clock.now += 1000
    assert leases.renew(HOST, first["lease_id"], 60) == utc_at(clock.now + 120)
    clock.now += 1000
    leases.hold(HOST, claim(2), 60)
    leases.release(HOST, claim(2))
    lost = leases.hold(HOST, claim(lease_id=first["lease_id"]), 60)
    assert (lost["held"], lost["failure"]["code"], lost["busy"]) == (False, "lease.lost", None)
    assert lost["message"] == f"The lease of {HOST} was lost. Nobody holds {HOST}."
    assert leases.look(HOST, {})["holder"] is None


@pytest.mark.parametrize("lease_id", ["", None])
def test_run_that_holds_nothing_renews_nothing(leases: Leases, folder: Path, lease_id: t.Any) -> None:
    """A refused run has no id; renewing it must not take the lease by the back door."""
    assert error_of(lambda: leases.renew(HOST, lease_id, 60)) == ("lease.lost", f"This run holds no lease of {HOST}.")
    assert not folder.exists()


# --- clocks ----------------------------------------------------------------------------------------------------------


def test_clock_that_was_set_back_makes_no_orphan_of_years(leases: Leases, folder: Path, clock: Clock) -> None:
    """The first who asks limits what is left to one time to live; then it runs out."""
    leases.hold(HOST, claim(), 300)
    clock.now -= 3 * 365 * 86400
    today = clock.now
    assert leases.look(HOST, {})["until"] == utc_at(today + 360)
    assert leases.hold(HOST, claim(2), 60)["busy"]["until"] == utc_at(today + 360)
    clock.now = today + 359
    assert leases.hold(HOST, claim(2), 60)["busy"]["until"] == utc_at(today + 360)
    clock.now = today + 360
    assert leases.hold(HOST, claim(2), 60)["taken_over"]["reason"] == "expired"


def test_only_the_clock_of_the_host_counts(leases: Leases, folder: Path, clock: Clock) -> None:
    """No time comes from a controller, so two that differ by ten minutes see the same lease."""
    leases.hold(HOST, claim(controller="ahead", taken_at=utc_at(NOON + 600)), 60)
    assert content_of(folder)["taken_at"] == utc_at(NOON)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["../journal", "a/b", "..", ".x", "", "a\nb"])
def test_host_that_is_no_plain_name_is_refused_and_no_file_made(leases: Leases, folder: Path, host: str) -> None:
    for call in (
        lambda: leases.hold(host, claim(), 60), lambda: leases.renew(host, "x", 60),
        lambda: leases.release(host, claim()), lambda: leases.look(host, claim()),
    ):  # fmt: skip
        code, message = error_of(call) if "\n" not in host else ("lease.host", "is no plain host name")
        assert code == "lease.host" and "is no plain host name" in message
    assert not folder.exists()


@pytest.mark.parametrize("deadline_s", [-1, 3601, float("inf"), float("nan")])
def test_deadline_that_would_make_an_orphan_is_refused(leases: Leases, folder: Path, deadline_s: float) -> None:
    code, message = error_of(lambda: leases.hold(HOST, claim(), deadline_s))
    assert (code, message) == ("lease.deadline", f"deadline_s is {deadline_s}; expected 0 to 3600.")
    assert not folder.exists()


ALMOST = {"id": "x", "owner": {}, "ttl_s": 120, "taken_at": "x", "renewed_at": "x"}
CORRUPT = [
    b"", b"{", b"[]", b"\xff\xfe", b"[" * 5000, b'{"id": "x"}',
    *(json.dumps({**ALMOST, "expires_at": end}).encode() for end in ("soon", "0001-01-01T00:00:00+14:00")),
]  # fmt: skip


@pytest.mark.parametrize("content", CORRUPT)
def test_lease_that_is_not_readable_counts_as_held_until_it_is_old(
    leases: Leases, folder: Path, clock: Clock, content: bytes
) -> None:
    mine = leases.hold(HOST, claim(), 60)
    file_of(folder).write_bytes(content)
    os.utime(file_of(folder), (NOON, NOON))
    message = f"The lease of {HOST} is not readable, so it counts as held until 2026-01-01T12:02:00.000Z."
    assert leases.look(HOST, claim())["busy"]["message"] == message
    for who in (claim(), claim(2)):
        assert leases.hold(HOST, who, 60)["failure"]["message"] == message
    assert error_of(lambda: leases.renew(HOST, mine["lease_id"], 60))[0] == "lease.lost"
    assert not leases.release(HOST, claim())["released"]
    assert file_of(folder).read_bytes() == content
    clock.now += 120
    taken = leases.hold(HOST, claim(2), 60)
    assert taken["held"] and taken["taken_over"]["reason"] == "unreadable" and taken["incident"] == "i-2"


def test_lease_that_is_not_readable_and_of_tomorrow_is_limited_too(leases: Leases, folder: Path, clock: Clock) -> None:
    leases.hold(HOST, claim(), 60)
    file_of(folder).write_bytes(b"{")
    os.utime(file_of(folder), (NOON + 86400, NOON + 86400))
    assert not leases.hold(HOST, claim(2), 60)["held"]
    clock.now += 120
    assert leases.hold(HOST, claim(2), 60)["held"]


def test_time_that_somebody_wrote_in_another_form_is_understood(leases: Leases, folder: Path, clock: Clock) -> None:
    leases.hold(HOST, claim(), 60)
    changed = {**content_of(folder), "expires_at": "2026-01-01 13:01:00+01:00"}
    file_of(folder).write_text(json.dumps(changed), encoding="utf-8")
    assert leases.hold(HOST, claim(2), 60)["busy"]["until"] == "2026-01-01T12:01:00.000Z"


def test_text_of_others_stays_as_it_is(leases: Leases) -> None:
    text = "{{ 1/0 }} <script> ü\u2028"
    leases.hold(HOST, claim(runner=text, purpose=text, incident=text), 60)
    assert text in leases.hold(HOST, claim(2), 60)["message"]
    assert leases.look(HOST, {})["holder"]["purpose"] == text


@pytest.mark.parametrize("what", ["state", "leases", "file", "everybody"])
def test_link_and_directory_for_everybody_are_refused(leases: Leases, folder: Path, tmp_path: Path, what: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if what == "state":
        folder.symlink_to(elsewhere)
    elif what == "leases":
        folder.mkdir()
        (folder / "leases").symlink_to(elsewhere)
    elif what == "file":
        (folder / "leases").mkdir(parents=True)
        file_of(folder).symlink_to(elsewhere / "target")
        (elsewhere / "target").write_bytes(b"{}")
    else:
        (folder / "leases").mkdir(parents=True)
        (folder / "leases").chmod(0o777)
    who = claim()
    calls = (lambda: leases.hold(HOST, who, 60), lambda: leases.release(HOST, who), lambda: leases.look(HOST, who))
    codes = {error_of(call)[0] for call in calls}
    assert codes == ({"lease.unwritable", "lease.unreadable"} if what == "file" else {"state_dir.unsafe"})
    assert [path.read_bytes() for path in elsewhere.iterdir()] == ([b"{}"] if what == "file" else [])


def test_disk_that_cannot_be_written_is_said_and_leaves_the_lease(
    leases: Leases, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(dummy: int) -> None:
        raise OSError(28, "No space left on device")

    mine = leases.hold(HOST, claim(), 60)
    before = file_of(folder).read_bytes()
    monkeypatch.setattr(os, "fsync", fsync)
    assert error_of(lambda: leases.renew(HOST, mine["lease_id"], 600)) == (
        "lease.unwritable", f"The lease {file_of(folder)} cannot be changed: No space left on device."
    )  # fmt: skip
    assert file_of(folder).read_bytes() == before and len(list(file_of(folder).parent.iterdir())) == 1


# --- many at once, and runs that are killed --------------------------------------------------------------------------


def hold_once(folder: str, who: dict[str, t.Any], start: t.Any, results: t.Any) -> None:
    start.wait()
    result = Leases(folder).hold(HOST, who, 60)
    results.put((who["runner"], result["held"], result["holder"]["runner"]))


@pytest.mark.parametrize("left", ["nothing", "expired", "gone"])
def test_of_twenty_at_once_one_wins_and_all_see_the_same_one(folder: Path, left: str) -> None:
    """Also where all of them saw the same holder expired, or gone."""
    before = None
    if left != "nothing":
        taken_at = time.time() - (1000 if left == "expired" else 0)
        before = Leases(str(folder), lambda: taken_at).hold(HOST, claim(99), 60)["lease_id"]
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(20), context.Queue()
    claims = [claim(number, holder_gone=before if left == "gone" else None) for number in range(20)]
    processes = [context.Process(target=hold_once, args=(str(folder), who, start, results)) for who in claims]
    for process in processes:
        process.start()
    answers = [results.get(timeout=60) for dummy in processes]
    for process in processes:
        process.join(60)
    winners = [runner for runner, held, dummy in answers if held]
    assert len(winners) == 1
    assert {holder for dummy, dummy2, holder in answers} == set(winners)


KILLS = 150
STEPS = 1000


def take_renew_and_give_back(folder: Path, clock: Clock, who: dict[str, t.Any]) -> Work:
    """All that is done with a lease, again and again; told is which one is held."""

    def work(acknowledge: t.Callable[[str], None]) -> None:
        leases = Leases(str(folder), clock)
        for dummy in range(1000):
            lease_id = leases.hold(HOST, who, 60)["lease_id"]
            acknowledge(lease_id)
            leases.renew(HOST, lease_id, 60)
            leases.release(HOST, who)
            acknowledge("free")

    return work


def test_kill_in_the_middle_leaves_no_half_lease(folder: Path, clock: Clock) -> None:
    """Each run is killed at a random step: a lease is whole or not there, and the next one gets it in time."""
    dice = random.Random(20260102)
    left_there = []
    for kill in range(KILLS):
        clock.now += 1000
        words = killed_at(dice.randrange(1, STEPS), take_renew_and_give_back(folder, clock, claim(kill)))
        left_there.append(file_of(folder).exists())
        if left_there[-1]:
            assert is_lease(content_of(folder))
        if left_there[-1] and words and words[-1] != "free":
            assert content_of(folder)["id"] == words[-1]
        assert not file_of(folder).parent.exists() or {path.name for path in file_of(folder).parent.iterdir()} <= {
            f"{HOST}.json", f"{HOST}.json.tmp",
        }  # fmt: skip
    assert 10 < sum(left_there) < KILLS - 10
    clock.now += 1000
    assert Leases(str(folder), clock).hold(HOST, claim(999), 60)["held"]
