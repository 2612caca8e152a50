# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of booted hosts: what comes up, that every fault shows by SSH and heals, and that nothing stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from booted import REPOSITORY, HostsLab, traces, until

from lab import hosts
from lab.hosts import files, layout
from lab.hosts.cgroups import Cgroup
from lab.hosts.engines import ENGINES
from lab.plant import Host

SMALL = ("--lines", "1", "--hosts", "1")
ANSIBLE = str(Path(sys.executable).with_name("ansible"))


# --- what is up ----------------------------------------------------------------------------------------------------------

def test_every_host_is_healthy_and_its_cameras_stream(hosts_lab: HostsLab) -> None:
    status = hosts_lab.status()
    assert list(status) == [host.name for host in hosts_lab.plant.hosts]
    for name, row in status.items():
        assert row["healthy"], row
        assert row["streams"] == ["cam1", "cam2"] and row["unit_pid"] == row["port_pid"], name


def test_a_host_is_a_debian_with_systemd_and_its_own_name(hosts_lab: HostsLab) -> None:
    for host in hosts_lab.plant.hosts:
        assert hosts_lab.ssh(host, "cat", "/proc/1/comm").stdout == "systemd\n"
        assert hosts_lab.ssh(host, "hostname").stdout == f"{host.name}\n"
        failed = hosts_lab.ssh(host, "systemctl", "--failed", "--plain", "--no-legend").stdout
        assert failed == "", failed


def test_a_command_from_outside_is_in_the_hosts_own_control_group(hosts_lab: HostsLab) -> None:
    """Where groups are delegated (mount option nsdelegate) systemd could not move it into a scope from elsewhere."""
    shown = hosts.inside_host(hosts_lab.plant, hosts_lab.plant.hosts[0], ["cat", "/proc/self/cgroup"]).stdout
    groups = [line.split(":", 2)[2] for line in shown.splitlines() if line.split(":")[1] in ("", "name=systemd")]
    assert groups and not any(group.startswith("/..") for group in groups), shown


def test_both_kinds_of_install_directory_are_there(hosts_lab: HostsLab) -> None:
    first, second = hosts_lab.plant.hosts[:2]
    assert (first.install_dir, second.install_dir) == ("/opt/Smarthome-Web", "/opt/supervisor")
    for host in (first, second):
        assert hosts_lab.unit(host)["WorkingDirectory"] == host.install_dir
        assert hosts_lab.unit(host)["User"] == "smarthome"
        owner = hosts_lab.ssh(host, "stat", "-c", "%U", host.install_dir, f"{host.install_dir}/config").stdout.split()
        assert owner == ["smarthome", "smarthome"]


def test_the_inventory_works_with_ansible_and_its_host_keys(hosts_lab: HostsLab) -> None:
    words = ("-o", "-m", "ansible.builtin.command", "-a", "id -un")
    done = hosts_lab.inside(ANSIBLE, "-i", str(hosts_lab.inventory), "all", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("(stdout) lineops") == len(hosts_lab.plant.hosts)
    values = yaml.safe_load((hosts_lab.inventory / "hosts.yml").read_text(encoding="utf-8"))["line1"]
    host, plant = hosts_lab.plant.hosts[0], hosts_lab.plant
    mine = values["hosts"][host.name]
    assert "StrictHostKeyChecking=yes" in mine["ansible_ssh_common_args"]
    assert mine["lineops_supervisor_url"] == f"http://10.213.{plant.block}.11:5000"
    assert mine["lineops_plcs"][0]["ip_address"] == f"10.213.{plant.block}.111"
    assert mine["lineops_plcs"][0]["route"] == {
        "name": host.name, "local_ams_net_id": f"10.213.{plant.block}.11.1.1", "local_ip": f"10.213.{plant.block}.11"}
    assert mine["lineops_cameras"] == [{"id": camera, "type": "rtsp", "core": True} for camera in ("cam1", "cam2")]
    assert (mine["lineops_supervisor_unit"], mine["lineops_supervisor_dir"], mine["lineops_supervisor_user"],
            mine["lineops_state_dir"]) == ("smarthome-web.service", host.install_dir, "smarthome", "/var/lib/lineops")
    assert values["vars"]["lineops_controller_ads"]["local_ip"] == f"10.213.{plant.block}.5"


def test_the_automation_user_has_just_its_rights(hosts_lab: HostsLab) -> None:
    host = hosts_lab.plant.hosts[0]

    def sudo(*words: str) -> int:
        return hosts_lab.ssh(host, "sudo", "-n", *words, user="lineops").returncode

    assert sudo("/usr/bin/systemctl", "reset-failed", layout.UNIT) == 0
    assert sudo("-u", "smarthome", "test", "-r", f"{host.install_dir}/.env") == 0
    assert sudo("/usr/bin/systemctl", "stop", layout.UNIT) == 1
    assert sudo("true") == 1
    assert hosts_lab.ssh(host, "touch", "/var/lib/lineops/probe", user="lineops").returncode == 0
    assert "Started" in hosts_lab.ssh(host, "journalctl", "-u", layout.UNIT, user="lineops").stdout
    rights = hosts_lab.ssh(host, "cat", "/etc/sudoers.d/lineops").stdout
    assert rights == files.SUDOERS.read_text(encoding="utf-8")


def test_hosts_reach_each_other_but_nothing_else(hosts_lab: HostsLab) -> None:
    assert "default" not in hosts_lab.ssh(hosts_lab.plant.hosts[0], "ip", "route").stdout
    links = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    assert f"10.213.{hosts_lab.plant.block}." not in links


# --- faults --------------------------------------------------------------------------------------------------------------


def test_frozen_supervisor_is_active_and_mute(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.run("fault", booted_host.name, "supervisor-frozen")
    unit = hosts_lab.unit(booted_host)
    assert (unit["ActiveState"], unit["SubState"]) == ("active", "running")
    assert hosts_lab.ssh(booted_host, "ps", "-o", "stat=", "-p", unit["MainPID"]).stdout.startswith("T")
    assert hosts_lab.http_status(booted_host) == 0


def test_killed_supervisor_is_started_again_by_systemd(hosts_lab: HostsLab, booted_host: Host) -> None:
    before = hosts_lab.unit(booted_host)
    hosts_lab.run("fault", booted_host.name, "supervisor-killed")
    until(lambda: hosts_lab.http_status(booted_host) == 200, "the supervisor is back")
    after = hosts_lab.unit(booted_host)
    assert int(after["NRestarts"]) == int(before["NRestarts"]) + 1 and after["MainPID"] != before["MainPID"]


@pytest.mark.long
def test_crash_loop_ends_at_the_start_limit(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.run("fault", booted_host.name, "crash-loop")
    until(lambda: hosts_lab.unit(booted_host)["ActiveState"] == "failed", "the unit has failed")
    assert hosts_lab.unit(booted_host)["Restart"] == "always"
    assert hosts_lab.ssh(booted_host, "systemctl", "start", layout.UNIT).returncode == 1
    assert "repeated too quickly" in hosts_lab.ssh(booted_host, "journalctl", "-u", layout.UNIT).stdout


@pytest.mark.long
@pytest.mark.parametrize(("name", "shown"), [
    ("unit-stopped", {"ActiveState": "inactive", "LoadState": "loaded"}),
    ("unit-masked", {"ActiveState": "active", "LoadState": "masked"}),
    ("unit-missing", {"ActiveState": "active", "UnitFileState": ""}),
    ("unit-disabled", {"ActiveState": "active", "UnitFileState": "disabled"}),
])
def test_unit_faults(hosts_lab: HostsLab, booted_host: Host, name: str, shown: dict[str, str]) -> None:
    hosts_lab.run("fault", booted_host.name, name)
    unit = hosts_lab.unit(booted_host)
    assert {key: unit.get(key, "") for key in shown} == shown
    if name == "unit-masked":
        assert hosts_lab.ssh(booted_host, "systemctl", "restart", layout.UNIT).returncode == 1


@pytest.mark.long
@pytest.mark.parametrize(("what", "status", "words"), [
    ("config", "1", ("readonly database", "unable to open database file", "Permission denied")),
    ("script", "2", ("Permission denied",)),
    ("install", "200", ()),
])
def test_wrong_permissions(
    hosts_lab: HostsLab, booted_host: Host, what: str, status: str, words: tuple[str, ...]
) -> None:
    hosts_lab.ssh(booted_host, "truncate", "-s0", layout.LOG_FILE)
    hosts_lab.run("fault", booted_host.name, "permissions", f"what={what}")
    key = "ExecStartPreEx" if what == "install" else "ExecMainStatus"
    until(lambda: f"status={status}" in f"status={hosts_lab.unit(booted_host)[key]}", f"an end with {status}")
    log = hosts_lab.ssh(booted_host, "cat", layout.LOG_FILE).stdout
    assert not words or any(word in log for word in words), log


@pytest.mark.long
@pytest.mark.parametrize("name", ["port-escaped", "port-stranger"])
def test_port_of_another_process(hosts_lab: HostsLab, booted_host: Host, name: str) -> None:
    hosts_lab.run("fault", booted_host.name, name)
    owner = hosts_lab.port_owner(booted_host)
    assert owner and str(owner) != hosts_lab.unit(booted_host)["MainPID"]
    user = hosts_lab.ssh(booted_host, "ps", "-o", "user=", "-p", str(owner)).stdout.strip()
    assert user == {"port-escaped": "smarthome", "port-stranger": "nobody"}[name]
    assert hosts_lab.http_status(booted_host) == {"port-escaped": 200, "port-stranger": 404}[name]
    until(lambda: hosts_lab.restarts(booted_host) >= 2, "the unit flaps")
    assert hosts_lab.port_owner(booted_host) == owner


@pytest.mark.long
@pytest.mark.parametrize("what", ["log", "hls", "config"])
def test_full_disk(hosts_lab: HostsLab, booted_host: Host, what: str) -> None:
    hosts_lab.run("fault", booted_host.name, "disk-full", f"what={what}")
    folder = booted_host.install_dir
    place = {"log": "/var/log", "hls": f"{folder}/web/static/hls", "config": f"{folder}/config"}
    assert hosts_lab.ssh(booted_host, "df", "--output=avail", place[what]).stdout.split()[-1] == "0"
    if what == "log":
        until(lambda: hosts_lab.restarts(booted_host) >= 2, "the unit flaps")
        assert hosts_lab.ssh(booted_host, "stat", "-c", "%s", layout.LOG_FILE).stdout == "0\n"
    else:
        until(lambda: hosts_lab.http_status(booted_host) == 200, "the supervisor answers")
    if what == "hls":
        size = ("find", place[what], "-name", "cam1*", "-size", "+0")
        until(lambda: hosts_lab.ssh(booted_host, "ls", place[what]).stdout, "files appear")
        assert hosts_lab.ssh(booted_host, *size).stdout == ""


@pytest.mark.long
def test_frozen_host_answers_nothing(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.run("fault", booted_host.name, "host-frozen")
    assert hosts_lab.ssh(booted_host, "true").returncode == 255
    assert hosts_lab.http_status(booted_host) == 0
    assert hosts_lab.status()[booted_host.name]["power"] == "frozen"


@pytest.mark.long
def test_power_cut_and_power_on(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.ssh(booted_host, "touch", "/run/before-the-cut", "/root/kept")
    hosts_lab.run("fault", booted_host.name, "power-cut")
    assert hosts_lab.ssh(booted_host, "true").returncode == 255
    hosts_lab.run("fault", booted_host.name, "power-on")
    until(lambda: hosts_lab.http_status(booted_host) == 200, "the supervisor is back")
    assert hosts_lab.ssh(booted_host, "ls", "/run/before-the-cut", "/root/kept").stdout == "/root/kept\n"


@pytest.mark.long
def test_reboot_comes_back_by_itself(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.ssh(booted_host, "touch", "/run/before-the-reboot")
    hosts_lab.run("fault", booted_host.name, "reboot")

    def has_rebooted() -> bool:
        return hosts_lab.ssh(booted_host, "ls", "/run/before-the-reboot").returncode == 2

    until(has_rebooted, "the host has rebooted")
    until(lambda: hosts_lab.http_status(booted_host) == 200, "the supervisor is back")


@pytest.mark.long
@pytest.mark.parametrize(("words", "has_ssh", "has_api"), [
    (("ssh-down",), False, True),
    (("network-dropped", "direction=ssh"), False, True),
    (("network-dropped", "direction=api"), True, False),
    (("network-reset", "direction=api"), True, False),
    (("network-dropped",), False, False),
])
def test_ssh_and_api_fail_apart(
    hosts_lab: HostsLab, booted_host: Host, words: tuple[str, ...], has_ssh: bool, has_api: bool
) -> None:
    hosts_lab.run("fault", booted_host.name, *words)
    assert (hosts_lab.ssh(booted_host, "true").returncode == 0) is has_ssh
    assert (hosts_lab.http_status(booted_host) == 200) is has_api
    assert hosts.inside_host(hosts_lab.plant, booted_host, ["true"]).returncode == 0


@pytest.mark.long
def test_silent_plc_blocks_a_start(hosts_lab: HostsLab, booted_host: Host) -> None:
    """SUPERVISOR_SYSTEMD §7: active, port closed, a connection to the PLC in SYN-SENT."""
    hosts_lab.run("fault", booted_host.name, "drop")
    hosts_lab.ssh(booted_host, "systemctl", "restart", layout.UNIT)
    until(lambda: f"{booted_host.plc_ip}:48898" in hosts_lab.ssh(booted_host, "ss", "-Htn", "state", "syn-sent").stdout,
          "a connection that waits for its PLC")
    assert hosts_lab.unit(booted_host)["SubState"] == "running" and hosts_lab.port_owner(booted_host) is None


@pytest.mark.long
def test_stalled_cameras_are_everybodys(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.run("fault", booted_host.name, "camera-stalled")
    until(lambda: not any(row["streams"] for row in hosts_lab.status().values()), "no camera streams")
    for line in hosts_lab.plant.lines:
        hosts_lab.run("heal", line.name)
    assert all(row["healthy"] for row in hosts_lab.status().values())


@pytest.mark.long
def test_routes_are_taken_away_as_on_loopback(hosts_lab: HostsLab, booted_host: Host) -> None:
    hosts_lab.run("fault", booted_host.name, "route-removed")
    assert hosts_lab.status()[booted_host.name]["route"] is False


# --- nothing stays behind --------------------------------------------------------------------------------------------------

@pytest.fixture
def another(hosts_possible: None, tmp_path: Path) -> Iterator[HostsLab]:
    """A lab beside the one of the session, to be started and ended."""
    lab = HostsLab(tmp_path / "lab", tmp_path / "inventory")
    with lab.guarded():
        yield lab


def _is_mounted(lab: HostsLab) -> bool:
    return str(lab.folder) in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def _boots(lab: HostsLab) -> bool:
    return bool(lab.block() and Cgroup(layout.mark(lab.block(), "line1-hmi1")).pids())


STAGES: dict[str, Callable[[HostsLab], object]] = {"claimed": HostsLab.block, "mounted": _is_mounted, "boots": _boots}


def _interrupted(lab: HostsLab, stage: str, number: signal.Signals) -> tuple[int, int]:
    """Start an ``up`` and end it at a stage; returns its exit code and its block."""
    process = lab.start("up", *SMALL)
    try:
        deadline = time.monotonic() + 90
        while not STAGES[stage](lab):
            assert process.poll() is None and time.monotonic() < deadline, stage
        block = lab.block()
        process.send_signal(number)
        process.communicate(timeout=90)
    finally:
        process.kill()
    return process.returncode, block


def test_down_leaves_nothing(another: HostsLab) -> None:
    another.run("up", *SMALL)
    block = another.block()
    kinds = ("overlay", "/run/netns/", "/sys/fs/cgroup/unified/" if Path("/sys/fs/cgroup/unified").exists() else "/sys/fs",
             "lab.camera.rtsp", "lab.plc", *ENGINES[another.plant.engine].programs, str(layout.CLAIMS))
    seen = "\n".join(traces(another.folder, block))
    assert [kind for kind in kinds if kind not in seen] == []
    another.run("down")
    assert traces(another.folder, block) == []
    assert not another.inventory.exists() and not (another.folder / "machines").exists()


@pytest.mark.long
@pytest.mark.parametrize("stage", list(STAGES))
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_up_leaves_nothing(another: HostsLab, stage: str, number: signal.Signals) -> None:
    code, block = _interrupted(another, stage, number)
    assert code == 128 + number
    assert traces(another.folder, block) == []


@pytest.mark.long
@pytest.mark.parametrize("stage", list(STAGES))
def test_killed_up_is_ended_by_down(another: HostsLab, stage: str) -> None:
    code, block = _interrupted(another, stage, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert traces(another.folder, block) != []
    assert "a lab is running" in another.run("up", *SMALL, code=1)
    another.run("down")
    assert traces(another.folder, block) == []


def test_down_ends_what_runs_inside(another: HostsLab) -> None:
    another.run("up", *SMALL)
    block = another.block()
    process = another.start("inside", "sleep", "600")
    name = Path("/run/netns", layout.controller(block)).stat().st_ino
    until(lambda: Path(f"/proc/{process.pid}/ns/net").stat().st_ino == name, "sleep runs inside")
    another.run("down")
    assert process.wait(30) != 0
    assert traces(another.folder, block) == []


_OWNER = """
import sys, time
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from pathlib import Path
from booted import HostsLab
lab = HostsLab(Path(sys.argv[3], "lab"), Path(sys.argv[3], "inventory"))
with lab.guarded():
    lab.run("up", "--lines", "1", "--hosts", "1")
    print(lab.block(), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_lab_ends_when_its_tests_are_killed(hosts_possible: None, tmp_path: Path, number: signal.Signals) -> None:
    """As `make test` ends what runs beside, a worker of pytest-xdist for example."""
    paths = (str(REPOSITORY), str(REPOSITORY / "tests/hosts"))
    with subprocess.Popen([sys.executable, "-c", _OWNER, *paths, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        block = int(owner.stdout.readline())
        owner.send_signal(number)
    until(lambda: not traces(tmp_path / "lab", block), "nothing is left of the lab")
