# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 4 of the standard checklist: what a host says of its services and of its own resources. Pure. Private."""

from __future__ import annotations

import typing as t

from ._checklist_words import Tell
from ._plc_signals import part

OK, ATTENTION, UNSEEN = "ok", "attention", "not observed"

Look = t.Mapping[str, t.Any]


class Note(t.NamedTuple):
    """One thing that was seen: its state, the sentence, and what it asks for."""

    state: str
    text: str
    todo: str = ""


#: Beyond these a host needs attention; shares of 1, load for each core.
LIMITS = {"load_per_core": 2.0, "memory_free": 0.1, "disk_free": 0.1, "inodes_free": 0.05}

_ENABLED = ("enabled", "enabled-runtime", "static", "alias", "generated", "linked", "linked-runtime", "indirect")
#: States of a process in which it does no work.
DEAD_STATES = ("stopped", "tracing-stop", "zombie", "dead")


def host_notes(look: Look, tell: Tell) -> list[Note]:
    """Return the notes of step 4; look: host_access, host (result of host_info), unit, container and limits."""
    view = part(look, "host")
    if look.get("host_access") is False:
        return [Note(UNSEEN, tell("unseen", what=tell("host"), why=tell("no_access")))]
    if part(view, "failure"):
        return [Note(UNSEEN, tell("unseen", what=tell("host"), why=view["failure"].get("message")))]
    if not view:
        return [Note(UNSEEN, tell("unseen", what=tell("host"), why=tell("not_looked")))]
    limits = {**LIMITS, **part(look, "limits")}
    notes = [
        *_supervisor(view, look, tell), *_unit(view, look, tell), *_container(view, look, tell),
        *_resources(part(view, "resources"), limits, tell), *_permissions(part(view, "permissions"), tell),
    ]
    hidden = [str(what) for what in view.get("not_observed") or [] if "no name is given" not in str(what)]
    return notes + ([Note(OK, tell("rest_unseen", what=", ".join(hidden)))] if hidden else [])


def _supervisor(view: Look, look: Look, tell: Tell) -> list[Note]:
    supervisor, processes = part(view, "supervisor"), part(view, "processes")
    pid, api = supervisor.get("pid"), supervisor.get("api")
    notes = []
    if api == "no_listener":
        notes.append(Note(ATTENTION, tell("process.none"), tell("process.none.todo")))
    elif api == "silent":
        where = ", ".join(map(str, supervisor.get("listens") or []))
        notes.append(Note(ATTENTION, tell("process.silent", where=where), tell("restart.todo")))
    elif pid is not None:
        notes.append(Note(OK, tell("process", pid=pid)))
    elif api == "answers":
        notes.append(Note(OK, tell("process.answers")))
    if supervisor.get("state") in DEAD_STATES:
        notes.append(Note(ATTENTION, tell("process.state", pid=pid, state=supervisor["state"]), tell("restart.todo")))
    orphans = [str(process.get("pid")) for process in processes.get("orphaned_ffmpeg") or [] if part(process)]
    if orphans:
        text = tell("orphans", count=len(orphans), pids=", ".join(orphans))
        notes.append(Note(ATTENTION, text, tell("orphans.todo")))
    owner = part(processes, "port_owner")
    if owner.get("in_unit") is False:
        text = tell("stranger", pid=owner.get("pid"), unit=look.get("unit"))
        notes.append(Note(ATTENTION, text, tell("restart.todo")))
    return notes


def _unit(view: Look, look: Look, tell: Tell) -> list[Note]:
    name, unit = look.get("unit"), part(view, "unit")
    if not name:
        return [] if look.get("container") else [Note(OK, tell("no_manager"))]
    if not unit:
        return [Note(UNSEEN, tell("unseen", what=name, why=_why("unit", view)))]
    if unit.get("load_state") == "not-found":
        return [Note(ATTENTION, tell("unit.unknown", unit=name), tell("unit.unknown.todo"))]
    state = str(unit.get("active_state"))
    result = unit.get("result")
    if result not in (None, "", "success"):
        state += f", {tell('unit.result', result=result)}"
    good = unit.get("active_state") == "active"
    notes = [_judged(good, tell("unit", unit=name, state=state), tell("restart.todo"))]
    enabled = unit.get("unit_file_state")
    if enabled and enabled not in _ENABLED:
        text = tell("unit.disabled", unit=name, state=enabled)
        notes.append(Note(ATTENTION, text, tell("unit.disabled.todo", unit=name)))
    return notes


def _container(view: Look, look: Look, tell: Tell) -> list[Note]:
    wanted, container = part(look, "container"), part(view, "container")
    name = wanted.get("name")
    if not name:
        return []
    if not container:
        return [Note(UNSEEN, tell("unseen", what=name, why=_why("container", view)))]
    states = [str(container.get("status")), *([container["health"]] if container.get("health") else [])]
    good = container.get("status") == "running" and container.get("health") in (None, "", "healthy", "starting")
    notes = [_judged(good, tell("container", name=name, state=", ".join(states)), tell("container.todo"))]
    if container.get("oom_killed") is True:
        notes.append(Note(ATTENTION, tell("container.oom", name=name), tell("memory.todo")))
    return notes


def _judged(good: bool, text: str, todo: str) -> Note:
    return Note(OK, text) if good else Note(ATTENTION, text, todo)


def _why(part_of_view: str, view: Look) -> str:
    """Return the reason that host_info gives for what it did not see."""
    told = [str(what) for what in view.get("not_observed") or []]
    return next((what[len(part_of_view):].strip(" ()") for what in told if what.startswith(f"{part_of_view} (")), "?")


def _resources(view: Look, limits: Look, tell: Tell) -> list[Note]:
    return [*_cpu(part(view, "cpu"), limits, tell), *_memory(part(view, "memory"), limits, tell),
            *_disks(view.get("disks"), limits, tell)]


def _cpu(cpu: Look, limits: Look, tell: Tell) -> list[Note]:
    load, cores = cpu.get("load_5m"), cpu.get("cores")
    if not isinstance(load, (int, float)) or not cores:
        return []
    text = tell("load", load=tell.number(str(load)), cores=cores)
    return [_judged(load <= float(limits["load_per_core"]) * cores, text, tell("load.todo"))]


def _memory(memory: Look, limits: Look, tell: Tell) -> list[Note]:
    free, total = memory.get("available"), memory.get("total")
    if not isinstance(free, int) or not total:
        return []
    text = tell("memory", free=tell.size(free), total=tell.size(total))
    return [_judged(free >= float(limits["memory_free"]) * total, text, tell("memory.todo"))]


def _disks(disks: t.Any, limits: Look, tell: Tell) -> list[Note]:
    """Tell of every file system that needs attention, and of the fullest one if none does."""
    notes: list[Note] = []
    good: list[tuple[float, Note]] = []
    for disk in disks if isinstance(disks, list) else []:
        mount, free, total = disk.get("mount"), disk.get("free"), disk.get("total")
        inodes, all_inodes = disk.get("inodes_free"), disk.get("inodes_total")
        if disk.get("read_only") is True:
            notes.append(Note(ATTENTION, tell("disk.read_only", mount=mount), tell("disk.read_only.todo", mount=mount)))
        if all_inodes and inodes < float(limits["inodes_free"]) * all_inodes:
            notes.append(Note(ATTENTION, tell("disk.inodes", mount=mount, free=inodes), tell("disk.todo", mount=mount)))
        if not total:
            continue
        share = 1 - free / total
        text = tell("disk", mount=mount, used=tell.share(share))
        if free < float(limits["disk_free"]) * total:
            notes.append(Note(ATTENTION, text, tell("disk.todo", mount=mount)))
        else:
            good.append((share, Note(OK, text)))
    return notes or [note for dummy, note in sorted(good, key=lambda one: one[0])[-1:]]


def _permissions(view: Look, tell: Tell) -> list[Note]:
    user = part(view, "user")
    name = user.get("name") or "?"
    if user.get("exists") is False:
        return [Note(ATTENTION, tell("no_user", user=name), tell("unit.unknown.todo"))]
    return [
        Note(ATTENTION, tell("permission", user=name, path=path), tell("permission.todo", user=name, path=path))
        for path in unwritable(view)]


def unwritable(view: Look) -> list[str]:
    """Return the directories in which the service user must write, but may not; view: permissions of host_info."""
    return [
        str(directory.get("path")) for name, directory in part(view, "directories").items()
        if name != "install" and directory.get("exists")
        and (directory.get("writable") is False or directory.get("unwritable_files"))]
