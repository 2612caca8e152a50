# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of journal, audit log and people are read alike on every Python, and what is no time is none."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._timestamps import ms_of, utc_text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("2026-11-23T03:33:39.266567+00:00", "2026-11-23T03:33:39.266Z"),
        ("2026-11-23 03:33:39", "2026-11-23T03:33:39.000Z"),
        ("2026-11-23T03:33:39.266Z", "2026-11-23T03:33:39.266Z"),
        ("2026-11-23T04:33:39+01:00", "2026-11-23T03:33:39.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_time_of_journal_and_audit_log(text: str, same: str) -> None:
    """A time without a zone is UTC, as the supervisor's created_at is."""
    number = ms_of(text)
    assert number is not None and utc_text(number) == same


@pytest.mark.parametrize(
    "garbage",
    [
        None, 0, 1790000000.5, True, "", "now", "2026-11-23", "20261123T033339", "2026-W01-1", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00+24:00", "٢٠٢٦-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n", " 2026-01-01T00:00:00Z", [], {},
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(garbage: t.Any) -> None:
    """Newer Pythons read more than 3.9 does: a budget must not depend on the controller's Python."""
    assert ms_of(garbage) is None


def test_what_the_journal_writes_can_be_read() -> None:
    now = utc_now()
    number = ms_of(now)
    assert number is not None and utc_text(number) == now


@given(number=st.integers(-62135596800000, 253402300799999))
def test_there_and_back(number: int) -> None:
    assert ms_of(utc_text(number)) == number


@given(number=st.integers(253402300800000))
def test_beyond_the_calendar_is_its_end(number: int) -> None:
    """A window that ends after the year 9999 must not end in a traceback."""
    assert utc_text(number) == "9999-12-31T23:59:59.999Z"


@given(text=st.text(alphabet="0123456789-:TZ+. ", max_size=32) | st.text(max_size=20))
@settings(deadline=None)
def test_no_text_ends_in_a_traceback(text: str) -> None:
    assert ms_of(text) is None or isinstance(ms_of(text), int)
