# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller's API would not take of an object or a survey. Pure, but for a look into the project's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller_fields import ENDPOINTS, PROMPTS, STARTED, Ref

Object = Mapping[str, Any]

#: What a notification must be told, by its kind (awx/main/notifications/, init_parameters).
CONFIGURATION = {
    "webhook": {"url", "http_method", "headers", "disable_ssl_verification", "username", "password"},
    "email": {"host", "port", "username", "password", "use_tls", "use_ssl", "sender", "recipients", "timeout"},
}
QUESTION_TYPES = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int, "float": float}


def survey_error(spec: Mapping[str, Any]) -> str:
    """What is wrong with a survey, as the API sees it (awx/api/views, JobTemplateSurveySpec); "" for nothing."""
    wrong = [name for name, kind in (("name", str), ("description", str), ("spec", list)) if not isinstance(spec.get(name), kind)]
    if wrong or not spec["spec"]:
        return f"missing or wrong: {wrong or 'no question'}"
    names = [question.get("variable") for question in spec["spec"]]
    if len(names) != len(set(names)):
        return f"a variable twice: {names}"
    return next((error for question in spec["spec"] if (error := _question_error(question))), "")


def _question_error(question: Mapping[str, Any]) -> str:
    wanted = {"type": str, "question_name": str, "variable": str, "required": bool}
    wrong = [name for name, kind in wanted.items() if not isinstance(question.get(name), kind)]
    known = {*wanted, "question_description", "choices", "min", "max", "default"}
    if wrong or set(question) - known:
        return f"{question.get('variable')}: missing or wrong {wrong}, unknown {set(question) - known}"
    kind, default = QUESTION_TYPES.get(question["type"]), question.get("default", "")
    if kind is None or default != "" and (isinstance(default, bool) or not isinstance(default, kind)):
        return f"{question['variable']}: type {question['type']} with default {default!r}"
    if question["type"] in ("multiplechoice", "multiselect"):
        chosen = [choice for choice in str(default).splitlines() if choice]
        if not question.get("choices") or set(chosen) - set(question["choices"]):
            return f"{question['variable']}: default {chosen} is none of {question.get('choices')}"
    if any(not isinstance(question.get(limit, 0), int) for limit in ("min", "max")):
        return f"{question['variable']}: limits {question.get('min')!r}, {question.get('max')!r}"
    return ""


@dataclass(frozen=True)
class Known:
    """What an object may refer to: endpoint -> id -> object, surveys by the id of their template, and the project's folder."""

    objects: Mapping[str, Mapping[int, Object]]
    surveys: Mapping[int, Object]
    project: Path


def errors(endpoint: str, whole: Object, given: Object, known: Known) -> list[str]:
    """What is wrong with an object; given is what of it was sent."""
    rules = ENDPOINTS[endpoint]
    wrong = [f"{name}: unknown field" for name in given if name not in rules.fields]
    wrong += [f"{name}: required" for name in rules.required if whole.get(name) in (None, "")]
    wrong += [f"{name}: {error}" for name, value in given.items()
              if name in rules.fields and (error := _field_error(rules.fields[name], value, known))]
    return wrong or _errors_of_the_whole(endpoint, whole, known)


def _field_error(rule: Any, value: Any, known: Known) -> str:
    if isinstance(rule, Ref):
        return "" if any(value in known.objects[endpoint] for endpoint in rule.endpoints) else f"{value!r} is none of {rule.endpoints}"
    if isinstance(rule, set):
        return "" if value in rule else f"{value!r} is none of {rule}"
    if callable(rule):
        return rule(value)
    return "" if type(value) in rule else f"{value!r} is no {rule[0].__name__}"


def _errors_of_the_whole(endpoint: str, whole: Object, known: Known) -> list[str]:
    if endpoint == "job_templates" and not (known.project / whole["playbook"]).is_file():
        return ["playbook: not found in the project"]
    if endpoint == "inventory_sources" and not (known.project / whole.get("source_path", "")).exists():
        return ["source_path: not found in the project"]
    if endpoint == "notification_templates":
        differ = CONFIGURATION[whole["notification_type"]] ^ set(whole.get("notification_configuration", {}))
        return [f"notification_configuration: missing or unknown {differ}"] if differ else []
    if endpoint == "credentials":
        return _credential_errors(whole, known)
    return _prompt_errors(whole, known) if "unified_job_template" in whole else []


def _credential_errors(whole: Object, known: Known) -> list[str]:
    inputs = known.objects["credential_types"][whole["credential_type"]].get("inputs", {})
    missing = set(inputs.get("required", [])) - set(whole.get("inputs", {}))
    unknown = set(whole.get("inputs", {})) - {one["id"] for one in inputs.get("fields", [])}
    return [f"inputs: missing {missing}, unknown {unknown}"] if missing or unknown else []


def _prompt_errors(whole: Object, known: Known) -> list[str]:
    """A schedule and a node may only say what their template asks for on launch."""
    number = whole["unified_job_template"]
    started: Object = next((known.objects[name][number] for name in STARTED if number in known.objects[name]), {})
    asked = {question["variable"] for question in known.surveys.get(number, {}).get("spec", [])}
    unasked = set() if started.get("ask_variables_on_launch") else set(whole.get("extra_data") or {}) - asked
    prompts = {name for name in PROMPTS if name != "extra_data" and whole.get(name) and not started.get(f"ask_{name}_on_launch")}
    return [f"the template does not ask for {sorted(unasked | prompts)}"] if unasked or prompts else []
