# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module of this collection runs: one way to succeed, one way to fail, and no secret in either."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils import basic

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import (
    failure_result,
    run_as_module,
    secrets_given,
)

CANARY = "canary-operator-key"
SPEC = {
    "url": {"type": "str", "required": True},
    "operator_key": {"type": "str", "no_log": True},
    "key_name": {"type": "str", "no_log": False},
}


def ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: t.Any, **arguments: t.Any
) -> tuple[int, dict[str, t.Any]]:
    """Exit code and result of a module, given its arguments as Ansible hands them over."""
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit) as end:
        run_as_module(run, argument_spec=SPEC)
    shown = capsys.readouterr().out
    assert CANARY not in shown
    return t.cast(int, end.value.code), json.loads(shown)


def test_result_comes_back_with_secrets_scrubbed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The canary may come back in an answer of the supervisor, in any written form."""

    def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        assert (params["url"], params["operator_key"], check_mode) == ("http://h", CANARY, False)
        return {
            "changed": True,
            "said": {f"x {params['operator_key']} y": [params["operator_key"]]},
            "stream": "rtsp://u:p@cam/1",
        }

    status, result = ran(monkeypatch, capsys, run, url="http://h", operator_key=CANARY)
    assert (status, result["changed"], result["stream"]) == (0, True, "rtsp://***@cam/1")


def test_check_mode_is_handed_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, result = ran(
        monkeypatch, capsys, lambda params, check: {"check": check}, url="http://h", _ansible_check_mode=True
    )
    assert (status, result["check"]) == (0, True)


def test_expected_failure_is_one_sentence_with_code_and_what_was_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(params: t.Mapping[str, t.Any], check_mode: bool) -> t.NoReturn:
        raise LineopsError("plc.x", f"It said {CANARY}.", "Look.", result={"changed": True, "calls": [CANARY]})

    status, result = ran(monkeypatch, capsys, run, url="http://h", operator_key=CANARY)
    assert status == 1 and result["failed"] is True and result["changed"] is True
    assert result["msg"] == "It said ***. Look." and result["failure"] == {
        "code": "plc.x",
        "message": "It said ***.",
        "hint": "Look.",
    }


def test_wrong_arguments_run_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, result = ran(monkeypatch, capsys, lambda params, check: pytest.fail("it ran"), operator_key=CANARY)
    assert status == 1 and "url" in result["msg"]


def test_options_that_hold_secrets_are_those_marked_so() -> None:
    assert secrets_given(SPEC, {"url": "u", "operator_key": CANARY, "key_name": "n"}) == {"operator_key": CANARY}
    assert secrets_given(SPEC, {"url": "u", "operator_key": None}) == {}


NESTED: dict[str, t.Any] = {
    "targets": {"type": "list", "elements": "dict", "options": {**SPEC, "deep": {"type": "dict", "options": SPEC}}},
    "plain": {"type": "dict", "options": {"url": {"type": "str"}}},
}


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        ([{"operator_key": CANARY}, {"url": "u"}], {"targets[0].operator_key": CANARY}),
        ([{"deep": {"operator_key": CANARY}}], {"targets[0].deep.operator_key": CANARY}),
        ({"operator_key": [CANARY]}, {"targets.operator_key": [CANARY]}),
        (f"operator_key={CANARY}", {"targets": [f"operator_key={CANARY}"]}),
        ([f"operator_key={CANARY}"], {"targets": [[f"operator_key={CANARY}"]]}),
        ([{"deep": CANARY}], {"targets[0].deep": [CANARY]}),
        ([], {}),
        (None, {}),
    ],
)
def test_secrets_in_suboptions_are_found_wherever_they_are_given(targets: t.Any, found: t.Any) -> None:
    """DESIGN §3: an argument spec prints nested values of the wrong type in clear."""
    assert secrets_given(NESTED, {"targets": targets, "plain": {"url": "u"}}) == found


def test_secret_in_a_suboption_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SPEC, "targets", {"type": "list", "elements": "dict", "options": dict(SPEC)})
    targets = [{"url": "u", "operator_key": CANARY}]
    said = {"said": f"x{CANARY}"}
    status, result = ran(monkeypatch, capsys, lambda params, check: said, url="http://h", targets=targets)
    assert (status, result["said"]) == (0, "x***")


def test_failure_without_a_hint_ends_with_its_sentence() -> None:
    assert failure_result(LineopsError("a", "It did not work."))["msg"] == "It did not work."
