# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all action plugins, on a noun made here: whatever it does, no secret gets out."""

from __future__ import annotations

import sys
import typing as t
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.plugin_utils._action import ControllerAction, HostAction

CANARY = "canary-of-a-secret"
SPEC = {
    "operator_key": {"type": "str", "no_log": True}, "number": {"type": "int", "default": 5},
    "run_from": {"type": "str", "choices": ["controller", "host"], "default": "controller"},
}  # fmt: skip


def action(
    kind: type[ControllerAction | HostAction], run: t.Any, check_mode: bool = False, transport: str = "ssh",
    become: t.Any = None,
    delegate_to: str | None = None, environment: t.Any = None, **arguments: t.Any,
) -> t.Any:  # fmt: skip
    """An action plugin as Ansible makes it, with a noun whose run() is given, or what sending the module gives."""
    noun = SimpleNamespace(ARGUMENT_SPEC=SPEC, run=run, __name__="a.b.noun")
    made = type("ActionModule", (kind,), {"noun": noun, "_execute_module": lambda self, **options: run(**options)})
    given_task = SimpleNamespace(
        args=arguments, check_mode=check_mode, async_val=0, diff=False, delegate_to=delegate_to, environment=environment
    )  # fmt: skip
    shell = SimpleNamespace(tmpdir="/nonexistent")
    connection = SimpleNamespace(
        tmpdir="/nonexistent", has_pipelining=True, _shell=shell, transport=transport, become=become
    )
    templar = SimpleNamespace(template=lambda value: {"{{ python }}": sys.executable}.get(value, value))
    return made(given_task, connection, SimpleNamespace(), None, templar, None)


def result_of(kind: t.Any, run: t.Any, **arguments: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", action(kind, run, **arguments).run(task_vars={"inventory_hostname": "h1"}))


def raising(error: BaseException) -> t.Callable[..., t.Any]:
    def run(*dummy: t.Any, **options: t.Any) -> t.Any:
        raise error

    return run


@pytest.mark.parametrize("check_mode", [False, True])
def test_noun_gets_checked_arguments_defaults_and_check_mode(check_mode: bool) -> None:
    seen: list[t.Any] = []
    result_of(
        ControllerAction,
        lambda params, check: seen.append((params, check)) or {},
        check_mode=check_mode,
        operator_key=CANARY,
        number="7",
    )
    assert seen == [({"operator_key": CANARY, "number": 7, "run_from": "controller"}, check_mode)]


def test_result_says_when_and_from_where_unless_the_noun_knows_better() -> None:
    result = result_of(ControllerAction, lambda params, check: {"changed": False})
    assert result["observed_from"].startswith("controller ") and result["observed_at"].endswith("Z")
    own = {"observed_from": "elsewhere", "observed_at": "then"}
    assert result_of(ControllerAction, lambda params, check: dict(own)) == own
    assert result_of(HostAction, lambda **options: {})["observed_from"] == "host h1"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            LineopsError("x.y", f"It said {CANARY}.", f"Not {CANARY}.", result={"calls": [CANARY]}),
            "It said ***. Not ***.",
        ),
        (ValueError(f"bad {CANARY}"), "Unexpected ValueError: bad ***"),
        (KeyError(CANARY), "Unexpected KeyError: '***'"),
        (AnsibleActionFail(f"wrong {CANARY}"), "wrong ***"),
    ],
)
def test_whatever_goes_wrong_is_a_failure_without_a_secret(error: Exception, said: str) -> None:
    result = result_of(ControllerAction, raising(error), operator_key=CANARY)
    assert (result["failed"], result["msg"]) == (True, said)
    assert CANARY not in repr(result) and ("Traceback" in result.get("exception", "")) == said.startswith("Unexpected")


def test_interruption_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        result_of(ControllerAction, raising(KeyboardInterrupt()))


@given(
    secret=st.text(min_size=8, max_size=20).filter(lambda text: text.strip() == text and "***" not in text),
    before=st.text(max_size=5), after=st.text(max_size=5),
)  # fmt: skip
@settings(deadline=None)
def test_no_text_with_a_secret_in_it_gets_out(secret: str, before: str, after: str) -> None:
    result = result_of(
        ControllerAction, lambda params, check: {"a": [{"b": f"{before}{secret}{after}"}]}, operator_key=secret
    )
    assert secret not in result["a"][0]["b"]


@pytest.mark.parametrize("value", [5, 5.5, True, [CANARY], {"k": CANARY}, (CANARY,), b"canary"], ids=repr)
@pytest.mark.parametrize("kind", [ControllerAction, HostAction])
def test_secret_that_is_no_text_is_refused_before_anything_runs(kind: t.Any, value: t.Any) -> None:
    with pytest.raises(AnsibleActionFail, match=r"operator_key is not a text \(its value is not shown\)") as caught:
        result_of(kind, raising(AssertionError("it ran")), operator_key=value)
    assert CANARY not in str(caught.value) and caught.value.__cause__ is None


def test_secret_that_is_left_out_is_none() -> None:
    assert (
        result_of(ControllerAction, lambda params, check: {"key": params["operator_key"]}, operator_key=None)["key"]
        is None
    )


@pytest.mark.parametrize("kind", [ControllerAction, HostAction])
@pytest.mark.parametrize("arguments", [{"number": "seven"}, {"nmuber": 7}, {"run_from": "moon"}])
def test_wrong_arguments_run_nothing(kind: t.Any, arguments: dict[str, t.Any]) -> None:
    result = result_of(kind, raising(AssertionError("it ran")), **arguments)
    assert result["failed"] and next(iter(arguments)) in result["msg"] and "it ran" not in result["msg"]


def test_module_is_sent_with_the_arguments_as_they_were_given() -> None:
    sent: list[t.Any] = []
    result = result_of(
        ControllerAction,
        lambda **options: sent.append(options) or {"changed": True},
        run_from="host",
        operator_key=CANARY,
    )
    assert sent == [{
        "module_name": "lineops.runbook.noun", "module_args": {"run_from": "host", "operator_key": CANARY},
        "task_vars": {"inventory_hostname": "h1"},
    }]  # fmt: skip
    assert (result["changed"], result["observed_from"]) == (True, "host h1")


HERE = {"ansible_python_interpreter": sys.executable}
THERE = {"ansible_python_interpreter": "/usr/bin/other"}


@pytest.mark.parametrize(
    ("options", "variables", "is_sent"),
    [
        ({"transport": "local"}, HERE, False),
        ({"transport": "local"}, {"ansible_python_interpreter": "{{ python }}"}, False),
        ({"transport": "local", "environment": [{}]}, HERE, False),
        ({"transport": "ssh"}, HERE, True),
        ({"transport": "local"}, THERE, True),
        ({"transport": "local"}, {}, True),
        ({"transport": "local", "become": object()}, HERE, True),
        ({"transport": "local", "environment": [{"PATH": "/x"}]}, HERE, True),
        ({"transport": "local", "delegate_to": "other"}, {**THERE, "ansible_delegated_vars": {"other": HERE}}, False),
        ({"transport": "local", "delegate_to": "other"}, {**HERE, "ansible_delegated_vars": {"other": THERE}}, True),
    ],
)
def test_module_is_not_sent_to_where_we_are(
    options: dict[str, t.Any], variables: dict[str, t.Any], is_sent: bool
) -> None:
    """Only if user, Python and environment are ours too: else it would run as somebody else than the inventory says."""
    calls: list[str] = []

    def run(*args: t.Any, **sent: t.Any) -> dict[str, t.Any]:
        calls.append("sent" if sent else "here")
        return {"changed": False}

    result = action(HostAction, run, **options).run(task_vars={"inventory_hostname": "h1", **variables})
    assert (calls, result["observed_from"]) == (["sent" if is_sent else "here"], "host h1")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LineopsError("x.y", "It cannot.", result={"written": 1}), {"msg": "It cannot.", "written": 1}),
        (ValueError(f"bad {CANARY}"), {"msg": "module could not run there: ValueError: bad ***"}),
    ],
)  # fmt: skip
def test_what_fails_here_fails_as_on_a_host(error: Exception, told: dict[str, t.Any]) -> None:
    """With the same shape of answer: records that a run may do without tell a failure by it."""
    made = action(HostAction, raising(error), transport="local", operator_key=CANARY)
    result = made.run(task_vars={"inventory_hostname": "h1", **HERE})
    assert result["failed"] and result["failure"]["code"] == getattr(error, "code", "host.module_not_run")
    assert told.pop("msg") in result["msg"] and {name: result[name] for name in told} == told


class Tagged(str):
    """A text with more to it, as templates hand them over."""


def test_what_runs_here_gets_plain_values_as_over_a_connection() -> None:
    """Else what Ansible knows of a text, such as that it may be templated, would come back with the answer."""
    seen: list[t.Any] = []
    made = action(HostAction, lambda params, check: seen.append(params) or {}, transport="local", operator_key=Tagged("key"))
    made.run(task_vars={"inventory_hostname": "h1", **HERE})
    assert not isinstance(seen[0]["operator_key"], Tagged) and seen[0]["number"] == 5


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        (raising(AnsibleConnectionFailure("ssh: no\nroute")), "host.unreachable", "ssh: no"),
        (lambda **options: {"unreachable": True, "msg": "gone"}, "host.unreachable", "gone"),
        (raising(AnsibleError("no space left on device")), "host.module_not_run", "no space left on device"),
        (
            lambda **options: {"failed": True, "msg": f"python: {CANARY} not found", "rc": 127},
            "host.module_not_run",
            "python: *** not found",
        ),
        (lambda **options: {"failed": True}, "host.module_not_run", ""),
    ],
)
@pytest.mark.parametrize("kind", [ControllerAction, HostAction])
def test_host_that_cannot_be_asked_is_a_failure_with_a_code(kind: t.Any, sent: t.Any, code: str, reason: str) -> None:
    """Never unreachable: that would skip rescue and always (DESIGN §3)."""
    result = result_of(kind, sent, run_from="host", operator_key=CANARY)
    assert (result["failed"], result["failure"]["code"]) == (True, code) and "unreachable" not in result
    assert result["failure"]["message"].endswith(f": {reason}") and CANARY not in repr(result)


def test_failure_that_the_module_tells_itself_is_kept() -> None:
    told = {"failed": True, "msg": "The key is wrong.", "failure": {"code": "supervisor.key_refused"}, "changed": False}
    result = result_of(HostAction, lambda **options: dict(told))
    assert {name: result[name] for name in told} == told


def test_host_that_went_away_after_its_answer_keeps_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible removes its folder on the host after the task: a power cut in between made the whole task unreachable."""
    monkeypatch.setattr(ActionBase, "cleanup", raising(AnsibleConnectionFailure("Connection closed.")))
    action(HostAction, lambda: {}).cleanup()
    monkeypatch.setattr(ActionBase, "cleanup", raising(RuntimeError("a defect")))
    with pytest.raises(RuntimeError):
        action(HostAction, lambda: {}).cleanup()
