# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The budget counts every interruption once, from journal and audit log together, and gives no free pass."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._actions import ACTIONS, is_same_target, target_of
from ansible_collections.lineops.runbook.plugins.module_utils._budget import NOTHING_SENT, budget_of
from ansible_collections.lineops.runbook.plugins.module_utils._timestamps import ms_of, utc_text

HOST = "line3-hmi1"
NOW = "2026-11-23T12:00:00.000Z"
INCIDENT = "line3-20261123T115000-line3-hmi1"


def ago(minutes: float) -> str:
    return utc_text(t.cast(int, ms_of(NOW)) - round(minutes * 60_000))


def begin(minutes: float = 10, action: str = "restart_app", **more: t.Any) -> dict[str, t.Any]:
    return {
        "ts": ago(minutes), "host": HOST, "incident": INCIDENT, "run": INCIDENT, "runner": "awx-7", "phase": "act",
        "event": "begin", "action": action, "target": "supervisor" if action.startswith("restart_") else None, **more,
    }  # fmt: skip


def end(event: str = "done", code: str | None = None, **more: t.Any) -> dict[str, t.Any]:
    return {**begin(**more), "event": event, "details": {"code": code} if code else None}


def audited(
    minutes: float = 10, request: t.Any = "927f8bae", action: str = "service_restart_scheduled", actor: str = "anna",
    **more: t.Any,
) -> dict[str, t.Any]:  # fmt: skip
    """A row as in the recording admin_logs_filter_restart."""
    details = {"delay_seconds": 1, "request_id": request}
    message = json.dumps({"action": action, "actor": actor, "details": details})
    timestamp = ago(minutes).replace("Z", "123+00:00")
    return {"id": 16, "level": "AUDIT", "module": "audit", "message": message, "timestamp": timestamp, **more}


def ours(number: int = 1, incident: str = INCIDENT) -> str:
    return f"{incident}-1a2b-{number}"


#: The log is older than this row, so that all of the window was read.
OLD = {"id": 1, "level": "WARNING", "module": "werkzeug", "message": "start", "timestamp": ago(600)}


def count(
    entries: t.Any = (), rows: t.Any = (), target: str = "supervisor", now: str = NOW, **more: t.Any
) -> dict[str, t.Any]:
    rows = None if rows is None else [*rows, OLD]
    return budget_of(entries, rows, host=HOST, target=target, now=now, **more)


# --- what counts, and how often --------------------------------------------------------------------------------------

COUNTED: list[tuple[str, t.Any, t.Any, int]] = [
    ("nothing", [], [], 0),
    ("a restart of ours", [begin(), end()], [], 1),
    ("killed in between", [begin()], [], 1),
    ("failed, nobody knows how far", [begin(), end("failed", "supervisor.timeout")], [], 1),
    ("failed without a code", [begin(), end("failed")], [], 1),
    ("not reached, or the answer was lost", [begin(), end("failed", "supervisor.unreachable")], [], 1),
    *((f"nothing was sent: {code}", [begin(), end("failed", code)], [], 0) for code in NOTHING_SENT),
    ("nothing was sent, then it was", [begin(9), end("failed", "supervisor.key_missing"), begin(8), end()], [], 1),
    ("nothing was sent, says the journal, but the audit log has it",
     [begin(), end("failed", "supervisor.key_missing")], [audited(request=ours())], 1),
    ("undone is no reason not to count", [begin(), end("undone")], [], 1),
    ("a restart by a person", [], [audited()], 1),
    ("a daemon restart by a person", [], [audited(action="daemon_restart_scheduled")], 1),
    ("a rejected one", [], [audited(action="daemon_restart_rejected")], 0),
    ("another action of the audit log", [], [audited(action="backup_create")], 0),
    ("the warnings beside the audit row", [], [audited(), audited(module="web_manager", level="WARNING")], 1),
    ("rows of one request", [], [audited(10.1), audited(10)], 1),
    ("two requests", [], [audited(request="a"), audited(request="b")], 2),
    ("two requests without an id", [], [audited(request=None), audited(request=None)], 2),
    ("ours, seen twice", [begin(), end()], [audited(request=ours())], 1),
    ("ours and a person's", [begin(), end()], [audited(request=ours()), audited()], 2),
    ("two of ours, seen twice", [begin(9), end(), begin(8), end()], [audited(9, ours(1)), audited(8, ours(2))], 2),
    ("a second request of the same incident", [begin()], [audited(9, ours(1)), audited(8, ours(2))], 2),
    ("ours, by another way than the audit log has it", [begin(action="restart_host")], [audited(request=ours())], 2),
    ("a daemon restart of ours, seen twice", [begin(action="restart_daemon")],
     [audited(request=ours(), action="daemon_restart_scheduled")], 1),
    ("an incident with the same beginning", [begin(incident="line3-1")], [audited(request="line3-11-1a2b-1")], 2),
    ("of two incidents that fit the longer one is meant",
     [begin(incident="a", run="r1"), begin(incident="a-b", run="r2")],
     [audited(request="a-b-1a2b-1"), audited(request="a-1a2b-1")], 2),
    ("an incident that no header can carry as it is", [begin(incident="Öl-1")], [audited(request="?l-1-1a2b-1")], 1),
    ("rows of one request, the older one outside", [], [audited(70), audited(50)], 1),
    ("rows of one request, the newer one first", [], [audited(50), audited(70)], 1),
    ("an incident longer than a header", [begin(incident="i" * 130)], [audited(request=f"{'i' * 120}-1")], 1),
    ("a very long incident", [begin(incident="i" * 118)], [audited(request=f"{'i' * 118}-1-1")], 1),
    ("the journal is lost", [], [audited(9, ours(1)), audited(8, ours(2)), audited(7, ours(3))], 3),
    ("half of the journal is lost", [begin(8)], [audited(9, ours(1)), audited(8, ours(2))], 2),
    ("of another host", [begin(host="line3-hmi2")], [], 0),
    ("of a host that it does not say", [begin(host=None)], [], 1),
    ("of another target", [begin(action="connect", plc="plc_001")], [], 0),
    ("what interrupts nothing", [begin(action=one, target=None) for one in ("route", "write_test")], [], 0),
    ("half of a reconnect", [begin(action="disconnect", plc="plc_001", target="supervisor")], [], 0),
    ("an action of a newer version", [begin(action="restart_planet")], [], 1),
    ("and one of its actions without a target", [begin(action="look_around", target=None)], [], 0),
    ("older than the window", [begin(60)], [audited(60.01)], 0),
    ("just in the window", [begin(59.99)], [audited(59.99)], 2),
    ("ours, and only its audit row is still in the window", [begin(60.01)], [audited(59.99, ours())], 1),
    ("in the future", [begin(-10)], [audited(-10)], 2),
    ("far in the future", [begin(ts="9999-12-31T23:59:59Z")], [], 1),
    ("without a time", [begin(ts=None)], [audited(timestamp=None)], 2),
    ("with a time that is none", [begin(ts="yesterday")], [audited(timestamp="soon")], 2),
    ("a time in the other field", [], [audited(timestamp="soon", created_at="2026-11-23 10:00:00")], 0),
    ("a row of one request without a time", [], [audited(70), audited(timestamp=None)], 1),
    ("several undos of one act", [begin(undo={"do": "start", "camera": name}) for name in "abc"], [], 1),
    ("the same undo again is another act", [begin(undo={"do": "x"}), begin(undo={"do": "x"})], [], 2),
    ("another undo, a minute later", [begin(9, undo={"a": 1}), begin(8, undo={"b": 1})], [], 2),
    ("another undo, after an end", [begin(undo={"a": 1}), end(), begin(undo={"b": 1})], [], 2),
    ("the same time in another run", [begin(undo={"a": 1}), begin(undo={"b": 1}, run="other")], [], 2),
    ("garbage in the journal", [None, 5, "x", [], {}, {"action": []}, {"event": "begin"}, begin(undo=[{}])], [], 1),
    ("garbage in the audit log", [],
     [None, 5, "x", [], {}, {"module": "audit"}, *(audited(message=one) for one in ("{", 7, "[" * 9999))], 0),
    ("a torn row that names a restart", [], [audited(message='{"action": "service_restart_scheduled", "act')], 1),
    ("a row that is only a text", [], ["… service_restart_scheduled …"], 1),
    ("a log text that quotes one", [], [audited(module="web_manager")], 0),
    ("details that are none", [], [audited(message='{"action": "service_restart_scheduled", "details": 7}')], 1),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "rows", "used"), [row[1:] for row in COUNTED], ids=[row[0] for row in COUNTED])
def test_every_interruption_counts_once(entries: t.Any, rows: t.Any, used: int) -> None:
    result = count(entries, rows, limit=3)
    assert (result["used"], len(result["counted"])) == (used, used)
    assert (result["left"], result["allowed"]) == (3 - used, used < 3)
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    ("target", "entry", "counts"),
    [
        ("plc:plc_001", begin(action="connect", plc="plc_001"), True),
        ("plc:plc_001", begin(action="connect", target="plc:plc_001"), True),
        ("plc:plc_001", begin(action="connect", plc="plc_002"), False),
        ("plc:plc_001", begin(action="connect", plc=None), True),
        ("plc:plc_001", begin(), False),
        ("stream:cam1", begin(action="restart_stream", target="stream:cam1"), True),
        ("stream:cam1", begin(action="restart_stream", target="stream:cam2"), False),
        ("stream:cam1", begin(action="restart_stream", target=None), True),
        ("stream:cam1", begin(action="restart_stream", target=7), True),
        ("supervisor", begin(action="restart_host", target=None), True),
    ],
)
def test_target_of_an_entry(target: str, entry: dict[str, t.Any], counts: bool) -> None:
    """An entry that does not name its target could be about any of its kind."""
    assert count([entry], target=target)["used"] == int(counts)


def test_who_did_what_when_and_where_it_is_written() -> None:
    result = count([begin(20)], [audited(10), audited(30, actor="10.0.0.9", action="daemon_restart_scheduled")])
    assert result["counted"] == [
        {"ts": "2026-11-23T11:30:00.000Z", "who": "10.0.0.9", "action": "restart_daemon", "source": "audit"},
        {"ts": "2026-11-23T11:40:00.000Z", "who": "awx-7", "action": "restart_app", "source": "journal"},
        {"ts": "2026-11-23T11:50:00.000Z", "who": "anna", "action": "restart_app", "source": "audit"},
    ]
    assert count([begin(runner=None, ts=None)], [audited(actor="")])["counted"][0] == {
        "ts": None, "who": "unknown", "action": "restart_app", "source": "journal"}  # fmt: skip


# --- when the next is allowed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "limit", "free_in"),
    [
        ([], 3, None),
        ([10, 20], 3, None),
        ([10, 20, 30], 3, 30),
        ([10, 20, 30, 40], 3, 30),
        ([-5, 20, 30], 3, 30),
        ([-5, -6, -7], 3, 65),
        ([5], 1, 55),
        ([], 0, None),
        ([5], 0, None),
    ],
)
def test_next_free_at_is_when_the_budget_has_room(minutes: list[float], limit: int, free_in: float | None) -> None:
    entries = [begin(minute, incident=f"i{number}") for number, minute in enumerate(minutes)]
    result = count(entries, limit=limit)
    assert result["next_free_at"] == (None if free_in is None else ago(-free_in))
    if free_in is not None:
        assert count(entries, limit=limit, now=ago(-free_in))["allowed"]
        assert not count(entries, limit=limit, now=ago(-free_in + 0.001))["allowed"]


def test_what_has_no_time_does_not_get_free_by_itself() -> None:
    result = count([begin(ts="?", incident=f"i{number}") for number in range(3)])
    assert (result["allowed"], result["next_free_at"]) == (False, None)
    assert result["sentence"].endswith("allowed: 3. It does not get free by itself.")
    assert not count([begin(ts="?", incident=f"i{n}") for n in range(3)], now="2036-01-01T00:00:00Z")["allowed"]


def test_clock_that_cannot_be_read_gives_no_room() -> None:
    assert count([begin(6000, incident=f"i{n}") for n in range(3)], now="garbage")["allowed"] is False


# --- what was not observed -------------------------------------------------------------------------------------------

READ, UNREAD = "observed", "not observed"


@pytest.mark.parametrize(
    ("entries", "rows", "target", "sources", "allowed"),
    [
        ([], [], "supervisor", (READ, READ), True),
        (None, [], "supervisor", (UNREAD, READ), True),
        ([], None, "supervisor", (READ, UNREAD), True),
        (None, None, "supervisor", (UNREAD, UNREAD), False),
        (None, [audited(n, str(n)) for n in (1, 2, 3)], "supervisor", (UNREAD, READ), False),
        ([], None, "plc:plc_001", (READ, "not concerned"), True),
        (None, [], "plc:plc_001", (UNREAD, "not concerned"), False),
    ],
)
def test_what_was_not_observed_is_said_and_no_free_pass(
    entries: t.Any, rows: t.Any, target: str, sources: tuple[str, str], allowed: bool
) -> None:
    """Unknown is not healthy (DESIGN §7.13)."""
    result = count(entries, rows, target)
    assert (result["sources"], result["allowed"]) == (dict(zip(("journal", "audit"), sources)), allowed)
    if READ not in sources:
        assert result["left"] == 0 and "neither in the journal" in result["sentence"]
    else:
        said = " ".join(result["notes"])
        assert ("The journal was not read" in said) == (sources[0] == UNREAD)
        assert ("restarts by people are not counted" in said) == (sources[1] == UNREAD)


@pytest.mark.parametrize(
    ("rows", "audit"),
    [
        ([audited(10)], "observed in part"),
        ([audited(10), {**OLD, "id": 7}], READ),
        ([audited(10, id=1)], READ),
        ([audited(10), {"id": 1}], READ),
        ([], READ),
    ],
)
def test_log_that_was_not_read_back_to_the_start_of_the_window_is_said(rows: t.Any, audit: str) -> None:
    """A busy log pushes a restart of half an hour ago out of the newest 50 rows."""
    result = budget_of([], rows, host=HOST, target="supervisor", now=NOW)
    assert result["sources"]["audit"] == audit
    since = "2026-11-23T11:50:00.000Z"
    said = f"The supervisor's audit log was read back to {since} only; older restarts by people are not counted."
    assert (said in result["notes"]) == (audit != READ)


@pytest.mark.parametrize(
    ("entries", "rows", "note"),
    [
        ([begin(-1)], [], "With a time in the future, so that a clock must be wrong: 1. They count."),
        ([begin(ts="x")], [audited(timestamp="y")],
         "Without a time that can be read: 2. They count until a person has looked."),
        ([], [audited(message="{")],
         "Rows of the supervisor's audit log that nobody understands: 1. A restart that hides there is not counted."),
        ([begin(-0.05)], [], None),
    ],
)  # fmt: skip
def test_rows_that_are_not_as_they_should_be_are_said(entries: t.Any, rows: t.Any, note: str | None) -> None:
    assert count(entries, rows)["notes"] == ([note] if note else [])


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "options", "sentence"),
    [
        ([begin()], {}, "Interruptions of the supervisor of line3-hmi1 in the last 60 min: 1 of 3."),
        ([begin()], {"language": "de", "window_s": 90},
         "Unterbrechungen in den letzten 1.5 min (der Supervisor von line3-hmi1): 0 von 3."),
        ([begin()], {"limit": 1},
         "The budget is used up; interruptions of the supervisor of line3-hmi1 in the last 60 min: 1, allowed: 1."
         " The next is allowed from 2026-11-23T12:50:00.000Z."),
        ([], {"target": "plc:{host}", "language": "de"},
         "Unterbrechungen in den letzten 60 min (die PLC-Verbindung {host} von line3-hmi1): 0 von 3."),
        ([], {"target": "stream:a:b"}, "Interruptions of the stream a:b of line3-hmi1 in the last 60 min: 0 of 3."),
        ([], {"target": "turnstile"}, "Interruptions of turnstile of line3-hmi1 in the last 60 min: 0 of 3."),
    ],
)  # fmt: skip
def test_sentence(entries: t.Any, options: dict[str, t.Any], sentence: str) -> None:
    assert count(entries, **options)["sentence"] == sentence


# --- whatever happens ------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["begin", "restart_app", "audit", NOW])
FIELDS = st.sampled_from(
    ["ts", "host", "event", "action", "target", "undo", "details", "incident", "module", "message", "id", "timestamp"])
GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=8),
    max_leaves=12,
)  # fmt: skip
MINUTES = st.integers(-90, 150)
ENTRIES = st.lists(
    st.builds(
        begin, MINUTES, st.sampled_from(["restart_app", "restart_daemon", "restart_host", "connect"]),
        incident=st.sampled_from(["a", "a-b", INCIDENT]), undo=st.sampled_from([None, {"x": 1}]),
        event=st.sampled_from(["begin", "begin", "done", "failed"]), ts=st.none() | st.builds(ago, MINUTES)) | GARBAGE,
    max_size=8,
)  # fmt: skip
ROWS = st.lists(
    st.builds(
        audited, MINUTES, st.sampled_from(["x", "a-1-1", "a-b-1-1", "a-b-1-2", ours(1), ours(2), None]),
        st.sampled_from(["service_restart_scheduled", "daemon_restart_scheduled", "daemon_restart_rejected"]),
    ) | GARBAGE,
    max_size=8,
)  # fmt: skip


@given(entries=ENTRIES, rows=ROWS, more_entries=ENTRIES, more_rows=ROWS)
@settings(deadline=None, max_examples=300)
def test_more_rows_never_make_more_room(entries: t.Any, rows: t.Any, more_entries: t.Any, more_rows: t.Any) -> None:
    """Neither in the journal, which only grows at its end, nor in the audit log, however the two are paired."""
    before, after = count(entries, rows, limit=30), count(entries + more_entries, rows + more_rows, limit=30)
    assert after["left"] <= before["left"]
    assert count(entries, None, limit=30)["left"] >= before["left"]
    assert count(None, rows, limit=30)["left"] >= before["left"]


@given(
    tries=st.lists(st.tuples(st.integers(0, 1_500_000), st.booleans(), st.booleans()), max_size=40),
    limit=st.integers(0, 4),
)
@settings(deadline=None, max_examples=150)
def test_no_window_ever_has_more_than_the_limit(tries: list[tuple[int, bool, bool]], limit: int) -> None:
    """Runs come at any time, are killed or not, and the journal is lost now and then: the audit log is left."""
    now = t.cast(int, ms_of(NOW))
    entries: list[dict[str, t.Any]] = []
    rows: list[dict[str, t.Any]] = []
    done: list[int] = []
    for number, (pause, is_killed, is_lost) in enumerate(tries):
        now += pause
        at, incident = utc_text(now), f"i{number}"
        entries = [] if is_lost else entries
        if not count(entries, rows, now=at, limit=limit)["allowed"]:
            continue
        done.append(now)
        entries.append(begin(ts=at, incident=incident, run=incident))
        rows.append(audited(request=f"{incident}-1a2b-1", timestamp=at))
        if not is_killed:
            entries.append({**entries[-1], "event": "done"})
    assert all(sum(start <= at < start + 3_600_000 for at in done) <= limit for start in done)


@given(entries=st.lists(GARBAGE, max_size=6), rows=st.lists(GARBAGE, max_size=6), target=st.text(max_size=8))
@settings(deadline=None)
def test_no_rows_end_in_a_traceback(entries: t.Any, rows: t.Any, target: str) -> None:
    result = count(entries, rows, target)
    assert result["allowed"] == (result["used"] < 3) and isinstance(result["sentence"], str)


# --- the table of actions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_row_of_the_table_says_why(name: str) -> None:
    row = ACTIONS[name]
    assert row.why.endswith((".", ")"))
    assert row.interrupts in ("", "plc", "supervisor", "stream")
    assert row.is_counted <= bool(row.interrupts) and (row.is_irreversible and bool(row.interrupts)) <= row.is_counted


def test_what_is_counted_is_what_was_agreed() -> None:
    """A journal of an older version must mean the same to a newer one."""
    assert sorted(name for name, row in ACTIONS.items() if row.is_counted) == [
        "connect", "restart_app", "restart_container", "restart_daemon", "restart_host", "restart_stream", "ring_session"]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "target"),
    [
        ({"name": "connect", "plc": "plc_001"}, "plc:plc_001"),
        ({"name": "disconnect", "plc": "plc_001"}, "plc:plc_001"),
        ({"action": "connect"}, "plc"),
        ({"name": "route", "plc": "plc_001"}, ""),
        ({"name": "restart_app", "plc": "plc_001"}, "supervisor"),
        ({"name": "restart_stream", "target": "stream:cam1"}, "stream:cam1"),
        ({"name": "no_such_action"}, "supervisor"),
        ({}, "supervisor"),
        ({"name": []}, "supervisor"),
    ],
)
def test_target_of_a_step(step: dict[str, t.Any], target: str) -> None:
    assert target_of(step) == target


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("plc:1", "plc:1", True), ("plc:1", "plc:2", False), ("plc", "plc:2", True), ("plc:2", "plc", True),
        ("plc", "stream:plc", False), ("supervisor", "supervisor", True), ("", "plc:1", True), ("plc:1", "", True),
    ],
)  # fmt: skip
def test_target_without_a_name_may_be_any_of_its_kind(one: str, other: str, same: bool) -> None:
    assert is_same_target(one, other) is same
