# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory, stored PLC entry and live connect target side by side (quirk 10). Pure. Private to this collection."""

from __future__ import annotations

import typing as t

#: Field of lineops_plcs, stored under the same name -> field of the live target (None: connect does not use it, quirk 3).
_FIELDS = {"ams_net_id": "plc_ams_net_id", "ams_port": "plc_ams_port", "ip_address": None}
#: Compared only if it is wanted, and where a side has it: supervisors keep it with the target, not in stored entries.
_IF_TOLD = {"runtime_type": "plc_runtime_type"}


def differences(
    wanted: t.Mapping[str, t.Any], stored: t.Mapping[str, t.Any] | None, target: t.Mapping[str, t.Any] | None
) -> list[dict[str, t.Any]]:
    """Return a row per field that is not as wanted: field, wanted, stored, target.

    stored or target None means not observed; a field that is not compared on a side is left out of its row.
    """
    rows = []
    for name, there in {**_FIELDS, **_IF_TOLD}.items():
        row: dict[str, t.Any] = {"field": name, "wanted": wanted.get(name)}
        for side, values, field in (("stored", stored, name), ("target", target, there)):
            if values is not None and field and (name in _FIELDS or (row["wanted"] and field in values)):
                row[side] = values.get(field)
        if any(row[side] != row["wanted"] for side in ("stored", "target") if side in row):
            rows.append(row)
    return rows


def agreement(rows: t.Sequence[t.Mapping[str, t.Any]], side: str, observed: t.Any) -> t.Optional[str]:
    """Say whether one side ("stored" or "target") is the same as wanted; None where it was not observed."""
    if observed is None:
        return None
    return "differs" if any(side in row and row[side] != row["wanted"] for row in rows) else "same"


def merged(stored: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the whole stored entry with only the compared fields as wanted: a POST replaces it wholesale."""
    told = [name for name in _IF_TOLD if name in stored and wanted.get(name)]
    return {**stored, **{name: wanted[name] for name in (*_FIELDS, *told)}}
