# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fleet_info in real runs of ansible-playbook: whom it asks, with which key, and what it shows."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

pytest.importorskip("requests", reason="the supervisor client needs requests")

from ansible_collections.lineops.runbook.tests.unit.helpers import fleet  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.fleet import WELL, Supervisor  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, Run, play, task  # noqa: E402

LINE_KEY, HOST_KEY, OTHER_KEY = "canary-of-line3", "canary-of-host", "canary-of-line9"
SECRETS = {
    "line3": {"operator_key": "canary-operator", "admin_key": LINE_KEY},
    "own_key": {"admin_key": HOST_KEY},
}
#: Only hosts of line9 have these: the host that runs the task does not know them.
OTHER_SECRETS = {"lineops_secrets": {"line9": {"admin_key": OTHER_KEY}}}


def ask(name: str, **options: t.Any) -> dict[str, t.Any]:
    return {**task(name, "fleet_info", **options), "run_once": True}


def run(
    folder: Path, tasks: list[dict[str, t.Any]], hosts: dict[str, t.Any], other_line: dict[str, t.Any], *arguments: str
) -> Run:
    """A run on line3, whose group is named so, beside a line9 and a group of machines that are in no line."""
    book = Playbook(folder / "run", [play(*tasks)], hosts)
    inventory = yaml.safe_load((book.folder / "hosts.yml").read_text(encoding="utf-8"))
    groups = inventory["all"]["children"]
    groups["line3"]["vars"] = {"lineops_line": "line3"}
    groups["line9"] = {"hosts": other_line, "vars": {"lineops_line": "line9", "ansible_connection": "local"}}
    groups["tools"] = {"hosts": {"controller": {"ansible_connection": "local"}}}
    inventory["all"]["vars"] = {"lineops_secrets": SECRETS}
    (book.folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return book.run(*arguments)


def assert_no_canary(done: Run) -> None:
    assert "canary" not in done.output + json.dumps([result for dummy, result in done.results.values()])


def answers(done: Run, name: str, host: str) -> dict[str, bool]:
    return {asked: summary["answers"] for asked, summary in done.result(name, host)["hosts"].items()}


def codes(summary: t.Mapping[str, t.Any]) -> set[str]:
    return {failure["code"] for failure in summary["not_observed"].values()}


def test_whom_it_asks(tmp_path: Path) -> None:
    """Line-wide also under -l, since blast radius and severity are; other lines only where the play has them."""
    one, two, three = Supervisor(WELL), Supervisor(WELL), Supervisor(WELL)
    hosts = {
        "h1": {"lineops_supervisor_url": one.url},
        "h2": {
            "lineops_supervisor_url": "{{ scheme }}://127.0.0.1:{{ port }}",
            "scheme": "http",
            "port": two.server_port,
        },
        "store": {},
    }
    with fleet.serving(one, two, three):
        tasks = [
            ask("default"),
            ask("named", hosts=["x1", "h1", "h1", "nowhere", "store"], gather_subset=["versions"]),
            ask("given", targets=[{"host": "spare", "url": three.url, "cameras": ["cam9"]}]),
            ask("both", targets=[], hosts=[]),
            ask("wrong", threads=0),
        ]
        done = run(tmp_path, tasks, hosts, {"x1": {"lineops_supervisor_url": three.url}}, "-l", "h1")
        everybody = run(tmp_path / "all", [ask("default")], hosts, {"x1": {"lineops_supervisor_url": three.url}})
    assert answers(done, "default", "h1") == {"h1": True, "h2": True}
    assert answers(done, "named", "h1") == {"x1": True, "h1": True, "nowhere": False, "store": False}
    named = done.result("named")["hosts"]
    assert (codes(named["nowhere"]), codes(named["store"])) == ({"inventory.unknown_host"}, {"inventory.mistakes"})
    assert done.result("given")["hosts"]["spare"]["streams"] == {"running": 1, "expected": 2, "not_running": ["cam9"]}
    assert done.kind("both") == "failed" and "mutually exclusive" in done.result("both")["msg"]
    assert (done.kind("wrong"), done.result("wrong")["failure"]["code"]) == ("failed", "fleet.option")
    assert answers(everybody, "default", "h1") == {"h1": True, "h2": True, "x1": True}
    assert done.result("default")["observed_from"].startswith("controller ")
    assert done.result("default")["totals"]["plc_connected"] == 2


def test_host_whose_variables_are_wrong_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    well = Supervisor(WELL)
    url = {"lineops_supervisor_url": well.url}
    hosts = {
        "h1": url,
        "undefined": {"lineops_supervisor_url": "http://{{ no_such_variable }}:5000"},
        "syntax": {"lineops_supervisor_url": "http://{{ x"},
        "no_url": {"lineops_supervisor_url": ["http://10.0.0.1"]},
        "passworded": {"lineops_supervisor_url": "http://anna:canary@10.0.0.1:5000"},
        "loopback": {**url, "lineops_run_from": "host"},
        "cameras": {
            **url,
            "lineops_cameras": [{"id": "cam1", "core": True}, {"id": "cam2", "core": True}, {"id": "d"}, "x"],
        },
        "no_cameras": {**url, "lineops_cameras": "{{ no_such_list }}"},
        "no_list": {**url, "lineops_cameras": "cam1"},
        "elsewhere": {**url, "lineops_run_from": "moon"},
        "nowhere": {**url, "lineops_run_from": "{{ no_such_place }}"},
        "other_line": {**url, "lineops_line": "{{ no_such_line }}"},
    }
    with fleet.serving(well):
        done = run(tmp_path, [ask("ask"), ask("in check mode")], hosts, {}, "-vvvv", "--check", "--diff")
    assert done.kind("ask", "cameras") == done.kind("in check mode", "cameras") == "ok"
    found = done.result("ask", "cameras")["hosts"]
    assert {host for host, summary in found.items() if summary["answers"]} == {"h1", "cameras", "other_line"}
    assert found["cameras"]["streams"] == {"running": 1, "expected": 2, "not_running": ["cam2"]}
    assert codes(found["loopback"]) == {"fleet.host_only"}
    for host in ("undefined", "syntax", "no_url", "passworded", "no_cameras", "no_list", "elsewhere", "nowhere"):
        assert codes(found[host]) == {"inventory.mistakes"}, host
        message = found[host]["not_observed"]["status"]["message"]
        assert host in message and "\n" not in message
    assert done.result("ask", "cameras")["totals"]["answering"] == 3
    assert_no_canary(done)


def test_key_is_that_of_the_host_or_its_line_and_shows_nowhere(tmp_path: Path) -> None:
    """Supervisors that give back what they were sent, and one that says it in an error."""

    def leaky(key: str) -> Supervisor:
        echo = {"plc": {"connected": True}, "circuit_breakers": {f"breaker {key}": {"state": f"open {key}"}}}
        return Supervisor({**WELL, fleet.STATUS: echo, fleet.SLO: (500, {"error": f"bad {key}"})})

    keys = {"h1": LINE_KEY, "own_key": HOST_KEY, "x1": OTHER_KEY}
    supervisors = {host: leaky(key) for host, key in keys.items()}
    urls = {host: {"lineops_supervisor_url": supervisor.url} for host, supervisor in supervisors.items()}
    tasks = [ask("ask", gather_subset=["status", "slo", "streams", "service"], incident="INC-7", runner="shell-anna")]
    with fleet.serving(*supervisors.values()):
        done = run(
            tmp_path,
            tasks,
            {host: urls[host] for host in ("h1", "own_key")},
            {"x1": {**urls["x1"], **OTHER_SECRETS}},
            "-vvvv",
        )
    for host, supervisor in supervisors.items():
        sent = {path: headers["X-API-Key"] for path, headers in supervisor.asked}
        assert sent == {fleet.STATUS: None, fleet.SLO: None, fleet.STREAMS: None, fleet.SERVICE: keys[host]}
        assert all(headers["X-Request-ID"].startswith("INC-7-") for dummy, headers in supervisor.asked)
        assert done.result("ask")["hosts"][host]["service"] == {"pid": 812, "container": False}
    assert done.result("ask")["hosts"]["x1"]["breakers_not_closed"] == ["breaker ***"]
    assert_no_canary(done)


def test_keys_given_with_targets_show_nowhere(tmp_path: Path) -> None:
    """DESIGN §3: an argument spec prints nested values of the wrong type in clear."""
    supervisor = Supervisor({**WELL, fleet.SERVICE: (401, {"message": "bad canary-in-a-target"})})
    target = {"host": "h", "url": supervisor.url}
    with fleet.serving(supervisor):
        tasks = [
            ask("right", targets=[{**target, "admin_key": "canary-in-a-target"}], gather_subset=["service"]),
            ask("list", targets=[{**target, "admin_key": ["canary-in-a-list"]}]),
            ask("number", targets=[{**target, "admin_key": 123123123}]),
            ask("text", targets="host=h url=u admin_key=canary-in-a-text"),
            ask("texts", targets=["host=h url=u admin_key=canary-in-a-text"]),
            ask("other", targets=[{**target, "admin_key": "canary-in-a-target", "adress": "x"}]),
        ]
        done = run(tmp_path, tasks, {"h1": {}}, {}, "-vvvv")
    assert codes(done.result("right")["hosts"]["h"]) == {"supervisor.key_refused"}
    assert [done.kind(name) for name in ("list", "number", "text", "texts", "other")] == ["failed"] * 5
    assert "targets[0].admin_key is not a text (its value is not shown)." in done.result("list")["msg"]
    assert "targets is not made of mappings (its value is not shown)." in done.result("texts")["msg"]
    assert "123123123" not in done.output and "adress" in done.result("other")["msg"]
    assert_no_canary(done)
