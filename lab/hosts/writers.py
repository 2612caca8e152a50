# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ffmpeg that write streams on booted hosts."""

from __future__ import annotations

import signal

from ..errors import LabError
from ..plant import SERVICE_USER, Host, Plant
from ..stream_faults import Writers
from . import layout
from .machine import Machine

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


def _signal(plant: Plant, host: Host, camera: str, number: signal.Signals) -> None:
    _on_own_ffmpeg(plant, host, camera, f'{_OWN}kill -{number.name[3:]} "$pid"')


def _add(plant: Plant, host: Host, camera: str) -> None:
    _on_own_ffmpeg(plant, host, camera, _SECOND_WRITER, SERVICE_USER, host.install_dir)


def heal(plant: Plant, host: Host) -> None:
    """Let every ffmpeg go on; second writers are units, which end with those of all faults."""
    Machine(plant, host).run(["pkill", "-CONT", "-u", SERVICE_USER, "-x", "ffmpeg"], check=False)


WRITERS = Writers(_signal, _add)
