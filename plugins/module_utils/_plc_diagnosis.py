# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B, diagnosis: from the evidence of one PLC to one finding, with its counter-checks.

Pure: evidence in, finding out. The evidence is the dictionary that the role plc_recovery gathers:
``supervisor`` (result of supervisor_info), ``probe`` (ads_probe), ``host`` (host_info), ``route_test``
(one result of supervisor_info, subset route_test), and ``done`` (step name -> result of its module); any may be missing.
Private to this collection.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._findings import FINDINGS, next_step_of, sentence_of, severity_of
from ._hypotheses import Counter, Hypothesis, Judgement, judge

Evidence = t.Mapping[str, t.Any]


def _any(*values: str) -> frozenset[str]:
    return frozenset(values)


#: Probe outcomes that show a TwinCAT router taking part (ADS_FACTS §5): even "closed" is an answer.
ROUTER_LIVES = _any("ok", "closed", "port_unknown", "net_id_unknown", "ads_error")
NO_ANSWER = _any("unreachable", "timeout")

_UDP_ANSWERS = (
    Counter("controller_udp", confirms=_any("answers")),
    Counter("host_udp", confirms=_any("answers")),
)

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
    Hypothesis(
        "plc.route_missing", {"test": _any("timeout")},
        (Counter("retest", confirms=_any("timeout"), refutes=_any("ok")),
         Counter("controller", confirms=ROUTER_LIVES, refutes=_any("refused"))) + _UDP_ANSWERS,
        needs_confirmation=True),
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
    Hypothesis(
        "plc.healthy", {"flag": _any("connected"), "test": _any("ok")},
        (Counter("write", confirms=_any("ok"), refutes=_any("failed")),)),
    Hypothesis(
        "plc.link_stale", {"flag": _any("connected"), "test": _any("ok"), "write": _any("failed")},
        (Counter("host_tcp", confirms=_any("none")), Counter("controller", confirms=ROUTER_LIVES)) + _UDP_ANSWERS),
)

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


def signals_of(evidence: Evidence) -> dict[str, str | None]:
    """Reduce the evidence of one PLC to signals; what was not observed, or is not of the expected shape, is None."""
    supervisor = _part(evidence, "supervisor")
    route = _part(evidence, "done", "route")
    levels = _part(evidence, "route_test", "levels")
    return {
        "api": _api_signal(supervisor),
        "flag": _flag_signal(supervisor),
        "test": _test_signal(_part(evidence, "route_test")),
        "operator_key": _word(levels.get("operator")),
        "admin_key": _word(levels.get("admin")),
        "controller": _word(_part(evidence, "probe", "probe").get("outcome")),
        "controller_udp": _udp_signal(_part(evidence, "probe")),
        "host_udp": _udp_signal(_part(evidence, "host", "plc")),
        "host_tcp": _word(_part(evidence, "host", "plc").get("tcp")),
        "host_api": _word(_part(evidence, "host", "supervisor").get("api")),
        "retest": _test_signal(_part(route, "original_test")) if "disconnect" in _part(evidence, "done") else None,
        "added": _word(route.get("answer")),
        "added_test": _test_signal(_part(route, "test")),
        "write": _write_signal(_part(evidence, "done", "write_test")),
    }


def _part(tree: t.Any, *path: str) -> Evidence:
    """Return the mapping at a path; {} where there is none."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def _word(value: t.Any) -> str | None:
    """Return a text that says something; None for all else."""
    return value if isinstance(value, str) and value else None


def _api_signal(supervisor: Evidence) -> str | None:
    if "status" in supervisor:
        return "answers"
    return _API_FAILURES.get(_word(_part(supervisor, "not_observed", "status").get("code")) or "")


def _flag_signal(supervisor: Evidence) -> str | None:
    if "status" not in supervisor:
        return None
    return "connected" if _part(supervisor, "status").get("plc_connected") is True else "disconnected"


def _test_signal(test: Evidence) -> str | None:
    if test.get("success") is True:
        return "ok"
    if test.get("blocked") is True:
        return "blocked"
    error = _word(test.get("error"))
    code = re.search(r"\((-?\d+)\)", error or "")
    return _TEST_CODES.get(code.group(1), "other") if code else ("other" if error else None)


def _udp_signal(look: Evidence) -> str | None:
    if "identity" not in look:
        return None
    return "answers" if look["identity"] else "silent"


def _write_signal(written: Evidence) -> str | None:
    if written.get("proven") is None:
        return None
    return "ok" if written["proven"] is True else "failed"


def path_is_blocked(evidence: Evidence) -> bool:
    """Say whether a route test by the supervisor must not be asked for (quirk 5: it would block 133 s).

    True only if two vantage points agree that packets are dropped; a controller alone never decides (DESIGN §7.3).
    """
    standing, dummy = judge(
        [row for row in TABLE if row.code == "plc.filtered"], {**signals_of(evidence), "test": None})
    return standing is not None


#: Signal -> (evidence key, path to the observation, what it is called).
_SOURCES = {
    "api": ("supervisor", (), "GET /api/system/status"),
    "flag": ("supervisor", (), "GET /api/system/status"),
    "test": ("route_test", (), "POST /api/plc/ads/route/test"),
    "operator_key": ("route_test", (), "POST /api/plc/ads/route/test"),
    "admin_key": ("route_test", (), "POST /api/plc/ads/route/test with the admin key"),
    "retest": ("done", ("route", "original_test"), "POST /api/plc/ads/route/test after the disconnect"),
    "controller": ("probe", ("probe",), "ADS probe, TCP 48898"),
    "controller_udp": ("probe", ("identity",), "ADS identify, UDP 48899"),
    "host_udp": ("host", ("plc", "identity"), "ADS identify, UDP 48899"),
    "host_tcp": ("host", ("plc",), "socket table, TCP 48898"),
    "host_api": ("host", ("supervisor",), "local HTTP request"),
    "added": ("done", ("route",), "POST /api/plc/ads/route/add"),
    "added_test": ("done", ("route", "test"), "POST /api/plc/ads/route/test after the add"),
    "write": ("done", ("write_test",), "POST /api/variables/write"),
}


def _observation(signal: str, value: str | None, evidence: Evidence) -> dict[str, t.Any]:
    """One recorded observation: which call, seen from where, when, and what it said."""
    key, path, call = _SOURCES[signal]
    where = at = None
    for depth in range(len(path) + 1):
        source = _part(evidence, key, *path[:depth])
        where, at = source.get("observed_from", where), source.get("at") or source.get("observed_at", at)
    return {"signal": signal, "call": call, "value": value, "observed_from": where, "at": at}


def _entry(judgement: Judgement, signals: t.Mapping[str, str | None], evidence: Evidence) -> dict[str, t.Any]:
    return {
        "code": judgement.hypothesis.code,
        "verdict": judgement.verdict,
        "evidence": [_observation(name, signals[name], evidence) for name in judgement.hypothesis.claim],
        "counter_checks": [
            dict(_observation(name, signals[name], evidence), verdict=verdict)
            for name, verdict in judgement.verdicts
            if signals[name] is not None
        ],
    }


def diagnose(evidence: Evidence, *, plc: str, host: str, language: str = "en") -> dict[str, t.Any]:
    """Return the finding of one PLC.

    evidence: see the module's docstring; plc and host: names for the sentence; language: "en" or "de".
    The result has code, sentence, severity, rule, playbook, owner, next_step, verdict, evidence, counter_checks and
    refuted (hypotheses that were raised and fell, with what spoke against them).
    """
    signals = signals_of(evidence)
    standing, fallen = judge(TABLE, signals)
    if standing is None:
        unclear = Hypothesis("plc.unclear", {name: _any() for name in ("flag", "test", "controller", "host_udp")})
        standing = Judgement(unclear)
    code = standing.hypothesis.code
    severity, rule = severity_of(code)
    return {
        **_entry(standing, signals, evidence),
        "signals": signals,
        "sentence": sentence_of(code, language, plc=plc, host=host, detail=_detail(code, signals, evidence)),
        "severity": severity,
        "rule": rule,
        "playbook": FINDINGS[code].playbook,
        "owner": FINDINGS[code].owner,
        "next_step": next_step_of(code, host=host),
        "refuted": [_entry(judgement, signals, evidence) for judgement in fallen],
    }


def _detail(code: str, signals: t.Mapping[str, str | None], evidence: Evidence) -> str:
    """The words in brackets that make a sentence exact; empty where there is nothing to add."""
    details: dict[str, t.Callable[[], str]] = {
        "plc.filtered": lambda: "the host's only; the controller reaches it" if signals["controller"] in ROUTER_LIVES else "",
        "plc.healthy": lambda: "" if signals["write"] == "ok" else "write path not proven",
        "plc.link_stale": lambda: f"its flag says {signals['flag']}, the route test says {signals['test']}"
        + (", the write test failed" if signals["write"] == "failed" else ""),
        "supervisor.path_blocked": lambda: f"it listens on {_listed(_part(evidence, 'host', 'supervisor').get('listens'))}",
        "supervisor.unreachable": lambda: _host_says(signals["host_api"]),
        "plc.unclear": lambda: f"route test: {_part(evidence, 'route_test').get('error') or 'not observed'}",
    }
    return details[code]() if code in details else ""


def _listed(values: t.Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) and values else "an address not seen"


def _host_says(host_api: str | None) -> str:
    words = {
        "silent": "its process is there but does not answer on the host either",
        "no_listener": "no process of it listens on the host",
    }
    return words.get(host_api or "", "the host itself could not be asked")
