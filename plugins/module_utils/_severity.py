# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Severity of a line: the findings of all its hosts against the rules of the binding playbooks. Pure. Private.

What a single finding gives is in the table of findings (its rule); the rules here need more than one finding to be
told: several cameras at once, or a problem that came back. The highest rule that holds is the line's; nothing lowers
it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._findings import FINDINGS, SEVERITY_RULES, SIDE_RULE, rule_words
from ._words import Words, say

Row = t.Mapping[str, t.Any]

_WORDS: Words = {
    "line": ("{severity} for {line}: {rule}, on {hosts}.", "{severity} für {line}: {rule}, auf {hosts}."),
    "none": ("Nothing is wrong on {line}.", "An {line} ist nichts gestört."),
    "kept": (
        "{severity} was stated at {at} and is kept: an incident's severity is not lowered before it is closed as "
        "healed.",
        "{severity} wurde um {at} genannt und bleibt: Der Schweregrad eines Vorfalls sinkt nicht, bevor er als geheilt "
        "geschlossen ist."),
    "earlier": ("as stated earlier in this incident", "wie früher in diesem Vorfall genannt"),
    "recurs": ("{finding} on {host} is back after a heal.", "{finding} auf {host} ist nach einer Heilung wieder da."),
}


def _several_core_cameras(rows: t.Sequence[Row]) -> t.Sequence[Row]:
    out = [row for row in rows if row["playbook"] == "A" and row.get("core") is True]
    cameras = {(row["host"], row.get("target")): row for row in out}
    return list(cameras.values()) if len(cameras) > 1 else []


def _back_again(playbook: str) -> t.Callable[[t.Sequence[Row]], t.Sequence[Row]]:
    return lambda rows: [row for row in rows if row["playbook"] == playbook and row.get("recurred") is True]


#: Rule -> the rows of a line that make it hold, beside those whose finding names the rule by itself.
LINE_RULES: dict[str, t.Callable[[t.Sequence[Row]], t.Sequence[Row]]] = {
    "A.E1": _several_core_cameras,
    "A.E2": _back_again("A"),
    "C.E2": _back_again("C"),
}


def line_severity(
    findings: t.Iterable[t.Any], *, line: str, stated: Row | None = None, language: str = "en"
) -> dict[str, t.Any]:
    """Return the severity of a line.

    findings: of all its hosts, also those outside -l; each has host and finding (a code of the table, else rule and
    playbook too), and may have target, core (a core camera), recurred, and beside (told beside another finding, which
    it does not outweigh). stated: as incident_course returns it.
    The result has severity ("" for none), rule_id, rule (in words), hosts, because (every rule that holds, the highest
    first: rule_id, severity, rule, hosts), kept (a higher one was stated earlier), sentence, notes and not_judged.
    """
    rows, not_judged = _judged(findings)
    because = [
        {
            "rule_id": rule, "severity": SEVERITY_RULES[rule].severity, "rule": rule_words(rule, language),
            "hosts": sorted({row["host"] for row in found}),
        }
        for rule, found in _holding(rows).items()
    ]
    because.sort(key=lambda one: one["severity"])
    none = {"severity": "", "rule_id": "none", "rule": rule_words("none", language), "hosts": []}
    highest = because[0] if because else none
    sentence = say(_WORDS, "line" if because else "none", language, line=line, **{
        **highest, "hosts": ", ".join(highest["hosts"])})
    kept = bool(stated and stated.get("severity") and str(stated["severity"]) < (highest["severity"] or "SEV-9"))
    if kept and stated:
        highest = {**highest, **_as_stated(stated, language)}
        sentence = f"{sentence} {say(_WORDS, 'kept', language, severity=stated['severity'], at=stated.get('at'))}"
    return {
        **highest, "because": because, "kept": kept, "sentence": sentence, "not_judged": not_judged,
        "notes": [
            say(_WORDS, "recurs", language, finding=row["finding"], host=row["host"]) for row in rows
            if row.get("recurred") is True
        ],
    }


def _as_stated(stated: Row, language: str) -> dict[str, t.Any]:
    """Return a severity that is kept, with the rule of the finding it was stated for."""
    known = FINDINGS.get(str(stated.get("finding")))
    is_its_rule = known is not None and SEVERITY_RULES[known.rule].severity == stated["severity"]
    rule = {"rule_id": known.rule, "rule": rule_words(known.rule, language)} if known and is_its_rule else {
        "rule_id": "", "rule": say(_WORDS, "earlier", language)}
    return {"severity": stated["severity"], **rule}


def _judged(findings: t.Iterable[t.Any]) -> tuple[list[Row], list[str]]:
    """Return the findings that mean something is wrong, with rule and playbook, and the codes that no rule knows."""
    rows, unknown = [], []
    for given in findings:
        row = given if isinstance(given, Mapping) else {}
        code = str(row.get("finding"))
        known = FINDINGS.get(code)
        rule = known.rule if known else row.get("rule")
        if not isinstance(rule, str) or rule not in SEVERITY_RULES:
            unknown.append(code)
        elif rule != "none":
            playbook = known.playbook if known else row.get("playbook")
            rule = SIDE_RULE if row.get("beside") is True else rule
            rows.append({**row, "host": str(row.get("host")), "finding": code, "rule": rule, "playbook": playbook})
    return rows, unknown


def _holding(rows: t.Sequence[Row]) -> dict[str, t.Sequence[Row]]:
    """Return the rules that hold and the rows that make them hold; the more special line rules first."""
    held = {rule: found for rule, holds in LINE_RULES.items() if (found := holds(rows))}
    for rule in SEVERITY_RULES:
        own = [row for row in rows if row["rule"] == rule]
        if own:
            held[rule] = [*held.get(rule, ()), *own]
    return held
