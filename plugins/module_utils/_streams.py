# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at streams, and starts and stops one. What is seen is judged in _stream_rules. Private to this collection."""

from __future__ import annotations

import email.utils
import typing as t
from dataclasses import dataclass
from time import monotonic, sleep

from ._args import body_of, mapping_in
from ._change import Change
from ._errors import LineopsError
from ._stream_classes import facts_of, stream_class
from ._stream_rules import address_secrets, breaker_blocks, patience_s, stream_claims, stream_health, without_addresses
from ._supervisor import Reply, SupervisorClient

_POLL_S = 1.0
#: A recovery that was under way may bring a stopped stream back for that long (SUPERVISOR_API quirk 16).
_RESURRECTION_S = 25.0
# Answers are cached for 1 s (§1).
_RECHECK_S = 2.0
#: As many as the longest patience takes, a second apart, and some.
_LOOKS_KEPT = 64
#: A stop takes all files away, another process's too, which writes its playlist anew with its next segment, a second later.
_REWRITTEN_S = 1.5
_NO_VERDICT = ("starting", "undecided")


@dataclass(frozen=True)
class Claims:
    """What monitor/streams says: entries by camera, its own time, breakers by name."""

    streams: dict[str, t.Any]
    now: t.Any
    breakers: dict[str, t.Any]

    def entry(self, camera_id: str) -> dict[str, t.Any]:
        """Return the entry of a camera; {} if it was not started since the supervisor began (§2)."""
        return mapping_in(self.streams, camera_id)

    def breaker_entry(self, camera_id: str) -> dict[str, t.Any]:
        """Return the entry of the camera's circuit breaker, {} if it has none."""
        return mapping_in(self.breakers, f"stream:rtsp:{camera_id}")

    def breaker(self, camera_id: str) -> t.Any:
        """Return the state of the camera's circuit breaker, None if it has none."""
        return self.breaker_entry(camera_id).get("state")


def _told(reply: Reply) -> t.Any:
    """Return the body of a read whose failure, too, may be told in words that hold a camera's address."""
    try:
        return body_of(reply)
    except LineopsError as error:
        raise LineopsError(error.code, without_addresses(error.message), error.hint) from error


def claims_of(client: SupervisorClient) -> Claims:
    """Ask for all streams."""
    body = _told(client.streams())
    return Claims(mapping_in(body, "streams"), body.get("timestamp"), mapping_in(body, "circuit_breakers"))


def cameras_of(client: SupervisorClient) -> dict[str, t.Any]:
    """Ask for all cameras; from then on no error tells their passwords (quirk 19)."""
    cameras = mapping_in(_told(client.cameras()), "cameras")
    client.keep_secret(*(secret for name in cameras for secret in address_secrets(mapping_in(cameras, name))))
    return cameras


def camera_of(client: SupervisorClient, name: str) -> dict[str, t.Any]:
    """Return what the supervisor knows of one camera; raise if it knows none of that name."""
    cameras = cameras_of(client)
    if name not in cameras:
        raise _unknown_camera(name)
    return mapping_in(cameras, name)


#: Why an answer is not a playlist, for people; anything else is told by its status.
_UNREADABLE = {
    "too_large": "it is larger than any playlist", "truncated": "it was cut short", "not_http": "what answers is no web server"}


def look(client: SupervisorClient, camera_id: str) -> dict[str, t.Any]:
    """Look at a playlist; whatever is answered is an answer, no answer is an error."""
    try:
        reply = client.playlist(camera_id)
    except LineopsError as error:
        status = error.details.get("status")
        if status is None:
            raise
        # One that was cut short has status 200, too, and is not to be taken for an empty one.
        why = _UNREADABLE.get(str(error.details.get("kind")), f"the answer has status {status}")
        return {"at": monotonic(), "status": status, "text": None, "why": "" if status == 404 else why}
    times = {key: _http_seconds(reply.headers.get(name)) for key, name in (("sent", "Date"), ("written", "Last-Modified"))}
    if not isinstance(reply.body, str):
        return {"at": monotonic(), "status": reply.status, "text": None, "why": f"the answer has status {reply.status}"}
    return {"at": monotonic(), "status": reply.status, "text": reply.body, **times}


def _http_seconds(text: t.Any) -> t.Optional[float]:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError, AttributeError):
        return None


def judged(
    name: str, health: t.Mapping[str, t.Any], claims: Claims, camera: t.Mapping[str, t.Any], **more: t.Any
) -> dict[str, t.Any]:
    """Return class, why and evidence of one stream; more: of facts_of."""
    entry = claims.entry(name)
    facts = facts_of(
        health, stream_claims(entry, camera, claims.breaker(name)), has_entry=bool(entry), kind=str(camera.get("type") or "rtsp"),
        breaker_blocks=breaker_blocks(claims.breaker_entry(name), claims.now),
        playlist_claimed=mapping_in(entry, "hls").get("playlist_exists") is True, **more)
    return stream_class(facts)


def watch(
    client: SupervisorClient, camera_id: str, window_s: float, until: t.Callable[[t.Mapping[str, t.Any]], bool]
) -> tuple[dict[str, t.Any], Claims, list[dict[str, t.Any]]]:
    """Look at one stream until its health is as wished or the window is over; return its health, the last claims, and the looks."""
    ends = monotonic() + window_s
    looks: list[dict[str, t.Any]] = []
    while True:
        looks = [*looks[-_LOOKS_KEPT:], look(client, camera_id)]
        claims = claims_of(client)
        health = stream_health(looks, claims.entry(camera_id), now=claims.now)
        left = ends - monotonic()
        if until(health) or left <= 0:
            return health, claims, looks
        there = looks[-1]["status"] == 200 and health["verdict"] in (*_NO_VERDICT, "moving")
        sleep(min(left, patience_s(looks) if there else _POLL_S))


def settled(health: t.Mapping[str, t.Any]) -> bool:
    """Say whether waiting longer would not change the verdict."""
    return health["verdict"] not in _NO_VERDICT


def stays(stable_s: float) -> t.Callable[[t.Mapping[str, t.Any]], bool]:
    """Return what says whether a playlist moves, and has done so for that long without a standstill."""
    return lambda health: health["verdict"] == "moving" and health["moving_s"] >= stable_s


def state_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return what the supervisor says: started, stopped, or recovering (wanted, but not running)."""
    if entry.get("running") is True:
        return "started"
    return "recovering" if entry.get("desired") is not None else "stopped"


def start(client: SupervisorClient, change: Change, params: t.Mapping[str, t.Any], camera: t.Mapping[str, t.Any]) -> None:
    """Send the start; what the supervisor says against it is a failure of its own."""
    name = params["camera"]
    try:
        reply = change.command(lambda: client.camera_start(name, params["use_substream"], params["resolution"]))
    except LineopsError as error:
        status, said = error.details.get("status"), error.details.get("error")
        if status == 404:
            raise _unknown_camera(name) from error
        # Ring streams answer so too (§5): no token is 401 as well, in other words than a refused key.
        if camera.get("type") == "ring" and status in (400, 401, 403) and said != "unauthorized":
            raise _start_failed(name, said, camera) from error
        raise
    if reply.status == 503:
        raise LineopsError(
            "stream.no_ffmpeg", f"The supervisor cannot start {name}: it finds no ffmpeg.", "Install ffmpeg on its host.")
    if not reply.ok:
        raise _start_failed(name, reply.error_text, camera)


def _start_failed(name: str, said: t.Any, camera: t.Mapping[str, t.Any]) -> LineopsError:
    words = without_addresses(str(said or "no reason given"), address_secrets(camera))
    return LineopsError(
        "stream.start_failed", f"The supervisor could not start {name}: {words}",
        "Look at the camera and its network. After three failures every start is refused for 30 s (circuit breaker).")


def _unknown_camera(name: str) -> LineopsError:
    """The supervisor has no such camera."""
    return LineopsError(
        "stream.unknown_camera", f"The supervisor knows no camera {name}.", "Correct lineops_cameras, or add it there.")


def stop(client: SupervisorClient, change: Change, name: str, state: str) -> None:
    """Stop a stream until the supervisor says it is neither running nor wanted; a recovery may undo a stop (quirk 16)."""
    for dummy in range(2):
        reply = change.command(lambda: client.camera_stop(name))
        recovering = state == "recovering" or not reply.ok
        ends = monotonic() + (_RESURRECTION_S if recovering else 0.0)
        state = state_of(claims_of(client).entry(name))
        while state == "stopped" and monotonic() < ends:
            sleep(_RECHECK_S)
            state = state_of(claims_of(client).entry(name))
        if state == "stopped":
            return
    raise LineopsError(
        "stream.still_running", f"The supervisor still has the stream of {name} {state} after it was stopped twice.",
        "A person or another program may start it again: look at the audit log.")


def alone(client: SupervisorClient, name: str, was_stopped: bool) -> None:
    """Make sure that nobody writes the files of a stream that does not run: a playlist that moves all the same is another
    process's (quirk 13). was_stopped: just now."""
    if was_stopped:
        sleep(_REWRITTEN_S)
    looks = [look(client, name)]
    if looks[0]["status"] != 200:
        return
    sleep(patience_s(looks))
    looks.append(look(client, name))
    if stream_health(looks, {})["playlist_moves"]:
        raise LineopsError(
            "stream.second_writer", f"The stream of {name} does not run, but its playlist moves: another process writes it.",
            "End that process on the host first; a start beside it would give two writers of the same files.")
