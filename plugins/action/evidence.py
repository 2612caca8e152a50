# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._redact import secrets_in
from ansible_collections.lineops.runbook.plugins.modules import evidence
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import RecordAction


class ActionModule(RecordAction):
    """Runs the module of the same name on the host."""

    noun = evidence

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Send only secrets that are masked: AnsibleModule would blot a password like 1 out of every hash."""
        return self.on_host(task_vars, secrets=sorted(secrets_in(self._task.args.get("secrets"))))
