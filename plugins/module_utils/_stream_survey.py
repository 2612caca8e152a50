# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the streams of all cameras of a supervisor at once, and asks their sources meanwhile. Private to this collection."""

from __future__ import annotations

import queue
import threading
import time
import typing as t
from dataclasses import dataclass, field
from time import monotonic, sleep
from urllib.parse import urlsplit

from ._args import body_of, mapping_in
from ._errors import LineopsError
from ._fleet import each_at_once
from ._rtsp import ask_source, is_loopback
from ._stream_classes import silence_counts
from ._stream_rules import (
    desired_of, looks_that_count, looks_to_go_on, patience_s, seen_since, stream_claims, stream_health,
)
from ._streams import Claims, claims_of, judged, look
from ._supervisor import SupervisorClient

#: Playlists that are fetched at a time, and sources that are asked at a time.
THREADS, SOURCES_AT_A_TIME = 8, 32
#: All calls end by their own time-outs long before.
_ROUND_ENDS_S = 600.0


@dataclass(frozen=True)
class Survey:
    """How to look. wait_s: between the first and the last look; looks: of this survey, one waits for nothing; source_timeout_s: 0
    if no source is to be asked; same_host: whether this is the supervisor's machine; reported_stuck, writers: what others have
    seen, by camera; earlier: looks to go on from, by camera."""

    wait_s: float
    looks: int
    source_timeout_s: float
    same_host: bool
    asked_from: str
    reported_stuck: t.Collection[str] = ()
    writers: t.Optional[t.Mapping[str, t.Any]] = None
    earlier: t.Mapping[str, t.Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Surveyed:
    """What is known of each camera, the failures of what could not be observed, and the looks, in the form to go on from."""

    streams: dict[str, t.Any]
    not_observed: dict[str, t.Any]
    looks: dict[str, t.Any]


def survey(
    client: SupervisorClient, names: t.Sequence[str], before: Claims, cameras: t.Mapping[str, t.Any], how: Survey
) -> Surveyed:
    """Look at the streams of these cameras. cameras: all of them, as the supervisor knows them."""
    asking = _Asking({name: _address(before, cameras, name) for name in names if _is_asked(cameras, name)}, how)
    found = _rounds(client, names, before, how)
    after = claims_of(client)
    healths = {name: stream_health(seen, after.entry(name), before.entry(name), after.now) for name, seen in found.items()}
    ring, not_observed = _ring(client, any(mapping_in(cameras, name).get("type") == "ring" for name in names))
    sources = asking.answers()
    counts = silence_counts((healths[name]["verdict"], source["outcome"]) for name, source in sources.items())

    def told(name: str) -> dict[str, t.Any]:
        camera, source = mapping_in(cameras, name), sources.get(name)
        judgement = judged(
            name, healths[name], after, camera, known=name in cameras, source=source, source_counts=counts, asked_from=how.asked_from,
            ring=ring, reported_stuck=name in how.reported_stuck, writers=(how.writers or {}).get(name))
        return {
            **healths[name], **judgement, "known": name in cameras, "source": source and {**source, "asked_from": how.asked_from},
            **stream_claims(after.entry(name), camera, after.breaker(name)),
        }

    looks = {name: looks_to_go_on(seen, before.entry(name)) for name, seen in found.items()}
    return Surveyed({name: told(name) for name in names}, not_observed, looks)


def is_same_host(url: str, run_from: str) -> bool:
    """Say whether we are on the supervisor's machine, whose loopback addresses are ours then."""
    return run_from == "host" or is_loopback(urlsplit(url).hostname or "")


def _is_asked(cameras: t.Mapping[str, t.Any], name: str) -> bool:
    return name in cameras and mapping_in(cameras, name).get("type") != "ring"


def _address(before: Claims, cameras: t.Mapping[str, t.Any], name: str) -> t.Any:
    """Return the address of the source that is wanted, or would be."""
    camera = mapping_in(cameras, name)
    desired = desired_of(before.entry(name), camera)
    return camera.get("substream_url" if desired and desired["use_substream"] else "url")


class _Asking:
    """Sources that are asked while the playlists are looked at, so that those that keep silent cost nothing more."""

    def __init__(self, addresses: t.Mapping[str, t.Any], how: Survey) -> None:
        self._names = list(addresses) if how.source_timeout_s else []
        self._answers: dict[int, t.Any] = {}
        self._limit_s = how.source_timeout_s
        ends_at = time.monotonic() + how.source_timeout_s

        def ask(name: str) -> dict[str, t.Any]:
            return ask_source(addresses[name], max(0.1, ends_at - time.monotonic()), how.same_host)

        def ask_all() -> None:
            self._answers = each_at_once(self._names, ask, SOURCES_AT_A_TIME, ends_at)

        self._thread = threading.Thread(target=ask_all, daemon=True)
        if self._names:
            self._thread.start()

    def answers(self) -> dict[str, dict[str, t.Any]]:
        """Wait for the rest; what has not answered by then did not in time (a name server may keep it waiting)."""
        if self._names:
            self._thread.join()
        late = {"outcome": "timeout", "status": None, "says": f"No answer within {self._limit_s:g} s.", "seconds": self._limit_s}
        return {name: self._answers.get(index) or late for index, name in enumerate(self._names)}


def _rounds(
    client: SupervisorClient, names: t.Sequence[str], before: Claims, how: Survey
) -> dict[str, list[dict[str, t.Any]]]:
    """Look at all playlists again and again, waiting once for all of them between two looks, until each was seen for long enough."""
    siblings: queue.SimpleQueue[SupervisorClient] = queue.SimpleQueue()
    failed = threading.Event()

    def one(name: str) -> t.Any:
        if failed.is_set():
            return None
        try:
            sibling = siblings.get_nowait()
        except queue.Empty:
            sibling = client.sibling()
        try:
            return look(sibling, name)
        except LineopsError:
            failed.set()  # the others would fail alike, one after the other
            raise
        finally:
            siblings.put(sibling)

    def all_of_them() -> list[dict[str, t.Any]]:
        seen = each_at_once(names, one, THREADS, time.monotonic() + _ROUND_ENDS_S)
        return [seen[index] for index in range(len(names))]

    found = {name: [*_earlier(how, before, name), seen] for name, seen in zip(names, all_of_them())}
    to_be_seen = [seen for name, seen in found.items() if seen[-1]["status"] != 404 or before.entry(name).get("running") is True]
    if not to_be_seen or how.looks == 1:
        return found
    began = monotonic()
    left_s = max(seen_since(seen) + max(how.wait_s, patience_s(seen)) for seen in to_be_seen) - began
    apart_s = left_s / (how.looks - 1)
    for number in range(1, how.looks if left_s > 0 else 1):
        sleep(max(0.0, began + number * apart_s - monotonic()))
        for name, seen in zip(names, all_of_them()):
            found[name].append(seen)
    return found


def _earlier(how: Survey, before: Claims, name: str) -> list[t.Mapping[str, t.Any]]:
    return looks_that_count(how.earlier[name], before.entry(name), monotonic()) if name in how.earlier else []


def _ring(client: SupervisorClient, is_there: bool) -> tuple[t.Optional[dict[str, t.Any]], dict[str, t.Any]]:
    if not is_there:
        return None, {}
    try:
        return body_of(client.ring_status()), {}
    except LineopsError as error:
        return None, {"ring": error.as_failure()}
