# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a PLC variable by its name, through pyads (private to this collection)."""

from __future__ import annotations

import typing as t

from ._ads_frames import ads_error_text, net_id_to_bytes
from ._errors import AdsError

# IEC 61131-3 types a test variable or probe variable can have; pyads calls each PLCTYPE_<name>.
TYPES = frozenset(
    "BOOL BYTE WORD DWORD SINT USINT INT UINT DINT UDINT LINT ULINT REAL LREAL STRING".split()
)

# ADS_FACTS §8 and §4 (traps 5, 6, 15). The rest is "ads.error".
_CODES = {
    6: ("ads.port_unknown", "AMS port {port} does not exist on the PLC, or the connection failed."),
    7: ("ads.net_id_unknown", "NetId {net_id} is unknown to the router at {ip}."),
    0x710: ("ads.symbol_unknown", "The PLC at {ip} has no variable {name}."),
    0x745: (
        "ads.timeout",
        "The PLC at {ip} did not answer in time: no usable route for NetId {local_net_id}, or it is silent.",
    ),
    -1: ("ads.connection_lost", "The connection to the PLC at {ip} was lost."),
}


def read_symbol(
    ip: str,
    ams_net_id: str,
    ams_port: int,
    name: str,
    type_name: str,
    *,
    local_ams_net_id: str,
    timeout: float = 2.0,
) -> t.Any:
    """Read one variable of a PLC, on a connection of its own.

    Call ``_ads_wire.probe`` first and go on only when it says ok: pyads has no connect time-out (an address that drops
    packets blocks for about two minutes) and cannot bind a source address (ADS_FACTS §4 traps 4, 10). The PLC needs a
    route for ``local_ams_net_id`` to the address this machine uses; that NetId then counts for the whole process.

    :arg type_name: one of :data:`TYPES`, in any case. :arg timeout: seconds per request (handle, value, release).
    :returns: bool, int, float or str.
    :raises AdsError: "ads.library" (pyads missing or unusable), "ads.net_id_invalid", "ads.type_unknown",
        "ads.name_invalid", "ads.symbol_unknown", "ads.timeout", "ads.port_unknown", "ads.net_id_unknown",
        "ads.connection_lost", "ads.error" (any other; ``details["ads_error"]`` is the code, if there is one).
    """
    for net_id in (ams_net_id, local_ams_net_id):
        net_id_to_bytes(net_id)
    plc_type = type_name.strip().upper() if isinstance(type_name, str) else ""
    if plc_type not in TYPES:
        raise AdsError(
            "ads.type_unknown",
            f"{type_name!r} is not a PLC type that can be read.",
            f"One of {', '.join(sorted(TYPES))}.",
        )
    if not isinstance(name, str) or not name.isascii() or not name.isprintable() or not 0 < len(name) < 256:
        raise AdsError("ads.name_invalid", f"{name!r} cannot be the name of a PLC variable.")
    pyads = _library()
    words = {"ip": ip, "net_id": ams_net_id, "port": ams_port, "name": name, "local_net_id": local_ams_net_id}
    try:
        # Must come before the first connection (ADS_FACTS §4 trap 10).
        pyads.set_local_address(local_ams_net_id)
        with pyads.Connection(ams_net_id, ams_port, ip) as connection:
            connection.set_timeout(int(timeout * 1000))
            return connection.read_by_name(name, getattr(pyads, f"PLCTYPE_{plc_type}"))
    except pyads.ADSError as error:
        # Errors of pyads itself carry no code.
        raise _translated(getattr(error, "err_code", None), words) from None
    except Exception as error:
        # pyads raises RuntimeError, TypeError, ctypes.ArgumentError ... for what the PLC or its own library did.
        raise AdsError(
            "ads.error", f"Reading {name} from the PLC at {ip} as {plc_type} failed in pyads ({type(error).__name__})."
        ) from None


def _translated(code: t.Optional[int], words: dict[str, t.Any]) -> AdsError:
    if code in _CODES:
        stable, sentence = _CODES[code]
        return AdsError(stable, sentence.format(**words), ads_error=code)
    text = "an unknown error" if code is None else f"ADS error {ads_error_text(code)}"
    return AdsError("ads.error", "The PLC at {ip} answered {name} with ".format(**words) + text + ".", ads_error=code)


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
