# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory contract (DESIGN §5) as a table, and its check: one sentence per mistake. Pure. Private to this collection."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ._ads_frames import MAX_NAME, valid_net_id
from ._escalation import LEVELS
from ._guards import WHOLE_PLANT

#: Runtime type -> AMS port of its first PLC runtime (ADS_FACTS §7).
RUNTIME_PORTS = {"TC2": 801, "TC3": 851}
SECRET_NAMES = ("operator_key", "admin_key", "plc_username", "plc_password")
#: What tickets and notifications need, where the inventory has them (_inventory_delivery.py).
DELIVERY_SECRETS = ("ticket_token", "ticket_secret", "smtp_password")
_MISSING = object()


def is_net_id(value: t.Any) -> bool:
    """Say whether value is an AMS NetId: six numbers 0-255 with dots."""
    return isinstance(value, str) and valid_net_id(value)


def is_ip(value: t.Any) -> bool:
    """Say whether value is an IPv4 address (a NetId's first four parts are one; TwinCAT routes use IPv4)."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return isinstance(value, str)


def is_url(value: t.Any) -> bool:
    """Say whether value is an http(s) URL with a host, no user, query or fragment, and a port in range."""
    if not isinstance(value, str):
        return False
    try:
        url = urlsplit(value)
        port_is_valid = url.port is None or url.port > 0
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.hostname) and "@" not in url.netloc and port_is_valid and not (
        url.query or url.fragment or re.search(r"[\s\\]", value))


def is_port(value: t.Any) -> bool:
    """Say whether value is a number 1-65535 (an AMS port is 16 bits too)."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def is_text(value: t.Any) -> bool:
    """Say whether value is a non-empty string."""
    return isinstance(value, str) and bool(value.strip())


def is_ads_text(value: t.Any) -> bool:
    """Say whether value can be sent as it is in a request for a route: printable ASCII (ADS_FACTS §4 trap 2)."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def is_route_name(value: t.Any) -> bool:
    """Say whether value can be the name of a route (ADS_FACTS §2)."""
    return is_text(value) and is_ads_text(value) and len(value) <= MAX_NAME


def is_symbol(value: t.Any) -> bool:
    """Say whether value looks like a PLC symbol, e.g. MAIN.bOpsTest; GATEWAY.* proves nothing (SUPERVISOR_API §4)."""
    return isinstance(value, str) and not value.upper().startswith("GATEWAY.") and bool(
        re.fullmatch(r"[A-Za-z_]\w*(\[\d+\])?(\.[A-Za-z_]\w*(\[\d+\])?)*", value))


def _is_bool(value: t.Any) -> bool:
    return isinstance(value, bool)


def is_switch(value: t.Any) -> bool:
    """Say whether value is true or false, also as a text: what stands after -e name= is always one."""
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))


def _is_mapping(value: t.Any) -> bool:
    return isinstance(value, dict)


def _is_container(value: t.Any) -> bool:
    return isinstance(value, dict) and value.get("engine") in ("podman", "docker") and is_text(value.get("name"))


def _is_words(value: t.Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_text(word) for word in value)


def _is_runner(value: t.Any) -> bool:
    """It stands in the journal and in a header of every call; a survey gives an empty one."""
    return isinstance(value, str) and bool(re.fullmatch(r"((shell|awx|ci|eda)-[A-Za-z0-9._-]{1,60})?", value))


def _is_number(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_scalar(value: t.Any) -> bool:
    return isinstance(value, (bool, int, float, str))


#: Bits and sign of the integer types (ADS_FACTS §3).
_INTEGERS = {
    "SINT": (8, True), "USINT": (8, False), "BYTE": (8, False), "INT": (16, True), "UINT": (16, False), "WORD": (16, False),
    "DINT": (32, True), "UDINT": (32, False), "DWORD": (32, False), "LINT": (64, True), "ULINT": (64, False), "LWORD": (64, False),
}


def fits_type(value: t.Any, type_name: str) -> bool:
    """Say whether a PLC variable of a type can hold a value as it is; True for types that are not known here.

    A quoted "false" does not fit BOOL: the supervisor would write it as true.
    """
    if type_name == "BOOL":
        return isinstance(value, int) and value in (0, 1)
    if type_name in ("REAL", "LREAL"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if type_name.startswith(("STRING", "WSTRING")):
        return isinstance(value, str)
    if type_name not in _INTEGERS:
        return True
    bits, signed = _INTEGERS[type_name]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


@dataclass(frozen=True)
class Rule:
    """One line of the contract: where, what is right, and how to say it."""

    name: str
    is_valid: t.Callable[[t.Any], bool]
    expected: str
    required: bool = True


HOST_RULES = (
    Rule("lineops_line", is_text, "the name of the line this host belongs to, e.g. line3"),
    Rule("lineops_supervisor_url", is_url, "an address such as http://10.30.0.11:5000"),
    Rule("lineops_plcs", lambda value: isinstance(value, list) and bool(value), "a list with at least one PLC"),
    Rule("lineops_run_from", lambda value: value in ("controller", "host"), "controller or host", required=False),
    Rule("lineops_host_access", _is_bool, "true or false", required=False),
    Rule("lineops_supervisor_dir", is_text, "the supervisor's working directory", required=False),
    Rule("lineops_supervisor_unit", is_text, "the name of its systemd unit", required=False),
    Rule(
        "lineops_supervisor_container", _is_container, "a mapping with engine (podman or docker) and name", required=False),
    Rule("lineops_supervisor_user", is_text, "the name of the user that its service runs as", required=False),
    Rule("lineops_restart_command", _is_words, "a list of words: the command of its orchestrator", required=False),
    Rule("lineops_state_host", is_text, "the name of an inventory host", required=False),
    Rule("lineops_language", lambda value: value in ("en", "de"), "en or de", required=False),
    Rule("lineops_controller_ads", _is_mapping, "a mapping with local_ip, local_ams_net_id and route", required=False),
    Rule("lineops_cameras", lambda value: isinstance(value, list), "a list of cameras", required=False),
    Rule("lineops_contacts", _is_mapping, "a mapping of L1, L2, L3", required=False),
    Rule("lineops_busy", lambda value: value in ("fail", "skip", "wait"), "fail, skip or wait", required=False),
    Rule("lineops_confirm", lambda value: isinstance(value, str), "the line or incident that is meant", required=False),
    Rule("lineops_runner", _is_runner, "a name such as eda-lost-route", required=False),
    Rule("lineops_budget", _is_mapping, "a mapping with limit and window_s", required=False),
    Rule("lineops_freeze", is_switch, "true or false", required=False),
    Rule("lineops_escalate_only", is_switch, "true or false", required=False),
    Rule("lineops_hand_over", is_switch, "true or false", required=False),
    Rule("lineops_interlock", _is_mapping, "a mapping with variable and safe_value", required=False),
    Rule("lineops_state_dir", lambda value: is_text(value) and value.startswith("/"), "an absolute path", required=False),
)
PLC_RULES = (
    Rule("id", is_text, "a name such as plc_001"),
    Rule("active", _is_bool, "true or false", required=False),
    Rule("ip_address", is_ip, "an IPv4 address such as 10.30.0.21"),
    Rule("ams_net_id", is_net_id, "six numbers 0-255 with dots, such as 10.30.0.21.1.1"),
    Rule("runtime_type", lambda value: value in tuple(RUNTIME_PORTS), "TC2 or TC3"),
    Rule("ams_port", is_port, "a number such as 851", required=False),
    Rule("route", _is_mapping, "a mapping with name, local_ams_net_id and local_ip"),
    Rule("test_variable", _is_mapping, "the declared safe test variable: a mapping with name, type, test_value and rest_value"),
)
ROUTE_RULES = (
    Rule("name", is_route_name, f"the name of the route on the PLC, printable ASCII of at most {MAX_NAME} characters"),
    Rule("local_ams_net_id", is_net_id, "the supervisor's own NetId, six numbers 0-255 with dots"),
    Rule("local_ip", is_ip, "the supervisor's own IPv4 address"),
)
CONTROLLER_RULES = (
    Rule("local_ip", is_ip, "the controller's own IPv4 address", required=False),
    Rule("local_ams_net_id", is_net_id, "the controller's own NetId, six numbers 0-255 with dots", required=False),
    Rule("route", lambda value: value in ("none", "temporary", "static"), "none, temporary or static", required=False),
)
INTERLOCK_RULES = (
    Rule("variable", is_symbol, "a PLC symbol such as MAIN.bSafeToRestart (GATEWAY.* proves nothing)"),
    Rule("safe_value", _is_scalar, "the value at which a restart is safe"),
)
BUDGET_RULES = (
    Rule("limit", lambda value: _is_number(value) and value >= 0, "a number of actions, 0 for none", required=False),
    Rule("window_s", lambda value: _is_number(value) and value > 0, "a number of seconds such as 3600", required=False),
)
CONTACT_RULES = tuple(Rule(level, is_text, "a text that says whom to call", required=False) for level in LEVELS)
#: Mappings of the contract in which a name that nobody knows would leave a guard as it is, or nobody called.
GUARD_RULES = {
    "lineops_interlock": INTERLOCK_RULES, "lineops_budget": BUDGET_RULES, "lineops_contacts": CONTACT_RULES}
VARIABLE_RULES = (
    Rule("name", is_symbol, "a PLC symbol such as MAIN.bOpsTest (GATEWAY.* proves nothing)"),
    Rule("type", is_text, "a PLC type such as BOOL"),
    Rule("test_value", _is_scalar, "the value to write for a moment"),
    Rule("rest_value", _is_scalar, "the value to put back"),
)


def check_host(variables: t.Mapping[str, t.Any]) -> tuple[list[str], list[str]]:
    """Check one host's contract variables.

    Returns (mistakes, warnings), each one sentence naming variable, list index, value and what is expected.
    """
    mistakes = check_rules(variables, HOST_RULES)
    warnings: list[str] = []
    if isinstance(variables.get("lineops_controller_ads"), dict):
        mistakes += check_rules(variables["lineops_controller_ads"], CONTROLLER_RULES, "lineops_controller_ads")
    for name, rules in GUARD_RULES.items():
        if isinstance(variables.get(name), dict):
            mistakes += check_rules(variables[name], rules, name) + unknown_names(variables[name], rules, name)
    mistakes += _confirm_mistakes(variables)
    warnings += _contact_warnings(variables.get("lineops_contacts"))
    plcs = variables.get("lineops_plcs")
    for index, plc in enumerate(plcs if isinstance(plcs, list) else []):
        where = f"lineops_plcs[{index}]"
        if not isinstance(plc, dict):
            mistakes.append(f"{where} is {plc!r}; expected a mapping.")
            continue
        mistakes += check_rules(plc, PLC_RULES, where)
        for name, rules in (("route", ROUTE_RULES), ("test_variable", VARIABLE_RULES)):
            if isinstance(plc.get(name), dict):
                mistakes += check_rules(plc[name], rules, f"{where}.{name}")
        mistakes += _value_mistakes(plc.get("test_variable"), f"{where}.test_variable")
        warnings += _net_id_warning(plc, where)
    return mistakes + _active_mistakes(plcs), warnings


def check_secrets(secrets: t.Any, host: str, line: t.Any) -> list[str]:
    """Check the secrets of one host; values are never part of a sentence."""
    if not isinstance(secrets, dict) or not secrets:
        return ["lineops_secrets is missing or not a mapping; expected lineops_secrets.<line> from a vault or a credential."]
    found = _entry_of(secrets, host, line)
    if found is None:
        if not is_text(line):
            return []  # the line is the mistake, and that is told
        return [f"lineops_secrets has no entry for host {host} nor for line {line}."]
    where, entry = found
    if not isinstance(entry, dict):
        return [f"lineops_secrets.{where} is not a mapping; expected {', '.join(SECRET_NAMES)}."]
    wrong = [name for name in (*SECRET_NAMES, *DELIVERY_SECRETS) if name in entry and not is_text(entry[name])]
    unsent = [name for name in ("plc_username", "plc_password") if is_text(entry.get(name)) and not is_ads_text(entry[name])]
    missing = [name for name in SECRET_NAMES if name not in entry and name != "admin_key"]
    return [
        *(f"lineops_secrets.{where}.{name} is not a text (its value is not shown)." for name in wrong),
        *(f"lineops_secrets.{where}.{name} is not printable ASCII, and ADS corrupts all else (its value is not shown)."
          for name in unsent),
        *(f"lineops_secrets.{where}.{name} is missing." for name in missing),
    ]


def check_limit(limit: str | None, known: t.Container[str]) -> list[str]:
    """Check the words of -l against the known groups and hosts; patterns (*, ~, [, &, @) are left to Ansible."""
    words = [word.strip() for word in re.split(r"[,:]", limit or "") if word.strip()]
    plain = [word.lstrip("!&") for word in words if not re.search(r"[*?\[\]~@]", word)]
    return [f"-l names {word!r}, which is no line and no host of this inventory." for word in plain if word not in known]


def check_state_host(state_host: t.Any, hosts: t.Container[str]) -> list[str]:
    """Check that the host that keeps the journal is one of the inventory."""
    if not is_text(state_host) or state_host in hosts:
        return []
    return [f"lineops_state_host is {state_host!r}; expected the name of an inventory host."]


def host_secrets(secrets: t.Any, host: str, line: t.Any) -> dict[str, str]:
    """Return the secrets of a host, looked up by host name first, then by line; {} where there are none."""
    found = _entry_of(secrets, host, line) if isinstance(secrets, dict) else None
    entry = found[1] if found else None
    if not isinstance(entry, dict):
        return {}
    return {name: entry[name] for name in (*SECRET_NAMES, *DELIVERY_SECRETS) if is_text(entry.get(name))}


def active_plc(plcs: t.Any) -> dict[str, t.Any]:
    """Return the PLC the supervisor connects to, with ams_port filled in; {} where the list has none."""
    found = _active(plcs) if isinstance(plcs, list) else []
    if not found:
        return {}
    return {**found[0], "ams_port": _port_of(found[0])}


def plc_address(plc: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Reduce an entry of lineops_plcs to what a route test needs: id, ip_address, ams_net_id, ams_port."""
    return {**{name: plc[name] for name in ("id", "ip_address", "ams_net_id")}, "ams_port": _port_of(plc)}


def _port_of(plc: t.Mapping[str, t.Any]) -> t.Any:
    return plc.get("ams_port") or RUNTIME_PORTS.get(str(plc.get("runtime_type")), 851)


def _active(plcs: list[t.Any]) -> list[dict[str, t.Any]]:
    entries = [plc for plc in plcs if isinstance(plc, dict)]
    return entries if len(entries) == 1 and "active" not in entries[0] else [plc for plc in entries if plc.get("active") is True]


def _entry_of(secrets: dict[str, t.Any], host: str, line: t.Any) -> tuple[str, t.Any] | None:
    for name in (host, line):
        if isinstance(name, str) and name in secrets:
            return name, secrets[name]
    return None


def check_rules(values: t.Mapping[str, t.Any], rules: t.Iterable[Rule], where: str = "") -> list[str]:
    """Return a sentence for each value that is missing or wrong; where: the place of the values, for the sentences."""
    mistakes = []
    for rule in rules:
        name = f"{where}.{rule.name}" if where else rule.name
        value = values.get(rule.name, _MISSING)
        if value is _MISSING or value is None:
            if rule.required:
                mistakes.append(f"{name} is missing; expected {rule.expected}.")
        elif not rule.is_valid(value):
            mistakes.append(f"{name} is {value!r}; expected {rule.expected}.")
    return mistakes


def unknown_names(values: t.Mapping[t.Any, t.Any], rules: t.Sequence[Rule], where: str) -> list[str]:
    """Return a sentence for each name that nobody would read."""
    known = [rule.name for rule in rules]
    return [f"{where}.{name} is not known; expected {', '.join(known)}." for name in values if name not in known]


def _confirm_mistakes(variables: t.Mapping[str, t.Any]) -> list[str]:
    """A confirmation names its line or incident, so that it cannot be left on by accident (DESIGN §7.9)."""
    confirm, line = variables.get("lineops_confirm"), variables.get("lineops_line")
    if not is_text(confirm) or not is_text(line) or confirm in (line, WHOLE_PLANT) or confirm.startswith(f"{line}-"):
        return []
    return [f"lineops_confirm is {confirm!r}; expected {line}, an incident of it, or nothing."]


def _contact_warnings(contacts: t.Any) -> list[str]:
    if not isinstance(contacts, dict):
        return []
    return [f"lineops_contacts names nobody for {level}." for level in LEVELS if not contacts.get(level)]


def _active_mistakes(plcs: t.Any) -> list[str]:
    """Count the active PLCs, unless the list itself is wrong and already told."""
    if not isinstance(plcs, list) or not plcs or not all(isinstance(plc, dict) for plc in plcs) or len(_active(plcs)) == 1:
        return []
    return [f"lineops_plcs has {len(_active(plcs))} active PLCs; expected exactly one (the one the supervisor connects to)."]


def _value_mistakes(variable: t.Any, where: str) -> list[str]:
    """Compare the values to write with the declared type: the supervisor does not (SUPERVISOR_API quirk 7)."""
    if not isinstance(variable, dict) or not is_text(variable.get("type")):
        return []
    type_name = variable["type"].strip().upper()
    return [
        f"{where}.{name} is {variable[name]!r}; expected a value that fits type {type_name}."
        for name in ("test_value", "rest_value")
        if _is_scalar(variable.get(name)) and not fits_type(variable[name], type_name)
    ]


def _net_id_warning(plc: t.Mapping[str, t.Any], where: str) -> list[str]:
    net_id, ip = plc.get("ams_net_id"), plc.get("ip_address")
    if not is_net_id(net_id) or not is_ip(ip) or net_id.startswith(f"{ip}."):
        return []
    return [
        f"{where}.ams_net_id {net_id} is not made from ip_address {ip}: the supervisor connects to the first four "
        "numbers of the NetId, not to ip_address (SUPERVISOR_API quirk 3)."
    ]
