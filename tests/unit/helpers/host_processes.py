# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real processes that look like those of a plant host: a supervisor with ffmpeg children. They end with their stdin."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from contextlib import ExitStack, contextmanager
from pathlib import Path

#: Says that it is up, then lives until its stdin ends.
STAY = "import sys; print('up', flush=True); sys.stdin.read()"
#: The same with a child of its own: the interpreter and the child's argv come after the program. Says the child's pid.
PARENT = (
    "import subprocess, sys; child = subprocess.Popen(sys.argv[2:], executable=sys.argv[1], stdout=subprocess.PIPE);"
    " child.stdout.readline(); print(child.pid, flush=True); sys.stdin.read()"
)


def argv(name: str, *words: str, program: str = STAY) -> list[str]:
    """The argv of a Python process that calls itself `name`."""
    return [name, "-I", "-S", "-c", program, *words]


@contextmanager
def running(*arguments: str, cwd: Path) -> t.Iterator[tuple[subprocess.Popen[str], str]]:
    """A process started with this argv, and the line it said; it is ended afterwards."""
    with subprocess.Popen(
        list(arguments), executable=sys.executable, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        try:
            said = process.stdout.readline().strip()
            assert said, "the process did not start"
            yield process, said
        finally:
            process.stdin.close()
            process.wait(60)


@contextmanager
def ffmpeg(*words: str, cwd: Path) -> t.Iterator[int]:
    """An ffmpeg without a parent of interest."""
    with running(*argv("ffmpeg", *words), cwd=cwd) as (process, dummy):
        yield process.pid


@contextmanager
def supervisor(*words: str, cwd: Path, child: str = "ffmpeg") -> t.Iterator[tuple[subprocess.Popen[str], int]]:
    """A supervisor with one child, an ffmpeg unless another name is given; both end when its stdin does."""
    with ExitStack() as stack:
        own = argv("supervisor", sys.executable, *argv(child, *words), program=PARENT)
        process, said = stack.enter_context(running(*own, cwd=cwd))
        yield process, int(said)
