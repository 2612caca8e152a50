# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leases in real runs of ansible-playbook: runs that collide, that are killed, and that share nothing but the state."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import threading
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.lineops.runbook.plugins.action import lease as action
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.module_utils._lease import Leases
from ansible_collections.lineops.runbook.plugins.plugin_utils._run_owner import owner_of_this_run
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import LIMIT_S, Playbook, Run, play, task

LIVE = {"runner": "awx-7", "incident": "i-7", "purpose": "Playbook C"}


def run(folder: Path, *tasks: dict[str, t.Any], hosts: t.Any = None, arguments: t.Sequence[str] = ()) -> Run:
    return Playbook(folder / "run", [play(*tasks)], hosts or {"h1": {}}).run(*arguments)


def wait_until(holds: t.Callable[[], t.Any], process: subprocess.Popen[str]) -> None:
    """Poll a condition that a run brings about, as long as it runs."""
    tick = threading.Event()
    for dummy in range(int(LIMIT_S / 0.05)):
        if holds():
            return
        assert process.poll() is None, process.communicate()[0]
        tick.wait(0.05)
    raise AssertionError("waited in vain")


def until_exists(path: Path) -> dict[str, t.Any]:
    """A task that keeps a run alive until a file is there."""
    return {"name": "stay", "ansible.builtin.wait_for": {"path": str(path), "timeout": int(LIMIT_S)}}


def held_by_this_process(state: Path, host: str = "h1") -> str:
    """A lease of a run that lives: of this very process."""
    return str(Leases(str(state)).hold(host, {**LIVE, "owner": owner_of_this_run()}, 60)["lease_id"])


# --- one run ---------------------------------------------------------------------------------------------------------


def test_run_holds_the_leases_of_its_hosts_until_it_gives_them_back(tmp_path: Path) -> None:
    """Every task is a worker of its own; the owner is the run, so that each of them finds the lease its own."""
    state = tmp_path / "state"
    common = {"state_dir": str(state), "host": "{{ inventory_hostname }}"}
    mine = {**common, "lease_id": "{{ taken.lease_id }}"}
    tasks = [
        {**task("take", "lease", incident="i-1", purpose="{{ said }}", runner="anna", **common), "register": "taken"},
        task("again", "lease", deadline_s=300, **common),
        task("renew", "lease", **mine),
        task("write", "journal", state_dir=str(state), entries=[{"event": "begin", "message": "{{ taken.message }}"}],
             lease={"host": "{{ inventory_hostname }}", "lease_id": "{{ taken.lease_id }}"}),
        task("look", "lease", state="looked", **common),
        task("give back", "lease", state="released", **mine),
        task("write without", "journal", state_dir=str(state), entries=[{"event": "done"}], required=False,
             lease={"host": "{{ inventory_hostname }}", "lease_id": "{{ taken.lease_id }}"}),
    ]  # fmt: skip
    said = {"said": "{% raw %}{{ 1/0 }}{% endraw %}"}
    playbook = Playbook(tmp_path / "run", [play(*tasks, vars=said)], {"h1": {}, "h2": {}})
    process = playbook.start()
    output, dummy = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, output
    for host in ("h1", "h2"):
        done = Run(process.returncode, output, playbook.results())
        taken, again, renewed = (done.result(name, host) for name in ("take", "again", "renew"))
        assert taken["held"] and taken["holder"]["owner"]["pid"] == process.pid
        assert taken["holder"]["purpose"] == "{{ 1/0 }}"
        assert taken["lease_id"] == again["lease_id"] == renewed["lease_id"]
        assert taken["until"] < again["until"] > renewed["until"] > taken["until"]
        assert done.result("write", host)["lease_until"] >= renewed["until"] and done.result("look", host)["held"]
        assert done.result("give back", host)["released"] and not (state / "leases" / f"{host}.json").exists()
        lost = done.result("write without", host)
        assert (done.kind("write without", host), lost["failure"]["code"]) == ("ok", "lease.lost")
    assert {kind for kind, dummy in playbook.results().values()} == {"ok"}
    assert "changed=1" not in output
    assert [entry["event"] for entry in Journal(str(state)).read()] == ["begin", "begin"]


def test_text_of_a_journal_goes_round_as_it_is(tmp_path: Path) -> None:
    """An entry that is read and written again must not be evaluated on its way (DESIGN §7.12)."""
    text = "{{ 1/0 }} <script> {% raw %}"
    Journal(str(tmp_path / "state")).append([{"incident": "i-1", "message": text, "details": {"said": [text]}}])
    state, names = {"state_dir": str(tmp_path / "state")}, ("message", "details")
    done = run(
        tmp_path,
        {**task("read", "journal", state="read", incident="i-1", **state), "register": "found"},
        task("write", "journal", entries=[{name: "{{ found.entries[0].%s }}" % name for name in names}], **state),
        task("verify", "journal", state="verified", **state),
    )  # fmt: skip
    assert done.result("read")["entries"][0]["message"] == text
    assert [(entry["message"], entry["details"]) for entry in Journal(**state).read()] == [(text, {"said": [text]})] * 2
    assert done.result("verify")["ok"] and done.result("verify")["checked"] == 2


# --- runs that collide -----------------------------------------------------------------------------------------------


def test_host_that_is_busy_is_an_answer_unless_the_lease_is_required(tmp_path: Path) -> None:
    state = tmp_path / "state"
    lease_id = held_by_this_process(state)
    options = {"state_dir": str(state), "host": "h1"}
    done = run(
        tmp_path,
        task("take", "lease", **options),
        task("skip", "lease", busy="skip", **options),
        task("wait", "lease", busy="wait", wait_s=0.1, **options),
        task("required", "lease", required=True, **options),
        task("forged", "lease", owner=owner_of_this_run(), holder_gone=lease_id, **options),
        task("lost", "lease", lease_id="other", **options),
        task("give back", "lease", state="released", **options),
        task("wrong host", "lease", state_dir=str(state), host="../h1"),
        task("wrong wait", "lease", busy="wait", wait_s=-1, **options),
        task("wrong option", "lease", hots="h1", **options),
    )
    for name in ("take", "skip", "wait", "required", "forged"):
        result = done.result(name)
        assert done.kind(name) == ("failed" if name == "required" else "ok"), name
        assert (result["held"], result["lease_id"], result["failure"]["code"]) == (False, None, "lease.busy"), name
        assert result["busy"]["runner"] == "awx-7" and result["busy"]["until"] == result["until"]
        assert result["busy"]["message"] == result["message"]
        assert result["message"].startswith("h1 is held by awx-7 on ") and "(Playbook C, i-7)" in result["message"]
    assert (done.kind("lost"), done.result("lost")["failure"]["code"]) == ("ok", "lease.lost")
    assert (done.kind("give back"), done.result("give back")["released"]) == ("ok", False)
    for name, code in {"wrong host": "lease.host", "wrong wait": "lease.wait"}.items():
        assert (done.kind(name), done.result(name)["failure"]["code"], done.result(name)["held"]) == ("ok", code, False)
    assert done.kind("wrong option") == "failed" and "hots" in done.result("wrong option")["msg"]
    assert Leases(str(state)).look("h1", {})["holder"]["lease_id"] == lease_id


def test_check_mode_takes_nothing_and_says_who_holds_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    held_by_this_process(state)
    before = {path: path.stat().st_mtime_ns for path in state.rglob("*")}
    tasks = [task(host, "lease", state_dir=str(state), host=host, required=True) for host in ("h1", "h2")]
    done = run(tmp_path, *tasks, arguments=["--check"])
    assert [(done.kind(host), done.result(host)["held"]) for host in ("h1", "h2")] == [("ok", False)] * 2
    assert done.result("h1")["busy"]["runner"] == "awx-7" and done.result("h2")["busy"] is None
    assert {path: path.stat().st_mtime_ns for path in state.rglob("*")} == before


def test_host_that_cannot_be_reached_is_told_and_stays_in_the_play(tmp_path: Path) -> None:
    options = {"state_dir": "/nonexistent", "host": "off"}
    tasks = [task("take", "lease", **options), task("required", "lease", required=True, **options)]
    done = run(tmp_path, *tasks, hosts={"off": {"ansible_connection": "lost"}})
    for name, kind in {"take": "ok", "required": "failed"}.items():
        result = done.result(name, "off")
        assert (done.kind(name, "off"), result["failure"]["code"]) == (kind, "host.unreachable")
        assert (result["held"], result["lease_id"], result["busy"], result["holder"]) == (False, None, None, None)


# --- a holder that is gone -------------------------------------------------------------------------------------------


def test_holder_that_was_killed_is_taken_over_at_once_and_its_incident_goes_on(tmp_path: Path) -> None:
    state, never = tmp_path / "state", tmp_path / "never"
    options = {"state_dir": str(state), "host": "h1"}
    first = Playbook(
        tmp_path / "first",
        [play(task("take", "lease", incident="i-1", runner="shell-anna", **options), until_exists(never))], {"h1": {}},
    ).start()  # fmt: skip
    try:
        wait_until((state / "leases" / "h1.json").exists, first)
        # It lives and holds: nobody gets it, not even from the same controller.
        alive = Playbook(tmp_path / "alive", [play(task("take", "lease", **options))], {"h1": {}}).run()
        assert alive.result("take")["busy"]["runner"] == "shell-anna"
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        never.touch()  # for its worker, which does not end with it
        first.communicate(timeout=LIMIT_S)
    tasks = [
        task("check", "lease", **options),
        task("take", "lease", incident="i-2", runner="shell-bert", **options),
    ]
    tasks[0]["check_mode"] = True
    done = Playbook(tmp_path / "second", [play(*tasks)], {"h1": {}}).run()
    assert (done.result("check")["busy"], done.result("check")["held"]) == (None, False)
    taken = done.result("take")
    assert (done.kind("take"), taken["held"], taken["incident"]) == ("ok", True, "i-1")
    assert taken["taken_over"]["reason"] == "holder_dead" and taken["taken_over"]["from"] == "shell-anna"


class Asked:
    """The action plugin with what the host answers given, one answer for each time it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: dict[str, t.Any], **options: t.Any) -> None:
        self.arguments: list[dict[str, t.Any]] = []
        self.slept: list[float] = []
        self._answers = list(answers)
        clock = [100.0]
        monkeypatch.setattr(action, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=self._sleep(clock)))
        made = type("Made", (action.ActionModule,), {"_execute_module": self._answer})
        arguments = {"state_dir": "/s", "host": "h1", **options}
        given = SimpleNamespace(args=arguments, check_mode=False, async_val=0, diff=False, delegate_to=None)
        shell = SimpleNamespace(tmpdir="/nonexistent")
        connection = SimpleNamespace(_shell=shell, transport="ssh", become=None)
        plugin = made(given, connection, SimpleNamespace(), None, None, None)
        self.result = plugin.run(task_vars={"inventory_hostname": "h1"})

    def _sleep(self, clock: list[float]) -> t.Callable[[float], None]:
        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            clock[0] += seconds

        return sleep

    def _answer(self, **options: t.Any) -> dict[str, t.Any]:
        self.arguments.append(options["module_args"])
        return dict(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def busy_with(owner: t.Any) -> dict[str, t.Any]:
    failure = {"code": "lease.busy", "message": "Busy.", "hint": ""}
    return {"held": False, "busy": {"runner": "x"}, "failure": failure, "holder": {"owner": owner, "lease_id": "aa"}}


ALIVE = busy_with({"controller": "elsewhere", "pid": 1, "started": 1})
TAKEN = {"held": True, "busy": None, "lease_id": "bb"}


def test_waiting_ends_when_the_lease_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, ALIVE, ALIVE, ALIVE, TAKEN, busy="wait", wait_s=60)
    assert asked.result["held"] and asked.slept == [2.0] * 3 and len(asked.arguments) == 4


@pytest.mark.parametrize(("wait_s", "slept"), [(5, [2.0, 2.0, 1.0]), (1, [1.0]), (0, [])])
def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch, wait_s: float, slept: list[float]) -> None:
    asked = Asked(monkeypatch, ALIVE, busy="wait", wait_s=wait_s)
    assert (asked.result["held"], asked.result["failed"], asked.slept) == (False, False, slept)
    assert len(asked.arguments) == len(slept) + 1


@pytest.mark.parametrize("busy", ["fail", "skip"])
def test_only_who_wants_to_wait_waits(monkeypatch: pytest.MonkeyPatch, busy: str) -> None:
    asked = Asked(monkeypatch, ALIVE, busy=busy)
    assert (len(asked.arguments), asked.slept) == (1, [])


def test_nobody_waits_for_a_lease_that_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = {"code": "lease.lost", "message": "Lost.", "hint": ""}
    lost = {"held": False, "busy": None, "holder": None, "failure": failure}
    asked = Asked(monkeypatch, lost, busy="wait", required=True)
    assert (asked.result["failed"], asked.slept) == (True, [])


@pytest.mark.parametrize("wait_s", [-1, 1e9, float("nan")])
def test_wait_that_makes_no_sense_is_refused_unasked(monkeypatch: pytest.MonkeyPatch, wait_s: float) -> None:
    asked = Asked(monkeypatch, ALIVE, busy="wait", wait_s=wait_s)
    assert (asked.result["failure"]["code"], asked.arguments) == ("lease.wait", [])


def test_while_waiting_the_holder_may_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is looked at each time; what is handed on is the very lease it had."""
    looks = iter([False, True])
    monkeypatch.setattr(action, "is_gone", lambda owner: next(looks))
    asked = Asked(monkeypatch, ALIVE, ALIVE, TAKEN, busy="wait")
    assert asked.result["held"] and [arguments["holder_gone"] for arguments in asked.arguments] == [None, None, "aa"]
    assert all(arguments["owner"] == owner_of_this_run() for arguments in asked.arguments)


# --- runners that share nothing but the state directory --------------------------------------------------------------

# A process id name space, a root and a file system of its own, as a pod has. Of $2, nothing but $3 and $4 is there.
ISOLATE = """
set -e
root=$1 hidden=$2 own=$3 shared=$4; shift 4
mount --make-rprivate /
mount --rbind / "$root"
mount -t tmpfs tmpfs "$root$hidden"
mkdir -p "$root$own" "$root$shared"
mount --bind "$own" "$root$own"
mount --bind "$shared" "$root$shared"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""


class Runners:
    """Runners in file systems of their own below one folder; they share the folder "shared" alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shared = folder / "shared"
        self.state = self.shared / "lineops"
        self.shared.mkdir()
        self.started: list[subprocess.Popen[str]] = []
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self._unshare = ["unshare", *user, "--mount", "--pid", "--fork", "--kill-child"]

    def command(self, name: str, *command: str) -> list[str]:
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / f"root-{name}").mkdir(exist_ok=True)
        places = [str(self.folder / f"root-{name}"), str(self.folder), str(self.folder / name), str(self.shared)]
        return [*self._unshare, "sh", "-c", ISOLATE, "sh", *places, *command]

    def start(self, name: str) -> tuple[Playbook, subprocess.Popen[str]]:
        """Start a run that takes the lease as soon as it may, and stays until it is told to end."""
        options = {"state_dir": str(self.state), "host": "h1", "incident": f"i-{name}", "runner": name}
        tasks = [
            {"name": "ready", "ansible.builtin.command": {"cmd": f"touch {self.shared}/ready-{name}"}},
            until_exists(self.shared / "go"),
            task("take", "lease", **options),
            {"name": "said", "ansible.builtin.command": {"cmd": f"touch {self.shared}/said-{name}"}},
            {**until_exists(self.shared / "end"), "name": "stay to the end"},
        ]
        (self.folder / name).mkdir()
        playbook = Playbook(self.folder / name / "run", [play(*tasks)], {"h1": {}})
        inner = f"cd {shlex.quote(str(playbook.folder))} && exec {shlex.join(playbook.command())}"
        process = subprocess.Popen(
            self.command(name, "sh", "-c", inner), env=playbook.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(process)
        return playbook, process

    def wait_for(self, what: str, name: str, process: subprocess.Popen[str]) -> None:
        wait_until((self.shared / f"{what}-{name}").exists, process)


@pytest.fixture
def runners(tmp_path: Path) -> t.Iterator[Runners]:
    made = Runners(tmp_path)
    probe = subprocess.run(made.command("probe", "true"), capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"no name spaces of one's own here: {probe.stderr.strip()}")
    try:
        yield made
    finally:
        for process in made.started:
            process.kill()
            process.communicate(timeout=LIMIT_S)


def test_of_two_runners_with_nothing_in_common_but_the_state_one_holds_the_host(runners: Runners) -> None:
    """As pods of AWX are. One that is killed leaves its lease to nobody before its time, then its incident goes on."""
    both = {name: runners.start(name) for name in ("pod-a", "pod-b")}
    for name, (dummy, process) in both.items():
        runners.wait_for("ready", name, process)
    (runners.shared / "go").touch()
    for name, (dummy, process) in both.items():
        runners.wait_for("said", name, process)
    said = {name: playbook.results()["h1", "take"][1] for name, (playbook, dummy) in both.items()}
    (winner,) = (name for name, result in said.items() if result["held"])
    (loser,) = set(said) - {winner}
    assert said[loser]["busy"]["runner"] == winner and said[loser]["failure"]["code"] == "lease.busy"
    owner = said[winner]["holder"]["owner"]
    assert said[loser]["holder"]["owner"] == owner and owner["controller"]
    assert owner["controller"] != owner_of_this_run()["controller"]

    both[winner][1].kill()
    both[winner][1].wait()
    playbook, process = runners.start("pod-c")
    runners.wait_for("said", "pod-c", process)
    refused = playbook.results()["h1", "take"][1]
    assert not refused["held"] and refused["holder"]["owner"] == owner

    # Its time goes by: no clock here but the one in the file.
    path = runners.state / "leases" / "h1.json"
    late = {**json.loads(path.read_text(encoding="utf-8")), "expires_at": "2020-01-01T00:00:00Z"}
    path.write_text(json.dumps(late), encoding="utf-8")
    playbook, process = runners.start("pod-d")
    runners.wait_for("said", "pod-d", process)
    taken = playbook.results()["h1", "take"][1]
    assert (taken["held"], taken["incident"]) == (True, f"i-{winner}")
    assert (taken["taken_over"]["reason"], taken["taken_over"]["from"]) == ("expired", winner)


def test_runners_see_nothing_of_each_other_but_the_state(runners: Runners) -> None:
    """What the test above rests on."""
    (runners.folder / "pod-b").mkdir()
    (runners.shared / "file").touch()
    look = f"ls {runners.folder} {runners.shared}; readlink /proc/self/ns/pid; ls /proc | grep -c '^[0-9]'"
    command = runners.command("pod-a", "sh", "-c", look)
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    names = [word for word in shown if word in ("pod-a", "pod-b", "shared", "file", "root-pod-a")]
    assert names == ["pod-a", "shared", "file"]
    assert shown[-2] != os.readlink("/proc/self/ns/pid") and int(shown[-1]) < 6
