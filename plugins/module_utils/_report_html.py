# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a page as one HTML file: no script, no network, light and dark, phone and paper. Pure. Private."""

from __future__ import annotations

import html
import re
import typing as t

from ._report_blocks import (
    Badge, Banner, Bullets, Checks, Code, Data, Facts, Inline, Link, Moment, Page, Paragraph, Picture, Section, Strong, Table,
)

#: The page may load nothing and run nothing, whatever a text of the plant turns out to be.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

#: A word longer than this may be broken behind a sign of _PIECE, or after as many letters.
_LONG = 16
_WORD = re.compile(r"(\s+)")
_PIECE = re.compile(r"[^-_/.:,;=@]{1,16}[-_/.:,;=@]?|[-_/.:,;=@]{1,16}")

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --quiet: #555e68; --edge: #c9d0d8; --soft: #f3f5f7;
  --good: #0a5c2b; --good-soft: #dff3e4; --bad: #a01018; --bad-soft: #fde4e4; --warn: #6f4a00; --warn-soft: #fdf0d0;
  --plain-soft: #e8ecf0; --bar: #3f6ea8; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181c; --text: #e6e9ec; --quiet: #a9b2bb; --edge: #3d464f;
  --soft: #1d2329; --good: #8fe0a8; --good-soft: #123a20; --bad: #ffb3b0; --bad-soft: #4d1518; --warn: #f5d58a;
  --warn-soft: #45320a; --plain-soft: #2a323a; --bar: #6fa3e0; --link: #8ec2ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.2; } h1 { margin: .4rem 0; font-size: 1.9rem; }
h2 { margin: 2rem 0 .6rem; font-size: 1.3rem; border-bottom: 1px solid var(--edge); padding-bottom: .2rem; }
h3, caption { font-size: 1rem; font-weight: 600; margin: 1rem 0 .4rem; text-align: left; }
.banner { border: 2px solid var(--edge); border-left-width: .7rem; border-radius: .4rem; padding: .8rem 1.1rem 1rem; }
.banner.good { border-color: var(--good); } .banner.bad { border-color: var(--bad); } .banner.warn { border-color: var(--warn); }
.banner .state { margin: 0; font-size: 1.1rem; } .banner .finding { margin: .3rem 0 .8rem; font-size: 1.25rem; }
.next { background: var(--soft); border-radius: .3rem; padding: .6rem .9rem; } .next h2 { margin: 0 0 .3rem; border: 0; padding: 0;
  font-size: 1.1rem; } .next p { margin: .3rem 0; font-size: 1.1rem; }
.badge { display: inline-block; border-radius: .25rem; padding: 0 .45em; font-weight: 700; background: var(--plain-soft); }
.badge.good { background: var(--good-soft); color: var(--good); } .badge.bad { background: var(--bad-soft); color: var(--bad); }
.badge.warn { background: var(--warn-soft); color: var(--warn); }
details { margin: .8rem 0; } .note { border-left: .3rem solid var(--warn); background: var(--warn-soft); padding: .4rem .8rem; margin: .8rem 0; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .15rem 1rem; margin: .8rem 0 0; }
dt { color: var(--quiet); } dd { margin: 0; }
.scroll { overflow-x: auto; margin: .6rem 0; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--edge); }
thead th { color: var(--quiet); font-weight: 600; } tbody th { font-weight: inherit; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; background: var(--soft); padding: 0 .2em; border-radius: .2em; }
bdi { white-space: pre-wrap; } time span { white-space: nowrap; } a { color: var(--link); }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; } summary h2, summary h3 { display: inline; border: 0; margin: 0; }
.checks { list-style: none; padding: 0; } .checks li { margin: .4rem 0; }
.legend { color: var(--quiet); margin: 0 0 .6rem; } .picture { display: block; overflow: visible; margin: .6rem 0; } .picture text { fill: var(--text); font-size: .9rem; }
.picture .scale { fill: var(--quiet); font-size: .8rem; } .picture .track { fill: var(--soft); stroke: var(--edge); }
.picture .bar { fill: var(--bar); } .picture .pause { fill: none; stroke: var(--quiet); stroke-dasharray: 5 4; }
.picture .mark circle { fill: var(--ground); stroke: var(--text); stroke-width: 2; } .picture .mark text { font-size: 11px; font-weight: 700; }
.picture .failure circle, .picture .failed circle, .picture .escalation circle { stroke: var(--bad); fill: var(--bad-soft); }
.picture .failure text, .picture .failed text, .picture .escalation text { fill: var(--bad); }
.picture .recovery circle { stroke: var(--good); fill: var(--good-soft); } .picture .recovery text { fill: var(--good); }
.picture .refusal circle, .picture .unfinished circle { stroke: var(--warn); fill: var(--warn-soft); }
.picture .refusal text, .picture .unfinished text { fill: var(--warn); }
@media (max-width: 40rem) { body { padding: .6rem; } h1 { font-size: 1.5rem; } .banner { padding: .6rem .7rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .35rem; }
  table, caption, tbody, tr, th, td { display: block; } thead { position: absolute; clip-path: inset(50%); }
  tbody tr { border-bottom: 1px solid var(--edge); padding: .4rem 0; } tbody th { font-weight: 600; } tbody th, td { border: 0; padding: .1rem 0; }
  td[data-name]::before { content: attr(data-name) ": "; color: var(--quiet); }
  .told tbody th, .told td:nth-of-type(1) { display: inline; margin-right: .6rem; } }
@media print { :root { color-scheme: light; --ground: #fff; --text: #000; --quiet: #444; --edge: #888; --soft: #f4f4f4;
  --good: #0a5c2b; --good-soft: #fff; --bad: #a01018; --bad-soft: #fff; --warn: #6f4a00; --warn-soft: #fff; --plain-soft: #fff;
  --bar: #3f6ea8; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; } .scroll { overflow: visible; }
  .badge { border: 1px solid currentcolor; } h2, h3, caption, summary { break-after: avoid; } tr, .banner, .picture { break-inside: avoid; }
  details:not(.whole)::details-content { content-visibility: visible; block-size: auto; } * { print-color-adjust: exact; } }
"""


def html_page(page: Page) -> str:
    """Return the page as one HTML file."""
    return (
        f'<!DOCTYPE html>\n<html lang="{page.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>{html.escape(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        f"{_banner(page.banner)}<main>\n{''.join(map(_block, page.blocks))}</main>\n</body>\n</html>\n")


def _breakable(text: str) -> str:
    """Escape text, with places where a long word may be broken, so that no table is wider than it must be."""
    return "".join(
        "<wbr>".join(map(html.escape, _PIECE.findall(word))) if len(word) > _LONG else html.escape(word) for word in _WORD.split(text))


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
        f'<header class="banner {banner.tone}">\n<p class="state">{badges}</p>\n<h1><bdi>{html.escape(banner.title)}</bdi></h1>\n'
        f'<p class="finding">{_inline(banner.sentence)}</p>\n{to_do}{_facts(Facts(banner.facts))}</header>\n')


def _facts(facts: Facts) -> str:
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{_inline(value)}</dd>" for name, value in facts.rows)
    return f"<dl>{rows}</dl>\n"


def _table(table: Table) -> str:
    header = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.header)
    names = ["" if table.told else f' data-name="{html.escape(name)}"' for name in table.header]
    rows = "\n".join(
        f'<tr><th scope="row">{_inline(row[0])}</th>{"".join(f"<td{name}>{_inline(cell)}</td>" for name, cell in zip(names[1:], row[1:]))}</tr>'
        for row in table.rows)
    caption = html.escape(table.caption)
    inner = (
        f"<table{' class=told' if table.told else ''}><caption{' class=unseen' if table.titled else ''}>{caption}</caption>"
        f"<thead><tr>{header}</tr></thead><tbody>\n{rows}\n</tbody></table>")
    # What may be wider than the window is scrolled by itself, by keyboard too.
    return f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0">{inner}</div>\n' if table.wide else f"{inner}\n"


def _checks(checks: Checks) -> str:
    items = "".join(
        f'<li><span class="badge {"good" if done else "warn"}">{html.escape(word)}</span> {_inline(content)}</li>'
        for done, word, content in checks.items)
    return f'<ul class="checks">{items}</ul>\n'


def _section(section: Section) -> str:
    heading = f"<h{section.level}>{html.escape(section.title)}</h{section.level}>"
    content = "".join(map(_block, section.blocks))
    if section.folded:
        return f"<details{'' if section.printed else ' class=whole'}>\n<summary>{heading}</summary>\n{content}</details>\n"
    return f"<section>\n{heading}\n{content}</section>\n"


def _paragraph(paragraph: Paragraph) -> str:
    return f"<p{' class=note' if paragraph.tone else ''}>{_inline(paragraph.content)}</p>\n"


_BLOCKS: dict[type, t.Callable[[t.Any], str]] = {
    Bullets: lambda block: f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in block.items)}</ul>\n",
    Checks: _checks,
    Facts: _facts,
    Paragraph: _paragraph,
    Picture: lambda block: f"{block.svg}\n<p class=legend>{html.escape(block.legend)}</p>\n",
    Section: _section,
    Table: _table,
}


def _block(block: t.Any) -> str:
    return _BLOCKS[type(block)](block)
