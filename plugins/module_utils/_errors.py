# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception family of the client layer (private to this collection)."""

from __future__ import annotations

import typing as t


class LineopsError(Exception):
    """An expected failure: a stable code, one plain sentence for the operator, and what to do about it.

    :arg code: stable name for programs, dotted, lower case (``supervisor.timeout``). Never changes its meaning.
    :arg message: one plain English sentence, cause first. Never a traceback, a secret or raw HTML.
    :arg hint: what the operator can do, or an empty string.
    :arg details: plain values for programs, for example ``status=404``.
    """

    def __init__(self, code: str, message: str, hint: str = "", **details: t.Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details

    def as_failure(self) -> dict[str, str]:
        """Return the ``failure`` dictionary every module returns (DESIGN §6)."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[t.Any, ...]:
        # Without this, an error with details cannot cross a process border (pickle calls the class with args only).
        return _rebuild, (type(self), self.code, self.message, self.hint, self.details)


class SupervisorError(LineopsError):
    """The supervisor's HTTP API gave no usable answer."""


class AdsError(LineopsError):
    """An ADS argument, frame or call that cannot be used."""


def _rebuild(kind: type[LineopsError], code: str, message: str, hint: str, details: dict[str, t.Any]) -> LineopsError:
    return kind(code, message, hint, **details)
