# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make molecule`: runs the scenarios in extensions/molecule/, all or those named as arguments, on a lab of booted hosts.

LINEOPS_LAB_HOSTS names the folder of a lab that is up; without it one is started and ended. Molecule cannot do that
itself: it must be in the lab's network from its start. Logs go to build/logs/; V=1 shows all. Where booted hosts cannot be
had, one sentence says so, as pytest says it, and with LAB_REQUIRED=1 that is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from environment import pip_environment
from lab_hosts import CannotInstall, install_missing, why_not
from processes import Guard, Stopped, TookTooLong

from lab.errors import LabError  # pylint: disable=wrong-import-order
from lab.plant import HOSTS, Plant  # pylint: disable=wrong-import-order

REPOSITORY = Path(__file__).resolve().parent.parent
SCENARIOS = REPOSITORY / "extensions/molecule"
LOGS, WORK = REPOSITORY / "build/logs", REPOSITORY / "build/molecule"
VENV = REPOSITORY / ".venv-molecule"
PYTHON = VENV / "bin/python"
# Three hosts: with two of a line of two in trouble the guard rails would not let anything be restarted.
SIZE = ("--lines", "1", "--hosts", "3")
UP_LIMIT_S, LIMIT_S = 1200.0, 600.0


class Failed(Exception):
    """It could not even begin; the message says why."""


class Scenarios:
    """Runs molecule under the guard."""

    def __init__(self, guard: Guard, lab: Path) -> None:
        self.guard, self.lab = guard, lab
        self.failed: list[str] = []

    def command(self, *words: str | Path, env: Mapping[str, str] | None = None, limit_s: float = LIMIT_S) -> None:
        """Run a command of ours; Failed with what it said if it fails."""
        output: list[str] = []
        if self._run([sys.executable, *words], env or os.environ, limit_s, output.append):
            raise Failed("\n".join(output) or f"failed: {' '.join(map(str, words))}")

    def up(self) -> None:
        """Start a lab. It may have to download the hosts' base tree."""
        began = time.monotonic()
        words = ("-m", "lab", "up", "--backend", HOSTS, "--dir", self.lab, "--inventory", self.lab.with_name("inventory"))
        self.command(*words, *SIZE, env=pip_environment(), limit_s=UP_LIMIT_S)
        print(f"lab: up, {time.monotonic() - began:.0f} s", flush=True)

    def down(self) -> None:
        """End the lab and remove what is left of it, also if it is only half there."""
        with self.guard.undisturbed():
            self.command("-m", "lab", "down", "--dir", self.lab)
            shutil.rmtree(self.lab.parent)

    def run(self, name: str, home: Path) -> None:
        """Run one scenario and say how it went."""
        LOGS.mkdir(parents=True, exist_ok=True)
        log_path, began = LOGS / f"molecule-{name}.log", time.monotonic()
        words = (PYTHON, "-m", "lab", "inside", "--dir", self.lab, VENV / "bin/molecule", "test", "--scenario-name", name)
        with log_path.open("w", encoding="utf-8") as log:

            def take(line: str) -> None:
                print(line, file=log, flush=True)
                if os.environ.get("V"):
                    print(line, flush=True)

            status = self._run([*words, "--no-command-borders"], self._environment(name, home), LIMIT_S, take)
        if status:
            self.failed.append(name)
            if not os.environ.get("V"):
                print(log_path.read_text(encoding="utf-8"), end="")
        print(f"{name}: {'FAILED' if status else 'ok'}, {time.monotonic() - began:.0f} s", flush=True)

    def _environment(self, name: str, home: Path) -> dict[str, str]:
        # A home of its own: sockets of SSH, and no settings of whoever runs this. A new folder: molecule remembers there
        # what it has prepared.
        return os.environ | {
            "PATH": os.pathsep.join([str(VENV / "bin"), os.environ["PATH"]]), "HOME": str(home), "NO_COLOR": "1",
            "LINEOPS_LAB_HOSTS": str(self.lab), "LINEOPS_LAB_INVENTORY": str(Plant.load(self.lab).inventory),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(home / name),
        }

    def _run(self, words: list[str | Path], env: Mapping[str, str], limit_s: float, on_line: Callable[[str], None]) -> int:
        return self.guard.run([str(word) for word in words], cwd=REPOSITORY, env=env, limit_s=limit_s, on_line=on_line)


def known_scenarios() -> list[str]:
    """The names of all scenarios."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))


def run_all(guard: Guard, names: list[str], home: Path, shared: Path | None) -> list[str]:
    """Run the scenarios on a lab that is up, or on one that is started for them; returns those that failed."""
    if shared is None:
        WORK.mkdir(parents=True, exist_ok=True)
    scenarios = Scenarios(guard, shared or Path(tempfile.mkdtemp(prefix="run-", dir=WORK)) / "lab")
    try:
        scenarios.command("scripts/environment.py", VENV, "scripts/requirements/molecule.txt", limit_s=UP_LIMIT_S)
        if shared is None:
            scenarios.up()
        for name in names:
            scenarios.run(name, home)
    finally:
        if shared is None:
            scenarios.down()
    return scenarios.failed


def main(names: list[str]) -> int:
    """Run the named scenarios, or all; returns the exit status."""
    known = known_scenarios()
    if unknown := [name for name in names if name not in known]:
        print(f"No such scenario: {', '.join(unknown)}. There are: {', '.join(known)}")
        return 2
    if reason := why_not():
        print(f"SKIPPED [{len(names or known)}] extensions/molecule: {reason}")
        return int(os.environ.get("LAB_REQUIRED") == "1")
    began, shared = time.monotonic(), os.environ.get("LINEOPS_LAB_HOSTS")
    try:
        install_missing()
        # The folder goes last: what the guard ends may still write there. Its name is short, for sockets of SSH.
        with tempfile.TemporaryDirectory(prefix="lineops-molecule-", dir="/tmp") as home, Guard() as guard:
            failed = run_all(guard, names or known, Path(home), Path(shared).resolve() if shared else None)
    except (Failed, LabError, CannotInstall, TookTooLong) as error:
        print(f"molecule: {error}", file=sys.stderr)
        return 1
    verdict = f"FAILED: {', '.join(failed)}" if failed else "All scenarios are well"
    print(f"{verdict}, {time.monotonic() - began:.0f} s.")
    return int(bool(failed))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stopped as stopped:
        print(f"Stopped by {stopped}; nothing is left running.")
        sys.exit(stopped.exit_status)
