# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a camera and its playlist say, seen without ffmpeg. It also runs on a booted host, so it needs nothing but Python."""

from __future__ import annotations

import base64
import re
import socket


def describe(url: str) -> str:
    """What a source answers to DESCRIBE with the login of its address: a status or "refused"."""
    login, address, port = re.match("rtsp://(.*)@(.*?):([0-9]+)/", url).groups()
    words = base64.b64encode(login.encode()).decode()
    try:
        with socket.create_connection((address, int(port)), 5) as connection:
            connection.settimeout(30)
            head = f"DESCRIBE {url.replace(login + '@', '')} RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic {words}\r\n\r\n"
            connection.sendall(head.encode())
            answer = connection.recv(100).split()
    except (ConnectionRefusedError, ConnectionResetError):
        return "refused"
    return answer[1].decode() if answer else "refused"  # gone after it took the connection


def media_sequence(playlist: str) -> int:
    """The media sequence of a playlist, -1 without one."""
    found = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", playlist)
    return int(found[1]) if found else -1
