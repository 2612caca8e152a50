# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base tree: a Debian that every host's file system is laid over, built once per recipe (TOOLCHAIN §4.1)."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import LabError
from ..processes import REPOSITORY
from ..waiting import Watch
from .tools import run

HOME = Path("/var/lib/lineops-lab")
SUITE, PYTHON_VERSION = "bookworm", "3.11"
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "python3", "python3-psutil", "python3-requests", "openssh-server", "iproute2",
    "procps", "mount", "sudo", "acl", "nftables", "ffmpeg",
)
#: What the supervisor stand-in imports; in a folder of its own, so that Debian's Python stays as it is.
SITE = "opt/lineops-lab/site"
_STAND_IN = ("flask", "pyads", "psutil")
_OPTIONS = (
    "--variant=minbase", '--aptopt=Apt::Install-Recommends "false"', "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
)
_UNWANTED_UNITS = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
    "systemd-timesyncd.service", "systemd-networkd.service", "nftables.service",
)
_LIMIT_S = 1800.0


def ensure(watch: Watch, say: Callable[[str], None] = print) -> Path:
    """Return the base tree, after building it if there is none; LabError if it cannot be built."""
    tree = place()
    if tree.exists():
        return tree
    HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    with _locked() as lock:
        if not tree.exists():
            _build(tree, lock, watch, say)
    return tree


def place() -> Path:
    """Where the tree of the present recipe lies; a path that exists holds a whole tree."""
    recipe = "\n".join((SUITE, *PACKAGES, *_OPTIONS, *_UNWANTED_UNITS, *_requirements(), inspect.getsource(_finish)))
    return HOME / f"base-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def _requirements() -> list[str]:
    """The stand-in's Python packages, each at the version that the project's own checks run with."""
    pins = (REPOSITORY / "scripts" / "requirements" / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = {name: version for name, equals, version in (word.partition("==") for word in pins) if equals}
    return [f"{name}=={pinned[name]}" if name in pinned else name for name in _STAND_IN]


def _build(tree: Path, lock: int, watch: Watch, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    for leftover in HOME.glob("*.new"):  # of a build that was killed: whoever holds the lock is the only one at work
        shutil.rmtree(leftover)
    scratch = tree.with_suffix(".new")

    def work(what: str, *argv: str | Path) -> None:
        say(f"base tree: {what} …")
        _follow([str(word) for word in argv], lock, watch)

    try:
        work(f"Debian {SUITE} with {', '.join(PACKAGES)}",
             "mmdebstrap", "--quiet", *_OPTIONS, f"--include={','.join(PACKAGES)}", SUITE, scratch)
        work(f"Python packages {', '.join(_requirements())}",
             sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
             "--root-user-action=ignore", "--target", scratch / SITE, "--python-version", PYTHON_VERSION,
             "--only-binary=:all:", *_requirements())
        _finish(scratch)
        scratch.rename(tree)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"base tree: {tree}, built in {time.monotonic() - began:.0f} s")


def _finish(tree: Path) -> None:
    """What no package does."""
    run(["chroot", tree, "python3", "-m", "compileall", "-q", f"/{SITE}"], timeout=300)
    for unit in _UNWANTED_UNITS:
        mask = tree / "etc/systemd/system" / unit
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")
    for key in (tree / "etc/ssh").glob("ssh_host_*"):  # every host has its own
        key.unlink()
    # The journal lives in memory: a full /var/log (SUPERVISOR_SYSTEMD §8) must not hide it.
    shutil.rmtree(tree / "var/log/journal", ignore_errors=True)
    shutil.rmtree(tree / "var/cache/apt", ignore_errors=True)


def _follow(argv: list[str], lock: int, watch: Watch) -> None:
    """Run a long program that ends when a signal comes. It keeps the lock: a second build waits for an orphan."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   pass_fds=(lock,), start_new_session=True)
        try:
            watch.wait(lambda: process.poll() is not None, f"{argv[0]} ends", _LIMIT_S)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if process.returncode:
            output.seek(0)
            said = output.read().strip().splitlines()
            raise LabError(f"the base tree cannot be built, {argv[0]} ended with {process.returncode}: "
                           f"{' / '.join(said[-3:]) or 'it said nothing'}")


@contextmanager
def _locked() -> Iterator[int]:
    with (HOME / "lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
