# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From signals to one finding, as every playbook comes to it: a table of hypotheses, tried in its order. Pure. Private."""

from __future__ import annotations

import typing as t

from ._findings import FINDINGS, SIDE_RULE, next_step_of, sentence_of, severity_by, severity_of, worst
from ._hypotheses import REFUTED, Hypothesis, Judgement, judge

Evidence = t.Mapping[str, t.Any]
Signals = t.Mapping[str, t.Optional[str]]


class Story(t.NamedTuple):
    """What a playbook brings: its hypotheses, those about what may be wrong beside the finding, the one that is left where
    none stands, how a signal was observed, and the words in brackets that make a sentence exact."""

    table: t.Sequence[Hypothesis]
    side_table: t.Sequence[Hypothesis]
    otherwise: Hypothesis
    observation: t.Callable[[str, t.Optional[str], Evidence], t.Dict[str, t.Any]]
    detail: t.Callable[[str, Signals, Evidence], str]


def conclude(
    story: Story, signals: Signals, evidence: Evidence, *, names: t.Mapping[str, str], language: str,
    not_observed: t.Sequence[str],
) -> dict[str, t.Any]:
    """Return the finding.

    names: plc and host, for the sentence; not_observed: what nobody saw, in words.
    The result has code, sentence, severity, rule, playbook, owner, next_step, verdict, evidence, counter_checks,
    refuted (hypotheses that were raised and fell, with what spoke against them), also (what is wrong beside the
    finding, each with code, sentence, severity, verdict, evidence and counter_checks), signals and not_observed.
    """

    def entry(judgement: Judgement) -> dict[str, t.Any]:
        seen = [(name, verdict) for name, verdict in judgement.verdicts if signals[name] is not None]
        return {
            "code": judgement.hypothesis.code,
            "verdict": judgement.verdict,
            "evidence": [story.observation(name, signals[name], evidence) for name in judgement.hypothesis.claim],
            "counter_checks": [
                dict(story.observation(name, signals[name], evidence), verdict=verdict) for name, verdict in seen],
        }

    def sentence(code: str) -> str:
        return sentence_of(code, language, detail=story.detail(code, signals, evidence), **names)

    standing, fallen = judge(story.table, signals)
    standing = standing or Judgement(story.otherwise)
    code = standing.hypothesis.code
    refuted = {one.hypothesis.code for one in fallen if one.verdict == REFUTED}
    beside, fallen_beside = _beside(story.side_table, signals, {code, *refuted})
    aside = severity_by(SIDE_RULE, language)
    also = [
        {**entry(side), "severity": aside[0], "sentence": sentence(side.hypothesis.code)} for side in beside]
    told = {code, *(side["code"] for side in also)}
    severity, rule = worst([severity_of(code, language), *(aside for dummy in also)])
    return {
        **entry(standing),
        "signals": dict(signals),
        "sentence": sentence(code),
        "severity": severity,
        "rule": rule,
        "playbook": FINDINGS[code].playbook,
        "owner": FINDINGS[code].owner,
        "next_step": next_step_of(code, host=names["host"], language=language),
        "also": also,
        "not_observed": list(not_observed),
        "refuted": [entry(one) for one in fallen + fallen_beside if one.hypothesis.code not in told],
    }


def _beside(
    table: t.Sequence[Hypothesis], signals: Signals, judged: t.Container[str]
) -> tuple[list[Judgement], list[Judgement]]:
    """Judge what may be wrong beside the finding, in codes not judged yet; returns what stands and what fell."""
    sides = [judge([row], signals) for row in table if row.code not in judged]
    return [standing for standing, dummy in sides if standing], [fallen for dummy, some in sides for fallen in some]
