# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaking the plant at PLC or process level, and putting it right again. No name here is a diagnosis."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import api, keys, processes
from .api import Unreachable
from .control import ControlError, ask
from .errors import LabError
from .look import link_faults, look
from .plant import REFUSAL_LAYOUT, SUPERVISOR_NET_ID, SYMBOLS, Host, Plant
from .start import start_plc, start_supervisor
from .waiting import Watch

_HEAL_PATIENCE_S = 3.0


@dataclass(frozen=True)
class Fault:
    """A way to break a host: a function, its arguments with how to read each from text, and their defaults."""

    apply: Callable[..., None]
    help: str
    arguments: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


def _plc(op: str, **fixed: Any) -> Callable[..., None]:
    """A fault that is one operation of the PLC stand-in."""
    return lambda plant, host, **arguments: ask(plant.control(host), op, **fixed, **arguments) and None


def _drop(plant: Plant, host: Host, source: str | None = None) -> None:
    ask(plant.control(host), "drop", source=plant.controller_ip if source == "controller" else source)


def _credentials(plant: Plant, host: Host) -> None:
    ask(plant.control(host), "credentials", username=plant.line(host.line).plc_username,
        password=secrets.token_urlsafe(18))


def _signal(number: int) -> Callable[..., None]:
    """A fault that is a signal to the supervisor, after which it is gone."""
    return lambda plant, host: processes.stop(
        processes.SUPERVISOR, plant.supervisor_config(host), number=number) and None


def _freeze(plant: Plant, host: Host) -> None:
    if not processes.tell(processes.SUPERVISOR, plant.supervisor_config(host), signal.SIGSTOP):
        raise LabError(f"the supervisor of {host.name} is not running")


def _revoke(plant: Plant, host: Host, level: str) -> None:
    if level == "operator":
        keys.revoke(plant, host)
    else:  # the admin key is the master key: it changes with the supervisor's environment, at a restart
        plant.write_supervisor_config(host, master_key=secrets.token_urlsafe(18))
        _restart(plant, host, Watch())


def _disconnect(plant: Plant, host: Host) -> None:
    answer = api.call(
        "POST", f"{host.url}/api/plc/disconnect", {}, key=plant.line(host.line).operator_key
    )
    if not answer.ok:
        raise LabError(f"{host.name} did not disconnect: {answer.status} {answer.body}")


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return text

    return read


FAULTS: dict[str, Fault] = {
    "route-removed": Fault(
        _plc("route_remove", ams_net_id=SUPERVISOR_NET_ID), "the PLC forgets the supervisor's route"),
    "hang": Fault(
        _plc("hang"), "the PLC accepts TCP and answers nothing, or one of TCP and UDP is silent (part=tcp or udp)",
        {"part": _one_of("tcp", "udp")}),
    "refuse": Fault(_plc("refuse"), "the PLC's ports are closed, connections reset"),
    "drop": Fault(
        _drop, "packets to the PLC are lost: all, or those from one address (source=controller, source=IP)",
        {"source": str}),
    "slow": Fault(_plc("slow"), "the PLC answers late", {"seconds": float}, frozenset({"seconds"})),
    "reboot": Fault(
        _plc("reboot"), "the PLC goes down and comes back by itself after down_s seconds", {"down_s": float}),
    "plc-state": Fault(
        _plc("state"), "the PLC goes to a state (value=RUN, STOP or CONFIG)",
        {"value": _one_of("RUN", "STOP", "CONFIG")}, frozenset({"value"})),
    "credentials-changed": Fault(_credentials, "the PLC's password is another one"),
    "refusal-layout": Fault(
        _plc("refusal_layout"), "how the PLC answers a refused login (layout=documented or shifted)",
        {"layout": _one_of("documented", "shifted")}, frozenset({"layout"})),
    "supervisor-stopped": Fault(_signal(signal.SIGTERM), "the supervisor ends (SIGTERM)"),
    "supervisor-killed": Fault(_signal(signal.SIGKILL), "the supervisor ends (SIGKILL)"),
    "supervisor-frozen": Fault(_freeze, "the supervisor stands still (SIGSTOP)"),
    "key-revoked": Fault(
        _revoke, "a key of the inventory is no longer valid (level=operator, or admin: that restarts the supervisor)",
        {"level": _one_of("operator", "admin")}, frozenset({"level"})),
    "plc-disconnected": Fault(_disconnect, "somebody disconnects the supervisor from its PLC"),
}


def fault(plant: Plant, host: Host, name: str, words: list[str]) -> None:
    """Apply a fault to a host.

    :param words: its arguments as ``key=value``.
    :raises LabError: unknown fault or argument, or the plant would not break that way.
    """
    if name not in FAULTS:
        raise LabError(f"unknown fault {name!r}; there are {', '.join(FAULTS)}")
    chosen = FAULTS[name]
    arguments = dict(_argument(name, chosen, word) for word in words)
    if missing := chosen.required - set(arguments):
        raise LabError(f"fault {name} needs {', '.join(f'{key}=…' for key in sorted(missing))}")
    try:
        chosen.apply(plant, host, **arguments)
    except (ControlError, Unreachable) as error:
        raise LabError(f"{host.name}: {error}") from None


def _argument(name: str, chosen: Fault, word: str) -> tuple[str, Any]:
    key, equals, text = word.partition("=")
    if not equals or key not in chosen.arguments:
        known = ", ".join(f"{known}=…" for known in chosen.arguments) or "no arguments"
        raise LabError(f"fault {name} does not know {word!r}; it takes {known}")
    try:
        return key, chosen.arguments[key](text)
    except ValueError as error:
        raise LabError(f"fault {name}: {key}={text}: {error}") from None


def heal(plant: Plant, host: Host, watch: Watch) -> None:
    """Bring a host back to how it was right after ``up``. The supervisor is restarted only if that takes it.

    :raises LabError: it is still not healthy afterwards.
    """
    _heal_plc(plant, host, watch)
    processes.tell(processes.SUPERVISOR, plant.supervisor_config(host), signal.SIGCONT)
    keys_changed = _restore_master_key(plant, host)
    keys.restore(plant, host)
    if keys_changed or _faults(plant, host):
        _restart(plant, host, watch)
        watch.wait(lambda: not _faults(plant, host), f"{host.name} is healthy again")


def _faults(plant: Plant, host: Host) -> list[str]:
    """What keeps a host from counting as healthy; the cheap look first."""
    return link_faults(plant, host) if look(plant, host).healthy else ["it does not look healthy"]


def _heal_plc(plant: Plant, host: Host, watch: Watch) -> None:
    if not processes.find(processes.PLC, plant.plc_config(host)):
        start_plc(plant, host, watch)
    control, line = plant.control(host), plant.line(host.line)
    ask(control, "heal")
    watch.wait(lambda: ask(control, "status")["mode"] == "normal", f"the PLC of {host.name} is back")
    ask(control, "credentials", username=line.plc_username, password=line.plc_password)
    ask(control, "refusal_layout", layout=REFUSAL_LAYOUT)
    ask(control, "state", value="RUN")
    for route in ask(control, "routes")["routes"]:
        if any(route[key] != value for key, value in host.route.items()):
            ask(control, "route_remove", name=route["name"])
    ask(control, "route_add", **host.route)
    for name, symbol in SYMBOLS.items():
        ask(control, "write", name=name, value=symbol["value"])


def _restore_master_key(plant: Plant, host: Host) -> bool:
    """Write the line's master key into the supervisor's configuration; True if another one was there."""
    path = plant.supervisor_config(host)
    changed = json.loads(path.read_text(encoding="utf-8"))["master_key"] != plant.line(host.line).admin_key
    if changed:
        plant.write_supervisor_config(host)
    return changed


def _restart(plant: Plant, host: Host, watch: Watch) -> None:
    """End the supervisor and start it with its first configuration; it then connects to its PLC by itself."""
    processes.stop(processes.SUPERVISOR, plant.supervisor_config(host), patience_s=_HEAL_PATIENCE_S)
    folder = plant.host_dir(host)
    # Where the first start finds these missing it writes them anew, with the right target and PLC entry.
    for path in ("config/plc_connections.json", "home/.config/twincat_smarthome/twincat_config.json"):
        (folder / path).unlink(missing_ok=True)
    start_supervisor(plant, host, watch)
