# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook B finds what was broken, says what spoke against it, does only what that asks for, and tells the truth.

Hosts broken in different ways run together: each must be told as if it were alone. For every finding there is a case in
which its counter-check refutes it; one exception: supervisor.all_keys_refused, whose only counter-check cannot refute.
"""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from plants import PlantLab, drop_by_source, until
from runs import RESULT_KEYS, Run
from truth import assert_chain_holds, flag, target

from lab import processes
from lab.inventory import CONTACTS
from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID

TEST, ADD, WRITE = "POST /api/plc/ads/route/test", "POST /api/plc/ads/route/add", "POST /api/variables/write"
CONNECT, DISCONNECT = "POST /api/plc/connect", "POST /api/plc/disconnect"
HEAL_ROUTE = (TEST, DISCONNECT, TEST, ADD, TEST, CONNECT, TEST, WRITE, WRITE, TEST)
HEAL_LINK = (TEST, DISCONNECT, TEST, CONNECT, TEST, WRITE, WRITE, TEST)
ADD_IN_VAIN = (TEST, DISCONNECT, TEST, ADD, TEST)
WRONG_PORT = 852
SEV_1, SEV_3 = "SEV-1", "SEV-3"

Step = Callable[[PlantLab, str], Any]


@dataclass(frozen=True)
class Case:
    """How one host is broken and what the run has to say and do about it.

    prepare: before the run, in this order; meanwhile: during the run, in a thread of its own.
    variables: of this host in the inventory.
    checks: counter-check -> (verdict, who looked); refuted: at least these fell.
    changed: tasks that did, by Ansible's count, in which a failed task never changes anything.
    posts: what the supervisor is asked to do, in order; late: what it may be seen to answer after the run; route: what becomes of it though nothing is healed.
    """

    finding: str
    result: str = "UNRESOLVED"
    prepare: tuple[Step, ...] = ()
    meanwhile: Step | None = None
    variables: dict[str, str] = field(default_factory=dict)
    checks: dict[str, tuple[str, str]] = field(default_factory=dict)
    refuted: set[str] = field(default_factory=set)
    severity: str = SEV_1
    changed: int = 0
    posts: tuple[str, ...] = (TEST,)
    late: tuple[str, ...] = ()
    actions: list[str] = field(default_factory=list)
    changed_by_the_failed: bool = False
    route: str = "as before"
    words: str = ""
    marks: tuple[Any, ...] = ()


def fault(*words: str) -> Step:
    return lambda lab, host: lab.fault(host, *words)


def reboot(lab: PlantLab, host: str) -> None:
    """The PLC's restart ends the supervisor's connection; the flag does not notice."""
    lab.fault(host, "reboot down_s=0")
    until(lambda: lab.ask(host, "status")["mode"] == "normal", "the PLC is back")


def connect_to_wrong_port(lab: PlantLab, host: str) -> None:
    body = {"ams_id": lab.host(host).plc_net_id, "ams_port": WRONG_PORT, "ip_address": lab.host(host).plc_ip}
    assert lab.post(host, "/api/plc/connect", body).ok


def connect_to_where_its_program_moved(lab: PlantLab, host: str) -> None:
    """The PLC's program has another AMS port, and the supervisor was told so; the inventory was not."""
    lab.fault(host, f"runtime-moved to={WRONG_PORT}")
    connect_to_wrong_port(lab, host)


def add_route_by_hand(lab: PlantLab, host: str) -> None:
    """An add through the API leaves a reference to the PLC's connection in the ADS library (quirk 4)."""
    plant, line = lab.host(host), lab.plant.line(lab.host(host).line)
    assert lab.post(host, "/api/plc/ads/route/add", {
        "local_ams_net_id": SUPERVISOR_NET_ID, "local_ip": SUPERVISOR_IP, "plc_ams_net_id": plant.plc_net_id,
        "plc_ip": plant.plc_ip, "route_name": host, "username": line.plc_username, "password": line.plc_password}).ok


def when_begun(action: str, then: Step) -> Step:
    """Do something as soon as the journal says that a step begins."""

    def wait(lab: PlantLab, host: str) -> None:
        until(lambda: any((entry["event"], entry["action"]) == ("begin", action) for entry in lab.journal(host)),
              f"{host}: {action} begins")
        then(lab, host)

    return wait


def when_called(call: str, then: Step) -> Step:
    """Do something as soon as the supervisor has answered a call of the run."""

    def wait(lab: PlantLab, host: str) -> None:
        before = lab.calls(host).count(call)
        until(lambda: lab.calls(host).count(call) > before, f"{host}: {call}")
        then(lab, host)

    return wait


def plc_op(op: str, **arguments: Any) -> Step:
    return lambda lab, host: lab.ask(host, op, **arguments)


def put_route_back(lab: PlantLab, host: str) -> None:
    lab.ask(host, "route_add", **lab.host(host).route)


class LogInPage(http.server.BaseHTTPRequestHandler):
    """What a proxy says to everything."""

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html><title>Log in</title></html>")

    do_POST = do_GET

    def log_message(self, *dummy: Any) -> None:
        """Say nothing."""


@contextmanager
def web_server(address: str, port: int = 0) -> Iterator[int]:
    """A program that is no supervisor; yields its port."""
    with http.server.ThreadingHTTPServer((address, port), LogInPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def other_program(lab: PlantLab, host: str) -> None:
    """Another program takes the supervisor's address."""
    lab.resources.enter_context(web_server(lab.host(host).supervisor_ip, lab.host(host).supervisor_port))


CONTROLLER, HOST, SUPERVISOR = "controller", "host", "supervisor"
CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "not observed"
ROUTE_CHECKS = {
    "retest": (CONFIRMED, SUPERVISOR), "controller": (CONFIRMED, CONTROLLER),
    "controller_udp": (CONFIRMED, CONTROLLER), "host_udp": (CONFIRMED, HOST),
}
LINK_CHECKS = {
    "host_tcp": (CONFIRMED, HOST), "controller": (CONFIRMED, CONTROLLER),
    "controller_udp": (CONFIRMED, CONTROLLER), "host_udp": (CONFIRMED, HOST),
}
DONE_ROUTE = ["disconnected", "ADS route added", "connected", "test variable written and put back"]
DONE_LINK = ["disconnected", "ADS route was there", "connected", "test variable written and put back"]

HEALED = {
    "healthy": Case(
        "plc.healthy", "HEALTHY", severity="", posts=(TEST, WRITE, WRITE),
        checks={"write": (CONFIRMED, CONTROLLER)}, refuted={"supervisor.path_blocked"}),
    "route lost": Case(
        "plc.route_missing", "HEALED", (fault("route-removed"),), changed=3, posts=HEAL_ROUTE, actions=DONE_ROUTE,
        checks=ROUTE_CHECKS),
    "route lost, controller filtered": Case(
        "plc.route_missing", "HEALED", (fault("route-removed", "drop source=controller"),), changed=3, posts=HEAL_ROUTE,
        actions=DONE_ROUTE, refuted={"plc.filtered"}, marks=(drop_by_source,),
        checks={**ROUTE_CHECKS, "controller": (OPEN, CONTROLLER), "controller_udp": (OPEN, CONTROLLER)}),
    "disconnected by somebody": Case(
        "plc.link_stale", "HEALED", (fault("plc-disconnected"),), changed=1,
        posts=(TEST, CONNECT, TEST, WRITE, WRITE, TEST),
        actions=["connected", "test variable written and put back"], checks=LINK_CHECKS),
    "PLC restarted": Case(
        "plc.link_stale", "HEALED", (reboot,), changed=2, posts=HEAL_LINK, actions=DONE_LINK, checks=LINK_CHECKS),
    "PLC restarted, controller filtered": Case(
        "plc.link_stale", "HEALED", (reboot, fault("drop source=controller")), changed=2, posts=HEAL_LINK,
        actions=DONE_LINK, refuted={"plc.filtered"}, marks=(drop_by_source,),
        checks={**LINK_CHECKS, "controller": (OPEN, CONTROLLER), "controller_udp": (OPEN, CONTROLLER)}),
    "connected to a wrong AMS port": Case(
        "plc.target_differs", "HEALED", (connect_to_wrong_port,), changed=2,
        posts=(TEST, DISCONNECT, CONNECT, TEST, WRITE, WRITE, TEST), words="ams_port 852 instead of 851",
        actions=["disconnected", "connected", "test variable written and put back"]),
    "route comes back by itself": Case(
        "plc.link_stale", "HEALED", (fault("route-removed"),), when_begun("disconnect", put_route_back), changed=2,
        posts=HEAL_LINK, actions=DONE_LINK, refuted={"plc.route_missing"},
        checks={"controller": (CONFIRMED, CONTROLLER), "controller_udp": (CONFIRMED, CONTROLLER),
                "host_udp": (CONFIRMED, HOST)}),
}

FAILED_ADD = ["disconnected", "FAILED: add the ADS route if it is missing"]
WRONG_PASSWORD = ("credentials-changed", "route-removed")
PLC_UNRESOLVED = {
    "packets dropped": Case(
        "plc.filtered", prepare=(fault("drop"),), posts=(), checks={"host_udp": (CONFIRMED, HOST)}),
    "packets of the host dropped": Case(
        "plc.filtered", prepare=(fault(f"drop source={SUPERVISOR_IP}"),), words="the host's only",
        checks={"controller_udp": (CONFIRMED, CONTROLLER)}, marks=(drop_by_source,)),
    "packets of the host dropped, disconnected": Case(
        # The one test is asked for and not answered within the run (quirk 5), so it is in no access log unless the run was slow.
        "plc.filtered", prepare=(fault("plc-disconnected", f"drop source={SUPERVISOR_IP}"),), posts=(), late=(TEST,),
        checks={"host_udp": (CONFIRMED, HOST)}, marks=(drop_by_source,)),
    "ports closed": Case(
        "plc.router_refused", prepare=(fault("refuse"),), checks={"controller": (CONFIRMED, CONTROLLER)}),
    "hangs": Case(
        "plc.silent", prepare=(fault("hang"),),
        checks={"controller_udp": (CONFIRMED, CONTROLLER), "host_udp": (CONFIRMED, HOST)}),
    "restarted, then TCP hangs": Case(
        "plc.unclear", prepare=(reboot, fault("hang part=tcp")),
        refuted={"plc.router_refused", "plc.silent", "plc.link_stale"}),
    "in CONFIG": Case(
        # Without a route for the controller its state cannot be seen, only that no runtime is there.
        "plc.port_wrong", prepare=(fault("plc-state value=CONFIG"),), refuted={"plc.router_refused"},
        words="its state was not observed", checks={"controller": (CONFIRMED, CONTROLLER)}),
    "connected to where its program moved, controller filtered": Case(
        "plc.unclear", prepare=(connect_to_where_its_program_moved, fault("drop source=controller")), marks=(drop_by_source,),
        refuted={"plc.target_differs"}, words="(6)"),
    "UDP silent": Case(
        "plc.route_unanswered", prepare=(fault("hang part=udp", "route-removed"),), changed=1, posts=ADD_IN_VAIN,
        actions=FAILED_ADD, checks={"controller_udp": (CONFIRMED, CONTROLLER), "host_udp": (CONFIRMED, HOST)}),
    "UDP silent, answers after the add": Case(
        "plc.route_missing", prepare=(fault("hang part=udp", "route-removed"),),
        meanwhile=when_called(ADD, plc_op("heal")), changed=1, posts=ADD_IN_VAIN, actions=FAILED_ADD,
        refuted={"plc.route_unanswered"}),
    "wrong password": Case(
        "plc.route_refused", prepare=(fault(*WRONG_PASSWORD),), changed=1, posts=ADD_IN_VAIN, actions=FAILED_ADD,
        checks={"controller_udp": (CONFIRMED, CONTROLLER), "host_udp": (CONFIRMED, HOST)}),
    "wrong password, supervisor says success": Case(
        "plc.route_refused", prepare=(fault("refusal-layout layout=shifted", *WRONG_PASSWORD),), changed=1,
        posts=ADD_IN_VAIN, actions=FAILED_ADD,
        checks={"controller_udp": (CONFIRMED, CONTROLLER), "host_udp": (CONFIRMED, HOST)}),
    "wrong password, UDP was silent for the host": Case(
        "plc.route_missing", prepare=(fault("hang part=udp", *WRONG_PASSWORD),),
        meanwhile=when_begun("disconnect", plc_op("heal")), changed=1, posts=ADD_IN_VAIN, actions=FAILED_ADD,
        refuted={"plc.route_refused"}),
    "route lost while connecting": Case(
        "plc.link_stale", prepare=(fault("plc-disconnected"),), meanwhile=when_begun("connect", fault("route-removed")),
        posts=(TEST, CONNECT, TEST), actions=["FAILED: connect to the PLC"], changed_by_the_failed=True, route="lost"),
    "library wedged": Case(
        "plc.library_wedged", prepare=(add_route_by_hand, fault("route-removed")), changed=1, posts=ADD_IN_VAIN,
        actions=FAILED_ADD, route="added",
        checks={"controller": (CONFIRMED, CONTROLLER), "controller_udp": (CONFIRMED, CONTROLLER),
                "host_udp": (CONFIRMED, HOST)}),
    "library wedged, then ports closed": Case(
        "plc.unclear", prepare=(add_route_by_hand, fault("route-removed")), changed=1,
        meanwhile=when_begun("route", plc_op("refuse")), posts=ADD_IN_VAIN, actions=FAILED_ADD,
        refuted={"plc.library_wedged"}),
}

ELSEWHERE = {"lineops_supervisor_url": "{elsewhere}"}
SUPERVISOR_UNRESOLVED = {
    "stopped": Case(
        "supervisor.unreachable", prepare=(fault("supervisor-stopped"),), posts=(),
        checks={"host_api": (CONFIRMED, HOST)}, words="no process of it listens on the host"),
    "frozen": Case(
        "supervisor.unreachable", prepare=(fault("supervisor-frozen"),), posts=(),
        checks={"host_api": (CONFIRMED, HOST)}, words="does not answer on the host either"),
    "wrong URL": Case(
        "supervisor.path_blocked", variables={"lineops_supervisor_url": "{ip}:5999"}, posts=(), severity=SEV_3,
        checks={"api": (CONFIRMED, CONTROLLER)}, refuted={"supervisor.unreachable"}, words="it listens on {ip}:"),
    "URL of another program": Case(
        "supervisor.not_understood", prepare=(fault("supervisor-stopped"),), variables=ELSEWHERE, posts=(),
        checks={"host_api": (CONFIRMED, HOST)}),
    "URL of another program, supervisor is fine": Case(
        "supervisor.path_blocked", variables=ELSEWHERE, posts=(), severity=SEV_3,
        checks={"api": (CONFIRMED, CONTROLLER)}, refuted={"supervisor.not_understood"}),
    "another program has its port": Case(
        "supervisor.not_understood", prepare=(fault("supervisor-stopped"), other_program), posts=()),
    "operator key refused": Case(
        "supervisor.key_refused", prepare=(fault("key-revoked level=operator"),), severity=SEV_3, posts=(TEST, TEST),
        checks={"admin_key": (CONFIRMED, SUPERVISOR)}),
    "all keys refused": Case(
        "supervisor.all_keys_refused", prepare=(fault("key-revoked level=operator", "key-revoked level=admin"),),
        severity=SEV_3, posts=(TEST, TEST), checks={"api": (CONFIRMED, CONTROLLER)},
        refuted={"supervisor.key_refused"}),
    "admin key refused": Case(
        "plc.healthy", "HEALTHY", (fault("key-revoked level=admin"),), severity="", posts=(TEST, WRITE, WRITE),
        checks={"write": (CONFIRMED, CONTROLLER)}),
}


def parameters(cases: dict[str, Case]) -> list[Any]:
    return [pytest.param(name, id=name, marks=case.marks) for name, case in cases.items()]


class Scene:
    """A plant on which every case has a host of its own, and one run over all of them."""

    def __init__(self, lab: PlantLab, cases: dict[str, Case], elsewhere: str = "") -> None:
        self.lab, self.cases = lab, cases
        self._hosts = dict(zip(cases, (host.name for host in lab.plant.hosts), strict=False))
        self._elsewhere = elsewhere
        for name, case in cases.items():
            for step in case.prepare if all(not mark.args[0] for mark in case.marks) else ():  # else it is skipped
                step(lab, self._hosts[name])
        self.routes_before = {name: route_net_ids(lab, host) for name, host in self._hosts.items()}
        self._calls_before = {name: len(lab.calls(self._hosts[name])) for name in cases}
        self.inventory = lab.variant(self._change)
        self.run = self._play_with_what_happens_meanwhile()
        self._calls_after = {name: len(lab.calls(self._hosts[name])) for name in cases}

    def _change(self, groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        for name, case in self.cases.items():
            host = self.lab.host(self._hosts[name])
            groups[host.line]["hosts"][host.name] |= {
                key: value if value.startswith("http") else f"http://{value}" for key, value in (
                    (key, value.format(ip=host.supervisor_ip, elsewhere=self._elsewhere))
                    for key, value in case.variables.items())}
        self._keep_its_hosts(groups)

    def _keep_its_hosts(self, groups: dict[str, Any]) -> None:
        """A whole line is broken at once, and each host is to be told as if it were alone: a person confirms that.

        What Playbook B hands over to Playbook C has tests of its own (test_play_hand_over).
        """
        for line, group in groups.items():
            group["vars"] |= {"lineops_confirm": line, "lineops_hand_over": False}
            group["hosts"] = {host: found for host, found in group["hosts"].items() if host in self._hosts.values()}

    def _play_with_what_happens_meanwhile(self) -> Run:
        failures: list[BaseException] = []

        def act(case: Case, host: str) -> None:
            try:
                case.meanwhile(self.lab, host)
            except BaseException as failure:  # pylint: disable=broad-exception-caught  # told in the test's thread
                failures.append(failure)

        threads = [threading.Thread(target=act, args=(case, self._hosts[name]), daemon=True)
                   for name, case in self.cases.items() if case.meanwhile]
        for thread in threads:
            thread.start()
        run = self.lab.play(inventory=self.inventory)
        for thread in threads:
            thread.join()
        assert not failures, f"{failures}\n{run.text[-3000:]}"
        return run

    def host(self, name: str) -> str:
        return self._hosts[name]

    def outcome(self, name: str) -> dict[str, Any]:
        return self.run.outcomes[self._hosts[name]]

    def posts(self, name: str) -> tuple[str, ...]:
        """What the run asked the supervisor to do, in order."""
        calls = self.lab.calls(self._hosts[name])[self._calls_before[name]:self._calls_after[name]]
        return tuple(call for call in calls if call.startswith("POST"))


def route_net_ids(lab: PlantLab, host: str) -> list[str]:
    """The NetIds in a PLC's table, by its control socket: some of these PLCs answer nobody else."""
    return [route["ams_net_id"] for route in lab.ask(host, "routes")["routes"]]


def assert_told(scene: Scene, name: str) -> None:
    """Finding, result, severity, actions, refuted, and the same in one line."""
    case, outcome, host = scene.cases[name], scene.outcome(name), scene.host(name)
    told = {key: outcome[key] for key in ("result", "finding", "severity", "actions", "changed", "resolved")}
    assert told == {
        "result": case.result, "finding": case.finding, "severity": case.severity, "actions": case.actions,
        "changed": bool(case.changed) or case.changed_by_the_failed, "resolved": case.result in ("HEALTHY", "HEALED")}
    assert set(outcome) == RESULT_KEYS
    assert case.refuted <= set(outcome["refuted"])
    assert case.words.format(ip=scene.lab.host(host).supervisor_ip) in outcome["sentence"]
    line = scene.run.lines[host]
    assert line.startswith(f"{host}: {case.result} - ") and outcome["sentence"] in line
    assert all(part in line for part in (*case.actions, case.severity, outcome["rule"] if case.severity else ""))
    if not outcome["resolved"]:
        next_one = f"next ({outcome['owner']}, {CONTACTS[outcome['owner']]}): {outcome['next_step']}"
        assert outcome["next_step"] and next_one in line
    assert f"{outcome['seconds']:.1f} s, of it {outcome['supervisor_seconds']:.1f} s" in line


def assert_counter_checks(scene: Scene, name: str) -> None:
    """Every counter-check names its call, its time, its value and who looked, and came out as expected."""
    checks = {check["signal"]: check for check in scene.outcome(name)["counter_checks"]}
    assert all(check[key] for check in checks.values() for key in ("call", "at", "value", "observed_from")), checks
    found = {signal: (check["verdict"], who_looked(scene, name, check["observed_from"]))
             for signal, check in checks.items()}
    assert found.items() >= scene.cases[name].checks.items()


def who_looked(scene: Scene, name: str, observed_from: str) -> str:
    """A vantage point in one word; one that is none of these stays as it is, and fits no expectation."""
    return {
        f"controller 127.{scene.lab.plant.block}.0.5": CONTROLLER, f"controller {socket.gethostname()}": CONTROLLER,
        f"host {scene.host(name)}": HOST, "the supervisor itself": SUPERVISOR,
    }.get(observed_from, observed_from)


def assert_journal_is_whole(lab: PlantLab, host: str) -> None:
    """The chain of hashes holds, and every step was written down before with how to take it back."""
    entries = lab.journal(host)
    assert_chain_holds(entries)
    assert [entry for entry in entries if entry["event"] == "begin" and not entry["undo"]["do"]] == []


@pytest.fixture(scope="class")
def scene(request: pytest.FixtureRequest, new_lab) -> Iterator[Scene]:
    """The plant of a class of tests, after the run."""
    cases = request.cls.CASES
    # By name: a host looks for listeners of the URL's address, and on this machine every address is its own.
    with web_server("127.0.0.1") as port:
        yield Scene(new_lab(2, (len(cases) + 1) // 2), cases, f"http://localhost:{port}")


@pytest.fixture(scope="class")
def second(scene: Scene) -> Run:
    """The same command once more."""
    return scene.lab.play(inventory=scene.inventory)


class TestHealed:
    """What Playbook B heals, each beside the others in one run."""

    CASES = HEALED

    @pytest.mark.parametrize("name", parameters(HEALED))
    def test_told(self, scene: Scene, name: str) -> None:
        assert_told(scene, name)
        assert scene.outcome(name)["proof"] == ["route test", "write test"]
        assert scene.run.recap[scene.host(name)].items() >= {"changed": HEALED[name].changed, "failed": 0}.items()

    @pytest.mark.parametrize("name", parameters(HEALED))
    def test_counter_checks(self, scene: Scene, name: str) -> None:
        assert_counter_checks(scene, name)

    @pytest.mark.parametrize("name", parameters(HEALED))
    def test_nothing_done_but_what_the_finding_asks_for(self, scene: Scene, name: str) -> None:
        assert scene.posts(name) == HEALED[name].posts

    @pytest.mark.parametrize("name", parameters(HEALED))
    def test_plant_is_truly_healed(self, scene: Scene, second: Run, name: str) -> None:
        host = scene.lab.host(scene.host(name))
        assert scene.lab.observer.routes(host) == {SUPERVISOR_NET_ID: SUPERVISOR_IP}
        assert scene.lab.observer.value(host) is False
        assert flag(host) and target(host)["plc_ams_port"] == 851
        assert [net_id for net_id, dummy in scene.lab.links(host.name)] == [SUPERVISOR_NET_ID]

    @pytest.mark.parametrize("name", parameters(HEALED))
    def test_second_run_changes_nothing(self, scene: Scene, second: Run, name: str) -> None:
        outcome = second.outcomes[scene.host(name)]
        assert (outcome["result"], outcome["changed"], outcome["actions"]) == ("HEALTHY", False, [])
        assert second.recap[scene.host(name)].items() >= {"changed": 0, "failed": 0}.items()

    def test_exit_status(self, scene: Scene, second: Run) -> None:
        assert (scene.run.code, second.code) == (0, 0)

    @pytest.mark.parametrize("name", parameters(HEALED))
    def test_journal(self, scene: Scene, second: Run, name: str) -> None:
        assert_journal_is_whole(scene.lab, scene.host(name))
        ends = [entry["event"] for entry in scene.lab.journal(scene.host(name)) if entry["phase"] == "close"]
        assert ends == [HEALED[name].result.lower(), "healthy"]


class TestPlcUnresolved:
    """What is wrong with a PLC and cannot be healed from here."""

    CASES = PLC_UNRESOLVED

    @pytest.mark.parametrize("name", parameters(PLC_UNRESOLVED))
    def test_told(self, scene: Scene, name: str) -> None:
        assert_told(scene, name)
        assert scene.outcome(name)["proof"] == []
        recap = scene.run.recap[scene.host(name)]
        assert (recap["changed"], recap["failed"]) == (PLC_UNRESOLVED[name].changed, 1)

    @pytest.mark.parametrize("name", parameters(PLC_UNRESOLVED))
    def test_counter_checks(self, scene: Scene, name: str) -> None:
        assert_counter_checks(scene, name)

    @pytest.mark.parametrize("name", parameters(PLC_UNRESOLVED))
    def test_nothing_done_but_what_the_finding_asks_for(self, scene: Scene, name: str) -> None:
        case = PLC_UNRESOLVED[name]
        assert scene.posts(name) in (case.posts, case.posts + case.late)

    @pytest.mark.parametrize("name", parameters(PLC_UNRESOLVED))
    def test_plc_is_as_it_was(self, scene: Scene, name: str) -> None:
        """Its route table holds what it held, and the test variable is at rest."""
        before = scene.routes_before[name]
        expected = {"as before": before, "added": [*before, SUPERVISOR_NET_ID],
                    "lost": [net_id for net_id in before if net_id != SUPERVISOR_NET_ID]}
        assert route_net_ids(scene.lab, scene.host(name)) == expected[PLC_UNRESOLVED[name].route]
        assert scene.lab.ask(scene.host(name), "read", name="MAIN.bOpsTest")["value"] is False

    @pytest.mark.parametrize("name", parameters(PLC_UNRESOLVED))
    def test_journal(self, scene: Scene, name: str) -> None:
        assert_journal_is_whole(scene.lab, scene.host(name))
        last = scene.lab.journal(scene.host(name))[-1]
        finding = PLC_UNRESOLVED[name].finding
        assert (last["phase"], last["event"], last["finding"]) == ("escalate", "unresolved", finding)

    def test_exit_status(self, scene: Scene) -> None:
        assert scene.run.code == 2


@pytest.mark.ci
class TestSupervisorUnresolved:
    """What is wrong with a supervisor, the way to it or its keys."""

    CASES = SUPERVISOR_UNRESOLVED

    @pytest.mark.parametrize("name", parameters(SUPERVISOR_UNRESOLVED))
    def test_told(self, scene: Scene, name: str) -> None:
        assert_told(scene, name)
        failed = 0 if scene.outcome(name)["resolved"] else 1
        assert scene.run.recap[scene.host(name)].items() >= {"changed": 0, "failed": failed}.items()

    @pytest.mark.parametrize("name", parameters(SUPERVISOR_UNRESOLVED))
    def test_counter_checks(self, scene: Scene, name: str) -> None:
        assert_counter_checks(scene, name)

    @pytest.mark.parametrize("name", parameters(SUPERVISOR_UNRESOLVED))
    def test_nothing_done_but_what_the_finding_asks_for(self, scene: Scene, name: str) -> None:
        assert scene.posts(name) == SUPERVISOR_UNRESOLVED[name].posts

    @pytest.mark.parametrize("name", parameters(SUPERVISOR_UNRESOLVED))
    def test_plc_is_as_it_was(self, scene: Scene, name: str) -> None:
        host = scene.lab.host(scene.host(name))
        assert scene.lab.observer.routes(host) == {SUPERVISOR_NET_ID: SUPERVISOR_IP}
        assert scene.lab.observer.value(host) is False

    def test_supervisors_were_not_restarted(self, scene: Scene) -> None:
        running = processes.find(processes.SUPERVISOR, scene.lab.plant.folder)
        assert len(running) == len(scene.lab.plant.hosts) - 3  # those that were stopped

    def test_exit_status(self, scene: Scene) -> None:
        assert scene.run.code == 2
