# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is really true of the streams of a lab: process table, playlist files and the supervisor's own counters."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from plants import PlantLab, until
from runs import Run, Running
from sources import media_sequence

from lab import api, processes
from lab.packages import missing_for_streams
from lab.processes import FFMPEG, SUPERVISOR

PLAYBOOK = "playbook_a_stream.yml"
CAMERAS = ("cam1", "cam2")
# The same streams are healed more often than the budget of an hour allows.
MANY = ("-e", json.dumps({"lineops_budget": {"limit": 1000}}))
NEW_S = 10.0  #: no playlist stands for 2 to 6 s after a start (SUPERVISOR_API §2)
_STREAM_CALL = re.compile(r"POST /api/cameras/(\w+)/(start|stop)")

needs_cameras = pytest.mark.skipif(
    bool(missing_for_streams()), reason="no streaming cameras here; tests/standins names what is missing")


def writers(lab: PlantLab, name: str) -> dict[str, list[int]]:
    """Camera -> every ffmpeg that writes its playlist, whosever it is."""
    return {camera: processes.find(FFMPEG, lab.plant.playlist(lab.host(name), camera)) for camera in CAMERAS}


def strays(lab: PlantLab, name: str) -> list[int]:
    """Every ffmpeg of a host that is no child of its supervisor."""
    host = lab.host(name)
    supervisors = processes.find(SUPERVISOR, lab.plant.supervisor_config(host))
    return [pid for pid in processes.find(FFMPEG, lab.plant.hls_dir(host)) if processes.stat(pid)[1] not in supervisors]


def end_of_playlist(lab: PlantLab, name: str, camera: str) -> int:
    """Number of the segment to come; -1 without a playlist."""
    try:
        text = lab.plant.playlist(lab.host(name), camera).read_text(encoding="utf-8")
    except FileNotFoundError:
        return -1
    return media_sequence(text) + text.count("#EXTINF:")


def until_moved(lab: PlantLab, *streams: tuple[str, str], segments: int = 2) -> None:
    """Wait until the playlists of these streams (host, camera) have grown."""
    before = {stream: end_of_playlist(lab, *stream) for stream in streams}
    for stream, end in before.items():
        until(lambda stream=stream, end=end: end_of_playlist(lab, *stream) >= end + segments, f"the playlist of {stream} moves")


def kill_between_stop_and_start(lab: PlantLab, run: Running, name: str, camera: str) -> Run:
    """End a run that restarts a hung stream, while the supervisor still stops it: a stopped process does not take its SIGTERM."""
    def is_told_to_end() -> bool:
        return any(_waits_for(pid, signal.SIGTERM) for pid in writers(lab, name)[camera])

    until(lambda: is_told_to_end() or run.has_ended, f"{camera} of {name} is being stopped")
    run.signal_all(signal.SIGKILL)
    ended = run.finish()
    until(lambda: not run.pids(), "all processes of the killed run are gone")
    until(lambda: not writers(lab, name)[camera], f"{camera} of {name} is stopped")
    return ended


def _waits_for(pid: int, number: int) -> bool:
    """Does a signal wait to be taken by a process?"""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return False
    pending = [int(mask, 16) for mask in re.findall(r"^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$", status, re.MULTILINE)]
    return any(mask & 1 << number - 1 for mask in pending)


def _told(lab: PlantLab, name: str) -> dict[str, Any]:
    return api.call("GET", f"{lab.host(name).url}/api/monitor/streams", timeout=30).body


def starts_total(lab: PlantLab, name: str) -> int:
    """How often the supervisor has started an ffmpeg, by its own count."""
    return sum(stream["metrics"]["starts_total"] for stream in _told(lab, name)["streams"].values())


def until_not_new(lab: PlantLab, name: str) -> None:
    """Wait until no stream is so new that a run would let it begin."""
    def has_begun() -> bool:
        told = _told(lab, name)
        return all(told["timestamp"] - stream["metrics"]["last_start_ts"] > NEW_S for stream in told["streams"].values())

    until(has_begun, f"the streams of {name} were started {NEW_S:g} s ago")


def commanded(lab: PlantLab, name: str, what: str, camera: str = "") -> int:
    """How many commands (start, stop) for a camera, or for all of them, the supervisor has answered."""
    told = filter(None, map(_STREAM_CALL.fullmatch, lab.calls(name)))
    return sum(match[2] == what and camera in ("", match[1]) for match in told)


def leases(lab: PlantLab, name: str) -> list[str]:
    """Leases that lie in a host's state directory."""
    return sorted(path.name for path in (lab.plant.state_dir(lab.host(name)) / "leases").glob("*.json"))
