# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every state change returns (DESIGN §6). Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ._errors import LineopsError

_Reply = t.TypeVar("_Reply")

#: Failures after which a command may have been carried out all the same: (code, reason or phase).
_ANSWER_LOST = (
    ("supervisor.timeout", "read"), ("supervisor.unreachable", "reset"), ("supervisor.unreachable", "lost"),
    ("supervisor.not_json", None),
)


def perhaps_done(error: LineopsError) -> bool:
    """Say whether a command was perhaps carried out though its answer did not come."""
    return (error.code, error.details.get("reason") or error.details.get("phase")) in _ANSWER_LOST


class Change:
    """Collects requested, original, reached, latency_s and verified of one state change."""

    def __init__(self, requested: t.Any, original: t.Any) -> None:
        self._started = time.monotonic()
        self.requested = requested
        self._differs: dict[str, dict[str, t.Any]] = {"before": {}, "after": {}}
        self._result: dict[str, t.Any] = {
            "changed": False, "requested": requested, "original": original, "reached": original, "verified": False}

    def note(self, **values: t.Any) -> None:
        """Remember values for the result, whether the task succeeds or fails."""
        self._result.update(values)

    def differs(self, name: str, before: t.Any, after: t.Any) -> None:
        """Show one more value in the diff, beside the state."""
        self._differs["before"][name], self._differs["after"][name] = before, after

    def command(self, send: t.Callable[[], _Reply]) -> _Reply:
        """Send a command. From then on the plant counts as changed and the state as unknown, unless surely nothing arrived."""
        try:
            reply = send()
        except LineopsError as error:
            if perhaps_done(error):
                self.note(changed=True, reached=None)
            raise
        self.note(changed=True, reached=None)
        return reply

    def result(self, **values: t.Any) -> dict[str, t.Any]:
        """Return the result so far with values on top, and a diff of original and reached."""
        self.note(**values)
        return {
            **self._result,
            "latency_s": round(time.monotonic() - self._started, 3),
            "diff": {
                "before": {"state": self._result["original"], **self._differs["before"]},
                "after": {"state": self._result["reached"], **self._differs["after"]},
            },
        }

    def failed(self, error: LineopsError, **values: t.Any) -> LineopsError:
        """Return error with what was reached so far, so that a failed task still tells what is changed."""
        error.details["result"] = self.result(**values)
        return error
