# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Budget: how many disruptive actions a target has had in a window, from journal and audit log (DESIGN §7.7). Pure.

Decided here, and why:

* An action counts from its ``begin``: a run killed in between may have done it. It stops counting only if its
  ``failed`` names a code after which surely nothing was sent (``details: {code: …}``, NOTHING_SENT); all else may
  have happened.
* One act may have several ``begin`` entries, one for each undo: those of one run and target that were written
  together and differ in their undo are one act.
* A restart in the audit log is ours if its request id begins with an incident whose journal has a begin of the same
  action for it. They are paired one to one within the window, so a second request of the same incident counts by
  itself.
* What lies in the future counts, and what has no time that can be read counts for ever: a wrong clock gives no free
  pass.

Private to this collection.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ._actions import is_counted, is_same_target, target_of
from ._timestamps import ms_of, utc_text
from ._words import Words, say

LIMIT, WINDOW_S = 3, 3600

#: Action of the supervisor's audit log -> ours. A rejected restart has interrupted nothing and is not in it.
AUDITED = {"service_restart_scheduled": "restart_app", "daemon_restart_scheduled": "restart_daemon"}
#: Codes of a failure after which surely nothing was sent. supervisor.unreachable and time-outs are not among them: the
#: answer may be what was lost. Nor is supervisor.rate_limited: of two calls only the second may have been refused.
NOTHING_SENT = ("supervisor.key_missing", "supervisor.key_refused", "supervisor.url_invalid", "library.missing")
#: The audit log tells of restarts of the supervisor only.
OBSERVED, IN_PART, NOT_OBSERVED, NOT_CONCERNED = "observed", "observed in part", "not observed", "not concerned"
# Clocks of two hosts never agree to the millisecond.
_AHEAD_MS = 5000
# Entries of one append are written within this.
_TOGETHER_MS = 2000

Rows = t.Optional[t.Iterable[t.Any]]

_WORDS: Words = {
    "supervisor": ("the supervisor of {host}", "der Supervisor von {host}"),
    "plc": ("the PLC link {name} of {host}", "die PLC-Verbindung {name} von {host}"),
    "stream": ("the stream {name} of {host}", "der Stream {name} von {host}"),
    "other": ("{name} of {host}", "{name} von {host}"),
    "free": (
        "Interruptions of {what} in the last {minutes} min: {used} of {limit}.",
        "Unterbrechungen in den letzten {minutes} min ({what}): {used} von {limit}."),
    "used_up": (
        "The budget is used up; interruptions of {what} in the last {minutes} min: {used}, allowed: {limit}. The next "
        "is allowed from {next}.",
        "Das Budget ist verbraucht; Unterbrechungen in den letzten {minutes} min ({what}): {used}, erlaubt: {limit}. "
        "Die nächste ist ab {next} erlaubt."),
    "used_up_for_good": (
        "The budget is used up; interruptions of {what} in the last {minutes} min: {used}, allowed: {limit}. It does "
        "not get free by itself.",
        "Das Budget ist verbraucht; Unterbrechungen in den letzten {minutes} min ({what}): {used}, erlaubt: {limit}. "
        "Es wird nicht von selbst wieder frei."),
    "nothing_observed": (
        "How often {what} was interrupted could be read neither in the journal nor in the supervisor's audit log.",
        "Wie oft unterbrochen wurde ({what}), war weder im Journal noch im Audit-Log des Supervisors zu lesen."),
    "no_journal": (
        "The journal was not read; only what the supervisor's audit log tells is counted.",
        "Das Journal wurde nicht gelesen; gezählt ist nur, was das Audit-Log des Supervisors sagt."),
    "no_audit": (
        "The supervisor's audit log was not read; restarts by people are not counted.",
        "Das Audit-Log des Supervisors wurde nicht gelesen; Neustarts durch Menschen sind nicht gezählt."),
    "audit_from": (
        "The supervisor's audit log was read back to {since} only; older restarts by people are not counted.",
        "Das Audit-Log des Supervisors wurde nur bis {since} gelesen; ältere Neustarts durch Menschen sind nicht "
        "gezählt."),
    "ahead": (
        "With a time in the future, so that a clock must be wrong: {n}. They count.",
        "Mit einer Zeit in der Zukunft, also geht eine Uhr falsch: {n}. Sie zählen."),
    "untimed": (
        "Without a time that can be read: {n}. They count until a person has looked.",
        "Ohne lesbare Zeit: {n}. Sie zählen, bis ein Mensch nachgesehen hat."),
    "garbage": (
        "Rows of the supervisor's audit log that nobody understands: {n}. A restart that hides there is not counted.",
        "Unverständliche Zeilen im Audit-Log des Supervisors: {n}. Ein Neustart, der darin steht, ist nicht gezählt."),
}


@dataclass(frozen=True)
class _Act:
    """One interruption. at: milliseconds, None if its time cannot be read; key: (incident or request id, action)."""

    at: int | None
    who: str
    action: str
    source: str
    key: tuple[str, str]

    def is_in(self, now: int, window: int) -> bool:
        """Say whether it counts at a time."""
        return self.at is None or self.at > now - window

    @property
    def order(self) -> int:
        """What has no time comes first."""
        return -1 if self.at is None else self.at

    def told(self) -> dict[str, t.Any]:
        """Return it as the result has it."""
        ts = None if self.at is None else utc_text(self.at)
        return {"ts": ts, "who": self.who, "action": self.action, "source": self.source}


def budget_of(
    entries: Rows,
    audit_rows: Rows,
    *,
    host: str,
    target: str,
    now: str,
    limit: int = LIMIT,
    window_s: int = WINDOW_S,
    language: str = "en",
) -> dict[str, t.Any]:
    """Return how much of the budget of one target is used.

    entries: of the journal, audit_rows: of GET /api/admin/logs; None for not observed. now: UTC as text.
    The result has target, allowed, used, left, limit, window_s, next_free_at (only where the budget is used up, and
    None if nothing gets free by itself), counted ({ts, who, action, source}, oldest first), sources, notes and
    sentence.
    """
    now_ms, window = ms_of(now) or 0, int(window_s * 1000)
    journal = _journalled(entries or (), host, target)
    audit, garbage, since = _audited(audit_rows or ()) if target == "supervisor" else ([], 0, None)
    sources = {
        "journal": NOT_OBSERVED if entries is None else OBSERVED,
        "audit": _audit_source(audit_rows, target, since, now_ms - window),
    }
    observed = OBSERVED in sources.values() or IN_PART in sources.values()
    counted = _counted(journal, audit, now_ms, window)
    used = len(counted)
    next_free = _next_free(journal, audit, now_ms, window, limit) if used >= limit else None
    used_up = "used_up" if next_free else "used_up_for_good"
    key = "nothing_observed" if not observed else "free" if used < limit else used_up
    names = {"used": used, "limit": limit, "minutes": f"{window_s / 60:g}", "next": next_free}
    uncertain = {
        "ahead": sum(act.at is not None and act.at > now_ms + _AHEAD_MS for act in counted),
        "untimed": sum(act.at is None for act in counted),
        "garbage": garbage,
        "no_journal": observed and sources["journal"] == NOT_OBSERVED,
        "no_audit": observed and sources["audit"] == NOT_OBSERVED,
        "audit_from": sources["audit"] == IN_PART,
    }
    return {
        "target": target, "allowed": observed and used < limit, "used": used,
        "left": max(0, limit - used) if observed else 0, "limit": limit, "window_s": window_s,
        "next_free_at": next_free, "counted": [act.told() for act in counted], "sources": sources,
        "sentence": say(_WORDS, key, language, what=_what(target, host, language), **names),
        "notes": [
            say(_WORDS, note, language, n=number, since=utc_text(since or 0))
            for note, number in uncertain.items() if number
        ],
    }


def _what(target: str, host: str, language: str) -> str:
    kind, dummy, name = target.partition(":")
    key = kind if kind in ("supervisor", "plc", "stream") else "other"
    return say(_WORDS, key, language, name=name or target, host=host)


def _journalled(entries: t.Iterable[t.Any], host: str, target: str) -> list[_Act]:
    """Return the acts of the journal on one target."""
    acts: list[_Act] = []
    running: dict[tuple[str, ...], tuple[_Act, set[str]]] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or not is_counted(entry) or entry.get("host") not in (host, None):
            continue
        if not is_same_target(target_of(entry), target):
            continue
        incident, action = str(entry.get("incident")), str(entry["action"])
        key = (incident, str(entry.get("run")), action, target_of(entry))
        act, undos = running.get(key, (None, set()))
        if entry.get("event") == "begin":
            at, undo = ms_of(entry.get("ts")), json.dumps(entry.get("undo"), sort_keys=True, default=str)
            if act is None or undo in undos or not _is_together(act.at, at):
                act = _Act(at, str(entry.get("runner") or "unknown"), action, "journal", (incident, action))
                undos = set()
                acts.append(act)
            running[key] = (act, undos | {undo})
        elif entry.get("event") in ("done", "failed", "undone") and act is not None:
            if entry["event"] == "failed" and _code_in(entry) in NOTHING_SENT:
                acts = [other for other in acts if other is not act]
            running.pop(key)
    return acts


def _is_together(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _TOGETHER_MS


def _code_in(entry: t.Mapping[str, t.Any]) -> t.Any:
    details = entry.get("details")
    return details.get("code") if isinstance(details, Mapping) else None


def _audited(rows: t.Iterable[t.Any]) -> tuple[list[_Act], int, int | None]:
    """Return the restarts of the audit log (one for each request), the number of rows that nobody understands, and the
    time of the oldest row where the log surely goes on before it (None where it does not, or nobody can tell)."""
    acts: dict[t.Any, _Act] = {}
    garbage = 0
    oldest: int | None = None
    is_whole = False
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            row = {"module": "audit", "message": row}
        at = ms_of(row.get("timestamp"))
        at = ms_of(row.get("created_at")) if at is None else at
        oldest = at if oldest is None or (at is not None and at < oldest) else oldest
        is_whole = is_whole or row.get("id") == 1
        if row.get("module") != "audit":
            continue
        told = _message(row.get("message"))
        if told is None:
            garbage += 1
            continue
        action = told.get("action")
        if not isinstance(action, str) or action not in AUDITED:
            continue
        details = told.get("details")
        request = details.get("request_id") if isinstance(details, Mapping) else None
        request = request if isinstance(request, str) else ""
        act = _Act(at, str(told.get("actor") or "unknown"), AUDITED[action], "audit", (request, AUDITED[action]))
        key = act.key if request else number
        known = acts.get(key)
        # Of several rows of one request the one that counts longest.
        if known is None or at is None or (known.at is not None and at > known.at):
            acts[key] = act
    return list(acts.values()), garbage, None if is_whole else oldest


def _message(message: t.Any) -> t.Mapping[str, t.Any] | None:
    """Return the JSON in the message of an audit row; a torn one that names a restart still is one."""
    text = message if isinstance(message, str) else json.dumps(message, default=str)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, Mapping):
        return told
    named = next((action for action in AUDITED if action in text), None)
    return {"action": named} if named else None


def _audit_source(rows: Rows, target: str, since: int | None, start: int) -> str:
    if target != "supervisor":
        return NOT_CONCERNED
    if rows is None:
        return NOT_OBSERVED
    return IN_PART if since is not None and since > start else OBSERVED


def _counted(journal: t.Sequence[_Act], audit: t.Sequence[_Act], now: int, window: int) -> list[_Act]:
    """Return the acts in the window, oldest first: of the journal, and of the audit log what that does not explain."""
    inside = [act for act in journal if act.is_in(now, window)]
    unexplained = [act.key for act in inside]
    counted = list(inside)
    # The newest first: what is left over is what the journal has lost.
    for act in sorted((act for act in audit if act.is_in(now, window)), key=lambda act: -act.order):
        fitting = [key for key in unexplained if key[1] == act.key[1] and _is_of(act.key[0], key[0])]
        ours = max(fitting, key=lambda key: len(key[0]), default=None)
        if ours is None:
            counted.append(act)
        else:
            unexplained.remove(ours)
    return sorted(counted, key=lambda act: act.order)


def _is_of(request: str, incident: str) -> bool:
    """Say whether a request id is one of an incident's; the client sends plain text of at most 120 characters."""
    sent = "".join(char if char.isascii() and char.isprintable() else "?" for char in incident).strip()
    return bool(sent) and (request == sent or request.startswith(f"{sent}-"[:120]))


def _next_free(
    journal: t.Sequence[_Act], audit: t.Sequence[_Act], now: int, window: int, limit: int
) -> str | None:
    """Return when the next action is allowed, if time alone does it."""
    ends = sorted({act.at + window for act in [*journal, *audit] if act.at is not None and act.at + window > now})
    free = (end for end in ends if len(_counted(journal, audit, end, window)) < limit)
    end = next(free, None)
    return None if end is None else utc_text(end)
