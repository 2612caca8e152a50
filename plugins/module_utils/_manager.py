# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts a supervisor through whoever runs it, on its own host: systemd, a container engine, a command. Private.

ActiveState says nothing (SUPERVISOR_SYSTEMD 21), nor does an exit status (3). A restart is proven by another process, or
another run of the container, that is still there a while later, with a socket on the port that was not there before.
"""

from __future__ import annotations

import os
import signal
import time
import typing as t

from . import _manager_rules as rules
from ._change import Change
from ._errors import LineopsError
from ._host_proc import Process, inodes_of, is_alive, listening_on, name_of, process_of, sockets, uid_of
from ._host_texts import plain_lines, port_of
from ._host_unit import Ran, container, run_program, unit
from ._timestamps import ms_of

_POLL_S = 0.5
_STABLE_S = 2.0
#: An escaped process closes its socket at once and ends 5 to 6 s after SIGTERM (SUPERVISOR_SYSTEMD 22).
_TERM_S = 20.0
_KILL_S = 5.0
_LOOK_S = 5.0
_JOURNAL_LINES = 5
_ADS_TCP_PORT = 48898

#: What a look saw: what is the same as long as the new process lives, or None and what to fail with.
Look = tuple[t.Any, t.Callable[[], LineopsError]]


class Restart:
    """One restart. params: those of supervisor_manager; what is known goes into change as it comes."""

    def __init__(self, params: t.Mapping[str, t.Any], change: Change, check_mode: bool) -> None:
        self._params = params
        self._needs = rules.checked(params)
        self._change = change
        self._check_mode = check_mode
        self._is_root = os.geteuid() == 0
        self._port = port_of(params["url"])
        self._ends_at = time.monotonic() + params["timeout"]
        self._sockets_before = {entry.inode for entry in listening_on(self._port)}

    def run(self) -> dict[str, t.Any]:
        """Restart and prove it."""
        manager = self._params["manager"]
        if manager == "systemd":
            return self._by_systemd()
        return self._by_command() if manager == "command" else self._by_engine()

    # --- systemd -----------------------------------------------------------------------------------------------------

    def _by_systemd(self) -> dict[str, t.Any]:
        before = self._unit()
        self._change.note(original={name: before[name] for name in (
            "main_pid", "active_state", "sub_state", "result", "restarts", "unit_file_state")})
        refusal = rules.refusal_of(before)
        if refusal:
            raise refusal
        user = self._params["user"] or before["user"]
        uid = uid_of(user)
        if self._params["escaped"]:
            self._check_escaped(before, uid)
        if self._check_mode:
            return self._change.result(changed=True, reached=None)
        if self._params["escaped"]:
            self._end_escaped(before, user, uid)
        name = self._needs["unit"]
        # Our own start counts towards the limit too, and a unit that flaps may be one start away from it
        # (SUPERVISOR_SYSTEMD §5.18, §6.21).
        if before["active_state"] in ("failed", "activating") or self._params["escaped"]:
            self._privileged(["systemctl", "reset-failed", name], _LOOK_S)
        ran = self._privileged(["systemctl", rules.verb_for(before), name], self._left())
        if ran.code and not rules.is_overtaken(ran.err):
            after = self._unit()
            self._reached(after, uid)
            raise rules.failure_of(after, ran.err, self._journal())
        return self._until_steady(lambda: self._look_at_unit(before["main_pid"], uid))

    def _unit(self) -> dict[str, t.Any]:
        view, why = unit(self._needs["unit"], _LOOK_S)
        if view is None:
            raise LineopsError("manager.failed", f"systemd could not be asked for the unit: {why}.")
        return view

    def _look_at_unit(self, old_pid: int | None, uid: int | None) -> Look:
        view, unseen = unit(self._needs["unit"], _LOOK_S)
        if view is None:
            return None, lambda: LineopsError("manager.failed", f"systemd could not be asked for the unit: {unseen}.")
        reached = self._reached(view, uid)
        if view["active_state"] == "failed":
            raise rules.failure_of(view, "", self._journal())
        is_back = view["active_state"] == "active" and view["main_pid"] not in (None, old_pid) and reached["listening"]

        def why() -> LineopsError:
            if view["sub_state"] == "auto-restart":
                return rules.failure_of(view, "", self._journal())
            holders = [name_of(entry.uid) for entry in listening_on(self._port) if entry.inode in self._sockets_before]
            return rules.not_back(reached, old_pid, self._port, holders[0] if holders else None)

        return (view["main_pid"] if is_back else None), why

    def _reached(self, view: t.Mapping[str, t.Any], uid: int | None) -> dict[str, t.Any]:
        """Note and return how the unit is. Where the files of its process are hidden, a socket of its user counts as its own.

        Of those that listen only new ones do: an escaped process has the same user.
        """
        pid = view["main_pid"]
        files = inodes_of(pid) if pid else None
        own = [
            entry for entry in sockets() or []
            if uid in (entry.uid, None) and (files is None or entry.inode in files) and entry.inode not in self._sockets_before]
        reached = {
            **{name: view[name] for name in ("main_pid", "active_state", "sub_state", "result", "restarts")},
            "listening": any(entry.state == "LISTEN" and entry.port == self._port for entry in own),
            "syn_sent": any(entry.state == "SYN_SENT" and entry.remote_port == _ADS_TCP_PORT for entry in own),
        }
        self._change.note(reached=reached)
        return reached

    def _journal(self) -> list[str]:
        """Return the last lines systemd wrote of the unit; none where the journal may not be read."""
        words = ["journalctl", "--quiet", "--no-pager", "--output=cat", "-n", str(_JOURNAL_LINES), "-u", self._needs["unit"]]
        lines = plain_lines(run_program(words, _LOOK_S).out, _JOURNAL_LINES)
        self._change.note(journal=lines)
        return lines

    # --- the escaped process -----------------------------------------------------------------------------------------

    def _check_escaped(self, view: t.Mapping[str, t.Any], uid: int | None) -> Process:
        escaped = self._params["escaped"]
        pid = escaped["pid"]
        own = inodes_of(pid)
        holds = any(uid == entry.uid and (own is None or entry.inode in own) for entry in listening_on(self._port))
        process = process_of(pid)
        started = ms_of(escaped["started_at"])
        why = rules.stranger(process, escaped, None if started is None else started / 1000, uid, view, holds)
        if why or process is None:
            raise LineopsError(
                "process.not_ours", f"Nothing was done: {why}.",
                "Only a process of the service's own user that holds its port outside the unit is ended. Look again.")
        return process

    def _end_escaped(self, view: t.Mapping[str, t.Any], user: str, uid: int | None) -> None:
        process = self._check_escaped(view, uid)
        for name, seconds in (("TERM", _TERM_S), ("KILL", _KILL_S)):
            if not is_alive(process):
                break
            self._signal(process.pid, name, user, uid)
            self._change.note(ended={"pid": process.pid, "signal": f"SIG{name}"})
            ends_at = min(time.monotonic() + seconds, self._ends_at)
            while is_alive(process) and time.monotonic() < ends_at:
                time.sleep(_POLL_S)
        if is_alive(process):
            raise LineopsError("process.not_ended", f"The escaped process {process.pid} is still there after SIGKILL.")

    def _signal(self, pid: int, name: str, user: str, uid: int | None) -> None:
        if self._is_root or os.geteuid() == uid:
            self._change.note(changed=True, reached=None)
            try:
                os.kill(pid, getattr(signal, f"SIG{name}"))
            except ProcessLookupError:
                pass
            return
        ran = self._privileged(["kill", f"-{name}", str(pid)], _LOOK_S, user)
        if ran.code and process_of(pid):
            raise LineopsError("process.not_ended", f"The escaped process {pid} could not be sent SIG{name}: {ran.why}")

    # --- containers and others ---------------------------------------------------------------------------------------

    def _by_engine(self) -> dict[str, t.Any]:
        prefix, name, before = self._container()
        self._change.note(original={key: before[key] for key in ("pid", "started_at", "status", "restarts")})
        if self._check_mode:
            return self._change.result(changed=True, reached=None)
        engine = self._needs["engine"]
        by_compose = self._params["manager"] == "compose"

        def tell(verb: str) -> None:
            self._run([*prefix, *(self._compose(verb) if by_compose else [engine, verb, name])], engine)

        try:
            tell("restart")
        except LineopsError:
            # A process that had to be killed may leave a container that ended, and a restart that gave up (podman 4.3).
            if (container(engine, name, _LOOK_S, prefix)[0] or {"status": "running"}).get("status") == "running":
                raise
            tell("start")

        def look() -> Look:
            view, why = container(engine, name, _LOOK_S, prefix)
            seen = view or {}
            run = (seen.get("started_at"), seen.get("pid"))
            facts = {key: seen.get(key) for key in ("pid", "started_at", "status", "restarts")}
            self._change.note(reached={**facts, "listening": self._is_served()})
            is_back = seen.get("status") == "running" and run != (before["started_at"], before["pid"])
            said = why or f"it is {seen.get('status')}, started at {seen.get('started_at')}"
            return (run if is_back else None), lambda: LineopsError(
                "manager.failed", f"The container {name} did not come back after the restart: {said}.")

        return self._until_steady(look)

    def _compose(self, *words: str) -> list[str]:
        needs = self._needs
        return [needs["engine"], "compose", "--project-directory", needs["project_dir"], *words, needs["service"]]

    def _container(self) -> tuple[list[str], str, dict[str, t.Any]]:
        """Return the words that may ask the engine, the container's name and what it is before."""
        needs, user = self._needs, self._params["user"]
        ways: list[list[str]] = [[]]
        if not self._is_root:
            ways.append(rules.as_user([], False))
        if user and uid_of(user) not in (os.geteuid(), 0):
            ways.append(rules.as_user([], self._is_root, user))
        whys = []
        for prefix in ways:
            name, why = needs.get("name"), ""
            if not name:
                ran = run_program([*prefix, *self._compose("ps", "-q")], _LOOK_S)
                name, why = next(iter(ran.out.split()), ""), ran.why or "compose names no container of this service"
            view, why = container(needs["engine"], name, _LOOK_S, prefix) if name else (None, why)
            if view:
                return prefix, name, view
            whys.append(why)
        if rules.is_not_allowed("\n".join(whys[1:])):
            raise self._not_allowed(f"{needs['engine']} ({whys[0]})")
        raise LineopsError("manager.failed", f"The container cannot be seen: {whys[0]}.", "Correct it in the inventory.")

    def _by_command(self) -> dict[str, t.Any]:
        """Run the documented hook for other orchestrators; the only proof there is a new socket on the port."""
        was_served = self._is_served(new=False)
        self._change.note(original={"listening": was_served})
        if self._check_mode:
            return self._change.result(changed=True, reached=None)
        self._run(self._needs["words"], self._needs["words"][0])

        def look() -> Look:
            inodes = {entry.inode for entry in listening_on(self._port)} - self._sockets_before
            self._change.note(reached={"listening": bool(inodes)})
            return inodes or None, lambda: LineopsError("restart.not_back", "No new socket listens on the port.")

        if not was_served:  # it is served elsewhere: nothing on this host can prove it
            look()
            return self._change.result(verified=False)
        try:
            return self._until_steady(look)
        except LineopsError:
            return self._change.result(verified=False)

    def _run(self, words: t.Sequence[str], what: str) -> None:
        """Run what restarts the supervisor; raises where it did not end with 0."""
        ran = run_program(words, self._left())
        if rules.is_not_allowed(ran.err):
            raise self._not_allowed(what)
        if not ran.is_missing:
            self._change.note(changed=True, reached=None)
        if ran.code != 0:
            self._change.note(lines=plain_lines(ran.err or ran.out, _JOURNAL_LINES))
            raise LineopsError("manager.failed", f"The restart by {what} failed: {ran.why}")

    def _is_served(self, new: bool = True) -> bool:
        return any(not new or entry.inode not in self._sockets_before for entry in listening_on(self._port))

    # --- all of them -------------------------------------------------------------------------------------------------

    def _left(self) -> float:
        return max(1.0, self._ends_at - time.monotonic())

    def _privileged(self, words: t.Sequence[str], limit: float, user: str | None = None) -> Ran:
        """Run a command as root, or as a user; raises where that is not allowed, or where it did not end in time."""
        ran = run_program(rules.as_user(words, self._is_root, user), limit)
        if rules.is_not_allowed(ran.err) or (not self._is_root and ran.is_missing):
            raise self._not_allowed(" ".join(words[:2]))
        self._change.note(changed=True, reached=None)
        if ran.code is None:
            raise LineopsError("manager.failed", f"{' '.join(words[:2])} had no effect that could be seen: {ran.why}.")
        return ran

    @staticmethod
    def _not_allowed(what: str) -> LineopsError:
        return LineopsError("host.not_allowed", f"The user of Ansible may not run {what} on this host.", rules.SUDOERS_HINT)

    def _until_steady(self, look: t.Callable[[], Look]) -> dict[str, t.Any]:
        """Look until the same thing was there for a while; a crash loop is up for seconds in each round."""
        steady: t.Any = None
        since = 0.0
        while True:
            found, why = look()
            now = time.monotonic()
            if found is None or found != steady:
                steady, since = found, now
            elif now - since >= _STABLE_S:
                return self._change.result(verified=True)
            if now >= self._ends_at + (0.0 if found is None else _STABLE_S + _POLL_S):
                raise why()
            time.sleep(_POLL_S)
