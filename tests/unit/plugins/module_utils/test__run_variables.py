# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sets for one run: what is wrong is told in one sentence, and how surveys and shells write it is right."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._run_variables import check_run


@pytest.mark.parametrize("variables", [
    {},
    {"stream_recovery_cameras": ""}, {"stream_recovery_cameras": "cam1, door"}, {"stream_recovery_cameras": ["cam1"]},
    {"restart_recovery_ladder": []}, {"restart_recovery_ladder": ["api", "host"]},
    {"restart_recovery_force": "true"}, {"restart_recovery_force": False},
    {"restart_recovery_delay": 1}, {"restart_recovery_delay": "30"},
    {"checklist_fail_on": "SEV-3"}, {"triage_approval": "False"},
    {"restart_recovery_delay": None},
])  # fmt: skip
def test_right(variables: dict[str, t.Any]) -> None:
    assert check_run(variables) == []


@pytest.mark.parametrize(("name", "value", "expected"), [
    ("stream_recovery_cameras", 1, "ids of cameras with commas between them"),
    ("stream_recovery_cameras", ["cam1", ""], "ids of cameras with commas between them"),
    ("restart_recovery_ladder", ["api", "hammer"], "a list of api, container, host"),
    ("restart_recovery_ladder", "api", "a list of api, container, host"),
    ("restart_recovery_force", "perhaps", "true or false"),
    ("restart_recovery_delay", 0, "a whole number of seconds from 1 to 30"),
    ("restart_recovery_delay", 31, "a whole number of seconds from 1 to 30"),
    ("restart_recovery_delay", True, "a whole number of seconds from 1 to 30"),
    ("restart_recovery_delay", "2.5", "a whole number of seconds from 1 to 30"),
    ("checklist_fail_on", "SEV-4", "never, SEV-1, SEV-2 or SEV-3"),
    ("triage_approval", 1, "true or false"),
])  # fmt: skip
def test_wrong(name: str, value: t.Any, expected: str) -> None:
    assert check_run({name: value, "lineops_line": "line3"}) == [f"{name} is {value!r}; expected {expected}."]
