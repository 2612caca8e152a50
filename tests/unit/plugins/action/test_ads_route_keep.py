# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ads_route state: exclusive in real runs of ansible-playbook: the supervisors of the inventory keep their routes."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("requests", reason="ads_route imports the supervisor client, which needs requests")

from ansible_collections.lineops.runbook.tests.unit.helpers.fake_router import FakeRouter, route  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, Run, play, task  # noqa: E402

OWN = "127.0.0.1.1.1"
HMI1, HMI2, HMI3 = "10.30.0.11.1.1", "10.30.0.12.1.1", "10.30.0.13.1.1"


def fake() -> FakeRouter:
    return FakeRouter(route("controller", OWN), route("hmi1", HMI1), route("hmi2", HMI2), route("intruder", "10.66.0.1.1.1"))


def purge(router: FakeRouter, name: str, keep: t.Any, **options: t.Any) -> dict[str, t.Any]:
    return task(
        name, "ads_route", via="direct", state="exclusive", ip_address=router.address, ams_net_id=router.net_id, keep=keep,
        connect_timeout=60, ads_timeout=60, **options)


def run(folder: Path, hosts: t.Mapping[str, t.Any], *tasks: dict[str, t.Any], limit: str = "h1") -> Run:
    return Playbook(folder / "run", [play(*tasks)], hosts).run("-l", limit)


def test_exclusive_keeps_the_supervisors_of_all_hosts_whatever_the_limit(tmp_path: Path) -> None:
    with fake() as router:
        at = {"ip_address": router.address, "ams_net_id": router.net_id}
        hosts = {
            "h1": {"lineops_plcs": [{**at, "route": {"local_ams_net_id": HMI1}}]},
            # The second PLC of another host, by its address only, in a variable of its own, and not in -l.
            "h2": {
                "own_net_id": HMI2, "plc_address": router.address,
                "lineops_plcs": [
                    {"ip_address": "10.30.0.22", "ams_net_id": "10.30.0.22.1.1", "active": True, "route": {"local_ams_net_id": HMI3}},
                    {"ip_address": "{{ plc_address }}", "ams_net_id": "9.9.9.9.1.1", "route": {"local_ams_net_id": "{{ own_net_id }}"}},
                ],
            },
            "h3": {},
        }  # fmt: skip
        done = run(
            tmp_path, hosts,
            purge(router, "empty", []), purge(router, "one", [OWN, HMI1]), purge(router, "none", [OWN]),
            purge(router, "typo", [OWN, HMI1, HMI2, "10.30.0.13.1"]), purge(router, "on the host", [OWN, HMI1], run_from="host"),
            {**purge(router, "check", [OWN, HMI1]), "check_mode": True},
            task("without keep", "ads_route", via="direct", state="exclusive", **at),
        )  # fmt: skip
        refused = {
            "empty": "keep is empty, so state exclusive would delete every route of the PLC; nothing was deleted.",
            "one": f"keep lacks {HMI2} (h2), the supervisors that the inventory has at this PLC; nothing was deleted.",
            "none": f"keep lacks {HMI1} (h1), {HMI2} (h2), the supervisors that the inventory has at this PLC; nothing was deleted.",
            "typo": "keep holds '10.30.0.13.1', which is no AMS NetId; nothing was deleted.",
        }  # fmt: skip
        refused |= {"on the host": refused["one"], "check": refused["one"], "without keep": refused["empty"]}
        for name, sentence in refused.items():
            assert done.kind(name) == "failed"
            assert done.result(name)["failure"]["code"] == "route.keep"
            assert done.result(name)["msg"].startswith(sentence)
        assert (router.connections, router.writes) == (0, [])

        done = run(tmp_path / "good", hosts, purge(router, "good", [OWN, HMI1, HMI2]))
        assert (done.kind("good"), done.result("good")["changed"]) == ("ok", True)
    assert router.names() == ["controller", "hmi1", "hmi2"]
    (lock,) = Path(tempfile.gettempdir()).glob(f"lineops-ads-*-{router.address}.lock")
    lock.unlink()


UNREADABLE: dict[str, t.Any] = {
    "undefined variable": [{"ip_address": "{{ nowhere }}", "ams_net_id": "9.9.9.9.1.1", "route": {"local_ams_net_id": HMI2}}],
    "text": "all of them",
    "no route": "AT",
}


@pytest.mark.parametrize("plcs", UNREADABLE.values(), ids=UNREADABLE)
def test_an_inventory_that_cannot_be_read_is_no_permission(plcs: t.Any, tmp_path: Path) -> None:
    with fake() as router:
        if plcs == "AT":
            plcs = [{"ip_address": router.address, "ams_net_id": router.net_id}]
        done = run(tmp_path, {"h1": {}, "h2": {"lineops_plcs": plcs}}, purge(router, "purge", [OWN, HMI1, HMI2]))
    result = done.result("purge")
    assert (done.kind("purge"), result["failure"]["code"]) == ("failed", "inventory.mistakes")
    assert "lineops_plcs of h2 cannot be" in result["msg"] and "nothing was deleted" in result["msg"]
    assert router.connections == 0
