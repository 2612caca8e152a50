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

from ansible_collections.lineops.runbook.plugins.module_utils._ads_frames import ADS_STATES
from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._hypotheses import CONFIRMED, OPEN, REFUTED
from ansible_collections.lineops.runbook.plugins.module_utils._plc_diagnosis import (
    SIDE_TABLE,
    TABLE,
    diagnose,
    path_is_blocked,
    signals_of,
    standby_notes,
)
from ansible_collections.lineops.runbook.plugins.module_utils._plc_plan import HEALABLE
from ansible_collections.lineops.runbook.plugins.module_utils._plc_signals import SOURCES as OBSERVATIONS

# --- evidence, made from the words of the table in the shape that the modules give it --------------------------------

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
LOOKS = {
    "supervisor": "controller A", "probe": "controller A", "host": "host line3-hmi1", "route_test": "supervisor",
    "routes": "controller A", "wanted": "inventory", "again": "controller A",
}
LOOK = {"observed_from": "supervisor", "observed_at": "2026-01-01T00:00:02Z"}


def route_test(word: str | None) -> dict[str, t.Any]:
    if word is None:
        return {}
    if word == "blocked":
        return {"success": False, "blocked": True, "error": "gave no complete answer within 10 s"}
    return {"success": word == "ok", "error": ERRORS.get(word, ""), "at": "2026-01-01T00:00:01Z"}


NET_ID, OTHER_NET_ID, OWN_NET_ID = "10.0.0.2.1.1", "10.9.9.9.1.1", "10.0.0.1.1.1"
ROUTE = {"name": "line3-hmi1", "ams_net_id": OWN_NET_ID, "address": "10.0.0.1", "temporary": False, "unidirectional": False}
# What the PLC's list holds, by what it means for the supervisor's route.
LISTS: dict[str, list[dict[str, t.Any]]] = {
    "present": [ROUTE], "absent": [], "differs": [{**ROUTE, "address": "10.0.0.99"}],
    "conflict": [ROUTE, {**ROUTE, "name": "laptop", "ams_net_id": OTHER_NET_ID}],
}
# Whether a variable of each of two namespaces could be read.
READS = {"all_work": (True, True), "some_fail": (True, False), "all_fail": (False, False)}
BREAKER = "plc:plc_001:write"
# What a write breaker that was not closed says a moment later: its state, and how many calls it has rejected by then.
LATER = {"closed": ("closed", 3), "rejecting": ("half_open", 4), "unused": ("half_open", 3)}
# Why a connect did not do.
CONNECT_FAILURES = {"refused": "plc.connect_refused", "unproven": "plc.connect_unproven"}
# Who is found at the address made of the PLC's NetId.
AT_NET_ID = {"plc": {"ams_net_id": NET_ID}, "other": {"ams_net_id": OTHER_NET_ID}, "silent": None}


def supervisor_evidence(said: t.Mapping[str, str], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the supervisor says of itself; what the inventory has to say for that is put into wanted."""
    found: dict[str, t.Any] = {}
    if {"flag", "breaker"} & set(said) or said.get("api") == "answers" or said.get("breaker_later") == "rejecting":
        found["status"] = {"plc_connected": said.get("flag") == "connected", "breakers": {}}
    elif "api" in said:
        found["not_observed"] = {"status": {"code": FAILURES[said["api"]]}}
    if "breaker" in said:
        wanted["id"] = "plc_001"
        found["status"]["breakers"] = {BREAKER: said["breaker"]}
    if "breaker_later" in said and "status" in found:
        found["status"]["rejected"] = {BREAKER: 3}
    if "ads_library" in said:
        found["route_status"] = {"available": said["ads_library"] == "available"}
    if "own_net_id" in said:
        wanted.setdefault("route", {})["local_ams_net_id"] = OWN_NET_ID
        own = OWN_NET_ID if said["own_net_id"] == "same" else OTHER_NET_ID
        found["route_status"] = {**found.get("route_status", {}), "local_ams_net_id": own}
    if {"stored", "target"} & set(said):
        wanted.update(id="plc_001", ams_port=851)
        found["plc_config"] = config = {}
        ports = {side: 851 if said.get(side) == "same" else 852 for side in ("stored", "target")}
        if "stored" in said:
            config["stored"] = {"plc_configs": {"plc_001": {**wanted, "ams_port": ports["stored"]}}}
        if "target" in said:
            config["target"] = {"plc_ams_net_id": wanted.get("ams_net_id"), "plc_ams_port": ports["target"]}
    return found


def probe_evidence(said: t.Mapping[str, str], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the controller sees of the PLC."""
    found: dict[str, t.Any] = {}
    if "controller" in said:
        found["probe"] = {"outcome": said["controller"]}
    if {"controller_udp", "plc_net_id"} & set(said):
        found["identity"] = None if said.get("controller_udp") == "silent" else {"host_name": "CX"}
    if "plc_net_id" in said and found["identity"]:
        wanted["ams_net_id"] = NET_ID
        found["identity"]["ams_net_id"] = NET_ID if said["plc_net_id"] == "same" else OTHER_NET_ID
    if "controller_net_id_udp" in said:
        wanted["ams_net_id"] = NET_ID
        if said["controller_net_id_udp"] == "silent":
            found.setdefault("identity", {"host_name": "CX"})
        found["net_id_address"] = {"identity": AT_NET_ID[said["controller_net_id_udp"]]}
    states = {name: said[f"{name}_state"] for name in ("system", "runtime") if f"{name}_state" in said}
    symbols: dict[str, bool] = {}
    if "test_symbol" in said:
        wanted["test_variable"] = {"name": "MAIN.bOpsTest"}
        symbols["MAIN.bOpsTest"] = said["test_symbol"] == "readable"
    if "namespaces" in said:
        symbols.update(zip(("A.b", "B.b"), READS[said["namespaces"]]))
        wanted["namespaces"] = [{"name": name, "probe_variable": f"{name}.b"} for name in "AB"]
    return {**found, **({"states": states} if states else {}), **({"symbols": symbols} if symbols else {})}


def at_net_id_seen_from_the_host(said: t.Mapping[str, str], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"tcp": said["host_net_id_tcp"]} if "host_net_id_tcp" in said else {}
    if "host_net_id_udp" in said:
        wanted["ams_net_id"] = NET_ID
        found["identity"] = AT_NET_ID[said["host_net_id_udp"]]
    return found


def evidence_of(**words: str | None) -> dict[str, t.Any]:
    """The evidence that reduces to these signals."""
    said = {name: word for name, word in words.items() if word is not None}
    evidence: dict[str, t.Any] = {name: {"observed_from": who, "observed_at": "2026-01-01T00:00:00Z"} for name, who in LOOKS.items()}
    host, test, routes = evidence["host"], evidence["route_test"], evidence["routes"]
    wanted: dict[str, t.Any] = {}
    if "net_id_ip" in said:
        wanted.update(ams_net_id=NET_ID, ip_address="10.0.0.2" if said["net_id_ip"] == "derived" else "10.7.7.7")
    evidence["supervisor"].update(supervisor_evidence(said, wanted))
    evidence["probe"].update(probe_evidence(said, wanted))
    if "listed" in said:
        wanted["route"] = {"name": ROUTE["name"], "local_ams_net_id": OWN_NET_ID, "local_ip": ROUTE["address"]}
        routes["routes"] = LISTS[said["listed"]]
    test.update(route_test(said.get("test")))
    test["levels"] = {name: said[f"{name}_key"] for name in ("operator", "admin") if f"{name}_key" in said}
    host["plc"] = {"tcp": said["host_tcp"]} if "host_tcp" in said else {}
    if "host_udp" in said:
        host["plc"]["identity"] = {"ams_net_id": NET_ID} if said["host_udp"] == "answers" else None
    if at_net_id := at_net_id_seen_from_the_host(said, wanted):
        host["plc"]["net_id_address"] = at_net_id
        if said.get("host_net_id_udp") == "silent":
            host["plc"].setdefault("identity", {"ams_net_id": NET_ID})
    if "host_api" in said:
        host["supervisor"] = {"api": said["host_api"], "listens": ["127.0.0.1:5000"]}
    if "breaker_later" in said:
        wanted["id"] = "plc_001"
        state, rejected = LATER[said["breaker_later"]]
        evidence["again"]["status"] = {"breakers": {BREAKER: state}, "rejected": {BREAKER: rejected}}
    route = {"answer": said.get("added", ""), "test": route_test(said.get("added_test")), **LOOK}
    write_test = {"proven": {"ok": True, "failed": False}.get(said.get("write", "")), **LOOK}
    if "write_failure" in said:
        write_test["failure"] = {"code": said["write_failure"]}
    done: dict[str, t.Any] = {"route": route, "write_test": write_test}
    if "retest" in said:
        route["original_test"] = route_test(said["retest"])
        done["disconnect"] = {"changed": True}
    if {"reconnected", "connect_test"} & set(said):
        failure = {"code": CONNECT_FAILURES.get(said.get("reconnected", ""), "")}
        reached = None if failure["code"] else said.get("reconnected")
        done["connect"] = {"reached": reached, "failure": failure, "test": route_test(said.get("connect_test")), **LOOK}
    return {**evidence, "wanted": {**wanted, **(evidence["wanted"] if wanted else {})}, "done": done}


WORDS: dict[str, tuple[str, ...]] = {
    "api": ("answers", *FAILURES),
    "ads_library": ("available", "missing"),
    "own_net_id": ("same", "differs"),
    "flag": ("connected", "disconnected"),
    "breaker": ("closed", "open", "half_open"),
    "breaker_later": tuple(LATER),
    "stored": ("same", "differs"),
    "target": ("same", "differs"),
    "net_id_ip": ("derived", "not_derived"),
    "test": ("ok", "blocked", *ERRORS),
    "operator_key": ("accepted", "refused", "missing"),
    "admin_key": ("accepted", "refused", "missing"),
    "controller": (
        "ok",
        "closed",
        "reset",
        "refused",
        "filtered",
        "port_unknown",
        "net_id_unknown",
        "ads_error",
        "silent",
        "garbled",
    ),
    "controller_udp": ("answers", "silent"),
    "controller_net_id_udp": tuple(AT_NET_ID),
    "plc_net_id": ("same", "differs"),
    "system_state": ADS_STATES,
    "runtime_state": (*ADS_STATES, "ABSENT"),
    "listed": tuple(LISTS),
    "namespaces": tuple(READS),
    "test_symbol": ("readable", "unknown"),
    "host_udp": ("answers", "silent"),
    "host_tcp": ("established", "syn_sent", "none"),
    "host_net_id_udp": tuple(AT_NET_ID),
    "host_net_id_tcp": ("established", "syn_sent", "none"),
    "host_api": ("answers", "silent", "no_listener"),
    "retest": ("ok", "blocked", *ERRORS),
    "added": ("accepted", "rejected", "unanswered"),
    "added_test": ("ok", "blocked", *ERRORS),
    "reconnected": ("connected", "disconnected", *CONNECT_FAILURES),
    "connect_test": ("ok", "blocked", *ERRORS),
    "write": ("ok", "failed"),
    "write_failure": ("plc.symbol_unknown", "plc.write_breaker", "plc.write_failed", "plc.not_at_rest"),
}
#: What cannot be seen without something else: a flag and a breaker are part of an answer, a NetId is part of one over UDP, more
#: rejected calls than before need a before, and silence at another address says nothing of a PLC that is silent at its own.
TOGETHER = {
    ("api", "answers"): {"flag": "disconnected"},
    "flag": {"api": "answers"},
    "breaker": {"api": "answers", "flag": "disconnected"},
    "plc_net_id": {"controller_udp": "answers"},
    ("breaker_later", "rejecting"): {"api": "answers", "flag": "disconnected"},
    ("controller_net_id_udp", "silent"): {"controller_udp": "answers"},
    ("host_net_id_udp", "silent"): {"host_udp": "answers"},
}


@pytest.mark.parametrize(("signal", "word"), [(signal, word) for signal, words in WORDS.items() for word in words])
def test_evidence_becomes_this_signal_and_no_other(signal: str, word: str) -> None:
    together = TOGETHER.get((signal, word)) or TOGETHER.get(signal, {})
    expected = {**dict.fromkeys(WORDS), **together, signal: word}
    assert signals_of(evidence_of(**{signal: word})) == expected


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """seen -> code and verdict; fell: what was raised and did not stand, with why."""

    story: str
    seen: dict[str, str]
    code: str
    verdict: str
    fell: dict[str, str] = field(default_factory=dict)


WORKS = {
    "flag": "connected",
    "test": "ok",
    "controller": "closed",
    "controller_udp": "answers",
    "host_udp": "answers",
    "host_tcp": "established",
}
NO_ROUTE = {"flag": "disconnected", "test": "timeout", "controller": "closed"}
CONNECTED, LOST = {"flag": "connected"}, {"flag": "disconnected"}
ELSEWHERE = {"net_id_ip": "not_derived"}

CASES = (
    # who answers for everything else
    Case("supervisor's host is off", {"api": "timeout"}, "supervisor.unreachable", OPEN),
    Case("supervisor hangs", {"api": "timeout", "host_api": "silent"}, "supervisor.unreachable", CONFIRMED),
    Case("supervisor ended", {"api": "unreachable", "host_api": "no_listener"}, "supervisor.unreachable", CONFIRMED),
    Case("supervisor firewalled", {"api": "unreachable", "host_api": "answers"},
         "supervisor.path_blocked", CONFIRMED, {"supervisor.unreachable": REFUTED}),
    Case("supervisor answers everybody", {**WORKS, "host_api": "answers"},
         "plc.healthy", OPEN, {"supervisor.path_blocked": REFUTED}),
    Case("only its host was asked", {"host_api": "answers"}, "plc.unclear", OPEN, {"supervisor.path_blocked": OPEN}),
    Case("a web page answers", {"api": "not_understood"}, "supervisor.not_understood", OPEN),
    Case("a web page answers for a dead one", {"api": "not_understood", "host_api": "no_listener"},
         "supervisor.not_understood", CONFIRMED),
    Case("a proxy answers for a living one", {"api": "not_understood", "host_api": "answers"},
         "supervisor.path_blocked", CONFIRMED, {"supervisor.not_understood": REFUTED}),
    # keys
    Case("our operator key is wrong", {**LOST, "operator_key": "refused", "admin_key": "accepted"},
         "supervisor.key_refused", CONFIRMED),
    Case("our only key is wrong", {**LOST, "operator_key": "refused", "admin_key": "missing"},
         "supervisor.key_refused", OPEN),
    Case("another supervisor", {**LOST, "operator_key": "refused", "admin_key": "refused"},
         "supervisor.all_keys_refused", CONFIRMED, {"supervisor.key_refused": REFUTED}),
    Case("another supervisor, not asked without a key", {"operator_key": "refused", "admin_key": "refused"},
         "supervisor.all_keys_refused", OPEN, {"supervisor.key_refused": REFUTED}),
    # the path
    Case("PLC off", {**LOST, "controller": "filtered", "host_udp": "silent"}, "plc.filtered", CONFIRMED),
    Case("PLC off, supervisor tries", {**LOST, "controller": "filtered", "host_tcp": "syn_sent"},
         "plc.filtered", CONFIRMED),
    Case("PLC off, host alone sees it", {**LOST, "host_tcp": "syn_sent", "host_udp": "silent"},
         "plc.filtered", CONFIRMED),
    Case("PLC off, supervisor blocks", {**LOST, "controller": "filtered", "test": "blocked"},
         "plc.filtered", CONFIRMED),
    Case("PLC off, controller not asked", {**LOST, "test": "blocked", "host_udp": "silent"}, "plc.filtered", CONFIRMED),
    Case("controller's word alone", {**LOST, "controller": "filtered"}, "plc.unclear", OPEN, {"plc.filtered": OPEN}),
    Case("supervisor busy, nobody else looked", {**LOST, "test": "blocked"},
         "plc.unclear", OPEN, {"plc.filtered": OPEN}),
    Case("a connection just being made", {**CONNECTED, "host_tcp": "syn_sent", "controller": "closed", "test": "ok"},
         "plc.healthy", OPEN, {"plc.filtered": REFUTED}),
    # The controller's way is not the host's: that it reaches the PLC says nothing about the host's.
    Case("supervisor blocked by another PLC", {**LOST, "test": "blocked", "controller": "closed"}, "plc.unclear", OPEN,
         {"plc.filtered": OPEN}),
    Case("supervisor blocked by another PLC, as the host sees",
         {**LOST, "test": "blocked", "controller": "closed", "host_udp": "answers"}, "plc.unclear", OPEN,
         {"plc.filtered": REFUTED}),
    Case("the host's packets are dropped before it connects",
         {**LOST, "test": "blocked", "controller": "closed", "host_udp": "silent"}, "plc.filtered", CONFIRMED),
    Case("controller firewalled, all is well", {**WORKS, "controller": "filtered", "controller_udp": "silent"}, "plc.healthy", OPEN,
         {"plc.filtered": REFUTED}),
    Case("controller firewalled, route lost", {**NO_ROUTE, "controller": "filtered", "host_udp": "answers"}, "plc.route_missing",
         CONFIRMED, {"plc.filtered": REFUTED}),
    Case("controller firewalled, link stale", {**CONNECTED, "test": "dead", "controller": "filtered", "host_udp": "answers"},
         "plc.link_stale", CONFIRMED, {"plc.filtered": REFUTED, "plc.router_refused": OPEN}),
    Case("only the host's packets are dropped",
         {**CONNECTED, "test": "timeout", "host_udp": "silent", "host_tcp": "established", "controller": "closed",
          "controller_udp": "answers"},
         "plc.filtered", CONFIRMED),
    Case("the host's datagrams are dropped, or the PLC is silent",
         {**CONNECTED, "test": "timeout", "host_udp": "silent", "host_tcp": "established", "controller_udp": "silent"},
         "plc.unclear", OPEN, {"plc.filtered": REFUTED, "plc.route_missing": OPEN}),
    # the router
    Case("TwinCAT stopped", {**LOST, "test": "port_or_refused", "controller": "refused"}, "plc.router_refused", CONFIRMED),
    Case("TwinCAT stopped while connected", {**CONNECTED, "test": "dead", "controller": "refused"}, "plc.router_refused", CONFIRMED),
    Case("6 and no second look", {**LOST, "test": "port_or_refused"}, "plc.unclear", OPEN,
         {"plc.router_refused": OPEN, "plc.port_wrong": OPEN}),
    Case("6 is the AMS port", {**LOST, "test": "port_or_refused", "controller": "port_unknown"}, "plc.port_wrong", CONFIRMED,
         {"plc.router_refused": REFUTED}),
    Case("6 is the AMS port, TwinCAT runs", {**LOST, "test": "port_or_refused", "controller": "port_unknown",
         "system_state": "RUN", "runtime_state": "ABSENT"}, "plc.port_wrong", CONFIRMED, {"plc.router_refused": REFUTED}),
    Case("6, the controller has no route", {**LOST, "test": "port_or_refused", "controller": "closed"}, "plc.port_wrong", CONFIRMED,
         {"plc.router_refused": REFUTED}),
    Case("6, but the runtime answers the controller", {**LOST, "test": "port_or_refused", "controller": "ok"}, "plc.unclear", OPEN,
         {"plc.router_refused": REFUTED, "plc.port_wrong": REFUTED}),
    Case("PLC hangs", {**LOST, "test": "timeout", "controller": "silent", "host_udp": "silent"}, "plc.silent", CONFIRMED),
    Case("PLC hangs, controller alone", {**LOST, "test": "timeout", "controller": "silent", "controller_udp": "silent"},
         "plc.silent", CONFIRMED),
    Case("silence, UDP not asked", {**LOST, "test": "timeout", "controller": "silent"},
         "plc.unclear", OPEN, {"plc.silent": OPEN, "plc.route_missing": OPEN}),
    Case("a router silent to strangers", {**LOST, "test": "timeout", "controller": "silent", "host_udp": "answers"},
         "plc.route_missing", CONFIRMED, {"plc.silent": REFUTED}),
    # the route
    Case("route lost", NO_ROUTE, "plc.route_missing", CONFIRMED),
    Case("route lost, host sees the PLC", {**LOST, "test": "timeout", "host_udp": "answers"},
         "plc.route_missing", CONFIRMED),
    Case("1861 and no second look", {**LOST, "test": "timeout"}, "plc.unclear", OPEN, {"plc.route_missing": OPEN}),
    Case("1861 but the router refuses", {**LOST, "test": "timeout", "controller": "refused"},
         "plc.unclear", OPEN, {"plc.route_missing": REFUTED}),
    Case("route was only lost to the old connection", {**NO_ROUTE, "retest": "ok"},
         "plc.link_stale", CONFIRMED, {"plc.route_missing": REFUTED}),
    Case("the same, nobody else looked", {**LOST, "test": "timeout", "retest": "ok"},
         "plc.link_stale", OPEN, {"plc.route_missing": REFUTED}),
    Case("wrong PLC password, hidden",
         {**NO_ROUTE, "added": "accepted", "added_test": "timeout", "controller_udp": "answers"}, "plc.route_refused",
         CONFIRMED),
    Case("wrong PLC password, told", {**NO_ROUTE, "added": "rejected", "added_test": "timeout", "host_udp": "answers"},
         "plc.route_refused", CONFIRMED),
    Case("wrong password or lost request", {**NO_ROUTE, "added": "accepted", "added_test": "timeout"},
         "plc.route_missing", CONFIRMED, {"plc.route_refused": OPEN}),
    Case("the login never arrived", {**NO_ROUTE, "added": "accepted", "added_test": "timeout", "host_udp": "silent"},
         "plc.route_missing", CONFIRMED, {"plc.route_refused": REFUTED}),
    Case("discovery is off", {**NO_ROUTE, "added": "unanswered", "controller_udp": "silent"},
         "plc.route_unanswered", CONFIRMED),
    Case("discovery is off, nobody else asked", {**NO_ROUTE, "added": "unanswered"}, "plc.route_unanswered", OPEN),
    Case("one datagram was lost", {**NO_ROUTE, "added": "unanswered", "host_udp": "answers"},
         "plc.route_missing", CONFIRMED, {"plc.route_unanswered": REFUTED}),
    # the supervisor's own ADS library
    Case("library holds a dead connection", {**NO_ROUTE, "retest": "dead"}, "plc.library_wedged", CONFIRMED),
    Case("library dead after an add", {**NO_ROUTE, "added": "accepted", "added_test": "dead", "host_udp": "answers"},
         "plc.library_wedged", CONFIRMED),
    Case("library dead, nobody else looked", {**LOST, "test": "timeout", "retest": "dead"}, "plc.library_wedged", OPEN),
    Case("it was the router after all", {**LOST, "test": "timeout", "retest": "dead", "controller": "refused"},
         "plc.unclear", OPEN, {"plc.library_wedged": REFUTED, "plc.route_missing": REFUTED}),
    Case("it was the router after the add", {**LOST, "test": "timeout", "added": "accepted", "added_test": "dead",
                                             "controller": "refused"},
         "plc.unclear", OPEN, {"plc.library_wedged": REFUTED, "plc.route_missing": REFUTED}),
    # the supervisor's link
    Case("link dead, flag says connected", {**CONNECTED, "test": "dead", "host_tcp": "none"},
         "plc.link_stale", CONFIRMED, {"plc.router_refused": OPEN}),
    Case("link dead, nobody else looked", {**CONNECTED, "test": "dead"},
         "plc.unclear", OPEN, {"plc.router_refused": OPEN, "plc.link_stale": OPEN}),
    Case("link dead, but so is the PLC", {**CONNECTED, "test": "dead", "host_tcp": "none", "controller": "silent"},
         "plc.unclear", OPEN, {"plc.router_refused": REFUTED, "plc.silent": OPEN, "plc.link_stale": REFUTED}),
    Case("not connected though the route works", {**WORKS, **LOST, "host_tcp": "none"}, "plc.link_stale", CONFIRMED),
    Case("not connected, nobody else looked", {**LOST, "test": "ok"}, "plc.link_stale", OPEN),
    Case("looks well, writes fail", {**WORKS, "write": "failed"}, "plc.link_stale", CONFIRMED, {"plc.healthy": REFUTED}),
    Case("looks well, writes fail, nobody else looked", {**CONNECTED, "test": "ok", "write": "failed"}, "plc.link_stale", OPEN,
         {"plc.healthy": REFUTED}),
    Case("connected anew, writes still fail", {**WORKS, "reconnected": "connected", "write": "failed"}, "plc.write_failed", CONFIRMED,
         {"plc.healthy": REFUTED}),
    Case("connected anew, writes still fail, nobody else looked",
         {**CONNECTED, "test": "ok", "reconnected": "connected", "write": "failed"}, "plc.write_failed", OPEN, {"plc.healthy": REFUTED}),
    Case("connected anew, it says, and no connection is there",
         {**WORKS, "host_tcp": "none", "reconnected": "connected", "write": "failed"}, "plc.link_stale", CONFIRMED,
         {"plc.healthy": REFUTED, "plc.write_failed": REFUTED}),
    Case("connect failed too, writes fail", {**WORKS, "reconnected": "disconnected", "write": "failed"}, "plc.link_stale", CONFIRMED,
         {"plc.healthy": REFUTED}),
    # the supervisor's library and its NetId
    Case("no ADS library", {**LOST, "ads_library": "missing", "host_tcp": "none"}, "supervisor.ads_library_missing", CONFIRMED),
    Case("no ADS library, nobody else looked", {**LOST, "ads_library": "missing"}, "supervisor.ads_library_missing", OPEN),
    Case("no ADS library, it says, and yet it is connected", {**WORKS, "ads_library": "missing"}, "plc.healthy", OPEN,
         {"supervisor.ads_library_missing": REFUTED}),
    Case("no ADS library, it says, and yet its route test comes back with an ADS code", {**NO_ROUTE, "ads_library": "missing"},
         "plc.route_missing", CONFIRMED, {"supervisor.ads_library_missing": REFUTED}),
    Case("supervisor has another NetId", {**NO_ROUTE, "own_net_id": "differs", "listed": "present"}, "supervisor.net_id_differs", CONFIRMED),
    Case("supervisor has another NetId, nobody else looked", {**LOST, "test": "timeout", "own_net_id": "differs"},
         "supervisor.net_id_differs", OPEN),
    Case("supervisor has another NetId, but the router is gone",
         {**LOST, "test": "timeout", "own_net_id": "differs", "controller": "refused"}, "plc.unclear", OPEN,
         {"supervisor.net_id_differs": REFUTED, "plc.route_missing": REFUTED}),
    Case("another NetId does no harm", {**WORKS, "own_net_id": "differs", "write": "ok"}, "plc.healthy", CONFIRMED),
    # who the PLC is, and what it does
    Case("another PLC at that address", {**LOST, "test": "timeout", "plc_net_id": "differs"}, "plc.net_id_differs", CONFIRMED),
    Case("another PLC at that address, no route test", {**LOST, "plc_net_id": "differs"}, "plc.net_id_differs", OPEN),
    Case("another PLC at that address, its router does not know our name",
         {**LOST, "test": "dead", "controller": "net_id_unknown", "plc_net_id": "differs"}, "plc.net_id_differs", CONFIRMED),
    Case("it calls itself something else and answers the controller to our name",
         {**NO_ROUTE, "controller": "ok", "plc_net_id": "differs"}, "plc.route_missing", CONFIRMED, {"plc.net_id_differs": REFUTED}),
    Case("it calls itself something else and answers to our name", {**WORKS, "plc_net_id": "differs"}, "plc.healthy", OPEN,
         {"plc.net_id_differs": REFUTED}),
    Case("TwinCAT in CONFIG", {**LOST, "test": "port_or_refused", "controller": "port_unknown", "system_state": "CONFIG",
         "runtime_state": "ABSENT"}, "plc.not_running", CONFIRMED),
    Case("the program is stopped and all else looks well",
         {**WORKS, "controller": "ok", "plc_net_id": "same", "system_state": "RUN", "runtime_state": "STOP"}, "plc.not_running", CONFIRMED),
    Case("the program crashed, nobody else looked", {**CONNECTED, "runtime_state": "EXCEPTION"}, "plc.not_running", OPEN),
    Case("TwinCAT in CONFIG, nobody else looked", {**CONNECTED, "system_state": "CONFIG"}, "plc.not_running", OPEN),
    Case("the state of another PLC", {**WORKS, "plc_net_id": "differs", "system_state": "CONFIG"}, "plc.healthy", OPEN,
         {"plc.net_id_differs": REFUTED, "plc.not_running": REFUTED}),
    Case("in RUN", {**WORKS, "system_state": "RUN", "runtime_state": "RUN", "write": "ok"}, "plc.healthy", CONFIRMED),
    # the PLC's own list
    Case("another route in the way", {**NO_ROUTE, "listed": "conflict"}, "plc.route_conflict", CONFIRMED),
    Case("another route in the way, link dead", {**CONNECTED, "test": "dead", "controller": "closed", "listed": "conflict"},
         "plc.route_conflict", CONFIRMED, {"plc.router_refused": REFUTED}),
    Case("another route, no route test", {**LOST, "listed": "conflict"}, "plc.unclear", OPEN, {"plc.route_conflict": OPEN}),
    Case("two routes that live together", {**WORKS, "listed": "conflict"}, "plc.healthy", OPEN, {"plc.route_conflict": REFUTED}),
    Case("not in the list", {**NO_ROUTE, "listed": "absent"}, "plc.route_missing", CONFIRMED),
    Case("in the list at another address", {**LOST, "test": "timeout", "listed": "differs"}, "plc.route_missing", CONFIRMED),
    Case("in the list, so it is the link", {**NO_ROUTE, "listed": "present", "host_udp": "answers"}, "plc.link_stale", CONFIRMED,
         {"plc.route_missing": REFUTED}),
    Case("in the list, nobody else looked", {**LOST, "test": "timeout", "listed": "present"}, "plc.link_stale", OPEN,
         {"plc.route_missing": REFUTED}),
    # connected, but not as the inventory says
    Case("connected to something else", {**CONNECTED, "test": "ok", "target": "differs", "host_tcp": "none"}, "plc.target_differs",
         CONFIRMED),
    Case("connected to another port", {**WORKS, "target": "differs"}, "plc.target_differs", CONFIRMED),
    Case("connected to another port, nobody else looked", {**CONNECTED, "target": "differs"}, "plc.target_differs", OPEN),
    Case("connected to another port than the inventory's, which is not there",
         {**CONNECTED, "test": "port_or_refused", "target": "differs"}, "plc.unclear", OPEN,
         {"plc.router_refused": OPEN, "plc.port_wrong": OPEN, "plc.target_differs": REFUTED}),
    Case("connected to another NetId than the inventory's, which the PLC does not have",
         {**CONNECTED, "test": "net_id", "target": "differs"}, "plc.unclear", OPEN, {"plc.target_differs": REFUTED}),
    Case("was connected to something else", {**WORKS, **LOST, "host_tcp": "none", "target": "differs"}, "plc.link_stale", CONFIRMED),
    Case("stored otherwise", {**WORKS, "stored": "differs", "write": "ok"}, "plc.healthy", CONFIRMED),
    Case("NetId not from the address, nobody there", {**ELSEWHERE, **LOST, "test": "ok", "host_net_id_udp": "silent"},
         "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId not from the address, another machine there", {**ELSEWHERE, **LOST, "test": "ok", "controller_net_id_udp": "other"},
         "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId not from the address, the controller alone sees nobody there",
         {**ELSEWHERE, **LOST, "test": "ok", "controller_net_id_udp": "silent"}, "plc.link_stale", CONFIRMED),
    Case("NetId from another address of the PLC", {**ELSEWHERE, **LOST, "test": "ok", "host_tcp": "none", "host_net_id_udp": "plc"},
         "plc.link_stale", CONFIRMED, {"plc.net_id_not_from_ip": REFUTED}),
    Case("NetId in use with another address", {**ELSEWHERE, **CONNECTED, "test": "in_use", "host_tcp": "none",
         "host_net_id_tcp": "established"}, "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId in use with another address, as the host's socket table shows",
         {**ELSEWHERE, **CONNECTED, "test": "in_use", "host_net_id_tcp": "established"}, "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId in use with another address, nobody else looked", {**ELSEWHERE, **CONNECTED, "test": "in_use"},
         "plc.net_id_not_from_ip", OPEN),
    Case("NetId in use with another address of the PLC", {**ELSEWHERE, **CONNECTED, "test": "in_use", "host_net_id_udp": "plc",
         "host_net_id_tcp": "established"}, "plc.unclear", OPEN, {"plc.net_id_not_from_ip": REFUTED}),
    Case("NetId in use with another address, and that is derived from it", {"net_id_ip": "derived", **CONNECTED, "test": "in_use"},
         "plc.unclear", OPEN),
    Case("NetId not from the address, packets dropped there", {**ELSEWHERE, **LOST, "test": "blocked", "host_net_id_tcp": "syn_sent",
         "host_net_id_udp": "silent"}, "plc.net_id_not_from_ip", CONFIRMED, {"plc.filtered": REFUTED}),
    Case("NetId not from the address, packets dropped there, no route test",
         {**ELSEWHERE, **LOST, "host_net_id_tcp": "syn_sent", "host_net_id_udp": "silent"}, "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId not from the address, a connection just being made there",
         {**ELSEWHERE, **WORKS, "host_net_id_tcp": "syn_sent", "write": "ok"}, "plc.healthy", CONFIRMED,
         {"plc.net_id_not_from_ip": REFUTED}),
    Case("NetId not from the address, the connect was refused", {**ELSEWHERE, **LOST, "test": "ok", "reconnected": "refused"},
         "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId not from the address, route added, the connect was refused",
         {**ELSEWHERE, **NO_ROUTE, "retest": "timeout", "added": "accepted", "added_test": "ok", "reconnected": "refused"},
         "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId from another address of the PLC, the connect was refused",
         {**ELSEWHERE, **LOST, "test": "ok", "reconnected": "refused", "controller_net_id_udp": "plc"}, "plc.link_stale", OPEN,
         {"plc.net_id_not_from_ip": REFUTED}),
    Case("NetId not from the address, the connect found another machine there",
         {**ELSEWHERE, **LOST, "test": "ok", "reconnected": "unproven", "connect_test": "in_use"}, "plc.net_id_not_from_ip", OPEN),
    Case("NetId not from the address, connected elsewhere",
         {**WORKS, "host_tcp": "none", "net_id_ip": "not_derived", "write": "failed"}, "plc.net_id_not_from_ip", CONFIRMED),
    Case("NetId not from the address, nobody else looked", {**CONNECTED, "net_id_ip": "not_derived", "write": "failed"},
         "plc.net_id_not_from_ip", OPEN),
    Case("NetId not from the address, and yet connected to it", {**WORKS, "net_id_ip": "not_derived", "write": "failed"},
         "plc.link_stale", CONFIRMED, {"plc.net_id_not_from_ip": REFUTED, "plc.healthy": REFUTED}),
    # writing
    Case("breaker open", {**WORKS, "breaker": "open"}, "plc.write_breaker_open", CONFIRMED),
    Case("breaker open, nobody else looked", {**CONNECTED, "test": "ok", "breaker": "open"}, "plc.write_breaker_open", OPEN),
    Case("breaker open, the link is being made", {**CONNECTED, "test": "ok", "breaker": "open", "host_tcp": "syn_sent"}, "plc.healthy",
         OPEN, {"plc.filtered": OPEN, "plc.write_breaker_open": REFUTED}),
    Case("breaker open, a command was rejected meanwhile",
         {**CONNECTED, "test": "ok", "breaker": "open", "breaker_later": "rejecting"}, "plc.write_breaker_open", CONFIRMED),
    Case("breaker open, closed by a command meanwhile", {**WORKS, "breaker": "open", "breaker_later": "closed", "write": "ok"},
         "plc.healthy", CONFIRMED, {"plc.write_breaker_open": REFUTED}),
    Case("breaker half open, a command was rejected meanwhile", {**WORKS, "breaker": "half_open", "breaker_later": "rejecting"},
         "plc.write_breaker_wedged", CONFIRMED),
    Case("breaker half open, nobody tried a command", {**WORKS, "breaker": "half_open", "breaker_later": "unused"},
         "plc.write_breaker_wedged", OPEN),
    Case("breaker half open, closed by a command meanwhile",
         {**WORKS, "breaker": "half_open", "breaker_later": "closed", "write": "ok"}, "plc.healthy", CONFIRMED,
         {"plc.write_breaker_wedged": REFUTED}),
    Case("breaker wedged, nobody else looked", {**CONNECTED, "test": "ok", "breaker": "half_open"}, "plc.write_breaker_wedged", OPEN),
    Case("breaker wedged, the link is being made", {**CONNECTED, "test": "ok", "breaker": "half_open", "host_tcp": "syn_sent"},
         "plc.healthy", OPEN, {"plc.filtered": OPEN, "plc.write_breaker_wedged": REFUTED}),
    Case("breaker open because the route is lost", {**NO_ROUTE, "breaker": "open"}, "plc.route_missing", CONFIRMED),
    Case("breaker closed", {**WORKS, "breaker": "closed"}, "plc.healthy", OPEN),
    Case("test variable is not in the PLC", {**WORKS, "write_failure": "plc.symbol_unknown", "test_symbol": "unknown"},
         "plc.symbol_unknown", CONFIRMED),
    Case("test variable unknown, nobody else looked", {**WORKS, "write_failure": "plc.symbol_unknown"}, "plc.symbol_unknown", OPEN),
    Case("supervisor does not know what the PLC has", {**WORKS, "write_failure": "plc.symbol_unknown", "test_symbol": "readable"},
         "supervisor.symbols_stale", CONFIRMED, {"plc.symbol_unknown": REFUTED}),
    Case("a namespace fails", {**WORKS, "namespaces": "some_fail", "write": "ok"}, "plc.namespace_failing", CONFIRMED),
    Case("a namespace fails, nobody else looked", {**CONNECTED, "namespaces": "some_fail"}, "plc.namespace_failing", OPEN),
    Case("a namespace fails while there is no connection", {**WORKS, "host_tcp": "none", "namespaces": "some_fail"}, "plc.healthy", OPEN,
         {"plc.namespace_failing": REFUTED}),
    Case("all namespaces fail", {**WORKS, "namespaces": "all_fail", "write": "failed"}, "plc.link_stale", CONFIRMED,
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
    ("supervisor.symbols_stale", OPEN): "a symbol of which nobody else knows is plc.symbol_unknown, which comes first",
    ("supervisor.symbols_stale", REFUTED): "a symbol that the PLC has not is plc.symbol_unknown, which comes first",
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
    codes = {row.code for row in (*TABLE, *SIDE_TABLE)} | {"plc.unclear"}
    assert {code for code, row in FINDINGS.items() if row.playbook == "B"} <= codes <= set(FINDINGS)


# --- counter-checks come from somebody else --------------------------------------------------------------------------

# Signal -> who looks, and through what. Two with the same pair are the same source and cannot counter-check each other.
SOURCES = {
    "api": ("controller", "HTTP without a key"),
    "ads_library": ("supervisor", "its word on its library"),
    "own_net_id": ("supervisor", "its word on its NetId"),
    "breaker": ("supervisor", "its breaker"),
    "stored": ("supervisor", "its stored entry"),
    "target": ("supervisor", "its live target"),
    "net_id_ip": ("inventory", "itself"),
    "plc_net_id": ("controller", "UDP 48899, what the PLC calls itself"),
    "system_state": ("controller", "ADS state of port 10000"),
    "runtime_state": ("controller", "ADS state of the runtime"),
    "listed": ("controller", "ADS route list"),
    "namespaces": ("controller", "ADS read of the namespaces"),
    "test_symbol": ("controller", "ADS read of the test variable"),
    "reconnected": ("supervisor", "what it says of a connect"),
    "connect_test": ("supervisor", "ADS after the connect"),
    "breaker_later": ("supervisor", "its breaker a moment later"),
    "controller_net_id_udp": ("controller", "UDP 48899 at the NetId's address"),
    "host_net_id_udp": ("host", "UDP 48899 at the NetId's address"),
    "host_net_id_tcp": ("host", "socket table towards the NetId's address"),
    "write_failure": ("supervisor", "why it wrote nothing"),
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


@pytest.mark.parametrize("row", [
    *(pytest.param(row, id=f"{number} {row.code}") for number, row in enumerate(TABLE)),
    *(pytest.param(row, id=f"beside {row.code}") for row in SIDE_TABLE),
])  # fmt: skip
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
    assert set(WORDS) == set(SOURCES) == set(signals_of({})) == set(OBSERVATIONS)
    rows = (*TABLE, *SIDE_TABLE)
    used = {(signal, word) for row in rows for signal, words in row.claim.items() for word in words}
    used |= {(c.signal, word) for row in rows for c in row.counters for word in c.confirms | c.refutes}
    assert used - {(signal, word) for signal, words in WORDS.items() for word in words} == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_recorded_counter_checks_say_call_time_value_and_who_looked(case: Case) -> None:
    finding = diagnose(evidence_of(**case.seen), plc="Press", host="line3-hmi1")
    for entry in (finding, *finding["refuted"], *finding["also"]):
        claims = {(item["call"], item["observed_from"]) for item in entry["evidence"]}
        for check in entry["counter_checks"]:
            assert check["value"] is not None and check["value"] == finding["signals"][check["signal"]]
            assert check["call"] and check["observed_from"] and check["at"].startswith("2026-01-01T")
            assert (check["call"], check["observed_from"]) not in claims
            assert check["verdict"] in (CONFIRMED, REFUTED, OPEN)


CALLS = {
    "api": "GET /api/system/status",
    "flag": "GET /api/system/status",
    "test": "POST /api/plc/ads/route/test",
    "operator_key": "POST /api/plc/ads/route/test",
    "admin_key": "POST /api/plc/ads/route/test with the admin key",
    "retest": "POST /api/plc/ads/route/test after the disconnect",
    "controller": "ADS probe, TCP 48898",
    "controller_udp": "ADS identify, UDP 48899",
    "host_udp": "ADS identify, UDP 48899",
    "host_tcp": "socket table, TCP 48898",
    "host_api": "local HTTP request",
    "added": "POST /api/plc/ads/route/add",
    "added_test": "POST /api/plc/ads/route/test after the add",
    "write": "POST /api/variables/write",
    "ads_library": "GET /api/plc/ads/route/status",
    "own_net_id": "GET /api/plc/ads/route/status against the inventory",
    "breaker": "GET /api/system/status, circuit breakers",
    "stored": "GET /api/plc/config against the inventory",
    "target": "GET /api/debug/config against the inventory",
    "net_id_ip": "inventory",
    "plc_net_id": "ADS identify, UDP 48899, against the inventory",
    "system_state": "ADS state, port 10000",
    "runtime_state": "ADS state, runtime port",
    "listed": "ADS route list, 803",
    "namespaces": "ADS read of the namespaces' probe variables",
    "test_symbol": "ADS read of the test variable",
    "reconnected": "POST /api/plc/connect",
    "connect_test": "POST /api/plc/ads/route/test after the connect",
    "breaker_later": "GET /api/system/status, circuit breakers, a moment later",
    "controller_net_id_udp": "ADS identify, UDP 48899, at the address made of the NetId",
    "host_net_id_udp": "ADS identify, UDP 48899, at the address made of the NetId",
    "host_net_id_tcp": "socket table, TCP 48898, to the address made of the NetId",
    "write_failure": "GET /api/variables/search and write breaker before the write",
}


def test_evidence_names_the_call_that_was_made() -> None:
    named = {}
    for seen in [*(case.seen for case in CASES), *(side[0] for side in SIDES)]:
        finding = diagnose(evidence_of(**seen), plc="Press", host="line3-hmi1")
        for entry in (finding, *finding["refuted"], *finding["also"]):
            named.update({item["signal"]: item["call"] for item in [*entry["evidence"], *entry["counter_checks"]]})
    assert named == CALLS


def test_evidence_carries_its_own_time_not_that_of_the_task_around_it() -> None:
    seen = {**NO_ROUTE, "retest": "timeout", "controller_udp": "answers"}
    checks = {check["signal"]: check for check in diagnose(evidence_of(**seen), plc="p", host="h")["counter_checks"]}
    assert checks["retest"]["at"] == "2026-01-01T00:00:01Z"
    assert checks["controller_udp"]["at"] == checks["controller"]["at"] == "2026-01-01T00:00:00Z"
    assert checks["controller"]["observed_from"] == "controller A"


@pytest.mark.parametrize(
    ("code", "signal"),
    [
        ("supervisor.unreachable", "unreachable"),
        ("supervisor.timeout", "timeout"),
        ("supervisor.not_json", "not_understood"),
        ("supervisor.redirected", "not_understood"),
        ("supervisor.rejected", "not_understood"),
        ("supervisor.failed", "not_understood"),
        ("library.missing", None),
        ("supervisor.rate_limited", None),
    ],
)
def test_failure_of_the_status_call_says_what_answers_there(code: str, signal: str | None) -> None:
    assert signals_of({"supervisor": {"not_observed": {"status": {"code": code}}}})["api"] == signal


# --- the controller's word alone -------------------------------------------------------------------------------------


def combinations(**words: t.Sequence[str | None]) -> t.Iterator[dict[str, str | None]]:
    return (dict(zip(words, chosen)) for chosen in itertools.product(*words.values()))


def test_path_is_never_blocked_on_the_controllers_word_alone() -> None:
    """DESIGN §7.3: the controller may be the one that is firewalled, and its UDP goes the same way as its TCP."""
    everything = combinations(controller=(None, *WORDS["controller"]), controller_udp=(None, *WORDS["controller_udp"]),
                              flag=(None, *WORDS["flag"]), test=(None, *WORDS["test"]))  # fmt: skip
    assert [words for words in everything if path_is_blocked(evidence_of(**words))] == []


def test_path_is_blocked_only_if_the_host_says_so_too() -> None:
    looks = combinations(
        controller=(None, *WORDS["controller"]),
        host_udp=(None, *WORDS["host_udp"]),
        host_tcp=(None, *WORDS["host_tcp"]),
    )
    blocked = [words for words in looks if path_is_blocked(evidence_of(**words))]
    assert blocked
    for words in blocked:
        assert words["host_udp"] == "silent" or words["host_tcp"] == "syn_sent"
        assert words["host_udp"] != "answers"
        assert words["controller"] not in ("ok", "closed", "refused", "reset", "silent")


@pytest.mark.parametrize(
    ("seen", "blocked"),
    [
        ({"host_net_id_tcp": "syn_sent", "host_net_id_udp": "silent"}, True),
        ({"host_net_id_tcp": "syn_sent", "host_net_id_udp": "other"}, True),
        ({"host_net_id_tcp": "syn_sent", "host_net_id_udp": "plc"}, False),
        ({"host_net_id_tcp": "syn_sent", "controller_net_id_udp": "silent"}, False),
        ({"host_net_id_tcp": "syn_sent"}, False),
        ({"host_net_id_tcp": "established", "host_net_id_udp": "other"}, False),
        ({"host_net_id_tcp": "none", "host_net_id_udp": "silent", "flag": "disconnected"}, False),
    ],
)
def test_path_is_blocked_while_the_supervisor_connects_to_nowhere(seen: dict[str, str], blocked: bool) -> None:
    """Quirks 3 and 5: that one connect holds all ADS work of the supervisor."""
    assert path_is_blocked(evidence_of(**ELSEWHERE, **seen)) is blocked
    assert not path_is_blocked(evidence_of(net_id_ip="derived", **seen))


def test_path_does_not_wait_for_a_route_test() -> None:
    """It is asked before the test, to know whether the test may be made: a test that went well must not matter."""
    seen = {"controller": "filtered", "host_udp": "silent"}
    assert path_is_blocked(evidence_of(**seen)) and path_is_blocked(evidence_of(**seen, test="ok"))


def test_a_firewalled_controller_changes_no_finding_that_can_be_healed() -> None:
    """A controller that sees nothing must not keep Playbook B from healing what others see (DESIGN §7.3)."""
    looks = combinations(flag=WORDS["flag"], test=WORDS["test"], host_udp=(None, "answers"),
                         host_tcp=(None, "established", "none"),
                         write=(None, "failed"), retest=(None, *WORDS["retest"]))  # fmt: skip
    changed = {}
    for words in looks:
        without = diagnose(evidence_of(**words), plc="p", host="h")["code"]
        firewalled = diagnose(evidence_of(**words, controller="filtered"), plc="p", host="h")["code"]
        if without in HEALABLE and firewalled != without and words["test"] != "blocked":
            changed[str(words)] = (without, firewalled)
    assert changed == {}


# --- whatever comes --------------------------------------------------------------------------------------------------

SHAPE = [
    "status", "plc_connected", "not_observed", "code", "probe", "outcome", "identity", "plc", "tcp", "supervisor",
    "api", "listens", "levels", "operator", "success", "blocked", "error", "route", "disconnect", "answer", "test",
    "original_test", "write_test", "proven", "observed_from", "at", "observed_at",
]  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3)
    | st.sampled_from(["(1861)", "filtered", "answers", "ok", "refused", "silent", "supervisor.timeout"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["status", "plc_connected", "not_observed", "code", "probe", "outcome", "identity", "plc", "tcp", "supervisor",
                         "api", "listens", "levels", "operator", "success", "blocked", "error", "route", "disconnect", "answer",
                         "test", "original_test", "write_test", "proven", "observed_from", "at", "observed_at", "wanted", "id",
                         "plc_config", "stored", "plc_configs", "plc_001", "target", "ams_net_id", "ams_port", "plc_ams_port",
                         "ip_address", "local_ams_net_id", "name", "address", "routes", "states", "system", "symbols",
                         "namespaces", "probe_variable", "results", "item", "test_variable", "breakers", "route_status",
                         "available", "failure", "reached", "connect", "net_id_address", "rejected"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ANY_EVIDENCE = st.dictionaries(st.sampled_from(["supervisor", "probe", "host", "route_test", "done", "wanted", "routes", "again", "x"]), JUNK)
ANY_WORDS = st.fixed_dictionaries({signal: st.sampled_from((None, *words)) for signal, words in WORDS.items()})


@given(evidence=ANY_EVIDENCE)
@settings(deadline=None)
def test_partial_and_garbage_evidence_never_raises(evidence: dict[str, t.Any]) -> None:
    assert all(value is None or isinstance(value, str) for value in signals_of(evidence).values())
    assert diagnose(evidence, plc="p", host="h")["code"] in FINDINGS
    assert path_is_blocked(evidence) in (True, False)


@pytest.mark.parametrize("evidence", [{}, {"supervisor": None, "probe": [], "host": "x", "route_test": 1, "done": True, "wanted": 5, "routes": "y"}])
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
    if words["api"] in ("unreachable", "timeout") and words["flag"] is words["breaker"] is words["breaker_later"] is None:
        assert finding["code"] in ("supervisor.unreachable", "supervisor.path_blocked")


# --- words -----------------------------------------------------------------------------------------------------------

SENTENCES = (
    ({**NO_ROUTE}, "en", "The PLC Press has no ADS route back to line3-hmi1."),
    ({**NO_ROUTE}, "de", "Der PLC Press fehlt die ADS-Route zurück zu line3-hmi1."),
    ({**WORKS, "write": "ok"}, "en", "The PLC Press answers and takes commands."),
    (WORKS, "en", "The PLC Press answers and takes commands (write path not proven)."),
    ({**LOST, "test": "ok"}, "en", "The supervisor on line3-hmi1 holds a PLC link that does not match the PLC Press "
     "(its flag says disconnected, the route test says ok)."),
    ({**WORKS, "write": "failed"}, "en",
     "The supervisor on line3-hmi1 holds a PLC link that does not match the PLC Press (its flag says connected, the"
     " route test says ok, the write test failed)."),
    ({"api": "timeout"}, "en", "The supervisor on line3-hmi1 does not answer (the host itself could not be asked)."),
    ({"api": "timeout", "host_api": "silent"}, "en",
     "The supervisor on line3-hmi1 does not answer (its process is there but does not answer on the host either)."),
    ({"api": "timeout", "host_api": "no_listener"}, "en",
     "The supervisor on line3-hmi1 does not answer (no process of it listens on the host)."),
    ({"api": "timeout", "host_api": "answers"}, "en",
     "The supervisor runs and answers on line3-hmi1 itself, but not from here (it listens on 127.0.0.1:5000)."),
    ({**LOST, "controller": "filtered", "host_udp": "silent"}, "en",
     "Packets to the PLC Press are dropped on the way."),
    ({"test": "timeout", "host_udp": "silent", "host_tcp": "established", "controller": "closed",
      "controller_udp": "answers"}, "de",
     "Pakete zur PLC Press gehen unterwegs verloren (the host's only; the controller reaches it)."),
    ({**WORKS, "controller": "ok", "system_state": "RUN", "runtime_state": "STOP", "target": "same"}, "en",
     "The PLC Press is not in RUN (TwinCAT is in RUN, the runtime on AMS port 851 in STOP)."),
    ({**LOST, "test": "port_or_refused", "system_state": "CONFIG", "runtime_state": "ABSENT", "target": "same"}, "de",
     "Die PLC Press ist nicht in RUN (TwinCAT is in CONFIG, the runtime on AMS port 851 not there)."),
    ({**LOST, "system_state": "CONFIG", "target": "same"}, "en",
     "The PLC Press is not in RUN (TwinCAT is in CONFIG, the runtime on AMS port 851 not observed)."),
    ({**LOST, "test": "port_or_refused", "controller": "closed", "target": "same"}, "en",
     "The PLC Press has no runtime on the AMS port of the inventory (AMS port 851; its state was not observed)."),
    ({**LOST, "test": "port_or_refused", "controller": "port_unknown", "system_state": "RUN", "target": "same"}, "en",
     "The PLC Press has no runtime on the AMS port of the inventory (AMS port 851)."),
    ({**LOST, "plc_net_id": "differs"}, "en",
     f"The PLC at the address of Press has another AMS NetId than the inventory says (it says {OTHER_NET_ID}, the inventory {NET_ID})."),
    ({**NO_ROUTE, "own_net_id": "differs"}, "en",
     "The supervisor on line3-hmi1 uses another AMS NetId than the route of the PLC Press is for "
     f"(it says {OTHER_NET_ID}, the inventory {OWN_NET_ID})."),
    ({**CONNECTED, "net_id_ip": "not_derived", "write": "failed"}, "en",
     "The supervisor connects to the first four numbers of the NetId of Press, which are not its address "
     f"(NetId {NET_ID}, address 10.7.7.7)."),
    ({**WORKS, "target": "differs"}, "en",
     "The supervisor on line3-hmi1 is connected to something else than the PLC Press of the inventory (ams_port 852 instead of 851)."),
    ({**NO_ROUTE, "listed": "conflict"}, "en",
     f"Another route in the PLC Press stands in the way of the one for line3-hmi1 (laptop ({OTHER_NET_ID} at 10.0.0.1))."),
    ({**WORKS, "namespaces": "some_fail"}, "en", "Single namespaces of the PLC Press do not answer (B)."),
    ({**LOST, "ads_library": "missing"}, "de", "Dem Supervisor auf line3-hmi1 fehlt die ADS-Bibliothek."),
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
    assert (
        finding["next_step"] == "Add the route to line3-hmi1 in TwinCAT XAE on the engineering side (SYSTEM > Routes)."
    )


# --- what is wrong beside the one finding -----------------------------------------------------------------------------------------

DRIFT = (
    "The supervisor on line3-hmi1 has stored the PLC Press otherwise than the inventory says (ams_port 852 instead of 851).", "SEV-3")
NOT_DERIVED = (
    "The supervisor connects to the first four numbers of the NetId of Press, which are not its address "
    f"(NetId {NET_ID}, address 10.7.7.7).", "SEV-3")


@pytest.mark.parametrize(
    ("seen", "code", "also", "severity"),
    [
        (WORKS, "plc.healthy", {}, ""),
        ({**WORKS, "stored": "same", "net_id_ip": "derived"}, "plc.healthy", {}, ""),
        ({**WORKS, "stored": "differs"}, "plc.healthy", {"plc.config_drift": DRIFT}, "SEV-3"),
        ({**NO_ROUTE, "stored": "differs"}, "plc.route_missing", {"plc.config_drift": DRIFT}, "SEV-1"),
        ({**WORKS, "namespaces": "some_fail", "stored": "differs"}, "plc.namespace_failing", {"plc.config_drift": DRIFT}, "SEV-2"),
        ({**WORKS, "net_id_ip": "not_derived"}, "plc.healthy", {"plc.net_id_not_from_ip": NOT_DERIVED}, "SEV-3"),
        # As the cause it keeps every command from the PLC.
        ({**CONNECTED, "net_id_ip": "not_derived", "write": "failed"}, "plc.net_id_not_from_ip", {}, "SEV-1"),
    ],
)  # fmt: skip
def test_what_is_wrong_beside_the_finding_is_told_and_never_lowers_its_severity(
    seen: dict[str, str], code: str, also: dict[str, tuple[str, str]], severity: str
) -> None:
    finding = diagnose(evidence_of(**seen), plc="Press", host="line3-hmi1")
    assert (finding["code"], finding["severity"]) == (code, severity)
    assert {side["code"]: (side["sentence"], side["severity"]) for side in finding["also"]} == also


NET_ID_CHECKS = {"host_net_id_udp": CONFIRMED, "controller_net_id_udp": CONFIRMED}
# What was seen, the code of what is wrong beside the finding, its verdict, and how its counter-checks came out.
SIDES: tuple[tuple[dict[str, str], str, str, dict[str, str]], ...] = (
    ({**WORKS, "stored": "differs"}, "plc.config_drift", CONFIRMED, {"test": CONFIRMED}),
    ({**WORKS, "stored": "differs", "plc_net_id": "same"}, "plc.config_drift", CONFIRMED, {"test": CONFIRMED, "plc_net_id": OPEN}),
    ({**NO_ROUTE, "stored": "differs"}, "plc.config_drift", OPEN, {"test": OPEN}),
    ({**LOST, "stored": "differs"}, "plc.config_drift", OPEN, {}),
    ({**LOST, "test": "net_id", "stored": "differs"}, "plc.config_drift", REFUTED, {"test": REFUTED}),
    ({**LOST, "plc_net_id": "differs", "stored": "differs"}, "plc.config_drift", REFUTED, {"plc_net_id": REFUTED}),
    ({**NO_ROUTE, **ELSEWHERE}, "plc.net_id_not_from_ip", OPEN, {}),
    ({**NO_ROUTE, **ELSEWHERE, "host_net_id_udp": "silent"}, "plc.net_id_not_from_ip", CONFIRMED, {"host_net_id_udp": CONFIRMED}),
    ({**NO_ROUTE, **ELSEWHERE, "host_net_id_udp": "other", "controller_net_id_udp": "other"}, "plc.net_id_not_from_ip", CONFIRMED,
     NET_ID_CHECKS),
    ({**NO_ROUTE, **ELSEWHERE, "controller_net_id_udp": "silent"}, "plc.net_id_not_from_ip", OPEN, {"controller_net_id_udp": OPEN}),
    # Not confirmed as the cause, so it may be one beside it.
    ({**LOST, **ELSEWHERE, "test": "ok", "controller_net_id_udp": "silent"}, "plc.net_id_not_from_ip", OPEN,
     {"controller_net_id_udp": OPEN}),
    ({**NO_ROUTE, **ELSEWHERE, "host_net_id_udp": "plc"}, "plc.net_id_not_from_ip", REFUTED, {"host_net_id_udp": REFUTED}),
)  # fmt: skip


@pytest.mark.parametrize(("seen", "code", "verdict", "checks"), SIDES)
def test_what_is_wrong_beside_the_finding_has_counter_checks_of_its_own(
    seen: dict[str, str], code: str, verdict: str, checks: dict[str, str]
) -> None:
    """What they refute is not told, only named among what fell, as with the finding itself."""
    finding = diagnose(evidence_of(**seen), plc="Press", host="line3-hmi1")
    (side,) = finding["refuted" if verdict == REFUTED else "also"]
    assert [other["code"] for other in finding["also"]] == ([] if verdict == REFUTED else [code])
    assert not {finding["code"], *(other["code"] for other in finding["also"])} & {fell["code"] for fell in finding["refuted"]}
    assert (side["code"], side["verdict"]) == (code, verdict)
    assert {check["signal"]: check["verdict"] for check in side["counter_checks"]} == checks
    assert [claim["signal"] for claim in side["evidence"]] == list(next(row.claim for row in SIDE_TABLE if row.code == code))


def test_every_side_finding_has_a_case_for_every_verdict() -> None:
    shown = {(code, verdict) for dummy, code, verdict, dummy_checks in SIDES}
    assert shown == set(itertools.product((row.code for row in SIDE_TABLE), (CONFIRMED, OPEN, REFUTED)))


def test_what_was_refuted_as_the_cause_is_not_told_beside_another_one() -> None:
    seen = {**WORKS, **ELSEWHERE, "write": "failed"}
    finding = diagnose(evidence_of(**seen), plc="Press", host="line3-hmi1")
    assert [entry["code"] for entry in finding["refuted"]] == ["plc.net_id_not_from_ip", "plc.healthy"]
    assert finding["also"] == []


# --- the PLCs that stand by -------------------------------------------------------------------------------------------------------


def standby(name: str, **seen: str) -> dict[str, t.Any]:
    """What is seen of a PLC that the supervisor is not connected to: it has no flag, no list and no write."""
    evidence = evidence_of(**seen)
    return {**{key: evidence[key] for key in ("probe", "route_test")}, "wanted": {"id": name, "name": name.title()}}


def test_a_standby_plc_is_told_only_if_its_route_test_did_not_succeed() -> None:
    looks = [
        standby("good", test="ok", controller="closed"),
        standby("lost", test="timeout", controller="closed"),
        standby("off", controller="filtered"),
    ]
    assert standby_notes(looks, "line3-hmi1") == [
        "The PLC Lost has no ADS route back to line3-hmi1.",
        "The PLC Off does not work and the cause could not be told apart (route test: not observed).",
    ]
    assert standby_notes(looks[1:2], "line3-hmi1", "de") == ["Der PLC Lost fehlt die ADS-Route zurück zu line3-hmi1."]
    assert standby_notes([], "line3-hmi1") == []


def test_a_standby_plc_without_a_name_goes_by_its_id() -> None:
    (note,) = standby_notes([{"wanted": {"id": "plc_002"}, "route_test": {"error": ERRORS["timeout"]}}], "h")
    assert "plc_002" in note


def test_text_from_a_plant_is_data() -> None:
    evil = "{{ lineops_secrets }} {plc} (1861) <script>"
    finding = diagnose({"route_test": {"error": evil}}, plc=evil, host=evil)
    assert finding["sentence"].count(evil) == 2
    assert finding["signals"]["test"] == "timeout"
