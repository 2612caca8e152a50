# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time for reports: reads the journal's UTC times, shows them in the plant's zone, knows last night. Private."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from ._errors import LineopsError

NIGHT_BEGINS, NIGHT_ENDS = 18, 6


class Clock:
    """Times in one zone: "local" (the controller's own), "UTC", or a name such as Europe/Berlin."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._zone = _zone_of(zone)

    def seconds(self, text: t.Any) -> float | None:
        """Return the seconds since 1970 of an ISO 8601 time; None where it is none. Without offset it means UTC."""
        moment = _parsed(text)
        return None if moment is None else _in(moment, timezone.utc).timestamp()

    def shown(self, text: t.Any) -> str:
        """Return a time for people: date, time to the second and offset from UTC; "" where it is none."""
        moment = _parsed(text)
        try:
            local = None if moment is None else _in(moment, timezone.utc).astimezone(self._zone)
        except (OverflowError, ValueError, OSError):  # the years 1 and 9999
            return ""
        return "" if local is None else f"{local:%Y-%m-%d %H:%M:%S} {_offset(local)}"

    def instant(self, text: str, option: str) -> float:
        """Return the seconds since 1970 of an option; without offset it is meant in this zone."""
        moment = _parsed(text)
        try:
            if moment is not None:
                seconds = _in(moment, self._zone).timestamp()
                self.text(seconds)  # a page must be able to tell it
                return seconds
        except (OverflowError, ValueError, OSError):
            pass
        raise LineopsError(
            "report.time", f"{option} is {text!r}; expected a time such as 2026-11-23T18:00 or 2026-11-23T17:00:00Z."
        )

    def text(self, seconds: float) -> str:
        """Return seconds since 1970 as the journal writes times."""
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def last_night(self) -> tuple[float, float]:
        """Return the night that ends or ended today, 18:00 to 06:00 in this zone; before 06:00 it is still going."""
        today = datetime.now(self._zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        begin, end = today - timedelta(hours=24 - NIGHT_BEGINS), today + timedelta(hours=NIGHT_ENDS)
        return _in(begin, self._zone).timestamp(), _in(end, self._zone).timestamp()


def _zone_of(name: str) -> tzinfo | None:
    """None means the controller's own zone, as datetime has it."""
    if name == "local":
        return None
    if name == "UTC":
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a name at all, or a directory
        raise LineopsError(
            "report.time_zone",
            f"time_zone is {name!r}, which this controller does not know.",
            "Use local, UTC or a name such as Europe/Berlin; without time zone data, install tzdata.",
        ) from error


def _parsed(text: t.Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        return None


def _in(moment: datetime, zone: tzinfo | None) -> datetime:
    """Give a time without offset this zone."""
    if moment.tzinfo is not None:
        return moment
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)


def _offset(moment: datetime) -> str:
    offset = f"{moment:%z}"
    return "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"
