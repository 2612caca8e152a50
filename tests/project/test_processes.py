# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/processes.py: nothing a command starts outlives the guard, however the guard ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
LIMIT_S = 60.0

# The command: starts a process that leaves its session and its parent (as a daemon does), writes both pids, then waits.
# It ignores SIGINT, so the guard has to go further than asking once.
COMMAND = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open(sys.argv[1] + ".daemon", "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1] + ".daemon"):
    time.sleep(0.01)
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
time.sleep(float(sys.argv[2]))
"""
GUARDED = """
import signal, sys
sys.path.insert(0, sys.argv[1])
import processes
processes.GRACE_S[signal.SIGINT] = 0.5
try:
    with processes.Guard() as guard:
        status = guard.run(
            [sys.executable, "-c", sys.argv[2], sys.argv[3], sys.argv[4]], limit_s=float(sys.argv[5]), on_line=print
        )
        print("left:", len(guard.leftovers()), "status:", status)
except processes.Stopped as stopped:
    sys.exit(stopped.exit_status)
except processes.TookTooLong:
    sys.exit(77)
"""


def is_alive(pid: int) -> bool:
    """True if the process runs; one that has ended and only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(tmp_path: Path, *, command_s: float, limit_s: float) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a guarded command; returns the guard's process and, once they run, the pids of command and daemon."""
    pid_files = [tmp_path / "pid", tmp_path / "pid.daemon"]
    guarded = subprocess.Popen(
        [sys.executable, "-c", GUARDED, str(SCRIPTS), COMMAND, str(pid_files[0]), str(command_s), str(limit_s)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    limit = time.monotonic() + LIMIT_S
    while not all(file.exists() and file.read_text(encoding="utf-8") for file in pid_files):
        if time.monotonic() > limit or guarded.poll() is not None:
            pytest.fail("the guarded command did not start")
        time.sleep(0.02)
    return guarded, [int(file.read_text(encoding="utf-8")) for file in pid_files]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_command_and_daemon(tmp_path: Path, number: signal.Signals) -> None:
    guarded, pids = start(tmp_path, command_s=600, limit_s=600)
    assert all(is_alive(pid) for pid in pids)
    os.kill(guarded.pid, number)
    assert guarded.wait(LIMIT_S) == 128 + number
    assert [pid for pid in pids if is_alive(pid)] == []


def test_a_command_is_asked_first_and_may_clean_up(tmp_path: Path) -> None:
    """SIGINT is what pytest and Ansible clean up after; a command that does is not hurried."""
    begun, cleaned = tmp_path / "begun", tmp_path / "cleaned"
    command = (
        "import sys, time\n"
        "try:\n    open(sys.argv[1], 'w').close(); time.sleep(600)\n"
        f"except KeyboardInterrupt:\n    open({str(cleaned)!r}, 'w').close()"
    )
    guarded = subprocess.Popen([sys.executable, "-c", GUARDED, SCRIPTS, command, begun, "0", "600"])
    limit = time.monotonic() + LIMIT_S
    while not begun.exists() and time.monotonic() < limit:
        time.sleep(0.02)
    os.kill(guarded.pid, signal.SIGTERM)
    assert guarded.wait(LIMIT_S) == 128 + signal.SIGTERM
    assert cleaned.exists()


def test_a_command_over_its_limit_is_ended(tmp_path: Path) -> None:
    guarded, pids = start(tmp_path, command_s=600, limit_s=0.5)
    assert guarded.wait(LIMIT_S) == 77
    assert [pid for pid in pids if is_alive(pid)] == []


def test_a_daemon_left_by_a_finished_command_is_seen_and_ended(tmp_path: Path) -> None:
    guarded, pids = start(tmp_path, command_s=0, limit_s=600)
    output, dummy = guarded.communicate(timeout=LIMIT_S)
    assert "left: 1 status: 0" in output
    assert guarded.returncode == 0
    assert [pid for pid in pids if is_alive(pid)] == []
