# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: a bridge in a namespace of the controller's own and a cable from it to every host.

Nothing of it is in the machine's own network, and there is no way out (TOOLCHAIN §4.2). A namespace is a file in
``/run/netns`` as ``ip netns`` makes it, but without the mount that command leaves behind for good.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import LabError
from ..plant import Plant
from . import layout
from .tools import run

FOLDER = Path("/run/netns")
_NEW_NET = 0x40000000  # CLONE_NEWNET
_PATIENCE_S = 10.0


def make(plant: Plant) -> None:
    """Create the controller's namespace with its addresses, and one per host, all connected."""
    own = layout.controller(plant.block)
    for name in (own, *(layout.mark(plant.block, host.name) for host in plant.hosts)):
        _create(name)
    addresses = [f"{plant.controller_ip}/24", f"{plant.hosts[0].camera_ip}/32",
                 *(f"{plc.ip}/32" for host in plant.hosts for plc in host.plcs)]
    lines = ["link set lo up", "link add br0 type bridge", "link set br0 up",
             *(f"addr add {address} dev br0" for address in addresses)]
    for number, host in enumerate(plant.hosts):
        space = layout.mark(plant.block, host.name)
        lines += [f"link add v{number} type veth peer name eth0 netns {space}", f"link set v{number} master br0 up"]
    _ip(own, lines)
    for host in plant.hosts:
        _ip(layout.mark(plant.block, host.name),
            ["link set lo up", f"addr add {host.supervisor_ip}/24 dev eth0", "link set eth0 up"])


def _ip(namespace: str, lines: list[str]) -> None:
    run(["ip", "-n", namespace, "-batch", "-"], text="\n".join(lines) + "\n")


def _create(name: str) -> None:
    FOLDER.mkdir(mode=0o755, exist_ok=True)
    (FOLDER / name).touch(exist_ok=False)
    run(["unshare", f"--net={FOLDER / name}", "true"])


def enter(name: str) -> None:
    """Take this thread, and all that it starts from now on, into a namespace; LabError if it is gone."""
    try:
        with (FOLDER / name).open("rb") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _NEW_NET):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    except OSError as error:
        raise LabError(f"the lab's network {name} cannot be entered: {error}") from None


def inside(name: str, argv: list[str]) -> list[str]:
    """The command that runs ``argv`` in a namespace."""
    return ["nsenter", f"--net={FOLDER / name}", *argv]


def remove_all(prefix: str) -> int:
    """Remove the namespaces of a lab and end what still runs in them; return how many processes that were."""
    files = [file for file in FOLDER.glob(f"{prefix}*") if file.name == prefix or file.name.startswith(f"{prefix}-")]
    count = _end_inside({file.stat().st_ino for file in files if os.path.ismount(file)})
    for file in files:
        while os.path.ismount(file):
            run(["umount", file])
        file.unlink()
    if FOLDER.is_dir() and not any(FOLDER.iterdir()):
        with suppress(OSError):  # `ip netns` of somebody else has made a mount of it
            FOLDER.rmdir()
    return count


def _end_inside(inodes: set[int]) -> int:
    """End whatever has its network in one of these namespaces: no process that is not of this lab does."""
    ended: set[int] = set()
    deadline = time.monotonic() + _PATIENCE_S
    while pids := list(_inside(inodes)):
        ended.update(pids)
        for pid in pids:
            with suppress(OSError):
                descriptor = os.pidfd_open(pid)
                try:
                    if _namespace(pid) in inodes:
                        late = time.monotonic() > deadline - _PATIENCE_S / 2
                        signal.pidfd_send_signal(descriptor, signal.SIGKILL if late else signal.SIGTERM)
                        signal.pidfd_send_signal(descriptor, signal.SIGCONT)
                finally:
                    os.close(descriptor)
        if time.monotonic() > deadline:
            raise LabError(f"processes in the lab's network do not end: {pids}")
        time.sleep(0.05)
    return len(ended)


def _inside(inodes: set[int]) -> Iterator[int]:
    own = _ancestors()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) not in own and _namespace(int(entry)) in inodes:
            yield int(entry)


def _namespace(pid: int) -> int | None:
    """The number of a living process's network namespace."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None


def _ancestors() -> set[int]:
    """This process and those it was started by, among them perhaps a `lab inside` of this very lab."""
    found, pid = set(), os.getpid()
    while pid:
        found.add(pid)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        pid = int(stat.rpartition(")")[2].split()[1])
    return found
