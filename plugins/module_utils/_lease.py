# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases of hosts: files on the host or the state host, whose clock is the only one (DESIGN §7.8). Private."""

from __future__ import annotations

import json
import os
import secrets
import time
import typing as t
from contextlib import contextmanager

from . import _lease_rules as rules
from ._errors import LineopsError
from ._state_dir import check, flush_directory, locked, prepare, write_atomically
from ._clock import seconds_of, utc_at

VERSION = 1
FOLDER = "leases"

_Claim = t.Mapping[str, t.Any]
_Lease = t.Dict[str, t.Any]


class Leases:
    """The leases in one state directory.

    claim: see _lease_rules; for a new lease also incident, line, purpose and runner. Every method but renew returns the
    same keys (see answer). Raises LineopsError (lease.*, state_dir.*) with one sentence.
    """

    def __init__(self, state_dir: str, clock: t.Callable[[], float] = time.time) -> None:
        self.state_dir = os.path.normpath(state_dir)
        self._clock = clock

    def hold(self, host: str, claim: _Claim, deadline_s: float) -> dict[str, t.Any]:
        """Take or renew the lease of a host. Who does not get it is told why in failure (lease.busy, lease.lost)."""
        if not 0 <= deadline_s <= rules.LONGEST_DEADLINE_S:
            raise LineopsError(
                "lease.deadline", f"deadline_s is {deadline_s}; expected 0 to {rules.LONGEST_DEADLINE_S:.0f}.")
        ttl_s = rules.ttl_of(deadline_s)
        with self._changing(host) as path:
            lease = self._read(path, ttl_s)
            verdict = rules.decide(lease, claim, self._now())
            if verdict in (rules.BUSY, rules.LOST):
                return _refused(host, self._limited(path, lease), verdict)
            taken_over = rules.taken_over_from(lease, verdict)
            new = lease if lease and verdict == rules.OWN else self._new(host, claim, taken_over)
            mine = {
                **new, "renewed_at": self._now(), "expires_at": utc_at(self._clock() + ttl_s), "ttl_s": ttl_s}
            _put(path, mine)
        message = rules.taken_sentence(host, mine["expires_at"], taken_over)
        return answer(
            host, mine, message, held=True, lease_id=mine["id"], incident=mine.get("incident"), taken_over=taken_over)

    def renew(self, host: str, lease_id: str, deadline_s: float) -> str:
        """Renew a lease that one holds and return until when; a lost one raises lease.lost."""
        if not lease_id:  # of a run that was refused; nothing is taken here
            raise LineopsError("lease.lost", f"This run holds no lease of {host}.", "Take it first.")
        result = self.hold(host, {"lease_id": lease_id}, deadline_s)
        if not result["held"]:
            raise LineopsError(**result["failure"])
        return str(result["until"])

    def release(self, host: str, claim: _Claim) -> dict[str, t.Any]:
        """Give back one's own lease. One that is gone, or another's, is left as it is, and said."""
        with self._changing(host) as path:
            lease = self._read(path)
            if not rules.is_own(lease, claim):
                return answer(host, lease, f"Nothing to give back: {rules.sentence(host, lease)}")
            os.unlink(path)
            flush_directory(os.path.dirname(path))
        return answer(host, None, f"The lease of {host} is given back.", released=True)

    def look(self, host: str, claim: _Claim) -> dict[str, t.Any]:
        """Say who holds a host, and whether this claim would be refused (busy); change nothing."""
        path = self._path(host)
        check(self.state_dir)
        check(os.path.dirname(path))
        try:
            lease = self._read(path)
        except OSError as error:
            raise LineopsError("lease.unreadable", f"The lease {path} cannot be read: {error.strerror}.") from error
        now = self._now()
        held = lease is not None and rules.is_own(lease, claim) and lease["expires_at"] > now
        busy = rules.decide(lease, {**claim, "lease_id": None}, now) == rules.BUSY and not held
        message = rules.sentence(host, lease)
        return answer(
            host, lease, message, held=held, expired=lease is not None and lease["expires_at"] <= now,
            busy=_busy(lease, message) if busy else None)

    def _path(self, host: str) -> str:
        if not rules.is_plain(host):
            raise LineopsError(
                "lease.host", f"'{host}' is no plain host name: expected letters, digits, '.', '-', '_' and ':' only.")
        return os.path.join(self.state_dir, FOLDER, f"{host}.json")

    def _now(self) -> str:
        return utc_at(self._clock())

    @contextmanager
    def _changing(self, host: str) -> t.Iterator[str]:
        path = self._path(host)
        prepare(self.state_dir, FOLDER)
        try:
            with locked(self.state_dir, FOLDER):
                yield path
        except OSError as error:
            raise LineopsError(
                "lease.unwritable", f"The lease {path} cannot be changed: {error.strerror}.",
                "Free space or correct the owner of lineops_state_dir.") from error

    def _read(self, path: str, ttl_s: float = rules.SHORTEST_TTL_S) -> _Lease | None:
        """Return the lease in a file, None where there is none.

        A clock that was set back must not make an orphan of years: no lease ends later than its TTL from now. What is
        no lease counts as one that was taken when the file was written.
        """
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as stream:
                content, written = stream.read(), os.fstat(stream.fileno()).st_mtime
        except FileNotFoundError:
            return None
        lease = _lease_in(content) or {
            "id": "", "owner": {}, "unreadable": True, "ttl_s": ttl_s, "taken_at": utc_at(written),
            "expires_at": utc_at(written + ttl_s)}
        latest = utc_at(self._clock() + lease["ttl_s"])
        return {**lease, "expires_at": latest, "limited": True} if lease["expires_at"] > latest else lease

    def _limited(self, path: str, lease: _Lease | None) -> _Lease | None:
        """Write down an end that had to be limited, so that it comes nearer from now on."""
        if lease and lease.pop("limited", False):
            if lease.get("unreadable"):
                os.utime(path, (self._clock(), self._clock()))
            else:
                _put(path, lease)
        return lease

    def _new(self, host: str, claim: _Claim, taken_over: t.Mapping[str, t.Any] | None) -> _Lease:
        """Return a new lease. It goes on with the incident of whom it takes over from, also for whoever comes next."""
        return {
            "v": VERSION, "host": host, "incident": (taken_over or {}).get("incident") or claim.get("incident"),
            **{name: claim.get(name) for name in ("line", "purpose", "runner")}, "owner": claim.get("owner") or {},
            "id": secrets.token_hex(8), "taken_at": self._now()}


def _lease_in(content: bytes) -> _Lease | None:
    """Return the lease that the content of a file is, its end in the form that sorts; None if it is none."""
    try:
        lease = json.loads(content.decode("utf-8"))
        if not rules.is_lease(lease):
            return None
        return {**lease, "expires_at": utc_at(seconds_of(lease["expires_at"]))}
    except (ValueError, OverflowError, RecursionError):
        return None


def _put(path: str, lease: _Lease) -> None:
    content = {name: value for name, value in lease.items() if name != "limited"}
    write_atomically(path, json.dumps(content, indent=1).encode() + b"\n")


def _refused(host: str, lease: _Lease | None, verdict: str) -> dict[str, t.Any]:
    message = rules.sentence(host, lease)
    if verdict == rules.LOST:
        message = f"The lease of {host} was lost. {message}"
        hint = "Nothing more is done there; run again to go on."
    else:
        hint = "Wait until then, or set lineops_busy to wait."
    failure = {"code": f"lease.{verdict}", "message": message, "hint": hint}
    busy = _busy(lease, message) if lease and verdict == rules.BUSY else None
    return answer(host, lease, message, busy=busy, failure=failure)


def _busy(lease: _Lease | None, message: str) -> dict[str, t.Any]:
    holder = lease or {}
    return {
        "runner": holder.get("runner"), "incident": holder.get("incident"), "until": holder.get("expires_at"),
        "message": message}


def answer(host: str, lease: _Lease | None, message: str, **more: t.Any) -> dict[str, t.Any]:
    """Return what every answer has, whatever came of it; more is what came of it."""
    return {
        "host": host, "held": False, "lease_id": None, "incident": None, "holder": rules.holder_of(lease),
        "until": lease["expires_at"] if lease else None, "expired": False, "taken_over": None, "busy": None,
        "released": False, "message": message, **more}
