# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one cheap look at a supervisor says of the supervisor, its PLC link and its streams. Pure. Private.

Signals and sentences are ours, names of cameras are of known letters only: what is told here gets into rules, extra
variables and logs, where text from a plant must not be (DESIGN §7.12).
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._health_state import FAILED, OK
from ._plc_signals import part
from ._stream_diagnosis import stream_asks

#: Subject -> playbook that is for it.
PLAYBOOKS = {"supervisor": "playbook_c_restart", "plc": "playbook_b_plc", "streams": "playbook_a_stream"}
#: Cameras of one supervisor that are looked at: each costs a call per look.
CAMERAS_AT_MOST = 32
#: Errors of the client that say nothing of how the supervisor is.
_NOT_OBSERVED = ("supervisor.key_refused", "supervisor.rate_limited", "look.broken")
#: Verdicts on a playlist that another look will change by itself (_stream_rules).
_UNDECIDED = ("starting", "undecided")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")

#: Signal -> what a person is told. The errors of the client are those of docs/playbook_c.md under "unreachable".
SENTENCES = {
    "supervisor.unreachable": "Nothing answers at its address.",
    "supervisor.timeout": "It gave no answer in time.",
    "supervisor.not_json": "What answers there is no supervisor, or sends broken answers.",
    "supervisor.redirected": "What answers there sends callers elsewhere; that was not followed.",
    "supervisor.rejected": "What answers there does not know the calls of a supervisor.",
    "supervisor.failed": "It answers that it fails.",
    "supervisor.key_refused": "It asks for a key where none is needed, so nothing was seen.",
    "supervisor.rate_limited": "It is asked too often, so nothing was seen.",
    "look.broken": "Its answers could not be understood, so nothing was seen.",
    "plc.disconnected": "It says that it is not connected to its PLC.",
    "plc.write_breaker_open": "So many writes to the PLC failed that it tries no more for the moment.",
    "plc.writes_fail": "The last write to the PLC failed.",
    "streams.stuck": "Cameras that should run show nothing new.",
}
_OTHER_ERROR = "supervisor.failed"


class Verdict(t.NamedTuple):
    """Of one subject: ok, failed, or None for not observed; the signal that says so, and the cameras it is about."""

    state: t.Optional[str]
    signal: str = ""
    cameras: tuple[str, ...] = ()


NOT_OBSERVED = Verdict(None)


def is_name(text: t.Any) -> bool:
    """Say whether a name can stand in a limit of Ansible, and in a path, without meaning anything else."""
    return isinstance(text, str) and bool(_NAME.fullmatch(text))


def supervisor_verdict(error: t.Optional[str]) -> Verdict:
    """Judge by the code of the client's error, None where it answered."""
    if error is None:
        return Verdict(OK)
    signal = error if error in SENTENCES else _OTHER_ERROR
    return Verdict(None if signal in _NOT_OBSERVED else FAILED, signal)


def is_status(body: t.Any) -> bool:
    """Say whether an answer is a supervisor's status: anything else must not read as a PLC that is not connected."""
    return isinstance(part(body, "plc").get("connected"), bool)


def plc_verdict(status: Mapping[str, t.Any], plc: t.Optional[str] = None) -> Verdict:
    """Judge by what it costs nothing to ask for; good words of it prove nothing (quirk 3), bad ones are believed.

    plc: id of the active one, None if it is not known. A route test would say more, but one to a silent PLC blocks the
    supervisor for two minutes (quirk 5).
    """
    if part(status, "plc").get("connected") is not True:
        return Verdict(FAILED, "plc.disconnected")
    breakers = part(status, "circuit_breakers")
    writes = [
        part(breakers, name) for name in breakers
        if (name == f"plc:{plc}:write" if plc else re.fullmatch(r"plc:.*:write", str(name)))]
    if any(breaker.get("state") != "closed" for breaker in writes):
        return Verdict(FAILED, "plc.write_breaker_open")
    failing = any(_count(breaker.get("failure_count")) for breaker in writes)
    return Verdict(FAILED, "plc.writes_fail") if failing else Verdict(OK)


def is_core(camera: t.Any) -> bool:
    """Say whether an entry of lineops_cameras is one that production cannot do without."""
    return isinstance(camera, Mapping) and camera.get("core") is True and is_name(camera.get("id"))


def cameras_to_look_at(streams: Mapping[str, t.Any], core: t.Iterable[str]) -> list[str]:
    """Return the cameras that should run: production's, and those that the supervisor itself wants to run."""
    wanted = [name for name, entry in streams.items() if isinstance(entry, Mapping) and entry.get("desired") is not None]
    return [name for name in dict.fromkeys([*core, *sorted(map(str, wanted))]) if is_name(name)][:CAMERAS_AT_MOST]


def streams_verdict(seen: Mapping[str, Mapping[str, t.Any]], cameras: t.Any) -> Verdict:
    """Judge as triage does, camera by camera; seen: verdict, class, desired and known of each; cameras: lineops_cameras."""
    stuck = tuple(
        name for name, stream in seen.items()
        if stream["verdict"] not in _UNDECIDED and stream_asks({name: stream}, [camera_in(cameras, name)]))
    if stuck:
        return Verdict(FAILED, "streams.stuck", stuck)
    return NOT_OBSERVED if any(stream["verdict"] in _UNDECIDED for stream in seen.values()) else Verdict(OK)


def camera_in(cameras: t.Any, name: str) -> Mapping[str, t.Any]:
    """Return a camera's entry of lineops_cameras, or what stands for one that is not there."""
    entries = [camera for camera in cameras or [] if isinstance(camera, Mapping) and camera.get("id") == name]
    return entries[0] if entries else {"id": name}


def _count(value: t.Any) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1e9 else 0
