# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream that hung (line1-hmi1) and two at once (line1-hmi2) show a picture again, and the supervisor was left alone."""

from __future__ import annotations

from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://line1-hmi1", "ansible://line1-hmi2"]


@pytest.mark.parametrize("camera", ["cam1", "cam2"])
def test_one_process_of_the_unit_streams_and_none_stands_still(host: Host, variables: dict[str, Any], camera: str) -> None:
    processes = host.check_output("ps -e --format unit:60,state,args --no-headers").splitlines()
    streaming = [line.split()[:3] for line in processes if f"/static/hls/{camera}.m3u8" in line and "ffmpeg" in line]
    assert [(unit, program) for unit, dummy, program in streaming] == [(variables["lineops_supervisor_unit"], "ffmpeg")]
    assert streaming[0][1] in "RSD"


@pytest.mark.parametrize("camera", ["cam1", "cam2"])
def test_the_newest_segment_is_fresh_and_holds_a_picture(host: Host, variables: dict[str, Any], camera: str) -> None:
    folder = f"{variables['lineops_supervisor_dir']}/web/static/hls"
    playlist = host.check_output("cat %s", f"{folder}/{camera}.m3u8").splitlines()
    segment = f"{folder}/{[line for line in playlist if line and not line.startswith('#')][-1]}"
    age_s = int(host.check_output("echo $(( $(date +%%s) - $(stat --format=%%Y %s) ))", segment))
    assert age_s < 30
    told = host.check_output("ffmpeg -nostdin -loglevel error -i %s -frames:v 1 -f framemd5 -", segment).splitlines()
    assert [line for line in told if not line.startswith("#")]


def test_only_streams_were_restarted(unit: dict[str, str], journal: list[dict[str, Any]]) -> None:
    assert (unit["ActiveState"], unit["NRestarts"]) == ("active", "0")
    assert {entry["action"] for entry in journal if entry["event"] == "done"} == {"restart_stream"}


def test_each_step_that_was_begun_was_ended(journal: list[dict[str, Any]]) -> None:
    targets = {event: [entry["target"] for entry in journal if entry["event"] == event] for event in ("begin", "done", "failed")}
    assert targets["begin"]
    assert targets["done"] == targets["begin"] and targets["failed"] == []


def test_healed_once_then_left_alone(journal: list[dict[str, Any]]) -> None:
    assert [entry["event"] for entry in journal if entry["phase"] in ("close", "escalate")] == ["healed", "healthy"]
