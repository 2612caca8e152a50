# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps 1 to 3 and 5 to 7 of the standard checklist: what was seen of a host, and what it asks for. Pure. Private."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._admin_log import slo_share
from ._checklist_host import ATTENTION, OK, UNSEEN, Look, Note
from ._checklist_words import WORDS, Tell
from ._fleet_rules import summary_of
from ._incidents import open_incidents
from ._plc_signals import part
from ._report_rules import closing_of
from ._timestamps import ms_of, utc_text

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
#: So many failed tests within an hour may be those of earlier checklists and preflights, which write no journal.
UNRECORDED = 30
#: So many restarts within an hour are no accident.
MANY_RESTARTS = 3

_RESTARTS = ("service_restart_scheduled", "daemon_restart_scheduled")
_REJECTED = "daemon_restart_rejected"
_SCOPE = {"plcs": ("id", "name", "ip_address", "ams_net_id", "active"), "cameras": ("id", "type", "core")}
#: Signal of an observation in the journal -> the call it stands for.
_CALLS = {
    **dict.fromkeys(("test", "retest", "added_test"), "POST /api/plc/ads/route/test"),
    "write": "POST /api/variables/write"}
#: What was observed -> how the supervisor answered; all else was answered with a 500.
_ANSWERS = {"ok": "200", "blocked": "no answer"}


def moment(text: t.Any, tell: Tell) -> str:
    """Return a time to the second for people; the words for none where it is none."""
    at = ms_of(text)
    return tell("no_time") if at is None else f"{utc_text(at)[:19].replace('T', ' ')} UTC"


# --- 1 timestamp and scope -------------------------------------------------------------------------------------------


def scope_of(look: Look) -> dict[str, t.Any]:
    """Return what belongs to a host: url, plcs, cameras."""
    return {
        "url": str(look.get("url") or ""),
        **{name: [{key: entry.get(key) for key in keys} for entry in _mappings(look.get(name))]
           for name, keys in _SCOPE.items()}}


def scope_notes(look: Look, now: str, tell: Tell) -> list[Note]:
    """Step 1; look: inventory (result of inventory_check), url, plcs, cameras."""
    inventory = part(look, "inventory")
    mistakes = [Note(ATTENTION, str(mistake)) for mistake in inventory.get("mistakes") or []]
    if mistakes:
        return [*mistakes, Note(ATTENTION, tell("stopped"), tell("inventory.todo"))]
    scope = scope_of(look)
    plcs = [
        _with(f"{plc['name'] or plc['id']} {plc['ip_address']}", plc["active"] is True, tell("active"))
        for plc in scope["plcs"]]
    cameras = [_with(str(camera["id"]), camera["core"] is True, tell("core")) for camera in scope["cameras"]]
    text = tell(
        "scope", at=moment(now, tell), url=scope["url"], plcs=tell("plcs", names=", ".join(plcs)),
        cameras=tell("cameras", names=", ".join(cameras)) if cameras else tell("cameras.none"))
    return [Note(OK, text), *(Note(OK, str(warning)) for warning in inventory.get("warnings_found") or [])]


def _with(text: str, is_so: bool, word: str) -> str:
    return f"{text} ({word})" if is_so else text


# --- 2 status and SLO ------------------------------------------------------------------------------------------------


def status_notes(look: Look, now: str, tell: Tell) -> list[Note]:
    """Step 2; look: supervisor, test (results of supervisor_info, before and with the route test), cameras, history."""
    supervisor = part(look, "supervisor")
    slo = part(look, "test", "slo_detail") or part(supervisor, "slo_detail")
    wanted = {"status": tell("status"), "slo_detail": tell("slo"), "streams": tell("streams")}
    return [
        *_status(supervisor, tell), *(_slo(slo, look, now, tell) if slo else []),
        *_streams(supervisor, look, tell), *_unseen(supervisor, wanted, tell)]


def _status(supervisor: Look, tell: Tell) -> list[Note]:
    status = part(supervisor, "status")
    if not status:
        return []
    connected = status.get("plc_connected") is True
    notes = [Note(OK, tell("flag.yes")) if connected else Note(ATTENTION, tell("flag.no"))]
    return notes + [
        Note(ATTENTION, tell("breaker", name=name, state=state))
        for name, state in part(status, "breakers").items() if state != "closed"]


def _slo(slo: Look, look: Look, now: str, tell: Tell) -> list[Note]:
    alerts = {alert.get("name"): alert for alert in _mappings(slo.get("alerts"))}
    if not alerts:
        return [Note(OK, tell("slo.ok"))] if slo.get("status") == "ok" else [
            Note(ATTENTION, tell("slo.unclear", alert=tell("alert", name=slo.get("status"))), tell("slo.todo"))]
    since = utc_text((ms_of(now) or 0) - HOUR_MS)
    entries = list(_mappings(part(look, "history").get("entries")))
    calls = [*own_calls(look), *earlier_calls(entries)]
    share = slo_share(slo, calls, before=part(look, "supervisor", "slo_detail") or None, since=since)
    notes = []
    for verdict in share["alerts"]:
        cause = verdict["cause"]
        if cause == "not_ours" and verdict["before"] and _may_be_ours(verdict["name"], share["others"]):
            cause = "unclear"
        elif cause == "unclear" and verdict["before"] is False:
            cause = "ours"  # it arose within this look, which made slow or failed calls
        figures = _figures(verdict["name"], slo, share, tell)
        text = tell(f"slo.{cause}", alert=_alert(alerts[verdict["name"]], tell) + figures)
        stood = f" {tell('slo.stood')}" if verdict["before"] and cause != "ours" else ""
        todo = {"ours": "", "unclear": tell("slo.todo.wait"), "not_ours": tell("slo.todo")}[cause]
        notes.append(Note(OK if cause == "ours" else ATTENTION, text + stood, todo))
    return notes


def _may_be_ours(name: t.Any, others: Look) -> bool:
    """Say whether earlier looks of ours, which leave no record, may have raised an alert that stood before this one."""
    errors = others.get("errors_5xx")
    return name != "stream_health_below_target" and (errors is None or errors <= UNRECORDED)


def _figures(name: t.Any, slo: Look, share: Look, tell: Tell) -> str:
    api = part(slo, "api")
    if name != "api_availability_below_target" or api.get("errors_5xx") is None:
        return ""
    own = share["own"]["errors_5xx"]
    return f" ({tell('slo.figures', errors=api['errors_5xx'], all=api.get('total_requests'), own=own)})"


def _alert(alert: Look, tell: Tell) -> str:
    key = f"alert.{alert.get('name')}"
    if key not in WORDS:
        return tell("alert", name=alert.get("name"))
    values = {name: alert.get(name) for name in ("value", "target")}
    form = (lambda value: f"{value:.0f} ms") if "latency" in key else (lambda value: tell.share(value, 1))
    return tell(key, **{
        name: form(value) if isinstance(value, (int, float)) else "?" for name, value in values.items()})


def own_calls(look: Look) -> list[str]:
    """Return the calls of this run up to its last look at the SLO."""
    test = part(look, "test")
    calls = [str(call) for call in part(look, "supervisor").get("calls") or []]
    return calls + ([str(call) for call in test.get("calls") or []] if part(test, "slo_detail") else [])


def earlier_calls(entries: t.Iterable[Look]) -> list[str]:
    """Return the calls of earlier runs that failed, as far as the observations in the journal tell them (quirk 20)."""
    calls = {}
    for entry in entries:
        details = part(entry, "details")
        for seen in _mappings([*_list(details.get("evidence")), *_list(details.get("counter_checks"))]):
            call, value, at = _CALLS.get(str(seen.get("signal"))), seen.get("value"), ms_of(seen.get("at"))
            if call and value and at is not None:
                seconds = 5.0 if value == "timeout" else 0.0
                calls[(call, at)] = f"{utc_text(at)} {call} -> {_ANSWERS.get(str(value), '500')}, {seconds} s"
    return list(calls.values())


def _streams(supervisor: Look, look: Look, tell: Tell) -> list[Note]:
    if "streams" not in supervisor:
        return []
    core = [str(camera.get("id")) for camera in _mappings(look.get("cameras")) if camera.get("core") is True]
    told = summary_of({"streams": part(supervisor, "streams")}, core)["streams"]
    if not told["expected"]:
        return [Note(OK, tell("streams.none"))]
    if not told["not_running"]:
        return [Note(OK, tell("streams.all", **told))]
    names = ", ".join(told["not_running"])
    return [Note(ATTENTION, tell("streams.out", names=names, **told), tell("streams.todo", names=names))]


def _unseen(supervisor: Look, wanted: t.Mapping[str, str], tell: Tell) -> list[Note]:
    """Tell what of a look at the supervisor is missing, each reason once."""
    reasons: dict[str, list[str]] = {}
    for name, words in wanted.items():
        if name not in supervisor:
            why = part(supervisor, "not_observed", name).get("message") or tell("not_looked")
            reasons.setdefault(str(why), []).append(words)
    return [Note(UNSEEN, tell("unseen", what=", ".join(words), why=why)) for why, words in reasons.items()]


# --- 3 last admin actions --------------------------------------------------------------------------------------------


def admin_notes(look: Look, now: str, tell: Tell) -> list[Note]:
    """Step 3; look: supervisor."""
    supervisor = part(look, "supervisor")
    log, chain = part(supervisor, "log_excerpt"), part(supervisor, "log_chain")
    return [
        *(_actions(log, now, tell) if log else []), *(_chain(chain, tell) if chain else []),
        *_unseen(supervisor, {"log_excerpt": tell("log"), "log_chain": tell("chain")}, tell)]


def _actions(log: Look, now: str, tell: Tell) -> list[Note]:
    end = ms_of(now) or 0
    audits = list(_mappings(log.get("audits")))
    today = [row for row in audits if _is_since(row, end - DAY_MS)]
    restarts = [row for row in today if row.get("action") in _RESTARTS]
    within_hour = [row for row in restarts if _is_since(row, end - HOUR_MS)]
    notes = [Note(OK, tell("admin.none"))]
    if audits:
        newest = audits[0]
        notes = [Note(OK, tell(
            "admin.last", action=newest.get("action") or "?", actor=newest.get("actor") or tell("nobody"),
            at=moment(newest.get("at"), tell)))]
    if len(within_hour) >= MANY_RESTARTS:
        notes.append(Note(ATTENTION, tell("admin.many", count=len(within_hour)), tell("admin.many.todo")))
    elif restarts:
        notes.append(Note(OK, tell("admin.restarts", count=len(restarts))))
    for row in [row for row in today if row.get("action") == _REJECTED][:1]:
        text = tell("admin.rejected", at=moment(row.get("at"), tell), why=part(row, "details").get("reason") or "?")
        notes.append(Note(ATTENTION, text, tell("admin.rejected.todo")))
    streams = [row for row in _mappings(log.get("streams")) if _is_since(row, end - HOUR_MS)]
    if streams:
        text = tell("admin.streams", count=len(streams), message=str(streams[0].get("message"))[:200])
        notes.append(Note(ATTENTION, text, tell("admin.streams.todo")))
    return notes


def _is_since(row: Look, at: int) -> bool:
    return (ms_of(row.get("at")) or 0) >= at


def _chain(chain: Look, tell: Tell) -> list[Note]:
    verdict = chain.get("verdict")
    if verdict == "ok":
        return [Note(OK, tell("chain.ok"))]
    if verdict == "retention":
        return [Note(OK, tell("chain.retention", rows=chain.get("linked_rows")))]
    if verdict == "tampering_suspected":
        return [Note(ATTENTION, tell("chain.tampering", row=chain.get("broken_at_id")), tell("chain.todo"))]
    return [Note(UNSEEN, tell("unseen", what=tell("chain"), why=tell("not_looked")))]


# --- 5 and 6: the finding, and what it asks for ----------------------------------------------------------------------


def action_notes(look: Look, others: t.Iterable[Note], tell: Tell) -> list[Note]:
    """Step 5; look: finding, plan, frozen; others: the notes of the other steps."""
    finding = part(look, "finding")
    notes = [Note(ATTENTION, note.todo) for note in others if note.todo]
    plan = [_title(step, tell) for step in _mappings(look.get("plan"))]
    if plan:
        notes.insert(0, Note(ATTENTION, tell("plan", steps=", ".join(plan))))
    elif finding.get("next_step"):
        text = tell("plan.none", level=finding.get("owner"), step=finding["next_step"])
        notes.insert(0, Note(ATTENTION, text))
    if notes and look.get("frozen") is True:
        notes.append(Note(ATTENTION, tell("plan.frozen")))
    return notes or [Note(OK, tell("plan.nothing"))]


def _title(step: Look, tell: Tell) -> str:
    key = f"step.{step.get('name')}"
    return tell(key) if key in WORDS else str(step.get("title"))


def finding_notes(look: Look, tell: Tell) -> list[Note]:
    """Step 6; look: finding (result of plc_diagnosis), notes (of other PLCs and hosts), broke."""
    finding = part(look, "finding")
    if look.get("broke"):
        return [Note(UNSEEN, tell("broke", why=look["broke"]), tell("broke.todo"))]
    if not finding:
        return [Note(UNSEEN, tell("unseen", what=tell("finding"), why=tell("not_looked")))]
    healthy = finding.get("code") == "plc.healthy"
    notes = [Note(OK if healthy else ATTENTION, str(finding.get("sentence")))]
    if not healthy:
        checks = [
            tell("check", call=check.get("call"), value=check.get("value"), where=check.get("observed_from"))
            for check in _mappings(finding.get("counter_checks")) if check.get("verdict") == "confirmed"]
        verdict = tell("verdict.confirmed", checks="; ".join(checks)) if checks else tell("verdict.open")
        notes.append(Note(ATTENTION, verdict))
    notes += [Note(ATTENTION, str(side.get("sentence"))) for side in _mappings(finding.get("also"))]
    notes += [Note(ATTENTION, str(note)) for note in look.get("notes") or []]
    refuted = dict.fromkeys(str(fallen.get("code")) for fallen in _mappings(finding.get("refuted")))
    return notes + ([Note(OK, tell("refuted", codes=", ".join(refuted)))] if refuted else [])


# --- 7 open incidents ------------------------------------------------------------------------------------------------


def incidents_of(look: Look, host: str, now: str) -> list[dict[str, t.Any]]:
    """Return the incidents of a host that are open, and those that are healed but not closed, oldest first.

    look: history (result of the journal). Each has incident, since, severity, finding, healed, and missing (names of
    the parts of the closing checklist; "ending" for one that no run has healed).
    """
    entries = [entry for entry in _mappings(part(look, "history").get("entries")) if entry.get("host") == host]
    found = [{**one, "healed": False} for one in open_incidents(entries, now=now) if one["host"] == host]
    told = {one["incident"] for one in found}
    closed = {entry.get("incident") for entry in entries if entry.get("event") == "closed"}
    for entry in entries:
        if entry.get("event") == "healed" and entry.get("incident") not in closed | told:
            told.add(entry["incident"])
            found.append({"incident": entry["incident"], "since": entry.get("ts"), "healed": True,
                          "severity": entry.get("severity"), "finding": entry.get("finding")})
    return [
        {**{name: one[name] for name in ("incident", "since", "severity", "finding", "healed")},
         "missing": [*([] if one["healed"] else ["ending"]), *_missing(entries, one["incident"])]}
        for one in found]


def _missing(entries: t.Iterable[Look], incident: str) -> list[str]:
    items = closing_of([entry for entry in entries if entry.get("incident") == incident])["items"]
    return [piece["name"] for item in items for piece in item["parts"] if not (piece["value"] or piece["reason"])]


def missing_words(names: t.Iterable[str], tell: Tell) -> str:
    """Return what is missing to close an incident, in words."""
    return ", ".join(tell(f"missing.{name}") for name in names)


def incident_notes(look: Look, incidents: t.Sequence[Look], tell: Tell) -> list[Note]:
    """Step 7; look: history; incidents: those of incidents_of."""
    history = part(look, "history")
    if part(history, "failure"):
        return [Note(UNSEEN, tell("unseen", what=tell("journal"), why=history["failure"].get("message")))]
    if "entries" not in history:
        return [Note(UNSEEN, tell("unseen", what=tell("journal"), why=tell("not_looked")))]
    still_open = [one for one in incidents if not one["healed"]]
    healed = [one for one in incidents if one["healed"]]
    notes = [Note(ATTENTION, tell(
        "incident.open", incident=one["incident"], since=moment(one["since"], tell),
        missing=missing_words(one["missing"], tell), severity=f", {one['severity']}" if one["severity"] else ""))
        for one in still_open] or [Note(OK, tell("incidents.none"))]
    if healed:
        newest = healed[-1]
        missing = missing_words(newest["missing"], tell)
        notes.append(Note(OK, tell(
            "incident.healed", count=len(healed), incident=newest["incident"], missing=missing)))
    for undo in _mappings(history.get("open_undos")):
        if undo.get("must"):
            text = tell("left", variable=undo["variable"]) if undo.get("variable") else tell("left.route")
            notes.append(Note(ATTENTION, text, tell("left.todo")))
    return notes


def _mappings(value: t.Any) -> t.Iterator[Look]:
    return (item for item in _list(value) if isinstance(item, Mapping))


def _list(value: t.Any) -> list[t.Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
