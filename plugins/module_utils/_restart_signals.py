# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook C, evidence: what was seen of a supervisor and of whoever runs it, reduced to short words (signals).

The evidence is what the role restart_recovery gathers: ``supervisor`` (result of supervisor_info), ``host`` (host_info),
``probe`` (ads_probe), ``plc`` (Playbook B's diagnosis), ``streams`` (camera_stream_info), ``wanted`` (the names of unit
and container), ``asked`` (finding of an open incident that asks for a restart), ``done`` (step -> result of its module)
and ``watch`` (later looks of supervisor_info); any may be missing. Pure. Private to this collection.
"""

from __future__ import annotations

import typing as t

from ._checklist_host import DEAD_STATES, unwritable
from ._host_signals import room
from ._hypotheses import CONFIRMED
from ._plc_signals import SOURCES as PLC_SOURCES
from ._plc_signals import Evidence, Signal, part
from ._plc_signals import signals_of as plc_signals_of

#: Signals of Playbook B that say something here too.
_FROM_PLC = ("api", "host_api", "host_tcp", "host_udp", "controller", "breaker", "breaker_later", "test")
#: What Playbook B or an open incident may ask Playbook C for: only a restart clears it (quirks 4, 8).
ASKED = ("plc.library_wedged", "plc.write_breaker_wedged")


def signals_of(evidence: Evidence) -> dict[str, Signal]:
    """Reduce the evidence to signals; what was not observed is None."""
    host, unit = part(evidence, "host"), part(evidence, "host", "unit")
    seen = plc_signals_of(evidence)
    return {
        **{name: seen[name] for name in _FROM_PLC},
        "process": _process(part(host, "supervisor"), "supervisor" in host),
        "unit": _unit(unit),
        "enabled": _enabled(unit),
        "container": _container(part(host, "container")),
        "port_owner": _port_owner(part(host, "processes"), unit),
        "main_pid": _main_pid(part(evidence, "supervisor", "service"), unit),
        "disk": _disk(host),
        "rights": _rights(part(host, "permissions")),
        "plc": _plc(part(evidence, "plc"), evidence.get("asked")),
        "again": _again(evidence),
        "effect": _effect(part(evidence, "done")),
        "streams": _streams(evidence),
    }


def _process(supervisor: Evidence, was_seen: bool) -> Signal:
    if not was_seen:
        return None
    if supervisor.get("pid") is None:
        return None if supervisor.get("listens") else "none"
    return "still" if supervisor.get("state") in DEAD_STATES else "runs"


def _unit(unit: Evidence) -> Signal:
    """Say how the unit is. Failed though it restarts always is the start limit, whatever its result says
    (SUPERVISOR_SYSTEMD §5)."""
    load, state = unit.get("load_state"), unit.get("active_state")
    if load in ("not-found", "masked"):
        return {"not-found": "missing"}.get(load, load)
    if state == "failed":
        return "start_limit" if unit.get("restart") == "always" else "failed"
    if state == "activating":
        return "restarting" if unit.get("sub_state") == "auto-restart" else "starting"
    return {"inactive": "stopped", "deactivating": "stopping"}.get(str(state), state if isinstance(state, str) else None)


def _enabled(unit: Evidence) -> Signal:
    state = unit.get("unit_file_state")
    return None if not isinstance(state, str) or not state else "no" if state in ("disabled", "masked") else "yes"


def _container(container: Evidence) -> Signal:
    status = container.get("status")
    return "runs" if status == "running" else "stopped" if isinstance(status, str) and status else None


def _port_owner(processes: Evidence, unit: Evidence) -> Signal:
    """Say whose the process at the supervisor's port is: the unit's, an escaped one of the same user, or a stranger's."""
    if not processes or unit.get("load_state") in (None, "not-found"):
        return None
    owner = part(processes, "port_owner")
    if not owner:
        return "nobody" if "port_owner" in processes else None
    if owner.get("in_unit") is True:
        return "unit"
    if owner.get("user") and unit.get("user") and owner["user"] != unit["user"]:
        return "stranger"
    return "escaped" if owner.get("in_unit") is False and owner.get("pid") else None


def _main_pid(service: Evidence, unit: Evidence) -> Signal:
    """Compare the pid that answers with the one the unit started (SUPERVISOR_SYSTEMD §6.23)."""
    if not isinstance(service.get("pid"), int) or unit.get("load_state") in (None, "not-found"):
        return None
    return "answers" if service["pid"] == unit.get("main_pid") else "differs"


def _disk(host: Evidence) -> Signal:
    found = room(host)
    return "room" if found == "low" else found


def missing_rights(permissions: Evidence) -> list[str]:
    """Return the paths that the service's user would have to enter, read or write, and may not."""
    closed = [
        str(directory.get("path")) for directory in part(permissions, "directories").values()
        if part(directory).get("exists") and part(directory).get("enterable") is False]
    script = part(permissions, "files", "start_script")
    unreadable = [str(script.get("path"))] if script.get("exists") and script.get("readable") is False else []
    return list(dict.fromkeys([*closed, *unwritable(permissions), *unreadable]))


#: Why a host could not be looked at, in the few words that fit into a sentence.
_UNSEEN = {"host.unreachable": "SSH does not work", "host.not_allowed": "sudo does not let us"}


def unseen(host: Evidence) -> str:
    """Return why a host could not be looked at; "" where it could, or nobody tried."""
    failure = part(host, "failure")
    message = str(failure.get("message") or "").partition(". ")[0].rstrip(".")
    return _UNSEEN.get(str(failure.get("code")), message)


def _rights(permissions: Evidence) -> Signal:
    if not part(permissions, "directories"):
        return None
    return "missing" if missing_rights(permissions) or part(permissions, "user").get("exists") is False else "enough"


def _plc(plc: Evidence, asked: t.Any) -> Signal:
    """Say what Playbook B's look found. A wedge that only a disconnect or an add can show is known from the journal, and
    counts as long as the PLC does not work."""
    code = plc.get("code")
    if not isinstance(code, str):
        return None
    if code == "plc.healthy":
        return "well"
    is_confirmed = code in ASKED and plc.get("verdict") == CONFIRMED
    return str(asked) if asked in ASKED else code if is_confirmed else "other"


def pids_of(evidence: Evidence) -> list[int]:
    """Return the pids that answered, in the order of the looks: after the restart, and while it was watched."""
    looks = evidence.get("watch")
    services = [part(look, "service").get("pid") for look in (looks if isinstance(looks, list) else [])]
    return [pid for pid in [part(evidence, "supervisor", "service").get("pid"), *services] if isinstance(pid, int)]


def _again(evidence: Evidence) -> Signal:
    """Say whether it was lost again after a rung had its effect: another pid, or no answer, at once or while it was watched."""
    looks = evidence.get("watch")
    if _effect(part(evidence, "done")) == "yes" and "status" not in part(evidence, "supervisor"):
        return "lost"
    if not isinstance(looks, list) or not looks:
        return None
    silent = any("status" not in part(look) for look in looks)
    return "lost" if silent or len(set(pids_of(evidence))) > 1 else "stays"


RUNGS = ("restart_daemon", "restart_app", "restart_container", "restart_host")


def _effect(done: Evidence) -> Signal:
    """Say what the last rung did that was climbed."""
    tried = [part(done, name) for name in RUNGS if name in done]
    if not tried:
        return None
    return "yes" if any(result.get("verified") is True for result in tried) else "none"


def lost_streams(evidence: Evidence) -> list[str]:
    """Return the cameras whose stream must run and whose playlist does not move."""
    noted, seen = evidence.get("noted"), part(evidence, "streams", "streams")
    cameras = [str(part(stream).get("camera")) for stream in (noted if isinstance(noted, list) else [])]
    return [camera for camera in cameras if part(seen, camera).get("verdict") != "moving"]


def _streams(evidence: Evidence) -> Signal:
    """Say whether what must run moves; before anything was done it is Playbook A that asks."""
    if not part(evidence, "done") or not evidence.get("noted") or "streams" not in part(evidence, "streams"):
        return None
    return "lost" if lost_streams(evidence) else "moving"


#: Signal -> (evidence key, path to the observation, what it is called); those of Playbook B are told as there.
SOURCES: dict[str, tuple[str, tuple[str, ...], str]] = {
    **PLC_SOURCES,
    "process": ("host", ("supervisor",), "process table"),
    "unit": ("host", ("unit",), "systemctl show"),
    "enabled": ("host", ("unit",), "systemctl show, UnitFileState"),
    "container": ("host", ("container",), "container inspect"),
    "port_owner": ("host", ("processes", "port_owner"), "owner of the supervisor's port, against the unit's control group"),
    "main_pid": ("supervisor", (), "GET /api/admin/service/info against the unit's MainPID"),
    "disk": ("host", ("resources",), "room on the file systems of logs, configuration and HLS"),
    "rights": ("host", ("permissions",), "rights of the service's user in its directories"),
    "plc": ("plc", (), "diagnosis of Playbook B"),
    "again": ("supervisor", (), "GET /api/admin/service/info while it was watched"),
    "streams": ("streams", (), "playlists of the cameras, looked at twice"),
    "effect": ("done", (), "pid before and after the restart"),
}
