# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook C on booted hosts: a case for every rung and every fault, with what is true afterwards by SSH.

The hosts are entered as the user lineops, with no more rights than roles/restart_recovery/files/lineops.sudoers gives.
Of a line of three never more than two are in trouble at once: the blast radius would forbid to restart them.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from batches import Batch, Batches, Case, Scenes
from booted import until
from plays import Plays, Truth
from runs import Run

from lab.hosts import layout

SEV_1, SEV_2, SEV_3 = "SEV-1", "SEV-2", "SEV-3"
#: What a healed supervisor is proven by, and more where the host could be asked.
PROOF = frozenset({"playlists that move", "route test", "write test", "no failure while it was watched", "system status"})
ON_HOST = PROOF | {"the unit's own process holds the port"}
AFTER = ("was connected", "test variable written and put back")
HOST, STARTED = "its service restarted on the host", "streams started again"


def stop(plays: Plays, name: str) -> None:
    """Stop the unit by hand."""
    plays.inside_host(name, "systemctl", "stop", layout.UNIT)


def until_failed(plays: Plays, name: str) -> None:
    """Wait for the start limit."""
    until(lambda: plays.lab.unit(plays.host(name))["ActiveState"] == "failed", f"the unit of {name} has failed")


def restore_script(plays: Plays, name: str) -> None:
    """Take away what ends the process, and leave the unit as it is."""
    script = f"{plays.host(name).install_dir}/start_web_hmi.py"
    plays.inside_host(name, "sh", "-c", f"cat /opt/lineops-lab/lab/supervisor/installed/start_web_hmi.py > {script}")


def until_answers(plays: Plays, name: str) -> None:
    """Wait for the supervisor after a boot."""
    until(lambda: plays.lab.http_status(plays.host(name)) == 200, f"the supervisor of {name} answers")


def restart_is_pending(plays: Plays, name: str) -> None:
    """Somebody else has asked for a restart in 30 seconds (quirk 14)."""
    host = plays.host(name)
    ask = (
        "import json, sys, urllib.request as r\n"
        "r.build_opener(r.ProxyHandler({})).open(r.Request(sys.argv[1], json.dumps({'delay': 30}).encode(), "
        "{'Content-Type': 'application/json', 'Authorization': 'Bearer ' + sys.argv[2]}), timeout=10)")
    done = plays.lab.inside(
        sys.executable, "-c", ask, f"{host.url}/api/admin/service/restart-daemon", plays.plant.line(host.line).admin_key)
    assert done.returncode == 0, done.stderr


def kill_once_restarted(plays: Plays, name: str) -> None:
    """Something ends the supervisor a few seconds after each start, from its next restart on."""
    watch = (
        f'pid() {{ systemctl show -P MainPID {layout.UNIT}; }}; old=$(pid); while [ "$(pid)" = "$old" ]; do sleep 0.2; done; '
        f"while sleep 5; do systemctl kill -s KILL {layout.UNIT}; done")
    plays.inside_host(name, "systemd-run", "--collect", "--unit=lineops-test-killer", "sh", "-c", watch)


def end_killer(plays: Plays, name: str) -> None:
    """End what kill_once_restarted started."""
    plays.inside_host(name, "systemctl", "stop", "lineops-test-killer")


def without_sudo(plays: Plays, name: str) -> None:
    """The file with the rights is gone, so sudo asks for a password that nobody gave."""
    plays.inside_host(name, "mv", "/etc/sudoers.d/lineops", "/root/lineops.sudoers")


def with_sudo(plays: Plays, name: str) -> None:
    """Put it back."""
    plays.inside_host(name, "mv", "/root/lineops.sudoers", "/etc/sudoers.d/lineops")


def forced(variables: dict[str, Any]) -> None:
    """A restart is asked for."""
    variables["restart_recovery_force"] = True


def by_hook(variables: dict[str, Any]) -> None:
    """An orchestrator with a command of its own runs the supervisor."""
    variables.pop("lineops_supervisor_unit")
    variables["lineops_restart_command"] = ["sudo", "-n", "/usr/bin/systemctl", "restart", layout.UNIT]


CASES: dict[str, dict[str, Case]] = {
    "host": {
        "line1-hmi1": Case("supervisor.hung", faults=("supervisor-frozen",), actions=(HOST, STARTED, *AFTER)),
        "line1-hmi2": Case("supervisor.stopped", faults=("unit-stopped",), actions=(HOST, STARTED, *AFTER)),
        "line2-hmi1": Case(
            "supervisor.escaped", faults=("port-escaped",), severity=SEV_2, actions=(HOST, STARTED, *AFTER)),
        "line2-hmi2": Case(
            "supervisor.port_taken", "UNRESOLVED", faults=("port-stranger",), restarted=None, works=False,
            words=("of user nobody", "is not ended from here")),
    },
    "api": {
        "line1-hmi1": Case(
            "supervisor.healthy", edit=forced, severity="",
            actions=("streams stopped", "restarted by its API (control script)", STARTED, *AFTER), words=("restart asked for",)),
        "line2-hmi2": Case(
            "supervisor.healthy", edit=forced, severity="",
            actions=("streams stopped", "restarted by its API", STARTED, *AFTER)),
        "line2-hmi3": Case(
            "inventory.mistakes", "REFUSED", severity="", restarted=False,
            edit=lambda variables: variables.update(restart_recovery_force=True, restart_recovery_delay="abc"),
            words=("whole number of seconds from 1 to 30", "'abc'")),
        "line1-hmi3": Case(
            "supervisor.hung", "REFUSED", faults=("supervisor-frozen",), restarted=False, works=False,
            edit=lambda variables: variables.update(lineops_freeze=True), words=("frozen (lineops_freeze)",)),
    },
    "cannot": {
        "line1-hmi2": Case(
            "restart.no_effect", "UNRESOLVED", faults=("crash-loop",), restarted=None, works=False,
            actions=("FAILED: restart of its service on the host",), words=("rule C.E1",)),
        "line1-hmi3": Case(
            "supervisor.no_rights", "UNRESOLVED", faults=("permissions what=config",), restarted=None, works=False,
            words=("/opt/Smarthome-Web/config", "a restart does not help")),
        "line2-hmi1": Case(
            "supervisor.unit_masked", "UNRESOLVED", faults=("unit-masked",), prepare=(stop,), restarted=None, works=False,
            words=("masked",)),
        "line2-hmi3": Case(
            "supervisor.disk_full", "UNRESOLVED", faults=("disk-full what=log",), restarted=None, works=False,
            words=("/var/log", "a restart does not help")),
    },
    "cause is gone": {
        "line1-hmi1": Case(
            "supervisor.start_limit", faults=("crash-loop",), prepare=(until_failed, restore_script),
            actions=(HOST, STARTED, *AFTER)),
        "line1-hmi2": Case(
            "supervisor.unit_missing", "UNRESOLVED", faults=("unit-missing",), prepare=(stop,), restarted=None, works=False,
            words=("lineops_supervisor_unit",)),
        "line2-hmi2": Case(
            "restart.recurs", "UNRESOLVED", prepare=(kill_once_restarted,), clean_up=end_killer, edit=forced, severity=SEV_2, restarted=True,
            works=False, actions=None, words=("rule C.E2", "restarted by its API")),  # a stream may start between two falls
        "line2-hmi1": Case(
            "supervisor.hung", faults=("supervisor-frozen",), edit=by_hook,
            actions=("its container restarted", STARTED, *AFTER), proof=PROOF),
    },
    "network": {
        "line1-hmi1": Case(
            "supervisor.start_blocked", "UNRESOLVED", faults=("network-dropped direction=plc", "supervisor-killed"),
            actions=("waited until it had started",), restarted=None, works=False, words=("blocked by a silent PLC", "starts the wait anew")),
        "line1-hmi2": Case(
            "supervisor.unreachable", "UNRESOLVED", faults=("supervisor-frozen", "ssh-down"), by_ssh=False, restarted=None, works=False,
            words=("host side not tried: SSH does not work", "JOURNAL NOT WRITTEN")),
        "line1-hmi3": Case(
            "supervisor.healthy", "HEALTHY", faults=("ssh-down",), by_ssh=False, severity="", restarted=None, works=False,
            words=("not observed: which process the unit owns",)),
        "line2-hmi1": Case(
            "supervisor.path_blocked", "UNRESOLVED", faults=("network-dropped direction=api",), severity=SEV_3, restarted=False),
        "line2-hmi2": Case(
            "supervisor.unreachable", "UNRESOLVED", faults=("host-frozen",), by_ssh=False, restarted=None, works=False,
            words=("SSH does not work",)),
        "line2-hmi3": Case(
            "supervisor.unreachable", "UNRESOLVED", faults=("power-cut",), by_ssh=False, restarted=None, works=False,
            words=("SSH does not work",)),
    },
    "network and files": {
        "line1-hmi1": Case(
            "supervisor.path_blocked", "UNRESOLVED", faults=("network-reset direction=api",), severity=SEV_3, restarted=False),
        "line1-hmi2": Case(
            "supervisor.hung", faults=("supervisor-frozen", "network-lossy percent=3"), actions=(HOST, STARTED, *AFTER)),
        "line2-hmi1": Case(
            "supervisor.healthy", "HEALTHY", faults=("permissions what=hls",), severity=SEV_3, restarted=None, works=False,
            words=("no rights where it needs them (/opt/Smarthome-Web/web/static/hls)", "core cameras without a moving picture")),
        "line2-hmi2": Case(
            "supervisor.healthy", "HEALTHY", faults=("power-cut", "power-on"), prepare=(until_answers,), severity="",
            restarted=None, works=False, words=("core cameras without a moving picture",)),  # nothing starts streams after a boot (quirk 13)
        "line2-hmi3": Case(
            "supervisor.healthy", prepare=(restart_is_pending,), edit=forced, severity="",
            actions=None),  # which of the two comes first is chance
    },
    "bad input": {
        "line1-hmi1": Case(
            "supervisor.unit_missing", "UNRESOLVED", faults=("supervisor-frozen",), restarted=False, works=False,
            edit=lambda variables: variables.update(lineops_supervisor_unit="smarthome-wep.service"), words=("smarthome-wep.service",)),
        "line1-hmi2": Case(
            "supervisor.unreachable", "UNRESOLVED", faults=("supervisor-frozen",), prepare=(without_sudo,), clean_up=with_sudo, restarted=False,
            works=False, words=("host side not tried", "password")),
        "line2-hmi1": Case(
            "supervisor.unreachable", "UNRESOLVED", faults=("supervisor-frozen",), restarted=False, works=False,
            edit=lambda variables: variables.update(lineops_host_access=False),
            words=("host side not tried: lineops_host_access is false", "guard rails local only")),
        "line2-hmi2": Case(
            "supervisor.healthy", "HEALTHY", severity=SEV_3, restarted=False, words=("does not know the service of the inventory",),
            edit=lambda variables: variables.update(lineops_supervisor_unit="nobody.service")),
    },
}
BATCHES = {name: Batch(cases, check=name == "host") for name, cases in CASES.items()}


class Restarts(Batches):
    """Batches of Playbook C."""

    PROOF = ON_HOST


class TestRungs(Restarts):
    """The service on the host."""

    BATCHES = ("host",)

    def test_check_mode_shows_the_plan_and_touches_nothing(self, scenes: Scenes) -> None:
        scene = scenes["host"]
        planned = {name: outcome["result"] for name, outcome in scene.check.outcomes.items()}
        assert planned == {
            "line1-hmi1": "PLANNED", "line1-hmi2": "PLANNED", "line2-hmi1": "PLANNED", "line2-hmi2": "UNRESOLVED",
            "line1-hmi3": "HEALTHY", "line2-hmi3": "HEALTHY"}
        assert all(numbers["changed"] == 0 for numbers in scene.check.recap.values())
        assert "restart of its service on the host" in scene.check.lines["line1-hmi1"]
        assert all(scene.after_check[name].main_pid == scene.before[name].main_pid for name in ("line1-hmi1", "line1-hmi3", "line2-hmi3"))
        assert len({entry["run"] for entry in scene.journals["line1-hmi1"]}) == 1  # of the run that came after

    def test_a_stranger_is_never_ended(self, scenes: Scenes) -> None:
        assert scenes["host"].after["line2-hmi2"].port_pid not in (0, scenes["host"].after["line2-hmi2"].main_pid)


@pytest.mark.long
class TestMoreRungs(Restarts):
    """The API, and what no rung can heal."""

    BATCHES = ("api", "cannot")

    def test_streams_that_were_stopped_are_settled_in_the_journal(self, scenes: Scenes) -> None:
        entries = scenes["api"].journals["line1-hmi1"]
        undos = [(entry["action"], entry["event"]) for entry in entries if (entry.get("undo") or {}).get("do") == "start_streams"]
        assert undos == list(itertools.product(("stop_streams", "restart_daemon", "start_streams"), ("begin", "done")))
        cameras = [entry["undo"]["streams"] for entry in entries if entry["action"] == "stop_streams"][0]
        assert [stream["camera"] for stream in cameras] == ["cam1", "cam2"]


@pytest.mark.long
class TestFaults(Restarts):
    """What breaks around a restart."""

    BATCHES = ("cause is gone", "network", "network and files", "bad input")

    def test_a_start_that_is_held_up_is_not_begun_anew(self, scenes: Scenes) -> None:
        after = scenes["network"].after["line1-hmi1"]
        assert (after.state, after.port_pid, after.restarts) == ("active", 0, scenes["network"].before["line1-hmi1"].restarts + 1)


@pytest.fixture(scope="class")
def triage(plays: Plays) -> Iterator[tuple[Run, dict[str, Truth], dict[str, list[dict[str, Any]]]]]:
    plays.fault("line1-hmi1", "supervisor-frozen")
    plays.fault("line1-hmi3", "ffmpeg-stopped")
    plays.fault("line2-hmi1", "route-removed", "ffmpeg-stopped")
    plays.fault("line2-hmi2", "unit-stopped", "route-removed")
    run = plays.play(playbook="triage.yml")
    names = [host.name for host in plays.plant.hosts]
    yield run, plays.truths(names), plays.at_once(plays.journal, names)
    plays.heal("line1-hmi1", "line1-hmi3", "line2-hmi1", "line2-hmi2")
    plays.forget()


@pytest.mark.long
class TestTriage:
    """One look, then C, B and A only where they are asked for."""

    def test_each_gets_the_playbook_it_needs(self, triage) -> None:
        run, truths, dummy = triage
        told = {name: (outcome["result"], outcome["finding"]) for name, outcome in run.outcomes.items()}
        assert told == {
            "line1-hmi1": ("HEALED", "supervisor.hung"), "line2-hmi1": ("HEALED", "stream.hung"),
            "line2-hmi2": ("HEALED", "plc.route_missing"), "line1-hmi2": ("HEALTHY", "supervisor.healthy"),
            "line1-hmi3": ("HEALED", "stream.hung"), "line2-hmi3": ("HEALTHY", "supervisor.healthy")}
        assert run.code == 0 and all(truth.works for truth in truths.values())

    def test_one_incident_for_each_host_and_cause(self, triage) -> None:
        dummy, dummy, journals = triage
        incidents = {
            name: [(entry["playbook"], entry["event"]) for entry in entries if entry["event"] in ("opened", "healed")]
            for name, entries in journals.items()}
        assert incidents == {
            "line1-hmi1": [("C", "opened"), ("C", "healed")], "line1-hmi3": [("A", "opened"), ("A", "healed")],
            "line2-hmi1": [("B", "opened"), ("B", "healed"), ("A", "opened"), ("A", "healed")],
            "line2-hmi2": [("C", "opened"), ("C", "healed"), ("B", "opened"), ("B", "healed")],
            "line1-hmi2": [], "line2-hmi3": []}

    def test_what_was_healed_first_is_told_too(self, triage) -> None:
        run, dummy, dummy = triage
        assert [run.out.count(f'"{name}: HEALED - ') for name in ("line2-hmi2", "line2-hmi1", "line1-hmi3")] == [2, 2, 1]
