# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of Playbook C that end on the way, or meet each other: the next run finishes what was begun, and one acts per host."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from booted import HostsLab, until
from plays import Plays, Truth
from runs import Run, Running

from lab.hosts import layout

pytestmark = pytest.mark.long

#: Phase -> the task after which it begins: Ansible prints a task's name together with its first result.
PHASES = {
    "observe": "Look at the PLC from the controller",
    "act": "Do it - restart_host",
    "verify": "Look whether the streams move again",
}
#: How many runs meet, and where.
RUNS, HOST = 20, "line2-hmi2"
#: All hosts of a line are in trouble at once here, which a person has to allow.
CONFIRMED = ("-e", "lineops_confirm={line}")


def ctrl_c(plays: Plays, name: str, run: Running) -> None:
    """What a person does at a terminal: once more if nothing comes of it (Ansible may hang while it ends its threads)."""
    for dummy in range(3):
        run.signal_group(signal.SIGINT)
        try:
            until(lambda: run.has_ended, "Ctrl-C has ended the run", 20)
            return
        except AssertionError:
            continue
    pytest.fail("Ctrl-C does not end the run")


def kill(plays: Plays, name: str, run: Running) -> None:
    """A pod or a machine dies with its job."""
    run.signal_all(signal.SIGKILL)


def cut_power(plays: Plays, name: str, run: Running) -> None:
    """The host dies under the run, and comes back a moment later."""
    plays.fault(name, "power-cut")


#: Host -> (phase, what ends it). Of the power cuts, two follow in a second round on hosts that are free by then.
ROUNDS: tuple[dict[str, tuple[str, Callable[[Plays, str, Running], None]]], ...] = (
    {
        "line1-hmi1": ("observe", ctrl_c), "line1-hmi2": ("act", ctrl_c), "line1-hmi3": ("verify", ctrl_c),
        "line2-hmi1": ("observe", kill), "line2-hmi2": ("act", kill), "line2-hmi3": ("verify", kill),
    },
    {"line1-hmi1": ("observe", cut_power), "line1-hmi2": ("act", cut_power), "line2-hmi1": ("verify", cut_power)},
)
ENDED = [
    pytest.param(number, name, id=f"{end.__name__} in {phase}")
    for number, hosts in enumerate(ROUNDS) for name, (phase, end) in hosts.items()]


@dataclass
class Round:
    """How the runs ended, and what the runs after them found and left."""

    ended: dict[str, Run] = field(default_factory=dict)
    again: dict[str, Run] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)
    journals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    leases: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def plays(hosts_lab: HostsLab, tmp_path_factory: pytest.TempPathFactory) -> Plays:
    """Runs on the lab of the session."""
    return Plays(hosts_lab, tmp_path_factory.mktemp("interrupted"))


def confirmed(name: str) -> list[str]:
    """The words by which a person lets a host be restarted though the whole line is in trouble."""
    return [word.format(line=name.split("-")[0]) for word in CONFIRMED]


def play_round(plays: Plays, hosts: dict[str, tuple[str, Callable[[Plays, str, Running], None]]]) -> Round:
    """Freeze the supervisors, end each run in its phase, run again."""
    found = Round()
    for name in hosts:
        plays.fault(name, "supervisor-frozen")

    def story(name: str) -> None:
        phase, end = hosts[name]
        # A power cut must find the run still watching.
        long_watch = ["-e", "restart_recovery_watch=60"] if end is cut_power and phase == "verify" else []
        run = plays.start(*confirmed(name), *long_watch, limit=name)
        until(lambda: PHASES[phase] in run.printed() or run.has_ended, f"the run on {name} is in {phase}", 300)
        assert not run.has_ended, run.printed()[-2000:]
        end(plays, name, run)
        found.ended[name] = run.finish()
        until(lambda: not run.pids(), f"the run on {name} is gone")
        if end is cut_power:
            plays.fault(name, "power-on")
            until(lambda: plays.lab.ssh(plays.host(name), "true").returncode == 0, f"{name} is on again")
        found.again[name] = plays.play(*confirmed(name), limit=name)
        found.truths[name], found.journals[name], found.leases[name] = plays.truth(name), plays.journal(name), plays.leases(name)

    try:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(story, hosts))
        return found
    finally:
        plays.heal(*hosts)
        plays.forget()


@pytest.fixture(scope="class")
def rounds(plays: Plays) -> list[Round]:
    return [play_round(plays, hosts) for hosts in ROUNDS]


class TestInterrupted:
    """One class, one lab."""

    @pytest.mark.parametrize(("number", "name"), ENDED)
    def test_the_next_run_ends_well(self, rounds: list[Round], number: int, name: str) -> None:
        run = rounds[number].again[name]
        assert run.outcomes[name]["result"] in ("HEALED", "HEALTHY"), run.lines
        assert run.code == 0
        assert rounds[number].truths[name].works, rounds[number].truths[name]

    @pytest.mark.parametrize(("number", "name"), ENDED)
    def test_no_lease_is_left_and_the_journal_tells_the_story(self, rounds: list[Round], number: int, name: str) -> None:
        assert rounds[number].leases[name] == []
        entries = rounds[number].journals[name]
        assert [entry["prev"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]
        assert entries[-1]["event"] in ("healed", "healthy")
        if ROUNDS[number][name][0] != "observe":
            actions = [(entry["action"], entry["event"]) for entry in entries if entry["action"] == "restart_host"]
            assert ("restart_host", "begin") in actions
        owed = [entry["event"] for entry in entries if entry["action"] == "start_streams"]
        assert owed == [] or owed[-1] == "done"

    @pytest.mark.parametrize(("number", "name"), [param for param in ENDED if param.values[0] == 0 and "observe" not in param.id])
    def test_an_incident_is_gone_on_with(self, rounds: list[Round], number: int, name: str) -> None:
        """Its lease was taken over from a holder whose process is gone."""
        entries = rounds[number].journals[name]
        assert len({entry["incident"] for entry in entries}) == 1
        assert [entry["event"] for entry in entries].count("continued") == 1

    def test_a_power_cut_is_told_as_a_host_that_is_away(self, rounds: list[Round]) -> None:
        for name in ROUNDS[1]:
            ended = rounds[1].ended[name]
            assert ended.code == 2 and ended.outcomes[name]["result"] == "UNRESOLVED", ended.lines
            assert ended.recap[name]["unreachable"] == 0


@pytest.fixture(scope="class")
def many(plays: Plays) -> Iterator[tuple[list[Run], Truth, list[dict[str, Any]], int]]:
    before = plays.truth(HOST)
    plays.fault(HOST, "supervisor-frozen")
    running = [plays.start(limit=HOST) for dummy in range(RUNS)]
    runs = [run.finish() for run in running]
    starts = plays.inside_host(HOST, "journalctl", "-u", layout.UNIT, "-o", "cat").stdout
    yield runs, plays.truth(HOST), plays.journal(HOST), len(re.findall("^Started ", starts, re.MULTILINE))
    assert before.works
    plays.heal(HOST)
    plays.forget()


class TestManyAtOnce:
    """Twenty runs for one host."""

    def test_one_acts_and_the_others_say_who(self, many) -> None:
        runs, truth, journal, dummy = many
        results = [run.outcomes[HOST]["result"] for run in runs]
        # A run that came when all was over finds nothing wrong.
        assert results.count("HEALED") == 1 and set(results) <= {"HEALED", "BUSY", "HEALTHY"}
        assert results.count("BUSY") >= RUNS / 2
        for run, result in zip(runs, results):
            assert run.code == (2 if result == "BUSY" else 0)
            assert result != "BUSY" or "Playbook C" in run.lines[HOST]
        assert truth.works
        assert [entry["event"] for entry in journal if entry["action"] == "restart_host"] == ["begin", "done"]
