# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the modules' own answers to signals, where the shape of the answer decides (the words are in test__plc_diagnosis)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._plc_signals import (
    SOURCES,
    config_rows,
    conflicting_routes,
    failing_namespaces,
    not_observed,
    observation,
    part,
    signals_of,
)

WANTED = {
    "id": "plc_001", "ams_net_id": "10.0.0.2.1.1", "ams_port": 851, "ip_address": "10.0.0.2",
    "route": {"name": "line3-hmi1", "local_ams_net_id": "10.0.0.1.1.1", "local_ip": "10.0.0.1"},
    "test_variable": {"name": "MAIN.bOpsTest"},
    "namespaces": [{"name": "MAIN", "probe_variable": "MAIN.b"}, {"name": "GVL", "probe_variable": "GVL.b"}],
}  # fmt: skip
STORED = {"ams_net_id": "10.0.0.2.1.1", "ams_port": 851, "ip_address": "10.0.0.2", "name": "Press"}
TARGET = {"plc_ams_net_id": "10.0.0.2.1.1", "plc_ams_port": 851, "plc_connected": True}
OURS = {"name": "line3-hmi1", "ams_net_id": "10.0.0.1.1.1", "address": "10.0.0.1", "temporary": False}


def config_signals(**config: t.Any) -> tuple[t.Any, t.Any]:
    signals = signals_of({"wanted": WANTED, "supervisor": {"plc_config": config}})
    return signals["stored"], signals["target"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"stored": {"plc_configs": {"plc_001": STORED}}, "target": TARGET}, ("same", "same")),
        ({"stored": {"plc_configs": {"plc_001": STORED}}, "target": {}}, ("same", None)),
        ({"stored": {"plc_configs": {"plc_001": STORED}}, "target": None}, ("same", None)),
        ({"target": TARGET}, (None, "same")),
        # No entry for our PLC is a difference, no answer is none.
        ({"stored": {"plc_configs": {"plc_002": STORED}}, "target": TARGET}, ("differs", "same")),
        ({"stored": {"plc_configs": {}}}, ("differs", None)),
        ({"stored": {"plc_configs": {"plc_001": {**STORED, "ip_address": "10.0.0.3"}}}, "target": TARGET}, ("differs", "same")),
        ({"stored": {"plc_configs": {"plc_001": STORED}}, "target": {**TARGET, "plc_ams_port": 801}}, ("same", "differs")),
        ({"stored": {"plc_configs": {"plc_001": STORED}}, "target": {**TARGET, "plc_ams_net_id": "10.0.0.3.1.1"}}, ("same", "differs")),
        ({}, (None, None)),
    ],
)
def test_stored_entry_and_live_target_are_told_apart(config: dict[str, t.Any], expected: tuple[t.Any, t.Any]) -> None:
    """SUPERVISOR_API quirk 10: what plc/config shows is not what the supervisor is connected to."""
    assert config_signals(**config) == expected


def test_a_link_is_not_wrong_for_its_runtime_type() -> None:
    """The supervisor connects by NetId and AMS port: a healthy link would be cut for a label."""
    config = {"stored": {"plc_configs": {"plc_001": {**STORED, "runtime_type": "TC3"}}}, "target": {**TARGET, "plc_runtime_type": "TC3"}}
    evidence = {"wanted": {**WANTED, "runtime_type": "TC2"}, "supervisor": {"plc_config": config}}
    assert config_rows(evidence) == []
    assert {signals_of(evidence)[name] for name in ("stored", "target")} == {"same"}


def test_without_the_inventory_nothing_differs() -> None:
    evidence = {"supervisor": {"plc_config": {"stored": {"plc_configs": {}}, "target": TARGET}}}
    assert config_rows(evidence) == []
    assert {signals_of(evidence)[name] for name in ("stored", "target", "net_id_ip", "own_net_id", "plc_net_id")} == {None}


@pytest.mark.parametrize(
    ("breakers", "signal"),
    [
        ({"plc:plc_001:write": "open"}, "open"),
        ({"plc:plc_002:write": "open", "plc:plc_001:write": "closed"}, "closed"),
        ({"plc:plc_002:write": "open"}, None),
        ({"plc:plc_001:read": "open"}, None),
        ({"plc:plc_001:write": None}, None),
    ],
)
def test_breaker_is_the_one_for_writes_to_this_plc(breakers: dict[str, t.Any], signal: t.Any) -> None:
    evidence = {"wanted": WANTED, "supervisor": {"status": {"plc_connected": True, "breakers": breakers}}}
    assert signals_of(evidence)["breaker"] == signal


@pytest.mark.parametrize(
    ("net_id", "ip", "signal"),
    [
        ("10.0.0.2.1.1", "10.0.0.2", "derived"),
        ("10.0.0.2.7.9", "10.0.0.2", "derived"),
        ("10.0.0.21.1.1", "10.0.0.2", "not_derived"),
        ("110.0.0.2.1.1", "10.0.0.2", "not_derived"),
        ("5.33.160.54.1.1", "10.0.0.2", "not_derived"),
        (None, "10.0.0.2", None),
        ("10.0.0.2.1.1", None, None),
    ],
)
def test_net_id_made_from_the_address(net_id: t.Any, ip: t.Any, signal: t.Any) -> None:
    """SUPERVISOR_API quirk 3: the supervisor connects to the first four numbers."""
    assert signals_of({"wanted": {**WANTED, "ams_net_id": net_id, "ip_address": ip}})["net_id_ip"] == signal


HERE, THERE, NOBODY = {"ams_net_id": WANTED["ams_net_id"]}, {"ams_net_id": "10.0.0.9.1.1"}, None


@pytest.mark.parametrize(
    ("identity", "at_net_id", "signal"),
    [
        (HERE, HERE, "plc"),
        (HERE, THERE, "other"),
        (HERE, NOBODY, "silent"),
        # A PLC whose discovery is off is silent everywhere.
        (NOBODY, NOBODY, None),
        (NOBODY, HERE, "plc"),
        (HERE, {}, "silent"),
        (HERE, {"host_name": "CX"}, None),
    ],
)
@pytest.mark.parametrize("from_host", [True, False])
def test_who_is_where_the_supervisor_connects_to(identity: t.Any, at_net_id: t.Any, signal: t.Any, from_host: bool) -> None:
    look = {"identity": identity, "net_id_address": {"ip_address": "10.9.9.9", "identity": at_net_id}}
    signals = signals_of({"wanted": WANTED, **({"host": {"plc": look}} if from_host else {"probe": look})})
    seen = (signal, None) if from_host else (None, signal)
    assert (signals["host_net_id_udp"], signals["controller_net_id_udp"]) == seen


def breaker_evidence(before: t.Any, after: t.Any, state: t.Any = "half_open") -> dict[str, t.Any]:
    name = "plc:plc_001:write"
    first, again = ({"status": {"breakers": {name: state}, "rejected": {name: count}}} for count in (before, after))
    return {"wanted": WANTED, "supervisor": first, "again": again}


@pytest.mark.parametrize(
    ("evidence", "signal"),
    [
        (breaker_evidence(3, 4), "rejecting"),
        (breaker_evidence(3, 4, "open"), "rejecting"),
        (breaker_evidence(3, 3), "unused"),
        (breaker_evidence(3, 2), "unused"),
        (breaker_evidence(3, None), "unused"),
        (breaker_evidence("3", "4"), "unused"),
        (breaker_evidence(3, 4, "closed"), "closed"),
        (breaker_evidence(3, 4, None), None),
        ({**breaker_evidence(3, 4), "again": {"not_observed": {"status": {"code": "supervisor.timeout"}}}}, None),
        ({**breaker_evidence(3, 4), "wanted": {**WANTED, "id": "plc_002"}}, None),
    ],
)
def test_what_became_of_a_breaker_meanwhile(evidence: dict[str, t.Any], signal: t.Any) -> None:
    """Quirk 8: half open it lets one command through, or none for good; only a command that was tried shows which."""
    assert signals_of(evidence)["breaker_later"] == signal


@pytest.mark.parametrize(
    ("connect", "signals"),
    [
        ({"reached": "connected", "test": {"success": True}}, ("connected", "ok")),
        ({"reached": None, "failure": {"code": "plc.connect_refused"}, "test": {}}, ("refused", None)),
        ({"reached": None, "failure": {"code": "plc.connect_unproven"}, "test": {"error": "(1286)"}}, ("unproven", "in_use")),
        ({"reached": None, "failure": {"code": "supervisor.timeout"}, "test": {}}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_what_a_connect_came_to(connect: dict[str, t.Any], signals: tuple[t.Any, t.Any]) -> None:
    found = signals_of({"done": {"connect": connect}})
    assert (found["reconnected"], found["connect_test"]) == signals


def listed(*routes: t.Any) -> t.Any:
    return signals_of({"wanted": WANTED, "routes": {"routes": list(routes)}})["listed"]


@pytest.mark.parametrize(
    ("routes", "signal"),
    [
        ([OURS], "present"),
        ([OURS, {"name": "eng", "ams_net_id": "10.0.0.9.1.1", "address": "10.0.0.9"}], "present"),
        # Name and lifetime of our route do not keep the router from answering.
        ([{**OURS, "name": "other name"}], "present"),
        ([{**OURS, "temporary": True}], "present"),
        ([], "absent"),
        ([{"name": "eng", "ams_net_id": "10.0.0.9.1.1", "address": "10.0.0.9"}], "absent"),
        ([{**OURS, "address": "10.0.0.99"}], "differs"),
        ([OURS, {**OURS, "name": "twice"}], "conflict"),
        ([OURS, {**OURS, "name": "laptop", "ams_net_id": "10.0.0.8.1.1"}], "conflict"),
        ([{**OURS, "ams_net_id": "10.0.0.8.1.1"}], "conflict"),
        ([OURS, {**OURS, "ams_net_id": "10.0.0.8.1.1", "address": "10.0.0.8"}], "conflict"),
        # Entries of which the list shows no address say nothing.
        ([OURS, {"name": "x", "ams_net_id": "10.0.0.8.1.1"}, None, "y"], "present"),
    ],
)
def test_list_of_the_plc_says_what_it_holds_for_the_supervisor(routes: list[t.Any], signal: str) -> None:
    assert listed(*routes) == signal


@pytest.mark.parametrize("routes", [{}, {"routes": None, "remark": "no route"}, {"routes": "x"}, None])
def test_a_list_that_was_not_read_is_not_an_empty_one(routes: t.Any) -> None:
    evidence = {"wanted": WANTED, "routes": routes}
    assert signals_of(evidence)["listed"] is None and conflicting_routes(evidence) == []


def test_conflicting_routes_are_named_without_our_own() -> None:
    laptop = {**OURS, "name": "laptop", "ams_net_id": "10.0.0.8.1.1"}
    assert conflicting_routes({"wanted": WANTED, "routes": {"routes": [OURS, laptop]}}) == [laptop]


def namespace_evidence(symbols: t.Any = None, written: t.Any = None) -> dict[str, t.Any]:
    results = [{"item": {"name": name}, "proven": proven} for name, proven in (written or {}).items()]
    return {"wanted": WANTED, "probe": {"symbols": symbols or {}}, "done": {"namespaces": {"results": results}} if results else {}}


@pytest.mark.parametrize(
    ("evidence", "signal", "failing"),
    [
        (namespace_evidence(), None, []),
        (namespace_evidence({"MAIN.b": None, "GVL.b": None}), None, []),
        (namespace_evidence({"MAIN.b": True, "GVL.b": True}), "all_work", []),
        (namespace_evidence({"MAIN.b": True, "GVL.b": None}), "all_work", []),
        (namespace_evidence({"MAIN.b": True, "GVL.b": False}), "some_fail", ["GVL"]),
        (namespace_evidence({"MAIN.b": False, "GVL.b": False}), "all_fail", ["MAIN", "GVL"]),
        (namespace_evidence({"MAIN.b": False}), "all_fail", ["MAIN"]),
        (namespace_evidence(written={"GVL.b": True}), "all_work", []),
        (namespace_evidence({"MAIN.b": True}, {"GVL.b": False}), "some_fail", ["GVL"]),
        # Refused because of the breaker or an unanswered call: not observed.
        (namespace_evidence({"MAIN.b": True}, {"GVL.b": None}), "all_work", []),
        # Where both were made, the controller's own read counts: the supervisor may know a symbol that is gone.
        (namespace_evidence({"GVL.b": False, "MAIN.b": True}, {"GVL.b": True}), "some_fail", ["GVL"]),
        (namespace_evidence({"elsewhere.b": False}), None, []),
    ],
)
def test_namespaces_are_told_apart_and_unobserved_ones_are_left_out(
    evidence: dict[str, t.Any], signal: t.Any, failing: list[str]
) -> None:
    assert (signals_of(evidence)["namespaces"], failing_namespaces(evidence)) == (signal, failing)


@pytest.mark.parametrize(
    ("seen", "unseen"),
    [
        ({}, ["PLC state", "PLC routes", "namespaces MAIN, GVL"]),
        ({"probe": {"states": {"system": None, "runtime": None}, "symbols": {"MAIN.b": None}}},
         ["PLC state", "PLC routes", "namespaces MAIN, GVL"]),
        ({"probe": {"states": {"system": "RUN", "runtime": None}, "symbols": {"MAIN.b": True}}, "routes": {"routes": []}},
         ["namespaces GVL"]),
        ({"probe": {"states": {"system": "RUN", "runtime": "RUN"}}, "routes": {"routes": None, "remark": "no route"},
          "done": {"namespaces": {"results": [{"item": {"name": "GVL.b"}, "proven": False}]}}}, ["PLC routes", "namespaces MAIN"]),
        ({"wanted": {}}, ["PLC state", "PLC routes"]),
    ],
)  # fmt: skip
def test_what_nobody_saw_is_named(seen: dict[str, t.Any], unseen: list[str]) -> None:
    """Unknown is not healthy (DESIGN §7.13; quirks 6 and 25)."""
    assert not_observed({"wanted": WANTED, **seen}) == unseen


def test_states_and_symbols_that_were_not_had_are_not_observed() -> None:
    evidence = {"wanted": WANTED, "probe": {"states": {"system": None, "runtime": None}, "symbols": {"MAIN.bOpsTest": None}}}
    assert {signals_of(evidence)[name] for name in ("system_state", "runtime_state", "test_symbol", "namespaces")} == {None}


def test_every_signal_has_a_source_and_a_call() -> None:
    assert set(SOURCES) == set(signals_of({}))
    assert all(call for dummy, dummy_path, call in SOURCES.values())


def test_observation_names_the_innermost_place_and_time_that_are_told() -> None:
    evidence = {"host": {"observed_from": "host line3-hmi1", "observed_at": "T1", "plc": {"observed_at": "T2", "identity": None}}}
    assert observation("host_udp", "silent", evidence) == {
        "signal": "host_udp", "call": "ADS identify, UDP 48899", "value": "silent", "observed_from": "host line3-hmi1", "at": "T2"}


@pytest.mark.parametrize("tree", [None, [], "x", 5, {"a": None}, {"a": {"b": 5}}, {"a": {}}])
def test_part_of_what_is_not_there_is_empty(tree: t.Any) -> None:
    assert part(tree, "a", "b") == {}
