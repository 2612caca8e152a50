# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what the guard rails of a run cost: tasks of the role incident but for its frame, and those with records elsewhere."""

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
name: rails
type: aggregate
short_description: What the guard rails of a run cost, for the benchmarks
description:
  - Writes a JSON file named by the environment variable LINEOPS_BENCH_RAILS at the end of a run.
"""

ROLE = "lineops.runbook.incident"
# The frame of any playbook, with rails or without: is the inventory right, and how did each host end.
FRAME = ("known.yml", "summary.yml")
RECORDS = tuple(f"lineops.runbook.{noun}" for noun in ("lease", "journal", "budget", "evidence", "incident_report"))


class CallbackModule(CallbackBase):
    """Adds up the time between the starts of tasks, and counts the tasks that keep or read a record."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "rails"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._rails_s = 0.0
        self._is_rails, self._began = False, time.monotonic()
        self._tasks: dict[str, int] = {}

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        """The task before has ended."""
        in_role = str(getattr(task, "_role", "")) == ROLE and not task.get_path().rpartition(":")[0].endswith(FRAME)
        self._next(in_role or task.action in RECORDS)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Count the task; one that was skipped is none."""
        if result.task.action in RECORDS:
            host = result.host.get_name()
            self._tasks[host] = self._tasks.get(host, 0) + 1

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the figures."""
        self._next(False)
        figures = {"rails_s": self._rails_s, "tasks": self._tasks}
        Path(os.environ["LINEOPS_BENCH_RAILS"]).write_text(json.dumps(figures), encoding="utf-8")

    def _next(self, is_rails: bool) -> None:
        now = time.monotonic()
        self._rails_s += (now - self._began) if self._is_rails else 0.0
        self._is_rails, self._began = is_rails, now
