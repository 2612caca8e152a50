# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the checklist: what stands first, that text of the plant stays text, and what bad data is told."""

from __future__ import annotations

import re
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.lineops.runbook.plugins.module_utils._checklist import checklist_plant
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.modules import incident_report
from ansible_collections.lineops.runbook.tests.unit.helpers.checklists import NOW, SECRET, plant_of
from ansible_collections.lineops.runbook.tests.unit.helpers.incidents import Incident


def pages(tmp_path: Path, checklist: t.Any, language: str = "en", secrets: t.Iterable[str] = ()) -> dict[str, str]:
    """Format -> content of what the module writes."""
    given = {"kind": "checklist", "checklist": checklist, "dest": str(tmp_path), "language": language, "time_zone": "UTC"}
    checked = ArgumentSpecValidator(incident_report.ARGUMENT_SPEC, required_if=incident_report.REQUIRED_IF).validate(given)
    assert not checked.error_messages, checked.error_messages
    result = incident_report.run(checked.validated_parameters, False, secrets)
    assert result["report"]["at"] == NOW and result["remarks"] == []
    return {form: Path(path).read_text(encoding="utf-8") for form, path in result["files"].items()}


class Tags(HTMLParser):
    """Tags that are open at the end, and all that occurred."""

    VOID = {"meta", "link", "wbr", "br"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_first_screen_says_how_bad_it_is_what_to_do_and_whom_to_call(tmp_path: Path) -> None:
    plant = plant_of(("line3-hmi1", False), ("line3-hmi2", True), plan=False)
    text = pages(tmp_path, plant)["markdown"]
    top = text.partition("## Hosts")[0]
    assert top.startswith("# Checklist line3\n\n**SEV-1**\n\nSEV-1 for line3: control commands are no longer possible")
    assert "**line3-hmi1:** No step of Playbook B helps here." in top and "Call L1 operations: shift desk 100." in top
    assert "line3-hmi2:" not in top and "2 hosts, 0 ok" in top


def test_plan_of_playbook_b_needs_no_call(tmp_path: Path) -> None:
    top = pages(tmp_path, plant_of(("line3-hmi1", False)))["markdown"].partition("## Hosts")[0]
    assert "Run Playbook B; it would: add the ADS route" in top and "shift desk" not in top


def test_all_that_was_seen_is_on_the_page(tmp_path: Path) -> None:
    text = pages(tmp_path, plant_of(("line3-hmi1", False)))["markdown"]
    for number in range(1, 8):
        assert f"### {number} " in text
    assert "ADS probe, TCP 48898" in text and "line3-20261124T021324-line3-hmi1" in text and "steps to reproduce" in text
    assert "Nothing was changed" in text


@pytest.mark.parametrize("language", ["en", "de"])
def test_text_of_the_plant_is_escaped_and_html_is_whole(tmp_path: Path, language: str) -> None:
    written = pages(tmp_path, plant_of(("line3-hmi1", False), ("line4-hmi1", True), language=language), language)
    tags = Tags()
    tags.feed(written["html"])
    assert tags.open == [] and "script" not in tags.seen and "a" not in tags.seen
    assert "{{ 7 * 6 }}" in re.sub("<wbr>", "", written["html"]) and "\u202e" not in written["html"]
    assert "<script>" not in written["markdown"] and "\\<script\\>" in written["markdown"]
    assert f'<html lang="{language}">' in written["html"]


def test_secrets_do_not_get_into_a_page(tmp_path: Path) -> None:
    plant = plant_of(("line3-hmi1", False))
    assert any(SECRET in page for page in pages(tmp_path / "a", plant).values())
    assert not any(SECRET in page for page in pages(tmp_path / "b", plant, secrets=[SECRET]).values())


@pytest.mark.parametrize(
    ("hosts", "stem"),
    [
        ((("line3-hmi1", True),), "checklist-of-line3"),
        ((("line3-hmi1", True), ("line4-hmi1", True)), "checklist-of-plant"),
        ((("..\u2215x-hmi1", True),), "checklist-of-plant"),
    ],
)
def test_page_of_a_line_is_that_of_its_last_look(tmp_path: Path, hosts: t.Any, stem: str) -> None:
    pages(tmp_path, plant_of(*hosts))
    pages(tmp_path, plant_of(*hosts))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}.{ending}" for ending in ("html", "json", "md")]


def test_incident_cannot_take_the_name_of_a_checklist(tmp_path: Path) -> None:
    incident = Incident().opened()
    entries = [{**entry, "incident": "checklist-of-line3"} for entry in incident.entries]
    params = ArgumentSpecValidator(incident_report.ARGUMENT_SPEC).validate({"entries": entries, "dest": str(tmp_path)}).validated_parameters
    with pytest.raises(LineopsError, match="cannot be the name of a file"):
        incident_report.run(params, False)


@pytest.mark.parametrize("checklist", [{}, {"at": NOW, "hosts": []}])
def test_what_is_no_checklist_is_one_sentence(tmp_path: Path, checklist: dict[str, t.Any]) -> None:
    with pytest.raises(LineopsError, match="^checklist has no "):
        pages(tmp_path, checklist)


def test_kind_checklist_needs_one(tmp_path: Path) -> None:
    given = {"kind": "checklist", "dest": str(tmp_path)}
    checked = ArgumentSpecValidator(incident_report.ARGUMENT_SPEC, required_if=incident_report.REQUIRED_IF).validate(given)
    assert checked.error_messages == ["kind is checklist but all of the following are missing: checklist"]


def test_plant_without_hosts_has_a_page(tmp_path: Path) -> None:
    assert "# Checklist\n" in pages(tmp_path, checklist_plant([], now=NOW))["markdown"]
