# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugins in real runs of ansible-playbook: secrets, check mode, where a noun runs, and lost connections."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.plugins.module_utils._clock import seconds_of, utc_at  # noqa: E402
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers import supervisor_script as script  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import (  # noqa: E402
    LIMIT_S,
    Playbook,
    Run,
    play,
    task,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_http import (  # noqa: E402
    Exchange,
    ScriptedServer,
    answer,
)

OPERATOR, ADMIN, PASSWORD = script.OPERATOR, script.ADMIN, script.PASSWORD
PLC = script.PLC
WRITE = {"variable": script.VARIABLE, "test_value": True, "rest_value": False}
ROUTE = {**PLC, "route_name": "hmi1", "local_ams_net_id": script.NET_ID, "local_ip": script.IP}


def run(
    folder: Path, *tasks: dict[str, t.Any], hosts: t.Any = None, arguments: t.Sequence[str] = (), **keywords: t.Any
) -> Run:
    return Playbook(folder / "run", [play(*tasks, **keywords)], hosts or {"h1": {}}).run(*arguments)


def assert_no_canary(done: Run) -> None:
    everything = done.output + json.dumps([result for dummy, result in done.results.values()])
    assert [word for word in (OPERATOR, ADMIN, PASSWORD, "canary") if word in everything] == []


# --- secrets ---------------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, t.Any], str, t.Any]] = [
    (module, needed, option, value)
    for module, needed, options in (
        ("supervisor_info", {}, ("operator_key", "admin_key")),
        ("plc_connection", PLC, ("operator_key",)),
        ("camera_stream", {"camera": "cam1"}, ("operator_key",)),
        ("camera_stream_info", {}, ("admin_key",)),
        ("stream_playback", {"cameras": ["cam1"]}, ("admin_key",)),
        ("ring_session", {"camera": "door"}, ("operator_key",)),
        ("plc_write_test", WRITE, ("admin_key",)),
        ("ads_route", ROUTE, ("operator_key", "plc_username", "plc_password")),
        ("supervisor_service", {}, ("admin_key",)),
    )
    for option in options
    for value in (["canary-in-a-list"], {"key": "canary-in-a-dictionary"}, 123123123, True)
]


def test_secret_of_the_wrong_type_is_refused_before_anything_is_asked_and_not_shown(tmp_path: Path) -> None:
    """An argument spec would print the value in clear (DESIGN §3)."""
    tasks = [
        task(str(number), module, url="http://127.0.0.1:1", **{**needed, option: value})
        for number, (module, needed, option, value) in enumerate(WRONG)
    ]
    done = run(tmp_path, *tasks, arguments=["-vvvv", "--diff"])
    for number, (dummy, dummy2, option, dummy3) in enumerate(WRONG):
        assert done.kind(str(number)) == "failed"
        assert f"{option} is not a text (its value is not shown)." in done.result(str(number))["msg"]
    assert_no_canary(done)
    assert "123123123" not in done.output


def test_secrets_that_come_back_from_the_plant_are_scrubbed(tmp_path: Path) -> None:
    """In answers, in errors, in names, and in what Ansible says of wrong arguments; at the highest verbosity."""
    leaky = {
        "streams": {
            f"cam {OPERATOR}": {"url": f"rtsp://admin:canary@cam/{ADMIN}", "password": "canary-in-a-field", "n": 7}
        }
    }
    with ScriptedServer(
        Exchange("GET", "/api/monitor/streams", answer(200, leaky)),
        script.status(False),
        script.connect(answer(500, {"error": f"bad key {OPERATOR} or X-API-Key: canary-header"})),
    ) as server:
        keys = {"url": server.url, "operator_key": OPERATOR, "admin_key": ADMIN}
        done = run(
            tmp_path,
            task("streams", "supervisor_info", gather_subset=["streams"], **keys),
            task("connect", "plc_connection", **PLC, **keys),
            task("wrong type", "plc_connection", **{**PLC, **keys, "ams_port": f"not a number but {OPERATOR}"}),
            task("wrong option", "plc_connection", **PLC, **keys, no_such_option=ADMIN),
            arguments=["-vvvv", "--diff"],
        )
    ((name, stream),) = done.result("streams")["streams"].items()
    assert (name, stream["n"], stream["password"], stream["url"]) == ("cam ***", 7, "***", "rtsp://***@cam/***")
    assert done.result("connect")["failure"]["message"].startswith("The supervisor could not connect: bad key ***")
    assert "ams_port" in done.result("wrong type")["msg"] and "***" in done.result("wrong type")["msg"]
    assert "no_such_option" in done.result("wrong option")["msg"]
    assert_no_canary(done)


# --- where a noun runs -----------------------------------------------------------------------------------------------


def test_noun_runs_in_the_controller_or_on_the_host_and_says_which(tmp_path: Path) -> None:
    leaky = answer(200, {"plc": {"connected": True}, "circuit_breakers": {OPERATOR: {"state": "closed"}}})
    with ScriptedServer(
        script.status(),
        script.status(reply=leaky),
        script.status(),
        script.status(False),
        script.connect(script.FAILED),
    ) as server:
        look = {"url": server.url, "operator_key": OPERATOR, "gather_subset": ["status"]}
        done = run(
            tmp_path,
            task("here", "supervisor_info", **look),
            task("there", "supervisor_info", run_from="host", **look),
            task("by name", "supervisor_info", run_from="{{ where }}", **look),
            task("failing there", "plc_connection", run_from="host", url=server.url, operator_key=OPERATOR, **PLC),
            arguments=["-vvvv"],
            vars={"where": "host"},
        )
    assert [done.kind(name) for name in ("here", "there", "by name", "failing there")] == ["ok", "ok", "ok", "failed"]
    assert done.result("here")["observed_from"].startswith("controller ") and "invocation" not in done.result("here")
    assert done.result("there")["observed_from"] == done.result("by name")["observed_from"] == "host h1"
    assert done.result("there")["status"] == {"plc_connected": True, "breakers": {"***": "closed"}, "rejected": {"***": None}}
    assert done.result("failing there")["failure"]["code"] == "plc.connect_refused"
    assert done.result("failing there")["requested"] == "connected"
    # Only a module that was sent has arguments to show, and its keys are not among them.
    assert done.result("there")["invocation"]["module_args"]["operator_key"] == "***"
    assert_no_canary(done)


def test_check_mode_changes_and_writes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    undo = {"do": "write_rest", "must": True, "plc": "plc_001", "variable": "MAIN.bOpsTest", "value": False}
    with ScriptedServer(
        script.status(False), script.status(), script.search(script.VARIABLE), script.status(False)
    ) as server:
        keys = {"url": server.url, "operator_key": OPERATOR}
        done = run(
            tmp_path,
            task("connect", "plc_connection", **PLC, **keys),
            task("write", "plc_write_test", **WRITE, **keys),
            task("there", "plc_connection", run_from="host", **PLC, **keys),
            task("journal", "journal", state_dir=str(state), entries=[{"event": "begin", "undo": undo}]),
            arguments=["--check", "--diff"],
        )
    assert [done.kind(name) for name in ("connect", "write", "there", "journal")] == ["ok"] * 4
    assert done.result("connect")["changed"] is done.result("there")["changed"] is True
    assert done.result("connect")["diff"] == {"before": {"state": "disconnected"}, "after": {"state": "connected"}}
    assert (done.result("write")["changed"], done.result("write")["proven"]) == (False, None)
    assert done.result("journal")["written"] == 0 and not state.exists()


@pytest.mark.parametrize("keywords", [{}, {"delegate_to": "localhost"}], ids=["host", "controller"])
def test_journal_and_host_info_run_on_the_host(tmp_path: Path, keywords: dict[str, t.Any]) -> None:
    """The modules are sent over the connection, and their answers come back whole; to the controller nothing is sent."""
    pytest.importorskip("psutil", reason="the host's view needs psutil")
    state = tmp_path / "state"
    tasks = [
        task(
            "write",
            "journal",
            state_dir=str(state),
            common={"host": "h1", "incident": "i-1"},
            entries=[{"event": "begin"}, {"event": "done", "at": utc_at(time.time() - 90)}, {"event": "x", "at": "then"}],
        ),
        task("list", "journal", state_dir=str(state), state="open_undos", host="h1"),
        task("unknown field", "journal", state_dir=str(state), entries=[{"evnet": "x"}]),
        task("only told", "journal", state_dir=str(state), entries=[{"evnet": "x"}], required=False),
        task("incomplete", "journal", state_dir=str(state), state="open_undos"),
        task("look", "host_info", url="http://127.0.0.1:1", timeout=0.1, plc={"ip_address": "127.0.0.1"}),
    ]
    done = run(tmp_path, *({**item, **keywords} for item in tasks))
    sent = {name for (dummy, name), (dummy2, result) in done.results.items() if "invocation" in result}
    assert sent == (set() if keywords else {"write", "list", "unknown field", "only told", "look"})
    begin, earlier, other = Journal(str(state)).read()
    assert done.result("write")["written"] == 3 and begin["incident"] == "i-1"
    assert begin["at"] is other["at"] is None and seconds_of(earlier["ts"]) - seconds_of(earlier["at"]) > 80
    assert done.result("list")["open_undos"] == [] and done.result("list")["observed_from"] == "host h1"
    assert (done.kind("unknown field"), done.result("unknown field")["failure"]["code"]) == ("failed", "journal.field")
    assert (done.kind("only told"), done.result("only told")["failure"]["code"]) == ("ok", "journal.field")
    assert done.kind("incomplete") == "failed" and "host" in done.result("incomplete")["msg"]
    assert done.result("look")["supervisor"]["api"] == "no_listener" and done.result("look")["plc"]["identity"] is None


# --- hosts that cannot be asked --------------------------------------------------------------------------------------

HOSTS = {
    "off": ({"ansible_connection": "lost"}, "host.unreachable"),
    "gone": ({"ansible_connection": "halfway"}, "host.unreachable"),
    "bare": ({"ansible_python_interpreter": "/nowhere/python"}, "host.module_not_run"),
}


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run on hosts that are off, that go away in the middle, and that have no Python."""
    tasks = [
        task("look", "host_info", url="http://127.0.0.1:1"),
        task("journal", "journal", state_dir="/nonexistent", entries=[{"event": "x"}]),
        task("told journal", "journal", state_dir="/nonexistent", entries=[{"event": "x"}], required=False),
        task("status", "supervisor_info", url="http://127.0.0.1:1", operator_key=OPERATOR, run_from="host"),
        {
            "name": "block",
            "block": [{**task("inner", "journal", state_dir="/nonexistent", entries=[]), "ignore_errors": False}],
            "rescue": [{"name": "rescued", "ansible.builtin.debug": {"msg": "rescued"}}],
            "always": [{"name": "always", "ansible.builtin.debug": {"msg": "always"}}],
        },
    ]
    hosts = {name: options for name, (options, dummy) in HOSTS.items()}
    return run(tmp_path_factory.mktemp("lost"), *tasks, hosts=hosts, arguments=["-vvv"])


@pytest.mark.parametrize("host", HOSTS)
def test_host_that_cannot_be_asked_is_an_answer_for_host_info(lost: Run, host: str) -> None:
    """SSH down with the API up is an answer, not an abort (DESIGN §3)."""
    result = lost.result("look", host)
    assert (lost.kind("look", host), result["changed"], result["failure"]["code"]) == ("ok", False, HOSTS[host][1])
    assert result["observed_from"] == f"host {host}" and "\n" not in result["failure"]["message"]


@pytest.mark.parametrize("host", HOSTS)
def test_journal_that_cannot_be_reached_is_a_failure_unless_it_may_be_missing(lost: Run, host: str) -> None:
    assert (lost.kind("journal", host), lost.result("journal", host)["failure"]["code"]) == ("failed", HOSTS[host][1])
    told = lost.result("told journal", host)
    assert (lost.kind("told journal", host), told["failure"]["code"]) == ("ok", HOSTS[host][1])


@pytest.mark.parametrize("host", HOSTS)
def test_host_that_cannot_be_asked_stays_in_the_play(lost: Run, host: str) -> None:
    """Unreachable hosts skip rescue and always; then nothing could be escalated (DESIGN §3)."""
    assert lost.result("status", host)["failure"]["code"] == HOSTS[host][1]
    assert {lost.kind(name, host) for name in ("rescued", "always")} == {"ok"}
    assert "unreachable" not in {kind for kind, dummy in lost.results.values()}
    assert lost.status == 0


def test_reason_is_told_in_one_line_with_what_to_do(lost: Run) -> None:
    assert lost.result("journal", "off")["msg"] == (
        "The host could not be reached over its connection: Failed to connect to the host via ssh: No route to host"
        " Check SSH, or set lineops_host_access: false to work over the API alone."
    )
    assert "Check Python, disk space and privileges" in lost.result("journal", "bare")["msg"]
    assert_no_canary(lost)


# --- the check of the inventory --------------------------------------------------------------------------------------

VAULT_PASSWORD = "of-the-test"
PRESS = {
    "id": "plc_001",
    "ip_address": "10.30.3.21",
    "ams_net_id": "10.30.3.21.1.1",
    "runtime_type": "TC3",
    "route": {"name": "h1", "local_ams_net_id": "10.30.3.11.1.1", "local_ip": "10.30.3.11"},
    "test_variable": {"name": "MAIN.bOpsTest", "type": "BOOL", "test_value": True, "rest_value": False},
}
CONTRACT = {
    "lineops_line": "line3",
    "lineops_supervisor_url": "http://10.30.3.11:5000",
    "lineops_plcs": [PRESS],
}
SECRETS = {"operator_key": OPERATOR, "plc_username": "Administrator", "plc_password": PASSWORD}


def secrets_with(**changes: t.Any) -> dict[str, t.Any]:
    return {"lineops_secrets": {"line3": {**SECRETS, **changes}}}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run of the check on hosts that each have something of their own."""
    line = secrets_with()
    hosts = {
        "good": {**CONTRACT, **line},
        "from_awx": {**CONTRACT, "lineops_secrets": json.dumps({"line3": SECRETS})},
        "templated": {
            **CONTRACT, **line, "lineops_line": "{{ 'line' ~ 3 }}", "lineops_supervisor_url": "http://{{ ip }}:5000",
            "ip": "10.30.3.11",
        },
        "undefined": {**CONTRACT, **line, "lineops_supervisor_url": "http://{{ no_such_variable }}:5000"},
        "no_secrets": dict(CONTRACT),
        "broken_text": {**CONTRACT, "lineops_secrets": "line3: {operator_key: canary-in-text, ]"},
        "undefined_secrets": {**CONTRACT, **secrets_with(operator_key="{{ no_such_secret }}")},
        "wrong_types": {**CONTRACT, **secrets_with(operator_key=["canary-list"], plc_password={"a": "canary"})},
        "password_in_url": {**CONTRACT, **line, "lineops_supervisor_url": f"http://anna:{PASSWORD}@10.30.3.11:5000"},
        "secret_elsewhere": {**CONTRACT, **line, "lineops_line": ["line3", OPERATOR]},
        "other_net_id": {**CONTRACT, **line, "lineops_plcs": [{**PRESS, "ams_net_id": "5.30.3.21.1.1"}]},
        "braces": {**CONTRACT, **line, "lineops_run_from": "{% raw %}{{ lineops_secrets }}{% endraw %}"},
    }  # fmt: skip
    tasks = [
        task("told", "inventory_check", fail=False),
        task("check", "inventory_check"),
        task("wrong", "inventory_check", fial=True),
    ]
    return run(tmp_path_factory.mktemp("check"), *tasks, hosts=hosts, arguments=["-vvvv", "-l", "line3, lin4"])


LIMIT = "-l names 'lin4', which is no line and no host of this inventory."
NO_SECRETS = (
    "lineops_secrets is missing or not a mapping; expected lineops_secrets.<line> from a vault or a credential."
)
NO_TEXT = "lineops_secrets.line3.{} is not a text (its value is not shown)."
AN_ADDRESS = "expected an address such as http://10.30.0.11:5000."


@pytest.mark.parametrize(
    ("host", "mistakes"),
    [
        ("good", []),
        ("from_awx", []),
        ("templated", []),
        ("other_net_id", []),
        ("no_secrets", [NO_SECRETS]),
        ("broken_text", [NO_SECRETS]),
        ("wrong_types", [NO_TEXT.format("operator_key"), NO_TEXT.format("plc_password")]),
        ("password_in_url", ["lineops_supervisor_url is 'http://***@10.30.3.11:5000'; " + AN_ADDRESS]),
    ],
)
def test_check_reads_the_hosts_own_variables(checked: Run, host: str, mistakes: list[str]) -> None:
    result = checked.result("told", host)
    assert (checked.kind("told", host), result["mistakes"]) == ("ok", [*mistakes, LIMIT])
    failed = checked.result("check", host)
    assert (checked.kind("check", host), failed["failure"]["code"]) == ("failed", "inventory.mistakes")
    assert checked.result("check", host)["msg"] == " ".join([*mistakes, LIMIT])


@pytest.mark.parametrize(
    ("host", "named"), [("undefined", "no_such_variable"), ("undefined_secrets", "lineops_secrets")]
)
def test_variable_that_cannot_be_evaluated_is_named(checked: Run, host: str, named: str) -> None:
    assert checked.kind("told", host) == "ok"
    assert any(named in mistake for mistake in checked.result("told", host)["mistakes"])


def test_check_shows_no_secret_wherever_it_stands(checked: Run) -> None:
    assert "***" in checked.result("told", "secret_elsewhere")["mistakes"][0]
    assert_no_canary(checked)


def test_warning_is_no_mistake(checked: Run) -> None:
    (warning,) = checked.result("told", "other_net_id")["warnings_found"]
    assert warning.startswith("lineops_plcs[0].ams_net_id 5.30.3.21.1.1 is not made from ip_address")


def test_braces_in_a_value_are_text(checked: Run) -> None:
    assert (
        "lineops_run_from is '{{ lineops_secrets }}'; expected controller or host."
        in checked.result("told", "braces")["mistakes"]
    )


def test_option_that_does_not_exist_is_refused(checked: Run) -> None:
    assert checked.kind("wrong", "good") == "failed" and "fial" in checked.result("wrong", "good")["msg"]


def test_single_values_encrypted_with_vault_are_texts(tmp_path: Path) -> None:
    """`ansible-vault encrypt_string` is how most people keep a key; ansible-core 2.18 hands it over as an object."""
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])
    count = "{{ lineops_secrets | lineops.runbook.host_secrets('h1', 'line3') | length }}"
    tasks = [
        task("check", "inventory_check", fail=False),
        task("ask", "supervisor_info", url="http://127.0.0.1:1", operator_key="{{ lineops_secrets.line3.operator_key }}"),
        {"name": "lookup", "ansible.builtin.set_fact": {"found": count}},
    ]
    playbook = Playbook(tmp_path / "run", [play(*tasks)], {"h1": CONTRACT})
    encrypted = vault.encrypt(OPERATOR.encode()).decode().strip().replace("\n", "\n        ")
    (playbook.folder / "group_vars").mkdir()
    (playbook.folder / "group_vars" / "all.yml").write_text(
        f"lineops_secrets:\n  line3:\n    plc_username: a\n    plc_password: {PASSWORD}\n    operator_key: !vault |\n"
        f"        {encrypted}\n",
        encoding="utf-8",
    )
    (playbook.folder / "password").write_text(VAULT_PASSWORD, encoding="utf-8")
    done = playbook.run("-vvvv", "--vault-password-file", str(playbook.folder / "password"))
    assert done.result("check")["mistakes"] == []
    assert done.kind("ask") == "ok" and done.result("ask")["not_observed"]["status"]["code"] == "supervisor.unreachable"
    assert int(done.result("lookup")["ansible_facts"]["found"]) == 3
    assert_no_canary(done)


# --- text from a plant, and defaults of groups -----------------------------------------------------------------------


def test_text_from_a_plant_is_never_a_template(tmp_path: Path) -> None:
    """DESIGN §7.12: an error text of a PLC or supervisor must not be evaluated when a later task uses it."""
    evil = "{{ 6 * 7 }} {% if true %}x{% endif %} {{ lookup('env', 'HOME') }}"
    with ScriptedServer(script.status(False), script.connect(answer(500, {"error": evil}))) as server:
        done = run(
            tmp_path,
            {**task("connect", "plc_connection", **PLC, url=server.url, operator_key=OPERATOR), "register": "tried"},
            {
                "name": "use",
                "ansible.builtin.set_fact": {"copy": "{{ tried }}", "text": "It said {{ tried.failure.message }}"},
            },
            {"name": "use again", "ansible.builtin.debug": {"msg": "{{ copy.msg }} | {{ text }}"}},
        )
    assert done.result("use again")["msg"] == (
        f"The supervisor could not connect: {evil} | It said The supervisor could not connect: {evil}"
    )


def test_module_defaults_reach_a_whole_group(tmp_path: Path) -> None:
    with ScriptedServer(
        script.status(), script.status(), script.search(script.VARIABLE), script.write(True), script.write(False)
    ) as server:
        done = run(
            tmp_path,
            task("look", "supervisor_info", gather_subset=["status"]),
            task("write", "plc_write_test", **WRITE),
            module_defaults={"group/lineops.runbook.supervisor": {"url": server.url, "operator_key": OPERATOR}},
        )
    assert done.kind("look") == "ok" and done.result("write")["proven"] is True


def test_several_hosts_work_at_once(tmp_path: Path) -> None:
    hosts = [f"h{number}" for number in range(1, 6)]
    with ScriptedServer(*[script.status()] * len(hosts)) as server:
        done = run(
            tmp_path,
            task("look", "supervisor_info", gather_subset=["status"], url=server.url),
            hosts={name: {} for name in hosts},
        )
    assert all(done.result("look", host)["status"]["plc_connected"] for host in hosts)


# --- a run that is interrupted ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("run_from", ["controller", "host"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_run_puts_the_rest_value_back(tmp_path: Path, number: signal.Signals, run_from: str) -> None:
    """Ctrl-C and SIGTERM run no always and no finally of Ansible's (DESIGN §3); the script asserts the second write."""
    asked, sent = threading.Event(), threading.Event()

    def late(sock: socket.socket, stop: threading.Event) -> None:
        asked.set()
        sent.wait(LIMIT_S)
        # Ansible ends its workers a moment after the signal; an early answer would only make the test easier to pass.
        stop.wait(0.5)
        answer(200, {"status": "success"})(sock, stop)

    exchanges = [script.status(), script.search(script.VARIABLE), script.write(True, late), script.write(False)]
    with ScriptedServer(*exchanges) as server:
        options = {**WRITE, "url": server.url, "operator_key": OPERATOR, "read_timeout": LIMIT_S, "run_from": run_from}
        process = Playbook(tmp_path / "run", [play(task("write", "plc_write_test", **options))], {"h1": {}}).start()
        try:
            assert asked.wait(LIMIT_S)
            os.kill(process.pid, number)
            sent.set()
            output, dummy = process.communicate(timeout=LIMIT_S)
            wait_until(lambda: not server.script_left)
        finally:
            sent.set()
            process.kill()
    assert process.returncode != 0 and OPERATOR not in output


def wait_until(holds: t.Callable[[], bool]) -> None:
    """Poll a condition; whoever waits for it in vain is told by the assertion that follows."""
    tick = threading.Event()
    for dummy in range(int(LIMIT_S / 0.05)):
        if holds():
            return
        tick.wait(0.05)
