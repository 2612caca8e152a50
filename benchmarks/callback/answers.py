# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down, for every host, how long its supervisor took to answer and how many calls were made.

The same for every playbook of a benchmark: modules of this collection tell the supervisor's own answer time, ansible.builtin.uri
tells whole seconds (so the five seconds of an ADS time-out count, milliseconds do not).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.executor.task_result import CallbackTaskResult
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: answers
type: aggregate
short_description: Answer times of the supervisors, for the benchmarks
description:
  - Writes a JSON file named by the environment variable LINEOPS_BENCH_FIGURES at the end of a run.
"""

URI = ("ansible.builtin.uri", "uri")
PAUSE = ("ansible.builtin.pause", "pause")


class CallbackModule(CallbackBase):
    """Collects from the results of all tasks, failed ones too."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "answers"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._hosts: dict[str, dict[str, float]] = {}
        self._pause_s = 0.0

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Take a result."""
        self._take(result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Take a result."""
        self._take(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the figures."""
        figures = {"hosts": self._hosts, "pause_s": self._pause_s}
        Path(os.environ["LINEOPS_BENCH_FIGURES"]).write_text(json.dumps(figures), encoding="utf-8")

    def _take(self, result: CallbackTaskResult) -> None:
        host = self._hosts.setdefault(result.host.get_name(), {"tasks": 0, "calls": 0, "supervisor_s": 0.0})
        host["tasks"] += 1
        if result.task.action in PAUSE:
            self._pause_s += result.result.get("delta", 0)
        for calls, seconds in _answers(result.task.action, result.result):
            host["calls"] += calls
            host["supervisor_s"] += seconds


def _answers(action: str, result: Mapping[str, Any]) -> Iterator[tuple[int, float]]:
    """Calls and their seconds, for each item of a loop."""
    for item in result.get("results") or [result]:
        if action in URI:
            yield 1, item.get("elapsed", 0)
        elif "supervisor_seconds" in item:
            yield len(item.get("calls", ())), item["supervisor_seconds"]
