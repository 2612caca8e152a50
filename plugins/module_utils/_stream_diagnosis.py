# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook A, diagnosis: what is the matter with each camera of a host, and what that is for the host as a whole.

Each camera gets a finding of its own, by the table of hypotheses; cameras with the same finding are told in one sentence,
and the finding that stands first in the table is the host's. Pure: evidence in (see _stream_signals), findings out.
Private to this collection.
"""

from __future__ import annotations

import typing as t

from ._diagnosis import Signals, Story, conclude
from ._findings import FINDINGS, SIDE_RULE, next_step_of, sentence_of, severity_by, severity_of, worst
from ._host_signals import full_places
from ._hypotheses import Counter, Hypothesis
from ._hypotheses import any_of as _any
from ._plc_signals import Evidence, part
from ._plc_signals import observation as told_as
from ._stream_signals import NOT_WANTED, SOURCES, cameras_in, is_core, known_cameras, signals_of
from ._words import Words, say

_SHOWS_NOTHING = ("hung", "dead", "cooldown", "breaker_open", "disk_full")
_SOURCE_WELL = Counter("source", confirms=_any("answers"))
_PROCESS_GONE = Counter("process", confirms=_any("none"))
_IS_WANTED = _any("named", "asked", "core")
#: Classes of a stream that was brought back just now and of which a longer look may show that it comes and goes.
_MAY_COME_AND_GO = ("starting", "dead", "healthy", "source_unstable")
#: Without a source ffmpeg ends after 10.5 s, recovery looks every 2 s and takes 2 s for a start (SUPERVISOR_API §2); and some.
_RECOVERY_CYCLE_S = 16.0


def _of_class(code: str, kind: str, *counters: Counter) -> Hypothesis:
    return Hypothesis(code, {"class": _any(kind)}, counters)


#: The order is the order of thought: who cannot have a picture at all, what many cameras share, what a restart would not
#: change, and only then what the stream itself does.
TABLE = (
    Hypothesis("stream.not_in_supervisor", {"known": _any("no"), "inventory": _any("listed")}),
    _of_class("stream.disk_full", "disk_full", Counter("disk", confirms=_any("full"), refutes=_any("room"))),
    Hypothesis("stream.disk_full", {"disk": _any("full"), "class": _any(*_SHOWS_NOTHING)}, (_SOURCE_WELL,)),
    # A process that nobody else sees is believed where the host itself could not be asked.
    _of_class("stream.second_writer", "second_writer", Counter("others", confirms=_any("some"), refutes=_any("none"))),
    _of_class("ring.session_stuck", "ring_session_stuck"),
    _of_class("ring.live_not_allowed", "ring_live_not_allowed", _PROCESS_GONE),
    _of_class("ring.token_missing", "ring_token_missing", _PROCESS_GONE),
    _of_class("stream.source_unreachable", "source_unreachable", Counter("source", confirms=_any("silent", "refuses"))),
    _of_class("stream.source_unstable", "source_unstable", Counter("source", confirms=_any("silent", "refuses"))),
    _of_class("stream.hung", "hung", Counter("process", confirms=_any("stopped")), _SOURCE_WELL),
    _of_class("stream.breaker_open", "breaker_open", _PROCESS_GONE, _SOURCE_WELL),
    _of_class("stream.cooldown", "cooldown", _PROCESS_GONE, _SOURCE_WELL),
    _of_class("stream.dead", "dead", _PROCESS_GONE, _SOURCE_WELL),
    Hypothesis("stream.dead", {"class": _any("stopped", "never_started"), "wanted": _any("owed")}, (_PROCESS_GONE,)),
    Hypothesis("stream.never_started", {"class": _any("never_started"), "wanted": _IS_WANTED}, (_PROCESS_GONE,)),
    # Somebody stopped it, so that it is only started again for who names it.
    Hypothesis("stream.dead", {"class": _any("stopped"), "wanted": _any("named")}, (_PROCESS_GONE,)),
    Hypothesis("stream.stopped", {"class": _any("stopped"), "wanted": _IS_WANTED}, (_PROCESS_GONE,)),
    Hypothesis("stream.undecodable", {"class": _any("healthy", "stuttering"), "playback": _any("undecodable")}, (_SOURCE_WELL,)),
    _of_class("stream.stuttering", "stuttering", Counter("process", confirms=_any("runs")), _SOURCE_WELL),
    Hypothesis("stream.unwatchable", {"class": _any("healthy"), "playback": _any("unwatchable")}),
    # A playlist that moves is no picture: what was acted on is healed only if somebody has looked at one.
    Hypothesis("stream.playback_unproven", {"class": _any("healthy"), "playback": _any("unproven"), "acted": _any("yes")}),
    _of_class("stream.healthy", "healthy", Counter("playback", confirms=_any("plays"))),
    _of_class("stream.starting", "starting"),
)
_ORDER = [*dict.fromkeys(row.code for row in TABLE if row.code != "stream.healthy"), "stream.unclear"]
#: Findings of a camera that still shows a picture that moves.
LIVE = ("stream.healthy", "stream.second_writer", "stream.stuttering", "stream.undecodable", "stream.unwatchable",
        "stream.playback_unproven", "stream.starting", "ring.session_stuck")

#: Before any camera is looked at by itself.
_HOST_TABLE = (
    Hypothesis("stream.not_observed", {"streams": _any("unseen")}),
    Hypothesis("stream.unknown_camera", {"scope": _any("unknown")}),
)

_NAMED_AT_MOST, _SHOWN_AT_MOST = 4, 3
_WORDS: Words = {
    "more": ("{names} and {n} more", "{names} und {n} weitere"),
    "core": ("core camera", "Kernkamera"),
    "cores": ("core cameras among them: {names}", "darunter Kernkameras: {names}"),
    "known": ("known are {names}", "bekannt sind {names}"),
    "no_camera": ("no camera is wanted", "keine Kamera ist gewünscht"),
    "beside": ("processes that write beside the streams", "Prozesse, die neben den Streams schreiben"),
    "playback": ("picture of {names} ({why})", "Bild von {names} ({why})"),
}
_WORDS_ASKED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "streams": ("streams", (), "GET /api/monitor/streams and the playlists"),
    "scope": ("streams", (), "stream_recovery_cameras against inventory and supervisor"),
}


def stream_diagnosis(evidence: Evidence, *, host: str, language: str = "en") -> dict[str, t.Any]:
    """Return the finding of one host's cameras; evidence: see _stream_signals; result: see conclude.

    Beside that it has cameras: id -> code, class, core, wanted, why, and live (whether its picture still moves).
    """
    whole = _of_host(evidence, host, language)
    if whole["code"] != "stream.healthy":
        return {**whole, "cameras": {}}
    each = {camera: _of_camera(evidence, camera, host, language) for camera in cameras_in(evidence) if _counts(evidence, camera)}
    cameras = {camera: _told(evidence, camera, finding["code"]) for camera, finding in each.items()}
    by_code: dict[str, list[str]] = {}
    for camera in sorted(each, key=lambda name: not cameras[name]["core"]):
        by_code.setdefault(each[camera]["code"], []).append(camera)
    codes = [code for code in _ORDER if code in by_code]
    groups = [_group(code, by_code[code], each, cameras, host, language) for code in codes or ["stream.healthy"] if code in by_code]
    lead, *others = groups or [whole]
    sides = [*others, *_beside(evidence, host, language)]
    severity, rule = worst([(one["severity"], one["rule"]) for one in (lead, *sides)])
    return {
        **lead, "severity": severity, "rule": rule, "cameras": cameras, "not_observed": _unseen(evidence, cameras, language),
        "also": [{name: one[name] for name in _SIDE} for one in sides],
        "refuted": [fallen for finding in each.values() for fallen in finding["refuted"]],
    }


_SIDE = ("code", "sentence", "severity", "verdict", "evidence", "counter_checks")


def _counts(evidence: Evidence, camera: str) -> bool:
    """Say whether a camera is of anybody's concern: it runs, is wanted, or is production's."""
    signals = signals_of(evidence, camera)
    return not (signals["class"] in NOT_WANTED and signals["wanted"] == "no")


def _of_host(evidence: Evidence, host: str, language: str) -> dict[str, t.Any]:
    known = known_cameras(evidence)
    unknown = [name for name in evidence.get("named") or [] if name not in known]
    seen = "streams" in part(evidence, "streams")
    failure = part(evidence, "streams", "not_observed", "streams")
    details = {
        "stream.not_observed": str(failure.get("message") or "").rstrip("."),
        "stream.unknown_camera": say(_WORDS, "known", language, names=", ".join(known)),
        "stream.healthy": say(_WORDS, "no_camera", language),
    }
    story = Story(
        _HOST_TABLE, (), Hypothesis("stream.healthy", {"streams": _any()}),
        lambda signal, value, seen_of: told_as(signal, value, seen_of, _WORDS_ASKED), lambda code, dummy, unused: details[code])
    signals: Signals = {"streams": "seen" if seen else "unseen", "scope": "unknown" if unknown and seen else "known"}
    return conclude(
        story, signals, evidence, names={"host": host, "camera": ", ".join(map(str, unknown))}, language=language, not_observed=[])


def _of_camera(evidence: Evidence, camera: str, host: str, language: str) -> dict[str, t.Any]:
    def observation(signal: str, value: t.Optional[str], seen_of: Evidence) -> dict[str, t.Any]:
        seen = told_as(signal, value, seen_of, SOURCES)
        return {**seen, "call": f"{seen['call']} ({camera})"}

    story = Story(TABLE, (), Hypothesis("stream.unclear", {"class": _any(), "playback": _any()}), observation, lambda *dummy: "")
    return conclude(
        story, signals_of(evidence, camera), evidence, names={"host": host, "camera": camera}, language=language, not_observed=[])


def _told(evidence: Evidence, camera: str, code: str) -> dict[str, t.Any]:
    """Return what is told of a camera beside its finding."""
    seen, shown = part(evidence, "streams", "streams", camera), part(evidence, "playback", "playback", camera)
    told = shown if code in ("stream.undecodable", "stream.unwatchable", "stream.playback_unproven") else seen
    why = ", ".join(full_places(part(evidence, "host"))) if code == "stream.disk_full" else ""
    # What says that nobody wants it does not fit one that somebody asks for.
    told = {} if code == "stream.dead" and seen.get("class") in NOT_WANTED else told
    return {
        "code": code, "class": seen.get("class"), "core": is_core(evidence, camera), "live": code in LIVE,
        "wanted": signals_of(evidence, camera)["wanted"], "why": (why or str(told.get("why") or "")).rstrip("."),
    }


def _group(
    code: str, names: t.Sequence[str], each: t.Mapping[str, t.Any], cameras: t.Mapping[str, t.Any], host: str, language: str
) -> dict[str, t.Any]:
    """Return one finding for all cameras that have it; what it rests on is shown of the first of them."""
    shown, first = names[:_SHOWN_AT_MOST], each[names[0]]
    told = ", ".join(names[:_NAMED_AT_MOST])
    if len(names) > _NAMED_AT_MOST:
        told = say(_WORDS, "more", language, names=told, n=len(names) - _NAMED_AT_MOST)
    severity, rule = severity_of(code, language)
    return {
        **first, "sentence": sentence_of(code, language, host=host, camera=told, detail=_detail(code, names, cameras, language)),
        "severity": severity, "rule": rule, "playbook": FINDINGS[code].playbook, "owner": FINDINGS[code].owner,
        "next_step": next_step_of(code, host=host, language=language),
        "evidence": [seen for name in shown for seen in each[name]["evidence"]],
        "counter_checks": [seen for name in shown for seen in each[name]["counter_checks"]],
    }


def _detail(code: str, names: t.Sequence[str], cameras: t.Mapping[str, t.Any], language: str) -> str:
    """Return what makes the sentence exact: of one camera why, of several which are core cameras."""
    core = [name for name in names if cameras[name]["core"]]
    if code == "stream.healthy":
        return ", ".join(names[:_NAMED_AT_MOST]) if len(names) <= _NAMED_AT_MOST else str(len(names))
    if len(names) > 1:
        return say(_WORDS, "cores", language, names=", ".join(core)) if core else ""
    why = cameras[names[0]]["why"]
    return "; ".join(text for text in (say(_WORDS, "core", language) if core else "", why[:1].lower() + why[1:]) if text)


def _beside(evidence: Evidence, host: str, language: str) -> list[dict[str, t.Any]]:
    """Return what is wrong with the inventory: it has not got a camera that is wanted all the same."""
    extra = [
        name for name in cameras_in(evidence)
        if signals_of(evidence, name)["inventory"] == "missing" and _counts(evidence, name) and evidence.get("cameras")]
    severity, rule = severity_by(SIDE_RULE, language)
    return [{
        "code": "stream.not_in_inventory", "severity": severity, "rule": rule, "verdict": "confirmed", "counter_checks": [],
        "sentence": sentence_of("stream.not_in_inventory", language, host=host, camera=", ".join(extra)),
        "evidence": [told_as("inventory", "missing", evidence, SOURCES)],
    }] if extra else []


def _unseen(evidence: Evidence, cameras: t.Mapping[str, t.Any], language: str) -> list[str]:
    """Name the cameras that move and of which nobody has seen a picture."""
    shown = part(evidence, "playback", "playback")
    dark = [name for name, told in cameras.items() if told["live"] and part(shown, name).get("verdict") in (None, "unproven")]
    why = next((str(part(shown, name).get("why") or "") for name in dark if name in shown), "") or "nobody looked"
    pictures = [say(_WORDS, "playback", language, names=", ".join(dark), why=why.rstrip("."))] if dark else []
    # Two that write the same files at the same pace are seen by their number only.
    beside = [] if "processes" in part(evidence, "host") else [say(_WORDS, "beside", language)]
    return [*pictures, *beside]


def stream_rows(
    findings: t.Mapping[str, t.Any], neighbours: t.Optional[t.Mapping[str, t.Any]] = None, cameras: t.Optional[t.Mapping[str, t.Any]] = None
) -> list[dict[str, t.Any]]:
    """Return the cameras that are out on the hosts of a line, as line_severity asks for them.

    findings: host -> finding of stream_diagnosis. neighbours: of fleet_info, the hosts of the line that this run leaves alone;
    cameras: their lineops_cameras. What a supervisor does not run there is out; one that hangs there is not seen from here.
    """
    rows = [
        {"host": host, "finding": told["code"], "target": f"stream:{camera}", "core": told["core"]}
        for host, finding in findings.items() for camera, told in part(finding, "cameras").items()
        if not told["live"]]
    return rows + [
        {"host": host, "finding": "stream.dead", "target": f"stream:{camera}", "core": True}
        for host, summary in (neighbours or {}).items() for camera in part(summary, "streams").get("not_running") or []
        if is_core({"cameras": part(cameras).get(host)}, camera)]


def stream_asks(streams: t.Any, cameras: t.Any) -> bool:
    """Say whether a look at the streams asks for Playbook A: one that is wanted, or production's, does not move.

    streams: of camera_stream_info; cameras: lineops_cameras.
    """
    evidence = {"streams": {"streams": streams}, "cameras": cameras}
    names = [name for name in cameras_in(evidence) if _counts(evidence, name)] if streams else []
    return any(_of_camera(evidence, name, "", "en")["code"] != "stream.healthy" for name in names)


def longer_look_s(streams: t.Any, cameras: t.Any, stable_s: float) -> float:
    """Return for how many seconds to look once more before it is said how the streams are; 0 where a short look has settled it.

    A stutter that shows in ten seconds may not show in three; what was just started may stay, and what its recovery brought back
    may come and go. What stands still does. streams, cameras: as for stream_asks; stable_s: seconds of a longer look.
    """
    told = [part(stream) for stream in part(streams).values()]
    if any(stream.get("brought_back") is True and stream.get("class") in _MAY_COME_AND_GO for stream in told):
        return max(float(stable_s), _RECOVERY_CYCLE_S)
    is_settled = stream_asks(streams, cameras) and not any(stream.get("class") == "starting" for stream in told)
    return 0.0 if is_settled or not told else float(stable_s)
