# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PLC stand-in in a process of its own, and waiting for a condition, for the tests in this folder."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.control import ControlError, ask
from lab.plc.packets import attach_filter

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 40.0
PASSWORD = "Geheim-4711"
SYMBOLS = {
    "MAIN.bOpsTest": {"type": "BOOL", "value": False},
    "MAIN.nTest": {"type": "INT", "value": 42},
    "MAIN.nBig": {"type": "DINT", "value": -70000},
    "GVL.fSpeed": {"type": "REAL", "value": 1.5},
    "GVL.fExact": {"type": "LREAL", "value": 0.1},
    "GVL.sName": {"type": "STRING(20)", "value": "Presse"},
}


def kernel_filters_allowed() -> bool:
    """Does this machine let this user attach socket filters?"""
    with socket.socket() as sock:
        try:
            attach_filter(sock, None)
        except PermissionError:
            return False
    return True


needs_filter = pytest.mark.skipif(
    not kernel_filters_allowed(), reason="this machine refuses socket filters to this user: drop by source untestable"
)


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll until ``condition`` returns something true and return that; fail the test after ``patience_s``."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    pytest.fail(f"not within {patience_s} s: {what}")


class Plc:
    """A PLC stand-in in a process of its own."""

    def __init__(self, folder: Path, address: str, **overrides: Any) -> None:
        self.address, self.net_id = address, f"{address}.1.1"
        self.control = folder / "control.sock"
        self.folder = folder
        self.config = {
            "name": "Press", "address": address, "ams_net_id": self.net_id, "runtime_type": "TC3", "ams_port": 851,
            "username": "Administrator", "password": PASSWORD, "refusal_layout": "documented",
            "routes": [{"name": "hmi", "ams_net_id": "127.0.0.1.1.1", "address": "127.0.0.1", "temporary": False}],
            "symbols": SYMBOLS, "state_dir": str(folder), "control": str(self.control), **overrides,
        }
        self.net_id = self.config["ams_net_id"]
        self.process: subprocess.Popen | None = None

    def start(self) -> Plc:
        """Start and wait until it answers."""
        path = self.folder / "config.json"
        path.write_text(json.dumps(self.config), encoding="utf-8")
        self.process = subprocess.Popen([sys.executable, "-m", "lab.plc", str(path)], cwd=REPOSITORY)
        until(self._answers, f"PLC at {self.address} answers")
        return self

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the PLC stand-in ended with {self.process.returncode}"
        try:
            return bool(ask(self.control, "status"))
        except ControlError:
            return False

    def stop(self) -> int:
        """End it with SIGTERM and return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Use the control socket."""
        return ask(self.control, op, **arguments)

    def route_net_ids(self) -> list[str]:
        """The NetIds in its route table, seen through the control socket."""
        return [route["ams_net_id"] for route in self.ask("routes")["routes"]]
