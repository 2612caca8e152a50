# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module of this collection runs: its argument spec, its run function, one way to fail. Private."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._errors import LineopsError
from ._redact import scrub, secrets_in


def run_as_module(run: t.Callable[[t.Mapping[str, t.Any], bool], dict[str, t.Any]], **spec: t.Any) -> t.NoReturn:
    """Run a noun on the host: parse arguments, call run(params, check_mode), exit or fail with one sentence.

    spec: arguments for AnsibleModule (argument_spec, required_if …).
    """
    module = AnsibleModule(supports_check_mode=True, **spec)
    secrets = secrets_in({name: module.params[name] for name in secret_options(spec["argument_spec"])})
    try:
        result = run(module.params, module.check_mode)
    except LineopsError as error:
        module.fail_json(**scrub(failure_result(error), secrets))
    module.exit_json(**scrub(result, secrets))


def failure_result(error: LineopsError) -> dict[str, t.Any]:
    """Return what a failed task says: the sentence, the structured failure, and what was reached before it."""
    hint = f" {error.hint}" if error.hint else ""
    return {"msg": f"{error.message}{hint}", "failure": error.as_failure(), **error.details.get("result", {})}


def secret_options(argument_spec: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """Return the names of the options that hold secrets."""
    return [name for name, option in argument_spec.items() if option.get("no_log") is True]
