# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server side of the control socket: one JSON object a line in, one a line out."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..unix_path import short_path
from .entries import Route
from .station import Station
from .wire import AdsError

LOG = logging.getLogger("plc.control")


class Control:
    """Serves the operations of ``station`` on the Unix socket ``path``."""

    def __init__(self, station: Station, path: Path) -> None:
        self._station, self._path = station, path
        self._server: asyncio.Server | None = None
        self._operations: dict[str, Callable[..., Any]] = {
            "status": station.status,
            "routes": lambda: {"routes": station.routes.as_data()},
            "route_add": lambda **route: station.routes.add(Route.from_mapping(route)),
            "route_remove": self._route_remove,
            "hang": station.hang,
            "refuse": station.refuse,
            "drop": station.drop,
            "slow": station.slow,
            "heal": station.heal,
            "reboot": station.reboot,
            "credentials": station.set_credentials,
            "refusal_layout": station.set_refusal_layout,
            "state": lambda value, port=None: station.machine.set(value, port),
            "read": lambda name, port=None: {"value": station.machine.runtime(port).symbols.named(name).value},
            "write": self._write,
            "behave": station.behave,
            "net_id": station.set_net_id,
            "download": station.download,
            "move_runtime": station.move_runtime,
            "restore": station.restore,
        }

    async def open(self) -> None:
        """Listen; a socket left over by a killed process is replaced (asyncio does that)."""
        with short_path(self._path) as path:
            self._server = await asyncio.start_unix_server(self._serve, path)
            os.chmod(path, 0o600)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:  # ValueError: a line longer than the reader's limit
            LOG.info("control connection ended: %s", error)
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            op = request.pop("op")
            if op not in self._operations:
                raise ValueError(f"unknown op {op!r}: expected one of {', '.join(self._operations)}")
            LOG.info("%s", op)
            result = self._operations[op](**request)
            if inspect.isawaitable(result):
                result = await result
        except KeyError as error:
            return {"ok": False, "error": f"{error} is missing"}
        except (AdsError, ValueError, TypeError, AttributeError, OSError) as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True, **(result or {})}

    def _route_remove(self, name: str | None = None, ams_net_id: str | None = None) -> dict[str, Any]:
        return {"removed": len(self._station.routes.remove(name=name, ams_net_id=ams_net_id))}

    def _write(self, name: str, value: Any, port: int | None = None) -> None:
        self._station.machine.runtime(port).symbols.named(name).value = value
