# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of booted hosts for tests: its command, looks at its hosts by SSH, and what it leaves on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import hosts
from lab.hosts import layout
from lab.hosts.docker import DOCKER
from lab.plant import Host, Plant

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0
# Takes the lab down when the tests end, however they end: then its standard input ends too. Who ends what is left of them
# gives it the time.
_GUARDIAN = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
sys.stdin.read()
os.execv(sys.executable, [sys.executable, "-m", "lab", "down", "--dir", os.environ["GUARDED_LAB"]])
"""


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Poll until true and return the value; the test fails if that takes too long."""
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"in vain waited for: {what}"
        time.sleep(0.1)
    return value


class HostsLab:
    """One lab in folders of its own."""

    def __init__(self, folder: Path, inventory: Path) -> None:
        self.folder, self.inventory = folder, inventory
        self.up_s = 0.0

    def arguments(self, command: str, *words: str) -> list[str]:
        """A command line of the lab."""
        where = ["--backend", "hosts", "--inventory", str(self.inventory)] if command == "up" else []
        return [sys.executable, "-m", "lab", command, "--dir", str(self.folder), *where, *words]

    def run(self, command: str, *words: str, code: int = 0) -> str:
        """Run to the end, insist on the exit code, return what it printed (on failure its standard error)."""
        done = subprocess.run(
            self.arguments(command, *words), cwd=REPOSITORY, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == code, f"{command} {words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr if code else done.stdout

    def start(self, command: str, *words: str) -> subprocess.Popen[str]:
        """Run in the background."""
        return subprocess.Popen(
            self.arguments(command, *words), cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Whatever becomes of the tests inside, the lab ends."""
        guardian = subprocess.Popen(
            [sys.executable, "-c", _GUARDIAN], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            start_new_session=True, env=os.environ | {"GUARDED_LAB": str(self.folder)})  # not in sight of traces()
        try:
            yield
        finally:
            guardian.stdin.close()
            assert guardian.wait(600) == 0

    @property
    def plant(self) -> Plant:
        """What is up."""
        return Plant.load(self.folder)

    def status(self) -> dict[str, dict[str, Any]]:
        """``status --json`` by host."""
        return {row["host"]: row for row in json.loads(self.run("status", "--json"))}

    def ssh(self, host: Host, *argv: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run a command on a host by SSH."""
        return hosts.shell(self.plant, host, argv, user)

    def unit(self, host: Host) -> dict[str, str]:
        """What systemd says about the supervisor's unit, by SSH."""
        shown = self.ssh(host, "systemctl", "show", layout.UNIT).stdout
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def restarts(self, host: Host) -> int:
        """How often systemd has started the unit anew; 0 where it does not answer in time on a busy machine."""
        return int(self.unit(host).get("NRestarts", 0))

    def port_owner(self, host: Host) -> int | None:
        """The process that has the supervisor's port, by SSH."""
        shown = self.ssh(host, "ss", "-Hltnp", "sport = :5000").stdout
        return int(shown.partition("pid=")[2].partition(",")[0]) if "pid=" in shown else None

    def inside(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the controller's network."""
        return subprocess.run(
            self.arguments("inside") + list(argv), cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)

    def http_status(self, host: Host, path: str = "/api/system/status") -> int:
        """The status of an answer of the supervisor, 0 for none within 4 seconds."""
        ask = ("import sys, urllib.request as r\n"
               "try: print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=4).status)\n"
               "except r.HTTPError as error: print(error.code)\n"
               "except OSError: print(0)")
        return int(self.inside(sys.executable, "-c", ask, host.url + path).stdout)

    def block(self) -> int:
        """The block it has claimed."""
        return next(layout.claimed(self.folder), 0)


def traces(folder: Path, block: int) -> list[str]:
    """All that this machine holds of a lab: mounts, namespaces, control groups, processes, files in /run, docker's things."""
    name = layout.controller(block)
    words = (str(folder), f"{name}-", f"{name} ")
    mounts = [line for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines() if _has(line, words)]
    folders = ("run", "run/netns", "sys/fs/cgroup", "sys/fs/cgroup/*", "run/systemd/nspawn/propagate")
    places = [
        str(path) for pattern in (f"{folder}/*" for folder in folders)
        for path in Path("/").glob(pattern) if path.name == name or path.name.startswith(f"{name}-")
    ]
    claims = [str(layout.CLAIMS / str(block))] if os.path.lexists(layout.CLAIMS / str(block)) else []
    return mounts + places + claims + [*_processes(words), *_at_docker(f"{name}-")]


def _at_docker(prefix: str) -> Iterator[str]:
    if DOCKER.why_not() is None:
        for words in (("ps", "--all", "--format={{.Names}}"), ("image", "ls", "--format={{.Repository}}")):
            shown = subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout
            yield from (f"docker {words[0]}: {line}" for line in shown.splitlines() if line.startswith(prefix))


def _processes(words: Sequence[str]) -> Iterator[str]:
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            groups = Path(f"/proc/{entry}/cgroup").read_text(encoding="utf-8")
            state = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if int(entry) != os.getpid() and state != "Z" and (  # ended; its parent has not taken note so far
                _has(command, words) or _has(groups, words)):
            yield f"{entry} {command}"


def _has(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)
