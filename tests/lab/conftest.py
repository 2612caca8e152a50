# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests that run the playbooks on a lab."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from plants import PlantLab


@pytest.fixture(scope="class")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PlantLab]]:
    """Brings up labs of (lines, hosts per line, PLCs per host, do cameras stream?) for one group of tests; they end with it."""
    labs: list[PlantLab] = []

    def start(lines: int, hosts: int, plcs: int = 1, streaming: bool = False) -> PlantLab:
        labs.append(PlantLab(tmp_path_factory.mktemp("plant"), lines, hosts, plcs, streaming))
        return labs[-1]

    yield start
    for lab in labs:
        lab.end()
