# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of a camera's stream, by its playlist moving in real time (DESIGN §6), and what to bring back after a restart.

Answers of the supervisor hold RTSP passwords (SUPERVISOR_API quirk 19): nothing returned here holds an address, and words
of the supervisor are kept only in the form they are known to have. Pure. Private to this collection.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from urllib.parse import unquote

from ._redact import scrub, secrets_in

#: Looks closer than this prove nothing: a segment is written once a second (SUPERVISOR_API §2, §6).
APART_S = 3.0
#: Segments that are said to be longer are not waited for.
_LONGEST_PATIENCE_S = 30.0
#: No playlist stands for 2 to 6 s after a start (§2).
_STARTING_S = 10.0
#: The back-off of the recovery grows to 20 s (§2); an attempt longer ago has nothing to do with what is seen now, or with the
#: next one.
_RECOVERY_RECENT_S = 30.0
#: Of two times of the supervisor the later one was told first: its answers are up to 1 s old (§1). More is a clock set back.
_TOLD_LATE_S = 1.0
#: One writer cannot put in more than what passed meanwhile, this often over, and the segments of a list at its beginning;
#: where the numbers leap further, or fall back without a start, two write the same files (quirk 13).
_LEAP_TIMES, _LEAP_SEGMENTS = 3.0, 10
#: What the supervisor makes of use_substream where a camera has no second address [monitor_streams_substream].
_RESCALED = "640x360"

_RESOLUTION = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")
_SEQUENCE = re.compile(r"^#EXT-X-MEDIA-SEQUENCE:[ \t]*([0-9]{1,15})[ \t]*$", re.MULTILINE)
_TARGET = re.compile(r"^#EXT-X-TARGETDURATION:[ \t]*([0-9]{1,6}(?:\.[0-9]{1,6})?)[ \t]*$", re.MULTILINE)
_DURATION = re.compile(r"#EXTINF:[ \t]*([0-9]{1,6}(?:\.[0-9]{1,9})?)")
_BREAKS = re.compile(r"^#EXT-X-DISCONTINUITY-SEQUENCE:[ \t]*([0-9]{1,15})[ \t]*$", re.MULTILINE)
_DATE_TIME = re.compile(r"^#EXT-X-PROGRAM-DATE-TIME:[ \t]*([0-9TZ:.+-]{1,40})[ \t]*$", re.MULTILINE)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://\S+")

#: A playlist holds a few lines; what is longer is not handed from one task to the next.
_HANDED_ON_CHARACTERS = 16_384

Mapping = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Playlist:
    """What an HLS playlist says; target_s in seconds, last_at as it is written, segments in order.

    durations: seconds of each segment; breaks: number of the last discontinuity.
    """

    sequence: int
    target_s: float
    last_at: str
    segments: tuple[str, ...]
    durations: tuple[float, ...] = ()
    breaks: int = 0

    @property
    def end(self) -> int:
        """Number of the segment to come: it grows from the first segment on, the sequence only once the list is full."""
        return self.sequence + len(self.segments)


def parse_playlist(text: t.Any) -> t.Optional[Playlist]:
    """Read a playlist of segments (RFC 8216); None for whatever is none."""
    if not isinstance(text, str):
        return None
    lines = text.lstrip("\ufeff").replace("\r\n", "\n")
    if lines.split("\n", 1)[0].strip() != "#EXTM3U" or "#EXT-X-STREAM-INF" in lines:
        return None
    sequence, target, times = _SEQUENCE.search(lines), _TARGET.search(lines), _DATE_TIME.findall(lines)
    target_s = float(target.group(1)) if target else 0.0
    segments: list[str] = []
    durations: list[float] = []
    told = target_s
    for line in filter(None, map(str.strip, lines.split("\n"))):
        if not line.startswith("#"):
            segments.append(line)
            durations.append(told)
            told = target_s
        elif line.startswith("#EXTINF:"):
            duration = _DURATION.match(line)
            told = float(duration.group(1)) if duration else target_s
    earlier = _BREAKS.search(lines)
    breaks = (int(earlier.group(1)) if earlier else 0) + len(re.findall(r"^#EXT-X-DISCONTINUITY[ \t]*$", lines, re.MULTILINE))
    return Playlist(
        int(sequence.group(1)) if sequence else 0, target_s, times[-1] if times else "", tuple(segments), tuple(durations), breaks)


def patience_s(looks: t.Sequence[Mapping]) -> float:
    """Seconds without a new segment after which a stream stands still; looks have to be that far apart."""
    targets = [playlist.target_s for playlist in map(_playlist_of, looks) if playlist]
    return max(APART_S, min(_LONGEST_PATIENCE_S, targets[-1] + 1 if targets else 0.0))


def stream_health(
    looks: t.Sequence[Mapping], state: Mapping, before: t.Optional[Mapping] = None, now: t.Any = None
) -> dict[str, t.Any]:
    """Return the verdict on one stream, with the figures it rests on.

    looks: at the playlist, in order, each with at (monotonic seconds), status (of the answer) and text; state: the camera's
    entry of monitor/streams at the end, {} if it has none; before: the entry at the beginning; now: the time of that answer.
    Verdicts: moving, stalled, empty (no segment), missing (no playlist), starting, not_running, flapping (recovery brings it
    back again and again), unreadable (what is there is no playlist), undecided (the looks do not reach far enough).
    brought_back: its recovery was at it just now, so that only a longer look can say whether it stays.
    """
    kind, run = _last_run(looks)
    seen = _progress(run, patience_s(looks)) if kind == "playlist" else {}
    found = _playlist_of(run[-1]) if seen else None
    return {
        "verdict": _verdict(kind, run, seen, state, before or {}, now),
        "running": state.get("running") is True,
        "brought_back": _brought_back(state, now),
        "sequence": seen.get("sequence", [None, None]),
        "segments_added": seen.get("added", 0),
        "seconds": round(run[-1]["at"] - run[0]["at"], 1) if run else 0.0,
        "playlist_moves": seen.get("moves") is True,
        "last_segment_at": found.last_at if found else "",
        "media_s": seen.get("media_s", 0.0),
        "media_in_s": seen.get("span_s", 0.0),
        "moving_s": seen.get("moving_s", 0.0),
        "segment_s": seen.get("segment_s", 0.0),
        "segment_age_s": _segment_age_s(run[-1]) if seen else None,
        "discontinuities": seen.get("breaks", 0),
        "jumps": _jumps(looks) if before is not None and _count(state, "starts_total") == _count(before, "starts_total") else 0,
        "unreadable": next((str(look.get("why") or "") for look in reversed(looks) if look.get("why")), ""),
    }


def looks_to_go_on(looks: t.Sequence[Mapping], state: Mapping) -> dict[str, t.Any]:
    """Return looks at one playlist in the form in which a later task on the same machine goes on from them.

    looks: as for stream_health; state: the camera's entry of monitor/streams, which says of which start they are.
    """
    return {**_start_of(state), "looks": [look for look in looks if len(look.get("text") or "") <= _HANDED_ON_CHARACTERS]}


def can_go_on(earlier: t.Any) -> bool:
    """Say whether a value is what looks_to_go_on makes."""
    return isinstance(earlier, dict) and isinstance(earlier.get("looks"), list) and all(map(_is_look, earlier["looks"]))


def looks_that_count(earlier: Mapping, state: Mapping, at: float) -> list[Mapping]:
    """Return the looks of an earlier task at a stream; none if it was started anew since, or the machine was.

    earlier: of looks_to_go_on; state: the camera's entry of monitor/streams now; at: monotonic seconds now.
    """
    same = {name: earlier.get(name) for name in _start_of({})} == _start_of(state)
    return earlier["looks"] if same and all(look["at"] <= at for look in earlier["looks"]) else []


def seen_since(looks: t.Sequence[Mapping]) -> float:
    """Return since when (monotonic seconds) a look sees what the last one saw. At least one look."""
    return float(_last_run(looks)[1][0]["at"])


def _start_of(state: Mapping) -> dict[str, t.Any]:
    return {"starts_total": _count(state, "starts_total"), "process_pid": _number(state.get("process_pid"))}


def _is_look(look: t.Any) -> bool:
    return (
        isinstance(look, dict) and isinstance(look.get("text"), (str, type(None)))
        and all(_number(look.get(name)) is not None for name in ("at", "status"))
        and all(look.get(name) is None or _number(look[name]) is not None for name in ("sent", "written")))


def _segment_age_s(look: Mapping) -> t.Optional[float]:
    """Seconds since the playlist was written, by the supervisor's own clock alone; None where it does not tell."""
    sent, written = _number(look.get("sent")), _number(look.get("written"))
    return max(0.0, sent - written) if sent is not None and written is not None and sent - written > -_TOLD_LATE_S - 1 else None


def _jumps(looks: t.Sequence[Mapping]) -> int:
    """How often the numbers fell back, or leapt further than one writer could bring them."""
    ends = [(look["at"], playlist) for look in looks for playlist in [_playlist_of(look)] if playlist and playlist.segments]
    pairs = [(later[0] - sooner[0], later[1], sooner[1]) for sooner, later in zip(ends, ends[1:])]
    return sum(
        later.end < sooner.end or (later.end - sooner.end) * (later.target_s or 1.0) > _LEAP_TIMES * seconds + _LEAP_SEGMENTS * (later.target_s or 1.0)
        for seconds, later, sooner in pairs)


def _verdict(
    kind: str, run: t.Sequence[Mapping], seen: Mapping, state: Mapping, before: Mapping, now: t.Any
) -> str:
    """Running alone never counts (quirk 15), nor does a moving playlist that the supervisor knows nothing of (quirk 13)."""
    comes_and_goes = _comes_and_goes(before, state)
    if state.get("running") is not True:
        return "flapping" if comes_and_goes else "not_running"
    if comes_and_goes:
        return "flapping"
    if seen.get("moves"):
        return "moving"
    if seen.get("stands"):
        return "stalled"
    if kind != "unreadable" and was_just_started(state, now):
        return "starting"
    if seen.get("went_back"):
        return "flapping"
    if kind == "playlist" or not run or run[-1]["at"] - run[0]["at"] < APART_S:
        return "undecided"
    return kind


def _comes_and_goes(before: Mapping, after: Mapping) -> bool:
    """Recovery brought it back during the looks, and once more then or shortly before (quirk 17).

    The totals are of the supervisor's whole life: how high they are says nothing, how they grow does.
    """
    grown = _count(after, "recovery_success_total") - _count(before, "recovery_success_total") if before else 0
    apart_s = _time(after, "last_recovery_attempt_ts") - _time(before, "last_recovery_attempt_ts")
    return grown >= 2 or (grown == 1 and _count(before, "recovery_success_total") > 0 and 0 < apart_s <= _RECOVERY_RECENT_S)


def _brought_back(state: Mapping, now: t.Any) -> bool:
    """Recovery was at it just now; one that gave up does not bring it back."""
    resting = isinstance(state.get("recovery"), dict) and state["recovery"].get("in_cooldown") is True
    return not resting and _age(state, "last_recovery_attempt_ts", now) <= _RECOVERY_RECENT_S


def _last_run(looks: t.Sequence[Mapping]) -> tuple[str, list[Mapping]]:
    """Return what the last look saw (playlist, empty, missing, unreadable) and the looks in a row that saw the same."""
    kinds = [_kind(look) for look in looks]
    if not kinds:
        return "unreadable", []
    first = next((index + 1 for index in reversed(range(len(kinds))) if kinds[index] != kinds[-1]), 0)
    return kinds[-1], list(looks[first:])


def _kind(look: Mapping) -> str:
    """An empty playlist is what a full file system leaves (SUPERVISOR_SYSTEMD §8.33)."""
    if look["status"] == 404:
        return "missing"
    if look["status"] != 200:
        return "unreadable"
    playlist = parse_playlist(look["text"])
    if playlist is None:
        return "empty" if look["text"] == "" else "unreadable"
    return "playlist" if playlist.segments else "empty"


def _playlist_of(look: Mapping) -> t.Optional[Playlist]:
    return parse_playlist(look["text"]) if look["status"] == 200 else None


def _progress(run: t.Sequence[Mapping], patience: float) -> dict[str, t.Any]:
    """Say how far a playlist came since it was last begun anew, and whether it did so up to the last look."""
    ends = [(look["at"], playlist) for look in run for playlist in [_playlist_of(look)] if playlist]
    backs = [index for index in range(1, len(ends)) if ends[index][1].end < ends[index - 1][1].end]
    since = ends[backs[-1]:] if backs else ends
    (first_at, first), (last_at, last) = since[0], since[-1]
    still_s = last_at - next(at for at, playlist in since if playlist.end == last.end)
    moved = last.end > first.end and last_at - first_at >= APART_S
    return {
        "sequence": [first.sequence, last.sequence],
        "added": last.end - first.end,
        "moves": moved and still_s < patience,
        "stands": still_s >= patience,
        "went_back": bool(backs),
        "media_s": round(_media_s(since), 3),
        "span_s": round(last_at - first_at, 1),
        "moving_s": round(_moving_s(since, patience), 1),
        "segment_s": max(last.durations, default=last.target_s),
        "breaks": max(0, last.breaks - first.breaks),
    }


def _media_s(since: t.Sequence[tuple[float, Playlist]]) -> float:
    """Seconds of picture that were added: of each new segment what a playlist says of it; one that no look saw lasts as long
    as the target."""
    known = {
        playlist.sequence + index: seconds for dummy, playlist in since for index, seconds in enumerate(playlist.durations)}
    first, last = since[0][1], since[-1][1]
    seen = [seconds for number, seconds in known.items() if first.end <= number < last.end]
    return sum(seen) + (last.end - first.end - len(seen)) * last.target_s


def _moving_s(since: t.Sequence[tuple[float, Playlist]], patience: float) -> float:
    """Seconds up to the last look in which no look saw it stand still for as long as its patience is; 0 if one just did."""
    begin = grown_at = since[0][0]
    stood = False
    for (dummy, before), (at, playlist) in zip(since, since[1:]):
        if playlist.end > before.end:
            begin, grown_at, stood = at if stood else begin, at, False
        stood = stood or at - grown_at >= patience
    return 0.0 if stood or since[-1][1].end == since[0][1].end else since[-1][0] - begin


def _number(value: t.Any) -> t.Optional[float]:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15 else None


def _count(state: Mapping, name: str) -> int:
    metrics = state.get("metrics")
    return int(_number(metrics.get(name)) or 0) if isinstance(metrics, dict) else 0


def _time(state: Mapping, name: str) -> float:
    """A time of the metrics, by the supervisor's own clock; 0 if it never was or is not known."""
    metrics = state.get("metrics")
    return _number(metrics.get(name)) or 0.0 if isinstance(metrics, dict) else 0.0


def _age(state: Mapping, name: str, now: t.Any) -> float:
    """Seconds since a time of the metrics; endless if it never was or is not known."""
    then, told = _time(state, name), _number(now)
    age = told - then if then and told is not None else float("inf")
    return age if age >= -_TOLD_LATE_S else float("inf")


def was_just_started(state: Mapping, now: t.Any) -> bool:
    """Say whether somebody started it so shortly ago that its playlist may be to come. now: the time of that answer."""
    return _age(state, "last_start_ts", now) <= _STARTING_S


def stream_claims(entry: Mapping, camera: Mapping, breaker: t.Any = None) -> dict[str, t.Any]:
    """Return what the supervisor says of a stream, without its addresses. camera: its entry of GET cameras, or {}."""
    recovery = entry.get("recovery") if isinstance(entry.get("recovery"), dict) else {}
    metrics = entry.get("metrics") if isinstance(entry.get("metrics"), dict) else {}
    pid = _number(entry.get("process_pid"))
    return {
        "desired": desired_of(entry, camera),
        "process_pid": int(pid) if pid else None,
        "starts_total": _count(entry, "starts_total"),
        "clients": int(_number(entry.get("client_count")) or 0),
        "last_exit_code": _exit_code(metrics.get("last_exit_code")),
        "recovery": {
            "in_cooldown": recovery.get("in_cooldown") is True,
            "retries": int(_number(recovery.get("retries_in_window")) or 0),
            "succeeded": _count(entry, "recovery_success_total"),
            "failed": _count(entry, "recovery_failed_total"),
            "last_error": _word(metrics.get("last_error")),
        },
        "breaker": _word(breaker) or None,
    }


def _exit_code(value: t.Any) -> t.Optional[int]:
    number = _number(value)
    return int(number) if number is not None and abs(number) < 2**32 else None


def breaker_blocks(breaker: t.Any, now: t.Any) -> bool:
    """Say whether a circuit breaker refuses every start now: one that opened long enough ago lets the next one through.

    breaker: its entry of circuit_breakers; now: the time of that answer.
    """
    if not isinstance(breaker, dict) or breaker.get("state") != "open":
        return False
    config = breaker.get("config") if isinstance(breaker.get("config"), dict) else {}
    opened, rest, told = _number(breaker.get("opened_at")), _number(config.get("recovery_timeout_seconds")), _number(now)
    return not opened or rest is None or told is None or told < opened + rest


def desired_of(entry: Mapping, camera: Mapping) -> t.Optional[dict[str, t.Any]]:
    """Return type, use_substream and resolution of the stream that is wanted of a camera; None if none is."""
    desired = entry.get("desired")
    if not isinstance(desired, dict):
        return None
    source, main, second = desired.get("rtsp_url"), camera.get("url"), camera.get("substream_url")
    return {
        "type": _word(desired.get("type")),
        "use_substream": bool(second) and source == second and source != main,
        "resolution": desired["resolution"] if is_resolution(desired.get("resolution")) else None,
    }


def noted_streams(streams: Mapping, cameras: Mapping) -> list[dict[str, t.Any]]:
    """Return what to bring back after a restart: of every wanted stream, camera, type, use_substream and resolution.

    streams: of monitor/streams; cameras: of GET cameras.
    """
    wanted = {name: desired_of(_part(streams, name), _part(cameras, name)) for name in sorted(streams)}
    return [{"camera": name, **desired} for name, desired in wanted.items() if desired]


def is_as_wanted(entry: Mapping, camera: Mapping, use_substream: bool, resolution: t.Optional[str]) -> bool:
    """Say whether the stream that is wanted of a camera has that source and that size."""
    desired = desired_of(entry, camera)
    if desired is None:
        return False
    sources = [camera.get("url"), camera.get("substream_url")]
    if desired["type"] == "rtsp" and entry["desired"].get("rtsp_url") not in sources:
        return False
    second = use_substream and bool(camera.get("substream_url"))
    sizes = [resolution] if resolution or not use_substream else [_RESCALED]
    if second and not resolution:
        sizes.append(None)
    return desired["use_substream"] is (second and sources[0] != sources[1]) and desired["resolution"] in sizes


def is_resolution(value: t.Any) -> bool:
    """Say whether a value is "WxH"; anything else makes a start fail, and kills a running stream first (quirk 18)."""
    return isinstance(value, str) and bool(_RESOLUTION.fullmatch(value))


def address_secrets(camera: Mapping) -> frozenset[str]:
    """Return what must not be told of a camera: its addresses, and user with password or password alone."""
    found: set[str] = set()
    for address in (camera.get("url"), camera.get("substream_url")):
        if isinstance(address, str) and "@" in address:
            login = address.split("://", 1)[-1].rpartition("@")[0]
            found |= {address, login, unquote(login), *(part.partition(":")[2] for part in (login, unquote(login)))}
    return secrets_in([*found])


def without_addresses(text: str, secrets: t.Iterable[str] = ()) -> str:
    """Return words of the supervisor without any address in them."""
    return _ADDRESS.sub("(address)", scrub(text, secrets))


def _part(entries: Mapping, name: str) -> Mapping:
    entry = entries.get(name)
    return entry if isinstance(entry, dict) else {}


def _word(value: t.Any) -> str:
    """Return a short word of the supervisor as "early_exit"; "" for anything longer, which may hold an address."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{1,40}", value) else ""
