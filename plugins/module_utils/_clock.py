# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's clock, in UTC as the journal writes times. Private to this collection."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def utc_now() -> str:
    """Return now, for example 2026-01-01T02:03:04.000Z."""
    return utc_at(time.time())


def utc_at(seconds: float) -> str:
    """Return a time given in seconds since 1970. Raises ValueError or OverflowError beyond the calendar."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Return seconds since 1970 of a time as a person may write it; one without a zone is UTC.

    Raises ValueError for what is no time, OverflowError for one beyond the calendar.
    """
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
