# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a plant and the page of a shift: rows, means, recurrence, and who is needed now."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock
from ansible_collections.lineops.runbook.plugins.module_utils._report_plant_rules import (
    index_report,
    reports_of,
    shift_report,
)
from ansible_collections.lineops.runbook.tests.unit.helpers import incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import BEGUN, Incident

CLOCK = Clock("Europe/Berlin")
OPTIONS: dict[str, t.Any] = {"clock": CLOCK, "undos": open_undos}
NIGHT = (CLOCK.instant("2026-11-23T18:00", "since"), CLOCK.instant("2026-11-24T06:00", "until"))


def entries_of(*several: Incident) -> list[dict[str, t.Any]]:
    return [entry for incident in several for entry in incident.entries]


def later(hours: float, **where: t.Any) -> dict[str, t.Any]:
    return {"begun": BEGUN + timedelta(hours=hours), **where}


def test_index_has_a_row_for_each_incident_newest_first() -> None:
    index = index_report(incidents.night(), **OPTIONS)
    opened = [row["times"]["opened"] for row in index["incidents"]]
    assert len(opened) == 10 and opened == sorted(opened, reverse=True)
    assert index["counts"] == {
        "all": 10, "healthy": 2, "healed": 4, "unresolved": 2, "refused": 1, "failed": 0, "interrupted": 1,
    }  # fmt: skip


def test_means_are_over_the_incidents_that_have_the_time() -> None:
    first, second = incidents.healed(), incidents.healed(**later(1))
    first.entries[-1]["latency_s"], second.entries[-1]["latency_s"] = 10.0, 20.0
    index = index_report(entries_of(first, second, incidents.escalated(**later(2))), **OPTIONS)
    assert index["means"]["recover_s"] == {"seconds": 15.0, "of": 2}
    assert index["means"]["acknowledge_s"]["of"] == 3
    assert index_report([], **OPTIONS)["means"]["recover_s"] == {"seconds": None, "of": 0}


def test_recurrence_counts_healed_incidents_of_the_same_host_and_finding() -> None:
    reports = reports_of(
        entries_of(
            incidents.healed(), incidents.healed(**later(1)), incidents.healed(**later(2, host="line3-hmi2")),
            Incident(**later(3)).opened().found().ended("unresolved"), incidents.healed(**later(4)),
        ),
        **OPTIONS,
    )  # fmt: skip
    assert [report["recurrence"]["count"] for report in reports] == [0, 1, 0, 2, 2]
    assert reports[4]["recurrence"] == {"count": 2, "previous": reports[1]["incident"], "since_s": 10800.0}


@pytest.mark.parametrize(
    ("earlier", "after", "needed"),
    [
        (incidents.escalated, incidents.healthy, []),
        (incidents.escalated, incidents.healed, []),
        (incidents.escalated, incidents.escalated, ["line3-hmi1", "line3-hmi1"]),
        (incidents.interrupted, incidents.escalated, ["line3-hmi1"]),
        (incidents.refused, incidents.interrupted, ["line3-hmi1", "line3-hmi1"]),
    ],
)
def test_a_later_incident_settles_an_earlier_one_only_if_it_can(
    earlier: t.Any, after: t.Any, needed: list[str]
) -> None:
    index = index_report(entries_of(earlier(), after(**later(1))), **OPTIONS)
    assert [row["host"] for row in index["needs_person"]] == needed


def test_another_host_or_playbook_settles_nothing() -> None:
    others = [incidents.healthy(**later(1, host="line3-hmi2")), incidents.healthy(**later(1, playbook="C"))]
    index = index_report(entries_of(incidents.escalated(), *others), **OPTIONS)
    assert [row["incident"] for row in index["needs_person"]] == [incidents.escalated().name]


def test_shift_goes_by_line_in_natural_order_and_knows_quiet_lines() -> None:
    shift = shift_report(incidents.night(), window=NIGHT, **OPTIONS)
    assert [line["line"] for line in shift["lines"]] == ["line1", "line2", "line3", "line10"]
    assert [len(line["incidents"]) for line in shift["lines"]] == [0, 2, 4, 2]
    assert [len(line["actions"]) for line in shift["lines"]] == [0, 0, 10, 9]
    assert shift["counts"]["all"] == 8


def test_shift_names_who_is_needed_now_also_from_before_the_window() -> None:
    before = incidents.escalated(**later(-48))
    shift = shift_report(entries_of(before), window=NIGHT, **OPTIONS)
    assert shift["counts"]["all"] == 0
    assert [row["incident"] for row in shift["needs_person"]] == [before.name]


def test_an_action_outside_of_the_window_is_not_told_as_of_this_night() -> None:
    incident = incidents.healed()
    edge = CLOCK.seconds(incident.entries[5]["ts"])  # in the middle of the actions
    shift = shift_report(incident.entries, window=(edge, None), **OPTIONS)
    begun = [CLOCK.seconds(action["began_at"]) for action in shift["lines"][0]["actions"]]
    assert 0 < len(begun) < 5 and min(begun) >= edge


def test_an_incident_without_a_readable_time_is_shown_rather_than_lost() -> None:
    incident = incidents.healed()
    for entry in incident.entries:
        entry["ts"] = None
    assert index_report(incident.entries, window=NIGHT, **OPTIONS)["counts"]["all"] == 1


def test_entries_of_no_incident_are_kept_and_counted() -> None:
    stray = [{"event": "begin", "host": "h"}, {"event": "unreadable", "message": "}{"}]
    index = index_report([*incidents.healed().entries, *stray], **OPTIONS)
    assert index["outside"] == stray
    assert index["remarks"] == [{"code": "unreadable", "count": 1}, {"code": "no_incident", "count": 1}]
