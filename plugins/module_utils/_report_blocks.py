# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page is made of, whatever it is written as: the writers of Markdown and HTML know nothing else. Private.

All text is plain: a writer escapes it, whether it is ours or the plant's.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Data:
    """Text of the plant or of the journal, already visible and shortened."""

    text: str


@dataclass(frozen=True)
class Code:
    """A call, a value, a name that a machine gave."""

    text: str


@dataclass(frozen=True)
class Badge:
    """A state in a word; tone: good, bad, warn or plain. The word alone says it, the colour only helps."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Link:
    """A way to another report in the same directory."""

    text: str
    href: str


@dataclass(frozen=True)
class Moment:
    """A time: as the journal has it, and as a person reads it."""

    at: str
    shown: str


@dataclass(frozen=True)
class Strong:
    """Words that the eye must find first."""

    text: str


Inline = t.Union[str, Data, Code, Badge, Link, Moment, Strong, t.Tuple[t.Any, ...]]


@dataclass(frozen=True)
class Banner:
    """The first screen: what it is about, how it ended, what to do next and whom to call."""

    tone: str
    title: str
    badges: tuple[Inline, ...]
    sentence: Inline
    next_title: str
    next: tuple[Inline, ...]
    facts: tuple[tuple[str, Inline], ...]


@dataclass(frozen=True)
class Paragraph:
    """A few words; tone "warn" for what a reader must know before believing the rest."""

    content: Inline
    tone: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and what they are."""

    rows: tuple[tuple[str, Inline], ...]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names the row.

    wide: may be wider than the window; titled: the heading above says the same as the caption; told: on a phone the
    cells of a row are read like a sentence, without the names of their columns.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]
    wide: bool = False
    titled: bool = False
    told: bool = False


@dataclass(frozen=True)
class Checks:
    """A list of items that are done or open; the words for both come first."""

    items: tuple[tuple[bool, str, Inline], ...]


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Inline, ...]


@dataclass(frozen=True)
class Picture:
    """An inline picture for HTML and what its signs mean; what it shows is said in words beside it."""

    svg: str
    legend: str


@dataclass(frozen=True)
class Photo:
    """A JPEG in base64 with its size in pixels; alt: what it shows, for who cannot see it."""

    jpeg: str
    width: int
    height: int
    alt: str
    caption: Inline


@dataclass(frozen=True)
class Photos:
    """Pictures side by side, in HTML only; elsewhere: where a reader of something else finds them."""

    items: tuple[Photo, ...]
    elsewhere: str


@dataclass(frozen=True)
class Section:
    """A heading and what is below it; folded: shown when asked for; printed: on paper without being asked for."""

    title: str
    blocks: tuple[t.Any, ...]
    folded: bool = False
    printed: bool = True
    level: int = 2


@dataclass(frozen=True)
class Page:
    """A whole page."""

    title: str
    language: str
    banner: Banner
    blocks: tuple[t.Any, ...]
