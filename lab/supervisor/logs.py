# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor's log database: hash-chained rows, filters, retention (SUPERVISOR_API §3)."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Mapping

SCHEMA = """CREATE TABLE IF NOT EXISTS logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT, level TEXT, module TEXT, message TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP, prev_hash TEXT, entry_hash TEXT)"""
RETENTION_DAYS, RETENTION_ROWS = 90, 20000

_RESTART_WORDS = ("restart", "neustart", "type=app", "type=daemon")
_TROUBLE_WORDS = ("rejected", "abgelehnt", "failed", "fehler")


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


#: ?filter= name -> does a row's lower-case message match. Unknown names and "all" match everything. ``?type=``, which
#: the playbook names, is not looked at at all (quirk 1), and stream trouble is no restart error (quirk 2).
FILTERS: Mapping[str, Callable[[str], bool]] = {
    "restart": lambda text: _any(("restart", "neustart"), text),
    "restart_app": lambda text: _any(("type=app", "service_restart_scheduled"), text),
    "restart_daemon": lambda text: _any(("type=daemon", "daemon_restart_"), text),
    "restart_error": lambda text: "daemon_restart_rejected" in text or (
        _any(_RESTART_WORDS, text) and _any(_TROUBLE_WORDS, text)),
}


def entry_hash(prev_hash: str, timestamp: str, level: str, module: str, message: str) -> str:
    """Hash of one row over its content and the hash of the row before."""
    return hashlib.sha256("|".join((prev_hash, timestamp, level, module, message)).encode()).hexdigest()


class LogStore:
    """Rows of WARNING and above, and the audit rows, in ``config/system_logs.db``."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute(SCHEMA)
        self._lock = threading.Lock()

    def append(self, level: str, module: str, message: str) -> None:
        """Add one row to the chain (two processes may write at once while a restart hands over)."""
        row = (datetime.now(timezone.utc).isoformat(timespec="microseconds"), level, module, message)
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                last = self._db.execute("SELECT entry_hash FROM logs ORDER BY id DESC LIMIT 1").fetchone()
                prev = last["entry_hash"] if last else ""
                self._db.execute("INSERT INTO logs (timestamp, level, module, message, prev_hash, entry_hash)"
                                 " VALUES (?, ?, ?, ?, ?, ?)",
                                 (*row, prev, entry_hash(prev, *row)))
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:  # a full disk may or may not have ended it
                    self._db.execute("ROLLBACK")
                raise

    def audit(self, action: str, actor: str, details: Mapping[str, Any]) -> None:
        """Add an audit row; its message is JSON text."""
        text = json.dumps({"action": action, "actor": actor, "details": details}, sort_keys=True, ensure_ascii=False)
        self.append("AUDIT", "audit", text)

    def newest(self, limit: int, filter_name: str) -> list[dict[str, Any]]:
        """Newest rows first. A filter searches only the newest 10 x limit rows."""
        wanted = FILTERS.get(filter_name)
        depth = limit * 10 if wanted else limit
        with self._lock:
            rows = self._db.execute("SELECT * FROM logs ORDER BY id DESC LIMIT ?", (depth,)).fetchall()
        return [dict(row) for row in rows if wanted is None or wanted(row["message"].lower())][:limit]

    def verify(self, limit: int | None) -> dict[str, Any]:
        """Walk the chain from the oldest row. After retention it is broken at the row that is now first (quirk 21)."""
        with self._lock:
            rows = self._db.execute("SELECT * FROM logs ORDER BY id LIMIT ?", (limit or -1,)).fetchall()
        prev = ""
        for checked, row in enumerate(rows, start=1):
            expected = entry_hash(prev, row["timestamp"], row["level"], row["module"], row["message"])
            if row["prev_hash"] != prev or row["entry_hash"] != expected:
                return {"ok": False, "checked": checked, "broken_at_id": row["id"]}
            prev = row["entry_hash"]
        return {"ok": True, "checked": len(rows), "broken_at_id": None}

    def retain(self, keep_count: int = RETENTION_ROWS, max_age_days: int = RETENTION_DAYS) -> dict[str, int]:
        """Remove rows older than ``max_age_days`` and all but the newest ``keep_count``."""
        with self._lock:
            by_age = self._db.execute("DELETE FROM logs WHERE created_at < datetime('now', ?)",
                                      (f"-{max_age_days} days",)).rowcount
            by_count = self._db.execute("DELETE FROM logs WHERE id NOT IN"
                                        " (SELECT id FROM logs ORDER BY id DESC LIMIT ?)", (keep_count,)).rowcount
        return {"deleted_age": by_age, "deleted_count": by_count}


class StoreHandler(logging.Handler):
    """Carries WARNING and above of every logger into the log database; the rest only goes to the log file."""

    def __init__(self, store: LogStore) -> None:
        super().__init__(logging.WARNING)
        self._store = store
        self.setFormatter(logging.Formatter("%(levelname)s [%(name)s] %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a full or locked database must not take the request down with it."""
        try:
            self._store.append(record.levelname, record.name, self.format(record))
        except sqlite3.Error:
            self.handleError(record)
