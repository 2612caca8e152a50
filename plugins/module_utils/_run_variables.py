# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may set for one run (playbooks/*.meta.yml), and its check: one sentence per mistake. Pure. Private.

A survey and ``-e name=value`` give a text where a list or a number is meant.
"""

from __future__ import annotations

import typing as t

from ._errors import LineopsError
from ._inventory import Rule, check_rules, is_switch
from ._service_rules import delay_of

RUNGS = ("api", "container", "host")
FAIL_ON = ("never", "SEV-1", "SEV-2", "SEV-3")


def is_names(value: t.Any) -> bool:
    """Say whether value is a list of names, or a text that has them with commas between; none is right, too."""
    return isinstance(value, str) or isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value)


def is_delay(value: t.Any) -> bool:
    """Say whether a supervisor takes value as the delay of a restart without clamping it (SUPERVISOR_API quirk 14)."""
    try:
        delay_of(value)
    except LineopsError:
        return False
    return True


RUN_RULES = (
    Rule("stream_recovery_cameras", is_names, "ids of cameras with commas between them", required=False),
    Rule(
        "restart_recovery_ladder", lambda value: isinstance(value, list) and all(rung in RUNGS for rung in value),
        f"a list of {', '.join(RUNGS)}", required=False),
    Rule("restart_recovery_force", is_switch, "true or false", required=False),
    Rule("restart_recovery_delay", is_delay, "a whole number of seconds from 1 to 30", required=False),
    Rule("checklist_fail_on", lambda value: value in FAIL_ON, f"{', '.join(FAIL_ON[:-1])} or {FAIL_ON[-1]}", required=False),
    Rule("triage_approval", is_switch, "true or false", required=False),
)
RUN_VARIABLES = tuple(rule.name for rule in RUN_RULES)


def check_run(variables: t.Mapping[str, t.Any]) -> list[str]:
    """Check what was set for this run; one sentence per mistake, with name, value and what is expected."""
    return check_rules(variables, RUN_RULES)
