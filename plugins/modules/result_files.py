#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: result_files
short_description: The result of a run, as files that a CI job keeps
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Writes how each host ended to a directory on the controller. C(junit.xml) has a test case for each host, which fails where a
    person has to act. C(result.json) holds the same data as C(set_stats). C(journal.jsonl) holds what the journals have of it.
  - The playbooks do this where C(lineops_result_dir) is set.
extends_documentation_fragment:
  - lineops.runbook.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  name:
    description:
      - What ran, for example V(Playbook B).
    type: str
    required: true
  outcomes:
    description:
      - How each host ended, by host, as the playbooks hand it over with C(set_stats). C(resolved) says whether nobody has to act.
    type: dict
    required: true
  entries:
    description:
      - Entries of journals.
    type: list
    elements: dict
    default: []
  dest:
    description:
      - Directory on the controller. It is made if it is not there.
    type: path
    required: true
seealso:
  - module: lineops.runbook.incident_report
"""

EXAMPLES = r"""
- name: Keep the result for the CI server
  lineops.runbook.result_files:
    name: Playbook B
    outcomes:
      line3-hmi1: {result: HEALED, resolved: true, sentence: The PLC has no route., seconds: 12.5}
    dest: "{{ playbook_dir }}/../build/result"
"""

RETURN = r"""
files:
  description: Paths of the files.
  returned: success
  type: list
  elements: str
  sample: [build/result/junit.xml]
written:
  description: Paths of those that were not there like that, and were written, or would be in check mode.
  returned: success
  type: list
  elements: str
failure:
  description: Code, message and hint.
  returned: on failure
  type: dict
observed_at:
  description: UTC time.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import os
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._redact import scrub
from ansible_collections.lineops.runbook.plugins.module_utils._report_files import write_reports
from ansible_collections.lineops.runbook.plugins.module_utils._result_files import result_files

ARGUMENT_SPEC: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "outcomes": {"type": "dict", "required": True},
    "entries": {"type": "list", "elements": "dict", "default": []},
    "dest": {"type": "path", "required": True},
}


def run(params: t.Mapping[str, t.Any], check_mode: bool, secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """Write what is not there like that; secrets: what must not get into a file."""
    clean = scrub({name: params[name] for name in ("outcomes", "entries")}, secrets)
    files = result_files(params["name"], clean["outcomes"], clean["entries"])
    written = write_reports(params["dest"], files, check_mode)
    return {"changed": False, "files": [os.path.join(params["dest"], name) for name in files], "written": written}


def main() -> None:
    """Run where the module is sent; the action plugin of the same name keeps it on the controller."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
