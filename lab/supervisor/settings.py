# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one supervisor lives and what its environment says.

A supervisor's installation is a directory (``config["dir"]``)::

    config/{plc_connections,cameras,routing,plc_symbols}.json   written at the first start, then the supervisor's own
    config/{system_logs,auth_keys}.db                           log rows, managed keys
    config/feature_flags.json                                   absent until somebody posts flags (quirk 22)
    config/backups/                                             backup/create
    home/.config/twincat_smarthome/twincat_config.json          app config with the connect target
    web/static/hls/  scripts/web_server_ctl.sh                  HLS files, control script
    supervisor.pid  supervisor.log                              for whoever runs the loopback lab

The layout is SUPERVISOR_API §6. Installed in a host (``installed/``) the home is the service user's own.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

PLC_DEFAULTS: Mapping[str, Any] = {
    "name": "", "ams_net_id": "", "ams_port": 851, "ip_address": "", "tpy_file": None, "description": "",
    "created": "2026-01-01T00:00:00", "last_modified": "2026-01-01T00:00:00", "active": True,
}
YES, NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
TAB_NAMES = (("Erdgeschoss", "🏡"), ("Obergeschoss", "🏠"), ("Dachboden", "🏚️"))
SCRIPT = "start_web_hmi.py"
RING_LIVE_FLAG = "ui.ring.webrtc"
RING_SESSIONS = "ring_sessions.json"  #: ids of sessions that are there: only the plant knows, no endpoint shows one
#: Camera -> seconds its process must live to count as started, for a fault that is not to depend on luck (quirk 17).
STREAM_STARTS = "stream_starts.json"
#: How many retries recovery has, for the fault that wants it to give up: with the usual five the breaker lets a start
#: through before they are used up, and that begins anew.
STREAM_RETRIES = "stream_retries.json"
MASTER_KEYS = ("SMARTHOME_ADMIN_API_KEY", "ADMIN_API_KEY")
CTL_SCRIPT = """#!/bin/sh
# Control script of the supervisor. It only ever manages a supervisor on 0.0.0.0:5000 (SUPERVISOR_API §6):
# one that listens elsewhere is left alone and nothing says so (quirk 11).
exit 0
"""


def _read_config(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _environment(config: Mapping[str, Any]) -> dict[str, str]:
    return {**os.environ, **{name: str(value) for name, value in config.get("env", {}).items()}}


def _master_key(config: Mapping[str, Any]) -> str | None:
    """The configuration's, which may say null for none; if it says nothing, the environment's."""
    environment = _environment(config)
    return config.get("master_key", next(filter(None, map(environment.get, MASTER_KEYS)), None))


def _shown_args(script: str, host: str, port: int) -> tuple[str, ...]:
    return script, "--host", host, "--port", str(port)


def read_json(path: Path, default: Any) -> Any:
    """Content of a JSON file, ``default`` if there is none. Raises ValueError for a broken file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file so that a reader sees the old or the new content, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    draft.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


@dataclass(frozen=True)
class Settings:
    """One supervisor's configuration file and environment, and the paths that follow from them."""

    program: tuple[str, ...]                     #: what Python runs: a successor gets the same
    args: tuple[str, ...]                        #: what service/info calls its arguments
    host: str
    port: int
    dir: Path
    home: Path
    master_key: str | None
    seed: Mapping[str, Any]                      #: the configuration file itself: what the first start writes to disk
    restarted: bool = False
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, config_path: Path, restarted: bool = False) -> Settings:
        """A supervisor of the loopback lab: everything is in its configuration file (see ``__main__``). Raises KeyError
        for a missing entry."""
        config = _read_config(config_path)
        host, port, folder = config["host"], int(config["port"]), Path(config["dir"])
        return cls(program=("-m", "lab.supervisor", str(config_path)), args=_shown_args(SCRIPT, host, port), host=host,
                   port=port, dir=folder, home=folder / "home", master_key=_master_key(config), seed=config,
                   restarted=restarted, env=_environment(config))

    @classmethod
    def installed(cls, script: str, host: str, port: int, restarted: bool = False) -> Settings:
        """A supervisor installed in a host: its directory is the script's, its home the user's.

        :param script: the path as it was given: a start by the control script names a relative one.
        """
        folder = Path(script).resolve().parent
        config = _read_config(folder / "standin.json")
        args = _shown_args(script, host, port)
        return cls(program=args, args=args, host=host, port=port, dir=folder, home=Path.home(),
                   master_key=_master_key(config), seed=config, restarted=restarted, env=_environment(config))

    config_dir = property(lambda self: self.dir / "config")
    backups_dir = property(lambda self: self.config_dir / "backups")
    hls_dir = property(lambda self: self.dir / "web" / "static" / "hls")
    ctl_script = property(lambda self: self.dir / "scripts" / "web_server_ctl.sh")
    app_config = property(lambda self: self.home / ".config" / "twincat_smarthome" / "twincat_config.json")
    flags_file = property(lambda self: self.config_dir / "feature_flags.json")
    plcs_file = property(lambda self: self.config_dir / "plc_connections.json")
    cameras_file = property(lambda self: self.config_dir / "cameras.json")
    symbols_file = property(lambda self: self.config_dir / "plc_symbols.json")
    logs_db = property(lambda self: self.config_dir / "system_logs.db")
    keys_db = property(lambda self: self.config_dir / "auth_keys.db")
    pid_file = property(lambda self: self.dir / "supervisor.pid")
    ring_sessions = property(lambda self: self.dir / RING_SESSIONS)
    stream_starts = property(lambda self: self.dir / STREAM_STARTS)
    stream_retries = property(lambda self: self.dir / STREAM_RETRIES)
    log_file = property(lambda self: self.dir / "supervisor.log")

    @property
    def container_runtime(self) -> bool:
        """True if this supervisor believes to run in a container; only its own environment can tell it so."""
        return self.flag("SMARTHOME_CONTAINER_RUNTIME", False)

    def flag(self, name: str, default: bool) -> bool:
        """A yes/no of the environment; unset or unreadable gives the default."""
        word = self.env.get(name, "").strip().lower()
        return word in YES if word in YES | NO else default

    def number(self, name: str, default: float) -> float:
        """A number of the environment; unset or unreadable gives the default."""
        try:
            return float(self.env[name])
        except (KeyError, ValueError):
            return default

    def install(self) -> None:
        """Create the directory layout; write the state files a first start finds missing."""
        for folder in (self.config_dir, self.backups_dir, self.hls_dir):
            folder.mkdir(parents=True, exist_ok=True)
        if not self.ctl_script.parent.exists():  # only a missing folder: a removed script stays removed
            self.ctl_script.parent.mkdir(parents=True)
            self.ctl_script.write_text(CTL_SCRIPT, encoding="utf-8")
            self.ctl_script.chmod(0o755)
        for path, content in (
            (self.plcs_file, {"plc_configs": first_plcs(self.seed), "active_plc": self.seed.get("active_plc")}),
            (self.cameras_file, self.seed.get("cameras", {})),
            (self.config_dir / "routing.json", {}),
            (self.app_config, first_app_config(self.seed.get("target") or {})),
        ):
            if not path.exists():
                write_json(path, content)


def first_plcs(seed: Mapping[str, Any]) -> dict[str, Any]:
    """The PLC entries of a configuration file in the shape GET plc/config shows (no runtime type there)."""
    return {plc_id: {name: entry.get(name, default) for name, default in PLC_DEFAULTS.items()}
            for plc_id, entry in seed.get("plc_configs", {}).items()}


def first_app_config(target: Mapping[str, Any]) -> dict[str, Any]:
    """The app config of a first start, with the saved connect target (empty: nothing to connect to)."""
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    tabs = {f"TabID_{uuid.uuid4().hex[:6]}": (order, name, icon) for order, (name, icon) in enumerate(TAB_NAMES)}
    return {
        "custom_lights": {}, "plc": {}, "schema_version": 2, "theme": "blue", "version": "2.0", "widgets": {},
        "plc_ams_net_id": target.get("ams_net_id", ""), "plc_ams_port": target.get("ams_port", 851),
        "plc_ip_address": target.get("ip_address", ""), "plc_runtime_type": target.get("runtime_type", "TC3"),
        "tabs": {
            tab_id: {"id": tab_id, "name": name, "icon": icon, "order": order, "is_system": True, "created_at": now}
            for tab_id, (order, name, icon) in tabs.items()},
    }
