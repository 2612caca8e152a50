# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prunes stale files of HLS and surplus backups of a supervisor on its own host. Private.

All directories are opened before anything is removed, and stay open: what is removed is removed in these very ones.
"""

from __future__ import annotations

import os
import time
import typing as t
from contextlib import ExitStack

from . import _artifact_files as files
from . import _artifact_rules as rules
from ._beneath import opened_beneath
from ._change import Change
from ._errors import LineopsError
from ._host_permissions import home_of
from ._host_proc import name_of

#: Rows that are told one by one; the sums count all.
_SHOWN = 500
_NO_BACKUPS_YET = "directory.missing"


class Pruning:
    """One pruning. params: those of stream_artifacts; what is known goes into change as it comes."""

    def __init__(self, params: t.Mapping[str, t.Any], change: Change) -> None:
        rules.checked(params)
        self._params = params
        self._change = change
        self._now = time.time()
        self._directories: dict[str, int] = {}
        self._before: dict[str, list[files.File]] = {}

    def run(self, check_mode: bool) -> dict[str, t.Any]:
        """Judge, remove, and look again."""
        with ExitStack() as stack:
            self._open(stack)
            self._before = {part: self._list(part) for part in self._directories}
            original = {part: rules.sums(found) for part, found in self._before.items()}
            self._change.note(original=original, reached=original)
            judged = self._judge()
            stale = {part: [file for file, dummy in one.stale] for part, one in judged.items()}
            self._note("kept", {part: one.kept for part, one in judged.items()})
            self._note("removed", {part: one.stale for part, one in judged.items()} if check_mode else {})
            if check_mode:
                return self._result(stale, changed=any(stale.values()), verified=not any(stale.values()))
            gone, why = self._remove(judged)
            after = {part: self._list(part) for part in self._directories}
            left = {part: {file.identity for file in found} for part, found in after.items()}
            self._change.note(reached={part: rules.sums(found) for part, found in after.items()})
            if why:
                raise LineopsError(
                    "artifacts.not_removed", f"Not everything could be removed: {why}.", "Become the supervisor's own user.")
            is_proven = not any(file.identity in left[part] for part, names in gone.items() for file in names)
            return self._result(gone, verified=is_proven)

    def _open(self, stack: ExitStack) -> None:
        top, user = self._params["supervisor_dir"], self._params["user"] or name_of(os.geteuid())
        home = home_of(user)
        if home is None and rules.USER_BACKUPS in self._params["parts"]:
            raise LineopsError("artifacts.option", f"Nothing was done: this host has no user {user}.")
        findings = []
        for part in self._params["parts"]:
            above = home if part == rules.USER_BACKUPS else top
            try:
                self._directories[part] = stack.enter_context(opened_beneath(str(above), self._params[f"{part}_dir"]))
            except LineopsError as error:
                findings.append({"part": part, **error.as_failure()})
                # The supervisor makes the other two at each start, so that their absence means another place.
                if part != rules.USER_BACKUPS or error.code != _NO_BACKUPS_YET:
                    raise
            finally:
                self._change.note(findings=findings)

    def _list(self, part: str) -> list[files.File]:
        try:
            return [file for file in files.files_in(self._directories[part]) if rules.is_of(part, file.name)]
        except OSError as error:
            raise LineopsError("directory.no_access", f"The directory of {part} cannot be listed: {error.strerror}.") from error

    def _judge(self) -> dict[str, rules.Judged]:
        params, judged = self._params, {}
        # The playlists are read after the look at the processes, which takes longer: a new segment is listed by then.
        seen = files.use_of({self._directories[part]: found for part, found in self._before.items()})
        use = rules.InUse(seen.opened, seen.written)
        if seen.hidden:
            self._change.note(not_observed=[f"files open in {seen.hidden} processes that do not show them (no permission)"])
        for part, found in self._before.items():
            directory = self._directories[part]
            if part == rules.HLS:
                texts = {file.name: files.playlist_text(directory, file.name) for file in found if rules.is_playlist(file.name)}
                judged[part] = rules.stale_hls(found, texts, use, self._now, params["age_s"])
            else:
                judged[part] = rules.surplus_backups(
                    part, found, lambda file, directory=directory: files.is_valid_backup(directory, file), use, self._now,
                    params["keep_backups"], params["backup_age_s"])
        return judged

    def _remove(self, judged: t.Mapping[str, rules.Judged]) -> tuple[dict[str, list[files.File]], str]:
        """Remove what is stale; return what is gone, and why something is not."""
        gone: dict[str, list[t.Any]] = {}
        whys: list[str] = []
        for part, one in judged.items():
            for file, why in one.stale:
                try:
                    if files.remove(self._directories[part], file):
                        gone.setdefault(part, []).append((file, why))
                        self._change.note(changed=True)
                except OSError as error:
                    whys.append(f"{part}/{file.name}: {error.strerror}")
        self._note("removed", gone)
        return {part: [file for file, dummy in found] for part, found in gone.items()}, whys[0] if whys else ""

    def _note(self, name: str, parts: t.Mapping[str, t.Sequence[tuple[files.File, str]]]) -> None:
        rows = [rules.row(part, file, why, self._now) for part, found in parts.items() for file, why in found]
        self._change.note(**{
            name: rows[:_SHOWN], f"{name}_files": len(rows), f"{name}_bytes": sum(row["bytes"] for row in rows)})

    def _result(self, gone: t.Mapping[str, t.Sequence[files.File]], **values: t.Any) -> dict[str, t.Any]:
        """Return the result; in check mode with what would be left."""
        if "changed" in values:
            left = {part: [file for file in found if file not in gone.get(part, ())] for part, found in self._before.items()}
            values["reached"] = {part: rules.sums(found) for part, found in left.items()}
        names = {part: [file.name for file in found] for part, found in self._before.items()}
        diff = rules.diff_of(names, {part: {file.name for file in found} for part, found in gone.items()})
        return {**self._change.result(**values), "diff": diff}
