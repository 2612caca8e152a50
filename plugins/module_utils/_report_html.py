# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a page as one HTML file: no script, no network, light and dark, phone and paper. Pure. Private."""

from __future__ import annotations

import html
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
    Photo,
    Photos,
    Picture,
    Section,
    Strong,
    Table,
)
from ._report_style import STYLE

#: The page may load nothing and run nothing, whatever a text of the plant turns out to be.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

#: A word longer than this may be broken behind a sign of _PIECE, or after as many letters.
_LONG = 16
_WORD = re.compile(r"(\s+)")
_PIECE = re.compile(r"[^-_/.:,;=@]{1,16}[-_/.:,;=@]?|[-_/.:,;=@]{1,16}")


def html_page(page: Page) -> str:
    """Return the page as one HTML file."""
    return (
        f'<!DOCTYPE html>\n<html lang="{page.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(page.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{_banner(page.banner)}<main>\n{''.join(map(_block, page.blocks))}</main>\n</body>\n</html>\n"
    )


def _breakable(text: str) -> str:
    """Escape text, with places where a long word may be broken, so that no table is wider than it must be."""
    return "".join(
        "<wbr>".join(map(html.escape, _PIECE.findall(word))) if len(word) > _LONG else html.escape(word)
        for word in _WORD.split(text)
    )


def _unbroken(text: str) -> str:
    """Escape a time, so that a date is not broken at its dashes."""
    return " ".join(f"<span>{html.escape(part)}</span>" for part in text.split(" "))


def _inline(content: Inline) -> str:
    if isinstance(content, tuple):
        return "".join(map(_inline, content))
    return html.escape(content) if isinstance(content, str) else _INLINE[type(content)](content)


_INLINE: dict[type, t.Callable[[t.Any], str]] = {
    Data: lambda content: f"<bdi>{_breakable(content.text)}</bdi>",
    Code: lambda content: f"<code><bdi>{_breakable(content.text)}</bdi></code>",
    Badge: lambda content: f'<span class="badge {content.tone}">{html.escape(content.text)}</span>',
    Link: lambda content: f'<a href="{html.escape(content.href)}">{_breakable(content.text)}</a>',
    Moment: lambda content: f'<time datetime="{html.escape(content.at)}">{_unbroken(content.shown)}</time>',
    Strong: lambda content: f"<strong>{html.escape(content.text)}</strong>",
}


def _banner(banner: Banner) -> str:
    steps = "".join(f"<p>{_inline(step)}</p>" for step in banner.next)
    to_do = f'<div class="next"><h2>{html.escape(banner.next_title)}</h2>{steps}</div>\n' if banner.next else ""
    badges = " ".join(map(_inline, banner.badges))
    return (
        f'<header class="banner {banner.tone}">\n<p class="state">{badges}</p>\n'
        f"<h1><bdi>{html.escape(banner.title)}</bdi></h1>\n"
        f'<p class="finding">{_inline(banner.sentence)}</p>\n{to_do}{_facts(Facts(banner.facts))}</header>\n'
    )


def _facts(facts: Facts) -> str:
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{_inline(value)}</dd>" for name, value in facts.rows)
    return f"<dl>{rows}</dl>\n"


def _table(table: Table) -> str:
    header = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.header)
    names = ["" if table.told else f' data-name="{html.escape(name)}"' for name in table.header]
    rows = "\n".join(_row(row, names) for row in table.rows)
    caption = html.escape(table.caption)
    inner = (
        f"<table{' class=told' if table.told else ''}>"
        f"<caption{' class=unseen' if table.titled else ''}>{caption}</caption>"
        f"<thead><tr>{header}</tr></thead><tbody>\n{rows}\n</tbody></table>"
    )
    if not table.wide:
        return f"{inner}\n"
    # What may be wider than the window is scrolled by itself, by keyboard too.
    return f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0">{inner}</div>\n'


def _row(row: tuple[Inline, ...], names: list[str]) -> str:
    cells = "".join(f"<td{name}>{_inline(cell)}</td>" for name, cell in zip(names[1:], row[1:]))
    return f'<tr><th scope="row">{_inline(row[0])}</th>{cells}</tr>'


def _checks(checks: Checks) -> str:
    items = "".join(
        f'<li><span class="badge {"good" if done else "warn"}">{html.escape(word)}</span> {_inline(content)}</li>'
        for done, word, content in checks.items
    )
    return f'<ul class="checks">{items}</ul>\n'


def _section(section: Section) -> str:
    heading = f"<h{section.level}>{html.escape(section.title)}</h{section.level}>"
    content = "".join(map(_block, section.blocks))
    if section.folded:
        return (
            f"<details{'' if section.printed else ' class=whole'}>\n<summary>{heading}</summary>\n{content}</details>\n"
        )
    return f"<section>\n{heading}\n{content}</section>\n"


def _paragraph(paragraph: Paragraph) -> str:
    return f"<p{' class=note' if paragraph.tone else ''}>{_inline(paragraph.content)}</p>\n"


def _photo(photo: Photo) -> str:
    return (
        f'<figure><img src="data:image/jpeg;base64,{html.escape(photo.jpeg)}" width="{photo.width}" height="{photo.height}"'
        f' alt="{html.escape(photo.alt)}"><figcaption>{_inline(photo.caption)}</figcaption></figure>\n'
    )


_BLOCKS: dict[type, t.Callable[[t.Any], str]] = {
    Bullets: lambda block: f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in block.items)}</ul>\n",
    Checks: _checks,
    Facts: _facts,
    Paragraph: _paragraph,
    Photos: lambda block: f"<div class=photos>\n{''.join(map(_photo, block.items))}</div>\n",
    Picture: lambda block: f"{block.svg}\n<p class=legend>{html.escape(block.legend)}</p>\n",
    Section: _section,
    Table: _table,
}


def _block(block: t.Any) -> str:
    return _BLOCKS[type(block)](block)
