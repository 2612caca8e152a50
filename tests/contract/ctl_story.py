# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a network and a /tmp of its own (test_process.py): what the control script does to a supervisor that it
started itself, without systemd. Prints one JSON object: step -> what was seen."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER, KEY = Path(sys.argv[1]), sys.argv[2]
PID_FILE = Path("/tmp/smarthome-web.pid")


def ctl(word: str) -> list[Any]:
    """Run the control script: exit status, last line."""
    done = subprocess.run([FOLDER / "scripts" / "web_server_ctl.sh", word], capture_output=True, text=True, check=False)
    return [done.returncode, (done.stdout + done.stderr).strip().rpartition("\n")[2]]


def call(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Ask the supervisor; empty while it is down."""
    connection = http.client.HTTPConnection("127.0.0.1", 5000, timeout=5)
    try:
        connection.request(method, path, json.dumps(body or {}),
                           {"X-API-Key": KEY, "Content-Type": "application/json"})
        return json.load(connection.getresponse())
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()


def info() -> dict[str, Any]:
    """The process that answers."""
    return call("GET", "/api/admin/service/info")


def another_pid(than: int, patience_s: float) -> bool:
    """Does another process answer within this time?"""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if info().get("pid", than) != than:
            return True
        time.sleep(0.1)
    return False


def story() -> dict[str, Any]:
    """From nothing to a restart without effect (SUPERVISOR_API §3, quirk 11)."""
    seen: dict[str, Any] = {"usage": ctl("frobnicate"), "status before": ctl("status"), "start": ctl("start")}
    first = info()
    seen |= {"args": first["args"], "pid file": PID_FILE.read_text().strip() == str(first["pid"]),
             "status": ctl("status"), "start again": ctl("start")}
    call("POST", "/api/admin/service/restart-daemon", {"delay": 1})
    seen["daemon restart"] = another_pid(first["pid"], 60)
    second = info()
    seen["restarted by the script"] = second["is_restarted"]
    call("POST", "/api/admin/service/restart", {"delay": 1})
    seen["app restart"] = another_pid(second["pid"], 60)
    third = info()
    call("POST", "/api/admin/service/restart-daemon", {"delay": 1})
    seen["daemon restart after it"] = another_pid(third["pid"], 8)
    PID_FILE.write_text("1\n")
    seen["start with a stale pid that lives"] = ctl("start")
    PID_FILE.unlink()
    seen["stop"] = ctl("stop")
    seen["status after"] = ctl("status")
    return json.loads(json.dumps(seen).replace(str(first["pid"]), "first").replace(str(third["pid"]), "third"))


if __name__ == "__main__":
    print(json.dumps(story()))
