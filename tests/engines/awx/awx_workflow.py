# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a workflow of the controller from node to node, as AWX does (awx/main/models/workflow.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from awx_jobs import Awx, Job
from awx_survey import accepted
from controller import Controller

Node = Mapping[str, Any]
ENDINGS = ("success", "failure", "always")


def follow(controller: Controller, awx: Awx, name: str, *, limit: str) -> dict[str, Job | None]:
    """Start a workflow that has one first node; whoever is asked approves (None). Node -> its job, in their order.

    What a job hands over are variables of those after it (get_ancestor_artifacts).
    """
    workflow = controller.named("workflow_job_templates", name)
    nodes = {one["identifier"]: one for one in controller.objects["workflow_job_template_nodes"].values()
             if one["workflow_job_template"] == workflow["id"]}
    answers = accepted(controller.surveys[workflow["id"]], {})
    done: dict[str, Job | None] = {}
    artifacts: dict[str, Any] = {}
    pending = [first for first in nodes if not any(first in _after(controller, one, ENDINGS) for one in nodes.values())]
    assert len(pending) == 1
    while pending:
        node = nodes[pending.pop()]
        template = controller.objects["job_templates"].get(node["unified_job_template"])
        job = _start(controller, awx, template, node, limit, answers, artifacts) if template else None
        done[node["identifier"]] = job
        artifacts |= job.artifacts if job else {}
        pending += _after(controller, node, ("failure" if job and job.rc else "success", "always"))
    return done


def _start(
    controller: Controller, awx: Awx, template: Node, node: Node, limit: str, answers: Mapping[str, Any], artifacts: Mapping[str, Any],
) -> Job:
    """Launch a node's template: of the workflow's answers it gets those that its own survey asks for."""
    asked = {question["variable"] for question in controller.surveys.get(template["id"], {}).get("spec", [])}
    given = {**{name: answer for name, answer in answers.items() if name in asked}, **node.get("extra_data", {})}
    return awx.launch(template["name"], limit=limit, answers=given, unchecked=artifacts)


def _after(controller: Controller, node: Node, endings: tuple[str, ...]) -> list[str]:
    return [other for ending in endings for other in controller.related_names(node, f"{ending}_nodes")]
