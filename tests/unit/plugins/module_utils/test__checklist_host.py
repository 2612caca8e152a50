# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 4 of the checklist: from what a host says to what needs attention."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._checklist_host import host_notes, unwritable
from ansible_collections.lineops.runbook.plugins.module_utils._checklist_words import Tell

EN = Tell("en")
UNIT = "smarthome-web.service"
GB = 10**9
GOOD: dict[str, t.Any] = {
    "supervisor": {"pid": 812, "state": "sleeping", "listens": ["0.0.0.0:5000"], "api": "answers"},
    "processes": {"orphaned_ffmpeg": [], "port_owner": {"pid": 812, "in_unit": True}},
    "unit": {"load_state": "loaded", "active_state": "active", "result": "success", "unit_file_state": "enabled"},
    "container": {"status": "running", "health": "healthy", "oom_killed": False},
    "resources": {
        "cpu": {"cores": 4, "load_5m": 1.5}, "memory": {"total": 8 * GB, "available": 4 * GB},
        "disks": [
            {"mount": "/", "total": 100 * GB, "free": 80 * GB, "inodes_total": 1000, "inodes_free": 900, "read_only": False},
            {"mount": "/hls", "total": 10 * GB, "free": 5 * GB, "inodes_total": None, "inodes_free": None, "read_only": False},
        ],
    },
    "permissions": {
        "user": {"name": "hmi", "exists": True},
        "directories": {"install": {"path": "/opt", "exists": True, "writable": False},
                        "hls": {"path": "/opt/hls", "exists": True, "writable": True, "unwritable_files": []}},
    },
    "not_observed": [],
}  # fmt: skip
LOOK = {"unit": UNIT, "container": {"engine": "podman", "name": "box"}}


def changed(path: str, value: t.Any) -> dict[str, t.Any]:
    """The good host with one thing different; numbers in the path are places of a list."""
    view = copy.deepcopy(GOOD)
    *way, last = [int(name) if name.isdigit() else name for name in path.split(".")]
    place: t.Any = view
    for name in way:
        place = place[name]
    place[last] = value
    return view


def test_healthy_host_is_told_in_a_few_words() -> None:
    notes = host_notes({**LOOK, "host": GOOD}, EN)
    assert {note.state for note in notes} == {"ok"} and not [note for note in notes if note.todo]
    assert " ".join(note.text for note in notes) == (
        "The supervisor runs (pid 812). smarthome-web.service is active. Container box is running, healthy. "
        "Load 1.5 on 4 cores. 4.0 GB of 8.0 GB memory is free. /hls is 50 % full.")


# What is different -> what is said of it, and what that asks for.
TROUBLE: dict[str, tuple[str, t.Any, str, str]] = {
    "nothing listens": ("supervisor.api", "no_listener", "No supervisor runs", "Playbook C"),
    "hangs": ("supervisor.api", "silent", "listens on 0.0.0.0:5000, but does not answer", "not the host"),
    "stopped process": ("supervisor.state", "stopped", "Its process 812 is stopped", "Playbook C"),
    "orphans": ("processes.orphaned_ffmpeg", [{"pid": 7}, {"pid": 9}], "2 ffmpeg without a supervisor", "End only these"),
    "another owner": ("processes.port_owner", {"pid": 99, "in_unit": False}, "held by pid 99", "Playbook C"),
    "unit failed": ("unit.active_state", "failed", f"{UNIT} is failed", "Playbook C"),
    "unit unknown": ("unit.load_state", "not-found", f"systemd does not know {UNIT}", "lineops_supervisor_unit"),
    "unit disabled": ("unit.unit_file_state", "disabled", "does not start by itself", "Enable"),
    "container exited": ("container.status", "exited", "Container box is exited", "engine"),
    "container sick": ("container.health", "unhealthy", "Container box is running, unhealthy", "engine"),
    "container killed": ("container.oom_killed", True, "for want of memory", "memory"),
    "load": ("resources.cpu.load_5m", 8.1, "Load 8.1 on 4 cores", "processor"),
    "memory": ("resources.memory.available", 8 * GB // 20, "0.4 GB of 8.0 GB memory", "memory"),
    "disk": ("resources.disks.1.free", GB // 2, "/hls is 95 % full", "stale stream artifacts and backups on /hls"),
    "inodes": ("resources.disks.0.inodes_free", 10, "only 10 inodes", "backups on /"),
    "read-only": ("resources.disks.1.read_only", True, "/hls is read-only", "kernel log"),
    "no user": ("permissions.user.exists", False, "hmi does not exist", "lineops_supervisor_unit"),
    "not writable": ("permissions.directories.hls.writable", False, "hmi may not write to /opt/hls", "Give /opt/hls back"),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_of_a_host_is_named_with_what_it_asks_for(name: str) -> None:
    path, value, said, todo = TROUBLE[name]
    (note,) = [note for note in host_notes({**LOOK, "host": changed(path, value)}, EN) if note.state != "ok"]
    assert note.state == "attention" and said in note.text and todo in note.todo


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ({}, "it was not asked"),
        ({"host_access": False, "host": GOOD}, "lineops_host_access is false"),
        ({"host": {"failure": {"message": "SSH is down."}}}, "SSH is down."),
        ({**LOOK, "container": None, "host": {**GOOD, "unit": None, "not_observed": ["unit (no systemd runs this host)"]}},
         "smarthome-web.service (no systemd runs this host)"),
        ({"container": LOOK["container"], "host": {**GOOD, "container": None, "not_observed": ["container (no podman)"]}}, "box (no podman)"),
    ],
)
def test_what_was_not_seen_is_not_ok(look: dict[str, t.Any], said: str) -> None:
    unseen = [note for note in host_notes(look, EN) if note.state == "not observed"]
    assert [said in note.text for note in unseen] == [True]


def test_fullest_file_system_is_told_only_where_none_needs_attention() -> None:
    notes = host_notes({**LOOK, "host": changed("resources.disks.1.free", GB // 2)}, EN)
    assert [note.text for note in notes if "full" in note.text] == ["/hls is 95 % full."]


def test_limits_are_those_of_the_plant() -> None:
    look = {**LOOK, "host": changed("resources.cpu.load_5m", 30.0), "limits": {"load_per_core": "10"}}  # text, on ansible-core 2.18
    assert {note.state for note in host_notes(look, EN)} == {"ok"}


def test_install_directory_may_well_be_closed_to_the_service() -> None:
    assert unwritable(GOOD["permissions"]) == []


def test_without_unit_and_container_the_inventory_is_the_gap() -> None:
    notes = host_notes({"host": {**GOOD, "unit": None, "container": None, "not_observed": ["unit (no name is given)"]}}, EN)
    assert {note.state for note in notes} == {"ok"}
    assert [note.text for note in notes if "neither" in note.text] == ["The inventory names neither its unit nor its container."]
