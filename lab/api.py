# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to a supervisor's API, as little as the lab needs, from the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unreachable(Exception):
    """The supervisor did not answer, or not in JSON."""


@dataclass(frozen=True)
class Reply:
    """Status and decoded body of an answer."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """2xx and no ``success: false`` in the body."""
        return self.status < 300 and not (isinstance(self.body, dict) and self.body.get("success") is False)


def call(method: str, url: str, body: Any = None, *, key: str = "", timeout: float = 8.0, user: str = "lab") -> Reply:
    """Make one call.

    :param key: API key; none is sent if empty. :param user: the actor of the supervisor's audit log.
    :param timeout: seconds for each read.
    :raises Unreachable: no answer in time, or one that is not JSON.
    """
    headers = {"Content-Type": "application/json", "X-Admin-User": user}
    if key:
        headers["X-API-Key"] = key
    data = None if method == "GET" else json.dumps(body or {}).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        try:
            with _OPENER.open(request, timeout=timeout) as answer:
                return Reply(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, json.loads(error.read()))
    except (OSError, ValueError) as error:
        raise Unreachable(f"{method} {url}: {error}") from None
