# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets of each camera what its viewers get, and decodes it; judged in _playback_rules. Private to this collection."""

from __future__ import annotations

import base64
import os
import threading
import typing as t
from dataclasses import dataclass
from time import monotonic

from ._errors import LineopsError
from ._fleet import each_at_once
from ._playback_decoder import Decoder, decode, find_decoder
from ._playback_rules import NotWatchable, check_segment, decoded_verdict, newest_segment, snapshot_why
from ._supervisor import Reply, SupervisorClient

#: Cameras that are looked at at a time; those that take long do not count.
THREADS = 8
#: All calls and decoders end by their own time-outs long before.
_ENDS_S = 600.0
#: Why there is no whole answer, for people; what the supervisor says of it may hold a camera's address (quirk 19).
_NO_ANSWER = {
    "too_large": "the answer is too large", "truncated": "the answer was cut short", "not_http": "what answers is no web server",
    "read": "there was no complete answer in time", "reset": "the connection was broken off", "lost": "the connection was lost"}
_NOT_SEEN = ("supervisor.unreachable", "supervisor.timeout")


@dataclass(frozen=True)
class Playback:
    """How to look. decoder: a choice of find_decoder; limit_s: seconds for it; snapshot, picture: whether they are wanted;
    vantage: controller or host."""

    decoder: str
    limit_s: float
    snapshot: bool
    picture: bool
    vantage: str


def playback_of(
    client: SupervisorClient, names: t.Sequence[str], how: Playback
) -> tuple[dict[str, dict[str, t.Any]], dict[str, t.Any]]:
    """Return what viewers of each camera get, and {playback: failure} where the supervisor cannot be reached for some."""
    decoder = find_decoder(how.decoder)
    turns = threading.BoundedSemaphore(os.cpu_count() or 1)
    failures: list[LineopsError] = []

    def look(name: str) -> t.Optional[dict[str, t.Any]]:
        if failures:
            return None  # it would fail alike, one after the other
        try:
            return _Viewer(client.sibling(), name, how, decoder, turns).told()
        except LineopsError as error:
            if error.code not in _NOT_SEEN:
                raise
            failures.append(error)
            return None

    seen = each_at_once(names, look, THREADS, monotonic() + _ENDS_S)
    found = {name: seen[index] for index, name in enumerate(names) if seen.get(index)}
    if len(found) < len(names) and not failures:
        failures.append(LineopsError("playback.deadline", f"{_ENDS_S:g} s were over before all cameras had been looked at."))
    return found, {"playback": failures[0].as_failure()} if failures else {}


class _Viewer:
    """One viewer of one camera. turns: for decoders, so that they do not take time from each other."""

    def __init__(
        self, client: SupervisorClient, name: str, how: Playback, decoder: t.Optional[Decoder], turns: threading.BoundedSemaphore
    ) -> None:
        self._client, self._name, self._how, self._decoder, self._turns = client, name, how, decoder, turns
        self._requests: list[dict[str, t.Any]] = []
        self._segment = ""

    def told(self) -> dict[str, t.Any]:
        """Look once and return all that is known."""
        decoded: dict[str, t.Any] = {"pictures": 0, "width": None, "height": None, "in_time": True, "jpeg": b""}
        decoder = self._decoder.name if self._decoder else ""
        try:
            segment = self._newest()
            if self._decoder:
                with self._turns:
                    decoded = decode(self._decoder, segment, self._how.limit_s, self._how.picture)
            verdict, why = decoded_verdict(decoded, decoder, self._how.limit_s)
        except NotWatchable as reason:
            verdict, why = "unwatchable", str(reason)
        if self._how.snapshot:
            snapshot = self._fetch("snapshot", lambda: self._client.snapshot(self._name))
            self._requests[-1]["why"] = snapshot_why(snapshot)
        return {
            "verdict": verdict, "why": why, "segment": self._segment, "width": decoded["width"], "height": decoded["height"],
            "pictures": decoded["pictures"], "decoder": decoder, "vantage": self._how.vantage, "requests": self._requests,
            "picture": base64.b64encode(decoded["jpeg"]).decode("ascii"),
        }  # fmt: skip

    def _newest(self) -> bytes:
        """Return the newest segment. One that is deleted before it is fetched is not the newest any more: look again, once."""
        for again in (True, False):
            self._segment = newest_segment(self._fetch("playlist", lambda: self._client.playlist(self._name), must_connect=True))
            fetched = self._fetch("segment", lambda: self._client.segment(self._segment))
            if fetched["status"] != 404 or not again:
                break
        check_segment(fetched)
        return t.cast(bytes, fetched["body"])

    def _fetch(self, what: str, call: t.Callable[[], Reply], must_connect: bool = False) -> dict[str, t.Any]:
        """Return status, body (None without a good one) and why, and note the request.

        must_connect: raise where the supervisor cannot be reached at all: then nothing is known of the camera.
        """
        began = monotonic()
        body, why = None, ""
        try:
            reply = call()
            status: t.Optional[int] = reply.status
            body = reply.body if reply.status == 200 and isinstance(reply.body, (str, bytes)) else None
        except LineopsError as error:
            status = error.details.get("status")
            kind = next((error.details[name] for name in ("kind", "reason", "phase") if name in error.details), "")
            if must_connect and status is None and kind not in _NO_ANSWER:
                raise
            why = _NO_ANSWER.get(kind, "" if status else "the supervisor cannot be reached")
        if body is None:
            why = f"{why} (status {status})" if why and status else why or f"the answer has status {status}"
        size = len(body.encode() if isinstance(body, str) else body or b"")
        seconds = round(monotonic() - began, 3)
        self._requests.append({"what": what, "status": status, "seconds": seconds, "bytes": size, "why": why})
        return {"status": status, "body": body, "why": why}
