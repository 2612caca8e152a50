# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart through whoever runs the supervisor: which words are run, and what an answer or a state means.

Source of fact: SUPERVISOR_SYSTEMD §1, §5, §6 and §7. Pure. Private.
"""

from __future__ import annotations

import re
import typing as t

from ._errors import LineopsError
from ._host_texts import in_control_group

#: States of a unit in which it has, or is about to have, a process: it is restarted then, else started.
_GOING = ("active", "activating", "reloading", "deactivating")
#: What sudo says (LC_ALL=C) when it does not let somebody, and systemctl without it.
_NOT_ALLOWED = re.compile(
    r"^sudo: .*(password|terminal|tty|authentication|not allowed|no new privileges|must be owned)|^Sorry, user "
    r"|may not run sudo|is not (in the sudoers file|allowed to)|Interactive authentication required|Access denied",
    re.MULTILINE | re.IGNORECASE)
_TOO_OFTEN = re.compile(r"attempted too often|repeated too quickly|start-limit-hit", re.IGNORECASE)
#: Restart= under which a unit only stays failed once its start limit is hit (SUPERVISOR_SYSTEMD 19).
_COMES_AGAIN = ("always", "on-failure", "on-abnormal", "on-abort")
SUDOERS_HINT = "Let the user of Ansible run just this with the sudoers file of docs/playbook_c.md, or become root."
#: A time that host_info tells is cut to the second, and the kernel's idea of when it booted moves with the clock.
_SAME_START_S = 2.0


def checked(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a manager needs: unit, engine, name, project_dir, service, words; raises where something is missing."""
    manager = params["manager"]
    box = params["container"] or {}
    engine = box.get("engine") or ("docker" if manager == "compose" else manager)
    is_good, needed = {
        "systemd": (bool(params["unit"]), "unit"),
        "compose": (bool(box.get("project_dir") and box.get("service")), "container with project_dir and service"),
        "command": (_is_command(params["command"]), "command: a list of words, the first of them a program"),
    }.get(manager, (bool(box.get("name")) and engine == manager, f"container with the name of one of {manager}"))
    if not is_good:
        raise LineopsError("manager.options", f"Nothing was done: manager {manager} needs {needed}.")
    return {**box, "engine": engine, "unit": params["unit"], "words": [str(word) for word in params["command"] or []]}


def _is_command(words: t.Any) -> bool:
    """Say whether these are words to run without a shell; a text would have to be split, which only a shell does right."""
    good = isinstance(words, list) and all(isinstance(word, (str, int)) and not isinstance(word, bool) for word in words)
    return good and bool(words) and bool(re.match(r"[^\s-]", str(words[0])))


def as_user(words: t.Sequence[str], is_root: bool, user: str | None = None) -> list[str]:
    """Return the words that run a command as root or as a user; root itself needs none for root."""
    if is_root and not user:
        return list(words)
    number = "#" if user and user.isdigit() else ""  # systemd shows User=1000 as it was written
    return ["sudo", "-n", *(("-u", f"{number}{user}") if user else ()), "--", *words]


def is_not_allowed(said: str) -> bool:
    """Say whether sudo, or systemd itself, did not let us."""
    return bool(_NOT_ALLOWED.search(said))


def is_overtaken(said: str) -> bool:
    """Say whether systemctl gave up only because somebody else's job for the unit came in between."""
    return bool(re.search(r"^Job for \S+ canceled", said, re.MULTILINE))


def verb_for(unit: t.Mapping[str, t.Any]) -> str:
    """Return what systemctl is to do with a unit."""
    return "restart" if unit["active_state"] in _GOING else "start"


def refusal_of(unit: t.Mapping[str, t.Any]) -> LineopsError | None:
    """Return why a unit cannot be started at all; None if it can."""
    name, state = unit["name"], unit["load_state"]
    if state == "masked":
        return LineopsError(
            "unit.masked", f"The unit {name} is masked, so systemd does not start it.",
            "Somebody did that on purpose: ask why, then remove the link to /dev/null and run systemctl daemon-reload.")
    if state != "loaded":
        return LineopsError(
            "unit.not_found", f"systemd does not know the unit {name} ({state or 'nothing is told of it'}).",
            "Correct the unit's name in the inventory, or install its file.")
    return None


def failure_of(unit: t.Mapping[str, t.Any], said: str, lines: t.Sequence[str]) -> LineopsError:
    """Return what a unit that did not start has: said is what systemctl printed, lines are the last of the journal."""
    refusal = refusal_of(unit)
    if refusal:
        return refusal
    ended = f"Result {unit['result']}, exit status {unit['exec_main_status']}"
    last = f" The last lines of its journal: {' / '.join(lines)}" if lines else ""
    hint = "Look at the end of the supervisor's log file, and with df at the file system it lies on."
    gave_up = unit["active_state"] == "failed" and unit["restart"] in _COMES_AGAIN
    if gave_up or _TOO_OFTEN.search(f"{said}\n{unit['result']}"):
        return LineopsError(
            "unit.start_limit", f"The unit {unit['name']} ended again and again until its start limit ({ended}).{last}",
            hint)
    return LineopsError("unit.start_failed", f"The unit {unit['name']} did not start ({ended}).{last}", hint)


def not_back(reached: t.Mapping[str, t.Any], old_pid: int | None, port: int, holder: str | None) -> LineopsError:
    """Return what a unit has that did not fail and yet is not back at the end; holder: whose old socket has the port."""
    pid = reached["main_pid"]
    if holder:
        return LineopsError(
            "restart.not_back", f"Port {port} is still held by a process of {holder} that was there before the restart.",
            "Look for it with host_info; a process of the service's own user can be given as escaped.")
    if reached["syn_sent"]:
        return LineopsError(
            "restart.not_back", f"The supervisor (process {pid}) waits for its PLC: its connection to port 48898 gets no"
            f" answer, and port {port} opens only after that.",
            "Do not restart it again, that starts the wait anew: it takes about 134 s (SUPERVISOR_SYSTEMD §7).")
    if pid and pid == old_pid:
        return LineopsError("restart.not_back", f"The unit's main process is still {pid}, as before the restart.")
    what = f"the main process is {pid}" if pid else "there is no main process"
    state = reached["active_state"]
    return LineopsError(
        "restart.not_back", f"The unit is {state} and {what}, but port {port} was not open for long enough.")


def stranger(
    process: t.Any, escaped: t.Mapping[str, t.Any], started: float | None, uid: int | None, unit: t.Mapping[str, t.Any],
    holds_port: bool,
) -> str:
    """Say why a process must not be ended; "" if it is the escaped one of the service's user.

    process: users, started and cgroups of what has that pid now, or None; started: when escaped is told to have started.
    """
    pid = escaped["pid"]
    if process is None:
        return f"process {pid} is not there any more"
    if started is None or abs(process.started - started) > _SAME_START_S:
        return f"process {pid} is another one than that of {escaped['started_at']}"
    if uid is None or process.users != {uid}:
        return f"process {pid} does not belong to the service's user"
    if pid == unit["main_pid"] or in_control_group(process.cgroups, unit["control_group"] or ""):
        return f"process {pid} belongs to the unit itself"
    if not holds_port:
        return f"process {pid} does not hold the supervisor's port"
    return ""
