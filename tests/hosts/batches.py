# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of cases on booted hosts: each host gets its fault, one run of a playbook meets all of them, each is then looked at.

A test module has a table of batches and a class (of Batches) that names it and the playbook.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from plays import Plays, Truth
from runs import RESULT_KEYS, Run

Prepare = Callable[[Plays, str], Any]
Edit = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Case:
    """What is done to a host, and what must come of it. Where chance decides, findings are several, actions or works None.

    restarted: whether its main process is another one afterwards; proof: in place of
    that of its class; clean_up: what heal does not; by_ssh: whether the host can be asked by SSH afterwards.
    """

    finding: str | tuple[str, ...]
    result: str = "HEALED"
    faults: tuple[str, ...] = ()
    prepare: tuple[Prepare, ...] = ()
    edit: Edit = lambda variables: None
    severity: str = "SEV-1"
    actions: tuple[str, ...] | None = ()
    restarted: bool | None = True
    works: bool | None = True
    words: tuple[str, ...] = ()
    proof: frozenset[str] = frozenset()
    clean_up: Prepare | None = None
    by_ssh: bool = True

    @property
    def findings(self) -> tuple[str, ...]:
        """All findings that may come of it."""
        return (self.finding,) if isinstance(self.finding, str) else self.finding


@dataclass(frozen=True)
class Batch:
    """Cases that one run of a playbook meets; words: more of its command line; check: whether it is run with --check before."""

    cases: dict[str, Case]
    playbook: str = "playbook_c_restart.yml"
    words: tuple[str, ...] = ()
    check: bool = False


@dataclass
class Scene:
    """One batch: broken, looked at, run against, looked at again, healed."""

    cases: dict[str, Case]
    run: Run
    before: dict[str, Truth]
    after: dict[str, Truth]
    journals: dict[str, list[dict[str, Any]]]
    leases: dict[str, list[str]]
    check: Run | None = None
    after_check: dict[str, Truth] = field(default_factory=dict)


def break_(plays: Plays, name: str, case: Case) -> None:
    """Do to a host what its case wants."""
    plays.fault(name, *case.faults)
    for prepare in case.prepare:
        prepare(plays, name)


def play_batch(plays: Plays, batch: Batch) -> Scene:
    """Play one batch; whatever becomes of it, the hosts are healed."""
    cases = batch.cases
    names = [host.name for host in plays.plant.hosts]
    before = plays.truths(names)
    # Where SSH is broken, nobody asks by SSH.
    seen = [name for name in names if name not in cases or cases[name].by_ssh]
    try:
        plays.at_once(lambda name: break_(plays, name, cases[name]), cases)

        def change(groups: dict[str, Any]) -> None:
            for name, case in cases.items():
                case.edit(groups[name.split("-")[0]]["hosts"][name])

        how: dict[str, Any] = {"inventory": plays.variant(change), "playbook": batch.playbook}
        check = plays.play("--check", *batch.words, **how) if batch.check else None
        planned = plays.truths(seen) if check else {}
        run = plays.play(*batch.words, **how)
        return Scene(
            cases, run, before, plays.truths(seen), plays.at_once(plays.journal, seen), plays.at_once(plays.leases, seen), check,
            planned)
    finally:
        for name, case in cases.items():
            if case.clean_up:
                case.clean_up(plays, name)
        plays.heal(*cases)
        plays.forget()


class Scenes:
    """The batches that were asked for so far. One that broke is not played again for each of its tests."""

    def __init__(self, plays: Plays, batches: dict[str, Batch]) -> None:
        self._plays, self._batches = plays, batches
        self._played: dict[str, Scene | Exception] = {}

    def __getitem__(self, batch: str) -> Scene:
        if batch not in self._played:
            try:
                self._played[batch] = play_batch(self._plays, self._batches[batch])
            except Exception as broken:  # pylint: disable=broad-exception-caught  # told by every test of the batch
                self._played[batch] = broken
        if isinstance(played := self._played[batch], Exception):
            raise AssertionError(f"batch {batch!r} broke") from played
        return played


class Batches:
    """What must hold of every case."""

    BATCHES: tuple[str, ...] = ()
    #: What every healed host is proven by, unless its case says otherwise.
    PROOF: frozenset[str] = frozenset()

    def test_told(self, scenes: Scenes, batch: str, name: str) -> None:
        scene = scenes[batch]
        case, outcome = scene.cases[name], scene.run.outcomes[name]
        assert (outcome["result"], outcome["severity"]) == (case.result, case.severity), outcome["sentence"]
        assert outcome["finding"] in case.findings
        assert set(outcome) == RESULT_KEYS
        if case.result != "REFUSED" and case.actions is not None:
            assert outcome["actions"] == list(case.actions), outcome["actions"]
        if case.result == "HEALED":
            assert (case.proof or self.PROOF) <= set(outcome["proof"]), outcome["proof"]
        assert [word for word in case.words if word not in scene.run.lines[name]] == [], scene.run.lines[name]

    def test_true_on_the_host(self, scenes: Scenes, batch: str, asked_by_ssh: str) -> None:
        name = asked_by_ssh
        case, before, after = scenes[batch].cases[name], scenes[batch].before[name], scenes[batch].after[name]
        assert before.works
        assert case.works in (None, after.works), after
        if case.restarted is not None:
            assert (after.main_pid != before.main_pid) == case.restarted, (before, after)

    def test_journal_and_lease(self, scenes: Scenes, batch: str, asked_by_ssh: str) -> None:
        name = asked_by_ssh
        scene, case = scenes[batch], scenes[batch].cases[name]
        assert scene.leases[name] == []
        entries = scene.journals[name]
        if not entries:  # nothing was contacted; or without access to the host its journal lies on the controller
            assert case.finding == "inventory.mistakes" or "guard rails local only" in scene.run.lines[name]
            return
        assert entries[-1]["event"] == case.result.lower() and entries[-1]["finding"] in case.findings
        assert [entry["prev"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]
        begun = [entry["action"] for entry in entries if entry["event"] == "begin"]
        ended = [entry["action"] for entry in entries if entry["event"] in ("done", "failed")]
        assert begun == ended

    def test_other_hosts_are_left_alone(self, scenes: Scenes, batch: str) -> None:
        scene = scenes[batch]
        for name in set(scene.before) - set(scene.cases):
            assert scene.run.outcomes[name]["result"] == "HEALTHY"
            assert (scene.after[name].main_pid, scene.after[name].works) == (scene.before[name].main_pid, True)
            assert scene.run.recap[name]["changed"] == 0

    def test_exit_code_says_whether_a_person_has_to_act(self, scenes: Scenes, batch: str) -> None:
        scene = scenes[batch]
        unresolved = [case for case in scene.cases.values() if case.result not in ("HEALED", "HEALTHY")]
        assert scene.run.code == (2 if unresolved else 0)

    def test_no_secret_is_shown(self, scenes: Scenes, plays: Plays, batch: str) -> None:
        shown = scenes[batch].run.text + json.dumps(scenes[batch].journals)
        lines = plays.plant.lines
        secrets = [secret for line in lines for secret in (line.admin_key, line.operator_key, line.plc_password, line.camera_password)]
        assert [secret[:3] for secret in secrets if secret in shown] == []
