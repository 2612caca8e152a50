# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the entries of a journal mean: which ones are asked for, and what an interrupted run left."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos, select

HOST = "line3-hmi1"

# --- what somebody asks for ------------------------------------------------------------------------------------------

# In the order of the file: the second writer's clock is ten minutes behind.
ENTRIES = [
    {"ts": "2026-01-01T10:00:00.000Z", "incident": "i-1", "host": "h1", "event": "opened", "finding": None},
    {"ts": "2026-01-01T09:50:01.000Z", "incident": "i-2", "host": "h2", "event": "finding", "finding": "plc.off"},
    {"ts": "2026-01-01T10:00:02.000Z", "incident": "i-1", "host": "h1", "event": "finding", "finding": "plc.off"},
    {"ts": "2026-01-01T09:50:03.000Z", "incident": "i-2", "host": "h2", "event": "healed", "finding": "plc.off"},
    {"ts": "2026-01-01T10:00:04.000Z", "incident": "i-1", "host": "h1", "event": "healed", "phase": "close"},
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"incident": "i-1"}, [0, 2, 4]),
        ({"incident": "i-1", "event": "finding"}, [2]),
        ({"finding": "plc.off"}, [1, 2, 3]),
        ({"host": "h2", "finding": "plc.off", "event": None}, [1, 3]),
        ({"incident": "unknown"}, []),
        ({"phases": ["close", "escalate"], "host": "h1"}, [4]),
        ({"since": "2026-01-01T10:00:00.000Z"}, [0, 2, 4]),
        ({"until": "2026-01-01T10:00:00.000Z"}, [1, 3]),
        ({"since": "2026-01-01T09:50:03.000Z", "until": "2026-01-01T10:00:02.000Z"}, [0, 3]),
        ({"since": "2026-01-01T10:00:02.000Z", "host": "h2"}, []),
    ],
)
def test_entries_are_found_one_by_one_also_where_times_run_backwards(asked: dict[str, t.Any], found: list[int]) -> None:
    """Looking for the first and the last that fit would lose what a clock that is behind wrote in between."""
    assert select(ENTRIES, **asked) == [ENTRIES[number] for number in found]


def test_entry_without_a_time_is_in_no_span_and_breaks_nothing() -> None:
    assert select([{}, {"ts": None}, {"ts": 5}], since="2026-01-01T00:00:00.000Z", until="2027") == []


# --- what is still to be undone --------------------------------------------------------------------------------------

UNDO = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}
ROUTE = {"do": "remove_controller_route", "must": True, "plc": "plc_001"}
# Action -> the undo of its entries; an entry that settles carries the same undo as the one that began.
UNDOS = {
    "write_test": UNDO, "namespaces": UNDO, "write_rest": UNDO, "controller_route": ROUTE, "remove_controller_route": ROUTE,
    "connect": {"do": "disconnect", "must": False},
}  # fmt: skip


def line(event: str, action: str = "write_test", plc: str = "plc_001", host: str = HOST, **more: t.Any) -> dict[str, t.Any]:
    undo = {**UNDOS[action], "plc": plc} if action in UNDOS else None
    return {"host": host, "event": event, "action": action, "plc": plc, "undo": undo, "ts": "T", "incident": "i-1", **more}


BEGUN = line("begin")
ADDED = line("begin", "controller_route")
OTHER = {**UNDO, "variable": "GVL.bOpsTest"}


@pytest.mark.parametrize(
    ("entries", "open_on"),
    [
        ([], []),
        ([BEGUN], ["plc_001"]),
        ([BEGUN, line("done")], []),
        ([BEGUN, line("undone", "write_rest")], []),
        ([BEGUN, line("failed")], ["plc_001"]),
        ([BEGUN, line("done", "connect")], ["plc_001"]),
        ([BEGUN, line("done", plc="plc_002")], ["plc_001"]),
        ([BEGUN, line("done", host="line3-hmi2")], ["plc_001"]),
        ([BEGUN, line("done"), BEGUN], ["plc_001"]),
        ([line("done"), BEGUN], ["plc_001"]),
        ([BEGUN, BEGUN, line("done")], []),
        ([BEGUN, line("begin", plc="plc_002")], ["plc_002", "plc_001"]),
        ([BEGUN, line("done", "namespaces")], []),
        ([BEGUN, line("done", "reboot", undo=UNDO)], ["plc_001"]),
        ([BEGUN, line("done", undo=None)], ["plc_001"]),
        ([BEGUN, line("done", undo=OTHER)], ["plc_001"]),
        ([BEGUN, line("done", undo={**UNDO, "value": True})], ["plc_001"]),
        ([BEGUN, line("begin", undo=OTHER), line("done")], ["plc_001"]),
        ([BEGUN, line("begin", undo=OTHER), line("done"), line("done", undo=OTHER)], []),
        ([ADDED], ["plc_001"]),
        ([ADDED, line("done", "controller_route")], ["plc_001"]),
        ([ADDED, line("done")], ["plc_001"]),
        ([ADDED, line("undone", "remove_controller_route")], []),
        ([ADDED, line("undone", "remove_controller_route", plc="plc_002")], ["plc_001"]),
        ([ADDED, BEGUN, line("undone", "write_rest")], ["plc_001"]),
        ([line("begin", host="line3-hmi2")], []),
        ([line("begin", undo={**UNDO, "must": False})], []),
        ([line("begin", undo={"do": "reboot", "must": True})], []),
        ([line("begin", "disconnect", undo={"do": "connect", "must": False})], []),
        ([{}, {"host": HOST}, {"host": HOST, "event": "begin", "undo": None}], []),
    ],
)
def test_what_an_interrupted_run_left(entries: list[dict[str, t.Any]], open_on: list[str]) -> None:
    assert [undo["plc"] for undo in open_undos(entries, HOST)] == open_on


def test_open_undo_says_all_that_is_needed_to_do_it() -> None:
    assert open_undos([BEGUN], HOST) == [{**UNDO, "incident": "i-1", "begun_at": "T", "action": "write_test"}]


def test_a_later_begin_of_the_same_replaces_an_earlier_one() -> None:
    (undo,) = open_undos([BEGUN, line("begin", ts="T2")], HOST)
    assert undo["begun_at"] == "T2"


def test_rest_values_that_differ_are_both_open_and_the_newest_comes_first() -> None:
    """The inventory may have changed meanwhile; neither entry settles the other."""
    newer = line("begin", ts="T2", undo={**UNDO, "value": True})
    assert [(undo["value"], undo["begun_at"]) for undo in open_undos([BEGUN, newer], HOST)] == [(True, "T2"), (False, "T")]


def test_undos_survive_the_way_through_the_file(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path))
    journal.append([{name: BEGUN[name] for name in ("host", "event", "action", "plc", "undo", "incident")}])
    (undo,) = open_undos(journal.read(), HOST)
    assert {name: undo[name] for name in UNDO} == UNDO
