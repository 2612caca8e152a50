# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is ended while the test variable stands at its test value: the next run puts it to rest and says so."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from plants import PlantLab, until
from runs import Running

# How a run is ended -> its host, what ends it, its exit status (DESIGN §3; a shell shows -15 as 143). Ctrl-C goes to
# the process group, kill and AWX signal one process; when a pod or the machine dies everything is gone at once.
ENDED_BY: dict[str, tuple[str, Callable[[Running], None], int]] = {
    "Ctrl-C": ("line1-hmi1", lambda run: run.signal_group(signal.SIGINT), 99),
    "SIGTERM": ("line1-hmi2", lambda run: run.signal_main(signal.SIGTERM), -15),
    "SIGTERM to all": ("line2-hmi1", lambda run: run.signal_all(signal.SIGTERM), -15),
    "SIGKILL": ("line2-hmi2", lambda run: run.signal_all(signal.SIGKILL), -9),
}
KILLED = ENDED_BY["SIGKILL"][0]
HOSTS = [host for host, *dummy in ENDED_BY.values()]
#: The PLC answers late, so that a write (three ADS requests) takes its time; the value stands after the second.
SLOW = "slow seconds=0.8"


class Interrupted:
    """Runs that were ended during the write test, each on a host of its own, and the runs after them."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        self.codes: dict[str, int] = {}
        running = {}
        for how, (host, *dummy) in ENDED_BY.items():
            lab.fault(host, SLOW)
            running[how] = lab.start(limit=host)
        waiting = dict(ENDED_BY)
        while waiting:
            how = until(lambda: next((how for how, (host, *dummy) in waiting.items() if self.stands(host)), ""),
                        f"the test value stands on one of {list(waiting.values())}")
            dummy_host, end, dummy_code = waiting.pop(how)
            end(running[how])
        for how, run in running.items():
            ended = run.finish()
            self.codes[how] = ended.code
            lab.assert_no_secret(ended)
            until(lambda run=run: not run.pids(), f"all processes of the run ended by {how} are gone")
        self.journals = {host: lab.journal(host) for host in HOSTS}
        self.stood = {host: self.stands(host) for host in HOSTS}
        self.check = lab.play("--check", limit=KILLED)
        self.after_check = (self.stands(KILLED), lab.journal(KILLED))
        for host in HOSTS:
            lab.ask(host, "slow", seconds=0)
        self.next = lab.play(limit=",".join(HOSTS))

    def stands(self, host: str) -> bool:
        """Is the test variable at its test value? Asked of the PLC itself, which answers ADS late."""
        return self.lab.ask(host, "read", name="MAIN.bOpsTest")["value"]


@pytest.fixture(scope="class")
def interrupted(new_lab) -> Interrupted:
    return Interrupted(new_lab(2, 2))


class TestInterrupted:
    """One class, one plant."""

    @pytest.mark.parametrize("how", ENDED_BY)
    def test_undo_was_journalled_before_the_write(self, interrupted: Interrupted, how: str) -> None:
        host, dummy, code = ENDED_BY[how]
        assert interrupted.codes[how] == code
        entries = [entry for entry in interrupted.journals[host] if entry["action"] == "write_test"]
        undo = {"do": "write_rest", "must": True, "variable": "MAIN.bOpsTest", "value": False, "plc": "plc_001"}
        assert [(entry["event"], entry["undo"]) for entry in entries] == [("begin", undo)]

    def test_signal_puts_the_variable_back_at_once(self, interrupted: Interrupted) -> None:
        assert interrupted.stood == {host: host == KILLED for host in HOSTS}

    def test_check_only_looks_at_what_was_left(self, interrupted: Interrupted) -> None:
        assert interrupted.after_check == (True, interrupted.journals[KILLED])
        assert interrupted.check.code == 0

    @pytest.mark.parametrize("host", HOSTS)
    def test_next_run_puts_the_variable_to_rest(self, interrupted: Interrupted, host: str) -> None:
        assert interrupted.lab.observer.value(interrupted.lab.host(host)) is False
        outcome = interrupted.next.outcomes[host]
        assert (outcome["result"], interrupted.next.recap[host]["changed"]) == ("HEALTHY", 0)
        assert "put back first" in interrupted.next.lines[host]
        new = interrupted.lab.journal(host)[len(interrupted.journals[host]):]
        undone = next(entry for entry in new if entry["event"] == "undone")
        assert (undone["event"], undone["action"], undone["reached"]) == ("undone", "write_rest", False)
        assert interrupted.next.code == 0
