# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for tests: the command itself, run as a process, and looks at what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from plcs import PATIENCE_S, REPOSITORY

from lab import api, processes
from lab.plant import Host, Plant


class LabCommand:
    """One lab in folders of its own below ``base``."""

    def __init__(self, base: Path, name: str = "lab") -> None:
        self.folder, self.inventory = base / name, base / f"{name}-inventory"

    def arguments(self, command: str, *words: str) -> list[str]:
        """The command line."""
        where = ["--inventory", str(self.inventory)] if command in ("up", "inventory") else []
        return [sys.executable, "-m", "lab", command, "--dir", str(self.folder), *where, *words]

    def run(self, command: str, *words: str, code: int = 0, environment: dict[str, str] | None = None) -> str:
        """Run to the end, insist on the exit code, return what it printed (on failure its standard error)."""
        done = subprocess.run(
            self.arguments(command, *words), cwd=REPOSITORY, capture_output=True, text=True, timeout=3 * PATIENCE_S,
            check=False, env={**os.environ, **(environment or {})},
        )
        assert done.returncode == code, f"{command} {words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr if code else done.stdout

    def start(self, command: str, *words: str) -> subprocess.Popen[str]:
        """Run in the background."""
        return subprocess.Popen(
            self.arguments(command, *words), cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def status(self) -> dict[str, dict[str, Any]]:
        """``status --json`` by host."""
        return {row["host"]: row for row in json.loads(self.run("status", "--json"))}

    def pids(self) -> list[int]:
        """All processes of this lab."""
        return processes.find(None, self.folder)

    @property
    def plant(self) -> Plant:
        """What is up."""
        return Plant.load(self.folder)

    def hosts_yml(self) -> dict[str, Any]:
        """The inventory's groups."""
        return yaml.safe_load((self.inventory / "hosts.yml").read_text(encoding="utf-8"))

    def secrets(self) -> dict[str, dict[str, str]]:
        """The value of lineops_secrets."""
        return yaml.safe_load((self.inventory / "group_vars/all/secrets.yml").read_text(encoding="utf-8"))[
            "lineops_secrets"]

    def post(self, host: Host, path: str, body: dict[str, Any], level: str = "operator_key") -> api.Reply:
        """Call a host's supervisor with a key of the inventory."""
        return api.call("POST", host.url + path, body, key=self.secrets()[host.line][level], timeout=PATIENCE_S)

    def route_test(self, host: Host) -> api.Reply:
        """Let a host's supervisor test the route to its PLC."""
        return self.post(host, "/api/plc/ads/route/test",
                         {"plc_ams_net_id": host.plc_net_id, "plc_ip": host.plc_ip, "ams_port": 851})
