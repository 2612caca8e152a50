# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook A, outcome: what became of the cameras, judged by pictures that move and decode. Pure. Private."""

from __future__ import annotations

import typing as t

from ._outcome import outcome_of
from ._plc_signals import Evidence, part
from ._stream_plan import TO_CAMERA

_MOVING = ("healthy", "stuttering")
#: Of more cameras a report shows no pictures.
_PICTURED_AT_MOST = 4


def stream_outcome(
    finding: t.Mapping[str, t.Any],
    *,
    final: t.Mapping[str, t.Any],
    evidence: Evidence,
    steps: t.Sequence[t.Mapping[str, t.Any]] = (),
    planned: t.Sequence[t.Mapping[str, t.Any]] = (),
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (),
    failed_step: str = "",
    check_mode: bool = False,
) -> dict[str, t.Any]:
    """Return the outcome of one host in Playbook A.

    finding, final: the diagnosis before and after (the same if nothing was done); evidence: what the last was made of; the
    others: as outcome_of has them. What was healed of several cameras is told, even if others still need a person.
    """
    outcome = outcome_of(
        finding, final, proof=_proof(evidence, final) if steps else [], steps=steps, planned=planned, refusals=refusals,
        failed_step=failed_step, check_mode=check_mode)
    before, after = part(finding, "cameras"), part(final, "cameras")
    healed = [name for name, told in before.items() if _is_well(after, name) and not _is_well(before, name)]
    partly = healed if healed and not outcome["resolved"] else []
    return {
        **outcome, "not_observed": final["not_observed"], "cameras": {name: told["code"] for name, told in after.items()},
        "healed": healed, "proof": outcome["proof"] or (_proof(evidence, final, partly) if partly else [])}


def _is_well(cameras: t.Mapping[str, t.Any], name: str) -> bool:
    return part(cameras, name).get("code") == "stream.healthy"


def _proof(evidence: Evidence, final: t.Mapping[str, t.Any], only: t.Sequence[str] = ()) -> list[str]:
    """Return what proves that the cameras show a picture, in words."""
    seen, shown = part(evidence, "streams", "streams"), part(evidence, "playback", "playback")
    names = [name for name in part(final, "cameras") if name in only or (not only and _is_well(final["cameras"], name))]
    moving = [name for name in names if part(seen, name).get("class") in _MOVING]
    plays = [name for name in names if part(shown, name).get("verdict") == "plays"]
    span = min((part(seen, name).get("media_in_s") or 0 for name in moving), default=0)
    whose = f" of {', '.join(only)}" if only else ""
    told = {f"playlists that move for {span:g} s{whose}": bool(moving) and moving == names,
            f"pictures decoded from the newest segments{whose}": bool(plays) and plays == names}
    return [words for words, holds in told.items() if holds]


def earlier_looks(before: t.Any, done: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the looks that still count after what was done, for the option earlier of camera_stream_info.

    before: of camera_stream_info, with its looks; done: results of the steps, by name. A restart's looks are at its own stream.
    Those before it count of streams that nothing was done to; what was done to files and processes is done to all that is ill.
    """
    results = [part(one) for step in TO_CAMERA for one in part(done, step).get("results") or []]
    touched = {part(one, "item").get("camera") for one in results}
    streams, only_streams = part(before, "streams"), set(done) <= set(TO_CAMERA)
    left_alone = {
        name: looks for name, looks in part(before, "looks").items()
        if name not in touched and (only_streams or part(streams, name).get("class") == "healthy")}
    return {**left_alone, **{name: looks for one in results for name, looks in part(one, "looks").items()}}


def stream_pictures(
    finding: t.Mapping[str, t.Any], *, before: Evidence, before_at: str, after: Evidence, after_at: str
) -> list[dict[str, str]]:
    """Return the pictures for a report, as incident_report takes them: of the cameras that something was wrong with.

    before, after: of stream_playback, by camera; before_at, after_at: when they were looked at.
    """
    ill = [name for name in part(finding, "cameras") if not _is_well(finding["cameras"], name)][:_PICTURED_AT_MOST]
    found = [
        {"camera": name, "moment": moment, "at": at, "jpeg": str(part(shown, name).get("picture") or "")}
        for name in ill for moment, shown, at in (("before", before, before_at), ("after", after, after_at))]
    return [picture for picture in found if picture["jpeg"]]
