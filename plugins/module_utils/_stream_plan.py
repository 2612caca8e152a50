# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook A, plan: which of the four immediate measures a host's cameras ask for, and in which order. Pure. Private.

Every camera is an action of its own for the guard rails, so that a used-up budget of one does not keep the others from
being healed. The supervisor itself is never restarted here.
"""

from __future__ import annotations

import typing as t

from ._plc_signals import Evidence, part
from ._stream_signals import others_of
from ._words import Words, say

#: Step -> seconds that it may take for each camera, for the lease (DESIGN §7.8), in the order in which steps are done.
STEPS = {"prune_artifacts": 60, "end_writers": 30, "ring_session": 90, "restart_stream": 90}
#: Finding of a camera -> the steps that heal it. What is not here needs a person.
HEALED_BY: dict[str, tuple[str, ...]] = {
    "stream.disk_full": ("prune_artifacts", "restart_stream"),
    "stream.second_writer": ("end_writers", "restart_stream"),
    "ring.session_stuck": ("ring_session",),
    **dict.fromkeys(
        ("stream.hung", "stream.breaker_open", "stream.cooldown", "stream.dead", "stream.never_started", "stream.undecodable",
         "stream.stuttering"), ("restart_stream",)),
}
#: What is done to the camera itself; the rest is done to the host, once.
TO_CAMERA = ("ring_session", "restart_stream")
#: Of these the host is needed, beside the supervisor.
_ON_HOST = ("prune_artifacts", "end_writers")

_WORDS: Words = {
    "prune_artifacts": ("prune old stream files and backups", "alte Stream-Dateien und Backups löschen"),
    "end_writers": ("end the processes that write beside it ({names})", "die Prozesse beenden, die daneben schreiben ({names})"),
    "ring_session": ("end the Ring session of {names}", "die Ring-Sitzung von {names} beenden"),
    "restart_stream": ("restart the stream of {names}", "den Stream von {names} neu starten"),
    "no_access": ("lineops_host_access is false", "lineops_host_access ist false"),
    "no_dir": ("the inventory has no lineops_supervisor_dir", "im Inventar fehlt lineops_supervisor_dir"),
    "left_out": ("left to a person: {what} ({why})", "einem Menschen überlassen: {what} ({why})"),
}


def stream_plan(
    finding: t.Mapping[str, t.Any], evidence: Evidence, *, host_access: bool = True, supervisor_dir: str = "", prune: bool = False,
    language: str = "en",
) -> dict[str, t.Any]:
    """Return what heals a finding: steps in their order, actions (one for each camera, for the guard rails), proven_dead
    (targets that show nothing, so that nothing is interrupted), and skipped (sentences for what a person has to do).

    finding: of stream_diagnosis; prune: prune also where no file system is full.
    """
    steps_of = {name: HEALED_BY.get(told["code"], ()) for name, told in part(finding, "cameras").items()}
    why_not = "no_access" if not host_access else "" if supervisor_dir else "no_dir"
    skipped = []
    cameras_of: dict[str, list[str]] = {}
    for step in STEPS:
        names = [name for name, steps in steps_of.items() if step in steps]
        if not names and not (step == "prune_artifacts" and prune):
            continue
        if step in _ON_HOST and why_not:
            what = say(_WORDS, step, language, names=", ".join(names))
            skipped.append(say(_WORDS, "left_out", language, what=what, why=say(_WORDS, why_not, language)))
            # Without that, the stream would fail again, or two processes go on writing the same files.
            steps_of = {name: () if name in names else steps for name, steps in steps_of.items()}
        else:
            cameras_of[step] = names
    steps = [_step(name, names, finding, evidence, language) for name, names in cameras_of.items()]
    return {
        "steps": steps, "skipped": skipped, "actions": [action for step in steps for action in _actions(step)],
        "proven_dead": [f"stream:{name}" for name, told in part(finding, "cameras").items() if not told["live"]],
    }


def stream_allowed(plan: t.Mapping[str, t.Any], refusals: t.Sequence[t.Mapping[str, t.Any]], *, language: str = "en") -> dict[str, t.Any]:
    """Return the steps of a plan without the cameras whose own budget is used up, none if anything else speaks against it.

    The result has steps, refusals (those that stop the plan) and notes (those that leave a camera out).
    """
    targets = {str(one.get("target") or "") for one in refusals}
    if any(not target.startswith("stream:") for target in targets):
        return {"steps": [], "refusals": list(refusals), "notes": []}
    spared = {target.partition(":")[2] for target in targets}
    steps = [step for step in (_without(one, spared, language) for one in plan["steps"]) if step]
    acts = any(step["streams"] for step in steps) or not refusals
    return {
        "steps": steps if acts else [], "refusals": [] if acts else list(refusals),
        "notes": [str(one["sentence"]) for one in refusals] if acts else []}


def stream_step(
    steps: t.Sequence[t.Mapping[str, t.Any]], name: str, done: t.Mapping[str, t.Any], *, language: str = "en"
) -> dict[str, t.Any]:
    """Return the step of that name as it is to be done now; its name is empty if nothing is left of it.

    done: results of the steps before it, by name. Where nothing could be pruned the disk is as full as before, and a stream that is
    restarted on it would fail again.
    """
    step = next((one for one in steps if one["name"] == name), None)
    if step is None:
        return {"name": ""}
    is_full = "prune_artifacts" in done and not part(done, "prune_artifacts").get("removed_bytes")
    in_vain = {stream["camera"] for stream in step["streams"] if is_full and stream["code"] == "stream.disk_full"}
    return _without(step, in_vain, language) or {"name": ""}


def _without(step: t.Mapping[str, t.Any], cameras: t.Collection[str], language: str) -> t.Optional[dict[str, t.Any]]:
    """Return a step without these cameras; None if it was for no others."""
    streams = [stream for stream in step["streams"] if stream["camera"] not in cameras]
    return {**step, **_about(step["name"], streams, language)} if streams or not step["streams"] else None


def _step(name: str, cameras: t.Sequence[str], finding: t.Mapping[str, t.Any], evidence: Evidence, language: str) -> dict[str, t.Any]:
    streams = [_stream(camera, finding, evidence) for camera in cameras]
    return {
        "name": name, "plc": None, "target": "", "deadline_s": STEPS[name] * max(1, len(cameras)),
        **_about(name, streams, language)}


def _about(name: str, streams: t.Sequence[t.Mapping[str, t.Any]], language: str) -> dict[str, t.Any]:
    """Return what of a step depends on its cameras. A stream that is stopped on the way may not stay so: each is an undo.

    Ending one Ring session stops nothing, nor does the way without its number where no stream is wanted.
    """
    names = [stream["camera"] for stream in streams]
    title = say(_WORDS, name, language, names=", ".join(names))
    undos: list[dict[str, t.Any]] = [
        {"do": "start_streams", "must": True, "target": f"stream:{stream['camera']}",
         "streams": [{field: stream[field] for field in ("camera", "type", "use_substream", "resolution")}]}
        for stream in streams if name == "restart_stream" or (name == "ring_session" and stream["wanted"] and not stream["session_id"])]
    return {"title": title, "names": names, "streams": list(streams), "undos": undos or [{"do": "", "must": False}]}


def _stream(camera: str, finding: t.Mapping[str, t.Any], evidence: Evidence) -> dict[str, t.Any]:
    """Return a stream as it is to be started: as it is wanted, or as an interrupted run left it to be."""
    seen = part(evidence, "streams", "streams", camera)
    desired = part(seen, "desired")
    owed = next((part(stream) for stream in evidence.get("owed") or [] if part(stream).get("camera") == camera), {})
    session = next((part(one) for one in evidence.get("reported") or [] if part(one).get("camera") == camera), {})
    wanted = desired or owed
    return {
        "camera": camera, "code": part(finding, "cameras", camera).get("code"), "session_id": session.get("session_id"),
        "wanted": bool(wanted), "seen": seen.get("class"), "sole_writer": others_of(evidence, seen, camera) == "none",
        "type": wanted.get("type") or "rtsp", "use_substream": wanted.get("use_substream") is True,
        "resolution": wanted.get("resolution"),
    }


def _actions(step: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    targets = [f"stream:{camera}" for camera in step["names"]] if step["name"] in TO_CAMERA else [""]
    return [{"name": step["name"], "target": target} for target in targets]


def stream_settled(open_undos: t.Iterable[t.Any], finding: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the journal entries that settle what interrupted runs left stopped and what shows a picture again.

    open_undos: of the journal; finding: of stream_diagnosis, at the end.
    """
    live = [name for name, told in part(finding, "cameras").items() if told["live"]]
    owed = [undo for undo in open_undos if part(undo).get("do") == "start_streams" and undo.get("streams")]
    back = [undo for undo in owed if all(part(stream).get("camera") in live for stream in undo["streams"])]
    return [
        {"phase": "act", "event": "undone", "action": "start_streams", "target": "",
         "undo": {name: undo[name] for name in ("do", "must", "streams")}}
        for undo in back]
