# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Ansible inventory, in the shape of DESIGN section 5, as YAML that a person can read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .hosts import access
from .plant import HOSTS, TEST_VARIABLE, Host, Line, Plant

CONTACTS = {
    "L1": "Operations shift desk, phone 100",
    "L2": "Development on call, phone 200",
    "L3": "Plant architect, phone 300",
}


def write(plant: Plant) -> None:
    """Write ``hosts.yml`` and ``group_vars/all/secrets.yml``; OSError if the folder cannot be written."""
    mark = _mark(plant.folder)
    _write(_hosts_file(plant.inventory), mark + to_yaml(hosts_data(plant)), 0o644)
    _write(_secrets_file(plant.inventory), mark + to_yaml({"lineops_secrets": secrets_data(plant)}), 0o600)


def remove(folder: Path, inventory: Path) -> None:
    """Take away what :func:`write` wrote for the lab in ``folder``; files of another lab or a person stay."""
    for path in (_hosts_file(inventory), _secrets_file(inventory)):
        if path.exists() and path.read_text(encoding="utf-8").startswith(_mark(folder)):
            path.unlink()
    for leftover in (inventory / "group_vars" / "all", inventory / "group_vars", inventory):
        if leftover.is_dir() and not any(leftover.iterdir()):
            leftover.rmdir()


def hosts_data(plant: Plant) -> dict[str, Any]:
    """The groups with their hosts and variables."""
    return {
        line.name: {
            "hosts": {host.name: _host_vars(plant, host) for host in plant.hosts if host.line == line.name},
            "vars": _line_vars(plant, line),
        }
        for line in plant.lines
    }


def secrets_data(plant: Plant) -> dict[str, Any]:
    """The value of ``lineops_secrets``."""
    return {
        line.name: {
            "operator_key": line.operator_key, "admin_key": line.admin_key,
            "plc_username": line.plc_username, "plc_password": line.plc_password,
        }
        for line in plant.lines
    }


def _host_vars(plant: Plant, host: Host) -> dict[str, Any]:
    return {
        "ansible_host": host.supervisor_ip,
        **(access.host_vars(plant, host) if plant.backend == HOSTS else _loopback_vars(plant, host)),
        "lineops_supervisor_url": host.url,
        "lineops_plcs": [{
            "id": plc.id, "active": plc.is_active, "name": plc.name, **plc.target,
            "route": {"name": host.name, "local_ams_net_id": host.ads_net_id, "local_ip": host.ads_ip},
            "test_variable": {"name": TEST_VARIABLE, "type": "BOOL", "test_value": True, "rest_value": False},
            "namespaces": [
                {"name": "MAIN", "probe_variable": TEST_VARIABLE}, {"name": "GVL", "probe_variable": "GVL.bOpsTest"},
            ],
        } for plc in host.plcs],
        "lineops_cameras": [
            {"id": camera, "type": entry["type"], "core": entry["type"] == "rtsp"}
            for camera, entry in plant.cameras(host).items()
        ],
    }


def _loopback_vars(plant: Plant, host: Host) -> dict[str, Any]:
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "lineops_supervisor_dir": str(plant.host_dir(host)),
        "lineops_state_dir": str(plant.state_dir(host)),
    }


def _line_vars(plant: Plant, line: Line) -> dict[str, Any]:
    return {
        "lineops_line": line.name,
        "lineops_run_from": "controller",
        "lineops_host_access": True,
        "lineops_state_host": None,
        "lineops_controller_ads": {
            "local_ams_net_id": f"{plant.controller_ip}.1.1", "local_ip": plant.controller_ip, "route": "none",
        },
        "lineops_contacts": CONTACTS,
        "lineops_freeze": False,
        "lineops_report_dir": str(plant.folder / "reports"),  # not into the home of who tries the lab
    }


def to_yaml(value: Any, indent: int = 0) -> str:
    """Write mappings and lists of scalars as block YAML, every scalar in its JSON form (which is YAML too)."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{key}:{_below(item, indent + 1)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{pad}- {to_yaml(item, indent + 1).lstrip()}" for item in value)
    return f"{pad}{json.dumps(value, ensure_ascii=False)}\n"


def _below(value: Any, indent: int) -> str:
    nested = isinstance(value, (dict, list)) and value
    return "\n" + to_yaml(value, indent) if nested else " " + to_yaml(value)


def _hosts_file(inventory: Path) -> Path:
    return inventory / "hosts.yml"


def _secrets_file(inventory: Path) -> Path:
    return inventory / "group_vars" / "all" / "secrets.yml"


def _mark(folder: Path) -> str:
    return f"---\n# Written by `python -m lab` for the lab in {folder}; gone after `down`. Do not edit.\n"


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
