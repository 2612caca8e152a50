# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own tools print, read: systemctl show, podman/docker inspect, cgroups, command lines. Pure. Private."""

from __future__ import annotations

import ipaddress
import json
import math
import re
import typing as t
from urllib.parse import urlsplit

from ._redact import MASK, scrub

#: Seconds of the units in which systemd writes a time span; months and years as systemd counts them.
_SPAN_UNITS = {
    "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "day": 86400.0, "w": 604800.0,
    "week": 604800.0, "month": 2629800.0, "y": 31557600.0, "year": 31557600.0,
}  # fmt: skip
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|min|month|s|h|day|d|week|w|year|y)s?(?=\s|$)")
_STAMP = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) UTC$")
#: A path systemd may leave unset is written with a mark before it.
_PATH_MARKS = "!-+~"

_SHOWN_ARGUMENTS = 60
_SHOWN_LETTERS = 300
#: A token that stands alone on a command line: long, of the letters of base64 or of a JSON web token, and of all kinds.
_TOKEN = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])(?:[A-Za-z0-9+/_=-]{32,}|[A-Za-z0-9._=-]{32,})")
#: What stands before "=" in "--admin-key=K" and "ADMIN_KEY=K".
_NAME = re.compile(r"[A-Za-z_-][A-Za-z0-9_-]*")
_RING_BRIDGE = re.compile(r"(?<![a-z])ring[a-z0-9_./-]{0,40}bridge|bridge[a-z0-9_./-]{0,40}(?<![a-z])ring(?![a-z])")


def seconds_of(span: str) -> float | None:
    """Return the seconds of a time span as systemd writes it ("1min 30s"); None for "infinity" and what is no span."""
    found = _SPAN.findall(span)
    if span != "0" and (not found or _SPAN.sub("", span).strip()):
        return None
    return round(math.fsum(float(number) * _SPAN_UNITS[unit] for number, unit in found), 6)


def _text(value: str) -> str | None:
    return value or None


def _path(value: str) -> str | None:
    return value.lstrip(_PATH_MARKS) or None


def _flag(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


def _time(value: str) -> str | None:
    """Return a time of systemctl (asked with TZ=UTC) as ISO 8601; the name of the day before it says nothing."""
    found = _STAMP.search(value)
    return f"{found[1]}T{found[2]}Z" if found else None


#: Property of a unit -> its name here, and how its text is read.
UNIT_PROPERTIES: dict[str, tuple[str, t.Callable[[str], t.Any]]] = {
    "LoadState": ("load_state", _text),
    "ActiveState": ("active_state", _text),
    "SubState": ("sub_state", _text),
    "UnitFileState": ("unit_file_state", _text),
    "Result": ("result", _text),
    "MainPID": ("main_pid", _number),
    "ExecMainStartTimestamp": ("started_at", _time),
    "NRestarts": ("restarts", _number),
    "Restart": ("restart", _text),
    "RestartUSec": ("restart_s", seconds_of),
    "StartLimitBurst": ("start_limit_burst", _number),
    "StartLimitIntervalUSec": ("start_limit_s", seconds_of),
    "User": ("user", _text),
    "WorkingDirectory": ("working_directory", _path),
    "FragmentPath": ("fragment_path", _text),
    "ControlGroup": ("control_group", _text),
    "NeedDaemonReload": ("need_daemon_reload", _flag),
    "ExecMainCode": ("exec_main_code", _number),
    "ExecMainStatus": ("exec_main_status", _number),
}

#: Numbers of the kernel for states of a TCP socket (include/net/tcp_states.h).
TCP_STATES = {"01": "ESTABLISHED", "02": "SYN_SENT", "0A": "LISTEN"}


class TcpSocket(t.NamedTuple):
    """A line of /proc/net/tcp or tcp6, which shows every user's sockets to everybody; state "" for one of no interest."""

    ip: str
    port: int
    remote_ip: str
    remote_port: int
    state: str
    uid: int
    inode: int


def unit_of(shown: str) -> dict[str, t.Any]:
    """Read what `systemctl show` prints for UNIT_PROPERTIES; a property this systemd does not know is None.

    A system unit without User= runs as root. main_pid is None while no process runs.
    """
    said = dict(line.partition("=")[::2] for line in shown.splitlines() if "=" in line)
    unit = {name: read(said.get(key, "")) for key, (name, read) in UNIT_PROPERTIES.items()}
    if unit["load_state"] == "loaded":
        unit["user"] = unit["user"] or "root"
    return {**unit, "main_pid": unit["main_pid"] or None}


def port_of(url: str) -> int:
    """Return the TCP port of a supervisor's URL."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def tcp_sockets(table: str) -> list[TcpSocket]:
    """Read /proc/net/tcp or tcp6, see proc(5); a line that is none is left out."""
    found = []
    for line in table.splitlines()[1:]:
        try:
            dummy, local, remote, state, dummy, dummy, dummy, uid, dummy, inode = line.split()[:10]
            found.append(TcpSocket(*_address(local), *_address(remote), TCP_STATES.get(state, ""), int(uid), int(inode)))
        except ValueError:
            continue
    return found


def _address(text: str) -> tuple[str, int]:
    """Read "0100007F:1388": the address as words of 32 bits of the machine, which is taken for little-endian."""
    digits, dummy, port = text.partition(":")
    raw = bytes.fromhex(digits)
    packed = b"".join(raw[at:at + 4][::-1] for at in range(0, len(raw), 4))
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port, 16)


def state_and_start(stat: str) -> tuple[str, int] | None:
    """Read /proc/PID/stat: the state and the start in clock ticks since boot. The name before them may hold anything."""
    fields = stat.rpartition(")")[2].split()
    return (fields[0], int(fields[19])) if len(fields) > 19 and fields[19].isdigit() else None


def users_of(status: str) -> set[int]:
    """Read /proc/PID/status: the users a process acts as (real, effective, saved, file system)."""
    found = re.search(r"^Uid:\s*([0-9\s]+)$", status, re.MULTILINE)
    return {int(number) for number in found[1].split()} if found else set()


def plain_lines(text: str, most: int) -> list[str]:
    """Return the last lines a tool printed, without secrets or control characters: text of a host is data."""
    lines = ["".join(char if char.isprintable() else " " for char in line).strip() for line in text.splitlines()]
    return [scrub(line[:_SHOWN_LETTERS]) for line in lines if line][-most:]


def container_of(inspected: str) -> dict[str, t.Any] | None:
    """Read what `podman inspect` or `docker inspect` prints of one container; None if it is none.

    Only these facts leave: the rest holds the container's environment, with its keys.
    """
    try:
        found = json.loads(inspected)
    except (ValueError, RecursionError):
        return None
    one = found[0] if isinstance(found, list) and found else None
    state = _mapping(one, "State")
    if not state:
        return None
    policy = _mapping(_mapping(one, "HostConfig"), "RestartPolicy")
    health = _mapping(state, "Health") or _mapping(state, "Healthcheck")
    return {
        "status": _of_type(state.get("Status"), str),
        "pid": _of_type(state.get("Pid"), int) or None,
        "exit_code": _of_type(state.get("ExitCode"), int),
        "oom_killed": _of_type(state.get("OOMKilled"), bool),
        "error": _of_type(scrub(state.get("Error")), str),
        "started_at": _of_type(state.get("StartedAt"), str),
        "finished_at": _of_type(state.get("FinishedAt"), str),
        "health": _of_type(health.get("Status"), str),
        "restarts": _of_type(one.get("RestartCount"), int),
        "restart_policy": _of_type(policy.get("Name"), str),
        "image": _of_type(one.get("ImageName"), str) or _of_type(_mapping(one, "Config").get("Image"), str),
    }


def _mapping(tree: t.Any, name: str) -> dict[str, t.Any]:
    value = tree.get(name) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def _of_type(value: t.Any, kind: type) -> t.Any:
    return value if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) else None


def in_control_group(cgroups: str, control_group: str) -> bool:
    """Say whether /proc/PID/cgroup names systemd's own hierarchy at or below a unit's control group."""
    for line in cgroups.splitlines():
        number, dummy, rest = line.partition(":")
        controllers, dummy, path = rest.partition(":")
        is_systemds = controllers == "name=systemd" or (number == "0" and not controllers)
        if is_systemds and control_group and (path == control_group or path.startswith(f"{control_group}/")):
            return True
    return False


def shown_command(arguments: t.Sequence[str]) -> list[str]:
    """Return a command line as it may be shown: no camera passwords, keys or tokens, and not too long."""
    shown = []
    before = ""
    for argument in arguments[:_SHOWN_ARGUMENTS]:
        text = argument.encode("utf-8", "replace").decode("utf-8")
        name, sign, value = text.partition("=")
        if sign and _NAME.fullmatch(name):
            clean = f"{name}={_value_of(name, value)}"
        else:
            clean = _value_of(before, text)
        shown.append(MASK if _TOKEN.fullmatch(clean) else clean[:_SHOWN_LETTERS])
        before = text if text.startswith("-") else ""
    return shown + (["…"] if len(arguments) > _SHOWN_ARGUMENTS else [])


def _value_of(name: str, value: str) -> str:
    """Return a value without secrets; the name of the option before it may say that it is one itself."""
    (clean,) = scrub({name: value}).values()
    return clean


def is_ffmpeg(name: str | None, arguments: t.Sequence[str]) -> bool:
    """Say whether a process is an ffmpeg, by its name or by what it was started as."""
    return name == "ffmpeg" or bool(arguments) and arguments[0].rpartition("/")[2] == "ffmpeg"


def is_ring_bridge(arguments: t.Sequence[str]) -> bool:
    """Say whether a command line is that of a Ring bridge (SUPERVISOR_API §5), by the name of program or script."""
    return bool(_RING_BRIDGE.search(" ".join(arguments[:4]).lower()))
