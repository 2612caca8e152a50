# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the tests of the project itself: packaging, layers, documentation, scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "scripts"))
LINK = Path("playbooks/collections/ansible_collections/lineops/runbook")
LIMIT_S = 300

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Every file that is, or would be, committed; relative to the top folder."""
    from collection_copy import committed_files

    return [Path(name) for name in committed_files()]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program of this test's own environment, without stray Ansible settings, with a home folder of its own."""
    home = tmp_path_factory.mktemp("home")

    def call(*command: str | Path, cwd: Path = REPOSITORY, **env: str) -> subprocess.CompletedProcess:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            [str(word) for word in command], cwd=cwd, env=kept | {"HOME": str(home), "PATH": path} | env,
            capture_output=True, text=True, check=False, timeout=LIMIT_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return call


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory, tracked_files: list[Path]) -> Iterator[Path]:
    """A copy of the repository as `git clone` would make it, in a folder with another name and a blank in it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "my plant"
    for name in tracked_files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target)
    (folder / LINK).parent.mkdir(parents=True)
    (folder / LINK).symlink_to(os.readlink(REPOSITORY / LINK))
    yield folder
    shutil.rmtree(folder)
