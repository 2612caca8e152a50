# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of cameras, and of the ffmpeg that a supervisor runs for each of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import api, cameras
from .errors import LabError
from .fault_kind import Fault, number, one_of
from .plant import CAMERAS, Host, Plant
from .supervisor.settings import STREAM_RETRIES, STREAM_STARTS, write_json
from .waiting import Watch

#: Made up as any other; that it is not the camera's is all that matters.
_OTHER_PASSWORD = "changed-at-the-camera"
#: Of a recovery that is to give up: as few as where a cooldown was observed. They take 10 s on a quiet machine.
_RETRIES = 2
_COOLDOWN_PATIENCE_S = 240.0
#: On a busy machine an ffmpeg lives for some time before it finds its source gone, and must not count as started.
_ALIVE_AFTER_S = 20.0
_ASK_PAUSE_S = 1.1  #: what is asked more often comes out of the supervisor's read cache


@dataclass(frozen=True)
class Writers:
    """How a back end gets at the ffmpeg that a supervisor runs for a camera.

    ``send`` is for signals; ``add`` starts another with the same command line and without a parent. Both raise LabError if
    the supervisor has none.
    """

    send: Callable[[Plant, Host, str, signal.Signals], None]
    add: Callable[[Plant, Host, str], None]


def _source(argument: str = "", **what: Any) -> Callable[..., None]:
    """A fault of a camera: what is written into its trouble file, of which one entry may be an argument."""
    def apply(plant: Plant, host: Host, camera: str = "cam1", **given: Any) -> None:
        cameras.trouble(plant, host, camera, {**what, **{argument: value for value in given.values()}})

    return apply


def _monitored(host: Host) -> dict[str, Any]:
    return api.call("GET", f"{host.url}/api/monitor/streams").body


def _open_breaker(plant: Plant, host: Host, camera: str = "cam1", *, is_done: str = "") -> None:
    """Let starts fail until the stream's breaker is open; with ``is_done`` wait on for what it leads to."""
    key = plant.line(host.line).operator_key
    write_json(plant.host_dir(host) / STREAM_STARTS, {camera: _ALIVE_AFTER_S})
    cameras.trouble(plant, host, camera, {"gone": True})

    def there() -> bool:
        seen = _monitored(host)
        state = seen["circuit_breakers"].get(f"stream:rtsp:{camera}", {}).get("state", "closed")
        recovery = seen["streams"].get(camera, {}).get("recovery", {})
        if recovery.get(is_done) if is_done else state == "open":
            return True
        if state == "closed":  # it takes more than one start to open
            api.call("POST", f"{host.url}/api/cameras/{camera}/start", {}, key=key, timeout=30)
        return False

    Watch().wait(there, f"{camera} of {host.name} is {is_done or 'behind an open breaker'}",
                 _COOLDOWN_PATIENCE_S, _ASK_PAUSE_S)


def _cool_down(plant: Plant, host: Host, camera: str = "cam1") -> None:
    write_json(plant.host_dir(host) / STREAM_RETRIES, _RETRIES)
    _open_breaker(plant, host, camera, is_done="in_cooldown")


def heal(plant: Plant, host: Host) -> None:
    """Let streams start and recover as ever."""
    for name in (STREAM_STARTS, STREAM_RETRIES):
        (plant.host_dir(host) / name).unlink(missing_ok=True)


def memory(plant: Plant, host: Host) -> list[str]:
    """What a supervisor remembers of streams that would keep one from starting; not asked where none should."""
    if not plant.streaming:
        return []
    try:
        seen = _monitored(host)
    except api.Unreachable as error:
        return [str(error)]
    return [f"circuit breaker {name} is {breaker['state']}" for name, breaker in seen["circuit_breakers"].items()
            if breaker["state"] != "closed"] + [
        f"{camera} cools down" for camera, stream in seen["streams"].items() if stream["recovery"]["in_cooldown"]]


def _stall(plant: Plant, dummy: Host) -> None:
    cameras.tell(plant, signal.SIGSTOP)


def of_streaming(table: Mapping[str, Fault]) -> dict[str, Fault]:
    """The faults with a plain word for a lab whose cameras do not stream."""

    def guarded(apply: Callable[..., object]) -> Callable[..., object]:
        def on_plant(plant: Plant, host: Host, **given: Any) -> object:
            if not plant.streaming:
                raise LabError("the cameras of this lab do not stream; start one with: python -m lab up --cameras")
            return apply(plant, host, **given)

        return on_plant

    return {name: replace(item, apply=guarded(item.apply)) for name, item in table.items()}


_CAMERA = {"camera": one_of(*CAMERAS)}
_NAMES = f"(camera={', '.join(CAMERAS)})"


def faults(writers: Writers) -> dict[str, Fault]:
    """The faults of a back end."""

    def signalled(what: signal.Signals) -> Callable[..., None]:
        return lambda plant, host, camera="cam1": writers.send(plant, host, camera, what)

    def second_writer(plant: Plant, host: Host, camera: str = "cam1") -> None:
        writers.add(plant, host, camera)

    return of_streaming({
        "ffmpeg-killed": Fault(signalled(signal.SIGKILL), f"a stream's ffmpeg ends (SIGKILL), once {_NAMES}", _CAMERA),
        "ffmpeg-stopped": Fault(signalled(signal.SIGSTOP), f"a stream's ffmpeg stands still (SIGSTOP) {_NAMES}", _CAMERA),
        "second-writer": Fault(
            second_writer, f"an ffmpeg without a parent, of the service's user, writes the same playlist {_NAMES}", _CAMERA),
        "source-gone": Fault(_source(gone=True), f"nobody listens at the camera's port {_NAMES}", _CAMERA),
        "source-wrong-credentials": Fault(
            _source(password=_OTHER_PASSWORD), f"the camera's password was changed {_NAMES}", _CAMERA),
        "source-frozen": Fault(_source(frozen=True), f"the camera answers, but sends no more frames {_NAMES}", _CAMERA),
        "stream-stuttering": Fault(
            _source("percent", percent=50), "the camera sends its picture in bursts and slower than real time "
            "(percent=50 of it, camera=…)", {**_CAMERA, "percent": number(25, 95)}),
        "source-flapping": Fault(
            _source("flap_s", flap_s=4), "the camera is gone and back, each for some seconds (seconds=4, camera=…)",
            {**_CAMERA, "seconds": number(1, 60)}),
        "stream-breaker-open": Fault(
            _open_breaker, f"the camera is gone, and starts failed until the stream's breaker opened {_NAMES}", _CAMERA),
        "camera-stalled": Fault(_stall, "the camera program stands still, for all hosts"),
        "stream-cooldown": Fault(
            _cool_down, f"the camera is gone, and recovery failed until it gave up for 120 s {_NAMES}", _CAMERA),
    })
