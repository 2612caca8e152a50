# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents as the journal has them, made with the diagnosis and the plan that the playbooks use."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

from ansible_collections.lineops.runbook.plugins.module_utils._journal import GENESIS, hash_of
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import plan, step
from ansible_collections.lineops.runbook.plugins.module_utils._step_entries import step_entries

PLC = {
    "id": "plc_001",
    "name": "Press",
    "ip_address": "10.30.0.21",
    "ams_net_id": "10.30.0.21.1.1",
    "ams_port": 851,
    "route": {"name": "line3-hmi1"},
    "test_variable": {"name": "MAIN.bOpsTest", "rest_value": False},
    "namespaces": [{"name": "GVL", "probe_variable": "GVL.bOpsTest", "test_value": True, "rest_value": False}],
}
BEGUN = datetime(2026, 11, 24, 2, 13, 24, tzinfo=timezone.utc)
CONTACTS = {
    "L1": "Operations, shift phone 100",
    "L2": "Development, on call 200",
    "L3": "Architecture and owner, plant manager 300",
}
RUNNER = "awx-4711"
CLOSED = {
    "ticket": "OPS-1204",
    "reproduction": "Delete the route of line3-hmi1 in TwinCAT XAE, then read a variable.",
    "countermeasure": "Playbook B added the route again.",
    "monitoring_gap": {"none": "the alert came within a minute"},
    "issue": {"ref": "PLC-77", "priority": "high"},
    "postmortem": {"type": "runbook", "ref": "docs/routes.md"},
}


def at(seconds: float, begun: datetime = BEGUN) -> str:
    """A time as the journal writes it."""
    return (begun + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Incident:
    """The entries of one incident; each method adds what a playbook writes in that phase."""

    def __init__(
        self,
        host: str = "line3-hmi1",
        line: str = "line3",
        begun: datetime = BEGUN,
        playbook: str = "B",
        language: str = "en",
    ) -> None:
        self.host, self.line, self.begun, self.playbook, self.language = host, line, begun, playbook, language
        self.name = f"{line}-{begun:%Y%m%dT%H%M%S}-{host}"
        self.runner, self.run = RUNNER, "run-1"
        self.now = 0.0
        self.entries: list[dict[str, t.Any]] = []

    def add(self, after: float, phase: t.Any, event: t.Any, **fields: t.Any) -> Incident:
        """Add an entry some seconds later; None of the journal's fields is left out, as in the journal."""
        self.now += after
        self.entries.append(
            {
                "v": 1,
                "ts": at(self.now, self.begun),
                "incident": self.name,
                "run": self.run,
                "runner": self.runner,
                "host": self.host,
                "line": self.line,
                "playbook": self.playbook,
                "phase": phase,
                "event": event,
                **fields,
            }
        )
        return self

    def opened(self) -> Incident:
        self.add(0.0, "open", "opened", details={"scope": [self.host], "playbook": self.playbook, "check": False})
        return self.add(
            4.2,
            "observe",
            "evidence",
            details={
                "archive": f"/var/lib/lineops/evidence/{self.name}-{self.host}.tar.gz",
                "sha256": "5e1f" * 16,
                "files": 14,
                "not_collected": ["unit journal (no permission)"],
            },
        )

    def found(self, test: str = "timeout elapsed (1861)", udp: str = "answers", **more: t.Any) -> Incident:
        """Name the finding: the PLC is disconnected and the route test fails like this."""
        evidence = {
            "supervisor": {
                "status": {"plc_connected": False},
                "observed_from": "controller awx-1",
                "observed_at": at(self.now - 3, self.begun),
            },
            "probe": {
                "probe": {"outcome": "closed"},
                "identity": {"outcome": udp, "ams_net_id": PLC["ams_net_id"]},
                "observed_from": "controller 10.30.0.5",
                "observed_at": at(self.now - 1.5, self.begun),
            },
            "route_test": {
                "success": False,
                "error": test,
                "observed_from": "the supervisor itself",
                "at": at(self.now - 2, self.begun),
            },
            "host": {
                "plc": {"tcp": "none", "identity": {"outcome": "answers"}},
                "observed_from": f"host {self.host}",
                "observed_at": at(self.now - 1, self.begun),
            },
            "wanted": PLC,
            **more,
        }
        return self.finding(diagnose(evidence, plc="Press", host=self.host, language=self.language))

    def finding(self, finding: t.Mapping[str, t.Any]) -> Incident:
        """Write a diagnosis down."""
        self.diagnosis = finding
        names = ("rule", "owner", "next_step", "verdict", "evidence", "counter_checks", "also")
        details = {
            **{name: finding[name] for name in names},
            "refuted": [fallen["code"] for fallen in finding["refuted"]],
        }
        return self.add(
            1.1,
            "diagnose",
            "finding",
            finding=finding["code"],
            severity=finding["severity"],
            message=finding["sentence"],
            plc=PLC["id"],
            details=details,
        )

    def planned(self) -> Incident:
        steps = [{"name": one["name"], "title": one["title"]} for one in plan(self.diagnosis, PLC)]
        return self.add(0.1, "plan", "planned", details={"steps": steps})

    def begin(self, name: str) -> Incident:
        for entry in step_entries(step(name, PLC), "begin"):
            self.add(0.1, entry.pop("phase"), entry.pop("event"), **entry)
        return self

    def done(
        self,
        name: str,
        seconds: float,
        original: t.Any = None,
        reached: t.Any = None,
        event: str = "done",
        msg: str = "",
    ) -> Incident:
        for entry in step_entries(
            step(name, PLC), event, {"original": original, "latency_s": seconds, "msg": msg or None}
        ):
            entry["reached"] = reached
            self.add(seconds, entry.pop("phase"), entry.pop("event"), **entry)
        return self

    def acted(self, name: str, seconds: float, original: t.Any = None, reached: t.Any = None) -> Incident:
        return self.begin(name).done(name, seconds, original, reached)

    def healed_by_route(self) -> Incident:
        """All steps of Playbook B for a missing route."""
        return (
            self.planned()
            .acted("disconnect", 0.3, "connected", "disconnected")
            .acted("route", 2.4, "absent", "present")
            .acted("connect", 1.9, "disconnected", "connected")
            .acted("write_test", 0.8, None, False)
            .acted("namespaces", 0.7, None, False)
        )

    def verified(self) -> Incident:
        signals = {"flag": "connected", "test": "ok", "write": "ok"}
        return self.add(5.3, "verify", "verified", details={"proof": ["route test", "write test"], "signals": signals})

    def ended(self, result: str, finding: str = "", **details: t.Any) -> Incident:
        resolved = result in ("healthy", "healed")
        return self.add(
            0.1,
            "close" if resolved else "escalate",
            result,
            finding=finding or self.diagnosis["code"],
            severity=self.diagnosis["severity"],
            message=self.diagnosis["sentence"],
            latency_s=round(self.now + 0.1, 3),
            details=details or None,
        )

    def closed(self, after: float = 30000.0, **items: t.Any) -> Incident:
        return self.add(after, "close", "closed", details={**CLOSED, **items})


def healed(**where: t.Any) -> Incident:
    """The route was missing; all five steps were done and proven."""
    return Incident(**where).opened().found().healed_by_route().verified().ended("healed")


def escalated(**where: t.Any) -> Incident:
    """The PLC's router refuses connections: nothing here can heal that."""
    incident = (
        Incident(**where)
        .opened()
        .found(
            "blocked (6)",
            probe={"probe": {"outcome": "refused"}, "observed_from": "controller 10.30.0.5", "observed_at": at(3.6)},
        )
    )
    finding = incident.diagnosis
    return incident.ended(
        "unresolved", level=finding["owner"], contact=CONTACTS[finding["owner"]], next_step=finding["next_step"]
    )


def interrupted(**where: t.Any) -> Incident:
    """The run ended in the middle of the write test."""
    incident = Incident(**where).opened().found().planned()
    return (
        incident.acted("disconnect", 0.3, "connected", "disconnected")
        .acted("route", 2.4, "absent", "present")
        .acted("connect", 1.9, "disconnected", "connected")
        .begin("write_test")
    )


def refused(**where: t.Any) -> Incident:
    """Someone works on the line."""
    incident = Incident(**where).opened().found().planned()
    incident.add(
        0.1,
        "plan",
        "refused",
        action="disconnect",
        target="plc:plc_001",
        message="lineops_freeze: true",
        details={"guard": "freeze", "code": "guard.freeze"},
    )
    return incident.ended("refused", level="L1", contact=CONTACTS["L1"], next_step=incident.diagnosis["next_step"])


def healthy(**where: t.Any) -> Incident:
    """Nothing was wrong."""
    incident = Incident(**where).opened()
    good = {
        "supervisor": {"status": {"plc_connected": True}},
        "route_test": {"success": True},
        "done": {"write_test": {"proven": True}},
    }
    return (
        incident.finding(diagnose(good, plc="Press", host=incident.host, language=incident.language))
        .verified()
        .ended("healthy")
    )


def taken_over(**where: t.Any) -> Incident:
    """An interrupted run whose lease ran out; another one finished it three hours later."""
    incident = interrupted(**where)
    last = incident.entries[-1]["ts"]
    incident.runner, incident.run = "shell-anna", "run-2"
    incident.add(10800.0, "open", "continued", details={"from": RUNNER, "since": last})
    incident.done("write_test", 0.8, None, False, event="undone")
    return incident.found().acted("write_test", 0.8, None, False).verified().ended("healed")


def night() -> list[dict[str, t.Any]]:
    """A night on a plant of four lines."""

    def when(hour: float, minute: int = 0) -> datetime:
        return datetime(2026, 11, 23, 17, tzinfo=timezone.utc) + timedelta(hours=hour, minutes=minute)

    incidents = [
        healed(begun=when(-20)),
        healed(begun=when(1, 3)),
        healed(begun=when(3)).closed(7200.0),
        escalated(host="line2-hmi2", line="line2", begun=when(2, 30)),
        refused(host="line2-hmi1", line="line2", begun=when(4)),
        interrupted(host="line10-hmi1", line="line10", begun=when(5)),
        taken_over(host="line10-hmi2", line="line10", begun=when(6)),
        escalated(host="line3-hmi2", begun=when(7)),
        healthy(host="line3-hmi2", begun=when(9)),
        healthy(host="line1-hmi1", line="line1", begun=when(-9)),
    ]
    return sorted((entry for incident in incidents for entry in incident.entries), key=lambda entry: entry["ts"])


def chained(entries: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The entries with the hashes that the journal gives them."""
    previous, lines = GENESIS, []
    for entry in entries:
        line = {**entry, "prev": previous}
        line["hash"] = previous = hash_of(line)
        lines.append(line)
    return lines
