# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports in every format, and what a reader of HTML or Markdown gets to see of them."""

from __future__ import annotations

import typing as t
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock
from ansible_collections.lineops.runbook.plugins.module_utils._report_make import made_report, written_as

CLOCK = Clock("Europe/Berlin")
VOID = {"img", "meta", "link", "wbr"}


def report_of(entries: t.Sequence[t.Any], kind: str = "incident", **options: t.Any) -> dict[str, t.Any]:
    """The report as data."""
    given = {"contacts": {}, "incident": None, "window": (None, None), "broken": [], **options}
    return made_report(kind, entries, clock=CLOCK, undos=open_undos, **given)


def page_of(
    entries: t.Sequence[t.Any], form: str, kind: str = "incident", language: str = "en", **options: t.Any
) -> str:
    """The report as text."""
    there, plant = options.pop("there", ()), options.pop("plant", "")
    report = report_of(entries, kind, **options)
    return written_as(form, report, language=language, clock=CLOCK, plant=plant, there=there).decode("utf-8")


class HtmlPage(HTMLParser):
    """What is in a page: (tag, attributes) in order, the text, and the tables as lists of rows of cells."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.mistakes: list[str] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self._tables: list[list[list[list[str]]]] = []
        self.feed(text)
        self.close()
        self.mistakes += [f"{tag} is not closed" for tag in self._open]
        self.text = "".join(self._texts)
        self.tables = [[["".join(cell) for cell in row] for row in table] for table in self._tables]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self._tables.append([])
        elif tag == "tr":
            self._tables[-1].append([])
        elif tag in ("td", "th"):
            self._tables[-1][-1].append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.mistakes.append(f"{tag} is closed inside {self._open[-1:]}")

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self._texts.append(data)
        if "td" in self._open or "th" in self._open:
            self._tables[-1][-1][-1].append(data)


class MarkdownPage:
    """What GitHub's Markdown makes of a page: its kinds of tokens, the text of its blocks, its tables."""

    def __init__(self, text: str) -> None:
        self.kinds: list[str] = []
        self.texts: list[str] = []
        self.columns: set[tuple[int, int]] = set()
        row = table = 0
        for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
            self.kinds += [token.type, *(child.type for child in token.children or [])]
            if token.type == "inline":
                self.texts.append("".join(child.content for child in token.children or []))
            if token.type == "table_open":
                table += 1
            if token.type == "tr_open":
                row = 0
            if token.type in ("td_open", "th_open"):
                row += 1
            if token.type == "tr_close":
                self.columns.add((table, row))
