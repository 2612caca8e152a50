# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a Ring camera. Each of these brings one, called "door", and heal takes it away or lets it be as it was.

What a stand-in can show of Ring is little (see lab/supervisor/ring.py): there is no account, so nothing ever streams.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from . import api
from .errors import LabError
from .fault_kind import Fault
from .plant import Host, Plant, write_private
from .supervisor.settings import RING_LIVE_FLAG, RING_SESSIONS

CAMERA = "door"
_ENTRY = {"id": CAMERA, "name": "Door", "type": "ring", "url": f"/api/cameras/{CAMERA}/snapshot", "autostart": False}
_DEVICE = {"ring": {"device_id": "100"}}
_SESSION = "stuck-session"


def _ask(plant: Plant, host: Host, method: str, path: str, body: Mapping[str, Any]) -> None:
    answer = api.call(method, f"{host.url}/api/{path}", body, key=plant.line(host.line).admin_key)
    if not answer.ok:
        raise LabError(f"{host.name} answers {method} {path} with {answer.status} {answer.body}")


def _bring(plant: Plant, host: Host) -> None:
    _ask(plant, host, "POST", "cameras", _ENTRY)
    _ask(plant, host, "PUT", f"cameras/{CAMERA}", _DEVICE)


def _live_not_allowed(plant: Plant, host: Host) -> None:
    """No flag file, so live view is off (quirk 22)."""
    _bring(plant, host)
    (plant.host_dir(host) / "config" / "feature_flags.json").unlink(missing_ok=True)


def _token_missing(plant: Plant, host: Host) -> None:
    """Live view is allowed, and there is no account."""
    _bring(plant, host)
    _ask(plant, host, "POST", "admin/feature-flags", {"flags": {RING_LIVE_FLAG: True}})


def _session_stuck(plant: Plant, host: Host, session_id: str = _SESSION) -> str:
    """A session that nothing shows; its id is known to who reports it, and to the supervisor that is to end it."""
    _token_missing(plant, host)
    path, folder = plant.host_dir(host) / RING_SESSIONS, plant.host_dir(host).stat()
    write_private(path, [session_id])
    os.chown(path, folder.st_uid, folder.st_gid)
    return f"session_id {session_id}"


def heal(plant: Plant, host: Host) -> None:
    """Take the camera away, or let it be as it was, and take away what allowed it to be live."""
    folder = plant.host_dir(host)
    (folder / RING_SESSIONS).unlink(missing_ok=True)
    cameras = folder / "config" / "cameras.json"
    if changes(plant, host):  # into the same file, whose owner is the supervisor's
        known = json.loads(cameras.read_text(encoding="utf-8"))
        first = {key: entry for key, entry in plant.cameras(host).items() if key == CAMERA}
        others = {key: entry for key, entry in known.items() if key != CAMERA}
        cameras.write_text(json.dumps({**others, **first}), encoding="utf-8")
        (folder / "config" / "feature_flags.json").unlink(missing_ok=True)


def changes(plant: Plant, host: Host) -> tuple[str, ...]:
    """Say whether there is such a camera, other than one the plant has anyway."""
    cameras = plant.host_dir(host) / "config" / "cameras.json"
    try:
        found = json.loads(cameras.read_text(encoding="utf-8")).get(CAMERA)
    except (OSError, ValueError):  # gone, or on a full disk
        return ()
    return ("Ring camera",) if found not in (None, plant.cameras(host).get(CAMERA)) else ()


def _session_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", text):
        raise ValueError("expected letters, digits and . _ -")
    return text


FAULTS: dict[str, Fault] = {
    "ring-live-not-allowed": Fault(_live_not_allowed, "there is a Ring camera, door, whose live view is not allowed"),
    "ring-token-missing": Fault(_token_missing, "there is a Ring camera, door, and no account for it"),
    "ring-session-stuck": Fault(
        _session_stuck, f"a session of the Ring camera door is there, shown by nothing (session_id={_SESSION})",
        {"session_id": _session_id}),
}
