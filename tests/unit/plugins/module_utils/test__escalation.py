# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is next for a host that is not healed: level, contact, and what to look at by hand."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _escalation
from ansible_collections.lineops.runbook.plugins.module_utils._escalation import LADDER, LEVELS, escalation
from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS

NOW = "2026-11-23T12:00:00.000Z"
CONTACTS = {"L1": "Operations, shift phone 100", "L2": "Development 200", "L3": " Owner 300 "}
LOST = {
    "resolved": False, "finding": "plc.route_missing", "severity": "SEV-1", "owner": "L1", "next_step": "Add it.",
}  # fmt: skip
DRIFT = {**LOST, "finding": "plc.config_drift", "severity": "SEV-3"}
ROUTES = (
    "Compare the route table in TwinCAT XAE (SYSTEM > Routes) with lineops_plcs: name, NetId and address of line3-hmi1."
)


def asked(outcome: t.Mapping[str, t.Any] | None = None, **more: t.Any) -> dict[str, t.Any]:
    given = {"host": "line3-hmi1", "now": NOW, "contacts": CONTACTS, **more}
    return escalation(LOST if outcome is None else outcome, **given)


@pytest.mark.parametrize(
    ("outcome", "course", "level"),
    [
        (LOST, {}, "L1"),
        ({**LOST, "owner": "L2"}, {}, "L2"),
        ({**LOST, "owner": "L3"}, {}, "L3"),
        ({**LOST, "owner": ""}, {}, "L1"),
        ({**LOST, "owner": "boss"}, {}, "L1"),
        (LOST, {"failed_attempts": 1}, "L1"),
        (LOST, {"failed_attempts": 2}, "L2"),
        (LOST, {"failed_attempts": "2"}, "L2"),
        (LOST, {"failed_attempts": 3}, "L3"),
        (LOST, {"failed_attempts": 9}, "L3"),
        (LOST, {"budget_used": True}, "L2"),
        ({**LOST, "owner": "L3"}, {"budget_used": True}, "L3"),
        (LOST, {"opened_at": "2026-11-23T11:31:00Z"}, "L1"),
        (LOST, {"opened_at": "2026-11-23T11:30:00Z"}, "L3"),
        (LOST, {"opened_at": "2026-11-23T12:30:00Z"}, "L1"),
        (LOST, {"opened_at": "?"}, "L1"),
        (DRIFT, {"opened_at": "2026-11-22T11:30:00Z"}, "L1"),
        ({**LOST, "severity": "SEV-2"}, {"opened_at": "2026-11-23T10:00:00Z"}, "L1"),
        (LOST, {"failed_attempts": 2, "opened_at": "2026-11-23T11:00:00Z"}, "L3"),
    ],
)
def test_level_by_owner_failed_attempts_budget_and_time(
    outcome: dict[str, t.Any], course: dict[str, t.Any], level: str
) -> None:
    told = asked(outcome, **course)
    assert (told["level"], told["contact"]) == (level, CONTACTS[level].strip())


def test_defaults_are_one_table() -> None:
    assert set(LADDER) == {
        ("L2", "failed_attempts", 2, ""), ("L2", "budget_used", 1, ""), ("L3", "failed_attempts", 3, ""),
        ("L3", "minutes_open", 30, "SEV-1"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("course", "reasons"),
    [
        ({}, ["L1 acts on this finding."]),
        ({"failed_attempts": 3}, ["3 attempts to heal it have failed."]),
        ({"failed_attempts": 2, "budget_used": True, "opened_at": "2026-11-23T11:15:10Z"},
         ["2 attempts to heal it have failed.", "The budget of disruptive actions is used up.",
          "SEV-1 for 44 min and not healed."]),
    ],
)  # fmt: skip
def test_reasons_are_told_once_each(course: dict[str, t.Any], reasons: list[str]) -> None:
    assert asked(**course)["reasons"] == reasons


@pytest.mark.parametrize("contacts", [None, {}, "x", {"L1": ""}, {"L1": 5}, {"L1": None, "L2": "Development"}])
def test_missing_contact_is_said_and_not_invented(contacts: t.Any) -> None:
    told = asked(contacts=contacts)
    assert told["contact"] is None
    assert told["text"].startswith("Escalate to L1: lineops_contacts names nobody for it. ")
    assert "Development" not in told["text"]


def test_text_of_each_level() -> None:
    add = "Add the route to line3-hmi1 in TwinCAT XAE on the engineering side (SYSTEM > Routes)."
    assert asked()["text"] == f"Escalate to L1: Operations, shift phone 100. L1 acts on this finding. {add}"
    assert asked(failed_attempts=2)["text"] == (
        f"Escalate to L2: Development 200. 2 attempts to heal it have failed. {add} {ROUTES}"
    )
    assert asked(failed_attempts=3)["look_at"] == [
        ROUTES, "Decide how production goes on meanwhile, who repairs it across systems, and with which priority.",
    ]  # fmt: skip


def test_text_in_german() -> None:
    told = asked(failed_attempts=2, language="de", contacts={})
    assert told["text"] == (
        "Eskalation an L2: lineops_contacts nennt dafür niemanden. 2 Versuche, es zu heilen, sind gescheitert. Die"
        " Route zu line3-hmi1 in TwinCAT XAE auf der Engineering-Seite eintragen (SYSTEM > Routes). Die Routentabelle"
        " in TwinCAT XAE (SYSTEM > Routes) mit lineops_plcs vergleichen: Name, NetId und Adresse von line3-hmi1."
    )


def test_host_that_is_resolved_needs_nobody() -> None:
    assert asked({**LOST, "resolved": True}, failed_attempts=9) == {
        "level": "", "contact": None, "reasons": [], "next_step": "", "look_at": [], "text": ""}  # fmt: skip


def test_finding_outside_the_table_keeps_its_own_next_step() -> None:
    broke = {"resolved": False, "finding": "run.failed", "owner": "L2", "next_step": "Read the failed task above."}
    told = asked(broke)
    assert (told["level"], told["next_step"]) == ("L2", "Read the failed task above.")
    assert "journalctl" in told["look_at"][0]
    assert asked({})["text"] == "Escalate to L1: Operations, shift phone 100. L1 acts on this finding."


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("code", sorted(code for code, row in FINDINGS.items() if row.owner))
def test_every_finding_has_something_to_look_at_by_hand(code: str, language: str) -> None:
    told = asked({**LOST, "finding": code}, failed_attempts=2, language=language)
    assert told["look_at"] and told["next_step"]
    assert "{" not in told["text"] and "None" not in told["text"]
    other = asked({**LOST, "finding": code}, failed_attempts=2, language="de" if language == "en" else "en")
    assert set(told["look_at"]).isdisjoint(other["look_at"]) and told["next_step"] != other["next_step"]


def test_words_are_about_the_same_things_in_both_languages() -> None:
    for key, (english, german) in _escalation._WORDS.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", german)), key
        assert english != german
    assert LEVELS == ("L1", "L2", "L3")


def test_names_from_a_plant_stay_what_they_are() -> None:
    hostile = "{{ 1/0 }} {contact} <script>"
    told = asked(host=hostile, contacts={"L2": hostile}, failed_attempts=2)
    assert told["text"].startswith(f"Escalate to L2: {hostile}. ") and hostile in told["look_at"][0]
