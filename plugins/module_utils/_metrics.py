# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journals of a plant count, as metrics (docs/metrics.md). Pure. Private to this collection.

Values of labels are those of our own tables and of the inventory, so that no text of the plant can make a series without end.
"""

from __future__ import annotations

import typing as t
from collections import Counter

from ._actions import is_counted, target_of
from ._budget import LIMIT, WINDOW_S, budget_of
from ._deliveries import deliveries
from ._findings import FINDINGS
from ._incidents import open_incidents
from ._metrics_text import Family, Sample
from ._report_entries import Entry, Facts, mappings, text_of
from ._report_plant_rules import reports_of
from ._report_rules import Clock, Undos, is_ending
from ._timestamps import ms_of

SEVERITIES = ("SEV-1", "SEV-2", "SEV-3", "")
PLAYBOOKS = ("A", "B", "C")
#: What a journal may name and no table knows.
OTHER = "other"
#: Time of an incident -> metric and what it is.
TIMES = {
    "detect_s": ("lineops_incident_detect_seconds", "From opening an incident to its finding; sum divided by count is MTTD."),
    "acknowledge_s": ("lineops_incident_acknowledge_seconds", "From opening to the first action or escalation (MTTA)."),
    "recover_s": ("lineops_incident_recover_seconds", "From opening to the proof that it is healed (MTTR)."),
}
_TARGETS = 50


class Host(t.NamedTuple):
    """What is known of a host. entries: of its journal, None where it was not read; ok: whether its chain of hashes holds."""

    name: str
    line: str
    entries: t.Sequence[Entry] | None
    ok: bool | None
    budget: Facts
    ticket: t.Any
    notify: t.Any


def metrics_of(
    hosts: t.Sequence[Host], checklists: t.Iterable[Facts], *, now: str, clock: Clock, undos: Undos
) -> list[Family]:
    """Return all metrics.

    checklists: what the filter checklist_plant returned, as its JSON page has it; now: UTC as text.
    """
    read = [(host, host.entries) for host in hosts if host.entries is not None]
    return [
        _incidents(read), *_times(read, clock, undos), *_open(read, now), _budgets(read, now), _pending(read, now), *_journals(hosts),
        *_checklists(checklists),
        Family("lineops_metrics_timestamp_seconds", "gauge", "When the metrics of a line were made.", [
            ("", {"line": line}, _seconds(now) or 0.0) for line in {host.line: None for host in hosts}]),
    ]


_Read = t.Sequence[t.Tuple[Host, t.Sequence[Entry]]]


def _incidents(read: _Read) -> Family:
    """Each end of a run is one: it stays in the journal, so that the number never gets less."""
    counts = Counter(
        (host.line, _known(entry.get("playbook"), PLAYBOOKS), _known(entry.get("finding"), FINDINGS),
         _known(entry.get("severity") or "", SEVERITIES), text_of(entry.get("event")))
        for host, entries in read for entry in entries if is_ending(entry))
    names = ("line", "playbook", "finding", "severity", "result")
    return Family("lineops_incidents_total", "counter", "Incidents that have ended, by how they ended.", [
        ("", dict(zip(names, key)), number) for key, number in counts.items()])


def _times(read: _Read, clock: Clock, undos: Undos) -> list[Family]:
    told: dict[str, dict[str, list[float]]] = {name: {} for name in TIMES}
    for host, entries in read:
        for report in reports_of(list(entries), clock=clock, undos=undos):
            for name, values in told.items():
                seconds = report["times"][name]
                if seconds is not None and report["result"]["code"] != "healthy":
                    values.setdefault(host.line, []).append(seconds)
    return [
        Family(metric, "summary", words, [
            sample for line, values in told[name].items()
            for sample in (("_sum", {"line": line}, sum(values)), ("_count", {"line": line}, len(values)))])
        for name, (metric, words) in TIMES.items()]


def _open(read: _Read, now: str) -> list[Family]:
    """Return how many incidents nobody closed, zero too, and since when the oldest of a line is open."""
    counts: Counter[tuple[str, str]] = Counter({(host.line, severity): 0 for host, dummy in read for severity in SEVERITIES[:3]})
    oldest: dict[str, float] = {}
    for host, entries in read:
        for one in open_incidents(entries, now=now):
            counts[host.line, _known(one["severity"] or "", SEVERITIES)] += 1
            since = _seconds(one["since"])
            if since is not None:
                oldest[host.line] = min(since, oldest.get(host.line, since))
    return [
        Family("lineops_incidents_open", "gauge", "Incidents that nobody closed.", [
            ("", {"line": line, "severity": severity}, number) for (line, severity), number in counts.items()]),
        Family("lineops_incident_oldest_open_timestamp_seconds", "gauge", "When the oldest open incident was opened.", [
            ("", {"line": line}, since) for line, since in oldest.items()])]


def _budgets(read: _Read, now: str) -> Family:
    """Only the journal is asked: restarts by people, which the supervisor's own log has, use the budget too."""
    samples: list[Sample] = []
    for host, entries in read:
        targets = sorted({target_of(entry) for entry in entries if is_counted(entry)} - {""} | {"supervisor"})[:_TARGETS]
        limits = {name: host.budget[name] for name in ("limit", "window_s") if host.budget.get(name) is not None}
        for target in targets:
            left = budget_of(entries, None, host=host.name, target=target, now=now, **{"limit": LIMIT, "window_s": WINDOW_S, **limits})
            samples.append(("", {"line": host.line, "host": host.name, "target": target}, left["left"]))
    return Family("lineops_budget_left", "gauge", "Disruptive actions that a target may still have, by the journal.", samples)


def _pending(read: _Read, now: str) -> Family:
    counts: Counter[str] = Counter()
    for host, entries in read:
        counts[host.line] += len(deliveries(entries, now=now, ticket=host.ticket, notify=host.notify, most=1000))
    return Family("lineops_deliveries_pending", "gauge", "Tickets and messages that could not be sent yet.", [
        ("", {"line": line}, number) for line, number in counts.items()])


def _journals(hosts: t.Sequence[Host]) -> list[Family]:
    def samples(values: t.Iterable[tuple[Host, bool]]) -> list[Sample]:
        return [("", {"line": host.line, "host": host.name}, int(value)) for host, value in values]

    return [
        Family("lineops_journal_read", "gauge", "Whether the journal could be read.", samples(
            (host, host.entries is not None) for host in hosts)),
        Family("lineops_journal_verified", "gauge", "Whether the chain of hashes holds; missing where that was not looked at.", samples(
            (host, host.ok) for host in hosts if host.ok is not None))]


def _checklists(checklists: t.Iterable[Facts]) -> list[Family]:
    """Of each line the last look counts."""
    last: dict[str, tuple[float, Facts]] = {}
    for checklist in checklists:
        at = _seconds(checklist.get("at"))
        for line in {text_of(row.get("line")) for row in mappings(checklist.get("hosts"))} - {""}:
            if at is not None and at >= last.get(line, (0.0, {}))[0]:
                last[line] = (at, checklist)
    rows: Counter[tuple[str, str]] = Counter()
    for line, (dummy, checklist) in last.items():
        rows.update({(line, severity): 0 for severity in SEVERITIES})
        rows.update(
            (line, _known(row.get("severity") or "", SEVERITIES)) for row in mappings(checklist.get("hosts")) if row.get("line") == line)
    return [
        Family("lineops_checklist_timestamp_seconds", "gauge", "When the line was last gone through with the checklist.", [
            ("", {"line": line}, at) for line, (at, dummy) in last.items()]),
        Family("lineops_checklist_hosts", "gauge", "Hosts by the severity that the last checklist gave them.", [
            ("", {"line": line, "severity": severity}, number) for (line, severity), number in rows.items()])]


def _known(value: t.Any, table: t.Container[str]) -> str:
    return value if isinstance(value, str) and value in table else OTHER


def _seconds(text: t.Any) -> float | None:
    ms = ms_of(text)
    return None if ms is None else ms / 1000
