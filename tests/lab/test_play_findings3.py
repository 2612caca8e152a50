# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Playbook B finds with a way of the controller's own to the PLC, and what becomes of that way."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from plants import PlantLab, until
from runs import Run
from test_play_findings import (
    CONFIRMED, CONNECT, CONTROLLER, DISCONNECT, DONE_ROUTE, FAILED_ADD, HEAL_ROUTE, HOST, LINK_CHECKS, OPEN, ROUTE_CHECKS, SEV_3,
    SUPERVISOR, TEST, WRITE, Case, Scene, assert_counter_checks, assert_journal_is_whole, assert_told, connect_to_wrong_port,
    fault, parameters, route_net_ids, when_called,
)
from truth import flag, target

from lab import api, processes
from lab.plant import SUPERVISOR_IP, SUPERVISOR_NET_ID
from lab.start import start_supervisor
from lab.waiting import Watch

SEV_2 = "SEV-2"
OTHER_NET_ID = "127.0.0.1.7.7"

Variables = dict[str, Any]


@dataclass(frozen=True)
class ControllerCase(Case):
    """A case with a route of the controller: none, temporary or static.

    edit: changes the host's PLC in the inventory; host_access: whether its host may be asked.
    also: what is told beside the finding, each with its verdict.
    """

    route: str = "temporary"
    edit: Callable[[Variables, PlantLab, str], None] | None = None
    host_access: bool = True
    also: dict[str, str] = field(default_factory=dict)


def controller_net_id(lab: PlantLab) -> str:
    return f"{lab.plant.controller_ip}.1.1"


def enter_static_route(lab: PlantLab, host: str) -> None:
    """Somebody gave the controller a route by hand."""
    lab.fault(host, f"route-entered name=by-hand ams_net_id={controller_net_id(lab)} address={lab.plant.controller_ip}")


def store(**otherwise: Any) -> Callable[[PlantLab, str], None]:
    """Somebody stores another entry for the PLC; the live target stays (quirk 10)."""

    def prepare(lab: PlantLab, host: str) -> None:
        plant = lab.host(host)
        key = lab.plant.line(plant.line).admin_key
        body = {"plc_id": "plc_001", "config": {**plant.target, **otherwise}}
        assert api.call("POST", f"{plant.url}/api/admin/plcs", body, key=key).ok

    return prepare


def failed_writes(recovery_s: float) -> Callable[[PlantLab, str], None]:
    """Five failed writes open the write breaker; how long it stays open is a setting of the supervisor's environment."""

    def prepare(lab: PlantLab, host: str) -> None:
        plant = lab.host(host)
        path = lab.plant.supervisor_config(plant)
        config = json.loads(path.read_text(encoding="utf-8"))
        config["env"]["SMARTHOME_CB_RECOVERY_TIMEOUT_SECONDS"] = str(recovery_s)
        path.write_text(json.dumps(config), encoding="utf-8")
        processes.stop(processes.SUPERVISOR, path, patience_s=3)
        start_supervisor(lab.plant, plant, Watch())
        lab.fault(host, "plc-disconnected")
        for dummy in range(5):
            assert not write(lab, host, "MAIN.bOpsTest").ok
        connect(lab, host)

    return prepare


def write(lab: PlantLab, host: str, name: str) -> api.Reply:
    return lab.post(host, "/api/variables/write", {"variable": name, "value": False, "plc_id": "plc_001"})


def connect(lab: PlantLab, host: str) -> None:
    goal = lab.host(host).target
    body = {"ams_id": goal["ams_net_id"], "ams_port": goal["ams_port"], "ip_address": goal["ip_address"]}
    assert lab.post(host, "/api/plc/connect", body).ok


def use_up_the_probe(lab: PlantLab, host: str) -> None:
    """A write of an unknown symbol uses up the half-open breaker's only probe (quirk 8)."""
    assert not write(lab, host, "MAIN.bNobodyKnows").ok


def take_another_net_id(lab: PlantLab, host: str) -> None:
    """A route added for another NetId makes the supervisor use it from then on (quirk 9); that route is gone again."""
    plant, line = lab.host(host), lab.plant.line(lab.host(host).line)
    assert lab.post(host, "/api/plc/ads/route/add", {
        "local_ams_net_id": OTHER_NET_ID, "local_ip": SUPERVISOR_IP, "plc_ams_net_id": plant.plc_net_id,
        "plc_ip": plant.plc_ip, "route_name": "other", "username": line.plc_username, "password": line.plc_password}).ok
    lab.ask(host, "route_remove", ams_net_id=OTHER_NET_ID)


def shadowed(lab: PlantLab, host: str) -> None:
    """A second route on the supervisor's address, on a PLC that then answers the second only."""
    lab.fault(host, "same-address effect=shadows", f"route-entered ams_net_id={OTHER_NET_ID} name=laptop")


def net_id_of_another_address(lab: PlantLab, host: str) -> str:
    """A NetId that is not made from the PLC's address; on its first four numbers is the host's second PLC, or nobody."""
    block, line, number = lab.host(host).plc_ip.split(".")[1:]
    return f"{lab.host(host).second_plc_ip or f'127.{block}.{line}.{int(number) + 100}'}.7.1"


def set_up_with_net_id_of_another_address(lab: PlantLab, host: str, plcs: tuple[int, ...] = (1,)) -> None:
    """PLC, stored entry, live target and inventory agree on such a NetId: it just is not made from the address."""
    net_id = net_id_of_another_address(lab, host)
    for number in plcs:
        lab.fault(host, f"net-id-changed ams_net_id={net_id} plc={number}")
    store(ams_net_id=net_id)(lab, host)
    body = {"ams_id": net_id, "ams_port": 851, "ip_address": lab.host(host).plc_ip}
    try:
        lab.post(host, "/api/plc/connect", body, timeout=CONNECT_S)
    except api.Unreachable:
        pass  # packets are dropped there: it is at it for two minutes (quirk 5)


def has_both_addresses(lab: PlantLab, host: str) -> None:
    """The NetId is made from another address of the same PLC; then somebody disconnects."""
    set_up_with_net_id_of_another_address(lab, host, plcs=(1, 2))
    lab.fault(host, "plc-disconnected")


def learn_its_net_id(lab: PlantLab, host: str) -> None:
    """The PLC has another NetId, and the supervisor's stored entry says so; the inventory does not."""
    net_id = net_id_of_another_address(lab, host)
    lab.fault(host, f"net-id-changed ams_net_id={net_id}")
    store(ams_net_id=net_id)(lab, host)


def command(lab: PlantLab, host: str) -> None:
    """The HMI sends a command."""
    write(lab, host, "MAIN.bOpsTest")


def declare_test_variable(name: str) -> Callable[[Variables, PlantLab, str], None]:
    return lambda plc, lab, host: plc["test_variable"].update(name=name)


def declare_its_new_net_id(plc: Variables, lab: PlantLab, host: str) -> None:
    plc["ams_net_id"] = net_id_of_another_address(lab, host)


CONNECT_S = 8.0
SLO = "GET /api/monitor/slo"  # the run asks for it after the first look at the breakers and long before the second
LISTED = {"listed": (CONFIRMED, CONTROLLER)}
STATE_CHECKS = {"plc_net_id": (CONFIRMED, CONTROLLER)}
NET_ID_UNKNOWN = {"controller": (CONFIRMED, CONTROLLER)}
SAME_HOST = {"host_tcp": (CONFIRMED, HOST)}

UNLISTED = "route lost, the PLC refuses to list"
HEALED = {
    "healthy": ControllerCase("plc.healthy", "HEALTHY", severity="", checks={"write": (CONFIRMED, CONTROLLER)}),
    "route lost": ControllerCase(
        "plc.route_missing", "HEALED", (fault("route-removed"),), changed=3, actions=DONE_ROUTE, checks={**ROUTE_CHECKS, **LISTED}),
    "route lost, no route for the controller": ControllerCase(
        "plc.route_missing", "HEALED", (fault("route-removed"),), changed=3, actions=DONE_ROUTE, checks=ROUTE_CHECKS, route="none"),
    "route lost, the controller has its own": ControllerCase(
        "plc.route_missing", "HEALED", (enter_static_route, fault("route-removed")), changed=3, actions=DONE_ROUTE,
        checks={**ROUTE_CHECKS, **LISTED}, route="static"),
    "route lost, the PLC cannot list": ControllerCase(
        "plc.route_missing", "HEALED", (fault("route-list kind=cut", "route-removed"),), changed=3, actions=DONE_ROUTE,
        checks=ROUTE_CHECKS, route="none"),
    # The controller's temporary route must not stay there until the PLC restarts.
    UNLISTED: ControllerCase(
        "plc.route_missing", "HEALED", (fault("route-list kind=group-unknown", "route-removed"),), changed=3, actions=DONE_ROUTE,
        checks=ROUTE_CHECKS),
    "route lost, answers to deletes get lost": ControllerCase(
        "plc.route_missing", "HEALED", (fault("deletes-unanswered", "route-removed"),), changed=3, actions=DONE_ROUTE,
        checks={**ROUTE_CHECKS, **LISTED}),
    "temporary, but it has one by hand": ControllerCase(
        "plc.healthy", "HEALTHY", (enter_static_route,), severity="", checks={"write": (CONFIRMED, CONTROLLER)}),
    "connected to another AMS port": ControllerCase(
        "plc.target_differs", "HEALED", (connect_to_wrong_port,), changed=2, words="ams_port 852 instead of 851",
        actions=["disconnected", "connected", "test variable written and put back"],
        checks={"test": (CONFIRMED, SUPERVISOR)}),
    "stored otherwise": ControllerCase(
        "plc.healthy", "HEALTHY", (store(ams_port=852),), severity=SEV_3, also={"plc.config_drift": CONFIRMED},
        checks={"write": (CONFIRMED, CONTROLLER)}),
    "a second route at the supervisor's address does no harm": ControllerCase(
        "plc.healthy", "HEALTHY", (fault(f"route-entered ams_net_id={OTHER_NET_ID} name=laptop"),), severity="",
        refuted={"plc.route_conflict"}, checks={"write": (CONFIRMED, CONTROLLER)}),
    "breaker half open, a command closes it": ControllerCase(
        "plc.healthy", "HEALTHY", (failed_writes(0),), when_called(SLO, command), severity="",
        refuted={"plc.write_breaker_wedged"}, checks={"write": (CONFIRMED, CONTROLLER)}),
    "disconnected by somebody": ControllerCase(
        "plc.link_stale", "HEALED", (fault("plc-disconnected"),), changed=1, checks=LINK_CHECKS,
        actions=["connected", "test variable written and put back"]),
}
BY_HAND = ("route lost, the controller has its own", "temporary, but it has one by hand")

UNRESOLVED = {
    "in CONFIG": ControllerCase(
        "plc.not_running", prepare=(fault("plc-state value=CONFIG"),), checks=STATE_CHECKS, words="TwinCAT is in CONFIG"),
    "stopped": ControllerCase(
        "plc.not_running", prepare=(fault("plc-state value=STOP"),), checks=STATE_CHECKS, words="in STOP"),
    "crashed": ControllerCase(
        "plc.not_running", prepare=(fault("plc-state value=EXCEPTION"),), checks=STATE_CHECKS, words="in EXCEPTION"),
    "runtime on another port": ControllerCase(
        "plc.port_wrong", prepare=(fault("runtime-moved to=852"),), words="AMS port 851", refuted={"plc.router_refused"},
        checks={"controller": (CONFIRMED, CONTROLLER)}),
    "another NetId": ControllerCase(
        "plc.net_id_differs", prepare=(fault("net-id-changed"),), words="it says 127.", checks=NET_ID_UNKNOWN),
    "another NetId, as the supervisor has stored it": ControllerCase(
        "plc.net_id_differs", prepare=(learn_its_net_id,), refuted={"plc.config_drift"}, checks=NET_ID_UNKNOWN),
    "no ADS library": ControllerCase(
        "supervisor.ads_library_missing", prepare=(fault("package-removed name=pyads"),), checks=SAME_HOST),
    # Its library has the PLC's address under the old NetId too, and never lets go of that connection (ADS_FACTS §4).
    "the PLC gets a NetId that is not made from its address": ControllerCase(
        "plc.library_wedged", edit=declare_its_new_net_id, changed=1, actions=FAILED_ADD, posts=(TEST, DISCONNECT, TEST),
        prepare=(lambda lab, host: lab.fault(host, f"net-id-changed ams_net_id={net_id_of_another_address(lab, host)}"),),
        also={"plc.config_drift": OPEN, "plc.net_id_not_from_ip": CONFIRMED}),
    "shadowed by another route": ControllerCase(
        "plc.route_conflict", prepare=(shadowed,), words=f"laptop ({OTHER_NET_ID} at {SUPERVISOR_IP})",
        checks={"test": (CONFIRMED, SUPERVISOR)}),
    "a namespace is gone": ControllerCase(
        "plc.namespace_failing", prepare=(fault("program-downloaded namespace=GVL"),), severity=SEV_2, words="(GVL)",
        checks={"test": (CONFIRMED, SUPERVISOR), **SAME_HOST}),
    "breaker open": ControllerCase("plc.write_breaker_open", prepare=(failed_writes(3600),), checks=SAME_HOST),
    "breaker open, a command is rejected": ControllerCase(
        "plc.write_breaker_open", prepare=(failed_writes(3600),), meanwhile=when_called(SLO, command), posts=(WRITE, TEST),
        checks={**SAME_HOST, "breaker_later": (CONFIRMED, CONTROLLER)}),
    "breaker wedged": ControllerCase(
        "plc.write_breaker_wedged", prepare=(failed_writes(0), use_up_the_probe), meanwhile=when_called(SLO, command),
        posts=(WRITE, TEST), checks={"breaker_later": (CONFIRMED, CONTROLLER)}, words="it rejected one meanwhile"),
    "breaker half open, nobody sends a command": ControllerCase(
        "plc.write_breaker_wedged", prepare=(failed_writes(0),), checks={"breaker_later": (OPEN, CONTROLLER)},
        words="no command was tried meanwhile"),
    "test variable is not in the PLC": ControllerCase(
        "plc.symbol_unknown", edit=declare_test_variable("MAIN.bNobodyKnows"), severity=SEV_3,
        checks={"test_symbol": (CONFIRMED, CONTROLLER)}),
    "supervisor has old symbols": ControllerCase(
        "supervisor.symbols_stale", prepare=(fault("program-downloaded namespace=GVL new_name=NEW"),), severity=SEV_3,
        edit=lambda plc, lab, host: plc.update(test_variable={**plc["test_variable"], "name": "NEW.bOpsTest"}, namespaces=[]),
        refuted={"plc.symbol_unknown"}, checks={"test_symbol": (CONFIRMED, CONTROLLER)}),
    "writes fail after all": ControllerCase(
        "plc.write_failed", prepare=(fault("program-downloaded namespace=MAIN"),), route="none", changed=2,
        posts=(TEST, WRITE, WRITE, DISCONNECT, CONNECT, TEST, WRITE, WRITE, TEST),
        actions=["disconnected", "connected", "FAILED: write test"], refuted={"plc.healthy"},
        checks={"controller": (CONFIRMED, CONTROLLER), **SAME_HOST}),
    "supervisor has another NetId": ControllerCase(
        "supervisor.net_id_differs", prepare=(take_another_net_id,), words=f"it says {OTHER_NET_ID}", checks=LISTED),
}


#: The host's second PLC has the address that the NetId of the first is made of: ports closed, listening, or dropping packets.
ELSEWHERE = {
    "nobody there": ControllerCase(
        "plc.net_id_not_from_ip", prepare=(fault("refuse plc=2"), set_up_with_net_id_of_another_address), posts=(TEST, TEST),
        edit=declare_its_new_net_id, words="nobody answers there", checks={"host_net_id_udp": (CONFIRMED, HOST)}),
    "nobody there, the host cannot be asked": ControllerCase(
        "plc.net_id_not_from_ip", prepare=(fault("refuse plc=2"), set_up_with_net_id_of_another_address), host_access=False,
        edit=declare_its_new_net_id, posts=(TEST, TEST, CONNECT), actions=["FAILED: connect to the PLC"],
        changed_by_the_failed=True, checks={"test": (CONFIRMED, SUPERVISOR)}),
    "another machine there": ControllerCase(
        "plc.net_id_not_from_ip", prepare=(set_up_with_net_id_of_another_address,), edit=declare_its_new_net_id,
        posts=(TEST, TEST), words="another machine answers there",
        checks={"host_net_id_tcp": (CONFIRMED, HOST), "host_tcp": (CONFIRMED, HOST), "host_net_id_udp": (CONFIRMED, HOST),
                "controller_net_id_udp": (CONFIRMED, CONTROLLER)}),
    "packets dropped there": ControllerCase(
        # A test would have to wait for the connect that hangs (quirk 5), so none is asked for.
        "plc.net_id_not_from_ip", prepare=(fault("drop plc=2"), set_up_with_net_id_of_another_address), posts=(),
        edit=declare_its_new_net_id, words="nobody answers there", checks={"host_net_id_udp": (CONFIRMED, HOST)}),
    "the PLC itself there": ControllerCase(
        "plc.link_stale", prepare=(has_both_addresses,), edit=declare_its_new_net_id, refuted={"plc.net_id_not_from_ip"},
        posts=(TEST, TEST, CONNECT, TEST), actions=["FAILED: connect to the PLC"], changed_by_the_failed=True),
}


class ControllerScene(Scene):
    """A plant on which every case has a host of its own and its own way for the controller."""

    def _change(self, groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        for name, case in self.cases.items():
            host = self.lab.host(self.host(name))
            variables = groups[host.line]["hosts"][host.name]
            variables["lineops_controller_ads"] = {**groups[host.line]["vars"]["lineops_controller_ads"], "route": case.route}
            variables["lineops_host_access"] = case.host_access
            if case.edit:
                case.edit(variables["lineops_plcs"][0], self.lab, host.name)
        self._keep_its_hosts(groups)


@pytest.fixture(scope="class")
def scene(request: pytest.FixtureRequest, new_lab) -> ControllerScene:
    """The plant of a class of tests, after the run."""
    cases = request.cls.CASES
    return ControllerScene(new_lab(2, (len(cases) + 1) // 2, request.cls.PLCS), cases)


@pytest.fixture(scope="class")
def second(scene: ControllerScene) -> Run:
    """The same command once more."""
    return scene.lab.play(inventory=scene.inventory)


def assert_seen_as(scene: ControllerScene, name: str) -> None:
    """Finding, side findings, counter-checks; the PLC's own list is "not observed" without a route of the controller."""
    case, outcome = scene.cases[name], scene.outcome(name)
    assert_told(scene, name)
    assert_counter_checks(scene, name)
    assert {side["code"]: side["verdict"] for side in outcome["also"]} == case.also
    assert all(f"also: {side['sentence']}" in scene.run.lines[scene.host(name)] for side in outcome["also"])
    assert outcome["evidence"] and all(side["evidence"] and side["counter_checks"] for side in outcome["also"])
    checked = {check["signal"] for check in outcome["counter_checks"]}
    assert case.route != "none" or not {"listed", "test_symbol"} & checked


def assert_controllers_way_is_as_before(scene: ControllerScene, name: str) -> None:
    """A temporary route is gone from the PLC's own table, one made by hand is still there as it was."""
    mine = [route for route in scene.lab.ask(scene.host(name), "routes")["routes"]
            if route["ams_net_id"] == controller_net_id(scene.lab)]
    assert [(route["name"], route["temporary"]) for route in mine] == ([("by-hand", False)] if name in BY_HAND else [])
    events = [(entry["event"], entry["action"]) for entry in scene.lab.journal(scene.host(name))
              if (entry["action"] or "").endswith("controller_route")]
    added = scene.cases[name].route == "temporary" and name not in BY_HAND
    assert events[:2] == ([("begin", "controller_route"), ("undone", "remove_controller_route")] if added else [])
    # The route that would carry the proof is gone: the journal says what was seen instead.
    undone = [entry["message"] for entry in scene.lab.journal(scene.host(name)) if entry["event"] == "undone"]
    assert all(message.startswith("not verified: The TwinCAT router at ") for message in undone), undone
    assert_journal_is_whole(scene.lab, scene.host(name))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The tests of a class with cases run for each of them."""
    if "name" in metafunc.fixturenames and hasattr(metafunc.cls, "CASES"):
        metafunc.parametrize("name", parameters(metafunc.cls.CASES))


class TestHealed:
    """With a route of the controller or without: what can be healed is healed."""

    CASES, PLCS = HEALED, 1

    def test_told(self, scene: ControllerScene, name: str) -> None:
        assert_seen_as(scene, name)
        assert scene.outcome(name)["proof"] == ["route test", "write test"]
        assert scene.run.recap[scene.host(name)].items() >= {"changed": HEALED[name].changed, "failed": 0}.items()

    def test_what_only_the_controllers_way_shows_is_told_where_it_has_none(self, scene: ControllerScene, name: str) -> None:
        without_way = ["PLC state", "PLC routes", "namespaces MAIN, GVL"] if scene.cases[name].route == "none" else []
        unseen = without_way or (["PLC routes"] if name == UNLISTED else [])
        assert scene.outcome(name)["not_observed"] == unseen
        assert (f"not observed: {', '.join(unseen)}" in scene.run.lines[scene.host(name)]) == bool(unseen)

    def test_controllers_way_is_as_before(self, scene: ControllerScene, name: str) -> None:
        assert_controllers_way_is_as_before(scene, name)

    def test_plant_is_truly_healed(self, scene: ControllerScene, second: Run, name: str) -> None:
        host = scene.lab.host(scene.host(name))
        assert route_net_ids(scene.lab, host.name).count(SUPERVISOR_NET_ID) == 1
        assert scene.lab.observer.value(host) is False
        assert flag(host) and target(host)["plc_ams_port"] == 851

    def test_second_run_changes_nothing(self, scene: ControllerScene, second: Run, name: str) -> None:
        outcome = second.outcomes[scene.host(name)]
        assert (outcome["result"], outcome["changed"]) == ("HEALTHY", False)
        assert_controllers_way_is_as_before(scene, name)

    def test_exit_status(self, scene: ControllerScene, second: Run) -> None:
        assert (scene.run.code, second.code) == (0, 0)


class Unresolved:
    """What cannot be healed from here is told apart, and the PLC is left as it was."""

    PLCS = 1

    def test_told(self, scene: ControllerScene, name: str) -> None:
        assert_seen_as(scene, name)
        assert scene.outcome(name)["proof"] == []
        assert scene.run.recap[scene.host(name)].items() >= {"changed": scene.cases[name].changed, "failed": 1}.items()

    def test_nothing_done_but_what_the_finding_asks_for(self, scene: ControllerScene, name: str) -> None:
        case = scene.cases[name]
        in_order = sorted if case.meanwhile else tuple  # the HMI's command may come before or after what the run does
        assert in_order(scene.posts(name)) == in_order(case.posts)

    def test_plc_is_as_it_was(self, scene: ControllerScene, name: str) -> None:
        assert_controllers_way_is_as_before(scene, name)
        assert route_net_ids(scene.lab, scene.host(name)) == scene.routes_before[name]

    def test_journal(self, scene: ControllerScene, name: str) -> None:
        last = scene.lab.journal(scene.host(name))[-1]
        assert (last["phase"], last["event"], last["finding"]) == ("escalate", "unresolved", scene.cases[name].finding)

    def test_exit_status(self, scene: ControllerScene) -> None:
        assert scene.run.code == 2


@pytest.mark.ci
class TestUnresolved(Unresolved):
    """What is wrong with a PLC or its supervisor."""

    CASES = UNRESOLVED


@pytest.mark.ci
class TestElsewhere(Unresolved):
    """What answers where the supervisor really connects to: the first four numbers of the NetId (SUPERVISOR_API quirk 3)."""

    CASES, PLCS = ELSEWHERE, 2


def with_route(route: str, **more: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """An inventory in which the controller has this kind of route at every PLC."""

    def change(groups: dict[str, Any], dummy: dict[str, Any]) -> None:
        for group in groups.values():
            ads = group["vars"]["lineops_controller_ads"]
            group["vars"]["lineops_controller_ads"] = {**ads, "route": route, **more}

    return change


def controllers_routes(lab: PlantLab, host: str, number: int = 1) -> list[dict[str, Any]]:
    routes = lab.ask(host, "routes", plc_number=number)["routes"]
    return [route for route in routes if route["ams_net_id"] == controller_net_id(lab)]


def route_events(lab: PlantLab, host: str) -> list[tuple[str, str]]:
    return [(entry["event"], entry["action"]) for entry in lab.journal(host) if "controller_route" in (entry["action"] or "")]


class Killed:
    """Runs that are killed while the controller's temporary route is in the PLC: while it looks, and then while it writes."""

    HOST = "line1-hmi1"

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        self.inventory = lab.variant(with_route("temporary"))
        lab.fault(self.HOST, "slow seconds=0.4")
        self.first = self._killed(lambda: controllers_routes(lab, self.HOST), "the controller's route is there")
        self.second = self._killed(lambda: lab.ask(self.HOST, "read", name="MAIN.bOpsTest")["value"], "the test value stands")
        lab.ask(self.HOST, "slow", seconds=0)
        self.next = lab.play(inventory=self.inventory)

    def _killed(self, condition: Callable[[], Any], what: str) -> tuple[bool, list[tuple[str, str]]]:
        """What a killed run left: whether its route is there, and what the journal says of it."""
        run = self.lab.start(inventory=self.inventory)
        until(condition, what)
        run.signal_all(signal.SIGKILL)
        ended = run.finish()
        assert ended.code == -9
        self.lab.assert_no_secret(ended)
        until(lambda: not run.pids(), "all processes of the run are gone")
        return bool(controllers_routes(self.lab, self.HOST)), route_events(self.lab, self.HOST)


@pytest.fixture(scope="class")
def killed(new_lab) -> Killed:
    return Killed(new_lab(1, 1))


BEGUN, AWAY = ("begin", "controller_route"), ("undone", "remove_controller_route")


class TestKilled:
    """The journal knows of the route before the PLC does, and the next run takes it away."""

    def test_route_was_journalled_before_it_was_added(self, killed: Killed) -> None:
        assert killed.first == (True, [BEGUN])

    def test_what_the_second_run_took_away_does_not_settle_what_it_added(self, killed: Killed) -> None:
        assert killed.second == (True, [BEGUN, AWAY, BEGUN])

    def test_next_run_takes_it_away_and_its_own(self, killed: Killed) -> None:
        assert controllers_routes(killed.lab, killed.HOST) == []
        assert route_events(killed.lab, killed.HOST) == [BEGUN, AWAY] * 3
        assert killed.lab.observer.routes(killed.lab.host(killed.HOST)) == {SUPERVISOR_NET_ID: SUPERVISOR_IP}

    def test_next_run_puts_the_variable_to_rest(self, killed: Killed) -> None:
        outcome = killed.next.outcomes[killed.HOST]
        assert (outcome["result"], outcome["changed"], killed.next.code) == ("HEALTHY", False, 0)
        assert killed.lab.observer.value(killed.lab.host(killed.HOST)) is False


class Looked:
    """``--check`` with a temporary route declared, on a PLC that does not know the controller."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        lab.fault("line1-hmi2", "route-removed", "plc-disconnected")
        self.before = {name: lab.settings(name) for name in ("line1-hmi1", "line1-hmi2")}
        self.run = lab.play("--check", inventory=lab.variant(with_route("temporary")))
        self.after = {name: lab.settings(name) for name in self.before}

    def log(self, name: str) -> str:
        folder = self.lab.plant.plc_dir(self.lab.host(name))
        return "".join(path.read_text("utf-8", "replace") for path in folder.glob("*.log"))


@pytest.fixture(scope="class")
def looked(new_lab) -> Looked:
    return Looked(new_lab(1, 2))


class TestCheckMode:
    """``--check`` adds no route, not for a moment."""

    def test_tells(self, looked: Looked) -> None:
        found = {name: (outcome["result"], outcome["finding"]) for name, outcome in looked.run.outcomes.items()}
        assert found == {"line1-hmi1": ("HEALTHY", "plc.healthy"), "line1-hmi2": ("PLANNED", "plc.route_missing")}
        assert looked.run.code == 0

    @pytest.mark.parametrize("name", ["line1-hmi1", "line1-hmi2"])
    def test_changes_nothing(self, looked: Looked, name: str) -> None:
        assert looked.after[name] == looked.before[name]
        assert looked.before[name]["state"] == {}
        assert f"no route for {controller_net_id(looked.lab)}" in looked.log(name)
        assert "added for" not in looked.log(name)


class TwoPlcs:
    """Hosts with a second PLC that stands by; its route is gone on the second host, its packets are lost on the third."""

    BROKEN = {"line1-hmi1": (), "line1-hmi2": ("route-removed plc=2",), "line1-hmi3": ("drop plc=2", "route-removed")}

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        for name, faults in self.BROKEN.items():
            lab.fault(name, *faults)
        self.standby_before = {name: self._standby(name) for name in self.BROKEN}
        self._calls = {name: len(lab.calls(name)) for name in self.BROKEN}
        self.run = lab.play(inventory=lab.variant(with_route("temporary")))
        self.standby_after = {name: self._standby(name) for name in self.BROKEN}

    def _standby(self, name: str) -> tuple[Any, Any]:
        routes = self.lab.ask(name, "routes", plc_number=2)["routes"]
        return routes, self.lab.ask(name, "read", plc_number=2, name="MAIN.bOpsTest")["value"]

    def posts(self, name: str) -> tuple[str, ...]:
        return tuple(call for call in self.lab.calls(name)[self._calls[name]:] if call.startswith("POST"))


@pytest.fixture(scope="class")
def two(new_lab) -> TwoPlcs:
    return TwoPlcs(new_lab(1, 3, 2))


@pytest.mark.ci
class TestSeveralPlcs:
    """Only the active PLC is connected, healed and written to; one that stands by gets a route test and is told."""

    @pytest.mark.parametrize(
        ("name", "result", "notes"),
        [
            ("line1-hmi1", ("HEALTHY", "plc.healthy"), []),
            ("line1-hmi2", ("HEALTHY", "plc.healthy"), ["The PLC {} feeder has no ADS route back to line1-hmi2."]),
            ("line1-hmi3", ("HEALED", "plc.route_missing"),
             ["The PLC {} feeder does not work and the cause could not be told apart (route test: not observed)."]),
        ],
    )
    def test_told(self, two: TwoPlcs, name: str, result: tuple[str, str], notes: list[str]) -> None:
        outcome, wanted = two.run.outcomes[name], [note.format(two.lab.host(name).plc_name) for note in notes]
        assert ((outcome["result"], outcome["finding"]), outcome["notes"]) == (result, wanted)
        assert all(note in two.run.lines[name] for note in wanted)
        assert two.run.code == 0

    @pytest.mark.parametrize("name", TwoPlcs.BROKEN)
    def test_the_one_that_stands_by_is_left_alone(self, two: TwoPlcs, name: str) -> None:
        assert two.standby_after[name] == two.standby_before[name]
        host = two.lab.host(name)
        assert flag(host) and target(host)["plc_ams_net_id"] == host.plc_net_id
        assert controllers_routes(two.lab, name) == []

    @pytest.mark.parametrize("name", TwoPlcs.BROKEN)
    def test_only_the_active_one_is_connected(self, two: TwoPlcs, name: str) -> None:
        """The PLCs themselves say so: their routers keep one connection per client address."""
        linked = [[link["address"] for link in two.lab.ask(name, "status", plc_number=number)["connections"]] for number in (1, 2)]
        assert linked == [[SUPERVISOR_IP], []]

    def test_one_route_test_for_each_that_can_be_reached(self, two: TwoPlcs) -> None:
        """A second one would block the supervisor for two minutes where packets are dropped (quirk 5)."""
        assert {name: two.posts(name) for name in two.BROKEN} == {
            "line1-hmi1": (TEST, TEST, WRITE, WRITE), "line1-hmi2": (TEST, TEST, WRITE, WRITE), "line1-hmi3": HEAL_ROUTE}
