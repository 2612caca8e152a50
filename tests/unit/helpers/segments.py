# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A segment as ffmpeg writes it, and what is no whole one."""

from __future__ import annotations

from pathlib import Path

#: ffmpeg -f lavfi -i testsrc=size=320x180:rate=10 -t 1 -c:v libx264 -crf 38 -pix_fmt yuv420p -g 10 -f hls -hls_time 1 …
SEGMENT = (Path(__file__).resolve().parents[2] / "data/segments/testsrc_320x180.ts").read_bytes()
PICTURES, WIDTH, HEIGHT = 10, 320, 180
#: Cut in its first picture.
TRUNCATED = SEGMENT[: 10 * 188]
#: Still a transport stream, but every third byte of what it carries is another.
DAMAGED = bytes(byte ^ 0xFF if at % 188 > 8 and at % 3 == 0 else byte for at, byte in enumerate(SEGMENT))
