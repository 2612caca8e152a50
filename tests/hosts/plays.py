# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks on booted hosts, and what is true there afterwards: asked by SSH as root, with none of our modules."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from booted import HostsLab, until
from runs import PLAYBOOKS, READABLE, Run, Running

from lab import hosts
from lab.control import ask
from lab.hosts import layout, network
from lab.plant import Host

#: Runs on the host: what systemd, the kernel and the files say.
_TRUTH = """
import json, os, re, subprocess, sys, time, urllib.request
unit, folder = sys.argv[1:]
def run(*words): return subprocess.run(words, capture_output=True, text=True).stdout
shown = dict(line.split("=", 1) for line in run("systemctl", "show", unit).splitlines() if "=" in line)
owner = re.search(r"pid=(\\d+)", run("ss", "-Hltnp", "sport = :5000"))
def playlist(camera):
    try: return open(f"{folder}/web/static/hls/{camera}.m3u8").read()
    except OSError: return ""
def answers():
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    try: return "current_major" in json.load(ask("http://127.0.0.1:5000/api/system/versioning", timeout=3))
    except (OSError, ValueError): return False
first = {camera: playlist(camera) for camera in ("cam1", "cam2")}
group = f"/sys/fs/cgroup/systemd{shown.get('ControlGroup', '')}/cgroup.procs"
pids = open(group).read().split() if shown.get("ControlGroup") and os.path.exists(group) else []
names = [open(f"/proc/{pid}/comm").read().strip() for pid in pids if os.path.exists(f"/proc/{pid}/comm")]
ends = time.monotonic() + 6
moving = set()
while time.monotonic() < ends and len(moving) < 2:
    time.sleep(0.5)
    moving |= {camera for camera, text in first.items() if text and playlist(camera) not in ("", text)}
print(json.dumps({
    "main_pid": int(shown["MainPID"]), "state": shown["ActiveState"], "load": shown["LoadState"],
    "answers": answers(), "restarts": int(shown["NRestarts"]), "port_pid": int(owner[1]) if owner else 0, "moving": sorted(moving),
    "ffmpeg": names.count("ffmpeg"), "all_ffmpeg": int(run("pgrep", "-c", "-x", "ffmpeg") or 0)}))
"""
_CALL = ("import json, sys; from lab import api\n"
         "print(json.dumps(api.call(*sys.argv[1:3], {}, key=sys.argv[3], timeout=40).body))")
#: Short enough for a test; what they change is how long one waits, not what is done.
QUICK = ("-e", "restart_recovery_watch=4", "-e", "restart_recovery_start_wait=8", "-e", '{"lineops_budget": {"limit": 50}}')


@dataclass(frozen=True)
class Truth:
    """How a host's supervisor is."""

    main_pid: int
    state: str
    load: str
    answers: bool
    restarts: int
    port_pid: int
    moving: list[str]
    ffmpeg: int
    all_ffmpeg: int
    linked: bool
    rest: bool

    @property
    def works(self) -> bool:
        """Unit, port, both cameras and the PLC link, nothing left over, the test variable at rest."""
        return (
            self.answers and self.state == "active" and self.main_pid == self.port_pid != 0 and self.moving == ["cam1", "cam2"]
            and self.ffmpeg == self.all_ffmpeg == 2 and self.linked and self.rest)


class Plays:
    """Runs on one lab."""

    def __init__(self, lab: HostsLab, base: Path) -> None:
        self.lab, self.plant, self.base = lab, lab.plant, base
        self._numbers = itertools.count(1)

    def host(self, name: str) -> Host:
        """A host by its name."""
        return next(host for host in self.plant.hosts if host.name == name)

    def fault(self, name: str, *faults: str) -> None:
        """Break a host, each fault in the words of ``python -m lab fault``."""
        for words in faults:
            self.lab.run("fault", name, *words.split())

    def heal(self, *names: str) -> None:
        """Bring hosts back to how they were after ``up``."""
        self.at_once(lambda name: self.lab.run("heal", name), names)

    @staticmethod
    def at_once(work: Callable[[str], Any], names: Iterable[str]) -> dict[str, Any]:
        """Do something for several hosts at the same time: most of it is waiting."""
        names = list(names)
        with ThreadPoolExecutor(6) as pool:
            return dict(zip(names, pool.map(work, names)))

    def truths(self, names: Iterable[str]) -> dict[str, Truth]:
        """What is true on several hosts."""
        return self.at_once(self.truth, names)

    def truth(self, name: str) -> Truth:
        """What is true on a host now."""
        host = self.host(name)
        said = until(
            lambda: self.lab.ssh(host, "python3", "-c", _TRUTH, layout.UNIT, host.install_dir).stdout, f"{name} tells how it is")
        seen = json.loads(said)
        control = self.plant.control(host)
        return Truth(
            **seen, rest=ask(control, "read", name="MAIN.bOpsTest")["value"] is False,
            linked=any(link["address"] == host.supervisor_ip for link in ask(control, "status")["connections"]))

    def journal(self, name: str) -> list[dict[str, Any]]:
        """The complete lines of a host's journal, read as root past SSH."""
        shown = self.inside_host(name, "cat", f"{layout.STATE_DIR}/journal.jsonl").stdout
        return [json.loads(line) for line in shown.split("\n")[:-1]]

    def leases(self, name: str) -> list[str]:
        """Leases that are held on a host."""
        return self.inside_host(name, "ls", "-A", f"{layout.STATE_DIR}/leases").stdout.split()

    def forget(self) -> None:
        """Let no test find what another one wrote down."""
        self.at_once(
            lambda name: self.inside_host(name, "find", layout.STATE_DIR, "-mindepth", "1", "-delete"),
            [host.name for host in self.plant.hosts])

    def call(self, name: str, method: str, path: str) -> Any:
        """The answer of a supervisor to its operator."""
        host = self.host(name)
        done = self.lab.inside(sys.executable, "-c", _CALL, method, host.url + path, self.plant.line(host.line).operator_key)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def inside_host(self, name: str, *argv: str) -> Any:
        """A command on a host, whatever becomes of its SSH."""
        return hosts.inside_host(self.plant, self.host(name), argv)

    def variant(self, change: Callable[[dict[str, Any]], None]) -> Path:
        """An inventory that differs from the lab's."""
        folder = self.base / f"inventory{next(self._numbers)}"
        (folder / "group_vars/all").mkdir(parents=True)
        groups = yaml.safe_load((self.lab.inventory / "hosts.yml").read_text(encoding="utf-8"))
        change(groups)
        (folder / "hosts.yml").write_text(json.dumps(groups), encoding="utf-8")
        secrets = "group_vars/all/secrets.yml"
        (folder / secrets).write_text((self.lab.inventory / secrets).read_text(encoding="utf-8"), encoding="utf-8")
        return folder

    def start(
        self, *words: str, limit: str = "", playbook: str = "playbook_c_restart.yml", inventory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a playbook where the hosts can be reached."""
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory or self.lab.inventory), playbook,
            *(["-l", limit] if limit else []), *QUICK, *words]
        return Running(
            network.inside(layout.controller(self.plant.block), command), cwd=PLAYBOOKS,
            home=self.base / f"home{next(self._numbers)}", environment={**READABLE, "ANSIBLE_FORKS": "6", **(environment or {})})

    def play(self, *words: str, **how: Any) -> Run:
        """Run to the end."""
        return self.start(*words, **how).finish()
