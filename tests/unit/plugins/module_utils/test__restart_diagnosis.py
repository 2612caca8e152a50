# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook C: which finding the looks at a supervisor and its service manager lead to."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._findings import FINDINGS
from ansible_collections.lineops.runbook.plugins.module_utils._hypotheses import CONFIRMED, OPEN, REFUTED
from ansible_collections.lineops.runbook.plugins.module_utils._restart_diagnosis import (
    SIDE_TABLE, TABLE, restart_diagnosis, restart_proof,
)
from ansible_collections.lineops.runbook.plugins.module_utils._restart_signals import SOURCES, signals_of

UNIT = {
    "name": "smarthome-web.service", "load_state": "loaded", "active_state": "active", "sub_state": "running",
    "unit_file_state": "enabled", "result": "success", "main_pid": 812, "restart": "always", "user": "smarthome",
    "working_directory": "/opt/supervisor",
}  # fmt: skip
OWNER = {"pid": 812, "user": "smarthome", "in_unit": True, "is_main_pid": True}
ROOM = [{"mount": "/", "total": 1000, "free": 500}]
SILENT = {"not_observed": {"status": {"code": "supervisor.timeout"}}}
REFUSED = {"not_observed": {"status": {"code": "supervisor.unreachable"}}}


def host(api: str = "answers", *, state: str = "running", pid: int | None = 812, owner: t.Any = "its own", **unit: t.Any) -> dict:
    return {
        "supervisor": {"pid": pid, "state": state if pid else None, "listens": ["0.0.0.0:5000"] if api != "no_listener" else [],
                       "api": api},
        "unit": {**UNIT, **unit}, "processes": {"port_owner": OWNER if owner == "its own" else owner}, "resources": {"disks": ROOM},
        "permissions": {"user": {"name": "smarthome", "exists": True}, "directories": {
            "config": {"path": "/opt/supervisor/config", "exists": True, "enterable": True, "writable": True}}},
    }  # fmt: skip


def answering(pid: int = 812) -> dict[str, t.Any]:
    return {"status": {"plc_connected": True}, "service": {"pid": pid}}


def down(active: str = "failed", sub: str = "failed", **more: t.Any) -> dict[str, t.Any]:
    """A host on which the unit fell and nothing listens."""
    return {**host("no_listener", pid=None, owner=None, active_state=active, sub_state=sub, main_pid=None), **more}


WELL = {"supervisor": answering(), "host": host(), "plc": {"code": "plc.healthy"}, "wanted": {"unit": UNIT["name"]}}
#: What is seen -> the finding and how sure it is.
CASES: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "all is well": (WELL, "supervisor.healthy", CONFIRMED),
    "the host cannot be asked": ({"supervisor": answering()}, "supervisor.healthy", OPEN),
    "stands still": ({"supervisor": SILENT, "host": host("silent", state="stopped")}, "supervisor.hung", CONFIRMED),
    "runs but is mute": ({"supervisor": SILENT, "host": host("silent")}, "supervisor.hung", CONFIRMED),
    "somebody stopped it": ({"supervisor": REFUSED, "host": down("inactive", "dead")}, "supervisor.stopped", CONFIRMED),
    "at the start limit": ({"supervisor": REFUSED, "host": down()}, "supervisor.start_limit", CONFIRMED),
    "falls and gets up": (
        {"supervisor": REFUSED, "host": down("activating", "auto-restart")}, "supervisor.crash_loop", CONFIRMED),
    "falls since the disk is full": (
        {"supervisor": REFUSED, "host": down(resources={"disks": [{"mount": "/var/log", "total": 1000, "free": 0}]})},
        "supervisor.disk_full", CONFIRMED),
    "falls since it may not write": (
        {"supervisor": REFUSED, "host": down(permissions={"directories": {
            "config": {"path": "/opt/supervisor/config", "exists": True, "writable": False}}})},
        "supervisor.no_rights", CONFIRMED),
    "falls since it may not write, seen between a start and its end": (
        {"supervisor": REFUSED, "host": down("active", "running", permissions={"directories": {
            "config": {"path": "/opt/supervisor/config", "exists": True, "writable": False}}})},
        "supervisor.no_rights", CONFIRMED),
    "falls since it may not enter": (
        {"supervisor": REFUSED, "host": down(permissions={"directories": {
            "install": {"path": "/opt/supervisor", "exists": True, "enterable": False}}})},
        "supervisor.no_rights", CONFIRMED),
    "masked": ({"supervisor": REFUSED, "host": down("inactive", "dead", unit={**UNIT, "load_state": "masked"})},
               "supervisor.unit_masked", CONFIRMED),
    "unit unknown": ({"supervisor": REFUSED, "host": down("inactive", "dead", unit={"load_state": "not-found"})},
                     "supervisor.unit_missing", CONFIRMED),
    "an instance by hand answers for it": (
        {"supervisor": answering(900), "host": host(
            owner={"pid": 900, "user": "smarthome", "in_unit": False}, active_state="failed", main_pid=None)},
        "supervisor.escaped", CONFIRMED),
    "a stranger holds the port": (
        {"supervisor": {"not_observed": {"status": {"code": "supervisor.not_json"}}}, "host": host(
            "silent", owner={"pid": 77, "user": "www-data", "in_unit": False}, active_state="failed", main_pid=None)},
        "supervisor.port_taken", CONFIRMED),
    "waits for a silent PLC": (
        {"supervisor": REFUSED, "host": {**host("no_listener", owner=None), "plc": {"tcp": "syn_sent", "identity": None}}},
        "supervisor.start_blocked", CONFIRMED),
    "the way to it is blocked": (
        {"supervisor": {"not_observed": {"status": {"code": "supervisor.timeout"}}}, "host": host()},
        "supervisor.path_blocked", CONFIRMED),
    "nobody can be asked": (
        {"supervisor": SILENT, "host": {"failure": {"message": "The host could not be reached."}}},
        "supervisor.unreachable", OPEN),
    "something else answers": (
        {"supervisor": {"not_observed": {"status": {"code": "supervisor.not_json"}}}, "host": host("silent")},
        "supervisor.not_understood", CONFIRMED),
    "its container ended": (
        {"supervisor": REFUSED, "host": {"container": {"status": "exited"}, "supervisor": {
            "pid": None, "listens": [], "api": "no_listener"}}},
        "supervisor.container_stopped", CONFIRMED),
    "Playbook B saw the breaker wedged": (
        {**WELL, "plc": {"code": "plc.write_breaker_wedged", "verdict": CONFIRMED}}, "plc.write_breaker_wedged", OPEN),
    "Playbook B did not see it reject anything": (
        {**WELL, "plc": {"code": "plc.write_breaker_wedged", "verdict": OPEN}}, "supervisor.healthy", CONFIRMED),
    "an open incident asks, and the PLC is still out": (
        {**WELL, "plc": {"code": "plc.link_stale"}, "asked": "plc.library_wedged"}, "plc.library_wedged", OPEN),
    "an open incident asks, but the PLC is well": (
        {**WELL, "asked": "plc.library_wedged"}, "supervisor.healthy", CONFIRMED),
    "another trouble of the PLC": ({**WELL, "plc": {"code": "plc.route_missing"}}, "supervisor.healthy", CONFIRMED),
    "no rung had an effect": (
        {"supervisor": SILENT, "host": host("silent"), "done": {"restart_host": {"verified": False, "failure": {
            "message": "The unit did not come back."}}}},
        "restart.no_effect", CONFIRMED),
    "a rung had none, the next one had": (
        {**WELL, "done": {"restart_app": {"verified": False}, "restart_host": {"verified": True}}},
        "supervisor.healthy", CONFIRMED),
    "it fell again": (
        {**WELL, "done": {"restart_app": {"verified": True}}, "watch": [answering(), answering(990)]},
        "restart.recurs", OPEN),
    "it was silent while it was watched": (
        {**WELL, "done": {"restart_app": {"verified": True}}, "watch": [answering(), REFUSED]}, "restart.recurs", OPEN),
    "it was back, and is at the start limit at the next look": (
        {"supervisor": REFUSED, "host": down(), "done": {"restart_host": {"verified": True}}}, "restart.recurs", CONFIRMED),
    "a stream is lost": (
        {**WELL, "done": {"restart_app": {"verified": True}}, "noted": [{"camera": "cam1"}, {"camera": "cam2"}],
         "streams": {"streams": {"cam1": {"verdict": "moving"}, "cam2": {"verdict": "stalled"}}}},
        "restart.streams_lost", CONFIRMED),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_was_seen_gets_its_name(case: tuple[dict[str, t.Any], str, str]) -> None:
    evidence, code, verdict = case
    finding = restart_diagnosis(evidence, plc="Press", host="line3-hmi1")
    assert (finding["code"], finding["verdict"]) == (code, verdict)


def test_every_finding_has_a_case() -> None:
    shown = {code for dummy, code, verdict in CASES.values()}
    assert {row.code for row in TABLE} == shown
    beside = {row.code for row in SIDE_TABLE}
    mine = {code for code, row in FINDINGS.items() if row.playbook == "C"} - {"supervisor.unclear"}
    assert mine <= shown | beside


def test_a_wrong_unit_name_is_told_beside_a_supervisor_that_works() -> None:
    finding = restart_diagnosis(
        {**WELL, "host": {**host(owner={**OWNER, "in_unit": False}), "unit": {"load_state": "not-found"}}, "wanted": {"unit": "smart.service"}},
        plc="Press", host="h")
    assert finding["code"] == "supervisor.healthy"
    assert [(side["code"], side["severity"]) for side in finding["also"]] == [("supervisor.unit_missing", "SEV-3")]
    assert "smart.service" in finding["also"][0]["sentence"]


def test_an_escaped_instance_is_refuted_by_a_main_pid_that_answers() -> None:
    """The owner of the port is looked up a moment later than the API answers."""
    seen = {"supervisor": answering(), "host": host(owner={"pid": 900, "user": "smarthome", "in_unit": False})}
    finding = restart_diagnosis(seen, plc="Press", host="h")
    assert finding["code"] == "supervisor.healthy"
    assert [(one["code"], one["verdict"]) for one in finding["refuted"]] == [("supervisor.escaped", REFUTED)]


def test_no_effect_says_why_of_each_rung_in_few_words() -> None:
    done = {"restart_app": {"verified": False, "failure": {"message": "Old pid."}},
            "restart_host": {"verified": False, "failure": {"message": "It died. The last lines are long."}}}
    finding = restart_diagnosis({"supervisor": SILENT, "host": {}, "done": done}, plc="Press", host="h")
    assert finding["code"] == "restart.no_effect" and finding["severity"] == "SEV-1"
    assert "(Old pid; It died)" in finding["sentence"]


def test_proof_is_what_was_seen() -> None:
    good = {**WELL, "supervisor": answering(990), "host": host(owner={**OWNER, "pid": 990}, main_pid=990),
            "watch": [answering(990)]}
    assert restart_proof(good, 812) == [
        "another process (812 -> 990)", "system status", "the unit's own process holds the port",
        "no failure while it was watched"]
    assert restart_proof({"supervisor": answering()}, 812) == ["system status"]
    assert restart_proof({}, None) == []


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["stopped", "failed", "answers", "masked", "plc.healthy"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["supervisor", "host", "unit", "processes", "port_owner", "pid", "status", "service", "active_state",
                         "api", "plc", "code", "done", "restart_app", "watch", "noted", "streams", "permissions",
                         "directories", "resources", "disks", "load_state", "not_observed"]), inner, max_size=5),
    max_leaves=25)  # fmt: skip


@given(evidence=st.dictionaries(st.sampled_from(["supervisor", "host", "plc", "done", "watch", "noted", "streams", "wanted"]), _ANY))
def test_any_evidence_gets_a_finding_and_no_exception(evidence: dict[str, t.Any]) -> None:
    """A supervisor or a host that answers nonsense must not break the run that is there to heal it."""
    finding = restart_diagnosis(evidence, plc="Press", host="h")
    assert finding["code"] in FINDINGS and finding["verdict"] != REFUTED
    assert set(signals_of(evidence)) <= set(SOURCES)
