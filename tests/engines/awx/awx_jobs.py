# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a job template as AWX does: by ansible-runner, in a private folder that is thrown away, from what the controller keeps.

Sources: awx/main/tasks/jobs.py (files, arguments, environment), awx/main/models/mixins.py (survey),
awx/main/models/credential (injectors), awx/main/utils/safe_yaml.py (extra variables).
"""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from awx_survey import accepted
from controller import Controller
from jinja2.sandbox import ImmutableSandboxedEnvironment

LIMIT_S = 900.0


class _Unsafe(yaml.SafeDumper):
    """Every text of an extra variable is one that Ansible must not template."""

    def represent_data(self, data: Any) -> Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


@dataclass(frozen=True)
class Job:
    """A job that has ended: what AWX keeps of it."""

    template: str
    number: int
    rc: int
    events: list[dict[str, Any]]
    text: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of its events of one kind."""
        return [event["event_data"] for event in self.events if event["event"] == kind]

    @property
    def stats(self) -> dict[str, Any]:
        """playbook_on_stats: the last event, and there is one."""
        (found,) = self.of("playbook_on_stats")
        return found

    @property
    def artifacts(self) -> dict[str, Any]:
        """What set_stats handed over."""
        return self.stats["artifact_data"]

    @property
    def outcomes(self) -> dict[str, Any]:
        """The outcome of every host."""
        return self.artifacts["lineops"]

    @property
    def results(self) -> dict[str, str]:
        """host -> result."""
        return {host: outcome["result"] for host, outcome in self.outcomes.items()}


class Awx:
    """Starts the job templates of a controller on an inventory, from a clone of the repository."""

    def __init__(self, controller: Controller, clone: Path, inventory: dict[str, Any], folder: Path) -> None:
        self._controller, self._clone, self._inventory, self._folder = controller, clone, inventory, folder
        self._numbers = itertools.count(7001)

    def launch(
        self, name: str, *, limit: str = "", answers: Mapping[str, Any] | None = None, unchecked: Mapping[str, Any] | None = None,
        with_credentials: bool = True,
    ) -> Job:
        """Start a job template and wait for its end.

        answers: to its survey; unchecked: extra variables beside them, the artifacts of the job before it in a workflow, or what a
        changed survey lets by.
        """
        template = self._controller.named("job_templates", name)
        number = next(self._numbers)
        private = self._folder / f"awx_{number}"
        shutil.copytree(self._clone, private / "project", symlinks=True, copy_function=os.link)
        for part in ("env", "inventory", "home"):
            (private / part).mkdir()
        self._write_inventory(private)
        given = {**self._meta(template, number), **json.loads(template.get("extra_vars") or "{}"),
                 **accepted(self._controller.surveys.get(template["id"], {}), answers or {}), **(unchecked or {})}
        (private / "env/extravars").write_text(_dumped(given), encoding="utf-8")
        words = ["-u", "root", *(["--check"] if template["job_type"] == "check" else []), "--forks", str(template["forks"])]
        limit = limit or template.get("limit", "")
        words += ["-l", limit] if limit else []
        words += self._inject(template, private) if with_credentials else []
        try:
            return self._run(private, number, template, words)
        finally:
            shutil.rmtree(private)

    def _run(self, private: Path, number: int, template: Mapping[str, Any], words: list[str]) -> Job:
        command = [sys.executable, "-m", "ansible_runner", "run", str(private), "-p", template["playbook"], "-i", str(number),
                   "--cmdline", shlex.join(words)]
        run = subprocess.run(command, env=_environment(private, number), cwd=private, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        kept = private / "artifacts" / str(number)
        events = [json.loads(path.read_text(encoding="utf-8")) for path in (kept / "job_events").glob("*.json")]
        in_order = sorted(events, key=lambda event: event["counter"])
        return Job(template["name"], number, run.returncode, in_order, (kept / "stdout").read_text("utf-8") + run.stderr)

    def _write_inventory(self, private: Path) -> None:
        """AWX writes a program that prints the inventory with all variables of groups and hosts."""
        path = private / "inventory/hosts"
        path.write_text(f"#! {sys.executable}\nprint({json.dumps(self._inventory)!r})\n", encoding="utf-8")
        path.chmod(0o700)

    def _meta(self, template: Mapping[str, Any], number: int) -> dict[str, Any]:
        named = {"job_id": number, "job_launch_type": "manual", "job_template_id": template["id"], "job_template_name": template["name"],
                 "user_name": "operator", "inventory_name": "lineops plant", "project_revision": "0" * 40}  # fmt: skip
        return {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in named.items()}

    def _inject(self, template: Mapping[str, Any], private: Path) -> list[str]:
        """A file of extra variables for each credential, made by the injectors of its type."""
        words = []
        for name in self._controller.related_names(template, "credentials"):
            credential = self._controller.named("credentials", name)
            injectors = self._controller.objects["credential_types"][credential["credential_type"]]["injectors"]["extra_vars"]
            sandbox = ImmutableSandboxedEnvironment()
            made = {key: sandbox.from_string(text).render(**credential["inputs"]) for key, text in injectors.items()}
            path = private / f"env/{credential['id']}"
            path.write_text(_dumped(made), encoding="utf-8")
            words += ["-e", f"@{path}"]
        return words


def _dumped(variables: Mapping[str, Any]) -> str:
    return "".join(yaml.dump({name: value}, Dumper=_Unsafe, default_flow_style=False) for name, value in variables.items())


def _environment(private: Path, number: int) -> dict[str, str]:
    """What AWX sets; nothing of who runs the tests but the programs of this environment."""
    home = private / "home"
    collections = f"{private}/requirements_collections:{home}/.ansible/collections:/usr/share/ansible/collections"
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]), "HOME": str(home),
        "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_ROLES_PATH": f"{private}/requirements_roles:{home}/.ansible/roles", "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "AWX_PRIVATE_DATA_DIR": str(private), "JOB_ID": str(number), "MAX_EVENT_RES": "700000",
    }  # fmt: skip
