# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals for tests of tickets: incidents of today, and what a run adds when it has told somebody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import Incident, chained, escalated

BEGUN = datetime.now(timezone.utc) - timedelta(hours=2)


def escalated_to(level: str, minutes: float = 0.0, **where: Any) -> Incident:
    """An incident that nobody could heal, some minutes after the first one."""
    incident = escalated(begun=BEGUN + timedelta(minutes=minutes), **where)
    incident.entries[-1]["details"]["level"] = level
    return incident


def last_of(incident: Incident) -> Incident:
    """The incident with its last entry only: what was written after the others were."""
    incident.entries = incident.entries[-1:]
    return incident


class Journal:
    """Entries in the order of writing."""

    def __init__(self, *incidents: Incident) -> None:
        self.entries: list[dict[str, Any]] = []
        self.add(*incidents)

    def add(self, *incidents: Incident) -> Journal:
        """Add what incidents wrote."""
        return self._write(entry for incident in incidents for entry in incident.entries)

    def note(self, result: dict[str, Any]) -> Journal:
        """Write down what a module says is to be written down."""
        record = result["record"]
        host = next(entry["host"] for entry in self.entries if entry["incident"] == record["incident"]) if record else ""
        return self._write([{"host": host, "ts": self.entries[-1]["ts"], **record}] if record else [])

    def _write(self, entries: Iterable[dict[str, Any]]) -> Journal:
        self.entries = chained([*self.entries, *entries])
        return self


def run(noun: Any, check_mode: bool = False, secrets: Iterable[str] = (), **arguments: Any) -> dict[str, Any]:
    """What a task says: a result, or that of a failure."""
    checked = ArgumentSpecValidator(noun.ARGUMENT_SPEC).validate(arguments)
    assert not checked.error_messages, checked.error_messages
    try:
        return noun.run(checked.validated_parameters, check_mode, secrets)
    except LineopsError as error:
        return {"failed": True, "failure": error.as_failure(), **error.details.get("result", {})}
