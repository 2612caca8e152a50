# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API keys of the lab: the master key is a line's admin key, a managed key made through the API its operator key.

A managed key is made up by one supervisor. So that one key serves a whole line, its row in ``config/auth_keys.db``
(SUPERVISOR_API section 6) is copied to the line's other hosts; a copy is kept to undo a revocation.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from . import api
from .errors import LabError
from .plant import Host, Line, Plant

KEY_NAME = "lineops operator"


def provide(plant: Plant, line: Line) -> None:
    """Make the line's operator key and let all its hosts know it."""
    first, *others = (host for host in plant.hosts if host.line == line.name)
    answer = api.call(
        "POST", f"{first.url}/api/admin/apikeys", {"name": KEY_NAME, "level": "operator"}, key=line.admin_key
    )
    if answer.status != 201:
        raise LabError(f"{first.name} did not make an operator key: {answer.status} {answer.body}")
    line.operator_key = answer.body["raw_key"]
    with closing(sqlite3.connect(_database(plant, first))) as source:
        with closing(sqlite3.connect(_kept(plant, line))) as kept:
            source.backup(kept)
    for host in others:
        restore(plant, host)


def restore(plant: Plant, host: Host) -> None:
    """Put the line's operator key into a host's key database as it was at the start."""
    with closing(sqlite3.connect(_database(plant, host), timeout=10)) as database:
        database.execute("ATTACH ? AS kept", (str(_kept(plant, plant.line(host.line))),))
        with database:
            database.execute("INSERT OR REPLACE INTO main.api_keys SELECT * FROM kept.api_keys")


def revoke(plant: Plant, host: Host) -> None:
    """Disable the operator key on one host through its API."""
    line = plant.line(host.line)
    url = f"{host.url}/api/admin/apikeys"
    listing = api.call("GET", url, key=line.admin_key)
    ids = [entry["id"] for entry in listing.body.get("keys", []) if entry["name"] == KEY_NAME]
    if not ids:
        raise LabError(f"{host.name} has no operator key to revoke: {listing.status}")
    for key_id in ids:
        api.call("PUT", f"{url}/{key_id}", {"enabled": False}, key=line.admin_key)


def _database(plant: Plant, host: Host) -> Path:
    return plant.host_dir(host) / "config" / "auth_keys.db"


def _kept(plant: Plant, line: Line) -> Path:
    return plant.folder / "config" / f"{line.name}.keys.db"
