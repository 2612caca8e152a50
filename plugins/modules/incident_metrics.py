#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_metrics
short_description: Write the metrics of incidents for Prometheus
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Counts what journals say, and writes it in the text format of Prometheus on the controller, for the textfile collector of
    node_exporter. The metrics are in C(docs/metrics.md).
  - Labels hold lines, hosts and targets of the inventory, and codes of this collection; no other text of the plant.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_rails
attributes:
  check_mode:
    support: full
    details:
      - Nothing is written. RV(written) says whether it would be.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - The metrics say when they were made, so that a file that nobody writes any more is seen. A file of metrics is no setting of the
        plant, so C(changed) stays false.
options:
  journals:
    description:
      - What is known of each host, by its name.
    type: dict
    required: true
  checklists:
    description:
      - JSON files that M(lineops.runbook.incident_report) wrote for checklists. One that is not there is left out.
    type: list
    elements: path
    default: []
  dest:
    description:
      - The file, with the ending C(.prom). It is replaced as a whole, with mode 0644. Its directory must be there.
    type: path
    required: true
notes:
  - >-
    Each value of O(journals) is a mapping with C(line), C(entries) (missing or null where the journal was not read), C(ok) (what
    M(lineops.runbook.journal) says with C(state=verified), may be missing), and, where there are any, C(budget), C(ticket) and C(notify), the
    same as C(lineops_budget), C(lineops_ticket) and C(lineops_notify).
"""

EXAMPLES = r"""
- name: Say that the journal of a host could not be read
  lineops.runbook.incident_metrics:
    journals:
      line3-hmi1: {line: line3}
    dest: /var/lib/prometheus/node-exporter/lineops.prom

- name: Write the metrics of a journal that was read before
  lineops.runbook.incident_metrics:
    journals:
      line3-hmi1: {line: line3, entries: "{{ journal.entries }}"}
    dest: /var/lib/prometheus/node-exporter/lineops.prom
"""

RETURN = r"""
dest:
  description: The file.
  returned: success
  type: str
written:
  description: Whether the file was written, or would be in check mode.
  returned: success
  type: bool
metrics:
  description: Number of samples by metric.
  returned: success
  type: dict
  sample: {lineops_incidents_total: 7}
not_read:
  description: Hosts whose journal was not read, so that they are missing in the numbers.
  returned: success
  type: list
  elements: str
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
  sample: {code: metrics.unwritable, message: "The metrics cannot be written to /srv/x.prom: Permission denied.", hint: ""}
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import json
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._journal_rules import open_undos
from ansible_collections.lineops.runbook.plugins.module_utils._metrics import Host, metrics_of
from ansible_collections.lineops.runbook.plugins.module_utils._metrics_text import exposition
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._redact import scrub
from ansible_collections.lineops.runbook.plugins.module_utils._report_clock import Clock
from ansible_collections.lineops.runbook.plugins.module_utils._report_entries import plain
from ansible_collections.lineops.runbook.plugins.module_utils._report_files import replace

ARGUMENT_SPEC: dict[str, t.Any] = {
    "journals": {"type": "dict", "required": True},
    "checklists": {"type": "list", "elements": "path", "default": []},
    "dest": {"type": "path", "required": True},
}
_MODE = 0o644


def run(params: t.Mapping[str, t.Any], check_mode: bool, secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """Count and write; secrets: what must not get into the file."""
    hosts = [_host(name, known) for name, known in scrub(plain(params["journals"]), secrets).items()]
    checklists = [found for path in params["checklists"] for found in _checklist(path)]
    families = metrics_of(hosts, checklists, now=utc_now(), clock=Clock("UTC"), undos=open_undos)
    if not check_mode:
        try:
            replace(params["dest"], exposition(families).encode(), _MODE)
        except OSError as error:
            raise LineopsError(
                "metrics.unwritable", f"The metrics cannot be written to {params['dest']}: {error.strerror}.",
                "Make the directory, or let the user of Ansible write there.") from error
    return {
        "changed": False, "dest": params["dest"], "written": True,
        "metrics": {family.name: len(family.samples) for family in families if family.samples},
        "not_read": [host.name for host in hosts if host.entries is None],
    }


def _host(name: str, known: t.Any) -> Host:
    if not isinstance(known, dict) or not isinstance(known.get("line"), str):
        raise LineopsError("metrics.journals", f"journals has no line for {name}; expected a mapping with line and entries.")
    entries, ok = known.get("entries"), known.get("ok")
    return Host(
        name, known["line"], [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else None,
        ok if isinstance(ok, bool) else None, known.get("budget") or {}, known.get("ticket"), known.get("notify"))


def _checklist(path: str) -> list[dict[str, t.Any]]:
    """Return the checklist in a file; none where there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise LineopsError("metrics.checklist", f"The checklist {path} cannot be read.", "Run checklist.yml again.") from error
    return [found] if isinstance(found, dict) and found.get("kind") == "checklist" else []


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
