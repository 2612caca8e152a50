# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs of this machine so that a failure is one sentence."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import LabError


def run(
    argv: Sequence[str | Path], *, text: str = "", timeout: float = 60.0, check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    :param text: its standard input.
    :raises LabError: it cannot be started, takes too long or (with ``check``) fails.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    except OSError as error:
        raise LabError(f"{words[0]} cannot be run: {error}") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"took more than {timeout:.0f} s: {shlex.join(words)}") from None
    if check and done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LabError(f"{shlex.join(words)} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return done
