# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is the matter with a camera's stream, in one word (class), by a table of rules of which the first that holds counts.

Input are the verdict on the playlist (_stream_rules), the supervisor's own words, and what the source said when it was asked.
Pure. Private to this collection.
"""

from __future__ import annotations

import typing as t

#: Picture added per second of real time below which a moving stream stutters, one segment granted, since a look may fall just
#: before one is written: segments last 1 s (SUPERVISOR_API §6), so that in 3 s one is too few, and two are not.
STUTTER_BELOW = 0.75
#: ffmpeg without a source ends by itself after 10.5 s (5 s I/O limit, §2 [monitor_streams_source_frozen]); a playlist that
#: stands longer than this while it runs is not the source's fault.
SELF_END_S = 15.0

CLASSES = (
    "healthy", "starting", "never_started", "stopped", "dead", "hung", "stuttering", "source_unreachable", "source_unstable",
    "cooldown", "breaker_open", "disk_full", "second_writer", "ring_live_not_allowed", "ring_token_missing", "ring_session_stuck",
    "unknown",
)
#: Outcomes of asking a source (_rtsp) that the network between may have caused as well.
SILENT = ("refused", "timeout", "no_route")
#: Outcomes that only the source itself, or who answers in its place, can have caused.
REFUSING = ("unauthorized", "not_found", "rejected", "not_rtsp")
_FAILED_STARTS = ("early_exit", "circuit_open", "recovery_cooldown")

Facts = t.Mapping[str, t.Any]


class Rule(t.NamedTuple):
    """One row of the table. why: a sentence with places for facts; rests_on: the facts that are shown as evidence."""

    name: str
    holds: t.Callable[[Facts], bool]
    why: str
    rests_on: tuple[str, ...] = ()


def facts_of(
    health: t.Mapping[str, t.Any], claims: t.Mapping[str, t.Any], *, known: bool = True, has_entry: bool = True, kind: str = "rtsp",
    source: t.Optional[t.Mapping[str, t.Any]] = None, source_counts: bool = True, asked_from: str = "here",
    breaker_blocks: bool = False, playlist_claimed: bool = False, ring: t.Optional[t.Mapping[str, t.Any]] = None,
    reported_stuck: bool = False, writers: t.Optional[int] = None,
) -> dict[str, t.Any]:
    """Put side by side what the rules look at.

    health, claims: of _stream_rules; known: the supervisor has such a camera; has_entry: monitor/streams knows it; kind: the
    camera's type; source: result of asking it, None if nobody did; source_counts: whether its silence says anything (see
    silence_counts); playlist_claimed: the supervisor says there is a playlist; ring: live_enabled and configured of
    GET ring/status; writers: how many processes write its files, as the host sees it.
    """
    recovery, asked = claims["recovery"], source or {}
    outcome = asked.get("outcome")
    return {
        **health, **{name: claims[name] for name in ("process_pid", "starts_total", "clients", "last_exit_code", "breaker")},
        **recovery, "wanted": claims["desired"] is not None, "known": known, "has_entry": has_entry, "is_ring": kind == "ring",
        "source": outcome, "source_says": str(asked.get("says") or "").rstrip("."), "asked_from": asked_from,
        "source_is_silent": outcome in SILENT and source_counts, "source_refuses": outcome in REFUSING,
        "breaker_blocks": breaker_blocks, "playlist_claimed": playlist_claimed, "writers": writers,
        "ring_live": (ring or {}).get("live_enabled"), "ring_configured": (ring or {}).get("configured"),
        "reported_stuck": reported_stuck,
    }  # fmt: skip


def silence_counts(streams: t.Iterable[tuple[t.Any, t.Any]]) -> bool:
    """Say whether sources that do not answer here are gone: not where one is as silent whose picture moves all the same.

    streams: verdict of the stream and outcome of its source, of all cameras of a supervisor.
    """
    return not any(verdict == "moving" and outcome in SILENT for verdict, outcome in streams)


def stream_class(facts: Facts) -> dict[str, t.Any]:
    """Return class, why (a sentence) and evidence (the facts it rests on, by name)."""
    rule = next(rule for rule in RULES if rule.holds(facts))
    return {
        "class": rule.name, "why": rule.why.format_map(facts), "evidence": {name: facts[name] for name in rule.rests_on}}


def stutters(facts: Facts) -> bool:
    """Say whether a moving playlist grows by much less than real time."""
    span = facts["media_in_s"]
    return span > 0 and facts["media_s"] + facts["segment_s"] < STUTTER_BELOW * span


def _is(*verdicts: str) -> t.Callable[[Facts], bool]:
    return lambda facts: facts["verdict"] in verdicts


def _is_old_stand(facts: Facts) -> bool:
    return facts["verdict"] == "stalled" and (facts["segment_age_s"] or 0.0) >= SELF_END_S


def _source_is_gone(facts: Facts) -> bool:
    """A source that is silent from here is only believed to be gone if the supervisor, too, gets nothing of it.

    What a person has just started may be to come; what its recovery has just started ended before.
    """
    if facts["playlist_moves"] or not facts["wanted"] or facts["verdict"] == "moving":
        return False
    if facts["verdict"] == "starting" and not facts["brought_back"]:
        return False
    if facts["source_refuses"]:
        return True
    fails = facts["verdict"] != "not_running" or facts["failed"] or facts["retries"] or facts["last_error"] in _FAILED_STARTS
    return facts["source_is_silent"] and bool(fails)


_PLAYLIST = ("verdict", "sequence", "segments_added", "seconds", "segment_age_s")
_CLAIMS = ("running", "wanted", "starts_total", "last_exit_code", "last_error")
_RECOVERY = ("in_cooldown", "retries", "succeeded", "failed", "breaker")

RULES: tuple[Rule, ...] = (
    Rule("ring_session_stuck", lambda f: f["is_ring"] and f["reported_stuck"],
         "An operator reports that its session is stuck; no answer of the supervisor shows such a thing.", ("reported_stuck",)),
    Rule("second_writer", lambda f: f["playlist_moves"] and not f["running"],
         "Its playlist moves, though the supervisor runs no stream of it: another process writes it.",
         (*_PLAYLIST, "running", "playlist_moves")),
    Rule("second_writer", lambda f: f["jumps"] > 0,
         "The numbers of its segments jump without a start in between: two processes write the same files.",
         ("jumps", "sequence", "seconds", "starts_total")),
    Rule("second_writer", lambda f: (f["writers"] or 0) > 1, "{writers} processes on the host write its files.", ("writers",)),
    Rule("unknown", lambda f: not f["known"], "The supervisor has no camera of that id.", ("known",)),
    Rule("stuttering", lambda f: f["verdict"] == "moving" and stutters(f),
         "Its playlist moves, but {media_s:g} s of picture were added in {media_in_s:g} s.",
         (*_PLAYLIST, "media_s", "media_in_s", "segment_s")),
    Rule("stuttering", lambda f: f["verdict"] == "moving" and f["discontinuities"] > 0,
         "Its playlist moves, but the picture broke off {discontinuities} times in {media_in_s:g} s.",
         (*_PLAYLIST, "discontinuities")),
    Rule("healthy", _is("moving"), "{media_s:g} s of picture were added in {media_in_s:g} s.", (*_PLAYLIST, "media_s", "media_in_s")),
    Rule("disk_full", _is("empty"),
         "It runs, but its playlist holds no segment: that is what a full file system leaves.", (*_PLAYLIST, "running")),
    Rule("unknown", lambda f: f["verdict"] == "unreadable" and bool(f["unreadable"]),
         "What is served as its playlist cannot be judged: {unreadable}.", ("verdict", "unreadable")),
    Rule("unknown", _is("unreadable"), "What is served as its playlist is none.", ("verdict",)),
    Rule("starting", lambda f: f["verdict"] == "starting" and not _source_is_gone(f),
         "It was started a few seconds ago, and its playlist is to come.", ("verdict", "starts_total", "brought_back")),
    Rule("unknown", _is("undecided"),
         "The looks do not reach far enough to say whether its playlist moves.", ("verdict", "sequence", "seconds")),
    Rule("source_unreachable", lambda f: f["source"] == "unsupported",
         "Its address is not one of RTSP, and the supervisor can stream nothing else.", ("source", *_CLAIMS)),
    Rule("hung", _is_old_stand,
         "It runs, but its playlist has stood still for {segment_age_s:g} s; without a source it would have ended by itself.",
         (*_PLAYLIST, "running", "source")),
    Rule("source_unreachable", _source_is_gone,
         "Its source gives no stream, asked from {asked_from} ({source_says}), nor does the supervisor get one.",
         ("source", "asked_from", "verdict", *_CLAIMS, *_RECOVERY)),
    Rule("breaker_open", lambda f: f["breaker_blocks"] and not f["running"],
         "It is not running, and the supervisor refuses to start it after several failures, for the moment.", (*_CLAIMS, *_RECOVERY)),
    Rule("source_unstable", lambda f: f["verdict"] == "flapping" and (f["running"] or f["wanted"]),
         "It ends and is brought back again and again ({succeeded} times since the supervisor began), which that counts as success.",
         ("verdict", "source", "starts_total", "last_exit_code", *_RECOVERY)),
    Rule("hung", _is("stalled"), "It runs, but its playlist stood still for {seconds:g} s.", (*_PLAYLIST, "running", "source")),
    Rule("unknown", lambda f: f["verdict"] == "missing" and f["playlist_claimed"],
         "The supervisor says that it has a playlist, but serves none: its HLS directory may be elsewhere.",
         ("verdict", "playlist_claimed")),
    Rule("hung", _is("missing"), "It runs, but has written no playlist.", ("verdict", "seconds", "running", "source")),
    Rule("cooldown", lambda f: f["in_cooldown"],
         "It is not running, and the supervisor has given up starting it again, for the moment.", (*_CLAIMS, *_RECOVERY)),
    Rule("ring_live_not_allowed", lambda f: f["is_ring"] and f["ring_live"] is False,
         "It is not running, since the supervisor does not allow to show Ring live.", ("ring_live", "ring_configured", "running")),
    Rule("ring_token_missing", lambda f: f["is_ring"] and f["ring_configured"] is False,
         "It is not running, since the supervisor has no token for Ring.", ("ring_live", "ring_configured", "running")),
    Rule("dead", lambda f: f["wanted"], "It is wanted, but its process is gone.", (*_CLAIMS, *_RECOVERY, "source")),
    Rule("never_started", lambda f: not f["has_entry"], "Nobody has started it since the supervisor began.", ("has_entry", "source")),
    Rule("stopped", lambda f: not f["running"], "It is not wanted: it was stopped.", (*_CLAIMS, "source")),
    Rule("unknown", lambda f: True, "No rule says what this is.", (*_PLAYLIST, *_CLAIMS)),
)
