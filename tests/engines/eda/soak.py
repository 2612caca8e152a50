# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch hosts for a number of looks in a process of its own: ``soak.py HOSTS_JSON LOOKS``; prints what memory it had.

One line of JSON: resident bytes at each tenth of the looks, threads and open files that stay once it has ended, events told.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import psutil

from ansible_collections.lineops.runbook.plugins.module_utils._health_events import hosts_of, options_of
from ansible_collections.lineops.runbook.plugins.module_utils._health_state import Policy
from ansible_collections.lineops.runbook.plugins.module_utils._health_watch import Watch


PATIENCE_S = 20.0  #: a timer of a look that nobody has cancelled stays for 60


async def soak(hosts: list[dict[str, Any]], looks: int) -> dict[str, Any]:
    """Watch, and measure at each tenth."""
    told = [0]

    async def put(dummy: dict[str, Any]) -> None:
        told[0] += 1

    policy = Policy(debounce=2, interval=0.0, max_interval=0.0, remind_s=1.0)
    options = options_of({"heartbeat": 0.1, "threads": 4, "read_timeout": 30, "look_timeout": 60})[1]
    watch = Watch(hosts_of(hosts)[0], policy, options, put, {})
    task = asyncio.ensure_future(watch.run())
    me, resident = psutil.Process(), []
    while len(resident) < 10 and not task.done():
        await asyncio.sleep(0.01)
        if watch.looks >= looks * (len(resident) + 1) / 10:
            resident.append(me.memory_info().rss)
    task.cancel()
    ended = await asyncio.gather(task, return_exceptions=True)
    # A look that was under way has a timer of its own, which ends when it is its turn.
    ends_at = asyncio.get_running_loop().time() + PATIENCE_S
    while me.num_threads() > 1 and asyncio.get_running_loop().time() < ends_at:
        await asyncio.sleep(0.05)
    return {
        "resident": resident, "looks": watch.looks, "threads": me.num_threads(), "files": me.num_fds(), "told": told[0],
        "ended": repr(ended[0])}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(soak(json.loads(sys.argv[1]), int(sys.argv[2])))))
