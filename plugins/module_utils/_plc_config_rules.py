# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory, stored PLC entry and live connect target side by side (quirk 10). Pure. Private to this collection."""

from __future__ import annotations

import typing as t

#: Field of lineops_plcs -> field of the live target; ip_address is stored there but unused by connect (quirk 3).
TARGET_FIELDS = {"ams_net_id": "plc_ams_net_id", "ams_port": "plc_ams_port"}
#: Fields of lineops_plcs that the supervisor stores under the same name.
STORED_FIELDS = ("ams_net_id", "ams_port", "ip_address")


def differences(
    wanted: t.Mapping[str, t.Any], stored: t.Mapping[str, t.Any] | None, target: t.Mapping[str, t.Any] | None
) -> list[dict[str, t.Any]]:
    """Return a row per field that is not as wanted: field, wanted, stored, target.

    stored or target None means not observed; a field the target does not have is not compared there.
    """
    rows = []
    for name in STORED_FIELDS:
        row: dict[str, t.Any] = {"field": name, "wanted": wanted.get(name)}
        if stored is not None:
            row["stored"] = stored.get(name)
        if target is not None and name in TARGET_FIELDS:
            row["target"] = target.get(TARGET_FIELDS[name])
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
    return {**stored, **{name: wanted[name] for name in STORED_FIELDS}}
