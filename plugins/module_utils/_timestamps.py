# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as text and as milliseconds since 1970, in UTC; reads no clock. Pure. Private to this collection."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_END = "9999-12-31T23:59:59.999Z"
# What all supported versions of Python read alike; fractions of 3 or 6 digits.
_FORM = re.compile(r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d:\d\d(\.\d{3}(\d{3})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def ms_of(text: t.Any) -> int | None:
    """Return a time in ISO 8601 as milliseconds since 1970; without a zone it is UTC. None for what is no time."""
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        return None
    try:
        told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return ((told if told.tzinfo else told.replace(tzinfo=timezone.utc)) - _EPOCH) // _MILLISECOND


def utc_text(ms: int) -> str:
    """Return milliseconds since 1970 as the journal writes times; what is beyond the year 9999 is its end."""
    try:
        return (_EPOCH + ms * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return _END
