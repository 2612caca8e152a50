# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

import yaml
from ansible_collections.lineops.runbook.plugins.module_utils._actions import target_of
from ansible_collections.lineops.runbook.plugins.module_utils._approval import approval
from ansible_collections.lineops.runbook.plugins.module_utils._closing import closing
from ansible_collections.lineops.runbook.plugins.module_utils._checklist import (
    checklist_fails, checklist_lines, checklist_plant, checklist_results, checklist_row, checklist_stats,
)
from ansible_collections.lineops.runbook.plugins.module_utils._deliveries import deliveries, delivery_notes
from ansible_collections.lineops.runbook.plugins.module_utils._escalation import escalation
from ansible_collections.lineops.runbook.plugins.module_utils._budget import budget_of
from ansible_collections.lineops.runbook.plugins.module_utils._guards import dead_links, guard, interlock_state
from ansible_collections.lineops.runbook.plugins.module_utils._incident_search import incident_search
from ansible_collections.lineops.runbook.plugins.module_utils._incidents import (
    incident_course, line_state, open_incidents, recurrence,
)
from ansible_collections.lineops.runbook.plugins.module_utils._inventory import (
    active_plc, check_secrets, host_secrets, plc_address,
)
from ansible_collections.lineops.runbook.plugins.module_utils._outcome import plc_outcome, summary_lines
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import diagnose, path_is_blocked, standby_notes
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import namespace_tests, plan, step
from ansible_collections.lineops.runbook.plugins.module_utils._preflight import (
    preflight_fails, preflight_lines, preflight_plant, preflight_rows,
)
from ansible_collections.lineops.runbook.plugins.module_utils._restart_diagnosis import restart_diagnosis
from ansible_collections.lineops.runbook.plugins.module_utils._restart_outcome import restart_outcome
from ansible_collections.lineops.runbook.plugins.module_utils._restart_plan import restart_plan, streams_to_bring_back
from ansible_collections.lineops.runbook.plugins.module_utils._severity import line_severity
from ansible_collections.lineops.runbook.plugins.module_utils._step_entries import plan_entries, step_entries
from ansible_collections.lineops.runbook.plugins.module_utils._stream_diagnosis import (
    longer_look_s, stream_asks, stream_diagnosis, stream_rows,
)
from ansible_collections.lineops.runbook.plugins.module_utils._stream_outcome import earlier_looks, stream_outcome, stream_pictures
from ansible_collections.lineops.runbook.plugins.module_utils._stream_plan import stream_allowed, stream_plan, stream_settled, stream_step
from ansible_collections.lineops.runbook.plugins.module_utils._stream_signals import signals_of, writers_of
from ansible_collections.lineops.runbook.plugins.module_utils._undo_plan import undo_entries, undo_outcome, undo_plan
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import plain_secrets


def _host_secrets(secrets: t.Any, host: str, line: t.Any = None) -> dict[str, str]:
    return host_secrets(plain_secrets(secrets), host, line)


def _secret_mistakes(hosts: t.Iterable[tuple[str, t.Any, t.Any]]) -> list[str]:
    """Each host's name, line and secrets -> what is missing; a sentence that several hosts share is said once."""
    told = [mistake for host, line, secrets in hosts if line for mistake in check_secrets(plain_secrets(secrets), host, line)]
    return list(dict.fromkeys(told))


def _budget(
    target: str, *, entries: t.Any, audit_rows: t.Any, host: str, now: str, limit: t.Any = None, window_s: t.Any = None,
    language: str = "en",
) -> dict[str, t.Any]:
    """A limit or a window that is not set is the usual one; ansible-core 2.18 makes an empty text of a null in a template."""
    entries, audit_rows = (None if rows == "" else rows for rows in (entries, audit_rows))
    usual = {name: value for name, value in (("limit", limit), ("window_s", window_s)) if value is not None}
    return budget_of(entries, audit_rows, host=host, target=target, now=now, language=language, **usual)


@functools.wraps(closing)
def _closing(entries: t.Any, *, given: t.Any, **question: t.Any) -> dict[str, t.Any]:
    """A survey gives lineops_closing as YAML text; what is none is told as the text that it is."""
    return closing(entries, given=_mapping_of(given) if isinstance(given, str) else given, **question)


def _mapping_of(text: str) -> t.Any:
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return read if read is None or isinstance(read, Mapping) else text


class FilterModule:
    """The rules of this collection as filters, so that roles can ask them."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {
            "action_target": target_of,
            "active_plc": active_plc,
            "approval": approval,
            "budget": _budget,
            "checklist_fails": checklist_fails,
            "checklist_lines": checklist_lines,
            "checklist_plant": checklist_plant,
            "checklist_results": checklist_results,
            "checklist_row": checklist_row,
            "checklist_stats": checklist_stats,
            "closing": _closing,
            "dead_links": dead_links,
            "deliveries": deliveries,
            "delivery_notes": delivery_notes,
            "escalation": escalation,
            "guards": guard,
            "host_secrets": _host_secrets,
            "incident_course": incident_course,
            "incident_search": incident_search,
            "interlock_state": interlock_state,
            "line_severity": line_severity,
            "line_state": line_state,
            "open_incidents": open_incidents,
            "plan_entries": plan_entries,
            "plc_address": plc_address,
            "plc_diagnosis": diagnose,
            "plc_outcome": plc_outcome,
            "plc_path_blocked": path_is_blocked,
            "plc_plan": plan,
            "plc_namespace_tests": namespace_tests,
            "plc_step": lambda plc, name: step(name, plc),
            "preflight_fails": preflight_fails,
            "preflight_lines": preflight_lines,
            "preflight_plant": preflight_plant,
            "preflight_rows": preflight_rows,
            "recurrence": recurrence,
            "restart_diagnosis": restart_diagnosis,
            "restart_outcome": restart_outcome,
            "restart_plan": restart_plan,
            "restart_streams": streams_to_bring_back,
            "secret_mistakes": _secret_mistakes,
            "standby_notes": standby_notes,
            "step_entries": step_entries,
            "stream_allowed": stream_allowed,
            "stream_asks": stream_asks,
            "stream_diagnosis": stream_diagnosis,
            "stream_earlier": earlier_looks,
            "stream_longer_look": longer_look_s,
            "stream_outcome": stream_outcome,
            "stream_pictures": stream_pictures,
            "stream_plan": stream_plan,
            "stream_rows": stream_rows,
            "stream_settled": stream_settled,
            "stream_signals": signals_of,
            "stream_step": stream_step,
            "stream_writers": writers_of,
            "summary_lines": summary_lines,
            "undo_entries": undo_entries,
            "undo_outcome": undo_outcome,
            "undo_plan": undo_plan,
        }
