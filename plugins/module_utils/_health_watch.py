# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at many supervisors again and again, each at its own pace, and tells what changed. Private to this collection.

The client of this collection blocks, so looks are made by threads. A supervisor is looked at again only when what was seen
last has been taken, so nothing piles up however slow the reader or however restless the plant is.
"""

from __future__ import annotations

import asyncio
import random
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ._clock import utc_at
from ._health_events import change_event, heartbeat_event
from ._health_look import Verdicts, Watched
from ._health_rules import PLAYBOOKS
from ._health_state import Pace, Policy, Track

Put = t.Callable[[dict[str, t.Any]], t.Awaitable[None]]
#: Looks are spread by so much of the interval, so that not all supervisors are asked in the same moment.
_JITTER = 0.1


class Watch:
    """The watch over all hosts. hosts, options: as Watched takes them, options with threads and heartbeat (seconds) too.

    put: takes an event and may let wait; refused: host -> why it is not watched.
    """

    def __init__(
        self, hosts: t.Sequence[t.Mapping[str, t.Any]], policy: Policy, options: t.Mapping[str, t.Any], put: Put,
        refused: t.Mapping[str, str],
    ) -> None:
        self._hosts, self._policy, self._options, self._put, self._refused = hosts, policy, options, put, refused
        self._tracks = {host["host"]: {subject: Track(policy) for subject in PLAYBOOKS} for host in hosts}
        self.looks = 0

    async def run(self) -> None:
        """Watch until cancelled. Raises LineopsError (library.missing)."""
        pool = ThreadPoolExecutor(self._options["threads"], thread_name_prefix="supervisor_health")
        tasks = [asyncio.ensure_future(work) for work in (self._beat(), *(self._follow(host, pool) for host in self._hosts))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            pool.shutdown(wait=False)

    async def _follow(self, host: t.Mapping[str, t.Any], pool: ThreadPoolExecutor) -> None:
        """Look at one supervisor for ever."""
        watched, pace = Watched(host, self._options), Pace(self._policy)
        supervisor = self._tracks[host["host"]]["supervisor"]
        wait_s = random.uniform(0.0, self._policy.interval)
        while True:
            await asyncio.sleep(wait_s)
            verdicts = await asyncio.get_running_loop().run_in_executor(pool, watched.look)
            self.looks += 1
            for event in self._events(host, verdicts):
                await self._put(event)
            wait_s = pace.after(verdicts["supervisor"].state == "ok", supervisor.is_settled)
            wait_s *= random.uniform(1.0 - _JITTER, 1.0 + _JITTER)

    def _events(self, host: t.Mapping[str, t.Any], verdicts: Verdicts) -> t.Iterator[dict[str, t.Any]]:
        now, wall = time.monotonic(), time.time()
        for subject, track in self._tracks[host["host"]].items():
            verdict = verdicts.get(subject)
            change = track.saw(verdict.state if verdict else None, now)
            if verdict and change:
                yield change_event(host, subject, verdict, change, utc_at(wall - (now - change.since)))

    async def _beat(self) -> None:
        """Tell now and then how all of them are, so that silence is not taken for health."""
        while True:
            await self._put(heartbeat_event(self._tracks, self._refused, self.looks))
            await asyncio.sleep(self._options["heartbeat"])
