# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stub of the controller's API on loopback: it keeps what is created and refuses what the real one would not understand.

Refused with 400 are unknown fields, wrong types, missing fields, ids of nothing or of something else, surveys the API does not
take, playbooks that the project does not have, and prompts that a template does not ask for.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller_checks import Known, errors, survey_error
from controller_fields import ENDPOINTS, STARTED
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

USER, PASSWORD = "admin", "canary-of-the-controller"
VERSION = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
HIDDEN = "$encrypted$"


class Refused(Exception):
    """The API answers 400 with this."""


class Controller:
    """The objects of a controller whose projects hold ``project``, behind an HTTP server; a context manager."""

    def __init__(self, project: Path) -> None:
        self.objects: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in ENDPOINTS}
        self.related: dict[tuple[int, str], list[int]] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self.writes: list[str] = []
        self._project, self._ids = project, itertools.count(1)
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Controller:
        self._thread.start()
        return self

    def __exit__(self, *dummy: Any) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def named(self, endpoint: str, name: str) -> dict[str, Any]:
        """The one object of that name."""
        key = "identifier" if endpoint == "workflow_job_template_nodes" else "name"
        (found,) = (kept for kept in self.objects[endpoint].values() if kept[key] == name)
        return found

    def related_names(self, kept: Mapping[str, Any], association: str) -> list[str]:
        """The names of what is associated with an object."""
        others = {number: other for kind in self.objects.values() for number, other in kind.items()}
        found = (others[number] for number in self.related.get((kept["id"], association), []))
        return sorted(other.get("identifier") or other["name"] for other in found)

    # --- what is asked ---------------------------------------------------------------------------------------------

    def _app(self) -> Flask:
        app = Flask("controller")
        app.before_request(self._authorize)
        app.after_request(self._sign)
        app.register_error_handler(Refused, lambda error: (jsonify(detail=str(error)), 400))
        for rule, view in {
            "me/": lambda: jsonify(count=1, next=None, results=[{"username": USER}]), "tokens/": self._token,
            "tokens/<int:number>/": lambda number: ("", 204), "unified_job_templates/": lambda: self._page(self._found(STARTED)),
            "<endpoint>/": self._list, "<endpoint>/<int:number>/": self._one,
            "<endpoint>/<int:number>/survey_spec/": self._survey,
            "workflow_job_template_nodes/<int:number>/create_approval_template/": self._approval,
            "<endpoint>/<int:number>/<association>/": self._association,
        }.items():
            app.add_url_rule(f"/api/v2/{rule}", rule, view, methods=["GET", "POST", "PATCH", "DELETE"])
        return app

    def _authorize(self) -> Any:
        given = request.authorization
        known = given is not None and (given.type == "bearer" or (given.username, given.password) == (USER, PASSWORD))
        return None if known else (jsonify(detail="Authentication credentials were not provided."), 401)

    def _sign(self, response: Response) -> Response:
        response.headers.update(VERSION)
        if request.method != "GET" and "/tokens/" not in request.path:
            self.writes.append(f"{request.method} {request.path} {response.status_code}")
        return response

    def _token(self) -> Any:
        return jsonify(id=1, token="canary-of-a-token", url="/api/v2/tokens/1/"), 201

    def _list(self, endpoint: str) -> Any:
        if request.method == "GET":
            return self._page(self._found((endpoint,)))
        return jsonify(self._shown(endpoint, self._create(endpoint, request.get_json()))), 201

    def _found(self, endpoints: tuple[str, ...]) -> list[dict[str, Any]]:
        """The objects that fit all of the query: names and ids, of which or__ means any."""
        words = request.args.to_dict()
        either = {key.removeprefix("or__"): words.pop(key) for key in list(words) if key.startswith("or__")}
        shown = [self._shown(endpoint, kept) for endpoint in endpoints for kept in self.objects[endpoint].values()]
        unknown = [key for key in {**words, **either} if shown and not any(key in one for one in shown)]
        if unknown:
            raise Refused(f"no such fields to search for: {unknown}")
        return [one for one in shown if all(str(one.get(key)) == value for key, value in words.items())
                and (not either or any(str(one.get(key)) == value for key, value in either.items()))]

    def _page(self, found: list[dict[str, Any]]) -> Any:
        return jsonify(count=len(found), next=None, previous=None, results=found)

    def _one(self, endpoint: str, number: int) -> Any:
        kept = self.objects[endpoint][number]
        if request.method == "PATCH":
            self._check(endpoint, {**kept, **request.get_json()}, request.get_json())
            kept.update(request.get_json())
        return jsonify(self._shown(endpoint, kept))

    def _survey(self, endpoint: str, number: int) -> Any:
        if request.method == "GET":
            return jsonify(self.surveys.get(number, {}))
        if error := survey_error(request.get_json()):
            return jsonify(error=error), 400
        self.surveys[self.objects[endpoint][number]["id"]] = request.get_json()
        return jsonify({})

    def _association(self, endpoint: str, number: int, association: str) -> Any:
        others = ENDPOINTS[endpoint].associations.get(association)
        if others is None:
            raise Refused(f"{endpoint} have no {association}")
        ids = self.related.setdefault((number, association), [])
        if request.method == "GET":
            return self._page([self.objects[other][one] for one in ids for other in others if one in self.objects[other]])
        given = request.get_json()
        if not any(given["id"] in self.objects[other] for other in others):
            raise Refused(f"{given['id']} is none of {others}")
        (ids.remove if given.get("disassociate") else ids.append)(given["id"])
        return "", 204

    def _approval(self, number: int) -> Any:
        node = self.objects["workflow_job_template_nodes"][number]
        template = self._create("workflow_approval_templates", request.get_json())
        node["unified_job_template"] = template["id"]
        return jsonify(self._shown("workflow_approval_templates", template)), 201

    # --- what is kept ------------------------------------------------------------------------------------------------

    def _create(self, endpoint: str, given: dict[str, Any]) -> dict[str, Any]:
        self._check(endpoint, given, given)
        number = next(self._ids)
        self.objects[endpoint][number] = {**given, "id": number, "type": ENDPOINTS[endpoint].type}
        return self.objects[endpoint][number]

    def _shown(self, endpoint: str, kept: Mapping[str, Any]) -> dict[str, Any]:
        """An object as the API shows it: all fields it may have, no secret, and where to find more."""
        url = f"/api/v2/{endpoint}/{kept['id']}/"
        related = {"survey_spec": f"{url}survey_spec/"}
        approval = kept.get("unified_job_template")
        if approval in self.objects["workflow_approval_templates"]:
            related["unified_job_template"] = f"/api/v2/workflow_approval_templates/{approval}/"
        shown = {**{name: None for name in ENDPOINTS[endpoint].fields}, **kept, "url": url, "related": related, "summary_fields": {}}
        if endpoint == "projects":
            shown["scm_revision"] = ""
        if endpoint == "credentials":
            shown["inputs"] = {name: HIDDEN for name in kept["inputs"]}
        return shown

    def _check(self, endpoint: str, whole: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Raise Refused for what is wrong with an object; given is what of it was sent."""
        if wrong := errors(endpoint, whole, given, Known(self.objects, self.surveys, self._project)):
            raise Refused(f"{endpoint}: {'; '.join(wrong)}")
