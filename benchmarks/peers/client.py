# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same job as a small Python program with requests: ``client.py INVENTORY GROUP [--figures FILE]``.

Every host of the group in a thread of its own. Prints a line per host; exit 0 if all are well at the end, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import yaml

TIMEOUT_S = 15


class Supervisor:
    """Calls to one supervisor; adds up how many they are and how long it takes to answer."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.calls, self.seconds = 0, 0.0
        self.session = requests.Session()
        self.session.headers["X-API-Key"] = key

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, may_fail: bool = False) -> dict[str, Any]:
        """Make one call and return its answer; HTTPError unless it is a good one or may fail."""
        answer = self.session.request(method, f"{self.url}/api/{path}", json=body, timeout=TIMEOUT_S)
        self.calls += 1
        self.seconds += answer.elapsed.total_seconds()
        if not may_fail:
            answer.raise_for_status()
        return answer.json()


def recover(supervisor: Supervisor, plc: dict[str, Any], secrets: dict[str, str]) -> str:
    """Look, bring the route back if it is gone, prove it, and say what was done."""
    target = {"plc_ams_net_id": plc["ams_net_id"], "plc_ip": plc["ip_address"], "ams_port": plc["ams_port"]}

    def test(may_fail: bool = True) -> bool:
        return bool(supervisor.call("POST", "plc/ads/route/test", target, may_fail)["success"])

    def write(value: Any) -> None:
        supervisor.call("POST", "variables/write", {
            "plc_id": plc["id"], "variable": plc["test_variable"]["name"], "value": value})

    connected = supervisor.call("GET", "system/status")["plc"]["connected"]
    supervisor.call("GET", "plc/ads/route/status")
    supervisor.call("GET", "plc/config")
    done = "nothing to do"
    if not (test() and connected):
        done = "recovered"
        supervisor.call("POST", "plc/disconnect", {})
        if not test():
            supervisor.call("POST", "plc/ads/route/add", {
                "plc_ams_net_id": plc["ams_net_id"], "plc_ip": plc["ip_address"],
                "local_ams_net_id": plc["route"]["local_ams_net_id"], "local_ip": plc["route"]["local_ip"],
                "route_name": plc["route"]["name"],
                "username": secrets["plc_username"], "password": secrets["plc_password"]})
        test(may_fail=False)
        supervisor.call("POST", "plc/connect", {
            "ams_id": plc["ams_net_id"], "runtime_type": plc["runtime_type"], "ams_port": plc["ams_port"],
            "ip_address": plc["ip_address"]})
    try:
        write(plc["test_variable"]["test_value"])
    finally:
        write(plc["test_variable"]["rest_value"])
    if not supervisor.call("GET", "system/status")["plc"]["connected"]:
        raise ValueError("the supervisor says disconnected")
    return done


def main() -> int:
    """Do it for every host of a group."""
    parser = argparse.ArgumentParser(description="gets the PLC connection of a group of hosts back")
    parser.add_argument("inventory", type=Path)
    parser.add_argument("group")
    parser.add_argument("--figures", type=Path, help="write calls and answer times there")
    arguments = parser.parse_args()
    group = yaml.safe_load((arguments.inventory / "hosts.yml").read_text(encoding="utf-8"))[arguments.group]
    all_secrets = yaml.safe_load((arguments.inventory / "group_vars/all/secrets.yml").read_text(encoding="utf-8"))
    secrets = all_secrets["lineops_secrets"][group["vars"]["lineops_line"]]
    supervisors = {
        name: Supervisor(variables["lineops_supervisor_url"], secrets["operator_key"])
        for name, variables in group["hosts"].items()
    }

    def work(name: str) -> bool:
        plc = next(plc for plc in group["hosts"][name]["lineops_plcs"] if plc["active"])
        try:
            print(f"{name}: {recover(supervisors[name], plc, secrets)}")
        except (requests.RequestException, ValueError, KeyError) as error:
            print(f"{name}: FAILED: {error}")
            return False
        return True

    with ThreadPoolExecutor(len(supervisors)) as pool:
        well = list(pool.map(work, supervisors))
    if arguments.figures:
        hosts = {name: {"tasks": 1, "calls": supervisor.calls, "supervisor_s": supervisor.seconds}
                 for name, supervisor in supervisors.items()}
        arguments.figures.write_text(json.dumps({"hosts": hosts, "pause_s": 0}), encoding="utf-8")
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
