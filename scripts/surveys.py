# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Survey questions for AWX from the play argument specs in playbooks/*.meta.yml. Pure.

A question is what AWX takes at .../survey_spec/ (JobTemplateSurveySpec in awx/api/views): type, question_name, variable and
required, with choices for the two kinds of choice, min and max for a number, and a default that fits the type.
"""

from __future__ import annotations

from typing import Any

Option = dict[str, Any]
Question = dict[str, Any]

#: What the name of a variable begins with and its question need not repeat.
PREFIXES = ("lineops_", "stream_recovery_", "restart_recovery_", "checklist_", "triage_")
TRUTH = ["true", "false"]


def is_asked(option: Option) -> bool:
    """A survey's answers count more than the inventory, so what the inventory decides has no default and is not asked.

    Rungs and the like may be asked for all the same: where nothing is chosen, AWX sends nothing.
    """
    return bool(option.get("required")) or "default" in option or _is_multiselect(option)


def questions(options: dict[str, Option], prefilled: dict[str, Any] | None = None) -> list[Question]:
    """The questions for a play's options, in their order; prefilled: variable -> what stands there instead of its default."""
    asked = {name: option for name, option in options.items() if is_asked(option)}
    return [_question(name, {**option, **({"default": (prefilled or {})[name]} if name in (prefilled or {}) else {})})
            for name, option in asked.items()]


def _question(name: str, option: Option) -> Question:
    return {
        "question_name": _label(name), "question_description": option["description"], "required": bool(option.get("required")),
        "variable": name, **_kind(option)}


def _label(name: str) -> str:
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix).replace("_", " ").capitalize()


def _kind(option: Option) -> dict[str, Any]:
    """Type, choices, limits and default of a question; ValueError for an option that no question can ask for."""
    kind, choices, default = option["type"], option.get("choices"), option.get("default")
    if kind == "bool":
        return {"type": "multiplechoice", "choices": TRUTH, "default": str(default).lower()}
    if kind == "int":
        return {"type": "integer", **_limits(choices), "default": default}
    if _is_multiselect(option):
        return {"type": "multiselect", "choices": choices, **({"default": "\n".join(default)} if default else {})}
    if kind == "list":
        return {"type": "text", "default": ", ".join(default)}
    if kind == "str" and choices:
        return {"type": "multiplechoice", "choices": choices, "default": default}
    if kind in ("str", "raw"):
        return {"type": "text" if kind == "str" else "textarea", "default": default or ""}
    raise ValueError(f"No question asks for an option of type {kind}: {option}")


def _is_multiselect(option: Option) -> bool:
    return option["type"] == "list" and bool(option.get("choices"))


def _limits(choices: list[int] | None) -> dict[str, int]:
    """The choices of a number are a range: an argument spec has no other way to say so."""
    if not choices:
        return {}
    if choices != list(range(choices[0], choices[-1] + 1)):
        raise ValueError(f"These choices are no range: {choices}")
    return {"min": choices[0], "max": choices[-1]}
