# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds a lease: the process of the run, told from every other, and surely gone only when it is."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.plugin_utils import _run_owner
from ansible_collections.lineops.runbook.plugins.plugin_utils._run_owner import (
    controller_id,
    is_gone,
    owner_of_this_run,
)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are told apart by /proc")


@pytest.fixture
def child() -> t.Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    process = subprocess.Popen(["sleep", "600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def owner_of(pid: int, **changes: t.Any) -> dict[str, t.Any]:
    """What a run with this process id would have called itself."""
    started = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    return {"controller": controller_id(), "pid": pid, "started": started, "node": "n", **changes}


def owner_in(kind: str) -> dict[str, t.Any]:
    context = multiprocessing.get_context(kind)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=tell_owner, args=(sender,))
    process.start()
    try:
        return t.cast("dict[str, t.Any]", receiver.recv())
    finally:
        process.join(60)


def tell_owner(sender: t.Any) -> None:
    sender.send(owner_of_this_run())


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_worker_names_the_process_it_was_forked_from(kind: str) -> None:
    """The worker of a task is gone a second later; the run is not."""
    mine = owner_of_this_run()
    assert mine["pid"] == os.getpid() and mine["started"] == owner_of(os.getpid())["started"]
    assert owner_in(kind) == mine
    assert not is_gone(mine)


def test_another_program_is_another_owner() -> None:
    code = f"from {_run_owner.__name__} import owner_of_this_run; print(owner_of_this_run()['pid'])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert int(process.communicate(timeout=60)[0]) == process.pid


def test_process_is_gone_when_it_has_ended_even_if_nobody_collected_it(child: subprocess.Popen[bytes]) -> None:
    owner = owner_of(child.pid)
    assert not is_gone(owner)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner)
    child.wait()
    assert is_gone(owner)


def test_stopped_process_is_not_gone(child: subprocess.Popen[bytes]) -> None:
    owner = owner_of(child.pid)
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    assert not is_gone(owner)


def test_process_id_that_was_used_again_is_another_process(child: subprocess.Popen[bytes]) -> None:
    assert is_gone(owner_of(child.pid, started=owner_of(child.pid)["started"] - 1))


def test_name_of_a_process_may_hold_anything(tmp_path: Path) -> None:
    program = tmp_path / "a) S 1 (b"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(program), "600"])
    try:
        assert not is_gone(owner_of(process.pid))
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "change",
    [
        {"controller": "another-boot:4026531836"}, {"controller": ""}, {"controller": None}, {"pid": None}, {"pid": 0},
        {"pid": -1}, {"pid": "1"}, {"started": None}, {"started": 0},
    ],
)  # fmt: skip
def test_nobody_is_gone_of_whom_it_cannot_be_known(change: dict[str, t.Any], child: subprocess.Popen[bytes]) -> None:
    """A process id means nothing on another machine or in another pod."""
    owner = owner_of(child.pid)
    child.kill()
    child.wait()
    assert is_gone(owner) and not is_gone({**owner, **change})


@pytest.mark.parametrize("owner", [None, {}, "x", []])
def test_what_is_no_owner_is_not_gone(owner: t.Any) -> None:
    assert not is_gone(owner)


def test_process_of_another_user_that_may_not_be_seen_is_not_gone(child: subprocess.Popen[bytes]) -> None:
    """/proc mounted with hidepid shows nothing of it."""
    owner = owner_of(child.pid)

    def kill(dummy: int, dummy2: int) -> None:
        raise PermissionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "kill", kill)
        patch.setattr(_run_owner, "_state_and_start", lambda pid: ("", None))
        assert not is_gone(owner)


@pytest.mark.parametrize("what", ["no /proc", "another name space's /proc"])
def test_controller_that_cannot_tell_has_no_id_and_judges_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes], what: str
) -> None:
    owner = owner_of(child.pid)
    child.kill()
    child.wait()
    if what != "no /proc":
        (tmp_path / "self").symlink_to("1")
    monkeypatch.setattr(_run_owner, "PROC", tmp_path)
    assert controller_id() == "" and owner_of_this_run()["controller"] == ""
    assert not is_gone(owner) and not is_gone({**owner, "controller": ""})
