# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions of an incident: what began, how it ended, what takes it back. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ._report_entries import Entry, Facts, facts_of, number_of, text_of, when

#: How an action may end. One without an end in the journal stays "begun".
ENDS = ("done", "failed", "undone")


def actions_of(entries: t.Sequence[Entry]) -> list[Facts]:
    """Return the actions in the order they began.

    An end belongs to the last open beginning of the same action, target and undo. An end without a beginning (the
    journal could not be written then) is an action of its own. What is undone is found by its undo alone, since another
    run may have done that under another name; to take something back is no action beside it.
    """
    actions: list[Facts] = []
    begun: dict[str, list[Facts]] = {}
    done: dict[str, list[Facts]] = {}
    for number, entry in enumerate(entries, start=1):
        event = entry.get("event")
        if not entry.get("action") or event != "begin" and event not in ENDS:
            continue
        if entry.get("phase") == "undo" and event != "undone":
            continue
        new = _action(entry)
        waiting = done.setdefault(_undo_key(new), []) if event == "undone" else begun.setdefault(_key(new), [])
        action = waiting.pop(_place(waiting)) if waiting and event != "begin" else new
        if action is new:
            actions.append(new)
            done.setdefault(_undo_key(new), []).append(new)
        if event == "begin":
            waiting.append(new)
        else:
            action.update(_end(entry, action))
        action["entries"].append(number)
    return actions


def _place(waiting: t.Sequence[Facts]) -> int:
    """Return which of the actions that may be meant is: the last that changed something, else the last."""
    changed = [place for place, action in enumerate(waiting) if action["original"] not in ("", action["reached"])]
    return (changed or [len(waiting) - 1])[-1]


def _key(action: Facts) -> str:
    return text_of([action["action"], action["target"], action["undo"]])


def _undo_key(action: Facts) -> str:
    return text_of(action["undo"] or [action["action"], action["target"]])


def _action(entry: Entry) -> Facts:
    undo = entry.get("undo")
    begins = entry.get("event") == "begin"
    return {
        "action": text_of(entry.get("action")),
        "target": text_of(entry.get("target") or entry.get("plc")),
        "state": "begun",
        "began_at": text_of(when(entry)) if begins else "",
        "ended_at": "",
        "requested": text_of(facts_of(entry).get("requested")),
        "original": text_of(entry.get("original")),
        "reached": "",
        "latency_s": None,
        "message": "",
        "undo": undo if isinstance(undo, dict) else {"value": undo} if undo else {},
        "entries": [],
    }


def _end(entry: Entry, action: Facts) -> Facts:
    told = {"original": text_of(entry.get("original")), "requested": text_of(facts_of(entry).get("requested"))}
    return {
        "state": entry["event"],
        "ended_at": text_of(when(entry)),
        "message": text_of(entry.get("message")),
        "reached": text_of(entry.get("reached")),
        "latency_s": number_of(entry.get("latency_s")),
        # Of what is taken back the first original counts, not where taking it back began.
        **{
            name: action[name] if entry["event"] == "undone" and action[name] else value or action[name]
            for name, value in told.items()
        },
    }
