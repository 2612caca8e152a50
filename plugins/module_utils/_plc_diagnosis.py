# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B, diagnosis: from the evidence of one PLC to one finding, with its counter-checks.

Pure: evidence in (see _plc_signals), findings out. Private to this collection.
"""

from __future__ import annotations

import typing as t

from ._ads_frames import ADS_STATES
from ._diagnosis import Story, conclude
from ._hypotheses import Counter, Hypothesis, judge
from ._hypotheses import any_of as _any
from ._plc_signals import (
    Evidence, Signal, config_rows, conflicting_routes, failing_namespaces, not_observed, observation, part, signals_of,
)
from ._route_rules import words_of


#: Probe outcomes that show a TwinCAT router taking part (ADS_FACTS §5): even "closed" is an answer.
ROUTER_LIVES = _any("ok", "closed", "port_unknown", "net_id_unknown", "ads_error")
#: A runtime that is ABSENT is none of these: TwinCAT in CONFIG has no runtimes, and in RUN it is the port that is wrong.
NOT_RUNNING = frozenset(ADS_STATES) - {"RUN"}
NO_ANSWER = _any("unreachable", "timeout")

_UDP_ANSWERS = (
    Counter("controller_udp", confirms=_any("answers")),
    Counter("host_udp", confirms=_any("answers")),
)

#: Who answers where the supervisor connects to (quirk 3). If it is the PLC, it has that address too, and all is as it
#: should be; silence for the controller alone says nothing of the host's way (DESIGN §7.3).
_AT_NET_ID = (
    Counter("host_net_id_udp", confirms=_any("silent", "other"), refutes=_any("plc")),
    Counter("controller_net_id_udp", confirms=_any("other"), refutes=_any("plc")),
)
#: Answers of a route test that only a loaded ADS library gives.
_ADS_ANSWERS = _any("ok", "timeout", "port_or_refused", "net_id", "dead", "in_use")

#: The order is the order of thought: first whoever answers for everything else, then the path, then the route.
TABLE = (
    Hypothesis(
        "supervisor.unreachable", {"api": NO_ANSWER},
        (Counter("host_api", confirms=_any("silent", "no_listener"), refutes=_any("answers")),)),
    Hypothesis(
        "supervisor.not_understood", {"api": _any("not_understood")},
        (Counter("host_api", confirms=_any("silent", "no_listener"), refutes=_any("answers")),)),
    Hypothesis(
        "supervisor.path_blocked", {"host_api": _any("answers")},
        (Counter("api", confirms=NO_ANSWER | _any("not_understood"), refutes=_any("answers")),), needs_confirmation=True),
    # "refused" by the supervisor is about this one key only while the other key is taken for the same call.
    Hypothesis(
        "supervisor.key_refused", {"operator_key": _any("refused")},
        (Counter("admin_key", confirms=_any("accepted"), refutes=_any("refused")),)),
    Hypothesis(
        "supervisor.all_keys_refused", {"operator_key": _any("refused"), "admin_key": _any("refused")},
        (Counter("api", confirms=_any("answers")),)),
    Hypothesis(
        "supervisor.ads_library_missing", {"ads_library": _any("missing")},
        (Counter("host_tcp", confirms=_any("none"), refutes=_any("established")),
         Counter("test", refutes=_ADS_ANSWERS))),
    # The PLC itself says who it is; one that answers to the inventory's NetId all the same would refute it.
    Hypothesis(
        "plc.net_id_differs", {"plc_net_id": _any("differs")},
        (Counter("test", confirms=_any("net_id", "timeout", "other"), refutes=_any("ok")),
         Counter("controller", confirms=_any("net_id_unknown"), refutes=_any("ok", "port_unknown", "ads_error")))),
    # A PLC that does not run can look healthy through the supervisor (quirk 25): only its own state tells.
    Hypothesis(
        "plc.not_running", {"system_state": NOT_RUNNING},
        (Counter("test", confirms=_any("port_or_refused")), Counter("plc_net_id", confirms=_any("same"), refutes=_any("differs")))),
    Hypothesis(
        "plc.not_running", {"runtime_state": NOT_RUNNING},
        (Counter("test", confirms=_any("port_or_refused")), Counter("plc_net_id", confirms=_any("same"), refutes=_any("differs")))),
    # Three sources may claim "filtered"; a controller alone is not believed: it may be the one firewalled (§7.3).
    Hypothesis(
        "plc.filtered", {"controller": _any("filtered")},
        (Counter("host_udp", confirms=_any("silent"), refutes=_any("answers")),
         Counter("test", confirms=_any("blocked"), refutes=_any("ok", "timeout", "net_id", "port_or_refused")),
         Counter("host_tcp", confirms=_any("syn_sent"))),
        needs_confirmation=True),
    Hypothesis(
        "plc.filtered", {"host_tcp": _any("syn_sent")},
        (Counter("controller", confirms=_any("filtered"), refutes=ROUTER_LIVES | _any("refused", "reset", "silent")),
         Counter("host_udp", confirms=_any("silent"), refutes=_any("answers"))),
        needs_confirmation=True),
    Hypothesis(
        # That the controller reaches the PLC says nothing about the host's own way to it.
        "plc.filtered", {"test": _any("blocked")},
        (Counter("controller", confirms=_any("filtered")),
         Counter("host_udp", confirms=_any("silent"), refutes=_any("answers"))),
        needs_confirmation=True),
    # Only the host's packets are dropped: its datagrams get no answer, and its TCP connection stands though nobody answers
    # on it, while a router without a route would have closed it. A PLC silent to the controller's datagrams too refutes it.
    Hypothesis(
        "plc.filtered", {"host_udp": _any("silent"), "host_tcp": _any("established"), "test": _any("timeout")},
        (Counter("controller_udp", confirms=_any("answers"), refutes=_any("silent")),), needs_confirmation=True),
    # The supervisor says "(6)" for a refused connection and for an unknown AMS port alike; a dead link says "(-1)".
    Hypothesis(
        "plc.router_refused", {"test": _any("port_or_refused", "dead")},
        (Counter("controller", confirms=_any("refused"), refutes=ROUTER_LIVES | _any("silent")),),
        needs_confirmation=True),
    # Refused is out, so "(6)" means that no runtime listens on that AMS port; a router that closes on us is there.
    Hypothesis(
        "plc.port_wrong", {"test": _any("port_or_refused")},
        (Counter("controller", confirms=_any("port_unknown", "closed"), refutes=_any("ok", "refused")),),
        needs_confirmation=True),
    # The supervisor's ADS reaches the PLC at its address, but connects elsewhere: nobody takes the connection there, or
    # another machine does. Its library then says that the NetId is in use with another address (1286), or hangs.
    Hypothesis(
        "plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived"), "test": _any("in_use")},
        (Counter("host_net_id_tcp", confirms=_any("established", "syn_sent")),
         Counter("host_tcp", confirms=_any("none"), refutes=_any("established"))) + _AT_NET_ID),
    Hypothesis(
        "plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived"), "host_net_id_tcp": _any("syn_sent")},
        (Counter("test", confirms=_any("blocked"), refutes=_any("ok")),) + _AT_NET_ID, needs_confirmation=True),
    Hypothesis(
        "plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived"), "flag": _any("disconnected"), "test": _any("ok")},
        _AT_NET_ID, needs_confirmation=True),
    Hypothesis(
        "plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived"), "connect_test": _any("in_use")}, _AT_NET_ID),
    Hypothesis(
        "plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived"), "reconnected": _any("refused")},
        (Counter("test", confirms=_any("ok")), Counter("retest", confirms=_any("ok")),
         Counter("added_test", confirms=_any("ok"))) + _AT_NET_ID, needs_confirmation=True),
    # After a disconnect or an add, "(-1)" can only be the library's own dead connection (quirk 4).
    Hypothesis(
        "plc.library_wedged", {"retest": _any("dead")},
        (Counter("controller", confirms=ROUTER_LIVES, refutes=_any("refused", "silent")),) + _UDP_ANSWERS),
    Hypothesis(
        "plc.library_wedged", {"added_test": _any("dead")},
        (Counter("controller", confirms=ROUTER_LIVES, refutes=_any("refused", "silent")),) + _UDP_ANSWERS),
    Hypothesis(
        "plc.route_unanswered", {"added": _any("unanswered")},
        (Counter("controller_udp", confirms=_any("silent"), refutes=_any("answers")),
         Counter("host_udp", confirms=_any("silent"), refutes=_any("answers")))),
    # The route was taken and still nobody is answered, not even here: it is not the route.
    Hypothesis(
        "plc.silent", {"added": _any("accepted"), "added_test": _any("timeout"), "controller": _any("silent")},
        (Counter("controller_udp", confirms=_any("silent")), Counter("host_udp", confirms=_any("silent")))),
    # A wrong password is answered, never dropped (ADS_FACTS §1): a silent UDP port would refute it.
    Hypothesis(
        "plc.route_refused", {"added": _any("accepted", "rejected"), "added_test": _any("timeout")},
        (Counter("controller_udp", confirms=_any("answers")),
         Counter("host_udp", confirms=_any("answers"), refutes=_any("silent"))),
        needs_confirmation=True),
    # Some routers keep silent to strangers (ADS_FACTS §5): only with UDP silent too is it the PLC that hangs.
    Hypothesis(
        "plc.silent", {"test": _any("timeout", "dead"), "controller": _any("silent")},
        (Counter("controller_udp", confirms=_any("silent"), refutes=_any("answers")),
         Counter("host_udp", confirms=_any("silent"), refutes=_any("answers"))),
        needs_confirmation=True),
    # Two routes to one address may well live together: a route test that succeeds refutes it.
    Hypothesis(
        "plc.route_conflict", {"listed": _any("conflict")},
        (Counter("test", confirms=_any("timeout", "dead", "in_use"), refutes=_any("ok")),), needs_confirmation=True),
    # The PLC has the route of the inventory, but the supervisor goes by another name.
    Hypothesis(
        "supervisor.net_id_differs", {"own_net_id": _any("differs"), "test": _any("timeout", "dead")},
        (Counter("listed", confirms=_any("present")),
         Counter("controller", confirms=ROUTER_LIVES, refutes=_any("refused", "silent")))),
    Hypothesis(
        "plc.route_missing", {"test": _any("timeout")},
        (Counter("listed", confirms=_any("absent", "differs"), refutes=_any("present")),
         Counter("retest", confirms=_any("timeout"), refutes=_any("ok")),
         Counter("controller", confirms=ROUTER_LIVES, refutes=_any("refused"))) + _UDP_ANSWERS,
        needs_confirmation=True),
    Hypothesis(
        "plc.link_stale", {"test": _any("timeout"), "listed": _any("present")},
        (Counter("retest", confirms=_any("ok")), Counter("host_tcp", confirms=_any("none"))) + _UDP_ANSWERS),
    Hypothesis(
        "plc.link_stale", {"test": _any("timeout"), "retest": _any("ok")},
        (Counter("controller", confirms=ROUTER_LIVES),) + _UDP_ANSWERS),
    Hypothesis(
        "plc.link_stale", {"flag": _any("connected"), "test": _any("dead")},
        (Counter("host_tcp", confirms=_any("none")),
         Counter("controller", confirms=ROUTER_LIVES, refutes=_any("refused", "silent"))) + _UDP_ANSWERS,
        needs_confirmation=True),
    Hypothesis(
        "plc.link_stale", {"flag": _any("disconnected"), "test": _any("ok", "dead")},
        (Counter("host_tcp", confirms=_any("none")), Counter("controller", confirms=ROUTER_LIVES)) + _UDP_ANSWERS),
    # Connected, but to something else than the inventory says (quirks 3, 10): no write may go there. A PLC that does
    # not know what the inventory says refutes it: then the supervisor may be the one that is right.
    Hypothesis(
        "plc.target_differs", {"flag": _any("connected"), "target": _any("differs")},
        (Counter("test", confirms=_any("ok"), refutes=_any("port_or_refused", "net_id")),
         Counter("host_tcp", confirms=_any("none")))),
    Hypothesis(
        "plc.write_breaker_open", {"breaker": _any("open"), "test": _any("ok")},
        (Counter("host_tcp", confirms=_any("established"), refutes=_any("syn_sent")),
         Counter("breaker_later", confirms=_any("rejecting"), refutes=_any("closed")))),
    # Half open it lets the next command through, unless that was spent on nothing (quirk 8): only a command shows it.
    Hypothesis(
        "plc.write_breaker_wedged", {"breaker": _any("half_open"), "test": _any("ok")},
        (Counter("breaker_later", confirms=_any("rejecting"), refutes=_any("closed")),
         Counter("host_tcp", refutes=_any("syn_sent")))),
    Hypothesis(
        "plc.symbol_unknown", {"write_failure": _any("plc.symbol_unknown")},
        (Counter("test_symbol", confirms=_any("unknown"), refutes=_any("readable")),)),
    Hypothesis(
        "supervisor.symbols_stale", {"write_failure": _any("plc.symbol_unknown")},
        (Counter("test_symbol", confirms=_any("readable")),)),
    Hypothesis(
        "plc.namespace_failing", {"namespaces": _any("some_fail"), "flag": _any("connected")},
        (Counter("test", confirms=_any("ok"), refutes=_any("timeout", "dead", "blocked", "port_or_refused")),
         Counter("host_tcp", confirms=_any("established"), refutes=_any("none", "syn_sent")))),
    Hypothesis(
        "plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived"), "write": _any("failed")},
        (Counter("test", confirms=_any("ok")),
         Counter("host_tcp", confirms=_any("none"), refutes=_any("established"))) + _AT_NET_ID),
    Hypothesis(
        "plc.healthy", {"flag": _any("connected"), "test": _any("ok")},
        (Counter("write", confirms=_any("ok"), refutes=_any("failed")),)),
    # Connected anew, and the write still fails: it is not the link.
    Hypothesis(
        "plc.write_failed", {"reconnected": _any("connected"), "write": _any("failed")},
        (Counter("host_tcp", confirms=_any("established"), refutes=_any("none")),
         Counter("controller", confirms=ROUTER_LIVES))),
    Hypothesis(
        "plc.link_stale", {"flag": _any("connected"), "test": _any("ok"), "write": _any("failed")},
        (Counter("host_tcp", confirms=_any("none")), Counter("controller", confirms=ROUTER_LIVES)) + _UDP_ANSWERS),
)

#: What is wrong beside the one finding, without keeping the PLC from working by itself.
SIDE_TABLE = (
    # A PLC that does not go by what the inventory says refutes it: then it is not the supervisor that drifted.
    Hypothesis(
        "plc.config_drift", {"stored": _any("differs")},
        (Counter("test", confirms=_any("ok"), refutes=_any("net_id")), Counter("plc_net_id", refutes=_any("differs")))),
    Hypothesis("plc.net_id_not_from_ip", {"net_id_ip": _any("not_derived")}, _AT_NET_ID),
)


#: Findings that make a route test hang: the PLC's packets are dropped, or those of a connect to somewhere else.
_BLOCKING = ("plc.filtered", "plc.net_id_not_from_ip")


def path_is_blocked(evidence: Evidence) -> bool:
    """Say whether a route test by the supervisor must not be asked for (quirk 5).

    It would block for 133 s, or hang as long as a connect that does. True only if two looks agree that packets are
    dropped; a controller alone never decides (DESIGN §7.3).
    """
    standing, dummy = judge([row for row in TABLE if row.code in _BLOCKING], {**signals_of(evidence), "test": None})
    return standing is not None


def diagnose(evidence: Evidence, *, plc: str, host: str, language: str = "en") -> dict[str, t.Any]:
    """Return the finding of one PLC.

    evidence: see _plc_signals; plc and host: names for the sentence; language: "en" or "de"; result: see conclude.
    """
    return conclude(
        _STORY, signals_of(evidence), evidence, names={"plc": plc, "host": host}, language=language,
        not_observed=not_observed(evidence))


def _detail(code: str, signals: t.Mapping[str, Signal], evidence: Evidence) -> str:
    """The words in brackets that make a sentence exact; empty where there is nothing to add."""
    details: dict[str, t.Callable[[], str]] = {
        "plc.filtered": lambda: "the host's only; the controller reaches it" if signals["controller"] in ROUTER_LIVES else "",
        "plc.healthy": lambda: "" if signals["write"] == "ok" else "write path not proven",
        "plc.link_stale": lambda: f"its flag says {signals['flag']}, the route test says {signals['test']}"
        + (", the write test failed" if signals["write"] == "failed" else ""),
        "supervisor.path_blocked": lambda: f"it listens on {_listed(part(evidence, 'host', 'supervisor').get('listens'))}",
        "supervisor.unreachable": lambda: _host_says(signals["host_api"]),
        "plc.not_running": lambda: f"TwinCAT is in {signals['system_state']}, the runtime on AMS port "
        f"{_wanted(evidence, 'ams_port')} {_runtime_words(signals['runtime_state'])}",
        "plc.port_wrong": lambda: f"AMS port {_wanted(evidence, 'ams_port')}"
        + ("" if signals["system_state"] else "; its state was not observed"),
        "plc.net_id_differs": lambda: f"it says {part(evidence, 'probe', 'identity').get('ams_net_id')}, "
        f"the inventory {_wanted(evidence, 'ams_net_id')}",
        "supervisor.net_id_differs": lambda: f"it says {part(evidence, 'supervisor', 'route_status').get('local_ams_net_id')}, "
        f"the inventory {part(evidence, 'wanted', 'route').get('local_ams_net_id')}",
        "plc.net_id_not_from_ip": lambda: f"NetId {_wanted(evidence, 'ams_net_id')}, "
        f"address {_wanted(evidence, 'ip_address')}"
        + _who_is_there(signals["host_net_id_udp"] or signals["controller_net_id_udp"]),
        "plc.write_breaker_wedged": lambda: "it rejected one meanwhile" if signals["breaker_later"] == "rejecting"
        else "no command was tried meanwhile",
        "plc.target_differs": lambda: _rows(evidence, "target"),
        "plc.config_drift": lambda: _rows(evidence, "stored"),
        "plc.route_conflict": lambda: words_of(conflicting_routes(evidence)),
        "plc.namespace_failing": lambda: ", ".join(failing_namespaces(evidence)),
        "plc.unclear": lambda: f"route test: {part(evidence, 'route_test').get('error') or 'not observed'}",
    }
    return details[code]() if code in details else ""


_STORY = Story(
    TABLE, SIDE_TABLE, Hypothesis("plc.unclear", {name: _any() for name in ("flag", "test", "controller", "host_udp")}),
    observation, _detail)


def _wanted(evidence: Evidence, name: str) -> t.Any:
    return part(evidence, "wanted").get(name)


def _runtime_words(state: Signal) -> str:
    return {None: "not observed", "ABSENT": "not there"}.get(state, f"in {state}")


def _who_is_there(at_net_id: Signal) -> str:
    words = {"silent": "; nobody answers there", "other": "; another machine answers there"}
    return words.get(at_net_id or "", "")


def _rows(evidence: Evidence, side: str) -> str:
    rows = [row for row in config_rows(evidence) if side in row and row[side] != row["wanted"]]
    return ", ".join(f"{row['field']} {row[side]} instead of {row['wanted']}" for row in rows)


def _listed(values: t.Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) and values else "an address not seen"


def _host_says(host_api: str | None) -> str:
    words = {
        "silent": "its process is there but does not answer on the host either",
        "no_listener": "no process of it listens on the host",
    }
    return words.get(host_api or "", "the host itself could not be asked")


def standby_notes(looks: t.Iterable[Evidence], host: str, language: str = "en") -> list[str]:
    """Return a sentence for each PLC that is not the active one and whose route test failed.

    looks: evidence of each (wanted, probe, route_test); a supervisor holds one PLC connection, so there is no flag.
    """
    return [
        diagnose(look, plc=str(_wanted(look, "name") or _wanted(look, "id")), host=host, language=language)["sentence"]
        for look in looks
        if signals_of(look)["test"] != "ok"
    ]
