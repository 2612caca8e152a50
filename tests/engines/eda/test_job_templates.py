# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook that lets AWX run the playbooks, against a double of its API that checks what it is given."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from plant_doubles import STATUS, Double, Doubles, says, well
from plants import until
from rulebooks import running

TOKEN = "canary-awx-token"
TEMPLATES = {f"lineops Playbook {letter}": number for number, letter in enumerate("ABC", 10)}
LAUNCH_FIELDS = {"limit", "extra_vars", "inventory", "labels"}
VARIABLES = {"lineops_interval": 1, "lineops_debounce": 2, "lineops_organization": "Plant"}


class Controller(http.server.ThreadingHTTPServer):
    """What ansible-rulebook asks of AWX. Whatever it does not know is a problem."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.launched: list[tuple[str, dict[str, Any]]] = []
        self.problems: list[str] = []

    def answer(self, call: str, query: dict[str, list[str]], body: Any) -> Any:
        """Answer a call, or note that it is unknown."""
        if call == "GET /api/v2/config/":
            return {"version": "24.6.1"}
        if call == "GET /api/v2/unified_job_templates/" and query.get("name", [""])[0] in TEMPLATES:
            return {"count": 1, "next": None, "results": [self._template(query["name"][0])]}
        for name, number in TEMPLATES.items():
            if call == f"POST /api/v2/job_templates/{number}/launch/":
                self.problems += [f"launch of {name} with {field}" for field in set(body) - LAUNCH_FIELDS]
                self.launched.append((name, body))
                return {"id": number, "url": f"/api/v2/jobs/{number}/", "status": "pending"}
        if call == "GET /api/v2/jobs/" and "id__in" in query:
            numbers = [int(number) for number in query["id__in"][0].split(",")]
            return {"count": len(numbers), "next": None, "results": [self._job(number) for number in numbers]}
        self.problems.append(f"{call} {query} {body}")
        return None

    def _template(self, name: str) -> dict[str, Any]:
        number = TEMPLATES[name]
        asks = {f"ask_{what}_on_launch": what in ("limit", "variables") for what in ("limit", "labels", "inventory", "variables")}
        return {
            "id": number, "type": "job_template", "name": name, **asks, "related": {"launch": f"/api/v2/job_templates/{number}/launch/"},
            "summary_fields": {"organization": {"name": "Plant"}}}

    @staticmethod
    def _job(number: int) -> dict[str, Any]:
        return {
            "id": number, "type": "job", "url": f"/api/v2/jobs/{number}/", "status": "successful",
            "created": "2026-01-01T02:03:04Z", "artifacts": {}}


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Controller

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.server.problems.append(f"no token: {self.path}")
        answer = self.server.answer(f"{self.command} {parts.path}", parse_qs(parts.query), body)
        content = json.dumps(answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _handle

    def log_message(self, *dummy: Any) -> None:
        """Say nothing."""


@contextmanager
def controller() -> Iterator[Controller]:
    """One that serves."""
    server = Controller()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


def test_each_failure_launches_its_job_template_for_its_host(tmp_path: Path) -> None:
    ill = {"plc-host": "lineops Playbook B", "stuck-host": "lineops Playbook A", "dead-host": "lineops Playbook C"}
    doubles = {name: Double(well, camera=name == "stuck-host") for name in ("well-host", *ill)}
    with controller() as awx, Doubles(**doubles) as plant:
        variables = {**VARIABLES, "lineops_hosts": plant.hosts()}
        connection = {"EDA_CONTROLLER_URL": awx.url, "EDA_CONTROLLER_TOKEN": TOKEN, "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.1"}
        with running(
            tmp_path, "lineops.runbook.recovery_on_awx", tmp_path / "none", variables, **connection
        ) as book:
            until(lambda: len(plant["well-host"].asked) > 4, "the watch runs")
            plant["plc-host"].status = {**STATUS, "plc": {"connected": False, "note": "{{ 7 * 7 }}"}}
            plant["stuck-host"].moves = False
            plant["dead-host"].answer = says(b"<html>", 503)
            until(lambda: len(awx.launched) >= len(ill), f"all are launched; {awx.problems}")
            signals = {host: book.until_told(kind="change", host=host)["subject"] for host in ill}
        out = book.run.finish().text
    assert awx.problems == []
    subjects = {"plc-host": "plc", "stuck-host": "streams", "dead-host": "supervisor"}
    assert signals == subjects
    assert sorted((name, body["limit"]) for name, body in awx.launched) == sorted((name, host) for host, name in ill.items())
    for dummy, body in awx.launched:
        # Nothing of the event but the limit: what a plant says is no variable of a job.
        subject = subjects[body["limit"]]
        assert body["extra_vars"] == {"lineops_runner": f"eda-{subject}-failed"}
    assert TOKEN not in out
