# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a supervisor's answers says how it is, and the same for many at a glance. Pure. Private."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

#: Names come from plants: this many, and of this length, are shown.
_SHOWN_NAMES = 10
_SHOWN_LETTERS = 60
_SLO_WORDS = ("ok", "degraded")


def summary_of(observed: Mapping[str, t.Any], cameras: Iterable[str] = ()) -> dict[str, t.Any]:
    """Reduce the subsets observed of one supervisor to a few facts.

    cameras: those that should run whatever the supervisor says, since after a restart it knows of no stream (quirk 13).
    """
    summary: dict[str, t.Any] = {"answers": bool(observed)}
    for name, value in observed.items():
        summary.update(_SUMMARIES[name](value, frozenset(cameras)))
    return summary


def totals_of(hosts: Mapping[str, Mapping[str, t.Any]], subsets: Iterable[str]) -> dict[str, t.Any]:
    """Count over the summaries of all hosts; not_observed tells of how many a count says nothing."""
    asked = list(subsets)
    summaries = list(hosts.values())
    totals: dict[str, t.Any] = {
        "hosts": len(hosts),
        "answering": sum(summary["answers"] for summary in summaries),
        "not_answering": [host for host, summary in hosts.items() if not summary["answers"]],
    }
    if "status" in asked:
        totals["plc_connected"] = sum(summary.get("plc_connected") is True for summary in summaries)
    if "slo" in asked:
        totals["slo_degraded"] = sum(summary.get("slo") == "degraded" for summary in summaries)
    if "streams" in asked:
        for count in ("running", "expected"):
            totals[f"streams_{count}"] = sum(summary.get("streams", {}).get(count, 0) for summary in summaries)
    totals["not_observed"] = {
        name: sum(name in summary["not_observed"] for summary in summaries) for name in asked}
    return totals


def is_usable(name: str, value: t.Any) -> bool:
    """Say whether an answer holds what its subset is about; an empty one must not read as nothing wrong."""
    if name == "slo":
        return value.get("status") in _SLO_WORDS
    return isinstance(value, Mapping)


def _status(status: t.Any, dummy: t.Any) -> dict[str, t.Any]:
    not_closed = [name for name, state in status["breakers"].items() if state != "closed"]
    return {"plc_connected": status["plc_connected"], "breakers_not_closed": _names(not_closed)}


def _slo(slo: t.Any, dummy: t.Any) -> dict[str, t.Any]:
    return {"slo": slo["status"], "alerts": _names(slo["alerts"])}


def _streams(streams: t.Any, cameras: frozenset[str]) -> dict[str, t.Any]:
    """Expected is what the supervisor itself wants to run, what runs, and what the inventory says must."""
    entries = {name: stream for name, stream in streams.items() if isinstance(stream, Mapping)}
    running = {name for name, stream in entries.items() if stream.get("running") is True}
    expected = {name for name, stream in entries.items() if stream.get("desired")} | running | cameras
    missing = _names(sorted(expected - running))
    return {"streams": {"running": len(running), "expected": len(expected), "not_running": missing}}


def _service(service: t.Any, dummy: t.Any) -> dict[str, t.Any]:
    pid, in_container = service.get("pid"), service.get("is_container_runtime")
    return {
        "service": {
            "pid": pid if isinstance(pid, int) else None,
            "container": in_container if isinstance(in_container, bool) else None,
        }
    }


def _versions(versions: t.Any, dummy: t.Any) -> dict[str, t.Any]:
    major = versions.get("current_major")
    return {"api_version": major if isinstance(major, int) else None}


_SUMMARIES: dict[str, t.Callable[[t.Any, frozenset[str]], dict[str, t.Any]]] = {
    "status": _status, "slo": _slo, "streams": _streams, "service": _service, "versions": _versions,
}  # fmt: skip
#: What may be asked for.
SUBSETS = tuple(_SUMMARIES)


def _names(names: Iterable[t.Any]) -> list[str]:
    return [str(name)[:_SHOWN_LETTERS] for name in list(names)[:_SHOWN_NAMES]]
