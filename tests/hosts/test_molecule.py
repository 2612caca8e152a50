# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenarios of the roles: converge, idempotence, and what pytest-testinfra sees afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest
from booted import REPOSITORY

LIMIT_S = 1500.0


@pytest.mark.long
def test_every_role_has_a_scenario_that_passes(hosts_possible: None) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/run_molecule.py"], cwd=REPOSITORY, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    roles = {path.name for path in (REPOSITORY / "roles").iterdir()}
    assert {path.parent.name for path in (REPOSITORY / "extensions/molecule").glob("*/molecule.yml")} == roles
    assert [role for role in roles if f"{role}:" not in done.stdout] == []
