# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words that are run with rights, and what states and answers mean: tables of what systemd 252 and sudo 1.9 print."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _manager_rules as rules

UNIT: dict[str, t.Any] = {
    "name": "x.service", "load_state": "loaded", "active_state": "active", "result": "success", "restart": "always",
    "exec_main_status": 0, "main_pid": 35, "control_group": "/system.slice/x.service",
}  # fmt: skip


@pytest.mark.parametrize(
    ("is_root", "user", "words"),
    [
        (True, None, ["kill", "-TERM", "7"]),
        (False, None, ["sudo", "-n", "--", "kill", "-TERM", "7"]),
        (False, "hmi", ["sudo", "-n", "-u", "hmi", "--", "kill", "-TERM", "7"]),
        (True, "hmi", ["sudo", "-n", "-u", "hmi", "--", "kill", "-TERM", "7"]),
        (False, "1001", ["sudo", "-n", "-u", "#1001", "--", "kill", "-TERM", "7"]),
    ],
)
def test_words_with_rights(is_root: bool, user: str | None, words: list[str]) -> None:
    assert rules.as_user(["kill", "-TERM", "7"], is_root, user) == words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("sudo: a password is required", True),
        ("sudo: sorry, you must have a tty to run sudo", True),
        ("x\nSorry, user ansible is not allowed to execute 'y' as root on h1.", True),
        ("Sorry, user ansible may not run sudo on h1.", True),
        ("Failed to restart x.service: Interactive authentication required.", True),
        ("Failed to restart x.service: Access denied", True),
        ("Job for x.service failed because the control process exited with error code.", False),
        ("Failed to restart x.service: Unit x.service is masked.", False),
        ("kill: (7) - No such process", False),
        ("", False),
    ],
)
def test_who_is_not_allowed(said: str, expected: bool) -> None:
    assert rules.is_not_allowed(said) is expected


@pytest.mark.parametrize(
    ("facts", "said", "code"),
    [
        ({"active_state": "failed", "result": "exit-code"}, "", "unit.start_limit"),
        ({"active_state": "failed", "result": "exit-code", "restart": "on-failure"}, "", "unit.start_limit"),
        ({"active_state": "failed", "result": "exit-code", "restart": "no"}, "", "unit.start_failed"),
        ({"active_state": "failed", "result": "start-limit-hit", "restart": "no"}, "", "unit.start_limit"),
        ({"active_state": "activating"}, "x.service: Start request repeated too quickly.", "unit.start_limit"),
        ({"active_state": "activating"}, "Job for x.service failed.", "unit.start_failed"),
        ({"load_state": "masked"}, "", "unit.masked"),
        ({"load_state": "not-found"}, "", "unit.not_found"),
        ({"load_state": None}, "", "unit.not_found"),
    ],
)
def test_why_a_unit_did_not_start(facts: dict[str, t.Any], said: str, code: str) -> None:
    assert rules.failure_of({**UNIT, **facts}, said, ["last line"]).code == code


@pytest.mark.parametrize(
    ("facts", "holder", "words"),
    [
        ({"syn_sent": True}, None, "waits for its PLC"),
        ({"syn_sent": True}, "hmi", "held by a process of hmi"),
        ({"main_pid": 35}, None, "still 35"),
        ({}, None, "main process is 36, but port 5000"),
        ({"main_pid": None}, None, "no main process"),
    ],
)
def test_why_a_unit_is_not_back(facts: dict[str, t.Any], holder: str | None, words: str) -> None:
    reached = {"main_pid": 36, "syn_sent": False, "active_state": "active", **facts}
    failure = rules.not_back(reached, 35, 5000, holder)
    assert failure.code == "restart.not_back" and words in failure.message


ESCAPED = {"pid": 7, "started_at": "2026-11-23T10:13:24Z"}


@pytest.mark.parametrize(
    ("facts", "started", "uid", "holds", "why"),
    [
        ({}, 1000.0, 1001, True, ""),
        ({"started": 1001.9}, 1000.0, 1001, True, ""),
        ({"started": 1003.0}, 1000.0, 1001, True, "another one"),
        ({}, None, 1001, True, "another one"),
        ({"users": {0}}, 1000.0, 1001, True, "service's user"),
        ({"users": {0, 1001}}, 1000.0, 1001, True, "service's user"),
        ({}, 1000.0, None, True, "service's user"),
        ({"cgroups": "0::/system.slice/x.service/y"}, 1000.0, 1001, True, "unit itself"),
        ({}, 1000.0, 1001, False, "hold the supervisor's port"),
    ],
)
def test_who_may_be_ended(facts: dict[str, t.Any], started: float | None, uid: int | None, holds: bool, why: str) -> None:
    process = SimpleNamespace(**{"users": {1001}, "started": 1000.5, "cgroups": "0::/user.slice", **facts})
    said = rules.stranger(process, ESCAPED, started, uid, UNIT, holds)
    assert (why in said) if why else said == ""
    assert rules.stranger(None, ESCAPED, started, uid, UNIT, holds) == "process 7 is not there any more"


def test_main_process_of_the_unit_is_never_ended() -> None:
    """Even where its control group does not tell."""
    process = SimpleNamespace(users={1001}, started=1000.0, cgroups="")
    assert "unit itself" in rules.stranger(process, {**ESCAPED, "pid": 35}, 1000.0, 1001, UNIT, True)
