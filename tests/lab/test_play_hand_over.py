# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Playbook B finds and only a restart clears heals in the same run, by Playbook C."""

from __future__ import annotations

import pytest
from plants import PlantLab
from runs import Run
from test_play_findings import FAILED_ADD, add_route_by_hand, when_called
from test_play_findings3 import SLO, command, failed_writes, use_up_the_probe

LIBRARY, BREAKER, FORBIDDEN = "line1-hmi1", "line2-hmi1", "line3-hmi1"
RESTARTED = ["restarted by its API", "was connected", "test variable written and put back"]


def pid(lab: PlantLab, host: str) -> int:
    """The pid that answers, asked of the supervisor without our modules."""
    return int((lab.plant.host_dir(lab.host(host)) / "supervisor.pid").read_text(encoding="ascii"))


@pytest.fixture(scope="class")
def handed(new_lab) -> tuple[PlantLab, Run, dict[str, int]]:
    lab = new_lab(3, 1)
    for host in (LIBRARY, FORBIDDEN):
        add_route_by_hand(lab, host)
        lab.fault(host, "route-removed")
    failed_writes(0)(lab, BREAKER)
    use_up_the_probe(lab, BREAKER)

    def change(groups, dummy) -> None:
        groups["line3"]["vars"]["restart_recovery_ladder"] = []

    before = {host.name: pid(lab, host.name) for host in lab.plant.hosts}
    run = lab.start("-e", "restart_recovery_watch=2", inventory=lab.variant(change))
    when_called(SLO, command)(lab, BREAKER)
    return lab, run.finish(), before


class TestHandedOver:
    """A dead library (quirk 4), a breaker that lets nothing through (quirk 8), and one where no rung may be climbed."""

    def test_a_dead_library_is_healed_by_a_restart(self, handed) -> None:
        lab, run, before = handed
        outcome = run.outcomes[LIBRARY]
        assert (outcome["result"], outcome["finding"]) == ("HEALED", "plc.library_wedged")
        assert outcome["actions"] == [*FAILED_ADD, *RESTARTED]
        assert {"route test", "write test", "system status"} <= set(outcome["proof"])
        assert pid(lab, LIBRARY) != before[LIBRARY]
        assert lab.post(LIBRARY, "/api/variables/write", {"variable": "MAIN.bOpsTest", "value": False, "plc_id": "plc_001"}).ok

    def test_a_breaker_that_lets_nothing_through_is_healed_by_a_restart(self, handed) -> None:
        lab, run, before = handed
        outcome = run.outcomes[BREAKER]
        assert (outcome["result"], outcome["finding"], outcome["actions"]) == ("HEALED", "plc.write_breaker_wedged", RESTARTED)
        assert pid(lab, BREAKER) != before[BREAKER]

    def test_it_is_one_incident_of_playbook_b(self, handed) -> None:
        lab, run, dummy = handed
        entries = lab.journal(LIBRARY)
        assert {(entry["incident"], entry["playbook"]) for entry in entries} == {(run.outcomes[LIBRARY]["incident"], "B")}
        assert [entry["event"] for entry in entries if entry["action"] == "restart_app"] == ["begin", "done"]

    def test_without_a_rung_that_may_be_climbed_a_person_has_to(self, handed) -> None:
        lab, run, before = handed
        outcome = run.outcomes[FORBIDDEN]
        assert (outcome["result"], outcome["finding"]) == ("UNRESOLVED", "plc.library_wedged")
        assert "not in restart_recovery_ladder" in run.lines[FORBIDDEN]
        assert pid(lab, FORBIDDEN) == before[FORBIDDEN]
