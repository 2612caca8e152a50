# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook A on booted hosts with real video: a case for every class and fault of a stream, with what is true afterwards by SSH.

The hosts are entered as the user lineops, with no more rights than roles/restart_recovery/files/lineops.sudoers gives. The
supervisor itself is never restarted.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from batches import Batch, Batches, Case, Scenes
from booted import until
from disks import OLD_SEGMENTS_FILL_IT
from plays import Plays

from lab import cameras as sources
from lab import stream_faults
from lab.waiting import Watch

SEV_1, SEV_2, SEV_3 = "SEV-1", "SEV-2", "SEV-3"
PROOF = frozenset({"pictures decoded from the newest segments"})
PLAYBOOK = "playbook_a_stream.yml"
#: A stuck Ring session is only known by somebody's report.
SESSION = ("-e", json.dumps({"stream_recovery_ring_sessions": [{"camera": "door", "session_id": "stuck-session"}]}))


def stream_case(finding: str | tuple[str, ...], result: str = "HEALED", **more: Any) -> Case:
    """A case in which the supervisor stays what it is."""
    return Case(finding, result, **{"severity": SEV_3, "restarted": False, **more})


def stop_stream(plays: Plays, name: str) -> None:
    """Somebody stops cam1 in the supervisor's page."""
    assert plays.call(name, "POST", "/api/cameras/cam1/stop")["success"] is True


def until_flapping(plays: Plays, name: str) -> None:
    """Wait until recovery has brought the stream back more than once, which it counts as success (quirk 17)."""
    def often() -> bool:
        told = plays.call(name, "GET", "/api/monitor/streams")
        return told["streams"]["cam1"]["metrics"]["recovery_success_total"] >= 3

    until(often, f"cam1 of {name} was brought back several times")


def camera_comes_back(plays: Plays, name: str) -> None:
    """The camera is well again, while the supervisor still holds against it what was before."""
    stream_faults.heal(plays.plant, plays.host(name))
    sources.heal(plays.plant, plays.host(name), Watch())


def old_segments_fill_it(plays: Plays, name: str) -> None:
    """What fills the disk are segments that nobody needs."""
    plays.inside_host(name, "sh", "-c", OLD_SEGMENTS_FILL_IT, "sh", f"{plays.host(name).install_dir}/web/static/hls")


def camera_too_many(variables: dict[str, Any]) -> None:
    """The inventory has a camera that the supervisor has not got."""
    variables["lineops_cameras"].append({"id": "gate", "type": "rtsp", "core": False})


def camera_too_few(variables: dict[str, Any]) -> None:
    """The inventory lacks a camera that the supervisor streams."""
    variables["lineops_cameras"] = [camera for camera in variables["lineops_cameras"] if camera["id"] != "cam2"]


CASES: dict[str, dict[str, Case]] = {
    "the stream": {
        "line1-hmi1": stream_case("stream.hung", faults=("ffmpeg-stopped",), severity=SEV_1, actions=("stream of cam1 restarted",),
                                  words=("the picture stands still (core camera;", "several core cameras are out at once (rule A.E1)")),
        "line1-hmi2": stream_case(
            "stream.hung", faults=("ffmpeg-stopped", "ffmpeg-stopped camera=cam2"), severity=SEV_1,
            actions=("stream of cam1, cam2 restarted",), words=("core cameras among them: cam1, cam2",)),
        "line1-hmi3": stream_case(
            "stream.second_writer", faults=("second-writer",), severity=SEV_1,
            actions=None, words=("2 processes on the host write its files", "processes ended that wrote beside cam1")),
        "line2-hmi1": stream_case("stream.stopped", "UNRESOLVED", prepare=(stop_stream,), works=False, words=("Find out who stopped it",)),
        "line2-hmi2": stream_case(
            "ring.session_stuck", faults=("ring-session-stuck",), actions=("Ring session of door ended",), proof=PROOF,
            words=("is reported as stuck",)),
        "line2-hmi3": stream_case(
            "stream.stuttering", "UNRESOLVED", faults=("stream-stuttering",), actions=("stream of cam1 restarted",),
            words=("s of picture were added in", "Look at the camera's network")),
    },
    "the camera": {
        "line1-hmi1": stream_case(
            "stream.source_unreachable", "UNRESOLVED", faults=("source-gone",), severity=SEV_1, works=False,
            words=("gives no stream, asked from the controller", "A restart does not help")),
        "line1-hmi2": stream_case(
            "stream.source_unreachable", "UNRESOLVED", faults=("source-wrong-credentials",), severity=SEV_1, works=False,
            words=("refuses the login",)),
        "line1-hmi3": stream_case(("stream.source_unstable", "stream.source_unreachable"), "UNRESOLVED", faults=("source-flapping",), prepare=(until_flapping,),
                                  severity=SEV_1, works=None),  # what it does just now is chance
        "line2-hmi1": stream_case(
            "stream.source_unreachable", "UNRESOLVED", faults=("stream-breaker-open",), severity=SEV_1, works=False, words=("nothing listens at the port",)),
        "line2-hmi2": stream_case(
            ("stream.cooldown", "stream.breaker_open"), faults=("stream-cooldown",), prepare=(camera_comes_back,), severity=SEV_1,
            actions=("stream of cam1 restarted",)),
    },
    "the disk": {
        "line1-hmi1": stream_case(
            "stream.disk_full", faults=("disk-full what=hls",), prepare=(old_segments_fill_it,), severity=SEV_1,
            actions=None, words=("old stream files and backups pruned",)),  # with room again, ffmpeg may go on by itself
        "line1-hmi2": stream_case(
            "stream.disk_full", "UNRESOLVED", faults=("disk-full what=hls",), severity=SEV_1, works=False,
            edit=lambda variables: variables.update(lineops_host_access=False),
            words=("left to a person: prune old stream files and backups (lineops_host_access is false)",)),
        "line2-hmi1": stream_case(
            "stream.disk_full", "UNRESOLVED", faults=("disk-full what=hls",), severity=SEV_1, works=False,
            actions=("no old stream files or backups to prune",),
            words=("Make room on line2-hmi1",)),
        "line2-hmi2": stream_case(
            "stream.healthy", faults=("stale-artifacts",), severity="", actions=("old stream files and backups pruned",),
            edit=lambda variables: variables.update(stream_recovery_prune=True)),
    },
    "bad input": {
        "line1-hmi1": stream_case(
            "stream.not_in_supervisor", "UNRESOLVED", edit=camera_too_many,
            words=("has the camera gate, but the supervisor on line1-hmi1 does not",)),
        "line1-hmi2": stream_case("stream.healthy", "HEALTHY", edit=camera_too_few, words=("has the camera cam2, but the inventory does not",)),
        "line2-hmi1": stream_case(
            "stream.hung", faults=("ffmpeg-stopped",), severity=SEV_1, actions=("stream of cam1 restarted",),
            edit=lambda variables: variables.update(lineops_host_access=False),
            words=("not observed: processes that write beside the streams", "guard rails local only")),
        "line2-hmi2": stream_case(
            "stream.hung", "REFUSED", faults=("ffmpeg-stopped",), severity=SEV_1, works=False,
            edit=lambda variables: variables.update(lineops_freeze=True), words=("frozen (lineops_freeze)",)),
        "line2-hmi3": stream_case(
            "stream.unknown_camera", "REFUSED", severity=SEV_1, edit=lambda variables: variables.update(stream_recovery_cameras=["cam7"]),
            words=("There is no camera cam7 on line2-hmi3 (known are cam1, cam2)",)),
    },
}
BATCHES = {
    name: Batch(cases, PLAYBOOK, words=SESSION if name == "the stream" else (), check=name == "the stream") for name, cases in CASES.items()}


class Streams(Batches):
    """Batches of Playbook A."""

    PROOF = PROOF


@pytest.mark.long
class TestStreams(Streams):
    """What a restart of the stream, or less, heals."""

    BATCHES = ("the stream",)

    def test_check_mode_shows_the_plan_and_touches_nothing(self, scenes: Scenes) -> None:
        scene = scenes["the stream"]
        planned = {name: outcome["result"] for name, outcome in scene.check.outcomes.items()}
        assert planned == {
            "line1-hmi1": "PLANNED", "line1-hmi2": "PLANNED", "line1-hmi3": "PLANNED", "line2-hmi1": "UNRESOLVED",
            "line2-hmi2": "PLANNED", "line2-hmi3": "PLANNED"}
        assert "restart the stream of cam1, cam2" in scene.check.lines["line1-hmi2"]
        assert all(numbers["changed"] == 0 for numbers in scene.check.recap.values())
        assert not scene.after_check["line1-hmi1"].works and scene.after_check["line1-hmi3"].all_ffmpeg == 3
        assert len({entry["run"] for entry in scene.journals["line1-hmi1"]}) == 1  # of the run that came after

    def test_no_process_is_left_that_nobody_looks_after(self, scenes: Scenes) -> None:
        after = scenes["the stream"].after
        assert {name: truth.all_ffmpeg - truth.ffmpeg for name, truth in after.items()} == dict.fromkeys(after, 0)

    def test_report_shows_the_picture_before_and_after(self, scenes: Scenes) -> None:
        page = Path(scenes["the stream"].run.outcomes["line1-hmi1"]["report"]).read_text(encoding="utf-8")
        assert len(re.findall(r'<img [^>]*src="data:image/jpeg;base64,', page)) == 2


@pytest.mark.long
class TestCameras(Streams):
    """What lies at the camera, and what people give wrongly."""

    BATCHES = ("the camera", "the disk", "bad input")
