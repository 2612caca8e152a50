# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guard rails: what speaks against the actions of a plan (DESIGN §7.7 to §7.10, §8). Pure. Private to this collection.

Freeze, an interlock seen unsafe and the lease are asked before every action; what else is asked before which is the
table of _actions. A plan with one refusal is not begun at all: half of a reconnect is worse than none.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._actions import action_of, target_of
from ._words import Words, say

#: Says that a job without a limit is meant (playbooks for a whole plant); overrides nothing here, and is no mistake.
WHOLE_PLANT = "all"
#: What the supervisor itself says over a PLC link that is dead.
_DEAD_TESTS = ("timeout", "dead")

_WORDS: Words = {
    "freeze.on": (
        "{line} is frozen (lineops_freeze): someone works on it, so nothing is done on {host} but looking.",
        "{line} ist eingefroren (lineops_freeze): Jemand arbeitet daran, auf {host} wird nur geschaut."),
    "interlock.unsafe": (
        "The interlock {variable} is {value}, not {safe_value}: nothing is done on {host} but looking.",
        "Die Verriegelung {variable} ist {value}, nicht {safe_value}: auf {host} wird nur geschaut."),
    "interlock.not_observed": (
        "The interlock {variable} was not read from the PLC{reason}, so it counts as unsafe and {actions} on {host} is "
        "left to a person. Only a direct read counts, since a supervisor repeats what was last written: give the "
        "controller a route to the PLC (lineops_controller_ads).",
        "Die Verriegelung {variable} wurde nicht aus der PLC gelesen{reason}, sie gilt als unsicher, und {actions} auf "
        "{host} bleibt einem Menschen überlassen. Nur ein direktes Lesen zählt, denn ein Supervisor wiederholt, was "
        "zuletzt geschrieben wurde: dem Controller eine Route zur PLC geben (lineops_controller_ads)."),
    "blast_radius.line_in_trouble": (
        "No {actions} on {host}: of the {number} hosts of {line}, {troubled} cannot be counted on now.",
        "Kein {actions} auf {host}: von den {number} Hosts von {line} ist auf {troubled} gerade kein Verlass."),
    "blast_radius.not_observed": (
        "No {actions} on {host}: the other hosts of {line} were not observed.",
        "Kein {actions} auf {host}: die anderen Hosts von {line} wurden nicht beobachtet."),
    "restarted_too": ("would be restarted at the same time", "würde zur selben Zeit neu gestartet"),
    "budget.not_observed": (
        "No {actions} on {host}: how often {target} was interrupted lately was not observed.",
        "Kein {actions} auf {host}: wie oft {target} zuletzt unterbrochen wurde, wurde nicht beobachtet."),
    "lease.not_held": (
        "This run does not hold the lease of {host}, so another one may be acting there.",
        "Dieser Lauf hat die Reservierung (Lease) von {host} nicht, also handelt dort vielleicht ein anderer."),
    "journal.unwritable": (
        "No {actions} on {host}: the journal cannot be written, so nobody would know of it.",
        "Kein {actions} auf {host}: das Journal ist nicht zu schreiben, also wüsste niemand davon."),
    "confirm.mistake": (
        "lineops_confirm is {confirm!r}; expected the line ({line}) or the incident ({incident}), or nothing.",
        "lineops_confirm ist {confirm!r}; erwartet wird die Linie ({line}) oder der Vorfall ({incident}), oder "
        "nichts."),
    "overridden": ("Overridden by lineops_confirm: {sentence}", "Aufgehoben durch lineops_confirm: {sentence}"),
    "not_written": (
        "JOURNAL NOT WRITABLE: {actions} on {host} is done all the same and is written down nowhere.",
        "JOURNAL NICHT SCHREIBBAR: {actions} auf {host} geschieht trotzdem und wird nirgends festgehalten."),
    "interlock_open": (
        "The interlock {variable} was not read from the PLC; what is done on {host} interrupts nothing that works.",
        "Die Verriegelung {variable} wurde nicht aus der PLC gelesen; was auf {host} geschieht, unterbricht "
        "nichts, was geht."),
    "budget_open": (
        "How often {target} was interrupted lately was not observed; {actions} on {host} is done all the same.",
        "Wie oft {target} zuletzt unterbrochen wurde, wurde nicht beobachtet; {actions} auf {host} geschieht "
        "trotzdem."),
}

Step = t.Mapping[str, t.Any]

#: What a template makes of a null: ansible-core 2.18 makes an empty text of it.
_NOTHING = (None, "")


class _Verdicts:
    """Collects what speaks against a plan, what is told beside it, and what is told only if it goes on."""

    def __init__(self, language: str, *, is_confirmed: bool, **names: t.Any) -> None:
        self.refusals: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.if_it_goes_on: list[str] = []
        self._language, self._is_confirmed, self._names = language, is_confirmed, names

    def words(self, key: str, **names: t.Any) -> str:
        """Return a sentence with the names that all of them share."""
        return say(_WORDS, key, self._language, **{**self._names, **names})

    def go_on(self, key: str, **names: t.Any) -> None:
        """Say what a person must know if nothing refuses the plan."""
        self.if_it_goes_on.append(self.words(key, **names))

    def refuse(self, code: str, sentence: str = "", *, by_confirm: bool = False, **names: t.Any) -> None:
        """Refuse, or say that a person overrode it where lineops_confirm may do that."""
        sentence = sentence or self.words(code, **names)
        if by_confirm and self._is_confirmed:
            self.go_on("overridden", sentence=sentence)
            return
        override = f"lineops_confirm: {self._names['line']}" if by_confirm else ""
        self.refusals.append({
            "guard": code.split(".")[0], "code": code, "sentence": sentence, "override": override, "target": names.get("target", "")})


def guard(
    actions: t.Iterable[t.Any],
    *,
    host: str,
    line: str,
    frozen: t.Any,
    interlock: t.Mapping[str, t.Any] | None,
    budget: t.Iterable[t.Any] | None,
    lease_held: bool,
    journal_writable: bool,
    line_state: t.Mapping[str, t.Any] | None,
    confirm: t.Any,
    incident: str = "",
    proven_dead: t.Collection[str] = (),
    language: str = "en",
) -> dict[str, t.Any]:
    """Return what speaks against a plan (refusals) and what a person is told if it goes on (notes).

    actions: names, or steps with name and target or plc. frozen: lineops_freeze. interlock: as interlock_state
    returns it, None where the line has none. budget: results of the module budget, one for each target; None for not
    observed. line_state: as the function of that name returns it. confirm: lineops_confirm. proven_dead: targets that
    were just proven dead, such as plc:plc_001; to interrupt them interrupts nothing.
    A refusal has guard, code, sentence, override (the extra variable by which a person may decide otherwise, or "") and
    target: whose budget it is, else "".
    """
    steps = [step if isinstance(step, Mapping) else {"name": step} for step in actions]
    told = _Verdicts(
        language, is_confirmed=bool(confirm) and confirm in (line, incident), host=host, line=line, incident=incident)
    if not steps:
        return {"refusals": [], "notes": []}
    if confirm not in (*_NOTHING, line, incident, WHOLE_PLANT):
        told.refuse("confirm.mistake", confirm=confirm)
    if frozen not in (False, None):
        told.refuse("freeze.on")
    if not lease_held:
        told.refuse("lease.not_held")
    _interlock(told, steps, interlock, proven_dead)
    _blast_radius(told, _live(steps, proven_dead, mass_only=True), host, line_state)
    _budget(told, steps, budget)
    _journal(told, steps, journal_writable)
    return {"refusals": told.refusals, "notes": told.notes + ([] if told.refusals else told.if_it_goes_on)}


def interlock_state(interlock: t.Any, seen: t.Any) -> dict[str, t.Any] | None:
    """Return the interlock as guard asks it: variable, safe_value, observed, value, reason.

    interlock: lineops_interlock, None where the line has none; seen: what ads_probe read ({variable, value, reason}),
    None where nothing was read. A null, or another variable, is not observed. A number and a text are never the same.
    """
    if not isinstance(interlock, Mapping):
        return None
    seen = seen if isinstance(seen, Mapping) and seen.get("variable") == interlock.get("variable") else {}
    return {
        "variable": interlock.get("variable"), "safe_value": interlock.get("safe_value"),
        "observed": seen.get("value") is not None, "value": seen.get("value"), "reason": str(seen.get("reason") or ""),
    }


def dead_links(finding: t.Mapping[str, t.Any], plc: t.Mapping[str, t.Any]) -> list[str]:
    """Return the target of a PLC link if the diagnosis proved that it carries no commands.

    It is disconnected, its own route test got no answer, or the write test over it failed. A link to another PLC than
    the inventory's may carry commands of somebody and is not dead.
    """
    signals = finding.get("signals")
    signals = signals if isinstance(signals, Mapping) else {}
    carries_nothing = signals.get("test") in _DEAD_TESTS or signals.get("write") == "failed"
    is_dead = signals.get("flag") == "disconnected" or (carries_nothing and signals.get("target") != "differs")
    return [target_of({"name": "connect", "plc": plc.get("id")})] if is_dead else []


def _live(steps: t.Sequence[Step], proven_dead: t.Collection[str], *, mass_only: bool = False) -> list[Step]:
    """Return the steps that interrupt something that may work; mass_only: one stream alone is no mass restart."""
    live = [
        step for step in steps if action_of(step.get("name")).interrupts and target_of(step) not in proven_dead]
    streams = [step for step in live if action_of(step.get("name")).interrupts == "stream"]
    return [step for step in live if step not in streams] if mass_only and len(streams) == 1 else live


def _names(steps: t.Iterable[Step]) -> str:
    return ", ".join(dict.fromkeys(str(step.get("name")) for step in steps))


def _interlock(
    told: _Verdicts, steps: t.Sequence[Step], interlock: t.Mapping[str, t.Any] | None, proven_dead: t.Collection[str]
) -> None:
    if interlock in _NOTHING:
        return
    names = {name: interlock.get(name) for name in ("variable", "value", "safe_value")}
    if interlock.get("observed") is True:
        if not _is_same_value(names["value"], names["safe_value"]):
            told.refuse("interlock.unsafe", **names)
        return
    asked = _live(steps, proven_dead)
    if asked:
        reason = f" ({interlock['reason']})" if interlock.get("reason") else ""
        told.refuse("interlock.not_observed", actions=_names(asked), reason=reason, **names)
    else:
        told.go_on("interlock_open", **names)


def _is_same_value(one: t.Any, other: t.Any) -> bool:
    return one is not None and isinstance(one, str) == isinstance(other, str) and one == other


def _blast_radius(
    told: _Verdicts, asked: t.Sequence[Step], host: str, line_state: t.Mapping[str, t.Any] | None
) -> None:
    """Refuse while more than half of a line's hosts (or one, on lines of up to two) are in trouble, this one apart."""
    if not asked:
        return
    if line_state in _NOTHING:
        told.refuse("blast_radius.not_observed", by_confirm=True, actions=_names(asked))
        return
    told.notes += line_state["notes"]
    hosts = line_state["hosts"]
    others = {**{name: told.words("restarted_too") for name in line_state["restarting"]}, **line_state["troubled"]}
    others.pop(host, None)
    if len(others) > len(hosts) / 2 or (len(hosts) <= 2 and others):
        told.refuse(
            "blast_radius.line_in_trouble", by_confirm=True, actions=_names(asked), number=len(hosts),
            troubled=", ".join(f"{name} ({why})" for name, why in sorted(others.items())))


def _budget(told: _Verdicts, steps: t.Sequence[Step], budget: t.Iterable[t.Any] | None) -> None:
    known = [one for one in budget or () if isinstance(one, Mapping)]
    for target in dict.fromkeys(target_of(step) for step in steps if action_of(step.get("name")).is_counted):
        asked = [step for step in steps if action_of(step.get("name")).is_counted and target_of(step) == target]
        found = next((one for one in known if one.get("target") == target), None)
        if found is None or not _is_observed(found):
            if any(action_of(step.get("name")).is_irreversible for step in asked):
                told.refuse("budget.not_observed", by_confirm=True, actions=_names(asked), target=target)
            else:
                told.go_on("budget_open", actions=_names(asked), target=target)
        elif found.get("allowed") is not True:
            told.refuse("budget.used_up", found["sentence"], target=target)


def _is_observed(budget: t.Mapping[str, t.Any]) -> bool:
    sources = budget.get("sources")
    return isinstance(sources, Mapping) and any(str(word).startswith("observed") for word in sources.values())


def _journal(told: _Verdicts, steps: t.Sequence[Step], journal_writable: bool) -> None:
    if journal_writable:
        return
    restarts = [step for step in steps if action_of(step.get("name")).is_irreversible]
    if restarts:
        told.refuse("journal.unwritable", by_confirm=True, actions=_names(restarts))
    told.go_on("not_written", actions=_names(steps))
