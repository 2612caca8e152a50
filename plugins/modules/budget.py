#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: budget
short_description: How often a target was interrupted lately, and whether once more is allowed
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Counts the disruptive actions on each target within a window, from the journal in O(state_dir) and from the
    supervisor's own audit log together, so that restarts by people and by other controllers count too.
  - A restart that is in both counts once. What lies in the future counts, and so does what has no readable time.
  - Never fails because the journal cannot be read or the host cannot be reached. Then only O(audit_rows) is counted,
    and RV(sources) and RV(failure) say so. Where neither was observed, nothing is allowed.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.info
attributes:
  action_group:
    description: Use C(group/lineops.runbook.rails) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - lineops.runbook.rails
options:
  state_dir:
    description:
      - Directory of the journal.
    type: path
    required: true
  host:
    description:
      - Inventory host whose targets these are; one state directory may serve many.
    type: str
    required: true
  targets:
    description:
      - What is to be interrupted. V(supervisor), V(plc:ID) or V(stream:CAMERA).
    type: list
    elements: str
    required: true
  limit:
    description:
      - How many disruptive actions are allowed per target within O(window_s). V(0) allows none.
    type: int
    default: 3
  window_s:
    description:
      - Length of the window in seconds.
    type: int
    default: 3600
  audit_rows:
    description:
      - Rows of the supervisor's admin log, as RV(lineops.runbook.supervisor_info#module:logs) has them. Without them
        the audit log counts as not observed. Ask for 500 rows; the result says if they do not reach back far enough.
    type: list
    elements: raw
  language:
    description:
      - Language of the sentences.
    type: str
    choices: [en, de]
    default: en
"""

EXAMPLES = r"""
- name: May the supervisor be restarted once more
  lineops.runbook.budget:
    state_dir: /var/lib/lineops
    host: line3-hmi1
    targets: [supervisor]
    audit_rows: "{{ supervisor.logs | default(omit) }}"
  register: budget
"""

RETURN = r"""
budgets:
  description:
    - One for each target, with RV(target), RV(allowed), RV(used), RV(left), RV(limit), RV(window_s), RV(next_free_at),
      RV(sources), RV(counted), RV(notes), RV(sentence).
    - Those of the target with the least left are at the top of the result too.
  returned: always
  type: list
  elements: dict
target:
  description: The target with the least left.
  returned: always
  type: str
  sample: supervisor
allowed:
  description: Whether every target may be interrupted once more.
  returned: always
  type: bool
used:
  description: Interruptions within the window.
  returned: always
  type: int
left:
  description: How many more are allowed.
  returned: always
  type: int
limit:
  description: How many are allowed within the window.
  returned: always
  type: int
window_s:
  description: Length of the window in seconds.
  returned: always
  type: int
next_free_at:
  description: UTC time from which one more is allowed. Null while one is allowed, and where time alone does not do it.
  returned: always
  type: str
  sample: "2026-11-23T04:33:19.000Z"
counted:
  description: What was counted, oldest first; C(ts) is null where it cannot be read.
  returned: always
  type: list
  elements: dict
  sample: [{ts: "2026-11-23T03:33:19.000Z", who: anna, action: restart_app, source: audit}]
sources:
  description: What was observed. The audit log is V(observed in part) if it was not read back to the start of the
    window, and V(not concerned) for targets other than the supervisor.
  returned: always
  type: dict
  sample: {journal: observed, audit: not observed}
notes:
  description: What makes the number uncertain, one sentence each.
  returned: always
  type: list
  elements: str
sentence:
  description: The budget in one sentence.
  returned: always
  type: str
failure:
  description: Why the journal was not observed.
  returned: when it was not
  type: dict
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._budget import LIMIT, WINDOW_S, budget_of
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._clock import utc_now
from ansible_collections.lineops.runbook.plugins.module_utils._journal import Journal
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module

ARGUMENT_SPEC: dict[str, t.Any] = {
    "state_dir": {"type": "path", "required": True},
    "host": {"type": "str", "required": True},
    "targets": {"type": "list", "elements": "str", "required": True},
    "limit": {"type": "int", "default": LIMIT},
    "window_s": {"type": "int", "default": WINDOW_S},
    "audit_rows": {"type": "list", "elements": "raw"},
    "language": {"type": "str", "choices": ["en", "de"], "default": "en"},
}


def result_of(
    params: t.Mapping[str, t.Any], entries: t.Sequence[t.Any] | None, failure: LineopsError | None = None
) -> dict[str, t.Any]:
    """Return the budgets of all targets, and on top that of the one with the least left."""
    if params["limit"] < 0 or params["window_s"] <= 0 or not params["targets"]:
        raise LineopsError("budget.invalid", "targets must not be empty, limit not below 0, and window_s above 0.")
    given = {name: params[name] for name in ("host", "limit", "window_s", "language")}
    now = utc_now()
    budgets = [
        budget_of(entries, params["audit_rows"], target=target, now=now, **given) for target in params["targets"]]
    tightest = min(budgets, key=lambda one: (one["allowed"], one["left"]))
    told = {"failure": failure.as_failure()} if failure else {}
    return {"changed": False, "observed_at": now, "budgets": budgets, **tightest, **told}


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Count; a journal that cannot be read is an answer."""
    entries, failure = None, None
    try:
        entries = Journal(params["state_dir"]).read()
    except LineopsError as error:
        failure = error
    return result_of(params, entries, failure)


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
