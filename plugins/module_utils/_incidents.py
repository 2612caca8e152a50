# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What journals say of incidents: those still open, what came back after a heal, and how an incident has gone so far.

Pure; entries are those of one or more journals, those of one host in their order. Private to this collection.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._actions import action_of, is_same_target
from ._findings import SEVERITY_RULES
from ._timestamps import ms_of, utc_text
from ._words import Words, say

WINDOW_S = 3600
#: An incident that nobody closed for so long is told, but stops no restart.
FRESH_MS = 24 * 3600 * 1000
GOOD_ENDS = ("healthy", "healed")
_SEVERITIES = tuple(sorted({rule.severity for rule in SEVERITY_RULES.values()} - {""}))

Entry = t.Mapping[str, t.Any]

_WORDS: Words = {
    "came_back": (
        "It was healed {times} times since {since} and is back.",
        "Es wurde seit {since} {times} mal geheilt und ist wieder da."),
    "came_back_once": ("It was healed at {since} and is back.", "Es wurde um {since} geheilt und ist wieder da."),
    "no_time": ("a time that cannot be read", "einer Zeit, die nicht zu lesen ist"),
    "open": ("open incident {incident} since {since}", "offener Vorfall {incident} seit {since}"),
    "seen": ("seen as {finding} by this run", "von diesem Lauf als {finding} gesehen"),
    "unread": ("neither it nor its journal was observed", "weder er noch sein Journal wurde beobachtet"),
    "stale": (
        "Incident {incident} of {host} has been open since {since}, longer than a day: close it. It stops no restart.",
        "Vorfall {incident} von {host} ist seit {since} offen, länger als einen Tag: bitte schließen. Er "
        "verhindert keinen Neustart."),
}


def recurrence(
    entries: t.Iterable[t.Any],
    *,
    host: str,
    finding: str,
    now: str,
    target: str = "",
    window_s: int = WINDOW_S,
    incident: str = "",
    language: str = "en",
) -> dict[str, t.Any]:
    """Say whether a finding is back on a host and target that was healed of it within the window.

    incident: the running one, whose own heal does not count. Returns recurred, times (how often it was healed), since
    (the first of these heals, None if no time can be read) and sentence. A heal without a readable time counts.
    """
    start = (ms_of(now) or 0) - int(float(window_s) * 1000)  # text, from Jinja on ansible-core 2.18
    heals = [
        ms_of(entry.get("ts")) for entry in _mappings(entries)
        if entry.get("event") == "healed" and entry.get("host") == host and entry.get("finding") == finding
        and is_same_target(_target_in(entry), target) and not (incident and entry.get("incident") == incident)
    ]
    inside = [at for at in heals if at is None or at > start]
    since = min((at for at in inside if at is not None), default=None)
    told = say(_WORDS, "no_time", language) if since is None else utc_text(since)
    key = "came_back_once" if len(inside) == 1 else "came_back"
    return {
        "recurred": bool(inside), "times": len(inside), "since": None if since is None else utc_text(since),
        "sentence": say(_WORDS, key, language, times=len(inside), since=told) if inside else "",
    }


def open_incidents(entries: t.Iterable[t.Any], *, now: str, without: t.Collection[str] = ()) -> list[dict[str, t.Any]]:
    """Return the incidents of all hosts that are not closed, oldest entry first.

    without: incidents of this run, which are open as long as it runs. Closed is what ended healthy or healed, was
    closed by a person, or is of a host that the same playbook found healthy or healed since. Each has incident, host,
    playbook, since (None if it cannot be read), finding, severity, and is_stale (open for more than a day, which no
    longer counts).
    """
    opened: dict[tuple[t.Any, t.Any], dict[str, t.Any]] = {}
    closed: set[tuple[t.Any, t.Any]] = set()
    for entry in _mappings(entries):
        key = (entry.get("host"), entry.get("incident"))
        event = entry.get("event")
        if not all(isinstance(name, str) and name for name in key) or entry.get("playbook") == "checklist" or entry.get("phase") == "deliver":
            continue
        if event in (*GOOD_ENDS, "closed"):
            closed.add(key)
            opened = {
                other: about for other, about in opened.items()
                if other != key and not (event in GOOD_ENDS and _is_settled_by(about, entry))
            }
        elif key not in closed or event in ("opened", "continued"):
            closed.discard(key)
            about = opened.setdefault(key, {
                "incident": key[1], "host": key[0], "playbook": entry.get("playbook"), "since": entry.get("ts"),
                "finding": None, "severity": None,
            })
            about.update({name: entry[name] for name in ("finding", "severity") if entry.get(name)})
    oldest = (ms_of(now) or 0) - FRESH_MS
    return [
        {**about, "since": since, "is_stale": since is not None and (ms_of(since) or 0) < oldest}
        for about in opened.values() if about["incident"] not in without
        for since in (_time_of(about),)
    ]


def line_state(
    entries: t.Iterable[t.Any],
    *,
    line: str,
    hosts: t.Sequence[str],
    now: str,
    without: t.Collection[str] = (),
    seen: t.Mapping[str, str] | None = None,
    unread: t.Collection[str] = (),
    restarting: t.Collection[str] = (),
    language: str = "en",
) -> dict[str, t.Any]:
    """Return how the hosts of a line are, as the guard of the blast radius asks it.

    entries: of the journals of all hosts; hosts: all of the line, also those outside -l; without: incidents of this
    run; seen: host -> finding code of this run or of fleet_info, which counts more than an older journal; unread:
    hosts whose journal could not be read; restarting: hosts that this run would restart at once.
    Returns line, hosts, troubled (host -> why, in words), restarting, and notes (incidents that are told only).
    """
    seen = seen or {}
    still_open = [one for one in open_incidents(entries, now=now, without=without) if one["host"] in hosts]
    troubled = {
        host: say(_WORDS, "seen", language, finding=code)
        for host, code in seen.items() if host in hosts and not _is_healthy(code)
    }
    for one in still_open:
        if not one["is_stale"] and one["host"] not in seen:
            since = one["since"] or say(_WORDS, "no_time", language)
            troubled[one["host"]] = say(_WORDS, "open", language, incident=one["incident"], since=since)
    for host in unread:
        if host in hosts and host not in seen:
            troubled.setdefault(host, say(_WORDS, "unread", language))
    return {
        "line": line, "hosts": list(hosts), "troubled": troubled,
        "restarting": [host for host in restarting if host in hosts],
        "notes": [
            say(_WORDS, "stale", language, **{name: one[name] for name in ("incident", "host", "since")})
            for one in still_open if one["is_stale"]
        ],
    }


def incident_course(
    entries: t.Iterable[t.Any], *, host: str, now: str, incident: str = "", run: str = "", playbook: str = ""
) -> dict[str, t.Any]:
    """Return how the incident of a host has gone until this run, over all runs that did not heal it.

    incident, run: those of this run. Returns opened_at (of the oldest that is still open and not older than a day, else
    now), failed_attempts (earlier runs that tried to heal it), incidents, and stated ({severity, at}: the highest that
    was told in this very incident, as long as it is not closed as healed; {} where none was).
    """
    known = list(_mappings(entries))
    chain = [
        one for one in open_incidents(known, now=now)
        if one["host"] == host and not one["is_stale"] and playbook in ("", one["playbook"])
    ]
    ids = [one["incident"] for one in chain]
    attempts = {
        (entry.get("incident"), entry.get("run")) for entry in known
        if entry.get("host") == host and entry.get("incident") in ids and entry.get("event") == "begin"
        and entry.get("phase") != "undo" and action_of(entry.get("action")).heals and (not run or entry.get("run") != run)
    }
    since = [ms_of(one["since"]) for one in chain]
    return {
        "opened_at": utc_text(min((at for at in since if at is not None), default=ms_of(now) or 0)),
        "failed_attempts": len(attempts), "incidents": ids, "stated": _stated(known, host, incident),
    }


def _stated(entries: t.Iterable[Entry], host: str, incident: str) -> dict[str, t.Any]:
    """Return the highest severity told in an incident since it was last closed as healed."""
    stated: dict[str, t.Any] = {}
    for entry in entries:
        if not incident or (entry.get("host"), entry.get("incident")) != (host, incident):
            continue
        severity = entry.get("severity")
        if entry.get("event") in GOOD_ENDS:
            stated = {}
        elif severity in _SEVERITIES and severity < stated.get("severity", "SEV-9"):
            stated = {"severity": severity, "at": entry.get("ts"), "finding": entry.get("finding")}
    return stated


def _is_settled_by(about: Entry, end: Entry) -> bool:
    """Say whether an open incident is of a host and playbook that ended well later."""
    return (about["host"], about["playbook"]) == (end.get("host"), end.get("playbook"))


def _is_healthy(code: t.Any) -> bool:
    return isinstance(code, str) and code.split(".")[-1] == "healthy"


def _time_of(about: Entry) -> str | None:
    at = ms_of(about["since"])
    return None if at is None else utc_text(at)


def _target_in(entry: Entry) -> str:
    """Return what a close is about; "" where it does not say, which fits every target."""
    told = entry.get("target") or (f"plc:{entry['plc']}" if entry.get("plc") else "")
    return told if isinstance(told, str) else ""


def _mappings(entries: t.Iterable[t.Any]) -> t.Iterator[Entry]:
    return (entry for entry in entries if isinstance(entry, Mapping))
