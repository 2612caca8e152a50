# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone of this repository, and a controller that awx/configure.yml was run against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from awx_collection import collections_path
from controller import PASSWORD, USER, Controller
from test_play_installed import clone_to

LIMIT_S = 900.0


class Configurator:
    """Runs commands in a clone as a person does who has awx.awx and the address of a controller."""

    def __init__(self, clone: Path, controller: Controller, home: Path) -> None:
        self.clone, self.controller = clone, controller
        self.environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]), "HOME": str(home),
            "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": str(collections_path()), "CONTROLLER_HOST": controller.url,
            "CONTROLLER_USERNAME": USER, "CONTROLLER_PASSWORD": PASSWORD,
        }  # fmt: skip

    def run(self, words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone to its end."""
        return subprocess.run(
            words, cwd=self.clone, env={**self.environment, **more}, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def configure(self, variables: Mapping[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
        """Run awx/configure.yml with variables in a file."""
        path = self.clone / "given.json"
        path.write_text(json.dumps(variables), encoding="utf-8")
        return self.run(["ansible-playbook", "-i", "localhost,", "awx/configure.yml", "-e", f"@{path}", *words])


@pytest.fixture(scope="class")
def configurator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configurator]:
    """A clone and an empty controller whose project is that clone."""
    folder = tmp_path_factory.mktemp("awx")
    clone_to(folder / "clone")
    with Controller(folder / "clone") as controller:
        (folder / "home").mkdir()
        yield Configurator(folder / "clone", controller, folder / "home")
