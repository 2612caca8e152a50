# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stream_artifacts and stream_processes in a real run of ansible-playbook, on this host."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.lineops.runbook.tests.unit.helpers.host_processes import argv, ffmpeg, running
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, Run, play, task

HLS = "web/static/hls"


def pruned_and_ended(folder: Path, top: Path, *arguments: str) -> Run:
    with running(*argv("supervisor"), cwd=folder) as (main, dummy):
        words = ["-i", "rtsp://viewer:canary@10.0.0.9/x", str(top / HLS / "cam1.m3u8")]
        with ffmpeg(*words, cwd=folder):
            ended = task(
                "ended", "stream_processes", supervisor_dir=str(top), supervisor_pid=main.pid, process_pids=[])
            pruned = task("pruned", "stream_artifacts", supervisor_dir=str(top), parts=["hls"], age_s=60)
            return Playbook(folder / ("run" + "".join(arguments)), [play(ended, pruned)], {"h1": {}}).run(*arguments)


def test_host_modules_of_streams_predict_and_do_the_same(tmp_path: Path) -> None:
    top = tmp_path / "supervisor"
    (top / HLS).mkdir(parents=True)
    segment = top / HLS / "cam1_001.ts"
    segment.touch()
    os.utime(segment, (0, 0))
    looked = pruned_and_ended(tmp_path, top, "--check", "--diff")
    assert looked.result("ended")["ended"] == [] and looked.result("ended")["changed"] and segment.exists()
    assert looked.result("pruned")["removed_files"] == 1 and looked.result("pruned")["changed"]
    done = pruned_and_ended(tmp_path, top, "--diff")
    assert [row["signal"] for row in done.result("ended")["ended"]] == ["SIGTERM"]
    assert done.result("pruned")["changed"] and not segment.exists()
    for run in (looked, done):
        assert run.result("ended")["observed_from"] == run.result("pruned")["observed_from"] == "host h1"
        assert f"-hls/{segment.name}" in run.output and "canary" not in run.output
