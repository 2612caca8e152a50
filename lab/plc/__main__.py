# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.plc CONFIG.json``: run one TwinCAT stand-in until SIGTERM or SIGINT.

Exit 0 after a signal, 1 with one sentence on standard error when it cannot start. The state folder then holds
``plc.pid``, ``plc.log``, ``routes.json`` and the control socket (at the path the configuration names).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from .control import Control
from .station import Station


async def serve(config: dict[str, Any]) -> None:
    """Run the stand-in until a signal; OSError, KeyError or ValueError if it cannot start."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    station = Station(config)
    control = Control(station, Path(config["control"]))
    await station.open()
    try:
        await control.open()
        logging.getLogger("plc").info("%s serves %s", config["name"], config["address"])
        await ended.wait()
    finally:
        await control.close()
        station.close()


def main() -> int:
    """Read the configuration and serve."""
    parser = argparse.ArgumentParser(prog="lab.plc", description="TwinCAT stand-in")
    parser.add_argument("config", type=Path, help="JSON file with address, NetId, routes, symbols …")
    arguments = parser.parse_args()
    try:
        config = json.loads(arguments.config.read_text(encoding="utf-8"))
        folder = Path(config["state_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(
            filename=folder / "plc.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
        )
        pid_file = folder / "plc.pid"
        pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            asyncio.run(serve(config))
        finally:
            pid_file.unlink(missing_ok=True)
    except (OSError, KeyError, ValueError) as error:
        print(f"lab.plc: {arguments.config}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
