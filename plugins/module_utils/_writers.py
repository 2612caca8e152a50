# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the stream processes a supervisor has lost, on its own host. Private."""

from __future__ import annotations

import os
import time
import typing as t

from . import _stream_writers as processes
from . import _writer_rules as rules
from ._beneath import opened_beneath
from ._change import Change
from ._clock import utc_at
from ._errors import LineopsError
from ._host_proc import Process, is_alive, name_of, process_of, uid_of
from ._host_unit import unit

_LOOK_S = 5.0
_POLL_S = 0.1
_KILL_S = 5.0


class Ending:
    """One look at the writers, and the end of those that are surplus. params: those of stream_processes."""

    def __init__(self, params: t.Mapping[str, t.Any], change: Change) -> None:
        rules.checked(params)
        self._params = params
        self._change = change
        self._unit = self._ask_unit()
        self._roots: list[Process] = []
        self._known = self._who_is_it()
        self._ended: dict[int, str] = {}

    def run(self, check_mode: bool) -> dict[str, t.Any]:
        """Judge, end, and look again."""
        params = self._params
        with opened_beneath(params["supervisor_dir"], params["hls_dir"]) as directory:
            found = self._look(directory)
            rows = [self._row(*one) for one in found]
            seen = rules.counts(verdict for dummy, verdict, dummy in found)
            self._change.note(processes=rows, original=seen, reached=seen)
            refusal = rules.refusal_of(self._known)
            if refusal:
                raise refusal
            surplus = [one for one, verdict, dummy in found if verdict in rules.SURPLUS]
            if not surplus or check_mode:
                left = rules.counts(verdict for one, verdict, dummy in found if one not in surplus)
                return self._result(rows, surplus, changed=bool(surplus), reached=left, verified=not surplus)
            self._end(surplus, {one.pid for one, verdict, dummy in found if verdict == rules.SECOND or processes.is_stopped(one)})
            after = rules.counts(verdict for dummy, verdict, dummy in self._look(directory))
            return self._result(rows, surplus, reached=after, verified=not any(after[verdict] for verdict in rules.SURPLUS))

    def _ask_unit(self) -> dict[str, t.Any]:
        if not self._params["unit"]:
            return {}
        view, why = unit(self._params["unit"], _LOOK_S)
        if view is None:
            raise LineopsError("process.unit", f"Nothing was done: systemd could not be asked for the unit: {why}.")
        return view

    def _who_is_it(self) -> rules.Known:
        """Find out the supervisor's user and process; a number that no living process of that user has tells nothing."""
        params = self._params
        user = params["user"] or self._unit.get("user") or name_of(os.geteuid())
        uid = uid_of(user)
        if uid is None:
            raise LineopsError("process.option", f"Nothing was done: this host has no user {user}.")
        if os.geteuid() not in (0, uid):
            raise LineopsError(
                "host.not_allowed", f"Nothing was done: only {user} may end the stream processes of {user}.",
                f"Run this with become_user: {user}, which the sudoers file of docs/playbook_c.md allows.")
        told = (process_of(pid) for pid in (self._unit.get("main_pid"), params["supervisor_pid"]) if pid)
        self._roots = [process for process in told if process and process.users == {uid}]
        named = None if params["process_pids"] is None else frozenset(params["process_pids"])
        return rules.Known(uid, frozenset(process.pid for process in self._roots), named)

    def _look(self, directory: int) -> list[tuple[processes.Writer, str, str]]:
        path = os.path.join(os.path.realpath(self._params["supervisor_dir"]), self._params["hls_dir"])
        group = (self._unit.get("control_group") or "") if self._unit else None
        try:
            found = processes.writers_of(directory, path, self._known.roots, group)
        except OSError as error:
            raise LineopsError("process.hidden", f"The processes of this host cannot be seen: {error.strerror}.") from error
        if not all(map(is_alive, self._roots)):  # what its successor started meanwhile would be taken for orphans
            raise LineopsError("process.supervisor_unknown", "Nothing was done: the supervisor ended just now.", "Look again.")
        judged = rules.judged(found, self._known)
        return [one for one in judged if not self._params["cameras"] or one[0].camera in self._params["cameras"]]

    def _row(self, one: processes.Writer, verdict: str, why: str) -> dict[str, t.Any]:
        return {
            "pid": one.pid, "camera": one.camera, "verdict": verdict, "why": why, "parent": one.parent,
            "users": sorted(name_of(uid) for uid in one.users), "in_unit": one.in_unit,
            "stopped": processes.is_stopped(one), "started_at": utc_at(one.process.started),
        }  # fmt: skip

    def _end(self, surplus: list[processes.Writer], at_once: t.Container[int]) -> None:
        """End the surplus ones. On SIGTERM an ffmpeg writes its playlist once more, closed with EXT-X-ENDLIST.

        Over a living stream that makes players stop for good; and one that is stopped does not take the signal before it is woken.
        """
        self._signal([one for one in surplus if one.pid not in at_once], "TERM")
        self._signal([one for one in surplus if one.pid in at_once], "KILL")
        self._wait(surplus, self._params["timeout"])
        self._signal(processes.still_there(surplus), "KILL")
        left = self._wait(surplus, _KILL_S)
        if left:
            raise LineopsError(
                "process.not_ended", f"Stream processes are still there after SIGKILL: {', '.join(str(one.pid) for one in left)}.",
                "They wait for a device or a file system: look at it.")

    def _signal(self, writers: t.Iterable[processes.Writer], name: str) -> None:
        for one in writers:
            try:
                if not processes.send(one, name):
                    continue
            except OSError as error:
                raise LineopsError(
                    "process.not_ended", f"The stream process {one.pid} could not be sent SIG{name}: {error.strerror}.") from error
            self._ended[one.pid] = f"SIG{name}"
            self._change.note(
                changed=True, reached=None, ended=[{"pid": pid, "signal": sent} for pid, sent in self._ended.items()])

    @staticmethod
    def _wait(writers: t.Sequence[processes.Writer], limit: float) -> list[processes.Writer]:
        ends_at = time.monotonic() + limit
        left = processes.still_there(writers)
        while left and time.monotonic() < ends_at:
            time.sleep(_POLL_S)
            left = processes.still_there(left)
        return left

    def _result(
        self, rows: t.Sequence[t.Mapping[str, t.Any]], surplus: t.Sequence[processes.Writer], **values: t.Any
    ) -> dict[str, t.Any]:
        diff = rules.diff_of(rows, {one.pid for one in surplus})
        return {**self._change.result(**values), "diff": diff}
