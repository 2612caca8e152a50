# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the collection to build/ansible_collections/lineops/runbook, where ansible-test and ansible-lint can work on it.

ansible-test wants that path, no link in it, and a git repository around the files (else it also checks the virtual
environments it makes itself). The copy holds what git would commit, without the link that makes a checkout its own
collection.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
COPY = REPOSITORY / "build/ansible_collections/lineops/runbook"


def missing_prerequisite() -> str:
    """One sentence about what the checks need and is not there, or nothing."""
    if shutil.which("git") is None:
        return "git is missing; mend it with: sudo apt-get install -y git"
    if not (REPOSITORY / ".git").exists():
        return "This folder is no git checkout, and the checks need one; get it with: git clone (not as a zip download)"
    return ""


def committed_files() -> list[str]:
    """Paths of all files that are committed or would be by `git add -A`, without links. Needs a git checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    paths = sorted(set(listing.split("\0")) - {""})
    return [path for path in paths if (REPOSITORY / path).is_file() and not (REPOSITORY / path).is_symlink()]


def remove_but(folder: Path, keep: Path) -> None:
    """Remove all that is in `folder`, but not `keep` and the folders that lead to it."""
    for entry in folder.iterdir() if folder.exists() else ():
        if entry == keep:
            continue
        if entry in keep.parents:
            remove_but(entry, keep)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def main() -> int:
    """Make the copy anew; only the environments that ansible-test made for itself are kept (they cost half a minute)."""
    if problem := missing_prerequisite():
        sys.exit(problem)
    remove_but(COPY, keep=COPY / "tests/output")
    for path in committed_files():
        target = COPY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / path, target)
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for command in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=COPY, check=True, env=environment)
    return 0


if __name__ == "__main__":
    sys.exit(main())
