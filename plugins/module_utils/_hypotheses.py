# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small engine for diagnosis: hypotheses are tried in order, each may be refuted by a counter-check.

Signals are short words made from the evidence (None: not observed). A hypothesis claims something from some signals
and names other signals, from another source, that can confirm or refute it. Private to this collection.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "not observed"


def any_of(*values: str) -> frozenset[str]:
    """Return the values of a signal that a row of a table asks for."""
    return frozenset(values)


@dataclass(frozen=True)
class Counter:
    """A counter-check: the signal to look at and the values that speak for and against the hypothesis."""

    signal: str
    confirms: frozenset[str] = frozenset()
    refutes: frozenset[str] = frozenset()

    def verdict(self, signals: t.Mapping[str, t.Optional[str]]) -> str:
        """Judge one signal; a value that is in neither set says nothing."""
        value = signals.get(self.signal)
        if value in self.refutes:
            return REFUTED
        return CONFIRMED if value in self.confirms else OPEN


@dataclass(frozen=True)
class Hypothesis:
    """One row of a diagnosis table.

    claim: signal -> values that raise it, all of them needed; counters: what may confirm or refute it;
    needs_confirmation: a claim that nobody else confirms is not believed.
    """

    code: str
    claim: t.Mapping[str, frozenset[str]]
    counters: tuple[Counter, ...] = ()
    needs_confirmation: bool = False

    def is_raised(self, signals: t.Mapping[str, t.Optional[str]]) -> bool:
        """Say whether the evidence raises this hypothesis."""
        return all(signals.get(name) in values for name, values in self.claim.items())


@dataclass(frozen=True)
class Judgement:
    """A hypothesis that was raised, and how each of its counter-checks came out."""

    hypothesis: Hypothesis
    verdicts: tuple[tuple[str, str], ...] = field(default=())

    @property
    def verdict(self) -> str:
        """Refuted by one is refuted; else confirmed by one is confirmed; else not observed."""
        found = {verdict for dummy, verdict in self.verdicts}
        for verdict in (REFUTED, CONFIRMED):
            if verdict in found:
                return verdict
        return OPEN

    @property
    def stands(self) -> bool:
        """Say whether the hypothesis may be acted on."""
        return self.verdict == CONFIRMED or (self.verdict == OPEN and not self.hypothesis.needs_confirmation)


def judge(
    table: t.Iterable[Hypothesis], signals: t.Mapping[str, t.Optional[str]]
) -> tuple[Judgement | None, list[Judgement]]:
    """Try the hypotheses in order.

    Returns the first that stands (None where none does) and those that were raised before it and fell.
    """
    fallen: list[Judgement] = []
    for hypothesis in table:
        if not hypothesis.is_raised(signals):
            continue
        judgement = Judgement(
            hypothesis, tuple((counter.signal, counter.verdict(signals)) for counter in hypothesis.counters)
        )
        if judgement.stands:
            return judgement, fallen
        fallen.append(judgement)
    return None, fallen
