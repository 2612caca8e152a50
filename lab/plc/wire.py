# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and entries of the AMS protocol as bytes (ADS_FACTS sections 2 and 3). Nothing here does I/O.

All integers on the wire are little-endian. This codec shares no code with the collection's own one on purpose: two
independent readings of the same facts find each other's mistakes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

TCP_PORT = 48898
UDP_PORT = 48899
PORT_SYSTEM_SERVICE = 10000

READ_DEVICE_INFO, READ, WRITE, READ_STATE, WRITE_CONTROL, READ_WRITE = 1, 2, 3, 4, 5, 9

FLAG_RESPONSE = 0x0001
FLAG_ADS_COMMAND = 0x0004

# Error codes of the AMS header (routing) and of the answer's data (device): ADS_FACTS section 8.
TARGET_PORT_NOT_FOUND = 6
TARGET_MACHINE_NOT_FOUND = 7
SERVICE_NOT_SUPPORTED = 0x701
INVALID_GROUP = 0x702
INVALID_OFFSET = 0x703
ACCESS_DENIED = 0x704
INVALID_SIZE = 0x705
INVALID_DATA = 0x706
NOT_FOUND = 0x70C
EXISTS = 0x70F
NOT_FOUND_SYMBOL = 0x710
SYMBOL_VERSION_INVALID = 0x711
INVALID_STATE = 0x712
END_OF_ROUTES = 0x716
DEVICE_TIMEOUT = 0x719
REQUEST_REFUSED = 0x723

MAX_FRAME = 1 << 20

_TCP_HEADER = struct.Struct("<HI")
_AMS_HEADER = struct.Struct("<6sH6sHHHIII")


class AdsError(Exception):
    """A request that the device answers with an ADS result code.

    :param code: ADS return code (ADS_FACTS section 8).
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ADS error 0x{code:X}")
        self.code = code


@dataclass(frozen=True)
class Frame:
    """One AMS frame; NetIds are kept as their six bytes."""

    target: bytes
    target_port: int
    source: bytes
    source_port: int
    command: int
    flags: int
    error: int
    invoke_id: int
    data: bytes = b""

    @property
    def is_request(self) -> bool:
        """True for a frame that expects an answer."""
        return not self.flags & FLAG_RESPONSE


def net_id_bytes(text: str) -> bytes:
    """Return the six bytes of a NetId written with dots; ValueError if it is not one."""
    parts = text.split(".")
    if len(parts) != 6:
        raise ValueError(f"not an AMS NetId: {text!r} (expected six numbers)")
    return bytes(int(part) for part in parts)


def net_id_text(raw: bytes) -> str:
    """Return a NetId's six bytes in the usual notation with dots."""
    return ".".join(str(byte) for byte in raw)


def text(raw: bytes) -> str:
    """Return what stands before the first NUL, in the code page of western Windows (ADS_FACTS section 4 trap 2)."""
    return raw.split(b"\0", 1)[0].decode("cp1252", "replace")


def take_frames(buffer: bytearray) -> list[Frame]:
    """Remove every complete frame from the front of ``buffer`` and return them.

    Raises ValueError when the bytes cannot be an AMS frame; a router then ends the connection.
    """
    frames = []
    while len(buffer) >= _TCP_HEADER.size:
        reserved, length = _TCP_HEADER.unpack_from(buffer)
        if reserved != 0 or not _AMS_HEADER.size <= length <= MAX_FRAME:
            raise ValueError(f"not an AMS/TCP header: {bytes(buffer[:6]).hex()}")
        end = _TCP_HEADER.size + length
        if len(buffer) < end:
            break
        frames.append(_decode(bytes(buffer[_TCP_HEADER.size:end])))
        del buffer[:end]
    return frames


def _decode(raw: bytes) -> Frame:
    target, target_port, source, source_port, command, flags, size, error, invoke_id = _AMS_HEADER.unpack_from(raw)
    data = raw[_AMS_HEADER.size:]
    if size != len(data):
        raise ValueError(f"AMS data length {size} does not fit the frame ({len(data)} bytes of data)")
    return Frame(target, target_port, source, source_port, command, flags, error, invoke_id, data)


def encode(frame: Frame) -> bytes:
    """Return the frame as it goes over TCP."""
    header = _AMS_HEADER.pack(
        frame.target, frame.target_port, frame.source, frame.source_port,
        frame.command, frame.flags, len(frame.data), frame.error, frame.invoke_id,
    )
    return _TCP_HEADER.pack(0, len(header) + len(frame.data)) + header + frame.data


def reply(request: Frame, data: bytes = b"", error: int = 0) -> Frame:
    """Return the answer to ``request``: source and target swapped, invoke id kept, header error as given."""
    return replace(
        request,
        target=request.source, target_port=request.source_port,
        source=request.target, source_port=request.target_port,
        flags=request.flags | FLAG_RESPONSE, error=error, data=data,
    )
