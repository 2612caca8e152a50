# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person approves before it is done."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._approval import approval

SEV_1 = {"severity": "SEV-1", "rule": "rule B.E1", "sentence": "The PLC Press has no ADS route."}


def outcome(result: str, **more: t.Any) -> dict[str, t.Any]:
    return {"result": result, "severity": "SEV-2", "rule": "rule B.E2", "sentence": "Something.", **more}


def asked(results: list[str], *, others: int = 0, language: str = "en", **more: t.Any) -> str:
    """What is said of the first host of a line on which hosts of this run end so; others of the line are not in it."""
    outcomes = {f"h{number}": outcome(result) for number, result in enumerate(results)}
    outcomes["h0"].update(more)
    hosts = [*outcomes, *(f"other{number}" for number in range(others))]
    return approval(outcomes, "h0", line="line3", hosts=hosts, language=language)


@pytest.mark.parametrize("result", ["HEALTHY", "UNRESOLVED", "REFUSED", "BUSY", "FAILED"])
def test_what_is_not_planned_needs_no_approval(result: str) -> None:
    assert asked([result, "PLANNED", "PLANNED"], **SEV_1) == ""


def test_sev_1_does_and_says_why() -> None:
    assert asked(["PLANNED", "HEALTHY"], **SEV_1) == (
        "A person has to approve this first: SEV-1 (rule B.E1): The PLC Press has no ADS route.")


@pytest.mark.parametrize(("planned", "hosts", "is_mass"), [
    (1, 1, False), (1, 2, False), (2, 2, True), (2, 3, True), (2, 4, False), (3, 4, True), (3, 6, False), (4, 6, True),
])
def test_most_of_a_line_is_more_than_half_and_more_than_one(planned: int, hosts: int, is_mass: bool) -> None:
    """Hosts outside -l count for the line, too: a run on two of four hosts is no work on most of it."""
    told = asked(["PLANNED"] * planned, others=hosts - planned)
    assert told == (
        f"A person has to approve this first: of the {hosts} hosts of line3, {planned} would be worked on at once" if is_mass else "")


def test_both_reasons_are_told_in_german() -> None:
    assert asked(["PLANNED", "PLANNED"], language="de", **SEV_1) == (
        "Ein Mensch muss das erst freigeben: SEV-1 (rule B.E1): The PLC Press has no ADS route.; "
        "von den 2 Hosts von line3 würde an 2 zugleich gearbeitet")
