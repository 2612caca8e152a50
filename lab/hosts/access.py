# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one gets at a host: by SSH as everybody does, or past it through the machine that runs it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..plant import SERVICE_USER, Host, Plant
from . import layout, network
from .tools import run

CONNECT_TIMEOUT_S = 5


def key_file(plant: Plant) -> Path:
    """The private key that opens root and the automation user on every host."""
    return plant.folder / "ssh" / "id_ed25519"


def known_hosts(plant: Plant) -> Path:
    """The hosts' own keys."""
    return plant.folder / "ssh" / "known_hosts"


def options(plant: Plant) -> list[str]:
    """How ssh is told to believe these hosts and no others."""
    return [
        word for option in (
            f'UserKnownHostsFile="{known_hosts(plant)}"', "GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes", f"ConnectTimeout={CONNECT_TIMEOUT_S}",
        ) for word in ("-o", option)
    ]


def make_keys(plant: Plant) -> None:
    """Make the lab's key and those of the hosts, and write them down as known."""
    key_file(plant).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = []
    for path in (key_file(plant), *(host_key(plant, host) for host in plant.hosts)):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path])
    for host in plant.hosts:
        kind, public, *dummy = host_key(plant, host).with_suffix(".pub").read_text(encoding="ascii").split()
        lines.append(f"{host.supervisor_ip} {kind} {public}\n")
    known_hosts(plant).write_text("".join(lines), encoding="ascii")


def host_key(plant: Plant, host: Host) -> Path:
    """A host's own private key."""
    return plant.folder / "ssh" / f"{host.name}_host"


def ssh_command(plant: Plant, host: Host, argv: Sequence[str], user: str) -> list[str]:
    """The command line, to be run in the machine's own namespace as well as in the controller's."""
    return network.inside(layout.controller(plant.block), [
        "ssh", "-q", "-F", "/dev/null", "-o", "BatchMode=yes", "-i", str(key_file(plant)), *options(plant),
        f"{user}@{host.supervisor_ip}", "--", shlex.join(argv),
    ])


def shell(
    plant: Plant, host: Host, argv: Sequence[str], user: str = "root", *, timeout: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run a command on a host through SSH and return how it ended; 255 is ssh's own failure.

    :raises LabError: it takes longer than ``timeout`` seconds.
    """
    return run(ssh_command(plant, host, argv, user), timeout=timeout, check=False)


def host_vars(plant: Plant, host: Host) -> dict[str, Any]:
    """What the inventory says about a host beside what it says on every back end."""
    return {
        "ansible_user": layout.AUTOMATION_USER,
        "ansible_pipelining": True,  # one user without rights becomes another: that needs no file between them
        "ansible_ssh_private_key_file": str(key_file(plant)),
        "ansible_ssh_common_args": shlex.join(options(plant)),
        "ansible_python_interpreter": "/usr/bin/python3",
        "lineops_supervisor_unit": layout.UNIT,
        "lineops_supervisor_dir": host.install_dir,
        "lineops_supervisor_user": SERVICE_USER,
        "lineops_state_dir": layout.STATE_DIR,
    }
