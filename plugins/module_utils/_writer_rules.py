# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ffmpeg that write HLS files are a supervisor's own, and which nobody looks after (quirk 13). Pure. Private.

A writer has pid, parent, users, camera, in_unit, below (whether it descends from the supervisor's process), parent_lost (its
parent is only who takes in orphans) and sees_directory (None where it is hidden whether it writes to the very directory of this
supervisor).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ._errors import LineopsError

SUPERVISED, ORPHANED, SECOND, FOREIGN, UNCLEAR = "supervised", "orphaned", "second_writer", "foreign", "unclear"
VERDICTS = (SUPERVISED, ORPHANED, SECOND, FOREIGN, UNCLEAR)
#: What is ended; nothing else ever is.
SURPLUS = (ORPHANED, SECOND)
_LONGEST_S = 120.0

Writer = t.Any


@dataclass(frozen=True)
class Known:
    """What is known of the supervisor.

    roots: its process, by its unit and by its own word; empty where nobody told, or it has none; named: the processes of its
    streams by its own word, None where it was not asked; uid: its user.
    """

    uid: int
    roots: t.FrozenSet[int] = frozenset()
    named: t.Optional[t.FrozenSet[int]] = None


def checked(params: t.Mapping[str, t.Any]) -> None:
    """Raise for options that make no sense."""
    if not 0 < params["timeout"] <= _LONGEST_S:
        raise LineopsError(
            "process.option", f"Nothing was done: timeout is {params['timeout']:g}; expected more than 0, up to {_LONGEST_S:g}.")
    if any(pid < 2 for pid in [*(params["process_pids"] or []), *[params["supervisor_pid"] or 2]]):
        raise LineopsError("process.option", "Nothing was done: process_pids and supervisor_pid hold numbers of processes, above 1.")


def refusal_of(known: Known) -> LineopsError | None:
    """Return why nobody can say what is an orphan; None if somebody can."""
    if not known.roots and known.named is None:
        return LineopsError(
            "process.supervisor_unknown", "Nothing was done: it is not known which process is the supervisor.",
            "Give its unit while that runs, or supervisor_pid, or the process_pids that camera_stream_info tells.")
    return None


def judged(writers: t.Sequence[Writer], known: Known) -> list[tuple[Writer, str, str]]:
    """Return each writer with its verdict and the reason.

    What is the supervisor's by its own word, or below its process, is left alone; unless it names another one for the same
    playlist. Whose parent lives is a stranger's child: it is ended only if the supervisor that answers was asked.
    """
    named = known.named or frozenset()
    confirmed = {one.camera for one in writers if one.pid in named and _is_ours(one, known)}
    kept = confirmed | {one.camera for one in writers if one.below and _is_ours(one, known)}
    return [(one, *_verdict(one, known, named, confirmed, kept)) for one in writers]


def _is_ours(one: Writer, known: Known) -> bool:
    return one.users == {known.uid} and one.sees_directory is True


def _verdict(
    one: Writer, known: Known, named: t.Container[int], confirmed: t.Container[str], kept: t.Container[str]
) -> tuple[str, str]:
    if one.users != {known.uid}:
        return FOREIGN, "it belongs to another user than the supervisor's"
    if one.sees_directory is None:
        return UNCLEAR, "it does not show where it writes"
    if one.pid in named:
        return SUPERVISED, "the supervisor names it"
    if one.below:
        if one.camera in confirmed:
            return SECOND, "the supervisor names another process for this playlist"
        return SUPERVISED, "it is below the supervisor's process"
    if not one.parent_lost and (not known.roots or known.named is None):
        return UNCLEAR, f"its parent {one.parent} lives, and the supervisor was not asked for its own"
    where = {True: ", though it is in its unit", False: " nor in its unit"}.get(one.in_unit, "")
    reason = f"it is not below the supervisor's process{where}" if known.roots else "its parent has gone and nobody names it"
    return (SECOND if one.camera in kept else ORPHANED), reason


def counts(verdicts: t.Iterable[str]) -> dict[str, int]:
    """Return how many there are of each verdict."""
    found = list(verdicts)
    return {verdict: found.count(verdict) for verdict in VERDICTS}


def diff_of(rows: t.Sequence[t.Mapping[str, t.Any]], gone: t.Container[int]) -> dict[str, str]:
    """Return the writers before and after, one a line."""
    lines = [(row["pid"], f"{row['camera']}: process {row['pid']}, {row['verdict']}\n") for row in rows]
    return {"before": "".join(line for dummy, line in lines), "after": "".join(line for pid, line in lines if pid not in gone)}
