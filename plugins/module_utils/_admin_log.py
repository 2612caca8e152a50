# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the supervisor's admin log and its SLO figures mean (SUPERVISOR_API §3, quirks 1, 2, 20, 21). Pure; private."""

from __future__ import annotations

import json
import re
import typing as t

Row = t.Mapping[str, t.Any]

#: More rows than this the supervisor never returns, so a full list does not show the oldest row.
MAX_ROWS = 500

#: Stream trouble is never a restart error; only the module of its rows tells it (quirk 2).
STREAM_MODULE = "StreamManager"

_CALL = re.compile(r"(\S+) [A-Z]+ /api/\S* -> (\d{3}|no answer), (\d+(?:\.\d+)?) s")


def excerpt(rows: t.Sequence[t.Any], restarts: t.Sequence[t.Any], limit: int) -> dict[str, t.Any]:
    """Return what the checklist wants of the admin log: restarts, stream trouble, who did what; each newest first.

    rows: the unfiltered list, newest first, as long as can be had; restarts: the answer to filter=restart;
    limit: how many of each.
    """
    known = _mappings(rows)
    return {
        "restarts": [_plain(row) for row in _mappings(restarts)[:limit]],
        "streams": [_plain(row) for row in known if row.get("module") == STREAM_MODULE][:limit],
        "audits": [_audit(row) for row in known if row.get("level") == "AUDIT"][:limit],
        "rows_seen": len(known),
        "oldest_seen_at": known[-1].get("timestamp") if known else None,
    }


def plain_rows(rows: t.Sequence[t.Any]) -> list[dict[str, t.Any]]:
    """Return rows of the log with what is told of them."""
    return [_plain(row) for row in _mappings(rows)]


def _mappings(rows: t.Sequence[t.Any]) -> list[Row]:
    return [row for row in rows if isinstance(row, dict)]


def _plain(row: Row) -> dict[str, t.Any]:
    return {"at": row.get("timestamp"), **{name: row.get(name) for name in ("id", "level", "module", "message")}}


def _audit(row: Row) -> dict[str, t.Any]:
    """The message of an audit row is JSON text; a row that is not keeps its text, so that nothing goes unseen."""
    try:
        told = json.loads(str(row.get("message")))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        told = {"details": {"message": row.get("message")}}
    details = told.get("details") if isinstance(told.get("details"), dict) else {}
    return {
        "at": row.get("timestamp"), "id": row.get("id"), "action": told.get("action"), "actor": told.get("actor"),
        "request_id": details.get("request_id"), "details": details}


def chain_verdict(verified: Row, rows: t.Sequence[t.Any]) -> dict[str, t.Any]:
    """Judge the hash chain of the admin log: ok, retention, tampering_suspected or not_observed.

    verified: the answer of logs/verify; rows: the unfiltered list, newest first, needed only if the answer is not ok.

    Retention leaves a first row that points to a removed one, and the supervisor's check ends there (quirk 21). So the
    links of the rows behind it are looked at here. Oldest rows that somebody took out look like retention.
    """
    checked, broken = verified.get("checked"), verified.get("broken_at_id")
    verdict = {"checked": checked, "broken_at_id": broken, "oldest_id": None, "linked_rows": None}
    if verified.get("ok") is True:
        return {"verdict": "ok" if checked else "not_observed", **verdict}
    known = _mappings(rows)
    if verified.get("ok") is not False or broken is None or not known:
        return {"verdict": "not_observed", **verdict}
    if checked != 1:
        return {"verdict": "tampering_suspected", **verdict}
    linked = _linked(known)
    oldest = known[-1]
    all_seen = len(known) < MAX_ROWS
    verdict.update(oldest_id=oldest.get("id") if all_seen else None, linked_rows=linked)
    if linked < len(known):
        return {"verdict": "tampering_suspected", **verdict, "broken_at_id": known[linked - 1].get("id")}
    # The very first row of a log points to nothing; if it is the broken one, it was changed.
    is_cut = bool(oldest.get("prev_hash")) and (oldest.get("id") == broken or not all_seen)
    return {"verdict": "retention" if is_cut else "tampering_suspected", **verdict}


def _linked(rows: t.Sequence[Row]) -> int:
    """Count the rows, from the newest on, of which each points to the next older one."""
    for number, (newer, older) in enumerate(zip(rows, rows[1:]), start=1):
        if not older.get("entry_hash") or newer.get("prev_hash") != older["entry_hash"]:
            return number
    return len(rows)


def slo_share(
    now: Row, calls: t.Iterable[str], before: t.Optional[Row] = None, since: str = ""
) -> dict[str, t.Any]:
    """Tell the share of our own calls in the SLO figures apart (quirk 20: they count for up to an hour).

    now, before: what supervisor_info returned as slo_detail, before: the baseline taken before acting, or None;
    calls: the lines that modules return as calls; since: UTC time (ISO) before which calls no longer count.

    Per alert, cause is "ours" (it would not stand without our calls), "not_ours" or "unclear"; before says whether it
    stood in the baseline already (null without one).
    """
    api, targets = _mapping(now, "api"), _mapping(now, "targets")
    own = _own(calls, since, _number(targets, "api_p95_latency_ms"))
    total, errors = _number(api, "total_requests"), _number(api, "errors_5xx")
    # A restart sets the supervisor's counters back, and then ours do not fit into them.
    fits = total is not None and errors is not None and own["errors_5xx"] <= errors and own["requests"] <= total
    others: dict[str, t.Any] = {"requests": None, "errors_5xx": None, "availability_ratio": None}
    if fits:
        others = _without(own["requests"], own["errors_5xx"], total, errors)
    stood = None if before is None else {alert.get("name") for alert in _alerts(before)}
    return {
        "own": own,
        "others": others,
        "alerts": [
            {
                "name": alert.get("name"),
                "before": None if stood is None else alert.get("name") in stood,
                "cause": _cause(alert, own, others, _number(targets, "api_availability_ratio")),
            }
            for alert in _alerts(now)
        ],
    }


def _own(calls: t.Iterable[str], since: str, slow_ms: t.Optional[float]) -> dict[str, int]:
    own = {"requests": 0, "errors_5xx": 0, "unanswered": 0, "slow": 0}
    for call in calls:
        found = _CALL.match(str(call))
        if not found or found[1][:19] < since[:19]:
            continue
        own["requests"] += 1
        own["errors_5xx"] += found[2][0] == "5"
        own["unanswered"] += found[2] == "no answer"
        own["slow"] += slow_ms is not None and float(found[3]) * 1000 > slow_ms
    return own


def _without(requests: int, errors: int, total: float, all_errors: float) -> dict[str, t.Any]:
    rest, failed = total - requests, all_errors - errors
    ratio = round(1 - failed / rest, 6) if rest and failed <= rest else None
    return {"requests": rest, "errors_5xx": failed, "availability_ratio": ratio}


def _cause(alert: Row, own: t.Mapping[str, int], others: Row, target: t.Optional[float]) -> str:
    name = alert.get("name")
    if name == "stream_health_below_target":
        return "not_ours"
    if name == "api_latency_above_target":
        # A percentile without some of its values cannot be had from the percentile alone.
        return "unclear" if own["slow"] or own["unanswered"] else "not_ours"
    if name != "api_availability_below_target" or others["errors_5xx"] is None or target is None:
        return "unclear"
    if others["errors_5xx"] == 0 or (others["availability_ratio"] or 0) >= target:
        return "ours"
    # A call we gave up on may have become a 500 of ours later.
    return "unclear" if own["unanswered"] else "not_ours"


def _alerts(slo: Row) -> list[Row]:
    alerts = slo.get("alerts")
    return _mappings(alerts) if isinstance(alerts, list) else []


def _mapping(body: Row, name: str) -> Row:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _number(body: Row, name: str) -> t.Optional[float]:
    found = body.get(name)
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None
