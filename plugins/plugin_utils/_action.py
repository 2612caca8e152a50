# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of every action plugin here: secrets are checked first, every result is scrubbed (DESIGN §3). Private."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import traceback
import typing as t
from types import ModuleType

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._module import (
    NotTold, failure_result, secrets_given,
)
from ansible_collections.lineops.runbook.plugins.module_utils._redact import scrub, secrets_in

# Ansible forks a worker for every task and host from the process that reads this. What is loaded here, none of them loads
# again: filters and tests of templates, which take longer to load than most templates to fill, and requests.
from ansible_collections.lineops.runbook.plugins.filter import runbook  # noqa: F401 pylint: disable=unused-import

try:
    import requests  # noqa: F401 pylint: disable=unused-import
except ImportError:
    requests = None

for _loader, _name in ((filter_loader, "ansible.builtin.default"), (test_loader, "ansible.builtin.defined")):
    with contextlib.suppress(KeyError):  # without a playbook, as in a unit test, nothing is forked either
        _loader.get(_name)

#: What a noun may ask of its arguments beside their spec, in constants of these names.
CONDITIONS = ("required_if", "mutually_exclusive", "required_one_of", "required_by")


class RunbookAction(ActionBase):
    """Runs a noun (a module of this collection) and lets no secret out.

    Subclasses set noun and implement act(task_vars), which returns a result or raises LineopsError.
    """

    noun: ModuleType
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the noun; Ansible masks nothing in an action plugin, so this does."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        given = secrets_given(self.noun.ARGUMENT_SPEC, self._task.args)
        secrets = secrets_in(given, self.other_secrets(variables))
        for name, value in given.items():
            if not isinstance(value, str):
                kind = value.kind if isinstance(value, NotTold) else "a text"
                raise AnsibleActionFail(f"{name} is not {kind} (its value is not shown).")
        try:
            result = self.act(variables)
        except LineopsError as error:
            result = {"failed": True, **failure_result(error)}
        except AnsibleActionFail as error:  # wrong arguments: the sentence shows values, and so would a traceback
            result = {"failed": True, "msg": str(error)}
        except Exception as error:  # a defect of ours must not show a secret either
            result = {
                "failed": True, "msg": f"Unexpected {type(error).__name__}: {error}", "exception": traceback.format_exc()}
        result.setdefault("observed_at", utc_now())
        result.setdefault("observed_from", self.vantage_point(variables))
        return scrub(result, secrets)

    def cleanup(self, force: bool = False) -> None:
        """Remove what a task left on the host; a host that went away after it had answered is no failure of that answer."""
        with contextlib.suppress(AnsibleConnectionFailure):
            super().cleanup(force)

    def other_secrets(self, task_vars: dict[str, t.Any]) -> t.Any:
        """Secrets that do not come as options."""
        return None

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work."""
        raise LineopsError("internal", f"{type(self).__name__} has no act().")

    def vantage_point(self, task_vars: dict[str, t.Any]) -> str:
        """Say where the observation is made."""
        return f"controller {socket.gethostname()}"

    def params(self, **arguments: t.Any) -> dict[str, t.Any]:
        """Validate the task's arguments against the noun's argument spec and fill in defaults.

        arguments: what counts beside, or in place of, the arguments of the task.
        """
        conditions = {name: getattr(self.noun, name.upper(), None) for name in CONDITIONS}
        validator = ArgumentSpecValidator(self.noun.ARGUMENT_SPEC, **conditions)
        checked = validator.validate({**self._task.args, **arguments})
        if checked.error_messages:
            raise AnsibleActionFail("; ".join(checked.error_messages))
        return checked.validated_parameters

    def on_host(self, task_vars: dict[str, t.Any], **arguments: t.Any) -> dict[str, t.Any]:
        """Run the noun on the host, once its arguments are known to be right; what keeps it from running is a LineopsError.

        arguments: what the noun gets beside, or in place of, the arguments of the task.
        """
        params = self.params(**arguments)
        if self._host_is_here(task_vars):
            return self._run_here(params)
        try:
            result = self._execute_module(
                module_name=f"lineops.runbook.{self.noun.__name__.rsplit('.', 1)[-1]}",
                module_args={**self._task.args, **arguments}, task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            raise _unreachable(str(error)) from error
        except AnsibleError as error:
            raise _not_run(str(error)) from error
        if result.get("unreachable"):
            raise _unreachable(str(result.get("msg", "")))
        if result.get("failed") and "failure" not in result:
            said = {name: result[name] for name in ("rc", "module_stdout", "module_stderr") if name in result}
            raise _not_run(str(result.get("msg", "")), result=said)
        return result

    def _host_is_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Say whether sending the module would only start a second Python here: same machine, user, program, environment.

        So it is where the records of a host without access are kept on the controller, and in the lab.
        """
        if self._connection.transport != "local" or self._connection.become or any(self._task.environment or []):
            return False
        delegated = task_vars.get("ansible_delegated_vars") or {}
        variables = delegated.get(self._task.delegate_to, task_vars)
        return self._templar.template(variables.get("ansible_python_interpreter")) == sys.executable

    def _run_here(self, params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Run the noun in this process, with arguments as plain as a module that is sent gets them, and as it answers."""
        plain = json.loads(json.dumps(params, default=str))
        try:
            return self.noun.run(plain, self._task.check_mode)
        except LineopsError as error:
            return {"failed": True, **failure_result(error)}
        except Exception as error:
            raise _not_run(f"{type(error).__name__}: {error}") from error


class ControllerAction(RunbookAction):
    """A noun that only needs the network: runs in the controller's process, or on the host with run_from: host."""

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the noun's own code here, about ten times faster than sending it (STYLE C3)."""
        params = self.params()
        if params.get("run_from") == "host":
            return self.on_host(task_vars)
        return self.noun.run(params, self._task.check_mode)

    def vantage_point(self, task_vars: dict[str, t.Any]) -> str:
        """Say where the call was made."""
        if self._task.args.get("run_from") == "host":
            return f"host {task_vars.get('inventory_hostname')}"
        return f"controller {self._task.args.get('controller_ip') or socket.gethostname()}"


class HostAction(RunbookAction):
    """A noun that works on the host: behind a wrapper that turns a lost connection into an answer (DESIGN §3)."""

    def act(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the module of the same name on the host."""
        return self.on_host(task_vars)

    def vantage_point(self, task_vars: dict[str, t.Any]) -> str:
        """Say which host looked."""
        return f"host {task_vars.get('inventory_hostname')}"


class RecordAction(HostAction):
    """A noun that keeps records on the host; without its option required, a failure is only told."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the noun; a run that may go on without the record must not fail for want of it."""
        result = super().run(tmp, task_vars)
        if result.get("failure"):
            params = self.params()
            result = {**self.nothing(params, result["failure"]), **result, "failed": params["required"]}
        return result

    def nothing(self, params: t.Mapping[str, t.Any], failure: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what an answer has even where nothing came of it."""
        return {}


def _unreachable(reason: str) -> LineopsError:
    return LineopsError(
        "host.unreachable", f"The host could not be reached over its connection: {_first_line(reason)}",
        "Check SSH, or set lineops_host_access: false to work over the API alone.")


def _not_run(reason: str, **details: t.Any) -> LineopsError:
    """The host was reached, but has no Python, no room for a temporary file, no right to become another user …"""
    return LineopsError(
        "host.module_not_run", f"The host was reached, but the module could not run there: {_first_line(reason)}",
        "Check Python, disk space and privileges on the host.", **details)


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""
