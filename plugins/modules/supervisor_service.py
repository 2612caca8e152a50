#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: supervisor_service
short_description: Restart a supervisor through its own API and prove it
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Asks a supervisor to restart itself, or to let its control script restart it, exactly once.
  - The supervisor answers success also where nothing happens. Therefore the restart counts as done only when another
    process answers, and then the system status.
  - Where the old process still answers at the end of the window, RV(reasons) holds what is known to keep such a restart
    from having an effect.
  - A restart loses all camera streams. Stop them before and start them after it.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
attributes:
  check_mode:
    support: full
    details:
      - Only reads, and says in RV(reasons) what is known against the restart.
  diff_mode:
    support: full
  idempotent:
    support: none
    details:
      - Restarts on every run.
options:
  state:
    description:
      - What is wanted.
    type: str
    choices: [restarted]
    default: restarted
  method:
    description:
      - V(app) lets the supervisor restart itself. V(daemon) lets it run its control script, which has an effect only in the
        shipped install directory, bound to 0.0.0.0:5000, and outside of containers.
    type: str
    choices: [app, daemon]
    default: app
  delay:
    description:
      - Seconds until the supervisor begins, a whole number from 1 to 30. All else is refused before anything is sent, since
        the supervisor would take another delay without saying so.
    type: raw
    default: 2
  window_s:
    description:
      - Seconds to wait after the delay for another process and a healthy answer.
    type: float
    default: 60.0
  poll:
    description:
      - Seconds between two looks, at least V(0.5).
    type: float
    default: 1.0
  main_pid:
    description:
      - Main process of the supervisor's systemd unit, as M(lineops.runbook.host_info) tells it. Used for RV(reasons).
    type: int
  supervisor_dir:
    description:
      - Install directory of the supervisor. Used for RV(reasons).
    type: path
seealso:
  - module: lineops.runbook.host_info
  - module: lineops.runbook.supervisor_manager
"""

EXAMPLES = r"""
- name: Let the supervisor restart itself
  lineops.runbook.supervisor_service:
    url: http://10.30.0.11:5000
    admin_key: "{{ lineops_secrets.line3.admin_key }}"
    method: app
    delay: 2
"""

RETURN = r"""
requested:
  description: What was asked for.
  returned: always
  type: dict
  sample: {state: restarted, method: app, delay: 2}
original:
  description: The process before, as the supervisor told it; null if it could not be read.
  returned: always
  type: dict
  sample: {pid: 812, args: [start_web_hmi.py], is_restarted: false, is_container_runtime: false}
reached:
  description: The process that answered at the end; null where none did, or nobody knows.
  returned: always
  type: dict
  sample: {pid: 1044}
verified:
  description: Whether another process answered and was healthy.
  returned: always
  type: bool
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
seen_down:
  description: Whether a look meanwhile had no answer. A restart may be shorter than the time between two looks.
  returned: always
  type: bool
reasons:
  description:
    - Why there was no effect, each with code and sentence. In check mode, what is known against it. Codes are
      V(bound_elsewhere), V(stale_pid_file), V(container), V(script_missing), V(not_shipped_directory), V(unit_owns_pid),
      V(disk_full) and V(unknown).
  returned: always
  type: list
  elements: dict
  sample: [{code: stale_pid_file, sentence: "The supervisor was restarted by its API before …"}]
failure:
  description:
    - Code, message and hint. V(restart.no_effect) where the old process still answers, V(restart.not_back) where nothing
      does, V(restart.unhealthy) where another process answers without a system status, V(restart.delay_invalid).
  returned: on failure
  type: dict
calls:
  description: Every call made, with time, status, seconds and request id.
  returned: always
  type: list
  elements: str
supervisor_seconds:
  description: Sum of the supervisor's own answer times.
  returned: always
  type: float
observed_at:
  description: UTC time of the look.
  returned: always
  type: str
observed_from:
  description: Vantage point.
  returned: always
  type: str
"""

import secrets
import time
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._args import SUPERVISOR_SPEC, body_of, calls_of, client_of
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change, perhaps_done
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._service_rules import (
    delay_of, original_of, pid_of, reasons, told,
)
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

#: Faster looks would come near the supervisor's limit of 120 calls a minute and path (SUPERVISOR_API §1).
_POLL_MIN_S = 0.5

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "state": {"type": "str", "choices": ["restarted"], "default": "restarted"},
    "method": {"type": "str", "choices": ["app", "daemon"], "default": "app"},
    "delay": {"type": "raw", "default": 2},
    "window_s": {"type": "float", "default": 60.0},
    "poll": {"type": "float", "default": 1.0},
    "main_pid": {"type": "int"},
    "supervisor_dir": {"type": "path"},
}


def _no_effect(
    change: Change, params: t.Mapping[str, t.Any], found: t.Sequence[dict[str, str]], said: str = ""
) -> LineopsError:
    why = told(found, said)
    change.note(reasons=why)
    sentences = " ".join(reason["sentence"] for reason in why)
    return LineopsError("restart.no_effect", f"The restart ({params['method']}) had no effect. {sentences}")


def _send(
    client: SupervisorClient, change: Change, params: t.Mapping[str, t.Any], delay: int, info: t.Mapping[str, t.Any]
) -> str:
    """Send the restart, once. Returns what speaks against its success, "" if nothing; raises where nothing will happen."""
    send = client.service_restart if params["method"] == "app" else client.restart_daemon
    try:
        reply = change.command(lambda: send(delay, secrets.token_hex(8)))
    except LineopsError as error:
        if params["method"] == "daemon" and error.details.get("status") == 400:
            raise _no_effect(change, params, reasons(info, params, said=error.details["error"], status=400)) from error
        if not perhaps_done(error):
            raise
        return error.message
    if reply.ok:
        return ""
    found = reasons(info, params, said=reply.error_text)
    if found and found[0]["code"] == "disk_full":  # nothing is restarted then (SUPERVISOR_SYSTEMD 34)
        change.note(changed=False, reached={"pid": pid_of(info)})
        raise _no_effect(change, params, found)
    return f"It answered with status {reply.status}: {reply.error_text or 'no reason given'}"


def _watch(
    client: SupervisorClient, change: Change, params: t.Mapping[str, t.Any], old: int | None, seconds: float
) -> tuple[int | None, LineopsError | None]:
    """Look until another process answers and is healthy, or the time is up.

    Returns the process the last look saw, and why that look was no success.
    """
    poll = max(_POLL_MIN_S, params["poll"])
    ends_at = time.monotonic() + seconds
    pid: int | None = None
    why: LineopsError | None = LineopsError("supervisor.timeout", "There was no time for a look.")
    # The looks are repeated anyway, so none is repeated by the client, and none goes on beyond the window.
    with client_of(params, read_retries=0, ends_at=ends_at) as looks:
        looks.calls = client.calls
        while why and time.monotonic() + poll < ends_at:
            time.sleep(poll)
            pid, why = None, None
            try:
                pid = pid_of(body_of(looks.service_info()))
                if pid in (old, None):
                    why = LineopsError("restart.no_effect", "No other process answers.")
                else:
                    body_of(looks.system_status())
            except LineopsError as error:
                change.note(seen_down=True)
                why = error
    return pid, why


def _restarted(
    client: SupervisorClient, change: Change, params: t.Mapping[str, t.Any], check_mode: bool
) -> dict[str, t.Any]:
    delay = delay_of(params["delay"])
    change.note(requested={"state": params["state"], "method": params["method"], "delay": delay})
    info = body_of(client.service_info())
    old = pid_of(info)
    change.note(original=original_of(info), reached={"pid": old})
    if old is None:
        raise LineopsError(
            "supervisor.failed", "The supervisor does not tell its process id, so no restart could be proven.")
    if check_mode:
        return change.result(changed=True, reached=None, reasons=reasons(info, params))
    said = _send(client, change, params, delay, info)
    pid, why = _watch(client, change, params, old, delay + params["window_s"])
    change.note(reached={"pid": pid} if pid else None)
    if why is None:
        return change.result(verified=True)
    if pid == old:
        raise _no_effect(change, params, reasons(info, params, said=said), said)
    if why.code == "supervisor.key_refused":
        raise why
    if pid:
        raise LineopsError(
            "restart.unhealthy", f"Another process answers after the restart, but is not healthy. {why.message}")
    raise LineopsError(
        "restart.not_back", f"The supervisor did not come back within {delay + params['window_s']:g} s. {why.message}",
        "A saved PLC that drops packets holds a start for two minutes (SUPERVISOR_SYSTEMD §7); look at the host.")


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Restart the supervisor and look until another process answers."""
    with client_of(params) as client:
        change = Change({name: params[name] for name in ("state", "method", "delay")}, None)
        change.note(seen_down=False, reasons=[])
        try:
            result = _restarted(client, change, params, check_mode)
        except LineopsError as error:
            raise change.failed(error, **calls_of(client)) from error
        return {**result, **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
