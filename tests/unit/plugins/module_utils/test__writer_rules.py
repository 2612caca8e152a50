# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ffmpeg is whose, decided from facts as /proc shows them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _writer_rules as rules
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError

UID = 990
MAIN = frozenset({100})


@dataclass(frozen=True)
class Writer:
    """An ffmpeg below the supervisor, unless told otherwise."""

    pid: int
    parent: int = 100
    users: frozenset[int] = frozenset({UID})
    camera: str = "cam1"
    in_unit: bool | None = None
    below: bool = True
    parent_lost: bool = False
    sees_directory: bool | None = True


def orphan(pid: int, **facts: t.Any) -> Writer:
    return Writer(pid, **{"parent": 1, "below": False, "parent_lost": True, **facts})


def verdicts(*writers: Writer, roots: frozenset[int] = MAIN, named: list[int] | None = None) -> dict[int, str]:
    known = rules.Known(UID, roots, None if named is None else frozenset(named))
    return {one.pid: verdict for one, verdict, why in rules.judged(writers, known) if why}


CHILD_OF_ANOTHER = {"parent": 300, "parent_lost": False}


@pytest.mark.parametrize(
    ("writers", "known", "expected"),
    [
        pytest.param([Writer(1)], {}, {1: "supervised"}, id="below the supervisor"),
        pytest.param([orphan(1)], {}, {1: "orphaned"}, id="quirk 13: parent gone"),
        pytest.param([orphan(1, in_unit=True)], {}, {1: "orphaned"}, id="an orphan in the unit's control group is one too"),
        pytest.param([orphan(1), Writer(2)], {}, {1: "second_writer", 2: "supervised"}, id="quirk 13: after a new start"),
        pytest.param([orphan(1), Writer(2, camera="cam2")], {}, {1: "orphaned", 2: "supervised"}, id="of another camera"),
        pytest.param([orphan(1), orphan(2)], {}, {1: "orphaned", 2: "orphaned"}, id="two orphans of one camera"),
        # the supervisor's own word goes before its process table
        pytest.param([orphan(1)], {"named": [1]}, {1: "supervised"}, id="named though not below"),
        pytest.param([Writer(1), Writer(2)], {"named": [2]}, {1: "second_writer", 2: "supervised"}, id="two below, one named"),
        pytest.param([Writer(1), Writer(2)], {}, {1: "supervised", 2: "supervised"}, id="two below: nobody can say which"),
        pytest.param([Writer(1), Writer(2)], {"named": [9]}, {1: "supervised", 2: "supervised"}, id="the named one has gone"),
        pytest.param([Writer(1)], {"named": []}, {1: "supervised"}, id="started after the supervisor was asked"),
        pytest.param(
            [Writer(1), Writer(2, camera="cam2")], {"named": [2]}, {1: "supervised", 2: "supervised"}, id="named for another camera"),
        # whose parent lives may be another instance's, which looks after it
        pytest.param([orphan(1, **CHILD_OF_ANOTHER)], {}, {1: "unclear"}, id="a stranger's child, nobody asked"),
        pytest.param([orphan(1, **CHILD_OF_ANOTHER)], {"named": []}, {1: "orphaned"}, id="a stranger's child, not named"),
        pytest.param([orphan(1, **CHILD_OF_ANOTHER)], {"named": [1]}, {1: "supervised"}, id="the child of the one that answers"),
        pytest.param(
            [orphan(1, **CHILD_OF_ANOTHER), orphan(2)], {"roots": frozenset(), "named": []}, {1: "unclear", 2: "orphaned"},
            id="only the API was asked: it may have been started since"),
        # never others
        pytest.param([orphan(1, users=frozenset({0}))], {"named": []}, {1: "foreign"}, id="root's"),
        pytest.param([orphan(1, users=frozenset({UID, 0}))], {"named": []}, {1: "foreign"}, id="one that changes its user"),
        pytest.param([Writer(1, users=frozenset({0})), orphan(2)], {"named": [1]}, {1: "foreign", 2: "orphaned"}, id="named, not ours"),
        pytest.param([orphan(1, sees_directory=None)], {"named": []}, {1: "unclear"}, id="does not show where it writes"),
    ],
)
def test_verdicts(writers: list[Writer], known: dict[str, t.Any], expected: dict[int, str]) -> None:
    assert verdicts(*writers, **known) == expected


def test_without_process_and_word_of_the_supervisor_nothing_is_an_orphan() -> None:
    refusal = rules.refusal_of(rules.Known(UID))
    assert refusal and refusal.code == "process.supervisor_unknown"
    assert rules.refusal_of(rules.Known(UID, MAIN)) is None is rules.refusal_of(rules.Known(UID, named=frozenset()))


@pytest.mark.parametrize(
    "change", [{"timeout": 0}, {"timeout": float("nan")}, {"timeout": 121}, {"process_pids": [0]}, {"process_pids": [5, -1]},
               {"supervisor_pid": 1}, {"supervisor_pid": -4}])
def test_numbers_that_would_mean_everybody_are_refused(change: dict[str, t.Any]) -> None:
    """kill(0) and kill(-1) reach whole groups of processes."""
    good = {"timeout": 5.0, "process_pids": None, "supervisor_pid": None}
    rules.checked(good)
    rules.checked({**good, "process_pids": [], "supervisor_pid": 2})
    with pytest.raises(LineopsError) as error:
        rules.checked({**good, **change})
    assert error.value.code == "process.option"


def test_diff_shows_what_is_gone() -> None:
    rows = [{"pid": 1, "camera": "cam1", "verdict": "orphaned"}, {"pid": 2, "camera": "cam1", "verdict": "supervised"}]
    assert rules.diff_of(rows, {1}) == {
        "before": "cam1: process 1, orphaned\ncam1: process 2, supervised\n", "after": "cam1: process 2, supervised\n"}
