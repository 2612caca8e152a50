# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the hosts: a layer that all hosts of a lab share, and what differs from host to host.

What belongs to the supervisor is written here before a host boots, and again by ``heal`` where a fault changed it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..plant import SERVICE_USER, Host, Plant
from ..processes import REPOSITORY
from . import access, base, layout, mounts
from .tools import run

INSTALLED = REPOSITORY / "lab" / "supervisor" / "installed"
SUDOERS = REPOSITORY / "roles" / "restart_recovery" / "files" / "lineops.sudoers"
START_SCRIPT, CONTROL_SCRIPT = "start_web_hmi.py", "scripts/web_server_ctl.sh"
_PACKAGE = "opt/lineops-lab/lab"
# Before Debian's own packages, since the stand-in needs a newer psutil. A line that begins with "import" is executed.
_PATH_FILE = ("usr/lib/python3/dist-packages/lineops-lab.pth", f"import sys; sys.path.insert(0, '/{base.SITE}')\n")
_SSHD = "PasswordAuthentication no\nPermitRootLogin prohibit-password\nUseDNS no\nMaxStartups 100\nMaxSessions 50\n"
# In memory with every engine: podman offers a place in /var/log, where a full disk would hide it.
_JOURNAL = "[Journal]\nStorage=volatile\n"
_USERS = f"""
useradd --create-home --shell /bin/bash {SERVICE_USER}
useradd --create-home --shell /bin/bash --groups systemd-journal {layout.AUTOMATION_USER}
install -d -m 750 -o {layout.AUTOMATION_USER} -g {layout.AUTOMATION_USER} {layout.STATE_DIR}
for home in /root /home/{layout.AUTOMATION_USER}; do
    install -d -m 700 $home/.ssh
    cat > $home/.ssh/authorized_keys
    chown -R --reference=$home $home/.ssh
done
"""


def shared_layer(plant: Plant) -> Path:
    """The layer that all hosts of this lab share."""
    return plant.folder / "machines" / ".shared" / "up"


def make_shared_layer(plant: Plant, tree: Path) -> None:
    """Users, keys, sudo rights and the supervisor's program, laid over the base tree."""
    root = shared_layer(plant).with_name("root")
    mounts.mount(root, [tree])
    public = access.key_file(plant).with_suffix(".pub").read_text(encoding="ascii")
    run(["chroot", root, "sh", "-ec", _USERS.replace("cat >", f"echo '{public.strip()}' >")])
    _write(root / "etc/sudoers.d/lineops", SUDOERS.read_text(encoding="utf-8"), 0o440)
    _write(root / "etc/ssh/sshd_config.d/lineops.conf", _SSHD, 0o644)
    (root / "etc/systemd/journald.conf.d").mkdir(mode=0o755)
    _write(root / "etc/systemd/journald.conf.d/lineops.conf", _JOURNAL, 0o644)
    _write(root / _PATH_FILE[0], _PATH_FILE[1], 0o644)
    shutil.copytree(REPOSITORY / "lab", root / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    run(["chmod", "-R", "u=rwX,go=rX", root / _PACKAGE])
    run(["chroot", root, "python3", "-m", "compileall", "-q", f"/{_PACKAGE}"])
    mounts.unmount_below(root.parent)


def make_host(plant: Plant, host: Host, tree: Path) -> None:
    """A host's file system, ready to boot."""
    root = plant.root_dir(host)
    mounts.mount(root, [shared_layer(plant), tree])
    _write(root / "etc/hostname", f"{host.name}\n", 0o644)
    _write(root / "etc/hosts", f"127.0.0.1 localhost\n{host.supervisor_ip} {host.name}\n", 0o644)
    _write(root / "etc/machine-id", f"{secrets.token_hex(16)}\n", 0o444)
    key = access.host_key(plant, host)
    for source, mode in ((key, 0o600), (key.with_suffix(".pub"), 0o644)):
        _write(root / "etc/ssh" / f"ssh_host_ed25519_key{source.suffix}", source.read_text(encoding="ascii"), mode)
    install(plant, host)
    (root / "etc/systemd/system/multi-user.target.wants" / layout.UNIT).symlink_to(layout.UNIT_FILE)


def install(plant: Plant, host: Host) -> bool:
    """Write the supervisor's files and its unit, with their owner and rights; True if one was not as it should be."""
    root, folder = plant.root_dir(host), plant.host_dir(host)
    home = (root / "home" / SERVICE_USER).stat()
    owner, nobody_else = (home.st_uid, home.st_gid), (0, 0)
    unit = (INSTALLED / layout.UNIT).read_text(encoding="utf-8")
    changed = [
        _set(root / layout.UNIT_FILE.lstrip("/"), 0o644, nobody_else,
             unit.replace("@DIR@", host.install_dir).replace("@USER@", SERVICE_USER)),
        _set(folder, 0o755, owner),
    ]
    for path in ("config", "web", "web/static", "web/static/hls", "scripts"):
        changed.append(_set(folder / path, 0o755, owner))
    for path in (START_SCRIPT, CONTROL_SCRIPT):
        changed.append(_set(folder / path, 0o755, owner, (INSTALLED / Path(path).name).read_text(encoding="utf-8")))
    changed += [
        _set(folder / "standin.json", 0o600, owner, plant.supervisor_config(host).read_text(encoding="utf-8")),
        _set(folder / ".env", 0o600, owner, environment(plant.line(host.line).admin_key)),
    ]
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # segments come and go meanwhile
            if (status := path.lstat()) and (status.st_uid, status.st_gid) != owner:
                os.chown(path, *owner, follow_symlinks=False)
            changed.append(True)
    return any(changed)


def environment(master_key: str) -> str:
    """The supervisor's ``.env``."""
    return f"SMARTHOME_ADMIN_API_KEY={master_key}\n"


def _set(path: Path, mode: int, owner: tuple[int, int], text: str | None = None) -> bool:
    """Make a folder, or with ``text`` a file, be like this; True if it was not."""
    if path.is_symlink():  # a masked unit
        path.unlink()
    exists = path.exists()
    if exists:
        status = path.stat()
        if (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (mode, *owner) and (
                text is None or path.read_text(encoding="utf-8", errors="replace") == text):
            return False
    if text is None:
        path.mkdir(exist_ok=True)
    else:
        path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    os.chown(path, *owner)
    return True


def _write(path: Path, text: str, mode: int) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def first_start(plant: Plant, host: Host) -> tuple[Path, ...]:
    """What a supervisor that finds it missing writes anew from its configuration: PLC entries and target, cameras."""
    home, config = plant.home_dir(host), plant.host_dir(host) / "config"
    return (config / "plc_connections.json", config / "cameras.json",
            home / ".config" / "twincat_smarthome" / "twincat_config.json")
