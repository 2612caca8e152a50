# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenarios of the roles: converge, idempotence, and what pytest-testinfra sees afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from booted import REPOSITORY, HostsLab

LIMIT_S = 1500.0


def test_every_role_has_a_scenario_that_passes(hosts_lab: HostsLab) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/run_molecule.py"], cwd=REPOSITORY, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        env=os.environ | {"LINEOPS_LAB_HOSTS": str(hosts_lab.folder)})
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    roles = {path.name for path in (REPOSITORY / "roles").iterdir()}
    assert {path.parent.name for path in (REPOSITORY / "extensions/molecule").glob("*/molecule.yml")} == roles
    assert [role for role in roles if f"{role}:" not in done.stdout] == []
