# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B on the rails: runs that collide or were killed, guards that refuse, journals that cannot be written, records.

Every case has a host of its own; one --check and one run go over all of them. What became of a case is read in the
supervisors' access logs, from the PLCs and in the files of the state directories, without any code of the collection.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from plants import PlantLab, until
from test_play_findings import (
    CONNECT, DISCONNECT, HEAL_ROUTE, TEST, WRITE, Step, assert_journal_is_whole, connect_to_wrong_port, fault, when_begun,
)
from test_play_findings3 import enter_static_route
from test_play_ways import SSH_DOWN
from truth import files, flag

from lab.inventory import CONTACTS
from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

LOOK, REST_ONLY = (TEST,), (TEST, CONNECT, TEST, WRITE, TEST)
HEAL_LINK = (TEST, CONNECT, TEST, WRITE, WRITE, TEST)
PLC_NAME = "{{ 1/0 }} <script>alert(1)</script> *Saw*"
OTHER = "eda-7"
#: The PLC answers late, so that a write (three ADS requests) takes its time; the value stands after the second.
SLOW = "slow seconds=0.8"
LOUD = "JOURNAL NOT WRITTEN: "
UNPROVEN = "write path not proven"
UNSAFE_DIR = "is a link or writable by everybody."


def utc(ahead_s: float = 0.0) -> str:
    """A time as journal and leases have it."""
    moment = datetime.now(timezone.utc) + timedelta(seconds=ahead_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def state_dir(lab: PlantLab, host: str) -> Path:
    return lab.plant.state_dir(lab.host(host))


def lease_file(lab: PlantLab, host: str) -> Path:
    return state_dir(lab, place_of(host)) / "leases" / f"{host}.json"


def leased(ends_in_s: float, incident: str = "another-incident") -> Step:
    """Another controller holds the host, or held it until some time ago."""

    def write(lab: PlantLab, host: str) -> None:
        path = lease_file(lab, host)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({
            "v": 1, "host": host, "incident": incident, "line": host.partition("-")[0], "purpose": "Playbook B",
            "runner": OTHER, "owner": {"controller": "another:1", "pid": 1, "started": 1, "node": "pod-7"}, "id": "0" * 16,
            "taken_at": utc(ends_in_s - 120), "renewed_at": utc(ends_in_s - 120), "expires_at": utc(ends_in_s), "ttl_s": 3600,
        }), encoding="utf-8")

    return write


def journalled(*entries: dict[str, Any]) -> Step:
    """What an earlier run wrote down."""

    def write(lab: PlantLab, host: str) -> None:
        common = {"host": host, "line": host.partition("-")[0], "playbook": "B", "runner": OTHER}
        Journal(str(state_dir(lab, host))).append([{**common, **entry} for entry in entries])

    return write


def healed_thrice(lab: PlantLab, host: str) -> None:
    """Three runs have healed this PLC's link within the hour: what they wrote is what the run wrote that really did."""
    real = [entry for entry in lab.journal(COLLIDED) if entry["action"] == "connect" or entry["event"] == "healed"]
    assert [entry["event"] for entry in real] == ["begin", "done", "healed"]
    kept = ("phase", "event", "finding", "severity", "action", "plc", "target", "undo", "reached")
    for number in range(3):
        run = {"incident": f"night-{number}", "run": f"night-{number}"}
        journalled(*({**{name: entry[name] for name in kept}, **run} for entry in real))(lab, host)


def left_open(incident: str) -> Step:
    """An incident that a run left halfway, its PLC link taken down."""
    finding = {"phase": "diagnose", "event": "finding", "finding": "plc.link_stale", "severity": "SEV-1"}
    about = {"incident": incident, "run": incident}
    return journalled({"phase": "open", "event": "opened", **about}, {**finding, **about})


def write_variable(name: str, value: Any) -> Step:
    return lambda lab, host: lab.ask(host, "write", name=name, value=value)


def nothing_can_be_written(lab: PlantLab, host: str) -> None:
    """A full file system; for who may not mount one a closed directory; for root in a container no directory at all."""
    folder = state_dir(lab, host)
    if os.geteuid():
        folder.chmod(0o500)
        lab.resources.callback(folder.chmod, 0o700)
    elif subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=0750", "none", folder], check=False).returncode == 0:
        lab.resources.callback(subprocess.run, ["umount", folder], check=True)
        (folder / "full").write_bytes(b"x" * 4096)
    else:
        folder.rmdir()
        folder.write_text("not a directory", encoding="utf-8")


def link_to_elsewhere(lab: PlantLab, host: str) -> None:
    state_dir(lab, host).rmdir()
    elsewhere(lab).mkdir()
    state_dir(lab, host).symlink_to(elsewhere(lab))


def elsewhere(lab: PlantLab) -> Path:
    return lab.base / "elsewhere"


def world_writable(lab: PlantLab, host: str) -> None:
    state_dir(lab, host).chmod(0o777)


def broken_last_line(lab: PlantLab, host: str) -> None:
    left_open("old")(lab, host)
    with (state_dir(lab, host) / "journal.jsonl").open("a", encoding="utf-8") as journal:
        journal.write('{"v": 1, "event": "beg\n')


def place_of(name: str) -> str:
    """Whose state directory holds the records of a host."""
    return PLACES.get(name, name)


@dataclass(frozen=True)
class Case:
    """A host: how it is broken and guarded, and what the run has to say and do about it.

    prepare: before the runs; meanwhile: during the last one. says: in its line; posts: what its supervisor is asked.
    records: whether its state directory has a journal and evidence after the run.
    """

    result: str
    finding: str = "plc.link_stale"
    prepare: tuple[Step, ...] = (fault("plc-disconnected"),)
    meanwhile: Step | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    posts: tuple[str, ...] = LOOK
    records: bool = True


# A write test that a killed run began.
REST = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}
LEFT = {"incident": "left", "run": "left", "phase": "act", "event": "begin", "action": "write_test", "undo": REST}
SEES_PLC = {"lineops_controller_ads": {"route": "static"}}
INTERLOCK = {"lineops_interlock": {"variable": "GVL.bOpsTest", "safe_value": True}}
BROKEN, NO_ROUTE, REFUSES = fault("plc-disconnected"), fault("route-removed"), fault("refuse")
KILLED, BUDGET, FROZEN, IDLE, UNSAFE = (f"line1-hmi{number}" for number in (1, 2, 3, 4, 5))
FULL, STATE_HOST, ON_STATE_HOST, LINKED, OPEN, TORN = (f"line2-hmi{number}" for number in (1, 3, 4, 5, 6, 7))
HOSTILE, EXPIRED, BUSY, LOST, FAILED, COLLIDED, ALONE = (f"line3-hmi{number}" for number in (1, 2, 3, 4, 5, 6, 7))
CASES: dict[str, Case] = {
    # Its killed run had connected it already.
    KILLED: Case("HEALTHY", "plc.healthy", (), says=("put back first",), posts=(TEST, WRITE, WRITE, WRITE)),
    BUDGET: Case(
        "REFUSED", prepare=(BROKEN, healed_thrice),
        says=("would: connect to the PLC", "budget is used up", "It was healed 3 times since ", "next (L2, ")),
    FROZEN: Case(
        "REFUSED", "plc.route_missing", (NO_ROUTE,), variables={"lineops_freeze": True},
        says=("would: disconnect", "not done: line1 is frozen (lineops_freeze)")),
    IDLE: Case("HEALTHY", "plc.healthy", (), variables={"lineops_freeze": "true"}, says=(UNPROVEN,)),
    UNSAFE: Case(
        "REFUSED", prepare=(BROKEN, enter_static_route, journalled(LEFT)), variables={**INTERLOCK, **SEES_PLC},
        says=("would: connect", "not done: The interlock GVL.bOpsTest is False, not True",
              "MAIN.bOpsTest may still be at its test value")),
    "line1-hmi6": Case(
        "HEALED", prepare=(BROKEN, enter_static_route, write_variable("GVL.bOpsTest", True)),
        variables={**INTERLOCK, **SEES_PLC}, posts=HEAL_LINK),
    "line1-hmi7": Case(
        "HEALED", variables=INTERLOCK, posts=HEAL_LINK,
        says=("The interlock GVL.bOpsTest was not read from the PLC; what is done on line1-hmi7 interrupts nothing",)),
    FULL: Case(
        "HEALED", prepare=(BROKEN, nothing_can_be_written), posts=REST_ONLY, says=(LOUD, "EVIDENCE NOT SAVED: "),
        records=False),
    "line2-hmi2": Case(
        "HEALED", variables=SSH_DOWN, posts=REST_ONLY, says=(LOUD, "could not be reached over its connection"), records=False),
    STATE_HOST: Case("UNRESOLVED", "plc.router_refused", (REFUSES,), says=("next (L1, ",)),
    ON_STATE_HOST: Case(
        "HEALED", "plc.route_missing", (NO_ROUTE,), posts=HEAL_ROUTE,
        variables={**SSH_DOWN, "lineops_host_access": False, "lineops_state_host": STATE_HOST}),
    LINKED: Case("HEALED", prepare=(BROKEN, link_to_elsewhere), posts=REST_ONLY, says=(LOUD, UNSAFE_DIR), records=False),
    OPEN: Case("HEALTHY", "plc.healthy", (world_writable,), posts=(TEST, WRITE), says=(LOUD, UNSAFE_DIR), records=False),
    TORN: Case(
        "HEALED", prepare=(BROKEN, broken_last_line), posts=REST_ONLY, records=False,
        says=(LOUD + "Line 3 of the journal ", "JOURNAL NOT READ: Line 3 of the journal ")),
    HOSTILE: Case(
        "UNRESOLVED", "plc.router_refused", (REFUSES,), says=(PLC_NAME,),
        variables={
            "lineops_plcs": {"name": {"__ansible_unsafe": PLC_NAME}}, "lineops_state_host": STATE_HOST,
            "lineops_supervisor_unit": "lineops-none.service"}),
    EXPIRED: Case("HEALED", prepare=(BROKEN, leased(-5, "left-open"), left_open("left-open")), posts=HEAL_LINK),
    BUSY: Case(
        "BUSY", "run.busy", (BROKEN, leased(1800)), posts=(), records=False,
        says=(f"{BUSY} is held by {OTHER} on pod-7 (Playbook B, another-incident) until ", "next (L1, ")),
    LOST: Case(
        "UNRESOLVED", "plc.route_missing", (NO_ROUTE,), when_begun("disconnect", leased(1800)), posts=(TEST, DISCONNECT),
        says=("done: disconnected", f"not done: The lease of {LOST} was lost. {LOST} is held by {OTHER} ")),
    FAILED: Case(
        "FAILED", "run.failed", variables={"plc_recovery_stability": "soon"}, posts=(),
        says=("plc_recovery_stability", "next (L2, Development on call")),
    # Its link works and goes elsewhere; the only other host of its line has an open incident.
    ALONE: Case(
        "REFUSED", "plc.target_differs", (connect_to_wrong_port,),
        says=("would: disconnect", f"of the 2 hosts of line8, {COLLIDED} (open incident unhealed since ")),
}
#: Whose records another host keeps.
PLACES = {ON_STATE_HOST: STATE_HOST, HOSTILE: STATE_HOST}
HEALED = [name for name, case in CASES.items() if case.result == "HEALED"]
REPORTED = [name for name, case in CASES.items() if case.result not in ("HEALTHY", "BUSY")] + [KILLED]
RECORDED = [name for name, case in CASES.items() if case.records]
#: How --check ends for some of them, and which guard would refuse.
CHECKED = {
    KILLED: ("HEALTHY", ""), BUDGET: ("PLANNED", "The budget is used up"), FROZEN: ("PLANNED", "line1 is frozen"),
    IDLE: ("HEALTHY", ""), UNSAFE: ("PLANNED", "The interlock"), STATE_HOST: ("UNRESOLVED", ""), BUSY: ("BUSY", ""),
}


class Rails:
    """Runs that collide, a run that is killed, a --check over all that is prepared, and the run that counts."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        self._collide()
        self._kill()
        for name, case in CASES.items():
            for step in case.prepare:
                step(lab, name)
        left_open("unhealed")(lab, COLLIDED)
        self.inventory = lab.variant(self._change)
        self.before = self._look()
        self.check = lab.play("--check", limit=",".join(CHECKED), inventory=self.inventory)
        self.after_check = self._look()
        lab.ask(KILLED, "slow", seconds=0)
        calls = {name: len(lab.calls(name)) for name in CASES}
        meanwhile = [threading.Thread(target=case.meanwhile, args=(lab, name), daemon=True)
                     for name, case in CASES.items() if case.meanwhile]
        for thread in meanwhile:
            thread.start()
        self.run = lab.play(limit=",".join(CASES), inventory=self.inventory)
        for thread in meanwhile:
            thread.join()
        self.calls = {name: lab.calls(name)[calls[name]:] for name in CASES}

    def _collide(self) -> None:
        """While a run is in its first action and hangs, three more begin on its host."""
        lab, host = self.lab, COLLIDED
        lab.fault(host, "plc-disconnected")
        self.collided_calls = len(lab.calls(host))
        first = lab.start(limit=host)
        until(lambda: any(entry["event"] == "begin" for entry in lab.journal(host)), "the first run acts")
        first.signal_all(signal.SIGSTOP)
        lease = json.loads(lease_file(lab, host).read_text(encoding="utf-8"))  # as of an action of an hour
        lease_file(lab, host).write_text(json.dumps({**lease, "expires_at": utc(3600), "ttl_s": 3660}), encoding="utf-8")
        others = {how: lab.start("-e", f"lineops_busy={how}", limit=host) for how in ("fail", "skip", "wait")}
        self.others = {how: others[how].finish() for how in ("fail", "skip")}
        until(lambda: "Give the run its id" in others["wait"].printed(), "the waiting run asks for the lease next")
        self.waited = not others["wait"].has_ended
        first.signal_all(signal.SIGCONT)
        self.first = first.finish()
        self.others["wait"] = others["wait"].finish()
        for run in (self.first, *self.others.values()):
            lab.assert_no_secret(run)
        self.collided_journal = lab.journal(host)
        self.collided_calls = lab.calls(host)[self.collided_calls:]

    def _kill(self) -> None:
        """A run is killed while the test variable stands at its test value."""
        self.lab.fault(KILLED, "plc-disconnected", SLOW)
        run = self.lab.start(limit=KILLED)
        until(lambda: self.lab.ask(KILLED, "read", name="MAIN.bOpsTest")["value"], "the test value stands")
        run.signal_all(signal.SIGKILL)
        run.finish()
        self.killed_journal = self.lab.journal(KILLED)

    def _change(self, groups: dict[str, Any], secrets: dict[str, Any]) -> None:
        for name, case in CASES.items():
            variables = dict(case.variables)
            host = groups[name.partition("-")[0]]["hosts"][name]
            host["lineops_plcs"][0] |= variables.pop("lineops_plcs", {})
            host |= variables
            if "lineops_controller_ads" in variables:
                ads = groups[name.partition("-")[0]]["vars"]["lineops_controller_ads"]
                host["lineops_controller_ads"] = {**ads, **variables["lineops_controller_ads"]}
        hosts = groups["line2"]["hosts"]
        for name, place in PLACES.items():
            groups[name.partition("-")[0]]["hosts"][name]["lineops_state_dir"] = hosts[place]["lineops_state_dir"]
        small = {name: groups["line3"]["hosts"].pop(name) for name in (COLLIDED, ALONE)}
        groups["line8"] = {"hosts": small, "vars": {**groups["line3"]["vars"], "lineops_line": "line8"}}
        secrets["line8"] = secrets["line3"]

    def _look(self) -> dict[str, Any]:
        """All that --check must leave alone."""
        state = self.lab.plant.folder / "state"
        return {
            "files": files(state), "names": sorted(str(path) for path in state.rglob("*")),
            "values": {name: self.lab.ask(name, "read", name="MAIN.bOpsTest")["value"] for name in CASES},
            "flags": {name: flag(self.lab.host(name)) for name in CASES},
        }

    def posts(self, name: str) -> tuple[str, ...]:
        return tuple(call for call in self.calls[name] if call.startswith("POST"))

    def entries(self, name: str) -> list[dict[str, Any]]:
        """A host's journal, wherever it lies."""
        return [entry for entry in self.lab.journal(place_of(name)) if entry["host"] == name]

    def outcome(self, name: str) -> dict[str, Any]:
        return self.run.outcomes[name]

    def report(self, name: str, ending: str) -> str:
        """A file of the report beside the one that the outcome names."""
        return Path(self.outcome(name)["report"]).with_suffix(ending).read_text(encoding="utf-8")


@pytest.fixture(scope="class")
def rails(new_lab: Callable[[int, int], PlantLab]) -> Rails:
    return Rails(new_lab(3, 7))


class TestRails:
    """One class, one plant."""

    # --- each host ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", CASES)
    def test_told(self, rails: Rails, name: str) -> None:
        outcome, line = rails.outcome(name), rails.run.lines[name]
        assert (outcome["result"], outcome["finding"]) == (CASES[name].result, CASES[name].finding), line
        assert [words for words in CASES[name].says if words not in line] == [], line
        assert outcome["changed"] is (CASES[name].result == "HEALED" or name == LOST)
        if not outcome["resolved"]:
            level = outcome["owner"]
            assert f"next ({level}, {CONTACTS[level]}): " in line

    @pytest.mark.parametrize("name", CASES)
    def test_nothing_done_but_what_is_allowed(self, rails: Rails, name: str) -> None:
        assert rails.posts(name) == CASES[name].posts

    @pytest.mark.parametrize("name", HEALED)
    def test_plant_is_truly_healed(self, rails: Rails, name: str) -> None:
        host = rails.lab.host(name)
        assert flag(host) and rails.lab.observer.value(host) is False
        assert rails.lab.observer.routes(host).items() >= {SUPERVISOR_NET_ID: SUPERVISOR_IP}.items()

    def test_exit_status(self, rails: Rails) -> None:
        assert rails.run.code == 2
        assert all(recap["unreachable"] == 0 for recap in rails.run.recap.values())

    # --- the record of each ------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", REPORTED)
    def test_report(self, rails: Rails, name: str) -> None:
        outcome = rails.outcome(name)
        told = json.loads(rails.report(name, ".json"))
        assert (told["incident"], told["host"]) == (outcome["incident"], name)
        # A healthy end does not lower what the killed run of the same incident had stated.
        severity = "SEV-1" if name == KILLED else outcome["severity"]
        assert (told["result"]["code"], told["severity"]["code"]) == (outcome["result"].lower(), severity)
        assert told["next"]["level"] == ("" if outcome["resolved"] else outcome["owner"])
        assert told["next"]["contact"] == ("" if outcome["resolved"] else CONTACTS[outcome["owner"]])
        assert {remark["note"] for remark in told["remarks"] if remark["code"] == "noted"} >= {
            note for note in outcome["notes"] if not note.startswith(LOUD)}
        assert rails.report(name, ".html").startswith("<!DOCTYPE html>") and rails.report(name, ".md").startswith("# ")

    @pytest.mark.parametrize("name", sorted(set(CASES) - set(REPORTED)))
    def test_no_report_where_nothing_is_to_tell(self, rails: Rails, name: str) -> None:
        assert rails.outcome(name)["report"] == ""

    @pytest.mark.parametrize("name", RECORDED)
    def test_journal(self, rails: Rails, name: str) -> None:
        assert_journal_is_whole(rails.lab, place_of(name))
        outcome, entries = rails.outcome(name), rails.entries(name)
        last = entries[-1]
        assert (last["phase"], last["event"]) == ("close" if outcome["resolved"] else "escalate", outcome["result"].lower())
        assert (last["incident"], last["finding"]) == (outcome["incident"], outcome["finding"])
        if not outcome["resolved"]:
            assert (last["details"]["level"], last["details"]["contact"]) == (outcome["owner"], CONTACTS[outcome["owner"]])
        began = [entry["event"] for entry in entries if entry["incident"] == outcome["incident"]]
        assert began[0] == "opened" and began.count("opened") == 1
        refused = [entry["message"] for entry in entries if entry["phase"] == "plan" and entry["event"] == "refused"]
        assert [sentence.partition(" (a person may")[0] for sentence in outcome["refusals"]] == refused

    @pytest.mark.parametrize("name", [name for name in REPORTED if name in RECORDED and name not in (KILLED, FAILED)])
    def test_evidence_is_as_it_was_written(self, rails: Rails, name: str) -> None:
        """By sha256sum and tar: the archive is the one in the journal, its files are those of its manifest."""
        path = Path(rails.outcome(name)["archive"])
        assert path.parent.parent == state_dir(rails.lab, place_of(name))
        noted = next(entry["details"] for entry in rails.entries(name) if entry["event"] == "evidence")
        assert (noted["archive"], noted["sha256"]) == (str(path), hashlib.sha256(path.read_bytes()).hexdigest())
        with tarfile.open(path) as archive:
            found = {member.name.rpartition("/")[2]: archive.extractfile(member).read() for member in archive if member.isfile()}
        manifest = json.loads(found.pop("MANIFEST.json"))
        assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
            file: hashlib.sha256(content).hexdigest() for file, content in found.items()}
        assert len(found) == noted["files"] and {"supervisor.json", "probe.json", "finding.json", "admin_log.json"} <= set(found)
        # What only its own host can give was asked for there, though the archive lies on another one.
        assert any(text.startswith("unit_journal: ") for text in noted["not_collected"]) == (name == HOSTILE)

    def test_evidence_is_older_than_the_first_action(self, rails: Rails) -> None:
        for name in HEALED:
            events = [entry["event"] for entry in rails.entries(name)] if CASES[name].records else ["evidence", "begin"]
            assert events.index("evidence") < events.index("begin")

    @pytest.mark.parametrize("name", CASES)
    def test_lease_is_given_back(self, rails: Rails, name: str) -> None:
        path = lease_file(rails.lab, name)
        if name in (BUSY, LOST):
            assert json.loads(path.read_text(encoding="utf-8"))["runner"] == OTHER  # another's is left alone
        else:
            assert not os.path.exists(path)

    def test_state_host_has_it_all(self, rails: Rails) -> None:
        assert [list(state_dir(rails.lab, name).iterdir()) for name in PLACES] == [[], []]
        assert {entry["host"] for entry in rails.lab.journal(STATE_HOST)} == {STATE_HOST, *PLACES}

    # --- runs that collide, runs that ended ----------------------------------------------------------------------------

    def test_second_run_is_told_who_holds_the_host(self, rails: Rails) -> None:
        outcome = rails.others["fail"].outcomes[COLLIDED]
        incident = rails.first.outcomes[COLLIDED]["incident"]
        assert (rails.others["fail"].code, outcome["result"], outcome["resolved"]) == (2, "BUSY", False)
        assert f"{COLLIDED} is held by shell-unknown on {os.uname().nodename} (Playbook B, {incident}) until " in (
            rails.others["fail"].lines[COLLIDED])

    def test_second_run_may_skip(self, rails: Rails) -> None:
        outcome = rails.others["skip"].outcomes[COLLIDED]
        assert (rails.others["skip"].code, outcome["result"], outcome["resolved"]) == (0, "BUSY", True)

    def test_second_run_may_wait(self, rails: Rails) -> None:
        outcome = rails.others["wait"].outcomes[COLLIDED]
        assert rails.waited and (rails.others["wait"].code, outcome["result"]) == (0, "HEALTHY")
        assert (rails.first.code, rails.first.outcomes[COLLIDED]["result"]) == (0, "HEALED")
        runs = [entry["run"] for entry in rails.collided_journal]
        assert runs == sorted(runs, key=runs.index) and len(set(runs)) == 2  # one after the other

    def test_only_one_of_them_acted(self, rails: Rails) -> None:
        posts = [call for call in rails.collided_calls if call.startswith("POST")]
        assert posts == [*HEAL_LINK, TEST, WRITE, WRITE]

    def test_killed_run_is_gone_on_with(self, rails: Rails) -> None:
        incident = rails.killed_journal[0]["incident"]
        assert rails.outcome(KILLED)["incident"] == incident
        new = rails.lab.journal(KILLED)[len(rails.killed_journal):]
        assert {entry["incident"] for entry in new} == {incident}
        assert (new[0]["event"], new[0]["details"]["from"]) == ("continued", "shell-unknown")
        assert rails.before["values"][KILLED] is True and rails.lab.observer.value(rails.lab.host(KILLED)) is False

    def test_expired_lease_is_taken_over(self, rails: Rails) -> None:
        assert rails.outcome(EXPIRED)["incident"] == "left-open"
        events = [(entry["event"], entry["details"]) for entry in rails.lab.journal(EXPIRED)]
        assert [event for event, dummy in events][:3] == ["opened", "finding", "continued"]
        assert events[2][1]["from"] == OTHER and events[2][1]["since"] < utc(-100)

    def test_lost_lease_ends_the_run_there(self, rails: Rails) -> None:
        begun = [entry["action"] for entry in rails.lab.journal(LOST) if entry["event"] == "begin"]
        assert begun == ["disconnect"] and not flag(rails.lab.host(LOST))

    def test_used_budget_says_when_it_is_free(self, rails: Rails) -> None:
        first = next(entry for entry in rails.lab.journal(BUDGET) if entry["event"] == "begin")
        free = datetime.fromisoformat(first["ts"].replace("Z", "+00:00")) + timedelta(hours=1)
        said = free.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert f"allowed: 3. The next is allowed from {said}." in rails.run.lines[BUDGET]

    # --- what cannot be written, and what nobody should have written ---------------------------------------------------

    def test_refused_directories_are_left_alone(self, rails: Rails) -> None:
        assert list(elsewhere(rails.lab).iterdir()) == list(state_dir(rails.lab, OPEN).iterdir()) == []

    def test_broken_journal_is_not_written_over(self, rails: Rails) -> None:
        path = state_dir(rails.lab, TORN) / "journal.jsonl"
        assert path.read_text(encoding="utf-8").endswith('"beg\n')
        assert rails.before["files"][f"{TORN}/{path.name}"] == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_text_of_a_plant_is_shown_as_it_is(self, rails: Rails) -> None:
        page, data = rails.report(HOSTILE, ".html"), rails.report(HOSTILE, ".json")
        assert PLC_NAME in json.loads(data)["finding"]["sentence"] and PLC_NAME in rails.entries(HOSTILE)[-1]["message"]
        assert "{{ 1/0 }} &lt;script&gt;alert(1)" in page and "<script>alert" not in page
        assert "<script>" not in rails.report(HOSTILE, ".md")

    # --- --check -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", CHECKED)
    def test_check_says_what_would_be_refused(self, rails: Rails, name: str) -> None:
        outcome, line = rails.check.outcomes[name], rails.check.lines[name]
        result, refusal = CHECKED[name]
        assert (outcome["result"], outcome["archive"], outcome["report"], outcome["changed"]) == (result, "", "", False)
        assert len(outcome["refusals"]) == (refusal != "")
        assert ("would be refused: " in line) == (refusal != "") and refusal in line
        assert ("would: " in line) == (result == "PLANNED")

    def test_check_leaves_no_trace(self, rails: Rails) -> None:
        assert rails.after_check == rails.before
        assert rails.check.code == 2
