# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module of this collection runs: its argument spec, its run function, one way to fail. Private."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule

from ._errors import LineopsError
from ._redact import scrub, secrets_in


def run_as_module(run: t.Callable[[t.Mapping[str, t.Any], bool], dict[str, t.Any]], **spec: t.Any) -> t.NoReturn:
    """Run a noun on the host: parse arguments, call run(params, check_mode), exit or fail with one sentence.

    spec: arguments for AnsibleModule (argument_spec, required_if …).
    """
    module = AnsibleModule(supports_check_mode=True, **spec)
    secrets = secrets_in(secrets_given(spec["argument_spec"], module.params))
    try:
        result = run(module.params, module.check_mode)
    except LineopsError as error:
        module.fail_json(**scrub(failure_result(error), secrets))
    module.exit_json(**scrub(result, secrets))


def failure_result(error: LineopsError) -> dict[str, t.Any]:
    """Return what a failed task says: the sentence, the structured failure, and what was reached before it."""
    hint = f" {error.hint}" if error.hint else ""
    return {"msg": f"{error.message}{hint}", "failure": error.as_failure(), **error.details.get("result", {})}


class NotTold(list):
    """What was given where something else with secrets is expected; kind says what."""

    def __init__(self, value: t.Any, kind: str) -> None:
        super().__init__([value])
        self.kind = kind


def secrets_given(spec: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any], where: str = "") -> dict[str, t.Any]:
    """Return the values given for options that hold secrets, also inside suboptions, by name: "targets[0].admin_key".

    Where suboptions with secrets are given as something else than mappings, all of it may be secret: it is a value too.
    """
    values = {}
    for name, option in spec.items():
        value = given.get(name)
        suboptions = option.get("options") or {}
        if option.get("no_log") is True and value is not None:
            values.update(_texts(f"{where}{name}", value, option))
        elif value is None or not _holds_secrets(suboptions):
            continue
        elif isinstance(value, Mapping):
            values.update(secrets_given(suboptions, value, f"{where}{name}."))
        elif isinstance(value, (list, tuple)) and all(isinstance(item, Mapping) for item in value):
            for index, item in enumerate(value):
                values.update(secrets_given(suboptions, item, f"{where}{name}[{index}]."))
        else:
            values[f"{where}{name}"] = NotTold(value, "made of mappings")
    return values


def _texts(name: str, value: t.Any, option: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the secrets of one option: one text, or each of a list of them."""
    if option.get("type") != "list":
        return {name: value}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return {f"{name}[{index}]": item for index, item in enumerate(value)}
    return {name: NotTold(value, "a list of texts")}


def _holds_secrets(options: t.Mapping[str, t.Any]) -> bool:
    return any(
        option.get("no_log") is True or _holds_secrets(option.get("options") or {}) for option in options.values())
