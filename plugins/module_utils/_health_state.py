# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When what was seen of a supervisor counts as a change: debounce, flapping, reminders, back-off. Pure. Private.

Times are seconds of one clock that never steps back; whoever asks tells what time it is.
"""

from __future__ import annotations

import typing as t
from collections import deque
from dataclasses import dataclass

OK, FAILED, FLAPPING, UNKNOWN = "ok", "failed", "flapping", "unknown"


@dataclass(frozen=True)
class Policy:
    """How patient to be.

    debounce: looks in a row that must agree; flaps: failures within flap_window_s that make a subject flap; remind_s: after
    how long a failure that stays is told again, at most so many times (reminders); interval: seconds between two looks;
    max_interval: between two looks at a supervisor that does not answer.
    """

    debounce: int = 3
    flaps: int = 3
    flap_window_s: float = 3600.0
    remind_s: float = 900.0
    reminders: int = 3
    interval: float = 10.0
    max_interval: float = 60.0


@dataclass(frozen=True)
class Change:
    """A state that counts from now on. since: first look that saw it; repeat: which reminder of it this is, 0 for none."""

    state: str
    previous: str
    since: float
    repeat: int = 0


class Track:
    """The state of one subject of one host, for example its PLC."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.state = UNKNOWN
        # The looks in a row that agree: what they saw, how many they are, when the first one was.
        self._seen, self._count, self._since = "", 0, 0.0
        self._missed = 0
        self._settled = ""
        self._failures: deque[float] = deque(maxlen=policy.flaps)
        # Those too short to count, too: so many of them are no better than those that do.
        self._blips: deque[float] = deque(maxlen=policy.flaps * policy.debounce)
        self._told_at, self._reminders = 0.0, 0

    def saw(self, verdict: t.Optional[str], now: float) -> t.Optional[Change]:
        """Take one look's verdict (ok, failed, or None for not observed); return the change that it makes, if any."""
        self._missed = self._missed + 1 if verdict is None else 0
        if verdict is None:
            self._count = 0
            return None
        if verdict != self._seen:
            self._seen, self._count, self._since = verdict, 0, now
            self._blips.extend([now] if verdict == FAILED else [])
        self._count += 1
        if self._count >= self._policy.debounce and verdict != self._settled:
            self._settled = verdict
            self._failures.extend([now] if verdict == FAILED else [])
        wanted = self._wanted(now)
        return self._to(wanted, now) if wanted != self.state else self._reminder(now)

    @property
    def is_observed(self) -> bool:
        """Whether the state is more than what was true when somebody could last see it."""
        return self.state != UNKNOWN and self._missed < self._policy.debounce

    @property
    def is_settled(self) -> bool:
        """Whether one more look like the last could change nothing."""
        return self.state in (self._seen, FLAPPING)

    def _wanted(self, now: float) -> str:
        """Return the state that the looks so far ask for. Only calm leads out of flapping."""
        if self._are_recent(self._failures, now) or self._are_recent(self._blips, now):
            return FLAPPING
        if self._count < self._policy.debounce or (self.state == FLAPPING and self._seen == FAILED):
            return self.state
        return self._seen

    def _are_recent(self, times: deque[float], now: float) -> bool:
        return len(times) == times.maxlen and now - times[0] <= self._policy.flap_window_s

    def _to(self, state: str, now: float) -> t.Optional[Change]:
        previous, self.state = self.state, state
        self._told_at, self._reminders = now, 0
        # That all is well at the start is no news.
        return None if (previous, state) == (UNKNOWN, OK) else Change(state, previous, self._since)

    def _reminder(self, now: float) -> t.Optional[Change]:
        policy = self._policy
        lasts = self.state == self._seen == FAILED and now - self._told_at >= policy.remind_s
        if not lasts or self._reminders >= policy.reminders:
            return None
        self._told_at, self._reminders = now, self._reminders + 1
        return Change(FAILED, FAILED, self._since, self._reminders)


class Pace:
    """How long to wait until the next look at a supervisor: longer and longer while it stays down."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._missed = 0

    def after(self, answered: bool, settled: bool) -> float:
        """Return the seconds to wait. A look that may still change the state is not put off."""
        self._missed = 0 if answered or not settled else self._missed + 1
        longest = max(self._policy.interval, self._policy.max_interval)
        return min(longest, self._policy.interval * 2.0 ** min(self._missed, 30))
