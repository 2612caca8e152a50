# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AMS frames and UDP datagrams as bytes: pure functions, standard library only (private to this collection).

Source of fact: ADS_FACTS §1 (UDP 48899), §3 (AMS/TCP), §8 (error codes). All integers are little-endian.
Arbitrary bytes give a value or AdsError "ads.garbled", never anything else, and take time linear in their length.
"""

from __future__ import annotations

import re
import struct
import typing as t
from dataclasses import dataclass

from ._errors import AdsError

UDP_COOKIE = 0x71146603
UDP_RESPONSE = 0x80000000
SERVICE_IDENTIFY = 1
SERVICE_ADD_ROUTE = 6
TAG_STATUS, TAG_PASSWORD, TAG_TWINCAT, TAG_OS, TAG_HOST, TAG_NET_ID = 1, 2, 3, 4, 5, 7
TAG_OPTIONS, TAG_ROUTE_NAME, TAG_USER, TAG_FINGERPRINT = 9, 12, 13, 18
ROUTE_TEMPORARY = 1

COMMAND_DEVICE_INFO = 1
FLAG_RESPONSE = 0x0001
FLAGS_REQUEST = 0x0004
# Larger than any answer we ask for; a length beyond it is garbage.
MAX_AMS_LENGTH = 65536

# Longest route name and address of TwinCAT's own function blocks (ADS_FACTS §2), and what fits into one packet.
MAX_NAME, MAX_ADDRESS, _MAX_DATAGRAM = 31, 79, 1400

# ADS states by number (ADS_FACTS §7).
ADS_STATES = (
    "INVALID", "IDLE", "RESET", "INIT", "START", "RUN", "STOP", "SAVECFG", "LOADCFG", "POWERFAILURE", "POWERGOOD", "ERROR",
    "SHUTDOWN", "SUSPEND", "RESUME", "CONFIG", "RECONFIG", "STOPPING", "INCOMPATIBLE", "EXCEPTION",
)

_UDP_HEADER = struct.Struct("<III6sHI")
_TAG_HEADER = struct.Struct("<HH")
_TCP_HEADER = struct.Struct("<HI")
_AMS_HEADER = struct.Struct("<6sH6sHHHIII")
_DEVICE_INFO = struct.Struct("<BBH16s")
_NET_ID = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){5}(?:0|[1-9][0-9]{0,2})")

_ADS_ERRORS = {
    6: "target AMS port not found",
    7: "target NetId not known to that router",
    13: "port not connected",
    18: "port disabled",
    27: "host unreachable",
    0x502: "mailbox full",
    0x506: "AMS port or route already in use",
    0x701: "service not supported",
    0x702: "index group not supported",
    0x703: "index offset not supported",
    0x704: "reading or writing not permitted, or wrong user or password",
    0x705: "size not correct",
    0x706: "value not valid",
    0x707: "device not ready",
    0x708: "device busy",
    0x70C: "not found",
    0x710: "symbol not found",
    0x711: "symbol version changed",
    0x712: "device in a state that does not allow this",
    0x718: "device not initialised",
    0x719: "device time-out",
    0x723: "access denied",
    0x724: "licence missing",
    0x745: "no answer in time",
    0x748: "local AMS port not open",
}
_PLATFORMS = {0: "TwinCAT/BSD", 1: "TwinCAT/RTOS", 2: "Windows NT", 3: "Windows CE"}


@dataclass(frozen=True)
class Datagram:
    """One UDP 48899 datagram; ``tags`` in wire order, (id, content)."""

    service: int
    invoke_id: int
    ams_net_id: str
    ams_port: int
    tags: tuple[tuple[int, bytes], ...] = ()

    def tag(self, tag_id: int) -> t.Optional[bytes]:
        """The content of the first tag with that id, or None."""
        return next((content for number, content in self.tags if number == tag_id), None)


@dataclass(frozen=True)
class Frame:
    """One AMS/TCP frame."""

    target_net_id: str
    target_port: int
    source_net_id: str
    source_port: int
    command: int
    flags: int
    error: int
    invoke_id: int
    data: bytes = b""


def ads_error_text(code: int) -> str:
    """``1808 (0x710, symbol not found)``: an ADS error for a sentence (ADS_FACTS §8)."""
    text = _ADS_ERRORS.get(code)
    return f"{code} ({code:#x}{', ' + text if text else ''})"


def valid_net_id(text: t.Any) -> bool:
    """True for six decimal numbers 0..255 joined by dots, without signs, blanks or leading zeros."""
    return isinstance(text, str) and _NET_ID.fullmatch(text) is not None and all(int(p) < 256 for p in text.split("."))


def connect_address(ams_net_id: t.Any) -> t.Optional[str]:
    """The address a supervisor connects to: the first four numbers of the PLC's NetId (SUPERVISOR_API quirk 3).

    The PLC's own address may be another one. None for what is no NetId.
    """
    return ".".join(ams_net_id.split(".")[:4]) if valid_net_id(ams_net_id) else None


def net_id_to_bytes(text: str) -> bytes:
    """Six bytes of a NetId. :raises AdsError: "ads.net_id_invalid"."""
    if not valid_net_id(text):
        raise AdsError(
            "ads.net_id_invalid", f"{text!r} is not an AMS NetId.", "Six numbers from 0 to 255, joined by dots."
        )
    return bytes(int(part) for part in text.split("."))


def net_id_from_bytes(data: bytes) -> str:
    """Text of a NetId's six bytes."""
    return ".".join(str(part) for part in data)


def build_datagram(datagram: Datagram) -> bytes:
    """Bytes of a UDP 48899 datagram. :raises AdsError: "ads.net_id_invalid", "ads.value_invalid"."""
    try:
        tags = b"".join(_TAG_HEADER.pack(number, len(content)) + content for number, content in datagram.tags)
        header = _UDP_HEADER.pack(
            UDP_COOKIE,
            datagram.invoke_id,
            datagram.service,
            net_id_to_bytes(datagram.ams_net_id),
            datagram.ams_port,
            len(datagram.tags),
        )
    except struct.error:
        raise AdsError("ads.value_invalid", "A number or text is too large for an ADS datagram.") from None
    return header + tags


def parse_datagram(data: bytes) -> Datagram:
    """A UDP 48899 datagram, tags walked within bounds; bytes after the last tag are ignored (4026 sends more).

    :raises AdsError: "ads.garbled".
    """
    if len(data) < _UDP_HEADER.size:
        raise garbled(f"The datagram has {len(data)} bytes, fewer than its header.")
    cookie, invoke_id, service, net_id, port, count = _UDP_HEADER.unpack_from(data)
    if cookie != UDP_COOKIE:
        raise garbled("The datagram does not begin like one of TwinCAT's.")
    tags: list[tuple[int, bytes]] = []
    offset = _UDP_HEADER.size
    # The count is hostile until proven: every round consumes at least four bytes or ends.
    while len(tags) < count:
        begin = offset + _TAG_HEADER.size
        if begin > len(data):
            raise garbled(f"The datagram announces {count} tags and ends within number {len(tags) + 1}.")
        number, length = _TAG_HEADER.unpack_from(data, offset)
        offset = begin + length
        if offset > len(data):
            raise garbled(f"Tag {number} of the datagram is longer than the datagram.")
        tags.append((number, data[begin:offset]))
    return Datagram(service, invoke_id, net_id_from_bytes(net_id), port, tuple(tags))


def identify_request(invoke_id: int) -> bytes:
    """The 24 bytes that ask a router who it is; sender NetId and port do not matter to it (ADS_FACTS §1)."""
    return build_datagram(Datagram(SERVICE_IDENTIFY, invoke_id, "0.0.0.0.1.1", 0))


def add_route_request(
    ams_net_id: str,
    address: str,
    route_name: str,
    username: str,
    password: str,
    *,
    temporary: bool = False,
    sender_port: int = 10000,
    invoke_id: int = 0,
) -> bytes:
    """The datagram that asks a router to add a route to us. The password is in clear text on the wire.

    :arg ams_net_id: NetId the router shall know; :arg address: IP or host name under which it reaches that NetId.
    :arg temporary: the route is gone after a restart of the router.
    :raises AdsError: "ads.net_id_invalid", "ads.value_invalid" (empty, not printable ASCII, over 31 characters for the
        name or 79 for the address, datagram over 1400 bytes). Nothing half-built is ever returned: old routers crash
        on it (CVE-2019-5636), and pyads desynchronises its tags on non-ASCII text (ADS_FACTS §4 trap 2).
    """
    texts = (
        (TAG_ROUTE_NAME, "route name", route_name, 1, MAX_NAME),
        (TAG_USER, "user name", username, 1, _MAX_DATAGRAM),
        (TAG_PASSWORD, "password", password, 0, _MAX_DATAGRAM),
        (TAG_HOST, "address", address, 1, MAX_ADDRESS),
    )
    tags = [(number, c_string(what, text, least, most)) for number, what, text, least, most in texts]
    # The order adstool, pyads and ads-async use.
    tags.insert(1, (TAG_NET_ID, net_id_to_bytes(ams_net_id)))
    if temporary:
        tags.append((TAG_OPTIONS, struct.pack("<I", ROUTE_TEMPORARY)))
    datagram = build_datagram(Datagram(SERVICE_ADD_ROUTE, invoke_id, ams_net_id, sender_port, tuple(tags)))
    if len(datagram) > _MAX_DATAGRAM:
        raise AdsError("ads.value_invalid", "User name and password together are too long for one ADS datagram.")
    return datagram


def parse_add_route_result(datagram: Datagram) -> int:
    """The ADS code of an add-route answer: 0 added, 0x704 wrong user or password. :raises AdsError: "ads.garbled"."""
    status = datagram.tag(TAG_STATUS)
    if datagram.service != SERVICE_ADD_ROUTE | UDP_RESPONSE or status is None or len(status) != 4:
        raise garbled("The answer to add route carries no result.")
    return int.from_bytes(status, "little")


def build_frame(frame: Frame) -> bytes:
    """Bytes of an AMS/TCP frame. :raises AdsError: "ads.net_id_invalid", "ads.value_invalid"."""
    try:
        header = _AMS_HEADER.pack(
            net_id_to_bytes(frame.target_net_id),
            frame.target_port,
            net_id_to_bytes(frame.source_net_id),
            frame.source_port,
            frame.command,
            frame.flags,
            len(frame.data),
            frame.error,
            frame.invoke_id,
        )
        return _TCP_HEADER.pack(0, len(header) + len(frame.data)) + header + frame.data
    except struct.error:
        raise AdsError("ads.value_invalid", "A number does not fit into an ADS frame.") from None


def frame_length(data: bytes) -> t.Optional[int]:
    """Total length in bytes of the frame that ``data`` begins with; None: fewer than the 6 bytes that tell.

    :raises AdsError: "ads.garbled" for what cannot be the start of an AMS frame.
    """
    if len(data) < _TCP_HEADER.size:
        return None
    reserved, length = _TCP_HEADER.unpack_from(data)
    if reserved != 0 or not _AMS_HEADER.size <= length <= MAX_AMS_LENGTH:
        raise garbled("The answer does not begin like an ADS frame.")
    return _TCP_HEADER.size + length


def parse_frame(data: bytes) -> Frame:
    """Exactly one AMS/TCP frame. :raises AdsError: "ads.garbled"."""
    if frame_length(data) != len(data):
        raise garbled("The answer is not one whole ADS frame.")
    target, target_port, source, source_port, command, flags, length, error, invoke_id = _AMS_HEADER.unpack_from(
        data, _TCP_HEADER.size
    )
    content = data[_TCP_HEADER.size + _AMS_HEADER.size :]
    if length != len(content):
        raise garbled("The two length fields of the ADS frame contradict each other.")
    return Frame(
        net_id_from_bytes(target),
        target_port,
        net_id_from_bytes(source),
        source_port,
        command,
        flags,
        error,
        invoke_id,
        content,
    )


def parse_device_info(data: bytes) -> tuple[int, str, str]:
    """(result, name, version "3.1.4024") of a ReadDeviceInfo answer; name and version are empty unless result is 0.

    :raises AdsError: "ads.garbled".
    """
    if len(data) < 4:
        raise garbled("The device information is too short.")
    result = int.from_bytes(data[:4], "little")
    if result:
        return result, "", ""
    if len(data) < 4 + _DEVICE_INFO.size:
        raise garbled("The device information is too short.")
    major, minor, build, name = _DEVICE_INFO.unpack_from(data, 4)
    return 0, plain_text(name), f"{major}.{minor}.{build}"


def twincat_version(content: t.Optional[bytes]) -> str:
    """``3.1.4026`` from tag 3 of an identify answer, or "" (never fails on a short tag)."""
    if content is None or len(content) < 4:
        return ""
    return "{}.{}.{}".format(*struct.unpack_from("<BBH", content))


def os_text(content: t.Optional[bytes]) -> str:
    """``Windows NT 10.0.19045`` from tag 4 of an identify answer, or "" (never fails on a short or unknown tag)."""
    if content is None or len(content) < 20:
        return ""
    major, minor, build, platform = struct.unpack_from("<IIII", content, 4)
    return f"{_PLATFORMS.get(platform, f'platform {platform}')} {major}.{minor}.{build}"


def plain_text(content: t.Optional[bytes]) -> str:
    """A C string of the PLC as one printable line of at most 255 characters (text from a plant is data)."""
    text = (content or b"").split(b"\0", 1)[0].decode("cp1252", "replace")
    return "".join(char if char.isprintable() else " " for char in text).strip()[:255]


def c_string(what: str, text: str, least: int, most: int) -> bytes:
    # Neither text nor its length goes into the sentence: it may be a password.
    if not isinstance(text, str) or not text.isascii() or (text and not text.isprintable()):
        raise AdsError("ads.value_invalid", f"The {what} of an ADS route may hold printable ASCII characters only.")
    if not least <= len(text) <= most:
        raise AdsError("ads.value_invalid", f"The {what} of an ADS route must have {least} to {most} characters.")
    return text.encode("ascii") + b"\0"


def garbled(message: str) -> AdsError:
    return AdsError("ads.garbled", message)
