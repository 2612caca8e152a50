# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook C, diagnosis: why a supervisor is not as it should be, and whether a restart can change that.

Pure: evidence in (see _restart_signals), findings out. Private to this collection.
"""

from __future__ import annotations

import typing as t

from ._diagnosis import Signals, Story, conclude
from ._host_signals import full_places
from ._hypotheses import Counter, Hypothesis
from ._hypotheses import any_of as _any
from ._plc_signals import Evidence, part
from ._plc_signals import observation as told_as
from ._restart_signals import ASKED, SOURCES, RUNGS, lost_streams, missing_rights, pids_of, signals_of, unseen

_NO_ANSWER = _any("unreachable", "timeout")
_BAD_API = _NO_ANSWER | _any("not_understood")
#: A unit that tried to start and did not stay up.
_FALLS = _any("start_limit", "failed", "restarting")
_SILENT_ON_HOST = Counter("host_api", confirms=_any("silent", "no_listener"), refutes=_any("answers"))

#: The order is the order of thought: what a restart did, what hides a failure behind answers, what keeps it from starting,
#: and only then that it does not answer.
TABLE = (
    Hypothesis(
        "restart.recurs", {"again": _any("lost"), "effect": _any("yes")}, (Counter("unit", confirms=_FALLS),)),
    # Somebody else sits on the port. Whatever answers there is not what the unit started (SUPERVISOR_SYSTEMD §6.23).
    Hypothesis(
        "supervisor.port_taken", {"port_owner": _any("stranger")},
        (Counter("unit", confirms=_FALLS | _any("stopped")), Counter("main_pid", confirms=_any("differs"), refutes=_any("answers")))),
    Hypothesis(
        "supervisor.escaped", {"port_owner": _any("escaped")},
        (Counter("main_pid", confirms=_any("differs"), refutes=_any("answers")), Counter("unit", confirms=_FALLS | _any("stopped")))),
    Hypothesis(
        "supervisor.path_blocked", {"api": _BAD_API, "host_api": _any("answers")},
        (Counter("process", confirms=_any("runs")),)),
    Hypothesis("supervisor.unit_masked", {"unit": _any("masked"), "api": _BAD_API}, (_SILENT_ON_HOST,)),
    Hypothesis("supervisor.unit_missing", {"unit": _any("missing"), "api": _BAD_API}, (_SILENT_ON_HOST,)),
    # It connects its saved target before it listens (SUPERVISOR_SYSTEMD §7): a restart only starts the wait anew.
    Hypothesis(
        "supervisor.start_blocked", {"api": _NO_ANSWER, "host_api": _any("no_listener"), "host_tcp": _any("syn_sent")},
        (Counter("unit", confirms=_any("active"), refutes=_any("stopped", "start_limit")),
         Counter("controller", confirms=_any("filtered")), Counter("host_udp", confirms=_any("silent")))),
    # Its unit may be seen active for the moment between a start and its end.
    *(Hypothesis(code, {signal: _any(value), **down}, (_SILENT_ON_HOST,))
      for code, signal, value in (("supervisor.disk_full", "disk", "full"), ("supervisor.no_rights", "rights", "missing"))
      for down in ({"unit": _FALLS}, {"api": _NO_ANSWER, "host_api": _any("no_listener")})),
    # No rung did anything, and nothing above says why.
    Hypothesis(
        "restart.no_effect", {"effect": _any("none"), "api": _BAD_API}, (_SILENT_ON_HOST,)),
    Hypothesis(
        "restart.no_effect", {"effect": _any("none"), "api": _any("answers")},
        (Counter("plc", confirms=_any(*ASKED)),)),
    Hypothesis(
        "supervisor.start_limit", {"unit": _any("start_limit", "failed")},
        (_SILENT_ON_HOST, Counter("process", confirms=_any("none")))),
    Hypothesis("supervisor.crash_loop", {"unit": _any("restarting"), "api": _BAD_API}, (_SILENT_ON_HOST,)),
    Hypothesis(
        "supervisor.stopped", {"unit": _any("stopped"), "api": _BAD_API},
        (_SILENT_ON_HOST, Counter("process", confirms=_any("none"), refutes=_any("runs")))),
    Hypothesis("supervisor.container_stopped", {"container": _any("stopped"), "api": _BAD_API}, (_SILENT_ON_HOST,)),
    Hypothesis(
        "supervisor.hung", {"api": _any("timeout"), "host_api": _any("silent")},
        (Counter("process", confirms=_any("still")), Counter("unit", confirms=_any("active"), refutes=_any("stopped")))),
    Hypothesis("supervisor.not_understood", {"api": _any("not_understood")}, (_SILENT_ON_HOST,)),
    Hypothesis("supervisor.unreachable", {"api": _NO_ANSWER}, (_SILENT_ON_HOST,)),
    *(Hypothesis(
        code, {"plc": _any(code)},
        (Counter("test", confirms=_any("dead", "timeout")), Counter("breaker_later", confirms=_any("rejecting"), refutes=_any("closed"))))
      for code in ASKED),
    Hypothesis("restart.streams_lost", {"streams": _any("lost")}, (Counter("api", confirms=_any("answers")),)),
    Hypothesis(
        "supervisor.healthy", {"api": _any("answers")},
        (Counter("main_pid", confirms=_any("answers"), refutes=_any("differs")), Counter("port_owner", confirms=_any("unit")))),
)

#: What is wrong beside the finding, or beside a supervisor that works all the same.
SIDE_TABLE = (
    Hypothesis("supervisor.unit_missing", {"unit": _any("missing")}),
    Hypothesis("supervisor.unit_masked", {"unit": _any("masked")}),
    Hypothesis("supervisor.unit_disabled", {"enabled": _any("no"), "unit": _any("active", "stopped", "start_limit", "failed", "restarting")}),
    Hypothesis("supervisor.disk_full", {"disk": _any("full")}),
    Hypothesis("supervisor.no_rights", {"rights": _any("missing")}),
)


def restart_diagnosis(evidence: Evidence, *, plc: str, host: str, language: str = "en") -> dict[str, t.Any]:
    """Return the finding of one supervisor; evidence: see _restart_signals; result: see conclude."""
    signals = signals_of(evidence)
    return conclude(
        _STORY, signals, evidence, names={"plc": plc, "host": host}, language=language,
        not_observed=_not_observed(evidence, signals))


def _not_observed(evidence: Evidence, signals: Signals) -> list[str]:
    """Name what nobody saw of what tells a restart that works from one that does not."""
    words = {"main_pid": "which process the unit owns", "port_owner": "who owns the port"}
    return [text for name, text in words.items() if part(evidence, "wanted").get("unit") and signals[name] is None]


def _observation(signal: str, value: t.Optional[str], evidence: Evidence) -> dict[str, t.Any]:
    return told_as(signal, value, evidence, SOURCES)


def _detail(code: str, signals: Signals, evidence: Evidence) -> str:
    host = part(evidence, "host")
    owner = part(host, "processes", "port_owner")
    unit = part(host, "unit")
    told: dict[str, t.Callable[[], str]] = {
        "supervisor.port_taken": lambda: f"process {owner.get('pid') or 'unknown'} of user {owner.get('user')}",
        "supervisor.escaped": lambda: f"process {owner.get('pid')}; the unit is {unit.get('active_state')}",
        "supervisor.unit_missing": lambda: str(part(evidence, "wanted").get("unit") or ""),
        "supervisor.unit_masked": lambda: str(part(evidence, "wanted").get("unit") or ""),
        "supervisor.unit_disabled": lambda: str(part(evidence, "wanted").get("unit") or ""),
        "supervisor.disk_full": lambda: ", ".join(full_places(host)),
        "supervisor.no_rights": lambda: ", ".join(missing_rights(part(host, "permissions")))
        or f"there is no user {part(host, 'permissions', 'user').get('name')}",
        "supervisor.start_limit": lambda: _ended(unit),
        "supervisor.crash_loop": lambda: _ended(unit),
        "supervisor.healthy": lambda: "restart asked for" if part(evidence, "wanted").get("restart") is True
        else "streams of an interrupted run are missing" if evidence.get("owed") is True else "",
        "restart.no_effect": lambda: "; ".join(_no_effects(evidence)),
        "restart.recurs": lambda: f"{len(set(pids_of(evidence)))} processes while it was watched",
        "restart.streams_lost": lambda: ", ".join(lost_streams(evidence)),
        "supervisor.hung": lambda: "its process stands still" if signals["process"] == "still" else "its process runs",
        "supervisor.unreachable": lambda: "" if signals["host_api"] else unseen(host) or "the host itself could not be asked",
    }
    return told[code]() if code in told else ""


def _no_effects(evidence: Evidence) -> list[str]:
    """Return why each rung did nothing, in the first words of its module; the rest is in the journal."""
    done = part(evidence, "done")
    told = [str(part(done, name, "failure").get("message") or "") for name in RUNGS if name in done]
    return [text.partition(". ")[0].rstrip(".") for text in told if text]


def restart_proof(evidence: Evidence, before: t.Any = None) -> list[str]:
    """Return what proves that a supervisor works, in words; before: the pid that answered before, if it was seen."""
    signals, pids = signals_of(evidence), pids_of(evidence)
    told = {
        f"another process ({before} -> {pids[-1]})" if pids else "": bool(pids) and isinstance(before, int) and pids[-1] != before,
        "system status": signals["api"] == "answers",
        "the unit's own process holds the port": signals["main_pid"] == "answers" and signals["port_owner"] == "unit",
        "playlists that move": signals["streams"] == "moving",
        "no failure while it was watched": signals["again"] == "stays",
    }
    return [words for words, holds in told.items() if words and holds]


def _ended(unit: Evidence) -> str:
    result = unit.get("result")
    restarts = unit.get("restarts")
    return ", ".join(text for text in (
        f"{restarts} restarts" if restarts else "", f"result {result}" if result not in (None, "", "success") else "") if text)


_STORY = Story(
    TABLE, SIDE_TABLE, Hypothesis("supervisor.unclear", {name: _any() for name in ("api", "host_api", "unit")}),
    _observation, _detail)
