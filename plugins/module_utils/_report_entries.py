# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads journal entries of any shape: a field may be absent or hold something else than agreed. Pure. Private."""

from __future__ import annotations

import json
import typing as t

Entry = t.Mapping[str, t.Any]
Facts = t.Dict[str, t.Any]


def plain(value: t.Any) -> t.Any:
    """Return a value as JSON has it: names are text, and a number that JSON cannot write is text."""
    if isinstance(value, t.Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)


def text_of(value: t.Any) -> str:
    """Return any value of the journal as text: text as it is, nothing as "", the rest as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def facts_of(entry: Entry) -> Entry:
    """Return the details of an entry; {} where there are none or they are no mapping."""
    details = entry.get("details")
    return details if isinstance(details, dict) else {}


def mappings(value: t.Any) -> list[dict[str, t.Any]]:
    """Return the mappings in a list; what else stands there is kept as a mapping with the one key "value"."""
    items = value if isinstance(value, list) else [] if value in (None, "", {}) else [value]
    return [item if isinstance(item, dict) else {"value": item} for item in items]


def texts(value: t.Any) -> list[str]:
    """Return the different texts of a list, or of the one value."""
    items = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(text_of(item) for item in items if item not in (None, "", [], {})))


def number_of(value: t.Any) -> float | None:
    """Return a finite number, also where it came as text."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1e15 else None


def first(entries: t.Iterable[Entry], name: str) -> str:
    """Return the first value of a field as text."""
    return next((text_of(entry[name]) for entry in entries if entry.get(name)), "")


def when(entry: Entry) -> t.Any:
    """Return when an entry happened: what a run saves up for its next writing says so itself, else it was written then."""
    at = entry.get("at")
    return at if isinstance(at, str) and at else entry.get("ts")


def first_time(entries: t.Iterable[Entry]) -> str:
    """Return the first time that an entry has, as text."""
    return next((text_of(when(entry)) for entry in entries if when(entry)), "")
