# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CI jobs of extensions/ci: their own command lines, run in a fresh checkout against the lab, and what they keep."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jobs import GITHUB, GITLAB, Job, github, gitlab, lines_of
from plants import PlantLab
from test_play_installed import clone_to

from lab import inventory

LINE, BROKEN, OTHER = "line1", "line1-hmi1", "line1-hmi2"
PASSWORD = "vault-canary"
LIMIT_S = 900


@dataclass(frozen=True)
class Ended:
    """A job that has ended: exit status, what it printed, and what it kept."""

    code: int
    out: str
    kept: Path

    def result(self) -> dict[str, Any]:
        """How each host ended."""
        return json.loads((self.kept / "result/result.json").read_text("utf-8"))["hosts"]

    def cases(self) -> dict[str, bool]:
        """Test case -> has it passed?"""
        found = xml.parse(self.kept / "result/junit.xml").getroot().iter("testcase")
        return {str(case.get("name")): case.find("failure") is None for case in found}

    def journal(self) -> list[dict[str, Any]]:
        """The excerpt of the journals."""
        return [json.loads(line) for line in (self.kept / "result/journal.jsonl").read_text("utf-8").splitlines()]


class Server:
    """A CI server: a checkout for each job, and a Python environment that its runner keeps."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab, self._number = lab, 0
        self.venv = lab.base / "venv"

    def run(self, job: Job) -> Ended:
        """Run a job's commands in a checkout of its own."""
        self._number += 1
        tree = self.lab.base / f"checkout{self._number}"
        clone_to(tree)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.lab.base / f"job{self._number}"), "LC_ALL": "C.UTF-8",
                       "LINEOPS_VENV": str(self.venv), **job.environment}
        for line in lines_of(job):
            done = subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        secrets = {*self.lab.secrets(), PASSWORD}
        texts = [done.stdout + done.stderr, *(path.read_text("utf-8", "replace") for path in tree.glob("lineops-artifacts/**/*") if path.is_file())]
        assert not any(secret in text for secret in secrets for text in texts)
        assert done.returncode not in (0, 2) or all((tree / path).exists() for path in job.kept)
        return Ended(done.returncode, done.stdout + done.stderr, tree / "lineops-artifacts")


@pytest.fixture(scope="class")
def server(new_lab) -> Server:
    return Server(new_lab(1, 2))


@pytest.fixture(scope="class")
def open_inventory(server: Server) -> Path:
    """The plant's inventory without secrets: these come in the job's environment."""
    folder = server.lab.variant(lambda groups, secrets: None)
    (folder / "group_vars/all/secrets.yml").unlink()
    return folder


@pytest.fixture(scope="class")
def vault_inventory(server: Server) -> Path:
    """The plant's inventory with its secrets encrypted."""
    folder = server.lab.variant(lambda groups, secrets: None)
    password = server.lab.base / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    subprocess.run(
        [Path(sys.executable).parent / "ansible-vault", "encrypt", "--vault-password-file", password, folder / "group_vars/all/secrets.yml"],
        check=True, capture_output=True)
    return folder


class TestJobs:
    """In the order in which a plant meets them: well, broken, planned, healed."""

    def secrets(self, server: Server) -> str:
        """What the project's secret holds."""
        return yaml.safe_dump(inventory.secrets_data(server.lab.plant))

    def recovery(self, server: Server, inventory: Path, job: str, limit: str = LINE, **secrets: str) -> Job:
        """A job of the recovery workflow, started by hand."""
        return github("lineops-recovery", job, {
            "vars": {"LINEOPS_INVENTORY": str(inventory)}, "inputs": {"limit": limit, "playbook": "playbook_b_plc"},
            "secrets": secrets})

    def test_scheduled_checklist_of_a_line(self, server: Server, open_inventory: Path) -> None:
        """The first job: its environment is made from PyPI, with what requirements.txt names."""
        ended = server.run(github("lineops-checklist", "checklist", {
            "vars": {"LINEOPS_INVENTORY": str(open_inventory)}, "matrix": {"line": LINE},
            "secrets": {"LINEOPS_SECRETS": self.secrets(server)}}))
        assert ended.code == 0, ended.out[-3000:]
        assert ended.cases() == {BROKEN: True, OTHER: True}
        assert list((ended.kept / "report").glob("*.html"))

    def test_checklist_is_red_where_a_line_is_in_trouble(self, server: Server, vault_inventory: Path) -> None:
        server.lab.fault(BROKEN, "route-removed")
        ended = server.run(gitlab("checklist", {
            "LINE": LINE, "LINEOPS_INVENTORY": str(vault_inventory), "LINEOPS_VAULT_PASSWORD": PASSWORD}))
        assert (ended.code, ended.cases()) == (2, {BROKEN: False, OTHER: True}), ended.out[-3000:]

    def test_plan_changes_nothing_and_is_kept(self, server: Server, open_inventory: Path) -> None:
        before = server.lab.settings(BROKEN)
        ended = server.run(self.recovery(server, open_inventory, "plan", LINEOPS_SECRETS=self.secrets(server)))
        assert (ended.code, ended.result()[BROKEN]["result"]) == (0, "PLANNED"), ended.out[-3000:]
        assert ended.cases() == {BROKEN: True, OTHER: True} and server.lab.settings(BROKEN) == before

    def test_recovery_heals_and_keeps_report_junit_and_journal(self, server: Server, open_inventory: Path) -> None:
        ended = server.run(self.recovery(server, open_inventory, "recover", LINEOPS_SECRETS=self.secrets(server)))
        assert (ended.code, ended.result()[BROKEN]["result"]) == (0, "HEALED"), ended.out[-3000:]
        assert server.lab.ask(BROKEN, "routes") and list((ended.kept / "report").glob("*.html"))
        entries = [entry for entry in ended.journal() if entry["host"] == BROKEN]
        assert [entry["event"] for entry in entries][-1] == "healed" and {entry["runner"] for entry in entries} == {"ci-github-9051"}

    def test_gitlab_plans_and_heals_with_a_vault(self, server: Server, vault_inventory: Path) -> None:
        server.lab.fault(BROKEN, "plc-disconnected")
        given = {"LINEOPS_PLAYBOOK": "playbook_b_plc", "LINEOPS_LIMIT": LINE, "LINEOPS_INVENTORY": str(vault_inventory),
                 "LINEOPS_VAULT_PASSWORD": PASSWORD}
        planned, healed = (server.run(gitlab(name, given)) for name in ("plan", "recover"))
        assert (planned.code, planned.result()[BROKEN]["result"]) == (0, "PLANNED"), planned.out[-3000:]
        assert (healed.code, healed.result()[BROKEN]["result"]) == (0, "HEALED"), healed.out[-3000:]
        assert healed.journal()[-1]["runner"] == "ci-gitlab-77"

    @pytest.mark.parametrize("limit, secrets, says", [
        ("", True, "This job has no limit: it would be for all 2 hosts"),
        (LINE, False, "lineops_secrets is missing or not a mapping"),
        ("line9", True, "no hosts to target"), ("line1; touch lineops-artifacts", True, "no hosts to target"),
    ])  # fmt: skip
    def test_wrong_input_is_one_sentence_and_touches_no_host(
        self, server: Server, open_inventory: Path, limit: str, secrets: bool, says: str
    ) -> None:
        before = {host: server.lab.calls(host) for host in (BROKEN, OTHER)}
        given = {"LINEOPS_SECRETS": self.secrets(server)} if secrets else {}
        ended = server.run(self.recovery(server, open_inventory, "recover", limit, **given))
        assert ended.code in (1, 2) and says in ended.out, ended.out[-3000:]
        assert not ended.kept.is_file()  # what was typed is no command
        assert {host: server.lab.calls(host) for host in (BROKEN, OTHER)} == before

    def test_a_playbook_that_does_not_exist_is_one_sentence(self, server: Server, open_inventory: Path) -> None:
        ended = server.run(gitlab("recover", {"LINEOPS_PLAYBOOK": "../x", "LINEOPS_LIMIT": LINE, "LINEOPS_INVENTORY": str(open_inventory)}))
        assert ended.code == 64 and ended.out.count("\n") == 1 and "There is no playbook ../x" in ended.out


@pytest.mark.parametrize(("schema", "paths"), [
    ("vendor.github-workflows", list(GITHUB.values())), ("vendor.gitlab-ci", [GITLAB])])
def test_the_servers_understand_the_files(schema: str, paths: list[Path]) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", schema, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_one_recovery_of_a_line_at_a_time() -> None:
    recovery = yaml.safe_load(GITHUB["lineops-recovery"].read_text("utf-8"))
    assert recovery["concurrency"] == {"group": "lineops-recovery-${{ inputs.limit }}", "cancel-in-progress": False}
    assert yaml.safe_load(GITLAB.read_text("utf-8"))["recover"]["resource_group"] == "lineops-recovery-$LINEOPS_LIMIT"
