# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's clock, in UTC as the journal writes times. Private to this collection."""

from __future__ import annotations

import time

from ._times import ms_of, utc_of


def utc_now() -> str:
    """Return now, for example 2026-01-01T02:03:04.000Z."""
    return utc_at(time.time())


def utc_at(seconds: float) -> str:
    """Return a time given in seconds since 1970."""
    return utc_of(round(seconds * 1000))


def seconds_of(text: str) -> float:
    """Return seconds since 1970 of a time; one without a zone is UTC. Raises ValueError."""
    ms = ms_of(text.strip())
    if ms is None:
        raise ValueError(f"{text!r} is no time")
    return ms / 1000
