# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields the controller's API takes at which endpoint, of those that awx.awx 24.6.1 sends (its plugins/modules/*.py).

A field is a type, the values it may have, or a Ref to an object of another endpoint. The real API passes over a field that
it does not know; the stub does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ref:
    """The id of an object of one of these endpoints."""

    endpoints: tuple[str, ...]


@dataclass(frozen=True)
class Endpoint:
    """What an endpoint takes: its fields, those that must be there, lists of other objects, and checks of the whole."""

    type: str
    fields: Mapping[str, Any]
    required: tuple[str, ...] = ("name",)
    associations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


TEXT, NUMBER, FLAG, MAPPING = (str,), (int,), (bool,), (dict,)
ORGANIZATION, INVENTORY = Ref(("organizations",)), Ref(("inventories",))
ENVIRONMENT, PROJECT = Ref(("execution_environments",)), Ref(("projects",))
#: What a schedule or a node of a workflow may start.
STARTED = ("job_templates", "workflow_job_templates", "projects", "inventory_sources")
NOTIFIED = {f"notification_templates_{moment}": ("notification_templates",) for moment in ("started", "success", "error")}
NODES = {f"{ending}_nodes": ("workflow_job_template_nodes",) for ending in ("success", "failure", "always")}


def json_text(value: Any) -> str:
    """What is wrong with a text that must be a JSON mapping."""
    try:
        return "" if value == "" or isinstance(json.loads(value), dict) else "is no mapping"
    except (TypeError, ValueError):
        return "is no JSON"


def rrule(value: Any) -> str:
    """What is wrong with a rule of a schedule (awx/main/models/schedules.py, validate_rrule)."""
    form = r"DTSTART(;TZID=[\w/+-]+)?:\d{8}T\d{6}Z? RRULE:(?=.*FREQ=(MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY))(?=.*INTERVAL=\d+)[A-Z0-9=;,]+"
    return "" if isinstance(value, str) and re.fullmatch(form, value) else "is no rule with DTSTART, FREQ and INTERVAL"


Check = Callable[[Any], str]
PROMPTS = {"limit": TEXT, "extra_data": MAPPING, "inventory": INVENTORY, "job_type": {"run", "check"}, "scm_branch": TEXT, "verbosity": NUMBER}
ENDPOINTS = {
    "organizations": Endpoint("organization", {"name": TEXT, "description": TEXT, "max_hosts": NUMBER}),
    "execution_environments": Endpoint(
        "execution_environment", {"name": TEXT, "description": TEXT, "image": TEXT, "pull": {"always", "missing", "never"},
                                  "organization": ORGANIZATION, "credential": Ref(("credentials",))}, ("name", "image")),
    "credential_types": Endpoint(
        "credential_type", {"name": TEXT, "description": TEXT, "kind": {"cloud", "net"}, "inputs": MAPPING, "injectors": MAPPING,
                            "managed": {False}},
        ("name", "kind")),
    "credentials": Endpoint(
        "credential", {"name": TEXT, "description": TEXT, "organization": ORGANIZATION, "credential_type": Ref(("credential_types",)),
                       "inputs": MAPPING}, ("name", "credential_type")),
    "projects": Endpoint(
        "project", {"name": TEXT, "description": TEXT, "organization": ORGANIZATION, "scm_type": {"git", "svn", "archive", ""},
                    "scm_url": TEXT, "scm_branch": TEXT, "scm_update_on_launch": FLAG, "default_environment": ENVIRONMENT,
                    "allow_override": FLAG}),
    "inventories": Endpoint("inventory", {"name": TEXT, "description": TEXT, "organization": ORGANIZATION, "kind": {""},
                                          "host_filter": {None}}, ("name", "organization")),
    "inventory_sources": Endpoint(
        "inventory_source", {"name": TEXT, "description": TEXT, "inventory": INVENTORY, "source": {"scm"}, "source_project": PROJECT,
                             "source_path": TEXT, "overwrite": FLAG, "overwrite_vars": FLAG, "update_on_launch": FLAG},
        ("name", "inventory", "source")),
    "notification_templates": Endpoint(
        "notification_template", {"name": TEXT, "description": TEXT, "organization": ORGANIZATION,
                                  "notification_type": {"webhook", "email"}, "notification_configuration": MAPPING},
        ("name", "organization", "notification_type")),
    "job_templates": Endpoint(
        "job_template", {"name": TEXT, "description": TEXT, "organization": ORGANIZATION, "project": PROJECT, "playbook": TEXT,
                         "job_type": {"run", "check"}, "inventory": INVENTORY, "execution_environment": ENVIRONMENT, "forks": NUMBER,
                         "limit": TEXT, "extra_vars": json_text, "ask_limit_on_launch": FLAG, "ask_variables_on_launch": FLAG,
                         "job_slice_count": NUMBER, "allow_simultaneous": FLAG, "survey_enabled": FLAG},
        ("name", "project", "playbook", "job_type", "inventory"), {"credentials": ("credentials",), **NOTIFIED}),
    "workflow_job_templates": Endpoint(
        "workflow_job_template", {"name": TEXT, "description": TEXT, "organization": ORGANIZATION, "inventory": INVENTORY, "limit": TEXT,
                                  "extra_vars": json_text, "ask_limit_on_launch": FLAG, "ask_variables_on_launch": FLAG,
                                  "allow_simultaneous": FLAG, "survey_enabled": FLAG},
        associations={**NOTIFIED, "notification_templates_approvals": ("notification_templates",)}),
    "workflow_job_template_nodes": Endpoint(
        "workflow_job_template_node", {"identifier": TEXT, "workflow_job_template": Ref(("workflow_job_templates",)),
                                       "unified_job_template": Ref(STARTED), "all_parents_must_converge": FLAG, **PROMPTS},
        ("identifier", "workflow_job_template"), {**NODES, "credentials": ("credentials",)}),
    # awx.awx sends the fields of the node, too, and the real API passes over them.
    "workflow_approval_templates": Endpoint(
        "workflow_approval_template", {"name": TEXT, "description": TEXT, "timeout": NUMBER, "identifier": TEXT,
                                       "workflow_job_template": NUMBER}),
    "schedules": Endpoint(
        "schedule", {"name": TEXT, "description": TEXT, "unified_job_template": Ref(STARTED), "rrule": rrule, "enabled": FLAG, **PROMPTS},
        ("name", "unified_job_template", "rrule")),
}  # fmt: skip
