# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC's own list, changed many times, and looked at by two controllers at once; truth is read by a client not ours."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from examples import module
from plants import PATIENCE_S, PlantLab

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID
from lab.plc.behaviour import OLDER
from lab.processes import REPOSITORY

HOST, RUNS, LOOKS = "line1-hmi1", 50, 100
#: A controller: looks many times, and prints each wrong answer.
CONTROLLER = """
import json, sys
from ansible_collections.lineops.runbook.plugins.modules import ads_probe, ads_route_info
task, looks, expected = json.loads(sys.argv[1])
for number in range(looks):
    told = ads_route_info.run(task, False)
    if sorted(route["ams_net_id"] for route in told["routes"] or []) != expected:
        print("list:", told)
    told = ads_probe.run({**task, "symbols": ["MAIN.bOpsTest"], "interlock": None, "udp_timeout": 5.0}, False)
    if (told["probe"]["outcome"], told["states"]["runtime"], told["symbols"]) != ("ok", "RUN", {"MAIN.bOpsTest": True}):
        print("probe:", told)
print("done")
"""

#: A controller: presents and absents at random, and prints each result that is not as wanted; at last what it declared.
#: The route "shared" is everybody's: whoever comes first, it is there, and then gone.
CHANGER = """
import json, random, sys
from ansible_collections.lineops.runbook.plugins.modules import ads_route
task, runs, number = json.loads(sys.argv[1])
chance, declared = random.Random(number), {}
for turn in range(runs):
    who = chance.randrange(4)
    mine = {"route_name": f"hmi{number}{who}", "local_ams_net_id": f"10.3{number}.0.{who + 1}.1.1",
            "local_ip": f"10.3{number}.{chance.randrange(2)}.{who + 1}", "state": chance.choice(["present", "present", "absent"])}
    shared = {"route_name": "shared", "local_ams_net_id": "10.39.0.1.1.1", "local_ip": "10.39.0.1", "state": ["present", "absent"][turn % 2]}
    before = declared.pop(mine["local_ams_net_id"], None)
    if mine["state"] == "present":
        declared[mine["local_ams_net_id"]] = mine["local_ip"]
    result = ads_route.run({**task, **mine}, False)
    if (result["changed"], result["verified"]) != (before != declared.get(mine["local_ams_net_id"]), True):
        print(turn, mine, result)
    try:
        ads_route.run({**task, **shared}, False)
    except ads_route.LineopsError as error:
        if error.code not in ("route.not_taken", "route.not_deleted"):  # the other one has just done the opposite
            print(turn, shared, error)
print(json.dumps(declared))
"""


@pytest.fixture(scope="class")
def lab(new_lab) -> PlantLab:
    """One host; the controllers have their routes in its PLC."""
    plant = new_lab(1, 1)
    for number, address in enumerate(controllers(plant)):
        plant.ask(HOST, "route_add", name=f"controller{number}", ams_net_id=f"{address}.1.1", address=address)
    return plant


def controllers(lab: PlantLab) -> tuple[str, str]:
    """Addresses of two controllers."""
    return lab.plant.controller_ip, f"127.{lab.plant.block}.0.6"


def task(lab: PlantLab, address: str) -> dict[str, Any]:
    """The arguments that the modules share."""
    host = lab.host(HOST)
    return {
        "plc_id": "plc_001", "ip_address": host.plc_ip, "ams_net_id": host.plc_net_id, "ams_port": 851, "controller_ip": address,
        "controller_ams_net_id": f"{address}.1.1", "connect_timeout": PATIENCE_S, "ads_timeout": PATIENCE_S,
    }


def look_at_once(lab: PlantLab, temporary: dict[str, Path]) -> list[str]:
    """Controllers that look at the same time, each with its folder for locks; returns what they printed."""
    expected = sorted([SUPERVISOR_NET_ID, lab.observer.net_id, *(f"{address}.1.1" for address in controllers(lab))])
    return at_once(CONTROLLER, [
        (folder, [task(lab, name.partition(" ")[0]), LOOKS, expected]) for name, folder in temporary.items()])


def at_once(program: str, given: list[tuple[Path, Any]]) -> list[str]:
    """Run a program for each folder for locks with its arguments, all at the same time; returns what they printed."""
    running = []
    for folder, values in given:
        folder.mkdir(exist_ok=True)
        running.append(subprocess.Popen(
            [sys.executable, "-c", program, json.dumps(values)], stdout=subprocess.PIPE, text=True,
            env={"PYTHONPATH": str(REPOSITORY / "playbooks/collections"), "TMPDIR": str(folder)}))
    try:
        return [process.communicate(timeout=4 * PATIENCE_S)[0] for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


class TestList:
    """One class, one plant."""

    def test_two_tasks_of_one_address_wait_for_each_other(self, lab: PlantLab, tmp_path: Path) -> None:
        """A router ends the older of two connections of one address (ADS_FACTS §5): without the lock, answers get lost."""
        address = controllers(lab)[0]
        assert look_at_once(lab, {f"{address} a": tmp_path / "same", f"{address} b": tmp_path / "same"}) == ["done\n"] * 2

    def test_two_controllers_do_not_disturb_each_other(self, lab: PlantLab, tmp_path: Path) -> None:
        """On machines of their own they have no lock in common, and need none: each has its own address."""
        one, other = controllers(lab)
        assert look_at_once(lab, {one: tmp_path / "one", other: tmp_path / "other"}) == ["done\n"] * 2

    def test_two_controllers_that_change_the_list_at_once_leave_what_both_declared(self, lab: PlantLab, tmp_path: Path) -> None:
        """A list is read entry by entry: while another controller deletes, one may be passed over."""
        options = {"via": "direct", "temporary": False, "replace_conflicting": False, "plc_username": None, "plc_password": None, "keep": []}
        told = at_once(CHANGER, [
            (tmp_path / str(number), [{**task(lab, address), **options}, RUNS, number])
            for number, address in enumerate(controllers(lab))])
        assert [text.count("\n") for text in told] == [1, 1], told
        declared = {net_id: address for text in told for net_id, address in json.loads(text).items()}
        standing = {f"{address}.1.1": address for address in controllers(lab)} | {SUPERVISOR_NET_ID: SUPERVISOR_IP}
        assert declared and lab.observer.routes(lab.host(HOST)) == {**standing, **declared}
        for route in lab.ask(HOST, "routes")["routes"]:
            if route["ams_net_id"] in declared:
                lab.ask(HOST, "route_remove", name=route["name"])

    @pytest.mark.parametrize("older", OLDER)
    def test_a_controller_corrects_the_route_it_stands_on(self, lab: PlantLab, older: str) -> None:
        """Whatever an add makes of the older entry; with a wrong password the route is still there, as it was."""
        ads_route, address, line = module("ads_route"), controllers(lab)[0], lab.plant.line("line1")
        common = {**task(lab, address), "via": "direct", "state": "present", "replace_conflicting": False, "local_ip": address,
                  "local_ams_net_id": f"{address}.1.1", "plc_username": line.plc_username}
        before = lab.ask(HOST, "routes")["routes"]
        lab.ask(HOST, "behave", older=older)
        # Another name, the same name but temporary, and back.
        for name, temporary in (("renamed", False), ("renamed", True), ("controller0", False)):
            wanted = {**common, "route_name": name, "temporary": temporary}
            listed = lab.ask(HOST, "routes")["routes"]
            with pytest.raises(ads_route.LineopsError) as caught:
                ads_route.run({**wanted, "plc_password": "wrong"}, False)
            assert (caught.value.code, caught.value.details["result"]["changed"]) == ("route.refused", False)
            assert lab.ask(HOST, "routes")["routes"] == listed
            result = ads_route.run({**wanted, "plc_password": line.plc_password}, False)
            assert (result["changed"], result["verified"], result["conflicts"]) == (True, True, [])
            mine = [route for route in lab.ask(HOST, "routes")["routes"] if route["ams_net_id"] == f"{address}.1.1"]
            assert [(route["name"], route["temporary"]) for route in mine] == [(name, temporary)]
        lab.ask(HOST, "behave", older=OLDER[0])
        assert sorted(route["name"] for route in lab.ask(HOST, "routes")["routes"]) == sorted(route["name"] for route in before)

    def test_random_presents_and_absents_leave_the_list_as_declared(self, lab: PlantLab) -> None:
        ads_route = module("ads_route")
        chance, declared = random.Random(3), {}
        standing = {f"{address}.1.1": address for address in controllers(lab)} | {SUPERVISOR_NET_ID: SUPERVISOR_IP}
        for number in range(RUNS):
            who = chance.randrange(5)
            net_id, name = f"10.30.0.{who + 1}.1.1", f"hmi{who}"
            wanted = {**task(lab, controllers(lab)[0]), "via": "direct", "local_ams_net_id": net_id, "replace_conflicting": False,
                      "plc_username": None, "plc_password": None, "keep": [], "temporary": chance.random() < 0.5,
                      "state": chance.choice(["present", "present", "absent"]), "route_name": name, "local_ip": None}
            before = declared.pop(net_id, None)
            if wanted["state"] == "present":
                wanted["local_ip"] = f"10.30.{chance.randrange(2)}.{who + 1}"
                declared[net_id] = wanted["local_ip"], wanted["temporary"]
            result = ads_route.run(wanted, False)
            assert (result["changed"], result["verified"]) == (before != declared.get(net_id), True), (number, wanted, result)
            assert ads_route.run(wanted, False)["changed"] is False
        assert lab.observer.routes(lab.host(HOST)) == {**standing, **{net_id: address for net_id, (address, dummy) in declared.items()}}
        found = {route["ams_net_id"]: route["temporary"] for route in lab.ask(HOST, "routes")["routes"]}
        assert {net_id: found[net_id] for net_id in declared} == {net_id: temporary for net_id, (dummy, temporary) in declared.items()}
