# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/awx.md against the stub of a controller: what AWX is told, and that telling it again changes nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from controller import Controller

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Need an engine for containers, and Galaxy.
NOT_HERE = ("ansible-builder", "podman", "ansible-galaxy")
SECRETS = ("key-1", "key-2", "password-1", "key-3", "key-4", "password-3")
TOLD = ["lineops mail", "lineops web hook"]
SLICED = {"lineops Checklist", "lineops Preflight"}
CREATED = {
    "organizations": 1, "execution_environments": 1, "credential_types": 1, "credentials": 1, "projects": 1, "inventories": 1,
    "inventory_sources": 1, "notification_templates": 2, "job_templates": 18, "workflow_job_templates": 1,
    "workflow_job_template_nodes": 4, "workflow_approval_templates": 1, "schedules": 3,
}  # fmt: skip
Ended = subprocess.CompletedProcess


@dataclass
class Guided:
    """The guide's blocks, done one after the other in a fresh clone, and its last command once more."""

    controller: Controller
    runs: list[Ended[str]]
    writes: list[str]
    again: Ended[str]
    written_again: list[str]


@pytest.fixture(scope="class")
def guided(configurator: Any) -> Guided:
    clone: Path = configurator.clone
    home = Path(configurator.environment["HOME"])
    (home / ".lineops-vault").write_text("a password for this test\n", encoding="utf-8")
    exported, runs, command = {}, [], []
    for kind, text in BLOCK.findall((clone / "docs/awx.md").read_text(encoding="utf-8")):
        if kind == "yaml":
            (clone / text.split()[1]).write_text(text, encoding="utf-8")
        for line in text.splitlines() if kind == "shell" else ():
            words = shlex.split(line.replace("~", str(home)))
            if words[0] == "export":
                # The address and the account are those of the stub.
                exported.update(word.split("=", 1) for word in words[1:] if not word.startswith("CONTROLLER_"))
            elif words[0] not in NOT_HERE:
                command = words
                runs.append(configurator.run(words, **exported))
    writes = list(configurator.controller.writes)
    again = configurator.run(command, **exported)
    written_again = configurator.controller.writes[len(writes):]
    return Guided(configurator.controller, runs, writes, again, written_again)


def names(spec: dict[str, Any]) -> list[str]:
    return [question["variable"] for question in spec["spec"]]


class TestGuide:
    """One class, one controller."""

    def test_commands_of_the_guide_succeed(self, guided: Guided) -> None:
        assert [run.returncode for run in guided.runs] == [0, 0], [run.stdout + run.stderr for run in guided.runs]
        assert not [write for write in guided.writes if not write.endswith((" 201", " 200", " 204"))]

    def test_everything_is_there_once(self, guided: Guided) -> None:
        assert {name: len(kept) for name, kept in guided.controller.objects.items()} == CREATED

    def test_a_second_run_changes_nothing(self, guided: Guided) -> None:
        assert guided.again.returncode == 0, guided.again.stdout
        assert "changed=0" in guided.again.stdout
        # awx.awx tells the approval its node's fields each time, and so writes without a change.
        assert {write.split("/")[3] for write in guided.written_again} <= {"workflow_approval_templates"}

    def test_no_secret_is_shown(self, guided: Guided) -> None:
        told = "".join(run.stdout + run.stderr for run in (*guided.runs, guided.again))
        assert [secret for secret in SECRETS if secret in told] == []

    def test_every_playbook_has_a_template_and_its_twin(self, guided: Guided) -> None:
        kept = guided.controller.objects["job_templates"].values()
        told = {(one["playbook"].split("/")[1], one["job_type"]) for one in kept}
        playbooks = {path.name for path in (Path(__file__).parents[3] / "playbooks").glob("*.yml") if ".meta." not in path.name}
        # What metrics.yml writes would be thrown away with the job.
        assert told == {(name, kind) for name in playbooks - {"metrics.yml"} for kind in ("run", "check")}
        assert all(one["name"].endswith(" (check)") == (one["job_type"] == "check") for one in kept)

    def test_only_what_looks_is_sliced(self, guided: Guided) -> None:
        kept = guided.controller.objects["job_templates"].values()
        assert {one["name"].removesuffix(" (check)") for one in kept if one["job_slice_count"] != 1} == SLICED

    def test_who_launches_gives_a_limit_and_the_answers_and_nothing_else(self, guided: Guided) -> None:
        kept = guided.controller.objects["job_templates"].values()
        assert {(one["ask_limit_on_launch"], one["ask_variables_on_launch"]) for one in kept} == {(True, False)}

    def test_surveys_are_those_of_the_play_argument_specs(self, guided: Guided) -> None:
        for one in guided.controller.objects["job_templates"].values():
            meta = yaml.safe_load((Path(__file__).parents[3] / one["playbook"].replace(".yml", ".meta.yml")).read_text("utf-8"))
            options = meta["argument_specs"]["main"]["options"]
            survey = guided.controller.surveys.get(one["id"])
            assert one["survey_enabled"] == (survey is not None)
            assert set(names(survey)) <= set(options) if survey else not [name for name, option in options.items() if "default" in option]

    def test_workflow_asks_before_it_acts_on_much(self, guided: Guided) -> None:
        nodes = {one["identifier"]: one for one in guided.controller.objects["workflow_job_template_nodes"].values()}
        edges = {(name, kind, other) for name, node in nodes.items() for kind in ("success", "failure", "always")
                 for other in guided.controller.related_names(node, f"{kind}_nodes")}
        assert edges == {
            ("look", "success", "recover"), ("look", "failure", "approve"), ("approve", "success", "recover"),
            ("approve", "failure", "report"), ("recover", "always", "report")}
        templates = {**guided.controller.objects["job_templates"], **guided.controller.objects["workflow_approval_templates"]}
        assert {name: templates[node["unified_job_template"]]["name"] for name, node in nodes.items()} == {
            "look": "lineops Triage (check)", "approve": "Approve the recovery", "recover": "lineops Triage", "report": "lineops Checklist"}
        assert nodes["look"]["extra_data"] == {"triage_approval": "true"}
        workflow = guided.controller.named("workflow_job_templates", "lineops Triage with approval")
        assert workflow["ask_limit_on_launch"] and names(guided.controller.surveys[workflow["id"]]) == ["lineops_confirm"]
        assert guided.controller.related_names(workflow, "notification_templates_approvals") == TOLD

    def test_jobs_that_fail_are_told(self, guided: Guided) -> None:
        for one in guided.controller.objects["job_templates"].values():
            told = guided.controller.related_names(one, "notification_templates_error")
            assert told == (TOLD if one["job_type"] == "run" else [])

    def test_mail_goes_where_the_settings_say(self, guided: Guided) -> None:
        kept = guided.controller.named("notification_templates", "lineops mail")["notification_configuration"]
        assert (kept["host"], kept["port"], kept["recipients"]) == ("mail.plant.example", 25, ["shift@plant.example"])

    def test_credential_holds_all_lines_as_text(self, guided: Guided) -> None:
        (credential,) = guided.controller.objects["credentials"].values()
        assert set(yaml.safe_load(credential["inputs"]["lineops_secrets"])) == {"line1", "line3"}
        kind = guided.controller.objects["credential_types"][credential["credential_type"]]
        assert kind["injectors"] == {"extra_vars": {"lineops_secrets": "{{ lineops_secrets }}"}}
        assert all(guided.controller.related_names(one, "credentials") == ["lineops secrets"]
                   for one in guided.controller.objects["job_templates"].values())

    def test_schedules_look_and_tell_only(self, guided: Guided) -> None:
        started = {one["name"]: guided.controller.objects["job_templates"][one["unified_job_template"]]["name"]
                   for one in guided.controller.objects["schedules"].values()}
        assert set(started.values()) == {*SLICED, "lineops Deliver"}


class TestMistakes:
    """What a person forgets or mistypes is one sentence."""

    def test_no_secrets_yet(self, configurator: Any) -> None:
        run = configurator.configure({})
        assert run.returncode == 2
        assert "AWX has no credential 'lineops secrets' yet; give the secrets of the lines with -e @FILE" in run.stdout
        assert not configurator.controller.objects["job_templates"]
