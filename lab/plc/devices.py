# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ADS devices behind the router: what all have in common, and the PLC runtime (port 851.. or 801..).

A device answers a request frame with the bytes of its answer; errors inside are ADS result codes (ADS_FACTS section 3).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from . import wire
from .symbols import Symbol, SymbolTable
from .wire import AdsError, Frame

RUN, STOP, CONFIG, EXCEPTION = 5, 6, 15, 19
RESET, RECONFIG = 2, 16
STATES = {"RUN": RUN, "STOP": STOP, "CONFIG": CONFIG, "EXCEPTION": EXCEPTION}
STATE_NAMES = {number: name for name, number in STATES.items()}

DEVICE_STATE = 1


class NoAnswer(Exception):
    """The device did as it was told, but its answer gets lost."""


class Device:
    """Common part: decodes the six ADS commands, calls the device's method, packs the answer."""

    device_name = ""
    version = (0, 0, 0)

    def answer(self, frame: Frame) -> bytes:
        """Return the answer's data for a request frame; NoAnswer if none comes."""
        commands = {
            wire.READ_DEVICE_INFO: (self._device_info, False),
            wire.READ: (self._read, True),
            wire.WRITE: (self._write, False),
            wire.READ_STATE: (self._read_state, False),
            wire.WRITE_CONTROL: (self._write_control, False),
            wire.READ_WRITE: (self._read_write, True),
        }
        method, sized = commands.get(frame.command, (self._unsupported, False))
        try:
            body, code = method(frame.data), 0
        except AdsError as error:
            body, code = b"", error.code
        except struct.error:  # a request shorter than its command demands
            body, code = b"", wire.INVALID_SIZE
        size = struct.pack("<I", len(body)) if sized else b""
        return struct.pack("<I", code) + size + body

    def read(self, group: int, offset: int, length: int) -> bytes:
        """Return the value at group and offset; AdsError if there is none."""
        raise AdsError(wire.INVALID_GROUP)

    def write(self, group: int, offset: int, data: bytes) -> None:
        """Store a value at group and offset; AdsError if that cannot be."""
        raise AdsError(wire.INVALID_GROUP)

    def read_write(self, group: int, offset: int, length: int, data: bytes) -> bytes:
        """Answer a question at group and offset; AdsError if that cannot be."""
        raise AdsError(wire.INVALID_GROUP)

    def state(self) -> int:
        """Return the ADS state."""
        raise NotImplementedError

    def control(self, state: int) -> None:
        """Go to an ADS state; AdsError 0x712 if the device has no such state."""
        raise NotImplementedError

    def _device_info(self, dummy: bytes) -> bytes:
        return struct.pack("<BBH16s", *self.version, self.device_name.encode("ascii"))

    def _read(self, data: bytes) -> bytes:
        group, offset, length = struct.unpack_from("<III", data)
        return _fitting(self.read(group, offset, length), length)

    def _write(self, data: bytes) -> bytes:
        group, offset, length = struct.unpack_from("<III", data)
        self.write(group, offset, _exactly(data[12:], length))
        return b""

    def _read_state(self, dummy: bytes) -> bytes:
        return struct.pack("<HH", self.state(), DEVICE_STATE)

    def _write_control(self, data: bytes) -> bytes:
        self.control(struct.unpack_from("<HHI", data)[0])
        return b""

    def _read_write(self, data: bytes) -> bytes:
        group, offset, length, write_length = struct.unpack_from("<IIII", data)
        return _fitting(self.read_write(group, offset, length, _exactly(data[16:], write_length)), length)

    def _unsupported(self, dummy: bytes) -> bytes:
        raise AdsError(wire.SERVICE_NOT_SUPPORTED)


def _fitting(answer: bytes, room: int) -> bytes:
    if len(answer) > room:
        raise AdsError(wire.INVALID_SIZE)
    return answer


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise AdsError(wire.INVALID_SIZE)
    return data


class PlcRuntime(Device):
    """A PLC program with its symbols, on an AMS port, running or not.

    :param declared: name -> ``{type, value}`` of the symbols it begins with.
    """

    def __init__(
        self, ams_port: int, declared: Mapping[str, Any], device_name: str, version: tuple[int, int, int]
    ) -> None:
        self.ams_port, self.declared, self.device_name, self.version = ams_port, declared, device_name, version
        self.program = RUN
        self.symbols = symbols = SymbolTable(declared)
        self._reads = {
            symbols.MEMORY_GROUP: lambda offset, length: _value(symbols.at(offset), length),
            0xF005: lambda handle, length: _value(symbols.by_handle(handle), length),
            0xF008: lambda dummy, length: bytes([symbols.version & 0xFF]),
            0xF00B: lambda dummy, length: self._listing(),
            0xF00C: lambda dummy, length: self._counts(),
            0xF00F: lambda dummy, length: self._counts() + bytes(16),
        }
        self._writes = {
            symbols.MEMORY_GROUP: lambda offset, data: symbols.at(offset).write(data),
            0xF005: lambda handle, data: symbols.by_handle(handle).write(data),
            0xF006: lambda dummy, data: symbols.close_handle(struct.unpack("<I", data)[0]),
        }
        self._questions = {
            0xF003: self._handle,
            0xF007: lambda name, dummy: symbols.named(name).short_info(),
            0xF009: lambda name, dummy: symbols.named(name).entry(),
        }

    def read(self, group: int, offset: int, length: int) -> bytes:
        """Read a variable by handle or memory offset, the symbol version, or the symbol list."""
        return known(self._reads, group)(offset, length)

    def write(self, group: int, offset: int, data: bytes) -> None:
        """Write a variable by handle or memory offset, or release a handle."""
        known(self._writes, group)(offset, data)

    def read_write(self, group: int, offset: int, length: int, data: bytes) -> bytes:
        """Look a symbol up by its name, which comes with or without a closing NUL (pyads with, adstool without)."""
        return known(self._questions, group)(wire.text(data), length)

    def state(self) -> int:
        """Return RUN, STOP or EXCEPTION."""
        return self.program

    def control(self, state: int) -> None:
        """Start or stop the program."""
        if state not in (RUN, STOP):
            raise AdsError(wire.INVALID_STATE)
        self.program = state

    def set(self, state: int) -> None:
        """Go to a state from outside; ValueError for CONFIG, which only the system knows."""
        if state == CONFIG:
            raise ValueError("a runtime goes to RUN, STOP or EXCEPTION; CONFIG is a state of the system (port 10000)")
        self.program = state

    def describe(self) -> dict[str, Any]:
        """Return what the status of the machine says about this runtime."""
        return {
            "ams_port": self.ams_port, "device_name": self.device_name, "state": STATE_NAMES[self.program],
            "symbols": len(self.symbols), "original_program": self.symbols.declared == self.declared,
        }

    def _handle(self, name: str, length: int) -> bytes:
        """Return a handle; who has room for it (npm's ads-client) also gets the size and the type's name."""
        symbol, handle = self.symbols.named(name), struct.pack("<I", self.symbols.open_handle(name))
        type_name = symbol.type_name.encode("ascii")
        extended = handle + struct.pack("<IIH", symbol.size, 0, len(type_name)) + type_name + b"\0"
        return extended if len(extended) <= length else handle

    def _listing(self) -> bytes:
        return b"".join(symbol.entry() for symbol in self.symbols)

    def _counts(self) -> bytes:
        return struct.pack("<II", len(self.symbols), len(self._listing()))


def known(table: Mapping[int, Callable[..., Any]], group: int) -> Callable[..., Any]:
    """Return what serves an index group; AdsError 0x702 if nothing does."""
    if group not in table:
        raise AdsError(wire.INVALID_GROUP)
    return table[group]


def _value(symbol: Symbol, length: int) -> bytes:
    # A text may be read into a smaller buffer, a number never (pyads trap 12: 1797).
    return symbol.data[:length] if symbol.is_text else symbol.data
