# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells single facts of a report in one language: times, findings, actions, events. Pure. Private."""

from __future__ import annotations

import typing as t

from ._report_blocks import Badge, Code, Data, Inline, Moment, Strong
from ._report_entries import Entry, Facts, facts_of, mappings, number_of, text_of, texts
from ._report_rules import is_ending
from ._report_text import LIMIT, duration, shortened, visible
from ._report_words import Words

TONES = {
    "healthy": "good",
    "healed": "good",
    "unresolved": "bad",
    "failed": "bad",
    "refused": "warn",
    "interrupted": "warn",
}
STATE_TONES = {"done": "good", "undone": "plain", "failed": "bad", "begun": "warn"}
_SEVERITY_TONES = {"SEV-1": "bad", "SEV-2": "warn", "SEV-3": "plain"}

Shown = t.Callable[[t.Any], str]


class Teller:
    """One language and one zone; day: a time on whose day and offset the short form of times leaves both out."""

    def __init__(self, language: str, shown: Shown, day: str = "") -> None:
        self.words = Words(language)
        self.language = language
        self._shown = shown
        self._day = shown(day)

    # --- text and time ---

    def data(self, value: t.Any, limit: int = LIMIT) -> Data:
        """Return text of the plant: visible, and cut where it is long."""
        return Data(visible(shortened(text_of(value), self.words("characters"), limit)))

    def whole(self, value: t.Any) -> Data:
        """Return text of the plant in full."""
        return Data(visible(text_of(value)))

    def code(self, value: t.Any) -> Inline:
        """Return a call or a value of a machine; "not observed" where there is none."""
        text = text_of(value)
        return Code(self.data(text).text) if text else self.words("not_observed")

    def value(self, value: t.Any) -> Inline:
        """Return a value of a machine; a dash where there is none."""
        return self.code(value) if text_of(value) else "\u2013"

    def id(self, incident: str) -> Inline:
        """Return the id of an incident."""
        return self.value(incident)

    def moment(self, at: t.Any) -> Inline:
        """Return a time in full; as recorded where it is none."""
        shown = self._shown(at)
        return Moment(text_of(at), shown) if shown else self.data(at)

    def short_moment(self, at: t.Any, with_day: bool = False) -> Inline:
        """Return a time without day and offset where they are those of the page; with_day: without offset only."""
        shown = self._shown(at)
        if not shown:
            return self.data(at)
        day, time, offset = shown.split(" ")
        if not self._day.endswith(f" {offset}"):
            return Moment(text_of(at), shown)
        same_day = self._day.startswith(f"{day} ") and not with_day
        return Moment(text_of(at), time if same_day else f"{day} {time}")

    def day(self) -> str:
        """Return day and offset that short times leave out."""
        day, dummy, rest = self._day.partition(" ")
        return f"{day}, {rest.partition(' ')[2]}" if day else ""

    def duration(self, seconds: float | None) -> str:
        """Return a length of time, or a dash."""
        return duration(seconds, self.language) or "\u2013"

    # --- what the journal's codes mean ---

    def of(self, kind: str, code: t.Any) -> Inline:
        """Return the words for a code, or the code itself where it is not known."""
        text = text_of(code)
        return self.words.known(kind, text) or (Code(self.data(text).text) if text else self.words("none"))

    def result(self, code: str) -> Badge:
        """Return how an incident ended."""
        return Badge(self.words.known("result", code), TONES[code])

    def severity(self, severity: Facts) -> Badge:
        """Return a severity with what it means."""
        code = severity["code"]
        meaning = self.words.known("severity", code)
        text = f"{code} \u2013 {meaning}" if meaning else code
        return Badge(text, _SEVERITY_TONES.get(code, "plain")) if code else Badge(self.words("severity.none"))

    def rule(self, severity: Facts) -> Inline:
        """Return the rule that gave the severity."""
        return self.words.rule(severity["rule_id"]) or self.data(severity["rule"])

    def sentence(self, code: str, recorded: str) -> Inline:
        """Return a finding in words: in this language where it is recognised, else as recorded."""
        told = self.words.sentence(code, recorded)
        if told:
            return self.data(told)
        general = self.words.known("sentence", code)
        if recorded:
            return (general, " ", self.data(recorded)) if general else self.data(recorded)
        return Code(self.data(code).text) if code else self.words("finding.none")

    def level(self, level: str) -> Inline:
        """Return a level of escalation."""
        return self.of("level", level)

    def todo(self, report: Facts) -> tuple[Inline, ...]:
        """Return what has to be done next, in paragraphs, with whom to call."""
        to_do = report["next"]
        if report.get("superseded_by") and to_do["needed"]:
            return (
                self.words("next.superseded"),
                (Strong(self.words("superseded")), " ", self.id(report["superseded_by"])),
            )
        if not to_do["needed"]:
            return (self.words(f"next.{to_do['kind']}"),)
        call = self.data(to_do["contact"]) if to_do["contact"] else self.words("call.unknown")
        return (*self.steps(to_do, report), (Strong(self.words("call")), " ", self.level(to_do["level"]), ": ", call))

    def steps(self, to_do: Facts, report: Facts) -> tuple[Inline, ...]:
        """Return what a person has to do, in paragraphs."""
        if to_do["kind"] == "interrupted":
            return (self.words("next.interrupted"),)
        steps: list[Inline] = []
        guard = self.words.known("step", to_do["guard"])
        told = self.words.next_step(to_do["finding"], to_do["step"], report["host"])
        if guard and report["result"]["code"] == "refused":
            steps.append(guard)
        if told or to_do["step"]:
            steps.append(told and self.data(told) or self.data(to_do["step"]))
        return tuple(steps) or (self.words("next.unknown"),)

    def undo(self, undo: Entry) -> Inline:
        """Return what takes an action back."""
        if not undo:
            return self.words("undo.none")
        rest = {
            name: value for name, value in undo.items() if name not in ("do", "must", "incident", "begun_at", "action")
        }
        told = ", ".join(f"{name} {text_of(value)}" for name, value in rest.items())
        words: Inline = self.of("action", undo["do"]) if undo.get("do") else ""
        return (words, ": " if words and told else "", self.code(told) if told else "")

    # --- what an entry tells ---

    def event(self, entry: Entry) -> Inline:
        """Return the headline of an entry."""
        event = text_of(entry.get("event"))
        if is_ending(entry):
            return Strong(self.words("event.ending", result=self.words.known("result", event)))
        if event == "finding" and not entry.get("severity"):
            return Strong(self.words("event.finding.none"))
        known = self.words.known("event", event)
        return (
            Strong(known)
            if known
            else (Code(self.data(event).text or "\u2013"), " ", Badge(self.words("unknown_entry"), "warn"))
        )

    def story(self, entry: Entry) -> Inline:
        """Return what an entry tells beside its headline."""
        event = text_of(entry.get("event"))
        teller = None if is_ending(entry) else self._STORIES.get(event)
        return teller(self, entry) if teller else self._message(entry)

    def _message(self, entry: Entry) -> Inline:
        if entry.get("finding") and (entry.get("event") == "finding" or is_ending(entry)):
            return self.sentence(text_of(entry["finding"]), text_of(entry.get("message")))
        return self.data(entry.get("message"))

    def _action(self, entry: Entry) -> Inline:
        target = text_of(entry.get("target") or entry.get("plc"))
        seconds = number_of(entry.get("latency_s"))
        return (
            self.of("action", entry.get("action")),
            (" \u2013 ", self.code(target)) if target else "",
            f" ({self.duration(seconds)})" if seconds is not None else "",
            (": ", self.data(entry["message"])) if entry.get("message") else "",
        )

    def _opened(self, entry: Entry) -> Inline:
        scope = texts(facts_of(entry).get("scope"))
        return (f"{self.words('scope')}: ", self.data(", ".join(scope))) if scope else self._message(entry)

    def _continued(self, entry: Entry) -> Inline:
        facts = facts_of(entry)
        if not facts.get("from"):
            return self._message(entry)
        since = self._shown(facts.get("since")) or text_of(facts.get("since"))
        return self.data(self.words("event.continued.from", runner=text_of(facts["from"]), since=since))

    def _saved(self, entry: Entry) -> Inline:
        facts = facts_of(entry)
        missing = texts(facts.get("not_collected"))
        count = number_of(facts.get("files"))
        return (
            self.words("files.count", count=int(count)) if count is not None else self._message(entry),
            (f"; {self.words('not_collected')}: ", self.data(", ".join(missing))) if missing else "",
        )

    def _planned(self, entry: Entry) -> Inline:
        steps = [self.step(step) for step in mappings(facts_of(entry).get("steps"))]
        separated = tuple(part for step in steps for part in (", ", step))[1:]
        return separated or self._message(entry)

    def step(self, step: Entry) -> Inline:
        """Return the title of a planned step."""
        known = self.words.known("action", text_of(step.get("name")))
        return known or self.data(step.get("title") or step.get("name") or step.get("value"))

    def _refused(self, entry: Entry) -> Inline:
        guard = facts_of(entry).get("guard")
        return ((self.of("guard", guard), ". ") if guard else "", self._message(entry))

    def _verified(self, entry: Entry) -> Inline:
        return self.proof(texts(facts_of(entry).get("proof"))) or self._message(entry)

    def proof(self, proofs: t.Sequence[str]) -> Inline:
        """Return the proofs in words; "" where there are none."""
        return self.data(", ".join(self.words.known("proof", proof) or proof for proof in proofs)) if proofs else ""

    _STORIES: t.ClassVar[dict[str, t.Callable[[Teller, Entry], Inline]]] = {
        "opened": _opened,
        "continued": _continued,
        "evidence": _saved,
        "planned": _planned,
        "refused": _refused,
        "begin": _action,
        "done": _action,
        "failed": _action,
        "undone": _action,
        "verified": _verified,
        "not_verified": _verified,
    }
