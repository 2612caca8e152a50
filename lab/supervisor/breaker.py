# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The circuit breaker in front of PLC writes (quirk 8) and of stream starts."""

from __future__ import annotations

import threading
import time
from typing import Any

from .settings import Settings


class Breaker:
    """Counts consecutive failures; open for a while after too many, then lets one probe through.

    Quirk 8 lives in what is missing here: a probe that is allowed but never accounted (neither :meth:`success` nor
    :meth:`failure` is called) uses up the half-open state for good.
    """

    def __init__(self, name: str, settings: Settings, threshold: int = 5) -> None:
        self.name = name
        self.threshold = int(settings.number("SMARTHOME_CB_FAILURE_THRESHOLD", threshold))
        self.recovery_s = settings.number("SMARTHOME_CB_RECOVERY_TIMEOUT_SECONDS", 30.0)
        self.max_probes = int(settings.number("SMARTHOME_CB_HALF_OPEN_MAX_CALLS", 1))
        self._lock = threading.Lock()
        self._state = "closed"
        self._probes = 0
        self._counts = {"failure_count": 0, "total_failure": 0, "total_rejected": 0, "total_success": 0}
        self._opened_at = 0.0
        self._last_failure_at = 0.0
        self._last_error = ""

    def _refresh(self) -> str:
        if self._state == "open" and time.time() - self._opened_at >= self.recovery_s:
            self._state, self._probes = "half_open", 0
        return self._state

    def allow(self) -> bool:
        """May this call go through? Uses up a probe when half open."""
        with self._lock:
            state = self._refresh()
            if state == "open" or (state == "half_open" and self._probes >= self.max_probes):
                self._counts["total_rejected"] += 1
                return False
            self._probes += state == "half_open"
            return True

    def success(self) -> None:
        """The call that was allowed went well."""
        with self._lock:
            self._counts["total_success"] += 1
            self._counts["failure_count"] = 0
            self._state, self._last_error = "closed", ""

    def failure(self, error: str) -> None:
        """The call that was allowed failed; ``error`` is what system/status shows as last_error."""
        with self._lock:
            now = time.time()
            self._counts["total_failure"] += 1
            self._counts["failure_count"] += 1
            self._last_failure_at, self._last_error = now, error
            if self._state == "half_open" or self._counts["failure_count"] >= self.threshold:
                self._state, self._opened_at = "open", now

    def as_dict(self) -> dict[str, Any]:
        """The entry in system/status circuit_breakers."""
        with self._lock:
            return {"name": self.name, "state": self._refresh(), "opened_at": self._opened_at,
                    "last_failure_at": self._last_failure_at, "last_error": self._last_error, **self._counts,
                    "config": {"failure_threshold": self.threshold, "recovery_timeout_seconds": self.recovery_s,
                               "half_open_max_calls": self.max_probes}}
