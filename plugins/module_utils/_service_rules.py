# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart through the supervisor's own API: which delay may be sent, and why one may be without effect.

Source of fact: SUPERVISOR_API §3, quirks 11, 12 and 14; SUPERVISOR_SYSTEMD §3, §6 and §8. Pure. Private.
"""

from __future__ import annotations

import re
import typing as t

from ._errors import LineopsError
from ._host_texts import shown_command

#: The only install directory the control script's process pattern holds (SUPERVISOR_SYSTEMD 11).
SHIPPED_DIR = "/opt/Smarthome-Web"
#: Where the control script starts a supervisor, whatever the running one is bound to (SUPERVISOR_API §6).
_SHIPPED_BINDING = {"--host": "0.0.0.0", "--port": "5000"}
_DISK_FULL = re.compile(r"database or disk is full|no space left", re.IGNORECASE)
_DELAYS = range(1, 31)

#: Code of a reason -> what it means. The sentences of one failure are told one after the other.
_SENTENCES = {
    "bound_elsewhere": "The supervisor is bound to {binding}, the control script only restarts one on 0.0.0.0:5000.",
    "stale_pid_file": "The supervisor was restarted by its API before, so the control script takes it for running already.",
    "container": (
        "The supervisor runs in a container: it comes back only if the container runtime restarts it, and may have the same"
        " pid then."),
    "script_missing": "The supervisor did not run its control script: {said}",
    "not_shipped_directory": (
        "The supervisor is not installed in " + SHIPPED_DIR + ", so the control script does not see its process."),
    "unit_owns_pid": "The unit's main process is {main_pid}, but process {pid} answers: another process holds the port.",
    "disk_full": "The file system of the supervisor's config directory is full: {said}",
    "unknown": "Nothing that can be seen through the API tells why.{said}",
}  # fmt: skip


def delay_of(value: t.Any) -> int:
    """Return a delay as the supervisor takes it unchanged; it clamps all others without a word (quirk 14)."""
    text = value if isinstance(value, str) else str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
    if re.fullmatch("[0-9]{1,2}", text) and int(text) in _DELAYS:
        return int(text)
    raise LineopsError(
        "restart.delay_invalid",
        f"The delay must be a whole number of seconds from {_DELAYS[0]} to {_DELAYS[-1]}, not {str(value)[:40]!r}.",
        "Nothing was sent: the supervisor would take another delay without saying so.")


def pid_of(info: t.Mapping[str, t.Any]) -> int | None:
    """Return the process id that service/info tells; None where it tells none."""
    pid = info.get("pid")
    return pid if isinstance(pid, int) and not isinstance(pid, bool) and pid > 0 else None


def original_of(info: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what service/info told before a restart, without secrets on the command line."""
    return {
        "pid": pid_of(info),
        "args": shown_command(_words(info)),
        "is_restarted": info.get("is_restarted") is True,
        "is_container_runtime": info.get("is_container_runtime") is True,
    }


def reasons(
    info: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any], *, said: str = "", status: int | None = None
) -> list[dict[str, str]]:
    """Return why a restart has no effect, or may have none: [{"code", "sentence"}], [] if nothing is known.

    info: service/info before; params: method, main_pid and supervisor_dir; said, status: error text and HTTP status of an
    answer that refused the restart.
    """
    words, pid, main_pid = _words(info), pid_of(info), params["main_pid"]
    binding = {name: _value_after(words, name) or shipped for name, shipped in _SHIPPED_BINDING.items()}
    by_script = params["method"] == "daemon"
    directory = str(params["supervisor_dir"] or SHIPPED_DIR)
    in_container = info.get("is_container_runtime") is True
    known = {
        "disk_full": bool(_DISK_FULL.search(said)),
        "script_missing": by_script and status == 400 and not in_container,
        "container": in_container,
        "unit_owns_pid": bool(main_pid) and main_pid != pid,
        "bound_elsewhere": by_script and binding != _SHIPPED_BINDING,
        "stale_pid_file": by_script and (info.get("is_restarted") is True or "--restarted" in words),
        "not_shipped_directory": by_script and directory.rstrip("/") != SHIPPED_DIR,
    }
    values = {"binding": ":".join(binding.values()), "said": said or "no reason given.", "pid": pid, "main_pid": main_pid}
    return [_reason(code, **values) for code, holds in known.items() if holds]


def told(found: t.Sequence[dict[str, str]], said: str = "") -> list[dict[str, str]]:
    """Return the reasons of a failure, which always has one; said: what spoke against its success when it was sent."""
    return list(found) or [_reason("unknown", said=said and f" {said}")]


def _reason(code: str, **values: t.Any) -> dict[str, str]:
    return {"code": code, "sentence": _SENTENCES[code].format(**values)}


def _words(info: t.Mapping[str, t.Any]) -> list[str]:
    words = info.get("args")
    return [str(word) for word in words] if isinstance(words, list) else []


def _value_after(words: t.Sequence[str], option: str) -> str | None:
    """Return the value of an option of a command line, "--port 5000" or "--port=5000"; the last one counts."""
    value = None
    for word, after in zip(words, [*words[1:], ""]):
        name, sign, own = word.partition("=")
        if name == option:
            value = own if sign else after
    return value or None
