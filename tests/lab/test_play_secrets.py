# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets appear nowhere: not on the screen at the highest verbosity, not in the journal, not in an error.

Every run of all lab tests is searched for the plant's secrets (``PlantLab.play``). Here they run at -vvvv with --diff,
with wrong secrets and with secrets of a wrong type.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from examples import COLLECTION, COLLECTIONS, MODULES, playbook, secret_options, tasks_of
from plants import PlantLab
from runs import READABLE

LOUD = ("-vvvv", "--diff")
HOST = "line3-hmi1"
OPERATOR, ADMIN, USER, PASSWORD, ITEM, KEY, VALUE = CANARIES = [
    f"canary-{kind}-Zq7Xv" for kind in ("operator", "admin", "user", "password", "item", "key", "value")]
NUMBER = 471108154711081547
WRONG_TYPES: dict[str, Any] = {"number": NUMBER, "list": [ITEM], "mapping": {KEY: VALUE}}
ALL_CANARIES = [*CANARIES, str(NUMBER)]


def wrong_secrets(groups: dict[str, Any], secrets: dict[str, Any]) -> None:
    """Line 1: as it should be; a wrong PLC password. Line 2: a wrong operator key; two wrong keys, used on the host."""
    secrets["line1-hmi2"] = {**secrets["line1"], "plc_username": USER, "plc_password": PASSWORD}
    secrets["line2-hmi1"] = {**secrets["line2"], "operator_key": OPERATOR}
    secrets["line2-hmi2"] = {**secrets["line2"], "operator_key": OPERATOR, "admin_key": ADMIN}
    groups["line2"]["hosts"]["line2-hmi2"]["lineops_run_from"] = "host"


class Loud:
    """One loud run in which one host is healed and the others fail over their secrets."""

    FINDINGS = {
        "line1-hmi1": "plc.route_missing", "line1-hmi2": "plc.route_refused", "line2-hmi1": "supervisor.key_refused",
        "line2-hmi2": "supervisor.all_keys_refused",
    }

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        for host in ("line1-hmi1", "line1-hmi2"):
            lab.fault(host, "route-removed")
        own = lab.plant.controller_ip  # direct ADS needs a route of the controller's own
        lab.ask(HOST, "route_add", name="controller", ams_net_id=f"{own}.1.1", address=own)
        self.inventory = lab.variant(wrong_secrets)
        self.run = lab.play(*LOUD, inventory=self.inventory, limit="line1,line2", canaries=ALL_CANARIES)


@pytest.fixture(scope="class")
def loud(new_lab) -> Loud:
    return Loud(new_lab(3, 2))


class TestSecrets:
    """The searches themselves are in ``play``; these make sure that the secrets were used and much was searched."""

    @pytest.mark.parametrize("host", Loud.FINDINGS)
    def test_secrets_were_used(self, loud: Loud, host: str) -> None:
        assert loud.run.outcomes[host]["finding"] == loud.FINDINGS[host]
        assert loud.lab.journal(host)

    def test_run_was_loud(self, loud: Loud) -> None:
        assert loud.run.out.count("task path:") > 20 and '"observed_from"' in loud.run.out

    def test_syntax_check(self, loud: Loud) -> None:
        run = loud.lab.play("--syntax-check", *LOUD, inventory=loud.inventory, canaries=ALL_CANARIES)
        assert run.code == 0

    @pytest.mark.parametrize("name", MODULES)
    def test_one_module_by_hand(self, loud: Loud, name: str) -> None:
        """`ansible -m`, its first example with every secret it takes."""
        task = tasks_of(name, loud.lab, HOST)[0]
        (loud.lab.plant.state_dir(loud.lab.host(HOST)) / "journal.jsonl").touch()  # for those that read one
        arguments = {**(task[f"{COLLECTION}.{name}"] or {}), **secrets_from_the_inventory(name)}
        run = loud.lab.by_hand(HOST, f"{COLLECTION}.{name}", arguments, *LOUD)
        said = f"{HOST} | {'CHANGED' if name == 'supervisor_service' else 'SUCCESS'}"  # each call of that one is a restart
        assert run.code == 0 and said in run.out

    def test_wrong_types_and_missing_ones(self, loud: Loud) -> None:
        """Every secret option of every module with a value of every wrong type, and not at all."""
        tasks = []
        for name in MODULES:
            task = tasks_of(name, loud.lab, HOST)[0]
            for option, (kind, value) in itertools.product(secret_options(name), WRONG_TYPES.items()):
                arguments = {**(task[f"{COLLECTION}.{name}"] or {}), **secrets_from_the_inventory(name), option: value}
                tasks.append({
                    "name": f"{name} {option} {kind}", f"{COLLECTION}.{name}": arguments, "ignore_errors": True})
        path = playbook(loud.lab, "wrong-types", HOST, tasks)
        run = loud.lab.play(*LOUD, playbook=str(path), environment={**READABLE, **COLLECTIONS}, canaries=ALL_CANARIES)
        assert run.recap[HOST].items() >= {"ignored": len(tasks), "changed": 0}.items()
        assert run.out.count("is not a text (its value is not shown)") >= len(tasks) > 20


def secrets_from_the_inventory(name: str) -> dict[str, str]:
    return {option: "{{ lineops_secrets.line3.%s }}" % option for option in secret_options(name)}
