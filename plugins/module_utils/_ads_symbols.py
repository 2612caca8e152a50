# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The value of a PLC variable from its bytes, by the types of pyads (private to this collection).

Only its types: a connection of pyads has no connect time-out and cannot bind a source address (ADS_FACTS §4 traps 4, 10).
"""

from __future__ import annotations

import ctypes
import typing as t

from ._errors import AdsError

# IEC 61131-3 types an interlock can have; pyads calls each PLCTYPE_<name>.
NUMBERS = frozenset("BOOL BYTE WORD DWORD SINT USINT INT UINT DINT UDINT LINT ULINT REAL LREAL".split())


def value_of(type_name: str, data: bytes) -> t.Any:
    """Return a PLC variable's value: bool, int, float or str.

    :arg type_name: as the PLC names it, e.g. "BOOL" or "STRING(80)". :arg data: the bytes read.
    :raises AdsError: "ads.library" (pyads missing or unusable), "ads.type_unknown", "ads.garbled" (too few bytes).
    """
    plc_type = type_name.partition("(")[0].strip().upper()
    if plc_type == "STRING":
        return data.partition(b"\0")[0].decode("cp1252", "replace")
    if plc_type not in NUMBERS:
        raise AdsError(
            "ads.type_unknown", f"{type_name!r} is not a PLC type whose value is understood here.",
            f"STRING or one of {', '.join(sorted(NUMBERS))}.")
    ctype = getattr(_library(), f"PLCTYPE_{plc_type}")
    if len(data) < ctypes.sizeof(ctype):
        raise AdsError("ads.garbled", f"A {plc_type} has more than the {len(data)} bytes that were read.")
    return ctype.from_buffer_copy(data).value


def _library() -> t.Any:
    try:
        import pyads
    except Exception:
        # OSError or RuntimeError when its shared library does not fit this machine (ADS_FACTS §4 trap 13).
        raise AdsError(
            "ads.library",
            "The Python library pyads, needed to read PLC variables, is missing or does not work on this machine.",
            "Install it with: python3 -m pip install pyads",
        ) from None
    return pyads
