# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of the modules as tasks for a host of the lab, and playbooks made of tasks."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import yaml
from plants import PlantLab

from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID
from lab.processes import REPOSITORY

COLLECTION = "lineops.runbook"
COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "playbooks/collections")}
#: Their examples need a camera, or a service manager with root: what these do is seen on booted hosts (tests/hosts).
ON_BOOTED_HOSTS = {"camera_stream", "ring_session", "stream_processes", "supervisor_manager"}
#: Their examples tell servers outside; servers of our own are told in tests/engines/tickets.
TELL_OUTSIDE = {"notification", "ticket"}
MODULES = sorted({path.stem for path in (REPOSITORY / "plugins/modules").glob("*.py")} - ON_BOOTED_HOSTS - TELL_OUTSIDE)


def module(name: str) -> Any:
    """The Python module with DOCUMENTATION, EXAMPLES, RETURN and ARGUMENT_SPEC."""
    return importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}")


def secret_options(name: str) -> list[str]:
    """The options of a module that hold one secret each."""
    return [option for option, spec in module(name).ARGUMENT_SPEC.items() if spec.get("no_log") and spec["type"] == "str"]


def tasks_of(name: str, lab: PlantLab, host: str) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES; its addresses and folders are those of 10.30.0.x, now they are the host's."""
    plant = lab.host(host)
    replaced = {
        "10.30.0.11.1.1": SUPERVISOR_NET_ID, "10.30.0.21.1.1": plant.plc_net_id, "http://10.30.0.11:5000": plant.url,
        "10.30.0.11": SUPERVISOR_IP, "10.30.0.21": plant.plc_ip, "10.30.0.5": lab.plant.controller_ip,
        "/var/www/incidents": str(lab.base / "incidents"), "/opt/supervisor": str(lab.plant.host_dir(plant)),
        "/var/lib/prometheus/node-exporter": str(lab.base), "/var/lib/lineops": str(lab.plant.state_dir(plant)),
    }
    text = module(name).EXAMPLES
    for old, new in replaced.items():
        text = text.replace(old, new)
    assert "10.30." not in text, f"{name}: an address of the examples is unknown here: {text}"
    return yaml.safe_load(text)


def playbook(lab: PlantLab, name: str, host: str, tasks: list[dict[str, Any]]) -> Path:
    """Write a playbook with one play on one host."""
    path = lab.base / f"{name}.yml"
    # What the examples take from tasks before them.
    opened = {"ts": "2026-01-01T02:03:04.000Z", "host": host, "phase": "open", "event": "opened"}
    seen = {"observed_at": "2026-01-01T02:03:04Z", "playback": {"cam1": {"picture": ""}}}
    known = {
        "rows": [], "seen_before": seen, "seen_after": seen, "observed_at": "2026-01-01T02:03:04Z",
        "journal": {"entries": [{**opened, "incident": "line3-20261123T101324-line3-hmi1"}]}}
    path.write_text(json.dumps([{"hosts": host, "gather_facts": False, "vars": known, "tasks": tasks}]), encoding="utf-8")
    return path
