# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports in real runs of ansible-playbook: on the controller, from what a task registered, text never templated."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import healed
from ansible_collections.lineops.runbook.tests.unit.helpers.playbook import Playbook, play, task

HOSTILE = "{{ 7919 * 7927 }} {% set x = 1 %} <script>alert(1)</script> `x` | y"
SUM = "62773913"
CANARY = "canary-of-the-operator"


def test_report_is_written_here_for_a_host_that_is_off_and_nothing_in_it_is_evaluated(tmp_path: Path) -> None:
    incident = healed()
    for entry in incident.entries:
        entry.pop("v"), entry.pop("ts"), entry.pop("target", None), entry.pop("details", None)
        entry["message"] = f"{HOSTILE} {CANARY}"
    journal = Journal(str(tmp_path / "state"))
    journal.append(incident.entries)
    dest = tmp_path / "www"
    read = "{{ lookup('ansible.builtin.file', '" + journal.path + "').splitlines() | map('from_json') | list }}"
    registered = {
        "name": "Read",
        "ansible.builtin.slurp": {"src": journal.path},
        "register": "raw",
        "delegate_to": "localhost",
    }
    slurped = "{{ (raw.content | b64decode).splitlines() | map('from_json') | list }}"
    done = Playbook(
        tmp_path / "run",
        [play(
            registered,
            task("paths", "incident_report", journal_paths=[journal.path], dest=f"{dest}/paths"),
            task("looked up", "incident_report", entries=read, dest=f"{dest}/lookup", formats="html"),
            task("registered", "incident_report", entries=slurped, dest=f"{dest}/slurp", formats=["html"]),
            task("again", "incident_report", journal_paths=[journal.path], dest=f"{dest}/paths"),
            {**task("checked", "incident_report", journal_paths=[journal.path], dest=f"{dest}/check"), "check_mode": True},
            task("wrong", "incident_report", dest=str(dest), kind="novel"),
            vars={"lineops_secrets": {"line3": {"operator_key": CANARY}}},
        )],
        {"h1": {"ansible_connection": "lost"}},
    ).run("--diff", "-vvv")  # fmt: skip
    kinds = {name: done.kind(name) for name in ("paths", "looked up", "registered", "again", "checked", "wrong")}
    assert kinds == {**dict.fromkeys(kinds, "ok"), "wrong": "failed"}
    assert "value of kind must be one of: incident, index, shift" in done.result("wrong")["msg"]
    assert done.result("paths")["observed_from"].startswith("controller ")
    assert done.result("again")["written"] == [] and not (dest / "check").exists()
    assert [Path(path).name for path in done.result("checked")["written"]]
    assert "changed=0" in done.output
    texts = {path: path.read_text(encoding="utf-8") for path in dest.rglob("*.*")}
    assert len(texts) == 5
    for path, text in texts.items():
        assert SUM not in text and CANARY not in text, path
        assert path.suffix == ".json" or "<script" not in text.replace("\\<script", ""), path
        assert "7919" in text and "7927" in text, path
    assert (
        HOSTILE
        in json.loads((dest / "paths" / f"{incident.name}.json").read_text(encoding="utf-8"))["finding"]["sentence"]
    )
    assert CANARY not in done.output and SUM not in done.output
