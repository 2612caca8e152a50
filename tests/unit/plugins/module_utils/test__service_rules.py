# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which delays may be sent, and what is known of a restart without effect."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _service_rules as rules
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError

INFO = {"pid": 812, "args": ["start_web_hmi.py"], "is_restarted": False, "is_container_runtime": False}
DAEMON = {"method": "daemon", "main_pid": None, "supervisor_dir": None}


@pytest.mark.parametrize(("value", "delay"), [(1, 1), (30, 30), ("5", 5), ("05", 5)])
def test_delays_the_supervisor_takes_unchanged(value: t.Any, delay: int) -> None:
    assert rules.delay_of(value) == delay


@pytest.mark.parametrize(
    "value",
    ["abc", 0, 99, 31, -1, 1.5, 2.0, True, False, None, "", " 5", "5 ", "+5", "1.5", "1e1", "٣", "5\n", [5], {"s": 5}, "9" * 5000],
)
def test_all_other_delays_are_refused_in_one_short_sentence(value: t.Any) -> None:
    with pytest.raises(LineopsError) as caught:
        rules.delay_of(value)
    assert caught.value.code == "restart.delay_invalid" and "1 to 30" in caught.value.message
    assert "\n" not in caught.value.message and len(caught.value.message) < 150


@given(st.one_of(st.integers(), st.text(), st.floats(), st.booleans(), st.none()))
def test_a_delay_is_one_from_1_to_30_or_refused(value: t.Any) -> None:
    try:
        assert rules.delay_of(value) in range(1, 31) and int(value) == rules.delay_of(value)
    except LineopsError as error:
        assert error.code == "restart.delay_invalid"


def codes(info: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], **answer: t.Any) -> list[str]:
    found = rules.reasons({**INFO, **info}, {**DAEMON, **params}, **answer)
    assert all(reason["sentence"].endswith((".", "full")) and "{" not in reason["sentence"] for reason in found)
    return [reason["code"] for reason in found]


APP = {"method": "app"}
# service/info, options, answer -> codes
TABLE: list[tuple[dict[str, t.Any], dict[str, t.Any], dict[str, t.Any], list[str]]] = [
    ({}, {}, {}, []),
    ({"args": ["x", "--host", "0.0.0.0", "--port=5000"]}, {}, {}, []),
    ({"args": ["x", "--host", "127.0.0.1", "--port", "5000"]}, {}, {}, ["bound_elsewhere"]),
    ({"args": ["x", "--port=5001"]}, {}, {}, ["bound_elsewhere"]),
    ({"args": ["x", "--port", "5001", "--port", "5000"]}, {}, {}, []),
    ({"args": ["x", "--port"]}, {}, {}, []),
    ({"args": "no list"}, {}, {}, []),
    ({"args": ["x", "--host", "127.0.0.1"]}, APP, {}, []),
    ({"is_restarted": True}, {}, {}, ["stale_pid_file"]),
    ({"args": ["x", "--restarted"]}, {}, {}, ["stale_pid_file"]),
    ({"is_restarted": True}, APP, {}, []),
    ({"is_container_runtime": True}, {}, {}, ["container"]),
    ({"is_container_runtime": True}, APP, {}, ["container"]),
    ({"is_container_runtime": True}, {}, {"status": 400, "said": "deaktiviert."}, ["container"]),
    ({}, {}, {"status": 400, "said": "Control-Script nicht gefunden."}, ["script_missing"]),
    ({}, {"supervisor_dir": "/opt/supervisor"}, {}, ["not_shipped_directory"]),
    ({}, {"supervisor_dir": "/opt/Smarthome-Web/"}, {}, []),
    ({}, {"supervisor_dir": "/opt/supervisor", **APP}, {}, []),
    ({}, {"main_pid": 812}, {}, []),
    ({}, {"main_pid": 900}, {}, ["unit_owns_pid"]),
    ({}, {"main_pid": 900, **APP}, {}, ["unit_owns_pid"]),
    ({}, APP, {"said": "database or disk is full"}, ["disk_full"]),
    (
        {"is_restarted": True, "args": ["x", "--host", "::1"]}, {"supervisor_dir": "/x", "main_pid": 1}, {},
        ["unit_owns_pid", "bound_elsewhere", "stale_pid_file", "not_shipped_directory"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("info", "params", "answer", "expected"), TABLE)
def test_reasons(
    info: dict[str, t.Any], params: dict[str, t.Any], answer: dict[str, t.Any], expected: list[str]
) -> None:
    assert codes(info, params, **answer) == expected


def test_a_failure_always_has_a_reason() -> None:
    assert [reason["code"] for reason in rules.told([])] == ["unknown"]
    assert rules.told([], "It said no.")[0]["sentence"].endswith("tells why. It said no.")
    assert rules.told([{"code": "container", "sentence": "x"}]) == [{"code": "container", "sentence": "x"}]


@pytest.mark.parametrize("pid", [None, "812", True, 0, -1, 1.5])
def test_what_is_no_process_id(pid: t.Any) -> None:
    assert rules.pid_of({"pid": pid}) is None and rules.pid_of({"pid": 812}) == 812


def test_original_shows_no_secret() -> None:
    original = rules.original_of({**INFO, "args": ["x", "--admin-key", "canary", 7]})
    assert original == {"pid": 812, "args": ["x", "--admin-key", "***", "7"], "is_restarted": False, "is_container_runtime": False}


# What a real supervisor said before a restart that had no effect -> why.
RECORDED = [
    ("service_info_container", "restart_daemon_rejected_container", ["container"]),
    ("admin_service_info_native", "restart_daemon_no_effect", ["bound_elsewhere"]),
    ("service_info_after_restart", "restart_daemon_after_restart", ["stale_pid_file"]),
    ("service_info_before_daemon_restart", "restart_daemon_ok", []),
]


@pytest.mark.parametrize(("info", "restart", "expected"), RECORDED)
def test_recorded_restarts(data_dir: Path, info: str, restart: str, expected: list[str]) -> None:
    said, answer = (
        json.loads((data_dir / "recordings" / f"{name}.json").read_text(encoding="utf-8"))["response"] for name in (info, restart))
    found = rules.reasons(said["body"], DAEMON, said=answer["body"].get("error", ""), status=answer["status"])
    assert set(expected) <= {reason["code"] for reason in found}
    assert not {reason["code"] for reason in found} - {*expected, "bound_elsewhere"}
