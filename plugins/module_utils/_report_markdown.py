# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a page as Markdown (GitHub's) that shows any text as it is. Pure. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ._report_blocks import (
    Badge,
    Banner,
    Bullets,
    Checks,
    Code,
    Data,
    Facts,
    Inline,
    Link,
    Moment,
    Page,
    Paragraph,
    Photos,
    Picture,
    Section,
    Strong,
    Table,
)

#: Whatever may begin something: emphasis, code, links, HTML, tables, math, references, headings.
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~#&$]")
#: What becomes a link by itself: its colon or dot is escaped.
_LINK = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp|www)([:.])")
#: What begins a list, a rule or an underlined heading in a paragraph; a backslash goes before its last sign.
_START = re.compile(r"^(\s*\d{0,9})([-+=.)])")
_CODE_TICKS = re.compile(r"`+")


def markdown(page: Page) -> str:
    """Return the page as Markdown."""
    lines = _banner(page.banner)
    for block in page.blocks:
        lines += _block(block)
    return "\n".join(lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _LINK.sub(r"\1\\\2", _SPECIAL.sub(lambda found: "\\" + found.group(), text))


def _inline(content: Inline) -> str:
    if isinstance(content, tuple):
        return "".join(_inline(part) for part in content)
    return escaped(content) if isinstance(content, str) else _INLINE[type(content)](content)


def _code(text: str) -> str:
    """Return a code span; a fence longer than any in the text, a table's bar escaped."""
    longest = max((len(ticks) for ticks in _CODE_TICKS.findall(text)), default=0)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    fence = "`" * (longest + 1)
    return f"{fence}{pad}{text}{pad}{fence}"


def _strong(text: str) -> str:
    """Return bold text; four asterisks around nothing, or around a blank, would be something else."""
    bare = text.strip()
    return f"**{escaped(bare)}**{' ' * text.endswith(' ')}" if bare else "\u2013"


_INLINE: dict[type, t.Callable[[t.Any], str]] = {
    Data: lambda content: escaped(content.text),
    Code: lambda content: (
        _code(content.text) if "|" not in content.text and content.text.strip() else escaped(content.text)
    ),
    Badge: lambda content: _strong(content.text),
    Link: lambda content: f"[{escaped(content.text)}]({content.href})",
    Moment: lambda content: escaped(content.shown),
    Strong: lambda content: _strong(content.text),
}


def _paragraph(content: Inline) -> str:
    return _START.sub(r"\1\\\2", _inline(content))


def _banner(banner: Banner) -> list[str]:
    lines = [
        f"# {escaped(banner.title)}",
        "",
        " \u00b7 ".join(_inline(badge) for badge in banner.badges),
        "",
        _paragraph(banner.sentence),
        "",
    ]
    if banner.next:
        lines += [f"## {escaped(banner.next_title)}", ""]
        for step in banner.next:
            lines += [_paragraph(step), ""]
    return lines + _facts(Facts(banner.facts))


def _facts(facts: Facts) -> list[str]:
    return [*(f"- **{escaped(name)}:** {_inline(value)}" for name, value in facts.rows), ""]


def _row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(table: Table) -> list[str]:
    rows = [_row(_inline(cell) for cell in row) for row in table.rows]
    header = [_row(escaped(name) for name in table.header), _row("---" for dummy in table.header)]
    caption = [] if table.titled else [_strong(table.caption), ""]
    return [*caption, *header, *rows, ""]


def _checks(checks: Checks) -> list[str]:
    return [
        *(
            f"- [{'x' if done else ' '}] **{escaped(word)}:** {_inline(content)}"
            for done, word, content in checks.items
        ),
        "",
    ]


def _section(section: Section) -> list[str]:
    lines = [f"{'#' * section.level} {escaped(section.title)}", ""]
    for block in section.blocks:
        lines += _block(block)
    return lines


def _note(paragraph: Paragraph) -> list[str]:
    return [f"> {_paragraph(paragraph.content)}" if paragraph.tone else _paragraph(paragraph.content), ""]


_BLOCKS: dict[type, t.Callable[[t.Any], list[str]]] = {
    Bullets: lambda block: [*(f"- {_paragraph(item)}" for item in block.items), ""],
    Checks: _checks,
    Facts: _facts,
    Paragraph: _note,
    Photos: lambda block: [*(f"- {_paragraph(item.caption)}" for item in block.items), "", escaped(block.elsewhere), ""],
    Picture: lambda block: [],
    Section: _section,
    Table: _table,
}


def _block(block: t.Any) -> list[str]:
    return _BLOCKS[type(block)](block)
