# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests that need a running PLC stand-in on an address of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import disks
import pytest
from plcs import Plc

from lab.addresses import claimed_block

may_mount = disks.may_mount


@pytest.fixture(scope="session")
def block() -> Iterator[int]:
    """A loopback block that no other test session and no lab picks meanwhile."""
    with claimed_block([("127.{block}.200.1", 48898, socket.SOCK_STREAM)]) as number:
        yield number


@pytest.fixture(scope="session")
def new_address(block: int) -> Callable[[], str]:
    """Hands out loopback addresses, never one twice: AdsLib keeps state per address for the process' life."""
    hosts = iter(range(1, 250))
    return lambda: f"127.{block}.200.{next(hosts)}"


@pytest.fixture
def start_plc(tmp_path: Path, new_address: Callable[[], str]) -> Iterator[Callable[..., Plc]]:
    """Start PLCs (keyword arguments override configuration keys); all are ended after the test."""
    started: list[Plc] = []

    def start(**overrides: Any) -> Plc:
        folder = tmp_path / f"plc{len(started)}"
        folder.mkdir()
        plc = Plc(folder, new_address(), **overrides)
        started.append(plc)
        return plc.start()

    yield start
    for plc in started:
        if plc.process and plc.process.poll() is None:
            plc.stop()


@pytest.fixture
def plc(start_plc: Callable[..., Plc]) -> Plc:
    """One PLC with a route for 127.0.0.1.1.1 at 127.0.0.1."""
    return start_plc()
