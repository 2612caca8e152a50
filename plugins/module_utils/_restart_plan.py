# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook C, plan: the binding ladder, which rungs of it can work here, and what surrounds a restart. Pure. Private.

The ladder is the order of the operations playbook: restart by the supervisor's own API, then by the orchestrator of its
container, then by the service manager of the host. A rung that can do nothing, or would do harm, is left out with its
reason (SUPERVISOR_SYSTEMD §2, §3).
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._errors import LineopsError
from ._findings import FINDINGS
from ._plc_plan import step as plc_step
from ._plc_signals import Evidence, part
from ._restart_signals import ASKED, unseen
from ._service_rules import SHIPPED_DIR, delay_of, reasons
from ._words import Words, say

#: What a rung may be switched off by (restart_recovery_ladder).
LADDER = ("api", "container", "host")
#: Seconds that a step may take, for the lease (DESIGN §7.8): a start that a silent PLC holds up is in it.
DEADLINE_S = {
    "stop_streams": 60, "restart_daemon": 240, "restart_app": 240, "restart_container": 240, "restart_host": 240,
    "start_streams": 120, "wait_for_start": 240}
#: Findings that a restart may heal, beside what Playbook B asks for.
HEALABLE = tuple(code for code, row in FINDINGS.items() if row.playbook == "C" and row.heals) + (
    "supervisor.unreachable", "supervisor.not_understood", *ASKED)

_WORDS: Words = {
    "daemon": ("the control script does nothing there: {why}", "das Control-Script tut dort nichts: {why}"),
    "not_shipped_directory": ("it is not installed in " + SHIPPED_DIR, "die Installation liegt nicht in " + SHIPPED_DIR),
    "bound_elsewhere": ("it does not listen on 0.0.0.0:5000", "er lauscht nicht auf 0.0.0.0:5000"),
    "stale_pid_file": ("it was restarted by its API before", "er wurde schon einmal über die API neu gestartet"),
    "off": ("not in restart_recovery_ladder", "nicht in restart_recovery_ladder"),
    "silent": ("the API does not answer", "die API antwortet nicht"),
    "no_key": ("the admin key is missing or refused", "der Admin-Schlüssel fehlt oder wird abgelehnt"),
    "outside": ("it would restart the instance outside the service", "es startete die Instanz außerhalb des Dienstes neu"),
    "no_policy": ("the container would not come back by itself", "der Container käme nicht von selbst wieder"),
    "no_access": ("host side not tried: lineops_host_access is false", "Host-Seite nicht versucht: lineops_host_access ist false"),
    "no_unit": ("host side not tried: no lineops_supervisor_unit", "Host-Seite nicht versucht: keine lineops_supervisor_unit"),
    "host_unseen": ("host side not tried: {why}", "Host-Seite nicht versucht: {why}"),
    "masked": ("the unit is masked", "die Unit ist maskiert"),
    "missing": ("the unit is not there", "die Unit gibt es nicht"),
    "stop_streams": ("stop {n} streams", "{n} Streams anhalten"),
    "start_streams": ("start {n} streams again", "{n} Streams wieder starten"),
    "restart_daemon": ("restart by its API (control script)", "Neustart über die API (Control-Script)"),
    "restart_app": ("restart by its API", "Neustart über die API"),
    "restart_container": ("restart of its container", "Neustart seines Containers"),
    "wait_for_start": ("wait until it has started", "warten, bis er gestartet ist"),
    "restart_host": ("restart of its service on the host", "Neustart seines Dienstes auf dem Host"),
    "left_out": ("{what} left out: {why}", "{what} ausgelassen: {why}"),
}


def restart_plan(
    finding: t.Mapping[str, t.Any], evidence: Evidence, *, plc: t.Mapping[str, t.Any], ladder: t.Sequence[str] = LADDER,
    force: bool = False, host_access: bool = True, delay: t.Any = 2, language: str = "en",
) -> dict[str, t.Any]:
    """Return what heals a finding: steps in their order (each with its undos), rungs (their names), skipped (sentences for
    rungs that were left out) and refusals (a delay that cannot be meant). A supervisor that is starting is waited for:
    another restart would only delay it.

    finding: of restart_diagnosis; plc: the active entry of lineops_plcs; evidence: noted (streams to bring back) and owed
    (whether an interrupted run left them stopped) beside what the finding was made of.
    """
    nothing: dict[str, t.Any] = {"steps": [], "rungs": [], "skipped": [], "refusals": _delay_refusals(delay)}
    if finding["code"] == "supervisor.start_blocked":
        return {**nothing, "steps": [_step("wait_for_start", [], language)]}
    noted = evidence.get("noted") or []
    is_healthy = finding["code"] == "supervisor.healthy"
    if is_healthy and not force and evidence.get("owed") is True:
        return {**nothing, "steps": [_step("start_streams", noted, language)]}
    if finding["code"] not in HEALABLE and not (force and is_healthy):
        return nothing
    left_out = _left_out(finding["signals"], evidence, ladder, host_access, language)
    rungs = [name for name, reason in left_out.items() if not reason]
    skipped = [
        say(_WORDS, "left_out", language, what=say(_WORDS, name, language), why=reason)
        for name, reason in left_out.items() if reason]
    if not rungs:
        return {**nothing, "skipped": skipped}
    # Streams that only the inventory knows of do not run at this supervisor.
    can_stop = finding["signals"].get("api") == "answers" and evidence.get("noted_from") in (None, "api")
    names = [*(["stop_streams"] if noted and can_stop else []), *rungs, *(["start_streams"] if noted else [])]
    steps = [_step(name, noted, language) for name in names]
    return {
        **nothing, "steps": [*steps, plc_step("connect", plc), plc_step("write_test", plc)], "rungs": rungs,
        "skipped": skipped}


def _delay_refusals(delay: t.Any) -> list[dict[str, str]]:
    """Return what speaks against a delay, as a guard rail says it: a wrong one must not end in a harder restart."""
    try:
        delay_of(delay)
    except LineopsError as error:
        return [{"guard": "delay", "code": error.code, "sentence": f"restart_recovery_delay: {error.message}", "override": ""}]
    return []


def _step(name: str, noted: t.Sequence[t.Any], language: str) -> dict[str, t.Any]:
    """Return a step. Nothing takes a restart back, but streams that it ends, or that were stopped, may not stay so."""
    owes = bool(noted) and name != "wait_for_start"
    undo = {"do": "start_streams", "must": True, "streams": list(noted)} if owes else {"do": "", "must": False}
    return {
        "name": name, "title": say(_WORDS, name, language, n=len(noted)), "plc": None, "undos": [undo],
        "target": "supervisor" if name.startswith("restart_") else "", "deadline_s": DEADLINE_S[name],
    }


def _left_out(
    signals: Evidence, evidence: Evidence, ladder: t.Sequence[str], host_access: bool, language: str
) -> dict[str, str]:
    """Return rung -> why it is left out ("" where it is not), in the order of the ladder."""

    def why(rung: str, *checks: tuple[str, t.Any], **names: t.Any) -> str:
        found = next((key for key, holds in (("off", rung not in ladder), *checks) if holds), "")
        return say(_WORDS, found, language, **names) if found else ""

    wanted, service = part(evidence, "wanted"), part(evidence, "supervisor", "service")
    boxed = bool(wanted.get("container"))
    no_daemon = _no_daemon(service, evidence)
    api = why(
        "api", ("silent", signals.get("api") != "answers"), ("no_key", not service),
        ("outside", signals.get("main_pid") == "differs"),
        ("no_policy", boxed and part(evidence, "host", "container").get("restart_policy") == "no"))
    not_seen = unseen(part(evidence, "host"))
    # One restart by the API is one rung: by the control script where that can work, else by the supervisor itself.
    left_out = {"restart_app" if boxed or no_daemon else "restart_daemon": api}
    if no_daemon and not boxed and not api:
        told = say(_WORDS, "daemon", language, why=say(_WORDS, no_daemon, language))
        left_out = {"restart_daemon": told, **left_out}
    host = (("no_access", not host_access), ("host_unseen", not_seen))
    if boxed:
        left_out["restart_container"] = why("container", *host, why=not_seen)
    if wanted.get("unit") or not boxed:
        left_out["restart_host"] = why(
            "host", *host, ("no_unit", not wanted.get("unit")), ("masked", signals.get("unit") == "masked"),
            ("missing", signals.get("unit") == "missing"), why=not_seen)
    return left_out


def _no_daemon(service: Evidence, evidence: Evidence) -> str:
    """Return the word for why the control script would do nothing (quirk 11), "" where it can work."""
    unit = part(evidence, "host", "unit")
    install_dir = part(evidence, "wanted").get("supervisor_dir") or unit.get("working_directory") or "unknown"
    known = reasons(service, {"method": "daemon", "main_pid": None, "supervisor_dir": install_dir})
    # Under systemd the successor of an earlier restart is the unit's own process again (SUPERVISOR_SYSTEMD §3.10).
    is_own = service.get("pid") is not None and unit.get("main_pid") == service["pid"]
    codes = [reason["code"] for reason in known if not (reason["code"] == "stale_pid_file" and is_own)]
    return next((code for code in codes if code in _WORDS), "")


def streams_to_bring_back(
    noted: t.Any, *, open_undos: t.Iterable[t.Any] = (), host: Evidence | None = None, cameras: t.Iterable[t.Any] = (),
    answers: bool = True,
) -> dict[str, t.Any]:
    """Return the streams that must run after a restart ({streams, source}): what an interrupted run stopped, and what the
    supervisor says; where it does not answer, what its ffmpeg write, and where there are none, the core cameras.

    noted: of camera_stream_info; open_undos: of the journal; host: result of host_info; cameras: lineops_cameras.
    """
    owed = [
        stream for undo in open_undos if isinstance(undo, Mapping) and undo.get("do") == "start_streams"
        for stream in undo.get("streams") or [] if isinstance(stream, Mapping)]
    seen = [stream for stream in noted or [] if isinstance(stream, Mapping)]
    source = "api" if answers else "journal"
    if not answers and not owed:
        seen, source = _written(host or {}), "host"
        if not seen:
            core = [part(camera) for camera in cameras if part(camera).get("core") and part(camera).get("type") == "rtsp"]
            seen, source = [_plain(camera.get("id")) for camera in core], "inventory"
    known: dict[str, t.Any] = {}
    for stream in [*owed, *seen]:
        known.setdefault(str(stream.get("camera")), dict(stream))
    return {"streams": list(known.values()), "source": source}


def _written(host: Evidence) -> list[dict[str, t.Any]]:
    playlists = [part(process).get("playlist") for process in part(host, "processes").get("ffmpeg") or []]
    return [_plain(path.rsplit("/", 1)[-1].removesuffix(".m3u8")) for path in playlists if isinstance(path, str)]


def _plain(camera: t.Any) -> dict[str, t.Any]:
    return {"camera": str(camera), "type": "rtsp", "use_substream": False, "resolution": None}
