# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab of booted hosts for all tests of a session: 2 lines of 3 hosts, unless the environment says otherwise.

LAB_LINES and LAB_HOSTS are its size, LAB_DIR the state folder of a lab that is up already and stays so. Where booted
hosts cannot be had the tests are left out, with the reason; LAB_REQUIRED=1 makes that a failure.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from batches import Scenes
from booted import REPOSITORY, HostsLab
from needed import cannot_have
from plays import Plays

from lab.hosts import needs
from lab.plant import Host, Plant


@pytest.fixture(scope="session")
def hosts_possible() -> None:
    """Booted hosts can be had here."""
    if reason := needs.why_not():
        cannot_have("booted hosts", reason)


@pytest.fixture(scope="session")
def hosts_lab(hosts_possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostsLab]:
    """The lab. A test leaves every host as it found it, for example by the fixture ``booted_host``."""
    if there := os.environ.get("LAB_DIR"):
        folder = (REPOSITORY / there).resolve()
        yield HostsLab(folder, Plant.load(folder).inventory)
        return
    base = tmp_path_factory.mktemp("hosts")
    lab = HostsLab(base / "lab", base / "inventory")
    size = ("--lines", os.environ.get("LAB_LINES", "2"), "--hosts", os.environ.get("LAB_HOSTS", "3"))
    with lab.guarded():
        began = time.monotonic()
        lab.run("up", *size)
        lab.up_s = time.monotonic() - began
        yield lab


@pytest.fixture(scope="session")
def plays(hosts_lab: HostsLab, tmp_path_factory: pytest.TempPathFactory) -> Plays:
    """Runs on the lab of the session."""
    return Plays(hosts_lab, tmp_path_factory.mktemp("plays"))


@pytest.fixture(scope="module")
def scenes(plays: Plays, request: pytest.FixtureRequest) -> Scenes:
    """Batches of a module, each played once."""
    return Scenes(plays, request.module.BATCHES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A class of Batches names its batches; its tests get each of them, or each of their hosts."""
    names = getattr(metafunc.cls, "BATCHES", ())
    known = getattr(metafunc.module, "BATCHES", {})
    pairs = [(batch, name) for batch in names for name in known[batch].cases]
    if "asked_by_ssh" in metafunc.fixturenames:
        metafunc.parametrize(("batch", "asked_by_ssh"), [(batch, name) for batch, name in pairs if known[batch].cases[name].by_ssh])
    elif "batch" in metafunc.fixturenames and "name" in metafunc.fixturenames:
        metafunc.parametrize(("batch", "name"), pairs)
    elif "batch" in metafunc.fixturenames:
        metafunc.parametrize("batch", names)


@pytest.fixture
def booted_host(hosts_lab: HostsLab) -> Iterator[Host]:
    """A host to break: the first one, in the shipped directory. It is healed afterwards, and must then be well."""
    host = hosts_lab.plant.hosts[0]
    yield host
    hosts_lab.run("heal", host.name)
    assert hosts_lab.status()[host.name]["healthy"]
