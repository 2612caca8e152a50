# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as the API writes it."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def iso_utc(epoch: float | None = None) -> str:
    """``2026-11-23T03:17:09.476410Z`` of an epoch, by default of now."""
    moment = datetime.fromtimestamp(time.time() if epoch is None else epoch, timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
