# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``ansible_collections.lineops.runbook`` importable in a plain checkout of any name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def _importable() -> bool:
    try:
        return importlib.util.find_spec("ansible_collections.lineops.runbook") is not None
    except ImportError:
        return False


# ansible-test brings its own import machinery, in which the collection is already found.
if not _importable():
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "playbooks" / "collections"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of recordings and vectors."""
    return Path(__file__).resolve().parents[1] / "data"
