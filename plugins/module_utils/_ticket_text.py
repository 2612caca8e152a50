# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ticket or a message says, in words: Markdown for ticket systems, plain text for mail. Pure. Private to this collection.

Text of the plant stands in the middle of lines that begin with our own words, is escaped, and cannot call anybody: GitLab obeys
lines that begin with a slash, and both send mail to whoever is mentioned.
"""

from __future__ import annotations

import re
import typing as t

from ._report_entries import Facts
from ._report_markdown import escaped
from ._report_text import duration, shortened, visible
from ._report_words import Words as ReportWords
from ._words import Words, say

_TITLE = 200
#: Between the sign and the name it would call.
_JOINER = "\u2060"
_CALLS = re.compile(r"@(?=\w)")

_WORDS: Words = {
    "escalated": ("{level} has to act", "{level} muss handeln"),
    "healed": ("Healed", "Geheilt"),
    "closed": ("Closed", "Abgeschlossen"),
    "incident": ("Incident", "Incident"),
    "host": ("Host", "Host"),
    "line": ("Line", "Linie"),
    "severity": ("Severity", "Schweregrad"),
    "priority": ("Priority", "Priorität"),
    "found": ("Found", "Befund"),
    "result": ("Result", "Ergebnis"),
    "next": ("Next", "Nächster Schritt"),
    "call": ("Call", "Anrufen"),
    "actions": ("Actions", "Maßnahmen"),
    "proof": ("Proven by", "Bewiesen durch"),
    "recover": ("Recovered after", "Wiederhergestellt nach"),
    "runner": ("Run by", "Ausgeführt von"),
    "course": ("Course", "Verlauf"),
    "follow_ups": ("Follow-ups", "Folgeaufgaben"),
    "none": ("none: {reason}", "keine: {reason}"),
    "monitoring_gap": ("Monitoring gap", "Monitoring-Lücke"),
    "issue": ("Issue", "Issue"),
    "postmortem": ("Post-mortem", "Post-Mortem"),
    "footer": (
        "Written by lineops.runbook from the journal of the host.", "Geschrieben von lineops.runbook aus dem Journal des Hosts."),
}

_Line = t.Tuple[str, str]


def title_of(content: Facts) -> str:
    """Return the one line of a ticket or a mail, without anything that ends a line or cannot be seen."""
    severity = f"[{content['severity']}] " if content["severity"] else ""
    return shortened(visible(f"{severity}{content['host']}: {content['finding']['sentence']}"), "characters", _TITLE)


def opening(content: Facts, language: str) -> str:
    """Return the text of a new ticket, with the marks that find it again."""
    lines = [_marked(_said(content, language), *_facts(content, language))]
    if course := _course(content, language):
        lines += ["", f"**{say(_WORDS, 'course', language)}**", "", *_items(course)]
    return "\n".join([*lines, *_ending(content, language), mark(content["incident"]), mark(content["key"]), ""])


def comment(content: Facts, language: str) -> str:
    """Return what is added to a ticket by a step."""
    return "\n".join([
        _marked(_said(content, language), *_facts(content, language)), *_ending(content, language), mark(content["key"]), ""])


def mark(key: str) -> str:
    """Return the line by which a ticket, or what was told in it, is found again; not seen by a reader."""
    return f"<!-- lineops: {re.sub(r'[^A-Za-z0-9._/-]', '_', key)} -->"


def plain_text(content: Facts, language: str) -> str:
    """Return the text of a mail."""
    rows = [(name, visible(text)) for name, text in [*_facts(content, language), *_course(content, language)] if text]
    head = visible(f"{_said(content, language)}: {content['sentence'] or content['finding']['sentence']}")
    return "\n".join([head, "", *(f"{name}: {text}" for name, text in rows), "", say(_WORDS, "footer", language), ""])


def _said(content: Facts, language: str) -> str:
    return say(_WORDS, content["state"], language, level=content["level"])


def _facts(content: Facts, language: str) -> list[_Line]:
    """Return what there is to say, line by line; "" where there is nothing."""
    told = ReportWords(language)
    actions = ", ".join(
        f"{told.known('action', one['action']) or one['action']} {one['target']} ({told.known('state', one['state']) or one['state']})"
        for one in content["actions"])
    follow_ups = [
        (one["item"], one["value"] or say(_WORDS, "none", language, reason=one["none"])) for one in content["follow_ups"]]
    call = f"{content['level']}: {content['next']['contact']}" if content["next"]["contact"] else ""
    rows: list[_Line] = [
        ("incident", content["incident"]), ("host", content["host"]), ("line", content["line"]),
        ("severity", f"{content['severity']} {content['rule']}".strip()), ("priority", content["priority"]),
        ("found", content["finding"]["sentence"]),
        ("result", content["sentence"] if content["sentence"] != content["finding"]["sentence"] else ""),
        ("next", content["next"]["step"]), ("call", call), ("actions", actions), ("proof", ", ".join(content["proof"])),
        ("recover", duration(content["times"]["recover_s"], language)), ("runner", content["runner"]), *follow_ups,
    ]
    return [(say(_WORDS, name, language), text) for name, text in rows]


def _course(content: Facts, language: str) -> list[_Line]:
    """Return the steps, where there was more than one."""
    steps = content["course"] if len(content["course"]) > 1 else []
    return [(one["at"], f"{say(_WORDS, one['state'], language, level=one['level'])}: {one['sentence']}") for one in steps]


def _marked(headline: str, *rows: _Line) -> str:
    return "\n".join([f"**{headline}**", "", *_items(rows)])


def _items(rows: t.Iterable[_Line]) -> list[str]:
    return [f"- **{_harmless(name)}:** {_harmless(text)}" for name, text in rows if text]


def _ending(content: Facts, language: str) -> list[str]:
    return ["", say(_WORDS, "footer", language), ""]


def _harmless(text: str) -> str:
    return _CALLS.sub(f"@{_JOINER}", escaped(visible(text)))
