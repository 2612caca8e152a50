# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to a route list: tables, and random sequences against a model."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils import _route_rules as rules
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError

OWN = "10.30.0.5.1.1"


def route(name: str, net_id: str, address: str = "", *, temporary: bool = False, unidirectional: bool = False) -> dict[str, t.Any]:
    return {
        "name": name, "ams_net_id": net_id, "address": address or net_id.rsplit(".", 2)[0], "transport": "TCP_IP",
        "temporary": temporary, "unidirectional": unidirectional,
    }  # fmt: skip


def names(routes: t.Iterable[dict[str, t.Any]]) -> list[str]:
    return [item["name"] for item in routes]


WANTED = route("hmi1", "10.30.0.11.1.1")
OTHER = route("hmi2", "10.30.0.12.1.1")
SAME_ADDRESS = route("old-hmi1", "10.9.9.9.1.1", "10.30.0.11")
SAME_NAME = route("hmi1", "10.9.9.8.1.1")
SAME_NET_ID = route("hmi1-again", "10.30.0.11.1.1", "10.30.0.99")


# --- present ---------------------------------------------------------------------------------------------------------

# listed -> (original, deleted, added, conflicts), without and with replace_conflicting
PRESENT: dict[str, tuple[list[dict[str, t.Any]], tuple[t.Any, ...], tuple[t.Any, ...]]] = {
    "empty list": ([], (None, [], True, []), (None, [], True, [])),
    "only others": ([OTHER], (None, [], True, []), (None, [], True, [])),
    "there": ([OTHER, WANTED], (WANTED, [], False, []), (WANTED, [], False, [])),
    "there by another transport": ([{**WANTED, "transport": "SOAP"}], ("transport", [], False, []), ("transport", [], False, [])),
    "other address": ([{**WANTED, "address": "10.1.1.1"}], ("address", ["hmi1"], True, []), ("address", ["hmi1"], True, [])),
    "other name": ([{**WANTED, "name": "old"}], ("name", ["old"], True, []), ("name", ["old"], True, [])),
    "temporary": ([{**WANTED, "temporary": True}], ("temporary", ["hmi1"], True, []), ("temporary", ["hmi1"], True, [])),
    "unidirectional": ([{**WANTED, "unidirectional": True}], ("uni", ["hmi1"], True, []), ("uni", ["hmi1"], True, [])),
    "address taken": ([SAME_ADDRESS], (None, [], True, [SAME_ADDRESS]), (None, ["old-hmi1"], True, [SAME_ADDRESS])),
    "name taken": ([SAME_NAME], (None, [], True, [SAME_NAME]), (None, ["hmi1"], True, [SAME_NAME])),
    "there, and its address taken": (
        [SAME_ADDRESS, WANTED], (WANTED, [], False, [SAME_ADDRESS]), (WANTED, ["old-hmi1"], False, [SAME_ADDRESS])),
    "there twice": ([SAME_NET_ID, WANTED], (WANTED, [], False, [SAME_NET_ID]), (WANTED, ["hmi1-again"], False, [SAME_NET_ID])),
    # Deleting the other by its name takes ours along, so ours is added again.
    "there, and its name taken": ([SAME_NAME, WANTED], (WANTED, [], False, [SAME_NAME]), (WANTED, ["hmi1"], True, [SAME_NAME])),
    "wrong and its address taken": (
        [{**WANTED, "name": "old"}, SAME_ADDRESS], ("name", ["old"], True, [SAME_ADDRESS]),
        ("name", ["old-hmi1", "old"], True, [SAME_ADDRESS])),
}  # fmt: skip


@pytest.mark.parametrize("replace_conflicting", [False, True])
@pytest.mark.parametrize("name", PRESENT)
def test_present(name, replace_conflicting) -> None:
    listed, without, with_replacing = PRESENT[name]
    original, deleted, added, conflicts = with_replacing if replace_conflicting else without
    plan = rules.plan_present(WANTED, listed, replace_conflicting=replace_conflicting)
    assert plan.original == (listed[0] if isinstance(original, str) else original)
    assert (names(plan.delete), plan.add, list(plan.conflicts)) == (deleted, added, conflicts)
    assert plan.changes is bool(deleted or added)


def test_an_address_is_compared_without_regard_to_case_and_a_name_with() -> None:
    listed = {**WANTED, "address": "HMI1.Plant"}
    assert not rules.plan_present({**WANTED, "address": "hmi1.plant"}, [listed]).changes
    assert rules.plan_present({**WANTED, "name": "HMI1"}, [WANTED]).changes
    assert rules.plan_present({**WANTED, "address": "hmi1.plant"}, [{**OTHER, "address": "HMI1.PLANT"}]).conflicts


def test_missing_bits_are_false_bits() -> None:
    bare = {name: WANTED[name] for name in ("name", "ams_net_id", "address")}
    assert rules.is_same(bare, WANTED) and rules.is_same(WANTED, bare)


# --- absent, exclusive, order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net_id", "name", "deleted"),
    [
        ("10.30.0.11.1.1", None, ["hmi1"]),
        ("10.30.0.11.1.1", "hmi2", ["hmi1"]),
        (None, "hmi2", ["hmi2"]),
        ("", "hmi2", ["hmi2"]),
        ("10.9.9.9.1.1", None, []),
        (None, "nobody", []),
    ],
)
def test_absent_by_net_id_or_by_name(net_id, name, deleted) -> None:
    plan = rules.plan_absent(net_id, name, [WANTED, OTHER])
    assert (names(plan.delete), plan.add, plan.changes) == (deleted, False, bool(deleted))
    assert plan.original == {"hmi1": WANTED, "hmi2": OTHER}.get(deleted[0] if deleted else "")


def test_absent_deletes_every_route_of_a_net_id() -> None:
    assert rules.plan_absent(WANTED["ams_net_id"], None, [WANTED, OTHER, SAME_NET_ID]).delete == (WANTED, SAME_NET_ID)


@pytest.mark.parametrize(
    ("keep", "deleted"),
    [
        ([OWN, "10.30.0.11.1.1", "10.30.0.12.1.1"], []),
        ([OWN, "10.30.0.11.1.1"], ["hmi2"]),
        (["10.30.0.11.1.1"], ["controller", "hmi2"]),
        (["10.30.0.1.1.1"], ["controller", "hmi1", "hmi2"]),
    ],
)
def test_exclusive_keeps_only_what_is_named(keep, deleted) -> None:
    listed = [route("controller", OWN), WANTED, OTHER]
    assert names(rules.plan_exclusive(keep, listed).delete) == deleted


CONTROLLER = route("controller", OWN)


@pytest.mark.parametrize(
    ("doomed", "listed", "deleted"),
    [
        ([CONTROLLER, OTHER, WANTED], [CONTROLLER, WANTED, OTHER], ["hmi1", "hmi2", "controller"]),
        ([OTHER, WANTED], [CONTROLLER, WANTED, OTHER], ["hmi1", "hmi2"]),
        ([WANTED], [CONTROLLER, OTHER], []),
        # As often as the list has the name: some routers delete the first of them, some all.
        ([SAME_NAME], [CONTROLLER, WANTED, SAME_NAME], ["hmi1", "hmi1"]),
        ([WANTED], [{**CONTROLLER, "name": "hmi1"}, WANTED, OTHER], ["hmi1", "hmi1"]),
        ([WANTED, OTHER], [{**CONTROLLER, "name": "hmi1"}, WANTED, OTHER], ["hmi2", "hmi1", "hmi1"]),
    ],
)
def test_the_own_route_goes_last_and_the_rest_keeps_its_order(doomed, listed, deleted) -> None:
    assert rules.names_to_delete(doomed, listed, OWN) == deleted


def test_who_shares_a_name_with_what_is_deleted() -> None:
    assert rules.bystanders([WANTED], [WANTED, SAME_NAME, OTHER]) == [SAME_NAME]
    assert rules.bystanders([WANTED, SAME_NAME], [WANTED, SAME_NAME, OTHER]) == []
    assert rules.bystanders([], [WANTED]) == []


def test_routes_in_words() -> None:
    assert rules.words_of([WANTED, SAME_ADDRESS]) == "hmi1 (10.30.0.11.1.1 at 10.30.0.11), old-hmi1 (10.9.9.9.1.1 at 10.30.0.11)"


# --- whom an exclusive list must keep --------------------------------------------------------------------------------


def plc(own: t.Any = "10.30.0.11.1.1", **changes: t.Any) -> dict[str, t.Any]:
    return {"id": "plc_001", "ip_address": "10.30.0.21", "ams_net_id": "10.30.0.21.1.1", "route": {"local_ams_net_id": own}, **changes}


def test_every_supervisor_of_the_inventory_at_this_plc_is_found() -> None:
    found = rules.supervisors_at("10.30.0.21", "10.30.0.21.1.1", {
        "hmi1": [plc()],
        "hmi2": [plc(ip_address="10.30.0.22", ams_net_id="10.30.0.22.1.1"), plc("10.30.0.12.1.1", active=False)],
        "by-address": [plc("10.30.0.13.1.1", ams_net_id="9.9.9.9.1.1")],
        "by-net-id": [plc("10.30.0.14.1.1", ip_address="192.168.0.1")],
        "elsewhere": [plc("10.30.0.15.1.1", ip_address="10.30.0.22", ams_net_id="10.30.0.22.1.1", route=None)],
        "none": [],
    })  # fmt: skip
    assert found == {
        "10.30.0.11.1.1": "hmi1", "10.30.0.12.1.1": "hmi2", "10.30.0.13.1.1": "by-address", "10.30.0.14.1.1": "by-net-id",
    }  # fmt: skip


@pytest.mark.parametrize(
    "plcs",
    [
        "text", None, 5, {"id": "plc_001"}, [None], ["plc_001"], [plc(ip_address="{{ address }}")], [plc(ams_net_id=None)],
        [plc("10.30.0.11.1")], [plc(None)], [plc(route=None)], [plc(route=[])], [plc("{{ net_id }}")],
    ],
)  # fmt: skip
def test_an_inventory_that_cannot_be_read_is_no_permission(plcs) -> None:
    with pytest.raises(LineopsError) as caught:
        rules.supervisors_at("10.30.0.21", "10.30.0.21.1.1", {"hmi1": plcs})
    assert caught.value.code == "inventory.mistakes" and "hmi1" in caught.value.message


SUPERVISORS = {"10.30.0.11.1.1": "hmi1", "10.30.0.12.1.1": "hmi2"}


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ([], "keep is empty"),
        (["10.30.0.11.1.1"], "keep lacks 10.30.0.12.1.1 (hmi2)"),
        ([OWN], "keep lacks 10.30.0.11.1.1 (hmi1), 10.30.0.12.1.1 (hmi2)"),
        (["10.30.0.11.1.1", "10.30.0.12.1"], "'10.30.0.12.1'"),
        (["10.30.0.11.1.1", "10.30.0.12.1.256"], "'10.30.0.12.1.256'"),
    ],
)
def test_keep_must_name_every_supervisor(keep, said) -> None:
    with pytest.raises(LineopsError) as caught:
        rules.check_keep(keep, SUPERVISORS)
    assert caught.value.code == "route.keep"
    assert said in caught.value.message and caught.value.message.endswith("nothing was deleted.")


def test_keep_may_name_more() -> None:
    rules.check_keep([*SUPERVISORS, OWN], SUPERVISORS)


# --- random sequences ------------------------------------------------------------------------------------------------

# Few enough that they meet: every kind of conflict comes up.
NAMES, NUMBERS = st.sampled_from(["a", "b", "c"]), st.integers(1, 4)
ROUTES = st.builds(
    lambda name, net, address, temporary: route(name, f"10.0.0.{net}.1.1", f"10.0.0.{address}", temporary=temporary),
    NAMES, NUMBERS, NUMBERS, st.booleans(),
)  # fmt: skip
STEPS = st.one_of(
    ROUTES.map(lambda wanted: ("present", wanted)),
    NUMBERS.map(lambda net: ("absent", (f"10.0.0.{net}.1.1", None))),
    NAMES.map(lambda name: ("absent", (None, name))),
)
#: Lists as routers have them: names and NetIds once. Addresses may be shared, and broken ones are tested above.
LISTS = st.lists(ROUTES, max_size=4, unique_by=(lambda item: item["name"], lambda item: item["ams_net_id"]))


def carried_out(plan: rules.RoutePlan, listed: list[dict[str, t.Any]], wanted: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The list afterwards; a router deletes by name only."""
    left = [item for item in listed if item["name"] not in names(plan.delete)]
    return left + [wanted] if plan.add else left


def declared(kind: str, what: t.Any, model: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The list as a person would write it down."""
    if kind == "absent":
        return [item for item in model if item["ams_net_id"] != what[0] and item["name"] != what[1]]
    return [what] + [
        item for item in model if all(item[field] != what[field] for field in ("ams_net_id", "name", "address"))]


def keyed(items: t.Iterable[dict[str, t.Any]]) -> list[str]:
    return sorted(repr(sorted(item.items())) for item in items)


@settings(max_examples=50, deadline=None)
@given(LISTS, st.lists(STEPS, min_size=1, max_size=50))
def test_any_sequence_leaves_exactly_what_was_declared(start, steps) -> None:
    listed, model = list(start), list(start)
    for kind, what in steps:
        def planned() -> rules.RoutePlan:
            if kind == "absent":
                return rules.plan_absent(*what, listed)
            return rules.plan_present(what, listed, replace_conflicting=True)

        listed, model = carried_out(planned(), listed, what), declared(kind, what, model)
        assert keyed(listed) == keyed(model)
        assert not planned().changes, "the second run would change something again"
