# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is there, and does the path work: UDP identify and one AMS/TCP exchange (private to this collection).

Standard library only. The bytes are made and read in ``_ads_frames``, whose public names are also found here.
Nothing is sent but whole datagrams and whole frames.

A TwinCAT router keeps one TCP connection per client address, the newest (ADS_FACTS §5, DESIGN §7.2): call
:func:`probe` from the controller's own address only, one task per PLC at a time. :func:`identify` is safe at any time.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import time
import typing as t
from dataclasses import dataclass

from ._ads_frames import (
    COMMAND_DEVICE_INFO,
    FLAG_RESPONSE,
    FLAGS_REQUEST,
    SERVICE_ADD_ROUTE,
    SERVICE_IDENTIFY,
    TAG_FINGERPRINT,
    TAG_HOST,
    TAG_OS,
    TAG_TWINCAT,
    UDP_RESPONSE,
    Datagram,
    Frame,
    add_route_request,
    ads_error_text,
    build_datagram,
    build_frame,
    frame_length,
    identify_request,
    net_id_from_bytes,
    net_id_to_bytes,
    os_text,
    parse_add_route_result,
    parse_datagram,
    parse_device_info,
    parse_frame,
    plain_text,
    twincat_version,
    valid_net_id,
)
from ._errors import AdsError

__all__ = [
    "SERVICE_ADD_ROUTE",
    "SERVICE_IDENTIFY",
    "Datagram",
    "Frame",
    "Identity",
    "ProbeResult",
    "add_route_request",
    "ads_error_text",
    "build_datagram",
    "build_frame",
    "identify",
    "identify_request",
    "net_id_from_bytes",
    "net_id_to_bytes",
    "parse_add_route_result",
    "parse_datagram",
    "parse_frame",
    "probe",
    "valid_net_id",
]

TCP_PORT = 48898
UDP_PORT = 48899
# Any port of ours: the answer comes back on the same connection.
_SOURCE_AMS_PORT = 30000
# How long the true answer may still follow after a frame that is not it (a router that sends the request back).
_FOREIGN_FRAME_GRACE_S = 0.5

_SENTENCES = {
    "ok": "The PLC runtime answered: {device} on AMS port {port}.",
    "closed": "The router at {ip} closed the connection: no usable route for NetId {local_net_id} from IP {local_ip}, "
    "or another client on {local_ip} took over.",
    "reset": "The router at {ip} reset the connection: no usable route for NetId {local_net_id} from IP {local_ip}, "
    "or its router is just restarting.",
    "refused": "{ip} refuses TCP port 48898: TwinCAT is not running there, or plain ADS is switched off.",
    "filtered": "{ip} does not answer on TCP port 48898 from here: wrong address, device off, or a firewall.",
    "port_unknown": "The router at {ip} answered that AMS port {port} does not exist: PLC runtime not started, "
    "TwinCAT in CONFIG, or wrong port.",
    "net_id_unknown": "The router at {ip} answered that NetId {net_id} is unknown to it: wrong NetId for this address.",
    "ads_error": "The PLC at {ip} answered with ADS error {error}.",
    "silent": "The router at {ip} accepted the connection and then sent no answer within {timeout:g} s.",
    "garbled": "What answers at {ip} on TCP port 48898 does not speak ADS properly: {detail}",
}
_HEADER_ERRORS = {6: "port_unknown", 7: "net_id_unknown"}


@dataclass(frozen=True)
class Identity:
    """What a router tells about itself by UDP. Texts may be empty; ``latency_s`` in seconds since the first request."""

    ams_net_id: str
    host_name: str
    twincat_version: str
    os_text: str
    fingerprint: str
    latency_s: float


@dataclass(frozen=True)
class ProbeResult:
    """Outcome of one probe. ``outcome`` is one of the keys listed at :func:`probe`; ``latency_s`` in seconds."""

    outcome: str
    sentence: str
    device_name: str
    device_version: str
    ads_error: t.Optional[int]
    latency_s: float
    ip: str
    ams_net_id: str
    ams_port: int
    local_ip: str
    local_ams_net_id: str


@dataclass
class _Answer:
    """What one exchange came to, before words are made of it."""

    outcome: str
    device_name: str = ""
    device_version: str = ""
    ads_error: t.Optional[int] = None
    detail: str = ""


def identify(
    ip: str, *, local_ip: t.Optional[str] = None, timeout: float = 1.0, attempts: int = 2
) -> t.Optional[Identity]:
    """Ask the router at ``ip`` who it is, by UDP 48899 (ADS_FACTS §1). Needs no route and no credentials.

    Only an answer from ``ip`` port 48899 with our random invoke id and the right service counts.

    :arg local_ip: own address to send from. :arg timeout: seconds to wait per attempt. :arg attempts: datagrams sent.
    :returns: None when nothing usable came: wrong address, UDP 48899 blocked or discovery switched off.
    :raises AdsError: "ads.address_invalid", "ads.local_address".
    """
    check_address(ip)
    invoke_id = secrets.randbits(32)
    request = identify_request(invoke_id)
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        bind_local(sock, local_ip)
        try:
            # Connected: the kernel drops datagrams of other senders and tells when nobody listens.
            sock.connect((ip, UDP_PORT))
        except OSError:
            return None
        for dummy in range(max(1, attempts)):
            datagram = _ask_once(sock, request, invoke_id, time.monotonic() + timeout)
            if datagram is not None:
                return _identity(datagram, time.monotonic() - began)
    return None


def probe(
    ip: str,
    ams_net_id: str,
    ams_port: int,
    *,
    local_ip: t.Optional[str] = None,
    local_ams_net_id: t.Optional[str] = None,
    connect_timeout: float = 1.0,
    timeout: float = 2.0,
) -> ProbeResult:
    """Tell how far one ReadDeviceInfo gets on a connection of its own (ADS_FACTS §3, §5, §12).

    ReadDeviceInfo and not ReadState, since a unidirectional route lets ReadState through. The answer must carry our
    random invoke id and the response flag. A probe speaks for the place it runs on only (DESIGN §7.3).

    Outcomes: ``ok``; ``closed`` no usable route, or another client of our address took over; ``reset``; ``refused``;
    ``filtered`` connect timed out or unreachable; ``port_unknown`` AMS header error 6; ``net_id_unknown`` header error
    7; ``ads_error`` any other code; ``silent`` accepted, no answer; ``garbled`` not ADS, cut short, or our own request.

    :arg local_ip: own address to connect from; :arg local_ams_net_id: own NetId, by default own address + ".1.1".
    :arg connect_timeout: seconds for the TCP connection; :arg timeout: seconds for the whole answer.
    :raises AdsError: "ads.address_invalid", "ads.net_id_invalid", "ads.value_invalid", "ads.local_address".
    """
    check_address(ip)
    for net_id in (ams_net_id, *([local_ams_net_id] if local_ams_net_id else [])):
        net_id_to_bytes(net_id)
    if isinstance(ams_port, bool) or not isinstance(ams_port, int) or not 0 < ams_port < 65536:
        raise AdsError("ads.value_invalid", f"{ams_port!r} is not an AMS port.", "A number from 1 to 65535.")
    own_ip = local_ip or ""
    own_net_id = local_ams_net_id or (f"{local_ip}.1.1" if local_ip else "")
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        bind_local(sock, local_ip)
        outcome = open_connection(sock, ip, connect_timeout)
        if outcome is None:
            own_ip = sock.getsockname()[0]
            own_net_id = own_net_id or f"{own_ip}.1.1"
            request = Frame(
                ams_net_id,
                ams_port,
                own_net_id,
                _SOURCE_AMS_PORT,
                COMMAND_DEVICE_INFO,
                FLAGS_REQUEST,
                0,
                secrets.randbits(32),
            )
            answer = _ask_device_info(sock, request, time.monotonic() + timeout)
        else:
            answer = _Answer(outcome)
    words = {
        "ip": ip,
        "net_id": ams_net_id,
        "port": ams_port,
        "local_ip": own_ip or "this machine",
        "local_net_id": own_net_id,
        "timeout": timeout,
        "device": f"{answer.device_name or 'unnamed device'} {answer.device_version}".strip(),
        "error": "" if answer.ads_error is None else ads_error_text(answer.ads_error),
        "detail": answer.detail,
    }
    return ProbeResult(
        answer.outcome,
        _SENTENCES[answer.outcome].format(**words),
        answer.device_name,
        answer.device_version,
        answer.ads_error,
        round(time.monotonic() - began, 6),
        ip,
        ams_net_id,
        ams_port,
        own_ip,
        own_net_id,
    )


def check_address(ip: str) -> None:
    try:
        ipaddress.IPv4Address(ip)
    except ValueError:
        raise AdsError("ads.address_invalid", f"{ip!r} is not an IPv4 address.", "TwinCAT routes need one.") from None


def bind_local(sock: socket.socket, local_ip: t.Optional[str]) -> None:
    if not local_ip:
        return
    try:
        sock.bind((local_ip, 0))
    except (OSError, TypeError, ValueError):
        raise AdsError(
            "ads.local_address",
            f"This machine does not have the address {local_ip!r}, from which it should speak ADS.",
            "Correct lineops_controller_ads.local_ip, or run on the machine that has it.",
        ) from None


def _ask_once(sock: socket.socket, request: bytes, invoke_id: int, deadline: float) -> t.Optional[Datagram]:
    """Send once and wait for the one answer that is ours; anything else is passed over until the deadline."""
    try:
        sock.send(request)
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                datagram = parse_datagram(sock.recv(65535))
            except AdsError:
                continue
            if datagram.invoke_id == invoke_id and datagram.service == SERVICE_IDENTIFY | UDP_RESPONSE:
                return datagram
    except OSError:
        # Timed out, nobody listens, or unreachable: all mean "no answer".
        pass
    return None


def _identity(datagram: Datagram, latency_s: float) -> Identity:
    return Identity(
        datagram.ams_net_id,
        plain_text(datagram.tag(TAG_HOST)),
        twincat_version(datagram.tag(TAG_TWINCAT)),
        os_text(datagram.tag(TAG_OS)),
        plain_text(datagram.tag(TAG_FINGERPRINT)),
        round(latency_s, 6),
    )


def open_connection(sock: socket.socket, ip: str, connect_timeout: float) -> t.Optional[str]:
    """Outcome of a connection that failed, or None."""
    sock.settimeout(connect_timeout)
    try:
        sock.connect((ip, TCP_PORT))
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except OSError:
        # Time-out, no route to host, network unreachable, a local firewall's "not permitted".
        return "filtered"
    return None


class NoAnswer(Exception):
    """An exchange ended without our answer. ``outcome``: closed, reset, silent or garbled; ``detail`` says more."""

    def __init__(self, outcome: str, detail: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.detail = detail


def exchange(sock: socket.socket, request: Frame, deadline: float) -> Frame:
    """Send one frame, whole, and return its answer: our invoke id, our command, the response flag.

    :arg deadline: time.monotonic() at which waiting ends.
    :raises NoAnswer: for every other ending.
    """
    received = b""
    foreign = ""
    outcome = "silent"
    try:
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        sock.sendall(build_frame(request))
        while True:
            size = frame_length(received)
            if size is not None and len(received) >= size:
                frame, received = parse_frame(received[:size]), received[size:]
                foreign = _why_foreign(frame, request)
                if not foreign:
                    return frame
                deadline = min(deadline, time.monotonic() + _FOREIGN_FRAME_GRACE_S)
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if size is None or len(received) < size:
                sock.settimeout(left)
                chunk = sock.recv(65536)
                if not chunk:
                    outcome = "closed"
                    break
                received += chunk
    except AdsError as error:
        raise NoAnswer("garbled", error.message) from None
    except ConnectionResetError:
        outcome = "reset"
    except BrokenPipeError:
        # Linux reports this when the reset came after an orderly end.
        outcome = "closed"
    except OSError:
        pass
    if foreign:
        raise NoAnswer("garbled", foreign)
    if received:
        raise NoAnswer("garbled", "The answer ended in the middle of an ADS frame.")
    raise NoAnswer(outcome)


def _why_foreign(frame: Frame, request: Frame) -> str:
    """Why a frame is not the answer to the request, or "" if it is."""
    if not frame.flags & FLAG_RESPONSE:
        return "It sent a request back instead of an answer."
    if frame.invoke_id != request.invoke_id or frame.command != request.command:
        return "It answered a request that was not ours."
    return ""


def _ask_device_info(sock: socket.socket, request: Frame, deadline: float) -> _Answer:
    try:
        frame = exchange(sock, request, deadline)
        if frame.error:
            return _Answer(_HEADER_ERRORS.get(frame.error, "ads_error"), ads_error=frame.error)
        result, name, version = parse_device_info(frame.data)
    except NoAnswer as end:
        return _Answer(end.outcome, detail=end.detail)
    except AdsError as error:
        return _Answer("garbled", detail=error.message)
    return _Answer("ads_error", ads_error=result) if result else _Answer("ok", name, version)
