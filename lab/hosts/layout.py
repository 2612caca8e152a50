# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's things are called and where they lie. Names hold the lab's block, so that labs do not meet.

Addresses (block B): controller 10.213.B.5, cameras 10.213.B.6; host N of line L: supervisor 10.213.B.(10 L + N), its PLC
10.213.B.(100 + 10 L + N). The block is claimed by a link in ``/run/lineops-lab`` that points to the lab's folder: it is
made at once or not at all, and a lab that was killed is found by it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from ..errors import LabError
from ..plant import HOSTS, PLC_NAMES, Host, Line, Plant

BLOCKS = range(2, 251)
CLAIMS = Path("/run/lineops-lab")
SUPERVISOR_PORT = 5000
UNIT = "smarthome-web.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
AUTOMATION_USER = "lineops"
STATE_DIR = "/var/lib/lineops"
LOG_FILE = "/var/log/smarthome-web.log"
#: SUPERVISOR_SYSTEMD §2 and §3: a supervisor in the shipped directory behaves differently from one in any other.
SHIPPED_DIR, OTHER_DIR = "/opt/Smarthome-Web", "/opt/supervisor"


def plan(folder: Path, inventory: Path, block: int, lines: int, hosts: int, engine: str) -> Plant:
    """Lay out a plant of booted hosts."""
    network = f"10.213.{block}"
    return Plant(
        folder, inventory, block, [Line.new(f"line{line}") for line in range(1, lines + 1)],
        [
            Host(
                name=f"line{line}-hmi{host}", line=f"line{line}", supervisor_ip=f"{network}.{10 * line + host}",
                supervisor_port=SUPERVISOR_PORT, plc_ip=f"{network}.{100 + 10 * line + host}",
                plc_name=PLC_NAMES[host - 1], camera_ip=f"{network}.6", ads_ip=f"{network}.{10 * line + host}",
                install_dir=SHIPPED_DIR if host % 2 else OTHER_DIR,
            )
            for line in range(1, lines + 1) for host in range(1, hosts + 1)
        ],
        HOSTS, engine, streaming=True,
    )


def controller(block: int) -> str:
    """The controller's network namespace, and what every name of the lab begins with."""
    return f"lol-{block}"


def mark(block: int, name: str) -> str:
    """What a host's network namespace and control group are called, or another part's of the lab."""
    return f"{controller(block)}-{name}"


def claim(folder: Path) -> int:
    """Take a block for the lab in ``folder``; LabError if there is none left."""
    CLAIMS.mkdir(exist_ok=True)
    for block in random.sample(BLOCKS, len(BLOCKS)):
        try:
            (CLAIMS / str(block)).symlink_to(folder)
        except FileExistsError:
            continue
        return block
    raise LabError(f"all blocks are taken by other labs; see {CLAIMS}")


def claimed(folder: Path) -> Iterator[int]:
    """The blocks that belong to the lab in ``folder``: one, after an interrupted start perhaps more, or none."""
    for link in CLAIMS.glob("*"):
        if link.is_symlink() and link.readlink() == folder:
            yield int(link.name)


def release(block: int) -> None:
    """Give a block back."""
    (CLAIMS / str(block)).unlink(missing_ok=True)
    if CLAIMS.is_dir() and not any(CLAIMS.iterdir()):
        CLAIMS.rmdir()
