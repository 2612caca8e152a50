# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports that the browser looks at, made by the module from the sample incidents of the unit tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.lineops.runbook.plugins.modules import incident_report
from ansible_collections.lineops.runbook.tests.unit.helpers import checklists, incidents
from ansible_collections.lineops.runbook.tests.unit.helpers.photos import photo

LANGUAGES = ("en", "de")
INCIDENTS = {
    "healed": incidents.healed,
    "closed": lambda **options: incidents.healed(**options).closed(),
    "escalated": incidents.escalated,
    "interrupted": incidents.interrupted,
    "refused": incidents.refused,
    "healthy": incidents.healthy,
    "taken_over": incidents.taken_over,
}
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 1/0 }} \u202egnp.exe " + "w" * 10_000
PHOTOS = [photo("cam1"), photo("cam1", "after"), photo("door"), photo("yard", content=b"no picture")]
PAGES = (*INCIDENTS, "photos", "hostile", "long", "index", "shift", "empty", "checklist")


def written_reports(folder: Path) -> dict[tuple[str, str], Path]:
    """Write all pages; returns (page, language) -> file."""
    files = {}
    for language in LANGUAGES:
        for name, make in INCIDENTS.items():
            files[name, language] = _written(folder, name, language, entries=make(language=language).entries)
        files["photos", language] = _written(folder, "photos", language, entries=incidents.healed().entries, pictures=PHOTOS)
        files["hostile", language] = _written(folder, "hostile", language, entries=_hostile(), plant=HOSTILE, pictures=[photo(HOSTILE)])
        files["long", language] = _written(folder, "long", language, entries=_long())
        files["index", language] = _written(folder, "index", language, kind="index", entries=incidents.night())
        window = {"kind": "shift", "since": "2026-11-23T18:00", "until": "2026-11-24T06:00"}
        files["shift", language] = _written(folder, "shift", language, entries=incidents.night(), **window)
        files["empty", language] = _written(folder, "empty", language, **window)
        seen = checklists.plant_of(("line3-hmi1", False), ("line3-hmi2", True), language=language)
        files["checklist", language] = _written(folder, "checklist", language, kind="checklist", checklist=seen)
    return files


def _written(folder: Path, name: str, language: str, **options: Any) -> Path:
    given = {
        "dest": str(folder / language / name), "language": language, "formats": ["html"], "time_zone": "Europe/Berlin",
        "contacts": incidents.CONTACTS, "plant": "Hamburg", **options,
    }  # fmt: skip
    checked = ArgumentSpecValidator(incident_report.ARGUMENT_SPEC).validate(given)
    assert not checked.error_messages, checked.error_messages
    return Path(incident_report.run(checked.validated_parameters, False)["files"]["html"])


def _hostile() -> list[dict[str, Any]]:
    incident = incidents.escalated()
    incident.add(1.0, "act", HOSTILE, message=HOSTILE, details={HOSTILE: HOSTILE})
    for entry in incident.entries:
        entry.update(host=HOSTILE, line=HOSTILE, message=HOSTILE, runner=HOSTILE, playbook=HOSTILE)
    return incident.entries


def _long() -> list[dict[str, Any]]:
    incident = incidents.interrupted()
    while len(incident.entries) < 300:
        incident.acted("connect", 0.5).found()
    return incident.entries
