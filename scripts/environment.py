# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes or refreshes a virtual environment: `environment.py DIRECTORY REQUIREMENTS_FILE`.

Run by the Python that the environment is to have. A stamp named after all that went in makes a second call instant;
an environment that was moved, or whose Python is gone, is made anew.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

from processes import Guard, Stopped, TookTooLong

LIMIT_S = 1800.0
# The Makefile hides the caller's proxy settings from everything else; pip alone gets them back, under these names.
CALLER_PREFIX = "LINEOPS_CALLER_"


def pip_environment() -> dict[str, str]:
    """This process's environment with the caller's own proxy settings put back."""
    saved = {key: value for key, value in os.environ.items() if key.startswith(CALLER_PREFIX)}
    kept = {key: value for key, value in os.environ.items() if key not in saved}
    return kept | {key.removeprefix(CALLER_PREFIX): value for key, value in saved.items()}


def fingerprint(directory: Path, requirements: Path) -> str:
    """A hash over the environment's place, its Python and all requirement files, those they include as well."""
    digest = hashlib.sha256(f"{directory}\n{sys.executable}\n{sys.version}\n".encode())
    pending = [requirements]
    while pending:
        current = pending.pop()
        text = current.read_text(encoding="utf-8")
        digest.update(text.encode())
        for line in text.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] in ("-r", "-c"):
                pending.append(current.parent / words[1])
    return digest.hexdigest()[:20]


def is_usable(directory: Path) -> bool:
    """True if the environment's Python runs, knows its place, and has the version it is to have."""
    question = "import sys; print(sys.prefix, *sys.version_info[:2], sep='\\n')"
    try:
        answer = subprocess.run(
            [directory / "bin/python", "-I", "-c", question], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return False
    expected = [str(directory), *(str(part) for part in sys.version_info[:2])]
    return answer.stdout.splitlines() == expected and _pip_knows(directory)


def _pip_knows(directory: Path) -> bool:
    """False if the folder was moved: the scripts in bin/ carry the old place in their first lines."""
    try:
        return str(directory) in (directory / "bin/pip").read_text(encoding="utf-8")
    except OSError:
        return False


def main(directory: Path, requirements: Path) -> int:
    """Make `directory` an environment that has `requirements`; returns the exit status."""
    stamp = directory / ".stamps" / fingerprint(directory, requirements)
    usable = is_usable(directory)
    if usable and stamp.exists():
        return 0
    print(f"Preparing {directory.name} with {requirements.name} …", flush=True)
    steps = [[directory / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]]
    if not usable:
        steps.insert(0, [sys.executable, "-m", "venv", "--clear", directory])
    with Guard() as guard:
        for step in steps:
            command = [str(part) for part in step]
            output: list[str] = []
            if guard.run(command, env=pip_environment(), limit_s=LIMIT_S, on_line=output.append) != 0:
                print(*output, f"{directory.name} could not be prepared; what failed: {shlex.join(command)}", sep="\n")
                return 1
    stamp.parent.mkdir(exist_ok=True)
    stamp.touch()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
    except TookTooLong as error:
        sys.exit(f"{sys.argv[1]} could not be prepared: {error}")
    except Stopped as stopped:
        sys.exit(stopped.exit_status)
