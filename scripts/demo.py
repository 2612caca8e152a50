# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` and `make demo-a`: something breaks in a plant on this machine, a playbook heals it, a second run changes nothing.

Shown of the playbook's output are the tasks that changed something, the result and the recap; with V=1 all of it. Everything
the demo starts is ended again, after Ctrl-C and SIGTERM too.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processes import Guard, Stopped, TookTooLong

REPOSITORY = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
LIMIT_S = 300.0
TASK = re.compile(r"^(?:TASK|PLAY|RUNNING HANDLER) (?:\[(?:.* : )?(.*)\]|RECAP) \**$")
CHANGED = re.compile(r"^changed: \[([^\] ]+)")
RECAP = re.compile(r"^(\S+)\s*: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")


@dataclass(frozen=True)
class Story:
    """What is shown. up: arguments of the lab; hosts: what breaks there (fault), and what the playbook (run) is to heal."""

    plant: str
    up: tuple[str, ...]
    breaks: str
    hosts: tuple[str, ...]
    fault: str
    run: tuple[str, ...]
    healed: str


STORIES = {
    "b": Story(
        "Starting a plant on this machine: three lines, two hosts each.", ("up",),
        "Taking away the ADS routes of both PLCs of line 3. The line can no longer be controlled.",
        ("line3-hmi1", "line3-hmi2"), "route-removed", ("ansible-playbook", "playbook_b_plc.yml", "-l", "line3"),
        "Line 3 is healed"),
    "a": Story(
        "Starting a plant on this machine: one line, two hosts with two cameras each, whose video is real.",
        ("up", "--lines", "1", "--cameras"),
        "The ffmpeg of a camera hangs. The supervisor goes on to say that it runs and that all is well.",
        ("line1-hmi1",), "ffmpeg-stopped", ("ansible-playbook", "playbook_a_stream.yml", "-l", "line1-hmi1"),
        "The camera is healed; the report has its picture before and after"),
}


class DemoFailed(Exception):
    """The demo did not show what it promises; the message says what happened instead."""


def say(sentence: str) -> None:
    """Print one line of the story."""
    print(f"\n▶ {sentence}", flush=True)


class Excerpt:
    """Prints what matters of a playbook's output: changes, the result, the recap, warnings and errors."""

    def __init__(self) -> None:
        self.title = "(start)"

    def __call__(self, line: str) -> None:
        """Take one line of the output."""
        if match := TASK.match(line):
            self.title = match[1] or "recap"
        elif match := CHANGED.match(line):
            print(f"  {match[1]}: {self.title}", flush=True)
        elif RECAP.match(line) or self._is_worth_reading(line):
            print(f"  {line}", flush=True)

    def _is_worth_reading(self, line: str) -> bool:
        if self.title == "Result":
            return bool(line) and not line.startswith(("ok: ", "skipping: ")) and line.strip() != "msg:"
        return line.startswith(("fatal: ", "failed: ", "[ERROR]", "[WARNING]", "ERROR"))


def show(line: str) -> None:
    """Print a line as it is."""
    print(line, flush=True)


def be_silent(dummy: str) -> None:
    """Print nothing."""


class Demo:
    """The steps of the demo; every command runs under the guard."""

    def __init__(self, guard: Guard, story: Story) -> None:
        self.guard, self.story = guard, story
        self.is_up = False
        path = os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]])
        self.environment = os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"}

    def lab(self, *arguments: str) -> None:
        """Run a command of the lab; its output is shown only if it fails."""
        output: list[str] = []
        if self._run([PYTHON, "-m", "lab", *arguments], REPOSITORY, output.append) != 0:
            raise DemoFailed("\n".join(output) or f"`python -m lab {' '.join(arguments)}` failed.")

    def playbook(self, on_line: Callable[[str], None]) -> dict[str, int]:
        """Run the story's playbook, in playbooks/; returns host -> number of changes. Fails where a host failed."""
        output: list[str] = []

        def take(line: str) -> None:
            output.append(line)
            on_line(line)

        status = self._run(list(self.story.run), REPOSITORY / "playbooks", take)
        recap = {match[1]: tuple(map(int, match.groups()[1:])) for line in output if (match := RECAP.match(line))}
        failed = [host for host in self.story.hosts if recap.get(host, (0, 1, 1))[1:] != (0, 0)]
        if status != 0 or failed:
            raise DemoFailed(f"The playbook ended with status {status}; not healed: {', '.join(failed) or 'none'}.")
        return {host: recap[host][0] for host in self.story.hosts}

    def _run(self, command: list[str], cwd: Path, on_line: Callable[[str], None]) -> int:
        program = command[0] if os.sep in command[0] else str(Path(PYTHON).parent / command[0])
        try:
            return self.guard.run(
                [program, *command[1:]], cwd=cwd, env=self.environment, limit_s=LIMIT_S, on_line=on_line
            )
        except TookTooLong as error:
            raise DemoFailed(f"`{' '.join(command)}` was {error}.") from error


def tell(demo: Demo) -> None:
    """Tell it: up, break, heal, prove that there is nothing left to heal."""
    story, began = demo.story, time.monotonic()
    say(story.plant)
    demo.lab(*story.up)
    demo.is_up = True
    say(story.breaks)
    for host in story.hosts:
        demo.lab("fault", host, story.fault)
    say(f"cd playbooks && {' '.join(story.run)}")
    changes = demo.playbook(show if os.environ.get("V") else Excerpt())
    if not all(changes.values()):
        raise DemoFailed(f"The first run should have healed every host, but changed {changes}.")
    say("The same command again: nothing is broken, so nothing may change.")
    changes = demo.playbook(show if os.environ.get("V") else be_silent)
    if any(changes.values()):
        raise DemoFailed(f"The second run should have changed nothing, but changed {changes}.")
    print("\n".join(f"  {host}: changed={count}" for host, count in changes.items()))
    say(f"{story.healed}, and a second run changed nothing. {time.monotonic() - began:.0f} s.")


def main() -> int:
    """Run the demo; returns the exit status."""
    with Guard() as guard:
        demo = Demo(guard, STORIES[(sys.argv[1:] or ["b"])[0]])
        try:
            try:
                tell(demo)
            finally:
                # A plant that somebody else started is not ended here: then `up` has failed.
                if demo.is_up:
                    with guard.undisturbed():
                        demo.lab("down")
        except DemoFailed as problem:
            print(f"\n✘ {problem}", file=sys.stderr, flush=True)
            return 1
        return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Stopped as stopped:
        print("\nStopped; the plant is down and nothing is left running.", file=sys.stderr)
        sys.exit(stopped.exit_status)
