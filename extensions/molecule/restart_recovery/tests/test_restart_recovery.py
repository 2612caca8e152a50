# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A frozen supervisor (line1-hmi1) and a stopped one (line1-hmi2) run again as their units' own process, with streams."""

from __future__ import annotations

import re
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://line1-hmi1", "ansible://line1-hmi2"]


def test_the_unit_runs_and_starts_at_boot(host: Host, variables: dict[str, Any]) -> None:
    service = host.service(variables["lineops_supervisor_unit"])
    assert service.is_running
    assert service.is_enabled


def test_the_units_own_process_has_the_port(host: Host, unit: dict[str, str], variables: dict[str, Any]) -> None:
    with host.sudo(variables["lineops_supervisor_user"]):
        listening = host.check_output("ss --no-header --listening --tcp --numeric --processes 'sport = :5000'")
    assert re.findall(r"pid=(\d+)", listening) == [unit["MainPID"]]


def test_a_person_restarted_it_not_systemd(unit: dict[str, str]) -> None:
    assert unit["NRestarts"] == "0"


def test_the_api_answers_and_the_plc_is_connected(api: dict[str, Any]) -> None:
    assert api["plc"]["connected"] is True


@pytest.mark.parametrize("camera", ["cam1", "cam2"])
def test_the_camera_streams_below_the_unit(host: Host, variables: dict[str, Any], camera: str) -> None:
    processes = host.check_output("ps -e --format unit:60,args --no-headers").splitlines()
    streaming = [line.split()[:2] for line in processes if f"/static/hls/{camera}.m3u8" in line and "ffmpeg" in line]
    assert streaming == [[variables["lineops_supervisor_unit"], "ffmpeg"]]
    playlist = f"{variables['lineops_supervisor_dir']}/web/static/hls/{camera}.m3u8"
    age_s = int(host.check_output("echo $(( $(date +%%s) - $(stat --format=%%Y %s) ))", playlist))
    assert age_s < 30


def test_healed_once_then_left_alone(journal: list[dict[str, Any]]) -> None:
    assert [entry["event"] for entry in journal if entry["phase"] in ("close", "escalate")] == ["healed", "healthy"]
