# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verifications of all scenarios need: looks by an SSH of their own, as the automation user, without the roles."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from lab import plant as plants

_STATUS = "http://127.0.0.1:5000/api/system/status"
_ASK = f"import urllib.request; print(urllib.request.urlopen('{_STATUS}', timeout=20).read().decode())"


@pytest.fixture
def variables(host: Host) -> dict[str, Any]:
    """What the lab's inventory says about the host."""
    return host.ansible.get_variables()


@pytest.fixture
def unit(host: Host, variables: dict[str, Any]) -> dict[str, str]:
    """Properties of the supervisor's unit."""
    names = "MainPID,NRestarts,ActiveState,UnitFileState"
    shown = host.check_output("systemctl show %s --property=%s", variables["lineops_supervisor_unit"], names)
    return dict(line.split("=", 1) for line in shown.splitlines())


@pytest.fixture
def api(host: Host) -> dict[str, Any]:
    """What the supervisor says of itself to somebody on its host."""
    return json.loads(host.check_output("python3 -c %s", _ASK))


@pytest.fixture
def site(variables: dict[str, Any]) -> tuple[plants.Plant, plants.Host]:
    """The lab, and the host in it."""
    plant = plants.Plant.load(Path(os.environ["LINEOPS_LAB_HOSTS"]))
    return plant, plant.chosen(variables["inventory_hostname"])[0]


@pytest.fixture
def journal(host: Host, variables: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of the host's journal, after a look at each line's hash and the one before it (DESIGN section 8)."""
    text = host.check_output("cat %s/journal.jsonl", variables["lineops_state_dir"])
    entries = [json.loads(line) for line in text.splitlines()]
    previous = "0" * 64
    for entry in entries:
        content = {name: value for name, value in entry.items() if name != "hash"}
        assert content["prev"] == previous
        previous = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        assert entry["hash"] == previous
    return entries
