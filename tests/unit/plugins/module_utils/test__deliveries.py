# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody outside must learn: cases from journals, told once, and nothing that was missed is lost or flooded."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._cases import cases_of
from ansible_collections.lineops.runbook.plugins.module_utils._deliveries import (
    deliveries, delivery_notes, due_ticket, record, targets_of, ticket_known,
)
from ansible_collections.lineops.runbook.plugins.module_utils._incidents import open_incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import BEGUN, Incident, at, chained, healed, healthy, interrupted, refused
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import escalated as unhealed

TICKET = {"provider": "webhook"}


def escalated(hours: float = 0.0, level: str = "L1", **where: t.Any) -> Incident:
    """An incident that nobody healed, some hours after the first one."""
    incident = unhealed(begun=BEGUN + timedelta(hours=hours), **where)
    incident.entries[-1]["details"]["level"] = level
    return incident


def later(make: t.Callable[..., Incident], hours: float, **where: t.Any) -> Incident:
    """Another incident, some hours after the first one."""
    return make(begun=BEGUN + timedelta(hours=hours), **where)


def entries_of(*incidents: Incident) -> list[dict[str, t.Any]]:
    """The entries as a journal has them."""
    return chained([entry for incident in incidents for entry in incident.entries])


def states(*incidents: Incident) -> list[list[str]]:
    """The steps of each case, without the incident that began it."""
    return [[step["key"].partition("/")[2] for step in case["steps"]] for case in cases_of(entries_of(*incidents))]


@pytest.mark.parametrize(("incidents", "expected"), [
    ([escalated()], [["escalated-L1"]]),
    ([escalated(), escalated(1)], [["escalated-L1"]]),  # an event rule that tries again is no news
    ([escalated(), escalated(1, "L2"), escalated(2, "L1"), escalated(3, "L2")], [["escalated-L1", "escalated-L2"]]),
    ([escalated(level="L3"), escalated(1, "L2")], [["escalated-L3"]]),
    ([escalated(), later(healed, 1)], [["escalated-L1", "healed"]]),
    ([escalated(), later(healthy, 70)], [["escalated-L1", "healed"]]),  # a person mended it, and nobody looked for three days
    ([escalated(), later(healed, 1), escalated(2)], [["escalated-L1", "healed"], ["escalated-L1"]]),
    ([escalated(), escalated(20), escalated(40)], [["escalated-L1"]]),
    ([escalated(), escalated(25)], [["escalated-L1"], ["escalated-L1"]]),  # a day of silence: another fault
    ([escalated(), later(healed, 1, host="line3-hmi2")], [["escalated-L1"], ["healed"]]),
    ([escalated(), later(healed, 1, playbook="C")], [["escalated-L1"], ["healed"]]),
    ([refused()], [["escalated-L1"]]),
    ([healed().closed()], [["healed", "closed"]]),
    ([escalated().closed(), escalated(1)], [["escalated-L1", "closed"], ["escalated-L1"]]),
    ([escalated(), escalated(1).closed(), escalated(2)], [["escalated-L1", "closed"], ["escalated-L1"]]),
    ([healthy()], []),
    ([interrupted()], []),
])  # fmt: skip
def test_course_of_a_case(incidents: list[Incident], expected: list[list[str]]) -> None:
    assert states(*incidents) == expected


def test_closing_of_an_incident_whose_end_is_not_there_is_a_case() -> None:
    incident = healed().closed()
    (case,) = cases_of(entries_of(incident)[-1:])
    assert (case["case"], [step["state"] for step in case["steps"]]) == (incident.name, ["closed"])


def test_what_no_journal_holds_is_one_case_a_day() -> None:
    first, second, tomorrow = escalated(), escalated(1), escalated(24)
    keys = [cases_of(incident.entries)[0]["case"] for incident in (first, second, tomorrow)]
    assert keys == ["line3-20261124-unwritten-B-line3-hmi1"] * 2 + ["line3-20261125-unwritten-B-line3-hmi1"]
    assert cases_of(first.entries)[0]["incidents"] == [first.name]


def test_entries_may_come_twice() -> None:
    both = entries_of(escalated(), escalated(1, "L2"))
    assert cases_of(both + both) == cases_of(both)


class TestDue:
    """What is due, and when it was told."""

    def test_only_the_last_step_is_told(self) -> None:
        (case,) = cases_of(entries_of(escalated(), escalated(1, "L2"), later(healed, 2)))
        assert due_ticket(case, at(9000))["key"].endswith("/healed")

    def test_what_was_told_is_not_due_and_its_ticket_is_known(self) -> None:
        first, second = escalated(), escalated(1, "L2")
        (case,) = cases_of(entries_of(first))
        told = {"host": first.host, "event": "delivered", **record(case, case["steps"][-1], "ticket", "GitHub", number=7, url="u")}
        tried = {**told, "event": "not_delivered"}
        assert due_ticket(cases_of([*entries_of(first), tried])[0], at(60)) is not None
        (known,) = cases_of([*entries_of(first), told])
        assert due_ticket(known, at(60)) is None and ticket_known(known) == {"number": 7, "url": "u", "to": "GitHub"}
        (next_level,) = cases_of([*entries_of(first), told, *entries_of(second)])
        assert due_ticket(next_level, at(4000))["level"] == "L2" and ticket_known(next_level)["number"] == 7

    def test_what_is_older_than_a_week_is_not_told(self) -> None:
        (case,) = cases_of(entries_of(escalated()))
        week = 7 * 86400
        assert due_ticket(case, at(week)) is not None and due_ticket(case, at(week + 60)) is None

    @pytest.mark.parametrize(("ticket", "expected"), [(TICKET, 2), ({**TICKET, "healed": False}, 1), ({}, 0), (None, 0)])
    def test_what_automation_healed_by_itself_may_be_left_out(self, ticket: t.Any, expected: int) -> None:
        entries = entries_of(healed(host="a"), escalated(host="b"), later(healed, 1, host="b"))
        assert len(deliveries(entries, now=at(4000), ticket=ticket)) == expected

    def test_levels_are_told_as_they_are_reached_and_nobody_once_it_is_healed(self) -> None:
        notify = {"L1": [{"email": "shift@x.example"}], "L2": [{"webhook": "https://c.example/s3cret"}, {"webhook": "https://c.example/other"}]}
        first, second = escalated(), escalated(1, "L2")
        due = deliveries(entries_of(first, second), now=at(4000), notify=notify)
        assert [(one["what"], one["to"], one["place"], one["of"]) for one in due] == [
            ("L1", "email shift@x.example", 0, first.name), ("L2", "webhook c.example", 0, second.name),
            ("L2", "webhook c.example (2)", 1, second.name)]
        assert "s3cret" not in str(due)
        assert deliveries(entries_of(first, second, later(healed, 2)), now=at(9000), notify=notify) == []

    def test_newest_cases_first_and_not_too_many(self) -> None:
        incidents = [escalated(hours, host=f"h{hours}") for hours in range(6)]
        due = deliveries(entries_of(*incidents), now=at(30000), ticket=TICKET, most="2")
        assert [one["incident"] for one in due] == [incidents[5].name, incidents[4].name]


def test_record_in_the_journal_opens_no_incident_again() -> None:
    """A record of a case that a later run settled must not count as trouble: it would stop restarts for a day."""
    first, end = escalated(), later(healed, 1)
    (case,) = cases_of(entries_of(first))
    told = {"host": first.host, "ts": at(7200), "event": "delivered", **record(case, case["steps"][0], "ticket", "x")}
    assert open_incidents([*entries_of(first, end), told], now=at(7300)) == []
    assert open_incidents([told], now=at(7300)) == []


def test_notes_say_what_could_not_be_told_and_nothing_else() -> None:
    results = [
        {"sentence": "x: posted", "item": {"what": "ticket"}},
        {"skipped": True, "item": {"what": "ticket"}},
        {"failure": {"message": "GitLab (g) did not answer in time."}, "msg": "longer", "item": {"what": "ticket"}},
        {"msg": "value of language must be one of: en, de", "item": {"what": "L2"}},
    ]
    assert delivery_notes(results) == [
        "TICKET NOT SENT: GitLab (g) did not answer in time. The next run tries it again.",
        "L2 NOT TOLD: value of language must be one of: en, de The next run tries it again."]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["healed", "closed", "unresolved", "escalate", "close", "deliver", "delivered", "h", "i", "L1", at(5)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["incident", "host", "phase", "event", "playbook", "details", "level", "key", "what", "ts", "hash"]), inner, max_size=8),
    max_leaves=25)


@given(entries=st.lists(JUNK, max_size=8), notify=JUNK)
@settings(deadline=None)
def test_no_journal_and_no_inventory_breaks_it(entries: list[t.Any], notify: t.Any) -> None:
    deliveries(entries, now=at(60), ticket=TICKET, notify=notify)
    targets_of(notify)
