# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook C, outcome: what a restart has brought, judged by what the supervisor is for. Pure. Private."""

from __future__ import annotations

import typing as t

from ._outcome import outcome_of, plc_proof
from ._plc_signals import Evidence, part
from ._restart_diagnosis import restart_proof


def restart_outcome(
    finding: t.Mapping[str, t.Any],
    *,
    final: t.Mapping[str, t.Any],
    evidence: Evidence,
    before: Evidence,
    steps: t.Sequence[t.Mapping[str, t.Any]] = (),
    planned: t.Sequence[t.Mapping[str, t.Any]] = (),
    refusals: t.Sequence[t.Mapping[str, t.Any]] = (),
    failed_step: str = "",
    check_mode: bool = False,
) -> dict[str, t.Any]:
    """Return the outcome of one host in Playbook C.

    finding, final: the diagnosis before and after (the same if nothing was done); evidence, before: what they were made
    of; the others: as outcome_of has them.
    A supervisor that is back but lost its PLC over it is not healed. A PLC that was out before is told beside.
    """
    plc = part(evidence, "plc")
    was_well = part(before, "plc").get("code") == "plc.healthy"
    is_out = plc.get("code") not in (None, "plc.healthy") and final["code"] == "supervisor.healthy"
    if is_out and was_well and steps:
        final = plc
    elif is_out:
        beside = {name: plc[name] for name in ("code", "sentence", "severity", "verdict", "evidence", "counter_checks")}
        finding, final = ({**one, "also": [*one["also"], beside]} for one in (finding, final))
    proof = [*restart_proof(evidence, part(before, "supervisor", "service").get("pid")), *(
        plc_proof(plc) if plc.get("code") == "plc.healthy" else [])]
    return outcome_of(
        {**finding, "not_observed": final["not_observed"]}, final, proof=proof if steps else [], steps=steps, planned=planned, refusals=refusals,
        failed_step=failed_step, check_mode=check_mode)
