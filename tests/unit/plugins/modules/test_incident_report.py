# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module incident_report: files by kind and format, idempotent, nothing in check mode, secrets out."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.modules import incident_report
from ansible_collections.lineops.runbook.tests.unit.helpers import incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import CONTACTS, chained
from ansible_collections.lineops.runbook.tests.unit.helpers.supervisor_script import outcome_of, params_of

NAME = "line3-20261124T021324-line3-hmi1"


def made(dest: Path, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    given = {"dest": str(dest), "time_zone": "Europe/Berlin", **options}
    return outcome_of(incident_report, params_of(incident_report, **given), check_mode)


def test_report_of_an_incident_in_all_formats(tmp_path: Path) -> None:
    result = made(tmp_path / "www", entries=incidents.escalated().entries, contacts=CONTACTS, plant="Hamburg")
    assert sorted(path.name for path in (tmp_path / "www").iterdir()) == [
        f"{NAME}.{end}" for end in ("html", "json", "md")
    ]
    assert result["files"]["markdown"] == str(tmp_path / "www" / f"{NAME}.md")
    assert sorted(result["written"]) == sorted(result["files"].values())
    assert (result["changed"], result["remarks"]) == (False, [])
    assert result["report"]["result"]["code"] == "unresolved" and result["report"]["next"]["level"] == "L1"
    assert json.loads((tmp_path / "www" / f"{NAME}.json").read_text(encoding="utf-8"))["plant"] == "Hamburg"


def test_a_second_run_writes_nothing_and_a_new_entry_writes_again(tmp_path: Path) -> None:
    incident = incidents.healed()
    assert len(made(tmp_path, entries=incident.entries)["written"]) == 3
    assert made(tmp_path, entries=incident.entries)["written"] == []
    assert len(made(tmp_path, entries=incident.closed().entries)["written"]) == 3


@pytest.mark.parametrize("kind", ["incident", "index", "shift"])
def test_check_mode_says_what_it_would_write_and_writes_nothing(tmp_path: Path, kind: str) -> None:
    dest = tmp_path / "www"
    result = made(dest, check_mode=True, kind=kind, entries=incidents.healed().entries, formats=["html"])
    assert result["written"] == [result["files"]["html"]] and not dest.exists()
    assert made(dest, kind=kind, entries=incidents.healed().entries, formats=["html"])["written"] == result["written"]
    assert made(dest, check_mode=True, kind=kind, entries=incidents.healed().entries, formats=["html"])["written"] == []


def test_index_links_the_reports_that_are_there(tmp_path: Path) -> None:
    made(tmp_path, entries=incidents.healed().entries, formats=["html"])
    result = made(tmp_path, kind="index", entries=incidents.healed().entries, formats=["html", "markdown"])
    assert f'<a href="{NAME}.html">' in Path(result["files"]["html"]).read_text(encoding="utf-8")
    assert f"({NAME}" not in Path(result["files"]["markdown"]).read_text(encoding="utf-8")
    assert result["report"]["incidents"] == [NAME] and result["report"]["needs_person"] == []


def test_shift_page_of_a_window(tmp_path: Path) -> None:
    result = made(
        tmp_path, kind="shift", entries=incidents.night(), since="2026-11-23T18:00", until="2026-11-24T06:00", language="de"
    )  # fmt: skip
    assert Path(result["files"]["html"]).name == "shift-20261123T1700Z-20261124T0500Z.html"
    assert result["report"]["counts"]["all"] == 8
    assert [name.rsplit("-", 2)[0][:6] for name in result["report"]["needs_person"]] == ["line2-", "line2-", "line10"]


def test_index_of_a_window(tmp_path: Path) -> None:
    result = made(tmp_path, kind="index", entries=incidents.night(), since="2026-11-24T00:00")
    assert result["report"]["counts"]["all"] == 3


@pytest.mark.parametrize(("options", "code", "said"), [
    ({"kind": "shift", "since": "2026-11-23T18:00"}, "report.window", "needs since and until, or neither"),
    ({"kind": "index", "since": "2026-11-24", "until": "2026-11-23"}, "report.window", "is not before until"),
    ({"kind": "index", "since": "soon"}, "report.time", "since is 'soon'; expected a time such as"),
    ({"time_zone": "Mars"}, "report.time_zone", "which this controller does not know"),
    ({"incident": "line9"}, "report.unknown_incident", "No entry belongs to the incident line9."),
    ({"journal_paths": ["/nowhere/journal.jsonl"]}, "report.journal", "The journal /nowhere/journal.jsonl cannot be read"),
])  # fmt: skip
def test_mistakes_are_told_in_one_sentence_and_write_nothing(
    tmp_path: Path, options: dict[str, t.Any], code: str, said: str
) -> None:
    result = made(tmp_path / "www", **{"entries": incidents.healed().entries, **options})
    assert result["failed"] and result["failure"]["code"] == code and said in result["msg"]
    assert "\n" not in result["msg"] and not (tmp_path / "www").exists()


def test_journals_on_the_controller_are_read_and_their_damage_is_told(tmp_path: Path) -> None:
    lines = [json.dumps(entry) for entry in chained(incidents.healed().entries)]
    lines[3] = lines[3].replace("connect", "levitate")
    lines.insert(8, "}{ <script>")
    journal = tmp_path / "journal.jsonl"
    journal.write_text("\n".join(lines) + "\n", encoding="utf-8")
    before = journal.read_bytes()
    result = made(tmp_path / "www", journal_paths=[str(journal)])
    assert [remark["code"] for remark in result["remarks"]] == ["unreadable", "chain"]
    page = Path(result["files"]["markdown"]).read_text(encoding="utf-8")
    assert "lines that do not fit the chain of hashes: 1, first line 4." in page
    assert "\\}\\{ \\<script\\>" in page
    assert journal.read_bytes() == before


def test_entry_that_is_no_mapping_is_shown(tmp_path: Path) -> None:
    result = made(tmp_path, entries=[*incidents.healed().entries, "lost words", 7])
    assert [remark["code"] for remark in result["remarks"]] == ["unreadable"]
    assert "lost words" in Path(result["files"]["html"]).read_text(encoding="utf-8")


def test_no_secret_gets_into_a_file(tmp_path: Path) -> None:
    incident = incidents.healed()
    incident.entries[0]["message"] = "rtsp://viewer:canary-camera@10.0.0.9/cam1 and canary-of-the-play"
    incident.entries[1]["details"]["api_key"] = "canary-by-its-name"
    for kind in ("incident", "index", "shift"):
        incident_report.run(
            params_of(incident_report, dest=str(tmp_path), kind=kind, entries=incident.entries, plant="canary-of-the-play"),
            False, ["canary-of-the-play"],
        )  # fmt: skip
    contents = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert len(contents) == 9
    assert [name for name, content in contents.items() if "canary" in content] == []
