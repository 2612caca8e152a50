# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a run for a CI server: what its JUnit reader gets, and that nothing from a plant breaks or leaks into it."""

from __future__ import annotations

import json
import typing as t
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.modules import result_files

HEALED = {"result": "HEALED", "resolved": True, "finding": "plc.route_missing", "sentence": "No route.", "seconds": 12.5,
          "actions": ["route added"], "proof": ["route test", "write test"], "incident": "line3-1", "report": "/r.html"}
STUCK = {"result": "UNRESOLVED", "resolved": False, "finding": "plc.in_config", "sentence": "The PLC is in CONFIG.",
         "next_step": "Start it.", "seconds": None}


def made(folder: Path, outcomes: dict[str, t.Any], check_mode: bool = False, entries: t.Any = (), secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    params = {"name": "Playbook B", "outcomes": outcomes, "entries": list(entries), "dest": str(folder / "result")}
    return result_files.run(params, check_mode, secrets)


def test_a_test_case_for_each_host_fails_where_a_person_has_to_act(tmp_path: Path) -> None:
    made(tmp_path, {"h1": HEALED, "h2": STUCK})
    root = xml.parse(tmp_path / "result/junit.xml").getroot()
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("time")) == ("Playbook B", "2", "1", "12.500")
    good, bad = suite
    assert (good.get("name"), good.get("classname"), good.get("time"), good.find("failure")) == ("h1", "Playbook B", "12.500", None)
    assert good.findtext("system-out") == (
        "HEALED: No route.\nactions: route added\nproof: route test; write test\nincident: line3-1\nreport: /r.html")
    failure = bad.find("failure")
    assert failure is not None and failure.attrib == {"type": "plc.in_config", "message": "UNRESOLVED: The PLC is in CONFIG."}
    assert failure.text == "Start it."


def test_data_and_journal_are_kept_as_they_are(tmp_path: Path) -> None:
    made(tmp_path, {"h1": HEALED}, entries=[{"event": "opened", "host": "h1"}, {"event": "healed", "message": "Zu\xe4nde"}])
    kept = json.loads((tmp_path / "result/result.json").read_bytes())
    assert kept == {"v": 1, "ran": "Playbook B", "hosts": {"h1": HEALED}}
    lines = (tmp_path / "result/journal.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["opened", "healed"]


@pytest.mark.parametrize("text", ["</testcase><x>", "]]>", "a\x00b\x1b[31m", "\ud800", "\uffff", '"&amp;<'])
def test_text_from_a_plant_stays_text(tmp_path: Path, text: str) -> None:
    made(tmp_path, {text: {**STUCK, "sentence": text, "next_step": text, "notes": [text]}})
    (case,) = xml.parse(tmp_path / "result/junit.xml").getroot().iter("testcase")
    assert [part.tag for part in case] == ["failure", "system-out"]
    for told in (case.get("name"), case.find("failure").text):
        assert told and (told == text or "\ufffd" in told)


def test_secrets_get_into_no_file(tmp_path: Path) -> None:
    made(tmp_path, {"h1": {**STUCK, "sentence": "key canary-1"}}, entries=[{"message": "canary-1"}], secrets=["canary-1"])
    assert all("canary" not in path.read_text("utf-8") for path in (tmp_path / "result").iterdir())


def test_second_run_writes_nothing_and_a_dry_one_neither(tmp_path: Path) -> None:
    assert len(made(tmp_path, {"h1": HEALED}, check_mode=True)["written"]) == 3 and not (tmp_path / "result").exists()
    assert len(made(tmp_path, {"h1": HEALED})["written"]) == 3
    again = made(tmp_path, {"h1": HEALED})
    assert (again["written"], again["changed"], len(again["files"])) == ([], False, 3)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "result").write_text("a file", encoding="utf-8")
    with pytest.raises(LineopsError, match="cannot be written to .*result"):
        made(tmp_path, {"h1": HEALED})
