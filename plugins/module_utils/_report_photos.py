# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of cameras for the report of an incident: which of those that are given may be shown. Pure. Private."""

from __future__ import annotations

import base64
import typing as t

from ._report_entries import Facts, text_of

MOMENTS = ("before", "after")
#: Bytes of a picture, and pictures of a report: it is read on phones and sent by mail.
LARGEST, MOST = 65536, 16

#: Markers of a JPEG that tell its size (ITU T.81, table B.1): SOF0 to SOF15 without DHT, JPG and DAC.
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def photos_of(given: t.Sequence[t.Any]) -> tuple[list[Facts], list[Facts]]:
    """Return the pictures that may be shown, and remarks on those that are left out.

    given: should be mappings of camera, moment (before or after), at (time of the journal) and jpeg (base64).
    A picture that is kept has its bytes (a number), width and height too, and its base64 without anything else in it.
    """
    kept: list[Facts] = []
    remarks: list[Facts] = []
    for item in given:
        photo = item if isinstance(item, t.Mapping) else {}
        camera = text_of(photo.get("camera"))
        content = _decoded(photo.get("jpeg"))
        size = _size_of(content)
        code = _mistake(photo, camera, content, size)
        if code:
            remarks.append({"code": code, "camera": camera})
        elif size:
            kept.append({
                "camera": camera, "moment": photo["moment"], "at": text_of(photo.get("at")), "bytes": len(content),
                "width": size[0], "height": size[1], "jpeg": base64.b64encode(content).decode("ascii"),
            })  # fmt: skip
    if len(kept) > MOST:
        remarks.append({"code": "picture_too_many", "count": len(kept) - MOST})
    return kept[:MOST], remarks


def without_content(photos: t.Iterable[Facts]) -> list[Facts]:
    """Return what is known of pictures, without the pictures."""
    return [{name: value for name, value in photo.items() if name != "jpeg"} for photo in photos]


def _mistake(photo: t.Mapping[str, t.Any], camera: str, content: bytes, size: tuple[int, int] | None) -> str:
    """Return the code of the remark on a picture that must not be shown; "" for one that may be."""
    if not camera.strip() or photo.get("moment") not in MOMENTS:
        return "picture_unnamed"
    if len(content) > LARGEST:
        return "picture_too_large"
    return "" if size else "picture_not_jpeg"


def _decoded(value: t.Any) -> bytes:
    """Return the bytes of a picture; b"" for what is no base64. What is far too large is not decoded in full."""
    try:
        return base64.b64decode(value[: 2 * LARGEST], validate=True) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _size_of(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG; None for what is none. It is walked from marker to marker up to the one that tells."""
    if not (content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9")):
        return None
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        if content[at + 1] in _SIZE_MARKERS:
            height, width = (int.from_bytes(content[at + begin:at + begin + 2], "big") for begin in (5, 7))
            return (width, height) if width and height else None
        at += 2 + int.from_bytes(content[at + 2:at + 4], "big")
    return None
