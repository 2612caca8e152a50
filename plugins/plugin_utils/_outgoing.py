# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of nouns whose output leaves the plant: written or sent by the controller, without any secret. Private."""

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._redact import secrets_in
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import RunbookAction
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import secrets_among


class OutgoingAction(RunbookAction):
    """Runs on the controller; the noun's run gets what must not get out."""

    def other_secrets(self, task_vars: dict[str, t.Any]) -> t.Any:
        """A journal holds no secret; what leaves the plant is scrubbed all the same."""
        return secrets_among(self._templar, task_vars)

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write or send."""
        return self.noun.run(self.params(), self._task.check_mode, secrets_in(self.other_secrets(task_vars)))
