# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook in the background, and what it has shown so far."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from plants import until
from runs import READABLE, Running

from lab.processes import REPOSITORY

COLLECTIONS = REPOSITORY / "playbooks/collections"
SHIPPED = REPOSITORY / "extensions/eda/rulebooks"
_EVENT = re.compile(r"^(\{'meta': \{.*?^ ?'supervisor_health':.*?\}\})$", re.MULTILINE | re.DOTALL)


def require_java() -> None:
    """ansible-rulebook's engine is a Java program."""
    if shutil.which("java") or os.environ.get("JAVA_HOME"):
        return
    reason = "event rules: no java was found (Debian: apt-get install openjdk-17-jre-headless)"
    if os.environ.get("LAB_REQUIRED") == "1":
        pytest.fail(f"{reason}, though LAB_REQUIRED=1")
    pytest.skip(reason)


class Rulebook:
    """One that runs."""

    def __init__(self, run: Running) -> None:
        self.run = run

    @property
    def out(self) -> str:
        """All it has printed."""
        return self.run.printed()

    def events(self, **wanted: Any) -> list[dict[str, Any]]:
        """What the source has told, as far as it has these values."""
        told = [ast.literal_eval(text)["supervisor_health"] for text in _EVENT.findall(self.out)]
        return [event for event in told if wanted.items() <= event.items()]

    def until_told(self, **wanted: Any) -> dict[str, Any]:
        """Wait for an event with these values."""
        return until(lambda: self._alive() and self.events(**wanted), f"an event with {wanted}; printed: {self.out[-3000:]}")[0]

    def until_shown(self, text: str, times: int = 1) -> None:
        """Wait until something was printed so many times."""
        until(lambda: self._alive() and self.out.count(text) >= times, f"{times} times {text!r} is printed")

    def _alive(self) -> bool:
        assert not self.run.has_ended, self.run.finish().text
        return True


@contextmanager
def running(
    base: Path, rulebook: str, inventory: Path, variables: Mapping[str, Any], *words: str, **environment: str
) -> Iterator[Rulebook]:
    """Run a rulebook (a file, or the name of one in the collection) for a while; nothing of it is left."""
    require_java()
    base.mkdir(parents=True, exist_ok=True)
    (base / "vars.yml").write_text(json.dumps(variables), encoding="utf-8")
    run = Running(
        ["ansible-rulebook", "--rulebook", rulebook, "--vars", str(base / "vars.yml"), "--print-events", *words],
        cwd=base, home=base / "home", environment={
            **READABLE, "PYTHONUNBUFFERED": "1", "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_INVENTORY": str(inventory),
            **{name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}, **environment})
    book = Rulebook(run)
    try:
        yield book
    finally:
        if not run.has_ended:
            run.signal_main(signal.SIGINT)
            run.finish()
        until(lambda: not run.pids() or run.signal_all(signal.SIGKILL), "all processes of the rulebook are gone")
