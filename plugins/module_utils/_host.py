# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own view: the supervisor's process, its listening socket, and the path to the PLC.

Opens no TCP connection to port 48898: from a supervisor's own address only the supervisor may (DESIGN §7.2).
Private to this collection.
"""

from __future__ import annotations

import http.client
import os
import typing as t
from dataclasses import asdict
from urllib.parse import urlsplit

from ._ads_wire import identify
from ._errors import LineopsError

ADS_TCP_PORT = 48898
#: Socket states of the supervisor towards the PLC, the most telling first.
_TCP_SIGNALS = (("SYN_SENT", "syn_sent"), ("ESTABLISHED", "established"))
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def look(url: str, supervisor_dir: str | None, plc: t.Mapping[str, t.Any] | None, *, timeout: float) -> dict[str, t.Any]:
    """Return the host's view: {"supervisor": {...}, "plc": {...}, "not_observed": [...]}.

    url: the supervisor's base URL; supervisor_dir: its working directory, to find a process that listens elsewhere;
    plc: {"ip_address", "local_ip"} or None; timeout: seconds for each question asked.
    Raises LineopsError (library.missing) without psutil.
    """
    psutil = _psutil()
    not_observed: list[str] = []
    sockets = _sockets(psutil, not_observed)
    pid = _listener(sockets, url)
    if pid is None:
        pid = _by_directory(psutil, supervisor_dir)
    view = {"supervisor": _supervisor(psutil, sockets, pid, timeout), "not_observed": not_observed}
    if plc:
        identity = identify(plc["ip_address"], local_ip=plc.get("local_ip"), timeout=timeout)
        view["plc"] = {
            "tcp": _tcp_signal(sockets, pid, plc["ip_address"]),
            "identity": asdict(identity) if identity else None,
        }
    return view


def _psutil() -> t.Any:
    try:
        import psutil
    except ImportError as error:
        raise LineopsError(
            "library.missing", "The Python library psutil is not installed on this host.",
            "Install python3-psutil there, or set lineops_host_access: false.") from error
    return psutil


def _sockets(psutil: t.Any, not_observed: list[str]) -> list[t.Any]:
    try:
        sockets = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, OSError):
        not_observed.append("socket table (no permission)")
        return []
    if os.geteuid() != 0:
        not_observed.append("owners of other users' sockets (not root)")
    return sockets


def _listener(sockets: t.Iterable[t.Any], url: str) -> int | None:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for entry in sockets:
        if entry.status == "LISTEN" and entry.laddr.port == port and entry.laddr.ip in (parts.hostname, *_EVERY_ADDRESS):
            return entry.pid
    return None


def _by_directory(psutil: t.Any, supervisor_dir: str | None) -> int | None:
    """Find the supervisor by its working directory; its ffmpeg children share it, so the oldest process wins."""
    if not supervisor_dir:
        return None
    wanted = os.path.realpath(supervisor_dir)
    found = [process for process in psutil.process_iter(["cwd", "create_time"]) if process.info["cwd"] == wanted]
    return min(found, key=lambda process: process.info["create_time"]).pid if found else None


def _supervisor(psutil: t.Any, sockets: t.Iterable[t.Any], pid: int | None, timeout: float) -> dict[str, t.Any]:
    if pid is None:
        return {"pid": None, "state": None, "listens": [], "api": "no_listener"}
    listens = sorted({(e.laddr.ip, e.laddr.port) for e in sockets if e.pid == pid and e.status == "LISTEN"})
    answers = any(_answers(_EVERY_ADDRESS.get(ip, ip), port, timeout) for ip, port in listens)
    try:
        state = psutil.Process(pid).status()
    except psutil.Error:
        state = None
    return {
        "pid": pid,
        "state": state,
        "listens": [f"{ip}:{port}" for ip, port in listens],
        "api": "answers" if answers else "silent" if listens else "no_listener",
    }


def _answers(ip: str, port: int, timeout: float) -> bool:
    """Say whether an HTTP server answers there; versioning needs no key and asks nothing of the PLC."""
    connection = http.client.HTTPConnection(ip, port, timeout=timeout)
    try:
        connection.request("GET", "/api/system/versioning")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tcp_signal(sockets: t.Iterable[t.Any], pid: int | None, plc_ip: str) -> str:
    states = {
        entry.status for entry in sockets
        if entry.raddr and entry.raddr.ip == plc_ip and entry.raddr.port == ADS_TCP_PORT and entry.pid in (pid, None)
    }
    return next((signal for status, signal in _TCP_SIGNALS if status in states), "none")
