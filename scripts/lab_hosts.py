# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make lab-hosts` and `make lab-hosts-down`: `lab_hosts.py up|down|install`, a lab of booted Debian hosts on this machine.

`install` installs the Debian packages that are missing; `up` does so too, then becomes `python -m lab up --backend hosts`, which builds the hosts'
base tree if there is none.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from environment import pip_environment
from processes import Guard, Stopped, TookTooLong

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from lab.hosts import needs  # noqa: E402  pylint: disable=wrong-import-position
from lab.packages import commands  # noqa: E402  pylint: disable=wrong-import-position

LIMIT_S = 1800.0


class CannotInstall(Exception):
    """A package that is needed could not be installed; the message is one sentence."""


def why_not() -> str | None:
    """Say in one sentence why a lab of booted hosts cannot be had on this machine, or None."""
    if reason := needs.obstacle():
        return reason
    if (packages := needs.missing()) and not shutil.which("apt-get"):
        return f"there is no apt-get here to install what is missing: {', '.join(packages)}"
    return None


def install_missing() -> None:
    """Install the Debian packages that are not there; CannotInstall if that fails."""
    if not (packages := needs.missing()):
        return
    print(f"installing {', '.join(packages)} …", flush=True)
    with Guard() as guard:
        for command in commands(packages):
            output: list[str] = []
            environment = pip_environment() | {"DEBIAN_FRONTEND": "noninteractive"}
            if guard.run(command, env=environment, limit_s=LIMIT_S, on_line=output.append):
                raise CannotInstall(f"{' '.join(command)} failed: {output[-1] if output else 'it said nothing'}")


def main(command: str) -> int:
    """Run one of the three commands; `up` and `down` do not return but become the lab's own command."""
    lab = [sys.executable, "-m", "lab", command]
    if command != "down":
        if reason := why_not():
            print(f"lab-hosts: {reason}.", file=sys.stderr)
            return 1
        install_missing()
        lab += ["--backend", "hosts"]
    if command == "install":
        return 0
    os.chdir(REPOSITORY)
    os.execve(lab[0], lab, pip_environment())


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except (CannotInstall, TookTooLong) as error:
        sys.exit(f"lab-hosts: {error}")
    except Stopped as stopped:
        sys.exit(stopped.exit_status)
