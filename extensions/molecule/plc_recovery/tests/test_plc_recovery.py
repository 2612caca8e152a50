# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PLC knows the supervisor again, and nothing else was touched: the unit was not restarted."""

from __future__ import annotations

from typing import Any

from lab.control import ask
from lab.plant import Host as Site
from lab.plant import Plant

testinfra_hosts = ["ansible://line1-hmi1", "ansible://line1-hmi2"]


def test_the_plc_has_the_route_once(site: tuple[Plant, Site]) -> None:
    plant, place = site
    routes = ask(plant.control(place), "routes")["routes"]
    assert [(route["ams_net_id"], route["address"]) for route in routes] == [(place.ads_net_id, place.ads_ip)]


def test_the_supervisor_is_connected(api: dict[str, Any]) -> None:
    assert api["plc"]["connected"] is True


def test_the_unit_was_not_restarted(unit: dict[str, str], journal: list[dict[str, Any]]) -> None:
    assert (unit["ActiveState"], unit["NRestarts"]) == ("active", "0")
    assert [entry for entry in journal if str(entry["action"]).startswith("restart")] == []


def test_healed_once_then_left_alone(journal: list[dict[str, Any]]) -> None:
    assert [entry["event"] for entry in journal if entry["phase"] in ("close", "escalate")] == ["healed", "healthy"]
