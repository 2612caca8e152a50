# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may take which lease, when; and what is said of it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._lease_rules import (
    decide,
    holder_of,
    is_lease,
    is_plain,
    sentence,
    taken_over_from,
    taken_sentence,
    ttl_of,
)

ANNA = {"controller": "boot-1:100", "pid": 4711, "started": 99, "node": "ops1"}
LEASE: dict[str, t.Any] = {
    "id": "aa", "owner": ANNA, "incident": "i-1", "runner": "shell-anna", "purpose": "Playbook B", "ttl_s": 120.0,
    "taken_at": "2026-01-01T10:00:00.000Z", "renewed_at": "2026-01-01T10:00:00.000Z",
    "expires_at": "2026-01-01T10:02:00.000Z",
}  # fmt: skip
IN_TIME, ON_THE_DOT, LATE = "2026-01-01T10:01:59.999Z", "2026-01-01T10:02:00.000Z", "2026-01-01T10:05:00.000Z"


def other(**changes: t.Any) -> dict[str, t.Any]:
    """Another owner, that differs from Anna's run by this."""
    return {"owner": {**ANNA, **changes}}


@pytest.mark.parametrize(
    ("claim", "in_time", "late"),
    [
        # the same process, whatever it says; one more field makes it another
        ({"owner": ANNA}, "own", "own"),
        (other(node="renamed"), "own", "own"),
        (other(pid=4712), "busy", "expired"),
        (other(started=100), "busy", "expired"),
        (other(controller="boot-1:101"), "busy", "expired"),
        ({}, "busy", "expired"),
        ({"owner": None}, "busy", "expired"),
        # who names its lease gets that one or none
        ({"lease_id": "aa"}, "own", "own"),
        ({"lease_id": "aa", **other(pid=1)}, "own", "own"),
        ({"lease_id": "bb", "owner": ANNA}, "lost", "lost"),
        ({"lease_id": "bb", "holder_gone": "aa"}, "lost", "lost"),
        # the holder was seen to be gone: that very one, not one that came after
        ({"holder_gone": "aa", **other(pid=1)}, "holder_dead", "expired"),
        ({"holder_gone": "bb", **other(pid=1)}, "busy", "expired"),
    ],
)
def test_who_may_take_a_lease(claim: dict[str, t.Any], in_time: str, late: str) -> None:
    assert decide(LEASE, claim, IN_TIME) == in_time
    assert decide(LEASE, claim, ON_THE_DOT) == decide(LEASE, claim, LATE) == late


@pytest.mark.parametrize("claim", [{}, {"owner": ANNA}, {"holder_gone": "aa"}])
def test_what_nobody_holds_is_free_but_not_for_who_lost_it(claim: dict[str, t.Any]) -> None:
    assert decide(None, claim, IN_TIME) == "free"
    assert decide(None, {**claim, "lease_id": "aa"}, IN_TIME) == "lost"


@pytest.mark.parametrize("missing", ["controller", "pid", "started"])
@pytest.mark.parametrize("nothing", [None, "", 0])
def test_process_that_cannot_be_known_again_owns_nothing(missing: str, nothing: t.Any) -> None:
    """Two controllers outside Linux both have no id; they are not the same for that."""
    unknown = {**ANNA, missing: nothing}
    assert decide({**LEASE, "owner": unknown}, {"owner": unknown}, IN_TIME) == "busy"


def test_lease_that_is_not_readable_is_nobodys_own() -> None:
    unreadable = {**LEASE, "id": "", "owner": {}, "unreadable": True, "incident": None}
    for claim in ({"holder_gone": ""}, {"owner": {}}, {"lease_id": ""}):
        assert decide(unreadable, claim, IN_TIME) == "busy"
    assert taken_over_from(unreadable, decide(unreadable, {}, LATE)) == {
        "reason": "unreadable", "incident": None, "from": "shell-anna", "since": LEASE["taken_at"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("deadline_s", "ttl_s"), [(0, 120), (60, 120), (60.5, 120.5), (300, 360), (3600, 3660)]
)
def test_lease_outlives_the_action_by_a_minute_and_lasts_two_at_least(deadline_s: float, ttl_s: float) -> None:
    assert ttl_of(deadline_s) == ttl_s


@pytest.mark.parametrize(
    "host", ["line3-hmi1", "hmi1.line3.example", "10.30.0.11", "fe80::1", "Prüfstand_1", "0" * 200]
)
def test_names_that_inventories_have_are_plain(host: str) -> None:
    assert is_plain(host)


@pytest.mark.parametrize(
    "host",
    ["", ".", "..", ".hidden", "../x", "a/b", "/etc/passwd", "a\\b", "a\x00", "a\n", "a b", "-rf", "{{ 1/0 }}", "a;b",
     "0" * 201],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_not(host: str) -> None:
    assert not is_plain(host)


@pytest.mark.parametrize(
    "content",
    [None, [], "x", {}, *({name: value for name, value in LEASE.items() if name != left} for left in
                          ("id", "owner", "ttl_s", "taken_at", "renewed_at", "expires_at")),
     {**LEASE, "id": ""}, {**LEASE, "id": 5}, {**LEASE, "owner": "anna"}, {**LEASE, "expires_at": None},
     {**LEASE, "ttl_s": "120"}, {**LEASE, "ttl_s": 0}, {**LEASE, "ttl_s": 1e9}, {**LEASE, "ttl_s": float("nan")}],
)  # fmt: skip
def test_content_that_nothing_can_be_decided_on_is_no_lease(content: t.Any) -> None:
    assert is_lease(LEASE)
    assert not is_lease(content)


def test_holder_is_told_with_all_that_leads_to_him() -> None:
    assert holder_of(None) is None
    assert holder_of(LEASE) == {
        "runner": "shell-anna", "incident": "i-1", "line": None, "purpose": "Playbook B", "owner": ANNA,
        "since": LEASE["taken_at"], "lease_id": "aa",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "h1 is held by shell-anna on ops1 (Playbook B, i-1) until 2026-01-01T10:02:00.000Z."),
        ({"runner": None, "purpose": ""}, "h1 is held by an unnamed runner on ops1 (i-1) until 2026-01-01T10:02:00.000Z."),
        ({"owner": {}, "purpose": "", "incident": None}, "h1 is held by shell-anna until 2026-01-01T10:02:00.000Z."),
        ({"purpose": "{{ 1/0 }}", "incident": "<script>"},
         "h1 is held by shell-anna on ops1 ({{ 1/0 }}, <script>) until 2026-01-01T10:02:00.000Z."),
        ({"unreadable": True, "id": "", "owner": {}},
         "The lease of h1 is not readable, so it counts as held until 2026-01-01T10:02:00.000Z."),
    ],
)  # fmt: skip
def test_one_sentence_says_who_and_until_when(changes: dict[str, t.Any], expected: str) -> None:
    assert sentence("h1", {**LEASE, **changes}) == expected


@pytest.mark.parametrize(
    ("taken_over", "expected"),
    [
        (None, "h1 is held by this run until T."),
        ({"reason": "expired", "incident": "i-1", "from": "awx-7"},
         "h1 is held by this run until T; the lease of awx-7 had expired, and its incident i-1 goes on."),
        ({"reason": "holder_dead", "incident": None, "from": None},
         "h1 is held by this run until T; the process of an unnamed runner is gone."),
        ({"reason": "unreadable", "incident": None, "from": None},
         "h1 is held by this run until T; the lease before was not readable and is older than a lease can be."),
    ],
)  # fmt: skip
def test_one_sentence_says_from_whom_it_was_taken_over(taken_over: dict[str, t.Any] | None, expected: str) -> None:
    assert taken_sentence("h1", "T", taken_over) == expected


@pytest.mark.parametrize("verdict", ["free", "own"])
def test_who_takes_what_is_free_or_its_own_takes_over_from_nobody(verdict: str) -> None:
    assert taken_over_from(LEASE, verdict) is None
    assert taken_over_from(None, verdict) is None
