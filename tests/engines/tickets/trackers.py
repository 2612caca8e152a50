# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GitHub and GitLab on loopback, as far as tickets need them: unknown names, wrong paths and wrong tokens are refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from servers import Reply, Request


class Tracker:
    """What GitHub and GitLab share as far as tickets need it; issues are kept under the names of their API."""

    #: Names that a request may have, by what it is for; from the public REST documentation, shortened to what makes sense here.
    allowed: dict[str, set[str]]
    number, text, note, one_note = "number", "body", "comments", "body"

    def __init__(self, token: str, root: str) -> None:
        self.token, self.root = token, root
        self.issues: list[dict[str, Any]] = []
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.problems: list[str] = []

    def __call__(self, request: Request) -> Reply:
        reply = self._reply(request)
        if reply.status >= 400:
            self.problems.append(f"{request.method} {request.target}: {reply.body['message']}")
        return reply

    def _reply(self, request: Request) -> Reply:
        if not self.is_authorized(request.headers):
            return Reply(401, {"message": "Bad credentials"})
        if request.path != self.root and not request.path.startswith(f"{self.root}/"):
            return Reply(404, {"message": "Not Found"})
        match (request.method, *request.path[len(self.root):].strip("/").split("/")):
            case ("GET", ""):
                return self._checked(request.query, "list", lambda: Reply(200, self._page(self._sorted(request.query), request.query)))
            case ("POST", ""):
                return self._checked(request.json, "new", lambda: self._open(request.json))
            case (method, number) if number.isdigit() and self._find(number):
                issue = self._find(number)
                if method == "GET":
                    return Reply(200, issue)
                return self._checked(request.json, f"change {method}", lambda: self._change(issue, request.json))
            case (method, number, self.note) if number.isdigit() and self._find(number):
                notes = self.notes.setdefault(int(number), [])
                if method == "GET":
                    return self._checked(request.query, "list notes", lambda: Reply(200, self._page(notes, request.query)))
                return self._checked(request.json, "note", lambda: Reply(201, notes.append(request.json) or request.json))
        return Reply(404, {"message": "Not Found"})

    def _checked(self, given: dict[str, Any], what: str, answer: Callable[[], Reply]) -> Reply:
        unknown = set(given) - self.allowed.get(what, set())
        return Reply(422, {"message": f"{what}: unknown {sorted(unknown)}"}) if unknown else answer()

    def _find(self, number: str) -> dict[str, Any] | None:
        return next((issue for issue in self.issues if issue[self.number] == int(number)), None)

    def _sorted(self, query: dict[str, str]) -> list[dict[str, Any]]:
        since = query.get(self.since, "")
        return [issue for issue in reversed(self.issues) if issue["updated_at"] >= since]

    @staticmethod
    def _page(rows: list[Any], query: dict[str, str]) -> list[Any]:
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        assert size <= 100
        return rows[(page - 1) * size:page * size]

    def _open(self, given: dict[str, Any]) -> Reply:
        if not given.get("title") or len(given["title"]) > 255:
            return Reply(422, {"message": "title"})
        number = len(self.issues) + 1
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.issues.append({
            **given, self.number: number, "state": self.open_state, self.link: f"https://tracker.example/issues/{number}",
            "created_at": now, "updated_at": now})
        return Reply(201, self.issues[-1])

    # what differs
    since, link, open_state = "since", "html_url", "open"

    def is_authorized(self, headers: dict[str, str]) -> bool:
        """Do the headers hold what every call needs?"""
        raise NotImplementedError

    def _change(self, issue: dict[str, Any], given: dict[str, Any]) -> Reply:
        raise NotImplementedError


class GitHub(Tracker):
    """docs.github.com/en/rest/issues, API version 2022-11-28."""

    allowed = {
        "list": {"milestone", "state", "assignee", "type", "creator", "mentioned", "labels", "sort", "direction", "since", "per_page", "page"},
        "new": {"title", "body", "assignee", "milestone", "labels", "assignees", "type"},
        "change PATCH": {"title", "body", "assignee", "state", "state_reason", "milestone", "labels", "assignees", "type"},
        "list notes": {"since", "per_page", "page"}, "note": {"body"},
    }

    def is_authorized(self, headers: dict[str, str]) -> bool:
        assert headers.get("User-Agent") and headers.get("X-GitHub-Api-Version") == "2022-11-28"
        assert headers.get("Accept") == "application/vnd.github+json"
        return headers.get("Authorization") == f"Bearer {self.token}"

    def _change(self, issue: dict[str, Any], given: dict[str, Any]) -> Reply:
        if given.get("state") not in ("open", "closed") or given.get("state_reason") not in ("completed", "not_planned", "reopened", None):
            return Reply(422, {"message": "state"})
        issue.update(given)
        return Reply(200, issue)


class GitLab(Tracker):
    """docs.gitlab.com/api/issues and /api/notes."""

    number, text, note = "iid", "description", "notes"
    since, link, open_state = "updated_after", "web_url", "opened"
    allowed = {
        "list": {"scope", "state", "labels", "order_by", "sort", "search", "in", "updated_after", "per_page", "page"},
        "new": {"title", "description", "labels", "confidential", "assignee_ids", "due_date"},
        "change PUT": {"title", "description", "labels", "add_labels", "state_event"},
        "list notes": {"sort", "order_by", "per_page", "page"}, "note": {"body", "internal", "created_at"},
    }

    def is_authorized(self, headers: dict[str, str]) -> bool:
        return headers.get("PRIVATE-TOKEN") == self.token

    def _sorted(self, query: dict[str, str]) -> list[dict[str, Any]]:
        return super()._sorted(query) if query.get("scope") == "all" else []  # else: created by me

    def _open(self, given: dict[str, Any]) -> Reply:
        return super()._open(given) if isinstance(given.get("labels", ""), str) else Reply(422, {"message": "labels"})

    def _change(self, issue: dict[str, Any], given: dict[str, Any]) -> Reply:
        if given.get("state_event") not in ("close", "reopen"):
            return Reply(422, {"message": "state_event"})
        issue["state"] = {"close": "closed", "reopen": "opened"}[given["state_event"]]
        return Reply(200, issue)
