# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ads_route and ads_route_info on the PLC's own list, against a fake router: what is changed, what is told, what is refused."""

from __future__ import annotations

import random
import struct
import tempfile
import typing as t

import pytest

pytest.importorskip("requests", reason="ads_route imports the supervisor client, which needs requests")

from ansible_collections.lineops.runbook.plugins.modules import ads_route, ads_route_info  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.fake_router import (  # noqa: E402
    ADD,
    DELETE,
    END,
    LIST,
    PASSWORD,
    USER,
    Closed,
    FakeRouter,
    code_answer,
    entry_bytes,
    read_answer,
    reply,
    route,
)
from ansible_collections.lineops.runbook.tests.unit.helpers.scripted_ads import end_with_reset, free_address  # noqa: E402
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of, play  # noqa: E402

LONG_S, SHORT_S = 60.0, 0.4
# Without controller_ip the kernel chooses the address, and the NetId is made from that.
OWN, OWN_IP = "127.0.0.1.1.1", "127.0.0.1"
HMI = route("line3-hmi1", "10.30.0.11.1.1")
OTHER = route("line3-hmi2", "10.30.0.12.1.1")
LOGIN = {"plc_username": USER, "plc_password": PASSWORD}
RESULT = {"requested", "original", "reached", "verified", "latency_s", "changed", "conflicts", "remark", "first_contact", "diff"}


@pytest.fixture(autouse=True)
def _locks_elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fake router has an address of its own, and every address gets a lock file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.getbasetemp()))


def own(**changes: t.Any) -> dict[str, t.Any]:
    return {**route("controller", OWN, OWN_IP), **changes}


def fake(*routes: t.Mapping[str, t.Any]) -> FakeRouter:
    """A router that has a route for us, and these."""
    return FakeRouter(own(), *routes)


def told(item: t.Mapping[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    """A route as results and diffs show it."""
    return {
        "name": item["name"], "ams_net_id": item["ams_net_id"], "address": item["address"], "transport": "TCP_IP",
        "temporary": bool(item["flags"] & 1), "unidirectional": bool(item["flags"] & 0x80), **changes,
    }  # fmt: skip


def task(router: FakeRouter, state: str, check_mode: bool = False, timeout: float = LONG_S, **options: t.Any) -> dict[str, t.Any]:
    """The result of ads_route via: direct; what every result must hold is checked."""
    given = {
        "via": "direct", "state": state, "ip_address": router.address, "ams_net_id": router.net_id, "ads_timeout": timeout,
        "connect_timeout": LONG_S, **options,
    }  # fmt: skip
    result = outcome_of(ads_route, params_of(ads_route, **given), check_mode)
    assert PASSWORD not in repr(result)
    if not result.get("failed"):
        assert RESULT <= set(result)
        assert result["diff"] == {"before": {"state": result["original"]}, "after": {"state": result["reached"]}}
        if not result["changed"]:
            assert result["reached"] in (result["original"], None)
    return result


def present(router: FakeRouter, item: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
    """Want a route as it is given, by default HMI."""
    item = item or HMI
    return task(router, "present", **{
        "route_name": item["name"], "local_ams_net_id": item["ams_net_id"], "local_ip": item["address"],
        "temporary": bool(item["flags"] & 1), **options,
    })  # fmt: skip


def absent(router: FakeRouter, net_id: str = HMI["ams_net_id"], **options: t.Any) -> dict[str, t.Any]:
    return task(router, "absent", **{"local_ams_net_id": net_id, **options})


def summary(result: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(result[name] for name in ("changed", "original", "reached", "verified"))


def kinds(router: FakeRouter) -> list[str]:
    return [kind for kind, dummy in router.writes]


# --- present ---------------------------------------------------------------------------------------------------------


def test_a_route_that_is_there_is_left_alone_whatever_its_other_flags() -> None:
    for flags in (0x20, 0x40, 0x60):
        with fake(OTHER, {**HMI, "flags": flags}) as router:
            result = present(router)
        assert summary(result) == (False, told(HMI), told(HMI), True)
        assert (router.writes, router.connections) == ([], 1)


def test_a_missing_route_is_added_over_ads_without_credentials_and_proven_by_the_list() -> None:
    with fake(OTHER) as router:
        result = present(router)
        assert summary(result) == (True, None, told(HMI), True)
        assert (kinds(router), router.routes) == (["add"], [own(), OTHER, HMI])
        assert summary(present(router)) == (False, told(HMI), told(HMI), True)
    assert kinds(router) == ["add"]


WRONG = {
    "name": {**HMI, "name": "old"}, "address": {**HMI, "address": "10.1.1.1"}, "temporary": {**HMI, "flags": 0x21},
    "unidirectional": {**HMI, "flags": 0xA0},
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_route_is_corrected_and_the_diff_shows_both(wrong) -> None:
    with fake(wrong, OTHER) as router:
        result = present(router)
    assert summary(result) == (True, told(wrong), told(HMI), True)
    assert (kinds(router), router.routes) == (["delete", "add"], [own(), OTHER, HMI])


def test_a_temporary_route_is_added_as_such() -> None:
    temporary = {**HMI, "flags": 0x21}
    with fake() as router:
        assert summary(present(router, temporary)) == (True, None, told(temporary), True)
        assert present(router, temporary)["changed"] is False


@pytest.mark.parametrize("start", [(), (OTHER,), *[(wrong,) for wrong in WRONG.values()]], ids=str)
def test_check_mode_really_lists_and_writes_nothing(start) -> None:
    with fake(*start) as router:
        result = present(router, check_mode=True)
        assert router.writes == [] and set(router.asked) == {LIST}
        real = present(router)
    assert summary(result)[:3] == summary(real)[:3], "check mode promised something else"
    assert (result["changed"], result["verified"], real["verified"]) == (True, False, True)


CONFLICTS = {
    "address": route("other", "10.9.9.9.1.1", "10.30.0.11"),
    "name": route("line3-hmi1", "10.9.9.9.1.1"),
}
NET_ID_TWICE = [{**HMI, "name": "one"}, {**HMI, "name": "two", "address": "10.1.1.1"}]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("other", CONFLICTS.values(), ids=CONFLICTS)
def test_a_conflict_is_told_and_nothing_is_changed(other, check_mode) -> None:
    with fake(other) as router:
        result = present(router, check_mode=check_mode)
    assert (result["failed"], result["failure"]["code"]) == (True, "route.conflict")
    assert f"{other['name']} (10.9.9.9.1.1 at {other['address']})" in result["msg"] and "nothing was changed" in result["msg"]
    assert (result["changed"], result["conflicts"], router.writes) == (False, [told(other)], [])


@pytest.mark.parametrize("other", CONFLICTS.values(), ids=CONFLICTS)
def test_a_conflict_is_removed_on_request(other) -> None:
    with fake(other) as router:
        result = present(router, replace_conflicting=True)
        assert summary(result) == (True, None, told(HMI), True)
        assert router.routes == [own(), HMI]
        assert present(router, replace_conflicting=True)["changed"] is False


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_second_route_of_the_same_net_id_is_told_before_anything_is_added(check_mode) -> None:
    with fake(*NET_ID_TWICE) as router:
        result = present(router, check_mode=check_mode)
        assert (result["failure"]["code"], result["changed"], router.writes) == ("route.conflict", False, [])
        assert result["conflicts"] == [told(NET_ID_TWICE[1])] and "two (10.30.0.11.1.1 at 10.1.1.1)" in result["msg"]
        result = present(router, check_mode=check_mode, replace_conflicting=True)
        assert summary(result)[:3] == (True, told(NET_ID_TWICE[0]), told(HMI))
        assert router.routes == ([own(), *NET_ID_TWICE] if check_mode else [own(), HMI])


def test_a_conflict_beside_the_right_route_is_told_or_removed_and_the_right_one_not_added_again() -> None:
    with fake(HMI, CONFLICTS["address"]) as router:
        result = present(router)
        assert (result["changed"], result["conflicts"]) == (False, [told(CONFLICTS["address"])])
        result = present(router, replace_conflicting=True)
    assert summary(result) == (True, told(HMI), told(HMI), True)
    assert (kinds(router), router.routes) == (["delete"], [own(), HMI])


def test_an_add_that_is_not_in_the_list_afterwards_is_a_failure() -> None:
    with fake() as router:
        router.script[ADD] = lambda frame: code_answer(0)
        result = present(router)
    assert (result["failure"]["code"], result["changed"], result["verified"]) == ("route.not_taken", True, False)


def test_a_delete_that_is_confirmed_and_not_done_is_seen() -> None:
    with fake({**HMI, "name": "old"}) as router:
        router.script[DELETE] = lambda frame: code_answer(0)
        result = present(router)
    assert (result["failure"]["code"], result["changed"]) == ("route.not_deleted", True)
    assert "old (10.30.0.11.1.1 at 10.30.0.11)" in result["msg"]


def test_a_failure_between_delete_and_add_says_what_is_changed() -> None:
    with fake({**HMI, "name": "old"}) as router:
        router.script[ADD] = lambda frame: code_answer(0x723)
        result = present(router)
    assert (result["failure"]["code"], result["changed"], result["reached"]) == ("ads.code", True, None)
    assert result["original"]["name"] == "old"


@pytest.mark.parametrize(("answer", "changed"), [(code_answer(0x723), False), (None, True)], ids=["refused", "silent"])
def test_an_add_that_fails_alone_has_perhaps_been_done_only_if_nobody_answered(answer, changed) -> None:
    with fake() as router:
        router.script[ADD] = lambda frame: answer
        result = present(router, timeout=LONG_S if answer else SHORT_S)
    assert (result["failed"], result["changed"], result["reached"]) == (True, changed, None)


# --- first contact ---------------------------------------------------------------------------------------------------


def own_route(router: FakeRouter, **options: t.Any) -> dict[str, t.Any]:
    return present(router, own(), **options)


def test_the_own_route_is_added_with_credentials_and_the_first_contact_told() -> None:
    with FakeRouter(HMI) as router:
        result = own_route(router, **LOGIN)
        assert summary(result) == (True, None, told(own()), True) and result["first_contact"] is True
        assert kinds(router) == ["udp"]
        result = own_route(router, **LOGIN)
        assert (result["changed"], result["first_contact"]) == (False, False)
    assert kinds(router) == ["udp"] and router.names() == ["line3-hmi1", "controller"]


@pytest.mark.parametrize("login", [LOGIN, {**LOGIN, "plc_password": "wrong"}, {}], ids=["right", "wrong", "none"])
def test_first_contact_is_told_as_such_also_by_a_failure(login) -> None:
    with FakeRouter(HMI) as router:
        assert own_route(router, **login)["first_contact"] is True
        assert own_route(router, check_mode=True, **login)["first_contact"] is (login != LOGIN)


def test_what_first_contact_could_not_see_before_is_told_or_removed_after() -> None:
    """Without a list nobody could say what is in the way; a second run must have nothing to do all the same."""
    for replace in (False, True):
        with FakeRouter(route("other", "10.9.9.9.1.1", OWN_IP), HMI) as router:
            result = own_route(router, replace_conflicting=replace, **LOGIN)
            assert summary(result) == (True, None, told(own()), True)
            assert [item["name"] for item in result["conflicts"]] == ([] if replace else ["other"])
            assert router.names() == (["line3-hmi1", "controller"] if replace else ["other", "line3-hmi1", "controller"])
            assert own_route(router, replace_conflicting=replace, **LOGIN)["changed"] is False


@pytest.mark.parametrize("name", ["Ger\xe4t", "line3-hmi1"], ids=["cannot be written", "is another's too"])
def test_what_first_contact_finds_in_the_way_and_cannot_delete_alone_stays(name) -> None:
    with FakeRouter(route(name, "10.9.9.9.1.1", OWN_IP), HMI) as router:
        result = own_route(router, replace_conflicting=True, **LOGIN)
    assert (result["failure"]["code"], result["changed"]) == ("ads.value_invalid" if "\xe4" in name else "route.name_shared", True)
    assert (kinds(router), router.names()) == (["udp"], [name, "line3-hmi1", "controller"])


def test_the_own_net_id_is_made_from_the_address_we_come_from() -> None:
    ip = free_address()
    with FakeRouter() as router:
        mine = route("controller", f"{ip}.1.1")
        assert present(router, mine, controller_ip=ip, **LOGIN)["verified"] is True
        assert router.routes == [{**mine, "flags": 0x40}]


def test_check_mode_knows_that_the_own_route_is_missing_but_of_a_supervisors_it_knows_nothing() -> None:
    with FakeRouter(HMI) as router:
        result = own_route(router, check_mode=True, **LOGIN)
        assert summary(result) == (True, None, told(own()), False)
        assert "no usable route" in result["remark"]
        result = present(router, OTHER, check_mode=True, **LOGIN)
        assert summary(result) == (False, None, None, False)
        assert "no usable route" in result["remark"]
    assert router.writes == []


def test_a_supervisors_route_is_added_without_one_of_our_own_but_not_proven() -> None:
    with FakeRouter(OTHER) as router:
        result = present(router, **LOGIN)
    assert summary(result) == (True, None, told(HMI), False)
    assert "no usable route" in result["remark"] and router.names() == ["line3-hmi2", "line3-hmi1"]
    assert kinds(router) == ["udp"], "the password crossed the network more often than needed"


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("login", [{}, {"plc_username": USER}, {"plc_password": PASSWORD}, {"plc_username": USER, "plc_password": ""}])
def test_without_credentials_the_first_contact_is_refused(login, check_mode) -> None:
    with FakeRouter(HMI) as router:
        result = own_route(router, check_mode=check_mode, **login)
    assert (result["failure"]["code"], result["changed"], router.writes) == ("route.no_credentials", False, [])


@pytest.mark.parametrize(("code", "failure"), [(0x704, "route.refused"), (0x70C, "route.refused"), (0x701, "route.refused")])
def test_a_refused_add_by_udp(code, failure) -> None:
    with FakeRouter() as router:
        router.udp = lambda request: [router.udp_answer(request, code=code)]
        result = own_route(router, **LOGIN)
    assert (result["failure"]["code"], result["changed"], result["verified"]) == (failure, False, False)
    assert ("wrong user name or password" in result["msg"]) is (code != 0x701)
    assert f"{code:#x}" in result["msg"]


def test_a_router_that_resets_strangers_is_met_for_the_first_time_too() -> None:
    with FakeRouter() as router:
        router.to_strangers = end_with_reset
        result = own_route(router, check_mode=True, **LOGIN)
        assert (result["changed"], router.writes) == (True, []) and "reset the connection" in result["remark"]
        assert own_route(router, **LOGIN)["verified"] is True


def test_a_connection_taken_over_once_is_tried_again_before_a_password_is_sent() -> None:
    def script(frame: t.Any) -> bytes:
        if len(router.asked) == 1:
            raise Closed
        return router.list(frame)

    with fake(HMI) as router:
        router.script[LIST] = script
        result = own_route(router, **LOGIN)
    assert (summary(result)[0], router.writes, router.connections) == (False, [], 2)


def index_of(frame: t.Any) -> int:
    """Which entry a read of the list asks for."""
    return struct.unpack_from("<I", frame.data, 4)[0]


def ten_thousand(frame: t.Any) -> bytes:
    return read_answer(entry_bytes(HMI)) if index_of(frame) < 10_000 else code_answer(END)


NO_LISTS: dict[str, tuple[t.Callable[[t.Any], t.Any], str]] = {
    "truncated": (lambda frame: read_answer(entry_bytes(HMI)[:50]), "ads.garbled"),
    "lengths beyond": (lambda frame: read_answer(entry_bytes(HMI, name_size=0xFFFFFFFF)), "ads.garbled"),
    "10,000 entries": (ten_thousand, "ads.endless"),
    "never ends": (lambda frame: read_answer(entry_bytes(HMI)), "ads.endless"),
    "refused": (lambda frame: code_answer(0x723), "ads.code"),
    "no such port": (lambda frame: bytearray(reply(frame, b"", error=6)), "ads.code"),
    "silent": (lambda frame: None, "ads.silent"),
}


@pytest.mark.parametrize("state", ["present", "absent", "exclusive"])
@pytest.mark.parametrize(("script", "code"), NO_LISTS.values(), ids=NO_LISTS)
def test_a_list_that_is_none_stops_everything(script, code, state) -> None:
    with fake() as router:
        router.script[LIST] = script
        given = {"present": {"route_name": "n", "local_ams_net_id": "1.2.3.4.1.1", "local_ip": "a"}, "absent": {"route_name": "n"}}
        result = task(
            router, state, timeout=SHORT_S if code == "ads.silent" else LONG_S, replace_conflicting=True,
            **{"keep": [OWN], **LOGIN, **given.get(state, {})})
    assert (result["failure"]["code"], result.get("changed", False), router.writes) == (code, False, [])
    assert router.address in result["msg"] and "\n" not in result["msg"]


# --- degraded mode ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0x701, 0x702])
def test_on_a_device_that_cannot_list_an_answer_proves_the_own_route(code) -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: code_answer(code)
        result = own_route(router, **LOGIN)
    assert (result["changed"], result["verified"], router.writes) == (False, True, [])
    assert "cannot list its routes" in result["remark"]


def test_on_a_device_that_cannot_list_another_route_is_added_unproven() -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: code_answer(0x701)
        assert summary(present(router, check_mode=True)) == (False, None, None, False)
        assert router.writes == []
        result = present(router)
    assert summary(result) == (True, None, told(HMI), False)
    assert (router.names(), kinds(router)) == (["controller", "line3-hmi1"], ["add"])


def test_first_contact_with_a_device_that_cannot_list() -> None:
    with FakeRouter() as router:
        router.script[LIST] = lambda frame: code_answer(0x701)
        assert summary(own_route(router, **LOGIN)) == (True, None, told(own()), True)


@pytest.mark.parametrize(
    ("state", "options"),
    [
        ("absent", {"local_ams_net_id": HMI["ams_net_id"]}),
        # Who goes by that name cannot be seen: perhaps another supervisor by now.
        ("absent", {"local_ams_net_id": HMI["ams_net_id"], "route_name": "line3-hmi1"}),
        ("absent", {"local_ams_net_id": OWN}),
        ("exclusive", {"keep": [OWN]}),
    ],
)
def test_on_a_device_that_cannot_list_nothing_is_deleted_that_is_not_named(state, options) -> None:
    with fake(HMI) as router:
        router.script[LIST] = lambda frame: code_answer(0x701)
        result = task(router, state, **options)
    assert (result["failure"]["code"], router.writes) == ("route.not_listed", [])


def blind(*routes: t.Mapping[str, t.Any]) -> FakeRouter:
    """A device that cannot list."""
    router = FakeRouter(*routes)
    router.script[LIST] = lambda frame: code_answer(0x701)
    return router


def own_absent(router: FakeRouter, **options: t.Any) -> dict[str, t.Any]:
    return absent(router, OWN, **{"route_name": "controller", **options})


@pytest.mark.parametrize("how", ["answered", "closed", "silent"])
def test_on_a_device_that_cannot_list_the_own_route_is_deleted_by_its_name_unverified(how) -> None:
    """Else a run's temporary route would stay there until the PLC restarts."""
    with blind(own(), HMI) as router:
        result = own_absent(router, check_mode=True)
        assert summary(result) == (True, None, None, False) and "cannot list its routes" in result["remark"]
        assert router.writes == []
        router.script[DELETE] = gone(router, how)
        result = own_absent(router, timeout=SHORT_S if how == "silent" else LONG_S)
        assert summary(result) == (True, None, None, False)
        assert ("no usable route" if how != "silent" else "did not answer") in result["remark"]
        assert (router.names(), router.writes) == (["line3-hmi1"], [("delete", b"controller\0".hex())])
        if how != "silent":
            assert summary(own_absent(router)) == (False, None, None, False)
    assert len(router.writes) == 1


@pytest.mark.parametrize(("code", "said"), [(0, "confirmed"), (None, "did not answer")])
def test_a_device_that_still_answers_has_not_deleted_the_own_route(code, said) -> None:
    with blind(own()) as router:
        router.script[DELETE] = lambda frame: None if code is None else code_answer(code)
        result = own_absent(router, timeout=SHORT_S if code is None else LONG_S)
    assert (result["failure"]["code"], result["changed"], result["verified"]) == ("route.not_deleted", True, False)
    assert f"The PLC {said} the delete of controller and still answers" in result["msg"]


def test_an_own_route_of_another_name_is_left_alone_where_it_cannot_be_seen() -> None:
    """Somebody entered one by hand: a temporary one's undo must not fail for ever because of it."""
    with blind(own(name="by-hand")) as router:
        result = own_absent(router)
    assert summary(result) == (False, None, None, False) and router.names() == ["by-hand"]
    assert "found nothing for the delete of controller" in result["remark"] and "another name" in result["remark"]


@pytest.mark.parametrize("code", [0x701, 0x702, 0x723])
def test_a_device_that_can_neither_list_nor_delete_is_a_plain_failure(code) -> None:
    with blind(own()) as router:
        router.script[DELETE] = lambda frame: code_answer(code)
        result = own_absent(router)
    assert (result["failure"]["code"], result["changed"], result["verified"]) == ("ads.code", False, False)
    assert f"({code:#x}" in result["msg"] and router.names() == ["controller"]


def test_on_a_device_that_cannot_list_a_route_asked_for_by_name_alone_is_deleted_unverified() -> None:
    with blind(own(), HMI) as router:
        by_name = {"local_ams_net_id": None, "route_name": "line3-hmi1"}
        assert summary(absent(router, check_mode=True, **by_name)) == (False, None, None, False)
        result = absent(router, **by_name)
        assert summary(result) == (True, None, None, False) and "cannot list" in result["remark"]
        assert summary(absent(router, **by_name)) == (False, None, None, False)
    assert router.names() == ["controller"]


# --- the route we stand on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("with_address", [True, False], ids=["address given", "address chosen"])
def test_correcting_the_own_route_without_credentials_is_refused_before_anything_is_deleted(with_address, check_mode) -> None:
    options = {"controller_ip": OWN_IP} if with_address else {}
    with FakeRouter(own(name="old"), route("other", "10.9.9.9.1.1", OWN_IP)) as router:
        result = own_route(router, replace_conflicting=True, check_mode=check_mode, **options)
    assert (result["failure"]["code"], result["changed"]) == ("route.no_credentials", False)
    assert "nothing was changed" in result["msg"] and router.writes == []


# How routers differ: by which fields an add finds the entries it overwrites, and how many of a name a delete takes.
ROUTERS = [(overwrites, deletes) for overwrites in ((), ("name",), ("ams_net_id",), ("name", "ams_net_id")) for deletes in (1, 1000)]
WRONG_OWN = {
    "name": own(name="old"), "address": own(address="10.1.1.1"), "temporary": own(flags=0x21),
    "all of it": own(name="old", address="10.1.1.1", flags=0x21),
}  # fmt: skip


@pytest.mark.parametrize(("overwrites", "deletes"), ROUTERS)
@pytest.mark.parametrize("wrong", WRONG_OWN.values(), ids=WRONG_OWN)
def test_the_own_route_is_corrected_and_the_login_proven_before_anything_is_deleted(wrong, overwrites, deletes) -> None:
    other = route("other", "10.9.9.9.1.1", OWN_IP)
    with FakeRouter(wrong, other, HMI) as router:
        router.overwrites, router.deletes = overwrites, deletes
        result = own_route(router, replace_conflicting=True, **LOGIN)
        assert summary(result) == (True, told(wrong), told(own()), True)
        assert kinds(router)[0] == "udp", "something was deleted before the login was proven"
        assert router.routes == [HMI, {**own(), "flags": 0x40}]
        deleted = [bytes.fromhex(data) for kind, data in router.writes if kind == "delete"]
        assert deleted[:1] == [b"other\0"], "the route we stand on does not go last"
        writes = len(router.writes)
        assert own_route(router, replace_conflicting=True, **LOGIN)["changed"] is False
        assert len(router.writes) == writes


@pytest.mark.parametrize(("overwrites", "deletes"), ROUTERS)
def test_correcting_the_own_route_leaves_no_second_one_behind_and_other_routes_alone(overwrites, deletes) -> None:
    with FakeRouter(own(name="old"), HMI) as router:
        router.overwrites, router.deletes = overwrites, deletes
        result = own_route(router, **LOGIN)
    assert summary(result) == (True, told(own(name="old")), told(own()), True)
    assert router.routes == [HMI, {**own(), "flags": 0x40}] and result["conflicts"] == []


def test_an_own_route_that_stands_in_the_way_goes_last_too() -> None:
    wanted = {**HMI, "address": OWN_IP}
    with FakeRouter(own(), {**HMI, "name": "old"}) as router:
        assert present(router, wanted, replace_conflicting=True)["failure"]["code"] == "route.no_credentials"
        assert router.writes == []
        result = present(router, wanted, replace_conflicting=True, **LOGIN)
    assert [bytes.fromhex(data) for kind, data in router.writes if kind == "delete"] == [b"old\0", b"controller\0"]
    assert (kinds(router), router.names(), result["verified"]) == (["udp", "delete", "delete", "udp"], ["line3-hmi1"], False)
    # The login is proven with our own route: the other one beside it could shadow it, and then nothing is answered.
    assert own()["name"].encode().hex() in router.writes[0][1] and HMI["name"].encode().hex() not in router.writes[0][1]


def test_a_conflict_that_is_still_there_when_we_are_back_is_seen() -> None:
    """Between the delete of our own route and its add nobody can look."""
    other = route("other", "10.9.9.9.1.1", OWN_IP)
    with FakeRouter(own(address="10.1.1.1"), other) as router:
        router.overwrites = ()
        router.script[DELETE] = lambda frame: code_answer(0) if b"other" in frame.data else router.delete(frame)
        result = own_route(router, replace_conflicting=True, **LOGIN)
    assert (result["failure"]["code"], result["changed"]) == ("route.not_deleted", True)
    assert "other (10.9.9.9.1.1 at 127.0.0.1)" in result["msg"] and router.names() == ["other", "controller"]


@pytest.mark.parametrize("item", [own(), {**HMI, "address": OWN_IP}], ids=["our own", "another in whose way ours is"])
def test_with_a_wrong_password_nothing_is_changed_and_that_is_told(item) -> None:
    before = [own(name="old"), HMI, route("other", "10.9.9.9.1.1", OWN_IP)]
    with FakeRouter(*before) as router:
        result = present(router, item, replace_conflicting=True, **{**LOGIN, "plc_password": "wrong"})
    assert (result["failure"]["code"], result["changed"], result["verified"]) == ("route.refused", False, False)
    assert result["reached"] == result["original"] != told(item)
    assert "added nothing: wrong user name or password" in result["msg"]
    assert (kinds(router), router.routes) == (["udp"], before)


def test_a_login_whose_answer_is_lost_deletes_nothing() -> None:
    with FakeRouter(own(name="old"), HMI) as router:
        router.udp = lambda request: []
        result = own_route(router, **LOGIN)
    assert (result["failure"]["code"], result["changed"], result["reached"]) == ("ads.silent", True, None)
    assert set(kinds(router)) == {"udp"} and router.routes == [own(name="old"), HMI]


def test_an_add_that_is_only_claimed_costs_no_route() -> None:
    """Believing it, the next step would delete the route that is there."""
    before = [own(name="old"), HMI]

    def claim(request: bytes) -> list[bytes]:
        answer = router.udp_answer(request)
        router.routes = list(before)
        return [answer]

    with FakeRouter(*before) as router:
        router.udp = claim
        result = own_route(router, **LOGIN)
    assert (result["failure"]["code"], kinds(router), router.routes) == ("route.not_taken", ["udp"], before)


def gone(router: FakeRouter, how: str) -> t.Callable[[t.Any], t.Any]:
    """Delete our own route as routers do: the answer comes, the connection ends, or nothing comes any more."""

    def script(frame: t.Any) -> t.Any:
        answer = router.delete(frame)
        if how == "closed":
            raise Closed
        if how == "silent":
            router.open_door = True
            router.script[LIST] = lambda dummy: None
        return answer if how == "answered" else None

    return script


@pytest.mark.parametrize("how", ["answered", "closed", "silent"])
def test_deleting_the_own_route_succeeds_unverified(how) -> None:
    with fake(HMI) as router:
        router.script[DELETE] = gone(router, how)
        result = absent(router, OWN, timeout=SHORT_S if how == "silent" else LONG_S)
    assert not result.get("failed"), result
    assert summary(result) == (True, told(own()), None, False)
    assert result["remark"] and router.names() == ["line3-hmi1"]


def test_the_own_route_that_is_not_there_need_not_be_deleted() -> None:
    with FakeRouter(HMI) as router:
        result = absent(router, OWN)
        assert summary(result) == (False, None, None, False) and "no usable route" in result["remark"]
        assert absent(router)["failure"]["code"] == "route.not_listed"
    assert router.writes == []


def test_a_delete_of_the_own_route_that_did_nothing_is_seen() -> None:
    with fake() as router:
        router.script[DELETE] = lambda frame: None
        result = absent(router, OWN, timeout=SHORT_S)
    assert (result["failure"]["code"], result["changed"]) == ("route.not_deleted", True)
    assert "did not answer the delete" in result["msg"] and "controller" in result["msg"]


# --- absent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [{"local_ams_net_id": HMI["ams_net_id"]}, {"local_ams_net_id": None, "route_name": "line3-hmi1"}], ids=["NetId", "name"])
def test_absent_deletes_by_the_name_of_the_list_and_proves_it(by) -> None:
    with fake({**HMI, "flags": 0x41}, OTHER) as router:
        result = absent(router, check_mode=True, **by)
        assert summary(result) == (True, told(HMI, temporary=True), None, False) and router.writes == []
        result = absent(router, **by)
        assert summary(result) == (True, told(HMI, temporary=True), None, True)
        assert router.writes == [("delete", b"line3-hmi1\0".hex())]
        assert summary(absent(router, **by)) == (False, None, None, True)
    assert router.routes == [own(), OTHER] and len(router.writes) == 1


@pytest.mark.parametrize("works", [True, False])
def test_a_delete_that_times_out_is_checked_and_not_believed(works) -> None:
    with fake(HMI) as router:
        router.script[DELETE] = lambda frame: (router.delete(frame) if works else None, None)[1]
        result = absent(router, timeout=SHORT_S)
    assert result.get("failed", False) is not works
    assert (result["changed"], result["verified"]) == (True, works)
    if not works:
        assert result["failure"]["code"] == "route.not_deleted" and "line3-hmi1" in result["msg"]


def test_a_confirmed_delete_is_not_believed_either() -> None:
    with fake(HMI) as router:
        router.script[DELETE] = lambda frame: code_answer(0)
        result = absent(router)
    assert result["failure"]["code"] == "route.not_deleted" and "confirmed" in result["msg"]


def test_a_list_that_may_not_be_complete_proves_no_absence() -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: router.list(frame) if index_of(frame) == 0 else code_answer(0x719)
        result = absent(router)
    assert (result["changed"], result["verified"]) == (False, False) and "may not be complete" in result["remark"]


@pytest.mark.parametrize("answer", [code_answer(0x723), code_answer(0x701)], ids=["refused", "not supported"])
def test_a_delete_that_is_refused_has_changed_nothing(answer) -> None:
    with fake(HMI, {**OTHER, "ams_net_id": HMI["ams_net_id"]}) as router:
        router.script[DELETE] = lambda frame: answer
        result = absent(router)
        assert (result["failure"]["code"], result["changed"], result["reached"]) == ("ads.code", False, result["original"])
        answers = [None, answer]
        router.script[DELETE] = lambda frame: answers.pop() or router.delete(frame)
        answers.reverse()
        result = absent(router)
    assert (result["failure"]["code"], result["changed"], router.names()) == ("ads.code", True, ["controller", "line3-hmi2"])


def test_a_route_that_another_controller_deletes_first_is_no_failure() -> None:
    def script(frame: t.Any) -> bytes:
        router.routes = [own()]
        return router.delete(frame)

    with fake(HMI) as router:
        router.script[DELETE] = script
        result = absent(router)
    assert summary(result) == (False, told(HMI), None, True)


@pytest.mark.parametrize("deletes", [1, 1000])
def test_two_routes_of_one_name_are_both_deleted(deletes) -> None:
    with fake(HMI, {**OTHER, "name": HMI["name"]}) as router:
        router.deletes = deletes
        result = absent(router, local_ams_net_id=None, route_name=HMI["name"])
    assert (result["changed"], result["verified"], router.routes) == (True, True, [own()])


@pytest.mark.parametrize("deletes", [1, 1000])
@pytest.mark.parametrize("state", ["absent", "exclusive", "present"])
def test_a_route_that_is_to_stay_is_not_taken_along_by_its_name(state, deletes) -> None:
    """A delete goes by the name alone: it could cut off a supervisor that nobody asked about."""
    routes = [{**HMI, "name": "same"}, {**OTHER, "name": "same"}]
    for listed in (routes, routes[::-1]):
        with fake(*listed) as router:
            router.deletes = deletes
            options = {"keep": [OWN, OTHER["ams_net_id"]]} if state == "exclusive" else {}
            result = present(router) if state == "present" else task(router, state, local_ams_net_id=HMI["ams_net_id"], **options)
            assert (result["failure"]["code"], result["changed"], router.writes) == ("route.name_shared", False, [])
        assert "same (10.30.0.12.1.1 at 10.30.0.12)" in result["msg"] and "nothing was deleted" in result["msg"]


def deleting(router: FakeRouter, at: int, times: int) -> t.Callable[[t.Any], bytes]:
    """Another controller deletes the first route, so many times, each time just before we ask for an entry: all move up."""
    left = [times]

    def script(frame: t.Any) -> bytes:
        if index_of(frame) == at and left[0]:
            left[0] -= 1
            router.routes.pop(0)
        return router.list(frame)

    return script


def test_an_entry_passed_over_while_another_controller_deletes_is_found_all_the_same() -> None:
    with FakeRouter(OTHER, own(), HMI) as router:
        router.script[LIST] = deleting(router, 2, 1)
        assert summary(present(router)) == (False, told(HMI), told(HMI), True)
    with FakeRouter(OTHER, own(), HMI) as router:
        router.script[LIST] = deleting(router, 2, 1)
        assert summary(absent(router)) == (True, told(HMI), None, True)


def test_a_list_that_never_settles_is_read_so_often_and_proves_no_absence() -> None:
    many = [route(f"hmi{number}", f"10.31.0.{number}.1.1") for number in range(1, 60)]
    with FakeRouter(*many, own()) as router:
        router.script[LIST] = deleting(router, 1, 1000)
        result = absent(router)
    assert (result["changed"], result["verified"]) == (False, False)
    assert "changed each time it was read" in result["remark"] and router.connections == 1


# --- exclusive -------------------------------------------------------------------------------------------------------


def test_exclusive_deletes_all_others_with_the_own_route_last() -> None:
    with FakeRouter(own(), HMI, OTHER) as router:
        keep = [HMI["ams_net_id"]]
        result = task(router, "exclusive", keep=keep, check_mode=True)
        assert summary(result) == (True, [told(own()), told(HMI), told(OTHER)], [told(HMI)], False)
        assert router.writes == []
        result = task(router, "exclusive", keep=keep)
    assert summary(result) == (True, [told(own()), told(HMI), told(OTHER)], [told(HMI)], False)
    assert [bytes.fromhex(data) for dummy, data in router.writes] == [b"line3-hmi2\0", b"controller\0"]
    assert router.routes == [HMI]


def test_exclusive_with_the_own_route_kept_is_proven_and_done_once() -> None:
    with FakeRouter(own(), HMI, OTHER) as router:
        keep = [HMI["ams_net_id"], OWN]
        assert summary(task(router, "exclusive", keep=keep))[2:] == ([told(own()), told(HMI)], True)
        result = task(router, "exclusive", keep=keep)
    assert (result["changed"], result["verified"], len(router.writes)) == (False, True, 1)


@pytest.mark.parametrize("keep", [[], ["10.30.0.11.1"], ["10.30.0.11.1.256"], ["line3-hmi1"]], ids=str)
def test_exclusive_without_a_good_keep_list_contacts_nobody(keep) -> None:
    with fake(HMI) as router:
        result = task(router, "exclusive", keep=keep)
    assert (result["failure"]["code"], router.connections) == ("route.keep", 0)


@pytest.mark.parametrize("name", ["Ger\xe4t", "n" * 32], ids=["not ASCII", "too long"])
def test_a_name_that_cannot_be_written_stops_before_the_first_delete(name) -> None:
    with fake(OTHER, {**HMI, "name": name}) as router:
        result = task(router, "exclusive", keep=[OWN])
        assert absent(router)["failed"] and present(router)["failed"]
    assert (result["failure"]["code"], result["changed"], router.writes) == ("ads.value_invalid", False, [])
    assert name in result["msg"] and "Nothing was deleted" in result["msg"]


# --- bad input -------------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, t.Any], str]] = {
    "name of 32 characters": ({"route_name": "n" * 32}, "ads.value_invalid"),
    "name not ASCII": ({"route_name": "Ger\xe4t"}, "ads.value_invalid"),
    "address of 80 characters": ({"local_ip": "a" * 80}, "ads.value_invalid"),
    "address not ASCII": ({"local_ip": "hmi-\xfc"}, "ads.value_invalid"),
    "user not ASCII": ({"plc_username": "M\xfcller"}, "ads.value_invalid"),
    "password not ASCII": ({"plc_password": PASSWORD + "\xe4"}, "ads.value_invalid"),
    "password with NUL": ({"plc_password": PASSWORD + "\0"}, "ads.value_invalid"),
    "NetId of 5 parts": ({"local_ams_net_id": "10.0.0.1.1"}, "ads.net_id_invalid"),
    "NetId with 256": ({"local_ams_net_id": "10.0.0.256.1.1"}, "ads.net_id_invalid"),
    "PLC NetId of 5 parts": ({"ams_net_id": "10.0.0.1.1"}, "ads.net_id_invalid"),
    "own NetId with 256": ({"controller_ams_net_id": "10.0.0.1.1.256"}, "ads.net_id_invalid"),
    "PLC address": ({"ip_address": "../plc"}, "ads.address_invalid"),
    "own address": ({"controller_ip": "192.0.2.1"}, "ads.local_address"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "code"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_and_nobody_contacted(changes, code) -> None:
    # Our own route is there and wrong: a refusal that comes late would have deleted it.
    with FakeRouter(own(name="old")) as router:
        result = own_route(router, **{**LOGIN, **changes})
    assert (result["failed"], result["failure"]["code"]) == (True, code)
    assert (router.connections, router.writes) == (0, []) and "\n" not in result["msg"]


@pytest.mark.parametrize("by", [{"local_ams_net_id": "10.30.0.11.1"}, {"local_ams_net_id": None, "route_name": "n" * 32}], ids=str)
def test_a_delete_of_what_cannot_be_is_no_success(by) -> None:
    with fake(HMI) as router:
        result = absent(router, **by)
    assert result["failed"] and router.connections == 0


@pytest.mark.parametrize("name", [name for name in BAD if not name.startswith(("PLC", "own"))])
def test_bad_input_never_reaches_a_supervisor_whose_library_corrupts_it(name) -> None:
    route_of = {"route_name": "n", "local_ams_net_id": OWN, "local_ip": OWN_IP, "ip_address": "10.0.0.2", "ams_net_id": "10.0.0.2.1.1"}
    result = play(ads_route, **{**route_of, **LOGIN, **BAD[name][0]})
    assert (result["failed"], result["failure"]["code"]) == (True, BAD[name][1])


# --- random sequences, and the list itself ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_random_runs_leave_the_list_exactly_as_declared(seed) -> None:
    dice = random.Random(seed)
    declared = {item["ams_net_id"]: item for item in (own(), HMI)}
    with fake(HMI) as router:
        for dummy in range(50):
            number = dice.randint(1, 4)
            wanted = route(f"hmi{number}", f"10.0.0.{number}.1.1", f"10.0.{dice.randint(0, 1)}.{number}", temporary=dice.random() < 0.5)
            if dice.random() < 0.6:
                result = present(router, wanted)
                expected = {**declared, wanted["ams_net_id"]: wanted}
            else:
                result = absent(router, wanted["ams_net_id"])
                expected = {net_id: item for net_id, item in declared.items() if net_id != wanted["ams_net_id"]}
            assert result["verified"] is True
            assert result["changed"] is (expected != declared)
            declared = expected
            assert {item["ams_net_id"]: item for item in router.routes} == declared and len(router.routes) == len(declared)


def info(router: FakeRouter, **options: t.Any) -> dict[str, t.Any]:
    given = {"ip_address": router.address, "ams_net_id": router.net_id, "ads_timeout": LONG_S, "connect_timeout": LONG_S, **options}
    result = outcome_of(ads_route_info, params_of(ads_route_info, **given), True)
    assert result["changed"] is False and result["observed_at"] and "failed" not in result
    return result


def test_info_lists_and_says_who_it_was() -> None:
    with fake(HMI, {**OTHER, "flags": 0x81}) as router:
        result = info(router)
    assert result["routes"] == [told(own()), told(HMI), told(OTHER, temporary=True, unidirectional=True)]
    assert (result["usable"], result["remark"], result["own_ams_net_id"]) == (True, "", OWN)


def test_info_without_a_route_is_no_empty_list() -> None:
    with FakeRouter(HMI) as router:
        result = info(router)
    assert (result["routes"], result["usable"], result["own_ams_net_id"]) == (None, False, OWN)
    assert "no usable route" in result["remark"] and "failure" not in result


def test_info_of_a_device_that_cannot_list_is_no_empty_list() -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: code_answer(0x702)
        result = info(router)
    assert (result["routes"], result["usable"]) == (None, True) and "cannot list" in result["remark"]


def test_info_of_an_empty_list_is_an_empty_list() -> None:
    with FakeRouter() as router:
        router.open_door = True
        assert info(router)["routes"] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [({"ads_timeout": SHORT_S}, "ads.silent"), ({"ams_net_id": "1.2.3.4.1"}, "ads.net_id_invalid"), ({"ip_address": "plc"}, "ads.address_invalid")],
)
def test_what_keeps_info_from_listing_is_an_answer(options, code) -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: None
        result = info(router, **options)
    assert (result["routes"], result["usable"], result["failure"]["code"]) == (None, False, code)
    assert result["remark"] == result["failure"]["message"]


@pytest.mark.parametrize(("script", "code"), NO_LISTS.values(), ids=NO_LISTS)
def test_info_of_a_list_that_is_none_shows_no_routes_and_says_why(script, code) -> None:
    with fake() as router:
        router.script[LIST] = script
        result = info(router, ads_timeout=SHORT_S if code == "ads.silent" else LONG_S)
    assert (result["routes"], result["failure"]["code"], router.writes) == (None, code, [])
    assert router.address in result["remark"] and "\n" not in result["remark"]


def test_the_end_of_a_list_may_be_uncertain() -> None:
    with fake() as router:
        router.script[LIST] = lambda frame: router.list(frame) if index_of(frame) == 0 else code_answer(END + 1)
        assert "may not be complete" in info(router)["remark"]
