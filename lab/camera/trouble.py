# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both camera programs (``rtsp.py``, ``files.py``) are told, and what may be wrong with a source.

CONFIG.json::

    {"sources": [{"address": "10.30.0.5", "port": 8554, "path": "/line1-hmi1/cam1",
      "user": "viewer", "password": "…", "trouble": "/…/line1-hmi1.cam1.json"}, …]}

A source without ``user`` takes anybody. A trouble file, if there is one, holds any of::

    {"frozen": true}        it answers, and of the picture there is no more than a first frame
    {"gone": true}          nobody listens, connections end
    {"password": "other"}   the login is another one, connections end
    {"flap_s": 4}           gone and back, each for so many seconds
    {"percent": 50}         a second of picture in a burst, every 2 seconds (100 / percent)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

#: A key frame every second: HLS segments of one second begin with one.
WIDTH, HEIGHT, FRAMES_PER_S = 320, 180, 10
#: With one of these those who watch are cut off.
_PARTING = frozenset({"gone", "password", "flap_s"})


def sources() -> list[dict[str, Any]]:
    """The sources of the configuration that the command line names."""
    return json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["sources"]


def cannot_listen(config: dict[str, Any]) -> str:
    """What a program says that ends because a source's port cannot be had."""
    return f"cannot listen on {config['address']}:{config['port']}"


class Trouble:
    """What is wrong with a source, as its file said at the last look."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self.now: dict[str, Any] = {}
        self.parts = False  #: are those who watch to be cut off

    def look_again(self) -> bool:
        """Read the file, without which all is well; is anything otherwise than before?"""
        before, self.now = self.now, self._read()
        # A medium that lags would rush through what it owes once it may go on: who watched it begins anew.
        self.parts = bool(before or _PARTING & self.now.keys())
        return before != self.now

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(Path(self._config["trouble"]).read_text(encoding="utf-8"))
        except (KeyError, FileNotFoundError):
            return {}

    @property
    def login(self) -> tuple[str, str] | None:
        """The user and the password that are taken now, and no others; None if anybody may watch."""
        if "user" not in self._config:
            return None
        return self._config["user"], self.now.get("password", self._config["password"])

    @property
    def pause_s(self) -> float:
        """How long each second of picture is held back; 0 for a source that keeps up."""
        percent = self.now.get("percent")  # once: GStreamer's threads ask, too, while another one looks
        return 100 / percent if percent else 0.0
