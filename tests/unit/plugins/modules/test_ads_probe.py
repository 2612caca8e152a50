# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ads_probe: what is asked of a PLC, how often, and that only one at a time asks it from this controller."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from dataclasses import asdict

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _ads_lock
from ansible_collections.lineops.runbook.plugins.module_utils._ads_wire import Identity, ProbeResult
from ansible_collections.lineops.runbook.plugins.module_utils._errors import AdsError
from ansible_collections.lineops.runbook.plugins.modules import ads_probe
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_ads import TcpPeer, free_address
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import PLC, params_of

IDENTITY = Identity("10.0.0.2.1.1", "CX-1", "3.1.4024", "Windows", "", 0.002)


def probed(outcome: str) -> ProbeResult:
    return ProbeResult(
        outcome=outcome, sentence="It was so.", device_name="", device_version="", ads_error=None, latency_s=0.003,
        ip="10.0.0.2", ams_net_id="10.0.0.2.1.1", ams_port=851, local_ip="", local_ams_net_id="",
    )  # fmt: skip


class Wire:
    """The edge to the network: plays outcomes one after the other and notes what was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outcomes: list[str] = []
        self.identity: Identity | None = IDENTITY
        #: Who answers at other addresses than the PLC's.
        self.elsewhere: Identity | None = None
        self.probes: list[t.Any] = []
        self.identified: list[t.Any] = []
        monkeypatch.setattr(ads_probe, "probe", self._probe)
        monkeypatch.setattr(ads_probe, "identify", self._identify)
        monkeypatch.setattr(ads_probe, "Router", self._router)
        #: AMS port or symbol -> what an ADS read of it gives, or raises.
        self.inside: dict[t.Any, t.Any] = {10000: "RUN", 851: "RUN"}
        self.connections: list[t.Any] = []

    @contextlib.contextmanager
    def _router(self, *args: t.Any, **options: t.Any) -> t.Iterator[Wire]:
        self.connections.append((args, options))
        yield self

    def state(self, ams_port: int) -> str:
        found = self.inside.get(ams_port, AdsError("ads.code", "Target port not found.", ads_error=6))
        if isinstance(found, Exception):
            raise found
        return t.cast(str, found)

    def is_readable(self, ams_port: int, symbol: str) -> bool:
        return bool(self.inside.get(symbol))

    def read(self, ams_port: int, symbol: str) -> tuple[str, bytes]:
        found = self.inside.get(symbol, AdsError("ads.symbol_unknown", "The PLC has no such variable."))
        if isinstance(found, Exception):
            raise found
        return t.cast("tuple[str, bytes]", found)

    def _probe(self, *args: t.Any, **options: t.Any) -> ProbeResult:
        self.probes.append((args, options))
        return probed(self.outcomes.pop(0))

    def _identify(self, *args: t.Any, **options: t.Any) -> Identity | None:
        self.identified.append((args, options))
        return self.identity if args == ("10.0.0.2",) else self.elsewhere


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


@pytest.mark.parametrize("check_mode", [False, True])
def test_plc_is_identified_and_read_from_the_controllers_own_address(wire: Wire, check_mode: bool) -> None:
    wire.outcomes = ["ok"]
    options = {**PLC, "ams_port": 801, "controller_ip": "10.0.0.5", "controller_ams_net_id": "10.0.0.5.1.1"}
    result = ads_probe.run(params_of(ads_probe, **options), check_mode)
    assert (result["changed"], result["probe"]["outcome"]) == (False, "ok")
    assert result["identity"]["ams_net_id"] == "10.0.0.2.1.1" and result["observed_at"].endswith("Z")
    us = {"local_ip": "10.0.0.5", "local_ams_net_id": "10.0.0.5.1.1", "connect_timeout": 1.0, "timeout": 2.0}
    assert wire.probes == [(("10.0.0.2", "10.0.0.2.1.1", 801), us)]
    assert wire.connections == [(("10.0.0.2", "10.0.0.2.1.1"), us)]
    assert wire.identified == [(("10.0.0.2",), {"local_ip": "10.0.0.5", "timeout": 0.75})]


@pytest.mark.parametrize(
    ("outcomes", "told", "left"),
    [
        (["closed", "ok"], "ok", 0),
        (["closed", "closed", "ok"], "closed", 1),
        *(
            ([outcome, "ok"], outcome, 1)
            for outcome in ("reset", "refused", "filtered", "port_unknown", "net_id_unknown", "silent", "garbled")
        ),
    ],
)
def test_only_a_closed_connection_is_tried_once_more(wire: Wire, outcomes: list[str], told: str, left: int) -> None:
    """Another client on this address may just have taken its turn (ADS_FACTS §5); all else would only cost time."""
    wire.outcomes = list(outcomes)
    assert ads_probe.run(params_of(ads_probe, **PLC), False)["probe"]["outcome"] == told
    assert len(wire.outcomes) == left and len(wire.identified) == 1


@pytest.mark.parametrize("outcome", ["closed", "reset", "refused", "filtered", "net_id_unknown", "silent", "garbled"])
def test_without_a_usable_route_no_further_connection_is_made(wire: Wire, outcome: str) -> None:
    wire.outcomes = [outcome, outcome]
    result = ads_probe.run(params_of(ads_probe, symbols=["MAIN.bOpsTest"], **PLC), False)
    assert (wire.connections, result["states"], result["symbols"]) == ([], {}, {})


@pytest.mark.parametrize(
    ("inside", "states"),
    [
        ({10000: "RUN", 851: "RUN"}, {"system": "RUN", "runtime": "RUN"}),
        ({10000: "CONFIG"}, {"system": "CONFIG", "runtime": "ABSENT"}),
        (
            {10000: "RUN", 851: AdsError("ads.code", "Access denied.", ads_error=1827)},
            {"system": "RUN", "runtime": None},
        ),
        ({10000: AdsError("ads.timeout", "No answer."), 851: "RUN"}, {"system": None, "runtime": None}),
    ],
)
def test_states_tell_a_plc_in_config_from_one_that_runs(
    wire: Wire, inside: dict[t.Any, t.Any], states: dict[str, t.Any]
) -> None:
    """Quirk 25: through the supervisor's API a PLC in STOP or CONFIG can look healthy."""
    wire.outcomes, wire.inside = ["port_unknown"], inside
    assert ads_probe.run(params_of(ads_probe, **PLC), False)["states"] == states


@pytest.mark.parametrize("outcome", ["ok", "port_unknown", "ads_error"])
def test_whoever_was_answered_with_a_route_may_ask_more(wire: Wire, outcome: str) -> None:
    wire.outcomes = [outcome]
    result = ads_probe.run(params_of(ads_probe, **PLC), False)
    assert (len(wire.connections), result["states"]["system"]) == (1, "RUN")


def test_symbols_are_read_over_the_same_connection(wire: Wire) -> None:
    wire.outcomes, wire.inside = ["ok"], {10000: "RUN", 851: "RUN", "MAIN.bOpsTest": True}
    result = ads_probe.run(params_of(ads_probe, symbols=["MAIN.bOpsTest", "GVL.bOpsTest"], **PLC), False)
    assert result["symbols"] == {"MAIN.bOpsTest": True, "GVL.bOpsTest": False} and len(wire.connections) == 1


SAFE = "MAIN.bSafeToRestart"


@pytest.mark.parametrize(
    ("inside", "safe_value", "value", "safe", "reason"),
    [
        ({SAFE: ("BOOL", b"\1")}, True, True, True, ""),
        ({SAFE: ("BOOL", b"\0")}, True, False, False, ""),
        ({SAFE: ("INT", b"\2\0")}, 2, 2, True, ""),
        ({SAFE: ("BOOL", b"\1")}, "true", True, False, ""),
        ({SAFE: ("ST_Interlock", b"\1")}, True, None, None, "not a PLC type"),
        ({}, True, None, None, "no such variable"),
        ({SAFE: AdsError("ads.silent", "It went silent.")}, True, None, None, "It went silent."),
    ],
)
def test_interlock_is_safe_only_if_its_safe_value_was_read(
    wire: Wire, inside: dict[t.Any, t.Any], safe_value: t.Any, value: t.Any, safe: t.Any, reason: str
) -> None:
    pytest.importorskip("pyads", reason="the types are those of pyads")
    wire.outcomes, wire.inside = ["ok"], {10000: "RUN", 851: "RUN", **inside}
    interlock = {"variable": SAFE, "safe_value": safe_value}
    found = ads_probe.run(params_of(ads_probe, interlock=interlock, **PLC), False)["interlock"]
    assert (found["variable"], found["value"], found["safe"]) == (SAFE, value, safe)
    assert reason in found["reason"] and bool(reason) == (safe is None)


@pytest.mark.parametrize("outcome", ["closed", "filtered", "silent"])
def test_interlock_of_a_plc_that_does_not_answer_us_is_not_observed(wire: Wire, outcome: str) -> None:
    wire.outcomes = [outcome, outcome]
    interlock = {"variable": SAFE, "safe_value": True}
    found = ads_probe.run(params_of(ads_probe, interlock=interlock, **PLC), False)["interlock"]
    assert (found["safe"], found["reason"]) == (None, "It was so.")


def test_plc_that_says_nothing_over_udp_has_no_identity(wire: Wire) -> None:
    wire.outcomes, wire.identity = ["filtered"], None
    result = ads_probe.run(params_of(ads_probe, **PLC), False)
    assert "identity" in result and result["identity"] is None


@pytest.mark.parametrize("elsewhere", [None, Identity("10.9.9.9.1.1", "CX-9", "3.1.4024", "Windows", "", 0.002)])
def test_address_made_of_the_net_id_is_asked_too_if_it_is_another_one(wire: Wire, elsewhere: Identity | None) -> None:
    """Quirk 3: a supervisor connects there, whatever the PLC's own address is."""
    wire.outcomes, wire.elsewhere = ["closed", "closed"], elsewhere
    result = ads_probe.run(params_of(ads_probe, **{**PLC, "ams_net_id": "10.9.9.9.1.1"}), False)
    assert result["identity"]["ams_net_id"] == "10.0.0.2.1.1"
    assert result["net_id_address"] == {"ip_address": "10.9.9.9", "identity": asdict(elsewhere) if elsewhere else None}
    assert sorted(args for args, dummy in wire.identified) == [("10.0.0.2",), ("10.9.9.9",)]


def test_nothing_more_is_said_where_it_is_the_same_address(wire: Wire) -> None:
    wire.outcomes = ["ok"]
    assert "net_id_address" not in ads_probe.run(params_of(ads_probe, **PLC), False)


def test_two_tasks_on_one_controller_wait_for_each_other(wire: Wire) -> None:
    """A second connection from the same address would end the first, and both would tell a missing route."""
    ip = free_address()
    wire.outcomes = ["ok"]
    results: list[t.Any] = []
    params = params_of(ads_probe, **{**PLC, "ip_address": ip})
    thread = threading.Thread(target=lambda: results.append(ads_probe.run(params, False)), daemon=True)
    with _ads_lock.one_at_a_time(ip):
        thread.start()
        # Another PLC is not held up by it.
        wire.outcomes.append("ok")
        assert ads_probe.run(params_of(ads_probe, **PLC), False)["probe"]["outcome"] == "ok"
        thread.join(0.3)
        assert thread.is_alive() and results == []
    thread.join(60)
    assert results[0]["probe"]["outcome"] == "ok"


def test_lock_is_given_back_after_an_error(wire: Wire) -> None:
    with pytest.raises(IndexError):
        ads_probe.run(params_of(ads_probe, **PLC), False)
    wire.outcomes = ["ok"]
    assert ads_probe.run(params_of(ads_probe, **PLC), False)["probe"]["outcome"] == "ok"


def test_real_peer_that_closes_every_connection_is_asked_twice() -> None:
    with TcpPeer(lambda sock, request, stop: None) as peer:
        options = {"ip_address": peer.address, "ams_net_id": peer.net_id, "udp_timeout": 0.05}
        result = ads_probe.run(params_of(ads_probe, **options), False)
    assert (result["probe"]["outcome"], len(peer.received), result["identity"]) == ("closed", 2, None)
