# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets and processes as /proc shows them to everybody: real ones of this machine."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _host_proc as subject
from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import argv, running


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_listener_is_seen_with_its_user_and_its_process_holds_it(family: socket.AddressFamily, address: str) -> None:
    try:
        listener = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip("this machine has no such address")
    with listener:
        port = listener.getsockname()[1]
        (entry,) = subject.listening_on(port)
        assert (entry.ip, entry.port, entry.uid) == (address, port, os.geteuid())
        assert entry.inode in t.cast("set[int]", subject.inodes_of(os.getpid()))
    assert subject.listening_on(port) == []


def test_process_is_told_with_start_users_and_control_group(tmp_path: Path) -> None:
    before = time.time()
    with running(*argv("odd ) name ("), cwd=tmp_path) as (process, dummy):
        found = subject.process_of(process.pid)
        assert found and found.pid == process.pid and found.users == {os.geteuid()}
        assert found.cgroups == Path(f"/proc/{process.pid}/cgroup").read_text(encoding="utf-8")
        assert before - 5 <= found.started <= time.time() + 5
        assert subject.is_alive(found)
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not subject.is_alive(found) and subject.process_of(process.pid) is None  # a zombie has ended
    assert subject.process_of(process.pid) is None and subject.inodes_of(process.pid) is None


def test_another_process_with_the_same_number_is_another_one(tmp_path: Path) -> None:
    with running(*argv("x"), cwd=tmp_path) as (process, dummy):
        found = t.cast(subject.Process, subject.process_of(process.pid))
        assert not subject.is_alive(subject.Process(found.pid, found.ticks - 1, found.started, found.users, found.cgroups))


def test_table_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subject._read

    def without(*names: str) -> None:
        def read(path: str) -> str:
            if path in names:
                raise FileNotFoundError(path)
            return real(path)

        monkeypatch.setattr(subject, "_read", read)

    without("/proc/net/tcp6")
    assert subject.sockets() is not None
    without("/proc/net/tcp")
    assert subject.sockets() is None and subject.listening_on(1) == []


def test_users_by_name_and_number() -> None:
    me = pwd.getpwuid(os.geteuid())
    assert subject.uid_of(me.pw_name) == subject.uid_of(str(me.pw_uid)) == me.pw_uid
    assert subject.uid_of("no-such-user") is None is subject.uid_of(None) and subject.name_of(me.pw_uid) == me.pw_name
    assert subject.name_of(4_000_000_000) == "4000000000"
