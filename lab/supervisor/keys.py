# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed API keys in ``config/auth_keys.db`` (SUPERVISOR_API §1, §3)."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Mapping

LEVELS: Mapping[str, int] = {"viewer": 0, "operator": 1, "admin": 2}
SCHEMA = """CREATE TABLE IF NOT EXISTS api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, level TEXT, key_prefix TEXT, key_hash TEXT UNIQUE, enabled INTEGER,
    created_at INTEGER, created_by TEXT, expires_at INTEGER, last_used_at INTEGER, last_used_ip TEXT, notes TEXT)"""
CHANGEABLE = ("name", "level", "enabled", "notes")


def _digest(raw_key: str) -> str:
    return hashlib.sha256(raw_key.encode()).hexdigest()


class KeyStore:
    """The managed keys ``shk_…``; only their hashes are kept."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute(SCHEMA)
        self._lock = threading.Lock()

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values).fetchall()]

    def _change(self, sql: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)

    def any(self) -> bool:
        """Is there a managed key at all?"""
        return bool(self._rows("SELECT id FROM api_keys LIMIT 1"))

    def create(self, name: str, level: str, expires_hours: float | None, notes: str,
               created_by: str) -> tuple[dict[str, Any], str]:
        """Make a key. Returns (public entry, raw key); the raw key is never shown again."""
        raw_key, now = f"shk_{secrets.token_urlsafe(32)}", int(time.time())
        expires = None if expires_hours is None else int(now + expires_hours * 3600)
        entry = {"name": name, "level": level, "key_prefix": f"shk_...{raw_key[-4:]}", "expires_at": expires,
                 "created_at": now}
        cursor = self._change(
            "INSERT INTO api_keys"
            " (name, level, key_prefix, expires_at, created_at, key_hash, enabled, created_by, notes)"
            " VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)", (*entry.values(), _digest(raw_key), created_by, notes))
        return {"id": cursor.lastrowid, **entry}, raw_key

    def listing(self) -> list[dict[str, Any]]:
        """All keys, newest first, without their hashes."""
        rows = self._rows("SELECT * FROM api_keys ORDER BY id DESC")
        return [{name: value for name, value in row.items() if name != "key_hash"} | {"expired": _expired(row)}
                for row in rows]

    def update(self, key_id: int, changes: Mapping[str, Any]) -> bool:
        """Change name, level, enabled or notes. False: no such key."""
        wanted = {name: changes[name] for name in CHANGEABLE if name in changes}
        known = bool(self._rows("SELECT id FROM api_keys WHERE id = ?", (key_id,)))
        for name, value in wanted.items() if known else ():
            self._change(f"UPDATE api_keys SET {name} = ? WHERE id = ?", (value, key_id))
        return known

    def delete(self, key_id: int) -> bool:
        """Remove a key. False: no such key."""
        return self._change("DELETE FROM api_keys WHERE id = ?", (key_id,)).rowcount > 0

    def refusal(self, raw_key: str, needed: str, client: str) -> str | None:
        """Why this key does not open a door of level ``needed``; None if it does. Disabled is said before expired."""
        rows = self._rows("SELECT * FROM api_keys WHERE key_hash = ?", (_digest(raw_key),))
        if not rows:
            return "API-Key ungültig"
        row = rows[0]
        if not row["enabled"]:
            return "API-Key deaktiviert"
        if _expired(row):
            return "API-Key abgelaufen"
        if LEVELS[row["level"]] < LEVELS[needed]:
            return f"API-Key Level zu niedrig (benötigt: {needed})"
        with suppress(sqlite3.OperationalError):  # a full disk locks nobody out
            self._change("UPDATE api_keys SET last_used_at = ?, last_used_ip = ? WHERE id = ?",
                         (int(time.time()), client, row["id"]))
        return None


def _expired(row: Mapping[str, Any]) -> bool:
    return row["expires_at"] is not None and time.time() >= row["expires_at"]
