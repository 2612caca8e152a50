# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Severity of a line by the rules of the binding playbooks, and never silently lowered."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS, SEVERITY_RULES, SIDE_RULE
from ansible_collections.lineops.runbook.plugins.module_utils._severity import LINE_RULES, line_severity

HMI1, HMI2 = "line3-hmi1", "line3-hmi2"


def found(finding: str, host: str = HMI1, **more: t.Any) -> dict[str, t.Any]:
    return {"host": host, "finding": finding, **more}


def camera(name: str, core: bool = True, host: str = HMI1, **more: t.Any) -> dict[str, t.Any]:
    """A finding of Playbook A; its codes come with that playbook."""
    return found("stream.hung", host, target=f"stream:{name}", core=core, playbook="A", rule="SEV.3", **more)


def restart(rule: str, **more: t.Any) -> dict[str, t.Any]:
    return found("restart.x", playbook="C", rule=rule, **more)


LOST, DRIFT = found("plc.route_missing"), found("plc.config_drift")

#: Which findings of a line give which rule of the binding playbook.
RULES: list[tuple[list[t.Any], str]] = [
    ([], "none"),
    ([found("plc.healthy"), found("plc.healthy", HMI2)], "none"),
    ([LOST], "B.E1"),
    ([found("plc.healthy"), found("plc.route_missing", HMI2)], "B.E1"),
    ([DRIFT], "SEV.3"),
    ([DRIFT, found("plc.namespace_failing", HMI2)], "B.E2"),
    ([found("supervisor.unreachable")], "SEV.1"),
    ([found("plc.net_id_not_from_ip")], "B.E1"),
    ([found("plc.net_id_not_from_ip", beside=True)], "SEV.3"),
    ([found("plc.healthy", beside=True)], "none"),
    ([camera("cam1")], "SEV.3"),
    ([camera("cam1"), camera("cam2")], "A.E1"),
    ([camera("cam1"), camera("cam1", host=HMI2)], "A.E1"),
    ([camera("cam1"), camera("cam1")], "SEV.3"),
    ([camera("cam1", core=False), camera("cam2", core=False)], "SEV.3"),
    ([camera("cam1"), camera("door", core=False)], "SEV.3"),
    ([camera("cam1", core="yes"), camera("cam2", core=1)], "SEV.3"),  # type: ignore[arg-type]
    ([camera("cam1"), LOST], "B.E1"),
    ([camera("cam1", core=False, recurred=True)], "A.E2"),
    ([camera("cam1", recurred=True), camera("cam2")], "A.E1"),
    ([restart("C.E1")], "C.E1"),
    ([restart("SEV.3", recurred=True)], "C.E2"),
    ([restart("SEV.3")], "SEV.3"),
    ([found("plc.library_wedged", recurred=True)], "B.E1"),
    ([{**DRIFT, "recurred": True}], "SEV.3"),
    ([{**LOST, "recurred": True}], "B.E1"),
]


@pytest.mark.parametrize(("findings", "rule"), RULES, ids=[f"{rule}-{n}" for n, (dummy, rule) in enumerate(RULES)])
def test_rule_of_a_line(findings: list[t.Any], rule: str) -> None:
    told = line_severity(findings, line="line3")
    assert (told["severity"], told["rule_id"]) == (SEVERITY_RULES[rule].severity, rule)
    assert told["kept"] is False and told["not_judged"] == []
    assert told["because"][:1] == ([] if rule == "none" else [
        {name: told[name] for name in ("rule_id", "severity", "rule", "hosts")}])  # fmt: skip


def test_all_rules_that_hold_are_told_with_their_hosts() -> None:
    told = line_severity([LOST, found("plc.route_missing", HMI2), DRIFT, camera("c", recurred=True)], line="line3")
    assert [(one["rule_id"], one["severity"], one["hosts"]) for one in told["because"]] == [
        ("B.E1", "SEV-1", [HMI1, HMI2]), ("A.E2", "SEV-2", [HMI1]), ("SEV.3", "SEV-3", [HMI1]),
    ]  # fmt: skip
    assert told["hosts"] == [HMI1, HMI2]
    assert told["sentence"] == (
        "SEV-1 for line3: control commands are no longer possible (rule B.E1), on line3-hmi1, line3-hmi2."
    )


def test_recurrence_is_told_also_where_it_does_not_raise_the_severity() -> None:
    told = line_severity([{**LOST, "recurred": True}], line="line3", language="de")
    assert told["notes"] == ["plc.route_missing auf line3-hmi1 ist nach einer Heilung wieder da."]
    assert told["sentence"] == "SEV-1 für line3: Steuerbefehle sind nicht mehr möglich (Regel B.E1), auf line3-hmi1."


# --- never silently lowered ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "stated", "severity", "rule_id", "kept"),
    [
        ([DRIFT], {"severity": "SEV-1", "finding": "plc.route_missing"}, "SEV-1", "B.E1", True),
        ([DRIFT], {"severity": "SEV-2", "finding": "plc.route_missing"}, "SEV-2", "", True),
        ([DRIFT], {"severity": "SEV-1", "finding": "no.such"}, "SEV-1", "", True),
        ([], {"severity": "SEV-3"}, "SEV-3", "", True),
        ([LOST], {"severity": "SEV-2"}, "SEV-1", "B.E1", False),
        ([LOST], {"severity": "SEV-1"}, "SEV-1", "B.E1", False),
        ([LOST], {}, "SEV-1", "B.E1", False),
        ([LOST], None, "SEV-1", "B.E1", False),
    ],
)
def test_severity_that_was_stated_is_kept_and_the_reason_is_told(
    findings: list[t.Any], stated: t.Any, severity: str, rule_id: str, kept: bool
) -> None:
    stated = {**stated, "at": "2026-11-23T11:50:00.000Z"} if stated else stated
    told = line_severity(findings, line="line3", stated=stated)
    assert (told["severity"], told["rule_id"], told["kept"]) == (severity, rule_id, kept)
    reason = (
        f"{severity} was stated at 2026-11-23T11:50:00.000Z and is kept: an incident's severity is not lowered before"
        " it is closed as healed."
    )
    assert told["sentence"].endswith(reason) == kept
    assert bool(told["rule"])


KNOWN = [found(code) for code in sorted(FINDINGS)]


@given(
    findings=st.lists(st.sampled_from(KNOWN + [row for rows, dummy in RULES for row in rows])),
    more=st.lists(st.sampled_from([found(code, HMI2) for code in sorted(FINDINGS)] + [camera("cam9"), camera("cam8")])),
    stated=st.sampled_from([None, *({"severity": f"SEV-{n}", "at": "T"} for n in (1, 2, 3))]),
)  # fmt: skip
@settings(deadline=None)
def test_more_findings_and_earlier_words_never_lower_it(findings: t.Any, more: t.Any, stated: t.Any) -> None:
    def rank(told: t.Any) -> str:
        return told["severity"] or "SEV-9"

    alone = line_severity(findings, line="line3")
    assert rank(line_severity(findings + more, line="line3")) <= rank(alone)
    assert rank(line_severity(findings, line="line3", stated=stated)) <= rank(alone)
    # What is told beside another finding has the rule of what is beside, whatever it would be as the cause.
    own = [
        SIDE_RULE if row.get("beside") else FINDINGS[row["finding"]].rule for row in findings if row["finding"] in FINDINGS]
    assert rank(alone) <= min((SEVERITY_RULES[rule].severity or "SEV-9" for rule in own), default="SEV-9")


# --- the table -------------------------------------------------------------------------------------------------------


def test_table_has_every_rule_of_the_binding_playbook_and_no_other() -> None:
    traceability = Path(__file__).resolve().parents[4] / "docs" / "traceability.md"
    if not traceability.is_file():
        pytest.skip("ansible-test copies no docs")
    rows = re.findall(r"^\| (SEV\.\d|[ABC]\.E\d) \| `(SEV-\d)`", traceability.read_text(encoding="utf-8"), re.MULTILINE)
    assert {rule: row.severity for rule, row in SEVERITY_RULES.items() if rule != "none"} == dict(rows)
    assert set(LINE_RULES) <= set(SEVERITY_RULES)
    assert all(row.en and row.de and row.en != row.de for row in SEVERITY_RULES.values())


@pytest.mark.parametrize(
    "garbage", [None, 7, "x", {}, {"finding": None}, found("run.failed"), found("x", rule=[]), found("x", rule="Z.9")]
)
def test_finding_that_no_rule_knows_is_named(garbage: t.Any) -> None:
    told = line_severity([garbage, LOST], line="line3")
    assert told["severity"] == "SEV-1" and len(told["not_judged"]) == 1
