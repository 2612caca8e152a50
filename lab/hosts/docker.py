# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts booted by docker, as containers from the same file systems.

Docker takes neither a file system nor a network namespace that is there already, and its daemon starts a container far from
the host's control group. So an image holds but the empty folders and links of a root, the host's own folders are mounted
over them, and the first process goes into the control group and the namespace before it becomes systemd.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from ..errors import LabError
from . import network
from .cgroups import Cgroup, hierarchies
from .engine import Engine
from .tools import run

#: What a host needs beside docker's own is as with podman; the last is for entering the namespace, and given up before
#: systemd begins.
_CAPABILITIES = ("SYS_BOOT", "SYS_PTRACE", "SYS_ADMIN")
_OF_THE_KERNEL = ("dev", "proc", "run", "sys", "tmp")
_IN_MEMORY = ("/run:exec,mode=755", "/run/lock:mode=1777", "/tmp:exec,mode=1777")
_NETWORK = "/.lineops-network"  # where the namespace is inside
_HOST = "host"  # the part of the host's control group that its systemd rules
_REBOOTED = 128 + 1  # as with podman
_PATIENCE_S = 30.0


def mounts(name: str, root: Path, groups: Iterable[Path], folders: Iterable[str]) -> dict[Path, str]:
    """What of this machine is where in the container: ``folders`` of ``root``, the namespace and all control groups."""
    return {
        **{root / folder: f"/{folder}" for folder in folders}, root / "etc/hosts": "/etc/hosts",
        network.FOLDER / name: _NETWORK, **{group: str(group) for group in groups},
    }


def booting(name: str, hostname: str, mounted: Mapping[Path, str], entering: list[str]) -> list[str]:
    """The command that boots a host and ends when it is off; ``entering`` is how its first process begins."""
    return [
        "docker", "run", "--rm", f"--name={name}", f"--hostname={hostname}", "--tty", "--network=none", "--cgroupns=host",
        *(f"--mount=type=bind,source={source},target={target}" for source, target in mounted.items()),
        *(f"--tmpfs={place}" for place in _IN_MEMORY), *(f"--cap-add={capability}" for capability in _CAPABILITIES),
        "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", "--security-opt=label=disable",
        "--env=container=docker", "--log-driver=none", name, *entering,
    ]


def _image(root: Path) -> Path:
    """The image, beside the file system it is for. While it is there docker may know the host."""
    return root.with_name("image.tar")


def _boot(name: str, hostname: str, root: Path) -> list[str]:
    with tarfile.open(_image(root), "w") as image:
        for entry in sorted(root.iterdir()):
            image.add(entry, entry.name, recursive=False)
    run(["docker", "import", _image(root), name])
    folders = sorted(
        entry.name for entry in root.iterdir()
        if entry.is_dir() and not entry.is_symlink() and entry.name not in _OF_THE_KERNEL)
    become = ["nsenter", f"--net={_NETWORK}", "setpriv", "--bounding-set=-sys_admin", "/sbin/init"]
    return booting(
        name, hostname, mounts(name, root, hierarchies(), folders), Cgroup(name).entering(become, _HOST))


def _forget(name: str, root: Path) -> None:
    if _image(root).exists():
        run(["docker", "rm", "--force", name], check=False)  # there is one only if docker had no time to remove it
        run(["docker", "image", "rm", "--force", name], check=False)
        _image(root).unlink()


@cache
def _why_not() -> str | None:
    if not shutil.which("docker"):
        return "docker is not installed"
    try:
        run(["docker", "info", "--format={{.ServerVersion}}"], timeout=_PATIENCE_S)
    except LabError as error:
        return f"docker does not answer: {error}"
    return None


DOCKER = Engine("docker", {"docker": "docker.io"}, _REBOOTED, _why_not, _boot, _forget)
