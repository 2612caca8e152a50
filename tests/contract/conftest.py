# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bench per test, on a loopback block of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench import Bench, Plant

from lab.addresses import claimed_block


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[[Plant], Bench]]:
    """Start a bench; it is ended before the next one and after the test, whatever happened."""
    servers = [("127.{block}.9.200", 5000, socket.SOCK_STREAM), ("127.{block}.9.2", 48898, socket.SOCK_STREAM)]
    with claimed_block(servers) as block:
        made: list[Bench] = []

        def make(plant: Plant) -> Bench:
            for before in made:  # a scenario is repeated, with the same addresses
                before.close()
            folder = tmp_path / str(len(made))
            folder.mkdir()
            bench = Bench(folder, block, plant)
            made.append(bench)
            bench.start()
            return bench

        yield make
        for bench in made:
            bench.close()
