# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recording is replayed, or listed with a reason why not; the list may only shrink."""

from __future__ import annotations

from pathlib import Path

import recordings
from scenarios import BLACKHOLE, SCENARIOS

LIST = Path(__file__).with_name("not_replayed.txt")
#: Lower this when a line goes. It never rises.
AT_MOST = 7

REPLAYED = {name for scenario in (*SCENARIOS.values(), BLACKHOLE) for name in scenario.recordings}


def _listed() -> list[tuple[str, str]]:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return [tuple(part.strip() for part in line.partition(":")[::2]) for line in lines]


def test_every_recording_is_replayed_or_listed() -> None:
    """A recording that nobody replays, and a name that no recording has, are both found here."""
    listed = {name for name, dummy in _listed()}
    assert set(recordings.names()) - REPLAYED - listed == set(), "neither replayed nor listed"
    assert (REPLAYED | listed) - set(recordings.names()) == set(), "no such recording"
    assert REPLAYED & listed == set(), "replayed and listed"


def test_the_list_gives_reasons_and_only_shrinks() -> None:
    """One sorted line per recording, each with a reason."""
    entries = _listed()
    assert entries == sorted(set(entries))
    assert [name for name, reason in entries if not reason] == []
    assert len(entries) <= AT_MOST


def test_the_stand_in_does_not_know_the_recordings() -> None:
    """What it answers has to come from the plant."""
    lab = Path(__file__).resolve().parents[2] / "lab"
    readers = [str(path) for path in lab.rglob("*.py") if "tests/data" in path.read_text(encoding="utf-8")]
    assert readers == []
