# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The symbols of a PLC program: names, IEC types, values as the bytes a PLC keeps, handles (ADS_FACTS section 3)."""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Mapping
from typing import Any

from .wire import INVALID_SIZE, NOT_FOUND_SYMBOL, SYMBOL_VERSION_INVALID, AdsError

# type name: (struct code, ADST data type number)
_SCALARS = {
    "BOOL": ("?", 33),
    "SINT": ("b", 16), "USINT": ("B", 17), "BYTE": ("B", 17),
    "INT": ("h", 2), "UINT": ("H", 18), "WORD": ("H", 18),
    "DINT": ("i", 3), "UDINT": ("I", 19), "DWORD": ("I", 19), "TIME": ("I", 19), "TOD": ("I", 19),
    "DATE": ("I", 19), "DT": ("I", 19),
    "LINT": ("q", 20), "ULINT": ("Q", 21), "LWORD": ("Q", 21),
    "REAL": ("f", 4), "LREAL": ("d", 5),
}
_TEXTS = {"STRING": ("cp1252", 1, 30), "WSTRING": ("utf-16-le", 2, 31)}  # encoding, bytes per character, ADST number
_TEXT_TYPE = re.compile(r"(STRING|WSTRING)(?:\((\d+)\))?")
_DEFAULT_TEXT_LENGTH = 80

_ENTRY = struct.Struct("<IIIIIIHHH")
_MEMORY_GROUP = 0x4040
_FLAG_PERSISTENT_BYTE = 8


class Symbol:
    """One variable of the PLC. ``data`` holds its value exactly as the PLC's memory does."""

    def __init__(self, name: str, type_name: str, value: Any, offset: int, comment: str = "") -> None:
        self.name, self.type_name, self.comment, self.offset = name, type_name, comment, offset
        text = _TEXT_TYPE.fullmatch(type_name)
        self.is_text = text is not None
        if text:
            self._encoding, width, self.ads_type = _TEXTS[text.group(1)]
            self._format = ""
            self.size = (int(text.group(2) or _DEFAULT_TEXT_LENGTH) + 1) * width
        elif type_name in _SCALARS:
            self._format, self.ads_type = _SCALARS[type_name]
            self.size = struct.calcsize("<" + self._format)
        else:
            raise ValueError(f"symbol {name}: unknown PLC type {type_name!r}")
        self.data = bytes(self.size)
        self.value = value
        self._initial = self.data

    @property
    def value(self) -> Any:
        """The value as Python sees it."""
        if self.is_text:
            return self.data.decode(self._encoding, "replace").split("\0", 1)[0]
        return struct.unpack("<" + self._format, self.data)[0]

    @value.setter
    def value(self, value: Any) -> None:
        self.data = self._text_bytes(value) if self.is_text else self._scalar_bytes(value)

    def write(self, data: bytes) -> None:
        """Store bytes from the wire. Only their number is checked, as a PLC does (pyads trap 15): else 0x705."""
        if len(data) > self.size or (not self.is_text and len(data) != self.size):
            raise AdsError(INVALID_SIZE)
        stored = b"\1" if self._format == "?" and data != b"\0" else data
        self.data = stored.ljust(self.size, b"\0")

    def reset(self) -> None:
        """Take the value the program starts with."""
        self.data = self._initial

    def entry(self) -> bytes:
        """Return the symbol entry answered to 0xF009 and listed by 0xF00B."""
        texts = [text.encode("cp1252", "replace") for text in (self.name, self.type_name, self.comment)]
        body = b"".join(text + b"\0" for text in texts)
        return _ENTRY.pack(
            _ENTRY.size + len(body), _MEMORY_GROUP, self.offset, self.size, self.ads_type, _FLAG_PERSISTENT_BYTE,
            *(len(text) for text in texts),
        ) + body

    def short_info(self) -> bytes:
        """Return group, offset and size, the answer to 0xF007."""
        return struct.pack("<III", _MEMORY_GROUP, self.offset, self.size)

    def _scalar_bytes(self, value: Any) -> bytes:
        if self._format == "?":
            return b"\1" if value else b"\0"
        if self._format in "fd":
            return struct.pack("<" + self._format, float(value))
        # An integer too large for its type keeps its low bits (SUPERVISOR_API quirk 7: 99999 in an INT is -31073).
        return (int(value) % (1 << 8 * self.size)).to_bytes(self.size, "little")

    def _text_bytes(self, value: Any) -> bytes:
        terminator = "\0".encode(self._encoding)
        room = self.size - len(terminator)
        return str(value).encode(self._encoding, "replace")[:room].ljust(self.size, b"\0")


class SymbolTable:
    """All symbols of one runtime, found by name (any case, as TwinCAT does), by handle, or by group and offset."""

    MEMORY_GROUP = _MEMORY_GROUP

    def __init__(self, declared: Mapping[str, Mapping[str, Any]]) -> None:
        self._handles: dict[int, Symbol] = {}
        self._next_handle = itertools.count(1)
        self.version = 0
        self.load(declared)

    def load(self, declared: Mapping[str, Mapping[str, Any]]) -> None:
        """Take a program's symbols: all handles end, the symbol version counts on.

        ValueError for an unknown type and KeyError for what is missing; everything then stays as it was.
        """
        symbols, offset = [], 0x1000
        for name, item in declared.items():
            symbols.append(Symbol(name, item["type"], item["value"], offset, item.get("comment", "")))
            offset += (symbols[-1].size + 7) // 8 * 8
        self._by_name = {symbol.name.upper(): symbol for symbol in symbols}
        self._by_offset = {symbol.offset: symbol for symbol in symbols}
        self._handles.clear()
        self.declared = dict(declared)
        self.version += 1

    def __iter__(self):
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def named(self, name: str) -> Symbol:
        """Return the symbol of this name; AdsError 0x710 if there is none."""
        try:
            return self._by_name[name.upper()]
        except KeyError:
            raise AdsError(NOT_FOUND_SYMBOL) from None

    def at(self, offset: int) -> Symbol:
        """Return the symbol that starts at this memory offset; AdsError 0x710 if none does."""
        try:
            return self._by_offset[offset]
        except KeyError:
            raise AdsError(NOT_FOUND_SYMBOL) from None

    def open_handle(self, name: str) -> int:
        """Return a new handle for the symbol of this name; AdsError 0x710 if there is none."""
        symbol = self.named(name)
        handle = next(self._next_handle)
        self._handles[handle] = symbol
        return handle

    def by_handle(self, handle: int) -> Symbol:
        """Return the symbol behind a handle; AdsError 0x711 (fetch it anew) for one not or no longer valid."""
        try:
            return self._handles[handle]
        except KeyError:
            raise AdsError(SYMBOL_VERSION_INVALID) from None

    def close_handle(self, handle: int) -> None:
        """Release a handle; AdsError 0x711 for one that is not valid."""
        self.by_handle(handle)
        del self._handles[handle]

    def restart(self) -> None:
        """Start the program anew: initial values, no handles."""
        self._handles.clear()
        for symbol in self:
            symbol.reset()
