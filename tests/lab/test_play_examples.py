# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every module, run as tasks against the lab; and what each module returns is what it documents."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from examples import COLLECTION, COLLECTIONS, MODULES, module, playbook, tasks_of
from plants import PlantLab
from runs import READABLE, Run

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

HOST = "line3-hmi1"
ANSIBLES_OWN = {"changed", "diff", "failed", "invocation", "msg", "warnings", "ansible_facts"}
_RESULT = re.compile(r"^(ok|changed|fatal): \[\S+\](?:: FAILED!)? => (\{.*\})$", re.MULTILINE)


class Tried:
    """All examples of all modules in one run."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        # Direct ADS needs the controller's own route (DESIGN §7.2): lineops_controller_ads.route would be "static".
        own = lab.plant.controller_ip
        lab.ask(HOST, "route_add", name="controller", ams_net_id=f"{own}.1.1", address=own)
        # The journal first: others read it.
        self.tasks = {name: tasks_of(name, lab, HOST) for name in sorted(MODULES, key=lambda name: name != "journal")}
        path = playbook(lab, "examples", HOST, [
            {**task, "ignore_errors": True} for tasks in self.tasks.values() for task in tasks])
        how = {"playbook": str(path), "environment": {**READABLE, **COLLECTIONS}}
        # First on a host on which most of them would change something, only looking.
        lab.fault(HOST, "plc-disconnected", "route-removed")
        before = lab.settings(HOST)
        self.check = lab.play("--check", "--diff", **how)
        self.changed_by_check = {key for key, value in lab.settings(HOST).items() if value != before[key]}
        put_right(lab)
        self.run: Run = lab.play("-v", **how)
        self.results: dict[str, list[dict[str, Any]]] = {}
        found = iter(_RESULT.findall(self.run.out))
        for name, tasks in self.tasks.items():
            self.results[name] = [
                {**json.loads(text), **({"failed": True} if kind == "fatal" else {})} for dummy, (kind, text) in zip(tasks, found)]


def put_right(lab: PlantLab) -> None:
    host = lab.host(HOST)
    lab.ask(HOST, "route_add", **host.route)
    body = {"ams_id": host.plc_net_id, "ams_port": 851, "ip_address": host.plc_ip}
    assert lab.post(HOST, "/api/plc/connect", body).ok


@pytest.fixture(scope="class")
def tried(new_lab) -> Tried:
    return Tried(new_lab(3, 1))


class TestExamples:
    """One class, one plant."""

    @pytest.mark.parametrize("name", MODULES)
    def test_every_example_works(self, tried: Tried, name: str) -> None:
        failures = {task["name"]: result["msg"] for task, result in zip(tried.tasks[name], tried.results[name])
                    if result.get("failed") or result.get("failure")}
        assert failures == {}

    @pytest.mark.parametrize("name", MODULES)
    def test_returns_what_it_documents(self, tried: Tried, name: str) -> None:
        documented = {key: value["returned"] for key, value in yaml.safe_load(module(name).RETURN).items()}
        always = {key for key, returned in documented.items() if returned == "always"}
        for task, result in zip(tried.tasks[name], tried.results[name], strict=True):
            if f"{COLLECTION}.{name}" not in task:
                continue
            assert always <= set(result)
            assert set(result) <= {*documented, *ANSIBLES_OWN}

    def test_check_mode_changes_nothing_and_says_what_it_would(self, tried: Tried) -> None:
        assert tried.changed_by_check == set()
        would = re.findall(r"^changed: \[", tried.check.out, re.MULTILINE)
        assert len(would) >= 2  # the route, the connection

    def test_plant_is_healthy_afterwards(self, tried: Tried) -> None:
        host = tried.lab.host(HOST)
        routes = tried.lab.observer.routes(host)
        assert routes.pop(f"{tried.lab.plant.controller_ip}.1.1") == tried.lab.plant.controller_ip
        assert routes == {SUPERVISOR_NET_ID: SUPERVISOR_IP}
        assert tried.lab.observer.value(host) is False
        body = {"plc_ams_net_id": host.plc_net_id, "plc_ip": host.plc_ip, "ams_port": 851}
        assert tried.lab.post(HOST, "/api/plc/ads/route/test", body).ok
