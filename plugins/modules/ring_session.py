#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ring_session
short_description: End the live session of a Ring camera that got stuck
version_added: 1.0.0
author:
  - lineops contributors (@lineops)
description:
  - Ends a WebRTC session of a Ring camera at the supervisor. No endpoint shows a session, stuck or not, so that only a person who
    sees one can ask for this, and the id comes from the viewer's browser.
  - With O(session_id), just that session is ended. One the supervisor does not know is already gone.
  - Without it, the camera's stream is stopped at once, not after the supervisor's delay, and started anew until its playlist moves.
    That ends what all viewers see, and RV(session) says that the id is unknown.
  - A camera that is no Ring camera is refused. The supervisor itself would not look at it.
extends_documentation_fragment:
  - lineops.runbook.attributes
  - lineops.runbook.attributes.actiongroup_supervisor
  - lineops.runbook.supervisor
attributes:
  check_mode:
    support: partial
    details:
      - Whether there is a session of that id can only be found out by ending it, so that a change is predicted.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(session_id). Without it, the stream is stopped and started on every run.
options:
  camera:
    description:
      - Id of the Ring camera at the supervisor.
    type: str
    required: true
  session_id:
    description:
      - Id of the session. Empty is as good as none.
    type: str
  window_s:
    description:
      - Seconds within which the playlist must be seen moving after a start, 5 to 600.
    type: float
    default: 30
seealso:
  - module: lineops.runbook.camera_stream
"""

EXAMPLES = r"""
- name: End the session whose id the browser shows
  lineops.runbook.ring_session:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    camera: door
    session_id: 5c1d0e0a-7d0f-4d2a-9f57-0f3f3f6f6a11

- name: The picture of the door hangs while connecting, nobody knows the session
  lineops.runbook.ring_session:
    url: "{{ lineops_supervisor_url }}"
    operator_key: "{{ lineops_secrets[lineops_line].operator_key }}"
    camera: door
"""

RETURN = r"""
requested:
  description: State asked for.
  returned: always
  type: str
  sample: ended
original:
  description:
    - Null with O(session_id), since nothing tells whether there is one. Without it, the state of the camera's stream by the
      supervisor's word, V(started), V(stopped) or V(recovering).
  returned: always
  type: str
reached:
  description: V(ended), V(gone) if there was no such session, or V(started) for the stream. Null where a failure left it unknown.
  returned: always
  type: str
verified:
  description:
    - Whether it was proven, by the supervisor not knowing the session, or by a moving playlist. That it says to have ended one is
      no proof.
  returned: always
  type: bool
session:
  description: V(ended), V(already gone) or V(session id unknown); in check mode what would be said, null after a failure before.
  returned: always
  type: str
latency_s:
  description: Seconds the task took.
  returned: always
  type: float
health:
  description: The last look at the stream, as in RV(lineops.runbook.camera_stream_info#module:streams); empty if none was needed.
  returned: always
  type: dict
failure:
  description:
    - Code, message and hint. Codes are C(ring.option), C(ring.not_ring), C(ring.not_ended), C(stream.unknown_camera),
      C(stream.start_failed), C(stream.no_ffmpeg), C(stream.not_moving), and those of the supervisor's API.
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

import re
import typing as t

from ansible_collections.lineops.runbook.plugins.module_utils._args import SUPERVISOR_SPEC, calls_of, client_of
from ansible_collections.lineops.runbook.plugins.module_utils._change import Change
from ansible_collections.lineops.runbook.plugins.module_utils._errors import LineopsError
from ansible_collections.lineops.runbook.plugins.module_utils._module import run_as_module
from ansible_collections.lineops.runbook.plugins.module_utils._streams import (
    camera_of, claims_of, start, state_of, stays, watch,
)
from ansible_collections.lineops.runbook.plugins.module_utils._supervisor import SupervisorClient

ARGUMENT_SPEC: dict[str, t.Any] = {
    **SUPERVISOR_SPEC,
    "camera": {"type": "str", "required": True},
    "session_id": {"type": "str"},
    "window_s": {"type": "float", "default": 30},
}


def _ring_camera(client: SupervisorClient, name: str) -> dict[str, t.Any]:
    """Return the camera; the supervisor ends a session whatever camera is named for it (SUPERVISOR_API §5)."""
    camera = camera_of(client, name)
    if camera.get("type") != "ring":
        raise LineopsError(
            "ring.not_ring", f"The camera {name} is no Ring camera, so it has no session to end.", "Use camera_stream for it.")
    return camera


def _session(client: SupervisorClient, change: Change, check_mode: bool, name: str, session_id: str) -> dict[str, t.Any]:
    if check_mode:
        return change.result(changed=True, reached="ended", session="ended")
    reply = change.command(lambda: client.ring_webrtc_stop(name, session_id))
    if reply.ok:
        return change.result(reached="ended", session="ended")
    if reply.status == 500 and reply.body.get("success") is False and not reply.error_text:
        return change.result(changed=False, reached="gone", session="already gone", verified=True)
    raise LineopsError(
        "ring.not_ended", f"The supervisor could not end the session of {name}: {reply.error_text or f'status {reply.status}'}")


def _stream(
    client: SupervisorClient, change: Change, check_mode: bool, name: str, camera: dict[str, t.Any], window_s: float
) -> dict[str, t.Any]:
    """Stop and start the whole stream, whatever its state: the report of a person is all that is known."""
    entry = claims_of(client).entry(name)
    change.note(original=state_of(entry), reached=state_of(entry), session="session id unknown")
    if check_mode:
        return change.result(changed=True, reached="started")
    change.command(lambda: client.camera_stop(name))
    start(client, change, {"camera": name, "use_substream": False, "resolution": None}, camera)
    health = watch(client, name, window_s, stays(0.0))[0]
    change.note(health=health)
    if health["verdict"] != "moving":
        raise LineopsError(
            "stream.not_moving", f"The session id is unknown, so the stream of {name} was stopped and started, but its playlist does"
            f" not move within {window_s:g} s: {health['verdict']}.", "Look at the Ring account, and at the bridge on the host.")
    return change.result(reached="started", verified=True)


def run(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """End the session, or what may hold it."""
    name, session_id = params["camera"], params["session_id"] or ""
    if not re.fullmatch(r"[!-~]{0,200}", session_id):
        raise LineopsError("ring.option", "session_id is none: expected up to 200 letters, digits and signs without blanks.")
    if not 5 <= params["window_s"] <= 600:
        raise LineopsError("ring.option", f"window_s is {params['window_s']}; expected 5 to 600.")
    with client_of(params) as client:
        change = Change("ended", None)
        change.note(session=None, health={})
        try:
            camera = _ring_camera(client, name)
            if session_id:
                result = _session(client, change, check_mode, name, session_id)
            else:
                result = _stream(client, change, check_mode, name, camera, params["window_s"])
        except LineopsError as error:
            raise change.failed(error, **calls_of(client)) from error
        return {**result, **calls_of(client)}


def main() -> None:
    """Run on the host."""
    run_as_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
