# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/traceability.md: no line of the binding playbook is missing, every reference exists, open cells only get fewer."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PLAYBOOK = REPOSITORY / "docs/operations_playbook.de.md"
# The specification itself is not ours to change.
PLAYBOOK_SHA256 = "3b6ead432406d5e738d57a2bc08739e11c3f280cfb2eb4b28fce63b963378ad7"
# Lower it whenever cells are filled. It never goes up.
OPEN_CELLS_AT_MOST = 0
ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s+(.*\S)\s*$", re.MULTILINE)
ROW = re.compile(r"^\| ([A-Z]+\.?[A-Z]?\d+) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
REFERENCE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Row:
    """One line of the binding playbook, what does it and what proves it."""

    number: str
    line: str
    done_by: str
    tested_by: str

    @property
    def cells(self) -> tuple[str, str]:
        """The two cells that are open or hold references."""
        return self.done_by, self.tested_by


def rows() -> list[Row]:
    """All rows of the table, in order."""
    return [Row(*match) for match in ROW.findall((REPOSITORY / "docs/traceability.md").read_text(encoding="utf-8"))]


def problem_with(reference: str) -> str:
    """What is wrong with `file` or `file::name`, or nothing."""
    file, dummy, name = reference.partition("::")
    path = REPOSITORY / file
    if not path.is_file():
        return f"{file} does not exist"
    text = path.read_text(encoding="utf-8")
    escaped = re.escape(name)
    pattern = {
        ".py": rf"^\s*(?:async )?(?:def|class) {escaped}\b",
        ".yml": rf"""^\s*-? ?name: ["']?{escaped}["']?\s*$""",
    }.get(path.suffix, escaped)
    if name and not re.search(pattern, text, flags=re.MULTILINE):
        return f"{file} has no {name!r}"
    return ""


def test_specification_is_unchanged() -> None:
    assert hashlib.sha256(PLAYBOOK.read_bytes()).hexdigest() == PLAYBOOK_SHA256


def test_every_line_of_the_playbook_is_a_row_word_for_word_and_in_order() -> None:
    lines = ITEM.findall(PLAYBOOK.read_text(encoding="utf-8"))
    assert lines
    assert [row.line for row in rows()] == lines


def test_ids_are_unique() -> None:
    numbers = [row.number for row in rows()]
    assert sorted(set(numbers)) == sorted(numbers)


def test_every_cell_is_open_or_holds_references_only() -> None:
    bad = {
        row.number: cell
        for row in rows() for cell in row.cells
        if cell != "open" and REFERENCE.sub("", cell).replace("<br>", "").strip()
    }  # fmt: skip
    assert bad == {}


def test_every_reference_exists() -> None:
    problems = {
        f"{row.number} {reference}": problem
        for row in rows() for cell in row.cells for reference in REFERENCE.findall(cell) if cell != "open"
        if (problem := problem_with(reference))
    }  # fmt: skip
    assert problems == {}


def test_what_is_tested_is_built_and_tests_are_tests() -> None:
    wrong = [row.number for row in rows() if row.done_by == "open" and row.tested_by != "open"]
    assert wrong == []
    references = [reference for row in rows() if row.tested_by != "open" for reference in REFERENCE.findall(row.tested_by)]
    assert [reference for reference in references if not re.match(r"tests/[\w/]+\.py::test_\w+$", reference)] == []


def test_open_cells_only_get_fewer() -> None:
    cells = [cell for row in rows() for cell in row.cells]
    assert cells.count("open") == OPEN_CELLS_AT_MOST, "lower OPEN_CELLS_AT_MOST when cells are filled; never raise it"


@pytest.mark.parametrize(
    "reference",
    [
        "no/such/file.py",
        "tests/project/test_traceability.py::test_of_nothing",
        "roles/incident/tasks/open.yml::A task that nobody wrote",
    ],
)
def test_the_check_of_references_sees_mistakes(reference: str) -> None:
    assert problem_with(reference)
