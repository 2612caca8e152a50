# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person approves before it is done: work on a SEV-1, and work on most of a line at once. Pure. Private."""

from __future__ import annotations

import typing as t

from ._words import Words, say

_WORDS: Words = {
    "sev1": ("{severity} ({rule}): {sentence}", "{severity} ({rule}): {sentence}"),
    "mass": (
        "of the {number} hosts of {line}, {planned} would be worked on at once",
        "von den {number} Hosts von {line} würde an {planned} zugleich gearbeitet"),
    "approve": ("A person has to approve this first: {reasons}", "Ein Mensch muss das erst freigeben: {reasons}"),
}


def approval(
    outcomes: t.Mapping[str, t.Mapping[str, t.Any]], host: str, *, line: str, hosts: t.Sequence[str], language: str = "en"
) -> str:
    """Return why a person has to approve what is planned for a host, in one sentence; "" where nobody has to.

    outcomes: how a run with --check ended, by host; line, hosts: the host's line and all hosts of it.
    Most of a line is more than half of its hosts, and more than one (as in DESIGN §7.9).
    """
    outcome = outcomes[host]
    if outcome["result"] != "PLANNED":
        return ""
    names = {name: outcome[name] for name in ("severity", "rule", "sentence")}
    planned = [name for name in hosts if name in outcomes and outcomes[name]["result"] == "PLANNED"]
    reasons = [say(_WORDS, "sev1", language, **names)] if outcome["severity"] == "SEV-1" else []
    if len(planned) > max(1, len(hosts) / 2):
        reasons.append(say(_WORDS, "mass", language, line=line, number=len(hosts), planned=len(planned)))
    return say(_WORDS, "approve", language, reasons="; ".join(reasons)) if reasons else ""
