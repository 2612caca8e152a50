# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ticket and notification share: the story of an incident from journal entries, and what a delivery leaves. Private."""

from __future__ import annotations

import typing as t

from ._cases import DELIVERED, NOT_DELIVERED, cases_of
from ._deliveries import record
from ._errors import LineopsError
from ._journal_rules import open_undos
from ._redact import scrub
from ._report_clock import Clock
from ._report_entries import Facts, plain
from ._report_rules import incident_report
from ._ticket_content import content_of
from ._web_calls import WebCalls

#: Seconds that a delivery may take: a recovery must not wait for a ticket system.
TIMEOUTS = {"timeout": (1, 60)}
SPEC: dict[str, t.Any] = {
    "entries": {"type": "list", "elements": "raw", "required": True},
    "incident": {"type": "str", "required": True},
    "language": {"type": "str", "choices": ["en", "de"], "default": "en"},
    "contacts": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 10.0},
    "proxy": {"type": "str"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}


class Story:
    """The case that an incident belongs to. Raises LineopsError: delivery.unknown_incident."""

    def __init__(self, params: t.Mapping[str, t.Any], secrets: t.Iterable[str]) -> None:
        self._entries = [entry for entry in scrub(plain(params["entries"]), secrets) if isinstance(entry, dict)]
        self._contacts = params["contacts"]
        incident = params["incident"]
        if not any(entry.get("incident") == incident for entry in self._entries):
            raise LineopsError("delivery.unknown_incident", f"No entry belongs to the incident {incident[:100]}.")
        found = [case for case in cases_of(self._entries) if incident in case["incidents"]]
        #: None where it has not ended, or was only a look at what is healthy.
        self.case: Facts | None = found[-1] if found else None

    def content(self, kind: str, case: Facts, step: Facts) -> Facts:
        """Return what to tell of a step of the case."""
        entries = _in_order([entry for entry in self._entries if entry.get("incident") == step["incident"]])
        report = incident_report(entries, clock=Clock("UTC"), undos=open_undos, contacts=self._contacts)
        return content_of(kind, case, step, report, entries)


def _in_order(entries: t.Sequence[Facts]) -> list[Facts]:
    """Return each entry once. Ends that were read beside all of an incident come first; their place is that of the second one."""
    places = {entry.get("hash") or id(entry): place for place, entry in enumerate(entries)}
    return [entries[place] for place in sorted(places.values())]


def nothing_to_tell(why: str) -> Facts:
    """Return the result of a task that had nothing to do."""
    return {"changed": False, "sent": False, "key": "", "done": [], "record": {}, "sentence": why}


def delivered(case: Facts, step: Facts, what: str, to: str, check_mode: bool, done: t.Sequence[str], **details: t.Any) -> Facts:
    """Return the result of a delivery, with the entry for the journal."""
    entry = {**record(case, step, what, to, done=list(done), **details), "event": DELIVERED, "message": f"{what}: {to}"}
    return {
        "changed": bool(done), "sent": not check_mode, "key": step["key"], "done": list(done), "record": {} if check_mode else entry,
        "sentence": f"{to}: {', '.join(done) or 'knew it already'}"}


def not_delivered(error: LineopsError, case: Facts, step: Facts, what: str, to: str) -> LineopsError:
    """Return the error with the entry for the journal; the same failure is written once, however often it is tried again."""
    entry = {
        **record(case, step, what, to, code=error.code), "event": NOT_DELIVERED, "message": error.message}
    tried = case["tried"][-1:] and {name: case["tried"][-1].get(name) for name in ("what", "key", "code")}
    is_known = tried == {name: entry["details"][name] for name in ("what", "key", "code")}
    error.details["result"] = {"sent": False, "key": step["key"], "done": [], "record": {} if is_known else entry}
    return error


def calls_to(where: str, base: str, params: t.Mapping[str, t.Any], headers: t.Mapping[str, str]) -> WebCalls:
    """Return the client that the shared options describe."""
    verify = params["validate_certs"] and (params["ca_path"] or True)
    return WebCalls(where, base, headers, timeout_s=params["timeout"], proxy=params["proxy"], verify=verify)
