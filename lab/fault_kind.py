# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault is: a row of a table, for whichever back end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """A way to break a host: a function, its arguments with how to read each from text, and which of them it needs.

    A text that the function returns is what is to be said of what it did.
    """

    apply: Callable[..., object]
    help: str
    arguments: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


def one_of(*words: str) -> Callable[[str], str]:
    """How to read an argument that is one of a few words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return text

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """How to read an argument that is a number of a range."""

    def read(text: str) -> float:
        if not low <= float(text) <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}")
        return float(text)

    return read
