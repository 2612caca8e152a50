# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts know an incident that a person named, and what they may have meant if none does. Pure. Private."""

from __future__ import annotations

import difflib
import typing as t

from ._words import Words, say

#: Of an id or a value that somebody typed, in a sentence.
LONGEST_SHOWN = 100
_NEAREST = 3
#: Of the ids of a journal that has grown for years, the newest are compared.
_COMPARED = 2000

_WORDS: Words = {
    "which": (
        "Which incident is meant? Expected -e incident=ID{known}.",
        "Welcher Vorfall ist gemeint? Erwartet wird -e incident=ID{known}."),
    "no_text": (
        "incident is {asked}; expected one id{known}.", "incident ist {asked}; erwartet wird eine einzelne Id{known}."),
    "unknown": (
        "The journals of {hosts} know no incident {asked}{known}{unread}.",
        "Die Journale von {hosts} kennen keinen Vorfall {asked}{known}{unread}."),
    "nothing_read": ("No journal could be read{unread}.", "Es konnte kein Journal gelesen werden{unread}."),
    "nearest": ("; nearest: {ids}", "; am nächsten: {ids}"),
    "newest": ("; newest: {ids}", "; die neuesten: {ids}"),
    "none": (", and none at all", ", und überhaupt keinen"),
    "unread": ("; not read: {hosts}", "; nicht gelesen: {hosts}"),
}


def incident_search(
    known: t.Mapping[str, t.Any], *, incident: t.Any, language: str = "en"
) -> dict[str, t.Any]:
    """Return hosts, those whose journal knows the incident, and sentence, what is wrong where none does (else "").

    known: host -> result of the module journal with the entries that opened incidents.
    """
    ids = {host: _ids_in(result) for host, result in known.items()}
    found = [host for host, its in ids.items() if its and incident in its]
    return {"hosts": found, "sentence": "" if found else _sentence(known, ids, incident, language)}


def shown(value: t.Any) -> str:
    """Return a value that somebody typed as it stands in a sentence."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _ids_in(result: t.Any) -> list[str] | None:
    """Return the incidents of a journal, oldest first; None where it was not read."""
    entries = result.get("entries") if isinstance(result, t.Mapping) else None
    if not isinstance(entries, list):
        return None
    told = (entry.get("incident") for entry in entries if isinstance(entry, t.Mapping))
    return list(dict.fromkeys(name for name in told if isinstance(name, str) and name))


def _sentence(
    known: t.Mapping[str, t.Any], ids: t.Mapping[str, list[str] | None], incident: t.Any, language: str
) -> str:
    read = [host for host, its in ids.items() if its is not None]
    missing = [f"{host} ({_why_not(known[host])})" for host in ids if host not in read]
    unread = say(_WORDS, "unread", language, hosts=", ".join(missing)) if missing else ""
    if not read:
        return say(_WORDS, "nothing_read", language, unread=unread)
    every = list(dict.fromkeys(name for its in ids.values() for name in its or ()))
    if incident in (None, ""):
        return say(_WORDS, "which", language, known=_some(every[::-1], "newest", language))
    if not isinstance(incident, str):
        return say(_WORDS, "no_text", language, asked=shown(incident), known=_some(every[::-1], "newest", language))
    nearest = difflib.get_close_matches(incident[:LONGEST_SHOWN], every[-_COMPARED:], n=_NEAREST, cutoff=0)
    near = _some(nearest, "nearest", language) or say(_WORDS, "none", language)
    return say(_WORDS, "unknown", language, hosts=", ".join(read), asked=shown(incident), known=near, unread=unread)


def _some(ids: t.Sequence[str], key: str, language: str) -> str:
    return say(_WORDS, key, language, ids=", ".join(name[:LONGEST_SHOWN] for name in ids[:_NEAREST])) if ids else ""


def _why_not(result: t.Any) -> str:
    failure = result.get("failure") if isinstance(result, t.Mapping) else None
    told = failure.get("message") if isinstance(failure, t.Mapping) else None
    return str(told or "?").rstrip(".")
