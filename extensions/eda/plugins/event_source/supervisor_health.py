# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source: tells when a supervisor, its PLC link or its camera streams fail, and when they are well again."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Watch any number of supervisors
description:
  - Looks at all supervisors of an inventory again and again, and tells what changed. See C(docs/eda.md).
  - It only reads. It needs no key, sends none, follows no redirect and uses no proxy.
  - Each host has three subjects. C(supervisor) failed is for Playbook C, C(plc) failed for Playbook B, C(streams) failed
    for Playbook A. The PLC and the streams of a supervisor that does not answer are not judged.
  - A PLC counts as failed when the supervisor says that it is disconnected, or that writes to it fail. That a route is lost
    is seen with the first write that fails; a route test at each look would block the supervisor where a PLC is silent.
  - A stream counts as failed when its playlist stands still, whatever the supervisor says of it.
  - A state counts when O(debounce) looks in a row have seen it, and is then told once. A failure that stays is told again
    after O(remind) seconds, at most O(reminders) times.
  - What fails for the O(flaps)th time within O(flap_window) seconds is C(flapping) until it has been well for that long.
  - A supervisor that does not answer is looked at less and less often, up to every O(max_interval) seconds.
  - Events hold no text of the plant. Hosts and cameras whose names hold other characters than letters, digits, dots and
    dashes are not told.
options:
  inventory:
    description:
      - Inventory to watch, as C(ansible-playbook -i) takes it. It is read once, at the start.
      - Without it and without O(hosts), that of the environment variable C(ANSIBLE_INVENTORY).
    type: str
  limit:
    description: Lines or hosts of the inventory to watch, as C(ansible-playbook -l) takes them.
    type: str
    default: all
  hosts:
    description:
      - Supervisors to watch without an inventory. Each has C(host), C(line), C(url), and C(cameras) and C(plcs) as
        C(lineops_cameras) and C(lineops_plcs) have them.
    type: list
    elements: dict
  interval:
    description: Seconds between two looks at a supervisor. Its answers are cached for one second.
    type: float
    default: 10
  max_interval:
    description: Seconds between two looks at a supervisor that does not answer, at most.
    type: float
    default: 60
  debounce:
    description: Looks in a row that must agree before a state counts.
    type: int
    default: 3
  flaps:
    description: Failures within O(flap_window) that make a subject flap.
    type: int
    default: 3
  flap_window:
    description: Seconds within which failures are counted.
    type: float
    default: 3600
  remind:
    description: Seconds after which a failure that stays is told again.
    type: float
    default: 900
  reminders:
    description: How often a failure is told again.
    type: int
    default: 3
  heartbeat:
    description: Seconds between two events of kind C(heartbeat), which say how all hosts are.
    type: float
    default: 300
  connect_timeout:
    description: Seconds to wait for the TCP connection to a supervisor.
    type: float
    default: 2
  read_timeout:
    description: Seconds to wait for one whole answer.
    type: float
    default: 5
  look_timeout:
    description: Seconds for all calls of one look.
    type: float
    default: 20
  threads:
    description: How many supervisors are asked at a time.
    type: int
    default: 32
  validate_certs:
    description: Whether to check the certificates of https addresses.
    type: bool
    default: true
"""

EXAMPLES = r"""
- lineops.runbook.supervisor_health:
    inventory: /etc/lineops/inventory
    limit: line3

- lineops.runbook.supervisor_health:
    hosts:
      - host: line3-hmi1
        line: line3
        url: http://10.30.3.11:5000
        cameras: [{id: cam1, type: rtsp, core: true}]
"""

_PACKAGE = "lineops_runbook_utils"
#: What of a host's variables the watch needs; none of them is a secret. A url that cannot be evaluated must not look like none.
_WANTED = {
    "host": "{{ inventory_hostname }}",
    "line": "{{ lineops_line | default('') }}",
    "url": "{{ lookup('ansible.builtin.vars', 'lineops_supervisor_url', default='') }}",
    "run_from": "{{ lineops_run_from | default('controller') }}",
    "cameras": "{{ lineops_cameras | default([], true) }}",
    "plcs": "{{ lineops_plcs | default([], true) }}",
}


def _own(name: str) -> Any:
    """Import one of the collection's module_utils: ansible-rulebook runs a source as a file and knows no collections."""
    if _PACKAGE not in sys.modules:
        package = types.ModuleType(_PACKAGE)
        package.__path__ = [str(Path(__file__).resolve().parents[4] / "plugins" / "module_utils")]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")


def _of_inventory(inventory: str, limit: str) -> list[dict[str, Any]]:
    """Return the entries of an inventory's hosts, read by Ansible itself, with its plugins, vaults and templates."""
    ansible_runner = importlib.import_module("ansible_runner")
    error = _own("_errors").LineopsError
    if not os.path.exists(inventory):
        raise error("watch.inventory", f"There is no inventory {inventory!r}. Give its path, or set ANSIBLE_INVENTORY.")
    play = {"hosts": limit, "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": _WANTED}}]}
    with tempfile.TemporaryDirectory(prefix="lineops") as folder:
        done = ansible_runner.run(
            private_data_dir=folder, inventory=os.path.abspath(inventory), playbook=[play], quiet=True, settings={"suppress_env_files": True})
        results = [event["event_data"] for event in done.events if event["event"] in ("runner_on_ok", "runner_on_failed")]
        said = done.stdout.read().strip().splitlines()
    if not results:
        words = next((line for line in reversed(said) if "ERROR" in line), said[-1] if said else f"status {done.status}")
        raise error("watch.inventory", f"The inventory {inventory} gives no host to watch for {limit!r}: {words}")
    broken = {"problem": "its variables cannot be evaluated"}
    entries = [
        result["res"]["msg"] if isinstance(result["res"].get("msg"), dict) else {"host": result["host"], **broken}
        for result in results
    ]  # fmt: skip
    # The host that keeps the journals of others may have no supervisor.
    return [entry for entry in entries if entry.get("url") or "problem" in entry]


async def main(queue: asyncio.Queue, args: dict[str, Any]) -> None:
    """Watch until cancelled."""
    events, watch = _own("_health_events"), _own("_health_watch")
    policy, options = events.options_of(args)
    entries = args.get("hosts")
    if not entries:
        inventory = args.get("inventory") or os.environ.get("ANSIBLE_INVENTORY", "")
        entries = await asyncio.to_thread(_of_inventory, inventory, args.get("limit") or "all")
    hosts, refused = events.hosts_of(entries)
    await watch.Watch(hosts, policy, options, queue.put, refused).run()
