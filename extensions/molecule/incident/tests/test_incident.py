# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run with nothing to heal, twice: it is in the journal, and nobody holds the host any more."""

from __future__ import annotations

from typing import Any

from testinfra.host import Host

testinfra_hosts = ["ansible://line1-hmi1", "ansible://line1-hmi2"]


def test_state_belongs_to_the_automation_user(host: Host, variables: dict[str, Any]) -> None:
    folder = variables["lineops_state_dir"]
    names = [folder, *host.check_output("find %s -mindepth 1", folder).splitlines()]
    assert f"{folder}/journal.jsonl" in names
    seen = {name: host.file(name) for name in names}
    assert {(file.user, file.group) for file in seen.values()} == {("lineops", "lineops")}
    assert [name for name, file in seen.items() if file.mode & 0o027] == []
    assert (seen[folder].mode, seen[f"{folder}/journal.jsonl"].mode) == (0o750, 0o640)


def test_both_runs_were_opened_and_closed(journal: list[dict[str, Any]], variables: dict[str, Any]) -> None:
    assert [(entry["phase"], entry["event"]) for entry in journal] == [("open", "opened"), ("close", "healthy")] * 2
    assert {entry["host"] for entry in journal} == {variables["inventory_hostname"]}
    first, second = journal[0]["incident"], journal[2]["incident"]
    assert [entry["incident"] for entry in journal] == [first, first, second, second]
    assert first != second


def test_no_lease_is_left(host: Host, variables: dict[str, Any]) -> None:
    assert host.check_output("find %s/leases -name '*.json'", variables["lineops_state_dir"]) == ""
