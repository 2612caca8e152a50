# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may take which lease when, and how it is told (DESIGN §7.8). Times are text that sorts. Private, pure.

A lease: host, incident, line, purpose, runner, owner {controller, pid, started, node}, id, taken_at, renewed_at,
expires_at, ttl_s. A claim: owner, lease_id (of a lease that one holds already) and holder_gone (the id of a lease whose
holder's process the claimant saw to be gone).
"""

from __future__ import annotations

import re
import typing as t

SHORTEST_TTL_S = 120.0
MARGIN_S = 60.0
#: Nobody waits longer for an orphan, whatever an action asks for.
LONGEST_DEADLINE_S = 3600.0

FREE, OWN, EXPIRED, HOLDER_DEAD, BUSY, LOST = "free", "own", "expired", "holder_dead", "busy", "lost"
UNREADABLE = "unreadable"

_Mapping = t.Mapping[str, t.Any]
_PLAIN_NAME = re.compile(r"\w[\w.:-]*")
_LONGEST_NAME = 200
_TEXTS = ("id", "taken_at", "renewed_at", "expires_at")


def ttl_of(deadline_s: float) -> float:
    """Return how long a lease lives that covers an action of this length."""
    return max(SHORTEST_TTL_S, deadline_s + MARGIN_S)


def is_plain(host: str) -> bool:
    """Say whether a host name can be the name of a file, and of nothing elsewhere."""
    return bool(_PLAIN_NAME.fullmatch(host)) and len(host.encode("utf-8", "replace")) <= _LONGEST_NAME


def is_lease(content: t.Any) -> bool:
    """Say whether the content of a file is a lease that can be decided on."""
    return (
        isinstance(content, dict) and all(isinstance(content.get(name), str) and content[name] for name in _TEXTS)
        and isinstance(content.get("owner"), dict) and isinstance(content.get("ttl_s"), (int, float))
        and 0 < content["ttl_s"] <= ttl_of(LONGEST_DEADLINE_S)
    )


def is_own(lease: _Mapping | None, claim: _Mapping) -> bool:
    """Say whether a lease is the claimant's: by its id if the claim names one, else by the process that took it.

    A controller that cannot be told from others has no process that could be known again.
    """
    if lease is None:
        return False
    if claim.get("lease_id"):
        return bool(lease["id"] == claim["lease_id"])
    owner, names = claim.get("owner") or {}, ("controller", "pid", "started")
    return all(owner.get(name) and owner[name] == lease["owner"].get(name) for name in names)


def decide(lease: _Mapping | None, claim: _Mapping, now: str) -> str:
    """Return what a claim is entitled to: free, own, expired, holder_dead (take it), busy or lost (leave it).

    Who names the lease it holds gets that one or none: somebody else may have worked on the host in between.
    """
    if is_own(lease, claim):
        return OWN
    if claim.get("lease_id"):
        return LOST
    if lease is None:
        return FREE
    if lease["expires_at"] <= now:
        return EXPIRED
    return HOLDER_DEAD if lease["id"] and lease["id"] == claim.get("holder_gone") else BUSY


def holder_of(lease: _Mapping | None) -> dict[str, t.Any] | None:
    """Return who holds a lease, as it is told."""
    if lease is None:
        return None
    names = ("runner", "incident", "line", "purpose", "owner")
    return {**{name: lease.get(name) for name in names}, "since": lease["taken_at"], "lease_id": lease["id"]}


def taken_over_from(lease: _Mapping | None, verdict: str) -> dict[str, t.Any] | None:
    """Return what a new holder has to know of the one before; None where it took over from nobody."""
    if lease is None or verdict not in (EXPIRED, HOLDER_DEAD):
        return None
    reason = UNREADABLE if lease.get("unreadable") else verdict
    incident, runner = lease.get("incident"), lease.get("runner")
    return {"reason": reason, "incident": incident, "from": runner, "since": lease["taken_at"]}


def sentence(host: str, lease: _Mapping | None) -> str:
    """Say who holds a host until when."""
    if lease is None:
        return f"Nobody holds {host}."
    if lease.get("unreadable"):
        return f"The lease of {host} is not readable, so it counts as held until {lease['expires_at']}."
    node = lease["owner"].get("node")
    what = ", ".join(str(lease[name]) for name in ("purpose", "incident") if lease.get(name))
    who = f"{_name(lease.get('runner'))}{f' on {node}' if node else ''}{f' ({what})' if what else ''}"
    return f"{host} is held by {who} until {lease['expires_at']}."


def taken_sentence(host: str, until: str, taken_over: _Mapping | None) -> str:
    """Say that this run holds a host, and from whom it was taken over."""
    held = f"{host} is held by this run until {until}"
    if taken_over is None:
        return f"{held}."
    reason = {
        EXPIRED: f"the lease of {_name(taken_over['from'])} had expired",
        HOLDER_DEAD: f"the process of {_name(taken_over['from'])} is gone",
        UNREADABLE: "the lease before was not readable and is older than a lease can be",
    }[taken_over["reason"]]
    goes_on = f", and its incident {taken_over['incident']} goes on" if taken_over["incident"] else ""
    return f"{held}; {reason}{goes_on}."


def _name(runner: str | None) -> str:
    return runner or "an unnamed runner"
