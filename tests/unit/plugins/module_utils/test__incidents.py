# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What journals say of incidents: which are open, what came back, and how one has gone so far."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._incidents import (
    incident_course,
    line_state,
    open_incidents,
    recurrence,
)
from ansible_collections.lineops.runbook.plugins.module_utils._timestamps import ms_of, utc_text

HMI1, HMI2 = "line3-hmi1", "line3-hmi2"
NOW = "2026-11-23T12:00:00.000Z"
ROUTE = "plc.route_missing"


def ago(minutes: float) -> str:
    return utc_text(t.cast(int, ms_of(NOW)) - round(minutes * 60_000))


def entry(event: str, minutes: float = 10, incident: str = "i1", host: str = HMI1, **more: t.Any) -> dict[str, t.Any]:
    return {
        "event": event, "ts": ago(minutes), "incident": incident, "run": incident, "host": host, "line": "line3",
        "playbook": "B", **more,
    }  # fmt: skip


def healed(minutes: float = 10, **more: t.Any) -> dict[str, t.Any]:
    return {**entry("healed", minutes), "phase": "close", "finding": ROUTE, "plc": "plc_001", **more}


# --- what came back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "times", "since"),
    [
        ([], 0, None),
        ([healed(10)], 1, ago(10)),
        ([healed(50), healed(10)], 2, ago(50)),
        ([healed(10), healed(50)], 2, ago(50)),
        ([healed(90), healed(10)], 1, ago(10)),
        ([healed(60)], 0, None),
        ([healed(59.9)], 1, ago(59.9)),
        ([healed(host=HMI2)], 0, None),
        ([healed(finding="plc.silent")], 0, None),
        ([healed(plc="plc_002")], 0, None),
        ([healed(plc=None)], 1, ago(10)),
        ([healed(plc=None, target="plc:plc_001")], 1, ago(10)),
        ([healed(target="plc:plc_002")], 0, None),
        ([healed(target=7)], 1, ago(10)),
        ([healed(event="healthy")], 0, None),
        ([healed(event="unresolved")], 0, None),
        ([healed(incident="now")], 0, None),
        ([healed(-5)], 1, ago(-5)),
        ([healed(ts=None)], 1, None),
        ([healed(ts="?"), healed(10)], 2, ago(10)),
        ([None, 5, {}, {"event": "healed"}], 0, None),
    ],
)
def test_same_finding_after_a_heal_of_the_same_target(entries: t.Any, times: int, since: str | None) -> None:
    told = recurrence(entries, host=HMI1, finding=ROUTE, target="plc:plc_001", now=NOW, incident="now")
    assert (told["recurred"], told["times"], told["since"]) == (times > 0, times, since)


@pytest.mark.parametrize(
    ("entries", "language", "sentence"),
    [
        ([], "en", ""),
        ([healed(10)], "en", f"It was healed at {ago(10)} and is back."),
        ([healed(10)], "de", f"Es wurde um {ago(10)} geheilt und ist wieder da."),
        ([healed(20), healed(10)], "en", f"It was healed 2 times since {ago(20)} and is back."),
        ([healed(20), healed(10)], "de", f"Es wurde seit {ago(20)} 2 mal geheilt und ist wieder da."),
        ([healed(ts="")], "en", "It was healed at a time that cannot be read and is back."),
    ],
)
def test_recurrence_in_words(entries: t.Any, language: str, sentence: str) -> None:
    assert recurrence(entries, host=HMI1, finding=ROUTE, now=NOW, language=language)["sentence"] == sentence


def test_length_of_the_window() -> None:
    def times(seconds: t.Any) -> int:
        return recurrence([healed(10)], host=HMI1, finding=ROUTE, now=NOW, window_s=seconds)["times"]

    assert [times(seconds) for seconds in (599, 601, "601")] == [0, 1, 1]


# --- what is open ----------------------------------------------------------------------------------------------------

OPENED = entry("opened")


@pytest.mark.parametrize(
    ("entries", "still_open"),
    [
        ([], []),
        ([OPENED], ["i1"]),
        ([entry("begin")], ["i1"]),
        *(([OPENED, entry(end)], []) for end in ("healthy", "healed", "closed")),
        *(([OPENED, entry(end)], ["i1"]) for end in ("unresolved", "refused", "failed", "finding", "verified")),
        ([OPENED, entry("unresolved"), entry("closed", playbook="close")], []),
        ([OPENED, entry("healed"), entry("undone")], []),
        ([OPENED, entry("healed"), entry("continued")], ["i1"]),
        ([OPENED, entry("healed", host=HMI2)], ["i1"]),
        ([OPENED, entry("opened", incident="i2")], ["i1", "i2"]),
        ([OPENED, entry("opened", incident="i2"), entry("healthy", incident="i2")], []),
        ([OPENED, entry("opened", incident="i2"), entry("closed", incident="i2")], ["i1"]),
        ([OPENED, entry("healthy", incident="i2", playbook="A")], ["i1"]),
        ([OPENED, entry("healthy", incident="i2", host=HMI2)], ["i1"]),
        ([entry("healthy", incident="i2"), OPENED], ["i1"]),
        ([entry("finding", playbook="checklist")], []),
        ([OPENED, entry("opened", host=HMI2)], ["i1", "i1"]),
        ([OPENED, entry("opened", incident="mine")], ["i1"]),
        ([None, 7, {}, entry("opened", incident=None), entry("opened", host=[])], []),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_closed_is_open(entries: t.Any, still_open: list[str]) -> None:
    assert [one["incident"] for one in open_incidents(entries, now=NOW, without=["mine"])] == still_open


def test_what_is_told_of_an_open_incident() -> None:
    entries = [OPENED, entry("finding", 9, finding=ROUTE, severity="SEV-1"), entry("begin", 8, finding=None)]
    assert open_incidents(entries, now=NOW) == [{
        "incident": "i1", "host": HMI1, "playbook": "B", "since": ago(10), "finding": ROUTE, "severity": "SEV-1",
        "is_stale": False,
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("ts", "is_stale"),
    [(ago(24 * 60 + 1), True), (ago(24 * 60 - 1), False), (ago(-600), False), (None, False), ("?", False)],
)
def test_incident_of_yesterday_is_stale_and_one_without_a_time_is_not(ts: str | None, is_stale: bool) -> None:
    (one,) = open_incidents([entry("opened", ts=ts)], now=NOW)
    assert one["is_stale"] is is_stale


# --- how a line is ---------------------------------------------------------------------------------------------------

LINE = {"line": "line3", "hosts": [HMI1, HMI2, "line3-hmi3"], "now": NOW}


@pytest.mark.parametrize(
    ("entries", "options", "troubled"),
    [
        ([], {}, {}),
        ([OPENED], {}, {HMI1: f"open incident i1 since {ago(10)}"}),
        ([OPENED], {"language": "de"}, {HMI1: f"offener Vorfall i1 seit {ago(10)}"}),
        ([entry("opened", ts=None)], {}, {HMI1: "open incident i1 since a time that cannot be read"}),
        ([OPENED], {"without": ["i1"]}, {}),
        ([OPENED], {"seen": {HMI1: "plc.healthy"}}, {}),
        ([], {"seen": {HMI1: ROUTE}}, {HMI1: f"seen as {ROUTE} by this run"}),
        ([OPENED], {"seen": {HMI1: ROUTE}}, {HMI1: f"seen as {ROUTE} by this run"}),
        ([], {"seen": {HMI1: None}}, {HMI1: "seen as None by this run"}),
        ([], {"unread": [HMI2]}, {HMI2: "neither it nor its journal was observed"}),
        ([], {"unread": [HMI2], "seen": {HMI2: "plc.healthy"}}, {}),
        ([OPENED], {"unread": [HMI1]}, {HMI1: f"open incident i1 since {ago(10)}"}),
        ([entry("opened", host="line1-hmi1")], {"unread": ["line1-hmi2"], "seen": {"line1-hmi3": ROUTE}}, {}),
    ],
)
def test_who_cannot_be_counted_on_and_why(
    entries: t.Any, options: dict[str, t.Any], troubled: dict[str, str]
) -> None:
    """What this run saw counts more than an older journal, and what nobody saw is not healthy."""
    state = line_state(entries, **LINE, **options)
    assert state["troubled"] == troubled and state["notes"] == []
    assert (state["line"], state["hosts"]) == ("line3", LINE["hosts"])


def test_stale_incident_is_told_and_does_not_count() -> None:
    state = line_state([entry("opened", 3000)], **LINE)
    assert state["troubled"] == {}
    assert state["notes"] == [
        f"Incident i1 of line3-hmi1 has been open since {ago(3000)}, longer than a day: close it. It stops no restart."
    ]


def test_only_hosts_of_the_line_are_restarted_with_it() -> None:
    assert line_state([], **LINE, restarting=[HMI1, "line1-hmi1"])["restarting"] == [HMI1]


# --- how an incident has gone ----------------------------------------------------------------------------------------


def tried(incident: str = "i1", minutes: float = 10, action: str = "connect", **more: t.Any) -> list[dict[str, t.Any]]:
    acted = {**entry("begin", minutes, incident), "action": action, **more}
    return [entry("opened", minutes, incident), acted, entry("unresolved", minutes, incident)]


@pytest.mark.parametrize(
    ("entries", "failed", "opened_at"),
    [
        ([], 0, NOW),
        ([OPENED], 0, ago(10)),
        (tried(), 1, ago(10)),
        (tried("i1", 40) + tried("i2", 20), 2, ago(40)),
        (tried("i1", 40) + [entry("healed", 30, "i1")] + tried("i2", 20), 1, ago(20)),
        (tried("i1", 40) + [entry("healthy", 30, "i2")] + tried("i3", 20), 1, ago(20)),
        (tried("i1", 3000) + tried("i2", 20), 1, ago(20)),
        (tried("i1", 40)[:2] + tried("i2", 20), 2, ago(40)),
        (tried("i1", 40, "write_test"), 0, ago(40)),
        (tried("i1", 40, "controller_route"), 0, ago(40)),
        (tried("i1", 40) + tried("mine", 5), 1, ago(40)),
        (tried("i1", 40) + tried("i1", 20, run="second"), 2, ago(40)),
        (tried("i1", 40) + tried("i1", 20, run="mine"), 1, ago(40)),
        ([entry("opened", 40, "a", playbook="A"), OPENED], 0, ago(10)),
        (tried("i1", 40, host=HMI2), 0, ago(40)),
        ([entry("opened", ts="?")], 0, NOW),
    ],
)
def test_course_of_an_incident_over_all_runs_that_did_not_heal_it(
    entries: t.Any, failed: int, opened_at: str
) -> None:
    """A write test proves and heals nothing; neither does a run that was healed in between count against the next."""
    course = incident_course(entries, host=HMI1, now=NOW, incident="mine", run="mine", playbook="B")
    assert (course["failed_attempts"], course["opened_at"]) == (failed, opened_at)


@pytest.mark.parametrize(
    ("severities", "stated"),
    [
        ([], None),
        ([("finding", "SEV-2")], "SEV-2"),
        ([("finding", "SEV-1"), ("unresolved", "SEV-3")], "SEV-1"),
        ([("finding", "SEV-3"), ("unresolved", "SEV-2")], "SEV-2"),
        ([("finding", "SEV-1"), ("healed", "SEV-1"), ("finding", "SEV-3")], "SEV-3"),
        ([("finding", "SEV-1"), ("closed", None), ("finding", "SEV-3")], "SEV-1"),
        ([("finding", ""), ("finding", "SEV-0"), ("finding", None), ("finding", 7)], None),
    ],
)
def test_highest_severity_told_in_an_incident(severities: t.Any, stated: str | None) -> None:
    entries = [entry(event, severity=severity, finding=ROUTE) for event, severity in severities]
    entries += [entry("finding", incident="i2", severity="SEV-1"), entry("finding", host=HMI2, severity="SEV-1")]
    told = incident_course(entries, host=HMI1, now=NOW, incident="i1")["stated"]
    assert told == ({"severity": stated, "at": ago(10), "finding": ROUTE} if stated else {})
    assert incident_course(entries, host=HMI1, now=NOW)["stated"] == {}


def test_severity_counts_from_when_it_was_first_told() -> None:
    entries = [entry("finding", minutes, severity="SEV-1") for minutes in (20, 10)]
    assert incident_course(entries, host=HMI1, now=NOW, incident="i1")["stated"]["at"] == ago(20)


# --- whatever a journal holds ----------------------------------------------------------------------------------------

WORDS = [HMI1, "i1", "healed", "opened", "begin", ROUTE, "SEV-1", "B", NOW]
VALUES = st.none() | st.integers() | st.sampled_from(WORDS)
JOURNAL = st.lists(st.dictionaries(st.sampled_from(sorted(OPENED)), VALUES, max_size=8) | VALUES, max_size=12)


@given(entries=JOURNAL)
@settings(deadline=None)
def test_no_journal_ends_in_a_traceback(entries: t.Any) -> None:
    assert recurrence(entries, host=HMI1, finding=ROUTE, now=NOW)["times"] >= 0
    assert isinstance(line_state(entries, **LINE)["troubled"], dict)
    assert incident_course(entries, host=HMI1, now=NOW, incident="i1")["failed_attempts"] >= 0
