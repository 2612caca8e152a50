# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each action does to the plant, and so which guards are asked before it: one table. Pure. Private.

Freeze, an interlock seen unsafe, and the lease are asked before every action (DESIGN §7.8, §7.10); the rest is here.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One row of the table of actions.

    why: the reason for this row's guards; interrupts: kind of target that stops working for a moment, "" for none: then
    blast radius and an interlock that nobody read are asked; is_counted: whether it uses the budget of its target;
    is_irreversible: nothing takes it back, so it needs the journal too; heals: whether it is an attempt to heal (a proof, or a
    way for the controller, is none).
    """

    why: str
    interrupts: str = ""
    is_counted: bool = False
    is_irreversible: bool = False
    heals: bool = True


_LINK = (
    "A live link is taken from its users as by a restart. One that is proven dead carries nothing that could be "
    "interrupted, so two hosts of a line that both lost their routes are both connected again (DESIGN §7.9 speaks "
    "of restarts)."
)
_RESTART = "Control through this supervisor is gone while it restarts, for seconds to minutes; nothing takes that back."

ACTIONS: dict[str, Action] = {
    "disconnect": Action(f"Half of a reconnect, which is counted once, as connect. {_LINK}", "plc"),
    "route": Action("A route more interrupts nobody."),
    "connect": Action(_LINK, "plc", is_counted=True),
    "write_test": Action("The declared test variable, or only its rest value (DESIGN §7.5).", heals=False),
    "namespaces": Action("Declared variables only, as the write test.", heals=False),
    "write_rest": Action("Puts a test variable back to rest.", heals=False),
    "controller_route": Action("A route of the controller's own interrupts nobody.", heals=False),
    "remove_route": Action("A link that stands on the route is dead without it.", "plc", heals=False),
    "remove_controller_route": Action("Takes the controller's own route away.", heals=False),
    "restart_app": Action(_RESTART, "supervisor", is_counted=True, is_irreversible=True),
    "restart_daemon": Action(_RESTART, "supervisor", is_counted=True, is_irreversible=True),
    "restart_host": Action(_RESTART, "supervisor", is_counted=True, is_irreversible=True),
    "restart_container": Action(_RESTART, "supervisor", is_counted=True, is_irreversible=True),
    "stop_streams": Action("They end with the restart that follows, which is asked for; stopped first, none is orphaned.", heals=False),
    "start_streams": Action("Brings back what ran before.", heals=False),
    "wait_for_start": Action("Only waits.", heals=False),
    "restart_stream": Action(
        "A stream proven dead shows nothing that could be interrupted, and one live stream is one picture; several at "
        "once are a mass restart.", "stream", is_counted=True, is_irreversible=True),
    "ring_session": Action(
        "Ends what the viewers of one camera see, who open it again.", "stream", is_counted=True, is_irreversible=True),
    "prune_artifacts": Action(
        "Only files that nobody writes, lists or has open, and backups beyond those to be kept; they do not come back.",
        is_irreversible=True),
    "end_writers": Action("The supervisor has lost these processes; what they wrote beside its own goes on.", is_irreversible=True),
}
#: What the table does not know is treated as the worst that it knows.
UNKNOWN = Action("Asked like a restart of the supervisor.", "supervisor", is_counted=True, is_irreversible=True)


def action_of(name: t.Any) -> Action:
    """Return the row of an action."""
    return ACTIONS.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN


def target_of(step: t.Mapping[str, t.Any]) -> str:
    """Return what a step or a journal entry interrupts: plc:<id>, supervisor, stream:<camera>, or "" for nothing.

    A target that is told wins. One that is not told, but must be there, is only its kind: "stream" is all streams.
    """
    told = step.get("target")
    if isinstance(told, str) and told:
        return told
    kind = action_of(step.get("action") or step.get("name")).interrupts
    plc = step.get("plc")
    return f"plc:{plc}" if kind == "plc" and isinstance(plc, str) and plc else kind


def is_counted(entry: t.Mapping[str, t.Any]) -> bool:
    """Say whether a journal entry is about an action that uses a budget; an unknown one with a target does."""
    name = entry.get("action")
    known = ACTIONS.get(name) if isinstance(name, str) else None
    return known.is_counted if known else bool(name and entry.get("target"))


def is_same_target(one: str, other: str) -> bool:
    """Say whether two targets are, or may be, the same: one without a name stands for all of its kind."""
    return one == other or "" in (one, other) or one == other.split(":")[0] or other == one.split(":")[0]
