# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down how long each task of a run with one host took, and what its modules tell of their own calls and waits.

A task lasts from its start to the start of the next one, so that the seconds of all tasks, and of what lies before the first,
are those of the run.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.executor.task_result import CallbackTaskResult
from ansible.playbook.task import Task
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: durations
type: aggregate
short_description: Seconds of each task, for the benchmarks
description:
  - Writes a JSON file named by the environment variable LINEOPS_BENCH_DURATIONS at the end of a run.
"""

#: What of a result is kept: it holds no address and no key.
KEPT = ("calls", "health", "latency_s", "supervisor_seconds", "streams", "not_observed")


class CallbackModule(CallbackBase):
    """A row for every task, in their order."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "durations"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict[str, Any]] = []
        self._began = time.monotonic()

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        """The task before has ended."""
        self._end()
        self._rows.append({"task": task.name, "action": task.action, "results": []})

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Keep what a module tells, of each item of a loop."""
        items = result.result.get("results") or [result.result]
        kept = [{name: item[name] for name in KEPT if name in item} for item in items if isinstance(item, dict)]
        self._rows[-1]["results"] += [one for one in kept if one]

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the rows."""
        self._end()
        Path(os.environ["LINEOPS_BENCH_DURATIONS"]).write_text(json.dumps(self._rows), encoding="utf-8")

    def _end(self) -> None:
        now = time.monotonic()
        if self._rows:
            self._rows[-1]["seconds"] = round(now - self._began, 4)
        self._began = now
