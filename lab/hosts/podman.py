# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts booted by podman, as containers from the same file systems (TOOLCHAIN §4.5).

Each host has a podman of its own: settings, storage and state lie in ``/run`` under the host's mark, so that nobody else's
podman sees the host, and a folder is all that is to be removed after a hard end. Not in the lab's folder, because podman
takes no path above 50 characters for its run folder. There is no image, since the file system is given, and no network of
podman's, since the namespace is.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from ..errors import LabError
from . import network
from .engine import Engine
from .mounts import unmount_below
from .tools import run

#: Beside podman's own: to reboot takes the first, and to see whose port it is (``sudo ss -p``) the second.
#: Not SYS_ADMIN: systemd would mount control groups, with options (nsdelegate) that then hold for the whole machine.
_CAPABILITIES = "SYS_BOOT,SYS_PTRACE"
_UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers").exists()
#: crun, mostly podman's default, takes control groups of version 2 only.
_RUNTIME = {} if _UNIFIED else {"runc": "runc"}
_REBOOTED = 128 + 1  # the kernel ends process 1 with SIGHUP, and with SIGINT if it is to stay off
_INFO_S = 30.0


def settings(folder: Path, runtime: str = "") -> str:
    """Podman's settings, in place of those of this machine: it keeps to ``folder`` and raises no limits.

    Its own default limits are refused to a root that is not almighty, and its locks are else shared by all podmans here.
    """
    return f"""[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "{folder}/tmp"
{f'runtime = "{runtime}"' if runtime else ''}
[network]
network_config_dir = "{folder}/net"
"""


def podman(folder: Path) -> list[str]:
    """The beginning of a command line for the podman in ``folder``."""
    return ["env", f"CONTAINERS_CONF={folder}/containers.conf", "podman", f"--root={folder}/root", f"--runroot={folder}/run",
            "--storage-driver=vfs", f"--runtime-flag=root={folder}/runtime"]


def booting(folder: Path, hostname: str, root: Path) -> list[str]:
    """The command that boots a host and ends when it is off; ``folder`` has the host's mark for a name."""
    name = folder.name
    return [
        *podman(folder), "run", "--rm", f"--name={name}", f"--hostname={hostname}", "--systemd=always", "--tty",
        f"--cgroup-parent=/{name}", f"--network=ns:{network.FOLDER / name}", "--no-hosts", "--dns=none",
        f"--cap-add={_CAPABILITIES}", "--security-opt=label=disable", "--log-driver=none", "--rootfs", str(root), "/sbin/init",
    ]


def _make_ready(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "containers.conf").write_text(settings(folder, *_RUNTIME), encoding="utf-8")


def _folder(name: str) -> Path:
    return Path("/run") / name


def _boot(name: str, hostname: str, root: Path) -> list[str]:
    _make_ready(_folder(name))
    return booting(_folder(name), hostname, root)


def _forget(name: str, dummy: Path) -> None:
    unmount_below(_folder(name))
    with suppress(FileNotFoundError):
        shutil.rmtree(_folder(name))


@cache
def _why_not() -> str | None:
    if not shutil.which("podman"):
        return "podman is not installed"
    with tempfile.TemporaryDirectory(prefix="lineops-lab-", dir="/run") as folder:
        _make_ready(Path(folder))
        try:
            done = run([*podman(Path(folder)), "info"], check=False, timeout=_INFO_S)
        except LabError as error:
            return f"podman does not answer: {error}"
    said = done.stderr.strip().splitlines()
    return f"podman does not answer: {said[-1] if said else 'it said nothing'}" if done.returncode else None


PODMAN = Engine("podman", {"podman": "podman", **_RUNTIME}, _REBOOTED, _why_not, _boot, _forget)
