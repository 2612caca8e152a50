# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against a plan: one table of situations, and what a person may override."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _guards
from ansible_collections.lineops.runbook.plugins.module_utils._actions import ACTIONS
from ansible_collections.lineops.runbook.plugins.module_utils._budget import budget_of
from ansible_collections.lineops.runbook.plugins.module_utils._guards import (
    dead_links,
    guard,
    interlock_state,
)
from ansible_collections.lineops.runbook.plugins.module_utils._incidents import line_state

HMI = "line3-hmi1"
INCIDENT = "line3-20261123T115000-line3-hmi1"
NOW = "2026-11-23T12:00:00.000Z"
PLC = {"id": "plc_001"}
DEAD = ["plc:plc_001"]
STEPS = ("disconnect", "route", "connect", "write_test", "namespaces")
RECONNECT = [{"name": name, "plc": "plc_001"} for name in STEPS]
STREAM_ACTIONS = ("restart_stream", "ring_session")
CAMERAS = [{"name": "restart_stream", "target": f"stream:cam{number}"} for number in (1, 2)]
HARMLESS = [{"name": name, "plc": "plc_001"} for name in ("route", "write_test", "namespaces", "controller_route")]
RESTARTS = ["restart_app", "restart_daemon", "restart_host"]
WANTED = {"variable": "MAIN.bSafeToRestart", "safe_value": True}
#: As ads_probe tells it.
SEEN = {"variable": "MAIN.bSafeToRestart", "value": True, "safe": True, "reason": ""}


def budget(target: str, used: int = 0, **more: t.Any) -> dict[str, t.Any]:
    entries = [
        {"event": "begin", "action": "x", "target": target, "host": HMI, "ts": NOW, "incident": f"i{number}"}
        for number in range(used)
    ]
    return {**budget_of(entries, [], host=HMI, target=target, now=NOW), **more}


FREE = [budget(target) for target in ("supervisor", "plc:plc_001", "stream:cam1", "stream:cam2")]


def line(number: int, *troubled: str, restarting: t.Sequence[str] = ()) -> dict[str, t.Any]:
    hosts = [f"line3-hmi{one}" for one in range(1, number + 1)]
    seen = dict.fromkeys(troubled, "plc.silent")
    return line_state([], line="line3", hosts=hosts, now=NOW, seen=seen, restarting=restarting)


def asked(actions: t.Any, **more: t.Any) -> dict[str, t.Any]:
    """The guards in a situation in which all is well, changed by more."""
    well = {
        "host": HMI, "line": "line3", "frozen": False, "interlock": None, "budget": FREE, "lease_held": True,
        "journal_writable": True, "line_state": line(2), "confirm": "", "incident": INCIDENT,
    }  # fmt: skip
    return guard(actions, **{**well, **more})


def codes(actions: t.Any, **more: t.Any) -> list[str]:
    return [one["code"] for one in asked(actions, **more)["refusals"]]


@pytest.mark.parametrize("name", [*ACTIONS, "no_such_action"])
def test_nothing_speaks_against_an_action_where_all_is_well(name: str) -> None:
    assert asked([{"name": name, "plc": "plc_001", "target": "stream:cam1" if name in STREAM_ACTIONS else None}]) == {
        "refusals": [], "notes": []}  # fmt: skip


def test_nothing_to_do_is_never_refused() -> None:
    told = asked([], frozen=True, lease_held=False, confirm="x", journal_writable=False)
    assert told == {"refusals": [], "notes": []}


# --- before every action ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ACTIONS, "no_such_action"])
@pytest.mark.parametrize(
    ("situation", "code"),
    [
        ({"frozen": True}, "freeze.on"),
        ({"frozen": "true"}, "freeze.on"),
        ({"frozen": "false"}, "freeze.on"),
        ({"interlock": interlock_state(WANTED, {**SEEN, "value": False})}, "interlock.unsafe"),
        ({"lease_held": False}, "lease.not_held"),
        ({"confirm": "line1"}, "confirm.mistake"),
        ({"confirm": True}, "confirm.mistake"),
        ({"confirm": f"{INCIDENT}x"}, "confirm.mistake"),
    ],
)
def test_what_is_asked_before_every_action_and_cannot_be_overridden(
    name: str, situation: dict[str, t.Any], code: str
) -> None:
    """A frozen line and an unsafe interlock allow looking only (DESIGN §7.10)."""
    step = {"name": name, "plc": "plc_001", "target": "stream:cam1" if name in STREAM_ACTIONS else None}
    for confirm in ({}, {"confirm": "line3"}, {"confirm": INCIDENT}):
        told = asked([step], **{**confirm, **situation}, proven_dead=[*DEAD, "stream:cam1"])
        assert [(one["code"], one["override"]) for one in told["refusals"]] == [(code, "")]


@pytest.mark.parametrize("frozen", [False, None])
def test_not_frozen(frozen: t.Any) -> None:
    assert codes(RESTARTS, frozen=frozen) == []


@pytest.mark.parametrize("confirm", [None, "", "line3", INCIDENT, "all"])
def test_confirmation_that_is_no_mistake(confirm: t.Any) -> None:
    assert codes(RESTARTS, confirm=confirm) == []


# --- the interlock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "observed"),
    [
        (SEEN, True),
        ({**SEEN, "value": False, "safe": False}, True),
        ({**SEEN, "value": None, "safe": None, "reason": "The router closed."}, False),
        ({**SEEN, "variable": "MAIN.bOther"}, False),
        ({}, False),
        (None, False),
        ("x", False),
    ],
)
def test_interlock_is_observed_by_a_direct_read_of_its_own_variable(seen: t.Any, observed: bool) -> None:
    told = interlock_state(WANTED, seen)
    assert told is not None and told["observed"] is observed
    assert (told["variable"], told["safe_value"]) == ("MAIN.bSafeToRestart", True)


@pytest.mark.parametrize("wanted", [None, "", "MAIN.bSafe", []])
def test_line_without_an_interlock(wanted: t.Any) -> None:
    assert interlock_state(wanted, {}) is None
    assert codes(RESTARTS, interlock=interlock_state(wanted, {})) == []


@pytest.mark.parametrize(
    ("safe", "value", "is_safe"),
    [
        (True, True, True), (True, 1, True), (True, False, False), (True, "True", False), (False, 0, True),
        (False, "", False), (3, 3, True), (3, 3.0, True), (3, 4, False), (3, "3", False), ("OFF", "OFF", True),
        ("OFF", "ON", False), (None, 0, False),
    ],
)  # fmt: skip
def test_value_is_safe_only_if_it_is_the_safe_value(safe: t.Any, value: t.Any, is_safe: bool) -> None:
    state = interlock_state({**WANTED, "safe_value": safe}, {**SEEN, "value": value})
    assert codes(RESTARTS, interlock=state) == ([] if is_safe else ["interlock.unsafe"])


UNREAD = interlock_state(WANTED, {})


@pytest.mark.parametrize(
    ("actions", "dead", "refused"),
    [
        *(([name], [], True) for name in RESTARTS),
        (CAMERAS[:1], [], True),
        (CAMERAS[:1], ["stream:cam1"], False),
        (RECONNECT, [], True),
        (RECONNECT, DEAD, False),
        (RECONNECT, ["plc:plc_002"], True),
        (HARMLESS, [], False),
        (["no_such_action"], [], True),
    ],
)
def test_interlock_that_nobody_read_is_unsafe_for_interruptions(actions: t.Any, dead: list[str], refused: bool) -> None:
    told = asked(actions, interlock=UNREAD, proven_dead=dead, confirm="line3")
    assert [one["code"] for one in told["refusals"]] == (["interlock.not_observed"] if refused else [])
    assert bool(told["notes"]) is not refused


def test_host_without_a_direct_read_is_told_what_to_do() -> None:
    """API only: the supervisor's own read repeats what was last written (SUPERVISOR_API quirk 6)."""
    (one,) = asked(["restart_app"], interlock=UNREAD)["refusals"]
    assert one["sentence"] == (
        "The interlock MAIN.bSafeToRestart was not read from the PLC, so it counts as unsafe and restart_app on"
        " line3-hmi1 is left to a person. Only a direct read counts, since a supervisor repeats what was last written:"
        " give the"
        " controller a route to the PLC (lineops_controller_ads)."
    )
    closed = interlock_state(WANTED, {**SEEN, "value": None, "reason": "The router closed the connection."})
    (told,) = asked(["restart_app"], interlock=closed)["refusals"]
    assert "was not read from the PLC (The router closed the connection.), so it counts" in told["sentence"]
    assert asked(HARMLESS, interlock=UNREAD)["notes"] == [
        "The interlock MAIN.bSafeToRestart was not read from the PLC; what is done on line3-hmi1 interrupts nothing"
        " that works."
    ]


# --- blast radius ----------------------------------------------------------------------------------------------------

H = [f"line3-hmi{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (line(1), False),
        (line(1, H[1]), False),
        (line(2), False),
        (line(2, H[1]), False),
        (line(2, H[2]), True),
        (line(3, H[2]), False),
        (line(3, H[2], H[3]), True),
        (line(4, H[2], H[3]), False),
        (line(4, H[2], H[3], H[4]), True),
        (line(4, H[1], H[2], H[3]), False),
        (line(6, *H[2:5]), False),
        (line(6, *H[2:6]), True),
        (line(2, restarting=[H[1]]), False),
        (line(2, restarting=H[1:3]), True),
        (line(6, restarting=H[1:5]), False),
        (line(6, restarting=H[1:6]), True),
        (line(6, H[2], H[3], restarting=[H[1], H[3], H[4]]), False),
        (line(6, H[2], H[3], restarting=[H[1], H[4], H[5]]), True),
        (None, True),
    ],
)
@pytest.mark.parametrize("name", RESTARTS)
def test_no_restart_while_too_many_others_are_in_trouble(name: str, state: t.Any, refused: bool) -> None:
    """More than half of the line's hosts, or one on lines of up to two; the host itself is why we are here."""
    told = asked([name], line_state=state)
    assert {one["guard"] for one in told["refusals"]} == ({"blast_radius"} if refused else set())
    for one in told["refusals"]:
        assert one["override"] == "lineops_confirm: line3"
    for confirm in ("line3", INCIDENT):
        confirmed = asked([name], line_state=state, confirm=confirm)
        assert confirmed["refusals"] == [] and len(confirmed["notes"]) == int(refused)


@pytest.mark.parametrize(
    ("actions", "dead", "refused"),
    [
        (RECONNECT, DEAD, False),
        (RECONNECT, [], True),
        (RECONNECT, ["plc"], True),
        (["disconnect"], [], True),
        (HARMLESS, [], False),
        (CAMERAS[:1], [], False),
        (CAMERAS, [], True),
        (CAMERAS, ["stream:cam1"], False),
        (CAMERAS, ["stream:cam1", "stream:cam2"], False),
        ([CAMERAS[0], "restart_app"], [], True),
        (["no_such_action"], [], True),
    ],
)
def test_which_actions_the_blast_radius_covers(actions: t.Any, dead: list[str], refused: bool) -> None:
    """Two hosts of a line that both lost their routes are both healed: their links are dead, nothing is restarted."""
    assert codes(actions, line_state=line(2, H[2]), proven_dead=dead) == (
        ["blast_radius.line_in_trouble"] if refused else []
    )


def test_blast_radius_says_who_and_why() -> None:
    (one,) = asked(["restart_app"], line_state=line(2, H[1], H[2]))["refusals"]
    assert one["sentence"] == (
        "No restart_app on line3-hmi1: of the 2 hosts of line3, line3-hmi2 (seen as plc.silent by this run) cannot be"
        " counted on now."
    )
    (note,) = asked(["restart_app"], line_state=line(2, H[2]), confirm="line3", language="de")["notes"]
    assert note.startswith("Aufgehoben durch lineops_confirm: Kein restart_app auf line3-hmi1: ")


def test_stale_incident_of_a_neighbour_is_told() -> None:
    old = [{"event": "opened", "incident": "i1", "host": H[2], "ts": "2026-11-20T00:00:00Z"}]
    state = line_state(old, line="line3", hosts=H[1:3], now=NOW)
    told = asked(["restart_app"], line_state=state)
    assert told["refusals"] == [] and "longer than a day" in told["notes"][0]


# --- budget ----------------------------------------------------------------------------------------------------------

UNOBSERVED = [budget_of(None, None, host=HMI, target=name, now=NOW) for name in ("supervisor", "plc:plc_001")]


@pytest.mark.parametrize(
    ("actions", "budgets", "refused"),
    [
        (["restart_app"], [budget("supervisor", 2)], []),
        (["restart_app"], [budget("supervisor", 3)], ["budget.used_up"]),
        (["restart_app"], [budget("plc:plc_001", 3), budget("supervisor")], []),
        (["restart_app"], [budget("plc:plc_001")], ["budget.not_observed"]),
        (["restart_app"], [budget("supervisor", allowed="yes")], ["budget.used_up"]),
        (["restart_app"], [{"target": "supervisor", "allowed": True}], ["budget.not_observed"]),
        (["restart_app"], UNOBSERVED, ["budget.not_observed"]),
        (["restart_app"], [], ["budget.not_observed"]),
        (["restart_app"], None, ["budget.not_observed"]),
        (["restart_app"], [None, 5, budget("supervisor")], []),
        (RECONNECT, [budget("plc:plc_001", 3)], ["budget.used_up"]),
        (RECONNECT, [budget("plc:plc_002", 3)], []),
        (RECONNECT, UNOBSERVED, []),
        (RECONNECT, None, []),
        (HARMLESS, [budget("plc:plc_001", 3)], []),
        (["disconnect"], [budget("plc:plc_001", 3)], []),
        ([*RECONNECT, "restart_app"], [budget("plc:plc_001", 3), budget("supervisor", 3)], ["budget.used_up"] * 2),
        (["restart_app", "restart_host"], [budget("supervisor", 3)], ["budget.used_up"]),
    ],
)
def test_budget_of_each_target(actions: t.Any, budgets: t.Any, refused: list[str]) -> None:
    assert codes(actions, budget=budgets, proven_dead=DEAD) == refused


def test_used_up_budget_is_for_the_next_level_and_says_when_it_is_free() -> None:
    (one,) = asked(["restart_app"], budget=[budget("supervisor", 3)], confirm="line3")["refusals"]
    assert one["override"] == "" and one["sentence"].endswith("The next is allowed from 2026-11-23T13:00:00.000Z.")


def test_budget_that_nobody_could_read_is_left_to_a_person_for_restarts_and_told_for_the_rest() -> None:
    (one,) = asked(["restart_app"], budget=None)["refusals"]
    assert one["override"] == "lineops_confirm: line3"
    assert asked(["restart_app"], budget=None, confirm="line3")["notes"] == [
        f"Overridden by lineops_confirm: {one['sentence']}"
    ]
    assert asked(RECONNECT, budget=None, proven_dead=DEAD)["notes"] == [
        "How often plc:plc_001 was interrupted lately was not observed; connect on line3-hmi1 is done all the same."
    ]


# --- journal ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "refused"),
    [
        (RECONNECT, False),
        (HARMLESS, False),
        *(([name], True) for name in [*RESTARTS, *STREAM_ACTIONS, "prune_artifacts", "end_writers", "no_such_action"]),
    ],
)
def test_without_a_journal_only_what_can_be_taken_back(actions: t.Any, refused: bool) -> None:
    """DESIGN §8: reversible non-restart actions only, said loudly; restarts need lineops_confirm."""
    budgets = [*FREE, budget("stream")]
    told = asked(actions, journal_writable=False, budget=budgets, proven_dead=DEAD)
    assert [one["code"] for one in told["refusals"]] == (["journal.unwritable"] if refused else [])
    assert any("JOURNAL NOT WRITABLE" in note for note in told["notes"]) is not refused
    confirmed = asked(actions, journal_writable=False, budget=budgets, proven_dead=DEAD, confirm="line3")
    assert confirmed["refusals"] == [] and any("JOURNAL NOT WRITABLE" in note for note in confirmed["notes"])


# --- all together ----------------------------------------------------------------------------------------------------


def test_everything_that_speaks_against_it_is_told_at_once() -> None:
    situation = {
        "frozen": True, "interlock": UNREAD, "budget": [budget("supervisor", 3)], "lease_held": False,
        "journal_writable": False, "line_state": line(2, H[2]), "confirm": "line1",
    }  # fmt: skip
    told = asked(["restart_app"], **situation)
    guards = ["confirm", "freeze", "lease", "interlock", "blast_radius", "budget", "journal"]
    assert [one["guard"] for one in told["refusals"]] == guards
    assert all(one["code"].startswith(f"{one['guard']}.") and one["sentence"].endswith(".") for one in told["refusals"])
    assert told["notes"] == []
    german = asked(["restart_app"], **situation, language="de")["refusals"]
    assert all(one["sentence"] != other["sentence"] for one, other in zip(told["refusals"][:5], german[:5]))


@given(
    actions=st.lists(st.sampled_from([*ACTIONS, "x"]), min_size=1, max_size=4),
    more=st.lists(st.sampled_from([*ACTIONS, "x"]), max_size=3),
    interlock=st.sampled_from([None, UNREAD]), lease=st.booleans(), journal=st.booleans(), used=st.integers(0, 4),
    troubled=st.sampled_from([[], [H[2]]]), confirm=st.sampled_from(["", "line3", "x"]),
    dead=st.sampled_from([[], ["plc"]]),
)  # fmt: skip
@settings(deadline=None)
def test_more_actions_are_never_refused_less(
    actions: t.Any, more: t.Any, interlock: t.Any, lease: bool, journal: bool, used: int, troubled: t.Any, confirm: str,
    dead: t.Any,
) -> None:  # fmt: skip
    situation = {
        "interlock": interlock, "lease_held": lease, "journal_writable": journal, "line_state": line(2, *troubled),
        "confirm": confirm, "proven_dead": dead,
        "budget": [budget(target, used) for target in ("supervisor", "plc", "stream")],
    }  # fmt: skip
    assert set(codes(actions, **situation)) <= set(codes(actions + more, **situation))


# --- which link is dead ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signals", "dead"),
    [
        ({"flag": "disconnected"}, True),
        ({"flag": "disconnected", "target": "differs"}, True),
        ({"flag": "connected", "test": "timeout"}, True),
        ({"flag": "connected", "test": "dead"}, True),
        ({"flag": "connected", "test": "dead", "target": "differs"}, False),
        ({"flag": "connected", "test": "ok", "write": "failed"}, True),
        ({"flag": "connected", "test": "ok", "write": "failed", "target": "differs"}, False),
        ({"flag": "connected", "test": "ok"}, False),
        ({"flag": "connected", "test": "ok", "write": "ok"}, False),
        ({"flag": "connected"}, False),
        ({"test": None}, False),
        ({}, False),
        (None, False),
    ],
)
def test_link_is_dead_only_if_that_was_proven(signals: t.Any, dead: bool) -> None:
    """A flag that says connected is a claim, and so is silence about it (DESIGN §7.1)."""
    assert dead_links({"code": "x", "signals": signals}, PLC) == (DEAD if dead else [])


def test_words_are_about_the_same_things_in_both_languages() -> None:
    for key, (english, german) in _guards._WORDS.items():
        names = [set(re.findall(r"\{(\w+)", text)) for text in (english, german)]
        assert names[0] == names[1] and english != german, key


@pytest.mark.parametrize("name", ["{{ 1/0 }}", "{host}", "<script>"])
def test_names_from_a_plant_stay_what_they_are(name: str) -> None:
    (one,) = asked(["route"], host=name, line=name, frozen=True)["refusals"]
    assert one["sentence"] == (
        f"{name} is frozen (lineops_freeze): someone works on it, so nothing is done on {name} but looking."
    )
