# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stub of a controller is worth nothing if it takes anything: what it refuses, and what it forgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from awx_survey import NotTaken, accepted
from controller import PASSWORD, USER, Controller

PLAYBOOK = "playbooks/triage.yml"
QUESTION = {"question_name": "Delay", "variable": "delay", "required": False, "type": "integer", "min": 1, "max": 30, "default": 2}
RULE = "DTSTART;TZID=Europe/Berlin:20260101T053000 RRULE:FREQ=DAILY;INTERVAL=1"
SPEC = {"name": "Survey", "description": "", "spec": [QUESTION]}


class Client:
    """Speaks to a stub that has an organization, a project, an inventory and a template with a survey."""

    def __init__(self, controller: Controller) -> None:
        self.controller, self.session = controller, requests.Session()
        self.session.auth, self.session.trust_env = (USER, PASSWORD), False
        self.ids: dict[str, int] = {}
        for endpoint, given in (
            ("organizations", {"name": "Default"}), ("projects", {"name": "runbook"}),
            ("inventories", {"name": "plant", "organization": "organizations"}), ("job_templates", self.template()),
        ):  # fmt: skip
            answer = self.post(endpoint, given)
            assert answer.status_code == 201, answer.text
            self.ids[endpoint] = answer.json()["id"]
        assert self.survey([QUESTION]).status_code == 200

    def post(self, endpoint: str, given: dict[str, Any]) -> requests.Response:
        """Create; an endpoint as a value stands for the id of its object."""
        body = {name: self.ids.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
        return self.session.post(f"{self.controller.url}/api/v2/{endpoint}/", json=body, timeout=60)

    def survey(self, questions: list[dict[str, Any]]) -> requests.Response:
        url = f"{self.controller.url}/api/v2/job_templates/{self.ids['job_templates']}/survey_spec/"
        return self.session.post(url, json={**SPEC, "spec": questions}, timeout=60)

    @staticmethod
    def template(**more: Any) -> dict[str, Any]:
        """A job template that is right."""
        return {"name": "Triage", "project": "projects", "inventory": "inventories", "playbook": PLAYBOOK, "job_type": "run", **more}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    project: Path = tmp_path_factory.mktemp("project")
    (project / "playbooks").mkdir()
    (project / PLAYBOOK).touch()
    with Controller(project) as controller:
        yield Client(controller)


@pytest.mark.parametrize(("endpoint", "given", "said"), [
    ("job_templates", Client.template(slices=2), "slices: unknown field"),
    ("job_templates", Client.template(forks="20"), "forks: '20' is no int"),
    ("job_templates", Client.template(ask_limit_on_launch="yes"), "ask_limit_on_launch: 'yes' is no bool"),
    ("job_templates", Client.template(job_type="dry"), "job_type: 'dry' is none of"),
    ("job_templates", Client.template(playbook="playbooks/none.yml"), "playbook: not found in the project"),
    ("job_templates", Client.template(inventory=4711), "inventory: 4711 is none of"),
    ("job_templates", Client.template(inventory="projects"), "is none of ('inventories',)"),
    ("job_templates", {"name": "Triage"}, "project: required"),
    ("schedules", {"name": "s", "unified_job_template": "job_templates", "rrule": "every day"}, "rrule: is no rule"),
    ("schedules", {"name": "s", "unified_job_template": "job_templates", "rrule": RULE, "extra_data": {"url": "x"}}, "does not ask for ['url']"),
    ("schedules", {"name": "s", "unified_job_template": "job_templates", "rrule": RULE, "limit": "line3"}, "does not ask for ['limit']"),
    ("notification_templates", {"name": "n", "organization": "organizations", "notification_type": "webhook",
                                "notification_configuration": {"url": "http://chat.example"}}, "missing or unknown"),
])  # fmt: skip
def test_what_is_wrong_is_refused(client: Client, endpoint: str, given: dict[str, Any], said: str) -> None:
    answer = client.post(endpoint, given)
    assert answer.status_code == 400 and said in answer.json()["detail"]


def test_what_is_right_is_kept(client: Client) -> None:
    asked = {"name": "s", "unified_job_template": "job_templates", "rrule": RULE, "extra_data": {"delay": 3}}
    assert client.post("schedules", asked).status_code == 201
    assert client.controller.named("schedules", "s")["extra_data"] == {"delay": 3}


def test_who_does_not_say_who_he_is_learns_nothing(client: Client) -> None:
    assert requests.get(f"{client.controller.url}/api/v2/credentials/", timeout=60).status_code == 401


@pytest.mark.parametrize("change", [
    {"variable": None}, {"type": "number"}, {"default": "2"}, {"required": "no"}, {"min": "1"}, {"hint": "x"},
    {"type": "multiplechoice", "default": "b", "choices": ["a"]}, {"type": "multiplechoice", "default": "a"},
])  # fmt: skip
def test_a_question_that_awx_does_not_take_is_refused(client: Client, change: dict[str, Any]) -> None:
    assert client.survey([{**QUESTION, **change}]).status_code == 400


def test_an_empty_survey_and_one_variable_twice_are_refused(client: Client) -> None:
    assert [client.survey(questions).status_code for questions in ([], [QUESTION, QUESTION])] == [400, 400]


@pytest.mark.parametrize("answers", [{"delay": 31}, {"delay": 0}, {"delay": "2"}, {"delay": True}, {"other": 1}])
def test_answers_out_of_range_start_no_job(answers: dict[str, Any]) -> None:
    with pytest.raises(NotTaken):
        accepted(SPEC, answers)


def test_defaults_are_variables_of_a_job_and_answers_count_more() -> None:
    assert (accepted(SPEC, {}), accepted(SPEC, {"delay": 5})) == ({"delay": 2}, {"delay": 5})
