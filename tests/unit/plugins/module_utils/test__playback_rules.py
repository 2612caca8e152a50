# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names of a playlist are followed, and what becomes a verdict."""

from __future__ import annotations

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._playback_rules import (
    NotWatchable, check_segment, decoded_verdict, newest_segment, snapshot_why,
)  # fmt: skip
from ansible_collections.lineops.runbook.tests.unit.helpers.segments import SEGMENT
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import hls


def got(body: object, status: int = 200, why: str = "") -> dict[str, object]:
    return {"status": status, "body": body, "why": why}


def named(name: str) -> dict[str, object]:
    return got(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\ncam1_001.ts\n#EXTINF:1.0,\n{name}\n")


def test_newest_segment_is_the_last_one() -> None:
    assert newest_segment(got(hls(8))) == "cam_011.ts"


@pytest.mark.parametrize("name", ["cam1_002.ts", "Tür 3_002.ts", "-cam.ts", "a@b+c=d.ts"])
def test_plain_names_are_followed(name: str) -> None:
    assert newest_segment(named(name)) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../../etc/passwd", "a path"),
        ("/etc/passwd", "a path"),
        ("sub/cam1_002.ts", "a path"),
        ("..\\cam1_002.ts", "a path"),
        ("a..ts", "a path"),
        ("http://viewer:canary@other/a.ts", "the address of another place"),
        ("//other/a.ts", "the address of another place"),
        ("data:video/mp2t;base64,AAAA", "the address of another place"),
        ("cam1_002.ts?token=canary", "a name with a query or an escape"),
        ("%2e%2e%2fcanary", "a name with a query or an escape"),
        (".canary", "no plain file name"),
        ("cam1\x00.ts", "no plain file name"),
        ("c" * 300, "no plain file name"),
    ],
)
def test_other_names_are_told_by_their_kind_and_never_themselves(name: str, kind: str) -> None:
    with pytest.raises(NotWatchable, match=rf"The newest segment of the playlist is {kind}, so it was not fetched\.") as caught:
        newest_segment(named(name))
    assert name not in str(caught.value) and "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("playlist", "why"),
    [
        (got(None, 404, "the answer has status 404"), "A viewer gets no playlist: the answer has status 404."),
        (got("<html>hello</html>"), "What a viewer gets is no playlist (status 200)."),
        (got(""), "What a viewer gets is no playlist (status 200)."),
        (got("#EXTM3U\n#EXT-X-TARGETDURATION:1\n"), "The playlist names no segment."),
    ],
)
def test_what_is_no_playlist(playlist: dict[str, object], why: str) -> None:
    with pytest.raises(NotWatchable) as caught:
        newest_segment(playlist)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "The newest segment is empty (status 200)."),
        (b"  <html>" + b"x" * 400, "The newest segment is a web page, no video (status 200, 408 bytes)."),
        (SEGMENT[:100], "The newest segment is something else, no video (status 200, 100 bytes)."),
        (b"G" + b"x" * 400, "The newest segment is something else, no video (status 200, 401 bytes)."),
        (SEGMENT[1:], f"The newest segment is something else, no video (status 200, {len(SEGMENT) - 1} bytes)."),
    ],
)
def test_what_is_no_segment(body: bytes, why: str) -> None:
    with pytest.raises(NotWatchable) as caught:
        check_segment(got(body))
    assert str(caught.value) == why


def test_a_segment_may_be_of_one_packet() -> None:
    check_segment(got(SEGMENT))
    check_segment(got(SEGMENT[:188]))


def test_snapshot_must_be_a_jpeg_and_its_status_is_told() -> None:
    assert snapshot_why(got(b"\xff\xd8\xff\xe0")) == ""
    assert snapshot_why(got(b"<html>")) == "it is no JPEG picture"
    assert snapshot_why(got(None, 500, "the answer has status 500")) == "the answer has status 500"


@pytest.mark.parametrize(
    ("pictures", "in_time", "decoder", "verdict"),
    [
        (3, True, "ffmpeg 5", "plays"),
        (1, False, "ffmpeg 5", "plays"),
        (0, True, "ffmpeg 5", "undecodable"),
        (0, False, "ffmpeg 5", "unproven"),
        (0, True, "", "unproven"),
    ],
)
def test_verdict_of_a_segment(pictures: int, in_time: bool, decoder: str, verdict: str) -> None:
    found, why = decoded_verdict({"pictures": pictures, "width": 320, "height": 180, "in_time": in_time}, decoder, 10.0)
    assert found == verdict
    assert ("imageio-ffmpeg" in why) is (decoder == "")
