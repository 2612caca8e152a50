# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as ansible-rulebook loads it: whom it watches, by an inventory that Ansible reads, and what it says of mistakes."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from plant_doubles import STATUS, Double, Doubles, well
from rulebooks import COLLECTIONS

SOURCE = COLLECTIONS / "ansible_collections/lineops/runbook/extensions/eda/plugins/event_source/supervisor_health.py"
QUICK = {"interval": 1, "debounce": 1, "heartbeat": 1}
PATIENCE_S = 240.0


@pytest.fixture(autouse=True)
def ansible_of_these_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The programs beside this Python, and a home of their own."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ANSIBLE_INVENTORY", raising=False)


def told(args: dict[str, Any], events: int) -> list[dict[str, Any]]:
    """Run the source until it has told so many events."""

    async def run() -> list[dict[str, Any]]:
        queue: asyncio.Queue = asyncio.Queue()
        task = asyncio.ensure_future(runpy.run_path(str(SOURCE))["main"](queue, args))
        got: list[dict[str, Any]] = []
        while len(got) < events:
            getter = asyncio.ensure_future(queue.get())
            await asyncio.wait({task, getter}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_S)
            if not getter.done():
                await asyncio.wait_for(task, 1)  # raises what it ended with
            got.append(getter.result()["supervisor_health"])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return got

    return asyncio.run(run())


def inventory(tmp_path: Path, hosts: dict[str, Any], secrets: str = "lineops_secrets: {}\n") -> Path:
    """An inventory folder with one line."""
    folder = tmp_path / "plant"
    (folder / "group_vars/all").mkdir(parents=True)
    line = {"line1": {"hosts": hosts, "vars": {"lineops_line": "line1"}}}
    (folder / "hosts.yml").write_text(json.dumps(line), encoding="utf-8")
    (folder / "group_vars/all/secrets.yml").write_text(secrets, encoding="utf-8")
    return folder


def test_hosts_are_those_of_the_inventory_as_ansible_reads_it(tmp_path: Path) -> None:
    with Doubles(ill=Double(well, camera=True)) as plant:
        plant["ill"].status = {**STATUS, "plc": {"connected": False}}
        port = plant["ill"].url.rpartition(":")[2]
        folder = inventory(tmp_path, {
            "ill": {"ansible_host": "127.0.0.1", "lineops_supervisor_url": f"http://{{{{ ansible_host }}}}:{port}",
                    "lineops_cameras": [{"id": "cam1", "type": "rtsp", "core": True}],
                    "lineops_plcs": [{"id": "plc_001"}]},
            "own": {"lineops_supervisor_url": "http://127.0.0.1:5000", "lineops_run_from": "host"},
            "broken": {"lineops_supervisor_url": "http://{{ no_such_variable }}:5000"},
            "state": {}, "elsewhere": {"lineops_supervisor_url": "http://127.0.0.1:9"}})
        events = told({**QUICK, "inventory": str(folder), "limit": "line1:!elsewhere"}, 2)
    assert events[0]["hosts"] == 1
    assert events[0]["not_watched"] == {
        "own": "its supervisor is only reached from its own host (lineops_run_from: host)",
        "broken": "its variables cannot be evaluated"}
    assert {(event["host"], event["line"], event["subject"]) for event in events[1:] if event["kind"] == "change"} == {("ill", "line1", "plc")}


@pytest.mark.parametrize("args, words", [
    ({"inventory": "/no/such/place"}, "There is no inventory '/no/such/place'. Give its path, or set ANSIBLE_INVENTORY."),
    ({}, "There is no inventory ''. Give its path, or set ANSIBLE_INVENTORY."),
    ({"hosts": [{"host": "all,!x", "line": "line1", "url": "http://127.0.0.1:9"}]}, "'all,!x' is no name of a host that can be watched"),
    ({"intervall": 5}, "supervisor_health knows no intervall"),
])
def test_mistakes_are_told_before_anything_is_asked(args: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception) as error:
        told(args, 1)
    assert str(error.value).startswith(words)


def test_a_vault_without_its_password_is_told_in_one_sentence(tmp_path: Path) -> None:
    folder = inventory(tmp_path, {"one": {"lineops_supervisor_url": "http://127.0.0.1:9"}}, "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    with pytest.raises(Exception, match="gives no host to watch for 'all'.*ault") as error:
        told({"inventory": str(folder)}, 1)
    assert "\n" not in str(error.value)
