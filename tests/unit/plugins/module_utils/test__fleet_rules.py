# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A supervisor's answers reduced to a few facts, and the facts of many counted."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._fleet_rules import (
    SUBSETS,
    is_usable,
    summary_of,
    totals_of,
)

WANTED = {"type": "rtsp", "rtsp_url": "rtsp://admin:canary@10.0.0.9/x"}
RUNS = {"running": True, "desired": WANTED, "process_pid": 7}
KILLED = {"running": False, "desired": WANTED}
STOPPED = {"running": False, "desired": None}


def test_supervisor_that_says_all() -> None:
    observed = {
        "status": {"plc_connected": True, "breakers": {"a": "closed", "b": "open", "c": "half_open", "d": None}},
        "slo": {"status": "degraded", "alerts": ["api_availability_below_target"]},
        "streams": {"cam1": RUNS, "cam2": KILLED, "cam3": STOPPED},
        "service": {"pid": 812, "is_container_runtime": False, "args": ["--api-key", "canary"]},
        "versions": {"current_major": 1, "policy_document": "x"},
    }
    summary = summary_of(observed)
    assert summary == {
        "answers": True, "plc_connected": True, "breakers_not_closed": ["b", "c", "d"], "slo": "degraded",
        "alerts": ["api_availability_below_target"],
        "streams": {"running": 1, "expected": 2, "not_running": ["cam2"]},
        "service": {"pid": 812, "container": False}, "api_version": 1,
    }  # fmt: skip
    assert "canary" not in repr(summary)


def test_supervisor_that_says_nothing() -> None:
    assert summary_of({}) == {"answers": False}


@pytest.mark.parametrize(
    ("streams", "cameras", "counts"),
    [
        ({}, [], (0, 0, [])),
        ({}, ["cam1"], (0, 1, ["cam1"])),
        ({"cam1": RUNS}, ["cam1", "cam2"], (1, 2, ["cam2"])),
        ({"cam1": STOPPED}, ["cam1"], (0, 1, ["cam1"])),
        ({"cam1": {"running": True, "desired": None}}, [], (1, 1, [])),
        ({"cam1": "x", "cam2": {"running": "yes"}}, [], (0, 0, [])),
    ],
)
def test_expected_streams(streams: t.Any, cameras: list[str], counts: t.Any) -> None:
    """Quirk 13: after a restart the supervisor knows of no stream; the inventory still does."""
    found = summary_of({"streams": streams}, cameras)["streams"]
    assert (found["running"], found["expected"], found["not_running"]) == counts


def test_summary_stays_small_whatever_a_supervisor_says() -> None:
    many = {f"{number:04}" + "x" * 1000: KILLED for number in range(1000)}
    summary = summary_of({
        "streams": many,
        "status": {"plc_connected": False, "breakers": dict.fromkeys(many, "open")},
        "slo": {"status": "ok", "alerts": [*many, {"a": "b" * 1000}]},
    })  # fmt: skip
    assert summary["streams"]["expected"] == 1000 and len(json.dumps(summary)) < 2500


@pytest.mark.parametrize(
    ("name", "value", "usable"),
    [
        ("slo", {"status": "ok", "alerts": []}, True),
        ("slo", {"status": "degraded", "alerts": []}, True),
        ("slo", {"status": None, "alerts": []}, False),
        ("slo", {"status": ["ok"], "alerts": []}, False),
        ("streams", {}, True),
        ("streams", None, False),
        ("streams", [], False),
        ("status", {"plc_connected": False, "breakers": {}}, True),
    ],
)
def test_answer_without_its_content_is_not_used(name: str, value: t.Any, usable: bool) -> None:
    """An answer {} of a proxy must not read as an SLO without alerts and a supervisor without streams."""
    assert is_usable(name, value) is usable


JUNK = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda inner: st.lists(
    inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6)  # fmt: skip


@given(st.dictionaries(st.text(max_size=3), JUNK), st.dictionaries(st.text(max_size=3), JUNK), st.lists(JUNK))
def test_values_of_any_shape_are_no_traceback(mapping: t.Any, breakers: t.Any, alerts: t.Any) -> None:
    observed = {
        "status": {"plc_connected": False, "breakers": breakers}, "slo": {"status": "ok", "alerts": alerts},
        "streams": mapping, "service": mapping, "versions": mapping,
    }  # fmt: skip
    assert set(observed) == set(SUBSETS)
    totals = totals_of({"h": {**summary_of(observed), "not_observed": {}}}, SUBSETS)
    assert totals["answering"] == 1


# --- totals ----------------------------------------------------------------------------------------------------------

HOSTS: dict[str, dict[str, t.Any]] = {
    "well": {
        "answers": True, "plc_connected": True, "slo": "ok", "streams": {"running": 2, "expected": 2},
        "not_observed": {},
    },
    "ill": {
        "answers": True, "plc_connected": False, "slo": "degraded", "streams": {"running": 0, "expected": 1},
        "not_observed": {},
    },
    "half": {"answers": True, "plc_connected": True, "not_observed": {"slo": {}, "streams": {}}},
    "dead": {"answers": False, "not_observed": {"status": {}, "slo": {}, "streams": {}}},
}  # fmt: skip


def test_totals_and_of_how_many_they_say_nothing() -> None:
    assert totals_of(HOSTS, ["status", "slo", "streams"]) == {
        "hosts": 4, "answering": 3, "not_answering": ["dead"], "plc_connected": 2, "slo_degraded": 1,
        "streams_running": 2, "streams_expected": 3, "not_observed": {"status": 1, "slo": 2, "streams": 2},
    }  # fmt: skip


def test_what_was_not_asked_is_not_counted_as_zero() -> None:
    assert set(totals_of(HOSTS, ["versions"])) == {"hosts", "answering", "not_answering", "not_observed"}


def test_no_hosts() -> None:
    totals = totals_of({}, ["status"])
    assert (totals["hosts"], totals["plc_connected"], totals["not_observed"]) == (0, 0, {"status": 0})
