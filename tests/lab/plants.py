# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for a group of tests: brought up, broken, run against, looked at, and ended whatever becomes of the tests."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from runs import PLAYBOOKS, READABLE, Run, Running
from truth import Observer, calls, files, flag, target

from lab import api, inventory
from lab.control import ask
from lab.faults import fault
from lab.plant import SUPERVISOR_IP, Host
from lab.plc.packets import attach_filter
from lab.processes import REPOSITORY
from lab.start import up
from lab.waiting import Watch

PATIENCE_S = 300.0  # the machine may be many times slower than usual
# Takes the lab down when the tests end, however they end: then its standard input ends too.
_GUARDIAN = "import sys, pathlib, lab.start; sys.stdin.read(); lab.start.down(pathlib.Path(sys.argv[1]))"
# The supervisor's own counters and logs move with every call; they are no setting.
_MOVING = ("supervisor.log", "system_logs.db", "auth_keys.db", "supervisor.pid")

Change = Callable[[dict[str, Any], dict[str, Any]], None]


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll until ``condition`` returns something true and return that; fail the test after ``patience_s``."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    return pytest.fail(f"not within {patience_s} s: {what}")


class PlantLab:
    """A plant in a folder of its own."""

    def __init__(self, base: Path, lines: int, hosts: int, plcs: int = 1, streaming: bool = False) -> None:
        self.base, self.inventory = base, base / "inventory"
        folder = base / "lab"
        self._guardian = subprocess.Popen(
            [sys.executable, "-c", _GUARDIAN, str(folder)], cwd=REPOSITORY, stdin=subprocess.PIPE,
            start_new_session=True)
        self._numbers = itertools.count(1)
        self.resources = ExitStack()  # what else a test needs until the lab ends
        try:
            self.plant = up(folder, self.inventory, lines, hosts, Watch(), plcs, streaming)
            self.observer = Observer(self.plant)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End the lab."""
        self.resources.close()
        self._guardian.stdin.close()
        assert self._guardian.wait(PATIENCE_S) == 0

    # --- the plant -----------------------------------------------------------------------------------------------

    def host(self, name: str) -> Host:
        """A host by its name."""
        return next(host for host in self.plant.hosts if host.name == name)

    def fault(self, name: str, *faults: str) -> None:
        """Break a host: each fault as ``python -m lab fault`` takes it, "drop source=controller"."""
        for words in faults:
            kind, *arguments = words.split()
            fault(self.plant, self.host(name), kind, arguments)

    def ask(self, host: str, op: str, /, *, plc_number: int = 1, **arguments: Any) -> dict[str, Any]:
        """Use the control socket of a host's PLC."""
        return ask(self.plant.control(self.host(host), plc_number), op, **arguments)

    def post(self, name: str, path: str, body: Mapping[str, Any], timeout: float = PATIENCE_S) -> api.Reply:
        """Call a host's supervisor as an operator would."""
        host = self.host(name)
        key = self.plant.line(host.line).operator_key
        return api.call("POST", f"{host.url}{path}", body, key=key, timeout=timeout)

    def calls(self, name: str) -> list[str]:
        """Every call its supervisor has answered so far."""
        return calls(self.plant, self.host(name))

    def journal(self, name: str) -> list[dict[str, Any]]:
        """The complete lines of a host's journal."""
        path = self.plant.state_dir(self.host(name)) / "journal.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def links(self, name: str) -> list[tuple[str, float]]:
        """The supervisor's connections to its PLC as the PLC sees them: its NetId, since when."""
        connections = self.ask(name, "status")["connections"]
        return [(link["ams_net_id"], link["since"]) for link in connections if link["address"] == SUPERVISOR_IP]

    def settings(self, name: str) -> dict[str, Any]:
        """All of a host that --check must leave alone."""
        host = self.host(name)
        return {
            "links": [since for dummy, since in self.links(name)], "mode": self.ask(name, "status")["mode"],
            "routes": self.ask(name, "routes"),
            "variables": {symbol: self.ask(name, "read", name=symbol) for symbol in ("MAIN.bOpsTest", "GVL.bOpsTest")},
            "flag": flag(host), "target": target(host), "files": files(self.plant.host_dir(host), without=_MOVING),
            "state": files(self.plant.state_dir(host)),
        }

    # --- the inventory -------------------------------------------------------------------------------------------

    def variant(self, change: Change) -> Path:
        """An inventory that differs from the plant's: ``change(groups, secrets)`` edits both before they are kept."""
        groups, secrets = inventory.hosts_data(self.plant), inventory.secrets_data(self.plant)
        change(groups, secrets)
        folder = self.base / f"inventory{next(self._numbers)}"
        (folder / "group_vars/all").mkdir(parents=True)
        for path, content in (("hosts.yml", groups), ("group_vars/all/secrets.yml", {"lineops_secrets": secrets})):
            (folder / path).write_text(json.dumps(content), encoding="utf-8")
        return folder

    def secrets(self) -> set[str]:
        """Every secret of the plant."""
        named = inventory.secrets_data(self.plant).values()
        cameras = {line.camera_password for line in self.plant.lines}
        return {value for line in named for value in line.values()} | cameras

    # --- Ansible -------------------------------------------------------------------------------------------------

    def start(
        self, *words: str, limit: str = "", playbook: str = "playbook_b_plc.yml", inventory: Path | None = None,
        cwd: Path = PLAYBOOKS, environment: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a playbook in the background."""
        command = ["ansible-playbook", "-i", str(inventory or self.inventory), playbook]
        return self._start([*command, *(["-l", limit] if limit else []), *words], cwd, READABLE if environment is None else environment)

    def play(self, *words: str, canaries: Iterable[str] = (), **how: Any) -> Run:
        """Run to the end. No run may show a secret: not on the screen, not in what it keeps on a host."""
        run = self.start(*words, **how).finish()
        self.assert_no_secret(run, canaries)
        return run

    def by_hand(self, host: str, module: str, arguments: Mapping[str, Any], *words: str) -> Run:
        """Run one module with ``ansible -m``."""
        command = ["ansible", host, "-i", str(self.inventory), "--playbook-dir", ".", "-m", module]
        given = ["-a", json.dumps(arguments)] if arguments else []
        run = self._start([*command, *given, *words], PLAYBOOKS, READABLE).finish()
        self.assert_no_secret(run)
        return run

    def _start(self, words: list[str], cwd: Path, environment: Mapping[str, str]) -> Running:
        return Running(words, cwd=cwd, home=self.base / f"home{next(self._numbers)}", environment=environment)

    def assert_no_secret(self, run: Run, canaries: Iterable[str] = ()) -> None:
        """Search output, state folders and the plant's own logs for every secret of the plant, and for ``canaries``."""
        folder = self.plant.folder
        kept = [path for part in ("state", "reports") for path in (folder / part).rglob("*") if path.is_file()]
        kept += folder.glob("hosts/*/supervisor.log")
        places = {"output": run.text, **{str(path): path.read_text("utf-8", "replace") for path in kept}}
        shown = {(secret[:3] + "…", place) for secret in {*self.secrets(), *canaries}
                 for place, text in places.items() if secret in text}
        assert not shown, f"secrets shown: {shown}"


def _drop_by_source_works() -> bool:
    """Does this machine let this user drop the packets of one address?"""
    with socket.socket() as sock:
        try:
            attach_filter(sock, None)
        except PermissionError:
            return False
    return True


drop_by_source = pytest.mark.skipif(
    not _drop_by_source_works(), reason="this machine refuses socket filters to this user: no dropping by source")


@pytest.fixture(scope="class")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PlantLab]]:
    """Brings up labs of (lines, hosts per line, PLCs per host, do cameras stream?) for one group of tests; they end with it."""
    labs: list[PlantLab] = []

    def start(lines: int, hosts: int, plcs: int = 1, streaming: bool = False) -> PlantLab:
        labs.append(PlantLab(tmp_path_factory.mktemp("plant"), lines, hosts, plcs, streaming))
        return labs[-1]

    yield start
    for lab in labs:
        lab.end()
