# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in the inventory: one sentence each, nothing contacted, the other hosts of the run handled all the same."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from plants import PlantLab
from runs import RESULT_KEYS

LOUD = ("-vvvv", "--diff")
VICTIM, HEALTHY, ODD, BROKEN = "line1-hmi1", "line2-hmi1", "line2-hmi2", "broken-run"
CANARY = "canary-Zq7Xv"
NUMBER = 471108154711081547
UNDEFINED = "{{ vault_canary_of_a_name }}"
GONE = object()  # "take it away"


@dataclass(frozen=True)
class Row:
    """A mistake: where in the host's variables or secrets (dots and numbers), the value there, what must be said."""

    where: str
    value: Any
    says: str
    in_secrets: bool = False


def variable(where: str, value: Any, expected: str, shown: str | None = None) -> Row:
    """A variable whose sentence shows the value."""
    name = re.sub(r"\.(\d+)", r"[\1]", where)
    is_value = "missing" if value is GONE or value is None else f"{value!r}" if shown is None else shown
    return Row(where, value, f"{name} is {is_value}; expected {expected}.")


def secret(where: str, value: Any, says: str) -> Row:
    """A secret: its value is shown nowhere."""
    return Row(where, value, says, in_secrets=True)


URL = "an address such as http://10.30.0.11:5000"
NET_ID = "six numbers 0-255 with dots, such as 10.30.0.21.1.1"
IP, PORT = "an IPv4 address such as 10.30.0.21", "a number such as 851"
DECLARED = "the declared safe test variable: a mapping with name, type, test_value and rest_value"
ROUTE_NAME = "the name of the route on the PLC, printable ASCII of at most 31 characters"
SYMBOL = r"a PLC symbol such as MAIN.bOpsTest (GATEWAY.* proves nothing)"
PLC, VARIABLE, ROUTE = "lineops_plcs.0", "lineops_plcs.0.test_variable", "lineops_plcs.0.route"

ROWS = {
    "url-missing": variable("lineops_supervisor_url", GONE, URL),
    "url-null": variable("lineops_supervisor_url", None, URL),
    "url-without-scheme": variable("lineops_supervisor_url", "10.30.0.11:5000", URL),
    "url-number": variable("lineops_supervisor_url", 5000, URL),
    "url-port": variable("lineops_supervisor_url", "http://10.30.0.11:70000", URL),
    "url-with-password": variable(
        "lineops_supervisor_url", f"http://admin:{CANARY}@10.30.0.11:5000", URL, shown="'http://***@10.30.0.11:5000'"),
    "url-undefined": Row("lineops_supervisor_url", "{{ nowhere }}", "lineops_supervisor_url cannot be evaluated: "),
    "line-empty": variable("lineops_line", "", "the name of the line this host belongs to, e.g. line3"),
    "plcs-missing": variable("lineops_plcs", GONE, "a list with at least one PLC"),
    "plcs-empty": variable("lineops_plcs", [], "a list with at least one PLC"),
    "plcs-mapping": variable("lineops_plcs", {"id": "plc_001"}, "a list with at least one PLC"),
    "plc-text": variable("lineops_plcs.0", "10.30.0.21", "a mapping"),
    "plc-not-active": Row(f"{PLC}.active", False, "lineops_plcs has 0 active PLCs; expected exactly one"),
    "second-plc-net-id": variable("lineops_plcs.1.ams_net_id", "10.30.0.21", NET_ID),
    "net-id-missing": variable(f"{PLC}.ams_net_id", GONE, NET_ID),
    "net-id-five-parts": variable(f"{PLC}.ams_net_id", "10.30.0.21.1", NET_ID),
    "net-id-256": variable(f"{PLC}.ams_net_id", "10.30.0.256.1.1", NET_ID),
    "net-id-number": variable(f"{PLC}.ams_net_id", 10.3, NET_ID),
    "ip-missing": variable(f"{PLC}.ip_address", GONE, IP),
    "ip-three-parts": variable(f"{PLC}.ip_address", "10.30.0", IP),
    "ip-name": variable(f"{PLC}.ip_address", "press.plant", IP),
    "port-zero": variable(f"{PLC}.ams_port", 0, PORT),
    "port-too-big": variable(f"{PLC}.ams_port", 65536, PORT),
    "port-text": variable(f"{PLC}.ams_port", "eight", PORT),
    "runtime-missing": variable(f"{PLC}.runtime_type", GONE, "TC2 or TC3"),
    "runtime-tc4": variable(f"{PLC}.runtime_type", "TC4", "TC2 or TC3"),
    "runtime-list": variable(f"{PLC}.runtime_type", ["TC3"], "TC2 or TC3"),
    "route-missing": variable(ROUTE, GONE, "a mapping with name, local_ams_net_id and local_ip"),
    "route-name-too-long": variable(f"{ROUTE}.name", "n" * 32, ROUTE_NAME),
    "route-name-umlaut": variable(f"{ROUTE}.name", "Ger\xe4t", ROUTE_NAME),
    "route-ip": variable(f"{ROUTE}.local_ip", "127.0.0", "the supervisor's own IPv4 address"),
    "variable-undeclared": variable(VARIABLE, GONE, DECLARED),
    "variable-without-name": variable(f"{VARIABLE}.name", GONE, SYMBOL),
    "variable-of-the-gateway": variable(f"{VARIABLE}.name", "GATEWAY.bOpsTest", SYMBOL),
    "variable-no-rest-value": variable(f"{VARIABLE}.rest_value", GONE, "the value to put back"),
    # A quoted "false" is a true BOOL for the supervisor (quirk 7: nothing is checked there).
    "variable-rest-is-a-text": variable(f"{VARIABLE}.rest_value", "false", "a value that fits type BOOL"),
    "variable-test-is-no-bool": variable(f"{VARIABLE}.test_value", 99999, "a value that fits type BOOL"),
    "run-from": variable("lineops_run_from", "moon", "controller or host"),
    "host-access": variable("lineops_host_access", "perhaps", "true or false"),
    "state-dir": variable("lineops_state_dir", "var/lib/lineops", "an absolute path"),
    "state-host": Row("lineops_state_host", "nowhere", "lineops_state_host is 'nowhere'; expected "),
    "controller-ads": Row("lineops_controller_ads", "10.30.0.5", "lineops_controller_ads is '10.30.0.5'; expected "),
    "language": Row("lineops_language", 5, "lineops_language is 5; expected "),
    "password-missing": secret("plc_password", GONE, "lineops_secrets.password-missing.plc_password is missing."),
    "password-empty": secret(
        "plc_password", "", "lineops_secrets.password-empty.plc_password is not a text (its value is not shown)."),
    **{f"{name}-{kind}": secret(name, f"{CANARY}{end}", f"lineops_secrets.{name}-{kind}.{name} is not printable ASCII, ")
       for name in ("plc_username", "plc_password") for kind, end in (("umlaut", "\xe4"), ("nul", "\0more"))},
    "user-missing": secret("plc_username", GONE, "lineops_secrets.user-missing.plc_username is missing."),
    "operator-missing": secret("operator_key", GONE, "lineops_secrets.operator-missing.operator_key is missing."),
    **{f"{name}-{kind}": secret(
        name, value, f"lineops_secrets.{name}-{kind}.{name} is not a text (its value is not shown).")
       for name in ("operator_key", "admin_key", "plc_username", "plc_password")
       for kind, value in (("number", NUMBER), ("list", [CANARY]), ("mapping", {CANARY: CANARY}))},
    "secrets-text": secret("", CANARY, "lineops_secrets.secrets-text is not a mapping; expected operator_key, "),
    "secrets-list": secret("", [CANARY], "lineops_secrets.secrets-list is not a mapping; expected operator_key, "),
    "line-without-secrets": Row(
        "lineops_line", "line9", "lineops_secrets has no entry for host line-without-secrets nor for line line9."),
    "all-secrets-missing": Row("lineops_secrets", None, "lineops_secrets is missing or not a mapping; expected "),
    "all-secrets-broken-yaml": Row(
        "lineops_secrets", f"line1: [{CANARY}", "lineops_secrets is missing or not a mapping; expected "),
    "all-secrets-undefined": Row(
        "lineops_secrets", UNDEFINED, "lineops_secrets is missing or not a mapping; expected "),
}


def put(tree: Any, where: str, value: Any) -> None:
    """Set or take away what lies at a dotted place."""
    *path, last = [int(step) if step.isdigit() else step for step in where.split(".")]
    for step in path:
        tree = tree[step]
    if value is GONE:
        del tree[last]
    else:
        tree[last] = value


def make_mistakes(groups: dict[str, Any], secrets: dict[str, Any]) -> None:
    """A host per mistake, all made from VICTIM, which they would contact; HEALTHY and ODD are real ones."""
    model = groups["line1"]["hosts"].pop(VICTIM)
    for name, row in ROWS.items():
        host, own = copy.deepcopy(model), dict(secrets["line1"])
        host["lineops_plcs"].append({**copy.deepcopy(model["lineops_plcs"][0]), "id": "plc_002", "active": False})
        if row.in_secrets:
            secrets[name] = own
            put({"entry": own} if row.where else secrets, f"entry.{row.where}" if row.where else name, row.value)
        else:
            put(host, row.where, row.value)
        groups["line1"]["hosts"][name] = host
    groups["line1"]["hosts"][BROKEN] = {**model, "plc_recovery_stability": "soon"}
    odd = groups["line2"]["hosts"][ODD]["lineops_plcs"][0]
    odd["ip_address"] = odd["ip_address"].rpartition(".")[0] + ".99"


class Refused:
    """One run over all mistakes and two hosts without."""

    def __init__(self, lab: PlantLab) -> None:
        self.lab = lab
        self.inventory = lab.variant(make_mistakes)
        self.before = self.traces(VICTIM)
        self.run = lab.play(
            *LOUD, inventory=self.inventory, canaries=[CANARY, str(NUMBER)])
        self.after = self.traces(VICTIM)

    def traces(self, host: str) -> dict[str, Any]:
        """What a contact would leave: calls, ADS requests, connections, a journal."""
        return {
            "calls": self.lab.calls(host), "requests": self.lab.ask(host, "status")["requests"],
            "links": self.lab.links(host), "journal": self.lab.journal(host),
        }


@pytest.fixture(scope="class")
def refused(new_lab: Callable[[int, int], PlantLab]) -> Refused:
    return Refused(new_lab(2, 2))


class TestMistakes:
    """One class, one plant."""

    @pytest.mark.parametrize("name", ROWS)
    def test_one_sentence_says_it(self, refused: Refused, name: str) -> None:
        outcome = refused.run.outcomes[name]
        assert (outcome["result"], outcome["finding"], outcome["changed"]) == ("REFUSED", "inventory.mistakes", False)
        assert outcome["sentence"].startswith(ROWS[name].says)
        # One mistake, one sentence: none of the words with which every other sentence says what is wrong.
        rest = outcome["sentence"].removeprefix(ROWS[name].says)
        assert not re.search(r"lineops_\w+(\S* is | has )", rest), outcome["sentence"]
        assert outcome["sentence"] in refused.run.lines[name]
        assert set(outcome) == RESULT_KEYS

    def test_nothing_was_contacted(self, refused: Refused) -> None:
        # The host whose run breaks has a right inventory, and the victim's state directory: it says how it ended.
        assert [(entry["host"], entry["event"]) for entry in refused.after["journal"]] == [
            (BROKEN, "opened"), (BROKEN, "failed")]
        assert {**refused.after, "journal": []} == refused.before

    def test_other_hosts_are_handled(self, refused: Refused) -> None:
        assert refused.run.outcomes[HEALTHY]["result"] == "HEALTHY"
        assert refused.run.code == 2

    def test_run_that_breaks_is_told_and_hurts_nobody_else(self, refused: Refused) -> None:
        """A variable of the role itself is wrong: no sentence of ours, but an outcome, and (in ``play``) no secret."""
        outcome = refused.run.outcomes[BROKEN]
        assert (outcome["result"], outcome["finding"], outcome["changed"]) == ("FAILED", "run.failed", False)
        assert set(outcome) == RESULT_KEYS and "plc_recovery_stability" in refused.run.lines[BROKEN]

    def test_net_id_not_made_from_the_address_is_only_a_warning(self, refused: Refused) -> None:
        warning = "lineops_plcs[0].ams_net_id 127.{0}.2.22.1.1 is not made from ip_address 127.{0}.2.99: "
        assert warning.format(refused.lab.plant.block) in refused.run.out
        assert refused.run.outcomes[ODD]["result"] == "UNRESOLVED"  # it was looked at: nobody is at that address
        assert "POST /api/plc/ads/route/test" in refused.lab.calls(ODD)

    def test_limit_with_a_line_that_is_not_there(self, refused: Refused) -> None:
        before = refused.traces(HEALTHY)
        run = refused.lab.play(limit="line2,lin4")
        assert run.code == 2 and set(run.outcomes) == {HEALTHY, ODD}
        assert {outcome["sentence"] for outcome in run.outcomes.values()} == {
            "-l names 'lin4', which is no line and no host of this inventory."}
        assert refused.traces(HEALTHY) == before

    def test_secrets_as_text_of_an_awx_credential(self, refused: Refused) -> None:
        def as_text(groups: dict[str, Any], secrets: dict[str, Any]) -> None:
            text = "\n".join(f"  {name}: {value}" for name, value in secrets["line2"].items())
            groups["line2"]["vars"]["lineops_secrets"] = f"line2:\n{text}\n"

        run = refused.lab.play(inventory=refused.lab.variant(as_text), limit=HEALTHY)
        assert (run.code, run.outcomes[HEALTHY]["result"]) == (0, "HEALTHY")

    def test_mistake_of_a_neighbour_is_not_this_hosts(self, refused: Refused) -> None:
        def spoil_neighbour(groups: dict[str, Any], dummy: dict[str, Any]) -> None:
            groups["line2"]["hosts"][ODD]["lineops_supervisor_url"] = "not an address"

        run = refused.lab.play(inventory=refused.lab.variant(spoil_neighbour), limit=HEALTHY)
        assert (run.code, run.outcomes[HEALTHY]["result"]) == (0, "HEALTHY")
        assert f"{ODD} (outside this run) does not answer or has no PLC" in run.lines[HEALTHY]
