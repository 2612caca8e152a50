# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""host_info in a real run of ansible-playbook, on a host with processes that have secrets on their command lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="the host's view needs psutil")

from ansible_collections.lineops.runbook.plugins.modules import host_info  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import supervisor  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, play, task  # noqa: E402

SUBSETS = host_info.ARGUMENT_SPEC["gather_subset"]["choices"]


@pytest.mark.parametrize("arguments", [["-vvvv"], ["--check"]], ids=["run", "check"])
def test_whole_look_in_one_task_without_a_secret(tmp_path: Path, arguments: list[str]) -> None:
    """Keys that an operator put on a command line are in no option of the task, only in lineops_secrets."""
    plant = tmp_path / "plant"
    (plant / "web" / "static" / "hls").mkdir(parents=True)
    look = task(
        "look", "host_info", url="http://127.0.0.1:1", timeout=0.1, gather_subset=SUBSETS, supervisor_dir=str(plant),
        unit="no-such-unit-of-lineops.service", container={"engine": "docker", "name": "no-such-container-of-lineops"},
        state_dir=str(tmp_path), plc={"ip_address": "127.0.0.1"},
    )  # fmt: skip
    hosts = {"h1": {"lineops_secrets": {"line3": {"admin_key": "only-known-as-secret"}}}}
    words = ("-i", "rtsp://admin:canary@10.0.0.9/x", "only-known-as-secret", "web/static/hls/cam1.m3u8")
    with supervisor(*words, cwd=plant) as (process, child):
        done = Playbook(tmp_path / "run", [play(look)], hosts).run(*arguments)
    result = done.result("look")
    assert done.kind("look") == "ok" and not {*SUBSETS} - {*result} and result["changed"] is False
    (stream,) = [stream for stream in result["processes"]["ffmpeg"] if stream["pid"] == child]
    assert stream["cmdline"][-4:] == ["-i", "rtsp://***@10.0.0.9/x", "***", "web/static/hls/cam1.m3u8"]
    assert result["supervisor"]["pid"] == process.pid == result["processes"]["supervisor"]["pid"]
    assert result["permissions"]["directories"]["hls"]["writable"] is True
    # Neither is there: each is null with its reason, or known as not found.
    reasons = {remark.split(" ")[0] for remark in result["not_observed"]}
    assert "container" in reasons and result["container"] is None
    assert ("unit" in reasons) == (result["unit"] is None)
    shown = done.output + json.dumps(result)
    assert "canary" not in shown and "only-known-as-secret" not in shown
