# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the stages of `make test`, all or those named as arguments, and says for each how it went and how long it took.

All output goes to build/logs/STAGE.log; a failing stage's output is shown. V=1 shows everything while it runs. What could
not be run on this machine, and every skipped test, is named at the end. A process left behind fails its stage. Stages that
mostly wait run beside the others.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from collection_copy import COPY, REPOSITORY, missing_prerequisite
from environment import pip_environment
from lab_hosts import needs
from processes import Guard, Stopped, TookTooLong

STAGE_LIMIT_S = 2700.0
# Unit tests that run Ansible or its templates; the others see no more of it than argument specs.
WITH_ANSIBLE = ("tests/unit/plugins/action", "tests/unit/plugins/filter", "tests/unit/plugins/plugin_utils")
# A stage's processes may need a moment to be gone after the command that ended them has returned.
GONE_LIMIT_S = 10.0
LOGS = REPOSITORY / "build/logs"
#: ansible-core -> the Pythons it runs on, the first that is found is taken.
CORES = {"2.18": ("3.11",), "2.21": ("3.12", "3.13", "3.14")}
BY_CLASS = ("--dist", "loadscope", "--no-loadscope-reorder")
SHORT = "not long and not ci"
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTEST_SUMMARY = re.compile(r"^=* ?((?:no tests ran|\d+ \w+\b).* in [\d.]+s.*?) ?=*$")
# What pip says while ansible-test makes its environments is in the log, but says nothing about a failure.
CHATTER = re.compile(r"WARNING: Location |(Looking in|Collecting|Processing|Using cached|Installing|Successfully) |\s+(Downloading|━)")
LEFT_OUT = "Left out: "
PYTEST_SKIP = re.compile(r"^SKIPPED \[\d+\] (.*)$")


@dataclass(frozen=True)
class Command:
    """One command of a stage; `python` is the interpreter whose environment it runs in."""

    arguments: list[str | Path]
    python: Path = Path(sys.executable)
    cwd: Path = REPOSITORY
    env: Mapping[str, str] = field(default_factory=dict)
    extra_path: str = ""

    def words(self) -> list[str]:
        """The command line, its first word looked up in the environment's bin folder."""
        program = self.python if self.arguments[0] == "python" else self.python.parent / self.arguments[0]
        return [str(word) for word in (program, *self.arguments[1:])]

    def environment(self) -> dict[str, str]:
        """The environment variables: the interpreter's folder is first on PATH."""
        path = os.pathsep.join(part for part in (str(self.python.parent), self.extra_path, os.environ["PATH"]) if part)
        return os.environ | {"PATH": path} | dict(self.env)


@dataclass(frozen=True)
class LeftOut:
    """Something a stage could not do on this machine, in words."""

    sentence: str


Step = Command | LeftOut


@dataclass(frozen=True)
class Stage:
    """A named part of `make test`; `steps` gives its commands when it is about to run."""

    name: str
    headline: str
    steps: Callable[[], Iterator[Step]]


def pytest(*arguments: str) -> Command:
    """A pytest run in the project's own environment."""
    return Command(["python", "-m", "pytest", *arguments])


def on_the_lab(marks: str, *folders: str) -> Command:
    """Tests on labs of their own: more at a time than cores, since they wait much."""
    return pytest("-n", "4", *BY_CLASS, "-m", marks, *folders)


def always(*steps: Step) -> Callable[[], Iterator[Step]]:
    """A stage whose steps do not depend on the machine."""
    return lambda: iter(steps)


def on_copy(*arguments: str | Path, extra_path: str = "") -> Command:
    """A command that needs the collection at ansible_collections/lineops/runbook."""
    collections = {"ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "build")}
    return Command(list(arguments), cwd=COPY, env=collections, extra_path=extra_path)


MAKE_COPY = Command(["python", "scripts/collection_copy.py"])
PIP_STAND_IN = Command(["python", "scripts/pip_stand_in.py"])


def find_python(*versions: str) -> Path | None:
    """A working interpreter of one of the versions, the first that is found."""
    answer = subprocess.run(
        [REPOSITORY / "scripts/find-python", *versions], capture_output=True, text=True, check=False
    )  # fmt: skip
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def environment(name: str, python: Path = Path(sys.executable)) -> Command:
    """Make the environment of this name; instant if it is there."""
    directory = REPOSITORY / f".venv-{name.replace('core-', 'core')}"
    return Command(["python", "scripts/environment.py", directory, f"scripts/requirements/{name}.txt"], python=python)


def old_python() -> Iterator[Step]:
    """Modules may meet Python 3.9 on a plant host: compile and import them with it."""
    python = find_python("3.9")
    if python is None:
        yield LeftOut("import of the modules by Python 3.9: no working Python 3.9 was found")
        return
    tests = ("--test", "compile", "--test", "import")
    yield from (MAKE_COPY, PIP_STAND_IN)
    yield on_copy("ansible-test", "sanity", "--venv", "--python", "3.9", *tests, extra_path=str(python.parent))


def in_browser() -> Iterator[Step]:
    """Reports in a real browser, in an environment of its own: nothing else needs Playwright."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        yield LeftOut("reports in a browser: no chromium was found (Debian: apt-get install chromium)")
        return
    directory = REPOSITORY / ".venv-browser"
    yield environment("browser")
    yield Command(["python", "-m", "pytest", "-n", "2", "tests/browser"], python=directory / "bin/python")


def with_engines() -> Iterator[Step]:
    """The collection in the hands of ansible-runner, ansible-rulebook, ansible-builder and CI jobs; Ansible as tests have it."""
    directory = REPOSITORY / ".venv-engines"
    yield environment("engines")
    # No more at a time than cores: rules and jobs act on what happened seconds ago.
    words = ("-n", "2", *BY_CLASS, "-m", "not long")
    yield Command(["python", "-m", "pytest", *words, "tests/engines"], python=directory / "bin/python")


def with_core(core: str, *arguments: str) -> Callable[[], Iterator[Step]]:
    """A pytest run with another ansible-core, on the first Python found."""

    def steps() -> Iterator[Step]:
        found = find_python(*CORES[core])
        if found is None:
            yield LeftOut(f"ansible-core {core}: no working Python {' or '.join(CORES[core])} was found")
            return
        directory = REPOSITORY / f".venv-core{core}"
        yield environment(f"core-{core}", found)
        yield Command(["python", "-m", "pytest", *arguments], python=directory / "bin/python")

    return steps


def prepare() -> Iterator[Step]:
    """The environment that a stage would have to wait for."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        yield environment("browser")


def on_hosts(*arguments: str) -> Callable[[], Iterator[Step]]:
    """Tests on booted hosts, after their base tree was built; the tests themselves say why hosts cannot be had."""

    def steps() -> Iterator[Step]:
        if needs.why_not() is None:
            build = "from lab.hosts import base; from lab.waiting import Watch; base.ensure(Watch())"
            yield Command(["python", "-c", build], env=pip_environment())
        yield pytest(*arguments, "tests/hosts")

    return steps


# Parts of the stages below, for whoever works on one of them.
PARTS = (
    Stage("prepare", "the environment of a later stage", prepare),
    Stage("standins", "tests of the lab's PLC stand-in (part of lab-tests)", always(pytest("-n", "2", "tests/standins"))),
    Stage("contract", "supervisor stand-in against the recordings (part of lab-tests)", always(
        pytest("-n", "2", "tests/contract"),
    )),
    Stage("playbooks", "playbooks on the lab (part of lab-tests)", always(on_the_lab(SHORT, "tests/lab"))),
    Stage("lab-more", "plants of Playbook B that make test has no time for (not in make test)", always(
        on_the_lab("ci", "tests/lab"),
    )),
    # The same unit tests, each in a process of its own.
    Stage("ansible-units", f"ansible-test units, Python {THIS_PYTHON} (not in make test)", always(
        MAKE_COPY,
        PIP_STAND_IN,
        on_copy("ansible-test", "units", "--venv", "--python", THIS_PYTHON),
    )),
    *(Stage(f"core-{core}", f"smoke test with ansible-core {core} (not in make test)", with_core(core, "-m", "smoke", "tests/lab"))
      for core in CORES),
    # What does not touch Ansible is run by units.
    *(Stage(f"units-{core}", f"unit tests that touch Ansible, with ansible-core {core} (not in make test)",
            with_core(core, "-n", "2", *WITH_ANSIBLE)) for core in CORES),
    Stage("engines", "AWX's runner, event rules and CI jobs start playbooks on the lab (not in make test)", with_engines),
    Stage("hosts-long", "all faults, rungs and interruptions on booted hosts (not in make test)", on_hosts(
        "-n", "2", *BY_CLASS, "-m", "long",
    )),
    Stage("lab-long", "many restarts of streams, and slow faults of cameras, on the lab (not in make test)", always(
        pytest("-m", "long", "tests/lab", "tests/standins"),
    )),
)  # fmt: skip
STAGES = (
    Stage("project", "packaging, layers, documentation, traceability", always(pytest("tests/project"))),
    Stage("lint", "ansible-lint (production) and yamllint", always(
        MAKE_COPY,
        on_copy("ansible-lint", "--nocolor"),
        Command(["yamllint", "--strict", "."]),
    )),
    Stage("docs", "plugin documentation and changelog", always(
        MAKE_COPY,
        on_copy("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."),
        Command(["antsibull-changelog", "lint"]),
    )),
    Stage("sanity", f"ansible-test sanity, Python {THIS_PYTHON}, no ignore file", always(
        MAKE_COPY,
        PIP_STAND_IN,
        on_copy("ansible-test", "sanity", "--venv", "--python", THIS_PYTHON),
    )),
    Stage("units", "unit tests of the plugins", always(pytest("-n", "2", "tests/unit"))),
    Stage("old-python", "modules compiled and imported by Python 3.9", old_python),
    Stage("browser", "reports in headless Chromium, looked at by axe-core", in_browser),
    # One lab: a second one costs more than it saves.
    Stage("hosts", "lab of booted hosts, and the service of Playbook C on it", on_hosts("-m", "not long")),
    Stage("lab-tests", "stand-ins against recordings and vectors, playbooks on the lab", always(
        on_the_lab(SHORT, "tests/contract", "tests/standins", "tests/lab"),
    )),
)  # fmt: skip
#: Run beside all others from the start: they mostly wait, for hosts and for the recordings' own pauses.
BESIDE = ("prepare", "hosts", "lab-tests")
NEED_WHAT_IS_PREPARED = ("browser",)
#: It can use all cores, where the others follow one another on one: it gets what they leave.
GIVES_WAY = ("lab-tests",)
#: Runs one of them; what it prints is printed here.
BESIDE_COMMAND = [sys.executable, str(Path(__file__).resolve()), "--beside"]


class Run:
    """Runs stages one after the other and keeps what has to be said at the end."""

    def __init__(self, guard: Guard, verbose: bool) -> None:
        self.guard = guard
        self.verbose = verbose
        self.failed: list[str] = []
        self.left_out: list[str] = []

    def stage(self, stage: Stage) -> None:
        """Run one stage and report on it."""
        print(f"{stage.name}: {stage.headline} …", flush=True)
        LOGS.mkdir(parents=True, exist_ok=True)
        log_path = LOGS / f"{stage.name}.log"
        began = time.monotonic()
        with log_path.open("w", encoding="utf-8") as log:
            problem = self._run_steps(stage, log)
        took_s = time.monotonic() - began
        if problem:
            self.failed.append(stage.name)
            if not self.verbose:
                lines = log_path.read_text(encoding="utf-8").splitlines()
                print(*(line for line in lines if not CHATTER.match(line)), sep="\n")
        print(f"{stage.name}: {problem or 'ok'}, {took_s:.0f} s", flush=True)

    def _run_steps(self, stage: Stage, log: TextIO) -> str:
        """Run the stage's steps up to the first that fails; returns the problem, or nothing."""
        for step in stage.steps():
            if isinstance(step, LeftOut):
                self.left_out.append(step.sentence)
                continue
            problem = self._run_command(stage, step, log) or self._left_behind()
            if problem:
                return f"FAILED: {problem}"
        return ""

    def _run_command(self, stage: Stage, command: Command, log: TextIO) -> str:
        words = command.words()
        print("$", *words, file=log, flush=True)
        try:
            status = self.guard.run(
                words, cwd=command.cwd, env=command.environment(), limit_s=STAGE_LIMIT_S,
                on_line=lambda line: self._take_line(stage, line, log),
            )  # fmt: skip
        except (TookTooLong, OSError) as error:
            return f"{words[0]}: {error}"
        return f"exit status {status} of {' '.join(words)}" if status else ""

    def _take_line(self, stage: Stage, line: str, log: TextIO) -> None:
        print(line, file=log, flush=True)
        if self.verbose:
            print(line, flush=True)
        if skip := PYTEST_SKIP.match(line):
            self.left_out.append(skip.group(1))
        if not self.verbose and (summary := PYTEST_SUMMARY.match(line)):
            print(f"{stage.name}: {summary.group(1)}", flush=True)

    def _left_behind(self) -> str:
        limit = time.monotonic() + GONE_LIMIT_S
        while self.guard.leftovers() and time.monotonic() < limit:
            time.sleep(0.1)
        found = self.guard.end_all() if self.guard.leftovers() else {}
        return f"left processes behind: {'; '.join(found.values())}" if found else ""


class Stages:
    """All stages: most one after the other, those of BESIDE beside them, each with a guard and a Run of its own."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._beside = {
            name: run.guard.begin_beside(
                [*(["nice"] if name in GIVES_WAY else []), *BESIDE_COMMAND, name], cwd=REPOSITORY, env=os.environ, on_line=self._take_line)
            for name in BESIDE
        }  # fmt: skip

    def finish(self) -> None:
        """Run them all to their end."""
        for stage in STAGES:
            if stage.name in NEED_WHAT_IS_PREPARED:
                self._await("prepare")
            if stage.name not in BESIDE:
                self._run.stage(stage)
        for name in list(self._beside):
            self._await(name)

    def _await(self, name: str) -> None:
        if (beside := self._beside.pop(name, None)) and beside.finish():
            self._run.failed.append(name)

    def _take_line(self, line: str) -> None:
        if line.startswith(LEFT_OUT):
            self._run.left_out.append(line.removeprefix(LEFT_OUT))
        else:
            print(line, flush=True)


def main(names: list[str]) -> int:
    """Run the named stages, or all; returns the exit status. `--beside` first leaves the verdict to who started it."""
    is_beside = names[:1] == ["--beside"]
    names = names[int(is_beside) :]
    known = {stage.name: stage for stage in (*STAGES, *PARTS)}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No such stage: {', '.join(unknown)}. There are: {', '.join(known)}")
        return 2
    if problem := missing_prerequisite():
        print(problem)
        return 1
    began = time.monotonic()
    with Guard() as guard:
        run = Run(guard, verbose=bool(os.environ.get("V")))
        if names:
            for name in names:
                run.stage(known[name])
        else:
            Stages(run).finish()
    for sentence in dict.fromkeys(run.left_out):
        print(f"{LEFT_OUT}{sentence}")
    if is_beside:
        return int(bool(run.failed))
    took_s = time.monotonic() - began
    if run.failed:
        print(f"FAILED after {took_s:.0f} s: {', '.join(run.failed)}. All output is in {LOGS.relative_to(REPOSITORY)}/.")
        return 1
    print(f"All is well: {len(names or STAGES)} stages in {took_s:.0f} s.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stopped as stopped:
        print(f"Stopped by {stopped}; nothing is left running.")
        sys.exit(stopped.exit_status)
