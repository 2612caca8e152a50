# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two looks at hosts that are not well changed nothing there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from testinfra.host import Host

from lab.control import ask
from lab.plant import Host as Site
from lab.plant import Plant

testinfra_hosts = ["ansible://line1-hmi1", "ansible://line1-hmi2"]
SNAPSHOT = Path(__file__).parents[2] / "shared" / "snapshot.sh"


def test_unit_and_files_are_as_before(host: Host, variables: dict[str, Any]) -> None:
    names = [variables[f"lineops_{name}"] for name in ("supervisor_dir", "state_dir", "supervisor_unit")]
    after = host.check_output("sh -c %s sh %s %s %s", SNAPSHOT.read_text(encoding="utf-8"), *names)
    before = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], f"{variables['inventory_hostname']}.before")
    assert after.splitlines() == before.read_text(encoding="utf-8").splitlines()


def test_faults_are_still_there(api: dict[str, Any], site: tuple[Plant, Site]) -> None:
    plant, place = site
    routes = len(ask(plant.control(place), "routes")["routes"])
    if place.name == "line1-hmi1":
        assert routes == 0
    else:
        assert (routes, api["plc"]["connected"]) == (1, False)
