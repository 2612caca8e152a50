# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of the observed supervisor, and holding an answer against one.

Equality is the rule: same status, headers, keys, types and values. Every exception is a line in a table below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "data" / "recordings"

#: Values that differ from one run to the next: only their type is compared (None stays None). Regular expressions over
#: the path in the body, such as ``circuit_breakers.plc:plc_001:write.opened_at`` or ``[0].message``.
VOLATILE = re.compile("|".join((
    r".*\b(timestamp|timestamp_utc|created_at|mtime|expires_at)",            # when
    r".*\b(entry_hash|prev_hash|sha256|key_prefix|raw_key|size)", r"\[\d+\]\.id",      # what was hashed or counted up
    r"(pid|python|args\[\d+\]|uptime)",                                          # which process
    r"backup_(file|path)|backups\[\d+\]\.file",                                 # named after the time
    r"hardware\..*", r".*\b(p95_latency_ms|total_requests|errors_5xx|availability_ratio)", r"alerts\[\d+\]\.value",
    r"circuit_breakers\.plc:.*\.total_\w+",                                      # history before the state
    # History as well: on the recorder's machine camdead was taken for started fourteen times before it failed at once.
    r"circuit_breakers\.stream:rtsp:camdead\.total_(success|failure)",
    r"streams\.camdead\.metrics\.(starts_total|recovery_(success|failed)_total)",
    r".*\brecovery_timeout_seconds",                                            # shortened here to save time
    r"device_name|version\..*",                                                 # another PLC
    r"statistics\.(total_symbols|cached_values)",                               # another symbol list
    r"ffmpeg\.(available|path)",                                                # another machine
    r"config\.tabs\..*", r"streams\..*\.(process_pid|segment_count)",            # a process, a moment
)))
#: Moments: nought stands for "never" and stays it, any other time is as good as the recorded one.
MOMENTS = re.compile(r"circuit_breakers\..*\.(last_failure_at|opened_at)|streams\..*\.(\w+_ts|cooldown_until)")
#: Where null stands for "not on this machine".
NULLABLE = re.compile(r"ffmpeg\.path")
#: Maps whose keys are made up anew: every value is held against the first recorded one.
DYNAMIC_MAPS = re.compile(r"config\.tabs")
#: Parts of texts that name a request, a place in the program, a machine or a piece of a stream.
MESSAGE_NOISE = (
    (re.compile(r"\b[0-9a-f]{32}\b"), "<request>"), (re.compile(r"\nTraceback.*", re.DOTALL), "<traceback>"),
    (re.compile(r"(?<=#EXT-X-MEDIA-SEQUENCE:)\d+|(?<=_)\d{3}(?=\.ts)|(?<=#EXTINF:)[\d.]+"), "<segment>"),
)

#: Headers of the server and the connection, not of the API.
OTHER_HEADERS = frozenset({"server", "date", "content-length", "connection", "last-modified", "etag"})
#: Header -> may the value differ.
VOLATILE_HEADERS = frozenset({"retry-after"})


@dataclass(frozen=True)
class Answer:
    """What a supervisor said, or that it said nothing."""

    status: int | None
    headers: dict[str, str]
    body: Any
    elapsed_s: float
    transport_error: str | None = None


@dataclass(frozen=True)
class Recording:
    """One recorded pair."""

    name: str
    request: dict[str, Any]
    response: dict[str, Any]
    elapsed_s: float

    @property
    def timed_out(self) -> bool:
        """Did the recorder give up waiting?"""
        return "transport_error" in self.response


@cache
def names() -> tuple[str, ...]:
    """All recordings there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def load(name: str) -> Recording:
    """Read one recording."""
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Recording(name, content["request"], content["response"], content["elapsed_s"])


def translated(value: Any, translate: Callable[[str], str]) -> Any:
    """The same tree with every string, keys too, put through ``translate``."""
    if isinstance(value, str):
        return translate(value)
    if isinstance(value, list):
        return [translated(item, translate) for item in value]
    if isinstance(value, dict):
        return {translate(key): translated(item, translate) for key, item in value.items()}
    return value


def _kind(value: Any) -> str:
    kinds = ((bool, "bool"), ((int, float), "number"), (str, "string"), (list, "list"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _quiet(text: str) -> str:
    for pattern, instead in MESSAGE_NOISE:
        text = pattern.sub(instead, text)
    return text


def body_differences(recorded: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Where ``actual`` is not what was recorded."""
    if NULLABLE.fullmatch(path) and None in (recorded, actual):
        return
    if _kind(recorded) != _kind(actual):
        yield f"{path or 'body'}: {_kind(recorded)} recorded, {_kind(actual)} now ({actual!r})"
    elif isinstance(recorded, dict) and DYNAMIC_MAPS.fullmatch(path):
        pattern = next(iter(recorded.values()), None)
        for key, item in actual.items():
            yield from body_differences(pattern, item, f"{path}.{key}")
    elif isinstance(recorded, dict):
        for key in sorted(recorded.keys() ^ actual.keys()):
            yield f"{path}.{key}: {'gone' if key in recorded else 'not in the recording'}"
        for key in recorded.keys() & actual.keys():
            yield from body_differences(recorded[key], actual[key], f"{path}.{key}" if path else key)
    elif isinstance(recorded, list):
        if len(recorded) != len(actual):
            yield f"{path or 'body'}: {len(recorded)} items recorded, {len(actual)} now"
        for index, pair in enumerate(zip(recorded, actual, strict=False)):
            yield from body_differences(*pair, f"{path}[{index}]")
    elif MOMENTS.fullmatch(path):
        if bool(recorded) != bool(actual):
            yield f"{path}: {recorded!r} recorded, {actual!r} now"
    elif not VOLATILE.fullmatch(path):
        same = _quiet(recorded) == _quiet(actual) if isinstance(recorded, str) else recorded == actual
        if not same:
            yield f"{path or 'body'}: {recorded!r} recorded, {actual!r} now"


def header_differences(recorded: dict[str, str], actual: dict[str, str], sent_id: str | None) -> Iterator[str]:
    """Where the API's headers are not what was recorded."""
    then = {name.lower(): value for name, value in recorded.items() if name.lower() not in OTHER_HEADERS}
    now = {name.lower(): value for name, value in actual.items() if name.lower() not in OTHER_HEADERS}
    request_id = now.pop("x-request-id", "")
    then.pop("x-request-id", None)
    if request_id != sent_id if sent_id else not re.fullmatch(r"[0-9a-f]{32}", request_id):
        yield f"X-Request-ID: {request_id!r}"
    for name in sorted(then.keys() ^ now.keys()):
        yield f"header {name}: {'gone' if name in then else 'not in the recording'}"
    for name in then.keys() & now.keys() - VOLATILE_HEADERS:
        if sorted(then[name].split(", ")) != sorted(now[name].split(", ")):
            yield f"header {name}: {then[name]!r} recorded, {now[name]!r} now"


def time_difference(recorded_s: float, actual_s: float) -> str | None:
    """Another order of magnitude of time: at once, the 5 s of an ADS or UDP time-out, the kernel's two minutes."""
    low, high = (0, 2) if recorded_s < 2 else (4, 15) if recorded_s < 15 else (60, 300)
    return None if low <= actual_s <= high else f"took {actual_s:.2f} s, recorded {recorded_s} s"


def differences(recording: Recording, answer: Answer) -> list[str]:
    """All that tells ``answer`` from the (translated) recording."""
    if recording.timed_out:
        return [] if answer.transport_error else [f"answered {answer.status}, the recorder's client gave up waiting"]
    if answer.transport_error:
        return [f"no answer: {answer.transport_error}"]
    found = [] if answer.status == recording.response["status"] else [
        f"status {recording.response['status']} recorded, {answer.status} now: {answer.body!r}"]
    slow = time_difference(recording.elapsed_s, answer.elapsed_s)
    found += [slow] if slow else []
    sent = {name.lower(): value for name, value in recording.request["headers"].items()}
    found += header_differences(recording.response["headers"], answer.headers, sent.get("x-request-id"))
    return found + list(body_differences(*map(_without_size, (recording.response["body"], answer.body))))


def _without_size(body: Any) -> Any:
    """No two pictures have the same size."""
    return re.sub(r"^<[1-9][0-9]* bytes ", "<bytes ", body) if isinstance(body, str) else body
