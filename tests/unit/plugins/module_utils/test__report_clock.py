# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of a report: read whatever the journal holds, shown in one zone, and when last night was."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _report_clock
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(("text", "shown"), [
    ("2026-11-24T02:13:24.512Z", "2026-11-24 03:13:24 UTC+01:00"), ("2026-07-01T00:00:00Z", "2026-07-01 02:00:00 UTC+02:00"),
    ("2026-11-24T02:13:24+05:30", "2026-11-23 21:43:24 UTC+01:00"), ("2026-11-24T02:13:24", "2026-11-24 03:13:24 UTC+01:00"),
    ("0001-01-01T00:00:00+14:00", ""), ("9999-12-31T23:59:59Z", ""), ("yesterday", ""), ("", ""), (None, ""), (7, ""), ({}, ""),
])  # fmt: skip
def test_times_are_shown_in_the_plants_zone(text: t.Any, shown: str) -> None:
    assert Clock(BERLIN).shown(text) == shown


def test_utc_is_called_utc() -> None:
    assert Clock("UTC").shown("2026-11-24T02:13:24Z") == "2026-11-24 02:13:24 UTC"


@pytest.mark.parametrize("text", ["yesterday", "", None, 7, [], "2026-13-01T00:00:00Z"])
def test_what_is_no_time_has_no_seconds(text: t.Any) -> None:
    assert Clock("UTC").seconds(text) is None


def test_text_is_what_the_journal_writes() -> None:
    clock = Clock("UTC")
    assert clock.text(clock.seconds("2026-11-24T02:13:24.512Z") or 0.0) == "2026-11-24T02:13:24.512Z"


@pytest.mark.parametrize(("text", "utc"), [
    ("2026-11-23T18:00", "2026-11-23T17:00:00.000Z"), ("2026-11-23T18:00:00Z", "2026-11-23T18:00:00.000Z"),
    ("2026-07-01 06:00", "2026-07-01T04:00:00.000Z"),
])  # fmt: skip
def test_option_without_offset_is_meant_in_the_zone(text: str, utc: str) -> None:
    clock = Clock(BERLIN)
    assert clock.text(clock.instant(text, "since")) == utc


@pytest.mark.parametrize("text", ["last night", "0001-01-01T00:00+14:00", "{{ 1/0 }}"])
def test_option_that_is_no_time_is_told_in_one_sentence(text: str) -> None:
    with pytest.raises(LineopsError) as caught:
        Clock(BERLIN).instant(text, "since")
    assert caught.value.code == "report.time" and f"since is {text!r}" in caught.value.message


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "Europe", "x" * 300, "/etc/localtime"])
def test_unknown_zone_is_told_in_one_sentence(zone: str) -> None:
    with pytest.raises(LineopsError) as caught:
        Clock(zone)
    assert caught.value.code == "report.time_zone"


@pytest.mark.parametrize(("now", "since", "until"), [
    ("2026-11-24T08:00", "2026-11-23T18:00", "2026-11-24T06:00"), ("2026-11-24T03:00", "2026-11-23T18:00", "2026-11-24T06:00"),
    ("2026-11-24T23:00", "2026-11-23T18:00", "2026-11-24T06:00"),
    # the nights in which the clocks change have 11 and 13 hours
    ("2026-03-29T08:00", "2026-03-28T18:00", "2026-03-29T06:00"), ("2026-10-25T08:00", "2026-10-24T18:00", "2026-10-25T06:00"),
])  # fmt: skip
def test_last_night_is_the_one_that_ends_today(
    now: str, since: str, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Then(datetime):
        """A datetime whose now is the one of the test."""

        @classmethod
        def now(cls, tz: t.Any = None) -> datetime:
            return datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(tz)

    monkeypatch.setattr(_report_clock, "datetime", Then)
    clock = Clock(BERLIN)
    assert clock.last_night() == (clock.instant(since, "since"), clock.instant(until, "until"))


def test_local_zone_is_the_controllers_own() -> None:
    moment = datetime(2026, 11, 24, 2, 13, 24, tzinfo=timezone.utc)
    assert Clock("local").shown("2026-11-24T02:13:24Z").startswith(f"{moment.astimezone():%Y-%m-%d %H:%M:%S} UTC")
    assert Clock("local").instant("2026-11-24T02:13", "since") == datetime(2026, 11, 24, 2, 13).timestamp()
