# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._inventory import active_plc, host_secrets, plc_address
from ansible_collections.lineops.runbook.plugins.module_utils._outcome import plc_outcome, summary_lines
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose, path_is_blocked, standby_notes
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import namespace_tests, plan, step, step_entries
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import plain_secrets


def _host_secrets(secrets: t.Any, host: str, line: t.Any = None) -> dict[str, str]:
    return host_secrets(plain_secrets(secrets), host, line)


class FilterModule:
    """The rules of this collection as filters, so that roles can ask them."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {
            "active_plc": active_plc,
            "host_secrets": _host_secrets,
            "plc_address": plc_address,
            "plc_diagnosis": diagnose,
            "plc_outcome": plc_outcome,
            "plc_path_blocked": path_is_blocked,
            "plc_plan": plan,
            "plc_namespace_tests": namespace_tests,
            "plc_step": lambda plc, name: step(name, plc),
            "standby_notes": standby_notes,
            "step_entries": step_entries,
            "summary_lines": summary_lines,
        }
