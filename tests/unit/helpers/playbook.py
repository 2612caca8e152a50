# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runs of ansible-playbook on a playbook made here: what each task gave, and all that was shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import ansible
import yaml

from ansible_collections.lineops.runbook.plugins.modules import inventory_check

COLLECTIONS = next(path.parent for path in Path(inventory_check.__file__).parents if path.name == "ansible_collections")
LIMIT_S = 240.0

_START = "import sys; from ansible.cli.playbook import main; sys.argv[0] = 'ansible-playbook'; sys.exit(main())"

# Writes the result of every task down, as a callback of Ansible's own gets it.
_RECORDER = """
import json, os
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"

    def note(self, kind, found):
        public = hasattr(found, "task")
        parts = ("host", "task", "result") if public else ("_host", "_task", "_result")
        host, task, result = (getattr(found, name) for name in parts)
        with open(os.environ["RECORD"], "a") as stream:
            stream.write(json.dumps([host.get_name(), task.get_name(), kind, dict(result)], default=str) + "\\n")

    def v2_runner_on_ok(self, result):
        self.note("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.note("failed", result)

    def v2_runner_on_unreachable(self, result):
        self.note("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self.note("skipped", result)
"""

# A host that is off, and one that goes away when the module itself is to run.
_LOST = '''
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: lost
short_description: a host that cannot be reached
description: every use fails
author: lineops contributors
options: {}
"""


class Connection(ConnectionBase):
    transport = "lost"
    has_pipelining = False

    def _lost(self, *dummy, **options):
        raise AnsibleConnectionFailure("Failed to connect to the host via ssh: No route to host\\nsecond line")

    _connect = exec_command = put_file = fetch_file = _lost

    def close(self):
        pass
'''
_HALFWAY = """
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local, DOCUMENTATION as LOCAL

DOCUMENTATION = LOCAL.replace("name: local", "name: halfway")


class Connection(Local):
    transport = "halfway"

    def put_file(self, in_path, out_path):
        raise AnsibleConnectionFailure("Connection reset by peer")
"""


@dataclass(frozen=True)
class Run:
    """A finished run; results: (host, task name) -> (ok, failed, unreachable or skipped; result)."""

    status: int
    output: str
    results: dict[tuple[str, str], tuple[str, dict[str, t.Any]]]

    def kind(self, task: str, host: str = "h1") -> str:
        return self.results[host, task][0]

    def result(self, task: str, host: str = "h1") -> dict[str, t.Any]:
        return self.results[host, task][1]


class Playbook:
    """A folder with a playbook, an inventory and the plugins that these tests need."""

    def __init__(
        self, folder: Path, plays: list[dict[str, t.Any]], hosts: t.Mapping[str, t.Mapping[str, t.Any]]
    ) -> None:
        self.folder = folder
        (folder / "callback_plugins").mkdir(parents=True)
        (folder / "callback_plugins" / "recorder.py").write_text(_RECORDER, encoding="utf-8")
        (folder / "connection_plugins").mkdir()
        (folder / "connection_plugins" / "lost.py").write_text(_LOST, encoding="utf-8")
        (folder / "connection_plugins" / "halfway.py").write_text(_HALFWAY, encoding="utf-8")
        (folder / "play.yml").write_text(
            yaml.safe_dump([{"gather_facts": False, **play} for play in plays]), encoding="utf-8"
        )
        # Spelled otherwise than the controller's own: so modules are sent over the connection, as to a host far away.
        python = Path(sys.executable)
        local = {"ansible_connection": "local", "ansible_python_interpreter": f"{python.parent}/./{python.name}"}
        inventory = {"all": {"children": {"line3": {"hosts": {name: {**local, **own} for name, own in hosts.items()}}}}}
        (folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-c",
            _START,
            "-i",
            str(self.folder / "hosts.yml"),
            str(self.folder / "play.yml"),
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's but PATH: his ansible.cfg, proxies and home stay out."""
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "PYTHONPATH": str(Path(ansible.__file__).parents[1]),
            # Core 2.21 returns a module's arguments only on request: wanted here, to see that no secret is in them.
            "ANSIBLE_INJECT_INVOCATION": "1",
            "RECORD": str(self.folder / "record"),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a run in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Run:
        """Run to the end."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr, self.results())

    def results(self) -> dict[tuple[str, str], tuple[str, dict[str, t.Any]]]:
        """What the tasks gave up to now."""
        record = self.folder / "record"
        lines = (
            [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.exists() else []
        )
        return {(host, task): (kind, result) for host, task, kind, result in lines}


def task(name: str, module: str, **arguments: t.Any) -> dict[str, t.Any]:
    """A task of this collection; a failure does not end the play."""
    return {"name": name, f"lineops.runbook.{module}": arguments, "ignore_errors": True}


def play(*tasks: dict[str, t.Any], **keywords: t.Any) -> dict[str, t.Any]:
    return {"hosts": "all", "tasks": list(tasks), **keywords}
