# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text format of Prometheus, by its own rules: what is escaped, how numbers are written, in which order."""

from __future__ import annotations

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._metrics_text import Family, exposition


@pytest.mark.parametrize(("text", "expected"), [
    ("line3", "line3"), ('a"b', 'a\\"b'), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ('\\n"', '\\\\n\\"'), ("ü\ud800", "ü?"),
])  # fmt: skip
def test_labels_are_escaped(text: str, expected: str) -> None:
    made = exposition([Family("m", "gauge", "h", [("", {"l": text}, 1)])])
    assert made == f'# HELP m h\n# TYPE m gauge\nm{{l="{expected}"}} 1\n'


def test_order_does_not_depend_on_the_journals_and_nothing_is_said_of_nothing() -> None:
    samples = [("", {"l": name}, number) for number, name in enumerate(["b", "a"])]
    empty = Family("none", "gauge", "h", [])
    assert exposition([empty, Family("m", "counter", "a\\b\nc", samples)]) == (
        '# HELP m a\\\\b\\nc\n# TYPE m counter\nm{l="a"} 1\nm{l="b"} 0\n')


@pytest.mark.parametrize(("value", "expected"), [(1795701372.3444, "1795701372.344"), (0.0, "0"), (True, "1"), (52.2, "52.2")])
def test_numbers_keep_a_time_to_the_millisecond(value: float, expected: str) -> None:
    assert exposition([Family("m", "gauge", "h", [("", {}, value)])]).splitlines()[-1] == f"m {expected}"
