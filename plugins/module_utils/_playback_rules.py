# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a viewer of a camera gets, judged from playlist, segment and the pictures decoded of it. Pure. Private to this collection.

A playlist is written on the plant: a name in it is only followed where it is a plain file name, and is not told otherwise.
"""

from __future__ import annotations

import re
import typing as t

from ._stream_rules import parse_playlist

#: A packet of an MPEG transport stream, and the byte that each begins with (ISO 13818-1).
_PACKET, _SYNC = 188, 0x47
#: What a file name may be made of. "%", "?", "#", ":" and slashes would lead elsewhere, or mean something else to a browser.
_PLAIN_NAME = re.compile(r"[\w-][\w .@+=~,()-]{0,199}")
#: What a name is that is not followed; the first that fits. The name itself may hold a login and is not told.
_OTHER_NAMES = (
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//"), "the address of another place"),
    (re.compile(r"[/\\]|\.\."), "a path"),
    (re.compile(r"[?#%]"), "a name with a query or an escape"),
)

INSTALL = "Install ffmpeg, or the Python package imageio-ffmpeg or av, where this runs."

Fetched = t.Mapping[str, t.Any]


class NotWatchable(Exception):
    """What a viewer gets is no picture; the message says why."""


def newest_segment(playlist: Fetched) -> str:
    """Return the name of the newest segment of a playlist that was fetched.

    playlist: status, body (text, None without a good answer) and why. Raises NotWatchable.
    """
    check_answer("playlist", playlist)
    parsed = parse_playlist(playlist["body"])
    if parsed is None:
        raise NotWatchable(f"What a viewer gets is no playlist (status {playlist['status']}).")
    if not parsed.segments:
        raise NotWatchable("The playlist names no segment.")
    name = parsed.segments[-1]
    if ".." in name or not _PLAIN_NAME.fullmatch(name):
        kind = next((words for pattern, words in _OTHER_NAMES if pattern.search(name)), "no plain file name")
        raise NotWatchable(f"The newest segment of the playlist is {kind}, so it was not fetched.")
    return name


def check_segment(segment: Fetched) -> None:
    """Raise NotWatchable where what was fetched as a segment is no MPEG transport stream."""
    check_answer("segment", segment)
    body = segment["body"]
    if not body:
        raise NotWatchable(f"The newest segment is empty (status {segment['status']}).")
    if len(body) < _PACKET or any(body[at] != _SYNC for at in range(0, min(len(body), 3 * _PACKET), _PACKET)):
        looks = "a web page" if body.lstrip()[:1] == b"<" else "something else"
        raise NotWatchable(f"The newest segment is {looks}, no video (status {segment['status']}, {len(body)} bytes).")


def check_answer(what: str, fetched: Fetched) -> None:
    """Raise NotWatchable where a viewer gets another status than 200, or no whole answer.

    what: playlist or segment; fetched: body is None then, and why says why.
    """
    if fetched["body"] is None:
        raise NotWatchable(f"A viewer gets no {what}: {fetched['why']}.")


def snapshot_why(snapshot: Fetched) -> str:
    """Return what is wrong with a snapshot, "" for nothing."""
    if snapshot["body"] is None or snapshot["body"].startswith(b"\xff\xd8\xff"):
        return str(snapshot["why"])
    return "it is no JPEG picture"


def decoded_verdict(decoded: t.Mapping[str, t.Any], decoder: str, limit_s: float) -> tuple[str, str]:
    """Return verdict and why of a segment that was given to a decoder.

    decoded: pictures, width, height, in_time; decoder: its name, "" for none; limit_s: seconds it had.
    """
    if not decoder:
        return "unproven", f"The newest segment is there, but there is no decoder here. {INSTALL}"
    if decoded["pictures"]:
        number, size = decoded["pictures"], f"{decoded['width']}x{decoded['height']}"
        return "plays", f"Whole pictures decoded of the newest segment: {number}, of {size}."
    if not decoded["in_time"]:
        # A busy machine is no proof against the stream.
        return "unproven", f"The decoder gave no picture of the newest segment within {limit_s:g} s."
    return "undecodable", "Not one whole picture could be decoded of the newest segment."
