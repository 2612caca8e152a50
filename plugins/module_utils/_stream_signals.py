# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook A, evidence: what was seen of one camera, reduced to short words (signals), and which cameras count.

The evidence is what the role stream_recovery gathers: ``streams`` (result of camera_stream_info), ``playback``
(stream_playback), ``supervisor`` (supervisor_info), ``host`` (host_info), ``cameras`` (lineops_cameras), ``named``
(stream_recovery_cameras), ``owed`` (streams that an interrupted run left stopped) and ``acted`` (whether something was
done); any may be missing. Pure. Private to this collection.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._checklist_host import DEAD_STATES
from ._host_signals import room
from ._plc_signals import Evidence, Signal, part
from ._stream_classes import REFUSING, SILENT

_SOURCE = {"answering": "answers", "unsupported": "refuses", **dict.fromkeys(SILENT, "silent"), **dict.fromkeys(REFUSING, "refuses")}
#: Classes of a stream that does not run: no trouble by themselves, if nobody wants it.
NOT_WANTED = ("stopped", "never_started", "ring_live_not_allowed", "ring_token_missing")


def cameras_in(evidence: Evidence) -> list[str]:
    """Return the ids of all cameras that the supervisor or the inventory knows, or only of those that are named."""
    named = [str(name) for name in evidence.get("named") or []]
    return named or list(dict.fromkeys([*_inventory(evidence), *part(evidence, "streams", "streams")]))


def known_cameras(evidence: Evidence) -> list[str]:
    """Return the ids that a person may name: those of the inventory, and those that the supervisor has."""
    seen = part(evidence, "streams", "streams")
    return sorted({*_inventory(evidence), *(name for name in seen if part(seen, name).get("known") is True)})


def is_core(evidence: Evidence, camera: str) -> bool:
    """Say whether production cannot do without a camera (lineops_cameras)."""
    return _inventory(evidence).get(camera, {}).get("core") is True


def signals_of(evidence: Evidence, camera: str) -> dict[str, Signal]:
    """Reduce the evidence to the signals of one camera; what was not observed is None."""
    seen = part(evidence, "streams", "streams", camera)
    shown = part(evidence, "playback", "playback", camera).get("verdict")
    kind = seen.get("class")
    return {
        "class": kind if isinstance(kind, str) else None,
        "known": "yes" if seen.get("known") is True else "no",
        "wanted": _wanted(evidence, seen, camera),
        "inventory": "listed" if camera in _inventory(evidence) else "missing",
        "source": _SOURCE.get(str(part(seen, "source").get("outcome"))),
        "process": _process(evidence, seen, camera),
        "others": others_of(evidence, seen, camera),
        "disk": room(part(evidence, "host")),
        "playback": shown if isinstance(shown, str) else None,
        "acted": "yes" if evidence.get("acted") is True else "no",
    }


def _inventory(evidence: Evidence) -> dict[str, Evidence]:
    listed = evidence.get("cameras")
    return {str(part(camera).get("id")): part(camera) for camera in (listed if isinstance(listed, list) else []) if part(camera)}


def _wanted(evidence: Evidence, seen: Evidence, camera: str) -> Signal:
    """Say who wants it: an interrupted run that left it stopped, who runs this, the supervisor, or production (core)."""
    owed = {str(part(stream).get("camera")) for stream in evidence.get("owed") or []}
    reasons = (
        ("owed", camera in owed), ("named", camera in (evidence.get("named") or [])),
        ("asked", isinstance(seen.get("desired"), Mapping)), ("core", is_core(evidence, camera)))
    return next((word for word, holds in reasons if holds), "no")


def processes_of(evidence: Evidence, camera: str) -> t.Optional[list[Evidence]]:
    """Return the ffmpeg that write a camera's playlist, as the host shows them; None where nobody saw that."""
    processes = part(evidence, "host", "processes")
    if "ffmpeg" not in processes:
        return None
    all_of_them = [part(one) for kind in ("ffmpeg", "orphaned_ffmpeg") for one in processes.get(kind) or []]
    return [one for one in all_of_them if str(one.get("playlist")).rsplit("/", 1)[-1] == f"{camera}.m3u8"]


def _process(evidence: Evidence, seen: Evidence, camera: str) -> Signal:
    """Say how the stream's own process is: stopped by a signal, running, or gone."""
    found = processes_of(evidence, camera)
    if found is None:
        return None
    own = [one for one in found if one.get("pid") == seen.get("process_pid")]
    return ("stopped" if own[0].get("state") in DEAD_STATES else "runs") if own else "none"


def others_of(evidence: Evidence, seen: Evidence, camera: str) -> Signal:
    """Say whether processes write its files that the supervisor does not name (quirk 13); None where nobody looked."""
    found = processes_of(evidence, camera)
    if found is None:
        return None
    return "some" if any(one.get("pid") != seen.get("process_pid") for one in found) else "none"


def writers_of(evidence: Evidence) -> dict[str, int]:
    """Return how many processes write each camera's files, for camera_stream_info."""
    counted = {name: processes_of(evidence, name) or [] for name in cameras_in(evidence)}
    return {name: len(found) for name, found in counted.items() if found}


#: Signal -> (evidence key, path to the observation, what it is called).
SOURCES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "class": ("streams", (), "playlist of the camera, looked at several times, and GET /api/monitor/streams"),
    "known": ("streams", (), "GET /api/cameras"),
    "wanted": ("streams", (), "GET /api/monitor/streams, desired, and the inventory"),
    "inventory": ("cameras", (), "lineops_cameras"),
    "source": ("streams", (), "RTSP DESCRIBE to the camera"),
    "process": ("host", ("processes",), "process table: the stream's ffmpeg"),
    "others": ("host", ("processes",), "process table: ffmpeg on the same playlist"),
    "disk": ("host", ("resources",), "room on the file systems of logs, configuration, HLS and backups"),
    "playback": ("playback", (), "newest segment, fetched and decoded as a viewer does"),
    "acted": ("done", (), "steps of this run"),
}
