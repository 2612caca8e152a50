# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of cameras, and of the ffmpeg that a supervisor runs for each of them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from .. import api
from ..errors import LabError
from ..faults import Fault, one_of
from ..plant import CAMERAS, Host, Plant
from ..supervisor.settings import STREAM_STARTS, write_json
from ..waiting import Watch
from . import cameras, layout
from .machine import Machine

#: Made up as any other; that it is not the camera's is all that matters.
_OTHER_PASSWORD = "changed-at-the-camera"
#: Retries of a recovery take 45 s on a quiet machine.
_COOLDOWN_PATIENCE_S = 240.0
#: On a busy machine an ffmpeg lives for some time before it finds its source gone, and must not count as started.
_ALIVE_AFTER_S = 20.0
_ASK_PAUSE_S = 1.1  #: what is asked more often comes out of the supervisor's read cache
_OWN = f"""
main=$(systemctl show --property=MainPID --value {layout.UNIT})
pid=$(pgrep -P "$main" -f "/$1\\.m3u8\\$") || exit 3
"""
#: The supervisor's own command line, run by nobody: the parent is process 1, as it is after a hard exit (quirk 13).
_SECOND_WRITER = _OWN + """
xargs -0 -a "/proc/$pid/cmdline" systemd-run --quiet --collect --unit="lineops-fault-writer-$1.service" \\
    --description="a second writer for $1" --uid="$2" --gid="$2" --working-directory="$3"
"""


def _on_own_ffmpeg(plant: Plant, host: Host, camera: str, script: str, *words: str) -> None:
    """Run a script that knows the camera's ffmpeg, the supervisor's own one, as $pid."""
    done = Machine(plant, host).run(["sh", "-c", script, "sh", camera, *words], check=False)
    if done.returncode == 3:
        raise LabError(f"the supervisor of {host.name} runs no ffmpeg for {camera}")
    if done.returncode:
        raise LabError(f"{host.name}: {(done.stderr or done.stdout).strip() or done.returncode}")


def _signalled(number: signal.Signals) -> Callable[..., None]:
    def apply(plant: Plant, host: Host, camera: str = "cam1") -> None:
        _on_own_ffmpeg(plant, host, camera, f'{_OWN}kill -{number.name[3:]} "$pid"')

    return apply


def _second_writer(plant: Plant, host: Host, camera: str = "cam1") -> None:
    _on_own_ffmpeg(plant, host, camera, _SECOND_WRITER, layout.SERVICE_USER, host.install_dir)


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
    _open_breaker(plant, host, camera, is_done="in_cooldown")


def heal(plant: Plant, host: Host) -> None:
    """Let every ffmpeg go on and start as ever; second writers are units, which end with those of all faults."""
    (plant.host_dir(host) / STREAM_STARTS).unlink(missing_ok=True)
    Machine(plant, host).run(["pkill", "-CONT", "-u", layout.SERVICE_USER, "-x", "ffmpeg"], check=False)


def memory(host: Host) -> list[str]:
    """What a supervisor remembers of streams that would keep one from starting."""
    try:
        seen = _monitored(host)
    except api.Unreachable as error:
        return [str(error)]
    return [f"circuit breaker {name} is {breaker['state']}" for name, breaker in seen["circuit_breakers"].items()
            if breaker["state"] != "closed"] + [
        f"{camera} cools down" for camera, stream in seen["streams"].items() if stream["recovery"]["in_cooldown"]]


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not low <= float(text) <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}")
        return float(text)

    return read


_CAMERA = {"camera": one_of(*CAMERAS)}
_NAMES = f"(camera={', '.join(CAMERAS)})"

FAULTS: dict[str, Fault] = {
    "ffmpeg-killed": Fault(_signalled(signal.SIGKILL), f"a stream's ffmpeg ends (SIGKILL), once {_NAMES}", _CAMERA),
    "ffmpeg-stopped": Fault(_signalled(signal.SIGSTOP), f"a stream's ffmpeg stands still (SIGSTOP) {_NAMES}", _CAMERA),
    "second-writer": Fault(
        _second_writer, f"an ffmpeg without a parent, of the service's user, writes the same playlist {_NAMES}", _CAMERA),
    "source-gone": Fault(_source(gone=True), f"nobody listens at the camera's port {_NAMES}", _CAMERA),
    "source-wrong-credentials": Fault(
        _source(password=_OTHER_PASSWORD), f"the camera's password was changed {_NAMES}", _CAMERA),
    "source-frozen": Fault(_source(frozen=True), f"the camera answers, but sends no more frames {_NAMES}", _CAMERA),
    "stream-stuttering": Fault(
        _source("percent", percent=50), "the camera sends its picture in bursts and slower than real time "
        "(percent=50 of it, camera=…)", {**_CAMERA, "percent": _number(25, 95)}),
    "source-flapping": Fault(
        _source("flap_s", flap_s=4), "the camera is gone and back, each for some seconds (seconds=4, camera=…)",
        {**_CAMERA, "seconds": _number(1, 60)}),
    "stream-breaker-open": Fault(
        _open_breaker, f"the camera is gone, and starts failed until the stream's breaker opened {_NAMES}", _CAMERA),
    "stream-cooldown": Fault(
        _cool_down, f"the camera is gone, and recovery failed until it gave up for 120 s {_NAMES}", _CAMERA),
}
