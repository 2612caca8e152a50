# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decoding a real segment with each decoder at hand, and what a program may not do: hang, write for ever, get the environment."""

from __future__ import annotations

import os
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _playback_decoder
from ansible_collections.lineops.runbook.plugins.module_utils._playback_decoder import Decoder, decode, find_decoder
from ansible_collections.lineops.runbook.tests.unit.helpers.segments import (
    DAMAGED, HEIGHT, PICTURES, SEGMENT, TRUNCATED, WIDTH,
)  # fmt: skip

KINDS = {"ffmpeg": _playback_decoder._ffmpeg, "imageio-ffmpeg": _playback_decoder._imageio_ffmpeg, "av": _playback_decoder._pyav}
NOTHING = {"pictures": 0, "width": None, "height": None, "in_time": True, "jpeg": b""}


@pytest.fixture(params=KINDS)
def decoder(request: pytest.FixtureRequest) -> Decoder:
    found = KINDS[request.param]()
    if found is None:
        pytest.skip(f"{request.param} is not on this machine")
    assert found.name.startswith(f"{request.param} ")
    return found


def script(folder: Path, does: str, says: str = "ffmpeg version 9.9-test Copyright") -> Path:
    """An ffmpeg that says its version, and does something else than to decode."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\nif [ \"$1\" = -version ]; then echo '{says}'; exit; fi\n{does}\n", encoding="ascii")
    path.chmod(0o755)
    return path


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], Decoder]:
    """Makes the only decoder of this machine."""

    def make(does: str) -> Decoder:
        script(tmp_path, does)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        found = find_decoder("ffmpeg")
        assert found is not None and found.name == "ffmpeg 9.9-test"
        return found

    return make


def test_a_machine_that_tests_has_a_decoder() -> None:
    """Else the tests below prove nothing; scripts/requirements/test.txt brings imageio-ffmpeg."""
    assert find_decoder("auto") is not None


def test_whole_segment_is_decoded_with_its_size(decoder: Decoder) -> None:
    found = decode(decoder, SEGMENT, 30)
    assert found == {"pictures": PICTURES, "width": WIDTH, "height": HEIGHT, "in_time": True, "jpeg": b""}


def test_last_picture_is_a_whole_jpeg_of_its_size(decoder: Decoder) -> None:
    jpeg = decode(decoder, SEGMENT, 30, picture=True)["jpeg"]
    assert jpeg.startswith(b"\xff\xd8\xff") and jpeg.endswith(b"\xff\xd9") and jpeg.count(b"\xff\xd8\xff") == 1
    start = jpeg.index(b"\xff\xc0")  # SOF0: length, precision, height, width
    assert (int.from_bytes(jpeg[start + 5:start + 7], "big"), int.from_bytes(jpeg[start + 7:start + 9], "big")) == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    "segment", [TRUNCATED, DAMAGED, SEGMENT[:188], b"<html>" * 100, b""], ids=["cut", "damaged", "packet", "html", "empty"])
def test_not_one_whole_picture_is_none(decoder: Decoder, segment: bytes) -> None:
    """A picture with gaps that are painted over is not what a viewer wants to see."""
    assert decode(decoder, segment, 30, picture=True) == NOTHING


def test_a_part_gives_the_pictures_that_are_whole(decoder: Decoder) -> None:
    found = decode(decoder, SEGMENT[: len(SEGMENT) * 3 // 4 // 188 * 188], 30)
    assert 0 < found["pictures"] < PICTURES and found["width"] == WIDTH


def test_decoder_that_hangs_is_killed_with_what_it_started(fake: t.Callable[[str], Decoder], tmp_path: Path) -> None:
    decoder = fake(f"sleep 600 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()
    assert decode(decoder, SEGMENT, 1.0) == {**NOTHING, "in_time": False}
    assert time.monotonic() - began < 30
    child = int((tmp_path / "child").read_text(encoding="ascii"))
    ends = time.monotonic() + 30
    while os.path.exists(f"/proc/{child}") and "State:\tZ" not in Path(f"/proc/{child}/status").read_text(encoding="ascii"):
        assert time.monotonic() < ends, "what the decoder started lives on"
        time.sleep(0.05)


def test_decoder_that_writes_for_ever_is_ended(fake: t.Callable[[str], Decoder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_playback_decoder, "_OUTPUT_MAX", 100000)
    decoder = fake("exec yes")
    assert decode(decoder, SEGMENT, 60) == NOTHING


def test_decoder_runs_nice_without_the_environment_and_reads_by_a_pipe(
    fake: t.Callable[[str], Decoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FFREPORT", "file=canary.log")
    monkeypatch.setenv("LINEOPS_SECRETS", "canary")
    decoder = fake(f"env > {tmp_path}/env; echo \"$@\" > {tmp_path}/arguments; cat > {tmp_path}/stdin; nice > {tmp_path}/nice")
    decode(decoder, SEGMENT, 30)
    assert "canary" not in (tmp_path / "env").read_text(encoding="utf-8")
    assert (tmp_path / "stdin").read_bytes() == SEGMENT
    assert int((tmp_path / "nice").read_text(encoding="ascii")) >= 10
    arguments = (tmp_path / "arguments").read_text(encoding="ascii")
    assert "-nostdin" in arguments and "-protocol_whitelist pipe -f mpegts -i pipe:0" in arguments


def test_picture_that_is_too_large_to_be_kept_is_left_out(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_playback_decoder, "_PICTURE_MAX", 1000)
    assert decode(decoder, SEGMENT, 30, picture=True)["jpeg"] == b""


def test_program_that_is_no_ffmpeg_is_no_decoder(tmp_path: Path) -> None:
    assert _playback_decoder._of_ffmpeg(str(script(tmp_path, "exit 0", "BusyBox")), "{0}") is None
    assert _playback_decoder._of_ffmpeg(str(tmp_path / "missing"), "{0}") is None
    assert _playback_decoder._of_ffmpeg(None, "{0}") is None


def test_the_first_that_runs_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Decoder("av 1", (), ())
    monkeypatch.setitem(_playback_decoder._CANDIDATES, "auto", (lambda: None, lambda: mine, lambda: Decoder("never", (), ())))
    assert find_decoder("auto") is mine and find_decoder("none") is None
