# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B, evidence: what was gathered about one PLC, reduced to short words (signals), and where each came from.

The evidence is the dictionary that the role plc_recovery gathers: ``wanted`` (the entry of lineops_plcs), ``supervisor``
(result of supervisor_info), ``probe`` (ads_probe), ``routes`` (ads_route_info), ``host`` (host_info), ``route_test`` (one
result of supervisor_info, subset route_test), ``again`` (supervisor_info, subset status, a moment later, where the
write breaker was not closed), and ``done`` (step name -> result of its module); any may be missing.
Pure. Private to this collection.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._ads_frames import connect_address
from ._plc_config_rules import agreement, differences
from ._route_rules import plan_present

Evidence = t.Mapping[str, t.Any]
Signal = t.Optional[str]

#: ADS codes in the error text of a route test (SUPERVISOR_API §4): "timeout elapsed (1861)".
_TEST_CODES = {"1861": "timeout", "6": "port_or_refused", "7": "net_id", "-1": "dead", "1286": "in_use"}

_API_FAILURES = {
    "supervisor.unreachable": "unreachable",
    "supervisor.timeout": "timeout",
    "supervisor.not_json": "not_understood",
    "supervisor.redirected": "not_understood",
    "supervisor.rejected": "not_understood",
    "supervisor.failed": "not_understood",
}


def signals_of(evidence: Evidence) -> dict[str, Signal]:
    """Reduce the evidence of one PLC to signals; what was not observed, or is not of the expected shape, is None."""
    supervisor, wanted = part(evidence, "supervisor"), part(evidence, "wanted")
    done = part(evidence, "done")
    route = part(done, "route")
    levels = part(evidence, "route_test", "levels")
    stored, target = _config(supervisor, wanted)
    states = part(evidence, "probe", "states")
    return {
        "api": _api(supervisor),
        "ads_library": _choice(part(supervisor, "route_status").get("available"), "available", "missing"),
        "own_net_id": _same(part(supervisor, "route_status").get("local_ams_net_id"), part(wanted, "route").get("local_ams_net_id")),
        "flag": _flag(supervisor),
        "breaker": _word(part(supervisor, "status", "breakers").get(_breaker_name(wanted))),
        "breaker_later": _breaker_later(
            part(supervisor, "status"), part(evidence, "again", "status"), _breaker_name(wanted)),
        "stored": stored,
        "target": target,
        "net_id_ip": _net_id_ip(wanted),
        "test": _test(part(evidence, "route_test")),
        "operator_key": _word(levels.get("operator")),
        "admin_key": _word(levels.get("admin")),
        "controller": _word(part(evidence, "probe", "probe").get("outcome")),
        "controller_udp": _udp(part(evidence, "probe")),
        "controller_net_id_udp": _who_is_at_net_id(part(evidence, "probe"), wanted),
        "plc_net_id": _same(part(evidence, "probe", "identity").get("ams_net_id"), wanted.get("ams_net_id")),
        "system_state": _word(states.get("system")),
        "runtime_state": _word(states.get("runtime")),
        "listed": _listed(part(evidence, "routes").get("routes"), wanted),
        "namespaces": _namespaces(evidence),
        "test_symbol": _choice(
            part(evidence, "probe", "symbols").get(part(wanted, "test_variable").get("name")), "readable", "unknown"),
        "host_udp": _udp(part(evidence, "host", "plc")),
        "host_tcp": _word(part(evidence, "host", "plc").get("tcp")),
        "host_net_id_udp": _who_is_at_net_id(part(evidence, "host", "plc"), wanted),
        "host_net_id_tcp": _word(part(evidence, "host", "plc", "net_id_address").get("tcp")),
        "host_api": _word(part(evidence, "host", "supervisor").get("api")),
        "retest": _test(part(route, "original_test")) if "disconnect" in done else None,
        "added": _word(route.get("answer")),
        "added_test": _test(part(route, "test")),
        "reconnected": _reconnected(part(done, "connect")),
        "connect_test": _test(part(done, "connect", "test")),
        "write": _write(part(done, "write_test")),
        "write_failure": _word(part(done, "write_test", "failure").get("code")),
    }


def part(tree: t.Any, *path: str) -> Evidence:
    """Return the mapping at a path; {} where there is none."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def failing_namespaces(evidence: Evidence) -> list[str]:
    """Return the names of the namespaces whose probe variable could be neither read nor written."""
    return [name for name, works in _looks_at_namespaces(evidence).items() if not works]


def not_observed(evidence: Evidence) -> list[str]:
    """Name what only a look inside the PLC shows and nobody saw: a PLC can look healthy that is not (quirks 6, 25)."""
    states = part(evidence, "probe", "states")
    declared = part(evidence, "wanted").get("namespaces")
    names = [str(part(entry).get("name")) for entry in declared] if isinstance(declared, list) else []
    unseen = [name for name in names if name not in _looks_at_namespaces(evidence)]
    looks = {
        "PLC state": bool(_word(states.get("system")) or _word(states.get("runtime"))),
        "PLC routes": isinstance(part(evidence, "routes").get("routes"), list),
        f"namespaces {', '.join(unseen)}": not unseen,
    }
    return [name for name, seen in looks.items() if not seen]


def config_rows(evidence: Evidence) -> list[dict[str, t.Any]]:
    """Return how stored entry and live target differ from the inventory (quirk 10).

    The runtime type is left out: a connect goes by the AMS port, so a link is not wrong for it.
    """
    wanted, supervisor = part(evidence, "wanted"), part(evidence, "supervisor")
    config = part(supervisor, "plc_config")
    if not wanted or not config:
        return []
    stored = part(config, "stored", "plc_configs").get(str(wanted.get("id")))
    return differences({**wanted, "runtime_type": None}, stored if isinstance(stored, Mapping) else {}, part(config, "target") or None)


def _word(value: t.Any) -> Signal:
    """Return a text that says something; None for all else."""
    return value if isinstance(value, str) and value else None


def _choice(value: t.Any, yes: str, no: str) -> Signal:
    return {True: yes, False: no}.get(value) if isinstance(value, bool) else None


def _same(one: t.Any, other: t.Any) -> Signal:
    if not (_word(one) and _word(other)):
        return None
    return "same" if one == other else "differs"


def _api(supervisor: Evidence) -> Signal:
    if "status" in supervisor:
        return "answers"
    return _API_FAILURES.get(_word(part(supervisor, "not_observed", "status").get("code")) or "")


def _flag(supervisor: Evidence) -> Signal:
    if "status" not in supervisor:
        return None
    return "connected" if part(supervisor, "status").get("plc_connected") is True else "disconnected"


def _config(supervisor: Evidence, wanted: Evidence) -> tuple[Signal, Signal]:
    config = part(supervisor, "plc_config")
    rows = config_rows({"supervisor": supervisor, "wanted": wanted})
    if not wanted or not config:
        return None, None
    return agreement(rows, "stored", config.get("stored")), agreement(rows, "target", part(config, "target") or None)


def _net_id_ip(wanted: Evidence) -> Signal:
    net_id, ip = wanted.get("ams_net_id"), wanted.get("ip_address")
    if not (isinstance(net_id, str) and isinstance(ip, str)):
        return None
    return "derived" if connect_address(net_id) == ip else "not_derived"


def _breaker_name(wanted: Evidence) -> str:
    return f"plc:{wanted.get('id')}:write"


def _breaker_later(before: Evidence, after: Evidence, name: str) -> Signal:
    """Say what became of a write breaker: closed by a command that got through, rejecting them, or not used."""
    state = _word(part(after, "breakers").get(name))
    if state in (None, "closed"):
        return state
    rejected = [part(look, "rejected").get(name) for look in (before, after)]
    return "rejecting" if all(isinstance(count, int) for count in rejected) and rejected[0] < rejected[1] else "unused"


def _who_is_at_net_id(look: Evidence, wanted: Evidence) -> Signal:
    """Say who answers where the supervisor connects to: the PLC itself, another machine, or nobody.

    That nobody does says nothing of a PLC that keeps silent at its own address too.
    """
    found = part(look, "net_id_address")
    if "identity" not in found:
        return None
    if not found["identity"]:
        return "silent" if look.get("identity") else None
    agreed = _same(part(found, "identity").get("ams_net_id"), wanted.get("ams_net_id"))
    return {"same": "plc", "differs": "other"}.get(agreed or "")


def _test(test: Evidence) -> Signal:
    if test.get("success") is True:
        return "ok"
    if test.get("blocked") is True:
        return "blocked"
    error = _word(test.get("error"))
    code = re.search(r"\((-?\d+)\)", error or "")
    return _TEST_CODES.get(code.group(1), "other") if code else ("other" if error else None)


def _udp(look: Evidence) -> Signal:
    if "identity" not in look:
        return None
    return "answers" if look["identity"] else "silent"


def _listed(routes: t.Any, wanted: Evidence) -> Signal:
    """Say whether the PLC's own list has the supervisor's route, and nothing else in its place."""
    route = part(wanted, "route")
    if not isinstance(routes, list) or not route:
        return None
    plan = plan_present(_wanted_route(route), _whole(routes))
    if plan.conflicts:
        return "conflict"
    if plan.original is None:
        return "absent"
    return "differs" if plan.original["address"].lower() != str(route.get("local_ip")).lower() else "present"


def _wanted_route(route: Evidence) -> dict[str, t.Any]:
    return {
        "name": str(route.get("name")), "ams_net_id": str(route.get("local_ams_net_id")), "address": str(route.get("local_ip")),
        "temporary": False, "unidirectional": False,
    }


def conflicting_routes(evidence: Evidence) -> list[t.Mapping[str, t.Any]]:
    """Return the routes that stand in the way of the supervisor's."""
    routes, route = part(evidence, "routes").get("routes"), part(evidence, "wanted", "route")
    return list(plan_present(_wanted_route(route), _whole(routes)).conflicts) if isinstance(routes, list) and route else []


def _whole(routes: list[t.Any]) -> list[t.Mapping[str, t.Any]]:
    return [route for route in routes if all(isinstance(part(route).get(key), str) for key in ("name", "ams_net_id", "address"))]


def _looks_at_namespaces(evidence: Evidence) -> dict[str, bool]:
    """Namespace -> works, by direct read where it was made, else by the write test of its own; unobserved are left out."""
    symbols = part(evidence, "probe", "symbols")
    results = part(evidence, "done", "namespaces").get("results")
    written = {
        part(result, "item").get("name"): part(result).get("proven") for result in (results if isinstance(results, list) else [])}
    looks = {}
    declared = part(evidence, "wanted").get("namespaces")
    for entry in declared if isinstance(declared, list) else []:
        name, variable = part(entry).get("name"), part(entry).get("probe_variable")
        for source in (written, symbols):
            if isinstance(source.get(variable), bool):
                looks[str(name)] = source[variable]
    return looks


def _namespaces(evidence: Evidence) -> Signal:
    works = set(_looks_at_namespaces(evidence).values())
    if not works:
        return None
    return "some_fail" if works == {True, False} else "all_work" if works == {True} else "all_fail"


#: Why a connect did not bring the PLC back (module plc_connection).
_CONNECT_FAILURES = {"plc.connect_refused": "refused", "plc.connect_unproven": "unproven"}


def _reconnected(connected: Evidence) -> Signal:
    return _word(connected.get("reached")) or _CONNECT_FAILURES.get(_word(part(connected, "failure").get("code")) or "")


def _write(written: Evidence) -> Signal:
    if written.get("proven") is None:
        return None
    return "ok" if written["proven"] is True else "failed"


#: Signal -> (evidence key, path to the observation, what it is called).
SOURCES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "api": ("supervisor", (), "GET /api/system/status"),
    "ads_library": ("supervisor", (), "GET /api/plc/ads/route/status"),
    "own_net_id": ("supervisor", (), "GET /api/plc/ads/route/status against the inventory"),
    "flag": ("supervisor", (), "GET /api/system/status"),
    "breaker": ("supervisor", (), "GET /api/system/status, circuit breakers"),
    "breaker_later": ("again", (), "GET /api/system/status, circuit breakers, a moment later"),
    "stored": ("supervisor", (), "GET /api/plc/config against the inventory"),
    "target": ("supervisor", (), "GET /api/debug/config against the inventory"),
    "net_id_ip": ("wanted", (), "inventory"),
    "test": ("route_test", (), "POST /api/plc/ads/route/test"),
    "operator_key": ("route_test", (), "POST /api/plc/ads/route/test"),
    "admin_key": ("route_test", (), "POST /api/plc/ads/route/test with the admin key"),
    "controller": ("probe", ("probe",), "ADS probe, TCP 48898"),
    "controller_udp": ("probe", ("identity",), "ADS identify, UDP 48899"),
    "controller_net_id_udp": (
        "probe", ("net_id_address",), "ADS identify, UDP 48899, at the address made of the NetId"),
    "plc_net_id": ("probe", ("identity",), "ADS identify, UDP 48899, against the inventory"),
    "system_state": ("probe", ("states",), "ADS state, port 10000"),
    "runtime_state": ("probe", ("states",), "ADS state, runtime port"),
    "listed": ("routes", (), "ADS route list, 803"),
    "namespaces": ("probe", ("symbols",), "ADS read of the namespaces' probe variables"),
    "test_symbol": ("probe", ("symbols",), "ADS read of the test variable"),
    "host_udp": ("host", ("plc", "identity"), "ADS identify, UDP 48899"),
    "host_tcp": ("host", ("plc",), "socket table, TCP 48898"),
    "host_net_id_udp": ("host", ("plc", "net_id_address"), "ADS identify, UDP 48899, at the address made of the NetId"),
    "host_net_id_tcp": ("host", ("plc", "net_id_address"), "socket table, TCP 48898, to the address made of the NetId"),
    "host_api": ("host", ("supervisor",), "local HTTP request"),
    "retest": ("done", ("route", "original_test"), "POST /api/plc/ads/route/test after the disconnect"),
    "added": ("done", ("route",), "POST /api/plc/ads/route/add"),
    "added_test": ("done", ("route", "test"), "POST /api/plc/ads/route/test after the add"),
    "reconnected": ("done", ("connect",), "POST /api/plc/connect"),
    "connect_test": ("done", ("connect", "test"), "POST /api/plc/ads/route/test after the connect"),
    "write": ("done", ("write_test",), "POST /api/variables/write"),
    "write_failure": ("done", ("write_test",), "GET /api/variables/search and write breaker before the write"),
}


def observation(
    signal: str, value: Signal, evidence: Evidence, sources: t.Optional[t.Mapping[str, tuple[str, tuple[str, ...], str]]] = None,
) -> dict[str, t.Any]:
    """One recorded observation: which call, seen from where, when, and what it said.

    sources: of the playbook whose signals these are; by default those of Playbook B.
    """
    key, path, call = (sources or SOURCES)[signal]
    where = at = None
    for depth in range(len(path) + 1):
        source = part(evidence, key, *path[:depth])
        where, at = source.get("observed_from", where), source.get("at") or source.get("observed_at", at)
    return {"signal": signal, "call": call, "value": value, "observed_from": where, "at": at}
