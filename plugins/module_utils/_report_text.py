# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a report writes numbers and text of the plant: visible, shortened, never reinterpreted. Pure. Private."""

from __future__ import annotations

import re

#: Long names are cut in the story; the full text stands in the list of all entries and in the JSON file.
LIMIT = 240

_WHITE = {"\n": "\u21b5", "\r": "\u240d", "\t": "\u21e5"}
#: What a reader cannot see or what turns the reading direction: controls, zero widths, bidi marks, lone surrogates,
#: tag characters and variation selectors.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def visible(text: str) -> str:
    """Return the text with everything invisible spelled out, so that no name can hide or turn what stands beside it."""
    return _INVISIBLE.sub(lambda found: _WHITE.get(found.group()) or f"[U+{ord(found.group()):04X}]", text)


def shortened(text: str, unit: str, limit: int = LIMIT) -> str:
    """Return the text, cut where it is longer than the limit, with its true length; unit: "characters" in words."""
    return text if len(text) <= limit else f"{text[:limit]}\u2026 [{len(text)} {unit}]"


def duration(seconds: float | None, language: str) -> str:
    """Return a length of time with the two units that matter; "" where it is not known."""
    if seconds is None:
        return ""
    whole = int(round(seconds))
    if whole < 60:
        return _decimal(f"{seconds:.1f}", language) + "\u00a0s"
    for (name, size), (smaller, smaller_size) in zip(_UNITS, (*_UNITS[1:], ("s", 1))):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size}\u00a0{name}" + (f" {rest}\u00a0{smaller}" if rest else "")
    return ""


def _decimal(text: str, language: str) -> str:
    return text.replace(".", ",") if language == "de" else text


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Return a sort key in which line2 stands before line10."""
    return [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part)
        for part in re.split(r"([0-9]{1,18})", text)
        if part
    ]
