# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What entries of the journal mean: which ones somebody asks for, what is still to be undone. Private, pure."""

from __future__ import annotations

import json
import typing as t

#: What settles an undo that may not stay open: a later "done" or "undone" of one of these actions with the same undo.
SETTLED_BY = {
    "write_rest": ("write_test", "namespaces", "write_rest"),
    "remove_controller_route": ("remove_controller_route",),
    "start_streams": ("start_streams", "restart_stream", "ring_session"),
}

_Entry = t.Mapping[str, t.Any]


def select(
    entries: t.Iterable[_Entry], since: str | None = None, until: str | None = None,
    phases: t.Collection[str] | None = None, **fields: str | None,
) -> list[_Entry]:
    """Return the entries that have these values, in the order of the journal.

    since (included) and until (not included): times as the journal writes them. Each entry is looked at by itself:
    a clock that was set back, or two that differ, make times run backwards.
    phases: those wanted. fields: name=value; None asks for nothing.
    """
    wanted = {name: value for name, value in fields.items() if value is not None}
    return [
        entry for entry in entries
        if all(entry.get(name) == value for name, value in wanted.items())
        and (phases is None or entry.get("phase") in phases)
        and (since is None or str(entry.get("ts")) >= since) and (until is None or str(entry.get("ts")) < until)
    ]


def open_undos(entries: t.Iterable[_Entry], host: str) -> list[dict[str, t.Any]]:
    """Return what interrupted runs left to be undone on a host, newest first.

    An undo is open if its step began, it may not stay (undo.must), and no later entry with the same undo settled it.
    """
    still_open: dict[str, dict[str, t.Any]] = {}
    for entry in entries:
        undo = entry.get("undo") or {}
        if entry.get("host") != host or undo.get("do") not in SETTLED_BY or not undo.get("must"):
            continue
        key = json.dumps(undo, sort_keys=True)
        if entry.get("event") == "begin":
            still_open[key] = {
                **undo, "incident": entry.get("incident"), "begun_at": entry.get("ts"), "action": entry.get("action")}
        elif entry.get("event") in ("done", "undone") and entry.get("action") in SETTLED_BY[undo["do"]]:
            still_open.pop(key, None)
    return list(reversed(list(still_open.values())))
