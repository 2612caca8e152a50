# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a ticket to what a step of a case says: sent to a webhook, or found, opened, commented and closed in a tracker. Private."""

from __future__ import annotations

import json
import typing as t

from ._errors import LineopsError
from ._report_entries import Facts, text_of
from ._signature import signed_headers
from ._ticket_content import PRIORITIES
from ._ticket_text import comment, mark, opening, title_of
from ._ticket_trackers import PAGE, Tracker
from ._timestamps import ms_of, utc_text
from ._web_calls import WebCalls

#: Pages of a listing that are looked through, the newest first.
_PAGES = 10
#: The clock of a plant's host may be ahead of the tracker's.
_CLOCKS_DIFFER_MS = 24 * 3600 * 1000


def body_of(content: Facts) -> bytes:
    """Return what is sent, byte by byte as it is signed."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def post_signed(calls: WebCalls, content: Facts, secret: str, key: str) -> None:
    """Send a step to a webhook. Raises LineopsError (delivery.*)."""
    body = body_of(content)
    calls.send("POST", "", body, signed_headers(secret, body, key))


class Ticket:
    """The issue of one case. check_mode: only GET calls are made, what would be sent is noted all the same.

    known: number and url of the ticket as the journal has them. done: what was done, in words: opened, commented, closed.
    """

    def __init__(
        self, tracker: Tracker, calls: WebCalls, project: str, content: Facts, *, known: Facts, labels: t.Sequence[str],
        language: str, check_mode: bool,
    ) -> None:
        self._tracker, self._calls, self._content, self._known = tracker, calls, content, known
        self._project, self._language, self._check_mode = project, language, check_mode
        self._labels = [*labels, *([content["severity"]] if content["severity"] in PRIORITIES else [])]
        self.done: list[str] = []

    def bring_up_to_date(self) -> Facts:
        """Open, comment and close as far as that is still to be done; return number and url. Raises LineopsError (delivery.*)."""
        issue = self._by_number() or self._by_mark()
        if issue is None:
            issue = self._write("opened", "POST", (), self._tracker.new(
                title_of(self._content), opening(self._content, self._language), self._labels))
        elif not self._has_told(issue):
            told = {self._tracker.comment: comment(self._content, self._language)}
            self._write("commented", "POST", (self._number(issue), self._tracker.comments), told)
        if self._content["state"] != "escalated" and issue.get("state") != "closed":
            method, change = self._tracker.closing
            self._write("closed", method, (self._number(issue),), change)
        return {"number": issue.get(self._tracker.number), "url": text_of(issue.get(self._tracker.link))[:500]}

    def _by_number(self) -> Facts | None:
        """Return the issue that the journal knows, if it is still there and ours."""
        if not self._known.get("number"):
            return None
        try:
            issue = self._calls.json("GET", self._path(self._known["number"]))
        except LineopsError as error:
            if error.code != "delivery.not_found":
                raise
            return None
        return issue if self._is_ours(issue) else None

    def _by_mark(self) -> Facts | None:
        since = utc_text((ms_of(self._content["opened_at"]) or 0) - _CLOCKS_DIFFER_MS)
        params = {**self._tracker.listing, self._tracker.since: since}
        return next((issue for issue in self._listed((), params) if self._is_ours(issue)), None)

    def _is_ours(self, issue: t.Any) -> bool:
        return isinstance(issue, dict) and mark(self._content["incident"]) in text_of(issue.get(self._tracker.text)).splitlines()

    def _has_told(self, issue: Facts) -> bool:
        wanted = mark(self._content["key"])
        if wanted in text_of(issue.get(self._tracker.text)).splitlines():
            return True
        comments = self._listed((self._number(issue), self._tracker.comments), {})
        return any(wanted in text_of(one.get(self._tracker.comment)).splitlines() for one in comments)

    def _listed(self, below: t.Sequence[t.Any], params: Facts) -> t.Iterator[Facts]:
        """Yield what is listed, page by page; links to a next page are not followed, since they may lead elsewhere."""
        for page in range(1, _PAGES + 1):
            found = self._calls.json("GET", self._path(*below), params={**params, "per_page": PAGE, "page": page})
            if not isinstance(found, list):
                raise LineopsError("delivery.not_json", f"{self._tracker.name} answered with something else than a list.")
            yield from (one for one in found if isinstance(one, dict))
            if len(found) < PAGE:
                return

    def _number(self, issue: Facts) -> t.Any:
        number = issue.get(self._tracker.number)
        if not isinstance(number, int):
            raise LineopsError("delivery.not_json", f"{self._tracker.name} answered with an issue that has no number.")
        return number

    def _path(self, *below: t.Any) -> str:
        return self._tracker.issues(self._project, *below)

    def _write(self, what: str, method: str, below: t.Sequence[t.Any], body: Facts) -> Facts:
        if self._check_mode:
            self.done.append(what)
            return {self._tracker.number: 0, "state": "open"}
        answer = self._calls.json(method, self._path(*below), body_of(body))
        if not isinstance(answer, dict):
            raise LineopsError("delivery.not_json", f"{self._tracker.name} answered with something else than an issue.")
        self.done.append(what)
        return answer
