# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing an incident: which items of the closing checklist are open, each in one sentence. Pure. Private.

What people write is data: it is looked at, kept and shown, never evaluated.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._incident_search import LONGEST_SHOWN, shown
from ._incidents import GOOD_ENDS, open_incidents
from ._journal_rules import open_undos
from ._redact import scrub, secrets_in
from ._report_words import WORDS
from ._words import Words, say

#: The closing checklist of the operations playbook and item 7 of its standard checklist: id in docs/traceability.md ->
#: what of the closing entry must be there, or "none" with a reason.
CLOSING_ITEMS = (
    ("AB.1", ("ticket",)),
    ("AB.2", ("reproduction", "countermeasure")),
    ("AB.3", ("monitoring_gap",)),
    ("AB.4", ("issue",)),
    ("CL.7", ("postmortem",)),
)
POSTMORTEM_TYPES = ("issue", "pr", "runbook")

#: Field -> its parts and what each must be; a field that is one value has the one part "".
_FORMS: dict[str, dict[str, str]] = {
    "ticket": {"": "ref"},
    "reproduction": {"": "text"},
    "countermeasure": {"": "text"},
    "monitoring_gap": {"": "follow_up"},
    "issue": {"ref": "ref", "priority": "priority"},
    "postmortem": {"type": "type", "ref": "ref"},
}
_ACCEPTED = "accepted_as_is"
_LONGEST = 5000
#: What a form is filled with to get rid of it, in lower case without marks; a slash stays.
_NOTHING_SAID = frozenset((
    "", "none", "null", "nil", "no", "yes", "ok", "n/a", "na", "tbd", "todo", "open", "later", "unknown", "test", "foo",
    "no reason", "no idea", "not needed", "not necessary", "not applicable", "does not apply", "nothing", "nothing to do",
    "kein", "keine", "keiner", "keins", "nein", "ja", "nichts", "offen", "später", "unbekannt", "egal", "entfällt",
    "kein grund", "keine ahnung", "nicht nötig", "nicht notwendig", "nicht zutreffend", "trifft nicht zu",
))
# A text is read by somebody who was not there.
_LETTERS_OF_A_TEXT, _DIFFERENT_LETTERS = 8, 4

_WORDS: Words = {
    "open": ("Open is \"{item}\" ({id}): {fault}", "Offen ist '{item}' ({id}): {fault}"),
    "missing": ("{place} is missing; expected {expected}.", "{place} fehlt; erwartet wird {expected}."),
    "wrong": ("{place} is {value}; expected {expected}.", "{place} ist {value}; erwartet wird {expected}."),
    "too_long": (
        "{place} has {number} characters; expected at most {limit}.",
        "{place} hat {number} Zeichen; erwartet werden höchstens {limit}."),
    "unknown": ("{place} is not known; expected {expected}.", "{place} ist nicht bekannt; erwartet wird {expected}."),
    "mixed": (
        "{place} has none and other keys; expected one or the other.",
        "{place} hat none und weitere Schlüssel; erwartet wird das eine oder das andere."),
    "no_mapping": (
        "lineops_closing is {value}; expected a mapping with {expected} (-e @closing.yml).",
        "lineops_closing ist {value}; erwartet wird eine Abbildung mit {expected} (-e @closing.yml)."),
    "secret": (
        "{place} holds a secret of this plant (not shown here); write it without.",
        "{place} enthält ein Geheimnis dieser Anlage (hier nicht gezeigt); bitte ohne schreiben."),
    "or": ("{one} or {other}", "{one} oder {other}"),
    "expected.ref": ("a reference such as OPS-1204", "eine Referenz wie OPS-1204"),
    "expected.text": ("a text of a few words", "ein Text aus einigen Worten"),
    "expected.follow_up": ("the follow-up task or its reference", "die Folgeaufgabe oder ihre Referenz"),
    "expected.priority": ("a priority such as high", "eine Priorität wie hoch"),
    "expected.type": ("issue, pr or runbook", "issue, pr oder runbook"),
    "expected.reason": ("a real reason, in a few words", "ein wirklicher Grund, in einigen Worten"),
    "expected.none": ("{{none: reason}}", "{{none: Grund}}"),
    "left": (
        "{variable} of {plc} was not put back to {value} by a run that ended halfway; run undo_incident.yml or the "
        "playbook of the incident first.",
        "{variable} von {plc} wurde von einem halb beendeten Lauf nicht auf {value} zurückgestellt; zuerst "
        "undo_incident.yml oder das Playbook des Vorfalls laufen lassen."),
    "left_other": (
        "{do} is still to be done after a run that ended halfway; run undo_incident.yml or the playbook of the incident "
        "first.",
        "{do} steht nach einem halb beendeten Lauf noch aus; zuerst undo_incident.yml oder das Playbook des Vorfalls "
        "laufen lassen."),
    "not_well": (
        "The incident never ended well{end}, and no later run found {host} healthy; run its playbook again, or say in "
        "lineops_closing.accepted_as_is why it is closed as it is.",
        "Der Vorfall ging nie gut aus{end}, und kein späterer Lauf fand {host} gesund; sein Playbook noch einmal laufen "
        "lassen oder in lineops_closing.accepted_as_is sagen, warum er so geschlossen wird."),
    "last_end": (" (last: {event} at {at})", " (zuletzt: {event} um {at})"),
    "taken_back": (
        "What healed {host} was taken back at {at}; heal it again, or say in lineops_closing.accepted_as_is why the "
        "incident is closed as it is.",
        "Was {host} geheilt hat, wurde um {at} zurückgenommen; neu heilen oder in lineops_closing.accepted_as_is sagen, "
        "warum der Vorfall so geschlossen wird."),
    "closed": ("Incident {incident} is closed.", "Vorfall {incident} ist abgeschlossen."),
    "closed_as_is": (
        "Incident {incident} is closed as it is: {reason}", "Vorfall {incident} ist so abgeschlossen, wie er ist: {reason}"),
    "would": ("Incident {incident} would be closed.", "Vorfall {incident} würde abgeschlossen."),
    "already": (
        "Incident {incident} was closed already, at {at} by {runner}; nothing was written.",
        "Vorfall {incident} war schon abgeschlossen, um {at} durch {runner}; nichts wurde geschrieben."),
    "not_closed": (
        "Incident {incident} is not closed; this is open: {number}.",
        "Vorfall {incident} wird nicht abgeschlossen; offen ist: {number}."),
    "next": (
        "Complete lineops_closing and run again (docs/closing.md).",
        "lineops_closing vervollständigen und noch einmal laufen lassen (docs/closing.md)."),
}

Entry = t.Mapping[str, t.Any]


def closing(
    entries: t.Sequence[Entry],
    *,
    incident: str,
    host: str,
    given: t.Any,
    now: str,
    secrets: t.Any = None,
    check_mode: bool = False,
    language: str = "en",
) -> dict[str, t.Any]:
    """Return how closing an incident of a host goes: outcome, and entry to journal ({} for none).

    entries: of the host's journal; given: lineops_closing as it was written; secrets: lineops_secrets of the host, which
    nothing may hold.
    What is open stands in the outcome's notes, one sentence each.
    """
    closed = _closed(entries, incident, host)
    if closed is not None:
        at, runner = (str(closed.get(name) or "?") for name in ("ts", "runner"))
        return {"entry": {}, "outcome": _outcome(
            "CLOSED", say(_WORDS, "already", language, incident=incident, at=at, runner=runner))}
    told, gaps = read_closing(given, secrets=secrets, language=language)
    gaps = gaps + _unfinished(entries, incident, host, now, _ACCEPTED in told, language)
    if gaps:
        sentence = say(_WORDS, "not_closed", language, incident=incident, number=len(gaps))
        outcome = _outcome("REFUSED", sentence, gaps, say(_WORDS, "next", language))
        return {"entry": {}, "outcome": outcome}
    if check_mode:
        return {"entry": {}, "outcome": _outcome("PLANNED", say(_WORDS, "would", language, incident=incident))}
    key = "closed_as_is" if _ACCEPTED in told else "closed"
    sentence = say(_WORDS, key, language, incident=incident, reason=told.get(_ACCEPTED))
    return {
        "entry": {"phase": "close", "event": "closed", "message": sentence, "details": told},
        "outcome": _outcome("CLOSED", sentence)}


def blank_closing() -> str:
    """Return the closing checklist to fill in, as YAML text: a line for each item, {a: , b: } where it has parts."""
    return "".join(
        f"{name}:\n" if list(form) == [""] else f"{name}: {{{', '.join(f'{part}: ' for part in form)}}}\n" for name, form in _FORMS.items())


def read_closing(
    given: t.Any, *, secrets: t.Any = None, language: str = "en"
) -> tuple[dict[str, t.Any], list[str]]:
    """Return what lineops_closing tells, as it is journalled, and one sentence for each item that is open or wrong."""
    if given is not None and not isinstance(given, Mapping):
        value = shown(scrub(given, secrets_in(secrets)))
        return {}, [say(_WORDS, "no_mapping", language, value=value, expected=", ".join(_FORMS))]
    reader = _Reader(secrets, language)
    told = {name: reader.field(item, name, (given or {}).get(name)) for item, names in CLOSING_ITEMS for name in names}
    for name in given or {}:
        if name == _ACCEPTED:
            told[name] = reader.accepted(given[name])
        elif name not in _FORMS:
            reader.unknown(name)
    return told, reader.gaps


class _Reader:
    """Reads what people wrote and collects what is wrong with it."""

    def __init__(self, secrets: t.Any, language: str) -> None:
        self.gaps: list[str] = []
        self._secrets = secrets_in(secrets)
        self._language = language
        self._item = ""

    def field(self, item: str, name: str, value: t.Any) -> t.Any:
        """Return the value of a field, its parts in a mapping, or {none: reason}."""
        self._item = item
        if isinstance(value, Mapping) and "none" in value:
            if len(value) > 1:
                return self._fault("mixed", name)
            return {"none": self._reason(f"{name}.none", value["none"])}
        form = _FORMS[name]
        if value is None or list(form) != [""] and not isinstance(value, Mapping):
            return self._wrong(name, value, self._expected(form))
        if list(form) == [""]:
            return self._value(name, value, form[""], self._expected(form))
        for extra in value:
            if extra not in form:
                self._fault("unknown", f"{name}.{extra}", expected=", ".join(form))
        return {part: self._value(f"{name}.{part}", value.get(part), kind, self._words(kind)) for part, kind in form.items()}

    def accepted(self, value: t.Any) -> str:
        """Return why an incident is closed as it is."""
        self._item = ""
        return self._reason(_ACCEPTED, value)

    def unknown(self, name: t.Any) -> None:
        """Refuse a name that nobody would read."""
        self._item = ""
        self._fault("unknown", str(name), expected=", ".join((*_FORMS, _ACCEPTED)))

    def _reason(self, place: str, value: t.Any) -> str:
        return self._value(place, value, "reason", self._words("reason"))

    def _value(self, place: str, value: t.Any, kind: str, expected: str) -> str:
        if kind == "ref" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # a ticket's number, as YAML reads it
        if not isinstance(value, str) or not _SAYS[kind](value.strip()):
            return self._wrong(place, value, expected)
        if scrub(value, self._secrets) != value:
            return self._fault("secret", place)
        if len(value) > _LONGEST:
            return self._fault("too_long", place, number=len(value), limit=_LONGEST)
        return value.strip()

    def _expected(self, form: t.Mapping[str, str]) -> str:
        parts = [f"{part}: {self._words(kind)}" if part else self._words(kind) for part, kind in form.items()]
        one = "{" + ", ".join(parts) + "}" if len(parts) > 1 else parts[0]
        return say(_WORDS, "or", self._language, one=one, other=self._words("none"))

    def _words(self, kind: str) -> str:
        return say(_WORDS, f"expected.{kind}", self._language)

    def _wrong(self, place: str, value: t.Any, expected: str) -> str:
        if value is None:
            return self._fault("missing", place, expected=expected)
        return self._fault("wrong", place, value=shown(scrub(value, self._secrets)), expected=expected)

    def _fault(self, key: str, place: str, **names: t.Any) -> str:
        """Note a sentence, under the item that stays open by it."""
        place = scrub(f"lineops_closing.{place}", self._secrets)[:LONGEST_SHOWN]
        fault = say(_WORDS, key, self._language, place=place, **names)
        if self._item:
            item = WORDS[f"item.{self._item}"][self._language == "de"].rstrip(".")
            fault = say(_WORDS, "open", self._language, item=item, id=self._item, fault=fault)
        self.gaps.append(fault)
        return ""


def _says_something(text: str) -> bool:
    return re.sub(r"[^\w/]+", " ", text).strip().casefold() not in _NOTHING_SAID and bool(re.search(r"[^\W_]", text))


def _is_text(text: str) -> bool:
    letters = [char for char in text.casefold() if char.isalnum()]
    is_long = len(letters) >= _LETTERS_OF_A_TEXT and len(set(letters)) >= _DIFFERENT_LETTERS
    return is_long and _says_something(text) and any(char.isalpha() for char in letters)


def _is_follow_up(text: str) -> bool:
    return _is_text(text) or _says_something(text) and any(char.isdigit() for char in text)


_SAYS: dict[str, t.Callable[[str], bool]] = {
    "ref": _says_something, "priority": _says_something, "text": _is_text, "reason": _is_text,
    "follow_up": _is_follow_up, "type": POSTMORTEM_TYPES.__contains__,
}


def _closed(entries: t.Iterable[Entry], incident: str, host: str) -> Entry | None:
    """Return the entry that closed an incident; None if it is open, or was taken up again since."""
    closed = None
    for entry in _of(entries, incident, host):
        if entry.get("event") == "closed":
            closed = entry
        elif entry.get("phase") == "open" and entry.get("event") in ("opened", "continued"):
            closed = None
    return closed


def _unfinished(
    entries: t.Sequence[Entry], incident: str, host: str, now: str, is_accepted: bool, language: str
) -> list[str]:
    """Say what the plant still waits for: what must be taken back, and an end that is not good."""
    gaps = [
        say(_WORDS, "left" if undo.get("variable") else "left_other", language,
            **{name: undo.get(name) for name in ("variable", "plc", "value", "do")})
        for undo in open_undos(entries, host) if undo["incident"] == incident
    ]
    if is_accepted:
        return gaps
    ends = [entry for entry in _of(entries, incident, host) if entry.get("phase") in ("close", "escalate")]
    if incident in (one["incident"] for one in open_incidents(entries, now=now) if one["host"] == host):
        end = say(_WORDS, "last_end", language, event=ends[-1].get("event"), at=ends[-1].get("ts")) if ends else ""
        return [*gaps, say(_WORDS, "not_well", language, host=host, end=end)]
    taken_back = _taken_back(entries, incident, host)
    return [*gaps, say(_WORDS, "taken_back", language, host=host, at=taken_back)] if taken_back else gaps


def _taken_back(entries: t.Sequence[Entry], incident: str, host: str) -> str:
    """Return when the last action of an incident was taken back, unless its playbook found the host well since; else ""."""
    playbook = next((entry.get("playbook") for entry in _of(entries, incident, host)), None)
    at = ""
    for entry in (entry for entry in entries if entry.get("host") == host):
        if entry.get("playbook") == playbook and entry.get("event") in GOOD_ENDS:
            at = ""
        elif entry.get("incident") == incident and entry.get("event") == "undone" and not (entry.get("undo") or {}).get("must"):
            at = str(entry.get("ts"))
    return at


def _of(entries: t.Iterable[Entry], incident: str, host: str) -> list[Entry]:
    return [entry for entry in entries if entry.get("incident") == incident and entry.get("host") == host]


def _outcome(result: str, sentence: str, notes: t.Sequence[str] = (), next_step: str = "") -> dict[str, t.Any]:
    """Return what the run says of the host."""
    resolved = result != "REFUSED"
    return {
        "result": result, "resolved": resolved, "finding": "incident.closed" if resolved else "incident.not_closed",
        "sentence": sentence, "notes": list(notes), "owner": "" if resolved else "L1", "next_step": next_step,
    }
