# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaking the plant at PLC or process level, and putting it right again. No name here is a diagnosis."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import api, cameras, full_disk, keys, processes, ring_faults, stale_files, stream_faults, writers
from .api import Unreachable
from .control import ControlError, ask
from .errors import LabError
from .fault_kind import Fault, one_of
from .look import link_faults, look
from .plant import SYMBOLS, Host, PlcSite, Plant
from .plc.behaviour import LISTINGS, SAME_ADDRESS
from .start import start_plc, start_streams, start_supervisor
from .waiting import Watch

_HEAL_PATIENCE_S = 3.0
_NEXT_LOOK_S = 3.0  #: a supervisor looks at its streams every 2 s


@dataclass(frozen=True)
class _Plc:
    """One of a host's PLCs, to be broken."""

    plant: Plant
    host: Host
    site: PlcSite

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Let its stand-in do an operation."""
        return ask(self.plant.control(self.host, self.site.number), op, **arguments)


def _plc_fault(
    apply: Callable[..., Any], text: str, arguments: Mapping[str, Callable[[str], Any]] | None = None,
    required: frozenset[str] = frozenset(),
) -> Fault:
    """A fault of a PLC; ``apply`` is given a :class:`_Plc`: the host's first, with ``plc=2`` its second."""

    def on_chosen(plant: Plant, host: Host, plc: str = "1", **given: Any) -> None:
        apply(_Plc(plant, host, host.plc(int(plc))), **given)

    return Fault(on_chosen, text, {**(arguments or {}), "plc": one_of("1", "2")}, required)


def _op(op: str, **fixed: Any) -> Callable[..., Any]:
    """Breaking a PLC by one operation of its stand-in."""
    return lambda plc, **arguments: plc.ask(op, **fixed, **arguments)


def _behave(setting: str) -> Callable[..., Any]:
    """Breaking a PLC by another value of one of its settings: that of the only argument."""
    return lambda plc, **arguments: plc.ask("behave", **{setting: next(iter(arguments.values()))})


def _route_entered(plc: _Plc, ams_net_id: str, **arguments: Any) -> None:
    plc.ask("route_add", **{"name": "visitor", "address": plc.host.ads_ip, **arguments}, ams_net_id=ams_net_id)


def _route_removed(plc: _Plc) -> None:
    plc.ask("route_remove", ams_net_id=plc.host.ads_net_id)


def _drop(plc: _Plc, source: str | None = None) -> None:
    plc.ask("drop", source=plc.plant.controller_ip if source == "controller" else source)


def _credentials(plc: _Plc) -> None:
    plc.ask("credentials", username=plc.plant.line(plc.host.line).plc_username, password=secrets.token_urlsafe(18))


def _net_id(plc: _Plc, ams_net_id: str | None = None) -> None:
    # An address of this lab's own block on which nobody listens: who takes the NetId for an address stays in the lab.
    *network, number = plc.site.ip.split(".")
    plc.ask("net_id", ams_net_id=ams_net_id or f"{'.'.join(network)}.{200 + int(number) % 55}.1.1")


def _download(plc: _Plc, namespace: str, new_name: str | None = None) -> None:
    plc.ask("download", namespaces={namespace: new_name})


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


def _remove_package(plant: Plant, host: Host, name: str) -> None:
    """Start the supervisor again where importing a package fails, as in an environment it was never installed into."""
    folder = plant.folder / "config" / f"{host.name}.without"
    folder.mkdir(exist_ok=True)
    missing = f"raise ModuleNotFoundError({f'No module named {name!r}'!r}, name={name!r})\n"
    (folder / f"{name}.py").write_text(missing, encoding="utf-8")
    processes.stop(processes.SUPERVISOR, plant.supervisor_config(host), patience_s=_HEAL_PATIENCE_S)
    start_supervisor(plant, host, Watch(), {"PYTHONPATH": str(folder)})


def disconnect(plant: Plant, host: Host) -> None:
    """Disconnect a supervisor from its PLC through its API."""
    answer = api.call(
        "POST", f"{host.url}/api/plc/disconnect", {}, key=plant.line(host.line).operator_key
    )
    if not answer.ok:
        raise LabError(f"{host.name} did not disconnect: {answer.status} {answer.body}")


def _yes_or_no(text: str) -> bool:
    return one_of("yes", "no")(text) == "yes"


#: Those that break a PLC; every back end has them.
PLC_FAULTS: dict[str, Fault] = {
    "route-removed": _plc_fault(_route_removed, "the PLC forgets the supervisor's route"),
    "route-entered": _plc_fault(
        _route_entered, "somebody enters a route in the PLC (ams_net_id=…, name=…, address=…, temporary=yes, "
        "unidirectional=yes); one with the same name or NetId is replaced",
        {"ams_net_id": str, "name": str, "address": str, "temporary": _yes_or_no, "unidirectional": _yes_or_no},
        frozenset({"ams_net_id"})),
    "same-address": _plc_fault(
        _behave("same_address"),
        f"what a second route to an address does to the first (effect={', '.join(SAME_ADDRESS)})",
        {"effect": one_of(*SAME_ADDRESS)}, frozenset({"effect"})),
    "route-list": _plc_fault(
        _behave("listing"), f"how the PLC lists its routes (kind={', '.join(LISTINGS)})",
        {"kind": one_of(*LISTINGS)}, frozenset({"kind"})),
    "deletes-unanswered": _plc_fault(
        _op("behave", deletes_answered=False), "the PLC deletes routes but the answer gets lost"),
    "cool-down": _plc_fault(
        _behave("cool_down_s"), "after a TCP close the PLC answers that client only after so many seconds",
        {"seconds": float}, frozenset({"seconds"})),
    "net-id-changed": _plc_fault(
        _net_id, "the PLC has another NetId (ams_net_id=…), by default one that is not made of its address",
        {"ams_net_id": str}),
    "program-downloaded": _plc_fault(
        _download, "another PLC program is loaded, without a namespace or with new_name for it (namespace=GVL)",
        {"namespace": str, "new_name": str}, frozenset({"namespace"})),
    "runtime-moved": _plc_fault(
        _op("move_runtime"), "the PLC's program answers on another AMS port (to=852)",
        {"to": int}, frozenset({"to"})),
    "hang": _plc_fault(
        _op("hang"), "the PLC accepts TCP and answers nothing, or one of TCP and UDP is silent (part=tcp or udp)",
        {"part": one_of("tcp", "udp")}),
    "refuse": _plc_fault(_op("refuse"), "the PLC's ports are closed, connections reset"),
    "drop": _plc_fault(
        _drop, "packets to the PLC are lost: all, or those from one address (source=controller, source=IP)",
        {"source": str}),
    "slow": _plc_fault(_op("slow"), "the PLC answers late", {"seconds": float}, frozenset({"seconds"})),
    "reboot": _plc_fault(
        _op("reboot"), "the PLC goes down and comes back by itself after down_s seconds", {"down_s": float}),
    "plc-state": _plc_fault(
        _op("state"), "the PLC goes to a state (value=RUN, STOP, CONFIG or EXCEPTION), or only what answers on an AMS "
        "port does (port=10000 is TwinCAT itself)",
        {"value": one_of("RUN", "STOP", "CONFIG", "EXCEPTION"), "port": int}, frozenset({"value"})),
    "credentials-changed": _plc_fault(_credentials, "the PLC's password is another one"),
    "refusal-layout": _plc_fault(
        _op("refusal_layout"), "how the PLC answers a refused login (layout=documented or shifted)",
        {"layout": one_of("documented", "shifted")}, frozenset({"layout"})),
}
FAULTS: dict[str, Fault] = PLC_FAULTS | {
    "supervisor-stopped": Fault(_signal(signal.SIGTERM), "the supervisor ends (SIGTERM)"),
    "supervisor-killed": Fault(_signal(signal.SIGKILL), "the supervisor ends (SIGKILL)"),
    "supervisor-frozen": Fault(_freeze, "the supervisor stands still (SIGSTOP)"),
    "key-revoked": Fault(
        _revoke, "a key of the inventory is no longer valid (level=operator, or admin: that restarts the supervisor)",
        {"level": one_of("operator", "admin")}, frozenset({"level"})),
    "package-removed": Fault(
        _remove_package, "a Python package is no longer in the supervisor's environment, found out at its restart "
        "(name=pyads)", {"name": one_of("pyads")}, frozenset({"name"})),
    "plc-disconnected": Fault(disconnect, "somebody disconnects the supervisor from its PLC"),
} | stream_faults.faults(writers.WRITERS) | stream_faults.of_streaming(full_disk.FAULTS) | stale_files.FAULTS | ring_faults.FAULTS


def fault(plant: Plant, host: Host, name: str, words: list[str], faults: Mapping[str, Fault] = FAULTS) -> str:
    """Apply a fault to a host; return what it has to say about itself, mostly nothing.

    :param words: its arguments as ``key=value``. :param faults: those of the plant's back end.
    :raises LabError: unknown fault or argument, or the plant would not break that way.
    """
    if name not in faults:
        raise LabError(f"unknown fault {name!r}; there are {', '.join(faults)}")
    chosen = faults[name]
    arguments = dict(_argument(name, chosen, word) for word in words)
    if missing := chosen.required - set(arguments):
        raise LabError(f"fault {name} needs {', '.join(f'{key}=…' for key in sorted(missing))}")
    try:
        said = chosen.apply(plant, host, **arguments)
    except (ControlError, Unreachable) as error:
        raise LabError(f"{host.name}: {error}") from None
    return said if isinstance(said, str) else ""


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
    cut_off = cameras.heal(plant, host, watch)
    if full_disk.heal(plant, host):  # what the streams had written before is no ffmpeg's any more, and goes with their stop
        cut_off = list(plant.cameras(host))
    heal_plcs(plant, host, watch)
    processes.tell(processes.SUPERVISOR, plant.supervisor_config(host), signal.SIGCONT)
    writers.heal(plant, host)
    stream_faults.heal(plant, host)
    stale_files.heal(plant, host)
    ring_faults.heal(plant, host)
    keys_changed = _restore_master_key(plant, host)
    keys.restore(plant, host)
    patience_s = _NEXT_LOOK_S if plant.streaming else 0.0
    if keys_changed or stream_faults.memory(plant, host) or stays(lambda: _faults(plant, host), watch, patience_s):
        _restart(plant, host, watch)
        watch.wait(lambda: not _faults(plant, host), f"{host.name} is healthy again, its streams aside")
    start_streams(plant, host, cut_off)
    watch.wait(lambda: look(plant, host).healthy, f"{host.name} is healthy again")


def _faults(plant: Plant, host: Host) -> list[str]:
    """What keeps a host from counting as healthy, its streams aside; the cheap look first."""
    if not look(plant, host).runs:
        return ["it does not look healthy"]
    return link_faults(plant, host)


def stays(trouble: Callable[[], list[str]], watch: Watch, patience_s: float = _NEXT_LOOK_S) -> bool:
    """Is there trouble, and not only until a supervisor's next look at its streams?

    An ffmpeg that has just ended, its source being another one, is trouble until then (quirk 20).
    """
    try:
        return not watch.wait(lambda: not trouble(), "no trouble", patience_s, 0.5)
    except LabError:
        return True


def heal_plcs(plant: Plant, host: Host, watch: Watch) -> None:
    """Bring a host's PLCs back to how they were right after ``up``."""
    for site in host.plcs:
        _heal_plc(_Plc(plant, host, site), watch)


def _heal_plc(plc: _Plc, watch: Watch) -> None:
    plant, host, number = plc.plant, plc.host, plc.site.number
    if not processes.find(processes.PLC, plant.plc_config(host, number)):
        start_plc(plant, host, watch, number)
    plc.ask("heal")
    watch.wait(lambda: plc.ask("status")["mode"] == "normal", f"the PLC {plc.site.name} of {host.name} is back")
    plc.ask("restore")
    for route in plc.ask("routes")["routes"]:
        if any(route[key] != value for key, value in host.route.items()):
            plc.ask("route_remove", name=route["name"])
    plc.ask("route_add", **host.route)
    for name, symbol in SYMBOLS.items():
        plc.ask("write", name=name, value=symbol["value"])


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
    writers.heal(plant, host)
    folder = plant.host_dir(host)
    # Where the first start finds these missing it writes them anew, with the right target, PLC entry and cameras.
    for path in ("config/plc_connections.json", "config/cameras.json", "home/.config/twincat_smarthome/twincat_config.json"):
        (folder / path).unlink(missing_ok=True)
    start_supervisor(plant, host, watch)
