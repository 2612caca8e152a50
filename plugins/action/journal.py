# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._timestamps import ms_of
from ansible_collections.lineops.runbook.plugins.modules import journal
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import RecordAction


class ActionModule(RecordAction):
    """Runs the module of the same name on the host."""

    noun = journal

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Send how long ago it was what a run saved up: the clock of the host may not be that of the controller."""
        now = time.time()
        return self.on_host(task_vars, entries=[_aged(entry, now) for entry in self.params()["entries"]])


def _aged(entry: t.Mapping[str, t.Any], now: float) -> dict[str, t.Any]:
    happened_ms = ms_of(entry.get("at"))
    aged = {name: value for name, value in entry.items() if name != "at"}
    return {**aged, "ago_s": max(0.0, now - happened_ms / 1000)} if happened_ms is not None else aged
