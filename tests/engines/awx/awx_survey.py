# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of the answers to a survey (SurveyJobTemplateMixin in awx/main/models/mixins.py). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NotTaken(Exception):
    """AWX does not start the job."""


def accepted(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The extra variables of a job: valid defaults, and over them the answers; NotTaken for one that AWX refuses."""
    spec = {question["variable"]: question for question in survey.get("spec", [])}
    unknown = sorted(set(answers) - set(spec))
    if unknown:
        raise NotTaken(f"Variables {', '.join(unknown)} are not allowed on launch.")
    missing = [name for name, question in spec.items() if question["required"] and name not in answers]
    wrong = [error for name, value in answers.items() if (error := _error(spec[name], value))]
    if missing or wrong:
        raise NotTaken(f"missing {missing}, wrong {wrong}")
    defaults = {name: question["default"] for name, question in spec.items()
                if "default" in question and not _error(question, question["default"])}
    return {**defaults, **answers}


def _error(question: Mapping[str, Any], value: Any) -> str:
    name, kind = question["variable"], question["type"]
    if kind in ("text", "textarea", "password"):
        return "" if isinstance(value, str) else f"Value {value} for '{name}' expected to be a string."
    if kind == "integer":
        if isinstance(value, bool) or not isinstance(value, int):
            return f"Value {value} for '{name}' expected to be an integer."
        fits = question.get("min", value) <= value <= question.get("max", value)
        return "" if fits else f"'{name}' value {value} is too small or too large."
    if kind == "multiselect":
        if not isinstance(value, list):
            return f"'{name}' value is expected to be a list."
        return next((f"Value {one} for '{name}' is none of {question['choices']}." for one in value if one not in question["choices"]), "")
    return "" if value in question["choices"] else f"Value {value} for '{name}' is none of {question['choices']}."
