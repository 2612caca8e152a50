# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagnosis of Playbook B as a readable table: what was seen, what it is called, and what it was not."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._hypotheses import CONFIRMED, OPEN, REFUTED
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import (
    TABLE,
    diagnose,
    path_is_blocked,
    signals_of,
)
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import HEALABLE

# --- evidence, made from the words of the table in the shape that the modules give it ------------------------------------

FAILURES = {
    "unreachable": "supervisor.unreachable",
    "timeout": "supervisor.timeout",
    "not_understood": "supervisor.not_json",
}
# Texts of route tests as in SUPERVISOR_API §4.
ERRORS = {
    "timeout": "ADSError: timeout elapsed (1861). ",
    "port_or_refused": "ADSError: Target port not found, possibly ADS Server not started (6). ",
    "net_id": "ADSError: Target machine not found, possibly missing ADS routes (7). ",
    "dead": "ADSError: Unknown Error (-1)",
    "in_use": "ADSError: ROUTERERR_PORTALREADYINUSE (1286). ",
    "other": "no valid netid",
}
LOOKS = {"supervisor": "controller A", "probe": "controller A", "host": "host line3-hmi1", "route_test": "supervisor"}
LOOK = {"observed_from": "supervisor", "observed_at": "2026-01-01T00:00:02Z"}


def route_test(word: str | None) -> dict[str, t.Any]:
    if word is None:
        return {}
    if word == "blocked":
        return {"success": False, "blocked": True, "error": "gave no complete answer within 10 s"}
    return {"success": word == "ok", "error": ERRORS.get(word, ""), "at": "2026-01-01T00:00:01Z"}


def identity(word: str) -> dict[str, t.Any] | None:
    return {"ams_net_id": "10.0.0.2.1.1"} if word == "answers" else None


def evidence_of(**words: str | None) -> dict[str, t.Any]:
    """The evidence that reduces to these signals."""
    said = {name: word for name, word in words.items() if word is not None}
    evidence: dict[str, t.Any] = {name: {"observed_from": who, "observed_at": "2026-01-01T00:00:00Z"} for name, who in LOOKS.items()}
    supervisor, probe, host, test = (evidence[name] for name in LOOKS)
    if "flag" in said or said.get("api") == "answers":
        supervisor["status"] = {"plc_connected": said.get("flag") == "connected"}
    elif "api" in said:
        supervisor["not_observed"] = {"status": {"code": FAILURES[said["api"]]}}
    test.update(route_test(said.get("test")))
    test["levels"] = {name: said[f"{name}_key"] for name in ("operator", "admin") if f"{name}_key" in said}
    if "controller" in said:
        probe["probe"] = {"outcome": said["controller"]}
    if "controller_udp" in said:
        probe["identity"] = identity(said["controller_udp"])
    host["plc"] = {"tcp": said["host_tcp"]} if "host_tcp" in said else {}
    if "host_udp" in said:
        host["plc"]["identity"] = identity(said["host_udp"])
    if "host_api" in said:
        host["supervisor"] = {"api": said["host_api"], "listens": ["127.0.0.1:5000"]}
    route = {"answer": said.get("added", ""), "test": route_test(said.get("added_test")), **LOOK}
    write_test = {"proven": {"ok": True, "failed": False}.get(said.get("write", "")), **LOOK}
    done: dict[str, t.Any] = {"route": route, "write_test": write_test}
    if "retest" in said:
        route["original_test"] = route_test(said["retest"])
        done["disconnect"] = {"changed": True}
    return {**evidence, "done": done}


WORDS: dict[str, tuple[str, ...]] = {
    "api": ("answers", *FAILURES),
    "flag": ("connected", "disconnected"),
    "test": ("ok", "blocked", *ERRORS),
    "operator_key": ("accepted", "refused", "missing"),
    "admin_key": ("accepted", "refused", "missing"),
    "controller": ("ok", "closed", "reset", "refused", "filtered", "port_unknown", "net_id_unknown", "ads_error", "silent", "garbled"),
    "controller_udp": ("answers", "silent"),
    "host_udp": ("answers", "silent"),
    "host_tcp": ("established", "syn_sent", "none"),
    "host_api": ("answers", "silent", "no_listener"),
    "retest": ("ok", "blocked", *ERRORS),
    "added": ("accepted", "rejected", "unanswered"),
    "added_test": ("ok", "blocked", *ERRORS),
    "write": ("ok", "failed"),
}


@pytest.mark.parametrize(("signal", "word"), [(signal, word) for signal, words in WORDS.items() for word in words])
def test_evidence_becomes_this_signal_and_no_other(signal: str, word: str) -> None:
    # A flag is part of an answer, so the one never comes without the other.
    together = {"api": "answers", "flag": "disconnected"} if signal == "flag" or word == "answers" and signal == "api" else {}
    expected = {**dict.fromkeys(WORDS), **together, signal: word}
    assert signals_of(evidence_of(**{signal: word})) == expected


# --- the table -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """seen -> code and verdict; fell: what was raised and did not stand, with why."""

    story: str
    seen: dict[str, str]
    code: str
    verdict: str
    fell: dict[str, str] = field(default_factory=dict)


WORKS = {"flag": "connected", "test": "ok", "controller": "closed", "controller_udp": "answers", "host_udp": "answers", "host_tcp": "established"}
NO_ROUTE = {"flag": "disconnected", "test": "timeout", "controller": "closed"}
CONNECTED, LOST = {"flag": "connected"}, {"flag": "disconnected"}

CASES = (
    # who answers for everything else
    Case("supervisor's host is off", {"api": "timeout"}, "supervisor.unreachable", OPEN),
    Case("supervisor hangs", {"api": "timeout", "host_api": "silent"}, "supervisor.unreachable", CONFIRMED),
    Case("supervisor ended", {"api": "unreachable", "host_api": "no_listener"}, "supervisor.unreachable", CONFIRMED),
    Case("supervisor firewalled", {"api": "unreachable", "host_api": "answers"}, "supervisor.path_blocked", CONFIRMED,
         {"supervisor.unreachable": REFUTED}),
    Case("supervisor answers everybody", {**WORKS, "host_api": "answers"}, "plc.healthy", OPEN, {"supervisor.path_blocked": REFUTED}),
    Case("only its host was asked", {"host_api": "answers"}, "plc.unclear", OPEN, {"supervisor.path_blocked": OPEN}),
    Case("a web page answers", {"api": "not_understood"}, "supervisor.not_understood", OPEN),
    Case("a web page answers for a dead one", {"api": "not_understood", "host_api": "no_listener"},
         "supervisor.not_understood", CONFIRMED),
    Case("a proxy answers for a living one", {"api": "not_understood", "host_api": "answers"}, "supervisor.path_blocked",
         CONFIRMED, {"supervisor.not_understood": REFUTED}),
    # keys
    Case("our operator key is wrong", {**LOST, "operator_key": "refused", "admin_key": "accepted"}, "supervisor.key_refused", CONFIRMED),
    Case("our only key is wrong", {**LOST, "operator_key": "refused", "admin_key": "missing"}, "supervisor.key_refused", OPEN),
    Case("another supervisor", {**LOST, "operator_key": "refused", "admin_key": "refused"}, "supervisor.all_keys_refused",
         CONFIRMED, {"supervisor.key_refused": REFUTED}),
    Case("another supervisor, not asked without a key", {"operator_key": "refused", "admin_key": "refused"},
         "supervisor.all_keys_refused", OPEN, {"supervisor.key_refused": REFUTED}),
    # the path
    Case("PLC off", {**LOST, "controller": "filtered", "host_udp": "silent"}, "plc.filtered", CONFIRMED),
    Case("PLC off, supervisor tries", {**LOST, "controller": "filtered", "host_tcp": "syn_sent"}, "plc.filtered", CONFIRMED),
    Case("PLC off, host alone sees it", {**LOST, "host_tcp": "syn_sent", "host_udp": "silent"}, "plc.filtered", CONFIRMED),
    Case("PLC off, supervisor blocks", {**LOST, "controller": "filtered", "test": "blocked"}, "plc.filtered", CONFIRMED),
    Case("PLC off, controller not asked", {**LOST, "test": "blocked", "host_udp": "silent"}, "plc.filtered", CONFIRMED),
    Case("controller's word alone", {**LOST, "controller": "filtered"}, "plc.unclear", OPEN, {"plc.filtered": OPEN}),
    Case("supervisor busy, nobody else looked", {**LOST, "test": "blocked"}, "plc.unclear", OPEN, {"plc.filtered": OPEN}),
    Case("a connection just being made", {**CONNECTED, "host_tcp": "syn_sent", "controller": "closed", "test": "ok"},
         "plc.healthy", OPEN, {"plc.filtered": REFUTED}),
    Case("supervisor blocked by another PLC", {**LOST, "test": "blocked", "controller": "closed"}, "plc.unclear", OPEN,
         {"plc.filtered": REFUTED}),
    Case("controller firewalled, all is well", {**WORKS, "controller": "filtered", "controller_udp": "silent"}, "plc.healthy", OPEN,
         {"plc.filtered": REFUTED}),
    Case("controller firewalled, route lost", {**NO_ROUTE, "controller": "filtered", "host_udp": "answers"}, "plc.route_missing",
         CONFIRMED, {"plc.filtered": REFUTED}),
    Case("controller firewalled, link stale", {**CONNECTED, "test": "dead", "controller": "filtered", "host_udp": "answers"},
         "plc.link_stale", CONFIRMED, {"plc.filtered": REFUTED, "plc.router_refused": OPEN}),
    Case("only the host's packets are dropped",
         {**CONNECTED, "test": "timeout", "host_udp": "silent", "host_tcp": "established", "controller": "closed", "controller_udp": "answers"},
         "plc.filtered", CONFIRMED),
    Case("the host's datagrams are dropped, or the PLC is silent",
         {**CONNECTED, "test": "timeout", "host_udp": "silent", "host_tcp": "established", "controller_udp": "silent"},
         "plc.unclear", OPEN, {"plc.filtered": REFUTED, "plc.route_missing": OPEN}),
    # the router
    Case("TwinCAT stopped", {**LOST, "test": "port_or_refused", "controller": "refused"}, "plc.router_refused", CONFIRMED),
    Case("TwinCAT stopped while connected", {**CONNECTED, "test": "dead", "controller": "refused"}, "plc.router_refused", CONFIRMED),
    Case("6 and no second look", {**LOST, "test": "port_or_refused"}, "plc.unclear", OPEN, {"plc.router_refused": OPEN}),
    Case("6 is the AMS port", {**LOST, "test": "port_or_refused", "controller": "port_unknown"}, "plc.unclear", OPEN,
         {"plc.router_refused": REFUTED}),
    Case("PLC hangs", {**LOST, "test": "timeout", "controller": "silent", "host_udp": "silent"}, "plc.silent", CONFIRMED),
    Case("PLC hangs, controller alone", {**LOST, "test": "timeout", "controller": "silent", "controller_udp": "silent"},
         "plc.silent", CONFIRMED),
    Case("silence, UDP not asked", {**LOST, "test": "timeout", "controller": "silent"}, "plc.unclear", OPEN,
         {"plc.silent": OPEN, "plc.route_missing": OPEN}),
    Case("a router silent to strangers", {**LOST, "test": "timeout", "controller": "silent", "host_udp": "answers"},
         "plc.route_missing", CONFIRMED, {"plc.silent": REFUTED}),
    # the route
    Case("route lost", NO_ROUTE, "plc.route_missing", CONFIRMED),
    Case("route lost, host sees the PLC", {**LOST, "test": "timeout", "host_udp": "answers"}, "plc.route_missing", CONFIRMED),
    Case("1861 and no second look", {**LOST, "test": "timeout"}, "plc.unclear", OPEN, {"plc.route_missing": OPEN}),
    Case("1861 but the router refuses", {**LOST, "test": "timeout", "controller": "refused"}, "plc.unclear", OPEN,
         {"plc.route_missing": REFUTED}),
    Case("route was only lost to the old connection", {**NO_ROUTE, "retest": "ok"}, "plc.link_stale", CONFIRMED,
         {"plc.route_missing": REFUTED}),
    Case("the same, nobody else looked", {**LOST, "test": "timeout", "retest": "ok"}, "plc.link_stale", OPEN,
         {"plc.route_missing": REFUTED}),
    Case("wrong PLC password, hidden", {**NO_ROUTE, "added": "accepted", "added_test": "timeout", "controller_udp": "answers"},
         "plc.route_refused", CONFIRMED),
    Case("wrong PLC password, told", {**NO_ROUTE, "added": "rejected", "added_test": "timeout", "host_udp": "answers"},
         "plc.route_refused", CONFIRMED),
    Case("wrong password or lost request", {**NO_ROUTE, "added": "accepted", "added_test": "timeout"}, "plc.route_missing",
         CONFIRMED, {"plc.route_refused": OPEN}),
    Case("the login never arrived", {**NO_ROUTE, "added": "accepted", "added_test": "timeout", "host_udp": "silent"},
         "plc.route_missing", CONFIRMED, {"plc.route_refused": REFUTED}),
    Case("discovery is off", {**NO_ROUTE, "added": "unanswered", "controller_udp": "silent"}, "plc.route_unanswered", CONFIRMED),
    Case("discovery is off, nobody else asked", {**NO_ROUTE, "added": "unanswered"}, "plc.route_unanswered", OPEN),
    Case("one datagram was lost", {**NO_ROUTE, "added": "unanswered", "host_udp": "answers"}, "plc.route_missing", CONFIRMED,
         {"plc.route_unanswered": REFUTED}),
    # the supervisor's own ADS library
    Case("library holds a dead connection", {**NO_ROUTE, "retest": "dead"}, "plc.library_wedged", CONFIRMED),
    Case("library dead after an add", {**NO_ROUTE, "added": "accepted", "added_test": "dead", "host_udp": "answers"},
         "plc.library_wedged", CONFIRMED),
    Case("library dead, nobody else looked", {**LOST, "test": "timeout", "retest": "dead"}, "plc.library_wedged", OPEN),
    Case("it was the router after all", {**LOST, "test": "timeout", "retest": "dead", "controller": "refused"}, "plc.unclear", OPEN,
         {"plc.library_wedged": REFUTED, "plc.route_missing": REFUTED}),
    # the supervisor's link
    Case("link dead, flag says connected", {**CONNECTED, "test": "dead", "host_tcp": "none"}, "plc.link_stale", CONFIRMED,
         {"plc.router_refused": OPEN}),
    Case("link dead, nobody else looked", {**CONNECTED, "test": "dead"}, "plc.unclear", OPEN,
         {"plc.router_refused": OPEN, "plc.link_stale": OPEN}),
    Case("link dead, but so is the PLC", {**CONNECTED, "test": "dead", "host_tcp": "none", "controller": "silent"}, "plc.unclear", OPEN,
         {"plc.router_refused": REFUTED, "plc.silent": OPEN, "plc.link_stale": REFUTED}),
    Case("not connected though the route works", {**WORKS, **LOST, "host_tcp": "none"}, "plc.link_stale", CONFIRMED),
    Case("not connected, nobody else looked", {**LOST, "test": "ok"}, "plc.link_stale", OPEN),
    Case("looks well, writes fail", {**WORKS, "write": "failed"}, "plc.link_stale", CONFIRMED, {"plc.healthy": REFUTED}),
    Case("looks well, writes fail, nobody else looked", {**CONNECTED, "test": "ok", "write": "failed"}, "plc.link_stale", OPEN,
         {"plc.healthy": REFUTED}),
    # healthy, and what no row knows
    Case("healthy and proven", {**WORKS, "write": "ok"}, "plc.healthy", CONFIRMED),
    Case("healthy, write path not proven", WORKS, "plc.healthy", OPEN),
    Case("a wrong NetId", {**LOST, "test": "net_id", "controller": "net_id_unknown"}, "plc.unclear", OPEN),
    Case("nothing was seen", {}, "plc.unclear", OPEN),
)  # fmt: skip

# What cannot happen, and why.
NEVER = {
    ("supervisor.all_keys_refused", REFUTED): "who speaks against it is not a supervisor: supervisor.not_understood comes first",
    ("plc.unclear", CONFIRMED): "it claims nothing",
    ("plc.unclear", REFUTED): "it claims nothing",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_what_was_seen_gets_its_name(case: Case) -> None:
    finding = diagnose(evidence_of(**case.seen), plc="Press", host="line3-hmi1")
    fell = {entry["code"]: entry["verdict"] for entry in finding["refuted"]}
    assert (finding["code"], finding["verdict"], fell) == (case.code, case.verdict, case.fell)


def test_every_finding_has_a_case_for_every_verdict() -> None:
    shown = {(case.code, case.verdict) for case in CASES} | {pair for case in CASES for pair in case.fell.items()}
    wanted = set(itertools.product((row.code for row in TABLE), (CONFIRMED, OPEN, REFUTED))) | {("plc.unclear", OPEN)}
    assert wanted - shown == set(NEVER) & wanted
    assert {row.code for row in TABLE} | {"plc.unclear"} <= set(FINDINGS)


# --- counter-checks come from somebody else --------------------------------------------------------------------------------

# Signal -> who looks, and through what. Two with the same pair are the same source, and cannot counter-check each other.
SOURCES = {
    "api": ("controller", "HTTP without a key"),
    "flag": ("supervisor", "its flag"),
    "test": ("supervisor", "ADS"),
    "operator_key": ("supervisor", "the operator key"),
    "admin_key": ("supervisor", "the admin key"),
    "controller": ("controller", "TCP 48898"),
    "controller_udp": ("controller", "UDP 48899"),
    "host_udp": ("host", "UDP 48899"),
    "host_tcp": ("host", "socket table"),
    "host_api": ("host", "HTTP without a key"),
    "retest": ("supervisor", "ADS on a fresh connection"),
    "added": ("supervisor", "what the PLC said to a login"),
    "added_test": ("supervisor", "ADS after the login"),
    "write": ("supervisor", "a write"),
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.code} {dict((k, sorted(v)) for k, v in row.claim.items())}")
def test_counter_checks_come_from_another_source_than_the_claim(row: t.Any) -> None:
    claimed = {SOURCES[signal] for signal in row.claim}
    checked = [SOURCES[counter.signal] for counter in row.counters]
    assert row.counters and not claimed & set(checked) and len(checked) == len(set(checked))
    assert all(counter.confirms or counter.refutes for counter in row.counters)
    assert all(not counter.confirms & counter.refutes for counter in row.counters)
    # What says that something is wrong with the PLC is checked by somebody who is not the one who said it.
    if row.code.startswith("plc.") and row.code != "plc.healthy":
        assert {who for who, dummy in checked} - {who for who, dummy in claimed}


def test_table_and_signals_use_the_same_words() -> None:
    """A misspelt word in the table would never be raised, confirmed or refuted, and nobody would notice."""
    assert set(WORDS) == set(SOURCES) == set(signals_of({}))
    used = {(signal, word) for row in TABLE for signal, words in row.claim.items() for word in words}
    used |= {(c.signal, word) for row in TABLE for c in row.counters for word in c.confirms | c.refutes}
    assert used - {(signal, word) for signal, words in WORDS.items() for word in words} == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_recorded_counter_checks_say_call_time_value_and_who_looked(case: Case) -> None:
    finding = diagnose(evidence_of(**case.seen), plc="Press", host="line3-hmi1")
    for entry in (finding, *finding["refuted"]):
        claims = {(item["call"], item["observed_from"]) for item in entry["evidence"]}
        for check in entry["counter_checks"]:
            assert check["value"] is not None and check["value"] == finding["signals"][check["signal"]]
            assert check["call"] and check["observed_from"] and check["at"].startswith("2026-01-01T")
            assert (check["call"], check["observed_from"]) not in claims
            assert check["verdict"] in (CONFIRMED, REFUTED, OPEN)


# --- the controller's word alone ---------------------------------------------------------------------------------------------


def combinations(**words: t.Sequence[str | None]) -> t.Iterator[dict[str, str | None]]:
    return (dict(zip(words, chosen)) for chosen in itertools.product(*words.values()))


def test_path_is_never_blocked_on_the_controllers_word_alone() -> None:
    """DESIGN §7.3: the controller may be the one that is firewalled, and its UDP goes the same way as its TCP."""
    everything = combinations(controller=(None, *WORDS["controller"]), controller_udp=(None, *WORDS["controller_udp"]),
                              flag=(None, *WORDS["flag"]), test=(None, *WORDS["test"]))  # fmt: skip
    assert [words for words in everything if path_is_blocked(evidence_of(**words))] == []


def test_path_is_blocked_only_if_the_host_says_so_too() -> None:
    looks = combinations(controller=(None, *WORDS["controller"]), host_udp=(None, *WORDS["host_udp"]), host_tcp=(None, *WORDS["host_tcp"]))
    blocked = [words for words in looks if path_is_blocked(evidence_of(**words))]
    assert blocked
    for words in blocked:
        assert words["host_udp"] == "silent" or words["host_tcp"] == "syn_sent"
        assert words["host_udp"] != "answers"
        assert words["controller"] not in ("ok", "closed", "refused", "reset", "silent")


def test_path_does_not_wait_for_a_route_test() -> None:
    """It is asked before the test, to know whether the test may be made: a test that went well must not matter."""
    seen = {"controller": "filtered", "host_udp": "silent"}
    assert path_is_blocked(evidence_of(**seen)) and path_is_blocked(evidence_of(**seen, test="ok"))


def test_a_firewalled_controller_changes_no_finding_that_can_be_healed() -> None:
    """A controller that sees nothing must not keep Playbook B from healing what others see (DESIGN §7.3)."""
    looks = combinations(flag=WORDS["flag"], test=WORDS["test"], host_udp=(None, "answers"), host_tcp=(None, "established", "none"),
                         write=(None, "failed"), retest=(None, *WORDS["retest"]))  # fmt: skip
    changed = {}
    for words in looks:
        without = diagnose(evidence_of(**words), plc="p", host="h")["code"]
        firewalled = diagnose(evidence_of(**words, controller="filtered"), plc="p", host="h")["code"]
        if without in HEALABLE and firewalled != without and words["test"] != "blocked":
            changed[str(words)] = (without, firewalled)
    assert changed == {}


# --- whatever comes ------------------------------------------------------------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3)
    | st.sampled_from(["(1861)", "filtered", "answers", "ok", "refused", "silent", "supervisor.timeout"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["status", "plc_connected", "not_observed", "code", "probe", "outcome", "identity", "plc", "tcp", "supervisor",
                         "api", "listens", "levels", "operator", "success", "blocked", "error", "route", "disconnect", "answer",
                         "test", "original_test", "write_test", "proven", "observed_from", "at", "observed_at"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ANY_EVIDENCE = st.dictionaries(st.sampled_from(["supervisor", "probe", "host", "route_test", "done", "x"]), JUNK)
ANY_WORDS = st.fixed_dictionaries({signal: st.sampled_from((None, *words)) for signal, words in WORDS.items()})


@given(evidence=ANY_EVIDENCE)
@settings(deadline=None)
def test_partial_and_garbage_evidence_never_raises(evidence: dict[str, t.Any]) -> None:
    assert all(value is None or isinstance(value, str) for value in signals_of(evidence).values())
    assert diagnose(evidence, plc="p", host="h")["code"] in FINDINGS
    assert path_is_blocked(evidence) in (True, False)


@pytest.mark.parametrize("evidence", [{}, {"supervisor": None, "probe": [], "host": "x", "route_test": 1, "done": True}])
def test_no_evidence_says_nothing(evidence: dict[str, t.Any]) -> None:
    assert set(signals_of(evidence).values()) == {None}
    finding = diagnose(evidence, plc="Press", host="line3-hmi1")
    assert (finding["code"], finding["counter_checks"], finding["refuted"]) == ("plc.unclear", [], [])
    assert [item["value"] for item in finding["evidence"]] == [None] * len(finding["evidence"])


@given(words=ANY_WORDS)
@settings(deadline=None)
def test_whatever_was_seen_a_finding_is_whole_and_honest(words: dict[str, str | None]) -> None:
    finding = diagnose(evidence_of(**words), plc="Press", host="line3-hmi1", language="de")
    rows = [row for row in TABLE if row.code == finding["code"]]
    assert finding["code"] in FINDINGS and finding["verdict"] != REFUTED
    assert finding["sentence"].endswith(".") and finding["playbook"] == FINDINGS[finding["code"]].playbook
    if rows and all(row.needs_confirmation for row in rows):
        assert finding["verdict"] == CONFIRMED
    for entry in finding["refuted"]:
        assert entry["verdict"] != CONFIRMED
        assert (entry["verdict"] == REFUTED) == (REFUTED in [check["verdict"] for check in entry["counter_checks"]])
    # Whoever does not answer at all can have nothing wrong with its PLC.
    if words["api"] in ("unreachable", "timeout") and words["flag"] is None:
        assert finding["code"] in ("supervisor.unreachable", "supervisor.path_blocked")


# --- words ---------------------------------------------------------------------------------------------------------------------

SENTENCES = (
    ({**NO_ROUTE}, "en", "The PLC Press has no ADS route back to line3-hmi1."),
    ({**NO_ROUTE}, "de", "Der PLC Press fehlt die ADS-Route zurück zu line3-hmi1."),
    ({**WORKS, "write": "ok"}, "en", "The PLC Press answers and takes commands."),
    (WORKS, "en", "The PLC Press answers and takes commands (write path not proven)."),
    ({**LOST, "test": "ok"}, "en", "The supervisor on line3-hmi1 holds a PLC link that does not match the PLC Press "
     "(its flag says disconnected, the route test says ok)."),
    ({**WORKS, "write": "failed"}, "en", "The supervisor on line3-hmi1 holds a PLC link that does not match the PLC Press "
     "(its flag says connected, the route test says ok, the write test failed)."),
    ({"api": "timeout"}, "en", "The supervisor on line3-hmi1 does not answer (the host itself could not be asked)."),
    ({"api": "timeout", "host_api": "silent"}, "en",
     "The supervisor on line3-hmi1 does not answer (its process is there but does not answer on the host either)."),
    ({"api": "timeout", "host_api": "no_listener"}, "en",
     "The supervisor on line3-hmi1 does not answer (no process of it listens on the host)."),
    ({"api": "timeout", "host_api": "answers"}, "en",
     "The supervisor runs and answers on line3-hmi1 itself, but not from here (it listens on 127.0.0.1:5000)."),
    ({**LOST, "controller": "filtered", "host_udp": "silent"}, "en", "Packets to the PLC Press are dropped on the way."),
    ({"test": "timeout", "host_udp": "silent", "host_tcp": "established", "controller": "closed", "controller_udp": "answers"}, "de",
     "Pakete zur PLC Press gehen unterwegs verloren (the host's only; the controller reaches it)."),
    ({"test": "other"}, "en", "The PLC Press does not work and the cause could not be told apart (route test: no valid netid)."),
    ({}, "de", "Die PLC Press arbeitet nicht, die Ursache ließ sich nicht eingrenzen (route test: not observed)."),
)  # fmt: skip


@pytest.mark.parametrize(("seen", "language", "sentence"), SENTENCES)
def test_sentence_an_operator_reads(seen: dict[str, str], language: str, sentence: str) -> None:
    assert diagnose(evidence_of(**seen), plc="Press", host="line3-hmi1", language=language)["sentence"] == sentence


def test_finding_says_severity_owner_and_what_to_do_first() -> None:
    finding = diagnose(evidence_of(**NO_ROUTE), plc="Press", host="line3-hmi1")
    assert (finding["severity"], finding["rule"]) == ("SEV-1", "control commands are no longer possible (rule B.E1)")
    assert (finding["playbook"], finding["owner"]) == ("B", "L1")
    assert finding["next_step"] == "Add the route to line3-hmi1 in TwinCAT XAE on the engineering side (SYSTEM > Routes)."


def test_text_from_a_plant_is_data() -> None:
    evil = "{{ lineops_secrets }} {plc} (1861) <script>"
    finding = diagnose({"route_test": {"error": evil}}, plc=evil, host=evil)
    assert finding["sentence"].count(evil) == 2
    assert finding["signals"]["test"] == "timeout"
