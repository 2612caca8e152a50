# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events that a rulebook gets, and which hosts and options make a watch. Pure. Private to this collection."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._errors import LineopsError
from ._health_rules import PLAYBOOKS, SENTENCES, Verdict, is_name
from ._health_state import FAILED, FLAPPING, Change, Policy, Track
from ._inventory import active_plc, is_url

#: Option -> default, least, most. Seconds, or how many.
OPTIONS: dict[str, tuple[float, float, float]] = {
    "interval": (10.0, 1.0, 3600.0),
    "max_interval": (60.0, 1.0, 86400.0),
    "debounce": (3, 1, 100),
    "flaps": (3, 2, 100),
    "flap_window": (3600.0, 1.0, 604800.0),
    "remind": (900.0, 1.0, 604800.0),
    "reminders": (3, 0, 1000),
    "heartbeat": (300.0, 0.1, 86400.0),
    "connect_timeout": (2.0, 0.1, 60.0),
    "read_timeout": (5.0, 0.1, 300.0),
    "look_timeout": (20.0, 0.1, 600.0),
    "threads": (32, 1, 512),
}
_OTHERS = ("hosts", "inventory", "limit", "validate_certs")


def change_event(host: Mapping[str, t.Any], subject: str, verdict: Verdict, change: Change, since: str) -> dict[str, t.Any]:
    """Return the event of one change; meta.hosts is what ansible-rulebook limits a playbook to."""
    return {
        "supervisor_health": {
            "kind": "change", "host": host["host"], "line": host["line"], "subject": subject, "state": change.state,
            "previous": change.previous, "since": since, "repeat": change.repeat, "signal": verdict.signal,
            "seen": SENTENCES.get(verdict.signal, ""), "cameras": list(verdict.cameras), "playbook": PLAYBOOKS[subject],
        },
        "meta": {"hosts": host["host"]},
    }  # fmt: skip


def heartbeat_event(
    tracks: Mapping[str, Mapping[str, Track]], refused: Mapping[str, str], looks: int
) -> dict[str, t.Any]:
    """Return the event that says that the watch goes on, and what is not well, or not seen, now. tracks: host -> subject."""

    def those(holds: t.Callable[[Track], bool]) -> dict[str, list[str]]:
        found = {host: [name for name, track in subjects.items() if holds(track)] for host, subjects in tracks.items()}
        return {host: names for host, names in found.items() if names}

    return {"supervisor_health": {
        "kind": "heartbeat", "hosts": len(tracks), "looks": looks, "failed": those(lambda track: track.state == FAILED),
        "flapping": those(lambda track: track.state == FLAPPING), "not_observed": those(lambda track: not track.is_observed),
        "not_watched": dict(refused)}}  # fmt: skip


def options_of(args: Mapping[str, t.Any]) -> tuple[Policy, dict[str, t.Any]]:
    """Return the patience and the options of the looks that the arguments of the source ask for.

    Raises LineopsError (watch.option) with one sentence for the first that cannot be used.
    """
    unknown = [name for name in args if name not in (*OPTIONS, *_OTHERS)]
    if unknown:
        raise LineopsError("watch.option", f"supervisor_health knows no {unknown[0]}; there are {', '.join((*OPTIONS, *_OTHERS))}.")
    values = {name: _number(name, args.get(name)) for name in OPTIONS}
    certs = args.get("validate_certs", True)
    if not isinstance(certs, bool):
        raise LineopsError("watch.option", f"validate_certs is {certs!r}; expected true or false.")
    policy = Policy(
        debounce=int(values["debounce"]), flaps=int(values["flaps"]), flap_window_s=values["flap_window"], remind_s=values["remind"],
        reminders=int(values["reminders"]), interval=values["interval"], max_interval=values["max_interval"])
    return policy, {
        **{name: values[name] for name in ("heartbeat", "connect_timeout", "read_timeout")}, "look_s": values["look_timeout"],
        "threads": int(values["threads"]), "validate_certs": certs}  # fmt: skip


def _number(name: str, value: t.Any) -> float:
    usual, least, most = OPTIONS[name]
    if value is None:
        return usual
    whole = isinstance(usual, int)
    if isinstance(value, bool) or not isinstance(value, (int,) if whole else (int, float)) or not least <= value <= most:
        raise LineopsError(
            "watch.option", f"{name} is {value!r}; expected {'a whole number' if whole else 'seconds'} from {least:g} to {most:g}.")
    return value


def hosts_of(entries: t.Iterable[t.Any]) -> tuple[list[dict[str, t.Any]], dict[str, str]]:
    """Return the hosts to watch (host, line, url, cameras, plc), and by name why others are not.

    entries: mappings with these (plcs in place of plc), and run_from or problem. Raises LineopsError (watch.hosts) where a mistake would let
    somebody else's host be acted on, or nothing be watched.
    """
    watched: dict[str, dict[str, t.Any]] = {}
    refused: dict[str, str] = {}
    for entry in entries:
        name = entry.get("host") if isinstance(entry, Mapping) else None
        if not is_name(name):
            raise LineopsError("watch.hosts", f"{name!r} is no name of a host that can be watched; expected letters, digits, dots, dashes.")
        if name in watched or name in refused:
            raise LineopsError("watch.hosts", f"{name} is named more than once.")
        problem = _problem_of(t.cast("Mapping[str, t.Any]", entry))
        if problem:
            refused[name] = problem
        else:
            told = {key: entry[key] for key in ("host", "line", "url", "cameras") if key in entry}
            watched[name] = {"cameras": [], "plc": active_plc(entry.get("plcs")).get("id"), **told}
    if not watched:
        told = "; ".join(f"{name}: {why}" for name, why in list(refused.items())[:3]) or "it names no host"
        raise LineopsError("watch.hosts", f"There is no supervisor to watch ({told}).")
    return list(watched.values()), refused


def _problem_of(entry: Mapping[str, t.Any]) -> str:
    rows = (
        (entry.get("problem"), str(entry.get("problem"))),
        (entry.get("run_from") == "host", "its supervisor is only reached from its own host (lineops_run_from: host)"),
        (not is_url(entry.get("url")), "it has no usable lineops_supervisor_url"),
        (not is_name(entry.get("line")), "it has no usable lineops_line"),
        (not isinstance(entry.get("cameras", []), list), "its lineops_cameras is no list"),
    )
    return next((why for holds, why in rows if holds), "")
