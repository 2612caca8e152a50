# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an evidence archive: named, redacted, cut at their oldest end where they do not fit. Pure; private."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, replace

from ._errors import LineopsError
from ._redact import scrub

MANIFEST = "MANIFEST.json"

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_TIMES = ("timestamp", "ts", "at", "created_at", "observed_at")
_SHORT_TEXT = 200
# A value of very many small pieces is left out rather than nibbled at for minutes.
_MAX_CUTS = 50
_MAX_REASON = 300


@dataclass(frozen=True)
class Part:
    """One file. value: JSON data where the name ends in .json, else text; it holds no secret any more."""

    name: str
    value: t.Any
    source: str
    observed_at: str
    cut: bool = False

    def content(self) -> bytes:
        """Return the bytes of the file."""
        return _rendered(self.value, self.name.endswith(".json"))


def checked_name(what: str, name: t.Any) -> str:
    """Return a name that may become part of a file's name; raise LineopsError (evidence.name) for any other."""
    if not isinstance(name, str) or not _PLAIN.match(name) or f"{name}.json".lower() == MANIFEST.lower():
        raise LineopsError(
            "evidence.name", f"{what} {str(name)[:100]!r} is no plain name.",
            "Use letters, digits, dot, dash and underscore, at most 80, a letter or digit first; MANIFEST is taken.")
    return name


def item_parts(
    items: t.Mapping[str, t.Any], secrets: t.Iterable[str], now: str
) -> tuple[list[Part], list[dict[str, str]]]:
    """Return the parts made of what the controller observed, and what it did not (null)."""
    parts, missing = [], []
    for name in items:
        checked_name("Item", name)
        if items[name] is None:
            missing.append(not_collected(name, "not observed", secrets))
        else:
            value = scrub(items[name], secrets)
            parts.append(Part(f"{name}.json", value, "observed from the controller", _observed_at(value) or now))
    return parts, missing


def text_part(
    name: str, text: str, secrets: t.Iterable[str], source: str, now: str, cut: bool = False
) -> Part:
    """Return a part made of text. It is redacted whole, before any cut could leave half a secret."""
    return Part(name, scrub(text, secrets), scrub(source, secrets), now, cut)


def not_collected(name: str, reason: str, secrets: t.Iterable[str] = ()) -> dict[str, str]:
    """Name what is not in the archive, and why, in one line."""
    return {"name": scrub(name, secrets), "reason": " ".join(scrub(reason, secrets).split())[:_MAX_REASON]}


def fitted(parts: t.Sequence[Part], limit: int) -> tuple[list[Part], list[dict[str, str]]]:
    """Cut the largest parts until all together have at most limit bytes; return what is kept and what cannot be cut.

    Small parts stay whole, large ones get equal shares. Of texts and lists the oldest end goes.
    """
    sizes = [len(part.content()) for part in parts]
    share = _share(sizes, limit)
    kept, left_out = [], []
    for part, size in zip(parts, sizes):
        if size <= share:
            kept.append(part)
            continue
        value = _shrunk(part.value, share, part.name.endswith(".json"))
        if value is None:
            left_out.append(not_collected(part.name, f"its {size} bytes cannot be cut to its share of {share} bytes"))
        else:
            kept.append(replace(part, value=value, cut=True))
    return kept, left_out


def _rendered(value: t.Any, as_json: bool) -> bytes:
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n" if as_json else value
    return text.encode("utf-8", "backslashreplace")


def _observed_at(value: t.Any) -> str:
    at = value.get("observed_at") if isinstance(value, dict) else None
    return at if isinstance(at, str) and _ISO.match(at) else ""


def _share(sizes: t.Sequence[int], limit: int) -> int:
    """Return the size up to which every part may go so that all together stay within the limit."""
    left = limit
    for number, size in enumerate(sorted(sizes)):
        fair = max(0, left) // (len(sizes) - number)
        if size > fair:
            return fair
        left -= size
    return limit


def _shrunk(value: t.Any, limit: int, as_json: bool) -> t.Any:
    """Return the value without its oldest content, or None where nothing in it can be cut."""
    for dummy in range(_MAX_CUTS):
        excess = len(_rendered(value, as_json)) - limit
        if excess <= 0:
            return value
        spots = [(len(_rendered(found, as_json)), path, found) for path, found in _cuttable(value, ())]
        if not spots:
            return None
        size, path, found = max(spots, key=lambda spot: spot[0])
        value = _replaced(value, path, _newest(found, excess, size))
    return None


def _cuttable(value: t.Any, path: tuple[t.Any, ...]) -> t.Iterator[tuple[tuple[t.Any, ...], t.Any]]:
    """Find long texts and lists of several; a list of one is looked into, so that the last entry is not lost."""
    if isinstance(value, str):
        if len(value) > _SHORT_TEXT:
            yield path, value
    elif isinstance(value, list) and len(value) > 1:
        yield path, value
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _cuttable(item, (*path, key))


def _replaced(value: t.Any, path: tuple[t.Any, ...], new: t.Any) -> t.Any:
    if not path:
        return new
    if isinstance(value, list):
        return [_replaced(value[0], path[1:], new)]
    return {**value, path[0]: _replaced(value[path[0]], path[1:], new)}


def _newest(value: t.Any, excess: int, size: int) -> t.Any:
    """Drop about so many of its rendered bytes from the oldest end, or as many as can be dropped."""
    if isinstance(value, str):
        content = value.encode("utf-8", "backslashreplace")
        return newest_lines(content[len(content) * excess // size + 1 :]).decode("utf-8", "ignore")
    first, last = _time(value[0]), _time(value[-1])
    turned = bool(last) and first > last
    oldest_first = value[::-1] if turned else value
    dropped = number = 0
    while dropped < excess and number < len(oldest_first) - 1:
        dropped += len(_rendered(oldest_first[number], True))
        number += 1
    return oldest_first[number:][::-1] if turned else oldest_first[number:]


def newest_lines(content: bytes) -> bytes:
    """Return what follows the first, half line; the content itself where it is all one line."""
    border = content.find(b"\n") + 1
    return content[border:] if 0 < border < len(content) else content


def _time(item: t.Any) -> str:
    """The time of an entry, to tell newest first (the supervisor's log) from oldest first (a journal)."""
    candidates = [item.get(name) for name in _TIMES] if isinstance(item, dict) else [item]
    return next((text[:19] for text in candidates if isinstance(text, str) and _ISO.match(text)), "")
