# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of one host, written with the steps of Playbook B; the link and the route are those of a plant."""

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import step
from ansible_collections.lineops.runbook.plugins.module_utils._step_entries import step_entries

HOST, FIRST, SECOND = "line3-hmi1", "line3-20261123T100000-line3-hmi1", "line3-20261123T110000-line3-hmi1"
NOW = "2026-11-23T12:00:00.000Z"
PLC = {
    "id": "plc_001", "route": {"name": "line3-hmi1"},
    "test_variable": {"name": "MAIN.bOpsTest", "type": "BOOL", "test_value": True, "rest_value": False},
}  # fmt: skip
#: What a step brings about on the plant.
REACHES = {"disconnect": ("link", "disconnected"), "connect": ("link", "connected"), "route": ("route", "present")}


class Course:
    """Entries, oldest first; each method adds what a run writes."""

    def __init__(self, link: str = "connected", route: str = "absent") -> None:
        self.entries: list[dict[str, t.Any]] = []
        self.plant = {"link": link, "route": route}
        self.incident, self.playbook = FIRST, "B"

    def add(self, *entries: t.Mapping[str, t.Any], **more: t.Any) -> Course:
        for entry in entries:
            number = len(self.entries)
            self.entries.append({
                "ts": f"2026-11-23T10:{number // 60:02}:{number % 60:02}.000Z", "incident": self.incident, "host": HOST,
                "runner": "shell-anna", "playbook": self.playbook, **entry, **more})  # fmt: skip
        return self

    def opened(self, incident: str = FIRST, **more: t.Any) -> Course:
        self.incident = incident
        return self.add({"phase": "open", "event": "opened"}, **more)

    def began(self, *names: str) -> Course:
        """Steps that were begun by a run that was killed then."""
        for name in names:
            self.add(*step_entries(step(name, PLC), "begin"))
        return self

    def did(self, *names: str, event: str = "done", **result: t.Any) -> Course:
        """Steps that were done, or failed, with what they found and what they reached."""
        for name in names:
            where, state = REACHES.get(name, ("", None))
            told = {"original": self.plant.get(where), "reached": state, "changed": self.plant.get(where) != state, **result}
            if where and event == "done":
                self.plant[where] = state
            self.began(name).add(*step_entries(step(name, PLC), event, told))
        return self

    def healed(self, *names: str) -> Course:
        return self.did(*(names or ("disconnect", "route", "connect", "write_test"))).ended("healed")

    def ended(self, event: str, **more: t.Any) -> Course:
        phase = "close" if event in ("healed", "healthy") else "escalate"
        return self.add({"phase": phase, "event": event, "finding": "plc.route_missing"}, **more)

    def undid(self, steps: t.Iterable[t.Mapping[str, t.Any]], incident: str = FIRST) -> Course:
        """What undo_incident writes when every step succeeds, and what it makes of the plant."""
        self.incident, before = incident, self.playbook
        self.playbook = "undo"
        changes = {"disconnect": ("link", "disconnected"), "connect": ("link", "connected"), "remove_route": ("route", "absent")}
        for one in steps:
            where, state = changes.get(one["name"], ("", None))
            told = {"original": self.plant.get(where), "reached": None if where == "route" else state}
            self.plant.update({where: state} if where else {})
            self.add(*step_entries(one, "begin")).add(*step_entries(one, "done", told))
        self.playbook = before
        return self
