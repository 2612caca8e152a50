# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plant heals with nobody typing: a lost route, a dead supervisor. What may not be done by itself is escalated, not tried again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plants import PlantLab, until
from rulebooks import SHIPPED, running
from test_play_rails import leased
from truth import flag

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID
from lab.processes import REPOSITORY

ROUTE, DEAD, ALONE, USED_UP, HELD = HOSTS = tuple(f"line{number}-hmi1" for number in range(1, 6))
CONNECT, BUTTON = "POST /api/plc/connect", {"variable": "MAIN.bOpsTest", "value": False, "plc_id": "plc_001"}
VARIABLES = {"lineops_interval": 1, "lineops_debounce": 2, "lineops_flaps": 2, "lineops_heartbeat": 1}
#: What an orchestrator with a command of its own does: it starts the supervisor that ended.
ORCHESTRATOR = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
os.environ["HOME"] = sys.argv[2]  # what it starts is no process of the rulebook
from lab.plant import Plant
from lab.start import start_supervisor
from lab.waiting import Watch
plant = Plant.load(Path(sys.argv[2]))
start_supervisor(plant, next(host for host in plant.hosts if host.name == sys.argv[3]), Watch())
"""


class Plant:
    """Five lines of one host, each broken differently, and the rules that look after them."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        self.inventory = lab.variant(self._change)
        lab.fault(USED_UP, "plc-disconnected")
        self.by_hand = lab.play(limit=USED_UP, inventory=self.inventory)
        with running(lab.base / "rules", str(self._with_short_throttle()), self.inventory, VARIABLES) as self.book:
            self.start = self.book.until_told(kind="heartbeat")
            self._break()
            self._wait()
            self.connects = self.connected()
            self.routes = lab.observer.routes(lab.host(ROUTE))
            self.flapping = self._flap()
            self.connects_after = self.connected()
        self.run = self.book.run.finish()
        lab.assert_no_secret(self.run)

    def _change(self, groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        hosts = {name: variables for group in groups.values() for name, variables in group["hosts"].items()}
        for variables in hosts.values():
            variables["lineops_cameras"] = []  # they do not stream here
        script = self.lab.base / "orchestrator.py"
        script.write_text(ORCHESTRATOR, encoding="utf-8")
        hosts[DEAD]["lineops_restart_command"] = [sys.executable, str(script), str(REPOSITORY), str(self.lab.plant.folder), DEAD]
        hosts[ALONE]["lineops_host_access"] = False
        hosts[USED_UP]["lineops_budget"] = {"limit": 1}

    def _with_short_throttle(self) -> Path:
        """The shipped rulebook, but that a test cannot wait ten minutes until a rule may fire again."""
        text = (SHIPPED / "recovery.yml").read_text(encoding="utf-8")
        assert text.count("once_within: 10 minutes") == 4
        path = self.lab.base / "recovery.yml"
        path.write_text(text.replace("10 minutes", "1 second"), encoding="utf-8")
        return path

    def _break(self) -> None:
        self.lab.fault(ROUTE, "route-removed")
        self.lab.fault(DEAD, "supervisor-killed")
        self.lab.fault(ALONE, "plc-disconnected")
        self.lab.fault(USED_UP, "plc-disconnected")
        # Somebody else is at work on this one.
        leased(1800)(self.lab, HELD)
        self.lab.fault(HELD, "plc-disconnected")
        # Somebody presses a button at line 1, and nothing happens.
        assert not self.lab.post(ROUTE, "/api/variables/write", BUTTON).ok

    def _wait(self) -> None:
        for name in (ROUTE, DEAD):
            until(lambda name=name: self.ended(name) == "healed", f"{name} is healed")
        for ending in (f"{ALONE}: REFUSED", f"{HELD}: BUSY"):
            self.book.until_shown(ending)
        until(lambda: self.ended(USED_UP) == "refused", f"{USED_UP} is left to a person")

    def _flap(self) -> dict[str, Any]:
        """Line 1 loses its PLC again, as soon as it counts as well."""
        self.book.until_told(kind="change", host=ROUTE, subject="plc", state="ok")
        self.lab.fault(ROUTE, "plc-disconnected")
        told = self.book.until_told(kind="change", host=ROUTE, state="flapping")
        until(lambda: self.ended(ROUTE) == "refused", f"{ROUTE} is left to a person")
        return told

    def ended(self, name: str) -> str:
        """How the last run on a host ended, by its journal; nothing while one is under way."""
        entries = self.lab.journal(name)
        last = entries[-1] if entries else {}
        return last.get("event", "") if last.get("phase") in ("close", "escalate") else ""

    def connected(self) -> dict[str, int]:
        """How often each PLC was connected."""
        return {name: self.lab.calls(name).count(CONNECT) for name in HOSTS if name != DEAD}

    def runners(self, name: str) -> set[str]:
        """Who is in a host's journal."""
        return {entry["runner"] for entry in self.lab.journal(name)}


@pytest.fixture(scope="class")
def plant(new_lab: Callable[..., PlantLab]) -> Plant:
    return Plant(new_lab(5, 1))


class TestRecovery:
    """One class, one plant."""

    def test_the_watch_begins_with_all_hosts(self, plant: Plant) -> None:
        assert plant.start["hosts"] == len(HOSTS) and plant.start["not_watched"] == {}

    def test_a_lost_route_heals(self, plant: Plant) -> None:
        assert plant.routes == {SUPERVISOR_NET_ID: SUPERVISOR_IP}
        assert "eda-plc-failed" in plant.runners(ROUTE)
        (event, *dummy) = plant.book.events(kind="change", host=ROUTE)
        assert (event["subject"], event["state"], event["signal"]) == ("plc", "failed", "plc.writes_fail")

    def test_a_dead_supervisor_heals(self, plant: Plant) -> None:
        assert flag(plant.lab.host(DEAD))
        assert plant.runners(DEAD) == {"eda-supervisor-failed"}
        assert [event["signal"] for event in plant.book.events(kind="change", host=DEAD)][:1] == ["supervisor.unreachable"]

    def test_a_host_without_shared_state_is_refused_and_untouched(self, plant: Plant) -> None:
        assert plant.connects[ALONE] == 0 and not flag(plant.lab.host(ALONE))
        assert "no shared state" in plant.run.out and plant.lab.journal(ALONE) == []

    def test_a_host_that_another_run_holds_is_left_alone(self, plant: Plant) -> None:
        assert plant.connects_after[HELD] == 0 and not flag(plant.lab.host(HELD)) and plant.lab.journal(HELD) == []

    def test_a_used_up_budget_ends_in_escalation(self, plant: Plant) -> None:
        assert plant.by_hand.outcomes[USED_UP]["result"] == "HEALED"
        assert plant.connects[USED_UP] == 1 and not flag(plant.lab.host(USED_UP))
        last = plant.lab.journal(USED_UP)[-1]
        assert (last["phase"], last["details"]["level"]) == ("escalate", "L2") and last["runner"] == "eda-plc-failed"

    def test_flapping_ends_in_escalation_and_not_in_a_loop(self, plant: Plant) -> None:
        assert plant.flapping["previous"] == "ok"
        assert plant.connects_after == plant.connects
        last = plant.lab.journal(ROUTE)[-1]
        assert (last["phase"], last["details"]["level"]) == ("escalate", "L2") and last["runner"] == "eda-flapping"
        assert f"{ROUTE}: plc fails again and again." in plant.run.out

    def test_each_run_was_for_one_host(self, plant: Plant) -> None:
        scopes = [entry["details"]["scope"] for name in HOSTS for entry in plant.lab.journal(name) if entry["event"] == "opened"]
        assert len(scopes) >= 5 and all(len(scope) == 1 for scope in scopes)
