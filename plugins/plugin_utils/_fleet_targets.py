# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which supervisors of the inventory to ask, and with which key; a host whose variables are wrong is told. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible.errors import AnsibleError

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._inventory import host_secrets, is_text, is_url
from ansible_collections.lineops.runbook.plugins.plugin_utils._secrets import plain_secrets

_HINT = "Run inventory_check."


@dataclass
class Fleet:
    """Whom fleet_info can ask (its targets), whom it cannot and why, and the keys that must not show."""

    targets: list[dict[str, t.Any]] = field(default_factory=list)
    refused: dict[str, LineopsError] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """Every key that is sent."""
        return [target["admin_key"] for target in self.targets if target["admin_key"]]


def fleet_of(task_vars: t.Mapping[str, t.Any], names: t.Iterable[str] | None, with_keys: bool) -> Fleet:
    """Return the fleet of these inventory hosts; None: all hosts with a supervisor in the lines of the play's hosts.

    with_keys: look for the admin keys too, which costs time where the secrets are encrypted one by one.
    """
    hostvars = _Hostvars(task_vars.get("hostvars") or {})
    fleet = Fleet()
    for host in dict.fromkeys(_hosts_of_lines(task_vars, hostvars) if names is None else names):
        try:
            variables = hostvars.of(host)
            if names is None and "lineops_supervisor_url" not in variables:
                continue
            fleet.targets.append(_target(host, variables, with_keys))
        except AnsibleError as error:
            reason = str(error).splitlines()[0]
            fleet.refused[host] = LineopsError(
                "inventory.mistakes", f"The variables of {host} cannot be evaluated: {reason}", _HINT)
        except LineopsError as error:
            fleet.refused[host] = error
    return fleet


class _Hostvars:
    """The variables of hosts, each gathered once: that is what costs."""

    def __init__(self, hostvars: t.Mapping[str, t.Any]) -> None:
        self._hostvars = hostvars
        self._known: dict[str, t.Mapping[str, t.Any]] = {}

    def of(self, host: str) -> t.Mapping[str, t.Any]:
        if host not in self._known:
            if host not in self._hostvars:
                raise LineopsError("inventory.unknown_host", f"{host} is no host of this inventory.")
            self._known[host] = self._hostvars[host]
        return self._known[host]


def _hosts_of_lines(task_vars: t.Mapping[str, t.Any], hostvars: _Hostvars) -> t.Iterator[str]:
    """Yield the hosts of each line that a host of the play belongs to, whatever -l says; without a line itself."""
    groups = task_vars.get("groups") or {}
    seen = set()
    for host in task_vars.get("ansible_play_hosts_all") or [task_vars["inventory_hostname"]]:
        try:
            line = hostvars.of(host).get("lineops_line")
        except (AnsibleError, LineopsError):
            line = None
        if not isinstance(line, str) or line not in groups:
            yield host
        elif line not in seen:
            seen.add(line)
            yield from groups[line]
            # Its own group may be named otherwise than its line.
            yield host


def _target(host: str, variables: t.Mapping[str, t.Any], with_keys: bool) -> dict[str, t.Any]:
    """Return the target that a host's variables describe, as an option of fleet_info."""
    url, run_from = variables.get("lineops_supervisor_url"), variables.get("lineops_run_from")
    cameras = variables.get("lineops_cameras")
    # What cannot be evaluated is an error of Ansible's, or, in core 2.18, a value of another kind.
    for name, is_right, expected in (
        ("lineops_supervisor_url", is_url(url), "an address such as http://10.30.0.11:5000"),
        ("lineops_run_from", run_from in (None, "controller", "host"), "controller or host"),
        ("lineops_cameras", cameras is None or isinstance(cameras, list), "a list of cameras"),
    ):
        if not is_right:
            raise LineopsError("inventory.mistakes", f"{name} of {host} cannot be used; expected {expected}.", _HINT)
    if run_from == "host":
        raise LineopsError(
            "fleet.host_only", f"The supervisor of {host} is only reached from its own host (lineops_run_from: host).",
            "Ask it with supervisor_info.")
    return {
        "host": host,
        "url": url,
        "admin_key": _admin_key(host, variables) if with_keys else None,
        "cameras": _core_cameras(cameras or []),
    }


def _admin_key(host: str, variables: t.Mapping[str, t.Any]) -> str | None:
    secrets = plain_secrets(variables.get("lineops_secrets"))
    return host_secrets(secrets, host, variables.get("lineops_line")).get("admin_key")


def _core_cameras(cameras: list[t.Any]) -> list[str]:
    """Return the ids of those that production cannot do without."""
    entries = [camera for camera in cameras if isinstance(camera, dict)]
    return [camera["id"] for camera in entries if camera.get("core") is True and is_text(camera.get("id"))]
