# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escalation: which level is next, whom to call, and what that person must look at by hand. Pure. Private.

The levels are those of the binding operations playbook: L1 operations, L2 development, L3 architecture and owner.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._findings import FINDINGS, next_step_of
from ._timestamps import ms_of
from ._words import Words, say

LEVELS = ("L1", "L2", "L3")


class Rung(t.NamedTuple):
    """One rule that asks for a level: measure is at least at_least; severity: only for that one, "" for all."""

    level: str
    measure: str
    at_least: int
    severity: str = ""


#: The finding's own owner is the level below which it never goes.
LADDER = (
    Rung("L2", "failed_attempts", 2),
    Rung("L2", "budget_used", 1),
    Rung("L3", "failed_attempts", 3),
    Rung("L3", "minutes_open", 30, "SEV-1"),
)

_WORDS: Words = {
    "owner": ("{level} acts on this finding.", "Für diesen Befund ist {level} zuständig."),
    "failed_attempts": ("{n} attempts to heal it have failed.", "{n} Versuche, es zu heilen, sind gescheitert."),
    "budget_used": (
        "The budget of disruptive actions is used up.", "Das Budget für unterbrechende Eingriffe ist verbraucht."),
    "minutes_open": ("{severity} for {n} min and not healed.", "{severity} seit {n} min und nicht geheilt."),
    "call": ("Escalate to {level}: {contact}.", "Eskalation an {level}: {contact}."),
    "nobody": (
        "Escalate to {level}: lineops_contacts names nobody for it.",
        "Eskalation an {level}: lineops_contacts nennt dafür niemanden."),
    # What to look at by hand, by topic.
    "routes": (
        "Compare the route table in TwinCAT XAE (SYSTEM > Routes) with lineops_plcs: name, NetId and address of "
        "{host}.",
        "Die Routentabelle in TwinCAT XAE (SYSTEM > Routes) mit lineops_plcs vergleichen: Name, NetId und Adresse "
        "von {host}."),
    "net_ids": (
        "Compare the NetIds in TwinCAT XAE (SYSTEM > Routes > NetId Management) and on {host} with lineops_plcs.",
        "Die NetIds in TwinCAT XAE (SYSTEM > Routes > NetId Management) und auf {host} mit lineops_plcs vergleichen."),
    "network": (
        "Follow the packets between {host} and the PLC on switch and firewall (TCP 48898, UDP 48899), both ways.",
        "Die Pakete zwischen {host} und der PLC auf Switch und Firewall verfolgen (TCP 48898, UDP 48899), in beide "
        "Richtungen."),
    "runtime": (
        "Log in to the PLC with TwinCAT XAE: state, error list, boot project, and who downloaded last.",
        "Mit TwinCAT XAE auf der PLC anmelden: Zustand, Fehlerliste, Boot-Projekt, und wer zuletzt geladen hat."),
    "writes": (
        "Read the ADS code of the failed write in the supervisor's own output on {host} (journalctl); its admin "
        "log has none.",
        "Den ADS-Code des fehlgeschlagenen Schreibens in der Ausgabe des Supervisors auf {host} lesen (journalctl); im "
        "Admin-Log steht er nicht."),
    "service": (
        "Read unit, log and last change of the supervisor on {host}: systemctl status, journalctl, what was deployed.",
        "Unit, Log und letzte Änderung des Supervisors auf {host} lesen: systemctl status, journalctl, was "
        "eingespielt wurde."),
    "keys": (
        "Find out in the supervisor's key list on {host} who changed the keys, and when.",
        "In der Schlüsselliste des Supervisors auf {host} nachsehen, wer die Schlüssel geändert hat, und wann."),
    "streams": (
        "Look at the camera itself and at its ffmpeg process on {host}, not at the supervisor's word for it.",
        "Die Kamera selbst und ihren ffmpeg-Prozess auf {host} ansehen, nicht das, was der Supervisor darüber sagt."),
    "decide": (
        "Decide how production goes on meanwhile, who repairs it across systems, and with which priority.",
        "Entscheiden, wie die Produktion solange weitergeht, wer es systemübergreifend behebt, und mit welcher "
        "Priorität."),
}

#: Topic -> findings (or the word before their dot) that it helps with.
_TOPICS: dict[str, tuple[str, ...]] = {
    "routes": (
        "plc.route_missing", "plc.route_refused", "plc.route_unanswered", "plc.route_conflict", "plc.link_stale",
        "plc.silent", "plc.target_differs", "plc.unclear"),
    "net_ids": ("plc.net_id_differs", "plc.net_id_not_from_ip", "supervisor.net_id_differs", "plc.config_drift"),
    "network": ("plc.filtered", "plc.router_refused", "plc.route_unanswered", "plc.silent", "supervisor.path_blocked",
                "supervisor.start_blocked"),
    "runtime": (
        "plc.not_running", "plc.port_wrong", "plc.symbol_unknown", "plc.namespace_failing", "supervisor.symbols_stale"),
    "writes": ("plc.write_failed", "plc.write_breaker_open", "plc.write_breaker_wedged"),
    "service": (
        "supervisor.unreachable", "supervisor.not_understood", "supervisor.ads_library_missing", "plc.library_wedged",
        *(f"supervisor.{name}" for name in (
            "hung", "stopped", "container_stopped", "start_limit", "crash_loop", "escaped", "port_taken", "unit_masked",
            "unit_missing", "unit_disabled", "disk_full", "no_rights", "unclear")),
        "restart", "run"),
    "keys": ("supervisor.key_refused", "supervisor.all_keys_refused"),
    "streams": ("stream", "camera", "ring"),
}


def escalation(
    outcome: t.Mapping[str, t.Any],
    *,
    host: str,
    now: str,
    opened_at: str | None = None,
    failed_attempts: int = 0,
    budget_used: bool = False,
    contacts: t.Any = None,
    language: str = "en",
) -> dict[str, t.Any]:
    """Return who is next for a host that is not healed.

    outcome: resolved, finding, severity, owner and next_step, as the outcome of a host has them. opened_at and
    failed_attempts: of incident_course, the attempt of this run added. contacts: lineops_contacts.
    The result has level, contact (None where nobody is named), reasons, next_step, look_at, and text with all of it.
    For a host that is resolved level is "" and text is empty.
    """
    if outcome.get("resolved"):
        return {"level": "", "contact": None, "reasons": [], "next_step": "", "look_at": [], "text": ""}
    code, severity = str(outcome.get("finding")), str(outcome.get("severity") or "")
    measured = {
        # Numbers come as text from Jinja on ansible-core 2.18.
        "failed_attempts": int(failed_attempts), "budget_used": int(bool(budget_used)),
        "minutes_open": _minutes(opened_at, now),
    }
    asking = [rung for rung in LADDER if measured[rung.measure] >= rung.at_least and rung.severity in ("", severity)]
    owner = outcome["owner"] if outcome.get("owner") in LEVELS else LEVELS[0]
    level = max([owner, *(rung.level for rung in asking)])
    # One sentence for each measure, however many rungs it has climbed.
    climbed = dict.fromkeys(rung.measure for rung in asking)
    reasons = [say(_WORDS, measure, language, n=measured[measure], severity=severity) for measure in climbed] or [
        say(_WORDS, "owner", language, level=owner)]
    named = contacts.get(level) if isinstance(contacts, Mapping) else None
    contact = named.strip() if isinstance(named, str) and named.strip() else None
    told = str(outcome.get("next_step") or "")
    next_step = next_step_of(code, host=host, language=language) if code in FINDINGS else told
    look_at = [say(_WORDS, topic, language, host=host) for topic in _topics_of(code)] if level > "L1" else []
    look_at += [say(_WORDS, "decide", language)] if level == "L3" else []
    call = say(_WORDS, "call" if contact else "nobody", language, level=level, contact=contact)
    return {
        "level": level, "contact": contact, "reasons": reasons, "next_step": next_step, "look_at": look_at,
        "text": " ".join(part for part in [call, *reasons, next_step, *look_at] if part),
    }


def _topics_of(code: str) -> list[str]:
    return [topic for topic, codes in _TOPICS.items() if code in codes or code.split(".")[0] in codes]


def _minutes(opened_at: str | None, now: str) -> int:
    """Return the minutes since an incident was opened; 0 where a time cannot be read, or the clock stepped back."""
    began, ends = ms_of(opened_at), ms_of(now)
    return max(0, (ends - began) // 60_000) if began is not None and ends is not None else 0
