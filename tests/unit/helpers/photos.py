# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures for the report of an incident, and what is none."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

#: ffmpeg -i testsrc_320x180.ts -frames:v 1 -vf scale=160:90 -q:v 8 …
JPEG = (Path(__file__).resolve().parents[2] / "data/segments/testsrc_160x90.jpg").read_bytes()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def photo(camera: t.Any = "cam1", moment: t.Any = "before", content: bytes = JPEG, at: t.Any = "2026-11-24T02:13:25.000Z") -> dict[str, t.Any]:
    """A picture as a role gives it to incident_report."""
    return {"camera": camera, "moment": moment, "at": at, "jpeg": base64_of(content)}
