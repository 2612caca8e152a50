# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to a host: SSH down, no SSH at all, calls made on the host; and hosts of one line that end differently."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest
from plants import PlantLab
from runs import RESULT_KEYS
from truth import flag

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

WRITE = "POST /api/variables/write"
CLOSED_PORT = 9  # discard: nobody listens there on the lab's addresses
SSH_DOWN = {"ansible_connection": "ssh", "ansible_port": CLOSED_PORT}
NO_JOURNAL, LOCAL_ONLY = "JOURNAL NOT WRITTEN", "guard rails local only: no state host"
HEALED_ROUTE, HEALED_LINK = ("HEALED", "plc.route_missing"), ("HEALED", "plc.link_stale")
ALL_WELL = ("HEALTHY", "plc.healthy")
# host -> how it is broken, how it is reached, how it ends, what the operator is told beside that, how often is written
WAYS: dict[str, tuple[str, dict[str, Any], tuple[str, str], str, int]] = {
    "line1-hmi1": ("route-removed", SSH_DOWN, HEALED_ROUTE, NO_JOURNAL, 1),
    "line1-hmi2": ("", SSH_DOWN, ALL_WELL, NO_JOURNAL, 1),
    "line1-hmi3": ("supervisor-stopped", SSH_DOWN, ("UNRESOLVED", "supervisor.unreachable"), NO_JOURNAL, 0),
    "line2-hmi1": ("route-removed", {"lineops_host_access": False}, HEALED_ROUTE, LOCAL_ONLY, 2),
    "line2-hmi2": ("", {"lineops_host_access": False, "lineops_state_host": "line2-hmi3"}, ALL_WELL, "", 2),
    "line2-hmi3": ("plc-disconnected", {"lineops_run_from": "host"}, HEALED_LINK, "", 2),
}
FAR = "line2-hmi3"
HEALED = [name for name, (dummy, dummy2, (result, dummy3), *dummy4) in WAYS.items() if result == "HEALED"]
RESOLVED = [name for name, way in WAYS.items() if way[2][0] != "UNRESOLVED"]


class Reached:
    """One run over hosts that are reached in different ways, and the same run again."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        for name, (words, *dummy) in WAYS.items():
            if words:
                lab.fault(name, words)
        # Somebody left it at its test value: whatever the runs write, in the end it is at rest.
        lab.ask("line1-hmi1", "write", name="MAIN.bOpsTest", value=True)
        self.started = lab.base / "started"
        self.python = lab.base / "python"
        self.python.write_text(f'#!/bin/sh\necho "$@" >> {self.started}\nexec {sys.executable} "$@"\n', encoding="utf-8")
        self.python.chmod(0o755)
        inventory = lab.variant(self._change)
        before = {name: len(lab.calls(name)) for name in WAYS}
        self.run = lab.play(inventory=inventory)
        self.calls = {name: lab.calls(name)[before[name]:] for name in WAYS}
        self.second = lab.play(inventory=inventory, limit=",".join(RESOLVED))

    def _change(self, groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        for name, (dummy_words, variables, *dummy_rest) in WAYS.items():
            groups[name.partition("-")[0]]["hosts"][name] |= variables
        # Another Python than the controller's own: what this host does is sent there, as to one that is far away.
        groups["line2"]["hosts"][FAR]["ansible_python_interpreter"] = str(self.python)


@pytest.fixture(scope="class")
def reached(new_lab: Callable[[int, int], PlantLab]) -> Reached:
    return Reached(new_lab(2, 3))


class TestWaysToAHost:
    """One class, one plant."""

    @pytest.mark.parametrize("name", WAYS)
    def test_told(self, reached: Reached, name: str) -> None:
        dummy_fault, dummy_variables, ending, note, dummy_writes = WAYS[name]
        outcome = reached.run.outcomes[name]
        assert (outcome["result"], outcome["finding"]) == ending
        assert [text for text in outcome["notes"] if text.startswith((NO_JOURNAL, LOCAL_ONLY))] == [
            text for text in outcome["notes"] if note and text.startswith(note)]
        assert note in reached.run.lines[name]
        assert reached.run.recap[name]["unreachable"] == 0

    @pytest.mark.parametrize("name", WAYS)
    def test_without_a_journal_only_the_rest_value_is_written(self, reached: Reached, name: str) -> None:
        assert reached.calls[name].count(WRITE) == WAYS[name][4]
        assert reached.lab.ask(name, "read", name="MAIN.bOpsTest")["value"] is False

    @pytest.mark.parametrize("name", WAYS)
    def test_journal_is_there_or_missed(self, reached: Reached, name: str) -> None:
        assert bool(reached.lab.journal(name)) == (WAYS[name][3] != NO_JOURNAL)

    @pytest.mark.parametrize("name", HEALED)
    def test_plant_is_truly_healed(self, reached: Reached, name: str) -> None:
        host = reached.lab.host(name)
        assert reached.lab.observer.routes(host) == {SUPERVISOR_NET_ID: SUPERVISOR_IP} and flag(host)

    @pytest.mark.parametrize("name", RESOLVED)
    def test_second_run_changes_nothing(self, reached: Reached, name: str) -> None:
        assert reached.second.outcomes[name]["result"] == "HEALTHY" and reached.second.recap[name]["changed"] == 0

    def test_dead_host_says_what_is_not_known(self, reached: Reached) -> None:
        outcome = reached.run.outcomes["line1-hmi3"]
        assert "the host itself could not be asked" in outcome["sentence"] and outcome["verdict"] == "not observed"
        assert "line1-hmi3 (outside this run) does not answer" in " ".join(reached.second.lines.values())

    def test_host_checks_need_the_host(self, reached: Reached) -> None:
        looked = {name: {check["signal"] for check in reached.run.outcomes[name]["counter_checks"]} for name in HEALED}
        assert {name: "host_udp" in signals for name, signals in looked.items()} == {
            "line1-hmi1": False, "line2-hmi1": False, "line2-hmi3": True}

    def test_calls_are_made_where_it_is_asked_for(self, reached: Reached) -> None:
        writes = {name: check["observed_from"] for name in HEALED
                  for check in reached.second.outcomes[name]["counter_checks"] if check["signal"] == "write"}
        here = f"controller {socket.gethostname()}"
        assert writes == {"line1-hmi1": here, "line2-hmi1": here, "line2-hmi3": "host line2-hmi3"}

    def test_modules_are_sent_to_a_host_with_a_python_of_its_own(self, reached: Reached) -> None:
        """Lease, evidence, journal and the API calls of run_from: host; for its neighbour the lease and the journal."""
        sent = re.findall(r"AnsiballZ_(\w+)\.py", reached.started.read_text(encoding="utf-8"))
        assert {"lease", "journal", "evidence", "host_info", "supervisor_info", "plc_connection"} <= set(sent)
        # What the rails cost a host that is far away: of this one a healing and a healthy run, of its neighbour two healthy ones.
        assert len([name for name in sent if name in ("lease", "journal", "evidence")]) <= 14

    def test_exit_status(self, reached: Reached) -> None:
        assert (reached.run.code, reached.second.code) == (2, 0)


class TestOneHealedOneNot:
    """Two hosts of a line, broken differently, in one run."""

    def test_each_is_told_right(self, new_lab: Callable[[int, int], PlantLab]) -> None:
        lab = new_lab(1, 2)
        lab.fault("line1-hmi1", "route-removed")
        lab.fault("line1-hmi2", "refuse")
        run = lab.play(limit="line1")
        assert run.code == 2
        first, second = run.outcomes["line1-hmi1"], run.outcomes["line1-hmi2"]
        assert (first["result"], first["finding"], first["changed"]) == ("HEALED", "plc.route_missing", True)
        assert (second["result"], second["finding"], second["changed"]) == ("UNRESOLVED", "plc.router_refused", False)
        assert set(first) == set(second) == RESULT_KEYS
        assert first["incident"] != second["incident"]
        assert list(run.lines) == ["line1-hmi1", "line1-hmi2"]  # those who need a person come last
        assert run.recap["line1-hmi1"].items() >= {"changed": 3, "failed": 0}.items()
        assert run.recap["line1-hmi2"].items() >= {"changed": 0, "failed": 1}.items()
        assert 0 < first["supervisor_seconds"] < first["seconds"] <= run.seconds


@pytest.mark.ci
class TestStepsKeepTheirOrder:
    """A host with a shorter plan must not let another connect before it disconnects: includes of a loop are merged."""

    def test_plans_of_different_length(self, new_lab: Callable[[int, int], PlantLab]) -> None:
        lab = new_lab(1, 2)
        lab.fault("line1-hmi1", "plc-disconnected")
        lab.fault("line1-hmi2", "route-removed")
        run = lab.play("--forks", "1", limit="line1")  # the first host is always the first to ask
        assert [run.outcomes[host]["actions"] for host in ("line1-hmi1", "line1-hmi2")] == [
            ["connected", "test variable written and put back"],
            ["disconnected", "ADS route added", "connected", "test variable written and put back"]]
        assert run.code == 0 and all(flag(lab.host(host)) for host in ("line1-hmi1", "line1-hmi2"))
