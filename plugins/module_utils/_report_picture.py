# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline of a run as one inline SVG picture, and the same in words. Pure. Private to this collection.

Bars are placed in percent of the width and texts have the size of the page: it fits a phone and a sheet of paper.
"""

from __future__ import annotations

import html
import typing as t

from ._report_blocks import Inline, Strong
from ._report_rules import ENDINGS, INTERRUPTED, is_ending
from ._report_teller import Teller

Report = t.Mapping[str, t.Any]

_ROW, _TOP, _BAR = 38, 4, 12
#: A pause is drawn no longer than this part of all work, so that the work can still be seen.
_LONGEST_PAUSE = 0.25
#: A bar below this width (percent) is drawn this wide; more pieces of a phase than this are drawn as one.
_THINNEST, _MOST_PIECES = 0.6, 60

#: Event -> (mark, sign). What is not here is told by the bars.
_MARKS = {
    "finding": ("failure", "\u2715"),
    "begin": ("action", "\u25b2"),
    "failed": ("failed", "\u2715"),
    "refused": ("refusal", "\u25a0"),
    "verified": ("recovery", "\u2713"),
}
#: So many marks are shown, from the beginning and from the end.
_MOST_MARKS = 60


def picture(report: Report, tell: Teller) -> tuple[str, str, tuple[Inline, ...]]:
    """Return the picture, what its signs mean, and a sentence for each phase and its marks."""
    axis = _Axis(report["phases"])
    marks = _marks(report)
    left_out = len(marks) - _MOST_MARKS
    if left_out > 0:
        marks = marks[: _MOST_MARKS // 2] + marks[-(_MOST_MARKS // 2) :]
    names = list(dict.fromkeys(stretch["phase"] for stretch in report["phases"]))
    rows, told = [], []
    for number, name in enumerate(names):
        stretches = [stretch for stretch in report["phases"] if stretch["phase"] == name]
        seconds = sum(stretch["to_s"] - stretch["from_s"] for stretch in stretches)
        here = [mark for mark in marks if mark["phase"] == name]
        label = f"{_plain(tell.of('phase', name))} \u00b7 {tell.duration(seconds)}"
        rows.append(_row(number, label, name, axis.pieces(stretches), _placed(here, axis), tell))
        told.append((Strong(label), *(_told(mark, tell) for mark in here)))
    if axis.is_cut:
        told.append((tell.words("picture.cut"),))
    if left_out > 0:
        told.append((tell.words("left_out", count=left_out),))
    height = _TOP + len(names) * _ROW + 22
    title, text = tell.words("picture"), ". ".join(_plain(line) for line in told)
    svg = (
        f'<svg class="picture" role="img" aria-labelledby="picture-title picture-text" width="100%" height="{height}">'
        f'<title id="picture-title">{html.escape(title)}</title><desc id="picture-text">{html.escape(text)}</desc>'
        f"{''.join(rows)}{_scale(height, axis, tell)}</svg>"
    )
    legend = " \u00b7 ".join(dict.fromkeys(f"{mark['sign']} {tell.words('mark.' + mark['kind'])}" for mark in marks))
    return svg, legend, tuple(told)


class _Axis:
    """Seconds of the run to percent of the width; a long pause is cut."""

    def __init__(self, phases: t.Sequence[Report]) -> None:
        work = sum(stretch["to_s"] - stretch["from_s"] for stretch in phases if stretch["phase"] != "pause")
        longest = max(work * _LONGEST_PAUSE, 1.0)
        self.is_cut = False
        self._corners = [(0.0, 0.0)]
        for stretch in phases:
            length = stretch["to_s"] - stretch["from_s"]
            if stretch["phase"] == "pause" and length > longest:
                length, self.is_cut = longest, True
            self._corners.append((stretch["to_s"], self._corners[-1][1] + length))
        self.seconds, self._drawn = self._corners[-1]

    def percent(self, at: float) -> float:
        """Return where a time of the run is drawn."""
        for (from_s, from_x), (to_s, to_x) in zip(self._corners, self._corners[1:]):
            if at <= to_s:
                part = (at - from_s) / (to_s - from_s) if to_s > from_s else 0.0
                return 100.0 * (from_x + part * (to_x - from_x)) / self._drawn if self._drawn else 0.0
        return 100.0

    def pieces(self, stretches: t.Sequence[Report]) -> list[tuple[float, float]]:
        """Return (left, width) of the bars of a phase; too many to be told apart become one."""
        if len(stretches) > _MOST_PIECES:
            stretches = [{"from_s": stretches[0]["from_s"], "to_s": stretches[-1]["to_s"]}]
        pieces = []
        for stretch in stretches:
            left, right = self.percent(stretch["from_s"]), self.percent(stretch["to_s"])
            width = max(right - left, _THINNEST)
            pieces.append((min(left, 100.0 - width), width))
        return pieces


def _marks(report: Report) -> list[dict[str, t.Any]]:
    """Failure, actions, refusals, recovery and how it ended, as far as the phases go."""
    end = report["phases"][-1]["to_s"] if report["phases"] else 0.0
    marks = []
    for item in report["timeline"]:
        entry, event = item["entry"], item["entry"].get("event")
        if item["offset_s"] > end or not isinstance(event, str):
            continue
        kind, sign = _MARKS.get(event, ("", ""))
        if is_ending(entry):
            kind, sign = ("recovery", "\u2713") if ENDINGS[event] else ("escalation", "\u25b6")
        if kind and not (event == "finding" and not entry.get("severity")):
            marks.append(
                {
                    "kind": kind,
                    "sign": sign,
                    "at_s": item["offset_s"],
                    "phase": entry.get("phase") or "?",
                    "entry": entry,
                }
            )
    if report["result"]["code"] == INTERRUPTED and report["phases"]:
        marks.append(
            {"kind": "unfinished", "sign": "?", "at_s": end, "phase": report["phases"][-1]["phase"], "entry": {}}
        )
    return marks


def _placed(marks: t.Sequence[Report], axis: _Axis) -> list[tuple[Report, float]]:
    """Marks with their place; where two would lie on each other, the later one is told only in words."""
    placed: list[tuple[Report, float]] = []
    for mark in marks:
        place = axis.percent(mark["at_s"])
        if not placed or place - placed[-1][1] >= 2.5 or mark["kind"] != placed[-1][0]["kind"]:
            placed.append((mark, place))
    return placed


def _told(mark: Report, tell: Teller) -> Inline:
    what = tell.words(f"mark.{mark['kind']}")
    entry = mark["entry"]
    if not entry:
        return f" {mark['sign']} {what}"
    return (f" {mark['sign']} {what} +{tell.duration(mark['at_s'])}: ", tell.event(entry), " ", tell.story(entry))


def _row(
    number: int,
    label: str,
    phase: str,
    pieces: t.Sequence[tuple[float, float]],
    marks: t.Sequence[tuple[Report, float]],
    tell: Teller,
) -> str:
    y = _TOP + number * _ROW
    kind = "pause" if phase == "pause" else "bar"
    parts = [
        f'<text class="label" x="0" y="{y + 13}">{html.escape(label)}</text>',
        f'<rect class="track" x="0" y="{y + 20}" width="100%" height="{_BAR}" rx="3"/>',
        *(
            f'<rect class="{kind}" x="{left:.2f}%" y="{y + 20}" width="{width:.2f}%" height="{_BAR}" rx="3"/>'
            for left, width in pieces
        ),
    ]
    for mark, place in marks:
        shift = min(max(place, 1.5), 98.5)
        parts.append(
            f'<svg class="mark {mark["kind"]}" x="{shift:.2f}%" y="{y + 26}" overflow="visible"><circle r="9"/>'
            f'<text y="4.5" text-anchor="middle">{mark["sign"]}</text></svg>'
        )
    return "".join(parts)


def _scale(height: int, axis: _Axis, tell: Teller) -> str:
    ends = (("0%", "start", 0.0), ("100%", "end", axis.seconds))
    return "".join(
        f'<text class="scale" x="{place}" y="{height - 4}" text-anchor="{anchor}">{tell.duration(at)}</text>'
        for place, anchor, at in ends
    )


def _plain(content: Inline) -> str:
    if isinstance(content, tuple):
        return "".join(_plain(part) for part in content)
    return content if isinstance(content, str) else getattr(content, "text", getattr(content, "shown", ""))
