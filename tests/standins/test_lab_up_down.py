# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab up`` and ``down``: what comes up, what the inventory says, what is left afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyads
import pytest
import yaml
from labs import LabCommand
from plcs import PATIENCE_S, until

import lab.addresses
from lab import api, processes
from lab.addresses import NoFreeBlock, claimed_block
from lab.inventory import to_yaml
from lab.start import _block

SMALL = ("--lines", "1", "--hosts", "1")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[LabCommand]:
    one = LabCommand(tmp_path)
    yield one
    one.run("down")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCommand]:
    """A lab of the default size, only looked at."""
    one = LabCommand(tmp_path_factory.mktemp("full"))
    one.printed = one.run("up")
    yield one
    one.run("down")


def test_up_prints_a_line_for_every_line_of_hosts(full: LabCommand) -> None:
    lines = full.printed.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["line1", "line2", "line3"] and len(lines) == 4
    assert "line3-hmi2 http://127." in lines[2]


def test_everything_is_healthy_after_up(full: LabCommand) -> None:
    status = full.status()
    assert list(status) == [f"line{line}-hmi{host}" for line in (1, 2, 3) for host in (1, 2)]
    assert all(row["healthy"] for row in status.values()), status
    assert {row["second_plc"] for row in status.values()} == {None}
    assert len(full.pids()) == 12
    for host in full.plant.hosts:
        answer = full.route_test(host)
        assert answer.status == 200 and answer.body["device_name"] == "Plc30 App"


def test_status_is_a_table(full: LabCommand) -> None:
    lines = full.run("status").splitlines()
    assert lines[0].split()[:3] == ["HOST", "SUPERVISOR", "URL"]
    assert [line.split()[1] for line in lines[1:]] == ["answers"] * 6


def test_addresses_lie_in_one_block(full: LabCommand) -> None:
    plant = full.plant
    host = plant.hosts[-1]
    assert (host.supervisor_ip, host.plc_ip) == (f"127.{plant.block}.3.12", f"127.{plant.block}.3.22")
    assert 2 <= plant.block <= 250


def test_inventory_shape(full: LabCommand) -> None:
    groups, plant = full.hosts_yml(), full.plant
    assert list(groups) == ["line1", "line2", "line3"]
    host = plant.chosen("line3-hmi1")[0]
    values = groups["line3"]["hosts"]["line3-hmi1"]
    assert values["ansible_connection"] == "local"
    assert values["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    assert values["lineops_supervisor_url"] == host.url
    assert Path(values["lineops_supervisor_dir"], "config").is_dir()
    assert Path(values["lineops_state_dir"]).is_dir() and full.folder in Path(values["lineops_state_dir"]).parents
    (plc,) = values["lineops_plcs"]
    assert plc == {
        "id": "plc_001", "active": True, "name": "Press", "ip_address": host.plc_ip, "ams_net_id": f"{host.plc_ip}.1.1",
        "runtime_type": "TC3", "ams_port": 851,
        "route": {"name": "line3-hmi1", "local_ams_net_id": "127.0.0.1.1.1", "local_ip": "127.0.0.1"},
        "test_variable": {"name": "MAIN.bOpsTest", "type": "BOOL", "test_value": True, "rest_value": False},
        "namespaces": [{"name": "MAIN", "probe_variable": "MAIN.bOpsTest"},
                       {"name": "GVL", "probe_variable": "GVL.bOpsTest"}],
    }
    assert [(camera["id"], camera["type"], camera["core"]) for camera in values["lineops_cameras"]] == [
        ("cam1", "rtsp", True), ("door", "ring", False)]
    shared = groups["line3"]["vars"]
    assert shared["lineops_line"] == "line3" and shared["lineops_run_from"] == "controller"
    assert shared["lineops_controller_ads"] == {
        "local_ams_net_id": f"127.{plant.block}.0.5.1.1", "local_ip": f"127.{plant.block}.0.5", "route": "none"}
    assert set(shared["lineops_contacts"]) == {"L1", "L2", "L3"}
    assert shared["lineops_freeze"] is False and shared["lineops_host_access"] is True


def test_ansible_reads_the_inventory(full: LabCommand) -> None:
    run = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(full.inventory), "--host", "line2-hmi2"],
        capture_output=True, text=True, check=True, cwd=full.folder, timeout=3 * PATIENCE_S)
    values = yaml.safe_load(run.stdout)
    assert values["lineops_line"] == "line2" and set(values["lineops_secrets"]) == {"line1", "line2", "line3"}


def test_secrets_are_made_up_and_differ_from_line_to_line(full: LabCommand) -> None:
    secrets = full.secrets()
    values = [values[name] for values in secrets.values() for name in ("operator_key", "admin_key", "plc_password")]
    assert len(set(values)) == 9 and min(map(len, values)) >= 20
    assert {values["plc_username"] for values in secrets.values()} == {"Administrator"}


def test_secrets_are_readable_for_the_owner_only(full: LabCommand) -> None:
    assert full.folder.stat().st_mode & 0o077 == 0
    for path in [full.inventory / "group_vars/all/secrets.yml", full.folder / "lab.json",
                 *(full.folder / "config").glob("*.json")]:
        assert path.stat().st_mode & 0o077 == 0, path
    text = (full.inventory / "hosts.yml").read_text()
    assert not any(value in text for line in full.secrets().values()
                   for name, value in line.items() if name != "plc_username")


def test_keys_have_their_levels_on_every_host_of_their_line_only(full: LabCommand) -> None:
    secrets = full.secrets()
    for host in full.plant.hosts:
        own, foreign = secrets[host.line], secrets["line1" if host.line != "line1" else "line2"]
        info = f"{host.url}/api/admin/service/info"
        assert own["operator_key"].startswith("shk_")
        assert api.call("GET", info, key=own["admin_key"]).status == 200
        assert api.call("GET", info, key=own["operator_key"]).status == 401
        assert api.call("GET", info, key=foreign["admin_key"]).status == 401
        assert api.call("POST", f"{host.url}/api/plc/config", {}, key=foreign["operator_key"]).status == 401
        assert api.call("POST", f"{host.url}/api/plc/config", {}, key=own["operator_key"]).status == 200


def test_plc_password_of_the_inventory_is_the_plcs(full: LabCommand) -> None:
    host, secrets = full.plant.chosen("line2-hmi1")[0], full.secrets()
    route = ("10.9.9.9.1.1", "10.9.9.9", host.plc_ip, "Administrator")
    assert pyads.add_route_to_plc(*route, secrets["line2"]["plc_password"], route_name="tmp") is True
    with pytest.raises(RuntimeError):
        pyads.add_route_to_plc(*route, secrets["line1"]["plc_password"], route_name="tmp")


def test_second_up_in_the_same_folder_is_refused(full: LabCommand) -> None:
    before = full.pids()
    assert "a lab is running in" in full.run("up", code=1)
    assert full.pids() == before and (full.inventory / "hosts.yml").exists()


def test_a_second_plc_per_host_stands_by(command: LabCommand) -> None:
    command.run("up", *SMALL, "--plcs", "2")
    assert len(command.pids()) == 3
    (host,) = command.plant.hosts
    values = command.hosts_yml()["line1"]["hosts"][host.name]
    first, second = values["lineops_plcs"]
    assert (first["id"], first["active"], second["id"], second["active"]) == ("plc_001", True, "plc_002", False)
    ip = f"127.{command.plant.block}.1.31"
    assert {key: second[key] for key in ("ip_address", "ams_net_id", "runtime_type", "ams_port", "route")} == {
        "ip_address": ip, "ams_net_id": f"{ip}.1.1", "runtime_type": "TC2", "ams_port": 801, "route": first["route"]}
    test = {"plc_ams_net_id": f"{ip}.1.1", "plc_ip": ip, "ams_port": 801}
    answer = command.post(host, "/api/plc/ads/route/test", test)
    assert answer.status == 200 and answer.body["device_name"] == "TCatPlcCtrl"
    plcs = api.call("GET", f"{host.url}/api/admin/plcs", key=command.secrets()["line1"]["admin_key"]).body
    assert "plc_001" in str(plcs) and "plc_002" in str(plcs)

    def second_plc() -> tuple[str, bool]:
        row = command.status()[host.name]
        return row["second_plc"], row["healthy"]

    assert second_plc() == ("", True)
    command.run("fault", host.name, "route-removed", "plc=2")
    command.run("fault", host.name, "plc-state", "plc=2", "value=STOP")
    assert second_plc() == ("STOP, no route", False)
    assert command.post(host, "/api/plc/ads/route/test", test).status == 500
    assert command.route_test(host).ok
    command.run("heal", host.name)
    assert second_plc() == ("", True)
    assert command.post(host, "/api/plc/ads/route/test", test).status == 200


def test_down_leaves_nothing(command: LabCommand) -> None:
    command.run("up", *SMALL)
    assert "ended 2 processes" in command.run("down")
    assert command.pids() == []
    assert not command.inventory.exists()
    assert not list(command.folder.rglob("*.pid")) and not list(command.folder.rglob("*.sock"))
    assert "no lab is running" in command.run("down")
    assert "no lab is up" in command.run("status", code=1)


def test_down_keeps_what_it_did_not_write(command: LabCommand) -> None:
    command.run("up", *SMALL)
    readme, own = command.inventory / "README.md", command.inventory / "group_vars/all/secrets.yml"
    readme.write_text("kept")
    own.write_text("---\n# somebody's own file\n")
    command.run("down")
    assert readme.exists() and own.exists() and not (command.inventory / "hosts.yml").exists()


def test_two_labs_do_not_touch_each_other(command: LabCommand, tmp_path: Path) -> None:
    other = LabCommand(tmp_path, "lab2")  # its folder's name begins with the other's
    try:
        command.run("up", *SMALL)
        other.run("up", *SMALL)
        assert command.plant.block != other.plant.block
        command.run("fault", "line1-hmi1", "supervisor-killed")
        assert other.status()["line1-hmi1"]["healthy"]
        command.run("down")
        assert other.status()["line1-hmi1"]["healthy"] and len(other.pids()) == 2
    finally:
        other.run("down")


def test_supervisor_that_restarted_itself_is_found_and_ended(command: LabCommand) -> None:
    command.run("up", *SMALL)
    (host,) = command.plant.hosts
    before = command.status()[host.name]["supervisor_pid"]
    assert command.post(host, "/api/admin/service/restart", {"delay": 1}, level="admin_key").ok
    until(lambda: command.status()[host.name]["supervisor_pid"] not in (before, None), "another process serves")
    until(lambda: command.status()[host.name]["healthy"], "the new process is connected")
    command.run("down")
    assert command.pids() == []


def test_down_in_the_middle_of_a_supervisors_restart(command: LabCommand) -> None:
    command.run("up", *SMALL)
    (host,) = command.plant.hosts
    config = command.plant.supervisor_config(host)
    command.post(host, "/api/admin/service/restart", {"delay": 1}, level="admin_key")
    until(lambda: len(processes.find(processes.SUPERVISOR, config)) == 2, "old and new process side by side")
    command.run("down")
    assert command.pids() == []


def test_down_ends_a_frozen_supervisor(command: LabCommand) -> None:
    command.run("up", *SMALL)
    command.run("fault", "line1", "supervisor-frozen")
    command.run("down")
    assert command.pids() == []
    assert not list(command.folder.rglob("supervisor.pid"))  # it was woken and ended in order, not killed


PHOENIX = """
import signal, subprocess, sys, time
def stop(*dummy):
    if "--restarted" not in sys.argv:
        subprocess.Popen([sys.executable, "-m", "lab.plc", sys.argv[1], "--restarted"])
    sys.exit()
signal.signal(signal.SIGTERM, stop)
open(sys.argv[1], "a").write("ready")
while True:
    time.sleep(60)
"""


def test_a_process_that_leaves_a_successor_is_ended_with_it(tmp_path: Path) -> None:
    fake, config = tmp_path / "fake" / "lab", tmp_path / "config.json"
    fake.mkdir(parents=True)
    (fake / "plc.py").write_text(PHOENIX)
    config.touch()
    process = subprocess.Popen([sys.executable, "-m", "lab.plc", str(config)], cwd=fake.parent)
    try:
        until(lambda: config.read_text() == "ready", "the process runs")
        assert processes.stop(processes.PLC, config) == 2
        assert processes.find(processes.PLC, config) == []
    finally:
        processes.stop(processes.PLC, config, number=signal.SIGKILL)
        process.wait(PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("running", [0, 1, 5], ids=["at once", "first PLC", "first supervisor"])
def test_interrupted_up_leaves_no_process(command: LabCommand, number: signal.Signals, running: int) -> None:
    process = command.start("up", "--lines", "2", "--hosts", "2")
    if running:
        until(lambda: len(command.pids()) >= running, f"{running} processes run")
    else:
        until((command.folder / "lock").exists, "the command has begun")
    process.send_signal(number)
    errors = process.communicate(timeout=2 * PATIENCE_S)[1]
    assert process.returncode == 128 + number and errors.count("\n") == 1 and "interrupted" in errors
    assert command.pids() == [] and not command.inventory.exists()
    command.run("up", *SMALL)
    assert command.status()["line1-hmi1"]["healthy"]


def test_down_clears_up_after_a_killed_up(command: LabCommand) -> None:
    process = command.start("up", "--lines", "2", "--hosts", "2")
    until(lambda: len(command.pids()) >= 3, "some processes run")
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert command.pids()
    assert "down" in command.run("up", *SMALL, code=1)
    command.run("down")
    assert command.pids() == []


def test_a_program_that_cannot_start_is_one_sentence_and_nothing_is_left(
    command: LabCommand, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "flask.py").write_text("raise ImportError('flask is broken here')\n")
    errors = command.run("up", *SMALL, code=1, environment={"PYTHONPATH": str(broken)})
    assert errors.count("\n") == 1 and "lab.supervisor of line1-hmi1" in errors and "flask is broken here" in errors
    assert command.pids() == [] and not command.inventory.exists()


def test_the_callers_environment_changes_nothing(command: LabCommand) -> None:
    command.run("up", *SMALL, environment={
        "http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "ADMIN_API_KEY": "x",
        "SMARTHOME_CONTAINER_RUNTIME": "1", "SMARTHOME_ADMIN_API_KEY": "y"})
    (host,) = command.plant.hosts
    info = api.call("GET", f"{host.url}/api/admin/service/info", key=command.secrets()["line1"]["admin_key"])
    assert info.status == 200 and info.body["is_container_runtime"] is False


def test_deep_folders_are_no_obstacle(tmp_path: Path) -> None:
    base = tmp_path / ("d" * 60) / ("e" * 60)
    base.mkdir(parents=True)
    deep = LabCommand(base)
    try:
        deep.run("up", *SMALL)
        assert deep.status()["line1-hmi1"]["healthy"]
    finally:
        deep.run("down")


def test_a_folder_with_other_things_is_left_alone(command: LabCommand) -> None:
    command.folder.mkdir()
    (command.folder / "config").mkdir()
    (command.folder / "config" / "thesis.tex").write_text("years of work")
    assert "is not a lab's folder" in command.run("up", code=1)
    command.run("down")
    assert (command.folder / "config" / "thesis.tex").exists() and len(list(command.folder.iterdir())) == 1


def test_inventory_command_writes_it_again_and_elsewhere(command: LabCommand, tmp_path: Path) -> None:
    command.run("up", *SMALL)
    before = command.hosts_yml(), command.secrets()
    (command.inventory / "hosts.yml").unlink()
    command.run("inventory")
    assert (command.hosts_yml(), command.secrets()) == before
    old, command.inventory = command.inventory, tmp_path / "elsewhere"
    command.run("inventory")
    assert (command.hosts_yml(), command.secrets()) == before and not old.exists()
    command.run("down")
    assert not command.inventory.exists()


@pytest.mark.parametrize("words", [("--lines", "0"), ("--hosts", "10"), ("--lines", "x")])
def test_impossible_sizes_are_refused(command: LabCommand, words: tuple[str, str]) -> None:
    command.run("up", *words, code=2)
    assert not command.folder.exists()


def test_a_claimed_block_is_not_picked_twice(block: int) -> None:
    with pytest.raises(NoFreeBlock), claimed_block([], blocks=[block]):
        pass


def test_block_is_skipped_while_an_address_in_it_is_taken(plc) -> None:
    number = int(plc.address.split(".")[1])
    needed = [(plc.address.replace(f".{number}.", ".{block}."), 48898, lab.addresses.socket.SOCK_STREAM)]
    assert not lab.addresses.can_bind(plc.address, 48898)
    with pytest.raises(NoFreeBlock), claimed_block(needed, blocks=[number]):
        pass


def test_another_port_when_5000_is_taken_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    real = lab.addresses.can_bind
    monkeypatch.setattr(lab.addresses, "can_bind", lambda ip, port, kind: port != 5000 and real(ip, port, kind))
    with _block(1, 1) as (dummy, port):
        assert port == 5001


@pytest.mark.parametrize("value", [
    {"a": "no", "b": None, "c": [], "d": {}, "e": 1.5, "f": "x: # y", "g": "{{ z }}", "h": "ä\"\\\n"},
    {"list": [{"k": [1, 2]}, {"k": {"l": [{"m": True}, "n"]}}], "deep": {"er": {"est": "1e3"}}},
])
def test_yaml_is_read_back_as_it_was(value: dict) -> None:
    assert yaml.safe_load(to_yaml(value)) == value
