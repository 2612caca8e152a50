# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README: the order of headings that certification asks for, full addresses only, commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
HEADINGS = [
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Testing",
    "Contributing",
    "Support",
    "Release Notes and Roadmap",
    "Related Information",
    "License Information",
]
HOME = "https://github.com/lineops/lineops.runbook/"
CODE = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)


def test_headings_stand_in_the_order_of_certification() -> None:
    assert README.startswith("# lineops.runbook\n")
    assert re.findall(r"^## (.*)$", CODE.sub("", README), flags=re.MULTILINE) == HEADINGS


def test_links_are_full_addresses() -> None:
    targets = re.findall(r"\]\(([^)]*)\)", README)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []


def test_links_into_the_repository_lead_to_files() -> None:
    paths = re.findall(rf"{re.escape(HOME)}(?:blob|tree)/main/([^)\s]+)", README)
    assert paths
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_named_targets_of_make_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    stages, parts = re.findall(r"^(?:stages|parts) := (.*)$", makefile, flags=re.MULTILINE)
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE)) | set(f"{stages} {parts}".split())
    named = re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", README, flags=re.MULTILINE)
    assert {quoted or plain for quoted, plain in named} <= targets
    assert re.findall(r"^make ([a-z-]+)", README, flags=re.MULTILINE)[:2] == ["demo", "test"]


def test_named_playbooks_exist() -> None:
    named = set(re.findall(r"(?:ansible-playbook |playbooks/)(\w+\.yml)", README))
    assert named
    assert [name for name in named if not (REPOSITORY / "playbooks" / name).is_file()] == []


def test_nobody_is_told_to_pip_install_ansible() -> None:
    assert not re.search(r"pip3? install\s+ansible", README)
