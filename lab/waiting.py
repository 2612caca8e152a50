# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting that can be interrupted cleanly: a signal is noted when it comes and looked at between two steps.

An exception out of a signal handler could strike between a process' start and its becoming findable; so none is raised
there.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from .errors import LabError

LIMIT_S = 90.0  # generous: a busy machine is many times slower
_PAUSE_S = 0.03


class Interrupted(Exception):
    """SIGINT or SIGTERM arrived."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number


class Watch:
    """Polls conditions. As a context manager it takes SIGINT and SIGTERM; check() then raises :class:`Interrupted`."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Watch:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *dummy: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, dummy: FrameType | None) -> None:
        self._number = number

    def check(self) -> None:
        """Raise Interrupted if a signal came since the start."""
        if self._number is not None:
            raise Interrupted(self._number)

    def wait(
        self, condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S, pause_s: float = _PAUSE_S,
    ) -> Any:
        """Poll until ``condition`` is true and return its value; LabError after ``limit_s`` seconds."""
        deadline = time.monotonic() + limit_s
        while True:
            self.check()
            result = condition()
            if result:
                return result
            if time.monotonic() > deadline:
                raise LabError(f"waited {limit_s:.0f} s in vain for this: {what}")
            time.sleep(pause_s)
