# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own view: the supervisor's process, its listening socket, and the path to the PLC.

Opens no TCP connection to port 48898: from a supervisor's own address only the supervisor may (DESIGN §7.2).
Private to this collection.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import typing as t
from dataclasses import asdict
from urllib.parse import urlsplit

from ._ads_frames import connect_address
from ._ads_wire import identify
from ._errors import AdsError
from ._host_processes import load_psutil
from ._host_texts import port_of

ADS_TCP_PORT = 48898
_MAX_BODY = 65536
#: Socket states of the supervisor towards the PLC, the most telling first.
_TCP_SIGNALS = (("SYN_SENT", "syn_sent"), ("ESTABLISHED", "established"))
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def look(
    url: str, supervisor_dir: str | None, plc: t.Mapping[str, t.Any] | None, *, timeout: float, main_pid: int | None = None
) -> dict[str, t.Any]:
    """Return the host's view: {"supervisor": {...}, "plc": {...}, "not_observed": [...]}.

    url: the supervisor's base URL; supervisor_dir: its working directory, to find a process that listens elsewhere;
    main_pid: that of its unit, which is the supervisor where nothing listens, as while a silent PLC blocks its start
    (SUPERVISOR_SYSTEMD 26);
    plc: {"ip_address", "ams_net_id", "local_ip"}, only the first is needed, or None; timeout: seconds for each question
    asked. "plc" has "net_id_address" where the supervisor connects to another address than the PLC's: the same of that.
    Raises LineopsError (library.missing) without psutil.
    """
    psutil = load_psutil()
    not_observed: list[str] = []
    sockets = _sockets(psutil, not_observed)
    listeners = _listeners(sockets or [], url)
    pid = next((entry.pid for entry in listeners if entry.pid is not None), None)
    if pid is None and not listeners:
        pid = main_pid or _by_directory(psutil, supervisor_dir)
    listens = _addresses([*listeners, *_held_by(pid, sockets or [])])
    view: dict[str, t.Any] = {
        "supervisor": {
            "pid": pid,
            "state": _state(psutil, pid),
            "listens": [f"{ip}:{port}" for ip, port in listens],
            "api": None if sockets is None else _api_signal(url, listens, timeout),
        },
        "not_observed": not_observed,
    }
    if plc:
        def towards(ip: str) -> dict[str, t.Any]:
            identity = identify(ip, local_ip=plc.get("local_ip"), timeout=timeout)
            return {
                "tcp": None if sockets is None else _tcp_signal(sockets, pid, ip),
                "identity": asdict(identity) if identity else None,
            }

        try:
            view["plc"] = towards(plc["ip_address"])
            connects_to = connect_address(plc.get("ams_net_id"))
            if connects_to and connects_to != plc["ip_address"]:
                view["plc"]["net_id_address"] = {"ip_address": connects_to, **towards(connects_to)}
        except AdsError as error:
            # The address of a supervisor in a container need not be one of its host.
            if error.code != "ads.local_address":
                raise
            not_observed.append(f"the way to the PLC (this machine has not got {plc['local_ip']})")
    return view


def _sockets(psutil: t.Any, not_observed: list[str]) -> list[t.Any] | None:
    """Return the TCP sockets of the host, or None if they cannot be seen; without root many have no owner (pid None)."""
    try:
        sockets = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, OSError):
        not_observed.append("socket table (no permission)")
        return None
    if os.geteuid() != 0:
        not_observed.append("owners of other users' sockets (not root)")
    return sockets


def _listeners(sockets: t.Iterable[t.Any], url: str) -> list[t.Any]:
    """Return the sockets that listen where the inventory says, whoever owns them."""
    parts, port = urlsplit(url), port_of(url)
    found = [entry for entry in sockets if entry.status == "LISTEN" and entry.laddr.port == port]
    exact = [entry for entry in found if entry.laddr.ip == parts.hostname]
    return exact or [entry for entry in found if entry.laddr.ip in _EVERY_ADDRESS]


def _held_by(pid: int | None, sockets: t.Iterable[t.Any]) -> list[t.Any]:
    return [entry for entry in sockets if pid is not None and entry.pid == pid and entry.status == "LISTEN"]


def _addresses(sockets: t.Iterable[t.Any]) -> list[tuple[str, int]]:
    return sorted({(entry.laddr.ip, entry.laddr.port) for entry in sockets})


def _by_directory(psutil: t.Any, supervisor_dir: str | None) -> int | None:
    """Find the supervisor by its working directory; its ffmpeg children share it, so the oldest process wins."""
    if not supervisor_dir:
        return None
    wanted = os.path.realpath(supervisor_dir)
    found = [process for process in psutil.process_iter(["cwd", "create_time"]) if process.info["cwd"] == wanted]
    return min(found, key=lambda process: process.info["create_time"]).pid if found else None


def _state(psutil: t.Any, pid: int | None) -> str | None:
    try:
        return None if pid is None else psutil.Process(pid).status()
    except psutil.Error:
        return None


def _api_signal(url: str, listens: t.Sequence[tuple[str, int]], timeout: float) -> str:
    if any(_answers(url, _EVERY_ADDRESS.get(ip, ip), port, timeout) for ip, port in listens):
        return "answers"
    return "silent" if listens else "no_listener"


def _answers(url: str, ip: str, port: int, timeout: float) -> bool:
    """Say whether the supervisor answers there; versioning needs no key and asks nothing of the PLC (SUPERVISOR_API §2).

    A status 200 alone is any web server's.
    """
    connection = _connection(url, ip, port, timeout)
    try:
        connection.request("GET", "/api/system/versioning")
        response = connection.getresponse()
        body = json.loads(response.read(_MAX_BODY))
        return response.status == 200 and isinstance(body, dict) and "current_major" in body
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(url: str, ip: str, port: int, timeout: float) -> http.client.HTTPConnection:
    """Make a connection; with TLS the certificate is not looked at, since it is for the URL's name and no secret is sent."""
    if not url.startswith("https:"):
        return http.client.HTTPConnection(ip, port, timeout=timeout)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(ip, port, timeout=timeout, context=context)


def _tcp_signal(sockets: t.Iterable[t.Any], pid: int | None, plc_ip: str) -> str:
    states = {
        entry.status for entry in sockets
        if entry.raddr and entry.raddr.ip == plc_ip and entry.raddr.port == ADS_TCP_PORT and entry.pid in (pid, None)
    }
    return next((signal for status, signal in _TCP_SIGNALS if status in states), "none")
