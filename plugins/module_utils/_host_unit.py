# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor's systemd unit or its container, asked without a shell and not for long. Private."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import typing as t
from dataclasses import dataclass

from ._host_texts import UNIT_PROPERTIES, container_of, unit_of
from ._redact import scrub

#: Where systemd says that it is the one that booted this machine, see sd_booted(3).
_BOOTED = "/run/systemd/system"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: A view, and the reason if there is none.
Seen = tuple[t.Optional[dict[str, t.Any]], str]


def unit(name: str, timeout: float) -> Seen:
    """Ask systemd for a unit; one it does not know has load_state "not-found", which is an answer too."""
    if not re.fullmatch(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*", name) or name.isdigit():
        return None, "the name given is none of a unit"
    if not os.path.isdir(_BOOTED):
        return None, "no systemd runs this host"
    said, why = _ask(["systemctl", "show", f"--property={','.join(UNIT_PROPERTIES)}", "--", name], timeout)
    return (None, why) if said is None else ({"name": name, **unit_of(said)}, "")


def container(engine: str, name: str, timeout: float, prefix: t.Sequence[str] = ()) -> Seen:
    """Ask the engine for a container. A rootless podman shows its containers to their owner only; prefix: words of sudo."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        return None, "the name given is none of a container"
    said, why = _ask([*prefix, engine, "inspect", "--type", "container", "--", name], timeout)
    if said is None:
        return None, why
    view = container_of(said)
    return ({"engine": engine, "name": name, **view}, "") if view else (None, f"{engine} gave no readable answer")


@dataclass(frozen=True)
class Ran:
    """What became of a program.

    code is None where it could not be run or did not end in time; why is "" after success; is_missing: it was never begun.
    """

    code: t.Optional[int]
    out: str = ""
    err: str = ""
    why: str = ""
    is_missing: bool = False


def run_program(command: t.Sequence[str], timeout: float) -> Ran:
    """Run a program, without a shell and not for long."""
    path = f"{os.environ.get('PATH', '')}:{_PATH}"
    program = shutil.which(command[0], path=path)
    if program is None:
        return Ran(None, why=f"no {command[0]} on this host", is_missing=True)
    environment = {**os.environ, "PATH": path, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    try:
        process = subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment)
    except OSError as error:
        return Ran(None, why=f"{command[0]} cannot be run: {error.strerror}", is_missing=True)
    try:
        out, err = (text.decode("utf-8", "replace") for text in process.communicate(timeout=max(0.0, timeout)))
    except subprocess.TimeoutExpired:
        _give_up(process)
        return Ran(None, why=f"{command[0]} gave no answer within {timeout:g} s")
    words = scrub(err.split("\n")[0].strip()[:200]) or f"{command[0]} ended with {process.returncode}"
    return Ran(process.returncode, out, err, words if process.returncode else "")


def _give_up(process: subprocess.Popen[bytes]) -> None:
    """End a program that takes too long. A sudo runs as root: what may not be ended is not waited for either."""
    try:
        process.kill()
        process.wait()
    except PermissionError:
        pass
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _ask(command: t.Sequence[str], timeout: float) -> tuple[str | None, str]:
    """Return what a command printed, or None and the reason."""
    ran = run_program(command, timeout)
    return (ran.out, "") if ran.code == 0 else (None, ran.why)
