# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests do where this machine cannot have what they need."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def cannot_have(what: str, reason: str) -> NoReturn:
    """Leave the test out, with the reason; LAB_REQUIRED=1 makes that a failure."""
    if os.environ.get("LAB_REQUIRED") == "1":
        pytest.fail(f"no {what}, though LAB_REQUIRED=1: {reason}")
    pytest.skip(f"no {what}: {reason}")
