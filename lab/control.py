# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client side of a PLC stand-in's control socket: one JSON object in, one out."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from .unix_path import short_path


class ControlError(Exception):
    """The control socket could not be asked, or the stand-in said no. The text is one plain sentence."""


def ask(control: Path, op: str, *, timeout: float = 10.0, **arguments: Any) -> dict[str, Any]:
    """Send one operation and return its answer.

    :param control: the stand-in's control socket.
    :param timeout: seconds to wait for connecting and for the answer.
    :raises ControlError: not reachable, or answered with ``ok: false``.
    """
    try:
        with short_path(control) as path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect(path)
            sock.sendall(json.dumps({"op": op, **arguments}).encode() + b"\n")
            line = sock.makefile("rb").readline()
    except OSError as error:
        raise ControlError(f"the PLC stand-in behind {control} cannot be asked: {error}") from None
    if not line:
        raise ControlError(f"the PLC stand-in behind {control} closed the connection without an answer")
    answer = json.loads(line)
    if not answer.get("ok"):
        raise ControlError(answer.get("error", "refused without a reason"))
    return answer
