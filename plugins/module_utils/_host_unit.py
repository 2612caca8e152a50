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


def container(engine: str, name: str, timeout: float) -> Seen:
    """Ask the engine for a container. A rootless podman shows its containers to their owner only."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        return None, "the name given is none of a container"
    said, why = _ask([engine, "inspect", "--type", "container", "--", name], timeout)
    if said is None:
        return None, why
    view = container_of(said)
    return ({"engine": engine, "name": name, **view}, "") if view else (None, f"{engine} gave no readable answer")


def _ask(command: list[str], timeout: float) -> tuple[str | None, str]:
    """Return what a command printed, or None and the reason."""
    path = f"{os.environ.get('PATH', '')}:{_PATH}"
    program = shutil.which(command[0], path=path)
    if program is None:
        return None, f"no {command[0]} on this host"
    environment = {**os.environ, "PATH": path, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    try:
        done = subprocess.run(
            [program, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=environment,
            check=False)
    except subprocess.TimeoutExpired:
        return None, f"{command[0]} gave no answer within {timeout:g} s"
    except OSError as error:
        return None, f"{command[0]} cannot be run: {error.strerror}"
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").split("\n")[0].strip()
        return None, scrub(words[:200]) or f"{command[0]} ended with {done.returncode}"
    return done.stdout.decode("utf-8", "replace"), ""
