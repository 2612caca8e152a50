# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a look at a host beyond supervisor and PLC, put together. Private to this collection."""

from __future__ import annotations

import functools
import os
import typing as t

from ._errors import LineopsError
from ._host_permissions import home_of, permissions
from ._host_proc import listening_on, name_of
from ._host_processes import Known, load_psutil, processes
from ._host_resources import resources
from ._host_texts import port_of
from ._host_unit import Seen, container, unit

#: Where a supervisor keeps what, below its working directory (SUPERVISOR_API §6) …
_DIRECTORIES = {"install": "", "config": "config", "hls": "web/static/hls", "backups": "config/backups"}
_START_SCRIPT = "start_web_hmi.py"
#: Where its unit writes its output: with this file system full, no start succeeds (SUPERVISOR_SYSTEMD 32).
_LOG_DIR = "/var/log"
#: … and below the home of its user.
_USER_BACKUPS = ".config/twincat_smarthome/backups"
_NO_DIRECTORY = "the supervisor's directory is not known"


class Survey:
    """One look at a host.

    options: url, supervisor_dir, unit, container, state_dir, answering_pid and command_timeout of host_info. not_observed
    grows while parts are taken.
    """

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options
        self._supervisor: t.Mapping[str, t.Any] = {}
        self._container: dict[str, t.Any] = {}
        self.not_observed: list[str] = []

    @property
    def main_pid(self) -> int | None:
        """The main process of the unit, as far as there is one."""
        return self._unit.get("main_pid")

    def take(self, wanted: t.Container[str], supervisor: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the wanted ones of unit, container, processes, resources and permissions.

        supervisor: what _host.look() saw of it, {} where it saw nothing.
        """
        self._supervisor = supervisor
        self._ask_managers(wanted)
        views: dict[str, t.Any] = {"unit": self._unit or None, "container": self._container or None}
        for name, look in (
            ("processes", self._processes), ("resources", self._resources), ("permissions", self._permissions)
        ):  # fmt: skip
            if name in wanted:
                views[name] = look()
                self.not_observed += views[name].pop("not_observed", []) if views[name] else []
        return {name: view for name, view in views.items() if name in wanted}

    @functools.cached_property
    def _unit_seen(self) -> Seen:
        name = self._options["unit"]
        return unit(name, self._options["command_timeout"]) if name else (None, "no name is given")

    @property
    def _unit(self) -> dict[str, t.Any]:
        return self._unit_seen[0] or {}

    def _ask_managers(self, wanted: t.Container[str]) -> None:
        """Ask whoever runs the supervisor; the other parts need to know too, but only who asked for it is told."""
        name, box, timeout = self._options["unit"], self._options["container"], self._options["command_timeout"]
        why_no_unit = self._unit_seen[1] if name or not box else ""
        box_view, why_no_box = (
            container(box["engine"], box["name"], timeout) if box else (None, "" if name else "no name is given"))
        self._container = box_view or {}
        for part, why in (("unit", why_no_unit), ("container", why_no_box)):
            if part in wanted and why:
                self.not_observed.append(f"{part} ({why})")

    def _processes(self) -> dict[str, t.Any] | None:
        supervisor = self._supervisor
        listens = supervisor.get("listens") or []
        pid = supervisor.get("pid")
        port = port_of(self._options["url"])
        serves = any(address.endswith(f":{port}") for address in listens)
        known = Known(
            pid=self._container.get("pid") or pid,
            hidden=pid is None and (bool(listens) or supervisor.get("api") is None),
            owner=pid if serves else None,
            owner_user=self._user_of_socket(port, listens),
            answering=self._options["answering_pid"],
            main_pid=self._unit.get("main_pid"),
            control_group=(self._unit["control_group"] or "") if self._unit else None,
            hls_dir=self._directories().get("hls"),
        )
        try:
            return processes(known)
        except LineopsError:
            self.not_observed.append("processes (psutil is not installed)")
            return None

    @staticmethod
    def _user_of_socket(port: int, listens: t.Sequence[str]) -> str | None:
        """Return whose socket serves the port; None if there is none, or if there are several of several users."""
        found = {entry.uid for entry in listening_on(port) if not listens or f"{entry.ip}:{port}" in listens}
        return name_of(found.pop()) if len(found) == 1 else None

    def _resources(self) -> dict[str, t.Any]:
        directories = self._directories()
        paths = ["/", directories.get("hls"), directories.get("backups"), directories.get("user_backups")]
        if not directories.get("hls"):
            self.not_observed.append(f"file systems of HLS and backups ({_NO_DIRECTORY})")
        if not directories.get("user_backups"):
            self.not_observed.append("file system of the service user's backups (the user is not known)")
        paths += [self._options["state_dir"], "/tmp", _LOG_DIR]
        return resources([path for path in paths if path], self._options["command_timeout"])

    def _permissions(self) -> dict[str, t.Any]:
        directories = self._directories()
        if "install" not in directories:
            self.not_observed.append(f"permissions of its directories ({_NO_DIRECTORY})")
        files = {"start_script": os.path.join(directories["install"], _START_SCRIPT)} if "install" in directories else {}
        return permissions(self._service_user(), directories, files)

    def _directories(self) -> dict[str, str]:
        """Return the supervisor's directories by name, as far as they are known."""
        top = self._options["supervisor_dir"] or self._unit.get("working_directory") or self._of_process("cwd")
        found = {name: os.path.join(top, below).rstrip("/") for name, below in _DIRECTORIES.items()} if top else {}
        user = self._service_user()
        home = home_of(user) if user else None
        return {**found, "user_backups": os.path.join(home, _USER_BACKUPS)} if home else found

    def _service_user(self) -> str | None:
        return self._unit.get("user") or self._of_process("username")

    def _of_process(self, fact: str) -> str | None:
        """Ask the supervisor's process; None if there is none, or if it may not be asked."""
        pid = self._container.get("pid") or self._supervisor.get("pid")
        if not pid:
            return None
        try:
            psutil = load_psutil()
        except LineopsError:
            return None
        try:
            return getattr(psutil.Process(pid), fact)() or None
        except psutil.Error:
            return None
