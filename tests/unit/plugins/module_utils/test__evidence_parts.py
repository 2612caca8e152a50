# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes into an evidence archive: names, redaction, and what is cut where."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._evidence_parts import (
    Part,
    checked_name,
    fitted,
    item_parts,
    newest_lines,
    not_collected,
    text_part,
)

NOW = "2026-11-23T10:00:00.000Z"


def part(name: str, value: t.Any) -> Part:
    return Part(name, value, "test", NOW)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "line3-20261123T101324-line3-hmi1", "cam_1.front", "x" * 80])
def test_plain_names(name: str) -> None:
    assert checked_name("Item", name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "-rf", "a/b", "../../etc/passwd", "a\\b", "a b", "a\n", "a\x00", "ä", "x" * 81, "a+2",
     "{{ 1/0 }}", "MANIFEST", "manifest", 5, None],
)  # fmt: skip
def test_names_that_could_lead_elsewhere_are_refused(name: t.Any) -> None:
    with pytest.raises(LineopsError) as caught:
        checked_name("Item", name)
    assert caught.value.code == "evidence.name" and "\n" not in caught.value.message


# --- redaction -------------------------------------------------------------------------------------------------------


def test_items_are_redacted_with_known_secrets_and_by_pattern() -> None:
    items = {
        "nested": {"deep": [{"text": "canary-1", "api_key": "canary"}], "url": "rtsp://u:canary@h", "observed_at": NOW},
        "line": "Authorization: Bearer canary, key shk_canary0123",
        "none": None,
    }
    parts, missing = item_parts(items, {"canary-1"}, "2026-01-01T00:00:00Z")
    assert b"canary" not in b"".join(item.content() for item in parts)
    assert [item.name for item in parts] == ["nested.json", "line.json"]
    assert [item.observed_at for item in parts] == [NOW, "2026-01-01T00:00:00Z"]
    assert missing == [{"name": "none", "reason": "not observed"}]


@pytest.mark.parametrize("at", [5, "soon", "", ["x"], "{{ now() }}"])
def test_time_that_is_none_is_not_believed(at: t.Any) -> None:
    assert item_parts({"a": {"observed_at": at}}, (), NOW)[0][0].observed_at == NOW


def test_text_and_reason_are_redacted_too_and_a_reason_is_one_line() -> None:
    made = text_part("a.txt", "say canary-1", {"canary-1"}, "file /canary-1", NOW)
    assert made == Part("a.txt", "say ***", "file /***", NOW)
    told = not_collected("a", "first\n\tcanary-1 " + "x" * 1000, {"canary-1"})
    assert told["reason"].startswith("first *** xxx") and len(told["reason"]) == 300


def test_no_cut_leaves_half_a_secret() -> None:
    """A cut through user:password@ or through a known secret would leave a tail that no rule recognises."""
    secret = "canary-" + "0123456789" * 20
    text = "\n".join(["rtsp://admin:" + "c4n" * 60 + "@cam/1 " + secret] * 50)
    whole = text_part("a.txt", text, {secret}, "s", NOW)
    for limit in range(300, 340):
        (cut,), dummy = fitted([whole], limit)
        assert b"c4n" not in cut.content() and b"0123" not in cut.content()


# --- cutting ---------------------------------------------------------------------------------------------------------


def test_what_fits_stays_whole() -> None:
    parts = [part("a.json", {"x": [1, 2]}), part("b.txt", "line\n")]
    assert fitted(parts, 1000) == (parts, [])


def test_small_parts_stay_whole_and_large_ones_share_the_rest() -> None:
    small, texts = part("s.json", {"x": 1}), [part(f"{name}.txt", "0123456789\n" * 1000) for name in "ab"]
    kept, left_out = fitted([texts[0], small, texts[1]], 6000)
    assert left_out == [] and kept[1] == small and [item.cut for item in kept] == [True, False, True]
    assert 5900 < sum(len(item.content()) for item in kept) <= 6000


def test_text_loses_its_oldest_lines_and_no_line_is_halved() -> None:
    (cut,), dummy = fitted([part("a.txt", "".join(f"line {number}\n" for number in range(1000)))], 500)
    lines = cut.content().decode().splitlines()
    assert lines[-1] == "line 999" and lines[0] == f"line {1000 - len(lines)}" and len(cut.content()) > 480


@pytest.mark.parametrize("name", ["timestamp", "ts", "at", "created_at", None])
@pytest.mark.parametrize("newest_first", [True, False])
def test_list_loses_its_oldest_entries_wherever_they_stand(name: str | None, newest_first: bool) -> None:
    """The supervisor's log comes newest first, a journal oldest first."""
    times = [f"2026-11-23T10:00:{second:02d}Z" for second in range(60)]
    rows: list[t.Any] = [{name: at, "id": at} if name else f"{at} GET /x -> 200" for at in times]
    (cut,), dummy = fitted([part("a.json", {"logs": rows[::-1] if newest_first else rows, "n": 1})], 2000)
    kept = json.loads(cut.content())
    assert cut.cut and kept["n"] == 1 and 5 < len(kept["logs"]) < 60
    expected = rows[-len(kept["logs"]) :]
    assert kept["logs"] == (expected[::-1] if newest_first else expected)


def test_list_without_times_loses_its_beginning() -> None:
    (cut,), dummy = fitted([part("a.json", list(range(1000)))], 500)
    assert json.loads(cut.content())[-1] == 999


def test_the_last_entry_of_a_list_is_cut_inside_rather_than_lost() -> None:
    (cut,), dummy = fitted([part("a.json", [{"id": 1}, {"id": 2, "trace": "x\n" * 5000}])], 1000)
    (entry,) = json.loads(cut.content())
    assert entry["id"] == 2 and entry["trace"].endswith("x\n") and len(cut.content()) <= 1000


def test_what_cannot_be_cut_is_named_and_the_rest_stays() -> None:
    many = part("many.json", {f"variable{number}": number for number in range(1000)})
    small = part("small.json", {"x": 1})
    kept, left_out = fitted([many, small], 1000)
    assert kept == [small] and left_out[0]["name"] == "many.json" and "cannot be cut" in left_out[0]["reason"]


def test_very_many_middling_texts_do_not_take_minutes() -> None:
    kept, left_out = fitted([part("a.json", {str(number): "x" * 300 for number in range(5000)})], 1000)
    assert kept == [] and len(left_out) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=600),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)


@given(st.lists(JSON, max_size=4), st.text(max_size=3000), st.integers(0, 4000))
@settings(deadline=None)
def test_no_part_is_lost_untold_and_the_limit_holds(values: list[t.Any], text: str, limit: int) -> None:
    parts = [part(f"{number}.json", value) for number, value in enumerate(values)] + [part("t.txt", text)]
    kept, left_out = fitted(parts, limit)
    assert {item.name for item in kept} | {item["name"] for item in left_out} == {item.name for item in parts}
    assert sum(len(item.content()) for item in kept) <= limit
    for item in kept:
        assert item.cut or item in parts
        if item.name.endswith(".json"):
            json.loads(item.content())


def test_lone_surrogates_can_be_written() -> None:
    assert json.loads(part("a.json", "\udc80x").content()) == "\udc80x"
    assert part("a.txt", "\udc80x").content() == b"\\udc80x"


@pytest.mark.parametrize(
    ("content", "rest"),
    [(b"half\nwhole\n", b"whole\n"), (b"\nwhole", b"whole"), (b"one line", b"one line"), (b"x\n", b"x\n"), (b"", b"")],
)
def test_newest_lines(content: bytes, rest: bytes) -> None:
    assert newest_lines(content) == rest
