# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/ci.md, one block after the other in a fresh checkout, with the lab in place of the plant."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from plants import PlantLab
from test_play_installed import clone_to

from lab import inventory

BLOCK = re.compile(r"^```shell\n(.*?)^```", re.MULTILINE | re.DOTALL)
LIMIT_S = 900


@pytest.fixture(scope="class")
def lab(new_lab) -> PlantLab:
    return new_lab(1, 1)


class TestGuide:
    def test_its_commands_lead_to_jobs_that_work(self, lab: PlantLab, tmp_path: Path) -> None:
        tree, home = tmp_path / "tree", tmp_path / "home"
        clone_to(tree)
        home.mkdir()
        (home / "lineops-secrets.yml").write_text(yaml.safe_dump(inventory.secrets_data(lab.plant)), encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
        blocks = BLOCK.findall((tree / "docs/ci.md").read_text(encoding="utf-8"))
        assert len(blocks) == 3
        for number, block in enumerate(blocks):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block], cwd=tree, env=environment, capture_output=True, text=True, check=False,
                timeout=LIMIT_S)
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
            if number == 0:  # the reader puts his plant in
                assert not (tree / "inventory/plant/group_vars/all/secrets.yml").exists()
                shutil.rmtree(tree / "inventory/plant")
                shutil.copytree(lab.inventory, tree / "inventory/plant")
                (tree / "inventory/plant/group_vars/all/secrets.yml").unlink()
        assert (tree / "lineops-artifacts/result/junit.xml").exists()
        assert sorted(path.name for path in (tree / ".github/workflows").iterdir()) == ["lineops-checklist.yml", "lineops-recovery.yml"]
