# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of the inventory: one sentence per mistake, fit to act on, and never a secret in it."""

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lineops.runbook.plugins.module_utils._inventory import (
    SECRET_NAMES,
    active_plc,
    check_host,
    check_limit,
    check_secrets,
    check_state_host,
    fits_type,
    host_secrets,
)

GOOD: dict[str, t.Any] = {
    "lineops_line": "line3",
    "lineops_supervisor_url": "http://10.30.3.11:5000",
    "lineops_plcs": [
        {
            "id": "plc_001",
            "ip_address": "10.30.3.21",
            "ams_net_id": "10.30.3.21.1.1",
            "runtime_type": "TC3",
            "route": {"name": "line3-hmi1", "local_ams_net_id": "10.30.3.11.1.1", "local_ip": "10.30.3.11"},
            "test_variable": {"name": "MAIN.bOpsTest", "type": "BOOL", "test_value": True, "rest_value": False},
        }
    ],
}
CANARY = "canary-of-a-secret"
KEYS = {
    "operator_key": f"{CANARY}-1",
    "admin_key": f"{CANARY}-2",
    "plc_username": "Administrator",
    "plc_password": f"{CANARY}-3",
}
REMOVED = object()
CONTACTS = {"L1": "shift phone 100", "L2": "Development 200", "L3": "Owner 300"}
SAFE_SYMBOL = "a PLC symbol such as MAIN.bSafeToRestart (GATEWAY.* proves nothing)"
URL, NET_ID, IP = "an address such as http://10.30.0.11:5000", "six numbers 0-255 with dots", "an IPv4 address"

#: Where, what stands there (or REMOVED), and how the sentence about it begins and ends.
MISTAKES: list[tuple[str, t.Any, str]] = [
    ("lineops_line", REMOVED,
     "lineops_line is missing; expected the name of the line this host belongs to, e.g. line3."),
    ("lineops_line", None, "lineops_line is missing; expected the name of the line this host belongs to, e.g. line3."),
    ("lineops_line", "  ", "lineops_line is '  '; expected the name of the line this host belongs to, e.g. line3."),
    ("lineops_line", 3, "lineops_line is 3; expected the name of the line this host belongs to, e.g. line3."),
    ("lineops_supervisor_url", REMOVED, f"lineops_supervisor_url is missing; expected {URL}."),
    *(
        ("lineops_supervisor_url", bad, f"lineops_supervisor_url is {bad!r}; expected {URL}.")
        for bad in (
            "10.30.0.11:5000", "ftp://10.30.0.11", "http://", "http://h:0", "http://h:99999", "http://h:x",
            "http://u:p@h", "http://h?x=1", "http://h#x", "http://h o:5000", "http://h\\x", "http://[::1", "", 5000,
            ["http://h"], {},
        )
    ),
    ("lineops_plcs", REMOVED, "lineops_plcs is missing; expected a list with at least one PLC."),
    ("lineops_plcs", {"id": "plc_001"}, "lineops_plcs is {'id': 'plc_001'}; expected a list with at least one PLC."),
    ("lineops_run_from", "moon", "lineops_run_from is 'moon'; expected controller or host."),
    ("lineops_run_from", ["host"], "lineops_run_from is ['host']; expected controller or host."),
    ("lineops_host_access", "no", "lineops_host_access is 'no'; expected true or false."),
    ("lineops_state_dir", "var/lib", "lineops_state_dir is 'var/lib'; expected an absolute path."),
    *(
        ("lineops_freeze", bad, f"lineops_freeze is {bad!r}; expected true or false.") for bad in ("yes", "no", "", 1, [])
    ),
    ("lineops_busy", "ask", "lineops_busy is 'ask'; expected fail, skip or wait."),
    ("lineops_busy", ["wait"], "lineops_busy is ['wait']; expected fail, skip or wait."),
    ("lineops_confirm", True, "lineops_confirm is True; expected the line or incident that is meant."),
    *(
        ("lineops_confirm", bad, f"lineops_confirm is {bad!r}; expected line3, an incident of it, or nothing.")
        for bad in ("line1", "line31", "yes", "line3,line1", "line1-20261123T115000-line1-hmi1")
    ),
    ("lineops_interlock", "MAIN.bSafe", "lineops_interlock is 'MAIN.bSafe'; expected a mapping with variable and safe_value."),
    ("lineops_interlock", {"safe_value": True}, f"lineops_interlock.variable is missing; expected {SAFE_SYMBOL}."),
    *(
        ("lineops_interlock", {"variable": bad, "safe_value": True},
         f"lineops_interlock.variable is {bad!r}; expected {SAFE_SYMBOL}.")
        for bad in ("GATEWAY.bSafe", "MAIN bSafe", 7)
    ),
    ("lineops_interlock", {"variable": "MAIN.bSafe"},
     "lineops_interlock.safe_value is missing; expected the value at which a restart is safe."),
    ("lineops_interlock", {"variable": "MAIN.bSafe", "safe_value": [True]},
     "lineops_interlock.safe_value is [True]; expected the value at which a restart is safe."),
    ("lineops_interlock", {"variable": "MAIN.bSafe", "safe_value": True, "save_value": False},
     "lineops_interlock.save_value is not known; expected variable, safe_value."),
    ("lineops_contacts", ["Anna"], "lineops_contacts is ['Anna']; expected a mapping of L1, L2, L3."),
    ("lineops_contacts", {**CONTACTS, "L2": 200}, "lineops_contacts.L2 is 200; expected a text that says whom to call."),
    ("lineops_contacts", {**CONTACTS, "l4": "x"}, "lineops_contacts.l4 is not known; expected L1, L2, L3."),
    *(
        ("lineops_supervisor_container", bad,
         f"lineops_supervisor_container is {bad!r}; expected a mapping with engine (podman or docker) and name.")
        for bad in ("box", {}, {"engine": "lxc", "name": "box"}, {"engine": "podman", "name": ""})),
    ("lineops_budget", 3, "lineops_budget is 3; expected a mapping with limit and window_s."),
    *(
        ("lineops_budget", {"limit": bad}, f"lineops_budget.limit is {bad!r}; expected a number of actions, 0 for none.")
        for bad in (-1, "3", True, 1.5)
    ),
    *(
        ("lineops_budget", {"window_s": bad},
         f"lineops_budget.window_s is {bad!r}; expected a number of seconds such as 3600.")
        for bad in (0, -60, "1h", False)
    ),
    ("lineops_budget", {"window": 60}, "lineops_budget.window is not known; expected limit, window_s."),
    ("lineops_plcs.0", "plc_001", "lineops_plcs[0] is 'plc_001'; expected a mapping."),
    ("lineops_plcs.0.id", REMOVED, "lineops_plcs[0].id is missing; expected a name such as plc_001."),
    ("lineops_plcs.0.active", "yes", "lineops_plcs[0].active is 'yes'; expected true or false."),
    ("lineops_plcs.0.ip_address", "10.30.3.256",
     f"lineops_plcs[0].ip_address is '10.30.3.256'; expected {IP} such as 10.30.0.21."),
    ("lineops_plcs.0.ip_address", "press.plant",
     f"lineops_plcs[0].ip_address is 'press.plant'; expected {IP} such as 10.30.0.21."),
    ("lineops_plcs.0.ip_address", 169738005,
     f"lineops_plcs[0].ip_address is 169738005; expected {IP} such as 10.30.0.21."),
    ("lineops_plcs.0.ams_net_id", "10.30.3.21",
     f"lineops_plcs[0].ams_net_id is '10.30.3.21'; expected {NET_ID}, such as 10.30.0.21.1.1."),
    ("lineops_plcs.0.ams_net_id", "10.30.3.21.1.256",
     f"lineops_plcs[0].ams_net_id is '10.30.3.21.1.256'; expected {NET_ID}, such as 10.30.0.21.1.1."),
    ("lineops_plcs.0.ams_net_id", REMOVED,
     f"lineops_plcs[0].ams_net_id is missing; expected {NET_ID}, such as 10.30.0.21.1.1."),
    ("lineops_plcs.0.runtime_type", "TC4", "lineops_plcs[0].runtime_type is 'TC4'; expected TC2 or TC3."),
    ("lineops_plcs.0.runtime_type", ["TC3"], "lineops_plcs[0].runtime_type is ['TC3']; expected TC2 or TC3."),
    *(
        ("lineops_plcs.0.ams_port", bad, f"lineops_plcs[0].ams_port is {bad!r}; expected a number such as 851.")
        for bad in (0, -1, 65536, "851", True, 851.0)
    ),
    ("lineops_plcs.0.route", "line3-hmi1",
     "lineops_plcs[0].route is 'line3-hmi1'; expected a mapping with name, local_ams_net_id and local_ip."),
    # Found only when the route is added, the PLC would be disconnected already.
    *(
        ("lineops_plcs.0.route.name", bad, f"lineops_plcs[0].route.name is {bad!r}; expected the name of the route on the PLC,"
         " printable ASCII of at most 31 characters.")
        for bad in ("", "n" * 32, "Ger\xe4t", "a\0b", "a\nb", 5)
    ),
    ("lineops_plcs.0.route.local_ams_net_id", "10.30.3.11",
     f"lineops_plcs[0].route.local_ams_net_id is '10.30.3.11'; expected the supervisor's own NetId, {NET_ID}."),
    ("lineops_plcs.0.route.local_ip", REMOVED,
     "lineops_plcs[0].route.local_ip is missing; expected the supervisor's own IPv4 address."),
    ("lineops_plcs.0.test_variable", REMOVED,
     "lineops_plcs[0].test_variable is missing; expected the declared safe test variable: a mapping with name, type,"
     " test_value and rest_value."),
    *(
        ("lineops_plcs.0.test_variable.name", bad,
         f"lineops_plcs[0].test_variable.name is {bad!r}; expected a PLC symbol such as MAIN.bOpsTest (GATEWAY.* proves"
         " nothing).")
        for bad in ("GATEWAY.bTest", "gateway.x", "MAIN.b Ops", "1MAIN", "MAIN.", "", "{{ x }}", 5)
    ),
    ("lineops_plcs.0.test_variable.rest_value", REMOVED,
     "lineops_plcs[0].test_variable.rest_value is missing; expected the value to put back."),
    ("lineops_plcs.0.test_variable.rest_value", [0],
     "lineops_plcs[0].test_variable.rest_value is [0]; expected the value to put back."),
]  # fmt: skip


def changed(where: str, value: t.Any) -> dict[str, t.Any]:
    """The good inventory with one thing changed; where: names and list indices with dots."""
    variables = copy.deepcopy(GOOD)
    place: t.Any = variables
    *path, last = (int(name) if name.isdigit() else name for name in where.split("."))
    for name in path:
        place = place[name]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    return variables


def test_a_good_inventory_has_no_mistake() -> None:
    assert check_host(GOOD) == ([], [])


@pytest.mark.parametrize(
    "guards",
    [
        {"lineops_freeze": True, "lineops_busy": "wait", "lineops_contacts": CONTACTS},
        *({"lineops_freeze": typed} for typed in ("true", "False")),  # -e lineops_freeze=true is text
        {"lineops_budget": {"limit": 0, "window_s": 60}, "lineops_interlock": {"variable": "MAIN.nMode", "safe_value": 0}},
        {"lineops_budget": {}, "lineops_interlock": None, "lineops_busy": None},
        *({"lineops_confirm": word} for word in ("", None, "line3", "line3-20261123T115000-line3-hmi1", "all")),
    ],
)
def test_good_guards_have_no_mistake(guards: dict[str, t.Any]) -> None:
    assert check_host({**GOOD, **guards}) == ([], [])


@pytest.mark.parametrize("contacts", [{"L1": "shift phone 100"}, {**CONTACTS, "L2": None, "L3": None}])
def test_level_without_a_contact_is_a_warning(contacts: dict[str, t.Any]) -> None:
    assert check_host({**GOOD, "lineops_contacts": contacts}) == (
        [], ["lineops_contacts names nobody for L2.", "lineops_contacts names nobody for L3."])  # fmt: skip


@pytest.mark.parametrize(("where", "value", "sentence"), MISTAKES)
def test_one_sentence_per_mistake(where: str, value: t.Any, sentence: str) -> None:
    mistakes, dummy = check_host(changed(where, value))
    assert mistakes[:1] == [sentence]
    # A PLC list that cannot be read has no active PLC either; else one mistake makes one sentence.
    assert mistakes[1:] in (
        [],
        ["lineops_plcs has 0 active PLCs; expected exactly one (the one the supervisor connects to)."],
    )
    assert mistakes[1:] == [] or where in ("lineops_plcs.0", "lineops_plcs.0.active")


@pytest.mark.parametrize(
    "variables",
    [
        changed("lineops_plcs.0.ams_port", 801),
        changed("lineops_plcs.0.ams_port", None),
        changed("lineops_plcs.0.active", True),
        changed("lineops_plcs.0.test_variable.rest_value", 0),
        changed("lineops_plcs.0.test_variable.name", "MAIN.aTest[3].bFlag"),
        changed("lineops_supervisor_url", "https://hmi1.plant:8443/proxy"),
        changed("lineops_run_from", "host"),
        changed("lineops_host_access", False),
    ],
)
def test_what_is_allowed_is_no_mistake(variables: dict[str, t.Any]) -> None:
    assert check_host(variables)[0] == []


def test_every_mistake_is_told_at_once() -> None:
    """Whoever corrects an inventory does not want to run five times."""
    mistakes, dummy = check_host({"lineops_plcs": [{}, {}]})
    assert len(mistakes) == 2 + 2 * 6 + 1
    assert [sum(f"lineops_plcs[{index}]" in mistake for mistake in mistakes) for index in (0, 1)] == [6, 6]


@pytest.mark.parametrize(
    ("active", "told"),
    [
        ([None, None], "0 active"), ([True, True], "2 active"), ([False, False], "0 active"), ([False], "0 active"),
        ([True, False], ""), ([None, True], ""), ([None], ""), ([True], ""),
    ],
)  # fmt: skip
def test_exactly_one_plc_is_active_and_a_lone_one_need_not_say_so(active: list[t.Any], told: str) -> None:
    plc = GOOD["lineops_plcs"][0]
    plcs = [
        {**plc, "id": f"plc_{n}"} if value is None else {**plc, "id": f"plc_{n}", "active": value}
        for n, value in enumerate(active)
    ]
    mistakes, dummy = check_host({**GOOD, "lineops_plcs": plcs})
    assert [told in mistake for mistake in mistakes] == ([True] if told else [])
    assert bool(active_plc(plcs)) == (not told) or told == "2 active"


def test_net_id_that_is_not_made_from_the_address_is_a_warning() -> None:
    """Quirk 3: the supervisor connects to the first four numbers of the NetId, whatever ip_address says."""
    mistakes, warnings = check_host(changed("lineops_plcs.0.ams_net_id", "5.30.3.21.1.1"))
    assert mistakes == []
    assert warnings == [
        "lineops_plcs[0].ams_net_id 5.30.3.21.1.1 is not made from ip_address 10.30.3.21: the supervisor connects to"
        " the first four "
        "numbers of the NetId, not to ip_address (SUPERVISOR_API quirk 3)."
    ]
    # 10.30.3.2 is the beginning of the text 10.30.3.21, but not of the address.
    assert len(check_host(changed("lineops_plcs.0.ip_address", "10.30.3.2"))[1]) == 1


# --- secrets ---------------------------------------------------------------------------------------------------------

WRONG_VALUES = [5, 5.5, True, None, [CANARY], {"key": CANARY}, "", "  ", b"canary-of-a-secret"]


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("value", WRONG_VALUES, ids=repr)
def test_secret_of_the_wrong_type_is_named_and_not_shown(name: str, value: t.Any) -> None:
    told = check_secrets({"line3": {**KEYS, name: value}}, "line3-hmi1", "line3")
    assert told == [f"lineops_secrets.line3.{name} is not a text (its value is not shown)."]


@pytest.mark.parametrize("name", ["plc_username", "plc_password"])
@pytest.mark.parametrize("value", [f"{CANARY}-\xe4", f"{CANARY}\0more", f"{CANARY}\n"], ids=["not ASCII", "NUL", "line end"])
def test_login_that_ads_would_corrupt_is_named_and_not_shown(name: str, value: str) -> None:
    told = check_secrets({"line3": {**KEYS, name: value}}, "line3-hmi1", "line3")
    assert told == [f"lineops_secrets.line3.{name} is not printable ASCII, and ADS corrupts all else (its value is not shown)."]


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ({"line3": KEYS}, []),
        ({"line3": {**KEYS, "operator_key": "schl\xfcssel"}}, []),
        ({"line3-hmi1": KEYS}, []),
        ({"line3": {**KEYS, "admin_key": "x"}}, []),
        ({"line3": {name: KEYS[name] for name in KEYS if name != "admin_key"}}, []),
        (
            {"line3": {}},
            [f"lineops_secrets.line3.{name} is missing." for name in ("operator_key", "plc_username", "plc_password")],
        ),
        (
            {"line3": CANARY},
            ["lineops_secrets.line3 is not a mapping; expected operator_key, admin_key, plc_username, plc_password."],
        ),
        (
            {"line3": [CANARY]},
            ["lineops_secrets.line3 is not a mapping; expected operator_key, admin_key, plc_username, plc_password."],
        ),
        ({"line1": KEYS}, ["lineops_secrets has no entry for host line3-hmi1 nor for line line3."]),
        *(
            (
                bad,
                [
                    "lineops_secrets is missing or not a mapping; expected lineops_secrets.<line> from a vault or a"
                    " credential."
                ],
            )
            for bad in (None, {}, CANARY, [KEYS], 5)
        ),
    ],
    ids=repr,
)
def test_secrets_that_are_missing_or_of_no_use(secrets: t.Any, told: list[str]) -> None:
    assert check_secrets(secrets, "line3-hmi1", "line3") == told
    assert CANARY not in str(told)


def test_host_comes_before_line() -> None:
    secrets = {"line3": KEYS, "line3-hmi1": {**KEYS, "operator_key": "of-the-host"}}
    assert host_secrets(secrets, "line3-hmi1", "line3")["operator_key"] == "of-the-host"
    assert host_secrets(secrets, "line3-hmi2", "line3") == KEYS
    assert host_secrets(secrets, "line3-hmi2", None) == {}
    assert check_secrets({"line3": KEYS, "line3-hmi1": {}}, "line3-hmi1", "line3") != []


def test_only_secrets_that_are_text_are_handed_out() -> None:
    secrets = {"line3": {**KEYS, "operator_key": 5, "something": "else"}}
    assert host_secrets(secrets, "h", "line3") == {name: KEYS[name] for name in KEYS if name != "operator_key"}
    for bad in (None, CANARY, [], {"line3": CANARY}, {"line3": None}):
        assert host_secrets(bad, "h", "line3") == {}


# --- the words of -l -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "unknown"),
    [
        (None, []), ("", []), ("line3", []), ("line3-hmi1", []), ("line3,line1", []), ("line3:line1", []),
        ("line3, line1", []), ("line3:!line3-hmi1", []), ("line3:&line1", []), ("*", []), ("line*", []),
        ("~line[0-9]", []), ("line3[0]", []), ("@retry.txt", []),
        ("lin3", ["lin3"]), ("line3,lin1", ["lin1"]), ("line3:!hmi1", ["hmi1"]), ("x, y", ["x", "y"]),
    ],
)  # fmt: skip
def test_word_of_the_limit_that_matches_nothing(limit: str | None, unknown: list[str]) -> None:
    told = check_limit(limit, {"all", "line1", "line3", "line3-hmi1"})
    assert told == [f"-l names {word!r}, which is no line and no host of this inventory." for word in unknown]


# --- the active PLC --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_port", "runtime", "port"),
    [
        (REMOVED, "TC3", 851),
        (REMOVED, "TC2", 801),
        (None, "TC2", 801),
        (811, "TC2", 811),
        (REMOVED, "?", 851),
        (REMOVED, ["TC2"], 851),
    ],
)
def test_ams_port_comes_from_the_runtime_type_unless_it_is_given(given_port: t.Any, runtime: t.Any, port: int) -> None:
    """SUPERVISOR_API §4: the supervisor's own default is wrong for TC3, so the port is always sent."""
    plc = {"id": "p", "runtime_type": runtime, **({} if given_port is REMOVED else {"ams_port": given_port})}
    assert active_plc([plc])["ams_port"] == port


@pytest.mark.parametrize("plcs", [None, [], {}, "x", [5], [{"active": False}], [{"id": "a"}, {"id": "b"}]])
def test_no_active_plc_is_an_empty_one(plcs: t.Any) -> None:
    assert active_plc(plcs) == {}


def test_active_plc_leaves_the_inventory_alone() -> None:
    plcs = [{"id": "p", "runtime_type": "TC2"}]
    active_plc(plcs)
    assert plcs == [{"id": "p", "runtime_type": "TC2"}]


# --- whatever an inventory holds -------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "lineops_line", "lineops_supervisor_url", "lineops_plcs", "lineops_run_from", "id", "active", "ip_address",
        "ams_net_id",
        "runtime_type", "ams_port", "route", "test_variable", "name", "local_ams_net_id", "local_ip", "type",
        "test_value", "rest_value", "lineops_interlock", "lineops_budget", "lineops_contacts", "lineops_confirm",
        "lineops_busy", "lineops_freeze", "variable", "safe_value", "limit", "window_s", "L1",
        "line3", *SECRET_NAMES,
    ]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=4)
    | st.sampled_from(
        ["http://[", "http://h:١", "10.30.3.21.1.1", "10.30.3.21", "TC3", "line3", "\ud800", "http://\ud800"]
    )
)
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=20
)


@given(variables=st.dictionaries(NAMES, JUNK))
@settings(deadline=None)
def test_no_inventory_ends_in_a_traceback(variables: dict[str, t.Any]) -> None:
    mistakes, warnings = check_host(variables)
    assert all(isinstance(sentence, str) and sentence.endswith(".") for sentence in [*mistakes, *warnings])
    assert isinstance(active_plc(variables.get("lineops_plcs")), dict)


@given(secrets=JUNK, host=JUNK, line=JUNK)
@settings(deadline=None)
def test_no_secrets_end_in_a_traceback(secrets: t.Any, host: t.Any, line: t.Any) -> None:
    assert all(sentence.endswith(".") for sentence in check_secrets(secrets, host, line))
    assert all(isinstance(value, str) for value in host_secrets(secrets, host, line).values())


@given(leaf=st.text(alphabet="abcdefgh", min_size=8, max_size=12).map("canary-".__add__) | st.integers(10**9, 10**12))
@settings(deadline=None)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: x,
        lambda x: [x],
        lambda x: {"k": x},
        lambda x: {"line3": x},
        lambda x: {"line3": [x]},
        lambda x: {"line3": {"operator_key": [x], "admin_key": {"a": x}, "plc_password": x}},
    ],
)
def test_no_sentence_holds_what_stands_among_the_secrets(wrap: t.Callable[[t.Any], t.Any], leaf: t.Any) -> None:
    assert str(leaf) not in " ".join(check_secrets(wrap(leaf), "line3-hmi1", "line3"))


@pytest.mark.parametrize(
    ("type_name", "fits", "does_not"),
    [
        ("BOOL", [True, False, 0, 1], ["true", "false", 2, 1.5, ""]),
        ("INT", [0, -32768, 32767], [32768, -32769, True, "1", 1.0]),
        ("UINT", [0, 65535], [-1, 65536]),
        ("ULINT", [2**64 - 1], [2**64, -1]),
        ("LREAL", [1, 1.5], ["1.5", True]),
        ("STRING(20)", ["", "A-17"], [17, False]),
        ("ST_Recipe", ["whatever", 1, True], []),
    ],
)
def test_test_value_fits_the_declared_type(type_name: str, fits: list[t.Any], does_not: list[t.Any]) -> None:
    assert (
        [value for value in fits if not fits_type(value, type_name)],
        [v for v in does_not if fits_type(v, type_name)],
    ) == ([], [])


def test_quoted_rest_value_of_a_bool_is_a_mistake() -> None:
    variables = changed("lineops_plcs.0.test_variable.rest_value", "false")
    assert check_host(variables)[0] == [
        "lineops_plcs[0].test_variable.rest_value is 'false'; expected a value that fits type BOOL."
    ]


@pytest.mark.parametrize("plcs", [[], "plc_001", ["10.30.0.21"]])
def test_wrong_list_of_plcs_is_told_once(plcs: t.Any) -> None:
    assert len(check_host(changed("lineops_plcs", plcs))[0]) == 1


def test_state_host_is_one_of_the_inventory() -> None:
    assert check_state_host("nowhere", {"line3-hmi1"}) == [
        "lineops_state_host is 'nowhere'; expected the name of an inventory host."
    ]
    assert check_state_host("line3-hmi1", {"line3-hmi1"}) == check_state_host(None, set()) == []


def test_line_that_is_wrong_is_told_by_its_own_sentence() -> None:
    assert check_secrets({"line3": KEYS}, "line3-hmi1", "") == []
