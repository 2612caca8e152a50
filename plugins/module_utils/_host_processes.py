# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes around a supervisor: itself, its ffmpeg and Ring bridges, those that lost it. Private.

Command lines hold camera passwords (SUPERVISOR_API quirk 19): none leaves here unredacted.
"""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ._errors import LineopsError
from ._host_texts import in_control_group, is_ffmpeg, is_ring_bridge, shown_command
from ._regular import opened_regular

_OWNER_FACTS = ("pid", "user", "cmdline", "in_unit", "started_at")
#: Where the control script keeps it, whatever the unit does (SUPERVISOR_API §6).
_PID_FILE = "/tmp/smarthome-web.pid"
_PID_LETTERS = 20
_PID = re.compile("[0-9]{1,9}")
_FACTS = ("ppid", "username", "cmdline", "create_time", "memory_info", "cpu_times", "status")


@dataclass(frozen=True)
class Known:
    """What other looks know of the supervisor.

    pid: its process; hidden: something serves its port but its process could not be seen; owner: the process that
    listens on its port; owner_user: whose socket that is, which is seen without root too; answering: the process that
    answers by its own word; main_pid, control_group: of its unit or container, None where none was observed;
    hls_dir: where its ffmpeg write, None where unknown.
    """

    pid: t.Optional[int] = None
    hidden: bool = False
    owner: t.Optional[int] = None
    owner_user: t.Optional[str] = None
    answering: t.Optional[int] = None
    main_pid: t.Optional[int] = None
    control_group: t.Optional[str] = None
    hls_dir: t.Optional[str] = None

    @property
    def roots(self) -> frozenset[int]:
        """Whose descendants are the supervisor's own."""
        return frozenset(pid for pid in (self.pid, self.main_pid) if pid)


def load_psutil() -> t.Any:
    """Return the library; raises LineopsError (library.missing)."""
    try:
        import psutil
    except ImportError as error:
        raise LineopsError(
            "library.missing", "The Python library psutil is not installed on this host.",
            "Install python3-psutil there, or set lineops_host_access: false.") from error
    return psutil


def processes(known: Known) -> dict[str, t.Any]:
    """Return supervisor, port_owner, answering, pid_file, ffmpeg, orphaned_ffmpeg, ring_bridges and not_observed.

    Orphaned is an ffmpeg that writes below the HLS directory and is not below the supervisor (quirk 13).
    Raises LineopsError (library.missing).
    """
    look = _Look(load_psutil(), known)
    view: dict[str, t.Any] = {
        "supervisor": look.facts(known.pid or known.main_pid),
        "port_owner": look.port_owner(),
        "answering": look.facts(known.answering),
        "pid_file": look.pid_file(),
        "ffmpeg": [],
        "orphaned_ffmpeg": [],
        "ring_bridges": [],
        "not_observed": look.not_observed,
    }
    for pid, process in look.table.items():
        arguments = process.info["cmdline"] or []
        if is_ffmpeg(process.info["name"], arguments):
            place = look.place_of_ffmpeg(pid)
            if place:
                view[place] += look.some(pid, playlist=look.playlist(pid))
        elif is_ring_bridge(arguments):
            view["ring_bridges"] += look.some(pid, below_supervisor=look.is_below(pid))
    return view


class _Look:
    """One look at the process table; not_observed grows as it goes on."""

    def __init__(self, psutil: t.Any, known: Known) -> None:
        self._psutil = psutil
        self._known = known
        self._hls_dir = os.path.realpath(known.hls_dir) if known.hls_dir else None
        self.table = {process.pid: process for process in psutil.process_iter(["ppid", "name", "cmdline"])}
        self.not_observed: list[str] = []
        if 1 not in self.table:
            self.not_observed.append("other users' processes (hidden by /proc)")

    def facts(self, pid: int | None) -> dict[str, t.Any] | None:
        """Return what a process is; None once it is gone."""
        try:
            facts = self._psutil.Process(pid).as_dict(_FACTS) if pid else None
        except self._psutil.Error:
            return None
        if not facts:
            return None
        started = datetime.fromtimestamp(facts["create_time"], timezone.utc).isoformat(timespec="seconds")
        return {
            "pid": pid,
            "parent": facts["ppid"],
            "user": facts["username"],
            "cmdline": shown_command(facts["cmdline"] or []),
            "state": facts["status"],
            "started_at": started.replace("+00:00", "Z"),
            "rss": facts["memory_info"] and facts["memory_info"].rss,
            "cpu_s": facts["cpu_times"] and round(facts["cpu_times"].user + facts["cpu_times"].system, 2),
            "in_unit": self._in_unit(t.cast(int, pid)),
        }

    def some(self, pid: int, **more: t.Any) -> list[dict[str, t.Any]]:
        """Return the facts of a process in a list, which is empty once it is gone."""
        facts = self.facts(pid)
        return [{**facts, **more}] if facts else []

    def port_owner(self) -> dict[str, t.Any] | None:
        """Say who serves the supervisor's port, and whether that is whom the unit started (SUPERVISOR_SYSTEMD 23)."""
        known = self._known
        if known.owner is None and known.hidden:
            self.not_observed.append("owner of the supervisor's port (no permission)")
        facts = self.facts(known.owner)
        if facts is None and known.owner_user and known.hidden:
            return {**dict.fromkeys(_OWNER_FACTS), "user": known.owner_user, "is_main_pid": None}
        if facts is None:
            return None
        is_main = None if known.control_group is None else known.owner == known.main_pid
        return {**{name: facts[name] for name in _OWNER_FACTS}, "is_main_pid": is_main}

    def pid_file(self) -> dict[str, t.Any]:
        """Say whom the control script's pid file names: a stale one keeps it from starting anything (quirk 11)."""
        view: dict[str, t.Any] = {"path": _PID_FILE, "exists": True, "pid": None, "alive": None}
        try:
            with opened_regular(_PID_FILE) as stream:
                said = stream.read(_PID_LETTERS).decode("ascii", "replace").strip()
        except FileNotFoundError:
            return {**view, "exists": False}
        except (OSError, ValueError) as error:
            self.not_observed.append(f"pid file {_PID_FILE} ({getattr(error, 'strerror', None) or error})")
            return view
        if not _PID.fullmatch(said):
            return view
        return {**view, "pid": int(said), "alive": self._psutil.pid_exists(int(said))}

    def is_below(self, pid: int) -> bool:
        """Say whether a process descends from the supervisor."""
        seen: set[int] = set()
        while pid in self.table and pid not in seen:
            seen.add(pid)
            pid = self.table[pid].info["ppid"]
            if pid in self._known.roots:
                return True
        return False

    def place_of_ffmpeg(self, pid: int) -> str:
        """Return where an ffmpeg belongs in the view; "" if it is none of this supervisor's, or nobody can say."""
        if self.is_below(pid):
            return "ffmpeg"
        if self._hls_dir is None:
            self.not_observed.append(f"whether ffmpeg {pid} is an orphan (the supervisor's directory is not known)")
            return ""
        writes = self._writes_hls(pid)
        if writes is None and not self._is_alive(pid):
            return ""
        if writes is None:
            self.not_observed.append(f"whether ffmpeg {pid} writes below {self._known.hls_dir} (no permission)")
        elif writes and self._known.hidden and self.table[pid].info["ppid"] != 1:
            self.not_observed.append(f"whose ffmpeg {pid} is (the supervisor's process could not be seen)")
        elif writes:
            return "orphaned_ffmpeg"
        return ""

    def playlist(self, pid: int) -> str | None:
        """Return the playlist an ffmpeg writes, as far as its command line and directory tell."""
        paths = [path for path in self._paths(pid) if path.endswith(".m3u8")]
        return shown_command(paths[-1:])[0] if paths else None

    def _in_unit(self, pid: int) -> bool | None:
        if self._known.control_group is None:
            return None
        try:
            with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as stream:
                return in_control_group(stream.read(), self._known.control_group)
        except OSError:
            return None

    def _writes_hls(self, pid: int) -> bool | None:
        """Say whether a process works in, names or has open anything below the HLS directory; None if it hides that."""
        places = [*self._paths(pid), self._directory(pid) or ""]
        hidden = self._directory(pid) is None
        if not any(map(self._is_hls, places)):
            try:
                places += [file.path for file in self.table[pid].open_files()]
            except self._psutil.Error:
                hidden = True
        return True if any(map(self._is_hls, places)) else None if hidden else False

    def _is_alive(self, pid: int) -> bool:
        try:
            return self.table[pid].status() != self._psutil.STATUS_ZOMBIE
        except self._psutil.NoSuchProcess:
            return False

    def _is_hls(self, path: str) -> bool:
        return bool(self._hls_dir) and (path == self._hls_dir or path.startswith(f"{self._hls_dir}{os.sep}"))

    def _directory(self, pid: int) -> str | None:
        try:
            return self.table[pid].cwd() or None
        except (self._psutil.Error, OSError):
            return None

    def _paths(self, pid: int) -> list[str]:
        """Return the arguments that may be paths, made whole; relative ones only if the process's directory is seen."""
        directory = self._directory(pid)
        words = (self.table[pid].info["cmdline"] or [])[1:]
        named = [word for word in words if word[:1] not in ("", "-") and "://" not in word]
        whole = [os.path.join(directory, word) if directory else word for word in named]
        return [os.path.realpath(path) for path in whole if path.startswith(os.sep) and "\0" not in path]
