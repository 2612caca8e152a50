# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one look says: by answers of a real supervisor, and without a word of theirs in what is told."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path
from types import MappingProxyType

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils import _health_rules as rules
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._health_events import (
    OPTIONS, change_event, heartbeat_event, hosts_of, options_of,
)
from ansible_collections.lineops.runbook.plugins.module_utils._health_rules import Verdict
from ansible_collections.lineops.runbook.plugins.module_utils._health_state import Change, Policy, Track

EVIL = '{{ lookup("pipe", "id") }}'
CORE = {"id": "cam1", "type": "rtsp", "core": True}
DESIRED = MappingProxyType({"type": "rtsp", "use_substream": False, "resolution": None})


def recorded(data_dir: Path, name: str) -> t.Any:
    return json.loads((data_dir / "recordings" / f"{name}.json").read_text(encoding="utf-8"))["response"]["body"]


@pytest.mark.parametrize("name, signal", [
    ("system_status_connected", ""),
    ("system_status_breaker_closed", ""),
    ("system_status_disconnected", "plc.disconnected"),
    ("system_status_breaker_half_open", "plc.write_breaker_open"),
    ("plc_gone_system_status_after_write", "plc.write_breaker_open"),
    ("plc_gone_system_status", "plc.write_breaker_open"),
    # The flag stays up when the PLC or its route is gone, and nothing was written yet: no look that costs nothing knows better.
    ("seq3_2_status", ""),
    ("route_missing_status", ""),
])
def test_plc_by_recorded_answers(data_dir: Path, name: str, signal: str) -> None:
    status = recorded(data_dir, name)
    assert rules.is_status(status)
    assert rules.plc_verdict(status) == (Verdict("failed", signal) if signal else Verdict("ok"))


def test_one_failed_write_is_enough_and_one_that_went_well_takes_it_back() -> None:
    def status(count: t.Any) -> dict[str, t.Any]:
        return {"plc": {"connected": True}, "circuit_breakers": {"plc:plc_001:write": {"state": "closed", "failure_count": count}}}

    assert rules.plc_verdict(status(1)) == Verdict("failed", "plc.writes_fail")
    assert {rules.plc_verdict(status(count)).state for count in (0, None, "7", [], float("nan"), -1)} == {"ok"}


def test_only_the_breaker_of_the_active_plc_counts_where_it_is_known() -> None:
    status = {"plc": {"connected": True}, "circuit_breakers": {"plc:plc_999:write": {"state": "open"}, "plc:plc_001:write": {"state": "closed"}}}
    assert rules.plc_verdict(status, "plc_001") == Verdict("ok")
    assert rules.plc_verdict(status) == rules.plc_verdict(status, "plc_999") == Verdict("failed", "plc.write_breaker_open")


def test_breakers_of_streams_say_nothing_of_the_plc() -> None:
    status = {"plc": {"connected": True}, "circuit_breakers": {"stream:rtsp:cam1": {"state": "open", "failure_count": 9}}}
    assert rules.plc_verdict(status) == Verdict("ok")


@pytest.mark.parametrize("body", [{}, [], None, "x", {"plc": True}, {"plc": {"connected": "yes"}}, {"plc": {}}])
def test_json_of_something_else_is_no_plc_that_is_disconnected(body: t.Any) -> None:
    assert not rules.is_status(body)


@pytest.mark.parametrize("error, expected", [
    (None, Verdict("ok")),
    ("supervisor.timeout", Verdict("failed", "supervisor.timeout")),
    ("supervisor.not_json", Verdict("failed", "supervisor.not_json")),
    ("supervisor.key_refused", Verdict(None, "supervisor.key_refused")),
    ("supervisor.rate_limited", Verdict(None, "supervisor.rate_limited")),
    ("look.broken", Verdict(None, "look.broken")),
    ("supervisor.made_up_later", Verdict("failed", "supervisor.failed")),
])
def test_supervisor_by_the_clients_errors(error: t.Any, expected: Verdict) -> None:
    assert rules.supervisor_verdict(error) == expected


def test_cameras_are_those_of_production_and_those_that_are_wanted() -> None:
    streams = {"b": {"desired": DESIRED}, "a": {"desired": DESIRED}, "stopped": {"desired": None}, "odd": 3, "cam1": {"desired": DESIRED}}
    assert rules.cameras_to_look_at(streams, ["cam1", "gone"]) == ["cam1", "gone", "a", "b"]


def test_cameras_of_a_hostile_supervisor_cost_and_say_nothing() -> None:
    names = [EVIL, "../../etc/passwd", "a b", "", ".", "x" * 300, "ü", *(f"cam{number}" for number in range(5000))]
    found = rules.cameras_to_look_at({name: {"desired": DESIRED} for name in names}, ["cam1"])
    assert len(found) == rules.CAMERAS_AT_MOST and found[0] == "cam1" and all(name.startswith("cam") for name in found)


def stream(verdict: str, kind: str, desired: t.Any = DESIRED) -> dict[str, t.Any]:
    return {"verdict": verdict, "class": kind, "why": EVIL, "known": True, "desired": desired, "process_pid": 1, "source": None}


@pytest.mark.parametrize("seen, expected", [
    ({"cam1": stream("moving", "healthy")}, Verdict("ok")),
    ({"cam1": stream("stalled", "hung")}, Verdict("failed", "streams.stuck", ("cam1",))),
    ({"cam1": stream("not_running", "never_started", None)}, Verdict("failed", "streams.stuck", ("cam1",))),
    ({"cam1": stream("moving", "healthy"), "cam2": stream("not_running", "stopped", None)}, Verdict("ok")),
    ({"cam1": stream("undecided", "unknown")}, Verdict(None)),
    ({"cam1": stream("starting", "starting"), "cam2": stream("stalled", "hung")}, Verdict("failed", "streams.stuck", ("cam2",))),
    ({"cam1": stream("starting", "starting"), "cam2": stream("moving", "healthy")}, Verdict(None)),
])
def test_streams_as_triage_judges_them(seen: t.Any, expected: Verdict) -> None:
    assert rules.streams_verdict(seen, [CORE]) == expected


def test_an_event_is_limited_to_its_host_and_holds_our_words_only() -> None:
    host = {"host": "line3-hmi1", "line": "line3", "url": "http://10.30.3.11:5000", "cameras": []}
    event = change_event(host, "streams", Verdict("failed", "streams.stuck", ("cam1",)), Change("failed", "ok", 5.0, 1), "2026-01-01T02:03:04Z")
    assert event == {
        "supervisor_health": {
            "kind": "change", "host": "line3-hmi1", "line": "line3", "subject": "streams", "state": "failed", "previous": "ok",
            "since": "2026-01-01T02:03:04Z", "repeat": 1, "signal": "streams.stuck",
            "seen": "Cameras that should run show nothing new.", "cameras": ["cam1"], "playbook": "playbook_a_stream",
        },
        "meta": {"hosts": "line3-hmi1"},
    }


def test_playbooks_of_events_exist() -> None:
    folder = Path(__file__).resolve().parents[4].parent / "playbooks"
    if folder.is_dir():  # ansible-test has its own tree
        assert [name for name in rules.PLAYBOOKS.values() if not (folder / f"{name}.yml").is_file()] == []


def track(looks: str, flaps: int = 3) -> Track:
    made = Track(Policy(debounce=2, flaps=flaps))
    for at, look in enumerate(looks):
        made.saw({"o": "ok", "f": "failed", "-": None}[look], float(at))
    return made


def test_heartbeat_names_what_is_not_well_and_what_nobody_sees() -> None:
    tracks = {
        "a": {"supervisor": track("oo"), "plc": track("ff")}, "b": {"supervisor": track("ffooff", 2), "plc": track("")},
        # It was well when it was last seen, which is too long ago.
        "c": {"supervisor": track("oo--"), "plc": track("oo-")}}
    assert heartbeat_event(tracks, {"d": "why"}, 7)["supervisor_health"] == {
        "kind": "heartbeat", "hosts": 3, "looks": 7, "failed": {"a": ["plc"]}, "flapping": {"b": ["supervisor"]},
        "not_observed": {"b": ["plc"], "c": ["supervisor"]}, "not_watched": {"d": "why"}}


# --- arguments of the source ------------------------------------------------------------------------------------------

GOOD = {"host": "line3-hmi1", "line": "line3", "url": "http://10.30.3.11:5000", "cameras": [CORE]}


def test_defaults_are_those_of_the_policy() -> None:
    policy, options = options_of({"hosts": [GOOD]})
    assert policy == Policy()
    assert options["threads"] == 32 and options["validate_certs"] is True


@pytest.mark.parametrize("args, words", [
    ({"intervall": 5}, "supervisor_health knows no intervall; there are interval, "),
    ({"interval": 0.2}, "interval is 0.2; expected seconds from 1 to 3600."),
    ({"interval": EVIL}, "interval is "),
    ({"interval": True}, "interval is True"),
    ({"debounce": 2.5}, "debounce is 2.5; expected a whole number from 1 to 100."),
    ({"flaps": 1}, "flaps is 1; expected a whole number from 2 to 100."),
    ({"interval": float("nan")}, "interval is nan"),
    ({"validate_certs": "no"}, "validate_certs is 'no'; expected true or false."),
])
def test_wrong_arguments_are_told_in_one_sentence(args: dict[str, t.Any], words: str) -> None:
    with pytest.raises(LineopsError) as told:
        options_of(args)
    assert str(told.value).startswith(words) and "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["a,b", "all:!line1", "*", "~x", "@file", "line[1:3]", "", None, 3, "x" * 64, "-x", "a b", EVIL])
def test_a_name_that_would_be_a_pattern_in_a_limit_is_refused(name: t.Any) -> None:
    with pytest.raises(LineopsError, match="is no name of a host that can be watched"):
        hosts_of([{**GOOD, "host": name}])


def test_a_host_that_cannot_be_watched_is_told_and_the_others_are_watched() -> None:
    others: list[tuple[dict[str, t.Any], str]] = [
        ({"url": "ftp://x"}, "it has no usable lineops_supervisor_url"), ({"line": EVIL}, "it has no usable lineops_line"),
        ({"run_from": "host"}, "its supervisor is only reached from its own host (lineops_run_from: host)"),
        ({"cameras": "cam1"}, "its lineops_cameras is no list"), ({"problem": "it is broken"}, "it is broken")]
    watched, refused = hosts_of([GOOD, *({**GOOD, **more, "host": f"bad{number}"} for number, (more, dummy) in enumerate(others))])
    assert watched == [{**GOOD, "plc": None}]
    assert refused == {f"bad{number}": why for number, (dummy, why) in enumerate(others)}


def test_the_plc_of_a_host_is_its_active_one() -> None:
    plcs = [{"id": "plc_002", "active": False}, {"id": "plc_001", "active": True}]
    assert [host["plc"] for host in hosts_of([{**GOOD, "plcs": plcs}])[0]] == ["plc_001"]


def test_nothing_to_watch_is_an_error_that_says_why() -> None:
    with pytest.raises(LineopsError, match="There is no supervisor to watch [(]x: it has no usable lineops_line[)]"):
        hosts_of([{**GOOD, "host": "x", "line": ""}])
    with pytest.raises(LineopsError, match="There is no supervisor to watch [(]it names no host[)]"):
        hosts_of([])


def test_a_host_that_is_named_twice_is_a_mistake() -> None:
    with pytest.raises(LineopsError, match="line3-hmi1 is named more than once"):
        hosts_of([GOOD, GOOD])


def test_every_option_is_documented_with_its_default() -> None:
    source = Path(__file__).resolve().parents[4] / "extensions/eda/plugins/event_source/supervisor_health.py"
    if not source.is_file():
        pytest.skip("no event source beside these tests")
    yaml = pytest.importorskip("yaml")
    text = source.read_text(encoding="utf-8")
    documented = yaml.safe_load(text.split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
    assert {name: documented[name]["default"] for name in OPTIONS} == {name: usual for name, (usual, *dummy) in OPTIONS.items()}
