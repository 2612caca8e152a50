# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host gives as evidence itself: its supervisor's unit, log files, and our own journal. Private."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t

from ._errors import LineopsError
from ._evidence_parts import Part, newest_lines, not_collected, text_part
from ._journal import Journal
from ._redact import scrub
from ._regular import opened_regular
from ._clock import utc_now

# No pattern, which would match other units, and no option.
_UNIT = re.compile(r"[A-Za-z0-9_:.@\\][A-Za-z0-9_:.@\\-]{0,250}\Z")
# No Environment and no ExecStart: they hold secrets, and say nothing of what happened.
_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,Result,MainPID,ExecMainCode,ExecMainStatus,ExecMainStartTimestamp,"
    "ExecMainExitTimestamp,ActiveEnterTimestamp,InactiveEnterTimestamp,StateChangeTimestamp,NRestarts,Restart,"
    "UnitFileState,FragmentPath,MemoryCurrent,TasksCurrent"
)
_COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("unit_status", ("systemctl", "status", "--no-pager", "--full", "--lines=0", "{unit}")),
    ("unit_show", ("systemctl", "show", "--no-pager", "--property={properties}", "{unit}")),
    ("unit_journal", ("journalctl", "--unit={unit}", "--lines={lines}", "--output=short-iso", "--no-pager")),
)
_NO_ENTRIES = "-- No entries --"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class HostSources:
    """Collects; what cannot be had is named with the reason and never a failure.

    secrets: values to mask. After collecting: parts, and missing ({name, reason}).
    """

    def __init__(self, secrets: t.Collection[str]) -> None:
        self._secrets = secrets
        self.parts: list[Part] = []
        self.missing: list[dict[str, str]] = []

    def unit(self, unit: str, lines: int, timeout: float) -> None:
        """Collect state and last lines of a systemd unit; timeout in seconds for each command."""
        if not _UNIT.match(unit):
            self._miss("unit", f"{unit[:100]!r} is no name of a systemd unit")
            return
        for name, words in _COMMANDS:
            command = [word.format(unit=unit, lines=lines, properties=_PROPERTIES) for word in words]
            text, reason = _output(command, timeout)
            if reason:
                self._miss(name, reason)
            else:
                self._add(f"{name}.txt", text, f"command {' '.join(command)}")

    def log_files(self, paths: t.Iterable[str], size: int) -> None:
        """Collect the last bytes of log files, from a line's beginning on."""
        for number, path in enumerate(paths, start=1):
            base = scrub(os.path.basename(path), self._secrets)
            name = f"log{number}_{re.sub(r'[^A-Za-z0-9.-]', '_', base)[-60:]}"
            try:
                content, is_cut = _end_of(path, size)
            except OSError as error:
                self._miss(name, f"{path}: {error.strerror}")
            except ValueError as error:
                self._miss(name, f"{path}: {error}")
            else:
                self._add(f"{name}.txt", content.decode("utf-8", "replace"), f"file {path}", is_cut)

    def journal(self, state_dir: str, count: int) -> None:
        """Collect the last entries of our own journal."""
        try:
            entries = Journal(state_dir).read()
        except LineopsError as error:
            self._miss("own_journal", error.message)
            return
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries[-count:]]
        self._add("own_journal.jsonl", "".join(lines), f"file {state_dir}/journal.jsonl", len(entries) > count)

    def _add(self, name: str, text: str, source: str, is_cut: bool = False) -> None:
        self.parts.append(text_part(name, text, self._secrets, source, utc_now(), is_cut))

    def _miss(self, name: str, reason: str) -> None:
        self.missing.append(not_collected(name, reason, self._secrets))


def _output(command: t.Sequence[str], timeout: float) -> tuple[str, str]:
    """Run a command without a shell; return what it said, or why it said nothing."""
    environment = {"PATH": os.environ.get("PATH") or _PATH, "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False, env=environment)
    except FileNotFoundError:
        return "", f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return "", f"{command[0]} gave no answer within {timeout:g} s"
    except OSError as error:
        return "", f"{command[0]} cannot be run: {error.strerror}"
    text = done.stdout.decode("utf-8", "replace")
    said = text.strip()
    if said and said != _NO_ENTRIES:
        return text, ""
    complaint = " ".join(done.stderr.decode("utf-8", "replace").split())
    return "", complaint or ("no entries" if said else f"{command[0]} said nothing and ended with {done.returncode}")


def _end_of(path: str, size: int) -> tuple[bytes, bool]:
    """Return the last bytes of a regular file and whether there is more; raise ValueError or OSError.

    The cut is at a line's beginning: half a line may begin with half a secret, which no rule would find.
    """
    if not os.path.isabs(path):
        raise ValueError("not an absolute path")
    path = os.path.normpath(path)
    with opened_regular(path) as stream:
        if os.readlink(f"/proc/self/fd/{stream.fileno()}") != path:
            raise ValueError("a link leads there, and links are not followed")
        length = os.fstat(stream.fileno()).st_size
        if length <= size:
            return stream.read(size), False
        stream.seek(length - size - 1)
        content = stream.read(size + 1)
    if b"\n" not in content[:-1]:
        raise ValueError(f"its last line is longer than {size} bytes")
    return newest_lines(content), True
