#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_report
short_description: Write the report of an incident, the index of a plant, the page of a shift, or that of a checklist
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Makes Markdown, self-contained HTML and JSON on the controller, from nothing but journal entries. Contacts nobody.
  - A report says first what happened on which host, how it ended, what to do next and whom to call; then the timeline;
    then the proof, with each counter-check that was made, the actions with what takes them back, and the closing
    checklist.
  - An incident without an end, an entry that is not known, a line that cannot be read and a broken chain of hashes are
    shown and named, never dropped.
  - Text of the plant is data. It is escaped, never templated, and what is invisible in it is spelled out.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is written. RV(written) names the files that would be.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - The same entries give the same bytes, since a report holds no time of its own making. An index also links those
        reports that are in O(dest).
      - A report is no setting of the plant, so C(changed) stays false; RV(written) tells what was written.
  action_group:
    description: Use C(group/lineops.runbook.rails) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lineops.runbook.rails
options:
  kind:
    description:
      - V(incident) writes the report of one incident.
      - V(index) writes one page for a plant, a row for each incident, with MTTD, MTTA, MTTR and recurrence.
      - V(shift) writes what automation did in a time window, line by line, and who is needed now.
      - V(checklist) writes what the standard checklist saw of the hosts in O(checklist). It needs no journal entries.
    type: str
    choices: [incident, index, shift, checklist]
    default: incident
  entries:
    description:
      - Entries of journals, oldest first. Of other incidents, too, which gives a report the recurrence of its finding.
    type: list
    elements: raw
    default: []
  journal_paths:
    description:
      - Journal files on the controller, read in addition to O(entries), rotated ones before the current one.
    type: list
    elements: path
    default: []
  checklist:
    description:
      - What the filter P(lineops.runbook.checklist_plant#filter) returns, for O(kind=checklist). Its sentences are in the language
        they were made in.
    type: dict
  incident:
    description:
      - Id of the incident for O(kind=incident). Can be left out if all entries belong to one.
    type: str
  dest:
    description:
      - Directory on the controller. Made with mode 0750 when needed.
      - Files are named after the incident, or C(index), or C(shift-) with begin and end of the window in UTC, or C(checklist-of-)
        with the line, or with C(plant) for several lines.
    type: path
    required: true
  formats:
    description:
      - What to write. The schema of V(json) is C(docs/schemas/incident_report.schema.json); for O(kind=checklist) it is O(checklist).
    type: list
    elements: str
    choices: [html, markdown, json]
    default: [html, markdown, json]
  language:
    description:
      - Language of the pages. Sentences of this collection are told in it whatever language the run wrote them in.
    type: str
    choices: [en, de]
    default: en
  plant:
    description:
      - Name of the plant, for the top of the page.
    type: str
    default: ""
  contacts:
    description:
      - Whom to call, by level, where the journal does not say it; the same as C(lineops_contacts).
    type: dict
    default: {}
  pictures:
    description:
      - Pictures of cameras for the report of an incident, as M(lineops.runbook.stream_playback) returns them. Each has C(camera),
        C(moment) (V(before) or V(after) the run), C(at) (ISO 8601) and C(jpeg) (Base64).
      - HTML shows them, those of a camera side by side. Markdown and JSON tell what there is.
      - At most 16 are shown, of at most 64 kB each. What is more, or no JPEG, is left out and named in RV(remarks).
    type: list
    elements: raw
    default: []
  since:
    description:
      - For O(kind=index) and O(kind=shift), the begin of the window, ISO 8601. Without offset it is meant in
        O(time_zone).
      - Without O(since) and O(until) a shift page is about last night, 18:00 to 06:00, and an index about everything.
    type: str
  until:
    description:
      - The end of the window, which does not belong to it.
    type: str
  time_zone:
    description:
      - Zone in which times are shown and last night is reckoned. V(local) is the controller's own, others are V(UTC)
        and names such as V(Europe/Berlin).
    type: str
    default: local
"""

EXAMPLES = r"""
- name: Write the index of the plant
  lineops.runbook.incident_report:
    kind: index
    journal_paths: [/var/lib/lineops/journal.jsonl]
    dest: /var/www/incidents
    plant: Hamburg

- name: Write the report of this incident
  lineops.runbook.incident_report:
    entries: "{{ journal.entries }}"
    incident: line3-20261123T101324-line3-hmi1
    dest: /var/www/incidents
    language: de
    contacts: "{{ lineops_contacts }}"

- name: Write the report with a picture from before and one from after
  lineops.runbook.incident_report:
    entries: "{{ journal.entries }}"
    dest: /var/www/incidents
    pictures:
      - camera: cam1
        moment: before
        at: "{{ seen_before.observed_at }}"
        jpeg: "{{ seen_before.playback.cam1.picture }}"
      - camera: cam1
        moment: after
        at: "{{ seen_after.observed_at }}"
        jpeg: "{{ seen_after.playback.cam1.picture }}"

- name: Write what automation did last night
  lineops.runbook.incident_report:
    kind: shift
    journal_paths: [/var/lib/lineops/journal.jsonl]
    dest: /var/www/incidents
    formats: [html]
    time_zone: Europe/Berlin

- name: Write what the checklist saw
  lineops.runbook.incident_report:
    kind: checklist
    checklist: "{{ rows | lineops.runbook.checklist_plant(now=observed_at) }}"
    dest: /var/www/incidents
"""

RETURN = r"""
files:
  description: Format and path of every file of the report.
  returned: success
  type: dict
  sample: {html: /var/www/incidents/line3-20261123T101324-line3-hmi1.html}
written:
  description: Paths of the files that were written, or would be in check mode. Empty if all were there like that.
  returned: success
  type: list
  elements: str
report:
  description:
    - What stands at the top. For O(kind=incident) this is C(incident), C(host), C(line), C(playbook), C(result),
      C(severity), C(finding), C(next), C(times) and C(superseded_by); else C(counts), and the ids of the C(incidents)
      and of those that C(needs_person).
  returned: success
  type: dict
remarks:
  description: What a reader must know before believing the rest, by code, for example C(incomplete) or C(chain).
  returned: success
  type: list
  elements: dict
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
  sample: {code: report.unknown_incident, message: No entry belongs to the incident line3-x., hint: ""}
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import os
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._redact import scrub
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock
from ansible_collections.lineops.runbook.plugins.module_utils._report_files import (
    names_in, read_journals, write_reports,
)
from ansible_collections.lineops.runbook.plugins.module_utils._report_make import (
    FORMATS, UNREADABLE, checklist_report, file_stem, made_report, summary, written_as,
)

ARGUMENT_SPEC: dict[str, t.Any] = {
    "kind": {"type": "str", "choices": ["incident", "index", "shift", "checklist"], "default": "incident"},
    "checklist": {"type": "dict"},
    "entries": {"type": "list", "elements": "raw", "default": []},
    "journal_paths": {"type": "list", "elements": "path", "default": []},
    "incident": {"type": "str"},
    "dest": {"type": "path", "required": True},
    "formats": {"type": "list", "elements": "str", "choices": list(FORMATS), "default": list(FORMATS)},
    "language": {"type": "str", "choices": ["en", "de"], "default": "en"},
    "plant": {"type": "str", "default": ""},
    "contacts": {"type": "dict", "default": {}},
    "pictures": {"type": "list", "elements": "raw", "default": []},
    "since": {"type": "str"},
    "until": {"type": "str"},
    "time_zone": {"type": "str", "default": "local"},
}
REQUIRED_IF = [("kind", "checklist", ["checklist"])]


def run(params: t.Mapping[str, t.Any], check_mode: bool, secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """Make the report and write what is not there yet; secrets: what must not get into a file."""
    clock = Clock(params["time_zone"])
    dest = params["dest"]
    read, broken = read_journals(params["journal_paths"], UNREADABLE)
    told = {name: params[name] for name in ("contacts", "plant", "checklist")}
    clean = scrub({"entries": [*params["entries"], *read], "broken": broken, **told}, secrets)
    report = checklist_report(clean["checklist"]) if params["kind"] == "checklist" else made_report(
        params["kind"], clean["entries"], clock=clock, undos=open_undos, contacts=clean["contacts"],
        incident=params["incident"], window=_window(params, clock), broken=clean["broken"],
        pictures=_scrubbed(params["pictures"], secrets))
    options = {
        "language": params["language"], "clock": clock, "plant": clean["plant"], "there": names_in(dest)}
    names = {form: f"{file_stem(report)}.{FORMATS[form]}" for form in params["formats"]}
    contents = {name: written_as(form, report, **options) for form, name in names.items()}
    written = write_reports(dest, contents, check_mode)
    return {
        "changed": False, "files": {form: os.path.join(dest, name) for form, name in names.items()},
        "written": written, "report": summary(report), "remarks": report["remarks"],
    }


def _scrubbed(pictures: t.Sequence[t.Any], secrets: t.Iterable[str]) -> list[t.Any]:
    """Return pictures without secrets in what is said of them; in the pictures themselves a chance match would spoil one."""
    return [
        {**scrub({name: value for name, value in item.items() if name != "jpeg"}, secrets), "jpeg": item.get("jpeg")}
        for item in pictures if isinstance(item, t.Mapping)
    ] + [None for item in pictures if not isinstance(item, t.Mapping)]  # fmt: skip


def _window(params: t.Mapping[str, t.Any], clock: Clock) -> tuple[float | None, float | None]:
    since, until = (clock.instant(params[name], name) if params[name] else None for name in ("since", "until"))
    if params["kind"] == "shift" and since is None and until is None:
        return clock.last_night()
    if params["kind"] == "shift" and (since is None or until is None):
        raise LineopsError("report.window", "The page of a shift needs since and until, or neither for last night.")
    if since is not None and until is not None and since >= until:
        raise LineopsError("report.window", f"since ({params['since']}) is not before until ({params['until']}).")
    return since, until


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF)


if __name__ == "__main__":
    main()
