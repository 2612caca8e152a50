# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of GitHub Actions and GitLab CI, taken out of their files, and run as those servers run them: in a fresh checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from lab.processes import REPOSITORY

JOBS = REPOSITORY / "extensions/ci"
GITHUB = {path.stem: path for path in sorted((JOBS / "github").glob("*.yml"))}
GITLAB = JOBS / "gitlab/lineops.gitlab-ci.yml"
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_DEFAULT = re.compile(r"(\S+) \|\| '([^']*)'")


@dataclass(frozen=True)
class Job:
    """What a job runs, in which environment, and which paths it keeps."""

    script: tuple[str, ...]
    environment: dict[str, str]
    kept: tuple[str, ...]


def github(workflow: str, name: str, contexts: Mapping[str, Mapping[str, str]]) -> Job:
    """A job of a workflow; contexts: what ${{ inputs.x }}, ${{ secrets.x }}, ${{ vars.x }} and ${{ matrix.x }} are."""
    whole = yaml.safe_load(GITHUB[workflow].read_text(encoding="utf-8"))
    job = whole["jobs"][name]

    def told(value: Any) -> str:
        return _EXPRESSION.sub(lambda found: _value(found[1], contexts), str(value))

    steps = job["steps"]
    assert [step["uses"].partition("@")[0] for step in steps if "uses" in step] == ["actions/checkout", "actions/upload-artifact"]
    script = [step["run"] for step in steps if "run" in step]
    assert not any(_EXPRESSION.search(line) for line in script), "what somebody types must not become part of a command"
    environment = {key: told(value) for key, value in {**whole.get("env", {}), **job.get("env", {})}.items()}
    kept = [told(step["with"]["path"]) for step in steps if "upload-artifact" in step.get("uses", "")]
    return Job(tuple(script), {**environment, "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "9051"}, tuple(kept))


def _value(expression: str, contexts: Mapping[str, Mapping[str, str]]) -> str:
    default = _DEFAULT.fullmatch(expression)
    context, dummy, key = (default[1] if default else expression).partition(".")
    value = contexts[context].get(key, "")
    return value or (default[2] if default else "")


def gitlab(name: str, variables: Mapping[str, str]) -> Job:
    """A job of the pipeline; variables: of the project and of who started it, which outrank those of the file."""
    whole = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    job = {**whole[".lineops"], **whole[name]}
    assert job["extends"] == ".lineops"
    own = {key: str(value["value"] if isinstance(value, dict) else value) for key, value in whole["variables"].items()}
    artifacts = job["artifacts"]
    kept = (*artifacts["paths"], artifacts["reports"]["junit"])
    return Job(tuple(job["script"]), {**own, **variables, "GITLAB_CI": "true", "CI_JOB_ID": "77"}, kept)


def lines_of(job: Job) -> Iterator[list[str]]:
    """The commands as the servers' shells run them."""
    for line in job.script:
        yield ["bash", "-eo", "pipefail", "-c", line]
