# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How GitHub and GitLab call what a ticket needs, as a table. Pure. Private to this collection.

Sources: docs.github.com/rest/issues (API version 2022-11-28), docs.gitlab.com/api/issues and /api/notes (v4).
"""

from __future__ import annotations

import ipaddress
import typing as t
from urllib.parse import quote, urlsplit

from ._report_entries import Facts

PAGE = 100


class Tracker(t.NamedTuple):
    """The names of one tracker. url: its API, unless another is given; safe: what of a project's name is not escaped in a path:
    GitLab wants the whole name as one part of it."""

    name: str
    url: str
    path: str
    number: str
    text: str
    link: str
    comments: str
    comment: str
    closing: tuple[str, Facts]
    listing: Facts
    since: str
    label_joiner: str | None
    safe: str
    headers: t.Mapping[str, str]

    def issues(self, project: str, *below: t.Any) -> str:
        """Return the path of the issues of a project, or of what lies below them."""
        return "/".join([self.path.format(project=quote(project, safe=self.safe)), *(quote(str(part), safe="") for part in below)])

    def labels(self, labels: t.Sequence[str]) -> t.Any:
        """Return labels as the tracker takes them."""
        return list(labels) if self.label_joiner is None else self.label_joiner.join(labels)

    def new(self, title: str, text: str, labels: t.Sequence[str]) -> Facts:
        """Return the body that opens an issue."""
        return {"title": title, self.text: text, "labels": self.labels(labels)}

    def headers_with(self, token: str) -> dict[str, str]:
        """Return what goes with every call."""
        return {name: value.format(token=token) for name, value in self.headers.items()}


TRACKERS = {
    "github": Tracker(
        name="GitHub", url="https://api.github.com", path="/repos/{project}/issues", number="number", text="body", link="html_url",
        comments="comments", comment="body", closing=("PATCH", {"state": "closed", "state_reason": "completed"}),
        listing={"state": "all", "sort": "created", "direction": "desc"}, since="since", label_joiner=None, safe="/",
        headers={
            "Authorization": "Bearer {token}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}),
    "gitlab": Tracker(
        name="GitLab", url="https://gitlab.com/api/v4", path="/projects/{project}/issues", number="iid", text="description",
        link="web_url", comments="notes", comment="body", closing=("PUT", {"state_event": "close"}),
        listing={"scope": "all", "order_by": "created_at", "sort": "desc"}, since="updated_after",
        label_joiner=",", safe="", headers={"PRIVATE-TOKEN": "{token}", "Accept": "application/json"}),
}


def is_in_the_clear(url: str) -> bool:
    """Say whether a token sent there could be read on the way: no TLS, and not this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"
